/* What the files of the check share. */
#ifndef SATCHEL_SCHEME_CHECK_PARTS_H
#define SATCHEL_SCHEME_CHECK_PARTS_H

#include "satchel/base/map.h"
#include "satchel/base/text.h"
#include "satchel/scheme/check.h"
#include "satchel/scheme/plan.h"

/* A check on its way. */
struct check {
    struct gaps *gaps;
    struct arena *arena;
    const struct casefile *c;
    const struct audit *a;
    int32_t on;
    const struct outside *outside;
    const struct scheme *scheme;
    const struct catalogue *catalogue;
    struct plan plan;         /* empty for a document audit */
    struct coverage coverage; /* likewise */
    struct map rests;         /* a finding by the id of a sample it rests on; one with evidence before others */
    struct map pending;       /* clauses, departments and directions with a sample that does not count as it stands */
    bool whether;             /* there is a gap, is all that is asked */
};

/* Adds a gap like this one, with the text that the format gives. */
void gap_add(struct gaps *g, const struct gap *like, const char *format, ...) ERR_PRINTF(3, 4);
/* One whose text is "subject: common". */
void gap_about(struct gaps *g, const struct gap *like, const char *subject, const char *common);
void gap_not_filled_in(struct gaps *g, enum gap_group group, const struct fold_record *r, const struct form *form,
    const struct form_field *f);
bool gaps_have(const struct gaps *g, const char *record, const char *field);
#define GAP(...) (&(struct gap){__VA_ARGS__})

const char *day_text(struct arena *a, int32_t day);
/* "B2 服务过程控制": id and title in the chosen language; the id where the catalogue has none such. */
const char *clause_text(struct arena *a, const struct catalogue *c, const char *id);
const char *department_text(struct arena *a, const struct department *d);
const char *person_id(const char *link); /* without "register:" */
bool is_nonconformity(enum grade g);
bool is_problem(enum grade g);   /* a nonconformity or an observation */
bool sample_has_evidence(const struct check *k, const struct sample *s);
bool held_on_site(const struct audit *a); /* on-site, recertification, and surveillance that is not by documents alone */

int check_sampling(struct check *k) MUST_CHECK; /* required clauses, departments, directions; samples; projects */
void check_sites(struct check *k);
void check_audit_fields(struct check *k);       /* the audit's own: dates, leader, result, 6.3.4, meetings */
void check_document_audit(struct check *k);
void check_findings(struct check *k);           /* with those of the previous audit */
int check_state(struct check *k) MUST_CHECK;    /* conflicts, links, evidence, entries, required fields */

/* The records that belong to an audit: it, its samples, findings, meetings, information and their evidence. */
int audit_records(const struct fold_record ***out, size_t *len, const struct casefile *c, const struct audit *a, bool voided)
    MUST_CHECK;

/* ---- gates ---- */
struct gates {
    struct gaps *gaps;
    struct arena *arena;
    const struct casefile *c;
    int32_t on;
    const struct outside *outside;
};

/* A gap of the process: not so, and a reason to refuse the change that makes it so. */
#define BREAKS(rule_, fact, field_) GAP(.group = GAP_PROCESS, .rule = rule_, .record = (fact)->id, .field = field_)
/* One that is only not filled in yet. */
#define LACKS(rule_, fact, field_) GAP(.group = GAP_PROCESS, .rule = rule_, .record = (fact)->id, .field = field_, .missing = true)

void gate_audit(struct gates *k, const struct audit *a);
void gate_decision(struct gates *k, const struct decision *d);
void gate_certificate(struct gates *k, const struct certificate *t);
/* The review that accepts the application, as of a day: its last one, all six yes, conditions met. NULL: none. */
const struct review *accepted_review(const struct casefile *c, const struct application *a, int32_t on);
/* The first decision by that day to refuse it; NULL: none. One without a day is none yet. */
const struct decision *refusal_of(const struct casefile *c, const struct application *a, int32_t on);
const struct application *decision_application(const struct decision *d); /* its own, or its audit's */
bool level_is_known(const struct scheme *s, int64_t level);
const struct certificate *decision_certificate(const struct decision *d); /* its own, else its application's, else its audit's first */

#endif
