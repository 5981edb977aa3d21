/* Hashes, signatures and ciphers: the only file that includes OpenSSL (libcrypto's EVP).
 *
 * Looking an algorithm up costs more than hashing a small entry, so each is fetched once for the process and
 * each thread keeps the contexts of its one-shot calls. OpenSSL's own run-once and thread-local storage are
 * used because C17's <threads.h> is not everywhere. */
#include "satchel/base/crypto.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include "satchel/base/buf.h"

static struct {
    EVP_MD *sha256, *sha512, *sha1, *md5;
    EVP_CIPHER *chacha20_poly1305;
    EVP_MAC *hmac;
    EVP_KDF *hkdf;
    CRYPTO_THREAD_LOCAL scratch;
    bool ready;
} algorithms;

/* The contexts one thread uses for its one-shot calls. */
struct scratch {
    EVP_MD_CTX *sha256, *sha512;
    EVP_MAC_CTX *hmac;
};

static void scratch_free(void *p)
{
    struct scratch *s = p;
    if (!s) return;
    EVP_MD_CTX_free(s->sha256);
    EVP_MD_CTX_free(s->sha512);
    EVP_MAC_CTX_free(s->hmac);
    free(s);
}

static void algorithms_fetch(void)
{
    algorithms.sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    algorithms.sha512 = EVP_MD_fetch(NULL, "SHA512", NULL);
    algorithms.sha1 = EVP_MD_fetch(NULL, "SHA1", NULL);
    algorithms.md5 = EVP_MD_fetch(NULL, "MD5", NULL); /* may be missing */
    algorithms.chacha20_poly1305 = EVP_CIPHER_fetch(NULL, "ChaCha20-Poly1305", NULL);
    algorithms.hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    algorithms.hkdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
    algorithms.ready = algorithms.sha256 && algorithms.sha512 && algorithms.sha1 &&
                       algorithms.chacha20_poly1305 && algorithms.hmac && algorithms.hkdf &&
                       CRYPTO_THREAD_init_local(&algorithms.scratch, scratch_free);
}

static bool algorithms_ready(void)
{
    static CRYPTO_ONCE once = CRYPTO_ONCE_STATIC_INIT;
    return CRYPTO_THREAD_run_once(&once, algorithms_fetch) && algorithms.ready;
}

/* OpenSSL's queue of errors belongs to the thread: what is left in it confuses libcurl and libgit2. */
static int failed(int code)
{
    ERR_clear_error();
    return code == ERR_ROAD ? err_set(ERR_ROAD, "the cryptographic library failed or memory ran out") : code;
}

static EVP_MAC_CTX *hmac_context(void)
{
    char name[] = "SHA256";
    OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, name, 0), OSSL_PARAM_END};
    EVP_MAC_CTX *c = EVP_MAC_CTX_new(algorithms.hmac);
    if (c && EVP_MAC_CTX_set_params(c, params)) return c;
    EVP_MAC_CTX_free(c);
    return NULL;
}

static struct scratch *scratch_new(void)
{
    struct scratch *s = calloc(1, sizeof *s);
    if (s && (s->sha256 = EVP_MD_CTX_new()) && (s->sha512 = EVP_MD_CTX_new()) && (s->hmac = hmac_context()) &&
        CRYPTO_THREAD_set_local(&algorithms.scratch, s))
        return s;
    scratch_free(s);
    return NULL;
}

/* A hash that could not be computed must never look like one, so this gives up instead of returning. */
static void must(bool computed)
{
    if (!computed) abort();
}

static struct scratch *scratch(void)
{
    must(algorithms_ready());
    struct scratch *s = CRYPTO_THREAD_get_local(&algorithms.scratch);
    if (!s) s = scratch_new();
    must(s != NULL);
    return s;
}

/* --- hashes ------------------------------------------------------------------------------------------- */

struct digest {
    EVP_MD_CTX *ctx;
    const EVP_MD *md;
};

static int digest_new(struct digest **out, EVP_MD *const *md)
{
    struct digest *d = NULL;
    if (!algorithms_ready() || !*md || !(d = calloc(1, sizeof *d)) || !(d->ctx = EVP_MD_CTX_new()) ||
        !EVP_DigestInit_ex2(d->ctx, *md, NULL)) {
        digest_free(d);
        return failed(ERR_ROAD);
    }
    d->md = *md;
    *out = d;
    return 0;
}

