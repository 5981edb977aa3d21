/* The store: what is sealed, what holds after a fault, and the rules of a change. */
#define _POSIX_C_SOURCE 200809L
#define _DEFAULT_SOURCE
#include "test.h"

#include <sqlite3.h>
#include "../../field/store/internal.h"
#include "store_kit.h"

/* The call gives NULL (or a code) and a message with these words in it. */
#define REFUSED(call, words)                                                                                 \
    do {                                                                                                     \
        CHECK((call) == NULL);                                                                               \
        CHECK(strstr(err_message(), words));                                                                 \
    } while (0)

static const char *new_case(const char *name)
{
    return put_new("organisation", name, "{\"name\":\"Acme\"}");
}

/* ---- opening ---- */

TEST(a_new_store_knows_its_owner)
{
    kit_begin();
    CHECK(kit_id_valid(store_kit(kit.s)));
    CHECK_STR(store_person_name(kit.s), "Zhang San");
    CHECK_STR(store_person_email(kit.s), "zhang@example.org");
    const struct registry *r = store_registry(kit.s);
    CHECK(r && registry_kit(r, store_kit(kit.s)));
    CHECK(registry_role(r, store_kit(kit.s), "auditor", NULL) &&
          registry_role(r, store_kit(kit.s), "admin", NULL));
    CHECK(!store_hub(kit.s));
    kit_end();
}

TEST(secrets_open_and_wrong_ones_do_not)
{
    struct store *s = NULL;
    kit_begin();
    CHECK(store_open(&s, kit.path, "correct horse", kit.forms) == ERR_INPUT);
    CHECK(s == NULL && strstr(err_message(), "wrong passphrase"));
    CHECK(store_open(&s, kit.path, "", kit.forms) == ERR_INPUT);
    CHECK_OK(store_open(&s, kit.path, kit.recovery, kit.forms));
    store_close(s);
    for (char *p = kit.recovery; *p; p++)
        *p = (char)(*p >= 'A' && *p <= 'Z' ? *p + 32 : *p == '-' ? ' ' : *p);
    CHECK_OK(store_open(&s, kit.path, kit.recovery, kit.forms));
    store_close(s);
    kit.recovery[0] = kit.recovery[0] == 'a' ? 'b' : 'a';
    CHECK(store_open(&s, kit.path, kit.recovery, kit.forms) == ERR_INPUT);
    kit_end();
}

TEST(a_passphrase_can_be_changed)
{
    struct store *s;
    kit_begin();
    CHECK(store_set_passphrase(kit.s, "", WORK) == ERR_INPUT);
    CHECK_OK(store_set_passphrase(kit.s, "another one", WORK));
    CHECK(store_open(&s, kit.path, PASSPHRASE, kit.forms) == ERR_INPUT);
    CHECK_OK(store_open(&s, kit.path, "another one", kit.forms));
    store_close(s);
    CHECK_OK(store_open(&s, kit.path, kit.recovery, kit.forms));
    store_close(s);
    kit_end();
}

TEST(no_store_and_a_store_already)
{
    struct store *s;
    char recovery[RECOVERY_KEY_SIZE];
    kit_begin();
    CHECK(store_open(&s, kit.folder, PASSPHRASE, kit.forms) == ERR_MISSING);
    CHECK(store_create(kit.path, "B", "b@x", PASSPHRASE, WORK, kit.forms, recovery) == ERR_INPUT);
    CHECK(strstr(err_message(), "already"));
    CHECK(store_create(path_join(&kit.arena, kit.folder, "b"), "B", "b@x", "", WORK, kit.forms, recovery) ==
          ERR_INPUT);
    CHECK_OK(
        store_create(path_join(&kit.arena, kit.folder, "b"), "B", "b@x", "p", WORK, kit.forms, recovery));
    kit_end();
}

TEST(what_was_saved_is_there_again)
{
    kit_begin();
    CHECK(new_case("BJ-1"));
    const char *f = put_new("finding", "bj-1", "{\"fact\":\"一处\",\"grade\":\"major\"}");
    CHECK(put_set(f, "{\"grade\":\"minor\"}"));
    kit_reopen();
    CHECK_STR(value_of(f, "grade"), "\"minor\"");
    CHECK_STR(value_of(f, "fact"), "\"一处\"");
    const struct fold_chain *c = fold_chain(store_fold(kit.s), "BJ-1", store_kit(kit.s));
    CHECK(c && c->gapless == 3 && c->highest == 3 && !c->forked_at && !c->broken_at);
    kit_end();
}

TEST(settings)
{
    struct buf out;
    const char *const *names;
    size_t len;
    kit_begin();
    buf_init(&out, 100);
    CHECK(store_setting(kit.s, "remote.hq", &out) == ERR_MISSING);
    CHECK_OK(store_set_setting(kit.s, "remote.hq", "/mnt/stick"));
    CHECK_OK(store_set_setting(kit.s, "remote.a", "x"));
    CHECK_OK(store_set_setting(kit.s, "remote.hq", "/mnt/other"));
    kit_reopen();
    CHECK_OK(store_setting(kit.s, "remote.hq", &out));
    CHECK_STR(buf_str(&out), "/mnt/other");
    CHECK_OK(store_settings(kit.s, "remote.", &kit.arena, &names, &len));
    CHECK(len == 2 && strcmp(names[0], "remote.a") == 0 && strcmp(names[1], "remote.hq") == 0);
    CHECK_OK(store_set_setting(kit.s, "remote.hq", NULL));
    CHECK(store_setting(kit.s, "remote.hq", &out) == ERR_MISSING);
    buf_release(&out);
    kit_end();
}

/* ---- sealed ---- */

static bool file_holds(const char *path, const char *word)
{
    struct buf all;
    buf_init(&all, (size_t)1 << 28);
    CHECK_OK(file_read(path, &all));
    size_t len = strlen(word);
    bool holds = false;
    for (size_t i = 0; i + len <= all.len && !holds; i++) holds = memcmp(all.data + i, word, len) == 0;
    buf_release(&all);
    return holds;
}

static bool tree_holds(const char *path, const char *word)
{
    const char **names;
    size_t len;
    struct file_info info;
    CHECK_OK(os_stat(&info, path));
    if (!info.is_folder) return file_holds(path, word);
    CHECK_OK(os_list(&names, &len, &kit.arena, path));
    for (size_t i = 0; i < len; i++)
        if (strstr(names[i], word) || tree_holds(path_join(&kit.arena, path, names[i]), word)) return true;
    return false;
}

