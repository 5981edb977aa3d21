/* Search finds exactly what a scan of all text values finds: 1 to 4 Chinese characters and more, Latin in
 * either case, in random text and while records change. */
#include "scene.h"
#include "satchel/store/view.h"

static const char *const alphabet[] = {"网", "络", "安", "全", "服", "务", "风", "险", "评", "估", "应", "急",
    "响", "一", "二", "三", "的", "不", "符", "合", "项", "𠮷", "é", "A", "a", "B", "-", "\"", "*", "'", " ",
    "　", "\n", "，"};

enum { LETTERS = sizeof alphabet / sizeof *alphabet, TEXT_MAX = 512 };

struct corpus {
    struct fold *fold;
    struct view *view;
    struct author author;
    uint64_t random;
    int64_t seq;
    const char *prev;
    int32_t records;
};

static uint64_t below(struct corpus *c, uint64_t n)
{
    return test_random_next(&c->random) % n;
}

static void random_text(struct corpus *c, char *out, uint64_t letters)
{
    *out = '\0';
    while (letters-- > 0) strcat(out, alphabet[below(c, LETTERS)]);
}

/* One signed entry that sets two text fields of a record, over whatever stood there. */
static void write_record(struct corpus *c, int32_t number)
{
    struct arena *a = fold_arena(c->fold);
    char fact[TEXT_MAX], note[TEXT_MAX];
    bool known;
    const struct entry *e = NULL;
    const char *id = arena_printf(a, "finding/%s-%d", c->author.kit, (int)number);
    const struct fold_record *r = fold_record(c->fold, "C-1", id);
    random_text(c, fact, 5 + below(c, 60));
    random_text(c, note, below(c, 6));
    struct entry_field fields[] = {{.name = "fact", .value = jv_string(a, fact)},
        {.name = "note", .value = jv_string(a, note)}, {.name = "number", .value = jv_int(a, number)}};
    for (size_t i = 0; i < 3; i++)
        CHECK_OK(record_seen(r, fields[i].name, a, &fields[i].seen, &fields[i].seen_len));
    struct entry draft = {.case_name = "C-1",
        .at = "2026-11-22T10:11:12+08:00",
        .form = "finding@0123456789abcdef",
        .kit = c->author.kit,
        .record = id,
        .creates = !r,
        .seq = ++c->seq,
        .prev = c->prev,
        .fields = fields,
        .fields_len = 3};
    CHECK_OK(entry_make(&e, a, &draft, &c->author.signer));
    c->prev = e->id;
    CHECK_OK(fold_add(c->fold, e, c->author.signer.public_key, VERDICT_GOOD, NULL, 0, &known));
}

static void corpus_init(struct corpus *c, int32_t records)
{
    memset(c, 0, sizeof *c);
    author_init(&c->author, 0);
    CHECK_OK(fold_new(&c->fold));
    CHECK_OK(view_new_over(&c->view, c->fold, NULL));
    c->random = 20260722;
    for (c->records = 0; c->records < records;) write_record(c, ++c->records);
}

static void corpus_release(struct corpus *c)
{
    view_free(c->view);
    fold_free(c->fold);
}

/* ---- the other way to the same answer ---- */

static char small(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

static bool contains(const char *text, const char *word, size_t len)
{
    for (; *text; text++) {
        size_t i = 0;
        while (i < len && text[i] && small(text[i]) == small(word[i])) i++;
        if (i == len) return true;
    }
    return false;
}

static bool record_contains(const struct fold_record *r, const char *word, size_t len)
{
    for (size_t i = 0; i < r->fields_len; i++) {
        for (size_t k = 0; k < r->fields[i].heads_len; k++) {
            const char *s = jv_str(r->fields[i].heads[k].value);
            if (s && contains(s, word, len)) return true;
        }
    }
    return false;
}

/* How far the next word reaches; *query is moved past the blanks before it. */
static size_t next_word(const char **query)
{
    const char *s = *query;
    while (*s == ' ' || *s == '\n' || strncmp(s, "　", 3) == 0) s += *s == ' ' || *s == '\n' ? 1 : 3;
    *query = s;
    while (*s && *s != ' ' && *s != '\n' && strncmp(s, "　", 3) != 0) s++;
    return (size_t)(s - *query);
}

static bool scan_finds(const struct fold_record *r, const char *query)
{
    for (size_t len; (len = next_word(&query)) > 0; query += len) {
        if (!record_contains(r, query, len)) return false;
    }
    return true;
}

static bool hit_named(const struct view_hit *hits, size_t len, const char *record)
{
    for (size_t i = 0; i < len; i++) {
        if (strcmp(hits[i].record, record) == 0) return true;
    }
    return false;
}

/* The same number, and each of the scan's among the hits. */
static void check_query(struct corpus *c, const char *query)
{
    const struct fold_record *const *records;
    struct view_hit *hits = NULL;
    struct arena a;
    size_t len = 0, all, expected = 0, missing = 0;
    arena_init(&a);
    CHECK_OK(view_find(c->view, query, &a, &hits, &len));
    CHECK_OK(fold_records(c->fold, NULL, &records, &all));
    for (size_t i = 0; i < all; i++) {
        if (!scan_finds(records[i], query)) continue;
        expected++;
        /* looking each of thousands up takes too long; their number tells */
        if (len < 300) missing += !hit_named(hits, len, records[i]->id);
    }
    if (expected != len || missing)
        printf("  '%s': %zu hits, scan %zu, missing %zu\n", query, len, expected, missing);
    CHECK(expected == len && missing == 0);
    arena_release(&a);
}

static void check_queries(struct corpus *c, int n)
{
    for (int i = 0; i < n; i++) {
        char query[TEXT_MAX];
        const char *rest = query;
        random_text(c, query, 1 + below(c, i % 4 == 0 ? 6 : 4));
        if (next_word(&rest) > 0) check_query(c, query);
    }
}

TEST(random_text_as_a_scan_finds_it)
{
    struct corpus c;
    corpus_init(&c, test_full ? 20000 : 2000);
    check_query(&c, "安全"); /* the first one is answered by a scan, the others by the index */
    for (int i = 0; i < LETTERS; i++) {
        const char *rest = alphabet[i];
        if (next_word(&rest) > 0) check_query(&c, alphabet[i]);
    }
    check_queries(&c, test_full ? 400 : 100);
    corpus_release(&c);
}

TEST(records_that_change_are_found_as_they_are_now)
{
    struct corpus c;
    corpus_init(&c, 300);
    for (int round = 0; round < 5; round++) {
        check_queries(&c, 20);
        for (int i = 0; i < 30; i++) write_record(&c, 1 + (int32_t)below(&c, 300));
        for (int i = 0; i < 20; i++) write_record(&c, ++c.records);
    }
    check_queries(&c, 20);
    corpus_release(&c);
}

/* ---- by hand ---- */

static struct scene scene;
static struct view *view;

/* Hits in their order, in short ("A1 B2"); asked twice, so that scan and index both answer. */
static const char *found(const char *query)
{
    static char texts[2][256];
    for (int turn = 0; turn < 2; turn++) {
        struct view_hit *hits = NULL;
        struct arena a;
        size_t len = 0, at = 0;
        arena_init(&a);
        texts[turn][0] = '\0';
        CHECK_OK(view_find(view, query, &a, &hits, &len));
        for (size_t i = 0; i < len; i++) {
            char who = 'A';
            while (strncmp(strchr(hits[i].record, '/') + 1, scene.authors[who - 'A'].kit, 13) != 0) who++;
            at += (size_t)snprintf(texts[turn] + at, sizeof texts[turn] - at, "%s%c%s", i ? " " : "", who,
                strrchr(hits[i].record, '-') + 1);
        }
        arena_release(&a);
    }
    CHECK_STR(texts[0], texts[1]);
    return texts[1];
}

#define SEARCH(...)                                                                                          \
    const char *lines[] = {__VA_ARGS__};                                                                     \
    scene_init(&scene);                                                                                      \
    CHECK_OK(view_new_over(&view, scene.fold, NULL));                                                        \
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) scene_say(&scene, lines[i])
#define DONE()                                                                                               \
    view_free(view);                                                                                         \
    scene_release(&scene)

