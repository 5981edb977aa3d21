/* The calendar's arithmetic: days counted from 1970-01-01 in the Gregorian calendar, months added with the day kept or
 * clamped to the month's end (domain.md §2). */
#include "satchel/scheme/day.h"

#include <stdio.h>

#include "satchel/base/time.h"

enum { DAYS_IN_400_YEARS = 146097, DAY_ZERO = 719468 /* 1970-01-01 counted from 0000-03-01 */, SECONDS_IN_DAY = 86400 };

struct date {
    int64_t year;
    int month, day;
};

/* Years are counted from March, so that the leap day is a year's last. */
int32_t day_of(int year, int month, int day)
{
    int64_t y = month <= 2 ? year - 1 : year;
    int64_t era = (y >= 0 ? y : y - 399) / 400, year_of_era = y - era * 400;
    int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return (int32_t)(era * DAYS_IN_400_YEARS + day_of_era - DAY_ZERO);
}

static struct date date_of(int32_t day)
{
    int64_t z = (int64_t)day + DAY_ZERO;
    int64_t era = (z >= 0 ? z : z - (DAYS_IN_400_YEARS - 1)) / DAYS_IN_400_YEARS, day_of_era = z - era * DAYS_IN_400_YEARS;
    int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / (DAYS_IN_400_YEARS - 1)) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t shifted = (5 * day_of_year + 2) / 153;
    int month = (int)(shifted < 10 ? shifted + 3 : shifted - 9);
    return (struct date){
        year_of_era + era * 400 + (month <= 2), month, (int)(day_of_year - (153 * shifted + 2) / 5 + 1)};
}

static int days_in_month(int64_t year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return days[month - 1] + (month == 2 && leap);
}

int32_t day_read(const char *s)
{
    int year, month, day;
    if (!s || !date_valid(s) || sscanf(s, "%4d-%2d-%2d", &year, &month, &day) != 3) return DAY_NONE;
    return day_of(year, month, day);
}

void day_write(char out[DAY_TEXT], int32_t day)
{
    struct date d = date_of(day);
    out[0] = '\0';
    if (day != DAY_NONE && d.year >= 0 && d.year <= 9999)
        snprintf(out, DAY_TEXT, "%04u-%02u-%02u", (unsigned)d.year % 10000, (unsigned)d.month % 100, (unsigned)d.day % 100);
}

int day_year(int32_t day)
{
    return (int)date_of(day).year;
}

/* The month that is `months` on, and the day in it that is asked for, there or not. */
static struct date move(int32_t day, int64_t months)
{
    struct date d = date_of(day);
    int64_t month = d.year * 12 + d.month - 1 + months;
    d.year = (month >= 0 ? month : month - 11) / 12;
    d.month = (int)(month - d.year * 12) + 1;
    return d;
}

bool day_is_clamped(int32_t day, int64_t months)
{
    if (day == DAY_NONE) return false;
    struct date d = move(day, months);
    return d.day > days_in_month(d.year, d.month);
}

int32_t day_add_months(int32_t day, int64_t months)
{
    if (day == DAY_NONE) return DAY_NONE;
    struct date d = move(day, months);
    int last = days_in_month(d.year, d.month);
    return day_of((int)d.year, d.month, d.day < last ? d.day : last);
}

int32_t day_at(int64_t seconds, int64_t offset_minutes)
{
    int64_t local = seconds + offset_minutes * 60;
    return (int32_t)((local >= 0 ? local : local - (SECONDS_IN_DAY - 1)) / SECONDS_IN_DAY);
}
