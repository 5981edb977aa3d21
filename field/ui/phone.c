/* The phone's port: TLS on the local network, a certificate of this hour, one phone that has shown the code; and then one
 * thing, photos and video into one record.
 *
 *   GET  /                  the phone's page; it asks for the code where none was given
 *   GET  /enter?code=C      303 to /, with the cookie; the code is good once, and five wrong ones end it all; 403: the page, to ask anew
 *   GET  /phone.js, /phone.css
 *   GET  /words.json        what the page says, in the chosen language; "record" only to the paired phone
 *   POST /upload?name=N[&captured=T]   the bytes, of the paired phone only: {"status":0,…} as POST /api/evidence
 *
 * Host is exactly one of the addresses that were shown. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "parts.h"
#include "satchel/base/http.h"
#include "satchel/base/os.h"
#include "satchel/base/text.h"
#include "satchel/base/time.h"

#define CODE_DIGITS 8
#define TRIES 5
#define IDLE_MINUTES 60
#define CONNECTIONS 24
#define PER_ADDRESS 12
#define UPLOAD_MOST (UINT64_C(256) << 30)
#define STOP_SECONDS 3
#define PROBE 12
#define HTML "text/html; charset=utf-8"
#define POLICY                                                                                                             \
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; form-action 'none'; "                     \
    "frame-ancestors 'none'; base-uri 'none'; require-trusted-types-for 'script'; trusted-types 'none'"

struct ui_phone {
    struct arena arena; /* as it is from the start on */
    struct ui_owner owner;
    struct http_server *http;
    const char *record, *title;
    const char **hosts; /* "192.168.1.5:41234" */
    size_t hosts_len;
    unsigned port;
    char fingerprint[SHA256_HEX], cookie[UI_SECRET_SIZE], code[CODE_DIGITS + 1];

    pthread_mutex_t lock; /* guards what follows */
    bool paired, closed;
    int wrong;
    double last; /* when it was last of use */
    struct arena kept;
    struct jv *uploads;
};

/* A request. */
struct shot {
    struct arena arena;
    struct ui_call call;
    void *upload; /* of the owner; NULL: none is under way */
    unsigned char head[PROBE];
    size_t head_len;
    bool refused; /* it is no picture: the rest is read for nothing */
};

/* ---- answers ---- */

static void say_headers(struct http_request *r)
{
    http_say(r, "Content-Security-Policy", POLICY);
    http_say(r, "X-Content-Type-Options", "nosniff");
    http_say(r, "Referrer-Policy", "no-referrer");
    http_say(r, "Cache-Control", "no-store");
    http_say(r, "Cross-Origin-Resource-Policy", "same-origin");
}

static void send_body(struct http_request *r, int status, const struct buf *b)
{
    say_headers(r);
    http_answer(r, status, "application/json", b->data, b->len);
}

static void refuse(struct http_request *r, int status, const char *why)
{
    struct ui_answer a = {0};
    buf_init(&a.body, BUF_UNLIMITED);
    ui_refuse(&a, status, T(why));
    send_body(r, a.status, &a.body);
    buf_release(&a.body);
}

/* ---- who ---- */

static bool is_host(const struct ui_phone *p, const char *host)
{
    for (size_t i = 0; host && i < p->hosts_len; i++)
        if (strcmp(p->hosts[i], host) == 0) return true;
    return false;
}

static bool is_own_origin(const struct ui_phone *p, const char *origin)
{
    return origin && strncmp(origin, "https://", 8) == 0 && is_host(p, origin + 8);
}

static bool is_paired(const struct ui_phone *p, struct http_request *r)
{
    char name[40];
    const char *cookies = http_header(r, "Cookie");
    int n = snprintf(name, sizeof name, "satchel-phone-%u=", p->port);
    const char *at = cookies ? strstr(cookies, name) : NULL;
    return at && strcspn(at + n, ";") == UI_SECRET_SIZE - 1 && same_bytes(at + n, p->cookie, UI_SECRET_SIZE - 1);
}

static const char *foreign(struct ui_phone *p, struct http_request *r)
{
    const char *origin = http_header(r, "Origin"), *site = http_header(r, "Sec-Fetch-Site");
    bool writes = strcmp(http_method(r), "GET") != 0 && strcmp(http_method(r), "HEAD") != 0;
    if (!is_host(p, http_header(r, "Host"))) return N_("this is not the address of these pages");
    if (site && strcmp(site, "same-origin") != 0 && (writes || strcmp(site, "none") != 0))
        return N_("another page asked for this; it is refused");
    if (origin && !is_own_origin(p, origin)) return N_("another page asked for this; it is refused");
    if (!origin && writes) return N_("whoever changes something must say where it comes from");
    return NULL;
}

