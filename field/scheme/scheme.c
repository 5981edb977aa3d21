/* The schemes that are known: those that ship with the program, then those that the register publishes, each
 * read once for as long as what its record holds stays the same. */
#include "satchel/scheme/scheme.h"

#include <stdlib.h>
#include <string.h>

#include "satchel/base/map.h"
#include "satchel/base/text.h"
#include "satchel/format/names.h"
#include "satchel/scheme/embedded.h"
#include "scheme_parts.h"

#define FIRST "bjcsa-02-2022"
#define REGISTER_LINK REGISTER_CASE ":"

/* A record of the register: a scheme, or a catalogue. */
struct published {
    const char *link;
    const struct jv *source;    /* what it was read from */
    const char *problem;        /* NULL: it reads */
    struct scheme scheme;       /* of a scheme */
    struct catalogue catalogue; /* of a catalogue */
};

struct schemes {
    struct arena arena;
    struct forms *forms;
    struct map published; /* struct published by link */
    const struct scheme **list;
    size_t list_len, list_cap, shipped_len;
    const struct fold
        *fold; /* whose register was read, and at which version; a store folds anew after a rollback */
    uint64_t version;
};

/* ---- those that ship ---- */

static int add_to_list(struct schemes *s, const struct scheme *scheme)
{
    if (s->list_len == s->list_cap) {
        size_t cap = s->list_cap ? 2 * s->list_cap : 8;
        const struct scheme **larger = realloc(s->list, cap * sizeof *larger);
        if (!larger) return err_memory();
        s->list = larger;
        s->list_cap = cap;
    }
    s->list[s->list_len++] = scheme;
    return 0;
}

static int read_shipped(struct schemes *s, struct scheme *out, const char *folder)
{
    struct scheme_content content;
    struct scheme_files files = scheme_files_embedded;
    files.folder = folder;
    int rc = scheme_files_read(&content, &s->arena, &files);
    if (!rc) rc = scheme_read(out, &s->arena, &content, s->forms, s->list_len == 0);
    if (!rc && strcmp(out->name, folder) != 0)
        rc = err_set(ERR_INPUT, "scheme.json names another scheme, '%s'", out->name);
    return rc;
}

static int add_shipped(struct schemes *s, const char *folder)
{
    struct scheme *scheme = arena_alloc(&s->arena, sizeof *scheme);
    if (!scheme) return ERR_ROAD;
    int rc = read_shipped(s, scheme, folder);
    if (rc) return err_within(rc == ERR_INPUT ? ERR_DAMAGED : rc, "scheme '%s'", folder);
    return add_to_list(s, scheme);
}

/* Every folder below forms/ that has a scheme.json. */
static int add_all_shipped(struct schemes *s)
{
    int rc = add_shipped(s, FIRST);
    for (size_t i = 0; i < embedded_files_len && !rc; i++) {
        const char *name = embedded_files[i].name, *slash = strchr(name, '/');
        if (!slash || strcmp(slash + 1, SCHEME_FILE) != 0) continue;
        const char *folder = arena_strndup(&s->arena, name, (size_t)(slash - name));
        if (!folder) return ERR_ROAD;
        if (strcmp(folder, FIRST) != 0) rc = add_shipped(s, folder);
    }
    s->shipped_len = s->list_len;
    return rc;
}

int schemes_new(struct schemes **out, struct forms *forms)
{
    struct schemes *s = calloc(1, sizeof *s);
    if (!s) return err_memory();
    arena_init(&s->arena);
    map_init(&s->published);
    s->forms = forms;
    int rc = add_all_shipped(s);
    if (rc)
        schemes_free(s);
    else
        *out = s;
    return rc;
}

void schemes_free(struct schemes *s)
{
    if (!s) return;
    map_release(&s->published);
    free(s->list);
    arena_release(&s->arena);
    free(s);
}

/* ---- those of the register ---- */

static const char *link_of(struct arena *a, const char *id)
{
    return arena_printf(a, REGISTER_LINK "%s", id);
}

/* Links within the register may leave the prefix out. */
static const char *without_register(const char *link)
{
    size_t len = strlen(REGISTER_LINK);
    return strncmp(link, REGISTER_LINK, len) == 0 ? link + len : link;
}

static const struct published *find(const struct map *published, const char *link)
{
    const char *id = without_register(link);
    return map_get(published, id);
}

static int read_catalogue(struct published *p, struct arena *a, const struct jv *source)
{
    int rc = source->type == JV_OBJECT && jv_get(source, "clauses")
                 ? catalogue_from_json(&p->catalogue, a, jv_get(source, "clauses"))
                 : err_set(ERR_INPUT, "it has no clauses");
    const char *name = jv_get_str(source, "name");
    if (!rc && name && !*p->catalogue.title) p->catalogue.title = name;
    return rc;
}

