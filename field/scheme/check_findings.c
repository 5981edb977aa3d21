/* A finding's life (domain.md §4): what it must have by the time the team leaves, what by the time it is closed, and the
 * disposition of the previous audit's findings. */
#include "check_parts.h"

static const char *finding_text(const struct check *k, const struct finding *f)
{
    return f->clause ? clause_text(k->arena, k->catalogue, f->clause) : "?";
}

static void lacks(struct check *k, const struct finding *f, const char *field, const char *format)
{
    gap_add(k->gaps,
        GAP(.group = GAP_FINDINGS, .rule = "6.2.3", .record = f->id, .field = field, .missing = true), format,
        finding_text(k, f));
}

static bool has_evidence(const struct finding *f)
{
    bool found = f->evidence > 0;
    for (size_t i = 0; i < f->samples_len; i++) found = found || f->samples[i]->evidence > 0;
    return found;
}

static void check_closed(struct check *k, const struct finding *f)
{
    if (f->closed == DAY_NONE) return;
    if (!f->root_cause) lacks(k, f, "root_cause", T("the finding on %s is closed without a root cause (root_cause)"));
    if (!f->correction) lacks(k, f, "correction", T("the finding on %s is closed without a correction (correction)"));
    if (!f->corrective_action)
        lacks(k, f, "corrective_action", T("the finding on %s is closed without a corrective action (corrective_action)"));
    if (!f->verification) lacks(k, f, "verification", T("the finding on %s is closed without verification (verification)"));
}

static void check_nonconformity(struct check *k, const struct finding *f)
{
    bool confirmed = f->confirmed_by && f->confirmed != DAY_NONE;
    if (!confirmed && !f->objection)
        lacks(k, f, f->confirmed_by ? "confirmed" : "confirmed_by",
            T("the finding on %s is not confirmed by the auditee: write job title and day (confirmed_by, confirmed), or "
              "the objection"));
    if (f->due == DAY_NONE) lacks(k, f, "due", T("the finding on %s has no day by which it is to be corrected (due)"));
    check_closed(k, f);
}

static void check_ofi(struct check *k, const struct finding *f)
{
    struct gap like = {.group = GAP_FINDINGS, .rule = "6.2.3", .record = f->id, .field = "grade"};
    bool parts = f->root_cause || f->correction || f->corrective_action || f->verification || f->due != DAY_NONE;
    bool carries = false;
    for (size_t i = 0; i < f->samples_len; i++) carries = carries || is_nonconformity(f->samples[i]->result);
    if (carries)
        gap_add(k->gaps, &like,
            T("the opportunity for improvement on %s rests on a nonconforming sample: grade it as a nonconformity, or "
              "take the sample out"),
            finding_text(k, f));
    else if (parts)
        gap_add(k->gaps, &like,
            T("the opportunity for improvement on %s has what only a nonconformity has (cause, correction, due day): "
              "grade it as one, or clear them"),
            finding_text(k, f));
}

static void check_finding(struct check *k, const struct finding *f)
{
    if (!f->clause)
        gap_add(k->gaps,
            GAP(.group = GAP_FINDINGS, .rule = "6.2.3", .record = f->id, .field = "clause", .missing = true),
            T("the finding names no clause: say which one it is about (clause)"));
    if (!f->fact) lacks(k, f, "fact", T("the finding on %s has no fact: time, place, job title, detail (fact)"));
    if (!has_evidence(f))
        gap_add(k->gaps, GAP(.group = GAP_SITE, .rule = "6.2.3", .record = f->id, .field = "evidence"),
            T("the finding on %s has no evidence, of its own or of its samples: attach it"), finding_text(k, f));
    if (f->conflict) return; /* told with the conflicts */
    if (f->grade == GRADE_UNSET) lacks(k, f, "grade", T("the finding on %s has no grade (grade)"));
    if (is_nonconformity(f->grade)) check_nonconformity(k, f);
    if (f->grade == GRADE_OFI) check_ofi(k, f);
}

static void check_followup(struct check *k, const struct finding *f)
{
    if (f->followup) return;
    gap_add(k->gaps, GAP(.group = GAP_FINDINGS, .rule = "6.3.4 ①", .record = f->id, .field = "followup", .missing = true),
        T("the previous audit's finding on %s has no disposition yet: look at its measures and write what came of them "
          "(followup)"),
        finding_text(k, f));
}

void check_findings(struct check *k)
{
    for (size_t i = 0; i < k->a->findings_len; i++) check_finding(k, k->a->findings[i]);
    for (size_t i = 0; i < k->plan.followups_len; i++) check_followup(k, k->plan.followups[i]);
}
