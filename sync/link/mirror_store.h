/* Where evidence goes: what mirror_lfs.c, mirror_s3.c and mirror_folder.c have in common, and the way to a program over ssh. */
#ifndef SYNC_LINK_MIRROR_STORE_H
#define SYNC_LINK_MIRROR_STORE_H

#include "mirror_http.h"
#include "satchel/base/os.h"

#define ASK_MOST ((size_t)100) /* objects of one question, as git-lfs has it */

struct evidence_store {
    /* Sets `held` and, where the store says why it won't have it, `refused`. */
    int (*ask)(struct evidence_store *s, struct mirror_object *objects, size_t len);
    /* Sends one that was asked for and is not held. What concerns this object alone goes to `refused`. */
    int (*send)(struct evidence_store *s, struct mirror_object *o, struct file *from);
    void (*close)(struct evidence_store *s);
    struct arena *arena;
    const struct mirror_place *place;
    const struct mirror_options *options;
    uint64_t done, total; /* bytes, for the progress */
};

int lfs_store(struct evidence_store **out, const struct mirror_place *place, const struct mirror_options *o) MUST_CHECK;
int s3_store(struct evidence_store **out, const struct mirror_place *place, const struct mirror_options *o) MUST_CHECK;
int folder_store(struct evidence_store **out, const struct mirror_place *place, const struct mirror_options *o) MUST_CHECK;

/* "%40" is '@'; what is malformed stays as it is. NULL: memory is out. */
const char *mirror_decoded(struct arena *a, const char *s, size_t len);
/* The netrc file to ask; NULL: there is none. */
const char *mirror_netrc(struct arena *a, const struct mirror_options *o);
/* Name and password of the place's address, or the netrc file: for this place's server only. */
void mirror_credentials(struct web_request *r, const struct mirror_place *place, const char *netrc);

/* web_ask with those set; where the place's server wants some and they are not enough, with git's (mirror_login.c). */
int mirror_ask(struct web *http, const struct mirror_place *place, const struct mirror_options *o, struct web_request *q,
    struct web_answer *answer) MUST_CHECK;

/* A program on the other side of ssh: "git-receive-pack '/path'". */
int ssh_start(struct child **out, struct arena *a, const struct mirror_place *place, const char *program, const char *more,
    int patience_seconds) MUST_CHECK;
int ssh_road(struct road **out, const struct mirror_place *place, const struct mirror_options *o) MUST_CHECK;
int http_road(struct road **out, const struct mirror_place *place, const struct mirror_options *o) MUST_CHECK;

#endif
