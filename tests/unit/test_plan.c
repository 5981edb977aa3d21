/* What a surveillance must sample, and why, on cases made by hand; with examples 4, 9 and the man-days of 1 (domain.md §7). */
#include "case_kit.h"
#include "satchel/base/text.h"
#include "satchel/scheme/plan.h"

#define RISK "风险评估"
#define EMERGENCY "应急响应"

static struct plan plan;

static const char *const both_directions[] = {EMERGENCY, RISK};

static struct department *department(const char *code, bool decisive)
{
    struct department *d = KIT_ADD(departments, "department");
    d->code = code;
    d->decisive = decisive;
    return d;
}

static struct department *department_of(const char *code)
{
    for (size_t i = 0; i < kit.c.departments_len; i++)
        if (strcmp(kit.c.departments[i].code, code) == 0) return &kit.c.departments[i];
    return NULL;
}

/* The sample's client: four departments, two directions, an on-site audit of 2024-03-07, a certificate of 2024-03-25. */
static struct certificate *client(struct audit **onsite)
{
    kit_begin();
    department("D1", true);
    department("D2", false);
    department("D3", true);
    department("D4", false);
    *onsite = kit_held(AUDIT_ONSITE, "2024-03-07");
    struct certificate *t = kit_grant("2024-03-25");
    t->directions = (struct texts){both_directions, 2};
    return t;
}

static struct finding *finding(const struct audit *a, const char *clause, enum grade grade)
{
    struct finding *f = kit_finding(a, grade, NULL);
    f->clause = clause;
    return f;
}

/* Samples with evidence: "A1/D1 B2/D3"; a cell without department is "A1/-". */
static void sampled(const struct audit *a, const char *cells)
{
    char clause[16], code[16];
    for (int used; sscanf(cells, " %15[^/]/%15s%n", clause, code, &used) == 2; cells += used) {
        struct sample *s = KIT_ADD(samples, "sample");
        s->audit = a;
        s->clause = arena_strdup(&kit.arena, clause);
        s->department = department_of(code);
        s->result = GRADE_CONFORM;
        s->evidence = 1;
    }
}

static void pick(struct audit *a, const char *clause)
{
    const char **one = arena_alloc(&kit.arena, sizeof *one);
    *one = clause;
    a->picks = (struct texts){one, 1};
}

static void plan_of(const struct audit *a, const char *on)
{
    CHECK_OK(casefile_arrange(&kit.c));
    CHECK_OK(plan_for_audit(&plan, &kit.c, a, kit_day(on)));
}

static int next(const char *on)
{
    CHECK_OK(casefile_arrange(&kit.c));
    return plan_next(&plan, &kit.c, kit_day(on));
}

/* "A1 A4": what is required. */
static const char *required(enum required_what what)
{
    size_t len;
    const struct required *r = plan_required(&plan, what, &len);
    const char *text = "";
    for (size_t i = 0; i < len; i++) text = arena_printf(&kit.arena, "%s%s%s", text, i ? " " : "", r[i].name);
    return text;
}

static const char *why(enum required_what what, const char *name)
{
    const struct required *r = plan_requires(&plan, what, name);
    return r ? required_text(&kit.arena, &plan, r, what) : "not required";
}

static const char *due(void)
{
    return kit_text(plan.due);
}

#define CLAUSES required(REQUIRED_CLAUSE)
#define DEPARTMENTS required(REQUIRED_DEPARTMENT)
#define DIRECTIONS required(REQUIRED_DIRECTION)

/* domain.md §7, example 4. */
TEST(a_first_surveillance)
{
    struct audit *onsite;
    client(&onsite);
    finding(onsite, "A4", GRADE_MINOR);
    finding(onsite, "A4", GRADE_MINOR);
    finding(onsite, "RA2", GRADE_MAJOR)->closed = kit_day("2024-03-20");
    finding(onsite, "B4", GRADE_OBSERVATION);
    struct audit *a = kit_audit(AUDIT_SURVEILLANCE, "2025-03-10", "2025-03-11");
    pick(a, "A1");
    plan_of(a, "2025-03-01");
    CHECK_STR(CLAUSES, "A1 A4 B2 B3 RA2");
    CHECK_STR(DEPARTMENTS, "D1 D3");
    CHECK_STR(DIRECTIONS, "");
    CHECK(plan.followups_len == 4 && plan.previous_len == 1);
    CHECK_STR(due(), "2025-03-25");
    CHECK(!plan.last && plan.left == 2);
    kit_end();
}

