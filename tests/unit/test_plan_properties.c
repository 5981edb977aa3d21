/* Random cycles, sampled as their plans say. The oracle here knows the rules of 6.3.4 by what the test itself has written down:
 * which audit was held when, what it sampled and what it found; it asks nothing of the program but the plan.
 *
 * A seed gives the same cycles everywhere: SATCHEL_SEED, else the one that stands below. */
#define KIT_FACTS 256
#include "case_kit.h"
#include "satchel/scheme/plan.h"

enum { CLAUSES = 14, DEPARTMENTS = 5, DIRECTIONS = 3, HELD = 24, CYCLES = 10000, CYCLES_FULL = 100000 };

static const char *const codes[] = {"D1", "D2", "D3", "D4", "D5", "D8", "D9"}; /* the last two are of no client */
static const char *const ways[] = {"eins", "drei", "zwei"};

/* An audit as the test has written it down. */
struct noted {
    enum audit_kind kind;
    int32_t end;
    bool complete; /* its four points */
    const struct audit *audit;
    bool clauses[CLAUSES], departments[DEPARTMENTS], ways[DIRECTIONS]; /* sampled with evidence */
    int majors[CLAUSES], minors[CLAUSES], observations[CLAUSES];
};

static struct world {
    uint64_t random;
    struct clause clauses[CLAUSES];
    const char *clause_ways[CLAUSES][DIRECTIONS], *clause_codes[CLAUSES][2 * DEPARTMENTS], *way_list[DIRECTIONS];
    size_t len, departments, ways;
    bool applies[CLAUSES], way_asked[DIRECTIONS], decisive_department[DEPARTMENTS];
    struct scheme *scheme;
    int64_t level;
    int32_t issued, valid_to;
    int exempt_year;
    bool renewed; /* the recertification audit was held */
    struct noted held[HELD];
    size_t held_len;
    size_t vain;
    int covered; /* cycles that were followed to their end */
} w;

static uint64_t below(uint64_t n)
{
    return test_random_next(&w.random) % n;
}

static bool chance(uint64_t in)
{
    return below(in) == 0;
}

/* ---- a world ---- */

static void draw_clause(size_t i)
{
    struct clause *c = &w.clauses[i];
    *c = (struct clause){.id = arena_printf(&kit.arena, "k%d", (int)i), .title_zh = "x", .title_en = "x", .methods = "", .guidance = ""};
    c->min_level = i && chance(4) ? 1 + (int64_t)below(4) : 0;
    c->max_level = i && chance(6) ? c->min_level + (int64_t)below(3) : CLAUSE_ANY_LEVEL;
    c->decisive = chance(6);
    c->group = i && chance(12);
    size_t n = 0;
    for (size_t k = 0; k < DIRECTIONS; k++)
        if (chance(2)) w.clause_ways[i][n++] = ways[k];
    if (i && n && chance(2)) c->directions = w.clause_ways[i], c->directions_len = n;
    n = 0;
    for (size_t k = 0; k < sizeof codes / sizeof *codes; k++)
        if (chance(3)) w.clause_codes[i][n++] = codes[k];
    if (n && !chance(3)) c->departments = w.clause_codes[i], c->departments_len = n;
}

static bool is_for(const struct clause *c, const char *way)
{
    for (size_t i = 0; i < c->directions_len; i++)
        if (strcmp(c->directions[i], way) == 0) return true;
    return !c->directions;
}

static void draw_scheme(void)
{
    struct rules *r = &w.scheme->rules;
    r->first_surveillance_months = 6 + (int64_t)below(13);
    r->surveillance_interval_months = 6 + (int64_t)below(16);
    r->validity_months = 24 + (int64_t)below(37);
    r->rule3_major = 1 + (int64_t)below(2);
    r->rule3_minor = 1 + (int64_t)below(3);
    r->rule3_minor_and_observation = 2 + (int64_t)below(3);
    w.len = 1 + below(CLAUSES);
    for (size_t i = 0; i < w.len; i++) draw_clause(i);
    w.scheme->catalogue = (struct catalogue){.title = "random", .clauses = w.clauses, .len = w.len};
}

