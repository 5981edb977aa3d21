/* Who may ask the pages' server what: pure judgements over the words of a request. */
#include "satchel/ui/ui.h"

#include "test.h"

#define COOKIE "satchel-8080=0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define HOST "127.0.0.1:8080"

static const struct ui_door door = {8080, "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"};
static const struct ui_route *route;
static const char *why;

static const struct ui_asked reading = {.method = "GET", .path = "/api/list", .host = HOST, .cookie = COOKIE, .site = "same-origin"};
static const struct ui_asked writing = {.method = "POST", .path = "/api/set", .host = HOST, .cookie = COOKIE,
    .origin = "http://" HOST, .site = "same-origin", .type = "application/json", .length = "20"};

/* JUDGE(base, .field = value, …): the status of a request that differs in these. */
#define JUDGE(base, ...)                                                                                                     \
    __extension__({                                                                                                          \
        struct ui_asked asked_ = base, with_ = {__VA_ARGS__};                                                                \
        const char **to_ = (const char **)&asked_, **from_ = (const char **)&with_;                                         \
        for (size_t i_ = 0; i_ < sizeof asked_ / sizeof *to_; i_++)                                                          \
            if (from_[i_]) to_[i_] = from_[i_][0] == '\0' ? NULL : from_[i_];                                                \
        ui_judge(&door, &asked_, &route, &why);                                                                              \
    })
#define UNSAID ""

TEST(what_is_right_goes_through)
{
    CHECK(JUDGE(reading, .method = "GET") == 0);
    CHECK(route && route->does == UI_COMMAND && strcmp(route->command, "list") == 0);
    CHECK(JUDGE(writing, .method = "POST") == 0);
    CHECK(JUDGE(reading, .method = "HEAD") == 0);
    CHECK(JUDGE(reading, .site = UNSAID) == 0);
    CHECK(JUDGE(reading, .path = "/audit/kaaaaaaaaaaaa-1", .site = "none") == 0 && !route);
}

TEST(host_is_exact)
{
    static const char *const wrong[] = {"localhost:8080", "127.0.0.1", "127.0.0.1:8081", "127.0.0.1:80800", "evil.example:8080",
        "127.0.0.1:8080.evil.example", "[::1]:8080", "127.0.0.1:08080"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) CHECK(JUDGE(reading, .host = wrong[i]) == 403);
    CHECK(JUDGE(reading, .host = UNSAID) == 403);
}

TEST(origin_is_exact)
{
    static const char *const wrong[] = {"null", "https://127.0.0.1:8080", "http://127.0.0.1:8081", "http://localhost:8080",
        "http://127.0.0.1:8080/", "http://127.0.0.1:8080.evil.example"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        CHECK(JUDGE(writing, .origin = wrong[i]) == 403);
        CHECK(JUDGE(reading, .origin = wrong[i]) == 403);
    }
    CHECK(JUDGE(writing, .origin = UNSAID) == 403);
}

TEST(other_sites_get_nothing)
{
    CHECK(JUDGE(reading, .site = "cross-site") == 403);
    CHECK(JUDGE(reading, .site = "same-site") == 403);
    CHECK(JUDGE(reading, .site = "none") == 403); /* data is not opened by its address */
    CHECK(JUDGE(writing, .site = "none") == 403);
    CHECK(JUDGE(reading, .path = "/", .site = "cross-site") == 403);
}

TEST(the_cookie_is_that_of_this_port)
{
    CHECK(JUDGE(reading, .cookie = UNSAID) == 403);
    CHECK(JUDGE(reading, .cookie = "satchel-8081=0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef") == 403);
    CHECK(JUDGE(reading, .cookie = "satchel-8080=1123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef") == 403);
    CHECK(JUDGE(reading, .cookie = "satchel-8080=") == 403);
    CHECK(JUDGE(reading, .cookie = "xsatchel-8080=0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef") == 403);
    CHECK(JUDGE(reading, .cookie = COOKIE "0") == 403);
    CHECK(JUDGE(reading, .cookie = "a=b; satchel-8080=; " COOKIE "; c=d") == 0);
    CHECK(JUDGE(reading, .path = "/enter", .cookie = UNSAID, .site = "none") == 0);
}

