/* The view over a fold: lists, names, tables and search.
 *
 * What is derived (tables, search index) follows the fold by stamps: of each case its version, of each record
 * a hash of its entries and their verdicts, on which alone its state depends. After any failure all that is
 * derived is thrown away; the next call derives it anew. */
#include "satchel/store/view.h"

#include <stdlib.h>
#include <string.h>

#include "search.h"

#define REGISTER_LINK "register:"
#define CANDIDATES_SHOWN 5

/* One record, as it was last derived. */
struct row {
    const char *case_name, *record;
    uint64_t stamp;
    int64_t number; /* its rowid in `record`, or its latest one in `search`; 0: none yet */
};

struct view_case {
    uint64_t version;
    struct map rows;
};

/* Something derived from every record, and how far it has followed. */
struct follower {
    bool on;
    struct map cases; /* struct view_case */
    int (*put)(struct view *v, struct row *row, const struct fold_record *r);
};

struct view {
    struct store *store; /* NULL: over a fold */
    struct fold *fold;
    uint64_t generation; /* of the store's fold */
    struct forms *forms;
    struct db *db;
    struct arena arena; /* rows and their names */
    struct follower tables, index;
    int64_t last_row;
    struct row **documents; /* by rowid in `search` less one; stale where its row has gone on to another */
    size_t documents_len, documents_cap;
    bool searched; /* a scan has answered once */
};

static int put_tables(struct view *v, struct row *row, const struct fold_record *r);
static int put_index(struct view *v, struct row *row, const struct fold_record *r);

/* ---- life ---- */

static void follower_reset(struct follower *f)
{
    for (size_t i = 0; i < f->cases.cap; i++) {
        struct view_case *c = f->cases.slots[i].key ? f->cases.slots[i].value : NULL;
        if (c) map_release(&c->rows);
    }
    map_release(&f->cases);
    f->on = false;
}

static void reset(struct view *v)
{
    follower_reset(&v->tables);
    follower_reset(&v->index);
    free(v->documents);
    v->documents = NULL;
    v->documents_len = v->documents_cap = 0;
    v->last_row = 0;
    arena_release(&v->arena);
    db_close(v->db);
    v->db = NULL;
}

int view_new_over(struct view **out, struct fold *f, struct forms *forms)
{
    struct view *v = calloc(1, sizeof *v);
    if (!v) return err_memory();
    v->fold = f;
    v->forms = forms;
    v->tables.put = put_tables;
    v->index.put = put_index;
    arena_init(&v->arena);
    *out = v;
    return 0;
}

int view_new(struct view **out, struct store *s)
{
    int rc = view_new_over(out, store_fold(s), store_forms(s));
    if (rc == 0) (*out)->store = s;
    return rc;
}

void view_free(struct view *v)
{
    if (!v) return;
    reset(v);
    free(v);
}

/* The fold as of now: a store that joins a hub begins another one. */
static struct fold *fold_now(struct view *v)
{
    struct fold *now = v->store ? store_fold(v->store) : v->fold;
    uint64_t generation = v->store ? store_generation(v->store) : 0; /* another fold may lie where the first one was */
    if (now != v->fold || generation != v->generation) reset(v);
    v->generation = generation;
    v->fold = now;
    return now;
}

/* ---- text of a record ---- */

static void add_choice(struct buf *out, const struct form_field *field, const char *value)
{
    for (size_t i = 0; i < field->choices_len; i++) {
        if (strcmp(field->choices[i].value, value) != 0) continue;
        buf_adds(out, label_text(&field->choices[i].label));
        return;
    }
    buf_adds(out, value);
}

void view_title(struct buf *out, const struct forms *forms, const struct fold_record *r)
{
    const struct form *form = forms_current(forms, r->type);
    if (!form && r->created) form = forms_find(forms, r->created->entry->form); /* a type of another scheme */
    const struct jv *summary = form ? jv_get(form->json, "summary") : NULL;
    size_t before = out->len;
    for (size_t i = 0; summary && summary->type == JV_ARRAY && i < summary->len; i++) {
        const char *member, *name = jv_str(summary->items[i]), *value = name ? record_str(r, name) : NULL;
        const struct form_field *field = value ? form_field(form, name, &member) : NULL;
        if (!field || field->kind == FIELD_LINK || !*value) continue;
        if (out->len > before) buf_addc(out, ' ');
        add_choice(out, field, value);
    }
    if (out->len == before) buf_adds(out, r->id);
}

