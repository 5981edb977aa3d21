/* What whoever shows records needs beside them, where it is asked for: heads to write against, titles of records and of what
 * links lead to, where they are; a page of a long list; a record as it was. */
#include "cli.h"

#include <stdlib.h>
#include <string.h>

#include "satchel/base/time.h"
#include "satchel/replica/state.h"

/* ---- titles ---- */

struct titles {
    struct cli *c;
    struct jv *list;
};

static int add_title(struct titles *t, const char *link)
{
    const struct fold_record *r = jv_get(t->list, link) ? NULL : linked_record(t->c, link);
    return r ? jv_put_str(&t->c->arena, t->list, link, record_title(t->c, r)) : 0;
}

/* Of a value that is a link, or of a set's member that is one. */
static int titles_of_field(struct titles *t, const struct form *form, const char *name, const struct jv *value)
{
    const char *member = NULL, *text = jv_str(value);
    const struct form_field *f = form ? form_field(form, name, &member) : NULL;
    if (!f) return 0;
    if (f->kind == FIELD_LINK && text) return add_title(t, text);
    return f->kind == FIELD_SET && f->member == FIELD_LINK && member ? add_title(t, member) : 0;
}

static int titles_of_record(struct titles *t, const struct fold_record *r)
{
    const struct form *form = record_form(t->c, r);
    int rc = 0;
    for (size_t i = 0; i < r->fields_len && !rc; i++)
        for (size_t k = 0; k < r->fields[i].heads_len && !rc; k++)
            rc = titles_of_field(t, form, r->fields[i].name, r->fields[i].heads[k].value);
    return rc;
}

static int put_titles(struct cli *c, const struct fold_record *r, struct jv *json)
{
    struct titles t = {c, jv_object(&c->arena)};
    int rc = t.list ? titles_of_record(&t, r) : ERR_ROAD;
    if (!rc) rc = jv_put_str(&c->arena, json, "title", record_title(c, r));
    return rc ? rc : jv_put(&c->arena, json, "titles", t.list);
}

/* ---- of a record ---- */

int extras_begin(struct extras *x, struct cli *c)
{
    *x = (struct extras){.c = c, .heads = cli_flag(c, "heads"), .titles = cli_flag(c, "titles")};
    x->at_hub = cli_flag(c, "custody") && c->session->lent;
    return cli_flag(c, "custody") && !x->at_hub ? custody_new(&x->custody, c->session->store) : 0;
}

void extras_end(struct extras *x)
{
    custody_free(x->custody);
}

static int put_custody(struct extras *x, const struct fold_record *r, struct jv *json)
{
    struct arena *a = &x->c->arena;
    struct custody_state s;
    struct jv *o = jv_object(a);
    int rc = custody_of(x->custody, r, &s);
    if (!rc && s.has_bytes) rc = jv_put(a, o, "here", jv_bool(a, s.here));
    if (!rc) rc = jv_put(a, o, "held", jv_bool(a, s.held));
    if (!rc) rc = jv_put(a, o, "way", jv_bool(a, s.way));
    return rc ? rc : jv_put(a, json, "custody", o);
}

/* At the hub itself all is held but bytes that have not come yet. */
static int put_custody_there(struct extras *x, const struct fold_record *r, struct jv *json)
{
    struct arena *a = &x->c->arena;
    struct jv *o = jv_object(a);
    struct evidence_state state = {.at_hub = true};
    const char *sha256 = strcmp(r->type, "evidence") == 0 ? record_str(r, "sha256") : NULL;
    int rc = sha256 ? session_evidence(x->c->session, r->case_name, sha256, &state) : 0;
    if (!rc && sha256) rc = jv_put(a, o, "here", jv_bool(a, state.at_hub));
    if (!rc) rc = jv_put(a, o, "held", jv_bool(a, state.at_hub));
    if (!rc) rc = jv_put(a, o, "way", jv_bool(a, false));
    return rc ? rc : jv_put(a, json, "custody", o);
}

/* Who made it and when, and who touched it last. */
static int put_made(struct extras *x, const struct fold_record *r, struct jv *json)
{
    struct arena *a = &x->c->arena;
    const struct entry *e = r->created ? r->created->entry : NULL;
    const char *by = e ? kit_person(x->c->session, e->kit) : NULL;
    struct jv *o = jv_object(a);
    if (!e) return 0;
    int rc = jv_put_str(a, o, "by", by ? by : e->kit);
    if (!rc) rc = jv_put_str(a, o, "at", e->at);
    return rc ? rc : jv_put(a, json, "created", o);
}

