/* An entry: one signed change of one record by one person (design.md §3, where the bytes are specified). */
#ifndef SATCHEL_FORMAT_ENTRY_H
#define SATCHEL_FORMAT_ENTRY_H

#include "satchel/base/json.h"
#include "satchel/format/names.h"
#include "satchel/format/ssh.h"

#define ENTRY_MAX_BYTES ((size_t)1 << 20)
#define ENTRY_MAX_DEPTH 32
/* 1 MiB can hold half a million values, which take 41 MB to read; this many take 12. The densest that there is, 1 MiB of
 * forms, has 63,000. */
#define ENTRY_MAX_VALUES ((size_t)1 << 17)

struct entry_field {
    const char *name;
    const struct jv *value;
    const char *const *seen; /* ids of the heads this value replaces, sorted */
    size_t seen_len;
};

struct entry {
    char id[SHA256_HEX];     /* SHA-256 of bytes */
    const char *after;       /* id of the last receipt held, or NULL */
    const char *at;          /* RFC 3339: a claim of the author's clock */
    const char *case_name;
    const char *form;        /* type@16 hex */
    const char *kit;
    const char *prev;        /* id of this kit's previous entry in this case, or NULL */
    const char *record;      /* type/kit-number */
    const char *why;         /* NULL where none was given */
    int64_t seq;             /* 1, 2, 3 … within (case, kit) */
    bool creates;            /* "new": true */
    const struct entry_field *fields; /* sorted by name */
    size_t fields_len;
    const unsigned char *bytes; /* the canonical bytes: what is hashed, signed, kept and sent */
    size_t bytes_len;
    unsigned char signature[SIGNATURE_SIZE]; /* raw SSHSIG signature; all zero until signed or set */
};

/* Reads received bytes: ERR_INPUT unless they are canonical, have exactly the members of design.md §3 with values of
 * the right shape (kit, case, record and field names, seq >= 1, prev null only for seq 1, seen only for fields of
 * set, without repeats, sorted), and fit the three limits. Everything lives in the arena. */
int entry_parse(const struct entry **out, struct arena *a, const void *bytes, size_t len) MUST_CHECK;

/* Writes the canonical bytes of the fields of *draft, hashes and signs them; the result, with copies of
 * all it needs, lives in the arena. ERR_INPUT where entry_parse would refuse it. */
int entry_make(const struct entry **out, struct arena *a, const struct entry *draft, const struct signer *by) MUST_CHECK;

bool entry_signature_good(const struct entry *e, const unsigned char public_key[KEY_SIZE]);
const struct entry_field *entry_field(const struct entry *e, const char *name); /* NULL when it sets no such field */

/* One line of entries.jsonl: {"entry":<bytes>,"sig":"<base64 of the SSHSIG blob>"} and a newline. */
void entry_line_write(struct buf *out, const struct entry *e, const unsigned char public_key[KEY_SIZE]);
/* Reads one line without its newline. The key is the one the signature carries; that it is the kit's own by name is
 * checked here (kit_id_of), the signature itself is not. */
int entry_line_parse(struct entry **out, struct arena *a, unsigned char public_key[KEY_SIZE], const char *line, size_t len)
    MUST_CHECK;

/* The file of log/: bytes, a newline, the armored signature. */
void entry_file_write(struct buf *out, const struct entry *e, const unsigned char public_key[KEY_SIZE]);
int entry_file_parse(struct entry **out, struct arena *a, unsigned char public_key[KEY_SIZE], const void *bytes, size_t len)
    MUST_CHECK;

#endif
