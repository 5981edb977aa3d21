/* An upload of 64 KiB over real sockets, cut at each of its 65,536 bytes: the client (tus.c over libcurl), a proxy that passes
 * on just so many bytes of bodies and then breaks the connection, and the server that a hub runs (serve.c). Each is gone on
 * with, half of them by a client that has forgotten all; the file that arrives is the one that was sent, it arrives once, and
 * no more is sent again than the chunk that was cut. (Where the server hears of the cut request after the next one, which happens
 * on a machine with too much to do, it says 423 to that: so much may go once more, and it must be rare.)
 *
 *   sim_cuts [--every N] [--from N] [--folder DIR]
 *
 * Twice each: as over TLS, where what has come of a chunk counts; and with a checksum to each chunk, as without TLS, where a
 * chunk counts whole or not at all. */
#define _XOPEN_SOURCE 700 /* before any header */

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "satchel/base/os.h"
#include "satchel/link/link.h"
#include "satchel/link/tus.h"
#include "satchel/serve/serve.h"

#define SIZE 65536
#define CHUNK ((size_t)16 << 10)
#define MODES 2
#define WORKERS 8
#define UPLOADS_OF_KIT 30 /* then another kit comes: what the server remembers of one stays short */
#define TRIES 8
#define END_SECONDS 60
#define HASTE 20 /* waits are so many times shorter */
#define OVERTAKEN_MOST 100 /* one upload in so many */
#define HEAD_MAX 16384

#define MUST(call)                                                                                                     \
    do {                                                                                                               \
        if ((call) != 0) die(__LINE__, #call);                                                                         \
    } while (0)

_Noreturn static void die(int line, const char *what)
{
    printf("  line %d: %s: %s\n1 wrong\n", line, what, err_message());
    fflush(stdout);
    exit(1);
}

enum { WITHOUT_SUM, WITH_SUM };

static unsigned char pool[2 * SIZE]; /* the file that is cut at N is its part from N on */
static char folder[512];
static uint64_t every = 1, from;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* guards what follows */
static unsigned char arrived[MODES][SIZE];
static uint64_t next_one;
static struct {
    size_t uploads, wrong, restarted, overtaken, at_the_byte, sent_again, most_again, chunks_cut[4];
} counts;

static void wrong(uint64_t at, int mode, const char *what)
{
    pthread_mutex_lock(&lock);
    if (counts.wrong++ < 20)
        printf("  wrong: cut at %llu%s: %s%s%s\n", (unsigned long long)at, mode == WITH_SUM ? ", with checksums" : "", what,
            *err_message() ? ": " : "", err_message());
    pthread_mutex_unlock(&lock);
    err_clear();
}

/* ---- the server ---- */

static enum standing standing(void *ctx, const char *kit, const unsigned char key[KEY_SIZE])
{
    (void)ctx, (void)kit, (void)key;
    return STANDING_GOOD;
}

/* "<kit>-cut-MODE-AT.satchel" */
static void take_one(const char *path)
{
    int mode = 0;
    unsigned long at = 0;
    struct buf bytes;
    const char *name = strstr(path_name(path), "-cut-");
    buf_init(&bytes, 2 * SIZE);
    bool read = name && sscanf(name, "-cut-%d-%lu.", &mode, &at) == 2 && mode >= 0 && mode < MODES && at < SIZE;
    bool same = read && file_read(path, &bytes) == 0 && bytes.len == SIZE && memcmp(bytes.data, pool + at, SIZE) == 0;
    buf_release(&bytes);
    if (!same) wrong(at, mode, "what arrived is not what was sent");
    pthread_mutex_lock(&lock);
    if (read) arrived[mode][at]++;
    pthread_mutex_unlock(&lock);
}

static int take_in(void *ctx, struct serve_work *out)
{
    const char **names = NULL;
    size_t len = 0;
    (void)ctx;
    const char *inbox = path_join(&out->arena, folder, "hub/inbox");
    int rc = os_list(&names, &len, &out->arena, inbox);
    for (size_t i = 0; rc == 0 && i < len; i++) {
        const char *path = path_join(&out->arena, inbox, names[i]);
        if (os_is_temporary(names[i])) continue;
        take_one(path);
        rc = os_remove(path);
    }
    return rc;
}

/* What nobody fetches: so the server remembers what it has taken of the kit, as a hub does whose receipt waits. */
static int hand_out(void *ctx, const char *kit, struct serve_work *out)
{
    (void)ctx;
    const char *outbox = arena_printf(&out->arena, "%s/hub/net/outbox/%s", folder, kit);
    const char *answer = path_join(&out->arena, outbox, "answer.satchel");
    int rc = os_exists(answer) ? 0 : os_make_folder(outbox);
    return rc || os_exists(answer) ? rc : file_write(answer, "a", 1);
}

static int look(void *ctx, struct serve *s)
{
    (void)ctx, (void)s;
    return 0;
}

static void tell(void *ctx, const char *text)
{
    (void)ctx;
    printf("  the server: %s\n", text);
}

/* ---- the proxy ---- */

struct request { /* what has come of one */
    char head[HEAD_MAX];
    size_t head_len;
    uint64_t body_left, body;
    bool upload;
};

struct road {
    int listener;
    uint16_t hub_port, port;
    pthread_t thread;
    pthread_mutex_t lock; /* guards what follows */
    bool over, cut;
    uint64_t cut_at, passed, chunk; /* bytes of uploads' bodies; chunk: of the body that was cut */
};

static bool send_all(int to, const char *bytes, size_t len)
{
    for (ssize_t n; len > 0; bytes += n, len -= (size_t)n)
        if ((n = send(to, bytes, len, MSG_NOSIGNAL)) <= 0) return false;
    return true;
}

static uint64_t length_in(const char *head)
{
    const char *at = strstr(head, "\r\nContent-Length:");
    return at ? strtoull(at + strlen("\r\nContent-Length:"), NULL, 10) : 0;
}

/* Bytes of the head among these; after its last one the body is due. */
static size_t take_head(struct request *q, const char *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (q->head_len + 1 >= HEAD_MAX) abort();
        q->head[q->head_len++] = bytes[i];
        q->head[q->head_len] = '\0';
        if (q->head_len < 4 || strcmp(q->head + q->head_len - 4, "\r\n\r\n") != 0) continue;
        q->body_left = q->body = length_in(q->head);
        q->upload = strncmp(q->head, "POST /v1/uploads", 16) == 0 || strncmp(q->head, "PATCH ", 6) == 0;
        q->head_len = 0;
        return i + 1;
    }
    return len;
}

