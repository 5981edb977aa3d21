/* The hub's README of a case, for any git host, and the feeding of the index. */
#include "hub_hooks.h"

#include <stdio.h>
#include <string.h>

#include "satchel/base/os.h"
#include "satchel/base/text.h"
#include "satchel/replica/state.h"
#include "satchel/scheme/calendar.h"

/* ---- README ---- */

/* Markdown must not take people's text for markup. */
static void add_plain(struct buf *out, const char *s)
{
    struct buf clean;
    buf_init(&clean, BUF_UNLIMITED);
    buf_add_shown(&clean, s, strlen(s));
    for (const char *c = buf_str(&clean); *c; c++) {
        if (strchr("\\`*_{}[]<>|#!&", *c)) buf_addc(out, '\\');
        buf_addc(out, *c == '\n' ? ' ' : *c);
    }
    buf_release(&clean);
}

static void add_value(struct buf *out, const struct form *form, const struct fold_record *r, const char *name)
{
    const char *member;
    const struct fold_field *f = record_field(r, name);
    const struct form_field *ff = form ? form_field(form, name, &member) : NULL;
    const char *s = record_str(r, name);
    if (f && f->conflict) buf_adds(out, "**≠**");
    if (!s) return;
    for (size_t i = 0; ff && i < ff->choices_len; i++) {
        if (strcmp(ff->choices[i].value, s) != 0) continue;
        buf_addf(out, "%s %s", ff->choices[i].label.zh, ff->choices[i].label.en);
        return;
    }
    add_plain(out, s);
}

static void add_link(struct buf *out, const struct fold_record *r)
{
    struct record_id id;
    char path[160];
    if (!record_id_read(&id, r->id)) return;
    record_path(path, &id);
    buf_addf(out, "[%s](%s)", r->id, path);
}

static void add_rows(struct buf *out, const struct forms *forms, const struct fold_record *const *records, size_t len,
    const char *type, const char *const *columns, size_t columns_len)
{
    const struct form *form = forms_current(forms, type);
    bool head = false;
    for (size_t i = 0; i < len; i++) {
        if (strcmp(records[i]->type, type) != 0 || records[i]->void_state == VOID) continue;
        if (!head) {
            buf_addf(out, "\n## %s %s\n\n| |", form ? form->title.zh : type, form ? form->title.en : "");
            for (size_t k = 0; k < columns_len; k++) {
                const char *member;
                const struct form_field *f = form ? form_field(form, columns[k], &member) : NULL;
                buf_addf(out, " %s %s |", f ? f->label.zh : columns[k], f ? f->label.en : "");
            }
            buf_adds(out, "\n|---|");
            for (size_t k = 0; k < columns_len; k++) buf_adds(out, "---|");
            buf_adds(out, "\n");
            head = true;
        }
        buf_adds(out, "| ");
        add_link(out, records[i]);
        for (size_t k = 0; k < columns_len; k++) {
            buf_adds(out, " | ");
            add_value(out, form, records[i], columns[k]);
        }
        buf_adds(out, " |\n");
    }
}

static void add_counts(struct buf *out, struct fold *f, const char *case_name, const struct fold_record *const *records,
    size_t len)
{
    size_t conflicts = 0, chains, forks = 0;
    const struct fold_chain *const *chain = fold_chains(f, case_name, &chains);
    for (size_t i = 0; i < len; i++) conflicts += records[i]->conflicts;
    for (size_t i = 0; i < chains; i++) forks += chain[i]->forked_at != 0;
    buf_addf(out, "\n记录 records: %zu · 冲突 conflicts: %zu", len, conflicts);
    if (forks) buf_addf(out, " · **同号异文 two entries with one number: %zu**", forks);
    buf_adds(out, "\n");
}

static int readme(void *ctx, struct fold *f, const char *case_name, const struct registry *registry, struct buf *out)
{
    static const char *const of_organisation[] = {"name"};
    static const char *const of_audit[] = {"kind", "start", "end", "result"};
    static const char *const of_finding[] = {"grade", "clause", "fact", "due", "closed"};
    static const char *const of_evidence[] = {"name", "title", "captured"};
    const struct hub_desk *d = ctx;
    const struct fold_record *const *records;
    size_t len;
    (void)registry;
    int r = fold_records(f, case_name, &records, &len);
    if (r) return r;
    buf_addf(out, "# %s\n", case_name);
    add_counts(out, f, case_name, records, len);
    add_rows(out, d->forms, records, len, "organisation", of_organisation, 1);
    add_rows(out, d->forms, records, len, "audit", of_audit, 4);
    add_rows(out, d->forms, records, len, "finding", of_finding, 5);
    add_rows(out, d->forms, records, len, "evidence", of_evidence, 3);
    return buf_error(out);
}

/* ---- index ---- */

struct index_span index_span_of(const char *case_name, const struct due_span *s)
{
    const struct certificate *t = s->item.certificate;
    return (struct index_span){.case_name = case_name, .certificate = t ? t->id : NULL, .number = t ? t->number : NULL,
        .record = s->item.record, .rule = s->item.rule, .what = s->item.what, .due = s->item.due,
        .remind_days = s->item.remind_days, .from = s->from, .to = s->to};
}

