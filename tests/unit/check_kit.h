/* A client's case over a real fold, up to a first surveillance with nothing missing (domain.md §7, example 4), for tests of the
 * check and of the gates. Records are named as in scene.h, "sample/A21"; most are author A's.
 *
 *   kit_begin();                       the case as it stands below; kit_end() gives it back
 *   say("x: A A21 result=major<s1");   one entry more; read_case() reads it
 *   CHECK_STR(kit_gaps("audit/A20"), "");                   nothing is missing
 *   CHECK_STR(kit_gaps(…), "6.2.2 sample/A21 result");      one gap: rule, record, field */
#ifndef CHECK_KIT_H
#define CHECK_KIT_H

#include "satchel/scheme/check.h"
#include "scene.h"

#define PERSON(number) "register:person/$A-" #number
#define APPLICATION "application=application/$A-5"
#define SURVEILLANCE " audit=audit/$A-20 "
#define SAMPLED " :sample +" SURVEILLANCE "site=site/$A-4 method=records note=看了 "
#define EVIDENCE(of) " :evidence + name=p.jpg sha256=x size=1 of." of "=true"

static const char *const case_lines[] = {
    "p1: A A90 :person + @register name=张伟 email=z roles.leader=true",
    "p2: A A91 :person + @register name=陈静 email=c roles.decider=true",
    "o: A A1 :organisation + name=华安",
    "d1: A A2 :department + code=D1 name=管理层 decisive=true",
    "d3: A A3 :department + code=D3 name=项目部 decisive=true",
    "site: A A4 :site + name=总部 kind=office",
    "ap: A A5 :application + kind=initial received=2024-01-02 level=3 directions.风险评估=true legal_person=true "
    "no_violation=true contract=fulfilled",
    "rv: A A6 :application-review + " APPLICATION
    " date=2024-01-05 p1=true p2=true p3=true p4=true p5=true p6=true conclusion=accepted",
    "pr: A A7 :programme + " APPLICATION " cycle=1 planned=x man_days=4",
    "da: A A8 :audit + kind=document " APPLICATION " start=2024-02-10 end=2024-02-20 result=pass",
    "oa: A A9 :audit + kind=onsite " APPLICATION " start=2024-03-04 end=2024-03-07 result=pass leader=" PERSON(90),
    /* its findings: A4 two minors, RA2 one major, closed since, B4 one observation */
    "f1: A A11 + audit=audit/$A-9 clause=A4 grade=minor fact=x",
    "f2: A A12 + audit=audit/$A-9 clause=A4 grade=minor fact=x",
    "f3: A A13 + audit=audit/$A-9 clause=RA2 grade=major fact=x closed=2024-03-20",
    "f4: A A14 + audit=audit/$A-9 clause=B4 grade=observation fact=x",
    "os: A A9 submitted=true",
    "de: A A15 :decision + outcome=grant date=2024-03-25 audit=audit/$A-9 " APPLICATION " reason=x decided_by=" PERSON(91),
    "ce: A A16 :certificate + number=1 decision=decision/$A-15 level=3 directions.风险评估=true initial_date=2024-03-25 "
    "issued=2024-03-25 valid_from=2024-03-25",
    /* the first surveillance */
    "su: A A20 :audit + kind=surveillance mode=onsite start=2025-03-10 end=2025-03-11 leader=" PERSON(90)
    " certificates.certificate/$A-16=true sites.site/$A-4=true directions.风险评估=true picks.A1=true "
    "followup_measures=x followup_complaints=x effectiveness=x changes=无 result=pass",
    "s1: A A21" SAMPLED "clause=A1 department=department/$A-2 result=conform",
    "s2: A A22" SAMPLED "clause=A4 department=department/$A-3 result=conform",
    "s3: A A23" SAMPLED "clause=B2 department=department/$A-3 result=conform",
    "s4: A A24" SAMPLED "clause=B3 department=department/$A-2 result=conform",
    "s5: A A25" SAMPLED "clause=RA2 department=department/$A-3 result=conform direction=风险评估",
    "ev: A A26" EVIDENCE("sample/$A-21") " of.sample/$A-22=true of.sample/$A-23=true of.sample/$A-24=true of.sample/$A-25=true",
    "m1: A A27 :meeting +" SURVEILLANCE "kind=opening date=2025-03-10 attendance=x",
    "m2: A A28 :meeting +" SURVEILLANCE "kind=closing date=2025-03-11 attendance=x",
    "u1: A A11 followup=x", "u2: A A12 followup=x", "u3: A A13 followup=x", "u4: A A14 followup=x",
};

