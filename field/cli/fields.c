/* FIELD arguments: name=value, name:=JSON, name=@FILE, name+=MEMBER, name-=MEMBER; name= clears. */
#include "cli.h"

#include <stdlib.h>
#include <string.h>

#include "satchel/base/os.h"

#define REGISTER_LINK REGISTER_CASE ":"
#define FIELD_FILE_MAX ((size_t)512 << 10)

enum how { HOW_VALUE, HOW_JSON, HOW_FILE, HOW_ADD, HOW_DROP };

struct field_arg {
    const char *name;
    const char *rest; /* behind the sign */
    enum how how;
};

static int split(struct cli *c, const char *arg, struct field_arg *out)
{
    const char *equals = strchr(arg, '=');
    if (!equals || equals == arg) return err_set(ERR_USAGE, "'%s' is not a field; write name=value", arg);
    size_t len = (size_t)(equals - arg);
    out->rest = equals + 1;
    out->how = HOW_VALUE;
    if (strchr(":+-", equals[-1])) {
        out->how = equals[-1] == ':' ? HOW_JSON : equals[-1] == '+' ? HOW_ADD : HOW_DROP;
        len--;
    } else if (equals[1] == '@') {
        out->how = HOW_FILE;
        out->rest++;
    }
    out->name = arena_strndup(&c->arena, arg, len);
    return out->name ? 0 : err_memory();
}

/* ---- texts as values of a kind ---- */

static int int_value(struct cli *c, const char *text, const struct jv **out)
{
    char *end;
    long long n = strtoll(text, &end, 10);
    if (end == text || *end) return err_set(ERR_INPUT, "takes a whole number, not '%s'", text);
    *out = jv_int(&c->arena, n);
    return *out ? 0 : err_memory();
}

static int bool_value(struct cli *c, const char *text, const struct jv **out)
{
    static const char *const yes[] = {"true", "yes", "是", "1"}, *const no[] = {"false", "no", "否", "0"};
    for (size_t i = 0; i < 4; i++) {
        bool is_yes = strcmp(text, yes[i]) == 0;
        if (!is_yes && strcmp(text, no[i]) != 0) continue;
        *out = jv_bool(&c->arena, is_yes);
        return *out ? 0 : err_memory();
    }
    return err_set(ERR_INPUT, "takes yes or no, not '%s'", text);
}

/* A choice may be typed as its value or as its label in either language. */
static const char *choice_named(const struct form_field *f, const char *text)
{
    for (size_t i = 0; i < f->choices_len; i++) {
        const struct form_choice *o = &f->choices[i];
        if (strcmp(o->value, text) == 0 || (o->label.zh && strcmp(o->label.zh, text) == 0) ||
            (o->label.en && strcmp(o->label.en, text) == 0))
            return o->value;
    }
    return text;
}

static bool targets_register(struct cli *c, const struct form_field *f)
{
    for (size_t i = 0; i < f->to_len; i++) {
        const struct form *to = forms_current(c->session->forms, f->to[i]);
        if (to && to->in_register) return true;
    }
    return false;
}

/* "me" is the person whose kit this is. */
static const char *link_me(struct cli *c)
{
    const struct session *s = c->session;
    const struct registry *registry = session_registry(s);
    const struct registry_kit *me = registry ? registry_kit(registry, s->lent ? s->lent->kit : store_kit(s->store)) : NULL;
    return me ? me->person : NULL;
}

static bool may_lead_to(const struct form_field *f, const struct fold_record *r)
{
    for (size_t i = 0; i < f->to_len; i++)
        if (strcmp(f->to[i], r->type) == 0) return r->void_state != VOID;
    return false;
}

/* What people say for it: a department's code, a certificate's number, a name. */
static bool is_called(const struct fold_record *r, const char *text)
{
    static const char *const by[] = {"code", "number", "name"};
    for (size_t i = 0; i < sizeof by / sizeof *by; i++) {
        const char *value = record_str(r, by[i]);
        if (value && strcmp(value, text) == 0) return true;
    }
    return false;
}

static int called_nothing(struct cli *c, const struct form_field *f, const char *text)
{
    const struct form *to = f->to_len ? session_any_form(c->session, NULL, f->to[0]) : NULL;
    if (!to) return err_set(ERR_MISSING, "no record is called '%s'", text);
    return err_set(ERR_MISSING, "%s: none is called '%s'; 'satchel list %s' lists them", label_text(&to->title), text, to->type);
}

/* The one record that the field may lead to and that people call so. */
static int link_called(struct cli *c, const struct form_field *f, const char *case_name, const char *text, const char **out)
{
    const struct fold_record *const *records = NULL;
    const char *found = NULL, *known = case_name ? fold_case_named(session_fold(c->session), case_name) : NULL;
    size_t len = 0;
    int r = known ? fold_records(session_fold(c->session), known, &records, &len) : 0;
    for (size_t i = 0; i < len && !r; i++) {
        if (!may_lead_to(f, records[i]) || !is_called(records[i], text)) continue;
        if (found) r = err_set(ERR_INPUT, "more than one record is called '%s': %s, %s", text, found, records[i]->id);
        found = records[i]->id;
    }
    if (r) return r;
    *out = found;
    return found ? 0 : called_nothing(c, f, text);
}

