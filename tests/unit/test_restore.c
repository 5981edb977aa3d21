/* A hub from a stock clone of another one's repository: the same record/ trees, verified, at any second attempt. And
 * two hubs that exchange bundles with each other. */
#include "hub_kit.h"

#include <signal.h>
#include <sys/wait.h>

static char restored_path[128];

static void begin(void)
{
    hub_kit_begin();
    snprintf(restored_path, sizeof restored_path, "%s/second", world.folder);
}

static struct hub_restore request_for(const char *clone)
{
    return (struct hub_restore){.folder = restored_path,
        .name = "HQ 2",
        .clone = arena_printf(&world.arena, "%s/%s", world.folder, clone),
        .root = A->signer.public_key,
        .forms = world.forms};
}

static int restore(const char *clone, struct hub_restored *out)
{
    struct hub_restore q = request_for(clone);
    return hub_restore(&q, out);
}

/* Two cases, evidence in one of them, and an entry that is set apart. */
static void fill_hub(void)
{
    struct evidence x = make_exhibit(3, 400000);
    struct hub_taken taken;
    size_t len;
    say(B, "C-1", "organisation", 1, "{\"name\":\"X\"}");
    say(B, "C-1", "finding", 2, "{\"fact\":\"a\",\"grade\":\"minor\"}");
    say(B, "C-1", "finding", 2, "{\"grade\":\"major\"}");
    say_evidence(B, "C-1", 3, &x);
    say(B, "C-1", "decision", 4, "{\"outcome\":\"not mine to say\"}");
    struct bundle_order o = order_of(B, "C-1");
    o.evidence = &x;
    o.evidence_len = 1;
    CHECK_OK(hub_receive(world.hub, cut_order(&o, &len)[0].path, &world.arena, &taken, NULL));
    CHECK(taken.problems->len == 1);
    say(C, "C-2", "organisation", 1, "{\"name\":\"Y\"}");
    CHECK_DELIVER(C, "C-2");
}

static void clone_hub(bool with_evidence)
{
    CHECK_SHELL("git clone -q --mirror hub/repo.git clone.git");
    if (with_evidence) CHECK_SHELL("cp -r hub/repo.git/lfs clone.git/");
}

static void check_same_records(void)
{
    CHECK_SHELL("for c in C-1 C-2 register; do test \"$(git -C hub/repo.git rev-parse $c:record)\" = "
                "\"$(git -C second/repo.git rev-parse $c:record)\" || exit 1; done");
    CHECK_SHELL("test \"$(git -C hub/repo.git rev-parse C-1:log)\" = \"$(git -C second/repo.git rev-parse C-1:log)\"");
    CHECK_SHELL("git -C second/repo.git fsck --strict");
}

/* The admin tells the register of the second hub's key. */
static void enrol_second(struct hub *second)
{
    struct test_kit k;
    memcpy(k.signer.public_key, hub_public_key(second), KEY_SIZE);
    memcpy(k.recipient, hub_recipient(second), KEY_SIZE);
    say(A, REGISTER_CASE, "hub", 9, arena_printf(&world.arena, "{\"name\":\"HQ 2\",%s}", key_json(&k)));
}

static int verify(const char *path)
{
    struct verified v;
    struct verify_request r = {
        .path = arena_printf(&world.arena, "%s/%s", world.folder, path), .root = A->signer.public_key, .forms = world.forms};
    return hub_verify(&r, &world.arena, &v);
}

static void tell_register(struct hub *to)
{
    struct hub_taken taken;
    struct bundle_order o = order_of(A, REGISTER_CASE);
    size_t len;
    o.to = hub_kit(to);
    memcpy(o.recipient, hub_recipient(to), KEY_SIZE);
    CHECK_OK(hub_receive(to, cut_order(&o, &len)[0].path, &world.arena, &taken, NULL));
}

/* ---- restoring ---- */

