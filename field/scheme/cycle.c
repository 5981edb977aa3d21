/* Certificates' life and the cycles they open. Nothing is stored: each answer is worked out from the decisions and dates
 * of a casefile, as of a day. */
#include "satchel/scheme/cycle.h"

#include <stdlib.h>
#include <string.h>

/* ---- the certificates of one cycle ---- */

bool application_changes_certificate(const struct application *a)
{
    return a && (a->kind == APPLICATION_EXTENSION || a->kind == APPLICATION_UPGRADE || a->kind == APPLICATION_DOWNGRADE ||
                    a->kind == APPLICATION_CHANGE);
}

/* Is it issued in place of the one that it supersedes, so that the cycle goes on? */
static bool continues(const struct certificate *t)
{
    const struct decision *d = t->decision;
    if (!t->supersedes || !d) return false;
    return d->outcome == OUTCOME_REISSUE || (d->outcome == OUTCOME_GRANT && application_changes_certificate(d->application));
}

/* Links that run in a circle are cut short. */
const struct certificate *cycle_opened_by(const struct casefile *c, const struct certificate *t)
{
    if (t->first) return t->first;
    for (size_t i = 0; i < c->certificates_len && continues(t); i++) t = t->supersedes;
    return t;
}

static bool is_issued(const struct certificate *t, int32_t on)
{
    const struct decision *d = t->decision;
    bool grants = d && (d->outcome == OUTCOME_GRANT || d->outcome == OUTCOME_RENEW || d->outcome == OUTCOME_REISSUE);
    return grants && d->date != DAY_NONE && d->date <= on && t->issued != DAY_NONE && t->issued <= on;
}

static bool is_reissued(const struct casefile *c, const struct certificate *t, int32_t on)
{
    for (size_t i = 0; i < c->certificates_len; i++) {
        const struct certificate *u = &c->certificates[i];
        if (u->supersedes == t && u != t && continues(u) && is_issued(u, on)) return true;
    }
    return false;
}

/* The last one issued for a cycle of which none has been issued in its place. */
static const struct certificate *current_of(const struct casefile *c, const struct certificate *first, int32_t on)
{
    const struct certificate *current = first;
    for (size_t i = 0; i < c->certificates_len; i++) {
        const struct certificate *t = &c->certificates[i];
        if (t == first || cycle_opened_by(c, t) != first || !is_issued(t, on) || is_reissued(c, t, on)) continue;
        if (current == first || t->issued >= current->issued) current = t;
    }
    return current;
}

static const struct scheme *scheme_of(
    const struct casefile *c, const struct programme *p, const struct application *a, const struct catalogue **catalogue)
{
    const struct scheme *s = p && p->scheme ? schemes_get(c->schemes, p->scheme) : NULL;
    if (!s && a && a->scheme) s = schemes_get(c->schemes, a->scheme);
    if (!s) s = schemes_get(c->schemes, NULL);
    *catalogue = p && p->catalogue ? schemes_catalogue(c->schemes, p->catalogue) : NULL;
    if (!*catalogue) *catalogue = &s->catalogue;
    return s;
}

/* The programme of a cycle: it names one of its certificates, else the application that led to it. The one of the highest
 * number, the last of these. */
static const struct programme *programme_of(const struct casefile *c, const struct certificate *first)
{
    const struct application *a = first->decision ? first->decision->application : NULL;
    const struct programme *found = NULL;
    for (size_t i = 0; i < c->programmes_len; i++) {
        const struct programme *p = &c->programmes[i];
        bool here = p->certificate ? cycle_opened_by(c, p->certificate) == first : a && p->application == a;
        if (here && (!found || p->cycle >= found->cycle)) found = p;
    }
    return found;
}

static const struct scheme *scheme_of_certificate(
    const struct casefile *c, const struct certificate *first, const struct catalogue **catalogue)
{
    return scheme_of(c, programme_of(c, first), first->decision ? first->decision->application : NULL, catalogue);
}

