/* A record's state as text.
 *
 * The file of record/ is JSON with one member a line and a space after each colon, values in canonical form,
 * LF:
 *
 *   {
 *   "_id": "finding/kq7f3amc2d5xy-104",
 *   "_void": {"entry":"<id>","why":"…"},                       only of a voided record; where the void is in
 * conflict
 *   "_void": {"conflict":true,"entry":"<id>","why":"…"},       the record counts as not voided
 *   "clause": "B2",
 *   "grade": {"conflict":[{"entry":"<id>","value":"major"},{"entry":"<id>","value":"minor"}]},
 *   "_type": "finding"
 *   }
 *
 * Fields are sorted by name, heads by entry id; a cleared field is absent. No field is called "_…" or is an
 * object with the one member "conflict", so nothing is ambiguous. */
#include "satchel/replica/state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "satchel/base/map.h"
#include "satchel/base/time.h"

#define SUBJECT_MAX 200 /* bytes */
#define SHOWN_VALUE_MAX 48

void record_path(char out[RECORD_PATH_SIZE], const struct record_id *id)
{
    snprintf(out, RECORD_PATH_SIZE, "record/%s/%s/%d/%d.json", id->type, id->kit, (int)(id->number / 100),
        (int)id->number);
}

/* ---- the file ---- */

/* Names have no character that JSON escapes (names.h). */
static void open_line(struct buf *out, const char *name)
{
    buf_addc(out, '"');
    buf_adds(out, name);
    buf_adds(out, "\": ");
}

static void text_line(struct buf *out, const char *name, const char *value, const char *end)
{
    open_line(out, name);
    json_write_string(out, value, strlen(value));
    buf_adds(out, end);
}

static void void_line(struct buf *out, const struct fold_record *r)
{
    const struct entry *by = r->voided_by->entry;
    open_line(out, "_void");
    buf_adds(out, r->void_state == VOID_CONFLICT ? "{\"conflict\":true,\"entry\":" : "{\"entry\":");
    json_write_string(out, by->id, strlen(by->id));
    if (by->why) {
        buf_adds(out, ",\"why\":");
        json_write_string(out, by->why, strlen(by->why));
    }
    buf_adds(out, "},\n");
}

static void conflict_value(struct buf *out, const struct fold_field *f)
{
    buf_adds(out, "{\"conflict\":[");
    for (size_t i = 0; i < f->heads_len; i++) {
        const char *id = f->heads[i].by->entry->id;
        buf_adds(out, i ? ",{\"entry\":" : "{\"entry\":");
        json_write_string(out, id, strlen(id));
        buf_adds(out, ",\"value\":");
        json_write(out, f->heads[i].value);
        buf_addc(out, '}');
    }
    buf_adds(out, "]}");
}

void record_file_write(struct buf *out, const struct fold_record *r)
{
    buf_adds(out, "{\n");
    text_line(out, "_id", r->id, ",\n");
    if (r->void_state != NOT_VOID) void_line(out, r);
    for (size_t i = 0; i < r->fields_len; i++) {
        open_line(out, r->fields[i].name);
        if (r->fields[i].conflict)
            conflict_value(out, &r->fields[i]);
        else
            json_write(out, field_value(&r->fields[i]));
        buf_adds(out, ",\n");
    }
    text_line(out, "_type", r->type, "\n}\n");
}

/* ---- JSON for cli.md ---- */

/* An object under construction: the first failure sticks. */
struct object {
    struct arena *arena;
    struct jv *value; /* NULL once something has failed */
};

static struct object object_new(struct arena *a)
{
    return (struct object){a, jv_object(a)};
}

static void put(struct object *o, const char *key, const struct jv *value)
{
    if (o->value && jv_put(o->arena, o->value, key, value)) o->value = NULL;
}

static void put_str(struct object *o, const char *key, const char *s)
{
    put(o, key, jv_string(o->arena, s));
}

struct namer {
    const char *(*name_of)(void *ctx, const char *kit);
    void *ctx;
};

static const char *name_known(const struct namer *n, const char *kit)
{
    return n->name_of ? n->name_of(n->ctx, kit) : kit;
}

/* "entry", "by" and "at" of whoever did something. */
static void put_author(struct object *o, const struct entry *e, const struct namer *n)
{
    const char *name = name_known(n, e->kit);
    char *place = arena_printf(o->arena, "%s:%lld", e->kit, (long long)e->seq);
    put(o, "entry", place ? jv_string(o->arena, place) : NULL);
    put_str(o, "by", name ? name : e->kit);
    put_str(o, "at", e->at);
}

