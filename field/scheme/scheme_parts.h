/* What the readers of schemes share. A scheme comes from files that are embedded, from a folder, or from a record of the
 * register; each is first turned into content, and content is then read and checked in one place. */
#ifndef SATCHEL_FIELD_SCHEME_SCHEME_PARTS_H
#define SATCHEL_FIELD_SCHEME_SCHEME_PARTS_H

#include "satchel/scheme/scheme.h"

#define SCHEME_MAX_DEPTH 16
#define SCHEME_FILE "scheme.json"
#define SCHEME_TYPES "types"

/* Values of one scheme, nothing about them checked yet. */
struct scheme_content {
    const struct jv *json; /* scheme.json */
    struct catalogue catalogue; /* clauses; title and sample are for scheme.json to say */
    const struct jv **forms;    /* in any order */
    size_t forms_len;
};

/* Checks the content and makes a scheme of it, without a link. Its forms become known to `forms`; where `current`, they are
 * the ones that new entries are written with. Forms of types that are known already must suit the rules of the program
 * (kinds of fields, place). What is read lives in the arena or is borrowed from the content. ERR_INPUT names what is wrong;
 * `out` is untouched then, but forms may be known all the same. */
int scheme_read(struct scheme *out, struct arena *a, const struct scheme_content *content, struct forms *forms, bool current)
    MUST_CHECK;

/* scheme_rules.c: "parameters" of scheme.json. ERR_INPUT naming the first that is missing, not known or out of range. */
int rules_read(struct rules *out, const struct jv *parameters) MUST_CHECK;

/* Files by their names within a scheme's folder ("types/audit.json"). */
struct scheme_files {
    const char *folder;
    int (*read)(const struct scheme_files *f, const char *name, struct buf *out);
    /* Names of those in a subfolder, sorted, in the arena. */
    int (*list)(const struct scheme_files *f, const char *subfolder, struct arena *a, const char ***names, size_t *len);
};
int scheme_files_read(struct scheme_content *out, struct arena *a, const struct scheme_files *f) MUST_CHECK;
extern const struct scheme_files scheme_files_embedded; /* without its folder */

/* scheme_record.c: a record of the register. What it holds as one value that can be kept and compared: {"catalogue",
 * "definition","forms":{…},"hash"}, members absent where the record has none. Borrowed from the fold. NULL: out of memory. */
struct jv *scheme_record_source(struct arena *a, const struct fold_record *r, const struct jv *catalogue);
/* The content of such a value; ERR_INPUT where something is absent. */
int scheme_record_content(struct scheme_content *out, struct arena *a, const struct jv *source) MUST_CHECK;

/* A label with text in both languages; ERR_INPUT naming `key` otherwise. */
int label_read(struct label *out, const struct jv *object, const char *key) MUST_CHECK;

#endif
