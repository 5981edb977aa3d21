/* HTTP by libcurl. Every wait has a limit: to connect, and of silence. */
#include "mirror_http.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "satchel/base/os.h"
#include "satchel/base/text.h"

#define CONNECT_SECONDS 30
#define SHOWN_MOST 200

struct web {
    CURL *curl;
    int patience;
    const char *ca; /* NULL: the system's */
    char error[CURL_ERROR_SIZE];
};

/* One request on its way. */
struct exchange {
    const struct web_request *request;
    struct web_answer *answer;
    uint64_t sent;
    int code; /* of what has failed here, not there */
    double moved;    /* when bytes moved last */
    curl_off_t seen; /* how many had by then */
    int patience;
};

int web_new(struct web **out, const struct mirror_options *o)
{
    const char *ca = o->ca ? o->ca : getenv("GIT_SSL_CAINFO");
    struct web *h = calloc(1, sizeof *h);
    if (!h) return err_memory();
    h->patience = o->patience_seconds;
    h->ca = ca && *ca ? ca : NULL;
    if (curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK) h->curl = curl_easy_init();
    if (!h->curl) {
        free(h);
        return err_memory();
    }
    *out = h;
    return 0;
}

void web_free(struct web *h)
{
    if (!h) return;
    curl_easy_cleanup(h->curl);
    free(h);
}

void web_answer_release(struct web_answer *a)
{
    buf_release(&a->body);
}

/* ---- bodies ---- */

static int read_memory(void *ctx, void *out, size_t cap, size_t *got)
{
    struct web_memory *m = ctx;
    *got = cap < m->len - m->at ? cap : m->len - m->at;
    if (*got) memcpy(out, m->bytes + m->at, *got);
    m->at += *got;
    return 0;
}

static int rewind_memory(void *ctx)
{
    ((struct web_memory *)ctx)->at = 0;
    return 0;
}

struct web_body web_memory_body(struct web_memory *m, const void *bytes, size_t len)
{
    *m = (struct web_memory){bytes, len, 0};
    return (struct web_body){read_memory, rewind_memory, m, len};
}

static int read_file(void *ctx, void *out, size_t cap, size_t *got)
{
    struct web_file *f = ctx;
    uint64_t left = f->len - f->at;
    *got = 0;
    if (left == 0) return 0;
    int rc = source_read(file_as_source(f->file), out, left < cap ? (size_t)left : cap, got);
    f->at += *got;
    return rc;
}

static int rewind_file(void *ctx)
{
    struct web_file *f = ctx;
    f->at = 0;
    return file_seek(f->file, f->offset);
}

struct web_body web_file_body(struct web_file *f, struct file *file, uint64_t offset, uint64_t len)
{
    *f = (struct web_file){file, offset, len, 0};
    return (struct web_body){read_file, rewind_file, f, len};
}

/* ---- libcurl's calls ---- */

static size_t give_body(char *out, size_t size, size_t count, void *exchange)
{
    struct exchange *e = exchange;
    const struct web_request *r = e->request;
    size_t got;
    e->code = r->body->read(r->body->ctx, out, size * count, &got);
    if (e->code) return CURL_READFUNC_ABORT;
    e->sent += got;
    if (r->progress) r->progress->at(r->progress, r->progress_before + e->sent, r->progress_total);
    return got;
}

static int rewind_body(void *exchange, curl_off_t offset, int origin)
{
    struct exchange *e = exchange;
    if (offset != 0 || origin != SEEK_SET) return CURL_SEEKFUNC_CANTSEEK;
    e->sent = 0;
    e->code = e->request->body->rewind(e->request->body->ctx);
    return e->code ? CURL_SEEKFUNC_FAIL : CURL_SEEKFUNC_OK;
}

static size_t take_answer(char *bytes, size_t size, size_t count, void *exchange)
{
    struct exchange *e = exchange;
    buf_add(&e->answer->body, bytes, size * count);
    e->code = buf_error(&e->answer->body);
    return e->code ? 0 : size * count;
}

