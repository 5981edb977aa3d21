/* age-encryption.org/v1 (C2SP's age.md): a header that wraps a file key for each recipient, then the payload.
 *
 *   header   "age-encryption.org/v1" LF
 *            one stanza or more
 *            "--- " base64(HMAC-SHA-256(HKDF(file key, no salt, "header"), header up to and with "---")) LF
 *   stanza   "->" and one argument or more, each after one blank, of the characters 33 to 126; LF
 *            a body in base64: lines of 64 characters, then one shorter line, which may be empty; each with
 * LF X25519   arguments "X25519", base64(ephemeral point); body: the file key sealed under
 *            HKDF(X25519(ephemeral, recipient), ephemeral point and recipient,
 * "age-encryption.org/v1/X25519") scrypt   arguments "scrypt", base64(salt, 16 bytes), log2 of N in decimal;
 * body: the file key sealed under scrypt("age-encryption.org/v1/scrypt" and salt, N, r 8, p 1); the only
 * stanza then payload  a nonce of 16 bytes; chunks sealed under HKDF(file key, nonce, "payload"), each of 64
 * KiB of plain bytes but the last, which has 1 to 64 KiB, or none where there is nothing at all; a chunk's
 * nonce is its number, big-endian in 11 bytes, and a byte that is 1 for the last chunk and else 0
 *
 * File keys have 16 bytes. Sealing is ChaCha20-Poly1305, under an all-zero nonce where a file key is wrapped.
 * All base64 is canonical and without padding. */
#include "satchel/format/age.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "age_header.h"
#include "satchel/base/os.h"

#define PAYLOAD_NONCE_SIZE 16
#define CHUNK_SIZE ((size_t)65536)
#define SEALED_SIZE (CHUNK_SIZE + TAG_SIZE)
#define BATCH 4                      /* sealed chunks that go out in one write */
#define AHEAD_SIZE (SEALED_SIZE + 1) /* one byte more tells whether a chunk is the last */

static_assert(AGE_HEADER_MAX + PAYLOAD_NONCE_SIZE <= AHEAD_SIZE, "what is read ahead holds a whole header");

/* --- chunks ------------------------------------------------------------------------------------------- */

/* The payload's key and the number of the next chunk. */
struct stream {
    struct aead *aead;
    uint64_t number;
};

static int stream_init(struct stream *s, const unsigned char file_key[FILE_KEY_SIZE],
    const unsigned char nonce[PAYLOAD_NONCE_SIZE])
{
    unsigned char key[KEY_SIZE];
    int rc = hkdf_sha256(key, sizeof key, file_key, FILE_KEY_SIZE, nonce, PAYLOAD_NONCE_SIZE, "payload");
    if (rc == 0) rc = aead_new(&s->aead, key);
    wipe(key, sizeof key);
    return rc;
}

static void chunk_nonce(unsigned char nonce[NONCE_SIZE], uint64_t number, bool last)
{
    memset(nonce, 0, NONCE_SIZE);
    for (int i = 10; i >= 3; i--, number >>= 8) nonce[i] = (unsigned char)number;
    nonce[11] = last;
}

static int chunk_seal(struct stream *s, unsigned char *out, const void *plain, size_t len, bool last)
{
    unsigned char nonce[NONCE_SIZE];
    chunk_nonce(nonce, s->number, last);
    int rc = aead_seal(s->aead, out, nonce, NULL, 0, plain, len);
    if (rc == 0) s->number++;
    return rc;
}

static int cut_or_damaged(const struct stream *s)
{
    return err_set(ERR_INPUT, "the age file is damaged or cut off after %llu plain bytes",
        (unsigned long long)(s->number * CHUNK_SIZE));
}

static int chunk_open(struct stream *s, unsigned char *out, const void *sealed, size_t len, bool last)
{
    unsigned char nonce[NONCE_SIZE];
    int rc = ERR_INPUT;
    chunk_nonce(nonce, s->number, last);
    bool empty =
        len <= TAG_SIZE && s->number > 0; /* only the whole payload may be empty, not its last chunk */
    if (!empty) rc = aead_open(s->aead, out, nonce, NULL, 0, sealed, len);
    if (rc == ERR_INPUT) return cut_or_damaged(s);
    if (rc == 0) s->number++;
    return rc;
}

/* --- the sink ----------------------------------------------------------------------------------------- */

