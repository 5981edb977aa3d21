/* Reading JSON objects of which every member is known. */
#include "satchel/format/shape.h"

#include <string.h>

#include "satchel/base/time.h"

enum { MAX_MEMBERS = 64 }; /* the bits of shape.read */

void shape_begin(struct shape *s, const struct jv *object)
{
    static const struct jv nothing = {.type = JV_OBJECT};
    bool fits = object && object->type == JV_OBJECT && object->len <= MAX_MEMBERS;
    *s = (struct shape){.object = fits ? object : &nothing};
    if (!fits) s->error = err_set(ERR_INPUT, "not an object, or with too many members");
}

int shape_end(const struct shape *s)
{
    if (s->error) return s->error;
    for (size_t i = 0; i < s->object->len; i++)
        if (!(s->read >> i & 1)) return err_set(ERR_INPUT, "unknown member '%s'", s->object->keys[i]);
    return 0;
}

void shape_refuse(struct shape *s, const char *key)
{
    if (!s->error) s->error = err_set(ERR_INPUT, "member '%s' is missing or malformed", key);
}

/* NULL where the member is absent, or something failed before. */
static const struct jv *take(struct shape *s, const char *key)
{
    for (size_t i = 0; i < s->object->len && !s->error; i++) {
        if (strcmp(s->object->keys[i], key) != 0) continue;
        s->read |= UINT64_C(1) << i;
        return s->object->items[i];
    }
    return NULL;
}

const struct jv *shape_get(struct shape *s, const char *key, enum jv_type type)
{
    const struct jv *v = take(s, key);
    if (v && v->type == type) return v;
    shape_refuse(s, key);
    return NULL;
}

const struct jv *shape_optional(struct shape *s, const char *key, enum jv_type type)
{
    const struct jv *v = take(s, key);
    if (v && v->type != type) shape_refuse(s, key);
    return v && v->type == type ? v : NULL;
}

const char *shape_text(struct shape *s, const char *key, bool (*valid)(const char *))
{
    const char *text = jv_str(take(s, key));
    if (text && valid(text)) return text;
    shape_refuse(s, key);
    return NULL;
}

const char *shape_text_or_null(struct shape *s, const char *key, bool (*valid)(const char *))
{
    const struct jv *v = take(s, key);
    const char *text = jv_str(v);
    if ((text && valid(text)) || (v && v->type == JV_NULL)) return text;
    shape_refuse(s, key);
    return NULL;
}

static bool time_valid(const char *text)
{
    int64_t seconds;
    int offset;
    return time_read(&seconds, &offset, text);
}

const char *shape_time(struct shape *s, const char *key)
{
    return shape_text(s, key, time_valid);
}

int64_t shape_int(struct shape *s, const char *key, int64_t min, int64_t max)
{
    const struct jv *v = take(s, key);
    if (v && v->type == JV_INT && v->integer >= min && v->integer <= max) return v->integer;
    shape_refuse(s, key);
    return 0;
}

const char **shape_hash_list(
    struct shape *s, struct arena *a, const char *key, const struct jv *array, size_t *len)
{
    *len = 0;
    if (!s->error && array->type != JV_ARRAY) shape_refuse(s, key);
    if (s->error) return NULL;
    const char **hashes = arena_alloc(a, (array->len + 1) * sizeof *hashes);
    if (!hashes) s->error = ERR_ROAD;
    for (size_t i = 0; hashes && i < array->len; i++) {
        hashes[i] = jv_str(array->items[i]);
        if (!hashes[i] || !is_sha256_hex(hashes[i])) shape_refuse(s, key);
    }
    if (s->error) return NULL;
    *len = array->len;
    return hashes;
}

const char **shape_hashes(struct shape *s, struct arena *a, const char *key, size_t *len)
{
    const char **hashes = shape_hash_list(s, a, key, shape_get(s, key, JV_ARRAY), len);
    if (hashes && !hashes_ascend(hashes, *len)) shape_refuse(s, key);
    return hashes;
}

bool hashes_ascend(const char *const *hashes, size_t len)
{
    for (size_t i = 1; i < len; i++)
        if (strcmp(hashes[i - 1], hashes[i]) >= 0) return false;
    return true;
}

struct jv *hashes_value(struct arena *a, const char *const *hashes, size_t len)
{
    struct jv *list = jv_array(a);
    for (size_t i = 0; i < len; i++)
        if (jv_push(a, list, jv_string(a, hashes[i]))) return NULL;
    return list;
}

void name_by_hash(char id[SHA256_HEX], const void *bytes, size_t len)
{
    unsigned char hash[SHA256_SIZE];
    sha256(hash, bytes, len);
    hex_write(id, hash, sizeof hash);
}
