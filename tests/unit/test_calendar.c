/* The calendar on cases made by hand, with the worked examples of domain.md §7; at the end a few read from entries.
 * AT(day, what, answer): the items of a kind on that day, "due state rule", with ", " between; "-": none. */
#include "case_kit.h"
#include "satchel/scheme/calendar.h"
#include "scene.h"

static const char *answer(const struct casefile *c, const char *day, const char *what)
{
    struct due *dues = NULL;
    size_t len = 0;
    const char *text = "";
    CHECK_OK(calendar(&dues, &len, c, kit_day(day)));
    for (size_t i = 0; i < len; i++) {
        if (strcmp(due_word(dues[i].what), what) != 0) continue;
        text = arena_printf(&kit.arena, "%s%s%s %s %s", text, *text ? ", " : "", kit_text(dues[i].due),
            due_state_word(due_state(&dues[i], kit_day(day))), dues[i].rule);
    }
    return *text ? text : "-";
}

#define AT(day, what, text)                                                                                          \
    do {                                                                                                             \
        CHECK_OK(casefile_arrange(&kit.c));                                                                          \
        CHECK_STR(answer(&kit.c, day, what), text);                                                                  \
    } while (0)
#define CASE(name, ...)                                                                                              \
    TEST(name)                                                                                                       \
    {                                                                                                                \
        kit_begin();                                                                                                 \
        __VA_ARGS__                                                                                                  \
        kit_end();                                                                                                   \
    }
#define IS(certificate, day, what) CHECK(certificate_state(&kit.c, certificate, kit_day(day)) == CERTIFICATE_##what)

/* ---- the worked examples ---- */

CASE(example_1_first_surveillance_and_renewal, {
    kit_grant("2024-03-25");
    AT("2024-03-24", "surveillance", "-");
    AT("2024-03-25", "surveillance", "2025-03-25 upcoming 6.3.1");
    AT("2024-03-25", "renewal-application", "2026-12-24 upcoming 7.2.1");
    AT("2024-03-25", "recertification", "2027-03-24 upcoming 8");
    AT("2024-03-25", "valid-to", "2027-03-24 upcoming 7.2.1");
})

CASE(example_2_the_next_surveillance_by_the_year, {
    kit_grant("2022-12-10");
    kit_held(AUDIT_SURVEILLANCE, "2023-11-30");
    AT("2023-12-31", "surveillance", "2024-12-31 upcoming 6.3.1");
})

CASE(example_2_the_next_surveillance_by_the_interval, {
    kit_grant("2022-03-10");
    kit_held(AUDIT_SURVEILLANCE, "2023-01-31");
    AT("2023-12-31", "surveillance", "2024-04-30 upcoming 6.3.1");
})

CASE(example_3_information_before_surveillance, {
    kit_grant("2024-06-10");
    kit_audit(AUDIT_SURVEILLANCE, "2025-05-31", "2025-06-02");
    AT("2024-06-10", "surveillance-info", "2025-02-28 upcoming 6.3.2");
    AT("2025-02-28", "surveillance-info", "2025-02-28 due 6.3.2");
    AT("2025-03-01", "surveillance-info", "2025-02-28 overdue 6.3.2");
})

CASE(example_7_suspended, {
    struct certificate *t = kit_grant("2023-08-25");
    struct audit *a = kit_held(AUDIT_SURVEILLANCE, "2024-08-20");
    kit_finding(a, GRADE_MAJOR, NULL);
    struct suspension *s = kit_suspend(t, "2024-08-31");
    AT("2024-08-30", "suspend", "2024-08-20 proposed 7.2.3 (4)");
    AT("2024-08-31", "suspend", "-");
    AT("2024-08-31", "suspension-end", "2024-11-30 upcoming 7.2.3");
    AT("2024-08-31", "suspension-max", "2025-02-28 upcoming 7.2.3");
    AT("2025-02-28", "withdrawal", "-");
    AT("2025-03-01", "withdrawal", "2025-03-01 proposed 7.2.6 (2)");
    AT("2025-03-01", "suspension-max", "2025-02-28 overdue 7.2.3");
    s->verified = kit_day("2024-11-20");
    AT("2025-03-01", "withdrawal", "-");
})

