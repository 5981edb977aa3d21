/* A form from outside: read, then asked about a value of each of its fields. */
#include "satchel/replica/form.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

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
    }
    if (len && forms_find(forms, list[0]->id) != list[0]) __builtin_trap();
    forms_free(forms);
    err_clear();
    return 0;
}
