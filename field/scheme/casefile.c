/* A case's records as facts. What a fact takes from its record stands in one table a type, so that a rule's field is
 * named in one place; links are resolved once all facts are there. */
#include "satchel/scheme/casefile.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "satchel/format/names.h"
#include "satchel/scheme/cycle.h"

/* How a field is read, and into what: TEXT, LINK_TEXT const char * (NULL where it is empty) · DAY int32_t · WHOLE int64_t · FLAG
 * bool · TRI enum tri, of a bool · CHOICE an enum, its words counted from 1 · GRADE enum grade · CONFLICT bool: is the field in
 * conflict? · MEMBERS struct texts · LINK a fact of the type that `words` names */
enum reading_kind { TEXT, DAY, WHOLE, FLAG, TRI, CHOICE, GRADE, CONFLICT, MEMBERS, LINK };

struct reading {
    const char *field;
    enum reading_kind kind;
    size_t offset;
    const char *const *words; /* CHOICE, GRADE: ends with NULL; LINK: one, the type */
};

/* What every fact begins with. */
struct fact {
    const char *id;
    const struct fold_record *record;
};

struct fact_type {
    const char *type;
    size_t size, list, len; /* of a fact; where its list and that one's length are in the casefile */
    const struct reading *readings;
    size_t readings_len;
};

struct reader {
    struct casefile *c;
    struct arena *arena;
    struct map facts; /* by id */
    struct fact *at;  /* that is being read */
};

#define WORDS(name, ...) static const char *const name[] = {__VA_ARGS__, NULL}
WORDS(application_kinds, "initial", "extension", "upgrade", "downgrade", "recertification", "change");
WORDS(contracts, "open", "signed", "fulfilled");
WORDS(conclusions, "accepted", "refused");
WORDS(site_kinds, "office", "service");
WORDS(audit_kinds, "document", "onsite", "surveillance", "recertification", "extra");
WORDS(audit_modes, "document", "onsite", "other");
WORDS(audit_results, "pass", "fail");
WORDS(grades, "major", "minor", "observation", "ofi", "conform", "na", "not_audited");
WORDS(outcomes, "grant", "refuse", "maintain", "suspend", "restore", "cancel", "withdraw", "renew", "reissue");
WORDS(suspension_reasons, "failure", "overdue", "misuse", "major", "own_request", "other");
WORDS(event_kinds, "change", "complaint", "incident", "risk");
WORDS(no_yes, "no", "yes");
WORDS(to_application, "application");
WORDS(to_audit, "audit");
WORDS(to_certificate, "certificate");
WORDS(to_decision, "decision");
WORDS(to_department, "department");
WORDS(to_site, "site");

#define AT(type, member) offsetof(struct type, member)

static const struct reading of_department[] = {{"code", TEXT, AT(department, code), NULL},
    {"name", TEXT, AT(department, name), NULL}, {"decisive", FLAG, AT(department, decisive), NULL}};
static const struct reading of_site[] = {{"name", TEXT, AT(site, name), NULL}, {"kind", CHOICE, AT(site, kind), site_kinds},
    {"central", FLAG, AT(site, central), NULL}, {"similar", TEXT, AT(site, similar), NULL},
    {"directions", MEMBERS, AT(site, directions), NULL}};
static const struct reading of_application[] = {{"kind", CHOICE, AT(application, kind), application_kinds},
    {"received", DAY, AT(application, received), NULL}, {"directions", MEMBERS, AT(application, directions), NULL},
    {"level", WHOLE, AT(application, level), NULL}, {"certificate", LINK, AT(application, certificate), to_certificate},
    {"contract", CHOICE, AT(application, contract), contracts}, {"legal_person", TRI, AT(application, legal_person), NULL},
    {"no_violation", TRI, AT(application, no_violation), NULL}, {"scheme", TEXT, AT(application, scheme), NULL}};
