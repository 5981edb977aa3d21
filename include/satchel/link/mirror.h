/* Roads of `hub mirror` to other servers: git's smart protocol over HTTP or ssh, and evidence by the Git LFS batch API, into an
 * S3-compatible store, or into a folder.
 *
 * Credentials are those of the address ("https://name:password@host/…"), else of a netrc file (~/.netrc, or the one that
 * NETRC names), else those that `git credential` has for the server; of an S3 store AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and
 * AWS_SESSION_TOKEN. ssh has its own keys and known hosts. They go to the server of the address alone, are never shown or kept,
 * and never leave this machine without TLS. A redirection is told, not followed. */
#ifndef SATCHEL_LINK_MIRROR_H
#define SATCHEL_LINK_MIRROR_H

#include "satchel/base/arena.h"
#include "satchel/base/json.h"
#include "satchel/base/road.h"

#define MIRROR_PATIENCE_SECONDS 120
#define MIRROR_PART_SIZE ((uint64_t)64 << 20)

enum mirror_kind { MIRROR_FOLDER, MIRROR_HTTP, MIRROR_SSH, MIRROR_S3 };
struct mirror_place {
    enum mirror_kind kind;
    const char *shown;                 /* the address without a password: for messages, and to keep */
    const char *url;                   /* without user and password; of a folder its path; of S3 http(s)://host/bucket[/prefix] */
    const char *user, *password;       /* NULL: none */
    const char *host, *port, *path;    /* of ssh; port NULL: ssh's own choice */
    const char *origin;                /* http(s)://host[:port] */
    const char *header;                /* "Authorization: …" that a server has handed out for this place; NULL: none */
};
/* Reads an address: https://…, http://… (of this machine only), s3+https://host/bucket[/prefix], ssh://[user@]host[:port]/path,
 * user@host:path, file://…, or a path. ERR_INPUT. */
int mirror_place_read(struct mirror_place *out, struct arena *a, const char *address) MUST_CHECK;

struct mirror_options {
    int patience_seconds;  /* of silence */
    uint64_t part_size;    /* S3: larger evidence goes in parts of this size, 5 MiB at least */
    const char *region;    /* S3; NULL: AWS_REGION, else us-east-1 */
    const char *netrc;     /* NULL: NETRC, else ~/.netrc */
    const char *ca;        /* file of certificates (PEM) that are trusted in place of the system's; NULL: GIT_SSL_CAINFO, else those */
    struct mirror_login *login; /* NULL: git is not asked */
    struct progress *progress;
};

/* What git's credential helpers have said, while a mirroring lasts; roads and stores share it. */
struct mirror_login;
int mirror_login_new(struct mirror_login **out, int patience_seconds) MUST_CHECK;
void mirror_login_free(struct mirror_login *l); /* wipes it; NULL is fine */

/* The road to a repository's git-receive-pack; *out NULL for a folder, which needs none. The place is borrowed. */
int mirror_road(struct road **out, const struct mirror_place *place, const struct mirror_options *o) MUST_CHECK;

/* ---- evidence ---- */

struct mirror_object {
    const char *sha256;
    uint64_t size;
    bool held; /* out: the other side has it */
    const char *refused; /* out: why it could not be sent; NULL: it was, or was there */
    void *note;          /* of the store that is asked */
};
struct mirror_sent {
    int64_t sent, held;
    uint64_t bytes;
    int64_t refused;
    const char *first_refusal; /* in the arena; NULL: none */
};
/* Where a repository's evidence goes when nobody says: URL/info/lfs of HTTP; lfs/objects of a folder; of ssh what
 * `git-lfs-authenticate` over there answers. */
int mirror_evidence_place(struct mirror_place *out, struct arena *a, const struct mirror_place *repository,
    const struct mirror_options *o) MUST_CHECK;
/* Asks for all objects, sends what is lacking (not where `dry`: then `sent` counts what would be) and asks again for what was
 * sent. An object that is refused does not stop the others; ERR_ROAD where the road itself fails: what is `sent` by then
 * stays. `git_folder` has the bytes below lfs/objects. */
int mirror_send(struct mirror_sent *out, struct arena *a, const struct mirror_place *place, const struct mirror_options *o,
    const char *git_folder, struct mirror_object *objects, size_t len, bool dry) MUST_CHECK;

#endif
