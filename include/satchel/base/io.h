/* Bytes that are pulled (source) and bytes that are pushed (sink); filters stack one on another:
 * tar -> gzip -> age -> file, and back. Memory never grows with the stream. */
#ifndef SATCHEL_BASE_IO_H
#define SATCHEL_BASE_IO_H

#include <stdint.h>
#include "satchel/base/buf.h"

struct source {
    /* Reads up to cap bytes, at least one unless the end is reached: then *got is 0. */
    int (*read)(struct source *s, void *out, size_t cap, size_t *got);
    void (*close)(struct source *s); /* frees s and what it owns */
};

struct sink {
    int (*write)(struct sink *s, const void *bytes, size_t len);
    int (*finish)(struct sink *s); /* flushes and finishes this and all below it; once; files are synced here */
    void (*close)(struct sink *s); /* frees s and all below it; without finish the output is abandoned */
};

/* Who wants to know how far a long work has come: bytes done of bytes in all (0: not known). */
struct progress {
    void (*at)(struct progress *p, uint64_t done, uint64_t total);
};

int source_read(struct source *s, void *out, size_t cap, size_t *got) MUST_CHECK;
int source_read_full(struct source *s, void *out, size_t len, size_t *got) MUST_CHECK; /* short only at the end */
int source_read_all(struct source *s, struct buf *out) MUST_CHECK; /* ERR_INPUT when over out->max */
void source_close(struct source *s);                               /* NULL is fine */

int sink_write(struct sink *s, const void *bytes, size_t len) MUST_CHECK;
int sink_finish(struct sink *s) MUST_CHECK;
void sink_close(struct sink *s); /* NULL is fine */

int io_copy(struct sink *to, struct source *from, uint64_t *copied) MUST_CHECK; /* copied may be NULL */

int memory_source(struct source **out, const void *bytes, size_t len) MUST_CHECK; /* bytes are borrowed */
int memory_sink(struct sink **out, struct buf *into) MUST_CHECK;                  /* into is borrowed */
/* At most `len` bytes of `under`, which it does not own. */
int limit_source(struct source **out, struct source *under, uint64_t len) MUST_CHECK;

#endif
