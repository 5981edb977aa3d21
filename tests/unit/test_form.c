#include "satchel/base/text.h"
#include "satchel/replica/form.h"
#include "test.h"

#define FIELD(name, type) "{\"name\":\"" name "\",\"type\":\"" type "\"}"
#define FORM(type, fields)                                                                                   \
    "{\"form\":\"" type                                                                                      \
    "\",\"in\":\"case\",\"title\":{\"en\":\"T\"},\"writers\":[\"auditor\"],\"fields\":[" fields "]}"

static const char finding[] =
    FORM("finding", "{\"name\":\"grade\",\"type\":\"choice\",\"required_at\":\"create\",\"label\":{\"en\":"
                    "\"Grade\",\"zh\":\"等级\"},"
                    "\"choices\":[{\"value\":\"major\",\"label\":{\"en\":\"Major\"}},{\"value\":\"minor\"}]},"
                    "{\"name\":\"audit\",\"type\":\"link\",\"to\":[\"audit\"],\"required\":true},"
                    "{\"name\":\"of\",\"type\":\"set\",\"of\":\"link\",\"to\":[\"sample\",\"finding\"]},"
                    "{\"name\":\"directions\",\"type\":\"set\",\"of\":\"choice\",\"choices\":[{\"value\":"
                    "\"a\"},{\"value\":\"b\"}]},"
                    "{\"name\":\"tags\",\"type\":\"set\",\"of\":\"text\"},"
                    "{\"name\":\"form\",\"type\":\"set\",\"of\":\"json\"},"
                    "{\"name\":\"who\",\"type\":\"link\",\"to\":[\"person\"]}," FIELD(
                        "fact", "text") "," FIELD("count", "int") "," FIELD("closed",
                        "date") "," FIELD("when", "time") "," FIELD("ok", "bool") "," FIELD("data", "json"));

static struct forms *forms_of(const char *json)
{
    struct forms *f;
    CHECK_OK(forms_new(&f));
    CHECK_OK(forms_add(f, json, strlen(json), true));
    return f;
}

/* Is `json` a value for the field? */
static bool takes(const char *field, const char *json)
{
    struct forms *f = forms_of(finding);
    struct arena a;
    const struct jv *v;
    arena_init(&a);
    CHECK_OK(json_parse(&v, &a, json, strlen(json), 8, JSON_STRICT));
    int rc = form_check_value(forms_current(f, "finding"), field, v);
    CHECK(rc == 0 || rc == ERR_INPUT);
    CHECK(rc == 0 || strstr(err_message(), field));
    arena_release(&a);
    forms_free(f);
    err_clear();
    return rc == 0;
}

TEST(texts_and_numbers)
{
    CHECK(
        takes("fact", "\"两行\\n\"") && takes("fact", "null") && !takes("fact", "1") && !takes("fact", "{}"));
    CHECK(takes("count", "-7") && !takes("count", "\"7\"") && !takes("count", "true"));
    CHECK(takes("ok", "true") && takes("ok", "false") && !takes("ok", "1") && !takes("ok", "\"true\""));
    CHECK(takes("data", "{\"a\":[1]}") && takes("data", "null"));
    CHECK(!takes("nothing", "1") && !takes("fact.x", "true") && !takes("", "1") && !takes("fac", "\"x\""));
}

TEST(dates_and_times)
{
    CHECK(takes("closed", "\"2026-02-28\"") && !takes("closed", "\"2026-02-29\"") &&
          !takes("closed", "\"today\""));
    CHECK(takes("when", "\"2026-02-28T10:00:00+08:00\"") && !takes("when", "\"2026-02-28\""));
}

TEST(choices_and_links)
{
    CHECK(takes("grade", "\"major\"") && !takes("grade", "\"Major\"") && !takes("grade", "true"));
    CHECK(takes("audit", "\"audit/kaaaaaaaaaaaa-1\"") && !takes("audit", "\"finding/kaaaaaaaaaaaa-1\""));
    CHECK(!takes("audit", "\"audit/1\"") && !takes("audit", "\"audit\""));
    CHECK(takes("who", "\"register:person/kaaaaaaaaaaaa-1\"") && takes("who", "\"person/kaaaaaaaaaaaa-1\""));
    CHECK(!takes("who", "\"register:kit/kaaaaaaaaaaaa-1\""));
}

