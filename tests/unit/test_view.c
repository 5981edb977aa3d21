/* The view: lists, names, titles and tables follow the fold. */
#include "scene.h"
#include "satchel/base/text.h"
#include "satchel/scheme/scheme.h"
#include "satchel/store/view.h"

static struct scene scene;
static struct schemes *schemes;
static struct forms *forms;
static struct view *view;
static struct arena arena;

static void begin(const char *const *lines, size_t len)
{
    arena_init(&arena);
    CHECK_OK(forms_new(&forms));
    CHECK_OK(schemes_new(&schemes, forms));
    scene_init(&scene);
    CHECK_OK(view_new_over(&view, scene.fold, forms));
    for (size_t i = 0; i < len; i++) scene_say(&scene, lines[i]);
}

static void end(void)
{
    view_free(view);
    scene_release(&scene);
    schemes_free(schemes);
    forms_free(forms);
    arena_release(&arena);
}

#define VIEW(...)                                                                                            \
    const char *lines[] = {__VA_ARGS__};                                                                     \
    begin(lines, sizeof lines / sizeof *lines)

/* finding/<kit of A>-1 of C-1 as "A1", of another case as "A1@C-2" */
static const char *brief(const struct view_hit *hit)
{
    char who = 'A';
    while (strncmp(strchr(hit->record, '/') + 1, scene.authors[who - 'A'].kit, 13) != 0) who++;
    bool usual = strcmp(hit->case_name, "C-1") == 0;
    return arena_printf(&arena, "%c%s%s%s", who, strrchr(hit->record, '-') + 1, usual ? "" : "@",
        usual ? "" : hit->case_name);
}

static const char *briefs(const struct view_hit *hits, size_t len)
{
    const char *text = "";
    for (size_t i = 0; i < len; i++)
        text = arena_printf(&arena, "%s%s%s", text, i ? " " : "", brief(&hits[i]));
    return text;
}

static const char *listed(const char *type, const char *case_name, const char *where, bool voided)
{
    struct view_hit *hits = NULL;
    const struct jv *v = NULL;
    size_t len = 0;
    if (where) CHECK_OK(json_parse(&v, &arena, where, strlen(where), 4, JSON_STRICT));
    CHECK_OK(view_list(view, type, case_name, v, voided, &arena, &hits, &len));
    return briefs(hits, len);
}

static const char *resolved(const char *text, const char *case_name)
{
    struct view_hit hit;
    int rc = view_resolve(view, text, case_name, &arena, &hit);
    return rc == ERR_MISSING ? "missing" : rc == ERR_INPUT ? "ambiguous" : rc ? "failed" : brief(&hit);
}

/* The first column of the first row. */
static const char *asked(const char *sql)
{
    struct db *d = view_db(view);
    struct db_stmt *s = d ? db_query(d, sql, "") : NULL;
    const char *text = s && db_row(s) && db_text(s, 0) ? arena_strdup(&arena, db_text(s, 0)) : "nothing";
    if (s) db_done(s);
    CHECK(d);
    if (d) CHECK_OK(db_error(d));
    return text;
}

/* ---- lists ---- */

TEST(lists_by_type_case_and_fields)
{
    VIEW("a: A A10 + grade=major", "b: A A2 + grade=minor clause=B2", "c: A A9 + grade=major clause=B2",
        "d: A A1 :audit + kind=onsite", "e: A A3 @B-7 + grade=major");
    CHECK_STR(listed(NULL, NULL, NULL, false), "A3@B-7 A1 A2 A9 A10");
    CHECK_STR(listed("finding", "C-1", NULL, false), "A2 A9 A10");
    CHECK_STR(listed("finding", "c-1", NULL, false), "A2 A9 A10");
    CHECK_STR(listed("finding", NULL, "{\"grade\":\"major\"}", false), "A3@B-7 A9 A10");
    CHECK_STR(listed("finding", NULL, "{\"clause\":\"B2\",\"grade\":\"major\"}", false), "A9");
    CHECK_STR(listed("finding", "C-1", "{\"clause\":null}", false), "A10");
    CHECK_STR(listed("finding", "Z", NULL, false), "");
    end();
}

TEST(lists_by_members_of_a_set)
{
    VIEW("a: A A1 + of.x=true", "b: A A2 + of.x=false fact=f", "c: A A3 + fact=f");
    CHECK_STR(listed("finding", NULL, "{\"of.x\":true}", false), "A1");
    CHECK_STR(listed("finding", NULL, "{\"of.x\":false}", false), "A2 A3");
    end();
}