static int link_value(struct cli *c, const struct form_field *f, const char *case_name, const char *text, const char **out)
{
    struct view_hit hit;
    bool in_register = targets_register(c, f);
    const char *id = in_register && strcmp(text, "me") == 0 ? link_me(c) : NULL;
    if (!id && link_valid(text)) {
        if (!in_register || strncmp(text, REGISTER_LINK, strlen(REGISTER_LINK)) == 0) {
            *out = text;
            return 0;
        }
        id = text;
    }
    if (!id) {
        const char *where = in_register ? REGISTER_CASE : case_name;
        int r = view_resolve(c->session->view, text, where, &c->arena, &hit);
        if (!r) id = hit.record;
        else if (r == ERR_MISSING) r = link_called(c, f, where, text, &id);
        if (r) return r;
    }
    *out = arena_printf(&c->arena, "%s%s", in_register ? REGISTER_LINK : "", id);
    return *out ? 0 : err_memory();
}

int field_from_text(struct cli *c, const struct form_field *f, enum field_kind kind, const char *case_name, const char *text,
    const struct jv **out)
{
    int r = 0;
    if (!*text) {
        *out = jv_null(&c->arena);
        return *out ? 0 : err_memory();
    }
    switch (kind) {
    case FIELD_INT: return int_value(c, text, out);
    case FIELD_BOOL: return bool_value(c, text, out);
    case FIELD_JSON: return json_parse(out, &c->arena, text, strlen(text), ENTRY_MAX_DEPTH, JSON_STRICT);
    case FIELD_CHOICE: text = choice_named(f, text); break;
    case FIELD_LINK: r = link_value(c, f, case_name, text, &text); break;
    default: break;
    }
    if (r) return r;
    *out = jv_string(&c->arena, text);
    return *out ? 0 : err_memory();
}

/* ---- arguments ---- */

static int file_value(struct cli *c, const struct form_field *f, const char *path, const struct jv **out)
{
    struct buf text;
    buf_init(&text, FIELD_FILE_MAX);
    int r = file_read(path, &text);
    if (!r && !utf8_valid(text.data, text.len)) r = err_set(ERR_INPUT, "'%s' is not UTF-8 text", path);
    if (!r && f->kind == FIELD_JSON) {
        r = json_parse(out, &c->arena, text.data, text.len, ENTRY_MAX_DEPTH, JSON_STRICT);
    } else if (!r) {
        *out = jv_stringn(&c->arena, buf_str(&text), text.len);
        if (!*out) r = err_memory();
    }
    buf_release(&text);
    return r;
}

static int member_field(struct cli *c, const struct form_field *f, const struct field_arg *arg, const char *case_name,
    struct jv *set)
{
    const struct jv *member, *value;
    const char *text = arg->rest;
    if (!*text) return err_set(ERR_USAGE, "'%s' needs a member after '+=' or '-='", arg->name);
    int r = field_from_text(c, f, f->member, case_name, text, &member);
    if (r) return err_within(r, "%s", arg->name);
    value = jv_bool(&c->arena, arg->how == HOW_ADD);
    const char *name = arena_printf(&c->arena, "%s.%s", arg->name, member->string);
    return name ? jv_put(&c->arena, set, name, value) : err_memory();
}

static int no_such_field(const struct form *form, const char *name)
{
    return err_set(ERR_INPUT, "'%s' has no field '%s'; 'satchel form show %s' lists them", form->type, name, form->type);
}

static int put_field(struct cli *c, const struct form *form, const char *case_name, const struct field_arg *arg,
    struct jv *set)
{
    const char *member;
    const struct jv *value = NULL;
    const struct form_field *f = form_field(form, arg->name, &member);
    int r = 0;
    if (!f && strcmp(arg->name, "void") != 0) return no_such_field(form, arg->name);
    if (arg->how == HOW_ADD || arg->how == HOW_DROP) {
        if (!f || f->kind != FIELD_SET) return err_set(ERR_INPUT, "'%s' is not a set; write %s=value", arg->name, arg->name);
        return member_field(c, f, arg, case_name, set);
    }
    if (arg->how == HOW_JSON || !f)
        r = json_parse(&value, &c->arena, arg->rest, strlen(arg->rest), ENTRY_MAX_DEPTH, JSON_STRICT);
    else if (arg->how == HOW_FILE)
        r = file_value(c, f, arg->rest, &value);
    else if (f->kind == FIELD_SET && !member)
        return err_set(ERR_INPUT, "'%s' is a set; write %s+=MEMBER or %s-=MEMBER", arg->name, arg->name, arg->name);
    else
        r = field_from_text(c, f, f->kind == FIELD_SET ? FIELD_BOOL : f->kind, case_name, arg->rest, &value);
    if (r) return err_within(r, "%s", arg->name);
    return jv_put(&c->arena, set, arg->name, value);
}

int fields_parse(struct cli *c, const struct form *form, const char *case_name, const char *const *args, int len,
    struct jv **out)
{
    struct jv *set = jv_object(&c->arena);
    if (!set) return err_memory();
    for (int i = 0; i < len; i++) {
        struct field_arg arg = {0};
        int r = split(c, args[i], &arg);
        if (!r) r = put_field(c, form, case_name, &arg, set);
        if (r) return r;
    }
    *out = set;
    return 0;
}
