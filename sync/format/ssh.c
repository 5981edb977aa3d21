/* OpenSSH's Ed25519 keys and signatures.
 *
 * A uint32 is big-endian; a string is a uint32 length and that many bytes.
 *
 *   wire key       string "ssh-ed25519", string public key (32 bytes)
 *   key line       "ssh-ed25519 " base64(wire key) [" " comment]
 *   private key    "openssh-key-v1" NUL, string cipher "none", string kdf "none", string kdf options "",
 *                  uint32 number of keys 1, string wire key, string secrets
 *     secrets      uint32 check, uint32 the same check, string "ssh-ed25519", string public key,
 *                  string seed and public key (64 bytes), string comment, then 1, 2, 3 … up to a multiple of
 * 8 SSHSIG         "SSHSIG", uint32 version 1, string wire key, string namespace, string reserved "", string
 * "sha512", string (string "ssh-ed25519", string signature (64 bytes)) signed       "SSHSIG", string
 * namespace, string reserved "", string "sha512", string SHA-512 of the message armor          "-----BEGIN
 * X-----", the base64 with padding in lines of 70, "-----END X-----", each line ended by one LF; X is
 * "OPENSSH PRIVATE KEY" or "SSH SIGNATURE"
 *
 * See PROTOCOL.key and PROTOCOL.sshsig of openssh-portable. */
#include "satchel/format/ssh.h"

#include <stdlib.h>
#include <string.h>

#define KEY_TYPE "ssh-ed25519"
#define KEY_LINE_START KEY_TYPE " "
#define KEY_BASE64_SIZE 68             /* of SSH_WIRE_KEY_SIZE bytes, which need no padding */
#define PRIVATE_MAGIC "openssh-key-v1" /* its NUL counts */
#define PRIVATE_BLOCK 8
#define SIG_MAGIC "SSHSIG"
#define SIG_MAGIC_SIZE 6
#define SIG_VERSION 1
#define SIG_HASH "sha512"
#define SHA512_SIZE 64
#define ARMOR_COLUMNS 70
#define ARMOR_MAX_BYTES ((size_t)16384)
#define ARMOR_PRIVATE "OPENSSH PRIVATE KEY"
#define ARMOR_SIGNATURE "SSH SIGNATURE"

/* --- writing and reading uint32 and string ------------------------------------------------------------ */

static void put_u32(struct buf *b, size_t value)
{
    const unsigned char be[4] = {(unsigned char)(value >> 24), (unsigned char)(value >> 16),
        (unsigned char)(value >> 8), (unsigned char)value};
    buf_add(b, be, sizeof be);
}

static void put_string(struct buf *b, const void *bytes, size_t len)
{
    put_u32(b, len);
    buf_add(b, bytes, len);
}

static void put_text(struct buf *b, const char *s)
{
    put_string(b, s, strlen(s));
}

/* What is left to read. After the first reading that did not fit, `bad` stays and all else reads as empty. */
struct wire {
    const unsigned char *data;
    size_t len;
    bool bad;
};

static const unsigned char *get_bytes(struct wire *w, size_t len)
{
    if (w->bad || len > w->len) {
        w->bad = true;
        return NULL;
    }
    const unsigned char *start = w->data;
    w->data += len;
    w->len -= len;
    return start;
}

static uint32_t get_u32(struct wire *w)
{
    const unsigned char *p = get_bytes(w, 4);
    return p ? (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3] : 0;
}

static struct wire get_string(struct wire *w)
{
    size_t len = get_u32(w);
    const unsigned char *p = get_bytes(w, len);
    return (struct wire){.data = p, .len = p ? len : 0, .bad = w->bad};
}

static bool holds(const struct wire *w, const void *bytes, size_t len)
{
    return !w->bad && w->len == len && (len == 0 || memcmp(w->data, bytes, len) == 0);
}

static bool holds_text(const struct wire *w, const char *s)
{
    return holds(w, s, strlen(s));
}