TEST(nothing_is_readable_on_the_disk)
{
    kit_begin();
    CHECK(new_case("Plantedcase"));
    const char *f = put_new("finding", "Plantedcase", "{\"fact\":\"plantedfact\"}");
    const char *e = attach(put_file("plantedname.txt", "plantedbytes", 12), f);
    CHECK_OK(store_set_setting(kit.s, "plantedsetting", "plantedvalue"));
    CHECK_OK(store_set_setting(kit.s, "plantedsetting", NULL));
    char *sha256 = arena_strdup(&kit.arena, value_of(e, "sha256") + 1);
    sha256[64] = '\0';
    const char *words[] = {"lantedcase", "plantedfact", "plantedname", "plantedbytes", "plantedsetting",
        "plantedvalue", "finding", "Zhang", "example.org", "sha256", store_kit(kit.s), sha256, PASSPHRASE,
        "20"
        "26-"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        bool there = tree_holds(kit.path, words[i]);
        if (there) printf("  found: %s\n", words[i]);
        CHECK(!there);
    }
    CHECK(tree_holds(kit.path, "SQLite format 3")); /* the search does find what is there */
    kit_end();
}

static void sql(const char *statement)
{
    sqlite3 *d;
    CHECK(sqlite3_open(path_join(&kit.arena, kit.path, "journal.db"), &d) == SQLITE_OK);
    CHECK(sqlite3_exec(d, statement, NULL, NULL, NULL) == SQLITE_OK);
    sqlite3_close(d);
}

static int open_after(const char *statement)
{
    struct store *s = NULL;
    kit_begin();
    CHECK(new_case("C-1") && put_set("organisation/x", "{}") == NULL);
    CHECK(put_new("finding", "C-1", "{\"fact\":\"one\"}") && put_new("finding", "C-1", "{\"fact\":\"two\"}"));
    CHECK_OK(store_set_setting(kit.s, "a", "1"));
    sql(statement);
    int err = store_open(&s, kit.path, PASSPHRASE, kit.forms);
    store_close(s);
    kit_end();
    return err;
}

TEST(a_row_that_was_touched_is_damage)
{
    CHECK_OK(open_after("SELECT 1"));
    CHECK(open_after("UPDATE journal SET sealed=(SELECT sealed FROM journal WHERE id=4) WHERE id=5") ==
          ERR_DAMAGED);
    CHECK(
        open_after(
            "UPDATE journal SET sealed=CAST(substr(sealed,1,length(sealed)-1)||x'00' AS BLOB) WHERE id=3") ==
        ERR_DAMAGED);
    CHECK(open_after("UPDATE journal SET sealed=x'' WHERE id=3") == ERR_DAMAGED);
    CHECK(open_after("DELETE FROM journal WHERE id=3") == ERR_DAMAGED);
    CHECK(open_after("DELETE FROM setting") == ERR_DAMAGED);
    CHECK(open_after("DELETE FROM unlock") == ERR_DAMAGED);
    CHECK(open_after("PRAGMA user_version=2") == ERR_INPUT);
    CHECK(open_after("INSERT INTO receipt SELECT 1, sealed FROM journal WHERE id=1") == ERR_DAMAGED);
}

TEST(every_flipped_byte_of_the_journal_is_noticed)
{
    struct buf all;
    uint64_t seed = 5;
    kit_begin();
    CHECK(new_case("C-1") != NULL);
    store_close(kit.s);
    kit.s = NULL;
    const char *path = path_join(&kit.arena, kit.path, "journal.db");
    buf_init(&all, 1 << 20);
    CHECK_OK(file_read(path, &all));
    int silent = 0;
    for (int i = 0; i < (test_full ? 2000 : 200); i++) { /* it opens with all that was there, or not at all */
        size_t at = test_random_next(&seed) % all.len;
        all.data[at] ^= 0x10;
        CHECK_OK(file_write(path, all.data, all.len));
        if (store_open(&kit.s, kit.path, PASSPHRASE, kit.forms) == 0) {
            silent += !fold_case_named(store_fold(kit.s), "C-1");
            store_close(kit.s);
        }
        kit.s = NULL;
        all.data[at] ^= 0x10;
    }
    CHECK(silent == 0);
    buf_release(&all);
    kit_end();
}

/* ---- rules of a change ---- */

TEST(only_an_organisation_opens_a_case)
{
    kit_begin();
    REFUSED(put_new("finding", "C-1", "{\"fact\":\"x\"}"), "there is no case 'C-1'");
    CHECK(new_case("C-1"));
    REFUSED(new_case("c-1"), "'C-1' is there already");
    REFUSED(new_case("Register"), "cannot name a case");
    REFUSED(new_case("-x"), "cannot name a case");
    REFUSED(new_case("a b"), "cannot name a case");
    REFUSED(put_new("finding", "register", "{\"fact\":\"x\"}"), "there is no case");
    REFUSED(put_new("finding", NULL, "{\"fact\":\"x\"}"), "needs a case");
    REFUSED(put_new("person", "C-1", "{\"name\":\"x\"}"), "lives in the register");
    CHECK(put_new("person", NULL, "{\"name\":\"Li Si\"}"));
    kit_end();
}

TEST(values_are_checked)
{
    kit_begin();
    CHECK(new_case("C-1"));
    const char *f = put_new("finding", "C-1", "{\"fact\":\"x\"}");
    REFUSED(put_new("nonsense", "C-1", "{\"a\":1}"), "'nonsense'");
    REFUSED(put_new("organisation", "C-2", "{}"), "nothing to write");
    REFUSED(put_new("finding", "C-1", "{\"fact\":5}"), "fact");
    REFUSED(put_set(f, "{\"grade\":\"enormous\"}"), "grade");
    REFUSED(put_set(f, "{\"colour\":\"red\"}"), "colour");
    REFUSED(put_set(f, "{}"), "nothing to write");
    REFUSED(put_set("finding/kaaaaaaaaaaaa-9", "{\"fact\":\"y\"}"), "there is no record");
    REFUSED(put_new("decree", "C-1", "{\"text\":\"x\"}"), "this would not be accepted");
    CHECK(put_set(f, "{\"grade\":\"major\"}") && put_set(f, "{\"grade\":null}"));
    CHECK_STR(value_of(f, "grade"), "-");
    CHECK(put_set(f, "{\"grade\":\"minor\"}")); /* after a clear: no conflict */
    CHECK_STR(value_of(f, "grade"), "\"minor\"");
    kit_end();
}

static const char *link_set(const char *fmt, const char *id)
{
    return arena_printf(&kit.arena,
        strcmp(fmt, "member") == 0 ? "{\"samples.%s\":true}" : "{\"%s\":\"%s%s\"}",
        strcmp(fmt, "member") == 0 ? id : fmt, strcmp(fmt, "by") == 0 ? "register:" : "", id);
}