/* ---- pairing ---- */

/* Why no code opens it any more; NULL: one does. Under the lock. */
static const char *why_shut(const struct ui_phone *p)
{
    if (p->closed) return N_("this port is closed; open it anew");
    return p->paired ? N_("another phone is paired; open the port anew for this one") : NULL;
}

static const char *judge_code(struct ui_phone *p, const char *code)
{
    const char *shut = why_shut(p);
    if (shut) return shut;
    if (code && strlen(code) == CODE_DIGITS && same_bytes(code, p->code, CODE_DIGITS)) {
        p->paired = true;
        return NULL;
    }
    p->closed = ++p->wrong >= TRIES;
    return N_("the code is not the one that is shown");
}

static void answer_page(struct http_request *r, int status, const char *name, const char *type)
{
    const struct embedded *page = embedded_in(embedded_pages, embedded_pages_len, name);
    if (!page) {
        refuse(r, 404, N_("there is no such page"));
        return;
    }
    say_headers(r);
    http_answer(r, status, type, page->data, page->size);
}

/* Whoever is refused sees the page, which says why. */
static void answer_enter(struct ui_phone *p, struct http_request *r)
{
    char cookie[200];
    pthread_mutex_lock(&p->lock);
    const char *why = is_paired(p, r) ? NULL : judge_code(p, http_query(r, "code"));
    pthread_mutex_unlock(&p->lock);
    if (why) {
        answer_page(r, 403, "phone.html", HTML);
        return;
    }
    snprintf(cookie, sizeof cookie, "satchel-phone-%u=%s; Secure; HttpOnly; SameSite=Strict; Path=/", p->port, p->cookie);
    http_say(r, "Set-Cookie", cookie);
    http_say(r, "Location", "/");
    say_headers(r);
    http_answer(r, 303, NULL, "", 0);
}

/* ---- words ---- */

/* shut: why this phone cannot pair; NULL: it can, or is. */
static int put_words(struct ui_phone *p, bool paired, const char *shut, struct arena *a, struct jv *o)
{
    const char *const words[][2] = {{"title", T("Photos and video for the record")}, {"take", T("Take or choose photos and video")},
        {"ask", T("The code that the laptop shows")}, {"pair", T("Pair this phone")}, {"waiting", T("waiting")},
        {"sending", T("sending")}, {"saved", T("saved on the laptop")}, {"failed", T("not saved")}, {"again", T("Try again")},
        {"gone", T("The laptop does not answer; nothing that was saved is lost")},
        {"wrong", T("the code is not the one that is shown")}, {"shut", shut ? T(shut) : NULL},
        {"stay", T("Keep this page open until all is saved")}};
    int rc = jv_put(a, o, "paired", jv_bool(a, paired));
    for (size_t i = 0; i < sizeof words / sizeof *words && !rc; i++) rc = jv_put_str(a, o, words[i][0], words[i][1]);
    if (!rc) rc = jv_put_str(a, o, "language", text_language_now() == LANGUAGE_ZH ? "zh" : "en");
    return rc || !paired ? rc : jv_put_str(a, o, "record", p->title);
}

static void answer_words(struct ui_phone *p, struct http_request *r, struct shot *s)
{
    struct buf b;
    struct jv *o = jv_object(&s->arena);
    bool paired = is_paired(p, r);
    buf_init(&b, BUF_UNLIMITED);
    pthread_mutex_lock(&p->lock);
    const char *shut = paired ? NULL : why_shut(p);
    pthread_mutex_unlock(&p->lock);
    if (put_words(p, paired, shut, &s->arena, o) == 0) json_write(&b, o);
    send_body(r, 200, &b);
    buf_release(&b);
}

/* ---- uploads ---- */

/* JPEG, PNG, GIF, WebP and AVI, all that begins with a box "ftyp" (HEIC, AVIF, MP4, QuickTime), Matroska and WebM. */
static bool is_picture(const unsigned char *b, size_t len)
{
    if (len < PROBE) return false;
    return memcmp(b, "\xff\xd8\xff", 3) == 0 || memcmp(b, "\x89PNG\r\n\x1a\n", 8) == 0 || memcmp(b, "GIF8", 4) == 0 ||
           (memcmp(b, "RIFF", 4) == 0 && (memcmp(b + 8, "WEBP", 4) == 0 || memcmp(b + 8, "AVI ", 4) == 0)) ||
           memcmp(b + 4, "ftyp", 4) == 0 || memcmp(b, "\x1a\x45\xdf\xa3", 4) == 0;
}

