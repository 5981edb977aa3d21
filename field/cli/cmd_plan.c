/* coverage, plan: what has been sampled, what must be, and why. */
#include "cli.h"

#include <string.h>

#include "satchel/scheme/plan.h"

enum { NAME_COLUMNS = 20, NAME_MAX_COLUMNS = 60, CELL_COLUMNS = 5 };

/* ---- the case that is asked about ---- */

struct asked {
    struct casefile casefile;
    const struct audit *audit; /* NULL: none was named */
    int32_t on;
};

static int read_asked(struct cli *c, struct asked *q)
{
    const struct fold_record *audit = NULL;
    const char *case_name = cli_option(c, "case"), *audit_text = cli_option(c, "audit");
    int r = session_view(c->session);
    if (!r && audit_text) r = session_record(c, audit_text, NULL, &audit);
    if (r) return r;
    if (audit) case_name = audit->case_name;
    if (!case_name) return err_set(ERR_USAGE, "say which case: --case C");
    const char *known;
    r = session_case(c->session, case_name, &known);
    if (!r && !session_scheme(c->session, known)) r = ERR_INPUT; /* one that does not read here requires nothing that is known */
    if (!r) r = cli_on(c, known, &q->on);
    if (!r) r = session_casefile(c, known, &q->casefile);
    q->audit = !r && audit ? casefile_audit(&q->casefile, audit->id) : NULL;
    if (!r && audit && !q->audit) return err_set(ERR_INPUT, "'%s' is no audit, or it is voided", audit->id);
    return r;
}

/* ---- what both print ---- */

static void print_sample(struct cli *c, const struct catalogue *catalogue)
{
    if (catalogue->sample) fprintf(c->out, "%s\n", T("sample catalogue: not the text of the standard"));
}

static const char *day_text(struct cli *c, int32_t day)
{
    char text[DAY_TEXT];
    day_write(text, day);
    const char *s = *text ? arena_strdup(&c->arena, text) : "—";
    return s ? s : "";
}

static void print_cycle(struct cli *c, const struct cycle *y)
{
    const char *s = arena_printf(&c->arena, T("cycle %d, %s to %s"), y->number, day_text(c, y->valid_from), day_text(c, y->valid_to));
    s = s ? arena_printf(&c->arena, "%s  %s", s, shown_link(c, y->current->id)) : NULL;
    print_wrapped(c->out, s ? s : "", 2);
}

static bool lacks_coverage(const struct plan *p)
{
    unsigned why = 0;
    for (enum required_what what = REQUIRED_CLAUSE; what <= REQUIRED_DIRECTION; what++) {
        size_t len;
        const struct required *list = plan_required(p, what, &len);
        for (size_t i = 0; i < len; i++) why |= list[i].why;
    }
    return why & WHY_LAST;
}

static void print_next(struct cli *c, const struct plan *p)
{
    if (p->due != DAY_NONE) fprintf(c->out, T("next surveillance by %s at the latest"), day_text(c, p->due));
    else if (lacks_coverage(p)) fprintf(c->out, "%s", T("no further surveillance falls due, but the cycle is not covered (6.3.4 rule 1)"));
    else fprintf(c->out, "%s", T("no further surveillance falls due (6.3.1)"));
    if (p->last) fprintf(c->out, "%s", T("; it is the cycle's last one"));
    else fprintf(c->out, T("; %d left with this one"), p->left);
    fprintf(c->out, "\n");
}

static const char *with_title(struct cli *c, const char *id, const char *title)
{
    const char *s = title ? arena_printf(&c->arena, "%s %s", shown(c, id), shown(c, title)) : shown(c, id);
    return s ? s : "";
}

static const char *clause_name(struct cli *c, const struct catalogue *catalogue, const char *id)
{
    const struct clause *clause = catalogue_clause(catalogue, id);
    if (!clause) return shown(c, id);
    return with_title(c, id, text_language_now() == LANGUAGE_ZH ? clause->title_zh : clause->title_en);
}

static const char *department_name(struct cli *c, const struct casefile *f, const char *code)
{
    for (size_t i = 0; i < f->departments_len; i++) {
        const struct department *d = &f->departments[i];
        if (d->code && strcmp(d->code, code) == 0) return with_title(c, code, d->name);
    }
    return shown(c, code);
}

