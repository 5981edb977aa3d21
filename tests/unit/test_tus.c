/* Uploads against a peer in memory that cuts, loses answers, forgets and refuses as a test asks it to. */
#include "test.h"

#include <stddef.h>

#include "satchel/base/crypto.h"
#include "satchel/base/os.h"
#include "satchel/link/tus.h"

#define SIZE ((size_t)64 << 10)
#define CHUNK ((size_t)16 << 10)

/* ---- the peer ---- */

struct peer {
    struct http http;
    unsigned char data[SIZE];
    size_t len;      /* bytes it has */
    bool begun, taken;
    uint64_t seen;   /* bytes of bodies, over all requests */
    uint64_t cut_at; /* the connection breaks after this many of them, once */
    bool drops_cut;  /* what has no whole checksum is not kept */
    bool answers_lost;
    size_t largest;  /* body */
    int forgets, status, status_times, requests;
};

static uint64_t number_after(const struct http_call *q, const char *name)
{
    for (size_t i = 0; q->headers && q->headers[i]; i++)
        if (strncmp(q->headers[i], name, strlen(name)) == 0) return strtoull(q->headers[i] + strlen(name), NULL, 10);
    return HTTP_NOT_SAID;
}

static int broken(struct http_answer *a)
{
    a->fault = HTTP_CUT;
    return err_set(ERR_ROAD, "the connection broke");
}

static int take_body(struct peer *p, const struct http_call *q, struct http_answer *a)
{
    size_t n = q->body_len;
    if (p->drops_cut) CHECK(number_after(q, "Upload-Checksum: sha256 ") != HTTP_NOT_SAID);
    bool cut = p->seen <= p->cut_at && p->cut_at < p->seen + n;
    size_t came = cut ? (size_t)(p->cut_at - p->seen) : n;
    p->seen += came + cut; /* so that it is cut once */
    if (n > p->largest) p->largest = n;
    if (!cut || !p->drops_cut) {
        size_t keep = p->answers_lost ? n : came;
        if (p->len + keep <= SIZE) memcpy(p->data + p->len, q->body, keep);
        p->len += keep;
    }
    p->taken = p->len == SIZE;
    return cut ? broken(a) : 0;
}

static int answer(struct http_answer *a, int status, uint64_t offset)
{
    a->status = status;
    a->upload_offset = offset;
    return 0;
}

static int peer_call(struct http *h, const struct http_call *q, struct http_answer *a)
{
    struct peer *p = (struct peer *)h;
    p->requests++;
    if (p->status && p->status_times-- > 0) return answer(a, p->status, HTTP_NOT_SAID);
    if (strcmp(q->method, "POST") == 0) {
        p->begun = true;
        p->len = 0;
        int rc = q->body_len ? take_body(p, q, a) : 0;
        snprintf(a->location, sizeof a->location, "http://127.0.0.1/v1/uploads/abc-1");
        return rc ? rc : answer(a, 201, p->len);
    }
    if (!p->begun || p->taken || strcmp(q->path, "v1/uploads/abc-1") != 0) return answer(a, 404, HTTP_NOT_SAID);
    if (strcmp(q->method, "HEAD") == 0) return answer(a, 200, p->len);
    if (number_after(q, "Upload-Offset: ") != p->len) return answer(a, 409, HTTP_NOT_SAID);
    if (p->forgets-- > 0) {
        p->begun = false;
        return answer(a, 404, HTTP_NOT_SAID);
    }
    int rc = take_body(p, q, a);
    return rc ? rc : answer(a, 204, p->len);
}

static int peer_find(void *ctx, struct tus_upload *u, enum tus_place *place)
{
    struct peer *p = ctx;
    *place = p->taken ? TUS_TAKEN : p->begun ? TUS_UNFINISHED : TUS_NOWHERE;
    if (*place == TUS_UNFINISHED) {
        snprintf(u->id, sizeof u->id, "abc-1");
        u->offset = p->len;
    }
    return 0;
}

static int peer_refused(void *ctx, const struct http_answer *a)
{
    (void)ctx;
    return err_set(ERR_ROAD, "refused with %d", a->status);
}

