/* The operating system: files, folders, locks, terminal, environment. The only files with POSIX in them are os.c and child.c.
 *
 * Durability: file_sink writes to a temporary name in the same folder; finish syncs the bytes, renames, and
 * syncs the folder; close without finish removes the temporary. After a failed sync the sink is dead. */
#ifndef SATCHEL_BASE_OS_H
#define SATCHEL_BASE_OS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include "satchel/base/arena.h"
#include "satchel/base/io.h"

struct file_info {
    uint64_t size;
    int64_t modified;    /* nanoseconds since 1970 */
    uint64_t identity[2]; /* device and file number */
    bool is_folder;
    bool is_file; /* a regular file (links are followed) */
};

int os_stat(struct file_info *out, const char *path) MUST_CHECK; /* ERR_MISSING when it is not there */
bool os_exists(const char *path);
/* ERR_ROAD where the path itself is a symbolic link: what a stick leads to elsewhere is neither read nor written.
 * Missing is fine. */
int os_refuse_link(const char *path) MUST_CHECK;
int os_make_folder(const char *path) MUST_CHECK;      /* with its parents, private to this user; synced; exists is fine */
int os_remove(const char *path) MUST_CHECK;           /* a file; missing is fine */
int os_remove_tree(const char *path) MUST_CHECK;      /* a folder with all in it, links not followed; missing is fine */
int os_rename(const char *from, const char *to) MUST_CHECK; /* replaces; the folder of `to` is synced */
int os_sync_folder(const char *path) MUST_CHECK;
int os_sync_file(const char *path) MUST_CHECK;
/* Several at a time (at_once.h). */
int os_sync_all(const char *const *paths, size_t len) MUST_CHECK; /* files and folders */
int os_remove_all(const char *const *paths, size_t len) MUST_CHECK; /* files; missing is fine */
/* The same without any syncing, for many at once: first all of them, then os_sync_file and os_sync_folder for each.
 * `made` (of a folder whose parent is there): it is new, so its parent must be synced. */
int os_make_folder_unsynced(const char *path, bool *made) MUST_CHECK;
int os_rename_unsynced(const char *from, const char *to) MUST_CHECK;
int os_free_space(uint64_t *bytes, const char *path) MUST_CHECK;
/* Folders where removable media are mounted now, in the arena. */
int os_removable(const char ***paths, size_t *len, struct arena *a) MUST_CHECK;
char *os_absolute(struct arena *a, const char *path); /* NULL: err set */

/* Names in a folder without "." and "..", sorted, in the arena; *len of them. */
int os_list(const char ***names, size_t *len, struct arena *a, const char *path) MUST_CHECK;

int file_source(struct source **out, const char *path) MUST_CHECK; /* ERR_MISSING when it is not there */
/* A source that can move: `seek` sets the place of the next read. */
struct file;
int file_open(struct file **out, const char *path) MUST_CHECK;
struct source *file_as_source(struct file *f); /* borrowed; file_close frees both */
int file_seek(struct file *f, uint64_t offset) MUST_CHECK;
int file_info(struct file *f, struct file_info *out) MUST_CHECK; /* of the open file, for "did it change while I read" */
void file_close(struct file *f);

int file_sink(struct sink **out, const char *path) MUST_CHECK; /* mode 0600; see above */
bool os_is_temporary(const char *name); /* a name in a folder that only an unfinished file_sink has */
/* Writes under the name itself, which must not count yet; finish hands all of it to the system, which begins to write it to
 * the disk, and syncs nothing: os_sync_file does, and os_sync_folder for the name. */
int file_sink_unsynced(struct sink **out, const char *path) MUST_CHECK;
/* For a folder that others write into as well: the temporary name says whose it is, and os_remove_unfinished removes
 * what processes of that owner have left there that were killed. What is being written stays, and so does all that is
 * somebody else's. The owner is letters and digits. */
int file_sink_of(struct sink **out, const char *path, const char *owner) MUST_CHECK;
int os_remove_unfinished(const char *folder, const char *owner) MUST_CHECK; /* missing is fine */
/* Writes into an existing or new file at an offset, in place; finish syncs. For parts of large evidence. */
int file_patch_sink(struct sink **out, const char *path, uint64_t offset) MUST_CHECK;
int file_write(const char *path, const void *bytes, size_t len) MUST_CHECK; /* durable, by way of file_sink */
int file_read(const char *path, struct buf *out) MUST_CHECK;                /* whole; limit is out->max */

