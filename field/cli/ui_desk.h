/* What `satchel ui` does for its pages: one session that is unlocked once, for what is quick; a session of its own for each
 * job; uploads, which need the session only at their end. */
#ifndef CLI_UI_DESK_H
#define CLI_UI_DESK_H

#include <pthread.h>

#include "cli.h"
#include "satchel/ui/ui.h"

struct job;
struct desk {
    struct arena arena;
    const char *folder;      /* of the store */
    const struct cli_io *io; /* of `ui` itself */
    bool json;
    bool language_given;     /* by --lang */

    pthread_mutex_t lock;    /* guards what follows; held while a command runs */
    struct session session;
    struct buf passphrase;   /* for the sessions of jobs; empty: the store is locked */
    uint64_t generation, fold_version; /* of the fold, when changes were looked for */
    uint64_t version;                  /* counts them */
    unsigned uploads;        /* under way */

    const char *phone_address; /* of this machine; NULL: all */
    pthread_mutex_t phone_lock; /* guards what follows; never taken while another of these is held */
    struct ui_phone *phone;     /* NULL: its port is closed */

    pthread_mutex_t jobs_lock; /* guards what follows; taken after `lock`, never before */
    pthread_cond_t jobs_moved;
    struct job *jobs;        /* newest first */
    unsigned jobs_count, jobs_running;
    bool stopping;           /* whoever waits for something answers at once */
    bool quit;               /* a page has asked for the end */
};

int desk_init(struct desk *d, struct cli *c) MUST_CHECK; /* unlocks where a passphrase file is named */
void desk_stop(struct desk *d);    /* whoever waits is woken, jobs are asked to end */
void desk_warm(struct desk *d);    /* works out what the first page shows, so that it finds it; nothing where it is locked */
void desk_release(struct desk *d); /* after ui_stop: waits for the jobs */
void desk_answer(void *desk, const struct ui_call *call, struct ui_answer *out);

/* ---- ui_desk.c, for the others ---- */
/* Runs a command's words with options and arguments; its answer as ui.h has it. Session and its lock are the caller's. */
struct run {
    const char *command;
    const struct jv *args, *options; /* NULL: none */
    const char *input;               /* what "-" reads; NULL: nothing */
    size_t input_len;
};
struct ran {
    int status;
    struct buf result, errors;
    char *text; /* what it printed; NULL: nothing */
};
int desk_run(struct session *s, const struct run *r, struct ran *out) MUST_CHECK; /* ERR_USAGE: wrong options */
void ran_release(struct ran *o);
void ran_fields(struct buf *out, const struct ran *o); /* "status":…,"result":…,"error":… */
/* Runs it and answers with these fields, or 400 where it could not be run. */
void run_answer(struct session *s, const struct run *r, struct ui_answer *out);
bool desk_locked(struct desk *d, struct ui_answer *out);       /* under the lock; answers 423 where it is */
void tell_json(struct ui_answer *out, int status, const struct jv *v); /* v NULL: memory was out */
void tell_code(struct ui_answer *out, int code); /* as a command that ended so: 200, status and error */

/* ---- ui_jobs.c ---- */
void job_new(struct desk *d, const struct ui_call *call, struct ui_answer *out);
void job_list(struct desk *d, const struct ui_call *call, struct ui_answer *out);
void job_one(struct desk *d, const struct ui_call *call, struct ui_answer *out);
void job_stop(struct desk *d, const struct ui_call *call, struct ui_answer *out);
void jobs_forget(struct desk *d); /* under both locks, when none runs: what they told is not for whoever comes next */
void jobs_end(struct desk *d);    /* waits for all, then forgets them */

/* ---- ui_uploads.c ---- */
void upload_begin(void *desk, const struct ui_call *call, uint64_t size, void **out, struct ui_answer *answer);
void upload_add(void *desk, void *upload, const void *bytes, size_t len);
void upload_end(void *desk, void *upload, struct ui_answer *answer);
void upload_drop(void *desk, void *upload);
int desk_evidence(void *desk, const char *sha256, uint64_t offset, struct source **out, uint64_t *size);
/* The file that "upload:TOKEN" stands for, in the arena; the text itself where it is none. NULL: there is none (err set). */
const char *upload_path(struct desk *d, const char *text, struct arena *a);
void upload_forget(struct desk *d, const char *text); /* removes it; nothing where the text is none */

/* ---- ui_phone.c ---- */
int phone_open(struct desk *d, const char *record, const char *address, struct arena *a, struct jv **out) MUST_CHECK; /* address NULL: the desk's */
void phone_print(FILE *out, const struct jv *phone);
void phone_post(struct desk *d, const struct ui_call *call, struct ui_answer *out);
void phone_get(struct desk *d, const struct ui_call *call, struct ui_answer *out);
void phone_drop(struct desk *d, const struct ui_call *call, struct ui_answer *out);
bool phone_is_open(struct desk *d);
void phone_look(struct desk *d); /* closes it where its time is over */
void phone_end(struct desk *d);

/* ---- ui_drafts.c: drafts, changes, language ---- */
void draft_list(struct desk *d, struct ui_answer *out);
void draft_put(struct desk *d, const struct ui_call *call, struct ui_answer *out);
void draft_drop(struct desk *d, const struct ui_call *call, struct ui_answer *out);
void changes_wait(struct desk *d, const struct ui_call *call, struct ui_answer *out);
uint64_t desk_version(struct desk *d); /* under the lock, of a store that is open and refreshed */
void language_set(struct desk *d, const struct ui_call *call, struct ui_answer *out);
void language_load(struct desk *d); /* under the lock */

#endif
