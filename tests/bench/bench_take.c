/* How many bundles a second a hub takes in from its inbox: each of 5 entries and 2 photos of 300 KB, of many
 * kits and cases, waiting there as a server leaves them. Then, how long it takes to find that a kit lacks
 * nothing. JSON on stdout; cpu_ms: of a bundle; folder: where all of it
 * stays with KEEP set. usage: bench_take [bundles [cases [hooks]]]; hooks: the README and the
 * index are brought up as `satchel hub` does it, by the forms that ship. */
#define KITS 22
#include "../unit/hub_kit.h"

#include <sys/resource.h>

#include "../../field/cli/hub_hooks.h"
#include "satchel/scheme/scheme.h"

#define FIRST 3 /* of the kits that send */
#define PHOTO_SIZE 300000

static int bundles = 1000, cases = 100;
static bool hooks;
static struct schemes *schemes;
static struct hub_desk desk;

static struct test_kit *kit_of(int case_number)
{
    return &world.kits[FIRST + case_number % (KITS - FIRST)];
}

static const char *name_of(int case_number)
{
    return arena_printf(&world.arena, "C-%d", case_number);
}

static void enrol_all(void)
{
    for (int i = 3; i < KITS; i++)
        enrol(&world.kits[i], 2 + i, arena_printf(&world.arena, "kit%d", i), "\"roles.auditor\":true,\"roles.leader\":true");
    CHECK_DELIVER(A, REGISTER_CASE);
}

static void say_finding(struct test_kit *k, const char *case_name, int number)
{
    const char *fact = "the record of the acceptance test of lot %d was not to be found at the time";
    const char *set = arena_printf(&world.arena, fact, number);
    say(k, case_name, "finding", number,
        arena_printf(&world.arena, "{\"fact\":\"%s\",\"grade\":\"minor\",\"clause\":\"8.2\"}", set));
}

/* In memory: files that are removed just before would cost the hub what some file systems do for inodes freed lately. */
static struct {
    unsigned char bytes[PHOTO_SIZE];
    char sha256[SHA256_HEX];
} photos[2];

static struct evidence take_photo(int i, uint64_t seed)
{
    unsigned char hash[SHA256_SIZE];
    for (size_t at = 0; at < PHOTO_SIZE; at += sizeof seed) {
        uint64_t r = test_random_next(&seed);
        memcpy(photos[i].bytes + at, &r, sizeof r);
    }
    sha256(hash, photos[i].bytes, PHOTO_SIZE);
    hex_write(photos[i].sha256, hash, sizeof hash);
    return (struct evidence){.sha256 = photos[i].sha256, .size = PHOTO_SIZE};
}

static int open_photo(void *ctx, const char *sha256, uint64_t offset, struct source **out)
{
    (void)ctx;
    int i = strcmp(photos[0].sha256, sha256) != 0;
    return memory_source(out, photos[i].bytes + offset, PHOTO_SIZE - offset);
}

/* The n-th bundle of a case: 5 entries more, 2 of them photos that it carries. */
static void fill_inbox(int case_number, int n)
{
    struct test_kit *k = kit_of(case_number);
    const char *name = name_of(case_number);
    int number = case_number * 100000 + n * 5;
    struct evidence evidence[2];
    struct bundle_order o = order_of(k, name);
    struct bundle_files files;
    o.beyond = &(struct have){k->id, n * 5};
    o.beyond_len = n > 0;
    for (int i = 0; i < 3; i++)
        if (n == 0 && i == 0)
            say(k, name, "organisation", number + 1, "{\"name\":\"Org\"}");
        else
            say_finding(k, name, number + 1 + i);
    for (int i = 0; i < 2; i++) {
        evidence[i] = take_photo(i, (uint64_t)(number * 2 + i + 1));
        say_evidence(k, name, number + 4 + i, &evidence[i]);
    }
    o.open_evidence = open_photo;
    o.evidence = evidence;
    o.evidence_len = 2;
    CHECK_OK(bundle_cut(&files, &o, arena_printf(&world.arena, "%s/inbox", world.path)));
    CHECK(files.len == 1);
    bundle_files_release(&files);
}

static double cpu_seconds(void)
{
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) + (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static double take_all(size_t *taken)
{
    double start = os_monotonic_seconds();
    for (size_t before = SIZE_MAX; before; *taken += before) {
        struct hub_exchange e = {0};
        CHECK_OK(hub_take_inbox(world.hub, &e, NULL));
        CHECK(e.failed && e.failed->len == 0);
        before = e.taken_len;
        hub_exchange_release(&e);
    }
    return os_monotonic_seconds() - start;
}

static double serve(const struct test_kit *k)
{
    struct hub_exchange e = {0};
    double start = os_monotonic_seconds();
    CHECK_OK(hub_serve_kit(world.hub, k->id, world.folder, BUNDLE_PART_SIZE, &e, NULL));
    hub_exchange_release(&e);
    return (os_monotonic_seconds() - start) * 1e3;
}

static void add_forms_that_ship(void)
{
    CHECK_OK(schemes_new(&schemes, world.forms));
}

static void open_desk(void)
{
    hub_close(world.hub);
    CHECK_OK(hub_desk_open(&desk, world.path, world.forms, schemes));
    world.hub = desk.hub;
}

static void close_desk(void)
{
    hub_desk_close(&desk);
    schemes_free(schemes);
    world.hub = NULL;
}

int main(int argc, char **argv)
{
    size_t taken = 0;
    (void)test_last; /* no cases here */
    if (argc > 1) bundles = atoi(argv[1]);
    if (argc > 2) cases = atoi(argv[2]);
    hooks = argc > 3 && strcmp(argv[3], "hooks") == 0;
    hub_kit_begin_with(hooks ? add_forms_that_ship : add_hub_forms);
    if (hooks) open_desk();
    enrol_all();
    for (int i = 0; i < bundles; i++) fill_inbox(i % cases, i / cases);
    sync();
    double cpu = cpu_seconds(), seconds = take_all(&taken);
    cpu = cpu_seconds() - cpu;
    CHECK(taken == (size_t)bundles);
    double first = serve(kit_of(0)), again = serve(kit_of(0));
    usleep(100000);
    double settled = serve(kit_of(0)), nothing_new = serve(kit_of(0));
    printf("{\"bundles\":%zu,\"cases\":%d,\"seconds\":%.3f,\"cpu_ms\":%.3f,\"serve_first_ms\":%.3f,\"serve_changed_ms\":%.3f,"
           "\"serve_settled_ms\":%.3f,\"serve_ms\":%.3f,\"folder\":\"%s\"}\n",
        taken, cases, seconds, cpu * 1e3 / bundles, first, again, settled, nothing_new, world.folder);
    if (hooks) close_desk();
    hub_kit_end();
    return test_failed_checks != 0;
}