TEST(reasons_can_be_read_out)
{
    struct audit *onsite;
    client(&onsite);
    for (int i = 0; i < 2; i++) finding(onsite, "B2", GRADE_MINOR);
    finding(onsite, "B2", GRADE_OBSERVATION);
    struct audit *a = kit_audit(AUDIT_SURVEILLANCE, "2025-03-10", "2025-03-11");
    pick(a, "A1");
    plan_of(a, "2025-03-01");
    CHECK_STR(why(REQUIRED_CLAUSE, "B2"), "decisive for the service process: sampled at every surveillance (6.3.4 rule 2); "
                                          "2 minor nonconformities, 1 observation at the previous audit (6.3.4 rule 3)");
    CHECK_STR(why(REQUIRED_CLAUSE, "A1"), "picked by the audit team (6.3.4 rule 4)");
    CHECK_STR(why(REQUIRED_DEPARTMENT, "D1"), "a decisive department: visited at every surveillance (6.3.4 rule 2)");
    CHECK_STR(why(REQUIRED_CLAUSE, "A2"), "not required");
    kit_end();
}

/* Thresholds of rule 3: one major, two minors, three of minor and observation together; an opportunity counts nowhere. */
TEST(many_problems_are_counted_by_findings)
{
    struct audit *onsite;
    client(&onsite);
    finding(onsite, "A1", GRADE_MINOR);
    finding(onsite, "A2", GRADE_MINOR), finding(onsite, "A2", GRADE_OBSERVATION), finding(onsite, "A2", GRADE_OBSERVATION);
    for (int i = 0; i < 3; i++) finding(onsite, "A3", GRADE_OBSERVATION), finding(onsite, "A5", GRADE_OFI);
    finding(onsite, "Z9", GRADE_MAJOR);
    struct audit *a = kit_audit(AUDIT_SURVEILLANCE, "2025-03-10", "2025-03-11");
    plan_of(a, "2025-03-01");
    CHECK_STR(CLAUSES, "A2 A3 B2 B3");
    CHECK(plan.followups_len == 8);
    kit_end();
}

TEST(the_thresholds_are_those_of_the_scheme)
{
    struct audit *onsite;
    client(&onsite);
    finding(onsite, "A1", GRADE_MINOR), finding(onsite, "A2", GRADE_MAJOR);
    struct audit *a = kit_audit(AUDIT_SURVEILLANCE, "2025-03-10", "2025-03-11");
    struct rules *rules = (struct rules *)(uintptr_t)&schemes_get(kit.schemes, NULL)->rules;
    rules->rule3_minor = 1;
    rules->rule3_major = 2;
    plan_of(a, "2025-03-01");
    CHECK_STR(CLAUSES, "A1 B2 B3");
    kit_end();
}

TEST(the_previous_audit_is_the_last_one_and_extra_ones_since)
{
    struct audit *onsite, *first, *extra;
    struct certificate *t = client(&onsite);
    kit_of(extra = kit_held(AUDIT_EXTRA, "2024-09-01"), t);
    finding(onsite, "A1", GRADE_MAJOR), finding(extra, "A2", GRADE_MAJOR);
    struct audit *a = kit_audit(AUDIT_SURVEILLANCE, "2026-03-10", "2026-03-11");
    plan_of(a, "2024-12-01");
    CHECK_STR(why(REQUIRED_CLAUSE, "A1"), "1 major nonconformity at the previous audit (6.3.4 rule 3); "
                                          "not covered in this cycle yet, and this is its last surveillance (6.3.4 rule 1)");
    CHECK(plan.previous_len == 2 && plan.followups_len == 2);
    finding(first = kit_held(AUDIT_SURVEILLANCE, "2025-03-02"), "A3", GRADE_MAJOR);
    finding(kit_held(AUDIT_EXTRA, "2025-06-01"), "A4", GRADE_MAJOR);
    finding(kit_audit(AUDIT_EXTRA, "2025-07-01", "2025-07-01"), "A5", GRADE_MAJOR); /* not held */
    plan_of(a, "2025-12-01");
    CHECK(plan.previous_len == 2 && plan.followups_len == 2);
    CHECK_STR(plan.followups[0]->clause, "A3");
    CHECK_STR(plan.followups[1]->clause, "A4");
    plan_of(first, "2025-12-01"); /* looking back: what came later was not there */
    CHECK_STR(CLAUSES, "A1 A2 B2 B3");
    kit_end();
}

