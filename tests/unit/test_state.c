#include "scene.h"
#include "satchel/replica/state.h"

#define SCENE(...)                                                                                           \
    struct scene s;                                                                                          \
    scene_init(&s);                                                                                          \
    const char *lines_[] = {__VA_ARGS__};                                                                    \
    for (size_t i_ = 0; i_ < sizeof lines_ / sizeof *lines_; i_++) scene_say(&s, lines_[i_]);

static const struct fold_record *record(struct scene *s)
{
    return fold_record(s->fold, NULL, scene_record(s, "finding", "A1"));
}

/* "$A" becomes the kit of A, "#a" the id of the entry labelled a (one letter). */
static const char *filled(struct scene *s, const char *text)
{
    struct buf out;
    buf_init(&out, BUF_UNLIMITED);
    for (; *text; text++) {
        if (*text == '$')
            buf_adds(&out, s->authors[*++text - 'A'].kit);
        else if (*text == '#')
            buf_adds(&out, scene_id(s, (char[]){*++text, '\0'}));
        else
            buf_addc(&out, *text);
    }
    const char *copy = arena_strdup(fold_arena(s->fold), buf_str(&out));
    buf_release(&out);
    return copy;
}

#define FILE_IS(expected, ...)                                                                               \
    do {                                                                                                     \
        SCENE(__VA_ARGS__)                                                                                   \
        struct buf out_;                                                                                     \
        buf_init(&out_, BUF_UNLIMITED);                                                                      \
        record_file_write(&out_, record(&s));                                                                \
        CHECK_STR(buf_str(&out_), filled(&s, expected));                                                     \
        buf_release(&out_);                                                                                  \
        scene_release(&s);                                                                                   \
    } while (0)

TEST(the_file_has_one_field_a_line)
{
    FILE_IS("{\n\"_id\": \"finding/$A-1\",\n\"clause\": \"B2\",\n\"grade\": \"major\",\n\"of.x\": "
            "true,\n\"_type\": \"finding\"\n}\n",
        "a: A A1 + of.x=true grade=minor clause=B2", "b: B A1 grade=major<a");
    FILE_IS(
        "{\n\"_id\": \"finding/$A-1\",\n\"_type\": \"finding\"\n}\n", "a: A A1 + x=1", "b: A A1 x=null<a");
    FILE_IS("{\n\"_id\": \"finding/$A-1\",\n\"x\": {\"a\":[1,\"\\n\"]},\n\"_type\": \"finding\"\n}\n",
        "a: A A1 + x={\"a\":[1,\"\\n\"]}");
}

TEST(the_file_shows_voids)
{
    FILE_IS("{\n\"_id\": \"finding/$A-1\",\n\"_void\": {\"entry\":\"#v\",\"why\":\"a dup\"},\n\"x\": "
            "1,\n\"_type\": \"finding\"\n}\n",
        "a: A A1 + x=1", "v: B A1 void=true<a ~a_dup");
    FILE_IS("{\n\"_id\": \"finding/$A-1\",\n\"_void\": {\"conflict\":true,\"entry\":\"#v\"},\n\"x\": "
            "1,\n\"_type\": \"finding\"\n}\n",
        "a: A A1 + x=1", "v: B A1 void=true");
}

TEST(the_file_shows_conflicts_by_entry)
{
    SCENE("a: A A1 + x=1", "b: B A1 x=2")
    bool ab = strcmp(scene_id(&s, "a"), scene_id(&s, "b")) < 0;
    struct buf out;
    buf_init(&out, BUF_UNLIMITED);
    record_file_write(&out, record(&s));
    CHECK_STR(buf_str(&out),
        filled(&s, ab ? "{\n\"_id\": \"finding/$A-1\",\n\"x\": "
                        "{\"conflict\":[{\"entry\":\"#a\",\"value\":1},{\"entry\":\"#b\",\"value\":2}]},\n"
                        "\"_type\": \"finding\"\n}\n"
                      : "{\n\"_id\": \"finding/$A-1\",\n\"x\": "
                        "{\"conflict\":[{\"entry\":\"#b\",\"value\":2},{\"entry\":\"#a\",\"value\":1}]},\n"
                        "\"_type\": \"finding\"\n}\n"));
    buf_release(&out);
    scene_release(&s);
}

