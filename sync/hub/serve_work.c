/* The worker: the one thread that the hub belongs to. It takes in what lies in the inbox, and fills the outbox of a kit that
 * asks, where something may have changed for that kit since it did so last. What has changed is seen by the branches' tips,
 * whoever has moved them; so a kit for which nothing has costs nothing. */
#define _POSIX_C_SOURCE 200809L

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "satchel/base/time.h"
#include "serve_parts.h"

#define TICK_SECONDS 1
#define RETRY_SECONDS 5
#define REMEMBERED_MOST 2000
#define DAY INT64_C(86400)

int64_t today(void)
{
    return time_now() / DAY;
}

/* ---- lists of files ---- */

int lying_add(struct lying **list, const char *name, uint64_t size, uint64_t number)
{
    struct lying *l = calloc(1, sizeof *l);
    if (!l) return err_memory();
    snprintf(l->name, sizeof l->name, "%s", name);
    l->size = size;
    l->number = number;
    l->next = *list;
    *list = l;
    return 0;
}

const struct lying *lying_find(const struct lying *list, const char *name)
{
    while (list && strcmp(list->name, name) != 0) list = list->next;
    return list;
}

void lying_free(struct lying **list)
{
    while (*list) {
        struct lying *l = *list;
        *list = l->next;
        free(l);
    }
}

/* ---- guests: under the lock ---- */

struct guest *guest_of(struct serve *s, const char *kit)
{
    for (struct guest *g = s->guests; g; g = g->next)
        if (strcmp(g->kit, kit) == 0) return g;
    struct guest *g = calloc(1, sizeof *g);
    if (!g) {
        err_memory();
        return NULL;
    }
    memcpy(g->kit, kit, KIT_ID_SIZE);
    g->dirty = true;
    g->next = s->guests;
    s->guests = g;
    return g;
}

int guest_lies(struct serve *s, struct guest *g, const char *name, uint64_t size)
{
    int rc = lying_find(g->lying, name) ? 0 : lying_add(&g->lying, name, size, s->finished + 1);
    if (rc) return rc;
    g->last_finished = ++s->finished;
    pthread_cond_signal(&s->work);
    return 0;
}

/* "<kit>-<name>" */
static int note_file(struct serve *s, const char *file)
{
    char kit[KIT_ID_SIZE];
    struct file_info info;
    struct arena a;
    if (strlen(file) <= KIT_ID_SIZE || file[KIT_ID_SIZE - 1] != '-') return 0;
    memcpy(kit, file, KIT_ID_SIZE - 1);
    kit[KIT_ID_SIZE - 1] = '\0';
    if (!kit_id_valid(kit) || !wire_name_valid(file + KIT_ID_SIZE)) return 0;
    arena_init(&a);
    const char *path = path_join(&a, s->inbox, file);
    struct guest *g = guest_of(s, kit);
    int rc = path && g ? os_stat(&info, path) : ERR_ROAD;
    if (rc == 0) rc = guest_lies(s, g, file + KIT_ID_SIZE, info.size);
    arena_release(&a);
    return rc;
}

/* What lay there before the start is tried once, whoever has put it there. */
int work_init(struct serve *s)
{
    const char **names;
    size_t len;
    struct arena a;
    arena_init(&a);
    int rc = os_list(&names, &len, &a, s->inbox);
    for (size_t i = 0; i < len && rc == 0; i++) rc = note_file(s, names[i]);
    if (rc == 0 && len > 0) s->finished++;
    arena_release(&a);
    return rc;
}

void work_release(struct serve *s)
{
    while (s->guests) {
        struct guest *g = s->guests;
        s->guests = g->next;
        lying_free(&g->lying);
        lying_free(&g->received);
        lying_free(&g->fetched);
        lying_free(&g->first);
        free(g);
    }
}

/* ---- what has changed ---- */

struct tip {
    struct tip *next;
    struct oid oid;
    char name[CASE_NAME_MAX + 1];
};

