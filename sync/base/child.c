/* A program beside this one, by POSIX: its input and output are the two ends of one socket, so that a write to a program
 * that has gone is an error and not a signal. Its standard error goes to a file without a name.
 *
 * Also the spool, which is such a file. */
#define _POSIX_C_SOURCE 200809L

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "satchel/base/os.h"

extern char **environ;

#define COMPLAINT_MOST 400
#define NAP_MILLISECONDS 20

struct child {
    struct source source;
    struct sink sink;
    const char *name; /* for messages */
    char *name_owned;
    pid_t pid; /* 0: it has ended */
    int fd, status, patience;
    FILE *complaints;
};

/* ---- waiting and moving bytes ---- */

static int wait_for(struct child *c, short events)
{
    struct pollfd p = {.fd = c->fd, .events = events};
    int n;
    do {
        n = poll(&p, 1, c->patience * 1000);
    } while (n < 0 && errno == EINTR);
    if (n < 0) return err_system("wait for", c->name);
    if (n == 0) return err_set(ERR_ROAD, "'%s' has said nothing for %d seconds", c->name, c->patience);
    return 0;
}

static int read_child(struct source *s, void *out, size_t cap, size_t *got)
{
    struct child *c = (struct child *)s;
    int rc = wait_for(c, POLLIN);
    if (rc) return rc;
    ssize_t n = recv(c->fd, out, cap, 0);
    if (n < 0 && errno != ECONNRESET) return err_system("read from", c->name);
    *got = n > 0 ? (size_t)n : 0;
    return 0;
}

static struct child *of_sink(struct sink *s)
{
    return (struct child *)((char *)s - offsetof(struct child, sink));
}

static int write_child(struct sink *s, const void *bytes, size_t len)
{
    struct child *c = of_sink(s);
    const unsigned char *at = bytes;
    while (len > 0) {
        int rc = wait_for(c, POLLOUT);
        if (rc) return rc;
        ssize_t n = send(c->fd, at, len, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0 && (errno == EAGAIN || errno == EINTR)) continue;
        if (n < 0) return err_system("write to", c->name);
        at += n;
        len -= (size_t)n;
    }
    return 0;
}

static int finish_child(struct sink *s)
{
    struct child *c = of_sink(s);
    return shutdown(c->fd, SHUT_WR) == 0 || errno == ENOTCONN ? 0 : err_system("write to", c->name);
}

static void close_nothing(struct source *s)
{
    (void)s;
}

static void close_no_sink(struct sink *s)
{
    (void)s;
}

/* ---- start and end ---- */

static int spawn(struct child *c, const char *const *argv, int fd)
{
    posix_spawn_file_actions_t actions;
    int failed = posix_spawn_file_actions_init(&actions);
    if (failed) return err_memory();
    failed = posix_spawn_file_actions_adddup2(&actions, fd, 0);
    if (!failed) failed = posix_spawn_file_actions_adddup2(&actions, fd, 1);
    if (!failed) failed = posix_spawn_file_actions_adddup2(&actions, fileno(c->complaints), 2);
    if (!failed) failed = posix_spawnp(&c->pid, argv[0], &actions, NULL, (char *const *)argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    if (!failed) return 0;
    c->pid = 0;
    return err_set(ERR_ROAD, "cannot start '%s': %s", argv[0], strerror(failed));
}

static int start(struct child *c, const char *const *argv)
{
    int ends[2];
    c->name = c->name_owned = strdup(argv[0]);
    c->complaints = tmpfile();
    if (!c->name || !c->complaints) return err_memory();
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends)) return err_system("make a channel to", argv[0]);
    c->fd = ends[0];
    int rc = spawn(c, argv, ends[1]);
    close(ends[1]);
    return rc;
}

int os_launch(const char *const *argv)
{
    posix_spawn_file_actions_t streams;
    posix_spawnattr_t how;
    sigset_t none;
    pid_t pid;
    sigemptyset(&none);
    posix_spawn_file_actions_init(&streams);
    posix_spawnattr_init(&how);
    for (int fd = 0; fd < 3; fd++) posix_spawn_file_actions_addopen(&streams, fd, "/dev/null", fd ? O_WRONLY : O_RDONLY, 0);
    posix_spawnattr_setsigmask(&how, &none); /* what we hold back ends it all the same */
    posix_spawnattr_setpgroup(&how, 0);      /* and a Ctrl-C for us does not */
    posix_spawnattr_setflags(&how, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP);
    errno = posix_spawnp(&pid, argv[0], &streams, &how, (char *const *)(uintptr_t)argv, environ);
    int rc = errno ? err_system("start", argv[0]) : 0;
    posix_spawn_file_actions_destroy(&streams);
    posix_spawnattr_destroy(&how);
    return rc;
}