CASE(example_7_restored, {
    struct certificate *t = kit_grant("2023-08-25");
    kit_held(AUDIT_SURVEILLANCE, "2024-08-20");
    struct suspension *s = kit_suspend(t, "2024-08-31");
    s->verified = s->restored = kit_day("2024-11-20");
    kit_decide(OUTCOME_RESTORE, t, "2024-11-20");
    IS(t, "2024-11-19", SUSPENDED);
    IS(t, "2024-11-20", VALID);
    AT("2024-11-19", "suspension-end", "2024-11-30 due 7.2.3");
    AT("2024-11-20", "suspension-end", "-");
    AT("2025-03-01", "withdrawal", "-");
})

CASE(example_8_renewed_late_but_in_time, {
    struct certificate *t = kit_grant("2024-03-25");
    struct audit *a = kit_held(AUDIT_SURVEILLANCE, "2026-11-02");
    kit_apply(APPLICATION_RECERTIFICATION, "2027-01-10");
    struct certificate *u = kit_issue(OUTCOME_RENEW, t, "2027-03-20", "2027-03-25");
    (void)a;
    AT("2026-12-24", "renewal-application", "2026-12-24 due 7.2.1");
    AT("2027-01-09", "renewal-application", "2026-12-24 overdue 7.2.1");
    AT("2027-01-10", "renewal-application", "-");
    AT("2027-03-19", "recertification", "2027-03-24 due 8");
    AT("2027-03-20", "recertification", "2030-03-24 upcoming 8");
    IS(t, "2027-03-24", VALID);
    IS(u, "2027-03-24", NOT_YET_VALID);
    IS(u, "2027-03-25", VALID);
    AT("2027-03-24", "valid-to", "2027-03-24 due 7.2.1, 2030-03-24 upcoming 7.2.1");
    AT("2027-03-25", "valid-to", "2030-03-24 upcoming 7.2.1");
    AT("2027-03-25", "lapse", "-");
    AT("2027-03-25", "surveillance", "2028-03-20 upcoming 6.3.1");
    CHECK_STR(kit_text(u->initial), "2024-03-25");
})

/* ---- surveillance ---- */

CASE(due_states_change_on_their_days, {
    kit_grant("2024-03-25");
    AT("2024-12-24", "surveillance", "2025-03-25 upcoming 6.3.1");
    AT("2024-12-25", "surveillance", "2025-03-25 due 6.3.1");
    AT("2025-03-25", "surveillance", "2025-03-25 due 6.3.1");
    AT("2025-03-26", "surveillance", "2025-03-25 overdue 6.3.1");
})

CASE(an_audit_counts_once_it_was_held, {
    kit_grant("2024-03-25");
    struct audit *a = kit_audit(AUDIT_SURVEILLANCE, "2025-03-03", "2025-03-04");
    AT("2025-03-04", "surveillance", "2025-03-25 due 6.3.1");
    a->result = RESULT_PASS;
    AT("2025-03-03", "surveillance", "2025-03-25 due 6.3.1");
    AT("2025-03-04", "surveillance", "2026-06-04 upcoming 6.3.1");
})

CASE(a_decision_on_it_says_so_too, {
    kit_grant("2024-03-25");
    struct audit *a = kit_audit(AUDIT_SURVEILLANCE, "2025-03-03", "2025-03-04");
    kit_decide(OUTCOME_MAINTAIN, NULL, "2025-03-10")->audit = a;
    AT("2025-03-09", "surveillance", "2025-03-25 due 6.3.1");
    AT("2025-03-10", "surveillance", "2026-06-04 upcoming 6.3.1");
})

CASE(none_is_due_any_more_in_the_cycle, {
    kit_grant("2024-03-25");
    kit_held(AUDIT_SURVEILLANCE, "2025-03-20");
    kit_held(AUDIT_SURVEILLANCE, "2026-03-20");
    AT("2026-03-20", "surveillance", "-");
    AT("2026-03-20", "interval-warning", "-");
})

CASE(the_interval_only_warns_inside_the_exempt_year, {
    kit_grant("2024-09-25");
    kit_held(AUDIT_SURVEILLANCE, "2025-09-20");
    kit_held(AUDIT_SURVEILLANCE, "2026-05-20");
    AT("2026-06-01", "surveillance", "-");
    AT("2026-06-01", "interval-warning", "2027-08-20 upcoming 6.3.1");
    AT("2027-08-21", "interval-warning", "2027-08-20 overdue 6.3.1");
    AT("2027-08-21", "suspend", "-");
})