/* The next string, which must be these very bytes. */
static bool skip_string(struct wire *w, const void *bytes, size_t len)
{
    struct wire s = get_string(w);
    return holds(&s, bytes, len);
}

static bool skip_text(struct wire *w, const char *s)
{
    return skip_string(w, s, strlen(s));
}

static bool skip_bytes(struct wire *w, const void *bytes, size_t len)
{
    const unsigned char *p = get_bytes(w, len);
    return p && memcmp(p, bytes, len) == 0;
}

/* The next string, which must have len bytes; NULL when it has not. */
static const unsigned char *get_sized(struct wire *w, size_t len)
{
    struct wire s = get_string(w);
    return !s.bad && s.len == len ? s.data : NULL;
}

static bool at_end(const struct wire *w)
{
    return !w->bad && w->len == 0;
}

/* --- armor -------------------------------------------------------------------------------------------- */

static void armor_write(struct buf *out, const char *label, const struct buf *blob)
{
    size_t len = (blob->len + 2) / 3 * 4;
    char *text = malloc(len + 1);
    if (!text || buf_error(blob)) {
        out->error = out->error ? out->error : text ? blob->error : err_memory();
        free(text);
        return;
    }
    base64_write(text, blob->data, blob->len, true);
    buf_addf(out, "-----BEGIN %s-----\n", label);
    for (size_t at = 0; at < len; at += ARMOR_COLUMNS) {
        buf_add(out, text + at, len - at < ARMOR_COLUMNS ? len - at : ARMOR_COLUMNS);
        buf_addc(out, '\n');
    }
    buf_addf(out, "-----END %s-----\n", label);
    wipe(text, len);
    free(text);
}

/* The lines between the first and the last, without their ends. The caller compares the whole with what
 * armor_write makes of it, so nothing needs to be judged here. */
static void armor_body(struct buf *base64, const char *text, size_t len)
{
    const char *end = text + len, *line = memchr(text, '\n', len);
    while (line && ++line < end && *line != '-') {
        const char *stop = memchr(line, '\n', (size_t)(end - line));
        if (!stop) return;
        buf_add(base64, line, (size_t)(stop - line));
        line = stop;
    }
}

/* The bytes in an armor, which must be written as armor_write would. */
static int armor_read(struct buf *blob, const char *label, const char *text, size_t len)
{
    struct buf base64, again;
    int rc = 0;
    buf_init(&base64, ARMOR_MAX_BYTES);
    buf_init(&again, ARMOR_MAX_BYTES * 2);

    long size = -1;
    if (len <= ARMOR_MAX_BYTES) {
        armor_body(&base64, text, len);
        unsigned char *space = buf_space(blob, base64.len);
        if ((rc = buf_error(&base64)) || (rc = buf_error(blob))) goto out;
        size = base64_read(space, buf_str(&base64), base64.len, true);
    }
    blob->len = size < 0 ? 0 : (size_t)size;
    armor_write(&again, label, blob);
    if ((rc = buf_error(&again))) goto out;
    if (size < 0 || again.len != len || memcmp(again.data, text, len) != 0)
        rc = err_set(ERR_INPUT, "not an armored '%s' as OpenSSH writes it", label);
out:
    buf_wipe(&base64);
    buf_wipe(&again);
    return rc;
}

/* --- keys --------------------------------------------------------------------------------------------- */

static const unsigned char wire_start[SSH_WIRE_KEY_SIZE - KEY_SIZE] = "\0\0\0\013" KEY_TYPE "\0\0\0\040";

void ssh_key_wire(unsigned char out[SSH_WIRE_KEY_SIZE], const unsigned char public_key[KEY_SIZE])
{
    memcpy(out, wire_start, sizeof wire_start);
    memcpy(out + sizeof wire_start, public_key, KEY_SIZE);
}

