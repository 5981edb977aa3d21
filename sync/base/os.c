/* The operating system, by POSIX. A file becomes visible under its name only when every byte of it is on the
 * disk: temporary name, write, fsync, rename, fsync of the folder. Whatever a system call answers is looked
 * at. */
#define _POSIX_C_SOURCE 200809L
#define _DEFAULT_SOURCE /* flock, tm_gmtoff, TIOCGWINSZ */

#include "satchel/base/os.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif
#include "satchel/base/at_once.h"
#include "satchel/base/crypto.h"
#include "satchel/base/text.h"

#define WRITE_MOST ((size_t)1 << 30) /* some systems refuse a single write of 2 GiB */
#define TEMPORARY_PREFIX ".new-"
#define SECRET_MOST 4096

/* ---- system calls, retried where a signal came between ---- */

static int open_retry(const char *path, int flags)
{
    int fd;
    do {
        fd = open(path, flags | O_CLOEXEC, 0600);
    } while (fd < 0 && errno == EINTR);
    return fd;
}

static ssize_t read_retry(int fd, void *out, size_t cap)
{
    ssize_t n;
    do {
        n = read(fd, out, cap < WRITE_MOST ? cap : WRITE_MOST);
    } while (n < 0 && errno == EINTR);
    return n;
}

/* The descriptor is gone in any case, so close is never repeated; EINTR after a sync has lost nothing. */
static int close_checked(int fd)
{
    return close(fd) == 0 || errno == EINTR ? 0 : -1;
}

static int sync_fd(int fd)
{
    int result;
    do {
        result = fsync(fd);
    } while (result < 0 && errno == EINTR);
    return result;
}

static int lock_fd(int fd, int operation)
{
    int result;
    do {
        result = flock(fd, operation);
    } while (result < 0 && errno == EINTR);
    return result;
}

/* For what was to be read: a missing file is the caller's business. */
static int fail(const char *what, const char *path)
{
    if (errno == ENOENT || errno == ENOTDIR) return err_set(ERR_MISSING, "'%s' is not there", path);
    return err_system(what, path);
}

/* ---- paths ---- */

const char *path_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

char *path_join(struct arena *a, const char *folder, const char *name)
{
    size_t len = strlen(folder);
    return arena_printf(a, len == 0 || folder[len - 1] == '/' ? "%s%s" : "%s/%s", folder, name);
}

/* The folder that the last part of path lies in, malloc'ed. */
static char *folder_of(const char *path)
{
    size_t len = strlen(path);
    while (len > 1 && path[len - 1] == '/') len--;
    while (len > 0 && path[len - 1] != '/') len--;
    while (len > 1 && path[len - 1] == '/') len--;
    const char *from = len > 0 ? path : ".";
    if (len == 0) len = 1;
    char *folder = malloc(len + 1);
    if (!folder) {
        err_memory();
        return NULL;
    }
    memcpy(folder, from, len);
    folder[len] = '\0';
    return folder;
}

char *os_absolute(struct arena *a, const char *path)
{
    char here[4096];
    if (path[0] == '/') return arena_strdup(a, path);
    if (!getcwd(here, sizeof here)) {
        err_system("find the folder of", path);
        return NULL;
    }
    return path_join(a, here, path);
}

/* ---- what is there ---- */

static void info_of(struct file_info *out, const struct stat *st)
{
    out->size = (uint64_t)st->st_size;
    out->modified = (int64_t)st->st_mtim.tv_sec * 1000000000 + st->st_mtim.tv_nsec;
    out->identity[0] = (uint64_t)st->st_dev;
    out->identity[1] = (uint64_t)st->st_ino;
    out->is_folder = S_ISDIR(st->st_mode);
    out->is_file = S_ISREG(st->st_mode);
}

int os_stat(struct file_info *out, const char *path)
{
    struct stat st;
    if (stat(path, &st) != 0) return fail(N_("look at"), path);
    info_of(out, &st);
    return 0;
}

bool os_exists(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0;
}

