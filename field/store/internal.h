/* What the files of field/store share: the store as it lies in memory, the seams between its parts, and the
 * writing half of a transaction that the exchange of bundles needs beyond store.h. */
#ifndef SATCHEL_FIELD_STORE_INTERNAL_H
#define SATCHEL_FIELD_STORE_INTERNAL_H

#include "satchel/base/map.h"
#include "satchel/base/os.h"
#include "satchel/store/store.h"

/* ---- db.c ---- */

struct sqlite3;
struct sqlite3 *db_handle(struct db *d);
void db_rollback(struct db *d); /* ends the open transaction, if any, and forgets errors; no message is set */

/* ---- seal.c: how rows are sealed ---- */

#define SEAL_OVERHEAD (NONCE_SIZE + TAG_SIZE)

struct seal {
    unsigned char key[KEY_SIZE]; /* the store key */
    struct aead *rows;           /* under a key derived from it */
};

int seal_init(struct seal *s, const unsigned char store_key[KEY_SIZE]) MUST_CHECK;
void seal_release(struct seal *s); /* wipes */
/* Appends the sealed row to `out`; `table` and `number` are its associated data. */
int seal_row(struct seal *s, const char *table, int64_t number, const void *plain, size_t len,
    struct buf *out) MUST_CHECK;
/* ERR_DAMAGED when the bytes are not those sealed for this place. `out` is cleared first. */
int unseal_row(struct seal *s, const char *table, int64_t number, const void *sealed, size_t len,
    struct buf *out) MUST_CHECK;

/* ---- unlock.c: how the store key is held ---- */

int unlock_create(struct db *d, const unsigned char store_key[KEY_SIZE], const char *passphrase,
    int work_factor, char recovery[RECOVERY_KEY_SIZE]) MUST_CHECK;
int unlock_open(struct db *d, const char *secret, unsigned char store_key[KEY_SIZE]) MUST_CHECK;
int unlock_set_passphrase(struct db *d, const unsigned char store_key[KEY_SIZE], const char *passphrase,
    int work_factor) MUST_CHECK;

/* ---- the store ---- */

/* The newest receipt of the joined hub for a case; case "" for checkpoints. */
struct newest_receipt {
    const char *case_name;
    int64_t at; /* the hub's time, seconds since 1970 */
    int64_t row;
    int64_t last; /* row of the one that was taken in last: another where the hub's clock was set back */
    int64_t whole; /* the last row that is whole, which the next may build on */
    bool withholds, told; /* entries; and the fold has been told which */
    char id[SHA256_HEX];
};

struct store {
    char *folder;
    struct arena arena;   /* what lives as long as the store */
    struct os_lock *lock; /* shared, so that nobody cleans under us */
    struct db *db;
    struct seal seal;

    struct signer signer;
    char kit[KIT_ID_SIZE];
    unsigned char identity[KEY_SIZE], recipient[KEY_SIZE];
    const char *name, *email;

    struct forms *forms; /* borrowed */
    struct fold *fold;
    uint64_t generation; /* counts the folds made anew; see store_generation */
    struct registry *registry;
    uint64_t registry_version; /* of the register that it was built from */

    struct hub_identity hub; /* hub.kit NULL: none joined */
    const char *hub_text;    /* the setting it was read from, or NULL */
    int64_t register_since;  /* rows of the register before this one are set aside; 0: none are */
    int32_t numbers_aside;   /* highest record number that a row set aside has used */
    struct map receipts;     /* case name -> struct newest_receipt */
    struct map held;         /* evidence that those receipts name: "<case> <sha256>" */
    bool held_known;

    int64_t data_version, last_row, last_receipt; /* what has been read so far */
    bool stale;                                   /* memory is not what the journal holds: fold anew */
    struct store_tx *tx;                          /* the open one, or NULL */
};

/* As store_registry, with the reason why there is none. */
int store_registry_get(struct store *s, const struct registry **out) MUST_CHECK;
const char *store_path(
    struct store *s, struct arena *a, const char *folder, const char *name); /* NULL: err set */
int32_t store_next_number(const struct store *s);                            /* for a record of this kit */
/* Brings memory up to the journal, within the caller's database transaction. */
int store_load(struct store *s) MUST_CHECK;
int store_reload(struct store *s) MUST_CHECK; /* the same, folded anew */
int store_reopen(struct store *s) MUST_CHECK; /* after a failed write: never again on the same descriptor */

/* ---- setting.c ---- */

#define SETTING_SEED "kit.seed"
#define SETTING_IDENTITY "kit.identity"
#define SETTING_NAME "kit.name"
#define SETTING_EMAIL "kit.email"
#define SETTING_HUB "hub"
#define SETTING_REGISTER_SINCE "register.since"