static struct jv *conflict_json(struct arena *a, const struct fold_field *f, const struct namer *n)
{
    struct jv *heads = jv_array(a);
    for (size_t i = 0; heads && i < f->heads_len; i++) {
        struct object head = object_new(a);
        put(&head, "value", f->heads[i].value);
        put_str(&head, "id", f->heads[i].by->entry->id);
        put_author(&head, f->heads[i].by->entry, n);
        if (jv_push(a, heads, head.value)) return NULL;
    }
    return heads;
}

static struct jv *void_json(struct arena *a, const struct fold_record *r, const struct namer *n)
{
    if (r->void_state == NOT_VOID) return jv_null(a);
    struct object o = object_new(a);
    put_author(&o, r->voided_by->entry, n);
    put_str(&o, "why", r->voided_by->entry->why);
    put(&o, "conflict", jv_bool(a, r->void_state == VOID_CONFLICT));
    return o.value;
}

struct jv *record_json(struct arena *a, const struct fold_record *r,
    const char *(*name_of)(void *ctx, const char *kit), void *ctx)
{
    struct namer n = {name_of, ctx};
    struct object o = object_new(a), fields = object_new(a), conflicts = object_new(a);
    for (size_t i = 0; i < r->fields_len; i++) {
        const struct fold_field *f = &r->fields[i];
        if (f->conflict)
            put(&conflicts, f->name, conflict_json(a, f, &n));
        else
            put(&fields, f->name, field_value(f));
    }
    put_str(&o, "id", r->id);
    put_str(&o, "type", r->type);
    put_str(&o, "case", r->case_name);
    put(&o, "fields", fields.value);
    put(&o, "conflicts", conflicts.value);
    put(&o, "void", void_json(a, r, &n));
    return o.value;
}

/* ---- history ---- */

/* An entry of the record on its way into the order: behind the author's one before, and behind what it has
 * seen. */
struct step {
    const struct held *held;
    struct step *before; /* the same kit's entry before it; NULL: none */
    int64_t at;          /* seconds since 1970 */
    size_t field, seen;  /* the cause to be looked at next */
    struct step *effect; /* who waits for it */
    bool entered;
};

struct history {
    struct arena *arena;
    struct map by_id;      /* struct step */
    struct step **by_time; /* then by id */
    size_t len;
};

static int compare_steps(const void *x, const void *y)
{
    const struct step *a = *(const struct step *const *)x, *b = *(const struct step *const *)y;
    if (a->at != b->at) return a->at < b->at ? -1 : 1;
    return strcmp(a->held->entry->id, b->held->entry->id);
}

static int read_steps(struct history *h, const struct fold_record *r)
{
    struct step *steps = arena_alloc(h->arena, (r->entries_len + 1) * sizeof *steps);
    struct step **by_time = arena_alloc(h->arena, (r->entries_len + 1) * sizeof(struct step *));
    if (!steps || !by_time) return ERR_ROAD;
    for (size_t i = 0; i < r->entries_len; i++) {
        struct step *s = &steps[i];
        const struct entry *e = r->entries[i]->entry;
        int offset_minutes;
        s->held = r->entries[i];
        if (!time_read(&s->at, &offset_minutes, e->at)) s->at = 0;
        if (i > 0 && strcmp(r->entries[i - 1]->entry->kit, e->kit) == 0) s->before = s - 1;
        by_time[i] = s;
        int rc = map_put(&h->by_id, e->id, s);
        if (rc) return rc;
    }
    qsort(by_time, r->entries_len, sizeof(struct step *), compare_steps);
    h->by_time = by_time;
    h->len = r->entries_len;
    return 0;
}

/* An entry that this one came after and that has not been entered; NULL when there is none (more). */
static struct step *next_cause(const struct history *h, struct step *s)
{
    const struct entry *e = s->held->entry;
    if (s->before && !s->before->entered) return s->before;
    for (; s->field < e->fields_len; s->field++, s->seen = 0) {
        const struct entry_field *f = &e->fields[s->field];
        while (s->seen < f->seen_len) {
            struct step *cause = map_get(&h->by_id, f->seen[s->seen++]);
            if (cause && !cause->entered) return cause;
        }
    }
    return NULL;
}

static const struct jv *value_of(const struct history *h, const char *id, const char *field)
{
    const struct step *s = map_get(&h->by_id, id);
    const struct entry_field *f = s ? entry_field(s->held->entry, field) : NULL;
    return f ? f->value : NULL;
}

/* What the field showed to the author: a value, or {"conflict":[…]} of several; NULL where it was empty or
 * has not arrived. */
