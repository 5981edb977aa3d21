/* The calendar's arithmetic and the date rules of domain.md §2, held against one that counts day by day: a long list of days,
 * made by going from each to the next, in which months are found by walking. */
#include "case_kit.h"
#include "satchel/scheme/calendar.h"

enum { FIRST_YEAR = 1970, LAST_YEAR = 2110, DAYS = 141 * 366 };

static struct walked {
    int year, month, day;
} walk[DAYS]; /* walk[n]: the n-th day after 1970-01-01 */
static int walk_len, cases;

static const int leap_years[] = {1972, 1976, 1980, 1984, 1988, 1992, 1996, 2000, 2004, 2008, 2012, 2016, 2020, 2024, 2028, 2032,
    2036, 2040, 2044, 2048, 2052, 2056, 2060, 2064, 2068, 2072, 2076, 2080, 2084, 2088, 2092, 2096, 2104, 2108};

static int last_of_month(int year, int month)
{
    if (month == 4 || month == 6 || month == 9 || month == 11) return 30;
    if (month != 2) return 31;
    for (size_t i = 0; i < sizeof leap_years / sizeof *leap_years; i++)
        if (leap_years[i] == year) return 29;
    return 28;
}

static void walk_all(void)
{
    struct walked d = {FIRST_YEAR, 1, 1};
    for (walk_len = 0; d.year <= LAST_YEAR; walk_len++) {
        walk[walk_len] = d;
        if (++d.day <= last_of_month(d.year, d.month)) continue;
        d.day = 1;
        if (++d.month <= 12) continue;
        d.month = 1;
        d.year++;
    }
}

/* Month by month over the list, then to the day, or to the month's last one. */
static int walk_months(int from, int months)
{
    int at = from, step = months < 0 ? -1 : 1;
    for (int n = 0; n != months; n += step)
        for (int month = walk[at].month; walk[at].month == month;) at += step;
    int month = walk[at].month;
    while (at > 0 && walk[at - 1].month == month) at--;
    while (walk[at].day < walk[from].day && walk[at + 1].month == month) at++;
    return at;
}

static int walk_to(int year, int month, int day)
{
    int at = 0;
    while (walk[at].year != year || walk[at].month != month || walk[at].day != day) at++;
    return at;
}

/* Days where rules go wrong: the last three and first two of every month, the leap day among them. */
static bool is_awkward(int at)
{
    return walk[at].day <= 2 || walk[at + 3].day <= 3;
}

static void same_day(int32_t got, int want, int start, const char *rule)
{
    char a[DAY_TEXT], b[DAY_TEXT], c[DAY_TEXT];
    cases++;
    if (got == want) return;
    day_write(a, start);
    day_write(b, got);
    day_write(c, want);
    printf("  %s from %s: %s, not %s\n", rule, a, b, c);
    CHECK(got == want);
}

/* Calls `rule` with each awkward day of some years. */
static void each(void (*rule)(int start), int first_year, int last_year, const char *name)
{
    if (!walk_len) walk_all();
    cases = 0;
    kit_begin();
    for (int at = walk_to(first_year, 1, 1); walk[at].year <= last_year; at++) {
        if (!is_awkward(at)) continue;
        kit_clear();
        rule(at);
    }
    kit_end();
    printf("%s: %d cases\n", name, cases);
    CHECK(cases >= 200);
}

static void numbers(int at)
{
    char text[DAY_TEXT], want[40];
    day_write(text, at);
    snprintf(want, sizeof want, "%04d-%02d-%02d", walk[at].year, walk[at].month, walk[at].day);
    CHECK_STR(text, want);
    same_day(day_read(want), at, at, "day_read");
    same_day(day_of(walk[at].year, walk[at].month, walk[at].day), at, at, "day_of");
    CHECK(day_year(at) == walk[at].year);
}

static void months(int at)
{
    static const int counts[] = {1, 2, 3, 6, 12, 13, 15, 24, 36, 48, -1, -3, -6, -12, -13, -36};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        int to = walk_months(at, counts[i]);
        same_day(day_add_months(at, counts[i]), to, at, "day_add_months");
        CHECK(day_is_clamped(at, counts[i]) == (walk[to].day != walk[at].day));
    }
}

TEST(days_have_their_numbers)
{
    each(numbers, 1971, 2109, "numbers");
}

TEST(months_on_and_back)
{
    each(months, 1996, 2105, "months");
}

static void validity(int start)
{
    struct certificate *t = kit_issue_on(OUTCOME_GRANT, NULL, start, start);
    int to = walk_months(start, 36), want = walk[to].day < walk[start].day ? to : to - 1;
    same_day(certificate_valid_to(&kit.c, t), want, start, "valid_to");
}

TEST(valid_to_is_the_day_before_or_the_clamped_one)
{
    each(validity, 2019, 2034, "validity");
}

static void first_surveillance(int start)
{
    int32_t warning;
    struct cycle y = cycle_of(&kit.c, kit_issue_on(OUTCOME_GRANT, NULL, start, start), start);
    same_day(cycle_next_surveillance(&y, DAY_NONE, &warning), walk_months(start, 12), start, "first surveillance");
    CHECK(warning == DAY_NONE);
}

TEST(the_first_surveillance_is_twelve_months_on)
{
    each(first_surveillance, 2019, 2034, "first surveillance");
}

/* The last day of the year is found by walking: the first 31 December after the year of the previous one that is not in the
 * year of expiry. */
