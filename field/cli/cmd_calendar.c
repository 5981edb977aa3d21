/* calendar, hub calendar: what is due, overdue or proposed on a day, of the cases in a kit's store or in a hub's index. */
#include "cli.h"

#include <stdlib.h>
#include <string.h>

#include "hub_hooks.h"
#include "satchel/base/os.h"
#include "satchel/base/time.h"
#include "satchel/scheme/calendar.h"

#define DUE_COLUMNS 12
#define SUBJECT_COLUMNS 40

struct line {
    struct index_span item;
    int32_t on; /* the day it is asked for: today is another one where a scheme's calendar is */
};

struct agenda {
    struct line *lines;
    size_t len, cap;
};

/* *on: DAY_NONE where it is not given. */
static int read_on(struct cli *c, int32_t *on)
{
    const char *text = cli_option(c, "on");
    *on = day_read(text);
    if (!text || *on != DAY_NONE) return 0;
    return err_set(ERR_USAGE, "'--on' takes a day that exists, YYYY-MM-DD, not '%s'", text);
}

/* *until: DAY_NONE where it is not given. */
static int read_until(struct cli *c, int32_t *until)
{
    const char *text = cli_option(c, "until");
    *until = day_read(text);
    if (!text || *until != DAY_NONE) return 0;
    return err_set(ERR_USAGE, "'--until' takes a day that exists, YYYY-MM-DD, not '%s'", text);
}

static int32_t day_today(const struct scheme *s)
{
    return day_at(time_now(), s->rules.utc_offset_minutes);
}

static int add_line(struct cli *c, struct agenda *g, const struct index_span *item, int32_t on)
{
    if (g->len == g->cap) {
        size_t cap = g->cap ? 2 * g->cap : 64;
        struct line *grown = arena_alloc(&c->arena, cap * sizeof *grown);
        if (!grown) return ERR_ROAD;
        if (g->len) memcpy(grown, g->lines, g->len * sizeof *grown);
        g->lines = grown;
        g->cap = cap;
    }
    g->lines[g->len++] = (struct line){*item, on};
    return 0;
}

static enum due_state line_state(const struct line *l)
{
    const struct due d = {.what = (enum due_what)l->item.what, .due = (int32_t)l->item.due, .remind_days = l->item.remind_days};
    return due_state(&d, l->on);
}

static int compare_ids(const char *a, const char *b)
{
    return strcmp(a ? a : "", b ? b : "");
}

static int compare_lines(const void *a, const void *b)
{
    const struct index_span *x = &((const struct line *)a)->item, *y = &((const struct line *)b)->item;
    int order = (x->due > y->due) - (x->due < y->due);
    if (!order) order = strcmp(x->case_name, y->case_name);
    if (!order) order = (x->what > y->what) - (x->what < y->what);
    if (!order) order = compare_ids(x->certificate, y->certificate);
    return order ? order : compare_ids(x->record, y->record);
}

/* ---- what programs read ---- */

static int line_json(struct cli *c, const struct line *l, struct jv *list)
{
    char due[DAY_TEXT];
    struct arena *a = &c->arena;
    struct jv *o = jv_object(a);
    day_write(due, (int32_t)l->item.due);
    int r = jv_put_str(a, o, "what", due_word((enum due_what)l->item.what));
    if (!r) r = jv_put_str(a, o, "case", l->item.case_name);
    if (!r) r = jv_put_str(a, o, "certificate", l->item.certificate);
    if (!r) r = jv_put_str(a, o, "number", l->item.number);
    if (!r) r = jv_put_str(a, o, "record", l->item.record);
    if (!r) r = jv_put_str(a, o, "due", due);
    if (!r) r = jv_put_str(a, o, "state", due_state_word(line_state(l)));
    if (!r) r = jv_put_str(a, o, "rule", l->item.rule);
    return r ? r : jv_push(a, list, o);
}

static int lines_json(struct cli *c, const struct agenda *g, struct jv **list)
{
    int r = 0;
    *list = jv_array(&c->arena);
    for (size_t i = 0; i < g->len && !r; i++) r = line_json(c, &g->lines[i], *list);
    return r;
}