CASE(recertification_early_exempts_its_own_year, {
    kit_grant("2024-03-25");
    kit_held(AUDIT_SURVEILLANCE, "2025-10-10");
    AT("2026-11-01", "surveillance", "2026-12-31 due 6.3.1");
    kit_held(AUDIT_RECERTIFICATION, "2026-11-30");
    AT("2026-11-29", "surveillance", "2026-12-31 due 6.3.1");
    AT("2026-11-30", "surveillance", "2027-01-10 due 6.3.1");
})

CASE(recertification_late_exempts_the_year_of_expiry_as_planned, {
    kit_grant("2024-03-25");
    kit_held(AUDIT_SURVEILLANCE, "2025-10-10");
    kit_held(AUDIT_RECERTIFICATION, "2027-04-02");
    AT("2026-11-30", "surveillance", "2026-12-31 due 6.3.1");
    AT("2027-03-24", "surveillance", "2026-12-31 overdue 6.3.1");
})

CASE(an_extra_surveillance_with_the_four_points_resets_the_clock, {
    kit_grant("2024-03-25");
    kit_held(AUDIT_SURVEILLANCE, "2025-01-31");
    kit_points(kit_held(AUDIT_EXTRA, "2025-06-30"));
    AT("2025-06-29", "surveillance", "2026-04-30 upcoming 6.3.1");
    AT("2025-06-30", "surveillance", "2026-09-30 upcoming 6.3.1");
})

CASE(and_without_one_of_them_it_does_not, {
    kit_grant("2024-03-25");
    kit_held(AUDIT_SURVEILLANCE, "2025-01-31");
    struct audit *a = kit_held(AUDIT_EXTRA, "2025-06-30");
    kit_points(a);
    a->changes = NULL;
    AT("2025-06-30", "surveillance", "2026-04-30 upcoming 6.3.1");
})

CASE(a_new_cycle_begins_with_its_issue, {
    struct certificate *t = kit_grant("2024-03-25");
    kit_held(AUDIT_SURVEILLANCE, "2026-10-10");
    kit_issue(OUTCOME_RENEW, t, "2027-02-10", "2027-03-25");
    AT("2027-03-25", "surveillance", "2028-02-10 upcoming 6.3.1");
})

CASE(a_reissue_changes_no_date, {
    struct certificate *t = kit_grant("2024-03-25");
    kit_issue(OUTCOME_REISSUE, t, "2024-10-01", "2024-10-01");
    AT("2024-10-01", "surveillance", "2025-03-25 upcoming 6.3.1");
    AT("2024-10-01", "valid-to", "2027-03-24 upcoming 7.2.1");
    IS(t, "2024-09-30", VALID);
    IS(t, "2024-10-01", REPLACED);
})

CASE(information_that_has_come_is_done, {
    kit_grant("2024-06-10");
    struct audit *a = kit_audit(AUDIT_SURVEILLANCE, "2025-05-31", "2025-06-02");
    kit_inform(a, "2025-02-20");
    AT("2025-02-19", "surveillance-info", "2025-02-28 due 6.3.2");
    AT("2025-02-20", "surveillance-info", "-");
})

CASE(information_is_owed_until_the_audit_was_held, {
    kit_grant("2024-06-10");
    struct audit *a = kit_audit(AUDIT_SURVEILLANCE, "2025-05-31", "2025-06-02");
    AT("2025-06-20", "surveillance-info", "2025-02-28 overdue 6.3.2");
    a->submitted = true;
    AT("2025-06-01", "surveillance-info", "2025-02-28 overdue 6.3.2");
    AT("2025-06-02", "surveillance-info", "-");
})

CASE(information_is_asked_for_even_before_a_certificate_is_on_file, {
    kit_audit(AUDIT_SURVEILLANCE, "2025-05-31", "2025-06-02");
    kit_audit(AUDIT_EXTRA, "2025-05-31", "2025-06-02");
    AT("2025-01-01", "surveillance-info", "2025-02-28 due 6.3.2");
})

/* ---- several certificates ---- */

