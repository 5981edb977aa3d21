/* Branches of a git repository elsewhere, by libgit2's smart protocol over a road of ours. */
#ifndef SYNC_HUB_REMOTE_H
#define SYNC_HUB_REMOTE_H

#include "repo.h"
#include "satchel/base/road.h"

struct remote;

/* road NULL: url is of this machine. All is borrowed. */
int remote_new(struct remote **out, struct repo *r, const char *url, struct road *road) MUST_CHECK;
void remote_free(struct remote *m); /* NULL is fine */

/* Its branches, sorted by name, in the arena. ERR_ROAD. */
int remote_list(struct remote *m, struct arena *a, struct repo_branch **out, size_t *len) MUST_CHECK;

struct remote_move {
    const char *branch;
    struct oid to;
    const char *refused; /* out: the other side's words, in the arena; NULL: it has moved */
};
/* Moves branches there, each only forward. ERR_ROAD: none or some may have moved; ask again. */
int remote_push(struct remote *m, struct arena *a, struct remote_move *moves, size_t len) MUST_CHECK;

/* ---- history, for what is to be pushed ---- */

bool remote_follows(struct repo *r, const struct oid *later, const struct oid *earlier); /* or is the same */
/* Commits of `tip` that are not of `from` (NULL: all), oldest first, in the arena. */
int remote_commits(struct repo *r, struct arena *a, const struct oid *tip, const struct oid *from, struct oid **out,
    size_t *len) MUST_CHECK;

/* ---- names, in the repository's configuration ---- */

/* *out NULL: it is not said. */
int remote_config(struct repo *r, struct arena *a, const char *name, const char *key, const char **out) MUST_CHECK;
int remote_set_config(struct repo *r, const char *name, const char *key, const char *value) MUST_CHECK;

#endif