TEST(values_do_not_run_into_each_other)
{
    SEARCH("a: A A1 + fact=安全 note=服务", "b: A A2 + fact=安全服务");
    CHECK_STR(found("安全服务"), "A2");
    CHECK_STR(found("全服"), "A2");
    CHECK_STR(found("安全 服务"), "A1 A2");
    CHECK_STR(found("服务　安全"), "A1 A2");
    CHECK_STR(found("务"), "A1 A2");
    CHECK_STR(found("务安"), "");
    DONE();
}

TEST(letters_of_either_case)
{
    SEARCH("a: A A1 + fact=ISO27001体系 note=é");
    CHECK_STR(found("iso"), "A1");
    CHECK_STR(found("So2"), "A1");
    CHECK_STR(found("1体"), "A1");
    CHECK_STR(found("É"), ""); /* ASCII letters only */
    DONE();
}

TEST(what_is_in_a_query_is_text)
{
    SEARCH("a: A A1 + fact=\"a\"OR\"b\" note=NEAR(x)^:", "b: A A2 + fact=aORb");
    CHECK_STR(found("\"a\"OR\"b\""), "A1");
    CHECK_STR(found("OR"), "A1 A2");
    CHECK_STR(found("NEAR(x)^:"), "A1");
    CHECK_STR(found("^"), "A1");
    CHECK_STR(found("\""), "A1");
    CHECK_STR(found("^a"), "");
    DONE();
}

TEST(more_occurrences_come_first)
{
    SEARCH("a: A A1 + fact=风险", "b: A A2 + fact=风险，风险", "c: B B1 + fact=风险 note=险，风险，风险");
    CHECK_STR(found("风险"), "B1 A2 A1");
    DONE();
}

TEST(both_values_of_a_conflict_and_voided_records_too)
{
    SEARCH("a: A A1 + fact=旧", "b: A A1 fact=甲方<a", "c: B A1 fact=乙方<a", "d: A A2 + fact=甲方",
        "e: A A2 void=true<d");
    CHECK_STR(found("甲方"), "A1 A2");
    CHECK_STR(found("乙方"), "A1");
    CHECK_STR(found("旧"), "");
    DONE();
}

TEST(only_what_applies_is_found)
{
    SEARCH("a: A A1 + fact=隔离 ?bad", "b: A A2 + fact=隔离 ?wait", "c: A A3 + fact=隔离");
    CHECK_STR(found("隔离"), "A3");
    CHECK_OK(fold_judge(scene.fold, scene_id(&scene, "a"), VERDICT_GOOD, NULL));
    CHECK_OK(fold_judge(scene.fold, scene_id(&scene, "c"), VERDICT_QUARANTINED, "x"));
    CHECK_STR(found("隔离"), "A1");
    DONE();
}

TEST(blanks_alone_are_refused)
{
    struct arena a;
    struct view_hit *hits;
    size_t len;
    SEARCH("a: A A1 + fact=x");
    arena_init(&a);
    CHECK(view_find(view, "", &a, &hits, &len) == ERR_INPUT);
    CHECK(view_find(view, " 　\t", &a, &hits, &len) == ERR_INPUT);
    arena_release(&a);
    DONE();
}

int main(int argc, char **argv)
{
    return test_main(argc, argv);
}
