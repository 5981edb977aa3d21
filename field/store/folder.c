/* Both directions over a folder or stick (design.md §7): first what lies there for this kit, then what is due
 * to the hub, or to a colleague.
 *
 * A bundle written into FOLDER/inbox/ stays until a receipt names it, or names its evidence while its entries
 * are in a newer one. A setting remembers each: by it a sync knows its own files on whatever stick they lie,
 * leaves alone what still says all that is due, and does not copy pending evidence a second time. */
#include "exchange.h"

#include <stdlib.h>
#include <string.h>

struct visit {
    struct store *s;
    const char *folder, *inbox, *outboxes, *outbox; /* outbox: this kit's among them; NULL: nothing is taken in */
    const struct peer_exchange *peer;                /* NULL: with the hub */
    uint64_t part_size;
    bool own; /* a link's folder: nobody else writes there, and a network is behind it */
    struct exchange *out;
    struct jv *failed;
    struct progress *progress;
};

static bool is_bundle(const char *name)
{
    size_t len = strlen(name), suffix = strlen(BUNDLE_SUFFIX);
    return len > suffix && strcmp(name + len - suffix, BUNDLE_SUFFIX) == 0;
}

/* Names of the bundles in a folder; none where there is no such folder. */
static int list_bundles(const char *folder, struct arena *a, const char ***out, size_t *len)
{
    const char **names = NULL;
    size_t all = 0, n = 0;
    int rc = os_exists(folder) ? os_list(&names, &all, a, folder) : 0;
    if (rc) return rc;
    for (size_t i = 0; i < all; i++)
        if (is_bundle(names[i])) names[n++] = names[i];
    *out = names;
    *len = n;
    return 0;
}

/* ---- taking in ---- */

struct arrival {
    const char *path;
    const struct manifest *manifest; /* NULL: it can't be read, which receiving it will tell */
    int64_t modified;
};

static int compare_arrivals(const void *a, const void *b)
{
    const struct arrival *x = a, *y = b;
    bool x_register = x->manifest && strcmp(x->manifest->case_name, REGISTER_CASE) == 0;
    bool y_register = y->manifest && strcmp(y->manifest->case_name, REGISTER_CASE) == 0;
    if (x_register != y_register) return x_register ? -1 : 1;
    if (x->modified != y->modified) return x->modified < y->modified ? -1 : 1;
    return strcmp(x->path, y->path);
}

static int64_t told(const struct arrival *x)
{
    int64_t sum = 0;
    for (size_t i = 0; x->manifest && i < x->manifest->have_len; i++) sum += x->manifest->have[i].seq;
    return sum;
}

/* A colleague's come over a network in the order of their sizes; what it holds only grows, and says which was first. */
static int compare_peers(const void *a, const void *b)
{
    const struct arrival *x = a, *y = b;
    bool x_register = x->manifest && strcmp(x->manifest->case_name, REGISTER_CASE) == 0;
    bool y_register = y->manifest && strcmp(y->manifest->case_name, REGISTER_CASE) == 0;
    if (x_register != y_register) return x_register ? -1 : 1;
    if (told(x) != told(y)) return told(x) < told(y) ? -1 : 1;
    return compare_arrivals(a, b);
}

static int note_failure(struct visit *v, const char *path, int code)
{
    struct arena *a = &v->out->arena;
    struct jv *f = jv_object(a);
    char *why = arena_strdup(a, err_message());
    int rc = why ? jv_put_str(a, f, "file", path) : ERR_ROAD;
    if (rc == 0) rc = jv_put_str(a, f, "error", why);
    if (rc == 0 && (code == ERR_WAIT || code == ERR_ROAD)) rc = jv_put(a, f, "waits", jv_bool(a, true));
    if (v->out->failed_code == 0 || code == ERR_ROAD) v->out->failed_code = code;
    err_clear();
    return rc ? rc : jv_push(a, v->failed, f);
}

/* An outbox that can't be read does not keep anything from being sent. */
static int list_outbox(struct visit *v, struct arena *a, const char ***out, size_t *len)
{
    *len = 0;
    int rc = v->outboxes ? os_refuse_link(v->outboxes) : 0;
    if (rc == 0) rc = os_refuse_link(v->outbox);
    if (rc == 0) rc = list_bundles(v->outbox, a, out, len);
    return rc ? note_failure(v, v->outbox, rc) : 0;
}

