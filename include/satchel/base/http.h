/* An HTTP/1.1 server: requests come to a handler of four functions, answers go out of memory or of a run of a file.
 *
 * Each connection has a thread, so a handler may wait; requests of different connections come at once, and a handler
 * guards what they share. Where a limit is broken the server answers by itself (429, 431, 503, {"error":text}) or, where
 * no request can be answered, closes. The only file that includes microhttpd is http.c. */
#ifndef SATCHEL_BASE_HTTP_H
#define SATCHEL_BASE_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "satchel/base/io.h"

struct http_request; /* lives from begin to done; what is read of it is borrowed until then */

const char *http_method(const struct http_request *r);
const char *http_path(const struct http_request *r); /* of the URL, unescaped, without the query */
const char *http_header(const struct http_request *r, const char *name); /* NULL: none */
const char *http_query(const struct http_request *r, const char *name);  /* NULL: none */
/* Each argument of the query, in order; value "" where it has none. Ends, and answers, with what is not 0. */
int http_each_query(const struct http_request *r, int (*each)(void *ctx, const char *name, const char *value), void *ctx);
const char *http_peer(const struct http_request *r); /* the address it came from, as text */
const char *http_network(const struct http_request *r); /* whom limits count: the same, or the /64 that it is one of */
/* Is it of this machine, and of another user's program? */
bool http_is_other_user(const struct http_request *r);
uint64_t http_received(const struct http_request *r); /* bytes of the body so far */
/* The rest of the request must be here within so many seconds, or it is cut off. Of one that is answered in begin, this holds
 * by itself. */
void http_hurry(struct http_request *r, unsigned seconds);
void http_keep(struct http_request *r, void *state); /* the handler's own; NULL at first */
void *http_kept(const struct http_request *r);

/* The answer: header lines first, then one of the others, once, from begin or end. What is answered in begin spares
 * the body: it is not read where it is large. Bytes are copied; the file is opened here, and served as it is now.
 * An answer that can't be made becomes a 500. */
void http_say(struct http_request *r, const char *name, const char *value);
void http_answer(struct http_request *r, int status, const char *type, const void *bytes, size_t len);
void http_answer_file(struct http_request *r, int status, const char *type, const char *path, uint64_t offset, uint64_t len);
/* The next `len` bytes of a source, which is closed in any case. Where it fails or ends before, so does the connection. */
void http_answer_source(struct http_request *r, int status, const char *type, struct source *from, uint64_t len);
bool http_answered(const struct http_request *r);

struct http_outcome {
    int status;              /* 0: none was sent */
    uint64_t received, sent; /* bytes of the bodies; sent: of the answer as it was made */
    double seconds;
    bool whole;              /* the answer went out to its end */
};

struct http_handler {
    void *ctx;
    void (*begin)(void *ctx, struct http_request *r);                               /* headers are here */
    void (*body)(void *ctx, struct http_request *r, const void *bytes, size_t len); /* unless it was answered in begin */
    void (*end)(void *ctx, struct http_request *r); /* all of it is here; must answer, unless begin has */
    void (*done)(void *ctx, struct http_request *r, const struct http_outcome *o); /* always, last: the peer may be gone */
};

struct http_options {
    const char *listen;       /* "127.0.0.1:8080", "[::1]:0"; port 0: the system chooses */
    const char *cert, *key;   /* PEM files; NULL: no TLS */
    const char *cert_pem, *key_pem; /* or the PEM itself; borrowed during the start */
    bool behind_proxy;        /* requests from loopback are of the last address in X-Forwarded-For */
    unsigned connections;     /* at once */
    unsigned per_address;     /* of one address; loopback behind a proxy is exempt */
    unsigned idle_seconds;    /* without a byte */
    unsigned header_seconds;  /* until a request's headers are whole */
    size_t header_bytes;      /* headers and what a connection buffers */
};

struct http_server;
/* The handler is copied; its ctx must outlive the server. */
int http_start(struct http_server **out, const struct http_options *o, const struct http_handler *h) MUST_CHECK;
/* "http://127.0.0.1:8080" as it came out. Borrowed. */
const char *http_url(const struct http_server *s);
/* Takes no connection more, waits up to `seconds` for requests that are under way, then closes all. NULL is fine. */
void http_stop(struct http_server *s, unsigned seconds);

/* Does an address that is to be listened on lead to this machine only? */
bool http_is_loopback(const char *listen);

#endif
