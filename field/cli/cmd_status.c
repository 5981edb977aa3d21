/* status: of what this kit has written, what is here only, on the way, and held by the hub; and what came in and was set
 * apart. */
#include "cli.h"

#include <string.h>

struct counts {
    int64_t here, way, held;
    const char *receipt; /* the newest one's time; NULL: there is none */
};

/* Entries and files are counted alike. */
static void count_holding(struct counts *n, const struct holding *h, bool way)
{
    int64_t held = h->entries_held + h->evidence_held, rest = h->entries + h->evidence - held;
    n->held += held;
    if (way) n->way += rest;
    else n->here += rest;
    if (*h->receipt && (!n->receipt || strcmp(h->receipt, n->receipt) > 0)) n->receipt = h->receipt;
}

static int holding_json(struct cli *c, const struct holding *h, struct jv *list)
{
    struct arena *a = &c->arena;
    struct jv *o = jv_object(a);
    int r = jv_put_str(a, o, "case", h->case_name);
    if (!r) r = jv_put_int(a, o, "entries", h->entries);
    if (!r) r = jv_put_int(a, o, "entries_held", h->entries_held);
    if (!r) r = jv_put_int(a, o, "evidence", h->evidence);
    if (!r) r = jv_put_int(a, o, "evidence_held", h->evidence_held);
    if (!r) r = jv_put_int(a, o, "evidence_bytes", (int64_t)h->evidence_bytes);
    if (!r) r = jv_put_int(a, o, "evidence_held_bytes", (int64_t)h->evidence_held_bytes);
    if (!r) r = jv_put_str(a, o, "receipt", *h->receipt ? h->receipt : NULL);
    return r ? r : jv_push(a, list, o);
}

static int apart_json(struct cli *c, const struct held *held, const struct fold_record *record, struct jv *list)
{
    struct jv *o = jv_object(&c->arena);
    const char *entry = arena_printf(&c->arena, "%s:%lld", held->entry->kit, (long long)held->entry->seq);
    int r = jv_put_str(&c->arena, o, "entry", entry);
    if (!r) r = jv_put_str(&c->arena, o, "case", record->case_name);
    if (!r) r = jv_put_str(&c->arena, o, "record", record->id);
    if (!r) r = jv_put_str(&c->arena, o, "reason", held->reason ? told(c, held->reason) : NULL);
    return r ? r : jv_push(&c->arena, list, o);
}

static int set_apart(struct cli *c, struct jv *list)
{
    const struct fold_record *const *records;
    size_t len;
    int r = fold_records(store_fold(c->session->store), NULL, &records, &len);
    for (size_t i = 0; i < len && !r; i++)
        for (size_t k = 0; k < records[i]->entries_len && !r; k++)
            if (records[i]->entries[k]->verdict == VERDICT_QUARANTINED) r = apart_json(c, records[i]->entries[k], records[i], list);
    return r;
}

static void print_status(struct cli *c, const struct counts *n, const struct jv *apart)
{
    fprintf(c->out, T("here only: %lld, on the way: %lld, held by the hub: %lld"), (long long)n->here, (long long)n->way, (long long)n->held);
    fputc('\n', c->out);
    if (n->receipt) fprintf(c->out, T("last receipt: %s"), n->receipt), fputc('\n', c->out);
    for (size_t i = 0; i < apart->len; i++) {
        const struct jv *o = apart->items[i];
        const char *reason = jv_get_str(o, "reason");
        fprintf(c->out, T("  set apart: %s: %s"), jv_get_str(o, "entry"), reason ? shown(c, reason) : "");
        fputc('\n', c->out);
    }
}

static int status_json(struct cli *c, const struct counts *n, const struct jv *cases, const struct jv *apart)
{
    struct jv *o = jv_object(&c->arena);
    int r = jv_put_int(&c->arena, o, "here", n->here);
    if (!r) r = jv_put_int(&c->arena, o, "way", n->way);
    if (!r) r = jv_put_int(&c->arena, o, "held", n->held);
    if (!r) r = jv_put_str(&c->arena, o, "receipt", n->receipt);
    if (!r) r = jv_put(&c->arena, o, "cases", cases);
    if (!r) r = jv_put(&c->arena, o, "quarantined", apart);
    c->result = o;
    return r;
}

int cmd_status(struct cli *c)
{
    struct counts n = {0};
    struct custody *custody = NULL;
    struct holding *list;
    size_t len = 0;
    struct jv *cases = jv_array(&c->arena), *apart = jv_array(&c->arena);
    int r = session_store(c->session);
    if (!r) r = custody_new(&custody, c->session->store);
    if (!r) r = store_holdings(c->session->store, &c->arena, &list, &len);
    for (size_t i = 0; i < len && !r; i++) {
        count_holding(&n, &list[i], custody_way(custody, list[i].case_name));
        r = holding_json(c, &list[i], cases);
    }
    custody_free(custody);
    if (!r) r = set_apart(c, apart);
    if (!r) r = status_json(c, &n, cases, apart);
    if (!r && !c->json) print_status(c, &n, apart);
    return r;
}
