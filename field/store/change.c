/* One change by this kit: from what a person asks for to a signed entry that holds. */
#include "internal.h"

#include <string.h>

#include "satchel/base/text.h"
#include "satchel/base/time.h"

#define VOID_FIELD "void"
#define REGISTER_LINK REGISTER_CASE ":"

/* A change on its way to an entry; lives in its arena until the entry is made. */
struct draft {
    struct store *s;
    const struct change *c;
    struct arena arena;
    const struct form *form;
    const char *case_name;
    const struct fold_record *on; /* the record as it stands; NULL for a new one */
    struct entry entry;
};

/* ---- where it goes ---- */

static bool same_letters(const char *a, const char *b) /* ASCII: case names have no others */
{
    for (; *a && *b; a++, b++) {
        int x = *a >= 'A' && *a <= 'Z' ? *a - 'A' + 'a' : *a,
            y = *b >= 'A' && *b <= 'Z' ? *b - 'A' + 'a' : *b;
        if (x != y) return false;
    }
    return *a == *b;
}

static int new_case(struct draft *d, const char *name)
{
    if (!case_name_valid(name) || same_letters(name, REGISTER_CASE))
        return err_set(ERR_INPUT,
            "'%s' cannot name a case; take 1 to 64 letters A-Z a-z, digits and hyphens, the first no hyphen",
            name);
    const char *taken = fold_case_named(d->s->fold, name);
    if (taken) return err_set(ERR_INPUT, "the case '%s' is there already; choose another name", taken);
    d->case_name = name;
    return 0;
}

static int case_of_new(struct draft *d)
{
    const char *name = d->c->case_name;
    if (d->form->in_register) {
        d->case_name = REGISTER_CASE;
        if (!name || strcmp(name, REGISTER_CASE) == 0) return 0;
        return err_set(
            ERR_INPUT, "a '%s' lives in the register, not in a case; leave the case out", d->form->type);
    }
    if (!name) return err_set(ERR_INPUT, "a '%s' needs a case to live in: --case C", d->form->type);
    if (strcmp(d->form->type, "organisation") == 0) return new_case(d, name);
    d->case_name = fold_case_named(d->s->fold, name);
    if (d->case_name && strcmp(d->case_name, REGISTER_CASE) != 0) return 0;
    return err_set(ERR_INPUT, "there is no case '%s'; open it with 'satchel new organisation --case C'", name);
}

static int find_form(struct draft *d, const char *type)
{
    d->form = d->c->form ? d->c->form : forms_current(d->s->forms, type);
    if (d->form && strcmp(d->form->type, type) != 0)
        return err_set(ERR_INPUT, "'%s' is not written with a form of '%s'", type, d->form->type);
    return d->form ? 0
                   : err_set(ERR_INPUT, "there is no record type '%s'; 'satchel form list' lists them", type);
}

static int find_record(struct draft *d)
{
    const char *id = d->c->record, *name = d->c->case_name;
    const char *in_case = name ? fold_case_named(d->s->fold, name) : NULL;
    if (name && !in_case)
        return err_set(ERR_INPUT, "there is no case '%s'; open it with 'satchel new organisation --case C'", name);
    d->on = id ? fold_record(d->s->fold, in_case, id) : NULL;
    if (!d->on)
        return err_set(ERR_INPUT,
            "there is no record '%s'; 'satchel find' and 'satchel list' show those there are", id ? id : "");
    d->case_name = d->on->case_name;
    d->entry.record = d->on->id;
    return find_form(d, d->on->type);
}

/* ---- what is replaced ---- */

static int add_read(struct draft *d, const struct jv *ids, struct jv *set)
{
    if (ids && ids->type != JV_ARRAY) return err_set(ERR_INPUT, "what was read must be lists of entry ids");
    for (size_t i = 0; ids && i < ids->len; i++) {
        const char *id = jv_str(ids->items[i]);
        if (!id || !is_sha256_hex(id)) return err_set(ERR_INPUT, "'%s' is not an entry id", id ? id : "");
        if (jv_put(&d->arena, set, id, jv_null(&d->arena))) return ERR_ROAD;
    }
    return 0;
}

/* The ids of c->read for a field; of a void, all of them. They come out sorted, without repeats. */
static int seen_as_read(struct draft *d, struct entry_field *f)
{
    const struct jv *read = d->c->read;
    struct jv *ids = jv_object(&d->arena);
    bool all = strcmp(f->name, VOID_FIELD) == 0;
    int err = 0;
    if (!ids) return ERR_ROAD;
    if (read->type != JV_OBJECT) return err_set(ERR_INPUT, "what was read must be lists of entry ids");
    for (size_t i = 0; i < read->len && !err; i++)
        if (all || strcmp(read->keys[i], f->name) == 0) err = add_read(d, read->items[i], ids);
    f->seen = ids->keys;
    f->seen_len = ids->len;
    return err;
}

