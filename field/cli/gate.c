/* What this kit writes must not break a gate of the process that was kept (domain.md §1): the gates are worked out before
 * and after, and what is new is refused. What others have written stays as it is: it is told, and blocks later steps. */
#include "cli.h"

#include <string.h>

#include "satchel/scheme/check.h"

struct gate {
    struct cli *c;
    struct arena arenas[2]; /* of `before`, and of the gaps that will take its place */
    int at;                 /* which of them `before` lives in */
    struct gaps before;
    char case_name[CASE_NAME_MAX + 1]; /* that `before` is about; "" none */
    uint64_t version;                  /* of that case then */
    int32_t on;
};

int gate_new(struct gate **out, struct cli *c)
{
    struct gate *g = arena_alloc(&c->arena, sizeof *g);
    if (!g) return ERR_ROAD;
    g->c = c;
    arena_init(&g->arenas[0]);
    arena_init(&g->arenas[1]);
    *out = g;
    return 0;
}

void gate_free(struct gate *g)
{
    if (!g) return;
    arena_release(&g->arenas[0]);
    arena_release(&g->arenas[1]);
}

/* Type and case of a change; false: no gate holds for it. */
static bool is_gated(const struct gate *g, const struct change *change, const char **case_name)
{
    struct fold *fold = store_fold(g->c->session->store);
    const struct fold_record *r = change->record ? fold_record(fold, change->case_name, change->record) : NULL;
    const char *type = r ? r->type : change->type, *name = r ? r->case_name : change->case_name;
    if (!type || !gates_hold_for(type)) return false;
    *case_name = name ? fold_case_named(fold, name) : NULL;
    return *case_name != NULL;
}

static int work_out(struct gate *g, const char *case_name, struct arena *a, struct gaps *out)
{
    const struct outside outside = {cli_person_of, NULL, g->c};
    struct casefile file;
    struct session *s = g->c->session;
    gaps_init(out, a);
    int r = casefile_read(&file, a, store_fold(s->store), case_name, s->schemes);
    if (!r) r = cli_on(g->c, case_name, &g->on);
    return r ? r : gates_case(out, &file, g->on, &outside);
}

static struct arena *other_arena(struct gate *g)
{
    struct arena *a = &g->arenas[!g->at];
    arena_release(a);
    arena_init(a);
    return a;
}

static void keep(struct gate *g, const char *case_name, const struct gaps *gaps)
{
    g->at = !g->at;
    g->before = *gaps;
    g->version = fold_case_version(store_fold(g->c->session->store), case_name);
    snprintf(g->case_name, sizeof g->case_name, "%s", case_name);
}

int gate_before(struct gate *g, const struct change *change)
{
    const char *case_name;
    struct gaps gaps;
    if (!is_gated(g, change, &case_name)) return 0;
    bool known = strcmp(g->case_name, case_name) == 0 &&
                 g->version == fold_case_version(store_fold(g->c->session->store), case_name);
    if (known) return 0;
    int r = work_out(g, case_name, other_arena(g), &gaps);
    if (!r) keep(g, case_name, &gaps);
    return r;
}

/* `submit` alone says that an audit is submitted. */
static int refuse_submitted(const struct change *change)
{
    const struct jv *submitted = jv_get(change->set, "submitted"), *heads = jv_get(change->set, "submitted_heads");
    if (!submitted && !heads) return 0;
    return err_set(ERR_INPUT, "an audit is submitted with 'satchel submit --audit A', not by a field");
}

int gate_after(struct gate *g, const struct change *change, const char *record)
{
    const char *case_name;
    struct gaps gaps;
    struct change made = *change;
    made.record = record;
    if (!is_gated(g, &made, &case_name)) return 0;
    int r = strncmp(record, "audit/", 6) == 0 ? refuse_submitted(change) : 0;
    if (!r) r = work_out(g, case_name, other_arena(g), &gaps);
    const struct fold_record *now = r ? NULL : fold_record(store_fold(g->c->session->store), case_name, record);
    const struct gap *broken = r ? NULL : gaps_broken(&g->before, &gaps, now && decision_stops(now) ? record : NULL);
    if (broken && strcmp(broken->record, record) == 0)
        return err_set(ERR_INPUT, "%s [%s]", shown_names(g->c, broken->text), broken->rule);
    if (broken)
        return err_set(ERR_INPUT, "%s: %s [%s]", broken->record, shown_names(g->c, broken->text), broken->rule);
    if (!r) keep(g, case_name, &gaps);
    return r;
}
