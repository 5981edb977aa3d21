/* Coverage over small folds made by hand. Records of the scene are named "A1"; A, B … are authors. */
#include "scene.h"
#include "satchel/scheme/coverage.h"

static struct scene scene;
static struct schemes *schemes;
static struct forms *forms;
static struct catalogue catalogue;
static struct arena arena;
static const struct jv *result;

static void begin(const char *const *lines, size_t len)
{
    arena_init(&arena);
    CHECK_OK(forms_new(&forms));
    CHECK_OK(schemes_new(&schemes, forms));
    catalogue = schemes_get(schemes, NULL)->catalogue;
    scene_init(&scene);
    for (size_t i = 0; i < len; i++) scene_say(&scene, lines[i]);
}

static void end(void)
{
    scene_release(&scene);
    schemes_free(schemes);
    forms_free(forms);
    arena_release(&arena);
}

static void cover(const char *audit)
{
    struct casefile c;
    struct coverage v;
    int32_t on = day_read("2026-11-22");
    CHECK_OK(casefile_read(&c, &arena, scene.fold, "C-1", schemes));
    CHECK_OK(audit ? coverage_of_audit(&v, &c, casefile_audit(&c, audit), on) : coverage_of_case(&v, &c, on));
    result = coverage_json(&arena, &v, NULL);
}

/* "B2/D3=minor/2 …": clause, department, result, evidence; "+" covered, "!" conflict. */
static const char *cells(void)
{
    const struct jv *list = jv_get(result, "cells");
    const char *text = "";
    for (size_t i = 0; i < list->len; i++) {
        const struct jv *c = list->items[i];
        const char *department = jv_get_str(c, "department"), *grade = jv_get_str(c, "result");
        text = arena_printf(&arena, "%s%s%s/%s=%s/%d%s%s", text, i ? " " : "", jv_get_str(c, "clause"),
            department ? department : "-", grade ? grade : "-", (int)jv_get_int(c, "evidence", -1),
            jv_get_bool(c, "covered") ? "+" : "", jv_get_bool(c, "conflict") ? "!" : "");
    }
    return text;
}

static const char *list(const char *key)
{
    const struct jv *v = jv_get(result, key);
    const char *text = "";
    for (size_t i = 0; i < v->len; i++)
        text = arena_printf(&arena, "%s%s%s", text, i ? " " : "", jv_str(v->items[i]));
    return text;
}

static const char *numbers(void)
{
    return arena_printf(
        &arena, "%d of %d", (int)jv_get_int(result, "covered", -1), (int)jv_get_int(result, "of", -1));
}

static const char *rollup(const char *clause)
{
    const char *worst = jv_get_str(jv_get(result, "rollup"), clause);
    return worst ? worst : "none";
}

/* Every scene has audit A1, department D3 as A3 and sites A4, A5. */
#define CASE(...)                                                                                            \
    const char *lines[] = {                                                                                  \
        "au: A A1 :audit + kind=onsite", "d3: A A3 :department + code=D3 name=项目部",                      \
        "s4: A A4 :site + name=x", "s5: A A5 :site + name=y", __VA_ARGS__};                                  \
    begin(lines, sizeof lines / sizeof *lines);                                                              \
    cover(NULL)
#define SAMPLE " :sample + audit=audit/$A-1 department=department/$A-3 "
#define EVIDENCE(of) " :evidence + name=x sha256=x size=1 of." of "=true"

/* domain.md §7, example 5. */
TEST(two_auditors_record_the_same_clause)
{
    CASE("s: A A10" SAMPLE "clause=B2 site=site/$A-4 result=conform", "e: A A11" EVIDENCE("sample/$A-10"),
        "t: B B10" SAMPLE "clause=B2 site=site/$A-5 result=minor", "f: B B11" EVIDENCE("sample/$B-10"));
    CHECK_STR(cells(), "B2/D3=conform/1+ B2/D3=minor/1+");
    CHECK_STR(rollup("B2"), "minor");
    CHECK_STR(numbers(), "1 of 13");
    end();
}

TEST(one_item_counts_once_in_a_cell)
{
    CASE("s: A A10" SAMPLE "clause=B2 result=conform", "t: B B10" SAMPLE "clause=B2 result=minor",
        "g: B B12 + audit=audit/$A-1 clause=B2 grade=minor fact=f samples.sample/$B-10=true",
        "e: A A11" EVIDENCE("sample/$A-10") " of.sample/$B-10=true of.finding/$B-12=true", "f: A A12" EVIDENCE("sample/$A-10"));
    CHECK_STR(cells(), "B2/D3=minor/2+");
    end();
}

TEST(and_it_is_the_same_whichever_arrives_first)
{
    CASE("t: B B10" SAMPLE "clause=B2 site=site/$A-5 result=minor", "f: B B11" EVIDENCE("sample/$B-10"),
        "s: A A10" SAMPLE "clause=B2 site=site/$A-4 result=conform", "e: A A11" EVIDENCE("sample/$A-10"));
    CHECK_STR(cells(), "B2/D3=conform/1+ B2/D3=minor/1+");
    CHECK_STR(rollup("B2"), "minor");
    end();
}

