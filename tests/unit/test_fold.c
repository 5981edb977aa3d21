#include "scene.h"

/* The record in short: "clause=B2 grade=major|minor void", heads of a conflict sorted by value. */
static const char *shown(struct scene *s, const char *case_name, const char *record)
{
    static struct buf out;
    const struct fold_record *r = fold_record(s->fold, case_name, scene_record(s, "finding", record));
    if (out.max == 0) buf_init(&out, BUF_UNLIMITED);
    buf_clear(&out);
    if (!r) return "none";
    for (size_t i = 0; i < r->fields_len; i++) {
        const struct fold_field *f = &r->fields[i];
        const char *texts[16];
        size_t n = 0;
        for (; n < f->heads_len && (f->conflict || n < 1); n++) {
            struct buf b;
            buf_init(&b, BUF_UNLIMITED);
            json_write(&b, f->conflict ? f->heads[n].value : field_value(f));
            texts[n] = arena_strdup(fold_arena(s->fold), buf_str(&b));
            buf_release(&b);
        }
        qsort(texts, n, sizeof *texts, scene_compare);
        buf_addf(&out, "%s%s=", out.len ? " " : "", f->name);
        for (size_t k = 0; k < n; k++) {
            buf_adds(&out, k ? "|" : "");
            size_t len = strlen(texts[k]), quote = texts[k][0] == '"';
            buf_add(&out, texts[k] + quote, len - 2 * quote);
        }
    }
    if (r->void_state != NOT_VOID) buf_adds(&out, r->void_state == VOID ? " void" : " void?");
    if (r->conflicts) buf_addf(&out, " !%zu", r->conflicts);
    return buf_str(&out);
}

#define SCENE(...)                                                                                           \
    struct scene s;                                                                                          \
    scene_init(&s);                                                                                          \
    const char *lines_[] = {__VA_ARGS__};                                                                    \
    for (size_t i_ = 0; i_ < sizeof lines_ / sizeof *lines_; i_++) scene_say(&s, lines_[i_]);
#define SAYS(expected, ...)                                                                                  \
    do {                                                                                                     \
        SCENE(__VA_ARGS__)                                                                                   \
        CHECK_STR(shown(&s, NULL, "A1"), expected);                                                          \
        scene_release(&s);                                                                                   \
    } while (0)

TEST(a_value_replaces_what_it_has_seen)
{
    SAYS("grade=minor", "a: A A1 + grade=minor");
    SAYS("grade=major", "a: A A1 + grade=minor", "b: B A1 grade=major<a");
    SAYS("clause=B2 grade=major", "a: A A1 + grade=minor clause=B2", "b: B A1 grade=major<a");
    SAYS("grade=1", "a: A A1 + grade=minor", "b: B A1 grade=2<a", "c: A A1 grade=1<b");
}

TEST(values_that_did_not_see_each_other_conflict)
{
    SAYS("grade=major|ofi !1", "a: A A1 + grade=minor", "b: B A1 grade=major<a", "c: C A1 grade=ofi<a");
    SAYS("grade=major|minor !1", "a: A A1 + grade=minor", "b: B A1 grade=major");
    SAYS("a=1|2 b=1|2 !2", "a: A A1 + a=1 b=1", "b: B A1 a=2 b=2");
    SAYS("grade=major", "a: A A1 + grade=minor", "b: B A1 grade=major<a", "c: C A1 grade=major<a");
    SAYS("grade=ofi", "a: A A1 + grade=1", "b: B A1 grade=2<a", "c: C A1 grade=3<a", "d: A A1 grade=ofi<b,c");
    SAYS("grade=3|4 !1", "a: A A1 + grade=1", "b: B A1 grade=2<a", "c: C A1 grade=3<a", "d: A A1 grade=4<b");
}

TEST(null_clears)
{
    SAYS("", "a: A A1 + grade=minor", "b: B A1 grade=null<a");
    SAYS("grade=major|null !1", "a: A A1 + grade=minor", "b: B A1 grade=null<a", "c: C A1 grade=major<a");
    SAYS("", "a: A A1 + grade=minor", "b: B A1 grade=null<a", "c: C A1 grade=null<a");
    SAYS("grade=ofi", "a: A A1 + grade=minor", "b: B A1 grade=null<a", "c: B A1 grade=ofi<b");
}

