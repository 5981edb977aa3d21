/* Where the team must have been, and what stands in the audit's own record: sites (6.2.2, domain.md §3), dates, leader, the
 * four points of 6.3.4, picks, meetings; the six checks of a document audit (6.2.1). */
#include "check_parts.h"

#include <string.h>

static void missing(struct check *k, const char *rule, const char *field, const char *text)
{
    gap_add(k->gaps, GAP(.group = GAP_FIELDS, .rule = rule, .record = k->a->id, .field = field, .missing = true), "%s", text);
}

/* ---- sites ---- */

static const char *site_text(const struct site *s)
{
    return s->name ? s->name : s->id;
}

static bool is_visited(const struct audit *a, const struct site *s)
{
    return texts_have(&a->site_ids, s->id);
}

static bool has_sample_at(const struct audit *a, const struct site *s)
{
    for (size_t i = 0; i < a->samples_len; i++) {
        const struct sample *sample = a->samples[i];
        if (sample->result == GRADE_NOT_AUDITED) continue;
        if (sample->site == s || (!sample->site && a->sites_len == 1)) return true;
    }
    return false;
}

/* Service sites of one kind: enough of them, or a reason. */
static void check_group(struct check *k, const struct site_group *g)
{
    size_t visited = 0;
    for (size_t i = 0; i < g->sites_len; i++) visited += is_visited(k->a, g->sites[i]);
    if ((int64_t)visited >= g->visit || k->a->sites_reason || g->sites_len == 0) return;
    gap_add(k->gaps, GAP(.group = GAP_SITE, .rule = "6.2.2", .record = k->a->id),
        T("of %zu service sites like %s at least %lld are visited, so far %zu: add them to the audit, or write why not "
          "(sites_reason)"),
        g->sites_len, site_text(g->sites[0]), (long long)g->visit, visited);
}

static void check_groups(struct check *k)
{
    struct site_group *groups;
    size_t len = 0;
    int rc = site_groups(&groups, &len, k->c, &k->scheme->rules, k->a->kind);
    if (rc) k->gaps->error = rc;
    for (size_t i = 0; rc == 0 && i < len; i++) check_group(k, &groups[i]);
}

static void check_site(struct check *k, const struct site *s)
{
    if (is_visited(k->a, s)) {
        if (!has_sample_at(k->a, s))
            gap_about(k->gaps, GAP(.group = GAP_SITE, .rule = "6.2.2", .record = s->id), site_text(s),
                T("nothing was sampled at this site; record a sample there"));
    } else if (s->kind == SITE_OFFICE) {
        gap_about(k->gaps, GAP(.group = GAP_SITE, .rule = "6.2.2", .record = s->id), site_text(s),
            T("an office that is not among the audit's sites, and all offices are; add it (sites+=) and sample there"));
    } else if (s->central) {
        gap_about(k->gaps, GAP(.group = GAP_SITE, .rule = "6.2.2", .record = s->id), site_text(s),
            T("it has the central function, which is always visited; add it (sites+=) and sample there"));
    }
}

void check_sites(struct check *k)
{
    bool all = held_on_site(k->a) && k->a->kind != AUDIT_EXTRA;
    for (size_t i = 0; all && i < k->c->sites_len; i++) check_site(k, &k->c->sites[i]);
    if (all) check_groups(k);
    if (all && k->c->sites_len == 0)
        gap_add(k->gaps, GAP(.group = GAP_SITE, .rule = "6.2.2", .record = k->a->id, .field = "sites"),
            T("the case has no site yet: record the offices and service sites, and which of them the audit visits"));
}

/* ---- meetings ---- */

static const struct meeting *meeting_of(const struct audit *a, const char *kind)
{
    const struct meeting *found = NULL;
    for (size_t i = 0; i < a->meetings_len; i++) {
        const struct meeting *m = a->meetings[i];
        if (m->kind && strcmp(m->kind, kind) == 0 && (!found || (!found->attendance && m->attendance))) found = m;
    }
    return found;
}

static void check_meeting(struct check *k, const char *kind, const char *none, const char *nobody)
{
    const struct meeting *m = meeting_of(k->a, kind);
    struct gap like = {.group = GAP_SITE, .rule = "6.2.2", .record = m ? m->id : k->a->id, .field = m ? "attendance" : NULL};
    if (k->a->kind != AUDIT_ONSITE) like.rule = k->a->kind == AUDIT_RECERTIFICATION ? "8" : "6.3.4";
    if (!m)
        gap_add(k->gaps, &like, "%s", none);
    else if (!m->attendance)
        gap_add(k->gaps, &like, "%s", nobody);
}

/* ---- the audit's own fields ---- */