TEST(who_is_not_let_in_learns_no_routes)
{
    CHECK(JUDGE(reading, .path = "/api/nothing", .cookie = UNSAID) == 403);
    CHECK(JUDGE(reading, .path = "/api/nothing") == 404);
    CHECK(JUDGE(writing, .method = "DELETE", .path = "/api/list", .cookie = UNSAID) == 403);
}

TEST(methods)
{
    CHECK(JUDGE(reading, .path = "/api/set") == 405);
    CHECK(JUDGE(writing, .path = "/api/list") == 405);
    CHECK(JUDGE(writing, .method = "PUT") == 405);
    CHECK(JUDGE(writing, .path = "/") == 405);
    CHECK(JUDGE(reading, .method = "OPTIONS", .origin = "http://" HOST) == 405);
    CHECK(JUDGE(reading, .method = "get", .origin = "http://" HOST) == 405);
}

TEST(bodies)
{
    CHECK(JUDGE(writing, .length = UNSAID) == 411);
    CHECK(JUDGE(writing, .encoding = "chunked") == 411);
    CHECK(JUDGE(writing, .length = "4194304") == 0);
    CHECK(JUDGE(writing, .length = "4194305") == 413);
    CHECK(JUDGE(writing, .length = "-1") == 413);
    CHECK(JUDGE(writing, .length = "99999999999999999999999") == 413);
    CHECK(JUDGE(writing, .length = "12x") == 413);
    CHECK(JUDGE(reading, .length = "1", .type = "application/json") == 413);
    CHECK(JUDGE(writing, .type = "application/json; charset=utf-8") == 0);
    CHECK(JUDGE(writing, .type = "text/plain") == 415);
    CHECK(JUDGE(writing, .type = "application/jsonx") == 415);
    CHECK(JUDGE(writing, .type = "application/x-www-form-urlencoded") == 415);
    CHECK(JUDGE(writing, .type = UNSAID) == 415);
    CHECK(JUDGE(writing, .path = "/api/evidence", .type = "application/octet-stream", .length = "5000000000") == 0);
}

TEST(a_star_needs_something)
{
    CHECK(JUDGE(reading, .path = "/api/evidence/") == 404);
    CHECK(JUDGE(reading, .path = "/api/jobs/7") == 0 && route->does == UI_JOB);
    CHECK(JUDGE(reading, .path = "/api/jobs") == 0 && route->does == UI_JOBS);
}

TEST(no_row_gives_away_files)
{
    static const char *const outside[] = {"output", "store", "lang", "ca", "file"};
    for (size_t i = 0; i < ui_routes_len; i++)
        for (size_t k = 0; k < sizeof outside / sizeof *outside; k++)
            CHECK(!ui_routes[i].options || !ui_may_give(ui_routes[i].options, outside[k]));
    CHECK(!ui_job_options("shell") && !ui_job_options("ui") && !ui_job_options("hub serve"));
    CHECK(!ui_may_give(ui_job_options("extract"), "output"));
}

static uint64_t from, len;

static int range(const char *header, uint64_t size)
{
    from = 0;
    len = size;
    return ui_range(header, size, &from, &len);
}

TEST(ranges)
{
    CHECK(range(NULL, 100) == 0 && from == 0 && len == 100);
    CHECK(range("bytes=0-9", 100) == 206 && from == 0 && len == 10);
    CHECK(range("bytes=90-", 100) == 206 && from == 90 && len == 10);
    CHECK(range("bytes=90-1000", 100) == 206 && from == 90 && len == 10);
    CHECK(range("bytes=-10", 100) == 206 && from == 90 && len == 10);
    CHECK(range("bytes=-1000", 100) == 206 && from == 0 && len == 100);
    CHECK(range("bytes=99-99", 100) == 206 && from == 99 && len == 1);
    CHECK(range("bytes=0-18446744073709551615", 100) == 206 && len == 100);
    CHECK(range("bytes=100-", 100) == 416);
    CHECK(range("bytes=-0", 100) == 416);
    CHECK(range("bytes=0-", 0) == 416);
    CHECK(range("bytes=0-1,5-6", 100) == 0);
    CHECK(range("bytes=9-2", 100) == 0);
    CHECK(range("bytes=a-b", 100) == 0);
    CHECK(range("lines=1-2", 100) == 0);
}

int main(int argc, char **argv)
{
    return test_main(argc, argv);
}
