/* Files that the build has put into the program: tables written by sync/base/embed.cmake. */
#ifndef SATCHEL_BASE_EMBEDDED_H
#define SATCHEL_BASE_EMBEDDED_H

#include <stddef.h>

struct embedded {
    const char *name;          /* path below the folder, '/' between parts */
    const unsigned char *data; /* a NUL follows, not counted */
    size_t size;
};

/* The file of that name in a table that is sorted by name, or NULL. */
const struct embedded *embedded_in(const struct embedded *table, size_t len, const char *name);

#endif