TEST(a_clone_becomes_a_hub_with_the_same_records)
{
    struct hub_restored t;
    struct hub *second;
    begin();
    fill_hub();
    clone_hub(true);
    CHECK_OK(restore("clone.git", &t));
    CHECK(t.cases == 3 && t.evidence == 1 && t.missing == 0 && t.damaged == 0);
    check_same_records();
    CHECK_SHELL("test \"$(git -C hub/repo.git rev-parse C-1:evidence)\" = \"$(git -C second/repo.git rev-parse "
                "C-1:evidence)\" && (cd second/repo.git/lfs && find objects -type f) > mine && "
                "(cd hub/repo.git/lfs && find objects -type f) | cmp - mine");
    CHECK_OK(hub_open(&second, restored_path, world.forms, NULL));
    CHECK(strcmp(hub_kit(second), hub_kit(world.hub)) != 0);
    CHECK(verify("second") == ERR_NO); /* nobody vouches for its key yet */
    enrol_second(second);
    tell_register(second);
    CHECK_OK(verify("second"));
    hub_close(second);
    hub_kit_end();
}

TEST(what_the_old_hub_signed_stays_verifiable_under_the_new_register)
{
    struct hub_restored t;
    struct hub *second;
    begin();
    fill_hub();
    clone_hub(true);
    CHECK_OK(restore("clone.git", &t));
    CHECK_OK(hub_open(&second, restored_path, world.forms, NULL));
    enrol_second(second);
    CHECK_DELIVER(A, REGISTER_CASE);
    CHECK_OK(verify("hub"));
    CHECK_OK(verify("clone.git"));
    hub_close(second);
    hub_kit_end();
}

TEST(a_second_attempt_changes_nothing)
{
    struct hub_restored t;
    begin();
    fill_hub();
    clone_hub(true);
    CHECK_OK(restore("clone.git", &t));
    CHECK_SHELL("git -C second/repo.git for-each-ref > refs");
    CHECK_OK(restore("clone.git", &t));
    CHECK(t.entries == 0 && t.evidence == 0);
    CHECK_SHELL("git -C second/repo.git for-each-ref | cmp - refs");
    hub_kit_end();
}

TEST(evidence_that_was_not_cloned_is_awaited_and_can_follow)
{
    struct hub_restored t;
    begin();
    fill_hub();
    clone_hub(false);
    CHECK_OK(restore("clone.git", &t));
    CHECK(t.evidence == 0 && t.missing == 1);
    CHECK_SHELL("cp -r hub/repo.git/lfs clone.git/");
    CHECK_OK(restore("clone.git", &t));
    CHECK(t.evidence == 1 && t.missing == 0);
    check_same_records();
    hub_kit_end();
}

TEST(a_clone_that_was_tampered_with_is_refused)
{
    struct hub_restored t;
    begin();
    fill_hub();
    clone_hub(true);
    CHECK_SHELL("git clone -q -b C-1 clone.git work && cd work && git rm -q -r log && "
                "git -c user.name=x -c user.email=x commit -q -m x && git push -q ../clone.git HEAD:C-1");
    CHECK(restore("clone.git", &t) == ERR_INPUT);
    CHECK(!os_exists(restored_path));
    CHECK_SHELL("rm -rf clone.git");
    clone_hub(true);
    CHECK_SHELL("for f in $(find clone.git/lfs -type f); do chmod u+w $f; echo more >> $f; done");
    CHECK(restore("clone.git", &t) == ERR_INPUT || t.damaged == 1);
    hub_kit_end();
}

TEST(a_folder_of_another_register_is_left_alone)
{
    struct hub_restored t;
    begin();
    fill_hub();
    clone_hub(true);
    CHECK_OK(restore("clone.git", &t));
    CHECK_SHELL("sed -i 's/ssh-ed25519 \\([^\"]*\\)A/ssh-ed25519 \\1B/' second/hub.json");
    CHECK(restore("clone.git", &t) != 0);
    hub_kit_end();
}