static int read_scheme(struct schemes *s, struct published *p)
{
    struct scheme_content content;
    const char *hash = jv_get_str(p->source, "hash");
    int rc = scheme_record_content(&content, &s->arena, p->source);
    if (!rc) rc = scheme_read(&p->scheme, &s->arena, &content, s->forms, false);
    if (!rc && (!hash || strcmp(hash, p->scheme.hash) != 0))
        rc = err_set(ERR_INPUT, "what it holds is not what its hash names");
    p->scheme.link = p->link;
    return rc;
}

/* Takes a record in. `source`: what it holds now. What was read from the same before is kept as it is. */
static int take(struct schemes *s, struct map *now, const struct fold_record *r, const struct jv *source)
{
    bool is_scheme = strcmp(r->type, "scheme") == 0;
    struct published *p = map_get(&s->published, r->id);
    if (!source) return ERR_ROAD;
    if (!p || !jv_equal(p->source, source)) {
        p = arena_alloc(&s->arena, sizeof *p);
        if (!p || !(p->link = link_of(&s->arena, r->id)) || !(p->source = jv_copy(&s->arena, source)))
            return ERR_ROAD;
        int rc = is_scheme ? read_scheme(s, p) : read_catalogue(p, &s->arena, p->source);
        if (rc && rc != ERR_INPUT) return rc;
        if (rc && !(p->problem = arena_strdup(&s->arena, err_message()))) return ERR_ROAD;
        err_clear();
    }
    p->scheme.voided = r->void_state == VOID;
    if (is_scheme && !p->problem && add_to_list(s, &p->scheme)) return ERR_ROAD;
    return map_put(now, without_register(p->link), p);
}

static struct jv *catalogue_source(struct arena *a, const struct fold_record *r)
{
    struct jv *o = jv_object(a);
    const struct jv *clauses = record_value(r, "clauses"), *name = record_value(r, "name");
    int rc = clauses ? jv_put(a, o, "clauses", clauses) : 0;
    if (!rc && name) rc = jv_put(a, o, "name", name);
    return rc ? NULL : o;
}

static struct jv *scheme_source(struct arena *a, const struct map *now, const struct fold_record *r)
{
    const char *link = record_str(r, "catalogue");
    const struct published *catalogue = link ? find(now, link) : NULL;
    return scheme_record_source(a, r, catalogue ? jv_get(catalogue->source, "clauses") : NULL);
}

struct records {
    const struct fold_record *const *items;
    size_t len;
};

static int take_all(struct schemes *s, struct map *now, const struct records *records, const char *type)
{
    int rc = 0;
    for (size_t i = 0; i < records->len && !rc; i++) {
        const struct fold_record *r = records->items[i];
        struct arena a;
        if (strcmp(r->type, type) != 0 || !r->applied) continue;
        arena_init(&a);
        rc = take(
            s, now, r, strcmp(type, "scheme") == 0 ? scheme_source(&a, now, r) : catalogue_source(&a, r));
        arena_release(&a);
    }
    return rc;
}

int schemes_refresh(struct schemes *s, struct fold *f)
{
    uint64_t version = fold_case_version(f, REGISTER_CASE);
    struct records records;
    struct map now;
    if (s->fold == f && s->version == version) return 0;
    int rc = fold_records(f, REGISTER_CASE, &records.items, &records.len);
    if (rc) return rc;
    map_init(&now);
    s->list_len = s->shipped_len;
    rc = take_all(s, &now, &records, "catalogue");
    if (!rc) rc = take_all(s, &now, &records, "scheme");
    map_release(&s->published);
    s->published = now;
    s->fold = rc ? NULL : f;
    s->version = version;
    return rc;
}

/* ---- asking ---- */

const struct scheme *schemes_get(const struct schemes *s, const char *link)
{
    if (!link) return s->list[0];
    const struct published *p = find(&s->published, link);
    return p && !p->problem && p->scheme.link ? &p->scheme : NULL;
}

const struct catalogue *schemes_catalogue(const struct schemes *s, const char *link)
{
    const struct published *p = link ? find(&s->published, link) : NULL;
    return p && !p->problem && !p->scheme.link ? &p->catalogue : NULL;
}

const struct scheme *const *schemes_list(const struct schemes *s, size_t *len)
{
    *len = s->list_len;
    return s->list;
}

const char *schemes_problem(const struct schemes *s, const char *link)
{
    const struct published *p = link ? find(&s->published, link) : NULL;
    if (!link || p) return p ? p->problem : NULL;
    return T("the register has no such record");
}

const struct form *scheme_form(const struct schemes *s, const struct scheme *scheme, const char *type)
{
    size_t len = strlen(type);
    for (size_t i = 0; scheme && i < scheme->forms_len; i++)
        if (strncmp(scheme->forms[i], type, len) == 0 && scheme->forms[i][len] == '@')
            return forms_find(s->forms, scheme->forms[i]);
    return forms_current(s->forms, type);
}
