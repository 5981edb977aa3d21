/* The gates of the process: each is kept by a case as it should be, broken by one line, and told once. */
#include "check_kit.h"

#define KEPT() CHECK_STR(kit_broken(), "")
#define BROKEN(expected) CHECK_STR(kit_broken(), expected)
/* The gates that the kit's case has broken once these lines are said, too. */
#define GATE(expected, ...) check_gate(expected, (const char *const[]){__VA_ARGS__, NULL})

static void check_gate(const char *expected, const char *const *lines)
{
    kit_begin();
    for (; *lines; lines++) say(*lines);
    BROKEN(expected);
    kit_end();
}

/* The initial audit of the kit's case lacks samples: its decision is not clean. */
#define BEFORE "6.2.3 decision/A15 audit; 7.1 certificate/A16 decision"

/* A case of a client that has applied, reviewed or not; nothing else. */
static void begin_applied(const char *application)
{
    kit_empty();
    say("p1: A A90 :person + @register name=x email=x");
    say(application);
}
#define APPLIED                                                                                                      \
    "ap: A A5 :application + kind=initial received=2024-01-02 level=3 directions.风险评估=true legal_person=true "   \
    "no_violation=true contract=fulfilled"
#define REVIEW "rv: A A6 :application-review + " APPLICATION " date=2024-01-05 p1=true p2=true p3=true p4=true p5=true "

/* ---- application, review, programme ---- */

TEST(conditions_block_the_review_not_the_application)
{
    begin_applied("ap: A A5 :application + kind=initial received=2024-01-02 legal_person=true no_violation=false");
    KEPT();
    say(REVIEW "p6=true conclusion=accepted");
    BROKEN("6.1.1 (3) application-review/A6 conclusion");
    say("x: A A5 :application no_violation=true<ap");
    KEPT();
    kit_end();
}

TEST(all_six_points_are_met)
{
    begin_applied(APPLIED);
    say(REVIEW "conclusion=accepted");
    BROKEN("6.1.2 application-review/A6 conclusion");
    say("x: A A6 :application-review p6=true");
    KEPT();
    kit_end();
}

TEST(a_refusing_review_needs_none_of_them)
{
    begin_applied(APPLIED);
    say(REVIEW "conclusion=refused");
    KEPT();
    kit_end();
}

TEST(a_programme_comes_after_the_review)
{
    begin_applied(APPLIED);
    say("pr: A A7 :programme + " APPLICATION " cycle=1");
    BROKEN("6.1.3 programme/A7 application");
    say(REVIEW "p6=true conclusion=accepted");
    KEPT();
    kit_end();
}

TEST(a_level_is_one_of_the_schemes)
{
    begin_applied("ap: A A5 :application + kind=initial level=5");
    BROKEN("4 application/A5 level");
    kit_end();
}

/* ---- example 1: on site after the document audit ---- */

static const char *starting(const char *day)
{
    begin_applied(APPLIED);
    say("da: A A8 :audit + kind=document " APPLICATION " start=2024-02-10 end=2024-02-20 result=pass");
    say(arena_printf(&kit.arena, "oa: A A9 :audit + kind=onsite " APPLICATION " start=%s", day));
    return kit_broken();
}

TEST(on_site_after_the_document_audit_has_passed)
{
    CHECK_STR(starting("2024-02-19"), "6.2.2 audit/A9 start");
    kit_end();
    CHECK_STR(starting("2024-02-20"), "");
    say("x: A A8 :audit result=fail<da");
    BROKEN("6.2.2 audit/A9 start");
    kit_end();
}

TEST(an_onsite_audit_without_days_may_be_planned_before)
{
    begin_applied(APPLIED);
    say("oa: A A9 :audit + kind=onsite " APPLICATION);
    KEPT();
    say("x: A A9 :audit start=2024-03-04");
    BROKEN("6.2.2 audit/A9 start");
    kit_end();
}

