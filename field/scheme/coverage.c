/* The matrix clause × department × direction: which cells have a result, how bad, and with how much evidence. */
#include "satchel/scheme/coverage.h"

#include <stdlib.h>
#include <string.h>

/* A cell while it is filled. */
struct filling {
    struct cell cell;
    size_t place; /* of the clause in the catalogue; its length: not in it */
    const struct audit *audit; /* whose records were put in last: what one audit lacks, another's evidence does not make good */
    bool counts, proven;       /* that one has a result that evidence turns into coverage; evidence */
    const struct fold_record *item; /* the evidence counted last, so that one item counts once */
    struct cell_record *records;
    size_t records_cap;
};

/* The cells that a finding or sample stands in. */
struct standing {
    struct filling *filling;
    struct standing *next;
};

struct matrix {
    const struct casefile *c;
    const struct scope *scope;
    struct map places;    /* struct clause by id */
    struct coverage_item **clauses; /* by place; NULL: it does not apply */
    struct map fillings;  /* by key */
    struct buf key;       /* that is looked up */
    struct map standings; /* struct standing by record id */
    struct filling **list;
    size_t len, cap;
    struct coverage *out;
};

/* ---- lists ---- */

static struct coverage_item *item_named(const struct coverage_list *l, const char *name)
{
    for (size_t i = 0; name && i < l->len; i++)
        if (strcmp(l->items[i].name, name) == 0) return &l->items[i];
    return NULL;
}

bool coverage_has(const struct coverage_list *l, const char *name)
{
    const struct coverage_item *item = item_named(l, name);
    return item && item->covered;
}

const struct rollup *coverage_rollup(const struct coverage *v, const char *clause)
{
    for (size_t i = 0; i < v->rollups_len; i++)
        if (strcmp(v->rollups[i].clause, clause) == 0) return &v->rollups[i];
    return NULL;
}

bool coverage_has_clause(const struct coverage *v, const char *id)
{
    const struct rollup *r = coverage_rollup(v, id);
    return r && r->covered;
}

int64_t coverage_percent(const struct coverage_list *l)
{
    return l->len ? (int64_t)(l->covered * 100 / l->len) : 100;
}

static int list_init(struct coverage_list *l, struct arena *a, size_t cap)
{
    *l = (struct coverage_list){arena_alloc(a, (cap + 1) * sizeof *l->items), 0, 0};
    return l->items ? 0 : ERR_ROAD;
}

static void list_add(struct coverage_list *l, const char *name)
{
    if (!item_named(l, name)) l->items[l->len++] = (struct coverage_item){name, false};
}

static int compare_items(const void *a, const void *b)
{
    return strcmp(((const struct coverage_item *)a)->name, ((const struct coverage_item *)b)->name);
}

static void list_sort(struct coverage_list *l)
{
    if (l->len) qsort(l->items, l->len, sizeof *l->items, compare_items);
}

static void list_cover(struct coverage_list *l, struct coverage_item *item)
{
    if (!item || item->covered) return;
    item->covered = true;
    l->covered++;
}

/* ---- what is to be covered ---- */

static bool applies(const struct scope *s, const struct clause *c)
{
    for (size_t i = 0; i < s->extents_len; i++) {
        const struct extent *e = &s->extents[i];
        if (clause_applies(c, e->level, e->directions.items, e->directions.len)) return true;
    }
    return false;
}

static int find_clauses(struct matrix *m)
{
    const struct catalogue *catalogue = m->scope->catalogue;
    struct coverage_list *l = &m->out->clauses;
    int rc = list_init(l, m->c->arena, catalogue->len);
    m->clauses = arena_alloc(m->c->arena, (catalogue->len + 1) * sizeof(struct coverage_item *));
    if (!m->clauses) rc = ERR_ROAD;
    for (size_t i = 0; i < catalogue->len && rc == 0; i++) {
        const struct clause *clause = &catalogue->clauses[i];
        rc = map_put(&m->places, clause->id, (void *)clause);
        if (!applies(m->scope, clause)) continue;
        m->clauses[i] = &l->items[l->len++];
        *m->clauses[i] = (struct coverage_item){clause->id, false};
    }
    return rc;
}

