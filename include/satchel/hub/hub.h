/* The hub (design.md §6, §7): a custodian. It checks, keeps, merges and hands on; it knows no scheme.
 *
 *   DIR/hub.json     name, root key, scheme of folders (no secret)
 *   DIR/keys/        hub (openssh-key-v1), hub.pub, hub.age (AGE-SECRET-KEY-1…): mode 0600
 *   DIR/repo.git     the repository (sync/hub/repo.c has its layout)
 *   DIR/inbox/       finished files to take in; DIR/quarantine/ what could not be taken in, with FILE.why beside it
 *   DIR/partial/     parts of evidence not whole yet, of each case apart
 *   DIR/brought/     evidence that came in bundles of a case before any record of it there
 *   DIR/index.db     made by the hooks' owner; rebuildable
 *   DIR/kits.json    per kit and case what that kit is known to hold
 *   DIR/clock        the time of the last receipt, in seconds since 1970
 *
 * One process writes at a time (DIR/lock). A bundle counts as received only when branch and evidence are synced.
 *
 * A case holds the evidence that bundles of that case have brought whole: only that gets a pointer, stands in its
 * receipts and is sent on. To know a hash, and to name it in a record of one's own case, opens nothing. */
#ifndef SATCHEL_HUB_HUB_H
#define SATCHEL_HUB_HUB_H

#include "satchel/replica/bundle.h"
#include "satchel/replica/registry.h"

/* What the hub is handed from above: it knows no scheme and no SQL. Any may be NULL. */
struct hub_hooks {
    void *ctx;
    /* The case at a glance, Markdown. */
    int (*readme)(void *ctx, struct fold *f, const char *case_name, const struct registry *r, struct buf *out);
    /* A bundle was merged: the entries new to the case (or judged anew), and the hex of the commit that the branch
     * stands at now. For the index. A failure does not undo the merge. */
    int (*merged)(void *ctx, struct fold *f, const char *case_name, const struct held *const *entries, size_t len,
        const char *tip);
};

struct hub;

/* request: bytes of a kit's request file (whoami --request). */
int hub_init(const char *folder, const char *name, const void *request, size_t len, struct forms *forms) MUST_CHECK;
int hub_open(struct hub **out, const char *folder, struct forms *forms, const struct hub_hooks *hooks) MUST_CHECK;
void hub_close(struct hub *h);

const char *hub_name(const struct hub *h);
const char *hub_kit(const struct hub *h); /* kit id of its key */
const unsigned char *hub_public_key(const struct hub *h);
const unsigned char *hub_recipient(const struct hub *h);
const unsigned char *hub_root(const struct hub *h);
const char *hub_repo_path(const struct hub *h);
const char *const *hub_cases(struct hub *h, size_t *len);
/* The hex of the commit that a case's branch stands at; NULL: no such case. */
const char *hub_tip(struct hub *h, const char *case_name);
/* One entry from log/ (or quarantine/), read alone, for a history without the whole case. */
int hub_entry(struct hub *h, const char *case_name, const char *kit, int64_t seq, const char *id, struct arena *a,
    struct entry **out, unsigned char public_key[KEY_SIZE], enum verdict *verdict) MUST_CHECK;
/* The fold of one case, loaded from the repository when first asked for. The register's is part of it always. */
int hub_fold(struct hub *h, const char *case_name, struct fold **out) MUST_CHECK;
/* As the branch has it now. Borrowed until a case or the register is next asked for: another process may have moved the
 * register meanwhile, and then it and every fold are read anew. */
const struct registry *hub_registry(struct hub *h);
/* All entry lines of the register, for an enrolment. */
int hub_register_lines(struct hub *h, struct buf *out) MUST_CHECK;

struct hub_taken {
    char bundle[SHA256_HEX];
    const char *case_name, *from;
    int64_t accepted, known, waiting;
    const struct receipt *receipt; /* as it was signed and committed */
    const struct jv *problems;     /* {"entry","id","reason"} */
    const struct jv *alarms;       /* equivocation and broken chains, strings */
};
/* Takes one bundle in. It is left where it is. ERR_INPUT / ERR_WAIT: nothing has changed. */
int hub_receive(struct hub *h, const char *path, struct arena *a, struct hub_taken *out, struct progress *p) MUST_CHECK;
/* Entries handed over in this process by a kit that has been opened here (hub enrol): as a bundle, without one. */
int hub_take_lines(struct hub *h, const char *case_name, const char *lines, size_t len, struct arena *a,
    struct hub_taken *out) MUST_CHECK;

/* A stick: takes in FOLDER/inbox/ (register bundles first, those that wait again after the others), then writes receipts and
 * what each enrolled kit lacks of what its person may see to FOLDER/outbox/<kit>/, and removes files there that the kit is
 * known to have taken in. */
