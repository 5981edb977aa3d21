/* Coverage and plan of a case of many entries, measured in the process: bench_scheme [ENTRIES [N]]. Prints one JSON object
 * with medians in milliseconds: the folding, which a store does once, and each answer from the folded entries to its JSON. */
#include "large_case.h"
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

int main(int argc, char **argv)
{
    int entries = argc > 1 ? atoi(argv[1]) : 20000, n = argc > 2 ? atoi(argv[2]) : 20;
    (void)test_last; /* no cases here */
    if (n < 1 || n > MOST_RUNS) return 2;
    kit_begin();
    make_large(entries);
    on = day_of(2024, 6, 1);
    double folding = median_of(fold_case, 1), cycle = median_of(ask_cycle, n), audit = median_of(ask_audit, n);
    printf("{\"entries\":%d,\"cells\":%zu,\"fold_ms\":%.2f,\"cycle_ms\":%.2f,\"audit_ms\":%.2f,\"plan_ms\":%.2f}\n", entries,
        answered, folding, cycle, audit, median_of(ask_plan, n));
    scene_release(&scene);
    kit_end();
    return test_failed_checks != 0;
}