/* All text values in lower case, a line end after each. */
static int searchable(struct buf *out, const struct fold_record *r)
{
    buf_clear(out);
    for (size_t i = 0; i < r->fields_len; i++) {
        for (size_t k = 0; k < r->fields[i].heads_len; k++) {
            const struct jv *v = r->fields[i].heads[k].value;
            if (v->type != JV_STRING) continue;
            buf_add(out, v->string, v->len);
            buf_addc(out, '\n');
        }
    }
    int rc = buf_error(out);
    if (rc == 0) text_to_lower((char *)out->data);
    return rc;
}

/* ---- following the fold ---- */

static uint64_t stamp_of(const struct fold_record *r)
{
    uint64_t h = 0xcbf29ce484222325u;
    for (size_t i = 0; i < r->entries_len; i++) {
        h = (h ^ (uint64_t)(uintptr_t)r->entries[i]->entry) * 0x100000001b3u;
        h = (h ^ (uint64_t)r->entries[i]->verdict) * 0x100000001b3u;
    }
    return h;
}

static struct view_case *case_of(struct view *v, struct follower *f, const char *name)
{
    struct view_case *c = map_get(&f->cases, name);
    if (c) return c;
    const char *key = arena_strdup(&v->arena, name);
    c = arena_alloc(&v->arena, sizeof *c);
    if (!key || !c) return NULL;
    map_init(&c->rows);
    return map_put(&f->cases, key, c) == 0 ? c : NULL;
}

static struct row *row_of(struct view *v, struct view_case *c, const struct fold_record *r)
{
    struct row *row = map_get(&c->rows, r->id);
    if (row) return row;
    row = arena_alloc(&v->arena, sizeof *row);
    if (!row) return NULL;
    row->case_name = arena_strdup(&v->arena, r->case_name);
    row->record = arena_strdup(&v->arena, r->id);
    if (!row->case_name || !row->record) return NULL;
    return map_put(&c->rows, row->record, row) == 0 ? row : NULL;
}

static int follow_record(struct view *v, struct follower *f, struct view_case *c, const struct fold_record *r)
{
    uint64_t stamp = stamp_of(r);
    struct row *row = row_of(v, c, r);
    if (!row) return ERR_ROAD;
    if (row->stamp == stamp) return 0;
    row->stamp = stamp;
    return f->put(v, row, r);
}

static int follow_case(struct view *v, struct follower *f, const char *name)
{
    const struct fold_record *const *records;
    size_t len;
    uint64_t version = fold_case_version(v->fold, name);
    struct view_case *c = case_of(v, f, name);
    if (!c) return ERR_ROAD;
    if (c->version == version) return 0;
    int rc = fold_records(v->fold, name, &records, &len);
    for (size_t i = 0; i < len && rc == 0; i++) rc = follow_record(v, f, c, records[i]);
    if (rc == 0) c->version = version;
    return rc;
}

static int follow_all(struct view *v, struct follower *f)
{
    size_t len;
    const char *const *names = fold_cases(v->fold, &len);
    int rc = 0;
    db_exec(v->db, "BEGIN");
    for (size_t i = 0; i < len && rc == 0; i++) rc = follow_case(v, f, names[i]);
    db_exec(v->db, "COMMIT");
    int db_rc = db_error(v->db);
    return rc ? rc : db_rc;
}

static int open_db(struct view *v)
{
    if (v->db) return 0;
    int rc = db_open(&v->db, ":memory:");
    if (rc == 0) rc = search_register(v->db);
    if (rc) return rc;
    db_exec(v->db,
        "CREATE TABLE record(row INTEGER PRIMARY KEY, id TEXT, case_name TEXT, type TEXT, kit TEXT, number "
        "INT,"
        " void INT, conflicts INT, title TEXT);"
        "CREATE TABLE field(record TEXT, case_name TEXT, name TEXT, value TEXT);"
        "CREATE INDEX field_record ON field(record, case_name);"
        "CREATE INDEX record_type ON record(type, case_name);"
        "CREATE VIRTUAL TABLE search USING fts5(text, content='', columnsize=0, tokenize='bigram')");
    return db_error(v->db);
}

