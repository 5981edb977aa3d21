/* hub mirror: the case branches in another git repository, and the evidence in its store.
 *
 * Evidence goes first: a branch over there then never points to bytes that nobody has, and git hosts that look refuse such a
 * push. Evidence that can't be sent stops no branch. */
#include "cli.h"

#include <string.h>

#include "hub_hooks.h"
#include "satchel/base/os.h"
#include "satchel/hub/mirror.h"
#include "satchel/link/mirror.h"

struct mirroring {
    struct cli *cli;
    struct hub *hub;
    struct mirror *mirror;
    struct mirror_options options;
    struct mirror_place place, store;
    bool dry, with_evidence;
    const char *evidence_address; /* NULL: as Git LFS finds it */
    struct mirror_sent sent;
    int evidence_code; /* why not all evidence has gone */
    const char *evidence_error;
};

/* ---- where to ---- */

static int read_options(struct mirroring *m)
{
    int64_t patience = MIRROR_PATIENCE_SECONDS;
    struct cli *c = m->cli;
    m->options.part_size = MIRROR_PART_SIZE;
    int r = cli_option_int(c, "patience", &patience);
    if (!r) r = cli_option_size(c, "part-size", &m->options.part_size);
    if (!r && (patience < 1 || patience > 86400)) r = err_set(ERR_USAGE, "'--patience' takes seconds, 1 to 86400");
    m->options.patience_seconds = (int)patience;
    m->options.region = cli_option(c, "region");
    m->options.netrc = cli_option(c, "netrc");
    m->options.ca = cli_option(c, "ca");
    if (!r && m->options.ca && !os_exists(m->options.ca)) r = err_set(ERR_INPUT, "--ca: '%s' is not there", m->options.ca);
    if (!r) r = mirror_login_new(&m->options.login, m->options.patience_seconds);
    m->dry = cli_flag(c, "dry-run");
    m->evidence_address = cli_option(c, "evidence");
    return r;
}

/* Anybody on this machine can read the arguments of a program; and the shell keeps them. */
static int refuse_password(const struct mirror_place *p)
{
    if (!p->password) return 0;
    return err_set(ERR_USAGE, "no password in an address: others on this machine could read it; git's credential helper or a netrc file gives it to '%s'", p->shown);
}

/* Before anything is sent. What else may be wrong with it stops no branch, and is told when its turn comes. */
static int refuse_evidence_password(const struct mirroring *m)
{
    struct mirror_place p;
    if (strcmp(m->evidence_address, "none") == 0) return 0;
    if (mirror_place_read(&p, &m->cli->arena, m->evidence_address) == 0) return refuse_password(&p);
    err_clear();
    return 0;
}

/* A name is looked up; what has a colon or a slash is an address. Passwords are not for a hub's folder. */
static int read_place(struct mirroring *m, const char *text)
{
    const char *address = text, *lfs_url = NULL;
    int r = 0;
    if (!strpbrk(text, ":/\\")) {
        r = hub_remote_find(m->hub, text, &m->cli->arena, &address, &lfs_url);
        if (r == ERR_MISSING && os_exists(text)) {
            err_clear();
            address = text;
            r = 0;
        }
    }
    if (!r) r = mirror_place_read(&m->place, &m->cli->arena, address);
    if (!r && address != text && m->place.password)
        r = err_set(ERR_INPUT, "the address of '%s' is kept with a password; take it out, and let git's credential helper or a netrc file give it", text);
    if (!r && address == text) r = refuse_password(&m->place);
    if (!r && m->evidence_address) r = refuse_evidence_password(m);
    if (!m->evidence_address) m->evidence_address = lfs_url;
    m->with_evidence = !m->evidence_address || strcmp(m->evidence_address, "none") != 0;
    return r;
}

static int read_store(struct mirroring *m)
{
    struct cli *c = m->cli;
    if (!m->evidence_address) return mirror_evidence_place(&m->store, &c->arena, &m->place, &m->options);
    int r = mirror_place_read(&m->store, &c->arena, m->evidence_address);
    if (!r && m->store.kind == MIRROR_SSH) r = err_set(ERR_INPUT, "'%s' is no store for evidence", m->store.shown);
    return r;
}