/* An advisory lock on a file, made if need be. Shared or exclusive; wait or answer ERR_ROAD at once. */
struct os_lock;
int os_lock(struct os_lock **out, const char *path, bool exclusive, bool wait) MUST_CHECK;
void os_unlock(struct os_lock *l); /* NULL is fine */

/* A program that runs beside this one: argv[0] is looked for in PATH. Its standard input and output are in our hands;
 * what it says on its standard error is kept for the message. Reading and writing wait `patience` seconds at most. */
struct child;
int child_start(struct child **out, const char *const *argv, int patience_seconds) MUST_CHECK;
struct source *child_source(struct child *c); /* borrowed, as is the sink */
struct sink *child_sink(struct child *c);     /* finish: it reads the end of its input */
/* Waits for its end, `patience` again, then kills it. *status: its exit status, or 128 and more where it was killed. */
int child_end(struct child *c, int *status) MUST_CHECK;
/* The last line of what it said on its standard error, in the arena; "" where it said nothing. */
const char *child_complaint(struct child *c, struct arena *a);
void child_free(struct child *c); /* ends it if need be; NULL is fine */

/* A stream into memory: after fclose *text, which the caller frees, holds *len bytes and a NUL. NULL: err set. */
FILE *os_memory_file(char **text, size_t *len);
/* Starts a program that goes on by itself, without our streams: argv[0] is looked for in PATH. ERR_ROAD: it is not there. */
int os_launch(const char *const *argv) MUST_CHECK;

/* A file without a name, gone when it is closed: for what has to be written whole before it can be sent. */
struct spool;
int spool_new(struct spool **out) MUST_CHECK;
int spool_write(struct spool *s, const void *bytes, size_t len) MUST_CHECK; /* at the end */
int spool_seek(struct spool *s, uint64_t offset) MUST_CHECK;
int spool_read(struct spool *s, void *out, size_t cap, size_t *got) MUST_CHECK;
uint64_t spool_size(const struct spool *s);
void spool_free(struct spool *s); /* NULL is fine */

/* For a program that runs until it is told to stop: os_hold_stop keeps SIGINT and SIGTERM back, in all threads that are
 * started after it; os_await_stop returns when one has come. */
void os_hold_stop(void);
void os_await_stop(void);
bool os_await_stop_for(double seconds); /* true: one has come; false: the time is over */

/* For a program of many threads that runs for long: os_share_memory, at its start, lets them have one store of memory
 * where each would have its own; os_return_memory gives what is free to the system. Where it has no such thing, nothing. */
void os_share_memory(void);
void os_return_memory(void);

/* Whatever files this process makes from now on, by itself or in a library, are its user's alone. */
void os_keep_private(void);

int os_local_offset_minutes(int64_t seconds); /* this machine's offset from UTC at that time */
double os_monotonic_seconds(void);
void os_sleep(double seconds);
int64_t os_clock_nanoseconds(void); /* since 1970: now, as the times of files tell it */
bool os_is_terminal(int fd);                  /* 0, 1, 2 */
int os_terminal_width(void);
/* Asks on the terminal without echo. ERR_INPUT when there is no terminal. */
int os_ask_secret(struct buf *out, const char *prompt) MUST_CHECK;
const char *os_data_folder(struct arena *a);  /* the platform's folder for user data */
int os_processors(void);
/* The addresses by which others on the local networks reach this machine, IPv4, as text in the arena. */
int os_addresses(const char ***out, size_t *len, struct arena *a) MUST_CHECK;
/* Whose process is at the other end of an IPv4 connection within this machine. False: it can't be told. */
bool os_peer_user(unsigned *user, int socket);
bool os_is_other_user(unsigned user); /* neither the one who runs this program, nor the system's own */

/* Joins two parts of a path in the arena. */
char *path_join(struct arena *a, const char *folder, const char *name);
const char *path_name(const char *path); /* the part after the last separator */

#endif
