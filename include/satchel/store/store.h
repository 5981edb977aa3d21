/* A kit's store (design.md §5): a folder that can live on a stick. Everything in it is sealed.
 *
 *   journal.db   the durable truth: table `journal` (entries, rejected lines), `receipt`, `setting`; rows are sealed with
 *                ChaCha20-Poly1305 under the store key, the row's table and number as associated data; `unlock` holds the
 *                store key under the passphrase (scrypt) and under the recovery key
 *   blobs/       evidence as age files to the kit's own recipient, named by HMAC-SHA-256(store key, hash)
 *   inbox/       quarantine of bundles that are being received; parts of evidence not yet whole
 *   outbox/      bundles that were packed and not named by a receipt yet
 *
 * A save is durable when the call has returned (journal_mode=DELETE, synchronous=EXTRA). Several processes may use one
 * store: a write is BEGIN IMMEDIATE, fold rows newer than mine, append, commit; store_refresh folds what others wrote. */
#ifndef SATCHEL_STORE_STORE_H
#define SATCHEL_STORE_STORE_H

#include "satchel/base/io.h"
#include "satchel/format/enrolment.h"
#include "satchel/replica/bundle.h"
#include "satchel/replica/registry.h"
#include "satchel/store/db.h"

#define STORE_WORK_FACTOR 16 /* log2 N of scrypt: 64 MiB */
#define RECOVERY_KEY_SIZE 70 /* "ABCD-EFGH-…" with the NUL: 32 bytes and a check of 3 in base32, in groups of four */

/* The hub that the kit has joined. */
struct hub_identity {
    const char *name;
    const char *kit;  /* kit id of the hub's key */
    unsigned char public_key[KEY_SIZE];
    unsigned char recipient[KEY_SIZE];
    unsigned char root[KEY_SIZE]; /* of its register */
};

struct store;

/* Makes the folder (ERR_INPUT when a store is there already), keys, and the kit's own register: a person with every role
 * and its kit. Writes the recovery key. `forms` (borrowed by every store call) are the current ones. */
int store_create(const char *folder, const char *name, const char *email, const char *passphrase, int work_factor,
    struct forms *forms, char recovery[RECOVERY_KEY_SIZE]) MUST_CHECK;
/* secret: the passphrase, or the recovery key. ERR_INPUT wrong secret, ERR_MISSING no store there, ERR_DAMAGED. */
int store_open(struct store **out, const char *folder, const char *secret, struct forms *forms) MUST_CHECK;
void store_close(struct store *s); /* wipes the keys */
int store_set_passphrase(struct store *s, const char *passphrase, int work_factor) MUST_CHECK;

/* Folds rows that other processes have written since. Cheap when there are none. */
int store_refresh(struct store *s) MUST_CHECK;

const char *store_folder(const struct store *s);
const char *store_kit(const struct store *s); /* kit id */
const struct signer *store_signer(const struct store *s);
const unsigned char *store_recipient(const struct store *s); /* KEY_SIZE: X25519 point */
const unsigned char *store_identity(const struct store *s);  /* KEY_SIZE: X25519 scalar */
const char *store_person_name(const struct store *s);        /* as given at init */
const char *store_person_email(const struct store *s);
struct fold *store_fold(struct store *s);
/* Counts how often the fold was made anew (a rollback, a join): then what was borrowed from it is gone, and its versions
 * start again from zero, so whoever compares versions compares this first. */
uint64_t store_generation(const struct store *s);
struct forms *store_forms(struct store *s);
const struct registry *store_registry(struct store *s);      /* built anew when the register has changed */
const struct hub_identity *store_hub(const struct store *s); /* NULL: none joined */

/* Settings: small sealed values by name ("remote.<name>", …). NULL value removes. */
int store_setting(struct store *s, const char *name, struct buf *out) MUST_CHECK; /* ERR_MISSING: not set */
int store_set_setting(struct store *s, const char *name, const char *value) MUST_CHECK;
int store_settings(struct store *s, const char *prefix, struct arena *a, const char *const **names, size_t *len) MUST_CHECK;

/* ---- writing: one durable transaction, all or nothing ---- */

