/* Records, values and histories as people read them: labels in their language, links with what they name, widths
 * that count a Chinese character as two columns. */
#include "cli.h"

#include <string.h>

#include "satchel/base/os.h"
#include "satchel/replica/state.h"

#define WRAP_MIN_COLUMNS 20
#define JSON_SHOWN_MAX 80
#define REGISTER_LINK REGISTER_CASE ":"

const char *shown(struct cli *c, const char *text)
{
    struct buf b;
    if (!text) return "";
    buf_init(&b, BUF_UNLIMITED);
    buf_add_shown(&b, text, strlen(text));
    const char *s = buf_error(&b) ? "" : arena_strdup(&c->arena, buf_str(&b));
    buf_release(&b);
    return s ? s : "";
}

const char *told(struct cli *c, const char *text)
{
    const char *whole = text ? text_of(text) : "", *colon = text ? strstr(text, ": ") : NULL;
    if (whole != text || !colon) return shown(c, whole);
    const char *constant = arena_strndup(&c->arena, text, (size_t)(colon - text));
    const char *form = text_language_now() == LANGUAGE_ZH ? "%s：%s" : "%s: %s";
    return constant ? shown(c, arena_printf(&c->arena, form, text_of(constant), colon + 2)) : "";
}

const char *shown_case(struct cli *c, const char *case_name)
{
    return case_name && strcmp(case_name, REGISTER_CASE) == 0 ? T("the register") : shown(c, case_name);
}

int text_columns(const char *s)
{
    int n = 0;
    for (uint32_t u; (u = utf8_next(&s)) != 0;) n += u >= 0x1100 && (u < 0x2000 || u >= 0x2e80) ? 2 : 1;
    return n;
}

void print_padded(FILE *out, const char *s, int width)
{
    int pad = width - text_columns(s);
    fprintf(out, "%s%*s", s, pad > 1 ? pad : 1, "");
}

/* Where a line of Chinese or English may end: behind a blank, and on both sides of a wide character, but not before one that
 * closes. */
static bool may_break(uint32_t before, uint32_t after)
{
    static const uint32_t closing[] = {0xff0c, 0x3002, 0xff1b, 0xff1a, 0x3001, 0xff09, 0x201d, 0xff01, 0xff1f};
    bool wide = (before >= 0x2e80 && before != 0xff08) || (after >= 0x2e80 && before != 0xff08 && before != '(');
    for (size_t i = 0; i < sizeof closing / sizeof *closing; i++) wide = wide && after != closing[i];
    return before == ' ' || wide;
}

/* How many bytes of the text fit into so many columns: at least one character. */
static size_t fitting(const char *text, int columns)
{
    size_t fits = 0;
    uint32_t before = 0;
    int used = 0;
    for (const char *at = text;;) {
        const char *next = at;
        uint32_t u = utf8_next(&next);
        if (before && (u == 0 || may_break(before, u))) fits = (size_t)(at - text);
        if (u == 0) return fits;
        used += u >= 0x1100 && (u < 0x2000 || u >= 0x2e80) ? 2 : 1;
        if (used > columns && u != ' ' && fits) return fits;
        before = u;
        at = next;
    }
}

void print_wrapped(FILE *out, const char *text, int indent)
{
    int columns = os_is_terminal(1) ? os_terminal_width() - indent : 0;
    while (columns >= WRAP_MIN_COLUMNS && text_columns(text) > columns) {
        size_t n = fitting(text, columns), end = n;
        while (end && text[end - 1] == ' ') end--;
        if (!text[n]) break;
        fprintf(out, "%.*s\n%*s", (int)end, text, indent, "");
        text += n;
    }
    fprintf(out, "%s\n", text);
}

/* What the record was last written with. */
static const struct form *written_form(struct cli *c, const struct fold_record *r)
{
    const struct form *form = NULL;
    for (size_t i = r->entries_len; i > 0 && !form; i--)
        form = forms_find(c->session->forms, r->entries[i - 1]->entry->form);
    return form;
}

const struct form *record_form(struct cli *c, const struct fold_record *r)
{
    const struct form *form = session_any_form(c->session, r->case_name, r->type);
    if (!form) err_clear();
    return form ? form : written_form(c, r);
}

