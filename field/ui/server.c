/* The server of the pages: judges each request, gives pages out of the program itself, and hands the rest to the owner. */
#include "satchel/ui/ui.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "parts.h"
#include "satchel/base/crypto.h"
#include "satchel/base/embedded.h"
#include "satchel/base/http.h"
#include "satchel/base/os.h"
#include "satchel/base/text.h"

#define TYPE_JSON "application/json"
#define POLICY                                                                                                               \
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'none'; "       \
    "frame-ancestors 'none'; base-uri 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
#define NOT_KEPT "no-store"
#define ICON_KEPT "max-age=86400" /* browsers ask for it at each click */
#define EVIDENCE_POLICY "sandbox; default-src 'none'"
#define CONNECTIONS 64
#define IDLE_SECONDS 300
#define HEADER_SECONDS 20
#define HEADER_BYTES ((size_t)64 << 10)
#define STOP_SECONDS 5
#define JSON_DEPTH 32

/* A request: lives from begin to done. */
struct asking {
    const struct ui_route *route; /* NULL: a page */
    struct arena arena;
    struct ui_call call;
    struct buf body;
    void *upload; /* of the owner; NULL: none is under way */
};

/* ---- answering ---- */

static void say_headers(struct http_request *r, const char *policy, const char *cache)
{
    http_say(r, "Content-Security-Policy", policy);
    http_say(r, "X-Content-Type-Options", "nosniff");
    http_say(r, "Referrer-Policy", "no-referrer");
    http_say(r, "Cache-Control", cache);
    http_say(r, "Cross-Origin-Resource-Policy", "same-origin");
    http_say(r, "Cross-Origin-Opener-Policy", "same-origin");
    http_say(r, "Permissions-Policy", "camera=(self), microphone=(), geolocation=()");
}

void ui_refuse(struct ui_answer *a, int status, const char *text)
{
    a->status = status;
    buf_clear(&a->body);
    buf_adds(&a->body, "{\"error\":");
    json_write_string(&a->body, text, strlen(text));
    buf_addc(&a->body, '}');
}

void ui_answer_init(struct ui_answer *a)
{
    *a = (struct ui_answer){.status = 500};
    buf_init(&a->body, BUF_UNLIMITED);
}

void ui_send(struct http_request *r, struct ui_answer *a)
{
    char attached[160];
    if (buf_error(&a->body)) ui_refuse(a, 500, err_message());
    say_headers(r, POLICY, NOT_KEPT);
    snprintf(attached, sizeof attached, "attachment; filename=\"%s\"", a->attached ? a->attached : "");
    if (a->attached) http_say(r, "Content-Disposition", attached);
    http_answer(r, a->status, a->type ? a->type : TYPE_JSON, a->body.data, a->body.len);
    buf_release(&a->body);
}

static void refuse(struct http_request *r, int status, const char *why)
{
    struct ui_answer a;
    ui_answer_init(&a);
    if (status == 405) {
        struct buf allowed;
        buf_init(&allowed, 256);
        ui_allowed(&allowed, http_path(r));
        http_say(r, "Allow", allowed.len ? buf_str(&allowed) : "GET");
        buf_release(&allowed);
    }
    ui_refuse(&a, status, T(why));
    ui_send(r, &a);
}

/* ---- pages ---- */

static const char *type_of(const char *name)
{
    static const struct {
        const char *end, *type;
    } types[] = {{".html", "text/html; charset=utf-8"}, {".css", "text/css; charset=utf-8"},
        {".js", "text/javascript; charset=utf-8"}, {".svg", "image/svg+xml"}, {".png", "image/png"}, {".ico", "image/x-icon"},
        {".webmanifest", "application/manifest+json"}, {".json", TYPE_JSON}, {".woff2", "font/woff2"}};
    size_t n = strlen(name);
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        size_t m = strlen(types[i].end);
        if (n > m && strcmp(name + n - m, types[i].end) == 0) return types[i].type;
    }
    return "application/octet-stream";
}

/* Addresses in index.html begin at the root of these pages, wherever that is. */
static void send_index(struct http_request *r, const struct embedded *page, const char *above)
{
    static const char begins[] = "=\"/";
    struct buf b;
    buf_init(&b, BUF_UNLIMITED);
    const char *at = (const char *)page->data, *next;
    for (; (next = strstr(at, begins)); at = next + sizeof begins - 1) {
        buf_add(&b, at, (size_t)(next - at));
        buf_addf(&b, "=\"%s/", above);
    }
    buf_adds(&b, at);
    if (buf_error(&b))
        http_answer(r, 500, NULL, "", 0);
    else
        http_answer(r, 200, type_of(page->name), b.data, b.len);
    buf_release(&b);
}

