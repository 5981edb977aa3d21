/* What an audit lacks before its team leaves: each kind of gap comes with what makes it and goes with what mends it. */
#include "check_kit.h"

#define CLEAN() CHECK_STR(kit_gaps("audit/A20"), "")
#define GAPS(expected) CHECK_STR(kit_gaps("audit/A20"), expected)
/* Says what makes the gap, then what mends it. */
#define GAP_OF(making, expected, mending)                                                                            \
    kit_begin();                                                                                                     \
    say(making);                                                                                                     \
    GAPS(expected);                                                                                                  \
    say(mending);                                                                                                    \
    CLEAN();                                                                                                         \
    kit_end()

TEST(nothing_is_missing)
{
    kit_begin();
    CLEAN();
    kit_end();
}

/* ---- sampling: example 4 ---- */

TEST(a_decisive_clause_is_required)
{
    GAP_OF("x: A A23 :sample clause=B4<s3", "6.3.4 (2) audit/A20", "y: A A23 :sample clause=B2<x");
}

TEST(a_clause_with_many_problems_is_required)
{
    GAP_OF("x: A A22 :sample clause=B4<s2", "6.3.4 (3) audit/A20", "y: A A22 :sample clause=A4<x");
}

TEST(a_pick_is_required_and_so_is_a_department)
{
    kit_begin();
    say("x: A A21 :sample clause=B4<s1");
    GAPS("6.3.4 (4) audit/A20");
    say("y: A A21 :sample department=department/$A-3<s1");
    say("z: A A24 :sample department=department/$A-3<s4");
    GAPS("6.3.4 (4) audit/A20; 6.3.4 (2) audit/A20");
    kit_end();
}

TEST(a_clause_whose_sample_has_a_gap_is_not_told_besides)
{
    GAP_OF("x: A A26 :evidence of.sample/$A-23=null<ev", "6.3.4 sample/A23 evidence",
        "y: A A40 :evidence + name=x sha256=y size=1 of.sample/$A-23=true");
}

TEST(not_audited)
{
    GAP_OF("x: A A23 :sample result=not_audited<s3", "6.3.4 sample/A23 result", "y: A A23 :sample result=conform<x");
}

TEST(not_applicable_until_it_is_approved)
{
    GAP_OF("x: A A23 :sample result=na<s3 na_reason=x", "6.3.4 sample/A23 na_approved na_reason", "y: A A23 :sample na_approved=true");
}

TEST(evidence_of_a_finding_is_evidence_of_its_samples)
{
    kit_begin();
    say("x: A A26 :evidence of.sample/$A-23=null<ev");
    say("y: A A40 +" SURVEILLANCE "clause=B2 grade=ofi fact=x samples.sample/$A-23=true");
    say("z: A A41" EVIDENCE("finding/$A-40"));
    CLEAN();
    kit_end();
}

/* ---- sites ---- */

TEST(all_offices_are_visited)
{
    GAP_OF("x: A A40 :site + name=上海 kind=office", "6.2.2 site/A40", "y: A A40 :site void=true<x ~x");
}

TEST(each_site_has_a_sample)
{
    kit_begin();
    say("x: A A40 :site + name=上海 kind=office");
    say("y: A A20 :audit sites.site/$A-40=true");
    GAPS("6.2.2 site/A40");
    say("z: A A25 :sample site=site/$A-40<s5");
    CLEAN();
    kit_end();
}

TEST(samples_without_a_site_count_where_there_is_one)
{
    kit_begin();
    for (int i = 21; i <= 25; i++) {
        char line[64];
        snprintf(line, sizeof line, "x%d: A A%d :sample site=null<s%d", i, i, i - 20);
        say(line);
    }
    CLEAN();
    kit_end();
}

/* Example 9: of ten similar ones two at a surveillance, and always the central one. */
TEST(service_sites_are_sampled_by_kind)
{
    kit_begin();
    for (int i = 40; i < 50; i++) {
        char line[96];
        snprintf(line, sizeof line, "x%d: A A%d :site + name=n kind=service similar=shop", i, i);
        say(line);
    }
    GAPS("6.2.2 audit/A20");
    say("y: A A20 :audit sites_reason=x");
    CLEAN();
    say("z: A A50 :site + name=c kind=service similar=shop central=true");
    GAPS("6.2.2 site/A50");
    kit_end();
}

TEST(enough_service_sites)
{
    kit_begin();
    say("x: A A40 :site + name=n kind=service similar=shop");
    GAPS("6.2.2 audit/A20");
    say("y: A A20 :audit sites.site/$A-40=true");
    GAPS("6.2.2 site/A40");
    say("z: A A25 :sample site=site/$A-40<s5");
    CLEAN();
    kit_end();
}

/* ---- the audit's own fields ---- */