int extras_put(struct extras *x, const struct fold_record *r, struct jv *json)
{
    int rc = x->heads ? jv_put(&x->c->arena, json, "heads", record_heads(r, &x->c->arena)) : 0;
    if (!rc && x->titles) rc = put_titles(x->c, r, json);
    if (!rc && x->titles) rc = put_made(x, r, json);
    if (!rc && x->at_hub) rc = put_custody_there(x, r, json);
    return rc || !x->custody ? rc : put_custody(x, r, json);
}

/* ---- of a history ---- */

static int titles_of_entry(struct titles *t, const struct form *form, const struct jv *set)
{
    int rc = 0;
    for (size_t i = 0; set && i < set->len && !rc; i++) {
        const struct jv *several = jv_get(set->items[i], "conflict");
        rc = titles_of_field(t, form, set->keys[i], set->items[i]);
        for (size_t k = 0; several && k < several->len && !rc; k++) rc = titles_of_field(t, form, set->keys[i], several->items[k]);
    }
    return rc;
}

static int put_entry_custody(struct extras *x, const char *id, struct jv *json)
{
    const struct held *h = fold_entry(session_fold(x->c->session), id);
    bool held = false;
    int rc = h ? custody_entry(x->custody, h->entry, &held) : 0;
    return rc ? rc : jv_put(&x->c->arena, json, "held", jv_bool(&x->c->arena, held));
}

/* The items were made for this command; so they may be added to. */
int extras_history(struct extras *x, const struct fold_record *r, const struct jv *history)
{
    const struct form *form = record_form(x->c, r);
    int rc = 0;
    for (size_t i = 0; i < history->len && !rc; i++) {
        struct jv *entry = (struct jv *)(uintptr_t)history->items[i];
        struct titles t = {x->c, jv_object(&x->c->arena)};
        if (x->titles) rc = t.list ? titles_of_entry(&t, form, jv_get(entry, "set")) : ERR_ROAD;
        if (x->titles && !rc) rc = titles_of_entry(&t, form, jv_get(entry, "old"));
        if (x->titles && !rc) rc = jv_put(&x->c->arena, entry, "titles", t.list);
        if (x->at_hub && !rc) rc = jv_put(&x->c->arena, entry, "held", jv_bool(&x->c->arena, true));
        if (x->custody && !rc) rc = put_entry_custody(x, jv_get_str(entry, "id"), entry);
    }
    return rc;
}

/* ---- a page of a list ---- */

struct dated {
    struct view_hit hit;
    int64_t at;
    size_t place;
};

static int later_first(const void *x, const void *y)
{
    const struct dated *a = x, *b = y;
    if (a->at != b->at) return a->at > b->at ? -1 : 1;
    return a->place > b->place ? -1 : a->place < b->place;
}

int hits_newest_first(struct cli *c, struct view_hit *hits, size_t len)
{
    struct dated *list = arena_alloc(&c->arena, (len + 1) * sizeof *list);
    if (!list) return ERR_ROAD;
    for (size_t i = 0; i < len; i++) {
        const struct fold_record *r = fold_record(session_fold(c->session), hits[i].case_name, hits[i].record);
        int offset;
        list[i] = (struct dated){hits[i], 0, i};
        if (!r || !r->created || !time_read(&list[i].at, &offset, r->created->entry->at)) list[i].at = 0;
    }
    qsort(list, len, sizeof *list, later_first);
    for (size_t i = 0; i < len; i++) hits[i] = list[i].hit;
    return 0;
}

int list_page_read(struct list_page *p, const struct cli *c)
{
    *p = (struct list_page){.limit = -1, .after = cli_option(c, "after")};
    int r = cli_option_int(c, "limit", &p->limit);
    if (!r && p->after && p->limit < 0) r = err_set(ERR_USAGE, "'--after' is for a list with '--limit'");
    return r;
}

/* Whether this record, which the list has, stands on the page. */
bool list_page_takes(struct list_page *p, const char *record)
{
    p->of++;
    if (p->limit < 0) return true;
    if (p->after) {
        if (strcmp(p->after, record) == 0) p->after = NULL;
        return false;
    }
    if (p->told == p->limit) {
        p->more = true;
        return false;
    }
    p->told++;
    p->last = record;
    return true;
}