CASE(the_earliest_award_starts_the_surveillance_of_all, {
    kit_grant("2024-03-25");
    kit_grant("2024-09-01");
    AT("2024-08-31", "surveillance", "2025-03-25 upcoming 6.3.1");
    AT("2024-09-01", "surveillance", "2025-03-25 upcoming 6.3.1, 2025-03-25 upcoming 6.3.1");
    kit_held(AUDIT_SURVEILLANCE, "2025-03-20");
    AT("2025-03-20", "surveillance", "2026-06-20 upcoming 6.3.1, 2026-06-20 upcoming 6.3.1");
})

CASE(no_limit_of_ones_own_is_relaxed, {
    struct certificate *t = kit_grant("2024-03-25");
    kit_grant("2024-09-01");
    kit_of(kit_held(AUDIT_SURVEILLANCE, "2025-03-20"), t);
    AT("2025-03-20", "surveillance", "2025-09-01 upcoming 6.3.1, 2025-09-01 upcoming 6.3.1");
})

CASE(one_that_came_after_a_due_date_was_not_in_its_reach, {
    kit_grant("2024-03-25");
    kit_grant("2025-04-01");
    AT("2025-04-01", "surveillance", "2025-03-25 overdue 6.3.1, 2026-04-01 upcoming 6.3.1");
    AT("2025-04-01", "suspend", "2025-03-26 proposed 7.2.3 (2)");
})

CASE(one_that_is_withdrawn_starts_nothing, {
    struct certificate *t = kit_grant("2024-03-25");
    kit_grant("2024-09-01");
    kit_decide(OUTCOME_WITHDRAW, t, "2024-12-01");
    AT("2024-11-30", "surveillance", "2025-03-25 upcoming 6.3.1, 2025-03-25 upcoming 6.3.1");
    AT("2024-12-01", "surveillance", "2025-09-01 upcoming 6.3.1");
})

/* Issued later than the one that takes its place, as a slip in a date may have it: not known yet, it dates nothing. */
CASE(what_is_issued_later_opens_no_cycle_yet, {
    struct certificate *t = kit_grant("2025-06-01");
    kit_issue(OUTCOME_REISSUE, t, "2025-01-01", "2025-01-01");
    AT("2025-03-01", "surveillance", "2026-01-01 upcoming 6.3.1");
    AT("2025-06-01", "surveillance", "2026-06-01 upcoming 6.3.1");
})

/* ---- suspension ---- */

CASE(a_surveillance_overdue_proposes_suspension, {
    struct certificate *t = kit_grant("2024-03-25");
    AT("2025-03-25", "suspend", "-");
    AT("2025-03-26", "suspend", "2025-03-26 proposed 7.2.3 (2)");
    kit_suspend(t, "2025-04-10");
    AT("2025-04-09", "suspend", "2025-03-26 proposed 7.2.3 (2)");
    AT("2025-04-10", "suspend", "-");
})

CASE(and_no_more_once_it_was_held, {
    kit_grant("2024-03-25");
    kit_held(AUDIT_SURVEILLANCE, "2025-04-20");
    AT("2025-04-19", "suspend", "2025-03-26 proposed 7.2.3 (2)");
    AT("2025-04-20", "suspend", "-");
    AT("2025-12-01", "withdrawal", "-");
})

CASE(a_major_is_waived_by_a_decision, {
    kit_grant("2024-03-25");
    struct audit *a = kit_held(AUDIT_SURVEILLANCE, "2025-03-10");
    const struct finding *f = kit_finding(a, GRADE_MAJOR, NULL);
    kit_finding(a, GRADE_MINOR, NULL);
    struct decision *d = kit_decide(OUTCOME_MAINTAIN, NULL, "2025-03-20");
    d->waives = f->id;
    AT("2025-03-20", "suspend", "2025-03-10 proposed 7.2.3 (4)");
    d->reason = "with a reason only";
    AT("2025-03-09", "suspend", "-");
    AT("2025-03-10", "suspend", "2025-03-10 proposed 7.2.3 (4)");
    AT("2025-03-20", "suspend", "-");
})

CASE(or_with_its_whole_audit, {
    kit_grant("2024-03-25");
    struct audit *a = kit_held(AUDIT_SURVEILLANCE, "2025-03-10");
    kit_finding(a, GRADE_MAJOR, NULL);
    kit_finding(a, GRADE_MAJOR, NULL);
    AT("2025-03-19", "suspend", "2025-03-10 proposed 7.2.3 (4), 2025-03-10 proposed 7.2.3 (4)");
    struct decision *d = kit_decide(OUTCOME_MAINTAIN, NULL, "2025-03-20");
    d->waives = a->id;
    d->reason = "x";
    AT("2025-03-20", "suspend", "-");
})

