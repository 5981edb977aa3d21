/* What holds of every cycle, on random ones: a certificate is in one state, adding a record brings no date later that it
 * should bring nearer, withdrawals follow the table of 7.2.6, and the spans of an index say what the calendar says. */
#include "case_kit.h"
#include "satchel/scheme/calendar.h"

static uint64_t state;

static int below(int n)
{
    return (int)(test_random_next(&state) % (uint64_t)n);
}

static bool chance(int percent)
{
    return below(100) < percent;
}

static int32_t today; /* the first day of the random case */

static int32_t some_day(void)
{
    return today + below(4 * 366);
}

static void random_audit(const struct certificate *t)
{
    static const enum audit_kind kinds[] = {AUDIT_SURVEILLANCE, AUDIT_SURVEILLANCE, AUDIT_SURVEILLANCE, AUDIT_EXTRA,
        AUDIT_RECERTIFICATION, AUDIT_ONSITE};
    int32_t start = some_day();
    struct audit *a = kit_audit_on(kinds[below(6)], start, start + below(3), chance(70));
    if (chance(50)) kit_of(a, t);
    if (chance(50)) kit_points(a);
    if (a->kind != AUDIT_ONSITE && chance(30)) kit_finding(a, chance(50) ? GRADE_MAJOR : GRADE_MINOR, NULL)->due = start + 60;
    if (chance(20)) kit_inform(a, NULL)->received = start - below(200);
}

static void random_decision(const struct certificate *t)
{
    static const enum outcome outcomes[] = {OUTCOME_SUSPEND, OUTCOME_SUSPEND, OUTCOME_RESTORE, OUTCOME_RESTORE, OUTCOME_MAINTAIN,
        OUTCOME_CANCEL, OUTCOME_WITHDRAW};
    enum outcome outcome = outcomes[below(chance(20) ? 7 : 5)];
    int32_t day = some_day();
    if (outcome == OUTCOME_SUSPEND && chance(80)) {
        struct suspension *s = kit_suspend_on(t, day);
        if (chance(30)) s->until = day + below(300);
        if (chance(40)) s->verified = day + below(300);
        return;
    }
    struct decision *d = kit_decide_on(outcome, t, day);
    if (outcome == OUTCOME_MAINTAIN && kit.c.findings_len && chance(50)) d->waives = kit.c.findings[0].id;
}

static struct certificate *random_certificate(void)
{
    int32_t day = today + below(200);
    return kit_issue_on(OUTCOME_GRANT, NULL, day, day + (chance(20) ? below(20) : 0));
}

/* Reissued, or renewed. */
static void random_successor(const struct certificate *t)
{
    bool renewed = chance(60);
    int32_t day = renewed ? certificate_valid_to(&kit.c, t) - 40 + below(60) : some_day();
    kit_issue_on(renewed ? OUTCOME_RENEW : OUTCOME_REISSUE, t, day, day + below(30));
    if (chance(50)) kit_apply(APPLICATION_RECERTIFICATION, NULL)->received = day - below(120);
}

static void random_case(int certificates)
{
    kit_clear();
    today = day_of(2019, 1, 1) + below(12 * 365);
    for (int i = 0; i < certificates; i++) random_certificate();
    for (int n = below(6); n > 0; n--) random_audit(&kit.c.certificates[below(certificates)]);
    for (int n = below(4); n > 0; n--) random_decision(&kit.c.certificates[below(certificates)]);
    if (chance(40)) random_successor(&kit.c.certificates[below(certificates)]);
    CHECK_OK(casefile_arrange(&kit.c));
}

/* Runs a property on random cases until one fails; tells the seed and how many there were. */
static void each_case(const char *name, int count, int certificates, void (*property)(void))
{
    int failed = test_failed_checks, n = 0;
    uint64_t at = 0;
    if (!test_full) count /= 10;
    kit_begin();
    for (state = 20261122; n < count && test_failed_checks == failed; n++) {
        at = state;
        random_case(certificates > 1 ? 1 + below(certificates) : 1);
        property();
    }
    kit_end();
    printf("seed 20261122, %s: %d random cases\n", name, n);
    if (test_failed_checks != failed) printf("  failed from state %llu on\n", (unsigned long long)at);
}

