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

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "satchel/base/os.h"

#define VERSION_LINE "age-encryption.org/v1"
#define X25519_INFO "age-encryption.org/v1/X25519"
#define SCRYPT_LABEL "age-encryption.org/v1/scrypt"
#define SCRYPT_SALT_SIZE 16
#define FILE_KEY_SIZE 16
#define BODY_SIZE (FILE_KEY_SIZE + TAG_SIZE)
#define MAC_SIZE SHA256_SIZE
#define PAYLOAD_NONCE_SIZE 16
#define COLUMNS 64
#define KEY_BASE64_SIZE 43

#define CHUNK_SIZE ((size_t)65536)
#define SEALED_SIZE (CHUNK_SIZE + TAG_SIZE)
#define BATCH 4                         /* sealed chunks that go out in one write */
#define AHEAD_SIZE (SEALED_SIZE + 1)    /* one byte more tells whether a chunk is the last */
#define HEADER_MAX (SEALED_SIZE - 1024) /* a header and the nonce fit into what a source reads ahead */
#define STANZAS_MAX 128

/* --- the header, read --------------------------------------------------------------------------------- */

enum stanza_kind { STANZA_X25519, STANZA_SCRYPT, STANZA_UNKNOWN };

struct stanza {
    enum stanza_kind kind;
    unsigned char argument[KEY_SIZE]; /* the ephemeral point, or the salt */
    int log_n;
    unsigned char body[BODY_SIZE];
};

struct header {
    struct stanza stanzas[STANZAS_MAX];
    size_t stanzas_len;
    size_t signed_len; /* up to and with "---" */
    size_t len;
    unsigned char mac[MAC_SIZE];
};

/* A run of characters not yet read. */
struct text {
    const char *at, *end;
};

static size_t left(const struct text *t)
{
    return (size_t)(t->end - t->at);
}

static int malformed(void)
{
    return err_set(ERR_INPUT, "the age header is malformed or cut off");
}

/* Takes what comes before the next `stop`, and the stop itself. */
static bool take_to(struct text *t, char stop, struct text *taken)
{
    const char *found = memchr(t->at, stop, left(t));
    if (!found) return false;
    *taken = (struct text){t->at, found};
    t->at = found + 1;
    return true;
}

static bool take_prefix(struct text *t, const char *prefix)
{
    size_t len = strlen(prefix);
    if (left(t) < len || memcmp(t->at, prefix, len) != 0) return false;
    t->at += len;
    return true;
}

/* The next argument of a stanza's line: one character or more, none of them a blank or a control. */
static bool take_argument(struct text *line, struct text *argument)
{
    if (!take_to(line, ' ', argument)) {
        *argument = *line;
        line->at = line->end;
    } else if (left(line) == 0) {
        return false; /* a blank at the end */
    }
    for (const char *p = argument->at; p < argument->end; p++)
        if (*p < 33 || *p > 126) return false;
    return left(argument) > 0;
}

static bool is_text(const struct text *t, const char *s)
{
    return left(t) == strlen(s) && memcmp(t->at, s, left(t)) == 0;
}

/* base64 of exactly `size` bytes, KEY_SIZE at most. */
static bool decode(unsigned char *out, const struct text *t, size_t size)
{
    unsigned char bytes[KEY_SIZE + 3];
    if (left(t) > KEY_BASE64_SIZE || base64_read(bytes, t->at, left(t), false) != (long)size) return false;
    memcpy(out, bytes, size);
    return true;
}

static int work_factor_read(int *log_n, const struct text *t)
{
    int value = 0;
    if (*t->at == '0') return malformed();
    for (const char *p = t->at; p < t->end; p++) {
        if (*p < '0' || *p > '9') return malformed();
        if (value <= AGE_SCRYPT_MAX_LOG_N) value = value * 10 + (*p - '0');
    }
    if (value > AGE_SCRYPT_MAX_LOG_N)
        return err_set(ERR_INPUT,
            "the age header asks for a scrypt work factor above %d: encrypt with a lower one",
            AGE_SCRYPT_MAX_LOG_N);
    *log_n = value;
    return 0;
}

