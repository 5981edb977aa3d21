/* Before the team leaves the site: what an audit still lacks, put together from the parts of the check. */
#include "check_parts.h"

#include <string.h>

bool held_on_site(const struct audit *a)
{
    if (a->kind == AUDIT_ONSITE || a->kind == AUDIT_RECERTIFICATION) return true;
    return (a->kind == AUDIT_SURVEILLANCE || a->kind == AUDIT_EXTRA) && a->mode != MODE_DOCUMENT && a->mode != MODE_OTHER;
}

bool sample_has_evidence(const struct check *k, const struct sample *s)
{
    const struct finding *f = map_get(&k->rests, s->id);
    return s->evidence > 0 || (f && f->evidence > 0);
}

/* Which finding rests on which sample; where several do, one that has evidence. */
static int find_rests(struct check *k)
{
    int rc = 0;
    for (size_t i = 0; i < k->a->findings_len; i++) {
        const struct finding *f = k->a->findings[i];
        for (size_t n = 0; n < f->samples_len && rc == 0; n++) {
            const struct finding *before = map_get(&k->rests, f->samples[n]->id);
            if (!before || before->evidence == 0) rc = map_put(&k->rests, f->samples[n]->id, (void *)f);
        }
    }
    return rc;
}

/* What the audit has to do and has done. A document audit samples nothing: it holds self-assessments against the clauses. */
static int find_plan(struct check *k)
{
    int rc = coverage_of_audit(&k->coverage, k->c, k->a, k->on);
    k->scheme = k->coverage.scope.scheme;
    k->catalogue = k->coverage.scope.catalogue;
    if (rc || k->a->kind == AUDIT_DOCUMENT || k->a->kind == AUDIT_UNSET) return rc;
    return plan_for_audit(&k->plan, k->c, k->a, k->on);
}

/* The records are looked at last, field by field: that costs most. */
static int check_parts(struct check *k)
{
    struct gates gates = {k->gaps, k->arena, k->c, k->on, k->outside};
    int rc = check_sampling(k);
    check_sites(k);
    check_findings(k);
    check_audit_fields(k);
    check_document_audit(k);
    if (rc == 0 && !(k->whether && k->gaps->len)) rc = check_state(k);
    gate_audit(&gates, k->a);
    return rc ? rc : gaps_error(k->gaps);
}

static int check(struct check *k)
{
    static const struct outside nothing;
    k->arena = k->gaps->arena;
    if (!k->outside) k->outside = &nothing;
    map_init(&k->rests);
    map_init(&k->pending);
    int rc = find_plan(k);
    if (rc == 0) rc = find_rests(k);
    if (rc == 0) rc = check_parts(k);
    map_release(&k->rests);
    map_release(&k->pending);
    return rc;
}

int check_audit(struct gaps *out, const struct casefile *c, const struct audit *a, int32_t on, const struct outside *outside)
{
    return check(&(struct check){.gaps = out, .c = c, .a = a, .on = on, .outside = outside});
}

int check_audit_clean(bool *clean, struct arena *arena, const struct casefile *c, const struct audit *a, int32_t on, const struct outside *outside)
{
    struct gaps gaps;
    gaps_init(&gaps, arena);
    int rc = check(&(struct check){.gaps = &gaps, .c = c, .a = a, .on = on, .outside = outside, .whether = true});
    *clean = rc == 0 && gaps.len == 0;
    return rc;
}