struct age_sink {
    struct sink base;
    struct sink *under;
    struct stream stream;
    size_t plain_len; /* a full chunk waits until it is known whether it is the last */
    size_t ready_len; /* sealed bytes to write */
    unsigned char plain[CHUNK_SIZE];
    unsigned char ready[BATCH * SEALED_SIZE];
};

static int flush(struct age_sink *s)
{
    size_t len = s->ready_len;
    s->ready_len = 0;
    return sink_write(s->under, s->ready, len);
}

static int seal(struct age_sink *s, const unsigned char *plain, size_t len, bool last)
{
    int rc = chunk_seal(&s->stream, s->ready + s->ready_len, plain, len, last);
    if (rc) return rc;
    s->ready_len += len + TAG_SIZE;
    return last || s->ready_len == sizeof s->ready ? flush(s) : 0;
}

static int write_plain(struct sink *base, const void *bytes, size_t len)
{
    struct age_sink *s = (struct age_sink *)base;
    const unsigned char *p = bytes;
    int rc = 0;
    while (len > 0 && rc == 0) {
        if (s->plain_len == CHUNK_SIZE) {
            rc = seal(s, s->plain, CHUNK_SIZE, false);
            s->plain_len = 0;
            continue;
        }
        size_t room = CHUNK_SIZE - s->plain_len, n = len < room ? len : room;
        if (room == CHUNK_SIZE && len > CHUNK_SIZE) {
            rc = seal(s, p, CHUNK_SIZE, false); /* from where it lies, without a copy */
        } else {
            memcpy(s->plain + s->plain_len, p, n);
            s->plain_len += n;
        }
        p += n;
        len -= n;
    }
    return rc;
}

static int finish_plain(struct sink *base)
{
    struct age_sink *s = (struct age_sink *)base;
    int rc = seal(s, s->plain, s->plain_len, true);
    return rc ? rc : sink_finish(s->under);
}

static void age_sink_free(struct age_sink *s)
{
    if (!s) return;
    aead_free(s->stream.aead);
    free(s);
}

static void close_sink(struct sink *base)
{
    struct age_sink *s = (struct age_sink *)base;
    sink_close(s->under);
    age_sink_free(s);
}

static int sink_new(struct age_sink **out, struct sink *under, const unsigned char file_key[FILE_KEY_SIZE],
    const unsigned char nonce[PAYLOAD_NONCE_SIZE])
{
    struct age_sink *s = malloc(sizeof *s); /* not zeroed: 320 KiB for every small file would show */
    if (!s) return err_memory();
    s->base = (struct sink){write_plain, finish_plain, close_sink};
    s->under = under;
    s->plain_len = s->ready_len = 0;
    s->stream = (struct stream){0};
    int rc = stream_init(&s->stream, file_key, nonce);
    if (rc) {
        age_sink_free(s);
        return rc;
    }
    *out = s;
    return 0;
}

/* Header and nonce are written at once, so that a full disk shows here. */
static int sink_start(struct sink **out, struct sink *under, const struct age_keys *to)
{
    unsigned char file_key[FILE_KEY_SIZE], nonce[PAYLOAD_NONCE_SIZE];
    struct age_sink *s = NULL;
    struct buf start;
    buf_init(&start, AGE_HEADER_MAX + sizeof nonce);
    int rc = age_header_write(&start, file_key, to);
    if (rc == 0) rc = random_bytes(nonce, sizeof nonce);
    if (rc) goto out;
    buf_add(&start, nonce, sizeof nonce);
    rc = buf_error(&start);
    if (rc == 0) rc = sink_new(&s, under, file_key, nonce);
    if (rc == 0) rc = sink_write(under, start.data, start.len);
    if (rc) goto out;
    *out = &s->base;
    s = NULL;
out:
    age_sink_free(s);
    wipe(file_key, sizeof file_key);
    buf_release(&start);
    return rc;
}

int age_sink(struct sink **out, struct sink *under, const unsigned char (*recipients)[KEY_SIZE], size_t n)
{
    struct age_keys to = {.keys = recipients, .keys_len = n};
    return sink_start(out, under, &to);
}

int age_passphrase_sink(struct sink **out, struct sink *under, const char *passphrase, int log_n)
{
    struct age_keys to = {.passphrase = passphrase, .log_n = log_n};
    return sink_start(out, under, &to);
}

/* --- the source --------------------------------------------------------------------------------------- */