TEST(links_lead_somewhere)
{
    char nobody[RECORD_ID_MAX + 8], me[RECORD_ID_MAX];
    kit_begin();
    const char *o = new_case("C-1"), *f = put_new("finding", "C-1", "{\"fact\":\"x\"}");
    snprintf(me, sizeof me, "person/%s-1", store_kit(kit.s));
    snprintf(nobody, sizeof nobody, "person/%s-99", store_kit(kit.s));
    CHECK(put_set(f, link_set("site", o)));
    CHECK(put_set(f, link_set("by", me)));
    CHECK(put_set(f, link_set("member", f)));
    REFUSED(put_set(f, link_set("by", nobody)), "there is no record");
    REFUSED(put_set(f, link_set("site", f)), "site");
    REFUSED(put_set(f, link_set("member", "finding/kaaaaaaaaaaaa-7")), "there is no record");
    CHECK(put_set(f, "{\"samples.finding/kaaaaaaaaaaaa-7\":null}")); /* what is taken out need not be there */
    kit_end();
}

TEST(voids)
{
    kit_begin();
    CHECK(new_case("C-1"));
    const char *f = put_new("finding", "C-1", "{\"fact\":\"x\"}");
    struct change c = {.kind = CHANGE_VOID, .record = f};
    REFUSED(change(&c), "reason");
    c.why = "a duplicate";
    REFUSED(put_set(f, "{\"void\":true}"), "not by a field");
    CHECK(change(&c));
    CHECK(fold_record(store_fold(kit.s), NULL, f)->void_state == VOID);
    REFUSED(change(&c), "voided already");
    REFUSED(put_set(f, "{\"fact\":\"y\"}"), "take that back");
    CHECK(put_set(f, "{\"void\":null}") && put_set(f, "{\"fact\":\"y\"}"));
    CHECK(fold_record(store_fold(kit.s), NULL, f)->void_state == NOT_VOID);
    CHECK(change(&c));
    CHECK(fold_record(store_fold(kit.s), NULL, f)->void_state == VOID);
    kit_end();
}

TEST(conflicts_are_settled_with_a_reason)
{
    kit_begin();
    CHECK(new_case("C-1"));
    const char *f = put_new("finding", "C-1", "{\"fact\":\"x\",\"grade\":\"minor\"}");
    const char *head = fold_record(store_fold(kit.s), NULL, f)->created->entry->id;
    const struct jv *read = parsed(arena_printf(&kit.arena, "{\"grade\":[\"%s\"]}", head));
    struct change late = {
        .kind = CHANGE_SET, .record = f, .set = parsed("{\"grade\":\"minor\"}"), .read = read};
    struct change resolve = {.kind = CHANGE_RESOLVE, .record = f, .set = parsed("{\"grade\":\"minor\"}")};
    REFUSED(change(&resolve), "reason");
    resolve.why = "agreed";
    REFUSED(change(&resolve), "not in conflict");
    CHECK(put_set(f, "{\"grade\":\"major\"}"));
    CHECK(change(&late)); /* made on an old screen */
    CHECK(fold_record(store_fold(kit.s), NULL, f)->conflicts == 1);
    REFUSED(put_set(f, "{\"grade\":\"major\"}"), "in conflict");
    CHECK(put_set(f, "{\"fact\":\"other fields are free\"}"));
    CHECK(change(&resolve));
    CHECK(fold_record(store_fold(kit.s), NULL, f)->conflicts == 0);
    CHECK_STR(value_of(f, "grade"), "\"minor\"");
    late.read = parsed("{\"grade\":[\"nonsense\"]}");
    REFUSED(change(&late), "not an entry id");
    kit_end();
}

TEST(a_transaction_is_all_or_nothing)
{
    struct store_tx *tx, *second;
    const char *a, *b;
    kit_begin();
    CHECK(new_case("C-1"));
    struct change c = {
        .kind = CHANGE_NEW, .type = "finding", .case_name = "C-1", .set = parsed("{\"fact\":\"one\"}")};
    CHECK_OK(store_begin(&tx, kit.s));
    CHECK(store_begin(&second, kit.s) == ERR_USAGE);
    CHECK_OK(store_change(tx, &c, &a));
    struct change on_it = {.kind = CHANGE_SET, .record = a, .set = parsed("{\"grade\":\"major\"}")};
    CHECK_OK(store_change(tx, &on_it, &b)); /* sees what came before it */
    store_rollback(tx);
    CHECK(!fold_record(store_fold(kit.s), NULL, a));
    CHECK(put_set(a, "{\"grade\":\"minor\"}") == NULL);
    CHECK_OK(store_begin(&tx, kit.s));
    CHECK_OK(store_change(tx, &c, &b));
    CHECK_STR(a, b); /* the number was never used */
    CHECK_OK(store_commit(tx));
    b = arena_strdup(&kit.arena, b);
    kit_reopen();
    CHECK_STR(value_of(b, "fact"), "\"one\"");
    kit_end();
}

TEST(an_entry_says_what_was_on_the_screen)
{
    kit_begin();
    CHECK(new_case("C-1"));
    const char *f = put_new("finding", "C-1", "{\"fact\":\"x\"}");
    const char *created = fold_record(store_fold(kit.s), NULL, f)->created->entry->id;
    CHECK(put_set(f, "{\"fact\":\"y\",\"grade\":\"major\"}"));
    const struct fold_chain *c = fold_chain(store_fold(kit.s), "C-1", store_kit(kit.s));
    const struct entry *e = c->entries[2]->entry;
    CHECK(e->seq == 3 && !e->creates && !e->after);
    CHECK_STR(e->prev, created);
    CHECK(entry_field(e, "fact")->seen_len == 1 && entry_field(e, "grade")->seen_len == 0);
    CHECK_STR(entry_field(e, "fact")->seen[0], created);
    CHECK_STR(e->form, forms_current(kit.forms, "finding")->id);
    CHECK(entry_signature_good(e, store_signer(kit.s)->public_key));
    kit_end();
}

/* ---- several processes ---- */

TEST(two_handles_see_each_other)
{
    struct store *other;
    kit_begin();
    CHECK(new_case("C-1"));
    CHECK_OK(store_open(&other, kit.path, PASSPHRASE, kit.forms));
    const char *f = put_new("finding", "C-1", "{\"fact\":\"x\"}");
    CHECK(!fold_record(store_fold(other), NULL, f));
    CHECK_OK(store_refresh(other));
    CHECK(fold_record(store_fold(other), NULL, f));
    struct store *first = kit.s;
    kit.s = other;
    CHECK(put_set(f, "{\"grade\":\"major\"}"));
    kit.s = first;
    CHECK(
        put_set(f, "{\"grade\":\"minor\"}")); /* a write folds what is newer first, so this is no conflict */
    CHECK(fold_record(store_fold(kit.s), NULL, f)->conflicts == 0);
    store_close(other);
    kit_end();
}

