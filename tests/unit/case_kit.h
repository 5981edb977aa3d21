/* A casefile built by hand, for tests of what the scheme works out: no fold, no entries, facts as they would be read.
 *
 *   kit_begin();
 *   struct certificate *t = kit_grant("2024-03-25");      decided, issued and valid from that day
 *   kit_held(AUDIT_SURVEILLANCE, "2025-03-10");           held and submitted on that day
 *   kit_decide(OUTCOME_SUSPEND, t, "2025-04-01");
 *   kit_end();
 *
 * Days are texts, NULL or "" for none. A fact is filled up further by its pointer, which lasts until kit_clear. */
#ifndef CASE_KIT_H
#define CASE_KIT_H

#include "satchel/scheme/cycle.h"
#include "test.h"

#ifndef KIT_FACTS
#define KIT_FACTS 64 /* of each type */
#endif

static struct {
    struct casefile c;
    struct arena arena;
    struct forms *forms;
    struct schemes *schemes;
    int number; /* of the last record */
} kit;

static inline int32_t kit_day(const char *s)
{
    int32_t day = s && *s ? day_read(s) : DAY_NONE;
    CHECK(!s || !*s || day != DAY_NONE);
    return day;
}

static inline const char *kit_text(int32_t day)
{
    char *s = arena_alloc(&kit.arena, DAY_TEXT);
    day_write(s, day);
    return s;
}

/* An empty case, in memory given back. */
static inline void kit_clear(void)
{
    arena_release(&kit.arena);
    arena_init(&kit.arena);
    kit.number = 0;
    kit.c = (struct casefile){.name = "C-1", .schemes = kit.schemes, .arena = &kit.arena};
}

static inline void kit_begin(void)
{
    CHECK_OK(forms_new(&kit.forms));
    CHECK_OK(schemes_new(&kit.schemes, kit.forms));
    arena_init(&kit.arena);
    kit_clear();
}

static inline void kit_end(void)
{
    schemes_free(kit.schemes);
    forms_free(kit.forms);
    arena_release(&kit.arena);
}

/* A fact more of a list. */
static inline void *kit_add(void *list, size_t *len, size_t size, const char *type)
{
    void **items = list;
    if (!*items) *items = arena_alloc(&kit.arena, KIT_FACTS * size);
    if (*len == KIT_FACTS) abort();
    char *fact = (char *)*items + (*len)++ * size;
    const char *id = arena_printf(&kit.arena, "%s/kaaaaaaaaaaaa-%02d", type, ++kit.number);
    memcpy(fact, &id, sizeof id);
    return fact;
}
#define KIT_ADD(list, type) kit_add(&kit.c.list, &kit.c.list##_len, sizeof *kit.c.list, type)

/* A pointer to it, as a list of one. */
static inline void *kit_one(const void *fact)
{
    const void **list = arena_alloc(&kit.arena, sizeof *list);
    *list = fact;
    return list;
}

static inline struct decision *kit_decide_on(enum outcome outcome, const struct certificate *t, int32_t day)
{
    struct decision *d = KIT_ADD(decisions, "decision");
    d->outcome = outcome;
    d->certificate = t;
    d->date = day;
    return d;
}

static inline struct decision *kit_decide(enum outcome outcome, const struct certificate *t, const char *day)
{
    return kit_decide_on(outcome, t, kit_day(day));
}

/* Its decision is of the day of issue. */
static inline struct certificate *kit_issue_on(
    enum outcome outcome, const struct certificate *supersedes, int32_t issued, int32_t valid_from)
{
    struct decision *d = kit_decide_on(outcome, NULL, issued);
    struct certificate *t = KIT_ADD(certificates, "certificate");
    t->decision = d;
    t->supersedes = supersedes;
    t->issued = issued;
    t->valid_from = valid_from;
    t->initial = supersedes ? supersedes->initial : issued;
    t->returned = DAY_NONE;
    t->level = 3;
    return t;
}

static inline struct certificate *kit_issue(
    enum outcome outcome, const struct certificate *supersedes, const char *issued, const char *valid_from)
{
    return kit_issue_on(outcome, supersedes, kit_day(issued), kit_day(valid_from));
}

static inline struct certificate *kit_grant(const char *day)
{
    return kit_issue(OUTCOME_GRANT, NULL, day, day);
}

static inline struct audit *kit_audit_on(enum audit_kind kind, int32_t start, int32_t end, bool submitted)
{
    struct audit *a = KIT_ADD(audits, "audit");
    a->kind = kind;
    a->start = start;
    a->end = end;
    a->submitted = submitted;
    return a;
}

static inline struct audit *kit_audit(enum audit_kind kind, const char *start, const char *end)
{
    return kit_audit_on(kind, kit_day(start), kit_day(end), false);
}

static inline struct audit *kit_held(enum audit_kind kind, const char *day)
{
    return kit_audit_on(kind, kit_day(day), kit_day(day), true);
}

/* The audit names a certificate (one: the last that is given stands). */
static inline void kit_of(struct audit *a, const struct certificate *t)
{
    a->certificates = kit_one(t);
    a->certificates_len = 1;
    a->certificate_ids = (struct texts){kit_one(t->id), 1};
}

/* The four points of 6.3.4. */
static inline void kit_points(struct audit *a)
{
    a->followup_measures = a->followup_complaints = a->effectiveness = a->changes = "done";
}

static inline struct suspension *kit_suspend_on(const struct certificate *t, int32_t day)
{
    struct decision *d = kit_decide_on(OUTCOME_SUSPEND, t, day);
    struct suspension *s = KIT_ADD(suspensions, "suspension");
    *s = (struct suspension){.id = s->id, .certificate = t, .decision = d, .from = day, .until = DAY_NONE, .verified = DAY_NONE,
        .restored = DAY_NONE, .applied = DAY_NONE};
    return s;
}

static inline struct suspension *kit_suspend(const struct certificate *t, const char *day)
{
    return kit_suspend_on(t, kit_day(day));
}

static inline struct application *kit_apply(enum application_kind kind, const char *received)
{
    struct application *a = KIT_ADD(applications, "application");
    a->kind = kind;
    a->received = kit_day(received);
    return a;
}

static inline struct surveillance_info *kit_inform(const struct audit *a, const char *received)
{
    struct surveillance_info *i = KIT_ADD(infos, "surveillance-info");
    i->audit = a;
    i->received = kit_day(received);
    return i;
}

static inline struct finding *kit_finding(const struct audit *a, enum grade grade, const char *due)
{
    struct finding *f = KIT_ADD(findings, "finding");
    f->audit = a;
    f->grade = grade;
    f->due = kit_day(due);
    f->closed = f->confirmed = DAY_NONE;
    return f;
}

#endif
