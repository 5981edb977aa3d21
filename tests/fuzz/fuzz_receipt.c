/* Receipts: what is accepted is written back byte for byte, under the same id. */
#include <stdlib.h>
#include <string.h>

#include "satchel/format/receipt.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char id[SHA256_HEX];
    struct arena a;
    struct buf written;
    struct receipt *r;
    arena_init(&a);
    buf_init(&written, BUF_UNLIMITED);
    if (receipt_parse(&r, &a, data, size) == 0) {
        memcpy(id, r->id, sizeof id);
        if (receipt_write(&written, &a, r) || strcmp(id, r->id) != 0) abort();
        if (written.len != size || memcmp(written.data, data, size) != 0) abort();
    }
    buf_release(&written);
    arena_release(&a);
    return 0;
}