/* The first item of a kind for a certificate; NULL: none. */
static const struct due *find_due(enum due_what what, const struct certificate *t, int32_t on)
{
    struct due *dues = NULL;
    size_t len = 0;
    CHECK_OK(calendar(&dues, &len, &kit.c, on));
    for (size_t i = 0; i < len; i++)
        if (dues[i].what == what && dues[i].certificate == t) return &dues[i];
    return NULL;
}

/* ---- states ---- */

static bool may_change(const struct certificate *t, int32_t day)
{
    for (size_t i = 0; i < kit.c.decisions_len; i++)
        if (kit.c.decisions[i].date == day) return true;
    for (size_t i = 0; i < kit.c.certificates_len; i++)
        if (kit.c.certificates[i].issued == day || kit.c.certificates[i].valid_from == day) return true;
    return day == certificate_valid_to(&kit.c, t) + 1;
}

static void one_state_each_day(void)
{
    int32_t day = some_day();
    size_t live = 0;
    for (size_t i = 0; i < kit.c.certificates_len; i++) {
        const struct certificate *t = &kit.c.certificates[i];
        enum certificate_state now = certificate_state(&kit.c, t, day), before = certificate_state(&kit.c, t, day - 1);
        CHECK(now <= CERTIFICATE_WITHDRAWN);
        CHECK(now == before || may_change(t, day));
        bool in_force = now == CERTIFICATE_VALID || now == CERTIFICATE_SUSPENDED;
        if (in_force && cycle_opened_by(&kit.c, t) == &kit.c.certificates[0]) live++;
    }
    CHECK(live <= 1);
}

TEST(a_certificate_is_in_one_state_which_changes_on_its_days)
{
    each_case("states", 100000, 2, one_state_each_day);
}

/* What the decisions of a day make of a certificate, by going through the days one by one. */
static enum certificate_state walk_states(const struct certificate *t, int32_t on, int32_t *suspended_from)
{
    enum certificate_state s = CERTIFICATE_VALID;
    for (int32_t day = today - 400; day <= on; day++) {
        unsigned today_s = 0;
        for (size_t i = 0; i < kit.c.decisions_len; i++) {
            const struct decision *d = &kit.c.decisions[i];
            if (d->date == day && d->certificate == t) today_s |= 1u << d->outcome;
        }
        if (today_s & 1u << OUTCOME_WITHDRAW) return CERTIFICATE_WITHDRAWN;
        if (today_s & 1u << OUTCOME_CANCEL) return CERTIFICATE_CANCELLED;
        if (today_s & 1u << OUTCOME_SUSPEND) {
            if (s == CERTIFICATE_VALID) *suspended_from = day;
            s = CERTIFICATE_SUSPENDED;
        } else if (today_s & 1u << OUTCOME_RESTORE) {
            s = CERTIFICATE_VALID;
        }
    }
    return s;
}

/* ---- withdrawal, by the table of 7.2.6 ---- */

static int32_t surveillance_due(const struct certificate *t, int32_t on)
{
    int32_t end = certificate_valid_to(&kit.c, t), last = DAY_NONE, recertified = INT32_MAX;
    for (size_t i = 0; i < kit.c.audits_len; i++) {
        const struct audit *a = &kit.c.audits[i];
        bool within = a->certificates_len ? a->certificates[0] == t : a->end >= t->issued && a->end <= end;
        bool counts = a->submitted && a->end <= on && within;
        bool complete = a->kind == AUDIT_SURVEILLANCE || (a->kind == AUDIT_EXTRA && a->changes);
        if (counts && complete && a->end > last) last = a->end;
        if (counts && a->kind == AUDIT_RECERTIFICATION && a->end <= end && a->end < recertified) recertified = a->end;
    }
    int exempt = day_year(recertified == INT32_MAX ? end : recertified);
    if (last == DAY_NONE) return day_add_months(t->issued, 12);
    int year = day_year(last) + 1 == exempt ? day_year(last) + 2 : day_year(last) + 1;
    int32_t due = day_of(year, 12, 31), interval = day_add_months(last, 15);
    if (interval < due && day_year(interval) != exempt) due = interval;
    return due <= end ? due : DAY_NONE;
}

