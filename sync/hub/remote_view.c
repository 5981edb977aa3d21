/* The hub's objects under refs of our own, in memory. libgit2 1.5.1 pushes only what a ref names, and a step of a push may end
 * at a commit that none does. Whatever the library would write about refs is refused, so no push can touch a branch here. */
#include "remote_view.h"

#include <git2/sys/refdb_backend.h>
#include <git2/sys/refs.h>
#include <git2/sys/repository.h>
#include <stdlib.h>
#include <string.h>
#include "satchel/base/text.h"

#define REF_HEADS "refs/heads/"

struct view_refs {
    git_refdb_backend base;
    const struct remote_move *moves;
    size_t len;
};

static const struct remote_move *find_move(const git_refdb_backend *base, const char *ref)
{
    const struct view_refs *v = (const struct view_refs *)base;
    if (strncmp(ref, REF_HEADS, strlen(REF_HEADS)) != 0) return NULL;
    for (size_t i = 0; i < v->len; i++)
        if (strcmp(v->moves[i].branch, ref + strlen(REF_HEADS)) == 0) return &v->moves[i];
    return NULL;
}

static int exists(int *answer, git_refdb_backend *base, const char *ref)
{
    *answer = find_move(base, ref) != NULL;
    return 0;
}

static int lookup(git_reference **out, git_refdb_backend *base, const char *ref)
{
    git_oid id;
    const struct remote_move *move = find_move(base, ref);
    if (!move) return GIT_ENOTFOUND;
    git_oid_fromraw(&id, move->to.bytes);
    *out = git_reference__alloc(ref, &id, NULL);
    return *out ? 0 : -1;
}

/* The packbuilder goes through the tags; here are none. */
static int no_next(git_reference **out, git_reference_iterator *i)
{
    (void)out, (void)i;
    return GIT_ITEROVER;
}

static int no_next_name(const char **out, git_reference_iterator *i)
{
    (void)out, (void)i;
    return GIT_ITEROVER;
}

static void free_iterator(git_reference_iterator *i)
{
    free(i);
}

static int iterate(git_reference_iterator **out, git_refdb_backend *b, const char *glob)
{
    git_reference_iterator *i = calloc(1, sizeof *i);
    (void)b, (void)glob;
    if (!i) return -1;
    i->next = no_next;
    i->next_name = no_next_name;
    i->free = free_iterator;
    *out = i;
    return 0;
}

/* ---- what a view does not do, but must name ---- */

static int refuse(void)
{
    git_error_set_str(GIT_ERROR_REFERENCE, "the refs of a push are read only");
    return -1;
}

static int no_write(git_refdb_backend *b, const git_reference *ref, int force, const git_signature *who, const char *message,
    const git_oid *old, const char *old_target)
{
    (void)b, (void)ref, (void)force, (void)who, (void)message, (void)old, (void)old_target;
    return refuse();
}

static int no_rename(git_reference **out, git_refdb_backend *b, const char *old, const char *now, int force,
    const git_signature *who, const char *message)
{
    (void)out, (void)b, (void)old, (void)now, (void)force, (void)who, (void)message;
    return refuse();
}

static int no_delete(git_refdb_backend *b, const char *ref, const git_oid *old, const char *old_target)
{
    (void)b, (void)ref, (void)old, (void)old_target;
    return refuse();
}

static int no_log(git_refdb_backend *b, const char *ref)
{
    (void)b, (void)ref;
    return 0;
}

static int no_log_change(git_refdb_backend *b, const char *ref)
{
    (void)b, (void)ref;
    return refuse();
}

static int no_log_read(git_reflog **out, git_refdb_backend *b, const char *ref)
{
    (void)out, (void)b, (void)ref;
    return refuse();
}

static int no_log_write(git_refdb_backend *b, git_reflog *log)
{
    (void)b, (void)log;
    return refuse();
}

static int no_log_rename(git_refdb_backend *b, const char *old, const char *now)
{
    (void)b, (void)old, (void)now;
    return refuse();
}

static void free_refs(git_refdb_backend *base)
{
    free(base);
}

/* ---- opening ---- */

static struct view_refs *refs_new(void)
{
    struct view_refs *v = calloc(1, sizeof *v);
    if (!v) return NULL;
    git_refdb_init_backend(&v->base, GIT_REFDB_BACKEND_VERSION);
    v->base.exists = exists;
    v->base.lookup = lookup;
    v->base.iterator = iterate;
    v->base.write = no_write;
    v->base.rename = no_rename;
    v->base.del = no_delete;
    v->base.has_log = no_log;
    v->base.ensure_log = no_log_change;
    v->base.free = free_refs;
    v->base.reflog_read = no_log_read;
    v->base.reflog_write = no_log_write;
    v->base.reflog_rename = no_log_rename;
    v->base.reflog_delete = no_log_change;
    return v;
}

static int set_refs(struct remote_view *v)
{
    git_refdb *refdb = NULL;
    struct view_refs *refs = refs_new();
    if (!refs) return err_memory();
    if (git_refdb_new(&refdb, v->git) || git_refdb_set_backend(refdb, &refs->base)) {
        git_refdb_free(refdb);
        free(refs);
        return repo_fail(ERR_ROAD, N_("open the repository"));
    }
    git_repository_set_refdb(v->git, refdb);
    git_refdb_free(refdb); /* the repository holds it too */
    v->refs = refs;
    return 0;
}

int remote_view_open(struct remote_view *v, struct repo *r)
{
    *v = (struct remote_view){0};
    if (git_repository_wrap_odb(&v->git, r->odb)) return repo_fail(ERR_ROAD, N_("open the repository"));
    return set_refs(v);
}

void remote_view_close(struct remote_view *v)
{
    git_repository_free(v->git);
    *v = (struct remote_view){0};
}

void remote_view_set(struct remote_view *v, const struct remote_move *moves, size_t len)
{
    v->refs->moves = moves;
    v->refs->len = len;
}