/* *there false: not set, and no message stands. */
int setting_get(struct store *s, const char *name, struct buf *out, bool *there) MUST_CHECK;
/* Within the caller's database transaction; NULL removes. */
int setting_put(struct store *s, const char *name, const char *value) MUST_CHECK;

/* ---- journal.c: rows of `journal` and `receipt` ---- */

enum row_kind { ROW_ENTRY = 'E', ROW_VERDICT = 'V', ROW_REJECTED = 'X' };

struct row {
    enum row_kind kind;
    int64_t number;
    enum verdict verdict;                                          /* E, V */
    const char *reason;                                            /* NULL where there is none */
    unsigned char public_key[KEY_SIZE], signature[SIGNATURE_SIZE]; /* E */
    char entry[SHA256_HEX];                                        /* V: the entry that is judged */
    const void *bytes;                                             /* E: the entry's; X: the line's */
    size_t bytes_len;
};

struct receipt_row {
    int64_t number, at;
    const char *case_name; /* "" for a checkpoint */
    unsigned char public_key[KEY_SIZE], signature[SIGNATURE_SIZE];
    int64_t upon;       /* the row that the bytes build on (receipt.h, in brief), which is whole; 0: they are whole themselves */
    char id[SHA256_HEX]; /* of the whole; set where `upon` is */
    const void *bytes;
    size_t bytes_len;
};

int journal_create(struct db *d) MUST_CHECK;
int journal_settings(struct db *d) MUST_CHECK; /* the pragmas of every connection */
int journal_append(struct store *s, const struct row *row, int64_t *number) MUST_CHECK;
int receipt_append(struct store *s, const struct receipt_row *row, int64_t *number) MUST_CHECK;
/* Calls each row above `after`, in order; what a row points to is borrowed during the call. */
int journal_walk(
    struct store *s, int64_t after, int (*each)(void *ctx, const struct row *row), void *ctx) MUST_CHECK;
int receipt_walk(struct store *s, int64_t after, int (*each)(void *ctx, const struct receipt_row *row),
    void *ctx) MUST_CHECK;

/* ---- tx.c: what a transaction can do beyond store.h ---- */

/* A transaction over the database transaction that the caller has begun. */
int tx_new(struct store_tx **out, struct store *s) MUST_CHECK;
struct store *tx_store(struct store_tx *tx);
int tx_write(
    struct store_tx *tx) MUST_CHECK; /* before each write: may it, and from here on a rollback folds anew */
/* While nothing was written, others may write: for long work before the first change. */
void tx_pause(struct store_tx *tx);
int tx_resume(struct store_tx *tx) MUST_CHECK;

/* Takes an entry of somebody's (or the kit's own, come back) with a verdict that registry_judge or a receipt
 * gave. The entry lives in fold_arena(store_fold(s)), or as long as the store. *known (may be NULL): it was
 * held, nothing changed. */
int store_tx_take(struct store_tx *tx, const struct entry *e, const unsigned char public_key[KEY_SIZE],
    enum verdict verdict, const char *reason, bool *known) MUST_CHECK;
/* Keeps a line that is no entry, or that a bad signature is under, with the reason. It is never folded. */
int store_tx_reject(struct store_tx *tx, const char *line, size_t len, const char *reason) MUST_CHECK;
/* Another verdict on an entry that is held; nothing is written where it has that verdict and reason already.
 */
int store_tx_judge(
    struct store_tx *tx, const char *entry_id, enum verdict verdict, const char *reason) MUST_CHECK;
/* Keeps a receipt whose signature by public_key is known to be good. The same bytes twice are kept once. */
int store_tx_receipt(struct store_tx *tx, const struct receipt *r, const struct buf *bytes,
    const unsigned char signature[SIGNATURE_SIZE], const unsigned char public_key[KEY_SIZE]) MUST_CHECK;
/* Makes `hub` the joined hub and sets every register entry held so far aside. Folds anew: all that was
 * borrowed from the fold is gone. Not for the hub that is joined already (its register would be lost). */
int store_tx_join(struct store_tx *tx, const struct hub_identity *hub) MUST_CHECK;
/* The joined hub is known by this key, name and recipient from now on; its register stays. Folds anew, too. */
int store_tx_hub(struct store_tx *tx, const struct hub_identity *hub) MUST_CHECK;
/* Creates the person of this kit in the register, with every role. *record: id. */
int store_tx_person(struct store_tx *tx, struct arena *a, const char **record) MUST_CHECK;
int store_tx_set(
    struct store_tx *tx, const char *name, const char *value) MUST_CHECK; /* a setting; NULL removes */

