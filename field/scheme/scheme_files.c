/* A scheme as files: scheme.json, the catalogue that it names, types/<type>.json. The files are those that
 * are embedded, or those of a folder (scheme_folder.c). */
#include "scheme_parts.h"

#include <stdio.h>
#include <string.h>

#include "satchel/scheme/embedded.h"

#define FILE_MAX_BYTES ((size_t)64 << 20)
#define JSON_END ".json"

static int read_json(const struct jv **out, struct arena *a, const struct scheme_files *f, const char *name)
{
    struct buf b;
    buf_init(&b, FILE_MAX_BYTES);
    int rc = f->read(f, name, &b);
    if (!rc) {
        rc = json_parse(out, a, b.data, b.len, SCHEME_MAX_DEPTH, JSON_STRICT);
        if (rc) err_within(rc, "%s", name);
    }
    buf_release(&b);
    return rc;
}

/* A file of this folder, and no other. */
static bool plain_name(const char *s)
{
    return s && *s && *s != '.' && !strpbrk(s, "/\\:");
}

static int read_csv(struct scheme_content *c, struct arena *a, const struct scheme_files *f)
{
    struct buf b;
    const char *name = jv_get_str(c->json, "catalogue");
    if (!plain_name(name))
        return err_set(ERR_INPUT, "%s: \"catalogue\" must name a file beside it", SCHEME_FILE);
    buf_init(&b, FILE_MAX_BYTES);
    int rc = f->read(f, name, &b);
    if (!rc) {
        rc = catalogue_from_csv(&c->catalogue, a, b.data, b.len);
        if (rc) err_within(rc, "%s", name);
    }
    buf_release(&b);
    return rc;
}

/* The length of the type that a file of types/ is for; 0: it is for none. */
static size_t type_len(const char *file)
{
    size_t len = strlen(file), end = strlen(JSON_END);
    return len > end && *file != '.' && strcmp(file + len - end, JSON_END) == 0 ? len - end : 0;
}

static int read_form(
    struct scheme_content *c, struct arena *a, const struct scheme_files *f, const char *file)
{
    size_t len = type_len(file);
    const char *name = arena_printf(a, "%s/%s", SCHEME_TYPES, file);
    const struct jv *json;
    int rc = name ? read_json(&json, a, f, name) : ERR_ROAD;
    if (rc) return rc;
    const char *type = jv_get_str(json, "form");
    if (!type || strlen(type) != len || memcmp(type, file, len) != 0)
        return err_set(ERR_INPUT, "%s: \"form\" must be the type that the file is named after", name);
    c->forms[c->forms_len++] = json;
    return 0;
}

int scheme_files_read(struct scheme_content *out, struct arena *a, const struct scheme_files *f)
{
    struct scheme_content c = {0};
    const char **names = NULL;
    size_t len = 0;
    int rc = read_json(&c.json, a, f, SCHEME_FILE);
    if (!rc) rc = read_csv(&c, a, f);
    if (!rc) rc = f->list(f, SCHEME_TYPES, a, &names, &len);
    if (!rc && !(c.forms = arena_alloc(a, (len + 1) * sizeof *c.forms))) rc = ERR_ROAD;
    for (size_t i = 0; i < len && !rc; i++)
        if (type_len(names[i])) rc = read_form(&c, a, f, names[i]);
    if (!rc) *out = c;
    return rc;
}

/* ---- files that are embedded ---- */

#define NAME_MAX_BYTES 512

static int read_embedded(const struct scheme_files *f, const char *name, struct buf *out)
{
    char path[NAME_MAX_BYTES];
    snprintf(path, sizeof path, "%s/%s", f->folder, name);
    const struct embedded *found = embedded_find(path);
    if (!found) return err_set(ERR_MISSING, "scheme '%s' has no file '%s'", f->folder, name);
    buf_add(out, found->data, found->size);
    return buf_error(out);
}

static int list_embedded(
    const struct scheme_files *f, const char *subfolder, struct arena *a, const char ***names, size_t *len)
{
    char path[NAME_MAX_BYTES];
    size_t n = 0, prefix = (size_t)snprintf(path, sizeof path, "%s/%s/", f->folder, subfolder);
    const char **list = arena_alloc(a, (embedded_files_len + 1) * sizeof *list);
    if (!list) return ERR_ROAD;
    for (size_t i = 0; i < embedded_files_len; i++)
        if (strncmp(embedded_files[i].name, path, prefix) == 0) list[n++] = embedded_files[i].name + prefix;
    *names = list;
    *len = n;
    return 0;
}

const struct scheme_files scheme_files_embedded = {.read = read_embedded, .list = list_embedded};
