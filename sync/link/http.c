/* HTTP to a hub by libcurl, which only this file and mirror_http.c include. One easy handle a place keeps the connection. */
#include "satchel/link/http.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>

#include "satchel/base/arena.h"
#include "satchel/base/text.h"

#define CONNECT_SECONDS 15
#define STALL_SECONDS 30
#define WHOLE_SECONDS 600 /* of a call that is neither a long body up nor a file down: a peer that drips ends, too */
#define SLOWEST 64        /* bytes a second, of a body that goes up */
#define PIN_START "sha256//"

struct http_over_curl {
    struct http http;
    CURL *curl;
    char *url, *ca_pem, *pin;
    long connect_seconds, stall_seconds;
    char told[CURL_ERROR_SIZE];
};

/* One call while it runs. */
struct running {
    const struct http_call *call;
    struct http_answer *answer;
    int rc; /* of what takes the body */
};

void http_answer_init(struct http_answer *a, size_t body_max)
{
    memset(a, 0, sizeof *a);
    a->upload_offset = a->upload_length = a->range_start = a->retry_seconds = HTTP_NOT_SAID;
    buf_init(&a->body, body_max);
}

void http_answer_release(struct http_answer *a)
{
    buf_release(&a->body);
}

void http_close(struct http *h)
{
    if (h) h->close(h);
}

/* ---- the place ---- */

static const char *host_of(const char *url)
{
    const char *slashes = strstr(url, "://");
    return slashes ? slashes + 3 : url;
}

static bool is_loopback(const char *url)
{
    static const char *const names[] = {"127.0.0.1", "localhost", "[::1]"};
    const char *host = host_of(url);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        size_t n = strlen(names[i]);
        if (strncmp(host, names[i], n) == 0 && strchr(":/", host[n])) return true; /* its NUL counts */
    }
    return false;
}

static bool is_tls(const char *url)
{
    return strncmp(url, "https://", 8) == 0;
}

int http_check_place(const struct http_place *place)
{
    bool plain = strncmp(place->url, "http://", 7) == 0;
    bool known = plain || is_tls(place->url);
    if (!known || !*host_of(place->url) || strpbrk(place->url, " @?#\\"))
        return err_set(ERR_USAGE, "'%s' is not the address of a hub, which looks like https://hub.example.org/satchel", place->url);
    if (plain && !place->plain && !is_loopback(place->url))
        return err_set(ERR_USAGE, "'%s' is without TLS: use https://, or say --plain for a network that you trust", place->url);
    if (place->pin && strncmp(place->pin, PIN_START, strlen(PIN_START)) != 0)
        return err_set(ERR_USAGE, "a pinned key looks like sha256//BASE64, not '%s'", place->pin);
    return 0;
}

/* ---- the answer as it comes ---- */

static bool header_is(const char *line, size_t len, const char *name, const char **value)
{
    size_t n = strlen(name);
    if (len <= n || line[n] != ':' || !curl_strnequal(line, name, n)) return false;
    *value = line + n + 1;
    while (**value == ' ' || **value == '\t') (*value)++;
    return true;
}

static uint64_t number(const char *s)
{
    char *end;
    if (*s < '0' || *s > '9') return HTTP_NOT_SAID;
    unsigned long long n = strtoull(s, &end, 10);
    return strchr("\r\n -", *end) ? n : HTTP_NOT_SAID; /* its NUL counts */
}

static void read_header(struct http_answer *a, const char *line, size_t len)
{
    const char *value;
    if (len > 5 && strncmp(line, "HTTP/", 5) == 0) { /* after a "100 Continue" the next head begins */
        a->upload_offset = a->upload_length = a->range_start = a->retry_seconds = HTTP_NOT_SAID;
        a->location[0] = '\0';
    } else if (header_is(line, len, "Upload-Offset", &value)) {
        a->upload_offset = number(value);
    } else if (header_is(line, len, "Upload-Length", &value)) {
        a->upload_length = number(value);
    } else if (header_is(line, len, "Retry-After", &value)) {
        a->retry_seconds = number(value);
    } else if (header_is(line, len, "Content-Range", &value)) {
        if (strncmp(value, "bytes ", 6) == 0) a->range_start = number(value + 6);
    } else if (header_is(line, len, "Location", &value)) {
        size_t n = strcspn(value, "\r\n");
        if (n < sizeof a->location) {
            memcpy(a->location, value, n);
            a->location[n] = '\0';
        }
    }
}