/* What is no file is a place within the pages: index.html knows it. */
bool ui_send_page(struct http_request *r, const char *path, const char *above)
{
    const char *last = strrchr(path, '/');
    bool file = last && strchr(last, '.');
    const struct embedded *page = embedded_in(embedded_pages, embedded_pages_len, file ? path + 1 : "index.html");
    if (!page) return false;
    say_headers(r, POLICY, strcmp(page->name, "icon.svg") == 0 ? ICON_KEPT : NOT_KEPT);
    if (*above && strcmp(page->name, "index.html") == 0)
        send_index(r, page, above);
    else
        http_answer(r, 200, type_of(page->name), page->data, page->size);
    return true;
}

static void answer_page(struct http_request *r)
{
    if (!ui_send_page(r, http_path(r), "")) refuse(r, 404, N_("there is no such page"));
}

void ui_send_texts(struct http_request *r)
{
    struct ui_answer a;
    ui_answer_init(&a);
    a.status = 200;
    text_write_all(&a.body);
    ui_send(r, &a);
}

/* The secret is good once; whoever has come in by it may come again. It stands among the arguments of the browser, which all
 * users of the machine can read. */
static void answer_enter(struct ui *u, struct http_request *r, struct asking *q)
{
    char cookie[160];
    const char *secret = jv_get_str(q->call.options, "secret");
    const char *why = N_("open these pages by the address that 'satchel ui' shows");
    if (http_is_other_user(r)) why = N_("another user of this machine has asked; it is refused");
    else if (secret) why = door_enter(u, secret, http_header(r, "Cookie"));
    if (why) {
        refuse(r, 403, why);
        return;
    }
    snprintf(cookie, sizeof cookie, "satchel-%u=%s; HttpOnly; SameSite=Strict; Path=/", u->door.port, u->door.cookie);
    http_say(r, "Set-Cookie", cookie);
    http_say(r, "Location", "/");
    say_headers(r, POLICY, NOT_KEPT);
    http_answer(r, 303, NULL, "", 0);
}

/* ---- evidence ---- */

static void send_source(struct http_request *r, struct source *from, int part, uint64_t offset, uint64_t len, uint64_t size)
{
    char range[96];
    snprintf(range, sizeof range, "bytes %llu-%llu/%llu", (unsigned long long)offset, (unsigned long long)(offset + len - 1),
        (unsigned long long)size);
    if (part) http_say(r, "Content-Range", range);
    http_say(r, "Accept-Ranges", "bytes");
    http_say(r, "Content-Disposition", "attachment");
    say_headers(r, EVIDENCE_POLICY, NOT_KEPT);
    http_answer_source(r, part ? 206 : 200, "application/octet-stream", from, len);
}

static void refuse_range(struct http_request *r, uint64_t size)
{
    char range[48];
    snprintf(range, sizeof range, "bytes */%llu", (unsigned long long)size);
    http_say(r, "Content-Range", range);
    refuse(r, 416, N_("this range is outside of what there is"));
}

/* The size is known only once it is open; a range that begins elsewhere opens it again. */
void ui_send_evidence(struct http_request *r, const char *sha256,
    int (*open)(void *ctx, const char *sha256, uint64_t offset, struct source **out, uint64_t *size), void *ctx)
{
    struct source *from = NULL;
    uint64_t size = 0, offset = 0, len;
    int rc = is_sha256_hex(sha256) ? open(ctx, sha256, 0, &from, &size) : ERR_MISSING;
    len = size;
    int part = rc ? 0 : ui_range(http_header(r, "Range"), size, &offset, &len);
    if (!rc && part == 206 && offset > 0) {
        source_close(from);
        from = NULL;
        rc = open(ctx, sha256, offset, &from, &size);
    }
    if (rc || part == 416) {
        source_close(from);
        if (part == 416) refuse_range(r, size);
        else if (rc == ERR_WAIT) refuse(r, 423, N_("the store is locked"));
        else if (rc == ERR_MISSING) refuse(r, 404, N_("the bytes of this evidence are not here"));
        else refuse(r, 500, err_message());
        return;
    }
    send_source(r, from, part, offset, len, size);
}

/* ---- what is asked ---- */

static bool is_listed(const char *names, const char *name, size_t len)
{
    for (const char *at = names; at && *at;) {
        size_t n = strcspn(at, " ");
        if (n == len && strncmp(at, name, n) == 0) return true;
        at += n + strspn(at + n, " ");
    }
    return false;
}

