/* What to do next with a record, by its type and state: the step of the process that follows, and the command that takes it. */
#include "cli.h"

#include <string.h>

static const struct {
    const char *type, *state;
    const char *step; /* %s: the record */
} steps[] = {
    {"application", "received", N_("fill it in, then review it: satchel new application-review application=%s")},
    {"application", "accepted", N_("plan its audits: satchel new programme application=%s, then satchel new audit kind=document")},
    {"application", "document-audit", N_("once the documents pass, the audit on site: satchel new audit kind=onsite application=%s")},
    {"application", "onsite-audit", N_("once the audit is submitted, somebody else decides: satchel new decision application=%s")},
    {"application", "granted", N_("contract fulfilled and fee paid: satchel set %s contract=fulfilled; then satchel new certificate")},
    {"audit", "planned", N_("what to sample, and why: satchel plan --audit %s")},
    {"audit", "under-way", N_("what is missing before leaving: satchel check --audit %s")},
    {"audit", "not-submitted", N_("what is missing: satchel check --audit %s; then satchel submit")},
    {"audit", "submitted", N_("somebody who did not audit decides: satchel new decision audit=%s")},
    {"finding", "open", N_("the auditee's answer: satchel set %s root_cause=… correction=… corrective_action=…")},
    {"finding", "overdue", N_("overdue; the answer, verified: satchel set %s verification=… closed=… closed_by=me")},
    {"finding", "to-verify", N_("verify and close it: satchel set %s verification=… closed=… closed_by=me")},
    {"finding", "noted", N_("its disposition at the next audit: satchel set %s followup=…")},
    {"suspension", "running", N_("once the measures are verified: satchel set %s verified=…; then satchel new decision outcome=restore")},
    {"suspension", "overdue", N_("verify the measures: satchel set %s verified=…; without that the certificate is to be withdrawn")},
    {"suspension", "verified", N_("decide on restoration: satchel new decision outcome=restore; then satchel set %s restored=…")},
    {"suspension", "over", N_("it was not remedied in time (%s): satchel new decision outcome=withdraw ground=not_remedied")},
};

const char *next_step(struct cli *c, const struct fold_record *r, const char *state)
{
    for (size_t i = 0; state && i < sizeof steps / sizeof *steps; i++)
        if (strcmp(steps[i].type, r->type) == 0 && strcmp(steps[i].state, state) == 0)
            return arena_printf(&c->arena, T(steps[i].step), r->id);
    return NULL;
}
