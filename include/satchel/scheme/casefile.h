/* A case as the scheme sees it: its records as facts with their links resolved. Rules are pure functions over this and a
 * day; it is read from the fold, or built by a test.
 *
 * Voided records are left out (a void in conflict counts as not voided); a field in conflict counts as absent: DAY_NONE, NULL,
 * 0 or UNSET. A link that leads nowhere, or to a voided record, is NULL. Everything lives in the arena given to
 * casefile_read; texts and `record` are borrowed from the fold, until it changes. Lists are in the order of the records'
 * ids (kit, number). */
#ifndef SATCHEL_SCHEME_CASEFILE_H
#define SATCHEL_SCHEME_CASEFILE_H

#include "satchel/scheme/day.h"
#include "satchel/scheme/scheme.h"

enum tri { UNSET, NO, YES };

enum application_kind { APPLICATION_UNSET, APPLICATION_INITIAL, APPLICATION_EXTENSION, APPLICATION_UPGRADE,
    APPLICATION_DOWNGRADE, APPLICATION_RECERTIFICATION, APPLICATION_CHANGE };
enum contract { CONTRACT_UNSET, CONTRACT_OPEN, CONTRACT_SIGNED, CONTRACT_FULFILLED };
enum conclusion { CONCLUSION_UNSET, CONCLUSION_ACCEPTED, CONCLUSION_REFUSED };
enum site_kind { SITE_UNSET, SITE_OFFICE, SITE_SERVICE };
enum audit_kind { AUDIT_UNSET, AUDIT_DOCUMENT, AUDIT_ONSITE, AUDIT_SURVEILLANCE, AUDIT_RECERTIFICATION, AUDIT_EXTRA };
enum audit_mode { MODE_UNSET, MODE_DOCUMENT, MODE_ONSITE, MODE_OTHER };
enum audit_result { RESULT_UNSET, RESULT_PASS, RESULT_FAIL };
/* Worst first. */
enum grade { GRADE_MAJOR, GRADE_MINOR, GRADE_OBSERVATION, GRADE_OFI, GRADE_CONFORM, GRADE_NA, GRADE_NOT_AUDITED, GRADE_UNSET };
enum outcome { OUTCOME_UNSET, OUTCOME_GRANT, OUTCOME_REFUSE, OUTCOME_MAINTAIN, OUTCOME_SUSPEND, OUTCOME_RESTORE, OUTCOME_CANCEL,
    OUTCOME_WITHDRAW, OUTCOME_RENEW, OUTCOME_REISSUE };
enum suspension_reason { SUSPENSION_UNSET, SUSPENSION_FAILURE, SUSPENSION_OVERDUE, SUSPENSION_MISUSE, SUSPENSION_MAJOR,
    SUSPENSION_OWN_REQUEST, SUSPENSION_OTHER };
enum event_kind { EVENT_UNSET, EVENT_CHANGE, EVENT_COMPLAINT, EVENT_INCIDENT, EVENT_RISK };

struct texts { /* a set of texts or record ids, sorted */
    const char *const *items;
    size_t len;
};

#define FACT const char *id; const struct fold_record *record /* type/id; the record, NULL in a casefile built by hand */

struct department { FACT; const char *code, *name; bool decisive; };
struct site { FACT; const char *name; enum site_kind kind; bool central; const char *similar; struct texts directions; };
struct application { FACT; enum application_kind kind; int32_t received; struct texts directions; int64_t level;
    const struct certificate *certificate; enum contract contract; enum tri legal_person, no_violation;
    const char *scheme; /* link, or NULL */ };
struct self_assessment { FACT; const struct application *application; const char *clause, *result; size_t evidence; };
struct review { FACT; const struct application *application; int32_t date; enum tri points[6]; enum conclusion conclusion; };
struct programme { FACT; const struct application *application; const struct certificate *certificate; int64_t cycle;
    const char *planned, *man_days; const char *scheme, *catalogue; /* links, or NULL */ };