static size_t on_header(char *line, size_t size, size_t n, void *ctx)
{
    struct running *r = ctx;
    char whole[HTTP_LOCATION_MAX + 64];
    size_t len = size * n < sizeof whole - 1 ? size * n : sizeof whole - 1;
    memcpy(whole, line, len); /* libcurl's ends with no NUL */
    whole[len] = '\0';
    read_header(r->answer, whole, len);
    return size * n;
}

static size_t on_body(char *bytes, size_t size, size_t n, void *ctx)
{
    struct running *r = ctx;
    struct http_answer *a = r->answer;
    size_t len = size * n;
    bool wanted = r->call->take && (a->status == 200 || a->status == 206);
    if (wanted) {
        r->rc = r->call->take(r->call->ctx, a, bytes, len);
    } else {
        buf_add(&a->body, bytes, len);
        r->rc = buf_error(&a->body);
        if (r->rc) a->fault = HTTP_GARBAGE;
    }
    if (r->rc && !a->fault) a->fault = HTTP_LOCAL;
    return r->rc ? 0 : len;
}

/* The status is known only to libcurl; the first byte of a body comes after it. */
struct body {
    struct running running;
    CURL *curl;
    size_t read; /* bytes of the request's that libcurl has taken */
};

static size_t on_first_body(char *bytes, size_t size, size_t n, void *ctx)
{
    struct body *b = ctx;
    long status = 0;
    curl_easy_getinfo(b->curl, CURLINFO_RESPONSE_CODE, &status);
    b->running.answer->status = (int)status;
    return on_body(bytes, size, n, &b->running);
}

static int on_progress(void *ctx, curl_off_t total, curl_off_t now, curl_off_t up_total, curl_off_t up_now)
{
    struct body *b = ctx;
    (void)total, (void)now, (void)up_total;
    if (b->running.call->sent && up_now > 0) b->running.call->sent(b->running.call->ctx, (uint64_t)up_now);
    return 0;
}

static size_t on_read(char *to, size_t size, size_t n, void *ctx)
{
    struct body *b = ctx;
    const struct http_call *q = b->running.call;
    size_t len = q->body_len - b->read < size * n ? q->body_len - b->read : size * n;
    if (len) memcpy(to, (const unsigned char *)q->body + b->read, len);
    b->read += len;
    return len;
}

/* libcurl would send all of it once more by itself where a connection that was used before breaks in the middle. How much has
 * arrived is to be asked first. */
static int on_rewind(void *ctx, curl_off_t offset, int origin)
{
    (void)ctx, (void)offset, (void)origin;
    return CURL_SEEKFUNC_FAIL;
}

/* ---- why there was none ---- */

static int tell_distrust(struct http_over_curl *h, CURLcode code)
{
    long verify = 0;
    curl_easy_getinfo(h->curl, CURLINFO_SSL_VERIFYRESULT, &verify);
    if (verify == 9 || verify == 10) /* X509_V_ERR_CERT_NOT_YET_VALID, …_HAS_EXPIRED */
        return err_set(ERR_ROAD, "the certificate of %s is not valid on this machine's date: set its clock, or ask headquarters for a new one", h->url);
    if (code == CURLE_SSL_PINNEDPUBKEYNOTMATCH)
        return err_set(ERR_ROAD, "the key of %s is not the one that was pinned: nothing was sent; ask headquarters before you sync here", h->url);
    if (code == CURLE_PEER_FAILED_VERIFICATION && (verify == 0 || verify == 1)) /* libcurl looks at the name before the rest is judged */
        return err_set(ERR_ROAD, "the certificate at %s is of another host: nothing was sent; is the address right? ask headquarters before you sync here", h->url);
    if (verify >= 18 && verify <= 21) /* X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT … UNABLE_TO_VERIFY_LEAF_SIGNATURE */
        return err_set(ERR_ROAD, "the certificate of %s is not trusted here: nothing was sent, for somebody may stand in between; ask headquarters, and if it has one of its own, name it: 'remote add NAME URL --ca FILE'", h->url);
    return err_set(ERR_ROAD, "the certificate of %s is not trusted here (%s): nothing was sent; ask headquarters before you sync here",
        h->url, *h->told ? h->told : curl_easy_strerror(code));
}

static enum http_fault fault_of(CURLcode code, bool connected)
{
    switch (code) {
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_PINNEDPUBKEYNOTMATCH:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
        return HTTP_DISTRUST;
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_CONNECT:
        return HTTP_OFFLINE;
    case CURLE_OPERATION_TIMEDOUT:
        return connected ? HTTP_CUT : HTTP_OFFLINE;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SEND_ERROR:
    case CURLE_SEND_FAIL_REWIND:
    case CURLE_RECV_ERROR:
    case CURLE_PARTIAL_FILE:
    case CURLE_GOT_NOTHING:
        return HTTP_CUT;
    default:
        return HTTP_GARBAGE;
    }
}