enum change_kind { CHANGE_NEW, CHANGE_SET, CHANGE_VOID, CHANGE_RESOLVE };

struct change {
    enum change_kind kind;
    const char *type;      /* NEW */
    const char *case_name; /* NEW: the case (opened only by type "organisation"); others: NULL or the record's */
    const char *record;    /* others: whole id */
    const struct jv *set;  /* object of fields; VOID: NULL */
    const char *why;       /* VOID and RESOLVE need one */
    /* Fields the author read, as they were then: entry ids of the heads on screen by field name (object of arrays of
     * strings). NULL: the heads as of this transaction. */
    const struct jv *read;
    const struct form *form; /* to write with: one of the record's type; NULL: the current one */
};

struct store_tx;
int store_begin(struct store_tx **out, struct store *s) MUST_CHECK; /* locks out other writers; ERR_ROAD after 5 s */
/* Appends one entry. Refuses (ERR_INPUT, with what to do): unknown type, field or case, wrong value, missing field that is
 * required at creation, unknown record, a set on a field in conflict, a link to a record that is not there, a role that may
 * not write this, a case that exists already (NEW organisation). *record: id, borrowed until the store closes. */
int store_change(struct store_tx *tx, const struct change *c, const char **record) MUST_CHECK;
/* Takes a file in as evidence and creates its record: the bytes are sealed, hashed while copied, synced. ERR_INPUT where the
 * file changes while it is read. Of `with` its further fields (set: title, captured, derived_from, "of.<link>"; NULL: none),
 * why and form; may be NULL. A file with the same hash is stored once, recorded as often as asked. */
int store_attach(struct store_tx *tx, const char *path, const char *of, const struct change *with, struct progress *progress,
    const char **record) MUST_CHECK;
/* The same of bytes that come piece by piece: sealed as they come, hashed and synced once they are all here. Only
 * store_intake_attach needs the transaction; the others may run in any one thread beside the store's, which stays open until
 * store_intake_free. `size` bytes must come. What is not attached leaves nothing behind. */
struct intake;
int store_intake_new(struct intake **out, struct store *s, const char *name, uint64_t size) MUST_CHECK;
int store_intake_add(struct intake *in, const void *bytes, size_t len) MUST_CHECK;
int store_intake_end(struct intake *in) MUST_CHECK; /* durable, but nowhere named; once */
const char *store_intake_sha256(const struct intake *in); /* after the end */
int store_intake_attach(struct store_tx *tx, struct intake *in, const char *of, const struct change *with, const char **record)
    MUST_CHECK;
void store_intake_free(struct intake *in); /* NULL is fine */
/* Opens the case `to` with copies of the records of the case `from` as they stand: new records of this kit, whose links
 * lead to each other. The old case is not touched. ERR_INPUT: a field of it is in conflict, `to` is taken, or this kit may
 * not write what is there. All in the arena. */
struct case_copy {
    struct jv *copied; /* array of {"from":id,"to":id,"whole":false where a link leads to what was left behind} */
    struct jv *left;   /* ids: voided, linking to what is where they must, evidence whose bytes are not here */
};
int store_copy_case(struct store_tx *tx, const char *from, const char *to, struct arena *a, struct case_copy *out) MUST_CHECK;
int store_commit(struct store_tx *tx) MUST_CHECK; /* frees tx, whatever happens; 0: durable */
void store_rollback(struct store_tx *tx);         /* NULL is fine */

/* ---- evidence ---- */

struct evidence_state {
    bool here;    /* its bytes are in this store, whole */
    bool at_hub;  /* a verified receipt of the joined hub names it for this case: it may hold it for another only */
};
int store_evidence_state(struct store *s, const char *case_name, const char *sha256, struct evidence_state *out)
    MUST_CHECK;
