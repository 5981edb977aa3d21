/* A session: the forms and scheme, and a store that is unlocked once and then serves one command or many. */
#include "cli.h"

#include <stdlib.h>
#include <string.h>

#include "satchel/base/os.h"

#define PASSPHRASE_MAX 1024

void session_init(struct session *s)
{
    memset(s, 0, sizeof *s);
    arena_init(&s->arena);
}

void session_release(struct session *s)
{
    view_free(s->view);
    store_close(s->store);
    schemes_free(s->schemes);
    forms_free(s->forms);
    arena_release(&s->arena);
    session_init(s);
}

const char *session_folder(struct session *s)
{
    if (!s->store_folder) {
        const char *env = getenv("SATCHEL_STORE"), *data = env && *env ? NULL : os_data_folder(&s->arena);
        s->store_folder = data ? path_join(&s->arena, data, "satchel") : env && *env ? env : NULL;
    }
    return s->store_folder;
}

int session_forms(struct session *s)
{
    if (s->schemes) return 0;
    int r = s->forms ? 0 : forms_new(&s->forms);
    return r ? r : schemes_new(&s->schemes, s->forms);
}

static int passphrase_from_file(struct buf *out, const char *path)
{
    int r = file_read(path, out);
    if (r) return err_within(r, "the passphrase file");
    while (out->len && (out->data[out->len - 1] == '\n' || out->data[out->len - 1] == '\r'))
        out->data[--out->len] = '\0';
    if (memchr(out->data, '\0', out->len))
        return err_set(ERR_INPUT, "the passphrase file '%s' holds a NUL byte", path);
    return out->len ? 0 : err_set(ERR_INPUT, "the passphrase file '%s' is empty", path);
}

static int ask_twice(struct buf *first)
{
    struct buf again;
    buf_init(&again, PASSPHRASE_MAX);
    int r = os_ask_secret(&again, T("the same again: "));
    if (!r && strcmp(buf_str(first), buf_str(&again)) != 0)
        r = err_set(ERR_INPUT, "the two passphrases differ; nothing was made");
    buf_wipe(&again);
    return r;
}

int session_passphrase(struct session *s, struct buf *out, bool twice)
{
    const char *file = getenv("SATCHEL_PASSPHRASE_FILE");
    buf_init(out, PASSPHRASE_MAX);
    int r = 0;
    if (s->passphrase) {
        buf_adds(out, s->passphrase);
        r = buf_error(out);
    } else if (file && *file) {
        r = passphrase_from_file(out, file);
    } else {
        r = os_ask_secret(out, T("passphrase: "));
        if (!r && twice) r = ask_twice(out);
    }
    if (r) buf_wipe(out);
    return r;
}

int session_store(struct session *s)
{
    struct buf secret;
    if (s->store) return store_refresh(s->store);
    const char *folder = session_folder(s);
    if (!folder) return ERR_ROAD;
    int r = session_forms(s);
    if (r) return r;
    char *journal = path_join(&s->arena, folder, "journal.db");
    if (!journal) return err_memory();
    if (!os_exists(journal))
        return err_set(ERR_MISSING, "there is no store in '%s'; make one with 'satchel init --name N --email E'", folder);
    r = session_passphrase(s, &secret, false);
    if (r) return r;
    r = store_open(&s->store, folder, buf_str(&secret), s->forms);
    buf_wipe(&secret);
    return r;
}

int session_view(struct session *s)
{
    int r = session_store(s);
    if (!r && !s->view) r = view_new(&s->view, s->store);
    if (!r) r = view_refresh(s->view);
    return r;
}

int session_record(struct cli *c, const char *text, struct view_hit *hit, const struct fold_record **out)
{
    struct session *s = c->session;
    struct view_hit found = {0};
    int r = session_view(s);
    if (!r) r = view_resolve(s->view, text, cli_option(c, "case"), &c->arena, &found);
    if (r) return r;
    const struct fold_record *record = fold_record(store_fold(s->store), found.case_name, found.record);
    if (!record) return err_set(ERR_MISSING, "there is no record '%s'", text);
    if (hit) *hit = found;
    *out = record;
    return 0;
}
