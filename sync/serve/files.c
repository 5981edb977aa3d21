/* What a kit is told and fetches: its state, the files of its outbox, and runs of them. */
#define _POSIX_C_SOURCE 200809L

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "parts.h"

#define SERVE_SECONDS 5
#define WAIT_MOST 60

/* ---- state ---- */

struct listed {
    struct wire_file file;
    bool first;
};

/* The register, then receipts and entries before evidence: the small before the large. */
static int compare_files(const void *a, const void *b)
{
    const struct listed *x = a, *y = b;
    if (x->first != y->first) return x->first ? -1 : 1;
    if (x->file.size != y->file.size) return x->file.size < y->file.size ? -1 : 1;
    return strcmp(x->file.name, y->file.name);
}

static void mark_first(struct serve *s, const char *kit, struct listed *files, size_t len)
{
    pthread_mutex_lock(&s->lock);
    const struct guest *g = guest_of(s, kit);
    for (size_t i = 0; g && i < len; i++) files[i].first = lying_find(g->first, files[i].file.name) != NULL;
    pthread_mutex_unlock(&s->lock);
}

static int sort_files(struct serve *s, const char *kit, struct arena *a, struct listed *files, size_t len,
    struct wire_state *out)
{
    mark_first(s, kit, files, len);
    if (len > 1) qsort(files, len, sizeof *files, compare_files);
    struct wire_file *sorted = arena_alloc(a, (len + 1) * sizeof *sorted);
    if (!sorted) return ERR_ROAD;
    for (size_t i = 0; i < len; i++) sorted[i] = files[i].file;
    out->files = sorted;
    out->files_len = len < WIRE_LIST_MAX ? len : WIRE_LIST_MAX;
    return 0;
}

static int list_files(struct serve *s, const char *kit, struct arena *a, struct wire_state *out)
{
    const char **names = NULL, *folder = path_join(a, s->outbox, kit);
    size_t len = 0, n = 0;
    int rc = folder ? os_list(&names, &len, a, folder) : ERR_ROAD;
    if (rc == ERR_MISSING) {
        err_clear();
        rc = 0;
    }
    struct listed *files = rc ? NULL : arena_alloc(a, (len + 1) * sizeof *files);
    if (!files) return rc ? rc : ERR_ROAD;
    for (size_t i = 0; i < len; i++) {
        struct file_info info;
        const char *path = path_join(a, folder, names[i]);
        if (!path) return ERR_ROAD;
        if (!wire_name_valid(names[i]) || os_stat(&info, path) || !info.is_file) continue;
        files[n++].file = (struct wire_file){names[i], info.size};
    }
    err_clear();
    return sort_files(s, kit, a, files, n, out);
}

static size_t count_lying(const struct lying *l)
{
    size_t n = 0;
    for (; l; l = l->next) n++;
    return n;
}

/* Not while the worker has still to write what it owes the kit. */
static void forget_fetched(struct guest *g, const struct wire_state *state)
{
    if (g->dirty || g->asked) return;
    for (size_t i = 0; i < state->files_len; i++)
        if (!lying_find(g->fetched, state->files[i].name)) return;
    lying_free(&g->received);
}

/* Under the lock. */
static int list_taken(struct guest *g, struct arena *a, struct wire_state *out)
{
    size_t n = 0;
    forget_fetched(g, out);
    const char **taken = arena_alloc(a, (count_lying(g->lying) + count_lying(g->received) + 1) * sizeof *taken);
    if (!taken) return ERR_ROAD;
    for (int both = 0; both < 2; both++) {
        for (const struct lying *l = both ? g->received : g->lying; l && n < WIRE_LIST_MAX; l = l->next) {
            taken[n] = arena_strdup(a, l->name);
            if (!taken[n++]) return ERR_ROAD;
        }
    }
    out->taken = taken;
    out->taken_len = n;
    return 0;
}