static void look_into(struct visit *v, struct arena *a, struct arrival *out)
{
    struct file_info info;
    if (os_stat(&info, out->path) == 0) out->modified = info.modified;
    if (bundle_peek(&out->manifest, a, out->path, v->s->identity)) err_clear();
}

/* What the hub said first comes first. */
static int look(struct visit *v, struct arena *a, struct arrival **out, size_t *len)
{
    const char **names = NULL;
    size_t all, n = 0;
    int rc = list_outbox(v, a, &names, &all);
    struct arrival *list = rc ? NULL : arena_alloc(a, (all + 1) * sizeof *list);
    if (rc == 0 && !list) rc = ERR_ROAD;
    for (size_t i = 0; rc == 0 && i < all; i++) {
        list[n].path = path_join(a, v->outbox, names[i]);
        if (!list[n].path) return ERR_ROAD;
        int bad = os_refuse_link(list[n].path);
        if (bad)
            rc = note_failure(v, list[n].path, bad);
        else
            look_into(v, a, &list[n++]);
    }
    if (rc) return rc;
    qsort(list, n, sizeof *list, v->peer ? compare_peers : compare_arrivals);
    *out = list;
    *len = n;
    return 0;
}

static char *got_name(struct arena *a, const char *id)
{
    return arena_printf(a, "got.%.*s", BUNDLE_NAME_DIGITS, id);
}

/* Taken in before, and all its evidence still here. */
static int is_known(struct visit *v, struct arena *a, const struct manifest *m, bool *known)
{
    const struct jv *mark = NULL;
    *known = false;
    if (!m) return 0;
    char *name = got_name(a, m->id);
    int rc = name ? setting_json(v->s, name, a, &mark) : ERR_ROAD;
    *known = mark != NULL;
    for (size_t i = 0; rc == 0 && *known && i < m->members_len; i++) {
        struct evidence_state state;
        if (m->members[i].kind != MEMBER_BLOB) continue;
        rc = store_evidence_state(v->s, m->case_name, m->members[i].sha256, &state);
        if (rc == 0 && !state.here) *known = false;
    }
    return rc;
}

static int note_taken(struct visit *v, const struct taken *t)
{
    struct exchange *e = v->out;
    char *name = got_name(&e->arena, t->bundle);
    struct taken *list = arena_alloc(&e->arena, (e->taken_len + 1) * sizeof *list);
    if (!name || !list) return ERR_ROAD;
    if (e->taken_len) memcpy(list, e->taken, e->taken_len * sizeof *list);
    list[e->taken_len] = *t;
    e->taken = list;
    e->taken_len++;
    return store_set_setting(v->s, name, "true");
}

static int take_one(struct visit *v, struct arena *a, const struct arrival *arrival)
{
    struct taken t;
    bool known;
    int rc = is_known(v, a, arrival->manifest, &known);
    if (rc || known) return rc;
    if (v->peer && arrival->manifest) rc = peer_admits(v->s, arrival->manifest);
    if (rc == 0) rc = store_receive(v->s, arrival->path, &v->out->arena, &t, v->progress);
    if (rc == ERR_DAMAGED) return rc; /* of the store itself */
    return rc ? note_failure(v, arrival->path, rc) : note_taken(v, &t);
}

static int set_apart(struct visit *v, struct arena *a, const char *path, const char *why)
{
    const char *to = path_join(a, v->peer->apart, path_name(path)), *beside = to ? arena_printf(a, "%s.why", to) : NULL;
    int rc = beside ? os_make_folder(v->peer->apart) : ERR_ROAD;
    if (rc == 0) rc = file_write(beside, why, strlen(why));
    return rc ? rc : os_rename(path, to);
}

/* What waits for another bundle, or could not be read from the disk, stays. */
static int take_and_clear(struct visit *v, struct arena *a, const struct arrival *arrival)
{
    size_t failed = v->failed->len;
    int rc = take_one(v, a, arrival);
    if (rc || !v->peer || !v->peer->apart) return rc;
    const struct jv *failure = v->failed->len > failed ? v->failed->items[failed] : NULL;
    if (!failure) return os_remove(arrival->path);
    return jv_get_bool(failure, "waits") ? 0 : set_apart(v, a, arrival->path, jv_get_str(failure, "error"));
}

