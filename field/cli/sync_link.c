/* sync over a network: the exchange over a folder of the store's own, STORE/link/<remote>/, and a link that carries its files
 * to the hub and back. What headquarters holds is told by receipts alone. */
#include "cli.h"

#include <string.h>

#include "satchel/base/os.h"
#include "satchel/format/pairing.h"
#include "satchel/link/link.h"

#define ROUNDS 8         /* a receipt may call for another bundle; what is not settled by then is by the next sync */
#define WAIT_SECONDS 60  /* for the hub to take in what was sent */
#define CLOCK_SECONDS 300
#define PIECE ((size_t)1 << 20)

struct linked {
    struct cli *c;
    const struct remote *remote;
    const char *folder;
    struct link *link;
    struct link_carried carried;
    struct jv *result;
    const struct peer_exchange *peer; /* a colleague's kit; NULL: the hub */
    bool fetch_again; /* a file that came harmed is fetched a second time in one sync, and no third */
    struct os_lock *lock;
};

/* ---- what people see ---- */

struct meter {
    struct link_watch watch;
    struct bar bar;
    struct progress *progress;
    enum link_doing what;
    bool peer;
    char name[WIRE_NAME_MAX + 1];
};

static const char *doing(const struct meter *m, enum link_doing what)
{
    if (m->peer && what == LINK_WAITS) return T("waiting for the colleague's kit");
    return what == LINK_SENDS ? T("sending") : what == LINK_FETCHES ? T("fetching") : T("waiting for the hub");
}

static void on_file(struct link_watch *w, enum link_doing what, const char *name, uint64_t done, uint64_t size)
{
    struct meter *m = (struct meter *)w;
    if (!m->progress || m->what != what || strcmp(m->name, name) != 0) {
        if (m->progress) bar_end(&m->bar);
        m->progress = bar_start(&m->bar, doing(m, what));
        m->what = what;
        snprintf(m->name, sizeof m->name, "%s", name);
    }
    m->progress->at(m->progress, done, size);
}

static void print_holding(struct cli *c, const struct holding *h)
{
    fprintf(c->out, "  ");
    print_padded(c->out, shown_case(c, h->case_name), 22);
    fprintf(c->out, T("entries %lld of %lld held"), (long long)h->entries_held, (long long)h->entries);
    if (h->evidence) {
        fprintf(c->out, " · ");
        fprintf(c->out, T("evidence %lld of %lld held"), (long long)h->evidence_held, (long long)h->evidence);
        if (h->evidence_held < h->evidence) {
            fprintf(c->out, " · ");
            fprintf(c->out, T("%s on the way"), size_text(&c->arena, h->evidence_bytes - h->evidence_held_bytes));
        }
    }
    fprintf(c->out, "\n");
}

static int holding_json(struct cli *c, const struct holding *h, struct jv **out)
{
    struct arena *a = &c->arena;
    struct jv *o = jv_object(a);
    int r = jv_put_str(a, o, "case", h->case_name);
    if (!r) r = jv_put_int(a, o, "entries", h->entries);
    if (!r) r = jv_put_int(a, o, "entries_held", h->entries_held);
    if (!r) r = jv_put_int(a, o, "evidence", h->evidence);
    if (!r) r = jv_put_int(a, o, "evidence_held", h->evidence_held);
    if (!r) r = jv_put_int(a, o, "bytes", (int64_t)h->evidence_bytes);
    if (!r) r = jv_put_int(a, o, "bytes_held", (int64_t)h->evidence_held_bytes);
    if (!r) *out = o;
    return r;
}

static int tell_holdings(struct linked *k)
{
    struct cli *c = k->c;
    struct holding *list;
    struct jv *all = jv_array(&c->arena);
    size_t len;
    int r = all ? store_holdings(c->session->store, &c->arena, &list, &len) : err_memory();
    if (!r && !c->json && len) fprintf(c->out, "%s\n", T("at headquarters, by its receipts:"));
    for (size_t i = 0; i < len && !r; i++) {
        struct jv *o = NULL;
        if (!c->json) print_holding(c, &list[i]);
        r = holding_json(c, &list[i], &o);
        if (!r) r = jv_push(&c->arena, all, o);
    }
    return r ? r : jv_put(&c->arena, k->result, "held", all);
}

