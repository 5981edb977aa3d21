/* Whatever a case holds, well-formed entries of every type with links, days and conflicts at random, each question about it
 * gets an answer, and no answer about a day rests on what is dated later. */
#include "check_kit.h"

#include "satchel/scheme/calendar.h"
#include "satchel/scheme/coverage.h"
#include "satchel/scheme/plan.h"
#include "satchel/scheme/status.h"

enum { CASES = 2000, DAYS = 4, RECORDS = 4 /* of a type and author */, YEARS = 10000 /* that dates can name */ };

/* "name=value|value …": one of the values is taken. #day, #person and #TYPE stand for a day and for links, in names too. */
static const struct {
    const char *type, *fields;
} shapes[] = {
    {"department", "code=D1|D2|D3|X decisive=true|false"},
    {"site", "kind=office|service central=true|false similar=a|b directions.风险评估=true|null"},
    {"application", "kind=initial|extension|upgrade|downgrade|recertification|change received=#day "
                    "level=1|3|4|-1|9007199254740991|\"3\" directions.风险评估=true directions.应急响应=true|null directions.x=true "
                    "certificate=#certificate contract=open|fulfilled legal_person=true|false no_violation=true scheme=#scheme"},
    {"self-assessment", "application=#application clause=A1|A2|B2|x result=conform|na|minor"},
    {"application-review", "application=#application date=#day p1=true p2=true p3=true p4=true p5=true p6=true|false "
                           "conclusion=accepted|accepted|refused"},
    {"programme", "application=#application certificate=#certificate cycle=1|2|-9007199254740991|9007199254740991 planned=x"},
    {"audit", "kind=document|onsite|surveillance|surveillance|recertification|extra mode=onsite|document|other start=#day end=#day "
              "leader=#person team.#person=true sites.#site=true certificates.#certificate=true directions.风险评估=true|null "
              "application=#application result=pass|fail submitted=true last_of_cycle=true|false picks.A1=true picks.x=true "
              "days.2024-03-04/4=true followup_measures=x followup_complaints=x effectiveness=x changes=x"},
    {"sample", "audit=#audit clause=A1|A2|B2|RA1|x department=#department site=#site direction=风险评估|x "
               "result=conform|major|minor|observation|ofi|na|not_audited na_approved=true project=finished|ongoing"},
    {"finding", "audit=#audit clause=A1|B2|RA2|x department=#department site=#site grade=major|minor|observation|ofi due=#day "
                "closed=#day followup=x fact=x samples.#sample=true"},
    {"evidence", "of.#sample=true of.#finding=true of.#evidence=true of.#self-assessment=true"},
    {"meeting", "audit=#audit kind=opening|closing date=#day attendance=x"},
    {"decision", "audit=#audit application=#application certificate=#certificate date=#day reason=x waives=#finding|#audit "
                 "outcome=grant|grant|refuse|maintain|suspend|restore|cancel|withdraw|renew|renew|reissue"},
    {"certificate", "decision=#decision supersedes=#certificate directions.风险评估=true level=3|9007199254740991 "
                    "initial_date=#day issued=#day valid_from=#day returned=#day number=1"},
    {"suspension", "certificate=#certificate decision=#decision from=#day until=#day verified=#day restored=#day "
                   "reason=major|overdue measures=x"},
    {"surveillance-info", "audit=#audit received=#day"},
    {"event", "kind=change|risk date=#day extra_audit=yes|no reason=x audit=#audit"},
    {"complaint", "kind=appeal closed=#day outcome=x"},
    {"disclosure", "date=#day notified=#day"},
};
enum { SHAPES = sizeof shapes / sizeof *shapes };

static uint64_t state_now;

static uint64_t below(uint64_t n)
{
    return test_random_next(&state_now) % n;
}

/* ---- entries at random ---- */

/* One in eight is beyond anything that happens. */
static const char *any_day(void)
{
    static const char *const odd[] = {"0001-01-01", "0000-03-01", "9999-12-31", "2024-02-29", "2027-02-28", "1969-12-31"};
    if (below(8) == 0) return odd[below(sizeof odd / sizeof *odd)];
    char *s = arena_alloc(&kit.arena, DAY_TEXT);
    day_write(s, day_of(2024, 1, 1) + (int32_t)below(6 * 366));
    return s;
}

static int place_of(const char *type, size_t len)
{
    for (int i = 0; i < SHAPES; i++)
        if (strlen(shapes[i].type) == len && strncmp(shapes[i].type, type, len) == 0) return i;
    return SHAPES; /* a type that no record here has */
}

