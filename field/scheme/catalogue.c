/* Clause catalogues: the rules for clauses of any source, and a catalogue as the value of a record's field:
 *
 *   {"clauses":[{"decisive":true,"departments":["D1"],"directions":["…"],"group":true,"guidance":"…","id":"B2",
 *                "max_level":4,"methods":"records;site","min_level":1,"parent":"BC","title_en":"…","title_zh":"…"},…],
 *    "sample":true,"title":"…"}
 *
 * id, title_en and title_zh are always there; the others only where they say something. */
#include "catalogue_parts.h"

#include <string.h>

#include "satchel/base/text.h"
#include "satchel/format/names.h"
#include "satchel/format/shape.h"

enum { ID_MAX_BYTES = 64 };

/* ---- the list ---- */

void clause_list_init(struct clause_list *l, struct arena *a)
{
    *l = (struct clause_list){.arena = a};
    map_init(&l->ids);
}

void clause_list_release(struct clause_list *l)
{
    map_release(&l->ids);
}

/* What becomes a member of a set's field, or stands where one does. */
static bool member_valid(const char *s)
{
    return field_name_valid(s) && strlen(s) <= ID_MAX_BYTES;
}

static int check_members(const struct clause *c, const char *const *members, size_t len, const char *what)
{
    for (size_t i = 0; i < len; i++) {
        if (!member_valid(members[i]))
            return err_set(ERR_INPUT, "clause '%s' has %s '%s': only letters, digits and _.~/:+- are allowed",
                c->id, what, members[i]);
    }
    return 0;
}

static int check_clause(const struct clause_list *l, const struct clause *c)
{
    if (!member_valid(c->id))
        return err_set(ERR_INPUT, "clause id '%s': 1 to %d bytes of letters, digits and _.~/:+- are allowed",
            c->id, ID_MAX_BYTES);
    if (map_get(&l->ids, c->id)) return err_set(ERR_INPUT, "clause '%s' is there twice", c->id);
    if (c->parent && !map_get(&l->ids, c->parent))
        return err_set(
            ERR_INPUT, "clause '%s' has the parent '%s', which is not before it", c->id, c->parent);
    if (!*c->title_zh || !*c->title_en)
        return err_set(ERR_INPUT, "clause '%s' needs a title in both languages", c->id);
    if (c->min_level < 0 || c->max_level > CLAUSE_ANY_LEVEL || c->min_level > c->max_level)
        return err_set(ERR_INPUT, "clause '%s' has levels that are not a range", c->id);
    int rc = check_members(c, c->directions, c->directions_len, T("direction"));
    return rc ? rc : check_members(c, c->departments, c->departments_len, T("department"));
}

static int make_room(struct clause_list *l)
{
    if (l->len < l->cap) return 0;
    size_t cap = l->cap ? 2 * l->cap : 64;
    struct clause *larger = arena_alloc(l->arena, cap * sizeof *larger);
    if (!larger) return ERR_ROAD;
    if (l->len) memcpy(larger, l->clauses, l->len * sizeof *larger);
    l->clauses = larger;
    l->cap = cap;
    return 0;
}

int clause_list_add(struct clause_list *l, const struct clause *c)
{
    int rc = check_clause(l, c);
    if (rc == 0) rc = make_room(l);
    if (rc == 0) rc = map_put(&l->ids, c->id, (void *)c->id);
    if (rc) return rc;
    l->clauses[l->len++] = *c;
    l->groups += c->group;
    return 0;
}

int clause_list_end(struct catalogue *out, const struct clause_list *l)
{
    if (l->len == l->groups) return err_set(ERR_INPUT, "the catalogue has no clauses");
    *out = (struct catalogue){.title = "", .clauses = l->clauses, .len = l->len, .groups = l->groups};
    return 0;
}

/* ---- asking ---- */

const struct clause *catalogue_clause(const struct catalogue *c, const char *id)
{
    for (size_t i = 0; i < c->len; i++) {
        if (strcmp(c->clauses[i].id, id) == 0) return &c->clauses[i];
    }
    return NULL;
}

static bool among(const char *const *list, size_t len, const char *s)
{
    for (size_t i = 0; i < len; i++) {
        if (strcmp(list[i], s) == 0) return true;
    }
    return false;
}

bool clause_for_direction(const struct clause *c, const char *direction)
{
    return !c->directions || among(c->directions, c->directions_len, direction);
}

bool clause_for_department(const struct clause *c, const char *code)
{
    return !c->departments || among(c->departments, c->departments_len, code);
}

bool clause_applies(
    const struct clause *c, int64_t level, const char *const *directions, size_t directions_len)
{
    bool direction = directions_len == 0;
    if (c->group || (level && (level < c->min_level || level > c->max_level))) return false;
    for (size_t i = 0; i < directions_len && !direction; i++)
        direction = clause_for_direction(c, directions[i]);
    return direction;
}

/* ---- as a value, and back ---- */

static int put_list(struct arena *a, struct jv *object, const char *key, const char *const *list, size_t len)
{
    if (!list) return 0;
    struct jv *array = jv_array(a);
    for (size_t i = 0; i < len; i++) {
        if (jv_push(a, array, jv_string(a, list[i]))) return ERR_ROAD;
    }
    return jv_put(a, object, key, array);
}

