/* pack, receive, sync: bundles out, in, and both ways over a folder. */
#include "cli.h"

#include <string.h>

#include "satchel/base/os.h"

/* ---- what came in ---- */

static int taken_json(struct cli *c, const struct taken *t, struct jv **out)
{
    struct arena *a = &c->arena;
    struct jv *o = jv_object(a), *blobs = jv_object(a);
    int r = jv_put_str(a, o, "bundle", t->bundle);
    if (!r) r = jv_put_str(a, o, "case", t->case_name);
    if (!r) r = jv_put_int(a, o, "accepted", t->accepted);
    if (!r) r = jv_put_int(a, o, "known", t->known);
    if (!r) r = jv_put_int(a, o, "waiting", t->waiting);
    if (!r) r = jv_put_str(a, o, "clash", t->clash);
    if (!r) r = jv_put(a, o, "alarms", t->alarms);
    if (!r && t->unread) r = jv_put_str(a, o, "unread", t->unread);
    if (!r) r = jv_put(a, o, "quarantined", t->problems ? t->problems : jv_array(a));
    if (!r) r = jv_put_int(a, blobs, "held", t->blobs_held);
    if (!r) r = jv_put_int(a, blobs, "awaited", t->blobs_awaited);
    if (!r) r = jv_put(a, o, "blobs", blobs);
    if (!r) *out = o;
    return r;
}

static void print_refused(struct cli *c, const char *case_name, const char *clash)
{
    fprintf(c->out, T("headquarters has a case '%s' already, so '%s' can't be taken in; bring its records in under another name: 'satchel copy --case %s --to NAME'"),
        clash, case_name, case_name);
    fprintf(c->out, "\n");
}

static void print_alarms(struct cli *c, const struct taken *t)
{
    for (size_t i = 0; i < t->alarms->len; i++) {
        const struct jv *alarm = t->alarms->items[i];
        fprintf(stderr, "satchel: %s %s: %s\n", T("ALARM:"), shown(c, jv_get_str(alarm, "where")), jv_get_str(alarm, "text"));
    }
    if (t->alarms->len && !c->status) c->status = err_exit_status(ERR_DAMAGED);
}

static void print_taken(struct cli *c, const struct taken *t)
{
    const char *name = shown_case(c, t->case_name);
    if (t->accepted || t->known || t->waiting || t->blobs_held || t->blobs_awaited)
        fprintf(c->out, T("received %s: %lld new entries, %lld known, evidence %lld held, %lld awaited"), name,
            (long long)t->accepted, (long long)t->known, (long long)t->blobs_held, (long long)t->blobs_awaited);
    else
        fprintf(c->out, T("received %s: nothing new"), name);
    fprintf(c->out, "\n");
    if (t->waiting) {
        fprintf(c->out, T("  %lld entries wait for the register"), (long long)t->waiting);
        fprintf(c->out, "\n");
    }
    if (t->unread) {
        fprintf(c->out, T("  a receipt could not be read (%s); headquarters gives it again, whole"), shown(c, t->unread));
        fprintf(c->out, "\n");
    }
    for (size_t i = 0; t->problems && i < t->problems->len; i++) {
        const struct jv *p = t->problems->items[i];
        const char *reason = jv_get_str(p, "reason"), *entry = jv_get_str(p, "entry");
        fprintf(c->out, T("  set apart: %s: %s"), shown(c, entry), told(c, reason));
        fprintf(c->out, "\n");
    }
}

/* ---- what went out ---- */

static int files_json(struct cli *c, const struct bundle_files *files, struct jv **out)
{
    struct jv *list = jv_array(&c->arena);
    int r = list ? 0 : err_memory();
    for (size_t i = 0; i < files->len && !r; i++) {
        struct jv *o = jv_object(&c->arena);
        r = jv_put_str(&c->arena, o, "file", files->files[i].path);
        if (!r) r = jv_put_str(&c->arena, o, "bundle", files->files[i].id);
        if (!r) r = jv_put_int(&c->arena, o, "size", (int64_t)files->files[i].size);
        if (!r) r = jv_push(&c->arena, list, o);
    }
    if (!r) *out = list;
    return r;
}

