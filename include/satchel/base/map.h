/* A hash map from strings to pointers; keys are borrowed and must outlive the map. */
#ifndef SATCHEL_BASE_MAP_H
#define SATCHEL_BASE_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include "satchel/base/err.h"

struct map_slot {
    const char *key; /* NULL: empty */
    void *value;
};

struct map {
    struct map_slot *slots; /* walk 0 … cap-1, skipping NULL keys; the order means nothing */
    size_t cap;
    size_t len;
};

void map_init(struct map *m);
void map_release(struct map *m);
void *map_get(const struct map *m, const char *key); /* NULL when absent */
int map_put(struct map *m, const char *key, void *value) MUST_CHECK; /* replaces the value of an equal key */

#endif
