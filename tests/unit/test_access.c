/* Who gets what of a case: its bytes only where they came in, its answers also where sight has ended. */
#include "hub_kit.h"

/* ---- bundles and sticks ---- */

static void send_files(const struct bundle_file *files, size_t from, size_t to, struct hub_taken *taken)
{
    for (size_t i = from; i < to; i++)
        CHECK_OK(hub_receive(world.hub, files[i].path, &world.arena, taken, NULL));
}

/* The kit's entries of a case with some evidence. */
static struct hub_taken send(struct test_kit *k, const char *case_name, const struct evidence *x)
{
    struct hub_taken taken = {0};
    struct bundle_order o = order_of(k, case_name);
    size_t len;
    o.evidence = x;
    o.evidence_len = x ? 1 : 0;
    const struct bundle_file *files = cut_order(&o, &len);
    send_files(files, 0, len, &taken);
    return taken;
}

static void ask_for(struct test_kit *k, const char *case_name, const char *sha256)
{
    struct hub_taken taken;
    struct bundle_order o = order_of(k, case_name);
    size_t len;
    o.want = &sha256;
    o.want_len = 1;
    const struct bundle_file *files = cut_order(&o, &len);
    send_files(files, 0, len, &taken);
}

static void sync_stick(void)
{
    struct hub_exchange e = {0};
    const char *stick = arena_printf(&world.arena, "%s/stick", world.folder);
    CHECK_OK(os_make_folder(stick));
    CHECK_OK(hub_sync_folder(world.hub, stick, BUNDLE_PART_SIZE, &e, NULL));
    CHECK(e.failed->len == 0);
    hub_exchange_release(&e);
}

static int anyone(void *ctx, const char *kit, const unsigned char key[KEY_SIZE])
{
    (void)ctx;
    (void)kit;
    (void)key;
    return 0;
}

/* What lies on the stick for a kit of one case. */
struct found {
    size_t bundles, entries, blobs;
    const struct manifest *manifest;
    const struct receipt *receipt;
    bool unread; /* it came in brief, and what it builds on is not kept */
};

static int drop(struct sink *s, const void *bytes, size_t len)
{
    (void)s;
    (void)bytes;
    (void)len;
    return 0;
}

static int drop_finish(struct sink *s)
{
    (void)s;
    return 0;
}

static void drop_close(struct sink *s)
{
    (void)s;
}

static int count_blob(void *ctx, const struct member *m, struct sink **out)
{
    static struct sink nowhere = {drop, drop_finish, drop_close};
    struct found *f = ctx;
    (void)m;
    f->blobs++;
    *out = &nowhere;
    return 0;
}

static struct receipt *kept_receipt; /* by who looks */

static int keeps(void *ctx, const char *case_name, const char *id, struct arena *a, struct receipt **out)
{
    (void)ctx, (void)case_name, (void)a;
    if (!kept_receipt || strcmp(kept_receipt->id, id) != 0) return ERR_MISSING;
    *out = kept_receipt;
    return 0;
}

/* take: into the kit's fold. */
static struct found look_at(struct test_kit *k, const char *case_name, bool take)
{
    struct found f = {0};
    const char **names = NULL,
               *folder = arena_printf(&world.arena, "%s/stick/outbox/%s", world.folder, k->id);
    size_t len = 0;
    struct bundle_receiver r = {.self = k->id, .sender = anyone, .stage = count_blob, .receipt = keeps, .ctx = &f};
    memcpy(r.identity, k->identity, KEY_SIZE);
    if (os_exists(folder)) CHECK_OK(os_list(&names, &len, &world.arena, folder));
    for (size_t i = 0; i < len; i++) {
        struct opened o = {0};
        const struct manifest *m = NULL;
        const char *path = path_join(&world.arena, folder, names[i]);
        CHECK_OK(bundle_peek(&m, &world.arena, path, k->identity));
        if (!m || strcmp(m->case_name, case_name) != 0) continue;
        CHECK_OK(bundle_open(&o, &world.arena, path, &r));
        f.bundles++;
        f.entries += o.entries_len;
        f.manifest = o.manifest;
        if (o.receipt) f.receipt = o.receipt;
        if (o.unread) f.unread = true;
        for (size_t n = 0; take && n < o.entries_len; n++) {
            bool known;
            CHECK_OK(fold_add(
                k->fold, o.entries[n].entry, o.entries[n].public_key, VERDICT_GOOD, NULL, 0, &known));
        }
        opened_release(&o);
    }
    return f;
}

