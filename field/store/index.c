/* The hub's index in SQLite; rebuildable, so it need not survive a power cut: synchronous=OFF, and a tip a
 * case that is written in the same transaction as its rows. */
#include "satchel/store/index.h"

#include <stdlib.h>
#include <string.h>

#include "satchel/replica/state.h"

struct index {
    struct db *db;
};

#define INDEX_VERSION 3
#define TEXT_OF(number) #number
#define IN_SQL(number) TEXT_OF(number)

static const char drop_all[] = "DROP TABLE IF EXISTS tip; DROP TABLE IF EXISTS entry; DROP TABLE IF EXISTS record;"
                               "DROP TABLE IF EXISTS span;";

/* Spans lie in the order of their ends, so that those of a day are read in one run. */
static const char schema[] =
    "CREATE TABLE IF NOT EXISTS tip(case_name TEXT PRIMARY KEY, tip TEXT NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS entry(case_name TEXT NOT NULL, record TEXT NOT NULL, kit TEXT NOT NULL, seq "
    "INTEGER NOT NULL,"
    " id TEXT NOT NULL, verdict INTEGER NOT NULL, PRIMARY KEY(case_name, record, kit, seq, id)) WITHOUT "
    "ROWID;"
    "CREATE TABLE IF NOT EXISTS record(case_name TEXT NOT NULL, id TEXT NOT NULL, type TEXT NOT NULL, void "
    "INTEGER NOT NULL,"
    " conflicts INTEGER NOT NULL, fields TEXT NOT NULL, PRIMARY KEY(id, case_name)) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS span(to_day INTEGER NOT NULL, from_day INTEGER NOT NULL, case_name TEXT NOT NULL, place "
    "INTEGER NOT NULL, what INTEGER NOT NULL, due INTEGER NOT NULL, remind_days INTEGER NOT NULL, rule TEXT NOT NULL,"
    " certificate TEXT, number TEXT, record TEXT, PRIMARY KEY(to_day, from_day, case_name, place)) WITHOUT ROWID;"
    "CREATE INDEX IF NOT EXISTS span_of_case ON span(case_name);"
    "CREATE INDEX IF NOT EXISTS record_of_type ON record(type, case_name);"
    "CREATE INDEX IF NOT EXISTS record_in_conflict ON record(case_name) WHERE conflicts > 0;"
    "PRAGMA user_version=" IN_SQL(INDEX_VERSION);

/* One of another version is thrown away: all of it can be made anew. */
static int prepare(struct db *d)
{
    db_exec(d, "PRAGMA journal_mode=DELETE; PRAGMA synchronous=OFF");
    struct db_stmt *s = db_query(d, "PRAGMA user_version", "");
    bool ours = db_row(s) && db_int(s, 0) == INDEX_VERSION;
    db_done(s);
    db_exec(d, "BEGIN IMMEDIATE");
    if (!ours) db_exec(d, drop_all);
    if (!ours) db_exec(d, schema);
    int r = db_error(d);
    db_exec(d, r ? "ROLLBACK" : "COMMIT");
    int rc = db_error(d);
    return r ? r : rc;
}

int index_open(struct index **out, const char *path)
{
    struct index *x = calloc(1, sizeof *x);
    if (!x) return err_memory();
    int r = db_open(&x->db, path);
    if (!r) r = prepare(x->db);
    if (r) {
        index_close(x);
        return r;
    }
    *out = x;
    return 0;
}

void index_close(struct index *x)
{
    if (!x) return;
    db_close(x->db);
    free(x);
}

struct db *index_db(struct index *x)
{
    return x->db;
}

bool index_is_at(struct index *x, const char *case_name, const char *tip)
{
    struct db_stmt *s =
        db_query(x->db, "SELECT 1 FROM tip WHERE case_name=? AND tip=?", "ss", case_name, tip);
    bool yes = db_row(s);
    db_done(s);
    return yes;
}

static void put_entry(struct index *x, const struct held *h)
{
    const struct entry *e = h->entry;
    db_run(x->db, "INSERT OR REPLACE INTO entry VALUES(?,?,?,?,?,?)", "sssisi", e->case_name, e->record,
        e->kit, e->seq, e->id, (int64_t)h->verdict);
}

static int put_record(struct index *x, const struct fold_record *r)
{
    struct arena a;
    struct buf b;
    arena_init(&a);
    buf_init(&b, BUF_UNLIMITED);
    struct jv *o = record_json(&a, r, NULL, NULL);
    if (o) json_write(&b, jv_get(o, "fields"));
    int rc = o ? buf_error(&b) : err_memory();
    if (!rc)
        db_run(x->db, "INSERT OR REPLACE INTO record VALUES(?,?,?,?,?,?)", "sssiis", r->case_name, r->id,
            r->type, (int64_t)r->void_state, (int64_t)r->conflicts, buf_str(&b));
    buf_release(&b);
    arena_release(&a);
    return rc;
}