int child_start(struct child **out, const char *const *argv, int patience_seconds)
{
    struct child *c = calloc(1, sizeof *c);
    if (!c) return err_memory();
    c->source = (struct source){read_child, close_nothing};
    c->sink = (struct sink){write_child, finish_child, close_no_sink};
    c->fd = -1;
    c->patience = patience_seconds;
    int rc = start(c, argv);
    if (rc)
        child_free(c);
    else
        *out = c;
    return rc;
}

struct source *child_source(struct child *c)
{
    return &c->source;
}

struct sink *child_sink(struct child *c)
{
    return &c->sink;
}

static bool has_ended(struct child *c, int options)
{
    pid_t done;
    do {
        done = waitpid(c->pid, &c->status, options);
    } while (done < 0 && errno == EINTR);
    if (done == 0) return false;
    c->pid = 0;
    return true;
}

static void nap(void)
{
    struct timespec t = {0, NAP_MILLISECONDS * 1000000L};
    nanosleep(&t, NULL);
}

int child_end(struct child *c, int *status)
{
    double until = os_monotonic_seconds() + c->patience;
    if (c->fd >= 0) close(c->fd);
    c->fd = -1;
    while (c->pid && !has_ended(c, WNOHANG)) {
        if (os_monotonic_seconds() > until) {
            kill(c->pid, SIGKILL);
            has_ended(c, 0);
            return err_set(ERR_ROAD, "'%s' did not end within %d seconds", c->name, c->patience);
        }
        nap();
    }
    *status = WIFEXITED(c->status) ? WEXITSTATUS(c->status) : 128 + WTERMSIG(c->status);
    return 0;
}

static const char *last_line(char *text, size_t len)
{
    while (len > 0 && (text[len - 1] == '\n' || text[len - 1] == '\r' || text[len - 1] == ' ')) text[--len] = '\0';
    const char *line = strrchr(text, '\n');
    return line ? line + 1 : text;
}

const char *child_complaint(struct child *c, struct arena *a)
{
    char text[COMPLAINT_MOST + 1];
    long size = fseek(c->complaints, 0, SEEK_END) ? 0 : ftell(c->complaints);
    if (fseek(c->complaints, size > COMPLAINT_MOST ? size - COMPLAINT_MOST : 0, SEEK_SET)) return "";
    size_t len = fread(text, 1, COMPLAINT_MOST, c->complaints);
    text[len] = '\0';
    const char *line = arena_strdup(a, last_line(text, len));
    return line ? line : "";
}

void child_free(struct child *c)
{
    if (!c) return;
    if (c->fd >= 0) close(c->fd);
    if (c->pid) {
        kill(c->pid, SIGTERM);
        c->patience = 2;
        c->fd = -1;
        int status;
        if (child_end(c, &status)) err_clear();
    }
    if (c->complaints) fclose(c->complaints);
    free(c->name_owned);
    free(c);
}

/* ---- the spool ---- */

struct spool {
    FILE *file;
    uint64_t size;
};

int spool_new(struct spool **out)
{
    struct spool *s = calloc(1, sizeof *s);
    if (!s) return err_memory();
    s->file = tmpfile();
    if (!s->file) {
        free(s);
        return err_system("make", "a temporary file");
    }
    *out = s;
    return 0;
}

int spool_write(struct spool *s, const void *bytes, size_t len)
{
    if (fwrite(bytes, 1, len, s->file) != len) return err_system("write", "a temporary file");
    s->size += len;
    return 0;
}

int spool_seek(struct spool *s, uint64_t offset)
{
    return fseeko(s->file, (off_t)offset, SEEK_SET) ? err_system("read", "a temporary file") : 0;
}

int spool_read(struct spool *s, void *out, size_t cap, size_t *got)
{
    *got = fread(out, 1, cap, s->file);
    return *got < cap && ferror(s->file) ? err_system("read", "a temporary file") : 0;
}

uint64_t spool_size(const struct spool *s)
{
    return s->size;
}

void spool_free(struct spool *s)
{
    if (!s) return;
    fclose(s->file);
    free(s);
}
