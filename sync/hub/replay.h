/* Replaying one branch, for verify.c. */
#ifndef SYNC_HUB_REPLAY_H
#define SYNC_HUB_REPLAY_H

#include "parts.h"

#define REPLAY_WHERE_SIZE 192

/* What is known of the repository as a whole. */
struct verification {
    const struct verify_request *request;
    struct arena *arena;
    struct verified *out;
    struct repo *repo;
    struct repo_branch *branches;
    size_t branches_len;
    bool is_hub; /* a hub's own folder: all bytes must be there */
    struct digest *sha1;
    struct fold *the_register;
    struct registry *registry;
    unsigned char root[KEY_SIZE];
    struct registry_kit hub; /* kit NULL: the register names none */
    struct map cases;        /* names seen */
    struct map hashed;       /* evidence whose bytes were looked at */
};

/* One branch. */
struct replay {
    struct verification *v;
    const struct repo_branch *branch;
    struct oid *commits; /* the newest first; malloc'ed */
    size_t commits_len, commits_cap;
    struct fold *fold;
    struct tree *tree;       /* as it must be */
    struct signed_by *signers; /* the hub's keys, the newest first */
    struct registry *so_far; /* of the register's branch: what its entries up to here say */
    uint64_t so_far_version;
    char where[REPLAY_WHERE_SIZE];
    struct arena arena; /* of the commit at hand */
    struct buf bytes;
    const char *log_path; /* the one addition to log/ of the commit at hand */
    struct oid log_blob;
    size_t log_changes;
};

int problem(struct verification *v, const char *where, const char *text) MUST_CHECK;
/* The same, with what it is about behind the place. */
int problem_of(struct verification *v, const char *where, const char *text, const char *subject) MUST_CHECK;
/* What could not be read is a problem of the repository; only a failure of this machine (ERR_ROAD) ends the
 * work. */
int problem_note(struct verification *v, const char *where, int rc) MUST_CHECK;

int replay_init(struct replay *r, struct verification *v, const struct repo_branch *b) MUST_CHECK;
void replay_release(struct replay *r);
/* All commits down to the first. *whole: none was missing or malformed. */
int replay_list(struct replay *r, bool *whole) MUST_CHECK;
/* Reads a commit; what it says lasts until the next one is read. */
int replay_read(struct replay *r, const struct oid *id, struct commit_view *out) MUST_CHECK;
/* All of a listed branch: its commits, its end, and the anchors that speak of it. */
int replay_branch(struct replay *r) MUST_CHECK;

#endif
