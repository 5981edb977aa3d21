/* One round of carrying files between a folder and the hub.
 *
 * A finding must not wait for a video, in neither direction: what is small goes up first, then what the hub has comes down,
 * then the rest goes up by size. A file that the hub says no to (too large, say) stops none of the others. */
#include "parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "satchel/base/os.h"

#define SMALL_BYTES ((uint64_t)256 << 10)
#define PART_SUFFIX ".part"
#define WAIT_SECONDS 20 /* of one request */

void link_carried_init(struct link_carried *c)
{
    *c = (struct link_carried){0};
    arena_init(&c->arena);
}

void link_carried_release(struct link_carried *c)
{
    arena_release(&c->arena);
}

/* ---- what lies here ---- */

struct upload {
    const char *name, *path;
    uint64_t size;
};
struct uploads {
    struct upload *list; /* by size */
    size_t len;
};

struct round {
    struct link *l;
    struct arena arena;
    const char *inbox, *outbox, *neighbours;
    struct link_carried *out;
    struct link_watch *watch;
    int wait_seconds;
};

static int compare_uploads(const void *a, const void *b)
{
    const struct upload *x = a, *y = b;
    if (x->size != y->size) return x->size < y->size ? -1 : 1;
    return strcmp(x->name, y->name);
}

static int list_inbox(struct arena *a, const char *inbox, struct uploads *out)
{
    const char **names = NULL;
    size_t all = 0, n = 0;
    int rc = os_exists(inbox) ? os_list(&names, &all, a, inbox) : 0;
    struct upload *list = rc ? NULL : arena_alloc(a, (all + 1) * sizeof *list);
    if (!rc && !list) rc = ERR_ROAD;
    for (size_t i = 0; !rc && i < all; i++) {
        struct file_info info;
        if (!wire_name_valid(names[i]) || os_is_temporary(names[i])) continue;
        list[n] = (struct upload){.name = names[i], .path = path_join(a, inbox, names[i])};
        rc = list[n].path ? os_stat(&info, list[n].path) : ERR_ROAD;
        if (!rc && info.is_file && info.size > 0) list[n++].size = info.size;
    }
    if (rc) return rc;
    if (n > 1) qsort(list, n, sizeof *list, compare_uploads);
    *out = (struct uploads){list, n};
    return 0;
}

int link_waiting(const char *folder, size_t *files, uint64_t *bytes)
{
    struct arena a;
    struct uploads u = {0};
    arena_init(&a);
    const char *inbox = path_join(&a, folder, "inbox");
    int rc = inbox ? list_inbox(&a, inbox, &u) : ERR_ROAD;
    *files = u.len;
    *bytes = 0;
    for (size_t i = 0; i < u.len; i++) *bytes += u.list[i].size;
    arena_release(&a);
    return rc;
}

static bool is_taken(const struct wire_state *s, const char *name)
{
    for (size_t i = 0; i < s->taken_len; i++)
        if (strcmp(s->taken[i], name) == 0) return true;
    return false;
}

/* NULL: it was not. */
static const char *why_refused(const struct wire_state *s, const char *name)
{
    for (size_t i = 0; i < s->refused_len; i++)
        if (strcmp(s->refused[i].name, name) == 0) return s->refused[i].why;
    return NULL;
}

/* ---- progress ---- */

struct watching {
    struct progress progress;
    struct link_watch *watch;
    enum link_doing what;
    const char *name;
};

static void pass_on(struct progress *p, uint64_t done, uint64_t total)
{
    struct watching *w = (struct watching *)p;
    if (w->watch) w->watch->at(w->watch, w->what, w->name, done, total);
}

/* ---- up ---- */

/* Begun before, in this sync or an earlier one. */
static bool is_begun(const struct wire_state *s, struct tus_upload *u)
{
    for (size_t i = 0; i < s->uploads_len; i++) {
        const struct wire_upload *known = &s->uploads[i];
        if (strcmp(known->name, u->name) != 0 || known->length != u->size || known->offset > u->size) continue;
        if (strlen(known->id) > TUS_ID_MAX) continue;
        memcpy(u->id, known->id, strlen(known->id) + 1);
        u->offset = known->offset;
        return true;
    }
    return false;
}

static int find(void *ctx, struct tus_upload *u, enum tus_place *place)
{
    struct round *r = ctx;
    int rc = link_refresh(r->l, 0);
    if (!rc) *place = is_taken(&r->l->state, u->name) ? TUS_TAKEN : is_begun(&r->l->state, u) ? TUS_UNFINISHED : TUS_NOWHERE;
    return rc;
}

