/* form: the scheme as data. */
#include "cli.h"

#include <string.h>

#include "satchel/base/os.h"

/* That a case follows; a case that is not there yet begins with the one that ships. */
static int scheme_of_case(struct cli *c, const char *case_name, const struct scheme **out)
{
    int r = session_view(c->session);
    const char *known = r ? NULL : fold_case_named(session_fold(c->session), case_name);
    *out = r ? NULL : session_scheme(c->session, known ? known : case_name);
    return r ? r : *out ? 0 : ERR_INPUT;
}

/* That of --scheme, a tail of its record's id, or of --case; NULL where none is asked for. */
static int asked_scheme(struct cli *c, const struct scheme **out)
{
    const char *text = cli_option(c, "scheme"), *case_name = cli_option(c, "case"), *link;
    struct view_hit hit;
    *out = NULL;
    if (!text && case_name) return scheme_of_case(c, case_name, out);
    if (!text) return session_forms(c->session);
    int r = session_view(c->session);
    if (!r) r = view_resolve(c->session->view, text, REGISTER_CASE, &c->arena, &hit);
    if (r) return r;
    link = arena_printf(&c->arena, REGISTER_CASE ":%s", hit.record);
    if (!link) return ERR_ROAD;
    *out = schemes_get(c->session->schemes, link);
    const char *problem = schemes_problem(c->session->schemes, link);
    return *out ? 0 : err_set(ERR_INPUT, "'%s' is not a scheme that reads: %s", hit.record, problem ? problem : "");
}

/* Forms of the scheme, or the current ones. */
static int asked_forms(struct cli *c, const struct form ***out, size_t *len)
{
    const struct scheme *scheme;
    int r = asked_scheme(c, &scheme);
    if (r) return r;
    const struct form *const *current = forms_list(c->session->forms, len);
    if (scheme) *len = scheme->forms_len;
    const struct form **list = arena_alloc(&c->arena, (*len + 1) * sizeof *list);
    if (!list) return ERR_ROAD;
    for (size_t i = 0; i < *len; i++)
        list[i] = scheme ? forms_find(c->session->forms, scheme->forms[i]) : current[i];
    *out = list;
    return 0;
}

