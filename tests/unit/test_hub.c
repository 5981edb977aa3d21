/* The hub: bundles in, branches and receipts out; stock git and git-lfs are content with what it keeps. */
#include "hub_kit.h"

#include <signal.h>
#include <sys/wait.h>

static const char *tip(const char *case_name)
{
    return arena_strdup(&world.arena, hub_tip(world.hub, case_name) ? hub_tip(world.hub, case_name) : "none");
}

/* B opens a case with a finding. */
static void open_case(const char *name)
{
    say(B, name, "organisation", 1, "{\"name\":\"Org\"}");
    say(B, name, "finding", 2, "{\"fact\":\"x\",\"grade\":\"minor\"}");
    CHECK_DELIVER(B, name);
}

TEST(a_bundle_becomes_commits_that_stock_git_reads)
{
    hub_kit_begin();
    open_case("C-1");
    say(B, "C-1", "finding", 2, "{\"grade\":\"major\"}");
    CHECK_DELIVER(B, "C-1");
    CHECK_STR(git("log -1 --skip=1 --format='%an|%ae|%cn|%ai|%s' C-1"),
        arena_printf(&world.arena,
            "bert|bert@example.org|HQ|2026-11-22 10:11:12 +0800|finding %s-2: grade minor → major", B->id));
    CHECK_STR(git("log "
                  "--format='%(trailers:key=Entry,valueonly,separator=)%(trailers:key=Bundle,valueonly,"
                  "separator=)' C-1 | "
                  "grep -c '^.\\{128\\}$'"),
        "3");
    CHECK_STR(git("rev-parse --abbrev-ref HEAD"), "register");
    CHECK_SHELL("git -C hub/repo.git fsck --strict --full 2>&1 | tee fsck && ! test -s fsck");
    CHECK_SHELL("git clone -q hub/repo.git clone && cd clone && git log -p --all > /dev/null && git checkout "
                "-q C-1 && "
                "git blame record/finding/%s/0/2.json | grep -q '(bert .*grade.*major'",
        B->id);
    hub_kit_end();
}

TEST(hub_commits_and_receipts_are_signed)
{
    struct buf line;
    hub_kit_begin();
    open_case("C-1");
    buf_init(&line, 4096);
    buf_addf(&line, "%s@satchel ", hub_kit(world.hub));
    ssh_key_line_write(&line, hub_public_key(world.hub), "");
    CHECK_OK(file_write(arena_printf(&world.arena, "%s/signers", world.folder), line.data, line.len));
    buf_release(&line);
    CHECK_SHELL("git -C hub/repo.git -c gpg.ssh.allowedSignersFile=$PWD/signers verify-commit C-1 register");
    CHECK_SHELL("git -C hub/repo.git archive C-1 receipt | tar x && cat receipt/*/*.json | ssh-keygen -Y "
                "verify -f signers "
                "-I %s@satchel -n receipt@satchel -s receipt/*/*.json.sig",
        hub_kit(world.hub));
    hub_kit_end();
}

TEST(delivering_again_changes_nothing)
{
    struct hub_taken taken;
    hub_kit_begin();
    open_case("C-1");
    const char *before = tip("C-1"), *bundle = pack(B, "C-1");
    for (int i = 0; i < 3; i++) {
        CHECK_OK(hub_receive(world.hub, bundle, &world.arena, &taken, NULL));
        CHECK(taken.accepted == 0 && taken.known == 2 && taken.receipt && taken.receipt->accepted == 2);
        CHECK_STR(tip("C-1"), before);
        if (i == 1) reopen_hub();
    }
    CHECK(strcmp(taken.receipt->bundle, taken.bundle) == 0 && taken.receipt->heads_len == 1);
    hub_kit_end();
}

TEST(two_hubs_with_the_same_entries_have_the_same_record_tree)
{
    hub_kit_begin();
    open_case("C-1");
    for (int i = 3; i < 9; i++) say(B, "C-1", "finding", i, "{\"fact\":\"x\"}");
    CHECK_DELIVER(B, "C-1");
    const char *one = git("rev-parse C-1:record");
    hub_close(world.hub);
    CHECK_SHELL("mv hub hub-1");
    make_hub();
    open_hub();
    say_hub(5);
    CHECK_DELIVER(A, REGISTER_CASE);
    CHECK_DELIVER(B, "C-1");
    CHECK_STR(git("rev-parse C-1:record"), one);
    hub_kit_end();
}

