/* What the files of the server share. For serve*.c only. */
#ifndef SYNC_HUB_SERVE_PARTS_H
#define SYNC_HUB_SERVE_PARTS_H

#include <pthread.h>

#include "parts.h"
#include "satchel/base/http.h"
#include "satchel/base/text.h"
#include "satchel/format/wire.h"
#include "satchel/hub/serve.h"

#define TYPE_JSON "application/json"
#define TYPE_BYTES "application/octet-stream"
#define SECRET_SIZE 32 /* of a token or nonce */

/* A file of a kit's in the inbox. */
struct lying {
    struct lying *next;
    uint64_t size, number; /* number: which of all finished uploads */
    bool told;             /* that it waits */
    char name[WIRE_NAME_MAX + 1];
};

/* A kit that has been here since the start. */
struct guest {
    struct guest *next;
    char kit[KIT_ID_SIZE];
    struct lying *lying;
    struct lying *received;  /* taken in; their receipts have not all been fetched yet */
    struct lying *fetched;   /* of its outbox */
    struct lying *first;     /* of its outbox: the register's, without which the others may have to wait */
    uint64_t last_finished;  /* number of its last finished upload */
    bool dirty;              /* its outbox may lack something */
    bool asked;              /* it waits for the worker to serve it */
    int64_t served_day;      /* assignments begin and end with days */
    double patience;         /* it could not be served: not before then again; 0: it could */
};

struct upload {
    struct upload *next;
    char id[SHA256_HEX], kit[KIT_ID_SIZE], name[WIRE_NAME_MAX + 1];
    uint64_t length;
    int64_t touched;        /* seconds since 1970 */
    int users;              /* requests that hold it; serve.lock */
    bool listed;            /* serve.lock */
    pthread_mutex_t lock;   /* guards what follows; taken before serve.lock, never after it */
    uint64_t offset;        /* what is durable */
    uint64_t at;            /* what is written */
    uint64_t turn;          /* of the request that writes; a later one takes the turn over */
    bool writing, checked;  /* checked: with a checksum, so that nothing counts before its end */
    bool gone;              /* finished or terminated */
    bool noted;             /* there is an info file */
    struct sink *sink;      /* open at `at`, or NULL */
};

struct nonce {
    unsigned char secret[SECRET_SIZE];
    char kit[KIT_ID_SIZE];
    double until; /* 0: free */
};

struct pass {
    unsigned char secret[SECRET_SIZE];
    unsigned char key[KEY_SIZE]; /* that signed */
    char kit[KIT_ID_SIZE];
    double until; /* 0: free */
};

#define NONCES_MOST 4096
#define PASSES_MOST 4096
#define BUCKETS 4096

struct bucket { /* of an address */
    uint64_t address; /* its hash */
    double tokens, at;
};

struct counts {
    uint64_t requests[6]; /* by status / 100; 0: unanswered */
    uint64_t received, sent, finished, failed;
    double busy; /* seconds that the worker has worked */
};

struct serve {
    struct serve_options o;
    struct arena arena;
    struct hub *hub;
    const char *uploads_folder, *inbox, *net, *outbox, *quarantine, *log_path;
    struct os_lock *only; /* no other server on this folder */
    struct http_server *http;
    pthread_t worker;
    bool worker_runs;

    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t work;  /* for the worker */
    pthread_cond_t news;  /* from it */
    bool stopping;
    struct guest *guests;
    struct upload *uploads;
    struct nonce *nonces;
    struct pass *passes;
    struct bucket *buckets;
    uint64_t finished, taken; /* numbers of uploads: the last one finished, the last one that was tried to take in */
    struct counts counts;

    pthread_mutex_t sight_lock; /* guards what follows */
    struct hub *reader;
    struct sight *sight;

    pthread_mutex_t log_lock; /* guards what follows */
    struct sink *log;
    uint64_t log_size;
};