static void draw_client(void)
{
    w.departments = below(DEPARTMENTS + 1);
    for (size_t i = 0; i < w.departments; i++) {
        struct department *d = KIT_ADD(departments, "department");
        d->code = codes[i];
        d->decisive = w.decisive_department[i] = chance(4);
    }
    w.ways = 0;
    for (size_t k = 0; k < DIRECTIONS; k++)
        if ((w.way_asked[k] = chance(2))) w.way_list[w.ways++] = ways[k];
    w.level = (int64_t)below(5);
    for (size_t i = 0; i < w.len; i++) {
        const struct clause *c = &w.clauses[i];
        bool way = w.ways == 0, level = !w.level || (c->min_level <= w.level && w.level <= c->max_level);
        for (size_t k = 0; k < w.ways; k++) way = way || is_for(c, w.way_list[k]);
        w.applies[i] = !c->group && level && way;
    }
}

static void draw_certificate(void)
{
    w.issued = day_of(2024, 1, 1) + (int32_t)below(1500);
    struct certificate *t = kit_issue_on(OUTCOME_GRANT, NULL, w.issued, w.issued);
    t->level = w.level;
    t->directions = (struct texts){w.way_list, w.ways};
    w.valid_to = certificate_valid_to(&kit.c, t);
    w.exempt_year = day_year(w.valid_to);
    w.renewed = false;
}

static struct noted *hold(enum audit_kind kind, int32_t end)
{
    struct noted *h = &w.held[w.held_len++];
    *h = (struct noted){.kind = kind, .end = end};
    struct audit *a = kit_audit_on(kind, end - (int32_t)below(3), end, false);
    h->audit = a;
    return h;
}

static struct audit *audit_of(const struct noted *h)
{
    for (size_t i = 0; i < kit.c.audits_len; i++)
        if (&kit.c.audits[i] == h->audit) return &kit.c.audits[i];
    abort();
}

static size_t place_of(const char *clause)
{
    return (size_t)atoi(clause + 1);
}

static int place_among(const char *const *list, size_t len, const char *s)
{
    for (size_t i = 0; s && i < len; i++)
        if (strcmp(list[i], s) == 0) return (int)i;
    return -1;
}

/* Samples one cell, with result and evidence. */
static void sample(struct noted *h, const char *clause, const char *department, const char *way)
{
    int d = place_among(codes, w.departments, department), k = place_among(ways, DIRECTIONS, way);
    struct sample *s = KIT_ADD(samples, "sample");
    s->audit = h->audit;
    s->clause = clause;
    s->department = d < 0 ? NULL : &kit.c.departments[d];
    s->direction = way;
    s->result = chance(9) ? GRADE_NA : (enum grade)below(GRADE_CONFORM + 1);
    s->na_approved = true;
    s->evidence = 1 + below(2);
    h->clauses[place_of(clause)] = true;
    if (d >= 0) h->departments[d] = true;
    if (k >= 0) h->ways[k] = true;
    const struct clause *c = &w.clauses[place_of(clause)];
    for (k = 0; k < DIRECTIONS && c->directions_len == 1; k++)
        if (strcmp(c->directions[0], ways[k]) == 0) h->ways[k] = true;
}

/* Records that cover nothing, of one kind in each audit: what one lacks, the other shall not have. */
static void sample_in_vain(const struct noted *h)
{
    static const enum grade vain[] = {GRADE_NOT_AUDITED, GRADE_NA, GRADE_UNSET, GRADE_CONFORM};
    struct sample *s = KIT_ADD(samples, "sample");
    s->audit = h->audit;
    s->clause = w.clauses[below(w.len)].id;
    s->department = w.departments ? &kit.c.departments[below(w.departments)] : NULL;
    s->direction = ways[below(DIRECTIONS)];
    s->result = vain[(w.vain + (size_t)(h - w.held)) % 4];
    s->conflict = s->result == GRADE_UNSET;
    s->evidence = s->result == GRADE_CONFORM ? 0 : 1;
}