TEST(processes_take_turns)
{
    enum { PROCESSES = 4, EACH = 8 };
    pid_t children[PROCESSES];
    kit_begin();
    CHECK(new_case("C-1"));
    fflush(stdout);
    for (int p = 0; p < PROCESSES; p++) {
        children[p] = fork();
        if (children[p]) continue;
        int good = store_open(&kit.s, kit.path, PASSPHRASE, kit.forms) == 0;
        for (int i = 0; i < EACH; i++) good &= put_new("finding", "C-1", "{\"fact\":\"x\"}") != NULL;
        _exit(good ? 0 : 1);
    }
    for (int p = 0, status; p < PROCESSES; p++) CHECK(waitpid(children[p], &status, 0) > 0 && status == 0);
    CHECK_OK(store_refresh(kit.s));
    const struct fold_chain *c = fold_chain(store_fold(kit.s), "C-1", store_kit(kit.s));
    CHECK(c->gapless == 1 + PROCESSES * EACH && c->highest == c->gapless && !c->forked_at && !c->broken_at);
    kit_end();
}

/* Writes through another handle while a file is being taken in. */
struct neighbour {
    struct progress base;
    struct store *other;
    int writes;
};

static void write_beside(struct progress *p, uint64_t done, uint64_t total)
{
    struct neighbour *n = (struct neighbour *)p;
    struct store *first = kit.s;
    (void)done;
    (void)total;
    kit.s = n->other;
    if (put_new("finding", "C-1", "{\"fact\":\"beside\"}")) n->writes++;
    kit.s = first;
}

TEST(taking_a_file_in_keeps_nobody_from_writing)
{
    struct neighbour n = {.base = {write_beside}};
    struct store_tx *tx;
    const char *record;
    kit_begin();
    CHECK(new_case("C-1"));
    const char *f = put_new("finding", "C-1", "{\"fact\":\"x\"}"),
               *file = put_random_file("file", 2500000, 1);
    CHECK_OK(store_open(&n.other, kit.path, PASSPHRASE, kit.forms));
    CHECK_OK(store_begin(&tx, kit.s));
    CHECK_OK(store_attach(tx, file, f, NULL, &n.base, &record));
    CHECK_OK(store_commit(tx));
    CHECK(n.writes == 3);
    const struct fold_chain *c = fold_chain(store_fold(kit.s), "C-1", store_kit(kit.s));
    CHECK(c->gapless == 6 && !c->forked_at && !c->broken_at);
    store_close(n.other);
    kit_end();
}

TEST(a_second_writer_waits_and_is_told)
{
    struct store *other;
    struct store_tx *tx, *second;
    if (!test_full) SKIP("takes the five seconds that a writer waits");
    kit_begin();
    CHECK_OK(store_open(&other, kit.path, PASSPHRASE, kit.forms));
    CHECK_OK(store_begin(&tx, kit.s));
    CHECK(store_begin(&second, other) == ERR_ROAD);
    CHECK(strstr(err_message(), "another process"));
    store_rollback(tx);
    CHECK_OK(store_begin(&second, other));
    CHECK_OK(store_commit(second));
    store_close(other);
    kit_end();
}

/* ---- evidence ---- */

static const char *sha_of(const char *evidence)
{
    const char *json = value_of(evidence, "sha256");
    return arena_strndup(&kit.arena, json + 1, strlen(json) - 2);
}

static bool same_files(const char *a, const char *b)
{
    struct buf x, y;
    buf_init(&x, (size_t)1 << 28);
    buf_init(&y, (size_t)1 << 28);
    CHECK_OK(file_read(a, &x));
    CHECK_OK(file_read(b, &y));
    bool same = x.len == y.len && memcmp(x.data, y.data, x.len) == 0;
    buf_release(&x);
    buf_release(&y);
    return same;
}

TEST(evidence_comes_back_as_it_was)
{
    static const size_t sizes[] = {
        0, 1, 65536, 100000, (size_t)16 << 20, ((size_t)16 << 20) + 1, (size_t)40 << 20};
    kit_begin();
    CHECK(new_case("C-1"));
    const char *f = put_new("finding", "C-1", "{\"fact\":\"x\"}");
    const char *back = path_join(&kit.arena, kit.folder, "back");
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        const char *path = put_random_file("file", sizes[i], i), *e = attach(path, f);
        CHECK_OK(store_evidence_extract(kit.s, sha_of(e), back, NULL));
        CHECK(same_files(path, back));
        const struct jv *pieces = record_value(fold_record(store_fold(kit.s), NULL, e), "pieces");
        CHECK((pieces ? pieces->len : 0) ==
              (sizes[i] > PIECE_SIZE ? (sizes[i] + PIECE_SIZE - 1) / PIECE_SIZE : 0));
    }
    CHECK(files_in("inbox") == 0);
    kit_end();
}

TEST(evidence_says_what_it_is)
{
    char of[RECORD_ID_MAX + 4];
    kit_begin();
    CHECK(new_case("C-1"));
    const char *f = put_new("finding", "C-1", "{\"fact\":\"x\"}");
    const char *e = attach(put_file("IMG_1.JPG", "\377\330\377\340more", 8), f);
    CHECK_STR(value_of(e, "name"), "\"IMG_1.JPG\"");
    CHECK_STR(value_of(e, "media_type"), "\"image/jpeg\"");
    CHECK_STR(value_of(e, "size"), "8");
    snprintf(of, sizeof of, "of.%s", f);
    CHECK_STR(value_of(e, of), "true");
    CHECK_STR(value_of(attach(put_file("a.pdf", "no pdf at all", 13), f), "media_type"),
        "\"application/octet-stream\"");
    CHECK_STR(value_of(attach(put_file("a.csv", "a,b\n", 4), f), "media_type"), "\"text/csv\"");
    kit_end();
}

TEST(the_same_bytes_are_kept_once)
{
    kit_begin();
    CHECK(new_case("C-1"));
    const char *f = put_new("finding", "C-1", "{\"fact\":\"x\"}");
    const char *a = attach(put_file("a", "same", 4), f), *b = attach(put_file("b", "same", 4), f);
    CHECK(a && b && strcmp(a, b) != 0);
    CHECK_STR(sha_of(a), sha_of(b));
    CHECK(files_in("blobs") == 1 && files_in("inbox") == 0);
    kit_end();
}

TEST(what_cannot_be_attached)
{
    kit_begin();
    CHECK(new_case("C-1"));
    const char *f = put_new("finding", "C-1", "{\"fact\":\"x\"}");
    REFUSED(attach("/nowhere/at/all", f), "/nowhere/at/all");
    REFUSED(attach(kit.folder, f), "folder");
    REFUSED(attach("/dev/null", f), "not a regular file");
    REFUSED(attach(put_file("x", "x", 1), "finding/kaaaaaaaaaaaa-5"), "there is no record");
    CHECK(files_in("inbox") == 0 && files_in("blobs") == 0);
    CHECK(put_new("finding", "C-1", "{\"fact\":\"the store still writes\"}"));
    kit_end();
}

struct meddler {
    struct progress base;
    const char *path;
};