static int merge_some(
    struct index *x, struct fold *f, const char *case_name, const struct held *const *entries, size_t len)
{
    struct map touched;
    int r = 0;
    map_init(&touched);
    for (size_t i = 0; i < len && !r; i++) {
        put_entry(x, entries[i]);
        if (map_get(&touched, entries[i]->entry->record)) continue;
        const struct fold_record *record = fold_record(f, case_name, entries[i]->entry->record);
        if (record) r = put_record(x, record);
        if (!r) r = map_put(&touched, entries[i]->entry->record, x);
    }
    map_release(&touched);
    return r;
}

static int merge_all(struct index *x, struct fold *f, const char *case_name)
{
    const struct fold_record *const *records;
    size_t len;
    db_run(x->db, "DELETE FROM entry WHERE case_name=?", "s", case_name);
    db_run(x->db, "DELETE FROM record WHERE case_name=?", "s", case_name);
    int r = fold_records(f, case_name, &records, &len);
    for (size_t i = 0; i < len && !r; i++) {
        for (size_t k = 0; k < records[i]->entries_len; k++) put_entry(x, records[i]->entries[k]);
        r = put_record(x, records[i]);
    }
    return r;
}

static void put_spans(struct index *x, const struct index_change *change)
{
    db_run(x->db, "DELETE FROM span WHERE case_name=?", "s", change->case_name);
    for (size_t i = 0; i < change->spans_len; i++) {
        const struct index_span *s = &change->spans[i];
        db_run(x->db, "INSERT INTO span VALUES(?,?,?,?,?,?,?,?,?,?,?)", "iisiiiissss", s->to, s->from, change->case_name,
            (int64_t)i, s->what, s->due, s->remind_days, s->rule, s->certificate, s->number, s->record);
    }
}

static bool is_known(struct index *x, const char *case_name)
{
    struct db_stmt *s = db_query(x->db, "SELECT 1 FROM tip WHERE case_name=?", "s", case_name);
    bool yes = db_row(s);
    db_done(s);
    return yes;
}

static int merge(struct index *x, struct fold *f, const struct index_change *change)
{
    bool some = change->entries && is_known(x, change->case_name);
    int r = some ? merge_some(x, f, change->case_name, change->entries, change->entries_len) : merge_all(x, f, change->case_name);
    if (!r) put_spans(x, change);
    db_run(x->db, "INSERT OR REPLACE INTO tip VALUES(?,?)", "ss", change->case_name, change->tip);
    int rc = db_error(x->db);
    return r ? r : rc;
}

int index_merge(struct index *x, struct fold *f, const struct index_change *change)
{
    db_exec(x->db, "BEGIN IMMEDIATE");
    int r = merge(x, f, change);
    db_exec(x->db, r ? "ROLLBACK" : "COMMIT");
    int rc = db_error(x->db);
    if (!r) r = rc;
    if (r) db_run(x->db, "DELETE FROM tip WHERE case_name=?", "s", change->case_name);
    rc = db_error(x->db);
    return r ? r : rc;
}

int index_forget(struct index *x)
{
    db_exec(x->db, "DELETE FROM tip");
    return db_error(x->db);
}

/* ---- the calendar ---- */

static int take_span(struct db_stmt *s, struct arena *a, struct index_span *out)
{
    const char *texts[5];
    for (int i = 0; i < 5; i++) {
        const char *text = db_text(s, i);
        texts[i] = text ? arena_strdup(a, text) : NULL;
        if (text && !texts[i]) return err_memory();
    }
    *out = (struct index_span){texts[0], texts[1], texts[2], texts[3], texts[4], db_int(s, 5), db_int(s, 6), db_int(s, 7),
        db_int(s, 8), db_int(s, 9)};
    return 0;
}

static struct db_stmt *query_spans(struct index *x, int32_t on, const char *case_name)
{
    if (case_name)
        return db_query(x->db,
            "SELECT case_name, certificate, number, record, rule, what, due, remind_days, from_day, to_day FROM span "
            "WHERE case_name=?2 AND to_day>=?1 AND from_day<=?1", "is", (int64_t)on, case_name);
    return db_query(x->db,
        "SELECT case_name, certificate, number, record, rule, what, due, remind_days, from_day, to_day FROM span "
        "WHERE to_day>=?1 AND from_day<=?1", "i", (int64_t)on);
}

/* The case as it is called here, ignoring case of letters. */
static int find_case(struct index *x, const char *name, struct arena *a, const char **out)
{
    struct db_stmt *s = db_query(x->db, "SELECT case_name FROM tip WHERE case_name=? COLLATE NOCASE", "s", name);
    bool found = db_row(s);
    if (found) *out = arena_strdup(a, db_text(s, 0));
    db_done(s);
    int r = db_error(x->db);
    if (r) return r;
    if (!found) return err_set(ERR_MISSING, "there is no case '%s' here", name);
    return *out ? 0 : err_memory();
}

