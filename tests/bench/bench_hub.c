/* How long a hub takes: a bundle of many entries in, the same history by `git fast-import`, the case read
 * anew, verified. usage: bench_hub [entries [entries of one record]] */
#include "../unit/hub_kit.h"

static double since(double start)
{
    return os_monotonic_seconds() - start;
}

/* A finding is created, and changed until it has its number of entries. */
static void fill(int entries, int per_record)
{
    static const char *const grades[] = {"minor", "major", "observation", "ofi"};
    say(B, "C-1", "organisation", 1, "{\"name\":\"Org\"}");
    for (int i = 1; i < entries; i++) {
        const char *set = arena_printf(&world.arena,
            (i - 1) % per_record == 0
                ? "{\"fact\":\"fact %d: the record of the acceptance test was not to be "
                  "found\",\"grade\":\"%s\","
                  "\"clause\":\"8.2\"}"
                : "{\"fact\":\"fact %d as it was understood then\",\"grade\":\"%s\"}",
            i, grades[i % 4]);
        say(B, "C-1", "finding", 2 + (i - 1) / per_record, set);
    }
}

int main(int argc, char **argv)
{
    int entries = argc > 1 ? atoi(argv[1]) : 6000;
    struct hub_taken taken = {0};
    struct fold *fold;
    struct verified verified;
    double start;
    (void)test_last; /* no cases here */
    hub_kit_begin();
    fill(entries, argc > 2 ? atoi(argv[2]) : 4);
    struct bundle_order order = order_of(B, "C-1");
    size_t len;
    const struct bundle_file *files = cut_order(&order, &len);
    start = os_monotonic_seconds();
    for (size_t i = 0; i < len; i++)
        CHECK_OK(hub_receive(world.hub, files[i].path, &world.arena, &taken, NULL));
    printf("receive %d entries: %.2f s (%zu bundles, the last brought %lld)\n", entries, since(start), len,
        (long long)taken.accepted);
    CHECK_SHELL("git -C hub/repo.git fast-export C-1 > export && git init -q --bare other && cp -r "
                "hub/repo.git size");
    start = os_monotonic_seconds();
    CHECK_SHELL("git -C other fast-import --quiet < export");
    printf("git fast-import of the same history: %.2f s\n", since(start));
    reopen_hub();
    start = os_monotonic_seconds();
    CHECK_OK(hub_fold(world.hub, "C-1", &fold));
    printf("read the case anew: %.2f s\n", since(start));
    say(B, "C-1", "finding", 2, "{\"fact\":\"one more\"}");
    order = order_of(B, "C-1");
    order.beyond = &(struct have){B->id, entries};
    order.beyond_len = 1;
    files = cut_order(&order, &len);
    start = os_monotonic_seconds();
    CHECK_OK(hub_receive(world.hub, files[0].path, &world.arena, &taken, NULL));
    printf("receive one more: %.3f s\n", since(start));
    struct verify_request request = {.path = world.path, .root = A->signer.public_key, .forms = world.forms};
    start = os_monotonic_seconds();
    CHECK_OK(hub_verify(&request, &world.arena, &verified));
    printf("verify: %.2f s (%lld commits)\n", since(start), (long long)verified.commits);
    CHECK_SHELL("git -C hub/repo.git fsck --strict");
    hub_kit_end();
    return test_failed_checks != 0;
}
