/* import: a clause catalogue, or a whole scheme from its folder, into the register. */
#include "cli.h"

#include <string.h>

#include "satchel/base/os.h"
#include "satchel/scheme/catalogue.h"

#define SCHEME_FILE "scheme.json"

/* ---- catalogues ---- */

#define CATALOGUE_MAX_BYTES ((size_t)64 << 20)

static bool looks_like_json(const struct buf *b)
{
    size_t i = strspn(buf_str(b), " \t\r\n\xef\xbb\xbf");
    return buf_str(b)[i] == '{';
}

static int import_record(struct cli *c, const struct catalogue *catalogue, const char **id)
{
    struct store_tx *tx;
    struct jv *set = jv_object(&c->arena);
    const char *name = cli_option(c, "name");
    if (!name) name = *catalogue->title ? catalogue->title : path_name(c->args[0]);
    int r = jv_put_str(&c->arena, set, "name", name);
    if (!r) r = jv_put(&c->arena, set, "sample", jv_bool(&c->arena, catalogue->sample));
    if (!r) r = jv_put(&c->arena, set, "clauses", catalogue_json(&c->arena, catalogue));
    if (!r) r = store_begin(&tx, c->session->store);
    if (r) return r;
    struct change change = {.kind = CHANGE_NEW, .type = "catalogue", .case_name = REGISTER_CASE, .set = set};
    r = store_change(tx, &change, id);
    if (!r) return store_commit(tx);
    store_rollback(tx);
    return r;
}

static int import_catalogue(struct cli *c)
{
    struct catalogue catalogue;
    struct buf b;
    size_t withdrawn = 0;
    const char *id;
    buf_init(&b, CATALOGUE_MAX_BYTES);
    int r = file_read(c->args[0], &b);
    if (!r && looks_like_json(&b))
        r = catalogue_from_oscal(&catalogue, &c->arena, b.data, b.len, &withdrawn);
    else if (!r)
        r = catalogue_from_csv(&catalogue, &c->arena, b.data, b.len);
    buf_release(&b);
    if (r) return err_within(r, "%s", c->args[0]);
    r = import_record(c, &catalogue, &id);
    if (r) return r;
    struct jv *o = jv_object(&c->arena);
    r = jv_put_str(&c->arena, o, "id", id);
    if (!r) r = jv_put_int(&c->arena, o, "groups", (int64_t)catalogue.groups);
    if (!r) r = jv_put_int(&c->arena, o, "clauses", (int64_t)(catalogue.len - catalogue.groups));
    if (!r) r = jv_put_int(&c->arena, o, "withdrawn", (int64_t)withdrawn);
    c->result = o;
    if (r || c->json) return r;
    fprintf(c->out, T("%s: %zu groups, %zu clauses, %zu withdrawn ones left out"), id, catalogue.groups,
        catalogue.len - catalogue.groups, withdrawn);
    fprintf(c->out, "\n");
    return 0;
}

/* ---- schemes ---- */

/* The folder that the argument means; NULL: it means a file of its own. */
static const char *scheme_folder(struct cli *c)
{
    struct file_info info;
    const char *path = c->args[0], *name = path_name(path);
    if (os_stat(&info, path) == 0 && info.is_folder) return path;
    err_clear();
    if (strcmp(name, SCHEME_FILE) != 0) return NULL;
    return name == path ? "." : arena_strndup(&c->arena, path, (size_t)(name - path));
}

static int refuse_published(struct cli *c, const struct scheme *scheme)
{
    size_t len;
    const struct scheme *const *list = schemes_list(c->session->schemes, &len);
    for (size_t i = 0; i < len; i++)
        if (list[i]->link && strcmp(list[i]->hash, scheme->hash) == 0)
            return err_set(ERR_INPUT, "this version of '%s' is published already: '%s'", scheme->name, list[i]->link);
    return 0;
}

struct published {
    const char *scheme, *catalogue; /* record ids */
};

static int publish_both(struct cli *c, struct store_tx *tx, const struct scheme_source *source, struct published *out)
{
    struct change change = {.kind = CHANGE_NEW, .type = "catalogue", .case_name = REGISTER_CASE, .set = source->catalogue};
    int r = store_change(tx, &change, &out->catalogue);
    if (r) return r;
    const char *link = arena_printf(&c->arena, REGISTER_CASE ":%s", out->catalogue);
    if (!link) return ERR_ROAD;
    r = jv_put_str(&c->arena, source->record, "catalogue", link);
    change.type = "scheme";
    change.set = source->record;
    return r ? r : store_change(tx, &change, &out->scheme);
}

static int publish(struct cli *c, const struct scheme_source *source, struct published *out)
{
    struct store_tx *tx;
    int r = store_begin(&tx, c->session->store);
    if (!r) r = schemes_refresh(c->session->schemes, store_fold(c->session->store)); /* others may have published since */
    if (r) return r;
    r = refuse_published(c, &source->scheme);
    if (!r) r = publish_both(c, tx, source, out);
    if (!r) return store_commit(tx);
    store_rollback(tx);
    return r;
}

static int report_scheme(struct cli *c, const struct scheme *s, const struct published *ids)
{
    struct jv *o = jv_object(&c->arena);
    size_t clauses = s->catalogue.len - s->catalogue.groups;
    int r = jv_put_str(&c->arena, o, "id", ids->scheme);
    if (!r) r = jv_put_str(&c->arena, o, "catalogue", ids->catalogue);
    if (!r) r = jv_put_str(&c->arena, o, "name", s->name);
    if (!r) r = jv_put_str(&c->arena, o, "version", s->version);
    if (!r) r = jv_put_str(&c->arena, o, "hash", s->hash);
    if (!r) r = jv_put_int(&c->arena, o, "forms", (int64_t)s->forms_len);
    if (!r) r = jv_put_int(&c->arena, o, "groups", (int64_t)s->catalogue.groups);
    if (!r) r = jv_put_int(&c->arena, o, "clauses", (int64_t)clauses);
    c->result = o;
    if (r || c->json) return r;
    fprintf(c->out, "%s\n", ids->scheme);
    fprintf(c->out, T("  %s, version %s: %zu forms, %zu groups, %zu clauses (%s)"), s->name, shown(c, s->version), s->forms_len,
        s->catalogue.groups, clauses, ids->catalogue);
    fprintf(c->out, "\n  %s\n", s->hash);
    return 0;
}

static int import_scheme(struct cli *c, const char *folder)
{
    struct scheme_source source;
    struct published ids;
    if (cli_option(c, "name")) return err_set(ERR_USAGE, "'--name' is for a catalogue; a scheme brings its own name along");
    int r = scheme_read_folder(&source, &c->arena, folder);
    if (!r) r = publish(c, &source, &ids);
    return r ? r : report_scheme(c, &source.scheme, &ids);
}

int cmd_import(struct cli *c)
{
    int r = session_store(c->session);
    if (r) return r;
    const char *folder = scheme_folder(c);
    return folder ? import_scheme(c, folder) : import_catalogue(c);
}
