/* Finding one of the embedded forms. */
#include "satchel/scheme/embedded.h"

const struct embedded *embedded_find(const char *name)
{
    return embedded_in(embedded_files, embedded_files_len, name);
}
