/* What a record's form asks for and the record does not have: gaps of check, never a reason to refuse it.
 *
 * A field is given when one of its values says something: a text that is blank does not, a set needs a member. Of values
 * in conflict each counts, so that what is open asks for more rather than for less. */
#ifndef SATCHEL_REPLICA_NEEDS_H
#define SATCHEL_REPLICA_NEEDS_H

#include "satchel/replica/fold.h"
#include "satchel/replica/form.h"

bool form_field_given(const struct form_field *f, const struct fold_record *r);
/* Required always, or because all its conditions hold for this record. */
bool form_field_required(const struct form_field *f, const struct fold_record *r);
bool form_field_missing(const struct form_field *f, const struct fold_record *r); /* required, and not given */

#endif