static int arguments_read(struct stanza *s, struct text line)
{
    struct text type, argument;
    if (!take_argument(&line, &type)) return malformed();
    s->kind = is_text(&type, "X25519")   ? STANZA_X25519
              : is_text(&type, "scrypt") ? STANZA_SCRYPT
                                         : STANZA_UNKNOWN;
    if (s->kind != STANZA_UNKNOWN) {
        size_t size = s->kind == STANZA_X25519 ? KEY_SIZE : SCRYPT_SALT_SIZE;
        if (!take_argument(&line, &argument) || !decode(s->argument, &argument, size)) return malformed();
    }
    if (s->kind == STANZA_SCRYPT) {
        if (!take_argument(&line, &argument)) return malformed();
        int rc = work_factor_read(&s->log_n, &argument);
        if (rc) return rc;
    }
    while (s->kind == STANZA_UNKNOWN && left(&line) > 0)
        if (!take_argument(&line, &argument)) return malformed();
    return left(&line) == 0 ? 0 : malformed();
}

static bool body_read(struct stanza *s, struct text *t)
{
    unsigned char bytes[COLUMNS];
    struct text line;
    bool one_line = true;
    for (;; one_line = false) {
        if (!take_to(t, '\n', &line) || left(&line) > COLUMNS) return false;
        long size = base64_read(bytes, line.at, left(&line), false);
        if (size < 0) return false;
        if (left(&line) == COLUMNS) continue;
        if (s->kind == STANZA_UNKNOWN) return true;
        if (!one_line || size != BODY_SIZE) return false;
        memcpy(s->body, bytes, BODY_SIZE);
        return true;
    }
}

static int stanza_read(struct header *h, struct text *t)
{
    struct text line;
    if (h->stanzas_len == STANZAS_MAX)
        return err_set(ERR_INPUT, "the age header has more than %d stanzas", STANZAS_MAX);
    struct stanza *s = &h->stanzas[h->stanzas_len++];
    if (!take_prefix(t, "-> ") || !take_to(t, '\n', &line)) return malformed();
    int rc = arguments_read(s, line);
    if (rc) return rc;
    return body_read(s, t) ? 0 : malformed();
}

static int scrypt_alone(const struct header *h)
{
    for (size_t i = 0; i < h->stanzas_len && h->stanzas_len > 1; i++)
        if (h->stanzas[i].kind == STANZA_SCRYPT)
            return err_set(ERR_INPUT, "the age header mixes a passphrase with other recipients");
    return h->stanzas_len > 0 ? 0 : malformed();
}

/* Reads the header at the start of len bytes, which may go on with the payload. */
static int header_read(struct header *h, const void *bytes, size_t len)
{
    const char *start = bytes;
    struct text t = {start, start + (len < HEADER_MAX ? len : HEADER_MAX)}, line;
    h->stanzas_len = 0;
    if (!take_prefix(&t, VERSION_LINE "\n")) return err_set(ERR_INPUT, "not an age file of version 1");
    while (!take_prefix(&t, "---")) {
        int rc = stanza_read(h, &t);
        if (rc) return rc;
    }
    h->signed_len = (size_t)(t.at - start);
    if (!take_prefix(&t, " ") || !take_to(&t, '\n', &line) || !decode(h->mac, &line, MAC_SIZE))
        return malformed();
    h->len = (size_t)(t.at - start);
    return scrypt_alone(h);
}

/* --- file keys ---------------------------------------------------------------------------------------- */

static const unsigned char zero_nonce[NONCE_SIZE];

static int x25519_wrap_key(unsigned char key[KEY_SIZE], const unsigned char scalar[KEY_SIZE],
    const unsigned char point[KEY_SIZE], const unsigned char share[KEY_SIZE],
    const unsigned char recipient[KEY_SIZE])
{
    unsigned char shared[KEY_SIZE], salt[2 * KEY_SIZE];
    int rc = x25519(shared, scalar, point);
    if (rc) return rc;
    memcpy(salt, share, KEY_SIZE);
    memcpy(salt + KEY_SIZE, recipient, KEY_SIZE);
    rc = hkdf_sha256(key, KEY_SIZE, shared, sizeof shared, salt, sizeof salt, X25519_INFO);
    wipe(shared, sizeof shared);
    return rc;
}

static int scrypt_wrap_key(unsigned char key[KEY_SIZE], const char *passphrase,
    const unsigned char salt[SCRYPT_SALT_SIZE], int log_n)
{
    unsigned char labelled[sizeof SCRYPT_LABEL - 1 + SCRYPT_SALT_SIZE];
    memcpy(labelled, SCRYPT_LABEL, sizeof SCRYPT_LABEL - 1);
    memcpy(labelled + sizeof SCRYPT_LABEL - 1, salt, SCRYPT_SALT_SIZE);
    return scrypt(key, KEY_SIZE, passphrase, labelled, sizeof labelled, log_n);
}

