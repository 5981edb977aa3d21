/* JSON in and out. jansson parses, and this is the only file that knows it; the values that others hold, and
 * the bytes that are hashed and signed, are ours.
 *
 * Canonical bytes are RFC 8785's: no blanks; members in the order of their keys' code points; in strings
 * \b \t \n \f \r \" \\ and \u00xx (lower case) for the other controls, every other character as it is;
 * integers in decimal. Keys of objects are kept sorted at all times, so writing is one walk. */
#include "satchel/base/json.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- parsing ---- */

/* Before jansson sees the text: so that nesting can't exhaust its stack (2,048 levels deep otherwise), and
 * because it loses a NUL that follows a number. */
static int check_text(const char *s, size_t len, int max_depth)
{
    int depth = 0;
    bool in_string = false;
    if (memchr(s, '\0', len)) return err_set(ERR_INPUT, "JSON has a NUL byte");
    for (size_t i = 0; i < len; i++) {
        if (in_string) {
            if (s[i] == '\\') {
                i++;
            } else if (s[i] == '"') {
                in_string = false;
            }
        } else if (s[i] == '"') {
            in_string = true;
        } else if (s[i] == '[' || s[i] == '{') {
            if (++depth > max_depth) return err_set(ERR_INPUT, "JSON nests deeper than %d levels", max_depth);
        } else if (s[i] == ']' || s[i] == '}') {
            depth--;
        }
    }
    return 0;
}

/* jansson's own words quote the input raw, so they are not passed on. */
static int parse_failed(const json_error_t *e)
{
    switch (json_error_code(e)) {
    case json_error_out_of_memory:
        return err_memory();
    case json_error_duplicate_key:
        return err_set(ERR_INPUT, "JSON names a key twice in one object, near byte %d", e->position);
    case json_error_invalid_utf8:
        return err_set(ERR_INPUT, "JSON is not valid UTF-8, near byte %d", e->position);
    case json_error_numeric_overflow:
        return err_set(ERR_INPUT, "JSON has a number out of range, near byte %d", e->position);
    case json_error_end_of_input_expected:
        return err_set(ERR_INPUT, "JSON goes on after its end, near byte %d", e->position);
    default:
        return err_set(ERR_INPUT, "JSON is malformed, near byte %d", e->position);
    }
}

static int convert(struct jv *out, struct arena *a, const json_t *j, int options);

static int set_string(struct jv *out, struct arena *a, const char *s, size_t len)
{
    out->type = JV_STRING;
    out->string = arena_strndup(a, s, len);
    out->len = len;
    return out->string ? 0 : ERR_ROAD;
}

static int convert_real(struct jv *out, struct arena *a, double number, int options)
{
    char text[32];
    if (!(options & JSON_FLOATS_TO_STRING))
        return err_set(ERR_INPUT, "JSON has the number %g: only integers are allowed", number);
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, number);
        if (strtod(text, NULL) == number) break;
    }
    return set_string(out, a, text, strlen(text));
}

static int convert_integer(struct jv *out, int64_t number)
{
    if (number > JV_INT_MAX || number < -JV_INT_MAX)
        return err_set(ERR_INPUT, "JSON has the number %lld: integers end at 2^53", (long long)number);
    out->type = JV_INT;
    out->integer = number;
    return 0;
}

/* Sets out->items to `len` values that lie side by side, still to be filled. */
static struct jv *list_values(struct jv *out, struct arena *a, size_t len)
{
    struct jv *values = arena_alloc(a, len * sizeof *values);
    out->items = arena_alloc(a, len * sizeof *out->items);
    if (!values || !out->items) return NULL;
    for (size_t i = 0; i < len; i++) out->items[i] = &values[i];
    return values;
}

static int convert_array(struct jv *out, struct arena *a, const json_t *j, int options)
{
    size_t len = json_array_size(j);
    struct jv *values = list_values(out, a, len);
    int rc = values ? 0 : ERR_ROAD;
    out->type = JV_ARRAY;
    out->len = len;
    for (size_t i = 0; rc == 0 && i < len; i++) rc = convert(&values[i], a, json_array_get(j, i), options);
    return rc;
}