TEST(voided_records_only_where_asked)
{
    VIEW("a: A A1 + grade=major", "b: A A1 void=true<a", "c: A A2 + grade=major", "d: B A2 void=true",
        "e: A A3 + grade=minor ?bad");
    CHECK_STR(listed("finding", NULL, NULL, false), "A2"); /* void in conflict counts as not voided */
    CHECK_STR(listed("finding", NULL, NULL, true), "A1 A2");
    end();
}

TEST(a_conflict_equals_nothing)
{
    VIEW("a: A A1 + grade=minor", "b: A A1 grade=major<a", "c: B A1 grade=observation<a");
    CHECK_STR(listed("finding", NULL, "{\"grade\":\"major\"}", false), "");
    CHECK_STR(listed("finding", NULL, "{\"grade\":null}", false), "");
    end();
}

/* ---- names ---- */

TEST(names_by_any_unambiguous_tail)
{
    VIEW("a: A A4 + grade=major", "b: A A104 + grade=minor", "c: B B7 + grade=minor",
        "d: B B7 @C-2 + grade=minor", "e: A A9 :person @register + name=x");
    const char *kit = scene.authors[0].kit;
    CHECK_STR(resolved(scene_record(&scene, "finding", "A104"), NULL), "A104");
    CHECK_STR(resolved(arena_printf(&arena, "%s-104", kit), NULL), "A104");
    CHECK_STR(resolved("104", NULL), "A104");
    CHECK_STR(resolved("04", NULL), "A104");
    CHECK_STR(resolved("4", NULL), "A4"); /* a whole part goes before an end of one */
    CHECK_STR(resolved("7", NULL), "ambiguous");
    CHECK(strstr(err_message(), "C-1") && strstr(err_message(), "C-2"));
    CHECK_STR(resolved("7", "C-2"), "B7@C-2");
    CHECK_STR(resolved("9", "C-1"), "missing");
    CHECK_STR(resolved(arena_printf(&arena, "register:person/%s-9", kit), "C-1"), "A9@register");
    CHECK_STR(resolved("finding/", NULL), "missing");
    CHECK_STR(resolved("", NULL), "ambiguous");
    end();
}

/* ---- tables and titles ---- */

#define TITLE "SELECT title FROM record"

TEST(titles_come_from_the_form)
{
    VIEW("a: A A1 :department + code=D3 name=项目部");
    CHECK_STR(asked(TITLE), "D3 项目部");
    scene_say(&scene, "b: A A1 :department name=null<a code=null<a");
    CHECK_STR(asked(TITLE), scene_record(&scene, "department", "A1"));
    end();
}

TEST(choices_in_titles_are_shown_by_label)
{
    text_language(LANGUAGE_ZH);
    VIEW("a: A A1 :audit + kind=surveillance start=2025-03-01");
    CHECK_STR(asked(TITLE), "监督审核 2025-03-01");
    text_language(LANGUAGE_EN);
    end();
}

TEST(tables_follow_the_fold)
{
    VIEW("a: A A1 + grade=minor clause=B2 of.x=true n=7");
    CHECK_STR(asked("SELECT group_concat(name || '=' || value) FROM (SELECT * FROM field ORDER BY name)"),
        "clause=B2,grade=minor,n=7,of.x=true");
    CHECK_STR(
        asked("SELECT type || ' ' || number || ' ' || case_name || ' ' || void || conflicts FROM record"),
        "finding 1 C-1 00");
    scene_say(&scene, "b: A A1 grade=major<a");
    scene_say(&scene, "c: B A1 grade=observation<a");
    CHECK_STR(
        asked("SELECT group_concat(value) FROM (SELECT * FROM field WHERE name='grade' ORDER BY value)"),
        "major,observation");
    CHECK_STR(asked("SELECT count(*) || ' ' || sum(conflicts) FROM record"), "1 1");
    CHECK_OK(fold_judge(scene.fold, scene_id(&scene, "c"), VERDICT_QUARANTINED, "x"));
    CHECK_STR(asked("SELECT value FROM field WHERE name='grade'"), "major");
    end();
}

TEST(a_record_without_state_is_in_no_table)
{
    VIEW("a: A A1 + grade=minor");
    CHECK_STR(asked("SELECT count(*) FROM record"), "1");
    CHECK_OK(fold_judge(scene.fold, scene_id(&scene, "a"), VERDICT_WAITING, "x"));
    CHECK_STR(asked("SELECT count(*) FROM record"), "0");
    CHECK_STR(asked("SELECT count(*) FROM field"), "0");
    CHECK_STR(resolved("1", NULL), "A1"); /* but it can be named, to see why */
    end();
}

int main(int argc, char **argv)
{
    return test_main(argc, argv);
}