/* Its code; its id where it has none. */
static const char *code_of(const struct department *d)
{
    return d->code ? d->code : d->id;
}

static int find_departments(struct matrix *m)
{
    const struct casefile *c = m->c;
    int rc = list_init(&m->out->departments, c->arena, c->departments_len);
    for (size_t i = 0; i < c->departments_len && rc == 0; i++) list_add(&m->out->departments, code_of(&c->departments[i]));
    if (rc == 0) list_sort(&m->out->departments);
    return rc;
}

static int find_directions(struct matrix *m)
{
    const struct scope *s = m->scope;
    size_t all = 0;
    for (size_t i = 0; i < s->extents_len; i++) all += s->extents[i].directions.len;
    int rc = list_init(&m->out->directions, m->c->arena, all);
    for (size_t i = 0; i < s->extents_len && rc == 0; i++)
        for (size_t k = 0; k < s->extents[i].directions.len; k++)
            list_add(&m->out->directions, s->extents[i].directions.items[k]);
    if (rc == 0) list_sort(&m->out->directions);
    return rc;
}

/* ---- cells ---- */

static int keep(struct matrix *m, const char *key, struct filling *f)
{
    if (m->len == m->cap) {
        size_t cap = m->cap ? 2 * m->cap : 64;
        struct filling **larger = arena_alloc(m->c->arena, cap * sizeof(struct filling *));
        if (!larger) return ERR_ROAD;
        if (m->len) memcpy(larger, m->list, m->len * sizeof(struct filling *));
        m->list = larger;
        m->cap = cap;
    }
    m->list[m->len++] = f;
    return map_put(&m->fillings, key, f);
}

static size_t place_of(const struct matrix *m, const char *clause)
{
    const struct catalogue *catalogue = m->scope->catalogue;
    const struct clause *found = clause ? map_get(&m->places, clause) : NULL;
    return found ? (size_t)(found - catalogue->clauses) : catalogue->len;
}

static const char *or_empty(const char *s)
{
    return s ? s : "";
}

static int write_key(struct buf *key, const struct cell *at)
{
    const char *parts[] = {at->clause, at->department, at->direction, at->site};
    buf_clear(key);
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        buf_adds(key, or_empty(parts[i]));
        buf_addc(key, '\n');
    }
    return buf_error(key);
}

/* The cell, made where it is the first there. NULL: memory. */
static struct filling *filling_at(struct matrix *m, const struct cell *at)
{
    struct filling *f = write_key(&m->key, at) ? NULL : map_get(&m->fillings, buf_str(&m->key));
    if (f || buf_error(&m->key)) return f;
    const char *key = arena_strdup(m->c->arena, buf_str(&m->key));
    f = arena_alloc(m->c->arena, sizeof *f);
    if (!f || !key) return NULL;
    *f = (struct filling){.cell = *at, .place = place_of(m, at->clause)};
    f->cell.worst = GRADE_UNSET;
    return keep(m, key, f) == 0 ? f : NULL;
}

static int add_record(struct matrix *m, struct filling *f, const char *id, enum grade result)
{
    if (f->cell.records_len == f->records_cap) {
        size_t cap = f->records_cap ? 4 * f->records_cap : 1;
        struct cell_record *larger = arena_alloc(m->c->arena, cap * sizeof *larger);
        if (!larger) return ERR_ROAD;
        if (f->cell.records_len) memcpy(larger, f->records, f->cell.records_len * sizeof *larger);
        f->records = larger;
        f->records_cap = cap;
    }
    f->records[f->cell.records_len++] = (struct cell_record){id, result};
    return 0;
}