/* ERR_NO: the body is sealed under another key. */
static int body_open(
    unsigned char file_key[FILE_KEY_SIZE], const struct stanza *s, const unsigned char key[KEY_SIZE])
{
    struct aead *a;
    int rc = aead_new(&a, key);
    if (rc) return rc;
    rc = aead_open(a, file_key, zero_nonce, NULL, 0, s->body, BODY_SIZE);
    aead_free(a);
    return rc == ERR_INPUT ? ERR_NO : rc;
}

static int body_seal(unsigned char body[BODY_SIZE], const unsigned char file_key[FILE_KEY_SIZE],
    const unsigned char key[KEY_SIZE])
{
    struct aead *a;
    int rc = aead_new(&a, key);
    if (rc) return rc;
    rc = aead_seal(a, body, zero_nonce, NULL, 0, file_key, FILE_KEY_SIZE);
    aead_free(a);
    return rc;
}

/* What a reader opens with: identities, or a passphrase. */
struct opener {
    const unsigned char (*identities)[KEY_SIZE];
    size_t identities_len;
    const char *passphrase;
};

static int x25519_open(
    unsigned char file_key[FILE_KEY_SIZE], const struct stanza *s, const unsigned char identity[KEY_SIZE])
{
    unsigned char recipient[KEY_SIZE], key[KEY_SIZE];
    int rc = x25519_public(recipient, identity);
    if (rc == 0) rc = x25519_wrap_key(key, identity, s->argument, s->argument, recipient);
    if (rc == ERR_INPUT) return malformed();
    if (rc == 0) rc = body_open(file_key, s, key);
    wipe(key, sizeof key);
    return rc;
}

static int scrypt_open(unsigned char file_key[FILE_KEY_SIZE], const struct stanza *s, const char *passphrase)
{
    unsigned char key[KEY_SIZE];
    int rc = scrypt_wrap_key(key, passphrase, s->argument, s->log_n);
    if (rc == 0) rc = body_open(file_key, s, key);
    wipe(key, sizeof key);
    return rc;
}

static int stanza_open(unsigned char file_key[FILE_KEY_SIZE], const struct stanza *s, const struct opener *by)
{
    int rc = ERR_NO;
    if (by->passphrase) return s->kind == STANZA_SCRYPT ? scrypt_open(file_key, s, by->passphrase) : ERR_NO;
    for (size_t i = 0; s->kind == STANZA_X25519 && i < by->identities_len && rc == ERR_NO; i++)
        rc = x25519_open(file_key, s, by->identities[i]);
    return rc;
}

static int header_mac(
    unsigned char mac[MAC_SIZE], const unsigned char file_key[FILE_KEY_SIZE], const void *bytes, size_t len)
{
    unsigned char key[KEY_SIZE];
    int rc = hkdf_sha256(key, sizeof key, file_key, FILE_KEY_SIZE, NULL, 0, "header");
    if (rc) return rc;
    hmac_sha256(mac, key, sizeof key, bytes, len);
    wipe(key, sizeof key);
    return 0;
}

/* The file key of a header, and that nobody changed the header. */
static int header_open(
    unsigned char file_key[FILE_KEY_SIZE], const struct header *h, const void *bytes, const struct opener *by)
{
    unsigned char mac[MAC_SIZE];
    int rc = ERR_NO;
    for (size_t i = 0; i < h->stanzas_len && rc == ERR_NO; i++)
        rc = stanza_open(file_key, &h->stanzas[i], by);
    if (rc == ERR_NO && by->passphrase)
        return err_set(ERR_INPUT, "the passphrase does not open the age file");
    if (rc == ERR_NO)
        return err_set(ERR_INPUT, "the age file is for another receiver: no key at hand opens it");
    if (rc == 0) rc = header_mac(mac, file_key, bytes, h->signed_len);
    if (rc) return rc;
    if (!same_bytes(mac, h->mac, MAC_SIZE))
        return err_set(ERR_INPUT, "the age header was changed: its HMAC does not match");
    return 0;
}

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

/* A stanza's second line is short: a sealed file key takes 43 characters. */
static void stanza_write(struct buf *out, const char *type, const void *argument, size_t argument_len,
    const char *more, const unsigned char body[BODY_SIZE])
{
    char first[KEY_BASE64_SIZE + 1], second[KEY_BASE64_SIZE + 1];
    base64_write(first, argument, argument_len, false);
    base64_write(second, body, BODY_SIZE, false);
    buf_addf(out, "-> %s %s%s\n%s\n", type, first, more, second);
}

