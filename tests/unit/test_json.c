/* JSON: canonical bytes out, hostile bytes in, and the classes of characters. */
#include "satchel/base/json.h"

#include <jansson.h>

#include "test.h"

static char written[1 << 16]; /* what the last parse wrote back */

/* Parses and writes back; the code of the parse. */
static int parse(const char *text, size_t len, int depth, int options, bool pretty)
{
    struct arena a;
    struct buf b;
    const struct jv *v;
    arena_init(&a);
    buf_init(&b, sizeof written - 1);
    int rc = json_parse(&v, &a, text, len, depth, options);
    if (rc == 0 && pretty) json_write_pretty(&b, v);
    if (rc == 0 && !pretty) json_write(&b, v);
    CHECK_OK(buf_error(&b));
    memcpy(written, b.data, b.len + 1);
    buf_release(&b);
    arena_release(&a);
    return rc;
}

static const char *layout(const char *text, bool pretty)
{
    return parse(text, strlen(text), 32, 0, pretty) ? "(refused)" : written;
}

#define CANONICAL(text, bytes) CHECK_STR(layout(text, false), bytes)
#define STAYS(text) CANONICAL(text, text)
#define PRETTY(text, bytes) CHECK_STR(layout(text, true), bytes)
#define REFUSED_BYTES(text, len) CHECK(parse(text, len, 32, 0, false) == ERR_INPUT)
#define REFUSED(text) REFUSED_BYTES(text, sizeof(text) - 1)

TEST(scalars)
{
    STAYS("null");
    STAYS("true");
    STAYS("false");
    STAYS("0");
    STAYS("\"\"");
    STAYS("[]");
    STAYS("{}");
    CANONICAL(" \t\r\n[ 1 , 2 ]\n", "[1,2]");
}

TEST(integers_end_at_2_to_the_53)
{
    STAYS("9007199254740992");
    STAYS("-9007199254740992");
    CANONICAL("-0", "0");
    REFUSED("9007199254740993");
    REFUSED("-9007199254740993");
    REFUSED("9223372036854775808");
    REFUSED("123456789012345678901234567890");
    REFUSED("01");
    REFUSED("+1");
    REFUSED("-");
    REFUSED("0x10");
}

TEST(floats_are_refused_or_become_strings)
{
    static const char text[] = "[1.10,1e2,-0.5,0.1]";
    REFUSED("1.0");
    REFUSED("1e2");
    REFUSED("-0.0");
    REFUSED("1e999");
    REFUSED("NaN");
    REFUSED("Infinity");
    CHECK_OK(parse(text, strlen(text), 32, JSON_FLOATS_TO_STRING, false));
    CHECK_STR(written, "[\"1.1\",\"100\",\"-0.5\",\"0.1\"]");
}

/* RFC 8785 §3.2.2 and its appendix, as far as they are of our subset. */
TEST(escapes_of_rfc_8785)
{
    CANONICAL("\"\\u20ac$\\u000F\\u000aA'\\u0042\\u0022\\u005c\\\\\\\"\\/\"",
        "\"€$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\"");
    CANONICAL("\"\\b\\t\\n\\f\\r\\u0001\\u001f\\u007f\"", "\"\\b\\t\\n\\f\\r\\u0001\\u001f\x7f\"");
    CANONICAL("\"\\ud83d\\ude02\"", "\"😂\"");
    CANONICAL("\"\\u2028<script>\"", "\"\u2028<script>\"");
    STAYS("\"记录\"");
}

TEST(members_are_sorted_by_code_point)
{
    CANONICAL(
        "{\"b\":1,\"a\":{\"z\":[],\"B\":{}},\"aa\":null}", "{\"a\":{\"B\":{},\"z\":[]},\"aa\":null,\"b\":1}");
    CANONICAL("{\"\\u20ac\":1,\"\\r\":2,\"1\":3,\"\\u0080\":4,\"\\u00f6\":5,\"\\ufb33\":6,\"</\":7}",
        "{\"\\r\":2,\"1\":3,\"</\":7,\"\xc2\x80\":4,\"ö\":5,\"€\":1,\"\ufb33\":6}");
}