static char any_author(void)
{
    return "AAB"[below(3)];
}

static int any_number(int place)
{
    return place * 10 + 1 + (int)below(RECORDS);
}

/* Text up to its end, with every #word replaced. */
static void put_words(struct buf *out, const char *s, const char *end)
{
    while (s < end) {
        size_t len = *s == '#' ? strspn(s + 1, "abcdefghijklmnopqrstuvwxyz-") : 0;
        const char *word = s + 1;
        if (!len) buf_addc(out, *s);
        else if (strncmp(word, "day", len) == 0) buf_adds(out, any_day());
        else if (strncmp(word, "person", len) == 0) buf_addf(out, "register:person/$A-%d", 90 + (int)below(3));
        else buf_addf(out, "%.*s/$%c-%d", (int)len, word, any_author(), any_number(place_of(word, len)));
        s += len + 1;
    }
}

/* "name=value" with one of its values. */
static void put_field(struct buf *out, const char *field, const char *end)
{
    const char *value = memchr(field, '=', (size_t)(end - field)) + 1, *stop;
    size_t choices = 1;
    for (const char *s = value; s < end; s++) choices += *s == '|';
    for (size_t skip = below(choices); skip; skip--) value = strchr(value, '|') + 1;
    stop = value + strcspn(value, "| ");
    buf_addc(out, ' ');
    put_words(out, field, strchr(field, '=') + 1);
    put_words(out, value, stop);
}

/* An entry of a record, with most of its fields at first and a few later; what was there is in conflict with these. */
static void say_any(int place, bool creates)
{
    struct buf line;
    char seen[256] = "";
    size_t names = 0;
    buf_init(&line, BUF_UNLIMITED);
    char owner = any_author(), author = creates ? owner : any_author();
    buf_addf(&line, "e%zu: %c %c%d :%s%s", kit.scene.len, author, owner, any_number(place), shapes[place].type, creates ? " +" : "");
    for (const char *s = shapes[place].fields, *end; *s; s = end + strspn(end, " ")) {
        end = s + strcspn(s, " ");
        size_t len = strcspn(s, "=");
        bool twice = names && strncmp(seen, s, len) == 0 && seen[len] == '=';
        snprintf(seen, sizeof seen, "%.*s", (int)(end - s), s);
        if (twice || below(8) < (creates ? 2 : 6)) continue;
        put_field(&line, s, end);
        names++;
    }
    if (!names || (!creates && below(6) == 0)) buf_adds(&line, " void=true ~x");
    say(buf_str(&line));
    buf_release(&line);
}

static void say_case(void)
{
    for (int i = 0; i < 90; i++) {
        int place = (int)below(SHAPES);
        say_any(place, below(4) != 0);
    }
    for (int i = 0; i < 12; i++) { /* certificates are what everything turns on */
        say_any(place_of("decision", 8), true);
        say_any(place_of("certificate", 11), true);
    }
}

/* ---- questions ---- */

static void ask_audits(int32_t on)
{
    struct gaps gaps;
    bool clean;
    for (size_t i = 0; i < kit.c.audits_len; i++) {
        struct coverage v;
        struct plan p;
        gaps_init(&gaps, &kit.arena);
        CHECK_OK(plan_for_audit(&p, &kit.c, &kit.c.audits[i], on));
        CHECK(p.left >= 0 && p.left < YEARS);
        CHECK_OK(coverage_of_audit(&v, &kit.c, &kit.c.audits[i], on));
        CHECK_OK(check_audit(&gaps, &kit.c, &kit.c.audits[i], on, &kit.outside));
        CHECK_OK(check_audit_clean(&clean, &kit.arena, &kit.c, &kit.c.audits[i], on, &kit.outside));
        CHECK(clean == (gaps.len == 0));
        CHECK(gaps_json(&kit.arena, &gaps) != NULL);
    }
}

static void ask_case(int32_t on)
{
    struct coverage v;
    struct plan p;
    struct gaps gaps;
    gaps_init(&gaps, &kit.arena);
    CHECK_OK(coverage_of_case(&v, &kit.c, on));
    CHECK(v.clauses.covered <= v.clauses.len);
    int rc = plan_next(&p, &kit.c, on);
    CHECK(rc == 0 || rc == ERR_MISSING);
    if (rc == 0) CHECK(p.left < YEARS);
    err_clear();
    CHECK_OK(gates_case(&gaps, &kit.c, on, &kit.outside));
    gaps_sort(&gaps);
    CHECK_OK(gaps_error(&gaps));
}