TEST(a_case_is_opened_by_an_organisation_only)
{
    struct hub_taken taken;
    hub_kit_begin();
    const struct entry *org = say(B, "C-1", "organisation", 1, "{\"name\":\"Org\"}");
    say(B, "C-1", "finding", 2, "{\"fact\":\"x\"}");
    say(C, "C-1", "finding", 1, "{\"fact\":\"y\"}");
    say(B, "head", "organisation", 3, "{\"name\":\"Org\"}");
    CHECK(deliver(C, "C-1", &taken) == ERR_WAIT);
    CHECK(deliver(B, "head", &taken) == ERR_INPUT);
    CHECK_STR(tip("C-1"), "none");
    CHECK_DELIVER(B, "C-1");
    CHECK_DELIVER(C, "C-1");
    say(B, "c-1", "organisation", 4, "{\"name\":\"Org\"}");
    CHECK(deliver(B, "c-1", &taken) == ERR_INPUT);
    CHECK(org != NULL);
    hub_kit_end();
}

TEST(a_quarantined_entry_is_kept_with_its_reason_until_an_admin_releases_it)
{
    struct hub_taken taken;
    hub_kit_begin();
    open_case("C-1");
    const struct entry *bad = say(B, "C-1", "decision", 3, "{\"outcome\":\"grant\"}");
    say(B, "C-1", "finding", 4, "{\"fact\":\"z\"}");
    CHECK_OK(deliver(B, "C-1", &taken));
    CHECK(taken.accepted == 1 && taken.known == 2 && taken.problems->len == 1);
    CHECK(taken.receipt->quarantined.len == 1 && strcmp(taken.receipt->quarantined.items[0].entry, bad->id) == 0);
    CHECK_SHELL("git -C hub/repo.git show C-1:quarantine/%s/0/3-%.16s.why | grep -q role", B->id, bad->id);
    CHECK_SHELL("! git -C hub/repo.git cat-file -e C-1:record/decision");
    CHECK_OK(deliver(B, "C-1", &taken));
    CHECK(taken.problems->len == 1);
    say(A, "C-1", "release", 9,
        arena_printf(&world.arena, "{\"entry\":\"%s\",\"reason\":\"agreed\"}", bad->id));
    CHECK_DELIVER(A, "C-1");
    CHECK_SHELL("git -C hub/repo.git cat-file -e C-1:log/%s/0/3-%.16s && git -C hub/repo.git cat-file -e "
                "C-1:record/decision/%s/0/3.json",
        B->id, bad->id, B->id);
    CHECK_SHELL("! git -C hub/repo.git cat-file -e C-1:quarantine");
    reopen_hub();
    CHECK_OK(deliver(B, "C-1", &taken));
    CHECK(taken.receipt->quarantined.len == 1); /* as it was answered then */
    hub_kit_end();
}

TEST(what_waits_for_the_register_is_judged_when_it_moves)
{
    struct hub_taken taken;
    hub_kit_begin();
    open_case("C-1");
    const struct entry *e = say(D, "C-1", "finding", 1, "{\"fact\":\"from d\"}");
    CHECK(deliver(D, "C-1", &taken) == ERR_WAIT);
    hold(B, e, D);
    CHECK_OK(deliver(B, "C-1", &taken));
    CHECK(taken.accepted == 0 && taken.waiting == 1);
    CHECK_SHELL("git -C hub/repo.git cat-file -e C-1:waiting/%s/0/1-%.16s", D->id, e->id);
    reopen_hub();
    enrol(D, 5, "dora", "\"roles.auditor\":true");
    CHECK_DELIVER(A, REGISTER_CASE);
    CHECK_SHELL("git -C hub/repo.git cat-file -e C-1:log/%s/0/1-%.16s", D->id, e->id);
    CHECK_SHELL("! git -C hub/repo.git cat-file -e C-1:waiting && git -C hub/repo.git fsck --strict");
    CHECK_STR(git("log -1 --skip=1 --format=%an C-1"), "dora");
    hub_kit_end();
}

/* One line of a bundle's entries with another signature: made by sealing a bundle by hand is bundle_open's
 * test; here it comes as lines. */
TEST(lines_with_a_bad_signature_are_refused)
{
    struct buf lines;
    struct hub_taken taken;
    hub_kit_begin();
    buf_init(&lines, BUF_UNLIMITED);
    struct entry e = *make_entry(B, "C-1", record_of(B, "organisation", 1), "{\"name\":\"Org\"}");
    entry_line_write(&lines, &e, B->signer.public_key);
    CHECK_OK(hub_take_lines(world.hub, "C-1", buf_str(&lines), lines.len, &world.arena, &taken));
    CHECK(taken.accepted == 1);
    buf_clear(&lines);
    e.signature[3] ^= 1;
    entry_line_write(&lines, &e, B->signer.public_key);
    CHECK(hub_take_lines(world.hub, "C-1", buf_str(&lines), lines.len, &world.arena, &taken) == ERR_INPUT);
    buf_release(&lines);
    hub_kit_end();
}