static int put_text(struct arena *a, struct jv *object, const char *key, const char *s)
{
    return s && *s ? jv_put_str(a, object, key, s) : 0;
}

static struct jv *clause_json(struct arena *a, const struct clause *c)
{
    struct jv *v = jv_object(a);
    int rc = jv_put_str(a, v, "id", c->id);
    if (rc == 0) rc = put_text(a, v, "parent", c->parent);
    if (rc == 0) rc = jv_put_str(a, v, "title_zh", c->title_zh);
    if (rc == 0) rc = jv_put_str(a, v, "title_en", c->title_en);
    if (rc == 0 && c->group) rc = jv_put(a, v, "group", jv_bool(a, true));
    if (rc == 0 && c->min_level > 0) rc = jv_put_int(a, v, "min_level", c->min_level);
    if (rc == 0 && c->max_level < CLAUSE_ANY_LEVEL) rc = jv_put_int(a, v, "max_level", c->max_level);
    if (rc == 0) rc = put_list(a, v, "directions", c->directions, c->directions_len);
    if (rc == 0 && c->decisive) rc = jv_put(a, v, "decisive", jv_bool(a, true));
    if (rc == 0) rc = put_list(a, v, "departments", c->departments, c->departments_len);
    if (rc == 0) rc = put_text(a, v, "methods", c->methods);
    if (rc == 0) rc = put_text(a, v, "guidance", c->guidance);
    return rc ? NULL : v;
}

struct jv *catalogue_json(struct arena *a, const struct catalogue *c)
{
    struct jv *v = jv_object(a), *clauses = jv_array(a);
    int rc = 0;
    for (size_t i = 0; i < c->len && rc == 0; i++) rc = jv_push(a, clauses, clause_json(a, &c->clauses[i]));
    if (rc == 0) rc = jv_put(a, v, "clauses", clauses);
    if (rc == 0) rc = jv_put(a, v, "sample", jv_bool(a, c->sample));
    if (rc == 0) rc = jv_put_str(a, v, "title", c->title);
    return rc ? NULL : v;
}

static bool any_text(const char *s)
{
    (void)s;
    return true;
}

static const char *text_or(struct shape *s, const char *key, const char *fallback)
{
    return shape_optional(s, key, JV_STRING) ? shape_text(s, key, any_text) : fallback;
}

static bool bool_or_false(struct shape *s, const char *key)
{
    const struct jv *v = shape_optional(s, key, JV_BOOL);
    return v && v->boolean;
}

static int64_t level_or(struct shape *s, const char *key, int64_t fallback)
{
    return shape_optional(s, key, JV_INT) ? shape_int(s, key, 0, CLAUSE_ANY_LEVEL) : fallback;
}

static const char *const *list_or_all(struct shape *s, struct arena *a, const char *key, size_t *len)
{
    const struct jv *array = shape_optional(s, key, JV_ARRAY);
    if (!array) return NULL;
    const char **list = arena_alloc(a, array->len * sizeof *list);
    if (!list) s->error = ERR_ROAD;
    for (size_t i = 0; list && i < array->len; i++) {
        list[i] = jv_str(array->items[i]);
        if (!list[i]) shape_refuse(s, key);
    }
    *len = array->len;
    return list;
}

static int read_clause(struct clause *c, struct arena *a, const struct jv *v)
{
    struct shape s;
    shape_begin(&s, v);
    c->id = shape_text(&s, "id", member_valid);
    c->parent = text_or(&s, "parent", NULL);
    c->title_zh = shape_text(&s, "title_zh", any_text);
    c->title_en = shape_text(&s, "title_en", any_text);
    c->group = bool_or_false(&s, "group");
    c->min_level = level_or(&s, "min_level", 0);
    c->max_level = level_or(&s, "max_level", CLAUSE_ANY_LEVEL);
    c->directions = list_or_all(&s, a, "directions", &c->directions_len);
    c->decisive = bool_or_false(&s, "decisive");
    c->departments = list_or_all(&s, a, "departments", &c->departments_len);
    c->methods = text_or(&s, "methods", "");
    c->guidance = text_or(&s, "guidance", "");
    return shape_end(&s);
}

int catalogue_from_json(struct catalogue *out, struct arena *a, const struct jv *v)
{
    struct clause_list list;
    struct catalogue found;
    struct shape s;
    shape_begin(&s, v);
    const struct jv *clauses = shape_get(&s, "clauses", JV_ARRAY);
    bool sample = bool_or_false(&s, "sample");
    const char *title = shape_text(&s, "title", any_text);
    int rc = shape_end(&s);
    if (rc) return rc;
    clause_list_init(&list, a);
    for (size_t i = 0; i < clauses->len && rc == 0; i++) {
        struct clause c = {0};
        rc = read_clause(&c, a, clauses->items[i]);
        if (rc == 0) rc = clause_list_add(&list, &c);
    }
    if (rc == 0) rc = clause_list_end(&found, &list);
    clause_list_release(&list);
    if (rc) return rc;
    found.sample = sample;
    found.title = title;
    *out = found;
    return 0;
}