/* "Name: value" without its name, or NULL where it has another. */
static const char *header_value(const char *line, size_t len, const char *name)
{
    size_t n = strlen(name);
    if (len <= n || strncasecmp(line, name, n) != 0 || line[n] != ':') return NULL;
    for (n++; n < len && (line[n] == ' ' || line[n] == '\t'); n++) continue;
    return line + n;
}

static size_t take_header(char *line, size_t size, size_t count, void *exchange)
{
    struct web_answer *a = ((struct exchange *)exchange)->answer;
    size_t len = size * count, n = 0;
    const char *etag = header_value(line, len, "ETag");
    if (!etag) return len;
    for (; etag < line + len && *etag != '\r' && *etag != '\n' && n + 1 < sizeof a->etag; etag++)
        if (*etag != '"') a->etag[n++] = *etag;
    a->etag[n] = '\0';
    return len;
}

/* libcurl's own limit of slowness counts the time that a server thinks as well, but not that before the first byte. */
static int watch(void *exchange, curl_off_t down_all, curl_off_t down, curl_off_t up_all, curl_off_t up)
{
    struct exchange *e = exchange;
    double now = os_monotonic_seconds();
    (void)down_all;
    (void)up_all;
    if (down + up != e->seen) {
        e->seen = down + up;
        e->moved = now;
    }
    return now - e->moved > e->patience;
}

/* ---- asking ---- */

static int set_headers(CURL *curl, const struct web_request *r, struct curl_slist **list)
{
    for (size_t i = 0; i < HTTP_HEADERS_MOST && r->headers[i]; i++) {
        struct curl_slist *longer = curl_slist_append(*list, r->headers[i]);
        if (!longer) return err_memory();
        *list = longer;
    }
    /* No waiting for a "100 Continue" that some servers never send; but libcurl 7.88 signs even a header that is not sent. */
    struct curl_slist *longer = r->sigv4 ? *list : curl_slist_append(*list, "Expect:");
    if (!longer) return err_memory();
    *list = longer;
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, *list);
    return 0;
}

static void set_method(CURL *curl, const struct web_request *r)
{
    if (r->body) curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
    if (r->body) curl_easy_setopt(curl, CURLOPT_INFILESIZE_LARGE, (curl_off_t)r->body->size);
    if (strcmp(r->method, "HEAD") == 0) curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, r->method);
    curl_easy_setopt(curl, CURLOPT_URL, r->url);
}

static void set_credentials(CURL *curl, const struct web_request *r)
{
    if (r->sigv4) curl_easy_setopt(curl, CURLOPT_AWS_SIGV4, r->sigv4);
    if (!r->sigv4) curl_easy_setopt(curl, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
    if (r->user) curl_easy_setopt(curl, CURLOPT_USERNAME, r->user);
    if (r->password) curl_easy_setopt(curl, CURLOPT_PASSWORD, r->password);
    if (r->netrc && !r->password) {
        curl_easy_setopt(curl, CURLOPT_NETRC, (long)CURL_NETRC_OPTIONAL);
        curl_easy_setopt(curl, CURLOPT_NETRC_FILE, r->netrc);
    }
}

static void set_calls(struct web *h, struct exchange *e)
{
    CURL *curl = h->curl;
    curl_easy_setopt(curl, CURLOPT_READFUNCTION, give_body);
    curl_easy_setopt(curl, CURLOPT_READDATA, e);
    curl_easy_setopt(curl, CURLOPT_SEEKFUNCTION, rewind_body);
    curl_easy_setopt(curl, CURLOPT_SEEKDATA, e);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_answer);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, e);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_header);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, e);
    curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, watch);
    curl_easy_setopt(curl, CURLOPT_XFERINFODATA, e);
    curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, (long)(h->patience < CONNECT_SECONDS ? h->patience : CONNECT_SECONDS));
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, h->error);
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "satchel");
    if (h->ca) curl_easy_setopt(curl, CURLOPT_CAINFO, h->ca);
}

/* Scheme, host and path, without what a query may carry of secrets. */
static const char *shown_url(char out[SHOWN_MOST], const char *url)
{
    snprintf(out, SHOWN_MOST, "%.*s", (int)strcspn(url, "?#"), url);
    return out;
}