static int take_all(struct visit *v)
{
    struct arena a;
    struct arrival *list;
    size_t len;
    arena_init(&a);
    int rc = look(v, &a, &list, &len);
    for (size_t i = 0; rc == 0 && i < len; i++) rc = take_and_clear(v, &a, &list[i]);
    arena_release(&a);
    return rc;
}

/* ---- what we have written there before ---- */

struct sent { /* a file of ours in the inbox */
    const char *path, *setting;
    const struct jv *about; /* JV_NULL: a receipt has named it */
    bool pending;           /* it has evidence that the receiver is not known to hold */
};

/* Files in one folder may be of the hub's, and of a colleague's. */
static bool is_to(const struct visit *v, const struct jv *about)
{
    const char *to = jv_get_str(about, "to");
    if (about->type == JV_NULL) return true;
    return v->peer ? to && strcmp(to, v->peer->kit) == 0 : !to;
}

static int look_at(struct visit *v, struct arena *a, const char *name, struct sent *out)
{
    *out = (struct sent){.path = path_join(a, v->inbox, name)};
    out->setting = arena_printf(a, "sent.%.*s", (int)(strlen(name) - strlen(BUNDLE_SUFFIX)), name);
    if (!out->path || !out->setting) return ERR_ROAD;
    int rc = setting_json(v->s, out->setting, a, &out->about);
    if (rc || !out->about) return rc;
    if (os_refuse_link(out->path)) { /* a file of ours was taken away for it: it is written again */
        err_clear();
        out->about = NULL;
        return os_remove(out->path);
    }
    if (!is_to(v, out->about)) out->about = NULL;
    return 0;
}

static int list_sent(struct visit *v, struct arena *a, struct sent **out, size_t *len)
{
    const char **names;
    size_t all, n = 0;
    int rc = list_bundles(v->inbox, a, &names, &all);
    struct sent *list = rc ? NULL : arena_alloc(a, (all + 1) * sizeof *list);
    if (rc == 0 && !list) rc = ERR_ROAD;
    for (size_t i = 0; rc == 0 && i < all; i++) {
        rc = look_at(v, a, names[i], &list[n]);
        if (rc == 0 && list[n].about)
            n++;
        else if (rc == 0 && v->own) /* written by a sync that was killed before it could note that */
            rc = os_remove(list[n].path);
    }
    if (rc) return rc;
    *out = list;
    *len = n;
    return 0;
}

static bool is_of(const struct sent *f, const char *case_name)
{
    const char *of = jv_get_str(f->about, "case");
    return of && strcmp(of, case_name) == 0;
}

static bool says(const struct sent *f, const char *case_name, const char *due)
{
    const char *it = jv_get_str(f->about, "due");
    return is_of(f, case_name) && it && strcmp(it, due) == 0;
}

/* Between colleagues no receipt says of which files the copies on other sticks may go, so it is kept that this one has. */
static int remove_sent(struct visit *v, const struct sent *f)
{
    int rc = os_remove(f->path);
    return rc ? rc : store_set_setting(v->s, f->setting, v->peer ? "null" : NULL);
}

/* Does the receiver lack it, as far as is known? */
static int is_lacking(struct visit *v, const struct bundle_order *o, const char *sha256, bool *lacking)
{
    struct evidence_state state;
    *lacking = false;
    for (size_t i = 0; v->peer && !*lacking && i < o->evidence_len; i++)
        *lacking = strcmp(o->evidence[i].sha256, sha256) == 0;
    if (v->peer) return 0;
    int rc = store_evidence_state(v->s, o->case_name, sha256, &state);
    if (rc == 0) *lacking = !state.at_hub;
    return rc;
}

static int find_pending(struct visit *v, const struct bundle_order *o, struct sent *sent, size_t len)
{
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < len; i++) {
        const struct jv *list = jv_get(sent[i].about, "evidence");
        for (size_t k = 0; rc == 0 && is_of(&sent[i], o->case_name) && !sent[i].pending && list && k < list->len; k++)
            rc = is_lacking(v, o, list->keys[k], &sent[i].pending);
    }
    return rc;
}

/* ---- what is due ---- */

/* What comes behind a fork is due, and changes nothing of what is held without gap. */
static void add_forks(struct buf *b, const struct bundle_order *o)
{
    size_t len;
    const struct fold_chain *const *chains = fold_chains(o->fold, o->case_name, &len);
    for (size_t i = 0; i < len; i++)
        if (chains[i]->forked_at) buf_addf(b, "fork %s %zu\n", chains[i]->kit, chains[i]->entries_len);
}