static int x25519_stanza(
    struct buf *out, const unsigned char file_key[FILE_KEY_SIZE], const unsigned char recipient[KEY_SIZE])
{
    unsigned char ephemeral[KEY_SIZE], share[KEY_SIZE], key[KEY_SIZE], body[BODY_SIZE];
    int rc = random_bytes(ephemeral, sizeof ephemeral);
    if (rc == 0) rc = x25519_public(share, ephemeral);
    if (rc == 0) rc = x25519_wrap_key(key, ephemeral, recipient, share, recipient);
    if (rc == 0) rc = body_seal(body, file_key, key);
    if (rc == 0) stanza_write(out, "X25519", share, sizeof share, "", body);
    wipe(ephemeral, sizeof ephemeral);
    wipe(key, sizeof key);
    return rc;
}

static int scrypt_stanza(
    struct buf *out, const unsigned char file_key[FILE_KEY_SIZE], const char *passphrase, int log_n)
{
    unsigned char salt[SCRYPT_SALT_SIZE], key[KEY_SIZE], body[BODY_SIZE];
    char factor[16];
    int rc = random_bytes(salt, sizeof salt);
    if (rc == 0) rc = scrypt_wrap_key(key, passphrase, salt, log_n);
    if (rc == 0) rc = body_seal(body, file_key, key);
    snprintf(factor, sizeof factor, " %d", log_n);
    if (rc == 0) stanza_write(out, "scrypt", salt, sizeof salt, factor, body);
    wipe(key, sizeof key);
    return rc;
}

/* The last line of a header, and the payload's nonce. */
static int header_end(struct buf *out, const unsigned char file_key[FILE_KEY_SIZE],
    const unsigned char nonce[PAYLOAD_NONCE_SIZE])
{
    unsigned char mac[MAC_SIZE];
    char text[KEY_BASE64_SIZE + 1];
    buf_adds(out, "---");
    int rc = buf_error(out);
    if (rc == 0) rc = header_mac(mac, file_key, out->data, out->len);
    if (rc) return rc;
    base64_write(text, mac, sizeof mac, false);
    buf_addf(out, " %s\n", text);
    buf_add(out, nonce, PAYLOAD_NONCE_SIZE);
    return buf_error(out);
}

/* The sink over a header whose stanzas stand in `header`. */
static int sink_start(
    struct sink **out, struct sink *under, struct buf *header, const unsigned char file_key[FILE_KEY_SIZE])
{
    unsigned char nonce[PAYLOAD_NONCE_SIZE];
    int rc = random_bytes(nonce, sizeof nonce);
    if (rc == 0) rc = header_end(header, file_key, nonce);
    if (rc) return rc;

    struct age_sink *s = malloc(sizeof *s); /* not zeroed: 320 KiB for every small file would show */
    if (!s) return err_memory();
    s->base = (struct sink){write_plain, finish_plain, close_sink};
    s->under = under;
    s->stream = (struct stream){0};
    s->plain_len = s->ready_len = 0;
    rc = stream_init(&s->stream, file_key, nonce);
    if (rc == 0) rc = sink_write(under, header->data, header->len);
    if (rc) {
        age_sink_free(s);
        return rc;
    }
    *out = &s->base;
    return 0;
}

int age_sink(struct sink **out, struct sink *under, const unsigned char (*recipients)[KEY_SIZE], size_t n)
{
    unsigned char file_key[FILE_KEY_SIZE];
    struct buf header;
    if (n < 1 || n > STANZAS_MAX)
        return err_set(ERR_INPUT, "an age file has 1 to %d recipients", STANZAS_MAX);
    buf_init(&header, HEADER_MAX);
    buf_adds(&header, VERSION_LINE "\n");
    int rc = random_bytes(file_key, sizeof file_key);
    for (size_t i = 0; i < n && rc == 0; i++) rc = x25519_stanza(&header, file_key, recipients[i]);
    if (rc == 0) rc = sink_start(out, under, &header, file_key);
    wipe(file_key, sizeof file_key);
    buf_release(&header);
    return rc;
}

