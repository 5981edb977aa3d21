/* What falls due in a case, is overdue, or is proposed (domain.md §2; scheme 6.3.1, 6.3.2, 7.2, 8): a pure function of the
 * records and a day. Records dated after that day are not known yet; what is done is absent. */
#ifndef SATCHEL_SCHEME_CALENDAR_H
#define SATCHEL_SCHEME_CALENDAR_H

#include "satchel/scheme/cycle.h"

enum due_what {
    DUE_SURVEILLANCE,        /* by 6.3.1, merged: the earliest among the organisation's live certificates, but for what fell
                                due before this one was issued; an item for each of them */
    DUE_SURVEILLANCE_INFO,   /* of each planned surveillance of a live certificate that has none yet; where the case has no
                                certificate on file, of each */
    DUE_RENEWAL_APPLICATION,
    DUE_RECERTIFICATION,     /* audit and reissue before expiry */
    DUE_VALID_TO,
    DUE_SUSPENSION_END,      /* planned end, else the usual one; not beyond the maximum */
    DUE_SUSPENSION_MAX,
    DUE_FINDING,             /* a nonconformity's due date, known from its audit's start until it is closed */
    DUE_INTERVAL_WARNING,    /* the interval runs out inside the exempt year */
    DUE_SUSPEND,             /* proposals: `due` is the first day on which they stand */
    DUE_WITHDRAWAL,          /* one for a certificate, on the ground that came first */
    DUE_LAPSE                /* of what expired, until it is superseded, withdrawn or cancelled */
};

enum due_state { STATE_UPCOMING, STATE_DUE, STATE_OVERDUE, STATE_PROPOSED };

struct due {
    enum due_what what;
    const struct certificate *certificate; /* NULL: none is concerned */
    const char *record;                    /* finding, audit or suspension it comes from; NULL: the certificate itself */
    int32_t due;                           /* the last day on which it is still in time; of a proposal see above */
    const char *rule;                      /* clause of the scheme, "7.2.6 (1)" */
    int64_t remind_days;                   /* of the scheme that governs it */
};

/* Sorted by day, then what, then certificate and record; in the casefile's arena. */
int calendar(struct due **out, size_t *len, const struct casefile *c, int32_t on) MUST_CHECK;
enum due_state due_state(const struct due *d, int32_t on);
const char *due_word(enum due_what what);        /* "surveillance", "suspension-max", … as in records.md */
const char *due_state_word(enum due_state state);

/* The whole calendar over all days, for an index that is asked about many cases at once: an item and the days (from … to, both
 * included; to INT32_MAX: without end) on which `calendar` gives it. */
struct due_span {
    struct due item;
    int32_t from, to;
};
int calendar_spans(struct due_span **out, size_t *len, const struct casefile *c) MUST_CHECK;

#endif