struct hub_exchange {
    struct hub_taken *taken;
    size_t taken_len;
    struct jv *failed;        /* {"file","error"}: a file, or a folder of the stick, that could not be served */
    int failed_code;          /* ERR_ROAD where that is one of them, else of the first; 0: there is none */
    const struct jv *written; /* {"kit","case","file","size"} */
    struct arena arena;
};
int hub_sync_folder(struct hub *h, const char *folder, uint64_t part_size, struct hub_exchange *out, struct progress *p)
    MUST_CHECK;
void hub_exchange_release(struct hub_exchange *e);

/* The same for a server, in its two halves. What lies in DIR/inbox/ (finished uploads) is taken in together: bundles of one case
 * share a commit of their own and a sync round, and each has its receipt. A bad one stops none of the others. What is told of
 * those taken has no receipts, problems and alarms (NULL): of a whole inbox they are much, and the branches have them. */
int hub_take_inbox(struct hub *h, struct hub_exchange *out, struct progress *p) MUST_CHECK;
/* Writes what one kit lacks to FOLDER/outbox/<kit>/, as hub_sync_folder does for all. */
int hub_serve_kit(struct hub *h, const char *kit, const char *folder, uint64_t part_size, struct hub_exchange *out,
    struct progress *p) MUST_CHECK;

/* A hub from a stock clone of another one's repository, with its LFS objects or without; the clone is verified first. It
 * has a new key, that an admin has yet to enrol. May be repeated, also after it was stopped: then it goes on. ERR_INPUT:
 * the clone does not verify, or the folder is another hub's. */
struct hub_restore {
    const char *folder, *name, *clone;
    const unsigned char *root; /* from outside, or NULL: that of the register's first entry */
    const struct request *admin; /* who the first admin is, where the register does not say; may be NULL */
    struct forms *forms;
    const struct hub_hooks *hooks; /* may be NULL */
    struct progress *progress;     /* may be NULL */
};
struct hub_restored {
    char kit[KIT_ID_SIZE]; /* the new hub's */
    int64_t cases, entries, evidence; /* entries that applied and evidence: those that were new here */
    int64_t missing, damaged; /* evidence whose bytes are not in the clone, or not what they should be: it is awaited */
};
int hub_restore(const struct hub_restore *q, struct hub_restored *out) MUST_CHECK;

/* New keys in place of those that were stolen or lost. The hub must be closed, and not served (ERR_ROAD). After it,
 * hub_sign_branches, and an admin's entry that gives the hub's record the new key and recipient; until then kits know this
 * hub no more. */
int hub_renew_keys(const char *folder) MUST_CHECK;
int hub_folder_root(const char *folder, unsigned char root[KEY_SIZE]) MUST_CHECK; /* as hub_root, also where its keys are lost */
/* A commit by the hub's key on every branch whose last one is by another: there older keys count no more from it on. */
int hub_sign_branches(struct hub *h) MUST_CHECK;

/* {"name","kit","cases":[{"case","entries","records","conflicts","gaps","quarantined","awaited","forks"}],"kits":n,
 *  "sizes":{"evidence","inbox","objects","packs","partial","repository","uploads"}}: bytes, but for objects and packs */
int hub_status(struct hub *h, struct arena *a, struct jv **out) MUST_CHECK;
/* A signed receipt for every case the hub holds: what a kit or a safe keeps as an anchor. */
int hub_checkpoint(struct hub *h, struct buf *receipt, struct buf *signature) MUST_CHECK;

/* ---- proof: on the hub's repository, or on any clone of it (bare or not), offline ---- */

struct verify_request {
    const char *path;                 /* repository, clone or hub folder */
    const unsigned char *root;        /* root public key from outside, or NULL */
    const struct receipt *const *against; /* anchors: receipts whose signature has been read; checked here against the
                                            hub key that the register names */
    const unsigned char (*against_keys)[KEY_SIZE];
    size_t against_len;
    struct forms *forms;
    struct progress *progress;
};
struct verified {
    int64_t cases, entries, commits, evidence;
    bool empty;             /* nothing has been received yet: there is nothing to vouch for */
    unsigned char root[KEY_SIZE]; /* of the register, given or found */
    bool anchored;          /* a root and, for every case, an anchor vouched for the ends */
    struct jv *problems;    /* array of {"where","text"} */
    struct jv *unanchored;  /* cases whose ends nothing outside vouches for */
};
/* Replays every branch: each commit must hold exactly the tree that its entries give; ids, signatures, chains, hub
 * signatures, evidence pointers (and bytes, where lfs/objects is there). ERR_NO when there are problems. */
int hub_verify(const struct verify_request *r, struct arena *a, struct verified *out) MUST_CHECK;

#endif
