/* Random histories: several kits edit the records of a few cases, each by what it holds at that moment. A
 * seed gives the same history everywhere, as long as the same is delivered.
 *
 * history_edit makes one signed entry for a kit on the basis of a fold, which it leaves as it is: the caller
 * adds the entry there and delivers it to others by whatever road is tested (the fold itself, bundles, a
 * hub). */
#ifndef HISTORIES_H
#define HISTORIES_H

#include "satchel/base/time.h"
#include "satchel/replica/fold.h"
#include "test.h"

#define HISTORY_KITS_MAX 5
#define HISTORY_CASES 2

static const char *const history_cases[HISTORY_CASES] = {"BJ-2026-0042", "SH-7"};

struct history_kit {
    struct signer signer;
    char id[KIT_ID_SIZE];
};

struct history {
    uint64_t seed, random;
    struct arena arena; /* entries live here: release it after the folds that hold them */
    struct history_kit kits[HISTORY_KITS_MAX];
    int kits_len;                 /* 2 … 5 */
    const struct entry **entries; /* all that were made, in that order */
    size_t entries_len, entries_cap;
    const char *form_hash; /* of the form's name: 16 hex digits */
};

static inline uint64_t history_random(struct history *h, uint64_t below)
{
    return test_random_next(&h->random) % below;
}

static inline void history_init(struct history *h, uint64_t seed)
{
    memset(h, 0, sizeof *h);
    h->seed = h->random = seed;
    h->form_hash = "0123456789abcdef";
    arena_init(&h->arena);
    h->kits_len = 2 + (int)history_random(h, HISTORY_KITS_MAX - 1);
    for (int i = 0; i < h->kits_len; i++) {
        unsigned char seed_bytes[KEY_SIZE] = {(unsigned char)(i + 1)};
        CHECK_OK(seed_signer(&h->kits[i].signer, seed_bytes));
        kit_id_of(h->kits[i].id, h->kits[i].signer.public_key);
    }
}

static inline void history_release(struct history *h)
{
    free(h->entries);
    arena_release(&h->arena);
}

static inline const struct history_kit *history_author(const struct history *h, const struct entry *e)
{
    for (int i = 0; i < h->kits_len; i++)
        if (strcmp(h->kits[i].id, e->kit) == 0) return &h->kits[i];
    abort();
}

/* A finding of the case to edit; NULL: there is none yet, or a new one shall be made. What else a test has
 * put into the case (the organisation that opens it) is left alone. */
static inline const struct fold_record *history_pick(struct history *h, struct fold *f, const char *case_name)
{
    const struct fold_record *const *records;
    size_t len;
    CHECK_OK(fold_records(f, case_name, &records, &len));
    while (len && strcmp(records[len - 1]->type, "finding") != 0) len--; /* sorted by type */
    bool make = len == 0 || (len < 6 && history_random(h, 8) == 0);
    return make ? NULL : records[history_random(h, len)];
}

static inline const struct jv *history_value(struct history *h)
{
    static const char *const grades[] = {"major", "minor", "观察项", "ofi"};
    switch (history_random(h, 6)) {
    case 0:
        return jv_null(&h->arena);
    case 1:
        return jv_int(&h->arena, (int64_t)history_random(h, 3));
    default:
        return jv_string(&h->arena, grades[history_random(h, 4)]);
    }
}

/* What the field replaces: nearly always all that is there; sometimes only a part of it was on screen. */
static inline void history_seen(struct history *h, struct entry_field *field, const struct fold_record *r)
{
    CHECK_OK(record_seen(r, field->name, &h->arena, &field->seen, &field->seen_len));
    if (field->seen_len > 0 && history_random(h, 12) == 0) field->seen_len--;
}

static inline void history_set(struct history *h, struct entry_field *field, const struct fold_record *r)
{
    static const char *const names[] = {"clause", "fact", "grade", "of.x", "of.y", "void"};
    size_t i = history_random(h, 18);
    bool voids = i >= 15;
    field->name = names[voids ? 5 : i % 5];
    bool member = strchr(field->name, '.') != NULL;
    if (member)
        field->value = history_random(h, 4) ? jv_bool(&h->arena, history_random(h, 2)) : jv_null(&h->arena);
    else
        field->value = !voids                 ? history_value(h)
                       : history_random(h, 3) ? jv_bool(&h->arena, true)
                                              : jv_null(&h->arena);
    history_seen(h, field, r);
}

/* Settles all that is in conflict, as `resolve` does. */
static inline size_t history_resolve(
    struct history *h, struct entry_field *fields, size_t max, const struct fold_record *r)
{
    size_t n = 0;
    for (size_t i = 0; i < r->fields_len && n < max; i++) {
        if (!r->fields[i].conflict) continue;
        fields[n].name = r->fields[i].name;
        fields[n].value = r->fields[i].heads[history_random(h, r->fields[i].heads_len)].value;
        history_seen(h, &fields[n++], r);
    }
    return n;
}

static inline size_t history_fields(
    struct history *h, struct entry_field *fields, const struct fold_record *r)
{
    size_t n = r && r->conflicts && history_random(h, 3) == 0 ? history_resolve(h, fields, 3, r) : 0;
    for (size_t want = n ? 0 : 1 + history_random(h, 3); want > 0; want--) {
        bool twice = false;
        history_set(h, &fields[n], r);
        for (size_t i = 0; i < n; i++) twice = twice || strcmp(fields[i].name, fields[n].name) == 0;
        if (!twice) n++;
    }
    return n;
}

static inline const struct entry *history_keep(struct history *h, const struct entry *e)
{
    if (h->entries_len == h->entries_cap) {
        h->entries_cap = h->entries_cap ? h->entries_cap * 2 : 64;
        h->entries = realloc(h->entries, h->entries_cap * sizeof *h->entries);
        if (!h->entries) abort();
    }
    h->entries[h->entries_len++] = e;
    return e;
}

/* One more entry by a kit, from what this fold holds. */
static inline const struct entry *history_edit(struct history *h, int kit, struct fold *f)
{
    const struct history_kit *k = &h->kits[kit];
    const char *case_name = history_cases[history_random(h, 4) == 0];
    const struct fold_record *r = history_pick(h, f, case_name);
    const struct fold_chain *chain = fold_chain(f, case_name, k->id);
    char at[TIME_TEXT];
    struct entry_field fields[4] = {0};
    struct entry draft = {
        .case_name = case_name,
        .kit = k->id,
        .at = at,
        .fields = fields,
    };
    const struct entry *made = NULL;
    struct record_id id;
    bool own = r && record_id_read(&id, r->id) && strcmp(id.kit, k->id) == 0;
    draft.creates = !r || (own && history_random(h, 16) == 0); /* a faulty program creates twice */
    time_write(at, 1795312000 + (int64_t)history_random(h, 1000000) - 500000, 480); /* clocks say anything */
    draft.fields_len = history_fields(h, fields, r);
    draft.record =
        r ? r->id : arena_printf(&h->arena, "finding/%s-%d", k->id, (int)fold_next_number(f, k->id));
    draft.form = arena_printf(&h->arena, "finding@%s", h->form_hash);
    draft.seq = chain ? chain->highest + 1 : 1;
    draft.prev = chain ? chain->entries[chain->entries_len - 1]->entry->id : NULL;
    CHECK_OK(entry_make(&made, &h->arena, &draft, &k->signer));
    return history_keep(h, made);
}

#endif