static void find_something(struct noted *h)
{
    for (uint64_t n = below(5); n > 0; n--) {
        size_t clause = below(w.len);
        struct finding *f = kit_finding(h->audit, (enum grade)below(GRADE_OFI + 1), NULL);
        f->clause = w.clauses[clause].id;
        h->majors[clause] += f->grade == GRADE_MAJOR;
        h->minors[clause] += f->grade == GRADE_MINOR;
        h->observations[clause] += f->grade == GRADE_OBSERVATION;
    }
}

/* ---- the oracle ---- */

/* 6.3.1, as domain.md §2 puts it. */
static int32_t next_due(int32_t previous)
{
    const struct rules *r = &w.scheme->rules;
    int exempt = w.exempt_year;
    int32_t due = day_add_months(w.issued, r->first_surveillance_months);
    if (previous != DAY_NONE) {
        int year = day_year(previous) + 1;
        int32_t by_year = day_of(year == exempt ? year + 1 : year, 12, 31);
        int32_t by_interval = day_add_months(previous, r->surveillance_interval_months);
        due = by_year < by_interval || day_year(by_interval) == exempt ? by_year : by_interval;
    }
    return due > w.valid_to ? DAY_NONE : due;
}

static int32_t clock_now(void)
{
    int32_t last = DAY_NONE;
    for (size_t i = 0; i < w.held_len; i++) {
        const struct noted *h = &w.held[i];
        if (h->kind == AUDIT_SURVEILLANCE || (h->kind == AUDIT_EXTRA && h->complete)) last = h->end;
    }
    return last;
}

static bool surveys(const struct noted *h)
{
    return h->kind == AUDIT_SURVEILLANCE || h->kind == AUDIT_EXTRA;
}

static bool seen_clause(size_t i)
{
    bool seen = false;
    for (size_t k = 0; k < w.held_len; k++) seen = seen || (surveys(&w.held[k]) && w.held[k].clauses[i]);
    return seen;
}

static bool seen_department(size_t i)
{
    bool seen = false;
    for (size_t k = 0; k < w.held_len; k++) seen = seen || (surveys(&w.held[k]) && w.held[k].departments[i]);
    return seen;
}

static bool seen_way(size_t i)
{
    bool seen = false;
    for (size_t k = 0; k < w.held_len; k++) seen = seen || (surveys(&w.held[k]) && w.held[k].ways[i]);
    return seen;
}

static bool all_seen(void)
{
    bool all = true;
    for (size_t i = 0; i < w.len; i++) all = all && (!w.applies[i] || seen_clause(i));
    for (size_t i = 0; i < w.departments; i++) all = all && seen_department(i);
    for (size_t i = 0; i < DIRECTIONS; i++) all = all && (!w.way_asked[i] || seen_way(i));
    return all;
}

static bool had_many_problems(size_t clause)
{
    const struct rules *r = &w.scheme->rules;
    int majors = 0, minors = 0, observations = 0;
    for (size_t i = w.held_len; i-- > 0;) { /* back to the last audit that is no extra one */
        majors += w.held[i].majors[clause];
        minors += w.held[i].minors[clause];
        observations += w.held[i].observations[clause];
        if (w.held[i].kind != AUDIT_EXTRA) break;
    }
    return majors >= r->rule3_major || minors >= r->rule3_minor || minors + observations >= r->rule3_minor_and_observation;
}

static unsigned why_clause(size_t i, const struct audit *a, bool last)
{
    unsigned why = 0;
    if (w.applies[i] && w.clauses[i].decisive) why |= WHY_DECISIVE;
    if (w.applies[i] && had_many_problems(i)) why |= WHY_PREVIOUS;
    if (a && place_among(a->picks.items, a->picks.len, w.clauses[i].id) >= 0) why |= WHY_PICKED;
    if (last && w.applies[i] && !seen_clause(i)) why |= WHY_LAST;
    return why;
}