static const char *span_text(struct cli *c, int64_t seconds)
{
    long long minutes = (long long)(seconds / 60), hours = minutes / 60, days = hours / 24;
    if (days > 1) return arena_printf(&c->arena, T("%lld days"), days);
    return hours > 1 ? arena_printf(&c->arena, T("%lld hours"), hours) : arena_printf(&c->arena, T("%lld minutes"), minutes);
}

static void warn_of_clock(const struct linked *k)
{
    int64_t ahead = link_clock_ahead(k->link), off = ahead < 0 ? -ahead : ahead;
    if (off <= CLOCK_SECONDS) return;
    fprintf(stderr, "satchel: ");
    fprintf(stderr, ahead > 0 ? T("this machine's clock is %s ahead of the hub's; set it if it is wrong, for entries bear its time")
                              : T("this machine's clock is %s behind the hub's; set it if it is wrong, for entries bear its time"),
        span_text(k->c, off));
    fprintf(stderr, "\n");
}

/* ---- the exchange with the folder ---- */

/* What came harmed would be taken for what the hub hands out: away with it. What may go in later as it is stays. */
static int remove_harmed(struct linked *k, const struct exchange *e, bool *any)
{
    const char *outbox = path_join(&k->c->arena, k->folder, "outbox/");
    int r = outbox ? 0 : err_memory();
    *any = false;
    for (size_t i = 0; i < e->failed->len && !r; i++) {
        const struct jv *f = e->failed->items[i];
        const char *path = jv_get_str(f, "file");
        size_t n = path ? strlen(path) : 0, suffix = strlen(WIRE_SUFFIX);
        if (n < suffix || strcmp(path + n - suffix, WIRE_SUFFIX) != 0) continue;
        if (strncmp(path, outbox, strlen(outbox)) != 0 || jv_get_bool(f, "waits")) continue;
        r = os_remove(path);
        *any = true;
    }
    return r;
}

/* A first failure of that kind is not told: fetched again, the file may be good. */
static int exchange(struct linked *k, bool *harmed)
{
    struct cli *c = k->c;
    struct exchange e = {0};
    struct bar bar;
    struct progress *p = bar_start(&bar, T("syncing"));
    int r = k->peer ? store_sync_peer(c->session->store, k->peer, &e, p) : store_sync_link(c->session->store, k->folder, &e, p);
    bar_end(&bar);
    if (r) return r;
    r = remove_harmed(k, &e, harmed);
    if (*harmed && !k->fetch_again) {
        e.failed = jv_array(&e.arena);
        e.failed_code = 0;
    }
    if (!r) r = exchange_add(c, &e, k->result);
    if (!r) exchange_tell(c, &e);
    exchange_release(&e);
    return r;
}

/* ---- rounds ---- */

static size_t moved(const struct linked *k)
{
    return k->carried.sent + k->carried.fetched;
}

static int carry(struct linked *k)
{
    struct meter meter = {.watch = {on_file}, .peer = k->peer != NULL};
    int r = link_carry(k->link, k->folder, WAIT_SECONDS, &k->carried, &meter.watch);
    if (meter.progress) bar_end(&meter.bar);
    return r;
}

/* What has come in is taken in also where the link then broke, whose failure is the one to tell. */
static int exchange_after(struct linked *k, int failed, bool *harmed)
{
    const char *why = failed ? arena_strdup(&k->c->arena, err_message()) : "";
    int r = exchange(k, harmed);
    return failed && !r ? err_set(failed, "%s", why ? why : "") : r;
}

static int go_rounds(struct linked *k)
{
    for (int i = 0; i < ROUNDS; i++) {
        size_t before = moved(k);
        bool harmed = false;
        int r = carry(k);
        if (moved(k) > before) r = exchange_after(k, r, &harmed);
        if (r) return r;
        if (moved(k) == before || (harmed && k->fetch_again)) return 0;
        k->fetch_again = k->fetch_again || harmed;
    }
    return 0;
}