static int read_given(void *shot, const char *name, const char *value)
{
    struct shot *s = shot;
    struct jv *options = (struct jv *)(uintptr_t)s->call.options;
    if (!ui_may_give("name captured", name)) return err_set(ERR_USAGE, "the pages may not give the option '%s' here", name);
    if (!utf8_valid(value, strlen(value))) return err_set(ERR_USAGE, "'%s' is not UTF-8 text", name);
    return jv_put_str(&s->arena, options, name, value);
}

static const struct ui_route *upload_row(void)
{
    for (size_t i = 0; i < ui_routes_len; i++)
        if (ui_routes[i].does == UI_ATTACH) return &ui_routes[i];
    return NULL;
}

static int read_call(struct ui_phone *p, struct http_request *r, struct shot *s)
{
    struct jv *options = jv_object(&s->arena), *args = jv_array(&s->arena);
    if (!options || !args) return ERR_ROAD;
    s->call = (struct ui_call){.route = upload_row(), .rest = "", .args = args, .options = options, .arena = &s->arena};
    int rc = http_each_query(r, read_given, s);
    if (!rc) rc = jv_put_str(&s->arena, options, "of", p->record);
    return rc ? rc : jv_put_str(&s->arena, options, "once", "1"); /* a phone tries again */
}

/* 0, or how to refuse what is announced. */
static int judge_upload(struct ui_phone *p, struct http_request *r, const char **why)
{
    const char *length = http_header(r, "Content-Length"), *type = http_header(r, "Content-Type");
    pthread_mutex_lock(&p->lock);
    bool closed = p->closed;
    pthread_mutex_unlock(&p->lock);
    *why = N_("this port is closed; open it anew");
    if (closed || !is_paired(p, r)) return 403;
    *why = N_("a body needs its length");
    if (!length || http_header(r, "Transfer-Encoding")) return 411;
    *why = N_("this is larger than what can be taken here");
    if (*length < '0' || *length > '9' || strtoull(length, NULL, 10) > UPLOAD_MOST) return 413;
    *why = N_("this is not of the type that is taken here");
    return type && strcmp(type, "application/octet-stream") == 0 ? 0 : 415;
}

static void begin_upload(struct ui_phone *p, struct http_request *r, struct shot *s)
{
    const char *why;
    struct ui_answer a = {.status = 500};
    int status = judge_upload(p, r, &why);
    if (status) {
        refuse(r, status, why);
        return;
    }
    if (read_call(p, r, s)) {
        refuse(r, 400, err_message());
        return;
    }
    buf_init(&a.body, BUF_UNLIMITED);
    p->owner.take_begin(p->owner.ctx, &s->call, strtoull(http_header(r, "Content-Length"), NULL, 10), &s->upload, &a);
    if (!s->upload) send_body(r, a.status, &a.body);
    buf_release(&a.body);
}

static void note_upload(struct ui_phone *p, struct shot *s, const struct ui_answer *a)
{
    const struct jv *said = NULL;
    if (json_parse(&said, &s->arena, a->body.data, a->body.len, 8, JSON_STRICT)) return;
    const struct jv *result = jv_get(said, "result");
    const char *id = jv_get_str(result, "id");
    pthread_mutex_lock(&p->lock);
    p->last = os_monotonic_seconds();
    struct jv *o = id ? jv_object(&p->kept) : NULL;
    bool put = o && !jv_put_str(&p->kept, o, "id", id) && !jv_put_str(&p->kept, o, "name", jv_get_str(s->call.options, "name")) &&
               !jv_put_int(&p->kept, o, "size", jv_get_int(result, "size", 0)) && !jv_push(&p->kept, p->uploads, o);
    if (!put) err_clear();
    pthread_mutex_unlock(&p->lock);
}

static void end_upload(struct ui_phone *p, struct http_request *r, struct shot *s)
{
    struct ui_answer a = {.status = 500};
    void *upload = s->upload;
    buf_init(&a.body, BUF_UNLIMITED);
    s->upload = NULL;
    if (s->refused || s->head_len < PROBE) {
        p->owner.take_drop(p->owner.ctx, upload);
        ui_refuse(&a, 415, T("only photos and video are taken here"));
    } else {
        p->owner.take_end(p->owner.ctx, upload, &a);
        note_upload(p, s, &a);
    }
    send_body(r, a.status, &a.body);
    buf_release(&a.body);
}