struct age_source {
    struct source base;
    struct source *under;
    struct stream stream;
    size_t ahead_len; /* sealed bytes read ahead; less than AHEAD_SIZE after a fill: nothing follows them */
    size_t plain_at, plain_len;
    size_t skip; /* plain bytes of the next chunk that nobody asked for */
    bool last_seen, ended;
    unsigned char ahead[AHEAD_SIZE];
    unsigned char plain[CHUNK_SIZE];
};

static int fill(struct age_source *s)
{
    size_t got;
    int rc = source_read_full(s->under, s->ahead + s->ahead_len, AHEAD_SIZE - s->ahead_len, &got);
    if (rc == 0) s->ahead_len += got;
    return rc;
}

static void drop(struct age_source *s, size_t len)
{
    s->ahead_len -= len;
    memmove(s->ahead, s->ahead + len, s->ahead_len);
}

/* Opens the next chunk into out. It stays where it is if it can't be opened, so every later read fails too.
 * A full chunk whose mark of the last contradicts what follows is still handed out, being authentic; the
 * read after it is the error. */
static int next_chunk(struct age_source *s, unsigned char *out, size_t *len)
{
    int rc = fill(s);
    if (rc) return rc;
    if (s->last_seen) return cut_or_damaged(&s->stream);
    bool last = s->ahead_len < AHEAD_SIZE;
    size_t sealed_len = last ? s->ahead_len : SEALED_SIZE;
    rc = chunk_open(&s->stream, out, s->ahead, sealed_len, last);
    if (rc == ERR_INPUT && sealed_len == SEALED_SIZE) {
        last = !last;
        rc = chunk_open(&s->stream, out, s->ahead, sealed_len, last);
    }
    if (rc) return rc;
    drop(s, sealed_len);
    s->last_seen = last;
    s->ended = last && s->ahead_len == 0;
    *len = sealed_len - TAG_SIZE;
    return 0;
}

/* The next chunk into our own memory, without the bytes that are to be skipped. */
static int next_chunk_kept(struct age_source *s)
{
    size_t len;
    int rc = next_chunk(s, s->plain, &len);
    if (rc) return rc;
    s->plain_at = s->skip < len ? s->skip : len;
    s->plain_len = len - s->plain_at;
    s->skip = 0;
    return 0;
}

static int read_plain(struct source *base, void *out, size_t cap, size_t *got)
{
    struct age_source *s = (struct age_source *)base;
    while (s->plain_len == 0 && !s->ended) {
        if (cap >= CHUNK_SIZE && s->skip == 0) return next_chunk(s, out, got);
        int rc = next_chunk_kept(s);
        if (rc) return rc;
    }
    size_t n = cap < s->plain_len ? cap : s->plain_len;
    memcpy(out, s->plain + s->plain_at, n);
    s->plain_at += n;
    s->plain_len -= n;
    *got = n;
    return 0;
}

static void age_source_free(struct age_source *s)
{
    if (!s) return;
    aead_free(s->stream.aead);
    free(s);
}

static void close_source(struct source *base)
{
    struct age_source *s = (struct age_source *)base;
    source_close(s->under);
    age_source_free(s);
}

/* Reads the header from the bytes ahead and drops it; they begin with the first chunk then. */
static int header_take(struct age_source *s, size_t *header_len, const struct age_keys *by)
{
    unsigned char file_key[FILE_KEY_SIZE];
    int rc = fill(s);
    if (rc == 0) rc = age_header_open(file_key, header_len, s->ahead, s->ahead_len, by);
    if (rc) return rc;
    if (s->ahead_len - *header_len < PAYLOAD_NONCE_SIZE) rc = age_header_malformed();
    if (rc == 0) rc = stream_init(&s->stream, file_key, s->ahead + *header_len);
    if (rc == 0) drop(s, *header_len + PAYLOAD_NONCE_SIZE);
    wipe(file_key, sizeof file_key);
    return rc;
}

static int source_start(
    struct age_source **out, size_t *header_len, struct source *under, const struct age_keys *by)
{
    struct age_source *s = malloc(sizeof *s); /* not zeroed, as above */
    if (!s) return err_memory();
    s->base = (struct source){read_plain, close_source};
    s->under = under;
    s->ahead_len = s->plain_at = s->plain_len = s->skip = 0;
    s->last_seen = s->ended = false;
    s->stream = (struct stream){0};
    int rc = header_take(s, header_len, by);
    if (rc) {
        age_source_free(s);
        return rc;
    }
    *out = s;
    return 0;
}

