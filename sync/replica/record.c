/* One record: which values stand (its heads), what that makes of it, and how it is read.
 *
 * fold.c tells it head by head what changed, so that an entry costs what it sets, not what the record is made
 * of. The fields that are shown are gathered anew when they are asked for. */
#include "fold_parts.h"

#include <stdlib.h>
#include <string.h>

#define VOID_FIELD "void"

/* ---- entries ---- */

/* Kit, seq, id. */
static int compare_held(const void *item, const void *key)
{
    const struct entry *a = (*(const struct held *const *)item)->entry, *b = key;
    int order = strcmp(a->kit, b->kit);
    if (order) return order;
    if (a->seq != b->seq) return a->seq < b->seq ? -1 : 1;
    return strcmp(a->id, b->id);
}

int record_insert(struct arena *a, struct record *r, struct node *n)
{
    size_t len = r->shown.entries_len;
    struct held **entries = array_room(a, r->entries, len, &r->entries_cap, sizeof *entries);
    if (!entries) return ERR_ROAD;
    size_t place = array_place(entries, len, sizeof *entries, compare_held, n->held.entry);
    memmove(entries + place + 1, entries + place, (len - place) * sizeof *entries);
    entries[place] = &n->held;
    r->entries = entries;
    r->shown.entries = entries;
    r->shown.entries_len++;
    return 0;
}

static const struct held *least_creation(const struct record *r)
{
    const struct held *least = NULL;
    for (size_t i = 0; i < r->shown.entries_len; i++) {
        const struct held *h = r->entries[i];
        if (!h->entry->creates || h->verdict != VERDICT_GOOD) continue;
        if (!least || strcmp(h->entry->id, least->entry->id) < 0) least = h;
    }
    return least;
}

void record_count(struct record *r, const struct node *n)
{
    if (n->held.verdict == VERDICT_GOOD)
        r->shown.applied++;
    else
        r->shown.applied--;
    if (n->held.entry->creates) r->shown.created = least_creation(r);
    r->stale = true;
}

int record_compare(const struct record *a, const struct record *b)
{
    int order = strcmp(a->id.type, b->id.type);
    if (!order) order = strcmp(a->id.kit, b->id.kit);
    if (!order) order = a->id.number < b->id.number ? -1 : a->id.number > b->id.number;
    return order ? order : strcmp(a->shown.case_name, b->shown.case_name);
}

/* ---- heads ---- */

static int compare_set(const void *item, const void *name)
{
    return strcmp(((const struct entry_field *)item)->name, name);
}

const struct entry_field *field_set(const struct entry *e, const char *name)
{
    size_t place = array_place(e->fields, e->fields_len, sizeof *e->fields, compare_set, name);
    return place < e->fields_len && strcmp(e->fields[place].name, name) == 0 ? &e->fields[place] : NULL;
}

static int compare_field(const void *item, const void *name)
{
    return strcmp((*(const struct field *const *)item)->name, name);
}

/* Where the field is in r->fields, or belongs. */
static size_t field_place(const struct record *r, const char *name, bool *there)
{
    size_t place = array_place(r->fields, r->fields_len, sizeof *r->fields, compare_field, name);
    *there = place < r->fields_len && strcmp(r->fields[place]->name, name) == 0;
    return place;
}

static const struct field *find_field(const struct record *r, const char *name)
{
    bool there;
    size_t place = field_place(r, name, &there);
    return there ? r->fields[place] : NULL;
}

/* The field, made where it is not there yet; NULL when memory is out. */
static struct field *make_field(struct arena *a, struct record *r, const char *name)
{
    bool there;
    size_t place = field_place(r, name, &there);
    if (there) return r->fields[place];
    struct field *made = arena_alloc(a, sizeof *made);
    struct field **fields = array_room(a, r->fields, r->fields_len, &r->fields_cap, sizeof *fields);
    if (!made || !fields) return NULL;
    made->name = name;
    memmove(fields + place + 1, fields + place, (r->fields_len - place) * sizeof *fields);
    fields[place] = made;
    r->fields = fields;
    r->fields_len++;
    return made;
}

static int compare_head(const void *item, const void *id)
{
    return strcmp(((const struct fold_head *)item)->by->entry->id, id);
}

static size_t head_place(const struct field *f, const struct held *by, bool *there)
{
    size_t place = array_place(f->heads, f->len, sizeof *f->heads, compare_head, by->entry->id);
    *there = place < f->len && f->heads[place].by == by;
    return place;
}

static int add_head(struct arena *a, struct field *f, size_t place, struct fold_head head)
{
    struct fold_head *heads = array_room(a, f->heads, f->len, &f->cap, sizeof *heads);
    if (!heads) return ERR_ROAD;
    memmove(heads + place + 1, heads + place, (f->len - place) * sizeof *heads);
    heads[place] = head;
    f->heads = heads;
    f->len++;
    return 0;
}

