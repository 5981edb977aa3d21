/* The calendar of a day: one small function for each kind of item, all of them over the cycles that are live on that day. A
 * page is one day of it. Whatever is worked out on the way to a page also tells on which other days the answer may be
 * another one: from these calendar_spans turns pages until no new day comes up. */
#include "satchel/scheme/calendar.h"

#include <stdlib.h>
#include <string.h>

struct days {
    int32_t *items;
    size_t len, cap;
};

struct page {
    const struct casefile *c;
    int32_t on;
    struct due *dues;
    size_t len, cap;
    struct days *turns; /* days on which the calendar may change; NULL: nobody asks */
    int error;          /* sticks */
};

/* A live cycle and its surveillance. */
struct course {
    struct cycle y;
    const struct certificate *t; /* the current one */
    const struct decision *suspended;
    const struct suspension *details;
    int32_t own, due, warning; /* own: by its own clock; due: merged with those of the other certificates */
};

/* ---- lists that grow ---- */

static void *grown(struct page *p, const void *items, size_t len, size_t *cap, size_t size)
{
    size_t more = *cap ? 2 * *cap : 16;
    void *larger = arena_alloc(p->c->arena, more * size);
    if (!larger) {
        p->error = ERR_ROAD;
        return NULL;
    }
    if (len) memcpy(larger, items, len * size);
    *cap = more;
    return larger;
}

/* The answer may be another one from this day on. */
static void turn(struct page *p, int32_t day)
{
    struct days *d = p->turns;
    if (!d || p->error || day == DAY_NONE) return;
    if (d->len == d->cap) {
        int32_t *larger = grown(p, d->items, d->len, &d->cap, sizeof *d->items);
        if (!larger) return;
        d->items = larger;
    }
    d->items[d->len++] = day;
}

/* It counts on that day, and has passed on the next. */
static void turn_around(struct page *p, int32_t day)
{
    if (day == DAY_NONE) return;
    turn(p, day);
    turn(p, day + 1);
}

static bool is_proposal(enum due_what what)
{
    return what == DUE_SUSPEND || what == DUE_WITHDRAWAL || what == DUE_LAPSE;
}

/* A proposal is entered on the days from its due day on only. */
static void enter(struct page *p, const struct due *d)
{
    if (p->error || d->due == DAY_NONE) return;
    turn_around(p, d->due);
    if (is_proposal(d->what) && p->on < d->due) return;
    if (p->len == p->cap) {
        struct due *larger = grown(p, p->dues, p->len, &p->cap, sizeof *p->dues);
        if (!larger) return;
        p->dues = larger;
    }
    p->dues[p->len++] = *d;
}

static void enter_for(
    struct page *p, const struct course *o, enum due_what what, int32_t due, const char *rule, const char *record)
{
    const struct due d = {what, o->t, record, due, rule, o->y.scheme->rules.remind_days};
    enter(p, &d);
}

/* ---- surveillance: 6.3.1, 6.3.2 ---- */

static void enter_surveillance(struct page *p, const struct course *o)
{
    enter_for(p, o, DUE_SURVEILLANCE, o->due, "6.3.1", NULL);
    enter_for(p, o, DUE_INTERVAL_WARNING, o->warning, "6.3.1", NULL);
}

static bool is_informed(const struct page *p, const struct audit *a)
{
    for (size_t i = 0; i < p->c->infos_len; i++) {
        const struct surveillance_info *info = &p->c->infos[i];
        if (info->audit == a && info->received != DAY_NONE && info->received <= p->on) return true;
    }
    return false;
}

/* The first live cycle that the audit concerns; NULL: none. */
static const struct course *course_of(const struct page *p, const struct course *list, size_t len, const struct audit *a)
{
    for (size_t i = 0; i < len; i++)
        if (audit_in_cycle(p->c, &list[i].y, a)) return &list[i];
    return NULL;
}

/* Where the case holds no certificate at all (it is still on paper), a planned surveillance is taken at its word. */
static void enter_infos(struct page *p, const struct course *list, size_t len)
{
    const struct catalogue *catalogue;
    for (size_t i = 0; i < p->c->audits_len; i++) {
        const struct audit *a = &p->c->audits[i];
        if (a->kind != AUDIT_SURVEILLANCE || audit_held(p->c, a, p->on) || is_informed(p, a)) continue;
        const struct course *o = course_of(p, list, len, a);
        if (!o && p->c->certificates_len) continue;
        const struct rules *rules = o ? &o->y.scheme->rules : &casefile_scheme(p->c, &catalogue)->rules;
        const struct due d = {DUE_SURVEILLANCE_INFO, o ? o->t : NULL, a->id,
            day_add_months(a->start, -rules->surveillance_info_months), "6.3.2", rules->remind_days};
        enter(p, &d);
    }
}

