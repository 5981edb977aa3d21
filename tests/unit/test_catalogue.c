/* Clause catalogues: the strict CSV, OSCAL against a naive count, and the way into a record and back. */
#include "satchel/scheme/catalogue.h"
#include "satchel/scheme/embedded.h"

#include "test.h"

#define HEAD                                                                                                 \
    "id,parent,title_zh,title_en,kind,min_level,max_level,directions,decisive,departments,methods,"          \
    "guidance\n"

static struct arena arena;

static struct catalogue read_csv(const char *text)
{
    struct catalogue c = {0};
    err_clear();
    arena_init(&arena);
    CHECK_OK(catalogue_from_csv(&c, &arena, text, strlen(text)));
    return c;
}

static bool refuses_csv(const char *text, size_t len, const char *words)
{
    struct catalogue c;
    arena_init(&arena);
    int rc = catalogue_from_csv(&c, &arena, text, len);
    arena_release(&arena);
    return rc == ERR_INPUT && strstr(err_message(), words);
}

static struct catalogue read_oscal(const char *text, size_t *withdrawn)
{
    struct catalogue c = {0};
    arena_init(&arena);
    CHECK_OK(catalogue_from_oscal(&c, &arena, text, strlen(text), withdrawn));
    return c;
}

static bool refuses_oscal(const char *text)
{
    struct catalogue c;
    size_t withdrawn;
    arena_init(&arena);
    int rc = catalogue_from_oscal(&c, &arena, text, strlen(text), &withdrawn);
    arena_release(&arena);
    return rc == ERR_INPUT;
}

/* `text` is a whole table; it must be refused for `words`. */
#define CSV_BAD(text, words) CHECK(refuses_csv(HEAD text, sizeof(HEAD text) - 1, words))

/* ---- CSV ---- */

TEST(the_sample_has_13_clauses_4_departments_2_directions)
{
    const struct embedded *file = embedded_find("bjcsa-02-2022/catalogue.csv");
    struct catalogue c = {0};
    arena_init(&arena);
    CHECK(file);
    CHECK_OK(catalogue_from_csv(&c, &arena, file->data, file->size));
    CHECK(c.len - c.groups == 13 && c.groups == 3);
    size_t decisive = 0, with_direction = 0;
    for (size_t i = 0; i < c.len; i++) {
        decisive += c.clauses[i].decisive;
        with_direction += c.clauses[i].directions != NULL;
    }
    CHECK(decisive == 2 && with_direction == 4);
    CHECK(catalogue_clause(&c, "B2")->decisive && catalogue_clause(&c, "B3")->decisive);
    CHECK_STR(catalogue_clause(&c, "RA1")->directions[0], "风险评估");
    CHECK_STR(catalogue_clause(&c, "A1")->departments[1], "D4");
    CHECK_STR(catalogue_clause(&c, "A1")->parent, "BQ");
    CHECK(!catalogue_clause(&c, "Z9"));
    arena_release(&arena);
}

TEST(quotes_line_ends_and_bom)
{
    struct catalogue c =
        read_csv("\xef\xbb\xbf" HEAD "G,,组,\"Group, \"\"one\"\"\",group,,,*,0,*,,\"two\nlines\"\r\n"
                 "B2,G,二,Two,clause,2,3,风险评估;ER,1,D1;D2,records;site,");
    CHECK(c.len == 2 && c.groups == 1);
    CHECK_STR(c.clauses[0].title_en, "Group, \"one\"");
    CHECK_STR(c.clauses[0].guidance, "two\nlines");
    CHECK(c.clauses[0].min_level == 0 && c.clauses[0].max_level == CLAUSE_ANY_LEVEL);
    CHECK(c.clauses[1].min_level == 2 && c.clauses[1].max_level == 3 && c.clauses[1].directions_len == 2);
    CHECK_STR(c.clauses[1].directions[1], "ER");
    CHECK_STR(c.clauses[1].methods, "records;site");
    arena_release(&arena);
}

