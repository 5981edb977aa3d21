/* Bundles: cut, opened, by stock tools, and damaged. */
#include "bundle_kit.h"

#include <sys/stat.h>

struct world {
    struct kit ann, bob;
    struct fold *fold;
    struct arena arena;
    struct exhibits exhibits;
    struct bundle_order order;
    struct bundle_files files;
    struct desk desk;
};

static void world_init(struct world *w)
{
    memset(w, 0, sizeof *w);
    w->ann = kit_make(1);
    w->bob = kit_make(2);
    arena_init(&w->arena);
    CHECK_OK(fold_new(&w->fold));
    w->order = (struct bundle_order){.fold = w->fold,
        .case_name = TEST_CASE,
        .from = w->ann.id,
        .signer = &w->ann.signer,
        .to = w->bob.id,
        .quarantined_too = true,
        .part_size = BUNDLE_PART_SIZE,
        .open_evidence = exhibits_open,
        .ctx = &w->exhibits};
    memcpy(w->order.recipient, w->bob.recipient, KEY_SIZE);
    w->desk = (struct desk){.self = w->bob, .friends = {w->ann}, .friends_len = 1};
}

static void add_exhibit(struct world *w, uint64_t seed, uint64_t size)
{
    exhibit_make(&w->exhibits.list[w->exhibits.len++], &w->arena, seed, size);
}

static int cut(struct world *w)
{
    struct evidence *list = arena_alloc(&w->arena, (w->exhibits.len + 1) * sizeof *list);
    for (size_t i = 0; i < w->exhibits.len; i++) list[i] = w->exhibits.list[i].evidence;
    w->order.evidence = list;
    w->order.evidence_len = w->exhibits.len;
    if (w->files.files) bundle_files_release(&w->files);
    return bundle_cut(&w->files, &w->order, folder());
}

/* Opens a bundle; its entries are added to *entries. */
static int open_one(struct world *w, const char *path, int64_t *entries)
{
    struct opened o;
    struct bundle_receiver r = desk_receiver(&w->desk);
    int rc = bundle_open(&o, &w->arena, path, &r);
    if (rc) return rc;
    for (size_t i = 0; i < o.entries_len; i++) {
        CHECK(o.entries[i].signature_good && !o.entries[i].error);
        if (o.entries[i].signature_good) ++*entries;
    }
    opened_release(&o);
    return 0;
}

static int64_t open_all(struct world *w)
{
    int64_t entries = 0;
    for (size_t i = 0; i < w->files.len; i++) CHECK_OK(open_one(w, w->files.files[i].path, &entries));
    return entries;
}

static void world_release(struct world *w)
{
    if (w->files.files) bundle_files_release(&w->files);
    fold_free(w->fold);
    arena_release(&w->arena);
    folder_remove();
}

/* A test in a world of its own: W is what it is called. */
#define WORLD_TEST(name)                                                                                     \
    static void name##_in(struct world *w);                                                                  \
    TEST(name)                                                                                               \
    {                                                                                                        \
        struct world w;                                                                                      \
        world_init(&w);                                                                                      \
        name##_in(&w);                                                                                       \
        world_release(&w);                                                                                   \
    }                                                                                                        \
    static void name##_in(struct world *w)

WORLD_TEST(nothing_to_send_makes_no_file)
{
    CHECK_OK(cut(w));
    CHECK(w->files.len == 0 && folder_files(folder()) == 0);
}

WORLD_TEST(telling_what_is_held_makes_a_file)
{
    struct have all = {w->ann.id, 3};
    const struct manifest *m;
    fold_fill(w->fold, &w->ann, TEST_CASE, 3, 10);
    w->order.beyond = &all;
    w->order.beyond_len = 1;
    CHECK_OK(cut(w));
    CHECK(w->files.len == 0);
    w->order.tell_have = true;
    CHECK_OK(cut(w));
    CHECK(w->files.len == 1 && open_all(w) == 0);
    CHECK_OK(bundle_peek(&m, &w->arena, w->files.files[0].path, w->bob.identity));
    CHECK(m->have_len == 1 && m->have[0].seq == 3);
    CHECK_STR(m->have[0].kit, w->ann.id);
}

