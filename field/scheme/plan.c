/* What an audit must sample, and why: the rules of 6.3.4 over the facts of a case. */
#include "plan_parts.h"

#include <string.h>

/* ---- goals ---- */

struct goal *goal_named(const struct goals *g, const char *name)
{
    for (size_t i = 0; i < g->len; i++)
        if (strcmp(g->items[i].name, name) == 0) return &g->items[i];
    return NULL;
}

static struct goal *goal_add(struct goals *g, struct arena *a, const char *name, bool done)
{
    if (g->len == g->cap) {
        size_t cap = g->cap ? 2 * g->cap : 32;
        struct goal *larger = arena_alloc(a, cap * sizeof *larger);
        if (!larger) return NULL;
        if (g->len) memcpy(larger, g->items, g->len * sizeof *larger);
        g->items = larger;
        g->cap = cap;
    }
    g->items[g->len] = (struct goal){.name = name, .done = done};
    return &g->items[g->len++];
}

/* Takes in what a cycle wants: what one has covered and another not is not done. */
static int goals_take(struct goals *g, struct arena *a, const struct coverage_list *l)
{
    bool first = g->len == 0;
    for (size_t i = 0; i < l->len; i++) {
        struct goal *goal = first ? NULL : goal_named(g, l->items[i].name);
        if (goal) goal->done = goal->done && l->items[i].covered;
        else if (!goal_add(g, a, l->items[i].name, l->items[i].covered)) return ERR_ROAD;
    }
    return 0;
}

static int take_coverage(struct planning *p, const struct coverage *v)
{
    struct arena *a = p->c->arena;
    const struct catalogue *catalogue = v->scope.catalogue;
    int rc = goals_take(&p->clauses, a, &v->clauses);
    if (rc == 0) rc = goals_take(&p->departments, a, &v->departments);
    if (rc == 0) rc = goals_take(&p->directions, a, &v->directions);
    for (size_t i = 0, k = 0; i < p->clauses.len && rc == 0; i++) { /* both in the catalogue's order, but for a second one's */
        struct goal *goal = &p->clauses.items[i];
        while (k < catalogue->len && strcmp(catalogue->clauses[k].id, goal->name) != 0) k++;
        if (k < catalogue->len) goal->clause = &catalogue->clauses[k];
        else k = 0;
        if (!goal->clause) goal->clause = catalogue_clause(catalogue, goal->name);
    }
    return rc;
}

/* ---- earlier audits ---- */

/* Was it held before the one that is planned? */
static bool is_earlier(const struct planning *p, const struct audit *other)
{
    const struct audit *a = p->plan.audit;
    if (other == a || !audit_held(p->c, other, p->on)) return false;
    if (!a || a->end == DAY_NONE || other->end < a->end) return true;
    return other->end == a->end && strcmp(other->id, a->id) < 0;
}

static int32_t clock_of(const struct planning *p, const struct cycle *y)
{
    int32_t last = DAY_NONE;
    for (size_t i = 0; i < p->c->audits_len; i++) {
        const struct audit *a = &p->c->audits[i];
        if (audit_resets_clock(a) && is_earlier(p, a) && audit_in_cycle(p->c, y, a) && a->end > last) last = a->end;
    }
    return last;
}

/* The last certification or surveillance before this one; not that of its own application. */
static const struct audit *last_audit(const struct planning *p)
{
    const struct audit *last = NULL;
    for (size_t i = 0; i < p->c->audits_len; i++) {
        const struct audit *a = &p->c->audits[i];
        if (a->kind != AUDIT_ONSITE && a->kind != AUDIT_SURVEILLANCE && a->kind != AUDIT_RECERTIFICATION) continue;
        if (!is_earlier(p, a) || (p->plan.audit && audits_are_pair(a, p->plan.audit))) continue;
        if (!last || a->end > last->end) last = a;
    }
    return last;
}

static int find_previous(struct planning *p)
{
    const struct audit **list = arena_alloc(p->c->arena, (p->c->audits_len + 1) * sizeof *list), *last = last_audit(p);
    size_t n = 0;
    if (!list) return ERR_ROAD;
    for (size_t i = 0; i < p->c->audits_len; i++) {
        const struct audit *a = &p->c->audits[i];
        bool since = a->kind == AUDIT_EXTRA && (!last || a->end >= last->end);
        if (is_earlier(p, a) && (a == last || since || (last && audits_are_pair(a, last)))) list[n++] = a;
    }
    p->plan.previous = list;
    p->plan.previous_len = n;
    return 0;
}