static int no_answer(struct web *h, const struct exchange *e, CURLcode code)
{
    char shown[SHOWN_MOST];
    if (e->code) return e->code;
    shown_url(shown, e->request->url);
    if (code == CURLE_ABORTED_BY_CALLBACK)
        return err_set(ERR_ROAD, "'%s' has said nothing for %d seconds", shown, h->patience);
    return err_set(ERR_ROAD, "cannot reach '%s': %s", shown, *h->error ? h->error : curl_easy_strerror(code));
}

int web_ask(struct web *h, const struct web_request *r, struct web_answer *answer)
{
    struct curl_slist *headers = NULL;
    struct exchange e = {.request = r, .answer = answer, .moved = os_monotonic_seconds(), .patience = h->patience};
    curl_off_t length = -1;
    *answer = (struct web_answer){.length = -1};
    buf_init(&answer->body, r->answer_max ? r->answer_max : (size_t)1 << 20);
    if (!web_url_private(r->url)) return err_set(ERR_INPUT, "'%s' is no https address; over plain HTTP anybody could read along", r->url);
    curl_easy_reset(h->curl); /* the connection stays */
    *h->error = '\0';
    set_method(h->curl, r);
    set_credentials(h->curl, r);
    set_calls(h, &e);
    if (strncasecmp(r->url, "https://", 8) != 0) curl_easy_setopt(h->curl, CURLOPT_NOPROXY, "*"); /* this machine's own */
    int rc = set_headers(h->curl, r, &headers);
    if (rc == 0 && r->body) rc = r->body->rewind(r->body->ctx);
    if (rc == 0) {
        CURLcode code = curl_easy_perform(h->curl);
        rc = code == CURLE_OK ? 0 : no_answer(h, &e, code);
    }
    curl_easy_getinfo(h->curl, CURLINFO_RESPONSE_CODE, &answer->status);
    curl_easy_getinfo(h->curl, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
    answer->length = length;
    curl_slist_free_all(headers);
    return rc;
}

/* ---- addresses ---- */

static bool loopback(const char *host, size_t len)
{
    static const char *const names[] = {"127.0.0.1", "localhost", "[::1]"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (len == strlen(names[i]) && strncasecmp(host, names[i], len) == 0) return true;
    return false;
}

bool web_url_private(const char *url)
{
    if (strncasecmp(url, "https://", 8) == 0) return true;
    if (strncasecmp(url, "http://", 7) != 0) return false;
    const char *host = url + 7;
    size_t all = strcspn(host, "/?#"), len = all;
    if (memchr(host, '@', all)) return false;
    if (*host == '[') {
        const char *end = memchr(host, ']', all);
        len = end ? (size_t)(end - host) + 1 : all;
    } else {
        len = strcspn(host, ":/?#");
    }
    return loopback(host, len);
}

bool web_same_origin(const char *url, const char *origin)
{
    size_t len = strlen(origin);
    return strncasecmp(url, origin, len) == 0 && (url[len] == '\0' || strchr("/?#", url[len]));
}

/* The first line of what a server says, without what a terminal would act on. */
static void first_words(char out[SHOWN_MOST], const struct buf *body)
{
    size_t n = 0;
    for (size_t i = 0; i < body->len && n + 1 < SHOWN_MOST; i++) {
        unsigned char c = body->data[i];
        if (c == '\n' || c == '\r') break;
        if (c >= ' ' && c < 0x7f) out[n++] = (char)c;
    }
    out[n] = '\0';
}

int web_refused(const char *shown, const struct web_answer *a)
{
    char words[SHOWN_MOST];
    if (a->status == 401 || a->status == 403)
        return err_set(ERR_ROAD, "'%s' refuses this: name and password are missing or wrong (status %ld); git's credential helper or a netrc file gives them", shown, a->status);
    if (a->status == 404) return err_set(ERR_ROAD, "'%s' is not there (status 404)", shown);
    if (a->status >= 300 && a->status < 400)
        return err_set(ERR_ROAD, "'%s' leads elsewhere (status %ld); give the address that it leads to", shown, a->status);
    first_words(words, &a->body);
    return err_set(ERR_ROAD, "'%s' answers %ld %s", shown, a->status, words);
}