TEST(paths)
{
    char path[RECORD_PATH_SIZE];
    record_path(path, &(struct record_id){"finding", "kaaaaaaaaaaaa", 104});
    CHECK_STR(path, "record/finding/kaaaaaaaaaaaa/1/104.json");
    record_path(path, &(struct record_id){"finding", "kaaaaaaaaaaaa", 999999999});
    CHECK_STR(path, "record/finding/kaaaaaaaaaaaa/9999999/999999999.json");
}

static const char *name_of(void *ctx, const char *kit)
{
    struct scene *s = ctx;
    if (strcmp(kit, s->authors[0].kit) == 0) return "安娜";
    return strcmp(kit, s->authors[1].kit) == 0 ? "Bo" : NULL;
}

static const char *json_text(struct scene *s, const struct jv *v)
{
    struct buf out;
    buf_init(&out, BUF_UNLIMITED);
    json_write(&out, v);
    const char *copy = arena_strdup(fold_arena(s->fold), buf_str(&out));
    buf_release(&out);
    return copy;
}

TEST(the_json_of_the_command_line)
{
    SCENE("a: A A1 + x=1 y=2", "b: B A1 x=3<a", "c: C A1 x=4<a", "v: A A1 void=true<a ~why")
    const struct jv *v = record_json(fold_arena(s.fold), record(&s), name_of, &s);
    CHECK_STR(json_text(&s, jv_get(v, "fields")), "{\"y\":2}");
    CHECK_STR(json_text(&s, jv_get(v, "void")),
        filled(&s, "{\"at\":\"2026-11-22T10:11:12+08:00\",\"by\":\"安娜\",\"conflict\":true,\"entry\":\"$A:"
                   "2\",\"why\":\"why\"}"));
    CHECK_STR(jv_get_str(v, "case"), "C-1");
    const struct jv *x = jv_get(jv_get(v, "conflicts"), "x");
    CHECK(x->len == 2);
    const struct jv *b = x->items[jv_get_int(x->items[1], "value", 0) == 3];
    CHECK_STR(json_text(&s, b), filled(&s, "{\"at\":\"2026-11-22T10:11:12+08:00\",\"by\":\"Bo\",\"entry\":\"$"
                                           "B:1\",\"id\":\"#b\",\"value\":3}"));
    CHECK_STR(jv_get_str(x->items[jv_get_int(x->items[1], "value", 0) == 4], "by"), filled(&s, "$C"));
    scene_release(&s);
}

/* Labels of a record's history in order. */
static const char *order(struct scene *s)
{
    const struct jv *h = record_history(fold_arena(s->fold), record(s), NULL, NULL);
    char *out = arena_alloc(fold_arena(s->fold), h->len * 2 + 1);
    for (size_t i = 0; i < h->len; i++)
        for (size_t k = 0; k < s->len; k++)
            if (strcmp(jv_get_str(h->items[i], "id"), s->said[k].entry->id) == 0)
                strcat(out, s->said[k].label);
    return out;
}

#define ORDER(expected, ...)                                                                                 \
    do {                                                                                                     \
        SCENE(__VA_ARGS__)                                                                                   \
        CHECK_STR(order(&s), expected);                                                                      \
        scene_release(&s);                                                                                   \
    } while (0)
#define T1 "^2026-01-01T00:00:00Z"
#define T2 "^2026-01-01T09:00:00+08:00" /* an hour after T1 */
#define T3 "^2026-01-03T00:00:00Z"

TEST(history_is_in_the_order_of_causes)
{
    ORDER("ab", "a: A A1 + x=1 " T1, "b: B A1 x=2 " T2);
    ORDER("ba", "a: A A1 + x=1 " T3, "b: B A1 x=2 " T2);
    ORDER("ab", "a: A A1 + x=1 " T3, "b: B A1 x=2<a " T1);
    ORDER("ab", "a: A A1 + x=1 " T3, "b: A A1 x=2 " T1);
    ORDER("cab", "a: A A1 + x=1 " T3, "b: B A1 x=2<a " T2, "c: C A1 y=1 " T1);
    ORDER("abc", "a: A A1 + x=1 " T3, "b: B A1 x=2<a " T2, "c: C A1 x=3<b " T1);
    ORDER("ab", "a: B A1 x=2 #2 " T3 " %0000000000000000000000000000000000000000000000000000000000000000",
        "b: B A1 x=1<a #1 " T1);
}

