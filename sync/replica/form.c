/* Forms: read once into tables, then asked. The JSON is described in form.h.
 *
 * A form is named by the hash of its canonical bytes, so blanks and the order of keys do not make another
 * version. */
#include "satchel/replica/form.h"

#include <stdlib.h>
#include <string.h>

#include "satchel/base/map.h"
#include "satchel/base/text.h"
#include "satchel/base/time.h"
#include "array.h"

#define FORM_MAX_BYTES ENTRY_MAX_BYTES
#define FORM_MAX_DEPTH 16
#define REGISTER_LINK "register:"

struct forms {
    struct arena arena;
    struct map by_id;         /* struct form: every version */
    struct map current;       /* struct form by type */
    const struct form **list; /* the current ones, sorted by type */
    size_t list_len, list_cap;
};

static const struct {
    const char *name;
    enum field_kind kind;
} kinds[] = {
    {"text", FIELD_TEXT},
    {"int", FIELD_INT},
    {"bool", FIELD_BOOL},
    {"date", FIELD_DATE},
    {"time", FIELD_TIME},
    {"choice", FIELD_CHOICE},
    {"link", FIELD_LINK},
    {"set", FIELD_SET},
    {"json", FIELD_JSON},
};

/* A field of every form. */
static const struct form_field void_field = {.name = "void", .label = {"void", "作废"}, .kind = FIELD_BOOL};

int forms_new(struct forms **out)
{
    struct forms *f = calloc(1, sizeof *f);
    if (!f) return err_memory();
    arena_init(&f->arena);
    map_init(&f->by_id);
    map_init(&f->current);
    *out = f;
    return 0;
}

void forms_free(struct forms *f)
{
    if (!f) return;
    map_release(&f->by_id);
    map_release(&f->current);
    arena_release(&f->arena);
    free(f);
}

/* ---- reading a form ---- */

static int kind_of(enum field_kind *out, const char *name)
{
    for (size_t i = 0; name && i < sizeof kinds / sizeof *kinds; i++) {
        if (strcmp(kinds[i].name, name) != 0) continue;
        *out = kinds[i].kind;
        return 0;
    }
    return err_set(ERR_INPUT, "'%s' is no kind of field", name ? name : "");
}

static struct label label_of(const struct jv *v)
{
    return (struct label){jv_get_str(v, "en"), jv_get_str(v, "zh")};
}

/* An array of strings; absent is empty. */
static int read_strings(const char *const **out, size_t *len, struct arena *a, const struct jv *v)
{
    size_t n = v ? v->len : 0;
    if (v && v->type != JV_ARRAY) return err_set(ERR_INPUT, "not a list of strings");
    const char **strings = arena_alloc(a, (n + 1) * sizeof *strings);
    if (!strings) return ERR_ROAD;
    for (size_t i = 0; i < n; i++) {
        strings[i] = jv_str(v->items[i]);
        if (!strings[i]) return err_set(ERR_INPUT, "not a list of strings");
    }
    *out = strings;
    *len = n;
    return 0;
}

static bool is_listed(const char *const *strings, size_t len, const char *s)
{
    for (size_t i = 0; i < len; i++)
        if (strcmp(strings[i], s) == 0) return true;
    return false;
}

static int read_choices(struct form_field *f, struct arena *a, const struct jv *v)
{
    if (!v || v->type != JV_ARRAY || v->len == 0) return err_set(ERR_INPUT, "no choices to choose from");
    struct form_choice *choices = arena_alloc(a, v->len * sizeof *choices);
    if (!choices) return ERR_ROAD;
    for (size_t i = 0; i < v->len; i++) {
        choices[i].value = jv_get_str(v->items[i], "value");
        choices[i].label = label_of(jv_get(v->items[i], "label"));
        if (!choices[i].value) return err_set(ERR_INPUT, "a choice without value");
    }
    f->choices = choices;
    f->choices_len = v->len;
    return 0;
}

static bool field_name_free(const char *name)
{
    return name && field_name_valid(name) && !strchr(name, '.') && name[0] != '_' &&
           strcmp(name, void_field.name) != 0;
}

static int read_kind(struct form_field *f, struct arena *a, const struct jv *v)
{
    int rc = kind_of(&f->kind, jv_get_str(v, "type"));
    if (!rc && f->kind == FIELD_SET) rc = kind_of(&f->member, jv_get_str(v, "of"));
    if (rc) return rc;
    enum field_kind kind = f->kind == FIELD_SET ? f->member : f->kind;
    bool set_of_others =
        f->kind == FIELD_SET && kind != FIELD_LINK && kind != FIELD_CHOICE && kind != FIELD_TEXT;
    if (set_of_others && kind != FIELD_JSON)
        return err_set(ERR_INPUT, "a set holds link, choice, text or json, not '%s'", jv_get_str(v, "of"));
    if (kind == FIELD_CHOICE) rc = read_choices(f, a, jv_get(v, "choices"));
    if (!rc) rc = read_strings(&f->to, &f->to_len, a, jv_get(v, "to"));
    return rc;
}

