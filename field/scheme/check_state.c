/* Field by field: what is in conflict, leads nowhere, has not arrived, or is asked for by a form and missing, in an audit's
 * records and in those that they link to. */
#include "check_parts.h"

#include <string.h>

#include "satchel/replica/needs.h"

#define REGISTER_PREFIX "register:"
#define SUBMITTED_HEADS "submitted_heads"

/* Records on their way through the check. `own` belong to the audit; others are linked from it. */
struct walk {
    struct check *k;
    const struct fold_record *r;
    const struct form *form;
    struct map seen; /* by id */
    const struct fold_record **linked;
    size_t linked_len, linked_cap;
    int rc;
};

static const struct form *form_of(const struct check *k, const struct fold_record *r)
{
    return scheme_form(k->c->schemes, k->scheme, r->type);
}

static const char *label_of(const struct form *form, const char *name)
{
    const char *member;
    const struct form_field *f = form ? form_field(form, name, &member) : NULL;
    return f ? label_text(&f->label) : name;
}

/* ---- conflicts ---- */

static const char *value_text(struct check *k, const struct form *form, const char *name, const struct jv *v)
{
    const char *member, *s = jv_str(v);
    const struct form_field *f = form ? form_field(form, name, &member) : NULL;
    for (size_t i = 0; s && f && !member && i < f->choices_len; i++)
        if (strcmp(f->choices[i].value, s) == 0) return label_text(&f->choices[i].label);
    if (s) return s;
    if (v->type == JV_BOOL) return v->boolean ? T("yes") : T("no");
    const char *number = v->type == JV_INT ? arena_printf(k->arena, "%lld", (long long)v->integer) : NULL;
    return number ? number : "—";
}

static void check_conflicts(struct check *k, const struct fold_record *r, const struct form *form)
{
    for (size_t i = 0; i < r->fields_len && r->conflicts; i++) {
        const struct fold_field *f = &r->fields[i];
        const char *values = "";
        for (size_t n = 0; f->conflict && n < f->heads_len && values; n++)
            values = arena_printf(
                k->arena, "%s%s%s", values, n ? " ≠ " : "", value_text(k, form, f->name, f->heads[n].value));
        if (!f->conflict) continue;
        if (strcmp(f->name, SUBMITTED_HEADS) == 0) {
            gap_add(k->gaps, GAP(.group = GAP_STATE, .rule = GAP_SUBMIT, .record = r->id, .field = f->name),
                T("submitted on two kits at once: look at what came after, and submit it once more"));
            continue;
        }
        gap_add(k->gaps, GAP(.group = GAP_STATE, .rule = "conflict", .record = r->id, .field = f->name),
            T("'%s' has several values (%s): the leader settles it with 'satchel resolve', and a reason"),
            label_of(form, f->name), values ? values : "");
    }
    if (r->void_state == VOID_CONFLICT)
        gap_add(k->gaps, GAP(.group = GAP_STATE, .rule = "conflict", .record = r->id, .field = "void"),
            T("voided by one and changed by another: settle it with 'satchel resolve RECORD void:=true' or 'void:=null'"));
}

/* ---- links ---- */

static int keep_linked(struct walk *w, const struct fold_record *r)
{
    if (map_get(&w->seen, r->id)) return 0;
    if (w->linked_len == w->linked_cap) {
        size_t cap = w->linked_cap ? 2 * w->linked_cap : 64;
        const struct fold_record **larger = arena_alloc(w->k->arena, cap * sizeof *larger);
        if (!larger) return ERR_ROAD;
        if (w->linked_len) memcpy(larger, w->linked, w->linked_len * sizeof *larger);
        w->linked = larger;
        w->linked_cap = cap;
    }
    w->linked[w->linked_len++] = r;
    return map_put(&w->seen, r->id, (void *)r);
}

