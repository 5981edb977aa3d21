/* The hub's README of a case, for any git host, and the feeding of the index. */
#include "hub_hooks.h"

#include <string.h>

#include "satchel/base/os.h"
#include "satchel/base/text.h"
#include "satchel/replica/state.h"

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

static int merged(void *ctx, struct fold *f, const char *case_name, const struct held *const *entries, size_t len,
    const char *tip)
{
    struct hub_desk *d = ctx;
    return index_merge(d->index, f, case_name, entries, len, tip);
}

int hub_desk_index(struct hub_desk *d)
{
    size_t len;
    int r = 0;
    const char *const *cases = hub_cases(d->hub, &len);
    for (size_t i = 0; i < len && !r; i++) {
        struct fold *f;
        const char *tip = hub_tip(d->hub, cases[i]);
        if (!tip || index_is_at(d->index, cases[i], tip)) continue;
        r = hub_fold(d->hub, cases[i], &f);
        if (!r) r = index_merge(d->index, f, cases[i], NULL, 0, tip);
    }
    return r;
}

int hub_desk_open(struct hub_desk *d, const char *folder, struct forms *forms)
{
    struct arena a;
    arena_init(&a);
    *d = (struct hub_desk){.forms = forms};
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
    d->hub = NULL;
    d->index = NULL;
}
