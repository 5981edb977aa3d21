/* The HTTP server over libmicrohttpd, a thread a connection.
 *
 * A request is answered once its body has been read, or at once where the body is large and nobody wants it. Whose request
 * does not get to its headers' end in time is cut off by a watch: the library's own limit begins anew with every byte. */
#define _POSIX_C_SOURCE 200809L

#include "satchel/base/http.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <microhttpd.h>
#include <netdb.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "satchel/base/json.h"
#include "satchel/base/os.h"
#include "satchel/base/text.h"

#define ADDRESS_SIZE 64
#define HOST_SIZE 256
#define SWALLOW_MOST (UINT64_C(256) << 10) /* a body that is not wanted is still read up to here, to keep the connection */
#define SOURCE_CHUNK ((size_t)64 << 10)
#define STACK_SIZE ((size_t)1 << 20)
#define SPARE_CONNECTIONS 16 /* that are told to come later, before more are not taken at all */
#define PRIORITIES "SECURE128:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2"

/* A connection, from accept to close. */
struct line {
    struct line *next, **link;
    int fd;
    double since; /* when it began, or its last request ended */
    double most;  /* seconds that the next request's headers may take from then on */
    double until; /* the request that is under way must be here by then; 0: whenever */
    bool busy;    /* a request is under way */
    bool excess;  /* over a limit: its requests are refused */
    const char *why;
    char address[ADDRESS_SIZE], network[ADDRESS_SIZE];
};

struct http_server {
    struct http_options options;
    struct http_handler handler;
    struct MHD_Daemon *daemon;
    int socket;
    char url[HOST_SIZE + 32];
    char complaint[256]; /* the library's own words, while it starts */
    struct buf cert, key;
    bool tls;
    pthread_t watch;
    bool watched;
    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t calm;
    struct line *lines;
    unsigned lines_len, active;
    bool stopping;
};

struct http_request {
    struct http_server *server;
    struct MHD_Connection *connection;
    struct line *line;
    const char *method;
    char *path;
    char peer[ADDRESS_SIZE], network[ADDRESS_SIZE];
    void *kept;
    struct MHD_Response *answer;
    struct said { struct said *next; char *name, *value; } *said;
    int status;
    uint64_t received, sent;
    double started;
    bool queued;
};

/* ---- asking ---- */

const char *http_method(const struct http_request *r)
{
    return r->method;
}

const char *http_path(const struct http_request *r)
{
    return r->path;
}

const char *http_header(const struct http_request *r, const char *name)
{
    return MHD_lookup_connection_value(r->connection, MHD_HEADER_KIND, name);
}

const char *http_query(const struct http_request *r, const char *name)
{
    return MHD_lookup_connection_value(r->connection, MHD_GET_ARGUMENT_KIND, name);
}

struct query_walk {
    int (*each)(void *ctx, const char *name, const char *value);
    void *ctx;
    int result;
};

static enum MHD_Result query_step(void *walk, enum MHD_ValueKind kind, const char *name, const char *value)
{
    struct query_walk *w = walk;
    (void)kind;
    w->result = w->each(w->ctx, name, value ? value : "");
    return w->result ? MHD_NO : MHD_YES;
}

int http_each_query(const struct http_request *r, int (*each)(void *ctx, const char *name, const char *value), void *ctx)
{
    struct query_walk w = {each, ctx, 0};
    (void)MHD_get_connection_values(r->connection, MHD_GET_ARGUMENT_KIND, query_step, &w);
    return w.result;
}

const char *http_peer(const struct http_request *r)
{
    return r->peer;
}

const char *http_network(const struct http_request *r)
{
    return r->network;
}

bool http_is_other_user(const struct http_request *r)
{
    unsigned user;
    return r->line && r->line->fd >= 0 && os_peer_user(&user, r->line->fd) && os_is_other_user(user);
}

uint64_t http_received(const struct http_request *r)
{
    return r->received;
}

static void set_until(struct http_request *r, double until)
{
    if (!r->line) return;
    pthread_mutex_lock(&r->server->lock);
    r->line->until = until;
    pthread_mutex_unlock(&r->server->lock);
}

