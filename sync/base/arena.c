/* Blocks that double from 4 KiB to 1 MiB; what is larger gets a block of its own behind the open one. Values are aligned and
 * come from the front; text needs no alignment and is packed from the end: most of what is kept is short strings. */
#include "satchel/base/arena.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "satchel/base/err.h"

#define BLOCK_FIRST ((size_t)4 << 10)
#define BLOCK_LAST ((size_t)1 << 20)
#define ALIGNMENT _Alignof(max_align_t)

struct arena_block {
    struct arena_block *next;
    size_t used, end; /* what is free lies between them */
    size_t cap;
    max_align_t bytes[];
};

void arena_init(struct arena *a)
{
    *a = (struct arena){0};
}

void arena_release(struct arena *a)
{
    for (struct arena_block *b = a->blocks, *next; b; b = next) {
        next = b->next;
        free(b);
    }
    arena_init(a);
}

static struct arena_block *block_new(size_t cap)
{
    struct arena_block *b = calloc(1, sizeof *b + cap);
    if (b) b->cap = b->end = cap;
    return b;
}

/* The first block of the list is the one being filled. */
static struct arena_block *block_for(struct arena *a, size_t size)
{
    struct arena_block *open = a->blocks;
    if (open && open->end - open->used >= size) return open;
    size_t cap = open && open->cap >= BLOCK_FIRST ? open->cap * 2 : BLOCK_FIRST;
    if (cap > BLOCK_LAST) cap = BLOCK_LAST;
    bool alone = size > cap / 2;
    struct arena_block *b = block_new(alone ? size : cap);
    if (!b) return NULL;
    a->held += b->cap;
    if (open && alone) {
        b->next = open->next;
        open->next = b;
    } else {
        b->next = open;
        a->blocks = b;
    }
    return b;
}

static struct arena_block *room_for(struct arena *a, size_t size)
{
    struct arena_block *b = size > SIZE_MAX / 4 ? NULL : block_for(a, size);
    if (b) a->used += size;
    else err_memory();
    return b;
}

void *arena_alloc(struct arena *a, size_t size)
{
    size_t rounded = (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    struct arena_block *b = room_for(a, rounded < size ? size : rounded);
    if (!b) return NULL;
    b->used += rounded;
    return (unsigned char *)b->bytes + b->used - rounded;
}

static char *text_alloc(struct arena *a, size_t size)
{
    struct arena_block *b = room_for(a, size);
    if (!b) return NULL;
    b->end -= size;
    return (char *)b->bytes + b->end;
}

char *arena_strndup(struct arena *a, const char *s, size_t len)
{
    char *copy = len < SIZE_MAX ? text_alloc(a, len + 1) : NULL;
    if (copy && len > 0) memcpy(copy, s, len);
    return copy;
}

char *arena_strdup(struct arena *a, const char *s)
{
    return arena_strndup(a, s, strlen(s));
}

char *arena_printf(struct arena *a, const char *fmt, ...)
{
    va_list args, again;
    va_start(args, fmt);
    va_copy(again, args);
    int len = vsnprintf(NULL, 0, fmt, args);
    char *s = len < 0 ? NULL : text_alloc(a, (size_t)len + 1);
    if (s) vsnprintf(s, (size_t)len + 1, fmt, again);
    va_end(again);
    va_end(args);
    return s;
}