/* How many there are in each state, whether they are among the dates or not. */
static int counts_json(struct cli *c, const struct agenda *g, struct jv **out)
{
    static const enum due_state states[] = {STATE_PROPOSED, STATE_OVERDUE, STATE_DUE, STATE_UPCOMING};
    int64_t counts[sizeof states / sizeof *states] = {0};
    int r = 0;
    *out = jv_object(&c->arena);
    for (size_t i = 0; i < g->len; i++) counts[line_state(&g->lines[i])]++;
    for (size_t i = 0; i < sizeof states / sizeof *states && !r; i++)
        r = jv_put_int(&c->arena, *out, due_state_word(states[i]), counts[states[i]]);
    return r;
}

/* ---- what people read ---- */

static const char *what_text(enum due_what what)
{
    switch (what) {
    case DUE_SURVEILLANCE: return T("surveillance");
    case DUE_SURVEILLANCE_INFO: return T("information before surveillance");
    case DUE_RENEWAL_APPLICATION: return T("renewal application");
    case DUE_RECERTIFICATION: return T("recertification and reissue");
    case DUE_VALID_TO: return T("end of validity");
    case DUE_SUSPENSION_END: return T("planned end of suspension");
    case DUE_SUSPENSION_MAX: return T("suspension at the longest");
    case DUE_FINDING: return T("nonconformity to be closed");
    case DUE_INTERVAL_WARNING: return T("interval of surveillance (warning)");
    case DUE_SUSPEND: return T("suspend the certificate");
    case DUE_WITHDRAWAL: return T("withdraw the certificate");
    case DUE_LAPSE: return T("certificate has lapsed");
    }
    return "";
}

static const char *state_text(struct cli *c, const struct line *l)
{
    long long left = (long long)l->item.due - l->on;
    const char *s = "";
    switch (line_state(l)) {
    case STATE_PROPOSED:
        s = left ? arena_printf(&c->arena, T("proposed for %lld days"), -left) : T("proposed from today on");
        break;
    case STATE_OVERDUE: s = arena_printf(&c->arena, T("overdue, %lld days late"), -left); break;
    case STATE_DUE: s = left ? arena_printf(&c->arena, T("due, %lld days left"), left) : T("due, today is the last day"); break;
    case STATE_UPCOMING: s = arena_printf(&c->arena, T("%lld days left"), left); break;
    }
    return s ? s : "";
}

/* A case with its organisation, the certificate by its number, the record it comes from, the rule. */
static const char *subject_text(struct cli *c, const struct index_span *item)
{
    const char *certificate = item->number ? shown(c, item->number) : item->certificate ? item->certificate : "";
    const char *record = item->record ? shown_link(c, item->record) : "";
    const char *s = arena_printf(&c->arena, "%s%s%s%s%s  [%s]", case_title(c, item->case_name), *certificate ? "  " : "",
        certificate, *record ? "  " : "", record, item->rule);
    return s ? s : "";
}

/* Where little room is left, the subject goes on a line of its own. */
static void print_line(struct cli *c, const struct line *l, int state_columns, int what_columns)
{
    char due[DAY_TEXT];
    int before = DUE_COLUMNS + state_columns + what_columns;
    bool below = os_is_terminal(1) && os_terminal_width() - before < SUBJECT_COLUMNS;
    day_write(due, (int32_t)l->item.due);
    print_padded(c->out, due, DUE_COLUMNS);
    print_padded(c->out, state_text(c, l), state_columns);
    if (below) fprintf(c->out, "%s\n%*s", what_text((enum due_what)l->item.what), DUE_COLUMNS, "");
    else print_padded(c->out, what_text((enum due_what)l->item.what), what_columns);
    print_wrapped(c->out, subject_text(c, &l->item), below ? DUE_COLUMNS : before);
}

static int wider(int width, const char *words)
{
    int n = text_columns(words) + 2;
    return n > width ? n : width;
}

/* What needs acting on comes first. */
static void print_lines(struct cli *c, const struct agenda *g)
{
    int states = 0, whats = 0;
    for (size_t i = 0; i < g->len; i++) {
        states = wider(states, state_text(c, &g->lines[i]));
        whats = wider(whats, what_text((enum due_what)g->lines[i].item.what));
    }
    for (int pressing = 1; pressing >= 0; pressing--) {
        for (size_t i = 0; i < g->len; i++) {
            enum due_state s = line_state(&g->lines[i]);
            if ((s == STATE_OVERDUE || s == STATE_PROPOSED) == (pressing == 1)) print_line(c, &g->lines[i], states, whats);
        }
    }
}