TEST(csv_is_strict)
{
    CSV_BAD("A,,甲,A,clause,1,4,*,0,*,,\"x\"y\n", "line 2: text follows a closing quote");
    CSV_BAD("A,,甲,A,clause,1,4,*,0,*,,\"x\n", "line 2: a quoted field has no end");
    CSV_BAD("A,,甲,A\"b,clause,1,4,*,0,*,,x\n", "must be quoted");
    CSV_BAD("A,,甲,A\rb,clause,1,4,*,0,*,,x\n", "must be quoted");
    CSV_BAD("A,,甲,A,clause,1,4,*,0,*,\n", "line 2: a record has 11 fields, not 12");
    CSV_BAD("A,,甲,A,clause,1,4,*,0,*,,,\n", "line 2: a record has 13 fields, not 12");
    CSV_BAD("A,,甲,A,clause,1,4,*,0,*,,\n\n", "line 3: a record has 1 fields");
    CSV_BAD("A,,甲,A,clause,1,4,*,0,*,,\"1\n2\"\nA,,甲,A,clause,1,4,*,0,*,,\n",
        "line 4: clause 'A' is there twice");
    CSV_BAD(
        "A,B,甲,A,clause,1,4,*,0,*,,\nB,,乙,B,clause,1,4,*,0,*,,\n", "parent 'B', which is not before it");
    CSV_BAD("A,,甲,A,section,1,4,*,0,*,,\n", "column 'kind' has 'section'");
    CSV_BAD("A,,甲,A,clause,4,1,*,0,*,,\n", "levels that are not a range");
    CSV_BAD("A,,甲,A,clause,-1,4,*,0,*,,\n", "column 'min_level'");
    CSV_BAD("A,,甲,A,clause,1,4,*,yes,*,,\n", "column 'decisive' has 'yes'");
    CSV_BAD("A,,甲,A,clause,1,4,,0,*,,\n", "column 'directions'");
    CSV_BAD("A,,甲,A,clause,1,4,x y,0,*,,\n", "direction 'x y'");
    CSV_BAD("A,,甲,A,clause,1,4,x;,0,*,,\n", "direction ''");
    CSV_BAD("A B,,甲,A,clause,1,4,*,0,*,,\n", "clause id 'A B'");
    CSV_BAD("A,,甲,,clause,1,4,*,0,*,,\n", "needs a title in both languages");
    CSV_BAD("A,,\xff,A,clause,1,4,*,0,*,,\n", "not valid UTF-8");
    CSV_BAD("A,,甲,A\0,clause,1,4,*,0,*,,\n", "not valid UTF-8");
    CSV_BAD("G,,组,G,group,1,4,*,0,*,,\n", "no clauses");
    CSV_BAD("", "no clauses");
    CHECK(refuses_csv("", 0, "line 1"));
    CHECK(refuses_csv("id;parent\n", 10, "line 1"));
}

TEST(a_clause_applies_by_level_and_direction)
{
    struct catalogue c = read_csv(HEAD "A,,甲,A,clause,2,3,*,0,*,,\nR,,乙,R,clause,,,x,0,D1,,\n");
    const char *x[] = {"x"}, *yz[] = {"y", "z"};
    CHECK(clause_applies(&c.clauses[0], 2, x, 1) && clause_applies(&c.clauses[0], 0, NULL, 0));
    CHECK(!clause_applies(&c.clauses[0], 1, x, 1) && !clause_applies(&c.clauses[0], 4, x, 1));
    CHECK(clause_applies(&c.clauses[1], 4, x, 1) && !clause_applies(&c.clauses[1], 4, yz, 2));
    CHECK(clause_for_department(&c.clauses[1], "D1") && !clause_for_department(&c.clauses[1], "D2"));
    arena_release(&arena);
}

/* ---- into a record and back ---- */

TEST(as_json_and_back)
{
    const struct embedded *file = embedded_find("bjcsa-02-2022/catalogue.csv");
    struct catalogue c, again;
    struct buf first, second;
    arena_init(&arena);
    buf_init(&first, BUF_UNLIMITED);
    buf_init(&second, BUF_UNLIMITED);
    CHECK_OK(catalogue_from_csv(&c, &arena, file->data, file->size));
    c.sample = true;
    c.title = "样例目录";
    const struct jv *v = catalogue_json(&arena, &c);
    CHECK_OK(catalogue_from_json(&again, &arena, v));
    json_write(&first, v);
    json_write(&second, catalogue_json(&arena, &again));
    CHECK_STR(buf_str(&first), buf_str(&second));
    CHECK(again.sample && again.len == c.len && again.groups == c.groups);
    buf_release(&first);
    buf_release(&second);
    arena_release(&arena);
}

static bool refuses_json(const char *text)
{
    struct catalogue c;
    const struct jv *v = NULL;
    arena_init(&arena);
    CHECK_OK(json_parse(&v, &arena, text, strlen(text), 8, JSON_STRICT));
    int rc = catalogue_from_json(&c, &arena, v);
    arena_release(&arena);
    return rc == ERR_INPUT;
}

