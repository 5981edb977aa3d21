/* What the state of a record is (design.md §3: heads, conflicts, members of sets, voids), worked out anew by
 * plain loops over its entries, and the same said by a fold: the tests of order compare the two texts. */
#ifndef ORACLE_H
#define ORACLE_H

#include "histories.h"

struct oracle_entries {
    const struct entry *items[1024]; /* those that apply, of one record */
    size_t len;
};

static inline bool oracle_sees(const struct entry *e, const char *field, const char *id)
{
    for (size_t i = 0; i < e->fields_len; i++)
        for (size_t k = 0; strcmp(e->fields[i].name, field) == 0 && k < e->fields[i].seen_len; k++)
            if (strcmp(e->fields[i].seen[k], id) == 0) return true;
    return false;
}

static inline const struct jv *oracle_value(const struct entry *e, const char *field)
{
    for (size_t i = 0; i < e->fields_len; i++)
        if (strcmp(e->fields[i].name, field) == 0) return e->fields[i].value;
    return NULL;
}

/* Values that no entry's `seen` names. */
static inline bool oracle_is_head(const struct oracle_entries *all, const struct entry *e, const char *field)
{
    if (!oracle_value(e, field)) return false;
    for (size_t i = 0; i < all->len; i++)
        if (oracle_sees(all->items[i], field, e->id)) return false;
    return true;
}

static inline bool oracle_same(const char *field, const struct jv *a, const struct jv *b)
{
    char texts[2][256];
    for (int i = 0; i < 2; i++) {
        struct buf out;
        buf_init(&out, sizeof texts[0] - 1);
        json_write(&out, i ? b : a);
        bool absent = strchr(field, '.') && strcmp(buf_str(&out), "null") == 0;
        snprintf(texts[i], sizeof texts[i], "%s", absent ? "false" : buf_str(&out));
        buf_release(&out);
    }
    return strcmp(texts[0], texts[1]) == 0;
}

static inline bool oracle_differ(const struct oracle_entries *all, const char *field)
{
    for (size_t i = 0; i < all->len; i++)
        for (size_t k = 0; k < i; k++) {
            const struct entry *a = all->items[i], *b = all->items[k];
            if (!oracle_is_head(all, a, field) || !oracle_is_head(all, b, field)) continue;
            if (!oracle_same(field, oracle_value(a, field), oracle_value(b, field))) return true;
        }
    return false;
}

static inline bool oracle_is_true(const struct jv *v)
{
    return v && v->type == JV_BOOL && v->boolean;
}

/* 0 not void, 1 void, 2 in conflict */
static inline int oracle_voidness(
    const struct oracle_entries *all, const char *const *fields, size_t fields_len)
{
    bool said = false;
    for (size_t i = 0; i < all->len; i++)
        said = said || (oracle_is_head(all, all->items[i], "void") &&
                           oracle_is_true(oracle_value(all->items[i], "void")));
    if (!said) return 0;
    if (oracle_differ(all, "void")) return 2;
    for (size_t f = 0; f < fields_len; f++)
        for (size_t i = 0; i < all->len; i++) {
            const struct entry *e = all->items[i];
            bool known = false;
            if (strcmp(fields[f], "void") == 0 || !oracle_is_head(all, e, fields[f])) continue;
            for (size_t v = 0; v < all->len; v++)
                known = known || (oracle_is_head(all, all->items[v], "void") &&
                                     (e == all->items[v] || oracle_sees(all->items[v], "void", e->id)));
            if (!known) return 2;
        }
    return 1;
}

static inline int oracle_by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static inline size_t oracle_fields(const char **out, const struct oracle_entries *all)
{
    size_t len = 0;
    for (size_t i = 0; i < all->len; i++)
        for (size_t k = 0; k < all->items[i]->fields_len; k++) {
            bool known = false;
            for (size_t f = 0; f < len; f++)
                known = known || strcmp(out[f], all->items[i]->fields[k].name) == 0;
            if (!known) out[len++] = all->items[i]->fields[k].name;
        }
    qsort(out, len, sizeof *out, oracle_by_text);
    return len;
}

/* A line a field: name, ids of its heads, whether they differ. Then void, and the number of conflicts. */
static inline void oracle_defined(struct buf *out, const struct oracle_entries *all)
{
    const char *fields[16], *ids[1024];
    size_t fields_len = oracle_fields(fields, all);
    int conflicts = 0, voided = oracle_voidness(all, fields, fields_len);
    for (size_t f = 0; f < fields_len; f++) {
        size_t n = 0;
        bool any = false, conflict = oracle_differ(all, fields[f]);
        for (size_t i = 0; i < all->len; i++) {
            if (!oracle_is_head(all, all->items[i], fields[f])) continue;
            ids[n++] = all->items[i]->id;
            any = any || oracle_value(all->items[i], fields[f])->type != JV_NULL;
        }
        if (strcmp(fields[f], "void") == 0 || !any) continue;
        qsort(ids, n, sizeof *ids, oracle_by_text);
        buf_adds(out, fields[f]);
        for (size_t i = 0; i < n; i++) buf_addf(out, " %s", ids[i]);
        buf_adds(out, conflict ? " differ\n" : "\n");
        conflicts += conflict;
    }
    buf_addf(out, "void %d, %d conflicts, %zu entries\n", voided, conflicts + (voided == 2), all->len);
}

static inline void oracle_folded(struct buf *out, const struct fold_record *r)
{
    for (size_t f = 0; f < r->fields_len; f++) {
        buf_adds(out, r->fields[f].name);
        for (size_t i = 0; i < r->fields[f].heads_len; i++)
            buf_addf(out, " %s", r->fields[f].heads[i].by->entry->id);
        buf_adds(out, r->fields[f].conflict ? " differ\n" : "\n");
    }
    int voided = r->void_state == NOT_VOID ? 0 : r->void_state == VOID ? 1 : 2;
    buf_addf(out, "void %d, %zu conflicts, %zu entries\n", voided, r->conflicts, r->applied);
}

/* Every record of the fold is what the definition makes of those entries of the history that apply. */
static inline void oracle_check(struct fold *f, const struct history *h,
    bool (*applies)(const void *ctx, const struct entry *e), const void *ctx)
{
    const struct fold_record *const *records;
    size_t len;
    CHECK_OK(fold_records(f, NULL, &records, &len));
    for (size_t r = 0; r < len; r++) {
        struct oracle_entries all = {.len = 0};
        struct buf defined, folded;
        if (strcmp(records[r]->case_name, REGISTER_CASE) == 0) continue;
        buf_init(&defined, BUF_UNLIMITED);
        buf_init(&folded, BUF_UNLIMITED);
        for (size_t i = 0; i < h->entries_len; i++) {
            const struct entry *e = h->entries[i];
            bool here =
                strcmp(e->case_name, records[r]->case_name) == 0 && strcmp(e->record, records[r]->id) == 0;
            if (here && applies(ctx, e)) all.items[all.len++] = e;
        }
        oracle_defined(&defined, &all);
        oracle_folded(&folded, records[r]);
        CHECK_STR(buf_str(&folded), buf_str(&defined));
        buf_release(&defined);
        buf_release(&folded);
    }
}

#endif
