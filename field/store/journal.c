/* The durable truth: journal.db, a SQLite database with application id "stch" and user_version 1.
 *
 *   journal(id, sealed)   one row an event, numbered 1, 2, 3 … without gap, never changed. Sealed in each (seal.c):
 *                           'E' verdict(1) reason(2 + n) public key(32) signature(64) entry's bytes
 *                           'V' verdict(1) reason(2 + n) id of the entry that is judged so from here on (32)
 *                           'X' 0(1) reason(2 + n) a line that is no entry, as it came
 *   receipt(id, sealed)   time(8) length(1) and name of the case, "" for a checkpoint; public key(32) signature(64) receipt's
 *                         bytes. Or, with 128 added to the length, the receipt in brief: after the name the number of the
 *                         row that it builds on (8), which is whole, and the id of the whole (32)
 *   setting(id, sealed)   setting.c
 *   unlock                unlock.c
 *
 * Numbers are big-endian. A reason has its length before it; 0 is none. Verdict: 0 good, 1 waiting, 2
 * quarantined. */
#include "internal.h"

#include <string.h>

#define APPLICATION_ID "1937007464" /* "stch" */
#define REASON_MAX 4096
#define ROW_MAX ((size_t)64 << 20)
#define ROW_HEAD (KEY_SIZE + SIGNATURE_SIZE)
#define IN_BRIEF 0x80 /* of the length of the case's name */

int journal_settings(struct db *d)
{
    db_exec(d, "PRAGMA journal_mode=DELETE; PRAGMA synchronous=EXTRA; PRAGMA secure_delete=ON;"
               "PRAGMA temp_store=MEMORY; PRAGMA trusted_schema=OFF; PRAGMA cell_size_check=ON;");
    return db_error(d);
}

int journal_create(struct db *d)
{
    db_exec(d, "PRAGMA application_id=" APPLICATION_ID "; PRAGMA user_version=1;"
               "CREATE TABLE journal(id INTEGER PRIMARY KEY, sealed BLOB NOT NULL) STRICT;"
               "CREATE TABLE receipt(id INTEGER PRIMARY KEY, sealed BLOB NOT NULL) STRICT;"
               "CREATE TABLE setting(id INTEGER PRIMARY KEY, sealed BLOB NOT NULL) STRICT;");
    return db_error(d);
}

/* ---- writing ---- */

static void add_number(struct buf *out, uint64_t n, int bytes)
{
    for (int shift = (bytes - 1) * 8; shift >= 0; shift -= 8) buf_addc(out, (int)(n >> shift & 0xff));
}

static void add_reason(struct buf *out, const char *reason)
{
    size_t len = reason ? strlen(reason) : 0;
    if (len > REASON_MAX) len = REASON_MAX;
    while (len > 0 && !utf8_valid(reason, len)) len--; /* not in the middle of a character */
    add_number(out, len, 2);
    buf_add(out, reason, len);
}

static void write_row(struct buf *out, const struct row *row)
{
    unsigned char id[SHA256_SIZE];
    buf_addc(out, (int)row->kind);
    buf_addc(out, row->kind == ROW_REJECTED ? 0 : (int)row->verdict);
    add_reason(out, row->reason);
    if (row->kind == ROW_VERDICT && hex_read(id, row->entry, sizeof id)) {
        buf_add(out, id, sizeof id);
        return;
    }
    if (row->kind == ROW_ENTRY) {
        buf_add(out, row->public_key, KEY_SIZE);
        buf_add(out, row->signature, SIGNATURE_SIZE);
    }
    buf_add(out, row->bytes, row->bytes_len);
}

static int insert(
    struct store *s, const char *table, const char *sql, int64_t number, const struct buf *plain)
{
    struct buf sealed;
    buf_init(&sealed, ROW_MAX + SEAL_OVERHEAD);
    int err = buf_error(plain);
    if (!err) err = seal_row(&s->seal, table, number, plain->data, plain->len, &sealed);
    if (!err) {
        db_run(s->db, sql, "ib", number, (const void *)sealed.data, sealed.len);
        err = db_error(s->db);
    }
    buf_release(&sealed);
    return err;
}

int journal_append(struct store *s, const struct row *row, int64_t *number)
{
    struct buf plain;
    buf_init(&plain, ROW_MAX);
    write_row(&plain, row);
    int64_t next = s->last_row + 1;
    int err = insert(s, "journal", "INSERT INTO journal(id, sealed) VALUES(?,?)", next, &plain);
    if (!err) *number = s->last_row = next;
    buf_release(&plain);
    return err;
}

int receipt_append(struct store *s, const struct receipt_row *row, int64_t *number)
{
    struct buf plain;
    unsigned char id[SHA256_SIZE];
    buf_init(&plain, ROW_MAX);
    add_number(&plain, (uint64_t)row->at, 8);
    buf_addc(&plain, (int)strlen(row->case_name) | (row->upon ? IN_BRIEF : 0));
    buf_adds(&plain, row->case_name);
    if (row->upon) add_number(&plain, (uint64_t)row->upon, 8);
    if (row->upon && hex_read(id, row->id, sizeof id)) buf_add(&plain, id, sizeof id);
    buf_add(&plain, row->public_key, KEY_SIZE);
    buf_add(&plain, row->signature, SIGNATURE_SIZE);
    buf_add(&plain, row->bytes, row->bytes_len);
    int64_t next = s->last_receipt + 1;
    int err = insert(s, "receipt", "INSERT INTO receipt(id, sealed) VALUES(?,?)", next, &plain);
    if (!err) *number = s->last_receipt = next;
    buf_release(&plain);
    return err;
}

