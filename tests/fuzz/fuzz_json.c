/* Whatever parses has canonical bytes, which parse to an equal value and are written the same again; and
 * these bytes only are canonical. */
#include <stdlib.h>
#include <string.h>

#include "satchel/base/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool is(const struct buf *b, const uint8_t *data, size_t size)
{
    return b->len == size && (size == 0 || memcmp(b->data, data, size) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena a;
    struct buf once, twice;
    const struct jv *v, *again;
    arena_init(&a);
    buf_init(&once, BUF_UNLIMITED);
    buf_init(&twice, BUF_UNLIMITED);
    if (json_parse(&v, &a, data, size, 32, size % 2 ? JSON_FLOATS_TO_STRING : JSON_STRICT) == 0) {
        json_write(&once, v);
        if (!utf8_valid(once.data, once.len)) abort();
        if (json_parse_canonical(&again, &a, once.data, once.len, 32, SIZE_MAX) || !jv_equal(v, again))
            abort();
        json_write_pretty(&twice, v);
        if (json_parse(&again, &a, twice.data, twice.len, 32, JSON_STRICT) || !jv_equal(v, again)) abort();
    }
    if (json_parse_canonical(&again, &a, data, size, 32, SIZE_MAX) == 0 && !is(&once, data, size)) abort();
    if (buf_error(&once) || buf_error(&twice)) abort();
    buf_release(&once);
    buf_release(&twice);
    arena_release(&a);
    return 0;
}
