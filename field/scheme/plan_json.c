/* Coverage and plan as JSON, and the reasons of what is required in words that an auditor can read out to the client. */
#include "satchel/scheme/plan.h"

#include <string.h>

#include "satchel/base/text.h"

static const char *const grade_words[] = {"major", "minor", "observation", "ofi", "conform", "na", "not_audited"};

const char *grade_word(enum grade g)
{
    return g < GRADE_UNSET ? grade_words[g] : NULL;
}

/* ---- reasons ---- */

struct jv *reasons_json(struct arena *a, const struct required *r)
{
    static const char *const words[] = {"decisive", "previous", "picked", "last", "all"};
    struct jv *list = jv_array(a);
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (r->why & (1u << i) && jv_push(a, list, jv_string(a, words[i]))) return NULL;
    return list;
}

struct words {
    struct arena *arena;
    const char *text; /* NULL: memory */
    const char *between;
};

static void say(struct words *w, const char *text)
{
    if (w->text && text) w->text = arena_printf(w->arena, "%s%s%s", w->text, *w->text ? w->between : "", text);
    else w->text = NULL;
}

static const char *between(const char *en, const char *zh)
{
    return text_language_now() == LANGUAGE_ZH ? zh : en;
}

static void say_count(struct words *w, int n, const char *one, const char *several)
{
    if (n) say(w, arena_printf(w->arena, n == 1 ? T(one) : T(several), n));
}

static const char *previous_text(struct arena *a, const struct required *r)
{
    struct words w = {a, "", between(", ", "、")};
    say_count(&w, r->majors, N_("%d major nonconformity"), N_("%d major nonconformities"));
    say_count(&w, r->minors, N_("%d minor nonconformity"), N_("%d minor nonconformities"));
    say_count(&w, r->observations, N_("%d observation"), N_("%d observations"));
    return w.text ? arena_printf(a, T("%s at the previous audit (6.3.4 rule 3)"), w.text) : NULL;
}

static const char *decisive_text(enum required_what what)
{
    return what == REQUIRED_CLAUSE ? T("decisive for the service process: sampled at every surveillance (6.3.4 rule 2)")
                                   : T("a decisive department: visited at every surveillance (6.3.4 rule 2)");
}

static const char *last_text(enum required_what what)
{
    return what == REQUIRED_DIRECTION ? T("not covered in this cycle yet, and this is its last surveillance (6.3.3)")
                                      : T("not covered in this cycle yet, and this is its last surveillance (6.3.4 rule 1)");
}

const char *required_text(struct arena *a, const struct plan *p, const struct required *r, enum required_what what)
{
    struct words w = {a, "", between("; ", "；")};
    if (r->why & WHY_DECISIVE) say(&w, decisive_text(what));
    if (r->why & WHY_PREVIOUS) say(&w, previous_text(a, r));
    if (r->why & WHY_PICKED) say(&w, T("picked by the audit team (6.3.4 rule 4)"));
    if (r->why & WHY_LAST) say(&w, last_text(what));
    if (r->why & WHY_ALL)
        say(&w, p->kind == AUDIT_RECERTIFICATION ? T("a recertification takes in everything (8)")
                                                 : T("an initial certification takes in everything (6.2)"));
    return w.text;
}

/* ---- parts of both ---- */

static struct jv *required_json(struct arena *a, const struct plan *p, const struct required *r, enum required_what what)
{
    static const char *const keys[] = {"clause", "department", "direction"};
    struct jv *v = jv_object(a);
    const char *text = required_text(a, p, r, what);
    int rc = jv_put_str(a, v, keys[what], r->name);
    if (rc == 0) rc = jv_put(a, v, "reasons", reasons_json(a, r));
    if (rc == 0) rc = text ? jv_put_str(a, v, "text", text) : ERR_ROAD;
    return rc ? NULL : v;
}