static int find_followups(struct planning *p)
{
    size_t all = 0, n = 0;
    for (size_t i = 0; i < p->plan.previous_len; i++) all += p->plan.previous[i]->findings_len;
    const struct finding **list = arena_alloc(p->c->arena, (all + 1) * sizeof *list);
    if (!list) return ERR_ROAD;
    for (size_t i = 0; i < p->plan.previous_len; i++) {
        const struct audit *a = p->plan.previous[i];
        for (size_t k = 0; k < a->findings_len; k++)
            if (a->findings[k]->grade <= GRADE_OBSERVATION) list[n++] = a->findings[k];
    }
    p->plan.followups = list;
    p->plan.followups_len = n;
    return 0;
}

/* ---- the rules ---- */

/* Rule 2. */
static void require_decisive(struct planning *p)
{
    for (size_t i = 0; i < p->clauses.len; i++)
        if (p->clauses.items[i].clause && p->clauses.items[i].clause->decisive) p->clauses.items[i].why |= WHY_DECISIVE;
    for (size_t i = 0; i < p->c->departments_len; i++) {
        const struct department *d = &p->c->departments[i];
        if (d->decisive) goal_named(&p->departments, d->code ? d->code : d->id)->why |= WHY_DECISIVE;
    }
}

/* Rule 3, which counts findings. */
static void require_previous(struct planning *p)
{
    const struct rules *r = &p->plan.scheme->rules;
    for (size_t i = 0; i < p->plan.followups_len; i++) {
        const struct finding *f = p->plan.followups[i];
        struct goal *g = f->clause ? goal_named(&p->clauses, f->clause) : NULL;
        if (!g) continue;
        g->majors += f->grade == GRADE_MAJOR;
        g->minors += f->grade == GRADE_MINOR;
        g->observations += f->grade == GRADE_OBSERVATION;
        if (g->majors >= r->rule3_major || g->minors >= r->rule3_minor ||
            g->minors + g->observations >= r->rule3_minor_and_observation)
            g->why |= WHY_PREVIOUS;
    }
}

/* Rule 4. A pick that is no clause of this certificate stands all the same: the team is told, not overruled. */
static int require_picks(struct planning *p)
{
    const struct audit *a = p->plan.audit;
    for (size_t i = 0; a && i < a->picks.len; i++) {
        struct goal *g = goal_named(&p->clauses, a->picks.items[i]);
        if (!g) g = goal_add(&p->clauses, p->c->arena, a->picks.items[i], true);
        if (!g) return ERR_ROAD;
        if (!g->clause) g->clause = catalogue_clause(p->plan.catalogue, g->name);
        g->why |= WHY_PICKED;
    }
    return 0;
}

static void require_open(struct goals *g, const struct coverage_list *l, unsigned why)
{
    for (size_t i = 0; i < l->len; i++)
        if (!l->items[i].covered) goal_named(g, l->items[i].name)->why |= why;
}

/* Rule 1 at the last surveillance of a cycle; of what an initial certification has before it, all is open. */
static void require_rest(struct planning *p, const struct coverage *v, unsigned why)
{
    require_open(&p->clauses, &v->clauses, why);
    require_open(&p->departments, &v->departments, why);
    require_open(&p->directions, &v->directions, why);
}

static int list_required(struct required **out, size_t *len, struct arena *a, const struct goals *g)
{
    struct required *list = arena_alloc(a, (g->len + 1) * sizeof *list);
    size_t n = 0;
    if (!list) return ERR_ROAD;
    for (size_t i = 0; i < g->len; i++) {
        const struct goal *x = &g->items[i];
        if (x->why) list[n++] = (struct required){x->name, x->why, x->majors, x->minors, x->observations};
    }
    *out = list;
    *len = n;
    return 0;
}

static int finish(struct planning *p)
{
    struct arena *a = p->c->arena;
    struct plan *plan = &p->plan;
    int rc = list_required(&plan->clauses, &plan->clauses_len, a, &p->clauses);
    if (rc == 0) rc = list_required(&plan->departments, &plan->departments_len, a, &p->departments);
    if (rc == 0) rc = list_required(&plan->directions, &plan->directions_len, a, &p->directions);
    return rc ? rc : propose(p);
}

/* ---- a surveillance ---- */

/* What the cycle's earlier surveillances have covered. */
static int cover_so_far(struct coverage *out, const struct planning *p, const struct cycle *y)
{
    struct scope s;
    int rc = scope_of_cycle(&s, p->c, y);
    const struct audit **earlier = rc ? NULL : arena_alloc(p->c->arena, (s.audits_len + 1) * sizeof *earlier);
    size_t n = 0;
    if (!earlier) return ERR_ROAD;
    for (size_t i = 0; i < s.audits_len; i++)
        if (is_earlier(p, s.audits[i])) earlier[n++] = s.audits[i];
    s.audits = earlier;
    s.audits_len = n;
    return coverage_of(out, p->c, &s);
}