TEST(an_extra_audit_is_asked_for)
{
    kit_begin();
    say("x: A A40 :audit + kind=extra certificates.certificate/$A-16=true");
    BROKEN("6.3.1 audit/A40 kind; " BEFORE);
    say("y: A A41 :event + kind=risk date=2025-04-01 text=x extra_audit=yes");
    BROKEN("6.3.1 audit/A40 kind; " BEFORE);
    say("z: A A41 :event reason=x");
    BROKEN(BEFORE);
    kit_end();
}

/* ---- a whole case keeps them all; its decision needs what came before ---- */

TEST(a_decision_needs_a_clean_check)
{
    kit_begin();
    BROKEN(BEFORE);
    say("x: A A9 :audit submitted=false<os");
    BROKEN(BEFORE);
    kit_end();
}

/* The surveillance of the kit's case is clean. */
#define SUBMIT "sb: A A20 :audit submitted=true"
#define MAINTAIN "dm: B B40 :decision + outcome=maintain date=2025-03-20 reason=x audit=audit/$A-20 certificate=certificate/$A-16"
#define MORE(more) more "; " BEFORE /* author B's records stand before A's */

TEST(maintained_once_it_is_submitted_and_clean)
{
    GATE(MORE("6.2.3 decision/B40 audit"), MAINTAIN);
    GATE(BEFORE, SUBMIT, MAINTAIN);
    GATE(MORE("6.2.3 decision/B40 audit"), SUBMIT, MAINTAIN, "x: A A23 :sample result=not_audited<s3");
    GATE(MORE("6.3.5 decision/B40 outcome"), SUBMIT, MAINTAIN, "x: A A20 :audit result=fail<su");
    GATE(MORE("6.2.3 decision/B40 date"), SUBMIT, MAINTAIN, "x: B B40 :decision date=2025-03-10<dm");
}

TEST(decided_after_the_review_not_before)
{
    GATE("6.2.3 decision/A15 audit; 6.1.2 decision/A15 application; 7.1 certificate/A16 decision",
        "x: A A6 :application-review date=2024-03-26<rv");
    GATE(BEFORE, "x: A A6 :application-review date=2024-03-25<rv");
}

/* ---- what is decided on ---- */

#define GRANT(day) "dg: B B42 :decision + outcome=grant date=" day " reason=x "
#define OTHER_APPLICATION                                                                                            \
    "a2: A A43 :application + kind=initial received=2024-01-02 level=4 directions.x=true legal_person=true no_violation=true " \
    "contract=fulfilled",                                                                                            \
        "r2: A A44 :application-review + application=application/$A-43 date=2024-01-05 p1=true p2=true p3=true p4=true p5=true " \
        "p6=true conclusion=accepted"

TEST(granted_on_the_audit_on_site_only)
{
    GATE("6.2.3 decision/B42 outcome; " MORE("6.2.3 decision/B42 audit"), GRANT("2024-03-26") APPLICATION " audit=audit/$A-8");
    GATE(MORE("6.2.3 decision/B42 outcome"), SUBMIT, "x: A A20 :audit " APPLICATION, GRANT("2025-03-26") APPLICATION " audit=audit/$A-20");
    GATE("6.2.3 decision/B40 outcome; " MORE("6.2.3 decision/B40 audit"), MAINTAIN, "y: B B40 :decision audit=audit/$A-8<dm");
}

TEST(granted_on_an_audit_of_that_application)
{
    GATE("6.2.3 decision/B42 application; " MORE("6.2.3 decision/B42 audit"), OTHER_APPLICATION,
        GRANT("2024-03-26") "application=application/$A-43 audit=audit/$A-9");
}

/* ---- separation of duties ---- */

TEST(who_audited_does_not_decide)
{
    GATE(MORE("6.2.3 decision/B40 decided_by"), SUBMIT, MAINTAIN, "x: B B40 :decision decided_by=register:person/$A-90");
    GATE(BEFORE, SUBMIT, MAINTAIN, "x: B B40 :decision decided_by=register:person/$A-91");
}