TEST(json_is_strict)
{
    CHECK(refuses_json("{\"clauses\":[],\"title\":\"t\"}"));
    CHECK(refuses_json("{\"clauses\":[{\"id\":\"A\",\"title_en\":\"a\"}],\"title\":\"t\"}"));
    CHECK(refuses_json(
        "{\"clauses\":[{\"id\":\"A\",\"title_en\":\"a\",\"title_zh\":\"a\",\"more\":1}],\"title\":\"t\"}"));
    CHECK(
        refuses_json("{\"clauses\":[{\"id\":\"A\",\"title_en\":\"a\",\"title_zh\":\"a\",\"directions\":[1]}],"
                     "\"title\":\"t\"}"));
    CHECK(!refuses_json(
        "{\"clauses\":[{\"id\":\"A\",\"title_en\":\"a\",\"title_zh\":\"a\"}],\"title\":\"t\"}"));
    CHECK(refuses_json("[]"));
}

/* ---- OSCAL ---- */

#define OSCAL(body) "{\"catalog\":{\"uuid\":\"x\",\"metadata\":{\"title\":\"T\",\"n\":1.5}," body "}}"
#define CONTROL(id, more) "{\"id\":\"" id "\",\"title\":\"" id "\"" more "}"

TEST(withdrawn_controls_are_left_out_and_counted)
{
    size_t withdrawn = 0;
    struct catalogue c = read_oscal(
        OSCAL("\"groups\":[{\"id\":\"g\",\"title\":\"G\",\"controls\":[" CONTROL("a", "") "," CONTROL("b",
            ",\"props\":[{\"name\":\"label\",\"value\":\"B\"},{\"name\":\"Status\",\"value\":\"Withdrawn\"}],"
            "\"controls\":[" CONTROL("b.1", "") "," CONTROL(
                "b.2", ",\"props\":[{\"name\":\"status\",\"value\":\"withdrawn\"}]") "]") "," CONTROL("c",
            ",\"props\":[{\"name\":\"status\",\"value\":\"active\"}]") "]}]"),
        &withdrawn);
    CHECK(withdrawn == 2 && c.len == 4 && c.groups == 1);
    CHECK(!catalogue_clause(&c, "b") && !catalogue_clause(&c, "b.2"));
    CHECK_STR(catalogue_clause(&c, "b.1")->parent, "g");
    arena_release(&arena);
}

TEST(parameters_are_inserted_by_label)
{
    size_t withdrawn;
    struct catalogue c =
        read_oscal(OSCAL("\"controls\":[" CONTROL("a",
                       ",\"params\":[{\"id\":\"p\",\"label\":\"a "
                       "day\"},{\"id\":\"s\",\"select\":{\"choice\":[\"x {{insert: param,p}}\",\"y\"]}},"
                       "{\"id\":\"loop\",\"label\":\"{{ insert: param, loop "
                       "}}\"},{\"id\":\"v\",\"values\":[\"7\"]},{\"id\":\"bare\"}],"
                       "\"parts\":[{\"name\":\"overview\",\"prose\":\"no\"},{\"name\":\"statement\","
                       "\"prose\":\"Each {{ insert: param, p }}:\","
                       "\"parts\":[{\"name\":\"item\",\"props\":[{\"name\":\"label\",\"value\":\"a.\"}],"
                       "\"prose\":\"{{ insert: param, s }}; {{ insert: param, v }}\"}]},"
                       "{\"name\":\"guidance\",\"prose\":\"{{ insert: param, bare }} {{ x }} {{ insert: "
                       "param, loop }}{\"}]") "]"),
            &withdrawn);
    CHECK_STR(c.clauses[0].guidance, "Each a day:\n  a. x a day; y; 7\nbare {{ x }} loop{");
    arena_release(&arena);
}

/* Each label names the next one twenty times: 20^7 inserts, if nobody counted. */
TEST(labels_that_multiply_are_refused)
{
    struct buf b;
    buf_init(&b, BUF_UNLIMITED);
    buf_adds(&b, "{\"catalog\":{\"metadata\":{\"title\":\"T\"},\"controls\":[{\"id\":\"a\","
                 "\"title\":\"{{ insert: param, p0 }}\",\"params\":[{\"id\":\"p7\",\"label\":\"\"}");
    for (int i = 0; i < 7; i++) {
        buf_addf(&b, ",{\"id\":\"p%d\",\"label\":\"", i);
        for (int k = 0; k < 20; k++) buf_addf(&b, "{{ insert: param, p%d }}", i + 1);
        buf_adds(&b, "\"}");
    }
    buf_adds(&b, "]}]}}");
    CHECK(refuses_oscal(buf_str(&b)));
    buf_release(&b);
}

