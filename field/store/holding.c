/* What the joined hub holds, by its verified receipts and by nothing else: of each case what this kit is to deliver, and of
 * one record, and of each of its entries, since when. */
#include "exchange.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "satchel/base/time.h"

/* ---- of each case ---- */

int64_t receipt_reach(const struct receipt *r, const char *case_name, const char *kit)
{
    for (size_t i = 0; i < r->heads_len; i++)
        if (strcmp(r->heads[i].case_name, case_name) == 0 && strcmp(r->heads[i].kit, kit) == 0) return r->heads[i].seq;
    return 0;
}

static const char *attached_hash(const struct entry *e)
{
    const struct entry_field *f = e->creates && strncmp(e->record, "evidence/", 9) == 0 ? entry_field(e, "sha256") : NULL;
    const char *sha256 = f ? jv_str(f->value) : NULL;
    return sha256 && is_sha256_hex(sha256) ? sha256 : NULL;
}

/* Attached twice, it is counted once. */
static int count_evidence(struct store *s, const struct entry *e, struct map *seen, struct holding *out)
{
    bool held;
    const char *sha256 = attached_hash(e);
    const struct entry_field *size = sha256 ? entry_field(e, "size") : NULL;
    if (!sha256 || map_get(seen, sha256)) return 0;
    uint64_t bytes = size && size->value->type == JV_INT ? (uint64_t)size->value->integer : 0;
    int rc = map_put(seen, sha256, s);
    if (rc == 0) rc = receipts_hold(s, out->case_name, sha256, &held);
    if (rc) return rc;
    out->evidence++;
    out->evidence_bytes += bytes;
    if (held) out->evidence_held++;
    if (held) out->evidence_held_bytes += bytes;
    return 0;
}

static int count_case(struct store *s, const struct fold_chain *c, struct arena *a, struct holding *out)
{
    const struct receipt *r = NULL;
    struct map seen;
    int rc = store_receipt(s, out->case_name, a, &r, NULL, NULL);
    if (rc == ERR_MISSING) {
        err_clear();
        rc = 0;
    }
    int64_t head = rc || !r ? 0 : receipt_reach(r, out->case_name, s->kit);
    map_init(&seen);
    for (size_t i = 0; rc == 0 && i < c->entries_len; i++) {
        const struct entry *e = c->entries[i]->entry;
        out->entries++;
        out->entries_held += e->seq <= head;
        rc = count_evidence(s, e, &seen, out);
    }
    map_release(&seen);
    return rc;
}

int store_holdings(struct store *s, struct arena *a, struct holding **out, size_t *len)
{
    size_t cases, n = 0;
    const char *const *names = fold_cases(s->fold, &cases);
    struct holding *list = arena_alloc(a, (cases + 1) * sizeof *list);
    if (!list) return ERR_ROAD;
    for (size_t i = 0; i < cases; i++) {
        const struct fold_chain *c = fold_chain(s->fold, names[i], s->kit);
        if (!c) continue;
        list[n].case_name = arena_strdup(a, names[i]);
        int rc = list[n].case_name ? count_case(s, c, a, &list[n]) : ERR_ROAD;
        if (rc) return rc;
        n++;
    }
    *out = list;
    *len = n;
    return 0;
}

/* ---- of one record ---- */

struct row_of_case {
    int64_t number;
    char id[SHA256_HEX];
};

struct rows {
    struct store *s;
    struct arena *arena;
    const char *case_name;
    struct row_of_case *list;
    size_t len, cap;
    size_t current; /* up to here: the last that the hub has signed by its present key */
};

static int collect(void *ctx, const struct receipt_row *row)
{
    struct rows *r = ctx;
    bool ours;
    if (strcmp(row->case_name, r->case_name) != 0) return 0;
    int rc = hub_signed(r->s, row->public_key, &ours);
    if (rc || !ours) return rc;
    if (r->len == r->cap) {
        size_t cap = r->cap ? 2 * r->cap : 64;
        struct row_of_case *list = arena_alloc(r->arena, cap * sizeof *list);
        if (!list) return ERR_ROAD;
        if (r->len) memcpy(list, r->list, r->len * sizeof *list);
        r->list = list;
        r->cap = cap;
    }
    receipt_row_id(row, r->list[r->len].id);
    r->list[r->len++].number = row->number;
    if (same_bytes(row->public_key, r->s->hub.public_key, KEY_SIZE)) r->current = r->len;
    return 0;
}

/* By its former keys too, up to the last by the present one: a hub by a new key has yet to say what it holds. */
static int read_rows(struct rows *r)
{
    int rc = r->s->hub.kit ? receipt_walk(r->s, 0, collect, r) : 0;
    r->len = r->current;
    return rc;
}

static int compare_hash(const void *hash, const void *item)
{
    return strcmp(hash, *(const char *const *)item);
}