/* "7.2.6 (1)": six months overdue; (2): suspended for six months, and the surveillance overdue or nothing verified; "-". */
static const char *withdrawal_rule(const struct certificate *t, int32_t on)
{
    int32_t from = DAY_NONE, verified = DAY_NONE, due = surveillance_due(t, on);
    enum certificate_state s = walk_states(t, on, &from);
    if (s == CERTIFICATE_WITHDRAWN || s == CERTIFICATE_CANCELLED || on > certificate_valid_to(&kit.c, t) || on < t->valid_from)
        return "-";
    bool late = due != DAY_NONE && on > due, overdue = late && on > day_add_months(due, 6);
    if (s != CERTIFICATE_SUSPENDED) return overdue ? "7.2.6 (1)" : "-";
    int32_t max = day_add_months(from, 6);
    const struct suspension *details;
    if (certificate_suspended_by(&kit.c, t, on, &details) && details) verified = details->verified;
    bool unremedied = on > max && (late || verified == DAY_NONE || verified > max);
    if (overdue && (!unremedied || day_add_months(due, 6) <= max)) return "7.2.6 (1)";
    return unremedied ? "7.2.6 (2)" : "-";
}

static void withdrawn_by_the_table(void)
{
    const struct certificate *t = &kit.c.certificates[0];
    if (kit.c.certificates_len > 1) kit.c.certificates_len = 1;
    for (int i = 0; i < 8; i++) {
        int32_t on = some_day();
        if (on < t->valid_from) continue; /* decisions before it is valid are another story */
        const struct due *d = find_due(DUE_WITHDRAWAL, t, on);
        CHECK_STR(d ? d->rule : "-", withdrawal_rule(t, on));
    }
}

TEST(withdrawals_follow_the_table)
{
    each_case("withdrawals", 100000, 1, withdrawn_by_the_table);
}

static void state_by_walking(void)
{
    const struct certificate *t = &kit.c.certificates[0];
    int32_t from, on = some_day();
    if (kit.c.certificates_len > 1) kit.c.certificates_len = 1;
    if (on < t->valid_from || on > certificate_valid_to(&kit.c, t)) return;
    CHECK(certificate_state(&kit.c, t, on) == walk_states(t, on, &from));
}

TEST(states_are_those_of_the_decisions_one_by_one)
{
    each_case("states by walking", 100000, 1, state_by_walking);
}

/* ---- nearer, never later ---- */

static int32_t due_or_never(enum due_what what, const struct certificate *t, int32_t on)
{
    const struct due *d = find_due(what, t, on);
    return d ? d->due : INT32_MAX;
}

static void nearer_with_another_certificate(void)
{
    const struct certificate *t = &kit.c.certificates[0];
    int32_t on = some_day(), before = due_or_never(DUE_SURVEILLANCE, t, on);
    random_certificate();
    int32_t after = due_or_never(DUE_SURVEILLANCE, t, on);
    CHECK(after <= before || (after == INT32_MAX && before == INT32_MAX));
}

TEST(another_certificate_makes_no_surveillance_later)
{
    each_case("another certificate", 100000, 2, nearer_with_another_certificate);
}

static void nearer_with_a_suspension(void)
{
    const struct certificate *t = &kit.c.certificates[0];
    int32_t on = some_day(), max = due_or_never(DUE_SUSPENSION_MAX, t, on), withdrawal = due_or_never(DUE_WITHDRAWAL, t, on);
    bool suspended = certificate_state(&kit.c, t, on) == CERTIFICATE_SUSPENDED;
    kit_suspend_on(t, suspended ? on - below(30) : on);
    CHECK(!suspended || due_or_never(DUE_SUSPENSION_MAX, t, on) <= max);
    CHECK(due_or_never(DUE_WITHDRAWAL, t, on) <= withdrawal);
    CHECK(due_or_never(DUE_SUSPENSION_END, t, on) <= due_or_never(DUE_SUSPENSION_MAX, t, on));
}