static int read_fixed(struct form_field *f, const struct jv *v)
{
    if (v && v->type != JV_BOOL) return err_set(ERR_INPUT, "\"fixed\" is true or false");
    f->fixed = v && v->boolean;
    return f->fixed && f->kind == FIELD_SET ? err_set(ERR_INPUT, "a set cannot be fixed") : 0;
}

/* Those of the form's writers who may set the field. */
static int read_field_writers(
    struct form_field *f, const struct form *form, struct arena *a, const struct jv *v)
{
    int rc = v ? read_strings(&f->writers, &f->writers_len, a, v) : 0;
    if (!rc && v && f->writers_len == 0) rc = err_set(ERR_INPUT, "nobody could write it");
    for (size_t i = 0; !rc && i < f->writers_len; i++)
        if (!is_listed(form->writers, form->writers_len, f->writers[i]))
            rc = err_set(ERR_INPUT, "'%s' is no writer of the form", f->writers[i]);
    return rc;
}

static int read_field(struct form_field *f, const struct form *form, struct arena *a, const struct jv *v)
{
    const char *name = jv_get_str(v, "name"), *required_at = jv_get_str(v, "required_at");
    if (!field_name_free(name)) return err_set(ERR_INPUT, "'%s' is not a name for a field", name ? name : "");
    f->name = name;
    f->label = label_of(jv_get(v, "label"));
    f->help = label_of(jv_get(v, "help"));
    f->required_at_create = required_at && strcmp(required_at, "create") == 0;
    f->required = f->required_at_create || jv_get_bool(v, "required");
    if (required_at && !f->required_at_create)
        return err_set(ERR_INPUT, "field '%s': required_at knows 'create' only", name);
    int rc = read_kind(f, a, v);
    if (!rc) rc = read_fixed(f, jv_get(v, "fixed"));
    if (!rc) rc = read_field_writers(f, form, a, jv_get(v, "writers"));
    return rc ? err_within(rc, "field '%s'", name) : 0;
}

/* ---- conditions: they name other fields, and are read once all of these are there ---- */

static bool value_fits(const struct form_field *field, const struct jv *v);

static int read_values(struct form_condition *c, const struct jv *v)
{
    if (c->field->kind == FIELD_SET || c->field->kind == FIELD_JSON)
        return err_set(ERR_INPUT, "field '%s' knows \"is_set\" only", c->field->name);
    if (v->type != JV_ARRAY || v->len == 0) return err_set(ERR_INPUT, "\"is\" is a list of values");
    for (size_t i = 0; i < v->len; i++)
        if (v->items[i]->type == JV_NULL || !value_fits(c->field, v->items[i]))
            return err_set(ERR_INPUT, "field '%s' never has that value", c->field->name);
    c->values = v->items;
    c->values_len = v->len;
    return 0;
}

static int read_condition(struct form_condition *c, const struct form *form, const struct jv *v)
{
    const char *member, *name = jv_get_str(v, "field");
    const struct jv *is = jv_get(v, "is"), *is_set = jv_get(v, "is_set");
    if (v->type != JV_OBJECT || v->len != 2 || !name || (!is && (!is_set || is_set->type != JV_BOOL)))
        return err_set(ERR_INPUT,
            "a condition is {\"field\":NAME,\"is\":[VALUE,…]} or {\"field\":NAME,\"is_set\":true|false}");
    c->field = form_field(form, name, &member);
    if (!c->field || c->field == &void_field || member)
        return err_set(ERR_INPUT, "its condition is on '%s', which is no field of the form", name);
    if (is) return read_values(c, is);
    c->is_set = is_set->boolean;
    return 0;
}

static int read_conditions(struct form_field *f, const struct form *form, struct arena *a, const struct jv *v)
{
    if (!v) return 0;
    bool list = v->type == JV_ARRAY;
    size_t n = list ? v->len : 1;
    struct form_condition *conditions = arena_alloc(a, (n + 1) * sizeof *conditions);
    if (!conditions) return ERR_ROAD;
    if (n == 0 || f->required)
        return err_set(ERR_INPUT, "\"required_if\" beside \"required\", or without conditions");
    for (size_t i = 0; i < n; i++) {
        int rc = read_condition(&conditions[i], form, list ? v->items[i] : v);
        if (rc) return rc;
        if (conditions[i].field == f) return err_set(ERR_INPUT, "its condition is on itself");
    }
    f->conditions = conditions;
    f->conditions_len = n;
    return 0;
}

