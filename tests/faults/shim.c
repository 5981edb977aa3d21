/* A library for LD_PRELOAD that makes the disk of a program fail, or writes down what it does to it. Every
 * call goes to the kernel directly, so it gets along with the sanitizers' own wrappers.
 *
 *   SATCHEL_FAULT=write:17:ENOSPC   the 17th write fails with that error (ENOSPC, EIO; SHORT writes half);
 *                                   write:17+:ENOSPC: that one and all later ones
 *   SATCHEL_COUNT=FILE              at the end, how often each was called: a line "write 17" each
 *   SATCHEL_RECORD=FILE             appends every change to the disk, in order, each as
 *
 *       <what> <inode> <number> <length>\n<length bytes>\n
 *
 *     write          number: offset; the bytes
 *     truncate       number: size
 *     sync           a file or folder
 *     create, mkdir  the path of what is new
 *     rename, link   from, a NUL, to
 *     unlink         the path of a file or folder that goes
 *
 * Paths are absolute, their folders resolved. replay.py reads such a record. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum op { WRITE, PWRITE, FSYNC, FDATASYNC, RENAME, OPEN, FTRUNCATE, UNLINK, MKDIR, OPS };
static const char *const names[OPS] = {
    "write", "pwrite", "fsync", "fdatasync", "rename", "open", "ftruncate", "unlink", "mkdir"};

#define SHORT (-1) /* not an error: half of it is written */

static atomic_long counts[OPS];
static struct {
    int op;
    long at;
    bool onwards;
    int error;
} fault = {.op = OPS};
static int record_fd = -1;

/* ---- setting up, and the counts ---- */

static int error_named(const char *name)
{
    if (strcmp(name, "ENOSPC") == 0) return ENOSPC;
    if (strcmp(name, "SHORT") == 0) return SHORT;
    return EIO;
}

static void read_fault(const char *text)
{
    size_t len = strcspn(text, ":");
    for (int op = 0; op < OPS; op++)
        if (strlen(names[op]) == len && strncmp(names[op], text, len) == 0) fault.op = op;
    char *end = NULL;
    if (text[len] == ':') fault.at = strtol(text + len + 1, &end, 10);
    if (!end || fault.op == OPS || fault.at < 1) {
        fprintf(stderr, "shim: SATCHEL_FAULT is not OP:N:ERROR\n");
        _exit(99);
    }
    fault.onwards = *end == '+';
    end += fault.onwards;
    fault.error = error_named(*end == ':' ? end + 1 : "");
}

