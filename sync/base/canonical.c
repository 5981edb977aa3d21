/* Reading canonical JSON: json_write backwards. Takes exactly the bytes that json_write (json.c) writes, so
 * nothing has to be written again to be compared: no blanks, keys in ascending order and so without repeats,
 * integers without zeros before them, each control character escaped in its one way and nothing else. */
#include "satchel/base/json.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define INT_DIGITS_MAX 16 /* of 2^53 */

/* A value of a list that is not yet closed. */
struct slot {
    const char *key; /* in objects */
    struct jv value;
};

struct reader {
    const char *begin, *at, *end;
    struct arena *arena;
    int depth, max_depth;
    size_t values, max_values;
    struct slot *slots; /* of all open lists, the innermost last */
    size_t slots_len, slots_cap;
};

static int refuse(const struct reader *r)
{
    return err_set(ERR_INPUT, "JSON is malformed or not in canonical form (RFC 8785), near byte %zu",
        (size_t)(r->at - r->begin));
}

static bool take(struct reader *r, char c)
{
    if (r->at == r->end || *r->at != c) return false;
    r->at++;
    return true;
}

static bool take_word(struct reader *r, const char *word)
{
    size_t len = strlen(word);
    if ((size_t)(r->end - r->at) < len || memcmp(r->at, word, len) != 0) return false;
    r->at += len;
    return true;
}

static int read_bool(struct reader *r, struct jv *out)
{
    out->type = JV_BOOL;
    out->boolean = *r->at == 't';
    return take_word(r, out->boolean ? "true" : "false") ? 0 : refuse(r);
}

static int read_int(struct reader *r, struct jv *out)
{
    bool negative = take(r, '-');
    const char *digits = r->at;
    int64_t n = 0;
    for (; r->at < r->end && *r->at >= '0' && *r->at <= '9' && r->at - digits <= INT_DIGITS_MAX; r->at++)
        n = 10 * n + (*r->at - '0');
    ptrdiff_t len = r->at - digits;
    bool canonical = len > 0 && (*digits != '0' || (len == 1 && !negative));
    if (!canonical || len > INT_DIGITS_MAX || n > JV_INT_MAX) return refuse(r);
    out->type = JV_INT;
    out->integer = negative ? -n : n;
    return 0;
}

/* ---- strings ---- */

/* The character that the escape at s[0] == '\\' stands for, and its length; 0 unless json_write writes it so.
 */
static char unescape_one(const char *s, size_t left, size_t *len)
{
    static const char named[] = "btnfr\"\\", characters[] = "\b\t\n\f\r\"\\", digits[] = "0123456789abcdef";
    const char *name = left < 2 ? NULL : memchr(named, s[1], sizeof named - 1);
    *len = name ? 2 : 6;
    if (name) return characters[name - named];
    if (left < 6 || memcmp(s, "\\u00", 4) != 0 || (s[4] != '0' && s[4] != '1')) return 0;
    const char *low = memchr(digits, s[5], sizeof digits - 1);
    char c = low ? (char)((s[4] - '0') * 16 + (low - digits)) : 0;
    return c && memchr(characters, c, sizeof characters - 1) ? 0 : c;
}

static bool unescape(char *s, size_t *len)
{
    size_t to = 0, step = 1;
    for (size_t from = 0; from < *len; from += step) {
        char c = s[from];
        step = 1;
        if (c == '\\' && (c = unescape_one(s + from, *len - from, &step)) == 0) return false;
        s[to++] = c;
    }
    s[to] = '\0';
    *len = to;
    return true;
}

static int read_string(struct reader *r, const char **out, size_t *out_len)
{
    unsigned char all = 0;
    bool escaped = false;
    if (!take(r, '"')) return refuse(r);
    const char *s = r->at, *at = s;
    for (; at < r->end && *at != '"'; at++) {
        if ((unsigned char)*at < 0x20) return refuse(r);
        all |= (unsigned char)*at;
        if (*at != '\\') continue;
        escaped = true;
        if (++at == r->end) return refuse(r);
    }
    size_t len = (size_t)(at - s);
    if (at == r->end || ((all & 0x80) && !utf8_valid(s, len))) return refuse(r);
    char *copy = arena_strndup(r->arena, s, len);
    if (!copy) return ERR_ROAD;
    if (escaped && !unescape(copy, &len)) return refuse(r);
    r->at = at + 1;
    *out = copy;
    *out_len = len;
    return 0;
}