/* How many surveillances a cycle has left, the one on that day counted: each at the latest day that is allowed. Where its end
 * is not known, nothing is put off to later ones. */
static int surveillances_left(const struct cycle *y, int32_t day)
{
    int left = 1;
    int32_t warning, next;
    if (y->valid_to == DAY_NONE) return left;
    while (day != DAY_NONE && (next = cycle_next_surveillance(y, day, &warning)) > day) {
        day = next;
        left++;
    }
    return left;
}

/* The day on which it ends, as far as that is known; else the last one that is allowed. */
static int32_t likely_end(const struct planning *p, int32_t due)
{
    const struct audit *a = p->plan.audit;
    if (a && a->end != DAY_NONE) return a->end;
    if (a && a->start != DAY_NONE) return a->start;
    return due != DAY_NONE && due < p->on ? p->on : due;
}

/* What one of the cycles asks for. */
static int take_cycle(struct planning *p, const struct cycle *y)
{
    const struct audit *a = p->plan.audit;
    int32_t warning, due = cycle_next_surveillance(y, clock_of(p, y), &warning);
    struct coverage *v = arena_alloc(p->c->arena, sizeof *v);
    int left = surveillances_left(y, likely_end(p, due)), rc = v ? cover_so_far(v, p, y) : ERR_ROAD;
    if (a && a->last_of_cycle == YES) left = 1;
    if (a && a->last_of_cycle == NO && left < 2) left = 2;
    if (rc == 0) rc = take_coverage(p, v);
    if (rc) return rc;
    if (left == 1) require_rest(p, v, WHY_LAST);
    p->plan.last = p->plan.last || left == 1;
    if (!p->plan.left || left < p->plan.left) p->plan.left = left;
    if (p->plan.cycle && (due == DAY_NONE || (p->plan.due != DAY_NONE && p->plan.due <= due))) return 0;
    p->plan.cycle = y;
    p->plan.due = due;
    p->plan.scheme = y->scheme;
    p->plan.catalogue = y->catalogue;
    p->plan.cycle_so_far = v;
    return 0;
}

static int plan_surveillance(struct planning *p, const struct cycle *cycles, size_t len)
{
    int rc = find_previous(p);
    if (rc == 0) rc = find_followups(p);
    for (size_t i = 0; i < len && rc == 0; i++) rc = take_cycle(p, &cycles[i]);
    if (rc) return rc;
    require_decisive(p);
    require_previous(p);
    rc = require_picks(p);
    return rc ? rc : finish(p);
}

/* ---- a certification, and audits without sampling ---- */

static int plan_scope(struct planning *p, const struct audit *a, unsigned why)
{
    struct scope s;
    struct coverage *v = arena_alloc(p->c->arena, sizeof *v);
    int rc = v ? scope_of_audit(&s, p->c, a, p->on) : ERR_ROAD;
    if (rc == 0) s.audits_len = 0;
    if (rc == 0) rc = coverage_of(v, p->c, &s);
    if (rc) return rc;
    p->plan.cycle = s.cycle;
    p->plan.scheme = s.scheme;
    p->plan.catalogue = s.catalogue;
    p->plan.cycle_so_far = v;
    rc = take_coverage(p, v);
    if (rc == 0 && why) require_rest(p, v, why);
    if (rc == 0) rc = require_picks(p);
    if (rc == 0 && a->kind != AUDIT_DOCUMENT && a->kind != AUDIT_ONSITE) rc = find_previous(p);
    if (rc == 0) rc = find_followups(p);
    if (rc) return rc;
    if (a->kind == AUDIT_SURVEILLANCE) { /* of what no certificate is known yet */
        require_decisive(p);
        require_previous(p);
    }
    return finish(p);
}

int plan_for_audit(struct plan *out, const struct casefile *c, const struct audit *a, int32_t on)
{
    struct planning p = {.c = c, .plan = {.audit = a, .kind = a->kind, .due = DAY_NONE}, .on = on};
    bool whole = a->kind == AUDIT_ONSITE || a->kind == AUDIT_RECERTIFICATION;
    struct cycle *cycles;
    size_t len = 0;
    int rc = 0;
    if (a->kind == AUDIT_SURVEILLANCE) rc = cycles_of_audit(&cycles, &len, c, a, on);
    if (rc == 0) rc = len ? plan_surveillance(&p, cycles, len) : plan_scope(&p, a, whole ? WHY_ALL : 0);
    if (rc == 0) *out = p.plan;
    return rc;
}

