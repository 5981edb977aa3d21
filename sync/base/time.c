/* RFC 3339 times and the days of the proleptic Gregorian calendar (years 0000 … 9999). */
#include "satchel/base/time.h"

#include <stddef.h>
#include <string.h>
#include <time.h>
#include "satchel/base/os.h"

#define DAY_SECONDS 86400
#define FIRST_SECOND INT64_C(-62167219200) /* 0000-01-01T00:00:00Z */
#define LAST_SECOND INT64_C(253402300799)  /* 9999-12-31T23:59:59Z */
#define OFFSET_LIMIT (24 * 60)

struct day {
    int year, month, day;
};

static bool is_leap(int year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static int month_days(int year, int month)
{
    static const signed char days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return month == 2 && is_leap(year) ? 29 : days[month - 1];
}

/* Days between 1970-01-01 and d. The year is taken to begin in March, so that the leap day is its last. */
static int64_t day_number(struct day d)
{
    int64_t year = d.month > 2 ? d.year : d.year - 1;
    int64_t era = (year >= 0 ? year : year - 399) / 400;
    int64_t year_of_era = year - era * 400;
    int64_t day_of_year = (153 * ((d.month + 9) % 12) + 2) / 5 + d.day - 1;
    return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719468;
}

static struct day day_of(int64_t number)
{
    int64_t n = number + 719468;
    int64_t era = (n >= 0 ? n : n - 146096) / 146097;
    int64_t day_of_era = n - era * 146097;
    int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t month = (5 * day_of_year + 2) / 153; /* 0 is March */
    struct day d = {.month = (int)(month < 10 ? month + 3 : month - 9)};
    d.day = (int)(day_of_year - (153 * month + 2) / 5 + 1);
    d.year = (int)(year_of_era + era * 400) + (d.month <= 2);
    return d;
}

int64_t time_now(void)
{
    return (int64_t)time(NULL);
}

static char *put_digits(char *to, int value, int width)
{
    for (int i = width - 1; i >= 0; i--, value /= 10) to[i] = (char)('0' + value % 10);
    return to + width;
}

static int64_t clamp(int64_t value, int64_t low, int64_t high)
{
    return value < low ? low : value > high ? high : value;
}

void time_write(char out[TIME_TEXT], int64_t seconds, int offset_minutes)
{
    int offset = (int)clamp(offset_minutes, 1 - OFFSET_LIMIT, OFFSET_LIMIT - 1);
    int64_t local = clamp(clamp(seconds, FIRST_SECOND, LAST_SECOND) + offset * 60, FIRST_SECOND, LAST_SECOND);
    int64_t number = (local - FIRST_SECOND) / DAY_SECONDS + FIRST_SECOND / DAY_SECONDS;
    int clock = (int)(local - number * DAY_SECONDS), distance = offset < 0 ? -offset : offset;
    struct day d = day_of(number);
    char *p = put_digits(out, d.year, 4);
    *p++ = '-';
    p = put_digits(p, d.month, 2);
    *p++ = '-';
    p = put_digits(p, d.day, 2);
    *p++ = 'T';
    p = put_digits(p, clock / 3600, 2);
    *p++ = ':';
    p = put_digits(p, clock / 60 % 60, 2);
    *p++ = ':';
    p = put_digits(p, clock % 60, 2);
    *p++ = offset < 0 ? '-' : '+';
    p = put_digits(p, distance / 60, 2);
    *p++ = ':';
    p = put_digits(p, distance % 60, 2);
    *p = '\0';
}

void time_write_now(char out[TIME_TEXT])
{
    int64_t now = time_now();
    time_write(out, now, os_local_offset_minutes(now));
}

/* Reads what stands for each letter of the pattern: 'd' is a digit, anything else itself. Stops at the first
 * character that does not fit, so it never passes the NUL. */
static bool fits(const char *s, const char *pattern)
{
    for (; *pattern; s++, pattern++)
        if (*pattern == 'd' ? *s < '0' || *s > '9' : *s != *pattern) return false;
    return true;
}

static int two(const char *s)
{
    return (s[0] - '0') * 10 + (s[1] - '0');
}

static bool read_day(struct day *out, const char *s)
{
    if (!fits(s, "dddd-dd-dd")) return false;
    struct day d = {two(s) * 100 + two(s + 2), two(s + 5), two(s + 8)};
    if (d.month < 1 || d.month > 12 || d.day < 1 || d.day > month_days(d.year, d.month)) return false;
    *out = d;
    return true;
}

static bool read_offset(int *minutes, const char *s)
{
    if (strcmp(s, "Z") == 0) {
        *minutes = 0;
        return true;
    }
    if (!fits(s, s[0] == '-' ? "-dd:dd" : "+dd:dd") || s[6] != '\0') return false;
    if (two(s + 1) > 23 || two(s + 4) > 59 || strcmp(s, "-00:00") == 0) return false;
    *minutes = (two(s + 1) * 60 + two(s + 4)) * (s[0] == '-' ? -1 : 1);
    return true;
}

bool time_read(int64_t *seconds, int *offset_minutes, const char *s)
{
    struct day d;
    int offset;
    if (!read_day(&d, s) || !fits(s + 10, "Tdd:dd:dd")) return false;
    int hour = two(s + 11), minute = two(s + 14), second = two(s + 17);
    if (hour > 23 || minute > 59 || second > 59 || !read_offset(&offset, s + 19)) return false;
    *seconds = day_number(d) * DAY_SECONDS + hour * 3600 + minute * 60 + second - offset * 60;
    *offset_minutes = offset;
    return true;
}

bool date_valid(const char *s)
{
    struct day d;
    return read_day(&d, s) && s[10] == '\0';
}