/* "audit due left clause reasons …; " */
static const char *next_plan(int32_t on)
{
    struct plan p;
    if (plan_next(&p, &kit.c, on)) {
        err_clear();
        return "no plan; ";
    }
    const char *s = arena_printf(&kit.arena, "plan %s %d %d", p.audit ? p.audit->id : "-", p.due, p.left);
    for (size_t i = 0; i < p.clauses_len; i++) s = arena_printf(&kit.arena, "%s %s %u", s, p.clauses[i].name, (unsigned)p.clauses[i].why);
    return arena_printf(&kit.arena, "%s; ", s);
}

/* The next plan, "what certificate record due; …" and the state of each record. */
static const char *answers(int32_t on)
{
    struct due *list;
    size_t len;
    const char *s = next_plan(on);
    CHECK_OK(calendar(&list, &len, &kit.c, on));
    for (size_t i = 0; i < len; i++)
        s = arena_printf(&kit.arena, "%s%s %s %s %d %s; ", s, due_word(list[i].what), list[i].certificate ? list[i].certificate->id : "-",
            list[i].record ? list[i].record : "-", list[i].due, list[i].rule);
    for (size_t i = 0; i < kit.c.records_len; i++) {
        struct status status;
        CHECK_OK(record_status(&status, &kit.c, kit.c.records[i], on));
        if (status.code) s = arena_printf(&kit.arena, "%s%s %s; ", s, kit.c.records[i]->id, status.code);
    }
    return s;
}

/* Does the calendar of all days hold that of one? */
static void check_spans(const struct due_span *spans, size_t spans_len, int32_t on)
{
    struct due *list;
    size_t len, n = 0;
    CHECK_OK(calendar(&list, &len, &kit.c, on));
    for (size_t i = 0; i < spans_len; i++) n += spans[i].from <= on && on <= spans[i].to;
    CHECK(n == len);
}

static void forget(int32_t *day, int32_t on)
{
    if (*day > on) *day = DAY_NONE;
}

/* Takes out of the facts what is dated later. A planned audit is known before it is held, and so is a planned end. */
static void forget_later(int32_t on)
{
#define FORGET(list, field)                                                                                          \
    for (size_t i = 0; i < kit.c.list##_len; i++) forget(&kit.c.list[i].field, on)
    FORGET(decisions, date);
    FORGET(certificates, issued);
    FORGET(applications, received);
    for (size_t i = 0; i < kit.c.reviews_len; i++)
        if (kit.c.reviews[i].date > on) kit.c.reviews[i].application = NULL;
    FORGET(infos, received);
    FORGET(findings, closed);
    FORGET(suspensions, verified);
    FORGET(suspensions, restored);
#undef FORGET
    for (size_t i = 0; i < kit.c.audits_len; i++)
        if (kit.c.audits[i].end > on) kit.c.audits[i].result = RESULT_UNSET;
}

static void ask_day(const struct due_span *spans, size_t len, int32_t on)
{
    check_spans(spans, len, on);
    ask_audits(on);
    ask_case(on);
    const char *known = answers(on);
    forget_later(on);
    CHECK_STR(answers(on), known);
    read_case();
}

static void ask_all(void)
{
    struct due_span *spans;
    size_t len;
    read_case();
    CHECK_OK(calendar_spans(&spans, &len, &kit.c));
    for (int i = 0; i < DAYS; i++) ask_day(spans, len, day_read(any_day()));
}

static void one_case(uint64_t seed)
{
    int failed = test_failed_checks;
    state_now = seed;
    kit_empty();
    kit.outside.person_of = kit_person;
    say_case();
    ask_all();
    if (test_failed_checks > failed) printf("  SATCHEL_SEED=%llu\n", (unsigned long long)seed);
    kit_end();
}

/* SATCHEL_SEED=n asks about that one case. */
TEST(any_case_has_its_answers)
{
    const char *given = getenv("SATCHEL_SEED");
    int count = given ? 1 : test_full ? CASES : CASES / 10;
    for (int i = 0; i < count; i++) one_case(given ? strtoull(given, NULL, 10) : (uint64_t)i + 1);
    printf("seeds 1 to %d: random cases\n", count);
}

int main(int argc, char **argv)
{
    return test_main(argc, argv);
}