TEST(pretty)
{
    PRETTY("{\"b\":[1,{\"c\":[]}],\"a\":{}}",
        "{\n  \"a\": {},\n  \"b\": [\n    1,\n    {\n      \"c\": []\n    }\n  ]\n}");
    PRETTY("7", "7");
}

TEST(canonical_form_is_demanded)
{
    static const char *const other[] = {"[1, 2]", "{\"b\":1,\"a\":2}", "\"\\u0041\"", "\"\\/\"", "-0",
        "\"\\u000F\"", "\"\\u000a\"", "[1]\n", " 1"};
    struct arena a;
    const struct jv *v;
    arena_init(&a);
    CHECK_OK(json_parse_canonical(&v, &a, "{\"a\":[1,null]}", 14, 2, 4));
    for (size_t i = 0; i < sizeof other / sizeof *other; i++)
        CHECK(json_parse_canonical(&v, &a, other[i], strlen(other[i]), 32, 100) == ERR_INPUT);
    arena_release(&a);
}

/* Is it canonical to the reader of canonical bytes? By the definition: does what they say write them? */
static bool canonical_agrees(const char *text, size_t len, bool *canonical)
{
    struct arena a;
    struct buf b;
    const struct jv *v = NULL, *any = NULL;
    arena_init(&a);
    buf_init(&b, BUF_UNLIMITED);
    int rc = json_parse_canonical(&v, &a, text, len, 3, SIZE_MAX);
    if (json_parse(&any, &a, text, len, 3, JSON_STRICT) == 0) json_write(&b, any);
    *canonical = any && b.len == len && memcmp(b.data, text, len) == 0;
    bool agrees = *canonical ? rc == 0 && jv_equal(v, any) : rc == ERR_INPUT && !v;
    buf_release(&b);
    arena_release(&a);
    err_clear();
    return agrees;
}

TEST(both_readers_agree_on_what_is_canonical)
{
    static const char *const seeds[] = {
        "{\"a\":[1,-20,0,9007199254740992],\"b\":{\"c\":null,\"d\":true},\"e\":false}",
        "[\"\",\"a\\nb\\\\\\\"\\u001f\\u0001\",\"\xe7\x94\xb2\xf0\x9f\x98\x80\",[[]],{},{\"\":\"\"}]",
        "{\"\\t\":[],\"A\":{\"\xc3\xb6\":[0]},\"a\":-1,\"aa\":\"x\"}", "-9007199254740992",
        "\"\\u0010\\b\\t\\n\\f\\r\""};
    static const char likely[] =
        "[]{},:\"\\0123456789abcdefnrtu-+.eE \t\n/truefalsn\x01\x7f\x80\xc3\xe7\xed\xff";
    uint64_t seed = 8785;
    int rounds = test_full ? 3000000 : 300000, differ = 0, good = 0;
    for (int i = 0; i < rounds; i++) {
        char text[128];
        const char *from = seeds[test_random_next(&seed) % (sizeof seeds / sizeof *seeds)];
        size_t len = strlen(from), changes = test_random_next(&seed) % 3;
        bool canonical;
        memcpy(text, from, len);
        for (size_t k = 0; k < changes; k++) {
            size_t at = test_random_next(&seed) % len, how = test_random_next(&seed) % 3;
            char c = likely[test_random_next(&seed) % sizeof likely]; /* its NUL, too */
            if (how == 0) memmove(text + at + 1, text + at, len++ - at);
            if (how == 1 && len > 1) memmove(text + at, text + at + 1, --len - at);
            if (how != 1) text[at] = c;
        }
        if (!canonical_agrees(text, len, &canonical)) differ++;
        if (differ == 1 && !canonical) printf("  they differ about %.*s\n", (int)len, text);
        if (canonical) good++;
    }
    CHECK(differ == 0);
    CHECK(good > rounds / 4 && good < rounds * 3 / 4);
}

