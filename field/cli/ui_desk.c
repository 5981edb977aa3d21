/* What the pages ask, one command at a time on one session: words, options and arguments of the pages become a command
 * line, and what it answers becomes one JSON document. */
#include "ui_desk.h"

#include <stdlib.h>
#include <string.h>

#include "satchel/base/crypto.h"
#include "satchel/base/os.h"

#define WORDS_MAX 2048

/* ---- answers ---- */

void tell_json(struct ui_answer *out, int status, const struct jv *v)
{
    out->status = v ? status : 500;
    if (v)
        json_write(&out->body, v);
    else
        ui_refuse(out, 500, err_message());
}

static void write_text(struct buf *out, const char *text)
{
    if (text)
        json_write_string(out, text, strlen(text));
    else
        buf_adds(out, "null");
}

void tell_code(struct ui_answer *out, int code)
{
    out->status = 200;
    buf_addf(&out->body, "{\"status\":%d,\"result\":null,\"error\":", err_exit_status(code));
    write_text(&out->body, code ? err_message() : NULL);
    buf_addc(&out->body, '}');
}

bool desk_locked(struct desk *d, struct ui_answer *out)
{
    if (d->session.store) return false;
    ui_refuse(out, 423, T("the store is locked"));
    return true;
}

/* ---- a command line ---- */

struct words {
    struct arena arena;
    const char *list[WORDS_MAX];
    int len;
};

static int add_word(struct words *w, const char *word)
{
    if (!word) return ERR_ROAD;
    if (w->len == WORDS_MAX) return err_set(ERR_USAGE, "the line has more than %d words", WORDS_MAX);
    w->list[w->len++] = word;
    return 0;
}

static const struct option *option_of(const char *command, const char *name)
{
    for (size_t i = 0; i < commands_len; i++) {
        if (strcmp(commands[i].name, command) != 0) continue;
        for (const struct option *o = commands[i].options; o && o->name; o++)
            if (strcmp(o->name, name) == 0) return o;
    }
    return NULL;
}

static bool is_off(const struct jv *v)
{
    const char *s = jv_str(v);
    return v->type == JV_NULL || (v->type == JV_BOOL && !v->boolean) || (s && (strcmp(s, "0") == 0 || strcmp(s, "false") == 0));
}

static int add_option(struct words *w, const char *command, const char *name, const struct jv *v)
{
    const struct option *o = option_of(command, name);
    if (!o) return err_set(ERR_USAGE, "'%s' has no option '%s'; 'satchel %s --help' lists them", command, name, command);
    if (!o->arg) return is_off(v) ? 0 : add_word(w, arena_printf(&w->arena, "--%s", name));
    if (v->type == JV_INT) return add_word(w, arena_printf(&w->arena, "--%s=%lld", name, (long long)v->integer));
    if (!jv_str(v)) return err_set(ERR_USAGE, "the option '--%s' needs a value: %s", name, o->arg);
    return add_word(w, arena_printf(&w->arena, "--%s=%s", name, v->string));
}

/* Behind "--" nothing that a page says is an option. */
static int spell(struct words *w, const struct run *r)
{
    char *rest = arena_strdup(&w->arena, r->command);
    int rc = rest ? add_word(w, "--json") : ERR_ROAD;
    for (char *word = rest; word && !rc; word = rest) {
        rest = strchr(word, ' ');
        if (rest) *rest++ = '\0';
        rc = add_word(w, word);
    }
    for (size_t i = 0; r->options && i < r->options->len && !rc; i++)
        rc = add_option(w, r->command, r->options->keys[i], r->options->items[i]);
    if (!rc) rc = add_word(w, "--");
    for (size_t i = 0; r->args && i < r->args->len && !rc; i++) rc = add_word(w, r->args->items[i]->string);
    return rc;
}

int desk_run(struct session *s, const struct run *r, struct ran *out)
{
    struct words w = {.len = 0};
    size_t len = 0;
    *out = (struct ran){0};
    buf_init(&out->result, BUF_UNLIMITED);
    buf_init(&out->errors, 64 << 10);
    FILE *file = os_memory_file(&out->text, &len);
    if (!file) return ERR_ROAD;
    arena_init(&w.arena);
    struct cli_io io = {.out = file, .result = &out->result, .errors = &out->errors, .input = r->input ? r->input : "", .input_len = r->input_len};
    int rc = spell(&w, r);
    if (!rc) out->status = cli_run_with(s, w.len, w.list, &io);
    arena_release(&w.arena);
    fclose(file);
    return rc;
}

