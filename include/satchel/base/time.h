/* Clock, dates and RFC 3339 times. Calendar rules of the scheme live in field/scheme. */
#ifndef SATCHEL_BASE_TIME_H
#define SATCHEL_BASE_TIME_H

#include <stdbool.h>
#include <stdint.h>
#include "satchel/base/err.h"

#define TIME_TEXT 26 /* "2026-11-22T10:11:12+08:00" with the NUL */

int64_t time_now(void); /* seconds since 1970, UTC; SATCHEL tests may fake it with libfaketime only */
/* `seconds` as RFC 3339 with the offset given in minutes. */
void time_write(char out[TIME_TEXT], int64_t seconds, int offset_minutes);
void time_write_now(char out[TIME_TEXT]); /* now, with this machine's offset */
/* Strict RFC 3339 as above, seconds without fraction, a day that exists, or 'Z'. */
bool time_read(int64_t *seconds, int *offset_minutes, const char *s);
bool date_valid(const char *s); /* "YYYY-MM-DD", a day that exists */

#endif
