/* show, list, find, history, conflicts: what is asked of the view. */
#include "cli.h"

#include <string.h>

#include "satchel/base/os.h"
#include "satchel/replica/state.h"
#include "satchel/scheme/check.h"
#include "satchel/scheme/status.h"

/* ---- states: worked out of the case, which is read once for all of its records ---- */

struct states {
    struct cli *c;
    struct casefile file;
    const char *case_name; /* that `file` is of; NULL: none yet */
    int32_t on;
};

static int read_case(struct states *s, const char *case_name)
{
    struct cli *c = s->c;
    if (s->case_name && strcmp(s->case_name, case_name) == 0) return 0;
    int r = session_casefile(c, case_name, &s->file);
    if (!r) r = cli_on(c, case_name, &s->on);
    if (!r) s->case_name = case_name;
    return r;
}

/* .code NULL: there is none for this type. */
static int state_of(struct states *s, const struct fold_record *record, struct status *out)
{
    *out = (struct status){NULL, NULL, NULL};
    if (!type_has_status(record->type)) return 0;
    int r = read_case(s, record->case_name);
    return r ? r : record_status(out, &s->file, record, s->on);
}

/* The gates that this record breaks or has not passed yet. */
static int gaps_of(struct states *s, const struct fold_record *record, struct gaps *out)
{
    const struct outside outside = {cli_person_of, NULL, s->c};
    struct gaps all;
    gaps_init(out, &s->c->arena);
    gaps_init(&all, &s->c->arena);
    if (!gates_hold_for(record->type)) return 0;
    int r = read_case(s, record->case_name);
    if (!r) r = gates_case(&all, &s->file, s->on, &outside);
    for (size_t i = 0; i < all.len && !r; i++)
        if (strcmp(all.items[i].record, record->id) == 0) all.items[out->len++] = all.items[i];
    out->items = all.items;
    return r;
}

static int state_json(struct cli *c, struct jv *record, const struct status *s)
{
    int r = s->code ? jv_put_str(&c->arena, record, "state", s->code) : 0;
    if (!r && s->code) r = jv_put_str(&c->arena, record, "state_words", s->words);
    return r || !s->computed ? r : jv_put(&c->arena, record, "computed", s->computed);
}

static const char *computed_label(const char *name)
{
    static const struct {
        const char *name, *label;
    } labels[] = {{"cycle", N_("Cycle")}, {"days_late", N_("Days late")}, {"due", N_("Due")},
        {"later_entries", N_("Entries since")}, {"latest", N_("At the latest")}, {"next_surveillance", N_("Next surveillance")},
        {"until", N_("Until")}, {"valid_to", N_("Valid to")}};
    for (size_t i = 0; i < sizeof labels / sizeof *labels; i++)
        if (strcmp(labels[i].name, name) == 0) return T(labels[i].label);
    return name;
}

static void print_labelled(struct cli *c, const char *label, int width, const char *words)
{
    fprintf(c->out, "  ");
    print_padded(c->out, label, width);
    print_wrapped(c->out, words, width + 2);
}

static void print_state(struct cli *c, const struct fold_record *record, const struct status *s)
{
    int width = label_columns(c, record);
    if (s->code) print_labelled(c, T("State"), width, s->words);
    for (size_t i = 0; s->computed && i < s->computed->len; i++)
        print_labelled(c, computed_label(s->computed->keys[i]), width, shown_value(c, NULL, NULL, s->computed->items[i]));
}

static void print_next(struct cli *c, const struct fold_record *record, const struct status *s)
{
    const char *next = record->void_state == VOID ? NULL : next_step(c, record, s->code);
    if (next) print_labelled(c, T("Next step"), label_columns(c, record), next);
}

static void print_broken(struct cli *c, const struct gaps *gaps)
{
    if (gaps->len) fprintf(c->out, "  %s\n", T("The process"));
    for (size_t i = 0; i < gaps->len; i++) {
        const struct gap *gap = &gaps->items[i];
        const char *s = arena_printf(&c->arena, "%s  [%s]", shown(c, shown_names(c, gap->text)), rule_text(c, gap->rule));
        fprintf(c->out, "    • ");
        print_wrapped(c->out, s ? s : "", 6);
    }
}