static const struct jv *old_value(const struct history *h, const struct entry_field *f, bool *failed)
{
    const struct jv *old = NULL;
    struct jv *several = jv_array(h->arena);
    bool differ = false;
    for (size_t i = 0; i < f->seen_len && several; i++) {
        const struct jv *v = value_of(h, f->seen[i], f->name);
        if (!v) continue;
        if (old && !jv_equal(old, v)) differ = true;
        old = v;
        if (jv_push(h->arena, several, v)) several = NULL;
    }
    struct object conflict = object_new(h->arena);
    put(&conflict, "conflict", several);
    if (!conflict.value) *failed = true;
    return differ ? conflict.value : old;
}

static const char *signature_word(const struct held *held, const struct namer *n)
{
    if (!entry_signature_good(held->entry, held->public_key)) return "bad";
    return name_known(n, held->entry->kit) ? "good" : "unknown key";
}

static const char *verdict_word(enum verdict v)
{
    switch (v) {
    case VERDICT_GOOD:
        return "good";
    case VERDICT_WAITING:
        return "waiting";
    default:
        return "quarantined";
    }
}

static struct jv *step_json(const struct history *h, const struct held *held, const struct namer *n)
{
    const struct entry *e = held->entry;
    struct object o = object_new(h->arena), set = object_new(h->arena), old = object_new(h->arena);
    bool failed = false;
    for (size_t i = 0; i < e->fields_len; i++) {
        const struct jv *before = old_value(h, &e->fields[i], &failed);
        put(&set, e->fields[i].name, e->fields[i].value);
        if (before) put(&old, e->fields[i].name, before);
    }
    put_author(&o, e, n);
    put_str(&o, "id", e->id);
    put(&o, "set", set.value);
    put(&o, "old", old.value);
    put_str(&o, "why", e->why);
    put_str(&o, "signature", signature_word(held, n));
    put_str(&o, "verdict", verdict_word(held->verdict));
    if (held->reason) put_str(&o, "reason", held->reason);
    return failed ? NULL : o.value;
}

/* Appends the entry behind its causes. A circle, which only forged chains can make, is cut where it closes.
 */
static int append_step(const struct history *h, struct step *s, struct jv *out, const struct namer *n)
{
    s->entered = true;
    while (s) {
        struct step *cause = next_cause(h, s);
        if (cause) {
            cause->entered = true;
            cause->effect = s;
            s = cause;
            continue;
        }
        int rc = jv_push(h->arena, out, step_json(h, s->held, n));
        if (rc) return rc;
        s = s->effect;
    }
    return 0;
}

struct jv *record_history(struct arena *a, const struct fold_record *r,
    const char *(*name_of)(void *ctx, const char *kit), void *ctx)
{
    struct namer n = {name_of, ctx};
    struct history h = {.arena = a};
    struct jv *out = jv_array(a);
    map_init(&h.by_id);
    int rc = out ? read_steps(&h, r) : ERR_ROAD;
    for (size_t i = 0; i < h.len && !rc; i++)
        if (!h.by_time[i]->entered) rc = append_step(&h, h.by_time[i], out, &n);
    map_release(&h.by_id);
    return rc ? NULL : out;
}

/* ---- words ---- */

/* Control characters, the bidirectional ones, and others that are not seen (Unicode Cc, Cf, Zl, Zp). */
static const struct {
    uint32_t first, last;
} unseen[] = {
    {0x0, 0x1f},
    {0x7f, 0x9f},
    {0xad, 0xad},
    {0x600, 0x605},
    {0x61c, 0x61c},
    {0x6dd, 0x6dd},
    {0x70f, 0x70f},
    {0x890, 0x891},
    {0x8e2, 0x8e2},
    {0x180e, 0x180e},
    {0x200b, 0x200f},
    {0x2028, 0x202e},
    {0x2060, 0x206f},
    {0xfeff, 0xfeff},
    {0xfff9, 0xfffb},
    {0x110bd, 0x110bd},
    {0x110cd, 0x110cd},
    {0x13430, 0x1343f},
    {0x1bca0, 0x1bca3},
    {0x1d173, 0x1d17a},
    {0xe0000, 0xe0fff},
};

static bool is_unseen(uint32_t c)
{
    for (size_t i = 0; i < sizeof unseen / sizeof *unseen; i++)
        if (c >= unseen[i].first && c <= unseen[i].last) return true;
    return false;
}

static void add_shown_bytes(struct buf *out, const char *s, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)s[i];
        if (c < 0x20 || c >= 0x7f)
            buf_addf(out, "\\x%02x", c);
        else
            buf_addc(out, c);
    }
}