TEST(a_pair_is_one_previous_audit)
{
    struct audit *onsite;
    client(&onsite);
    struct application *p = kit_apply(APPLICATION_INITIAL, "2024-01-10");
    onsite->application = p;
    struct audit *document = kit_held(AUDIT_DOCUMENT, "2024-02-20");
    document->application = p;
    finding(document, "A1", GRADE_MINOR), finding(onsite, "A1", GRADE_MINOR);
    plan_of(kit_audit(AUDIT_SURVEILLANCE, "2025-03-10", "2025-03-11"), "2025-03-01");
    CHECK_STR(CLAUSES, "A1 B2 B3");
    CHECK(plan.previous_len == 2);
    kit_end();
}

/* Held 2025-03-02, the next one is due 2026-06-02, and after that none any more before 2027-03-24. */
TEST(the_last_surveillance_takes_in_the_rest)
{
    struct audit *onsite;
    client(&onsite);
    sampled(kit_held(AUDIT_SURVEILLANCE, "2025-03-02"), "A1/D1 A2/D4 A3/D3 B1/D1 B2/D1 B3/D3 RA1/D3");
    struct audit *a = kit_audit(AUDIT_SURVEILLANCE, "2026-05-10", "2026-05-11");
    sampled(a, "A4/D3 A5/D3"); /* what it has itself by now changes nothing */
    plan_of(a, "2026-05-10");
    CHECK(plan.last && plan.left == 1);
    CHECK_STR(due(), "2026-06-02");
    CHECK_STR(CLAUSES, "A4 A5 B2 B3 B4 RA2 ER1 ER2");
    CHECK_STR(DEPARTMENTS, "D1 D2 D3");
    CHECK_STR(DIRECTIONS, EMERGENCY);
    CHECK_STR(why(REQUIRED_DEPARTMENT, "D2"), "not covered in this cycle yet, and this is its last surveillance (6.3.4 rule 1)");
    CHECK_STR(why(REQUIRED_DIRECTION, EMERGENCY), "not covered in this cycle yet, and this is its last surveillance (6.3.3)");
    a->last_of_cycle = NO;
    plan_of(a, "2026-05-10");
    CHECK_STR(CLAUSES, "B2 B3");
    CHECK(!plan.last && plan.left == 2);
    kit_end();
}

TEST(what_an_extra_surveillance_has_seen_counts)
{
    struct audit *onsite, *a;
    client(&onsite);
    sampled(kit_held(AUDIT_EXTRA, "2024-09-01"), "A1/D1 A2/D4 A3/D3 A4/D2 A5/D3 B1/D1");
    sampled(onsite, "B4/D1"); /* rule 1 is for surveillances only */
    a = kit_audit(AUDIT_SURVEILLANCE, "2025-03-02", "2025-03-02");
    a->last_of_cycle = YES;
    plan_of(a, "2025-03-01");
    CHECK_STR(CLAUSES, "B2 B3 B4 RA1 RA2 ER1 ER2");
    kit_end();
}

TEST(an_extra_surveillance_requires_the_teams_picks)
{
    struct audit *onsite, *extra;
    client(&onsite);
    finding(onsite, "A4", GRADE_MAJOR);
    pick(extra = kit_audit(AUDIT_EXTRA, "2024-09-01", "2024-09-01"), "A2");
    plan_of(extra, "2024-08-01");
    CHECK_STR(CLAUSES, "A2");
    CHECK_STR(DEPARTMENTS, "");
    CHECK(plan.followups_len == 1);
    kit_end();
}

TEST(a_certification_takes_in_everything)
{
    struct audit *onsite;
    client(&onsite);
    struct application *p = kit_apply(APPLICATION_INITIAL, "2024-01-10");
    p->directions = (struct texts){both_directions, 1};
    onsite->application = p;
    plan_of(onsite, "2024-03-01");
    CHECK_STR(CLAUSES, "A1 A2 A3 A4 A5 B1 B2 B3 B4 ER1 ER2");
    CHECK_STR(DEPARTMENTS, "D1 D2 D3 D4");
    CHECK_STR(DIRECTIONS, EMERGENCY);
    CHECK_STR(why(REQUIRED_CLAUSE, "A1"), "an initial certification takes in everything (6.2)");
    CHECK(!plan.cycle);
    struct audit *document = kit_audit(AUDIT_DOCUMENT, "2024-02-01", "2024-02-20");
    document->application = p;
    plan_of(document, "2024-02-01");
    CHECK_STR(CLAUSES, "");
    kit_end();
}

