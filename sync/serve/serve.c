/* The server: routes as one table, and what every request goes through. */
#define _POSIX_C_SOURCE 200809L

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "satchel/replica/bundle.h"
#include "satchel/replica/state.h"
#include "parts.h"

#define BODY_MAX ((size_t)64 << 10)
#define IDLE_SECONDS 120 /* longer than any answer is waited for */
#define HEADER_SECONDS 15
#define BODY_SECONDS 30 /* for a body that is collected, which anybody may send */
#define HEADER_BYTES ((size_t)32 << 10)
#define TUS_VERSION "1.0.0"

const struct serve_options serve_defaults = {
    .listen = "127.0.0.1:8080",
    .quota = UINT64_C(16) << 30,
    .upload_max = BUNDLE_PART_MAX,
    .part_size = BUNDLE_PART_SIZE,
    .rate = 100,
    .connections = 500,
    .per_address = 250,
    .session_seconds = 900,
    .upload_hours = 7 * 24,
    .stop_seconds = 10,
};

/* In each row all of a route stands; the tests' matrix has a row for each. */
static const struct route routes[] = {
    {"GET", "/health", .close = health_close},
    {"GET", "/metrics", .close = metrics_close},
    {"POST", "/v1/hello", .body_max = BODY_MAX, .close = hello_close},
    {"POST", "/v1/session", .body_max = BODY_MAX, .close = session_close},
    {"GET", "/v1/state", .session = true, .close = state_close},
    {"GET", "/v1/files/", .tail = true, .session = true, .close = file_close_visit, .done = file_done},
    {"HEAD", "/v1/files/", .tail = true, .session = true, .close = file_close_visit},
    {"OPTIONS", "/v1/uploads", .close = options_close},
    {"OPTIONS", "/v1/uploads/", .tail = true, .close = options_close},
    {"POST", "/v1/uploads", .session = true, .tus = true, .open = creation_open, .body = patch_body, .close = creation_close,
        .done = upload_done},
    {"HEAD", "/v1/uploads/", .tail = true, .session = true, .tus = true, .close = upload_head_close, .done = upload_done},
    {"PATCH", "/v1/uploads/", .tail = true, .session = true, .tus = true, .open = patch_open, .body = patch_body,
        .close = patch_close, .done = upload_done},
    {"DELETE", "/v1/uploads/", .tail = true, .session = true, .tus = true, .close = termination_close, .done = upload_done},
};

/* ---- answers ---- */

void *visit_owner(const struct visit *v)
{
    return v->serve->owner.ctx;
}

void refuse(struct visit *v, int status, const char *text)
{
    struct buf b;
    buf_init(&b, WIRE_BODY_MAX);
    http_say(v->request, "X-Content-Type-Options", "nosniff");
    if (wire_error_write(&b, text) == 0) http_answer(v->request, status, TYPE_JSON, b.data, b.len);
    buf_release(&b);
}

void answer_json(struct visit *v, int status, int rc, const struct buf *body)
{
    if (rc) {
        tell(v->serve, http_path(v->request));
        refuse(v, 500, N_("this failed at the server; it is in its log"));
        return;
    }
    http_say(v->request, "Cache-Control", "no-store");
    http_answer(v->request, status, TYPE_JSON, body->data, body->len);
}

void tell(struct serve *s, const char *what)
{
    struct buf b;
    const char *why = err_message();
    buf_init(&b, BUF_UNLIMITED);
    buf_add_shown(&b, what, strlen(what));
    buf_adds(&b, ": ");
    buf_add_shown(&b, why, strlen(why));
    if (s->o.tell && buf_error(&b) == 0) s->o.tell(s->o.ctx, buf_str(&b));
    buf_release(&b);
    err_clear();
}

/* ---- finding the route ---- */

static bool leads_here(const struct route *r, const char *path)
{
    size_t len = strlen(r->path);
    if (!r->tail && !r->below) return strcmp(path, r->path) == 0;
    if (strncmp(path, r->path, len) != 0) return false;
    return r->below || (path[len] && !strchr(path + len, '/'));
}