int list_page_end(const struct list_page *p, struct cli *c, const struct jv *list)
{
    struct arena *a = &c->arena;
    struct jv *o = jv_object(a);
    if (p->after) return err_set(ERR_MISSING, "the list has no record '%s' any more; begin it anew", p->after);
    int r = jv_put(a, o, "records", list);
    if (!r) r = jv_put_int(a, o, "of", p->of);
    if (!r) r = jv_put_str(a, o, "next", p->more ? p->last : NULL);
    c->result = o;
    return r;
}

/* ---- a record as it was ---- */

static bool was_claimed(void *at, const struct held *h)
{
    int64_t seconds;
    int offset;
    return time_read(&seconds, &offset, h->entry->at) && seconds <= *(const int64_t *)at;
}

/* An entry, and all that its author had seen of the record: by his own chain and by what the entries name. */
struct past {
    const struct fold_record *r;
    struct map ids;
};

static const struct held *entry_of(const struct fold_record *r, const char *id)
{
    for (size_t i = 0; i < r->entries_len; i++)
        if (strcmp(r->entries[i]->entry->id, id) == 0) return r->entries[i];
    return NULL;
}

static int note(struct past *p, const char *id, bool *more)
{
    if (map_get(&p->ids, id)) return 0;
    *more = true;
    return map_put(&p->ids, id, p);
}

static int note_causes(struct past *p, const struct entry *e, bool *more)
{
    int rc = 0;
    for (size_t i = 0; i < e->fields_len && !rc; i++)
        for (size_t k = 0; k < e->fields[i].seen_len && !rc; k++) rc = note(p, e->fields[i].seen[k], more);
    for (size_t i = 0; i < p->r->entries_len && !rc; i++) {
        const struct entry *before = p->r->entries[i]->entry;
        if (strcmp(before->kit, e->kit) == 0 && before->seq < e->seq) rc = note(p, before->id, more);
    }
    return rc;
}

static int note_past(struct past *p)
{
    bool more = true;
    int rc = 0;
    while (more && !rc) {
        more = false;
        for (size_t i = 0; i < p->r->entries_len && !rc; i++)
            if (map_get(&p->ids, p->r->entries[i]->entry->id)) rc = note_causes(p, p->r->entries[i]->entry, &more);
    }
    return rc;
}

static bool was_seen(void *past, const struct held *h)
{
    return map_get(&((struct past *)past)->ids, h->entry->id) != NULL;
}

static int as_of_time(struct fold **f, const struct fold_record **out, const struct fold_record *r, const char *time)
{
    int64_t at;
    int offset;
    if (!time_read(&at, &offset, time)) return err_set(ERR_USAGE, "'--at' takes a time such as 2026-11-22T10:11:12+08:00, not '%s'", time);
    return record_as_of(f, out, r, was_claimed, &at);
}

static int as_of_entry(struct fold **f, const struct fold_record **out, const struct fold_record *r, const char *id)
{
    struct past p = {.r = r};
    const struct held *h = entry_of(r, id);
    if (!h) return err_set(ERR_MISSING, "'%s' has no entry '%s'", r->id, id);
    map_init(&p.ids);
    int rc = map_put(&p.ids, h->entry->id, &p);
    if (!rc) rc = note_past(&p);
    if (!rc) rc = record_as_of(f, out, r, was_seen, &p);
    map_release(&p.ids);
    return rc;
}

int show_as_of(struct cli *c, const struct fold_record *r)
{
    const char *at = cli_option(c, "at"), *entry = cli_option(c, "entry");
    const struct fold_record *then = NULL;
    struct fold *f = NULL;
    struct extras x;
    int rc = at ? as_of_time(&f, &then, r, at) : as_of_entry(&f, &then, r, entry);
    if (!rc && !then) rc = err_set(ERR_MISSING, "'%s' was not there yet", r->id);
    struct jv *json = rc ? NULL : record_json(&c->arena, then, kit_person, c->session);
    if (!rc && !json) rc = ERR_ROAD;
    if (!rc) rc = extras_begin(&x, c);
    if (!rc) {
        rc = extras_put(&x, then, json);
        extras_end(&x);
    }
    if (!rc && !(c->result = jv_copy(&c->arena, json))) rc = ERR_ROAD; /* it goes with that fold */
    if (!rc && !c->json) print_record(c, then);
    fold_free(f);
    return rc;
}