static int refused(void *ctx, const struct http_answer *a)
{
    struct round *r = ctx;
    return link_refused(r->l, a);
}

static bool is_told(const struct link_carried *c, const char *name)
{
    for (size_t i = 0; c->refused && i < c->refused->len; i++)
        if (strcmp(jv_get_str(c->refused->items[i], "file"), name) == 0) return true;
    return false;
}

/* The reason is the thread's error. */
static int note_refused(struct round *r, const char *name)
{
    struct arena *a = &r->out->arena;
    struct jv *o = jv_object(a);
    if (!r->out->refused) r->out->refused = jv_array(a);
    int rc = r->out->refused ? jv_put_str(a, o, "file", name) : ERR_ROAD;
    if (!rc) rc = jv_put_str(a, o, "error", err_message());
    if (!rc) rc = jv_push(a, r->out->refused, o);
    err_clear();
    return rc;
}

/* What the hub has set apart would be set apart again. */
static int tell_set_apart(struct round *r, const struct uploads *u)
{
    int rc = 0;
    for (size_t i = 0; !rc && i < u->len; i++) {
        const char *name = u->list[i].name, *why = why_refused(&r->l->state, name);
        if (!why || is_told(r->out, name)) continue;
        (void)!err_set(ERR_INPUT,
            "the hub can't take this bundle and has set it apart (%s); it is not sent again, and what is in it is safe here: tell headquarters", why);
        rc = note_refused(r, name);
    }
    return rc;
}

static int send_one(struct round *r, const struct upload *f)
{
    struct backoff b = link_backoff(r->l);
    struct watching w = {{pass_on}, r->watch, LINK_SENDS, f->name};
    struct tus_upload u = {.http = &r->l->http, .backoff = &b, .path = f->path, .name = f->name, .size = f->size,
        .find = find, .refused = refused, .ctx = r, .progress = &w.progress,
        .checksums = strncmp(r->l->url, "https:", 6) != 0};
    if (is_begun(&r->l->state, &u)) u.farthest = u.offset;
    r->l->trouble = LINK_FINE;
    int rc = tus_run(&u);
    r->out->sent_bytes += u.sent_bytes;
    bool no = rc && r->l->trouble == LINK_FULL;
    if (rc && r->l->trouble == LINK_FINE) r->l->trouble = rc == ERR_ROAD ? LINK_OFFLINE : LINK_HERE;
    if (no) rc = note_refused(r, f->name);
    if (rc) return rc;
    r->out->sent += !no;
    const char *name = arena_strdup(&r->l->arena, f->name);
    return name ? map_put(&r->l->done, name, r->l) : ERR_ROAD;
}

static int send_up_to(struct round *r, const struct uploads *u, uint64_t most)
{
    int rc = 0;
    for (size_t i = 0; !rc && i < u->len && u->list[i].size <= most; i++) {
        const char *name = u->list[i].name;
        bool there = is_taken(&r->l->state, name) || why_refused(&r->l->state, name);
        if (!there && !map_get(&r->l->done, name)) rc = send_one(r, &u->list[i]);
    }
    return rc;
}

/* ---- uploads that nobody goes on with ---- */

/* Does this file still wait here to go up, in this folder or in that of another link of the store? */
static int is_pending(struct round *r, const char *name, bool *pending)
{
    const char **links;
    size_t len;
    int rc = os_list(&links, &len, &r->arena, r->neighbours);
    *pending = false;
    for (size_t i = 0; !rc && !*pending && i < len; i++) {
        const char *path = arena_printf(&r->arena, "%s/%s/inbox/%s", r->neighbours, links[i], name);
        if (!path) return ERR_ROAD;
        *pending = os_exists(path);
    }
    if (is_taken(&r->l->state, name)) *pending = false;
    return rc;
}

/* Begun twice, since an answer got lost, or overtaken by a newer bundle. They would count towards the kit's quota until they
 * expire; that one can't be removed is no reason to stop. */
static int drop_abandoned(struct round *r)
{
    static const char *const headers[] = {"Tus-Resumable: 1.0.0", NULL};
    const struct wire_state s = r->l->state;
    int rc = 0;
    for (size_t i = 0; !rc && i < s.uploads_len; i++) {
        struct http_answer a;
        bool pending;
        rc = is_pending(r, s.uploads[i].name, &pending);
        if (rc || pending) continue;
        const char *path = arena_printf(&r->arena, "v1/uploads/%s", s.uploads[i].id);
        if (!path) return ERR_ROAD;
        http_answer_init(&a, 64 << 10);
        struct http_call q = {.method = "DELETE", .path = path, .headers = headers};
        if (r->l->http.call(&r->l->http, &q, &a)) err_clear();
        http_answer_release(&a);
    }
    return rc;
}