static const char *direction_name(struct cli *c, const struct scheme *s, const char *direction)
{
    return shown(c, scheme_label(s, "directions", direction));
}

static const char *name_of(struct cli *c, const struct casefile *f, const struct plan *p, enum required_what what, const char *name)
{
    switch (what) {
    case REQUIRED_CLAUSE:
        return clause_name(c, p->catalogue, name);
    case REQUIRED_DEPARTMENT:
        return department_name(c, f, name);
    case REQUIRED_DIRECTION:
        return direction_name(c, p->scheme, name);
    }
    return "";
}

/* A column that the name fits into, with a blank behind it, unless it is far too long. */
static int wider(int width, const char *name)
{
    int n = text_columns(name) + 1;
    return n > NAME_MAX_COLUMNS ? NAME_MAX_COLUMNS : n > width ? n : width;
}

/* ---- the matrix ---- */

struct matrix {
    struct cli *c;
    const struct coverage *v;
    const struct plan *plan; /* NULL: none */
    bool nameless;           /* there is a column of cells that name no department */
    int width;               /* of the column of names */
    const char *row;         /* that is put together */
};

#define DONE "●"
#define REQUIRED "○"
#define OPEN "·"
#define NONCONFORM "✗"
#define UNPROVEN "◐"
#define CONFLICT "≠"

/* What the records of a clause come to in a department (NULL: those that name none); NULL: there are none. */
static const char *recorded_symbol(const struct rollup *row, const char *department)
{
    const char *symbol = NULL;
    for (size_t i = 0; row && i < row->cells_len; i++) {
        const struct cell *cell = &row->cells[i];
        if (department ? !cell->department || strcmp(cell->department, department) != 0 : cell->department != NULL) continue;
        if (cell->conflict) return CONFLICT;
        if (cell->worst <= GRADE_MINOR) symbol = NONCONFORM;
        else if (!symbol || strcmp(symbol, UNPROVEN) == 0) symbol = cell->covered ? DONE : UNPROVEN;
    }
    return symbol;
}

static const char *open_symbol(const struct matrix *m, enum required_what what, const char *name)
{
    bool required = m->plan && plan_requires(m->plan, what, name);
    return required ? REQUIRED : m->v->scope.audit && m->plan ? "" : OPEN;
}

/* Rows are put together first, so that none ends in blanks. */
static void add_cell(struct matrix *m, const char *s, int width)
{
    int pad = width - text_columns(s);
    const char *row = arena_printf(&m->c->arena, "%s%s%*s", m->row, s, pad > 1 ? pad : 1, "");
    m->row = row ? row : "";
}

static void end_row(struct matrix *m, const char *last)
{
    size_t len = strlen(m->row);
    while (!*last && len && m->row[len - 1] == ' ') len--;
    fprintf(m->c->out, "%.*s%s\n", (int)len, m->row, last);
    m->row = "  ";
}

static bool has_nameless_department(const struct coverage *v)
{
    for (size_t i = 0; i < v->cells_len; i++)
        if (!v->cells[i].department) return true;
    return false;
}

static int department_columns(const char *code)
{
    int n = (int)strlen(code) + 1; /* never too few: a character takes a byte a column at least */
    return n > CELL_COLUMNS ? n : CELL_COLUMNS;
}

/* Where the catalogue's departments are none of ours, a clause may be sampled at any. */
static bool belongs_here(const struct coverage_list *departments, const struct clause *clause, const char *code)
{
    bool anywhere = true;
    for (size_t d = 0; d < departments->len; d++) anywhere = anywhere && !clause_for_department(clause, departments->items[d].name);
    return anywhere || clause_for_department(clause, code);
}

static void print_row(struct matrix *m, const char *clause)
{
    const struct coverage_list *departments = &m->v->departments;
    const struct rollup *row = coverage_rollup(m->v, clause);
    const struct clause *known = catalogue_clause(m->v->scope.catalogue, clause);
    const char *open = row && row->covered ? "" : open_symbol(m, REQUIRED_CLAUSE, clause);
    add_cell(m, clause_name(m->c, m->v->scope.catalogue, clause), m->width);
    for (size_t d = 0; d < departments->len; d++) {
        const char *code = departments->items[d].name, *symbol = recorded_symbol(row, code);
        if (!symbol) symbol = known && belongs_here(departments, known, code) ? open : "";
        add_cell(m, symbol, department_columns(code));
    }
    const char *nowhere = recorded_symbol(row, NULL);
    if (m->nameless) add_cell(m, nowhere ? nowhere : departments->len ? "" : open, CELL_COLUMNS);
    end_row(m, row && row->worst < GRADE_UNSET ? scheme_label(m->v->scope.scheme, "results", grade_word(row->worst)) : "");
}