static struct found look(struct test_kit *k, const char *case_name)
{
    return look_at(k, case_name, false);
}

static void take_entries(struct test_kit *k, const char *case_name)
{
    look_at(k, case_name, true);
}

static bool lists(const char **hashes, size_t len, const char *sha256)
{
    for (size_t i = 0; i < len; i++)
        if (strcmp(hashes[i], sha256) == 0) return true;
    return false;
}

#define HELD(r, x) lists((r)->held, (r)->held_len, (x).sha256)
#define AWAITED(r, x) lists((r)->awaited, (r)->awaited_len, (x).sha256)

static void open_case(struct test_kit *k, const char *name)
{
    say(k, name, "organisation", name[2] - '0', "{\"name\":\"Org\"}");
    CHECK_DELIVER(k, name);
}

/* ---- evidence is of the case that brought it ---- */

TEST(to_name_a_hash_does_not_get_the_bytes)
{
    hub_kit_begin();
    open_case(B, "C-1");
    open_case(C, "C-2");
    struct evidence x = make_exhibit(1, 100000);
    say_evidence(B, "C-1", 11, &x);
    CHECK(HELD(send(B, "C-1", &x).receipt, x));
    say_evidence(C, "C-2", 12, &x);
    ask_for(C, "C-2", x.sha256);
    const struct receipt *r = send(C, "C-2", NULL).receipt;
    CHECK(!HELD(r, x) && AWAITED(r, x));
    ask_for(C, "C-2", x.sha256);
    CHECK_SHELL("! git -C hub/repo.git cat-file -e C-2:evidence");
    sync_stick();
    CHECK(look(C, "C-2").bundles > 0 && look(C, "C-2").blobs == 0);
    reopen_hub();
    r = send(C, "C-2", &x).receipt;
    CHECK(HELD(r, x) && !AWAITED(r, x));
    CHECK_SHELL("git -C hub/repo.git cat-file -e C-2:evidence/%s/0/12.jpg", C->id);
    say(C, "C-2", "finding", 13, "{\"fact\":\"x\"}");
    ask_for(C, "C-2", x.sha256);
    sync_stick();
    CHECK(look(C, "C-2").blobs == 1);
    hub_kit_end();
}

TEST(parts_of_one_case_do_not_make_up_another_cases_whole)
{
    struct hub_taken taken;
    size_t len;
    hub_kit_begin();
    open_case(B, "C-1");
    open_case(C, "C-2");
    struct evidence x = make_exhibit(1, (size_t)50 << 20);
    say_evidence(B, "C-1", 11, &x);
    say_evidence(C, "C-2", 12, &x);
    struct bundle_order of_b = order_of(B, "C-1"), of_c = order_of(C, "C-2");
    of_b.evidence = of_c.evidence = &x;
    of_b.evidence_len = of_c.evidence_len = 1;
    of_b.part_size = of_c.part_size = BUNDLE_PART_MIN;
    const struct bundle_file *b = cut_order(&of_b, &len), *c = cut_order(&of_c, &len);
    CHECK(len > 3);
    send_files(b, 0, len - 1, &taken);
    send_files(c, 0, 1, &taken);
    send_files(c, len - 1, len, &taken); /* the one that is lacking in the other case */
    CHECK(!HELD(taken.receipt, x) && AWAITED(taken.receipt, x));
    send_files(b, len - 1, len, &taken);
    CHECK(HELD(taken.receipt, x));
    send_files(c, 0, 1, &taken);
    CHECK(!HELD(taken.receipt, x) && AWAITED(taken.receipt, x));
    send_files(c, 1, len - 1, &taken);
    CHECK(HELD(taken.receipt, x) && !AWAITED(taken.receipt, x));
    CHECK_SHELL("test -z \"$(ls hub/partial hub/staging | grep -v :)\"");
    hub_kit_end();
}

