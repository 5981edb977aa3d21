/* The gates of a decision (6.2.3, 6.3.5, 7.2, 8) and of a certificate (7.1): what must stand before either, and who may not
 * decide. What a decision does not name yet is told and no more; it blocks the certificate. */
#include "check_parts.h"

#include <string.h>

/* ---- the audits that a decision rests on ---- */

/* Those of the engagement: the one it names, and all of its application. */
static bool is_engaged(const struct decision *d, const struct audit *a)
{
    const struct application *application = decision_application(d);
    return a == d->audit || (application && a->application == application);
}

/* The audit whose result is decided on: the one that is named, else the last of the application that is no document audit. */
static const struct audit *audit_of(const struct casefile *c, const struct decision *d)
{
    const struct audit *found = d->audit;
    for (size_t i = 0; !d->audit && d->application && i < c->audits_len; i++) {
        const struct audit *a = &c->audits[i];
        if (a->application != d->application || a->kind == AUDIT_DOCUMENT) continue;
        if (!found || a->end >= found->end) found = a;
    }
    return found;
}

static bool needs_audit(const struct decision *d)
{
    return d->outcome == OUTCOME_GRANT || d->outcome == OUTCOME_MAINTAIN || d->outcome == OUTCOME_RENEW;
}

/* 6.2.3, 6.3.5, 8: a certificate is granted on what was seen on site, not on papers alone. An extension or a change of level may
 * be merged with a surveillance. */
static bool can_rest_on(const struct decision *d, const struct audit *a)
{
    const struct application *p = decision_application(d);
    if (d->outcome == OUTCOME_GRANT) return p && application_changes_certificate(p) ? a->kind != AUDIT_DOCUMENT : a->kind == AUDIT_ONSITE;
    if (d->outcome == OUTCOME_RENEW) return a->kind == AUDIT_RECERTIFICATION || a->kind == AUDIT_ONSITE;
    return a->kind == AUDIT_SURVEILLANCE || a->kind == AUDIT_EXTRA || a->kind == AUDIT_RECERTIFICATION;
}

static void gate_ground(struct gates *k, const struct decision *d, const struct audit *a)
{
    const struct application *p = decision_application(d);
    if (!can_rest_on(d, a))
        gap_add(k->gaps, BREAKS("6.2.3", d, "outcome"),
            T("the audit %s is no ground for it: a certificate is granted on the on-site audit, renewed on the recertification "
              "audit, maintained on a surveillance"), a->id);
    if (p && a->application && a->application != p)
        gap_add(k->gaps, BREAKS("6.2.3", d, "application"), T("the audit %s is about another application, %s: decide on that one"), a->id,
            a->application->id);
}

/* As of the day of the decision, or today where it has none yet. */
static bool is_clean(struct gates *k, const struct audit *a, const struct decision *d)
{
    struct outside outside = *k->outside;
    bool clean;
    outside.bytes = NULL; /* re-hashed by the check that a person runs, not at every change */
    int rc = check_audit_clean(&clean, k->arena, k->c, a, d->date != DAY_NONE ? d->date : k->on, &outside);
    if (rc) k->gaps->error = rc;
    return clean;
}

static void gate_audited(struct gates *k, const struct decision *d)
{
    const struct audit *a = audit_of(k->c, d);
    if (a) gate_ground(k, d, a);
    if (!a && !d->application && !d->audit) {
        gap_add(k->gaps, LACKS("6.2.3", d, "audit"), T("say which audit or application it decides on"));
    } else if (!a) {
        gap_add(k->gaps, BREAKS("6.2.3", d, "audit"), T("the application has not been audited yet: audit it first"));
    } else if (a->end != DAY_NONE && d->date != DAY_NONE && d->date < a->end) {
        gap_add(k->gaps, BREAKS("6.2.3", d, "date"), T("the audit ends on %s, after the decision: decide then or later"),
            day_text(k->arena, a->end));
    } else if (!a->submitted) {
        gap_add(k->gaps, BREAKS("6.2.3", d, "audit"), T("the audit %s is not submitted: 'satchel submit --audit' first"), a->id);
    } else if (!is_clean(k, a, d)) {
        gap_add(k->gaps, BREAKS("6.2.3", d, "audit"),
            T("the audit %s has open gaps: close them first, 'satchel check --audit' tells"),
            a->id);
    } else if (a->result == RESULT_FAIL) {
        gap_add(k->gaps, BREAKS(a->kind == AUDIT_SURVEILLANCE ? "6.3.5" : "6.2.3", d, "outcome"),
            T("the audit %s has failed: refuse, suspend or withdraw instead"), a->id);
    }
}

