/* Sorted arrays in an arena. */
#include "array.h"

#include <string.h>

void *array_room(struct arena *a, void *items, size_t len, size_t *cap, size_t item_size)
{
    if (len < *cap) return items;
    size_t larger_cap = *cap ? *cap * 2 : 1;
    void *larger = arena_alloc(a, larger_cap * item_size);
    if (!larger) return NULL;
    if (len > 0) memcpy(larger, items, len * item_size);
    *cap = larger_cap;
    return larger;
}

size_t array_place(const void *items, size_t len, size_t item_size, array_compare *compare, const void *key)
{
    size_t low = 0, high = len;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (compare((const char *)items + middle * item_size, key) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

int array_compare_strings(const void *item, const void *key)
{
    return strcmp(*(const char *const *)item, *(const char *const *)key);
}
