/* A case opened anew under another name. Names are unique ignoring case of letters (design.md §2); of two
 * that were opened offline the hub takes only one, and the other is signed under a name that it can never
 * have. So the state of its records is written again, into a new case, by this kit; the old case stays as it
 * is, with its history.
 *
 * A record is created as soon as what it must link to has been; the rest of its fields is set when all
 * records are there, since links may run in circles. */
#include "internal.h"

#include <string.h>

#include "satchel/base/text.h"

struct copied {
    const char *id, *type;
    const struct form *form;
    const char *to;    /* id of the copy; NULL: not yet, or left behind */
    struct jv *fields; /* as they stand */
    struct jv *set;    /* those of them that the copy has */
};

struct copying {
    struct store *s;
    struct store_tx *tx;
    const char *from, *to;
    struct arena *arena;
    struct copied *records;
    size_t len;
    struct map by_id; /* struct copied by id */
    struct case_copy *out;
};

/* ---- what there is to copy ---- */

/* Only what this kit may hand on in the old case, so that a hash in a record is no way to other bytes. */
static int evidence_copyable(struct copying *c, const struct fold_record *r, bool *yes)
{
    struct evidence_state state;
    const char *sha256 = record_str(r, "sha256");
    *yes = strcmp(r->type, "evidence") != 0;
    if (*yes || !sha256 || !is_sha256_hex(sha256)) return 0;
    int err = store_evidence_state(c->s, c->from, sha256, &state);
    return err || !state.here ? err : evidence_of_case(c->s, c->from, sha256, yes);
}

static int leave_behind(struct copying *c, const char *what)
{
    return jv_push(c->arena, c->out->left, jv_string(c->arena, what));
}

static int note_fields(struct copying *c, struct copied *item, const struct fold_record *r)
{
    item->fields = jv_object(c->arena);
    item->set = jv_object(c->arena);
    for (size_t i = 0; i < r->fields_len; i++) {
        const struct jv *value = field_value(&r->fields[i]);
        int err = value ? jv_put(c->arena, item->fields, r->fields[i].name, jv_copy(c->arena, value)) : 0;
        if (err) return err;
    }
    return item->fields && item->set ? 0 : ERR_ROAD;
}

/* Could all that the record says be written with this form? */
static bool suits(const struct form *form, const struct fold_record *r)
{
    for (size_t i = 0; form && i < r->fields_len; i++) {
        const struct jv *value = field_value(&r->fields[i]);
        if (!value || form_check_value(form, r->fields[i].name, value) == 0) continue;
        err_clear();
        return false;
    }
    return form != NULL;
}

/* The current form, or where that does not suit, one of those that the record was written with. */
static const struct form *form_for(const struct copying *c, const struct fold_record *r)
{
    const struct form *current = forms_current(c->s->forms, r->type);
    if (suits(current, r)) return current;
    for (size_t i = r->entries_len; i > 0; i--) {
        const struct form *form = forms_find(c->s->forms, r->entries[i - 1]->entry->form);
        if (suits(form, r)) return form;
    }
    return current;
}

static int note_record(struct copying *c, const struct fold_record *r)
{
    struct copied *item = &c->records[c->len];
    bool copyable;
    if (r->conflicts)
        return err_set(ERR_INPUT, "'%s' is in conflict; settle it with 'satchel resolve' first", r->id);
    if (r->applied == 0) return 0;
    int err = evidence_copyable(c, r, &copyable);
    if (err) return err;
    if (r->void_state == VOID || !copyable) return leave_behind(c, r->id);
    item->id = arena_strdup(c->arena, r->id);
    item->type = arena_strdup(c->arena, r->type);
    item->form = form_for(c, r);
    if (!item->id || !item->type) return ERR_ROAD;
    if (!item->form)
        return err_set(ERR_INPUT, "there is no record type '%s'; 'satchel form list' lists them", r->type);
    err = note_fields(c, item, r);
    if (!err) err = map_put(&c->by_id, item->id, item);
    c->len++;
    return err;
}

static int note_records(struct copying *c)
{
    const struct fold_record *const *records;
    size_t len;
    int err = fold_records(c->s->fold, c->from, &records, &len);
    c->records = err ? NULL : arena_alloc(c->arena, (len + 1) * sizeof *c->records);
    if (!err && !c->records) err = ERR_ROAD;
    for (size_t i = 0; i < len && !err; i++) err = note_record(c, records[i]);
    return err;
}

/* ---- links ---- */

/* The copy of what a link leads to, or the link itself where that is in the register; NULL: there is none
 * (yet). */
static const char *link_of_copy(const struct copying *c, const char *link)
{
    if (strncmp(link, REGISTER_CASE ":", sizeof REGISTER_CASE) == 0) return link;
    const struct copied *target = map_get(&c->by_id, link);
    return target ? target->to : NULL;
}

