/* The hub as the owner of a server: what the worker does with it, and which kits a change of it concerns. What has changed is
 * seen by the branches' tips, whoever has moved them; so a kit for which nothing has costs nothing. */
#include "serve_parts.h"

#include <stdlib.h>
#include <string.h>

#define BODY_MAX ((size_t)64 << 10)

static void pages_close(struct visit *v)
{
    const struct hub_pages *pages = &visit_hub(v)->pages;
    pages->answer(pages->ctx, v);
}

static void pages_lead(struct visit *v)
{
    http_say(v->request, "Location", "review/"); /* from here: a proxy may have put the hub below a path of its own */
    http_answer(v->request, 308, NULL, "", 0);
}

/* Those of pages at the end. */
static const struct route routes[] = {
    {"GET", "/v1/have", .session = true, .close = have_close},
    {"GET", "/v1/evidence/", .tail = true, .session = true, .close = evidence_close},
    {"HEAD", "/v1/evidence/", .tail = true, .session = true, .close = evidence_close},
    {"POST", "/lfs/objects/batch", .session = true, .basic = true, .body_max = BODY_MAX, .close = lfs_batch_close},
    {"GET", "/lfs/objects/", .tail = true, .session = true, .basic = true, .close = evidence_close},
    {"HEAD", "/lfs/objects/", .tail = true, .session = true, .basic = true, .close = evidence_close},

    {"POST", "/v1/review", .session = true, .body_max = BODY_MAX, .close = ticket_close},
    {"GET", PAGES_PATH, .close = pages_lead},
    {"GET", PAGES_PATH "/enter", .close = enter_close},
    {"GET", PAGES_PATH "/", .below = true, .pages = true, .close = pages_close},
    {"HEAD", PAGES_PATH "/", .below = true, .pages = true, .close = pages_close},
};
#define ROUTES (sizeof routes / sizeof *routes)
#define PAGES_ROUTES 5

/* ---- what has changed ---- */

struct tip {
    struct tip *next;
    struct oid oid;
    char name[CASE_NAME_MAX + 1];
};

static bool same_file(const struct file_info *a, const struct file_info *b)
{
    return a->size == b->size && a->modified == b->modified && a->identity[1] == b->identity[1];
}

static void take_stamps(const struct hub_serve *s, struct stamps *out)
{
    struct arena a;
    arena_init(&a);
    memset(out, 0, sizeof *out);
    const char *repo = hub_repo_path(s->hub);
    const char *folder = path_join(&a, repo, "refs/heads"), *file = path_join(&a, repo, "packed-refs");
    if (folder && file) (void)!(os_stat(&out->heads, folder) || os_stat(&out->packed, file));
    err_clear();
    arena_release(&a);
}

/* Every move of a branch renames a file in the folder of branches. */
static bool branches_moved(void *hub_serve)
{
    struct hub_serve *s = hub_serve;
    struct stamps now;
    take_stamps(s, &now);
    pthread_mutex_lock(&s->stamps_lock);
    bool moved = !s->looked || !same_file(&now.heads, &s->stamps.heads) || !same_file(&now.packed, &s->stamps.packed);
    pthread_mutex_unlock(&s->stamps_lock);
    return moved;
}

/* Before they are read, so that what moves meanwhile is read again. */
static void keep_stamps(struct hub_serve *s)
{
    struct stamps now;
    take_stamps(s, &now);
    int64_t youngest = now.heads.modified > now.packed.modified ? now.heads.modified : now.packed.modified;
    pthread_mutex_lock(&s->stamps_lock);
    s->stamps = now;
    s->looked = os_clock_nanoseconds() - youngest > STAMP_SETTLED;
    pthread_mutex_unlock(&s->stamps_lock);
}

/* Has this branch moved since it was asked last? */
static int has_moved(struct hub_serve *s, const struct repo_branch *b, bool *moved)
{
    struct tip *t = s->tips;
    *moved = false;
    if (strlen(b->name) > CASE_NAME_MAX) return 0;
    while (t && strcmp(t->name, b->name) != 0) t = t->next;
    if (t && oid_equal(&t->oid, &b->tip)) return 0;
    if (!t) {
        t = calloc(1, sizeof *t);
        if (!t) return err_memory();
        strcpy(t->name, b->name);
        t->next = s->tips;
        s->tips = t;
    }
    t->oid = b->tip;
    *moved = true;
    return 0;
}

/* The case has moved: whom does that concern? */
static int tell_guests(struct hub_serve *s, const char *name, const char **kits, size_t len)
{
    struct hub *h = s->hub;
    struct hub_case *c;
    const char *opener = NULL;
    bool all = strcmp(name, REGISTER_CASE) == 0;
    if (all) serve_try_again(s->served);
    int rc = all || len == 0 ? 0 : case_open(h, name, &c);
    if (rc == 0 && !all && len > 0) rc = case_opener(h, c, &opener);
    const struct registry *r = NULL;
    if (rc == 0 && !all && len > 0) rc = case_registry(h, &r); /* of the moment of the case */
    if (rc) return rc;
    for (size_t i = 0; i < len; i++)
        if (all || !r || registry_may_see(r, c->fold, kits[i], name, opener, NULL)) serve_unsettle(s->served, kits[i]);
    return 0;
}