/* ---- separation of duties ---- */

static bool has_audited(const struct audit *a, const char *person)
{
    if (a->leader && strcmp(person_id(a->leader), person) == 0) return true;
    for (size_t i = 0; i < a->team.len; i++)
        if (strcmp(person_id(a->team.items[i]), person) == 0) return true;
    return false;
}

static void gate_separated_from(struct gates *k, const struct decision *d, const char *person)
{
    for (size_t i = 0; person && i < k->c->audits_len; i++) {
        const struct audit *a = &k->c->audits[i];
        if (!is_engaged(d, a) || !has_audited(a, person)) continue;
        gap_add(k->gaps, BREAKS("6.2.3", d, "decided_by"),
            T("%s has audited in %s and must not decide on it: somebody else decides"), person, a->id);
        return;
    }
}

/* People of a decision who have been looked at. */
struct deciders {
    struct gates *k;
    const struct decision *d;
    struct texts seen;
    const char **items;
};

static void look_at(struct deciders *p, const char *person)
{
    if (!person || texts_have(&p->seen, person)) return;
    p->items[p->seen.len++] = person;
    gate_separated_from(p->k, p->d, person);
}

static void look_at_signer(struct deciders *p, const struct held *h)
{
    const struct outside *o = p->k->outside;
    if (h && o->person_of) look_at(p, person_id(o->person_of(o->ctx, h->entry->kit)));
}

/* Who decided: the person it names, whoever signed the entry that made it, and whoever has had a hand in what it decides, on
 * what and when: a decision can be turned to another audit afterwards. */
static void gate_separated(struct gates *k, const struct decision *d)
{
    static const char *const fields[] = {"outcome", "audit", "application", "certificate", "date", "decided_by", "waives"};
    size_t most = 2;
    if (!d->record) return;
    for (size_t i = 0; i < d->record->fields_len; i++) most += d->record->fields[i].heads_len;
    struct deciders p = {.k = k, .d = d, .items = arena_alloc(k->arena, most * sizeof *p.items)};
    if (!p.items) {
        k->gaps->error = ERR_ROAD;
        return;
    }
    p.seen.items = p.items;
    look_at(&p, person_id(record_str(d->record, "decided_by")));
    look_at_signer(&p, d->record->created);
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        const struct fold_field *f = record_field(d->record, fields[i]);
        for (size_t n = 0; f && n < f->heads_len; n++) look_at_signer(&p, f->heads[n].by);
    }
}

/* ---- outcome by outcome ---- */

static void gate_accepted(struct gates *k, const struct decision *d)
{
    const struct application *a = decision_application(d);
    const struct decision *refusal = refusal_of(k->c, a, d->date);
    if (!a) {
        gap_add(k->gaps, LACKS("6.1.2", d, "application"), T("say which application it decides on (application)"));
        return;
    }
    if (!accepted_review(k->c, a, d->date))
        gap_add(k->gaps, BREAKS("6.1.2", d, "application"),
            T("the review of application %s has not accepted it: review it first"), a->id);
    if (refusal)
        gap_add(k->gaps, BREAKS("6.2.3", d, "application"),
            T("its application was refused on %s: going on needs a new application"), day_text(k->arena, refusal->date));
}

/* Is the proposal to suspend that a major nonconformity makes answered: suspended then, or waived? */
static bool is_answered(const struct casefile *c, const struct finding *f)
{
    for (size_t i = 0; i < c->decisions_len; i++) {
        const struct decision *d = &c->decisions[i];
        if (d->audit != f->audit) continue;
        if (d->outcome == OUTCOME_SUSPEND) return true;
        if (d->waives && d->reason && (strcmp(d->waives, f->id) == 0 || strcmp(d->waives, f->audit->id) == 0)) return true;
    }
    return false;
}

