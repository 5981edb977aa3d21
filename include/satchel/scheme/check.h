/* What is missing or breaks a rule across the records of a case, and what to do about it (domain.md §1, §3, §4): before an
 * audit's team leaves the site, and at each step of the process. Pure functions of the records, a day and what `outside`
 * tells. Nothing here changes or refuses a record: what has arrived stays, is told, and blocks the later step. */
#ifndef SATCHEL_SCHEME_CHECK_H
#define SATCHEL_SCHEME_CHECK_H

#include "satchel/scheme/cycle.h"

/* Where a gap is closed; in the order in which a team does it. */
enum gap_group {
    GAP_SITE,     /* only here, on site: sample, visit, meet, collect evidence */
    GAP_FINDINGS, /* findings, and the disposition of those of the previous audit */
    GAP_FIELDS,   /* at the desk: what is to be written into the records */
    GAP_STATE,    /* conflicts to settle, entries and evidence to wait for, links that lead nowhere */
    GAP_PROCESS   /* a gate of the process: headquarters, reviewer or decider */
};
#define GAP_GROUPS (GAP_PROCESS + 1)

/* Rule of the gap that submitting once more closes: the audit was submitted on two kits at once. */
#define GAP_SUBMIT "submit"

struct gap {
    enum gap_group group;
    const char *rule;   /* clause of the scheme, "6.3.4 (2)"; or what of the state is wrong: "conflict", "evidence", "entries",
                           "link", "form", "scheme", "submit" */
    const char *record; /* that is to be mended, borrowed */
    const char *field;  /* of it, or several with blanks between; NULL where it is none */
    const char *text;   /* what is wrong and what to do, in the chosen language; in the arena */
    const char *subject, *common; /* the parts of a text "subject: common", so that several subjects can be told at once;
                                     NULLs where it has no such parts */
    bool missing;       /* only not filled in yet: told, but no reason to refuse the record */
};

struct gaps {
    struct gap *items; /* in the order found; by group once gaps_sort has run */
    size_t len, cap;
    struct arena *arena;
    int error;         /* sticks */
};

void gaps_init(struct gaps *g, struct arena *a);
void gaps_sort(struct gaps *g); /* by group; within one the order stays */
int gaps_error(const struct gaps *g) MUST_CHECK;
const char *gap_group_text(enum gap_group group); /* heading, in the chosen language */
/* [{"rule","record","text"}] */
struct jv *gaps_json(struct arena *a, const struct gaps *g);

enum bytes_state { BYTES_HELD, BYTES_AWAITED, BYTES_DAMAGED };

/* What the records of a case do not tell. Each function may be NULL: then nothing that needs it is told. */
struct outside {
    const char *(*person_of)(void *ctx, const char *kit);                         /* id of a kit's person; NULL: not known */
    int (*bytes)(void *ctx, const struct fold_record *evidence, enum bytes_state *out); /* a hub that holds them counts */
    void *ctx;
};

/* All that is missing before the team leaves the site, the gates of the audit itself included; no gap twice. Gaps are added
 * to *out. `outside` may be NULL. */
int check_audit(struct gaps *out, const struct casefile *c, const struct audit *a, int32_t on, const struct outside *outside)
    MUST_CHECK;
/* Whether it would find nothing. */
int check_audit_clean(bool *clean, struct arena *arena, const struct casefile *c, const struct audit *a, int32_t on,
    const struct outside *outside) MUST_CHECK;
/* The gates of the process, for every record of the case that is not a fact from the field. */
int gates_case(struct gaps *out, const struct casefile *c, int32_t on, const struct outside *outside) MUST_CHECK;
/* Is it a type whose records have gates, so that the kit's own change of one is refused where it breaks one? Facts from the
 * field (samples, findings, evidence, meetings, sites, departments) never are. */
bool gates_hold_for(const char *type);
/* The first gap of `after` that refuses and does not stand in `before`: what a change has broken. Of the record `only` alone
 * where that is given. NULL: nothing. */
const struct gap *gaps_broken(const struct gaps *before, const struct gaps *after, const char *only);
/* Is it a decision that refuses, suspends, withdraws or cancels? Nothing that was planned or done since may hold that up: it
 * is recorded whatever it makes of other records, which are told and block the later step. */
bool decision_stops(const struct fold_record *r);

/* Entries about the audit and what belongs to it (voids too) that came after it was submitted, record by record; in the
 * casefile's arena. None where it is not submitted. */
int audit_later_entries(const struct held *const **out, size_t *len, const struct casefile *c, const struct audit *a)
    MUST_CHECK;
/* {kit: {"seq","entry"}}: the case's heads as they are now, for `submitted_heads`. */
int audit_heads(struct jv **out, struct arena *a, struct fold *f, const char *case_name) MUST_CHECK;

#endif