TEST(nor_does_a_member_of_the_team_nor_one_who_audited_the_documents)
{
    GATE(MORE("6.2.3 decision/B40 decided_by"), SUBMIT, MAINTAIN, "x: B B40 :decision decided_by=register:person/$A-91",
        "y: A A20 :audit team.register:person/$A-91=true");
    kit_begin();
    say("x: A A8 :audit leader=" PERSON(91));
    BROKEN("6.2.3 decision/A15 decided_by; 6.2.3 decision/A15 audit; 7.1 certificate/A16 decision");
    kit_end();
}

TEST(nor_does_who_signs_for_another)
{
    kit_begin();
    kit.outside.person_of = kit_person; /* A is the leader, B the decider */
    say(SUBMIT);
    say(MAINTAIN);
    BROKEN("6.2.3 decision/A15 decided_by; " BEFORE);
    kit_end();
}

/* Whoever turns a decision to something else takes part in it. */
TEST(nor_does_who_turns_a_decision_to_his_own_audit)
{
    kit_begin();
    kit.outside.person_of = kit_person; /* A is the leader, B the decider */
    say("x: B B40 :decision + outcome=suspend date=2025-03-20 reason=x certificate=certificate/$A-16");
    BROKEN("6.2.3 decision/A15 decided_by; " BEFORE);
    say("y: A B40 :decision audit=audit/$A-20");
    BROKEN("6.2.3 decision/B40 decided_by; 6.2.3 decision/A15 decided_by; " BEFORE);
    kit_end();
}

/* ---- 7.2.3 (4): a major nonconformity at a surveillance ---- */

#define MAJOR                                                                                                        \
    "mj: A A50 +" SURVEILLANCE "clause=B2 criterion=x grade=major fact=x found=2025-03-10 place=x job_title=x auditor=" PERSON( \
        90) " samples.sample/$A-23=true confirmed_by=x confirmed=2025-03-11 due=2025-04-11"

TEST(a_major_nonconformity_is_waived_or_suspends)
{
    GATE(MORE("7.2.3 (4) decision/B40 waives"), SUBMIT, MAJOR, MAINTAIN);
    GATE(BEFORE, SUBMIT, MAJOR, MAINTAIN, "x: B B40 :decision waives=finding/$A-50");
    GATE(BEFORE, SUBMIT, MAJOR, MAINTAIN,
        "x: B B41 :decision + outcome=suspend date=2025-03-15 reason=x audit=audit/$A-20 certificate=certificate/$A-16");
}

/* ---- example 7: suspension ---- */

#define SUSPEND(day) "sd: B B60 :decision + outcome=suspend date=" day " reason=x certificate=certificate/$A-16"
#define DETAILS                                                                                                      \
    "sp: B B61 :suspension + certificate=certificate/$A-16 decision=decision/$B-60 from=2024-08-31 reason=failure "  \
    "measures=x"
#define RESTORE(day) "rd: B B62 :decision + outcome=restore date=" day " reason=x certificate=certificate/$A-16"

TEST(restored_when_suspended_and_verified)
{
    GATE(MORE("7.2.4 decision/B62 certificate"), RESTORE("2024-11-20"));
    GATE(MORE("7.2.4 decision/B62 outcome"), SUSPEND("2024-08-31"), DETAILS, RESTORE("2024-11-20"));
    GATE(BEFORE, SUSPEND("2024-08-31"), DETAILS, RESTORE("2024-11-20"), "x: B B61 :suspension verified=2024-11-20");
    GATE(MORE("7.2.4 decision/B62 outcome"), SUSPEND("2024-08-31"), DETAILS, RESTORE("2024-11-20"),
        "x: B B61 :suspension verified=2024-11-21");
}

TEST(not_verified_in_time_it_is_withdrawn)
{
    GATE(BEFORE, SUSPEND("2024-08-31"), DETAILS, RESTORE("2025-03-01"), "x: B B61 :suspension verified=2025-02-28");
    GATE(MORE("7.2.6 (2) decision/B62 outcome"), SUSPEND("2024-08-31"), DETAILS, RESTORE("2025-03-01"),
        "x: B B61 :suspension verified=2025-03-01");
}