TEST(values_are_counted)
{
    static const char text[] = "{\"a\":[1,[],{}],\"b\":\"x\"}"; /* six of them */
    struct arena a;
    const struct jv *v;
    arena_init(&a);
    CHECK_OK(json_parse_canonical(&v, &a, text, strlen(text), 4, 6));
    CHECK(json_parse_canonical(&v, &a, text, strlen(text), 4, 5) == ERR_INPUT);
    CHECK(json_parse_canonical(&v, &a, "1", 1, 0, 0) == ERR_INPUT);
    CHECK(json_parse_canonical(&v, &a, text, strlen(text), 1, 6) == ERR_INPUT); /* depth */
    CHECK(json_parse_canonical(&v, &a, "", 0, 1, 6) == ERR_INPUT);
    arena_release(&a);
}

TEST(malformed)
{
    REFUSED("");
    REFUSED(" ");
    REFUSED("{");
    REFUSED("[1,]");
    REFUSED("[,1]");
    REFUSED("{\"a\":1,}");
    REFUSED("{\"a\" 1}");
    REFUSED("{a:1}");
    REFUSED("{1:1}");
    REFUSED("'a'");
    REFUSED("[1}");
    REFUSED("]");
    REFUSED("tru");
    REFUSED("True");
    REFUSED("\"a");
    REFUSED("\"\\x41\"");
    REFUSED("\"\\u12g4\"");
    REFUSED("\"tab\there\"");
    REFUSED("\"line\nend\"");
    REFUSED("// 1\n1");
    REFUSED("\xef\xbb\xbf{}");
}

TEST(nothing_may_follow)
{
    REFUSED("{} {}");
    REFUSED("1 2");
    REFUSED("[]x");
    REFUSED("[]]");
    REFUSED("1\0");
    REFUSED("[]\0");
}

TEST(keys_come_once)
{
    REFUSED("{\"a\":1,\"a\":1}");
    REFUSED("{\"a\":1,\"\\u0061\":2}");
    REFUSED("[{\"x\":{\"b\":1,\"c\":1,\"b\":1}}]");
}

TEST(no_nul_anywhere)
{
    REFUSED("[1\0,2]");
    REFUSED("\"a\0b\"");
    REFUSED("\"a\\u0000b\"");
    REFUSED("{\"a\\u0000\":1}");
    REFUSED("\0");
}

TEST(depth)
{
    static char bomb[400000];
    CHECK_OK(parse("[[1]]", 5, 2, 0, false));
    CHECK(parse("[[1]]", 5, 1, 0, false) == ERR_INPUT);
    CHECK_OK(parse("1", 1, 0, 0, false));
    CHECK_OK(parse("[[],[],\"[[[[\\\"[[\",[]]", 21, 2, 0, false));
    memset(bomb, '[', sizeof bomb);
    REFUSED_BYTES(bomb, sizeof bomb);
    for (size_t i = 0; i + 5 <= sizeof bomb; i += 5) memcpy(bomb + i, "{\"a\":", 5);
    REFUSED_BYTES(bomb, sizeof bomb);
    memset(bomb, ']', sizeof bomb);
    REFUSED_BYTES(bomb, sizeof bomb);
}

/* ---- UTF-8 ---- */

static const char *const bad_utf8[] = {"\x80", "\xbf", "\xc0\x80", "\xc0\xaf", "\xc1\xbf", "\xc2", "\xc2\x41",
    "\xe0\x80\x80", "\xe0\x9f\xbf", "\xe2\x82", "\xe2\x28\xa1", "\xed\xa0\x80", "\xed\xbf\xbf",
    "\xed\xa0\xbd\xed\xb8\x82", "\xf0\x80\x80\x80", "\xf0\x8f\xbf\xbf", "\xf0\x9f\x98", "\xf4\x90\x80\x80",
    "\xf5\x80\x80\x80", "\xf8\x88\x80\x80\x80", "\xfc\x84\x80\x80\x80\x80", "\xfe", "\xff"};

