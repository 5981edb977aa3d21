/* The repository on disk: branches and raw objects. Only repo.c and remote*.c include libgit2. */
#ifndef SYNC_HUB_REPO_H
#define SYNC_HUB_REPO_H

#include "object.h"

struct repo;

/* Makes a bare repository whose HEAD names the branch, with all fan-out folders of objects/ and lfs/objects/,
 * synced. */
int repo_create(const char *path, const char *head_branch) MUST_CHECK;
/* path: a bare repository, a clone with a work tree, or a hub's folder with repo.git in it. Nothing is
 * written. ERR_MISSING: there is none. */
int repo_open(struct repo **out, const char *path) MUST_CHECK;
void repo_close(struct repo *r);               /* NULL is fine */
const char *repo_folder(const struct repo *r); /* the git directory */

/* Appends the bytes of an object. ERR_MISSING: it is not there; ERR_DAMAGED: it is not what its id says, not
 * of that kind, or larger than out->max leaves room for (then it has not been read). */
int repo_read(struct repo *r, struct buf *out, const struct oid *id, enum object_kind kind) MUST_CHECK;

struct repo_branch {
    const char *name; /* without refs/heads/ or refs/remotes/origin/ */
    const char *ref;  /* whole */
    struct oid tip;
};
/* Own branches, and those that a clone has of its remotes; sorted by name, then ref; in the arena. */
int repo_branches(struct repo *r, struct arena *a, struct repo_branch **out, size_t *len) MUST_CHECK;
int repo_tip(
    struct repo *r, const char *branch, struct oid *out) MUST_CHECK; /* ERR_MISSING; no message is set then */

/* ---- writing: under the hub's lock only ---- */

/* Stores a pack that was made here (never a foreign one), synced. */
int repo_store_pack(struct repo *r, const void *bytes, size_t len) MUST_CHECK;
struct repo_move {
    const char *branch;
    struct oid to, from;
    bool born; /* it names `from` now; else it does not exist yet */
};
/* Lets branches name other commits, synced in one round. Where that fails some of them may have moved. */
int repo_move(struct repo *r, const struct repo_move *moves, size_t len) MUST_CHECK;
/* Removes what a killed process left: locks of branches, packs half made. */
int repo_clean(struct repo *r) MUST_CHECK;
/* Where there are more packs of about one size than this, makes one of some of them: a bounded step, to be repeated
 * at leisure. Large ones stay. What a pack has replaced is removed when that is `grace` seconds ago, so that who
 * reads meanwhile finds what he has seen. */
int repo_consolidate(struct repo *r, size_t packs_most, int64_t grace) MUST_CHECK;

struct repo_sizes {
    int64_t packs, objects, bytes; /* bytes: of all packs and their indexes */
};
int repo_measure(struct repo *r, struct repo_sizes *out) MUST_CHECK;

#endif
