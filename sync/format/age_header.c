/* The header of an age file; its bytes are described in age.c. */
#include "age_header.h"

#include <stdio.h>
#include <string.h>

#define VERSION_LINE "age-encryption.org/v1"
#define X25519_INFO "age-encryption.org/v1/X25519"
#define SCRYPT_LABEL "age-encryption.org/v1/scrypt"
#define SCRYPT_SALT_SIZE 16
#define BODY_SIZE (FILE_KEY_SIZE + TAG_SIZE)
#define MAC_SIZE SHA256_SIZE
#define COLUMNS 64
#define KEY_BASE64_SIZE 43
#define STANZAS_MAX 128

/* --- reading ----------------------------------------------------------------------------------------- */

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

int age_header_malformed(void)
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
    if (*t->at == '0') return age_header_malformed();
    for (const char *p = t->at; p < t->end; p++) {
        if (*p < '0' || *p > '9') return age_header_malformed();
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
    if (!take_argument(&line, &type)) return age_header_malformed();
    s->kind = is_text(&type, "X25519")   ? STANZA_X25519
              : is_text(&type, "scrypt") ? STANZA_SCRYPT
                                         : STANZA_UNKNOWN;
    if (s->kind != STANZA_UNKNOWN) {
        size_t size = s->kind == STANZA_X25519 ? KEY_SIZE : SCRYPT_SALT_SIZE;
        if (!take_argument(&line, &argument) || !decode(s->argument, &argument, size))
            return age_header_malformed();
    }
    if (s->kind == STANZA_SCRYPT) {
        if (!take_argument(&line, &argument)) return age_header_malformed();
        int rc = work_factor_read(&s->log_n, &argument);
        if (rc) return rc;
    }
    while (s->kind == STANZA_UNKNOWN && left(&line) > 0)
        if (!take_argument(&line, &argument)) return age_header_malformed();
    return left(&line) == 0 ? 0 : age_header_malformed();
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
    if (!take_prefix(t, "-> ") || !take_to(t, '\n', &line)) return age_header_malformed();
    int rc = arguments_read(s, line);
    if (rc) return rc;
    return body_read(s, t) ? 0 : age_header_malformed();
}

static int scrypt_alone(const struct header *h)
{
    for (size_t i = 0; i < h->stanzas_len && h->stanzas_len > 1; i++)
        if (h->stanzas[i].kind == STANZA_SCRYPT)
            return err_set(ERR_INPUT, "the age header mixes a passphrase with other recipients");
    return h->stanzas_len > 0 ? 0 : age_header_malformed();
}

/* Reads the header at the start of len bytes, which may go on with the payload. */
static int header_read(struct header *h, const void *bytes, size_t len)
{
    const char *start = bytes;
    struct text t = {start, start + (len < AGE_HEADER_MAX ? len : AGE_HEADER_MAX)}, line;
    h->stanzas_len = 0;
    if (!take_prefix(&t, VERSION_LINE "\n")) return err_set(ERR_INPUT, "not an age file of version 1");
    while (!take_prefix(&t, "---")) {
        int rc = stanza_read(h, &t);
        if (rc) return rc;
    }
    h->signed_len = (size_t)(t.at - start);
    if (!take_prefix(&t, " ") || !take_to(&t, '\n', &line) || !decode(h->mac, &line, MAC_SIZE))
        return age_header_malformed();
    h->len = (size_t)(t.at - start);
    return scrypt_alone(h);
}

/* --- opening ------------------------------------------------------------------------------------------ */

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

static int x25519_open(
    unsigned char file_key[FILE_KEY_SIZE], const struct stanza *s, const unsigned char identity[KEY_SIZE])
{
    unsigned char recipient[KEY_SIZE], key[KEY_SIZE];
    int rc = x25519_public(recipient, identity);
    if (rc == 0) rc = x25519_wrap_key(key, identity, s->argument, s->argument, recipient);
    if (rc == ERR_INPUT) return age_header_malformed();
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

static int stanza_open(
    unsigned char file_key[FILE_KEY_SIZE], const struct stanza *s, const struct age_keys *by)
{
    int rc = ERR_NO;
    if (by->passphrase) return s->kind == STANZA_SCRYPT ? scrypt_open(file_key, s, by->passphrase) : ERR_NO;
    for (size_t i = 0; s->kind == STANZA_X25519 && i < by->keys_len && rc == ERR_NO; i++)
        rc = x25519_open(file_key, s, by->keys[i]);
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

/* The file key, and that nobody changed the header. */
static int file_key_open(unsigned char file_key[FILE_KEY_SIZE], const struct header *h, const void *bytes,
    const struct age_keys *by)
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

int age_header_open(unsigned char file_key[FILE_KEY_SIZE], size_t *header_len, const void *bytes, size_t len,
    const struct age_keys *by)
{
    struct header h;
    int rc = header_read(&h, bytes, len);
    if (rc == 0) rc = file_key_open(file_key, &h, bytes, by);
    if (rc == 0) *header_len = h.len;
    return rc;
}

int age_header_measure(size_t *header_len, const void *bytes, size_t len)
{
    struct header h;
    int rc = header_read(&h, bytes, len);
    if (rc == 0) *header_len = h.len;
    return rc;
}

/* --- writing ------------------------------------------------------------------------------------------ */

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

static int stanzas_write(
    struct buf *out, const unsigned char file_key[FILE_KEY_SIZE], const struct age_keys *to)
{
    if (to->passphrase) return scrypt_stanza(out, file_key, to->passphrase, to->log_n);
    if (to->keys_len < 1 || to->keys_len > STANZAS_MAX)
        return err_set(ERR_INPUT, "an age file has 1 to %d recipients", STANZAS_MAX);
    int rc = 0;
    for (size_t i = 0; i < to->keys_len && rc == 0; i++) rc = x25519_stanza(out, file_key, to->keys[i]);
    return rc;
}

int age_header_write(struct buf *out, unsigned char file_key[FILE_KEY_SIZE], const struct age_keys *to)
{
    unsigned char mac[MAC_SIZE];
    char text[KEY_BASE64_SIZE + 1];
    size_t start = out->len;
    int rc = random_bytes(file_key, FILE_KEY_SIZE);
    buf_adds(out, VERSION_LINE "\n");
    if (rc == 0) rc = stanzas_write(out, file_key, to);
    buf_adds(out, "---");
    if (rc == 0) rc = buf_error(out);
    if (rc == 0) rc = header_mac(mac, file_key, out->data + start, out->len - start);
    if (rc) return rc;
    base64_write(text, mac, sizeof mac, false);
    buf_addf(out, " %s\n", text);
    return buf_error(out);
}