/* 6.3.5: what did not pass is dealt with by chapter 7. */
CASE(a_failed_surveillance_proposes_suspension, {
    struct certificate *t = kit_grant("2024-03-25");
    kit_held(AUDIT_SURVEILLANCE, "2025-03-10")->result = RESULT_FAIL;
    AT("2025-03-09", "suspend", "-");
    AT("2025-03-10", "suspend", "2025-03-10 proposed 7.2.3 (1)");
    kit_suspend(t, "2025-03-20");
    AT("2025-03-19", "suspend", "2025-03-10 proposed 7.2.3 (1)");
    AT("2025-03-20", "suspend", "-");
})

CASE(a_failed_one_with_a_major_proposes_it_once, {
    kit_grant("2024-03-25");
    struct audit *a = kit_held(AUDIT_EXTRA, "2025-03-10");
    a->result = RESULT_FAIL;
    kit_finding(a, GRADE_MAJOR, NULL);
    AT("2025-03-10", "suspend", "2025-03-10 proposed 7.2.3 (4)");
})

CASE(a_suspension_of_before_settles_no_major, {
    struct certificate *t = kit_grant("2024-03-25");
    kit_suspend(t, "2025-01-10");
    kit_decide(OUTCOME_RESTORE, t, "2025-02-10");
    kit_finding(kit_held(AUDIT_SURVEILLANCE, "2025-03-10"), GRADE_MAJOR, NULL);
    AT("2025-03-10", "suspend", "2025-03-10 proposed 7.2.3 (4)");
})

CASE(a_major_of_the_initial_audit_proposes_nothing, {
    kit_finding(kit_held(AUDIT_ONSITE, "2024-03-25"), GRADE_MAJOR, NULL);
    kit_grant("2024-03-25");
    AT("2024-04-01", "suspend", "-");
})

CASE(a_planned_end_stands_within_the_maximum, {
    struct suspension *s = kit_suspend(kit_grant("2024-03-25"), "2024-08-31");
    s->until = kit_day("2025-01-15");
    AT("2024-09-01", "suspension-end", "2025-01-15 upcoming 7.2.3");
    s->until = kit_day("2025-06-15");
    AT("2024-09-01", "suspension-end", "2025-02-28 upcoming 7.2.3");
})

CASE(the_maximum_counts_from_the_first_suspension_that_was_never_restored, {
    struct certificate *t = kit_grant("2024-03-25");
    kit_suspend(t, "2024-08-31");
    kit_suspend(t, "2024-11-01");
    AT("2024-12-01", "suspension-max", "2025-02-28 due 7.2.3");
    kit_decide(OUTCOME_RESTORE, t, "2024-12-10");
    kit_suspend(t, "2025-02-01");
    AT("2025-02-01", "suspension-max", "2025-08-01 upcoming 7.2.3");
})

CASE(details_without_a_decision_go_with_that_of_their_time, {
    struct certificate *t = kit_grant("2024-03-25");
    kit_suspend(t, "2024-08-31")->decision = NULL;
    kit_suspend(t, "2024-10-01")->decision = NULL;
    AT("2024-12-01", "suspension-max", "2025-02-28 due 7.2.3");
})

/* ---- withdrawal ---- */

CASE(overdue_by_six_months_is_withdrawn, {
    kit_grant("2024-08-31");
    AT("2026-02-28", "withdrawal", "-");
    AT("2026-03-01", "withdrawal", "2026-03-01 proposed 7.2.6 (1)");
})

CASE(the_suspension_s_maximum_binds_where_it_ends_first, {
    struct certificate *t = kit_grant("2024-08-31");
    struct suspension *s = kit_suspend(t, "2025-05-20");
    AT("2025-11-20", "withdrawal", "-");
    AT("2025-11-21", "withdrawal", "2025-11-21 proposed 7.2.6 (2)");
    s->verified = kit_day("2025-10-01");
    AT("2025-11-21", "withdrawal", "2025-11-21 proposed 7.2.6 (2)");
})

CASE(else_its_own_limit_does, {
    kit_suspend(kit_grant("2024-08-31"), "2025-12-01");
    AT("2026-02-28", "withdrawal", "-");
    AT("2026-03-01", "withdrawal", "2026-03-01 proposed 7.2.6 (1)");
    AT("2026-06-02", "withdrawal", "2026-03-01 proposed 7.2.6 (1)");
})