TEST(a_suspension_lasts_six_months_at_most)
{
    GATE(BEFORE, SUSPEND("2024-08-31"), DETAILS, "x: B B61 :suspension until=2025-02-28");
    GATE(BEFORE "; 7.2.3 suspension/B61 until", SUSPEND("2024-08-31"), DETAILS, "x: B B61 :suspension until=2025-03-01");
    GATE(BEFORE "; 7.2.3 suspension/B61 from", SUSPEND("2024-09-01"), DETAILS);
    GATE(BEFORE "; 7.2.3 suspension/B61 decision", RESTORE("2024-08-31") " ?wait", SUSPEND("2024-08-31"), DETAILS,
        "x: B B61 :suspension decision=decision/$A-15<sp");
}

TEST(use_resumes_on_a_decision)
{
    GATE(BEFORE "; 7.2.4 suspension/B61 restored; 7.2.4 suspension/B61 restored", SUSPEND("2024-08-31"), DETAILS,
        "x: B B61 :suspension restored=2024-11-20");
    GATE(BEFORE, SUSPEND("2024-08-31"), DETAILS, RESTORE("2024-11-20"),
        "x: B B61 :suspension restored=2024-11-20 verified=2024-11-20");
}

TEST(what_is_suspended_is_not_suspended_again)
{
    GATE(MORE("7.2.3 decision/B63 certificate"), SUSPEND("2024-08-31"),
        "x: B B63 :decision + outcome=suspend date=2024-09-30 reason=x certificate=certificate/$A-16");
}

/* ---- the end ---- */

#define CANCEL "cd: B B64 :decision + outcome=cancel date=2024-10-01 reason=x certificate=certificate/$A-16 "

TEST(cancelled_on_request_and_nothing_after)
{
    GATE("7.2 audit/A20 certificates; " MORE("7.2.5 decision/B64 requested"), CANCEL);
    kit_begin();
    say(CANCEL "requested=2024-09-20");
    BROKEN("7.2 audit/A20 certificates; " BEFORE);
    say("x: A A20 :audit certificates.certificate/$A-16=null<su");
    BROKEN(BEFORE);
    say("y: B B65 :decision + outcome=suspend date=2024-10-02 reason=x certificate=certificate/$A-16");
    BROKEN(MORE("7.2 decision/B65 certificate"));
    kit_end();
}

TEST(withdrawn_with_reasons)
{
    kit_begin();
    say("x: B B64 :decision + outcome=withdraw date=2024-10-01 certificate=certificate/$A-16");
    BROKEN("7.2 audit/A20 certificates; " BEFORE);
    CHECK(strstr(kit_missing(), "7.2.6 decision/B64 reason") != NULL);
    say("y: B B64 :decision reason=x");
    CHECK(strstr(kit_missing(), "decision/B64 reason") == NULL);
    kit_end();
}

TEST(after_a_refusal_comes_a_new_application)
{
    begin_applied(APPLIED);
    say(REVIEW "p6=true conclusion=accepted");
    say("re: B B40 :decision + outcome=refuse date=2024-02-01 " APPLICATION " reason=x");
    KEPT();
    say("da: A A8 :audit + kind=document " APPLICATION " start=2024-02-10");
    BROKEN("6.2.3 audit/A8 application");
    kit_end();
}

/* B's decisions stand before A's: one without a day, as two kits may leave it, hides no other. */
TEST(a_refusal_without_a_day_hides_none)
{
    begin_applied(APPLIED);
    say(REVIEW "p6=true conclusion=accepted");
    say("r1: B B40 :decision + outcome=refuse " APPLICATION " reason=x");
    say("r2: B B41 :decision + outcome=refuse date=2024-02-01 " APPLICATION " reason=x");
    KEPT();
    say("da: A A8 :audit + kind=document " APPLICATION " start=2024-02-10");
    BROKEN("6.2.3 audit/A8 application");
    kit_end();
}

/* ---- certificates ---- */