/* Held by the hub: since when, or how much of it. */
static int held_json(struct cli *c, struct jv *record, const struct record_holding *h)
{
    struct arena *a = &c->arena;
    struct jv *o = jv_object(a);
    int r = jv_put_int(a, o, "entries", (int64_t)h->entries_held);
    if (!r) r = jv_put_int(a, o, "of", (int64_t)h->entries);
    if (!r && h->has_bytes) r = jv_put(a, o, "bytes", jv_bool(a, h->bytes_held));
    if (!r) r = jv_put_str(a, o, "since", h->all ? h->since : NULL);
    return r ? r : jv_put(a, record, "held", o);
}

static void print_held(struct cli *c, const struct record_holding *h)
{
    fprintf(c->out, "  ");
    print_padded(c->out, T("At the hub"), LABEL_COLUMNS);
    if (h->all)
        fprintf(c->out, T("held since %s"), h->since);
    else
        fprintf(c->out, T("%zu of %zu entries held"), h->entries_held, h->entries);
    if (!h->all && h->has_bytes) fprintf(c->out, " · %s", h->bytes_held ? T("its bytes held") : T("its bytes on the way"));
    fprintf(c->out, "\n");
}

static int put_extras(struct cli *c, const struct fold_record *r, struct jv *json)
{
    struct extras x;
    int rc = extras_begin(&x, c);
    if (rc) return rc;
    rc = extras_put(&x, r, json);
    extras_end(&x);
    return rc;
}

int cmd_show(struct cli *c)
{
    const struct fold_record *r;
    struct states states = {.c = c};
    struct status status;
    struct gaps gaps;
    struct record_holding held = {0};
    int rc = session_record(c, c->args[0], NULL, &r);
    if (!rc && (cli_option(c, "at") || cli_option(c, "entry"))) return show_as_of(c, r);
    if (!rc) rc = state_of(&states, r, &status);
    if (!rc) rc = gaps_of(&states, r, &gaps);
    if (rc) return rc;
    struct jv *json = record_json(&c->arena, r, kit_person, c->session);
    bool joined = c->session->store && store_hub(c->session->store);
    rc = json ? state_json(c, json, &status) : ERR_ROAD;
    if (!rc && gates_hold_for(r->type)) rc = jv_put(&c->arena, json, "gaps", gaps_json(&c->arena, &gaps));
    if (!rc && joined) rc = store_record_holding(c->session->store, r, &held);
    if (!rc && joined) rc = held_json(c, json, &held);
    if (!rc) rc = put_extras(c, r, json);
    c->result = json;
    if (rc || c->json) return rc;
    print_record(c, r);
    print_state(c, r, &status);
    if (joined) print_held(c, &held);
    print_broken(c, &gaps);
    print_next(c, r, &status);
    return 0;
}

/* "open", or several with commas between: codes, or words in the chosen language. NULL: any. */
static bool is_in_state(const struct status *s, const char *asked)
{
    for (const char *at = asked; at; at = strchr(at, ',') ? strchr(at, ',') + 1 : NULL) {
        size_t n = strcspn(at, ",");
        if (s->code && strlen(s->code) == n && strncmp(s->code, at, n) == 0) return true;
        if (s->words && strlen(s->words) == n && strncmp(s->words, at, n) == 0) return true;
    }
    return !asked;
}

/* The state, with the day until which it is so or something is due. */
static const char *state_words(struct cli *c, const struct fold_record *record, const struct status *s)
{
    static const char *const days[] = {"valid_to", "until"};
    const char *due = strcmp(record->type, "finding") == 0 && strcmp(s->code, "closed") != 0 ? record_str(record, "due") : NULL;
    if (due) return arena_printf(&c->arena, "%s  %s %s", s->words, T("Due"), shown(c, due));
    for (size_t i = 0; s->computed && i < sizeof days / sizeof *days; i++) {
        const char *day = jv_get_str(s->computed, days[i]);
        if (day) return arena_printf(&c->arena, "%s  %s %s", s->words, computed_label(days[i]), day);
    }
    return s->words;
}