TEST(sets)
{
    CHECK(takes("of.sample/kaaaaaaaaaaaa-1", "true") && takes("of.finding/kaaaaaaaaaaaa-1", "false"));
    CHECK(!takes("of.audit/kaaaaaaaaaaaa-1", "true") && !takes("of.x", "true") && !takes("of", "true"));
    CHECK(!takes("of.sample/kaaaaaaaaaaaa-1", "1") && takes("of.sample/kaaaaaaaaaaaa-1", "null"));
    CHECK(takes("directions.a", "true") && !takes("directions.c", "true") && !takes("directions.", "true"));
    CHECK(takes("tags.a.b", "true") && !takes("tags.", "true") && !takes("tags", "\"a\""));
    CHECK(takes("form.finding.0123456789abcdef", "{\"a\":1}"));
}

TEST(void_is_a_field_of_every_form)
{
    CHECK(
        takes("void", "true") && takes("void", "null") && !takes("void", "false") && !takes("void", "\"x\""));
    CHECK(!takes("void.x", "true"));
}

TEST(members_are_told_from_fields)
{
    struct forms *f = forms_of(finding);
    const char *member;
    CHECK_STR(form_field(forms_current(f, "finding"), "of.finding/k-1", &member)->name, "of");
    CHECK_STR(member, "finding/k-1");
    CHECK_STR(form_field(forms_current(f, "finding"), "grade", &member)->name, "grade");
    CHECK(member == NULL && form_field(forms_current(f, "finding"), "grade.x", &member) == NULL);
    forms_free(f);
}

TEST(the_name_is_the_hash_of_the_canonical_bytes)
{
    const char *spaced = "{ \"writers\": [], \"in\":\"case\", \"form\":\"x\",\n\"fields\": [] }";
    const char *tight = "{\"fields\":[],\"form\":\"x\",\"in\":\"case\",\"writers\":[]}";
    struct forms *f = forms_of(spaced), *g = forms_of(tight);
    unsigned char hash[SHA256_SIZE];
    char id[64] = "x@";
    sha256(hash, tight, strlen(tight));
    hex_write(id + 2, hash, 8);
    CHECK_STR(forms_current(f, "x")->id, id);
    CHECK_STR(forms_current(g, "x")->id, id);
    CHECK(forms_find(f, id) == forms_current(f, "x") && !forms_find(f, "x@0000000000000000"));
    forms_free(f);
    forms_free(g);
}

TEST(versions_live_side_by_side)
{
    const char *older = FORM("x", FIELD("a", "text")), *newer = FORM("x", FIELD("a", "int")),
               *other = FORM("b", "");
    struct forms *f = forms_of(newer);
    size_t len;
    CHECK_OK(forms_add(f, older, strlen(older), false));
    CHECK(forms_current(f, "x")->fields[0].kind == FIELD_INT);
    CHECK_OK(forms_add(f, older, strlen(older), true));
    CHECK_OK(forms_add(f, other, strlen(other), true));
    CHECK(forms_current(f, "x")->fields[0].kind == FIELD_TEXT);
    const struct form *const *list = forms_list(f, &len);
    CHECK(len == 2 && list[1] == forms_current(f, "x"));
    CHECK_STR(list[0]->type, "b");
    forms_free(f);
}

static bool refused(const char *json)
{
    struct forms *f;
    CHECK_OK(forms_new(&f));
    int rc = forms_add(f, json, strlen(json), true);
    CHECK(rc == 0 || (rc == ERR_INPUT && *err_message()));
    size_t len;
    forms_list(f, &len);
    CHECK((rc == 0) == (len == 1));
    forms_free(f);
    err_clear();
    return rc == ERR_INPUT;
}

