/* A session: the forms and scheme, and a store that is unlocked once and then serves one command or many. */
#include "cli.h"

#include <stdlib.h>
#include <string.h>

#include "satchel/base/os.h"
#include "satchel/scheme/day.h"

#define PASSPHRASE_MAX 1024

void session_init(struct session *s)
{
    memset(s, 0, sizeof *s);
    arena_init(&s->arena);
}

void session_release(struct session *s)
{
    facts_free(s->facts);
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

/* What others have written since, the register's schemes with it. */
static int refresh(struct session *s)
{
    int r = store_refresh(s->store);
    return r ? r : schemes_refresh(s->schemes, store_fold(s->store));
}

int session_store(struct session *s)
{
    struct buf secret;
    if (s->lent) return err_set(ERR_INPUT, "nothing can be changed from here");
    if (s->store) return refresh(s);
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
    return r ? r : refresh(s);
}

/* ---- what is read: the store, or what is lent ---- */

int session_read(struct session *s)
{
    return s->lent ? schemes_refresh(s->schemes, s->lent->fold) : session_store(s);
}

struct fold *session_fold(const struct session *s)
{
    return s->lent ? s->lent->fold : s->store ? store_fold(s->store) : NULL;
}

const struct registry *session_registry(const struct session *s)
{
    return s->lent ? s->lent->registry : s->store ? store_registry(s->store) : NULL;
}

int session_evidence(struct session *s, const char *case_name, const char *sha256, struct evidence_state *out)
{
    if (s->lent) return s->lent->evidence(s->lent->ctx, case_name, sha256, out);
    return store_evidence_state(s->store, case_name, sha256, out);
}

int session_case(struct session *s, const char *text, const char **out)
{
    const char *known = fold_case_named(session_fold(s), text);
    if (!known && s->lent) return err_set(ERR_MISSING, "there is no case '%s' here", text);
    if (!known) return err_set(ERR_MISSING, "there is no case '%s' in this store", text);
    *out = known;
    return 0;
}

#define LENT_GENERATIONS (UINT64_C(1) << 63) /* none of a store's */

uint64_t session_generation(const struct session *s)
{
    return s->lent ? LENT_GENERATIONS | s->lends : store_generation(s->store);
}

void session_lend(struct session *s, const struct lent *lent, bool same)
{
    s->lent = lent;
    if (same) return;
    s->lends++;
    view_free(s->view);
    s->view = NULL;
}

int session_view(struct session *s)
{
    int r = session_read(s);
    if (!r && !s->view) r = s->lent ? view_new_over(&s->view, s->lent->fold, s->forms) : view_new(&s->view, s->store);
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
    const struct fold_record *record = fold_record(session_fold(s), found.case_name, found.record);
    if (!record) return err_set(ERR_MISSING, "there is no record '%s'", text);
    if (hit) *hit = found;
    *out = record;
    return 0;
}

/* ---- the scheme of a case ---- */

/* A programme's cycle, the day an application was received. */
static int64_t rank(const struct fold_record *r)
{
    const struct jv *cycle = record_value(r, "cycle");
    return cycle && cycle->type == JV_INT ? cycle->integer : day_read(record_str(r, "received"));
}

/* The link of the newest record of a type that names a scheme: as casefile_scheme has it, but a save must not cost the
 * reading of a whole case. */
static const char *newest_scheme(const struct fold_record *const *records, size_t len, const char *type)
{
    const struct fold_record *newest = NULL;
    for (size_t i = 0; i < len; i++) {
        const struct fold_record *r = records[i];
        if (strcmp(r->type, type) != 0 || r->void_state == VOID || !record_str(r, "scheme")) continue;
        if (!newest || rank(r) >= rank(newest)) newest = r;
    }
    return newest ? record_str(newest, "scheme") : NULL;
}

static int follow(struct session *s, const struct fold *f, const char *case_name)
{
    const struct fold_record *const *records;
    size_t len;
    int r = fold_records(session_fold(s), case_name, &records, &len);
    s->followed.generation = 0;
    if (r) return r;
    s->followed.link = newest_scheme(records, len, "programme");
    if (!s->followed.link) s->followed.link = newest_scheme(records, len, "application");
    s->followed.generation = session_generation(s);
    s->followed.version = fold_version(f);
    snprintf(s->followed.case_name, sizeof s->followed.case_name, "%s", case_name);
    return 0;
}

const struct scheme *session_scheme(struct session *s, const char *case_name)
{
    struct fold *f = session_fold(s);
    const char *known = f && case_name ? fold_case_named(f, case_name) : NULL;
    if (!known || strcmp(known, REGISTER_CASE) == 0) return schemes_get(s->schemes, NULL);
    bool same = s->followed.generation == session_generation(s) && s->followed.version == fold_version(f) && strcmp(s->followed.case_name, known) == 0;
    if (!same && follow(s, f, known)) return NULL;
    const char *link = s->followed.link;
    const struct scheme *scheme = schemes_get(s->schemes, link);
    const char *problem = scheme ? NULL : schemes_problem(s->schemes, link);
    if (!scheme)
        err_set(ERR_INPUT, "the case '%s' follows the scheme '%s', which does not read here: %s", known, link,
            problem ? problem : "");
    return scheme;
}

/* The types that name a case's scheme can be written all the same, or a wrong name could never be put right. */
static bool names_scheme(const struct form *form)
{
    const char *member;
    return form && form_field(form, "scheme", &member);
}

const struct form *session_form(struct session *s, const struct scheme *scheme, const char *type)
{
    const struct form *form = scheme_form(s->schemes, scheme, type);
    if (!scheme && !names_scheme(form)) return NULL;
    if (!scheme) err_clear();
    if (!form) err_set(ERR_INPUT, "there is no record type '%s'; 'satchel form list' lists them", type);
    return form;
}

const struct form *session_case_form(struct session *s, const char *case_name, const char *type)
{
    return session_form(s, session_scheme(s, case_name), type);
}

const struct form *session_any_form(struct session *s, const char *case_name, const char *type)
{
    size_t len;
    const struct form *form = case_name ? session_case_form(s, case_name, type) : forms_current(s->forms, type);
    const struct scheme *const *list = schemes_list(s->schemes, &len);
    if (!form) err_clear();
    for (size_t i = 0; i < len && !form; i++) form = scheme_form(s->schemes, list[i], type);
    if (!form) err_set(ERR_INPUT, "there is no record type '%s'; 'satchel form list' lists them", type);
    return form;
}
