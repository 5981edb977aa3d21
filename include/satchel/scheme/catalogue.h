/* A clause catalogue (domain.md §6): CSV of our columns, or an OSCAL catalogue (JSON, 1.x).
 *
 * CSV (RFC 4180, UTF-8, header line): id, parent, title_zh, title_en, kind (group|clause), min_level, max_level (blank: no
 * limit), directions (* or list with ';'), decisive (0|1), departments (* or list), methods (list), guidance.
 *
 * From whatever source: ids are 1 … 64 bytes fit for a member of a field ("picks.B2"), each only once, and a parent comes
 * before its children. All three readers give ERR_INPUT naming the line or clause; title and sample of a CSV, which has no
 * place for them, are "" and false until the caller sets them. */
#ifndef SATCHEL_SCHEME_CATALOGUE_H
#define SATCHEL_SCHEME_CATALOGUE_H

#include "satchel/base/json.h"

#define CLAUSE_ANY_LEVEL 99

struct clause {
    const char *id, *parent; /* parent: NULL at the top */
    const char *title_zh, *title_en;
    bool group;
    int64_t min_level, max_level; /* inclusive; 0 and CLAUSE_ANY_LEVEL: no limit */
    const char *const *directions;  /* NULL: all */
    size_t directions_len;
    bool decisive;
    const char *const *departments; /* codes; NULL: all */
    size_t departments_len;
    const char *methods, *guidance; /* "" where there is none */
};

struct catalogue {
    const char *title;
    bool sample;
    struct clause *clauses; /* in the order of the file, parents before children */
    size_t len;
    size_t groups;          /* how many are groups */
};

int catalogue_from_csv(struct catalogue *out, struct arena *a, const void *bytes, size_t len) MUST_CHECK;
/* Titles are the catalogue's in both languages. Groups and controls nest to any depth; a control's statement and guidance prose (parts, with their parameters filled in by
 * label) become guidance; controls with status "withdrawn" are left out and counted. */
int catalogue_from_oscal(struct catalogue *out, struct arena *a, const void *bytes, size_t len, size_t *withdrawn) MUST_CHECK;
/* As a value for a record's field and back. */
struct jv *catalogue_json(struct arena *a, const struct catalogue *c);
int catalogue_from_json(struct catalogue *out, struct arena *a, const struct jv *v) MUST_CHECK;
const struct clause *catalogue_clause(const struct catalogue *c, const char *id); /* NULL: none */

/* Is it a clause (no group) for this level (0: not known, so yes) and any of these directions (none given: yes)? */
bool clause_applies(const struct clause *c, int64_t level, const char *const *directions, size_t directions_len);
bool clause_for_direction(const struct clause *c, const char *direction);
bool clause_for_department(const struct clause *c, const char *code);

#endif
