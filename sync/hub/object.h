/* Git's objects as bytes (gitformat-pack(5), git-hash-object(1)): ids, trees, commits. Pure; no repository
 * here. */
#ifndef SYNC_HUB_OBJECT_H
#define SYNC_HUB_OBJECT_H

#include "satchel/base/arena.h"
#include "satchel/format/ssh.h"

#define OID_SIZE 20
#define OID_HEX 41 /* with the NUL */
#define NAMESPACE_GIT "git"
#define COMMIT_MAX_BYTES ((size_t)1 << 20)

struct oid {
    unsigned char bytes[OID_SIZE];
};

enum object_kind { OBJECT_COMMIT = 1, OBJECT_TREE = 2, OBJECT_BLOB = 3 }; /* numbers of the pack format */

bool oid_equal(const struct oid *a, const struct oid *b);
void oid_write(char out[OID_HEX], const struct oid *id);
bool oid_read(struct oid *out, const char *hex); /* 40 lower-case digits, then anything */
/* The id of an object; `sha1` is borrowed for the while. */
void object_id(struct oid *out, struct digest *sha1, enum object_kind kind, const void *bytes, size_t len);

/* ---- trees ---- */

struct tree_item {
    const char *name;
    bool folder;
    struct oid id;
};
void tree_item_write(struct buf *out, const struct tree_item *item);
/* Reads the item at *at and moves on. 1: an item (its name is borrowed from the bytes), 0: the end, negative:
 * ERR_DAMAGED, also for anything but plain files (100644) and folders. */
int tree_item_read(struct tree_item *out, const unsigned char *bytes, size_t len, size_t *at) MUST_CHECK;
/* The order that git keeps the items of a tree in. */
int tree_item_order(const char *a, bool a_folder, const char *b, bool b_folder);

/* ---- commits ---- */

struct commit_person {
    const char *name, *email; /* any text: what git can't bear in them is left out or escaped */
    int64_t time;             /* seconds since 1970; what is before counts as 1970 */
    int offset_minutes;
};
struct commit {
    struct oid tree, parent;
    bool has_parent;
    struct commit_person author, committer;
    const char *message; /* ends with a newline */
};
void commit_write(struct buf *out, const struct commit *c);
/* The commit's bytes with the header gpgsig: an SSHSIG over `unsigned_bytes`, as `git log --show-signature`
 * checks it. */
int commit_sign(struct buf *out, const struct buf *unsigned_bytes, const struct signer *by) MUST_CHECK;

/* A commit that was read. Strings live in the arena. */
struct commit_view {
    struct oid tree, parent;
    bool has_parent;
    const char *payload;   /* what was signed: the bytes without gpgsig */
    const char *signature; /* armored; NULL: none */
    const char *message;
};
/* ERR_INPUT unless its headers are tree, at most one parent, author, committer, at most one gpgsig, in this
 * order. */
int commit_read(struct commit_view *out, struct arena *a, const void *bytes, size_t len) MUST_CHECK;
bool commit_signer(const struct commit_view *c, unsigned char public_key[KEY_SIZE]); /* false: no good signature */
bool commit_signed_by(const struct commit_view *c, const unsigned char public_key[KEY_SIZE]);
/* The value of "Key: value" in the message's last paragraph, in the arena; NULL: none. */
const char *commit_trailer(const struct commit_view *c, struct arena *a, const char *key);

#endif