/* ---- how it ended ---- */

static int put_counts(struct linked *k, size_t files, uint64_t bytes)
{
    struct arena *a = &k->c->arena;
    struct jv *waits = jv_object(a), *o = k->result;
    int r = jv_put_int(a, waits, "files", (int64_t)files);
    if (!r) r = jv_put_int(a, waits, "bytes", (int64_t)bytes);
    if (!r) r = jv_put(a, o, "waits", waits);
    if (!r) r = jv_put_str(a, o, "remote", k->remote->name);
    if (!r) r = jv_put_int(a, o, "sent", (int64_t)k->carried.sent);
    if (!r) r = jv_put_int(a, o, "fetched", (int64_t)k->carried.fetched);
    if (!r) r = jv_put_int(a, o, "sent_bytes", (int64_t)k->carried.sent_bytes);
    if (!r) r = jv_put_int(a, o, "fetched_bytes", (int64_t)k->carried.fetched_bytes);
    return r ? r : jv_put_int(a, o, "clock_ahead_seconds", k->link ? link_clock_ahead(k->link) : 0);
}

/* The failure, and what becomes of what was to go: the first thing that somebody on the road wants to know. */
static int tell_failure(struct linked *k, int r, size_t files, uint64_t bytes)
{
    struct cli *c = k->c;
    const char *size = size_text(&c->arena, bytes);
    if (link_trouble(k->link) == LINK_OFFLINE && !files)
        r = err_set(r, "offline: %s; nothing waits here to be sent", err_message());
    else if (link_trouble(k->link) == LINK_OFFLINE)
        r = err_set(r, "offline: %s; waiting here: %s; nothing is lost, and the next sync goes on", err_message(), size);
    else if (link_trouble(k->link) == LINK_HERE)
        r = sync_failed(r);
    else if (files)
        r = err_set(r, "%s; waiting here: %s; nothing is lost", err_message(), size);
    int put = jv_put_str(&c->arena, k->result, "error", err_message());
    cli_failed(c, r);
    return put;
}

/* How many files from the i-th on are refused for its reason; 0: an earlier one was. */
static size_t same_reason(const struct jv *refused, size_t i)
{
    const char *why = jv_get_str(refused->items[i], "error");
    size_t n = 0;
    for (size_t k = 0; k < refused->len; k++) {
        bool same = strcmp(jv_get_str(refused->items[k], "error"), why) == 0;
        if (same && k < i) return 0;
        n += same;
    }
    return n;
}

static void tell_refused(struct linked *k)
{
    const struct jv *refused = k->carried.refused;
    for (size_t i = 0; refused && i < refused->len; i++) {
        const char *what = jv_get_str(refused->items[i], "file"), *why = jv_get_str(refused->items[i], "error");
        size_t n = same_reason(refused, i);
        if (n > 1) what = arena_printf(&k->c->arena, T("%zu files"), n);
        const char *form = text_language_now() == LANGUAGE_ZH ? "satchel: %s：%s\n" : "satchel: %s: %s\n";
        if (n > 0) fprintf(stderr, form, shown(k->c, what), shown(k->c, why));
    }
    if (refused && refused->len && !k->c->status) k->c->status = err_exit_status(ERR_ROAD);
}

static void print_carried(const struct linked *k)
{
    struct cli *c = k->c;
    const struct link_carried *d = &k->carried;
    if (d->sent || d->fetched) {
        fprintf(c->out, T("sent %zu files, %s; fetched %zu, %s"), d->sent, size_text(&c->arena, d->sent_bytes), d->fetched,
            size_text(&c->arena, d->fetched_bytes));
        fprintf(c->out, "\n");
    }
    if (d->behind && k->peer) {
        fprintf(c->out, T("still to be taken in by the colleague's kit: %zu files; exchange once more"), d->behind);
        fprintf(c->out, "\n");
    } else if (d->behind) {
        fprintf(c->out, T("still to be taken in at the hub: %zu files; the next sync fetches its receipts"), d->behind);
        fprintf(c->out, "\n");
    }
}