WORLD_TEST(entries_and_evidence_come_through)
{
    fold_fill(w->fold, &w->ann, TEST_CASE, 100, 500);
    fold_fill(w->fold, &w->bob, TEST_CASE, 7, 50);
    add_exhibit(w, 1, 3 * MIB + 17);
    add_exhibit(w, 2, 2 * MIB);
    add_exhibit(w, 3, 0);
    CHECK_OK(cut(w));
    CHECK(w->files.len == 1);
    CHECK(open_all(w) == 107);
    CHECK(w->desk.staged == 5 * MIB + 17 && w->desk.finished == 3);
}

WORLD_TEST(only_what_is_beyond)
{
    struct have some = {w->ann.id, 90};
    fold_fill(w->fold, &w->ann, TEST_CASE, 100, 20);
    w->order.beyond = &some;
    w->order.beyond_len = 1;
    CHECK_OK(cut(w));
    CHECK(open_all(w) == 10);
}

WORLD_TEST(same_contents_same_name)
{
    struct stat before, after;
    fold_fill(w->fold, &w->ann, TEST_CASE, 3, 20);
    CHECK_OK(cut(w));
    CHECK(stat(w->files.files[0].path, &before) == 0);
    CHECK_OK(cut(w));
    CHECK(stat(w->files.files[0].path, &after) == 0);
    CHECK(before.st_ino == after.st_ino && folder_files(folder()) == 1);
}

/* Every part below the size asked for, 100 MB of noise and 40 MB of text through parts of 33 MiB. */
WORLD_TEST(large_evidence_is_cut)
{
    w->order.part_size = 33 * MIB;
    fold_fill(w->fold, &w->ann, TEST_CASE, 20, 100);
    add_exhibit(w, 1, 100 * 1000 * 1000);
    add_exhibit(w, 2, 40 * 1000 * 1000);
    add_exhibit(w, 5, 700);
    CHECK_OK(cut(w));
    CHECK(w->files.len >= 5);
    for (size_t i = 0; i < w->files.len; i++) CHECK(w->files.files[i].size <= 33 * MIB);
    CHECK(open_all(w) == 20);
    CHECK(w->desk.staged == 140 * 1000 * 1000 + 700);
}

WORLD_TEST(a_part_may_go_on_where_the_last_ended)
{
    add_exhibit(w, 1, 3 * PIECE_SIZE + 5);
    w->exhibits.list[0].evidence.from = 2 * PIECE_SIZE;
    CHECK_OK(cut(w));
    open_all(w);
    CHECK(w->desk.staged == PIECE_SIZE + 5);
}

/* What is left of a film when a receipt came in between lies there under the same names. */
WORLD_TEST(evidence_is_cut_again_as_it_was)
{
    char id[SHA256_HEX], bundle[SHA256_HEX];
    struct have all = {w->ann.id, 3};
    memset(id, 'a', sizeof id - 1);
    memset(bundle, 'b', sizeof bundle - 1);
    id[sizeof id - 1] = bundle[sizeof bundle - 1] = '\0';
    w->order.part_size = 17 * MIB;
    w->order.entries_apart = true;
    fold_fill(w->fold, &w->ann, TEST_CASE, 3, 20);
    add_exhibit(w, 1, 2 * PIECE_SIZE + 5);
    CHECK_OK(cut(w));
    int before = folder_files(folder());
    w->order.beyond = &all;
    w->order.beyond_len = 1;
    w->order.have_receipt = (struct have_receipt){id, bundle, 2};
    CHECK_OK(cut(w));
    CHECK((int)w->files.len + 1 == before && folder_files(folder()) == before);
}

WORLD_TEST(many_entries_are_cut)
{
    w->order.part_size = BUNDLE_PART_MIN;
    fold_fill(w->fold, &w->ann, TEST_CASE, 40, 100000);
    CHECK_OK(cut(w));
    CHECK(w->files.len >= 4);
    for (size_t i = 0; i < w->files.len; i++) CHECK(w->files.files[i].size <= BUNDLE_PART_MIN);
    CHECK(open_all(w) == 40);
}

