/* What a record still needs: "required" and "required_if", held against its values. */
#include "satchel/replica/needs.h"
#include "scene.h"

#define FIELD(name, type, more) "{\"name\":\"" name "\",\"type\":\"" type "\"" more "}"
#define IF(conditions) ",\"required_if\":" conditions

static const char form_here[] =
    "{\"form\":\"finding\",\"in\":\"case\",\"writers\":[\"auditor\"],\"fields\":[" FIELD(
        "always", "text", ",\"required\":true") "," FIELD("free", "text", "") "," FIELD("kind", "choice",
        ",\"choices\":[{\"value\":\"a\"},{\"value\":\"b\"},{\"value\":\"c\"}]") "," FIELD("closed", "date",
        "") "," FIELD("yes", "bool", "") "," FIELD("tags", "set",
        ",\"of\":\"text\",\"required\":true") "," FIELD("data", "set",
        ",\"of\":\"json\",\"required\":true") "," FIELD("if_kind", "text",
        IF("{\"field\":\"kind\",\"is\":[\"a\",\"b\"]}")) "," FIELD("if_yes", "text",
        IF("{\"field\":\"yes\",\"is\":[true]}")) "," FIELD("if_closed", "text",
        IF("{\"field\":\"closed\",\"is_set\":true}")) "," FIELD("if_open", "text",
        IF("{\"field\":\"closed\",\"is_set\":false}")) "," FIELD("if_tagged", "text",
        IF("{\"field\":\"tags\",\"is_set\":true}")) "," FIELD("if_both", "text",
        IF("[{\"field\":\"kind\",\"is\":[\"a\"]},{\"field\":\"closed\",\"is_set\":true}]")) "]}";

/* Is the field missing after what was said of record A1? */
static bool missing_after(const char *name, const char *const *lines, size_t len)
{
    struct scene s;
    struct forms *forms;
    const char *member;
    scene_init(&s);
    for (size_t i = 0; i < len; i++) scene_say(&s, lines[i]);
    CHECK_OK(forms_new(&forms));
    CHECK_OK(forms_add(forms, form_here, strlen(form_here), true));
    const struct form_field *f = form_field(forms_current(forms, "finding"), name, &member);
    bool missing = form_field_missing(f, fold_record(s.fold, NULL, scene_record(&s, "finding", "A1")));
    forms_free(forms);
    scene_release(&s);
    return missing;
}

#define MISSING(name, ...)                                                                                   \
    missing_after(name, (const char *const[]){__VA_ARGS__},                                                  \
        sizeof((const char *const[]){__VA_ARGS__}) / sizeof(const char *))

TEST(a_required_field_must_say_something)
{
    CHECK(MISSING("always", "a: A A1 + free=x") && !MISSING("always", "a: A A1 + always=x"));
    CHECK(MISSING("always", "a: A A1 + always=\"\"") && MISSING("always", "a: A A1 + always=null"));
    CHECK(MISSING("always", "a: A A1 + always=x", "b: A A1 always=null<a"));
    CHECK(!MISSING("free", "a: A A1 + always=x"));
}

TEST(a_set_needs_a_member)
{
    CHECK(MISSING("tags", "a: A A1 + free=x") && !MISSING("tags", "a: A A1 + tags.x=true"));
    CHECK(MISSING("tags", "a: A A1 + tags.x=false") &&
          MISSING("tags", "a: A A1 + tags.x=true", "b: A A1 tags.x=null<a"));
    CHECK(!MISSING("data", "a: A A1 + data.x=1") && !MISSING("data", "a: A A1 + data.x=false"));
}

TEST(a_condition_on_values)
{
    CHECK(MISSING("if_kind", "a: A A1 + kind=a") && MISSING("if_kind", "a: A A1 + kind=b"));
    CHECK(!MISSING("if_kind", "a: A A1 + kind=c") && !MISSING("if_kind", "a: A A1 + free=x"));
    CHECK(!MISSING("if_kind", "a: A A1 + kind=a if_kind=x"));
    CHECK(MISSING("if_yes", "a: A A1 + yes=true") && !MISSING("if_yes", "a: A A1 + yes=false"));
}

TEST(a_condition_on_what_is_given)
{
    CHECK(MISSING("if_closed", "a: A A1 + closed=2026-01-01") && !MISSING("if_closed", "a: A A1 + free=x"));
    CHECK(!MISSING("if_open", "a: A A1 + closed=2026-01-01") && MISSING("if_open", "a: A A1 + free=x"));
    CHECK(MISSING("if_open", "a: A A1 + closed=2026-01-01", "b: A A1 closed=null<a"));
    CHECK(MISSING("if_tagged", "a: A A1 + tags.x=true") && !MISSING("if_tagged", "a: A A1 + tags.x=false"));
}

TEST(all_conditions_must_hold)
{
    CHECK(MISSING("if_both", "a: A A1 + kind=a closed=2026-01-01"));
    CHECK(
        !MISSING("if_both", "a: A A1 + kind=a") && !MISSING("if_both", "a: A A1 + kind=b closed=2026-01-01"));
}

TEST(what_is_in_conflict_asks_for_more)
{
    CHECK(MISSING("if_kind", "a: A A1 + free=x", "b: A A1 kind=c", "c: B A1 kind=a"));
    CHECK(!MISSING("if_kind", "a: A A1 + kind=a", "b: A A1 kind=c<a", "c: B A1 kind=c<a"));
    CHECK(!MISSING("always", "a: A A1 + free=x", "b: A A1 always=x", "c: B A1 always=y"));
}

int main(int argc, char **argv)
{
    return test_main(argc, argv);
}