TEST(members_of_sets_do_not_get_in_each_others_way)
{
    SAYS("of.x=true of.y=true", "a: A A1 + of.x=true", "b: B A1 of.y=true");
    SAYS("of.x=false|true !1", "a: A A1 + of.x=true", "b: B A1 of.x=false");
    SAYS("of.x=null|true !1", "a: A A1 + of.x=true", "b: B A1 of.x=null");
    SAYS("of.x=false", "a: A A1 + of.x=false", "b: B A1 of.x=null");
    SAYS("x=false|null !1", "a: A A1 + x=false", "b: B A1 x=null");
}

TEST(order_does_not_matter)
{
    SCENE("a: A A1 + grade=1 ?held", "b: B A1 grade=2<a ?held", "c: C A1 grade=3<b clause=B2 ?held");
    scene_deliver(&s, "c");
    CHECK_STR(shown(&s, NULL, "A1"), "clause=B2 grade=3");
    scene_deliver(&s, "a");
    CHECK_STR(shown(&s, NULL, "A1"), "clause=B2 grade=1|3 !1");
    scene_deliver(&s, "b");
    scene_deliver(&s, "b");
    CHECK_STR(shown(&s, NULL, "A1"), "clause=B2 grade=3");
    scene_release(&s);
}

TEST(void_counts_while_nothing_is_outside_it)
{
    SAYS("a=1 b=1 void", "a: A A1 + a=1 b=1", "v: B A1 void=true<a");
    SAYS("a=2 b=1 void? !1", "a: A A1 + a=1 b=1", "v: B A1 void=true<a", "b: C A1 a=2<a");
    SAYS("a=2 b=1 void? !1", "a: A A1 + a=1 b=1", "b: C A1 a=2<a", "v: B A1 void=true<a");
    SAYS("a=2 b=1 void", "a: A A1 + a=1 b=1", "b: C A1 a=2<a", "v: B A1 void=true<a,b");
    SAYS("a=1", "a: A A1 + a=1", "v: B A1 void=true<a", "w: A A1 void=null<a,v");
    SAYS("a=1 void? !1", "a: A A1 + a=1", "v: B A1 void=true<a", "w: C A1 void=null<a,v",
        "x: B A1 void=true<a,v");
    SAYS("a=1 void", "a: A A1 + a=1", "v: B A1 void=true<a", "w: C A1 void=true<a");
    SAYS("a=1|2 void !1", "a: A A1 + a=1", "b: B A1 a=2", "v: B A1 void=true<a,b");
    SAYS("a=1 why=dup void", "a: A A1 + a=1", "v: B A1 void=true<a why=dup");
    SAYS(" void? !1", "a: A A1 + a=1", "b: C A1 a=null<a", "v: B A1 void=true<a");
}

TEST(records_are_told_apart_by_case)
{
    SCENE("a: A A1 + grade=1", "b: A A1 + grade=2 @C-2", "c: B A1 grade=3<b")
    CHECK_STR(shown(&s, "C-1", "A1"), "grade=1|3 !1");
    CHECK_STR(shown(&s, "C-2", "A1"), "grade=2");
    CHECK_STR(shown(&s, "C-3", "A1"), "none");
    CHECK_STR(fold_case_named(s.fold, "c-2"), "C-2");
    CHECK(fold_case_named(s.fold, "C") == NULL);
    scene_release(&s);
}

TEST(what_does_not_apply_changes_nothing)
{
    SAYS("grade=1", "a: A A1 + grade=1", "b: B A1 grade=2<a ?bad");
    SAYS("grade=1", "a: A A1 + grade=1", "b: B A1 grade=2<a ?wait");
    SAYS("grade=3", "a: A A1 + grade=1", "b: B A1 grade=2<a ?bad", "c: C A1 grade=3<a,b");
    SAYS("", "a: A A1 + grade=1 ?bad");
}