TEST(bytes_that_came_before_their_record_stay_the_cases)
{
    hub_kit_begin();
    open_case(B, "C-1");
    open_case(C, "C-2");
    struct evidence x = make_exhibit(1, 1000);
    send(B, "C-1", &x);
    say_evidence(C, "C-2", 12, &x);
    CHECK(!HELD(send(C, "C-2", NULL).receipt, x));
    reopen_hub();
    say_evidence(B, "C-1", 11, &x);
    CHECK(HELD(send(B, "C-1", NULL).receipt, x));
    CHECK_SHELL("git -C hub/repo.git cat-file -e C-1:evidence/%s/0/11.jpg", B->id);
    hub_kit_end();
}

TEST(parts_before_their_record_are_awaited)
{
    struct hub_taken taken;
    size_t len;
    hub_kit_begin();
    open_case(B, "C-1");
    struct evidence x = make_exhibit(1, (size_t)40 << 20);
    struct bundle_order o = order_of(B, "C-1");
    o.evidence = &x;
    o.evidence_len = 1;
    o.part_size = BUNDLE_PART_MIN;
    const struct bundle_file *files = cut_order(&o, &len);
    send_files(files, 0, len - 1, &taken);
    CHECK(taken.receipt->held_len == 0 && AWAITED(taken.receipt, x));
    send_files(files, len - 1, len, &taken);
    CHECK(HELD(taken.receipt, x) && taken.receipt->awaited_len == 0);
    hub_kit_end();
}

/* ---- answers ---- */

static void assign(struct test_kit *k, const char *case_name, int number, bool to_it)
{
    const char *person = to_it ? record_of(A, "person", k == B ? 2 : 3) : record_of(A, "person", 1);
    say(A, case_name, "assignment", number,
        arena_printf(&world.arena, "{\"person\":\"register:%s\"}", person));
    CHECK_DELIVER(A, case_name);
}

TEST(who_sees_a_case_no_more_still_gets_his_answer_and_nothing_else)
{
    hub_kit_begin();
    struct evidence own = make_exhibit(1, 1000), other = make_exhibit(2, 1000);
    open_case(B, "C-1");
    say_evidence(B, "C-1", 11, &other);
    send(B, "C-1", &other);
    assign(C, "C-1", 10, true);
    say(C, "C-1", "finding", 12, "{\"fact\":\"x\"}");
    CHECK_DELIVER(C, "C-1");
    sync_stick();
    struct found f = look(C, "C-1");
    CHECK(f.entries == 3 && f.receipt->heads_len == 3 && HELD(f.receipt, other)); /* while he sees it */
    assign(C, "C-1", 10, false);
    say_evidence(C, "C-1", 13, &own);
    say(C, "C-1", "decision", 14, "{\"outcome\":\"grant\"}");
    say(B, "C-1", "decision", 14, "{\"outcome\":\"grant\"}");
    struct hub_taken taken;
    CHECK_OK(deliver(B, "C-1", &taken));
    struct hub_taken last = send(C, "C-1", &own);
    sync_stick();
    f = look(C, "C-1");
    CHECK(f.bundles == 1 && f.entries == 0 && f.blobs == 0 && f.manifest->have_len <= 1 && f.receipt);
    CHECK_STR(f.receipt->bundle, last.bundle);
    CHECK(f.receipt->accepted == last.accepted && f.receipt->heads_len == 1 && f.receipt->heads[0].seq == 3);
    CHECK_STR(f.receipt->heads[0].kit, C->id);
    CHECK(f.receipt->held_len == 1 && HELD(f.receipt, own) && f.receipt->awaited_len == 0);
    CHECK(f.receipt->quarantined.len == 1 && f.receipt->withheld.len == 0);
    CHECK_STR(f.receipt->quarantined.items[0].kit, C->id);
    sync_stick();
    CHECK(look(C, "C-1").bundles == 1); /* it stays for a kit that has not been there */
    hub_kit_end();
}

