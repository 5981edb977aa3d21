/* Open addressing with linear probing, at most three quarters full. The hash is FNV-1a, started from the
 * address of the slots: it differs from run to run, so that nobody can prepare keys that collide. */
#include "satchel/base/map.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define MAP_FIRST 16

void map_init(struct map *m)
{
    *m = (struct map){0};
}

void map_release(struct map *m)
{
    free(m->slots);
    map_init(m);
}

static size_t hash(const struct map *m, const char *key)
{
    uint64_t h = 0xcbf29ce484222325u ^ ((uint64_t)(uintptr_t)m->slots * 0x9e3779b97f4a7c15u);
    for (; *key; key++) h = (h ^ (unsigned char)*key) * 0x100000001b3u;
    return (size_t)(h ^ h >> 32);
}

/* The slot that holds the key, or the empty one where it belongs. */
static struct map_slot *slot_of(const struct map *m, const char *key)
{
    size_t mask = m->cap - 1, i = hash(m, key) & mask;
    while (m->slots[i].key && strcmp(m->slots[i].key, key) != 0) i = (i + 1) & mask;
    return &m->slots[i];
}

static int map_grow(struct map *m)
{
    struct map larger = {.cap = m->cap ? m->cap * 2 : MAP_FIRST, .len = m->len};
    larger.slots = calloc(larger.cap, sizeof *larger.slots);
    if (!larger.slots) return err_memory();
    for (size_t i = 0; i < m->cap; i++)
        if (m->slots[i].key) *slot_of(&larger, m->slots[i].key) = m->slots[i];
    free(m->slots);
    *m = larger;
    return 0;
}

void *map_get(const struct map *m, const char *key)
{
    return m->cap ? slot_of(m, key)->value : NULL;
}

int map_put(struct map *m, const char *key, void *value)
{
    if (m->len + 1 > m->cap / 4 * 3) {
        int err = map_grow(m);
        if (err) return err;
    }
    struct map_slot *slot = slot_of(m, key);
    if (!slot->key) {
        slot->key = key;
        m->len++;
    }
    slot->value = value;
    return 0;
}
