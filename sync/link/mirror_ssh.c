/* The other side by the machine's own ssh (or the program that GIT_SSH names), as git does: keys, agents, known hosts and
 * jumps are what the user has set up. It is never asked for a password. */
#include <stdlib.h>
#include <string.h>
#include "mirror_store.h"

struct ssh_road {
    struct road base;
    struct source from;
    struct arena arena;
    const struct mirror_place *place;
    int patience;
    struct child *child;
    bool heard; /* the other side has said something */
};

/* For the shell over there: within '…', where "'" is "'\''". */
static const char *quoted(struct arena *a, const char *s)
{
    struct buf b;
    buf_init(&b, BUF_UNLIMITED);
    buf_addc(&b, '\'');
    for (; *s; s++) {
        if (*s == '\'')
            buf_adds(&b, "'\\''");
        else
            buf_addc(&b, *s);
    }
    buf_addc(&b, '\'');
    const char *out = buf_error(&b) ? NULL : arena_strdup(a, buf_str(&b));
    buf_release(&b);
    return out;
}

int ssh_start(struct child **out, struct arena *a, const struct mirror_place *place, const char *program, const char *more, int patience_seconds)
{
    const char *argv[16], *ssh = getenv("GIT_SSH"), *path = quoted(a, place->path);
    size_t n = 0;
    argv[n++] = ssh && *ssh ? ssh : "ssh";
    argv[n++] = "-oBatchMode=yes";
    argv[n++] = "-oConnectTimeout=30";
    argv[n++] = "-oServerAliveInterval=15";
    if (place->port) argv[n++] = "-p";
    if (place->port) argv[n++] = place->port;
    if (place->user) argv[n++] = "-l";
    if (place->user) argv[n++] = place->user;
    argv[n++] = place->host;
    argv[n] = path ? arena_printf(a, "%s %s%s", program, path, more) : NULL;
    if (!argv[n]) return ERR_ROAD;
    argv[n + 1] = NULL;
    return child_start(out, argv, patience_seconds);
}

static int no_word(struct ssh_road *r)
{
    const char *said = child_complaint(r->child, &r->arena);
    return err_set(ERR_ROAD, "cannot reach '%s': %s", r->place->shown, *said ? said : "ssh");
}

static int read_ssh(struct source *s, void *out, size_t cap, size_t *got)
{
    struct ssh_road *r = (struct ssh_road *)((char *)s - offsetof(struct ssh_road, from));
    int rc = source_read(child_source(r->child), out, cap, got);
    if (rc == 0 && *got == 0 && !r->heard) return no_word(r);
    if (rc == 0 && *got > 0) r->heard = true;
    return rc;
}

static void hang_up(struct road *base)
{
    struct ssh_road *r = (struct ssh_road *)base;
    int status;
    if (r->child && child_end(r->child, &status)) err_clear();
    child_free(r->child);
    r->child = NULL;
    r->heard = false;
}

static int step(struct road *base, enum road_step what, struct source **from, struct sink **to)
{
    struct ssh_road *r = (struct ssh_road *)base;
    int rc = 0;
    if (what == ROAD_LIST) {
        hang_up(base);
        rc = ssh_start(&r->child, &r->arena, r->place, "git-receive-pack", "", r->patience);
    }
    if (rc == 0 && !r->child) rc = err_set(ERR_ROAD, "the line to '%s' is gone", r->place->shown);
    if (rc) return rc;
    *from = &r->from;
    *to = child_sink(r->child);
    return 0;
}

static void close_road(struct road *base)
{
    struct ssh_road *r = (struct ssh_road *)base;
    hang_up(base);
    arena_release(&r->arena);
    free(r);
}

int ssh_road(struct road **out, const struct mirror_place *place, const struct mirror_options *o)
{
    struct ssh_road *r = calloc(1, sizeof *r);
    if (!r) return err_memory();
    *r = (struct ssh_road){.base = {false, step, hang_up, close_road}, .from = {read_ssh, NULL}, .place = place, .patience = o->patience_seconds};
    arena_init(&r->arena);
    *out = &r->base;
    return 0;
}