TEST(faulty_forms_are_refused)
{
    CHECK(!refused(FORM("x", FIELD("a", "text"))));
    CHECK(refused("[]") && refused("{}") && refused("{") && refused("{\"form\":\"x\",\"fields\":[]}"));
    CHECK(refused(FORM("X", "")) && refused(FORM("", "")) && refused(FORM("x", "1")));
    CHECK(refused(FORM("x", FIELD("a", "number"))) && refused(FORM("x", FIELD("a", "set"))));
    CHECK(refused(FORM("x", FIELD("a", "choice"))) && refused(FORM("x", FIELD("a.b", "text"))));
    CHECK(refused(FORM("x", FIELD("void", "text"))) && refused(FORM("x", FIELD("_id", "text"))));
    CHECK(refused(FORM("x", FIELD("a", "text") "," FIELD("a", "int"))));
    CHECK(refused(FORM("x", "{\"name\":\"a\",\"type\":\"set\",\"of\":\"date\"}")));
    CHECK(refused(FORM("x", "{\"name\":\"a\",\"type\":\"link\",\"to\":[1]}")));
    CHECK(refused(FORM("x", "{\"name\":\"a\",\"type\":\"text\",\"required_at\":\"submit\"}")));
}

/* What creation lacks; "" when it is enough. */
static const char *lacks(const char *set)
{
    static char message[512];
    struct forms *f = forms_of(finding);
    struct arena a;
    const struct jv *v;
    arena_init(&a);
    err_clear();
    CHECK_OK(json_parse(&v, &a, set, strlen(set), 8, JSON_STRICT));
    int rc = form_check_create(forms_current(f, "finding"), v);
    snprintf(message, sizeof message, "%s", rc ? err_message() : "");
    arena_release(&a);
    forms_free(f);
    err_clear();
    return message;
}

TEST(what_creation_needs)
{
    CHECK_STR(lacks("{\"grade\":\"major\"}"), "");
    CHECK(strstr(lacks("{\"grade\":null}"), "grade=") && strstr(lacks("{\"gradex\":\"major\"}"), "grade="));
}

TEST(entries_are_held_to_their_form_and_place)
{
    struct forms *f = forms_of(finding);
    struct jv yes = {.type = JV_BOOL, .boolean = true};
    struct entry_field fields[] = {{.name = "ok", .value = &yes}, {.name = "of.x", .value = &yes}};
    struct entry e = {.case_name = "C-1", .fields = fields, .fields_len = 1};
    CHECK_OK(form_check_entry(forms_current(f, "finding"), &e));
    e.case_name = REGISTER_CASE;
    CHECK(form_check_entry(forms_current(f, "finding"), &e) == ERR_INPUT);
    e.case_name = "C-1";
    e.fields_len = 2;
    CHECK(form_check_entry(forms_current(f, "finding"), &e) == ERR_INPUT && strstr(err_message(), "of.x"));
    forms_free(f);
    err_clear();
}

TEST(a_fixed_field_is_set_where_the_record_is_made)
{
    struct forms *f =
        forms_of(FORM("x", "{\"name\":\"a\",\"type\":\"text\",\"fixed\":true}," FIELD("b", "text")));
    const struct form *x = forms_current(f, "x");
    struct jv none = {.type = JV_NULL};
    struct entry_field fields[] = {{.name = "b", .value = &none}, {.name = "a", .value = &none}};
    struct entry e = {.case_name = "C-1", .fields = fields, .fields_len = 2, .creates = true};
    CHECK(form_fixes(x, "a") && !form_fixes(x, "b") && !form_fixes(x, "void") && !form_fixes(x, "a.x"));
    CHECK_OK(form_check_entry(x, &e));
    e.creates = false;
    CHECK(form_check_entry(x, &e) == ERR_INPUT && strstr(err_message(), "'a'"));
    e.fields_len = 1;
    CHECK_OK(form_check_entry(x, &e));
    CHECK(refused(FORM("x", "{\"name\":\"a\",\"type\":\"text\",\"fixed\":\"yes\"}")));
    CHECK(refused(FORM("x", "{\"name\":\"a\",\"type\":\"set\",\"of\":\"text\",\"fixed\":true}")));
    forms_free(f);
    err_clear();
}

/* A form whose field "b" carries this beside its name and kind. */
#define WITH(more)                                                                                           \
    FORM("x", "{\"name\":\"b\",\"type\":\"text\"," more "}," FIELD("a", "text") "," FIELD(                   \
                  "n", "int") "," FIELD("j", "json") ",{\"name\":\"s\",\"type\":\"set\",\"of\":\"text\"},"   \
                                                     "{\"name\":\"c\",\"type\":\"choice\",\"choices\":[{"    \
                                                     "\"value\":\"x\"},{\"value\":\"y\"}]}")
