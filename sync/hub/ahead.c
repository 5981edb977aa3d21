/* Bundles opened before their turn, by threads of their own: decrypting, unpacking, hashing and writing is most of the work
 * that a bundle makes, and touches nothing of the hub's but files in DIR/staging. The hub's one thread hands bundles in, and
 * takes them back in the same order to merge them; what must be asked of the register or of a case it asks itself, before
 * and after.
 *
 * What could not be opened is opened once more in its turn, and told of then. Bounded: so many at once, and so many bytes of
 * theirs, or one. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include "parts.h"

#define OPEN_MOST ROUND_BUNDLES /* the next round is opened while one waits for the disk */
#define ENTRIES_MOST ((uint64_t)1 << 20) /* bytes of them; in memory they take six times that */
#define EVIDENCE_MOST ROUND_BYTES
#define THREADS_MOST 4

struct item {
    struct reception reception;
    const char *path;
    uint64_t entries, evidence; /* bytes, as announced */
    bool done;
};

struct ahead {
    struct hub *hub;
    pthread_t threads[THREADS_MOST];
    int threads_len;
    size_t taken; /* the hub's thread's alone, as are the sums */
    uint64_t entries, evidence;

    pthread_mutex_t lock; /* guards what follows, and `done` of the items */
    pthread_cond_t work, done;
    struct item ring[OPEN_MOST];
    size_t handed_in, begun;
    bool stop;
};

static struct item *item_at(struct ahead *x, size_t number)
{
    return &x->ring[number % OPEN_MOST];
}

/* ---- the threads ---- */

static void *work(void *ahead)
{
    struct ahead *x = ahead;
    pthread_mutex_lock(&x->lock);
    for (;;) {
        while (!x->stop && x->begun == x->handed_in) pthread_cond_wait(&x->work, &x->lock);
        if (x->stop) break;
        struct item *i = item_at(x, x->begun++);
        pthread_mutex_unlock(&x->lock);
        (void)!reception_open(&i->reception, i->path, NULL);
        pthread_mutex_lock(&x->lock);
        i->done = true;
        pthread_cond_signal(&x->done);
    }
    pthread_mutex_unlock(&x->lock);
    return NULL;
}

static int start_threads(struct ahead *x)
{
    int n = os_processors();
    if (n < 1) n = 1;
    if (n > THREADS_MOST) n = THREADS_MOST;
    while (x->threads_len < n && pthread_create(&x->threads[x->threads_len], NULL, work, x) == 0) x->threads_len++;
    return x->threads_len ? 0 : err_set(ERR_ROAD, "no thread is to be had");
}

int ahead_new(struct ahead **out, struct hub *h)
{
    struct ahead *x = calloc(1, sizeof *x);
    if (!x) return err_memory();
    x->hub = h;
    pthread_mutex_init(&x->lock, NULL);
    pthread_cond_init(&x->work, NULL);
    pthread_cond_init(&x->done, NULL);
    int rc = start_threads(x);
    if (rc)
        ahead_free(x);
    else
        *out = x;
    return rc;
}

void ahead_free(struct ahead *x)
{
    if (!x) return;
    pthread_mutex_lock(&x->lock);
    x->stop = true;
    pthread_cond_broadcast(&x->work);
    pthread_mutex_unlock(&x->lock);
    for (int i = 0; i < x->threads_len; i++) pthread_join(x->threads[i], NULL);
    while (x->taken < x->handed_in) ahead_done(x);
    pthread_cond_destroy(&x->done);
    pthread_cond_destroy(&x->work);
    pthread_mutex_destroy(&x->lock);
    free(x);
}

/* ---- handing in, taking back ---- */

static void measure(struct item *i, const struct manifest *m)
{
    i->entries = i->evidence = 0;
    for (size_t k = 0; k < m->members_len; k++)
        *(m->members[k].kind == MEMBER_BLOB ? &i->evidence : &i->entries) += m->members[k].size;
}

bool ahead_has_room(struct ahead *x, const struct manifest *m)
{
    struct item all;
    measure(&all, m);
    size_t open = x->handed_in - x->taken;
    bool fits = x->entries + all.entries <= ENTRIES_MOST && x->evidence + all.evidence <= EVIDENCE_MOST;
    return open == 0 || (open < OPEN_MOST && fits);
}

int ahead_hand_in(
    struct ahead *x, const char *path, const struct manifest *m, const unsigned char enrolled[KEY_SIZE])
{
    struct item *i = item_at(x, x->handed_in);
    int rc = reception_init(&i->reception, x->hub, NULL);
    if (rc) return rc;
    i->reception.ahead = true;
    memcpy(i->reception.enrolled, enrolled, KEY_SIZE);
    i->path = path;
    i->done = false;
    measure(i, m);
    x->entries += i->entries;
    x->evidence += i->evidence;
    pthread_mutex_lock(&x->lock);
    x->handed_in++;
    pthread_cond_signal(&x->work);
    pthread_mutex_unlock(&x->lock);
    return 0;
}

struct reception *ahead_take(struct ahead *x, const char *path)
{
    struct item *i = item_at(x, x->taken);
    if (x->taken == x->handed_in || strcmp(i->path, path) != 0) return NULL;
    pthread_mutex_lock(&x->lock);
    while (!i->done) pthread_cond_wait(&x->done, &x->lock);
    pthread_mutex_unlock(&x->lock);
    if (i->reception.open) return &i->reception;
    ahead_done(x);
    return NULL;
}

void ahead_done(struct ahead *x)
{
    struct item *i = item_at(x, x->taken);
    reception_release(&i->reception);
    x->entries -= i->entries;
    x->evidence -= i->evidence;
    x->taken++;
}
