/* What is kept for the pages beside the records: drafts and the language, as settings of the store, sealed like all of it;
 * and the answer to "has anything changed". */
#include "ui_desk.h"

#include <stdlib.h>
#include <string.h>

#include "satchel/base/os.h"
#include "satchel/base/time.h"

#define DRAFT "draft."
#define DRAFT_KEY_MAX 200
#define DRAFT_DEPTH 33 /* one more than what is sent may have */
#define LANGUAGE_SETTING "ui.language"
#define WAIT_SECONDS 25.0
#define LOOK_SECONDS 0.2

/* ---- drafts ---- */

static const char *setting_of(const struct ui_call *call, struct ui_answer *out)
{
    static const char good[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_./:";
    size_t n = strlen(call->rest);
    if (n <= DRAFT_KEY_MAX && strspn(call->rest, good) == n) return arena_printf(call->arena, DRAFT "%s", call->rest);
    ui_refuse(out, 400, T("this is no name of a draft"));
    return NULL;
}

static int add_draft(struct store *s, const char *setting, struct arena *a, struct jv *list)
{
    struct buf text;
    const struct jv *draft;
    buf_init(&text, BUF_UNLIMITED);
    int rc = store_setting(s, setting, &text);
    if (!rc) rc = json_parse(&draft, a, text.data, text.len, DRAFT_DEPTH, JSON_STRICT);
    if (!rc) rc = jv_put(a, list, setting + strlen(DRAFT), draft);
    buf_wipe(&text);
    return rc;
}

void draft_list(struct desk *d, struct ui_answer *out)
{
    struct arena a;
    const char *const *names;
    size_t len = 0;
    arena_init(&a);
    struct jv *list = jv_object(&a);
    pthread_mutex_lock(&d->lock);
    if (!desk_locked(d, out)) {
        int rc = store_settings(d->session.store, DRAFT, &a, &names, &len);
        for (size_t i = 0; i < len && !rc; i++) rc = add_draft(d->session.store, names[i], &a, list);
        tell_json(out, 200, rc ? NULL : list);
    }
    pthread_mutex_unlock(&d->lock);
    arena_release(&a);
}

static void save_draft(struct desk *d, const char *setting, const char *text, struct ui_answer *out)
{
    pthread_mutex_lock(&d->lock);
    if (!desk_locked(d, out)) {
        if (store_set_setting(d->session.store, setting, text))
            ui_refuse(out, 507, err_message());
        else
            out->status = 204;
    }
    pthread_mutex_unlock(&d->lock);
}

void draft_put(struct desk *d, const struct ui_call *call, struct ui_answer *out)
{
    char now[TIME_TEXT];
    struct buf text;
    const char *setting = setting_of(call, out);
    struct jv *draft = jv_object(call->arena);
    if (!setting) return;
    time_write_now(now);
    int rc = jv_put_str(call->arena, draft, "at", now);
    if (!rc) rc = jv_put(call->arena, draft, "value", call->body);
    buf_init(&text, BUF_UNLIMITED);
    if (!rc) json_write(&text, draft);
    if (rc || buf_error(&text))
        ui_refuse(out, 500, err_message());
    else
        save_draft(d, setting, buf_str(&text), out);
    buf_wipe(&text);
}

void draft_drop(struct desk *d, const struct ui_call *call, struct ui_answer *out)
{
    const char *setting = setting_of(call, out);
    if (setting) save_draft(d, setting, NULL, out);
}

/* ---- language ---- */

static bool choose(const char *name)
{
    bool zh = name && strcmp(name, "zh") == 0, en = name && strcmp(name, "en") == 0;
    if (zh || en) text_language(zh ? LANGUAGE_ZH : LANGUAGE_EN);
    return zh || en;
}

/* What the command line says goes before what was chosen once. */
void language_load(struct desk *d)
{
    struct buf name;
    buf_init(&name, 16);
    if (!d->language_given && store_setting(d->session.store, LANGUAGE_SETTING, &name) == 0) choose(buf_str(&name));
    buf_release(&name);
    err_clear();
}

void language_set(struct desk *d, const struct ui_call *call, struct ui_answer *out)
{
    const char *name = jv_get_str(call->body, "language");
    int rc = 0;
    if (!choose(name)) {
        ui_refuse(out, 400, T("a language is zh or en"));
        return;
    }
    pthread_mutex_lock(&d->lock);
    if (d->session.store) rc = store_set_setting(d->session.store, LANGUAGE_SETTING, name);
    pthread_mutex_unlock(&d->lock);
    if (rc)
        ui_refuse(out, 507, err_message());
    else
        tell_json(out, 200, jv_object(call->arena));
}

/* ---- changes ---- */

/* Counts what the fold has become since the program began: a fold that is made anew begins again with its own count. */
uint64_t desk_version(struct desk *d)
{
    uint64_t generation = store_generation(d->session.store), version = fold_version(store_fold(d->session.store));
    if (generation != d->generation || version != d->fold_version) d->version++;
    d->generation = generation;
    d->fold_version = version;
    return d->version;
}

static int put_cases(struct desk *d, struct arena *a, struct jv *o)
{
    size_t len;
    const struct fold *f = store_fold(d->session.store);
    const char *const *cases = fold_cases(f, &len);
    struct jv *list = jv_object(a);
    int rc = list ? 0 : ERR_ROAD;
    for (size_t i = 0; i < len && !rc; i++) rc = jv_put_int(a, list, cases[i], (int64_t)fold_case_version(f, cases[i]));
    return rc ? rc : jv_put(a, o, "cases", list);
}

/* false: it is as `since` says. */
static bool answer_version(struct desk *d, const struct ui_call *call, const char *since, bool anyway, struct ui_answer *out)
{
    struct arena *a = call->arena;
    if (desk_locked(d, out)) return true;
    int rc = session_store(&d->session);
    const char *version = rc ? "" : arena_printf(a, "%llu", (unsigned long long)desk_version(d));
    if (!rc && version && since && !anyway && strcmp(since, version) == 0) return false;
    struct jv *o = jv_object(a);
    if (!rc) rc = jv_put_str(a, o, "version", version);
    if (!rc) rc = put_cases(d, a, o);
    tell_json(out, 200, rc ? NULL : o);
    return true;
}

static bool is_stopping(struct desk *d)
{
    pthread_mutex_lock(&d->jobs_lock);
    bool stopping = d->stopping;
    pthread_mutex_unlock(&d->jobs_lock);
    return stopping;
}

void changes_wait(struct desk *d, const struct ui_call *call, struct ui_answer *out)
{
    const char *since = jv_get_str(call->options, "since"), *wait = jv_get_str(call->options, "wait");
    bool at_once = wait && strcmp(wait, "0") == 0;
    double end = os_monotonic_seconds() + WAIT_SECONDS;
    for (;;) {
        bool last = at_once || is_stopping(d) || os_monotonic_seconds() >= end;
        pthread_mutex_lock(&d->lock);
        bool answered = answer_version(d, call, since, last, out);
        pthread_mutex_unlock(&d->lock);
        if (answered) return;
        os_sleep(LOOK_SECONDS);
    }
}
