/* What an audit must sample, why, and a proposal for the rest (domain.md §3; scheme 6.3.3, 6.3.4, 6.2). */
#ifndef SATCHEL_SCHEME_PLAN_H
#define SATCHEL_SCHEME_PLAN_H

#include "satchel/scheme/coverage.h"

/* Why a clause, department or direction is required; bits. */
enum {
    WHY_DECISIVE = 1, /* rule 2: at every surveillance */
    WHY_PREVIOUS = 2, /* rule 3: many problems at the previous audit */
    WHY_PICKED = 4,   /* rule 4: the team's pick */
    WHY_LAST = 8,     /* rule 1: not covered yet, and this is the cycle's last surveillance */
    WHY_ALL = 16      /* initial certification and recertification take in everything (6.2, 8) */
};

struct required {
    const char *name;  /* clause id, department code or direction */
    unsigned why;
    int majors, minors, observations; /* of a clause at the previous audit: what rule 3 counts */
};

struct visit { /* a cell of the proposal: where to sample a required clause, or one that it adds */
    const char *clause, *department, *direction; /* department and direction: NULL where there is none to name */
    bool required;
};

struct plan {
    const struct audit *audit;    /* that it is for; NULL: the next surveillance, which nobody has planned yet */
    enum audit_kind kind;         /* of it */
    const struct scheme *scheme;
    const struct catalogue *catalogue;
    const struct cycle *cycle;    /* the one whose surveillance is due first; NULL: an initial certification */
    int32_t due;                  /* of the next surveillance, at the latest; DAY_NONE where none is due */
    bool last;                    /* the cycle's last surveillance */
    int left;                     /* surveillances left in the cycle, this one counted */
    struct required *clauses, *departments, *directions;
    size_t clauses_len, departments_len, directions_len;
    struct visit *visits;         /* required ones first; followed, the cycle ends covered */
    size_t visits_len;
    const struct audit *const *previous; /* the previous audit: a pair, and extra ones since */
    size_t previous_len;
    const struct finding *const *followups; /* nonconformities and observations of the previous audit (closed ones too) */
    size_t followups_len;
    struct coverage *cycle_so_far; /* what the cycle's earlier surveillances have covered; empty without a cycle */
};

/* What `a` must sample, as of a day: whatever it holds itself by now does not change that. Audits that were held before it count
 * as earlier ones. A surveillance that concerns several certificates takes in what each of their cycles requires. An on-site or
 * recertification audit requires everything, together with the document audit of its application, which by itself requires only
 * the team's picks, as kinds without sampling do (an extra surveillance). */
int plan_for_audit(struct plan *out, const struct casefile *c, const struct audit *a, int32_t on) MUST_CHECK;
/* What the next surveillance must sample: of the planned one that is not held yet, else of the one that falls due; where none
 * falls due any more, but the cycle is not covered, of one that rule 1 still demands (due: DAY_NONE). ERR_MISSING: no certificate
 * is live, or no surveillance is left. */
int plan_next(struct plan *out, const struct casefile *c, int32_t on) MUST_CHECK;
/* {"case","certificate","audit","due","last","left","required":[{"clause","reasons":["decisive",…],"text"}],
 *  "required_departments":["D1",…],"required_directions":[…],"department_reasons":[{"department","reasons","text"}],
 *  "direction_reasons":[…],"proposal":[{"clause","department","direction","required"}],"followups":[record ids],
 *  "previous":[record ids],"sites":[{"similar","sites":[record ids],"visit":n}],"central":[record ids],"sample":bool};
 * text: the reasons in words that an auditor can read out. */
struct jv *plan_json(struct arena *a, const struct casefile *c, const struct plan *p);
enum required_what { REQUIRED_CLAUSE, REQUIRED_DEPARTMENT, REQUIRED_DIRECTION };
const struct required *plan_required(const struct plan *p, enum required_what what, size_t *len);
const struct required *plan_requires(const struct plan *p, enum required_what what, const char *name); /* NULL: it does not */
/* The reasons in words, in the chosen language, and as the words of the JSON. NULL: memory. */
const char *required_text(struct arena *a, const struct plan *p, const struct required *r, enum required_what what);
struct jv *reasons_json(struct arena *a, const struct required *r);

/* Service sites of one kind (domain.md §3): smallest k with denominator * k² >= numerator * n. The central function is always
 * visited besides. */
int64_t sites_to_visit(int64_t similar, int64_t numerator, int64_t denominator);

struct site_group { /* service sites that are similar; each without `similar` is a group of its own */
    const char *similar; /* NULL: of its own */
    const struct site **sites;
    size_t sites_len;
    int64_t visit;       /* how many of them */
};
/* The groups of a case and how many of each an audit of this kind visits; in the casefile's arena. Central sites stand in none. */
int site_groups(struct site_group **out, size_t *len, const struct casefile *c, const struct rules *rules, enum audit_kind kind)
    MUST_CHECK;
/* Man-days of the audit, in steps (rules.man_day_steps to a day): auditors (leader and team without experts; observers and
 * trainees stand elsewhere) times the days on site, rounded to the nearest step. Days on site are the audit's set `days`
 * ("2024-03-04", or with hours "2024-03-07/4"), else every day from start to end. `is_expert` tells of a person's link. */
int64_t man_days(const struct audit *a, const struct rules *rules, bool (*is_expert)(void *ctx, const char *person), void *ctx);

#endif
