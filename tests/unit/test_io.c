/* Streams in memory and in files, folders, locks. */
#define _XOPEN_SOURCE 700
#define _DEFAULT_SOURCE
#include "test.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "satchel/base/arena.h"
#include "satchel/base/at_once.h"
#include "satchel/base/os.h"

static char folder[64]; /* of this run */

static const char *in_folder(const char *name)
{
    static char path[4][256];
    static int turn;
    turn = (turn + 1) % 4;
    snprintf(path[turn], sizeof path[turn], "%s/%s", folder, name);
    return path[turn];
}

/* The file holds this text. */
#define FILE_HOLDS(path, text)                                                                               \
    do {                                                                                                     \
        struct buf b;                                                                                        \
        buf_init(&b, 1 << 20);                                                                               \
        CHECK_OK(file_read(path, &b));                                                                       \
        CHECK_STR(buf_str(&b), text);                                                                        \
        buf_release(&b);                                                                                     \
    } while (0)

/* The folder of this run (or one in it) holds these names, each followed by a space. */
#define LISTS(path, names_wanted)                                                                            \
    do {                                                                                                     \
        char all[512];                                                                                       \
        list_all(all, sizeof all, path);                                                                     \
        CHECK_STR(all, names_wanted);                                                                        \
    } while (0)

static void list_all(char *out, size_t size, const char *path)
{
    const char **names;
    size_t n = 0, used = 0;
    struct arena a;
    arena_init(&a);
    out[0] = '\0';
    CHECK_OK(os_list(&names, &n, &a, path));
    for (size_t i = 0; i < n && used < size; i++)
        used += (size_t)snprintf(
            out + used, size - used, "%s ", os_is_temporary(names[i]) ? "TEMPORARY" : names[i]);
    arena_release(&a);
}

/* A source that gives one byte at a time, and fails after `good` bytes. */
struct drip {
    struct source base;
    size_t good;
};

static int drip_read(struct source *base, void *out, size_t cap, size_t *got)
{
    struct drip *d = (struct drip *)base;
    (void)cap;
    if (d->good == 0) return err_set(ERR_ROAD, "the drip is dry");
    d->good--;
    *(char *)out = 'd';
    *got = 1;
    return 0;
}

TEST(memory_streams)
{
    struct source *s, *limited;
    struct sink *k;
    struct buf b;
    uint64_t copied = 0;
    char out[8] = {0};
    size_t got = 99;
    buf_init(&b, 100);
    CHECK_OK(memory_source(&s, "abcdefgh", 8));
    CHECK_OK(source_read_full(s, out, 3, &got));
    CHECK(got == 3 && memcmp(out, "abc", 3) == 0);
    CHECK_OK(limit_source(&limited, s, 2));
    CHECK_OK(memory_sink(&k, &b));
    CHECK_OK(io_copy(k, limited, &copied));
    CHECK(copied == 2);
    source_close(limited);
    CHECK_OK(source_read_all(s, &b));
    CHECK_OK(sink_write(k, "!", 1));
    CHECK_OK(sink_finish(k));
    CHECK_STR(buf_str(&b), "defgh!");
    CHECK_OK(source_read_full(s, out, 3, &got));
    CHECK(got == 0);
    sink_close(k);
    source_close(s);
    buf_release(&b);
    source_close(NULL);
    sink_close(NULL);
}