/* ---- lists ---- */

static int read_value(struct reader *r, struct jv *out);

static int push(struct reader *r, const struct slot *slot)
{
    if (r->slots_len == r->slots_cap) {
        size_t cap = r->slots_cap ? 2 * r->slots_cap : 32;
        struct slot *slots = realloc(r->slots, cap * sizeof *slots);
        if (!slots) return err_memory();
        r->slots = slots;
        r->slots_cap = cap;
    }
    r->slots[r->slots_len++] = *slot;
    return 0;
}

static int read_key(struct reader *r, struct slot *slot, size_t first)
{
    size_t len;
    int rc = read_string(r, &slot->key, &len);
    if (rc) return rc;
    bool ascends = r->slots_len == first || strcmp(r->slots[r->slots_len - 1].key, slot->key) < 0;
    return ascends && take(r, ':') ? 0 : refuse(r);
}

/* Moves the slots from `first` on into *out. */
static int close_list(struct reader *r, struct jv *out, size_t first)
{
    size_t len = r->slots_len - first;
    r->slots_len = first;
    if (len == 0) return 0;
    struct jv *values = arena_alloc(r->arena, len * sizeof *values);
    const struct jv **items = arena_alloc(r->arena, len * sizeof *items);
    const char **keys = out->type == JV_OBJECT ? arena_alloc(r->arena, len * sizeof *keys) : NULL;
    if (!values || !items || (out->type == JV_OBJECT && !keys)) return ERR_ROAD;
    for (size_t i = 0; i < len; i++) {
        values[i] = r->slots[first + i].value;
        items[i] = &values[i];
        if (keys) keys[i] = r->slots[first + i].key;
    }
    out->items = items;
    out->keys = keys;
    out->len = len;
    return 0;
}

static int read_list(struct reader *r, struct jv *out)
{
    char end = *r->at == '[' ? ']' : '}';
    size_t first = r->slots_len;
    out->type = *r->at++ == '[' ? JV_ARRAY : JV_OBJECT;
    if (++r->depth > r->max_depth)
        return err_set(ERR_INPUT, "JSON nests deeper than %d levels", r->max_depth);
    while (!take(r, end)) {
        struct slot slot = {0};
        if (r->slots_len > first && !take(r, ',')) return refuse(r);
        int rc = out->type == JV_OBJECT ? read_key(r, &slot, first) : 0;
        if (rc == 0) rc = read_value(r, &slot.value);
        if (rc == 0) rc = push(r, &slot);
        if (rc) return rc;
    }
    r->depth--;
    return close_list(r, out, first);
}

/* Fills a zeroed value, which is null. */
static int read_value(struct reader *r, struct jv *out)
{
    if (++r->values > r->max_values)
        return err_set(ERR_INPUT, "JSON has more than %zu values", r->max_values);
    switch (r->at < r->end ? *r->at : '\0') {
    case '{':
    case '[':
        return read_list(r, out);
    case '"':
        out->type = JV_STRING;
        return read_string(r, &out->string, &out->len);
    case 't':
    case 'f':
        return read_bool(r, out);
    case 'n':
        return take_word(r, "null") ? 0 : refuse(r);
    default:
        return read_int(r, out);
    }
}

int json_parse_canonical(
    const struct jv **out, struct arena *a, const void *bytes, size_t len, int max_depth, size_t max_values)
{
    struct reader r = {.begin = bytes, .arena = a, .max_depth = max_depth, .max_values = max_values};
    struct jv *v = jv_null(a);
    if (!v) return ERR_ROAD;
    r.at = r.begin;
    r.end = r.begin + len;
    int rc = read_value(&r, v);
    if (rc == 0 && r.at != r.end) rc = refuse(&r);
    free(r.slots);
    if (rc == 0) *out = v;
    return rc;
}
