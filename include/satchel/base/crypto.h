/* The only file that includes OpenSSL is crypto.c. Sizes in bytes. */
#ifndef SATCHEL_BASE_CRYPTO_H
#define SATCHEL_BASE_CRYPTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "satchel/base/err.h"

#define SHA256_SIZE 32
#define SHA256_HEX 65 /* with the NUL */
#define SHA1_SIZE 20
#define MD5_SIZE 16
#define KEY_SIZE 32  /* Ed25519 seed and public key, X25519 scalar and point, ChaCha20 key */
#define SIGNATURE_SIZE 64
#define NONCE_SIZE 12
#define TAG_SIZE 16
#define SCRYPT_MAX_LOG_N 20

/* A hash that runs: SHA-256, or SHA-1 for git's object names only. */
struct digest;
int digest_sha256(struct digest **out) MUST_CHECK;
int digest_sha1(struct digest **out) MUST_CHECK;
int digest_md5(struct digest **out) MUST_CHECK; /* for the ETags of S3 only: it proves nothing */
void digest_add(struct digest *d, const void *bytes, size_t len);
void digest_end(struct digest *d, unsigned char *out); /* and starts anew */
void digest_free(struct digest *d);

/* These cannot fail but for a want of memory at a thread's first call; a hash must never lie, so then they abort. */
void sha256(unsigned char out[SHA256_SIZE], const void *bytes, size_t len);
void sha512(unsigned char out[64], const void *bytes, size_t len);
void hmac_sha256(unsigned char out[SHA256_SIZE], const void *key, size_t key_len, const void *bytes, size_t len);
int hkdf_sha256(unsigned char *out, size_t out_len, const void *key, size_t key_len, const void *salt,
    size_t salt_len, const char *info) MUST_CHECK;
/* scrypt, N = 2^log_n, r = 8, p = 1. Takes 2^(log_n+10) bytes of memory; log_n 1 … SCRYPT_MAX_LOG_N,
 * else ERR_INPUT. */
int scrypt(unsigned char *out, size_t out_len, const char *passphrase, const void *salt, size_t salt_len,
    int log_n) MUST_CHECK;

int random_bytes(void *out, size_t len) MUST_CHECK;
void wipe(void *secret, size_t len);
bool same_bytes(const void *a, const void *b, size_t len); /* in constant time */

int ed25519_public(unsigned char pub[KEY_SIZE], const unsigned char seed[KEY_SIZE]) MUST_CHECK;
int ed25519_sign(unsigned char sig[SIGNATURE_SIZE], const unsigned char seed[KEY_SIZE], const void *bytes, size_t len)
    MUST_CHECK;
bool ed25519_verify(const unsigned char sig[SIGNATURE_SIZE], const unsigned char pub[KEY_SIZE], const void *bytes,
    size_t len);
int x25519_public(unsigned char pub[KEY_SIZE], const unsigned char scalar[KEY_SIZE]) MUST_CHECK;
/* ERR_INPUT where the result is all zero (a point of low order). */
int x25519(unsigned char shared[KEY_SIZE], const unsigned char scalar[KEY_SIZE], const unsigned char point[KEY_SIZE])
    MUST_CHECK;

/* ChaCha20-Poly1305 (RFC 8439). out has len + TAG_SIZE (seal) or len - TAG_SIZE (open) bytes; in place is fine.
 * A struct aead keeps the key schedule across calls; it is not for two threads at once. */
struct aead;
int aead_new(struct aead **out, const unsigned char key[KEY_SIZE]) MUST_CHECK;
void aead_free(struct aead *a);
int aead_seal(struct aead *a, unsigned char *out, const unsigned char nonce[NONCE_SIZE], const void *aad, size_t aad_len,
    const void *plain, size_t len) MUST_CHECK;
/* ERR_INPUT when the tag does not match; out is then unspecified. */
int aead_open(struct aead *a, unsigned char *out, const unsigned char nonce[NONCE_SIZE], const void *aad,
    size_t aad_len, const void *sealed, size_t len) MUST_CHECK;

/* A certificate of its own key (ECDSA over P-256, which every browser takes) for a server at these IP addresses, good for
 * so many days from yesterday on: as PEM, with the SHA-256 of the certificate, as browsers show it. `key` is for buf_wipe. */
struct buf;
int certificate_make(struct buf *certificate, struct buf *key, unsigned char fingerprint[SHA256_SIZE],
    const char *const *addresses, size_t len, int days) MUST_CHECK;

/* Text forms of bytes. */
void hex_write(char *out, const void *bytes, size_t len);         /* lower case; 2 len + 1 bytes */
bool hex_read(unsigned char *out, const char *hex, size_t len);   /* exactly 2 len lower-case digits, then anything */
bool is_sha256_hex(const char *s);                                /* 64 lower-case hex digits, then NUL */
size_t base64_write(char *out, const void *bytes, size_t len, bool pad); /* out: 4*((len+2)/3)+1; returns length */
/* Canonical only (no blanks, no stray bits; padding as asked). out needs 3*(len/4)+3. -1 when malformed. */
long base64_read(unsigned char *out, const char *s, size_t len, bool pad);
void base32_write(char *out, const void *bytes, size_t len);      /* RFC 4648, lower case, no padding */

#endif
