/* The gates of the process, step by step: application, review, programme, audits, suspension, events and the registers. */
#include "check_parts.h"

#include <string.h>

#include "satchel/replica/needs.h"

/* ---- what several gates ask ---- */

const struct application *decision_application(const struct decision *d)
{
    return d->application ? d->application : d->audit ? d->audit->application : NULL;
}

const struct certificate *decision_certificate(const struct decision *d)
{
    const struct application *a = decision_application(d);
    if (d->certificate || (a && a->certificate)) return d->certificate ? d->certificate : a->certificate;
    return d->audit && d->audit->certificates_len ? d->audit->certificates[0] : NULL;
}

static bool meets_conditions(const struct application *a)
{
    return a->kind == APPLICATION_CHANGE || (a->legal_person == YES && a->no_violation == YES);
}

static bool all_six(const struct review *r)
{
    for (int i = 0; i < 6; i++)
        if (r->points[i] != YES) return false;
    return true;
}

const struct review *accepted_review(const struct casefile *c, const struct application *a, int32_t on)
{
    const struct review *last = NULL;
    for (size_t i = 0; i < c->reviews_len; i++) {
        const struct review *r = &c->reviews[i];
        if (r->application != a || r->conclusion == CONCLUSION_UNSET || r->date > on) continue;
        if (!last || r->date >= last->date) last = r;
    }
    return last && last->conclusion == CONCLUSION_ACCEPTED && all_six(last) && meets_conditions(a) ? last : NULL;
}

const struct decision *refusal_of(const struct casefile *c, const struct application *a, int32_t on)
{
    const struct decision *first = NULL;
    for (size_t i = 0; i < c->decisions_len; i++) {
        const struct decision *d = &c->decisions[i];
        if (!a || d->outcome != OUTCOME_REFUSE || d->date == DAY_NONE || d->date > on || decision_application(d) != a) continue;
        if (!first || d->date < first->date) first = d;
    }
    return first;
}

bool level_is_known(const struct scheme *s, int64_t level)
{
    const struct jv *levels = jv_get(s->json, "levels");
    for (size_t i = 0; levels && levels->type == JV_ARRAY && i < levels->len; i++)
        if (jv_get_int(levels->items[i], "value", -1) == level) return true;
    return false;
}

static bool direction_is_known(const struct scheme *s, const struct catalogue *c, const char *direction)
{
    const struct jv *list = jv_get(s->json, "directions");
    bool known = !list || list->type != JV_ARRAY || !list->len;
    for (size_t i = 0; !known && i < list->len; i++) {
        const char *value = jv_get_str(list->items[i], "value");
        known = value && strcmp(value, direction) == 0;
    }
    for (size_t i = 0; !known && i < c->len; i++)
        known = c->clauses[i].directions_len && clause_for_direction(&c->clauses[i], direction);
    return known;
}

/* "风险评估, 应急响应" */
static const char *direction_names(struct arena *a, const struct scheme *s)
{
    const struct jv *list = jv_get(s->json, "directions");
    const char *names = "";
    for (size_t i = 0; i < list->len && names; i++)
        names = arena_printf(a, "%s%s%s", names, *names ? ", " : "", jv_get_str(list->items[i], "value"));
    return names ? names : "";
}

/* One that is only mistyped takes its clauses out of the scope, which nobody would see otherwise. */
static void gate_directions(
    struct gates *k, const struct application *a, const struct scheme *scheme, const struct catalogue *catalogue)
{
    for (size_t i = 0; i < a->directions.len; i++)
        if (!direction_is_known(scheme, catalogue, a->directions.items[i]))
            gap_add(k->gaps, LACKS("6.1.1 (1)", a, "directions"), T("the scheme has no service direction '%s': it has %s"),
                a->directions.items[i], direction_names(k->arena, scheme));
}

/* 6.2.3: after a refusal going on needs a new application. */
static void gate_refused(struct gates *k, const struct application *a, const char *record, int32_t day)
{
    const struct decision *d = refusal_of(k->c, a, INT32_MAX);
    if (!d || day == DAY_NONE || day <= d->date) return;
    gap_add(k->gaps, GAP(.group = GAP_PROCESS, .rule = "6.2.3", .record = record, .field = "application"),
        T("its application was refused on %s: going on needs a new application"), day_text(k->arena, d->date));
}

/* ---- application, review, programme ---- */