#define IF(condition) WITH("\"required_if\":" condition)

TEST(conditions_name_other_fields)
{
    struct forms *f = forms_of(IF("[{\"field\":\"c\",\"is\":[\"x\",\"y\"]},{\"field\":\"s\",\"is_set\":true},"
                                  "{\"field\":\"a\",\"is_set\":false}]"));
    const struct form_field *b = &forms_current(f, "x")->fields[0];
    CHECK(b->conditions_len == 3 && !b->required && !b->required_at_create);
    CHECK_STR(b->conditions[0].field->name, "c");
    CHECK(b->conditions[0].values_len == 2 && b->conditions[1].values_len == 0);
    CHECK(b->conditions[1].is_set && !b->conditions[2].is_set);
    CHECK(forms_current(f, "x")->fields[1].conditions_len == 0);
    forms_free(f);
}

TEST(faulty_conditions_are_refused)
{
    CHECK(
        !refused(IF("{\"field\":\"n\",\"is\":[1,2]}")) && !refused(IF("{\"field\":\"j\",\"is_set\":true}")));
    CHECK(
        refused(IF("{\"field\":\"z\",\"is_set\":true}")) && refused(IF("{\"field\":\"b\",\"is_set\":true}")));
    CHECK(refused(IF("{\"field\":\"void\",\"is_set\":true}")) &&
          refused(IF("{\"field\":\"s.x\",\"is_set\":true}")));
    CHECK(refused(IF("{\"field\":\"c\",\"is\":[\"z\"]}")) && refused(IF("{\"field\":\"n\",\"is\":[\"1\"]}")));
    CHECK(refused(IF("{\"field\":\"c\",\"is\":[]}")) && refused(IF("{\"field\":\"c\",\"is\":[null]}")));
    CHECK(refused(IF("{\"field\":\"c\",\"is\":\"x\"}")) && refused(IF("{\"field\":\"c\",\"is_set\":1}")));
    CHECK(refused(IF("{\"field\":\"s\",\"is\":[\"x\"]}")) && refused(IF("{\"field\":\"j\",\"is\":[\"x\"]}")));
    CHECK(refused(IF("{\"field\":\"c\"}")) && refused(IF("{\"is_set\":true}")) && refused(IF("true")));
    CHECK(refused(IF("{\"field\":\"c\",\"is\":[\"x\"],\"is_set\":true}")) && refused(IF("[]")));
    CHECK(refused(IF("{\"field\":\"c\",\"is\":[\"x\"],\"not\":true}")) && refused(IF("[1]")));
    CHECK(refused(IF("{\"field\":\"c\",\"is_set\":true},\"required\":true")));
    CHECK(refused(IF("{\"field\":\"c\",\"is_set\":true},\"required_at\":\"create\"")));
}

TEST(writers_of_a_field_are_among_the_forms)
{
    struct forms *f = forms_of(WITH("\"writers\":[\"auditor\"]"));
    const struct form *x = forms_current(f, "x");
    CHECK(x->fields[0].writers_len == 1 && x->fields[1].writers_len == 0);
    CHECK_STR(x->fields[0].writers[0], "auditor");
    forms_free(f);
    CHECK(refused(WITH("\"writers\":[]")) && refused(WITH("\"writers\":[\"leader\"]")));
    CHECK(refused(WITH("\"writers\":\"auditor\"")) && refused(WITH("\"writers\":[1]")));
}

TEST(labels_speak_the_chosen_language)
{
    struct forms *f = forms_of(finding);
    const struct form *form = forms_current(f, "finding");
    CHECK_STR(label_text(&form->fields[0].label), "Grade");
    text_language(LANGUAGE_ZH);
    CHECK_STR(label_text(&form->fields[0].label), "等级");
    CHECK_STR(label_text(&form->title), "T");
    CHECK_STR(label_text(&form->fields[1].label), "");
    text_language(LANGUAGE_EN);
    forms_free(f);
}

int main(int argc, char **argv)
{
    return test_main(argc, argv);
}
