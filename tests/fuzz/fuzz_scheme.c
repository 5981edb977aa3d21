/* A scheme as somebody else has published it: {"catalogue","definition","forms","hash"}, the value that its
 * record makes. What reads is read again from what was read, under the same name. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../../field/scheme/scheme_parts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What the program knows already, in small. */
static const char *const shipped[] = {
    "{\"form\":\"audit\",\"in\":\"case\",\"fields\":[{\"name\":\"start\",\"type\":\"date\"},"
    "{\"name\":\"team\",\"type\":\"set\",\"of\":\"link\"}]}",
    "{\"form\":\"evidence\",\"in\":\"case\",\"fields\":[{\"name\":\"sha256\",\"type\":\"text\",\"fixed\":"
    "true}]}",
    "{\"form\":\"person\",\"in\":\"register\",\"writers\":[\"admin\"],\"fields\":[{\"name\":\"name\","
    "\"type\":\"text\"}]}",
};

static int read_from(struct scheme *out, struct arena *a, const struct jv *source)
{
    struct scheme_content content;
    struct forms *forms;
    if (forms_new(&forms)) return ERR_ROAD;
    for (size_t i = 0; i < sizeof shipped / sizeof *shipped; i++)
        if (forms_add(forms, shipped[i], strlen(shipped[i]), true)) abort();
    int rc = scheme_record_content(&content, a, source);
    if (!rc) rc = scheme_read(out, a, &content, forms, false);
    for (size_t i = 0; !rc && i < out->forms_len; i++) {
        const struct form *form = forms_find(forms, out->forms[i]);
        if (!form || (form->in_register && form->writers_len != 1)) abort();
        if (i && strcmp(out->forms[i - 1], out->forms[i]) == 0) abort();
    }
    forms_free(forms);
    return rc;
}

static void check(struct arena *a, const struct scheme *s, const struct jv *forms)
{
    struct scheme again;
    struct jv *source = jv_object(a);
    const struct rules *r = &s->rules;
    if (jv_put(a, source, "catalogue", catalogue_json(a, &s->catalogue)) ||
        jv_put(a, source, "definition", s->json) || (forms && jv_put(a, source, "forms", forms)))
        abort();
    if (read_from(&again, a, source) || strcmp(again.hash, s->hash) != 0) abort();
    if (memcmp(&again.rules, r, sizeof *r) != 0 || r->validity_months < 1 || r->man_day_steps < 1) abort();
    if (r->sites_initial_denominator < 1 || r->sites_surveillance_denominator < 1) abort();
    if (!*s->title.en || !*s->title.zh || !*scheme_label(s, "levels", "1")) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena a;
    struct scheme s;
    const struct jv *v;
    arena_init(&a);
    if (json_parse(&v, &a, data, size, ENTRY_MAX_DEPTH, JSON_STRICT) == 0 && read_from(&s, &a, v) == 0)
        check(&a, &s, jv_get(v, "forms"));
    arena_release(&a);
    err_clear();
    return 0;
}
