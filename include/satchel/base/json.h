/* JSON values, and the one canonical way of writing them (RFC 8785 within design.md §3).
 *
 * Values are: strings without NUL, booleans, null, integers within ±2^53, arrays, objects. Parsing refuses
 * floats, duplicate keys, bad UTF-8, trailing bytes and depth over the caller's limit. Values live in an
 * arena, are immutable once shared, and borrow nothing from the text they were parsed from. */
#ifndef SATCHEL_BASE_JSON_H
#define SATCHEL_BASE_JSON_H

#include <stdbool.h>
#include <stdint.h>
#include "satchel/base/arena.h"
#include "satchel/base/buf.h"

enum jv_type { JV_NULL, JV_BOOL, JV_INT, JV_STRING, JV_ARRAY, JV_OBJECT };

#define JV_INT_MAX INT64_C(9007199254740992) /* 2^53 */

struct jv {
    enum jv_type type;
    uint32_t cap; /* room in items and keys while they are being built */
    union {       /* by type */
        bool boolean;
        int64_t integer;
        const char *string;      /* UTF-8, NUL-terminated */
        const struct jv **items; /* of an array; of an object: its values, in the order of keys */
    };
    size_t len;        /* bytes of the string, items of the array, members of the object */
    const char **keys; /* JV_OBJECT: in code-point order */
};

/* Floats are an error, or with JSON_FLOATS_TO_STRING (foreign catalogues) become strings. */
enum json_options { JSON_STRICT = 0, JSON_FLOATS_TO_STRING = 1 };

int json_parse(const struct jv **out, struct arena *a, const void *bytes, size_t len, int max_depth, int options)
    MUST_CHECK;
/* For bytes that are hashed or signed: ERR_INPUT unless they are canonical, that is those that json_write makes of what
 * they say. A value costs up to 80 bytes of memory besides the characters of its strings, and two bytes are enough to
 * write one; so the caller limits their number, lists and what is in them counted. */
int json_parse_canonical(
    const struct jv **out, struct arena *a, const void *bytes, size_t len, int max_depth, size_t max_values) MUST_CHECK;

/* Canonical bytes: no blanks, keys sorted, shortest escapes. Errors stick to `out`. */
void json_write(struct buf *out, const struct jv *v);
/* The same with line ends and two-space indents, for people. */
void json_write_pretty(struct buf *out, const struct jv *v);
void json_write_string(struct buf *out, const char *s, size_t len); /* one quoted string */

bool jv_equal(const struct jv *a, const struct jv *b);

/* Reading. All give NULL / the fallback for a wrong type, so chains need no checks between. */
const struct jv *jv_get(const struct jv *object, const char *key);
const char *jv_str(const struct jv *v);                      /* NULL unless a string */
const char *jv_get_str(const struct jv *object, const char *key);
int64_t jv_get_int(const struct jv *object, const char *key, int64_t fallback);
bool jv_get_bool(const struct jv *object, const char *key);  /* false unless true */

/* Building. NULL (with err_memory set) when memory is out; a NULL part makes the whole NULL. */
struct jv *jv_null(struct arena *a);
struct jv *jv_bool(struct arena *a, bool b);
struct jv *jv_int(struct arena *a, int64_t i);
struct jv *jv_string(struct arena *a, const char *s); /* copies; NULL s gives null */
struct jv *jv_stringn(struct arena *a, const char *s, size_t len);
struct jv *jv_array(struct arena *a);
struct jv *jv_object(struct arena *a);
struct jv *jv_copy(struct arena *a, const struct jv *v); /* the whole of it, strings too */
int jv_push(struct arena *a, struct jv *array, const struct jv *item) MUST_CHECK;
int jv_put(struct arena *a, struct jv *object, const char *key, const struct jv *value) MUST_CHECK; /* replaces */
int jv_put_str(struct arena *a, struct jv *object, const char *key, const char *s) MUST_CHECK; /* NULL s: null */
int jv_put_int(struct arena *a, struct jv *object, const char *key, int64_t i) MUST_CHECK;

/* UTF-8 without NUL, surrogates, overlong forms or code points over U+10FFFF. */
bool utf8_valid(const void *bytes, size_t len);
/* Decodes one code point of valid UTF-8 at *s and moves on; 0 at the end. */
uint32_t utf8_next(const char **s);
/* A letter or digit (Unicode L*, Nd) of the Basic Multilingual Plane. */
bool unicode_is_alnum(uint32_t c);

#endif