bool ui_may_give(const char *options, const char *name)
{
    return is_listed(options, name, strlen(name));
}

struct reading {
    const struct ui_route *route;
    struct arena *arena;
    struct jv *args, *options;
};

static int bad_option(const char *name)
{
    return err_set(ERR_USAGE, "the pages may not give the option '%s' here", name);
}

static int read_query(void *ctx, const char *name, const char *value)
{
    struct reading *x = ctx;
    struct arena *a = x->arena;
    const struct ui_route *route = x->route;
    bool command = route->does == UI_COMMAND || route->does == UI_PROOF || route->does == UI_LOOKS;
    if (!utf8_valid(value, strlen(value))) return err_set(ERR_USAGE, "'%s' is not UTF-8 text", name);
    if (command && strcmp(name, "a") == 0) return jv_push(a, x->args, jv_string(a, value));
    if (command && strncmp(name, "o.", 2) != 0) return bad_option(name);
    if (command) name += 2;
    if (!ui_may_give(route->options, name)) return bad_option(name);
    return jv_put_str(a, x->options, name, value);
}

static int read_words(struct arena *a, const struct jv *given, struct jv *args)
{
    int rc = !given || given->type == JV_ARRAY ? 0 : err_set(ERR_USAGE, "'args' is not a list");
    for (size_t i = 0; given && i < given->len && !rc; i++)
        rc = jv_str(given->items[i]) ? jv_push(a, args, given->items[i]) : err_set(ERR_USAGE, "'args' are texts");
    return rc;
}

static int read_options(const struct ui_route *route, const struct jv *given, struct arena *a, struct jv *options)
{
    int rc = !given || given->type == JV_OBJECT ? 0 : err_set(ERR_USAGE, "'options' is not an object");
    for (size_t i = 0; given && i < given->len && !rc; i++)
        rc = ui_may_give(route->options, given->keys[i]) ? jv_put(a, options, given->keys[i], given->items[i])
                                                         : bad_option(given->keys[i]);
    return rc;
}

static int read_body(struct reading *x, struct asking *q)
{
    int rc = json_parse(&q->call.body, &q->arena, q->body.data, q->body.len, JSON_DEPTH, JSON_STRICT);
    bool commands = q->route->does == UI_COMMAND || q->route->does == UI_APPLY;
    if (!rc && commands && q->call.body->type != JV_OBJECT) rc = err_set(ERR_USAGE, "the body is not an object");
    if (!rc && commands) rc = read_words(&q->arena, jv_get(q->call.body, "args"), x->args);
    if (!rc && commands) rc = read_options(q->route, jv_get(q->call.body, "options"), &q->arena, x->options);
    return rc;
}

/* "name=@FILE" would read a file of this machine. */
static int refuse_files(const struct jv *args)
{
    for (size_t i = 0; i < args->len; i++) {
        const char *equals = strchr(args->items[i]->string, '=');
        if (equals && equals[1] == '@') return err_set(ERR_USAGE, "the pages name no files: '%s'", args->items[i]->string);
    }
    return 0;
}

static int begin_reading(struct reading *x, struct ui_call *out, struct http_request *r, const char *path)
{
    size_t len = strlen(x->route->path);
    x->args = jv_array(x->arena);
    x->options = jv_object(x->arena);
    if (!x->args || !x->options) return ERR_ROAD;
    *out = (struct ui_call){.route = x->route, .args = x->args, .options = x->options, .arena = x->arena, .rest = ""};
    if (x->route->path[len - 1] == '*') out->rest = path + len - 1;
    return http_each_query(r, read_query, x);
}

static int read_call(struct http_request *r, struct asking *q)
{
    struct reading x = {.route = q->route, .arena = &q->arena};
    int rc = begin_reading(&x, &q->call, r, http_path(r));
    if (!rc && q->route->body == UI_JSON) rc = read_body(&x, q);
    return rc ? rc : refuse_files(x.args);
}

int ui_read_query(struct ui_call *out, struct http_request *r, const struct ui_place *place, struct arena *a)
{
    struct reading x = {.route = place->route, .arena = a};
    int rc = begin_reading(&x, out, r, place->below);
    return rc ? rc : refuse_files(x.args);
}

/* ---- the handler ---- */

static void judge(struct ui *u, struct http_request *r, struct asking *q)
{
    const char *why;
    const struct ui_asked asked = {.method = http_method(r), .path = http_path(r), .host = http_header(r, "Host"),
        .origin = http_header(r, "Origin"), .site = http_header(r, "Sec-Fetch-Site"), .cookie = http_header(r, "Cookie"),
        .type = http_header(r, "Content-Type"), .length = http_header(r, "Content-Length"),
        .encoding = http_header(r, "Transfer-Encoding")};
    int status = ui_judge(&u->door, &asked, &q->route, &why);
    if (status) refuse(r, status, why);
}