int record_set_head(struct arena *a, struct record *r, const struct node *n, size_t i, bool head)
{
    const struct entry_field *set = &n->held.entry->fields[i];
    struct field *f = make_field(a, r, set->name);
    if (!f) return ERR_ROAD;
    bool there;
    size_t place = head_place(f, &n->held, &there);
    if (there == head) return 0;
    r->stale = true;
    if (head) return add_head(a, f, place, (struct fold_head){&n->held, set->value});
    f->len--;
    memmove(f->heads + place, f->heads + place + 1, (f->len - place) * sizeof *f->heads);
    return 0;
}

/* ---- what the heads make of the record ---- */

static bool is_true(const struct jv *v)
{
    return v->type == JV_BOOL && v->boolean;
}

static bool is_absent(const struct jv *v, bool member)
{
    return v->type == JV_NULL || (member && v->type == JV_BOOL && !v->boolean);
}

static bool heads_differ(const struct field *f)
{
    bool member = strchr(f->name, '.') != NULL;
    const struct jv *first = f->len > 0 ? f->heads[0].value : NULL;
    for (size_t i = 1; i < f->len; i++) {
        const struct jv *other = f->heads[i].value;
        if (!jv_equal(first, other) && !(is_absent(first, member) && is_absent(other, member))) return true;
    }
    return false;
}

static bool all_null(const struct field *f)
{
    for (size_t i = 0; i < f->len; i++)
        if (f->heads[i].value->type != JV_NULL) return false;
    return true;
}

static bool names(const struct entry_field *set, const char *id)
{
    size_t place = array_place(set->seen, set->seen_len, sizeof *set->seen, array_compare_strings, &id);
    return place < set->seen_len && strcmp(set->seen[place], id) == 0;
}

/* Was this value known to one who voided the record? An entry knows its own values. */
static bool known_to_voider(const struct field *voided, const struct held *by)
{
    for (size_t i = 0; i < voided->len; i++) {
        const struct held *voider = voided->heads[i].by;
        if (voider == by || names(field_set(voider->entry, VOID_FIELD), by->entry->id)) return true;
    }
    return false;
}

/* A void counts when all its heads say so and none of the record's values is outside what they have seen. */
static enum void_state void_state_of(const struct record *r, const struct field *voided)
{
    if (heads_differ(voided)) return VOID_CONFLICT;
    for (size_t i = 0; i < r->fields_len; i++) {
        const struct field *f = r->fields[i];
        for (size_t k = 0; f != voided && k < f->len; k++)
            if (!known_to_voider(voided, f->heads[k].by)) return VOID_CONFLICT;
    }
    return VOID;
}

static void settle_void(struct record *r)
{
    const struct field *voided = find_field(r, VOID_FIELD);
    r->shown.void_state = NOT_VOID;
    r->shown.voided_by = NULL;
    for (size_t i = 0; voided && i < voided->len && !r->shown.voided_by; i++)
        if (is_true(voided->heads[i].value)) r->shown.voided_by = voided->heads[i].by;
    if (r->shown.voided_by) r->shown.void_state = void_state_of(r, voided);
    if (r->shown.void_state == VOID_CONFLICT) r->shown.conflicts++;
}

int record_refresh(struct arena *a, struct record *r)
{
    if (!r->stale) return 0;
    if (r->view_cap < r->fields_len) {
        struct fold_field *view = arena_alloc(a, r->fields_cap * sizeof *view);
        if (!view) return ERR_ROAD;
        r->view = view;
        r->view_cap = r->fields_cap;
    }
    size_t len = 0;
    r->shown.conflicts = 0;
    for (size_t i = 0; i < r->fields_len; i++) {
        const struct field *f = r->fields[i];
        if (all_null(f) || strcmp(f->name, VOID_FIELD) == 0) continue;
        r->view[len] = (struct fold_field){f->name, f->heads, f->len, heads_differ(f)};
        if (r->view[len].conflict) r->shown.conflicts++;
        len++;
    }
    r->shown.fields = r->view;
    r->shown.fields_len = len;
    settle_void(r);
    r->stale = false;
    return 0;
}

/* ---- reading ---- */

static int compare_view(const void *item, const void *name)
{
    return strcmp(((const struct fold_field *)item)->name, name);
}

static size_t view_place(const struct fold_record *r, const char *name)
{
    return array_place(r->fields, r->fields_len, sizeof *r->fields, compare_view, name);
}

const struct fold_field *record_field(const struct fold_record *r, const char *name)
{
    size_t place = view_place(r, name);
    return place < r->fields_len && strcmp(r->fields[place].name, name) == 0 ? &r->fields[place] : NULL;
}

