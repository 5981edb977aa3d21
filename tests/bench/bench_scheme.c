/* Coverage, plan, check and gates of a case of many entries, measured in the process: bench_scheme [ENTRIES [N]]. Prints one JSON object
 * with medians in milliseconds: the folding, which a store does once, and each answer from the folded entries to its JSON. */
#include "large_case.h"
#include "satchel/scheme/check.h"
#include "satchel/scheme/plan.h"

static int32_t on;
static size_t answered;

static void read_case(void)
{
    kit_clear();
    CHECK_OK(casefile_read(&kit.c, &kit.arena, scene.fold, "C-1", kit.schemes));
}

static void ask_cycle(void)
{
    struct coverage v;
    struct plan p;
    read_case();
    CHECK_OK(coverage_of_case(&v, &kit.c, on));
    CHECK_OK(plan_next(&p, &kit.c, on));
    CHECK(coverage_json(&kit.arena, &v, &p));
    answered = v.cells_len;
}

static void ask_audit(void)
{
    struct coverage v;
    struct plan p;
    read_case();
    const struct audit *a = &kit.c.audits[0];
    CHECK_OK(coverage_of_audit(&v, &kit.c, a, on));
    CHECK_OK(plan_for_audit(&p, &kit.c, a, on));
    CHECK(coverage_json(&kit.arena, &v, &p));
}

static void ask_plan(void)
{
    struct plan p;
    read_case();
    CHECK_OK(plan_next(&p, &kit.c, on));
    CHECK(plan_json(&kit.arena, &kit.c, &p));
}

/* Hashing the evidence apart. */
static void ask_check(void)
{
    struct gaps g;
    read_case();
    gaps_init(&g, &kit.arena);
    CHECK_OK(check_audit(&g, &kit.c, &kit.c.audits[0], on, NULL));
    CHECK(gaps_json(&kit.arena, &g));
}

/* With a decision on each of its audits, so with the check of each. */
static void ask_gates(void)
{
    struct gaps g;
    read_case();
    gaps_init(&g, &kit.arena);
    CHECK_OK(gates_case(&g, &kit.c, on, NULL));
}

static void decide_all(void)
{
    for (int i = 0; i < 6; i++)
        say(arena_printf(fold_arena(scene.fold),
            "m: A A%d :decision + outcome=maintain date=202%d-0%d-20 audit=audit/$A-%d certificate=certificate/$A-2 reason=x", 900 + i,
            4 + i / 3, i + 1, 10 + i));
    for (int i = 0; i < 6; i++) say(arena_printf(fold_arena(scene.fold), "s: A A%d :audit submitted=true", 10 + i));
}

int main(int argc, char **argv)
{
    int entries = argc > 1 ? atoi(argv[1]) : 20000, n = argc > 2 ? atoi(argv[2]) : 20;
    (void)test_last; /* no cases here */
    if (n < 1 || n > MOST_RUNS) return 2;
    kit_begin();
    make_large(entries);
    on = day_of(2024, 6, 1);
    double folding = median_of(fold_case, 1), cycle = median_of(ask_cycle, n), audit = median_of(ask_audit, n);
    double plan = median_of(ask_plan, n), check = median_of(ask_check, n);
    decide_all();
    fold_case();
    printf("{\"entries\":%d,\"cells\":%zu,\"fold_ms\":%.2f,\"cycle_ms\":%.2f,\"audit_ms\":%.2f,\"plan_ms\":%.2f,\"check_ms\":%.2f,"
           "\"gates_ms\":%.2f}\n",
        entries, answered, folding, cycle, audit, plan, check, median_of(ask_gates, n));
    scene_release(&scene);
    kit_end();
    return test_failed_checks != 0;
}
