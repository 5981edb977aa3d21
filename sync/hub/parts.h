/* What the files of the hub share. For the files of this folder only. */
#ifndef SYNC_HUB_PARTS_H
#define SYNC_HUB_PARTS_H

#include "layout.h"
#include "repo.h"
#include "satchel/base/os.h"
#include "satchel/format/enrolment.h"
#include "satchel/format/receipt.h"
#include "satchel/hub/hub.h"
#include "tree.h"

#define RECEIPT_SIG_MAX ((size_t)4096)

/* Memory of a bundle whose entries a case has taken in. */
struct adopted {
    struct adopted *next;
    struct arena arena;
};

/* A branch in memory, as it was at `tip`. */
struct hub_case {
    struct hub_case *next; /* the one used before */
    char name[CASE_NAME_MAX + 1];
    struct fold *fold; /* the register's entries, and its own */
    struct tree *tree;
    struct oid tip;
    bool born;                /* there is a branch */
    uint64_t number;          /* of this reading: no other has it */
    char opener[KIT_ID_SIZE]; /* "" until somebody asks */
    struct map brought;       /* evidence that came in its own bundles, by sha256; see evidence.c */
    struct adopted *adopted;
    size_t memory; /* bytes, when it was used last */
    struct round_case *ahead; /* of its branch, in the round; NULL: it is as the branch */
    bool spoiled;             /* what is in memory is not what was taken in */
};

/* See round.c. Bounds of one are checked between bundles. */
#define ROUND_BUNDLES 64
#define ROUND_BYTES (UINT64_C(64) << 20) /* of evidence */
#define ROUND_PACK_BYTES ((size_t)8 << 20)

struct round {
    struct arena arena; /* until it is stored */
    struct pack *pack;
    struct map files, folders; /* evidence that came, by sha256; folders to sync */
    struct round_file *first_file;
    struct round_case *cases;
    struct round_mark *marks;
    struct round_note *notes, *last_note;
    size_t bundles;
    uint64_t bytes;
    bool spoiled; /* a case in it has gone wrong since: it must be stored before that is read again */
};

struct hub {
    struct arena arena;  /* what lives as long as the hub is open */
    struct arena answer; /* what the last hub_cases has listed */
    const char *folder, *name;
    char kit[KIT_ID_SIZE], tip[OID_HEX];
    struct signer signer;
    unsigned char identity[KEY_SIZE], recipient[KEY_SIZE], root[KEY_SIZE];
    struct request admin; /* whose key is the root */
    struct repo *repo;
    struct forms *forms;
    struct hub_hooks hooks;
    uint64_t readings;        /* of cases, so far */
    struct hub_case *the_register, *cases; /* cases: the last used first */
    struct tree *glance; /* the branch that hub_entry has looked into last, as it was at glance_tip; or NULL */
    struct oid glance_tip;
    struct registry *registry;
    uint64_t registry_version; /* of the register's fold that the registry was made of */
    struct os_lock *lock;
    struct round round;
    size_t stagings; /* so far */
    struct arena names_arena;
    const char *const *names; /* of the branches; NULL: to be listed anew */
    size_t names_len;
    struct served_memory *served; /* see served.c */
    int64_t told_at, told_when; /* the time of the last receipt of this process, and what the machine's clock said then */
};

#define HUB_FORMAT "satchel hub 1"
#define HUB_CONFIG_MAX ((size_t)64 << 10)
#define KEY_FILE_MAX ((size_t)4096)
#define STAMP_SETTLED INT64_C(50000000) /* nanoseconds; no file system in use tells times less finely by then */

static inline char *hub_file(struct arena *a, const struct hub *h, const char *name) /* path of DIR/name */
{
    return path_join(a, h->folder, name);
}

/* ---- keys.c ---- */

int keys_make(struct arena *a, const char *keys) MUST_CHECK; /* into an empty folder */
int keys_public(struct arena *a, const char *folder, unsigned char key[KEY_SIZE]) MUST_CHECK; /* of DIR/keys/hub.pub */
int keys_settle(struct arena *a, const char *folder) MUST_CHECK; /* ends a change of keys that was stopped between two renames */