static void meddle(struct progress *p, uint64_t done, uint64_t total)
{
    (void)done;
    (void)total;
    FILE *f = fopen(((struct meddler *)p)->path, "ab");
    fputc('x', f);
    fclose(f);
}

TEST(a_file_that_changes_meanwhile_is_refused)
{
    struct store_tx *tx;
    const char *record;
    kit_begin();
    CHECK(new_case("C-1"));
    const char *f = put_new("finding", "C-1", "{\"fact\":\"x\"}");
    struct meddler m = {{meddle}, put_random_file("growing", 3 << 20, 1)};
    CHECK_OK(store_begin(&tx, kit.s));
    CHECK(store_attach(tx, m.path, f, NULL, &m.base, &record) == ERR_INPUT);
    CHECK(strstr(err_message(), "changed while"));
    store_rollback(tx);
    CHECK(files_in("blobs") == 0 && files_in("inbox") == 0);
    kit_end();
}

/* Pushes a file in pieces of so many bytes; the evidence, or NULL. */
static const char *push(const char *path, const char *of, size_t step, uint64_t announced)
{
    struct intake *in;
    struct store_tx *tx;
    struct buf b;
    const char *record = NULL;
    buf_init(&b, (size_t)1 << 28);
    CHECK_OK(file_read(path, &b));
    CHECK_OK(store_intake_new(&in, kit.s, path, announced));
    int err = 0;
    for (size_t at = 0; at < b.len && !err; at += step) err = store_intake_add(in, b.data + at, b.len - at < step ? b.len - at : step);
    if (!err) err = store_intake_end(in);
    if (!err) err = store_begin(&tx, kit.s);
    if (!err) err = store_intake_attach(tx, in, of, NULL, &record);
    if (!err) err = store_commit(tx);
    store_intake_free(in);
    buf_release(&b);
    return err ? NULL : arena_strdup(&kit.arena, record);
}

TEST(bytes_that_are_pushed_are_what_a_file_is)
{
    static const size_t sizes[] = {0, 1, 511, 100000, PIECE_SIZE, PIECE_SIZE + 1}, steps[] = {7000, 65536, 1 << 20};
    kit_begin();
    CHECK(new_case("C-1"));
    const char *f = put_new("finding", "C-1", "{\"fact\":\"x\"}");
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        const char *path = put_random_file("file", sizes[i], i), *e = push(path, f, steps[i % 3], sizes[i]), *same = attach(path, f);
        CHECK_STR(value_of(e, "sha256"), value_of(same, "sha256"));
        CHECK_STR(value_of(e, "media_type"), value_of(same, "media_type"));
        CHECK_STR(value_of(e, "name"), "\"file\"");
        CHECK_STR(value_of(e, "pieces"), value_of(same, "pieces"));
    }
    CHECK(files_in("inbox") == 0);
    kit_end();
}

TEST(what_is_pushed_and_not_attached_leaves_nothing)
{
    struct intake *in;
    kit_begin();
    CHECK(new_case("C-1"));
    const char *f = put_new("finding", "C-1", "{\"fact\":\"x\"}"), *path = put_random_file("file", 1000, 1);
    CHECK(!push(path, f, 100, 999) && strstr(err_message(), "more bytes"));
    CHECK(!push(path, f, 100, 1001) && strstr(err_message(), "fewer bytes"));
    CHECK(!push(path, "finding/none", 100, 1000));
    CHECK_OK(store_intake_new(&in, kit.s, "a", 10));
    CHECK_OK(store_intake_add(in, "12345", 5));
    store_intake_free(in);
    CHECK(files_in("blobs") == 0 && files_in("inbox") == 0);
    kit_end();
}

TEST(damaged_evidence_is_never_given_out)
{
    struct buf all;
    struct jv *problems;
    kit_begin();
    CHECK(new_case("C-1"));
    const char *f = put_new("finding", "C-1", "{\"fact\":\"x\"}");
    const char *sha256 = sha_of(attach(put_random_file("file", 200000, 3), f));
    CHECK_OK(store_verify(kit.s, &kit.arena, &problems, NULL));
    const char *blob = blob_path(kit.s, &kit.arena, sha256),
               *back = path_join(&kit.arena, kit.folder, "back");
    buf_init(&all, 1 << 20);
    CHECK_OK(file_read(blob, &all));
    all.data[150000] ^= 1;
    CHECK_OK(file_write(blob, all.data, all.len));
    CHECK(store_evidence_extract(kit.s, sha256, back, NULL) == ERR_DAMAGED && !os_exists(back));
    CHECK(store_verify(kit.s, &kit.arena, &problems, NULL) == ERR_NO && problems->len == 1);
    CHECK_OK(os_remove(blob));
    CHECK(store_evidence_extract(kit.s, sha256, back, NULL) == ERR_MISSING && !os_exists(back));
    CHECK_OK(store_verify(kit.s, &kit.arena, &problems, NULL)); /* awaited is no damage */
    buf_release(&all);
    kit_end();
}

TEST(evidence_reads_from_any_place)
{
    unsigned char byte;
    struct source *from;
    size_t got;
    struct buf all;
    kit_begin();
    CHECK(new_case("C-1"));
    const char *path = put_random_file("file", 300000, 9);
    const char *sha256 = sha_of(attach(path, put_new("finding", "C-1", "{\"fact\":\"x\"}")));
    buf_init(&all, 1 << 20);
    CHECK_OK(file_read(path, &all));
    for (size_t at = 0; at < 300000; at += 59999) {
        CHECK_OK(store_evidence_open(kit.s, sha256, at, &from));
        CHECK(source_read(from, &byte, 1, &got) == 0 && got == 1 && byte == all.data[at]);
        source_close(from);
    }
    buf_release(&all);
    kit_end();
}

TEST(orphans_are_cleaned_away_and_nothing_else)
{
    kit_begin();
    CHECK(new_case("C-1"));
    const char *f = put_new("finding", "C-1", "{\"fact\":\"x\"}");
    const char *sha256 = sha_of(attach(put_file("a", "kept", 4), f));
    struct store_tx *tx;
    const char *record;
    CHECK_OK(store_begin(&tx, kit.s));
    CHECK_OK(store_attach(tx, put_file("b", "rolled back", 11), f, NULL, NULL, &record));
    store_rollback(tx);
    CHECK_OK(file_write(path_join(&kit.arena, kit.path, "inbox/take-0"), "x", 1));
    CHECK_OK(os_make_folder(path_join(&kit.arena, kit.path, "inbox/bundle-0")));
    CHECK(files_in("blobs") == 2 && files_in("inbox") == 2);
    struct store *other;
    CHECK_OK(store_open(&other, kit.path, PASSPHRASE, kit.forms));
    CHECK(store_clean(kit.s) == ERR_ROAD); /* somebody may be in the middle of something */
    store_close(other);
    CHECK_OK(store_clean(kit.s));
    CHECK(files_in("blobs") == 1 && files_in("inbox") == 0);
    CHECK_OK(store_evidence_extract(kit.s, sha256, path_join(&kit.arena, kit.folder, "back"), NULL));
    kit_end();
}