/* ---- receipts.c ---- */

/* The newest receipt of the joined hub that covers this case (NULL: the newest checkpoint); in the arena.
 * ERR_MISSING: none. `bytes`, `signature` may be NULL. */
int store_receipt(struct store *s, const char *case_name, struct arena *a, const struct receipt **out,
    struct buf *bytes, unsigned char signature[SIGNATURE_SIZE]) MUST_CHECK;
/* Its bytes, whole. */
int receipt_row_whole(struct store *s, const struct receipt_row *row, struct buf *out) MUST_CHECK;
void receipt_row_id(const struct receipt_row *row, char id[SHA256_HEX]);
int receipt_of_row(struct store *s, int64_t row, struct arena *a, struct receipt **out) MUST_CHECK;
/* Id of the last receipt that covers the case, a checkpoint counted; NULL: none. */
const char *store_after(struct store *s, const char *case_name);
/* Is the newest by the hub's time the one that was taken in last, too? If not, its clock was set back, it was put back
 * from a copy, or an old receipt came late. */
bool receipts_in_step(struct store *s, const char *case_name);
int receipts_load(struct store *s) MUST_CHECK;
void receipts_forget(struct store *s);
/* Does the hub hold this evidence of the case, by its newest receipt? */
int receipts_hold(struct store *s, const char *case_name, const char *sha256, bool *held) MUST_CHECK;

/* ---- clean.c ---- */

/* Removes what processes that have ended in the middle left in inbox/; nothing while others have the store open. */
int clean_leftovers(struct store *s) MUST_CHECK;

/* ---- evidence.c, quarantine.c ---- */

#define BLOB_NAME_SIZE SHA256_HEX
void blob_name(const struct store *s, const char *sha256, char out[BLOB_NAME_SIZE]);
const char *blob_path(struct store *s, struct arena *a, const char *sha256);  /* NULL: err set */
const char *inbox_path(struct store *s, struct arena *a, const char *prefix); /* a new name; NULL: err set */
bool blob_whole(const char *path, uint64_t size); /* a sealed file of that many plain bytes is there */
/* A sink that seals what it is given to this kit, in a file that is durable once finished. */
int blob_sink(struct store *s, const char *path, struct sink **out) MUST_CHECK;
/* Copies (to NULL: reads) to the end; ERR_DAMAGED when the hash of all is another. */
int evidence_copy(struct source *from, struct sink *to, const char *sha256, struct progress *progress,
    uint64_t size) MUST_CHECK;
/* Calls each evidence hash that an entry of the case (NULL: of any) names, whatever the entry's verdict. */
int evidence_each(
    struct store *s, const char *case_name, int (*each)(void *ctx, const char *sha256), void *ctx) MUST_CHECK;

/* All cases share blobs/, and a record is no proof that its author has ever seen the bytes that it names. So a kit
 * hands on, in a case, only what it has attached there itself or has received, whole, in bundles of that case; the
 * latter it remembers in settings. *yes: may this be handed on there? */
int evidence_of_case(struct store *s, const char *case_name, const char *sha256, bool *yes) MUST_CHECK;
char *brought_name(struct arena *a, const char *case_name, const char *sha256); /* of the setting; NULL: err set */

/* The evidence of one bundle in quarantine: a folder below inbox/, nothing in it is visible. Several may be
 * open. */
struct quarantine;
int quarantine_new(struct quarantine **out, struct store *s) MUST_CHECK;
/* Where the bytes of a blob or part go (fits bundle_receiver.stage, ctx being the quarantine). */
int quarantine_sink(void *quarantine, const struct member *m, struct sink **out) MUST_CHECK;
/* Once every byte has been checked: whole evidence is renamed into blobs/, parts to inbox/; evidence that has all
 * its parts of this case is put together, its hash checked, and published. What is whole now is noted as brought by
 * the case. Call it before the transaction that takes the entries. *held counts evidence now whole, *awaited that of the bundle which
 * still lacks parts (both may be NULL). ERR_INPUT: the parts of some evidence do not make its hash; they were
 * removed, everything else is published. */
int quarantine_publish(struct quarantine *st, const char *case_name, int64_t *held, int64_t *awaited,
    struct progress *progress) MUST_CHECK;
void quarantine_free(struct quarantine *st); /* and removes what was not published; NULL is fine */

/* ---- media.c ---- */

#define MEDIA_PROBE 512 /* bytes of the head that are looked at */
const char *media_type(const char *name, const void *head, size_t len);

#endif