struct audit { FACT; enum audit_kind kind; enum audit_mode mode; int32_t start, end;
    const char *leader;       /* link to a person, or NULL */
    struct texts team;        /* links to persons */
    struct texts site_ids, directions, certificate_ids, picks, days;
    const struct site *const *sites; size_t sites_len;                       /* those that are here */
    const struct certificate *const *certificates; size_t certificates_len;  /* those that are here */
    const struct application *application;
    enum audit_result result; bool submitted; enum tri last_of_cycle;
    const char *mode_reason, *sites_reason, *picks_none;
    const char *followup_measures, *followup_complaints, *effectiveness, *changes; /* NULL where empty */
    const struct sample *const *samples; size_t samples_len;
    const struct finding *const *findings; size_t findings_len;
    const struct meeting *const *meetings; size_t meetings_len; };
struct sample { FACT; const struct audit *audit; const char *clause; const struct department *department;
    const struct site *site; const char *direction; /* NULL where none */ enum grade result; bool na_approved;
    const char *project; enum tri resampled; size_t evidence; bool conflict; /* its result is in conflict */ };
struct finding { FACT; const struct audit *audit; const char *clause; const struct department *department;
    const struct site *site; enum grade grade; bool conflict; /* its grade is */ const char *fact; int32_t due, closed;
    const char *root_cause, *correction, *corrective_action, *verification, *followup, *confirmed_by; int32_t confirmed;
    const char *objection; const struct sample *const *samples; size_t samples_len;
    size_t evidence; /* its own; that of its samples counts there */ };
struct meeting { FACT; const struct audit *audit; const char *kind; int32_t date; const char *attendance; };
struct decision { FACT; const struct audit *audit; const struct application *application; const struct certificate *certificate;
    int32_t date; enum outcome outcome; const char *reason, *waives; /* link */ };
struct certificate { FACT; const char *number; const struct decision *decision; const struct certificate *supersedes;
    struct texts directions; int64_t level; int32_t initial, issued, valid_from, returned;
    const struct certificate *first; /* of its cycle; NULL: not worked out beforehand */ };
struct suspension { FACT; const struct certificate *certificate; const struct decision *decision; int32_t from, until, verified,
    restored, applied; enum suspension_reason reason; const char *measures; };
struct surveillance_info { FACT; const struct audit *audit; int32_t received; const char *changes, *self_assessment; };
struct event { FACT; enum event_kind kind; int32_t date; enum tri extra_audit; const char *reason; };

#undef FACT

#define LIST(type, name) struct type *name; size_t name##_len
struct casefile {
    const char *name; /* of the case */
    const struct schemes *schemes;
    LIST(department, departments);
    LIST(site, sites);
    LIST(application, applications);
    LIST(self_assessment, self_assessments);
    LIST(review, reviews);
    LIST(programme, programmes);
    LIST(audit, audits);
    LIST(sample, samples);
    LIST(finding, findings);
    LIST(meeting, meetings);
    LIST(decision, decisions);
    LIST(certificate, certificates);
    LIST(suspension, suspensions);
    LIST(surveillance_info, infos);
    LIST(event, events);
    const struct fold_record *const *records; /* all of the case, sorted by type, voided ones too; for checks field by field */
    size_t records_len;
    struct fold *fold; /* NULL in a casefile built by hand */
    struct arena *arena;
};
#undef LIST

int casefile_read(struct casefile *out, struct arena *a, struct fold *f, const char *case_name, const struct schemes *schemes)
    MUST_CHECK;
/* Gives each audit of a casefile built by hand its samples, findings and meetings. */
int casefile_arrange(struct casefile *c) MUST_CHECK;
/* Those of one type, voided ones too; they stand together. */
const struct fold_record *const *casefile_records(const struct casefile *c, const char *type, size_t *len);
const struct audit *casefile_audit(const struct casefile *c, const char *id); /* NULL: none, or voided */
const struct certificate *casefile_certificate(const struct casefile *c, const char *id);
bool texts_have(const struct texts *t, const char *s);

#endif