/* ---- the next one ---- */

static int32_t likely_day(const struct audit *a)
{
    int32_t day = a->end != DAY_NONE ? a->end : a->start;
    return day == DAY_NONE ? INT32_MAX : day;
}

/* The surveillance of a live cycle that is planned and not held yet, the first of several. */
static int find_planned(const struct audit **out, const struct casefile *c, int32_t on)
{
    struct cycle *cycles;
    size_t len;
    *out = NULL;
    for (size_t i = 0; i < c->audits_len; i++) {
        const struct audit *a = &c->audits[i];
        if (a->kind != AUDIT_SURVEILLANCE || audit_held(c, a, on)) continue;
        int rc = cycles_of_audit(&cycles, &len, c, a, on);
        bool live = false;
        if (rc) return rc;
        for (size_t k = 0; k < len; k++) live = live || cycle_is_live(c, &cycles[k], on);
        if (live && (!*out || likely_day(a) < likely_day(*out))) *out = a;
    }
    return 0;
}

static bool is_renewed(const struct casefile *c, const struct cycle *list, size_t len, const struct cycle *y)
{
    for (size_t i = 0; i < len; i++) {
        const struct certificate *before = list[i].opened_by->supersedes;
        if (&list[i] != y && before && cycle_opened_by(c, before) == y->opened_by) return true;
    }
    return false;
}

static bool is_covered(const struct coverage *v)
{
    return v->clauses.covered == v->clauses.len && v->departments.covered == v->departments.len &&
           v->directions.covered == v->directions.len;
}

/* Does the cycle need a surveillance yet: one falls due, or it has no next cycle and rule 1 is not fulfilled? */
static int is_wanted(bool *out, const struct planning *p, const struct cycle *list, size_t len, const struct cycle *y)
{
    struct coverage v;
    int32_t warning;
    *out = cycle_next_surveillance(y, clock_of(p, y), &warning) != DAY_NONE;
    if (*out || is_renewed(p->c, list, len, y)) return 0;
    int rc = cover_so_far(&v, p, y);
    if (rc == 0) *out = !is_covered(&v);
    return rc;
}

static int plan_unplanned(struct plan *out, const struct casefile *c, int32_t on)
{
    struct planning p = {.c = c, .plan = {.kind = AUDIT_SURVEILLANCE, .due = DAY_NONE}, .on = on};
    struct cycle *live, *wanted;
    size_t len, n = 0;
    int rc = cycles_live(&live, &len, c, on);
    if (rc) return rc;
    if (!len) return err_set(ERR_MISSING, "case '%s' has no certificate that is live on that day, so no surveillance is due", c->name);
    wanted = arena_alloc(c->arena, len * sizeof *wanted);
    if (!wanted) return ERR_ROAD;
    for (size_t i = 0; i < len && rc == 0; i++) {
        bool is;
        rc = is_wanted(&is, &p, live, len, &live[i]);
        if (rc == 0 && is) wanted[n++] = live[i];
    }
    if (rc) return rc;
    if (!n) return err_set(ERR_MISSING, "no surveillance is left in the cycle of case '%s'; of a recertification say which audit: --audit A", c->name);
    rc = plan_surveillance(&p, wanted, n);
    if (rc == 0) *out = p.plan;
    return rc;
}

int plan_next(struct plan *out, const struct casefile *c, int32_t on)
{
    const struct audit *planned;
    int rc = find_planned(&planned, c, on);
    if (rc) return rc;
    return planned ? plan_for_audit(out, c, planned, on) : plan_unplanned(out, c, on);
}

/* ---- asking ---- */

const struct required *plan_required(const struct plan *p, enum required_what what, size_t *len)
{
    switch (what) {
    case REQUIRED_CLAUSE:
        *len = p->clauses_len;
        return p->clauses;
    case REQUIRED_DEPARTMENT:
        *len = p->departments_len;
        return p->departments;
    case REQUIRED_DIRECTION:
        *len = p->directions_len;
        return p->directions;
    }
    *len = 0;
    return NULL;
}

const struct required *plan_requires(const struct plan *p, enum required_what what, const char *name)
{
    size_t len;
    const struct required *list = plan_required(p, what, &len);
    for (size_t i = 0; i < len; i++)
        if (strcmp(list[i].name, name) == 0) return &list[i];
    return NULL;
}