void ran_release(struct ran *o)
{
    buf_release(&o->result);
    buf_release(&o->errors);
    free(o->text);
}

void ran_fields(struct buf *out, const struct ran *o)
{
    buf_addf(out, "\"status\":%d,\"result\":", o->status);
    if (o->result.len)
        buf_add(out, o->result.data, o->result.len);
    else
        buf_adds(out, "null");
    buf_adds(out, ",\"error\":");
    write_text(out, o->errors.len ? buf_str(&o->errors) : NULL);
    if (!o->text || !*o->text || !utf8_valid(o->text, strlen(o->text))) return;
    buf_adds(out, ",\"text\":");
    write_text(out, o->text);
}

void run_answer(struct session *s, const struct run *r, struct ui_answer *out)
{
    struct ran o;
    int rc = desk_run(s, r, &o);
    out->status = 200;
    buf_addc(&out->body, '{');
    ran_fields(&out->body, &o);
    buf_addc(&out->body, '}');
    if (rc) ui_refuse(out, 400, err_message());
    ran_release(&o);
}

static void answer_run(struct desk *d, const struct run *r, struct ui_answer *out)
{
    pthread_mutex_lock(&d->lock);
    if (!desk_locked(d, out)) run_answer(&d->session, r, out);
    pthread_mutex_unlock(&d->lock);
}

/* ---- apply: its lines come as a list ---- */

static int write_lines(struct buf *b, const struct jv *lines)
{
    if (!lines || lines->type != JV_ARRAY) return err_set(ERR_USAGE, "'lines' is not a list");
    for (size_t i = 0; i < lines->len; i++) {
        const char *verb = jv_get_str(lines->items[i], "do");
        if (verb && strcmp(verb, "attach") == 0) return err_set(ERR_USAGE, "the pages name no files: '%s'", verb);
        json_write(b, lines->items[i]);
        buf_addc(b, '\n');
    }
    return buf_error(b);
}

static void answer_apply(struct desk *d, const struct ui_call *call, struct ui_answer *out)
{
    struct jv *args = jv_array(call->arena);
    struct buf lines;
    buf_init(&lines, BUF_UNLIMITED);
    int rc = write_lines(&lines, jv_get(call->body, "lines"));
    if (!rc) rc = jv_push(call->arena, args, jv_string(call->arena, "-"));
    struct run r = {.command = "apply", .args = args, .options = call->options, .input = buf_str(&lines), .input_len = lines.len};
    if (rc)
        ui_refuse(out, 400, err_message());
    else
        answer_run(d, &r, out);
    buf_release(&lines);
}

/* ---- the store as a whole ---- */

static bool has_store(struct desk *d)
{
    struct arena a;
    arena_init(&a);
    const char *journal = path_join(&a, d->folder, "journal.db");
    struct file_info info; /* an empty one is what an init that was stopped has left */
    bool there = journal && os_exists(journal) && os_stat(&info, journal) == 0 && info.size > 0;
    arena_release(&a);
    err_clear();
    return there;
}

static void answer_state(struct desk *d, const struct ui_call *call, struct ui_answer *out)
{
    struct arena *a = call->arena;
    struct jv *o = jv_object(a);
    pthread_mutex_lock(&d->lock);
    bool open = d->session.store != NULL;
    int rc = open ? session_store(&d->session) : 0;
    const char *version = open && !rc ? arena_printf(a, "%llu", (unsigned long long)desk_version(d)) : NULL;
    pthread_mutex_unlock(&d->lock);
    if (!rc) rc = jv_put(a, o, "store", jv_bool(a, open || has_store(d)));
    if (!rc) rc = jv_put(a, o, "locked", jv_bool(a, !open));
    if (!rc) rc = jv_put_str(a, o, "version", version);
    if (!rc) rc = jv_put_str(a, o, "language", text_language_now() == LANGUAGE_ZH ? "zh" : "en");
    if (!rc) rc = jv_put_str(a, o, "program", SATCHEL_VERSION);
    if (rc)
        tell_code(out, rc);
    else
        tell_json(out, 200, o);
}

/* A session that knows the passphrase; the store is not open yet. */
static int prepare(struct desk *d, const char *passphrase)
{
    buf_wipe(&d->passphrase);
    buf_init(&d->passphrase, 4096);
    buf_adds(&d->passphrase, passphrase);
    int rc = buf_error(&d->passphrase);
    session_init(&d->session);
    d->session.store_folder = d->folder;
    d->session.passphrase = buf_str(&d->passphrase);
    return rc;
}

static void forget(struct desk *d)
{
    session_release(&d->session);
    session_init(&d->session);
    d->session.store_folder = d->folder;
    buf_wipe(&d->passphrase);
    d->generation = 0;
}