/* Under the lock: names of those that still lie apart. What the hub's people have taken away may come again. */
static size_t apart_of(struct serve *s, struct guest *g, struct arena *a, struct wire_refused *out)
{
    size_t n = 0;
    for (struct lying **at = &g->refused; *at && n < WIRE_REFUSED_MAX;) {
        struct lying *l = *at;
        const char *path = arena_printf(a, "%s/%s-%s", s->quarantine, g->kit, l->name);
        if (path && !os_exists(path)) {
            *at = l->next;
            free(l);
            continue;
        }
        out[n].name = arena_strdup(a, l->name);
        if (path && out[n].name) n++;
        at = &l->next;
    }
    return n;
}

/* As far as one message takes it; a character stays whole. */
static const char *reason(struct serve *s, const char *kit, const char *name, struct arena *a)
{
    struct buf b;
    const char *path = arena_printf(a, "%s/%s-%s" SERVE_WHY, s->quarantine, kit, name);
    buf_init(&b, (size_t)64 << 10);
    size_t len = path && file_read(path, &b) == 0 && utf8_valid(b.data, b.len) ? b.len : 0;
    err_clear();
    if (len > WIRE_WHY_MAX) len = WIRE_WHY_MAX;
    while (len > 0 && len < b.len && (b.data[len] & 0xc0) == 0x80) len--;
    const char *out = len > 0 ? arena_strndup(a, (const char *)b.data, len) : T(N_("it can't be taken in"));
    buf_release(&b);
    return out;
}

static int list_refused(struct serve *s, struct guest *g, struct arena *a, struct wire_state *out)
{
    struct wire_refused *list = arena_alloc(a, WIRE_REFUSED_MAX * sizeof *list);
    if (!list) return ERR_ROAD;
    pthread_mutex_lock(&s->lock);
    out->refused_len = apart_of(s, g, a, list);
    pthread_mutex_unlock(&s->lock);
    for (size_t i = 0; i < out->refused_len; i++)
        if (!(list[i].why = reason(s, g->kit, list[i].name, a))) return ERR_ROAD;
    out->refused = list;
    return 0;
}

/* Under the lock. Is there something for the worker to do before the state is what is asked for? */
static bool is_awaited(struct serve *s, struct guest *g, bool all)
{
    if (all && g->last_finished > s->taken) return true;
    if (g->asked) return true;
    if (!g->dirty && g->served_day == today()) return false;
    if (g->patience > os_monotonic_seconds()) return false;
    g->asked = true;
    pthread_cond_signal(&s->work);
    return true;
}

/* Under the lock. The number of a look that is to come before the state is told; 0: none need be. */
static uint64_t ask_for_look(struct serve *s)
{
    const struct serve_owner *o = &s->owner;
    if (s->taking || !o->changed || !o->changed(o->ctx)) return 0;
    pthread_cond_signal(&s->work);
    return ++s->looks_asked;
}

static int await(struct serve *s, struct guest *g, double seconds, bool all)
{
    struct timespec until;
    int timed_out = 0;
    uint64_t look = ask_for_look(s);
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += (time_t)seconds;
    while (!s->stopping && !timed_out && (s->looks_done < look || is_awaited(s, g, all)))
        timed_out = pthread_cond_timedwait(&s->news, &s->lock, &until);
    return 0;
}

int state_of(struct serve *s, const char *kit, struct arena *a, double seconds, bool all, struct wire_state *out)
{
    struct wire_state state = {0};
    pthread_mutex_lock(&s->lock);
    struct guest *g = guest_of(s, kit);
    int rc = g ? await(s, g, seconds, all) : ERR_ROAD;
    pthread_mutex_unlock(&s->lock);
    if (rc == 0) rc = list_files(s, kit, a, &state);
    if (rc) return rc;
    pthread_mutex_lock(&s->lock);
    rc = list_taken(g, a, &state);
    pthread_mutex_unlock(&s->lock);
    if (rc == 0) rc = list_refused(s, g, a, &state);
    if (rc == 0) rc = uploads_list(s, kit, a, &state);
    if (rc == 0) *out = state;
    return rc;
}