static bool key_unwire(unsigned char public_key[KEY_SIZE], const unsigned char *wire, size_t len)
{
    if (len != SSH_WIRE_KEY_SIZE || memcmp(wire, wire_start, sizeof wire_start) != 0) return false;
    memcpy(public_key, wire + sizeof wire_start, KEY_SIZE);
    return true;
}

void ssh_key_line_write(struct buf *out, const unsigned char public_key[KEY_SIZE], const char *comment)
{
    unsigned char wire[SSH_WIRE_KEY_SIZE];
    char text[KEY_BASE64_SIZE + 1];
    ssh_key_wire(wire, public_key);
    base64_write(text, wire, sizeof wire, true);
    buf_addf(out, comment && *comment ? KEY_LINE_START "%s %s" : KEY_LINE_START "%s", text, comment);
}

int ssh_key_line_read(unsigned char public_key[KEY_SIZE], const char *line)
{
    unsigned char wire[KEY_BASE64_SIZE / 4 * 3 + 3];
    size_t start = strlen(KEY_LINE_START), len = strcspn(line, "\r\n");
    if (line[len] == '\0' && strncmp(line, KEY_LINE_START, start) == 0 && len >= start + KEY_BASE64_SIZE) {
        const char *base64 = line + start, *rest = base64 + KEY_BASE64_SIZE;
        long size = base64_read(wire, base64, KEY_BASE64_SIZE, true);
        if (size > 0 && (*rest == '\0' || *rest == ' ') && key_unwire(public_key, wire, (size_t)size))
            return 0;
    }
    return err_set(ERR_INPUT, "not one line with an OpenSSH Ed25519 public key: '%.80s'", line);
}

void ssh_fingerprint(char out[52], const unsigned char public_key[KEY_SIZE])
{
    static const char start[] = "SHA256:";
    unsigned char wire[SSH_WIRE_KEY_SIZE], hash[SHA256_SIZE];
    ssh_key_wire(wire, public_key);
    sha256(hash, wire, sizeof wire);
    memcpy(out, start, sizeof start);
    base64_write(out + strlen(start), hash, sizeof hash, false);
}

static void secrets_write(
    struct buf *b, const unsigned char seed[KEY_SIZE], const unsigned char pub[KEY_SIZE], const char *comment)
{
    /* The check tells a wrong passphrase; here there is none, so any four bytes do. */
    buf_add(b, pub, 4);
    buf_add(b, pub, 4);
    put_text(b, KEY_TYPE);
    put_string(b, pub, KEY_SIZE);
    put_u32(b, 2 * KEY_SIZE);
    buf_add(b, seed, KEY_SIZE);
    buf_add(b, pub, KEY_SIZE);
    put_text(b, comment);
    for (int pad = 1; !b->error && b->len % PRIVATE_BLOCK != 0; pad++) buf_addc(b, pad);
}

void ssh_private_key_write(struct buf *out, const unsigned char seed[KEY_SIZE], const char *comment)
{
    unsigned char pub[KEY_SIZE], wire[SSH_WIRE_KEY_SIZE];
    struct buf blob, secrets;
    int rc = ed25519_public(pub, seed);
    if (rc) {
        out->error = out->error ? out->error : rc;
        return;
    }
    buf_init(&blob, ARMOR_MAX_BYTES);
    buf_init(&secrets, ARMOR_MAX_BYTES);
    secrets_write(&secrets, seed, pub, comment ? comment : "");

    ssh_key_wire(wire, pub);
    buf_add(&blob, PRIVATE_MAGIC, sizeof PRIVATE_MAGIC);
    put_text(&blob, "none");
    put_text(&blob, "none");
    put_text(&blob, "");
    put_u32(&blob, 1);
    put_string(&blob, wire, sizeof wire);
    put_string(&blob, secrets.data, secrets.len);
    if (secrets.error) blob.error = secrets.error;
    armor_write(out, ARMOR_PRIVATE, &blob);
    buf_wipe(&secrets);
    buf_wipe(&blob);
}