__attribute__((constructor)) static void start(void)
{
    const char *what = getenv("SATCHEL_FAULT"), *record = getenv("SATCHEL_RECORD");
    if (what) read_fault(what);
    if (!record) return;
    int fd = (int)syscall(SYS_openat, AT_FDCWD, record, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    record_fd = fcntl(fd, F_DUPFD_CLOEXEC, 500); /* out of the program's way */
    if (record_fd < 0) _exit(99);
    syscall(SYS_close, fd);
}

__attribute__((destructor)) static void stop(void)
{
    const char *path = getenv("SATCHEL_COUNT");
    FILE *out = path ? fopen(path, "w") : NULL;
    if (!out) return;
    for (int op = 0; op < OPS; op++) fprintf(out, "%s %ld\n", names[op], counts[op]);
    fclose(out);
}

/* Counts a call; is it the one that fails? */
static bool fails(enum op op)
{
    long n = atomic_fetch_add(&counts[op], 1) + 1;
    bool hit = fault.op == (int)op && (fault.onwards ? n >= fault.at : n == fault.at);
    if (!hit || fault.error == SHORT) return false;
    errno = fault.error;
    return true;
}

/* How much of a write that was just counted takes place. */
static size_t cut_short(enum op op, size_t len)
{
    bool hit = fault.error == SHORT && fault.op == (int)op && counts[op] == fault.at;
    return hit && len > 1 ? len / 2 : len;
}

/* ---- the record ---- */

static void record(const char *what, ino_t inode, off_t number, const void *bytes, size_t len)
{
    static pthread_mutex_t one_at_a_time = PTHREAD_MUTEX_INITIALIZER;
    char head[96];
    int before = errno;
    int n = snprintf(
        head, sizeof head, "%s %llu %lld %zu\n", what, (unsigned long long)inode, (long long)number, len);
    struct iovec parts[] = {{head, (size_t)n}, {(void *)bytes, len}, {"\n", 1}};
    pthread_mutex_lock(&one_at_a_time);
    if (syscall(SYS_writev, record_fd, parts, 3) != (long)((size_t)n + len + 1)) _exit(99);
    pthread_mutex_unlock(&one_at_a_time);
    errno = before;
}

static bool is_file(int fd, struct stat *st)
{
    return fstat(fd, st) == 0 && S_ISREG(st->st_mode);
}

/* The path with its folder resolved: what the kernel saw. */
static void resolve(char out[PATH_MAX], int folder, const char *path)
{
    char whole[PATH_MAX], *slash;
    if (path[0] == '/' || folder == AT_FDCWD)
        snprintf(whole, sizeof whole, "%s%s", strchr(path, '/') ? "" : "./", path);
    else
        snprintf(whole, sizeof whole, "/proc/self/fd/%d/%s", folder, path);
    for (size_t len = strlen(whole); len > 1 && whole[len - 1] == '/'; len--) whole[len - 1] = '\0';
    slash = strrchr(whole, '/');
    *slash = '\0';
    if (!realpath(*whole ? whole : "/", out)) *out = '\0';
    size_t len = strlen(out);
    snprintf(out + len, PATH_MAX - len, "%s%s", len > 1 ? "/" : "", slash + 1);
}

static void record_path(const char *what, ino_t inode, int folder, const char *path)
{
    char whole[PATH_MAX];
    if (record_fd < 0) return;
    resolve(whole, folder, path);
    record(what, inode, 0, whole, strlen(whole));
}

static void record_two(const char *what, int folder, const char *path, int folder2, const char *path2)
{
    char both[2 * PATH_MAX];
    if (record_fd < 0) return;
    resolve(both, folder, path);
    size_t len = strlen(both) + 1;
    resolve(both + len, folder2, path2);
    record(what, 0, 0, both, len + strlen(both + len));
}

/* ---- writing ---- */

ssize_t write(int fd, const void *bytes, size_t len)
{
    struct stat st;
    bool file = is_file(fd, &st);
    if (file && fails(WRITE)) return -1;
    ssize_t n = syscall(SYS_write, fd, bytes, file ? cut_short(WRITE, len) : len);
    if (file && n > 0 && record_fd >= 0)
        record("write", st.st_ino, lseek(fd, 0, SEEK_CUR) - n, bytes, (size_t)n);
    return n;
}

ssize_t pwrite(int fd, const void *bytes, size_t len, off_t offset)
{
    struct stat st;
    bool file = is_file(fd, &st);
    if (file && fails(PWRITE)) return -1;
    ssize_t n = syscall(SYS_pwrite64, fd, bytes, file ? cut_short(PWRITE, len) : len, offset);
    if (file && n > 0 && record_fd >= 0) record("write", st.st_ino, offset, bytes, (size_t)n);
    return n;
}

ssize_t pwrite64(int fd, const void *bytes, size_t len, off64_t offset)
{
    return pwrite(fd, bytes, len, offset);
}

int ftruncate(int fd, off_t size)
{
    struct stat st;
    if (fails(FTRUNCATE)) return -1;
    int done = (int)syscall(SYS_ftruncate, fd, size);
    if (done == 0 && record_fd >= 0 && is_file(fd, &st)) record("truncate", st.st_ino, size, "", 0);
    return done;
}

int ftruncate64(int fd, off64_t size)
{
    return ftruncate(fd, size);
}

static int sync_by(long call, enum op op, int fd)
{
    struct stat st;
    if (fails(op)) return -1;
    int done = (int)syscall(call, fd);
    if (done == 0 && record_fd >= 0 && fstat(fd, &st) == 0) record("sync", st.st_ino, 0, "", 0);
    return done;
}

int fsync(int fd)
{
    return sync_by(SYS_fsync, FSYNC, fd);
}

int fdatasync(int fd)
{
    return sync_by(SYS_fdatasync, FDATASYNC, fd);
}

/* The record does not see writes through maps: nothing here makes any, and it must not go unnoticed if that
 * changes. */
void *mmap(void *want, size_t len, int protection, int flags, int fd, off_t offset)
{
    struct stat st;
    bool shared = (flags & MAP_TYPE) == MAP_SHARED && (protection & PROT_WRITE);
    if (shared && record_fd >= 0 && is_file(fd, &st)) {
        fprintf(stderr, "shim: a file is written through a map\n");
        _exit(99);
    }
    return (void *)syscall(SYS_mmap, want, len, protection, flags, fd, offset);
}

void *mmap64(void *want, size_t len, int protection, int flags, int fd, off64_t offset)
{
    return mmap(want, len, protection, flags, fd, offset);
}

/* ---- names ---- */

static int open_by(int folder, const char *path, int flags, mode_t mode)
{
    struct stat st;
    bool creates = flags & O_CREAT;
    if (creates && fails(OPEN)) return -1;
    bool was_there = record_fd >= 0 && faccessat(folder, path, F_OK, 0) == 0;
    int fd = (int)syscall(SYS_openat, folder, path, flags, mode);
    if (fd < 0 || record_fd < 0 || !is_file(fd, &st)) return fd;
    if (creates && !was_there)
        record_path("create", st.st_ino, folder, path);
    else if (flags & O_TRUNC)
        record("truncate", st.st_ino, 0, "", 0);
    return fd;
}

#define MODE_OF(flags)                                                                                       \
    va_list rest;                                                                                            \
    va_start(rest, flags);                                                                                   \
    mode_t mode = (flags) & (O_CREAT | __O_TMPFILE) ? va_arg(rest, mode_t) : 0;                              \
    va_end(rest)

int open(const char *path, int flags, ...)
{
    MODE_OF(flags);
    return open_by(AT_FDCWD, path, flags, mode);
}

int open64(const char *path, int flags, ...)
{
    MODE_OF(flags);
    return open_by(AT_FDCWD, path, flags, mode);
}

int openat(int folder, const char *path, int flags, ...)
{
    MODE_OF(flags);
    return open_by(folder, path, flags, mode);
}

int openat64(int folder, const char *path, int flags, ...)
{
    MODE_OF(flags);
    return open_by(folder, path, flags, mode);
}

int creat(const char *path, mode_t mode)
{
    return open_by(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode);
}

int mkdirat(int folder, const char *path, mode_t mode)
{
    struct stat st;
    if (fails(MKDIR)) return -1;
    int done = (int)syscall(SYS_mkdirat, folder, path, mode);
    if (done == 0 && fstatat(folder, path, &st, 0) == 0) record_path("mkdir", st.st_ino, folder, path);
    return done;
}

int mkdir(const char *path, mode_t mode)
{
    return mkdirat(AT_FDCWD, path, mode);
}

int renameat(int folder, const char *from, int folder2, const char *to)
{
    if (fails(RENAME)) return -1;
    int done = (int)syscall(SYS_renameat, folder, from, folder2, to);
    if (done == 0) record_two("rename", folder, from, folder2, to);
    return done;
}

int rename(const char *from, const char *to)
{
    return renameat(AT_FDCWD, from, AT_FDCWD, to);
}

int link(const char *from, const char *to)
{
    if (fails(RENAME)) return -1;
    int done = (int)syscall(SYS_linkat, AT_FDCWD, from, AT_FDCWD, to, 0);
    if (done == 0) record_two("link", AT_FDCWD, from, AT_FDCWD, to);
    return done;
}

int unlinkat(int folder, const char *path, int flags)
{
    if (fails(UNLINK)) return -1;
    int done = (int)syscall(SYS_unlinkat, folder, path, flags);
    if (done == 0) record_path("unlink", 0, folder, path);
    return done;
}

int unlink(const char *path)
{
    return unlinkat(AT_FDCWD, path, 0);
}

int rmdir(const char *path)
{
    return unlinkat(AT_FDCWD, path, AT_REMOVEDIR);
}
