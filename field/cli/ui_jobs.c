/* What takes long runs beside the pages: a thread and a session of its own for each, so that no click waits for it. */
#include "ui_desk.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "satchel/base/os.h"

#define RUNNING_MOST 4
#define KEPT_MOST 30
#define WAIT_SECONDS 25.0
#define END_SECONDS 5.0

struct job {
    struct job *next;
    struct desk *desk;
    struct arena arena;
    struct session session; /* the thread's */
    struct buf passphrase;  /* the thread's, once it runs */
    unsigned number;
    const char *command;
    struct jv *args, *options;
    const struct onlooker onlooker;
    pthread_t thread;

    /* under jobs_lock */
    unsigned change;
    bool done, stop;
    char what[160];
    uint64_t at, of;
    struct buf shown, fields; /* JSON: what it shows; status, result and error once it is done */
};

/* ---- looking on: from whatever thread ---- */

/* Under jobs_lock. */
static void moved(struct job *j)
{
    j->change++;
    pthread_cond_broadcast(&j->desk->jobs_moved);
}

static void job_at(void *job, const char *what, uint64_t done, uint64_t total)
{
    struct job *j = job;
    pthread_mutex_lock(&j->desk->jobs_lock);
    snprintf(j->what, sizeof j->what, "%s", what);
    j->at = done;
    j->of = total;
    moved(j);
    pthread_mutex_unlock(&j->desk->jobs_lock);
}

static void job_shown(void *job, const struct jv *document)
{
    struct job *j = job;
    pthread_mutex_lock(&j->desk->jobs_lock);
    buf_clear(&j->shown);
    json_write(&j->shown, document);
    moved(j);
    pthread_mutex_unlock(&j->desk->jobs_lock);
}

static void wait_until(struct desk *d, double end)
{
    struct timespec at;
    double left = end - os_monotonic_seconds();
    if (left < 0) left = 0;
    timespec_get(&at, TIME_UTC);
    at.tv_sec += (time_t)left;
    at.tv_nsec += (long)((left - (double)(time_t)left) * 1e9);
    if (at.tv_nsec >= 1000000000) at.tv_sec++, at.tv_nsec -= 1000000000;
    pthread_cond_timedwait(&d->jobs_moved, &d->jobs_lock, &at);
}

static bool job_stopped(void *job, double seconds)
{
    struct job *j = job;
    double end = os_monotonic_seconds() + seconds;
    pthread_mutex_lock(&j->desk->jobs_lock);
    while (!j->stop && !j->desk->stopping && os_monotonic_seconds() < end) wait_until(j->desk, end);
    bool stop = j->stop || j->desk->stopping;
    pthread_mutex_unlock(&j->desk->jobs_lock);
    return stop;
}

/* ---- the thread ---- */

static int real_args(struct job *j, struct jv **out)
{
    struct jv *args = jv_array(&j->arena);
    int rc = args ? 0 : ERR_ROAD;
    for (size_t i = 0; i < j->args->len && !rc; i++) {
        const char *path = upload_path(j->desk, j->args->items[i]->string, &j->arena);
        rc = path ? jv_push(&j->arena, args, jv_string(&j->arena, path)) : ERR_INPUT;
    }
    *out = args;
    return rc;
}

static void run_job(struct job *j, struct buf *fields)
{
    struct ran o = {0};
    struct jv *args;
    int rc = real_args(j, &args);
    if (!rc) rc = desk_run(&j->session, &(struct run){.command = j->command, .args = args, .options = j->options}, &o);
    if (rc) {
        o.status = err_exit_status(rc);
        if (!o.errors.data) buf_init(&o.errors, BUF_UNLIMITED);
        buf_adds(&o.errors, err_message());
    }
    ran_fields(fields, &o);
    ran_release(&o);
}

