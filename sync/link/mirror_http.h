/* One HTTP request at a time, as `hub mirror` needs it: any method, a body from outside, the whole answer in memory. */
#ifndef SYNC_LINK_MIRROR_HTTP_H
#define SYNC_LINK_MIRROR_HTTP_H

#include "satchel/link/mirror.h"

#define HTTP_HEADERS_MOST 16

/* Where a body's bytes come from; it may be read again from its start. */
struct http_body {
    int (*read)(void *ctx, void *out, size_t cap, size_t *got);
    int (*rewind)(void *ctx);
    void *ctx;
    uint64_t size;
};
struct http_request {
    const char *method, *url;
    const char *headers[HTTP_HEADERS_MOST]; /* "Name: value", up to a NULL */
    const struct http_body *body;           /* NULL: none */
    const char *user, *password;            /* NULL: none */
    const char *netrc;                      /* file; NULL: not to be used for this address */
    const char *sigv4;                      /* "aws:amz:REGION:s3"; user and password are then the keys */
    struct progress *progress;              /* of the body */
    uint64_t progress_before, progress_total;
    size_t answer_max;
};
struct http_answer {
    long status;
    struct buf body; /* released by http_answer_release */
    char etag[128];  /* "" where there is none; without quotes */
    int64_t length;  /* Content-Length; -1: not told */
};

/* One connection is kept for several requests. */
struct http;
int http_new(struct http **out, int patience_seconds) MUST_CHECK;
void http_free(struct http *h); /* NULL is fine */
/* ERR_ROAD where there is no answer; any status is one. `answer` is to be released in either case. */
int http_ask(struct http *h, const struct http_request *r, struct http_answer *answer) MUST_CHECK;
void http_answer_release(struct http_answer *a);

/* A body in memory. */
struct http_memory { const unsigned char *bytes; size_t len, at; };
struct http_body http_memory_body(struct http_memory *m, const void *bytes, size_t len);
/* Part of a file. */
struct http_file { struct file *file; uint64_t offset, len, at; };
struct http_body http_file_body(struct http_file *f, struct file *file, uint64_t offset, uint64_t len);

/* Is the address one whose traffic nobody else can read: https, or this machine? */
bool http_url_private(const char *url);
bool http_same_origin(const char *url, const char *origin);
/* ERR_ROAD in words: what the server answered to what. */
int http_refused(const char *shown, const struct http_answer *a);

#endif
