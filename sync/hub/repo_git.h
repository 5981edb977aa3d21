/* What repo.c and remote.c share of libgit2. */
#ifndef SYNC_HUB_REPO_GIT_H
#define SYNC_HUB_REPO_GIT_H

#include <git2.h>

struct repo {
    git_repository *git;
    git_odb *odb;
};

/* The library's last words: "cannot <what>: …", or that the disk is full. `what` is marked by N_. */
int repo_fail(int code, const char *what);

#endif
