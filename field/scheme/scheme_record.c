/* A scheme as a record of the register: type "scheme", its definition whole, its forms "form.<type>.<16
 * hex>", a link to the record of its catalogue. */
#include "scheme_parts.h"

#include <string.h>

#define FORM_FIELD "form."

static int put_if(struct arena *a, struct jv *object, const char *key, const struct jv *value)
{
    return value ? jv_put(a, object, key, value) : 0;
}

static struct jv *forms_of(struct arena *a, const struct fold_record *r)
{
    struct jv *forms = jv_object(a);
    size_t prefix = strlen(FORM_FIELD);
    int rc = 0;
    for (size_t i = 0; i < r->fields_len && !rc; i++)
        if (strncmp(r->fields[i].name, FORM_FIELD, prefix) == 0)
            rc = put_if(a, forms, r->fields[i].name + prefix, field_value(&r->fields[i]));
    return rc ? NULL : forms;
}

struct jv *scheme_record_source(struct arena *a, const struct fold_record *r, const struct jv *catalogue)
{
    struct jv *o = jv_object(a);
    int rc = put_if(a, o, "catalogue", catalogue);
    if (!rc) rc = put_if(a, o, "definition", record_value(r, "definition"));
    if (!rc) rc = jv_put(a, o, "forms", forms_of(a, r));
    if (!rc) rc = put_if(a, o, "hash", record_value(r, "hash"));
    return rc ? NULL : o;
}

int scheme_record_content(struct scheme_content *out, struct arena *a, const struct jv *source)
{
    const struct jv *forms = jv_get(source, "forms"), *catalogue = jv_get(source, "catalogue");
    struct scheme_content c = {.json = jv_get(source, "definition")};
    c.forms_len = forms && forms->type == JV_OBJECT ? forms->len : 0;
    if (!c.json) return err_set(ERR_INPUT, "it has no definition, only forms");
    if (!catalogue) return err_set(ERR_INPUT, "its catalogue is not in the register");
    int rc = catalogue_from_json(&c.catalogue, a, catalogue);
    if (rc) return err_within(rc, "catalogue");
    c.forms = arena_alloc(a, (c.forms_len + 1) * sizeof *c.forms);
    if (!c.forms) return ERR_ROAD;
    for (size_t i = 0; i < c.forms_len; i++) c.forms[i] = forms->items[i];
    *out = c;
    return 0;
}
