/* What all sources and sinks share, and the two that live in memory. */
#include "satchel/base/io.h"

#include <stdlib.h>
#include <string.h>

#define COPY_SIZE ((size_t)128 << 10)

int source_read(struct source *s, void *out, size_t cap, size_t *got)
{
    return s->read(s, out, cap, got);
}

int source_read_full(struct source *s, void *out, size_t len, size_t *got)
{
    size_t have = 0, n = 1;
    while (have < len && n > 0) {
        int err = s->read(s, (unsigned char *)out + have, len - have, &n);
        if (err) return err;
        have += n;
    }
    *got = have;
    return 0;
}

int source_read_all(struct source *s, struct buf *out)
{
    unsigned char chunk[16 << 10];
    size_t n = 1;
    while (n > 0) {
        int err = s->read(s, chunk, sizeof chunk, &n);
        if (err) return err;
        buf_add(out, chunk, n);
        err = buf_error(out);
        if (err) return err;
    }
    return 0;
}

void source_close(struct source *s)
{
    if (s) s->close(s);
}

int sink_write(struct sink *s, const void *bytes, size_t len)
{
    return len > 0 ? s->write(s, bytes, len) : 0;
}

int sink_finish(struct sink *s)
{
    return s->finish(s);
}

void sink_close(struct sink *s)
{
    if (s) s->close(s);
}

int io_copy(struct sink *to, struct source *from, uint64_t *copied)
{
    uint64_t total = 0;
    size_t n = 1;
    int err = 0;
    unsigned char *chunk = malloc(COPY_SIZE);
    if (!chunk) return err_memory();
    while (n > 0) {
        err = source_read(from, chunk, COPY_SIZE, &n);
        if (err) goto out;
        err = sink_write(to, chunk, n);
        if (err) goto out;
        total += n;
    }
    if (copied) *copied = total;
out:
    free(chunk);
    return err;
}

struct memory_source {
    struct source base;
    const unsigned char *at;
    size_t left;
};

static int memory_read(struct source *base, void *out, size_t cap, size_t *got)
{
    struct memory_source *s = (struct memory_source *)base;
    size_t n = cap < s->left ? cap : s->left;
    if (n > 0) memcpy(out, s->at, n);
    s->at += n;
    s->left -= n;
    *got = n;
    return 0;
}

static void memory_source_close(struct source *base)
{
    free(base);
}

int memory_source(struct source **out, const void *bytes, size_t len)
{
    static const unsigned char none[1];
    struct memory_source *s = calloc(1, sizeof *s);
    if (!s) return err_memory();
    s->base = (struct source){memory_read, memory_source_close};
    s->at = len > 0 ? bytes : none;
    s->left = len;
    *out = &s->base;
    return 0;
}

struct memory_sink {
    struct sink base;
    struct buf *into;
};

static int memory_write(struct sink *base, const void *bytes, size_t len)
{
    struct buf *into = ((struct memory_sink *)base)->into;
    buf_add(into, bytes, len);
    return buf_error(into);
}

static int memory_finish(struct sink *base)
{
    return buf_error(((struct memory_sink *)base)->into);
}

static void memory_sink_close(struct sink *base)
{
    free(base);
}

int memory_sink(struct sink **out, struct buf *into)
{
    struct memory_sink *s = calloc(1, sizeof *s);
    if (!s) return err_memory();
    s->base = (struct sink){memory_write, memory_finish, memory_sink_close};
    s->into = into;
    *out = &s->base;
    return 0;
}

struct limit_source {
    struct source base;
    struct source *under;
    uint64_t left;
};

static int limit_read(struct source *base, void *out, size_t cap, size_t *got)
{
    struct limit_source *s = (struct limit_source *)base;
    size_t n = cap < s->left ? cap : (size_t)s->left, have = 0;
    if (n > 0) {
        int err = source_read(s->under, out, n, &have);
        if (err) return err;
    }
    s->left -= have;
    *got = have;
    return 0;
}

static void limit_close(struct source *base)
{
    free(base);
}

int limit_source(struct source **out, struct source *under, uint64_t len)
{
    struct limit_source *s = calloc(1, sizeof *s);
    if (!s) return err_memory();
    s->base = (struct source){limit_read, limit_close};
    s->under = under;
    s->left = len;
    *out = &s->base;
    return 0;
}
