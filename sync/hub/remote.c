/* Pushing to a git repository elsewhere: libgit2's git_remote_upload and its own reader of the smart protocol, over roads
 * of ours (base/road.h) instead of the library's sockets.
 *
 * Why libgit2 and not the stock `git push`: the hub then needs no git beside it (portable builds have none), and one
 * library knows the repository. Why not the library's own sockets: in 1.5.1 no wait of theirs has a limit (a server that
 * accepts and is silent holds the program for ever), and the libssh2 1.10 beside it signs RSA only with SHA-1, which
 * today's sshd refuses.
 *
 * What comes from the other side is lines of text: the list of its refs, and the report on ours. No pack is read: the
 * library makes an indexer only in a fetch and, for a folder of this machine, over there for our own pack. To be sure of
 * it the limit of objects that an indexer takes is 0 while a road is open (GIT_OPT_SET_PACK_MAX_OBJECTS).
 *
 * The library pushes only what a ref names; remote_view.c gives it refs for that. */
#include "remote.h"

#include <git2/sys/transport.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "remote_view.h"
#include "satchel/base/text.h"

#define REF_HEADS "refs/heads/"
#define OBJECTS_ANY 0xffffffffu /* the library's own limit */

struct remote {
    struct repo *repo;
    struct remote_view view;
    const char *url;
    struct road *road;
    git_remote *git; /* while connected */
    int code;        /* what a road has failed with; its message stands */
};

/* What is handed to the library, which frees it. */
struct transport {
    git_smart_subtransport base;
    struct remote *remote;
    struct stream *stream; /* the last one, owned by the library; NULL: it has been freed */
};
struct stream {
    git_smart_subtransport_stream base;
    struct remote *remote;
    struct transport *transport;
    struct source *from;
    struct sink *to;
};

/* ---- our road as the library's transport ---- */

/* The library is told only that it failed: our message is the better one. */
static int road_failed(struct remote *m, int code)
{
    m->code = code;
    git_error_set_str(GIT_ERROR_NET, err_message());
    return -1;
}

static int stream_read(git_smart_subtransport_stream *base, char *out, size_t cap, size_t *got)
{
    struct stream *s = (struct stream *)base;
    int rc = source_read(s->from, out, cap, got);
    return rc ? road_failed(s->remote, rc) : 0;
}

static int stream_write(git_smart_subtransport_stream *base, const char *bytes, size_t len)
{
    struct stream *s = (struct stream *)base;
    int rc = s->to ? sink_write(s->to, bytes, len) : err_set(ERR_ROAD, "the remote expects no answer here");
    return rc ? road_failed(s->remote, rc) : 0;
}

static void stream_free(git_smart_subtransport_stream *base)
{
    struct stream *s = (struct stream *)base;
    if (s->transport->stream == s) s->transport->stream = NULL;
    free(s);
}

static int stream_new(struct stream **out, struct transport *t, enum road_step step)
{
    struct stream *s = calloc(1, sizeof *s);
    if (!s) return err_memory();
    s->base = (git_smart_subtransport_stream){&t->base, stream_read, stream_write, stream_free};
    s->remote = t->remote;
    s->transport = t;
    int rc = road_step(t->remote->road, step, &s->from, &s->to);
    if (rc)
        free(s);
    else
        *out = s;
    return rc;
}

/* A conversation with memory has one stream until its end, and the library's goodbye goes over it under another name. */
static int transport_action(
    git_smart_subtransport_stream **out, git_smart_subtransport *base, const char *url, git_smart_service_t action)
{
    struct transport *t = (struct transport *)base;
    bool goes_on = !t->remote->road->stateless && t->stream && action != GIT_SERVICE_RECEIVEPACK_LS;
    int rc = 0;
    (void)url;
    if (!goes_on && action == GIT_SERVICE_RECEIVEPACK_LS) rc = stream_new(&t->stream, t, ROAD_LIST);
    if (!goes_on && action == GIT_SERVICE_RECEIVEPACK) rc = stream_new(&t->stream, t, ROAD_PUSH);
    if (rc == 0 && (!t->stream || action == GIT_SERVICE_UPLOADPACK_LS)) rc = err_set(ERR_ROAD, "nothing is fetched from a mirror");
    if (rc) return road_failed(t->remote, rc);
    *out = &t->stream->base;
    return 0;
}

static int transport_close(git_smart_subtransport *base)
{
    road_hang_up(((struct transport *)base)->remote->road);
    return 0;
}

static void transport_free(git_smart_subtransport *base)
{
    free(base);
}

static int make_subtransport(git_smart_subtransport **out, git_transport *owner, void *remote)
{
    struct transport *t = calloc(1, sizeof *t);
    (void)owner;
    if (!t) return road_failed(remote, err_memory());
    *t = (struct transport){{transport_action, transport_close, transport_free}, remote, NULL};
    *out = &t->base;
    return 0;
}