static void *work(void *job)
{
    struct job *j = job;
    struct desk *d = j->desk;
    struct buf fields;
    look_on(&j->onlooker);
    buf_init(&fields, BUF_UNLIMITED);
    run_job(j, &fields);
    look_on(NULL);
    session_release(&j->session);
    buf_wipe(&j->passphrase);
    for (size_t i = 0; i < j->args->len; i++) upload_forget(d, j->args->items[i]->string);
    pthread_mutex_lock(&d->jobs_lock);
    j->fields = fields;
    j->done = true;
    d->jobs_running--;
    moved(j);
    pthread_mutex_unlock(&d->jobs_lock);
    return NULL;
}

/* ---- the end ---- */

static void job_free(struct job *j)
{
    buf_release(&j->shown);
    buf_release(&j->fields);
    buf_wipe(&j->passphrase);
    arena_release(&j->arena);
    free(j);
}

/* Under jobs_lock; of one that is done. */
static void forget(struct job **at)
{
    struct job *j = *at;
    *at = j->next;
    pthread_join(j->thread, NULL);
    job_free(j);
}

/* The oldest that are done. */
static void forget_old(struct desk *d)
{
    unsigned kept = 0;
    for (struct job **at = &d->jobs; *at;) {
        if (!(*at)->done || ++kept < KEPT_MOST) at = &(*at)->next;
        else forget(at);
    }
}

void jobs_forget(struct desk *d)
{
    while (d->jobs) forget(&d->jobs);
}

/* Every death is one that the store survives: what does not end in time ends with the program. */
void jobs_end(struct desk *d)
{
    double end = os_monotonic_seconds() + END_SECONDS;
    pthread_mutex_lock(&d->jobs_lock);
    while (d->jobs_running > 0 && os_monotonic_seconds() < end) wait_until(d, end);
    if (d->jobs_running > 0) _Exit(0);
    jobs_forget(d);
    pthread_mutex_unlock(&d->jobs_lock);
}

/* ---- telling ---- */

static void write_job(struct buf *out, const struct job *j)
{
    buf_addf(out, "{\"job\":%u,\"command\":\"%s\",\"change\":%u,\"done\":%s,\"what\":", j->number, j->command, j->change,
        j->done ? "true" : "false");
    json_write_string(out, j->what, strlen(j->what));
    buf_addf(out, ",\"at\":%llu,\"of\":%llu,\"shown\":%s,", (unsigned long long)j->at, (unsigned long long)j->of,
        j->shown.len ? buf_str(&j->shown) : "null");
    if (j->done)
        buf_add(out, j->fields.data, j->fields.len);
    else
        buf_adds(out, "\"status\":null,\"result\":null,\"error\":null");
    buf_addc(out, '}');
}

/* Where it hangs in the list. */
static struct job **place_of(struct desk *d, const char *number)
{
    char *end;
    unsigned long n = strtoul(number, &end, 10);
    struct job **at = &d->jobs;
    while (*at && (*at)->number != n) at = &(*at)->next;
    return *end ? NULL : at;
}

static struct job *find_job(struct desk *d, const char *number)
{
    struct job **at = place_of(d, number);
    return at ? *at : NULL;
}

void job_list(struct desk *d, const struct ui_call *call, struct ui_answer *out)
{
    (void)call;
    out->status = 200;
    buf_addc(&out->body, '[');
    pthread_mutex_lock(&d->jobs_lock);
    for (const struct job *j = d->jobs; j; j = j->next) {
        write_job(&out->body, j);
        if (j->next) buf_addc(&out->body, ',');
    }
    pthread_mutex_unlock(&d->jobs_lock);
    buf_addc(&out->body, ']');
}

/* It may be forgotten while it is waited for: it is looked for anew each time. */
void job_one(struct desk *d, const struct ui_call *call, struct ui_answer *out)
{
    const char *since = jv_get_str(call->options, "since");
    double end = os_monotonic_seconds() + WAIT_SECONDS;
    pthread_mutex_lock(&d->jobs_lock);
    const struct job *j = find_job(d, call->rest);
    while (j && since && !j->done && j->change == strtoul(since, NULL, 10) && !d->stopping && os_monotonic_seconds() < end) {
        wait_until(d, end);
        j = find_job(d, call->rest);
    }
    out->status = 200;
    if (j)
        write_job(&out->body, j);
    else
        ui_refuse(out, 404, T("there is no such job"));
    pthread_mutex_unlock(&d->jobs_lock);
}

