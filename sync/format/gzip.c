/* gzip (RFC 1952) around DEFLATE (RFC 1951).
 *
 * A file is one or more members, each: the header 1f 8b 08 00  00 00 00 00  00 ff, DEFLATE blocks, the CRC-32
 * of the plain bytes, and their number, four bytes each, low byte first. The writer's members hold up to 1
 * MiB plain; one that is stored, or that would not shrink, is made of stored blocks: a byte (1 in the last
 * block, else 0), the length in two bytes, low first, its complement, and the up to 65,535 bytes as they are.
 *
 * Writing goes round a ring of members. The caller fills the next one and hands it in; workers pack those
 * that were handed in; the caller writes the oldest once it is packed. Three counters tell who owns which:
 * written <= taken <= handed_in <= written + ring_len. */
#include "satchel/format/gzip.h"

#include <libdeflate.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include "satchel/base/text.h"

#define LEVEL 1
#define THREADS_MOST 4
#define STORED_MOST ((size_t)65535)
#define PROBE_SIZE ((size_t)64 << 10)
#define HEADER_SIZE 10
#define TRAILER_SIZE 8
#define INPUT_SIZE ((size_t)64 << 10)
#define EMPTY_MOST 16 /* members in a row that hold nothing: our writer makes one at most */

static const unsigned char header_bytes[HEADER_SIZE] = {0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255};

static void put_u32(unsigned char *to, uint32_t value)
{
    for (int i = 0; i < 4; i++, value >>= 8) to[i] = (unsigned char)(value & 0xff);
}

static uint32_t get_u32(const unsigned char *from)
{
    return from[0] | (uint32_t)from[1] << 8 | (uint32_t)from[2] << 16 | (uint32_t)from[3] << 24;
}

/* ---- one member ---- */

struct member {
    unsigned char *plain, *packed; /* GZIP_MEMBER_SIZE each */
    size_t plain_len, packed_len;  /* packed_len 0: stored */
    uint32_t crc;
    bool deflate, done;
};

/* libdeflate answers 0 where the result would not fit: then the member is stored. */
static void member_pack(struct member *m, struct libdeflate_compressor *c)
{
    m->crc = libdeflate_crc32(0, m->plain, m->plain_len);
    m->packed_len = 0;
    if (m->deflate)
        m->packed_len = libdeflate_deflate_compress(c, m->plain, m->plain_len, m->packed, m->plain_len);
}

static int write_stored(struct sink *to, const unsigned char *bytes, size_t len)
{
    int err = 0;
    do {
        size_t n = len < STORED_MOST ? len : STORED_MOST;
        unsigned char lo = (unsigned char)(n & 0xff), hi = (unsigned char)(n >> 8);
        unsigned char head[5] = {n == len, lo, hi, (unsigned char)~lo, (unsigned char)~hi};
        err = sink_write(to, head, sizeof head);
        if (!err) err = sink_write(to, bytes, n);
        bytes += n;
        len -= n;
    } while (len > 0 && !err);
    return err;
}

static int member_write(struct sink *to, const struct member *m)
{
    unsigned char trailer[TRAILER_SIZE];
    put_u32(trailer, m->crc);
    put_u32(trailer + 4, (uint32_t)m->plain_len);
    int err = sink_write(to, header_bytes, HEADER_SIZE);
    if (err) return err;
    err = m->packed_len > 0 ? sink_write(to, m->packed, m->packed_len)
                            : write_stored(to, m->plain, m->plain_len);
    if (err) return err;
    return sink_write(to, trailer, TRAILER_SIZE);
}

bool gzip_worth(const void *sample, size_t len)
{
    unsigned char packed[PROBE_SIZE];
    struct libdeflate_compressor *c = libdeflate_alloc_compressor(LEVEL);
    if (!c) return false;
    if (len > PROBE_SIZE) len = PROBE_SIZE;
    bool worth = libdeflate_deflate_compress(c, sample, len, packed, len * 9 / 10) > 0;
    libdeflate_free_compressor(c);
    return worth;
}

/* ---- writing ---- */

