/* RFC 3339, held against the C library's calendar (TZ is UTC here, whose localtime is the reference). */
#include "test.h"

#include <time.h>

#include "satchel/base/os.h"
#include "satchel/base/time.h"

#define READS(text, want_seconds, want_offset)                                                               \
    do {                                                                                                     \
        int64_t s = -1;                                                                                      \
        int o = -1;                                                                                          \
        CHECK(time_read(&s, &o, text));                                                                      \
        CHECK(s == (want_seconds) && o == (want_offset));                                                    \
    } while (0)

#define REFUSES(text)                                                                                        \
    do {                                                                                                     \
        int64_t s = 41;                                                                                      \
        int o = 42;                                                                                          \
        if (time_read(&s, &o, text)) CHECK_STR(text, "refused");                                             \
        CHECK(s == 41 && o == 42);                                                                           \
    } while (0)

#define WRITES(seconds, offset, text)                                                                        \
    do {                                                                                                     \
        char s[TIME_TEXT];                                                                                   \
        time_write(s, seconds, offset);                                                                      \
        CHECK_STR(s, text);                                                                                  \
    } while (0)

TEST(reading)
{
    READS("1970-01-01T00:00:00Z", 0, 0);
    READS("1970-01-01T08:00:00+08:00", 0, 480);
    READS("1969-12-31T23:59:59-00:01", 59, -1);
    READS("2026-11-22T10:11:12+08:00", 1795313472, 480);
    READS("2024-02-29T23:59:59-23:59", 1709251199 + 86340, -1439);
    READS("2000-02-29T00:00:00+00:00", 951782400, 0);
    READS("0000-01-01T00:00:00Z", INT64_C(-62167219200), 0);
    READS("9999-12-31T23:59:59Z", INT64_C(253402300799), 0);
}

TEST(refusing)
{
    REFUSES("");
    REFUSES("2026-11-22");
    REFUSES("2026-11-22T10:11:12");
    REFUSES("2026-11-22 10:11:12Z");
    REFUSES("2026-11-22t10:11:12Z");
    REFUSES("2026-11-22T10:11:12z");
    REFUSES("2026-11-22T10:11:12.5Z");
    REFUSES("2026-11-22T10:11:12Z ");
    REFUSES(" 2026-11-22T10:11:12Z");
    REFUSES("2026-11-22T10:11:60Z");
    REFUSES("2026-11-22T10:60:00Z");
    REFUSES("2026-11-22T24:00:00Z");
    REFUSES("2026-11-22T10:11:12+24:00");
    REFUSES("2026-11-22T10:11:12+08:60");
    REFUSES("2026-11-22T10:11:12-00:00");
    REFUSES("2026-11-22T10:11:12+0800");
    REFUSES("2026-11-22T10:11:12+08:00x");
    REFUSES("2026-13-22T10:11:12Z");
    REFUSES("2026-00-22T10:11:12Z");
    REFUSES("2026-11-00T10:11:12Z");
    REFUSES("2026-02-29T10:11:12Z");
    REFUSES("1900-02-29T10:11:12Z");
    REFUSES("+026-11-22T10:11:12Z");
    REFUSES("26-11-22T10:11:12Z");
    REFUSES("12026-11-22T10:11:12Z");
}

TEST(every_cut_and_every_changed_byte)
{
    static const char good[] = "2026-11-22T10:11:12+08:00";
    for (size_t i = 0; i < sizeof good - 1; i++) {
        char text[sizeof good];
        memcpy(text, good, sizeof good);
        text[i] = '\0';
        REFUSES(text);
        for (int c = 1; c < 256; c++) {
            int64_t s;
            int o;
            bool digit = good[i] >= '0' && good[i] <= '9' && c >= '0' && c <= '9';
            text[i] = (char)c;
            if (!digit && c != good[i] && !(good[i] == '+' && c == '-')) CHECK(!time_read(&s, &o, text));
        }
    }
}

TEST(writing)
{
    WRITES(0, 0, "1970-01-01T00:00:00+00:00");
    WRITES(1795313472, 480, "2026-11-22T10:11:12+08:00");
    WRITES(-1, -210, "1969-12-31T20:29:59-03:30");
    WRITES(INT64_MAX, 600, "9999-12-31T23:59:59+10:00");
    WRITES(INT64_MIN, -600, "0000-01-01T00:00:00-10:00");
    WRITES(0, 100000, "1970-01-01T23:59:00+23:59");
}

TEST(dates)
{
    CHECK(date_valid("2024-02-29") && date_valid("2000-02-29") && date_valid("2026-12-31"));
    CHECK(!date_valid("2023-02-29") && !date_valid("2100-02-29") && !date_valid("2026-04-31"));
    CHECK(!date_valid("") && !date_valid("2026-1-01") && !date_valid("2026-01-01x") &&
          !date_valid("2026/01/01"));
}

TEST(as_the_c_library_reckons)
{
    uint64_t seed = 11;
    for (int i = 0; i < (test_full ? 1000000 : 100000); i++) {
        int64_t seconds = (int64_t)(test_random_next(&seed) % UINT64_C(315569519999)) - INT64_C(62167219200),
                back;
        int offset;
        char ours[TIME_TEXT], theirs[64];
        time_t t = (time_t)seconds;
        struct tm *tm = gmtime(&t);
        snprintf(theirs, sizeof theirs, "%04d-%02d-%02dT%02d:%02d:%02d+00:00", tm->tm_year + 1900,
            tm->tm_mon + 1, tm->tm_mday, tm->tm_hour, tm->tm_min, tm->tm_sec);
        time_write(ours, seconds, 0);
        CHECK_STR(ours, theirs);
        CHECK(time_read(&back, &offset, ours) && back == seconds);
    }
}

TEST(now_reads_back)
{
    char s[TIME_TEXT];
    int64_t before = time_now(), seconds = 0;
    int offset = -1;
    time_write_now(s);
    CHECK(time_read(&seconds, &offset, s));
    CHECK(seconds >= before && seconds <= time_now());
    CHECK(offset == os_local_offset_minutes(seconds));
}

int main(int argc, char **argv)
{
    return test_main(argc, argv);
}
