/* A form from outside: read, then asked about a value of each of its fields, and what a record without any
 * needs. */
#include "satchel/replica/needs.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

/* A record that says nothing: only what must not be given can be a reason to need the field. */
static void check_needs(const struct form_field *f)
{
    static const struct fold_record nothing = {.id = "x/kaaaaaaaaaaaa-1", .type = "x"};
    bool asked = f->conditions_len > 0;
    for (size_t i = 0; i < f->conditions_len; i++) {
        const struct form_condition *c = &f->conditions[i];
        if (!c->field || c->field == f) __builtin_trap();
        asked = asked && c->values_len == 0 && !c->is_set;
    }
    if (form_field_missing(f, &nothing) != (f->required || asked)) __builtin_trap();
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    struct forms *forms;
    size_t len;
    const struct jv text = {.type = JV_STRING, .string = "2026-11-22", .len = 10},
                    yes = {.type = JV_BOOL, .boolean = true};
    if (forms_new(&forms)) return 0;
    int rc = forms_add(forms, data, size, true);
    const struct form *const *list = forms_list(forms, &len);
    if ((rc == 0) != (len == 1)) __builtin_trap();
    for (size_t i = 0; len && i < list[0]->fields_len; i++) {
        bool set = list[0]->fields[i].kind == FIELD_SET;
        bool text_fits = form_check_value(list[0], list[0]->fields[i].name, &text) == 0;
        bool bool_fits = form_check_value(list[0], list[0]->fields[i].name, &yes) == 0;
        if (set && (text_fits || bool_fits)) __builtin_trap();
        check_needs(&list[0]->fields[i]);
    }
    if (len && forms_find(forms, list[0]->id) != list[0]) __builtin_trap();
    forms_free(forms);
    err_clear();
    return 0;
}