int age_passphrase_sink(struct sink **out, struct sink *under, const char *passphrase, int log_n)
{
    unsigned char file_key[FILE_KEY_SIZE];
    struct buf header;
    buf_init(&header, HEADER_MAX);
    buf_adds(&header, VERSION_LINE "\n");
    int rc = random_bytes(file_key, sizeof file_key);
    if (rc == 0) rc = scrypt_stanza(&header, file_key, passphrase, log_n);
    if (rc == 0) rc = sink_start(out, under, &header, file_key);
    wipe(file_key, sizeof file_key);
    buf_release(&header);
    return rc;
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
static int source_start(struct age_source *s, struct header *h, const struct opener *by)
{
    unsigned char file_key[FILE_KEY_SIZE];
    int rc = fill(s);
    if (rc == 0) rc = header_read(h, s->ahead, s->ahead_len);
    if (rc) return rc;
    rc = header_open(file_key, h, s->ahead, by);
    if (rc == 0 && s->ahead_len - h->len < PAYLOAD_NONCE_SIZE) rc = malformed();
    if (rc == 0) rc = stream_init(&s->stream, file_key, s->ahead + h->len);
    if (rc == 0) drop(s, h->len + PAYLOAD_NONCE_SIZE);
    wipe(file_key, sizeof file_key);
    return rc;
}

static int source_new(
    struct age_source **out, size_t *header_len, struct source *under, const struct opener *by)
{
    struct header *h = malloc(sizeof *h);
    struct age_source *s = malloc(sizeof *s); /* not zeroed, as above */
    int rc = h && s ? 0 : err_memory();
    if (rc) goto out;
    s->base = (struct source){read_plain, close_source};
    s->under = under;
    s->stream = (struct stream){0};
    s->ahead_len = s->plain_at = s->plain_len = s->skip = 0;
    s->last_seen = s->ended = false;
    rc = source_start(s, h, by);
    if (rc) goto out;
    *header_len = h->len;
    *out = s;
    s = NULL;
out:
    age_source_free(s);
    free(h);
    return rc;
}

int age_source(
    struct source **out, struct source *under, const unsigned char (*identities)[KEY_SIZE], size_t n)
{
    struct opener by = {.identities = identities, .identities_len = n};
    struct age_source *s;
    size_t header_len;
    int rc = source_new(&s, &header_len, under, &by);
    if (rc == 0) *out = &s->base;
    return rc;
}

int age_passphrase_source(struct source **out, struct source *under, const char *passphrase)
{
    struct opener by = {.passphrase = passphrase};
    struct age_source *s;
    size_t header_len;
    int rc = source_new(&s, &header_len, under, &by);
    if (rc == 0) *out = &s->base;
    return rc;
}

/* --- files -------------------------------------------------------------------------------------------- */

/* Chunks and plain bytes of a payload, its nonce included, from its size. */
static int payload_sizes(uint64_t *chunks, uint64_t *plain, uint64_t size)
{
    if (size < PAYLOAD_NONCE_SIZE + TAG_SIZE) return malformed();
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
    struct opener by = {.identities = (const unsigned char(*)[KEY_SIZE])identity, .identities_len = 1};
    struct age_source *s = NULL;
    struct file *f;
    size_t header_len;
    int rc = file_open(&f, path);
    if (rc) return rc;
    rc = source_new(&s, &header_len, file_as_source(f), &by);
    if (rc == 0 && offset > 0) rc = move_to(s, f, header_len, offset);
    if (rc) {
        age_source_free(s);
        file_close(f);
        return rc == ERR_INPUT ? err_within(rc, "'%s'", path) : rc;
    }
    *out = &s->base;
    return 0;
}

static int plain_size(uint64_t *out, struct file *f, struct header *h, unsigned char *bytes)
{
    uint64_t chunks;
    size_t got;
    int rc = source_read_full(file_as_source(f), bytes, HEADER_MAX, &got);
    if (rc == 0) rc = header_read(h, bytes, got);
    return rc ? rc : file_sizes(&chunks, out, f, h->len);
}

int age_plain_size(uint64_t *out, const char *path)
{
    struct header *h = malloc(sizeof *h);
    unsigned char *bytes = malloc(HEADER_MAX);
    struct file *f = NULL;
    int rc = h && bytes ? file_open(&f, path) : err_memory();
    if (rc == 0) {
        rc = plain_size(out, f, h, bytes);
        if (rc == ERR_INPUT) rc = err_within(rc, "'%s'", path);
    }
    file_close(f);
    free(bytes);
    free(h);
    return rc;
}