struct pair {
    const char *key;
    const struct jv *value;
};

static int compare_pairs(const void *a, const void *b)
{
    return strcmp(((const struct pair *)a)->key, ((const struct pair *)b)->key);
}

static int sort_members(struct arena *a, struct jv *v)
{
    struct pair *pairs = arena_alloc(a, v->len * sizeof *pairs);
    if (!pairs) return ERR_ROAD;
    for (size_t i = 0; i < v->len; i++) pairs[i] = (struct pair){v->keys[i], v->items[i]};
    qsort(pairs, v->len, sizeof *pairs, compare_pairs);
    for (size_t i = 0; i < v->len; i++) {
        v->keys[i] = pairs[i].key;
        v->items[i] = pairs[i].value;
    }
    return 0;
}

static int convert_object(struct jv *out, struct arena *a, const json_t *j, int options)
{
    size_t len = json_object_size(j);
    bool sorted = true;
    struct jv *values = list_values(out, a, len);
    out->type = JV_OBJECT;
    out->keys = arena_alloc(a, len * sizeof *out->keys);
    if (!values || !out->keys) return ERR_ROAD;
    for (void *it = json_object_iter((json_t *)j); it; it = json_object_iter_next((json_t *)j, it)) {
        const char *key = arena_strdup(a, json_object_iter_key(it));
        int rc = key ? convert(&values[out->len], a, json_object_iter_value(it), options) : ERR_ROAD;
        if (rc) return rc;
        if (out->len > 0 && strcmp(out->keys[out->len - 1], key) > 0) sorted = false;
        out->keys[out->len++] = key;
    }
    return sorted ? 0 : sort_members(a, out);
}

/* Fills a zeroed value, which is null. Recursion is bounded by check_text. */
static int convert(struct jv *out, struct arena *a, const json_t *j, int options)
{
    switch (json_typeof(j)) {
    case JSON_OBJECT:
        return convert_object(out, a, j, options);
    case JSON_ARRAY:
        return convert_array(out, a, j, options);
    case JSON_INTEGER:
        return convert_integer(out, json_integer_value(j));
    case JSON_REAL:
        return convert_real(out, a, json_real_value(j), options);
    case JSON_STRING:
        return set_string(out, a, json_string_value(j), json_string_length(j));
    case JSON_TRUE:
    case JSON_FALSE:
        out->type = JV_BOOL;
        out->boolean = json_is_true(j);
        return 0;
    default:
        return 0;
    }
}

int json_parse(
    const struct jv **out, struct arena *a, const void *bytes, size_t len, int max_depth, int options)
{
    json_error_t error;
    struct jv *v = jv_null(a);
    if (!v) return ERR_ROAD;
    int rc = check_text(bytes, len, max_depth);
    if (rc) return rc;
    json_t *j = json_loadb(bytes, len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
    if (!j) return parse_failed(&error);
    rc = convert(v, a, j, options);
    json_decref(j);
    if (rc == 0) *out = v;
    return rc;
}

/* ---- writing ---- */

static void write_escaped(struct buf *out, unsigned char c)
{
    static const char from[] = "\b\t\n\f\r\"\\", to[] = "btnfr\"\\";
    const char *at = strchr(from, c);
    if (at && c) {
        buf_addc(out, '\\');
        buf_addc(out, to[at - from]);
    } else {
        buf_addf(out, "\\u%04x", c);
    }
}

void json_write_string(struct buf *out, const char *s, size_t len)
{
    size_t from = 0;
    buf_addc(out, '"');
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)s[i];
        if (c >= 0x20 && c != '"' && c != '\\') continue;
        buf_add(out, s + from, i - from);
        write_escaped(out, c);
        from = i + 1;
    }
    buf_add(out, s + from, len - from);
    buf_addc(out, '"');
}

