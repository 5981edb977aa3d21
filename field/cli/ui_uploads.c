/* Bytes of the pages: evidence, sealed while it comes; bundles and enrolments, which a job then takes; and evidence on its
 * way to a page. */
#include "ui_desk.h"

#include <stdlib.h>
#include <string.h>

#include "satchel/base/crypto.h"
#include "satchel/base/os.h"

#define TOKEN_SIZE 33
#define UPLOAD "upload:"
#define SPARE_BYTES (UINT64_C(8) << 20) /* that an upload leaves free */

struct upload {
    struct arena arena;
    struct intake *intake; /* of evidence */
    struct sink *file;     /* of anything else */
    char token[TOKEN_SIZE];
    const char *record, *case_name;
    const struct jv *options;
    uint64_t size;
    int code; /* the first failure, and its message */
    const char *why;
};

static void upload_free(struct upload *u)
{
    store_intake_free(u->intake);
    sink_close(u->file);
    arena_release(&u->arena);
    free(u);
}

/* One that was under way. */
static void upload_over(struct desk *d, struct upload *u)
{
    upload_free(u);
    pthread_mutex_lock(&d->lock);
    d->uploads--;
    pthread_mutex_unlock(&d->lock);
}

static void note_failure(struct upload *u, int code)
{
    if (!code || u->code) return;
    u->code = code;
    u->why = arena_strdup(&u->arena, err_message());
}

/* ---- beginning ---- */

/* Said before gigabytes have come for nothing. */
static int check_room(struct desk *d, uint64_t size, struct ui_answer *out)
{
    uint64_t room;
    if (os_free_space(&room, d->folder)) err_clear();
    else if (size + SPARE_BYTES > room) {
        ui_refuse(out, 507, T("the disk has no room for this; free some space and try again"));
        return ERR_ROAD;
    }
    return 0;
}

/* Under the lock. */
static int begin_evidence(struct desk *d, struct upload *u, uint64_t size)
{
    struct view_hit hit;
    const char *of = jv_get_str(u->options, "of"), *name = jv_get_str(u->options, "name");
    if (!of || !name) return err_set(ERR_USAGE, "'%s' is missing", of ? "name" : "of");
    int rc = session_view(&d->session);
    if (!rc) rc = view_resolve(d->session.view, of, NULL, &u->arena, &hit);
    if (rc) return rc;
    u->record = hit.record;
    u->case_name = hit.case_name;
    return store_intake_new(&u->intake, d->session.store, *path_name(name) ? name : "file", size);
}

static const char *token_path(struct desk *d, const char *token, struct arena *a)
{
    const char *inbox = path_join(a, d->folder, "inbox");
    return inbox ? path_join(a, inbox, arena_printf(a, "upload-%s", token)) : NULL;
}

static int begin_file(struct desk *d, struct upload *u)
{
    unsigned char random[(TOKEN_SIZE - 1) / 2];
    int rc = random_bytes(random, sizeof random);
    if (rc) return rc;
    hex_write(u->token, random, sizeof random);
    const char *path = token_path(d, u->token, &u->arena);
    return path ? file_sink(&u->file, path) : ERR_ROAD;
}

void upload_begin(void *desk, const struct ui_call *call, uint64_t size, void **out, struct ui_answer *answer)
{
    struct desk *d = desk;
    struct upload *u = calloc(1, sizeof *u);
    if (!u) {
        err_memory();
        ui_refuse(answer, 500, err_message());
        return;
    }
    arena_init(&u->arena);
    u->size = size;
    u->options = call->options;
    bool evidence = call->route->does == UI_ATTACH;
    pthread_mutex_lock(&d->lock);
    bool refused = desk_locked(d, answer) || check_room(d, size, answer);
    int rc = refused ? ERR_ROAD : evidence ? begin_evidence(d, u, size) : begin_file(d, u);
    if (!rc) d->uploads++;
    pthread_mutex_unlock(&d->lock);
    if (rc && !refused) tell_code(answer, rc);
    if (rc)
        upload_free(u);
    else
        *out = u;
}

/* ---- bytes ---- */

void upload_add(void *desk, void *upload, const void *bytes, size_t len)
{
    struct upload *u = upload;
    (void)desk;
    if (u->code) return;
    note_failure(u, u->intake ? store_intake_add(u->intake, bytes, len) : sink_write(u->file, bytes, len));
}

/* ---- the end ---- */

static int put_given(struct upload *u, struct jv *set)
{
    static const struct {
        const char *option, *field;
    } fields[] = {{"title", "title"}, {"captured", "captured"}, {"from", "derived_from"}};
    int rc = 0;
    for (size_t i = 0; i < sizeof fields / sizeof *fields && !rc; i++) {
        const char *value = jv_get_str(u->options, fields[i].option);
        if (value && *value) rc = jv_put_str(&u->arena, set, fields[i].field, value);
    }
    return rc;
}

