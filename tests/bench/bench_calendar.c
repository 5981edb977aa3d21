/* The calendar of a hub's index of many cases, and of one case of many entries, measured in the process:
 * bench_calendar FOLDER [CASES [ENTRIES [N]]]. Index and case are filled by code. Prints one JSON object with medians in
 * milliseconds: all cases and one case of the index; the case as it is read from its entries that are folded already, asked
 * about one day and about all, and the folding itself, which a store does once. */
#include "../unit/case_kit.h"
#include "../unit/scene.h"
#include "satchel/base/os.h"
#include "satchel/scheme/calendar.h"
#include "satchel/store/index.h"

enum { MOST_RUNS = 1000 };

static int order(const void *a, const void *b)
{
    double d = *(const double *)a - *(const double *)b;
    return d < 0 ? -1 : d > 0;
}

static double median_of(void (*what)(void), int n)
{
    static double times[MOST_RUNS];
    for (int i = 0; i < n; i++) {
        double t = os_monotonic_seconds();
        what();
        times[i] = os_monotonic_seconds() - t;
    }
    qsort(times, (size_t)n, sizeof *times, order);
    return 1000 * times[n / 2];
}

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

static struct scene scene;

/* Of ten entries one is a finding, three are evidence, six are samples; every fifth finding has a change. */
static const char *large_line(int i)
{
    static const char *const grades[] = {"minor", "major", "observation", "ofi"};
    int audit = 10 + i % 6;
    struct arena *a = fold_arena(scene.fold);
    if (i % 10 == 0)
        return arena_printf(a, "x: A A%d :finding + audit=audit/$A-%d clause=B%d grade=%s due=20%02d-0%d-1%d fact=_ closed=20%02d-10-01",
            1000 + i, audit, i % 4 + 1, grades[i / 10 % 4], 24 + i % 3, i % 9 + 1, i % 10, 24 + i % 3);
    if (i % 10 < 4)
        return arena_printf(a, "x: A A%d :evidence + name=photo.jpg sha256=x size=1000 of.sample/$A-%d=true", 1000 + i, 1000 + i / 10 * 10 + 5);
    return arena_printf(a, "x: A A%d :sample + audit=audit/$A-%d clause=B%d department=department/$A-3 result=conform method.records=true", 1000 + i,
        audit, i % 4 + 1);
}

static void say(const char *line)
{
    scene.len = scene.len > 2 ? 2 : scene.len; /* only the last one is looked at for the chain */
    scene_say(&scene, line);
    if (scene.len > 1) scene.said[0] = scene.said[scene.len - 1];
    scene.len = 1;
}

static void make_large(int entries)
{
    scene_init(&scene);
    say("d: A A1 :decision + outcome=grant date=2023-03-25");
    say("c: A A2 :certificate + decision=decision/$A-1 number=WAL-1 issued=2023-03-25 valid_from=2023-03-25");
    say("p: A A3 :department + code=D3 name=项目部");
    for (int i = 0; i < 6; i++)
        say(arena_printf(fold_arena(scene.fold), "a: A A%d :audit + kind=surveillance start=202%d-0%d-10 end=202%d-0%d-12 result=pass", 10 + i,
            4 + i / 3, i + 1, 4 + i / 3, i + 1));
    for (int i = 9; i < entries; i++) say(large_line(i));
}

static void fold_case(void)
{
    const struct fold_record *const *records;
    size_t len;
    CHECK_OK(fold_records(scene.fold, "C-1", &records, &len));
}

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