/* ---- the handler ---- */

static void begin(void *ctx, struct http_request *r)
{
    struct ui_phone *p = ctx;
    struct shot *s = calloc(1, sizeof *s);
    if (!s) return;
    arena_init(&s->arena);
    http_keep(r, s);
    err_clear();
    const char *why = foreign(p, r), *method = http_method(r);
    bool upload = strcmp(http_path(r), "/upload") == 0;
    if (why)
        refuse(r, 403, why);
    else if (strcmp(method, upload ? "POST" : "GET") != 0)
        refuse(r, 405, N_("this is not done by that method"));
    else if (upload)
        begin_upload(p, r, s);
}

/* A long film over a slow network is of use all the while. */
static void note_use(struct ui_phone *p)
{
    pthread_mutex_lock(&p->lock);
    p->last = os_monotonic_seconds();
    pthread_mutex_unlock(&p->lock);
}

static void body(void *ctx, struct http_request *r, const void *bytes, size_t len)
{
    struct ui_phone *p = ctx;
    struct shot *s = http_kept(r);
    if (!s || !s->upload || s->refused) return;
    note_use(p);
    size_t n = PROBE - s->head_len < len ? PROBE - s->head_len : len;
    memcpy(s->head + s->head_len, bytes, n);
    s->head_len += n;
    s->refused = s->head_len == PROBE && !is_picture(s->head, PROBE);
    if (!s->refused) p->owner.take(p->owner.ctx, s->upload, bytes, len);
}

static void end(void *ctx, struct http_request *r)
{
    struct ui_phone *p = ctx;
    struct shot *s = http_kept(r);
    const char *path = http_path(r);
    if (!s) return;
    if (s->upload) end_upload(p, r, s);
    else if (strcmp(path, "/") == 0) answer_page(r, 200, "phone.html", HTML);
    else if (strcmp(path, "/phone.js") == 0) answer_page(r, 200, "phone.js", "text/javascript; charset=utf-8");
    else if (strcmp(path, "/phone.css") == 0) answer_page(r, 200, "phone.css", "text/css; charset=utf-8");
    else if (strcmp(path, "/words.json") == 0) answer_words(p, r, s);
    else if (strcmp(path, "/enter") == 0) answer_enter(p, r);
    else refuse(r, 404, N_("there is no such page"));
}

static void done(void *ctx, struct http_request *r, const struct http_outcome *o)
{
    struct ui_phone *p = ctx;
    struct shot *s = http_kept(r);
    (void)o;
    if (!s) return;
    if (s->upload) p->owner.take_drop(p->owner.ctx, s->upload);
    arena_release(&s->arena);
    free(s);
}

/* ---- opening ---- */

static int make_secrets(struct ui_phone *p)
{
    unsigned char bytes[(UI_SECRET_SIZE - 1) / 2];
    uint64_t number;
    int rc = random_bytes(bytes, sizeof bytes);
    hex_write(p->cookie, bytes, sizeof bytes);
    if (!rc) rc = random_bytes(&number, sizeof number);
    snprintf(p->code, sizeof p->code, "%08llu", (unsigned long long)(number % 100000000));
    wipe(bytes, sizeof bytes);
    return rc;
}

static int find_addresses(struct ui_phone *p, const char *address, const char ***list)
{
    if (!address) {
        int rc = os_addresses(list, &p->hosts_len, &p->arena);
        if (rc || p->hosts_len) return rc;
        return err_set(ERR_ROAD, "this machine is in no network: connect it and the phone to one");
    }
    *list = arena_alloc(&p->arena, sizeof **list);
    if (!*list) return ERR_ROAD;
    (*list)[0] = arena_strdup(&p->arena, address);
    p->hosts_len = 1;
    return (*list)[0] ? 0 : ERR_ROAD;
}

static int listen_with(struct ui_phone *p, const char *address, const struct buf *certificate, const struct buf *key)
{
    char listen[80];
    snprintf(listen, sizeof listen, "%s:0", address ? address : "0.0.0.0");
    struct http_options o = {.listen = listen, .cert_pem = buf_str(certificate), .key_pem = buf_str(key),
        .connections = CONNECTIONS, .per_address = PER_ADDRESS, .idle_seconds = 60, .header_seconds = 20, .header_bytes = (size_t)32 << 10};
    struct http_handler h = {p, begin, body, end, done};
    int rc = http_start(&p->http, &o, &h);
    if (!rc) p->port = (unsigned)strtoul(strrchr(http_url(p->http), ':') + 1, NULL, 10);
    return rc;
}

