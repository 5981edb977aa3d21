/* Sampling (6.3.4, 6.2.2): what the plan requires and no sample covers, and samples that do not count as they stand. A clause
 * that has a sample with a gap of its own is not told besides. */
#include "check_parts.h"

#include <string.h>

/* ---- samples that do not count as they stand ---- */

static bool counts(const struct check *k, const struct sample *s)
{
    if (s->conflict || !sample_has_evidence(k, s)) return false;
    return s->result < GRADE_NA || (s->result == GRADE_NA && s->na_approved);
}

/* One key space for three kinds of names: "c" clause, "d" department, "r" direction. */
static int mark(struct check *k, char kind, const char *name)
{
    const char *key = name ? arena_printf(k->arena, "%c%s", kind, name) : NULL;
    if (!name) return 0;
    return key ? map_put(&k->pending, key, (void *)key) : ERR_ROAD;
}

/* The direction that a sample stands for: its own, or the only one that its clause is about. */
static const char *direction_of(const struct check *k, const char *clause, const char *direction)
{
    const struct clause *about = direction ? NULL : catalogue_clause(k->catalogue, clause);
    return about && about->directions_len == 1 ? about->directions[0] : direction;
}

static int mark_place(struct check *k, const char *clause, const struct department *d, const char *direction)
{
    int rc = mark(k, 'c', clause);
    if (rc == 0 && d) rc = mark(k, 'd', d->code ? d->code : d->id);
    return rc || !clause ? rc : mark(k, 'r', direction_of(k, clause, direction));
}

/* A finding that rests on no sample stands for what it names itself. */
static int mark_all(struct check *k)
{
    int rc = 0;
    for (size_t i = 0; i < k->a->samples_len && rc == 0; i++) {
        const struct sample *s = k->a->samples[i];
        if (!counts(k, s)) rc = mark_place(k, s->clause, s->department, s->direction);
    }
    for (size_t i = 0; i < k->a->findings_len && rc == 0; i++) {
        const struct finding *f = k->a->findings[i];
        if (f->samples_len == 0 && (f->evidence == 0 || f->conflict)) rc = mark_place(k, f->clause, f->department, NULL);
    }
    return rc;
}

static bool is_open(const struct check *k, char kind, const struct coverage_list *list, const char *name)
{
    const char *key = arena_printf(k->arena, "%c%s", kind, name);
    bool covered = kind == 'c' ? coverage_has_clause(&k->coverage, name) : coverage_has(list, name); /* a pick may not apply */
    return !covered && key && !map_get(&k->pending, key);
}

/* ---- why something is required ---- */

static const char *reasons(const struct check *k, const struct required *r, enum required_what what)
{
    const char *s = required_text(k->arena, &k->plan, r, what);
    return s ? s : "";
}

static const char *rule_of(const struct check *k, unsigned why, const char *otherwise)
{
    const char *s = arena_printf(k->arena, "6.3.4%s%s%s%s", why & WHY_LAST ? " (1)" : "", why & WHY_DECISIVE ? " (2)" : "",
        why & WHY_PREVIOUS ? " (3)" : "", why & WHY_PICKED ? " (4)" : "");
    bool sampled = why & (WHY_LAST | WHY_DECISIVE | WHY_PREVIOUS | WHY_PICKED);
    return sampled && s ? s : otherwise;
}

static const char *rule_of_all(const struct check *k)
{
    return k->a->kind == AUDIT_RECERTIFICATION ? "8" : k->a->kind == AUDIT_ONSITE ? "6.2.2" : "6.3.4";
}

static const char *department_named(const struct check *k, const char *code)
{
    for (size_t i = 0; i < k->c->departments_len; i++) {
        const struct department *d = &k->c->departments[i];
        if (strcmp(d->code ? d->code : d->id, code) == 0) return department_text(k->arena, d);
    }
    return code;
}

/* "sample it and attach evidence; decisive: …" */
static void require(struct check *k, const char *rule, const char *subject, const char *what, const char *why)
{
    const char *common = arena_printf(k->arena, "%s%s%s", what, text_language_now() == LANGUAGE_ZH ? "；" : "; ", why);
    gap_about(k->gaps, GAP(.group = GAP_SITE, .rule = rule, .record = k->a->id), subject, common ? common : what);
}

static void check_required(struct check *k)
{
    const struct plan *p = &k->plan;
    for (size_t i = 0; i < p->clauses_len; i++) {
        const struct required *r = &p->clauses[i];
        if (!is_open(k, 'c', &k->coverage.clauses, r->name)) continue;
        require(k, rule_of(k, r->why, rule_of_all(k)), clause_text(k->arena, k->catalogue, r->name),
            T("to be sampled, with evidence"), reasons(k, r, REQUIRED_CLAUSE));
    }
    for (size_t i = 0; i < p->departments_len; i++) {
        const struct required *r = &p->departments[i];
        if (!is_open(k, 'd', &k->coverage.departments, r->name)) continue;
        require(k, rule_of(k, r->why, rule_of_all(k)), department_named(k, r->name),
            T("department to be visited, with a sample and its evidence"), reasons(k, r, REQUIRED_DEPARTMENT));
    }
    for (size_t i = 0; i < p->directions_len; i++) {
        const struct required *r = &p->directions[i];
        if (!is_open(k, 'r', &k->coverage.directions, r->name)) continue;
        require(k, r->why & WHY_LAST ? "6.3.3" : rule_of_all(k), scheme_label(k->scheme, "directions", r->name),
            T("service direction to be sampled, with evidence"), reasons(k, r, REQUIRED_DIRECTION));
    }
}