int digest_sha256(struct digest **out)
{
    return digest_new(out, &algorithms.sha256);
}

int digest_sha1(struct digest **out)
{
    return digest_new(out, &algorithms.sha1);
}

int digest_md5(struct digest **out)
{
    return digest_new(out, &algorithms.md5);
}

void digest_add(struct digest *d, const void *bytes, size_t len)
{
    must(EVP_DigestUpdate(d->ctx, bytes, len));
}

void digest_end(struct digest *d, unsigned char *out)
{
    must(EVP_DigestFinal_ex(d->ctx, out, NULL) && EVP_DigestInit_ex2(d->ctx, d->md, NULL));
}

void digest_free(struct digest *d)
{
    if (!d) return;
    EVP_MD_CTX_free(d->ctx);
    free(d);
}

static void hash_once(unsigned char *out, EVP_MD_CTX *ctx, const EVP_MD *md, const void *bytes, size_t len)
{
    must(EVP_DigestInit_ex2(ctx, md, NULL) && EVP_DigestUpdate(ctx, bytes, len) &&
         EVP_DigestFinal_ex(ctx, out, NULL));
}

void sha256(unsigned char out[SHA256_SIZE], const void *bytes, size_t len)
{
    struct scratch *s = scratch(); /* before algorithms is looked at: it fills them */
    hash_once(out, s->sha256, algorithms.sha256, bytes, len);
}

void sha512(unsigned char out[64], const void *bytes, size_t len)
{
    struct scratch *s = scratch(); /* before algorithms is looked at: it fills them */
    hash_once(out, s->sha512, algorithms.sha512, bytes, len);
}

void hmac_sha256(
    unsigned char out[SHA256_SIZE], const void *key, size_t key_len, const void *bytes, size_t len)
{
    EVP_MAC_CTX *ctx = scratch()->hmac;
    size_t written;
    must(EVP_MAC_init(ctx, key_len ? key : "", key_len, NULL) && EVP_MAC_update(ctx, bytes, len) &&
         EVP_MAC_final(ctx, out, &written, SHA256_SIZE));
}

static OSSL_PARAM octets(const char *name, const void *bytes, size_t len)
{
    return OSSL_PARAM_construct_octet_string(name, (void *)(uintptr_t)(len ? bytes : ""), len);
}

int hkdf_sha256(unsigned char *out, size_t out_len, const void *key, size_t key_len, const void *salt,
    size_t salt_len, const char *info)
{
    char name[] = "SHA256";
    const OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, name, 0),
        octets(OSSL_KDF_PARAM_KEY, key, key_len),
        octets(OSSL_KDF_PARAM_SALT, salt, salt_len),
        octets(OSSL_KDF_PARAM_INFO, info, strlen(info)),
        OSSL_PARAM_END,
    };
    EVP_KDF_CTX *ctx = algorithms_ready() ? EVP_KDF_CTX_new(algorithms.hkdf) : NULL;
    bool derived = ctx && EVP_KDF_derive(ctx, out, out_len, params) == 1;
    EVP_KDF_CTX_free(ctx);
    return derived ? 0 : failed(ERR_ROAD);
}

int scrypt(
    unsigned char *out, size_t out_len, const char *passphrase, const void *salt, size_t salt_len, int log_n)
{
    if (log_n < 1 || log_n > SCRYPT_MAX_LOG_N)
        return err_set(ERR_INPUT, "scrypt work factor %d is not between 1 and %d", log_n, SCRYPT_MAX_LOG_N);
    uint64_t n = UINT64_C(1) << log_n, memory = (n + 64) * 1024;
    if (EVP_PBE_scrypt(passphrase, strlen(passphrase), salt, salt_len, n, 8, 1, memory, out, out_len) != 1)
        return failed(ERR_ROAD);
    return 0;
}

/* --- random bytes and secrets ------------------------------------------------------------------------- */

int random_bytes(void *out, size_t len)
{
    if (len > INT_MAX || RAND_bytes(out, (int)len) != 1) return failed(ERR_ROAD);
    return 0;
}

void wipe(void *secret, size_t len)
{
    OPENSSL_cleanse(secret, len);
}

bool same_bytes(const void *a, const void *b, size_t len)
{
    return CRYPTO_memcmp(a, b, len) == 0;
}

/* --- Ed25519 and X25519 ------------------------------------------------------------------------------- */