static void gate_maintain(struct gates *k, const struct decision *d)
{
    for (size_t i = 0; d->audit && i < d->audit->findings_len; i++) {
        const struct finding *f = d->audit->findings[i];
        if (d->audit->kind == AUDIT_DOCUMENT || f->grade != GRADE_MAJOR || is_answered(k->c, f)) continue;
        gap_add(k->gaps, BREAKS("7.2.3 (4)", d, "waives"),
            T("the surveillance has the major nonconformity %s: suspend, or waive that with a reason (waives, reason)"), f->id);
    }
}

static int32_t latest_end(const struct gates *k, const struct certificate *t, const struct suspension *s, const struct decision *d)
{
    int32_t from = s && s->from != DAY_NONE ? s->from : d->date;
    return day_add_months(from, cycle_of(k->c, t, k->on).scheme->rules.suspension_max_months);
}

static void gate_restore(struct gates *k, const struct decision *d, const struct certificate *t)
{
    const struct suspension *s;
    const struct decision *by = certificate_suspended_by(k->c, t, d->date - 1, &s);
    if (certificate_state(k->c, t, d->date - 1) != CERTIFICATE_SUSPENDED || !by) {
        gap_add(k->gaps, BREAKS("7.2.4", d, "certificate"), T("%s was not suspended then: there is nothing to restore"), t->id);
        return;
    }
    if (!s || s->verified == DAY_NONE || s->verified > d->date)
        gap_add(k->gaps, BREAKS("7.2.4", d, "outcome"),
            T("restored only when the measures are verified: record that in the suspension first (verified)"));
    else if (s->verified > latest_end(k, t, s, by))
        gap_add(k->gaps, BREAKS("7.2.6 (2)", d, "outcome"),
            T("the measures were verified after the suspension's last day %s: the certificate is to be withdrawn"),
            day_text(k->arena, latest_end(k, t, s, by)));
}

static bool is_over(enum certificate_state s)
{
    return s == CERTIFICATE_CANCELLED || s == CERTIFICATE_WITHDRAWN;
}

/* 8, 7.2.1: before expiry, and the last surveillance passed. */
static void gate_renew(struct gates *k, const struct decision *d)
{
    const struct application *a = decision_application(d);
    const struct certificate *old = decision_certificate(d);
    if (!old) {
        gap_add(k->gaps, LACKS("8", d, "certificate"), T("say which certificate is renewed (certificate)"));
        return;
    }
    int32_t valid_to = certificate_valid_to(k->c, old);
    struct cycle y = cycle_of(k->c, old, d->date);
    const struct audit *last = cycle_last_surveillance(k->c, &y, d->date);
    if (valid_to != DAY_NONE && d->date > valid_to)
        gap_add(k->gaps, BREAKS("8", d, "date"),
            T("the certificate lapsed on %s: it can't be renewed any more, an initial certification follows"),
            day_text(k->arena, valid_to));
    if (certificate_state(k->c, old, d->date) == CERTIFICATE_SUSPENDED)
        gap_add(k->gaps, BREAKS("7.2.4", d, "certificate"), T("%s is suspended then: it is restored first, or withdrawn"), old->id);
    if (a && a->certificate && cycle_opened_by(k->c, a->certificate) != cycle_opened_by(k->c, old))
        gap_add(k->gaps, BREAKS("8", d, "certificate"), T("its application is about the certificate %s: renew that one"),
            a->certificate->id);
    if (last && last->result == RESULT_FAIL)
        gap_add(k->gaps, BREAKS("7.2.1", d, "certificate"), T("the last surveillance %s has failed: no renewal"), last->id);
}

static void gate_reason(struct gates *k, const struct decision *d, const char *rule)
{
    if (d->reason) return;
    gap_add(k->gaps, LACKS(rule, d, "reason"), T("it is told with its reasons: write them (reason)"));
}

