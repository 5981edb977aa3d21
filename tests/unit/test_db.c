/* db: errors that stick, statements that are kept, two connections. */
#define _POSIX_C_SOURCE 200809L
#include "test.h"

#include <unistd.h>
#include "satchel/store/db.h"

static struct db *memory_db(void)
{
    struct db *d = NULL;
    CHECK_OK(db_open(&d, ":memory:"));
    db_exec(d, "CREATE TABLE t(i INTEGER PRIMARY KEY, s TEXT, b BLOB) STRICT;");
    CHECK_OK(db_error(d));
    return d;
}

/* The value of the first row's first column as text; "-" for no row, "null" for null. */
#define ANSWER(d, expected, ...)                                                                             \
    do {                                                                                                     \
        struct db_stmt *q_ = db_query(d, __VA_ARGS__);                                                       \
        if (!db_row(q_))                                                                                     \
            CHECK_STR("-", expected);                                                                        \
        else                                                                                                 \
            CHECK_STR(db_text(q_, 0) ? db_text(q_, 0) : "null", expected);                                   \
        db_done(q_);                                                                                         \
        CHECK_OK(db_error(d));                                                                               \
    } while (0)

TEST(values_come_back)
{
    struct db *d = memory_db();
    size_t len = 9;
    db_run(d, "INSERT INTO t VALUES(?,?,?)", "isb", INT64_C(-5), "审核", "a\0b", (size_t)3);
    db_run(d, "INSERT INTO t VALUES(?,?,?)", "isb", INT64_C(7), NULL, "", (size_t)0);
    db_run(d, "INSERT INTO t VALUES(?,?,?)", "inn", INT64_C(8));
    CHECK(db_last_id(d) == 8 && db_changes(d) == 1);
    ANSWER(d, "审核", "SELECT s FROM t WHERE i=?", "i", INT64_C(-5));
    ANSWER(d, "null", "SELECT s FROM t WHERE i=?", "i", INT64_C(7));
    ANSWER(d, "blob 0", "SELECT typeof(b)||' '||length(b) FROM t WHERE i=7", "");
    ANSWER(d, "null", "SELECT typeof(b) FROM t WHERE i=8", "");
    struct db_stmt *q = db_query(d, "SELECT b FROM t WHERE i=-5", "");
    CHECK(db_row(q) && memcmp(db_blob(q, 0, &len), "a\0b", 3) == 0 && len == 3);
    CHECK(!db_row(q) && !db_row(q)); /* at its end, and still after it */
    db_close(d);
}

TEST(one_text_may_step_twice)
{
    struct db *d = memory_db();
    const char *all = "SELECT i FROM t ORDER BY i";
    db_exec(d, "INSERT INTO t(i) VALUES(1),(2),(3)");
    int pairs = 0;
    for (struct db_stmt *x = db_query(d, all, ""); db_row(x);)
        for (struct db_stmt *y = db_query(d, all, ""); db_row(y);) pairs += db_int(x, 0) < db_int(y, 0);
    CHECK(pairs == 3);
    CHECK_OK(db_error(d));
    db_close(d);
}

TEST(the_first_failure_sticks_until_it_is_read)
{
    struct db *d = memory_db();
    db_run(d, "INSERT INTO t(i) VALUES(?)", "i", INT64_C(1));
    db_run(d, "INSERT INTO nowhere VALUES(1)", "");
    db_run(d, "INSERT INTO t(i) VALUES(?)", "i", INT64_C(2)); /* not done */
    struct db_stmt *q = db_query(d, "SELECT i FROM t", "");
    CHECK(!db_row(q) && db_int(q, 0) == 0 && !db_text(q, 0));
    db_done(q);
    CHECK(db_error(d) == ERR_DAMAGED);
    CHECK(strstr(err_message(), "nowhere"));
    CHECK_OK(db_error(d));
    ANSWER(d, "1", "SELECT count(*) FROM t", "");
    db_close(d);
}

TEST(a_failed_step_is_found)
{
    struct db *d = memory_db();
    db_run(d, "INSERT INTO t(i) VALUES(?)", "i", INT64_C(1));
    db_run(d, "INSERT INTO t(i) VALUES(?)", "i", INT64_C(1));
    CHECK(db_error(d) == ERR_DAMAGED);
    ANSWER(d, "1", "SELECT count(*) FROM t", "");
    db_close(d);
}

TEST(what_is_no_database_is_damaged)
{
    char path[] = "/tmp/satchel-test-db-XXXXXX";
    int fd = mkstemp(path);
    struct db *d = NULL;
    CHECK(write(fd, "this is a letter, not a database, and rather long for one that ought to be short", 80) ==
          80);
    CHECK_OK(db_open(&d, path));
    db_exec(d, "CREATE TABLE t(i)");
    CHECK(db_error(d) == ERR_DAMAGED);
    db_close(d);
    close(fd);
    unlink(path);
}

TEST(no_folder_no_road)
{
    struct db *d = NULL;
    CHECK(db_open(&d, "/nowhere-at-all/x.db") == ERR_ROAD);
    CHECK(d == NULL && strstr(err_message(), "/nowhere-at-all/x.db"));
}

int main(int argc, char **argv)
{
    return test_main(argc, argv);
}
