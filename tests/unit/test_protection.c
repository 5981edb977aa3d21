/* What must hold when somebody is killed, or means harm. */
#include "hub_kit.h"

#include <sys/wait.h>

static int die_after_register(void *ctx, struct fold *f, const char *case_name, const struct held *const *entries,
    size_t len, const char *tip)
{
    (void)ctx, (void)f, (void)entries, (void)len, (void)tip;
    if (strcmp(case_name, REGISTER_CASE) == 0) _exit(7);
    return 0;
}

/* Takes the bundle in, in a process that ends as soon as the register's branch has moved. */
static void deliver_and_die(const char *path)
{
    static const struct hub_hooks hooks = {.merged = die_after_register};
    int status = 0;
    pid_t child = fork();
    if (child == 0) {
        struct hub *h;
        struct hub_taken taken = {0};
        if (hub_open(&h, world.path, world.forms, &hooks) == 0)
            _exit(hub_receive(h, path, &world.arena, &taken, NULL) ? 1 : 0);
        _exit(2);
    }
    CHECK(child > 0 && waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 7);
}

TEST(what_waits_is_judged_though_the_hub_was_killed_when_the_register_had_moved)
{
    struct hub_taken taken;
    hub_kit_begin();
    say(B, "C-1", "organisation", 1, "{\"name\":\"X\"}");
    const struct entry *e = make_entry(D, "C-1", record_of(D, "finding", 1), "{\"grade\":\"minor\"}");
    hold(B, e, D);
    CHECK_OK(deliver(B, "C-1", &taken));
    CHECK(taken.accepted == 1 && taken.waiting == 1);
    enrol(D, 5, "dora", "\"roles.auditor\":true");
    const char *bundle = pack(A, REGISTER_CASE);
    hub_close(world.hub);
    world.hub = NULL;
    deliver_and_die(bundle);
    open_hub();
    CHECK_OK(hub_receive(world.hub, bundle, &world.arena, &taken, NULL));
    CHECK_SHELL("git -C hub/repo.git cat-file -e C-1:log/%s/0/1-%.16s", D->id, e->id);
    CHECK_SHELL("! git -C hub/repo.git cat-file -e C-1:waiting && git -C hub/repo.git fsck --strict");
    hub_kit_end();
}

int main(int argc, char **argv)
{
    return test_main(argc, argv);
}
