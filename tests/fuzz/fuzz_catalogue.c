/* A catalogue that reads, as CSV or as OSCAL, goes into a record's field and comes back the same. */
#include <stdint.h>
#include <stdlib.h>

#include "satchel/scheme/catalogue.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(struct arena *a, const struct catalogue *c)
{
    struct catalogue again;
    const struct jv *v = catalogue_json(a, c);
    if (!v || catalogue_from_json(&again, a, v) || again.len != c->len || again.groups != c->groups) abort();
    if (!jv_equal(v, catalogue_json(a, &again))) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena a;
    struct catalogue c;
    size_t withdrawn;
    arena_init(&a);
    if (catalogue_from_csv(&c, &a, data, size) == 0) check(&a, &c);
    if (catalogue_from_oscal(&c, &a, data, size, &withdrawn) == 0) check(&a, &c);
    arena_release(&a);
    return 0;
}
