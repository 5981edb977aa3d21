/* The worker: the one thread that the owner's folder belongs to. It takes in what lies in the inbox, and fills the outbox of a kit that
 * asks, where something may have changed for that kit since it did so last. What has changed is seen by the branches' tips,
 * whoever has moved them; so a kit for which nothing has costs nothing. */
#define _POSIX_C_SOURCE 200809L

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "satchel/base/time.h"
#include "parts.h"

#define TICK_SECONDS 1
#define RETRY_SECONDS 5
#define RETRY_FILES_SECONDS 60 /* what a full disk has kept out, say: all of it is read again */
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

/* "<kit>-<name>" of the inbox, or of what was set apart. */
static int note_file(struct serve *s, const char *folder, const char *file)
{
    char kit[KIT_ID_SIZE];
    struct file_info info;
    struct arena a;
    if (strlen(file) <= KIT_ID_SIZE || file[KIT_ID_SIZE - 1] != '-') return 0;
    memcpy(kit, file, KIT_ID_SIZE - 1);
    kit[KIT_ID_SIZE - 1] = '\0';
    if (!kit_id_valid(kit) || !wire_name_valid(file + KIT_ID_SIZE)) return 0;
    arena_init(&a);
    const char *path = path_join(&a, folder, file);
    struct guest *g = guest_of(s, kit);
    int rc = path && g ? os_stat(&info, path) : ERR_ROAD;
    if (rc == 0 && folder == s->inbox) rc = guest_lies(s, g, file + KIT_ID_SIZE, info.size);
    if (rc == 0 && folder != s->inbox) rc = lying_add(&g->refused, file + KIT_ID_SIZE, info.size, 0);
    arena_release(&a);
    return rc;
}

static int note_files(struct serve *s, const char *folder, size_t *len)
{
    const char **names;
    struct arena a;
    *len = 0;
    arena_init(&a);
    int rc = os_list(&names, len, &a, folder);
    for (size_t i = 0; i < *len && rc == 0; i++) rc = note_file(s, folder, names[i]);
    arena_release(&a);
    if (rc != ERR_MISSING) return rc;
    err_clear();
    return 0;
}

/* What lay there before the start is tried once, whoever has put it there. */
int work_init(struct serve *s)
{
    size_t lying, apart;
    int rc = note_files(s, s->inbox, &lying);
    if (rc == 0 && lying > 0) s->finished++;
    if (rc == 0) rc = note_files(s, s->quarantine, &apart);
    return rc ? rc : kept_read(s);
}

void work_release(struct serve *s)
{
    while (s->guests) {
        struct guest *g = s->guests;
        s->guests = g->next;
        lying_free(&g->lying);
        lying_free(&g->received);
        lying_free(&g->refused);
        lying_free(&g->fetched);
        lying_free(&g->first);
        free(g);
    }
}

/* ---- what has changed ---- */

struct desk {
    struct serve *serve;
    double retry_at; /* 0: nothing failed */
    bool took;       /* the last work: those who ask come before the next files */
};

/* The kits that have been here and are not to be served anyway. */
int serve_settled_kits(struct serve *s, struct arena *a, const char ***out, size_t *len)
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

void serve_unsettle(struct serve *s, const char *kit)
{
    pthread_mutex_lock(&s->lock);
    struct guest *g = guest_of(s, kit);
    if (g) g->dirty = true;
    pthread_mutex_unlock(&s->lock);
}