const struct jv *field_value(const struct fold_field *f)
{
    if (!f || f->conflict) return NULL;
    for (size_t i = 0; i < f->heads_len; i++)
        if (f->heads[i].value->type != JV_NULL) return f->heads[i].value;
    return NULL;
}

const struct jv *record_value(const struct fold_record *r, const char *name)
{
    return field_value(record_field(r, name));
}

const char *record_str(const struct fold_record *r, const char *name)
{
    return jv_str(record_value(r, name));
}

/* A member field as it is looked for: its name without having to put it together. */
struct member_name {
    const char *set, *member;
};

static int compare_member(const void *item, const void *key)
{
    const char *name = ((const struct fold_field *)item)->name;
    const struct member_name *m = key;
    size_t len = strlen(m->set);
    int order = strncmp(name, m->set, len);
    if (!order) order = (unsigned char)name[len] - '.';
    return order ? order : strcmp(name + len + 1, m->member);
}

/* Place of the first field that is not before set.member. */
static size_t member_place(const struct fold_record *r, const struct member_name *m)
{
    return array_place(r->fields, r->fields_len, sizeof *r->fields, compare_member, m);
}

int record_members(
    const struct fold_record *r, const char *set, int (*each)(void *ctx, const char *member), void *ctx)
{
    size_t len = strlen(set);
    for (size_t i = member_place(r, &(struct member_name){set, ""}); i < r->fields_len; i++) {
        const struct fold_field *f = &r->fields[i];
        if (strncmp(f->name, set, len) != 0 || f->name[len] != '.') break;
        const struct jv *value = field_value(f);
        int err = value && is_true(value) ? each(ctx, f->name + len + 1) : 0;
        if (err) return err;
    }
    return 0;
}

bool record_has_member(const struct fold_record *r, const char *set, const char *member)
{
    struct member_name name = {set, member};
    size_t place = member_place(r, &name);
    bool there = place < r->fields_len && compare_member(&r->fields[place], &name) == 0;
    const struct jv *value = there ? field_value(&r->fields[place]) : NULL;
    return value && is_true(value);
}

/* ---- what a new value must name ---- */

static size_t without_repeats(const char **ids, size_t len)
{
    size_t kept = 0;
    for (size_t i = 0; i < len; i++)
        if (kept == 0 || strcmp(ids[kept - 1], ids[i]) != 0) ids[kept++] = ids[i];
    return kept;
}

int record_seen(
    const struct fold_record *shown, const char *name, struct arena *a, const char *const **out, size_t *len)
{
    const struct record *r = (const struct record *)shown;
    bool all = strcmp(name, VOID_FIELD) == 0;
    size_t n = 0, room = 0;
    for (size_t i = 0; r && i < r->fields_len; i++) room += r->fields[i]->len;
    const char **ids = arena_alloc(a, (room + 1) * sizeof *ids);
    if (!ids) return ERR_ROAD;
    for (size_t i = 0; r && i < r->fields_len; i++) {
        const struct field *f = r->fields[i];
        for (size_t k = 0; (all || strcmp(f->name, name) == 0) && k < f->len; k++)
            ids[n++] = f->heads[k].by->entry->id;
    }
    qsort(ids, n, sizeof *ids, array_compare_strings);
    *out = ids;
    *len = without_repeats(ids, n);
    return 0;
}

static struct jv *head_ids(const struct field *f, struct arena *a)
{
    struct jv *ids = jv_array(a);
    for (size_t i = 0; ids && i < f->len; i++)
        if (jv_push(a, ids, jv_string(a, f->heads[i].by->entry->id))) return NULL;
    return ids;
}

struct jv *record_heads(const struct fold_record *shown, struct arena *a)
{
    const struct record *r = (const struct record *)shown;
    struct jv *heads = jv_object(a);
    for (size_t i = 0; heads && i < r->fields_len; i++)
        if (jv_put(a, heads, r->fields[i]->name, head_ids(r->fields[i], a))) return NULL;
    return heads;
}

int record_as_of(struct fold **f, const struct fold_record **out, const struct fold_record *r,
    bool (*there)(void *ctx, const struct held *h), void *ctx)
{
    struct fold *made;
    bool known;
    int err = fold_new(&made);
    if (err) return err;
    for (size_t i = 0; i < r->entries_len && !err; i++) {
        const struct held *h = r->entries[i];
        if (there(ctx, h)) err = fold_add(made, h->entry, h->public_key, h->verdict, h->reason, h->place, &known);
    }
    if (err) {
        fold_free(made);
        return err;
    }
    const struct fold_record *then = fold_record(made, r->case_name, r->id);
    *out = then && then->applied ? then : NULL;
    *f = made;
    return 0;
}
