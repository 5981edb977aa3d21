/* show, list, find, history, conflicts: what is asked of the view. */
#include "cli.h"

#include <string.h>

#include "satchel/base/os.h"
#include "satchel/replica/state.h"
#include "satchel/scheme/status.h"

/* ---- states: worked out of the case, which is read once for all of its records ---- */

struct states {
    struct cli *c;
    struct casefile file;
    const char *case_name; /* that `file` is of; NULL: none yet */
    int32_t on;
};

/* .code NULL: there is none for this type. */
static int state_of(struct states *s, const struct fold_record *record, struct status *out)
{
    struct cli *c = s->c;
    int r = 0;
    *out = (struct status){NULL, NULL, NULL};
    if (!type_has_status(record->type)) return 0;
    if (!s->case_name || strcmp(s->case_name, record->case_name) != 0) {
        r = casefile_read(&s->file, &c->arena, store_fold(c->session->store), record->case_name, c->session->schemes);
        if (!r) r = cli_on(c, record->case_name, &s->on);
        s->case_name = record->case_name;
    }
    return r ? r : record_status(out, &s->file, record, s->on);
}

static int state_json(struct cli *c, struct jv *record, const struct status *s)
{
    int r = s->code ? jv_put_str(&c->arena, record, "state", s->code) : 0;
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

static void print_state(struct cli *c, const struct status *s)
{
    if (!s->code) return;
    fprintf(c->out, "  ");
    print_padded(c->out, T("State"), LABEL_COLUMNS);
    fprintf(c->out, "%s\n", s->words);
    for (size_t i = 0; s->computed && i < s->computed->len; i++) {
        fprintf(c->out, "  ");
        print_padded(c->out, computed_label(s->computed->keys[i]), LABEL_COLUMNS);
        fprintf(c->out, "%s\n", shown_value(c, NULL, NULL, s->computed->items[i]));
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

int cmd_show(struct cli *c)
{
    const struct fold_record *r;
    struct states states = {.c = c};
    struct status status;
    struct record_holding held = {0};
    int rc = session_record(c, c->args[0], NULL, &r);
    if (!rc) rc = state_of(&states, r, &status);
    if (rc) return rc;
    struct jv *json = record_json(&c->arena, r, kit_person, c->session);
    bool joined = store_hub(c->session->store) != NULL;
    rc = json ? state_json(c, json, &status) : ERR_ROAD;
    if (!rc && joined) rc = store_record_holding(c->session->store, r, &held);
    if (!rc && joined) rc = held_json(c, json, &held);
    c->result = json;
    if (rc || c->json) return rc;
    print_record(c, r);
    print_state(c, &status);
    if (joined) print_held(c, &held);
    return 0;
}

static int report_hits(struct cli *c, const struct view_hit *hits, size_t len)
{
    struct jv *list = jv_array(&c->arena);
    struct states states = {.c = c};
    struct status status;
    int r = 0;
    for (size_t i = 0; i < len && !r; i++) {
        const struct fold_record *record = fold_record(store_fold(c->session->store), hits[i].case_name, hits[i].record);
        if (!record) continue;
        r = state_of(&states, record, &status);
        if (!r && !c->json) print_record_line(c, record, status.words);
        struct jv *json = r || !c->json ? NULL : record_json(&c->arena, record, kit_person, c->session);
        if (json) r = state_json(c, json, &status);
        if (!r && c->json) r = jv_push(&c->arena, list, json);
    }
    c->result = list;
    if (!c->json && !len && os_is_terminal(1)) fprintf(stderr, "%s\n", T("nothing found"));
    return r;
}

int cmd_list(struct cli *c)
{
    const char *case_name = cli_option(c, "case");
    struct view_hit *hits;
    struct jv *where;
    size_t len;
    int r = session_view(c->session);
    if (r) return r;
    if (case_name) {
        const char *known = fold_case_named(store_fold(c->session->store), case_name);
        if (!known) return err_set(ERR_MISSING, "there is no case '%s' in this store", case_name);
        case_name = known;
    }
    const struct form *form = session_any_form(c->session, case_name, c->args[0]);
    if (!form) return ERR_INPUT;
    r = fields_parse(c, form, case_name, c->args + 1, c->args_len - 1, &where);
    if (!r) r = view_list(c->session->view, form->type, case_name, where, cli_flag(c, "voided"), &c->arena, &hits, &len);
    return r ? r : report_hits(c, hits, len);
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
    return r ? r : report_hits(c, hits, len);
}

int cmd_history(struct cli *c)
{
    const struct fold_record *r;
    int rc = session_record(c, c->args[0], NULL, &r);
    if (rc) return rc;
    c->result = record_history(&c->arena, r, kit_person, c->session);
    if (!c->result) return err_memory();
    if (!c->json) print_history(c, record_form(c, r), c->result);
    return 0;
}

int cmd_conflicts(struct cli *c)
{
    const struct fold_record *const *records;
    size_t len, found = 0;
    const char *case_name = cli_option(c, "case");
    struct jv *list = jv_array(&c->arena);
    int r = session_store(c->session);
    if (r) return r;
    if (case_name) {
        const char *known = fold_case_named(store_fold(c->session->store), case_name);
        if (!known) return err_set(ERR_MISSING, "there is no case '%s' in this store", case_name);
        case_name = known;
    }
    r = fold_records(store_fold(c->session->store), case_name, &records, &len);
    for (size_t i = 0; i < len && !r; i++) {
        if (!records[i]->conflicts) continue;
        found++;
        if (!c->json) print_record(c, records[i]);
        r = jv_push(&c->arena, list, record_json(&c->arena, records[i], kit_person, c->session));
    }
    if (r) return r;
    c->result = list;
    if (!c->json && !found) fprintf(c->out, "%s\n", T("no conflicts"));
    err_clear();
    return found ? ERR_NO : 0;
}