/* ---- a file that goes up ---- */

static unsigned char bytes[SIZE];
static char path[64];

static void make_file(void)
{
    uint64_t seed = 7;
    if (*path) return;
    for (size_t i = 0; i < SIZE; i++) bytes[i] = (unsigned char)test_random_next(&seed);
    snprintf(path, sizeof path, "/tmp/satchel-test-tus-%d", (int)(test_random_next(&seed) % 1000000));
    CHECK_OK(file_write(path, bytes, SIZE));
}

static int sleeps;
static void no_sleep(double seconds)
{
    sleeps += seconds > 0;
}

/* *sent counts the bytes of all bodies. */
static int upload(struct peer *p, int tries, size_t chunk, uint64_t *sent)
{
    struct backoff b = backoff_of(tries);
    b.sleep = no_sleep;
    p->http.call = peer_call;
    struct tus_upload u = {.http = &p->http, .backoff = &b, .path = path, .name = "a.satchel", .size = SIZE, .chunk = chunk,
        .find = peer_find, .refused = peer_refused, .ctx = p, .checksums = p->drops_cut};
    enum tus_place place = TUS_NOWHERE;
    int rc = p->begun ? peer_find(p, &u, &place) : 0;
    if (!rc && place != TUS_TAKEN) rc = tus_run(&u);
    *sent += u.sent_bytes;
    return rc;
}

static bool arrived(const struct peer *p)
{
    return p->taken && p->len == SIZE && memcmp(p->data, bytes, SIZE) == 0;
}

/* Cut at one offset, gone on with by the same program or a new one. */
static bool survives_cut(uint64_t at, bool drops, bool lost, bool restarted)
{
    static struct peer p;
    uint64_t sent = 0;
    memset(&p, 0, offsetof(struct peer, data));
    memset((char *)&p + offsetof(struct peer, len), 0, sizeof p - offsetof(struct peer, len));
    p.cut_at = at;
    p.drops_cut = drops;
    p.answers_lost = lost;
    int rc = upload(&p, restarted ? 1 : 4, CHUNK, &sent);
    if (restarted) rc = rc == ERR_ROAD ? upload(&p, 4, CHUNK, &sent) : -1;
    return rc == 0 && arrived(&p) && sent <= SIZE + p.largest;
}

#define EVERY_OFFSET(step, drops, lost, restarted)                                                                     \
    do {                                                                                                               \
        size_t bad = 0, n = 0;                                                                                         \
        make_file();                                                                                                   \
        for (uint64_t at = 0; at < SIZE; at += (step), n++) bad += !survives_cut(at, drops, lost, restarted);          \
        CHECK(n > 0 && bad == 0);                                                                                      \
    } while (0)

TEST(cut_at_every_offset_it_goes_on_there) { EVERY_OFFSET(1, false, false, false); }
TEST(cut_at_every_offset_a_new_program_goes_on) { EVERY_OFFSET(test_full ? 1 : 7, false, false, true); }
TEST(what_was_cut_within_a_chunk_is_sent_again) { EVERY_OFFSET(test_full ? 1 : 7, true, false, false); }
TEST(an_answer_that_got_lost_is_asked_for) { EVERY_OFFSET(test_full ? 1 : 7, false, true, false); }
TEST(and_by_a_new_program) { EVERY_OFFSET(test_full ? 1 : 7, false, true, true); }

static struct peer fresh(void)
{
    make_file();
    return (struct peer){.cut_at = UINT64_MAX};
}

TEST(a_small_file_is_one_request)
{
    struct peer p = fresh();
    uint64_t sent = 0;
    CHECK_OK(upload(&p, 4, TUS_CHUNK_FIRST, &sent));
    CHECK(arrived(&p) && p.requests == 1 && sent == SIZE);
}

TEST(a_large_one_is_announced_first)
{
    struct peer p = fresh();
    uint64_t sent = 0;
    p.status = 413;
    p.status_times = 1;
    CHECK(upload(&p, 4, CHUNK, &sent) == ERR_ROAD);
    CHECK(sent == 0 && p.requests == 1);
}

