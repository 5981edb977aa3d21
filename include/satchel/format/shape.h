/* Reading a JSON object of which every member is known: what the strict readers of entries, manifests and
 * receipts share. The first failure sticks (ERR_INPUT, naming the member); after it the rest give NULL or 0,
 * and shape_end, which also refuses members that nobody has asked for, is checked once. */
#ifndef SATCHEL_FORMAT_SHAPE_H
#define SATCHEL_FORMAT_SHAPE_H

#include "satchel/base/crypto.h"
#include "satchel/base/json.h"

struct shape {
    const struct jv *object;
    uint64_t read; /* bit i: member i has been asked for */
    int error;
};

void shape_begin(struct shape *s, const struct jv *object); /* fails unless an object of at most 64 members */
int shape_end(const struct shape *s) MUST_CHECK;

/* A member that must be there, of this type. */
const struct jv *shape_get(struct shape *s, const char *key, enum jv_type type);
/* A member that may be absent (NULL), or else is of this type. */
const struct jv *shape_optional(struct shape *s, const char *key, enum jv_type type);
/* A string that `valid` accepts; *_or_null: or null, which gives NULL. Borrowed from the object. */
const char *shape_text(struct shape *s, const char *key, bool (*valid)(const char *));
const char *shape_text_or_null(struct shape *s, const char *key, bool (*valid)(const char *));
const char *shape_time(struct shape *s, const char *key); /* RFC 3339, as time_read */
int64_t shape_int(struct shape *s, const char *key, int64_t min, int64_t max);
/* An array of SHA-256 in hex, sorted, without repeats; *len of them, in the arena. */
const char **shape_hashes(struct shape *s, struct arena *a, const char *key, size_t *len);
/* Fails for a rule of the caller's that the member breaks. */
void shape_refuse(struct shape *s, const char *key);

/* The hashes of an array in its order; refuses the member named by `key` unless each is a SHA-256 in hex. */
const char **shape_hash_list(
    struct shape *s, struct arena *a, const char *key, const struct jv *array, size_t *len);
bool hashes_ascend(const char *const *hashes, size_t len); /* sorted, without repeats */
struct jv *hashes_value(struct arena *a, const char *const *hashes, size_t len); /* as a JSON array */

/* What entries, bundles and receipts are named by: the SHA-256 of their bytes, in hex. */
void name_by_hash(char id[SHA256_HEX], const void *bytes, size_t len);

#endif
