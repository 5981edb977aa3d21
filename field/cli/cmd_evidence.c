/* attach, extract, free: evidence in, out, and off this machine. */
#include "cli.h"

#include <string.h>

#include "satchel/base/os.h"

static int put_option(struct cli *c, struct jv *o, const char *option)
{
    const char *value = cli_option(c, option);
    return value ? jv_put_str(&c->arena, o, option, value) : 0;
}

/* Looked at before the first is taken in, so that a slip of the pen saves nothing. */
static int check_files(struct cli *c)
{
    for (int i = 0; i < c->args_len; i++) {
        struct file_info info;
        int r = os_stat(&info, c->args[i]);
        if (!r && !info.is_file) r = err_set(ERR_INPUT, "'%s' is not a file; pack a folder into one first", c->args[i]);
        if (r) return r;
    }
    return 0;
}

/* A transaction of its own for each file: a long video does not keep others from saving. */
static int attach_one(struct cli *c, const char *path, const char *of, const struct change *with, const char **id)
{
    struct store_tx *tx;
    struct bar bar;
    int r = store_begin(&tx, c->session->store);
    if (r) return r;
    struct progress *p = bar_start(&bar, shown(c, path_name(path)));
    r = store_attach(tx, path, of, with, p, id);
    bar_end(&bar);
    if (!r) return store_commit(tx);
    store_rollback(tx);
    return r;
}

int cmd_attach(struct cli *c)
{
    const struct fold_record *of;
    struct jv *ids = jv_array(&c->arena), *extra = jv_object(&c->arena);
    const char *to = cli_option(c, "to");
    if (!to) return err_set(ERR_USAGE, "say which record the evidence belongs to: --to RECORD");
    int r = check_files(c);
    if (!r) r = put_option(c, extra, "title");
    if (!r) r = put_option(c, extra, "captured");
    if (!r) r = session_record(c, to, NULL, &of);
    struct change with = {.set = extra, .why = cli_option(c, "why")};
    if (!r && !(with.form = session_case_form(c->session, of->case_name, "evidence"))) r = ERR_INPUT;
    const char *record = r ? NULL : arena_strdup(&c->arena, of->id);
    for (int i = 0; i < c->args_len && !r; i++) {
        const char *id;
        r = attach_one(c, c->args[i], record, &with, &id);
        if (r) return i ? err_within(r, "%d files before it are saved", i) : r;
        r = jv_push(&c->arena, ids, jv_string(&c->arena, id));
        if (!c->json) fprintf(c->out, "%s\n", id);
        fflush(c->out);
    }
    c->result = ids;
    return r;
}

/* Bytes that are elsewhere come with the next syncs once they have been asked for: exchange.c reads "want.<hash>". */
static int ask_for(struct cli *c, const char *sha256, const char *id)
{
    const char *setting = arena_printf(&c->arena, "want.%s", sha256);
    int r = setting ? store_set_setting(c->session->store, setting, "1") : err_memory();
    if (r) return r;
    return err_set(ERR_MISSING, "the bytes of '%s' are not in this store; they are asked for now and come by the next syncs", id);
}

/* From the hub where one answers over a network; else it is asked for. */
static int bring_or_ask(struct cli *c, const struct fold_record *record, const char *sha256)
{
    int r = link_bring(c, record, sha256);
    if (r != ERR_ROAD && r != ERR_MISSING) return r;
    const char *why = r == ERR_ROAD ? arena_strdup(&c->arena, err_message()) : NULL;
    int asked = ask_for(c, sha256, record->id);
    return why && asked == ERR_MISSING ? err_within(ERR_ROAD, "%s", why) : asked;
}

/* As it was taken in: an entry that names other bytes later does not make it other evidence. */
static const char *hash_of(const struct fold_record *record)
{
    const struct entry_field *f = record->created ? entry_field(record->created->entry, "sha256") : NULL;
    const char *sha256 = f && strcmp(record->type, "evidence") == 0 ? jv_str(f->value) : NULL;
    return sha256 && is_sha256_hex(sha256) ? sha256 : NULL;
}

int cmd_extract(struct cli *c)
{
    struct evidence_state state;
    const struct fold_record *record;
    struct bar bar;
    const char *path = cli_option(c, "output");
    bool bring = cli_flag(c, "bring");
    if (!path && !bring) return err_set(ERR_USAGE, "say where to write the original: -o FILE");
    int r = session_record(c, c->args[0], NULL, &record);
    if (r) return r;
    const char *sha256 = hash_of(record);
    if (!sha256) return err_set(ERR_INPUT, "'%s' is not a piece of evidence", record->id);
    r = store_evidence_state(c->session->store, record->case_name, sha256, &state);
    if (r) return r;
    if (!state.here) r = bring_or_ask(c, record, sha256);
    if (r || !path) return r;
    struct progress *p = bar_start(&bar, shown(c, path_name(path)));
    r = store_evidence_extract(c->session->store, sha256, path, p);
    bar_end(&bar);
    if (r) return r;
    struct jv *o = jv_object(&c->arena);
    r = jv_put_str(&c->arena, o, "file", path);
    if (!r) r = jv_put_str(&c->arena, o, "sha256", sha256);
    c->result = o;
    if (!c->json) fprintf(c->out, "%s  %s\n", sha256, path);
    return r;
}

int cmd_free(struct cli *c)
{
    int64_t files;
    uint64_t bytes;
    const char *given = cli_option(c, "case");
    if (!given) return err_set(ERR_USAGE, "say which case: --case C");
    int r = session_store(c->session);
    if (r) return r;
    const char *name = fold_case_named(store_fold(c->session->store), given);
    if (!name) return err_set(ERR_MISSING, "there is no case '%s' in this store", given);
    r = store_free_case(c->session->store, name, &files, &bytes);
    if (r) return r;
    struct jv *o = jv_object(&c->arena);
    r = jv_put_int(&c->arena, o, "files", files);
    if (!r) r = jv_put_int(&c->arena, o, "bytes", (int64_t)bytes);
    c->result = o;
    if (!c->json) {
        fprintf(c->out, T("freed %lld files, %s; the hub holds them"), (long long)files, size_text(&c->arena, bytes));
        fprintf(c->out, "\n");
    }
    return r;
}
