/* Which fields a record still needs: "required" and "required_if" of its form, held against its values. */
#include "satchel/replica/needs.h"

#include <string.h>

static bool says_something(const struct jv *v)
{
    if (v->type == JV_STRING) return v->string[strspn(v->string, " \t\r\n")] != '\0';
    return v->type != JV_NULL;
}

static bool has_value(const struct fold_field *f)
{
    for (size_t i = 0; f && i < f->heads_len; i++)
        if (says_something(f->heads[i].value)) return true;
    return false;
}

/* false and null are the same: absent. */
static bool has_true(const struct fold_field *f)
{
    for (size_t i = 0; i < f->heads_len; i++)
        if (f->heads[i].value->type == JV_BOOL && f->heads[i].value->boolean) return true;
    return false;
}

static bool has_member(const struct form_field *set, const struct fold_record *r)
{
    size_t len = strlen(set->name);
    for (size_t i = 0; i < r->fields_len; i++) {
        const struct fold_field *f = &r->fields[i];
        if (strncmp(f->name, set->name, len) != 0 || f->name[len] != '.') continue;
        if (set->member == FIELD_JSON ? has_value(f) : has_true(f)) return true;
    }
    return false;
}

bool form_field_given(const struct form_field *f, const struct fold_record *r)
{
    return f->kind == FIELD_SET ? has_member(f, r) : has_value(record_field(r, f->name));
}

static bool has_one_of(const struct form_condition *c, const struct fold_record *r)
{
    const struct fold_field *f = record_field(r, c->field->name);
    for (size_t i = 0; f && i < f->heads_len; i++)
        for (size_t k = 0; k < c->values_len; k++)
            if (jv_equal(f->heads[i].value, c->values[k])) return true;
    return false;
}

static bool holds(const struct form_condition *c, const struct fold_record *r)
{
    return c->values_len > 0 ? has_one_of(c, r) : form_field_given(c->field, r) == c->is_set;
}

bool form_field_required(const struct form_field *f, const struct fold_record *r)
{
    for (size_t i = 0; i < f->conditions_len; i++)
        if (!holds(&f->conditions[i], r)) return false;
    return f->required || f->conditions_len > 0;
}

bool form_field_missing(const struct form_field *f, const struct fold_record *r)
{
    return form_field_required(f, r) && !form_field_given(f, r);
}