int os_refuse_link(const char *path)
{
    struct stat st;
    if (lstat(path, &st) != 0)
        return errno == ENOENT || errno == ENOTDIR ? 0 : err_system(N_("look at"), path);
    return S_ISLNK(st.st_mode)
               ? err_set(ERR_ROAD,
                     "'%s' is a link, which is not followed here; put the file or folder itself in its place",
                     path)
               : 0;
}

int os_free_space(uint64_t *bytes, const char *path)
{
    struct statvfs fs;
    if (statvfs(path, &fs) != 0) return fail(N_("look at"), path);
    *bytes = (uint64_t)fs.f_bavail * fs.f_frsize;
    return 0;
}

static int name_order(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

struct names {
    const char **list;
    size_t len, cap;
};

static int names_add(struct names *names, const char *name)
{
    if (names->len == names->cap) {
        size_t cap = names->cap ? names->cap * 2 : 64;
        const char **list = realloc(names->list, cap * sizeof *list);
        if (!list) return err_memory();
        names->list = list;
        names->cap = cap;
    }
    names->list[names->len++] = name;
    return 0;
}

static bool is_dots(const char *name)
{
    return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

static int read_names(struct names *names, struct arena *a, DIR *folder, const char *path)
{
    for (;;) {
        errno = 0;
        struct dirent *entry = readdir(folder);
        if (!entry) return errno ? err_system("list", path) : 0;
        if (is_dots(entry->d_name)) continue;
        const char *name = arena_strdup(a, entry->d_name);
        if (!name) return ERR_ROAD;
        int err = names_add(names, name);
        if (err) return err;
    }
}

int os_list(const char ***out, size_t *len, struct arena *a, const char *path)
{
    struct names names = {0};
    DIR *folder = opendir(path);
    if (!folder) return fail(N_("list"), path);
    int err = read_names(&names, a, folder, path);
    if (err) goto out;
    const char **list = arena_alloc(a, (names.len + 1) * sizeof *list);
    if (!list) {
        err = ERR_ROAD;
        goto out;
    }
    if (names.len > 0) {
        memcpy(list, names.list, names.len * sizeof *list);
        qsort(list, names.len, sizeof *list, name_order);
    }
    *out = list;
    *len = names.len;
out:
    closedir(folder);
    free(names.list);
    return err;
}

/* ---- making, removing, renaming ---- */

/* Some file systems can't sync a folder and say so; there its entries are written with the file. */
int os_sync_folder(const char *path)
{
    int fd = open_retry(path, O_RDONLY | O_DIRECTORY);
    if (fd < 0) return fail(N_("open"), path);
    int err = 0;
    if (sync_fd(fd) != 0 && errno != EINVAL && errno != ENOTSUP) err = err_system("sync", path);
    if (close_checked(fd) != 0 && !err) err = err_system("close", path);
    return err;
}

int os_sync_file(const char *path)
{
    int fd = open_retry(path, O_RDONLY);
    if (fd < 0) return fail(N_("open"), path);
    int err = sync_fd(fd) != 0 ? err_system("sync", path) : 0;
    if (close_checked(fd) != 0 && !err) err = err_system("close", path);
    return err;
}

static int sync_one(void *paths, size_t i)
{
    const char *path = ((const char *const *)paths)[i];
    struct stat st;
    int fd = open_retry(path, O_RDONLY);
    if (fd < 0) return err_system("sync", path);
    int error = sync_fd(fd) != 0 ? errno : 0;
    bool unable = error == EINVAL || error == ENOTSUP; /* as in os_sync_folder */
    if (unable && fstat(fd, &st) == 0 && S_ISDIR(st.st_mode)) error = 0;
    if (close_checked(fd) != 0 && !error) error = errno;
    errno = error;
    return error ? err_system("sync", path) : 0;
}

int os_sync_all(const char *const *paths, size_t len)
{
    return at_once(sync_one, (void *)(uintptr_t)paths, len);
}

static int sync_folder_of(const char *path)
{
    char *folder = folder_of(path);
    if (!folder) return ERR_ROAD;
    int err = os_sync_folder(folder);
    free(folder);
    return err;
}

static int make_parent(const char *path)
{
    char *folder = folder_of(path);
    if (!folder) return ERR_ROAD;
    int err = os_make_folder(folder);
    free(folder);
    return err;
}

int os_make_folder(const char *path)
{
    int made = mkdir(path, 0700);
    if (made != 0 && errno == ENOENT && path[0] != '\0') {
        int err = make_parent(path);
        if (err) return err;
        made = mkdir(path, 0700);
    }
    if (made == 0) return sync_folder_of(path);
    int number = errno;
    struct stat st;
    if (stat(path, &st) == 0) /* made before, or by somebody else just now, or the root of a read-only disk */
        return S_ISDIR(st.st_mode) ? 0 : err_set(ERR_ROAD, "'%s' is a file, a folder is needed there", path);
    errno = number;
    return err_system("make the folder", path);
}

int os_remove(const char *path)
{
    return unlink(path) == 0 || errno == ENOENT ? 0 : err_system("remove", path);
}

static int remove_one(void *paths, size_t i)
{
    return os_remove(((const char *const *)paths)[i]);
}

int os_remove_all(const char *const *paths, size_t len)
{
    return at_once(remove_one, (void *)(uintptr_t)paths, len);
}

static int empty_folder(int fd, const char *path);

/* Removes `name` in the open folder; `path` is for messages. */
static int remove_at(int folder, const char *name, const char *path)
{
    if (unlinkat(folder, name, 0) == 0 || errno == ENOENT) return 0;
    int number = errno;
    int fd = openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) {
        errno = number;
        return err_system("remove", path);
    }
    int err = empty_folder(fd, path);
    if (err) return err;
    return unlinkat(folder, name, AT_REMOVEDIR) == 0 || errno == ENOENT ? 0 : err_system("remove", path);
}

/* Owns fd. */
static int empty_folder(int fd, const char *path)
{
    struct names names = {0};
    struct arena a;
    DIR *folder = fdopendir(fd);
    if (!folder) {
        int err = err_system("list", path);
        close(fd);
        return err;
    }
    arena_init(&a);
    int err = read_names(&names, &a, folder, path);
    for (size_t i = 0; i < names.len && !err; i++) err = remove_at(dirfd(folder), names.list[i], path);
    closedir(folder);
    free(names.list);
    arena_release(&a);
    return err;
}

int os_remove_tree(const char *path)
{
    return remove_at(AT_FDCWD, path, path);
}

int os_make_folder_unsynced(const char *path, bool *made)
{
    *made = mkdir(path, 0700) == 0;
    return *made || errno == EEXIST ? 0 : err_system("make the folder", path);
}

int os_rename_unsynced(const char *from, const char *to)
{
    return rename(from, to) == 0 ? 0 : fail(N_("rename"), from);
}

int os_rename(const char *from, const char *to)
{
    int err = os_rename_unsynced(from, to);
    return err ? err : sync_folder_of(to);
}

/* ---- reading ---- */

struct file {
    struct source base;
    int fd;
    char *path;
};

static int read_file(struct source *base, void *out, size_t cap, size_t *got)
{
    struct file *f = (struct file *)base;
    ssize_t n = read_retry(f->fd, out, cap);
    if (n < 0) return err_system("read", f->path);
    *got = (size_t)n;
    return 0;
}

static void close_file(struct source *base)
{
    file_close((struct file *)base);
}

void file_close(struct file *f)
{
    if (!f) return;
    if (f->fd >= 0) close(f->fd);
    free(f->path);
    free(f);
}

static char *copy_of(const char *s)
{
    size_t size = strlen(s) + 1;
    char *copy = malloc(size);
    if (copy) memcpy(copy, s, size);
    return copy;
}

/* A folder opens but can't be read; that is found out here, where it can be said well. */
static int open_for_reading(int *out, const char *path)
{
    struct stat st;
    int fd = open_retry(path, O_RDONLY);
    if (fd < 0) return fail(N_("open"), path);
    int err = 0;
    if (fstat(fd, &st) != 0)
        err = err_system("look at", path);
    else if (S_ISDIR(st.st_mode))
        err = err_set(ERR_INPUT, "'%s' is a folder, a file is needed there", path);
    if (err)
        close(fd);
    else
        *out = fd;
    return err;
}

int file_open(struct file **out, const char *path)
{
    int fd = -1;
    int err = open_for_reading(&fd, path);
    if (err) return err;
    struct file *f = calloc(1, sizeof *f);
    char *copy = copy_of(path);
    if (!f || !copy) {
        close(fd);
        free(f);
        free(copy);
        return err_memory();
    }
    *f = (struct file){{read_file, close_file}, fd, copy};
    *out = f;
    return 0;
}

struct source *file_as_source(struct file *f)
{
    return &f->base;
}

int file_source(struct source **out, const char *path)
{
    struct file *f;
    int err = file_open(&f, path);
    if (!err) *out = &f->base;
    return err;
}

int file_seek(struct file *f, uint64_t offset)
{
    if (offset > INT64_MAX) return err_set(ERR_INPUT, "'%s' has no byte at such an offset", f->path);
    return lseek(f->fd, (off_t)offset, SEEK_SET) < 0 ? err_system("move in", f->path) : 0;
}

int file_info(struct file *f, struct file_info *out)
{
    struct stat st;
    if (fstat(f->fd, &st) != 0) return err_system("look at", f->path);
    info_of(out, &st);
    return 0;
}

int file_read(const char *path, struct buf *out)
{
    struct source *s;
    int err = file_source(&s, path);
    if (err) return err;
    err = source_read_all(s, out);
    if (err == ERR_INPUT) err = err_within(err, "'%s'", path);
    source_close(s);
    return err;
}

/* ---- writing ---- */

struct file_sink {
    struct sink base;
    int fd;          /* -1 once it was closed */
    int error;       /* the first failure; after it the sink is dead */
    char *path;      /* the name it gets in the end */
    char *temporary; /* the name it has until then; NULL: it is written in place */
};

bool os_is_temporary(const char *name)
{
    return strncmp(name, TEMPORARY_PREFIX, strlen(TEMPORARY_PREFIX)) == 0;
}

static int write_file(struct sink *base, const void *bytes, size_t len)
{
    struct file_sink *s = (struct file_sink *)base;
    const unsigned char *at = bytes;
    while (len > 0 && !s->error) {
        ssize_t n = write(s->fd, at, len < WRITE_MOST ? len : WRITE_MOST);
        if (n > 0) {
            at += n;
            len -= (size_t)n;
        } else if (n == 0 || errno != EINTR) {
            s->error = err_system("write", s->path);
        }
    }
    return s->error;
}

static int sync_and_close(struct file_sink *s)
{
    int err = sync_fd(s->fd) != 0 ? err_system("sync", s->path) : 0;
    if (close_checked(s->fd) != 0 && !err) err = err_system("close", s->path);
    s->fd = -1;
    return err;
}

static int publish(struct file_sink *s)
{
    if (!s->temporary) return 0;
    if (rename(s->temporary, s->path) != 0) return err_system("rename to", s->path);
    free(s->temporary);
    s->temporary = NULL;
    return 0;
}

static int finish_file(struct sink *base)
{
    struct file_sink *s = (struct file_sink *)base;
    if (s->error) return s->error;
    s->error = sync_and_close(s);
    if (!s->error) s->error = publish(s);
    if (!s->error) s->error = sync_folder_of(s->path);
    return s->error;
}

/* The advice is what POSIX has for "begin to write it, I shall not read it soon". */
static int finish_unsynced(struct sink *base)
{
    struct file_sink *s = (struct file_sink *)base;
    if (s->error) return s->error;
    (void)!posix_fadvise(s->fd, 0, 0, POSIX_FADV_DONTNEED);
    if (close_checked(s->fd) != 0) s->error = err_system("close", s->path);
    s->fd = -1;
    if (s->error) return s->error;
    free(s->temporary);
    s->temporary = NULL;
    return 0;
}

static void close_file_sink(struct sink *base)
{
    struct file_sink *s = (struct file_sink *)base;
    if (s->fd >= 0) close(s->fd);
    if (s->temporary) unlink(s->temporary);
    free(s->temporary);
    free(s->path);
    free(s);
}

/* A sink without a descriptor yet. */
static struct file_sink *sink_new(const char *path)
{
    struct file_sink *s = calloc(1, sizeof *s);
    char *copy = copy_of(path);
    if (!s || !copy) {
        free(s);
        free(copy);
        err_memory();
        return NULL;
    }
    s->base = (struct sink){write_file, finish_file, close_file_sink};
    s->fd = -1;
    s->path = copy;
    return s;
}

/* ".new-", the owner and a dash where there is one, 16 random digits; in the same folder. */
static int temporary_name(char **out, const char *path, const char *owner)
{
    unsigned char random[8];
    char hex[2 * sizeof random + 1];
    int err = random_bytes(random, sizeof random);
    if (err) return err;
    hex_write(hex, random, sizeof random);
    char *folder = folder_of(path);
    if (!folder) return ERR_ROAD;
    size_t size = strlen(folder) + sizeof "/" TEMPORARY_PREFIX "-" + strlen(owner) + sizeof hex;
    char *name = malloc(size);
    if (name) snprintf(name, size, "%s/" TEMPORARY_PREFIX "%s%s%s", folder, owner, *owner ? "-" : "", hex);
    free(folder);
    if (!name) return err_memory();
    *out = name;
    return 0;
}

/* The lock tells others that the file is being written; where a file system knows none, it is left alone. */
static int open_temporary(const char *name)
{
    int fd = open_retry(name, O_WRONLY | O_CREAT | O_EXCL);
    if (fd >= 0) (void)!lock_fd(fd, LOCK_EX | LOCK_NB);
    return fd;
}

int file_sink_of(struct sink **out, const char *path, const char *owner)
{
    struct file_sink *s = sink_new(path);
    if (!s) return ERR_ROAD;
    char *name = NULL;
    int err = temporary_name(&name, path, owner);
    if (err) goto out;
    s->fd = open_temporary(name);
    if (s->fd < 0) {
        err = err_system("write", path);
        free(name);
        goto out;
    }
    s->temporary = name;
    *out = &s->base;
out:
    if (err) close_file_sink(&s->base);
    return err;
}

int file_sink(struct sink **out, const char *path)
{
    return file_sink_of(out, path, "");
}

int file_sink_unsynced(struct sink **out, const char *path)
{
    struct file_sink *s = sink_new(path);
    if (!s) return ERR_ROAD;
    int err = 0;
    s->base.finish = finish_unsynced;
    s->temporary = copy_of(path); /* removed unless it is finished */
    if (!s->temporary) err = err_memory();
    if (!err) s->fd = open_retry(path, O_WRONLY | O_CREAT | O_TRUNC);
    if (!err && s->fd < 0) err = err_system("write", path);
    if (err)
        close_file_sink(&s->base);
    else
        *out = &s->base;
    return err;
}

static bool is_temporary_of(const char *name, const char *owner)
{
    size_t len = strlen(owner), head = strlen(TEMPORARY_PREFIX);
    return os_is_temporary(name) && strncmp(name + head, owner, len) == 0 && name[head + len] == '-';
}

/* What can't be opened or locked may be somebody's at work. */
static int remove_abandoned(const char *path)
{
    int fd = open_retry(path, O_RDWR | O_NOFOLLOW);
    if (fd < 0) return 0;
    int err = lock_fd(fd, LOCK_EX | LOCK_NB) == 0 ? os_remove(path) : 0;
    close(fd);
    return err;
}

int os_remove_unfinished(const char *folder, const char *owner)
{
    struct arena a;
    const char **names = NULL;
    size_t len = 0;
    arena_init(&a);
    int err = os_list(&names, &len, &a, folder);
    if (err == ERR_MISSING) {
        err_clear();
        err = 0;
    }
    for (size_t i = 0; i < len && !err; i++) {
        if (!is_temporary_of(names[i], owner)) continue;
        const char *path = path_join(&a, folder, names[i]);
        err = path ? remove_abandoned(path) : ERR_ROAD;
    }
    arena_release(&a);
    return err;
}

int file_patch_sink(struct sink **out, const char *path, uint64_t offset)
{
    if (offset > INT64_MAX) return err_set(ERR_INPUT, "'%s' has no byte at such an offset", path);
    struct file_sink *s = sink_new(path);
    if (!s) return ERR_ROAD;
    int err = 0;
    s->fd = open_retry(path, O_WRONLY | O_CREAT);
    if (s->fd < 0 || lseek(s->fd, (off_t)offset, SEEK_SET) < 0) err = err_system("write", path);
    if (err)
        close_file_sink(&s->base);
    else
        *out = &s->base;
    return err;
}

int file_write(const char *path, const void *bytes, size_t len)
{
    struct sink *s;
    int err = file_sink(&s, path);
    if (err) return err;
    err = sink_write(s, bytes, len);
    if (!err) err = sink_finish(s);
    sink_close(s);
    return err;
}

/* ---- locks ---- */

struct os_lock {
    int fd;
};

/* On a medium that can't be written nobody writes, and whoever only reads may go on. */
static int open_lock(const char *path, bool exclusive)
{
    int fd = open_retry(path, O_RDWR | O_CREAT);
    return fd < 0 && errno == EROFS && !exclusive ? open_retry(path, O_RDONLY) : fd;
}

int os_lock(struct os_lock **out, const char *path, bool exclusive, bool wait)
{
    int err = 0;
    struct os_lock *l = calloc(1, sizeof *l);
    if (!l) return err_memory();
    l->fd = open_lock(path, exclusive);
    if (l->fd < 0)
        err = err_system("use", path);
    else if (lock_fd(l->fd, (exclusive ? LOCK_EX : LOCK_SH) | (wait ? 0 : LOCK_NB)) == 0)
        *out = l;
    else if (errno == EWOULDBLOCK)
        err = err_set(ERR_ROAD, "'%s' is in use by another process; wait until that one is done", path);
    else
        err = err_system("lock", path);
    if (err) os_unlock(l);
    return err;
}

void os_unlock(struct os_lock *l)
{
    if (!l) return;
    if (l->fd >= 0) close(l->fd);
    free(l);
}

/* ---- being told to stop ---- */

static void stop_signals(sigset_t *set)
{
    sigemptyset(set);
    sigaddset(set, SIGINT);
    sigaddset(set, SIGTERM);
}

void os_hold_stop(void)
{
    sigset_t set;
    stop_signals(&set);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    signal(SIGPIPE, SIG_IGN); /* a peer that goes is an error of that write */
}

void os_await_stop(void)
{
    sigset_t set;
    int which;
    stop_signals(&set);
    while (sigwait(&set, &which) != 0) continue;
}

bool os_await_stop_for(double seconds)
{
    sigset_t set;
    struct timespec t = {(time_t)seconds, (long)((seconds - (double)(time_t)seconds) * 1e9)};
    stop_signals(&set);
    return sigtimedwait(&set, NULL, &t) > 0;
}

/* ---- clock, terminal, environment ---- */

void os_keep_private(void)
{
    umask(077);
}

int os_local_offset_minutes(int64_t seconds)
{
    time_t t = (time_t)seconds;
    struct tm local;
    tzset();
    return localtime_r(&t, &local) ? (int)(local.tm_gmtoff / 60) : 0;
}

void os_sleep(double seconds)
{
    struct timespec left = {(time_t)seconds, (long)((seconds - (double)(time_t)seconds) * 1e9)};
    while (nanosleep(&left, &left) != 0 && errno == EINTR) {
    }
}

int64_t os_clock_nanoseconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

double os_monotonic_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

bool os_is_terminal(int fd)
{
    return isatty(fd) == 1;
}

int os_terminal_width(void)
{
    struct winsize size;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
    const char *columns = getenv("COLUMNS");
    long width = columns ? strtol(columns, NULL, 10) : 0;
    return width > 0 && width < 10000 ? (int)width : 80;
}

/* One line without its end. With signals off, control-C arrives as a byte; as VEOL it ends the line at once.
 */
static int read_secret_line(struct buf *out, int tty)
{
    unsigned char line[SECRET_MOST];
    int err = 0;
    ssize_t n = read_retry(tty, line, sizeof line);
    if (n <= 0 || line[n - 1] != '\n')
        err = err_set(ERR_INPUT, "no passphrase was given");
    else
        buf_add(out, line, (size_t)n - 1);
    wipe(line, sizeof line);
    return err ? err : buf_error(out);
}

static int ask_silently(struct buf *out, int tty)
{
    struct termios before, silent;
    if (tcgetattr(tty, &before) != 0) return err_system("use", "/dev/tty");
    silent = before;
    silent.c_lflag &= ~(tcflag_t)(ECHO | ECHONL | ISIG);
    silent.c_lflag |= ICANON;
    silent.c_cc[VEOL] = 3;
    if (tcsetattr(tty, TCSAFLUSH, &silent) != 0) return err_system("use", "/dev/tty");
    int err = read_secret_line(out, tty);
    if (tcsetattr(tty, TCSAFLUSH, &before) != 0 && !err) err = err_system("use", "/dev/tty");
    return err;
}

int os_ask_secret(struct buf *out, const char *prompt)
{
    int tty = open_retry("/dev/tty", O_RDWR | O_NOCTTY);
    if (tty < 0)
        return err_set(ERR_INPUT,
            "there is no terminal to ask for the passphrase on; name a file in SATCHEL_PASSPHRASE_FILE");
    int err = 0;
    if (write(tty, prompt, strlen(prompt)) < 0) err = err_system("use", "/dev/tty");
    if (!err) err = ask_silently(out, tty);
    if (write(tty, "\n", 1) < 0 && !err) err = err_system("use", "/dev/tty");
    close(tty);
    return err;
}

const char *os_data_folder(struct arena *a)
{
    const char *data = getenv("XDG_DATA_HOME"), *home = getenv("HOME");
    if (data && data[0] == '/')
        return arena_strdup(a, data); /* the XDG rules: a relative one counts as unset */
    if (home && home[0]) return path_join(a, home, ".local/share");
    err_set(ERR_ROAD, "no folder for data is known: HOME is not set; name one with --store");
    return NULL;
}

/* glibc keeps what each thread has freed for that thread, and large blocks that were freed once; a server has many threads,
 * and runs for months. */
void os_share_memory(void)
{
#ifdef __GLIBC__
    mallopt(M_ARENA_MAX, 2);
    mallopt(M_MMAP_THRESHOLD, 128 << 10);
    mallopt(M_TRIM_THRESHOLD, 1 << 20);
#endif
}

void os_return_memory(void)
{
#ifdef __GLIBC__
    malloc_trim(0);
#endif
}

int os_processors(void)
{
    long n = sysconf(_SC_NPROCESSORS_ONLN);
    return n < 1 ? 1 : n > 256 ? 256 : (int)n;
}

/* ---- network ---- */

static bool is_outward(const struct ifaddrs *i)
{
    return i->ifa_addr && i->ifa_addr->sa_family == AF_INET && (i->ifa_flags & IFF_UP) && !(i->ifa_flags & IFF_LOOPBACK);
}

static int add_address(const char **list, size_t *len, struct arena *a, const struct ifaddrs *i)
{
    char text[INET_ADDRSTRLEN];
    struct sockaddr_in in;
    memcpy(&in, i->ifa_addr, sizeof in);
    if (!inet_ntop(AF_INET, &in.sin_addr, text, sizeof text)) return 0;
    list[*len] = arena_strdup(a, text);
    return list[*len] ? (++*len, 0) : ERR_ROAD;
}

int os_addresses(const char ***out, size_t *len, struct arena *a)
{
    struct ifaddrs *all;
    size_t most = 0, n = 0;
    if (getifaddrs(&all) != 0) return err_system("list", "network addresses");
    for (const struct ifaddrs *i = all; i; i = i->ifa_next) most += is_outward(i);
    const char **list = arena_alloc(a, (most + 1) * sizeof *list);
    int rc = list ? 0 : ERR_ROAD;
    for (const struct ifaddrs *i = all; i && rc == 0; i = i->ifa_next)
        if (is_outward(i)) rc = add_address(list, &n, a, i);
    freeifaddrs(all);
    if (rc) return rc;
    *out = list;
    *len = n;
    return 0;
}

/* A row of /proc/net/tcp: the two ends as the kernel writes them, state, queues, timer, tries, and the user. */
static bool read_row(const char *row, const char *ends, unsigned *user)
{
    const char *at = strstr(row, ends);
    return at && sscanf(at + strlen(ends), "%*s %*s %*s %*s %u", user) == 1;
}

bool os_peer_user(unsigned *user, int socket)
{
    struct sockaddr_in here, there;
    socklen_t len = sizeof here, there_len = sizeof there;
    char row[512], ends[48];
    bool found = false;
    if (getsockname(socket, (struct sockaddr *)&here, &len) != 0 || here.sin_family != AF_INET) return false;
    if (getpeername(socket, (struct sockaddr *)&there, &there_len) != 0) return false;
    snprintf(ends, sizeof ends, " %08X:%04X %08X:%04X ", (unsigned)there.sin_addr.s_addr, ntohs(there.sin_port),
        (unsigned)here.sin_addr.s_addr, ntohs(here.sin_port));
    FILE *table = fopen("/proc/net/tcp", "re");
    while (table && !found && fgets(row, sizeof row, table)) found = read_row(row, ends, user);
    if (table) fclose(table);
    return found;
}

bool os_is_other_user(unsigned user)
{
    return user != 0 && user != (unsigned)getuid();
}

/* ---- sticks ---- */

#define MOUNTS_MOST 64

/* Blanks and the like stand as \\040 there. */
static char *unescape_mount(struct arena *a, const char *text, size_t len)
{
    char *s = arena_alloc(a, len + 1), *out = s;
    for (size_t i = 0; s && i < len; i++) {
        bool octal = text[i] == '\\' && i + 3 < len;
        *out++ = octal ? (char)((text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 + (text[i + 3] - '0')) : text[i];
        if (octal) i += 3;
    }
    return s;
}

static bool is_for_media(const char *path)
{
    static const char *const roots[] = {"/media/", "/run/media/", "/mnt/", "/Volumes/"};
    for (size_t i = 0; i < sizeof roots / sizeof *roots; i++)
        if (strncmp(path, roots[i], strlen(roots[i])) == 0) return access(path, W_OK) == 0;
    return false;
}

int os_removable(const char ***paths, size_t *len, struct arena *a)
{
    const char **list = arena_alloc(a, MOUNTS_MOST * sizeof *list);
    FILE *mounts = fopen("/proc/self/mounts", "re");
    char line[4096];
    size_t n = 0;
    if (!list && mounts) fclose(mounts);
    if (!list) return ERR_ROAD;
    while (mounts && n < MOUNTS_MOST && fgets(line, sizeof line, mounts)) {
        const char *at = strchr(line, ' ');
        const char *path = at ? unescape_mount(a, at + 1, strcspn(at + 1, " ")) : NULL;
        if (path && is_for_media(path)) list[n++] = path;
    }
    if (mounts) fclose(mounts);
    *paths = list;
    *len = n;
    return 0;
}

FILE *os_memory_file(char **text, size_t *len)
{
    FILE *f = open_memstream(text, len);
    if (!f) err_memory();
    return f;
}