/* ---- receipts ---- */

#define SOME_BUNDLE "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static struct signer hub_signer;

static void join_hub(void)
{
    unsigned char seed[KEY_SIZE] = {7};
    struct hub_identity hub = {.name = "HQ"};
    char id[KIT_ID_SIZE];
    struct store_tx *tx;
    CHECK_OK(seed_signer(&hub_signer, seed));
    kit_id_of(id, hub_signer.public_key);
    hub.kit = id;
    memcpy(hub.public_key, hub_signer.public_key, KEY_SIZE);
    memcpy(
        hub.root, store_signer(kit.s)->public_key, KEY_SIZE); /* this kit is the root of the hub's register */
    CHECK_OK(store_begin(&tx, kit.s));
    CHECK_OK(store_tx_join(tx, &hub));
    CHECK_OK(store_commit(tx));
}

static const char *take_receipt_with(
    const char *at, const char *held, struct receipt_head *head, const struct signer *by)
{
    struct receipt r = {.heads = head,
        .heads_len = head != NULL,

        .at = at,
        .bundle = SOME_BUNDLE,
        .case_name = "C-1",
        .hub = "kaaaaaaaaaaaa",
        .root = "kaaaaaaaaaaaa"};
    struct buf bytes;
    struct store_tx *tx;
    unsigned char signature[SIGNATURE_SIZE];
    const char **list = &held;
    r.held = list;
    r.held_len = held != NULL;
    buf_init(&bytes, 1 << 16);
    CHECK_OK(receipt_write(&bytes, &kit.arena, &r));
    CHECK_OK(sshsig_sign(signature, by, NAMESPACE_RECEIPT, bytes.data, bytes.len));
    CHECK_OK(store_begin(&tx, kit.s));
    CHECK_OK(store_tx_receipt(tx, &r, &bytes, signature, by->public_key));
    CHECK_OK(store_tx_receipt(tx, &r, &bytes, signature, by->public_key)); /* the same twice */
    CHECK_OK(store_commit(tx));
    buf_release(&bytes);
    return arena_strdup(&kit.arena, r.id);
}

static const char *take_receipt(const char *at, const char *held, const struct signer *by)
{
    return take_receipt_with(at, held, NULL, by);
}

TEST(an_older_copy_of_the_store_is_found_out)
{
    struct jv *problems;
    kit_begin();
    CHECK(new_case("C-1"));
    join_hub();
    const struct fold_chain *c = fold_chain(store_fold(kit.s), "C-1", store_kit(kit.s));
    struct receipt_head head = {"C-1", store_kit(kit.s), 1, c->head};
    take_receipt_with("2026-01-01T00:00:00Z", NULL, &head, &hub_signer);
    CHECK_OK(store_verify(kit.s, &kit.arena, &problems, NULL));
    head.seq = 2;
    head.entry = SOME_BUNDLE;
    take_receipt_with("2026-01-02T00:00:00Z", NULL, &head, &hub_signer);
    CHECK(store_verify(kit.s, &kit.arena, &problems, NULL) == ERR_NO && problems->len == 1);
    CHECK(strstr(jv_get_str(problems->items[0], "text"), "older copy"));
    kit_end();
}

static int64_t held_of_case(void)
{
    struct holding *list;
    size_t len;
    CHECK_OK(store_holdings(kit.s, &kit.arena, &list, &len));
    for (size_t i = 0; i < len; i++)
        if (strcmp(list[i].case_name, "C-1") == 0) return list[i].entries_held;
    return -1;
}

TEST(of_two_receipts_of_one_second_the_one_that_tells_more_counts)
{
    kit_begin();
    CHECK(new_case("C-1") && put_new("finding", "C-1", "{\"fact\":\"x\"}"));
    join_hub();
    const struct fold_chain *c = fold_chain(store_fold(kit.s), "C-1", store_kit(kit.s));
    struct receipt_head first = {"C-1", store_kit(kit.s), 1, c->entries[0]->entry->id}, second = {"C-1", store_kit(kit.s), 2, c->head};
    take_receipt_with("2026-01-01T00:00:00Z", NULL, &second, &hub_signer);
    take_receipt_with("2026-01-01T00:00:00Z", NULL, &first, &hub_signer); /* by stick, after the network had brought the other */
    CHECK(held_of_case() == 2);
    kit_reopen();
    CHECK(held_of_case() == 2);
    kit_end();
}

TEST(a_join_sets_the_own_register_aside)
{
    kit_begin();
    CHECK(new_case("C-1"));
    const char *own = arena_printf(&kit.arena, "person/%s-1", store_kit(kit.s));
    uint64_t generation = store_generation(kit.s);
    join_hub();
    CHECK(store_generation(kit.s) > generation);
    CHECK(!fold_record(store_fold(kit.s), NULL, own));
    CHECK(fold_case_named(store_fold(kit.s), "C-1") && store_hub(kit.s));
    const char *person =
        put_new("person", NULL, "{\"name\":\"Zhang San\"}"); /* the root writes its register anew */
    CHECK_STR(person, arena_printf(&kit.arena, "person/%s-4", store_kit(kit.s))); /* no number twice */
    CHECK(fold_chain(store_fold(kit.s), REGISTER_CASE, store_kit(kit.s))->highest == 1);
    kit_reopen();
    CHECK(!fold_record(store_fold(kit.s), NULL, own) && fold_record(store_fold(kit.s), NULL, person));
    CHECK_STR(store_hub(kit.s)->name, "HQ");
    CHECK(store_hub(kit.s)->public_key[5] == hub_signer.public_key[5]);
    kit_end();
}

TEST(a_rolled_back_join_leaves_no_trace)
{
    struct store_tx *tx;
    struct hub_identity hub = {.name = "HQ", .kit = "kaaaaaaaaaaaa"};
    kit_begin();
    CHECK_OK(store_begin(&tx, kit.s));
    CHECK_OK(store_tx_join(tx, &hub));
    store_rollback(tx);
    CHECK(!store_hub(kit.s) && new_case("C-1"));
    kit_end();
}