static int read_all_conditions(
    struct form_field *fields, const struct form *form, struct arena *a, const struct jv *v)
{
    int rc = 0;
    for (size_t i = 0; i < form->fields_len && !rc; i++) {
        rc = read_conditions(&fields[i], form, a, jv_get(v->items[i], "required_if"));
        if (rc) rc = err_within(rc, "field '%s'", fields[i].name);
    }
    return rc;
}

/* ---- the whole form ---- */

static int read_fields(struct form *form, struct arena *a, const struct jv *v)
{
    if (!v || v->type != JV_ARRAY) return err_set(ERR_INPUT, "no list of fields");
    struct form_field *fields = arena_alloc(a, (v->len + 1) * sizeof *fields);
    if (!fields) return ERR_ROAD;
    for (size_t i = 0; i < v->len; i++) {
        int rc = read_field(&fields[i], form, a, v->items[i]);
        if (rc) return rc;
        for (size_t k = 0; k < i; k++)
            if (strcmp(fields[k].name, fields[i].name) == 0)
                return err_set(ERR_INPUT, "field '%s' is there twice", fields[i].name);
    }
    form->fields = fields;
    form->fields_len = v->len;
    return read_all_conditions(fields, form, a, v);
}

static int read_place(struct form *form, const char *in)
{
    form->in_register = in && strcmp(in, "register") == 0;
    if (form->in_register || (in && strcmp(in, "case") == 0)) return 0;
    return err_set(ERR_INPUT, "\"in\" must be 'case' or 'register'");
}

static int read_form(struct form *form, struct arena *a, const struct jv *v)
{
    form->type = jv_get_str(v, "form");
    if (!form->type || !type_name_valid(form->type, strlen(form->type)))
        return err_set(ERR_INPUT, "\"form\" must name a record type");
    form->title = label_of(jv_get(v, "title"));
    form->json = v;
    int rc = read_place(form, jv_get_str(v, "in"));
    if (!rc) rc = read_strings(&form->writers, &form->writers_len, a, jv_get(v, "writers"));
    if (!rc) rc = read_fields(form, a, jv_get(v, "fields"));
    return rc ? err_within(rc, "form '%s'", form->type) : 0;
}

/* ---- the collection ---- */

static void form_name(char id[FORM_ID_SIZE], const char *type, const struct buf *canonical)
{
    unsigned char hash[SHA256_SIZE];
    sha256(hash, canonical->data, canonical->len);
    size_t len = strlen(type);
    memcpy(id, type, len);
    id[len] = '@';
    hex_write(id + len + 1, hash, 8);
}

static int compare_type(const void *item, const void *type)
{
    return strcmp((*(const struct form *const *)item)->type, type);
}

static int make_current(struct forms *f, struct form *form)
{
    size_t place = array_place(f->list, f->list_len, sizeof *f->list, compare_type, form->type);
    if (!map_get(&f->current, form->type)) {
        const struct form **list = array_room(&f->arena, f->list, f->list_len, &f->list_cap, sizeof *list);
        if (!list) return ERR_ROAD;
        memmove(list + place + 1, list + place, (f->list_len - place) * sizeof *list);
        f->list = list;
        f->list_len++;
    }
    f->list[place] = form;
    return map_put(&f->current, form->type, form);
}

static int add_canonical(struct forms *f, const struct buf *canonical, bool current)
{
    const struct jv *v;
    struct form *form = arena_alloc(&f->arena, sizeof *form);
    if (!form) return ERR_ROAD;
    int rc = json_parse(&v, &f->arena, canonical->data, canonical->len, FORM_MAX_DEPTH, JSON_STRICT);
    if (!rc) rc = read_form(form, &f->arena, v);
    if (rc) return rc;
    form_name(form->id, form->type, canonical);
    rc = map_put(&f->by_id, form->id, form);
    return rc || !current ? rc : make_current(f, form);
}

/* The version that these bytes are, where it is known: the same registers and schemes are read again and again. */
static struct form *known_version(const struct forms *f, const struct jv *json, const struct buf *canonical)
{
    char id[FORM_ID_SIZE];
    const char *type = jv_get_str(json, "form");
    if (!type || !type_name_valid(type, strlen(type))) return NULL;
    form_name(id, type, canonical);
    return map_get(&f->by_id, id);
}