/* His kit is the root, whoever's the register leaves it; then he says himself who he is. */
TEST(a_first_admin_whom_the_register_leaves_open_is_asked)
{
    struct hub_restored t;
    begin();
    fill_hub();
    say(A, REGISTER_CASE, "kit", 21, arena_printf(&world.arena, "{\"person\":\"register:%s\",%s}", record_of(A, "person", 21), key_json(A)));
    CHECK_DELIVER(A, REGISTER_CASE);
    clone_hub(true);
    CHECK(restore("clone.git", &t) == ERR_INPUT);
    CHECK(strstr(err_message(), "--admin REQUEST") && !os_exists(restored_path));
    struct request admin = {.name = "Chen", .email = "chen@example.org", .kit = B->id};
    struct hub_restore q = request_for("clone.git");
    q.admin = &admin;
    memcpy(admin.public_key, B->signer.public_key, KEY_SIZE);
    CHECK(hub_restore(&q, &t) == ERR_INPUT && !os_exists(restored_path));
    memcpy(admin.public_key, A->signer.public_key, KEY_SIZE);
    memcpy(admin.recipient, A->recipient, KEY_SIZE);
    admin.kit = A->id;
    CHECK_OK(hub_restore(&q, &t));
    check_same_records();
    hub_kit_end();
}

/* ---- another key ---- */

/* The admin's entry: the record of the first hub names this hub's key. */
static void replace_key(struct hub *h)
{
    struct test_kit k;
    memcpy(k.signer.public_key, hub_public_key(h), KEY_SIZE);
    memcpy(k.recipient, hub_recipient(h), KEY_SIZE);
    say(A, REGISTER_CASE, "hub", 4, arena_printf(&world.arena, "{%s}", key_json(&k)));
}

TEST(a_hub_with_a_new_key_verifies_and_the_old_key_signs_no_more)
{
    begin();
    fill_hub();
    CHECK_SHELL("cp -r hub/keys stolen");
    hub_close(world.hub);
    world.hub = NULL;
    CHECK_OK(hub_renew_keys(world.path));
    open_hub();
    CHECK_SHELL("! cmp -s hub/keys/hub stolen/hub && cmp hub/keys.*/hub stolen/hub && test ! -e hub/keys.new");
    CHECK_OK(hub_sign_branches(world.hub));
    CHECK_SHELL("git -C hub/repo.git for-each-ref > refs");
    CHECK_OK(hub_sign_branches(world.hub));
    CHECK_SHELL("git -C hub/repo.git for-each-ref | cmp - refs && git -C hub/repo.git fsck --strict");
    CHECK(verify("hub") == ERR_NO); /* no admin has said so */
    replace_key(world.hub);
    tell_register(world.hub);
    CHECK_OK(verify("hub"));
    hub_close(world.hub);
    CHECK_SHELL("rm -r hub/keys && cp -r stolen hub/keys");
    open_hub();
    say(B, "C-1", "finding", 2, "{\"fact\":\"b\"}");
    struct hub_taken taken;
    CHECK_OK(deliver(B, "C-1", &taken));
    CHECK(verify("hub") == ERR_NO);
    hub_kit_end();
}

/* Between the two renames there is no folder of keys; whoever opens the hub next ends the change. */
TEST(a_change_of_keys_that_was_stopped_is_ended)
{
    begin();
    hub_close(world.hub);
    world.hub = NULL;
    CHECK_SHELL("cp -r hub/keys other && mv hub/keys hub/keys.kaaaaaaaaaaaa && mv other hub/keys.new");
    open_hub();
    CHECK_SHELL("test -e hub/keys/hub && test ! -e hub/keys.new");
    CHECK_OK(hub_renew_keys(world.path));
    CHECK(hub_sign_branches(world.hub) == ERR_WAIT); /* opened before: it would sign with the old one */
    hub_kit_end();
}

