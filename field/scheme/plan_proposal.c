/* A proposal of cells to visit: every required clause at a department it belongs to, and so much of what the cycle has not
 * covered yet that the surveillances left share it evenly. What is chosen first serves departments and directions that are
 * required, then those that are open, then those that this proposal has not been to. The same facts give the same proposal. */
#include "plan_parts.h"

#include <stdlib.h>
#include <string.h>

enum { NEVER_AGAIN = 0, NOT_YET = 1, OPEN = 2, REQUIRED = 4 }; /* how much a visit to a department or direction is worth */

struct proposal {
    struct planning *p;
    struct visit *visits;
    size_t len;
    bool *belongs; /* clauses × departments: does it belong there? Where the catalogue knows none of ours, it does everywhere */
};

static int worth(const struct goal *g)
{
    if (g->visits) return NEVER_AGAIN;
    return g->why ? REQUIRED : g->done ? NOT_YET : OPEN;
}

static bool is_open(const struct goal *g)
{
    return !g->why && !g->done;
}

/* An even part of what is open, for this surveillance. */
static size_t share(const struct goals *g, int left)
{
    size_t open = 0, n = left > 0 ? (size_t)left : 1;
    for (size_t i = 0; i < g->len; i++) open += is_open(&g->items[i]);
    return (open + n - 1) / n;
}

static bool *belongings(struct proposal *o, size_t clause)
{
    return &o->belongs[clause * o->p->departments.len];
}

static int find_belongings(struct proposal *o)
{
    const struct goals *clauses = &o->p->clauses, *departments = &o->p->departments;
    o->belongs = arena_alloc(o->p->c->arena, clauses->len * departments->len + 1);
    if (!o->belongs) return ERR_ROAD;
    for (size_t i = 0; i < clauses->len; i++) {
        const struct clause *clause = clauses->items[i].clause;
        bool *row = belongings(o, i), any = false;
        for (size_t d = 0; d < departments->len; d++) {
            row[d] = clause && clause_for_department(clause, departments->items[d].name);
            any = any || row[d];
        }
        for (size_t d = 0; d < departments->len && !any; d++) row[d] = true;
    }
    return 0;
}

/* ---- choosing ---- */

static bool is_better(const struct goal *x, const struct goal *than)
{
    if (!than || worth(x) != worth(than)) return !than || worth(x) > worth(than);
    return x->visits < than->visits;
}

static struct goal *best_department(struct proposal *o, size_t clause)
{
    struct goal *best = NULL;
    const bool *belongs = belongings(o, clause);
    for (size_t d = 0; d < o->p->departments.len; d++) {
        struct goal *g = &o->p->departments.items[d];
        if (belongs[d] && is_better(g, best)) best = g;
    }
    return best;
}

/* Of those that the clause is for; a clause for all of them names none by itself. */
static struct goal *best_direction(struct proposal *o, size_t clause)
{
    struct goal *best = NULL;
    const struct clause *c = o->p->clauses.items[clause].clause;
    if (!c || !c->directions) return NULL;
    for (size_t r = 0; r < o->p->directions.len; r++) {
        struct goal *g = &o->p->directions.items[r];
        if (clause_for_direction(c, g->name) && is_better(g, best)) best = g;
    }
    return best;
}

static void visit(struct proposal *o, size_t clause, struct goal *department, struct goal *direction, bool required)
{
    struct goal *g = &o->p->clauses.items[clause];
    o->visits[o->len++] =
        (struct visit){g->name, department ? department->name : NULL, direction ? direction->name : NULL, required};
    g->visits++;
    if (department) department->visits++;
    if (direction) direction->visits++;
}

static void visit_clause(struct proposal *o, size_t clause)
{
    visit(o, clause, best_department(o, clause), best_direction(o, clause), o->p->clauses.items[clause].why != 0);
}

static int worth_of_clause(struct proposal *o, size_t clause)
{
    const struct goal *department = best_department(o, clause), *direction = best_direction(o, clause);
    return (department ? worth(department) : 0) + (direction ? worth(direction) : 0);
}

static bool visit_best_open_clause(struct proposal *o)
{
    size_t best = o->p->clauses.len;
    int most = -1;
    for (size_t i = 0; i < o->p->clauses.len; i++) {
        const struct goal *g = &o->p->clauses.items[i];
        if (!is_open(g) || g->visits) continue;
        int n = worth_of_clause(o, i);
        if (n > most) {
            most = n;
            best = i;
        }
    }
    if (best == o->p->clauses.len) return false;
    visit_clause(o, best);
    return true;
}

