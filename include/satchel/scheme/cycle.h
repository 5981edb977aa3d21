/* Certificates and the cycles that they open (domain.md §2; scheme 6.3.1, 7.2, 8).
 *
 * A cycle begins with a certificate that was granted or renewed and goes on through those that were reissued for it
 * (`supersedes`), whose end stays that of the first. All of this is as of a day: records of later days are not known yet. */
#ifndef SATCHEL_SCHEME_CYCLE_H
#define SATCHEL_SCHEME_CYCLE_H

#include "satchel/scheme/casefile.h"

enum certificate_state {
    CERTIFICATE_NOT_ISSUED, /* issued later, or never: no decision of that day or before grants, renews or reissues it */
    CERTIFICATE_NOT_YET_VALID,
    CERTIFICATE_VALID,
    CERTIFICATE_SUSPENDED,
    CERTIFICATE_REPLACED,   /* by one that was reissued, or renewed and is valid by then */
    CERTIFICATE_EXPIRED,
    CERTIFICATE_CANCELLED,
    CERTIFICATE_WITHDRAWN
};

/* By the decisions of that day or before, and its dates; on one day withdraw > cancel > suspend > restore > maintain. What was
 * withdrawn or cancelled stays so, as the first of these decisions says. A decision concerns the certificate it names, else those of its audit, and with it the
 * whole cycle. */
enum certificate_state certificate_state(const struct casefile *c, const struct certificate *t, int32_t on);
/* The day before valid_from + validity; where that day was clamped, the clamped day. A reissued one ends as the one it
 * supersedes. DAY_NONE while valid_from is not known. */
int32_t certificate_valid_to(const struct casefile *c, const struct certificate *t);
bool decision_concerns(const struct casefile *c, const struct decision *d, const struct certificate *t);
/* The first decision to suspend it since it was restored, if ever, and its details; NULLs where there is none. A suspension
 * during another one prolongs nothing. */
const struct decision *certificate_suspended_by(const struct casefile *c, const struct certificate *t, int32_t on,
    const struct suspension **details);

struct cycle {
    const struct certificate *opened_by; /* granted or renewed */
    const struct certificate *current;   /* the last one issued for it by that day */
    const struct programme *programme;   /* that pins its scheme; or NULL */
    const struct scheme *scheme;
    const struct catalogue *catalogue;
    int number;          /* from 1: how many were renewed before it */
    int32_t issued;      /* of opened_by, while that is not known of current: surveillance counts from it */
    int32_t valid_from, valid_to;
    int exempt_year;     /* that of the recertification audit's end, else that of expiry; one only */
    int64_t level;       /* of current */
    struct texts directions;
};

/* The certificate that opened the cycle of this one; of two in one cycle it is the same. */
const struct certificate *cycle_opened_by(const struct casefile *c, const struct certificate *t);
/* The cycle that a certificate belongs to, as of a day. */
struct cycle cycle_of(const struct casefile *c, const struct certificate *t, int32_t on);
/* Is its current certificate live: not yet valid, valid or suspended? */
bool cycle_is_live(const struct casefile *c, const struct cycle *y, int32_t on);
/* Cycles whose current certificate is live (not yet valid, valid or suspended) on that day, earliest award first; in the
 * casefile's arena. */
int cycles_live(struct cycle **out, size_t *len, const struct casefile *c, int32_t on) MUST_CHECK;
/* The scheme of the case where no cycle is open: that of the programme of the highest cycle that names one, else of the
 * application received last that does, else what ships. */
const struct scheme *casefile_scheme(const struct casefile *c, const struct catalogue **catalogue);
/* The scheme that an application is handled by: that of its newest programme, else its own; NULL application: of the case. */
const struct scheme *application_scheme(
    const struct casefile *c, const struct application *a, const struct catalogue **catalogue);

/* Is it about a certificate that is there: an extension, a change of level, or of the certificate itself? */
bool application_changes_certificate(const struct application *a);

/* Was the audit held by that day? It has ended, and was submitted, has a result or a decision. */
bool audit_held(const struct casefile *c, const struct audit *a, int32_t on);
/* Does it concern this cycle: it names one of its certificates, or none at all, and ends within it? */
bool audit_in_cycle(const struct casefile *c, const struct cycle *y, const struct audit *a);
/* Does it count as a surveillance for the clock: one, or an extra one whose four points of 6.3.4 are all there? */
bool audit_resets_clock(const struct audit *a);
/* The last surveillance of the cycle held by that day; NULL: none yet. */
const struct audit *cycle_last_surveillance(const struct casefile *c, const struct cycle *y, int32_t on);
/* When the next surveillance is due at the latest after `previous` (DAY_NONE: none yet): 6.3.1. DAY_NONE: none is due any
 * more in this cycle. *warning: the day on which the interval runs out inside the exempt year, where it only warns; else
 * DAY_NONE. */
int32_t cycle_next_surveillance(const struct cycle *y, int32_t previous, int32_t *warning);

#endif