/* ---- reading ---- */

/* What is left of a row; taking more than that gives NULL, and `short_of` stays set. */
struct cursor {
    const unsigned char *at;
    size_t left;
    bool short_of;
};

static const unsigned char *take(struct cursor *c, size_t len)
{
    if (c->short_of || len > c->left) {
        c->short_of = true;
        return NULL;
    }
    const unsigned char *bytes = c->at;
    c->at += len;
    c->left -= len;
    return bytes;
}

static uint64_t take_number(struct cursor *c, size_t len)
{
    const unsigned char *bytes = take(c, len);
    uint64_t n = 0;
    for (size_t i = 0; bytes && i < len; i++) n = n << 8 | bytes[i];
    return n;
}

static void take_into(struct cursor *c, void *out, size_t len)
{
    const unsigned char *bytes = take(c, len);
    if (bytes) memcpy(out, bytes, len);
}

/* A text of `len` bytes, NUL-terminated in `out`; NULL for none. */
static const char *take_text(struct cursor *c, char *out, size_t max, size_t len)
{
    if (len > max) c->short_of = true;
    const unsigned char *bytes = take(c, len);
    if (!bytes || len == 0) return NULL;
    memcpy(out, bytes, len);
    out[len] = '\0';
    return out;
}

static bool read_row(struct row *row, const struct buf *plain, char reason[REASON_MAX + 1])
{
    struct cursor c = {plain->data, plain->len, false};
    row->kind = (enum row_kind)take_number(&c, 1);
    row->verdict = (enum verdict)take_number(&c, 1);
    row->reason = take_text(&c, reason, REASON_MAX, (size_t)take_number(&c, 2));
    if (row->verdict > VERDICT_QUARANTINED) return false;
    if (row->kind == ROW_VERDICT) {
        const unsigned char *id = take(&c, SHA256_SIZE);
        if (id) hex_write(row->entry, id, SHA256_SIZE);
        return !c.short_of && c.left == 0;
    }
    if (row->kind == ROW_ENTRY) {
        take_into(&c, row->public_key, KEY_SIZE);
        take_into(&c, row->signature, SIGNATURE_SIZE);
    }
    row->bytes = c.at;
    row->bytes_len = c.left;
    return !c.short_of && (row->kind == ROW_ENTRY || row->kind == ROW_REJECTED);
}

static bool read_receipt(struct receipt_row *row, const struct buf *plain, char name[CASE_NAME_MAX + 1])
{
    struct cursor c = {plain->data, plain->len, false};
    row->at = (int64_t)take_number(&c, 8);
    uint64_t len = take_number(&c, 1);
    row->case_name = take_text(&c, name, CASE_NAME_MAX, (size_t)(len & ~(uint64_t)IN_BRIEF));
    if (!row->case_name) row->case_name = "";
    if (len & IN_BRIEF) {
        row->upon = (int64_t)take_number(&c, 8);
        const unsigned char *id = take(&c, SHA256_SIZE);
        if (id) hex_write(row->id, id, SHA256_SIZE);
        if (row->upon < 1 || row->upon >= row->number) return false;
    }
    take_into(&c, row->public_key, KEY_SIZE);
    take_into(&c, row->signature, SIGNATURE_SIZE);
    row->bytes = c.at;
    row->bytes_len = c.left;
    return !c.short_of;
}

static int open_row(
    struct store *s, const char *table, struct db_stmt *q, int64_t expected, struct buf *plain)
{
    size_t len;
    const void *sealed = db_blob(q, 1, &len);
    if (db_int(q, 0) != expected)
        return err_set(
            ERR_DAMAGED, "rows of the store's table '%s' are missing; restore the folder from a copy", table);
    return unseal_row(&s->seal, table, expected, sealed, len, plain);
}

static int malformed(const char *table)
{
    return err_set(ERR_DAMAGED,
        "a row of the store's table '%s' is malformed; was it written by a later version?", table);
}

int journal_walk(struct store *s, int64_t after, int (*each)(void *ctx, const struct row *row), void *ctx)
{
    struct buf plain;
    char reason[REASON_MAX + 1];
    int err = 0;
    buf_init(&plain, ROW_MAX);
    struct db_stmt *q = db_query(s->db, "SELECT id, sealed FROM journal WHERE id>? ORDER BY id", "i", after);
    while (!err && db_row(q)) {
        struct row row = {.number = ++after};
        err = open_row(s, "journal", q, after, &plain);
        if (!err && !read_row(&row, &plain, reason)) err = malformed("journal");
        if (!err) err = each(ctx, &row);
    }
    db_done(q);
    buf_wipe(&plain);
    int db_err = db_error(s->db);
    return err ? err : db_err;
}

int receipt_walk(
    struct store *s, int64_t after, int (*each)(void *ctx, const struct receipt_row *row), void *ctx)
{
    struct buf plain;
    char name[CASE_NAME_MAX + 1];
    int err = 0;
    buf_init(&plain, ROW_MAX);
    struct db_stmt *q = db_query(s->db, "SELECT id, sealed FROM receipt WHERE id>? ORDER BY id", "i", after);
    while (!err && db_row(q)) {
        struct receipt_row row = {.number = ++after};
        err = open_row(s, "receipt", q, after, &plain);
        if (!err && !read_receipt(&row, &plain, name)) err = malformed("receipt");
        if (!err) err = each(ctx, &row);
    }
    db_done(q);
    buf_wipe(&plain);
    int db_err = db_error(s->db);
    return err ? err : db_err;
}