/* Of one table; the methods that lead here are added to `allow`. */
static void find_in(struct visit *v, const struct route *list, size_t len, struct buf *allow)
{
    const char *path = http_path(v->request), *method = http_method(v->request);
    for (size_t i = 0; i < len && !v->route; i++) {
        if (!leads_here(&list[i], path)) continue;
        buf_addf(allow, "%s%s", allow->len ? ", " : "", list[i].method);
        if (strcmp(list[i].method, method) == 0) v->route = &list[i];
    }
}

/* Answers 404 or 405 where there is none. */
static bool find_route(struct visit *v)
{
    struct buf allow;
    buf_init(&allow, 256);
    find_in(v, routes, sizeof routes / sizeof *routes, &allow);
    find_in(v, v->serve->owner.routes, v->serve->owner.routes_len, &allow);
    if (v->route) {
        v->tail = http_path(v->request) + strlen(v->route->path);
    } else if (allow.len) {
        http_say(v->request, "Allow", buf_str(&allow));
        refuse(v, 405, N_("this is not done with what is there"));
    } else {
        refuse(v, 404, N_("there is nothing of that name"));
    }
    buf_release(&allow);
    return v->route != NULL;
}

static bool speaks_tus(struct visit *v)
{
    if (!v->route->tus) return true;
    const char *version = http_header(v->request, "Tus-Resumable");
    http_say(v->request, "Tus-Resumable", TUS_VERSION);
    if (version && strcmp(version, TUS_VERSION) == 0) return true;
    http_say(v->request, "Tus-Version", TUS_VERSION);
    refuse(v, 412, N_("uploads go by tus 1.0.0 here"));
    return false;
}

static bool body_fits(struct visit *v)
{
    const char *length = http_header(v->request, "Content-Length");
    if (v->route->body || !length || strtoull(length, NULL, 10) <= v->route->body_max) return true;
    refuse(v, 413, N_("the body is larger than anything that is said here"));
    return false;
}

/* ---- a request's life ---- */

static struct visit *visit_new(struct serve *s, struct http_request *r)
{
    struct visit *v = calloc(1, sizeof *v);
    if (!v) return NULL;
    v->serve = s;
    v->request = r;
    v->tail = "";
    arena_init(&v->arena);
    buf_init(&v->body, BODY_MAX);
    http_keep(r, v);
    return v;
}

static void on_begin(void *ctx, struct http_request *r)
{
    struct serve *s = ctx;
    struct visit *v = visit_new(s, r);
    text_language_of_thread(NULL); /* whatever the last request of this connection spoke */
    if (!v) return;
    if (!rate_allows(s, http_network(r))) {
        http_say(r, "Retry-After", "1");
        refuse(v, 429, N_("too many requests; try again in a moment"));
        return;
    }
    if (!find_route(v) || !speaks_tus(v) || (v->route->session && !session_check(v)) || (v->route->pages && !pages_check(v)) || !body_fits(v))
        return;
    if (!v->route->body) http_hurry(r, BODY_SECONDS);
    if (v->route->open) v->route->open(v);
}

static void on_body(void *ctx, struct http_request *r, const void *bytes, size_t len)
{
    struct visit *v = http_kept(r);
    (void)ctx;
    if (!v) return;
    if (v->route->body) {
        v->route->body(v, bytes, len);
    } else if (v->body.len + len > v->route->body_max) {
        refuse(v, 413, N_("the body is larger than anything that is said here"));
    } else {
        buf_add(&v->body, bytes, len);
    }
}

static void on_end(void *ctx, struct http_request *r)
{
    struct visit *v = http_kept(r);
    (void)ctx;
    if (v) v->route->close(v);
    err_clear();
}

static void on_done(void *ctx, struct http_request *r, const struct http_outcome *o)
{
    struct visit *v = http_kept(r);
    (void)ctx;
    if (!v) return;
    if (v->route && v->route->done) v->route->done(v, o->whole);
    log_request(v, o);
    digest_free(v->digest);
    buf_release(&v->body);
    arena_release(&v->arena);
    free(v);
    err_clear();
}

/* ---- start and stop ---- */