TEST(bad_utf8_is_refused)
{
    char text[32];
    for (size_t i = 0; i < sizeof bad_utf8 / sizeof *bad_utf8; i++) {
        CHECK(!utf8_valid(bad_utf8[i], strlen(bad_utf8[i])));
        REFUSED_BYTES(text, (size_t)snprintf(text, sizeof text, "\"a%sb\"", bad_utf8[i]));
        REFUSED_BYTES(text, (size_t)snprintf(text, sizeof text, "{\"%s\":1}", bad_utf8[i]));
    }
    REFUSED("\"\\ud83d\"");
    REFUSED("\"\\ude02\"");
    REFUSED("\"\\ude02\\ud83d\"");
    REFUSED("\"\\ud83dx\"");
}

static size_t encode(char *out, uint32_t c)
{
    if (c < 0x80) return (size_t)sprintf(out, "%c", (int)c);
    if (c < 0x800) return (size_t)sprintf(out, "%c%c", (int)(0xc0 | c >> 6), (int)(0x80 | (c & 63)));
    if (c < 0x10000)
        return (size_t)sprintf(
            out, "%c%c%c", (int)(0xe0 | c >> 12), (int)(0x80 | (c >> 6 & 63)), (int)(0x80 | (c & 63)));
    return (size_t)sprintf(out, "%c%c%c%c", (int)(0xf0 | c >> 18), (int)(0x80 | (c >> 12 & 63)),
        (int)(0x80 | (c >> 6 & 63)), (int)(0x80 | (c & 63)));
}

TEST(every_code_point_decodes)
{
    size_t wrong = 0;
    for (uint32_t c = 1; c <= 0x10ffff; c++) {
        char text[8];
        const char *at = text;
        size_t len = encode(text, c);
        bool surrogate = c >= 0xd800 && c <= 0xdfff;
        if (utf8_valid(text, len) == surrogate) wrong++;
        if (!surrogate && (utf8_next(&at) != c || at != text + len || utf8_next(&at) != 0)) wrong++;
    }
    CHECK(wrong == 0);
}

TEST(nul_is_not_utf8_text)
{
    CHECK(!utf8_valid("a\0b", 3));
    CHECK(utf8_valid("", 0));
}

/* utf8_valid and jansson agree on random bytes. */
TEST(utf8_agrees_with_jansson)
{
    uint64_t seed = 8785;
    int rounds = test_full ? 1000000 : 100000, differ = 0, good = 0;
    for (int i = 0; i < rounds; i++) {
        static const unsigned char likely[] = {
            0x41, 0x80, 0xbf, 0xc2, 0xdf, 0xe0, 0xed, 0xef, 0xf0, 0xf4, 0x9f, 0xa0};
        char text[8] = "\"";
        size_t len = 1 + test_random_next(&seed) % 4;
        for (size_t j = 1; j <= len; j++) text[j] = (char)likely[test_random_next(&seed) % sizeof likely];
        text[len + 1] = '"';
        json_t *j = json_loadb(text, len + 2, JSON_DECODE_ANY, NULL);
        if (utf8_valid(text + 1, len) != (j != NULL)) differ++;
        if (j) good++;
        json_decref(j);
    }
    CHECK(differ == 0);
    CHECK(good > rounds / 100);
}

TEST(letters_and_digits)
{
    static const uint32_t in[] = {'0', '9', 'A', 'z', 0xaa, 0xb5, 0xe9, 0x3b1, 0x416, 0x5d0, 0x661, 0x967,
        0x3005, 0x3042, 0x4e00, 0x8bb0, 0x9fff, 0xac00, 0xff21, 0xffdc};
    static const uint32_t not_in[] = {0, ' ', '_', '-', '/', ':', '@', '[', '`', '{', 0x7f, 0xa0, 0xb2, 0xd7,
        0xf7, 0x300, 0x200b, 0x202e, 0x2160, 0x3000, 0x3002, 0xd800, 0xe000, 0xfeff, 0xff0f, 0xffff, 0x1f602,
        0x20000};
    for (size_t i = 0; i < sizeof in / sizeof *in; i++) CHECK(unicode_is_alnum(in[i]));
    for (size_t i = 0; i < sizeof not_in / sizeof *not_in; i++) CHECK(!unicode_is_alnum(not_in[i]));
}

/* ---- building and reading ---- */