TEST(in_one_cell_both_records_stand_and_the_worst_shows)
{
    CASE("s: A A10" SAMPLE "clause=B2 result=conform", "t: B B10" SAMPLE "clause=B2 result=observation",
        "f: B B11" EVIDENCE("sample/$B-10"));
    CHECK_STR(cells(), "B2/D3=observation/1+");
    CHECK(jv_get(jv_get(result, "cells")->items[0], "records")->len == 2);
    end();
}

TEST(a_result_without_evidence_is_not_covered)
{
    CASE("s: A A10" SAMPLE "clause=A1 result=conform", "t: A A12" SAMPLE "clause=A2",
        "u: A A13" EVIDENCE("sample/$A-12"));
    CHECK_STR(cells(), "A1/D3=conform/0 A2/D3=-/1");
    CHECK_STR(numbers(), "0 of 13");
    CHECK_STR(list("open"), "A1 A2 A3 A4 A5 B1 B2 B3 B4 RA1 RA2 ER1 ER2");
    CHECK_STR(list("open_departments"), "D3");
    end();
}

TEST(what_one_audit_lacks_another_does_not_make_good)
{
    CASE("a2: A A2 :audit + kind=onsite", "s: A A10" SAMPLE "clause=A1 result=conform",
        "t: A A12 :sample + audit=audit/$A-2 department=department/$A-3 clause=A1 result=not_audited",
        "e: A A13" EVIDENCE("sample/$A-12"));
    CHECK_STR(cells(), "A1/D3=conform/1");
    CHECK_STR(numbers(), "0 of 13");
    end();
}

TEST(not_audited_never_counts_and_na_once_approved)
{
    CASE("s: A A10" SAMPLE "clause=A1 result=not_audited", "t: A A11" SAMPLE "clause=A2 result=na",
        "u: A A12" SAMPLE "clause=A3 result=na na_approved=true",
        "e: A A13" EVIDENCE("sample/$A-10") " of.sample/$A-11=true of.sample/$A-12=true");
    CHECK_STR(cells(), "A1/D3=not_audited/1 A2/D3=na/1 A3/D3=na/1+");
    CHECK_STR(numbers(), "1 of 13");
    CHECK_STR(list("open_departments"), "");
    end();
}

TEST(a_finding_stands_in_the_cells_of_its_samples)
{
    CASE("s: A A10" SAMPLE "clause=B2 result=conform",
        "t: A A11" SAMPLE "clause=B2 direction=风险评估 result=conform",
        "g: B B10 + audit=audit/$A-1 clause=B2 grade=major fact=f samples.sample/$A-10=true "
        "samples.sample/$A-11=true",
        "e: B B11" EVIDENCE("finding/$B-10") " of.sample/$A-10=true");
    CHECK_STR(cells(), "B2/D3=major/1+ B2/D3=major/1+");
    end();
}

TEST(a_finding_without_sample_has_a_cell_of_its_own)
{
    CASE("g: B B10 + audit=audit/$A-1 clause=B4 department=department/$A-3 grade=minor fact=f",
        "e: B B11" EVIDENCE("finding/$B-10"), "h: B B12 + audit=audit/$A-1 clause=A1 grade=ofi fact=f");
    CHECK_STR(cells(), "A1/-=ofi/0 B4/D3=minor/1+");
    CHECK_STR(rollup("B4"), "minor");
    end();
}

TEST(a_result_in_conflict_does_not_count)
{
    CASE("s: A A10" SAMPLE "clause=B2 result=conform", "e: A A11" EVIDENCE("sample/$A-10"),
        "t: A A10 :sample result=minor<s", "u: B A10 :sample result=major<s");
    CHECK_STR(cells(), "B2/D3=-/1!");
    CHECK_STR(numbers(), "0 of 13");
    CHECK_STR(rollup("B2"), "none");
    end();
}

TEST(voided_records_count_nowhere)
{
    CASE("s: A A10" SAMPLE "clause=B2 result=minor", "e: A A11" EVIDENCE("sample/$A-10"),
        "v: A A10 :sample void=true<s", "t: A A12" SAMPLE "clause=A1 result=conform",
        "f: A A13" EVIDENCE("sample/$A-12"), "w: A A13 :evidence void=true<f");
    CHECK_STR(cells(), "A1/D3=conform/0");
    scene_say(&scene, "x: A A1 :audit void=true<au");
    cover(NULL);
    CHECK_STR(cells(), "");
    end();
}

TEST(one_audit_or_all_of_the_case)
{
    CASE("a2: A A2 :audit + kind=onsite", "s: A A10" SAMPLE "clause=B2 result=conform",
        "e: A A11" EVIDENCE("sample/$A-10"), "t: A A12 :sample + audit=audit/$A-2 clause=A1 result=conform",
        "f: A A13" EVIDENCE("sample/$A-12"));
    CHECK_STR(numbers(), "2 of 13");
    cover(scene_record(&scene, "audit", "A2"));
    CHECK_STR(cells(), "A1/-=conform/1+");
    CHECK_STR(numbers(), "1 of 13");
    end();
}

