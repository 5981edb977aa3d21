/* A record's state as text: the file of the hub's record/ folder, and the JSON of cli.md. */
#ifndef SATCHEL_REPLICA_STATE_H
#define SATCHEL_REPLICA_STATE_H

#include "satchel/replica/fold.h"

#define RECORD_PATH_SIZE 128

/* record/<type>/<kit>/<number / 100>/<number>.json */
void record_path(char out[RECORD_PATH_SIZE], const struct record_id *id);
/* The file: one field a line, "_id" first, "_type" last, so that every field's line ends in a comma and
 * `git blame` names who set it. A field in conflict is {"conflict":[{"entry":id,"value":…},…]}. A function of the
 * entries that apply, alone; two holders of the same accepted entries write the same bytes. A record of which no entry
 * applies has no file. */
void record_file_write(struct buf *out, const struct fold_record *r);

/* {"id","type","case","fields":{…},"conflicts":{field:[{"value","entry":"kit:seq","id","by","at"}]},
 *  "void":null|{"entry","by","at","why","conflict":bool}}.
 * `by` is a person's name as `name_of` answers for a kit; the kit id where it answers NULL (the kit is not known) or is
 * NULL itself. NULL when memory is out. Values are borrowed from the fold. */
struct jv *record_json(struct arena *a, const struct fold_record *r, const char *(*name_of)(void *ctx, const char *kit),
    void *ctx);
/* Every entry of the record, oldest first (kit's order and `seen` decide, then `at`): one object each,
 * {"entry":"kit:seq","id","by","at","set":{…},"old":{…},"why","signature":"good|bad|unknown key",
 *  "verdict":"good|waiting|quarantined"[,"reason"]}. "old" has what was on the author's screen, by `seen`; a conflict
 * as {"conflict":[value,…]}. The key is unknown where name_of answers NULL; signatures are verified here and now. */
struct jv *record_history(struct arena *a, const struct fold_record *r,
    const char *(*name_of)(void *ctx, const char *kit), void *ctx);
/* The change of one entry in words for a commit's subject: "finding k…-104: grade minor → major"; control and bidi
 * characters escaped as \u{…}, at most 200 bytes. `before`: the record, where the
 * values that its author saw are found; may be NULL. */
void change_subject(struct buf *out, const struct entry *e, const struct fold_record *before);

/* Text from people with control, bidi and other format characters escaped, for terminals and logs. */
void buf_add_shown(struct buf *out, const char *s, size_t len);

#endif