TEST(history_tells_what_changed)
{
    SCENE("a: A A1 + x=1 " T1, "b: B A1 x=3<a " T2, "c: C A1 x=4<a ?bad ~because " T2,
        "d: A A1 x=null<b,c y=5 " T3)
    const struct jv *h = record_history(fold_arena(s.fold), record(&s), name_of, &s), *d = h->items[3];
    bool bc = strcmp(scene_id(&s, "b"), scene_id(&s, "c")) < 0;
    CHECK(h->len == 4);
    CHECK_STR(json_text(&s, jv_get(d, "old")),
        bc ? "{\"x\":{\"conflict\":[3,4]}}" : "{\"x\":{\"conflict\":[4,3]}}");
    CHECK_STR(json_text(&s, jv_get(d, "set")), "{\"x\":null,\"y\":5}");
    CHECK_STR(jv_get_str(d, "entry"), filled(&s, "$A:2"));
    CHECK_STR(jv_get_str(d, "by"), "安娜");
    CHECK_STR(jv_get_str(d, "signature"), "good");
    CHECK_STR(jv_get_str(d, "verdict"), "good");
    CHECK(jv_get(d, "why")->type == JV_NULL && !jv_get(d, "reason"));
    const struct jv *c = h->items[jv_get_int(jv_get(h->items[1], "set"), "x", 0) == 4 ? 1 : 2];
    CHECK_STR(jv_get_str(c, "verdict"), "quarantined");
    CHECK_STR(jv_get_str(c, "reason"), "a reason");
    CHECK_STR(jv_get_str(c, "signature"), "unknown key");
    CHECK_STR(jv_get_str(c, "why"), "because");
    CHECK_STR(json_text(&s, jv_get(c, "old")), "{\"x\":1}");
    scene_release(&s);
}

TEST(history_verifies_signatures)
{
    SCENE("a: A A1 + x=1")
    struct entry *forged = arena_alloc(fold_arena(s.fold), sizeof *forged);
    bool known;
    *forged = *scene_say(&s, "b: B A1 x=2 ?held");
    forged->signature[0] ^= 1;
    CHECK_OK(
        fold_add(s.fold, forged, s.authors[1].signer.public_key, VERDICT_QUARANTINED, "forged", 0, &known));
    const struct jv *h = record_history(fold_arena(s.fold), record(&s), name_of, &s);
    int bad = strcmp(jv_get_str(h->items[0], "by"), "Bo") == 0 ? 0 : 1;
    CHECK_STR(jv_get_str(h->items[bad], "signature"), "bad");
    CHECK_STR(jv_get_str(h->items[1 - bad], "signature"), "good");
    scene_release(&s);
}

/* The subject of the last line, said on top of the others. */
static const char *subject(struct scene *s, const char *last)
{
    struct buf out;
    buf_init(&out, BUF_UNLIMITED);
    const struct entry *e = scene_say(s, arena_printf(fold_arena(s->fold), "%s ?held", last));
    change_subject(&out, e, record(s));
    CHECK_OK(buf_error(&out));
    const char *copy = arena_strdup(fold_arena(s->fold), buf_str(&out));
    buf_release(&out);
    return copy;
}

#define SUBJECT(expected, last, ...)                                                                         \
    do {                                                                                                     \
        SCENE(__VA_ARGS__)                                                                                   \
        CHECK_STR(subject(&s, last), filled(&s, expected));                                                  \
        scene_release(&s);                                                                                   \
    } while (0)

