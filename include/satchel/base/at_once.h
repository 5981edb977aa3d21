/* One thing done to many, several at a time: what waits for the disk waits together, and the disk may do in one go what it
 * can. */
#ifndef SATCHEL_BASE_AT_ONCE_H
#define SATCHEL_BASE_AT_ONCE_H

#include <stddef.h>

#include "satchel/base/err.h"

/* Calls each(ctx, i) for all i below len, in any order, from this thread and a few more. No more are begun once one has
 * failed, whose code and message are returned. */
int at_once(int (*each)(void *ctx, size_t i), void *ctx, size_t len) MUST_CHECK;

#endif