static void print_head(struct matrix *m)
{
    const struct coverage_list *departments = &m->v->departments;
    fprintf(m->c->out, "\n");
    add_cell(m, "", m->width);
    for (size_t d = 0; d < departments->len; d++)
        add_cell(m, shown(m->c, departments->items[d].name), department_columns(departments->items[d].name));
    if (m->nameless) add_cell(m, "—", CELL_COLUMNS);
    end_row(m, T("worst result"));
}

/* Departments that have been visited, below their columns. */
static void print_foot(struct matrix *m)
{
    const struct coverage_list *departments = &m->v->departments;
    if (!departments->len) return;
    add_cell(m, T("department"), m->width);
    for (size_t d = 0; d < departments->len; d++) {
        const struct coverage_item *item = &departments->items[d];
        add_cell(m, item->covered ? DONE : open_symbol(m, REQUIRED_DEPARTMENT, item->name), department_columns(item->name));
    }
    end_row(m, "");
}

/* They belong to no department: each with its mark before it. */
static void print_directions(struct matrix *m)
{
    const struct coverage_list *directions = &m->v->directions;
    for (size_t i = 0; i < directions->len; i++) {
        const struct coverage_item *item = &directions->items[i];
        const char *symbol = item->covered ? DONE : open_symbol(m, REQUIRED_DIRECTION, item->name);
        add_cell(m, i ? "" : T("service direction"), m->width);
        add_cell(m, *symbol ? symbol : " ", 2);
        end_row(m, direction_name(m->c, m->v->scope.scheme, item->name));
    }
}

static bool applies(const struct coverage *v, const char *clause)
{
    for (size_t i = 0; i < v->clauses.len; i++)
        if (strcmp(v->clauses.items[i].name, clause) == 0) return true;
    return false;
}

static void print_rows(struct matrix *m)
{
    for (size_t i = 0; i < m->v->clauses.len; i++) print_row(m, m->v->clauses.items[i].name);
    for (size_t i = 0; i < m->v->rollups_len; i++) /* what does not apply, and has records all the same */
        if (!applies(m->v, m->v->rollups[i].clause)) print_row(m, m->v->rollups[i].clause);
}

static int width_of_names(struct cli *c, const struct coverage *v)
{
    int width = NAME_COLUMNS;
    for (size_t i = 0; i < v->clauses.len; i++) width = wider(width, clause_name(c, v->scope.catalogue, v->clauses.items[i].name));
    return width;
}

static void print_legend(struct cli *c)
{
    const char *s = arena_printf(&c->arena,
        DONE " %s  " NONCONFORM " %s  " UNPROVEN " %s  " CONFLICT " %s  " REQUIRED " %s  " OPEN " %s", T("done"), T("nonconformity"),
        T("no result or evidence that counts"), T("conflict"), T("required, not done"), T("not covered"));
    fprintf(c->out, "\n  ");
    print_wrapped(c->out, s ? s : "", 2);
}

static void print_count(struct cli *c, const char *format, const struct coverage_list *l)
{
    if (!l->len) return;
    fprintf(c->out, T(format), l->covered, l->len, (long long)coverage_percent(l));
    fprintf(c->out, "\n");
}

static void print_coverage(struct cli *c, const struct coverage *v, const struct plan *p)
{
    struct matrix m = {c, v, p, !v->departments.len || has_nameless_department(v), width_of_names(c, v), "  "};
    print_sample(c, v->scope.catalogue);
    if (v->scope.cycle) print_cycle(c, v->scope.cycle);
    if (p && p->cycle && !v->scope.audit) print_next(c, p);
    print_count(c, N_("covered %zu of %zu clauses (%lld%%)"), &v->clauses);
    print_count(c, N_("covered %zu of %zu departments (%lld%%)"), &v->departments);
    print_count(c, N_("covered %zu of %zu service directions (%lld%%)"), &v->directions);
    print_head(&m);
    print_rows(&m);
    print_foot(&m);
    print_directions(&m);
    print_legend(c);
}