static int look_at_branches(void *hub_serve, struct serve *serve)
{
    struct hub_serve *s = hub_serve;
    struct arena a;
    struct repo_branch *branches = NULL;
    const char **kits;
    size_t len = 0, kits_len;
    s->served = serve;
    if (!branches_moved(s)) return 0;
    keep_stamps(s);
    arena_init(&a);
    int rc = repo_branches(s->hub->repo, &a, &branches, &len);
    if (rc == 0) rc = serve_settled_kits(s->served, &a, &kits, &kits_len);
    for (size_t i = 0; i < len && rc == 0; i++) {
        bool moved;
        rc = has_moved(s, &branches[i], &moved);
        if (rc == 0 && moved) rc = tell_guests(s, branches[i].name, kits, kits_len);
    }
    arena_release(&a);
    return rc;
}

/* ---- the worker's work ---- */

static int copy_failed(struct serve_work *out, const struct jv *failed)
{
    int rc = 0;
    for (size_t i = 0; i < failed->len && rc == 0; i++) rc = jv_push(&out->arena, out->failed, jv_copy(&out->arena, failed->items[i]));
    return rc;
}

static int add_name(struct serve_work *out, const char *name)
{
    return jv_push(&out->arena, out->names, jv_string(&out->arena, name));
}

static int take_in(void *hub_serve, struct serve_work *out)
{
    struct hub_serve *s = hub_serve;
    struct hub_exchange e = {0};
    int rc = hub_take_inbox(s->hub, &e, NULL);
    if (rc) return rc;
    out->again = e.failed_code == ERR_ROAD;
    rc = copy_failed(out, e.failed);
    for (size_t i = 0; rc == 0 && i < e.taken_len; i++)
        if (e.taken[i].from) rc = add_name(out, e.taken[i].from);
    hub_exchange_release(&e);
    return rc;
}

/* The register's files go first. */
static int hand_out(void *hub_serve, const char *kit, struct serve_work *out)
{
    struct hub_serve *s = hub_serve;
    struct hub_exchange e = {0};
    int rc = hub_serve_kit(s->hub, kit, s->net, s->o.part_size, &e, NULL);
    if (rc) return rc;
    rc = copy_failed(out, e.failed);
    for (size_t i = 0; rc == 0 && i < e.written->len; i++) {
        const char *name = jv_get_str(e.written->items[i], "case"), *file = jv_get_str(e.written->items[i], "file");
        if (name && file && strcmp(name, REGISTER_CASE) == 0) rc = add_name(out, path_name(file));
    }
    hub_exchange_release(&e);
    return rc;
}

/* ---- start and stop ---- */

static int start(struct hub_serve *s)
{
    struct serve_owner owner = {.ctx = s,
        .kit = hub_kit(s->hub),
        .name = hub_name(s->hub),
        .signer = &s->hub->signer,
        .unknown = N_("this kit is not enrolled at this hub"),
        .routes = routes,
        .routes_len = ROUTES - (s->pages.answer ? 0 : PAGES_ROUTES),
        .standing = sight_standing,
        .take_in = take_in,
        .hand_out = hand_out,
        .look = look_at_branches,
        .changed = branches_moved};
    s->net = path_join(&s->arena, s->o.folder, "net");
    int rc = s->net ? sight_init(s) : ERR_ROAD;
    return rc ? rc : serve_start(&s->serve, &owner, &s->o);
}

int hub_serve_start(struct hub_serve **out, struct hub *hub, struct hub *reader, const struct hub_pages *pages,
    const struct serve_options *o)
{
    struct hub_serve *s = calloc(1, sizeof *s);
    if (!s) return err_memory();
    s->o = *o;
    s->hub = hub;
    s->reader = reader;
    if (pages) s->pages = *pages;
    arena_init(&s->arena);
    pthread_mutex_init(&s->stamps_lock, NULL);
    pthread_mutex_init(&s->sight_lock, NULL);
    int rc = start(s);
    if (rc)
        hub_serve_stop(s);
    else
        *out = s;
    return rc;
}

const char *hub_serve_url(const struct hub_serve *s)
{
    return serve_url(s->serve);
}

void hub_serve_stop(struct hub_serve *s)
{
    if (!s) return;
    serve_stop(s->serve);
    sight_release(s);
    while (s->tips) {
        struct tip *t = s->tips;
        s->tips = t->next;
        free(t);
    }
    pthread_mutex_destroy(&s->stamps_lock);
    pthread_mutex_destroy(&s->sight_lock);
    arena_release(&s->arena);
    free(s);
}