static bool has_choice(const struct form_field *f, const struct jv *v)
{
    if (f->kind != FIELD_CHOICE || v->type != JV_STRING) return true;
    for (size_t i = 0; i < f->choices_len; i++)
        if (strcmp(f->choices[i].value, v->string) == 0) return true;
    return false;
}

/* The form's field, or where it does not know this value, that of the version it was written with; NULL: neither. */
static const struct form_field *field_as_written(
    struct cli *c, const struct form *form, const struct fold_field *f, const char **member)
{
    const struct fold_head *head = &f->heads[0];
    const struct form_field *now = form ? form_field(form, f->name, member) : NULL;
    if (now && has_choice(now, head->value)) return now;
    const struct form *then = forms_find(c->session->forms, head->by->entry->form);
    const struct form_field *written = then ? form_field(then, f->name, member) : NULL;
    return written ? written : now;
}

const char *choice_text(const struct form_field *f, const char *value)
{
    for (size_t i = 0; i < f->choices_len; i++)
        if (strcmp(f->choices[i].value, value) == 0) return label_text(&f->choices[i].label);
    return value;
}

static const char *link_id(const char *link)
{
    size_t prefix = strlen(REGISTER_LINK);
    return strncmp(link, REGISTER_LINK, prefix) == 0 ? link + prefix : link;
}

/* What a link leads to; NULL: it is not here. At a hub's own commands there is no store, ids must do there. */
const struct fold_record *linked_record(struct cli *c, const char *link)
{
    const char *id = link_id(link);
    struct fold *fold = session_fold(c->session);
    return fold ? fold_record(fold, id == link ? NULL : REGISTER_CASE, id) : NULL;
}

static const char *title_of(struct cli *c, const struct fold_record *r, bool links);

/* What a field says in a list; NULL: nothing. */
static const char *field_words(struct cli *c, const struct form_field *f, const struct fold_record *r, bool links)
{
    const char *s = f ? record_str(r, f->name) : NULL;
    if (!s || f->kind == FIELD_SET) return NULL;
    if (f->kind != FIELD_LINK) return shown(c, choice_text(f, s));
    const struct fold_record *target = links ? linked_record(c, s) : NULL;
    return target ? title_of(c, target, false) : NULL;
}

/* The fields that the form's "summary" names; links by what they lead to, one step far. */
static const char *title_of(struct cli *c, const struct fold_record *r, bool links)
{
    const struct form *form = record_form(c, r);
    const struct jv *summary = form ? jv_get(form->json, "summary") : NULL;
    const char *words = "";
    for (size_t i = 0; summary && summary->type == JV_ARRAY && i < summary->len; i++) {
        const char *member, *name = jv_str(summary->items[i]);
        const char *s = name ? field_words(c, form_field(form, name, &member), r, links) : NULL;
        if (s && *s) words = arena_printf(&c->arena, "%s%s%s", words, *words ? "  " : "", s);
        if (!words) return "";
    }
    return words;
}

const char *record_title(struct cli *c, const struct fold_record *r)
{
    return title_of(c, r, true);
}

const char *case_title(struct cli *c, const char *case_name)
{
    const struct fold_record *const *records;
    size_t len;
    const char *organisation = "";
    struct fold *fold = session_fold(c->session);
    if (!fold || fold_records(fold, case_name, &records, &len)) return shown_case(c, case_name);
    for (size_t i = 0; i < len && !*organisation; i++)
        if (strcmp(records[i]->type, "organisation") == 0 && records[i]->void_state != VOID)
            organisation = record_title(c, records[i]);
    const char *s = arena_printf(&c->arena, "%s%s%s", shown_case(c, case_name), *organisation ? " " : "", organisation);
    return s ? s : "";
}

const char *shown_link(struct cli *c, const char *link)
{
    const struct fold_record *r = linked_record(c, link);
    const char *id = link_id(link), *title = r ? record_title(c, r) : "";
    const char *s = *title ? arena_printf(&c->arena, "%s (%s)", title, id) : shown(c, id);
    return s ? s : "";
}