int cmd_form_list(struct cli *c)
{
    const struct form **forms;
    size_t len;
    int r = asked_forms(c, &forms, &len);
    if (r) return r;
    struct jv *list = jv_array(&c->arena);
    for (size_t i = 0; i < len && !r; i++) {
        struct jv *o = jv_object(&c->arena);
        r = jv_put_str(&c->arena, o, "form", forms[i]->id);
        if (!r) r = jv_put_str(&c->arena, o, "type", forms[i]->type);
        if (!r) r = jv_put_str(&c->arena, o, "title", label_text(&forms[i]->title));
        if (!r) r = jv_push(&c->arena, list, o);
        if (!c->json) fprintf(c->out, "%-20s %s\n", forms[i]->type, shown(c, label_text(&forms[i]->title)));
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
#define FORM_NARROW_COLUMNS 110

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

static void add_conditions(struct cli *c, struct buf *out, const struct form_field *f)
{
    struct buf words;
    buf_init(&words, BUF_UNLIMITED);
    for (size_t i = 0; i < f->conditions_len; i++) {
        if (i) buf_adds(&words, T(" and "));
        add_condition(c, &words, &f->conditions[i]);
    }
    buf_addf(out, T("; required where %s"), shown(c, buf_str(&words)));
    buf_release(&words);
}

/* "Team leader, Auditor" */
static const char *roles_text(struct cli *c, const char *const *roles, size_t len)
{
    struct buf words;
    buf_init(&words, BUF_UNLIMITED);
    add_roles(c, &words, roles, len);
    const char *s = shown(c, buf_str(&words));
    buf_release(&words);
    return s;
}

static const char *need_mark(const struct form_field *f)
{
    return f->required ? "*" : f->conditions_len > 0 ? "?" : " ";
}

/* "one of major (Major nonconformity), minor (Minor nonconformity); required where …; set by Team leader only" */
static const char *field_rules(struct cli *c, const struct form_field *f)
{
    struct buf b;
    buf_init(&b, BUF_UNLIMITED);
    buf_adds(&b, kind_text(f));
    for (size_t i = 0; i < f->choices_len; i++)
        buf_addf(&b, "%s%s (%s)", i ? ", " : " ", shown(c, f->choices[i].value), shown(c, label_text(&f->choices[i].label)));
    for (size_t i = 0; i < f->to_len; i++) buf_addf(&b, "%s%s", i ? ", " : " ", shown(c, f->to[i]));
    if (f->conditions_len > 0) add_conditions(c, &b, f);
    if (f->writers_len > 0) buf_addf(&b, T("; set by %s only"), roles_text(c, f->writers, f->writers_len));
    const char *s = arena_strdup(&c->arena, buf_str(&b));
    buf_release(&b);
    return s ? s : "";
}

/* On a narrow terminal the rules go on the line below, or little room would be left for them. */
static void print_form_field(struct cli *c, const struct form_field *f)
{
    bool narrow = os_is_terminal(1) && os_terminal_width() < FORM_NARROW_COLUMNS;
    fprintf(c->out, "%s %-24s ", need_mark(f), f->name);
    if (narrow) fprintf(c->out, "%s\n    ", shown(c, label_text(&f->label)));
    else print_padded(c->out, shown(c, label_text(&f->label)), FORM_LABEL_COLUMNS);
    if (!narrow) fprintf(c->out, " ");
    print_wrapped(c->out, field_rules(c, f), narrow ? 4 : 28 + FORM_LABEL_COLUMNS);
}

static int show_all_forms(struct cli *c)
{
    const struct form **forms;
    size_t len;
    int r = asked_forms(c, &forms, &len);
    struct jv *list = jv_array(&c->arena);
    for (size_t i = 0; i < len && !r; i++) r = jv_push(&c->arena, list, forms[i]->json);
    c->result = list;
    return r;
}

int cmd_form_show(struct cli *c)
{
    const struct scheme *scheme;
    if (c->args_len == 0) return c->json ? show_all_forms(c) : cmd_form_list(c);
    int r = asked_scheme(c, &scheme);
    if (r) return r;
    const struct form *form = scheme_form(c->session->schemes, scheme, c->args[0]);
    if (!form) return err_set(ERR_INPUT, "there is no record type '%s'; 'satchel form list' lists them", c->args[0]);
    c->result = form->json;
    if (c->json) return 0;
    fprintf(c->out, "%s  %s  %s\n", form->type, shown(c, label_text(&form->title)), form->id);
    fprintf(c->out, T("written by: %s"), roles_text(c, form->writers, form->writers_len));
    fprintf(c->out, "\n");
    for (size_t i = 0; i < form->fields_len; i++) print_form_field(c, &form->fields[i]);
    fprintf(c->out, "\n");
    print_wrapped(c->out,
        T("* required, ? required at times; a field is given as name=value, a member of a set as name+=MEMBER"), 0);
    return 0;
}

int cmd_form_scheme(struct cli *c)
{
    const struct scheme *scheme;
    struct jv *o = jv_object(&c->arena);
    int r = asked_scheme(c, &scheme);
    if (!r && !scheme) scheme = schemes_get(c->session->schemes, NULL);
    if (r || !scheme) return r ? r : ERR_INPUT;
    r = jv_put_str(&c->arena, o, "hash", scheme->hash);
    if (!r) r = jv_put_str(&c->arena, o, "link", scheme->link);
    if (!r) r = jv_put(&c->arena, o, "scheme", scheme->json);
    if (!r) r = jv_put(&c->arena, o, "catalogue", catalogue_json(&c->arena, &scheme->catalogue));
    c->result = o;
    if (r || c->json) return r;
    fprintf(c->out, "%s  %s  %s\n", shown(c, scheme->name), shown(c, scheme->version), shown(c, label_text(&scheme->title)));
    for (size_t i = 0; i < scheme->catalogue.len; i++) {
        const struct clause *clause = &scheme->catalogue.clauses[i];
        fprintf(c->out, clause->group ? "%s  " : "  %-8s", shown(c, clause->id));
        fprintf(c->out, "%s%s\n", shown(c, text_language_now() == LANGUAGE_ZH ? clause->title_zh : clause->title_en), clause->decisive ? " *" : "");
    }
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

int cmd_form_export(struct cli *c)
{
    int r = session_forms(c->session);
    const struct scheme *scheme = r ? NULL : schemes_get(c->session->schemes, NULL);
    if (!r) r = scheme_write_folder(scheme, c->args[0]);
    if (r) return r;
    struct jv *o = jv_object(&c->arena);
    r = jv_put_str(&c->arena, o, "folder", c->args[0]);
    if (!r) r = jv_put_str(&c->arena, o, "name", scheme->name);
    if (!r) r = jv_put_str(&c->arena, o, "hash", scheme->hash);
    c->result = o;
    if (r || c->json) return r;
    fprintf(c->out, T("%s is in %s; change the copy, its version too, then: satchel import %s"), scheme->name, c->args[0],
        c->args[0]);
    fprintf(c->out, "\n");
    return 0;
}