static int part_size(struct cli *c, uint64_t *out)
{
    *out = BUNDLE_PART_SIZE;
    int r = cli_option_size(c, "part-size", out);
    if (r) return r;
    if (*out < BUNDLE_PART_MIN || *out > BUNDLE_PART_MAX)
        return err_set(ERR_USAGE, "'--part-size' is at least 1M and below 4G (a stick's file system takes no larger file)");
    return 0;
}

int cmd_pack(struct cli *c)
{
    struct bundle_files files = {0};
    struct jv *list;
    struct bar bar;
    struct pack_request q = {.case_name = cli_option(c, "case"), .to = cli_option(c, "to"),
        .everything = cli_flag(c, "everything"), .folder = cli_option(c, "output")};
    int r = part_size(c, &q.part_size);
    if (!r) r = session_store(c->session);
    if (r) return r;
    struct store *s = c->session->store;
    const struct hub_identity *hub = store_hub(s);
    if (q.to && strcmp(q.to, "self") == 0) {
        q.to = store_kit(s);
        q.everything = true;
    } else if (q.to && hub && strcmp(q.to, hub->name) == 0) {
        q.to = NULL;
    }
    if (!q.to && !hub)
        return err_set(ERR_INPUT, "this kit has joined no hub: 'satchel join FILE' first, or name a receiver with --to");
    if (!q.folder) q.folder = ".";
    q.progress = bar_start(&bar, T("packing"));
    r = store_pack(s, &q, &files);
    bar_end(&bar);
    if (!r) r = files_json(c, &files, &list);
    if (!r) {
        c->result = list;
        for (size_t i = 0; !c->json && i < files.len; i++)
            fprintf(c->out, "%s  %s\n", files.files[i].path, size_text(&c->arena, files.files[i].size));
        if (!c->json && !files.len) fprintf(c->out, "%s\n", T("nothing to send: the receiver has it all"));
    }
    bundle_files_release(&files);
    return r;
}

/* Files given from the argument `first` on, and for a folder the bundles in it. */
static int bundle_paths(struct cli *c, int first, struct jv **out)
{
    struct arena *a = &c->arena;
    struct jv *paths = jv_array(a);
    int r = 0;
    for (int i = first; i < c->args_len && !r; i++) {
        struct file_info info;
        const char **names;
        size_t len;
        r = os_stat(&info, c->args[i]);
        if (!r && !info.is_folder) r = jv_push(a, paths, jv_string(a, c->args[i]));
        if (r || !info.is_folder) continue;
        r = os_list(&names, &len, a, c->args[i]);
        for (size_t k = 0; !r && k < len; k++) {
            size_t n = strlen(names[k]), suffix = strlen(BUNDLE_SUFFIX);
            if (n <= suffix || strcmp(names[k] + n - suffix, BUNDLE_SUFFIX) != 0) continue;
            r = jv_push(a, paths, jv_string(a, path_join(a, c->args[i], names[k])));
        }
    }
    if (!r) *out = paths;
    return r;
}

static int take_each(struct cli *c, struct jv *paths, receive_fn *take, void *ctx, struct jv *list)
{
    bool last = paths->len == 1; /* the round in which those that wait are told of */
    for (size_t n = paths->len, waiting; n > 0; n = waiting) {
        waiting = 0;
        for (size_t i = 0; i < n; i++) {
            struct jv *o = NULL;
            int r = take(c, paths->items[i]->string, ctx, &o);
            if (!r) r = jv_push(&c->arena, list, o);
            if (r && paths->len == 1) return r;
            if (r == ERR_WAIT && !last)
                paths->items[waiting++] = paths->items[i];
            else if (r)
                cli_failed(c, r);
        }
        last = waiting == n;
    }
    return 0;
}