static bool padding_good(const struct wire *w)
{
    if (w->bad || w->len >= PRIVATE_BLOCK) return false;
    for (size_t i = 0; i < w->len; i++)
        if (w->data[i] != i + 1) return false;
    return true;
}

/* The seed in the section of secrets, NULL unless all else in it agrees with the public key. */
static const unsigned char *secrets_read(struct wire w, const unsigned char pub[KEY_SIZE])
{
    if (w.len % PRIVATE_BLOCK != 0 || get_u32(&w) != get_u32(&w)) return NULL;
    if (!skip_text(&w, KEY_TYPE) || !skip_string(&w, pub, KEY_SIZE)) return NULL;
    const unsigned char *pair = get_sized(&w, 2 * KEY_SIZE);
    get_string(&w); /* the comment */
    if (!pair || memcmp(pair + KEY_SIZE, pub, KEY_SIZE) != 0 || !padding_good(&w)) return NULL;
    return pair;
}

static int private_blob_read(unsigned char seed[KEY_SIZE], struct wire w)
{
    unsigned char pub[KEY_SIZE], check[KEY_SIZE];
    const unsigned char *found = NULL;
    if (skip_bytes(&w, PRIVATE_MAGIC, sizeof PRIVATE_MAGIC)) {
        struct wire cipher = get_string(&w);
        if (!cipher.bad && !holds_text(&cipher, "none"))
            return err_set(
                ERR_INPUT, "the private key has a passphrase: take it off with 'ssh-keygen -p' first");
        bool plain = skip_text(&w, "none") && skip_text(&w, "") && get_u32(&w) == 1;
        struct wire key = get_string(&w), secrets = get_string(&w);
        if (plain && at_end(&w) && !key.bad && key_unwire(pub, key.data, key.len))
            found = secrets_read(secrets, pub);
    }
    if (!found) return err_set(ERR_INPUT, "not an OpenSSH private key with one Ed25519 key");
    int rc = ed25519_public(check, found);
    if (rc) return rc;
    if (memcmp(check, pub, KEY_SIZE) != 0)
        return err_set(ERR_INPUT, "the private key does not belong to the public key beside it");
    memcpy(seed, found, KEY_SIZE);
    return 0;
}

int ssh_private_key_read(unsigned char seed[KEY_SIZE], const void *bytes, size_t len)
{
    struct buf blob;
    buf_init(&blob, ARMOR_MAX_BYTES);
    int rc = armor_read(&blob, ARMOR_PRIVATE, bytes, len);
    if (rc == 0) rc = private_blob_read(seed, (struct wire){.data = blob.data, .len = blob.len});
    buf_wipe(&blob);
    return rc;
}

/* --- signatures --------------------------------------------------------------------------------------- */

static int seed_sign(const struct signer *s, unsigned char sig[SIGNATURE_SIZE], const void *bytes, size_t len)
{
    return ed25519_sign(sig, s->seed, bytes, len);
}

int seed_signer(struct signer *out, const unsigned char seed[KEY_SIZE])
{
    struct signer s = {.sign = seed_sign};
    int rc = ed25519_public(s.public_key, seed);
    if (rc) return rc;
    memcpy(s.seed, seed, KEY_SIZE);
    *out = s;
    wipe(&s, sizeof s);
    return 0;
}

/* What Ed25519 signs for a message in a namespace. */
static void signed_bytes(struct buf *out, const char *ns, const void *bytes, size_t len)
{
    unsigned char hash[SHA512_SIZE];
    sha512(hash, bytes, len);
    buf_add(out, SIG_MAGIC, SIG_MAGIC_SIZE);
    put_text(out, ns);
    put_text(out, "");
    put_text(out, SIG_HASH);
    put_string(out, hash, sizeof hash);
}

int sshsig_sign(
    unsigned char sig[SIGNATURE_SIZE], const struct signer *by, const char *ns, const void *bytes, size_t len)
{
    struct buf message;
    buf_init(&message, ARMOR_MAX_BYTES);
    signed_bytes(&message, ns, bytes, len);
    int rc = buf_error(&message);
    if (rc == 0) rc = by->sign(by, sig, message.data, message.len);
    buf_release(&message);
    return rc;
}