void buf_add_shown(struct buf *out, const char *s, size_t len)
{
    if (!utf8_valid(s, len)) {
        add_shown_bytes(out, s, len);
        return;
    }
    for (const char *end = s + len, *next = s; s < end; s = next) {
        uint32_t c = utf8_next(&next);
        if (is_unseen(c))
            buf_addf(out, "\\u{%lX}", (unsigned long)c);
        else
            buf_add(out, s, (size_t)(next - s));
    }
}

/* The longest run of whole characters within max bytes. */
static size_t cut_at(const char *s, size_t len, size_t max)
{
    if (len <= max) return len;
    size_t cut = max;
    while (cut > 0 && ((unsigned char)s[cut] & 0xc0) == 0x80) cut--;
    return cut;
}

static void add_cut(struct buf *out, const char *s, size_t len)
{
    size_t cut = cut_at(s, len, SHOWN_VALUE_MAX);
    buf_add_shown(out, s, cut);
    if (cut < len) buf_adds(out, "…");
}

static void add_value(struct buf *out, const struct jv *v)
{
    struct buf json;
    if (v->type == JV_STRING) {
        add_cut(out, v->string, v->len);
    } else if (v->type == JV_NULL) {
        buf_adds(out, "(empty)");
    } else {
        buf_init(&json, ENTRY_MAX_BYTES);
        json_write(&json, v);
        add_cut(out, buf_str(&json), json.len);
        buf_release(&json);
    }
}

/* What an author saw is a head of the field nearly always: a long history need not be searched for it. */
static const struct jv *value_set_by(const struct fold_record *r, const char *entry_id, const char *field)
{
    const struct fold_field *heads = record_field(r, field);
    for (size_t i = 0; heads && i < heads->heads_len; i++)
        if (strcmp(heads->heads[i].by->entry->id, entry_id) == 0) return heads->heads[i].value;
    for (size_t i = 0; i < r->entries_len; i++) {
        if (strcmp(r->entries[i]->entry->id, entry_id) != 0) continue;
        const struct entry_field *f = entry_field(r->entries[i]->entry, field);
        return f ? f->value : NULL;
    }
    return NULL;
}

/* The values that its author saw and replaced; not those that others set meanwhile, which stand beside it. */
static void add_old(struct buf *out, const struct entry_field *f, const struct fold_record *before)
{
    bool any = false;
    for (size_t i = 0; before && i < f->seen_len; i++) {
        const struct jv *v = value_set_by(before, f->seen[i], f->name);
        if (!v) continue;
        if (any) buf_adds(out, " | ");
        add_value(out, v);
        any = true;
    }
    if (any) buf_adds(out, " → ");
}

/* "grade minor → major", "team +person/k…-3", "void", "void taken back" */
static void add_change(struct buf *out, const struct entry_field *f, const struct fold_record *before)
{
    const char *dot = strchr(f->name, '.');
    bool yes = f->value->type == JV_BOOL && f->value->boolean;
    if (strcmp(f->name, "void") == 0) {
        buf_adds(out, yes ? "void" : "void taken back");
    } else if (dot && (f->value->type == JV_BOOL || f->value->type == JV_NULL)) {
        buf_add_shown(out, f->name, (size_t)(dot - f->name));
        buf_adds(out, yes ? " +" : " -");
        buf_add_shown(out, dot + 1, strlen(dot + 1));
    } else {
        buf_add_shown(out, f->name, strlen(f->name));
        buf_addc(out, ' ');
        add_old(out, f, before);
        add_value(out, f->value);
    }
}

void change_subject(struct buf *out, const struct entry *e, const struct fold_record *before)
{
    struct buf words;
    const char *slash = strchr(e->record, '/');
    buf_init(&words, BUF_UNLIMITED);
    buf_addf(&words, "%.*s %s: %s", (int)(slash - e->record), e->record, slash + 1, e->creates ? "new" : "");
    for (size_t i = 0; i < e->fields_len; i++) {
        if (i > 0 || e->creates) buf_adds(&words, ", ");
        add_change(&words, &e->fields[i], before);
    }
    size_t cut = cut_at(buf_str(&words), words.len, SUBJECT_MAX);
    if (cut < words.len) cut = cut_at(buf_str(&words), words.len, SUBJECT_MAX - strlen("…"));
    buf_add(out, words.data, cut);
    if (cut < words.len) buf_adds(out, "…");
    if (!out->error) out->error = buf_error(&words);
    buf_release(&words);
}