const char *shown_names(struct cli *c, const char *text)
{
    static const char of_ids[] = "abcdefghijklmnopqrstuvwxyz0123456789/-";
    struct buf b;
    buf_init(&b, BUF_UNLIMITED);
    while (*text) {
        size_t n = strspn(text, of_ids), others = strcspn(text + n, of_ids);
        const char *word = arena_strndup(&c->arena, text, n);
        if (word) buf_adds(&b, link_valid(word) && linked_record(c, word) ? shown_link(c, word) : word);
        buf_add(&b, text + n, others);
        text += n + others;
    }
    const char *s = buf_error(&b) ? NULL : arena_strdup(&c->arena, buf_str(&b));
    buf_release(&b);
    return s ? s : "";
}

const char *shown_kit(struct cli *c, const char *kit, const char *person)
{
    const char *s = person ? arena_printf(&c->arena, "%s (%s)", shown(c, person), kit) : shown(c, kit);
    return s ? s : "";
}

/* In a word: nobody reads it. */
static const char *for_machines(struct cli *c, struct buf *b)
{
    const char *s = arena_printf(&c->arena, T("for machines, %zu bytes"), b->len);
    buf_release(b);
    return s ? s : "";
}

const char *shown_value(struct cli *c, const struct form_field *f, const char *member, const struct jv *v)
{
    struct buf b;
    if (v->type == JV_STRING && f && !member && f->kind == FIELD_CHOICE) return shown(c, choice_text(f, v->string));
    if (v->type == JV_STRING && f && f->kind == FIELD_LINK) return shown_link(c, v->string);
    if (v->type == JV_STRING) return shown(c, v->string);
    if (v->type == JV_NULL) return "—";
    if (v->type == JV_BOOL) return v->boolean ? T("yes") : T("no");
    buf_init(&b, BUF_UNLIMITED);
    json_write(&b, v);
    if (f && f->kind == FIELD_JSON && b.len > JSON_SHOWN_MAX) return for_machines(c, &b);
    const char *s = buf_error(&b) ? "" : shown(c, buf_str(&b));
    buf_release(&b);
    return s;
}

static const char *shown_member(struct cli *c, const struct form_field *f, const char *member)
{
    if (f->member == FIELD_LINK) return shown_link(c, member);
    return shown(c, f->member == FIELD_CHOICE ? choice_text(f, member) : member);
}

const char *kit_person(void *session, const char *kit)
{
    struct session *s = session;
    const struct registry *registry = session_registry(s);
    const struct registry_kit *k = registry ? registry_kit(registry, kit) : NULL;
    return k && *k->name ? k->name : NULL;
}

static const char *person_or_kit(struct cli *c, const char *kit)
{
    const char *name = kit_person(c->session, kit);
    return name ? shown(c, name) : kit;
}

static void print_heads(struct cli *c, const struct form_field *form_field_, const char *member, const struct fold_field *f)
{
    fprintf(c->out, "%s\n", T("conflict, settle it with 'satchel resolve':"));
    for (size_t i = 0; i < f->heads_len; i++) {
        const struct entry *e = f->heads[i].by->entry;
        fprintf(c->out, "      ≠ %s — %s, %s, %s:%lld\n", shown_value(c, form_field_, member, f->heads[i].value),
            person_or_kit(c, e->kit), e->at, e->kit, (long long)e->seq);
    }
}

/* A set of texts, choices or links holds true; one of JSON any value. */
static bool is_member(const struct jv *v)
{
    return v->type == JV_BOOL ? v->boolean : v->type != JV_NULL;
}

static const char *field_label(struct cli *c, const struct form *form, const struct fold_field *f)
{
    const char *member = NULL;
    const struct form_field *ff = field_as_written(c, form, f, &member);
    return ff ? label_text(&ff->label) : f->name;
}

int label_columns(struct cli *c, const struct fold_record *r)
{
    const struct form *form = record_form(c, r);
    int width = LABEL_COLUMNS;
    for (size_t k = 0; k < r->fields_len; k++) {
        int n = text_columns(field_label(c, form, &r->fields[k])) + 2;
        if (n > width) width = n;
    }
    return width < LABEL_MAX_COLUMNS ? width : LABEL_MAX_COLUMNS;
}