/* How many bytes of a run of the body go on; fewer than all of them once. */
static size_t pass_body(struct road *r, const struct request *q, size_t len)
{
    if (!q->upload) return len;
    pthread_mutex_lock(&r->lock);
    if (!r->cut && r->passed <= r->cut_at && r->cut_at < r->passed + len) {
        r->cut = true;
        r->chunk = q->body;
        len = (size_t)(r->cut_at - r->passed);
    }
    r->passed += len;
    pthread_mutex_unlock(&r->lock);
    return len;
}

/* False: the connection is to end. */
static bool pass_up(struct road *r, struct request *q, int to, const char *bytes, size_t len)
{
    while (len > 0) {
        bool body = q->body_left > 0;
        size_t n = !body ? take_head(q, bytes, len) : q->body_left < len ? (size_t)q->body_left : len, on = n;
        if (body) {
            on = pass_body(r, q, n);
            q->body_left -= n;
        }
        if (!send_all(to, bytes, on) || on < n) return false;
        bytes += n;
        len -= n;
    }
    return true;
}

static bool pump(struct road *r, struct request *q, const struct pollfd ends[2])
{
    static _Thread_local char bytes[65536];
    for (int i = 0; i < 2; i++) {
        if (!ends[i].revents) continue;
        ssize_t n = recv(ends[i].fd, bytes, sizeof bytes, 0);
        if (n <= 0) return false;
        if (i == 0 ? !pass_up(r, q, ends[1].fd, bytes, (size_t)n) : !send_all(ends[0].fd, bytes, (size_t)n)) return false;
    }
    return true;
}

static void hurry(int fd)
{
    int yes = 1;
    (void)!setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
}

static int dial(uint16_t port)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof to) != 0) {
        close(fd);
        fd = -1;
    }
    return fd;
}

/* What was passed on arrives before the end of it does. */
static void hang_up(int fd)
{
    shutdown(fd, SHUT_WR);
    close(fd);
}

static bool is_over(struct road *r)
{
    pthread_mutex_lock(&r->lock);
    bool over = r->over;
    pthread_mutex_unlock(&r->lock);
    return over;
}

