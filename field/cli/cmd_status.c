/* status: what of the store is here only, on the way to headquarters, held there; and what stands apart. */
#include "cli.h"

#include <string.h>

#include "satchel/base/time.h"
#include "satchel/replica/state.h"

/* Records, or pieces of evidence by their bytes. */
struct counts {
    int64_t here, way, held, awaited; /* awaited: neither here nor known to be held */
};

struct case_status {
    const char *name;
    struct counts records, evidence;
    int64_t conflicts;
};

struct overview {
    struct cli *c;
    struct custody *custody;
    struct case_status all, *cases;
    size_t cases_len;
    struct jv *apart;
    const struct entry *newest; /* of the last ones of all kits, by what their clocks claimed; NULL: there is none */
    int64_t newest_at;
};

/* ---- counting ---- */

static void count(struct counts *n, const struct custody_state *s)
{
    if (s->held) n->held++;
    else if (s->way) n->way++;
    else if (s->has_bytes && !s->here) n->awaited++;
    else n->here++;
}

static void add_up(struct counts *to, const struct counts *n)
{
    to->here += n->here;
    to->way += n->way;
    to->held += n->held;
    to->awaited += n->awaited;
}

static int count_case(struct overview *o, struct case_status *s)
{
    const struct fold_record *const *records;
    size_t len;
    int r = fold_records(store_fold(o->c->session->store), s->name, &records, &len);
    for (size_t i = 0; i < len && !r; i++) {
        struct custody_state state;
        if (!records[i]->applied) continue;
        r = custody_of(o->custody, records[i], &state);
        if (r) break;
        count(&s->records, &state);
        if (state.has_bytes) count(&s->evidence, &state);
        s->conflicts += records[i]->conflicts > 0;
    }
    add_up(&o->all.records, &s->records);
    add_up(&o->all.evidence, &s->evidence);
    o->all.conflicts += s->conflicts;
    return r;
}

/* ---- what does not apply, and what claims to be the newest ---- */

static int put_apart(struct overview *o, const struct held *h)
{
    struct arena *a = &o->c->arena;
    const struct entry *e = h->entry;
    const char *by = kit_person(o->c->session, e->kit);
    struct jv *v = jv_object(a);
    int r = jv_put_str(a, v, "entry", arena_printf(a, "%s:%lld", e->kit, (long long)e->seq));
    if (!r) r = jv_put_str(a, v, "record", e->record);
    if (!r) r = jv_put_str(a, v, "case", e->case_name);
    if (!r) r = jv_put_str(a, v, "by", by ? by : e->kit);
    if (!r) r = jv_put_str(a, v, "at", e->at);
    if (!r) r = jv_put_str(a, v, "verdict", h->verdict == VERDICT_WAITING ? "waiting" : "quarantined");
    if (!r) r = jv_put_str(a, v, "reason", h->reason ? told(o->c, h->reason) : NULL);
    return r ? r : jv_push(a, o->apart, v);
}

static void look_when(struct overview *o, const struct entry *e)
{
    int64_t at;
    int offset;
    if (!time_read(&at, &offset, e->at) || (o->newest && at <= o->newest_at)) return;
    o->newest = e;
    o->newest_at = at;
}

static int find_apart(struct overview *o, const char *case_name)
{
    size_t chains_len;
    const struct fold_chain *const *chains = fold_chains(store_fold(o->c->session->store), case_name, &chains_len);
    int r = 0;
    for (size_t i = 0; i < chains_len && !r; i++) {
        const struct held *last = NULL;
        for (size_t k = 0; k < chains[i]->entries_len && !r; k++) {
            const struct held *h = chains[i]->entries[k];
            if (h->verdict == VERDICT_GOOD) last = h;
            else r = put_apart(o, h);
        }
        if (last) look_when(o, last->entry);
    }
    return r;
}

/* ---- telling ---- */

static int put_counts(struct arena *a, struct jv *o, const char *name, const struct counts *n, bool bytes)
{
    struct jv *v = jv_object(a);
    int r = jv_put_int(a, v, "here", n->here);
    if (!r) r = jv_put_int(a, v, "way", n->way);
    if (!r) r = jv_put_int(a, v, "held", n->held);
    if (!r && bytes) r = jv_put_int(a, v, "awaited", n->awaited);
    return r ? r : jv_put(a, o, name, v);
}

