/* Coverage of one audit or one case (domain.md §3, §4): which clause × department cells have a result. */
#ifndef SATCHEL_SCHEME_COVERAGE_H
#define SATCHEL_SCHEME_COVERAGE_H

#include "satchel/replica/fold.h"
#include "satchel/scheme/catalogue.h"

/* The JSON of cli.md, as far as samples, findings and evidence tell:
 *
 *   clauses            ids of the applicable ones, in the catalogue's order: those for the case's level and directions,
 *                      which its certificates name, else its applications, else its audits; without any, all
 *   departments        codes, sorted; directions, sorted
 *   cells              {"clause","department","direction","site","result","evidence":n,"covered":bool,"conflict":bool,
 *                      "records":[{"record","result"}]} in the order of clauses; department is a code, site a record id,
 *                      absent ones null; result is the worst of the records, null while there is none; records of two
 *                      people stand both
 *   rollup             {clause: worst result of its samples and findings}
 *   open               applicable clauses without a covered cell; open_departments likewise
 *   covered, of        applicable clauses with a covered cell, and all of them
 *
 * A cell is covered only with a result and at least one item of evidence (of its samples or findings); not_audited never
 * counts; na counts once na_approved; a result in conflict does not count. A finding stands in the cells of its samples,
 * where it names none in a cell of its own. Voided records, and records of a voided audit, count nowhere.
 * `audit`: id, or NULL for all audits of the case. */
int coverage(struct jv **out, struct arena *a, struct fold *f, const char *case_name, const char *audit,
    const struct catalogue *c) MUST_CHECK;

#endif