TEST(oscal_is_checked)
{
    CHECK(refuses_oscal("{}"));
    CHECK(refuses_oscal("{\"profile\":{\"metadata\":{\"title\":\"T\"}}}"));
    CHECK(refuses_oscal(OSCAL("\"controls\":[]")));
    CHECK(refuses_oscal(OSCAL("\"controls\":{}")));
    CHECK(refuses_oscal(OSCAL("\"controls\":[{\"id\":\"a\"}]")));
    CHECK(refuses_oscal(OSCAL("\"controls\":[{\"title\":\"a\"}]")));
    CHECK(refuses_oscal(OSCAL("\"controls\":[" CONTROL("a", "") "," CONTROL("a", "") "]")));
    CHECK(refuses_oscal(OSCAL("\"controls\":[null]")));
    CHECK(!refuses_oscal(
        OSCAL("\"controls\":[" CONTROL("a", ",\"props\":5,\"parts\":\"x\",\"params\":[1]") "]")));
}

/* ---- the public catalogues ---- */

static const char *read_shared(const char *name, size_t *len)
{
    char path[1024];
    const char *shared = getenv("SATCHEL_SHARED");
    snprintf(path, sizeof path, "%s/data/oscal/%s", shared ? shared : "../shared", name);
    FILE *f = fopen(path, "rb");
    if (!f) return NULL;
    char *text = calloc(1, 4 << 20);
    *len = fread(text, 1, (4 << 20) - 1, f);
    fclose(f);
    return text;
}

/* Independent of the reader: objects that stand in a list named "controls" or "groups", anywhere. */
static size_t count(const struct jv *v, const char *list)
{
    size_t n = 0;
    if (v->type != JV_ARRAY && v->type != JV_OBJECT) return 0;
    for (size_t i = 0; i < v->len; i++) {
        if (v->type == JV_OBJECT && strcmp(v->keys[i], list) == 0) n += v->items[i]->len;
        n += count(v->items[i], list);
    }
    return n;
}

static void check_file(const char *text, size_t len, struct catalogue *c)
{
    size_t withdrawn = 99;
    const struct jv *v = NULL;
    arena_init(&arena);
    CHECK_OK(catalogue_from_oscal(c, &arena, text, len, &withdrawn));
    CHECK_OK(json_parse(&v, &arena, text, len, 64, JSON_FLOATS_TO_STRING));
    CHECK(withdrawn == 0);
    CHECK(c->len - c->groups == count(v, "controls") && c->groups == count(v, "groups"));
    for (size_t i = 0; i < c->len; i++) CHECK(!strstr(c->clauses[i].guidance, "insert: param"));
}

TEST(oscal_basic)
{
    struct catalogue c = {0};
    size_t len;
    const char *text = read_shared("basic-catalog.json", &len);
    if (!text) SKIP("no shared data");
    check_file(text, len, &c);
    CHECK(c.len - c.groups == 4 && c.groups == 4);
    CHECK_STR(catalogue_clause(&c, "s1.1.1")->parent, "s1.1");
    CHECK(strstr(catalogue_clause(&c, "s1.1.1")->guidance, "assigned to a choice from a selection."));
    arena_release(&arena);
    free((void *)text);
}

TEST(oscal_nist_low)
{
    struct catalogue c = {0};
    struct buf value;
    size_t len;
    const char *text = read_shared("nist-800-53-rev5-low.json", &len);
    if (!text) SKIP("no shared data");
    check_file(text, len, &c);
    CHECK(c.len - c.groups == 149 && c.groups == 18);
    CHECK_STR(catalogue_clause(&c, "ia-2.12")->parent, "ia-2");
    CHECK(strstr(catalogue_clause(&c, "ac-1")->guidance,
        "a. Develop, document, and disseminate to organization-defined personnel or roles:\n  1. "
        "organization-level;"));
    buf_init(&value, BUF_UNLIMITED);
    json_write(&value, catalogue_json(&arena, &c));
    CHECK(value.len < 1 << 20); /* one entry's limit */
    buf_release(&value);
    arena_release(&arena);
    free((void *)text);
}

int main(int argc, char **argv)
{
    return test_main(argc, argv);
}