TEST(a_bad_signature_in_a_bundle_is_told_and_asked_for_again)
{
    struct hub_taken taken;
    hub_kit_begin();
    open_case("C-1");
    struct entry *bad = (struct entry *)make_entry(B, "C-1", record_of(B, "finding", 3), "{\"fact\":\"z\"}");
    unsigned char right = bad->signature[3];
    bad->signature[3] ^= 1;
    hold(B, bad, B);
    CHECK_OK(deliver(B, "C-1", &taken));
    CHECK(taken.accepted == 0 && taken.problems->len == 1 && taken.receipt->quarantined.len == 1);
    CHECK(taken.receipt->heads_len == 1 && taken.receipt->heads[0].seq == 2);
    CHECK_SHELL("ls hub/quarantine/*.line hub/quarantine/*.line.why");
    bad->signature[3] = right;
    CHECK_OK(deliver(B, "C-1", &taken));
    CHECK(taken.accepted == 1 && taken.receipt->quarantined.len == 0);
    hub_kit_end();
}

TEST(two_entries_with_one_number_are_both_kept_and_raise_an_alarm)
{
    struct hub_taken taken;
    struct jv *status;
    hub_kit_begin();
    open_case("C-1");
    const struct entry *one = make_entry(B, "C-1", record_of(B, "finding", 3), "{\"fact\":\"one\"}"),
                       *two = make_entry(B, "C-1", record_of(B, "finding", 3), "{\"fact\":\"two\"}");
    hold(B, one, B);
    CHECK_DELIVER(B, "C-1");
    hold(B, two, B);
    CHECK_OK(deliver(B, "C-1", &taken));
    CHECK(taken.accepted == 1 && taken.alarms->len == 1);
    CHECK_SHELL("git -C hub/repo.git show C-1:README.md | grep -q Alarms");
    CHECK_OK(hub_status(world.hub, &world.arena, &status));
    CHECK(jv_get_int(jv_get(status, "cases")->items[0], "forks", 0) == 1);
    CHECK_STR(jv_get_str(jv_get(status, "cases")->items[0], "case"), "C-1");
    hub_kit_end();
}

/* ---- evidence ---- */

static int send(const struct bundle_order *o, struct hub_taken *taken)
{
    size_t len;
    int rc = 0;
    const struct bundle_file *files = cut_order(o, &len);
    for (size_t i = 0; i < len && rc == 0; i++)
        rc = hub_receive(world.hub, files[i].path, &world.arena, taken, NULL);
    return rc;
}

TEST(evidence_is_held_before_its_pointer_is_committed)
{
    struct hub_taken taken;
    hub_kit_begin();
    open_case("C-1");
    struct evidence x = make_exhibit(1, 100000), empty = make_exhibit(2, 0);
    say_evidence(B, "C-1", 3, &x);
    say_evidence(B, "C-1", 4, &empty);
    CHECK_OK(deliver(B, "C-1", &taken));
    CHECK(taken.receipt->awaited_len == 2 && taken.receipt->held_len == 0);
    CHECK_SHELL("! git -C hub/repo.git cat-file -e C-1:evidence");
    struct bundle_order o = order_of(B, "C-1");
    struct evidence both[] = {x, empty};
    o.evidence = both;
    o.evidence_len = 2;
    CHECK_OK(send(&o, &taken));
    CHECK(taken.receipt->awaited_len == 0 && taken.receipt->held_len == 2);
    CHECK_SHELL("git -C hub/repo.git lfs fsck --dry-run C-1 && git -C hub/repo.git fsck --strict");
    CHECK_SHELL("cmp hub/repo.git/lfs/objects/%.2s/%.2s/%s %s", x.sha256, x.sha256 + 2, x.sha256, x.sha256);
    CHECK_SHELL("git -C hub/repo.git show C-1:evidence/%s/0/3.jpg | grep -q 'size 100000'", B->id);
    hub_kit_end();
}

TEST(evidence_stays_what_it_was_taken_in_as)
{
    struct hub_taken taken;
    hub_kit_begin();
    open_case("C-1");
    struct evidence x = make_exhibit(1, 100000), other = make_exhibit(2, 100000);
    say_evidence(B, "C-1", 3, &x);
    say(B, "C-1", "evidence", 3, "{\"name\":\"y.jpg\"}");
    CHECK_DELIVER(B, "C-1");
    const struct entry *bad =
        say(B, "C-1", "evidence", 3, arena_printf(&world.arena, "{\"sha256\":\"%s\"}", other.sha256));
    CHECK_OK(deliver(B, "C-1", &taken));
    CHECK(taken.receipt->quarantined.len == 1);
    CHECK_STR(taken.receipt->quarantined.items[0].entry, bad->id);
    CHECK_STR(taken.receipt->quarantined.items[0].reason,
        "its form fixes this field when the record is made: sha256");
    CHECK(taken.receipt->awaited_len == 1);
    CHECK_STR(taken.receipt->awaited[0], x.sha256);
    hub_kit_end();
}