TEST(a_recertification_takes_in_everything_and_follows_up)
{
    struct audit *onsite;
    client(&onsite);
    finding(kit_held(AUDIT_SURVEILLANCE, "2026-05-11"), "A1", GRADE_OBSERVATION);
    plan_of(kit_audit(AUDIT_RECERTIFICATION, "2027-01-10", "2027-01-12"), "2027-01-01");
    CHECK_STR(CLAUSES, "A1 A2 A3 A4 A5 B1 B2 B3 B4 RA1 RA2 ER1 ER2");
    CHECK_STR(why(REQUIRED_CLAUSE, "B2"), "a recertification takes in everything (8)");
    CHECK(plan.followups_len == 1 && plan.previous_len == 1);
    kit_end();
}

TEST(a_pick_that_is_no_clause_is_told)
{
    struct audit *onsite, *a;
    client(&onsite);
    pick(a = kit_audit(AUDIT_SURVEILLANCE, "2025-03-10", "2025-03-11"), "Z9");
    plan_of(a, "2025-03-01");
    CHECK_STR(CLAUSES, "B2 B3 Z9");
    kit_end();
}

/* ---- the next one ---- */

TEST(the_next_one_is_the_one_that_is_planned)
{
    struct audit *onsite;
    client(&onsite);
    CHECK_OK(next("2024-10-01"));
    CHECK(!plan.audit);
    CHECK_STR(due(), "2025-03-25");
    struct audit *later = kit_audit(AUDIT_SURVEILLANCE, "2026-03-10", "2026-03-11"),
                 *sooner = kit_audit(AUDIT_SURVEILLANCE, "2025-03-10", "2025-03-11");
    CHECK_OK(next("2024-10-01"));
    CHECK(plan.audit == sooner);
    sooner->submitted = true;
    CHECK_OK(next("2025-04-01"));
    CHECK(plan.audit == later);
    CHECK_STR(due(), "2026-06-11");
    kit_end();
}

TEST(without_a_live_certificate_none_is_next)
{
    struct audit *onsite;
    struct certificate *t = client(&onsite);
    CHECK(next("2024-03-24") == ERR_MISSING);
    CHECK(next("2027-03-25") == ERR_MISSING);
    kit_decide(OUTCOME_WITHDRAW, t, "2025-01-01");
    CHECK(next("2025-01-01") == ERR_MISSING);
    kit_end();
}

/* An extra one of 2026-02-01 that is complete leaves none due; what is not covered is demanded all the same. */
TEST(where_none_falls_due_rule_1_still_demands_one)
{
    struct audit *onsite, *extra;
    client(&onsite);
    sampled(kit_held(AUDIT_SURVEILLANCE, "2025-03-02"), "A1/D1 A2/D4 A3/D3 A4/D2 B1/D1 B2/D1 B3/D3 B4/D1 RA1/D3 RA2/D2 ER1/D3 ER2/D3");
    kit_points(extra = kit_held(AUDIT_EXTRA, "2026-02-01"));
    CHECK_OK(next("2026-02-02"));
    CHECK(plan.due == DAY_NONE && plan.last);
    CHECK_STR(CLAUSES, "A5 B2 B3");
    sampled(extra, "A5/D3");
    CHECK(next("2026-02-02") == ERR_MISSING);
    kit_end();
}

TEST(several_certificates_are_planned_as_one)
{
    struct audit *onsite;
    struct certificate *t = client(&onsite), *u = kit_grant("2024-06-10");
    t->directions = (struct texts){both_directions, 1};
    u->directions = (struct texts){both_directions + 1, 1};
    CHECK_OK(next("2024-10-01"));
    CHECK(plan.cycle->current == t);
    CHECK_STR(due(), "2025-03-25");
    struct audit *a = kit_audit(AUDIT_SURVEILLANCE, "2025-03-10", "2025-03-11");
    a->last_of_cycle = YES;
    CHECK_OK(next("2024-10-01"));
    CHECK_STR(DIRECTIONS, EMERGENCY " " RISK);
    kit_of(a, u);
    CHECK_OK(next("2024-10-01"));
    CHECK_STR(CLAUSES, "A1 A2 A3 A4 A5 B1 B2 B3 B4 RA1 RA2");
    kit_end();
}