/* The application is as it was made: what it lacks is told, and blocks its acceptance. */
static void gate_application(struct gates *k, const struct application *a)
{
    const struct catalogue *catalogue;
    const struct scheme *scheme = application_scheme(k->c, a, &catalogue);
    if (a->kind == APPLICATION_UNSET) gap_add(k->gaps, LACKS("6.1.1", a, "kind"), T("say what is applied for (kind)"));
    if (a->kind != APPLICATION_CHANGE && a->legal_person != YES)
        gap_add(k->gaps, LACKS("6.1.1 (3)", a, "legal_person"),
            a->legal_person == NO ? T("the applicant is no legal person registered in the PRC: it can't be accepted")
                                  : T("it is not confirmed that the applicant is a legal person registered in the PRC (legal_person)"));
    if (a->kind != APPLICATION_CHANGE && a->no_violation != YES)
        gap_add(k->gaps, LACKS("6.1.1 (3)", a, "no_violation"),
            a->no_violation == NO
                ? T("the applicant has a violation within %lld months before the application: it can't be accepted")
                : T("it is not confirmed that the applicant has no violation within %lld months before the application "
                    "(no_violation)"),
            (long long)scheme->rules.violation_window_months);
    if ((application_changes_certificate(a) || a->kind == APPLICATION_RECERTIFICATION) && !a->certificate)
        gap_add(k->gaps, LACKS("6.1.1", a, "certificate"), T("say which certificate it renews or changes (certificate)"));
    if (a->level && !level_is_known(scheme, a->level))
        gap_add(k->gaps, BREAKS("4", a, "level"),
            T("the scheme has no level %lld: choose one of its levels"), (long long)a->level);
    gate_directions(k, a, scheme, catalogue);
}

static const char *open_points(const struct gates *k, const struct review *r)
{
    const char *s = "";
    for (int i = 0; i < 6; i++)
        if (r->points[i] != YES && s) s = arena_printf(k->arena, "%s%sp%d", s, *s ? ", " : "", i + 1);
    return s ? s : "";
}

static void gate_review(struct gates *k, const struct review *r)
{
    const struct application *a = r->application;
    if (a && r->date != DAY_NONE && a->received != DAY_NONE && r->date < a->received)
        gap_add(k->gaps, BREAKS("6.1.2", r, "date"), T("it is dated before the application was received on %s: correct the day"),
            day_text(k->arena, a->received));
    if (r->conclusion != CONCLUSION_ACCEPTED) return;
    if (!all_six(r))
        gap_add(k->gaps, BREAKS("6.1.2", r, "conclusion"),
            T("an application is accepted only when all six points are met, %s are not: settle them first, or refuse it"),
            open_points(k, r));
    if (a && !meets_conditions(a))
        gap_add(k->gaps, BREAKS("6.1.1 (3)", r, "conclusion"),
            T("the applicant's conditions are not confirmed (legal_person, no_violation of %s): confirm them first, or refuse it"), a->id);
    gate_refused(k, a, r->id, r->date);
}

static void gate_programme(struct gates *k, const struct programme *p)
{
    if (!p->application && !p->certificate)
        gap_add(k->gaps, LACKS("6.1.3", p, "application"), T("say which application or certificate it is for"));
    if (p->application && !accepted_review(k->c, p->application, INT32_MAX))
        gap_add(k->gaps, BREAKS("6.1.3", p, "application"),
            T("a programme is made only after the application's review has accepted it: review %s first"), p->application->id);
    if (p->scheme && !schemes_get(k->c->schemes, p->scheme))
        gap_add(k->gaps, LACKS("scheme", p, "scheme"),
            T("its scheme %s is not known here: sync the register before relying on this check"),
            p->scheme);
}

/* ---- audits ---- */

/* The day on which the document audit of an application had passed; DAY_NONE: not yet. */
static int32_t documents_passed(const struct casefile *c, const struct application *a)
{
    int32_t day = DAY_NONE;
    for (size_t i = 0; i < c->audits_len; i++) {
        const struct audit *d = &c->audits[i];
        if (d->kind != AUDIT_DOCUMENT || d->application != a || d->result != RESULT_PASS || d->end == DAY_NONE) continue;
        if (day == DAY_NONE || d->end < day) day = d->end;
    }
    return day;
}

static void gate_onsite(struct gates *k, const struct audit *a)
{
    int32_t passed = documents_passed(k->c, a->application);
    if (!a->application) {
        gap_add(k->gaps, LACKS("6.2.2", a, "application"), T("say which application it is for (application)"));
    } else if (a->start == DAY_NONE) {
        return;
    } else if (passed == DAY_NONE) {
        gap_add(k->gaps, BREAKS("6.2.2", a, "start"),
            T("on site only after the document audit of the application has passed, which it has not: record its result and "
              "last day first, or leave the start open"));
    } else if (a->start < passed) {
        gap_add(k->gaps, BREAKS("6.2.2", a, "start"),
            T("on site from %s, but the document audit passed on %s only: start then or later"), day_text(k->arena, a->start),
            day_text(k->arena, passed));
    }
}

