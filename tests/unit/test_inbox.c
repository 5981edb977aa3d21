/* The inbox of a server: bundles share rounds, each has its receipt, a bad one stops nobody. And what a kit is
 * served: remembered, until something is new. */
#include "hub_kit.h"

/* What a bundle brings goes to the inbox under its own name. */
static void upload(const struct bundle_order *o)
{
    size_t len;
    const struct bundle_file *files = cut_order(o, &len);
    for (size_t i = 0; i < len; i++)
        CHECK_OK(os_rename(
            files[i].path, arena_printf(&world.arena, "%s/inbox/%s", world.path, path_name(files[i].path))));
}

static void upload_all(struct test_kit *k, const char *case_name)
{
    struct bundle_order o = order_of(k, case_name);
    upload(&o);
}

static struct hub_exchange take(void)
{
    struct hub_exchange e = {0};
    CHECK_OK(hub_take_inbox(world.hub, &e, NULL));
    return e;
}

static void take_and_check(size_t taken, size_t failed)
{
    struct hub_exchange e = take();
    CHECK(e.taken_len == taken && e.failed && e.failed->len == failed);
    hub_exchange_release(&e);
}

/* The branch's receipt for a bundle has this text. */
static void check_receipt(const struct hub_taken *t, const char *text)
{
    CHECK_SHELL("git -C hub/repo.git show %s:receipt/%.2s/%s.json | grep -q '%s'", t->case_name, t->bundle, t->bundle, text);
}

static void check_sound(void)
{
    struct verified v;
    struct verify_request r = {.path = world.path, .root = A->signer.public_key, .forms = world.forms};
    CHECK_OK(hub_verify(&r, &world.arena, &v));
    CHECK_SHELL("git -C hub/repo.git fsck --strict");
}

/* ---- rounds ---- */

TEST(bundles_of_one_round_have_a_commit_and_a_receipt_each)
{
    hub_kit_begin();
    say(B, "C-1", "organisation", 1, "{\"name\":\"X\"}");
    upload_all(B, "C-1");
    struct evidence x = make_exhibit(1, 300000);
    say_evidence(B, "C-1", 2, &x);
    struct bundle_order o = order_of(B, "C-1");
    o.evidence = &x;
    o.evidence_len = 1;
    upload(&o);
    say(C, "C-2", "organisation", 1, "{\"name\":\"Y\"}");
    upload_all(C, "C-2");
    CHECK_SHELL("ls hub/repo.git/objects/pack/*.pack | wc -l > packs");
    struct hub_exchange e = take();
    CHECK(e.taken_len == 3 && e.failed->len == 0);
    for (size_t i = 0; i < e.taken_len; i++) check_receipt(&e.taken[i], e.taken[i].bundle);
    hub_exchange_release(&e);
    CHECK_SHELL("test $(ls hub/repo.git/objects/pack/*.pack | wc -l) = $(($(cat packs) + 1))");
    CHECK_SHELL("test $(git -C hub/repo.git log --format=%%s C-1 | grep -c ^received) = 2");
    CHECK_SHELL("test -z \"$(find hub/inbox hub/staging -type f)\"");
    check_sound();
    hub_kit_end();
}

TEST(the_same_evidence_in_two_bundles_of_a_round_is_held_by_both_cases)
{
    struct evidence x;
    struct test_kit *kits[] = {B, C};
    static const char *const cases[] = {"C-1", "C-2"};
    hub_kit_begin();
    x = make_exhibit(7, 5000);
    for (int i = 0; i < 2; i++) {
        struct test_kit *k = kits[i];
        say(k, cases[i], "organisation", 1, "{\"name\":\"X\"}");
        say_evidence(k, cases[i], 2, &x);
        struct bundle_order o = order_of(k, cases[i]);
        o.evidence = &x;
        o.evidence_len = 1;
        upload(&o);
    }
    struct hub_exchange e = take();
    for (size_t i = 0; i < e.taken_len; i++) check_receipt(&e.taken[i], x.sha256);
    CHECK(e.taken_len == 2);
    hub_exchange_release(&e);
    check_sound();
    hub_kit_end();
}