/* The order in one hash: two syncs with the same one would write the same. */
static int hash_order(const struct bundle_order *o, struct arena *a, char hex[SHA256_HEX])
{
    struct buf b;
    const struct have *have;
    size_t len;
    unsigned char hash[SHA256_SIZE];
    int rc = fold_have(o->fold, o->case_name, a, &have, &len);
    if (rc) return rc;
    buf_init(&b, BUF_UNLIMITED);
    buf_addf(&b, "%s\n%s\n", o->case_name, o->to);
    buf_add(&b, o->recipient, KEY_SIZE);
    for (size_t i = 0; i < len; i++) buf_addf(&b, "have %s %lld\n", have[i].kit, (long long)have[i].seq);
    add_forks(&b, o);
    for (size_t i = 0; i < o->beyond_len; i++)
        buf_addf(&b, "beyond %s %lld\n", o->beyond[i].kit, (long long)o->beyond[i].seq);
    for (size_t i = 0; i < o->evidence_len; i++) buf_addf(&b, "evidence %s\n", o->evidence[i].sha256);
    for (size_t i = 0; i < o->want_len; i++) buf_addf(&b, "want %s\n", o->want[i]);
    rc = buf_error(&b);
    sha256(hash, b.data, b.len);
    hex_write(hex, hash, sizeof hash);
    buf_release(&b);
    return rc;
}

/* Has a receipt named the one bundle that said just this? Of a forked chain both sides stay due for ever. */
static int is_done(struct visit *v, struct packing *p, const char *case_name, const char *due, bool *done)
{
    struct buf b;
    char *name = setting_name(&p->arena, "done", p->to, case_name);
    if (!name) return ERR_ROAD;
    buf_init(&b, BUF_UNLIMITED);
    int rc = store_setting(v->s, name, &b);
    *done = rc == 0 && strcmp(buf_str(&b), due) == 0;
    buf_release(&b);
    if (rc != ERR_MISSING) return rc;
    err_clear();
    return 0;
}

/* Are all the files that said just this still there? */
static bool all_there(const struct sent *sent, size_t len, const char *case_name, const char *due)
{
    int64_t there = 0, parts = -1;
    for (size_t i = 0; i < len; i++) {
        if (!says(&sent[i], case_name, due)) continue;
        parts = jv_get_int(sent[i].about, "parts", 0);
        there++;
    }
    return there == parts;
}

/* Evidence lies there if as many of the parts that carry it are there as were written together. */
static bool lies_there(const struct sent *sent, size_t len, const char *case_name, const char *sha256)
{
    for (size_t i = 0; i < len; i++) {
        const char *due = jv_get_str(sent[i].about, "due");
        int64_t parts = jv_get_int(jv_get(sent[i].about, "evidence"), sha256, 0), there = 0;
        if (!due || parts == 0 || !says(&sent[i], case_name, due)) continue;
        for (size_t k = 0; k < len; k++)
            there += says(&sent[k], case_name, due) && jv_get(jv_get(sent[k].about, "evidence"), sha256);
        if (there == parts) return true;
    }
    return false;
}

static int leave_out_pending(struct bundle_order *o, struct arena *a, const struct sent *sent, size_t len)
{
    struct evidence *list = arena_alloc(a, (o->evidence_len + 1) * sizeof *list);
    size_t n = 0;
    if (!list) return ERR_ROAD;
    for (size_t i = 0; i < o->evidence_len; i++)
        if (!lies_there(sent, len, o->case_name, o->evidence[i].sha256)) list[n++] = o->evidence[i];
    o->evidence = list;
    o->evidence_len = n;
    return 0;
}

/* Files that were written together. */
struct written {
    const struct bundle_file *files;
    size_t len;
    const char *case_name, *due;
};

static bool is_at_end(const struct bundle_file *f, const char *sha256)
{
    return f->evidence_len > 0 &&
           (strcmp(f->evidence[0], sha256) == 0 || strcmp(f->evidence[f->evidence_len - 1], sha256) == 0);
}

/* What is cut over several files ends one and begins the next. */
static int64_t times_carried(const struct written *w, const char *sha256)
{
    int64_t n = 0;
    for (size_t i = 0; i < w->len; i++) n += is_at_end(&w->files[i], sha256);
    return n > 0 ? n : 1;
}