void http_hurry(struct http_request *r, unsigned seconds)
{
    set_until(r, r->started + seconds);
}

void http_keep(struct http_request *r, void *state)
{
    r->kept = state;
}

void *http_kept(const struct http_request *r)
{
    return r->kept;
}

bool http_answered(const struct http_request *r)
{
    return r->answer != NULL;
}

/* ---- answering ---- */

void http_say(struct http_request *r, const char *name, const char *value)
{
    struct said *s = calloc(1, sizeof *s);
    if (!s) return;
    *s = (struct said){r->said, strdup(name), strdup(value)};
    r->said = s;
}

static void forget_said(struct http_request *r)
{
    while (r->said) {
        struct said *s = r->said;
        r->said = s->next;
        free(s->name);
        free(s->value);
        free(s);
    }
}

static void set_answer(struct http_request *r, int status, const char *type, struct MHD_Response *answer, uint64_t sent)
{
    if (!answer) return;
    for (const struct said *s = r->said; s; s = s->next)
        if (s->name && s->value) (void)!MHD_add_response_header(answer, s->name, s->value);
    if (type) (void)!MHD_add_response_header(answer, MHD_HTTP_HEADER_CONTENT_TYPE, type);
    r->answer = answer;
    r->status = status;
    r->sent = strcmp(r->method, MHD_HTTP_METHOD_HEAD) == 0 ? 0 : sent;
}

void http_answer(struct http_request *r, int status, const char *type, const void *bytes, size_t len)
{
    if (r->answer) return;
    set_answer(r, status, type, MHD_create_response_from_buffer(len, (void *)bytes, MHD_RESPMEM_MUST_COPY), len);
}

static void answer_error(struct http_request *r, int status, const char *text)
{
    struct buf b;
    buf_init(&b, 4096);
    buf_adds(&b, "{\"error\":");
    json_write_string(&b, text, strlen(text));
    buf_addc(&b, '}');
    http_answer(r, status, "application/json", b.data, b.len);
    buf_release(&b);
}

static ssize_t read_answer(void *from, uint64_t pos, char *out, size_t cap)
{
    size_t got;
    (void)pos;
    if (source_read(from, out, cap, &got)) return MHD_CONTENT_READER_END_WITH_ERROR;
    return got ? (ssize_t)got : MHD_CONTENT_READER_END_WITH_ERROR; /* the library ends it by its length */
}

static void close_answer(void *from)
{
    source_close(from);
}

void http_answer_source(struct http_request *r, int status, const char *type, struct source *from, uint64_t len)
{
    struct MHD_Response *answer =
        r->answer ? NULL : MHD_create_response_from_callback(len, SOURCE_CHUNK, read_answer, from, close_answer);
    if (answer)
        set_answer(r, status, type, answer, len);
    else
        source_close(from);
}

void http_answer_file(struct http_request *r, int status, const char *type, const char *path, uint64_t offset, uint64_t len)
{
    if (r->answer) return;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    struct MHD_Response *answer = fd < 0 ? NULL : MHD_create_response_from_fd_at_offset64(len, fd, offset);
    if (answer)
        set_answer(r, status, type, answer, len);
    else if (fd >= 0)
        close(fd);
}

/* ---- connections ---- */

static void address_text(char out[ADDRESS_SIZE], const struct sockaddr *a)
{
    const void *bytes = NULL;
    if (a && a->sa_family == AF_INET) bytes = &((const struct sockaddr_in *)(const void *)a)->sin_addr;
    if (a && a->sa_family == AF_INET6) bytes = &((const struct sockaddr_in6 *)(const void *)a)->sin6_addr;
    if (!bytes || !inet_ntop(a->sa_family, bytes, out, ADDRESS_SIZE)) strcpy(out, "?");
    if (strncmp(out, "::ffff:", 7) == 0) memmove(out, out + 7, strlen(out + 7) + 1);
}

