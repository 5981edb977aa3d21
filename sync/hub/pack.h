/* A git pack as it is being made in memory: one a bundle. Pure bytes; repo.c stores them. */
#ifndef SYNC_HUB_PACK_H
#define SYNC_HUB_PACK_H

#include "object.h"

struct pack;

int pack_new(struct pack **out) MUST_CHECK;
void pack_free(struct pack *p); /* NULL is fine */

/* Whose versions the names are that follow: a branch's. The string is copied. */
int pack_scope(struct pack *p, const char *of) MUST_CHECK;
size_t pack_size(const struct pack *p); /* bytes so far */
/* Adds an object (once: the same bytes again only answer their id). `name` says what it is a version of (a
 * path): it is written as its difference from the version that was added last under that name, where that is
 * smaller. NULL: no versions. */
int pack_add(struct pack *p, enum object_kind kind, const char *name, const void *bytes, size_t len,
    struct oid *id) MUST_CHECK;
/* Writes the end; nothing can be added after it. The bytes are borrowed until pack_free. */
int pack_end(struct pack *p, const void **bytes, size_t *len) MUST_CHECK;

/* ---- what repack.c shares ---- */

#define PACK_TYPE_DIFFERENCE 6 /* from an object further up in the same pack */

void pack_write_head(struct buf *out); /* of a pack, its number of objects not known yet */
void pack_write_distance(struct buf *out, size_t distance); /* to the object that a difference is from */
/* Puts the number of objects into the head, and the sum behind all. */
int pack_write_end(struct buf *out, size_t objects, struct digest *sha1) MUST_CHECK;

#endif
