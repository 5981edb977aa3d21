/* The Git LFS batch API (git-lfs docs/api/batch.md) as a hub answers it: downloads only, by the basic transfer, so that a stock
 * clone of the hub's repository or of a mirror can `git lfs pull` its evidence. Pure: bytes in, bytes out. */
#ifndef SATCHEL_HUB_LFS_API_H
#define SATCHEL_HUB_LFS_API_H

#include "satchel/base/arena.h"
#include "satchel/base/buf.h"
#include "satchel/format/names.h"

#define LFS_TYPE "application/vnd.git-lfs+json"
#define LFS_OBJECTS_MOST ((size_t)1000)

/* Who asks, and what may be told. */
struct lfs_asker {
    const char *objects_url;   /* "https://…/lfs/objects", with nothing in it that JSON escapes */
    const char *authorization; /* the asker's own header, to be given again with each download; NULL: none */
    /* Does the hub hold it in a case that the asker may see? `ref` is what the asker works on ("refs/heads/CASE"), or NULL:
     * a hint, that opens nothing more. */
    int (*find)(void *ctx, const char *ref, const char *sha256, uint64_t *size, bool *found);
    void *ctx;
};

/* Appends the answer to a batch request; *status is its HTTP status: 200, or 403 an upload, 409 another hash, 413 too many
 * objects, 422 malformed, each with {"message":…}. An object that is not found has its own error 404 in the answer. Fails only
 * where `find` fails or memory is out. */
int lfs_batch(struct buf *out, int *status, struct arena *a, const void *body, size_t len, const struct lfs_asker *who) MUST_CHECK;

#endif