static int put_reasons(struct arena *a, struct jv *out, const char *key, const struct plan *p, enum required_what what)
{
    size_t len;
    const struct required *r = plan_required(p, what, &len);
    struct jv *list = jv_array(a);
    int rc = 0;
    for (size_t i = 0; i < len && rc == 0; i++) rc = jv_push(a, list, required_json(a, p, &r[i], what));
    return rc ? rc : jv_put(a, out, key, list);
}

static int put_required(struct arena *a, struct jv *out, const char *key, const struct plan *p, enum required_what what)
{
    size_t len;
    const struct required *r = plan_required(p, what, &len);
    struct jv *list = jv_array(a);
    int rc = 0;
    for (size_t i = 0; i < len && rc == 0; i++) rc = jv_push(a, list, jv_string(a, r[i].name));
    return rc ? rc : jv_put(a, out, key, list);
}

static int put_all_required(struct arena *a, struct jv *out, const struct plan *p)
{
    int rc = put_reasons(a, out, "required", p, REQUIRED_CLAUSE);
    if (rc == 0) rc = put_required(a, out, "required_departments", p, REQUIRED_DEPARTMENT);
    return rc ? rc : put_required(a, out, "required_directions", p, REQUIRED_DIRECTION);
}

static int put_day(struct arena *a, struct jv *out, const char *key, int32_t day)
{
    char text[DAY_TEXT];
    day_write(text, day);
    return jv_put_str(a, out, key, *text ? text : NULL);
}

/* ---- coverage ---- */

static struct jv *cell_records_json(struct arena *a, const struct cell *c)
{
    struct jv *list = jv_array(a);
    for (size_t i = 0; i < c->records_len; i++) {
        struct jv *v = jv_object(a);
        int rc = jv_put_str(a, v, "record", c->records[i].id);
        if (rc == 0) rc = jv_put_str(a, v, "result", grade_word(c->records[i].result));
        if (rc || jv_push(a, list, v)) return NULL;
    }
    return list;
}

static struct jv *cell_json(struct arena *a, const struct cell *c)
{
    struct jv *v = jv_object(a);
    int rc = jv_put_str(a, v, "clause", c->clause);
    if (rc == 0) rc = jv_put_str(a, v, "department", c->department);
    if (rc == 0) rc = jv_put_str(a, v, "direction", c->direction);
    if (rc == 0) rc = jv_put_str(a, v, "site", c->site);
    if (rc == 0) rc = jv_put_str(a, v, "result", grade_word(c->worst));
    if (rc == 0) rc = jv_put_int(a, v, "evidence", (int64_t)c->evidence);
    if (rc == 0) rc = jv_put(a, v, "covered", jv_bool(a, c->covered));
    if (rc == 0) rc = jv_put(a, v, "conflict", jv_bool(a, c->conflict));
    if (rc == 0) rc = jv_put(a, v, "records", cell_records_json(a, c));
    return rc ? NULL : v;
}

static int put_cells(struct arena *a, struct jv *out, const struct coverage *v)
{
    struct jv *cells = jv_array(a), *rollup = jv_object(a);
    int rc = 0;
    for (size_t i = 0; i < v->cells_len && rc == 0; i++) rc = jv_push(a, cells, cell_json(a, &v->cells[i]));
    for (size_t i = 0; i < v->rollups_len && rc == 0; i++)
        if (v->rollups[i].worst < GRADE_UNSET)
            rc = jv_put_str(a, rollup, v->rollups[i].clause, grade_word(v->rollups[i].worst));
    if (rc == 0) rc = jv_put(a, out, "cells", cells);
    return rc ? rc : jv_put(a, out, "rollup", rollup);
}

static int put_list(struct arena *a, struct jv *out, const char *key, const struct coverage_list *l)
{
    struct jv *list = jv_array(a);
    int rc = 0;
    for (size_t i = 0; i < l->len && rc == 0; i++) rc = jv_push(a, list, jv_string(a, l->items[i].name));
    return rc ? rc : jv_put(a, out, key, list);
}