static const struct reading of_self_assessment[] = {
    {"application", LINK, AT(self_assessment, application), to_application},
    {"clause", TEXT, AT(self_assessment, clause), NULL}, {"result", TEXT, AT(self_assessment, result), NULL}};
static const struct reading of_review[] = {{"application", LINK, AT(review, application), to_application},
    {"date", DAY, AT(review, date), NULL}, {"p1", TRI, AT(review, points[0]), NULL}, {"p2", TRI, AT(review, points[1]), NULL},
    {"p3", TRI, AT(review, points[2]), NULL}, {"p4", TRI, AT(review, points[3]), NULL},
    {"p5", TRI, AT(review, points[4]), NULL}, {"p6", TRI, AT(review, points[5]), NULL},
    {"conclusion", CHOICE, AT(review, conclusion), conclusions}};
static const struct reading of_programme[] = {{"application", LINK, AT(programme, application), to_application},
    {"certificate", LINK, AT(programme, certificate), to_certificate}, {"cycle", WHOLE, AT(programme, cycle), NULL},
    {"planned", TEXT, AT(programme, planned), NULL}, {"man_days", TEXT, AT(programme, man_days), NULL},
    {"scheme", TEXT, AT(programme, scheme), NULL}, {"catalogue", TEXT, AT(programme, catalogue), NULL}};
static const struct reading of_audit[] = {{"kind", CHOICE, AT(audit, kind), audit_kinds},
    {"mode", CHOICE, AT(audit, mode), audit_modes}, {"start", DAY, AT(audit, start), NULL}, {"end", DAY, AT(audit, end), NULL},
    {"leader", TEXT, AT(audit, leader), NULL}, {"team", MEMBERS, AT(audit, team), NULL},
    {"sites", MEMBERS, AT(audit, site_ids), NULL}, {"directions", MEMBERS, AT(audit, directions), NULL},
    {"certificates", MEMBERS, AT(audit, certificate_ids), NULL}, {"picks", MEMBERS, AT(audit, picks), NULL}, {"days", MEMBERS, AT(audit, days), NULL},
    {"application", LINK, AT(audit, application), to_application}, {"result", CHOICE, AT(audit, result), audit_results},
    {"submitted", FLAG, AT(audit, submitted), NULL}, {"last_of_cycle", TRI, AT(audit, last_of_cycle), NULL},
    {"mode_reason", TEXT, AT(audit, mode_reason), NULL}, {"sites_reason", TEXT, AT(audit, sites_reason), NULL},
    {"picks_none", TEXT, AT(audit, picks_none), NULL}, {"followup_measures", TEXT, AT(audit, followup_measures), NULL},
    {"followup_complaints", TEXT, AT(audit, followup_complaints), NULL},
    {"effectiveness", TEXT, AT(audit, effectiveness), NULL}, {"changes", TEXT, AT(audit, changes), NULL}};
static const struct reading of_sample[] = {{"audit", LINK, AT(sample, audit), to_audit},
    {"clause", TEXT, AT(sample, clause), NULL}, {"department", LINK, AT(sample, department), to_department},
    {"site", LINK, AT(sample, site), to_site}, {"direction", TEXT, AT(sample, direction), NULL},
    {"result", GRADE, AT(sample, result), grades}, {"result", CONFLICT, AT(sample, conflict), NULL},
    {"na_approved", FLAG, AT(sample, na_approved), NULL}, {"project", TEXT, AT(sample, project), NULL},
    {"resampled", TRI, AT(sample, resampled), NULL}};
