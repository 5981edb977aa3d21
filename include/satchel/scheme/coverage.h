/* Coverage of one audit or one case (domain.md §3, §4): which clause × department cells have a result. */
#ifndef SATCHEL_SCHEME_COVERAGE_H
#define SATCHEL_SCHEME_COVERAGE_H

#include "satchel/replica/fold.h"
#include "satchel/scheme/catalogue.h"

/* The JSON of cli.md: clauses, departments, directions, cells (result rolled up to the worst, evidence counted, where
 * results of two people stand both), open, covered, of. A cell counts as covered only with a result and at least one
 * item of evidence; not_audited never counts; na counts once na_approved. `audit`: id or NULL for all of the case. */
int coverage(struct jv **out, struct arena *a, struct fold *f, const char *case_name, const char *audit,
    const struct catalogue *c) MUST_CHECK;

#endif