/* ---- renewal and end: 7.2.1, 8 ---- */

/* Does the certificate belong to the cycle? */
static bool is_of_cycle(const struct page *p, const struct cycle *y, const struct certificate *t)
{
    return t && cycle_opened_by(p->c, t) == y->opened_by;
}

static bool has_applied(const struct page *p, const struct cycle *y)
{
    for (size_t i = 0; i < p->c->applications_len; i++) {
        const struct application *a = &p->c->applications[i];
        if (a->kind != APPLICATION_RECERTIFICATION || a->received == DAY_NONE || a->received > p->on) continue;
        bool within = a->received >= y->issued && a->received <= y->valid_to;
        if (a->certificate ? is_of_cycle(p, y, a->certificate) : within) return true;
    }
    return false;
}

/* Has a certificate of another cycle been issued that takes the place of this one's? */
static bool is_renewed(const struct page *p, const struct cycle *y)
{
    for (size_t i = 0; i < p->c->certificates_len; i++) {
        const struct certificate *u = &p->c->certificates[i];
        if (!is_of_cycle(p, y, u->supersedes) || is_of_cycle(p, y, u)) continue;
        if (certificate_state(p->c, u, p->on) != CERTIFICATE_NOT_ISSUED) return true;
    }
    return false;
}

static void enter_renewal(struct page *p, const struct course *o)
{
    const struct cycle *y = &o->y;
    bool renewed = is_renewed(p, y);
    enter_for(p, o, DUE_VALID_TO, y->valid_to, "7.2.1", NULL);
    if (!renewed) enter_for(p, o, DUE_RECERTIFICATION, y->valid_to, "8", NULL);
    if (!renewed && !has_applied(p, y))
        enter_for(p, o, DUE_RENEWAL_APPLICATION, day_add_months(y->valid_to, -y->scheme->rules.renewal_months), "7.2.1", NULL);
}

/* 7.2.1 where nobody has asked for a new one in time; 8 where the recertification came to nothing. */
static void enter_lapses(struct page *p)
{
    for (size_t i = 0; i < p->c->certificates_len; i++) {
        const struct certificate *t = &p->c->certificates[i];
        if (cycle_opened_by(p->c, t) != t) continue; /* once a cycle */
        struct course o = {.y = cycle_of(p->c, t, p->on)};
        o.t = o.y.current;
        if (certificate_state(p->c, o.t, p->on) != CERTIFICATE_EXPIRED || is_renewed(p, &o.y)) continue;
        enter_for(p, &o, DUE_LAPSE, o.y.valid_to + 1, has_applied(p, &o.y) ? "8" : "7.2.1", NULL);
    }
}

/* ---- suspension: 7.2.3 ---- */

static int32_t suspended_from(const struct course *o)
{
    return o->details && o->details->from != DAY_NONE ? o->details->from : o->suspended->date;
}

static int32_t suspended_at_most(const struct course *o)
{
    return day_add_months(suspended_from(o), o->y.scheme->rules.suspension_max_months);
}

/* A planned end beyond the longest time allowed is no end. */
static void enter_suspension(struct page *p, const struct course *o)
{
    if (!o->suspended) return;
    const char *record = o->details ? o->details->id : NULL;
    int32_t end = o->details ? o->details->until : DAY_NONE, max = suspended_at_most(o);
    if (end == DAY_NONE) end = day_add_months(suspended_from(o), o->y.scheme->rules.suspension_usual_months);
    enter_for(p, o, DUE_SUSPENSION_END, end < max ? end : max, "7.2.3", record);
    enter_for(p, o, DUE_SUSPENSION_MAX, max, "7.2.3", record);
}

static void enter_suspend_overdue(struct page *p, const struct course *o)
{
    if (o->due != DAY_NONE && !o->suspended) enter_for(p, o, DUE_SUSPEND, o->due + 1, "7.2.3 (2)", NULL);
}

/* It does so with a reason, or not at all. */
static bool waives(const struct decision *d, const char *record)
{
    return d->waives && d->reason && strcmp(d->waives, record) == 0;
}