/* The cycle's are its surveillances, extra ones too; what the certification saw does not count (rule 1). */
TEST(a_cycle_counts_its_surveillances_only)
{
    CASE("de: A A22 :decision + outcome=grant date=2025-03-25",
        "ce: A A21 :certificate + decision=decision/$A-22 issued=2025-03-25 valid_from=2025-03-25",
        "a2: A A2 :audit + kind=surveillance start=2026-03-02 end=2026-03-03",
        "a6: A A6 :audit + kind=extra start=2026-05-04 end=2026-05-04",
        "a7: A A7 :audit + kind=surveillance start=2024-03-02 end=2024-03-03",
        "s: A A10" SAMPLE "clause=A1 result=conform", "t: A A12 :sample + audit=audit/$A-2 clause=A2 result=conform",
        "u: A A13 :sample + audit=audit/$A-6 clause=A3 result=ofi", "w: A A14 :sample + audit=audit/$A-7 clause=A4 result=ofi",
        "e: A A15" EVIDENCE("sample/$A-10") " of.sample/$A-12=true of.sample/$A-13=true of.sample/$A-14=true");
    CHECK_STR(cells(), "A2/-=conform/1+ A3/-=ofi/1+");
    CHECK_STR(jv_get_str(jv_get(result, "cycle"), "valid_to"), "2028-03-24");
    end();
}

TEST(an_on_site_audit_takes_in_the_document_audit_of_its_application)
{
    CASE("ap: A A20 :application + kind=initial", "bp: A A21 :application + kind=extension",
        "a2: A A2 :audit + kind=document application=application/$A-20",
        "a6: A A6 :audit + kind=onsite application=application/$A-20",
        "a7: A A7 :audit + kind=document application=application/$A-21",
        "s: A A10 :sample + audit=audit/$A-2 clause=A1 result=conform", "t: A A12 :sample + audit=audit/$A-6 clause=A2 result=conform",
        "u: A A13 :sample + audit=audit/$A-7 clause=A3 result=conform",
        "e: A A15" EVIDENCE("sample/$A-10") " of.sample/$A-12=true of.sample/$A-13=true");
    cover(scene_record(&scene, "audit", "A6"));
    CHECK_STR(cells(), "A1/-=conform/1+ A2/-=conform/1+");
    cover(scene_record(&scene, "audit", "A2"));
    CHECK_STR(cells(), "A1/-=conform/1+");
    end();
}

TEST(a_direction_is_covered_by_name_or_by_a_clause_of_its_own)
{
    CASE("ap: A A20 :application + kind=initial directions.应急响应=true directions.风险评估=true directions.x=true",
        "s: A A10" SAMPLE "clause=RA1 result=conform", "t: A A12" SAMPLE "clause=B2 direction=x result=conform",
        "u: A A13" SAMPLE "clause=ER1 result=conform", "e: A A15" EVIDENCE("sample/$A-10") " of.sample/$A-12=true");
    CHECK_STR(list("directions"), "x 应急响应 风险评估");
    CHECK_STR(list("open_directions"), "应急响应");
    CHECK(jv_get_int(jv_get(result, "percent"), "directions", -1) == 66);
    end();
}

TEST(clauses_apply_by_direction)
{
    CASE("ap: A A20 :application + kind=initial level=2 directions.应急响应=true");
    CHECK_STR(list("clauses"), "A1 A2 A3 A4 A5 B1 B2 B3 B4 ER1 ER2");
    CHECK_STR(list("directions"), "应急响应");
    scene_say(&scene, "de: A A22 :decision + outcome=grant date=2025-03-25");
    scene_say(&scene, "ce: A A21 :certificate + level=2 directions.风险评估=true decision=decision/$A-22 issued=2025-03-25 "
                      "valid_from=2025-03-25");
    cover(NULL);
    CHECK_STR(list("clauses"), "A1 A2 A3 A4 A5 B1 B2 B3 B4 RA1 RA2");
    end();
}

TEST(clauses_apply_by_level)
{
    CASE("ap: A A20 :application + kind=initial level=2");
    for (size_t i = 0; i < catalogue.len; i++) catalogue.clauses[i].min_level = i % 2 ? 3 : 1;
    cover(NULL);
    CHECK_STR(list("clauses"), "A2 A4 B2 B4 RA1 ER1");
    end();
}

TEST(clauses_that_are_not_in_the_catalogue_are_shown_but_not_counted)
{
    CASE("s: A A10" SAMPLE "clause=Z9 result=conform", "e: A A11" EVIDENCE("sample/$A-10"),
        "t: A A12" SAMPLE "clause=ER2 result=conform", "f: A A13" EVIDENCE("sample/$A-12"));
    CHECK_STR(cells(), "ER2/D3=conform/1+ Z9/D3=conform/1+");
    CHECK_STR(numbers(), "1 of 13");
    end();
}

int main(int argc, char **argv)
{
    return test_main(argc, argv);
}