/* What networks on the way do, in people's words; for the rest, libcurl's own. */
static const char *words_of(const struct http_over_curl *h, CURLcode code)
{
    switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
        return T("its name is not found; is this machine in a network?");
    case CURLE_COULDNT_CONNECT:
        return T("nothing answers there");
    case CURLE_OPERATION_TIMEDOUT:
        return T("no answer in time");
    case CURLE_SSL_CONNECT_ERROR:
        return T("no secure connection came about");
    case CURLE_SEND_ERROR:
    case CURLE_SEND_FAIL_REWIND: /* that it was on_rewind is nobody's concern */
        return T("while this was sent");
    case CURLE_RECV_ERROR:
    case CURLE_PARTIAL_FILE:
        return T("in the middle of the answer");
    case CURLE_GOT_NOTHING:
        return T("before an answer came");
    default:
        return *h->told ? h->told : curl_easy_strerror(code);
    }
}

static int tell_fault(struct http_over_curl *h, CURLcode code, struct running *r)
{
    double connected = 0;
    struct http_answer *a = r->answer;
    if (a->fault == HTTP_LOCAL) return r->rc;
    if (a->fault == HTTP_GARBAGE) return err_set(ERR_ROAD, "what answers at %s says more than a hub would", h->url);
    curl_easy_getinfo(h->curl, CURLINFO_CONNECT_TIME, &connected);
    a->fault = fault_of(code, connected > 0);
    const char *told = words_of(h, code);
    switch (a->fault) {
    case HTTP_DISTRUST:
        return tell_distrust(h, code);
    case HTTP_OFFLINE:
        return err_set(ERR_ROAD, "%s can't be reached (%s)", h->url, told);
    case HTTP_CUT:
        return err_set(ERR_ROAD, "the connection to %s broke (%s)", h->url, told);
    default:
        return err_set(ERR_ROAD, "what answers at %s is no hub (%s)", h->url, told);
    }
}

/* ---- calling ---- */

static int make_headers(struct curl_slist **out, const char *const *headers)
{
    struct curl_slist *list = curl_slist_append(NULL, "Expect:"); /* a round trip for nothing */
    for (; list && headers && *headers; headers++) {
        struct curl_slist *longer = curl_slist_append(list, *headers);
        if (!longer) curl_slist_free_all(list);
        list = longer;
    }
    if (!list) return err_memory();
    *out = list;
    return 0;
}

static void set_trust(struct http_over_curl *h)
{
    CURL *c = h->curl;
    bool chain = h->ca_pem || !h->pin;
    if (h->ca_pem) { /* that one alone: the machine's own authorities would still be looked up in their folder */
        curl_easy_setopt(c, CURLOPT_CAINFO, NULL);
        curl_easy_setopt(c, CURLOPT_CAPATH, NULL);
        struct curl_blob blob = {h->ca_pem, strlen(h->ca_pem), CURL_BLOB_COPY};
        curl_easy_setopt(c, CURLOPT_CAINFO_BLOB, &blob);
    }
    if (h->pin) curl_easy_setopt(c, CURLOPT_PINNEDPUBLICKEY, h->pin);
    curl_easy_setopt(c, CURLOPT_SSL_VERIFYPEER, chain ? 1L : 0L);
    curl_easy_setopt(c, CURLOPT_SSL_VERIFYHOST, chain ? 2L : 0L);
    curl_easy_setopt(c, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
}

/* CURLOPT_NOSIGNAL stays off: so libcurl sees to it that a peer that is gone under TLS ends no program by SIGPIPE. */
static void set_limits(struct http_over_curl *h)
{
    CURL *c = h->curl;
    curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT, h->connect_seconds);
    curl_easy_setopt(c, CURLOPT_LOW_SPEED_LIMIT, 1L);
    curl_easy_setopt(c, CURLOPT_LOW_SPEED_TIME, h->stall_seconds);
    curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(c, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(c, CURLOPT_USERAGENT, "satchel");
    curl_easy_setopt(c, CURLOPT_ERRORBUFFER, h->told);
    if (!is_tls(h->url)) curl_easy_setopt(c, CURLOPT_NOPROXY, "*"); /* the token is for the hub, not for what http_proxy names */
}

static void set_body(struct body *b)
{
    CURL *c = b->curl;
    const struct http_call *q = b->running.call;
    curl_easy_setopt(c, CURLOPT_POST, 1L);
    curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)q->body_len);
    curl_easy_setopt(c, CURLOPT_READFUNCTION, on_read);
    curl_easy_setopt(c, CURLOPT_READDATA, b);
    curl_easy_setopt(c, CURLOPT_SEEKFUNCTION, on_rewind);
    curl_easy_setopt(c, CURLOPT_CUSTOMREQUEST, q->method);
}

