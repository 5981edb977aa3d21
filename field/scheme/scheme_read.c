/* Content of a scheme, checked and made into a scheme. It may come from somebody else, so nothing in it is
 * believed: each member that the program reads has its type, lists have labels in both languages, forms suit
 * the rules. */
#include "scheme_parts.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "satchel/base/crypto.h"
#include "satchel/base/text.h"
#include "satchel/format/names.h"
#include "satchel/format/shape.h"

#define ADMIN "admin"

/* ---- labels and lists ---- */

int label_read(struct label *out, const struct jv *object, const char *key)
{
    const struct jv *v = jv_get(object, key);
    const struct label label = {jv_get_str(v, "en"), jv_get_str(v, "zh")};
    if (!label.en || !label.zh || !*label.en || !*label.zh)
        return err_set(ERR_INPUT, "\"%s\" needs a text in both languages", key);
    *out = label;
    return 0;
}

/* What becomes a member of a set, or the value of a choice; levels are whole numbers, the lowest first. */
static bool value_good(const struct jv *value, enum jv_type type)
{
    if (!value || value->type != type) return false;
    return type == JV_INT ? value->integer >= 0 && value->integer <= CLAUSE_ANY_LEVEL
                          : field_name_valid(value->string);
}

static bool comes_before(const struct jv *list, size_t i, const struct jv *value)
{
    for (size_t k = 0; k < i; k++) {
        const struct jv *other = jv_get(list->items[k], "value");
        if (value->type == JV_INT ? other->integer >= value->integer : jv_equal(other, value)) return true;
    }
    return false;
}

static int check_list(const struct jv *json, const char *name, enum jv_type type)
{
    const struct jv *list = jv_get(json, name);
    if (!list || list->type != JV_ARRAY || list->len == 0)
        return err_set(ERR_INPUT, "\"%s\" must be a list", name);
    for (size_t i = 0; i < list->len; i++) {
        struct label label;
        const struct jv *value = jv_get(list->items[i], "value");
        if (!value_good(value, type))
            return err_set(ERR_INPUT, "\"%s\": item %zu has no value that fits", name, i + 1);
        if (comes_before(list, i, value))
            return err_set(ERR_INPUT, "\"%s\": item %zu is there twice, or out of order", name, i + 1);
        int rc = label_read(&label, list->items[i], "label");
        if (rc) return err_within(rc, "\"%s\"", name);
    }
    return 0;
}

static int check_departments(const struct jv *json)
{
    const struct jv *list = jv_get(json, "departments");
    if (list && list->type != JV_ARRAY) return err_set(ERR_INPUT, "\"%s\" must be a list", "departments");
    for (size_t i = 0; list && i < list->len; i++) {
        struct label label;
        const char *code = jv_get_str(list->items[i], "code");
        if (!code || !field_name_valid(code))
            return err_set(ERR_INPUT, "\"%s\": item %zu has no value that fits", "departments", i + 1);
        int rc = label_read(&label, list->items[i], "name");
        if (rc) return err_within(rc, "\"%s\"", "departments");
    }
    return 0;
}

static const struct jv *list_item(const struct jv *list, const char *value)
{
    for (size_t i = 0; list && list->type == JV_ARRAY && i < list->len; i++) {
        const struct jv *v = jv_get(list->items[i], "value");
        char number[24] = "";
        if (v && v->type == JV_INT) snprintf(number, sizeof number, "%" PRId64, v->integer);
        const char *text = *number ? number : jv_str(v);
        if (text && strcmp(text, value) == 0) return list->items[i];
    }
    return NULL;
}

const char *scheme_label(const struct scheme *s, const char *list, const char *value)
{
    struct label label;
    const struct jv *item = list_item(jv_get(s->json, list), value);
    if (item && label_read(&label, item, "label") == 0) return label_text(&label);
    return value;
}

/* ---- scheme.json ---- */

static int read_text(const char **out, const struct jv *json, const char *key)
{
    *out = jv_get_str(json, key);
    return *out && **out ? 0 : err_set(ERR_INPUT, "\"%s\" must be a text", key);
}

static int read_names(struct scheme *s)
{
    const struct jv *sample = jv_get(s->json, "sample");
    if (s->json->type != JV_OBJECT) return err_set(ERR_INPUT, "scheme.json must be an object");
    int rc = read_text(&s->name, s->json, "name");
    if (!rc && !case_name_valid(s->name))
        rc = err_set(ERR_INPUT, "'%s' cannot name a scheme; take 1 to 64 letters A-Z a-z, digits and hyphens",
            s->name);
    if (!rc) rc = label_read(&s->title, s->json, "title");
    if (!rc) rc = read_text(&s->version, s->json, "version");
    if (!rc) rc = read_text(&s->standard, s->json, "standard");
    if (!rc && sample && sample->type != JV_BOOL) rc = err_set(ERR_INPUT, "\"sample\" is true or false");
    s->sample = jv_get_bool(s->json, "sample");
    return rc;
}

static int read_definition(struct scheme *s)
{
    int rc = read_names(s);
    if (!rc) rc = rules_read(&s->rules, jv_get(s->json, "parameters"));
    if (!rc) rc = check_list(s->json, "levels", JV_INT);
    if (!rc) rc = check_list(s->json, "directions", JV_STRING);
    if (!rc) rc = check_list(s->json, "roles", JV_STRING);
    if (!rc) rc = check_list(s->json, "results", JV_STRING);
    if (!rc) rc = check_departments(s->json);
    return rc ? err_within(rc, "%s", SCHEME_FILE) : 0;
}