static const struct reading of_finding[] = {{"audit", LINK, AT(finding, audit), to_audit},
    {"clause", TEXT, AT(finding, clause), NULL}, {"department", LINK, AT(finding, department), to_department},
    {"site", LINK, AT(finding, site), to_site}, {"grade", GRADE, AT(finding, grade), grades},
    {"grade", CONFLICT, AT(finding, conflict), NULL}, {"fact", TEXT, AT(finding, fact), NULL},
    {"due", DAY, AT(finding, due), NULL}, {"closed", DAY, AT(finding, closed), NULL},
    {"root_cause", TEXT, AT(finding, root_cause), NULL}, {"correction", TEXT, AT(finding, correction), NULL},
    {"corrective_action", TEXT, AT(finding, corrective_action), NULL},
    {"verification", TEXT, AT(finding, verification), NULL}, {"followup", TEXT, AT(finding, followup), NULL},
    {"confirmed_by", TEXT, AT(finding, confirmed_by), NULL}, {"confirmed", DAY, AT(finding, confirmed), NULL},
    {"objection", TEXT, AT(finding, objection), NULL}};
static const struct reading of_meeting[] = {{"audit", LINK, AT(meeting, audit), to_audit},
    {"kind", TEXT, AT(meeting, kind), NULL}, {"date", DAY, AT(meeting, date), NULL},
    {"attendance", TEXT, AT(meeting, attendance), NULL}};
static const struct reading of_decision[] = {{"audit", LINK, AT(decision, audit), to_audit},
    {"application", LINK, AT(decision, application), to_application},
    {"certificate", LINK, AT(decision, certificate), to_certificate}, {"date", DAY, AT(decision, date), NULL},
    {"outcome", CHOICE, AT(decision, outcome), outcomes}, {"reason", TEXT, AT(decision, reason), NULL},
    {"waives", TEXT, AT(decision, waives), NULL}};
static const struct reading of_certificate[] = {{"number", TEXT, AT(certificate, number), NULL},
    {"decision", LINK, AT(certificate, decision), to_decision},
    {"supersedes", LINK, AT(certificate, supersedes), to_certificate},
    {"directions", MEMBERS, AT(certificate, directions), NULL}, {"level", WHOLE, AT(certificate, level), NULL},
    {"initial_date", DAY, AT(certificate, initial), NULL}, {"issued", DAY, AT(certificate, issued), NULL},
    {"valid_from", DAY, AT(certificate, valid_from), NULL}, {"returned", DAY, AT(certificate, returned), NULL}};
static const struct reading of_suspension[] = {{"certificate", LINK, AT(suspension, certificate), to_certificate},
    {"decision", LINK, AT(suspension, decision), to_decision}, {"from", DAY, AT(suspension, from), NULL},
    {"until", DAY, AT(suspension, until), NULL}, {"verified", DAY, AT(suspension, verified), NULL},
    {"restored", DAY, AT(suspension, restored), NULL}, {"applied", DAY, AT(suspension, applied), NULL},
    {"reason", CHOICE, AT(suspension, reason), suspension_reasons}, {"measures", TEXT, AT(suspension, measures), NULL}};
static const struct reading of_info[] = {{"audit", LINK, AT(surveillance_info, audit), to_audit},
    {"received", DAY, AT(surveillance_info, received), NULL}, {"changes", TEXT, AT(surveillance_info, changes), NULL},
    {"self_assessment", TEXT, AT(surveillance_info, self_assessment), NULL}};
static const struct reading of_event[] = {{"kind", CHOICE, AT(event, kind), event_kinds},
    {"date", DAY, AT(event, date), NULL}, {"extra_audit", CHOICE, AT(event, extra_audit), no_yes},
    {"reason", TEXT, AT(event, reason), NULL}};