TEST(bytes_may_come_before_their_record)
{
    struct hub_taken taken;
    hub_kit_begin();
    open_case("C-1");
    struct evidence x = make_exhibit(1, 1000);
    struct bundle_order o = order_of(B, "C-1");
    o.evidence = &x;
    o.evidence_len = 1;
    CHECK_OK(send(&o, &taken));
    CHECK(taken.receipt->held_len == 1 && taken.receipt->awaited_len == 0);
    say_evidence(B, "C-1", 3, &x);
    CHECK_OK(deliver(B, "C-1", &taken));
    CHECK(taken.receipt->held_len == 1);
    CHECK_SHELL("git -C hub/repo.git lfs fsck --dry-run C-1");
    hub_kit_end();
}

TEST(large_evidence_comes_in_parts_in_any_order)
{
    struct hub_taken taken;
    size_t len;
    hub_kit_begin();
    open_case("C-1");
    struct evidence x = make_exhibit(1, (size_t)50 << 20);
    say_evidence(B, "C-1", 3, &x);
    CHECK_DELIVER(B, "C-1");
    struct bundle_order o = order_of(B, "C-1");
    o.evidence = &x;
    o.evidence_len = 1;
    o.part_size = BUNDLE_PART_MIN;
    const struct bundle_file *files = cut_order(&o, &len);
    CHECK(len > 3);
    for (size_t i = len; i-- > 1;) { /* the first has the entries, which are here */
        CHECK_OK(hub_receive(world.hub, files[i].path, &world.arena, &taken, NULL));
        if (i == 3) CHECK_OK(hub_receive(world.hub, files[i].path, &world.arena, &taken, NULL));
        if (i == 2) reopen_hub();
        CHECK(taken.receipt->held_len == (i == 1));
    }
    CHECK_SHELL("git -C hub/repo.git lfs fsck --dry-run C-1 && test -z \"$(ls hub/partial hub/staging | grep "
                "-v :)\"");
    CHECK_SHELL("cmp hub/repo.git/lfs/objects/%.2s/%.2s/%s %s", x.sha256, x.sha256 + 2, x.sha256, x.sha256);
    hub_kit_end();
}

TEST(parts_that_do_not_make_up_the_whole_are_dropped_with_an_alarm)
{
    struct hub_taken taken;
    size_t len;
    hub_kit_begin();
    open_case("C-1");
    struct evidence x = make_exhibit(1, (size_t)20 << 20), other = make_exhibit(2, (size_t)20 << 20),
                    lie = other;
    say_evidence(B, "C-1", 3, &x);
    lie.sha256 = x.sha256;
    CHECK_SHELL("cp %s right && cp %s %s", x.sha256, other.sha256, x.sha256);
    struct bundle_order o = order_of(B, "C-1");
    o.evidence = &lie;
    o.evidence_len = 1;
    o.part_size = BUNDLE_PART_MIN;
    const struct bundle_file *files = cut_order(&o, &len);
    for (size_t i = 0; i < len; i++)
        CHECK_OK(hub_receive(world.hub, files[i].path, &world.arena, &taken, NULL));
    CHECK(taken.alarms->len == 1 && taken.receipt->held_len == 0);
    CHECK_SHELL("cp right %s", x.sha256);
    o.evidence = &x;
    CHECK_OK(send(&o, &taken));
    CHECK(taken.receipt->held_len == 1 && taken.alarms->len == 0);
    hub_kit_end();
}

/* ---- folders ---- */

static struct hub_exchange sync_stick(void)
{
    struct hub_exchange e = {0};
    CHECK_OK(hub_sync_folder(
        world.hub, arena_printf(&world.arena, "%s/stick", world.folder), BUNDLE_PART_SIZE, &e, NULL));
    return e;
}

static void put_on_stick(struct test_kit *k, const char *case_name)
{
    CHECK_SHELL("mkdir -p stick/inbox && cp %s stick/inbox/", pack(k, case_name));
}

static int anyone(void *ctx, const char *kit, const unsigned char key[KEY_SIZE])
{
    (void)ctx;
    (void)kit;
    (void)key;
    return 0;
}

