/* The case branches in another repository: what is lacking there, and sending it in steps.
 *
 * git itself can't go on with a push that was cut off. So a push is many small ones, each of at most STEP_COMMITS commits:
 * a long branch moves over commits on its way, which are states that the hub's own branch once had. Between two steps the
 * other side's list of refs says how far it has come; nothing else needs to be remembered. */
#include "satchel/hub/mirror.h"

#include <stdlib.h>
#include <string.h>
#include "parts.h"
#include "remote.h"
#include "satchel/base/text.h"
#include "satchel/format/lfs.h"

#define STEP_COMMITS ((size_t)1000)
#define STEP_BRANCHES ((size_t)200)
#define POINTER_MAX ((size_t)1024)

struct lacking {
    struct oid *commits; /* oldest first */
    size_t len, sent;
};

struct mirror {
    struct arena arena;
    struct hub *hub;
    struct remote *remote;
    struct mirror_branch *branches;
    struct lacking *lacking; /* of each branch */
    struct oid *tips;        /* of each branch, here */
    size_t len;
    int64_t commits; /* lacking in all */
};

/* ---- comparing ---- */

static int find_name(const void *name, const void *branch)
{
    return strcmp(name, ((const struct repo_branch *)branch)->name);
}

static const struct repo_branch *find_branch(const struct repo_branch *list, size_t len, const char *name)
{
    return len ? bsearch(name, list, len, sizeof *list, find_name) : NULL;
}

static const char *hex_of(struct arena *a, const struct oid *id)
{
    char hex[OID_HEX];
    oid_write(hex, id);
    return arena_strdup(a, hex);
}

static int compare(struct mirror *m, size_t i, const struct repo_branch *there)
{
    struct mirror_branch *b = &m->branches[i];
    struct lacking *l = &m->lacking[i];
    const struct oid *tip = &m->tips[i];
    b->to = hex_of(&m->arena, tip);
    b->from = there ? hex_of(&m->arena, &there->tip) : NULL;
    if (!b->to || (there && !b->from)) return ERR_ROAD;
    b->state = there && oid_equal(tip, &there->tip) ? MIRROR_UP_TO_DATE : MIRROR_BEHIND;
    if (b->state == MIRROR_UP_TO_DATE) return 0;
    if (there && !remote_follows(m->hub->repo, tip, &there->tip)) {
        b->state = MIRROR_REFUSED;
        b->reason = N_("the branch over there has commits that are not the hub's; it is left alone");
        return 0;
    }
    int rc = remote_commits(m->hub->repo, &m->arena, tip, there ? &there->tip : NULL, &l->commits, &l->len);
    b->commits = (int64_t)l->len;
    m->commits += b->commits;
    return rc;
}

static int compare_all(struct mirror *m, const struct repo_branch *here, size_t here_len, const struct repo_branch *there,
    size_t there_len)
{
    int rc = 0;
    m->branches = arena_alloc(&m->arena, (here_len + 1) * sizeof *m->branches);
    m->lacking = arena_alloc(&m->arena, (here_len + 1) * sizeof *m->lacking);
    m->tips = arena_alloc(&m->arena, (here_len + 1) * sizeof *m->tips);
    if (!m->branches || !m->lacking || !m->tips) return ERR_ROAD;
    for (size_t i = 0; i < here_len && rc == 0; i++) {
        if (!layout_branch_valid(here[i].name)) continue;
        m->branches[m->len].case_name = here[i].name;
        m->tips[m->len] = here[i].tip;
        rc = compare(m, m->len++, find_branch(there, there_len, here[i].name));
    }
    return rc;
}

int mirror_open(struct mirror **out, struct hub *h, const char *url, struct road *road)
{
    struct repo_branch *here, *there;
    size_t here_len, there_len;
    struct mirror *m = calloc(1, sizeof *m);
    if (!m) return err_memory();
    arena_init(&m->arena);
    m->hub = h;
    int rc = remote_new(&m->remote, h->repo, url, road);
    if (rc == 0) rc = remote_list(m->remote, &m->arena, &there, &there_len);
    if (rc == 0) rc = repo_branches(h->repo, &m->arena, &here, &here_len);
    if (rc == 0) rc = compare_all(m, here, here_len, there, there_len);
    if (rc)
        mirror_free(m);
    else
        *out = m;
    return rc;
}

void mirror_free(struct mirror *m)
{
    if (!m) return;
    remote_free(m->remote);
    arena_release(&m->arena);
    free(m);
}

const struct mirror_branch *mirror_branches(const struct mirror *m, size_t *len)
{
    *len = m->len;
    return m->branches;
}

/* ---- evidence ---- */

struct gathering {
    struct mirror *mirror;
    struct map seen;
    struct buf bytes; /* of a pointer */
    struct mirror_evidence *list;
    size_t len, cap;
};

static int add_evidence(struct gathering *g, const char *sha256, uint64_t size)
{
    struct arena *a = &g->mirror->arena;
    if (map_get(&g->seen, sha256)) return 0;
    if (g->len == g->cap) {
        size_t cap = g->cap ? 2 * g->cap : 64;
        struct mirror_evidence *list = arena_alloc(a, cap * sizeof *list);
        if (!list) return ERR_ROAD;
        if (g->len) memcpy(list, g->list, g->len * sizeof *list);
        g->list = list;
        g->cap = cap;
    }
    const char *name = arena_strdup(a, sha256);
    if (!name) return ERR_ROAD;
    g->list[g->len++] = (struct mirror_evidence){name, size};
    return map_put(&g->seen, name, g);
}