TEST(only_what_the_newest_receipt_names_is_freed)
{
    struct evidence_state state;
    struct signer stranger;
    int64_t files;
    uint64_t bytes;
    const char *receipt_id;
    const struct receipt *receipt;
    kit_begin();
    CHECK(new_case("C-1"));
    const char *f = put_new("finding", "C-1", "{\"fact\":\"x\"}");
    const char *a = sha_of(attach(put_file("a", "aaaa", 4), f)),
               *b = sha_of(attach(put_file("b", "bb", 2), f));
    CHECK_OK(seed_signer(&stranger, (const unsigned char[KEY_SIZE]){9}));
    join_hub();
    take_receipt("2026-01-01T00:00:00Z", a, &stranger);
    CHECK_OK(store_free_case(kit.s, "C-1", &files, &bytes));
    CHECK(files == 0);
    receipt_id = take_receipt("2026-01-02T00:00:00Z", a, &hub_signer);
    take_receipt("2026-01-01T00:00:00Z", b, &hub_signer); /* older, though it came later */
    CHECK_STR(store_after(kit.s, "C-1"), receipt_id);
    CHECK_OK(store_receipt(kit.s, "C-1", &kit.arena, &receipt, NULL, NULL));
    CHECK_STR(receipt->id, receipt_id);
    kit_reopen();
    CHECK_STR(store_after(kit.s, "C-1"), receipt_id);
    CHECK(!store_after(kit.s, "C-2"));
    CHECK_OK(store_free_case(kit.s, "c-1", &files, &bytes)); /* the last one does not name it: a hub put back? */
    CHECK(files == 0);
    take_receipt("2026-01-01T12:00:00Z", a, &hub_signer);
    CHECK_OK(store_free_case(kit.s, "c-1", &files, &bytes));
    CHECK(files == 1 && bytes > 4);
    CHECK(store_evidence_state(kit.s, "C-1", a, &state) == 0 && !state.here && state.at_hub);
    CHECK(store_evidence_state(kit.s, "C-1", b, &state) == 0 && state.here && !state.at_hub);
    kit_end();
}

TEST(a_later_verdict_stays)
{
    struct store_tx *tx;
    kit_begin();
    CHECK(new_case("C-1"));
    const char *f = put_new("finding", "C-1", "{\"fact\":\"x\"}");
    const char *id = arena_strdup(&kit.arena, fold_record(store_fold(kit.s), NULL, f)->created->entry->id);
    CHECK_OK(store_begin(&tx, kit.s));
    CHECK_OK(store_tx_judge(tx, id, VERDICT_QUARANTINED, "no such role"));
    CHECK_OK(store_tx_reject(tx, "{nonsense", 9, "this is no entry"));
    CHECK_OK(store_commit(tx));
    kit_reopen();
    const struct held *h = fold_entry(store_fold(kit.s), id);
    CHECK(h && h->verdict == VERDICT_QUARANTINED);
    CHECK_STR(h->reason, "no such role");
    CHECK_STR(value_of(f, "fact"), "-");
    kit_end();
}

/* ---- bundles' evidence ---- */

static void stage_part(
    struct quarantine *st, const char *path, const char *sha256, uint64_t offset, uint64_t size)
{
    struct file_info info;
    struct member m = {.kind = MEMBER_BLOB, .offset = offset, .size = size};
    struct sink *to;
    struct buf all;
    buf_init(&all, (size_t)1 << 28);
    CHECK_OK(file_read(path, &all));
    CHECK_OK(os_stat(&info, path));
    memcpy(m.sha256, sha256, sizeof m.sha256);
    m.whole = info.size;
    CHECK_OK(quarantine_sink(st, &m, &to));
    CHECK_OK(sink_write(to, all.data + offset, (size_t)size));
    CHECK_OK(sink_finish(to));
    sink_close(to);
    buf_release(&all);
}

static const char *hash_of_file(const char *path)
{
    struct buf all;
    unsigned char hash[SHA256_SIZE];
    char *hex = arena_alloc(&kit.arena, SHA256_HEX);
    buf_init(&all, (size_t)1 << 28);
    CHECK_OK(file_read(path, &all));
    sha256(hash, all.data, all.len);
    hex_write(hex, hash, sizeof hash);
    buf_release(&all);
    return hex;
}

/* One bundle with one part of the file; what publishing answers. */
static int stage(
    const char *path, const char *sha256, uint64_t offset, uint64_t size, int64_t *held, int64_t *awaited)
{
    struct quarantine *st;
    CHECK_OK(quarantine_new(&st, kit.s));
    stage_part(st, path, sha256, offset, size);
    int err = quarantine_publish(st, "C-1", held, awaited, NULL);
    quarantine_free(st);
    return err;
}

TEST(parts_are_put_together)
{
    int64_t held, awaited;
    kit_begin();
    const char *path = put_random_file("big", 5000000, 4), *hash = hash_of_file(path);
    CHECK(stage(path, hash, 3000000, 2000000, &held, &awaited) == 0 && held == 0 && awaited == 1);
    CHECK(stage(path, hash, 0, 1000000, &held, &awaited) == 0 && held == 0 && awaited == 1);
    CHECK(stage(path, hash, 0, 1500000, &held, &awaited) == 0 && held == 0 && awaited == 1);
    CHECK(files_in("inbox") == 2 && files_in("blobs") == 0);
    CHECK(stage(path, hash, 1000000, 2500000, &held, &awaited) == 0 && held == 1 &&
          awaited == 0); /* overlaps both */
    CHECK(files_in("inbox") == 0 && files_in("blobs") == 1);
    const char *back = path_join(&kit.arena, kit.folder, "back");
    CHECK_OK(store_evidence_extract(kit.s, hash, back, NULL));
    CHECK(same_files(path, back));
    CHECK(stage(path, hash, 0, 1000000, &held, &awaited) == 0 && held == 1 && files_in("inbox") == 0);
    kit_end();
}

TEST(whole_evidence_is_renamed)
{
    int64_t held, awaited;
    struct quarantine *st;
    kit_begin();
    const char *path = put_random_file("small", 70000, 4), *hash = hash_of_file(path);
    CHECK_OK(quarantine_new(&st, kit.s));
    stage_part(st, path, hash, 0, 70000);
    CHECK(files_in("blobs") == 0);
    quarantine_free(st); /* a bad bundle: nothing of it stays */
    CHECK(files_in("blobs") == 0 && files_in("inbox") == 0);
    CHECK(stage(path, hash, 0, 70000, &held, &awaited) == 0 && held == 1 && awaited == 0);
    CHECK(files_in("blobs") == 1 && files_in("inbox") == 0);
    kit_end();
}

TEST(parts_that_make_something_else_are_given_up)
{
    int64_t held, awaited;
    kit_begin();
    const char *path = put_random_file("big", 3000000, 4), *wrong = put_random_file("wrong", 3000000, 5);
    const char *hash = hash_of_file(path);
    CHECK(stage(wrong, hash, 0, 1000000, &held, &awaited) == 0);
    CHECK(stage(path, hash, 1000000, 2000000, &held, &awaited) == ERR_INPUT && held == 0 && awaited == 1);
    CHECK(files_in("inbox") == 0 && files_in("blobs") == 0);
    CHECK(stage(path, hash, 0, 3000000, &held, &awaited) == 0 && held == 1);
    kit_end();
}

/* ---- faults ---- */

