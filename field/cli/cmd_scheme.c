/* form, import, coverage: the scheme as data. */
#include "cli.h"

#include <string.h>

#include "satchel/base/os.h"
#include "satchel/scheme/catalogue.h"
#include "satchel/scheme/coverage.h"
#include "satchel/scheme/embedded.h"

int cmd_form_list(struct cli *c)
{
    size_t len;
    int r = session_forms(c->session);
    if (r) return r;
    const struct form *const *forms = forms_list(c->session->forms, &len);
    struct jv *list = jv_array(&c->arena);
    for (size_t i = 0; i < len && !r; i++) {
        struct jv *o = jv_object(&c->arena);
        r = jv_put_str(&c->arena, o, "form", forms[i]->id);
        if (!r) r = jv_put_str(&c->arena, o, "type", forms[i]->type);
        if (!r) r = jv_put_str(&c->arena, o, "title", label_text(&forms[i]->title));
        if (!r) r = jv_push(&c->arena, list, o);
        if (!c->json) fprintf(c->out, "%-20s %s\n", forms[i]->type, label_text(&forms[i]->title));
    }
    c->result = list;
    return r;
}

static const char *kind_text(const struct form_field *f)
{
    switch (f->kind) {
    case FIELD_TEXT: return T("text");
    case FIELD_INT: return T("whole number");
    case FIELD_BOOL: return T("yes or no");
    case FIELD_DATE: return T("date YYYY-MM-DD");
    case FIELD_TIME: return T("time 2026-11-22T10:11:12+08:00");
    case FIELD_CHOICE: return T("one of");
    case FIELD_LINK: return T("a record of type");
    case FIELD_SET: return f->member == FIELD_LINK ? T("a set of records of type") : T("a set");
    case FIELD_JSON: return T("for machines");
    }
    return "";
}

#define FORM_LABEL_COLUMNS 32

/* Roles as a person's form labels them. */
static void add_roles(struct cli *c, struct buf *out, const char *const *roles, size_t len)
{
    const char *member;
    const struct form *person = forms_current(c->session->forms, "person");
    const struct form_field *f = person ? form_field(person, "roles", &member) : NULL;
    for (size_t i = 0; i < len; i++)
        buf_addf(out, "%s%s", i ? ", " : "", f ? choice_text(f, roles[i]) : roles[i]);
}

/* "kind is surveillance (Surveillance) or extra (Extra surveillance)" */
static void add_condition(struct cli *c, struct buf *out, const struct form_condition *condition)
{
    const struct form_field *f = condition->field;
    if (condition->values_len == 0) {
        buf_addf(out, condition->is_set ? T("%s is given") : T("%s is not given"), f->name);
        return;
    }
    buf_addf(out, T("%s is "), f->name);
    for (size_t i = 0; i < condition->values_len; i++) {
        const struct jv *v = condition->values[i];
        buf_addf(out, "%s%s", i ? T(" or ") : "", f->kind == FIELD_CHOICE ? v->string : shown_value(c, f, NULL, v));
        if (f->kind == FIELD_CHOICE) buf_addf(out, " (%s)", choice_text(f, v->string));
    }
}

/* What follows a field's kind: when it is required, and who alone may set it. */
static void print_field_rules(struct cli *c, const struct form_field *f)
{
    struct buf words;
    buf_init(&words, BUF_UNLIMITED);
    for (size_t i = 0; i < f->conditions_len; i++) {
        if (i) buf_addf(&words, "%s", T(" and "));
        add_condition(c, &words, &f->conditions[i]);
    }
    if (words.len > 0) {
        fprintf(c->out, "; ");
        fprintf(c->out, T("required where %s"), shown(c, buf_str(&words)));
    }
    buf_clear(&words);
    add_roles(c, &words, f->writers, f->writers_len);
    if (words.len > 0) {
        fprintf(c->out, "; ");
        fprintf(c->out, T("set by %s only"), shown(c, buf_str(&words)));
    }
    buf_release(&words);
}

static const char *need_mark(const struct form_field *f)
{
    return f->required ? "*" : f->conditions_len > 0 ? "?" : " ";
}