TEST(another_suspension_makes_no_end_later)
{
    each_case("another suspension", 100000, 1, nearer_with_a_suspension);
}

static void nothing_by_an_incomplete_extra(void)
{
    const struct certificate *t = &kit.c.certificates[0];
    int32_t on = some_day(), before = due_or_never(DUE_SURVEILLANCE, t, on), day = some_day();
    kit_audit_on(AUDIT_EXTRA, day, day, true);
    CHECK(due_or_never(DUE_SURVEILLANCE, t, on) == before);
    kit_audit_on(AUDIT_SURVEILLANCE, day, day, false); /* planned, not held */
    CHECK(due_or_never(DUE_SURVEILLANCE, t, on) == before);
}

TEST(what_does_not_count_moves_no_surveillance)
{
    each_case("what does not count", 100000, 2, nothing_by_an_incomplete_extra);
}

static void nothing_by_a_reissue(void)
{
    static const enum due_what whats[] = {
        DUE_SURVEILLANCE, DUE_VALID_TO, DUE_RENEWAL_APPLICATION, DUE_SUSPENSION_MAX, DUE_WITHDRAWAL};
    const struct certificate *t = &kit.c.certificates[0];
    int32_t on = some_day(), before[5];
    struct cycle y = cycle_of(&kit.c, t, on);
    if (on <= y.issued || kit.c.certificates_len > 1) return;
    for (int i = 0; i < 5; i++) before[i] = due_or_never(whats[i], t, on);
    const struct certificate *u = kit_issue_on(OUTCOME_REISSUE, t, on, t->valid_from);
    for (int i = 0; i < 5; i++) CHECK(due_or_never(whats[i], u, on) == before[i]);
}

TEST(a_reissue_moves_nothing)
{
    each_case("a reissue", 100000, 1, nothing_by_a_reissue);
}

/* ---- the calendar and its spans ---- */

static bool same_due(const struct due *a, const struct due *b)
{
    bool same_record = a->record == b->record || (a->record && b->record && strcmp(a->record, b->record) == 0);
    return a->what == b->what && a->due == b->due && a->certificate == b->certificate && same_record &&
           strcmp(a->rule, b->rule) == 0 && a->remind_days == b->remind_days;
}

static void same_on(const struct due_span *spans, size_t len, int32_t on)
{
    struct due *dues = NULL;
    size_t dues_len = 0, found = 0, standing = 0;
    CHECK_OK(calendar(&dues, &dues_len, &kit.c, on));
    for (size_t i = 0; i < len; i++) {
        if (on < spans[i].from || on > spans[i].to) continue;
        standing++;
        for (size_t k = 0; k < dues_len; k++)
            if (same_due(&spans[i].item, &dues[k])) found++;
    }
    CHECK(found == dues_len && standing == dues_len);
}

/* Links as no sound case has them: to itself, in a circle, to what came later. */
static void scramble(void)
{
    for (size_t i = 0; i < kit.c.certificates_len; i++)
        kit.c.certificates[i].supersedes = &kit.c.certificates[below((int)kit.c.certificates_len)];
}

static void spans_say_what_the_calendar_says(void)
{
    struct due_span *spans = NULL;
    size_t len = 0;
    if (chance(10)) scramble();
    CHECK_OK(calendar_spans(&spans, &len, &kit.c));
    for (int i = 0; i < 20; i++) same_on(spans, len, some_day() - 200 + below(2000));
    for (size_t i = 0; i < len; i++) {
        CHECK(spans[i].from <= spans[i].to);
        same_on(spans, len, spans[i].from);
        if (spans[i].to < INT32_MAX) same_on(spans, len, spans[i].to + 1);
        if (spans[i].from > INT32_MIN + 1) same_on(spans, len, spans[i].from - 1);
    }
}

TEST(spans_and_calendar_agree)
{
    each_case("spans", 10000, 3, spans_say_what_the_calendar_says);
}

int main(int argc, char **argv)
{
    return test_main(argc, argv);
}
