/* The hub's index (design.md §6): a SQLite file that answers across cases and finds a record's entries at once. It holds
 * nothing of its own: a case whose branch has moved past it is indexed anew from the repository.
 *
 *   tip(case_name, tip)                                     how far each case is indexed
 *   entry(case_name, record, kit, seq, id, verdict)         where to find each entry in log/
 *   record(case_name, id, type, void, conflicts, fields)    the state, fields as JSON */
#ifndef SATCHEL_STORE_INDEX_H
#define SATCHEL_STORE_INDEX_H

#include "satchel/replica/fold.h"
#include "satchel/store/db.h"

struct index;
int index_open(struct index **out, const char *path) MUST_CHECK;
void index_close(struct index *x);
struct db *index_db(struct index *x);
/* Does the index stand at this tip (a commit's hex) of the case? */
bool index_is_at(struct index *x, const char *case_name, const char *tip);
/* Takes in entries that were merged, and the new state of their records; the case then stands at `tip`. With entries NULL
 * the whole case is indexed anew. */
int index_merge(struct index *x, struct fold *f, const char *case_name, const struct held *const *entries, size_t len,
    const char *tip) MUST_CHECK;

struct index_entry {
    const char *case_name, *record, *kit, *id;
    int64_t seq;
};
/* Entries of the record whose id is `text` or ends in it, in the case (NULL: any). ERR_MISSING none, ERR_INPUT more than
 * one record. */
int index_record(struct index *x, const char *text, const char *case_name, struct arena *a, struct index_entry **out,
    size_t *len) MUST_CHECK;

#endif