static int stream_source(struct source **out, struct source *under, const struct age_keys *by)
{
    struct age_source *s;
    size_t header_len;
    int rc = source_start(&s, &header_len, under, by);
    if (rc == 0) *out = &s->base;
    return rc;
}

int age_source(
    struct source **out, struct source *under, const unsigned char (*identities)[KEY_SIZE], size_t n)
{
    struct age_keys by = {.keys = identities, .keys_len = n};
    return stream_source(out, under, &by);
}

int age_passphrase_source(struct source **out, struct source *under, const char *passphrase)
{
    struct age_keys by = {.passphrase = passphrase};
    return stream_source(out, under, &by);
}

/* --- files -------------------------------------------------------------------------------------------- */

/* Chunks and plain bytes of a payload, its nonce included, from its size. */
static int payload_sizes(uint64_t *chunks, uint64_t *plain, uint64_t size)
{
    if (size < PAYLOAD_NONCE_SIZE + TAG_SIZE) return age_header_malformed();
    uint64_t sealed = size - PAYLOAD_NONCE_SIZE;
    uint64_t n = (sealed + SEALED_SIZE - 1) / SEALED_SIZE;
    uint64_t last = sealed - (n - 1) * SEALED_SIZE;
    if (n > 1 && last <= TAG_SIZE) return err_set(ERR_INPUT, "the age file is cut off in its last chunk");
    *chunks = n;
    *plain = sealed - n * TAG_SIZE;
    return 0;
}

static int file_sizes(uint64_t *chunks, uint64_t *plain, struct file *f, size_t header_len)
{
    struct file_info info;
    int rc = file_info(f, &info);
    if (rc) return rc;
    return payload_sizes(chunks, plain, info.size < header_len ? 0 : info.size - header_len);
}

/* Moves to the chunk that holds `offset`; to the last one where offset is the end. */
static int move_to(struct age_source *s, struct file *f, size_t header_len, uint64_t offset)
{
    uint64_t chunks, plain;
    int rc = file_sizes(&chunks, &plain, f, header_len);
    if (rc) return rc;
    if (offset > plain)
        return err_set(ERR_INPUT, "there is no byte %llu in an age file of %llu plain bytes",
            (unsigned long long)offset, (unsigned long long)plain);
    uint64_t number = offset / CHUNK_SIZE < chunks ? offset / CHUNK_SIZE : chunks - 1;
    s->stream.number = number;
    s->skip = (size_t)(offset - number * CHUNK_SIZE);
    s->ahead_len = 0;
    return file_seek(f, header_len + PAYLOAD_NONCE_SIZE + number * SEALED_SIZE);
}

int age_file_source(
    struct source **out, const char *path, const unsigned char identity[KEY_SIZE], uint64_t offset)
{
    struct age_keys by = {.keys = (const unsigned char(*)[KEY_SIZE])identity, .keys_len = 1};
    struct age_source *s = NULL;
    struct file *f;
    size_t header_len;
    int rc = file_open(&f, path);
    if (rc) return rc;
    rc = source_start(&s, &header_len, file_as_source(f), &by);
    if (rc == 0 && offset > 0) rc = move_to(s, f, header_len, offset);
    if (rc) {
        age_source_free(s);
        file_close(f);
        return rc == ERR_INPUT ? err_within(rc, "'%s'", path) : rc;
    }
    *out = &s->base;
    return 0;
}

static int plain_size(uint64_t *out, struct file *f, unsigned char *bytes)
{
    uint64_t chunks;
    size_t got, header_len;
    int rc = source_read_full(file_as_source(f), bytes, AGE_HEADER_MAX, &got);
    if (rc == 0) rc = age_header_measure(&header_len, bytes, got);
    return rc ? rc : file_sizes(&chunks, out, f, header_len);
}

int age_plain_size(uint64_t *out, const char *path)
{
    struct file *f;
    int rc = file_open(&f, path);
    if (rc) return rc;
    unsigned char *bytes = malloc(AGE_HEADER_MAX);
    rc = bytes ? plain_size(out, f, bytes) : err_memory();
    free(bytes);
    file_close(f);
    return rc == ERR_INPUT ? err_within(rc, "'%s'", path) : rc;
}
