/* Forms: what a record type is made of, as data (forms/<scheme>/types/<type>.json). The code knows kinds of
 * fields, never what one is called on screen.
 *
 *   {"fields":[{"choices":[{"label":{"en":…,"zh":…},"value":"major"},…],"fixed":true,"help":{…},
 *               "label":{"en":…,"zh":…},"name":"grade","of":"link"|"choice"|"text","required":true,
 *               "required_at":"create","required_if":…,"to":["person"],"type":"choice","writers":["leader"]},…],
 *    "form":"finding","in":"case"|"register","title":{"en":…,"zh":…},"writers":["auditor",…]}
 *
 * Kinds: text (any UTF-8, may have lines) · int · bool · date · time (RFC 3339) · choice · link (to record
 * types; types that live in the register are written register:type/…) · set (members are fields
 * "name.<member>": true|false|null, of kind link, choice or text) · json (any value; for machines). null
 * clears any field. "void" is a field of every form: true, or null to take it back. "fixed": the program
 * writes the field in the entry that makes the record (evidence: what names its bytes), and no entry after it
 * may; not for sets.
 *
 * "required_if" makes a field required while other fields of its record say so: one condition, or a list of
 * conditions that must all hold. {"field":"mode","is":["other"]}: the field has one of these values (not for
 * sets and json); {"field":"closed","is_set":true}: it is filled; false: it is not. A field required this way
 * is never required at creation; what is missing is a gap of check (field_missing, needs.h).
 *
 * "writers" of a field are those of the form's writers who may set it; where they are not given, all of them.
 * An entry is held to the form's writers and to those of each field that it sets, as to the role of its author.
 *
 * A form version is named type@<first 16 hex of the SHA-256 of its canonical JSON>; an entry names the version
 * it was written with and is checked against that one for ever. */
#ifndef SATCHEL_REPLICA_FORM_H
#define SATCHEL_REPLICA_FORM_H

#include "satchel/format/entry.h"

#define FORM_ID_SIZE 64

enum field_kind {
    FIELD_TEXT, FIELD_INT, FIELD_BOOL, FIELD_DATE, FIELD_TIME, FIELD_CHOICE, FIELD_LINK, FIELD_SET, FIELD_JSON
};

struct label {
    const char *en, *zh;
};

struct form_choice {
    const char *value;
    struct label label;
};

struct form_field;
/* What another field of the same record must say. */
struct form_condition {
    const struct form_field *field;
    const struct jv *const *values; /* "is": one of these; none where it is "is_set" */
    size_t values_len;
    bool is_set; /* "is_set": filled or not */
};

struct form_field {
    const char *name;
    struct label label, help; /* help: NULLs where there is none */
    enum field_kind kind;
    enum field_kind member; /* FIELD_SET: kind of its members */
    const struct form_choice *choices;
    size_t choices_len;
    const char *const *to; /* link targets: record types */
    size_t to_len;
    bool required;          /* missing: a gap of check */
    bool required_at_create; /* missing: `new` refuses */
    bool fixed;              /* stays as it was when the record was made */
    const struct form_condition *conditions; /* required while all of them hold; none: see `required` */
    size_t conditions_len;
    const char *const *writers; /* of the form's, those who may set it; empty: all of them */
    size_t writers_len;
};

struct form {
    char id[FORM_ID_SIZE]; /* type@hash */
    const char *type;
    struct label title;
    bool in_register; /* records of this type live in the register, others in cases */
    const char *const *writers; /* roles that may write it; empty: nobody but what code does for them */
    size_t writers_len;
    const struct form_field *fields; /* in the order of the form */
    size_t fields_len;
    const struct jv *json; /* the whole form, for what code here does not read */
};

/* All versions known: those that ship, and those that scheme records of the register carry. */
struct forms;
int forms_new(struct forms **out) MUST_CHECK;
void forms_free(struct forms *f);
/* Adds one form's JSON (any spacing). Adding the same version twice is fine. `current` makes it the version that new
 * entries of its type are written with. */
int forms_add(struct forms *f, const void *json, size_t len, bool current) MUST_CHECK;
int forms_add_value(struct forms *f, const struct jv *json, bool current) MUST_CHECK; /* copies */
/* The name that a form's JSON gives its version, type@hash; ERR_INPUT where it names no type. */
int form_id_of(char id[FORM_ID_SIZE], const struct jv *json) MUST_CHECK;
const struct form *forms_find(const struct forms *f, const char *form_id); /* NULL: unknown */
const struct form *forms_current(const struct forms *f, const char *type); /* NULL: unknown */
/* Current forms, sorted by type. */
const struct form *const *forms_list(const struct forms *f, size_t *len);

/* The field that "grade" or the member field "of.finding/k…-1" belongs to; *member is what follows the dot or NULL. */
const struct form_field *form_field(const struct form *f, const char *name, const char **member);
/* 0, or ERR_INPUT naming the field and what it takes: is this value allowed for this (member) field? */
int form_check_value(const struct form *f, const char *name, const struct jv *value) MUST_CHECK;
bool form_fixes(const struct form *f, const char *name); /* is it a field that stays as it was made? */
bool form_voids(const char *name); /* is it the field "void", which is of every form? */
/* 0, or ERR_INPUT: every field of the entry is one of the form's with a value of its kind; none that is
 * fixed, unless the entry makes the record; the record lives where the form says (register or case). Required
 * fields are not looked at. */
int form_check_entry(const struct form *f, const struct entry *e) MUST_CHECK;
/* 0, or ERR_INPUT naming the first field that is required at creation and missing from `set` (an object). */
int form_check_create(const struct form *f, const struct jv *set) MUST_CHECK;

/* The label in the chosen language. */
const char *label_text(const struct label *l);

#endif
