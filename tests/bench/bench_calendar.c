/* The calendar of a hub's index of many cases, and of one case of many entries, measured in the process:
 * bench_calendar FOLDER [CASES [ENTRIES [N]]]. Index and case are filled by code. Prints one JSON object with medians in
 * milliseconds: all cases and one case of the index; the case as it is read from its entries that are folded already, asked
 * about one day and about all, and the folding itself, which a store does once. */
#include "large_case.h"
#include "satchel/scheme/calendar.h"
#include "satchel/store/index.h"

/* ---- the index ---- */

static struct index *idx;
static const char *asked; /* case, or NULL */
static size_t answered;
static int32_t on;

/* A client of six years: two cycles, four surveillances, a suspension, findings. */
static void make_client(int number)
{
    int32_t day = day_of(2020, 1, 1) + number * 7 % 2000;
    kit_clear();
    struct certificate *t = kit_issue_on(OUTCOME_GRANT, NULL, day, day);
    int32_t end = certificate_valid_to(&kit.c, t);
    t->number = arena_printf(&kit.arena, "WAL-2020-%05d", number);
    for (int32_t d = day + 350; d < end + 1000; d += 340) {
        struct audit *a = kit_audit_on(AUDIT_SURVEILLANCE, d, d + 1, true);
        for (int i = 0; i < 3; i++) kit_finding(a, i ? GRADE_MINOR : GRADE_MAJOR, NULL)->due = d + 90;
    }
    kit_suspend_on(t, day + 360);
    kit_decide_on(OUTCOME_RESTORE, t, day + 400);
    kit_apply(APPLICATION_RECERTIFICATION, NULL)->received = end - 100;
    kit_issue_on(OUTCOME_RENEW, t, end - 10, end + 1)->number = t->number;
    CHECK_OK(casefile_arrange(&kit.c));
}

static void put_client(struct fold *nothing, int number)
{
    struct due_span *spans;
    size_t len;
    make_client(number);
    CHECK_OK(calendar_spans(&spans, &len, &kit.c));
    struct index_span *list = arena_alloc(&kit.arena, (len + 1) * sizeof *list);
    for (size_t i = 0; i < len; i++) {
        const struct due *d = &spans[i].item;
        list[i] = (struct index_span){NULL, d->certificate ? d->certificate->id : NULL, d->certificate ? d->certificate->number : NULL,
            d->record, d->rule, d->what, d->due, d->remind_days, spans[i].from, spans[i].to};
    }
    struct index_change change = {.case_name = arena_printf(&kit.arena, "BJ-2020-%05d", number), .tip = "0", .spans = list,
        .spans_len = len};
    CHECK_OK(index_merge(idx, nothing, &change));
}

static void ask_index(void)
{
    struct arena a;
    struct index_span *list;
    arena_init(&a);
    CHECK_OK(index_calendar(idx, on, asked, &a, &list, &answered));
    arena_release(&a);
}

static void bench_index(const char *folder, int cases, int n)
{
    char path[4096];
    struct fold *nothing;
    snprintf(path, sizeof path, "%s/calendar-index.db", folder);
    remove(path);
    CHECK_OK(fold_new(&nothing));
    CHECK_OK(index_open(&idx, path));
    for (int i = 0; i < cases; i++) put_client(nothing, i);
    on = day_of(2024, 6, 1);
    double all = median_of(ask_index, n);
    printf("{\"index_cases\":%d,\"index_items\":%zu,\"index_ms\":%.2f,", cases, answered, all);
    asked = "BJ-2020-00007";
    printf("\"index_case_ms\":%.3f,", median_of(ask_index, n));
    index_close(idx);
    fold_free(nothing);
}

/* ---- one large case ---- */

static void ask_case(void)
{
    struct due *dues;
    kit_clear();
    CHECK_OK(casefile_read(&kit.c, &kit.arena, scene.fold, "C-1", kit.schemes));
    CHECK_OK(calendar(&dues, &answered, &kit.c, on));
}

static void ask_spans(void)
{
    struct due_span *spans;
    kit_clear();
    CHECK_OK(casefile_read(&kit.c, &kit.arena, scene.fold, "C-1", kit.schemes));
    CHECK_OK(calendar_spans(&spans, &answered, &kit.c));
}

static void bench_case(int entries, int n)
{
    make_large(entries);
    on = day_of(2024, 6, 1);
    double folding = median_of(fold_case, 1), one = median_of(ask_case, n);
    size_t items = answered;
    double all = median_of(ask_spans, n);
    printf("\"entries\":%d,\"items\":%zu,\"fold_ms\":%.2f,\"case_ms\":%.2f,\"spans\":%zu,\"spans_ms\":%.2f}\n", entries, items, folding,
        one, answered, all);
    scene_release(&scene);
}

int main(int argc, char **argv)
{
    int cases = argc > 2 ? atoi(argv[2]) : 10000, entries = argc > 3 ? atoi(argv[3]) : 20000, n = argc > 4 ? atoi(argv[4]) : 20;
    (void)test_last; /* no cases here */
    if (argc < 2 || n < 1 || n > MOST_RUNS) return 2;
    kit_begin();
    bench_index(argv[1], cases, n);
    bench_case(entries, n);
    kit_end();
    return test_failed_checks != 0;
}