/* Turns a follower on, or brings it up to date. */
static int follow(struct view *v, struct follower *f)
{
    fold_now(v);
    int rc = open_db(v);
    if (rc == 0) rc = follow_all(v, f);
    f->on = rc == 0;
    if (rc) reset(v);
    return rc;
}

int view_refresh(struct view *v)
{
    fold_now(v);
    int rc = v->tables.on ? follow(v, &v->tables) : 0;
    if (rc == 0 && v->index.on) rc = follow(v, &v->index);
    return rc;
}

struct db *view_db(struct view *v)
{
    return follow(v, &v->tables) == 0 ? v->db : NULL;
}

/* ---- the tables ---- */

static int put_value(struct view *v, const struct row *row, const char *name, const struct jv *value)
{
    struct buf text;
    if (value->type == JV_NULL) return 0;
    buf_init(&text, BUF_UNLIMITED);
    if (value->type == JV_STRING)
        buf_adds(&text, value->string);
    else
        json_write(&text, value);
    int rc = buf_error(&text);
    if (rc == 0)
        db_run(v->db, "INSERT INTO field VALUES(?1, ?2, ?3, ?4)", "ssss", row->record, row->case_name, name,
            buf_str(&text));
    buf_release(&text);
    return rc;
}

/* One value of a field that agrees, each of one that does not. */
static int put_field(struct view *v, const struct row *row, const struct fold_field *f)
{
    int rc = 0;
    for (size_t i = 0; i < f->heads_len && rc == 0; i++) {
        rc = put_value(v, row, f->name, f->heads[i].value);
        if (!f->conflict) break;
    }
    return rc;
}

static int put_record(struct view *v, const struct row *row, const struct fold_record *r)
{
    struct record_id id;
    struct buf title;
    if (!record_id_read(&id, r->id)) return err_set(ERR_DAMAGED, "'%s' is not a record id", r->id);
    buf_init(&title, BUF_UNLIMITED);
    view_title(&title, v->forms, r);
    int rc = buf_error(&title);
    if (rc == 0)
        db_run(v->db, "INSERT INTO record VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)", "issssiiis",
            row->number, row->record, row->case_name, id.type, id.kit, (int64_t)id.number,
            (int64_t)r->void_state, (int64_t)r->conflicts, buf_str(&title));
    buf_release(&title);
    for (size_t i = 0; i < r->fields_len && rc == 0; i++) rc = put_field(v, row, &r->fields[i]);
    return rc;
}

static int put_tables(struct view *v, struct row *row, const struct fold_record *r)
{
    if (row->number) {
        db_run(v->db, "DELETE FROM record WHERE row = ?1", "i", row->number);
        db_run(v->db, "DELETE FROM field WHERE record = ?1 AND case_name = ?2", "ss", row->record,
            row->case_name);
    } else {
        row->number = ++v->last_row;
    }
    return r->applied ? put_record(v, row, r) : 0;
}

/* ---- lists ---- */

struct hits {
    struct arena *arena;
    struct view_hit *hits;
    size_t len, cap;
};

static int add_hit(struct hits *h, const char *case_name, const char *record)
{
    if (h->len == h->cap) {
        size_t cap = h->cap ? 2 * h->cap : 64;
        struct view_hit *larger = arena_alloc(h->arena, cap * sizeof *larger);
        if (!larger) return ERR_ROAD;
        if (h->len) memcpy(larger, h->hits, h->len * sizeof *larger);
        h->hits = larger;
        h->cap = cap;
    }
    struct view_hit *hit = &h->hits[h->len];
    hit->case_name = arena_strdup(h->arena, case_name);
    hit->record = arena_strdup(h->arena, record);
    if (!hit->case_name || !hit->record) return ERR_ROAD;
    h->len++;
    return 0;
}

/* Calls each record of a case (NULL: of all, case by case) until one call fails. */
static int each_record(
    struct view *v, const char *case_name, int (*each)(void *ctx, const struct fold_record *r), void *ctx)
{
    size_t cases_len, len;
    struct fold *fold = fold_now(v);
    const char *const *cases = fold_cases(fold, &cases_len);
    const char *only = case_name ? fold_case_named(fold, case_name) : NULL;
    int rc = 0;
    for (size_t i = 0; i < cases_len && rc == 0; i++) {
        const struct fold_record *const *records;
        if (case_name && (!only || strcmp(only, cases[i]) != 0)) continue;
        rc = fold_records(fold, cases[i], &records, &len);
        for (size_t k = 0; k < len && rc == 0; k++) rc = each(ctx, records[k]);
    }
    return rc;
}