/* What is due by then, with all that is overdue or proposed. */
static void keep_until(struct agenda *g, int32_t until)
{
    size_t kept = 0;
    for (size_t i = 0; i < g->len; i++)
        if (until == DAY_NONE || g->lines[i].item.due <= until) g->lines[kept++] = g->lines[i];
    g->len = kept;
}

static int report_json(struct cli *c, const struct agenda *g, struct jv *counts)
{
    struct jv *list, *limited = jv_object(&c->arena);
    int r = lines_json(c, g, &list);
    c->result = counts ? limited : list;
    if (!r && counts) r = jv_put(&c->arena, limited, "dates", list);
    return r || !counts ? r : jv_put(&c->arena, limited, "of", counts);
}

static int report(struct cli *c, struct agenda *g)
{
    struct jv *counts = NULL;
    int32_t until;
    int64_t limit = -1;
    int r = read_until(c, &until);
    if (!r) r = cli_option_int(c, "limit", &limit);
    if (r) return r;
    keep_until(g, until);
    size_t all = g->len;
    if (g->len) qsort(g->lines, g->len, sizeof *g->lines, compare_lines);
    if (limit >= 0) r = counts_json(c, g, &counts);
    if (limit >= 0 && (size_t)limit < all) g->len = (size_t)limit;
    if (r || c->json) return r ? r : report_json(c, g, counts);
    if (!all) fprintf(c->out, "%s\n", T("nothing is due, overdue or proposed"));
    print_lines(c, g);
    if (g->len < all) {
        fprintf(c->out, T("%zu more dates"), all - g->len);
        fprintf(c->out, "\n");
    }
    return 0;
}

/* ---- a hub's index ---- */

/* What those may see who ask. */
static int report_index(struct cli *c, struct agenda *g, struct index *x, int32_t on)
{
    struct index_span *items = NULL;
    size_t len = 0;
    const struct lent *lent = c->session->lent;
    if (on == DAY_NONE) on = day_today(schemes_get(c->session->schemes, NULL));
    int r = index_calendar(x, on, cli_option(c, "case"), &c->arena, &items, &len);
    for (size_t i = 0; i < len && !r; i++)
        if (!lent || lent->sees(lent->ctx, items[i].case_name)) r = add_line(c, g, &items[i], on);
    return r ? r : report(c, g);
}

/* ---- a kit's store, or one case of a hub ---- */

static int add_case(struct cli *c, struct agenda *g, const char *case_name, int32_t on)
{
    struct casefile file;
    struct due *dues;
    size_t len;
    const struct catalogue *catalogue;
    int r = session_casefile(c, case_name, &file);
    if (r) return r;
    if (on == DAY_NONE) on = day_today(casefile_scheme(&file, &catalogue));
    r = calendar(&dues, &len, &file, on);
    for (size_t i = 0; i < len && !r; i++) {
        const struct due_span span = {dues[i], on, on};
        const struct index_span item = index_span_of(case_name, &span);
        r = add_line(c, g, &item, on);
    }
    return r;
}

int cmd_calendar(struct cli *c)
{
    struct agenda g = {0};
    int32_t on;
    size_t len;
    const char *case_name = cli_option(c, "case"), *known = NULL;
    int r = read_on(c, &on);
    if (!r) r = session_read(c->session);
    if (r) return r;
    if (!case_name && c->session->lent && c->session->lent->index) return report_index(c, &g, c->session->lent->index, on);
    if (case_name && (r = session_case(c->session, case_name, &known))) return r;
    const char *const *cases = fold_cases(session_fold(c->session), &len);
    for (size_t i = 0; i < len && !r; i++) {
        bool asked = known ? strcmp(cases[i], known) == 0 : strcmp(cases[i], REGISTER_CASE) != 0;
        if (asked) r = add_case(c, &g, cases[i], on);
    }
    return r ? r : report(c, &g);
}

int cmd_hub_calendar(struct cli *c)
{
    struct hub_desk d;
    struct agenda g = {0};
    int32_t on;
    int r = read_on(c, &on);
    if (!r) r = session_forms(c->session);
    if (!r) r = hub_desk_open(&d, c->args[0], c->session->forms, c->session->schemes);
    if (r) return r;
    r = hub_desk_index(&d);
    if (!r) r = report_index(c, &g, d.index, on);
    hub_desk_close(&d);
    return r;
}