struct desk {
    struct serve *serve;
    struct tip *tips;
    struct file_info heads, packed;
    bool looked;
    double retry_at; /* 0: nothing failed */
    bool took;       /* the last work: those who ask come before the next files */
};

static bool same_file(const struct file_info *a, const struct file_info *b)
{
    return a->size == b->size && a->modified == b->modified && a->identity[1] == b->identity[1];
}

/* Every move of a branch renames a file in the folder of branches. */
static bool branches_moved(struct desk *d)
{
    struct arena a;
    struct file_info heads = {0}, packed = {0};
    arena_init(&a);
    const char *repo = hub_repo_path(d->serve->hub);
    const char *folder = path_join(&a, repo, "refs/heads"), *file = path_join(&a, repo, "packed-refs");
    if (folder && file) (void)!(os_stat(&heads, folder) || os_stat(&packed, file));
    err_clear();
    bool moved = !d->looked || !same_file(&heads, &d->heads) || !same_file(&packed, &d->packed);
    d->heads = heads;
    d->packed = packed;
    d->looked = true;
    arena_release(&a);
    return moved;
}

/* Has this branch moved since it was asked last? */
static int has_moved(struct desk *d, const struct repo_branch *b, bool *moved)
{
    struct tip *t = d->tips;
    *moved = false;
    if (strlen(b->name) > CASE_NAME_MAX) return 0;
    while (t && strcmp(t->name, b->name) != 0) t = t->next;
    if (t && oid_equal(&t->oid, &b->tip)) return 0;
    if (!t) {
        t = calloc(1, sizeof *t);
        if (!t) return err_memory();
        strcpy(t->name, b->name);
        t->next = d->tips;
        d->tips = t;
    }
    t->oid = b->tip;
    *moved = true;
    return 0;
}

/* The kits that have been here and are not to be served anyway. */
static int clean_guests(struct serve *s, struct arena *a, const char ***out, size_t *len)
{
    size_t n = 0;
    pthread_mutex_lock(&s->lock);
    for (const struct guest *g = s->guests; g; g = g->next) n++;
    const char **kits = arena_alloc(a, (n + 1) * sizeof *kits);
    n = 0;
    for (const struct guest *g = s->guests; g && kits; g = g->next)
        if (!g->dirty) kits[n++] = g->kit;
    pthread_mutex_unlock(&s->lock);
    *out = kits;
    *len = n;
    return kits ? 0 : ERR_ROAD;
}

static void make_dirty(struct serve *s, const char *kit)
{
    pthread_mutex_lock(&s->lock);
    struct guest *g = guest_of(s, kit);
    if (g) g->dirty = true;
    pthread_mutex_unlock(&s->lock);
}

/* The register has moved: what waits in the inbox may have waited for it. */
static void try_again(struct serve *s)
{
    pthread_mutex_lock(&s->lock);
    bool lies = false;
    for (const struct guest *g = s->guests; g; g = g->next) lies = lies || g->lying;
    if (lies) s->finished++;
    pthread_mutex_unlock(&s->lock);
}

/* The case has moved: whom does that concern? */
static int tell_guests(struct desk *d, const char *name, const char **kits, size_t len)
{
    struct hub *h = d->serve->hub;
    struct hub_case *c;
    const char *opener = NULL;
    bool all = strcmp(name, REGISTER_CASE) == 0;
    if (all) try_again(d->serve);
    int rc = all || len == 0 ? 0 : case_open(h, name, &c);
    if (rc == 0 && !all && len > 0) rc = case_opener(h, c, &opener);
    const struct registry *r = rc || all || len == 0 ? NULL : hub_registry(h);
    if (rc) return rc;
    for (size_t i = 0; i < len; i++)
        if (all || !r || registry_may_see(r, c->fold, kits[i], name, opener, NULL)) make_dirty(d->serve, kits[i]);
    return 0;
}

