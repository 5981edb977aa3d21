/* Files of lines, rotated by size. */
#include "satchel/serve/lines.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "satchel/base/io.h"
#include "satchel/base/os.h"

#define KEPT 4

struct lines {
    struct arena arena;
    const char *path;
    uint64_t most;
    pthread_mutex_t lock; /* guards what follows */
    struct sink *sink;    /* NULL: it could not be opened again */
    uint64_t size;
    bool cut;             /* the last line has no end: a full disk, or a death */
};

static int look_at_end(struct lines *l)
{
    struct file *file;
    char last = '\n';
    size_t got;
    int rc = l->size ? file_open(&file, l->path) : 0;
    if (rc || !l->size) return rc;
    rc = file_seek(file, l->size - 1);
    if (rc == 0) rc = source_read_full(file_as_source(file), &last, 1, &got);
    file_close(file);
    l->cut = last != '\n';
    return rc;
}

static int open_end(struct lines *l)
{
    struct file_info info = {0};
    int rc = os_stat(&info, l->path);
    if (rc == ERR_MISSING) rc = file_write(l->path, "", 0);
    if (rc) return rc;
    l->size = info.size;
    rc = look_at_end(l);
    return rc ? rc : file_patch_sink(&l->sink, l->path, info.size);
}

int lines_open(struct lines **out, const char *path, uint64_t most)
{
    struct lines *l = calloc(1, sizeof *l);
    if (!l) return err_memory();
    arena_init(&l->arena);
    pthread_mutex_init(&l->lock, NULL);
    l->path = arena_strdup(&l->arena, path);
    l->most = most;
    int rc = l->path ? open_end(l) : ERR_ROAD;
    if (rc)
        lines_close(l);
    else
        *out = l;
    return rc;
}

void lines_close(struct lines *l)
{
    if (!l) return;
    sink_close(l->sink);
    pthread_mutex_destroy(&l->lock);
    arena_release(&l->arena);
    free(l);
}

static const char *number(struct arena *a, const char *path, int i)
{
    return i ? arena_printf(a, "%s.%d", path, i) : path;
}

static int rotate(struct lines *l)
{
    struct arena a;
    int rc = 0;
    sink_close(l->sink);
    l->sink = NULL;
    if (!os_exists(l->path)) return open_end(l); /* an earlier try got no further: the old ones stay where they are */
    arena_init(&a);
    for (int i = KEPT; i > 0 && rc == 0; i--) {
        const char *to = number(&a, l->path, i), *from = number(&a, l->path, i - 1);
        rc = to && from ? 0 : ERR_ROAD;
        if (rc == 0 && os_exists(from)) rc = os_rename(from, to);
    }
    arena_release(&a);
    return rc ? rc : open_end(l);
}

static int put(struct lines *l, const void *bytes, size_t len)
{
    int rc = sink_write(l->sink, bytes, len);
    l->cut = rc != 0;
    if (rc == 0) l->size += len;
    return rc;
}

int lines_add(struct lines *l, const struct buf *line)
{
    int rc = buf_error(line);
    if (rc) return rc;
    pthread_mutex_lock(&l->lock);
    if (l->size + line->len > l->most || !l->sink) rc = rotate(l);
    if (rc == 0 && l->cut) rc = put(l, "\n", 1);
    if (rc == 0) rc = put(l, line->data, line->len);
    pthread_mutex_unlock(&l->lock);
    return rc;
}

static int each_of(const char *path, int (*each)(void *ctx, const char *line, size_t len), void *ctx)
{
    struct buf b;
    buf_init(&b, BUF_UNLIMITED);
    int rc = file_read(path, &b);
    const char *at = rc ? NULL : buf_str(&b), *end = at ? at + b.len : NULL, *stop;
    for (; at && rc == 0 && (stop = memchr(at, '\n', (size_t)(end - at))); at = stop + 1) rc = each(ctx, at, (size_t)(stop - at));
    buf_release(&b);
    return rc;
}

int lines_each(const char *path, int (*each)(void *ctx, const char *line, size_t len), void *ctx)
{
    struct arena a;
    int rc = 0;
    arena_init(&a);
    for (int i = KEPT; i >= 0 && rc == 0; i--) {
        const char *file = number(&a, path, i);
        if (!file) rc = ERR_ROAD;
        else if (os_exists(file)) rc = each_of(file, each, ctx);
    }
    arena_release(&a);
    return rc;
}