int cli_receive(struct cli *c, int first, receive_fn *take, void *ctx)
{
    struct jv *paths = NULL, *list = jv_array(&c->arena);
    int r = list ? bundle_paths(c, first, &paths) : err_memory();
    if (!r) r = take_each(c, paths, take, ctx, list);
    if (!r) c->result = paths->len == 1 ? list->items[0] : list;
    return r;
}

static int take_bundle(struct cli *c, const char *path, void *ctx, struct jv **out)
{
    struct taken t = {0};
    struct bar bar;
    (void)ctx;
    struct progress *p = bar_start(&bar, T("receiving"));
    int r = store_receive(c->session->store, path, &c->arena, &t, p);
    bar_end(&bar);
    if (!r) r = taken_json(c, &t, out);
    if (!r && !c->json) print_taken(c, &t);
    if (!r) print_alarms(c, &t);
    if (!r && !c->json && t.clash) print_refused(c, t.case_name, t.clash);
    return r;
}

int cmd_receive(struct cli *c)
{
    int r = session_store(c->session);
    return r ? r : cli_receive(c, 0, take_bundle, NULL);
}

/* ---- sync ---- */

/* Of a disk or medium that failed: what somebody on site wants to know first. */
int sync_failed(int r)
{
    return r == ERR_ROAD ? err_set(r, "%s; nothing is lost, and the next sync goes on", err_message()) : r;
}

/* The remote that is named, the folder itself, else the hub's own remote or the one there is. */
static int sync_place(struct cli *c, struct remote *out)
{
    const char **names;
    size_t len;
    const char *given = c->args_len ? c->args[0] : NULL, *name = given;
    int r = given ? 0 : remote_names(c, &names, &len);
    if (r) return r;
    for (size_t i = 0; !given && i < len; i++)
        if (strcmp(names[i], HUB_REMOTE) == 0) name = names[i];
    if (!name && len == 1) name = names[0];
    if (!name) return err_set(ERR_USAGE, "say where to sync: a folder, a stick or a remote's name ('satchel remote list')");
    r = remote_load(c, name, out);
    if (r != ERR_MISSING || !given) return r;
    if (remote_is_url(given)) return err_set(ERR_USAGE, "name this address first: 'satchel remote add NAME %s'", given);
    err_clear();
    *out = (struct remote){.name = given, .place = given};
    return 0;
}

static void print_exchange(struct cli *c, const struct exchange *e)
{
    for (size_t i = 0; i < e->taken_len; i++) print_taken(c, &e->taken[i]);
    for (size_t i = 0; i < e->refused->len; i++)
        print_refused(c, jv_get_str(e->refused->items[i], "case"), jv_get_str(e->refused->items[i], "clash"));
}

static void print_written(struct cli *c, const struct exchange *e)
{
    for (size_t i = 0; i < e->sent.len; i++)
        fprintf(c->out, "%s  %s  %s\n", T("written"), e->sent.files[i].path, size_text(&c->arena, e->sent.files[i].size));
    if (!e->sent.len && !e->taken_len && !e->failed->len && !e->refused->len) fprintf(c->out, "%s\n", T("nothing new in either direction"));
}

void exchange_tell(struct cli *c, const struct exchange *e)
{
    if (!c->json) print_exchange(c, e);
    const char *then = e->failed_code == ERR_ROAD ? T("; nothing is lost, and the next sync goes on") : "";
    for (size_t i = 0; i < e->failed->len; i++)
        fprintf(stderr, "satchel: %s: %s%s\n", shown(c, jv_get_str(e->failed->items[i], "file")),
            shown(c, jv_get_str(e->failed->items[i], "error")), i + 1 == e->failed->len ? then : "");
    for (size_t i = 0; i < e->taken_len; i++) print_alarms(c, &e->taken[i]);
    if (!c->status) c->status = err_exit_status(e->failed_code ? e->failed_code : e->refused->len ? ERR_NO : 0);
}