/* Takes in what lies in the kit's outbox folder; how many bundles, *receipts of them with a receipt. */
static int take_from_stick(struct test_kit *k, int *receipts)
{
    const char **names = NULL,
               *folder = arena_printf(&world.arena, "%s/stick/outbox/%s", world.folder, k->id);
    size_t len = 0;
    struct bundle_receiver r = {.self = k->id, .sender = anyone};
    memcpy(r.identity, k->identity, KEY_SIZE);
    *receipts = 0;
    if (!os_exists(folder)) return 0;
    CHECK_OK(os_list(&names, &len, &world.arena, folder));
    for (size_t i = 0; i < len; i++) {
        struct opened o = {0};
        CHECK_OK(bundle_open(&o, &world.arena, path_join(&world.arena, folder, names[i]), &r));
        *receipts += o.receipt != NULL;
        for (size_t n = 0; n < o.entries_len; n++) {
            bool known;
            CHECK(o.entries[n].signature_good);
            CHECK_OK(fold_add(
                k->fold, o.entries[n].entry, o.entries[n].public_key, VERDICT_GOOD, NULL, 0, &known));
        }
        opened_release(&o);
    }
    return (int)len;
}

TEST(a_stick_is_a_full_sync)
{
    int receipts;
    hub_kit_begin();
    say(B, "C-1", "organisation", 1, "{\"name\":\"Org\"}");
    put_on_stick(B, "C-1");
    struct hub_exchange e = sync_stick();
    CHECK(e.taken_len == 1 && e.failed->len == 0 && e.taken[0].accepted == 1);
    hub_exchange_release(&e);
    CHECK(take_from_stick(B, &receipts) == 2 && receipts == 1); /* register; receipt */
    CHECK(
        take_from_stick(C, &receipts) == 1 && receipts == 0); /* the register only: C may not see the case */
    CHECK(take_from_stick(A, &receipts) == 2);
    CHECK(fold_chain(A->fold, "C-1", B->id)->gapless == 1 && fold_chain(C->fold, "C-1", B->id) == NULL);

    CHECK_SHELL("find stick -type f | sort | xargs sha256sum > before");
    e = sync_stick(); /* nobody has been there: the same again, to the byte */
    CHECK(e.taken_len == 1 && e.taken[0].known == 1);
    hub_exchange_release(&e);
    CHECK_SHELL("find stick -type f | sort | xargs sha256sum | diff - before");

    CHECK_SHELL("rm stick/inbox/*"); /* B has the receipt; all tell what they hold */
    for (int i = 0; i < 3; i++) put_on_stick(&world.kits[i], REGISTER_CASE);
    e = sync_stick();
    CHECK(e.failed->len == 0);
    hub_exchange_release(&e);
    CHECK(take_from_stick(B, &receipts) == 2 && receipts == 2); /* of C-1 still, of the register now */
    CHECK_SHELL("rm stick/inbox/*");
    e = sync_stick();
    hub_exchange_release(&e);
    CHECK(take_from_stick(B, &receipts) == 2 && receipts == 2); /* answers stay until the next bundle */
    CHECK(take_from_stick(C, &receipts) == 1 && receipts == 1);
    CHECK(take_from_stick(A, &receipts) == 2); /* A has not told that it holds C-1 */
    hub_kit_end();
}

TEST(one_bad_outbox_does_not_stop_the_others)
{
    hub_kit_begin();
    open_case("C-1");
    CHECK_SHELL("mkdir -p stick/outbox && echo x > stick/outbox/%s", B->id);
    struct hub_exchange e = sync_stick();
    CHECK(e.failed->len == 1 && e.failed_code == ERR_ROAD);
    CHECK(strstr(jv_get_str(e.failed->items[0], "file"), B->id) != NULL);
    hub_exchange_release(&e);
    CHECK_SHELL("ls stick/outbox/%s/*.satchel stick/outbox/%s/*.satchel", A->id, C->id);
    CHECK_SHELL("rm stick/outbox/%s", B->id);
    e = sync_stick();
    CHECK(e.failed->len == 0 && e.failed_code == 0);
    hub_exchange_release(&e);
    CHECK_SHELL("ls stick/outbox/%s/*.satchel", B->id);
    hub_kit_end();
}

static void check_refused(const char *name)
{
    struct hub_exchange e = sync_stick();
    CHECK(e.failed->len == 1 && e.failed_code == ERR_ROAD);
    CHECK(e.failed->len == 1 && strstr(jv_get_str(e.failed->items[0], "file"), name) != NULL);
    CHECK(e.failed->len == 1 && strstr(jv_get_str(e.failed->items[0], "error"), "link") != NULL);
    hub_exchange_release(&e);
}

