/* Memory that is given back all at once: parsed values, entries, the state of a case. */
#ifndef SATCHEL_BASE_ARENA_H
#define SATCHEL_BASE_ARENA_H

#include <stddef.h>

struct arena {
    struct arena_block *blocks;
    size_t used; /* bytes handed out so far */
    size_t held; /* bytes of its blocks */
};

void arena_init(struct arena *a);
void arena_release(struct arena *a);

/* Zeroed, aligned for any type; NULL when memory is out (err_memory is set). */
void *arena_alloc(struct arena *a, size_t size);
char *arena_strndup(struct arena *a, const char *s, size_t len);
char *arena_strdup(struct arena *a, const char *s);
char *arena_printf(struct arena *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