static int look_at_branches(struct desk *d)
{
    struct arena a;
    struct repo_branch *branches = NULL;
    const char **kits;
    size_t len = 0, kits_len;
    if (!branches_moved(d)) return 0;
    arena_init(&a);
    int rc = repo_branches(d->serve->hub->repo, &a, &branches, &len);
    if (rc == 0) rc = clean_guests(d->serve, &a, &kits, &kits_len);
    for (size_t i = 0; i < len && rc == 0; i++) {
        bool moved;
        rc = has_moved(d, &branches[i], &moved);
        if (rc == 0 && moved) rc = tell_guests(d, branches[i].name, kits, kits_len);
    }
    arena_release(&a);
    return rc;
}

/* ---- taking in ---- */

/* Does this file of the inbox wait for another one, and has that been told? It is tried again each time. */
static bool is_told(struct serve *s, const char *file)
{
    bool told = false;
    pthread_mutex_lock(&s->lock);
    for (struct guest *g = s->guests; g; g = g->next) {
        size_t len = strlen(g->kit);
        if (strncmp(file, g->kit, len) != 0 || file[len] != '-') continue;
        for (struct lying *l = g->lying; l; l = l->next) {
            if (strcmp(l->name, file + len + 1) != 0) continue;
            told = l->told;
            l->told = true;
        }
    }
    if (!told) s->counts.failed++;
    pthread_mutex_unlock(&s->lock);
    return told;
}

static void tell_failures(struct serve *s, const struct jv *failed)
{
    for (size_t i = 0; failed && i < failed->len; i++) {
        const char *file = jv_get_str(failed->items[i], "file"), *error = jv_get_str(failed->items[i], "error");
        if (!file || is_told(s, file)) continue;
        err_set(ERR_INPUT, "%s", error ? error : "");
        tell(s, file);
    }
}

/* Where a file of the inbox has gone to. */
static void sort_out(struct serve *s, struct guest *g, struct lying **at)
{
    struct arena a;
    struct lying *l = *at;
    arena_init(&a);
    const char *file = arena_printf(&a, "%s-%s", g->kit, l->name);
    const char *here = file ? path_join(&a, s->inbox, file) : NULL, *apart = file ? path_join(&a, s->quarantine, file) : NULL;
    if (here && apart && !os_exists(here)) {
        *at = l->next;
        if (!os_exists(apart)) {
            l->next = g->received;
            g->received = l;
        } else {
            free(l);
        }
        g->dirty = true;
    }
    arena_release(&a);
}

static size_t count(const struct lying *l)
{
    size_t n = 0;
    for (; l; l = l->next) n++;
    return n;
}

/* Under the lock. */
static void sort_out_guests(struct serve *s, uint64_t taken)
{
    for (struct guest *g = s->guests; g; g = g->next) {
        for (struct lying **at = &g->lying; *at;) {
            struct lying *before = *at;
            if (before->number <= taken) sort_out(s, g, at);
            if (*at == before) at = &before->next;
        }
        if (count(g->received) > REMEMBERED_MOST) lying_free(&g->received);
        if (count(g->fetched) > REMEMBERED_MOST) lying_free(&g->fetched);
    }
}

static void take_in(struct desk *d, uint64_t upto)
{
    struct serve *s = d->serve;
    struct hub_exchange e = {0};
    int rc = hub_take_inbox(s->hub, &e, NULL);
    if (rc == 0) tell_failures(s, e.failed);
    if (rc) tell(s, "inbox");
    d->retry_at = rc ? os_monotonic_seconds() + RETRY_SECONDS : 0;
    for (size_t i = 0; rc == 0 && i < e.taken_len; i++)
        if (e.taken[i].from && kit_id_valid(e.taken[i].from)) make_dirty(s, e.taken[i].from);
    if (rc == 0) hub_exchange_release(&e);
    if (look_at_branches(d)) tell(s, "branches");
    pthread_mutex_lock(&s->lock);
    sort_out_guests(s, upto);
    if (s->taken < upto) s->taken = upto;
    pthread_cond_broadcast(&s->news);
    pthread_mutex_unlock(&s->lock);
}

/* ---- handing out ---- */

