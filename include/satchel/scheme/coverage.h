/* Coverage of an audit or of a cycle (domain.md §3, §4; scheme 6.3.3, 6.3.4): which clause × department × direction cells have
 * a result with evidence, and with that which clauses, departments and service directions.
 *
 * A cell is covered only with a result and at least one item of evidence (of its samples or findings in the same audit);
 * not_audited never counts; na counts once na_approved; a result in conflict does not count. A finding stands in the cells of its samples, where
 * it names none in a cell of its own. Voided records, and records of a voided audit, count nowhere. A direction is covered by a
 * covered cell that names it, or by one whose clause belongs to that direction only. */
#ifndef SATCHEL_SCHEME_COVERAGE_H
#define SATCHEL_SCHEME_COVERAGE_H

#include "satchel/scheme/cycle.h"

/* A level and directions for which clauses apply: those of a certificate, or of an application. */
struct extent {
    int64_t level;           /* 0: not known, so any */
    struct texts directions; /* none: any */
};

/* What is to be covered, and by which audits. */
struct scope {
    const struct audit *audit; /* whose own it is; NULL: that of a cycle or of an application */
    const struct cycle *cycle; /* NULL: no certificate yet, or an initial certification */
    const struct scheme *scheme;
    const struct catalogue *catalogue;
    const struct extent *extents; /* several where certificates are audited together; a clause of any of them applies */
    size_t extents_len;
    const struct audit *const *audits;
    size_t audits_len;
};

/* An audit's own. That of an on-site or recertification audit takes in the document audit of the same application. */
int scope_of_audit(struct scope *out, const struct casefile *c, const struct audit *a, int32_t on) MUST_CHECK;
/* The surveillances and extra surveillances of a cycle (rule 1), whether they are held or still under way. */
int scope_of_cycle(struct scope *out, const struct casefile *c, const struct cycle *y) MUST_CHECK;
/* The cycle that is open on that day, else the last one; before any certificate the document and on-site audits of the newest
 * application. */
int scope_of_case(struct scope *out, const struct casefile *c, int32_t on) MUST_CHECK;
/* The cycles that an audit concerns, the earliest certificate first, as of its day or the given one, whichever comes first: those
 * that are live, else whatever there is; of an audit that has neither dates nor certificates all that are live. In the
 * casefile's arena. */
int cycles_of_audit(struct cycle **out, size_t *len, const struct casefile *c, const struct audit *a, int32_t on) MUST_CHECK;
/* Do the two belong to one certification: its document and on-site (or recertification) audits, by their application? */
bool audits_are_pair(const struct audit *a, const struct audit *b);

struct cell_record {
    const char *id; /* sample/… or finding/… */
    enum grade result;
};

struct cell {
    const char *clause, *department, *direction, *site; /* department: code; site: record id; NULL where none is named */
    enum grade worst; /* GRADE_UNSET: no result yet */
    bool covered;
    bool conflict;
    size_t evidence;
    struct cell_record *records; /* of two people both stand */
    size_t records_len;
};

struct coverage_item { /* a clause by its id, a department by its code (its id where it has none), a direction */
    const char *name;
    bool covered;
};

struct coverage_list {
    struct coverage_item *items;
    size_t len, covered;
};

struct rollup {
    const char *clause;
    enum grade worst; /* of its samples and findings */
    bool covered;
    const struct cell *cells;
    size_t cells_len;
};

struct coverage {
    struct scope scope;
    struct coverage_list clauses;     /* that apply, in the catalogue's order */
    struct coverage_list departments; /* of the case, sorted */
    struct coverage_list directions;  /* of the extents, sorted */
    struct cell *cells;               /* in the order of clauses; those that are not in the catalogue last */
    size_t cells_len;
    struct rollup *rollups;           /* of clauses with any record, in the same order */
    size_t rollups_len;
};

/* In the casefile's arena. */
int coverage_of(struct coverage *out, const struct casefile *c, const struct scope *s) MUST_CHECK;
int coverage_of_audit(struct coverage *out, const struct casefile *c, const struct audit *a, int32_t on) MUST_CHECK;
int coverage_of_case(struct coverage *out, const struct casefile *c, int32_t on) MUST_CHECK;
bool coverage_has(const struct coverage_list *l, const char *name); /* is it there, and covered? */
const struct rollup *coverage_rollup(const struct coverage *v, const char *clause); /* NULL: it has no record */
bool coverage_has_clause(const struct coverage *v, const char *id); /* is it covered, whether it applies or not? */
int64_t coverage_percent(const struct coverage_list *l);            /* whole, rounded down; 100 where there is nothing to cover */
const char *grade_word(enum grade g); /* "major" …; NULL: GRADE_UNSET */

/* The JSON of cli.md, with what the plan requires: of an audit its own plan, of a cycle that of the next surveillance; NULL: none.
 *
 *   clauses, departments, directions   what is to be covered
 *   cells              {"clause","department","direction","site","result","evidence":n,"covered":bool,"conflict":bool,
 *                      "records":[{"record","result"}]}; absent ones null
 *   rollup             {clause: worst result}
 *   required           [{"clause","reasons":[…]}]; required_departments, required_directions
 *   open               clauses that have no covered cell: of an audit of those that its plan requires, else of all;
 *                      open_departments, open_directions likewise
 *   covered, of        applicable clauses with a covered cell, and all of them
 *   percent            {"clauses","departments","directions"}, whole numbers, rounded down
 *   cycle              {"certificate","number","valid_from","valid_to"} or null
 *   next               the plan's {"audit","due","last","left"}, of a cycle; or null
 *   sample             is the catalogue one? */
struct plan;
struct jv *coverage_json(struct arena *a, const struct coverage *v, const struct plan *p);

#endif
