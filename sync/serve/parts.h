/* What the files of the server share. For the files of this folder only. */
#ifndef SYNC_SERVE_PARTS_H
#define SYNC_SERVE_PARTS_H

#include <pthread.h>

#include "satchel/base/os.h"
#include "satchel/base/text.h"
#include "satchel/serve/lines.h"
#include "satchel/serve/visit.h"

#define SECRET_SIZE 32 /* of a token or nonce */
#define NONCES_KEPT 16

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
    struct lying *refused;   /* set apart in DIR/quarantine */
    struct lying *fetched;   /* of its outbox */
    struct lying *first;     /* of its outbox: the register's, without which the others may have to wait */
    uint64_t last_finished;  /* number of its last finished upload */
    bool dirty;              /* its outbox may lack something */
    bool asked;              /* it waits for the worker to serve it */
    int64_t served_day;      /* assignments begin and end with days */
    double patience;         /* it could not be served: not before then again; 0: it could */
    uint64_t spent[NONCES_KEPT]; /* stamps of the last nonces that it has logged in with */
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

struct pass {
    unsigned char secret[SECRET_SIZE];
    unsigned char key[KEY_SIZE]; /* that signed */
    char kit[KIT_ID_SIZE];
    double until; /* 0: free */
    bool entered; /* a browser has it: its secret is the cookie's, and no token any more */
    double last;  /* when a browser's ends however it is used */
    unsigned char ticket[SECRET_SIZE];
    double ticket_until; /* 0: there is none */
};

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
    struct serve_owner owner;
    const char *uploads_folder, *inbox, *net, *outbox, *quarantine, *log_path;
    struct os_lock *only; /* no other server on this folder */
    struct http_server *http;
    unsigned char nonce_key[SECRET_SIZE]; /* of this run */
    pthread_t worker;
    bool worker_runs;

    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t work;  /* for the worker */
    pthread_cond_t news;  /* from it */
    bool stopping;
    struct guest *guests;
    struct upload *uploads;
    uint64_t stamp; /* of the last nonce that was given out */
    struct pass *passes;
    struct bucket *buckets;
    uint64_t looks_asked, looks_done; /* numbers of what kits have asked the worker to look at, and of what it has */
    bool taking;                      /* it takes in: nobody else can change the owner's folder, and it looks afterwards */
    uint64_t finished, taken; /* numbers of uploads: the last one finished, the last one that was tried to take in */
    struct counts counts;

    struct lines *log;
};

/* ---- serve.c ---- */

void tell(struct serve *s, const char *what); /* with the thread's error behind it */

/* ---- session.c ---- */

void hello_close(struct visit *v);
void session_close(struct visit *v);
/* Fills v->kit from the request's token, or answers 401 or 403. */
bool session_check(struct visit *v);
size_t sessions_count(struct serve *s); /* under the lock */
const char *session_token(struct visit *v); /* as the request gives it; NULL: it does not */
/* Is it that of a kit in good standing? Answers where it is not. */
bool session_standing(struct visit *v, const char *kit, const unsigned char key[KEY_SIZE]);
/* Under the lock: the pass with this secret, of a browser or of a kit. Every one is compared, whichever it is. */
struct pass *pass_of(struct serve *s, const char *hex, bool entered);

/* ---- pages.c ---- */

/* Fills v->kit from the cookie, or answers 401 or 403. */
bool pages_check(struct visit *v);

/* ---- files.c ---- */

void state_close(struct visit *v);
void file_close_visit(struct visit *v);
void file_done(struct visit *v, bool whole);
/* Waits until the worker has served the kit, for `seconds` at most, and with `all` until it has taken in all of its files;
 * then fills the state. */
int state_of(struct serve *s, const char *kit, struct arena *a, double seconds, bool all, struct wire_state *out) MUST_CHECK;

/* ---- upload.c ---- */

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

/* ---- work.c ---- */

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

/* ---- kept.c ---- */

int kept_read(struct serve *s) MUST_CHECK;
int kept_write(struct serve *s) MUST_CHECK; /* once the worker has stopped */

/* ---- log.c ---- */

int log_open(struct serve *s) MUST_CHECK;
void log_close(struct serve *s);
void log_request(struct visit *v, const struct http_outcome *o);
bool rate_allows(struct serve *s, const char *address);
void health_close(struct visit *v);
void metrics_close(struct visit *v);
void http_date(char out[32], int64_t seconds); /* "Sun, 06 Nov 1994 08:49:37 GMT" */

#endif