TEST(the_four_of_6_3_4)
{
    GAP_OF("x: A A20 :audit followup_measures=null<su followup_complaints=null<su effectiveness=null<su changes=null<su",
        "6.3.4 ① audit/A20 followup_measures; 6.3.4 ② audit/A20 followup_complaints; 6.3.4 ③ audit/A20 effectiveness; "
        "6.3.4 ④ audit/A20 changes",
        "y: A A20 :audit followup_measures=x<x followup_complaints=x<x effectiveness=x<x changes=x<x");
}

TEST(picks_or_a_reason)
{
    GAP_OF("x: A A20 :audit picks.A1=null<su", "6.3.4 (4) audit/A20 picks_none", "y: A A20 :audit picks_none=x");
}

TEST(dates_leader_and_result)
{
    GAP_OF("x: A A20 :audit start=null<su leader=null<su result=null<su",
        "6.1.3 audit/A20 start; 6.1.3 audit/A20 leader; 6.2.3 audit/A20 result",
        "y: A A20 :audit start=2025-03-10<x leader=register:person/$A-90<x result=pass<x");
}

TEST(it_ends_after_it_starts)
{
    GAP_OF("x: A A20 :audit start=2025-03-12<su", "6.1.3 audit/A20 end", "y: A A20 :audit start=2025-03-10<x");
}

TEST(another_mode_needs_a_reason)
{
    GAP_OF("x: A A20 :audit mode=other<su", "6.3.1 (3) audit/A20 mode_reason", "y: A A20 :audit mode_reason=x");
}

TEST(both_meetings_with_attendance)
{
    GAP_OF("x: A A27 :meeting attendance=null<m1", "6.3.4 meeting/A27 attendance", "y: A A27 :meeting attendance=x<x");
    GAP_OF("x: A A28 :meeting void=true<m2 ~x", "6.3.4 audit/A20", "y: A A28 :meeting void=null<x");
}

TEST(what_a_form_requires)
{
    GAP_OF("x: A A27 :meeting date=null<m1", "form meeting/A27 date", "y: A A27 :meeting date=2025-03-10<x");
}

/* ---- findings ---- */

/* Example 4: four to follow up, three are. */
TEST(the_previous_findings_are_followed_up)
{
    GAP_OF("x: A A13 followup=null<u3", "6.3.4 ① finding/A13 followup", "y: A A13 followup=x<x");
}

#define FINDING(grade)                                                                                               \
    "f: A A40 +" SURVEILLANCE "clause=B2 criterion=x grade=" grade                                                    \
    " fact=x found=2025-03-10 place=x job_title=x auditor=" PERSON(90) " samples.sample/$A-23=true"

TEST(a_nonconformity_is_confirmed_and_has_a_due_day)
{
    kit_begin();
    say(FINDING("minor"));
    GAPS("6.2.3 finding/A40 confirmed_by confirmed; 6.2.3 finding/A40 due");
    say("x: A A40 confirmed_by=x confirmed=2025-03-11 due=2025-06-11");
    CLEAN();
    kit_end();
}

TEST(or_the_auditee_objects)
{
    kit_begin();
    say(FINDING("minor"));
    say("x: A A40 objection=x due=2025-06-11");
    CLEAN();
    kit_end();
}

TEST(a_closed_one_has_all_its_parts)
{
    kit_begin();
    say(FINDING("minor"));
    say("x: A A40 objection=x due=2025-06-11 closed=2025-05-01 closed_by=" PERSON(90));
    GAPS("6.2.3 finding/A40 root_cause; 6.2.3 finding/A40 correction; 6.2.3 finding/A40 corrective_action; "
         "6.2.3 finding/A40 verification");
    say("y: A A40 root_cause=x correction=x corrective_action=x verification=x");
    CLEAN();
    kit_end();
}

TEST(an_opportunity_carries_no_nonconformity)
{
    kit_begin();
    say(FINDING("ofi"));
    CLEAN();
    say("x: A A40 root_cause=x");
    GAPS("6.2.3 finding/A40 grade");
    say("y: A A40 root_cause=null<x");
    say("z: A A23 :sample result=minor<s3");
    GAPS("6.2.3 finding/A40 grade");
    kit_end();
}

TEST(a_finding_has_evidence)
{
    kit_begin();
    say("f: A A40 +" SURVEILLANCE "clause=B2 grade=observation fact=x");
    GAPS("6.2.3 finding/A40 evidence");
    say("x: A A41" EVIDENCE("finding/$A-40"));
    CLEAN();
    kit_end();
}

TEST(a_finding_names_a_clause_and_a_fact)
{
    kit_begin();
    say("f: A A40 +" SURVEILLANCE "grade=observation samples.sample/$A-23=true");
    GAPS("6.2.3 finding/A40 clause; 6.2.3 finding/A40 fact");
    say("x: A A40 clause=B2 fact=x");
    CLEAN();
    kit_end();
}

