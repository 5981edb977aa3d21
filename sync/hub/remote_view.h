/* What libgit2 sees of the hub while it pushes. */
#ifndef SYNC_HUB_REMOTE_VIEW_H
#define SYNC_HUB_REMOTE_VIEW_H

#include "remote.h"
#include "repo_git.h"

struct remote_view {
    git_repository *git;
    struct view_refs *refs; /* owned by it */
};
int remote_view_open(struct remote_view *v, struct repo *r) MUST_CHECK;
void remote_view_close(struct remote_view *v);
/* Its branches: those that move, at the commits that they move to. Borrowed. */
void remote_view_set(struct remote_view *v, const struct remote_move *moves, size_t len);

#endif