/* On a certificate that is there: as it stood the day before. */
static void gate_on_certificate(struct gates *k, const struct decision *d, const struct certificate *t)
{
    enum certificate_state before = certificate_state(k->c, t, d->date - 1);
    if (before == CERTIFICATE_NOT_ISSUED) {
        gap_add(k->gaps, LACKS("7.2", d, "certificate"), T("%s was not issued before: complete it, or correct the day"), t->id);
        return;
    }
    if (is_over(before)) {
        gap_add(k->gaps, BREAKS("7.2", d, "certificate"),
            T("%s is cancelled or withdrawn: nothing follows on it but a new initial certification"), t->id);
        return;
    }
    if (d->outcome == OUTCOME_RESTORE) gate_restore(k, d, t);
    if (d->outcome == OUTCOME_SUSPEND && before != CERTIFICATE_VALID)
        gap_add(k->gaps, BREAKS("7.2.3", d, "certificate"),
            T("%s is not valid then, so it can't be suspended: look at its state first"), t->id);
    if (d->outcome == OUTCOME_REISSUE && before != CERTIFICATE_VALID)
        gap_add(k->gaps, BREAKS("7.2.2", d, "certificate"),
            T("%s is not valid then, so it can't be reissued: look at its state first"), t->id);
}

static void gate_cancel(struct gates *k, const struct decision *d)
{
    const char *requested = d->record ? record_str(d->record, "requested") : NULL;
    if (!d->record || requested) return;
    gap_add(k->gaps, BREAKS("7.2.5", d, "requested"),
        T("cancelled on the organisation's own request only: write when it asked (requested)"));
}

void gate_decision(struct gates *k, const struct decision *d)
{
    const struct certificate *t = decision_certificate(d);
    bool on_certificate = d->outcome != OUTCOME_GRANT && d->outcome != OUTCOME_REFUSE && d->outcome != OUTCOME_UNSET;
    gate_separated(k, d);
    if (d->date == DAY_NONE) return; /* told as missing by its form */
    if (needs_audit(d)) gate_audited(k, d);
    if (d->outcome == OUTCOME_GRANT || d->outcome == OUTCOME_RENEW) gate_accepted(k, d);
    if (d->outcome == OUTCOME_REFUSE) gate_reason(k, d, "6.2.3");
    if (d->outcome == OUTCOME_WITHDRAW) gate_reason(k, d, "7.2.6");
    if (d->outcome == OUTCOME_CANCEL) gate_cancel(k, d);
    if (d->outcome == OUTCOME_MAINTAIN) gate_maintain(k, d);
    if (d->outcome == OUTCOME_RENEW) gate_renew(k, d);
    if (on_certificate && t) gate_on_certificate(k, d, t);
    if (on_certificate && !t && d->outcome != OUTCOME_RENEW)
        gap_add(k->gaps, LACKS("7.2", d, "certificate"), T("say which certificate it is about (certificate)"));
}

bool decision_stops(const struct fold_record *r)
{
    static const char *const stops[] = {"refuse", "suspend", "withdraw", "cancel"};
    const char *outcome = strcmp(r->type, "decision") == 0 && r->void_state != VOID ? record_str(r, "outcome") : NULL;
    for (size_t i = 0; outcome && i < sizeof stops / sizeof *stops; i++)
        if (strcmp(outcome, stops[i]) == 0) return true;
    return false;
}

/* ---- certificates ---- */

static bool has_gap(const struct gates *k, const struct decision *d)
{
    for (size_t i = 0; i < k->gaps->len; i++)
        if (k->gaps->items[i].record == d->id && !k->gaps->items[i].missing) return true;
    return false;
}