/* Killed at any moment, and begun again until it comes to its end. */
TEST(a_restoring_that_is_killed_is_gone_on_with)
{
    struct hub_restored t;
    uint64_t seed = 5;
    begin();
    fill_hub();
    clone_hub(true);
    for (int i = 0; i < (test_full ? 100 : 12); i++) {
        pid_t child = fork();
        if (child == 0) {
            struct hub_restored ignored;
            _exit(restore("clone.git", &ignored) ? 1 : 0);
        }
        usleep((useconds_t)(test_random_next(&seed) % 60000));
        kill(child, SIGKILL);
        CHECK(waitpid(child, NULL, 0) == child);
        if (i % 4 == 3) CHECK_SHELL("rm -rf second");
    }
    CHECK_OK(restore("clone.git", &t));
    check_same_records();
    hub_kit_end();
}

/* ---- two hubs that exchange bundles ---- */

/* Each is enrolled at the other like a kit of headquarters. */
static void enrol_as_kit(const struct hub *h, int number)
{
    struct test_kit k;
    memcpy(k.signer.public_key, hub_public_key(h), KEY_SIZE);
    memcpy(k.recipient, hub_recipient(h), KEY_SIZE);
    enrol(&k, number, arena_printf(&world.arena, "hub%d", number), "\"roles.headquarters\":true");
}

static void sync_hub(struct hub *h, const char *stick)
{
    struct hub_exchange e;
    CHECK_OK(hub_sync_folder(h, arena_printf(&world.arena, "%s/%s", world.folder, stick), BUNDLE_PART_SIZE, &e, NULL));
    hub_exchange_release(&e);
}

/* One stick, from the first hub to the second and back. */
static void exchange(struct hub *second)
{
    sync_hub(world.hub, "s1");
    CHECK_SHELL("rm -f s2/inbox/*; cp s1/outbox/%s/* s2/inbox/ 2> /dev/null || true", hub_kit(second));
    sync_hub(second, "s2");
    CHECK_SHELL("rm -f s1/inbox/*; cp s2/outbox/%s/* s1/inbox/ 2> /dev/null || true", hub_kit(world.hub));
    sync_hub(world.hub, "s1");
}

TEST(two_hubs_that_exchange_bundles_end_with_the_same_records)
{
    struct hub_restored t;
    struct hub *second;
    begin();
    fill_hub();
    clone_hub(false);
    CHECK_OK(restore("clone.git", &t));
    CHECK_OK(hub_open(&second, restored_path, world.forms, NULL));
    enrol_as_kit(world.hub, 11);
    enrol_as_kit(second, 12);
    enrol_second(second);
    tell_register(second);
    CHECK_DELIVER(A, REGISTER_CASE);
    say(B, "C-1", "finding", 2, "{\"grade\":\"ofi\"}"); /* comes to the first hub alone */
    struct hub_taken taken;
    CHECK_OK(deliver(B, "C-1", &taken));
    struct bundle_order o = order_of(C, "C-2"); /* comes to the second alone */
    size_t len;
    say(C, "C-2", "finding", 5, "{\"fact\":\"z\"}");
    o.to = hub_kit(second);
    memcpy(o.recipient, hub_recipient(second), KEY_SIZE);
    CHECK_OK(hub_receive(second, cut_order(&o, &len)[0].path, &world.arena, &taken, NULL));
    CHECK_SHELL("mkdir -p s1/inbox s2/inbox");
    for (int i = 0; i < 3; i++) exchange(second);
    check_same_records();
    CHECK_SHELL("test \"$(git -C hub/repo.git rev-parse C-1:evidence)\" = \"$(git -C second/repo.git rev-parse C-1:evidence)\" && "
                "test \"$(git -C hub/repo.git ls-tree -r --name-only C-1 evidence | wc -l)\" = 1");
    exchange(second);
    CHECK_SHELL("git -C hub/repo.git for-each-ref > refs; git -C second/repo.git for-each-ref >> refs");
    exchange(second);
    exchange(second);
    CHECK_SHELL("(git -C hub/repo.git for-each-ref; git -C second/repo.git for-each-ref) | cmp - refs");
    CHECK_OK(verify("hub"));
    CHECK_OK(verify("second"));
    hub_close(second);
    hub_kit_end();
}

int main(int argc, char **argv)
{
    return test_main(argc, argv);
}