CASE(verified_too_late_is_not_in_time, {
    kit_held(AUDIT_SURVEILLANCE, "2025-08-20");
    struct suspension *s = kit_suspend(kit_grant("2024-08-31"), "2025-08-31");
    s->verified = kit_day("2026-03-01");
    AT("2026-03-01", "withdrawal", "2026-03-01 proposed 7.2.6 (2)");
    s->verified = kit_day("2026-02-28");
    AT("2026-03-01", "withdrawal", "-");
})

CASE(a_surveillance_that_falls_due_after_the_maximum_is_not_late_before, {
    struct suspension *s = kit_suspend(kit_grant("2024-08-31"), "2025-01-10");
    s->verified = kit_day("2025-03-01");
    AT("2025-08-31", "withdrawal", "-");
    AT("2025-09-01", "withdrawal", "2025-09-01 proposed 7.2.6 (2)");
})

CASE(what_is_withdrawn_or_cancelled_has_no_dates, {
    struct certificate *t = kit_grant("2024-08-31");
    kit_suspend(t, "2025-09-20");
    kit_decide(OUTCOME_WITHDRAW, t, "2026-03-20");
    AT("2026-03-19", "withdrawal", "2026-03-01 proposed 7.2.6 (1)");
    struct due *dues;
    size_t len;
    CHECK_OK(calendar(&dues, &len, &kit.c, kit_day("2026-03-20")));
    CHECK(len == 0);
    CHECK_OK(calendar(&dues, &len, &kit.c, kit_day("2028-03-20")));
    CHECK(len == 0);
})

/* ---- the end ---- */

CASE(what_is_not_renewed_lapses, {
    struct certificate *t = kit_grant("2024-03-25");
    AT("2027-03-24", "lapse", "-");
    AT("2027-03-25", "lapse", "2027-03-25 proposed 7.2.1");
    AT("2027-03-25", "valid-to", "-");
    AT("2027-03-25", "surveillance", "-");
    kit_decide(OUTCOME_CANCEL, t, "2027-05-01");
    AT("2027-04-30", "lapse", "2027-03-25 proposed 7.2.1");
    AT("2027-05-01", "lapse", "-");
})

CASE(a_recertification_that_came_to_nothing_lapses_too, {
    kit_grant("2024-03-25");
    kit_apply(APPLICATION_RECERTIFICATION, "2026-12-10");
    AT("2027-03-25", "lapse", "2027-03-25 proposed 8");
})

CASE(until_a_late_one_takes_its_place, {
    struct certificate *t = kit_grant("2024-03-25");
    kit_issue(OUTCOME_RENEW, t, "2027-04-20", "2027-04-20");
    AT("2027-04-19", "lapse", "2027-03-25 proposed 7.2.1");
    AT("2027-04-20", "lapse", "-");
})

CASE(an_application_for_another_cycle_or_another_kind_is_none_for_this, {
    struct certificate *t = kit_grant("2024-03-25");
    struct certificate *u = kit_grant("2024-05-25");
    kit_apply(APPLICATION_RECERTIFICATION, "2026-12-10")->certificate = u;
    kit_apply(APPLICATION_EXTENSION, "2026-12-10")->certificate = t;
    kit_apply(APPLICATION_RECERTIFICATION, "2024-03-24");
    AT("2026-12-10", "renewal-application", "2026-12-24 due 7.2.1");
})

CASE(a_renewal_of_any_certificate_of_the_cycle_ends_it, {
    struct certificate *t = kit_grant("2024-03-25");
    struct certificate *u = kit_issue(OUTCOME_REISSUE, t, "2025-03-01", "2025-03-01");
    kit_issue(OUTCOME_RENEW, t, "2027-03-10", "2027-03-20");
    IS(u, "2027-03-19", VALID);
    IS(u, "2027-03-20", REPLACED);
    AT("2027-03-19", "recertification", "2030-03-19 upcoming 8");
    AT("2027-03-20", "valid-to", "2030-03-19 upcoming 7.2.1");
    AT("2027-03-25", "lapse", "-");
})

/* ---- states ---- */