/* label NULL: the line goes on with what the one above it lists. */
static void print_field(struct cli *c, const struct form *form, const struct fold_field *f, const char *label, int width)
{
    const char *member = NULL;
    const struct form_field *ff = field_as_written(c, form, f, &member);
    const struct jv *value = f->heads[0].value;
    fprintf(c->out, "  ");
    print_padded(c->out, label ? label : "", width);
    if (f->conflict) {
        print_heads(c, ff, member, f);
    } else if (member) {
        fprintf(c->out, "%s%s\n", is_member(value) ? "" : "✗ ", shown_member(c, ff, member));
    } else {
        print_wrapped(c->out, shown_value(c, ff, NULL, value), width + 2);
    }
}

static void print_void(struct cli *c, const struct fold_record *r)
{
    const struct entry *e = r->voided_by->entry;
    fprintf(c->out, "  %s — %s, %s: %s\n",
        r->void_state == VOID ? T("voided") : T("voided by one, changed by another: it still counts"),
        person_or_kit(c, e->kit), e->at, shown(c, e->why));
}

/* Members for machines, in one line: their types, or whatever stands before the dot. */
static void print_json_set(struct cli *c, const struct form_field *set, const struct fold_record *r, int width)
{
    const char *names = "";
    size_t len = strlen(set->name);
    for (size_t i = 0; i < r->fields_len && names; i++) {
        const struct fold_field *f = &r->fields[i];
        if (strncmp(f->name, set->name, len) != 0 || f->name[len] != '.' || !field_value(f)) continue;
        const char *member = f->name + len + 1;
        names = arena_printf(&c->arena, "%s%s%.*s", names, *names ? ", " : "", (int)strcspn(member, "."), member);
    }
    if (!names || !*names) return;
    fprintf(c->out, "  ");
    print_padded(c->out, label_text(&set->label), width);
    fprintf(c->out, "%s\n", shown(c, names));
}

static void print_form_field_of(
    struct cli *c, const struct form *form, const struct form_field *field, const struct fold_record *r, int width)
{
    bool machines = field->kind == FIELD_SET && field->member == FIELD_JSON;
    bool first = true;
    if (machines) print_json_set(c, field, r, width);
    for (size_t k = 0; k < r->fields_len; k++) {
        const char *member;
        if (form_field(form, r->fields[k].name, &member) != field) continue;
        if (machines && !r->fields[k].conflict) continue;
        print_field(c, form, &r->fields[k], first ? field_label(c, form, &r->fields[k]) : NULL, width);
        first = false;
    }
}

/* Why a scheme or catalogue of the register does not read; NULL: it does, or is none. */
static const char *published_problem(struct cli *c, const struct fold_record *r)
{
    bool published = strcmp(r->type, "scheme") == 0 || strcmp(r->type, "catalogue") == 0;
    if (!published || !session_fold(c->session)) return NULL;
    return schemes_problem(c->session->schemes, arena_printf(&c->arena, REGISTER_LINK "%s", r->id));
}

/* Fields in the order of the form, then what the form does not know. */
void print_record(struct cli *c, const struct fold_record *r)
{
    const struct form *form = record_form(c, r);
    const char *problem = published_problem(c, r);
    int width = label_columns(c, r);
    fprintf(c->out, "%s  %s  %s\n", r->id, form ? label_text(&form->title) : r->type, case_title(c, r->case_name));
    if (!r->created) fprintf(c->out, "  %s\n", T("the entry that creates this record has not arrived"));
    if (r->void_state != NOT_VOID) print_void(c, r);
    if (problem) fprintf(c->out, "  %s\n", shown(c, problem));
    for (size_t i = 0; form && i < form->fields_len; i++) print_form_field_of(c, form, &form->fields[i], r, width);
    for (size_t k = 0; k < r->fields_len; k++) {
        const char *member;
        if (!form || !form_field(form, r->fields[k].name, &member)) print_field(c, NULL, &r->fields[k], r->fields[k].name, width);
    }
}

