/* Cases as the scheme sees them, kept by the session: whoever works in a case of many entries asks the same of it again and
 * again, and reading it takes longer than answering. */
#include "cli.h"

#include <stdlib.h>
#include <string.h>

#define KEPT_BYTES ((size_t)256 << 20) /* more is forgotten */

struct facts {
    struct arena arena;
    struct map cases; /* struct casefile by name */
    uint64_t generation, version; /* of the fold that it was read from */
};

void facts_free(struct facts *f)
{
    if (!f) return;
    map_release(&f->cases);
    arena_release(&f->arena);
    free(f);
}

static void forget(struct facts *f)
{
    map_release(&f->cases);
    arena_release(&f->arena);
    map_init(&f->cases);
    arena_init(&f->arena);
}

/* Emptied where what it holds is not as the store stands. */
static int facts_now(struct session *s, struct facts **out)
{
    uint64_t generation = session_generation(s), version = fold_version(session_fold(s));
    struct facts *f = s->facts ? s->facts : calloc(1, sizeof *f);
    if (!f) return err_memory();
    s->facts = f;
    if (f->generation != generation || f->version != version || f->arena.used > KEPT_BYTES) forget(f);
    f->generation = generation;
    f->version = version;
    *out = f;
    return 0;
}

static int read_case(struct session *s, struct facts *f, const char *case_name, struct casefile **out)
{
    struct casefile *file = arena_alloc(&f->arena, sizeof *file);
    const char *name = arena_strdup(&f->arena, case_name);
    int r = file && name ? casefile_read(file, &f->arena, session_fold(s), name, s->schemes) : ERR_ROAD;
    if (!r) r = map_put(&f->cases, name, file);
    if (!r) *out = file;
    return r;
}

int session_casefile(struct cli *c, const char *case_name, struct casefile *out)
{
    struct facts *f = NULL;
    int r = facts_now(c->session, &f);
    struct casefile *file = r ? NULL : map_get(&f->cases, case_name);
    if (!r && !file) r = read_case(c->session, f, case_name, &file);
    if (r) return r;
    *out = *file;
    out->arena = &c->arena;
    return 0;
}