struct hits {
    struct cli *c;
    struct states states;
    struct extras extras;
    struct list_page page;
    struct jv *list;
    const char *state; /* asked for; NULL: any */
};

static int report_hit(struct hits *h, const struct fold_record *record)
{
    struct cli *c = h->c;
    struct status status = {NULL, NULL, NULL};
    int r = h->state ? state_of(&h->states, record, &status) : 0;
    if (r || !is_in_state(&status, h->state) || !list_page_takes(&h->page, record->id)) return r;
    if (!h->state) r = state_of(&h->states, record, &status);
    if (r) return r;
    if (!c->json) print_record_line(c, record, status.code ? state_words(c, record, &status) : NULL);
    if (!c->json) return 0;
    struct jv *json = record_json(&c->arena, record, kit_person, c->session);
    r = json ? state_json(c, json, &status) : ERR_ROAD;
    if (!r) r = extras_put(&h->extras, record, json);
    return r ? r : jv_push(&c->arena, h->list, json);
}

static int report_hits(struct cli *c, struct view_hit *hits, size_t len, const char *state)
{
    struct hits h = {.c = c, .states = {.c = c}, .list = jv_array(&c->arena), .state = state};
    int r = list_page_read(&h.page, c);
    if (!r && cli_flag(c, "newest")) r = hits_newest_first(c, hits, len);
    if (!r) r = extras_begin(&h.extras, c);
    if (r) return r;
    for (size_t i = 0; i < len && !r; i++) {
        const struct fold_record *record = fold_record(session_fold(c->session), hits[i].case_name, hits[i].record);
        if (record) r = report_hit(&h, record);
    }
    extras_end(&h.extras);
    c->result = h.list;
    if (!c->json && !h.page.of && os_is_terminal(1)) fprintf(stderr, "%s\n", T("nothing found"));
    return r || h.page.limit < 0 ? r : list_page_end(&h.page, c, h.list);
}

/* Takes "state=…" from the arguments: it is worked out, no field of the form. NULL: it is not there. */
static const char *take_state(struct cli *c, const struct form *form)
{
    static const char word[] = "state=";
    const char *member, *state = NULL;
    int kept = 1;
    if (!type_has_status(form->type) || form_field(form, "state", &member)) return NULL;
    for (int i = 1; i < c->args_len; i++) {
        if (strncmp(c->args[i], word, sizeof word - 1) == 0) state = c->args[i] + sizeof word - 1;
        else c->args[kept++] = c->args[i];
    }
    c->args_len = kept;
    return state;
}

int cmd_list(struct cli *c)
{
    const char *case_name = cli_option(c, "case");
    struct view_hit *hits;
    struct jv *where;
    size_t len;
    int r = session_view(c->session);
    if (r) return r;
    if (case_name && (r = session_case(c->session, case_name, &case_name))) return r;
    const struct form *form = session_any_form(c->session, case_name, c->args[0]);
    if (!form) return ERR_INPUT;
    const char *state = take_state(c, form);
    r = fields_parse(c, form, case_name, c->args + 1, c->args_len - 1, &where);
    if (!r) r = view_list(c->session->view, form->type, case_name, where, cli_flag(c, "voided"), &c->arena, &hits, &len);
    return r ? r : report_hits(c, hits, len, state);
}

int cmd_find(struct cli *c)
{
    struct view_hit *hits;
    struct buf words;
    size_t len;
    int r = session_view(c->session);
    if (r) return r;
    buf_init(&words, 4096);
    for (int i = 0; i < c->args_len; i++) {
        if (i) buf_addc(&words, ' ');
        buf_adds(&words, c->args[i]);
    }
    r = buf_error(&words);
    if (!r) r = view_find(c->session->view, buf_str(&words), &c->arena, &hits, &len);
    buf_release(&words);
    return r ? r : report_hits(c, hits, len, NULL);
}

