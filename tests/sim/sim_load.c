/* Many kits against one hub, all at once: each makes entries and photos, and syncs; so again and again. Afterwards everybody
 * who sees a case holds all that was ever entered in it, once, and so does the hub, photos too.
 *
 *   sim_load [--kits N] [--bundles N] [--photo BYTES] [--seed N] [--kits-folder DIR] [--hub-folder DIR]
 *
 * A bundle is five entries and two photos. Both folders must be there and empty; what is in them stays. */
#define _XOPEN_SOURCE 700 /* before any header */

#include <pthread.h>

#include "sim_kit.h"

#define ENTRIES 5
#define PHOTOS 2
#define KITS_PER_CASE 10
#define SETTLING 3

struct options {
    int kits, bundles;
    size_t photo;
    uint64_t seed;
    const char *kits_folder, *hub_folder;
};

struct times {
    double *items;
    size_t len;
};

struct worker {
    struct sim_kit kit;
    pthread_t thread;
    char case_name[24], name[24];
    int bundles;
    struct load *load;
    struct times syncs, durable;
    size_t sent, fetched, failed, errors, unheld;
};

struct load {
    struct options o;
    struct sim_kit admin;
    struct sim_hub hub;
    struct worker *workers;
    const struct enrolment *enrolment;
    int wrong;
    pthread_barrier_t ready;
};

static void wrong(struct load *l, const char *what, const char *who)
{
    l->wrong++;
    printf("  wrong: %s: %s\n", who, what);
}

/* ---- before ---- */

static int cases(const struct load *l)
{
    return (l->o.kits + KITS_PER_CASE - 1) / KITS_PER_CASE;
}

static void open_cases(struct load *l)
{
    struct sim_change c;
    sim_begin(&c, &l->admin);
    for (int i = 0; i < cases(l); i++) sim_new(&c, "organisation", l->workers[i * KITS_PER_CASE].case_name, "{\"name\":\"华安\"}");
    sim_commit(&c);
}

static void enrol_all(struct load *l)
{
    struct sim_change c;
    sim_begin(&c, &l->admin);
    for (int i = 0; i < l->o.kits; i++) {
        struct worker *w = &l->workers[i];
        const struct store *s = w->kit.store;
        const char *person = sim_enrol(&c, w->name, "\"roles.auditor\":true,\"roles.leader\":true",
            store_signer(s)->public_key, store_recipient(s));
        sim_new(&c, "assignment", w->case_name, arena_printf(&c.arena, "{\"person\":\"register:%s\"}", person));
    }
    sim_commit(&c);
}

static void set_up(struct load *l)
{
    l->workers = calloc((size_t)l->o.kits, sizeof *l->workers);
    if (!l->workers) abort();
    for (int i = 0; i < l->o.kits; i++) {
        struct worker *w = &l->workers[i];
        w->load = l;
        w->bundles = l->o.bundles / l->o.kits + (i < l->o.bundles % l->o.kits);
        w->kit.random = l->o.seed * 1000003 + (uint64_t)i;
        w->syncs.items = calloc((size_t)w->bundles + SETTLING + 1, sizeof(double));
        w->durable.items = calloc((size_t)w->bundles + 1, sizeof(double));
        snprintf(w->case_name, sizeof w->case_name, "C-%d", i / KITS_PER_CASE);
        snprintf(w->name, sizeof w->name, "kit-%d", i);
        sim_kit_make(&w->kit, l->o.kits_folder, w->name);
    }
    sim_kit_make(&l->admin, l->o.kits_folder, "admin");
    sim_hub_make(&l->hub, l->o.hub_folder, "hub", &l->admin);
    sim_join_as_root(&l->admin, &l->hub);
    open_cases(l);
    enrol_all(l);
    sim_hand_over(&l->admin, &l->hub, NULL);
}

/* ---- one kit ---- */

static void make_bundle(struct worker *w, int n, const char **audit)
{
    struct sim_change c;
    const char *finding = NULL;
    char word[SHA256_HEX];
    sim_begin(&c, &w->kit);
    if (!*audit) *audit = strdup(sim_new(&c, "audit", w->case_name, "{\"kind\":\"onsite\",\"start\":\"2026-11-20\"}"));
    for (int i = 0; i < ENTRIES; i++) {
        snprintf(word, sizeof word, "%s bundle %d entry %d", w->name, n, i);
        sim_word_add(&w->kit.words, word);
        if (i == 0)
            finding = sim_new(&c, "finding", w->case_name,
                arena_printf(&c.arena, "{\"audit\":\"%s\",\"clause\":\"B2\",\"grade\":\"minor\",\"fact\":\"%s\"}", *audit, word));
        else
            sim_set(&c, CHANGE_SET, finding, arena_printf(&c.arena, "{\"%s\":\"%s\"}", i % 2 ? "root_cause" : "fact", word));
    }
    for (int i = 0; i < PHOTOS; i++) sim_photo(&c, &w->kit, finding, w->load->o.photo);
    sim_commit(&c);
}