int store_evidence_size(struct store *s, const char *sha256, uint64_t *size) MUST_CHECK; /* plain bytes; ERR_MISSING */
/* Plain bytes from an offset on; ERR_MISSING when they are not here. */
int store_evidence_open(struct store *s, const char *sha256, uint64_t offset, struct source **out) MUST_CHECK;
/* Writes the original, its hash checked, durable at `path`; ERR_DAMAGED when the hash differs. */
int store_evidence_extract(struct store *s, const char *sha256, const char *path, struct progress *progress) MUST_CHECK;
/* Bytes that come from elsewhere piece by piece: how far they are here without gap, from the beginning on; and one piece
 * more, which is kept sealed. *whole: all of it is here now, its hash checked, as evidence of the case. ERR_INPUT: the pieces
 * do not make its hash; they were removed. */
int store_evidence_reach(struct store *s, const char *case_name, const char *sha256, uint64_t *offset) MUST_CHECK;
int store_evidence_piece(struct store *s, const char *case_name, const char *sha256, uint64_t size, uint64_t offset,
    const void *bytes, size_t len, bool *whole) MUST_CHECK;
/* Drops the bytes of a case's evidence that a verified receipt names, unless another case is still to deliver them.
 * Counts files and bytes freed. */
int store_free_case(struct store *s, const char *case_name, int64_t *files, uint64_t *bytes) MUST_CHECK;

/* ---- bundles ---- */

/* Enrols this kit with a hub: keeps its identity and register, sets the own register aside. Where this kit's key is the root
 * it writes the register's first entries: its person, its kit, the hub, the scheme. ERR_INPUT, and nothing has changed: the
 * kit has joined another hub or root, who signed the enrolment is neither the root nor an admin of that register, or the
 * register does not enrol this kit. Joining again judges the lines just so. */
int store_join(struct store *s, const struct enrolment *e) MUST_CHECK;
/* This kit's own entries that the register does not accept, or of a case that its person may not see: an array of
 * {"entry":"kit:seq","case","record","reason"} in the arena; reasons in English, for T. */
int store_refused(struct store *s, struct arena *a, struct jv **out) MUST_CHECK;

struct pack_request {
    const char *case_name;  /* NULL: every case with something to send; the register first, where it is due */
    const char *to;         /* NULL: the joined hub; else a kit id of the register; or this kit itself ("self") */
    uint64_t part_size;
    bool everything;        /* not only what the receiver is not known to have */
    const char *folder;     /* where to */
    struct progress *progress;
};
int store_pack(struct store *s, const struct pack_request *r, struct bundle_files *out) MUST_CHECK;

/* What came of one bundle. */
struct taken {
    char bundle[SHA256_HEX];
    const char *case_name;
    int64_t accepted, known, waiting, rejected;
    int64_t quarantined;
    int64_t blobs_held, blobs_awaited;
    const struct jv *problems; /* array of {"entry":"kit:seq","id","reason"}: quarantined or rejected */
    const struct jv *alarms;   /* array of {"where","text"}: its receipt contradicts earlier ones; never NULL */
    bool receipt;              /* it carried a verified receipt of the joined hub */
    const char *unread;        /* why one in brief could not be read; all else counts, and the next is asked for whole; or NULL */
    const char *clash;          /* the receipt refuses the case for good: the hub has this one; or NULL */
    const char *receipt_bundle; /* the bundle of ours that it answers, or NULL */
};
int store_receive(struct store *s, const char *path, struct arena *a, struct taken *out, struct progress *progress) MUST_CHECK;

/* Both directions over FOLDER: writes bundles for the hub to FOLDER/inbox/, takes in FOLDER/outbox/<kit>/, removes files of
 * its own there that a verified receipt names. Bad bundles do not stop the others: they are in `failed`. */
struct exchange {
    struct bundle_files sent;
    struct taken *taken;
    size_t taken_len;
    const struct jv *failed; /* array of {"file","error"}, "waits":true where it may go in later as it is */
    int failed_code;         /* ERR_ROAD where that is one of them, else of the first; 0: there is none */
    struct jv *refused;      /* array of {"case","clash"}: not sent, since the hub has that other case; not copied yet */
    struct arena arena;
};
int store_sync_folder(struct store *s, const char *folder, uint64_t part_size, struct exchange *out, struct progress *p)
    MUST_CHECK;
/* The same over the folder of a link, where what is small is to go first: parts of 1 MiB, and entries in bundles of their
 * own where there is evidence of some size. */
