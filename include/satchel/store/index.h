/* The hub's index (design.md §6): a SQLite file that answers across cases and finds a record's entries at once. It holds
 * nothing of its own: a case whose branch has moved past it is indexed anew from the repository, and so is every case of a
 * file that another version of the program has made.
 *
 *   tip(case_name, tip)                                     how far each case is indexed
 *   entry(case_name, record, kit, seq, id, verdict)         where to find each entry in log/
 *   record(case_name, id, type, void, conflicts, fields)    the state, fields as JSON
 *   span(case_name, what, certificate, number, record, due, rule, remind_days, from_day, to_day)
 *                                                           an item of the calendar, and the days on which it stands */
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
/* An item of the calendar as the scheme's room has worked it out: this room keeps it, and knows neither kinds nor rules. Days
 * are those of scheme/day.h; texts but case_name and rule may be NULL. */
struct index_span {
    const char *case_name;
    const char *certificate, *number; /* record id, and what it is called */
    const char *record, *rule;
    int64_t what, due, remind_days, from, to; /* on the days from … to, both included */
};

struct index_change {
    const char *case_name;
    const char *tip;                    /* where the case stands then */
    const struct held *const *entries;  /* merged since it was indexed last; NULL: the whole case is indexed anew */
    size_t entries_len;
    const struct index_span *spans;     /* the case's calendar, instead of that before; case_name is not looked at */
    size_t spans_len;
};
/* Takes in entries that were merged, and the new state of their records. A case that is not in the index yet is indexed
 * whole. After a failure the case is forgotten, so that it is indexed anew. */
int index_merge(struct index *x, struct fold *f, const struct index_change *change) MUST_CHECK;
/* Every case is to be indexed anew: what all of them rest on has changed. */
int index_forget(struct index *x) MUST_CHECK;
/* What stands on a day in a case (NULL: in all), in no order; in the arena. ERR_MISSING: there is no such case. */
int index_calendar(struct index *x, int32_t on, const char *case_name, struct arena *a, struct index_span **out, size_t *len)
    MUST_CHECK;

/* Cases, sorted; the register is none. organisation: the name of one of its organisations, or NULL. In the arena. */
struct index_case {
    const char *case_name, *organisation;
    int64_t conflicts; /* records in conflict */
};
int index_cases(struct index *x, struct arena *a, struct index_case **out, size_t *len) MUST_CHECK;

struct index_entry {
    const char *case_name, *record, *kit, *id;
    int64_t seq;
};
/* Entries of the record whose id is `text` or ends in it, in the case (NULL: any). ERR_MISSING none, ERR_INPUT more than
 * one record. */
int index_record(struct index *x, const char *text, const char *case_name, struct arena *a, struct index_entry **out,
    size_t *len) MUST_CHECK;

#endif
