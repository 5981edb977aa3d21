/* Finding an embedded file: a binary search in the sorted table that the build writes. */
#include "satchel/base/embedded.h"

#include <string.h>

const struct embedded *embedded_in(const struct embedded *table, size_t len, const char *name)
{
    size_t lo = 0, hi = len;
    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        int order = strcmp(name, table[mid].name);
        if (order == 0) return &table[mid];
        if (order < 0)
            hi = mid;
        else
            lo = mid + 1;
    }
    return NULL;
}
