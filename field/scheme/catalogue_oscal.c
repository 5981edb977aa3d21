/* A catalogue from OSCAL (NIST, JSON of the catalogue model 1.x).
 *
 *   {"catalog":{"metadata":{"title":…},"groups":[group],"controls":[control],"params":[param]}}
 *   group    {"id"?,"title","groups"?,"controls"?,"parts"?,"params"?}
 *   control  {"id","title","controls"?,"parts"?,"params"?,"props"?}     withdrawn: props has name "status",
 * value "withdrawn" part     {"name","prose"?,"parts"?,"props"?}                        props may hold its
 * "label": "a.", "(1)" param    {"id","label"?,"values"?,"select"?:{"how-many"?,"choice":[…]}}
 *
 * Prose names parameters as {{ insert: param, <id> }}; what is inserted is the label, else the values, else
 * the choices, else the id. Labels and choices may themselves name parameters. Controls come before the
 * groups beside them. */
#include "catalogue_parts.h"

#include <string.h>

#include "satchel/base/text.h"

/* Deep enough for any real catalogue; walking recurses as deep as the JSON does. */
enum { OSCAL_MAX_DEPTH = 256, INSERT_MAX_DEPTH = 8 };

/* Of one title or guidance: labels that name labels that name labels … must not fill the memory or the day.
 */
enum { TEXT_MAX_BYTES = 1 << 20, TEXT_MAX_INSERTS = 10000 };

struct oscal {
    struct arena *arena;  /* of the result */
    struct arena scratch; /* of the document */
    struct map params;    /* id -> param */
    struct clause_list list;
    struct buf text; /* the title or guidance that is being put together */
    size_t inserts;  /* into it so far */
    size_t withdrawn;
};

/* ---- properties ---- */

static bool same_word(const char *s, const char *lower)
{
    if (!s) return false;
    for (; *s && *lower; s++, lower++) {
        if ((*s >= 'A' && *s <= 'Z' ? *s + ('a' - 'A') : *s) != *lower) return false;
    }
    return *s == *lower;
}

/* The first property of that name; NULL: none. */
static const char *property(const struct jv *object, const char *name)
{
    const struct jv *props = jv_get(object, "props");
    for (size_t i = 0; props && props->type == JV_ARRAY && i < props->len; i++) {
        if (same_word(jv_get_str(props->items[i], "name"), name)) return jv_get_str(props->items[i], "value");
    }
    return NULL;
}

/* ---- parameters ---- */

static int collect_params(struct oscal *o, const struct jv *object);

static int collect_params_below(struct oscal *o, const struct jv *list)
{
    int rc = 0;
    for (size_t i = 0; list && list->type == JV_ARRAY && i < list->len && rc == 0; i++)
        rc = collect_params(o, list->items[i]);
    return rc;
}

static int collect_params(struct oscal *o, const struct jv *object)
{
    const struct jv *params = jv_get(object, "params");
    int rc = 0;
    for (size_t i = 0; params && params->type == JV_ARRAY && i < params->len && rc == 0; i++) {
        const char *id = jv_get_str(params->items[i], "id");
        if (id) rc = map_put(&o->params, id, (void *)params->items[i]);
    }
    if (rc == 0) rc = collect_params_below(o, jv_get(object, "controls"));
    if (rc == 0) rc = collect_params_below(o, jv_get(object, "groups"));
    return rc;
}

static void add_prose(struct oscal *o, const char *prose, int depth);

static void add_joined(struct oscal *o, const struct jv *list, int depth)
{
    for (size_t i = 0; i < list->len; i++) {
        const char *s = jv_str(list->items[i]);
        if (i) buf_adds(&o->text, "; ");
        if (s) add_prose(o, s, depth);
    }
}

static void add_param(struct oscal *o, const char *id, int depth)
{
    const struct jv *param = map_get(&o->params, id);
    const struct jv *values = jv_get(param, "values"), *choices = jv_get(jv_get(param, "select"), "choice");
    const char *label = jv_get_str(param, "label");
    if (++o->inserts > TEXT_MAX_INSERTS) return;
    if (depth >= INSERT_MAX_DEPTH) {
        buf_adds(&o->text, id); /* labels that name each other in a circle */
    } else if (label) {
        add_prose(o, label, depth + 1);
    } else if (values && values->type == JV_ARRAY && values->len) {
        add_joined(o, values, depth + 1);
    } else if (choices && choices->type == JV_ARRAY && choices->len) {
        add_joined(o, choices, depth + 1);
    } else {
        buf_adds(&o->text, id);
    }
}

static const char *pass_blanks(const char *s)
{
    return s + strspn(s, " \t\r\n");
}

static const char *pass_word(const char *s, const char *word)
{
    size_t len = strlen(word);
    return s && strncmp(pass_blanks(s), word, len) == 0 ? pass_blanks(s) + len : NULL;
}

/* At "{{ insert: param, <id> }}": the id, and what follows. NULL: something else. */
static const char *read_insert(const char *s, const char **id, size_t *id_len)
{
    s = pass_word(pass_word(pass_word(pass_word(s, "{{"), "insert:"), "param"), ",");
    if (!s) return NULL;
    *id = pass_blanks(s);
    *id_len = strcspn(*id, " \t\r\n}");
    return pass_word(*id + *id_len, "}}");
}

static void add_prose(struct oscal *o, const char *prose, int depth)
{
    while (*prose) {
        size_t id_len = 0, plain = strcspn(prose, "{");
        const char *id = NULL, *after;
        buf_add(&o->text, prose, plain);
        prose += plain;
        if (*prose == '\0') break;
        after = read_insert(prose, &id, &id_len);
        if (after) {
            const char *name = arena_strndup(&o->scratch, id, id_len);
            if (name) add_param(o, name, depth);
            prose = after;
        } else {
            buf_addc(&o->text, *prose++);
        }
    }
}