/* Before any certificate the on-site audit tells what is required. */
static const struct audit *audit_to_plan(const struct asked *q, const struct coverage *v)
{
    if (q->audit || v->scope.cycle) return q->audit;
    for (size_t i = 0; i < v->scope.audits_len; i++)
        if (v->scope.audits[i]->kind == AUDIT_ONSITE) return v->scope.audits[i];
    return NULL;
}

/* The plan that tells what is required: an audit's, or that of the next surveillance where there is one to come. */
static int find_plan(struct plan *p, const struct asked *q, const struct coverage *v, bool *found)
{
    const struct audit *a = audit_to_plan(q, v);
    int r = a ? plan_for_audit(p, &q->casefile, a, q->on) : plan_next(p, &q->casefile, q->on);
    *found = r == 0;
    if (r != ERR_MISSING) return r;
    err_clear();
    return 0;
}

int cmd_coverage(struct cli *c)
{
    struct asked q;
    struct coverage v;
    struct plan p;
    bool planned = false;
    int r = read_asked(c, &q);
    if (!r) r = q.audit ? coverage_of_audit(&v, &q.casefile, q.audit, q.on) : coverage_of_case(&v, &q.casefile, q.on);
    if (!r) r = find_plan(&p, &q, &v, &planned);
    if (r) return r;
    if (!c->json) {
        print_coverage(c, &v, planned ? &p : NULL);
        return 0;
    }
    c->result = coverage_json(&c->arena, &v, planned ? &p : NULL);
    return c->result ? 0 : ERR_ROAD;
}

/* ---- plan ---- */

static void print_required(struct cli *c, const struct casefile *f, const struct plan *p, enum required_what what, const char *title)
{
    size_t len;
    const struct required *list = plan_required(p, what, &len);
    int width = NAME_COLUMNS;
    if (!len) return;
    fprintf(c->out, "\n%s (%zu)\n", title, len);
    for (size_t i = 0; i < len; i++) width = wider(width, name_of(c, f, p, what, list[i].name));
    for (size_t i = 0; i < len; i++) {
        const char *why = required_text(&c->arena, p, &list[i], what);
        fprintf(c->out, "  ");
        print_padded(c->out, name_of(c, f, p, what, list[i].name), width);
        print_wrapped(c->out, why ? why : "", width + 2);
    }
}

static void print_proposal(struct cli *c, const struct casefile *f, const struct plan *p)
{
    int width = NAME_COLUMNS;
    if (!p->visits_len) return;
    fprintf(c->out, "\n");
    print_wrapped(c->out, T("Proposal: where to sample what (○ required, · shares the rest among the surveillances left)"), 0);
    for (size_t i = 0; i < p->visits_len; i++) width = wider(width, clause_name(c, p->catalogue, p->visits[i].clause));
    for (size_t i = 0; i < p->visits_len; i++) {
        const struct visit *v = &p->visits[i];
        fprintf(c->out, "  %s ", v->required ? REQUIRED : OPEN);
        print_padded(c->out, clause_name(c, p->catalogue, v->clause), width);
        const char *department = v->department ? department_name(c, f, v->department) : "";
        if (v->direction) print_padded(c->out, department, NAME_COLUMNS);
        fprintf(c->out, "%s\n", v->direction ? direction_name(c, p->scheme, v->direction) : department);
    }
}

static void print_followups(struct cli *c, const struct plan *p)
{
    if (!p->previous_len) return;
    fprintf(c->out, "\n");
    fprintf(c->out, T("Findings of the previous audit to follow up (6.3.4): %zu"), p->followups_len);
    fprintf(c->out, "\n");
    for (size_t i = 0; i < p->followups_len; i++) {
        const struct finding *f = p->followups[i];
        const char *s = arena_printf(&c->arena, "%s%s", shown_link(c, f->id), f->closed != DAY_NONE ? T("  closed") : "");
        fprintf(c->out, "  ");
        print_wrapped(c->out, s ? s : "", 4);
    }
}