static int public_of(unsigned char pub[KEY_SIZE], int type, const unsigned char secret[KEY_SIZE])
{
    EVP_PKEY *key = EVP_PKEY_new_raw_private_key(type, NULL, secret, KEY_SIZE);
    size_t len = KEY_SIZE;
    bool done = key && EVP_PKEY_get_raw_public_key(key, pub, &len) == 1;
    EVP_PKEY_free(key);
    return done ? 0 : failed(ERR_ROAD);
}

int ed25519_public(unsigned char pub[KEY_SIZE], const unsigned char seed[KEY_SIZE])
{
    return public_of(pub, EVP_PKEY_ED25519, seed);
}

int ed25519_sign(
    unsigned char sig[SIGNATURE_SIZE], const unsigned char seed[KEY_SIZE], const void *bytes, size_t len)
{
    EVP_PKEY *key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, KEY_SIZE);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    size_t sig_len = SIGNATURE_SIZE;
    bool done = key && ctx && EVP_DigestSignInit(ctx, NULL, NULL, NULL, key) == 1 &&
                EVP_DigestSign(ctx, sig, &sig_len, bytes, len) == 1;
    EVP_MD_CTX_free(ctx);
    EVP_PKEY_free(key);
    return done ? 0 : failed(ERR_ROAD);
}

bool ed25519_verify(
    const unsigned char sig[SIGNATURE_SIZE], const unsigned char pub[KEY_SIZE], const void *bytes, size_t len)
{
    EVP_PKEY *key = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, pub, KEY_SIZE);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool good = key && ctx && EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, key) == 1 &&
                EVP_DigestVerify(ctx, sig, SIGNATURE_SIZE, bytes, len) == 1;
    EVP_MD_CTX_free(ctx);
    EVP_PKEY_free(key);
    if (!good) ERR_clear_error();
    return good;
}

int x25519_public(unsigned char pub[KEY_SIZE], const unsigned char scalar[KEY_SIZE])
{
    return public_of(pub, EVP_PKEY_X25519, scalar);
}

int x25519(
    unsigned char shared[KEY_SIZE], const unsigned char scalar[KEY_SIZE], const unsigned char point[KEY_SIZE])
{
    EVP_PKEY *ours = EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, NULL, scalar, KEY_SIZE);
    EVP_PKEY *theirs = EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, NULL, point, KEY_SIZE);
    EVP_PKEY_CTX *ctx = ours ? EVP_PKEY_CTX_new(ours, NULL) : NULL;
    size_t len = KEY_SIZE;
    int rc = 0;
    if (!theirs || !ctx || EVP_PKEY_derive_init(ctx) != 1 || EVP_PKEY_derive_set_peer_ex(ctx, theirs, 0) != 1)
        rc = failed(ERR_ROAD);
    else if (EVP_PKEY_derive(ctx, shared, &len) != 1)
        rc = failed(err_set(ERR_INPUT, "the X25519 key of the other side is a point of low order"));
    EVP_PKEY_CTX_free(ctx);
    EVP_PKEY_free(theirs);
    EVP_PKEY_free(ours);
    return rc;
}

/* --- ChaCha20-Poly1305 -------------------------------------------------------------------------------- */

struct aead {
    EVP_CIPHER_CTX *ctx;
};

int aead_new(struct aead **out, const unsigned char key[KEY_SIZE])
{
    struct aead *a = NULL;
    if (!algorithms_ready() || !(a = calloc(1, sizeof *a)) || !(a->ctx = EVP_CIPHER_CTX_new()) ||
        EVP_CipherInit_ex2(a->ctx, algorithms.chacha20_poly1305, key, NULL, 1, NULL) != 1) {
        aead_free(a);
        return failed(ERR_ROAD);
    }
    *out = a;
    return 0;
}

void aead_free(struct aead *a)
{
    if (!a) return;
    EVP_CIPHER_CTX_free(a->ctx); /* it wipes the key */
    free(a);
}

/* Everything but the tag. */
static bool aead_run(struct aead *a, bool seal, unsigned char *out, const unsigned char nonce[NONCE_SIZE],
    const void *aad, size_t aad_len, const void *in, size_t len)
{
    int n;
    return len <= INT_MAX && aad_len <= INT_MAX &&
           EVP_CipherInit_ex2(a->ctx, NULL, NULL, nonce, seal ? 1 : 0, NULL) == 1 &&
           (aad_len == 0 || EVP_CipherUpdate(a->ctx, NULL, &n, aad, (int)aad_len) == 1) &&
           (len == 0 || EVP_CipherUpdate(a->ctx, out, &n, in, (int)len) == 1);
}