/* ---- departments and directions that no clause has led to ---- */

/* How well a clause does where a place is missing: one that is open best, then one that is required, then any. */
static int rank(const struct goal *g)
{
    return is_open(g) && !g->visits ? 3 : g->why ? 2 : 1;
}

static size_t best_clause(struct proposal *o, bool (*fits)(struct proposal *o, size_t clause, size_t place), size_t place)
{
    size_t best = o->p->clauses.len;
    for (int pass = 0; pass < 2 && best == o->p->clauses.len; pass++) /* where none fits, any one will do */
        for (size_t i = 0; i < o->p->clauses.len; i++) {
            if (pass == 0 && !fits(o, i, place)) continue;
            if (best == o->p->clauses.len || rank(&o->p->clauses.items[i]) > rank(&o->p->clauses.items[best])) best = i;
        }
    return best;
}

static bool fits_department(struct proposal *o, size_t clause, size_t department)
{
    return belongings(o, clause)[department];
}

static bool fits_direction(struct proposal *o, size_t clause, size_t direction)
{
    const struct clause *c = o->p->clauses.items[clause].clause;
    return c && c->directions && clause_for_direction(c, o->p->directions.items[direction].name);
}

static bool fits_all_directions(struct proposal *o, size_t clause, size_t direction)
{
    const struct clause *c = o->p->clauses.items[clause].clause;
    (void)direction;
    return c && !c->directions;
}

static void visit_department(struct proposal *o, size_t department)
{
    struct goal *g = &o->p->departments.items[department];
    size_t clause = best_clause(o, fits_department, department);
    if (clause < o->p->clauses.len) visit(o, clause, g, best_direction(o, clause), g->why != 0);
}

static void visit_direction(struct proposal *o, size_t direction)
{
    struct goal *g = &o->p->directions.items[direction];
    size_t clause = best_clause(o, fits_direction, direction);
    if (clause < o->p->clauses.len && !fits_direction(o, clause, direction)) clause = best_clause(o, fits_all_directions, direction);
    if (clause < o->p->clauses.len) visit(o, clause, best_department(o, clause), g, g->why != 0);
}

/* Those that are required, and so many of the open ones that this surveillance has its share. */
static void visit_places(struct proposal *o, struct goals *places, size_t quota, void (*visit_place)(struct proposal *o, size_t place))
{
    for (size_t i = 0; i < places->len; i++)
        if (places->items[i].why && !places->items[i].visits) visit_place(o, i);
    for (size_t i = 0; i < places->len; i++)
        if (is_open(&places->items[i]) && places->items[i].visits && quota) quota--;
    for (size_t i = 0; i < places->len && quota; i++) {
        if (!is_open(&places->items[i]) || places->items[i].visits) continue;
        visit_place(o, i);
        quota--;
    }
}

static int compare_visits(const void *a, const void *b)
{
    const struct visit *x = a, *y = b;
    if (x->required != y->required) return x->required ? -1 : 1;
    int order = strcmp(x->clause, y->clause);
    if (order == 0) order = strcmp(x->department ? x->department : "", y->department ? y->department : "");
    return order ? order : strcmp(x->direction ? x->direction : "", y->direction ? y->direction : "");
}

int propose(struct planning *p)
{
    struct proposal o = {.p = p};
    int left = p->plan.left;
    size_t clauses = share(&p->clauses, left), departments = share(&p->departments, left), directions = share(&p->directions, left);
    bool nothing = p->plan.kind != AUDIT_SURVEILLANCE && !p->plan.clauses_len;
    if (nothing) return 0;
    o.visits = arena_alloc(p->c->arena, (p->clauses.len + p->departments.len + p->directions.len + 1) * sizeof *o.visits);
    if (!o.visits || find_belongings(&o)) return ERR_ROAD;
    for (size_t i = 0; i < p->clauses.len; i++)
        if (p->clauses.items[i].why) visit_clause(&o, i);
    if (p->plan.kind != AUDIT_SURVEILLANCE) clauses = departments = directions = 0;
    while (clauses > 0 && visit_best_open_clause(&o)) clauses--;
    visit_places(&o, &p->departments, departments, visit_department);
    visit_places(&o, &p->directions, directions, visit_direction);
    if (o.len) qsort(o.visits, o.len, sizeof *o.visits, compare_visits);
    p->plan.visits = o.visits;
    p->plan.visits_len = o.len;
    return 0;
}