static void check_link(struct walk *w, const char *field, const char *link)
{
    struct check *k = w->k;
    size_t prefix = sizeof REGISTER_PREFIX - 1;
    bool in_register = strncmp(link, REGISTER_PREFIX, prefix) == 0;
    const struct fold_record *target = map_get(&w->seen, link);
    if (!target) target = fold_record(k->c->fold, in_register ? REGISTER_CASE : k->c->name, in_register ? link + prefix : link);
    if (target && target->void_state != VOID && target->applied) {
        if (!in_register && w->rc == 0) w->rc = keep_linked(w, target);
        return;
    }
    gap_add(k->gaps, GAP(.group = GAP_STATE, .rule = "link", .record = w->r->id, .field = field),
        target && target->applied ? T("'%s' leads to %s, which is voided: name another, or take it out")
                                  : T("'%s' leads to %s, which has not arrived here: sync, or name another"),
        label_of(w->form, field), link);
}

static void check_links(struct walk *w)
{
    for (size_t i = 0; i < w->r->fields_len && w->form; i++) {
        const struct fold_field *f = &w->r->fields[i];
        const char *member;
        const struct form_field *about = form_field(w->form, f->name, &member);
        const struct jv *v = field_value(f);
        if (!about || !v) continue;
        if (about->kind == FIELD_LINK && jv_str(v)) check_link(w, f->name, v->string);
        if (about->kind == FIELD_SET && about->member == FIELD_LINK && v->type == JV_BOOL && v->boolean)
            check_link(w, f->name, member);
    }
}

/* ---- what the form asks for ---- */

static void check_required(struct check *k, const struct fold_record *r, const struct form *form)
{
    for (size_t i = 0; form && i < form->fields_len; i++) {
        const struct form_field *f = &form->fields[i];
        if (form_field_missing(f, r) && !gaps_have(k->gaps, r->id, f->name))
            gap_not_filled_in(k->gaps, GAP_FIELDS, r, form, f);
    }
}

/* ---- evidence ---- */

static int check_bytes(struct check *k, const struct fold_record *r)
{
    enum bytes_state state = BYTES_HELD;
    const char *name = record_str(r, "name");
    struct gap like = {.group = GAP_STATE, .rule = "evidence", .record = r->id, .field = "sha256"};
    if (strcmp(r->type, "evidence") != 0 || !k->outside->bytes) return 0;
    int rc = k->outside->bytes(k->outside->ctx, r, &state);
    if (rc) return rc;
    if (state == BYTES_AWAITED)
        gap_add(k->gaps, &like, T("the file '%s' is not here yet: sync with who took it, or take it again"), name ? name : "");
    if (state == BYTES_DAMAGED)
        gap_add(k->gaps, &like, T("the file '%s' is damaged here: attach it again from the original, and void this record"),
            name ? name : "");
    return 0;
}

/* ---- entries ---- */

/* Is the chain as it should be, and of how many entries is it not known yet whether they count? */
static bool check_chain(struct check *k, const struct fold_chain *chain, const struct gap *like)
{
    size_t waiting = 0;
    for (size_t i = 0; i < chain->entries_len; i++) waiting += chain->entries[i]->verdict == VERDICT_WAITING;
    if (waiting)
        gap_add(k->gaps, like, T("%zu entries of kit %s wait for the register and do not count yet: sync with the hub"), waiting,
            chain->kit);
    if (chain->forked_at || chain->broken_at)
        gap_add(k->gaps, like, T("the entries of kit %s do not follow from each other, from number %lld on: tell headquarters"),
            chain->kit, (long long)(chain->forked_at ? chain->forked_at : chain->broken_at));
    else if (chain->highest > chain->gapless)
        gap_add(k->gaps, like, T("entries of kit %s are missing, from number %lld on: sync with the hub or with that kit"),
            chain->kit, (long long)chain->gapless + 1);
    return !chain->forked_at && !chain->broken_at && chain->highest <= chain->gapless;
}

static int check_entries(struct check *k)
{
    struct gap like = {.group = GAP_STATE, .rule = "entries", .record = k->a->id};
    size_t len, unseen = 0;
    const char *const *ids;
    bool whole = true;
    const struct fold_chain *const *chains = fold_chains(k->c->fold, k->c->name, &len);
    for (size_t i = 0; i < len; i++) whole = check_chain(k, chains[i], &like) && whole;
    int rc = whole ? fold_unseen(k->c->fold, k->c->name, k->arena, &ids, &unseen) : 0; /* else they are the same ones */
    if (rc == 0 && unseen)
        gap_add(k->gaps, &like,
            T("%zu entries that others answered to have not arrived: sync with the hub or with them"), unseen);
    return rc;
}