static bool is_scheme(const char *type)
{
    return strcmp(type, "scheme") == 0 || strcmp(type, "catalogue") == 0;
}

static int publishes_scheme(struct fold *f, bool *yes)
{
    const struct fold_record *const *records;
    size_t len;
    int r = fold_records(f, REGISTER_CASE, &records, &len);
    *yes = false;
    for (size_t i = 0; i < len && !r && !*yes; i++) *yes = is_scheme(records[i]->type);
    return r;
}

static int spans_under(struct index_change *change, struct arena *a, struct fold *f, const struct schemes *schemes)
{
    struct casefile c;
    struct due_span *spans;
    int r = casefile_read(&c, a, f, change->case_name, schemes);
    if (!r) r = calendar_spans(&spans, &change->spans_len, &c);
    struct index_span *list = r ? NULL : arena_alloc(a, (change->spans_len + 1) * sizeof *list);
    if (!list) return ERR_ROAD;
    for (size_t i = 0; i < change->spans_len; i++) list[i] = index_span_of(change->case_name, &spans[i]);
    change->spans = list;
    return 0;
}

/* What the register publishes. Folds come and go at the hub, so it is by the register's tip that it is known to be the
 * same; where that is not to be had, it is read anew. */
static int find_schemes(struct hub_desk *d, struct fold *f, const struct schemes **out)
{
    bool publishes;
    const char *tip = hub_tip(d->hub, REGISTER_CASE);
    if (!tip) err_clear();
    if (tip && d->published && strcmp(tip, d->published_at) == 0) {
        *out = d->published;
        return 0;
    }
    schemes_free(d->published);
    d->published = NULL;
    snprintf(d->published_at, sizeof d->published_at, "%s", tip ? tip : "");
    int r = publishes_scheme(f, &publishes);
    if (!r && publishes) r = schemes_new(&d->published, d->forms);
    if (!r && publishes) r = schemes_refresh(d->published, f);
    *out = d->published ? d->published : d->schemes;
    return r;
}

static int find_spans(struct hub_desk *d, struct index_change *change, struct arena *a, struct fold *f)
{
    const struct schemes *schemes;
    int r = find_schemes(d, f, &schemes);
    return r ? r : spans_under(change, a, f, schemes);
}

static int take_in(struct hub_desk *d, struct fold *f, struct index_change *change)
{
    struct arena a;
    arena_init(&a);
    bool in_register = strcmp(change->case_name, REGISTER_CASE) == 0;
    int r = in_register ? 0 : find_spans(d, change, &a, f);
    if (!r) r = index_merge(d->index, f, change);
    arena_release(&a);
    return r;
}

/* Every case's calendar goes by the schemes. */
static bool changes_schemes(const char *case_name, const struct held *const *entries, size_t len)
{
    struct record_id id;
    if (strcmp(case_name, REGISTER_CASE) != 0) return false;
    for (size_t i = 0; i < len; i++)
        if (record_id_read(&id, entries[i]->entry->record) && is_scheme(id.type)) return true;
    return false;
}

static int merged(void *ctx, struct fold *f, const char *case_name, const struct held *const *entries, size_t len,
    const char *tip)
{
    struct hub_desk *d = ctx;
    struct index_change change = {.case_name = case_name, .tip = tip, .entries = entries, .entries_len = len};
    int r = changes_schemes(case_name, entries, len) ? index_forget(d->index) : 0;
    return r ? r : take_in(d, f, &change);
}

static int index_case(struct hub_desk *d, const char *case_name)
{
    struct fold *f;
    const char *tip = hub_tip(d->hub, case_name);
    if (!tip || index_is_at(d->index, case_name, tip)) return 0;
    int r = strcmp(case_name, REGISTER_CASE) == 0 ? index_forget(d->index) : 0;
    if (!r) r = hub_fold(d->hub, case_name, &f);
    struct index_change change = {.case_name = case_name, .tip = tip};
    return r ? r : take_in(d, f, &change);
}

/* The register first: where it was merged unseen, its schemes may be others now. */
int hub_desk_index(struct hub_desk *d)
{
    size_t len;
    int r = index_case(d, REGISTER_CASE);
    const char *const *cases = hub_cases(d->hub, &len);
    for (size_t i = 0; i < len && !r; i++) r = index_case(d, cases[i]);
    return r;
}

int hub_desk_open(struct hub_desk *d, const char *folder, struct forms *forms, const struct schemes *schemes)
{
    struct arena a;
    arena_init(&a);
    *d = (struct hub_desk){.forms = forms, .schemes = schemes};
    d->hooks = (struct hub_hooks){.ctx = d, .readme = readme, .merged = merged};
    int r = hub_open(&d->hub, folder, forms, &d->hooks);
    char *path = path_join(&a, folder, "index.db");
    if (!r && !path) r = err_memory();
    if (!r) r = index_open(&d->index, path);
    arena_release(&a);
    if (r) hub_desk_close(d);
    return r;
}

void hub_desk_close(struct hub_desk *d)
{
    hub_close(d->hub);
    index_close(d->index);
    schemes_free(d->published);
    d->published = NULL;
    d->hub = NULL;
    d->index = NULL;
}