struct worker {
    struct gzip_sink *of;
    struct libdeflate_compressor *compressor;
    pthread_t thread;
};

struct gzip_sink {
    struct sink base;
    struct sink *under;
    int error; /* the first failure; after it the sink is dead */
    bool deflate;
    struct member ring[THREADS_MOST + 1];
    size_t ring_len;
    uint64_t written, taken, handed_in;
    struct worker workers[THREADS_MOST];
    int workers_len;      /* with threads of their own; 0: workers[0] has a compressor for the caller */
    pthread_mutex_t lock; /* guards taken, handed_in, stop and every member's done */
    pthread_cond_t work, done;
    bool stop;
};

static struct member *member_at(struct gzip_sink *g, uint64_t number)
{
    return &g->ring[number % g->ring_len];
}

static void *work(void *arg)
{
    struct worker *me = arg;
    struct gzip_sink *g = me->of;
    pthread_mutex_lock(&g->lock);
    for (;;) {
        while (!g->stop && g->taken == g->handed_in) pthread_cond_wait(&g->work, &g->lock);
        if (g->stop) break;
        struct member *m = member_at(g, g->taken++);
        pthread_mutex_unlock(&g->lock);
        member_pack(m, me->compressor);
        pthread_mutex_lock(&g->lock);
        m->done = true;
        pthread_cond_signal(&g->done);
    }
    pthread_mutex_unlock(&g->lock);
    return NULL;
}

static int write_oldest(struct gzip_sink *g)
{
    struct member *m = member_at(g, g->written);
    pthread_mutex_lock(&g->lock);
    while (!m->done) pthread_cond_wait(&g->done, &g->lock);
    m->done = false;
    pthread_mutex_unlock(&g->lock);
    g->error = member_write(g->under, m);
    m->plain_len = 0;
    g->written++;
    return g->error;
}

/* Hands the open member in, and sees that the next one is free. */
static int hand_in(struct gzip_sink *g)
{
    struct member *m = member_at(g, g->handed_in);
    m->deflate = g->deflate;
    if (g->workers_len == 0) {
        member_pack(m, g->workers[0].compressor);
        m->done = true;
    }
    pthread_mutex_lock(&g->lock);
    g->handed_in++;
    pthread_cond_signal(&g->work);
    pthread_mutex_unlock(&g->lock);
    return g->handed_in - g->written == g->ring_len ? write_oldest(g) : 0;
}

static int gzip_write(struct sink *base, const void *bytes, size_t len)
{
    struct gzip_sink *g = (struct gzip_sink *)base;
    const unsigned char *at = bytes;
    while (len > 0 && !g->error) {
        struct member *m = member_at(g, g->handed_in);
        size_t room = GZIP_MEMBER_SIZE - m->plain_len, n = len < room ? len : room;
        memcpy(m->plain + m->plain_len, at, n);
        m->plain_len += n;
        at += n;
        len -= n;
        if (n == room) g->error = hand_in(g);
    }
    return g->error;
}

int gzip_choose(struct sink *gzip, bool deflate)
{
    struct gzip_sink *g = (struct gzip_sink *)gzip;
    if (g->error || g->deflate == deflate) return g->error;
    if (member_at(g, g->handed_in)->plain_len > 0) g->error = hand_in(g);
    g->deflate = deflate;
    return g->error;
}

/* gzip of nothing is one empty member. */
static int gzip_finish(struct sink *base)
{
    struct gzip_sink *g = (struct gzip_sink *)base;
    if (!g->error && (g->handed_in == 0 || member_at(g, g->handed_in)->plain_len > 0)) g->error = hand_in(g);
    while (!g->error && g->written < g->handed_in) g->error = write_oldest(g);
    if (!g->error) g->error = sink_finish(g->under);
    return g->error;
}

static void stop_workers(struct gzip_sink *g)
{
    pthread_mutex_lock(&g->lock);
    g->stop = true;
    pthread_cond_broadcast(&g->work);
    pthread_mutex_unlock(&g->lock);
    for (int i = 0; i < g->workers_len; i++) pthread_join(g->workers[i].thread, NULL);
}

