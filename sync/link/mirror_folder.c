/* Evidence into a folder, laid out as Git LFS has it: ab/cd/<sha256>. A file is there when all of it is on the disk. */
#include <stdlib.h>
#include "mirror_store.h"

struct folder_store {
    struct evidence_store base;
};

static const char *folder_of(struct evidence_store *s, const struct mirror_object *o)
{
    return arena_printf(s->arena, "%s/%.2s/%.2s", s->place->url, o->sha256, o->sha256 + 2);
}

static int ask(struct evidence_store *s, struct mirror_object *objects, size_t len)
{
    struct file_info info;
    for (size_t i = 0; i < len; i++) {
        const char *folder = folder_of(s, &objects[i]), *path = folder ? path_join(s->arena, folder, objects[i].sha256) : NULL;
        int rc = path ? os_stat(&info, path) : ERR_ROAD;
        if (rc && rc != ERR_MISSING) return rc;
        objects[i].held = rc == 0 && info.is_file && info.size == objects[i].size;
        err_clear();
    }
    return 0;
}

static int copy(struct evidence_store *s, struct mirror_object *o, struct file *from)
{
    struct sink *to = NULL;
    const char *folder = folder_of(s, o), *path = folder ? path_join(s->arena, folder, o->sha256) : NULL;
    int rc = path ? os_make_folder(folder) : ERR_ROAD;
    if (rc == 0) rc = file_sink(&to, path);
    if (rc == 0) rc = io_copy(to, file_as_source(from), NULL);
    if (rc == 0) rc = sink_finish(to);
    sink_close(to);
    struct progress *p = s->options->progress;
    if (rc == 0 && p) p->at(p, s->done + o->size, s->total);
    return rc;
}

static void close_store(struct evidence_store *s)
{
    free(s);
}

int folder_store(struct evidence_store **out, const struct mirror_place *place, const struct mirror_options *o)
{
    struct folder_store *s = calloc(1, sizeof *s);
    if (!s) return err_memory();
    s->base = (struct evidence_store){.ask = ask, .send = copy, .close = close_store, .place = place, .options = o};
    *out = &s->base;
    return 0;
}