/* Name and value of a field in the copy; *name NULL: it links to what has no copy. */
static int field_of_copy(
    struct copying *c, const struct copied *item, size_t i, const char **name, const struct jv **value)
{
    const char *member;
    const struct form_field *f = form_field(item->form, item->fields->keys[i], &member);
    *name = item->fields->keys[i];
    *value = item->fields->items[i];
    if (f && f->kind == FIELD_LINK && jv_str(*value)) {
        const char *link = link_of_copy(c, jv_str(*value));
        if (!link) *name = NULL;
        *value = link ? jv_string(c->arena, link) : *value;
    } else if (f && f->kind == FIELD_SET && f->member == FIELD_LINK && member) {
        const char *link = link_of_copy(c, member);
        *name = link ? arena_printf(c->arena, "%s.%s", f->name, link) : NULL;
        if (link && !*name) return ERR_ROAD;
    }
    return *value ? 0 : ERR_ROAD;
}

/* Those fields that have somewhere to lead to, but for what the copy has already. *missing: of the others. */
static int fields_of_copy(struct copying *c, const struct copied *item, struct jv **out, bool *missing)
{
    struct jv *set = jv_object(c->arena);
    int err = set ? 0 : ERR_ROAD;
    *missing = false;
    for (size_t i = 0; i < item->fields->len && !err; i++) {
        const char *name;
        const struct jv *value;
        err = field_of_copy(c, item, i, &name, &value);
        if (!err && !name) *missing = true;
        if (!err && name && !jv_get(item->set, name)) err = jv_put(c->arena, set, name, value);
    }
    *out = set;
    return err;
}

/* ---- writing ---- */

static int write_copy(struct copying *c, struct copied *item, enum change_kind kind, struct jv *set)
{
    const char *id;
    struct change change = {.kind = kind,
        .type = item->type,
        .case_name = c->to,
        .record = item->to,
        .set = set,
        .form = item->form};
    change.why = arena_printf(c->arena, T("copied from '%s' of the case '%s'"), item->id, c->from);
    int err = change.why ? store_change(c->tx, &change, &id) : ERR_ROAD;
    for (size_t i = 0; i < set->len && !err; i++)
        err = jv_put(c->arena, item->set, set->keys[i], set->items[i]);
    if (!err && kind == CHANGE_NEW) item->to = id;
    return err;
}

/* *made: it could be created by now. */
static int try_create(struct copying *c, struct copied *item, bool *made)
{
    struct jv *set;
    bool missing;
    int err = fields_of_copy(c, item, &set, &missing);
    *made = !err && form_check_create(item->form, set) == 0;
    if (err) return err;
    err_clear();
    return *made ? write_copy(c, item, CHANGE_NEW, set) : 0;
}

static bool opens(const struct copied *item)
{
    return strcmp(item->type, "organisation") == 0;
}

static int open_case(struct copying *c)
{
    bool made = false;
    int err = 0;
    for (size_t i = 0; i < c->len && !err; i++)
        if (opens(&c->records[i])) err = try_create(c, &c->records[i], &made);
    if (err || made) return err;
    return err_set(ERR_INPUT, "the case '%s' has no organisation to open another one with", c->from);
}

static int create_all(struct copying *c)
{
    bool more = true;
    int err = 0;
    while (more && !err) {
        more = false;
        for (size_t i = 0; i < c->len && !err; i++) {
            bool made = false;
            if (!c->records[i].to) err = try_create(c, &c->records[i], &made);
            more = more || made;
        }
    }
    return err;
}

/* What has come to have somewhere to lead to. */
static int complete(struct copying *c, struct copied *item)
{
    struct jv *set, *pair = jv_object(c->arena);
    bool missing;
    if (!item->to) return leave_behind(c, item->id);
    int err = fields_of_copy(c, item, &set, &missing);
    if (!err && set->len) err = write_copy(c, item, CHANGE_SET, set);
    if (!err) err = jv_put_str(c->arena, pair, "from", item->id);
    if (!err) err = jv_put_str(c->arena, pair, "to", item->to);
    if (!err) err = jv_put(c->arena, pair, "whole", jv_bool(c->arena, !missing));
    return err ? err : jv_push(c->arena, c->out->copied, pair);
}

static int copy_all(struct copying *c)
{
    int err = note_records(c);
    if (!err) err = open_case(c);
    if (!err) err = create_all(c);
    for (size_t i = 0; i < c->len && !err; i++) err = complete(c, &c->records[i]);
    const char *name = err ? NULL : arena_printf(c->arena, "copied.%s", c->from);
    if (!err) err = name ? store_tx_set(c->tx, name, c->to) : ERR_ROAD;
    return err;
}

int store_copy_case(
    struct store_tx *tx, const char *from, const char *to, struct arena *a, struct case_copy *out)
{
    struct copying c = {.s = tx_store(tx), .tx = tx, .to = to, .arena = a, .out = out};
    const char *name = fold_case_named(c.s->fold, from);
    if (!name || strcmp(name, REGISTER_CASE) == 0)
        return err_set(ERR_MISSING, "there is no case '%s' in this store", from);
    *out = (struct case_copy){jv_array(a), jv_array(a)};
    c.from = arena_strdup(a, name);
    if (!out->copied || !out->left || !c.from) return ERR_ROAD;
    map_init(&c.by_id);
    int err = copy_all(&c);
    map_release(&c.by_id);
    return err;
}