static size_t entries_held(const struct receipt *r, const struct fold_record *of)
{
    size_t n = 0;
    for (size_t i = 0; i < of->entries_len; i++) {
        const struct entry *e = of->entries[i]->entry;
        n += e->seq <= receipt_reach(r, of->case_name, e->kit);
    }
    return n;
}

static void compare(const struct receipt *r, const struct fold_record *of, struct record_holding *out)
{
    const char *sha256 = of->created ? attached_hash(of->created->entry) : NULL;
    out->entries = of->entries_len;
    out->entries_held = entries_held(r, of);
    out->has_bytes = sha256 != NULL;
    out->bytes_held = sha256 && r->held_len && bsearch(sha256, r->held, r->held_len, sizeof *r->held, compare_hash);
    out->all = out->entries_held == out->entries && (!sha256 || out->bytes_held);
}

/* What a hub has named once it names for good, so the first receipt that names all of it is found by halving. */
static int find_first(const struct rows *rows, const struct fold_record *of, struct record_holding *out)
{
    size_t low = 0, high = rows->len; /* the first lies in [low, high) */
    while (low < high) {
        struct record_holding at = {0};
        struct arena a;
        struct receipt *r;
        size_t middle = high == rows->len ? high - 1 : low + (high - low) / 2;
        arena_init(&a);
        int rc = receipt_of_row(rows->s, rows->list[middle].number, &a, &r);
        if (rc == 0) compare(r, of, &at);
        if (rc == 0 && middle + 1 == rows->len) *out = at;
        if (rc == 0 && at.all) snprintf(out->since, sizeof out->since, "%s", r->at);
        arena_release(&a);
        if (rc) return rc;
        if (middle + 1 == rows->len && !at.all) return 0;
        if (at.all)
            high = middle;
        else
            low = middle + 1;
    }
    return 0;
}

int store_record_holding(struct store *s, const struct fold_record *of, struct record_holding *out)
{
    struct arena a;
    struct record_holding found = {.entries = of->entries_len};
    arena_init(&a);
    struct rows rows = {.s = s, .arena = &a, .case_name = of->case_name};
    int rc = read_rows(&rows);
    if (rc == 0) rc = find_first(&rows, of, &found);
    arena_release(&a);
    if (rc == 0) *out = found;
    return rc;
}

/* ---- of each entry of one record ---- */

struct search {
    const struct rows *rows;
    const struct fold_record *of;
    struct entry_holding *found;
    size_t *order; /* of the entries */
};

/* Those that the receipt names come to the front; *n: how many they are. */
static int part(struct search *q, size_t row, size_t *entries, size_t len, size_t *n)
{
    struct arena a;
    struct receipt *r;
    arena_init(&a);
    int rc = receipt_of_row(q->rows->s, q->rows->list[row].number, &a, &r);
    const char *since = rc ? NULL : arena_strdup(q->rows->arena, r->at);
    if (rc == 0 && !since) rc = ERR_ROAD;
    *n = 0;
    for (size_t i = 0; rc == 0 && i < len; i++) {
        const struct entry *e = q->of->entries[entries[i]]->entry;
        if (e->seq > receipt_reach(r, q->of->case_name, e->kit)) continue;
        size_t named = entries[i];
        q->found[named] = (struct entry_holding){q->rows->list[row].id, since};
        entries[i] = entries[*n];
        entries[(*n)++] = named;
    }
    arena_release(&a);
    return rc;
}

/* Their first receipts lie in [low, high), or are known already. */
static int find_each(struct search *q, size_t low, size_t high, size_t *entries, size_t len)
{
    while (low < high && len > 0) {
        size_t named, middle = low + (high - low) / 2;
        int rc = part(q, middle, entries, len, &named);
        if (rc == 0) rc = find_each(q, low, middle, entries, named);
        if (rc) return rc;
        low = middle + 1;
        entries += named;
        len -= named;
    }
    return 0;
}

/* What the last one does not name is not held, whatever those before it said. */
static int find_all(struct search *q)
{
    size_t last = q->rows->len, named = 0;
    for (size_t i = 0; i < q->of->entries_len; i++) q->order[i] = i;
    int rc = last ? part(q, last - 1, q->order, q->of->entries_len, &named) : 0;
    return rc || !last ? rc : find_each(q, 0, last - 1, q->order, named);
}

int store_entry_holdings(struct store *s, const struct fold_record *of, struct arena *a, struct entry_holding **out)
{
    struct rows rows = {.s = s, .arena = a, .case_name = of->case_name};
    struct search q = {.rows = &rows, .of = of};
    q.found = arena_alloc(a, (of->entries_len + 1) * sizeof *q.found);
    q.order = arena_alloc(a, (of->entries_len + 1) * sizeof *q.order);
    int rc = q.found && q.order ? 0 : ERR_ROAD;
    if (rc == 0) rc = read_rows(&rows);
    if (rc == 0) rc = find_all(&q);
    if (rc == 0) *out = q.found;
    return rc;
}