/* ---- down ---- */

struct download {
    struct round *r;
    const char *name, *part;
    uint64_t size, at; /* bytes that are there */
    struct sink *to;
};

static int begin(struct download *d, const struct http_answer *a)
{
    uint64_t start = a->status == 206 ? a->range_start : 0;
    if (start != 0 && start != d->at) return err_set(ERR_ROAD, "the hub hands out other bytes than were asked for");
    int rc = start == 0 ? os_remove(d->part) : 0;
    d->at = start;
    return rc ? rc : file_patch_sink(&d->to, d->part, start);
}

static int take(void *ctx, const struct http_answer *a, const void *bytes, size_t len)
{
    struct download *d = ctx;
    int rc = d->to ? 0 : begin(d, a);
    if (!rc && len > d->size - d->at) rc = err_set(ERR_ROAD, "'%s' is longer than the hub said", d->name);
    if (!rc) rc = sink_write(d->to, bytes, len);
    if (rc) return rc;
    d->at += len;
    if (d->r->watch) d->r->watch->at(d->r->watch, LINK_FETCHES, d->name, d->at, d->size);
    return 0;
}

/* What has come is kept, and synced, however the call ended. */
static int call(struct download *d, struct http_answer *a)
{
    struct link *l = d->r->l;
    char range[48];
    const char *headers[] = {range, NULL}, *path = arena_printf(&d->r->arena, "v1/files/%s", d->name);
    snprintf(range, sizeof range, "Range: bytes=%llu-", (unsigned long long)d->at);
    if (d->at == 0) headers[0] = NULL;
    struct http_call q = {.method = "GET", .path = path, .headers = headers, .take = take, .ctx = d};
    uint64_t before = d->at;
    int rc = path ? l->http.call(&l->http, &q, a) : ERR_ROAD;
    int synced = d->to ? sink_finish(d->to) : 0;
    sink_close(d->to);
    d->to = NULL;
    if (d->at > before) d->r->out->fetched_bytes += d->at - before;
    if (synced && !rc) {
        a->fault = HTTP_LOCAL;
        rc = synced;
    }
    return rc;
}

static int begin_again(struct download *d)
{
    d->at = 0;
    return os_remove(d->part);
}

/* *gone: the hub does not hand it out any more. */
static int call_until_whole(struct download *d, bool *gone)
{
    struct link *l = d->r->l;
    struct backoff b = link_backoff(l);
    while (d->at < d->size) {
        struct http_answer a;
        uint64_t before = d->at;
        http_answer_init(&a, 64 << 10);
        int rc = call(d, &a), refusal = 0;
        bool short_of = !rc && (a.status == 200 || a.status == 206), passes = http_passes(&a) || short_of || a.status == 416;
        *gone = !rc && a.status == 404;
        if (d->at > before) backoff_reset(&b);
        if (a.fault == HTTP_LOCAL || (rc && !a.fault))
            refusal = link_failed(l, l->trouble ? l->trouble : LINK_HERE, rc);
        else if (d->at < d->size && !*gone && (!passes || !backoff_wait(&b, a.retry_seconds)))
            refusal = short_of ? err_set(ERR_ROAD, "'%s' is shorter than the hub said", d->name) : link_refused(l, &a);
        else if (a.status == 416)
            refusal = begin_again(d);
        http_answer_release(&a);
        if (refusal || *gone) return refusal;
        err_clear();
    }
    return 0;
}

static int fetch_one(struct round *r, const struct wire_file *f)
{
    struct file_info info;
    bool gone = false;
    struct download d = {.r = r, .name = f->name, .size = f->size};
    const char *path = path_join(&r->arena, r->outbox, f->name);
    d.part = path ? arena_printf(&r->arena, "%s" PART_SUFFIX, path) : NULL;
    if (!d.part) return ERR_ROAD;
    if (os_exists(path)) return 0;
    int rc = os_stat(&info, d.part) ? 0 : info.size <= f->size ? 0 : os_remove(d.part);
    if (rc) return rc;
    d.at = os_exists(d.part) ? info.size : 0;
    err_clear();
    rc = call_until_whole(&d, &gone);
    if (rc || gone) return rc;
    rc = os_rename(d.part, path);
    if (!rc) r->out->fetched++;
    return rc;
}