struct listing {
    const char *type;
    const struct jv *where;
    bool voided;
    struct hits hits;
};

static bool equals(const struct fold_record *r, const char *name, const struct jv *wanted)
{
    const struct jv *value = record_value(r, name);
    if (value) return jv_equal(value, wanted);
    bool absent = record_field(r, name) == NULL;
    bool false_member = wanted->type == JV_BOOL && !wanted->boolean && strchr(name, '.');
    return absent && (wanted->type == JV_NULL || false_member);
}

static int list_record(void *ctx, const struct fold_record *r)
{
    struct listing *l = ctx;
    if (!r->applied || (r->void_state == VOID && !l->voided)) return 0;
    if (l->type && strcmp(r->type, l->type) != 0) return 0;
    for (size_t i = 0; l->where && i < l->where->len; i++) {
        if (!equals(r, l->where->keys[i], l->where->items[i])) return 0;
    }
    return add_hit(&l->hits, r->case_name, r->id);
}

int view_list(struct view *v, const char *type, const char *case_name, const struct jv *where, bool voided,
    struct arena *a, struct view_hit **out, size_t *len)
{
    struct listing l = {.type = type, .where = where, .voided = voided, .hits = {.arena = a}};
    int rc = each_record(v, case_name, list_record, &l);
    if (rc) return rc;
    *out = l.hits.hits;
    *len = l.hits.len;
    return 0;
}

/* ---- names ---- */

struct resolving {
    const char *text;
    size_t len;
    struct hits whole, tail; /* it is a whole part of the id; merely its end */
};

static int resolve_record(void *ctx, const struct fold_record *r)
{
    struct resolving *s = ctx;
    size_t len = strlen(r->id);
    if (len < s->len || strcmp(r->id + len - s->len, s->text) != 0) return 0;
    bool whole = len == s->len || strchr("/-", r->id[len - s->len - 1]);
    return add_hit(whole ? &s->whole : &s->tail, r->case_name, r->id);
}

static int name_candidates(const char *text, const struct hits *h)
{
    struct buf list;
    buf_init(&list, BUF_UNLIMITED);
    for (size_t i = 0; i < h->len && i < CANDIDATES_SHOWN; i++)
        buf_addf(&list, i ? ", %s (%s)" : "%s (%s)", h->hits[i].record, h->hits[i].case_name);
    int rc = buf_error(&list);
    if (rc == 0)
        rc = err_set(ERR_INPUT,
            "'%s' could be any of %zu records: %s; give more of the id, or name the case: --case C", text,
            h->len, buf_str(&list));
    buf_release(&list);
    return rc;
}

int view_resolve(
    struct view *v, const char *text, const char *case_name, struct arena *a, struct view_hit *out)
{
    size_t prefix = strlen(REGISTER_LINK);
    struct resolving s = {.text = text, .whole = {.arena = a}, .tail = {.arena = a}};
    if (strncmp(text, REGISTER_LINK, prefix) == 0) {
        s.text = text + prefix;
        case_name = REGISTER_CASE;
    }
    s.len = strlen(s.text);
    if (s.len == 0) return err_set(ERR_INPUT, "a record needs a name: type/id, or the end of its id");
    int rc = each_record(v, case_name, resolve_record, &s);
    if (rc) return rc;
    const struct hits *h = s.whole.len ? &s.whole : &s.tail;
    if (h->len == 0) return err_set(ERR_MISSING, "no record is called '%s'", text);
    if (h->len > 1) return name_candidates(text, h);
    *out = h->hits[0];
    return 0;
}

/* ---- search ---- */

struct found {
    struct view_hit hit;
    struct record_id id;
    size_t count;
};

struct search {
    struct words words;
    struct buf text;
    struct found *found;
    size_t len, cap;
    struct arena *arena;
};

static int make_room(struct search *s)
{
    if (s->len < s->cap) return 0;
    size_t cap = s->cap ? 2 * s->cap : 256;
    struct found *larger = realloc(s->found, cap * sizeof *larger);
    if (!larger) return err_memory();
    s->found = larger;
    s->cap = cap;
    return 0;
}

