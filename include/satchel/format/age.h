/* age-encryption.org/v1: X25519 and scrypt recipients, binary (no armor). Streams in 64 KiB chunks. */
#ifndef SATCHEL_FORMAT_AGE_H
#define SATCHEL_FORMAT_AGE_H

#include "satchel/base/crypto.h"
#include "satchel/base/io.h"

#define AGE_RECIPIENT_SIZE 63 /* "age1…" with the NUL */
#define AGE_IDENTITY_SIZE 75  /* "AGE-SECRET-KEY-1…" with the NUL */
#define AGE_SCRYPT_MAX_LOG_N 20

void age_recipient_write(char out[AGE_RECIPIENT_SIZE], const unsigned char point[KEY_SIZE]);
int age_recipient_read(unsigned char point[KEY_SIZE], const char *s) MUST_CHECK;
void age_identity_write(char out[AGE_IDENTITY_SIZE], const unsigned char scalar[KEY_SIZE]);
int age_identity_read(unsigned char scalar[KEY_SIZE], const char *s) MUST_CHECK;

/* Encrypts to X25519 recipients (n >= 1), or to one passphrase (log_n as in scrypt()). The sink owns `under`
 * only once this has returned 0. */
int age_sink(struct sink **out, struct sink *under, const unsigned char (*recipients)[KEY_SIZE], size_t n) MUST_CHECK;
int age_passphrase_sink(struct sink **out, struct sink *under, const char *passphrase, int log_n) MUST_CHECK;

/* Decrypts. Any identity of the n may fit; ERR_INPUT: not an age file, damaged, or none fits (then the
 * message says "for another receiver"). The source owns `under` once this has returned 0. Every byte handed out has
 * been authenticated; a missing or bad end is an error of the last read. */
int age_source(struct source **out, struct source *under, const unsigned char (*identities)[KEY_SIZE], size_t n)
    MUST_CHECK;
int age_passphrase_source(struct source **out, struct source *under, const char *passphrase) MUST_CHECK;

/* Decrypts a file from `offset` of its plain bytes on, without reading what is before. */
int age_file_source(struct source **out, const char *path, const unsigned char identity[KEY_SIZE], uint64_t offset)
    MUST_CHECK;
/* Plain size of the age file at path, from its sizes alone. */
int age_plain_size(uint64_t *out, const char *path) MUST_CHECK;

#endif
