/* The state of a record on a day, and what else can be computed of it: one function a type, from a table. */
#include "satchel/scheme/status.h"

#include <string.h>

#include "check_parts.h"
#include "satchel/scheme/calendar.h"

/* One question: the record's fact, and the answer so far. */
struct asking {
    const struct casefile *c;
    int32_t on;
    struct status *out;
    int rc;
};

static void answer(struct asking *q, const char *code, const char *words)
{
    q->out->code = code;
    q->out->words = T(words);
}

static void put(struct asking *q, const char *name, struct jv *value)
{
    if (!q->out->computed) q->out->computed = jv_object(q->c->arena);
    if (q->rc == 0) q->rc = jv_put(q->c->arena, q->out->computed, name, value);
}

static void put_day(struct asking *q, const char *name, int32_t day)
{
    char text[DAY_TEXT];
    day_write(text, day);
    if (day != DAY_NONE) put(q, name, jv_string(q->c->arena, text));
}

static void put_count(struct asking *q, const char *name, int64_t n)
{
    put(q, name, jv_int(q->c->arena, n));
}

/* Is there an item of a list that this record stands for? */
#define FACT_OF(list, record_)                                                                                       \
    for (size_t i = 0; i < q->c->list##_len; i++)                                                                    \
        if (q->c->list[i].record == (record_))

/* ---- application ---- */

static const struct decision *decision_on(const struct casefile *c, const struct application *a, int32_t on)
{
    const struct decision *last = NULL;
    for (size_t i = 0; i < c->decisions_len; i++) {
        const struct decision *d = &c->decisions[i];
        bool decides = d->outcome == OUTCOME_GRANT || d->outcome == OUTCOME_REFUSE || d->outcome == OUTCOME_RENEW ||
                       d->outcome == OUTCOME_REISSUE;
        if (!decides || decision_application(d) != a || d->date == DAY_NONE || d->date > on) continue;
        if (!last || d->date >= last->date) last = d;
    }
    return last;
}

static bool is_issued_for(const struct casefile *c, const struct decision *d, int32_t on)
{
    for (size_t i = 0; i < c->certificates_len; i++)
        if (c->certificates[i].decision == d && c->certificates[i].issued != DAY_NONE && c->certificates[i].issued <= on)
            return true;
    return false;
}

static bool is_audited(const struct casefile *c, const struct application *a, bool documents, int32_t on)
{
    for (size_t i = 0; i < c->audits_len; i++) {
        const struct audit *audit = &c->audits[i];
        bool begun = audit->start != DAY_NONE && audit->start <= on;
        if (begun && audit->application == a && (audit->kind == AUDIT_DOCUMENT) == documents) return true;
    }
    return false;
}

static bool is_refused(const struct casefile *c, const struct application *a, int32_t on)
{
    const struct review *last = NULL;
    for (size_t i = 0; i < c->reviews_len; i++) {
        const struct review *r = &c->reviews[i];
        if (r->application != a || r->conclusion == CONCLUSION_UNSET || r->date > on) continue;
        if (!last || r->date >= last->date) last = r;
    }
    return last && last->conclusion == CONCLUSION_REFUSED;
}

/* 7.2.1: at least three months before the certificate expires; what comes later is taken, and said to be late. */
static void add_lateness(struct asking *q, const struct application *a)
{
    int32_t valid_to = a->certificate ? certificate_valid_to(q->c, a->certificate) : DAY_NONE;
    if (a->kind != APPLICATION_RECERTIFICATION || valid_to == DAY_NONE || a->received == DAY_NONE) return;
    int32_t due = day_add_months(valid_to, -cycle_of(q->c, a->certificate, q->on).scheme->rules.renewal_months);
    put_day(q, "due", due);
    put_count(q, "days_late", a->received > due ? a->received - due : 0);
}

static void of_application(struct asking *q, const struct application *a)
{
    const struct decision *d = decision_on(q->c, a, q->on);
    add_lateness(q, a);
    if (d && d->outcome == OUTCOME_REFUSE) answer(q, "refused", N_("certification refused"));
    else if (d && is_issued_for(q->c, d, q->on)) answer(q, "certified", N_("certificate issued"));
    else if (d) answer(q, "granted", N_("granted, certificate not issued yet"));
    else if (is_audited(q->c, a, false, q->on)) answer(q, "onsite-audit", N_("in its audit"));
    else if (is_audited(q->c, a, true, q->on)) answer(q, "document-audit", N_("in its document audit"));
    else if (is_refused(q->c, a, q->on)) answer(q, "not-accepted", N_("not accepted by its review"));
    else if (accepted_review(q->c, a, q->on)) answer(q, "accepted", N_("accepted by its review"));
    else answer(q, "received", N_("received, under review"));
}

/* ---- programme, audit ---- */

static void of_programme(struct asking *q, const struct programme *p)
{
    bool replaced = false;
    for (size_t i = 0; i < q->c->programmes_len; i++) {
        const struct programme *o = &q->c->programmes[i];
        bool same = p->certificate ? o->certificate == p->certificate : p->application && o->application == p->application;
        replaced = replaced || (same && o > p && o->cycle >= p->cycle);
    }
    if (replaced) answer(q, "replaced", N_("replaced by a newer one"));
    else if (p->application && refusal_of(q->c, p->application, q->on))
        answer(q, "closed", N_("closed, the application was refused"));
    else if (p->application && !accepted_review(q->c, p->application, q->on))
        answer(q, "draft", N_("draft, the review has not accepted"));
    else answer(q, "in-force", N_("in force"));
}

static const struct decision *decided(const struct casefile *c, const struct audit *a, int32_t on)
{
    for (size_t i = 0; i < c->decisions_len; i++)
        if (c->decisions[i].audit == a && c->decisions[i].date != DAY_NONE && c->decisions[i].date <= on) return &c->decisions[i];
    return NULL;
}

static void of_audit(struct asking *q, const struct audit *a)
{
    const struct held *const *later;
    size_t len = 0;
    q->rc = audit_later_entries(&later, &len, q->c, a);
    if (a->submitted) put_count(q, "later_entries", (int64_t)len);
    if (decided(q->c, a, q->on)) answer(q, "decided", N_("decided on"));
    else if (a->submitted) answer(q, "submitted", N_("submitted"));
    else if (a->start == DAY_NONE || a->start > q->on) answer(q, "planned", N_("planned"));
    else if (a->end == DAY_NONE || a->end >= q->on) answer(q, "under-way", N_("under way"));
    else answer(q, "not-submitted", N_("held, not submitted yet"));
}

/* A decision has no state of its own; but what came after its audit was submitted, who decided has not seen checked. */
static void of_decision(struct asking *q, const struct decision *d)
{
    const struct held *const *later;
    size_t len = 0;
    if (d->audit) q->rc = audit_later_entries(&later, &len, q->c, d->audit);
    if (len) put_count(q, "later_entries", (int64_t)len);
}

/* ---- finding ---- */

static void of_finding(struct asking *q, const struct finding *f)
{
    bool closed = f->closed != DAY_NONE && f->closed <= q->on;
    bool overdue = f->due != DAY_NONE && f->due < q->on;
    if (!closed && overdue && is_nonconformity(f->grade)) put_count(q, "days_late", q->on - f->due);
    if (closed) answer(q, "closed", N_("closed"));
    else if (!is_nonconformity(f->grade) && f->followup) answer(q, "followed-up", N_("followed up"));
    else if (!is_nonconformity(f->grade)) answer(q, "noted", N_("noted"));
    else if (overdue) answer(q, "overdue", N_("open, overdue"));
    else if (f->root_cause && f->correction && f->corrective_action) answer(q, "to-verify", N_("answered, to be verified"));
    else answer(q, "open", N_("open"));
}

/* ---- certificate, suspension ---- */

static const struct {
    const char *code, *words;
} certificate_words[] = {
    [CERTIFICATE_NOT_ISSUED] = {"not-issued", N_("not issued")},
    [CERTIFICATE_NOT_YET_VALID] = {"not-yet-valid", N_("issued, not yet valid")},
    [CERTIFICATE_VALID] = {"valid", N_("valid")},
    [CERTIFICATE_SUSPENDED] = {"suspended", N_("suspended")},
    [CERTIFICATE_REPLACED] = {"replaced", N_("replaced by a newer one")},
    [CERTIFICATE_EXPIRED] = {"expired", N_("expired")},
    [CERTIFICATE_CANCELLED] = {"cancelled", N_("cancelled")},
    [CERTIFICATE_WITHDRAWN] = {"withdrawn", N_("withdrawn")},
};

static void of_certificate(struct asking *q, const struct certificate *t)
{
    enum certificate_state state = certificate_state(q->c, t, q->on);
    struct cycle y = cycle_of(q->c, t, q->on);
    answer(q, certificate_words[state].code, certificate_words[state].words);
    put_day(q, "valid_to", certificate_valid_to(q->c, t));
    put_count(q, "cycle", y.number);
    if (state != CERTIFICATE_VALID && state != CERTIFICATE_SUSPENDED && state != CERTIFICATE_NOT_YET_VALID) return;
    const struct audit *last = cycle_last_surveillance(q->c, &y, q->on);
    int32_t warning, next = cycle_next_surveillance(&y, last ? last->end : DAY_NONE, &warning);
    put_day(q, "next_surveillance", next);
    if (next != DAY_NONE && next < q->on) put_count(q, "days_late", q->on - next);
}

static void of_suspension(struct asking *q, const struct suspension *s)
{
    if (s->from == DAY_NONE || !s->certificate) {
        answer(q, "draft", N_("not complete"));
        return;
    }
    const struct rules *rules = &cycle_of(q->c, s->certificate, q->on).scheme->rules;
    int32_t until = s->until != DAY_NONE ? s->until : day_add_months(s->from, rules->suspension_usual_months);
    int32_t latest = day_add_months(s->from, rules->suspension_max_months);
    enum certificate_state state = certificate_state(q->c, s->certificate, q->on);
    put_day(q, "until", until);
    put_day(q, "latest", latest);
    if (s->restored != DAY_NONE && s->restored <= q->on) answer(q, "restored", N_("restored"));
    else if (q->on < s->from) answer(q, "planned", N_("planned"));
    else if (state != CERTIFICATE_SUSPENDED) answer(q, "ended", N_("ended"));
    else if (s->verified != DAY_NONE && s->verified <= q->on) answer(q, "verified", N_("verified, to be restored"));
    else if (q->on > latest) answer(q, "over", N_("over its longest time, to be withdrawn"));
    else if (q->on > until) answer(q, "overdue", N_("over its planned end"));
    else answer(q, "running", N_("running"));
}

/* ---- by type ---- */

#define ASK(type, list)                                                                                              \
    static void ask_##type(struct asking *q, const struct fold_record *r)                                            \
    {                                                                                                                \
        FACT_OF(list, r) { of_##type(q, &q->c->list[i]); return; }                                                   \
    }
ASK(application, applications)
ASK(programme, programmes)
ASK(audit, audits)
ASK(decision, decisions)
ASK(finding, findings)
ASK(certificate, certificates)
ASK(suspension, suspensions)

static const struct {
    const char *type;
    void (*ask)(struct asking *q, const struct fold_record *r);
} asks[] = {{"application", ask_application}, {"programme", ask_programme}, {"audit", ask_audit}, {"decision", ask_decision},
    {"finding", ask_finding}, {"certificate", ask_certificate}, {"suspension", ask_suspension}};

bool type_has_status(const char *type)
{
    for (size_t i = 0; i < sizeof asks / sizeof *asks; i++)
        if (strcmp(asks[i].type, type) == 0) return true;
    return false;
}

int record_status(struct status *out, const struct casefile *c, const struct fold_record *r, int32_t on)
{
    struct status status = {NULL, NULL, NULL};
    struct asking q = {.c = c, .on = on, .out = &status};
    for (size_t i = 0; i < sizeof asks / sizeof *asks; i++)
        if (strcmp(asks[i].type, r->type) == 0) asks[i].ask(&q, r);
    if (q.rc == 0) *out = status;
    return q.rc;
}