TEST(an_upload_that_was_forgotten_begins_anew)
{
    struct peer p = fresh();
    uint64_t sent = 0;
    p.forgets = 2;
    CHECK_OK(upload(&p, 6, CHUNK, &sent));
    CHECK(arrived(&p));
}

static void check_passes(int status)
{
    struct peer p = fresh();
    uint64_t sent = 0;
    p.status = status;
    p.status_times = 2;
    sleeps = 0;
    CHECK_OK(upload(&p, 6, CHUNK, &sent));
    CHECK(arrived(&p) && sleeps == 2);
}

TEST(what_passes_is_waited_for)
{
    static const int passing[] = {423, 429, 500, 502, 503};
    for (size_t i = 0; i < sizeof passing / sizeof *passing; i++) check_passes(passing[i]);
}

TEST(what_says_no_is_taken_at_its_word)
{
    static const int no[] = {400, 401, 403, 413, 415, 507, 301};
    for (size_t i = 0; i < sizeof no / sizeof *no; i++) {
        struct peer p = fresh();
        uint64_t sent = 0;
        p.status = no[i];
        p.status_times = 100;
        sleeps = 0;
        CHECK(upload(&p, 6, CHUNK, &sent) == ERR_ROAD);
        CHECK(sleeps == 0 && p.requests == 1);
    }
}

TEST(tries_have_an_end)
{
    struct peer p = fresh();
    uint64_t sent = 0;
    p.status = 503;
    p.status_times = 1000000;
    sleeps = 0;
    CHECK(upload(&p, 6, CHUNK, &sent) == ERR_ROAD);
    CHECK(sleeps == 5 && p.requests <= 12);
}

TEST(a_peer_that_always_forgets_has_an_end)
{
    struct peer p = fresh();
    uint64_t sent = 0;
    p.forgets = 1000000;
    CHECK(upload(&p, 6, CHUNK, &sent) == ERR_ROAD);
    CHECK(p.requests < 40);
}

static double slept[16];
static size_t slept_len;
static void keep_sleep(double seconds)
{
    if (slept_len < 16) slept[slept_len++] = seconds;
}

TEST(waits_double_with_jitter_up_to_a_limit)
{
    struct backoff b = backoff_of(12);
    b.sleep = keep_sleep;
    slept_len = 0;
    while (backoff_wait(&b, HTTP_NOT_SAID)) {
    }
    CHECK(slept_len == 11);
    double due = 0.25;
    for (size_t i = 0; i < slept_len; i++, due = due * 2 < 30 ? due * 2 : 30) CHECK(slept[i] >= due / 2 && slept[i] <= due);
}

TEST(what_the_peer_asks_for_is_kept)
{
    struct backoff b = backoff_of(3);
    b.sleep = keep_sleep;
    slept_len = 0;
    CHECK(backoff_wait(&b, 7));
    CHECK(slept[0] >= 3.5 && slept[0] <= 7);
}

/* ---- places ---- */

static int check_url(const char *url, bool plain)
{
    return http_check_place(&(struct http_place){.url = url, .plain = plain});
}

TEST(plain_is_for_loopback)
{
    CHECK_OK(check_url("http://127.0.0.1:8080", false));
    CHECK_OK(check_url("http://localhost/satchel", false));
    CHECK_OK(check_url("http://[::1]:1", false));
    CHECK(check_url("http://127.0.0.1.example.org", false) == ERR_USAGE);
    CHECK(check_url("http://hub.example.org", false) == ERR_USAGE);
    CHECK_OK(check_url("http://hub.example.org", true));
    CHECK_OK(check_url("https://hub.example.org/satchel/", false));
}

TEST(what_is_no_address)
{
    static const char *const bad[] = {"", "ftp://x", "https://", "https://user@host", "https://h/?a", "https://h/#a", "http:/x"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) CHECK(check_url(bad[i], true) == ERR_USAGE);
}

int main(int argc, char **argv)
{
    int status = test_main(argc, argv);
    if (*path && os_remove(path)) status = 1;
    return status;
}
