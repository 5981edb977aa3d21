/* In what state a record is on a day, in one word (domain.md §1, records.md): worked out from the records, never stored. */
#ifndef SATCHEL_SCHEME_STATUS_H
#define SATCHEL_SCHEME_STATUS_H

#include "satchel/scheme/cycle.h"

struct status {
    const char *code;    /* "suspended", "submitted", …; NULL: the record has no state */
    const char *words;   /* the same in the chosen language */
    struct jv *computed; /* object of what follows from the records: "valid_to", "days_late", … by type; NULL: nothing */
};

/* Of application, programme, audit, finding, certificate or suspension; of a decision only what is computed. *out lives in the
 * casefile's arena. */
int record_status(struct status *out, const struct casefile *c, const struct fold_record *r, int32_t on) MUST_CHECK;
bool type_has_status(const char *type);

#endif
