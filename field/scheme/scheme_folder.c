/* A scheme as a folder of somebody's disk: read to be published, written to be changed. */
#include "scheme_parts.h"

#include <stdio.h>
#include <string.h>

#include "satchel/base/os.h"
#include "satchel/base/text.h"
#include "satchel/scheme/embedded.h"

/* An entry has members of its own beside the fields. */
#define ENTRY_ROOM ((size_t)4 << 10)

/* ---- reading ---- */

static int read_file(const struct scheme_files *f, const char *name, struct buf *out)
{
    struct arena a;
    arena_init(&a);
    const char *path = path_join(&a, f->folder, name);
    int rc = path ? file_read(path, out) : ERR_ROAD;
    arena_release(&a);
    return rc;
}

static int list_folder(
    const struct scheme_files *f, const char *subfolder, struct arena *a, const char ***names, size_t *len)
{
    const char *path = path_join(a, f->folder, subfolder);
    *names = NULL;
    *len = 0;
    if (!path) return ERR_ROAD;
    return os_exists(path) ? os_list(names, len, a, path) : 0;
}

/* "form.<type>.<16 hex>" */
static int put_forms(struct jv *record, struct arena *a, const struct scheme *s, const struct forms *forms)
{
    int rc = 0;
    for (size_t i = 0; i < s->forms_len && !rc; i++) {
        const struct form *form = forms_find(forms, s->forms[i]);
        const char *name = arena_printf(a, "form.%s.%s", form->type, strchr(form->id, '@') + 1);
        struct jv *json = jv_copy(a, form->json);
        rc = name && json ? jv_put(a, record, name, json) : ERR_ROAD;
    }
    return rc;
}

static int fill_record(struct scheme_source *out, struct arena *a, const struct forms *forms)
{
    const struct scheme *s = &out->scheme;
    struct jv *o = jv_object(a);
    int rc = jv_put_str(a, o, "name", s->name);
    if (!rc) rc = jv_put_str(a, o, "title", label_text(&s->title));
    if (!rc) rc = jv_put_str(a, o, "version", s->version);
    if (!rc) rc = jv_put_str(a, o, "hash", s->hash);
    if (!rc) rc = jv_put_str(a, o, "standard", s->standard);
    if (!rc) rc = jv_put(a, o, "sample", jv_bool(a, s->sample));
    if (!rc) rc = jv_put(a, o, "definition", s->json);
    if (!rc) rc = put_forms(o, a, s, forms);
    out->record = o;
    return rc;
}

static int fill_catalogue(struct scheme_source *out, struct arena *a)
{
    const struct scheme *s = &out->scheme;
    struct jv *o = jv_object(a);
    int rc = jv_put_str(a, o, "name", s->catalogue.title);
    if (!rc) rc = jv_put_str(a, o, "version", s->version);
    if (!rc) rc = jv_put_str(a, o, "standard", s->standard);
    if (!rc) rc = jv_put_str(a, o, "source", jv_get_str(s->json, "catalogue"));
    if (!rc) rc = jv_put(a, o, "sample", jv_bool(a, s->sample));
    if (!rc) rc = jv_put(a, o, "clauses", catalogue_json(a, &s->catalogue));
    out->catalogue = o;
    return rc;
}

static int check_size(const struct jv *fields, const char *what)
{
    struct buf b;
    buf_init(&b, BUF_UNLIMITED);
    json_write(&b, fields);
    size_t len = b.len;
    int rc = buf_error(&b);
    buf_release(&b);
    if (rc || len <= ENTRY_MAX_BYTES - ENTRY_ROOM) return rc;
    return err_set(ERR_INPUT,
        "%s: %zu bytes are more than one entry of the register holds (%zu); make it smaller", what, len,
        ENTRY_MAX_BYTES - ENTRY_ROOM);
}

static int read_source(
    struct scheme_source *out, struct arena *a, const struct scheme_files *f, struct forms *forms)
{
    struct scheme_content content;
    int rc = scheme_files_read(&content, a, f);
    if (!rc) rc = scheme_read(&out->scheme, a, &content, forms, false);
    if (!rc) rc = fill_record(out, a, forms);
    if (!rc) rc = fill_catalogue(out, a);
    if (!rc) rc = check_size(out->record, T("the scheme with its forms"));
    if (!rc) rc = check_size(out->catalogue, T("the catalogue"));
    return rc;
}

/* What ships says which forms there are already. */
int scheme_read_folder(struct scheme_source *out, struct arena *a, const char *folder)
{
    struct scheme_source source = {0};
    const struct scheme_files files = {folder, read_file, list_folder};
    struct forms *forms = NULL;
    struct schemes *shipped = NULL;
    int rc = forms_new(&forms);
    if (!rc) rc = schemes_new(&shipped, forms);
    if (!rc) {
        rc = read_source(&source, a, &files, forms);
        if (rc) err_within(rc, "%s", folder);
    }
    schemes_free(shipped);
    forms_free(forms);
    if (!rc) *out = source;
    return rc;
}

/* ---- writing ---- */

static int refuse_taken(const char *folder)
{
    struct arena a;
    const char **names = NULL;
    size_t len = 0;
    if (!os_exists(folder)) return 0;
    arena_init(&a);
    int rc = os_list(&names, &len, &a, folder);
    if (!rc && len) rc = err_set(ERR_INPUT, "'%s' is not empty; name a folder that is not there yet", folder);
    arena_release(&a);
    return rc;
}

static int write_file(struct arena *a, const char *folder, const struct embedded *file, size_t prefix)
{
    const char *path = path_join(a, folder, file->name + prefix);
    return path ? file_write(path, file->data, file->size) : ERR_ROAD;
}

int scheme_write_folder(const struct scheme *s, const char *folder)
{
    struct arena a;
    if (s->link)
        return err_set(ERR_INPUT, "'%s' is of the register; only what ships is written as a folder", s->name);
    int rc = refuse_taken(folder);
    if (rc) return rc;
    arena_init(&a);
    const char *types = path_join(&a, folder, SCHEME_TYPES), *inside = arena_printf(&a, "%s/", s->name);
    rc = types && inside ? os_make_folder(types) : ERR_ROAD;
    for (size_t i = 0; i < embedded_files_len && !rc; i++) {
        size_t prefix = strlen(inside);
        if (strncmp(embedded_files[i].name, inside, prefix) == 0)
            rc = write_file(&a, folder, &embedded_files[i], prefix);
    }
    arena_release(&a);
    return rc;
}
