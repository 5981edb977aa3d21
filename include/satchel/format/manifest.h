/* manifest.json of a bundle (design.md §4): canonical JSON, signed by the sender in namespace bundle@satchel.
 *
 *   {"case":…,"entries":n,"format":"satchel bundle 1","from":kit,"have":{kit:seq,…},"members":[
 *      {"name":"entries.jsonl","sha256":…,"size":n},
 *      {"name":"blob/<sha256>","size":n}, {"name":"blob/<sha256>+<offset>","of":n,"pieces":[…],"size":n} …],
 *    "receipt":{"bundle":id,"held":n,"id":id},"to":kit,"want":[sha256,…]}
 *
 * Members follow in tar order: receipt.json, receipt.json.sig, entries.jsonl, then blobs. A whole blob is checked by
 * its name; a part by its pieces (SHA-256 of each 16 MiB run; offset a multiple of 16 MiB; only the evidence's last
 * piece is shorter). "of" is the size of the whole. The bundle's id is the SHA-256 of the manifest's bytes: it has
 * no clock in it, so the same contents make the same id. "have" says, for the bundle's case, what the sender holds
 * without gap of each kit; "want" asks for evidence. "receipt", absent where there is none, is the hub's newest of the case
 * that the sender keeps: its id, the bundle that it answers, and how much evidence it names. The answer may build on it
 * (receipt.h, in brief). A bundle of evidence alone does not have it: what a receipt that came in between leaves to be sent is
 * cut into the same bundles again. */
#ifndef SATCHEL_FORMAT_MANIFEST_H
#define SATCHEL_FORMAT_MANIFEST_H

#include "satchel/format/names.h"
#include "satchel/base/json.h"

#define MANIFEST_MAX_BYTES ((size_t)4 << 20)
#define MANIFEST_MAX_MEMBERS 16384
#define MANIFEST_MAX_VALUES ((size_t)1 << 17) /* any kit may sign one: what it takes to read stays below 16 MB */
#define BUNDLE_MAX_ENTRIES_BYTES ((uint64_t)16 << 20) /* entries.jsonl of one bundle; packing cuts there */

enum member_kind { MEMBER_RECEIPT, MEMBER_RECEIPT_SIG, MEMBER_ENTRIES, MEMBER_BLOB };

struct member {
    enum member_kind kind;
    uint64_t size;
    char sha256[SHA256_HEX];   /* of the member; for a blob: of the whole evidence, from its name */
    uint64_t offset;           /* blob part: where it begins */
    uint64_t whole;            /* blob: size of the whole evidence */
    const char *const *pieces; /* blob part: hashes of its 16 MiB runs; NULL for a whole blob */
    size_t pieces_len;
};

struct have {
    const char *kit;
    int64_t seq;
};

struct have_receipt {
    const char *id; /* NULL: none */
    const char *bundle;
    int64_t held;
};

struct manifest {
    const char *case_name;
    const char *from;
    const char *to;
    int64_t entries;
    const struct member *members;
    size_t members_len;
    const struct have *have; /* sorted by kit */
    size_t have_len;
    struct have_receipt receipt;
    const char *const *want; /* sorted */
    size_t want_len;
    char id[SHA256_HEX];     /* set by both functions below */
};

int manifest_parse(struct manifest **out, struct arena *a, const void *bytes, size_t len) MUST_CHECK;
/* Writes the canonical bytes and sets m->id. */
int manifest_write(struct buf *out, struct arena *a, struct manifest *m) MUST_CHECK;
/* "blob/<sha256>[+<offset>]" or the fixed name. out: TAR_NAME_MAX. */
void member_name(char *out, const struct member *m);

#endif