static bool asks_for(const struct event *e, const struct audit *a)
{
    const char *audit = e->record ? record_str(e->record, "audit") : NULL;
    if (e->extra_audit != YES || !e->reason) return false;
    return !audit || strcmp(audit, a->id) == 0;
}

static void gate_extra(struct gates *k, const struct audit *a)
{
    for (size_t i = 0; i < k->c->events_len; i++)
        if (asks_for(&k->c->events[i], a)) return;
    gap_add(k->gaps, BREAKS("6.3.1", a, "kind"),
        T("an extra surveillance needs an event that asks for it, with headquarters' reason: record the event first "
          "(extra_audit=yes, reason)"));
}

/* The day on which a certificate was withdrawn or cancelled; DAY_NONE: it was not. */
static int32_t ended_on(const struct casefile *c, const struct certificate *t, int32_t before)
{
    int32_t day = DAY_NONE;
    for (size_t i = 0; i < c->decisions_len; i++) {
        const struct decision *d = &c->decisions[i];
        bool ends = (d->outcome == OUTCOME_WITHDRAW || d->outcome == OUTCOME_CANCEL) && d->date != DAY_NONE && d->date < before;
        if (ends && decision_concerns(c, d, t) && (day == DAY_NONE || d->date < day)) day = d->date;
    }
    return day;
}

void gate_audit(struct gates *k, const struct audit *a)
{
    if (a->start != DAY_NONE && a->end != DAY_NONE && a->end < a->start)
        gap_add(k->gaps, BREAKS("6.1.3", a, "end"), T("it ends before it starts: correct one of the days"));
    if (a->kind == AUDIT_ONSITE) gate_onsite(k, a);
    if (a->kind == AUDIT_EXTRA) gate_extra(k, a);
    gate_refused(k, a->application, a->id, a->start);
    for (size_t i = 0; i < a->certificates_len && a->start != DAY_NONE; i++) {
        int32_t ended = ended_on(k->c, a->certificates[i], a->start);
        if (ended != DAY_NONE)
            gap_add(k->gaps, BREAKS("7.2", a, "certificates"),
                T("the certificate %s was cancelled or withdrawn on %s: no audit of it follows"), a->certificates[i]->id,
                day_text(k->arena, ended));
    }
}

/* ---- suspension ---- */

static const struct decision *restoration_of(const struct casefile *c, const struct suspension *s)
{
    for (size_t i = 0; i < c->decisions_len; i++) {
        const struct decision *d = &c->decisions[i];
        bool fits = d->outcome == OUTCOME_RESTORE && d->date != DAY_NONE && d->date >= s->from && d->date <= s->restored;
        if (fits && s->certificate && decision_concerns(c, d, s->certificate)) return d;
    }
    return NULL;
}

static void gate_restored(struct gates *k, const struct suspension *s)
{
    if (s->restored == DAY_NONE) return;
    if (s->verified == DAY_NONE || s->verified > s->restored)
        gap_add(k->gaps, BREAKS("7.2.4", s, "restored"),
            T("use may resume only when the measures are verified: record the verification first (verified)"));
    if (!restoration_of(k->c, s))
        gap_add(k->gaps, BREAKS("7.2.4", s, "restored"),
            T("use may resume only on a decision to restore, of that day or before: have it decided first"));
}

static void gate_suspension(struct gates *k, const struct suspension *s)
{
    const struct decision *d = s->decision;
    if (d && d->outcome != OUTCOME_SUSPEND)
        gap_add(k->gaps, BREAKS("7.2.3", s, "decision"), T("%s does not suspend: name the decision that does"), d->id);
    else if (d && s->certificate && !decision_concerns(k->c, d, s->certificate))
        gap_add(k->gaps, BREAKS("7.2.3", s, "decision"),
            T("%s is about another certificate: name the decision on this one"), d->id);
    if (d && d->date != DAY_NONE && s->from != DAY_NONE && s->from < d->date)
        gap_add(k->gaps, BREAKS("7.2.3", s, "from"), T("it begins before it was decided on %s: correct the day"),
            day_text(k->arena, d->date));
    if (s->certificate && s->from != DAY_NONE && s->until != DAY_NONE) {
        int64_t months = cycle_of(k->c, s->certificate, k->on).scheme->rules.suspension_max_months;
        int32_t latest = day_add_months(s->from, months);
        if (s->until > latest)
            gap_add(k->gaps, BREAKS("7.2.3", s, "until"), T("a suspension lasts %lld months at most: until %s at the latest"),
                (long long)months, day_text(k->arena, latest));
        if (s->until < s->from)
            gap_add(k->gaps, BREAKS("7.2.3", s, "until"), T("it ends before it begins: correct one of the days"));
    }
    gate_restored(k, s);
}