TEST(a_verdict_can_turn_there_and_back)
{
    SCENE("a: A A1 + grade=1", "b: B A1 grade=2<a ?wait", "c: C A1 grade=3<b")
    const char *b = scene_id(&s, "b"), *a = scene_id(&s, "a");
    CHECK_STR(shown(&s, NULL, "A1"), "grade=1|3 !1");
    CHECK_OK(fold_judge(s.fold, b, VERDICT_GOOD, NULL));
    CHECK_STR(shown(&s, NULL, "A1"), "grade=3");
    CHECK_OK(fold_judge(s.fold, b, VERDICT_QUARANTINED, "no role"));
    CHECK_STR(shown(&s, NULL, "A1"), "grade=1|3 !1");
    CHECK_STR(fold_entry(s.fold, b)->reason, "no role");
    CHECK(fold_record(s.fold, NULL, scene_record(&s, "finding", "A1"))->created == fold_entry(s.fold, a));
    CHECK_OK(fold_judge(s.fold, a, VERDICT_QUARANTINED, "no role"));
    CHECK_STR(shown(&s, NULL, "A1"), "grade=3");
    CHECK(fold_record(s.fold, NULL, scene_record(&s, "finding", "A1"))->created == NULL);
    CHECK(fold_judge(s.fold, "no such id", VERDICT_GOOD, NULL) == ERR_MISSING);
    scene_release(&s);
}

TEST(versions_count_changes_only)
{
    SCENE("a: A A1 + grade=1", "b: A A2 + grade=1 @C-2")
    uint64_t all = fold_version(s.fold), one = fold_case_version(s.fold, "C-1"),
             two = fold_case_version(s.fold, "C-2");
    scene_deliver(&s, "a");
    CHECK_OK(fold_judge(s.fold, scene_id(&s, "a"), VERDICT_GOOD, NULL));
    CHECK(fold_version(s.fold) == all);
    CHECK_OK(fold_judge(s.fold, scene_id(&s, "a"), VERDICT_WAITING, "x"));
    CHECK(fold_version(s.fold) > all && fold_case_version(s.fold, "C-1") > one);
    CHECK(fold_case_version(s.fold, "C-2") == two && fold_case_version(s.fold, "C-3") == 0);
    scene_release(&s);
}

TEST(created_is_the_least_creation)
{
    SCENE("a: A A1 + grade=1", "b: A A1 + grade=2", "c: A A1 + grade=3")
    const char *least = scene_id(&s, "a");
    if (strcmp(scene_id(&s, "b"), least) < 0) least = scene_id(&s, "b");
    if (strcmp(scene_id(&s, "c"), least) < 0) least = scene_id(&s, "c");
    const struct fold_record *r = fold_record(s.fold, "C-1", scene_record(&s, "finding", "A1"));
    CHECK_STR(r->created->entry->id, least);
    CHECK(r->entries_len == 3 && r->applied == 3 && r->conflicts == 1);
    scene_release(&s);
}

TEST(edits_before_the_creation_fold)
{
    SCENE("b: B A1 grade=2")
    const struct fold_record *r = fold_record(s.fold, "C-1", scene_record(&s, "finding", "A1"));
    CHECK(r && !r->created && r->applied == 1);
    CHECK_STR(record_str(r, "grade") ? "text" : "int", "int");
    CHECK(record_value(r, "grade")->integer == 2);
    scene_release(&s);
}

TEST(records_are_sorted)
{
    SCENE("a: A A10 + x=1", "b: A A9 + x=1", "c: B B1 + x=1 :audit", "d: A A1 + x=1 @C-0")
    const struct fold_record *const *r;
    size_t len;
    CHECK_OK(fold_records(s.fold, "C-1", &r, &len));
    CHECK(len == 3);
    CHECK_STR(r[0]->id, scene_record(&s, "audit", "B1"));
    CHECK_STR(r[1]->id, scene_record(&s, "finding", "A9"));
    CHECK_STR(r[2]->id, scene_record(&s, "finding", "A10"));
    CHECK_OK(fold_records(s.fold, NULL, &r, &len));
    CHECK(len == 4);
    CHECK_STR(r[1]->id, scene_record(&s, "finding", "A1"));
    CHECK_OK(fold_records(s.fold, "C-9", &r, &len));
    CHECK(len == 0);
    CHECK(fold_cases(s.fold, &len)[0][2] == '0' && len == 2);
    scene_release(&s);
}