/* ---- evidence ---- */

static int send_evidence(struct mirroring *m)
{
    struct bar bar;
    struct cli *c = m->cli;
    const struct mirror_evidence *list;
    size_t len;
    int r = mirror_evidence(m->mirror, &list, &len);
    struct mirror_object *objects = r ? NULL : arena_alloc(&c->arena, (len + 1) * sizeof *objects);
    if (!objects) return r ? r : ERR_ROAD;
    for (size_t i = 0; i < len; i++) objects[i] = (struct mirror_object){.sha256 = list[i].sha256, .size = list[i].size};
    r = len ? read_store(m) : 0;
    if (r) return r;
    m->options.progress = bar_start(&bar, T("sending evidence"));
    r = mirror_send(&m->sent, &c->arena, &m->store, &m->options, hub_repo_path(m->hub), objects, len, m->dry);
    bar_end(&bar);
    if (!r && m->sent.refused) r = err_set(ERR_ROAD, "%lld pieces of evidence were not sent; %s", (long long)m->sent.refused, m->sent.first_refusal);
    return r;
}

/* What stands in its way is kept for the end. */
static int try_evidence(struct mirroring *m)
{
    if (!m->with_evidence) return 0;
    m->evidence_code = send_evidence(m);
    if (!m->evidence_code) return 0;
    m->evidence_error = arena_strdup(&m->cli->arena, err_message());
    err_clear();
    return m->evidence_error ? 0 : err_memory();
}

/* ---- telling ---- */

static const char *reason_of(struct mirroring *m, const struct mirror_branch *b)
{
    return shown(m->cli, T(b->reason));
}

static int put_branch(struct mirroring *m, const struct mirror_branch *b, struct jv *pushed, struct jv *same, struct jv *refused)
{
    struct arena *a = &m->cli->arena;
    struct jv *o = jv_object(a);
    if (b->state == MIRROR_UP_TO_DATE) return jv_push(a, same, jv_string(a, b->case_name));
    int r = jv_put_str(a, o, "case", b->case_name);
    if (!r && b->state == MIRROR_REFUSED) r = jv_put_str(a, o, "reason", b->reason);
    if (b->state == MIRROR_REFUSED) return r ? r : jv_push(a, refused, o);
    if (!r) r = jv_put_str(a, o, "from", b->from);
    if (!r) r = jv_put_str(a, o, "to", b->to);
    if (!r) r = jv_put_int(a, o, "commits", b->commits);
    return r ? r : jv_push(a, pushed, o);
}

static int put_evidence(struct mirroring *m, struct jv *all)
{
    struct arena *a = &m->cli->arena;
    struct jv *o = jv_object(a);
    int r = jv_put_int(a, o, "sent", m->sent.sent);
    if (!r) r = jv_put_int(a, o, "held", m->sent.held);
    if (!r) r = jv_put_int(a, o, "bytes", (int64_t)m->sent.bytes);
    if (!r) r = jv_put_int(a, o, "refused", m->sent.refused);
    if (!r) r = jv_put_str(a, o, "error", m->evidence_error);
    return r ? r : jv_put(a, all, "evidence", o);
}

static int make_result(struct mirroring *m)
{
    struct arena *a = &m->cli->arena;
    struct jv *all = jv_object(a), *pushed = jv_array(a), *same = jv_array(a), *refused = jv_array(a);
    size_t len;
    const struct mirror_branch *b = mirror_branches(m->mirror, &len);
    int r = jv_put_str(a, all, "remote", m->place.shown);
    for (size_t i = 0; i < len && !r; i++) r = put_branch(m, &b[i], pushed, same, refused);
    if (!r) r = jv_put(a, all, "dry_run", jv_bool(a, m->dry));
    if (!r) r = jv_put(a, all, "pushed", pushed);
    if (!r) r = jv_put(a, all, "up_to_date", same);
    if (!r) r = jv_put(a, all, "refused", refused);
    if (!r) r = put_evidence(m, all);
    m->cli->result = all;
    return r;
}