static int make_transport(git_transport **out, git_remote *owner, void *remote)
{
    struct remote *m = remote;
    git_smart_subtransport_definition d = {make_subtransport, m->road->stateless, m};
    return git_transport_smart(out, owner, &d);
}

/* ---- connection ---- */

static int failed(struct remote *m, const char *what)
{
    int code = m->code;
    m->code = 0;
    return code ? code : repo_fail(ERR_ROAD, what);
}

static void disconnect(struct remote *m)
{
    if (m->git) git_remote_disconnect(m->git);
    git_remote_free(m->git);
    m->git = NULL;
    git_libgit2_opts(GIT_OPT_SET_PACK_MAX_OBJECTS, (size_t)OBJECTS_ANY);
}

/* To the very address: no url.*.insteadOf of the user's, whose look-up also leaks memory in 1.5.1. */
static int make_git(struct remote *m)
{
    git_remote_create_options options;
    git_remote_create_options_init(&options, GIT_REMOTE_CREATE_OPTIONS_VERSION);
    options.repository = m->view.git;
    options.flags = GIT_REMOTE_CREATE_SKIP_INSTEADOF | GIT_REMOTE_CREATE_SKIP_DEFAULT_FETCHSPEC;
    return git_remote_create_with_opts(&m->git, m->url, &options);
}

static int connect_to(struct remote *m)
{
    git_remote_callbacks callbacks;
    git_remote_init_callbacks(&callbacks, GIT_REMOTE_CALLBACKS_VERSION);
    disconnect(m);
    m->code = 0;
    if (m->road) {
        git_libgit2_opts(GIT_OPT_SET_PACK_MAX_OBJECTS, (size_t)0);
        callbacks.transport = make_transport;
        callbacks.payload = m;
    }
    if (make_git(m) ||
        git_remote_connect(m->git, GIT_DIRECTION_PUSH, &callbacks, NULL, NULL)) {
        int rc = failed(m, N_("reach the remote"));
        disconnect(m);
        return rc;
    }
    return 0;
}

int remote_new(struct remote **out, struct repo *r, const char *url, struct road *road)
{
    struct remote *m = calloc(1, sizeof *m);
    if (!m) return err_memory();
    *m = (struct remote){.repo = r, .url = url, .road = road};
    int rc = remote_view_open(&m->view, r);
    if (rc)
        remote_free(m);
    else
        *out = m;
    return rc;
}

void remote_free(struct remote *m)
{
    if (!m) return;
    disconnect(m);
    remote_view_close(&m->view);
    free(m);
}

/* ---- what is there ---- */

static int branch_order(const void *a, const void *b)
{
    return strcmp(((const struct repo_branch *)a)->name, ((const struct repo_branch *)b)->name);
}

static int add_heads(struct arena *a, const git_remote_head **heads, size_t heads_len, struct repo_branch **out, size_t *len)
{
    struct repo_branch *list = arena_alloc(a, (heads_len + 1) * sizeof *list);
    size_t n = 0;
    if (!list) return ERR_ROAD;
    for (size_t i = 0; i < heads_len; i++) {
        if (strncmp(heads[i]->name, REF_HEADS, strlen(REF_HEADS)) != 0) continue;
        const char *ref = arena_strdup(a, heads[i]->name);
        if (!ref) return ERR_ROAD;
        list[n] = (struct repo_branch){.ref = ref, .name = ref + strlen(REF_HEADS)};
        memcpy(list[n++].tip.bytes, heads[i]->oid.id, OID_SIZE);
    }
    qsort(list, n, sizeof *list, branch_order);
    *out = list;
    *len = n;
    return 0;
}

int remote_list(struct remote *m, struct arena *a, struct repo_branch **out, size_t *len)
{
    const git_remote_head **heads;
    size_t heads_len;
    int rc = connect_to(m);
    if (rc) return rc;
    if (git_remote_ls(&heads, &heads_len, m->git))
        rc = failed(m, N_("list the remote's branches"));
    else
        rc = add_heads(a, heads, heads_len, out, len);
    disconnect(m);
    return rc;
}

/* ---- pushing ---- */

struct report {
    struct arena *arena;
    struct remote_move *moves;
    size_t len;
};

static int note_refusal(const char *ref, const char *words, void *report)
{
    struct report *r = report;
    for (size_t i = 0; words && i < r->len; i++)
        if (strcmp(ref + strlen(REF_HEADS), r->moves[i].branch) == 0) {
            r->moves[i].refused = arena_strdup(r->arena, words);
            if (!r->moves[i].refused) return -1;
        }
    return 0;
}

static int upload(struct remote *m, struct report *report, char **specs, size_t len)
{
    git_push_options options;
    git_strarray list = {specs, len};
    git_push_options_init(&options, GIT_PUSH_OPTIONS_VERSION);
    options.callbacks.push_update_reference = note_refusal;
    options.callbacks.payload = report;
    return git_remote_upload(m->git, &list, &options) ? failed(m, N_("push to the remote")) : 0;
}