TEST(one_bundle_twice_in_a_round_is_answered_twice_alike)
{
    hub_kit_begin();
    say(B, "C-1", "organisation", 1, "{\"name\":\"X\"}");
    upload_all(B, "C-1");
    CHECK_SHELL("for f in hub/inbox/*.satchel; do cp $f hub/inbox/again.satchel; done");
    struct hub_exchange e = take();
    CHECK(e.taken_len == 2 && strcmp(e.taken[0].bundle, e.taken[1].bundle) == 0);
    CHECK(e.taken[0].accepted == 1 && e.taken[1].accepted == 0 && e.taken[1].known == 1);
    hub_exchange_release(&e);
    check_sound();
    hub_kit_end();
}

/* A text that does not become shorter when it is packed. */
static const char *noise(uint64_t seed, size_t len)
{
    char *s = arena_alloc(&world.arena, len + 1);
    for (size_t i = 0; i < len; i++) s[i] = (char)('a' + test_random_next(&seed) % 26);
    return s;
}

/* More than are open at once, of cases by turns, and a pack of more than a megabyte: none is mistaken for another. */
TEST(each_of_many_bundles_is_taken_in_once)
{
    enum { MANY = 90, CASES = 3 };
    hub_kit_begin();
    for (int i = 0; i < MANY; i++) {
        const char *name = arena_printf(&world.arena, "C-%d", i % CASES);
        struct evidence x = make_exhibit((uint64_t)i + 1, 70000);
        struct test_kit *k = i % 2 ? B : C;
        if (i / CASES < 2) say(k, name, "organisation", i + 1, "{\"name\":\"X\"}");
        say_evidence(k, name, MANY + i + 1, &x);
        say(k, name, "finding", 2 * MANY + i + 1,
            arena_printf(&world.arena, "{\"fact\":\"%s\"}", noise((uint64_t)i + 1, 30000)));
        struct bundle_order o = order_of(k, name);
        o.evidence = &x;
        o.evidence_len = 1;
        upload(&o);
    }
    take_and_check(MANY, 0);
    CHECK_SHELL("test $(find hub/repo.git/lfs/objects -type f | wc -l) = %d", (int)MANY);
    CHECK_SHELL("test $(git -C hub/repo.git log --branches --format=%%s | grep -c ^received) -ge %d", (int)MANY);
    CHECK_SHELL("test -z \"$(find hub/inbox hub/staging -type f)\"");
    take_and_check(0, 0);
    check_sound();
    hub_kit_end();
}

/* ---- what is bad, and what waits ---- */

TEST(a_bad_bundle_stops_none_of_the_others)
{
    hub_kit_begin();
    say(B, "C-1", "organisation", 1, "{\"name\":\"X\"}");
    upload_all(B, "C-1");
    CHECK_SHELL("for f in hub/inbox/*.satchel; do head -c 700 $f > hub/inbox/0.satchel; done; "
                "echo rubbish > hub/inbox/1.satchel");
    take_and_check(1, 2);
    CHECK_SHELL("test -s hub/quarantine/0.satchel.why && test -s hub/quarantine/1.satchel.why");
    take_and_check(0, 0);
    check_sound();
    hub_kit_end();
}

/* Its case exists in memory already when the second one is refused: what came before it must not suffer. */
TEST(a_refused_bundle_spoils_nothing_of_its_round)
{
    hub_kit_begin();
    say(B, "C-1", "organisation", 1, "{\"name\":\"X\"}");
    upload_all(B, "C-1");
    say(C, "c-1", "organisation", 1, "{\"name\":\"too like it\"}");
    upload_all(C, "c-1");
    usleep(20000);
    say(B, "C-1", "finding", 2, "{\"fact\":\"y\"}");
    upload_all(B, "C-1");
    struct hub_exchange e = take();
    CHECK(e.taken_len == 2 && e.failed->len == 1);
    hub_exchange_release(&e);
    check_sound();
    hub_kit_end();
}

TEST(what_waits_is_tried_again_when_the_register_comes)
{
    hub_kit_begin();
    say(D, "C-9", "organisation", 1, "{\"name\":\"X\"}");
    upload_all(D, "C-9");
    take_and_check(0, 1);
    CHECK_SHELL("test $(ls hub/inbox | wc -l) = 1");
    enrol(D, 7, "dora", "\"roles.auditor\":true");
    upload_all(A, REGISTER_CASE);
    take_and_check(2, 0);
    check_sound();
    hub_kit_end();
}