static int remember_file(
    struct visit *v, struct arena *a, const struct written *w, const struct bundle_file *f)
{
    struct buf b;
    struct jv *about = jv_object(a), *evidence = jv_object(a);
    char *name = arena_printf(a, "sent.%.*s", BUNDLE_NAME_DIGITS, f->id);
    int rc = name ? jv_put_str(a, about, "case", w->case_name) : ERR_ROAD;
    for (size_t i = 0; rc == 0 && i < f->evidence_len; i++)
        rc = jv_put_int(a, evidence, f->evidence[i], times_carried(w, f->evidence[i]));
    if (rc == 0) rc = jv_put_str(a, about, "due", w->due);
    if (rc == 0) rc = jv_put(a, about, "evidence", evidence);
    if (rc == 0) rc = jv_put_int(a, about, "parts", (int64_t)w->len);
    if (rc == 0 && v->peer) rc = jv_put_str(a, about, "to", v->peer->kit);
    if (rc) return rc;
    buf_init(&b, BUF_UNLIMITED);
    json_write(&b, about);
    rc = buf_error(&b);
    if (rc == 0) rc = store_set_setting(v->s, name, buf_str(&b));
    buf_release(&b);
    return rc;
}

static int remember_written(struct visit *v, struct arena *a, const struct written *w)
{
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < w->len; i++) rc = remember_file(v, a, w, &w->files[i]);
    return rc;
}

/* What an older file said is named by a receipt or said again by the new ones, unless it carries evidence
 * still. */
static int remove_older(struct visit *v, const struct sent *sent, size_t len, const char *case_name,
    const char *due, bool refused)
{
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < len; i++) {
        bool named = sent[i].about->type == JV_NULL;
        bool older = is_of(&sent[i], case_name) && !says(&sent[i], case_name, due) && !sent[i].pending;
        if (named || older || (refused && is_of(&sent[i], case_name))) rc = remove_sent(v, &sent[i]);
    }
    return rc;
}

static int write_due(struct visit *v, struct packing *p, struct bundle_order *o, const struct sent *sent,
    size_t len, const char *due)
{
    size_t first = 0;
    int rc = leave_out_pending(o, &p->arena, sent, len);
    if (rc == 0) rc = packing_cut(p, o, &first);
    struct written w = {.len = rc ? 0 : p->out->len - first, .case_name = o->case_name, .due = due};
    if (w.len) w.files = p->out->files + first;
    return rc ? rc : remember_written(v, &p->arena, &w);
}

/* Told at each sync, until its records have been copied. */
static int note_refused(struct visit *v, const char *case_name, const char *clash)
{
    struct arena *a = &v->out->arena;
    struct jv *o = jv_object(a);
    struct buf b;
    bool there;
    char *name = arena_printf(a, "copied.%s", case_name);
    buf_init(&b, BUF_UNLIMITED);
    int rc = name ? setting_get(v->s, name, &b, &there) : ERR_ROAD;
    buf_release(&b);
    if (rc || there) return rc;
    rc = jv_put_str(a, o, "case", case_name);
    if (rc == 0) rc = jv_put_str(a, o, "clash", clash);
    return rc ? rc : jv_push(a, v->out->refused, o);
}

static int send_case(struct visit *v, struct packing *p, const char *case_name)
{
    struct bundle_order o;
    struct sent *sent;
    size_t len;
    char due[SHA256_HEX];
    bool done;
    const char *clash;
    int rc = list_sent(v, &p->arena, &sent, &len);
    if (rc == 0) rc = packing_refused(p, case_name, &clash);
    if (rc == 0 && clash) rc = note_refused(v, case_name, clash);
    if (rc == 0) rc = packing_order(p, case_name, &o);
    if (rc == 0) rc = find_pending(v, &o, sent, len);
    if (rc == 0) rc = hash_order(&o, &p->arena, due);
    if (rc == 0) rc = is_done(v, p, case_name, due, &done);
    if (rc) return rc;
    /* Evidence that is due still has not been kept: a receipt for its bundle alone does not end the sending.
     */
    bool said = done && !o.tell_have && o.evidence_len == 0;
    bool nothing_new = clash || said || all_there(sent, len, case_name, due);
    if (!nothing_new) rc = write_due(v, p, &o, sent, len, due);
    return rc ? rc : remove_older(v, sent, len, case_name, due, clash);
}