/* ---- case.c: branches in memory ---- */

/* The case as its branch stands now, read or from memory; a branch that is not there gives an empty one that
 * is not born. Borrowed until the case is forgotten. */
int case_open(struct hub *h, const char *name, struct hub_case **out) MUST_CHECK;
void case_forget(struct hub *h, const char *name); /* NULL: all, the register too */
/* Must the round end, because cases that it holds take up the memory of all? */
bool case_memory_held(struct hub *h);
/* Reads a branch's tip into an empty fold and tree: the entries with the verdicts that their folders tell. */
int case_read_tree(struct repo *repo, const struct oid *commit, struct tree **out) MUST_CHECK;
int case_read_entries(struct repo *repo, struct tree *tree, struct fold *f) MUST_CHECK;
/* The registry of the register as it is in memory: after case_open that is the branch, within a merge what is
 * new too. */
int case_registry(struct hub *h, const struct registry **out) MUST_CHECK;
/* The kit that opened a case: of several organisations the one whose entry the branch took in first decides,
 * so that nobody can take a case's sight from its opener with another. NULL: it has none. Borrowed like the
 * case. */
int case_opener(struct hub *h, struct hub_case *c, const char **kit) MUST_CHECK;
/* The entry that created the organisation which the branch took in first; NULL: there is none. */
int case_find_opening(struct repo *repo, struct fold *f, const char *name, const struct oid *tip,
    const struct held **first) MUST_CHECK;
/* The register has moved: what other cases have of it is old. */
void case_forget_others(struct hub *h);

/* Forked and broken chains, in words; NULL when memory is out. */
struct jv *case_alarms(struct arena *a, struct fold *f, const char *case_name);

/* ---- evidence.c: bytes below lfs/objects, and those on their way there ---- */

char *evidence_path(struct arena *a, const char *git_folder, const char *sha256);
/* Are all its bytes here, durable, and has a bundle of this case brought them? To have them by another case
 * is not enough: whoever knows a hash could name it in his own. *size (may be NULL): their number. */
bool evidence_held(struct hub *h, const struct hub_case *c, const char *sha256, uint64_t *size);
/* Fills c->brought from the branch and from marks, when the case is read. */
int evidence_load(struct hub *h, struct hub_case *c) MUST_CHECK;
/* Bytes that are here have come in a bundle of the case; lasting: its branch says so. */
int evidence_bring(struct hub_case *c, const char *sha256, bool lasting) MUST_CHECK;
/* Evidence of which bundles of the case have brought parts that do not make it up yet. */
int evidence_begun(struct hub *h, const struct hub_case *c, struct arena *a, const char *const **out,
    size_t *len) MUST_CHECK;
/* Lets the round mark what the branch does not say, because no record has named it yet. */
int evidence_mark_rest(struct hub *h, struct hub_case *c) MUST_CHECK;
int evidence_mark(struct hub *h, const char *case_name, const char *sha256) MUST_CHECK; /* durable */
int evidence_open(void *hub, const char *sha256, uint64_t offset, struct source **out) MUST_CHECK;
/* The hashes of its 16 MiB runs, in the arena; none (NULL) where it is not larger than one. */
int evidence_pieces(struct hub *h, struct arena *a, const char *sha256, uint64_t size,
    const char *const **out, size_t *len) MUST_CHECK;
int evidence_hash_file(char sha256[SHA256_HEX], const char *path, struct progress *p) MUST_CHECK;

/* What a bundle brings, until all of it is checked. Without a case (NULL) it touches nothing that the hub's thread
 * changes, so that another thread may fill it. */
struct staging {
    struct hub *hub;
    struct hub_case *c; /* of the bundle; at the latest when it is published */
    struct arena *arena;
    size_t number; /* no other staging's */
    struct staged *first, **last;
    struct staged_file *files;
};
void staging_init(struct staging *s, struct hub *h, struct hub_case *c, struct arena *a);
void staging_release(struct staging *s); /* removes what it has written and not published */
int staging_sink(
    void *staging, const struct member *m, struct sink **out) MUST_CHECK; /* stage of a bundle_receiver */