static int find_seen(struct draft *d, struct entry_field *f)
{
    if (!d->on) return 0;
    if (d->c->read) return seen_as_read(d, f);
    return record_seen(d->on, f->name, &d->arena, &f->seen, &f->seen_len);
}

static int take_fields(struct draft *d, const struct jv *set)
{
    struct entry_field *fields = arena_alloc(&d->arena, (set->len + 1) * sizeof *fields);
    int err = fields ? 0 : ERR_ROAD;
    for (size_t i = 0; i < set->len && !err; i++) {
        fields[i] = (struct entry_field){.name = set->keys[i], .value = set->items[i]};
        err = find_seen(d, &fields[i]);
    }
    d->entry.fields = fields;
    d->entry.fields_len = set->len;
    return err;
}

static int need_fields(const struct change *c)
{
    if (c->set && c->set->type == JV_OBJECT && c->set->len > 0) return 0;
    return err_set(ERR_INPUT, "nothing to write: name at least one field");
}

static int need_why(const struct change *c)
{
    return c->why && *c->why ? 0 : err_set(ERR_INPUT, "a reason is needed: --why TEXT");
}

/* ---- the four kinds ---- */

static int plan_new(struct draft *d)
{
    char id[RECORD_ID_MAX];
    struct record_id record = {.number = store_next_number(d->s)};
    int err = need_fields(d->c);
    if (!err && !d->c->type) err = err_set(ERR_INPUT, "a new record needs a type");
    if (!err) err = find_form(d, d->c->type);
    if (!err) err = case_of_new(d);
    if (!err) err = form_check_create(d->form, d->c->set);
    if (err) return err;
    memcpy(record.type, d->form->type, strlen(d->form->type) + 1);
    memcpy(record.kit, d->s->kit, sizeof record.kit);
    record_id_write(id, &record);
    d->entry.record = arena_strdup(&d->arena, id);
    d->entry.creates = true;
    return d->entry.record ? take_fields(d, d->c->set) : ERR_ROAD;
}

static bool in_conflict(const struct draft *d, const char *name)
{
    const struct fold_field *f = record_field(d->on, name);
    if (strcmp(name, VOID_FIELD) == 0) return d->on->void_state == VOID_CONFLICT;
    return f && f->conflict;
}

static int refuse_conflict(const struct draft *d)
{
    for (size_t i = 0; i < d->c->set->len; i++)
        if (in_conflict(d, d->c->set->keys[i]))
            return err_set(ERR_INPUT, "'%s' of '%s' is in conflict; settle it with 'satchel resolve'",
                d->c->set->keys[i], d->on->id);
    return 0;
}

static int refuse_void(const struct draft *d)
{
    const struct jv *taken_back = jv_get(d->c->set, VOID_FIELD);
    if (taken_back && taken_back->type != JV_NULL)
        return err_set(ERR_INPUT, "a record is voided with 'satchel void', and a reason, not by a field");
    if (taken_back || d->on->void_state != VOID) return 0;
    return err_set(
        ERR_INPUT, "'%s' is voided; take that back first: 'satchel set RECORD void:=null'", d->on->id);
}

/* Evidence is its bytes: what names them is as it was taken in. */
static int refuse_fixed(const struct draft *d)
{
    for (size_t i = 0; i < d->c->set->len; i++)
        if (form_fixes(d->form, d->c->set->keys[i]))
            return err_set(ERR_INPUT,
                "'%s' of %s stays as it was taken in; void the record and attach the right file",
                d->c->set->keys[i], d->form->type);
    return 0;
}

static int plan_set(struct draft *d)
{
    int err = need_fields(d->c);
    if (!err) err = find_record(d);
    if (!err) err = refuse_fixed(d);
    if (!err) err = refuse_void(d);
    if (!err) err = refuse_conflict(d);
    return err ? err : take_fields(d, d->c->set);
}

static int plan_void(struct draft *d)
{
    struct jv *set = jv_object(&d->arena);
    int err = need_why(d->c);
    if (!err) err = find_record(d);
    if (!err && d->on->void_state == VOID) err = err_set(ERR_INPUT, "'%s' is voided already", d->on->id);
    if (!err) err = jv_put(&d->arena, set, VOID_FIELD, jv_bool(&d->arena, true));
    return err ? err : take_fields(d, set);
}