TEST(links_on_a_stick_are_not_followed)
{
    hub_kit_begin();
    open_case("C-1");
    CHECK_SHELL("mkdir -p away/k stick/outbox && ln -s ../../away/k stick/outbox/%s", B->id);
    CHECK_SHELL("echo kept > away/k/old.satchel");
    check_refused(B->id);
    CHECK_SHELL("test \"$(ls away/k)\" = old.satchel && ls stick/outbox/%s/*.satchel", A->id);
    CHECK_SHELL("rm -r stick/outbox && ln -s ../away stick/outbox && ls away > before");
    check_refused("outbox");
    CHECK_SHELL("ls away | diff - before && rm stick/outbox");

    say(B, "C-1", "finding", 3, "{\"fact\":\"x\"}");
    CHECK_SHELL("cp %s away/b.satchel && ln -s ../../away/b.satchel stick/inbox/", pack(B, "C-1"));
    check_refused("b.satchel");
    CHECK_SHELL("rm -r stick/inbox && ln -s ../away stick/inbox");
    check_refused("inbox");
    CHECK_SHELL("ls stick/outbox/%s/*.satchel", A->id); /* who is to receive does so all the same */
    CHECK_SHELL("rm stick/inbox && ln -sf nowhere stick/outbox/%s/\"$(ls stick/outbox/%s | head -n 1)\"",
        A->id, A->id);
    struct hub_exchange e = sync_stick();
    CHECK(e.failed->len == 0);
    hub_exchange_release(&e);
    CHECK_SHELL("test -z \"$(find stick -type l)\"");
    hub_kit_end();
}

TEST(a_bad_file_does_not_stop_the_others_and_the_register_goes_first)
{
    hub_kit_begin();
    enrol(D, 5, "dora", "\"roles.auditor\":true");
    say(D, "C-9", "organisation", 1, "{\"name\":\"Org\"}");
    put_on_stick(D, "C-9");
    put_on_stick(A, REGISTER_CASE);
    say(C, "C-7", "finding", 1, "{\"fact\":\"no case\"}");
    put_on_stick(C, "C-7");
    CHECK_SHELL("echo nonsense > stick/inbox/0.satchel && echo other > stick/inbox/readme.txt");
    struct hub_exchange e = sync_stick();
    CHECK(e.taken_len == 2 && e.failed->len == 2);
    hub_exchange_release(&e);
    CHECK(hub_tip(world.hub, "C-9") != NULL);
    CHECK_SHELL("cp stick/inbox/0.satchel hub/inbox/ && test -e stick/inbox/0.satchel");
    e = sync_stick();
    CHECK(e.failed->len == 3);
    hub_exchange_release(&e);
    CHECK_SHELL("test -e hub/quarantine/0.satchel && test -s hub/quarantine/0.satchel.why && ! test -e "
                "hub/inbox/0.satchel");
    hub_kit_end();
}

TEST(evidence_is_sent_only_where_it_was_asked_for_and_belongs)
{
    struct hub_taken taken;
    int receipts;
    hub_kit_begin();
    open_case("C-1");
    struct evidence x = make_exhibit(1, (size_t)17 << 20), foreign = make_exhibit(2, 500);
    struct evidence both[] = {x, foreign};
    say_evidence(B, "C-1", 3, &x);
    struct bundle_order o = order_of(B, "C-1");
    o.evidence = both;
    o.evidence_len = 2;
    CHECK_OK(send(&o, &taken));
    const char *want[] = {x.sha256, foreign.sha256};
    if (strcmp(want[0], want[1]) > 0) {
        want[0] = foreign.sha256;
        want[1] = x.sha256;
    }
    o = order_of(A, "C-1");
    o.want = want;
    o.want_len = 2;
    CHECK_OK(send(&o, &taken));
    struct hub_exchange e = sync_stick();
    hub_exchange_release(&e);
    CHECK_SHELL(
        "find stick/outbox/%s -size +16M | grep -q . && ! find stick/outbox/%s -size +16M | grep -q .", A->id,
        B->id);
    CHECK(receipts = 1);
    hub_kit_end();
}

TEST(what_a_killed_sync_left_on_a_stick_goes_with_the_next)
{
    struct sink *running;
    hub_kit_begin();
    open_case("C-1");
    CHECK_SHELL("mkdir -p stick/outbox/%s", B->id);
    const char *folder = arena_printf(&world.arena, "%s/stick/outbox/%s", world.folder, B->id);
    CHECK_OK(file_sink_of(&running, path_join(&world.arena, folder, "x.satchel"), hub_kit(world.hub)));
    CHECK_SHELL("cd %s && touch .new-%s-0123456789abcdef .new-%s-0123456789abcdef", folder,
        hub_kit(world.hub), C->id);
    struct hub_exchange e = sync_stick();
    CHECK(e.failed->len == 0);
    hub_exchange_release(&e);
    CHECK_SHELL("cd %s && ! test -e .new-%s-0123456789abcdef", folder, hub_kit(world.hub));
    CHECK_SHELL("cd %s && test -e .new-%s-0123456789abcdef", folder, C->id); /* somebody else's */
    CHECK_OK(sink_finish(running)); /* nor is what is being written taken away */
    sink_close(running);
    hub_kit_end();
}