TEST(what_was_withdrawn_requires_nothing)
{
    struct audit *onsite;
    struct certificate *t = client(&onsite), *u = kit_grant("2024-06-10");
    t->directions = (struct texts){both_directions, 1};
    u->directions = (struct texts){both_directions + 1, 1};
    struct audit *a = kit_audit(AUDIT_SURVEILLANCE, "2025-03-10", "2025-03-11");
    a->last_of_cycle = YES;
    kit_decide(OUTCOME_WITHDRAW, t, "2024-12-01");
    plan_of(a, "2025-03-01");
    CHECK_STR(DIRECTIONS, RISK);
    plan_of(a, "2024-11-01"); /* not known yet */
    CHECK_STR(DIRECTIONS, EMERGENCY " " RISK);
    kit_end();
}

TEST(a_later_extension_changes_nothing_for_an_earlier_surveillance)
{
    struct audit *onsite;
    struct certificate *t = client(&onsite);
    t->directions = (struct texts){both_directions, 1};
    struct audit *a = kit_held(AUDIT_SURVEILLANCE, "2025-03-10");
    a->last_of_cycle = YES;
    kit_issue(OUTCOME_REISSUE, t, "2025-06-01", "2025-06-01")->directions = (struct texts){both_directions, 2};
    plan_of(a, "2025-07-01");
    CHECK_STR(DIRECTIONS, EMERGENCY);
    kit_end();
}

/* ---- the proposal ---- */

/* "B2/D1* A1/D4": clause and department, with * where it is required. */
static const char *proposal(void)
{
    const char *text = "";
    for (size_t i = 0; i < plan.visits_len; i++)
        text = arena_printf(&kit.arena, "%s%s%s/%s%s", text, i ? " " : "", plan.visits[i].clause,
            plan.visits[i].department ? plan.visits[i].department : "-", plan.visits[i].required ? "*" : "");
    return text;
}

/* Its days in conflict, nobody knows how many follow: none is counted on. */
TEST(a_cycle_without_a_known_end_leaves_nothing_for_later)
{
    struct audit *onsite;
    struct certificate *t = client(&onsite);
    t->valid_from = DAY_NONE;
    CHECK_OK(plan_next(&plan, &kit.c, kit_day("2024-06-01")));
    CHECK(plan.last && plan.left == 1 && plan.clauses_len == 13);
    kit_end();
}

/* Eleven clauses are open and two surveillances left: six now. D2 and D4 are open, so one of them is visited at least, and
 * so is one direction. */
TEST(the_rest_is_shared_by_the_surveillances_left)
{
    struct audit *onsite;
    client(&onsite);
    CHECK_OK(next("2024-10-01"));
    CHECK(plan.left == 2 && plan.visits_len == 8);
    CHECK_STR(proposal(), "B2/D1* B3/D3* A1/D4 A2/D1 A3/D3 A4/D4 ER1/D2 RA1/D2");
    kit_end();
}

/* Without departments, and where the catalogue's are none of the case's. */
TEST(a_clause_goes_anywhere_where_its_departments_are_none_of_ours)
{
    kit_begin();
    kit_grant("2024-03-25");
    CHECK_OK(next("2024-10-01"));
    CHECK(plan.visits_len == 8 && !plan.visits[0].department);
    department("X1", true);
    CHECK_OK(next("2024-10-01"));
    CHECK_STR(DEPARTMENTS, "X1");
    CHECK_STR(plan.visits[0].department, "X1");
    kit_end();
}

/* ---- sites and man-days ---- */

/* domain.md §7, example 9. */
TEST(ten_similar_sites)
{
    kit_begin();
    const struct rules *r = &schemes_get(kit.schemes, NULL)->rules;
    CHECK(sites_to_visit(10, r->sites_initial_numerator, r->sites_initial_denominator) == 4);
    CHECK(sites_to_visit(10, r->sites_surveillance_numerator, r->sites_surveillance_denominator) == 2);
    CHECK(sites_to_visit(10, r->sites_recertification_numerator, r->sites_recertification_denominator) == 3);
    kit_end();
}

TEST(as_many_sites_as_the_square_root_tells)
{
    for (int64_t n = 0; n <= 400; n++) {
        int64_t k = sites_to_visit(n, 9, 25);
        CHECK(25 * k * k >= 9 * n && (k == 0 || 25 * (k - 1) * (k - 1) < 9 * n));
    }
    CHECK(sites_to_visit(1, 1, 1) == 1 && sites_to_visit(0, 1, 1) == 0);
    CHECK(sites_to_visit(3, 100, 1) == 3); /* never more than there are */
}