/* A place for one that comes otherwise than in a bundle, which belongs to the staging once it is added. */
int staging_open(struct staging *s, const struct member *m, struct sink **out) MUST_CHECK;
int staging_add(struct staging *s, const struct member *m) MUST_CHECK;
/* Makes it evidence that the case holds once the round is stored, or pieces of it at once. What turns out to be wrong is told in `alarms` and
 * asked for again. */
int staging_publish(struct staging *s, struct jv *alarms) MUST_CHECK;
/* Is all of this member here already, from a bundle of the case before? */
bool evidence_brought(struct hub *h, const struct hub_case *c, struct arena *a, const struct member *m);
/* The name of a file in DIR/partial: is it a part of evidence that is here whole by now, for some case? Which, and of what
 * case the part is. */
bool evidence_part_whole(
    struct hub *h, const char *name, char sha256[SHA256_HEX], char case_name[CASE_NAME_MAX + 1]);

/* ---- round.c ---- */

struct fresh {
    const struct held *held;
    enum verdict before; /* what it was held with; GOOD where it is new */
};

void round_init(struct hub *h);
/* The pack of the round, set to the versions of a case. Borrowed until it is stored. */
int round_pack(struct hub *h, const char *case_name, struct pack **out) MUST_CHECK;
/* Bytes that lie in staging, whole, hashed and written, but not synced. */
int round_staged(struct hub *h, const char *sha256, const char *path, uint64_t size) MUST_CHECK;
bool round_has(const struct hub *h, const char *sha256, uint64_t *size); /* is it among them? */
void round_bring(struct hub *h, const char *sha256); /* a bundle brings it that is taken in */
/* A pointer to evidence: its folders are synced once more; who put it there may have been killed before he did. */
int round_point(struct hub *h, const char *sha256) MUST_CHECK;
int round_mark(struct hub *h, const char *case_name, const char *sha256) MUST_CHECK;
/* The case has come to a commit in memory, by these entries. It stays open until the round is stored. */
int round_move(struct hub *h, struct hub_case *c, const struct oid *to, const struct fresh *fresh, size_t len) MUST_CHECK;
/* A bundle for kits.json; m is borrowed until the round is stored. fresh: it came for the first time. */
int round_note(struct hub *h, const struct manifest *m, bool fresh) MUST_CHECK;
bool round_knows(const struct hub *h, const char *bundle); /* noted in this round */
bool round_must_end(struct hub *h);
/* Makes all of it durable and begins a new one. On failure nothing of it counts. */
int round_store(struct hub *h) MUST_CHECK;
void round_drop(struct hub *h);

/* ---- receipt.c ---- */

struct receipt_draft {
    struct hub_case *c;
    const char *bundle;
    int64_t accepted, known;
    const struct receipt_apart *rejected; /* entries of the bundle that are not held: a bad signature */
    size_t rejected_len;
};
/* The receipt's bytes, armored signature and parsed form (in the arena) for a case as it stands. */
int receipt_make(struct hub *h, const struct receipt_draft *d, struct arena *a, struct buf *bytes,
    struct buf *sig, struct receipt **out) MUST_CHECK;
/* The one that the branch holds for a bundle. ERR_MISSING without a message. */
int receipt_find(struct hub *h, struct hub_case *c, const char *bundle, struct arena *a, struct buf *bytes,
    struct receipt **out) MUST_CHECK;
/* The one that refuses a bundle of a case that can't be here. */
int receipt_refuse(struct hub *h, const char *case_name, const char *bundle, const char *clash, struct arena *a,
    struct buf *bytes) MUST_CHECK;
/* The bundle that the tip of the branch is about; NULL: none. */
int receipt_last_bundle(struct hub *h, struct hub_case *c, struct arena *a, const char **out) MUST_CHECK;
/* What the hub says of a case as it stands, for a bundle that is held; NULL: the one that came last. */
int receipt_now(struct hub *h, struct hub_case *c, const char *bundle, struct arena *a, struct buf *bytes,
    struct receipt **out) MUST_CHECK;