static int finish(struct linked *k, int failed)
{
    struct cli *c = k->c;
    const char *why = failed ? arena_strdup(&c->arena, err_message()) : NULL;
    size_t files = 0;
    uint64_t bytes = 0;
    int r = link_waiting(k->folder, &files, &bytes);
    if (!r) r = put_counts(k, files, bytes);
    if (r) return r;
    if (!c->json) print_carried(k);
    bool quiet = !failed && !moved(k) && !files && !k->carried.refused && !c->status;
    if (quiet && !c->json) fprintf(c->out, "%s\n", T("nothing new in either direction"));
    if (!k->peer && (!quiet || c->json)) r = tell_holdings(k);
    tell_refused(k);
    if (r || !failed) return r;
    return tell_failure(k, err_set(failed, "%s", why ? why : ""), files, bytes);
}

/* ---- the whole ---- */

static int open_to(struct cli *c, const struct remote *r, const struct link_party *party, struct link **out)
{
    int64_t timeout = 0, tries = 0;
    int rc = cli_option_int(c, "timeout", &timeout);
    if (!rc) rc = cli_option_int(c, "tries", &tries);
    if (!rc && (timeout > 3600 || tries > 1000)) rc = err_set(ERR_USAGE, "'--timeout' is at most 3600, '--tries' at most 1000");
    if (rc) return rc;
    struct http_place place = {.url = r->place, .ca_pem = r->ca_pem, .pin = r->pin, .plain = r->plain,
        .stall_seconds = (int)timeout, .connect_seconds = timeout && timeout < 15 ? (int)timeout : 0};
    return link_open(out, &place, party, (int)tries);
}

static int open_link(struct cli *c, const struct remote *r, struct link **out)
{
    struct store *s = c->session->store;
    const struct hub_identity *hub = store_hub(s);
    if (!hub) return err_set(ERR_INPUT, "this kit has joined no hub; 'satchel join FILE' first");
    struct link_party party = {.kit = store_kit(s), .signer = store_signer(s), .hub = hub->kit};
    memcpy(party.hub_key, hub->public_key, KEY_SIZE);
    return open_to(c, r, &party, out);
}

/* STORE/<kind>/<name> */
static int open_folder(struct linked *k, const char *kind, const char *name)
{
    struct arena *a = &k->c->arena;
    const char *links = path_join(a, store_folder(k->c->session->store), kind);
    k->folder = links ? path_join(a, links, name) : NULL;
    const char *lock = k->folder ? path_join(a, k->folder, "lock") : NULL;
    int r = lock ? os_make_folder(k->folder) : err_memory();
    if (!r) r = os_lock(&k->lock, lock, true, false);
    return r ? err_within(r, "%s", T("the folder of this remote")) : 0;
}

static int sync_linked(struct linked *k)
{
    bool harmed;
    int r = open_folder(k, "link", k->remote->name);
    if (!r) r = exchange(k, &harmed);
    if (r) return sync_failed(r);
    r = open_link(k->c, k->remote, &k->link);
    if (r) return r;
    r = link_meet(k->link);
    if (!r) warn_of_clock(k);
    if (!r && os_is_terminal(1) && !k->c->json) r = tell_holdings(k); /* before the bars */
    if (!r) r = go_rounds(k);
    return finish(k, r);
}

int sync_link(struct cli *c, const struct remote *r)
{
    struct linked k = {.c = c, .remote = r, .result = jv_object(&c->arena)};
    if (!k.result) return err_memory();
    link_carried_init(&k.carried);
    int rc = sync_linked(&k);
    if (!rc) c->result = k.result;
    link_carried_release(&k.carried);
    link_close(k.link);
    os_unlock(k.lock);
    return rc;
}

/* ---- with a colleague ---- */

static int find_peer(void *ctx, const char *kit, unsigned char key[KEY_SIZE], unsigned char recipient[KEY_SIZE])
{
    struct linked *k = ctx;
    struct store *s = k->c->session->store;
    const char *found;
    int r = store_find_peer(s, kit, &k->c->arena, &found);
    const struct registry_kit *known = r ? NULL : registry_kit(store_registry(s), found);
    if (!known) return r ? r : ERR_ROAD;
    memcpy(key, known->public_key, KEY_SIZE);
    memcpy(recipient, known->recipient, KEY_SIZE);
    return 0;
}