CASE(on_one_day_the_gravest_decision_stands, {
    static const enum outcome order[] = {OUTCOME_WITHDRAW, OUTCOME_CANCEL, OUTCOME_SUSPEND, OUTCOME_RESTORE, OUTCOME_MAINTAIN};
    static const enum certificate_state want[] = {
        CERTIFICATE_WITHDRAWN, CERTIFICATE_CANCELLED, CERTIFICATE_SUSPENDED, CERTIFICATE_VALID, CERTIFICATE_VALID};
    for (size_t i = 0; i < 25; i++) {
        kit_clear();
        struct certificate *t = kit_grant("2024-03-25");
        kit_decide(order[i / 5], t, "2025-03-25");
        kit_decide(order[i % 5], t, "2025-03-25");
        CHECK(certificate_state(&kit.c, t, kit_day("2025-03-25")) == want[i / 5 < i % 5 ? i / 5 : i % 5]);
        CHECK(certificate_state(&kit.c, t, kit_day("2025-03-24")) == CERTIFICATE_VALID);
    }
})

CASE(what_was_withdrawn_stays_so, {
    struct certificate *t = kit_grant("2024-03-25");
    kit_decide(OUTCOME_WITHDRAW, t, "2025-03-25");
    kit_decide(OUTCOME_RESTORE, t, "2025-04-25");
    kit_decide(OUTCOME_CANCEL, t, "2025-05-25");
    IS(t, "2025-04-25", WITHDRAWN);
    IS(t, "2025-05-25", WITHDRAWN);
})

CASE(a_suspension_lasts_through_a_restoration_of_its_own_day, {
    struct certificate *t = kit_grant("2024-03-25");
    kit_suspend(t, "2024-08-31");
    kit_decide(OUTCOME_RESTORE, t, "2024-10-31");
    kit_suspend(t, "2024-10-31");
    IS(t, "2024-10-31", SUSPENDED);
    AT("2024-12-01", "suspension-max", "2025-02-28 due 7.2.3");
})

CASE(two_reissues_of_one_day_leave_one_certificate, {
    struct certificate *t = kit_grant("2024-03-25");
    struct certificate *v = kit_issue(OUTCOME_REISSUE, NULL, "2025-03-01", "2025-03-01");
    struct certificate *u = kit_issue(OUTCOME_REISSUE, t, "2025-03-01", "2025-03-01");
    v->supersedes = u; /* the one with the lower number takes the place of the other */
    IS(t, "2025-03-01", REPLACED);
    IS(u, "2025-03-01", REPLACED);
    IS(v, "2025-03-01", VALID);
    AT("2025-03-01", "valid-to", "2027-03-24 upcoming 7.2.1");
})

CASE(two_reissues_of_one_certificate_leave_the_later, {
    struct certificate *t = kit_grant("2024-03-25");
    struct certificate *u = kit_issue(OUTCOME_REISSUE, t, "2025-03-01", "2025-03-01");
    struct certificate *v = kit_issue(OUTCOME_REISSUE, t, "2025-05-01", "2025-05-01");
    IS(u, "2025-04-30", VALID);
    IS(u, "2025-05-01", REPLACED);
    IS(v, "2025-05-01", VALID);
})

CASE(links_in_a_circle_end, {
    struct certificate *t = kit_issue(OUTCOME_REISSUE, NULL, "2024-03-25", "2024-03-25");
    struct certificate *u = kit_issue(OUTCOME_REISSUE, t, "2024-04-25", "2024-04-25");
    t->supersedes = u;
    struct due_span *spans;
    size_t len;
    CHECK_OK(calendar_spans(&spans, &len, &kit.c));
    kit_clear();
    t = kit_issue(OUTCOME_RENEW, NULL, "2024-03-25", "2024-03-25");
    t->supersedes = t;
    CHECK_OK(calendar_spans(&spans, &len, &kit.c));
})

CASE(without_the_decision_nothing_is_issued, {
    struct certificate *t = kit_grant("2024-03-25");
    kit.c.decisions[0].outcome = OUTCOME_REFUSE;
    IS(t, "2024-03-25", NOT_ISSUED);
    t->decision = NULL;
    IS(t, "2024-03-25", NOT_ISSUED);
    AT("2024-03-25", "valid-to", "-");
})

/* ---- findings ---- */