TEST(a_certificate_needs_its_decision_and_contract)
{
    GATE(BEFORE "; 7.1 certificate/A16 decision", "x: A A5 :application contract=signed<ap");
    GATE("6.2.3 decision/A15 audit; 7.1 certificate/A16 issued; 7.1 certificate/A16 decision; 7.1 (6) certificate/A16 initial_date",
        "x: A A16 :certificate issued=2024-03-24<ce");
    GATE("6.2.3 decision/A15 audit; 4 certificate/A16 level; 7.1 certificate/A16 decision; 7.1 (5) certificate/A16 level",
        "x: A A16 :certificate level=9<ce");
    GATE(BEFORE "; 7.1 (6) certificate/A16 valid_from", "x: A A16 :certificate valid_from=2024-03-01<ce");
}

#define CHANGE                                                                                                       \
    "ac: A A70 :application + kind=change received=2024-05-01 certificate=certificate/$A-16",                        \
        "dc: B B71 :decision + outcome=reissue date=2024-05-10 reason=x certificate=certificate/$A-16 application=application/$A-70"
#define REISSUED                                                                                                     \
    "cc: A A72 :certificate + number=2 decision=decision/$B-71 supersedes=certificate/$A-16 level=3 "               \
    "issued=2024-05-10 returned=2024-05-12 "

TEST(a_reissued_one_keeps_its_days)
{
    GATE(BEFORE, CHANGE, REISSUED "initial_date=2024-03-25 valid_from=2024-03-25");
    GATE(BEFORE "; 7.2.2 certificate/A72 valid_from", CHANGE, REISSUED "initial_date=2024-03-25 valid_from=2024-05-10");
    GATE(BEFORE "; 7.1 (6) certificate/A72 initial_date", CHANGE, REISSUED "initial_date=2024-05-10 valid_from=2024-03-25");
}

/* Example 8: 17 days late, accepted; valid from the day after, the initial date unchanged. */
#define RENEWAL                                                                                                      \
    "ar: A A80 :application + kind=recertification received=2027-01-10 certificate=certificate/$A-16 level=3 "       \
    "legal_person=true no_violation=true contract=fulfilled",                                                        \
        "rr: A A81 :application-review + application=application/$A-80 date=2027-01-12 p1=true p2=true p3=true p4=true p5=true "     \
        "p6=true conclusion=accepted",                                                                               \
        "ra: A A82 :audit + kind=recertification application=application/$A-80 start=2027-03-01 end=2027-03-02 submitted=true"
#define RENEW(day) "dr: B B83 :decision + outcome=renew date=" day " reason=x audit=audit/$A-82 certificate=certificate/$A-16"
#define RENEWED                                                                                                      \
    "cr: A A84 :certificate + number=3 decision=decision/$B-83 supersedes=certificate/$A-16 level=3 issued=2027-03-20 "
#define UNCLEAN "6.2.3 decision/B83 audit; 6.2.3 decision/A15 audit"
#define UNCLEAN_END "7.1 certificate/A16 decision; 7.1 certificate/A84 decision"

TEST(a_renewed_one_follows_the_old_one)
{
    GATE(UNCLEAN "; " UNCLEAN_END, RENEWAL, RENEW("2027-03-20"), RENEWED "initial_date=2024-03-25 valid_from=2027-03-25");
    GATE(UNCLEAN "; " UNCLEAN_END "; 7.2.1 certificate/A84 valid_from", RENEWAL, RENEW("2027-03-20"),
        RENEWED "initial_date=2024-03-25 valid_from=2027-03-20");
    GATE(UNCLEAN "; " UNCLEAN_END "; 7.1 (6) certificate/A84 initial_date", RENEWAL, RENEW("2027-03-20"),
        RENEWED "initial_date=2027-03-20 valid_from=2027-03-25");
}

TEST(not_after_it_has_lapsed)
{
    GATE(UNCLEAN "; 7.1 certificate/A16 decision", RENEWAL, RENEW("2027-03-24"));
    GATE("6.2.3 decision/B83 audit; 8 decision/B83 date; " BEFORE, RENEWAL, RENEW("2027-03-25"));
}

