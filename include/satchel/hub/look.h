/* What a kit's person may look at in a hub, and what proves it there: for pages that only read. Over a hub that writes nothing;
 * like it, not for two threads at once. Whatever has been worked out is kept until the case or the register moves. */
#ifndef SATCHEL_HUB_LOOK_H
#define SATCHEL_HUB_LOOK_H

#include "satchel/hub/hub.h"

struct hub_look;
int hub_look_new(struct hub_look **out, struct hub *h) MUST_CHECK; /* h is borrowed */
void hub_look_free(struct hub_look *l);                            /* NULL is fine */

/* The cases that this kit's person may see now, sorted, the register not among them. Borrowed until they are asked for again.
 * Whoever asks is to look a name up in them before anything else is done with it: then neither the answer nor the time it
 * takes tells whether a case exists that may not be seen. */
int hub_look_cases(struct hub_look *l, const char *kit, const char *const **out, size_t *len) MUST_CHECK;

/* The case that what follows is about; the register, too. `fold` and `registry` are borrowed until the next one is opened or
 * cases are asked for. ERR_MISSING: there is no such case. */
struct hub_looked {
    const char *case_name;
    struct fold *fold;
    const struct registry *registry;
    uint64_t number; /* of this reading: no other fold has it */
    char tip[48], register_tip[48]; /* hex of the commits */
};
int hub_look_open(struct hub_look *l, const char *case_name, struct hub_looked *out) MUST_CHECK;

/* Evidence that the case holds: its file, which never changes, and its size. ERR_MISSING: it holds it not. */
int hub_look_evidence(struct hub_look *l, const char *sha256, struct arena *a, const char **path, uint64_t *size) MUST_CHECK;
/* Appends a file of the case's branch. ERR_MISSING. */
int hub_look_read(struct hub_look *l, const char *path, struct buf *out) MUST_CHECK;

/* Where things lie in the branch; in the arena. NULL: err set. */
const char *hub_look_entry_path(struct arena *a, const struct held *h);
/* Of an evidence record, of its pointer. NULL without an error: it is none, or its entry has not arrived. */
const char *hub_look_pointer_path(struct arena *a, const struct fold_record *r);

/* A receipt as the branch keeps it. */
struct hub_receipt {
    const char *id, *bundle, *at;
    const char *path; /* in the branch; its signature at the same with ".sig" */
    unsigned char key[KEY_SIZE];
    bool good; /* signed by this key, which the register names as a hub's */
};
/* The first receipt that names the entry as held; or, with sha256, the first that holds these bytes. Borrowed until the next
 * case is opened. *out NULL: there is none yet. */
int hub_look_receipt(struct hub_look *l, const struct entry *e, const char *sha256, const struct hub_receipt **out) MUST_CHECK;
/* The receipt of this id, of the same case. */
int hub_look_receipt_by_id(struct hub_look *l, const char *id, const struct hub_receipt **out) MUST_CHECK;

#endif