static int check_clause(const struct scheme *s, const struct clause *c)
{
    for (size_t i = 0; i < c->directions_len; i++)
        if (!list_item(jv_get(s->json, "directions"), c->directions[i]))
            return err_set(ERR_INPUT,
                "clause '%s' is for the direction '%s', which scheme.json does not list", c->id,
                c->directions[i]);
    return 0;
}

static int read_catalogue(struct scheme *s)
{
    struct label title;
    int rc = label_read(&title, s->json, "catalogue_title");
    if (rc) return err_within(rc, "%s", SCHEME_FILE);
    s->catalogue.title = label_text(&title);
    s->catalogue.sample = s->sample;
    for (size_t i = 0; i < s->catalogue.len && !rc; i++) rc = check_clause(s, &s->catalogue.clauses[i]);
    return rc;
}

/* ---- forms ---- */

/* Rules read fields by name: they must find what they count with. */
static int check_field(const struct form *form, const struct form_field *known)
{
    const char *member;
    const struct form_field *f = form_field(form, known->name, &member);
    if (known->fixed && !(f && f->fixed))
        return err_set(ERR_INPUT, "form '%s': field '%s' must stay as it was when the record was made",
            form->type, known->name);
    if (!f || (f->kind == known->kind && (f->kind != FIELD_SET || f->member == known->member))) return 0;
    return err_set(
        ERR_INPUT, "form '%s': field '%s' is of another kind than the rules read", form->type, known->name);
}

/* Whoever may write the register decides on who is who, so a scheme cannot hand that out. */
static int check_writers(const struct form *form)
{
    bool admins = form->writers_len == 1 && strcmp(form->writers[0], ADMIN) == 0;
    if (!form->in_register || admins) return 0;
    return err_set(ERR_INPUT, "form '%s': what lives in the register is written by admins alone", form->type);
}

static int check_form(const struct form *form, const struct form *known)
{
    int rc = check_writers(form);
    if (!rc && known && known->in_register != form->in_register)
        rc = err_set(ERR_INPUT, "form '%s': \"in\" is another place than the rules read", form->type);
    for (size_t i = 0; known && i < known->fields_len && !rc; i++) rc = check_field(form, &known->fields[i]);
    return rc;
}

static int add_form(
    const char **id, struct arena *a, const struct jv *json, struct forms *forms, bool current)
{
    char name[FORM_ID_SIZE];
    int rc = form_id_of(name, json);
    const struct form *known = rc ? NULL : forms_current(forms, jv_get_str(json, "form"));
    if (!rc) rc = forms_add_value(forms, json, false);
    if (!rc) rc = check_form(forms_find(forms, name), known);
    if (!rc && current) rc = forms_add_value(forms, json, true);
    if (rc) return rc;
    *id = arena_strdup(a, name);
    return *id ? 0 : ERR_ROAD;
}

static int id_order(const void *a, const void *b)
{
    const char *x = *(const char *const *)a, *y = *(const char *const *)b;
    size_t n = strcspn(x, "@"), m = strcspn(y, "@");
    int order = memcmp(x, y, n < m ? n : m);
    return order ? order : n < m ? -1 : n > m;
}

static int add_forms(
    struct scheme *s, struct arena *a, const struct scheme_content *c, struct forms *forms, bool current)
{
    const char **ids = arena_alloc(a, (c->forms_len + 1) * sizeof *ids);
    int rc = ids ? 0 : ERR_ROAD;
    for (size_t i = 0; i < c->forms_len && !rc; i++) rc = add_form(&ids[i], a, c->forms[i], forms, current);
    if (rc) return rc;
    qsort(ids, c->forms_len, sizeof *ids, id_order);
    for (size_t i = 1; i < c->forms_len; i++)
        if (id_order(&ids[i - 1], &ids[i]) == 0)
            return err_set(ERR_INPUT, "form '%s' is there twice", forms_find(forms, ids[i])->type);
    s->forms = ids;
    s->forms_len = c->forms_len;
    return 0;
}

/* ---- the name of the version ---- */

static void add_part(struct buf *all, const char *folder, const char *name, const struct jv *v)
{
    struct buf bytes;
    buf_init(&bytes, BUF_UNLIMITED);
    json_write(&bytes, v);
    if (bytes.error && !all->error) all->error = bytes.error;
    buf_addf(all, "%s%s", folder, name);
    buf_addc(all, '\0');
    buf_addf(all, "%zu", bytes.len);
    buf_addc(all, '\0');
    buf_add(all, bytes.data, bytes.len);
    buf_release(&bytes);
}

static int name_version(struct scheme *s, struct arena *a, const struct forms *forms)
{
    struct buf all;
    char hash[SHA256_HEX];
    const struct jv *catalogue = catalogue_json(a, &s->catalogue);
    if (!catalogue) return ERR_ROAD;
    buf_init(&all, BUF_UNLIMITED);
    add_part(&all, "", "catalogue", jv_get(catalogue, "clauses"));
    add_part(&all, "", "scheme", s->json);
    for (size_t i = 0; i < s->forms_len; i++) {
        const struct form *form = forms_find(forms, s->forms[i]);
        add_part(&all, "types/", form->type, form->json);
    }
    int rc = buf_error(&all);
    name_by_hash(hash, all.data, all.len);
    buf_release(&all);
    s->hash = arena_strdup(a, hash);
    return rc ? rc : s->hash ? 0 : ERR_ROAD;
}

int scheme_read(struct scheme *out, struct arena *a, const struct scheme_content *content,
    struct forms *forms, bool current)
{
    struct scheme s = {.json = content->json, .catalogue = content->catalogue};
    int rc = read_definition(&s);
    if (!rc) rc = read_catalogue(&s);
    if (!rc) rc = add_forms(&s, a, content, forms, current);
    if (!rc) rc = name_version(&s, a, forms);
    if (!rc) *out = s;
    return rc;
}