/* ---- events and the registers ---- */

static void gate_event(struct gates *k, const struct event *e)
{
    if (e->extra_audit != UNSET && !e->reason)
        gap_add(k->gaps, LACKS("6.3.1", e, "reason"),
            T("headquarters decides on an extra surveillance with a reason: write it (reason)"));
}

/* 9: told before, unless the law forbids it. */
static void gate_disclosure(struct gates *k, const struct fold_record *r)
{
    int32_t day = day_read(record_str(r, "date")), notified = day_read(record_str(r, "notified"));
    const char *exception = record_str(r, "legal_exception");
    if (day == DAY_NONE || (exception && *exception) || (notified != DAY_NONE && notified <= day)) return;
    gap_add(k->gaps, BREAKS("9", r, "notified"),
        T("the organisation is told before anything is disclosed: write when (notified), or which law forbids it "
          "(legal_exception)"));
}

static void gate_complaint(struct gates *k, const struct fold_record *r)
{
    const char *outcome = record_str(r, "outcome");
    if (!record_str(r, "closed") || (outcome && *outcome)) return;
    gap_add(k->gaps, LACKS("10", r, "outcome"), T("a complaint or appeal is closed with an outcome: write it (outcome)"));
}

static void gate_each(struct gates *k, const char *type, void (*gate)(struct gates *k, const struct fold_record *r))
{
    size_t len;
    const struct fold_record *const *records = casefile_records(k->c, type, &len);
    for (size_t i = 0; i < len; i++)
        if (records[i]->applied && records[i]->void_state != VOID) gate(k, records[i]);
}

/* ---- all of them ---- */

static const char *const gated[] = {"application", "application-review", "programme", "audit", "decision", "certificate",
    "suspension", "surveillance-info", "event", "complaint", "disclosure"};

bool gates_hold_for(const char *type)
{
    for (size_t i = 0; i < sizeof gated / sizeof *gated; i++)
        if (strcmp(gated[i], type) == 0) return true;
    return false;
}

/* What its form asks for and an administrative record lacks; of an audit that is told by its own check. */
static void gate_form(struct gates *k, const struct fold_record *r, const struct form *form)
{
    for (size_t i = 0; form && i < form->fields_len; i++) {
        const struct form_field *f = &form->fields[i];
        if (!form_field_missing(f, r) || gaps_have(k->gaps, r->id, f->name)) continue;
        gap_not_filled_in(k->gaps, GAP_PROCESS, r, form, f);
    }
}

/* What has been voided supports no decision and no certificate: these go first. Else a withdrawal could be undone by voiding
 * the certificate that it names. */
static void gate_links(struct gates *k, const struct fold_record *r, const struct form *form)
{
    if (strcmp(r->type, "decision") != 0 && strcmp(r->type, "certificate") != 0) return;
    for (size_t i = 0; form && i < form->fields_len; i++) {
        const struct form_field *f = &form->fields[i];
        const char *link = f->kind == FIELD_LINK ? record_str(r, f->name) : NULL;
        const struct fold_record *target = link ? fold_record(k->c->fold, k->c->name, link) : NULL;
        if (!target || !target->applied || target->void_state != VOID) continue;
        gap_add(k->gaps, GAP(.group = GAP_STATE, .rule = "link", .record = r->id, .field = f->name),
            T("'%s' leads to %s, which is voided: name another, or take it out"), label_text(&f->label), link);
    }
}

static void gate_filled_in(struct gates *k, const struct fold_record *r)
{
    const struct catalogue *catalogue;
    const struct form *form = scheme_form(k->c->schemes, casefile_scheme(k->c, &catalogue), r->type);
    if (strcmp(r->type, "audit") != 0) gate_form(k, r, form);
    gate_links(k, r, form);
}

#define EACH(list, gate)                                                                                             \
    for (size_t i = 0; i < c->list##_len; i++) gate(&k, &c->list[i])

int gates_case(struct gaps *out, const struct casefile *c, int32_t on, const struct outside *outside)
{
    static const struct outside nothing;
    struct gates k = {out, out->arena, c, on, outside ? outside : &nothing};
    EACH(applications, gate_application);
    EACH(reviews, gate_review);
    EACH(programmes, gate_programme);
    EACH(audits, gate_audit);
    EACH(decisions, gate_decision);
    EACH(certificates, gate_certificate);
    EACH(suspensions, gate_suspension);
    EACH(events, gate_event);
    gate_each(&k, "complaint", gate_complaint);
    gate_each(&k, "disclosure", gate_disclosure);
    for (size_t i = 0; i < sizeof gated / sizeof *gated; i++) gate_each(&k, gated[i], gate_filled_in);
    return gaps_error(out);
}