int forms_add_value(struct forms *f, const struct jv *json, bool current)
{
    struct buf canonical;
    buf_init(&canonical, FORM_MAX_BYTES);
    json_write(&canonical, json);
    int rc = buf_error(&canonical);
    struct form *known = rc ? NULL : known_version(f, json, &canonical);
    if (known)
        rc = current ? make_current(f, known) : 0;
    else if (!rc)
        rc = add_canonical(f, &canonical, current);
    buf_release(&canonical);
    return rc;
}

int forms_add(struct forms *f, const void *json, size_t len, bool current)
{
    struct arena a;
    const struct jv *v;
    arena_init(&a);
    int rc = json_parse(&v, &a, json, len, FORM_MAX_DEPTH, JSON_STRICT);
    if (!rc) rc = forms_add_value(f, v, current);
    arena_release(&a);
    return rc;
}

int form_id_of(char id[FORM_ID_SIZE], const struct jv *json)
{
    struct buf canonical;
    const char *type = jv_get_str(json, "form");
    if (!type || !type_name_valid(type, strlen(type)))
        return err_set(ERR_INPUT, "\"form\" must name a record type");
    buf_init(&canonical, FORM_MAX_BYTES);
    json_write(&canonical, json);
    int rc = buf_error(&canonical);
    if (!rc) form_name(id, type, &canonical);
    buf_release(&canonical);
    return rc;
}

const struct form *forms_find(const struct forms *f, const char *form_id)
{
    return map_get(&f->by_id, form_id);
}

const struct form *forms_current(const struct forms *f, const char *type)
{
    return map_get(&f->current, type);
}

const struct form *const *forms_list(const struct forms *f, size_t *len)
{
    *len = f->list_len;
    return f->list;
}

/* ---- asking a form ---- */

const struct form_field *form_field(const struct form *f, const char *name, const char **member)
{
    const char *dot = strchr(name, '.');
    size_t len = dot ? (size_t)(dot - name) : strlen(name);
    *member = dot ? dot + 1 : NULL;
    if (strcmp(name, void_field.name) == 0) return &void_field;
    for (size_t i = 0; i < f->fields_len; i++) {
        const struct form_field *field = &f->fields[i];
        if (strncmp(field->name, name, len) != 0 || field->name[len] != '\0') continue;
        return !dot || field->kind == FIELD_SET ? field : NULL;
    }
    return NULL;
}

static bool is_choice(const struct form_field *field, const char *s)
{
    for (size_t i = 0; i < field->choices_len; i++)
        if (strcmp(field->choices[i].value, s) == 0) return true;
    return false;
}

static const char *without_register(const char *link)
{
    size_t len = strlen(REGISTER_LINK);
    return strncmp(link, REGISTER_LINK, len) == 0 ? link + len : link;
}

/* A link to one of the types that the field names; to any, where it names none. */
static bool is_link(const struct form_field *field, const char *s)
{
    if (!link_valid(s)) return false;
    const char *target = without_register(s);
    size_t len = strcspn(target, "/");
    for (size_t i = 0; i < field->to_len; i++) {
        const char *type = without_register(field->to[i]);
        if (strlen(type) == len && strncmp(type, target, len) == 0) return true;
    }
    return field->to_len == 0;
}

static bool is_time(const char *s)
{
    int64_t seconds;
    int offset_minutes;
    return time_read(&seconds, &offset_minutes, s);
}

/* Does the value fit one of the kinds that are written as strings? */
static bool string_fits(const struct form_field *field, enum field_kind kind, const char *s)
{
    switch (kind) {
    case FIELD_TEXT:
        return true;
    case FIELD_DATE:
        return date_valid(s);
    case FIELD_TIME:
        return is_time(s);
    case FIELD_CHOICE:
        return is_choice(field, s);
    case FIELD_LINK:
        return is_link(field, s);
    default:
        return false;
    }
}

static bool value_fits(const struct form_field *field, const struct jv *v)
{
    if (v->type == JV_NULL || field->kind == FIELD_JSON) return true;
    if (field == &void_field) return v->type == JV_BOOL && v->boolean;
    if (v->type == JV_INT) return field->kind == FIELD_INT;
    if (v->type == JV_BOOL) return field->kind == FIELD_BOOL;
    return v->type == JV_STRING && string_fits(field, field->kind, v->string);
}

static bool member_fits(const struct form_field *field, const char *member, const struct jv *v)
{
    if (*member == '\0') return false;
    if (field->member == FIELD_JSON) return true;
    return (v->type == JV_BOOL || v->type == JV_NULL) && string_fits(field, field->member, member);
}