/* Changes a receipt of the case into what this kit may learn (receipt.h), and writes it anew. sees: its
 * person may see the case. Not for headquarters and admins, who get it whole. */
int receipt_limit(struct hub_case *c, const char *kit, bool sees, struct receipt *r, struct arena *a,
    struct buf *bytes) MUST_CHECK;

/* The same receipt in brief, for a kit that keeps an earlier one; nothing is written where it can't be, or is not worth it. */
int receipt_abridge(struct hub *h, struct hub_case *c, const struct have_receipt *kept, const struct receipt *r,
    struct arena *a, struct buf *brief) MUST_CHECK;

/* ---- merge.c: entries into a branch ---- */

/* One bundle on its way into one branch, which moves when the round is stored. Until merge_finish has returned
 * 0 nothing counts; on failure the case is forgotten by merge_release, or when the round has been stored. */
struct merge {
    struct hub *hub;
    struct hub_case *c;
    const char *bundle, *from; /* from NULL: no bundle, entries of this case are judged anew */
    struct arena *arena;
    struct pack *pack;
    struct oid tip;
    bool born, changed, done;
    bool new_key; /* the commit is to be there for its signature's sake */
    int64_t time;
    int offset_minutes;
    struct fresh *fresh;
    size_t fresh_len, fresh_cap;
    struct buf subject, bytes;
    struct receipt_draft receipt;
    struct arena *answer;          /* where the receipt is to live */
    const struct receipt *receipt_made; /* NULL: the one that the branch has stands */
};
int merge_begin(struct merge *m, struct hub *h, struct hub_case *c, const char *bundle, const char *from,
    struct arena *a) MUST_CHECK;
void merge_release(struct merge *m);
/* Judges an entry that is not held yet and takes it in. */
int merge_add(struct merge *m, const struct entry *e, const unsigned char public_key[KEY_SIZE],
    enum verdict *verdict) MUST_CHECK;
/* Judges those again that wait, and lets those apply that an admin has released. */
int merge_judge_waiting(struct merge *m) MUST_CHECK;
/* The hub's own commit. With a bundle a receipt is made, unless the branch has one
 * and nothing has changed. */
int merge_finish(struct merge *m) MUST_CHECK;

/* ---- kits.c: what each kit is known to hold ---- */

struct kit_case {
    const struct have *have; /* of its last bundle that was new here; sorted by kit */
    size_t have_len;
    const char *const *want;
    size_t want_len;
    const char *clash;         /* the case that keeps this one out, or NULL */
    const char *bundle;        /* the one to answer; NULL: none since the last answer was handed out */
    struct have_receipt receipt; /* the answer may build on it */
    const char *const *handed; /* names of files that the last answer went out in */
    size_t handed_len;
    const char *const *withheld; /* entries that the last answer only named */
    size_t withheld_len;
};
int kits_read(struct hub *h, struct arena *a, const struct jv **kits) MUST_CHECK;
int kits_find(const struct jv *kits, const char *kit, const char *case_name, struct arena *a,
    struct kit_case *out) MUST_CHECK;
struct kit_note {
    const struct manifest *manifest;
    bool fresh; /* it came for the first time */
};
/* Bundles that came, in their order. Durable. */
int kits_note(struct hub *h, const struct kit_note *notes, size_t len) MUST_CHECK;
/* A bundle was refused for good: `clash` is the case that keeps its case out. Durable. */
int kits_refused(struct hub *h, const char *kit, const char *case_name, const char *bundle, const char *clash) MUST_CHECK;
/* Answers have been handed out: an array of {"case","files":[name],"kit","withheld":[id]}. Durable. */
int kits_answered(struct hub *h, const struct jv *answers) MUST_CHECK;

/* ---- served.c ---- */

struct served_where {
    const char *folder; /* of the kit's outbox */
    uint64_t part_size;
};
void served_free(struct hub *h);
/* What a case gives a kit follows from this. */
int served_made_of(struct hub *h, const struct jv *kits, const char *kit, const struct repo_branch *b,
    const struct served_where *where, unsigned char made_of[16]) MUST_CHECK;
