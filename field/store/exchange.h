/* What the exchange of bundles shares: verdicts, and what is kept about receivers. For field/store only.
 *
 * Settings that the exchange keeps:
 *
 *   peer.<kit>.<case>     {kit:seq,…}: what that kit, or the hub, said last that it holds of the case
 *   wanted.<kit>.<case>   [sha256,…]: evidence that it asked for
 *   told.<kit>.<case>     {"have":{kit:seq,…},"want":[sha256,…]}: what we last told it that we hold and ask for
 *   want.<sha256>         evidence that a person asked for
 *   brought.<case>.<sha256>  evidence that bundles of this case have brought whole, so that we may hand it on there
 *   sent.<id>             a bundle for the hub in a folder (<id>: the first 32 digits of the bundle's); null
 *                         once a receipt has named it, else {"case":…,"due":what was due, hashed,
 *                         "evidence":{sha256:in how many parts,…},"parts":how many were written together}
 *   done.<kit>.<case>     what was due, hashed, when the hub named the one bundle that said all of it
 *   refused.<case>        the case that keeps this one out of the hub: names differ in the case of letters only
 *   copied.<case>         the case that its records were copied to
 *   marks.<case>          the highest entry of each kit that a receipt has named: see marks.c
 *   got.<id>              a bundle that was taken in from a folder
 *   whole.<case>          a receipt in brief could not be read: until one is taken the hub is told what is held here, and
 *                         named none to build on
 *   freed.<case>          {sha256:true,…}: evidence that was freed here, and is not asked of a colleague
 *
 * Between two kits, sent.<id> has "to" as well, and is null once the file has served. What a kit says of itself to a
 * colleague is exact: "have" of entries, and in "want" all evidence of the case that is not here. So what a file holds has
 * arrived when the other neither lacks its entries nor wants its evidence. */
#ifndef SATCHEL_FIELD_STORE_EXCHANGE_H
#define SATCHEL_FIELD_STORE_EXCHANGE_H

#include "internal.h"

#define BUNDLE_NAME_DIGITS 32

/* ---- judge.c ---- */

/* Who vouches for entries besides the register. */
struct ruling {
    const struct registry *registry; /* for rule; the others take the one of the moment */
    const struct receipt *receipt;   /* the newest of the case, or NULL */
    bool vouched;                    /* the hub itself hands the entries over */
};
/* With the newest receipt of the case, if there is any; in the arena. */
int ruling_of_case(struct store *s, const char *case_name, struct arena *a, struct ruling *out) MUST_CHECK;
/* The verdict: what the receipt quarantines is quarantined; what the hub has accepted is good where the
 * register refuses it today but its kit could write it once; else what the register says. Accepted is what lies on
 * the one chain that ends in the receipt's head, by the ids, and does not wait there. *reason in the arena. */
int rule(struct store *s, const struct ruling *by, const struct entry *e,
    const unsigned char public_key[KEY_SIZE], struct arena *a, enum verdict *verdict,
    const char **reason) MUST_CHECK;
/* Judges entries of a case anew that are held: all of them, or only those that do not apply. */
enum rejudge { REJUDGE_ALL, REJUDGE_WAITING, REJUDGE_NOT_GOOD };
int rejudge_case(struct store_tx *tx, struct store *s, const char *case_name, const struct ruling *by,
    enum rejudge which) MUST_CHECK;
/* The register's waiting entries, until nothing moves: one may enrol the author of the next. Admitting refuses none,
 * they wait on. */
int admit_register(struct store_tx *tx, struct store *s, const struct ruling *by) MUST_CHECK;
int settle_register(struct store_tx *tx, struct store *s, const struct ruling *by) MUST_CHECK;
/* All cases but the register, each with its newest receipt. */
int rejudge_cases(struct store_tx *tx, struct store *s, enum rejudge which) MUST_CHECK;
/* What a receipt changes about entries that are held. */
int apply_receipt(struct store_tx *tx, struct store *s, const struct receipt *r) MUST_CHECK;
/* Takes an entry that lives elsewhere: a copy goes into the fold's arena. */
int take_copy(struct store_tx *tx, struct store *s, const struct entry *e,
    const unsigned char public_key[KEY_SIZE], enum verdict verdict, const char *reason,
    bool *known) MUST_CHECK;