int remote_push(struct remote *m, struct arena *a, struct remote_move *moves, size_t len)
{
    struct report report = {a, moves, len};
    char **specs = arena_alloc(a, (len + 1) * sizeof *specs);
    if (!specs) return ERR_ROAD;
    for (size_t i = 0; i < len; i++) {
        moves[i].refused = NULL;
        specs[i] = arena_printf(a, REF_HEADS "%s:" REF_HEADS "%s", moves[i].branch, moves[i].branch); /* no '+': never forced */
        if (!specs[i]) return ERR_ROAD;
    }
    remote_view_set(&m->view, moves, len);
    int rc = connect_to(m);
    if (rc == 0) rc = upload(m, &report, specs, len);
    disconnect(m);
    remote_view_set(&m->view, NULL, 0);
    return rc;
}

/* ---- history ---- */

static git_oid to_git(const struct oid *id)
{
    git_oid out;
    git_oid_fromraw(&out, id->bytes);
    return out;
}

bool remote_follows(struct repo *r, const struct oid *later, const struct oid *earlier)
{
    git_oid a = to_git(later), b = to_git(earlier);
    return oid_equal(later, earlier) || (git_odb_exists(r->odb, &b) && git_graph_descendant_of(r->git, &a, &b) == 1);
}

static int begin_walk(git_revwalk **out, struct repo *r, const struct oid *tip, const struct oid *from)
{
    git_oid to = to_git(tip), hidden;
    int failed = git_revwalk_new(out, r->git);
    if (!failed) failed = git_revwalk_sorting(*out, GIT_SORT_TOPOLOGICAL | GIT_SORT_REVERSE);
    if (!failed) failed = git_revwalk_push(*out, &to);
    if (!failed && from) {
        hidden = to_git(from);
        failed = git_revwalk_hide(*out, &hidden);
    }
    return failed ? repo_fail(ERR_DAMAGED, N_("read the history of a branch")) : 0;
}

int remote_commits(struct repo *r, struct arena *a, const struct oid *tip, const struct oid *from, struct oid **out, size_t *len)
{
    git_revwalk *walk = NULL;
    git_oid id;
    struct buf ids;
    int failed = 0;
    buf_init(&ids, BUF_UNLIMITED);
    int rc = begin_walk(&walk, r, tip, from);
    while (rc == 0 && (failed = git_revwalk_next(&id, walk)) == 0) buf_add(&ids, id.id, OID_SIZE);
    if (rc == 0 && failed != GIT_ITEROVER) rc = repo_fail(ERR_DAMAGED, N_("read the history of a branch"));
    if (rc == 0) rc = buf_error(&ids);
    *out = rc ? NULL : arena_alloc(a, ids.len + OID_SIZE);
    if (*out) memcpy(*out, ids.data, ids.len);
    *len = ids.len / OID_SIZE;
    git_revwalk_free(walk);
    buf_release(&ids);
    return rc ? rc : *out ? 0 : ERR_ROAD;
}

/* ---- names ---- */

static bool name_good(const char *name)
{
    int good = 0;
    return git_remote_name_is_valid(&good, name) == 0 && good == 1;
}

int remote_config(struct repo *r, struct arena *a, const char *name, const char *key, const char **out)
{
    git_config *config = NULL;
    git_buf value = {0};
    const char *variable = arena_printf(a, "remote.%s.%s", name, key);
    *out = NULL;
    if (!variable) return ERR_ROAD;
    if (!name_good(name)) return 0;
    int failed = git_repository_config(&config, r->git);
    if (!failed) failed = git_config_get_string_buf(&value, config, variable);
    if (!failed) *out = arena_strdup(a, value.ptr);
    git_buf_dispose(&value);
    git_config_free(config);
    if (failed == GIT_ENOTFOUND) return 0;
    if (failed) return repo_fail(ERR_DAMAGED, N_("read the repository's configuration"));
    return *out ? 0 : ERR_ROAD;
}

int remote_set_config(struct repo *r, const char *name, const char *key, const char *value)
{
    git_config *config = NULL, *own = NULL;
    char variable[256];
    int len = snprintf(variable, sizeof variable, "remote.%s.%s", name, key);
    if (!name_good(name) || len < 0 || (size_t)len >= sizeof variable)
        return err_set(ERR_INPUT, "'%s' is no good name for a remote", name);
    int failed = git_repository_config(&config, r->git);
    if (!failed) failed = git_config_open_level(&own, config, GIT_CONFIG_LEVEL_LOCAL);
    if (!failed) failed = git_config_set_string(own, variable, value);
    git_config_free(own);
    git_config_free(config);
    return failed ? repo_fail(ERR_ROAD, N_("write the repository's configuration")) : 0;
}