static void *run_road(void *road)
{
    struct road *r = road;
    for (int from_kit; (from_kit = accept(r->listener, NULL, NULL)) >= 0 && !is_over(r);) {
        static _Thread_local struct request q;
        int to_hub = dial(r->hub_port);
        hurry(from_kit);
        hurry(to_hub);
        struct pollfd ends[2] = {{from_kit, POLLIN, 0}, {to_hub, POLLIN, 0}};
        memset(&q, 0, sizeof q);
        while (to_hub >= 0 && poll(ends, 2, END_SECONDS * 1000) > 0 && pump(r, &q, ends)) continue;
        hang_up(to_hub);
        hang_up(from_kit);
    }
    return NULL;
}

static void start_road(struct road *r, uint16_t hub_port)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof at;
    r->hub_port = hub_port;
    pthread_mutex_init(&r->lock, NULL);
    r->listener = socket(AF_INET, SOCK_STREAM, 0);
    MUST(bind(r->listener, (struct sockaddr *)&at, sizeof at));
    MUST(listen(r->listener, 16));
    MUST(getsockname(r->listener, (struct sockaddr *)&at, &len));
    r->port = ntohs(at.sin_port);
    MUST(pthread_create(&r->thread, NULL, run_road, r));
}

static void end_road(struct road *r)
{
    pthread_mutex_lock(&r->lock);
    r->over = true;
    pthread_mutex_unlock(&r->lock);
    int last = dial(r->port); /* for whoever waits for a connection */
    pthread_join(r->thread, NULL);
    if (last >= 0) close(last);
    close(r->listener);
    pthread_mutex_destroy(&r->lock);
}

static void arm(struct road *r, uint64_t at)
{
    pthread_mutex_lock(&r->lock);
    r->cut = false;
    r->cut_at = at;
    r->passed = r->chunk = 0;
    pthread_mutex_unlock(&r->lock);
}

/* ---- the kit ---- */

/* The peer, with the session's token. */
struct bearer {
    struct http http;
    struct http *peer;
    char token[WIRE_TOKEN_SIZE + 32];
    uint64_t overtaken; /* bytes of its bodies that were answered 423 */
    char said[2048]; /* of one upload, to be told where something is wrong with it */
};

static int bearer_call(struct http *h, const struct http_call *q, struct http_answer *a)
{
    struct bearer *b = (struct bearer *)h;
    const char *headers[16] = {b->token};
    struct http_call with = *q;
    for (int i = 0; q->headers && q->headers[i] && i < 14; i++) headers[i + 1] = q->headers[i];
    with.headers = headers;
    int rc = b->peer->call(b->peer, &with, a);
    size_t len = strlen(b->said);
    if (a->status == 423) b->overtaken += q->body_len;
    snprintf(b->said + len, sizeof b->said - len, "; %s +%zu -> %d%s @%lld", q->method, q->body_len, a->status, a->fault ? " (cut)" : "",
        a->upload_offset == HTTP_NOT_SAID ? -1 : (long long)a->upload_offset);
    return rc;
}

struct kit {
    struct road road;
    struct bearer bearer;
    const struct serve_owner *hub;
    const char *hub_url;
    pthread_t thread;
    char file[600];
};

/* A key of its own, and a session. */
static void open_session(struct kit *k)
{
    unsigned char seed[KEY_SIZE];
    char kit[KIT_ID_SIZE];
    struct signer signer;
    struct link *l;
    struct http_place hub = {.url = k->hub_url};
    MUST(random_bytes(seed, sizeof seed));
    MUST(seed_signer(&signer, seed));
    kit_id_of(kit, signer.public_key);
    struct link_party party = {.kit = kit, .signer = &signer, .hub = k->hub->kit};
    memcpy(party.hub_key, k->hub->signer->public_key, KEY_SIZE);
    MUST(link_open(&l, &hub, &party, TRIES));
    MUST(link_meet(l));
    snprintf(k->bearer.token, sizeof k->bearer.token, "Authorization: Bearer %s", link_token(l));
    link_close(l);
}

static void where(const struct wire_state *s, struct tus_upload *u, enum tus_place *place)
{
    *place = TUS_NOWHERE;
    for (size_t i = 0; i < s->taken_len; i++)
        if (strcmp(s->taken[i], u->name) == 0) *place = TUS_TAKEN;
    for (size_t i = 0; *place == TUS_NOWHERE && i < s->uploads_len; i++) {
        if (strcmp(s->uploads[i].name, u->name) != 0) continue;
        snprintf(u->id, sizeof u->id, "%s", s->uploads[i].id);
        u->offset = s->uploads[i].offset;
        *place = TUS_UNFINISHED;
    }
}