static struct sim_synced sync_once(struct worker *w)
{
    struct sim_synced s;
    double start = os_monotonic_seconds();
    if (sim_sync(&w->kit, &s)) {
        w->errors++;
        printf("  %s: %s\n", w->name, err_message());
    }
    w->syncs.items[w->syncs.len++] = os_monotonic_seconds() - start;
    w->sent += s.sent;
    w->fetched += s.fetched;
    w->failed += s.failed;
    return s;
}

static void *work(void *worker)
{
    struct worker *w = worker;
    const char *audit = NULL;
    sim_join(&w->kit, &w->load->hub, w->load->enrolment);
    pthread_barrier_wait(&w->load->ready);
    struct sim_synced s = sync_once(w);
    for (int i = 0; i < w->bundles; i++) {
        make_bundle(w, i, &audit);
        s = sync_once(w);
        if (s.held) w->durable.items[w->durable.len++] = s.held - s.cut;
        w->unheld += !s.held;
    }
    free((void *)(uintptr_t)audit);
    return NULL;
}

static void *settle(void *worker)
{
    sync_once(worker);
    return NULL;
}

static void all(struct load *l, void *(*what)(void *))
{
    for (int i = 0; i < l->o.kits; i++)
        if (pthread_create(&l->workers[i].thread, NULL, what, &l->workers[i])) abort();
    for (int i = 0; i < l->o.kits; i++) pthread_join(l->workers[i].thread, NULL);
}

/* ---- after ---- */

static void hold_against(struct load *l, struct fold *f, const char *case_name, const struct sim_words *expected, const char *who)
{
    struct sim_words held = {0};
    size_t bad = sim_words_of(&held, f, case_name);
    if (bad) wrong(l, "entries that do not apply", who);
    if (!sim_words_same(&held, expected)) {
        printf("  %s holds %zu of %zu in %s\n", who, held.len, expected->len, case_name);
        wrong(l, "not what was entered, each once", who);
    }
    sim_words_release(&held);
}

/* The hub's bytes of a photo, read and hashed. */
static void check_photo(struct load *l, const char *hash)
{
    char path[SIM_PATH * 2], hex[SHA256_HEX];
    unsigned char sum[SHA256_SIZE];
    struct buf bytes;
    snprintf(path, sizeof path, "%s/repo.git/lfs/objects/%.2s/%.2s/%s", l->hub.folder, hash, hash + 2, hash);
    buf_init(&bytes, l->o.photo);
    bool there = file_read(path, &bytes) == 0;
    sha256(sum, bytes.data, bytes.len);
    hex_write(hex, sum, sizeof sum);
    if (!there || strcmp(hex, hash) != 0) wrong(l, "the hub lacks the photo", hash);
    buf_release(&bytes);
}

static size_t check_case(struct load *l, struct hub *hub, int n)
{
    struct fold *f;
    struct sim_words expected = {0};
    const char *case_name = l->workers[n * KITS_PER_CASE].case_name;
    int end = (n + 1) * KITS_PER_CASE < l->o.kits ? (n + 1) * KITS_PER_CASE : l->o.kits;
    for (int i = n * KITS_PER_CASE; i < end; i++) sim_words_add(&expected, &l->workers[i].kit.words);
    sim_words_sort(&expected);
    for (int i = n * KITS_PER_CASE; i < end; i++)
        hold_against(l, store_fold(l->workers[i].kit.store), case_name, &expected, l->workers[i].name);
    MUST(hub_fold(hub, case_name, &f));
    hold_against(l, f, case_name, &expected, "the hub");
    for (size_t i = 0; i < expected.len; i++)
        if (is_sha256_hex(expected.items[i])) check_photo(l, expected.items[i]);
    size_t len = expected.len;
    sim_words_release(&expected);
    return len;
}

static void check_all(struct load *l)
{
    struct hub *hub;
    size_t words = 0;
    MUST(hub_open(&hub, l->hub.folder, l->admin.forms, NULL));
    for (int n = 0; n < cases(l); n++) words += check_case(l, hub, n);
    hub_close(hub);
    printf("held by all who see their case, and by the hub, each once: %zu values and photos\n", words);
    if (words != (size_t)l->o.bundles * (ENTRIES + PHOTOS)) wrong(l, "another number than was made", "the list");
}

/* ---- figures ---- */