/* Has it been decided on: by a suspension, or by waiving it, or all of its audit? Without a finding: on the audit. */
static bool is_settled(const struct page *p, const struct course *o, const struct audit *a, const struct finding *f)
{
    for (size_t i = 0; i < p->c->decisions_len; i++) {
        const struct decision *d = &p->c->decisions[i];
        if (d->date == DAY_NONE || d->date > p->on) continue;
        if (waives(d, a->id) || (f && waives(d, f->id))) return true;
        if (d->outcome == OUTCOME_SUSPEND && d->date >= a->end && decision_concerns(p->c, d, o->t)) return true;
    }
    return false;
}

static bool is_surveillance(const struct audit *a)
{
    return a->kind == AUDIT_SURVEILLANCE || a->kind == AUDIT_EXTRA;
}

/* 7.2.3 (4) for each major nonconformity; 6.3.5, 7.2.3 (1) where it has none and failed all the same. */
static void enter_suspend_audited(struct page *p, const struct course *o, const struct audit *a)
{
    bool major = false;
    for (size_t k = 0; k < a->findings_len; k++) {
        const struct finding *f = a->findings[k];
        if (f->grade != GRADE_MAJOR) continue;
        major = true;
        if (!is_settled(p, o, a, f)) enter_for(p, o, DUE_SUSPEND, a->end, "7.2.3 (4)", f->id);
    }
    if (!major && a->result == RESULT_FAIL && !is_settled(p, o, a, NULL))
        enter_for(p, o, DUE_SUSPEND, a->end, "7.2.3 (1)", a->id);
}

static void enter_suspend_surveillances(struct page *p, const struct course *o)
{
    for (size_t i = 0; i < p->c->audits_len; i++) {
        const struct audit *a = &p->c->audits[i];
        if (is_surveillance(a) && audit_held(p->c, a, p->on) && audit_in_cycle(p->c, &o->y, a)) enter_suspend_audited(p, o, a);
    }
}

/* ---- withdrawal: 7.2.6 ---- */

static bool is_remedied(const struct course *o, int32_t by)
{
    return o->details && o->details->verified != DAY_NONE && o->details->verified <= by;
}

/* Overdue surveillance is withdrawn after its own limit, at the latest after the suspension's; a suspension by itself where
 * nothing was verified in time. Whichever comes first. */
static void enter_withdrawal(struct page *p, const struct course *o)
{
    int32_t overdue = day_add_months(o->due, o->y.scheme->rules.withdrawal_overdue_months);
    if (o->suspended) {
        int32_t max = suspended_at_most(o);
        bool binds = overdue == DAY_NONE || max < overdue, late = o->due != DAY_NONE && p->on > o->due;
        int32_t first = late && max < o->due ? o->due + 1 : max + 1;
        if (binds && (late || !is_remedied(o, max))) {
            enter_for(p, o, DUE_WITHDRAWAL, first, "7.2.6 (2)", o->details ? o->details->id : NULL);
            return;
        }
    }
    if (overdue != DAY_NONE) enter_for(p, o, DUE_WITHDRAWAL, overdue + 1, "7.2.6 (1)", NULL);
}

/* ---- findings ---- */

/* The days on which a finding is in the calendar: none of its neighbours changes them. */
static bool finding_span(struct due_span *out, const struct casefile *c, const struct finding *f)
{
    const struct catalogue *catalogue;
    const struct audit *a = f->audit;
    if ((f->grade != GRADE_MAJOR && f->grade != GRADE_MINOR) || f->due == DAY_NONE) return false;
    const struct certificate *t = a && a->certificates_len ? a->certificates[0] : NULL;
    *out = (struct due_span){.from = a ? a->start : DAY_NONE, .to = f->closed == DAY_NONE ? INT32_MAX : f->closed - 1,
        .item = {DUE_FINDING, t, f->id, f->due, "6.3.4", casefile_scheme(c, &catalogue)->rules.remind_days}};
    return out->from <= out->to;
}

static void enter_findings(struct page *p)
{
    struct due_span s;
    for (size_t i = 0; i < p->c->findings_len; i++)
        if (finding_span(&s, p->c, &p->c->findings[i]) && p->on >= s.from && p->on <= s.to) enter(p, &s.item);
}

/* ---- one day ---- */