/* ---- samples as they stand ---- */

static const char *place_text(const struct check *k, const struct sample *s)
{
    const char *clause = s->clause ? clause_text(k->arena, k->catalogue, s->clause) : "?";
    if (!s->department) return clause;
    const char *t = arena_printf(k->arena, "%s / %s", clause, department_text(k->arena, s->department));
    return t ? t : clause;
}

static void check_sample(struct check *k, const struct sample *s)
{
    struct gap like = {.group = GAP_SITE, .rule = "6.3.4", .record = s->id, .field = "result"};
    if (k->a->kind == AUDIT_ONSITE) like.rule = "6.2.2";
    if (s->conflict) return; /* told with the conflicts */
    if (s->result == GRADE_NOT_AUDITED) {
        gap_about(k->gaps, &like, place_text(k, s), T("not audited; audit it, or void the sample with a reason"));
        return;
    }
    if (s->result == GRADE_NA && !s->na_approved) {
        like.field = "na_approved na_reason";
        gap_about(k->gaps, &like, place_text(k, s),
            T("not applicable, which is not approved; write why (na_reason), and the leader approves it (na_approved)"));
    }
    like.field = "evidence";
    if (!sample_has_evidence(k, s))
        gap_about(k->gaps, &like, place_text(k, s), T("no evidence; take it and attach it to the sample"));
}

static void check_problem(struct check *k, const struct sample *s)
{
    if (s->conflict || !is_problem(s->result) || map_get(&k->rests, s->id)) return;
    gap_about(k->gaps, GAP(.group = GAP_FINDINGS, .rule = "6.2.3", .record = s->id, .field = "finding"), place_text(k, s),
        T("a nonconforming sample without a finding; write the finding and add the sample to it (samples+=)"));
}

static bool tells_its_source(const struct sample *s)
{
    return s->resampled != UNSET || (s->record && record_str(s->record, "from"));
}

/* 6.2.2: what the document audit saw is verified on site, and drawn anew where necessary. Where no sample says a word of it,
 * nothing shows that; to ask it of every one would be asking for ticks. */
static void check_resampled(struct check *k)
{
    if (k->a->kind != AUDIT_ONSITE || k->a->samples_len == 0) return;
    for (size_t i = 0; i < k->a->samples_len; i++)
        if (tells_its_source(k->a->samples[i])) return;
    gap_add(k->gaps, GAP(.group = GAP_FIELDS, .rule = "6.2.2", .record = k->a->id, .field = "resampled"),
        T("no sample says that evidence of the document audit was verified (from), or whether it was drawn anew (resampled)"));
}

/* ---- 6.2.2: technical capability, on finished and on ongoing projects ---- */

static bool has_project(const struct check *k, const char *direction, const char *project)
{
    for (size_t i = 0; i < k->a->samples_len; i++) {
        const struct sample *s = k->a->samples[i];
        if (!s->clause || !s->project || strcmp(s->project, project) != 0) continue;
        const struct clause *clause = catalogue_clause(k->catalogue, s->clause);
        const char *own = direction_of(k, s->clause, s->direction);
        if (clause && clause->directions_len && own && strcmp(own, direction) == 0) return true;
    }
    return false;
}

static bool has_technical_clause(const struct check *k, const char *direction)
{
    for (size_t i = 0; i < k->catalogue->len; i++) {
        const struct clause *c = &k->catalogue->clauses[i];
        if (!c->group && c->directions_len && clause_for_direction(c, direction)) return true;
    }
    return false;
}

static void check_projects(struct check *k)
{
    const struct texts *directions = &k->a->directions;
    if (directions->len == 0 && k->a->application) directions = &k->a->application->directions;
    if (k->a->kind != AUDIT_ONSITE && k->a->kind != AUDIT_RECERTIFICATION) return;
    for (size_t i = 0; i < directions->len; i++) {
        const char *d = directions->items[i], *name = scheme_label(k->scheme, "directions", d);
        if (!has_technical_clause(k, d)) continue;
        if (!has_project(k, d, "finished"))
            gap_about(k->gaps, GAP(.group = GAP_SITE, .rule = "6.2.2 (3)", .record = k->a->id), name,
                T("no finished project was sampled; sample a technical clause on one (project=finished)"));
        if (!has_project(k, d, "ongoing"))
            gap_about(k->gaps, GAP(.group = GAP_SITE, .rule = "6.2.2 (3)", .record = k->a->id), name,
                T("no ongoing project was sampled; sample a technical clause on one (project=ongoing)"));
    }
}

int check_sampling(struct check *k)
{
    int rc = mark_all(k);
    if (rc) return rc;
    check_required(k);
    for (size_t i = 0; i < k->a->samples_len; i++) {
        check_sample(k, k->a->samples[i]);
        check_problem(k, k->a->samples[i]);
    }
    check_resampled(k);
    check_projects(k);
    return gaps_error(k->gaps);
}