/* "gapless/highest f<forked> b<broken>" */
static const char *chain(struct scene *s, char author)
{
    static char text[64];
    const struct fold_chain *c = fold_chain(s->fold, "C-1", s->authors[author - 'A'].kit);
    if (!c) return "none";
    snprintf(text, sizeof text, "%d/%d f%d b%d", (int)c->gapless, (int)c->highest, (int)c->forked_at,
        (int)c->broken_at);
    return text;
}

static int have(struct scene *s, char author)
{
    const struct have *list;
    size_t len;
    CHECK_OK(fold_have(s->fold, "C-1", fold_arena(s->fold), &list, &len));
    for (size_t i = 0; i < len; i++)
        if (strcmp(list[i].kit, s->authors[author - 'A'].kit) == 0) return (int)list[i].seq;
    return 0;
}

#define CHAIN(expected, held, ...)                                                                           \
    do {                                                                                                     \
        SCENE(__VA_ARGS__)                                                                                   \
        CHECK_STR(chain(&s, 'A'), expected);                                                                 \
        CHECK(have(&s, 'A') == held);                                                                        \
        scene_release(&s);                                                                                   \
    } while (0)

/* The entry between may be known by name only: then the numbers have no gap, until it is told no more. */
TEST(withheld_entries_are_no_gaps)
{
    SCENE("a: A A1 x=1", "b: A A1 x=2 ?held", "c: A A1 x=3", "d: B B1 x=1")
    const char *kit = s.authors[0].kit;
    struct fold_withheld of_a[] = {{kit, "b", 2}, {kit, "d", 4}};
    CHECK_OK(fold_withhold(s.fold, "C-1", of_a, 2));
    CHECK_STR(chain(&s, 'A'), "4/3 f0 b0");
    CHECK(have(&s, 'A') == 4 && have(&s, 'B') == 1);
    CHECK_STR(fold_chain(s.fold, "C-1", kit)->head, "d");
    CHECK_OK(fold_withhold(s.fold, "C-1", of_a, 1));
    CHECK(have(&s, 'A') == 3);
    CHECK_OK(fold_withhold(s.fold, "C-1", NULL, 0));
    CHECK(have(&s, 'A') == 1);
    scene_release(&s);
}

TEST(chains)
{
    CHAIN("3/3 f0 b0", 3, "a: A A1 x=1", "b: A A1 x=2", "c: A A1 x=3");
    CHAIN("1/3 f0 b0", 1, "a: A A1 x=1", "b: A A1 x=2 ?held", "c: A A1 x=3");
    CHAIN("0/2 f0 b0", 0, "a: A A1 x=1 ?held", "b: A A1 x=2");
    CHAIN("2/2 f2 b0", 1, "a: A A1 x=1", "b: A A1 x=2", "c: A A1 x=3 #2 %a");
    CHAIN("1/1 f1 b0", 0, "a: A A1 x=1", "b: A A1 x=2 #1");
    CHAIN("3/3 f2 b0", 1, "a: A A1 x=1", "b: A A1 x=2", "c: A A1 x=3 #2 %a", "d: A A1 x=4 #3 %b");
    CHAIN("2/2 f0 b2", 0, "a: A A1 x=1", "b: B A1 x=1", "c: A A1 x=2 %b");
    CHAIN("3/3 f0 b3", 0, "a: A A1 x=1", "b: A A1 x=2", "c: A A1 x=3 %a");
    CHAIN("2/2 f0 b0", 2, "a: A A1 x=1 ?bad", "b: A A1 x=2 ?wait");
    CHAIN("none", 0, "a: B A1 x=1");
}