static int put_status(struct arena *a, struct jv *o, const struct case_status *s)
{
    int r = put_counts(a, o, "records", &s->records, false);
    if (!r) r = put_counts(a, o, "evidence", &s->evidence, true);
    return r ? r : jv_put_int(a, o, "conflicts", s->conflicts);
}

/* A machine whose clock is off shows by it. */
static int put_newest(struct overview *o, struct jv *result)
{
    if (!o->newest) return 0;
    struct arena *a = &o->c->arena;
    const char *by = kit_person(o->c->session, o->newest->kit);
    struct jv *v = jv_object(a);
    int r = jv_put_str(a, v, "at", o->newest->at);
    if (!r) r = jv_put_str(a, v, "by", by ? by : o->newest->kit);
    return r ? r : jv_put(a, result, "newest", v);
}

static int put_result(struct overview *o)
{
    struct cli *c = o->c;
    struct arena *a = &c->arena;
    const struct hub_identity *hub = store_hub(c->session->store);
    struct jv *result = jv_object(a), *list = jv_array(a);
    int r = jv_put_str(a, result, "hub", hub ? hub->name : NULL);
    if (!r) r = put_status(a, result, &o->all);
    for (size_t i = 0; i < o->cases_len && !r; i++) {
        struct jv *v = jv_object(a);
        r = jv_put_str(a, v, "case", o->cases[i].name);
        if (!r) r = jv_put_str(a, v, "title", case_title(c, o->cases[i].name));
        if (!r) r = put_status(a, v, &o->cases[i]);
        if (!r) r = jv_push(a, list, v);
    }
    if (!r) r = jv_put(a, result, "cases", list);
    if (!r) r = jv_put(a, result, "apart", o->apart);
    if (!r) r = put_newest(o, result);
    c->result = result;
    return r;
}

static void print_counts(struct cli *c, const char *head, const struct counts *n)
{
    print_padded(c->out, head, 28);
    fprintf(c->out, T("%lld here only · %lld on the way · %lld held by the hub"), (long long)n->here, (long long)n->way,
        (long long)n->held);
    if (n->awaited) fprintf(c->out, T(" · %lld awaited"), (long long)n->awaited);
    fprintf(c->out, "\n");
}

static void print_overview(struct overview *o)
{
    struct cli *c = o->c;
    for (size_t i = 0; i < o->cases_len; i++) print_counts(c, case_title(c, o->cases[i].name), &o->cases[i].records);
    print_counts(c, T("records in all"), &o->all.records);
    print_counts(c, T("evidence among them"), &o->all.evidence);
    if (o->all.conflicts) fprintf(c->out, T("%lld records in conflict"), (long long)o->all.conflicts), fprintf(c->out, "\n");
    for (size_t i = 0; i < o->apart->len; i++) {
        const struct jv *v = o->apart->items[i];
        const char *reason = jv_get_str(v, "reason");
        fprintf(c->out, "  %s  %s  %s\n", jv_get_str(v, "entry"), jv_get_str(v, "record"), reason ? reason : "");
    }
}

static int run(struct overview *o, const char *only)
{
    struct fold *f = store_fold(o->c->session->store);
    size_t len;
    const char *const *names = fold_cases(f, &len);
    o->cases = arena_alloc(&o->c->arena, (len + 1) * sizeof *o->cases);
    int r = o->cases && o->apart ? 0 : ERR_ROAD;
    for (size_t i = 0; i < len && !r; i++) {
        if (only && strcmp(only, names[i]) != 0) continue;
        struct case_status *s = &o->cases[o->cases_len++];
        *s = (struct case_status){.name = names[i]};
        r = count_case(o, s);
        if (!r) r = find_apart(o, names[i]);
    }
    return r;
}

int cmd_status(struct cli *c)
{
    struct overview o = {.c = c, .apart = jv_array(&c->arena)};
    const char *given = cli_option(c, "case"), *known = NULL;
    int r = session_store(c->session);
    if (!r && given && !(known = fold_case_named(store_fold(c->session->store), given)))
        r = err_set(ERR_MISSING, "there is no case '%s' in this store", given);
    if (!r) r = custody_new(&o.custody, c->session->store);
    if (r) return r;
    r = run(&o, known);
    custody_free(o.custody);
    if (!r) r = put_result(&o);
    if (!r && !c->json) print_overview(&o);
    return r;
}