/* ---- guidance ---- */

/* A line a part: two spaces a level, its label, its prose. */
static void add_part(struct oscal *o, const struct jv *part, int level)
{
    const char *prose = jv_get_str(part, "prose"), *label = property(part, "label");
    const struct jv *parts = jv_get(part, "parts");
    if (prose) {
        if (o->text.len) buf_addc(&o->text, '\n');
        for (int i = 0; i < level; i++) buf_adds(&o->text, "  ");
        if (label) buf_addf(&o->text, "%s ", label);
        add_prose(o, pass_blanks(prose), 0);
    }
    for (size_t i = 0; parts && parts->type == JV_ARRAY && i < parts->len; i++)
        add_part(o, parts->items[i], prose ? level + 1 : level);
}

static void add_parts_named(struct oscal *o, const struct jv *object, const char *name)
{
    const struct jv *parts = jv_get(object, "parts");
    for (size_t i = 0; parts && parts->type == JV_ARRAY && i < parts->len; i++) {
        if (same_word(jv_get_str(parts->items[i], "name"), name)) add_part(o, parts->items[i], 0);
    }
}

/* What is in o->text, in the result's arena; o->text is empty again. */
static int take_text(struct oscal *o, const char **out)
{
    int rc = buf_error(&o->text);
    if (rc == 0 && o->inserts > TEXT_MAX_INSERTS)
        rc = err_set(ERR_INPUT, "more than %d parameters are inserted into one text", TEXT_MAX_INSERTS);
    if (rc == 0 && !(*out = arena_strndup(o->arena, buf_str(&o->text), o->text.len))) rc = ERR_ROAD;
    buf_clear(&o->text);
    o->inserts = 0;
    return rc;
}

static int read_guidance(struct oscal *o, const struct jv *object, const char **out)
{
    add_parts_named(o, object, "statement");
    add_parts_named(o, object, "guidance");
    return take_text(o, out);
}

/* ---- groups and controls ---- */

static int add_clause(
    struct oscal *o, const struct jv *object, const char *parent, bool group, const char **id)
{
    const char *name = jv_get_str(object, "id"), *title = jv_get_str(object, "title");
    struct clause c = {.parent = parent, .group = group, .max_level = CLAUSE_ANY_LEVEL, .methods = ""};
    if (!name && !group) return err_set(ERR_INPUT, "a control has no id");
    if (!title) return err_set(ERR_INPUT, "'%s' has no title", name ? name : T("a group"));
    c.id = name ? arena_strdup(o->arena, name) : arena_printf(o->arena, "group-%zu", o->list.groups + 1);
    if (!c.id) return ERR_ROAD;
    add_prose(o, title, 0);
    int rc = take_text(o, &c.title_en);
    if (rc == 0) rc = read_guidance(o, object, &c.guidance);
    if (rc) return rc;
    c.title_zh = c.title_en;
    *id = c.id;
    return clause_list_add(&o->list, &c);
}

static int walk(struct oscal *o, const struct jv *object, const char *parent);

static int walk_list(struct oscal *o, const struct jv *list, const char *parent, bool group)
{
    int rc = 0;
    if (list && list->type != JV_ARRAY) return err_set(ERR_INPUT, "groups and controls must be lists");
    for (size_t i = 0; list && i < list->len && rc == 0; i++) {
        const char *id = parent; /* what is nested in a withdrawn control moves up */
        if (!group && same_word(property(list->items[i], "status"), "withdrawn"))
            o->withdrawn++;
        else
            rc = add_clause(o, list->items[i], parent, group, &id);
        if (rc == 0) rc = walk(o, list->items[i], id);
    }
    return rc;
}

static int walk(struct oscal *o, const struct jv *object, const char *parent)
{
    int rc = walk_list(o, jv_get(object, "controls"), parent, false);
    return rc ? rc : walk_list(o, jv_get(object, "groups"), parent, true);
}

static int read_catalog(struct oscal *o, struct catalogue *out, const struct jv *document)
{
    const struct jv *catalog = jv_get(document, "catalog");
    const char *title = jv_get_str(jv_get(catalog, "metadata"), "title");
    if (!catalog || catalog->type != JV_OBJECT || !title)
        return err_set(
            ERR_INPUT, "not an OSCAL catalogue: it needs 'catalog' with 'metadata' and its 'title'");
    int rc = collect_params(o, catalog);
    if (rc == 0) rc = walk(o, catalog, NULL);
    if (rc == 0) rc = clause_list_end(out, &o->list);
    return rc;
}

int catalogue_from_oscal(
    struct catalogue *out, struct arena *a, const void *bytes, size_t len, size_t *withdrawn)
{
    struct oscal o = {.arena = a};
    const struct jv *document = NULL;
    struct catalogue found;
    arena_init(&o.scratch);
    map_init(&o.params);
    clause_list_init(&o.list, a);
    buf_init(&o.text, TEXT_MAX_BYTES);
    int rc = json_parse(&document, &o.scratch, bytes, len, OSCAL_MAX_DEPTH, JSON_FLOATS_TO_STRING);
    if (rc == 0) rc = read_catalog(&o, &found, document);
    if (rc == 0) {
        found.title = arena_strdup(a, jv_get_str(jv_get(jv_get(document, "catalog"), "metadata"), "title"));
        if (!found.title) rc = ERR_ROAD;
    }
    if (rc == 0) {
        *out = found;
        *withdrawn = o.withdrawn;
    }
    buf_release(&o.text);
    clause_list_release(&o.list);
    map_release(&o.params);
    arena_release(&o.scratch);
    return rc;
}
