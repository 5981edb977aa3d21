/* A record's state as text: the file of the hub's record/ folder, and the JSON of cli.md. */
#ifndef SATCHEL_REPLICA_STATE_H
#define SATCHEL_REPLICA_STATE_H

#include "satchel/replica/fold.h"

/* record/<type>/<kit>/<number / 100>/<number>.json. out: 128 bytes. */
void record_path(char *out, const struct record_id *id);
/* The file: one field a line, "_id" first, "_type" last, so that every field's line ends in a comma and
 * `git blame` names who set it. A field in conflict is {"conflict":[{"entry":id,"value":…},…]}. A function of the
 * entries that apply, alone; two holders of the same accepted entries write the same bytes. */
void record_file_write(struct buf *out, const struct fold_record *r);

/* {"id","type","case","fields":{…},"conflicts":{field:[{"value","entry":"kit:seq","by","at"}]},"void":null|{…}}.
 * `by` is a person's name as `name_of` answers for a kit (may be NULL: then the kit id). */
struct jv *record_json(struct arena *a, const struct fold_record *r, const char *(*name_of)(void *ctx, const char *kit),
    void *ctx);
/* Every entry of the record, oldest first (kit's order and `seen` decide, then `at`): for each changed field one object
 * {"entry":"kit:seq","id","by","at","set":{…},"old":{…},"why","signature":"good|bad|unknown key","verdict"}. */
struct jv *record_history(struct arena *a, const struct fold_record *r, const char *(*name_of)(void *ctx, const char *kit),
    void *ctx);
/* The change of one entry in words for a commit's subject: "finding k…-104: grade minor → major"; control and bidi
 * characters escaped as \u{…}, at most 200 bytes. `before`: the state it was made on, may be NULL. */
void change_subject(struct buf *out, const struct entry *e, const struct fold_record *before);

/* Text from people with control, bidi and other format characters escaped, for terminals and logs. */
void buf_add_shown(struct buf *out, const char *s, size_t len);

#endif