/* What no cell covers: of what the plan requires, or of all. */
static int put_open(struct arena *a, struct jv *out, const char *key, const struct coverage *v, enum required_what what,
    const struct plan *p)
{
    const struct coverage_list *const lists[] = {&v->clauses, &v->departments, &v->directions};
    const struct coverage_list *l = lists[what];
    struct jv *list = jv_array(a);
    size_t len = 0;
    const struct required *required = p ? plan_required(p, what, &len) : NULL;
    int rc = 0;
    for (size_t i = 0; !p && i < l->len && rc == 0; i++)
        if (!l->items[i].covered) rc = jv_push(a, list, jv_string(a, l->items[i].name));
    for (size_t i = 0; i < len && rc == 0; i++) {
        const char *name = required[i].name;
        bool covered = what == REQUIRED_CLAUSE ? coverage_has_clause(v, name) : coverage_has(l, name);
        if (!covered) rc = jv_push(a, list, jv_string(a, name));
    }
    return rc ? rc : jv_put(a, out, key, list);
}

static int put_all_open(struct arena *a, struct jv *out, const struct coverage *v, const struct plan *p)
{
    int rc = put_open(a, out, "open", v, REQUIRED_CLAUSE, p);
    if (rc == 0) rc = put_open(a, out, "open_departments", v, REQUIRED_DEPARTMENT, p);
    return rc ? rc : put_open(a, out, "open_directions", v, REQUIRED_DIRECTION, p);
}

static struct jv *cycle_json(struct arena *a, const struct cycle *y)
{
    struct jv *v = jv_object(a);
    int rc = jv_put_str(a, v, "certificate", y->current->id);
    if (rc == 0) rc = jv_put_int(a, v, "number", y->number);
    if (rc == 0) rc = put_day(a, v, "valid_from", y->valid_from);
    if (rc == 0) rc = put_day(a, v, "valid_to", y->valid_to);
    return rc ? NULL : v;
}

static int put_next(struct arena *a, struct jv *out, const struct plan *p)
{
    int rc = jv_put_str(a, out, "audit", p->audit ? p->audit->id : NULL);
    if (rc == 0) rc = put_day(a, out, "due", p->due);
    if (rc == 0) rc = jv_put(a, out, "last", jv_bool(a, p->last));
    return rc ? rc : jv_put_int(a, out, "left", p->left);
}

static struct jv *next_json(struct arena *a, const struct plan *p)
{
    struct jv *v = jv_object(a);
    return put_next(a, v, p) ? NULL : v;
}

static struct jv *percent_json(struct arena *a, const struct coverage *v)
{
    struct jv *o = jv_object(a);
    int rc = jv_put_int(a, o, "clauses", coverage_percent(&v->clauses));
    if (rc == 0) rc = jv_put_int(a, o, "departments", coverage_percent(&v->departments));
    if (rc == 0) rc = jv_put_int(a, o, "directions", coverage_percent(&v->directions));
    return rc ? NULL : o;
}

struct jv *coverage_json(struct arena *a, const struct coverage *v, const struct plan *p)
{
    static const struct plan none;
    const struct cycle *y = v->scope.cycle;
    struct jv *out = jv_object(a);
    int rc = put_list(a, out, "clauses", &v->clauses);
    if (rc == 0) rc = put_list(a, out, "departments", &v->departments);
    if (rc == 0) rc = put_list(a, out, "directions", &v->directions);
    if (rc == 0) rc = put_cells(a, out, v);
    if (rc == 0) rc = put_all_required(a, out, p ? p : &none);
    if (rc == 0) rc = put_all_open(a, out, v, v->scope.audit ? p : NULL);
    if (rc == 0) rc = jv_put_int(a, out, "covered", (int64_t)v->clauses.covered);
    if (rc == 0) rc = jv_put_int(a, out, "of", (int64_t)v->clauses.len);
    if (rc == 0) rc = jv_put(a, out, "percent", percent_json(a, v));
    if (rc == 0) rc = jv_put(a, out, "cycle", y ? cycle_json(a, y) : jv_null(a));
    if (rc == 0) rc = jv_put(a, out, "next", p && y && !v->scope.audit ? next_json(a, p) : jv_null(a));
    if (rc == 0) rc = jv_put(a, out, "sample", jv_bool(a, v->scope.catalogue->sample));
    return rc ? NULL : out;
}