TEST(many_rounds_in_one_take_lose_nothing)
{
    hub_kit_begin();
    say(B, "C-1", "organisation", 1, "{\"name\":\"X\"}");
    for (int i = 0; i < 150; i++) {
        struct bundle_order o = order_of(B, "C-1");
        o.beyond = &(struct have){B->id, i};
        o.beyond_len = i > 0;
        upload(&o);
        say(B, "C-1", "finding", 2 + i, "{\"fact\":\"y\"}");
    }
    take_and_check(150, 0);
    CHECK_SHELL("test $(git -C hub/repo.git ls-tree -r --name-only C-1 receipt/ | grep -c json$) = 150");
    check_sound();
    hub_kit_end();
}

/* ---- serving one kit ---- */

static struct hub_exchange serve(const struct test_kit *k)
{
    struct hub_exchange e = {0};
    CHECK_OK(hub_serve_kit(world.hub, k->id, world.folder, BUNDLE_PART_SIZE, &e, NULL));
    return e;
}

static size_t served(const struct test_kit *k)
{
    struct hub_exchange e = serve(k);
    size_t n = e.written->len;
    hub_exchange_release(&e);
    return n;
}

TEST(a_kit_is_served_alone_and_again_with_the_same)
{
    hub_kit_begin();
    say(B, "C-1", "organisation", 1, "{\"name\":\"X\"}");
    CHECK_DELIVER(B, "C-1");
    CHECK(served(B) > 0);
    CHECK_SHELL("test \"$(ls outbox)\" = %s", B->id);
    size_t n = served(B);
    usleep(80000);
    CHECK(served(B) == n && served(B) == n);
    CHECK_SHELL("ls outbox/%s > names", B->id);
    CHECK(served(B) == n);
    CHECK_SHELL("ls outbox/%s | cmp - names", B->id);
    CHECK(served(C) > 0);
    hub_kit_end();
}

TEST(what_is_new_is_served_though_all_was_remembered)
{
    hub_kit_begin();
    CHECK(served(B) > 0);
    usleep(80000);
    for (int i = 0; i < 3; i++) CHECK(served(B) > 0);
    say(B, "C-1", "organisation", 1, "{\"name\":\"X\"}");
    CHECK_DELIVER(B, "C-1");
    CHECK_SHELL("ls outbox/%s > names", B->id);
    CHECK(served(B) > 0);
    CHECK_SHELL("ls outbox/%s | cmp -s - names && exit 1 || true", B->id);
    hub_kit_end();
}

/* Another process has moved a branch; and somebody has taken a file away. */
TEST(memory_of_what_was_served_yields_to_what_is_there)
{
    struct hub *other;
    struct hub_taken taken;
    hub_kit_begin();
    size_t n = served(B);
    usleep(80000);
    for (int i = 0; i < 3; i++) CHECK(served(B) == n);
    CHECK_SHELL("rm outbox/%s/*", B->id);
    CHECK(served(B) == n);
    CHECK_SHELL("test $(ls outbox/%s | wc -l) -ge 1", B->id);
    usleep(80000);
    for (int i = 0; i < 3; i++) CHECK(served(B) == n);
    say(B, "C-1", "organisation", 1, "{\"name\":\"X\"}");
    const char *path = pack(B, "C-1");
    CHECK_OK(hub_open(&other, world.path, world.forms, NULL));
    CHECK_OK(hub_receive(other, path, &world.arena, &taken, NULL));
    hub_close(other);
    CHECK(served(B) > n);
    hub_kit_end();
}

TEST(a_revoked_kit_is_served_nothing_any_more)
{
    hub_kit_begin();
    CHECK(served(B) > 0);
    usleep(80000);
    for (int i = 0; i < 3; i++) CHECK(served(B) > 0);
    say(A, REGISTER_CASE, "kit", 2, "{\"revoked.C-1:2\":true}");
    CHECK_DELIVER(A, REGISTER_CASE);
    CHECK(served(B) == 0);
    CHECK_SHELL("test -z \"$(ls outbox/%s)\"", B->id);
    hub_kit_end();
}

int main(int argc, char **argv)
{
    return test_main(argc, argv);
}
