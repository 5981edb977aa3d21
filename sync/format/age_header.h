/* The header of an age file, within this room only: it wraps a file key for each recipient. */
#ifndef SATCHEL_AGE_HEADER_H
#define SATCHEL_AGE_HEADER_H

#include "satchel/base/buf.h"
#include "satchel/format/age.h"

#define FILE_KEY_SIZE 16
#define AGE_HEADER_MAX ((size_t)63 << 10)

/* Whom a file is for, or who opens it. Where there is a passphrase, there are no keys. */
struct age_keys {
    const unsigned char (*keys)[KEY_SIZE]; /* recipients to write, identities to read */
    size_t keys_len;
    const char *passphrase;
    int log_n; /* of a passphrase, to write */
};

/* Makes a new file key and appends the header that wraps it. */
int age_header_write(
    struct buf *out, unsigned char file_key[FILE_KEY_SIZE], const struct age_keys *to) MUST_CHECK;

/* Reads the header at the start of bytes, which may go on with the payload, and its length. All that is
 * malformed is found before any key is tried. */
int age_header_open(unsigned char file_key[FILE_KEY_SIZE], size_t *header_len, const void *bytes, size_t len,
    const struct age_keys *by) MUST_CHECK;
int age_header_measure(size_t *header_len, const void *bytes, size_t len) MUST_CHECK; /* opens nothing */

int age_header_malformed(void); /* ERR_INPUT */

#endif