TEST(what_another_hub_has_written_on_the_stick_stays)
{
    hub_kit_begin();
    CHECK_SHELL("mkdir -p stick/outbox/kaaaaaaaaaaaa && touch stick/outbox/kaaaaaaaaaaaa/other.satchel");
    struct hub_exchange e = sync_stick();
    hub_exchange_release(&e);
    CHECK_SHELL("test -e stick/outbox/kaaaaaaaaaaaa/other.satchel");
    hub_kit_end();
}

TEST(an_answer_is_handed_out_once_and_nothing_beside_it_twice)
{
    struct hub_taken taken;
    hub_kit_begin();
    open_case("C-1");
    struct evidence x = make_exhibit(1, (size_t)2 << 20);
    say_evidence(B, "C-1", 3, &x);
    struct bundle_order o = order_of(B, "C-1");
    o.evidence = &x;
    o.evidence_len = 1;
    CHECK_OK(send(&o, &taken));
    say(C, "C-1", "finding", 9, "{\"fact\":\"in its own hand\"}");
    CHECK_DELIVER(C, "C-1"); /* what B lacks */
    o = order_of(B, "C-1");
    o.want = &x.sha256;
    o.want_len = 1;
    CHECK_OK(send(&o, &taken)); /* asks for it back: a receipt is due with it */
    CHECK_SHELL("mkdir stick");
    for (int i = 0; i < 3; i++) {
        struct hub_exchange e = sync_stick();
        hub_exchange_release(&e);
        CHECK_SHELL("test $(find stick/outbox/%s -size +1M | wc -l) = 1", B->id);
        CHECK_SHELL(
            "ls stick/outbox/%s >now && { test %d = 0 || diff before now ; } && mv now before", B->id, i);
    }
    hub_kit_end();
}

TEST(a_revoked_kit_receives_nothing)
{
    hub_kit_begin();
    open_case("C-1");
    struct hub_exchange e = sync_stick();
    hub_exchange_release(&e);
    CHECK_SHELL("ls stick/outbox/%s/*.satchel", B->id);
    say(A, REGISTER_CASE, "kit", 2, "{\"revoked.C-1:2\":true}");
    CHECK_DELIVER(A, REGISTER_CASE);
    e = sync_stick();
    hub_exchange_release(&e);
    CHECK_SHELL("! ls stick/outbox/%s/*.satchel", B->id);
    hub_kit_end();
}

/* ---- faults ---- */

TEST(leftovers_of_a_killed_hub_do_no_harm)
{
    hub_kit_begin();
    open_case("C-1");
    CHECK_SHELL("cd hub && touch staging/abc partial/.new-1 repo.git/refs/heads/C-1.lock "
                "repo.git/objects/pack/pack_git2_x "
                ".new-kits && echo '{\"x' > kits.json");
    say(B, "C-1", "finding", 3, "{\"fact\":\"x\"}");
    CHECK_DELIVER(B, "C-1");
    CHECK_SHELL("cd hub && ! ls staging/* repo.git/refs/heads/*.lock .new-kits 2>/dev/null");
    hub_kit_end();
}

/* A process of its own takes the bundle in and is killed somewhere on the way; then it is taken in as if
 * nothing had been. */
static void receive_and_be_killed(const char *bundle, useconds_t after)
{
    struct hub *hub;
    struct hub_taken taken;
    pid_t child = fork();
    if (child == 0) {
        if (hub_open(&hub, world.path, world.forms, NULL) == 0)
            (void)!hub_receive(hub, bundle, &world.arena, &taken, NULL);
        _exit(0);
    }
    usleep(after);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
}