static int unlock(struct desk *d, const char *passphrase)
{
    int rc = prepare(d, passphrase);
    if (!rc) rc = session_view(&d->session);
    if (rc)
        forget(d);
    else
        language_load(d);
    return rc;
}

static void answer_unlock(struct desk *d, const struct ui_call *call, struct ui_answer *out)
{
    const char *passphrase = jv_get_str(call->body, "passphrase");
    if (!passphrase || !*passphrase) {
        ui_refuse(out, 400, T("the passphrase is missing"));
        return;
    }
    pthread_mutex_lock(&d->lock);
    int rc = d->session.store ? 0 : unlock(d, passphrase);
    pthread_mutex_unlock(&d->lock);
    wipe((char *)(uintptr_t)passphrase, strlen(passphrase)); /* parsed for this request alone */
    tell_code(out, rc);
}

/* The new store stays open. */
static void answer_init(struct desk *d, const struct ui_call *call, struct ui_answer *out)
{
    struct arena *a = call->arena;
    struct jv *options = jv_object(a);
    const char *passphrase = jv_get_str(call->body, "passphrase");
    struct ran o = {0};
    int rc = jv_put(a, options, "name", jv_string(a, jv_get_str(call->body, "name")));
    if (!rc) rc = jv_put(a, options, "email", jv_string(a, jv_get_str(call->body, "email")));
    if (rc || !passphrase || !*passphrase) {
        ui_refuse(out, 400, T("the passphrase is missing"));
        return;
    }
    pthread_mutex_lock(&d->lock);
    if (d->session.store) {
        ui_refuse(out, 409, T("there is a store already"));
    } else {
        rc = prepare(d, passphrase);
        if (!rc) rc = desk_run(&d->session, &(struct run){.command = "init", .options = options}, &o);
        out->status = 200;
        buf_addc(&out->body, '{');
        ran_fields(&out->body, &o);
        buf_addc(&out->body, '}');
        if (rc) ui_refuse(out, 400, err_message());
        if (rc || o.status) forget(d);
    }
    pthread_mutex_unlock(&d->lock);
    wipe((char *)(uintptr_t)passphrase, strlen(passphrase));
    if (o.result.data) buf_wipe(&o.result); /* the recovery key is in it */
    ran_release(&o);
}

static void answer_lock(struct desk *d, const struct ui_call *call, struct ui_answer *out)
{
    pthread_mutex_lock(&d->lock);
    pthread_mutex_lock(&d->jobs_lock);
    bool busy = d->jobs_running > 0 || d->uploads > 0;
    if (!busy) jobs_forget(d);
    pthread_mutex_unlock(&d->jobs_lock);
    if (!busy) forget(d);
    pthread_mutex_unlock(&d->lock);
    if (!busy) phone_end(d);
    if (busy)
        ui_refuse(out, 409, T("something is still under way; lock the store when it is done"));
    else
        tell_json(out, 200, jv_object(call->arena));
}

static void answer_quit(struct desk *d, const struct ui_call *call, struct ui_answer *out)
{
    pthread_mutex_lock(&d->jobs_lock);
    d->quit = true;
    pthread_mutex_unlock(&d->jobs_lock);
    tell_json(out, 200, jv_object(call->arena));
}

static void answer_request(struct desk *d, struct ui_answer *out)
{
    struct ran o = {0};
    pthread_mutex_lock(&d->lock);
    if (!desk_locked(d, out)) {
        struct arena a;
        arena_init(&a);
        struct jv *options = jv_object(&a);
        int rc = jv_put(&a, options, "request", jv_bool(&a, true));
        if (!rc) rc = desk_run(&d->session, &(struct run){.command = "whoami", .options = options}, &o);
        arena_release(&a);
        if (rc || o.status) {
            ui_refuse(out, 500, o.errors.len ? buf_str(&o.errors) : err_message());
        } else {
            out->status = 200;
            out->type = "application/octet-stream";
            out->attached = "enrolment.request";
            buf_adds(&out->body, o.text);
        }
        ran_release(&o);
    }
    pthread_mutex_unlock(&d->lock);
}