/* Under the lock: which of its files are the register's. */
static void note_first(struct guest *g, const struct jv *written)
{
    lying_free(&g->first);
    for (size_t i = 0; i < written->len; i++) {
        const char *name = jv_get_str(written->items[i], "case"), *file = jv_get_str(written->items[i], "file");
        if (name && file && strcmp(name, REGISTER_CASE) == 0) (void)!lying_add(&g->first, path_name(file), 0, 0);
    }
}

static void serve_guest(struct desk *d, const char *kit, int64_t day)
{
    struct serve *s = d->serve;
    struct hub_exchange e = {0};
    int rc = hub_serve_kit(s->hub, kit, s->net, s->o.part_size, &e, NULL);
    if (rc == 0) tell_failures(s, e.failed);
    bool bad = rc || e.failed->len > 0;
    if (rc) tell(s, kit);
    pthread_mutex_lock(&s->lock);
    struct guest *g = guest_of(s, kit);
    if (g) {
        if (rc == 0) note_first(g, e.written);
        g->asked = false;
        g->dirty = g->dirty || bad;
        g->served_day = bad ? g->served_day : day;
        g->patience = bad ? os_monotonic_seconds() + RETRY_SECONDS : 0;
    }
    pthread_cond_broadcast(&s->news);
    pthread_mutex_unlock(&s->lock);
    if (rc == 0) hub_exchange_release(&e);
}

/* Under the lock: the next one that asks. It is clean from now on, so that what changes meanwhile is not missed. */
static bool next_guest(struct serve *s, char kit[KIT_ID_SIZE])
{
    for (struct guest *g = s->guests; g; g = g->next) {
        if (!g->asked) continue;
        memcpy(kit, g->kit, KIT_ID_SIZE);
        g->dirty = false;
        return true;
    }
    return false;
}

/* ---- the thread ---- */

/* Under the lock. */
static void wait_for_work(struct serve *s)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += TICK_SECONDS;
    pthread_cond_timedwait(&s->work, &s->lock, &until);
}

static void tick(struct desk *d)
{
    struct serve *s = d->serve;
    if (look_at_branches(d)) tell(s, "branches");
    uploads_expire(s);
}

/* One piece of work; false: there is none. Called under the lock, and returns under it. */
static bool work_once(struct desk *d)
{
    struct serve *s = d->serve;
    char kit[KIT_ID_SIZE];
    double began = os_monotonic_seconds();
    uint64_t upto = s->finished;
    bool take = s->taken < upto || (d->retry_at > 0 && began >= d->retry_at);
    bool hand = (d->took || !take) && next_guest(s, kit);
    d->took = d->took && hand; /* all who ask, then files again */
    if (!take && !hand) return false;
    if (!hand) d->took = true;
    pthread_mutex_unlock(&s->lock);
    if (hand)
        serve_guest(d, kit, today());
    else
        take_in(d, upto);
    pthread_mutex_lock(&s->lock);
    s->counts.busy += os_monotonic_seconds() - began;
    return true;
}

static void *work(void *serve)
{
    struct serve *s = serve;
    struct desk d = {.serve = s};
    double ticked = 0;
    pthread_mutex_lock(&s->lock);
    while (!s->stopping) {
        if (!work_once(&d)) wait_for_work(s);
        if (os_monotonic_seconds() - ticked < TICK_SECONDS) continue;
        pthread_mutex_unlock(&s->lock);
        tick(&d);
        ticked = os_monotonic_seconds();
        pthread_mutex_lock(&s->lock);
    }
    pthread_mutex_unlock(&s->lock);
    while (d.tips) {
        struct tip *t = d.tips;
        d.tips = t->next;
        free(t);
    }
    return NULL;
}

int work_start(struct serve *s)
{
    s->worker_runs = pthread_create(&s->worker, NULL, work, s) == 0;
    return s->worker_runs ? 0 : err_set(ERR_ROAD, "no thread is to be had");
}

void work_stop(struct serve *s)
{
    if (s->worker_runs) pthread_join(s->worker, NULL);
    s->worker_runs = false;
}