#define TYPE(name, fact, list, readings)                                                                             \
    {name, sizeof(struct fact), offsetof(struct casefile, list), offsetof(struct casefile, list##_len), readings,     \
        sizeof(readings) / sizeof *(readings)}

static const struct fact_type types[] = {
    TYPE("department", department, departments, of_department),
    TYPE("site", site, sites, of_site),
    TYPE("application", application, applications, of_application),
    TYPE("self-assessment", self_assessment, self_assessments, of_self_assessment),
    TYPE("application-review", review, reviews, of_review),
    TYPE("programme", programme, programmes, of_programme),
    TYPE("audit", audit, audits, of_audit),
    TYPE("sample", sample, samples, of_sample),
    TYPE("finding", finding, findings, of_finding),
    TYPE("meeting", meeting, meetings, of_meeting),
    TYPE("decision", decision, decisions, of_decision),
    TYPE("certificate", certificate, certificates, of_certificate),
    TYPE("suspension", suspension, suspensions, of_suspension),
    TYPE("surveillance-info", surveillance_info, infos, of_info),
    TYPE("event", event, events, of_event),
};
enum { TYPES = sizeof types / sizeof *types };

/* ---- one field ---- */

static bool is_live(const struct fold_record *r)
{
    return r->applied && r->void_state != VOID;
}

static const char *text_of_field(const struct fold_record *r, const char *field)
{
    const char *s = record_str(r, field);
    return s && s[strspn(s, " \t\r\n")] ? s : NULL;
}

/* Levels are whole numbers; a form may offer them as choices, which are strings. */
static int64_t whole(const struct jv *v)
{
    if (jv_str(v)) return strtol(jv_str(v), NULL, 10);
    return v && v->type == JV_INT ? v->integer : 0;
}

static enum tri tri_of(const struct jv *v)
{
    if (!v || v->type != JV_BOOL) return UNSET;
    return v->boolean ? YES : NO;
}

static int word_of(const char *s, const char *const *words)
{
    int i = 0;
    while (words[i] && !(s && strcmp(words[i], s) == 0)) i++;
    return i;
}

static void *link_to(const struct reader *r, const char *id, const char *type)
{
    size_t len = strlen(type);
    bool fits = id && strncmp(id, type, len) == 0 && id[len] == '/';
    return fits ? map_get(&r->facts, id) : NULL;
}

struct gathering {
    struct arena *arena;
    const char **items;
    size_t len, cap;
};

static int gather(void *ctx, const char *member)
{
    struct gathering *g = ctx;
    if (g->len == g->cap) {
        size_t cap = g->cap ? 2 * g->cap : 4;
        const char **larger = arena_alloc(g->arena, cap * sizeof *larger);
        if (!larger) return ERR_ROAD;
        if (g->len) memcpy(larger, g->items, g->len * sizeof *larger);
        g->items = larger;
        g->cap = cap;
    }
    g->items[g->len++] = member;
    return 0;
}

/* Fields come sorted by name, so members do. */
static int read_members(struct reader *r, const char *set, struct texts *out)
{
    struct gathering g = {.arena = r->arena};
    int rc = record_members(r->at->record, set, gather, &g);
    if (rc == 0) *out = (struct texts){g.items, g.len};
    return rc;
}

static int read_field(struct reader *r, const struct reading *f)
{
    const struct fold_record *record = r->at->record;
    void *to = (char *)r->at + f->offset;
    const struct fold_field *field = record_field(record, f->field);
    const struct jv *value = field_value(field);
    const void *link;
    int word;
    switch (f->kind) {
    case TEXT:
        *(const char **)to = text_of_field(record, f->field);
        return 0;
    case DAY:
        *(int32_t *)to = day_read(jv_str(value));
        return 0;
    case WHOLE:
        *(int64_t *)to = whole(value);
        return 0;
    case FLAG:
        *(bool *)to = tri_of(value) == YES;
        return 0;
    case TRI:
        *(enum tri *)to = tri_of(value);
        return 0;
    case CHOICE:
        word = word_of(jv_str(value), f->words);
        word = f->words[word] ? word + 1 : 0;
        memcpy(to, &word, sizeof word);
        return 0;
    case GRADE:
        *(enum grade *)to = (enum grade)word_of(jv_str(value), f->words);
        return 0;
    case CONFLICT:
        *(bool *)to = field && field->conflict;
        return 0;
    case MEMBERS:
        return read_members(r, f->field, to);
    case LINK:
        link = link_to(r, jv_str(value), f->words[0]);
        memcpy(to, &link, sizeof link);
        return 0;
    }
    return 0;
}

/* ---- all facts of a type ---- */

static struct fact *fact_at(const struct casefile *c, const struct fact_type *t, size_t i)
{
    char *list;
    memcpy(&list, (const char *)c + t->list, sizeof list);
    return (struct fact *)(void *)(list + i * t->size);
}

static size_t fact_count(const struct casefile *c, const struct fact_type *t)
{
    return *(const size_t *)(const void *)((const char *)c + t->len);
}

/* Makes the facts of one type, still empty. */
static int make_facts(struct reader *r, const struct fact_type *t)
{
    size_t len, n = 0;
    const struct fold_record *const *records = casefile_records(r->c, t->type, &len);
    void *list = arena_alloc(r->arena, (len + 1) * t->size);
    if (!list) return ERR_ROAD;
    memset(list, 0, (len + 1) * t->size);
    memcpy((char *)r->c + t->list, &list, sizeof list);
    for (size_t i = 0; i < len; i++) {
        if (!is_live(records[i])) continue;
        struct fact *f = fact_at(r->c, t, n++);
        *f = (struct fact){records[i]->id, records[i]};
        if (map_put(&r->facts, f->id, f)) return ERR_ROAD;
    }
    memcpy((char *)r->c + t->len, &n, sizeof n);
    return 0;
}

static int read_facts(struct reader *r, const struct fact_type *t)
{
    int rc = 0;
    for (size_t i = 0; i < fact_count(r->c, t) && rc == 0; i++) {
        r->at = fact_at(r->c, t, i);
        for (size_t k = 0; k < t->readings_len && rc == 0; k++) rc = read_field(r, &t->readings[k]);
    }
    return rc;
}

/* ---- what belongs to what ---- */

static int count_evidence_of(void *ctx, const char *of)
{
    struct reader *r = ctx;
    struct sample *sample = link_to(r, of, "sample");
    struct finding *finding = link_to(r, of, "finding");
    struct self_assessment *own = link_to(r, of, "self-assessment");
    if (sample) sample->evidence++;
    if (finding) finding->evidence++;
    if (own) own->evidence++;
    return 0;
}

static int count_evidence(struct reader *r)
{
    size_t len;
    const struct fold_record *const *evidence = casefile_records(r->c, "evidence", &len);
    int rc = 0;
    for (size_t i = 0; i < len && rc == 0; i++)
        if (is_live(evidence[i])) rc = record_members(evidence[i], "of", count_evidence_of, r);
    return rc;
}

/* Those of a set of links that are here. */
static int resolve(struct reader *r, const struct texts *ids, const char *type, const void ***out, size_t *len)
{
    const void **list = arena_alloc(r->arena, (ids->len + 1) * sizeof *list);
    size_t n = 0;
    for (size_t i = 0; list && i < ids->len; i++) {
        const void *fact = link_to(r, ids->items[i], type);
        if (fact) list[n++] = fact;
    }
    *out = list;
    *len = n;
    return list ? 0 : ERR_ROAD;
}

static int resolve_audit(struct reader *r, struct audit *a)
{
    const void **list = NULL;
    int rc = resolve(r, &a->site_ids, "site", &list, &a->sites_len);
    a->sites = (const struct site *const *)list;
    if (rc == 0) rc = resolve(r, &a->certificate_ids, "certificate", &list, &a->certificates_len);
    a->certificates = (const struct certificate *const *)list;
    return rc;
}

static int resolve_finding(struct reader *r, struct finding *f)
{
    const void **list = NULL;
    struct texts ids;
    r->at = (struct fact *)(void *)f;
    int rc = read_members(r, "samples", &ids);
    if (rc == 0) rc = resolve(r, &ids, "sample", &list, &f->samples_len);
    f->samples = (const struct sample *const *)list;
    return rc;
}

static int resolve_sets(struct reader *r)
{
    int rc = 0;
    for (size_t i = 0; i < r->c->audits_len && rc == 0; i++) rc = resolve_audit(r, &r->c->audits[i]);
    for (size_t i = 0; i < r->c->findings_len && rc == 0; i++) rc = resolve_finding(r, &r->c->findings[i]);
    return rc;
}

#define GIVE(name, list)                                                                                             \
    static int give_##list(struct casefile *c)                                                                       \
    {                                                                                                                \
        const struct name **place = arena_alloc(c->arena, (c->list##_len + 1) * sizeof *place);                      \
        for (struct audit *a = c->audits; place && a < c->audits + c->audits_len; a++) {                             \
            a->list = place;                                                                                         \
            for (size_t i = 0; i < c->list##_len; i++)                                                               \
                if (c->list[i].audit == a) *place++ = &c->list[i];                                                   \
            a->list##_len = (size_t)(place - a->list);                                                               \
        }                                                                                                            \
        return place ? 0 : ERR_ROAD;                                                                                 \
    }
GIVE(sample, samples)
GIVE(finding, findings)
GIVE(meeting, meetings)

int casefile_arrange(struct casefile *c)
{
    int rc = give_samples(c);
    if (rc == 0) rc = give_findings(c);
    return rc ? rc : give_meetings(c);
}

/* Asked for at every turn, and long chains take long to follow. */
static void find_cycles(struct casefile *c)
{
    for (size_t i = 0; i < c->certificates_len; i++) c->certificates[i].first = cycle_opened_by(c, &c->certificates[i]);
}

int casefile_read(
    struct casefile *out, struct arena *a, struct fold *f, const char *case_name, const struct schemes *schemes)
{
    struct casefile c = {.name = case_name, .schemes = schemes, .fold = f, .arena = a};
    struct reader r = {.c = &c, .arena = a};
    int rc = fold_records(f, case_name, &c.records, &c.records_len);
    map_init(&r.facts);
    for (size_t i = 0; i < TYPES && rc == 0; i++) rc = make_facts(&r, &types[i]);
    for (size_t i = 0; i < TYPES && rc == 0; i++) rc = read_facts(&r, &types[i]);
    if (rc == 0) rc = count_evidence(&r);
    if (rc == 0) rc = resolve_sets(&r);
    if (rc == 0) rc = casefile_arrange(&c);
    if (rc == 0) find_cycles(&c);
    map_release(&r.facts);
    if (rc == 0) *out = c;
    return rc;
}

/* ---- asking ---- */

/* Where the type's records begin, or with `behind` those of the next one. */
static size_t type_place(const struct casefile *c, const char *type, bool behind)
{
    size_t low = 0, high = c->records_len;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(c->records[middle]->type, type);
        if (order < 0 || (behind && order == 0)) low = middle + 1;
        else high = middle;
    }
    return low;
}

const struct fold_record *const *casefile_records(const struct casefile *c, const char *type, size_t *len)
{
    size_t first = type_place(c, type, false);
    *len = type_place(c, type, true) - first;
    return *len ? c->records + first : NULL;
}

const struct audit *casefile_audit(const struct casefile *c, const char *id)
{
    for (size_t i = 0; i < c->audits_len; i++)
        if (strcmp(c->audits[i].id, id) == 0) return &c->audits[i];
    return NULL;
}

const struct certificate *casefile_certificate(const struct casefile *c, const char *id)
{
    for (size_t i = 0; i < c->certificates_len; i++)
        if (strcmp(c->certificates[i].id, id) == 0) return &c->certificates[i];
    return NULL;
}

bool texts_have(const struct texts *t, const char *s)
{
    for (size_t i = 0; i < t->len; i++)
        if (strcmp(t->items[i], s) == 0) return true;
    return false;
}