static void check_surveillance(struct check *k)
{
    const struct audit *a = k->a;
    if (!a->followup_measures)
        missing(k, "6.3.4 ①", "followup_measures",
            T("write what was done about the nonconformities and observations of the previous audit (followup_measures)"));
    if (!a->followup_complaints)
        missing(k, "6.3.4 ②", "followup_complaints", T("write how complaints were handled (followup_complaints)"));
    if (!a->effectiveness)
        missing(k, "6.3.4 ③", "effectiveness",
            T("write how effective service management and capability are for the client's objectives (effectiveness)"));
    if (!a->changes) missing(k, "6.3.4 ④", "changes", T("write what has changed, or that nothing has (changes)"));
    if (a->picks.len == 0 && !a->picks_none)
        missing(k, "6.3.4 (4)", "picks_none",
            T("name the clauses that the team holds important (picks+=), or write why there are none (picks_none)"));
    if (a->mode == MODE_UNSET) missing(k, "6.3.1", "mode", T("say how the surveillance is done: documents, on site or other (mode)"));
}

void check_audit_fields(struct check *k)
{
    const struct audit *a = k->a;
    if (a->start == DAY_NONE) missing(k, "6.1.3", "start", T("the first day of the audit is missing (start)"));
    if (a->end == DAY_NONE) missing(k, "6.1.3", "end", T("the last day of the audit is missing (end)"));
    if (!a->leader) missing(k, "6.1.3", "leader", T("the team leader is missing (leader)"));
    if (a->result == RESULT_UNSET)
        missing(k, "6.2.3", "result", T("the audit's conclusion is missing: pass or fail (result)"));
    if (a->mode == MODE_OTHER && !a->mode_reason)
        missing(k, "6.3.1 (3)", "mode_reason", T("other methods only where necessary: write why (mode_reason)"));
    if (a->kind == AUDIT_SURVEILLANCE) check_surveillance(k);
    if (!held_on_site(a)) return;
    check_meeting(k, "opening", T("no opening meeting is recorded: record it with its attendance"),
        T("the opening meeting has no attendance: write who attended, or attach the sheet and say so (attendance)"));
    check_meeting(k, "closing", T("no closing meeting is recorded: hold it and record it with its attendance"),
        T("the closing meeting has no attendance: write who attended, or attach the sheet and say so (attendance)"));
}

/* ---- the document audit ---- */

static const struct self_assessment *assessment_of(const struct casefile *c, const struct application *a, const char *clause)
{
    const struct self_assessment *found = NULL;
    for (size_t i = 0; i < c->self_assessments_len; i++) {
        const struct self_assessment *s = &c->self_assessments[i];
        bool here = s->application == a && s->clause && strcmp(s->clause, clause) == 0 && s->result;
        if (here && (!found || s->evidence > found->evidence)) found = s;
    }
    return found;
}

static void check_assessment(struct check *k, const struct application *a, const struct clause *clause)
{
    const struct self_assessment *s = assessment_of(k->c, a, clause->id);
    struct gap like = {.group = GAP_FINDINGS, .rule = "6.2.1", .record = s ? s->id : a->id};
    const char *name = clause_text(k->arena, k->catalogue, clause->id);
    if (!s)
        gap_about(k->gaps, &like, name, T("not self-assessed; ask the applicant for it"));
    else if (s->evidence == 0 && strcmp(s->result, "na") != 0)
        gap_about(k->gaps, &like, name, T("self-assessed without evidence; ask the applicant for it and attach it"));
}

static const struct {
    const char *field, *rule, *text;
} six[] = {
    {"doc_basic", "6.2.1 (1)", N_("legal status, finance, premises, people and track record are not judged yet (doc_basic)")},
    {"doc_running_time", "6.2.1 (2)", N_("publication of the policies against the running time is not judged yet (doc_running_time)")},
    {"doc_policies", "6.2.1 (3)", N_("the content of the policies is not judged yet (doc_policies)")},
    {"doc_scope", "6.2.1 (4)", N_("coverage of the scope applied for is not judged yet (doc_scope)")},
    {"doc_execution", "6.2.1 (5)", N_("evidence of execution is not judged yet (doc_execution)")},
    {"doc_technical", "6.2.1 (6)", N_("evidence of technical capability is not judged yet (doc_technical)")},
};

static void check_six(struct check *k)
{
    for (size_t i = 0; i < sizeof six / sizeof *six && k->a->record; i++) {
        const char *verdict = record_str(k->a->record, six[i].field);
        if (!verdict)
            missing(k, six[i].rule, six[i].field, T(six[i].text));
        else if (strcmp(verdict, "fail") == 0 && k->a->result == RESULT_PASS)
            gap_add(k->gaps,
                GAP(.group = GAP_FIELDS, .rule = six[i].rule, .record = k->a->id, .field = six[i].field),
                T("the document audit can't pass while '%s' is not fulfilled: ask for what is lacking, or conclude fail"),
                six[i].field);
    }
}

void check_document_audit(struct check *k)
{
    const struct application *a = k->a->application;
    if (k->a->kind != AUDIT_DOCUMENT) return;
    check_six(k);
    if (!a) {
        missing(k, "6.2.1", "application", T("say which application the document audit is about (application)"));
        return;
    }
    for (size_t i = 0; i < k->catalogue->len; i++) {
        const struct clause *c = &k->catalogue->clauses[i];
        if (clause_applies(c, a->level, a->directions.items, a->directions.len)) check_assessment(k, a, c);
    }
}