/* ---- answers in brief ---- */

/* A new finding and some evidence, in a bundle that names a receipt; its path. */
static const char *send_keeping(struct test_kit *k, int number, const struct have_receipt *kept, const struct evidence *x)
{
    struct hub_taken taken;
    struct bundle_order o = order_of(k, "C-1");
    size_t len;
    say(k, "C-1", "finding", number, "{\"fact\":\"x\"}");
    o.evidence = x;
    o.evidence_len = x ? 1 : 0;
    o.have_receipt = *kept;
    const struct bundle_file *files = cut_order(&o, &len);
    CHECK(len == 1);
    send_files(files, 0, 1, &taken);
    sync_stick();
    return files[0].path;
}

static struct have_receipt name_of(const struct receipt *r)
{
    return (struct have_receipt){r->id, r->bundle, (int64_t)r->held_len};
}

/* Three pieces of evidence; the hub has answered for two of them, and B keeps the answer. */
static void answer_two(struct evidence x[3])
{
    hub_kit_begin();
    kept_receipt = NULL;
    open_case(B, "C-1");
    for (int i = 0; i < 3; i++) {
        x[i] = make_exhibit((uint64_t)i + 1, 1000);
        say_evidence(B, "C-1", 11 + i, &x[i]);
        if (i < 2) send(B, "C-1", &x[i]);
    }
    sync_stick();
    kept_receipt = (struct receipt *)look(B, "C-1").receipt;
    CHECK(kept_receipt && kept_receipt->held_len == 2);
}

/* Whole, or nothing that is read without the one that is kept. */
static void check_brief(bool brief)
{
    struct receipt *kept = kept_receipt;
    kept_receipt = NULL;
    struct found f = look(B, "C-1");
    CHECK(f.unread == brief && !f.receipt == brief);
    kept_receipt = kept;
}

TEST(an_answer_leaves_out_what_the_kit_keeps)
{
    struct evidence x[3];
    answer_two(x);
    struct have_receipt kept = name_of(kept_receipt);
    send_keeping(B, 21, &kept, &x[2]);
    check_brief(true);
    const struct receipt *r = look(B, "C-1").receipt;
    CHECK(r && r->held_len == 3 && HELD(r, x[0]) && HELD(r, x[1]) && HELD(r, x[2]));
    CHECK_SHELL("git -C hub/repo.git show C-1:receipt/%.2s/%s.json | sha256sum | grep -q %s", r->bundle, r->bundle, r->id);
    kept = name_of(r);
    kept_receipt = (struct receipt *)r;
    send_keeping(B, 22, &kept, NULL);
    check_brief(true);
    CHECK(look(B, "C-1").receipt && look(B, "C-1").receipt->held_len == 3);
    hub_kit_end();
}

/* It did not arrive, or could not be read; and what the hub forgets of its kits is no harm. */
TEST(what_is_delivered_again_is_answered_whole)
{
    struct evidence x[3];
    struct hub_taken taken;
    answer_two(x);
    struct have_receipt kept = name_of(kept_receipt);
    const char *bundle = send_keeping(B, 21, &kept, &x[2]);
    check_brief(true);
    CHECK_OK(hub_receive(world.hub, bundle, &world.arena, &taken, NULL));
    sync_stick();
    CHECK(look(B, "C-1").receipt && look(B, "C-1").receipt->held_len == 3);
    CHECK_SHELL("rm -r stick/outbox");
    bundle = send_keeping(B, 22, &kept, NULL);
    CHECK_SHELL("rm -r hub/kits.json stick/outbox");
    CHECK_OK(hub_receive(world.hub, bundle, &world.arena, &taken, NULL));
    sync_stick();
    check_brief(false);
    CHECK_SHELL("rm -r hub/kits.json stick/outbox");
    send_keeping(B, 23, &kept, NULL);
    check_brief(true); /* the bundle and the branch say all that is needed */
    hub_kit_end();
}