/* One walk for both layouts: `indent` < 0 writes none. */
static void write_value(struct buf *out, const struct jv *v, int indent);

static void write_line_end(struct buf *out, int indent)
{
    if (indent < 0) return;
    buf_addc(out, '\n');
    for (int i = 0; i < indent; i++) buf_adds(out, "  ");
}

static void write_list(struct buf *out, const struct jv *v, int indent)
{
    int inner = indent < 0 ? indent : indent + 1;
    buf_addc(out, v->type == JV_ARRAY ? '[' : '{');
    for (size_t i = 0; i < v->len; i++) {
        if (i) buf_addc(out, ',');
        write_line_end(out, inner);
        if (v->type == JV_OBJECT) {
            json_write_string(out, v->keys[i], strlen(v->keys[i]));
            buf_adds(out, indent < 0 ? ":" : ": ");
        }
        write_value(out, v->items[i], inner);
    }
    if (v->len) write_line_end(out, indent);
    buf_addc(out, v->type == JV_ARRAY ? ']' : '}');
}

static void write_value(struct buf *out, const struct jv *v, int indent)
{
    switch (v->type) {
    case JV_NULL:
        buf_adds(out, "null");
        break;
    case JV_BOOL:
        buf_adds(out, v->boolean ? "true" : "false");
        break;
    case JV_INT:
        buf_addf(out, "%" PRId64, v->integer);
        break;
    case JV_STRING:
        json_write_string(out, v->string, v->len);
        break;
    case JV_ARRAY:
    case JV_OBJECT:
        write_list(out, v, indent);
        break;
    }
}

void json_write(struct buf *out, const struct jv *v)
{
    write_value(out, v, -1);
}

void json_write_pretty(struct buf *out, const struct jv *v)
{
    write_value(out, v, 0);
}

/* ---- comparing and reading ---- */

static bool lists_equal(const struct jv *a, const struct jv *b)
{
    if (a->len != b->len) return false;
    for (size_t i = 0; i < a->len; i++) {
        if (a->type == JV_OBJECT && strcmp(a->keys[i], b->keys[i]) != 0) return false;
        if (!jv_equal(a->items[i], b->items[i])) return false;
    }
    return true;
}

bool jv_equal(const struct jv *a, const struct jv *b)
{
    if (a == b) return true;
    if (!a || !b || a->type != b->type) return false;
    switch (a->type) {
    case JV_BOOL:
        return a->boolean == b->boolean;
    case JV_INT:
        return a->integer == b->integer;
    case JV_STRING:
        return a->len == b->len && memcmp(a->string, b->string, a->len) == 0;
    case JV_ARRAY:
    case JV_OBJECT:
        return lists_equal(a, b);
    default:
        return true;
    }
}

/* The place of a key in a sorted object, or the place where it belongs. */
static size_t find_key(const struct jv *object, const char *key, bool *found)
{
    size_t low = 0, high = object->len;
    *found = false;
    while (low < high && !*found) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(object->keys[middle], key);
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
            *found = order == 0;
        }
    }
    return *found ? high : low;
}

const struct jv *jv_get(const struct jv *object, const char *key)
{
    bool found;
    if (!object || object->type != JV_OBJECT) return NULL;
    size_t at = find_key(object, key, &found);
    return found ? object->items[at] : NULL;
}

const char *jv_str(const struct jv *v)
{
    return v && v->type == JV_STRING ? v->string : NULL;
}

const char *jv_get_str(const struct jv *object, const char *key)
{
    return jv_str(jv_get(object, key));
}

int64_t jv_get_int(const struct jv *object, const char *key, int64_t fallback)
{
    const struct jv *v = jv_get(object, key);
    return v && v->type == JV_INT ? v->integer : fallback;
}

bool jv_get_bool(const struct jv *object, const char *key)
{
    const struct jv *v = jv_get(object, key);
    return v && v->type == JV_BOOL && v->boolean;
}

/* ---- building ---- */