/* Writes and attaches without end, telling each acknowledged id through the pipe. */
static void write_until_killed(int to, const char *f, const char *file)
{
    if (store_open(&kit.s, kit.path, PASSPHRASE, kit.forms) || write(to, "", 1) < 0) _exit(1);
    for (int i = 0;; i++) {
        const char *id = i % 3 ? put_new("finding", "C-1", "{\"fact\":\"x\"}") : attach(file, f);
        if (!id || write(to, id, strlen(id) + 1) < 0) _exit(1);
        file = put_random_file("next", 100000, (uint64_t)i);
    }
}

static void kill_once(const char *f, const char *file, unsigned microseconds, struct buf *acknowledged)
{
    int ends[2];
    char chunk[4096];
    CHECK(pipe(ends) == 0);
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) write_until_killed(ends[1], f, file);
    close(ends[1]);
    CHECK(read(ends[0], chunk, 1) == 1); /* it has opened the store */
    usleep(microseconds);
    kill(child, SIGKILL);
    for (ssize_t n; (n = read(ends[0], chunk, sizeof chunk)) > 0;) buf_add(acknowledged, chunk, (size_t)n);
    close(ends[0]);
    waitpid(child, NULL, 0);
}

static void check_acknowledged(const struct buf *ids)
{
    for (const char *id = buf_str(ids); id < buf_str(ids) + ids->len; id += strlen(id) + 1) {
        if (!memchr(id, 0, (size_t)(buf_str(ids) + ids->len - id))) break; /* the pipe broke off */
        const struct fold_record *r = fold_record(store_fold(kit.s), NULL, id);
        CHECK(r != NULL);
        if (r && strncmp(id, "evidence", 8) == 0)
            CHECK_OK(
                store_evidence_extract(kit.s, sha_of(id), path_join(&kit.arena, kit.folder, "back"), NULL));
    }
}

TEST(a_kill_at_any_moment_loses_nothing_that_was_acknowledged)
{
    struct buf acknowledged;
    struct jv *problems;
    uint64_t seed = 42;
    kit_begin();
    CHECK(new_case("C-1"));
    const char *f = put_new("finding", "C-1", "{\"fact\":\"x\"}"), *file = put_random_file("file", 400000, 1);
    store_close(kit.s);
    kit.s = NULL;
    buf_init(&acknowledged, (size_t)1 << 24);
    for (int i = 0; i < (test_full ? 300 : 30); i++) {
        kill_once(f, file, (unsigned)(test_random_next(&seed) % (i % 10 ? 40000 : 400000)), &acknowledged);
        if (i % 10) continue;
        kit_open();
        check_acknowledged(&acknowledged);
        CHECK_OK(store_verify(kit.s, &kit.arena, &problems, NULL));
        CHECK_OK(store_clean(kit.s));
        CHECK(files_in("inbox") == 0);
        store_close(kit.s);
        kit.s = NULL;
    }
    CHECK(acknowledged.len > 0);
    kit_open();
    check_acknowledged(&acknowledged);
    buf_release(&acknowledged);
    kit_end();
}

TEST(a_kill_while_a_store_is_made_leaves_room_for_the_next_try)
{
    char recovery[RECOVERY_KEY_SIZE];
    struct store *s;
    uint64_t seed = 6;
    kit_begin();
    const char *path = path_join(&kit.arena, kit.folder, "new");
    for (int i = 0; i < (test_full ? 100 : 10); i++) {
        fflush(stdout);
        pid_t child = fork();
        if (child == 0) _exit(store_create(path, "A", "a@x", PASSPHRASE, WORK, kit.forms, recovery) ? 1 : 0);
        usleep((unsigned)(test_random_next(&seed) % 15000));
        kill(child, SIGKILL);
        waitpid(child, NULL, 0);
        int err = store_open(&s, path, PASSPHRASE, kit.forms);
        CHECK(err == 0 || err == ERR_MISSING);
        if (err == 0) store_close(s);
        if (err) CHECK_OK(store_create(path, "A", "a@x", PASSPHRASE, WORK, kit.forms, recovery));
        CHECK_OK(os_remove_tree(path));
    }
    kit_end();
}

/* No file may grow beyond its present size and some: what a full disk does, for one process. */
static void limit_files(rlim_t bytes)
{
    struct rlimit limit;
    getrlimit(RLIMIT_FSIZE, &limit);
    limit.rlim_cur = bytes;
    setrlimit(RLIMIT_FSIZE, &limit);
}

TEST(a_full_disk_is_an_error_and_nothing_is_half_done)
{
    struct file_info info;
    struct jv *problems;
    char fact[3000], *set;
    int64_t written = 1;
    kit_begin();
    CHECK(new_case("C-1"));
    const char *f = put_new("finding", "C-1", "{\"fact\":\"x\"}"),
               *file = put_random_file("file", 2000000, 1);
    memset(fact, 'x', sizeof fact - 1);
    fact[sizeof fact - 1] = '\0';
    set = arena_printf(&kit.arena, "{\"fact\":\"%s\"}", fact);
    CHECK_OK(os_stat(&info, path_join(&kit.arena, kit.path, "journal.db")));
    signal(SIGXFSZ, SIG_IGN);
    limit_files((rlim_t)info.size + 20000);
    while (written < 100 && put_new("finding", "C-1", set)) written++;
    CHECK(written > 1 && written < 100);
    CHECK(!attach(file, f) && files_in("inbox") == 0 && files_in("blobs") == 0);
    limit_files(RLIM_INFINITY);
    CHECK(fold_chain(store_fold(kit.s), "C-1", store_kit(kit.s))->highest == 1 + written);
    CHECK(attach(file, f) && put_new("finding", "C-1", set)); /* with room again, the same handle writes */
    kit_reopen();
    CHECK(fold_chain(store_fold(kit.s), "C-1", store_kit(kit.s))->highest == 3 + written);
    CHECK_OK(store_verify(kit.s, &kit.arena, &problems, NULL));
    kit_end();
}

/* ---- speed ---- */

TEST(twenty_thousand_entries_open_in_a_second)
{
    int n = test_full ? 20000 : 2000;
    struct store_tx *tx;
    const char *f;
    kit_begin();
    CHECK(new_case("C-1"));
    CHECK_OK(store_begin(&tx, kit.s));
    struct change c = {.kind = CHANGE_NEW,
        .type = "finding",
        .case_name = "C-1",
        .set = parsed(
            "{\"fact\":\"a fact that is as long as people write one, more or less\",\"grade\":\"major\"}")};
    for (int i = 0; i < n; i++) CHECK_OK(store_change(tx, &c, &f));
    CHECK_OK(store_commit(tx));
    double before = os_monotonic_seconds();
    kit_reopen();
    double seconds = os_monotonic_seconds() - before;
    printf("  %d entries opened in %.3f s\n", n, seconds);
    CHECK(seconds < 3.0); /* the target is 1 s a 20,000; a busy machine gets three times that */
    kit_end();
}

int main(int argc, char **argv)
{
    return test_main(argc, argv);
}
