/* SQLite in few words. A statement is prepared once for each db and text, then kept; the same text asked for
 * while it is still stepping gets a second statement. */
#include "satchel/store/db.h"

#include <sqlite3.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

#define BUSY_MILLISECONDS 5000

struct db_stmt {
    struct db_stmt *next;
    struct db *db;
    sqlite3_stmt *stmt; /* NULL: the one that yields no row */
    bool busy;
};

struct db {
    sqlite3 *handle;
    struct db_stmt *statements; /* the one used last comes first */
    struct db_stmt none;
    int error; /* the first failure that db_error has not told yet */
};

/* The sentence for people. What SQLite says of itself is English; its words stand behind ours. */
static int translate(sqlite3 *handle, int code)
{
    const char *detail = handle ? sqlite3_errmsg(handle) : sqlite3_errstr(code);
    switch (code & 0xff) {
    case SQLITE_NOMEM:
        return err_memory();
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return err_set(ERR_ROAD, "another process is writing to the database; try again when it is done");
    case SQLITE_FULL:
        return err_set(ERR_ROAD, "the disk is full: this was not saved, and what was saved before is safe; make room and try again");
    case SQLITE_READONLY:
        return err_set(ERR_ROAD, "nothing can be written to the database: the medium is write-protected or the permissions forbid it; take the protection off, or use another");
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
    case SQLITE_AUTH:
    case SQLITE_NOLFS:
    case SQLITE_PROTOCOL:
        return err_set(
            ERR_ROAD, "cannot read or write the database: %s; check the disk and the permissions", detail);
    case SQLITE_TOOBIG:
        return err_set(ERR_INPUT, "a value is too large for the database");
    default:
        return err_set(ERR_DAMAGED, "the database is damaged: %s; restore the folder from a copy", detail);
    }
}

static void fail(struct db *d, int code)
{
    if (!d->error) d->error = translate(d->handle, code);
}

int db_open(struct db **out, const char *path)
{
    struct db *d = calloc(1, sizeof *d);
    if (!d) return err_memory();
    d->none.db = d;
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE;
    int code = sqlite3_open_v2(path, &d->handle, flags, NULL);
    if (code == SQLITE_OK) code = sqlite3_busy_timeout(d->handle, BUSY_MILLISECONDS);
    if (code != SQLITE_OK) {
        int err = err_within(translate(d->handle, code), "'%s'", path);
        db_close(d);
        return err;
    }
    sqlite3_extended_result_codes(d->handle, 1);
    *out = d;
    return 0;
}

void db_close(struct db *d)
{
    if (!d) return;
    for (struct db_stmt *s = d->statements, *next; s; s = next) {
        next = s->next;
        sqlite3_finalize(s->stmt);
        free(s);
    }
    sqlite3_close(d->handle);
    free(d);
}

struct sqlite3 *db_handle(struct db *d)
{
    return d->handle;
}

int db_error(struct db *d)
{
    int err = d->error;
    d->error = 0;
    return err;
}

void db_exec(struct db *d, const char *sql)
{
    if (d->error) return;
    int code = sqlite3_exec(d->handle, sql, NULL, NULL, NULL);
    if (code != SQLITE_OK) fail(d, code);
}

void db_rollback(struct db *d)
{
    d->error = 0;
    if (!sqlite3_get_autocommit(d->handle)) sqlite3_exec(d->handle, "ROLLBACK", NULL, NULL, NULL);
}

/* ---- statements ---- */

static struct db_stmt *find_idle(struct db *d, const char *sql)
{
    struct db_stmt **link = &d->statements;
    while (*link && ((*link)->busy || strcmp(sqlite3_sql((*link)->stmt), sql) != 0)) link = &(*link)->next;
    struct db_stmt *s = *link;
    if (!s) return NULL;
    *link = s->next;
    s->next = d->statements;
    d->statements = s;
    return s;
}