TEST(building)
{
    struct arena a;
    struct buf b;
    arena_init(&a);
    buf_init(&b, 4096);
    struct jv *list = jv_array(&a), *o = jv_object(&a);
    CHECK_OK(jv_put_str(&a, o, "name", "甲\n"));
    CHECK_OK(jv_put_int(&a, o, "n", -3));
    CHECK_OK(jv_put_str(&a, o, "gone", NULL));
    CHECK_OK(jv_put_int(&a, o, "n", 4));
    for (int i = 0; i < 20; i++) CHECK_OK(jv_push(&a, list, jv_int(&a, i)));
    CHECK_OK(jv_put(&a, o, "list", list));
    CHECK_OK(jv_put(&a, o, "yes", jv_bool(&a, true)));
    json_write(&b, o);
    CHECK_STR(buf_str(&b), "{\"gone\":null,\"list\":[0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19],"
                           "\"n\":4,\"name\":\"甲\\n\",\"yes\":true}");
    CHECK(jv_push(&a, list, NULL) != 0 && jv_put(&a, NULL, "x", list) != 0 && jv_put(&a, o, "x", NULL) != 0);
    buf_release(&b);
    arena_release(&a);
}

TEST(objects_stay_sorted_while_they_grow)
{
    struct arena a;
    uint64_t seed = 1;
    arena_init(&a);
    struct jv *o = jv_object(&a);
    for (int i = 0; i < 1000; i++) {
        char key[16];
        int n = (int)(test_random_next(&seed) % 500);
        snprintf(key, sizeof key, "k%d", n);
        CHECK_OK(jv_put_int(&a, o, key, n));
        CHECK(jv_get_int(o, key, -1) == n);
    }
    for (size_t i = 1; i < o->len; i++) CHECK(strcmp(o->keys[i - 1], o->keys[i]) < 0);
    CHECK(o->len > 400 && o->len <= 500);
    arena_release(&a);
}

TEST(reading_forgives)
{
    static const char text[] = "{\"i\":5,\"s\":\"x\",\"t\":true,\"z\":null}";
    struct arena a;
    const struct jv *o;
    arena_init(&a);
    CHECK_OK(json_parse(&o, &a, text, strlen(text), 4, 0));
    CHECK_STR(jv_get_str(o, "s"), "x");
    CHECK(jv_get_int(o, "i", 0) == 5 && jv_get_int(o, "s", 7) == 7 && jv_get_int(o, "none", 8) == 8);
    CHECK(jv_get_bool(o, "t") && !jv_get_bool(o, "s") && !jv_get_bool(o, "none"));
    CHECK(
        !jv_get(o, "none") && !jv_get(NULL, "x") && !jv_get(jv_get(o, "s"), "x") && !jv_str(jv_get(o, "z")));
    arena_release(&a);
}

TEST(equality)
{
    static const char *const texts[] = {"null", "true", "false", "0", "1", "\"\"", "\"1\"", "[]", "[1]",
        "[1,2]", "{}", "{\"a\":1}", "{\"a\":2}", "{\"b\":1}", "[{}]", "[[]]"};
    enum { COUNT = sizeof texts / sizeof *texts };
    const struct jv *x[COUNT], *y[COUNT];
    struct arena a;
    arena_init(&a);
    for (int i = 0; i < COUNT; i++) {
        CHECK_OK(json_parse(&x[i], &a, texts[i], strlen(texts[i]), 4, 0));
        CHECK_OK(json_parse(&y[i], &a, texts[i], strlen(texts[i]), 4, 0));
    }
    for (int i = 0; i < COUNT; i++)
        for (int j = 0; j < COUNT; j++) CHECK(jv_equal(x[i], y[j]) == (i == j));
    CHECK(!jv_equal(x[0], NULL));
    arena_release(&a);
}

TEST(values_outlive_the_text)
{
    char text[] = "{\"key\":\"value\"}";
    struct arena a;
    const struct jv *v;
    arena_init(&a);
    CHECK_OK(json_parse(&v, &a, text, strlen(text), 4, 0));
    memset(text, 'x', sizeof text);
    CHECK_STR(jv_get_str(v, "key"), "value");
    arena_release(&a);
}

int main(int argc, char **argv)
{
    return test_main(argc, argv);
}