static int find(void *ctx, struct tus_upload *u, enum tus_place *place)
{
    struct kit *k = ctx;
    struct http_answer a;
    struct wire_state state;
    struct arena arena;
    arena_init(&arena);
    http_answer_init(&a, WIRE_BODY_MAX);
    int rc = k->bearer.http.call(&k->bearer.http, &(struct http_call){.method = "GET", .path = "v1/state"}, &a);
    if (rc == 0) rc = wire_state_read(&state, &arena, a.body.data, a.body.len);
    if (rc == 0) where(&state, u, place);
    http_answer_release(&a);
    arena_release(&arena);
    return rc;
}

static int refused(void *ctx, const struct http_answer *a)
{
    (void)ctx;
    return err_set(ERR_ROAD, "answered %d: %.*s", a->status, (int)a->body.len, (const char *)a->body.data);
}

static void short_sleep(double seconds)
{
    os_sleep(seconds / HASTE);
}

/* One client's part; the next one begins with what the server says of the name. */
static int send_file(struct kit *k, const char *name, int mode, int tries, bool begun)
{
    struct backoff b = backoff_of(tries);
    b.sleep = short_sleep;
    struct tus_upload u = {.http = &k->bearer.http, .backoff = &b, .path = k->file, .name = name, .size = SIZE, .chunk = CHUNK,
        .find = find, .refused = refused, .ctx = k, .checksums = mode == WITH_SUM};
    enum tus_place place = TUS_NOWHERE;
    int rc = begun ? find(k, &u, &place) : 0;
    if (rc == 0 && place != TUS_TAKEN) rc = tus_run(&u);
    return rc;
}

static void check_sent(struct kit *k, uint64_t at, int mode)
{
    pthread_mutex_lock(&k->road.lock);
    bool cut = k->road.cut;
    uint64_t passed = k->road.passed, chunk = k->road.chunk;
    pthread_mutex_unlock(&k->road.lock);
    uint64_t again = passed - SIZE;
    if (!cut) wrong(at, mode, "it was not cut");
    char what[2200];
    snprintf(what, sizeof what, "%lld bytes went again, of a cut chunk of %llu%s", (long long)again, (unsigned long long)chunk, k->bearer.said);
    if (passed < SIZE || again > chunk + k->bearer.overtaken) wrong(at, mode, what);
    pthread_mutex_lock(&lock);
    counts.uploads++;
    counts.overtaken += k->bearer.overtaken > 0;
    counts.at_the_byte += again == 0;
    counts.sent_again += (size_t)again;
    if (again > counts.most_again) counts.most_again = (size_t)again;
    for (size_t i = 0, size = CHUNK; i < 3; i++, size *= 2) counts.chunks_cut[i] += chunk == size;
    pthread_mutex_unlock(&lock);
}

static void cut_at(struct kit *k, uint64_t at, int mode)
{
    char name[64];
    bool restarted = (at / every) % 2;
    k->bearer.said[0] = '\0';
    k->bearer.overtaken = 0;
    snprintf(name, sizeof name, "cut-%d-%llu.satchel", mode, (unsigned long long)at);
    MUST(file_write(k->file, pool + at, SIZE));
    arm(&k->road, at);
    int rc = send_file(k, name, mode, restarted ? 1 : TRIES, false);
    if (restarted && rc == 0) wrong(at, mode, "it went through at once");
    if (restarted) short_sleep(0.125);
    err_clear();
    if (restarted) rc = send_file(k, name, mode, TRIES, true);
    if (rc) wrong(at, mode, "it did not arrive");
    check_sent(k, at, mode);
    pthread_mutex_lock(&lock);
    counts.restarted += restarted;
    pthread_mutex_unlock(&lock);
}

static bool take_next(uint64_t *at, int *mode)
{
    pthread_mutex_lock(&lock);
    uint64_t n = next_one++;
    pthread_mutex_unlock(&lock);
    *at = from + n / MODES * every;
    *mode = (int)(n % MODES);
    return *at < SIZE;
}

static void *run_kit(void *kit)
{
    struct kit *k = kit;
    uint64_t at;
    int mode;
    char url[64];
    snprintf(url, sizeof url, "http://127.0.0.1:%u", k->road.port);
    struct http_place place = {.url = url};
    MUST(http_curl(&k->bearer.peer, &place));
    k->bearer.http.call = bearer_call;
    for (size_t n = 0; take_next(&at, &mode); n++) {
        if (n % UPLOADS_OF_KIT == 0) open_session(k);
        cut_at(k, at, mode);
    }
    http_close(k->bearer.peer);
    return NULL;
}

