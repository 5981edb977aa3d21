/* The growing buffer: capacity doubles, never beyond `max`; one byte more is always there for the NUL. */
#include "satchel/base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "satchel/base/crypto.h"

#define BUF_FIRST 64

static unsigned char nothing[1]; /* what an empty buffer points at: only ever read, cap is 0 then */

void buf_init(struct buf *b, size_t max)
{
    *b = (struct buf){.data = nothing, .max = max};
}

void buf_release(struct buf *b)
{
    if (b->cap > 0) free(b->data);
    buf_init(b, b->max);
}

void buf_wipe(struct buf *b)
{
    if (b->cap > 0) wipe(b->data, b->cap);
    buf_release(b);
}

void buf_clear(struct buf *b)
{
    b->len = 0;
    b->error = 0;
    if (b->cap > 0) b->data[0] = '\0';
}

static void buf_grow(struct buf *b, size_t need)
{
    size_t cap = b->cap < BUF_FIRST ? BUF_FIRST : b->cap;
    while (cap < need) cap *= 2;
    if (cap > b->max) cap = b->max;
    unsigned char *data = realloc(b->cap > 0 ? b->data : NULL, cap + 1);
    if (!data) {
        b->error = err_memory();
        return;
    }
    b->data = data;
    b->cap = cap;
}

/* Makes room for len bytes more. */
static int buf_room(struct buf *b, size_t len)
{
    if (b->error) return b->error;
    if (b->len > b->max || len > b->max - b->len)
        return b->error = err_set(ERR_INPUT, "more than the limit of %zu bytes", b->max);
    if (b->len + len > b->cap) buf_grow(b, b->len + len);
    return b->error;
}

unsigned char *buf_space(struct buf *b, size_t len)
{
    if (buf_room(b, len)) return NULL;
    unsigned char *space = b->data + b->len;
    b->len += len;
    if (b->cap > 0) b->data[b->len] = '\0';
    return space;
}

void buf_add(struct buf *b, const void *bytes, size_t len)
{
    unsigned char *space = buf_space(b, len);
    if (space && len > 0) memcpy(space, bytes, len);
}

void buf_adds(struct buf *b, const char *s)
{
    buf_add(b, s, strlen(s));
}

void buf_addc(struct buf *b, int c)
{
    unsigned char byte = (unsigned char)c;
    buf_add(b, &byte, 1);
}

void buf_addf(struct buf *b, const char *fmt, ...)
{
    va_list args, again;
    va_start(args, fmt);
    va_copy(again, args);
    int len = vsnprintf(NULL, 0, fmt, args);
    /* vsnprintf writes a NUL as well: buf_room leaves a byte for it, once there is any capacity. */
    if (len > 0 && buf_room(b, (size_t)len) == 0) {
        vsnprintf((char *)b->data + b->len, (size_t)len + 1, fmt, again);
        b->len += (size_t)len;
    }
    va_end(again);
    va_end(args);
}

int buf_error(const struct buf *b)
{
    return b->error;
}

const char *buf_str(const struct buf *b)
{
    return (const char *)b->data;
}

char *buf_detach(struct buf *b)
{
    if (b->error) return NULL;
    char *s = b->cap > 0 ? (char *)b->data : calloc(1, 1);
    if (!s)
        b->error = err_memory();
    else
        buf_init(b, b->max);
    return s;
}
