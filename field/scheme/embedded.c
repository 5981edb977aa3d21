/* Finding an embedded file: a binary search in the sorted table that the build writes. */
#include "satchel/scheme/embedded.h"

#include <string.h>

const struct embedded *embedded_find(const char *name)
{
    size_t lo = 0, hi = embedded_files_len;
    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        int order = strcmp(name, embedded_files[mid].name);
        if (order == 0) return &embedded_files[mid];
        if (order < 0)
            hi = mid;
        else
            lo = mid + 1;
    }
    return NULL;
}
