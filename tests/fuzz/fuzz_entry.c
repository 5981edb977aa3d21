/* Entries, lines and files of the log: what is accepted is written back byte for byte. */
#include <stdlib.h>
#include <string.h>

#include "satchel/format/entry.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must_be(struct buf *written, const uint8_t *data, size_t size)
{
    if (buf_error(written) || written->len != size || memcmp(written->data, data, size) != 0) abort();
    buf_clear(written);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    unsigned char key[KEY_SIZE];
    struct arena a;
    struct buf written;
    const struct entry *e;
    struct entry *with_key;
    arena_init(&a);
    buf_init(&written, BUF_UNLIMITED);
    if (entry_parse(&e, &a, data, size) == 0) {
        buf_add(&written, e->bytes, e->bytes_len);
        must_be(&written, data, size);
        if (e->fields_len == 0 || entry_field(e, e->fields[0].name) != e->fields) abort();
    }
    if (size > 0 && entry_line_parse(&with_key, &a, key, (const char *)data, size - 1) == 0 &&
        data[size - 1] == '\n') {
        entry_line_write(&written, with_key, key);
        must_be(&written, data, size);
    }
    if (entry_file_parse(&with_key, &a, key, data, size) == 0) {
        entry_file_write(&written, with_key, key);
        must_be(&written, data, size);
    }
    buf_release(&written);
    arena_release(&a);
    return 0;
}