static void start_course(struct page *p, struct course *o)
{
    const struct audit *last = cycle_last_surveillance(p->c, &o->y, p->on);
    o->t = o->y.current;
    if (certificate_state(p->c, o->t, p->on) == CERTIFICATE_SUSPENDED)
        o->suspended = certificate_suspended_by(p->c, o->t, p->on, &o->details);
    o->own = cycle_next_surveillance(&o->y, last ? last->end : DAY_NONE, &o->warning);
}

/* The earliest of all is everyone's; not what fell due before a certificate was there. */
static void merge_surveillances(struct course *list, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        list[i].due = list[i].own;
        for (size_t k = 0; k < len && list[i].own != DAY_NONE; k++)
            if (list[k].own >= list[i].y.issued && list[k].own < list[i].due) list[i].due = list[k].own;
    }
}

static void enter_course(struct page *p, const struct course *o)
{
    enter_surveillance(p, o);
    enter_renewal(p, o);
    enter_suspension(p, o);
    enter_suspend_overdue(p, o);
    enter_suspend_surveillances(p, o);
    enter_withdrawal(p, o);
}

/* All but the findings. */
static int enter_day(struct page *p)
{
    struct cycle *live;
    size_t len;
    int r = cycles_live(&live, &len, p->c, p->on);
    struct course *list = r ? NULL : arena_alloc(p->c->arena, (len + 1) * sizeof *list);
    if (!list) return ERR_ROAD;
    for (size_t i = 0; i < len; i++) {
        list[i].y = live[i];
        start_course(p, &list[i]);
    }
    merge_surveillances(list, len);
    for (size_t i = 0; i < len; i++) enter_course(p, &list[i]);
    enter_infos(p, list, len);
    enter_lapses(p);
    return p->error;
}

static int compare_texts(const char *a, const char *b)
{
    return strcmp(a ? a : "", b ? b : "");
}

static int compare_dues(const void *a, const void *b)
{
    const struct due *x = a, *y = b;
    int r = (x->due > y->due) - (x->due < y->due);
    if (!r) r = (x->what > y->what) - (x->what < y->what);
    if (!r) r = compare_texts(x->certificate ? x->certificate->id : NULL, y->certificate ? y->certificate->id : NULL);
    if (!r) r = compare_texts(x->record, y->record);
    return r ? r : strcmp(x->rule, y->rule);
}

static void sort_dues(struct due *list, size_t len)
{
    if (len) qsort(list, len, sizeof *list, compare_dues);
}

int calendar(struct due **out, size_t *len, const struct casefile *c, int32_t on)
{
    struct page p = {.c = c, .on = on};
    int r = enter_day(&p);
    if (!r) enter_findings(&p);
    if (!r) r = p.error;
    if (r) return r;
    sort_dues(p.dues, p.len);
    *out = p.dues;
    *len = p.len;
    return 0;
}

enum due_state due_state(const struct due *d, int32_t on)
{
    if (is_proposal(d->what)) return STATE_PROPOSED;
    if (on > d->due) return STATE_OVERDUE;
    return on < d->due - d->remind_days ? STATE_UPCOMING : STATE_DUE;
}

const char *due_word(enum due_what what)
{
    static const char *const words[] = {"surveillance", "surveillance-info", "renewal-application", "recertification",
        "valid-to", "suspension-end", "suspension-max", "finding-due", "interval-warning", "suspend", "withdrawal", "lapse"};
    return words[what];
}

const char *due_state_word(enum due_state state)
{
    static const char *const words[] = {"upcoming", "due", "overdue", "proposed"};
    return words[state];
}

/* ---- all days ---- */

struct turned { /* a page that has been worked out */
    int32_t on;
    struct due *dues;
    size_t len;
};

struct book {
    struct page page; /* being turned to */
    struct days days; /* that come up, pages turned already among them */
    struct turned *turned; /* sorted by day, from one round to the next */
    size_t len, cap;
};

static int compare_days(const void *a, const void *b)
{
    int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
    return (x > y) - (x < y);
}

static int compare_turned(const void *a, const void *b)
{
    return compare_days(&((const struct turned *)a)->on, &((const struct turned *)b)->on);
}

/* The days on which something becomes known, or has passed. */
static void turn_at_facts(struct page *p)
{
    const struct casefile *c = p->c;
    for (size_t i = 0; i < c->certificates_len; i++) {
        turn_around(p, c->certificates[i].issued);
        turn_around(p, c->certificates[i].valid_from);
        turn_around(p, certificate_valid_to(c, &c->certificates[i]));
    }
    for (size_t i = 0; i < c->decisions_len; i++) turn_around(p, c->decisions[i].date);
    for (size_t i = 0; i < c->applications_len; i++) turn_around(p, c->applications[i].received);
    for (size_t i = 0; i < c->infos_len; i++) turn_around(p, c->infos[i].received);
    for (size_t i = 0; i < c->audits_len; i++) turn_around(p, c->audits[i].end);
    for (size_t i = 0; i < c->suspensions_len; i++) turn_around(p, c->suspensions[i].from);
}