TEST(not_after_a_failed_surveillance)
{
    GATE("6.2.3 decision/B83 audit; 7.2.1 decision/B83 certificate; " BEFORE, SUBMIT, "x: A A20 :audit result=fail<su", RENEWAL,
        RENEW("2027-03-20"));
}

/* The application alone says which certificate is renewed. */
#define RENEW_BY(application) "dr: B B83 :decision + outcome=renew date=2027-03-20 reason=x " application
#define WITHDRAW "wd: B B64 :decision + outcome=withdraw date=2025-04-01 reason=x certificate=certificate/$A-16"

TEST(not_after_it_was_withdrawn_whoever_names_it)
{
    GATE("6.2.3 decision/B83 audit; 7.2 decision/B83 certificate; " BEFORE, RENEWAL, WITHDRAW,
        RENEW_BY("application=application/$A-80"));
    GATE("6.2.3 decision/B83 audit; 7.2 decision/B83 certificate; " BEFORE, RENEWAL, WITHDRAW, RENEW("2027-03-20"));
}

#define SUSPENDED_LATE                                                                                               \
    "sd: B B60 :decision + outcome=suspend date=2027-02-01 reason=x certificate=certificate/$A-16",                  \
        "sp: B B61 :suspension + certificate=certificate/$A-16 decision=decision/$B-60 from=2027-02-01 reason=failure measures=x"

/* Across its expiry, too: use resumes on a restoration only (7.2.4). */
TEST(not_while_it_is_suspended)
{
    GATE("6.2.3 decision/B83 audit; 7.2.4 decision/B83 certificate; " BEFORE, RENEWAL, SUSPENDED_LATE, RENEW("2027-03-20"));
    GATE("6.2.3 decision/B83 audit; " BEFORE, RENEWAL, SUSPENDED_LATE, RENEW("2027-03-20"), RESTORE("2027-03-20"),
        "x: B B61 :suspension verified=2027-03-20");
}

TEST(renewed_before_it_ends_or_not_at_all)
{
    GATE(UNCLEAN "; " UNCLEAN_END "; 8 certificate/A84 issued", RENEWAL, RENEW("2027-03-20"),
        "cr: A A84 :certificate + number=3 decision=decision/$B-83 supersedes=certificate/$A-16 level=3 issued=2027-03-25 "
        "initial_date=2024-03-25 valid_from=2027-03-25");
}

/* ---- how far it reaches ---- */

TEST(a_certificate_reaches_no_further_than_was_applied_for)
{
    GATE("6.2.3 decision/A15 audit; 7.1 certificate/A16 decision; 7.1 (5) certificate/A16 level", "x: A A16 :certificate level=4<ce");
    GATE("6.2.3 decision/A15 audit; 7.1 certificate/A16 decision; 7.1 (5) certificate/A16 directions",
        "x: A A16 :certificate directions.应急响应=true");
}

TEST(a_reissued_one_reaches_no_further_than_the_old_one)
{
    GATE(BEFORE "; 7.1 (5) certificate/A72 directions", CHANGE, REISSUED "initial_date=2024-03-25 valid_from=2024-03-25 directions.x=true");
    GATE(BEFORE "; 7.1 (5) certificate/A72 level", CHANGE,
        "cc: A A72 :certificate + decision=decision/$B-71 supersedes=certificate/$A-16 level=4 issued=2024-05-10 "
        "initial_date=2024-03-25 valid_from=2024-03-25");
}

TEST(it_takes_the_place_of_the_one_decided_on)
{
    GATE(BEFORE "; 7.2 certificate/A72 supersedes; 7.1 certificate/A90 decision", CHANGE,
        "ot: A A90 :certificate + number=9 level=3 issued=2024-03-25 valid_from=2024-03-25 initial_date=2024-03-25",
        "cc: A A72 :certificate + number=2 decision=decision/$B-71 supersedes=certificate/$A-90 level=3 "
        "issued=2024-05-10 returned=2024-05-12 initial_date=2024-03-25 valid_from=2024-03-25");
}

