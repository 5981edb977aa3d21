/* States of records on a day, and what is computed with them. */
#include "check_kit.h"
#include "satchel/scheme/status.h"

static struct status status;

static const char *state(const char *record, const char *day)
{
    read_case();
    const struct fold_record *r = fold_record(kit.scene.fold, "C-1", kit_id(record));
    CHECK(r != NULL && type_has_status(r->type));
    CHECK_OK(record_status(&status, &kit.c, r, day_read(day)));
    return status.code ? status.code : "none";
}

static const char *computed(const char *name)
{
    const struct jv *v = jv_get(status.computed, name);
    if (!v) return "none";
    return v->type == JV_INT ? arena_printf(&kit.arena, "%d", (int)v->integer) : jv_str(v);
}

#define STATE(record, day, expected) CHECK_STR(state(record, day), expected)

TEST(an_application_on_its_way)
{
    kit_empty();
    say("ap: A A5 :application + kind=initial received=2024-01-02 legal_person=true no_violation=true");
    STATE("application/A5", "2024-01-03", "received");
    say("rv: A A6 :application-review + " APPLICATION " date=2024-01-05 conclusion=refused");
    STATE("application/A5", "2024-01-06", "not-accepted");
    say("r2: A A6 :application-review p1=true p2=true p3=true p4=true p5=true p6=true conclusion=accepted<rv");
    STATE("application/A5", "2024-01-06", "accepted");
    say("da: A A8 :audit + kind=document " APPLICATION " start=2024-02-10 end=2024-02-20 result=pass");
    STATE("application/A5", "2024-02-10", "document-audit");
    say("oa: A A9 :audit + kind=onsite " APPLICATION " start=2024-03-04 end=2024-03-07");
    STATE("application/A5", "2024-03-03", "document-audit");
    STATE("application/A5", "2024-03-04", "onsite-audit");
    say("de: A A15 :decision + outcome=grant date=2024-03-25 " APPLICATION);
    STATE("application/A5", "2024-03-25", "granted");
    say("ce: A A16 :certificate + decision=decision/$A-15 issued=2024-03-26 valid_from=2024-03-26");
    STATE("application/A5", "2024-03-26", "certified");
    say("re: A A15 :decision outcome=refuse<de");
    STATE("application/A5", "2024-03-26", "refused");
    kit_end();
}

TEST(a_renewal_says_how_late_it_is)
{
    kit_begin();
    say("x: A A80 :application + kind=recertification received=2027-01-10 certificate=certificate/$A-16");
    STATE("application/A80", "2027-01-10", "received");
    CHECK_STR(computed("days_late"), "17");
    CHECK_STR(computed("due"), "2026-12-24");
    say("y: A A80 :application received=2026-12-24<x");
    STATE("application/A80", "2027-01-10", "received");
    CHECK_STR(computed("days_late"), "0");
    kit_end();
}

TEST(a_programme)
{
    kit_begin();
    STATE("programme/A7", "2024-01-06", "in-force");
    say("x: A A6 :application-review p1=false<rv");
    STATE("programme/A7", "2024-01-06", "draft");
    say("y: A A6 :application-review p1=true<x");
    say("z: A A40 :programme + " APPLICATION " cycle=1");
    STATE("programme/A7", "2024-01-06", "replaced");
    STATE("programme/A40", "2024-01-06", "in-force");
    kit_end();
}

TEST(an_audit)
{
    kit_begin();
    STATE("audit/A20", "2025-03-09", "planned");
    STATE("audit/A20", "2025-03-11", "under-way");
    STATE("audit/A20", "2025-03-12", "not-submitted");
    say("x: A A20 :audit submitted=true");
    STATE("audit/A20", "2025-03-12", "submitted");
    say("y: A A40 :decision + outcome=maintain date=2025-03-20 audit=audit/$A-20");
    STATE("audit/A20", "2025-03-20", "decided");
    kit_end();
}

TEST(a_finding)
{
    kit_begin();
    STATE("finding/A14", "2024-06-01", "followed-up");
    STATE("finding/A13", "2024-03-19", "open");
    STATE("finding/A13", "2024-03-20", "closed");
    say("x: A A11 due=2024-06-10");
    STATE("finding/A11", "2024-06-10", "open");
    STATE("finding/A11", "2024-06-12", "overdue");
    CHECK_STR(computed("days_late"), "2");
    say("y: A A11 root_cause=x correction=x corrective_action=x");
    STATE("finding/A11", "2024-06-10", "to-verify");
    kit_end();
}

TEST(a_certificate)
{
    kit_begin();
    STATE("certificate/A16", "2024-03-24", "not-issued");
    STATE("certificate/A16", "2024-03-25", "valid");
    CHECK_STR(computed("valid_to"), "2027-03-24");
    CHECK_STR(computed("next_surveillance"), "2025-03-25");
    STATE("certificate/A16", "2027-03-25", "expired");
    say("x: A A40 :decision + outcome=withdraw date=2024-05-01 certificate=certificate/$A-16");
    STATE("certificate/A16", "2024-05-01", "withdrawn");
    CHECK_STR(computed("next_surveillance"), "none");
    kit_end();
}

/* Example 7. */
TEST(a_suspension)
{
    kit_begin();
    say("x: A A60 :decision + outcome=suspend date=2024-08-31 certificate=certificate/$A-16");
    say("y: A A61 :suspension + certificate=certificate/$A-16 decision=decision/$A-60 from=2024-08-31 reason=failure");
    STATE("certificate/A16", "2024-08-31", "suspended");
    STATE("suspension/A61", "2024-11-30", "running");
    CHECK_STR(computed("until"), "2024-11-30");
    CHECK_STR(computed("latest"), "2025-02-28");
    STATE("suspension/A61", "2024-12-01", "overdue");
    STATE("suspension/A61", "2025-03-01", "over");
    say("v: A A61 :suspension verified=2024-11-18");
    STATE("suspension/A61", "2024-11-18", "verified");
    say("z: A A62 :decision + outcome=restore date=2024-11-20 certificate=certificate/$A-16");
    STATE("suspension/A61", "2024-11-20", "ended");
    say("w: A A61 :suspension restored=2024-11-20");
    STATE("suspension/A61", "2024-11-20", "restored");
    STATE("certificate/A16", "2024-11-20", "valid");
    kit_end();
}

#define REFUSED "re: B B40 :decision + outcome=refuse date=2024-02-01 reason=x " APPLICATION

TEST(a_review_is_known_from_its_day_on)
{
    kit_begin();
    STATE("application/A5", "2024-01-04", "received");
    STATE("application/A5", "2024-01-05", "accepted");
    STATE("programme/A7", "2024-01-04", "draft");
    STATE("programme/A7", "2024-01-05", "in-force");
    kit_end();
}

TEST(a_refusal_is_known_from_its_day_on)
{
    kit_begin();
    say(REFUSED);
    STATE("programme/A7", "2024-01-31", "in-force");
    STATE("programme/A7", "2024-02-01", "closed");
    kit_end();
}

TEST(a_refusal_without_a_day_is_none_yet)
{
    kit_begin();
    say("re: B B40 :decision + outcome=refuse reason=x " APPLICATION);
    STATE("programme/A7", "2024-03-01", "in-force");
    kit_end();
}

int main(int argc, char **argv)
{
    return test_main(argc, argv);
}
