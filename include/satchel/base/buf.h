/* A growing run of bytes with a declared maximum: whatever is fed from outside has a limit.
 *
 * Errors stick: after the first failed append (memory, limit) the rest are no-ops, and the caller checks
 * once with buf_error. The bytes are always followed by a NUL that is not counted. */
#ifndef SATCHEL_BASE_BUF_H
#define SATCHEL_BASE_BUF_H

#include <stddef.h>
#include "satchel/base/err.h"

struct buf {
    unsigned char *data; /* never NULL after buf_init; owned */
    size_t len;
    size_t cap;
    size_t max;
    int error;
};

#define BUF_UNLIMITED ((size_t)-1 / 4)

void buf_init(struct buf *b, size_t max);
void buf_release(struct buf *b);      /* frees; safe to call twice */
void buf_wipe(struct buf *b);         /* overwrites the bytes, then releases: for secrets */
void buf_clear(struct buf *b);        /* empty again, error forgotten, memory kept */

void buf_add(struct buf *b, const void *bytes, size_t len);
void buf_adds(struct buf *b, const char *s);
void buf_addc(struct buf *b, int c);
void buf_addf(struct buf *b, const char *fmt, ...) ERR_PRINTF(2, 3);
unsigned char *buf_space(struct buf *b, size_t len); /* appends len unset bytes; NULL on failure */

/* 0, or the code of the first failed append (its message is set). */
int buf_error(const struct buf *b) MUST_CHECK;
const char *buf_str(const struct buf *b); /* borrowed until the next change */
char *buf_detach(struct buf *b);          /* the bytes as a malloc'ed string; b is empty again; NULL if it had failed */

#endif