/* Else a withdrawn one would live on in a second one. */
#define SECOND(more) "x: A A90 :certificate + number=9 decision=decision/$A-15 level=3 issued=2024-03-25 valid_from=2024-03-25 " more

TEST(one_certificate_on_a_decision_and_direction)
{
    GATE(BEFORE "; 7.1 certificate/A16 number; 7.1 certificate/A90 decision; 7.1 certificate/A90 number",
        SECOND("initial_date=2024-03-25 directions.风险评估=true"));
    GATE(BEFORE "; 7.1 certificate/A90 decision", "y: A A5 :application directions.应急响应=true",
        SECOND("initial_date=2024-03-25 directions.应急响应=true"));
}

TEST(a_first_one_begins_anew_or_keeps_the_initial_date)
{
    GATE(BEFORE "; 7.1 certificate/A90 decision; 7.1 (6) certificate/A90 initial_date", "y: A A5 :application directions.应急响应=true",
        SECOND("initial_date=2020-01-01 directions.应急响应=true supersedes=certificate/$A-16"));
}

TEST(certificates_follow_each_other_one_way)
{
    GATE("6.2.3 decision/A15 audit; 7.2 certificate/A16 supersedes; 7.1 certificate/A16 decision; 7.2 certificate/A72 supersedes", CHANGE,
        REISSUED "initial_date=2024-03-25 valid_from=2024-03-25", "x: A A16 :certificate supersedes=certificate/$A-72");
}

/* ---- what others rest on ---- */

TEST(what_others_rest_on_is_not_voided)
{
    GATE(BEFORE "; link decision/A15 audit", "x: A A9 :audit void=true<os,oa ~x");
    GATE("6.2.3 decision/A15 audit; link decision/B64 certificate", WITHDRAW, "x: A A16 :certificate void=true<ce ~x");
}

/* ---- registers ---- */

TEST(told_before_it_is_disclosed)
{
    GATE(BEFORE "; 9 disclosure/A40 notified", "x: A A40 :disclosure + to=x what=x date=2025-01-02 notified=2025-01-03");
    GATE(BEFORE, "x: A A40 :disclosure + to=x what=x date=2025-01-03 notified=2025-01-03");
    GATE(BEFORE, "x: A A40 :disclosure + to=x what=x date=2025-01-02 legal_exception=x");
    GATE(BEFORE, "x: A A40 :disclosure + to=x what=x");
}

TEST(a_complaint_is_closed_with_an_outcome)
{
    kit_begin();
    say("x: A A40 :complaint + kind=appeal about=x closed=2025-01-02");
    CHECK(strstr(kit_missing(), "10 complaint/A40 outcome") != NULL);
    say("y: A A40 :complaint outcome=x");
    CHECK(strstr(kit_missing(), "complaint/A40 outcome") == NULL);
    kit_end();
}

/* ---- what a change has broken ---- */

TEST(only_what_is_new_and_no_mere_lack_refuses)
{
    struct gaps before, after;
    kit_begin();
    gaps_init(&before, &kit.arena);
    gaps_init(&after, &kit.arena);
    read_case();
    CHECK_OK(gates_case(&before, &kit.c, kit.on, NULL));
    say("x: A A40 :certificate + number=9");
    read_case();
    CHECK_OK(gates_case(&after, &kit.c, kit.on, NULL));
    CHECK(after.len > before.len && gaps_broken(&before, &after, NULL) == NULL);
    say("y: A A40 :certificate level=9");
    gaps_init(&after, &kit.arena);
    read_case();
    CHECK_OK(gates_case(&after, &kit.c, kit.on, NULL));
    const struct gap *broken = gaps_broken(&before, &after, NULL);
    CHECK(broken && strcmp(broken->rule, "4") == 0);
    kit_end();
}

int main(int argc, char **argv)
{
    return test_main(argc, argv);
}