static bool takes_bytes(const struct asking *q)
{
    return q->route && q->route->body == UI_BYTES;
}

static void begin_upload(struct ui *u, struct http_request *r, struct asking *q)
{
    struct ui_answer a;
    ui_answer_init(&a);
    int rc = read_call(r, q);
    uint64_t size = strtoull(http_header(r, "Content-Length"), NULL, 10);
    if (rc)
        ui_refuse(&a, 400, err_message());
    else
        u->owner.take_begin(u->owner.ctx, &q->call, size, &q->upload, &a);
    if (q->upload)
        buf_release(&a.body);
    else
        ui_send(r, &a);
}

static void begin(void *ctx, struct http_request *r)
{
    struct ui *u = ctx;
    struct asking *q = calloc(1, sizeof *q);
    if (!q) return;
    arena_init(&q->arena);
    buf_init(&q->body, BUF_UNLIMITED);
    http_keep(r, q);
    err_clear();
    door_busy(u, 1);
    judge(u, r, q);
    if (!http_answered(r) && takes_bytes(q)) begin_upload(u, r, q);
}

/* The row's limit is kept by the announced length. */
static void body(void *ctx, struct http_request *r, const void *bytes, size_t len)
{
    struct ui *u = ctx;
    struct asking *q = http_kept(r);
    if (q && q->upload)
        u->owner.take(u->owner.ctx, q->upload, bytes, len);
    else if (q)
        buf_add(&q->body, bytes, len);
}

static void end_upload(struct ui *u, struct http_request *r, struct asking *q)
{
    struct ui_answer a;
    void *upload = q->upload;
    ui_answer_init(&a);
    q->upload = NULL;
    u->owner.take_end(u->owner.ctx, upload, &a);
    ui_send(r, &a);
}

static void answer_call(struct ui *u, struct http_request *r, struct asking *q)
{
    struct ui_answer a;
    if (q->route->does == UI_ENTER) {
        answer_enter(u, r, q);
        return;
    }
    if (q->route->does == UI_EVIDENCE) {
        ui_send_evidence(r, q->call.rest, u->owner.evidence, u->owner.ctx);
        return;
    }
    ui_answer_init(&a);
    u->owner.answer(u->owner.ctx, &q->call, &a);
    ui_send(r, &a);
}

static void end(void *ctx, struct http_request *r)
{
    struct ui *u = ctx;
    struct asking *q = http_kept(r);
    if (!q) return;
    err_clear();
    if (takes_bytes(q))
        end_upload(u, r, q);
    else if (!q->route)
        answer_page(r);
    else if (q->route->does == UI_TEXTS)
        ui_send_texts(r);
    else if (read_call(r, q))
        refuse(r, 400, err_message());
    else
        answer_call(u, r, q);
}

static void done(void *ctx, struct http_request *r, const struct http_outcome *o)
{
    struct ui *u = ctx;
    struct asking *q = http_kept(r);
    (void)o;
    if (!q) return;
    if (q->upload) u->owner.take_drop(u->owner.ctx, q->upload);
    buf_wipe(&q->body); /* a passphrase may have been in it */
    arena_release(&q->arena);
    free(q);
    door_busy(u, -1);
}

/* ---- start and stop ---- */

int ui_start(struct ui **out, unsigned port, const struct ui_owner *owner)
{
    char listen[32];
    struct ui *u = calloc(1, sizeof *u);
    if (!u) return err_memory();
    u->owner = *owner;
    snprintf(listen, sizeof listen, "127.0.0.1:%u", port);
    struct http_options o = {.listen = listen, .connections = CONNECTIONS, .per_address = CONNECTIONS,
        .idle_seconds = IDLE_SECONDS, .header_seconds = HEADER_SECONDS, .header_bytes = HEADER_BYTES};
    struct http_handler h = {u, begin, body, end, done};
    int rc = door_init(u);
    if (!rc) rc = http_start(&u->http, &o, &h);
    if (rc) {
        ui_stop(u);
        return rc;
    }
    u->door.port = (unsigned)strtoul(strrchr(http_url(u->http), ':') + 1, NULL, 10);
    *out = u;
    return 0;
}

void ui_stop(struct ui *u)
{
    if (!u) return;
    http_stop(u->http, STOP_SECONDS);
    door_release(u);
    free(u);
}