static unsigned plan_why(const struct plan *p, enum required_what what, const char *name)
{
    const struct required *r = plan_requires(p, what, name);
    return r ? r->why : 0;
}

/* Every reason holds, and no reason is missing. The audit is not among those held. */
static void check_plan(const struct plan *p, const struct audit *a, int32_t end)
{
    bool last = next_due(end) == DAY_NONE;
    if (a && a->last_of_cycle != UNSET) last = a->last_of_cycle == YES;
    CHECK(p->last == last);
    CHECK(p->due == next_due(clock_now()));
    for (size_t i = 0; i < w.len; i++) CHECK(plan_why(p, REQUIRED_CLAUSE, w.clauses[i].id) == why_clause(i, a, last));
    for (size_t i = 0; i < w.departments; i++) {
        unsigned why = (w.decisive_department[i] ? WHY_DECISIVE : 0u) | (last && !seen_department(i) ? WHY_LAST : 0u);
        CHECK(plan_why(p, REQUIRED_DEPARTMENT, codes[i]) == why);
    }
    for (size_t i = 0; i < DIRECTIONS; i++)
        CHECK(plan_why(p, REQUIRED_DIRECTION, ways[i]) == (last && w.way_asked[i] && !seen_way(i) ? WHY_LAST : 0u));
}

/* Every place of the proposal is one that there is, and a clause is at a department of its own where it has one. */
static void check_visits(const struct plan *p)
{
    for (size_t i = 0; i < p->visits_len; i++) {
        const struct visit *v = &p->visits[i];
        CHECK(w.departments == 0 ? !v->department : place_among(codes, w.departments, v->department) >= 0);
        CHECK(!v->direction || place_among(w.way_list, w.ways, v->direction) >= 0);
        CHECK(i == 0 || p->visits[i - 1].required >= v->required);
    }
}

/* Rules 2, 3 and 4, when a surveillance has done what its plan says. */
static void check_sampled(const struct noted *h, const struct plan *p)
{
    for (size_t i = 0; i < w.len; i++) CHECK(!plan_why(p, REQUIRED_CLAUSE, w.clauses[i].id) || h->clauses[i]);
    for (size_t i = 0; i < w.departments; i++) CHECK(!plan_why(p, REQUIRED_DEPARTMENT, codes[i]) || h->departments[i]);
    for (size_t i = 0; i < DIRECTIONS; i++) CHECK(!plan_why(p, REQUIRED_DIRECTION, ways[i]) || h->ways[i]);
}

/* ---- a cycle ---- */

/* Has it done its even part of what was open and not required before? */
static bool is_share(int open, int done, int left)
{
    return done * left >= open;
}

static void check_shares(const struct noted *h, const struct plan *p)
{
    int open[3] = {0}, done[3] = {0};
    w.held_len--; /* as it was before */
    for (size_t i = 0; i < w.len; i++) {
        bool is = w.applies[i] && !seen_clause(i) && !plan_why(p, REQUIRED_CLAUSE, w.clauses[i].id);
        open[0] += is;
        done[0] += is && h->clauses[i];
    }
    for (size_t i = 0; i < w.departments; i++) {
        bool is = !seen_department(i) && !plan_why(p, REQUIRED_DEPARTMENT, codes[i]);
        open[1] += is;
        done[1] += is && h->departments[i];
    }
    for (size_t i = 0; i < DIRECTIONS; i++) {
        bool is = w.way_asked[i] && !seen_way(i) && !plan_why(p, REQUIRED_DIRECTION, ways[i]);
        open[2] += is;
        done[2] += is && h->ways[i];
    }
    w.held_len++;
    for (int k = 0; k < 3; k++) CHECK(is_share(open[k], done[k], p->left));
}

static void draw_picks(struct audit *a)
{
    const char **picks = arena_alloc(&kit.arena, 3 * sizeof *picks);
    size_t n = below(3);
    for (size_t i = 0; i < n; i++) picks[i] = w.clauses[below(w.len)].id;
    if (n == 2 && picks[0] == picks[1]) n = 1;
    a->picks = (struct texts){picks, n};
}

