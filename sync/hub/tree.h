/* The tree of a branch in memory: folders are read when they are first looked into, changed in place, and
 * only what has changed is written again. */
#ifndef SYNC_HUB_TREE_H
#define SYNC_HUB_TREE_H

#include "pack.h"

#define TREE_MAX_BYTES ((size_t)16 << 20) /* of one folder */
#define TREE_MAX_DEPTH 16

/* Where folders are read from. */
struct tree_reader {
    int (*read)(void *ctx, struct buf *out, const struct oid *id); /* the bytes of a tree object */
    void *ctx;
};

struct tree;

/* root NULL: an empty tree. The reader is copied. */
int tree_new(struct tree **out, const struct tree_reader *reader, const struct oid *root) MUST_CHECK;
void tree_free(struct tree *t); /* NULL is fine */
size_t tree_memory(const struct tree *t); /* bytes, about */

/* Paths are "folder/…/file"; folders come and go with what is in them. */
int tree_put(struct tree *t, const char *path, const struct oid *blob) MUST_CHECK;
int tree_remove(struct tree *t, const char *path) MUST_CHECK; /* missing is fine */
/* The id of a file or folder; of a folder as it was last read or written. ERR_MISSING. No message is set
 * then. */
int tree_find(struct tree *t, const char *path, struct oid *out) MUST_CHECK;
/* Calls for each file below a folder ("": all), in git's order. A folder that is not there has none. */
int tree_walk(struct tree *t, const char *folder,
    int (*each)(void *ctx, const char *path, const struct oid *blob), void *ctx) MUST_CHECK;

/* Adds every changed folder to the pack and gives the id of the whole. tree_id does only the latter. */
int tree_write(struct tree *t, struct pack *to, struct oid *root) MUST_CHECK;
int tree_id(struct tree *t, struct digest *sha1, struct oid *root) MUST_CHECK;

/* What differs: calls each path with its old and new blob (NULL: absent), descending only where ids differ.
 * `t` must be unchanged since it was read or written. */
int tree_compare(struct tree *t, struct tree *other,
    int (*each)(void *ctx, const char *path, const struct oid *old, const struct oid *now),
    void *ctx) MUST_CHECK;

#endif