/* Whoever has one IPv6 address has all of its /64. */
static void network_text(char out[ADDRESS_SIZE], const char *address)
{
    struct in6_addr six;
    snprintf(out, ADDRESS_SIZE, "%s", address);
    if (inet_pton(AF_INET6, address, &six) != 1) return;
    memset(six.s6_addr + 8, 0, 8);
    (void)!inet_ntop(AF_INET6, &six, out, ADDRESS_SIZE);
}

static bool is_loopback_text(const char *address)
{
    return strncmp(address, "127.", 4) == 0 || strcmp(address, "::1") == 0;
}

static unsigned lines_of(const struct http_server *s, const char *network)
{
    unsigned n = 0;
    for (const struct line *l = s->lines; l; l = l->next) n += strcmp(l->network, network) == 0;
    return n;
}

/* Under the lock; the line is among the others already. */
static void limit_line(struct http_server *s, struct line *l)
{
    bool exempt = s->options.behind_proxy && is_loopback_text(l->address);
    if (s->lines_len > s->options.connections)
        l->why = N_("too many connections; try again in a moment");
    else if (!exempt && lines_of(s, l->network) > s->options.per_address)
        l->why = N_("too many connections from this address");
    l->excess = l->why != NULL;
}

static void line_open(struct http_server *s, struct MHD_Connection *c, void **context)
{
    struct line *l = calloc(1, sizeof *l);
    const union MHD_ConnectionInfo *fd = MHD_get_connection_info(c, MHD_CONNECTION_INFO_CONNECTION_FD),
                                   *from = MHD_get_connection_info(c, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    if (!l) return;
    l->fd = fd ? fd->connect_fd : -1;
    address_text(l->address, from ? from->client_addr : NULL);
    network_text(l->network, l->address);
    l->since = os_monotonic_seconds();
    l->most = s->options.header_seconds;
    pthread_mutex_lock(&s->lock);
    l->next = s->lines;
    l->link = &s->lines;
    if (l->next) l->next->link = &l->next;
    s->lines = l;
    s->lines_len++;
    limit_line(s, l);
    pthread_mutex_unlock(&s->lock);
    *context = l;
}

static void line_close(struct http_server *s, struct line *l)
{
    if (!l) return;
    pthread_mutex_lock(&s->lock);
    *l->link = l->next;
    if (l->next) l->next->link = l->link;
    s->lines_len--;
    pthread_mutex_unlock(&s->lock);
    free(l);
}

static void on_connection(void *server, struct MHD_Connection *c, void **context, enum MHD_ConnectionNotificationCode code)
{
    if (code == MHD_CONNECTION_NOTIFY_STARTED)
        line_open(server, c, context);
    else
        line_close(server, *context);
}

static bool is_overdue(const struct line *l, double now)
{
    return l->busy ? l->until > 0 && now > l->until : now - l->since > l->most;
}

/* The socket is open as long as its line is in the list. */
static void *keep_watch(void *server)
{
    struct http_server *s = server;
    struct timespec at;
    pthread_mutex_lock(&s->lock);
    while (!s->stopping) {
        double now = os_monotonic_seconds();
        for (const struct line *l = s->lines; l; l = l->next)
            if (is_overdue(l, now) && l->fd >= 0) shutdown(l->fd, SHUT_RDWR);
        clock_gettime(CLOCK_REALTIME, &at);
        at.tv_sec++;
        pthread_cond_timedwait(&s->calm, &s->lock, &at);
    }
    pthread_mutex_unlock(&s->lock);
    return NULL;
}

/* ---- requests ---- */

/* Behind a proxy: the address that the proxy itself has seen stands last. */
static void find_peer(struct http_request *r)
{
    const char *via = r->server->options.behind_proxy ? http_header(r, "X-Forwarded-For") : NULL;
    const char *own = r->line ? r->line->address : "?";
    unsigned char bytes[sizeof(struct in6_addr)];
    snprintf(r->peer, sizeof r->peer, "%s", own);
    if (!via || !is_loopback_text(own)) return;
    const char *last = strrchr(via, ',');
    last = last ? last + 1 : via;
    while (*last == ' ') last++;
    if (inet_pton(AF_INET, last, bytes) == 1 || inet_pton(AF_INET6, last, bytes) == 1)
        snprintf(r->peer, sizeof r->peer, "%s", last);
}

static void request_free(struct http_request *r)
{
    forget_said(r);
    if (r->answer) MHD_destroy_response(r->answer);
    free(r->path);
    free(r);
}

static struct http_request *request_new(struct http_server *s, struct MHD_Connection *c, const char *url, const char *method)
{
    struct http_request *r = calloc(1, sizeof *r);
    const union MHD_ConnectionInfo *context = MHD_get_connection_info(c, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    if (!r || !(r->path = strdup(url))) {
        free(r);
        return NULL;
    }
    r->server = s;
    r->connection = c;
    r->line = context ? context->socket_context : NULL;
    r->method = method;
    r->started = os_monotonic_seconds();
    find_peer(r);
    network_text(r->network, r->peer);
    return r;
}

/* NULL: it may go on. */
static const char *refusal(struct http_request *r, int *status)
{
    struct http_server *s = r->server;
    pthread_mutex_lock(&s->lock);
    bool stopping = s->stopping, full = s->lines_len > s->options.connections;
    s->active++;
    if (r->line) r->line->busy = true;
    pthread_mutex_unlock(&s->lock);
    *status = MHD_HTTP_SERVICE_UNAVAILABLE;
    if (stopping) return N_("the server is stopping; try again in a moment");
    if (!r->line || !r->line->excess) return NULL;
    if (!full) *status = MHD_HTTP_TOO_MANY_REQUESTS;
    return r->line->why;
}

static enum MHD_Result queue(struct http_request *r)
{
    if (!r->answer) answer_error(r, MHD_HTTP_INTERNAL_SERVER_ERROR, N_("this failed at the server; it is in its log"));
    if (!r->answer) return MHD_NO;
    r->queued = true;
    return MHD_queue_response(r->connection, (unsigned)r->status, r->answer);
}

static bool is_worth_reading(const struct http_request *r)
{
    const char *length = http_header(r, MHD_HTTP_HEADER_CONTENT_LENGTH);
    if (http_header(r, MHD_HTTP_HEADER_TRANSFER_ENCODING)) return false;
    return !length || strtoull(length, NULL, 10) <= SWALLOW_MOST;
}

static enum MHD_Result begin(struct http_server *s, struct http_request *r)
{
    int status;
    const char *no = refusal(r, &status);
    if (no) {
        http_say(r, "Retry-After", "2");
        http_say(r, MHD_HTTP_HEADER_CONNECTION, "close");
        answer_error(r, status, no);
    } else {
        s->handler.begin(s->handler.ctx, r);
    }
    if (http_answered(r)) http_hurry(r, s->options.idle_seconds);
    return http_answered(r) && !is_worth_reading(r) ? queue(r) : MHD_YES;
}

static enum MHD_Result on_request(void *server, struct MHD_Connection *c, const char *url, const char *method,
    const char *version, const char *bytes, size_t *len, void **request)
{
    struct http_server *s = server;
    struct http_request *r = *request;
    (void)version;
    if (!r) {
        r = request_new(s, c, url, method);
        *request = r;
        return r ? begin(s, r) : MHD_NO;
    }
    if (r->queued) return MHD_YES;
    if (*len == 0) {
        set_until(r, 0);
        if (!r->answer) s->handler.end(s->handler.ctx, r);
        return queue(r);
    }
    r->received += *len;
    if (!r->answer) s->handler.body(s->handler.ctx, r, bytes, *len);
    *len = 0;
    return r->answer && !is_worth_reading(r) ? MHD_NO : MHD_YES;
}

static void calm_down(struct http_server *s, struct http_request *r)
{
    pthread_mutex_lock(&s->lock);
    s->active--;
    if (r->line) {
        r->line->busy = false;
        r->line->until = 0;
        r->line->since = os_monotonic_seconds();
        r->line->most = s->options.header_seconds + s->options.idle_seconds;
    }
    pthread_cond_broadcast(&s->calm);
    pthread_mutex_unlock(&s->lock);
}

static void on_completed(void *server, struct MHD_Connection *c, void **request, enum MHD_RequestTerminationCode code)
{
    struct http_server *s = server;
    struct http_request *r = *request;
    (void)c;
    if (!r) return;
    struct http_outcome o = {.status = r->queued ? r->status : 0,
        .received = r->received,
        .sent = r->sent,
        .seconds = os_monotonic_seconds() - r->started,
        .whole = r->queued && code == MHD_REQUEST_TERMINATED_COMPLETED_OK};
    s->handler.done(s->handler.ctx, r, &o);
    calm_down(s, r);
    request_free(r);
    *request = NULL;
}

/* ---- start ---- */

/* "host:port", "[host]:port". */
static bool split_listen(const char *listen, char host[HOST_SIZE], char port[8])
{
    const char *colon = strrchr(listen, ':');
    size_t len = colon ? (size_t)(colon - listen) : 0;
    if (!colon || len == 0 || len >= HOST_SIZE || strlen(colon + 1) > 5 || !colon[1] ||
        strspn(colon + 1, "0123456789") != strlen(colon + 1))
        return false;
    strcpy(port, colon + 1);
    if (listen[0] == '[' && listen[len - 1] == ']') {
        listen++;
        len -= 2;
    } else if (memchr(listen, ':', len)) {
        return false;
    }
    memcpy(host, listen, len);
    host[len] = '\0';
    return true;
}

static struct addrinfo *resolve(const char *listen)
{
    char host[HOST_SIZE], port[8];
    struct addrinfo *list = NULL, hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
    if (!split_listen(listen, host, port) || getaddrinfo(host, port, &hints, &list) != 0) return NULL;
    return list;
}

bool http_is_loopback(const char *listen)
{
    struct addrinfo *list = resolve(listen);
    bool all = list != NULL;
    for (const struct addrinfo *i = list; i && all; i = i->ai_next) {
        char text[ADDRESS_SIZE];
        address_text(text, i->ai_addr);
        all = is_loopback_text(text);
    }
    if (list) freeaddrinfo(list);
    return all;
}

static int listen_at(struct http_server *s, const struct addrinfo *at)
{
    int on = 1;
    s->socket = socket(at->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (s->socket >= 0) setsockopt(s->socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (s->socket >= 0 && bind(s->socket, at->ai_addr, at->ai_addrlen) == 0 && listen(s->socket, 512) == 0) return 0;
    return err_system("listen at", s->options.listen);
}

static int note_url(struct http_server *s)
{
    struct sockaddr_storage at;
    socklen_t len = sizeof at;
    char address[ADDRESS_SIZE];
    if (getsockname(s->socket, (struct sockaddr *)&at, &len) != 0) return err_system("listen at", s->options.listen);
    bool six = at.ss_family == AF_INET6;
    unsigned port = ntohs(six ? ((struct sockaddr_in6 *)&at)->sin6_port : ((struct sockaddr_in *)&at)->sin_port);
    address_text(address, (struct sockaddr *)&at);
    snprintf(s->url, sizeof s->url, "%s://%s%s%s:%u", s->tls ? "https" : "http", six ? "[" : "", address,
        six ? "]" : "", port);
    return 0;
}

static int open_socket(struct http_server *s)
{
    struct addrinfo *list = resolve(s->options.listen);
    if (!list)
        return err_set(ERR_USAGE, "'%s' is no address to listen at; say it as 127.0.0.1:8080", s->options.listen);
    int rc = listen_at(s, list);
    freeaddrinfo(list);
    return rc ? rc : note_url(s);
}

static int read_tls(struct http_server *s)
{
    const struct http_options *o = &s->options;
    s->tls = o->cert || o->cert_pem;
    if (!s->tls) return 0;
    if (o->cert_pem) buf_adds(&s->cert, o->cert_pem);
    if (o->cert_pem) buf_adds(&s->key, o->key_pem);
    int rc = o->cert ? file_read(o->cert, &s->cert) : buf_error(&s->cert);
    if (rc == 0) rc = o->cert ? file_read(o->key, &s->key) : buf_error(&s->key);
    if (rc == 0 && MHD_is_feature_supported(MHD_FEATURE_TLS) != MHD_YES)
        rc = err_set(ERR_ROAD, "this build's HTTP library knows no TLS");
    return rc;
}

static void note_complaint(void *server, const char *format, va_list args)
{
    struct http_server *s = server;
    if (!s->daemon) vsnprintf(s->complaint, sizeof s->complaint, format, args); /* later ones are the peers' doings */
}

static int start_daemon(struct http_server *s)
{
    const struct http_options *o = &s->options;
    unsigned flags = MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_THREAD_PER_CONNECTION | MHD_USE_POLL | MHD_USE_ITC |
                     MHD_USE_ERROR_LOG | (s->tls ? MHD_USE_TLS : 0);
    struct MHD_OptionItem tls[] = {{MHD_OPTION_HTTPS_MEM_CERT, 0, s->cert.data}, {MHD_OPTION_HTTPS_MEM_KEY, 0, s->key.data},
        {MHD_OPTION_HTTPS_PRIORITIES, 0, (void *)(uintptr_t)PRIORITIES}, {MHD_OPTION_END, 0, NULL}};
    struct MHD_OptionItem none[] = {{MHD_OPTION_END, 0, NULL}};
    s->daemon = MHD_start_daemon(flags, 0, NULL, NULL, on_request, s,
        MHD_OPTION_EXTERNAL_LOGGER, note_complaint, s,
        MHD_OPTION_LISTEN_SOCKET, s->socket,
        MHD_OPTION_NOTIFY_CONNECTION, on_connection, s,
        MHD_OPTION_NOTIFY_COMPLETED, on_completed, s,
        MHD_OPTION_CONNECTION_LIMIT, o->connections + SPARE_CONNECTIONS,
        MHD_OPTION_CONNECTION_TIMEOUT, o->idle_seconds,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, o->header_bytes,
        MHD_OPTION_THREAD_STACK_SIZE, STACK_SIZE,
        MHD_OPTION_ARRAY, s->tls ? tls : none,
        MHD_OPTION_END);
    if (s->daemon) return 0;
    return err_set(ERR_ROAD, "the server at '%s' does not start: %s", o->listen, s->complaint);
}

static int start_watch(struct http_server *s)
{
    s->watched = pthread_create(&s->watch, NULL, keep_watch, s) == 0;
    return s->watched ? 0 : err_set(ERR_ROAD, "no thread is to be had");
}

int http_start(struct http_server **out, const struct http_options *o, const struct http_handler *h)
{
    struct http_server *s = calloc(1, sizeof *s);
    if (!s) return err_memory();
    s->options = *o;
    s->handler = *h;
    s->socket = -1;
    buf_init(&s->cert, (size_t)1 << 20);
    buf_init(&s->key, (size_t)1 << 20);
    pthread_mutex_init(&s->lock, NULL);
    pthread_cond_init(&s->calm, NULL);
    int rc = read_tls(s);
    if (rc == 0) rc = open_socket(s);
    if (rc == 0) rc = start_daemon(s);
    if (rc == 0) rc = start_watch(s);
    if (rc)
        http_stop(s, 0);
    else
        *out = s;
    return rc;
}

const char *http_url(const struct http_server *s)
{
    return s->url;
}

/* ---- stop ---- */

static void wait_until_calm(struct http_server *s, unsigned seconds)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += seconds;
    pthread_mutex_lock(&s->lock);
    s->stopping = true;
    pthread_cond_broadcast(&s->calm);
    while (s->active > 0 && pthread_cond_timedwait(&s->calm, &s->lock, &until) == 0) continue;
    pthread_mutex_unlock(&s->lock);
}

void http_stop(struct http_server *s, unsigned seconds)
{
    if (!s) return;
    if (s->daemon) (void)!MHD_quiesce_daemon(s->daemon);
    wait_until_calm(s, seconds);
    if (s->watched) pthread_join(s->watch, NULL);
    if (s->daemon) MHD_stop_daemon(s->daemon);
    if (s->socket >= 0) close(s->socket);
    buf_release(&s->cert);
    buf_wipe(&s->key);
    pthread_cond_destroy(&s->calm);
    pthread_mutex_destroy(&s->lock);
    free(s);
}