/* Appends a copy of each item to a list of the result, which is made if need be. */
static int add_items(struct cli *c, struct jv *result, const char *name, const struct jv *items)
{
    const struct jv *had = jv_get(result, name);
    struct jv *list = jv_array(&c->arena);
    int r = list ? 0 : err_memory();
    for (size_t i = 0; had && i < had->len && !r; i++) r = jv_push(&c->arena, list, had->items[i]);
    for (size_t i = 0; i < items->len && !r; i++) r = jv_push(&c->arena, list, jv_copy(&c->arena, items->items[i]));
    return r ? r : jv_put(&c->arena, result, name, list);
}

int exchange_add(struct cli *c, const struct exchange *e, struct jv *result)
{
    struct jv *taken = jv_array(&c->arena), *written, *t;
    int r = files_json(c, &e->sent, &written);
    for (size_t i = 0; i < e->taken_len && !r; i++) {
        r = taken_json(c, &e->taken[i], &t);
        if (!r) r = jv_push(&c->arena, taken, t);
    }
    if (!r) r = add_items(c, result, "received", taken);
    if (!r) r = add_items(c, result, "written", written);
    if (!r) r = add_items(c, result, "failed", e->failed);
    return r ? r : add_items(c, result, "refused", e->refused);
}

/* FOLDER/outbox/<kit>/ of either side, the stick's own way. */
static int exchange_with(struct cli *c, const char *place, const char *who, uint64_t size, struct exchange *e, struct progress *p)
{
    struct arena *a = &c->arena;
    struct store *s = c->session->store;
    struct peer_exchange x = {.part_size = size, .no_evidence = cli_flag(c, "no-evidence")};
    const char *outbox = path_join(a, place, "outbox");
    int r = outbox ? store_find_peer(s, who, a, &x.kit) : err_memory();
    if (r) return r;
    x.take = path_join(a, outbox, store_kit(s));
    x.put = path_join(a, outbox, x.kit);
    if (!x.take || !x.put) return err_memory();
    r = os_refuse_link(outbox);
    return r ? r : store_sync_peer(s, &x, e, p);
}

static int sync_folder(struct cli *c, const char *place, uint64_t size)
{
    struct exchange e = {0};
    struct file_info info;
    struct jv *o = jv_object(&c->arena);
    struct bar bar;
    const char *with = cli_option(c, "with");
    if (os_stat(&info, place) || !info.is_folder)
        return err_set(ERR_ROAD, "'%s' is neither a remote nor a folder that is there; is the stick in? what was saved is safe in the kit", place);
    struct progress *p = bar_start(&bar, T("syncing"));
    int r = with ? exchange_with(c, place, with, size, &e, p) : store_sync_folder(c->session->store, place, size, &e, p);
    bar_end(&bar);
    if ((r == ERR_ROAD || e.failed_code == ERR_ROAD) && !os_exists(place)) r = err_set(ERR_ROAD, "'%s' is not there any more, as if the stick was taken out", place);
    if (!r) r = exchange_add(c, &e, o); /* the arena of the exchange goes with it */
    if (!r) {
        exchange_tell(c, &e);
        if (!c->json) print_written(c, &e);
        c->result = o;
    }
    exchange_release(&e);
    return sync_failed(r);
}

int cmd_sync(struct cli *c)
{
    struct remote remote;
    uint64_t size;
    int r = part_size(c, &size);
    if (!r && cli_option(c, "code") && !c->args_len) r = err_set(ERR_USAGE, "say where the colleague's kit shares: ADDRESS:PORT, as it shows");
    if (!r && cli_flag(c, "no-evidence") && !cli_option(c, "with") && !cli_option(c, "code"))
        r = err_set(ERR_USAGE, "'--no-evidence' is for a colleague; headquarters is always sent the evidence");
    if (!r) r = session_store(c->session);
    if (!r && cli_option(c, "code")) return sync_paired(c, c->args[0]);
    if (!r) r = sync_place(c, &remote);
    if (r) return r;
    if (remote_is_url(remote.place) && cli_option(c, "with"))
        return err_set(ERR_USAGE, "'--with' is for a folder or stick; over a network the colleague's code says who it is");
    return remote_is_url(remote.place) ? sync_link(c, &remote) : sync_folder(c, remote.place, size);
}