static void check_scheme(struct check *k)
{
    for (size_t i = 0; i < k->c->programmes_len; i++) {
        const struct programme *p = &k->c->programmes[i];
        struct gap like = {.group = GAP_STATE, .rule = "scheme", .record = p->id, .field = "scheme"};
        if (p->scheme && !schemes_get(k->c->schemes, p->scheme))
            gap_add(k->gaps, &like,
                T("its scheme %s is not known here: sync the register before relying on this check"), p->scheme);
        like.field = "catalogue";
        if (p->catalogue && !schemes_catalogue(k->c->schemes, p->catalogue))
            gap_add(k->gaps, &like, T("its catalogue %s is not known here: sync the register before relying on this check"),
                p->catalogue);
    }
    const struct application *a = k->a->application;
    if (a && a->scheme && !schemes_get(k->c->schemes, a->scheme))
        gap_add(k->gaps, GAP(.group = GAP_STATE, .rule = "scheme", .record = a->id, .field = "scheme"),
            T("its scheme %s is not known here: sync the register before relying on this check"), a->scheme);
}

/* ---- the records of an audit ---- */

struct belonging {
    const struct fold_record **list;
    size_t len;
    struct map ids; /* of what is on it */
    bool found;
};

static int take(struct belonging *b, const struct fold_record *r)
{
    b->list[b->len++] = r;
    return map_put(&b->ids, r->id, (void *)r);
}

#define TAKE_EACH(list_, n) for (size_t i = 0; i < (n) && rc == 0; i++) rc = take(b, (list_)[i]->record)

static int take_facts(struct belonging *b, const struct casefile *c, const struct audit *a)
{
    int rc = take(b, a->record);
    TAKE_EACH(a->samples, a->samples_len);
    TAKE_EACH(a->findings, a->findings_len);
    TAKE_EACH(a->meetings, a->meetings_len);
    for (size_t i = 0; i < c->infos_len && rc == 0; i++)
        if (c->infos[i].audit == a) rc = take(b, c->infos[i].record);
    return rc;
}

/* Voided ones are no facts. */
static int take_voided(struct belonging *b, const struct casefile *c, const struct audit *a)
{
    static const char *const types[] = {"finding", "meeting", "sample", "surveillance-info"};
    int rc = 0;
    for (size_t k = 0; k < sizeof types / sizeof *types; k++) {
        size_t len;
        const struct fold_record *const *records = casefile_records(c, types[k], &len);
        for (size_t i = 0; i < len && rc == 0; i++) {
            const char *audit = records[i]->void_state == VOID ? record_str(records[i], "audit") : NULL;
            if (audit && strcmp(audit, a->id) == 0) rc = take(b, records[i]);
        }
    }
    return rc;
}

static int is_of(void *ctx, const char *of)
{
    struct belonging *b = ctx;
    b->found = b->found || map_get(&b->ids, of);
    return 0;
}

static int take_evidence(struct belonging *b, const struct casefile *c, bool voided)
{
    size_t len;
    const struct fold_record *const *evidence = casefile_records(c, "evidence", &len);
    int rc = 0;
    for (size_t i = 0; i < len && rc == 0; i++) {
        const struct fold_record *r = evidence[i];
        if (!r->applied || (r->void_state == VOID && !voided)) continue;
        b->found = false;
        rc = record_members(r, "of", is_of, b);
        if (b->found) b->list[b->len++] = r;
    }
    return rc;
}