static int compare_times(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void print_times(const char *what, struct times *t)
{
    if (!t->len) return;
    qsort(t->items, t->len, sizeof *t->items, compare_times);
    printf("%s: %zu, p50 %.3f s, p99 %.3f s, longest %.3f s\n", what, t->len, t->items[t->len / 2],
        t->items[t->len - 1 - t->len / 100], t->items[t->len - 1]);
}

static void print_figures(struct load *l, double seconds)
{
    size_t sent = 0, fetched = 0, failed = 0, errors = 0, unheld = 0;
    struct times syncs = {0}, durable = {0};
    syncs.items = calloc((size_t)(l->o.bundles + l->o.kits * (SETTLING + 1)), sizeof(double));
    durable.items = calloc((size_t)l->o.bundles + 1, sizeof(double));
    for (int i = 0; i < l->o.kits; i++) {
        struct worker *w = &l->workers[i];
        sent += w->sent, fetched += w->fetched, failed += w->failed, errors += w->errors, unheld += w->unheld;
        for (size_t n = 0; n < w->syncs.len; n++) syncs.items[syncs.len++] = w->syncs.items[n];
        for (size_t n = 0; n < w->durable.len; n++) durable.items[durable.len++] = w->durable.items[n];
    }
    printf("%d kits, %d bundles of %d entries and %d photos of %zu bytes, seed %llu: %.1f s, %.1f bundles/s\n", l->o.kits,
        l->o.bundles, ENTRIES, PHOTOS, l->o.photo, (unsigned long long)l->o.seed, seconds, l->o.bundles / seconds);
    printf("files sent %zu, fetched %zu; bad files %zu, errors %zu, not held after their sync %zu\n", sent, fetched, failed,
        errors, unheld);
    print_times("whole sync", &syncs);
    print_times("a bundle, from its cutting to the hub's receipt", &durable);
    if (failed) wrong(l, "bad files", "the hub");
    if (errors) wrong(l, "syncs that failed", "the kits");
    free(syncs.items);
    free(durable.items);
}

static void run(struct load *l)
{
    struct buf lines;
    set_up(l);
    struct enrolment e = sim_enrolment(&l->admin, &l->hub, &lines);
    l->enrolment = &e;
    pthread_barrier_init(&l->ready, NULL, (unsigned)l->o.kits + 1);
    sim_serve(&l->hub);
    printf("hub's resident memory: %.1f MB at the start", sim_memory(l->hub.server, "VmRSS"));
    for (int i = 0; i < l->o.kits; i++)
        if (pthread_create(&l->workers[i].thread, NULL, work, &l->workers[i])) abort();
    pthread_barrier_wait(&l->ready);
    double start = os_monotonic_seconds();
    for (int i = 0; i < l->o.kits; i++) pthread_join(l->workers[i].thread, NULL);
    double seconds = os_monotonic_seconds() - start;
    printf(", %.1f MB under load, %.1f MB at most\n", sim_memory(l->hub.server, "VmRSS"), sim_memory(l->hub.server, "VmHWM"));
    for (int i = 1; i < SETTLING; i++) all(l, settle);
    if (sim_stop(&l->hub)) wrong(l, "it did not stop well", "the hub");
    buf_release(&lines);
    print_figures(l, seconds);
    check_all(l);
}

static void read_options(struct options *o, int argc, char **argv)
{
    for (int i = 1; i + 1 < argc; i += 2) {
        const char *name = argv[i], *value = argv[i + 1];
        if (strcmp(name, "--kits") == 0) o->kits = atoi(value);
        if (strcmp(name, "--bundles") == 0) o->bundles = atoi(value);
        if (strcmp(name, "--photo") == 0) o->photo = (size_t)atol(value);
        if (strcmp(name, "--seed") == 0) o->seed = (uint64_t)atoll(value);
        if (strcmp(name, "--kits-folder") == 0) o->kits_folder = value;
        if (strcmp(name, "--hub-folder") == 0) o->hub_folder = value;
    }
}

int main(int argc, char **argv)
{
    static struct load l = {.o = {.kits = 20, .bundles = 200, .photo = 300000, .seed = 1, .kits_folder = ".", .hub_folder = "."}};
    read_options(&l.o, argc, argv);
    if (l.o.kits < 1 || l.o.bundles < 1) return 2;
    run(&l);
    for (int i = 0; i < l.o.kits; i++) {
        free(l.workers[i].syncs.items);
        free(l.workers[i].durable.items);
        sim_kit_close(&l.workers[i].kit);
    }
    sim_kit_close(&l.admin);
    free(l.workers);
    printf("%d wrong\n", l.wrong);
    return l.wrong != 0;
}