static void gzip_free(struct gzip_sink *g)
{
    for (size_t i = 0; i < THREADS_MOST + 1; i++) {
        free(g->ring[i].plain);
        free(g->ring[i].packed);
    }
    for (int i = 0; i < THREADS_MOST; i++) libdeflate_free_compressor(g->workers[i].compressor);
    pthread_cond_destroy(&g->done);
    pthread_cond_destroy(&g->work);
    pthread_mutex_destroy(&g->lock);
    free(g);
}

static void gzip_close(struct sink *base)
{
    struct gzip_sink *g = (struct gzip_sink *)base;
    stop_workers(g);
    sink_close(g->under);
    gzip_free(g);
}

static int allocate(struct gzip_sink *g, int threads)
{
    for (size_t i = 0; i < g->ring_len; i++) {
        g->ring[i].plain = malloc(GZIP_MEMBER_SIZE);
        g->ring[i].packed = malloc(GZIP_MEMBER_SIZE);
        if (!g->ring[i].plain || !g->ring[i].packed) return err_memory();
    }
    for (int i = 0; i < threads; i++) {
        g->workers[i].of = g;
        g->workers[i].compressor = libdeflate_alloc_compressor(LEVEL);
        if (!g->workers[i].compressor) return err_memory();
    }
    return 0;
}

/* Fewer threads than asked for are enough; without any the caller packs. */
static void start_workers(struct gzip_sink *g, int threads)
{
    while (g->workers_len < threads) {
        struct worker *w = &g->workers[g->workers_len];
        if (pthread_create(&w->thread, NULL, work, w) != 0) return;
        g->workers_len++;
    }
}

int gzip_sink(struct sink **out, struct sink *under, int threads)
{
    struct gzip_sink *g = calloc(1, sizeof *g);
    if (!g) return err_memory();
    int n = threads < 1 ? 1 : threads > THREADS_MOST ? THREADS_MOST : threads;
    g->base = (struct sink){gzip_write, gzip_finish, gzip_close};
    g->deflate = true;
    g->ring_len = n > 1 ? (size_t)n + 1 : 1;
    pthread_mutex_init(&g->lock, NULL);
    pthread_cond_init(&g->work, NULL);
    pthread_cond_init(&g->done, NULL);
    int err = allocate(g, n);
    if (err) {
        gzip_free(g);
        return err;
    }
    if (n > 1) start_workers(g, n);
    g->under = under;
    *out = &g->base;
    return 0;
}

/* ---- reading ---- */

struct gunzip_source {
    struct source base;
    struct source *under;
    z_stream z;      /* next_in, avail_in: what of `input` is still to be used */
    uint64_t packed; /* bytes read from under */
    uint64_t plain;  /* bytes handed out */
    uint64_t max_out;
    uint32_t crc, size; /* of the open member; the size modulo 2^32 as in ISIZE */
    int empty;          /* members without bytes, in a row */
    bool inside;        /* a member is open */
    int error;
    unsigned char input[INPUT_SIZE];
};

static int refused(const struct gunzip_source *g, const char *why)
{
    return err_set(ERR_INPUT, "the gzip data is damaged near byte %llu: %s",
        (unsigned long long)(g->packed - g->z.avail_in), text_of(why));
}

/* Sees that there is input, unless it is at its end. */
static int refill(struct gunzip_source *g)
{
    size_t got;
    if (g->z.avail_in > 0) return 0;
    int err = source_read(g->under, g->input, INPUT_SIZE, &got);
    if (err) return err;
    g->z.next_in = g->input;
    g->z.avail_in = (uInt)got;
    g->packed += got;
    return 0;
}

/* Takes len bytes of input; *got is less at the end of input. */
static int take(struct gunzip_source *g, unsigned char *out, size_t len, size_t *got)
{
    *got = 0;
    while (*got < len) {
        int err = refill(g);
        if (err) return err;
        size_t n = len - *got < g->z.avail_in ? len - *got : g->z.avail_in;
        if (n == 0) return 0;
        memcpy(out + *got, g->z.next_in, n);
        g->z.next_in += n;
        g->z.avail_in -= (uInt)n;
        *got += n;
    }
    return 0;
}