CASE(a_finding_is_due_until_it_is_closed, {
    struct audit *a = kit_held(AUDIT_ONSITE, "2024-03-05");
    struct finding *f = kit_finding(a, GRADE_MINOR, "2024-06-05");
    kit_finding(a, GRADE_OBSERVATION, "2024-06-05");
    AT("2024-03-04", "finding-due", "-");
    AT("2024-03-05", "finding-due", "2024-06-05 upcoming 6.3.4");
    AT("2024-06-06", "finding-due", "2024-06-05 overdue 6.3.4");
    f->closed = kit_day("2024-06-06");
    AT("2024-06-05", "finding-due", "2024-06-05 due 6.3.4");
    AT("2024-06-06", "finding-due", "-");
})

/* ---- all days at once ---- */

CASE(spans_join_the_days_on_which_an_item_stands, {
    struct certificate *t = kit_grant("2024-08-31");
    kit_decide(OUTCOME_WITHDRAW, t, "2026-03-20");
    struct due_span *spans;
    size_t len, found = 0;
    CHECK_OK(calendar_spans(&spans, &len, &kit.c));
    for (size_t i = 0; i < len; i++) {
        if (spans[i].item.what != DUE_WITHDRAWAL) continue;
        CHECK_STR(kit_text(spans[i].from), "2026-03-01");
        CHECK_STR(kit_text(spans[i].to), "2026-03-19");
        found++;
    }
    CHECK(found == 1);
})

/* ---- read from entries ---- */

static struct scene scene;

#define READ(...)                                                                                                    \
    const char *lines[] = {__VA_ARGS__};                                                                             \
    scene_init(&scene);                                                                                              \
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) scene_say(&scene, lines[i]);                           \
    CHECK_OK(casefile_read(&kit.c, &kit.arena, scene.fold, "C-1", kit.schemes))
#define GRANTED                                                                                                      \
    "de: A A1 :decision + outcome=grant date=2024-03-25",                                                            \
        "ce: A A2 :certificate + decision=decision/$A-1 issued=2024-03-25 valid_from=2024-03-25 "                    \
        "initial_date=2024-03-25"

CASE(entries_give_the_same_dates, {
    READ(GRANTED, "au: A A3 :audit + kind=surveillance start=2025-03-10 end=2025-03-11 result=pass",
        "fi: A A4 :finding + audit=audit/$A-3 grade=major due=2025-06-11");
    CHECK_STR(answer(&kit.c, "2024-06-01", "surveillance"), "2025-03-25 upcoming 6.3.1");
    CHECK_STR(answer(&kit.c, "2025-03-11", "surveillance"), "2026-06-11 upcoming 6.3.1");
    CHECK_STR(answer(&kit.c, "2025-03-11", "suspend"), "2025-03-11 proposed 7.2.3 (4)");
    CHECK_STR(answer(&kit.c, "2025-03-11", "finding-due"), "2025-06-11 upcoming 6.3.4");
    scene_release(&scene);
})

CASE(a_voided_finding_proposes_nothing, {
    READ(GRANTED, "au: A A3 :audit + kind=surveillance start=2025-03-10 end=2025-03-11 result=pass",
        "fi: A A4 :finding + audit=audit/$A-3 grade=major due=2025-06-11", "vo: A A4 :finding void=true<fi");
    CHECK_STR(answer(&kit.c, "2025-03-11", "suspend"), "-");
    CHECK_STR(answer(&kit.c, "2025-03-11", "finding-due"), "-");
    scene_release(&scene);
})

CASE(an_audit_of_the_certificates_it_names, {
    READ(GRANTED, "d2: A A5 :decision + outcome=grant date=2024-09-01",
        "c2: A A6 :certificate + decision=decision/$A-5 issued=2024-09-01 valid_from=2024-09-01",
        "au: A A3 :audit + kind=surveillance start=2025-03-10 end=2025-03-11 result=pass certificates.certificate/$A-2=true");
    CHECK_STR(answer(&kit.c, "2025-03-11", "surveillance"), "2025-09-01 upcoming 6.3.1, 2025-09-01 upcoming 6.3.1");
    scene_release(&scene);
})

CASE(a_date_in_conflict_is_no_date, {
    READ(GRANTED, "s1: A A2 :certificate issued=2024-04-01<ce", "s2: B A2 :certificate issued=2024-05-01<ce");
    CHECK_STR(answer(&kit.c, "2024-06-01", "valid-to"), "-");
    scene_release(&scene);
})

int main(int argc, char **argv)
{
    return test_main(argc, argv);
}
