/* Receipts: what is accepted is written back byte for byte, under the same id; and in brief, upon an earlier one that holds
 * some of its evidence, it is restored to the byte. What says that it is one in brief is read without harm. */
#include <stdlib.h>
#include <string.h>

#include "satchel/format/receipt.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char since[] = "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc";

static int restore(struct buf *whole, struct arena *a, const void *brief, size_t len, const struct receipt *of, size_t held)
{
    struct receipt before = {.held = of->held, .held_len = held};
    memcpy(before.id, since, sizeof since);
    buf_clear(whole);
    return receipt_restore(whole, a, brief, len, &before);
}

static void shorten(struct arena *a, const struct receipt *r, const uint8_t *data, size_t size)
{
    struct buf brief, whole;
    buf_init(&brief, BUF_UNLIMITED);
    buf_init(&whole, BUF_UNLIMITED);
    if (receipt_brief_write(&brief, a, r, since, r->held, r->held_len / 2)) abort();
    for (size_t held = r->held_len / 2; held <= r->held_len; held += 1 + r->held_len / 2) {
        if (restore(&whole, a, brief.data, brief.len, r, held)) abort();
        if (whole.len != size || memcmp(whole.data, data, size) != 0) abort();
    }
    buf_release(&brief);
    buf_release(&whole);
}

static void read_brief(struct arena *a, const uint8_t *data, size_t size)
{
    struct buf whole;
    struct receipt *r, none = {.held_len = 0};
    buf_init(&whole, BUF_UNLIMITED);
    bool one = receipt_since(a, data, size) != NULL, restored = restore(&whole, a, data, size, &none, 0) == 0;
    if (restored && (!one || receipt_parse(&r, a, data, size) == 0)) abort();
    if (restored && receipt_since(a, whole.data, whole.len)) abort();
    buf_release(&whole);
}

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
        shorten(&a, r, data, size);
    }
    read_brief(&a, data, size);
    buf_release(&written);
    arena_release(&a);
    return 0;
}