TEST(streams_pass_failures_on)
{
    struct drip drip = {{drip_read, NULL}, 5};
    struct sink *k;
    struct buf b, small;
    char out[8];
    size_t got = 99;
    uint64_t copied = 99;
    buf_init(&b, 100);
    buf_init(&small, 2);
    CHECK(source_read_full(&drip.base, out, 8, &got) == ERR_ROAD && got == 99);
    drip.good = 5;
    CHECK(source_read_all(&drip.base, &b) == ERR_ROAD);
    drip.good = 5;
    CHECK(source_read_all(&drip.base, &small) == ERR_INPUT);
    CHECK_OK(memory_sink(&k, &b));
    drip.good = 5;
    CHECK(io_copy(k, &drip.base, &copied) == ERR_ROAD && copied == 99);
    CHECK_STR(err_message(), "the drip is dry");
    sink_close(k);
    CHECK_OK(memory_sink(&k, &small));
    CHECK(sink_write(k, "abc", 3) == ERR_INPUT && sink_finish(k) == ERR_INPUT);
    sink_close(k);
    buf_release(&b);
    buf_release(&small);
}

TEST(a_file_shows_only_when_it_is_finished)
{
    struct sink *k;
    struct stat st;
    CHECK_OK(os_make_folder(in_folder("one")));
    CHECK_OK(file_sink(&k, in_folder("one/f")));
    CHECK_OK(sink_write(k, "half", 4));
    LISTS(in_folder("one"), "TEMPORARY ");
    sink_close(k);
    LISTS(in_folder("one"), "");
    CHECK_OK(file_sink(&k, in_folder("one/f")));
    CHECK_OK(sink_write(k, "whole", 5));
    CHECK_OK(sink_finish(k));
    LISTS(in_folder("one"), "f ");
    sink_close(k);
    FILE_HOLDS(in_folder("one/f"), "whole");
    CHECK(stat(in_folder("one/f"), &st) == 0 && (st.st_mode & 0777) == 0600);
    CHECK_OK(file_write(in_folder("one/f"), "replaced", 8));
    FILE_HOLDS(in_folder("one/f"), "replaced");
    CHECK_OK(file_write(in_folder("one/f"), "", 0));
    FILE_HOLDS(in_folder("one/f"), "");
}

TEST(an_abandoned_file_leaves_the_old_one)
{
    struct sink *k;
    CHECK_OK(file_write(in_folder("old"), "old", 3));
    CHECK_OK(file_sink(&k, in_folder("old")));
    CHECK_OK(sink_write(k, "new", 3));
    sink_close(k);
    FILE_HOLDS(in_folder("old"), "old");
}

TEST(a_link_is_replaced_and_not_followed)
{
    CHECK_OK(file_write(in_folder("target"), "target", 6));
    CHECK(symlink("target", in_folder("link")) == 0);
    CHECK_OK(file_write(in_folder("link"), "own", 3));
    FILE_HOLDS(in_folder("target"), "target");
    FILE_HOLDS(in_folder("link"), "own");
}

/* In a process of its own, whose files can't grow beyond 100 bytes. */
static int write_with_a_limit(void)
{
    struct rlimit limit = {100, 100};
    struct sink *k;
    char bytes[200] = {0};
    signal(SIGXFSZ, SIG_IGN);
    if (setrlimit(RLIMIT_FSIZE, &limit) != 0 || file_sink(&k, in_folder("full/f")) != 0) return 10;
    if (sink_write(k, bytes, 200) != ERR_ROAD || !strstr(err_message(), "cannot write")) return 11;
    if (sink_write(k, bytes, 1) != ERR_ROAD || sink_finish(k) != ERR_ROAD) return 12;
    sink_close(k);
    return 0;
}