TEST(a_hub_that_was_killed_goes_on_by_itself)
{
    struct hub_taken taken;
    uint64_t seed = 11;
    size_t len;
    hub_kit_begin();
    open_case("C-1");
    struct evidence x = make_exhibit(1, 3000000);
    say_evidence(B, "C-1", 3, &x);
    for (int i = 4; i < 200; i++) say(B, "C-1", "finding", i, "{\"fact\":\"x\"}");
    struct bundle_order o = order_of(B, "C-1");
    o.evidence = &x;
    o.evidence_len = 1;
    const char *bundle = cut_order(&o, &len)[0].path;
    hub_close(world.hub);
    world.hub = NULL;
    CHECK_SHELL("cp -r hub before");
    for (int i = 0; i < (test_full ? 100 : 6); i++) {
        receive_and_be_killed(bundle, (useconds_t)(test_random_next(&seed) % 200000));
        open_hub();
        CHECK_OK(hub_receive(world.hub, bundle, &world.arena, &taken, NULL));
        CHECK(taken.receipt && taken.receipt->heads[0].seq == 199 && taken.receipt->held_len == 1);
        CHECK_SHELL("git -C hub/repo.git fsck --strict && git -C hub/repo.git lfs fsck --dry-run C-1");
        struct verified verified;
        struct verify_request r = {.path = world.path, .root = A->signer.public_key, .forms = world.forms};
        CHECK_OK(hub_verify(&r, &world.arena, &verified));
        hub_close(world.hub);
        world.hub = NULL;
        CHECK_SHELL("rm -rf hub && cp -r before hub");
    }
    open_hub();
    hub_kit_end();
}

TEST(another_process_may_move_a_branch)
{
    struct hub *other;
    struct hub_taken taken;
    hub_kit_begin();
    open_case("C-1");
    CHECK_OK(hub_open(&other, world.path, world.forms, NULL));
    say(B, "C-1", "finding", 3, "{\"fact\":\"x\"}");
    CHECK_OK(hub_receive(other, pack(B, "C-1"), &world.arena, &taken, NULL));
    hub_close(other);
    say(B, "C-1", "finding", 4, "{\"fact\":\"x\"}");
    CHECK_OK(deliver(B, "C-1", &taken));
    CHECK(taken.accepted == 1 && taken.known == 3);
    CHECK_SHELL("git -C hub/repo.git fsck --strict");
    hub_kit_end();
}

TEST(one_entry_is_read_alone)
{
    struct entry *e = NULL;
    unsigned char key[KEY_SIZE];
    enum verdict v;
    hub_kit_begin();
    const struct entry *org = say(B, "C-1", "organisation", 1, "{\"name\":\"Org\"}");
    CHECK_DELIVER(B, "C-1");
    CHECK_OK(hub_entry(world.hub, "C-1", B->id, 1, org->id, &world.arena, &e, key, &v));
    CHECK(e && strcmp(e->id, org->id) == 0 && v == VERDICT_GOOD);
    CHECK(hub_entry(world.hub, "C-1", B->id, 2, org->id, &world.arena, &e, key, &v) == ERR_MISSING);
    hub_kit_end();
}

TEST(init_never_touches_what_is_there)
{
    hub_kit_begin();
    CHECK(hub_init(world.path, "X", "x", 1, world.forms) == ERR_INPUT);
    CHECK_SHELL("mv hub/hub.json hub/kept");
    struct buf request;
    struct request q = {.at = "2026-01-01T00:00:00Z", .name = "N", .email = "e", .kit = A->id};
    memcpy(q.public_key, A->signer.public_key, KEY_SIZE);
    memcpy(q.recipient, A->recipient, KEY_SIZE);
    buf_init(&request, REQUEST_MAX_BYTES);
    CHECK_OK(request_write(&request, &q, &A->signer));
    CHECK(hub_init(world.path, "X", request.data, request.len, world.forms) == ERR_INPUT);
    buf_release(&request);
    CHECK_SHELL("git -C hub/repo.git rev-parse register");
    hub_kit_end();
}

TEST(an_init_that_was_stopped_can_be_repeated)
{
    hub_kit_begin();
    char path[128];
    struct buf request;
    struct hub *h = NULL;
    struct request q = {.at = "2026-01-01T00:00:00Z", .name = "N", .email = "e", .kit = A->id};
    memcpy(q.public_key, A->signer.public_key, KEY_SIZE);
    memcpy(q.recipient, A->recipient, KEY_SIZE);
    buf_init(&request, REQUEST_MAX_BYTES);
    CHECK_OK(request_write(&request, &q, &A->signer));
    snprintf(path, sizeof path, "%s/other", world.folder);
    CHECK_OK(hub_init(path, "X", request.data, request.len, world.forms));
    CHECK_SHELL("mv other/hub.json other/hub.new");
    CHECK(hub_open(&h, path, world.forms, NULL) == ERR_MISSING);
    CHECK_OK(hub_init(path, "Y", request.data, request.len, world.forms));
    CHECK_OK(hub_open(&h, path, world.forms, NULL));
    CHECK_STR(hub_name(h), "Y");
    hub_close(h);
    buf_release(&request);
    hub_kit_end();
}

int main(int argc, char **argv)
{
    return test_main(argc, argv);
}