/* ---- marks.c: what a hub has named once, it holds for good ---- */

/* {kit:mark} in the arena; empty where there are none yet. */
int marks_read(struct store *s, const char *case_name, struct arena *a, struct jv **out) MUST_CHECK;
/* Adds an alarm {"where","text"} for each mark that the receipt, of the hub's time `at`, contradicts; text for people.
 * Once the entries that came with it are taken in. A checkpoint is not looked at. */
int marks_check(struct store *s, const struct jv *marks, const struct receipt *r, int64_t at, struct arena *a,
    struct jv *alarms) MUST_CHECK;
int marks_raise(struct jv *marks, const struct receipt *r, int64_t at, struct arena *a) MUST_CHECK;
/* All three for a receipt that is taken in. */
int marks_take(struct store_tx *tx, struct store *s, const struct receipt *r, int64_t at, struct arena *a,
    struct jv *alarms) MUST_CHECK;

/* ---- holding.c ---- */

/* How far a receipt names a kit's chain in a case; 0: not at all. */
int64_t receipt_reach(const struct receipt *r, const char *case_name, const char *kit);

/* ---- pack.c ---- */

char *setting_name(
    struct arena *a, const char *head, const char *kit, const char *case_name); /* NULL: err set */
/* A setting's JSON in the arena; *out NULL where it is not set. */
int setting_json(struct store *s, const char *name, struct arena *a, const struct jv **out) MUST_CHECK;
int tx_set_json(struct store_tx *tx, const char *name, const struct jv *v) MUST_CHECK;
const struct jv *have_json(struct arena *a, const struct have *have, size_t len); /* NULL: err set */

/* One receiver, and one case of what it is to get. */
struct packing {
    struct store *s;
    struct arena arena;
    const char *to; /* kit id */
    unsigned char recipient[KEY_SIZE];
    bool to_hub, everything;
    bool to_peer;     /* of the same audit: both must see the case, and evidence goes by what it says that it lacks */
    bool no_evidence; /* none is sent or asked for */
    bool tell; /* also where there is nothing to say but what is held */
    bool entries_apart;
    uint64_t part_size;
    const char *folder;
    struct progress *progress;
    struct bundle_files *out;
};
int packing_init(struct packing *p, struct store *s, const char *to) MUST_CHECK; /* to NULL: the joined hub */
void packing_release(struct packing *p);
/* Cases that there may be something to send of, the register first; in the arena. */
int packing_cases(struct packing *p, const char *const **out, size_t *len) MUST_CHECK;
/* What is due of a case. */
int packing_order(struct packing *p, const char *case_name, struct bundle_order *out) MUST_CHECK;
/* The case of the hub that keeps this one out, in p's arena; NULL: none is known to. */
int packing_refused(struct packing *p, const char *case_name, const char **clash) MUST_CHECK;
/* Cuts it into p->folder, adds the files to p->out and remembers what the receiver is told. *made (may be
 * NULL): of them, from which on this call added. */
int packing_cut(struct packing *p, const struct bundle_order *o, size_t *made) MUST_CHECK;

/* ---- follow.c: the hub's key is another now ---- */

/* Before a commit: where the register, by an admin's entry, gives the joined hub another key, that is the joined hub's from
 * now on. Then the fold is made anew. */
int follow_hub(struct store_tx *tx) MUST_CHECK;
/* Does the register as it stands give the joined hub this key in place of the one that the kit knows it by? */
int follows(struct store *s, const unsigned char public_key[KEY_SIZE], bool *yes) MUST_CHECK;
/* Is this the joined hub's key, or one that it had before? */
int hub_signed(struct store *s, const unsigned char public_key[KEY_SIZE], bool *yes) MUST_CHECK;

/* ---- peer.c ---- */

/* ERR_INPUT: the bundle is of a case that its sender, by what is held here of it, may not see. */
int peer_admits(struct store *s, const struct manifest *m) MUST_CHECK;
/* Adds to what was freed of the case. */
int peer_note_freed(struct store_tx *tx, const char *case_name, const struct jv *hashes, struct arena *a) MUST_CHECK;

#endif