static bool stands_in(const struct matrix *m, const char *id, const struct filling *f)
{
    for (const struct standing *s = map_get(&m->standings, id); s; s = s->next)
        if (s->filling == f) return true;
    return false;
}

struct found {
    const char *id;
    const struct audit *audit;
    enum grade result;
    bool counts, conflict;
    size_t evidence;
};

static int put(struct matrix *m, struct filling *f, const struct found *found)
{
    struct standing *s = arena_alloc(m->c->arena, sizeof *s);
    if (!s) return ERR_ROAD;
    *s = (struct standing){f, map_get(&m->standings, found->id)};
    if (found->result < f->cell.worst) f->cell.worst = found->result;
    if (f->audit != found->audit) f->counts = f->proven = false;
    f->audit = found->audit;
    f->counts = f->counts || found->counts;
    f->proven = f->proven || found->evidence;
    f->cell.covered = f->cell.covered || (f->counts && f->proven);
    f->cell.conflict = f->cell.conflict || found->conflict;
    f->cell.evidence += found->evidence;
    int rc = map_put(&m->standings, found->id, s);
    return rc ? rc : add_record(m, f, found->id, found->result);
}

/* ---- samples, findings, evidence ---- */

static const char *site_of(const struct site *s)
{
    return s ? s->id : NULL;
}

static const char *department_of(const struct department *d)
{
    return d ? code_of(d) : NULL;
}

static int put_sample(struct matrix *m, const struct sample *s)
{
    const struct cell at = {.clause = s->clause,
        .department = department_of(s->department),
        .direction = s->direction,
        .site = site_of(s->site)};
    bool counts = s->result < GRADE_NA || (s->result == GRADE_NA && s->na_approved);
    const struct found found = {s->id, s->audit, s->result, counts, s->conflict, s->evidence};
    struct filling *f = filling_at(m, &at);
    return f ? put(m, f, &found) : ERR_ROAD;
}

static int put_finding(struct matrix *m, const struct finding *g)
{
    const struct found found = {g->id, g->audit, g->grade, g->grade < GRADE_NA, g->conflict, g->evidence};
    bool stands = false;
    int rc = 0;
    for (size_t i = 0; i < g->samples_len && rc == 0; i++) {
        const struct standing *s = map_get(&m->standings, g->samples[i]->id);
        if (!s) continue;
        stands = true;
        if (!stands_in(m, g->id, s->filling)) rc = put(m, s->filling, &found);
    }
    if (rc || stands) return rc;
    const struct cell at = {.clause = g->clause, .department = department_of(g->department), .site = site_of(g->site)};
    struct filling *f = filling_at(m, &at);
    return f ? put(m, f, &found) : ERR_ROAD;
}

static int put_audits(struct matrix *m)
{
    int rc = 0;
    for (size_t i = 0; i < m->scope->audits_len; i++) {
        const struct audit *a = m->scope->audits[i];
        for (size_t k = 0; k < a->samples_len && rc == 0; k++) rc = put_sample(m, a->samples[k]);
        for (size_t k = 0; k < a->findings_len && rc == 0; k++) rc = put_finding(m, a->findings[k]);
    }
    return rc;
}

struct item {
    const struct matrix *matrix;
    const struct fold_record *record;
};

static int count_once(void *ctx, const char *of)
{
    const struct item *item = ctx;
    for (const struct standing *s = map_get(&item->matrix->standings, of); s; s = s->next) {
        if (s->filling->item == item->record) s->filling->cell.evidence--;
        s->filling->item = item->record;
    }
    return 0;
}

/* Each record brought its evidence along; what is named by several records of a cell is one item there. */
static int count_evidence_once(const struct matrix *m)
{
    size_t len;
    const struct fold_record *const *evidence = casefile_records(m->c, "evidence", &len);
    int rc = 0;
    for (size_t i = 0; i < len && rc == 0; i++) {
        struct item item = {m, evidence[i]};
        if (item.record->applied && item.record->void_state != VOID) rc = record_members(item.record, "of", count_once, &item);
    }
    return rc;
}

