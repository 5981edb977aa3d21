/* The files of forms/, as they stood when the program was built. */
#ifndef SATCHEL_SCHEME_EMBEDDED_H
#define SATCHEL_SCHEME_EMBEDDED_H

#include "satchel/base/embedded.h"

extern const struct embedded embedded_files[]; /* sorted by name */
extern const size_t embedded_files_len;

/* The file of that name, or NULL. */
const struct embedded *embedded_find(const char *name);

#endif