int32_t certificate_valid_to(const struct casefile *c, const struct certificate *t)
{
    const struct catalogue *catalogue;
    const struct certificate *first = cycle_opened_by(c, t);
    int64_t months = scheme_of_certificate(c, first, &catalogue)->rules.validity_months;
    if (first->valid_from == DAY_NONE) return DAY_NONE;
    return day_add_months(first->valid_from, months) - !day_is_clamped(first->valid_from, months);
}

/* ---- state ---- */

static bool among(const struct casefile *c, const struct audit *a, const struct certificate *first)
{
    for (size_t i = 0; i < a->certificates_len; i++)
        if (cycle_opened_by(c, a->certificates[i]) == first) return true;
    return false;
}

bool decision_concerns(const struct casefile *c, const struct decision *d, const struct certificate *t)
{
    const struct certificate *first = cycle_opened_by(c, t);
    if (d->certificate) return cycle_opened_by(c, d->certificate) == first;
    return d->audit && among(c, d->audit, first);
}

static bool is_decided(const struct casefile *c, const struct decision *d, const struct certificate *t, int32_t on)
{
    return d->date != DAY_NONE && d->date <= on && decision_concerns(c, d, t);
}

/* The decision that ended it: the first one, on one day the withdrawal. */
static const struct decision *ended_by(const struct casefile *c, const struct certificate *t, int32_t on)
{
    const struct decision *end = NULL;
    for (size_t i = 0; i < c->decisions_len; i++) {
        const struct decision *d = &c->decisions[i];
        if ((d->outcome != OUTCOME_WITHDRAW && d->outcome != OUTCOME_CANCEL) || !is_decided(c, d, t, on)) continue;
        if (!end || d->date < end->date || (d->date == end->date && d->outcome == OUTCOME_WITHDRAW)) end = d;
    }
    return end;
}

/* Whatever is decided on the day of a restoration, a suspension of that day goes before it. */
static bool is_suspended_on(const struct casefile *c, const struct certificate *t, int32_t day)
{
    for (size_t i = 0; i < c->decisions_len; i++) {
        const struct decision *d = &c->decisions[i];
        if (d->outcome == OUTCOME_SUSPEND && d->date == day && decision_concerns(c, d, t)) return true;
    }
    return false;
}

static int32_t last_restoration(const struct casefile *c, const struct certificate *t, int32_t on)
{
    int32_t last = DAY_NONE;
    for (size_t i = 0; i < c->decisions_len; i++) {
        const struct decision *d = &c->decisions[i];
        if (d->outcome == OUTCOME_RESTORE && d->date > last && is_decided(c, d, t, on)) last = d->date;
    }
    return last;
}

/* The last day by then on which it was restored. */
static int32_t restored_on(const struct casefile *c, const struct certificate *t, int32_t on)
{
    int32_t last = last_restoration(c, t, on);
    while (last != DAY_NONE && is_suspended_on(c, t, last)) last = last_restoration(c, t, last - 1);
    return last;
}

/* The first suspension since it was restored: those after it prolong nothing. */
static const struct decision *suspended_by(const struct casefile *c, const struct certificate *t, int32_t on)
{
    const struct decision *first = NULL;
    int32_t restored = restored_on(c, t, on);
    for (size_t i = 0; i < c->decisions_len; i++) {
        const struct decision *d = &c->decisions[i];
        if (d->outcome != OUTCOME_SUSPEND || d->date <= restored || !is_decided(c, d, t, on)) continue;
        if (!first || d->date < first->date) first = d;
    }
    return first;
}

/* Has another one taken the place of it by then: reissued in its cycle, or renewed and valid? */
static bool is_replaced(const struct casefile *c, const struct certificate *t, int32_t on)
{
    const struct certificate *first = cycle_opened_by(c, t);
    if (current_of(c, first, on) != t) return true;
    for (size_t i = 0; i < c->certificates_len; i++) {
        const struct certificate *u = &c->certificates[i];
        if (!u->supersedes || continues(u) || u == first || !is_issued(u, on) || u->valid_from > on) continue;
        if (cycle_opened_by(c, u->supersedes) == first) return true;
    }
    return false;
}

