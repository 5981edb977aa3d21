/* The view: an in-memory SQLite database that answers what is asked for. Folded from the store, kept up to date by the same
 * code, disposable.
 *
 *   record(id, case_name, type, kit, number, void, conflicts, title)   one row a record of every case
 *   field(record, case_name, name, value)                              values (text of strings, JSON of others)
 *   search                                                             FTS5 over all text values, bigram tokenizer */
#ifndef SATCHEL_STORE_VIEW_H
#define SATCHEL_STORE_VIEW_H

#include "satchel/store/store.h"

struct view;
int view_new(struct view **out, struct store *s) MUST_CHECK; /* empty until the first refresh */
void view_free(struct view *v);
/* Brings it up to what the store's fold holds now (only records of cases that changed). */
int view_refresh(struct view *v) MUST_CHECK;
struct db *view_db(struct view *v);

/* Ids of records of a type (NULL: any) in a case (NULL: any) whose fields equal all of `where` (object of name to value; may
 * be NULL; a set member is name "team.<link>": true). Voided records only where asked. Sorted by case, type, kit, number. */
struct view_hit {
    const char *case_name, *record;
};
int view_list(struct view *v, const char *type, const char *case_name, const struct jv *where, bool voided, struct arena *a,
    struct view_hit **out, size_t *len) MUST_CHECK;
/* Records with a text value that contains `words` (1 character or more, letters of either case; several words: all of
 * them, each as a substring). Exactly what a scan of all values gives. Best match first, then by id. */
int view_find(struct view *v, const char *words, struct arena *a, struct view_hit **out, size_t *len) MUST_CHECK;
/* The record whose id is `text` or ends in it, unambiguously: "finding/k…-104", "k…-104", "104". ERR_MISSING, or
 * ERR_INPUT naming the candidates. *case_name may be NULL on entry or restrict the search. */
int view_resolve(struct view *v, const char *text, const char *case_name, struct arena *a, struct view_hit *out) MUST_CHECK;

#endif