TEST(an_answer_is_whole_where_it_can_not_be_in_brief)
{
    struct evidence x[3];
    answer_two(x);
    struct have_receipt kept = name_of(kept_receipt), less = kept, other = kept, unknown = {kept.id, x[0].sha256, 2};
    less.held = 1; /* of the time when its person did not see the case */
    send_keeping(B, 21, &less, NULL);
    check_brief(false);
    send_keeping(B, 22, &unknown, NULL);
    check_brief(false);
    other.id = x[0].sha256; /* of a hub that this one knows nothing of: the kit tells whether it fits */
    send_keeping(B, 23, &other, NULL);
    check_brief(true);
    CHECK_SHELL("chmod u+w hub/repo.git/lfs/objects/%.2s/%.2s/%s && rm hub/repo.git/lfs/objects/%.2s/%.2s/%s", x[0].sha256,
        x[0].sha256 + 2, x[0].sha256, x[0].sha256, x[0].sha256 + 2, x[0].sha256);
    reopen_hub();
    send_keeping(B, 24, &kept, NULL);
    check_brief(false); /* something is not held any more */
    CHECK(!HELD(look(B, "C-1").receipt, x[0]) && HELD(look(B, "C-1").receipt, x[1]));
    hub_kit_end();
}

TEST(who_does_not_see_the_case_is_answered_whole)
{
    struct evidence x[3];
    answer_two(x);
    assign(C, "C-1", 10, true);
    struct have_receipt kept = name_of(kept_receipt);
    send_keeping(C, 31, &kept, NULL);
    struct found f = look(C, "C-1");
    CHECK(f.receipt && f.receipt->held_len == 2);
    assign(C, "C-1", 10, false);
    kept = name_of(f.receipt);
    send_keeping(C, 32, &kept, NULL);
    kept_receipt = NULL;
    f = look(C, "C-1");
    CHECK(f.receipt && f.receipt->held_len == 0 && !f.unread);
    hub_kit_end();
}

/* What says that entries beside it do not apply must be read at once. */
TEST(an_answer_that_sets_entries_apart_is_whole)
{
    struct evidence x[3];
    answer_two(x);
    struct have_receipt none = {0};
    send_keeping(A, 41, &none, NULL);
    kept_receipt = (struct receipt *)look(A, "C-1").receipt;
    struct have_receipt kept = name_of(kept_receipt);
    say(B, "C-1", "decision", 24, "{\"outcome\":\"grant\"}");
    struct hub_taken taken;
    CHECK_OK(deliver(B, "C-1", &taken));
    send_keeping(A, 42, &kept, NULL);
    kept_receipt = NULL;
    struct found f = look(A, "C-1");
    CHECK(!f.unread && f.receipt && f.receipt->quarantined.len == 1);
    hub_kit_end();
}

/* k opens the case; `other` works on it for a time, and writes a second organisation. */
static void open_twice(struct test_kit *k, struct test_kit *other, const char *name)
{
    open_case(k, name);
    assign(other, name, 20 + name[2] - '0', true);
    say(other, name, "organisation", 30 + name[2] - '0', "{\"name\":\"Mine\"}");
    CHECK_DELIVER(other, name);
    assign(other, name, 20 + name[2] - '0', false);
}

TEST(who_opened_a_case_keeps_its_sight)
{
    hub_kit_begin();
    open_twice(B, C, "C-1");
    open_twice(C, B, "C-2");
    for (int again = 0; again < 2; again++) {
        sync_stick();
        CHECK(look(B, "C-1").entries == 3 && look(C, "C-2").entries == 3);
        CHECK(look(C, "C-1").entries == 0 && look(B, "C-2").entries == 0);
        reopen_hub();
    }
    hub_kit_end();
}