static int name_hosts(struct ui_phone *p, const char **addresses)
{
    p->hosts = arena_alloc(&p->arena, (p->hosts_len + 1) * sizeof *p->hosts);
    for (size_t i = 0; p->hosts && i < p->hosts_len; i++)
        if (!(p->hosts[i] = arena_printf(&p->arena, "%s:%u", addresses[i], p->port))) return ERR_ROAD;
    return p->hosts ? 0 : ERR_ROAD;
}

static int open_port(struct ui_phone *p, const char *address)
{
    unsigned char hash[SHA256_SIZE];
    struct buf certificate, key;
    const char **addresses = NULL;
    int rc = find_addresses(p, address, &addresses);
    if (rc) return rc;
    buf_init(&certificate, 64 << 10);
    buf_init(&key, 64 << 10);
    rc = certificate_make(&certificate, &key, hash, addresses, p->hosts_len, 2);
    if (!rc) rc = listen_with(p, address, &certificate, &key);
    if (!rc) rc = name_hosts(p, addresses);
    hex_write(p->fingerprint, hash, sizeof hash);
    buf_release(&certificate);
    buf_wipe(&key);
    return rc;
}

int ui_phone_open(struct ui_phone **out, const struct ui_phone_options *o)
{
    struct ui_phone *p = calloc(1, sizeof *p);
    if (!p) return err_memory();
    arena_init(&p->arena);
    arena_init(&p->kept);
    pthread_mutex_init(&p->lock, NULL);
    p->owner = o->owner;
    p->last = os_monotonic_seconds();
    p->record = arena_strdup(&p->arena, o->record);
    p->title = arena_strdup(&p->arena, o->title ? o->title : "");
    p->uploads = jv_array(&p->kept);
    int rc = p->record && p->title && p->uploads ? make_secrets(p) : ERR_ROAD;
    if (!rc) rc = open_port(p, o->address);
    if (rc)
        ui_phone_close(p);
    else
        *out = p;
    return rc;
}

void ui_phone_close(struct ui_phone *p)
{
    if (!p) return;
    http_stop(p->http, STOP_SECONDS);
    pthread_mutex_destroy(&p->lock);
    arena_release(&p->kept);
    arena_release(&p->arena);
    wipe(p, sizeof *p);
    free(p);
}

/* ---- telling ---- */

bool ui_phone_is_over(struct ui_phone *p)
{
    pthread_mutex_lock(&p->lock);
    bool over = p->closed || os_monotonic_seconds() - p->last > IDLE_MINUTES * 60.0;
    pthread_mutex_unlock(&p->lock);
    return over;
}

static int put_addresses(struct ui_phone *p, struct arena *a, struct jv *o)
{
    struct jv *list = jv_array(a);
    const char *first = arena_printf(a, "https://%s/enter?code=%s#%s", p->hosts[0], p->code, p->fingerprint);
    int rc = first ? 0 : ERR_ROAD;
    for (size_t i = 0; i < p->hosts_len && !rc; i++) rc = jv_push(a, list, jv_string(a, arena_printf(a, "https://%s/", p->hosts[i])));
    if (!rc) rc = jv_put(a, o, "addresses", list);
    if (!rc) rc = jv_put_str(a, o, "url", first);
    return rc ? rc : jv_put(a, o, "qr", ui_qr(a, first));
}

int ui_phone_json(struct ui_phone *p, struct arena *a, struct jv **out)
{
    char until[TIME_TEXT];
    struct jv *o = jv_object(a);
    int rc = put_addresses(p, a, o);
    if (!rc) rc = jv_put_str(a, o, "code", p->code);
    if (!rc) rc = jv_put_str(a, o, "fingerprint", p->fingerprint);
    if (!rc) rc = jv_put_str(a, o, "record", p->record);
    pthread_mutex_lock(&p->lock);
    int64_t end = time_now() + IDLE_MINUTES * 60 - (int64_t)(os_monotonic_seconds() - p->last);
    if (!rc) rc = jv_put(a, o, "paired", jv_bool(a, p->paired));
    if (!rc) rc = jv_put(a, o, "uploads", jv_copy(a, p->uploads));
    pthread_mutex_unlock(&p->lock);
    time_write(until, end, os_local_offset_minutes(end));
    if (!rc) rc = jv_put_str(a, o, "until", until);
    if (!rc) *out = o;
    return rc;
}