int aead_seal(struct aead *a, unsigned char *out, const unsigned char nonce[NONCE_SIZE], const void *aad,
    size_t aad_len, const void *plain, size_t len)
{
    int n;
    if (!aead_run(a, true, out, nonce, aad, aad_len, plain, len) ||
        EVP_CipherFinal_ex(a->ctx, out + len, &n) != 1 ||
        EVP_CIPHER_CTX_ctrl(a->ctx, EVP_CTRL_AEAD_GET_TAG, TAG_SIZE, out + len) != 1)
        return failed(ERR_ROAD);
    return 0;
}

int aead_open(struct aead *a, unsigned char *out, const unsigned char nonce[NONCE_SIZE], const void *aad,
    size_t aad_len, const void *sealed, size_t len)
{
    unsigned char tag[TAG_SIZE], nothing[1];
    int n;
    if (len < TAG_SIZE) return err_set(ERR_INPUT, "sealed bytes are too short");
    size_t plain_len = len - TAG_SIZE;
    memcpy(tag, (const unsigned char *)sealed + plain_len, TAG_SIZE);
    if (!aead_run(a, false, out, nonce, aad, aad_len, sealed, plain_len)) return failed(ERR_ROAD);
    if (EVP_CIPHER_CTX_ctrl(a->ctx, EVP_CTRL_AEAD_SET_TAG, TAG_SIZE, tag) != 1) return failed(ERR_ROAD);
    if (EVP_CipherFinal_ex(a->ctx, nothing, &n) != 1)
        return failed(err_set(ERR_INPUT, "sealed bytes are damaged or under another key"));
    return 0;
}

/* --- text forms of bytes ------------------------------------------------------------------------------ */

/* ---- certificates ---- */

#define DAY_SECONDS 86400L

static int add_extension(X509 *x, int nid, const char *value)
{
    X509V3_CTX ctx;
    X509V3_set_ctx_nodb(&ctx);
    X509V3_set_ctx(&ctx, x, x, NULL, NULL, 0);
    X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
    int done = e && X509_add_ext(x, e, -1);
    X509_EXTENSION_free(e);
    return done ? 0 : ERR_ROAD;
}

static int add_addresses(X509 *x, const char *const *addresses, size_t len)
{
    struct buf list;
    buf_init(&list, 4096);
    for (size_t i = 0; i < len; i++) buf_addf(&list, "%sIP:%s", i ? "," : "", addresses[i]);
    int rc = buf_error(&list);
    if (!rc && len) rc = add_extension(x, NID_subject_alt_name, buf_str(&list));
    buf_release(&list);
    return rc;
}

static int fill_certificate(X509 *x, EVP_PKEY *key, const char *const *addresses, size_t len, int days)
{
    static const unsigned char name[] = "satchel";
    unsigned char serial[8];
    X509_NAME *subject = X509_get_subject_name(x);
    if (random_bytes(serial, sizeof serial)) return ERR_ROAD;
    serial[0] = (serial[0] & 0x7f) | 1;
    ASN1_INTEGER *number = X509_get_serialNumber(x);
    bool done = X509_set_version(x, X509_VERSION_3) && ASN1_STRING_set(number, serial, sizeof serial) &&
                X509_gmtime_adj(X509_getm_notBefore(x), -DAY_SECONDS) && X509_gmtime_adj(X509_getm_notAfter(x), days * DAY_SECONDS) &&
                X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, name, -1, -1, 0) && X509_set_issuer_name(x, subject) &&
                X509_set_pubkey(x, key);
    int rc = done ? add_extension(x, NID_basic_constraints, "critical,CA:FALSE") : ERR_ROAD;
    if (!rc) rc = add_extension(x, NID_ext_key_usage, "serverAuth");
    if (!rc) rc = add_addresses(x, addresses, len);
    return rc || X509_sign(x, key, EVP_sha256()) ? rc : ERR_ROAD;
}

static int take_pem(BIO *from, struct buf *out)
{
    char *bytes;
    long len = BIO_get_mem_data(from, &bytes);
    if (len <= 0) return ERR_ROAD;
    buf_add(out, bytes, (size_t)len);
    return buf_error(out);
}

