/* The hub's pages for reviewers: the commands that read, on what a hub has, for those who may see it; and who looked at what. */
#ifndef CLI_REVIEW_H
#define CLI_REVIEW_H

#include <pthread.h>

#include "cli.h"
#include "hub_hooks.h"
#include "satchel/hub/look.h"
#include "satchel/hub/serve.h"
#include "satchel/serve/lines.h"
#include "satchel/ui/ui.h"

struct review_desk {
    const char *folder;
    struct lines *looks;
    pthread_mutex_t lock; /* guards what follows; held while a command runs */
    struct hub_desk desk; /* writes nothing but the index */
    struct hub_look *look;
    struct session session;
    uint64_t lent;        /* number of the reading that was lent last; 0: none was */
};
int review_open(struct review_desk *r, const char *folder) MUST_CHECK;
void review_close(struct review_desk *r);
void review_answer(void *review, struct visit *v); /* as struct hub_pages has it */

/* A request that is being answered. */
struct sitting {
    struct review_desk *review;
    struct ui_call call;
    const char *kit;        /* who asks */
    const char *case_name;  /* of the place; NULL: none */
    const char *const *cases; /* that may be seen, sorted */
    size_t cases_len;
    struct hub_looked looked;
    struct lent lent;
    const char *record;     /* what is looked at, whole id; or NULL */
};

/* ---- review_looks.c ----
 *
 * DIR/review.log, .1 … .4: a JSON object a line, written before the answer goes out:
 *   {"time":T,"kit":K,"person":id,"name":words,"do":what,"case":C,"record":id,"args":[…],"sha256":S}, what is not known left out;
 *   "do": a command's words, or "cases", "proof", "looks", "evidence" (shown), "original" (kept); "refused":true: it was of a case
 *   that there is not, or that the person may not see */
#define LOOKS_FILE "review.log"
#define LOOKS_MOST (UINT64_C(16) << 20)
/* Under the lock, once the register is lent. */
int look_note(struct sitting *t, const char *what, const char *sha256, bool refused) MUST_CHECK;
/* Newest first, in the arena. Of a case those that were refused are left out: they were none of it. */
struct looks_query {
    const char *folder;
    const char *case_name, *record, *kit; /* NULL: any; record: its id, or the end of it */
    size_t most;                          /* 0: all */
};
int looks_read(struct arena *a, const struct looks_query *q, struct jv **out) MUST_CHECK;

/* ---- review_proof.c ---- */
int proof_of(struct sitting *t, const char *text, struct jv **out, const char **bytes) MUST_CHECK;
/* Hashes the file and says so in the document; without the lock. */
int proof_hash(struct arena *a, struct jv *proof, const char *bytes) MUST_CHECK;

#endif