static void set_call(struct http_over_curl *h, struct body *b, const char *url, struct curl_slist *headers)
{
    CURL *c = h->curl;
    const struct http_call *q = b->running.call;
    bool head = strcmp(q->method, "HEAD") == 0;
    if (!q->take) curl_easy_setopt(c, CURLOPT_TIMEOUT, (long)(WHOLE_SECONDS + q->body_len / SLOWEST));
    curl_easy_setopt(c, CURLOPT_URL, url);
    curl_easy_setopt(c, CURLOPT_HTTPHEADER, headers);
    if (head) {
        curl_easy_setopt(c, CURLOPT_NOBODY, 1L);
    } else if (strcmp(q->method, "GET") != 0) {
        set_body(b);
    }
}

static int call_curl(struct http *http, const struct http_call *q, struct http_answer *a)
{
    struct http_over_curl *h = (struct http_over_curl *)http;
    struct body body = {{q, a, 0}, h->curl, 0};
    struct curl_slist *headers = NULL;
    struct arena arena;
    long status = 0;
    arena_init(&arena);
    const char *url = arena_printf(&arena, "%s/%s", h->url, q->path);
    int rc = url ? make_headers(&headers, q->headers) : ERR_ROAD;
    if (rc) goto out;
    curl_easy_reset(h->curl); /* keeps the connection */
    h->told[0] = '\0';
    set_limits(h);
    set_trust(h);
    set_call(h, &body, url, headers);
    curl_easy_setopt(h->curl, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(h->curl, CURLOPT_HEADERDATA, &body.running);
    curl_easy_setopt(h->curl, CURLOPT_WRITEFUNCTION, on_first_body);
    curl_easy_setopt(h->curl, CURLOPT_WRITEDATA, &body);
    curl_easy_setopt(h->curl, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(h->curl, CURLOPT_XFERINFOFUNCTION, on_progress);
    curl_easy_setopt(h->curl, CURLOPT_XFERINFODATA, &body);
    CURLcode code = curl_easy_perform(h->curl);
    curl_easy_getinfo(h->curl, CURLINFO_RESPONSE_CODE, &status);
    a->status = (int)status;
    if (code) rc = tell_fault(h, code, &body.running);
out:
    curl_slist_free_all(headers);
    arena_release(&arena);
    return rc;
}

static void close_curl(struct http *http)
{
    struct http_over_curl *h = (struct http_over_curl *)http;
    if (h->curl) curl_easy_cleanup(h->curl);
    free(h->url);
    free(h->ca_pem);
    free(h->pin);
    free(h);
}

/* A copy, or NULL of NULL; *failed where there is no memory for it. */
static char *copy(const char *s, bool *failed)
{
    char *made = s ? malloc(strlen(s) + 1) : NULL;
    if (s && made) memcpy(made, s, strlen(s) + 1);
    if (s && !made) *failed = true;
    return made;
}

int http_curl(struct http **out, const struct http_place *place)
{
    bool failed = false;
    int rc = http_check_place(place);
    struct http_over_curl *h = rc ? NULL : calloc(1, sizeof *h);
    if (rc) return rc;
    if (!h) return err_memory();
    if (curl_global_init(CURL_GLOBAL_DEFAULT) == 0) h->curl = curl_easy_init();
    h->http = (struct http){call_curl, close_curl};
    h->url = copy(place->url, &failed);
    h->ca_pem = copy(place->ca_pem, &failed);
    h->pin = copy(place->pin, &failed);
    h->connect_seconds = place->connect_seconds ? place->connect_seconds : CONNECT_SECONDS;
    h->stall_seconds = place->stall_seconds ? place->stall_seconds : STALL_SECONDS;
    if (failed || !h->curl) {
        close_curl(&h->http);
        return err_memory();
    }
    for (size_t n = strlen(h->url); n > 0 && h->url[n - 1] == '/'; n--) h->url[n - 1] = '\0';
    *out = &h->http;
    return 0;
}