TEST(a_nonconforming_sample_has_a_finding)
{
    kit_begin();
    say("x: A A23 :sample result=observation<s3");
    GAPS("6.2.3 sample/A23 finding");
    say(FINDING("observation"));
    CLEAN();
    kit_end();
}

/* ---- conflicts: example 6 ---- */

TEST(a_conflict_blocks_until_it_is_resolved)
{
    kit_begin();
    say(FINDING("minor"));
    say("i: A A40 objection=x due=2025-06-11");
    say("x: A A40 grade=major<f");
    say("y: B A40 grade=observation<f");
    GAPS("conflict finding/A40 grade");
    say("z: A A40 grade=minor<x,y ~x");
    CLEAN();
    kit_end();
}

TEST(what_is_linked_is_in_no_conflict_either)
{
    kit_begin();
    say("x: A A3 :department name=甲<d3");
    say("y: B A3 :department name=乙<d3");
    GAPS("conflict department/A3 name");
    say("z: A A3 :department name=丙<x,y");
    CLEAN();
    kit_end();
}

/* ---- links, evidence, entries ---- */

TEST(a_link_leads_to_something)
{
    GAP_OF("x: A A25 :sample from=sample/$A-77", "link sample/A25 from", "y: A A25 :sample from=null<x");
    kit_begin();
    say("x: A A40 :site + name=x kind=service void=true");
    say("y: A A20 :audit sites.site/$A-40=true");
    GAPS("link audit/A20 sites");
    say("z: A A20 :audit sites.site/$A-40=null<y");
    CLEAN();
    kit_end();
}

static enum bytes_state state;

static int bytes(void *ctx, const struct fold_record *evidence, enum bytes_state *out)
{
    (void)ctx;
    CHECK_STR(kit_name(evidence->id), "evidence/A26");
    *out = state;
    return 0;
}

TEST(evidence_is_here_and_whole)
{
    kit_begin();
    kit.outside.bytes = bytes;
    for (state = BYTES_AWAITED; state <= BYTES_DAMAGED; state++) GAPS("evidence evidence/A26 sha256");
    state = BYTES_HELD;
    CLEAN();
    kit_end();
}

TEST(entries_without_a_gap)
{
    kit_begin();
    say("x: A A26 :evidence note=x ?held");
    say("y: A A26 :evidence title=x");
    GAPS("entries audit/A20");
    scene_deliver(&kit.scene, "x");
    CLEAN();
    say("z: B A26 :evidence note=y<x ?held");
    say("w: A A26 :evidence note=z<x,z");
    GAPS("entries audit/A20");
    scene_deliver(&kit.scene, "z");
    CLEAN();
    kit_end();
}

TEST(entries_that_wait_do_not_count_yet)
{
    kit_begin();
    say("x: B A26 :evidence note=y ?wait");
    GAPS("entries audit/A20");
    CHECK_OK(fold_judge(kit.scene.fold, scene_id(&kit.scene, "x"), VERDICT_GOOD, NULL));
    CLEAN();
    kit_end();
}

TEST(the_scheme_is_known)
{
    GAP_OF("x: A A7 :programme scheme=register:scheme/$A-70", "scheme programme/A7 scheme", "y: A A7 :programme scheme=null<x");
    GAP_OF("x: A A7 :programme catalogue=register:catalogue/$A-70", "scheme programme/A7 catalogue",
        "y: A A7 :programme catalogue=null<x");
}

/* ---- a document audit, and the audit on site after it: example 1's ---- */

/* How many gaps of an audit are these. */
static int count(const char *audit, const char *gap)
{
    int n = 0;
    size_t len = strlen(gap);
    for (const char *s = strstr(kit_gaps(audit), gap); s; s = strstr(s + len, gap)) n += s[len] == ';' || s[len] == '\0';
    return n;
}

TEST(a_document_audit_judges_six_points)
{
    kit_begin();
    CHECK(count("audit/A8", "6.2.1 (1) audit/A8 doc_basic") == 1 && count("audit/A8", "6.2.1 (6) audit/A8 doc_technical") == 1);
    say("x: A A8 :audit doc_basic=pass");
    CHECK(count("audit/A8", "6.2.1 (1) audit/A8 doc_basic") == 0);
    say("y: A A8 :audit doc_basic=fail<x");
    CHECK(count("audit/A8", "6.2.1 (1) audit/A8 doc_basic") == 1);
    kit_end();
}