static void follow(struct noted *h, const struct plan *p)
{
    for (size_t i = 0; i < p->visits_len; i++) sample(h, p->visits[i].clause, p->visits[i].department, p->visits[i].direction);
    if (chance(3)) sample_in_vain(h);
    find_something(h);
    audit_of(h)->submitted = true;
}

static void hold_extra(int32_t day)
{
    struct noted *h = hold(AUDIT_EXTRA, day);
    h->complete = chance(2);
    if (h->complete) kit_points(audit_of(h));
    for (uint64_t n = below(4); n > 0; n--)
        sample(h, w.clauses[below(w.len)].id, w.departments ? codes[below(w.departments)] : NULL, chance(2) ? ways[below(DIRECTIONS)] : NULL);
    find_something(h);
    audit_of(h)->submitted = true;
}

/* It covers everything, which counts nowhere in this cycle, and makes its year the exempt one. */
static void hold_recertification(int32_t day)
{
    struct noted *h = hold(AUDIT_RECERTIFICATION, day);
    for (size_t i = 0; i < w.len; i++) sample(h, w.clauses[i].id, w.departments ? codes[i % w.departments] : NULL, ways[i % DIRECTIONS]);
    find_something(h);
    audit_of(h)->submitted = true;
    w.exempt_year = day_year(day);
    w.renewed = true;
}

/* The plan of the next one, which nobody has planned: as it will be when it takes place on its last day. */
static bool plan_the_next(struct plan *p, int32_t on)
{
    CHECK_OK(casefile_arrange(&kit.c));
    int rc = plan_next(p, &kit.c, on);
    bool none = next_due(clock_now()) == DAY_NONE && all_seen();
    CHECK(rc == (none ? ERR_MISSING : 0));
    if (rc) return false;
    int32_t due = next_due(clock_now());
    check_plan(p, NULL, due == DAY_NONE ? w.valid_to : due < on ? on : due);
    return true;
}

/* In time mostly, late sometimes, and always before the certificate ends. */
static int32_t draw_day(int32_t on, int32_t due)
{
    int32_t until = due == DAY_NONE || chance(8) ? w.valid_to : due;
    if (until <= on) until = w.valid_to;
    int32_t day = on + 1 + (int32_t)below((uint64_t)(until - on));
    return day < w.valid_to ? day : w.valid_to;
}

/* One surveillance, planned and held as planned; the day after it. */
static int32_t surveil(const struct plan *next, int32_t on)
{
    struct plan p;
    int32_t end = draw_day(on, next->due);
    struct noted *h = hold(AUDIT_SURVEILLANCE, end);
    w.held_len--; /* it is not held yet */
    draw_picks(audit_of(h));
    if (chance(20)) audit_of(h)->last_of_cycle = YES;
    CHECK_OK(casefile_arrange(&kit.c));
    CHECK_OK(plan_next(&p, &kit.c, on));
    CHECK(p.audit == h->audit);
    check_plan(&p, h->audit, end);
    check_visits(&p);
    w.held_len++;
    follow(h, &p);
    check_sampled(h, &p);
    check_shares(h, &p);
    CHECK_OK(casefile_arrange(&kit.c));
    CHECK_OK(plan_for_audit(&p, &kit.c, h->audit, end)); /* what it holds itself changes nothing */
    w.held_len--;
    check_plan(&p, h->audit, end);
    w.held_len++;
    return end;
}

static void draw_world(void)
{
    kit_clear();
    w.held_len = 0;
    w.vain = below(4);
    draw_scheme();
    draw_client();
    draw_certificate();
    struct noted *onsite = hold(AUDIT_ONSITE, w.issued - 1 - (int32_t)below(60));
    find_something(onsite);
    audit_of(onsite)->submitted = true;
}