int index_calendar(
    struct index *x, int32_t on, const char *case_name, struct arena *a, struct index_span **out, size_t *len)
{
    size_t n = 0, cap = 0;
    struct index_span *list = NULL;
    int r = case_name ? find_case(x, case_name, a, &case_name) : 0;
    if (r) return r;
    struct db_stmt *s = query_spans(x, on, case_name);
    while (!r && db_row(s)) {
        if (n == cap) {
            cap = cap ? 2 * cap : 64;
            struct index_span *grown = arena_alloc(a, cap * sizeof *grown);
            r = grown ? 0 : ERR_ROAD;
            if (!r && n) memcpy(grown, list, n * sizeof *list);
            list = grown;
        }
        if (!r) r = take_span(s, a, &list[n++]);
    }
    db_done(s);
    int rc = db_error(x->db);
    if (r || rc) return r ? r : rc;
    *out = list;
    *len = n;
    return 0;
}

static int take_case(struct db_stmt *s, struct arena *a, struct index_case *out)
{
    const char *name = db_text(s, 0), *organisation = db_text(s, 1);
    out->case_name = name ? arena_strdup(a, name) : NULL;
    out->organisation = organisation ? arena_strdup(a, organisation) : NULL;
    out->conflicts = db_int(s, 2);
    return out->case_name && (out->organisation || !organisation) ? 0 : ERR_ROAD;
}

int index_cases(struct index *x, struct arena *a, struct index_case **out, size_t *len)
{
    size_t n = 0, cap = 0;
    struct index_case *list = NULL;
    int r = 0;
    struct db_stmt *s = db_query(x->db,
        "SELECT case_name,"
        " (SELECT json_extract(fields, '$.name') FROM record WHERE type='organisation' AND case_name=tip.case_name AND void=0 LIMIT 1),"
        " (SELECT count(*) FROM record WHERE case_name=tip.case_name AND conflicts > 0)"
        " FROM tip WHERE case_name<>?1 ORDER BY case_name", "s", REGISTER_CASE);
    while (!r && db_row(s)) {
        if (n == cap) {
            cap = cap ? 2 * cap : 64;
            struct index_case *grown = arena_alloc(a, cap * sizeof *grown);
            r = grown ? 0 : ERR_ROAD;
            if (!r && n) memcpy(grown, list, n * sizeof *list);
            list = grown;
        }
        if (!r) r = take_case(s, a, &list[n++]);
    }
    db_done(s);
    int rc = db_error(x->db);
    if (r || rc) return r ? r : rc;
    *out = list;
    *len = n;
    return 0;
}

/* A whole id finds its row by key; a tail looks through the ids. */
static int find_record(struct index *x, const char *text, const char *case_name, struct arena *a,
    const char **record, const char **found_case)
{
    struct record_id id;
    bool whole = record_id_read(&id, text);
    const char *sql = whole ? "SELECT id, case_name FROM record WHERE id=?1 AND (?2 IS NULL OR case_name=?2)"
                            : "SELECT id, case_name FROM record WHERE substr(id, -length(?1))=?1 AND "
                              "substr(id, -length(?1)-1, 1) IN ('/','-') AND (?2 IS NULL OR case_name=?2)";
    struct db_stmt *s = db_query(x->db, sql, "ss", text, case_name);
    int n = 0;
    while (db_row(s)) {
        if (n++) continue;
        *record = arena_strdup(a, db_text(s, 0));
        *found_case = arena_strdup(a, db_text(s, 1));
    }
    int r = db_error(x->db);
    if (r) return r;
    if (!n) return err_set(ERR_MISSING, "there is no record '%s'", text);
    if (n > 1)
        return err_set(ERR_INPUT,
            "'%s' may be any of %d records; give more of its id, or name the case: --case C", text, n);
    return *record && *found_case ? 0 : err_memory();
}

int index_record(struct index *x, const char *text, const char *case_name, struct arena *a,
    struct index_entry **out, size_t *len)
{
    const char *record = NULL, *found_case = NULL;
    size_t n = 0, cap = 0;
    struct index_entry *list = NULL;
    int r = find_record(x, text, case_name, a, &record, &found_case);
    if (r) return r;
    struct db_stmt *s =
        db_query(x->db, "SELECT kit, seq, id FROM entry WHERE case_name=? AND record=? ORDER BY kit, seq, id",
            "ss", found_case, record);
    while (db_row(s)) {
        if (n == cap) {
            size_t more = cap ? cap * 2 : 16;
            struct index_entry *grown = arena_alloc(a, more * sizeof *grown);
            if (!grown) {
                db_done(s);
                return err_memory();
            }
            if (n) memcpy(grown, list, n * sizeof *list);
            list = grown;
            cap = more;
        }
        list[n++] = (struct index_entry){
            found_case, record, arena_strdup(a, db_text(s, 0)), arena_strdup(a, db_text(s, 2)), db_int(s, 1)};
    }
    r = db_error(x->db);
    if (r) return r;
    *out = list;
    *len = n;
    return 0;
}
