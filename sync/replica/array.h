/* Sorted arrays in an arena. For the files of this folder only. */
#ifndef SATCHEL_REPLICA_ARRAY_H
#define SATCHEL_REPLICA_ARRAY_H

#include "satchel/base/arena.h"

/* Room for one item more: the array itself, or a longer copy of it in the arena; NULL when memory is out. */
void *array_room(struct arena *a, void *items, size_t len, size_t *cap, size_t item_size);

/* Less than, equal to or greater than 0, as the item is before, at or behind the key. */
typedef int array_compare(const void *item, const void *key);
/* The place of the first item that is not before the key; len when all are. */
size_t array_place(const void *items, size_t len, size_t item_size, array_compare *compare, const void *key);

/* For qsort of const char *, and for array_place with a const char *const * as key. */
int array_compare_strings(const void *item, const void *key);

#endif