static int print_sites(struct cli *c, const struct casefile *f, const struct plan *p)
{
    struct site_group *groups;
    size_t len;
    int r = site_groups(&groups, &len, f, &p->scheme->rules, p->kind);
    size_t central = 0;
    for (size_t i = 0; i < f->sites_len; i++) central += f->sites[i].central;
    if (r || !(len + central)) return r;
    fprintf(c->out, "\n%s\n", T("Service sites (similar ones may be sampled, clauses never)"));
    for (size_t i = 0; i < len; i++) {
        const struct site_group *g = &groups[i];
        fprintf(c->out, "  ");
        if (!g->similar) fprintf(c->out, "%s\n", shown_link(c, g->sites[0]->id));
        else fprintf(c->out, T("%lld of %zu similar sites '%s'"), (long long)g->visit, g->sites_len, shown(c, g->similar));
        if (g->similar) fprintf(c->out, "\n");
    }
    for (size_t i = 0; i < f->sites_len; i++)
        if (f->sites[i].central) fprintf(c->out, "  %s  %s\n", shown_link(c, f->sites[i].id), T("central function: always"));
    return 0;
}

/* ---- man-days ---- */

#define REGISTER_LINK REGISTER_CASE ":"

/* Experts who are no auditors besides: their time does not count. */
static bool is_expert(void *fold, const char *person)
{
    size_t prefix = strlen(REGISTER_LINK);
    const char *id = strncmp(person, REGISTER_LINK, prefix) == 0 ? person + prefix : person;
    const struct fold_record *r = fold_record(fold, REGISTER_CASE, id);
    return r && record_has_member(r, "roles", "expert") && !record_has_member(r, "roles", "auditor") &&
           !record_has_member(r, "roles", "leader");
}

/* "6.0"; of the audit that is planned. NULL: memory. */
static const char *man_days_text(struct cli *c, const struct asked *q, const struct plan *p)
{
    const struct rules *rules = &p->scheme->rules;
    int64_t steps = man_days(p->audit, rules, is_expert, q->casefile.fold);
    int64_t hundredths = rules->man_day_steps > 0 ? steps * 100 / rules->man_day_steps : 0;
    bool tenths = hundredths % 10 == 0;
    return arena_printf(&c->arena, tenths ? "%lld.%lld" : "%lld.%02lld", (long long)(hundredths / 100),
        (long long)(tenths ? hundredths % 100 / 10 : hundredths % 100));
}

static int print_man_days(struct cli *c, const struct asked *q, const struct plan *p)
{
    const char *text = p->audit ? man_days_text(c, q, p) : "";
    if (!text) return ERR_ROAD;
    if (!*text) return 0;
    fprintf(c->out, "\n");
    fprintf(c->out, T("Man-days: %s (experts, observers and trainees do not count)"), text);
    fprintf(c->out, "\n");
    return 0;
}

static int print_plan(struct cli *c, const struct asked *q, const struct plan *p)
{
    const struct casefile *f = &q->casefile;
    print_sample(c, p->catalogue);
    if (p->cycle) print_cycle(c, p->cycle);
    if (p->cycle && p->kind == AUDIT_SURVEILLANCE) print_next(c, p);
    if (p->audit) fprintf(c->out, "%s\n", shown_link(c, p->audit->id));
    print_required(c, f, p, REQUIRED_CLAUSE, T("Required clauses"));
    print_required(c, f, p, REQUIRED_DEPARTMENT, T("Required departments"));
    print_required(c, f, p, REQUIRED_DIRECTION, T("Required service directions"));
    print_proposal(c, f, p);
    print_followups(c, p);
    int r = print_sites(c, f, p);
    return r ? r : print_man_days(c, q, p);
}

static int plan_result(struct cli *c, const struct asked *q, const struct plan *p)
{
    struct jv *v = plan_json(&c->arena, &q->casefile, p);
    const char *days = p->audit ? man_days_text(c, q, p) : NULL;
    int r = v ? jv_put_str(&c->arena, v, "man_days", days) : ERR_ROAD;
    c->result = v;
    return r;
}

int cmd_plan(struct cli *c)
{
    struct asked q;
    struct plan p;
    int r = read_asked(c, &q);
    if (!r) r = q.audit ? plan_for_audit(&p, &q.casefile, q.audit, q.on) : plan_next(&p, &q.casefile, q.on);
    if (r) return r;
    return c->json ? plan_result(c, &q, &p) : print_plan(c, &q, &p);
}
