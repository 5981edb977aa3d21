/* What fold.c is made of: one record (record.c) and one chain (chain.c). For these three files only. */
#ifndef SATCHEL_FOLD_PARTS_H
#define SATCHEL_FOLD_PARTS_H

#include "array.h"
#include "satchel/replica/fold.h"

/* An entry in its place. */
struct node {
    struct held held; /* first, so that the one can be handed out for the other */
    struct record *record;
    uint32_t
        *named; /* for each field of the entry: how many entries that apply name it in their `seen` there */
};

/* All heads of one field, cleared ones too. */
struct field {
    const char *name;
    struct fold_head *heads; /* sorted by entry id */
    size_t len, cap;
};

struct record {
    struct fold_record shown; /* first; its fields and counts are written by record_refresh */
    struct record_id id;
    struct held **entries;
    size_t entries_cap;
    struct field **fields; /* sorted by name; "void" among them */
    size_t fields_len, fields_cap;
    struct fold_field *view; /* what shown.fields points at */
    size_t view_cap;
    bool stale;
};

/* The placeholders of a case. */
struct withheld {
    struct fold_withheld *items;
    size_t len;
};

struct chain {
    struct fold_chain shown;         /* first */
    const struct withheld *withheld; /* of its case */
    struct held **entries;
    size_t cap;
    size_t checked;     /* how many entries `shown` takes into account */
    int64_t seq_before; /* the seq that is held next below `highest`, of those checked; 0: none */
};

/* As entry_field, by halving: an entry from outside may set tens of thousands. */
const struct entry_field *field_set(const struct entry *e, const char *name);

int record_insert(struct arena *a, struct record *r, struct node *n) MUST_CHECK;
/* Field i of the entry is, or is not, a head of its record. Telling it twice changes nothing. */
int record_set_head(struct arena *a, struct record *r, const struct node *n, size_t i, bool head) MUST_CHECK;
/* The entry has come to apply, or does so no longer. */
void record_count(struct record *r, const struct node *n);
int record_refresh(struct arena *a, struct record *r) MUST_CHECK;
int record_compare(const struct record *a, const struct record *b); /* type, kit, number, case */

int chain_insert(struct arena *a, struct chain *c, struct node *n) MUST_CHECK;
void chain_look_anew(struct chain *c);
void chain_refresh(struct chain *c, const struct map *entries); /* entries: all that are held, by id */

#endif
