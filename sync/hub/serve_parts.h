/* What the files of the hub's server share. For serve_*.c only. */
#ifndef SYNC_HUB_SERVE_PARTS_H
#define SYNC_HUB_SERVE_PARTS_H

#include <pthread.h>

#include "parts.h"
#include "satchel/base/text.h"
#include "satchel/hub/serve.h"
#include "satchel/serve/visit.h"

struct stamps {
    struct file_info heads, packed;
};

struct hub_serve {
    struct serve_options o;
    struct arena arena;
    struct serve *serve;
    const char *net;
    struct hub_pages pages; /* .answer NULL: there are none */

    struct hub *hub; /* the worker's, as what follows */
    struct serve *served; /* as the worker is told it, which may be before the start has returned */
    struct tip *tips;

    pthread_mutex_t stamps_lock; /* guards what follows: how the branches' files were when they were looked at last */
    struct stamps stamps;
    bool looked; /* and none of them was so young that a later change might bear the same stamp */

    pthread_mutex_t sight_lock; /* guards what follows */
    struct hub *reader;
    struct sight *sight;
};

static inline struct hub_serve *visit_hub(const struct visit *v)
{
    return visit_owner(v);
}

/* ---- serve_sight.c: what the register says ---- */

int sight_init(struct hub_serve *s) MUST_CHECK;
void sight_release(struct hub_serve *s);
enum standing sight_standing(void *hub_serve, const char *kit, const unsigned char key[KEY_SIZE]);
void have_close(struct visit *v);
void evidence_close(struct visit *v);
/* Is it evidence of a case that the visit's kit may see? The hint (may be NULL) says in which to look first; it opens nothing
 * more. Under sight_lock. */
int sight_evidence(struct visit *v, const char *hint, const char *sha256, uint64_t *size, bool *seen) MUST_CHECK;

/* ---- serve_lfs.c: the Git LFS batch API ---- */
void lfs_batch_close(struct visit *v);

#endif
