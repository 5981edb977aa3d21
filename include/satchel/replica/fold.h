/* The set of entries, and the state it folds to (design.md §1.1, §3). The state is a pure function of the set of
 * entries and of the verdicts on them: order of arrival, repeats and clocks never change it.
 *
 * Not for two threads at once. Entries live in fold_arena (parse straight into it). What is handed out is borrowed
 * until the next fold_add or fold_judge; a `struct held`, and the names in records and chains, last as long as the
 * fold. After a failure (only memory can fail) the fold is good for nothing but fold_free. */
#ifndef SATCHEL_REPLICA_FOLD_H
#define SATCHEL_REPLICA_FOLD_H

#include "satchel/base/map.h"
#include "satchel/format/entry.h"
#include "satchel/format/manifest.h"

enum verdict {
    VERDICT_GOOD,        /* applies */
    VERDICT_WAITING,     /* its kit or form is not known yet: kept, does not apply */
    VERDICT_QUARANTINED  /* kept and shown with its reason, does not apply */
};

/* An entry as it is held. */
struct held {
    const struct entry *entry;
    unsigned char public_key[KEY_SIZE]; /* that its signature was made with */
    enum verdict verdict;
    const char *reason; /* of a quarantine or of waiting; else NULL */
    int64_t place;      /* the holder's own: journal row, … */
};

struct fold_head {
    const struct held *by;
    const struct jv *value;
};

struct fold_field {
    const char *name;
    const struct fold_head *heads; /* sorted by entry id; at least one */
    size_t heads_len;
    bool conflict; /* two heads or more with different values (of a set's member null and false are the same: absent) */
};

enum void_state { NOT_VOID, VOID, VOID_CONFLICT };

struct fold_record {
    const char *id;        /* type/kit-number */
    const char *type;
    const char *case_name;
    const struct held *created; /* NULL: the entry that creates it has not arrived (or does not apply) */
    const struct fold_field *fields; /* sorted by name; "void" is not among them; a head of null counts as absent: a
                                        field all of whose heads are null is left out */
    size_t fields_len;
    enum void_state void_state;
    const struct held *voided_by; /* a void head, where void_state is not NOT_VOID */
    size_t conflicts;             /* fields in conflict, a void conflict included */
    struct held *const *entries;  /* every entry of it, whatever its verdict, sorted by kit and seq and id */
    size_t entries_len;
    size_t applied; /* how many of them apply; 0: the record has no state, hence no file in the hub's record/ */
};

/* One kit's chain in one case. */
struct fold_chain {
    const char *kit;
    const char *case_name;
    struct held *const *entries; /* sorted by seq, then id */
    size_t entries_len;
    int64_t gapless;      /* highest seq without gap (what is withheld is none); 0: none */
    int64_t highest;
    const char *head;     /* id of the entry at `gapless` (the least where it is forked; may be withheld); NULL when 0 */
    int64_t forked_at;    /* lowest seq that two entries bear (equivocation); 0: none */
    int64_t broken_at;    /* lowest seq whose prev is not the id of an entry at seq - 1 that is held; 0: none */
};

struct fold;

int fold_new(struct fold **out) MUST_CHECK;
void fold_free(struct fold *f);
struct arena *fold_arena(struct fold *f);

/* Takes an entry in; e must last as long as the fold, reason is copied. *known: it was held already; nothing changes. */
int fold_add(struct fold *f, const struct entry *e, const unsigned char public_key[KEY_SIZE], enum verdict v,
    const char *reason, int64_t place, bool *known) MUST_CHECK;
/* Another verdict on an entry that is held. ERR_MISSING when it is not. */
int fold_judge(struct fold *f, const char *entry_id, enum verdict v, const char *reason) MUST_CHECK;

/* An entry that somebody else holds and keeps to himself: its place in the chain is known, and so no gap. */
struct fold_withheld {
    const char *kit, *entry;
    int64_t seq;
};
/* Those of a case, instead of those told before; copied. */
int fold_withhold(struct fold *f, const char *case_name, const struct fold_withheld *list, size_t len) MUST_CHECK;

const struct held *fold_entry(const struct fold *f, const char *entry_id); /* NULL: not held */
/* Counts every change of the set or of a verdict, so that whoever derives something from it knows when to anew. */
uint64_t fold_version(const struct fold *f);
uint64_t fold_case_version(const struct fold *f, const char *case_name); /* the same for one case */

/* Names of the cases, sorted. */
const char *const *fold_cases(const struct fold *f, size_t *len);
/* The one case that is called so, ignoring case of letters; NULL: none. */
const char *fold_case_named(const struct fold *f, const char *name);
/* Records of a case (NULL: of all), sorted by type, kit, number. Folded when asked for. */
int fold_records(struct fold *f, const char *case_name, const struct fold_record *const **out, size_t *len) MUST_CHECK;
/* One record; case_name may be NULL (then the first case that has it). NULL: none, or out of memory. */
const struct fold_record *fold_record(struct fold *f, const char *case_name, const char *id);
const struct fold_chain *const *fold_chains(struct fold *f, const char *case_name, size_t *len);
const struct fold_chain *fold_chain(struct fold *f, const char *case_name, const char *kit); /* NULL: none */
/* What is held without gap of each kit in a case, sorted by kit, in the arena. A chain that is forked counts up to the
 * fork only, so that both sides of it are handed on again. */
int fold_have(struct fold *f, const char *case_name, struct arena *a, const struct have **out, size_t *len) MUST_CHECK;
/* Ids named in a `seen` of the case (by entries that apply) whose entries are not held; sorted, in the arena. */
int fold_unseen(struct fold *f, const char *case_name, struct arena *a, const char *const **out, size_t *len)
    MUST_CHECK;
/* The next free number for a record of this kit, over all cases, whatever the verdicts: highest + 1 of the records that
 * carry its name and that it has signed an entry of (others cannot use its numbers up). */
int32_t fold_next_number(const struct fold *f, const char *kit);

/* Reading a record. */
const struct fold_field *record_field(const struct fold_record *r, const char *name); /* NULL: none */
/* The value: of one head or of equal heads. NULL: absent, null or in conflict. */
const struct jv *field_value(const struct fold_field *f);
const struct jv *record_value(const struct fold_record *r, const char *name);
const char *record_str(const struct fold_record *r, const char *name);
/* Calls each member of a set that is true. */
int record_members(const struct fold_record *r, const char *set, int (*each)(void *ctx, const char *member), void *ctx);
bool record_has_member(const struct fold_record *r, const char *set, const char *member);
/* What a new value of this field must name in its `seen`: the ids of its heads, cleared ones too; for "void", those of
 * every head of the record. Sorted, in the arena; none for a record that is NULL. */
int record_seen(const struct fold_record *r, const char *name, struct arena *a, const char *const **out, size_t *len)
    MUST_CHECK;
/* The same of every field that has ever been set, and of "void": {field:[entry id,…]}, as struct change's `read` takes it.
 * In the arena; NULL when memory is out. */
struct jv *record_heads(const struct fold_record *r, struct arena *a);
/* The record as it was when only some of its entries were there: those that `there` says yes to. *f, which is made, holds
 * it, and borrows the entries. *out NULL: none of them applies. */
int record_as_of(struct fold **f, const struct fold_record **out, const struct fold_record *r,
    bool (*there)(void *ctx, const struct held *h), void *ctx) MUST_CHECK;

#endif