TEST(a_chain_learns_what_comes_late)
{
    SCENE("a: A A1 x=1", "b: A A1 x=2 ?held", "c: A A1 x=3 %a", "d: A A1 x=4 #2 %a ?held")
    CHECK_STR(chain(&s, 'A'), "1/3 f0 b0");
    scene_deliver(&s, "b");
    CHECK_STR(chain(&s, 'A'), "3/3 f0 b3");
    const struct fold_chain *c = fold_chain(s.fold, "C-1", s.authors[0].kit);
    CHECK_STR(c->head, scene_id(&s, "c"));
    scene_deliver(&s, "d");
    CHECK_STR(chain(&s, 'A'), "3/3 f2 b3");
    size_t len;
    CHECK(fold_chains(s.fold, "C-1", &len) && len == 1);
    scene_release(&s);
}

static const char *unseen(struct scene *s)
{
    const char *const *ids;
    size_t len;
    CHECK_OK(fold_unseen(s->fold, "C-1", fold_arena(s->fold), &ids, &len));
    for (size_t i = 0; len == 1 && i < s->len; i++)
        if (strcmp(s->said[i].entry->id, ids[0]) == 0) return s->said[i].label;
    return len ? "several" : "none";
}

TEST(what_was_seen_and_has_not_arrived)
{
    SCENE("a: A A1 x=1 y=1 ?held", "b: B A1 x=2<a y=2<a", "c: C A1 x=3<b ?held", "d: D A1 x=4<c ?bad")
    CHECK_STR(unseen(&s), "a");
    CHECK_OK(fold_judge(s.fold, scene_id(&s, "d"), VERDICT_GOOD, NULL));
    CHECK_STR(unseen(&s), "several");
    CHECK_OK(fold_judge(s.fold, scene_id(&s, "d"), VERDICT_QUARANTINED, "no"));
    CHECK_STR(unseen(&s), "a");
    scene_deliver(&s, "a");
    CHECK_STR(unseen(&s), "none");
    CHECK_STR(shown(&s, NULL, "A1"), "x=2 y=2");
    scene_release(&s);
}

TEST(numbers_are_counted_where_the_kit_signed)
{
    SCENE("a: A A7 + x=1", "b: A A9 + x=1 @C-2 ?bad", "c: B A99 x=1", "d: A B5 x=1")
    CHECK(fold_next_number(s.fold, s.authors[0].kit) == 10);
    CHECK(fold_next_number(s.fold, s.authors[1].kit) == 1);
    scene_release(&s);
}

static int count_member(void *ctx, const char *member)
{
    buf_addf(ctx, "%s ", member);
    return 0;
}

TEST(members)
{
    SCENE("a: A A1 + of.b=true of.a=true of.c=false of-d.x=true of=1 ofx=2", "b: B A1 of.d=true",
        "c: C A1 of.d=false")
    const struct fold_record *r = fold_record(s.fold, "C-1", scene_record(&s, "finding", "A1"));
    struct buf out;
    buf_init(&out, 100);
    CHECK_OK(record_members(r, "of", count_member, &out));
    CHECK_STR(buf_str(&out), "a b ");
    CHECK(record_has_member(r, "of", "a") && !record_has_member(r, "of", "c") &&
          !record_has_member(r, "of", "d"));
    CHECK(!record_has_member(r, "of", "e") && !record_has_member(r, "o", "f.a") &&
          record_has_member(r, "of-d", "x"));
    buf_release(&out);
    scene_release(&s);
}

static size_t seen_len(struct scene *s, const char *field)
{
    const char *const *ids;
    size_t len;
    const struct fold_record *r = fold_record(s->fold, "C-1", scene_record(s, "finding", "A1"));
    CHECK_OK(record_seen(r, field, fold_arena(s->fold), &ids, &len));
    for (size_t i = 1; i < len; i++) CHECK(strcmp(ids[i - 1], ids[i]) < 0);
    return len;
}

TEST(what_a_new_value_has_to_name)
{
    SCENE("a: A A1 + x=1 y=1 z=1", "b: B A1 x=2", "c: C A1 y=null<a", "v: A A1 void=true<a")
    CHECK(seen_len(&s, "x") == 2 && seen_len(&s, "y") == 1 && seen_len(&s, "w") == 0 &&
          seen_len(&s, "void") == 4);
    scene_release(&s);
}

int main(int argc, char **argv)
{
    return test_main(argc, argv);
}