static void gate_decided(struct gates *k, const struct certificate *t, const struct decision *d)
{
    const struct application *a = decision_application(d);
    bool issues = d->outcome == OUTCOME_GRANT || d->outcome == OUTCOME_RENEW || d->outcome == OUTCOME_REISSUE;
    if (!issues)
        gap_add(k->gaps, BREAKS("7.1", t, "decision"),
            T("%s does not grant, renew or reissue: a certificate needs one that does"), d->id);
    else if (t->issued != DAY_NONE && d->date != DAY_NONE && d->date > t->issued)
        gap_add(k->gaps, BREAKS("7.1", t, "issued"), T("issued before it was decided on %s: issue it then or later"),
            day_text(k->arena, d->date));
    if (issues && has_gap(k, d))
        gap_add(k->gaps, BREAKS("7.1", t, "decision"), T("the decision %s has open gaps: close them first"), d->id);
    if (a && a->kind != APPLICATION_CHANGE && a->contract != CONTRACT_FULFILLED)
        gap_add(k->gaps, BREAKS("7.1", t, "decision"),
            T("issued only when the contract is fulfilled: record that in application %s first (contract=fulfilled)"), a->id);
    /* A client that was certified before its case was kept here has no application on record. */
    if (!a && (d->outcome == OUTCOME_GRANT || d->outcome == OUTCOME_RENEW))
        gap_add(k->gaps,
            GAP(.group = GAP_PROCESS, .rule = "7.1", .record = t->id, .field = "decision", .missing = k->c->applications_len == 0),
            T("the decision %s names no application, so nothing shows that the contract is fulfilled: name it there"), d->id);
}

/* How far a certificate may reach: as applied for and audited, and one that goes on as far as the old one. Reissued it was not
 * audited anew, so it reaches no further. */
struct reach {
    const struct application *applied;  /* NULL: nothing was */
    const struct certificate *old;      /* NULL: none goes on */
};

static struct reach reach_of(const struct certificate *t, const struct decision *d)
{
    const struct application *a = decision_application(d);
    if (d->outcome == OUTCOME_REISSUE) return (struct reach){NULL, t->supersedes};
    return (struct reach){a, a && application_changes_certificate(a) ? t->supersedes : NULL};
}

static int64_t highest_level(const struct reach *r)
{
    int64_t applied = r->applied ? r->applied->level : 0, old = r->old ? r->old->level : 0;
    if (r->applied && r->applied->kind == APPLICATION_DOWNGRADE && applied) return applied;
    return applied > old ? applied : old;
}

static bool reaches(const struct reach *r, const char *direction)
{
    return (r->applied && texts_have(&r->applied->directions, direction)) || (r->old && texts_have(&r->old->directions, direction));
}

/* 7.1 (5). What is not known limits nothing: its lack is told elsewhere. */
static void gate_reach(struct gates *k, const struct certificate *t, const struct decision *d)
{
    struct reach r = reach_of(t, d);
    int64_t highest = highest_level(&r);
    bool known = (r.applied && r.applied->directions.len) || (r.old && r.old->directions.len);
    if (highest && t->level > highest)
        gap_add(k->gaps, BREAKS("7.1 (5)", t, "level"), T("only level %lld was applied for or certified before: a higher one is applied "
            "for and audited first"), (long long)highest);
    for (size_t i = 0; known && i < t->directions.len; i++)
        if (!reaches(&r, t->directions.items[i]))
            gap_add(k->gaps, BREAKS("7.1 (5)", t, "directions"),
                T("the direction '%s' was neither applied for nor certified before: it is applied for and audited first"),
                t->directions.items[i]);
}

/* Reissued for a cycle that goes on: it keeps the days of the old one. */
static void gate_continued(struct gates *k, const struct certificate *t, const struct certificate *old)
{
    if (t->valid_from != DAY_NONE && t->valid_from != old->valid_from)
        gap_add(k->gaps, BREAKS("7.2.2", t, "valid_from"),
            T("a reissued certificate is valid from the same day as the old one, %s"),
            day_text(k->arena, old->valid_from));
    if (old->returned == DAY_NONE && (!t->record || !record_str(t->record, "returned")))
        gap_add(k->gaps, LACKS("7.2.2", t, "returned"),
            T("the old certificate %s is not taken back yet: record when it is (returned)"),
            old->id);
}

static void gate_renewed(struct gates *k, const struct certificate *t, const struct certificate *old)
{
    int32_t valid_to = certificate_valid_to(k->c, old);
    if (t->issued != DAY_NONE && valid_to != DAY_NONE && t->issued > valid_to)
        gap_add(k->gaps, BREAKS("8", t, "issued"), T("issued after the old one lapsed on %s: an initial certification follows"),
            day_text(k->arena, valid_to));
    if (t->valid_from == DAY_NONE || valid_to == DAY_NONE || t->valid_from == valid_to + 1) return;
    gap_add(k->gaps, BREAKS("7.2.1", t, "valid_from"),
        T("a renewed certificate is valid from the day after the old one ends, %s"),
        day_text(k->arena, valid_to + 1));
}