/* True: it is as it was, and told of in `written` (of out's arena). */
bool served_case(struct hub *h, const char *kit, const char *case_name, const unsigned char made_of[16],
    struct hub_exchange *out, struct jv *written);
void served_keep_case(struct hub *h, const char *kit, const char *case_name, const unsigned char made_of[16],
    const struct jv *written);
/* The same for all cases at once: is nothing new at all? Without the hub's lock. */
bool served_all(struct hub *h, const char *kit, const struct served_where *where, struct hub_exchange *out,
    struct jv *written);
void served_keep_all(struct hub *h, const char *kit, const struct served_where *where, const struct jv *written);

/* ---- clean.c ---- */

int hub_clean(struct hub *h) MUST_CHECK; /* what a killed process left half-way */

/* ---- hub.c ---- */

/* The lock, leftovers removed. Nothing else of the hub may be writing meanwhile. */
int hub_begin(struct hub *h) MUST_CHECK;
void hub_end(struct hub *h);
/* Under the lock: hub_cases, listed once until a round has made a branch. */
const char *const *hub_names(struct hub *h, size_t *len);

/* ---- receive.c ---- */

/* Must it have a round of its own? */
bool receive_alone(const struct hub *h, const struct manifest *m);
/* A bundle that is opened, and then taken in. */
struct reception {
    struct adopted *memory;
    struct staging staging;
    struct opened opened;
    bool open;
    bool ahead; /* by another thread than the hub's, which does not ask the register: */
    unsigned char enrolled[KEY_SIZE]; /* its sender's key */
    unsigned char signed_by[KEY_SIZE];
};
int reception_init(struct reception *r, struct hub *h, struct hub_case *c) MUST_CHECK;
/* Whole into memory and staging. With `ahead` set and no case (NULL) from any thread. */
int reception_open(struct reception *r, const char *path, struct progress *p) MUST_CHECK;
void reception_release(struct reception *r);

/* Into the round: it counts when that is stored, and m is borrowed until then. m: what its head said when it was
 * peeked at. ahead: the bundle, opened already; NULL: it is opened here. */
int receive_locked(struct hub *h, const char *path, const struct manifest *m, struct arena *a, struct reception *ahead,
    struct hub_taken *out, struct progress *p) MUST_CHECK;

/* As hub_take_lines, under the lock and into the round. */
int lines_take_locked(struct hub *h, const char *case_name, const char *lines, size_t len, struct arena *a,
    struct hub_taken *out) MUST_CHECK;
/* Takes in evidence alone. `list` names it, and so gives the receipt its number. */
int staging_take(struct staging *s, const void *list, size_t len) MUST_CHECK;

/* ---- ahead.c: bundles that are opened before their turn ---- */

struct ahead;
int ahead_new(struct ahead **out, struct hub *h) MUST_CHECK;
void ahead_free(struct ahead *x); /* with what was handed in and not taken back; NULL is fine */
bool ahead_has_room(struct ahead *x, const struct manifest *m);
/* Where there is room. From here on `path` and `enrolled`, the key of its sender, name the bundle. */
int ahead_hand_in(struct ahead *x, const char *path, const struct manifest *m,
    const unsigned char enrolled[KEY_SIZE]) MUST_CHECK;
/* The one that was handed in first, once it is open. NULL: that is not of this path, or could not be opened. */
struct reception *ahead_take(struct ahead *x, const char *path);
void ahead_done(struct ahead *x); /* with the one that was taken */

/* ---- init.c ---- */

int hub_make(const char *folder, const char *name, const struct request *admin, struct forms *forms) MUST_CHECK;

/* ---- inbox.c ---- */

/* Takes in DIR/inbox/ and, where folder is not NULL, FOLDER/inbox/. */
int inbox_take(
    struct hub *h, const char *folder, struct arena *a, struct hub_exchange *out, struct progress *p) MUST_CHECK;
bool is_bundle_name(const char *file);
/* Tells of a file or folder that could not be served. */
int exchange_failed(struct hub_exchange *out, const char *file, int code, const char *error) MUST_CHECK;

#endif
