/* The list of gaps, and the words that its texts share. */
#include "check_parts.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void gaps_init(struct gaps *g, struct arena *a)
{
    *g = (struct gaps){.arena = a};
}

static struct gap *next_place(struct gaps *g)
{
    if (g->len == g->cap) {
        size_t cap = g->cap ? 2 * g->cap : 32;
        struct gap *larger = arena_alloc(g->arena, cap * sizeof *larger);
        if (!larger) return NULL;
        if (g->len) memcpy(larger, g->items, g->len * sizeof *larger);
        g->items = larger;
        g->cap = cap;
    }
    return &g->items[g->len];
}

static const char *format_text(struct arena *a, const char *format, va_list args)
{
    va_list again;
    va_copy(again, args);
    int len = vsnprintf(NULL, 0, format, args);
    char *text = len < 0 ? NULL : arena_alloc(a, (size_t)len + 1);
    if (text) vsnprintf(text, (size_t)len + 1, format, again);
    va_end(again);
    return text;
}

void gap_add(struct gaps *g, const struct gap *like, const char *format, ...)
{
    va_list args;
    struct gap *place = g->error ? NULL : next_place(g);
    va_start(args, format);
    const char *text = place ? format_text(g->arena, format, args) : NULL;
    va_end(args);
    if (!text) {
        g->error = ERR_ROAD;
        return;
    }
    *place = *like;
    place->text = text;
    g->len++;
}

void gap_about(struct gaps *g, const struct gap *like, const char *subject, const char *common)
{
    struct gap gap = *like;
    gap.subject = subject;
    gap.common = common;
    gap_add(g, &gap, "%s%s%s", subject, text_language_now() == LANGUAGE_ZH ? "：" : ": ", common);
}

void gap_not_filled_in(struct gaps *g, enum gap_group group, const struct fold_record *r, const struct form *form,
    const struct form_field *f)
{
    const char *subject = arena_printf(g->arena, "%s (%s)", label_text(&f->label), f->name);
    const char *common = arena_printf(g->arena, T("to be filled in (%s)"), label_text(&form->title));
    gap_about(g, GAP(.group = group, .rule = "form", .record = r->id, .field = f->name, .missing = true),
        subject ? subject : f->name, common ? common : "");
}

int gaps_error(const struct gaps *g)
{
    return g->error;
}

static bool has_word(const char *words, const char *word)
{
    size_t len = strlen(word);
    for (const char *s = words; s && *s; s += strspn(s, " ")) {
        size_t n = strcspn(s, " ");
        if (n == len && strncmp(s, word, n) == 0) return true;
        s += n;
    }
    return false;
}

/* Ids are those of the records themselves, so one id is one address. */
bool gaps_have(const struct gaps *g, const char *record, const char *field)
{
    for (size_t i = 0; i < g->len; i++)
        if (g->items[i].record == record && has_word(g->items[i].field, field)) return true;
    return false;
}

void gaps_sort(struct gaps *g)
{
    struct gap *sorted = arena_alloc(g->arena, (g->len + 1) * sizeof *sorted);
    size_t n = 0;
    if (!sorted) {
        g->error = ERR_ROAD;
        return;
    }
    for (int group = 0; group < GAP_GROUPS; group++)
        for (size_t i = 0; i < g->len; i++)
            if ((int)g->items[i].group == group) sorted[n++] = g->items[i];
    g->items = sorted;
    g->cap = g->len;
}

const char *gap_group_text(enum gap_group group)
{
    static const char *const texts[GAP_GROUPS] = {N_("To do on site"), N_("Findings"), N_("To fill in"),
        N_("To settle or wait for"), N_("The process")};
    return T(texts[group]);
}

struct jv *gaps_json(struct arena *a, const struct gaps *g)
{
    struct jv *list = jv_array(a);
    int rc = list ? 0 : ERR_ROAD;
    for (size_t i = 0; i < g->len && rc == 0; i++) {
        struct jv *o = jv_object(a);
        rc = jv_put_str(a, o, "rule", g->items[i].rule);
        if (rc == 0) rc = jv_put_str(a, o, "record", g->items[i].record);
        if (rc == 0) rc = jv_put_str(a, o, "text", g->items[i].text);
        if (rc == 0) rc = jv_push(a, list, o);
    }
    return rc ? NULL : list;
}

static bool same_gap(const struct gap *a, const struct gap *b)
{
    return strcmp(a->record, b->record) == 0 && strcmp(a->rule, b->rule) == 0 && strcmp(a->text, b->text) == 0;
}

/* Both lists are found in the same order, so the search goes on where the last one ended. */
static bool stands_in(const struct gaps *before, const struct gap *gap, size_t *at)
{
    for (size_t i = 0; i < before->len; i++) {
        size_t k = (*at + i) % before->len;
        if (!same_gap(&before->items[k], gap)) continue;
        *at = k + 1;
        return true;
    }
    return false;
}

const struct gap *gaps_broken(const struct gaps *before, const struct gaps *after, const char *only)
{
    size_t at = 0;
    for (size_t i = 0; i < after->len; i++) {
        const struct gap *gap = &after->items[i];
        if (gap->missing || (only && strcmp(gap->record, only) != 0)) continue;
        if (!stands_in(before, gap, &at)) return gap;
    }
    return NULL;
}

/* ---- words ---- */

const char *day_text(struct arena *a, int32_t day)
{
    char text[DAY_TEXT];
    day_write(text, day);
    const char *s = arena_strdup(a, text);
    return s ? s : "";
}

const char *clause_text(struct arena *a, const struct catalogue *c, const char *id)
{
    const struct clause *clause = catalogue_clause(c, id);
    if (!clause) return id;
    const char *title = text_language_now() == LANGUAGE_ZH ? clause->title_zh : clause->title_en;
    const char *s = title && *title ? arena_printf(a, "%s %s", id, title) : id;
    return s ? s : id;
}

const char *department_text(struct arena *a, const struct department *d)
{
    const char *code = d->code ? d->code : d->id, *s = d->name ? arena_printf(a, "%s %s", code, d->name) : code;
    return s ? s : code;
}

const char *person_id(const char *link)
{
    static const char prefix[] = "register:";
    return link && strncmp(link, prefix, sizeof prefix - 1) == 0 ? link + sizeof prefix - 1 : link;
}

bool is_nonconformity(enum grade g)
{
    return g == GRADE_MAJOR || g == GRADE_MINOR;
}

bool is_problem(enum grade g)
{
    return is_nonconformity(g) || g == GRADE_OBSERVATION;
}
