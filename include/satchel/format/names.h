/* The names that every format shares (design.md §2, §3), and their limits. */
#ifndef SATCHEL_FORMAT_NAMES_H
#define SATCHEL_FORMAT_NAMES_H

#include <stdbool.h>
#include <stdint.h>
#include "satchel/base/crypto.h"

#define KIT_ID_SIZE 14       /* 'k' + 12 base32 characters + NUL */
#define CASE_NAME_MAX 64
#define RECORD_ID_MAX 128
#define REGISTER_CASE "register"
#define PIECE_SIZE (UINT64_C(16) << 20) /* evidence is hashed in pieces of 16 MiB */

/* Namespaces of signatures. */
#define NAMESPACE_ENTRY "entry@satchel"
#define NAMESPACE_BUNDLE "bundle@satchel"
#define NAMESPACE_RECEIPT "receipt@satchel"
#define NAMESPACE_SESSION "session@satchel"
#define NAMESPACE_REQUEST "request@satchel"
#define NAMESPACE_ENROLMENT "enrolment@satchel"

bool kit_id_valid(const char *s);
bool case_name_valid(const char *s);            /* [A-Za-z0-9][A-Za-z0-9-]{0,63} */
bool type_name_valid(const char *s, size_t len); /* [a-z][a-z0-9-]{0,31} */
bool field_name_valid(const char *s);           /* a key of design.md §3: letters, digits, _.~/:+- ; 1 … 256 bytes */

/* type/kit-number. Number is 1 … 999,999,999 without leading zero. */
struct record_id {
    char type[33];
    char kit[KIT_ID_SIZE];
    int32_t number;
};
bool record_id_read(struct record_id *out, const char *s);
void record_id_write(char out[RECORD_ID_MAX], const struct record_id *id);
/* A link is a record id, with "register:" before it where the record lives in the register. */
bool link_valid(const char *s);

/* Kit id of a signing key: 'k' and the first 12 base32 characters of the SHA-256 of its SSH wire form,
 * that is of what `ssh-keygen -lf` prints in base64. */
void kit_id_of(char out[KIT_ID_SIZE], const unsigned char public_key[KEY_SIZE]);

#endif
