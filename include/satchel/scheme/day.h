/* Days of the calendar, as the scheme counts them (domain.md §2). A day is the number of days since 1970-01-01. */
#ifndef SATCHEL_SCHEME_DAY_H
#define SATCHEL_SCHEME_DAY_H

#include <stdbool.h>
#include <stdint.h>

#define DAY_NONE INT32_MIN /* no day: not known, or not set. Earlier than every day */
#define DAY_TEXT 11        /* "2026-11-22" with the NUL */

int32_t day_read(const char *s); /* of "YYYY-MM-DD"; DAY_NONE: NULL, or no day that exists */
void day_write(char out[DAY_TEXT], int32_t day); /* "" for DAY_NONE */
int32_t day_of(int year, int month, int day);    /* of a day that exists; months 1 … 12 */
int day_year(int32_t day);
/* Keeps the day of the month, or takes the month's last one where there is none such; `months` may be negative. The
 * start day is not counted, the last one is, and no day rolls on to a working day. DAY_NONE stays so. */
int32_t day_add_months(int32_t day, int64_t months);
bool day_is_clamped(int32_t day, int64_t months); /* does day_add_months take the month's last day for want of a later one? */
/* The day at `seconds` since 1970 UTC, at an offset from UTC in minutes. */
int32_t day_at(int64_t seconds, int64_t offset_minutes);

#endif