/* Opens the next member; *ended where the input ends before it, properly. */
static int begin_member(struct gunzip_source *g, bool *ended)
{
    unsigned char header[HEADER_SIZE];
    size_t got;
    bool first = g->packed == 0;
    int err = take(g, header, HEADER_SIZE, &got);
    if (err) return err;
    *ended = got == 0 && !first;
    if (*ended) return 0;
    if (got < HEADER_SIZE || memcmp(header, header_bytes, HEADER_SIZE) != 0)
        return refused(
            g, first ? N_("it does not begin as satchel's gzip does") : N_("other bytes follow a member"));
    inflateReset(&g->z);
    g->crc = 0;
    g->size = 0;
    g->inside = true;
    return 0;
}

static int end_member(struct gunzip_source *g)
{
    unsigned char trailer[TRAILER_SIZE];
    size_t got;
    int err = take(g, trailer, TRAILER_SIZE, &got);
    if (err) return err;
    if (got < TRAILER_SIZE) return refused(g, N_("it ends within a member"));
    if (get_u32(trailer) != g->crc || get_u32(trailer + 4) != g->size)
        return refused(g, N_("a checksum does not fit"));
    g->empty = g->size == 0 ? g->empty + 1 : 0;
    if (g->empty > EMPTY_MOST) return refused(g, N_("too many empty members"));
    g->inside = false;
    return 0;
}

static int account(struct gunzip_source *g, const unsigned char *bytes, size_t n)
{
    g->crc = libdeflate_crc32(g->crc, bytes, n);
    g->size += (uint32_t)n;
    g->plain += n;
    if (g->plain > g->max_out)
        return err_set(ERR_INPUT, "the gzip data holds more than the %llu bytes allowed",
            (unsigned long long)g->max_out);
    return 0;
}

/* Some bytes of the open member; *got may be 0, at its end. */
static int inflate_some(struct gunzip_source *g, unsigned char *out, size_t cap, size_t *got)
{
    int err = refill(g);
    if (err) return err;
    bool dry = g->z.avail_in == 0;
    uInt room = cap < UINT32_MAX / 2 ? (uInt)cap : UINT32_MAX / 2;
    g->z.next_out = out;
    g->z.avail_out = room;
    int result = inflate(&g->z, Z_NO_FLUSH);
    *got = room - g->z.avail_out;
    if (result == Z_MEM_ERROR) return err_memory();
    if (result == Z_BUF_ERROR && dry) return refused(g, N_("it ends within a member"));
    if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR)
        return refused(g, g->z.msg ? g->z.msg : N_("it can't be inflated"));
    err = account(g, out, *got);
    if (!err && result == Z_STREAM_END) err = end_member(g);
    return err;
}

static int gunzip_read(struct source *base, void *out, size_t cap, size_t *got)
{
    struct gunzip_source *g = (struct gunzip_source *)base;
    bool ended = false;
    size_t n = 0;
    while (n == 0 && cap > 0 && !ended && !g->error) {
        if (!g->inside) g->error = begin_member(g, &ended);
        if (g->inside && !g->error) g->error = inflate_some(g, out, cap, &n);
    }
    if (!g->error) *got = n;
    return g->error;
}

static void gunzip_close(struct source *base)
{
    struct gunzip_source *g = (struct gunzip_source *)base;
    inflateEnd(&g->z);
    source_close(g->under);
    free(g);
}

int gunzip_source(struct source **out, struct source *under, uint64_t max_out)
{
    struct gunzip_source *g = calloc(1, sizeof *g);
    if (!g) return err_memory();
    g->base = (struct source){gunzip_read, gunzip_close};
    if (inflateInit2(&g->z, -MAX_WBITS) != Z_OK) {
        free(g);
        return err_memory();
    }
    g->under = under;
    g->max_out = max_out;
    *out = &g->base;
    return 0;
}
