/* One request, for those who write routes of a server. */
#ifndef SATCHEL_SERVE_VISIT_H
#define SATCHEL_SERVE_VISIT_H

#include "satchel/base/http.h"
#include "satchel/serve/serve.h"

#define TYPE_JSON "application/json"
#define TYPE_BYTES "application/octet-stream"

struct upload;
struct visit {
    struct serve *serve;
    struct http_request *request;
    const struct route *route;
    const char *tail; /* behind the route's path, "" where it has none */
    char kit[KIT_ID_SIZE]; /* whose session it is; "" without one */
    struct arena arena;
    struct buf body;
    struct upload *upload;
    uint64_t turn;
    struct digest *digest;
    unsigned char sum[SHA256_SIZE];
    size_t sum_len;
    bool counted; /* a file of the outbox goes out to its end */
};

struct route {
    const char *method, *path;
    bool tail;       /* one more part follows */
    bool below;      /* whatever follows, with '/' in it or nothing at all */
    bool session;    /* needs one */
    bool basic;      /* and takes its token as a password, too */
    bool pages;      /* of a browser that has entered (below) */
    bool tus;        /* answers, and asks, as tus 1.0.0 does */
    size_t body_max; /* of a body that is collected */
    void (*open)(struct visit *v);  /* headers are here; may answer. NULL: nothing to do yet */
    void (*body)(struct visit *v, const void *bytes, size_t len); /* NULL: it is collected */
    void (*close)(struct visit *v); /* answers */
    void (*done)(struct visit *v, bool whole);  /* NULL: nothing to do */
};

/* Pages for people, where an owner has any below PAGES_PATH/: a kit's session asks for a ticket, its person's browser gives it
 * once, within a minute, and gets a cookie. The session is the browser's from then on, no token opens it any more; it ends when
 * the browser has asked nothing for as long as a session lasts, after PAGES_HOURS in any case, and with its kit's standing. A
 * cookie opens nothing but routes with .pages, which read. Cookie: HttpOnly, SameSite=Strict, for review/ alone (the path of
 * the address that gave it), Secure under TLS.
 * Whoever asks from another page (Sec-Fetch-Site, Origin) is refused. */
#define PAGES_PATH "/review"
#define PAGES_HOURS 8
void ticket_close(struct visit *v); /* POST v1/review, of a session */
void enter_close(struct visit *v);  /* GET /review/enter?ticket=… → 303 to /review/ */

void *visit_owner(const struct visit *v); /* the owner's ctx */
void refuse(struct visit *v, int status, const char *text); /* {"error":text} */
void answer_json(struct visit *v, int status, int rc, const struct buf *body); /* rc: of making it; else a 500 */
/* A whole file, or the run of it that the request's Range names. */
void answer_run(struct visit *v, const char *path, uint64_t size);

#endif
