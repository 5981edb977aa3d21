/* The history of one record at an open hub, measured in the process: bench_history HUB RECORD [N]. The index was written
 * when the bundles were received. Prints one JSON object: the median in milliseconds and how many entries the record has. */
#include <stdio.h>
#include <stdlib.h>

#include "satchel/base/os.h"
#include "satchel/hub/hub.h"
#include "satchel/replica/state.h"
#include "satchel/scheme/scheme.h"
#include "satchel/store/index.h"

static int order(const void *a, const void *b)
{
    double d = *(const double *)a - *(const double *)b;
    return d < 0 ? -1 : d > 0;
}

static void must(int r, const char *what)
{
    if (!r) return;
    fprintf(stderr, "%s: %s\n", what, err_message());
    exit(1);
}

static size_t history(struct hub *hub, struct index *index, const char *record)
{
    struct arena a;
    struct fold *f;
    struct index_entry *entries;
    size_t len;
    arena_init(&a);
    must(fold_new(&f), "fold");
    must(index_record(index, record, NULL, &a, &entries, &len), "index");
    for (size_t i = 0; i < len; i++) {
        struct entry *e;
        enum verdict verdict;
        unsigned char key[KEY_SIZE];
        bool known;
        must(hub_entry(hub, entries[i].case_name, entries[i].kit, entries[i].seq, entries[i].id, fold_arena(f), &e, key,
                 &verdict),
            "entry");
        must(fold_add(f, e, key, verdict, NULL, 0, &known), "add");
    }
    struct jv *h = record_history(&a, fold_record(f, entries[0].case_name, record), NULL, NULL);
    must(h ? 0 : -1, "history");
    len = h->len;
    fold_free(f);
    arena_release(&a);
    return len;
}

int main(int argc, char **argv)
{
    struct forms *forms;
    struct schemes *schemes;
    struct hub *hub;
    struct index *index;
    char path[4096];
    int n = argc > 3 ? atoi(argv[3]) : 100;
    size_t len = 0;
    double *times = calloc((size_t)n, sizeof *times);
    if (argc < 3 || !times) return 2;
    must(forms_new(&forms), "forms");
    must(schemes_new(&schemes, forms), "scheme");
    must(hub_open(&hub, argv[1], forms, NULL), "hub");
    snprintf(path, sizeof path, "%s/index.db", argv[1]);
    must(index_open(&index, path), "index");
    for (int i = 0; i < n; i++) {
        double t = os_monotonic_seconds();
        len = history(hub, index, argv[2]);
        times[i] = os_monotonic_seconds() - t;
    }
    qsort(times, (size_t)n, sizeof *times, order);
    printf("{\"history_ms\":%.3f,\"entries\":%zu}\n", times[n / 2] * 1e3, len);
    index_close(index);
    hub_close(hub);
    schemes_free(schemes);
    forms_free(forms);
    free(times);
    return 0;
}