static void print_branch(struct mirroring *m, const struct mirror_branch *b, size_t *same)
{
    struct cli *c = m->cli;
    const char *name = shown_case(c, b->case_name);
    *same += b->state == MIRROR_UP_TO_DATE;
    if (b->state == MIRROR_BEHIND && m->dry)
        fprintf(c->out, T("%s: %lld commits would be pushed"), name, (long long)b->commits);
    else if (b->state == MIRROR_BEHIND)
        fprintf(c->out, T("%s: not pushed yet"), name);
    else if (b->state == MIRROR_PUSHED)
        fprintf(c->out, T("%s: %lld commits pushed"), name, (long long)b->commits);
    else if (b->state == MIRROR_REFUSED)
        fprintf(c->out, T("%s: refused: %s"), name, reason_of(m, b));
    if (b->state != MIRROR_UP_TO_DATE) fprintf(c->out, "\n");
}

static void print_result(struct mirroring *m)
{
    struct cli *c = m->cli;
    size_t len, same = 0;
    const struct mirror_branch *b = mirror_branches(m->mirror, &len);
    for (size_t i = 0; i < len; i++) print_branch(m, &b[i], &same);
    fprintf(c->out, T("%zu cases were up to date"), same);
    fprintf(c->out, "\n");
    if (!m->with_evidence) return;
    fprintf(c->out, m->dry ? T("evidence: %lld to send (%s), %lld are there") : T("evidence: %lld sent (%s), %lld were there"),
        (long long)m->sent.sent, size_text(&c->arena, m->sent.bytes), (long long)m->sent.held);
    fprintf(c->out, "\n");
}

static bool any_refused(struct mirroring *m)
{
    size_t len;
    const struct mirror_branch *b = mirror_branches(m->mirror, &len);
    for (size_t i = 0; i < len; i++)
        if (b[i].state == MIRROR_REFUSED) return true;
    return false;
}

static int report(struct mirroring *m)
{
    struct cli *c = m->cli;
    int r = make_result(m);
    if (r) return r;
    if (!c->json) print_result(m);
    if (any_refused(m)) c->status = err_exit_status(ERR_NO);
    if (!m->evidence_code) return 0;
    fprintf(stderr, "satchel: %s\n", shown(c, m->evidence_error));
    c->status = err_exit_status(m->evidence_code);
    return 0;
}

/* ---- the command ---- */

static int push(struct mirroring *m)
{
    struct bar bar;
    if (m->dry) return 0;
    struct progress *p = bar_start(&bar, T("pushing"));
    int r = mirror_push(m->mirror, p);
    bar_end(&bar);
    return r;
}

static int save(struct mirroring *m, const char *name)
{
    const char *lfs_url = NULL;
    if (!name || m->dry) return 0;
    if (m->evidence_address) lfs_url = m->with_evidence && m->store.shown ? m->store.shown : "none";
    return hub_remote_save(m->hub, name, m->place.shown, lfs_url);
}

static int run(struct mirroring *m)
{
    struct road *road = NULL;
    int r = read_options(m);
    if (!r) r = read_place(m, m->cli->args[1]);
    if (!r) r = mirror_road(&road, &m->place, &m->options);
    if (!r) r = mirror_open(&m->mirror, m->hub, m->place.kind == MIRROR_FOLDER ? m->place.url : m->place.shown, road);
    if (!r) r = try_evidence(m);
    if (!r) r = push(m);
    if (!r) r = save(m, cli_option(m->cli, "save"));
    if (!r) r = report(m);
    mirror_free(m->mirror);
    road_close(road);
    mirror_login_free(m->options.login);
    return r;
}

int cmd_hub_mirror(struct cli *c)
{
    struct hub_desk d;
    struct mirroring m = {.cli = c};
    int r = session_forms(c->session);
    if (!r) r = hub_desk_open(&d, c->args[0], c->session->forms, c->session->schemes);
    if (r) return r;
    m.hub = d.hub;
    r = run(&m);
    hub_desk_close(&d);
    return r;
}
