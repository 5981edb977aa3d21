/* zlib streams (RFC 1950) of whole buffers: the form in which git keeps its objects. */
#ifndef SATCHEL_FORMAT_DEFLATE_H
#define SATCHEL_FORMAT_DEFLATE_H

#include "satchel/base/buf.h"

/* What is costly to set up for each small buffer anew. Not for two threads at once. */
struct deflater;

int deflater_new(struct deflater **out, int level) MUST_CHECK; /* level 0 (stored), 1 (fast) … 12 (small) */
void deflater_free(struct deflater *d);                        /* NULL is fine */
void deflater_add(
    struct deflater *d, struct buf *out, const void *bytes, size_t len); /* errors stick to out */

#endif