void serve_try_again(struct serve *s)
{
    pthread_mutex_lock(&s->lock);
    bool lies = false;
    for (const struct guest *g = s->guests; g; g = g->next) lies = lies || g->lying;
    if (lies) s->finished++;
    pthread_mutex_unlock(&s->lock);
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
        struct lying **to = os_exists(apart) ? &g->refused : &g->received;
        *at = l->next;
        if (lying_find(*to, l->name)) {
            free(l);
        } else {
            l->next = *to;
            *to = l;
        }
        g->dirty = true;
        g->patience = 0; /* whatever kept its outbox from being filled, the disk takes what is written again */
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

static int begin_work(struct serve_work *w)
{
    w->again = false;
    arena_init(&w->arena);
    w->failed = jv_array(&w->arena);
    w->names = jv_array(&w->arena);
    return w->failed && w->names ? 0 : ERR_ROAD;
}

static void unsettle_all(struct serve *s, const struct jv *kits)
{
    for (size_t i = 0; kits && i < kits->len; i++)
        if (kit_id_valid(jv_str(kits->items[i]))) serve_unsettle(s, jv_str(kits->items[i]));
}

/* Whoever asked before it began has been looked for when it ends. */
static void look(struct serve *s)
{
    pthread_mutex_lock(&s->lock);
    uint64_t asked = s->looks_asked;
    pthread_mutex_unlock(&s->lock);
    if (s->owner.look(s->owner.ctx, s)) tell(s, "changes");
    pthread_mutex_lock(&s->lock);
    if (s->looks_done < asked) s->looks_done = asked;
    pthread_cond_broadcast(&s->news);
    pthread_mutex_unlock(&s->lock);
}

static void set_taking(struct serve *s, bool taking)
{
    pthread_mutex_lock(&s->lock);
    s->taking = taking;
    pthread_mutex_unlock(&s->lock);
}

static void take_in(struct desk *d, uint64_t upto)
{
    struct serve *s = d->serve;
    struct serve_work w;
    int rc = begin_work(&w);
    look(s);
    set_taking(s, true);
    if (rc == 0) rc = s->owner.take_in(s->owner.ctx, &w);
    if (rc) tell(s, "inbox");
    d->retry_at = rc || w.again ? os_monotonic_seconds() + (rc ? RETRY_SECONDS : RETRY_FILES_SECONDS) : 0;
    tell_failures(s, w.failed);
    unsettle_all(s, w.names);
    look(s);
    set_taking(s, false);
    arena_release(&w.arena);
    pthread_mutex_lock(&s->lock);
    sort_out_guests(s, upto);
    if (s->taken < upto) s->taken = upto;
    pthread_cond_broadcast(&s->news);
    pthread_mutex_unlock(&s->lock);
}

/* ---- handing out ---- */

/* Under the lock. */
static void note_first(struct guest *g, const struct jv *names)
{
    lying_free(&g->first);
    for (size_t i = 0; names && i < names->len; i++) (void)!lying_add(&g->first, jv_str(names->items[i]), 0, 0);
}

static void serve_guest(struct desk *d, const char *kit, int64_t day)
{
    struct serve *s = d->serve;
    struct serve_work w;
    int rc = begin_work(&w);
    if (rc == 0) rc = s->owner.hand_out(s->owner.ctx, kit, &w);
    if (rc) tell(s, kit);
    bool bad = rc || w.failed->len > 0;
    tell_failures(s, w.failed);
    pthread_mutex_lock(&s->lock);
    struct guest *g = guest_of(s, kit);
    if (g) {
        if (rc == 0) note_first(g, w.names);
        g->asked = false;
        g->dirty = g->dirty || bad;
        g->served_day = bad ? g->served_day : day;
        g->patience = bad ? os_monotonic_seconds() + RETRY_SECONDS : 0;
    }
    pthread_cond_broadcast(&s->news);
    pthread_mutex_unlock(&s->lock);
    arena_release(&w.arena);
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
    look(s);
    uploads_expire(s);
    os_return_memory();
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
        bool asked = s->looks_done < s->looks_asked;
        if (!asked && !work_once(&d)) wait_for_work(s);
        if (!asked && os_monotonic_seconds() - ticked < TICK_SECONDS) continue;
        pthread_mutex_unlock(&s->lock);
        tick(&d);
        ticked = os_monotonic_seconds();
        pthread_mutex_lock(&s->lock);
    }
    pthread_mutex_unlock(&s->lock);
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