static int write_pem(X509 *x, EVP_PKEY *key, struct buf *certificate, struct buf *secret)
{
    BIO *open = BIO_new(BIO_s_mem()), *sealed = BIO_new(BIO_s_secmem());
    bool done = open && sealed && PEM_write_bio_X509(open, x) && PEM_write_bio_PrivateKey(sealed, key, NULL, NULL, 0, NULL, NULL);
    int rc = done ? take_pem(open, certificate) : ERR_ROAD;
    if (!rc) rc = take_pem(sealed, secret);
    BIO_free(open);
    BIO_free(sealed);
    return rc;
}

int certificate_make(struct buf *certificate, struct buf *key, unsigned char fingerprint[SHA256_SIZE],
    const char *const *addresses, size_t len, int days)
{
    unsigned n = SHA256_SIZE;
    EVP_PKEY *pair = EVP_EC_gen("P-256");
    X509 *x = X509_new();
    int rc = pair && x ? fill_certificate(x, pair, addresses, len, days) : ERR_ROAD;
    if (!rc) rc = write_pem(x, pair, certificate, key);
    if (!rc && !X509_digest(x, EVP_sha256(), fingerprint, &n)) rc = ERR_ROAD;
    X509_free(x);
    EVP_PKEY_free(pair);
    return rc ? failed(rc) : 0;
}

void hex_write(char *out, const void *bytes, size_t len)
{
    static const char digits[] = "0123456789abcdef";
    const unsigned char *p = bytes;
    for (size_t i = 0; i < len; i++) {
        *out++ = digits[p[i] >> 4];
        *out++ = digits[p[i] & 15];
    }
    *out = '\0';
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return -1;
}

bool hex_read(unsigned char *out, const char *hex, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        int high = hex_digit(hex[2 * i]);
        int low = high < 0 ? -1 : hex_digit(hex[2 * i + 1]);
        if (low < 0) return false;
        out[i] = (unsigned char)(high << 4 | low);
    }
    return true;
}

bool is_sha256_hex(const char *s)
{
    unsigned char hash[SHA256_SIZE];
    return hex_read(hash, s, SHA256_SIZE) && s[2 * SHA256_SIZE] == '\0';
}

size_t base64_write(char *out, const void *bytes, size_t len, bool pad)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const unsigned char *p = bytes;
    char *o = out;
    for (; len > 0; p += 3) {
        size_t n = len < 3 ? len : 3;
        uint32_t group = (uint32_t)p[0] << 16 | (n > 1 ? (uint32_t)p[1] << 8 : 0) | (n > 2 ? p[2] : 0);
        for (size_t i = 0; i <= n; i++) *o++ = digits[group >> (18 - 6 * i) & 63];
        for (size_t i = n; pad && i < 3; i++) *o++ = '=';
        len -= n;
    }
    *o = '\0';
    return (size_t)(o - out);
}

static int base64_digit(char c)
{
    if (c >= 'A' && c <= 'Z') return c - 'A';
    if (c >= 'a' && c <= 'z') return c - 'a' + 26;
    if (c >= '0' && c <= '9') return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

long base64_read(unsigned char *out, const char *s, size_t len, bool pad)
{
    unsigned char *o = out;
    uint32_t bits = 0;
    int have = 0; /* bits not yet written; those above them in `bits` are spent */
    if (pad) {
        if (len % 4 != 0) return -1;
        for (int i = 0; i < 2 && len > 0 && s[len - 1] == '='; i++) len--;
    }
    if (len % 4 == 1) return -1;
    for (size_t i = 0; i < len; i++) {
        int digit = base64_digit(s[i]);
        if (digit < 0) return -1;
        bits = bits << 6 | (uint32_t)digit;
        have += 6;
        if (have < 8) continue;
        have -= 8;
        *o++ = (unsigned char)(bits >> have);
    }
    return bits & ((1u << have) - 1) ? -1 : (long)(o - out);
}

void base32_write(char *out, const void *bytes, size_t len)
{
    static const char digits[] = "abcdefghijklmnopqrstuvwxyz234567";
    const unsigned char *p = bytes;
    uint32_t bits = 0;
    int have = 0;
    for (size_t i = 0; i < len; i++) {
        bits = bits << 8 | p[i];
        for (have += 8; have >= 5; have -= 5) *out++ = digits[bits >> (have - 5) & 31];
    }
    if (have > 0) *out++ = digits[bits << (5 - have) & 31];
    *out = '\0';
}