static struct db_stmt *prepare(struct db *d, const char *sql)
{
    struct db_stmt *s = calloc(1, sizeof *s);
    if (!s) {
        d->error = err_memory();
        return NULL;
    }
    int code = sqlite3_prepare_v3(d->handle, sql, -1, SQLITE_PREPARE_PERSISTENT, &s->stmt, NULL);
    if (code != SQLITE_OK || !s->stmt) {
        fail(d, code == SQLITE_OK ? SQLITE_MISUSE : code);
        free(s);
        return NULL;
    }
    s->db = d;
    s->next = d->statements;
    d->statements = s;
    return s;
}

static int bind_blob(sqlite3_stmt *stmt, int i, const void *bytes, size_t len)
{
    return bytes && len > 0 ? sqlite3_bind_blob64(stmt, i, bytes, len, SQLITE_TRANSIENT)
                            : sqlite3_bind_zeroblob(stmt, i, 0);
}

static int bind_text(sqlite3_stmt *stmt, int i, const char *s)
{
    return s ? sqlite3_bind_text64(stmt, i, s, strlen(s), SQLITE_TRANSIENT, SQLITE_UTF8)
             : sqlite3_bind_null(stmt, i);
}

static int bind(sqlite3_stmt *stmt, const char *types, va_list args)
{
    int code = SQLITE_OK;
    for (int i = 1; *types && code == SQLITE_OK; i++, types++) {
        if (*types == 'i') {
            code = sqlite3_bind_int64(stmt, i, va_arg(args, int64_t));
        } else if (*types == 's') {
            code = bind_text(stmt, i, va_arg(args, const char *));
        } else if (*types == 'b') {
            const void *bytes = va_arg(args, const void *);
            code = bind_blob(stmt, i, bytes, va_arg(args, size_t));
        } else {
            code = sqlite3_bind_null(stmt, i);
        }
    }
    return code;
}

static struct db_stmt *query(struct db *d, const char *sql, const char *types, va_list args)
{
    if (d->error) return &d->none;
    struct db_stmt *s = find_idle(d, sql);
    if (!s) s = prepare(d, sql);
    if (!s) return &d->none;
    int code = bind(s->stmt, types, args);
    if (code != SQLITE_OK) {
        fail(d, code);
        db_done(s);
        return &d->none;
    }
    s->busy = true;
    return s;
}

struct db_stmt *db_query(struct db *d, const char *sql, const char *types, ...)
{
    va_list args;
    va_start(args, types);
    struct db_stmt *s = query(d, sql, types, args);
    va_end(args);
    return s;
}

bool db_row(struct db_stmt *s)
{
    if (!s->stmt || !s->busy) return false;
    if (!s->db->error) {
        int code = sqlite3_step(s->stmt);
        if (code == SQLITE_ROW) return true;
        if (code != SQLITE_DONE) fail(s->db, code);
    }
    db_done(s);
    return false;
}

void db_done(struct db_stmt *s)
{
    if (!s->stmt) return;
    sqlite3_reset(s->stmt); /* its code repeats the failure of the last step */
    sqlite3_clear_bindings(s->stmt);
    s->busy = false;
}

void db_run(struct db *d, const char *sql, const char *types, ...)
{
    va_list args;
    va_start(args, types);
    struct db_stmt *s = query(d, sql, types, args);
    va_end(args);
    while (db_row(s)) continue;
}

/* ---- columns ---- */

int64_t db_int(struct db_stmt *s, int column)
{
    return s->stmt ? sqlite3_column_int64(s->stmt, column) : 0;
}

const char *db_text(struct db_stmt *s, int column)
{
    return s->stmt ? (const char *)sqlite3_column_text(s->stmt, column) : NULL;
}

const void *db_blob(struct db_stmt *s, int column, size_t *len)
{
    const void *bytes = s->stmt ? sqlite3_column_blob(s->stmt, column) : NULL;
    *len = bytes ? (size_t)sqlite3_column_bytes(s->stmt, column) : 0;
    return bytes;
}

int64_t db_last_id(struct db *d)
{
    return sqlite3_last_insert_rowid(d->handle);
}

int64_t db_changes(struct db *d)
{
    return sqlite3_changes64(d->handle);
}