/* ---- plan ---- */

static struct jv *visits_json(struct arena *a, const struct plan *p)
{
    struct jv *list = jv_array(a);
    for (size_t i = 0; i < p->visits_len; i++) {
        struct jv *v = jv_object(a);
        int rc = jv_put_str(a, v, "clause", p->visits[i].clause);
        if (rc == 0) rc = jv_put_str(a, v, "department", p->visits[i].department);
        if (rc == 0) rc = jv_put_str(a, v, "direction", p->visits[i].direction);
        if (rc == 0) rc = jv_put(a, v, "required", jv_bool(a, p->visits[i].required));
        if (rc || jv_push(a, list, v)) return NULL;
    }
    return list;
}

static int put_records(struct arena *a, struct jv *out, const struct plan *p)
{
    struct jv *followups = jv_array(a), *previous = jv_array(a);
    int rc = 0;
    for (size_t i = 0; i < p->followups_len && rc == 0; i++) rc = jv_push(a, followups, jv_string(a, p->followups[i]->id));
    for (size_t i = 0; i < p->previous_len && rc == 0; i++) rc = jv_push(a, previous, jv_string(a, p->previous[i]->id));
    if (rc == 0) rc = jv_put(a, out, "followups", followups);
    return rc ? rc : jv_put(a, out, "previous", previous);
}

static struct jv *group_json(struct arena *a, const struct site_group *g)
{
    struct jv *v = jv_object(a), *sites = jv_array(a);
    int rc = jv_put_str(a, v, "similar", g->similar);
    for (size_t i = 0; i < g->sites_len && rc == 0; i++) rc = jv_push(a, sites, jv_string(a, g->sites[i]->id));
    if (rc == 0) rc = jv_put(a, v, "sites", sites);
    if (rc == 0) rc = jv_put_int(a, v, "visit", g->visit);
    return rc ? NULL : v;
}

static int put_sites(struct arena *a, struct jv *out, const struct casefile *c, const struct plan *p)
{
    struct site_group *groups;
    size_t len;
    struct jv *list = jv_array(a), *central = jv_array(a);
    int rc = site_groups(&groups, &len, c, &p->scheme->rules, p->kind);
    for (size_t i = 0; rc == 0 && i < len; i++) rc = jv_push(a, list, group_json(a, &groups[i]));
    for (size_t i = 0; rc == 0 && i < c->sites_len; i++)
        if (c->sites[i].central) rc = jv_push(a, central, jv_string(a, c->sites[i].id));
    if (rc == 0) rc = jv_put(a, out, "sites", list);
    return rc ? rc : jv_put(a, out, "central", central);
}

struct jv *plan_json(struct arena *a, const struct casefile *c, const struct plan *p)
{
    struct jv *out = jv_object(a);
    int rc = jv_put_str(a, out, "case", c->name);
    if (rc == 0) rc = jv_put_str(a, out, "certificate", p->cycle ? p->cycle->current->id : NULL);
    if (rc == 0) rc = put_next(a, out, p);
    if (rc == 0) rc = put_all_required(a, out, p);
    if (rc == 0) rc = put_reasons(a, out, "department_reasons", p, REQUIRED_DEPARTMENT);
    if (rc == 0) rc = put_reasons(a, out, "direction_reasons", p, REQUIRED_DIRECTION);
    if (rc == 0) rc = jv_put(a, out, "proposal", visits_json(a, p));
    if (rc == 0) rc = put_records(a, out, p);
    if (rc == 0) rc = put_sites(a, out, c, p);
    if (rc == 0) rc = jv_put(a, out, "sample", jv_bool(a, p->catalogue->sample));
    return rc ? NULL : out;
}