TEST(service_sites_stand_in_groups)
{
    struct site_group *groups;
    size_t len;
    kit_begin();
    for (int i = 0; i < 13; i++) {
        struct site *s = KIT_ADD(sites, "site");
        s->kind = i == 12 ? SITE_OFFICE : SITE_SERVICE;
        s->similar = i < 10 ? "desk" : NULL;
        s->central = i == 11;
    }
    const struct rules *r = &schemes_get(kit.schemes, NULL)->rules;
    CHECK_OK(site_groups(&groups, &len, &kit.c, r, AUDIT_SURVEILLANCE));
    CHECK(len == 2 && groups[0].sites_len == 10 && groups[0].visit == 2 && groups[1].visit == 1);
    CHECK_OK(site_groups(&groups, &len, &kit.c, r, AUDIT_ONSITE));
    CHECK(groups[0].visit == 4);
    CHECK_OK(site_groups(&groups, &len, &kit.c, r, AUDIT_RECERTIFICATION));
    CHECK(groups[0].visit == 3);
    kit_end();
}

/* Sites that are like no other: memory in proportion to them. */
TEST(many_sites_that_are_alone)
{
    enum { MANY = 2000 };
    struct site_group *groups;
    size_t len;
    kit_begin();
    kit.c.sites = arena_alloc(&kit.arena, MANY * sizeof *kit.c.sites);
    kit.c.sites_len = MANY;
    for (int i = 0; i < MANY; i++) kit.c.sites[i].kind = SITE_SERVICE;
    size_t before = kit.arena.used;
    CHECK_OK(site_groups(&groups, &len, &kit.c, &schemes_get(kit.schemes, NULL)->rules, AUDIT_ONSITE));
    CHECK(len == MANY && groups[MANY - 1].sites_len == 1 && groups[MANY - 1].visit == 1);
    CHECK(kit.arena.used - before < (size_t)MANY * 200);
    kit_end();
}

static bool is_e(void *ctx, const char *person)
{
    (void)ctx;
    return strcmp(person, "e") == 0;
}

/* In steps: half days. */
static int64_t steps(const char *leader, const char *const *team, size_t team_len, const char *const *days, size_t days_len)
{
    struct audit a = {.start = day_read("2024-03-04"), .end = day_read("2024-03-07"), .leader = leader,
        .team = {team, team_len}, .days = {days, days_len}};
    struct rules rules = {.man_day_steps = 2, .man_day_hours = 8};
    return man_days(&a, &rules, is_e, NULL);
}

/* domain.md §7, example 1: two auditors and one expert, three days in four. */
TEST(man_days_of_two_sites)
{
    const char *const team[] = {"b", "e"}, *const days[] = {"2024-03-04", "2024-03-05", "2024-03-07"};
    CHECK(steps("a", team, 2, days, 3) == 12);
    CHECK(steps("a", team, 2, days, 0) == 16);
}

/* Whoever wrote them, and in whatever form: a day has its most hours, once. */
TEST(a_day_told_twice_counts_once)
{
    const char *const days[] = {"2024-03-04", "2024-03-04 x", "2024-03-04/4", "2024-03-04/9", "2024-03-05/4", "2024-03-05/x"};
    CHECK(steps("a", NULL, 0, days, 1) == 2 && steps("a", NULL, 0, days, 3) == 2 && steps("a", NULL, 0, days, 6) == 3);
}

TEST(man_days_are_rounded_to_the_nearest_half)
{
    const char *const team[] = {"a"}, *const days[] = {"2024-03-07/4"}, *const five[] = {"2024-03-07/5"}, *const six[] = {"2024-03-07/6"},
                      *const one[] = {"2024-03-07/1"};
    CHECK(steps("a", team, 1, days, 1) == 1); /* the leader stands in the team, too */
    CHECK(steps("a", NULL, 0, five, 1) == 1 && steps("a", NULL, 0, six, 1) == 2 && steps("a", NULL, 0, one, 1) == 0);
}

TEST(a_day_counts_once_and_what_is_none_not_at_all)
{
    const char *const days[] = {"2024-03-07", "2024-03-07/4", "2024-03-08/9x", "2024-02-30", "later"};
    CHECK(steps("a", NULL, 0, days, 5) == 2);
    CHECK(steps("e", NULL, 0, days, 5) == 0);
    CHECK(steps(NULL, NULL, 0, days, 5) == 0);
}

int main(int argc, char **argv)
{
    return test_main(argc, argv);
}