TEST(reasons_are_told_to_authors_and_headquarters)
{
    hub_kit_begin();
    open_case(B, "C-1");
    assign(C, "C-1", 10, true);
    const struct entry *bad = say(B, "C-1", "decision", 14, "{\"outcome\":\"grant\"}");
    const struct entry *unknown = say(B, "C-1", "riddle", 15, "{\"x\":\"y\"}");
    say(B, "C-1", "finding", 16, "{\"fact\":\"x\"}");
    struct hub_taken taken;
    CHECK_OK(deliver(B, "C-1", &taken));
    CHECK(taken.waiting == 1 && taken.receipt->waiting.len == 1 && taken.receipt->heads[1].seq == 4);
    CHECK_STR(taken.receipt->waiting.items[0].entry, unknown->id);
    say(C, "C-1", "finding", 12, "{\"fact\":\"x\"}");
    CHECK_DELIVER(C, "C-1");
    sync_stick();
    struct found of_b = look(B, "C-1"), of_c = look(C, "C-1"), of_a = look(A, "C-1");
    CHECK(of_b.receipt->quarantined.len == 1 && of_b.receipt->waiting.len == 1 &&
          of_b.receipt->withheld.len == 0);
    CHECK(of_a.receipt->quarantined.len == 1 && of_a.receipt->waiting.len == 1);
    CHECK(of_c.receipt->quarantined.len == 0 && of_c.receipt->waiting.len == 0);
    CHECK(of_c.receipt->withheld.len == 2 && of_c.receipt->withheld.items[0].seq == 2);
    CHECK_STR(of_c.receipt->withheld.items[0].entry, bad->id);
    hub_kit_end();
}

/* What C's kit does with the names of withheld entries. */
static void pass_over(struct test_kit *k, const char *case_name, const struct receipt *r)
{
    struct fold_withheld *list = arena_alloc(&world.arena, (r->withheld.len + 1) * sizeof *list);
    for (size_t i = 0; i < r->withheld.len; i++)
        list[i] = (struct fold_withheld){
            r->withheld.items[i].kit, r->withheld.items[i].entry, r->withheld.items[i].seq};
    CHECK_OK(fold_withhold(k->fold, case_name, list, r->withheld.len));
}

TEST(a_withheld_entry_is_no_gap_and_comes_once_it_applies)
{
    hub_kit_begin();
    open_case(B, "C-1");
    assign(C, "C-1", 10, true);
    say(B, "C-1", "finding", 14, "{\"fact\":\"x\"}");
    const struct entry *bad = say(B, "C-1", "decision", 15, "{\"outcome\":\"grant\"}");
    say(B, "C-1", "finding", 16, "{\"fact\":\"x\"}");
    struct hub_taken taken;
    CHECK_OK(deliver(B, "C-1", &taken));
    sync_stick();
    take_entries(C, "C-1");
    CHECK(fold_chain(C->fold, "C-1", B->id)->gapless == 2);
    say(C, "C-1", "finding", 17, "{\"fact\":\"x\"}");
    CHECK_DELIVER(C, "C-1");
    sync_stick();
    pass_over(C, "C-1", look(C, "C-1").receipt);
    CHECK(fold_chain(C->fold, "C-1", B->id)->gapless == 4);
    say(C, "C-1", "finding", 18, "{\"fact\":\"x\"}");
    CHECK_DELIVER(C, "C-1");
    sync_stick();
    CHECK(look(C, "C-1").entries == 0); /* nothing again and again */
    say(A, "C-1", "release", 19, arena_printf(&world.arena, "{\"entry\":\"%s\"}", bad->id));
    CHECK_OK(deliver(A, "C-1", &taken));
    sync_stick();
    CHECK(look(C, "C-1").entries == 2); /* the release, and what it released */
    take_entries(C, "C-1");
    CHECK(fold_entry(C->fold, bad->id) != NULL);
    hub_kit_end();
}

int main(int argc, char **argv)
{
    return test_main(argc, argv);
}
