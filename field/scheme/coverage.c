/* The matrix clause × department: which cells have a result, how bad, and with how much evidence. */
#include "satchel/scheme/coverage.h"

#include <stdlib.h>
#include <string.h>

/* Worst first; the rank of a result is its place here. */
static const char *const results[] = {"major", "minor", "observation", "ofi", "conform", "na", "not_audited"};

enum { RANK_NA = 5, RANK_NOT_AUDITED = 6, RANK_NONE = 7 };

struct cell {
    const char *clause, *department, *direction, *site; /* "" where a record names none */
    size_t place; /* of the clause in the catalogue; its length: not in it */
    int worst;    /* rank */
    bool counts;  /* a result that evidence turns into coverage */
    bool conflict;
    int64_t evidence;
    const struct fold_record *last_evidence; /* so that one item counts once */
    struct jv *records;
};

/* The cells that a sample or finding stands in. */
struct standing {
    struct cell *cell;
    struct standing *next;
};

struct names {
    const char **names;
    size_t len, cap;
};

struct matrix {
    struct arena *arena;
    struct fold *fold;
    const char *case_name, *audit;
    const struct catalogue *catalogue;
    const struct fold_record *const *records;
    size_t records_len;
    struct map cells_by_key;                         /* struct cell */
    struct map standings;                            /* struct standing by record id */
    struct map covered_clauses, covered_departments; /* a cell of it */
    struct cell **cells;
    size_t cells_len, cells_cap;
    struct names departments, directions;
    int64_t level;
};

/* ---- lists of names ---- */

static bool names_have(const struct names *n, const char *name)
{
    for (size_t i = 0; i < n->len; i++) {
        if (strcmp(n->names[i], name) == 0) return true;
    }
    return false;
}

