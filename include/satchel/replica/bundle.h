/* Cutting bundles and opening them (design.md §4): entries and evidence of one case for one receiver.
 *
 *   bundle = age( gzip( tar( manifest.json, manifest.json.sig, [receipt.json, receipt.json.sig], entries.jsonl, blob/… )))
 *
 * Both stream: memory does not grow with the evidence. */
#ifndef SATCHEL_REPLICA_BUNDLE_H
#define SATCHEL_REPLICA_BUNDLE_H

#include "satchel/base/io.h"
#include "satchel/format/receipt.h"
#include "satchel/replica/fold.h"

#define BUNDLE_PART_SIZE (UINT64_C(256) << 20) /* default limit of one bundle's size in bytes */
#define BUNDLE_PART_MIN (UINT64_C(1) << 20)    /* smaller parts are refused; evidence is cut at 16 MiB pieces, so a
                                                  part with evidence may reach 17 MiB where less was asked for */
#define BUNDLE_PART_MAX ((UINT64_C(4) << 30) - (UINT64_C(64) << 20)) /* FAT32 */
#define BUNDLE_SUFFIX ".satchel"
#define BUNDLE_MANIFEST "manifest.json" /* always the first member, */
#define BUNDLE_MANIFEST_SIG "manifest.json.sig" /* and the second */

/* A piece of evidence to send. */
struct evidence {
    const char *sha256;
    uint64_t size;
    const char *const *pieces; /* its 16 MiB hashes, where it is larger than that; else NULL */
    size_t pieces_len;
    uint64_t from; /* send from this offset on (a multiple of 16 MiB): what the receiver holds before it */
};

/* What to cut. Entries come first and evidence from small to large, over as many bundles as the part size asks for. */
struct bundle_order {
    struct fold *fold;
    const char *case_name;
    const char *from;            /* kit id of the sender */
    const struct signer *signer; /* its key */
    const char *to;              /* kit id of the receiver */
    unsigned char recipient[KEY_SIZE];
    const struct have *beyond;   /* what the receiver has: entries above it are sent (from a fork on, all) */
    size_t beyond_len;
    const char *const *lacking;  /* ids of entries not above it that are sent too */
    size_t lacking_len;
    bool without_entries;        /* none of them */
    bool tell_no_more;           /* of what the sender holds only what `beyond` says, too: the receiver told it that */
    bool quarantined_too;        /* also entries that do not apply (a kit sends all of them; the hub to headquarters) */
    const struct evidence *evidence;
    size_t evidence_len;
    const char *const *want;     /* evidence asked for in return */
    size_t want_len;
    const struct buf *receipt;   /* bytes of a receipt to sign and to carry in the first bundle, or NULL */
    const struct buf *brief;     /* carried in its place: the same receipt in brief; or NULL */
    struct have_receipt have_receipt; /* told to the receiver; not by what is evidence alone: cut again, that is the same */
    bool tell_have;              /* write a bundle even where it has nothing to say but what is held */
    uint64_t part_size;
    bool entries_apart;          /* evidence of some size begins in another bundle than the last entries */
    /* Opens the plain bytes of evidence from an offset on. */
    int (*open_evidence)(void *ctx, const char *sha256, uint64_t offset, struct source **out);
    void *ctx;
    struct progress *progress; /* may be NULL */
};

struct bundle_file {
    const char *path; /* folder/<first 32 hex of id>.satchel */
    char id[SHA256_HEX];
    uint64_t size;
    const char *const *evidence; /* hashes of the evidence that it carries, wholly or in part */
    size_t evidence_len;
};
struct bundle_files {
    struct bundle_file *files;
    size_t len;
    struct arena arena;
};
void bundle_files_release(struct bundle_files *b);

/* Writes the bundles into a folder, each durable under its final name. A file of that name that is there already is
 * left as it is (same id, same contents). When there is nothing to send (no entry, evidence, want or receipt, and
 * tell_have is not set) no file is written. On failure the files of this call are removed. */
int bundle_cut(struct bundle_files *out, const struct bundle_order *order, const char *folder) MUST_CHECK;

/* Who opens: identities, and where bytes go before they are published. */
struct bundle_receiver {
    const char *self; /* kit id; a bundle for another is ERR_INPUT */
    unsigned char identity[KEY_SIZE];
    /* The public key of the sender, by its kit id; ERR_WAIT when it is not known. `signed_by` is the key that the
     * manifest's signature carries (already good, and of that kit id). */
    int (*sender)(void *ctx, const char *kit, const unsigned char signed_by[KEY_SIZE]);
    /* A quarantine sink for one blob or part. finish makes it durable; nothing is visible yet. */
    int (*stage)(void *ctx, const struct member *m, struct sink **out);
    /* A receipt of the case that is held, on which one in brief builds, in the arena; ERR_MISSING: it is not. NULL: none is. */
    int (*receipt)(void *ctx, const char *case_name, const char *id, struct arena *a, struct receipt **out);
    void *ctx;
    struct progress *progress;
};

struct opened_entry {
    const struct entry *entry; /* NULL: the line could not be read */
    unsigned char public_key[KEY_SIZE];
    bool signature_good;
    const char *error;         /* why it could not be read, or that the signature is bad */
    const char *line;          /* the line as it came, kept where error is set */
    size_t line_len;
};

/* A bundle all of whose bytes have been checked and staged. */
struct opened {
    const struct manifest *manifest;
    const struct receipt *receipt; /* whole, and verified as signed by `receipt_key`; NULL: none */
    const char *unread;            /* why there is none, though the bundle carries one in brief; NULL: it does not */
    unsigned char receipt_key[KEY_SIZE];
    struct buf receipt_bytes, receipt_sig;
    struct opened_entry *entries;
    size_t entries_len;
    struct arena *arena; /* what all this lives in: the caller's (a fold's arena, say) */
};

/* Reads one bundle whole. Errors: ERR_INPUT (foreign, damaged, for another receiver, wrong signer), ERR_WAIT (sender
 * unknown), ERR_ROAD. On failure nothing that was staged may be published: the caller discards its quarantine. */
int bundle_open(struct opened *out, struct arena *a, const char *path, const struct bundle_receiver *r) MUST_CHECK;
void opened_release(struct opened *o);

/* The same for what is inside: the bytes of the tar. */
int bundle_read(struct opened *out, struct arena *a, struct source *tar, const struct bundle_receiver *r) MUST_CHECK;

/* Reads only the head (manifest and its signature) of a bundle that is for this identity. */
int bundle_peek(const struct manifest **out, struct arena *a, const char *path, const unsigned char identity[KEY_SIZE])
    MUST_CHECK;

#endif