/* An assignment is about its case. */
void print_record_line(struct cli *c, const struct fold_record *r, const char *state)
{
    const char *about = strcmp(r->type, "assignment") == 0 ? case_title(c, r->case_name) : "";
    const char *mark = r->void_state == VOID ? T(" [voided]") : r->conflicts ? T(" [conflict]") : "";
    const char *problem = published_problem(c, r);
    print_padded(c->out, r->id, 34);
    fprintf(c->out, "%s%s%s", record_title(c, r), *about ? "  " : "", about);
    if (state) fprintf(c->out, "  — %s", state);
    fprintf(c->out, "%s", mark);
    if (problem) fprintf(c->out, " [%s]", shown(c, problem));
    fprintf(c->out, "\n");
}

/* ---- history ---- */

/* A value before the change may have been several. */
static const char *shown_old(struct cli *c, const struct form_field *f, const struct jv *old)
{
    const struct jv *several = old->type == JV_OBJECT ? jv_get(old, "conflict") : NULL;
    const char *s = NULL;
    if (!several) return shown_value(c, f, NULL, old);
    for (size_t i = 0; i < several->len; i++) {
        const char *one = shown_value(c, f, NULL, several->items[i]);
        s = s ? arena_printf(&c->arena, "%s ≠ %s", s, one) : one;
    }
    return s ? s : "";
}

static void print_change(struct cli *c, const struct form *form, const char *name, const struct jv *old, const struct jv *new)
{
    const char *member = NULL;
    const struct form_field *f = form ? form_field(form, name, &member) : NULL;
    const char *label = f ? label_text(&f->label) : name;
    if (strcmp(name, "void") == 0) {
        fprintf(c->out, "    %s\n", new->type == JV_NULL ? T("void taken back") : T("voided"));
    } else if (member) {
        fprintf(c->out, "    %s: %s%s\n", label, is_member(new) ? "+ " : "− ", shown_member(c, f, member));
    } else if (old && old->type != JV_NULL) {
        fprintf(c->out, "    %s: %s → %s\n", label, shown_old(c, f, old), shown_value(c, f, NULL, new));
    } else {
        fprintf(c->out, "    %s: %s\n", label, shown_value(c, f, NULL, new));
    }
}

static const char *verdict_of_signature(const char *s)
{
    if (s && strcmp(s, "good") == 0) return T("signature good");
    if (s && strcmp(s, "bad") == 0) return T("signature BAD");
    return T("key unknown");
}

/* What the entry was written with; the record's form where that is not known. */
static const struct form *entry_form(struct cli *c, const char *id, const struct form *form)
{
    const struct fold *fold = session_fold(c->session);
    const struct held *held = fold && id ? fold_entry(fold, id) : NULL;
    const struct form *then = held ? forms_find(c->session->forms, held->entry->form) : NULL;
    return then ? then : form;
}

/* Which receipt of headquarters' first named the entry; its first digits are enough to tell it from others. */
static void print_step_held(struct cli *c, const struct jv *held)
{
    const char *receipt = jv_get_str(held, "receipt"), *since = jv_get_str(held, "since");
    if (!held) return;
    fprintf(c->out, "    %s: ", T("At the hub"));
    if (receipt && since)
        fprintf(c->out, T("held since %s, by receipt %.12s"), since, receipt);
    else
        fprintf(c->out, "%s", T("no receipt yet"));
    fprintf(c->out, "\n");
}

void print_history(struct cli *c, const struct form *form, const struct jv *history)
{
    for (size_t i = 0; i < history->len; i++) {
        const struct jv *h = history->items[i], *set = jv_get(h, "set"), *old = jv_get(h, "old");
        const char *why = jv_get_str(h, "why");
        fprintf(c->out, "%s  %s  %s  %s\n", jv_get_str(h, "at"), shown(c, jv_get_str(h, "by")), jv_get_str(h, "entry"),
            verdict_of_signature(jv_get_str(h, "signature")));
        for (size_t k = 0; set && k < set->len; k++)
            print_change(c, entry_form(c, jv_get_str(h, "id"), form), set->keys[k], jv_get(old, set->keys[k]), set->items[k]);
        if (why) fprintf(c->out, "    “%s”\n", shown(c, why));
        print_step_held(c, jv_get(h, "held"));
    }
}