static struct jv *new_value(struct arena *a, enum jv_type type)
{
    struct jv *v = arena_alloc(a, sizeof *v);
    if (v) v->type = type;
    return v;
}

struct jv *jv_null(struct arena *a)
{
    return new_value(a, JV_NULL);
}

struct jv *jv_bool(struct arena *a, bool b)
{
    struct jv *v = new_value(a, JV_BOOL);
    if (v) v->boolean = b;
    return v;
}

struct jv *jv_int(struct arena *a, int64_t i)
{
    struct jv *v = new_value(a, JV_INT);
    if (v) v->integer = i;
    return v;
}

struct jv *jv_string(struct arena *a, const char *s)
{
    return s ? jv_stringn(a, s, strlen(s)) : jv_null(a);
}

struct jv *jv_stringn(struct arena *a, const char *s, size_t len)
{
    struct jv *v = new_value(a, JV_STRING);
    return v && set_string(v, a, s, len) == 0 ? v : NULL;
}

struct jv *jv_array(struct arena *a)
{
    return new_value(a, JV_ARRAY);
}

struct jv *jv_object(struct arena *a)
{
    return new_value(a, JV_OBJECT);
}

/* Room for one more; what was outgrown stays in the arena. */
static int make_room(struct arena *a, struct jv *v)
{
    if (v->len < v->cap) return 0;
    size_t cap = v->len < 4 ? 8 : 2 * v->len;
    if (cap > UINT32_MAX) return err_memory();
    const struct jv **items = arena_alloc(a, cap * sizeof *items);
    const char **keys = v->type == JV_OBJECT ? arena_alloc(a, cap * sizeof *keys) : NULL;
    if (!items || (v->type == JV_OBJECT && !keys)) return ERR_ROAD;
    if (v->len) memcpy(items, v->items, v->len * sizeof *items);
    if (v->len && keys) memcpy(keys, v->keys, v->len * sizeof *keys);
    v->items = items;
    v->keys = keys;
    v->cap = (uint32_t)cap;
    return 0;
}

int jv_push(struct arena *a, struct jv *array, const struct jv *item)
{
    if (!array || !item || make_room(a, array)) return ERR_ROAD;
    array->items[array->len++] = item;
    return 0;
}

int jv_put(struct arena *a, struct jv *object, const char *key, const struct jv *value)
{
    bool found;
    if (!object || !value) return ERR_ROAD;
    size_t at = find_key(object, key, &found);
    if (!found) {
        const char *copy = arena_strdup(a, key);
        if (!copy || make_room(a, object)) return ERR_ROAD;
        memmove(object->keys + at + 1, object->keys + at, (object->len - at) * sizeof *object->keys);
        memmove(object->items + at + 1, object->items + at, (object->len - at) * sizeof *object->items);
        object->keys[at] = copy;
        object->len++;
    }
    object->items[at] = value;
    return 0;
}

int jv_put_str(struct arena *a, struct jv *object, const char *key, const char *s)
{
    return jv_put(a, object, key, jv_string(a, s));
}

int jv_put_int(struct arena *a, struct jv *object, const char *key, int64_t i)
{
    return jv_put(a, object, key, jv_int(a, i));
}

struct jv *jv_copy(struct arena *a, const struct jv *v)
{
    struct jv *copy;
    if (!v) return NULL;
    if (v->type == JV_STRING) return jv_stringn(a, v->string, v->len);
    copy = arena_alloc(a, sizeof *copy);
    if (!copy) return NULL;
    copy->type = v->type;
    if (v->type == JV_BOOL) copy->boolean = v->boolean;
    if (v->type == JV_INT) copy->integer = v->integer;
    for (size_t i = 0; i < v->len; i++) {
        const struct jv *item = jv_copy(a, v->items[i]);
        int r = v->type == JV_OBJECT ? jv_put(a, copy, v->keys[i], item) : jv_push(a, copy, item);
        if (r) return NULL;
    }
    return copy;
}