static int fetch_all(struct round *r)
{
    const struct wire_state s = r->l->state;
    int rc = s.files_len ? os_make_folder(r->outbox) : 0;
    r->l->trouble = LINK_FINE;
    for (size_t i = 0; !rc && i < s.files_len; i++) {
        if (!wire_name_valid(s.files[i].name)) continue;
        rc = fetch_one(r, &s.files[i]);
    }
    if (rc && r->l->trouble == LINK_FINE) r->l->trouble = LINK_HERE;
    return rc;
}

static bool is_listed(const struct wire_state *s, const char *name, size_t len)
{
    for (size_t i = 0; i < s->files_len; i++)
        if (strncmp(s->files[i].name, name, len) == 0 && !s->files[i].name[len]) return true;
    return false;
}

/* What the hub hands out no more has been taken in here, or been overtaken. */
static int remove_unlisted(struct round *r)
{
    const char **names = NULL;
    size_t len = 0;
    const struct wire_state *s = &r->l->state;
    if (s->files_len >= WIRE_LIST_MAX || !os_exists(r->outbox)) return 0;
    int rc = os_list(&names, &len, &r->arena, r->outbox);
    for (size_t i = 0; !rc && i < len; i++) {
        size_t n = strlen(names[i]), suffix = strlen(PART_SUFFIX);
        if (n > suffix && strcmp(names[i] + n - suffix, PART_SUFFIX) == 0) n -= suffix;
        if (is_listed(s, names[i], n)) continue;
        const char *path = path_join(&r->arena, r->outbox, names[i]);
        rc = path ? os_remove(path) : ERR_ROAD;
    }
    return rc;
}

/* ---- a round ---- */

static size_t count_behind(const struct link *l, const struct uploads *u)
{
    size_t n = 0;
    for (size_t i = 0; i < u->len; i++) n += is_taken(&l->state, u->list[i].name);
    return n;
}

/* Until the hub has taken in what it has of this kit. */
static int wait(struct round *r, const struct uploads *u)
{
    int step = r->l->stall_seconds * 2 / 3 < WAIT_SECONDS ? r->l->stall_seconds * 2 / 3 : WAIT_SECONDS, rc = 0;
    double end = os_monotonic_seconds() + r->wait_seconds;
    if (step < 1) step = 1;
    for (bool done = false; !done && !rc;) {
        double now = os_monotonic_seconds();
        if (r->watch) r->watch->at(r->watch, LINK_WAITS, "", 0, 0);
        rc = link_refresh(r->l, step);
        done = os_monotonic_seconds() - now < step - 0.1;
        r->out->behind = done || rc ? 0 : count_behind(r->l, u);
        if (now + step >= end) done = true;
    }
    return rc;
}

static int go_round(struct round *r)
{
    struct uploads u;
    int rc = list_inbox(&r->arena, r->inbox, &u);
    if (!rc) rc = remove_unlisted(r);
    if (!rc) rc = drop_abandoned(r);
    if (rc) return link_failed(r->l, LINK_HERE, rc);
    rc = tell_set_apart(r, &u);
    if (rc) return link_failed(r->l, LINK_HERE, rc);
    size_t before = r->out->sent, behind = count_behind(r->l, &u);
    rc = send_up_to(r, &u, SMALL_BYTES);
    if (!rc) rc = fetch_all(r);
    if (!rc) rc = send_up_to(r, &u, UINT64_MAX);
    if (rc || (r->out->sent == before && behind == 0)) return rc;
    rc = wait(r, &u);
    if (!rc) rc = tell_set_apart(r, &u);
    return rc ? rc : fetch_all(r);
}

int link_carry(struct link *l, const char *folder, int wait_seconds, struct link_carried *out, struct link_watch *w)
{
    struct round r = {.l = l, .out = out, .watch = w, .wait_seconds = wait_seconds};
    int rc = l->met ? 0 : link_meet(l);
    if (rc) return rc;
    arena_init(&r.arena);
    r.inbox = path_join(&r.arena, folder, "inbox");
    const char *outboxes = path_join(&r.arena, folder, "outbox");
    r.outbox = outboxes ? path_join(&r.arena, outboxes, l->party.kit) : NULL;
    r.neighbours = path_join(&r.arena, folder, "..");
    rc = r.inbox && r.outbox && r.neighbours ? go_round(&r) : ERR_ROAD;
    arena_release(&r.arena);
    return rc;
}
