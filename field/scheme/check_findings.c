/* A finding's life (domain.md §4): what it must have by the time the team leaves, what by the time it is closed, and the
 * disposition of the previous audit's findings. */
#include "check_parts.h"

static const char *subject_of(const struct check *k, const struct finding *f)
{
    const char *clause = f->clause ? clause_text(k->arena, k->catalogue, f->clause) : "?";
    const char *s = arena_printf(k->arena, T("finding on %s"), clause);
    return s ? s : clause;
}

static void lacks(struct check *k, const struct finding *f, const char *field, const char *common)
{
    gap_about(k->gaps, GAP(.group = GAP_FINDINGS, .rule = "6.2.3", .record = f->id, .field = field, .missing = true),
        subject_of(k, f), common);
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
    if (!f->root_cause) lacks(k, f, "root_cause", T("closed without a root cause; write it (root_cause)"));
    if (!f->correction) lacks(k, f, "correction", T("closed without a correction; write it (correction)"));
    if (!f->corrective_action)
        lacks(k, f, "corrective_action", T("closed without a corrective action; write it (corrective_action)"));
    if (!f->verification) lacks(k, f, "verification", T("closed without verification; write how it was verified (verification)"));
}

static void check_nonconformity(struct check *k, const struct finding *f)
{
    bool confirmed = f->confirmed_by && f->confirmed != DAY_NONE;
    if (!confirmed && !f->objection)
        lacks(k, f, "confirmed_by confirmed",
            T("not confirmed by the auditee; write job title and day (confirmed_by, confirmed), or the objection (objection)"));
    if (f->due == DAY_NONE) lacks(k, f, "due", T("no day by which it is to be corrected; agree on one (due)"));
    check_closed(k, f);
}

static void check_ofi(struct check *k, const struct finding *f)
{
    struct gap like = {.group = GAP_FINDINGS, .rule = "6.2.3", .record = f->id, .field = "grade"};
    bool parts = f->root_cause || f->correction || f->corrective_action || f->verification || f->due != DAY_NONE;
    bool carries = false;
    for (size_t i = 0; i < f->samples_len; i++) carries = carries || is_nonconformity(f->samples[i]->result);
    if (carries)
        gap_about(k->gaps, &like, subject_of(k, f),
            T("an opportunity for improvement resting on a nonconforming sample; grade it as a nonconformity, or take the sample out"));
    else if (parts)
        gap_about(k->gaps, &like, subject_of(k, f),
            T("an opportunity for improvement with what only a nonconformity has (cause, correction, due day); grade it as "
              "one, or clear them"));
}

static void check_finding(struct check *k, const struct finding *f)
{
    if (!f->clause) lacks(k, f, "clause", T("names no clause; say which one it is about (clause)"));
    if (!f->fact) lacks(k, f, "fact", T("no fact; write time, place, job title and detail (fact)"));
    if (!has_evidence(f))
        gap_about(k->gaps, GAP(.group = GAP_SITE, .rule = "6.2.3", .record = f->id, .field = "evidence"), subject_of(k, f),
            T("no evidence, of its own or of its samples; take it and attach it"));
    if (f->conflict) return; /* told with the conflicts */
    if (f->grade == GRADE_UNSET) lacks(k, f, "grade", T("no grade; set it (grade)"));
    if (is_nonconformity(f->grade)) check_nonconformity(k, f);
    if (f->grade == GRADE_OFI) check_ofi(k, f);
}

static void check_followup(struct check *k, const struct finding *f)
{
    if (f->followup) return;
    gap_about(k->gaps,
        GAP(.group = GAP_FINDINGS, .rule = "6.3.4 ①", .record = f->id, .field = "followup", .missing = true), subject_of(k, f),
        T("of the previous audit, without disposition; look at its measures and write what came of them (followup)"));
}

void check_findings(struct check *k)
{
    for (size_t i = 0; i < k->a->findings_len; i++) check_finding(k, k->a->findings[i]);
    for (size_t i = 0; i < k->plan.followups_len; i++) check_followup(k, k->plan.followups[i]);
}