/* Takes the record in where it has all the words. */
static int try_record(void *ctx, const struct fold_record *r)
{
    struct search *s = ctx;
    int rc = r->applied ? searchable(&s->text, r) : 0;
    size_t count = rc == 0 && r->applied ? words_count(&s->words, buf_str(&s->text)) : 0;
    if (rc || count == 0) return rc;
    rc = make_room(s);
    if (rc) return rc;
    struct found *f = &s->found[s->len++];
    f->hit.case_name = arena_strdup(s->arena, r->case_name);
    f->hit.record = arena_strdup(s->arena, r->id);
    f->count = count;
    if (!f->hit.case_name || !f->hit.record) return ERR_ROAD;
    return record_id_read(&f->id, r->id) ? 0 : err_set(ERR_DAMAGED, "'%s' is not a record id", r->id);
}

static int add_document(struct view *v, struct row *row)
{
    if (v->documents_len == v->documents_cap) {
        size_t cap = v->documents_cap ? 2 * v->documents_cap : 1024;
        struct row **larger = realloc(v->documents, cap * sizeof *larger);
        if (!larger) return err_memory();
        v->documents = larger;
        v->documents_cap = cap;
    }
    v->documents[v->documents_len++] = row;
    row->number = (int64_t)v->documents_len;
    return 0;
}

/* A changed record becomes a new document; the old one is stale and passed over. */
static int put_index(struct view *v, struct row *row, const struct fold_record *r)
{
    struct buf text;
    row->number = 0;
    if (!r->applied) return 0;
    buf_init(&text, BUF_UNLIMITED);
    int rc = searchable(&text, r);
    if (rc == 0) rc = add_document(v, row);
    if (rc == 0)
        db_run(v->db, "INSERT INTO search(rowid, text) VALUES(?1, ?2)", "is", row->number, buf_str(&text));
    buf_release(&text);
    return rc;
}

/* The index names records; each is looked at again, to count. */
static int search_index(struct view *v, struct search *s)
{
    struct buf query;
    int rc = follow(v, &v->index);
    if (rc) return rc;
    buf_init(&query, BUF_UNLIMITED);
    words_match(&query, &s->words);
    rc = buf_error(&query);
    struct db_stmt *stmt =
        rc ? NULL : db_query(v->db, "SELECT rowid FROM search WHERE search MATCH ?1", "s", buf_str(&query));
    while (stmt && rc == 0 && db_row(stmt)) {
        int64_t number = db_int(stmt, 0);
        const struct row *row = v->documents[number - 1];
        const struct fold_record *r =
            row->number == number ? fold_record(v->fold, row->case_name, row->record) : NULL;
        if (r) rc = try_record(s, r);
    }
    if (stmt) db_done(stmt);
    int db_rc = db_error(v->db);
    buf_release(&query);
    return rc ? rc : db_rc;
}

static int compare_found(const void *a, const void *b)
{
    const struct found *x = a, *y = b;
    if (x->count != y->count) return x->count > y->count ? -1 : 1;
    int order = strcmp(x->id.type, y->id.type);
    if (order == 0) order = strcmp(x->id.kit, y->id.kit);
    if (order == 0) order = (x->id.number > y->id.number) - (x->id.number < y->id.number);
    return order ? order : strcmp(x->hit.case_name, y->hit.case_name);
}

static int hand_over(struct search *s, struct view_hit **out, size_t *len)
{
    struct view_hit *hits = arena_alloc(s->arena, (s->len + 1) * sizeof *hits);
    if (!hits) return ERR_ROAD;
    if (s->len) qsort(s->found, s->len, sizeof *s->found, compare_found);
    for (size_t i = 0; i < s->len; i++) hits[i] = s->found[i].hit;
    *out = hits;
    *len = s->len;
    return 0;
}

/* One scan costs a fraction of what filling the index does, so who asks only once gets a scan. */
int view_find(struct view *v, const char *words, struct arena *a, struct view_hit **out, size_t *len)
{
    struct search s = {.arena = a};
    int rc = words_split(&s.words, a, words);
    if (rc) return rc;
    buf_init(&s.text, BUF_UNLIMITED);
    rc = v->searched ? search_index(v, &s) : each_record(v, NULL, try_record, &s);
    v->searched = true;
    if (rc == 0) rc = hand_over(&s, out, len);
    buf_release(&s.text);
    free(s.found);
    return rc;
}