static int names_add(struct names *n, struct arena *a, const char *name)
{
    if (names_have(n, name)) return 0;
    if (n->len == n->cap) {
        size_t cap = n->cap ? 2 * n->cap : 16;
        const char **larger = arena_alloc(a, cap * sizeof *larger);
        if (!larger) return ERR_ROAD;
        if (n->len) memcpy(larger, n->names, n->len * sizeof *larger);
        n->names = larger;
        n->cap = cap;
    }
    n->names[n->len] = arena_strdup(a, name);
    return n->names[n->len++] ? 0 : ERR_ROAD;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void names_sort(struct names *n)
{
    if (n->len) qsort(n->names, n->len, sizeof *n->names, compare_names);
}

/* ---- what the case is about ---- */

static bool is_live(const struct fold_record *r, const char *type)
{
    return strcmp(r->type, type) == 0 && r->applied && r->void_state != VOID;
}

/* Levels are whole numbers; a form may offer them as choices, which are strings. */
static int64_t level_of(const struct fold_record *r)
{
    const struct jv *v = record_value(r, "level");
    if (jv_str(v)) return strtol(jv_str(v), NULL, 10);
    return v && v->type == JV_INT ? v->integer : 0;
}

static int add_direction(void *ctx, const char *member)
{
    struct matrix *m = ctx;
    return names_add(&m->directions, m->arena, member);
}

/* Level and directions, as the records of this type have them. */
static int read_scope(struct matrix *m, const char *type)
{
    int rc = 0;
    for (size_t i = 0; i < m->records_len && rc == 0; i++) {
        const struct fold_record *r = m->records[i];
        if (!is_live(r, type)) continue;
        if (level_of(r) > m->level) m->level = level_of(r);
        rc = record_members(r, "directions", add_direction, m);
    }
    return rc;
}

static int find_scope(struct matrix *m)
{
    static const char *const sources[] = {"certificate", "application", "audit"};
    int rc = 0;
    for (size_t i = 0; i < sizeof sources / sizeof *sources && rc == 0; i++) {
        rc = read_scope(m, sources[i]);
        if (m->directions.len) break;
    }
    names_sort(&m->directions);
    return rc;
}

/* A department's code; its id where it has none or is not there. */
static const char *department_code(const struct matrix *m, const char *id)
{
    const struct fold_record *r = fold_record(m->fold, m->case_name, id);
    const char *code = r ? record_str(r, "code") : NULL;
    return code ? code : id;
}

static int find_departments(struct matrix *m)
{
    int rc = 0;
    for (size_t i = 0; i < m->records_len && rc == 0; i++) {
        const struct fold_record *r = m->records[i];
        if (is_live(r, "department")) rc = names_add(&m->departments, m->arena, department_code(m, r->id));
    }
    names_sort(&m->departments);
    return rc;
}

/* ---- cells ---- */

static size_t clause_place(const struct matrix *m, const char *id)
{
    size_t i = 0;
    while (i < m->catalogue->len && strcmp(m->catalogue->clauses[i].id, id) != 0) i++;
    return i;
}

static int keep_cell(struct matrix *m, const char *key, struct cell *c)
{
    if (m->cells_len == m->cells_cap) {
        size_t cap = m->cells_cap ? 2 * m->cells_cap : 64;
        struct cell **larger = arena_alloc(m->arena, cap * sizeof(struct cell *));
        if (!larger) return ERR_ROAD;
        if (m->cells_len) memcpy(larger, m->cells, m->cells_len * sizeof(struct cell *));
        m->cells = larger;
        m->cells_cap = cap;
    }
    m->cells[m->cells_len++] = c;
    return map_put(&m->cells_by_key, key, c);
}

static const char *text_of(const struct fold_record *r, const char *field)
{
    const char *s = record_str(r, field);
    return s ? s : "";
}

/* The cell that a sample or finding names, made where it is the first there. NULL: memory. */
static struct cell *cell_of(struct matrix *m, const struct fold_record *r)
{
    const char *clause = text_of(r, "clause"), *direction = text_of(r, "direction"),
               *site = text_of(r, "site");
    const char *department = text_of(r, "department");
    if (*department) department = department_code(m, department);
    const char *key = arena_printf(m->arena, "%s\n%s\n%s\n%s", clause, department, direction, site);
    struct cell *c = key ? map_get(&m->cells_by_key, key) : NULL;
    if (c || !key) return c;
    c = arena_alloc(m->arena, sizeof *c);
    if (!c) return NULL;
    *c = (struct cell){.clause = clause,
        .department = department,
        .direction = direction,
        .site = site,
        .place = clause_place(m, clause),
        .worst = RANK_NONE,
        .records = jv_array(m->arena)};
    return c->records && keep_cell(m, key, c) == 0 ? c : NULL;
}

static int rank_of(const char *result)
{
    int rank = 0;
    while (rank < RANK_NONE && (!result || strcmp(results[rank], result) != 0)) rank++;
    return rank;
}

static bool rank_counts(int rank, const struct fold_record *r)
{
    const struct jv *approved = record_value(r, "na_approved");
    if (rank == RANK_NA) return approved && approved->type == JV_BOOL && approved->boolean;
    return rank < RANK_NA;
}

static int list_record(struct matrix *m, struct cell *c, const struct fold_record *r, const char *result)
{
    struct jv *v = jv_object(m->arena);
    int rc = jv_put_str(m->arena, v, "record", r->id);
    if (rc == 0) rc = jv_put_str(m->arena, v, "result", result);
    return rc ? rc : jv_push(m->arena, c->records, v);
}

static int stand(struct matrix *m, struct cell *c, const struct fold_record *r)
{
    struct standing *s = arena_alloc(m->arena, sizeof *s);
    if (!s) return ERR_ROAD;
    *s = (struct standing){c, map_get(&m->standings, r->id)};
    return map_put(&m->standings, r->id, s);
}

/* Puts what a record found into a cell: `field` is result or grade. */
static int put_result(struct matrix *m, struct cell *c, const struct fold_record *r, const char *field)
{
    const struct fold_field *f = record_field(r, field);
    const char *result = record_str(r, field);
    int rank = rank_of(result), rc = stand(m, c, r);
    if (rank < c->worst) c->worst = rank;
    c->counts = c->counts || rank_counts(rank, r);
    c->conflict = c->conflict || (f && f->conflict);
    return rc ? rc : list_record(m, c, r, result);
}

/* ---- samples, findings, evidence ---- */

static bool of_this_audit(const struct matrix *m, const struct fold_record *r)
{
    const char *audit = record_str(r, "audit");
    const struct fold_record *a = audit ? fold_record(m->fold, m->case_name, audit) : NULL;
    if (a && a->void_state == VOID) return false;
    return !m->audit || (audit && strcmp(audit, m->audit) == 0);
}

static int put_sample(struct matrix *m, const struct fold_record *r)
{
    if (!is_live(r, "sample") || !of_this_audit(m, r)) return 0;
    struct cell *c = cell_of(m, r);
    return c ? put_result(m, c, r, "result") : ERR_ROAD;
}

struct finding {
    struct matrix *matrix;
    const struct fold_record *record;
    size_t cells;
};

static int put_finding_by_sample(void *ctx, const char *sample)
{
    struct finding *f = ctx;
    const struct standing *s = map_get(&f->matrix->standings, sample);
    const struct fold_record *r = s ? fold_record(f->matrix->fold, f->matrix->case_name, sample) : NULL;
    if (!r || strcmp(r->type, "sample") != 0) return 0;
    for (const struct standing *own = map_get(&f->matrix->standings, f->record->id); own; own = own->next) {
        if (own->cell == s->cell) return 0;
    }
    f->cells++;
    return put_result(f->matrix, s->cell, f->record, "grade");
}

static int put_finding(struct matrix *m, const struct fold_record *r)
{
    struct finding f = {.matrix = m, .record = r};
    if (!is_live(r, "finding") || !of_this_audit(m, r)) return 0;
    int rc = record_members(r, "samples", put_finding_by_sample, &f);
    if (rc || f.cells) return rc;
    struct cell *c = cell_of(m, r);
    return c ? put_result(m, c, r, "grade") : ERR_ROAD;
}

struct item {
    const struct matrix *matrix;
    const struct fold_record *record;
};

static int count_item(void *ctx, const char *of)
{
    const struct item *item = ctx;
    for (const struct standing *s = map_get(&item->matrix->standings, of); s; s = s->next) {
        if (s->cell->last_evidence == item->record) continue;
        s->cell->last_evidence = item->record;
        s->cell->evidence++;
    }
    return 0;
}

static int put_evidence(struct matrix *m, const struct fold_record *r)
{
    struct item item = {m, r};
    return is_live(r, "evidence") ? record_members(r, "of", count_item, &item) : 0;
}

static int each(struct matrix *m, int (*put)(struct matrix *m, const struct fold_record *r))
{
    int rc = 0;
    for (size_t i = 0; i < m->records_len && rc == 0; i++) rc = put(m, m->records[i]);
    return rc;
}

static bool is_covered(const struct cell *c)
{
    return c->counts && c->evidence > 0;
}

static int find_covered(struct matrix *m)
{
    int rc = 0;
    for (size_t i = 0; i < m->cells_len && rc == 0; i++) {
        struct cell *c = m->cells[i];
        if (!is_covered(c)) continue;
        rc = map_put(&m->covered_clauses, c->clause, c);
        if (rc == 0) rc = map_put(&m->covered_departments, c->department, c);
    }
    return rc;
}

/* ---- as JSON ---- */

static int compare_cells(const void *a, const void *b)
{
    const struct cell *x = *(struct cell *const *)a, *y = *(struct cell *const *)b;
    if (x->place != y->place) return x->place < y->place ? -1 : 1;
    int order = strcmp(x->clause, y->clause);
    if (order == 0) order = strcmp(x->department, y->department);
    if (order == 0) order = strcmp(x->direction, y->direction);
    return order ? order : strcmp(x->site, y->site);
}

static const char *or_null(const char *s)
{
    return s && *s ? s : NULL;
}

static struct jv *cell_json(struct arena *a, const struct cell *c)
{
    struct jv *v = jv_object(a);
    int rc = jv_put_str(a, v, "clause", or_null(c->clause));
    if (rc == 0) rc = jv_put_str(a, v, "department", or_null(c->department));
    if (rc == 0) rc = jv_put_str(a, v, "direction", or_null(c->direction));
    if (rc == 0) rc = jv_put_str(a, v, "site", or_null(c->site));
    if (rc == 0) rc = jv_put_str(a, v, "result", c->worst < RANK_NONE ? results[c->worst] : NULL);
    if (rc == 0) rc = jv_put_int(a, v, "evidence", c->evidence);
    if (rc == 0) rc = jv_put(a, v, "covered", jv_bool(a, is_covered(c)));
    if (rc == 0) rc = jv_put(a, v, "conflict", jv_bool(a, c->conflict));
    if (rc == 0) rc = jv_put(a, v, "records", c->records);
    return rc ? NULL : v;
}

static int put_cells(const struct matrix *m, struct jv *out)
{
    struct jv *cells = jv_array(m->arena), *rollup = jv_object(m->arena);
    int rc = 0;
    for (size_t i = 0; i < m->cells_len && rc == 0; i++) {
        const struct cell *c = m->cells[i];
        rc = jv_push(m->arena, cells, cell_json(m->arena, c));
        const char *before = jv_get_str(rollup, c->clause);
        if (rc == 0 && c->worst < rank_of(before))
            rc = jv_put_str(m->arena, rollup, c->clause, results[c->worst]);
    }
    if (rc == 0) rc = jv_put(m->arena, out, "cells", cells);
    return rc ? rc : jv_put(m->arena, out, "rollup", rollup);
}

static int put_clauses(const struct matrix *m, struct jv *out)
{
    struct jv *all = jv_array(m->arena), *open = jv_array(m->arena);
    int rc = 0;
    for (size_t i = 0; i < m->catalogue->len && rc == 0; i++) {
        const struct clause *c = &m->catalogue->clauses[i];
        if (!clause_applies(c, m->level, m->directions.names, m->directions.len)) continue;
        rc = jv_push(m->arena, all, jv_string(m->arena, c->id));
        if (rc == 0 && !map_get(&m->covered_clauses, c->id))
            rc = jv_push(m->arena, open, jv_string(m->arena, c->id));
    }
    if (rc == 0) rc = jv_put(m->arena, out, "clauses", all);
    if (rc == 0) rc = jv_put(m->arena, out, "open", open);
    if (rc == 0) rc = jv_put_int(m->arena, out, "covered", (int64_t)(all->len - open->len));
    return rc ? rc : jv_put_int(m->arena, out, "of", (int64_t)all->len);
}

static int put_names(
    const struct matrix *m, struct jv *out, const char *key, const struct names *n, const struct map *but)
{
    struct jv *list = jv_array(m->arena);
    int rc = 0;
    for (size_t i = 0; i < n->len && rc == 0; i++) {
        if (!but || !map_get(but, n->names[i]))
            rc = jv_push(m->arena, list, jv_string(m->arena, n->names[i]));
    }
    return rc ? rc : jv_put(m->arena, out, key, list);
}

static struct jv *matrix_json(const struct matrix *m)
{
    struct jv *out = jv_object(m->arena);
    if (m->cells_len) qsort(m->cells, m->cells_len, sizeof(struct cell *), compare_cells);
    int rc = put_clauses(m, out);
    if (rc == 0) rc = put_cells(m, out);
    if (rc == 0) rc = put_names(m, out, "departments", &m->departments, NULL);
    if (rc == 0) rc = put_names(m, out, "open_departments", &m->departments, &m->covered_departments);
    if (rc == 0) rc = put_names(m, out, "directions", &m->directions, NULL);
    return rc ? NULL : out;
}

int coverage(struct jv **out, struct arena *a, struct fold *f, const char *case_name, const char *audit,
    const struct catalogue *c)
{
    struct matrix m = {.arena = a, .fold = f, .case_name = case_name, .audit = audit, .catalogue = c};
    struct jv *v = NULL;
    map_init(&m.cells_by_key);
    map_init(&m.standings);
    map_init(&m.covered_clauses);
    map_init(&m.covered_departments);
    int rc = fold_records(f, case_name, &m.records, &m.records_len);
    if (rc == 0) rc = find_scope(&m);
    if (rc == 0) rc = find_departments(&m);
    if (rc == 0) rc = each(&m, put_sample);
    if (rc == 0) rc = each(&m, put_finding);
    if (rc == 0) rc = each(&m, put_evidence);
    if (rc == 0) rc = find_covered(&m);
    if (rc == 0 && !(v = matrix_json(&m))) rc = ERR_ROAD;
    map_release(&m.cells_by_key);
    map_release(&m.standings);
    map_release(&m.covered_clauses);
    map_release(&m.covered_departments);
    if (rc == 0) *out = v;
    return rc;
}
