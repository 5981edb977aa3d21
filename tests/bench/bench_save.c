/* A save, measured in the process, beside a bare SQLite commit of a row of the same size with the same settings:
 * bench_save FOLDER [N]. Prints one JSON object with the medians in milliseconds. The two alternate. */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "satchel/base/os.h"
#include "satchel/scheme/scheme.h"
#include "satchel/store/store.h"

#define ROW_SIZE 900

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

static double save(struct store *s, const struct change *change)
{
    struct store_tx *tx;
    const char *id;
    double t = os_monotonic_seconds();
    must(store_begin(&tx, s), "begin");
    must(store_change(tx, change, &id), "change");
    must(store_commit(tx), "commit");
    return os_monotonic_seconds() - t;
}

static double bare(sqlite3 *db, sqlite3_stmt *insert)
{
    static const char row[ROW_SIZE];
    double t = os_monotonic_seconds();
    must(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), "begin");
    sqlite3_bind_blob(insert, 1, row, sizeof row, SQLITE_STATIC);
    if (sqlite3_step(insert) != SQLITE_DONE) exit(1);
    sqlite3_reset(insert);
    must(sqlite3_exec(db, "COMMIT", NULL, NULL, NULL), "commit");
    return os_monotonic_seconds() - t;
}

int main(int argc, char **argv)
{
    char recovery[RECOVERY_KEY_SIZE], path[4096];
    struct forms *forms;
    struct schemes *schemes;
    struct store *s;
    struct arena a;
    sqlite3 *db;
    sqlite3_stmt *insert;
    const char *organisation;
    struct store_tx *tx;
    int n = argc > 2 ? atoi(argv[2]) : 200;
    double *ours = calloc((size_t)n, sizeof *ours), *bares = calloc((size_t)n, sizeof *bares);
    arena_init(&a);
    must(forms_new(&forms), "forms");
    must(schemes_new(&schemes, forms), "scheme");
    snprintf(path, sizeof path, "%s/store", argv[1]);
    must(store_create(path, "n", "e@example.com", "p", 10, forms, recovery), "create");
    must(store_open(&s, path, "p", forms), "open");
    struct jv *set = jv_object(&a);
    must(jv_put_str(&a, set, "name", "x"), "set");
    struct change change = {.kind = CHANGE_NEW, .type = "organisation", .case_name = "B-1", .set = set};
    must(store_begin(&tx, s), "begin");
    must(store_change(tx, &change, &organisation), "organisation");
    must(store_commit(tx), "commit");
    change = (struct change){.kind = CHANGE_SET, .record = organisation, .set = set};

    snprintf(path, sizeof path, "%s/bare.db", argv[1]);
    if (sqlite3_open(path, &db)) return 1;
    sqlite3_exec(db, "PRAGMA journal_mode=DELETE; PRAGMA synchronous=EXTRA; CREATE TABLE t(n INTEGER PRIMARY KEY, b BLOB)", NULL,
        NULL, NULL);
    sqlite3_prepare_v2(db, "INSERT INTO t(b) VALUES(?)", -1, &insert, NULL);
    for (int i = 0; i < n; i++) {
        ours[i] = save(s, &change);
        bares[i] = bare(db, insert);
    }
    qsort(ours, (size_t)n, sizeof *ours, order);
    qsort(bares, (size_t)n, sizeof *bares, order);
    printf("{\"save_ms\":%.3f,\"bare_ms\":%.3f,\"ratio\":%.3f}\n", ours[n / 2] * 1e3, bares[n / 2] * 1e3, ours[n / 2] / bares[n / 2]);
    sqlite3_finalize(insert);
    sqlite3_close(db);
    store_close(s);
    schemes_free(schemes);
    forms_free(forms);
    arena_release(&a);
    free(ours);
    free(bares);
    return 0;
}