static struct {
    struct scene scene;
    struct forms *forms;
    struct schemes *schemes;
    struct arena arena;
    struct casefile c;
    int32_t on;
    struct outside outside; /* person_of: the author's letter stands for person 90 + its place */
} kit;

static inline const char *kit_person(void *ctx, const char *kit_id)
{
    (void)ctx;
    for (int i = 0; i < SCENE_AUTHORS; i++)
        if (strcmp(kit.scene.authors[i].kit, kit_id) == 0)
            return arena_printf(&kit.arena, "person/%s-%d", kit.scene.authors[0].kit, 90 + i);
    return NULL;
}

static inline void kit_empty(void)
{
    arena_init(&kit.arena);
    CHECK_OK(forms_new(&kit.forms));
    CHECK_OK(schemes_new(&kit.schemes, kit.forms));
    scene_init(&kit.scene);
    kit.scene.forms = kit.forms;
    kit.on = day_read("2025-03-12");
    kit.outside = (struct outside){NULL, NULL, NULL};
}

static inline void say(const char *line)
{
    scene_say(&kit.scene, line);
}

static inline void kit_begin(void)
{
    kit_empty();
    for (size_t i = 0; i < sizeof case_lines / sizeof *case_lines; i++) say(case_lines[i]);
}

static inline void kit_end(void)
{
    scene_release(&kit.scene);
    schemes_free(kit.schemes);
    forms_free(kit.forms);
    arena_release(&kit.arena);
}

static inline void read_case(void)
{
    CHECK_OK(casefile_read(&kit.c, &kit.arena, kit.scene.fold, "C-1", kit.schemes));
}

/* "audit/A20" -> its id */
static inline const char *kit_id(const char *name)
{
    const char *slash = strchr(name, '/');
    char type[64];
    snprintf(type, sizeof type, "%.*s", (int)(slash - name), name);
    return scene_record(&kit.scene, type, slash + 1);
}

/* An id as it is said: "audit/A20". */
static inline const char *kit_name(const char *id)
{
    struct record_id r;
    CHECK(record_id_read(&r, id));
    for (int i = 0; i < SCENE_AUTHORS; i++)
        if (strcmp(kit.scene.authors[i].kit, r.kit) == 0)
            return arena_printf(&kit.arena, "%s/%c%d", r.type, 'A' + i, (int)r.number);
    return id;
}

/* "rule record field; …", in the order found; `forms` also those that a form alone asks for. */
static inline const char *kit_list(const struct gaps *g, bool forms, bool missing)
{
    const char *s = "";
    for (size_t i = 0; i < g->len; i++) {
        const struct gap *gap = &g->items[i];
        if ((!forms && strcmp(gap->rule, "form") == 0) || (!missing && gap->missing)) continue;
        const char *field = gap->field ? gap->field : "";
        s = arena_printf(&kit.arena, "%s%s%s %s%s%.*s", s, *s ? "; " : "", gap->rule, kit_name(gap->record), *field ? " " : "",
            (int)strcspn(field, "."), field); /* of a set's member the set */
    }
    return s;
}

static inline void kit_no_twins(const struct gaps *g)
{
    for (size_t i = 0; i < g->len; i++)
        for (size_t k = 0; k < i; k++)
            CHECK(strcmp(g->items[i].record, g->items[k].record) != 0 || strcmp(g->items[i].text, g->items[k].text) != 0);
}

/* All that is missing in an audit. */
static inline const char *kit_gaps(const char *audit)
{
    struct gaps g;
    bool clean = false;
    gaps_init(&g, &kit.arena);
    read_case();
    const struct audit *a = casefile_audit(&kit.c, kit_id(audit));
    CHECK(a != NULL);
    if (a) CHECK_OK(check_audit(&g, &kit.c, a, kit.on, &kit.outside));
    if (a) CHECK_OK(check_audit_clean(&clean, &kit.arena, &kit.c, a, kit.on, &kit.outside));
    CHECK(clean == (g.len == 0));
    kit_no_twins(&g);
    return kit_list(&g, true, true);
}

static inline const char *kit_gates(bool forms, bool missing)
{
    struct gaps g;
    gaps_init(&g, &kit.arena);
    read_case();
    CHECK_OK(gates_case(&g, &kit.c, kit.on, &kit.outside));
    kit_no_twins(&g);
    return kit_list(&g, forms, missing);
}

/* The gates of the case that are broken; and these with what is only missing. */
static inline const char *kit_broken(void)
{
    return kit_gates(false, false);
}

static inline const char *kit_missing(void)
{
    return kit_gates(true, true);
}

#endif