/* Whoever is told that it is saved may delete his own. */
static bool is_safe(struct desk *d, const struct upload *u)
{
    const char *sha256 = store_intake_sha256(u->intake);
    struct evidence_state state;
    uint64_t size;
    bool here = store_evidence_size(d->session.store, sha256, &size) == 0 && size == u->size;
    bool held = here || (store_evidence_state(d->session.store, u->case_name, sha256, &state) == 0 && state.at_hub);
    err_clear();
    return held;
}

/* The record has these bytes already: *id. */
static int find_again(struct desk *d, struct upload *u, const char **id)
{
    struct view_hit *hits;
    size_t len = 0;
    struct arena *a = &u->arena;
    struct jv *where = jv_object(a);
    int rc = jv_put_str(a, where, "sha256", store_intake_sha256(u->intake));
    if (!rc) rc = jv_put_str(a, where, "name", path_name(jv_get_str(u->options, "name")));
    if (!rc) rc = jv_put(a, where, arena_printf(a, "of.%s", u->record), jv_bool(a, true));
    if (!rc) rc = view_list(d->session.view, "evidence", u->case_name, where, false, a, &hits, &len);
    if (!rc && len && is_safe(d, u)) *id = hits[0].record;
    return rc;
}

static int save(struct desk *d, struct upload *u, const char **id)
{
    struct store_tx *tx;
    struct jv *set = jv_object(&u->arena);
    struct change with = {.set = set, .why = jv_get_str(u->options, "why"),
        .form = session_case_form(&d->session, u->case_name, "evidence")};
    int rc = with.form ? put_given(u, set) : ERR_INPUT;
    if (!rc) rc = store_begin(&tx, d->session.store);
    if (rc) return rc;
    rc = store_intake_attach(tx, u->intake, u->record, &with, id);
    if (!rc) return store_commit(tx);
    store_rollback(tx);
    return rc;
}

/* Under the lock. */
static int attach(struct desk *d, struct upload *u, const char **id)
{
    const char *once = jv_get_str(u->options, "once");
    *id = NULL;
    int rc = session_view(&d->session);
    if (!rc && once && strcmp(once, "1") == 0) rc = find_again(d, u, id);
    return rc || *id ? rc : save(d, u, id);
}

static void end_evidence(struct desk *d, struct upload *u, struct ui_answer *out)
{
    const char *id = NULL;
    if (!u->code) note_failure(u, store_intake_end(u->intake));
    pthread_mutex_lock(&d->lock);
    if (!u->code) note_failure(u, attach(d, u, &id));
    pthread_mutex_unlock(&d->lock);
    if (u->code) return;
    out->status = 200;
    buf_addf(&out->body, "{\"status\":0,\"result\":{\"id\":\"%s\",\"sha256\":\"%s\",\"size\":%llu},\"error\":null}", id,
        store_intake_sha256(u->intake), (unsigned long long)u->size);
}

static void end_file(struct upload *u, struct ui_answer *out)
{
    if (!u->code) note_failure(u, sink_finish(u->file));
    if (u->code) return;
    out->status = 200;
    buf_addf(&out->body, "{\"upload\":\"%s\"}", u->token);
}

void upload_end(void *desk, void *upload, struct ui_answer *answer)
{
    struct upload *u = upload;
    if (u->intake)
        end_evidence(desk, u, answer);
    else
        end_file(u, answer);
    if (u->code) {
        err_set(u->code, "%s", u->why ? u->why : "");
        tell_code(answer, u->code);
    }
    upload_over(desk, u);
}

void upload_drop(void *desk, void *upload)
{
    upload_over(desk, upload);
}

/* ---- what a job takes ---- */

static const char *token_of(const char *text)
{
    size_t n = strlen(UPLOAD);
    if (strncmp(text, UPLOAD, n) != 0) return NULL;
    return strlen(text + n) == TOKEN_SIZE - 1 && strspn(text + n, "0123456789abcdef") == TOKEN_SIZE - 1 ? text + n : NULL;
}

const char *upload_path(struct desk *d, const char *text, struct arena *a)
{
    const char *token = token_of(text);
    if (!token) return text;
    const char *path = token_path(d, token, a);
    if (path && os_exists(path)) return path;
    err_set(ERR_MISSING, "what was sent is not here any more; send it again");
    return NULL;
}

void upload_forget(struct desk *d, const char *text)
{
    struct arena a;
    const char *token = token_of(text);
    if (!token) return;
    arena_init(&a);
    const char *path = token_path(d, token, &a);
    if (!path || os_remove(path)) err_clear();
    arena_release(&a);
}

/* ---- out ---- */

int desk_evidence(void *desk, const char *sha256, uint64_t offset, struct source **out, uint64_t *size)
{
    struct desk *d = desk;
    pthread_mutex_lock(&d->lock);
    int rc = d->session.store ? store_evidence_size(d->session.store, sha256, size) : ERR_WAIT;
    if (!rc) rc = store_evidence_open(d->session.store, sha256, offset, out);
    pthread_mutex_unlock(&d->lock);
    return rc;
}