bool sshsig_good(const unsigned char sig[SIGNATURE_SIZE], const unsigned char public_key[KEY_SIZE],
    const char *ns, const void *bytes, size_t len)
{
    struct buf message;
    buf_init(&message, ARMOR_MAX_BYTES);
    signed_bytes(&message, ns, bytes, len);
    bool good = buf_error(&message) == 0 && ed25519_verify(sig, public_key, message.data, message.len);
    buf_release(&message);
    return good;
}

void sshsig_blob(struct buf *out, const unsigned char sig[SIGNATURE_SIZE],
    const unsigned char public_key[KEY_SIZE], const char *ns)
{
    unsigned char wire[SSH_WIRE_KEY_SIZE];
    ssh_key_wire(wire, public_key);
    buf_add(out, SIG_MAGIC, SIG_MAGIC_SIZE);
    put_u32(out, SIG_VERSION);
    put_string(out, wire, sizeof wire);
    put_text(out, ns);
    put_text(out, "");
    put_text(out, SIG_HASH);
    put_u32(out, 4 + strlen(KEY_TYPE) + 4 + SIGNATURE_SIZE);
    put_text(out, KEY_TYPE);
    put_string(out, sig, SIGNATURE_SIZE);
}

void sshsig_armor(struct buf *out, const unsigned char sig[SIGNATURE_SIZE],
    const unsigned char public_key[KEY_SIZE], const char *ns)
{
    struct buf blob;
    buf_init(&blob, ARMOR_MAX_BYTES);
    sshsig_blob(&blob, sig, public_key, ns);
    armor_write(out, ARMOR_SIGNATURE, &blob);
    buf_release(&blob);
}

int sshsig_blob_read(unsigned char sig[SIGNATURE_SIZE], unsigned char public_key[KEY_SIZE], const char *ns,
    const void *blob, size_t len)
{
    struct wire w = {.data = blob, .len = len};
    unsigned char key[KEY_SIZE];
    if (!skip_bytes(&w, SIG_MAGIC, SIG_MAGIC_SIZE) || get_u32(&w) != SIG_VERSION)
        return err_set(ERR_INPUT, "not an SSH signature of version 1");
    struct wire wire_key = get_string(&w), space = get_string(&w), reserved = get_string(&w),
                hash = get_string(&w);
    struct wire signature = get_string(&w);
    if (!at_end(&w) || !holds_text(&reserved, ""))
        return err_set(ERR_INPUT, "the SSH signature is malformed");
    if (!key_unwire(key, wire_key.data, wire_key.len))
        return err_set(ERR_INPUT, "the SSH signature is not by an Ed25519 key");
    if (!holds_text(&space, ns))
        return err_set(ERR_INPUT, "the SSH signature is not for the namespace '%s'", ns);
    if (!holds_text(&hash, SIG_HASH)) return err_set(ERR_INPUT, "the SSH signature does not use SHA-512");
    bool right_type = skip_text(&signature, KEY_TYPE);
    const unsigned char *raw = get_sized(&signature, SIGNATURE_SIZE);
    if (!right_type || !raw || !at_end(&signature))
        return err_set(ERR_INPUT, "the SSH signature is malformed");
    memcpy(public_key, key, KEY_SIZE);
    memcpy(sig, raw, SIGNATURE_SIZE);
    return 0;
}

int sshsig_armor_read(unsigned char sig[SIGNATURE_SIZE], unsigned char public_key[KEY_SIZE], const char *ns,
    const char *text, size_t len)
{
    struct buf blob;
    buf_init(&blob, ARMOR_MAX_BYTES);
    int rc = armor_read(&blob, ARMOR_SIGNATURE, text, len);
    if (rc == 0) rc = sshsig_blob_read(sig, public_key, ns, blob.data, blob.len);
    buf_release(&blob);
    return rc;
}