/* Where a stick is mounted, with what is free on it. */
static void answer_places(const struct ui_call *call, struct ui_answer *out)
{
    struct arena *a = call->arena;
    struct jv *list = jv_array(a);
    const char **paths;
    size_t len = 0;
    int rc = os_removable(&paths, &len, a);
    for (size_t i = 0; i < len && !rc; i++) {
        uint64_t room = 0;
        struct jv *o = jv_object(a);
        if (os_free_space(&room, paths[i])) err_clear();
        rc = jv_put_str(a, o, "path", paths[i]);
        if (!rc) rc = jv_put_str(a, o, "name", path_name(paths[i]));
        if (!rc) rc = jv_put_int(a, o, "free", (int64_t)room);
        if (!rc) rc = jv_push(a, list, o);
    }
    tell_json(out, 200, rc ? NULL : list);
}

/* ---- all of it ---- */

void desk_answer(void *desk, const struct ui_call *call, struct ui_answer *out)
{
    struct desk *d = desk;
    switch (call->route->does) {
    case UI_COMMAND:
        answer_run(d, &(struct run){.command = call->route->command, .args = call->args, .options = call->options}, out);
        break;
    case UI_APPLY: answer_apply(d, call, out); break;
    case UI_STATE: answer_state(d, call, out); break;
    case UI_INIT: answer_init(d, call, out); break;
    case UI_UNLOCK: answer_unlock(d, call, out); break;
    case UI_LOCK: answer_lock(d, call, out); break;
    case UI_LANGUAGE: language_set(d, call, out); break;
    case UI_QUIT: answer_quit(d, call, out); break;
    case UI_CHANGES: changes_wait(d, call, out); break;
    case UI_DRAFTS: draft_list(d, out); break;
    case UI_DRAFT_PUT: draft_put(d, call, out); break;
    case UI_DRAFT_DROP: draft_drop(d, call, out); break;
    case UI_PLACES: answer_places(call, out); break;
    case UI_REQUEST: answer_request(d, out); break;
    case UI_JOB_NEW: job_new(d, call, out); break;
    case UI_JOBS: job_list(d, call, out); break;
    case UI_JOB: job_one(d, call, out); break;
    case UI_JOB_STOP: job_stop(d, call, out); break;
    case UI_PHONE: phone_get(d, call, out); break;
    case UI_PHONE_OPEN: phone_post(d, call, out); break;
    case UI_PHONE_CLOSE: phone_drop(d, call, out); break;
    default: ui_refuse(out, 404, T("there is no such page"));
    }
}

/* ---- begin and end ---- */

static int unlock_by_file(struct desk *d, struct session *s)
{
    struct buf secret;
    int rc = session_passphrase(s, &secret, false);
    if (!rc) rc = unlock(d, buf_str(&secret));
    buf_wipe(&secret);
    return rc;
}

int desk_init(struct desk *d, struct cli *c)
{
    const char *file = getenv("SATCHEL_PASSPHRASE_FILE");
    *d = (struct desk){.io = c->io, .json = c->json, .language_given = cli_flag(c, "lang"), .version = 1, .phone_address = cli_option(c, "listen")};
    arena_init(&d->arena);
    pthread_mutex_init(&d->lock, NULL);
    pthread_mutex_init(&d->phone_lock, NULL);
    pthread_mutex_init(&d->jobs_lock, NULL);
    pthread_cond_init(&d->jobs_moved, NULL);
    buf_init(&d->passphrase, 4096);
    session_init(&d->session);
    const char *folder = session_folder(c->session);
    d->folder = folder ? os_absolute(&d->arena, folder) : NULL;
    if (!d->folder) return ERR_ROAD;
    d->session.store_folder = d->folder;
    return file && *file && has_store(d) ? unlock_by_file(d, c->session) : 0;
}

void desk_warm(struct desk *d)
{
    static const char *const shown[] = {"status", "calendar", "conflicts"};
    for (size_t i = 0; i < sizeof shown / sizeof *shown; i++) {
        const struct run run = {.command = shown[i]};
        struct ran ran;
        pthread_mutex_lock(&d->lock);
        if (d->session.store && desk_run(&d->session, &run, &ran) == 0) ran_release(&ran);
        pthread_mutex_unlock(&d->lock);
    }
    err_clear();
}

void desk_stop(struct desk *d)
{
    pthread_mutex_lock(&d->jobs_lock);
    d->stopping = true;
    pthread_cond_broadcast(&d->jobs_moved);
    pthread_mutex_unlock(&d->jobs_lock);
}

void desk_release(struct desk *d)
{
    desk_stop(d);
    phone_end(d);
    jobs_end(d);
    session_release(&d->session);
    buf_wipe(&d->passphrase);
    pthread_cond_destroy(&d->jobs_moved);
    pthread_mutex_destroy(&d->jobs_lock);
    pthread_mutex_destroy(&d->phone_lock);
    pthread_mutex_destroy(&d->lock);
    arena_release(&d->arena);
}