static int peer_folders(struct linked *k, struct peer_exchange *x)
{
    struct arena *a = &k->c->arena;
    const char *outbox = path_join(a, k->folder, "outbox");
    *x = (struct peer_exchange){.kit = arena_strdup(a, link_peer(k->link)), .no_evidence = cli_flag(k->c, "no-evidence")};
    x->put = path_join(a, k->folder, "inbox");
    x->take = outbox ? path_join(a, outbox, store_kit(k->c->session->store)) : NULL;
    return x->kit && x->put && x->take ? 0 : ERR_ROAD;
}

/* The colleague's kit stops sharing; should that not reach it, its time does. What lies here is held there. */
static int part(struct linked *k)
{
    const char *outbox = path_join(&k->c->arena, k->folder, "outbox");
    if (k->carried.behind || k->carried.refused) return 0;
    if (link_leave(k->link)) {
        err_clear();
        return 0;
    }
    int r = store_peer_settled(k->c->session->store, k->peer);
    return r || !outbox ? r : os_remove_tree(outbox);
}

static int exchange_paired(struct linked *k)
{
    bool harmed;
    struct peer_exchange x;
    int r = open_folder(k, "peer", link_peer(k->link));
    if (!r) r = peer_folders(k, &x);
    if (r) return r;
    k->peer = &x;
    r = exchange(k, &harmed);
    if (!r) r = go_rounds(k);
    if (!r) r = part(k);
    return finish(k, r);
}

static int meet_paired(struct linked *k, const char *code)
{
    struct store *s = k->c->session->store;
    const struct hub_identity *hub = store_hub(s);
    char root[KIT_ID_SIZE];
    if (!hub) return err_set(ERR_INPUT, "this kit has joined no hub, so no colleague stands in its register; 'satchel join FILE' first");
    kit_id_of(root, hub->root);
    struct link_pairing pairing = {.code = code, .root = root, .identity = store_identity(s), .find = find_peer, .ctx = k};
    struct link_party party = {.pairing = &pairing, .kit = store_kit(s), .signer = store_signer(s)};
    int r = open_to(k->c, k->remote, &party, &k->link);
    if (!r) r = link_meet(k->link);
    if (r) return r;
    warn_of_clock(k);
    r = exchange_paired(k);
    link_close(k->link);
    k->link = NULL;
    return r;
}

int sync_paired(struct cli *c, const char *address)
{
    char code[PAIRING_CODE_SIZE];
    bool whole = remote_is_url(address);
    struct remote place = {.name = address, .plain = true, .place = whole ? address : arena_printf(&c->arena, "http://%s", address)};
    struct linked k = {.c = c, .remote = &place, .result = jv_object(&c->arena)};
    if (!k.result || !place.place) return err_memory();
    if (!pairing_code_read(code, cli_option(c, "code")))
        return err_set(ERR_USAGE, "'--code' takes the eight digits that the colleague's kit shows, as 1234-5678");
    link_carried_init(&k.carried);
    int rc = meet_paired(&k, code);
    if (!rc) c->result = k.result;
    wipe(code, sizeof code);
    link_carried_release(&k.carried);
    link_close(k.link);
    os_unlock(k.lock);
    return rc;
}

/* ---- evidence on demand ---- */

static int find_url(struct cli *c, struct remote *out)
{
    const char **names;
    size_t len;
    int r = remote_names(c, &names, &len);
    for (size_t i = 0; i < len && !r; i++) {
        struct remote one;
        r = remote_load(c, names[i], &one);
        if (r || !remote_is_url(one.place)) continue;
        if (!out->place || strcmp(one.name, HUB_REMOTE) == 0) *out = one;
    }
    return r || out->place ? r : err_set(ERR_MISSING, "no remote is a hub's address");
}