static int plan_resolve(struct draft *d)
{
    int err = need_fields(d->c);
    if (!err) err = need_why(d->c);
    if (!err) err = find_record(d);
    for (size_t i = 0; !err && i < d->c->set->len; i++)
        if (!in_conflict(d, d->c->set->keys[i]))
            err = err_set(ERR_INPUT, "'%s' of '%s' is not in conflict; use 'satchel set'", d->c->set->keys[i],
                d->on->id);
    return err ? err : take_fields(d, d->c->set);
}

static int plan(struct draft *d)
{
    switch (d->c->kind) {
    case CHANGE_NEW:
        return plan_new(d);
    case CHANGE_SET:
        return plan_set(d);
    case CHANGE_VOID:
        return plan_void(d);
    case CHANGE_RESOLVE:
        return plan_resolve(d);
    }
    return err_set(ERR_USAGE, "no such kind of change");
}

/* ---- what must hold ---- */

static int check_target(struct draft *d, const char *field, const char *link)
{
    size_t prefix = strlen(REGISTER_LINK);
    bool in_register = strncmp(link, REGISTER_LINK, prefix) == 0;
    const char *id = in_register ? link + prefix : link;
    if (fold_record(d->s->fold, in_register ? REGISTER_CASE : d->case_name, id)) return 0;
    return err_set(ERR_INPUT, "'%s': there is no record '%s' in %s", field, id,
        in_register ? REGISTER_CASE : d->case_name);
}

/* Links lead somewhere; what is cleared or taken out of a set need not. */
static int check_links(struct draft *d)
{
    int err = 0;
    for (size_t i = 0; i < d->entry.fields_len && !err; i++) {
        const struct entry_field *f = &d->entry.fields[i];
        const char *member;
        const struct form_field *field = form_field(d->form, f->name, &member);
        err = form_check_value(d->form, f->name, f->value);
        if (err || !field) continue;
        if (field->kind == FIELD_LINK && f->value->type == JV_STRING)
            err = check_target(d, f->name, f->value->string);
        else if (field->kind == FIELD_SET && field->member == FIELD_LINK && f->value->type == JV_BOOL &&
                 f->value->boolean)
            err = check_target(d, f->name, member);
    }
    return err;
}

/* Our own entry must be one that others will accept. */
static int check_verdict(struct draft *d, const struct entry *e)
{
    const struct registry *registry;
    enum verdict verdict;
    const char *reason;
    int err = store_registry_get(d->s, &registry);
    if (!err)
        err = registry_judge(registry, d->s->forms, e, d->s->signer.public_key, &d->arena, &verdict, &reason);
    if (err || verdict == VERDICT_GOOD) return err;
    return err_set(ERR_INPUT, "this would not be accepted: %s", T(reason));
}

/* Behind the highest seq of this kit in the case, own entries that came back from elsewhere counted. */
static void chain_on(struct draft *d)
{
    const struct fold_chain *c = fold_chain(d->s->fold, d->case_name, d->s->kit);
    size_t last = c ? c->entries_len : 0;
    d->entry.seq = 1;
    if (last == 0) return;
    d->entry.seq = c->highest + 1;
    for (last--; last > 0 && c->entries[last - 1]->entry->seq == c->highest; last--) continue;
    d->entry.prev = c->entries[last]->entry->id;
}

static int make(struct draft *d, const struct entry **out)
{
    char now[TIME_TEXT];
    time_write_now(now);
    chain_on(d);
    d->entry.at = now;
    d->entry.after = store_after(d->s, d->case_name);
    d->entry.case_name = d->case_name;
    d->entry.form = d->form->id;
    d->entry.kit = d->s->kit;
    d->entry.why = d->c->why && *d->c->why ? d->c->why : NULL;
    return entry_make(out, fold_arena(d->s->fold), &d->entry, &d->s->signer);
}

int store_change(struct store_tx *tx, const struct change *c, const char **record)
{
    struct draft d = {.s = tx_store(tx), .c = c};
    const struct entry *e;
    const char *id = NULL;
    arena_init(&d.arena);
    int err = plan(&d);
    if (!err) err = check_links(&d);
    if (!err) err = make(&d, &e);
    if (!err) err = check_verdict(&d, e);
    if (!err && !(id = arena_strdup(&d.s->arena, e->record))) err = ERR_ROAD;
    if (!err) err = store_tx_take(tx, e, d.s->signer.public_key, VERDICT_GOOD, NULL, NULL);
    if (!err) *record = id;
    arena_release(&d.arena);
    return err;
}