/* One step, with the receipt of the hub that first named it: "held":{"receipt","since"}, or null. */
static struct jv *step_held(struct cli *c, const struct jv *step, const struct entry_holding *h)
{
    struct arena *a = &c->arena;
    struct jv *o = jv_object(a), *held = h && h->receipt ? jv_object(a) : jv_null(a);
    int r = 0;
    for (size_t i = 0; i < step->len && !r; i++) r = jv_put(a, o, step->keys[i], step->items[i]);
    if (!r && h && h->receipt) r = jv_put_str(a, held, "receipt", h->receipt);
    if (!r && h && h->receipt) r = jv_put_str(a, held, "since", h->since);
    if (!r) r = jv_put(a, o, "held", held);
    return r ? NULL : o;
}

/* Steps stand in the order of cause and effect, entries in that of the fold. */
static const struct entry_holding *holding_of(const struct fold_record *r, const struct entry_holding *list, const char *id)
{
    for (size_t i = 0; id && i < r->entries_len; i++)
        if (strcmp(r->entries[i]->entry->id, id) == 0) return &list[i];
    return NULL;
}

static int history_held(struct cli *c, const struct fold_record *r, const struct jv **history)
{
    struct entry_holding *list;
    struct jv *out = jv_array(&c->arena);
    int rc = store_entry_holdings(c->session->store, r, &c->arena, &list);
    for (size_t i = 0; i < (*history)->len && !rc; i++) {
        const struct jv *step = (*history)->items[i];
        rc = jv_push(&c->arena, out, step_held(c, step, holding_of(r, list, jv_get_str(step, "id"))));
    }
    if (!rc) *history = out;
    return rc;
}

/* Of each entry, since when the hub holds it; the items were made for this command. */
static int put_received(struct cli *c, const struct jv *history)
{
    const struct lent *lent = c->session->lent;
    int rc = 0;
    for (size_t i = 0; i < history->len && !rc; i++) {
        struct jv *step = (struct jv *)(uintptr_t)history->items[i];
        const struct held *h = fold_entry(session_fold(c->session), jv_get_str(step, "id"));
        const char *at = NULL;
        if (h) rc = lent->received(lent->ctx, h->entry, &at);
        if (!rc) rc = jv_put_str(&c->arena, step, "received", at);
    }
    return rc;
}

int cmd_history(struct cli *c)
{
    const struct fold_record *r;
    int rc = session_record(c, c->args[0], NULL, &r);
    if (rc) return rc;
    c->result = record_history(&c->arena, r, kit_person, c->session);
    if (!c->result) return err_memory();
    if (c->session->store && store_hub(c->session->store)) rc = history_held(c, r, &c->result);
    if (rc) return rc;
    if (!c->json) print_history(c, record_form(c, r), c->result);
    struct extras x;
    rc = extras_begin(&x, c);
    if (rc) return rc;
    rc = extras_history(&x, r, c->result);
    extras_end(&x);
    return rc || !c->session->lent ? rc : put_received(c, c->result);
}

int cmd_conflicts(struct cli *c)
{
    const struct fold_record *const *records;
    size_t len, found = 0;
    const char *case_name = cli_option(c, "case");
    struct jv *list = jv_array(&c->arena);
    int r = session_read(c->session);
    if (r) return r;
    if (case_name && (r = session_case(c->session, case_name, &case_name))) return r;
    r = fold_records(session_fold(c->session), case_name, &records, &len);
    for (size_t i = 0; i < len && !r; i++) {
        if (!records[i]->conflicts) continue;
        found++;
        if (!c->json) print_record(c, records[i]);
        struct jv *json = record_json(&c->arena, records[i], kit_person, c->session);
        r = json ? put_extras(c, records[i], json) : ERR_ROAD;
        if (!r) r = jv_push(&c->arena, list, json);
    }
    if (r) return r;
    c->result = list;
    if (!c->json && !found) fprintf(c->out, "%s\n", T("no conflicts"));
    err_clear();
    return found ? ERR_NO : 0;
}
