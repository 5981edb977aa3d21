/* Removing what no row names: leftovers of processes that ended in the middle, and evidence whose entries
 * were rolled back. Only under an exclusive lock, when nobody else has the store open.
 *
 * Leftovers in inbox/ go whenever a store is opened. Parts of evidence and unnamed evidence, whose record may
 * come yet, go by store_clean only. */
#include "internal.h"

#include <string.h>

struct cleaning {
    struct store *s;
    struct arena arena;
    struct map named; /* blob names that rows name */
};

static int note_name(void *ctx, const char *sha256)
{
    struct cleaning *c = ctx;
    char name[BLOB_NAME_SIZE];
    blob_name(c->s, sha256, name);
    const char *copy = arena_strdup(&c->arena, name);
    return copy ? map_put(&c->named, copy, c) : ERR_ROAD;
}

/* The blob name that a file's name begins with, up to `end`. */
static bool is_named(const struct cleaning *c, const char *file, size_t end)
{
    char name[BLOB_NAME_SIZE];
    if (end != BLOB_NAME_SIZE - 1) return false;
    memcpy(name, file, end);
    name[end] = '\0';
    return map_get(&c->named, name) != NULL;
}

static int clean_folder(struct cleaning *c, const char *folder, bool parts)
{
    const char **files, *path = path_join(&c->arena, c->s->folder, folder);
    size_t len;
    int err = path ? os_list(&files, &len, &c->arena, path) : ERR_ROAD;
    for (size_t i = 0; !err && i < len; i++) {
        size_t end = parts ? strcspn(files[i], "+") : strlen(files[i]);
        if (is_named(c, files[i], end)) continue;
        const char *file = path_join(&c->arena, path, files[i]);
        err = file ? os_remove_tree(file) : ERR_ROAD;
    }
    return err;
}

static int clean(struct store *s)
{
    struct cleaning c = {.s = s};
    arena_init(&c.arena);
    map_init(&c.named);
    int err = store_refresh(s);
    if (!err) err = evidence_each(s, NULL, note_name, &c);
    if (!err) err = clean_folder(&c, "blobs", false);
    if (!err) err = clean_folder(&c, "inbox", true);
    map_release(&c.named);
    arena_release(&c.arena);
    return err;
}

static int lock_again(struct store *s, bool exclusive, bool wait)
{
    struct arena a;
    arena_init(&a);
    const char *path = path_join(&a, s->folder, "lock");
    os_unlock(s->lock);
    s->lock = NULL;
    int err = path ? os_lock(&s->lock, path, exclusive, wait) : ERR_ROAD;
    arena_release(&a);
    return err;
}

/* Names that only what is under way has. */
static bool is_leftover(const char *name)
{
    static const char *const begins[] = {"take-", "bundle-", "upload-"};
    for (size_t i = 0; i < sizeof begins / sizeof *begins; i++)
        if (strncmp(name, begins[i], strlen(begins[i])) == 0) return true;
    return os_is_temporary(name);
}

/* Without `remove` it only looks. */
static bool has_leftovers(struct store *s, bool remove)
{
    struct arena a;
    const char **files;
    size_t len = 0;
    bool any = false;
    arena_init(&a);
    const char *inbox = path_join(&a, s->folder, "inbox");
    int err = inbox ? os_list(&files, &len, &a, inbox) : ERR_ROAD;
    for (size_t i = 0; !err && i < len; i++) {
        if (!is_leftover(files[i])) continue;
        any = true;
        const char *path = remove ? path_join(&a, inbox, files[i]) : NULL;
        if (path) err = os_remove_tree(path);
    }
    if (err) err_clear(); /* then it stays for another time */
    arena_release(&a);
    return any;
}

int clean_leftovers(struct store *s)
{
    if (!has_leftovers(s, false)) return 0;
    if (lock_again(s, true, false) == 0)
        has_leftovers(s, true);
    else
        err_clear(); /* somebody is in the middle of something */
    return lock_again(s, false, true);
}

int store_clean(struct store *s)
{
    if (s->tx) return err_set(ERR_USAGE, "a transaction of the store is open already");
    int err = lock_again(s, true, false);
    if (!err) err = clean(s);
    int shared = lock_again(s, false, true);
    return err ? err : shared;
}