static int turn_to(struct book *b, int32_t day)
{
    struct page *p = &b->page;
    if (b->len == b->cap) {
        struct turned *larger = grown(p, b->turned, b->len, &b->cap, sizeof *b->turned);
        if (!larger) return p->error;
        b->turned = larger;
    }
    p->on = day;
    p->dues = NULL;
    p->len = p->cap = 0;
    int r = enter_day(p);
    sort_dues(p->dues, p->len);
    b->turned[b->len++] = (struct turned){day, p->dues, p->len};
    return r;
}

/* Turns to every day that came up and was not turned to yet. *more: there were such days. */
static int turn_round(struct book *b, bool *more)
{
    size_t before = b->len, len = b->days.len;
    int32_t last = DAY_NONE;
    int r = 0;
    qsort(b->days.items, len, sizeof *b->days.items, compare_days);
    for (size_t i = 0; i < len && !r; i++) {
        struct turned key = {.on = b->days.items[i]};
        if (i && key.on == last) continue;
        last = key.on;
        if (!before || !bsearch(&key, b->turned, before, sizeof key, compare_turned)) r = turn_to(b, key.on);
    }
    *more = b->len > before;
    if (b->len) qsort(b->turned, b->len, sizeof *b->turned, compare_turned);
    return r;
}

/* The page before the first day that is known of holds something, too: what was planned without a certificate. */
static int turn_all(struct book *b)
{
    bool more = true;
    int r = 0;
    turn(&b->page, INT32_MIN + 1);
    turn_at_facts(&b->page);
    if (b->page.error) return b->page.error;
    while (more && !r) r = turn_round(b, &more);
    return r;
}

struct spans {
    struct page *page; /* whose arena and error it takes */
    struct due_span *items;
    size_t len, cap;
};

static size_t add_span(struct spans *s, const struct due_span *span)
{
    if (s->len == s->cap) {
        struct due_span *larger = grown(s->page, s->items, s->len, &s->cap, sizeof *s->items);
        if (!larger) return 0;
        s->items = larger;
    }
    s->items[s->len] = *span;
    return s->len++;
}

/* Goes from one page to the next: what stands on both goes on. open[i]: the span of the i-th item. */
static void join_page(struct spans *s, const struct turned *before, const size_t *open, const struct turned *now, size_t *opened)
{
    size_t k = 0;
    for (size_t i = 0; i < now->len && !s->page->error; i++) {
        const struct due_span span = {now->dues[i], now->on, INT32_MAX};
        while (k < before->len && compare_dues(&before->dues[k], &now->dues[i]) < 0) s->items[open[k++]].to = now->on - 1;
        bool goes_on = k < before->len && compare_dues(&before->dues[k], &now->dues[i]) == 0;
        opened[i] = goes_on ? open[k++] : add_span(s, &span);
    }
    while (k < before->len) s->items[open[k++]].to = now->on - 1;
}

static void join_pages(struct spans *s, const struct book *b)
{
    const struct turned *before = &(struct turned){0};
    size_t *open = NULL;
    for (size_t i = 0; i < b->len && !s->page->error; i++) {
        size_t *opened = arena_alloc(s->page->c->arena, (b->turned[i].len + 1) * sizeof *opened);
        if (!opened) {
            s->page->error = ERR_ROAD;
            return;
        }
        join_page(s, before, open, &b->turned[i], opened);
        before = &b->turned[i];
        open = opened;
    }
}

int calendar_spans(struct due_span **out, size_t *len, const struct casefile *c)
{
    struct book b = {.page = {.c = c}};
    struct spans s = {.page = &b.page};
    struct due_span span;
    b.page.turns = &b.days;
    int r = turn_all(&b);
    if (!r) join_pages(&s, &b);
    for (size_t i = 0; i < c->findings_len && !r; i++)
        if (finding_span(&span, c, &c->findings[i])) add_span(&s, &span);
    if (!r) r = b.page.error;
    if (r) return r;
    *out = s.items;
    *len = s.len;
    return 0;
}