static int gather_pointer(void *gathering, const char *path, const struct oid *blob)
{
    struct gathering *g = gathering;
    char sha256[SHA256_HEX];
    uint64_t size;
    buf_clear(&g->bytes);
    int rc = repo_read(g->mirror->hub->repo, &g->bytes, blob, OBJECT_BLOB);
    if (rc == 0) rc = lfs_pointer_read(sha256, &size, g->bytes.data, g->bytes.len);
    if (rc) return rc == ERR_ROAD ? rc : err_within(ERR_DAMAGED, "'%s' of the repository", path);
    return size ? add_evidence(g, sha256, size) : 0; /* an empty file is its own pointer */
}

static int gather_branch(struct gathering *g, const struct oid *tip)
{
    struct tree *tree;
    int rc = case_read_tree(g->mirror->hub->repo, tip, &tree);
    if (rc) return rc;
    rc = tree_walk(tree, FOLDER_EVIDENCE, gather_pointer, g);
    tree_free(tree);
    return rc;
}

static int evidence_order(const void *a, const void *b)
{
    const struct mirror_evidence *x = a, *y = b;
    if (x->size != y->size) return x->size < y->size ? -1 : 1;
    return strcmp(x->sha256, y->sha256);
}

int mirror_evidence(struct mirror *m, const struct mirror_evidence **out, size_t *len)
{
    struct gathering g = {.mirror = m};
    int rc = 0;
    map_init(&g.seen);
    buf_init(&g.bytes, POINTER_MAX);
    for (size_t i = 0; i < m->len && rc == 0; i++)
        if (m->branches[i].state != MIRROR_REFUSED) rc = gather_branch(&g, &m->tips[i]);
    map_release(&g.seen);
    buf_release(&g.bytes);
    if (rc) return rc;
    if (g.len) qsort(g.list, g.len, sizeof *g.list, evidence_order);
    *out = g.list;
    *len = g.len;
    return 0;
}

/* ---- pushing ---- */

static void refuse(struct mirror_branch *b, const char *reason)
{
    b->state = MIRROR_REFUSED;
    b->reason = reason;
}

/* The next step: of each branch as many commits as there is room for. 0: nothing is left. */
static size_t plan_step(struct mirror *m, struct remote_move *moves, size_t *of)
{
    size_t room = STEP_COMMITS, n = 0;
    for (size_t i = 0; i < m->len && room > 0 && n < STEP_BRANCHES; i++) {
        struct lacking *l = &m->lacking[i];
        size_t take = l->len - l->sent < room ? l->len - l->sent : room;
        if (m->branches[i].state != MIRROR_BEHIND || take == 0) continue;
        l->sent += take;
        room -= take;
        of[n] = i;
        moves[n++] = (struct remote_move){m->branches[i].case_name, l->commits[l->sent - 1], NULL};
    }
    return n;
}

static int64_t sent_in_all(const struct mirror *m)
{
    int64_t n = 0;
    for (size_t i = 0; i < m->len; i++) n += (int64_t)m->lacking[i].sent;
    return n;
}

/* What the other side says it has is what counts. */
static int confirm(struct mirror *m)
{
    struct repo_branch *there;
    size_t len;
    int rc = remote_list(m->remote, &m->arena, &there, &len);
    for (size_t i = 0; i < m->len && rc == 0; i++) {
        struct mirror_branch *b = &m->branches[i];
        const struct repo_branch *now = find_branch(there, len, b->case_name);
        if (b->state != MIRROR_BEHIND) continue;
        if (now && oid_equal(&now->tip, &m->tips[i]))
            b->state = MIRROR_PUSHED;
        else
            refuse(b, N_("the remote does not show what it has taken; run this again"));
    }
    return rc;
}

int mirror_push(struct mirror *m, struct progress *p)
{
    struct remote_move moves[STEP_BRANCHES];
    size_t of[STEP_BRANCHES], n;
    int rc = 0;
    if (m->commits == 0) return 0;
    while (rc == 0 && (n = plan_step(m, moves, of)) > 0) {
        rc = remote_push(m->remote, &m->arena, moves, n);
        for (size_t i = 0; i < n && rc == 0; i++)
            if (moves[i].refused) refuse(&m->branches[of[i]], moves[i].refused);
        if (rc == 0 && p) p->at(p, (uint64_t)sent_in_all(m), (uint64_t)m->commits);
    }
    return rc ? rc : confirm(m);
}

/* ---- names ---- */

int hub_remote_find(struct hub *h, const char *name, struct arena *a, const char **url, const char **lfs_url)
{
    int rc = remote_config(h->repo, a, name, "url", url);
    if (rc == 0) rc = remote_config(h->repo, a, name, "lfsurl", lfs_url);
    if (rc == 0 && !*url) rc = err_set(ERR_MISSING, "the hub has no remote '%s'", name);
    return rc;
}

int hub_remote_save(struct hub *h, const char *name, const char *url, const char *lfs_url)
{
    int rc = remote_set_config(h->repo, name, "url", url);
    return rc || !lfs_url ? rc : remote_set_config(h->repo, name, "lfsurl", lfs_url);
}