static void gate_following(struct gates *k, const struct certificate *t, const struct decision *d)
{
    const struct certificate *old = t->supersedes;
    bool first = d->outcome == OUTCOME_GRANT && !(d->application && application_changes_certificate(d->application));
    if (first) {
        bool kept = old && t->initial == old->initial;
        if (t->initial != DAY_NONE && t->issued != DAY_NONE && t->initial != t->issued && !kept)
            gap_add(k->gaps, BREAKS("7.1 (6)", t, "initial_date"),
                T("the initial date of a first certificate is its issue date, %s"),
                day_text(k->arena, t->issued));
        if (t->valid_from != DAY_NONE && t->issued != DAY_NONE && t->valid_from < t->issued)
            gap_add(k->gaps, BREAKS("7.1 (6)", t, "valid_from"), T("valid before it is issued on %s: correct one of the days"),
                day_text(k->arena, t->issued));
        return;
    }
    if (!old) {
        gap_add(k->gaps, LACKS("7.2", t, "supersedes"), T("say which certificate it takes the place of (supersedes)"));
        return;
    }
    const struct certificate *named = decision_certificate(d);
    if (named && cycle_opened_by(k->c, named) != cycle_opened_by(k->c, old))
        gap_add(k->gaps, BREAKS("7.2", t, "supersedes"), T("it takes the place of %s, but what was decided is about %s: name that one"),
            old->id, named->id);
    if (t->initial != DAY_NONE && t->initial != old->initial)
        gap_add(k->gaps, BREAKS("7.1 (6)", t, "initial_date"), T("the initial date stays that of the old certificate, %s"),
            day_text(k->arena, old->initial));
    if (d->outcome == OUTCOME_RENEW)
        gate_renewed(k, t, old);
    else
        gate_continued(k, t, old);
}

static bool share_direction(const struct certificate *t, const struct certificate *u)
{
    if (!t->directions.len || !u->directions.len) return true;
    for (size_t i = 0; i < t->directions.len; i++)
        if (texts_have(&u->directions, t->directions.items[i])) return true;
    return false;
}

/* Several certificates of one decision are for different directions: made once more, one would outlive its withdrawal. */
static void gate_twins(struct gates *k, const struct certificate *t)
{
    for (size_t i = 0; i < k->c->certificates_len; i++) {
        const struct certificate *u = &k->c->certificates[i];
        if (u == t || u->decision != t->decision || !share_direction(t, u)) continue;
        gap_add(k->gaps, BREAKS("7.1", t, "number"),
            T("on the decision %s the certificate %s stands already for the same direction: correct that one"), t->decision->id, u->id);
        return;
    }
}

static bool runs_in_circle(const struct casefile *c, const struct certificate *t)
{
    const struct certificate *u = t->supersedes;
    for (size_t i = 0; i < c->certificates_len && u && u != t; i++) u = u->supersedes;
    return u == t;
}

void gate_certificate(struct gates *k, const struct certificate *t)
{
    const struct scheme *scheme = cycle_of(k->c, t, k->on).scheme;
    if (t->level && !level_is_known(scheme, t->level))
        gap_add(k->gaps, BREAKS("4", t, "level"),
            T("the scheme has no level %lld: choose one of its levels"), (long long)t->level);
    if (runs_in_circle(k->c, t))
        gap_add(k->gaps, BREAKS("7.2", t, "supersedes"),
            T("it takes the place of one that takes its own: correct one of them"));
    if (!t->decision) { /* it is not issued until then */
        gap_add(k->gaps,
            GAP(.group = GAP_PROCESS, .rule = "7.1", .record = t->id, .field = "decision",
                .missing = k->c->applications_len == 0 || t->issued == DAY_NONE),
            T("issued only on a decision that grants, renews or reissues it: name that (decision)"));
        return;
    }
    gate_decided(k, t, t->decision);
    gate_twins(k, t);
    gate_reach(k, t, t->decision);
    gate_following(k, t, t->decision);
}