static void next_surveillance(int previous)
{
    int32_t warning;
    int issued = walk_months(previous, -13), end = walk_months(issued, 36) - 1, exempt = walk[end].year;
    if (walk[walk_months(issued, 36)].day < walk[issued].day) end++;
    struct cycle y = cycle_of(&kit.c, kit_issue_on(OUTCOME_GRANT, NULL, issued, issued), previous);
    int by_year = previous, by_interval = walk_months(previous, 15);
    do by_year++;
    while (walk[by_year].month != 12 || walk[by_year].day != 31 || walk[by_year].year == walk[previous].year ||
           walk[by_year].year == exempt);
    int want = by_interval < by_year && walk[by_interval].year != exempt ? by_interval : by_year;
    same_day(cycle_next_surveillance(&y, previous, &warning), want <= end ? want : DAY_NONE, previous, "next surveillance");
}

TEST(the_next_surveillance_is_by_year_or_interval)
{
    each(next_surveillance, 2019, 2034, "next surveillance");
}

static void at_the_turn_of_the_year(int year)
{
    for (int at = walk_to(year, 12, 1); walk[at].year == year || walk[at].month == 1; at++) {
        kit_clear();
        next_surveillance(at);
    }
}

TEST(the_turn_of_the_year_day_by_day)
{
    walk_all();
    cases = 0;
    kit_begin();
    for (int year = 2020; year < 2028; year++) at_the_turn_of_the_year(year);
    kit_end();
    printf("turn of the year: %d cases\n", cases);
    CHECK(cases >= 200);
}

/* The day of the first item of a kind in the calendar. */
static int32_t due_on(enum due_what what, int32_t on)
{
    struct due *dues = NULL;
    size_t len = 0;
    CHECK_OK(calendar(&dues, &len, &kit.c, on));
    for (size_t i = 0; i < len; i++)
        if (dues[i].what == what) return dues[i].due;
    return DAY_NONE;
}

static void information(int start)
{
    kit_audit_on(AUDIT_SURVEILLANCE, start, start + 2, false);
    same_day(due_on(DUE_SURVEILLANCE_INFO, start), walk_months(start, -3), start, "information");
}

TEST(information_is_three_months_before)
{
    each(information, 2019, 2034, "information");
}

static void renewal(int start)
{
    struct certificate *t = kit_issue_on(OUTCOME_GRANT, NULL, start, start);
    int to = certificate_valid_to(&kit.c, t);
    same_day(due_on(DUE_RENEWAL_APPLICATION, start), walk_months(to, -3), start, "renewal application");
    same_day(due_on(DUE_RECERTIFICATION, start), to, start, "recertification");
    same_day(due_on(DUE_LAPSE, to + 1), to + 1, start, "lapse");
    same_day(due_on(DUE_LAPSE, to), DAY_NONE, start, "no lapse before");
}

TEST(renewal_is_three_months_before_the_end)
{
    each(renewal, 2019, 2034, "renewal");
}

static void suspension(int start)
{
    kit_suspend_on(kit_issue_on(OUTCOME_GRANT, NULL, start - 30, start - 30), start);
    int max = walk_months(start, 6);
    same_day(due_on(DUE_SUSPENSION_END, start), walk_months(start, 3), start, "suspension's usual end");
    same_day(due_on(DUE_SUSPENSION_MAX, start), max, start, "suspension's maximum");
    same_day(due_on(DUE_WITHDRAWAL, max), DAY_NONE, start, "no withdrawal before");
    same_day(due_on(DUE_WITHDRAWAL, max + 1), max + 1, start, "withdrawal of a suspended one");
}

TEST(a_suspension_is_three_months_and_six_at_most)
{
    each(suspension, 2019, 2034, "suspension");
}

static void withdrawal(int start)
{
    kit_issue_on(OUTCOME_GRANT, NULL, start, start);
    int due = walk_months(start, 12), limit = walk_months(due, 6);
    same_day(due_on(DUE_SUSPEND, due), DAY_NONE, start, "no suspension before");
    same_day(due_on(DUE_SUSPEND, due + 1), due + 1, start, "suspension of an overdue one");
    same_day(due_on(DUE_WITHDRAWAL, limit), DAY_NONE, start, "no withdrawal before");
    same_day(due_on(DUE_WITHDRAWAL, limit + 1), limit + 1, start, "withdrawal of an overdue one");
}

TEST(withdrawal_is_six_months_after_the_surveillance)
{
    each(withdrawal, 2019, 2034, "withdrawal");
}

TEST(what_is_no_day)
{
    static const char *const wrong[] = {"", "2025-02-29", "2024-13-01", "2024-00-10", "2024-04-31", "2024-4-01", "2024-04-01 ",
        "20240401", "1900-02-29", "x"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) CHECK(day_read(wrong[i]) == DAY_NONE);
    CHECK(day_read(NULL) == DAY_NONE);
    CHECK(day_add_months(DAY_NONE, 3) == DAY_NONE);
    CHECK(!day_is_clamped(DAY_NONE, 3));
    char text[DAY_TEXT];
    day_write(text, DAY_NONE);
    CHECK_STR(text, "");
}

TEST(today_is_where_the_scheme_is)
{
    CHECK(day_at(0, 0) == 0);
    CHECK(day_at(15 * 3600 + 3599, 480) == 0);
    CHECK(day_at(16 * 3600, 480) == 1);
    CHECK(day_at(-1, 0) == -1);
    CHECK(day_at(0, -60) == -1);
}

int main(int argc, char **argv)
{
    return test_main(argc, argv);
}