static int in_child(int (*fn)(void))
{
    int status = -1;
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) _exit(fn());
    CHECK(pid > 0 && waitpid(pid, &status, 0) == pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(a_failed_write_kills_the_sink)
{
    CHECK_OK(os_make_folder(in_folder("full")));
    CHECK(in_child(write_with_a_limit) == 0);
    LISTS(in_folder("full"), "");
}

TEST(a_full_disk_is_called_so)
{
    struct sink *k;
    if (access("/dev/full", W_OK) != 0) SKIP("no /dev/full here");
    CHECK_OK(file_patch_sink(&k, "/dev/full", 0));
    CHECK(sink_write(k, "x", 1) == ERR_ROAD);
    CHECK_STR(err_message(), "disk is full: cannot write '/dev/full'; free some space and try again");
    sink_close(k);
}

TEST(parts_are_written_in_place)
{
    struct sink *k;
    CHECK_OK(file_patch_sink(&k, in_folder("part"), 4));
    CHECK_OK(sink_write(k, "5678", 4));
    CHECK_OK(sink_finish(k));
    sink_close(k);
    CHECK_OK(file_patch_sink(&k, in_folder("part"), 0));
    CHECK_OK(sink_write(k, "12", 2));
    CHECK_OK(sink_write(k, "34", 2));
    CHECK_OK(sink_finish(k));
    sink_close(k);
    FILE_HOLDS(in_folder("part"), "12345678");
    CHECK(file_patch_sink(&k, in_folder("part"), UINT64_MAX) == ERR_INPUT);
}

TEST(reading_files)
{
    struct source *s;
    struct file *f;
    struct file_info before, after;
    struct buf b;
    char out[4] = {0};
    size_t got = 0;
    buf_init(&b, 5);
    CHECK_OK(file_write(in_folder("r"), "0123456789", 10));
    CHECK(file_read(in_folder("r"), &b) == ERR_INPUT);
    CHECK(strstr(err_message(), "/r': more than the limit of 5 bytes"));
    CHECK_OK(file_open(&f, in_folder("r")));
    CHECK_OK(file_seek(f, 7));
    CHECK_OK(source_read_full(file_as_source(f), out, 4, &got));
    CHECK(got == 3 && memcmp(out, "789", 3) == 0);
    CHECK(file_seek(f, UINT64_MAX) == ERR_INPUT);
    CHECK_OK(file_info(f, &before));
    CHECK_OK(file_write(in_folder("r"), "other", 5));
    CHECK_OK(os_stat(&after, in_folder("r")));
    CHECK(before.size == 10 && after.size == 5 && before.identity[1] != after.identity[1]);
    CHECK(after.is_file && !after.is_folder && after.modified >= before.modified);
    file_close(f);
    file_close(NULL);
    CHECK(file_source(&s, in_folder("none")) == ERR_MISSING);
    CHECK(file_source(&s, in_folder("r/none")) == ERR_MISSING);
    CHECK(file_source(&s, folder) == ERR_INPUT);
    buf_release(&b);
}

TEST(folders)
{
    struct file_info info;
    CHECK_OK(os_make_folder(in_folder("a/b/c")));
    CHECK_OK(os_make_folder(in_folder("a/b/c/")));
    CHECK_OK(os_stat(&info, in_folder("a/b")));
    CHECK(info.is_folder && !info.is_file);
    CHECK_OK(file_write(in_folder("a/file"), "", 0));
    CHECK(os_make_folder(in_folder("a/file")) == ERR_ROAD);
    CHECK(os_make_folder(in_folder("a/file/x")) == ERR_ROAD);
    CHECK(os_make_folder("") == ERR_ROAD);
    LISTS(in_folder("a"), "b file ");
    CHECK_OK(os_rename(in_folder("a/file"), in_folder("a/b/moved")));
    LISTS(in_folder("a/b"), "c moved ");
    CHECK(os_rename(in_folder("none"), in_folder("x")) == ERR_MISSING);
    CHECK_OK(os_remove(in_folder("a/b/moved")));
    CHECK_OK(os_remove(in_folder("a/b/moved")));
    CHECK_OK(os_sync_folder(in_folder("a")));
    CHECK(os_sync_folder(in_folder("none")) == ERR_MISSING && os_sync_file(in_folder("none")) == ERR_MISSING);
    CHECK(os_stat(&info, in_folder("none")) == ERR_MISSING && !os_exists(in_folder("none")));
}

static int count_one(void *counts, size_t i)
{
    ((int *)counts)[i]++;
    return 0;
}

static int fail_at_seven(void *counts, size_t i)
{
    ((int *)counts)[i]++;
    return i == 7 ? err_set(ERR_DAMAGED, "number %zu is bad", i) : 0;
}

TEST(many_at_once_are_each_done_once_and_the_first_failure_is_told)
{
    int counts[1000] = {0}, sum = 0;
    CHECK_OK(at_once(count_one, counts, 0));
    CHECK_OK(at_once(count_one, counts, 1000));
    for (int i = 0; i < 1000; i++) sum += counts[i] == 1;
    CHECK(sum == 1000);
    CHECK(at_once(fail_at_seven, counts, 1000) == ERR_DAMAGED && strcmp(err_message(), "number 7 is bad") == 0);
    CHECK(counts[7] == 2 && counts[6] == 2);
    err_clear();
}

TEST(files_are_synced_and_removed_together)
{
    const char *paths[2] = {in_folder("first-of-two"), in_folder("second-of-two")}, *none[1] = {in_folder("none")};
    for (int i = 0; i < 2; i++) CHECK_OK(file_write(paths[i], "x", 1));
    CHECK_OK(os_sync_all(paths, 2));
    CHECK(os_sync_all(none, 1) == ERR_ROAD && strstr(err_message(), "none"));
    CHECK_OK(os_remove_all(paths, 2));
    CHECK(!os_exists(paths[0]) && !os_exists(paths[1]));
    CHECK_OK(os_remove_all(paths, 2));
}

TEST(a_removed_tree_takes_nothing_outside_along)
{
    CHECK_OK(os_make_folder(in_folder("tree/deep/deeper")));
    CHECK_OK(os_make_folder(in_folder("outside")));
    CHECK_OK(file_write(in_folder("outside/kept"), "kept", 4));
    CHECK_OK(file_write(in_folder("tree/deep/f"), "f", 1));
    CHECK(symlink("../../outside", in_folder("tree/deep/link")) == 0);
    CHECK_OK(os_remove_tree(in_folder("tree")));
    CHECK(!os_exists(in_folder("tree")));
    FILE_HOLDS(in_folder("outside/kept"), "kept");
    CHECK(symlink("outside", in_folder("top")) == 0);
    CHECK_OK(os_remove_tree(in_folder("top")));
    FILE_HOLDS(in_folder("outside/kept"), "kept");
    CHECK_OK(os_remove_tree(in_folder("none")));
}

TEST(paths)
{
    struct arena a;
    arena_init(&a);
    CHECK_STR(path_join(&a, "a", "b"), "a/b");
    CHECK_STR(path_join(&a, "a/", "b"), "a/b");
    CHECK_STR(path_join(&a, "", "b"), "b");
    CHECK_STR(path_name("a/b"), "b");
    CHECK_STR(path_name("b"), "b");
    CHECK_STR(os_absolute(&a, "/x"), "/x");
    CHECK(os_absolute(&a, "x")[0] == '/');
    CHECK(os_is_temporary(".new-0123") && !os_is_temporary("new-0123"));
    arena_release(&a);
}

static const char *lock_path(void)
{
    return in_folder("lock");
}

static bool lockable(bool exclusive)
{
    struct os_lock *l = NULL;
    int err = os_lock(&l, lock_path(), exclusive, false);
    os_unlock(l);
    return err == 0;
}

static int another_process(void) /* 1: shared works, 2: exclusive works */
{
    return (lockable(false) ? 1 : 0) + (lockable(true) ? 2 : 0);
}

static int wait_for_lock(void)
{
    struct os_lock *l;
    int err = os_lock(&l, lock_path(), true, true);
    if (!err) os_unlock(l);
    return err ? 1 : 0;
}

TEST(locks_between_processes)
{
    struct os_lock *l, *second;
    CHECK(in_child(another_process) == 3);
    CHECK_OK(os_lock(&l, lock_path(), true, true));
    CHECK(in_child(another_process) == 0);
    CHECK(os_lock(&second, lock_path(), false, false) == ERR_ROAD && strstr(err_message(), "in use"));
    os_unlock(l);
    CHECK_OK(os_lock(&l, lock_path(), false, false));
    CHECK(in_child(another_process) == 1);
    CHECK_OK(os_lock(&second, lock_path(), false, false));
    os_unlock(second);
    os_unlock(l);
    CHECK(in_child(another_process) == 3);
    CHECK(in_child(wait_for_lock) == 0);
    os_unlock(NULL);
}

static int locked_and_killed(void)
{
    struct os_lock *l;
    if (os_lock(&l, lock_path(), true, false) != 0) return 1;
    raise(SIGKILL);
    return 2;
}

TEST(a_killed_process_holds_no_lock)
{
    CHECK(in_child(locked_and_killed) == -1);
    CHECK(lockable(true));
}

TEST(the_machine)
{
    uint64_t bytes = 0;
    struct arena a;
    arena_init(&a);
    CHECK_OK(os_free_space(&bytes, folder));
    CHECK(bytes > 0 && os_free_space(&bytes, in_folder("none")) == ERR_MISSING);
    CHECK(os_processors() >= 1 && os_terminal_width() >= 1);
    double before = os_monotonic_seconds();
    CHECK(os_monotonic_seconds() >= before);
    setenv("XDG_DATA_HOME", "/data", 1);
    CHECK_STR(os_data_folder(&a), "/data");
    setenv("XDG_DATA_HOME", "relative", 1);
    setenv("HOME", "/home/x", 1);
    CHECK_STR(os_data_folder(&a), "/home/x/.local/share");
    unsetenv("HOME");
    CHECK(!os_data_folder(&a) && strstr(err_message(), "HOME"));
    setenv("TZ", "IST-5:30", 1);
    CHECK(os_local_offset_minutes(0) == 330);
    arena_release(&a);
}

static int ask_without_terminal(void)
{
    struct buf b;
    buf_init(&b, 100);
    setsid();
    return os_ask_secret(&b, "? ") == ERR_INPUT ? 0 : 1;
}

TEST(secrets_need_a_terminal)
{
    CHECK(in_child(ask_without_terminal) == 0);
}

static int asked_secret_fits(const char *typed, int wanted_code, const char *wanted)
{
    struct buf b;
    int err, status = 1, master = posix_openpt(O_RDWR | O_NOCTTY);
    if (master < 0 || grantpt(master) != 0 || unlockpt(master) != 0) return -1;
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        setsid();
        if (open(ptsname(master), O_RDWR) < 0) _exit(3); /* becomes the controlling terminal */
        buf_init(&b, 100);
        err = os_ask_secret(&b, "Passphrase: ");
        _exit(err == wanted_code && strcmp(buf_str(&b), wanted) == 0 ? 0 : 1);
    }
    char seen[64] = {0};
    ssize_t n = read(master, seen, 12); /* the prompt; then give the child time to turn the echo off */
    usleep(100000);
    if (n == 12 && write(master, typed, strlen(typed)) > 0) waitpid(pid, &status, 0);
    n = read(master, seen, sizeof seen - 1);
    if (n > 0 && strstr(seen, "geheim")) status = 99;
    close(master);
    return status;
}

TEST(secrets_are_read_without_echo)
{
    CHECK(asked_secret_fits("geheim 密\n", 0, "geheim 密") == 0);
    CHECK(asked_secret_fits("\n", 0, "") == 0);
    CHECK(asked_secret_fits("geheim\003", ERR_INPUT, "") == 0);
    CHECK(asked_secret_fits("\004", ERR_INPUT, "") == 0);
}

int main(int argc, char **argv)
{
    snprintf(folder, sizeof folder, "/tmp/test_io.XXXXXX");
    if (!mkdtemp(folder)) return 1;
    int status = test_main(argc, argv);
    return os_remove_tree(folder) == 0 && !os_exists(folder) ? status : 1;
}