static const char *kind_words(enum field_kind kind)
{
    switch (kind) {
    case FIELD_TEXT:
        return T("text");
    case FIELD_INT:
        return T("whole number");
    case FIELD_BOOL:
        return T("yes or no");
    case FIELD_DATE:
        return T("date YYYY-MM-DD");
    case FIELD_TIME:
        return T("time 2026-11-22T10:11:12+08:00");
    case FIELD_CHOICE:
        return T("one of");
    case FIELD_LINK:
        return T("a record of type");
    default:
        return "JSON";
    }
}

/* The choices, or the types that may be linked, as people read a list. */
static void list_allowed(struct buf *out, const struct form_field *field)
{
    for (size_t i = 0; i < field->choices_len; i++) buf_addf(out, i ? ", %s" : "%s", field->choices[i].value);
    for (size_t i = 0; i < field->to_len; i++) buf_addf(out, i ? ", %s" : "%s", field->to[i]);
}

static int refuse(const struct form *f, const struct form_field *field, const char *name)
{
    if (field == &void_field) return err_set(ERR_INPUT, "field 'void' takes true, or null to take it back");
    struct buf allowed;
    buf_init(&allowed, FORM_MAX_BYTES);
    list_allowed(&allowed, field);
    const char *kind = kind_words(field->kind == FIELD_SET ? field->member : field->kind);
    if (field->kind == FIELD_SET)
        err_set(ERR_INPUT, "'%s' of %s: a member is %s %s, and its value true or false", name, f->type, kind,
            buf_str(&allowed));
    else if (allowed.len > 0)
        err_set(ERR_INPUT, "field '%s' of %s takes %s %s", name, f->type, kind, buf_str(&allowed));
    else
        err_set(ERR_INPUT, "field '%s' of %s takes: %s", name, f->type, kind);
    buf_release(&allowed);
    return ERR_INPUT;
}

int form_check_value(const struct form *f, const char *name, const struct jv *value)
{
    const char *member;
    const struct form_field *field = form_field(f, name, &member);
    if (!field) return err_set(ERR_INPUT, "%s has no field '%s'", f->type, name);
    bool fits = member                     ? member_fits(field, member, value)
                : field->kind == FIELD_SET ? false
                                           : value_fits(field, value);
    return fits ? 0 : refuse(f, field, name);
}

bool form_fixes(const struct form *f, const char *name)
{
    const char *member;
    const struct form_field *field = form_field(f, name, &member);
    return field && field->fixed;
}

bool form_voids(const char *name)
{
    return strcmp(name, void_field.name) == 0;
}

int form_check_entry(const struct form *f, const struct entry *e)
{
    bool in_register = strcmp(e->case_name, REGISTER_CASE) == 0;
    if (f->in_register && !in_register)
        return err_set(ERR_INPUT, "%s is a record of the register, not of a case", f->type);
    if (!f->in_register && in_register)
        return err_set(ERR_INPUT, "%s is a record of a case, not of the register", f->type);
    for (size_t i = 0; i < e->fields_len; i++) {
        int rc = form_check_value(f, e->fields[i].name, e->fields[i].value);
        if (rc) return rc;
        if (!e->creates && form_fixes(f, e->fields[i].name))
            return err_set(ERR_INPUT, "field '%s' of %s stays as it was when the record was made",
                e->fields[i].name, f->type);
    }
    return 0;
}

/* Is the field (of a set: any member) among what is set? */
static bool is_set(const struct form_field *field, const struct jv *set)
{
    size_t len = strlen(field->name);
    for (size_t i = 0; i < set->len; i++) {
        const char *name = set->keys[i];
        const struct jv *v = set->items[i];
        if (strncmp(name, field->name, len) != 0) continue;
        if (field->kind == FIELD_SET ? name[len] != '.' : name[len] != '\0') continue;
        bool absent = v->type == JV_NULL || (field->kind == FIELD_SET && v->type == JV_BOOL && !v->boolean);
        if (!absent) return true;
    }
    return false;
}

int form_check_create(const struct form *f, const struct jv *set)
{
    for (size_t i = 0; i < f->fields_len; i++)
        if (f->fields[i].required_at_create && !is_set(&f->fields[i], set))
            return err_set(ERR_INPUT, "%s needs %s from the start: %s=…", label_text(&f->title), label_text(&f->fields[i].label),
                f->fields[i].name);
    return 0;
}

const char *label_text(const struct label *l)
{
    const char *chosen = text_language_now() == LANGUAGE_ZH ? l->zh : l->en;
    const char *other = l->zh ? l->zh : l->en;
    if (chosen) return chosen;
    return other ? other : "";
}
