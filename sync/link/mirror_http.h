/* One HTTP request at a time, as `hub mirror` needs it: any method, a body from outside, the whole answer in memory. */
#ifndef SYNC_LINK_MIRROR_HTTP_H
#define SYNC_LINK_MIRROR_HTTP_H

#include "satchel/link/mirror.h"

#define HTTP_HEADERS_MOST 16

/* Where a body's bytes come from; it may be read again from its start. */
struct web_body {
    int (*read)(void *ctx, void *out, size_t cap, size_t *got);
    int (*rewind)(void *ctx);
    void *ctx;
    uint64_t size;
};
struct web_request {
    const char *method, *url;
    const char *headers[HTTP_HEADERS_MOST]; /* "Name: value", up to a NULL */
    const struct web_body *body;           /* NULL: none */
    const char *user, *password;            /* NULL: none */
    const char *netrc;                      /* file; NULL: not to be used for this address */
    const char *sigv4;                      /* "aws:amz:REGION:s3"; user and password are then the keys */
    struct progress *progress;              /* of the body */
    uint64_t progress_before, progress_total;
    size_t answer_max;
};
struct web_answer {
    long status;
    struct buf body; /* released by web_answer_release */
    char etag[128];  /* "" where there is none; without quotes */
    int64_t length;  /* Content-Length; -1: not told */
};

/* One connection is kept for several requests. */
struct web;
int web_new(struct web **out, const struct mirror_options *o) MUST_CHECK; /* the options are borrowed */
void web_free(struct web *h); /* NULL is fine */
/* ERR_ROAD where there is no answer; any status is one. `answer` is to be released in either case. */
int web_ask(struct web *h, const struct web_request *r, struct web_answer *answer) MUST_CHECK;
void web_answer_release(struct web_answer *a);

/* A body in memory. */
struct web_memory { const unsigned char *bytes; size_t len, at; };
struct web_body web_memory_body(struct web_memory *m, const void *bytes, size_t len);
/* Part of a file. */
struct web_file { struct file *file; uint64_t offset, len, at; };
struct web_body web_file_body(struct web_file *f, struct file *file, uint64_t offset, uint64_t len);

/* Is the address one whose traffic nobody else can read: https, or this machine? */
bool web_url_private(const char *url);
bool web_same_origin(const char *url, const char *origin);
/* ERR_ROAD in words: what the server answered to what. */
int web_refused(const char *shown, const struct web_answer *a);

#endif
