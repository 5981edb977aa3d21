/* Git's objects as the hub reads them: the items of a tree are written back as the same bytes, and so is a
 * commit whose signature was taken out and is put back. */
#include <stdlib.h>
#include <string.h>

#include "../../sync/hub/object.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must_be(struct buf *written, const uint8_t *data, size_t size)
{
    if (buf_error(written) || written->len != size || memcmp(written->data, data, size) != 0) abort();
    buf_clear(written);
}

static void tree(const uint8_t *data, size_t size)
{
    struct tree_item item;
    struct buf written;
    size_t at = 0;
    int rc;
    buf_init(&written, BUF_UNLIMITED);
    while ((rc = tree_item_read(&item, data, size, &at)) > 0) tree_item_write(&written, &item);
    if (at > size || (rc == 0 && at != size)) abort();
    if (at > 0) must_be(&written, data, at);
    buf_release(&written);
}

static void put_together(struct buf *out, const struct commit_view *c)
{
    const char *message = strstr(c->payload, "\n\n") + 1;
    buf_add(out, c->payload, (size_t)(message - c->payload));
    if (c->signature) buf_adds(out, "gpgsig");
    for (const char *line = c->signature; line && *line;) {
        size_t len = strcspn(line, "\n") + 1;
        buf_addc(out, ' ');
        buf_add(out, line, len);
        line += len;
    }
    buf_adds(out, message);
}

static void commit(const uint8_t *data, size_t size)
{
    static const unsigned char nobody[KEY_SIZE];
    struct commit_view c;
    struct arena a;
    struct buf written;
    arena_init(&a);
    buf_init(&written, BUF_UNLIMITED);
    if (commit_read(&c, &a, data, size) == 0) {
        const char *value = commit_trailer(&c, &a, "Entry");
        if (commit_signed_by(&c, nobody) || (value && !strstr(c.message, value))) abort();
        put_together(&written, &c);
        must_be(&written, data, size);
    }
    buf_release(&written);
    arena_release(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    tree(data, size);
    commit(data, size);
    return 0;
}