static void run_cycle(void)
{
    struct plan next;
    bool followed = true;
    draw_world();
    for (int32_t on = w.issued; followed && on < w.valid_to && plan_the_next(&next, on);) {
        int32_t extra = on + 1 + (int32_t)below(90);
        if (w.held_len == HELD) followed = false;
        else if (chance(5) && extra < w.valid_to) hold_extra(on = extra);
        else if (!w.renewed && chance(4) && extra < w.valid_to && extra > w.valid_to - 400) hold_recertification(on = extra);
        else on = surveil(&next, on);
    }
    CHECK(!followed || all_seen());
    w.covered += followed;
}

static void begin(void)
{
    const char *given = getenv("SATCHEL_SEED");
    w.random = given ? strtoull(given, NULL, 10) : 20261125;
    printf("seed %llu\n", (unsigned long long)w.random);
    kit_begin();
    w.scheme = (struct scheme *)(uintptr_t)schemes_get(kit.schemes, NULL);
}

TEST(a_plan_followed_ends_its_cycle_covered)
{
    begin();
    int cycles = test_full ? CYCLES_FULL : CYCLES, before = test_failed_checks, i = 0;
    for (; w.covered < cycles && test_failed_checks == before; i++) {
        uint64_t seed = w.random;
        run_cycle();
        if (test_failed_checks != before) printf("  cycle %d, SATCHEL_SEED=%llu\n", i, (unsigned long long)seed);
    }
    printf("%d cycles, %d followed to their end\n", i, w.covered);
    CHECK(i < cycles * 11 / 10); /* one that has more audits than there is room for is not followed */
    kit_end();
}

/* ---- several certificates ---- */

enum { CERTIFICATES = 3 };

static struct own {
    int32_t issued, valid_to;
    int64_t level;
    const char *ways[DIRECTIONS];
    size_t ways_len;
} own[CERTIFICATES];

static void draw_own(struct own *o)
{
    *o = (struct own){.issued = w.issued + (int32_t)below(200), .level = (int64_t)below(5)};
    for (size_t k = 0; k < DIRECTIONS; k++)
        if (chance(2)) o->ways[o->ways_len++] = ways[k];
    struct certificate *t = kit_issue_on(OUTCOME_GRANT, NULL, o->issued, o->issued);
    t->level = o->level;
    t->directions = (struct texts){o->ways, o->ways_len};
    o->valid_to = certificate_valid_to(&kit.c, t);
}

static bool own_applies(const struct own *o, const struct clause *c)
{
    bool way = o->ways_len == 0;
    for (size_t k = 0; k < o->ways_len; k++) way = way || is_for(c, o->ways[k]);
    return way && !c->group && (!o->level || (c->min_level <= o->level && o->level <= c->max_level));
}

/* Rule 1 and the directions, by what was held while the certificate was valid. */
static bool own_covered(const struct own *o)
{
    bool clauses[CLAUSES] = {false}, departments[DEPARTMENTS] = {false}, seen[DIRECTIONS] = {false}, all = true;
    for (size_t i = 0; i < w.held_len; i++) {
        const struct noted *h = &w.held[i];
        if (h->end < o->issued || h->end > o->valid_to) continue;
        for (size_t k = 0; k < CLAUSES; k++) clauses[k] = clauses[k] || h->clauses[k];
        for (size_t k = 0; k < DEPARTMENTS; k++) departments[k] = departments[k] || h->departments[k];
        for (size_t k = 0; k < DIRECTIONS; k++) seen[k] = seen[k] || h->ways[k];
    }
    for (size_t k = 0; k < w.len; k++) all = all && (!own_applies(o, &w.clauses[k]) || clauses[k]);
    for (size_t k = 0; k < w.departments; k++) all = all && departments[k];
    for (size_t k = 0; k < DIRECTIONS; k++) all = all && (place_among(o->ways, o->ways_len, ways[k]) < 0 || seen[k]);
    return all;
}