TEST(every_applicable_clause_is_self_assessed_with_evidence)
{
    kit_begin();
    CHECK(count("audit/A8", "6.2.1 application/A5") == 11);
    say("x: A A40 :self-assessment + " APPLICATION " clause=A1 result=conform");
    CHECK(count("audit/A8", "6.2.1 application/A5") == 10 && count("audit/A8", "6.2.1 self-assessment/A40") == 1);
    say("y: A A41" EVIDENCE("self-assessment/$A-40"));
    CHECK(count("audit/A8", "6.2.1 self-assessment/A40") == 0);
    kit_end();
}

#define ON_SITE " :sample + audit=audit/$A-9 department=department/$A-3 site=site/$A-4 method=records note=x result=conform "

/* Once for the whole audit. */
TEST(on_site_the_documents_are_verified_or_sampled_anew)
{
    kit_begin();
    CHECK(count("audit/A9", "6.2.2 audit/A9 resampled") == 0);
    say("x: A A40" ON_SITE "clause=A1");
    say("w: A A41" ON_SITE "clause=A2");
    CHECK(count("audit/A9", "6.2.2 audit/A9 resampled") == 1);
    say("y: A A40 :sample from=evidence/$A-26");
    CHECK(count("audit/A9", "6.2.2 audit/A9 resampled") == 0);
    say("z: A A40 :sample from=null<y resampled=false");
    CHECK(count("audit/A9", "6.2.2 audit/A9 resampled") == 0);
    kit_end();
}

TEST(finished_and_ongoing_projects)
{
    kit_begin();
    CHECK(count("audit/A9", "6.2.2 (3) audit/A9") == 2);
    say("x: A A40" ON_SITE "clause=RA1 project=finished");
    CHECK(count("audit/A9", "6.2.2 (3) audit/A9") == 1);
    say("y: A A41" ON_SITE "clause=B1 project=ongoing");
    CHECK(count("audit/A9", "6.2.2 (3) audit/A9") == 1);
    say("z: A A42" ON_SITE "clause=RA2 project=ongoing");
    CHECK(count("audit/A9", "6.2.2 (3) audit/A9") == 0);
    kit_end();
}

/* The team may pick what the certificate does not reach; once sampled it is done. */
TEST(a_pick_beyond_the_certificate_can_be_sampled)
{
    kit_begin();
    say("x: A A20 :audit picks.ER1=true");
    CHECK_STR(kit_gaps("audit/A20"), "6.3.4 (4) audit/A20");
    say("y: A A60" SAMPLED "clause=ER1 department=department/$A-3 result=conform");
    say("z: A A61" EVIDENCE("sample/$A-60"));
    CHECK_STR(kit_gaps("audit/A20"), "");
    kit_end();
}

/* ---- what came after ---- */

TEST(what_came_after_submission_is_told)
{
    const struct held *const *later;
    struct jv *heads;
    struct buf text;
    size_t len;
    kit_begin();
    CHECK_OK(audit_heads(&heads, &kit.arena, kit.scene.fold, "C-1"));
    buf_init(&text, BUF_UNLIMITED);
    buf_adds(&text, "x: A A20 :audit submitted=true submitted_heads=");
    json_write(&text, heads);
    say(buf_str(&text));
    buf_release(&text);
    CLEAN();
    CHECK_OK(audit_later_entries(&later, &len, &kit.c, casefile_audit(&kit.c, kit_id("audit/A20"))));
    CHECK(len == 0);
    say("y: A A23 :sample note=补记<s3");
    say("z: B A1 :organisation name=别的<o");
    CLEAN();
    CHECK_OK(audit_later_entries(&later, &len, &kit.c, casefile_audit(&kit.c, kit_id("audit/A20"))));
    CHECK(len == 1 && strcmp(later[0]->entry->id, scene_id(&kit.scene, "y")) == 0);
    kit_end();
}

TEST(submitted_on_two_kits_at_once_it_is_submitted_once_more)
{
    const struct held *const *later;
    size_t len;
    kit_begin();
    const char *all = arena_printf(&kit.arena, "{\"%s\":{\"seq\":999}}", kit.scene.authors[0].kit);
    say(arena_printf(&kit.arena, "x: A A20 :audit submitted=true submitted_heads=%s", all));
    say("y: B A20 :audit submitted=true submitted_heads={}");
    CHECK_STR(kit_gaps("audit/A20"), "submit audit/A20 submitted_heads");
    CHECK_OK(audit_later_entries(&later, &len, &kit.c, casefile_audit(&kit.c, kit_id("audit/A20"))));
    CHECK(len > 0); /* those that one of them had not seen */
    say(arena_printf(&kit.arena, "z: A A20 :audit submitted_heads=%s<x,y", all));
    CHECK_STR(kit_gaps("audit/A20"), "");
    kit_end();
}

int main(int argc, char **argv)
{
    return test_main(argc, argv);
}