int store_sync_link(struct store *s, const char *folder, struct exchange *out, struct progress *p) MUST_CHECK;
void exchange_release(struct exchange *e);

/* Two kits of one audit, without a hub: what lies in one folder is taken in, and what the colleague lacks of the cases that
 * both persons may see is written to another, sealed to the colleague's kit. Each tells the other what it holds, and which
 * evidence of these cases it lacks; so a file of ours goes once the colleague's shows that its contents are held. */
struct peer_exchange {
    const char *kit;        /* the colleague's */
    const char *take, *put; /* folders; NULL: not this half */
    uint64_t part_size;     /* 0: cut as for a link */
    bool no_evidence;       /* none is sent or asked for */
    const char *apart;      /* NULL: what lies in `take` stays there. Else `take` is this kit's alone: what has been taken in is
                               removed, and what never can be goes to this folder, with FILE.why beside it */
};
/* ERR_INPUT: as store_find_peer. */
int store_sync_peer(struct store *s, const struct peer_exchange *x, struct exchange *out, struct progress *p) MUST_CHECK;
/* Both sides have taken in all that there was: our files are removed from `put`. */
int store_peer_settled(struct store *s, const struct peer_exchange *x) MUST_CHECK;
/* who: a kit id, or the name or e-mail of a person of the register that has one kit. Borrowed until the arena goes. ERR_INPUT:
 * there is none, it is revoked, its person's time is over, it is this kit, or this kit itself may not exchange anything. */
int store_find_peer(struct store *s, const char *who, struct arena *a, const char **kit) MUST_CHECK;

/* What the joined hub holds of what this kit is to deliver, by verified receipts: its own entries, and what it attached. */
struct holding {
    const char *case_name;
    int64_t entries, entries_held, evidence, evidence_held;
    uint64_t evidence_bytes, evidence_held_bytes;
};
int store_holdings(struct store *s, struct arena *a, struct holding **out, size_t *len) MUST_CHECK;
/* Of one record: everybody's entries, and the bytes of evidence. */
struct record_holding {
    size_t entries, entries_held;
    bool has_bytes, bytes_held;
    bool all;
    char since[40]; /* the hub's time of the first receipt that named all of it; "" where none does */
};
int store_record_holding(struct store *s, const struct fold_record *r, struct record_holding *out) MUST_CHECK;
/* Of each of its entries, in their order: the first receipt that named it. In the arena. */
struct entry_holding {
    const char *receipt; /* id: the SHA-256 of its bytes; NULL: none names the entry */
    const char *since;   /* the hub's time of it */
};
int store_entry_holdings(struct store *s, const struct fold_record *r, struct arena *a, struct entry_holding **out) MUST_CHECK;

/* The same of many records, by the newest receipt alone; and what is on its way: in bundles for the hub that no receipt has
 * named yet. Good until the store changes. */
struct custody;
int custody_new(struct custody **out, struct store *s) MUST_CHECK;
void custody_free(struct custody *c); /* NULL is fine */
struct custody_state {
    bool has_bytes; /* it is evidence; `here`: its bytes are in this store, whole */
    bool here, held, way;
};
int custody_of(struct custody *c, const struct fold_record *r, struct custody_state *out) MUST_CHECK;
/* Of one entry: does the newest receipt of its case name it? */
int custody_entry(struct custody *c, const struct entry *e, bool *held) MUST_CHECK;

/* ---- proof ---- */

/* Recomputes everything: every row opens, every id and signature is right, chains have no gap, break or fork, evidence that
 * is here hashes to its name, the kit's own entries are a continuation of what receipts name, no receipt takes
 * back what an earlier one has named. Each finding is one line of `problems` (array of {"where","text"}); ERR_NO when
 * there is any. */
int store_verify(struct store *s, struct arena *a, struct jv **problems, struct progress *progress) MUST_CHECK;

/* A receipt of the case that is kept, by its id. ERR_MISSING: it is not. */
int store_receipt_by_id(struct store *s, const char *case_name, const char *id, struct arena *a, struct receipt **out) MUST_CHECK;

/* Removes files of blobs/ and inbox/ that no row names, under an exclusive lock. */
int store_clean(struct store *s) MUST_CHECK;

#endif