void state_close(struct visit *v)
{
    struct wire_state state;
    struct buf b;
    const char *wait = http_query(v->request, "wait");
    long seconds = wait ? strtol(wait, NULL, 10) : 0;
    if (seconds < 0) seconds = 0;
    if (seconds > WAIT_MOST) seconds = WAIT_MOST;
    buf_init(&b, WIRE_BODY_MAX);
    int rc = state_of(v->serve, v->kit, &v->arena, wait ? (double)seconds : SERVE_SECONDS, wait != NULL, &state);
    if (rc == 0) rc = wire_state_write(&b, &state);
    answer_json(v, 200, rc, &b);
    buf_release(&b);
}

/* ---- runs ---- */

static bool read_number(const char **s, uint64_t *out)
{
    size_t digits = strspn(*s, "0123456789");
    if (digits == 0 || digits > 18) return false;
    *out = strtoull(*s, NULL, 10);
    *s += digits;
    return true;
}

enum range { RANGE_NONE, RANGE_GOOD, RANGE_OUTSIDE };

/* "bytes=A-B", "A-", "-N". What is anything else, as several of them, is as if it were not there (RFC 9110, 14.2). */
static enum range read_range(const char *s, uint64_t size, uint64_t *from, uint64_t *len)
{
    uint64_t a = 0, b = UINT64_MAX;
    if (!s || strncmp(s, "bytes=", 6) != 0) return RANGE_NONE;
    s += 6;
    bool tail = *s == '-';
    if (!tail && (!read_number(&s, &a) || *s != '-')) return RANGE_NONE;
    s++;
    bool open = *s == '\0';
    if (!open && (!read_number(&s, &b) || *s)) return RANGE_NONE;
    if (tail && open) return RANGE_NONE;
    if (!tail && b < a) return RANGE_NONE;
    if (tail) {
        a = b < size ? size - b : 0;
        if (b == 0) return RANGE_OUTSIDE;
        b = UINT64_MAX;
    }
    if (a >= size) return RANGE_OUTSIDE;
    *from = a;
    *len = (b < size ? b + 1 : size) - a;
    return RANGE_GOOD;
}

void answer_run(struct visit *v, const char *path, uint64_t size)
{
    char text[96];
    uint64_t from = 0, len = size;
    enum range range = read_range(http_header(v->request, "Range"), size, &from, &len);
    http_say(v->request, "Accept-Ranges", "bytes");
    http_say(v->request, "Cache-Control", "private, no-store");
    http_say(v->request, "X-Content-Type-Options", "nosniff");
    if (range == RANGE_OUTSIDE) {
        snprintf(text, sizeof text, "bytes */%" PRIu64, size);
        http_say(v->request, "Content-Range", text);
        refuse(v, 416, N_("the file has no such bytes"));
        return;
    }
    if (range == RANGE_GOOD) {
        snprintf(text, sizeof text, "bytes %" PRIu64 "-%" PRIu64 "/%" PRIu64, from, from + len - 1, size);
        http_say(v->request, "Content-Range", text);
    }
    v->counted = from + len == size;
    http_answer_file(v->request, range == RANGE_GOOD ? 206 : 200, TYPE_BYTES, path, from, len);
}

/* ---- files of the outbox ---- */

void file_close_visit(struct visit *v)
{
    struct file_info info;
    const char *folder = path_join(&v->arena, v->serve->outbox, v->kit);
    const char *path = folder && wire_name_valid(v->tail) ? path_join(&v->arena, folder, v->tail) : NULL;
    if (path && os_stat(&info, path) == 0 && info.is_file) {
        answer_run(v, path, info.size);
        return;
    }
    refuse(v, 404, N_("there is nothing of that name"));
}

/* That its last byte went out is all that can be known here; what the kit makes of it, its next bundle tells. */
void file_done(struct visit *v, bool whole)
{
    if (!whole || !v->counted) return;
    pthread_mutex_lock(&v->serve->lock);
    struct guest *g = guest_of(v->serve, v->kit);
    if (g && !lying_find(g->fetched, v->tail)) (void)!lying_add(&g->fetched, v->tail, 0, 0);
    pthread_mutex_unlock(&v->serve->lock);
}
