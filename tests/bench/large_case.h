/* One case of many entries, for measurements in the process: a certificate, six surveillances, findings, samples, evidence. */
#ifndef LARGE_CASE_H
#define LARGE_CASE_H

#include "../unit/case_kit.h"
#include "../unit/scene.h"
#include "satchel/base/os.h"

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

static struct scene scene;

/* Of ten entries one is a finding, three are evidence, six are samples. */
static const char *large_line(int i)
{
    static const char *const grades[] = {"minor", "major", "observation", "ofi"};
    static const char *const clauses[] = {"A1", "A2", "A3", "A4", "A5", "B1", "B2", "B3", "B4", "RA1", "RA2", "ER1", "ER2"};
    const char *clause = clauses[i * 7 % 13];
    int audit = 10 + i % 6;
    struct arena *a = fold_arena(scene.fold);
    if (i % 10 == 0)
        return arena_printf(a, "x: A A%d :finding + audit=audit/$A-%d clause=%s grade=%s due=20%02d-0%d-1%d fact=_ closed=20%02d-10-01",
            1000 + i, audit, clause, grades[i / 10 % 4], 24 + i % 3, i % 9 + 1, i % 10, 24 + i % 3);
    if (i % 10 < 4)
        return arena_printf(a, "x: A A%d :evidence + name=photo.jpg sha256=x size=1000 of.sample/$A-%d=true", 1000 + i, 1000 + i / 10 * 10 + 5);
    return arena_printf(a, "x: A A%d :sample + audit=audit/$A-%d clause=%s department=department/$A-%d result=conform method.records=true", 1000 + i,
        audit, clause, 3 + i % 4);
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
    say("c: A A2 :certificate + decision=decision/$A-1 number=WAL-1 issued=2023-03-25 valid_from=2023-03-25 directions.风险评估=true "
        "directions.应急响应=true");
    for (int i = 1; i <= 4; i++)
        say(arena_printf(fold_arena(scene.fold), "p: A A%d :department + code=D%d name=x decisive=%s", 2 + i, i, i % 2 ? "true" : "false"));
    for (int i = 0; i < 6; i++)
        say(arena_printf(fold_arena(scene.fold), "a: A A%d :audit + kind=surveillance start=202%d-0%d-10 end=202%d-0%d-12 result=pass", 10 + i,
            4 + i / 3, i + 1, 4 + i / 3, i + 1));
    for (int i = 12; i < entries; i++) say(large_line(i));
}

static void fold_case(void)
{
    const struct fold_record *const *records;
    size_t len;
    CHECK_OK(fold_records(scene.fold, "C-1", &records, &len));
}

#endif