static int make_paths(struct serve *s)
{
    struct arena *a = &s->arena;
    const char *folder = s->o.folder;
    s->uploads_folder = path_join(a, folder, "upload");
    s->inbox = path_join(a, folder, "inbox");
    s->net = path_join(a, folder, "net");
    s->outbox = s->net ? path_join(a, s->net, "outbox") : NULL;
    s->quarantine = path_join(a, folder, "quarantine");
    s->log_path = path_join(a, folder, "access.log");
    if (!s->uploads_folder || !s->inbox || !s->outbox || !s->quarantine || !s->log_path) return ERR_ROAD;
    int rc = os_make_folder(s->uploads_folder);
    if (rc == 0) rc = os_make_folder(s->inbox);
    return rc ? rc : os_make_folder(s->outbox);
}

/* Two servers would take each other's unfinished uploads for what a killed one has left. */
static int be_the_only_one(struct serve *s)
{
    const char *path = path_join(&s->arena, s->uploads_folder, "lock");
    return path ? os_lock(&s->only, path, true, false) : ERR_ROAD;
}

static int make_tables(struct serve *s)
{
    s->passes = calloc(PASSES_MOST, sizeof *s->passes);
    s->buckets = calloc(BUCKETS, sizeof *s->buckets);
    return s->passes && s->buckets ? random_bytes(s->nonce_key, sizeof s->nonce_key) : err_memory();
}

static void make_locks(struct serve *s)
{
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_mutex_init(&s->lock, NULL);
    pthread_cond_init(&s->work, &attr);
    pthread_cond_init(&s->news, &attr);
    pthread_condattr_destroy(&attr);
}

static int check_plain(const struct serve_options *o)
{
    if ((o->cert == NULL) != (o->key == NULL))
        return err_set(ERR_USAGE, "a certificate and its key go together: --cert FILE --key FILE");
    if (o->cert || o->plain || http_is_loopback(o->listen)) return 0;
    return err_set(ERR_USAGE,
        "'%s' is reached from outside: give a certificate (--cert, --key), or --plain where something before it does TLS",
        o->listen);
}

static int listen_now(struct serve *s)
{
    struct http_options o = {.listen = s->o.listen,
        .cert = s->o.cert,
        .key = s->o.key,
        .behind_proxy = s->o.behind_proxy,
        .connections = s->o.connections,
        .per_address = s->o.per_address,
        .idle_seconds = IDLE_SECONDS,
        .header_seconds = HEADER_SECONDS,
        .header_bytes = HEADER_BYTES};
    struct http_handler h = {s, on_begin, on_body, on_end, on_done};
    return http_start(&s->http, &o, &h);
}

int serve_start(struct serve **out, const struct serve_owner *owner, const struct serve_options *o)
{
    int rc = check_plain(o);
    if (rc) return rc;
    struct serve *s = calloc(1, sizeof *s);
    if (!s) return err_memory();
    s->o = *o;
    s->owner = *owner;
    arena_init(&s->arena);
    make_locks(s);
    rc = make_paths(s);
    if (rc == 0) rc = be_the_only_one(s);
    if (rc == 0) rc = make_tables(s);
    if (rc == 0) rc = work_init(s);
    if (rc == 0) rc = uploads_load(s);
    if (rc == 0) rc = log_open(s);
    if (rc == 0) rc = listen_now(s);
    if (rc == 0) rc = work_start(s);
    if (rc)
        serve_stop(s);
    else
        *out = s;
    return rc;
}

const char *serve_url(const struct serve *s)
{
    return http_url(s->http);
}

/* Requests that wait for news are told first, so that they end by themselves. */
void serve_stop(struct serve *s)
{
    if (!s) return;
    pthread_mutex_lock(&s->lock);
    s->stopping = true;
    pthread_cond_broadcast(&s->work);
    pthread_cond_broadcast(&s->news);
    pthread_mutex_unlock(&s->lock);
    http_stop(s->http, s->o.stop_seconds);
    work_stop(s);
    if (s->guests && kept_write(s)) tell(s, s->net); /* also where it could not listen: what was read is gone */
    uploads_release(s);
    work_release(s);
    log_close(s);
    os_unlock(s->only);
    if (s->passes) wipe(s->passes, PASSES_MOST * sizeof *s->passes);
    free(s->passes);
    wipe(s->nonce_key, sizeof s->nonce_key);
    free(s->buckets);
    pthread_cond_destroy(&s->work);
    pthread_cond_destroy(&s->news);
    pthread_mutex_destroy(&s->lock);
    arena_release(&s->arena);
    free(s);
}
