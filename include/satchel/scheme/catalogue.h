/* A clause catalogue (domain.md §6): CSV of our columns, or an OSCAL catalogue (JSON, 1.x).
 *
 * CSV (RFC 4180, UTF-8, header line): id, parent, title_zh, title_en, kind (group|clause), min_level, max_level,
 * directions (* or list with ';'), decisive (0|1), departments (* or list), methods (list), guidance. */
#ifndef SATCHEL_SCHEME_CATALOGUE_H
#define SATCHEL_SCHEME_CATALOGUE_H

#include "satchel/base/json.h"

struct clause {
    const char *id, *parent; /* parent: NULL at the top */
    const char *title_zh, *title_en;
    bool group;
    int64_t min_level, max_level;
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
/* Groups and controls nest to any depth; a control's statement and guidance prose (parts, with their parameters filled in by
 * label) become guidance; controls with status "withdrawn" are left out and counted. */
int catalogue_from_oscal(struct catalogue *out, struct arena *a, const void *bytes, size_t len, size_t *withdrawn) MUST_CHECK;
/* As a value for a record's field and back. */
struct jv *catalogue_json(struct arena *a, const struct catalogue *c);
int catalogue_from_json(struct catalogue *out, struct arena *a, const struct jv *v) MUST_CHECK;
const struct clause *catalogue_clause(const struct catalogue *c, const char *id); /* NULL: none */

#endif