/* One request. */
struct route;
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
    bool session;    /* needs one */
    bool basic;      /* and takes its token as a password, too */
    bool tus;        /* answers, and asks, as tus 1.0.0 does */
    size_t body_max; /* of a body that is collected */
    void (*open)(struct visit *v);  /* headers are here; may answer. NULL: nothing to do yet */
    void (*body)(struct visit *v, const void *bytes, size_t len); /* NULL: it is collected */
    void (*close)(struct visit *v); /* answers */
    void (*done)(struct visit *v, bool whole);  /* NULL: nothing to do */
};

/* ---- serve.c ---- */

void refuse(struct visit *v, int status, const char *text); /* {"error":text} */
void answer_json(struct visit *v, int status, int rc, const struct buf *body); /* rc: of making it; else a 500 */
void tell(struct serve *s, const char *what); /* with the thread's error behind it */

/* ---- serve_session.c ---- */

void hello_close(struct visit *v);
void session_close(struct visit *v);
/* Fills v->kit from the request's token, or answers 401 or 403. */
bool session_check(struct visit *v);
size_t sessions_count(struct serve *s); /* under the lock */

/* ---- serve_sight.c: what the register says ---- */

enum standing { STANDING_GOOD, STANDING_UNKNOWN, STANDING_REVOKED, STANDING_FAILED };
int sight_init(struct serve *s) MUST_CHECK;
void sight_release(struct serve *s);
/* Of a kit that signs with this key, as the register stands now. */
enum standing sight_standing(struct serve *s, const char *kit, const unsigned char key[KEY_SIZE]);
void have_close(struct visit *v);
void evidence_close(struct visit *v);
/* Is it evidence of a case that the visit's kit may see? The hint (may be NULL) says in which to look first; it opens nothing
 * more. Under sight_lock. */
int sight_evidence(struct visit *v, const char *hint, const char *sha256, uint64_t *size, bool *seen) MUST_CHECK;

/* ---- serve_lfs.c: the Git LFS batch API ---- */
void lfs_batch_close(struct visit *v);

/* ---- serve_files.c ---- */

void state_close(struct visit *v);
void file_close_visit(struct visit *v);
void file_done(struct visit *v, bool whole);
/* Waits until the worker has served the kit, for `seconds` at most, and with `all` until it has taken in all of its files;
 * then fills the state. */
int state_of(struct serve *s, const char *kit, struct arena *a, double seconds, bool all, struct wire_state *out) MUST_CHECK;
/* A whole file, or the run of it that the request's Range names. */
void answer_run(struct visit *v, const char *path, uint64_t size);

/* ---- serve_upload.c ---- */

int uploads_load(struct serve *s) MUST_CHECK;
void uploads_release(struct serve *s);
void uploads_expire(struct serve *s);
int uploads_list(struct serve *s, const char *kit, struct arena *a, struct wire_state *out) MUST_CHECK;
void options_close(struct visit *v);
void creation_open(struct visit *v);
void creation_close(struct visit *v);
void upload_head_close(struct visit *v);
void patch_open(struct visit *v);
void patch_body(struct visit *v, const void *bytes, size_t len);
void patch_close(struct visit *v);
void upload_done(struct visit *v, bool whole);
void termination_close(struct visit *v);

/* ---- serve_work.c ---- */

int work_init(struct serve *s) MUST_CHECK; /* what lies in the inbox */
int work_start(struct serve *s) MUST_CHECK;
void work_stop(struct serve *s);
void work_release(struct serve *s);
/* Under the lock. NULL: out of memory. */
struct guest *guest_of(struct serve *s, const char *kit);
int guest_lies(struct serve *s, struct guest *g, const char *name, uint64_t size) MUST_CHECK; /* a file came to the inbox */
int lying_add(struct lying **list, const char *name, uint64_t size, uint64_t number) MUST_CHECK;
const struct lying *lying_find(const struct lying *list, const char *name);
void lying_free(struct lying **list);
int64_t today(void);

/* ---- serve_log.c ---- */

int log_open(struct serve *s) MUST_CHECK;
void log_close(struct serve *s);
void log_request(struct visit *v, const struct http_outcome *o);
bool rate_allows(struct serve *s, const char *address);
void health_close(struct visit *v);
void metrics_close(struct visit *v);
void http_date(char out[32], int64_t seconds); /* "Sun, 06 Nov 1994 08:49:37 GMT" */

#endif