TEST(subjects)
{
    SUBJECT("finding $A-1: new, clause B2, grade minor", "a: A A1 + grade=minor clause=B2", "z: B B9 x=1");
    SUBJECT("finding $A-1: grade minor → major", "b: B A1 grade=major<a", "a: A A1 + grade=minor");
    SUBJECT("finding $A-1: x 1 → (empty)", "b: B A1 x=null<a", "a: A A1 + x=1");
    SUBJECT("finding $A-1: x 1", "b: B A1 x=1", "a: A A1 + y=1");
    SUBJECT("finding $A-1: of +sample/$B-2, of -sample/$B-3",
        "b: B A1 of.sample/$B-2=true of.sample/$B-3=false", "a: A A1 + y=1");
    SUBJECT("finding $A-1: void", "b: B A1 void=true<a", "a: A A1 + y=1");
    SUBJECT("finding $A-1: void taken back", "b: B A1 void=null<a", "a: A A1 + void=true");
    SUBJECT("finding $A-1: x [1,true]", "b: B A1 x=[1,true]", "a: A A1 + y=1");
}

TEST(subjects_are_safe_and_short)
{
    SUBJECT("finding $A-1: x a\\u{202E}b\\u{A}c", "b: B A1 x=a\u202eb\nc", "a: A A1 + y=1");
    SUBJECT("finding $A-1: x 中中中中中中中中中中中中中中中中…",
        "b: B A1 x=中中中中中中中中中中中中中中中中中", "a: A A1 + y=1");
    SCENE("a: A A1 + y=1")
    const char *long_one =
        subject(&s, "b: B A1 a=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa "
                    "b=bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb "
                    "c=中中中中中中中中中中中中中中中中中 d=中中中中中中中中中中中中中中中中中 "
                    "e=xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx");
    CHECK(strlen(long_one) <= 200 && strlen(long_one) > 190 && utf8_valid(long_one, strlen(long_one)));
    CHECK_STR(long_one + strlen(long_one) - 3, "…");
    scene_release(&s);
}

static const char *as_shown(const char *s, size_t len)
{
    static struct buf out;
    if (out.max == 0) buf_init(&out, 1000);
    buf_clear(&out);
    buf_add_shown(&out, s, len);
    return buf_str(&out);
}

TEST(what_is_not_seen_is_shown)
{
    CHECK_STR(as_shown("a\x1b[31m中文 é", strlen("a\x1b[31m中文 é")), "a\\u{1B}[31m中文 é");
    CHECK_STR(as_shown("\u200b\u2066\ufeff\U000e0041", 13), "\\u{200B}\\u{2066}\\u{FEFF}\\u{E0041}");
    CHECK_STR(as_shown("a\0b", 3), "a\\x00b");
    CHECK_STR(as_shown("\xff\t", 2), "\\xff\\x09");
    CHECK_STR(as_shown("", 0), "");
}

/* ---- heads, and as it was ---- */

TEST(heads_name_cleared_fields_too)
{
    struct buf out;
    SCENE("a: A A1 + x=1 y=2", "b: A A1 x=null<a", "c: B A1 y=3<a", "d: A A1 y=4<a")
    buf_init(&out, BUF_UNLIMITED);
    json_write(&out, record_heads(record(&s), fold_arena(s.fold)));
    const char *ids[] = {scene_id(&s, "c"), scene_id(&s, "d")};
    bool swapped = strcmp(ids[0], ids[1]) > 0;
    CHECK_STR(buf_str(&out), arena_printf(fold_arena(s.fold), "{\"x\":[\"%s\"],\"y\":[\"%s\",\"%s\"]}", scene_id(&s, "b"),
        ids[swapped], ids[!swapped]));
    buf_release(&out);
    scene_release(&s);
}

static bool is_of_a(void *kit, const struct held *h)
{
    return strcmp(h->entry->kit, kit) == 0;
}

static bool is_none(void *ctx, const struct held *h)
{
    (void)ctx;
    (void)h;
    return false;
}

TEST(a_record_as_it_was)
{
    struct fold *f = NULL;
    const struct fold_record *then = NULL;
    SCENE("a: A A1 + x=1 y=2", "b: B A1 x=5<a", "c: A A1 y=3<a")
    CHECK_OK(record_as_of(&f, &then, record(&s), is_of_a, s.authors[0].kit));
    CHECK(then && record_value(then, "x")->integer == 1 && record_value(then, "y")->integer == 3);
    CHECK(record_value(record(&s), "x")->integer == 5);
    fold_free(f);
    CHECK_OK(record_as_of(&f, &then, record(&s), is_none, NULL));
    CHECK(!then);
    fold_free(f);
    scene_release(&s);
}

int main(int argc, char **argv)
{
    return test_main(argc, argv);
}
