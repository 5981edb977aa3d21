/* Batch requests of Git LFS: whatever is asked, the answer is JSON, with a status that fits it. */
#include <stdlib.h>

#include "satchel/base/json.h"
#include "satchel/hub/lfs_api.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int find(void *ctx, const char *ref, const char *sha256, uint64_t *size, bool *found)
{
    (void)ctx, (void)ref;
    *found = sha256[0] < '8';
    *size = 6;
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int status = 0;
    struct arena a;
    struct buf out;
    const struct jv *v;
    struct lfs_asker who = {"https://hub/lfs/objects", "Basic eDp5", find, NULL};
    arena_init(&a);
    buf_init(&out, BUF_UNLIMITED);
    if (lfs_batch(&out, &status, &a, data, size, &who)) abort();
    if (json_parse(&v, &a, out.data, out.len, 8, JSON_STRICT)) abort();
    if ((status == 200) != (jv_get(v, "objects") != NULL)) abort();
    buf_release(&out);
    arena_release(&a);
    return 0;
}