static void print_form_field(struct cli *c, const struct form_field *f)
{
    fprintf(c->out, "%s %-24s ", need_mark(f), f->name);
    print_padded(c->out, label_text(&f->label), FORM_LABEL_COLUMNS);
    fprintf(c->out, " %s", kind_text(f));
    for (size_t i = 0; i < f->choices_len; i++)
        fprintf(c->out, "%s%s (%s)", i ? ", " : " ", f->choices[i].value, label_text(&f->choices[i].label));
    for (size_t i = 0; i < f->to_len; i++) fprintf(c->out, "%s%s", i ? ", " : " ", f->to[i]);
    print_field_rules(c, f);
    fprintf(c->out, "\n");
}

static void print_writers(struct cli *c, const struct form *form)
{
    struct buf roles;
    buf_init(&roles, BUF_UNLIMITED);
    add_roles(c, &roles, form->writers, form->writers_len);
    fprintf(c->out, T("written by: %s"), shown(c, buf_str(&roles)));
    fprintf(c->out, "\n");
    buf_release(&roles);
}

int cmd_form_show(struct cli *c)
{
    int r = session_forms(c->session);
    if (r) return r;
    const struct form *form = forms_current(c->session->forms, c->args[0]);
    if (!form) return err_set(ERR_INPUT, "there is no record type '%s'; 'satchel form list' lists them", c->args[0]);
    c->result = form->json;
    if (c->json) return 0;
    fprintf(c->out, "%s  %s  %s\n", form->type, label_text(&form->title), form->id);
    print_writers(c, form);
    for (size_t i = 0; i < form->fields_len; i++) print_form_field(c, &form->fields[i]);
    fprintf(c->out, "\n%s\n",
        T("* required, ? required at times; a field is given as name=value, a member of a set as name+=MEMBER"));
    return 0;
}

int cmd_form_check(struct cli *c)
{
    struct jv *list = jv_array(&c->arena);
    int r = 0;
    for (int i = 0; i < c->args_len && !r; i++) {
        struct forms *forms = NULL;
        struct buf b;
        size_t len;
        buf_init(&b, ENTRY_MAX_BYTES);
        r = forms_new(&forms);
        if (!r) r = file_read(c->args[i], &b);
        if (!r) r = forms_add(forms, b.data, b.len, true);
        if (r) {
            r = err_within(r, "%s", c->args[i]);
        } else {
            const char *id = forms_list(forms, &len)[0]->id;
            r = jv_push(&c->arena, list, jv_string(&c->arena, id));
            if (!c->json) fprintf(c->out, "%s  %s\n", c->args[i], id);
        }
        buf_release(&b);
        forms_free(forms);
    }
    c->result = list;
    return r;
}

/* ---- catalogues ---- */

#define CATALOGUE_MAX_BYTES ((size_t)64 << 20)

static bool looks_like_json(const struct buf *b)
{
    size_t i = strspn(buf_str(b), " \t\r\n\xef\xbb\xbf");
    return buf_str(b)[i] == '{';
}

static int import_record(struct cli *c, const struct catalogue *catalogue, const char **id)
{
    struct store_tx *tx;
    struct jv *set = jv_object(&c->arena);
    const char *name = cli_option(c, "name");
    if (!name) name = *catalogue->title ? catalogue->title : path_name(c->args[0]);
    int r = jv_put_str(&c->arena, set, "name", name);
    if (!r) r = jv_put(&c->arena, set, "sample", jv_bool(&c->arena, catalogue->sample));
    if (!r) r = jv_put(&c->arena, set, "clauses", catalogue_json(&c->arena, catalogue));
    if (!r) r = store_begin(&tx, c->session->store);
    if (r) return r;
    struct change change = {.kind = CHANGE_NEW, .type = "catalogue", .case_name = REGISTER_CASE, .set = set};
    r = store_change(tx, &change, id);
    if (!r) return store_commit(tx);
    store_rollback(tx);
    return r;
}