enum certificate_state certificate_state(const struct casefile *c, const struct certificate *t, int32_t on)
{
    int32_t valid_to = certificate_valid_to(c, t);
    if (!is_issued(t, on)) return CERTIFICATE_NOT_ISSUED;
    const struct decision *end = ended_by(c, t, on);
    if (end) return end->outcome == OUTCOME_WITHDRAW ? CERTIFICATE_WITHDRAWN : CERTIFICATE_CANCELLED;
    if (valid_to != DAY_NONE && on > valid_to) return CERTIFICATE_EXPIRED;
    if (is_replaced(c, t, on)) return CERTIFICATE_REPLACED;
    if (t->valid_from != DAY_NONE && on < t->valid_from) return CERTIFICATE_NOT_YET_VALID;
    return suspended_by(c, t, on) ? CERTIFICATE_SUSPENDED : CERTIFICATE_VALID;
}

static const struct suspension *details_of(
    const struct casefile *c, const struct decision *d, const struct certificate *t, int32_t on)
{
    const struct suspension *found = NULL;
    for (size_t i = 0; i < c->suspensions_len; i++) {
        const struct suspension *s = &c->suspensions[i];
        if (s->decision == d) return s;
        bool here = !s->decision && s->certificate && cycle_opened_by(c, s->certificate) == cycle_opened_by(c, t);
        if (here && s->from <= on && s->from >= d->date && (!found || s->from < found->from)) found = s;
    }
    return found;
}

const struct decision *certificate_suspended_by(
    const struct casefile *c, const struct certificate *t, int32_t on, const struct suspension **details)
{
    const struct decision *d = suspended_by(c, t, on);
    *details = d ? details_of(c, d, t, on) : NULL;
    return d;
}

/* ---- cycles ---- */

static int number_of(const struct casefile *c, const struct certificate *first)
{
    int number = 1;
    for (size_t i = 0; i < c->certificates_len && first->supersedes; i++, number++)
        first = cycle_opened_by(c, first->supersedes);
    return number;
}

static int exempt_year_of(const struct casefile *c, const struct cycle *y, int32_t on)
{
    int32_t end = y->valid_to;
    bool found = false;
    for (size_t i = 0; i < c->audits_len; i++) {
        const struct audit *a = &c->audits[i];
        if (a->kind != AUDIT_RECERTIFICATION || !audit_held(c, a, on) || !audit_in_cycle(c, y, a)) continue;
        if (a->end > y->valid_to || (found && a->end >= end)) continue;
        end = a->end;
        found = true;
    }
    return end == DAY_NONE ? 0 : day_year(end);
}

struct cycle cycle_of(const struct casefile *c, const struct certificate *t, int32_t on)
{
    const struct certificate *first = cycle_opened_by(c, t);
    struct cycle y = {.opened_by = first, .current = current_of(c, first, on), .programme = programme_of(c, first)};
    y.scheme = scheme_of_certificate(c, first, &y.catalogue);
    y.number = number_of(c, first);
    bool known = first->issued != DAY_NONE && first->issued <= on;
    y.issued = known ? first->issued : y.current->issued;
    y.valid_from = first->valid_from;
    y.valid_to = certificate_valid_to(c, first);
    y.level = y.current->level;
    y.directions = y.current->directions;
    y.exempt_year = exempt_year_of(c, &y, on);
    return y;
}

static bool is_live(enum certificate_state s)
{
    return s == CERTIFICATE_NOT_YET_VALID || s == CERTIFICATE_VALID || s == CERTIFICATE_SUSPENDED;
}

bool cycle_is_live(const struct casefile *c, const struct cycle *y, int32_t on)
{
    return is_live(certificate_state(c, y->current, on));
}

static int32_t award(const struct cycle *y)
{
    return y->opened_by->initial != DAY_NONE ? y->opened_by->initial : y->issued;
}

static int compare_awards(const void *a, const void *b)
{
    const struct cycle *x = a, *y = b;
    if (award(x) != award(y)) return award(x) < award(y) ? -1 : 1;
    return strcmp(x->opened_by->id, y->opened_by->id);
}