WORLD_TEST(evidence_that_changed_leaves_no_file)
{
    add_exhibit(w, 1, MIB);
    w->exhibits.list[0].lie = 1;
    CHECK(cut(w) == ERR_DAMAGED);
    w->exhibits.list[0].lie = (uint64_t)-1;
    CHECK(cut(w) == ERR_DAMAGED);
    CHECK(folder_files(folder()) == 0);
}

WORLD_TEST(part_sizes_have_limits)
{
    w->order.part_size = BUNDLE_PART_MIN - 1;
    CHECK(cut(w) == ERR_INPUT);
    w->order.part_size = BUNDLE_PART_MAX + 1;
    CHECK(cut(w) == ERR_INPUT);
}

WORLD_TEST(receipts_travel_signed)
{
    struct buf bytes;
    struct opened o = {0};
    struct receipt r = {.at = "2026-11-22T10:11:12+08:00",
        .hub = w->ann.id,
        .root = w->ann.id,
        .case_name = TEST_CASE,
        .bundle = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"};
    struct bundle_receiver receiver = desk_receiver(&w->desk);
    buf_init(&bytes, RECEIPT_MAX_BYTES);
    CHECK_OK(receipt_write(&bytes, &w->arena, &r));
    w->order.receipt = &bytes;
    CHECK_OK(cut(w));
    CHECK_OK(bundle_open(&o, &w->arena, w->files.files[0].path, &receiver));
    CHECK(same_bytes(o.receipt_key, w->ann.signer.public_key, KEY_SIZE));
    CHECK_STR(o.receipt ? o.receipt->id : "none", r.id);
    opened_release(&o);
    buf_release(&bytes);
}

/* ---- receipts in brief ---- */

#define NEW_HASH "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define OLD_HASH "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static struct receipt *made_receipt(struct world *w, const char **held, size_t held_len, struct buf *bytes)
{
    struct receipt *parsed = NULL, r = {.at = "2026-11-22T10:11:12+08:00",
        .hub = w->ann.id,
        .root = w->ann.id,
        .case_name = TEST_CASE,
        .held = held,
        .held_len = held_len,
        .bundle = OLD_HASH};
    buf_init(bytes, RECEIPT_MAX_BYTES);
    CHECK_OK(receipt_write(bytes, &w->arena, &r));
    CHECK_OK(receipt_parse(&parsed, &w->arena, bytes->data, bytes->len));
    return parsed;
}

static struct receipt *kept_receipt; /* by the receiver */

static int keeps(void *ctx, const char *case_name, const char *id, struct arena *a, struct receipt **out)
{
    (void)ctx, (void)a;
    CHECK_STR(case_name, TEST_CASE);
    if (!kept_receipt || strcmp(kept_receipt->id, id) != 0) return ERR_MISSING;
    *out = kept_receipt;
    return 0;
}

WORLD_TEST(a_receipt_in_brief_is_restored_or_left_out)
{
    struct buf first, second, other, brief;
    struct opened o = {0};
    const char *old_hash[] = {OLD_HASH}, *both[] = {OLD_HASH, NEW_HASH}, *none[] = {NULL};
    struct receipt *before = made_receipt(w, old_hash, 1, &first), *after = made_receipt(w, both, 2, &second);
    struct bundle_receiver receiver = desk_receiver(&w->desk);
    buf_init(&brief, RECEIPT_MAX_BYTES);
    CHECK_OK(receipt_brief_write(&brief, &w->arena, after, before->id, before->held, before->held_len));
    fold_fill(w->fold, &w->ann, TEST_CASE, 3, 10);
    w->order.receipt = &second;
    w->order.brief = &brief;
    CHECK_OK(cut(w));

    receiver.receipt = keeps;
    kept_receipt = before;
    CHECK_OK(bundle_open(&o, &w->arena, w->files.files[0].path, &receiver));
    CHECK_STR(o.receipt ? o.receipt->id : "none", after->id);
    CHECK(o.receipt && o.receipt->held_len == 2 && !o.unread && o.entries_len == 3);
    CHECK(o.receipt_bytes.len == second.len && memcmp(o.receipt_bytes.data, second.data, second.len) == 0);
    opened_release(&o);

    kept_receipt = NULL;
    CHECK_OK(bundle_open(&o, &w->arena, w->files.files[0].path, &receiver));
    CHECK(!o.receipt && o.unread && strstr(o.unread, "is not here") && o.entries_len == 3);
    opened_release(&o);

    receiver.receipt = NULL;
    CHECK_OK(bundle_open(&o, &w->arena, w->files.files[0].path, &receiver));
    CHECK(!o.receipt && o.unread && o.entries_len == 3);
    opened_release(&o);

    kept_receipt = made_receipt(w, none, 0, &other); /* less than what its sender took it for, by the same name */
    memcpy(kept_receipt->id, before->id, SHA256_HEX);
    receiver.receipt = keeps;
    CHECK_OK(bundle_open(&o, &w->arena, w->files.files[0].path, &receiver));
    CHECK(!o.receipt && o.unread && strstr(o.unread, "signature") && o.entries_len == 3);
    opened_release(&o);
    buf_release(&first);
    buf_release(&second);
    buf_release(&other);
    buf_release(&brief);
}

WORLD_TEST(other_receivers_and_unknown_senders_are_refused)
{
    int64_t entries = 0;
    fold_fill(w->fold, &w->ann, TEST_CASE, 1, 10);
    CHECK_OK(cut(w));
    w->desk.friends_len = 0;
    CHECK(open_one(w, w->files.files[0].path, &entries) == ERR_WAIT);
    w->desk.self = kit_make(3);
    CHECK(open_one(w, w->files.files[0].path, &entries) == ERR_INPUT);
    memcpy(w->desk.self.identity, w->bob.identity, KEY_SIZE); /* can read it, but it is for another */
    w->desk.friends_len = 1;
    CHECK(open_one(w, w->files.files[0].path, &entries) == ERR_INPUT);
}

/* ---- damage ---- */

static struct buf file_bytes(const char *path)
{
    struct buf b;
    buf_init(&b, 64 * MIB);
    CHECK_OK(file_read(path, &b));
    return b;
}

static bool refused(struct world *w, const char *path)
{
    int64_t entries = 0;
    struct arena kept = w->arena;
    arena_init(&w->arena);
    int rc = open_one(w, path, &entries);
    arena_release(&w->arena);
    w->arena = kept;
    return rc == ERR_INPUT;
}

static void put(const char *path, const void *bytes, size_t len)
{
    FILE *f = fopen(path, "wb");
    CHECK(f && fwrite(bytes, 1, len, f) == len);
    if (f) fclose(f);
}

WORLD_TEST(every_flipped_byte_is_noticed)
{
    fold_fill(w->fold, &w->ann, TEST_CASE, 5, 200);
    add_exhibit(w, 1, 60 * 1024);
    CHECK_OK(cut(w));
    struct buf b = file_bytes(w->files.files[0].path);
    size_t step = test_full ? 1 : 10, missed = 0;
    for (size_t i = 0; i < b.len; i += i < 600 ? 1 : step) {
        b.data[i] ^= (unsigned char)(1 << i % 8);
        put(in_folder("flipped"), b.data, b.len);
        missed += !refused(w, in_folder("flipped"));
        b.data[i] ^= (unsigned char)(1 << i % 8);
    }
    CHECK(b.len > 60 * 1024 && missed == 0);
    buf_release(&b);
}

WORLD_TEST(every_truncation_is_noticed)
{
    fold_fill(w->fold, &w->ann, TEST_CASE, 5, 200);
    add_exhibit(w, 1, 130 * 1024);
    CHECK_OK(cut(w));
    struct buf b = file_bytes(w->files.files[0].path);
    size_t missed = 0;
    for (size_t len = 0; len < b.len; len += len < 300 || len + 300 > b.len ? 1 : 997) {
        put(in_folder("short"), b.data, len);
        missed += !refused(w, in_folder("short"));
    }
    buf_addc(&b, 0);
    put(in_folder("short"), b.data, b.len);
    CHECK(missed == 0 && refused(w, in_folder("short")));
    buf_release(&b);
}

/* ---- stock tools ---- */

static bool has_tool(const char *name)
{
    char command[64];
    snprintf(command, sizeof command, "command -v %s >/dev/null 2>&1", name);
    return system(command) == 0;
}

WORLD_TEST(stock_tools_read_it)
{
    char key[AGE_IDENTITY_SIZE], command[1024], out[4096];
    if (!has_tool("age")) SKIP("age is not installed");
    fold_fill(w->fold, &w->ann, TEST_CASE, 5, 200);
    add_exhibit(w, 1, 100000);
    add_exhibit(w, 2, 300000);
    CHECK_OK(cut(w));
    age_identity_write(key, w->bob.identity);
    put(in_folder("key"), key, strlen(key));
    snprintf(command, sizeof command,
        "cd %s && age -d -i key *.satchel | gunzip | tar x && wc -l < entries.jsonl && ls blob && cd blob && "
        "sha256sum * |"
        " while read sum name; do [ \"$sum\" = \"$name\" ] || echo wrong; done",
        folder());
    FILE *p = popen(command, "r");
    size_t len = fread(out, 1, sizeof out - 1, p);
    out[len] = '\0';
    CHECK(pclose(p) == 0);
    CHECK(strtol(out, NULL, 10) == 5 && !strstr(out, "wrong"));
    CHECK(strstr(out, w->exhibits.list[0].sha256) && strstr(out, w->exhibits.list[1].sha256));
}

/* Into files for the tools: who may sign, and the receiver's identity. */
static void put_keys(struct world *w)
{
    char key[AGE_IDENTITY_SIZE];
    struct buf line;
    buf_init(&line, 4096);
    buf_addf(&line, "%s ", w->ann.id);
    ssh_key_line_write(&line, w->ann.signer.public_key, NULL);
    buf_addc(&line, '\n');
    put(in_folder("allowed"), line.data, line.len);
    buf_release(&line);
    age_identity_write(key, w->bob.identity);
    put(in_folder("key"), key, strlen(key));
}

WORLD_TEST(ssh_keygen_checks_the_manifest)
{
    char command[1024];
    if (!has_tool("age") || !has_tool("ssh-keygen")) SKIP("age or ssh-keygen is not installed");
    fold_fill(w->fold, &w->ann, TEST_CASE, 2, 20);
    CHECK_OK(cut(w));
    put_keys(w);
    snprintf(command, sizeof command,
        "cd %s && age -d -i key *.satchel | gunzip | tar x && ssh-keygen -Y verify -f allowed -I %s -n "
        "bundle@satchel -s "
        "manifest.json.sig < manifest.json > /dev/null",
        folder(), w->ann.id);
    CHECK(system(command) == 0);
}

/* As receipt.h has it. */
WORLD_TEST(jq_restores_a_receipt_in_brief_and_ssh_keygen_checks_it)
{
    char command[1024];
    struct buf first, second, brief;
    const char *old_hash[] = {OLD_HASH}, *both[] = {OLD_HASH, NEW_HASH};
    if (!has_tool("age") || !has_tool("ssh-keygen") || !has_tool("jq")) SKIP("age, ssh-keygen or jq is not installed");
    struct receipt *before = made_receipt(w, old_hash, 1, &first), *after = made_receipt(w, both, 2, &second);
    buf_init(&brief, RECEIPT_MAX_BYTES);
    CHECK_OK(receipt_brief_write(&brief, &w->arena, after, before->id, before->held, before->held_len));
    w->order.receipt = &second;
    w->order.brief = &brief;
    CHECK_OK(cut(w));
    put_keys(w);
    put(in_folder("before.json"), first.data, first.len);
    snprintf(command, sizeof command,
        "cd %s && age -d -i key *.satchel | gunzip | tar x && jq -cjS --slurpfile before before.json '.held = (.held + "
        "$before[0].held | unique) | del(.since)' receipt.json | ssh-keygen -Y verify -f allowed -I %s -n receipt@satchel -s "
        "receipt.json.sig > /dev/null",
        folder(), w->ann.id);
    CHECK(system(command) == 0);
    buf_release(&first);
    buf_release(&second);
    buf_release(&brief);
}

int main(int argc, char **argv)
{
    return test_main(argc, argv);
}