int cmd_import(struct cli *c)
{
    struct catalogue catalogue;
    struct buf b;
    size_t withdrawn = 0;
    const char *id;
    int r = session_store(c->session);
    if (r) return r;
    buf_init(&b, CATALOGUE_MAX_BYTES);
    r = file_read(c->args[0], &b);
    if (!r && looks_like_json(&b))
        r = catalogue_from_oscal(&catalogue, &c->arena, b.data, b.len, &withdrawn);
    else if (!r)
        r = catalogue_from_csv(&catalogue, &c->arena, b.data, b.len);
    buf_release(&b);
    if (r) return err_within(r, "%s", c->args[0]);
    r = import_record(c, &catalogue, &id);
    if (r) return r;
    struct jv *o = jv_object(&c->arena);
    r = jv_put_str(&c->arena, o, "id", id);
    if (!r) r = jv_put_int(&c->arena, o, "groups", (int64_t)catalogue.groups);
    if (!r) r = jv_put_int(&c->arena, o, "clauses", (int64_t)(catalogue.len - catalogue.groups));
    if (!r) r = jv_put_int(&c->arena, o, "withdrawn", (int64_t)withdrawn);
    c->result = o;
    if (r || c->json) return r;
    fprintf(c->out, T("%s: %zu groups, %zu clauses, %zu withdrawn ones left out"), id, catalogue.groups,
        catalogue.len - catalogue.groups, withdrawn);
    fprintf(c->out, "\n");
    return 0;
}

/* ---- coverage ---- */

/* clause, department, result, count of evidence; then direction and site, where there are any */
static void print_cell(struct cli *c, const struct form_field *result, const struct jv *cell)
{
    const struct jv *grade = jv_get(cell, "result");
    const char *direction = jv_get_str(cell, "direction"), *site = jv_get_str(cell, "site");
    fprintf(c->out, "  ");
    print_padded(c->out, shown(c, jv_get_str(cell, "clause")), 9);
    print_padded(c->out, shown(c, jv_get_str(cell, "department")), 9);
    print_padded(c->out, grade ? shown_value(c, result, NULL, grade) : "", 28);
    fprintf(c->out, T("evidence %lld"), (long long)jv_get_int(cell, "evidence", 0));
    if (direction) fprintf(c->out, "  %s", shown(c, direction));
    if (site) fprintf(c->out, "  %s", shown_link(c, site));
    fprintf(c->out, "\n");
}

static void print_coverage(struct cli *c, const struct jv *v, bool sample)
{
    const struct jv *cells = jv_get(v, "cells"), *open = jv_get(v, "open");
    const char *member;
    const struct form *form = forms_current(c->session->forms, "sample");
    const struct form_field *result = form ? form_field(form, "result", &member) : NULL;
    if (sample) fprintf(c->out, "%s\n", T("sample catalogue: not the text of the standard"));
    fprintf(c->out, T("covered %lld of %lld clauses"), (long long)jv_get_int(v, "covered", 0), (long long)jv_get_int(v, "of", 0));
    fprintf(c->out, "\n");
    for (size_t i = 0; cells && i < cells->len; i++) print_cell(c, result, cells->items[i]);
    fprintf(c->out, "%s", T("open:"));
    for (size_t i = 0; open && i < open->len; i++)
        if (jv_str(open->items[i])) fprintf(c->out, " %s", shown(c, jv_str(open->items[i])));
    fprintf(c->out, "\n");
}

int cmd_coverage(struct cli *c)
{
    struct jv *v;
    const struct fold_record *audit = NULL;
    const char *case_name = cli_option(c, "case"), *audit_text = cli_option(c, "audit");
    int r = session_view(c->session);
    if (!r && audit_text) r = session_record(c, audit_text, NULL, &audit);
    if (r) return r;
    if (audit) case_name = audit->case_name;
    if (!case_name) return err_set(ERR_USAGE, "say which case: --case C");
    const char *known = fold_case_named(store_fold(c->session->store), case_name);
    if (!known) return err_set(ERR_MISSING, "there is no case '%s' in this store", case_name);
    const struct catalogue *catalogue = &schemes_get(c->session->schemes, NULL)->catalogue;
    r = coverage(&v, &c->arena, store_fold(c->session->store), known, audit ? audit->id : NULL, catalogue);
    if (r) return r;
    c->result = v;
    if (!c->json) print_coverage(c, v, catalogue->sample);
    return 0;
}
