/* The hub's case branches in another git repository (`hub mirror`): any git host, or a folder.
 *
 * Nothing is remembered about the other side: each run asks what it has. A branch there that the hub's own does not
 * follow on (somebody else's work, or a fork of the hub) is told and left alone; nothing is ever forced or removed.
 * Nor is anything taken from there: a push reads lines of text, and no pack. */
#ifndef SATCHEL_HUB_MIRROR_H
#define SATCHEL_HUB_MIRROR_H

#include "satchel/base/road.h"
#include "satchel/hub/hub.h"

/* Remotes are kept as git keeps them, in the repository's own configuration: remote.NAME.url, and where evidence goes
 * as Git LFS names it, remote.NAME.lfsurl. ERR_MISSING: there is no such name. lfs_url NULL: it is not said. */
int hub_remote_find(struct hub *h, const char *name, struct arena *a, const char **url, const char **lfs_url) MUST_CHECK;
int hub_remote_save(struct hub *h, const char *name, const char *url, const char *lfs_url) MUST_CHECK; /* lfs_url may be NULL */

enum mirror_state {
    MIRROR_UP_TO_DATE,
    MIRROR_BEHIND, /* to be pushed; or it is not there yet */
    MIRROR_PUSHED,
    MIRROR_REFUSED
};
struct mirror_branch {
    const char *case_name;
    enum mirror_state state;
    const char *from, *to; /* hex of the commits; from NULL: it was not there */
    int64_t commits;       /* that are lacking there */
    const char *reason;    /* of a refusal: English, for T, or the other side's own words */
};

struct mirror;
/* Asks what is there and compares. `road`: how to talk to it, borrowed; NULL: url is a folder or file URL of this machine,
 * which libgit2 goes to by itself. ERR_ROAD: it does not answer. */
int mirror_open(struct mirror **out, struct hub *h, const char *url, struct road *road) MUST_CHECK;
void mirror_free(struct mirror *m); /* NULL is fine */
const struct mirror_branch *mirror_branches(const struct mirror *m, size_t *len);

struct mirror_evidence { const char *sha256; uint64_t size; };
/* What the branches that are not refused point to, small to large, each once; in the mirror. */
int mirror_evidence(struct mirror *m, const struct mirror_evidence **out, size_t *len) MUST_CHECK;

/* Pushes what is behind, in steps that each stand when they are done, so that a run that is cut off has lost one step at
 * most; then asks again and sets the states. A branch that the other side does not take is refused, the others go on. */
int mirror_push(struct mirror *m, struct progress *p) MUST_CHECK;

#endif
