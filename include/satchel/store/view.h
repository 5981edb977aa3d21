/* The view: answers what is asked for, from the state that the store's fold holds. It is derived, in memory, disposable.
 *
 * Lists and names are read off the fold itself. What needs SQL or full-text search is kept in an in-memory SQLite
 * database, filled when it is first asked for and then brought up to date record by record:
 *
 *   record(id, case_name, type, kit, number, void, conflicts, title)   one row a record of every case; void and
 *                                                                      conflicts count as in struct fold_record
 *   field(record, case_name, name, value)                              one row a value (text of strings, JSON of
 *                                                                      others); of a conflict, each value
 *   search                                                             FTS5 over all text values, bigram tokenizer
 *
 * Hits are copied into the caller's arena. */
#ifndef SATCHEL_STORE_VIEW_H
#define SATCHEL_STORE_VIEW_H

#include "satchel/store/store.h"

struct view;
int view_new(struct view **out, struct store *s) MUST_CHECK; /* cheap: nothing is derived yet */
/* The same over a fold and forms (both borrowed) that no store holds. */
int view_new_over(struct view **out, struct fold *f, struct forms *forms) MUST_CHECK;
void view_free(struct view *v);
/* Brings what is derived up to what the fold holds now (only records that changed). The calls below do it themselves;
 * who runs SQL of his own calls it first. */
int view_refresh(struct view *v) MUST_CHECK;
/* The database with `record` and `field`, up to date; NULL after a failure. */
struct db *view_db(struct view *v);

/* Records of a type (NULL: any) in a case (NULL: any) whose fields equal all of `where` (object of name to value; may be
 * NULL; null asks for an absent field; a set member is name "team.<link>": true). A field in conflict equals nothing.
 * Voided records only where asked. Sorted by case, type, kit, number. */
struct view_hit {
    const char *case_name, *record;
};
int view_list(struct view *v, const char *type, const char *case_name, const struct jv *where, bool voided, struct arena *a,
    struct view_hit **out, size_t *len) MUST_CHECK;
/* Records with text values that contain `words` (1 character or more, ASCII letters of either case; several words with
 * blanks between: all of them, each as a substring of some value). Exactly what a scan of all text values gives, voided
 * records and every value of a conflict included. Most occurrences first, then by type, kit, number, case. */
int view_find(struct view *v, const char *words, struct arena *a, struct view_hit **out, size_t *len) MUST_CHECK;
/* The record whose id is `text` or ends in it: "finding/k…-104", "k…-104", "104". Where several end so, the only one in
 * which it is a whole part (after '/' or '-') is meant. "register:" before it restricts the search to the register.
 * ERR_MISSING, or ERR_INPUT naming candidates. `case_name` may be NULL or restrict the search. */
int view_resolve(struct view *v, const char *text, const char *case_name, struct arena *a, struct view_hit *out) MUST_CHECK;

/* Appends what a record is called in lists: the fields that its form's "summary" names; its id where they are empty. */
void view_title(struct buf *out, const struct forms *forms, const struct fold_record *r);

#endif
