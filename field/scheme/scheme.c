/* A scheme as data: parameters, labels, forms and the catalogue of forms/<name>/. */
#include "satchel/scheme/scheme.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "satchel/scheme/embedded.h"

enum { SCHEME_MAX_DEPTH = 16, PATH_MAX_BYTES = 256 };

static const struct embedded *find_file(const struct scheme *s, const char *file)
{
    char path[PATH_MAX_BYTES];
    snprintf(path, sizeof path, "%s/%s", s->name, file);
    const struct embedded *found = embedded_find(path);
    if (!found) err_set(ERR_MISSING, "scheme '%s' has no file '%s'", s->name, file);
    return found;
}

static int read_head(struct scheme *s)
{
    const struct embedded *file = find_file(s, "scheme.json");
    if (!file) return ERR_MISSING;
    int rc = json_parse(&s->json, &s->arena, file->data, file->size, SCHEME_MAX_DEPTH, JSON_STRICT);
    if (rc) return rc;
    const struct jv *title = jv_get(s->json, "title");
    const char *name = jv_get_str(s->json, "name");
    s->title = (struct label){jv_get_str(title, "en"), jv_get_str(title, "zh")};
    s->sample = jv_get_bool(s->json, "sample");
    if (!name || strcmp(name, s->name) != 0 || !s->title.en || !s->title.zh)
        return err_set(ERR_INPUT, "scheme.json needs its folder's name and a title in both languages");
    return 0;
}

static int add_forms(const struct scheme *s, struct forms *forms)
{
    char folder[PATH_MAX_BYTES];
    int rc = 0, len = snprintf(folder, sizeof folder, "%s/types/", s->name);
    for (size_t i = 0; i < embedded_files_len && rc == 0; i++) {
        const struct embedded *file = &embedded_files[i];
        if (strncmp(file->name, folder, (size_t)len) != 0) continue;
        rc = forms_add(forms, file->data, file->size, true);
        if (rc) err_within(rc, "%s", file->name);
    }
    return rc;
}

int scheme_load_embedded(struct scheme *out, struct forms *forms, const char *name)
{
    struct scheme s = {0};
    arena_init(&s.arena);
    s.name = arena_strdup(&s.arena, name);
    int rc = s.name ? read_head(&s) : ERR_ROAD;
    if (rc == 0) rc = add_forms(&s, forms);
    if (rc) {
        if (rc == ERR_INPUT) rc = err_within(ERR_DAMAGED, "scheme '%s'", name);
        arena_release(&s.arena);
        return rc;
    }
    *out = s;
    return 0;
}

void scheme_release(struct scheme *s)
{
    arena_release(&s->arena);
    *s = (struct scheme){0};
}

int scheme_parameter(const struct scheme *s, const char *name, int64_t *out)
{
    const struct jv *v = jv_get(jv_get(s->json, "parameters"), name);
    if (!v || v->type != JV_INT)
        return err_set(ERR_INPUT, "scheme '%s' has no parameter '%s'", s->name, name);
    *out = v->integer;
    return 0;
}

int scheme_catalogue(struct catalogue *out, struct arena *a, const struct scheme *s)
{
    const char *name = jv_get_str(s->json, "catalogue");
    const struct jv *title = jv_get(s->json, "catalogue_title");
    const struct label label = {jv_get_str(title, "en"), jv_get_str(title, "zh")};
    const struct embedded *file = find_file(s, name ? name : "catalogue.csv");
    struct catalogue c;
    if (!file) return ERR_MISSING;
    int rc = catalogue_from_csv(&c, a, file->data, file->size);
    if (rc) return err_within(rc, "%s", file->name);
    c.sample = s->sample;
    c.title = arena_strdup(a, label.en && label.zh ? label_text(&label) : s->name);
    if (!c.title) return ERR_ROAD;
    *out = c;
    return 0;
}