void job_stop(struct desk *d, const struct ui_call *call, struct ui_answer *out)
{
    pthread_mutex_lock(&d->jobs_lock);
    struct job **at = place_of(d, call->rest), *j = at ? *at : NULL;
    out->status = 200;
    if (j && !j->stop) {
        j->stop = true;
        moved(j);
    }
    if (j)
        write_job(&out->body, j);
    else
        ui_refuse(out, 404, T("there is no such job"));
    if (j && j->done) forget(at);
    pthread_mutex_unlock(&d->jobs_lock);
}

/* ---- beginning ---- */

static struct job *job_make(struct desk *d, const char *command, const struct jv *args, const struct jv *options)
{
    struct job *j = calloc(1, sizeof *j), first = {.desk = d, .onlooker = {j, job_at, job_shown, job_stopped}};
    if (!j) return NULL;
    memcpy(j, &first, sizeof *j);
    arena_init(&j->arena);
    session_init(&j->session);
    buf_init(&j->passphrase, 4096);
    buf_init(&j->shown, BUF_UNLIMITED);
    buf_init(&j->fields, BUF_UNLIMITED);
    j->command = arena_strdup(&j->arena, command);
    j->args = args ? jv_copy(&j->arena, args) : jv_array(&j->arena);
    j->options = options ? jv_copy(&j->arena, options) : jv_object(&j->arena);
    if (j->command && j->args && j->options) return j;
    job_free(j);
    return NULL;
}

static bool is_known_list(const struct jv *args)
{
    for (size_t i = 0; args && i < (args->type == JV_ARRAY ? args->len : 0); i++)
        if (!jv_str(args->items[i])) return false;
    return !args || args->type == JV_ARRAY;
}

static bool may_give_all(const char *listed, const struct jv *options)
{
    if (options && options->type != JV_OBJECT) return false;
    for (size_t i = 0; options && i < options->len; i++)
        if (!ui_may_give(listed, options->keys[i])) return false;
    return true;
}

/* Under both locks. */
static int start(struct desk *d, struct job *j)
{
    buf_add(&j->passphrase, d->passphrase.data, d->passphrase.len);
    j->session.store_folder = d->folder;
    j->session.passphrase = buf_str(&j->passphrase);
    j->number = ++d->jobs_count;
    j->change = 1;
    if (pthread_create(&j->thread, NULL, work, j) != 0) return err_set(ERR_ROAD, "no thread is to be had");
    j->next = d->jobs;
    d->jobs = j;
    d->jobs_running++;
    return 0;
}

static void start_or_refuse(struct desk *d, struct job *j, struct ui_answer *out)
{
    pthread_mutex_lock(&d->lock);
    pthread_mutex_lock(&d->jobs_lock);
    bool locked = desk_locked(d, out);
    forget_old(d);
    if (locked || d->stopping || d->jobs_running >= RUNNING_MOST) {
        if (!locked) ui_refuse(out, 409, T("too much is under way; wait until some of it is done"));
        job_free(j);
    } else if (start(d, j)) {
        ui_refuse(out, 503, err_message());
        job_free(j);
    } else {
        out->status = 202;
        write_job(&out->body, j);
    }
    pthread_mutex_unlock(&d->jobs_lock);
    pthread_mutex_unlock(&d->lock);
}

void job_new(struct desk *d, const struct ui_call *call, struct ui_answer *out)
{
    const char *command = jv_get_str(call->body, "command"), *listed = command ? ui_job_options(command) : NULL;
    const struct jv *args = jv_get(call->body, "args"), *options = jv_get(call->body, "options");
    if (!listed) {
        ui_refuse(out, 400, T("this command does not run as a job"));
        return;
    }
    if (!is_known_list(args) || !may_give_all(listed, options)) {
        ui_refuse(out, 400, T("the pages may not give these options here"));
        return;
    }
    struct job *j = job_make(d, command, args, options);
    if (j)
        start_or_refuse(d, j, out);
    else
        ui_refuse(out, 500, err_message());
}