static int send_all(struct visit *v)
{
    struct packing p;
    const char *const *cases;
    size_t len;
    int rc = packing_init(&p, v->s, v->peer ? v->peer->kit : NULL);
    if (rc) return rc;
    p.to_peer = v->peer != NULL;
    p.no_evidence = v->peer && v->peer->no_evidence;
    p.tell = true;
    p.part_size = v->part_size;
    p.entries_apart = v->own;
    p.folder = v->inbox;
    p.progress = v->progress;
    p.out = &v->out->sent;
    rc = packing_cases(&p, &cases, &len);
    for (size_t i = 0; rc == 0 && i < len; i++) rc = send_case(v, &p, cases[i]);
    packing_release(&p);
    return rc;
}

/* An inbox that is bad does not undo what was taken in. */
static int send_if_possible(struct visit *v)
{
    int rc = os_refuse_link(v->inbox);
    if (rc == 0) rc = os_make_folder(v->inbox);
    if (rc == 0) rc = os_remove_unfinished(v->inbox, v->s->kit);
    return rc ? note_failure(v, v->inbox, rc) : send_all(v);
}

static int check_folder(const char *folder)
{
    struct file_info info;
    int rc = os_stat(&info, folder);
    if (rc == ERR_MISSING || (rc == 0 && !info.is_folder))
        return err_set(ERR_ROAD, "there is no folder '%s': is the stick in, and this its place?", folder);
    return rc;
}

static int visit(struct visit *v)
{
    struct arena *a = &v->out->arena;
    if (!store_hub(v->s)) return err_set(ERR_INPUT, "this kit has joined no hub; 'satchel join FILE' first");
    v->inbox = path_join(a, v->folder, "inbox");
    v->outboxes = path_join(a, v->folder, "outbox");
    v->outbox = v->outboxes ? path_join(a, v->outboxes, v->s->kit) : NULL;
    int rc = v->inbox && v->outbox ? check_folder(v->folder) : ERR_ROAD;
    if (rc == 0) rc = take_all(v);
    return rc ? rc : send_if_possible(v);
}

static int visit_peer(struct visit *v)
{
    const char *kit;
    int rc = store_find_peer(v->s, v->peer->kit, &v->out->arena, &kit);
    v->outbox = v->peer->take;
    v->inbox = v->peer->put;
    if (rc == 0 && v->outbox) rc = take_all(v);
    return rc || !v->inbox ? rc : send_if_possible(v);
}

static int exchange(struct visit *v, struct exchange *out)
{
    struct exchange e = {0};
    v->out = &e;
    arena_init(&e.arena);
    arena_init(&e.sent.arena);
    e.failed = v->failed = jv_array(&e.arena);
    e.refused = jv_array(&e.arena);
    int rc = !e.failed || !e.refused ? ERR_ROAD : v->peer ? visit_peer(v) : visit(v);
    if (rc)
        exchange_release(&e);
    else
        *out = e;
    return rc;
}

int store_sync_folder(
    struct store *s, const char *folder, uint64_t part_size, struct exchange *out, struct progress *p)
{
    struct visit v = {.s = s, .folder = folder, .part_size = part_size, .progress = p};
    return exchange(&v, out);
}

int store_sync_link(struct store *s, const char *folder, struct exchange *out, struct progress *p)
{
    struct visit v = {.s = s, .folder = folder, .part_size = BUNDLE_PART_MIN, .own = true, .progress = p};
    return exchange(&v, out);
}

int store_sync_peer(struct store *s, const struct peer_exchange *x, struct exchange *out, struct progress *p)
{
    bool small = x->part_size == 0;
    struct visit v = {.s = s, .peer = x, .part_size = small ? BUNDLE_PART_MIN : x->part_size, .own = small, .progress = p};
    return exchange(&v, out);
}

/* Written again, should they be due still, they would be the same. */
int store_peer_settled(struct store *s, const struct peer_exchange *x)
{
    struct visit v = {.s = s, .peer = x, .inbox = x->put};
    struct arena a;
    struct sent *sent;
    size_t len = 0;
    arena_init(&a);
    int rc = list_sent(&v, &a, &sent, &len);
    for (size_t i = 0; rc == 0 && i < len; i++) rc = remove_sent(&v, &sent[i]);
    arena_release(&a);
    return rc;
}

void exchange_release(struct exchange *e)
{
    bundle_files_release(&e->sent);
    arena_release(&e->arena);
    memset(e, 0, sizeof *e);
}
