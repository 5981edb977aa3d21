/* One HTTP request at a time, to one place. A vtable, so that a test can be the peer; http_curl is the real one, over
 * libcurl, which no other file includes. It follows no redirects, keeps its connection, and never waits for ever. */
#ifndef SATCHEL_LINK_HTTP_H
#define SATCHEL_LINK_HTTP_H

#include <stdbool.h>
#include <stdint.h>
#include "satchel/base/buf.h"

#define HTTP_NOT_SAID UINT64_MAX /* of a number that the answer's header does not name */
#define HTTP_LOCATION_MAX 512

struct http_place {
    const char *url;    /* http://… or https://…, with or without a slash at its end */
    const char *ca_pem; /* authorities to trust instead of the system's, or NULL */
    const char *pin;    /* "sha256//<base64>" of the server's public key, or NULL; without ca_pem it alone is trusted */
    bool plain;         /* http:// is fine outside loopback, too */
    int connect_seconds, stall_seconds; /* 0: 15 and 30 */
};

/* Why there was no whole answer. */
enum http_fault {
    HTTP_FINE,
    HTTP_OFFLINE,  /* no connection came about: no network, no such name, nobody listens */
    HTTP_CUT,      /* it broke or stalled in the middle */
    HTTP_DISTRUST, /* certificate or key is not what was agreed */
    HTTP_GARBAGE,  /* what answers does not speak HTTP, or says more than may be */
    HTTP_LOCAL     /* what takes the body failed: disk full, say */
};

struct http_answer {
    int status;
    enum http_fault fault;
    uint64_t upload_offset, upload_length, range_start; /* HTTP_NOT_SAID */
    uint64_t retry_seconds;                             /* HTTP_NOT_SAID */
    char location[HTTP_LOCATION_MAX];                   /* "" where there is none */
    struct buf body;                                    /* what `take` did not get; http_answer_init sets its limit */
};
void http_answer_init(struct http_answer *a, size_t body_max);
void http_answer_release(struct http_answer *a);

struct http_call {
    const char *method, *path;       /* path below the place's URL, with its query */
    const char *const *headers;      /* "Name: value", NULL ends them; may be NULL */
    const void *body;                /* NULL: none */
    size_t body_len;
    /* Bytes of an answer 200 or 206, as they come; NULL: they go to the answer's body. */
    int (*take)(void *ctx, const struct http_answer *a, const void *bytes, size_t len);
    void (*sent)(void *ctx, uint64_t bytes); /* of the body so far; may be NULL */
    void *ctx;
};

struct http {
    /* 0 where a whole answer came, whatever its status; else ERR_ROAD and a fault. */
    int (*call)(struct http *h, const struct http_call *q, struct http_answer *a);
    void (*close)(struct http *h);
};
int http_curl(struct http **out, const struct http_place *place) MUST_CHECK;
void http_close(struct http *h); /* NULL is fine */

/* ERR_USAGE where a URL is none, or plain outside loopback without being told so. */
int http_check_place(const struct http_place *place) MUST_CHECK;

#endif