/* ---- all of them ---- */

static size_t missing(void)
{
    size_t n = 0;
    pthread_mutex_lock(&lock);
    for (uint64_t at = from; at < SIZE; at += every)
        for (int mode = 0; mode < MODES; mode++) n += arrived[mode][at] == 0;
    pthread_mutex_unlock(&lock);
    return n;
}

static void check_arrived(void)
{
    for (double end = os_monotonic_seconds() + END_SECONDS; missing() && os_monotonic_seconds() < end;) os_sleep(0.05);
    for (uint64_t at = 0; at < SIZE; at++)
        for (int mode = 0; mode < MODES; mode++) {
            bool sent = at >= from && (at - from) % every == 0;
            if (arrived[mode][at] != sent) wrong(at, mode, arrived[mode][at] ? "it arrived more than once" : "it never arrived");
        }
}

static void run(const struct serve_owner *hub, const char *url)
{
    static struct kit kits[WORKERS];
    for (int i = 0; i < WORKERS; i++) {
        kits[i].hub = hub;
        kits[i].hub_url = url;
        snprintf(kits[i].file, sizeof kits[i].file, "%s/file-%d", folder, i);
        start_road(&kits[i].road, (uint16_t)atoi(strrchr(url, ':') + 1));
        MUST(pthread_create(&kits[i].thread, NULL, run_kit, &kits[i]));
    }
    for (int i = 0; i < WORKERS; i++) {
        pthread_join(kits[i].thread, NULL);
        end_road(&kits[i].road);
    }
    err_clear();
    check_arrived();
}

static void print_counts(double seconds)
{
    size_t offsets = (size_t)((SIZE - from + every - 1) / every);
    printf("%zu offsets, each without and with checksums: %zu uploads cut and gone on with in %.0f s, %zu by a client begun anew\n",
        offsets, counts.uploads, seconds, counts.restarted);
    printf("cut in chunks of 16, 32, 64 KiB: %zu, %zu, %zu; gone on with at the very byte %zu; sent again %zu bytes, at most %zu of one; "
           "overtaken by the cut request %zu\n",
        counts.chunks_cut[0], counts.chunks_cut[1], counts.chunks_cut[2], counts.at_the_byte, counts.sent_again, counts.most_again,
        counts.overtaken);
    if (counts.uploads != offsets * MODES) wrong(0, WITHOUT_SUM, "another number of uploads");
    if (counts.overtaken > counts.uploads / OVERTAKEN_MOST + 1) wrong(0, WITH_SUM, "too many were overtaken");
    if (counts.at_the_byte < offsets * 9 / 10) wrong(0, WITHOUT_SUM, "too few went on at the byte");
    printf("%zu wrong\n", counts.wrong);
}

int main(int argc, char **argv)
{
    unsigned char seed[KEY_SIZE] = {7};
    char kit[KIT_ID_SIZE], hub_folder[600];
    struct signer signer;
    struct serve *s;
    const char *given = ".";
    for (int i = 1; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--every") == 0) every = strtoull(argv[i + 1], NULL, 10);
        if (strcmp(argv[i], "--from") == 0) from = strtoull(argv[i + 1], NULL, 10);
        if (strcmp(argv[i], "--folder") == 0) given = argv[i + 1];
    }
    if (every == 0 || from >= SIZE) return 2;
    snprintf(folder, sizeof folder, "%s", given);
    snprintf(hub_folder, sizeof hub_folder, "%s/hub", folder);
    MUST(os_make_folder(hub_folder));
    MUST(random_bytes(pool, sizeof pool));
    MUST(seed_signer(&signer, seed));
    kit_id_of(kit, signer.public_key);
    struct serve_owner owner = {.kit = kit, .name = "HQ", .signer = &signer, .unknown = "unknown", .standing = standing,
        .take_in = take_in, .hand_out = hand_out, .look = look};
    struct serve_options o = serve_defaults;
    o.folder = hub_folder;
    o.listen = "127.0.0.1:0";
    o.rate = 0;
    o.session_seconds = 3600;
    o.tell = tell;
    MUST(serve_start(&s, &owner, &o));
    double start = os_monotonic_seconds();
    run(&owner, serve_url(s));
    serve_stop(s);
    print_counts(os_monotonic_seconds() - start);
    return counts.wrong != 0;
}
