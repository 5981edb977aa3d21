/* SQLite in few words: one call prepares, binds and steps; errors stick, so that a run of statements is checked once.
 *
 * After the first failure every further call on that db is a no-op until db_error is read; SQL stands as one literal
 * beside its use, values are always bound. The only room that includes sqlite3.h is field/store. */
#ifndef SATCHEL_STORE_DB_H
#define SATCHEL_STORE_DB_H

#include <stdbool.h>
#include <stdint.h>
#include "satchel/base/buf.h"

struct db;
struct db_stmt;

int db_open(struct db **out, const char *path) MUST_CHECK; /* ":memory:" too; 5 s busy timeout */
void db_close(struct db *d);                               /* NULL is fine */
int db_error(struct db *d) MUST_CHECK;                     /* 0 or the code of the first failure since the last call */

/* Runs SQL (one or more statements without parameters). */
void db_exec(struct db *d, const char *sql);
/* A statement from the db's cache, bound by `types`: i int64_t, s const char * (NULL: null), b const void * and size_t,
 * n nothing (null). Never NULL: after a failure it is one that yields no row. */
struct db_stmt *db_query(struct db *d, const char *sql, const char *types, ...);
bool db_row(struct db_stmt *s); /* steps; false at the end or on failure, and the statement is reset */
void db_done(struct db_stmt *s); /* gives it back before its end */
void db_run(struct db *d, const char *sql, const char *types, ...); /* query, step to the end */
int64_t db_int(struct db_stmt *s, int column);
const char *db_text(struct db_stmt *s, int column);  /* borrowed until the next step; NULL for null */
const void *db_blob(struct db_stmt *s, int column, size_t *len);
int64_t db_last_id(struct db *d);
int64_t db_changes(struct db *d);

#endif