/* The first day on which one of them ends that has not ended yet; 0: all have. */
static int32_t first_end(int32_t on, size_t len)
{
    int32_t first = 0;
    for (size_t i = 0; i < len; i++)
        if (own[i].valid_to > on && (!first || own[i].valid_to < first)) first = own[i].valid_to;
    return first;
}

static void run_merged(void)
{
    struct plan p;
    size_t len = 2 + below(CERTIFICATES - 1);
    kit_clear();
    w.held_len = 0;
    draw_scheme();
    draw_client();
    w.issued = day_of(2024, 1, 1) + (int32_t)below(1500);
    for (size_t i = 0; i < len; i++) draw_own(&own[i]);
    for (int32_t on = w.issued + 200; (w.valid_to = first_end(on, len)) != 0 && w.held_len < HELD;) {
        CHECK_OK(casefile_arrange(&kit.c));
        int rc = plan_next(&p, &kit.c, on);
        CHECK(rc == 0 || rc == ERR_MISSING);
        if (rc) break;
        on = draw_day(on, p.due);
        struct noted *h = hold(AUDIT_SURVEILLANCE, on);
        CHECK_OK(casefile_arrange(&kit.c));
        CHECK_OK(plan_for_audit(&p, &kit.c, h->audit, on));
        follow(h, &p);
    }
    for (size_t i = 0; i < len && w.held_len < HELD; i++) CHECK(own_covered(&own[i]));
}

TEST(certificates_audited_together_end_covered_each)
{
    begin();
    int cases = test_full ? CYCLES_FULL : CYCLES, before = test_failed_checks;
    for (int i = 0; i < cases && test_failed_checks == before; i++) {
        uint64_t seed = w.random;
        run_merged();
        if (test_failed_checks != before) printf("  case %d, SATCHEL_SEED=%llu\n", i, (unsigned long long)seed);
    }
    kit_end();
}

/* ---- coverage ---- */

static bool still_covers(const struct coverage_list *now, const struct coverage_list *before)
{
    bool all = now->covered >= before->covered;
    for (size_t i = 0; i < before->len; i++) all = all && (!before->items[i].covered || coverage_has(now, before->items[i].name));
    return all;
}

static void cover(struct coverage *v)
{
    CHECK_OK(casefile_arrange(&kit.c));
    CHECK_OK(coverage_of_case(v, &kit.c, w.issued));
}

static void add_samples(void)
{
    struct coverage before, now;
    draw_world();
    hold(AUDIT_SURVEILLANCE, w.issued + 100);
    hold(AUDIT_EXTRA, w.issued + 200);
    cover(&before);
    for (int i = 0; i < 12; i++) {
        struct noted *h = &w.held[below(w.held_len)];
        if (chance(2)) sample_in_vain(h);
        else sample(h, w.clauses[below(w.len)].id, w.departments ? codes[below(w.departments)] : NULL, ways[below(DIRECTIONS)]);
        cover(&now);
        CHECK(still_covers(&now.clauses, &before.clauses) && still_covers(&now.departments, &before.departments) &&
              still_covers(&now.directions, &before.directions));
        before = now;
    }
    for (size_t i = 0; i < w.len; i++) CHECK(!w.applies[i] || coverage_has(&now.clauses, w.clauses[i].id) == seen_clause(i));
    for (size_t i = 0; i < w.departments; i++) CHECK(coverage_has(&now.departments, codes[i]) == seen_department(i));
    for (size_t i = 0; i < DIRECTIONS; i++) CHECK(!w.way_asked[i] || coverage_has(&now.directions, ways[i]) == seen_way(i));
}

TEST(coverage_never_falls_when_a_sample_is_added)
{
    begin();
    int cases = test_full ? CYCLES_FULL : CYCLES, before = test_failed_checks;
    for (int i = 0; i < cases && test_failed_checks == before; i++) {
        uint64_t seed = w.random;
        add_samples();
        if (test_failed_checks != before) printf("  case %d, SATCHEL_SEED=%llu\n", i, (unsigned long long)seed);
    }
    kit_end();
}

int main(int argc, char **argv)
{
    return test_main(argc, argv);
}