/* Piece by piece, each sealed and kept: cut off, the next time goes on there. */
static int bring(struct cli *c, struct link *l, const struct fold_record *of, const char *sha256, uint64_t size)
{
    struct store *s = c->session->store;
    struct bar bar;
    struct buf piece;
    bool whole = false;
    uint64_t at = 0;
    struct progress *p = bar_start(&bar, T("fetching"));
    buf_init(&piece, PIECE);
    int r = store_evidence_reach(s, of->case_name, sha256, &at);
    if (at >= size) at = 0;
    for (int rc = 0; !r && !rc && !whole && at < size;) {
        size_t want = size - at < PIECE ? (size_t)(size - at) : PIECE;
        buf_clear(&piece);
        rc = link_evidence(l, of->case_name, sha256, at, want, &piece);
        const char *why = rc ? arena_strdup(&c->arena, err_message()) : NULL;
        if (piece.len) r = store_evidence_piece(s, of->case_name, sha256, size, at, piece.data, piece.len, &whole);
        if (!r && rc) r = err_set(rc, "%s", why ? why : "");
        if (!r && !piece.len) r = err_set(ERR_ROAD, "the hub's evidence %.12s… is shorter than its record says", sha256);
        at += piece.len;
        p->at(p, at, size);
    }
    buf_wipe(&piece);
    bar_end(&bar);
    return r;
}

int link_bring(struct cli *c, const struct fold_record *evidence, const char *sha256)
{
    struct remote remote = {0};
    struct link *l = NULL;
    const struct entry_field *size = entry_field(evidence->created->entry, "size");
    if (!size || size->value->type != JV_INT || size->value->integer <= 0)
        return err_set(ERR_MISSING, "the record of this evidence does not say its size");
    int r = find_url(c, &remote);
    if (!r) r = open_link(c, &remote, &l);
    if (!r) r = bring(c, l, evidence, sha256, (uint64_t)size->value->integer);
    link_close(l);
    return r;
}

/* ---- pages ---- */

static int begin_link(struct cli *c, const char *name, struct remote *remote, struct link **out)
{
    int r = session_store(c->session);
    if (!r) r = name ? remote_load(c, name, remote) : find_url(c, remote);
    if (!r && !remote_is_url(remote->place)) r = err_set(ERR_INPUT, "'%s' is no hub's address", remote->name);
    if (!r) r = open_link(c, remote, out);
    return r ? r : link_meet(*out);
}

int link_review(struct cli *c, const char *name, const char **out)
{
    struct remote remote = {0};
    struct link *l = NULL;
    const char *ticket = NULL;
    int r = begin_link(c, name, &remote, &l);
    if (!r) r = link_ticket(l, &c->arena, &ticket);
    link_close(l);
    if (r) return r;
    size_t len = strlen(remote.place);
    while (len > 0 && remote.place[len - 1] == '/') len--;
    *out = arena_printf(&c->arena, "%.*s/review/enter?ticket=%s", (int)len, remote.place, ticket);
    return *out ? 0 : ERR_ROAD;
}

/* ---- evidence for a stock git-lfs ---- */

/* "https://<kit>:<token>@host/…/lfs" */
static const char *lfs_address(struct cli *c, const char *url, const char *token)
{
    const char *host = strstr(url, "://");
    size_t len = strlen(url);
    while (len > 0 && url[len - 1] == '/') len--;
    if (!host) return NULL;
    host += strlen("://");
    return arena_printf(&c->arena, "%.*s%s:%s@%.*s/lfs", (int)(host - url), url, store_kit(c->session->store), token,
        (int)(len - (size_t)(host - url)), host);
}

int cmd_remote_lfs(struct cli *c)
{
    struct remote remote = {0};
    struct link *l = NULL;
    int r = begin_link(c, c->args_len ? c->args[0] : NULL, &remote, &l);
    const char *address = r ? NULL : lfs_address(c, remote.place, link_token(l));
    link_close(l);
    if (!address) return r ? r : ERR_ROAD;
    c->result = jv_string(&c->arena, address);
    if (!c->json) fprintf(c->out, "%s\n", address);
    return c->result ? 0 : ERR_ROAD;
}