int cycles_live(struct cycle **out, size_t *len, const struct casefile *c, int32_t on)
{
    struct cycle *list = arena_alloc(c->arena, (c->certificates_len + 1) * sizeof *list);
    size_t n = 0;
    if (!list) return ERR_ROAD;
    for (size_t i = 0; i < c->certificates_len; i++) {
        const struct certificate *t = &c->certificates[i];
        if (cycle_opened_by(c, t) != t) continue; /* once a cycle */
        list[n] = cycle_of(c, t, on);
        if (cycle_is_live(c, &list[n], on)) n++;
    }
    if (n) qsort(list, n, sizeof *list, compare_awards);
    *out = list;
    *len = n;
    return 0;
}

const struct scheme *casefile_scheme(const struct casefile *c, const struct catalogue **catalogue)
{
    const struct programme *p = NULL;
    const struct application *a = NULL;
    for (size_t i = 0; i < c->programmes_len; i++)
        if ((c->programmes[i].scheme || c->programmes[i].catalogue) && (!p || c->programmes[i].cycle >= p->cycle)) p = &c->programmes[i];
    for (size_t i = 0; i < c->applications_len; i++)
        if (c->applications[i].scheme && (!a || c->applications[i].received >= a->received)) a = &c->applications[i];
    return scheme_of(c, p, a, catalogue);
}

const struct scheme *application_scheme(
    const struct casefile *c, const struct application *a, const struct catalogue **catalogue)
{
    const struct programme *p = NULL;
    if (!a) return casefile_scheme(c, catalogue);
    for (size_t i = 0; i < c->programmes_len; i++)
        if (c->programmes[i].application == a && (!p || c->programmes[i].cycle >= p->cycle)) p = &c->programmes[i];
    return scheme_of(c, p, a, catalogue);
}

/* ---- audits and the clock of 6.3.1 ---- */

bool audit_held(const struct casefile *c, const struct audit *a, int32_t on)
{
    if (a->end == DAY_NONE || a->end > on) return false;
    if (a->submitted || a->result != RESULT_UNSET) return true;
    for (size_t i = 0; i < c->decisions_len; i++) {
        const struct decision *d = &c->decisions[i];
        if (d->audit == a && d->date != DAY_NONE && d->date <= on) return true;
    }
    return false;
}

bool audit_in_cycle(const struct casefile *c, const struct cycle *y, const struct audit *a)
{
    int32_t day = a->end != DAY_NONE ? a->end : a->start;
    if (a->certificate_ids.len) return among(c, a, y->opened_by);
    return day != DAY_NONE && day >= y->issued && (y->valid_to == DAY_NONE || day <= y->valid_to);
}

bool audit_resets_clock(const struct audit *a)
{
    bool complete = a->followup_measures && a->followup_complaints && a->effectiveness && a->changes;
    return a->kind == AUDIT_SURVEILLANCE || (a->kind == AUDIT_EXTRA && complete);
}

const struct audit *cycle_last_surveillance(const struct casefile *c, const struct cycle *y, int32_t on)
{
    const struct audit *last = NULL;
    for (size_t i = 0; i < c->audits_len; i++) {
        const struct audit *a = &c->audits[i];
        if (!audit_resets_clock(a) || !audit_held(c, a, on) || !audit_in_cycle(c, y, a)) continue;
        if (!last || a->end > last->end) last = a;
    }
    return last;
}

static int32_t within(const struct cycle *y, int32_t day)
{
    return y->valid_to != DAY_NONE && day > y->valid_to ? DAY_NONE : day;
}

int32_t cycle_next_surveillance(const struct cycle *y, int32_t previous, int32_t *warning)
{
    const struct rules *rules = &y->scheme->rules;
    *warning = DAY_NONE;
    if (y->issued == DAY_NONE) return DAY_NONE;
    if (previous == DAY_NONE) return within(y, day_add_months(y->issued, rules->first_surveillance_months));
    int year = day_year(previous) + 1;
    if (year == y->exempt_year) year++;
    int32_t by_year = day_of(year, 12, 31);
    int32_t by_interval = day_add_months(previous, rules->surveillance_interval_months);
    if (by_year <= by_interval) return within(y, by_year);
    if (day_year(by_interval) != y->exempt_year) return within(y, by_interval);
    *warning = within(y, by_interval);
    return within(y, by_year);
}
