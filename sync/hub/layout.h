/* Where things lie in a branch (design.md §6), in words that verify.c shares with those who write. */
#ifndef SYNC_HUB_LAYOUT_H
#define SYNC_HUB_LAYOUT_H

#include "satchel/replica/fold.h"

#define LAYOUT_PATH_SIZE 192

#define FOLDER_LOG "log"
#define FOLDER_QUARANTINE "quarantine"
#define FOLDER_WAITING "waiting"
#define FOLDER_RECORD "record"
#define FOLDER_EVIDENCE "evidence"
#define FOLDER_RECEIPT "receipt"
#define FILE_README "README.md"
#define FILE_ATTRIBUTES ".gitattributes"
#define WHY_SUFFIX ".why" /* beside an entry's file in quarantine/ and waiting/ */

#define LAYOUT_ATTRIBUTES "* -text\nevidence/** filter=lfs diff=lfs merge=lfs -text\n"

/* A branch for every case name but "HEAD", however its letters are written. */
bool layout_branch_valid(const char *case_name);
bool layout_same_name(const char *a, const char *b); /* ignoring case of letters */

/* The folder that an entry with this verdict lies in. */
const char *layout_folder(enum verdict v);
/* <folder>/<kit>/<seq / 100>/<seq>-<16 hex of its id> */
void layout_entry_path(
    char out[LAYOUT_PATH_SIZE], const char *folder, const char *kit, int64_t seq, const char *id);
/* receipt/<2 hex>/<bundle id>.json, and .json.sig */
void layout_receipt_path(char out[LAYOUT_PATH_SIZE], const char *bundle, bool signature);

/* What an evidence record says its bytes are. It is read from the entry that creates the record, so no later
 * change can put other bytes in its place. */
struct claim {
    const char *record;
    const char *sha256;
    uint64_t size;
    char path[LAYOUT_PATH_SIZE]; /* evidence/<kit>/<number / 100>/<number>.<ext>, of the pointer */
};
bool layout_claim(
    struct claim *out, const struct fold_record *r); /* false: not evidence, or not created yet */
/* The record that a pointer's path belongs to; false: it is not such a path. */
bool layout_evidence_record(char id[RECORD_ID_MAX], const char *path);
/* All of a case, in the arena. */
int layout_claims(
    struct fold *f, const char *case_name, struct arena *a, struct claim **out, size_t *len) MUST_CHECK;

#endif