/* ---- the result ---- */

static int compare_names(const char *a, const char *b)
{
    return strcmp(or_empty(a), or_empty(b));
}

static int compare_fillings(const void *a, const void *b)
{
    const struct filling *x = *(struct filling *const *)a, *y = *(struct filling *const *)b;
    if (x->place != y->place) return x->place < y->place ? -1 : 1;
    int order = compare_names(x->cell.clause, y->cell.clause);
    if (order == 0) order = compare_names(x->cell.department, y->cell.department);
    if (order == 0) order = compare_names(x->cell.direction, y->cell.direction);
    return order ? order : compare_names(x->cell.site, y->cell.site);
}

static void cover(const struct matrix *m, const struct filling *f)
{
    struct coverage *v = m->out;
    const struct catalogue *catalogue = m->scope->catalogue;
    list_cover(&v->departments, item_named(&v->departments, f->cell.department));
    list_cover(&v->directions, item_named(&v->directions, f->cell.direction));
    if (f->place == catalogue->len) return;
    const struct clause *clause = &catalogue->clauses[f->place];
    list_cover(&v->clauses, m->clauses[f->place]);
    if (clause->directions_len == 1) list_cover(&v->directions, item_named(&v->directions, clause->directions[0]));
}

static void roll_up(struct coverage *v, const struct cell *c)
{
    struct rollup *last = v->rollups_len ? &v->rollups[v->rollups_len - 1] : NULL;
    if (!c->clause) return;
    if (!last || strcmp(last->clause, c->clause) != 0) {
        last = &v->rollups[v->rollups_len++];
        *last = (struct rollup){.clause = c->clause, .worst = GRADE_UNSET, .cells = c};
    }
    if (c->worst < last->worst) last->worst = c->worst;
    last->covered = last->covered || c->covered;
    last->cells_len++;
}

static int finish(struct matrix *m)
{
    struct coverage *v = m->out;
    if (m->len) qsort(m->list, m->len, sizeof(struct filling *), compare_fillings);
    v->cells = arena_alloc(m->c->arena, (m->len + 1) * sizeof *v->cells);
    v->rollups = arena_alloc(m->c->arena, (m->len + 1) * sizeof *v->rollups);
    if (!v->cells || !v->rollups) return ERR_ROAD;
    for (size_t i = 0; i < m->len; i++) {
        struct filling *f = m->list[i];
        f->cell.records = f->records;
        if (f->cell.covered) cover(m, f);
        v->cells[v->cells_len] = f->cell;
        roll_up(v, &v->cells[v->cells_len++]);
    }
    return 0;
}

int coverage_of(struct coverage *out, const struct casefile *c, const struct scope *s)
{
    struct coverage v = {.scope = *s};
    struct matrix m = {.c = c, .scope = s, .out = &v};
    map_init(&m.places);
    map_init(&m.fillings);
    map_init(&m.standings);
    buf_init(&m.key, BUF_UNLIMITED);
    int rc = find_clauses(&m);
    if (rc == 0) rc = find_departments(&m);
    if (rc == 0) rc = find_directions(&m);
    if (rc == 0) rc = put_audits(&m);
    if (rc == 0) rc = count_evidence_once(&m);
    if (rc == 0) rc = finish(&m);
    map_release(&m.places);
    map_release(&m.fillings);
    map_release(&m.standings);
    buf_release(&m.key);
    if (rc == 0) *out = v;
    return rc;
}

int coverage_of_audit(struct coverage *out, const struct casefile *c, const struct audit *a, int32_t on)
{
    struct scope s;
    int rc = scope_of_audit(&s, c, a, on);
    return rc ? rc : coverage_of(out, c, &s);
}

int coverage_of_case(struct coverage *out, const struct casefile *c, int32_t on)
{
    struct scope s;
    int rc = scope_of_case(&s, c, on);
    return rc ? rc : coverage_of(out, c, &s);
}