int audit_records(const struct fold_record ***out, size_t *len, const struct casefile *c, const struct audit *a, bool voided)
{
    struct belonging b = {.list = arena_alloc(c->arena, (c->records_len + 1) * sizeof *b.list)};
    if (!b.list) return ERR_ROAD;
    map_init(&b.ids);
    int rc = take_facts(&b, c, a);
    if (rc == 0 && voided) rc = take_voided(&b, c, a);
    if (rc == 0) rc = take_evidence(&b, c, voided);
    map_release(&b.ids);
    *out = b.list;
    *len = b.len;
    return rc;
}

static int walk_own(struct walk *w, const struct fold_record *const *own, size_t len)
{
    for (size_t i = 0; i < len && w->rc == 0; i++) w->rc = map_put(&w->seen, own[i]->id, (void *)own[i]);
    for (size_t i = 0; i < len && w->rc == 0; i++) {
        w->r = own[i];
        if (i == 0 || strcmp(own[i - 1]->type, own[i]->type) != 0) w->form = form_of(w->k, w->r);
        check_conflicts(w->k, w->r, w->form);
        check_links(w);
        check_required(w->k, w->r, w->form);
        if (w->rc == 0) w->rc = check_bytes(w->k, w->r);
    }
    return w->rc;
}

/* What is linked is not the audit's to complete, but it can't be relied on while it is in conflict. */
static void walk_linked(struct walk *w)
{
    for (size_t i = 0; i < w->linked_len; i++)
        if (w->linked[i]->conflicts) check_conflicts(w->k, w->linked[i], form_of(w->k, w->linked[i]));
}

int check_state(struct check *k)
{
    struct walk w = {.k = k};
    const struct fold_record **own;
    size_t len;
    if (!k->c->fold) return 0;
    map_init(&w.seen);
    int rc = audit_records(&own, &len, k->c, k->a, false);
    if (rc == 0) rc = walk_own(&w, own, len);
    walk_linked(&w);
    if (rc == 0) rc = check_entries(k);
    check_scheme(k);
    map_release(&w.seen);
    return rc;
}

/* ---- submission ---- */

int audit_heads(struct jv **out, struct arena *a, struct fold *f, const char *case_name)
{
    size_t len;
    struct jv *heads = jv_object(a);
    const struct fold_chain *const *chains = fold_chains(f, case_name, &len);
    int rc = heads ? 0 : ERR_ROAD;
    for (size_t i = 0; i < len && rc == 0; i++) {
        struct jv *head = jv_object(a);
        if (!chains[i]->head) continue;
        rc = jv_put_int(a, head, "seq", chains[i]->gapless);
        if (rc == 0) rc = jv_put_str(a, head, "entry", chains[i]->head);
        if (rc == 0) rc = jv_put(a, heads, chains[i]->kit, head);
    }
    if (rc == 0) *out = heads;
    return rc;
}

/* After any of its submissions: where two kits have submitted it at once, what one of them had not seen is told, too. */
static bool is_later(const struct held *h, const struct fold_field *submissions)
{
    const struct entry *e = h->entry;
    if (h->verdict != VERDICT_GOOD || entry_field(e, SUBMITTED_HEADS)) return false;
    for (size_t i = 0; i < submissions->heads_len; i++)
        if (e->seq > jv_get_int(jv_get(submissions->heads[i].value, e->kit), "seq", 0)) return true;
    return false;
}

int audit_later_entries(const struct held *const **out, size_t *len, const struct casefile *c, const struct audit *a)
{
    const struct fold_field *heads = a->record ? record_field(a->record, SUBMITTED_HEADS) : NULL;
    const struct fold_record **own;
    size_t records, n = 0, total = 0;
    *out = NULL;
    *len = 0;
    if (!a->submitted || !heads) return 0;
    int rc = audit_records(&own, &records, c, a, true);
    if (rc) return rc;
    for (size_t i = 0; i < records; i++) total += own[i]->entries_len;
    const struct held **list = arena_alloc(c->arena, (total + 1) * sizeof *list);
    if (!list) return ERR_ROAD;
    for (size_t i = 0; i < records; i++)
        for (size_t k = 0; k < own[i]->entries_len; k++)
            if (is_later(own[i]->entries[k], heads)) list[n++] = own[i]->entries[k];
    *out = (const struct held *const *)list;
    *len = n;
    return 0;
}
