/* Taking one bundle in: its evidence is staged and published, then one transaction takes its entries, its
 * receipt, and what the sender says of itself. */
#include "exchange.h"

#include <stdio.h>
#include <string.h>

#include "satchel/base/time.h"

struct receiving {
    struct store *s;
    struct arena arena; /* of this bundle alone; what is handed out goes into the caller's */
    struct opened o;
    struct quarantine *quarantine;
    struct store_tx *tx;
    struct ruling by;
    struct taken taken;
    struct arena *out;
    struct jv *problems, *alarms;
    bool *known; /* by entry */
    bool from_hub;
    bool from_stranger; /* who may be the hub by a new key, if the register that it brings says so */
    unsigned char stranger[KEY_SIZE];
};

/* ---- who may send ---- */

static int check_key(const char *kit, const unsigned char is[KEY_SIZE], const unsigned char should[KEY_SIZE])
{
    if (same_bytes(is, should, KEY_SIZE)) return 0;
    return err_set(ERR_INPUT, "it is signed by another key than that of '%s'", kit);
}

static int unknown_sender(const char *kit)
{
    return err_set(ERR_WAIT,
        "its sender '%s' is not in the register; take the register in first, or where headquarters has a new key or hub, "
        "ask an admin for a new enrolment file and 'satchel join' it",
        kit);
}

static int check_sender(void *ctx, const char *kit, const unsigned char signed_by[KEY_SIZE])
{
    struct receiving *w = ctx;
    struct store *s = w->s;
    const struct hub_identity *hub = store_hub(s);
    const struct registry *registry;
    if (hub && strcmp(kit, hub->kit) == 0) return check_key(kit, signed_by, hub->public_key);
    if (strcmp(kit, s->kit) == 0) return check_key(kit, signed_by, s->signer.public_key);
    int rc = store_registry_get(s, &registry);
    if (rc) return rc;
    const struct registry_kit *known = registry_kit(registry, kit);
    if (known) return check_key(kit, signed_by, known->public_key);
    if (!hub) return unknown_sender(kit);
    w->from_stranger = true;
    memcpy(w->stranger, signed_by, KEY_SIZE);
    return 0;
}

/* A stranger may bring the register's entries, which others have signed, and nothing else. */
static int stage(void *ctx, const struct member *m, struct sink **out)
{
    struct receiving *w = ctx;
    char kit[KIT_ID_SIZE];
    if (!w->from_stranger) return quarantine_sink(w->quarantine, m, out);
    kit_id_of(kit, w->stranger);
    return unknown_sender(kit);
}

static int kept_receipt(void *ctx, const char *case_name, const char *id, struct arena *a, struct receipt **out)
{
    struct receiving *w = ctx;
    return store_receipt_by_id(w->s, case_name, id, a, out);
}

static int check_stranger(struct receiving *w)
{
    if (!w->from_stranger) return 0;
    w->o.receipt = NULL; /* it is nobody's yet; the hub gives another */
    return strcmp(w->o.manifest->case_name, REGISTER_CASE) == 0 ? 0 : unknown_sender(w->o.manifest->from);
}

/* Unless what it has brought says that it is the hub, it was not brought. */
static int check_followed(struct receiving *w)
{
    bool yes;
    int rc = w->from_stranger ? follows(w->s, w->stranger, &yes) : 0;
    return rc || !w->from_stranger || yes ? rc : unknown_sender(w->o.manifest->from);
}

static int check_receipt(struct receiving *w)
{
    const struct hub_identity *hub = store_hub(w->s);
    char root[KIT_ID_SIZE];
    if (!w->o.receipt) return 0;
    if (!hub || !same_bytes(w->o.receipt_key, hub->public_key, KEY_SIZE))
        return err_set(ERR_INPUT, "its receipt is not of the hub that this kit has joined");
    kit_id_of(root, hub->root);
    if (strcmp(root, w->o.receipt->root) == 0) return 0;
    return err_set(ERR_INPUT, "its receipt is of another register, whose root is '%s'", w->o.receipt->root);
}

static int open_bundle(struct receiving *w, const char *path, struct progress *progress)
{
    struct bundle_receiver r = {
        .self = w->s->kit, .sender = check_sender, .stage = stage, .receipt = kept_receipt, .ctx = w, .progress = progress};
    memcpy(r.identity, w->s->identity, KEY_SIZE);
    int rc = bundle_open(&w->o, &w->arena, path, &r);
    wipe(r.identity, sizeof r.identity);
    if (rc) return rc;
    const struct hub_identity *hub = store_hub(w->s);
    w->from_hub = hub && strcmp(w->o.manifest->from, hub->kit) == 0;
    rc = check_stranger(w);
    if (rc == 0) rc = check_receipt(w);
    return rc ? err_within(rc, "bundle '%s'", path_name(path)) : 0;
}

/* ---- what is told of it ---- */

static int add_problem(struct receiving *w, const char *entry, const char *id, const char *reason)
{
    struct jv *p = jv_object(w->out);
    int rc = jv_put_str(w->out, p, "entry", entry);
    if (rc == 0) rc = jv_put_str(w->out, p, "id", id);
    if (rc == 0) rc = jv_put_str(w->out, p, "reason", reason);
    return rc ? rc : jv_push(w->out, w->problems, p);
}

static int add_entry_problem(struct receiving *w, const struct entry *e, const char *reason)
{
    char name[KIT_ID_SIZE + 24];
    snprintf(name, sizeof name, "%s:%lld", e->kit, (long long)e->seq);
    return add_problem(w, name, e->id, reason);
}

/* ---- evidence ---- */

/* Pieces that were right each but do not make the whole are the sender's fault, and no reason to keep his
 * entries out. */
static int publish(struct receiving *w, struct progress *progress)
{
    int rc = quarantine_publish(
        w->quarantine, w->o.manifest->case_name, &w->taken.blobs_held, &w->taken.blobs_awaited, progress);
    if (rc != ERR_INPUT) return rc;
    char *why = arena_strdup(w->out, err_message());
    if (!why) return ERR_ROAD;
    err_clear();
    return add_problem(w, "", "", why);
}

/* What has come need not be asked for any more. */
static int settle_wants(struct receiving *w)
{
    const struct manifest *m = w->o.manifest;
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < m->members_len; i++) {
        struct evidence_state state;
        if (m->members[i].kind != MEMBER_BLOB) continue;
        rc = store_evidence_state(w->s, m->case_name, m->members[i].sha256, &state);
        if (rc || !state.here) continue;
        char *name = arena_printf(&w->arena, "want.%s", m->members[i].sha256);
        rc = name ? store_tx_set(w->tx, name, NULL) : ERR_ROAD;
    }
    return rc;
}

/* ---- entries ---- */

static int reject(struct receiving *w, const struct opened_entry *o)
{
    int rc = store_tx_reject(w->tx, o->line, o->line_len, o->error);
    w->taken.rejected++;
    if (rc == 0) rc = o->entry ? add_entry_problem(w, o->entry, o->error) : add_problem(w, "", "", o->error);
    return rc;
}

/* Entries of the register wait until all are in: the order of kits is not that of enrolments. */
static int take_entry(struct receiving *w, const struct opened_entry *o, bool *known)
{
    enum verdict verdict = VERDICT_WAITING;
    const char *reason = NULL;
    int rc = 0;
    if (strcmp(w->o.manifest->case_name, REGISTER_CASE) != 0)
        rc = rule(w->s, &w->by, o->entry, o->public_key, &w->arena, &verdict, &reason);
    return rc ? rc : take_copy(w->tx, w->s, o->entry, o->public_key, verdict, reason, known);
}

static int take_entries(struct receiving *w)
{
    int rc = 0;
    w->known = arena_alloc(&w->arena, (w->o.entries_len + 1) * sizeof *w->known);
    if (!w->known) return ERR_ROAD;
    for (size_t i = 0; rc == 0 && i < w->o.entries_len; i++) {
        const struct opened_entry *o = &w->o.entries[i];
        rc = o->error ? reject(w, o) : take_entry(w, o, &w->known[i]);
    }
    return rc;
}

static int count_entry(struct receiving *w, const struct held *h)
{
    switch (h->verdict) {
    case VERDICT_GOOD:
        w->taken.accepted++;
        return 0;
    case VERDICT_WAITING:
        w->taken.waiting++;
        return 0;
    case VERDICT_QUARANTINED:
        w->taken.quarantined++;
        return add_entry_problem(w, h->entry, h->reason);
    }
    return 0;
}

/* Once all verdicts have settled. */
static int count_entries(struct receiving *w)
{
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < w->o.entries_len; i++) {
        const struct opened_entry *o = &w->o.entries[i];
        if (o->error) continue;
        if (w->known[i])
            w->taken.known++;
        else
            rc = count_entry(w, fold_entry(w->s->fold, o->entry->id));
    }
    return rc;
}

/* ---- receipt, and what the sender says of itself ---- */

/* The hub will never take the case. */
static int note_refused(struct receiving *w)
{
    char *name = arena_printf(&w->arena, "refused.%s", w->o.manifest->case_name);
    w->taken.clash = arena_strdup(w->out, w->o.receipt->clash);
    return name && w->taken.clash ? store_tx_set(w->tx, name, w->taken.clash) : ERR_ROAD;
}

/* Else the next one might build on the same and be read no better, for ever. */
static int ask_for_whole(struct receiving *w, bool ask)
{
    struct buf b;
    bool asked;
    char *name = arena_printf(&w->arena, "whole.%s", w->o.manifest->case_name);
    buf_init(&b, BUF_UNLIMITED);
    int rc = name ? setting_get(w->s, name, &b, &asked) : ERR_ROAD;
    buf_release(&b);
    return rc || asked == ask ? rc : store_tx_set(w->tx, name, ask ? "true" : NULL);
}

static int take_receipt(struct receiving *w)
{
    unsigned char sig[SIGNATURE_SIZE], key[KEY_SIZE];
    const struct buf *armor = &w->o.receipt_sig;
    if (w->o.unread && w->from_hub) return ask_for_whole(w, true);
    if (!w->o.receipt) return 0;
    int rc = sshsig_armor_read(sig, key, NAMESPACE_RECEIPT, buf_str(armor), armor->len);
    if (rc == 0) rc = store_tx_receipt(w->tx, w->o.receipt, &w->o.receipt_bytes, sig, key);
    if (rc == 0) rc = ask_for_whole(w, false);
    return rc == 0 && w->o.receipt->clash ? note_refused(w) : rc;
}

static int compare_receipt(struct receiving *w)
{
    int64_t at;
    int offset;
    const struct receipt *r = w->o.receipt;
    return time_read(&at, &offset, r->at) ? marks_take(w->tx, w->s, r, at, w->out, w->alarms) : 0;
}

/* A hub that forgets what it has confirmed is not believed that it holds this. */
static const char *confirmed_bundle(const struct receiving *w)
{
    return w->o.receipt && w->alarms->len == 0 ? w->o.receipt->bundle : NULL;
}

/* What the file says has arrived. Only of a bundle that was alone can it be said that all that was due has.
 */
static int settle_file(struct receiving *w, const char *name, const struct jv *about)
{
    const char *of = jv_get_str(about, "case"), *due = jv_get_str(about, "due");
    char *done = of ? setting_name(&w->arena, "done", w->o.manifest->from, of) : NULL;
    int rc = store_tx_set(w->tx, name, "null");
    if (rc || !of || !due || jv_get_int(about, "parts", 0) != 1) return rc;
    return done ? store_tx_set(w->tx, done, due) : ERR_ROAD;
}

/* A bundle of ours that a receipt names has arrived: its file may go. */
static int settle_sent(struct receiving *w)
{
    const struct jv *about = NULL;
    const char *bundle = confirmed_bundle(w);
    if (!bundle) return 0;
    char *name = arena_printf(&w->arena, "sent.%.*s", BUNDLE_NAME_DIGITS, bundle);
    int rc = name ? setting_json(w->s, name, &w->arena, &about) : ERR_ROAD;
    return rc || !about ? rc : settle_file(w, name, about);
}

static int set_peer(struct receiving *w, const char *head, const struct jv *v)
{
    const struct manifest *m = w->o.manifest;
    char *name = setting_name(&w->arena, head, m->from, m->case_name);
    if (!name) return ERR_ROAD;
    return v ? tx_set_json(w->tx, name, v) : store_tx_set(w->tx, name, NULL);
}

static bool is_forked(struct fold *f, const char *case_name)
{
    size_t len;
    const struct fold_chain *const *chains = fold_chains(f, case_name, &len);
    for (size_t i = 0; i < len; i++)
        if (chains[i]->forked_at) return true;
    return false;
}

/* Who sends what we have does not know that we have it: tell again. (Forked chains are always sent again.) */
static int forget_told(struct receiving *w)
{
    bool again = w->o.entries_len > 0 && !is_forked(w->s->fold, w->o.manifest->case_name);
    for (size_t i = 0; i < w->o.entries_len; i++)
        if (!w->known[i]) again = false;
    return again ? set_peer(w, "told", NULL) : 0;
}

static int take_peer(struct receiving *w)
{
    const struct manifest *m = w->o.manifest;
    if (strcmp(m->from, w->s->kit) == 0) return 0;
    const struct jv *have = have_json(&w->arena, m->have, m->have_len);
    struct jv *wanted = m->want_len ? jv_array(&w->arena) : NULL;
    int rc = have ? set_peer(w, "peer", have) : ERR_ROAD;
    for (size_t i = 0; rc == 0 && i < m->want_len; i++)
        rc = jv_push(&w->arena, wanted, jv_string(&w->arena, m->want[i]));
    if (rc == 0) rc = set_peer(w, "wanted", wanted);
    return rc ? rc : forget_told(w);
}

/* ---- the whole ---- */

/* What an older receipt accepts is known only once the chain up to its head is here. */
static int judge_again(struct receiving *w)
{
    struct ruling by = {.receipt = w->by.receipt};
    if (!by.receipt) return 0;
    return rejudge_case(w->tx, w->s, w->o.manifest->case_name, &by, REJUDGE_NOT_GOOD);
}

static int take_all(struct receiving *w)
{
    const char *case_name = w->o.manifest->case_name;
    bool is_register = strcmp(case_name, REGISTER_CASE) == 0;
    int rc = take_receipt(w);
    if (rc == 0) rc = ruling_of_case(w->s, case_name, &w->arena, &w->by);
    w->by.vouched = w->from_hub && !w->o.unread; /* it might have said otherwise of some */
    if (rc == 0) rc = take_entries(w);
    if (rc == 0 && is_register) rc = settle_register(w->tx, w->s, &w->by);
    if (rc == 0) rc = check_followed(w);
    if (rc == 0 && is_register) rc = rejudge_cases(w->tx, w->s, REJUDGE_WAITING);
    if (rc == 0 && w->o.receipt) rc = apply_receipt(w->tx, w->s, w->o.receipt);
    if (rc == 0 && !is_register) rc = judge_again(w);
    if (rc == 0 && w->o.receipt) rc = compare_receipt(w);
    if (rc == 0) rc = settle_wants(w);
    if (rc == 0) rc = settle_sent(w);
    if (rc == 0) rc = take_peer(w);
    return rc ? rc : count_entries(w);
}

static int take_in(struct receiving *w)
{
    int rc = store_begin(&w->tx, w->s);
    if (rc) return rc;
    rc = take_all(w);
    if (rc == 0) return store_commit(w->tx);
    store_rollback(w->tx);
    return rc;
}

static int tell(struct receiving *w, struct taken *out)
{
    struct taken *t = &w->taken;
    const struct receipt *r = w->o.receipt;
    memcpy(t->bundle, w->o.manifest->id, SHA256_HEX);
    t->case_name = arena_strdup(w->out, w->o.manifest->case_name);
    t->problems = w->problems;
    t->alarms = w->alarms;
    t->receipt = r != NULL;
    if (r && r->bundle) t->receipt_bundle = arena_strdup(w->out, r->bundle);
    if (w->o.unread) t->unread = arena_strdup(w->out, w->o.unread);
    if (!t->case_name || (r && r->bundle && !t->receipt_bundle) || (w->o.unread && !t->unread)) return ERR_ROAD;
    *out = *t;
    return 0;
}

/* What store_pack has left in the store's own outbox, once it has arrived. */
static int remove_sent(struct receiving *w)
{
    const char *bundle = confirmed_bundle(w);
    if (!bundle) return 0;
    char *name = arena_printf(&w->arena, "%.*s" BUNDLE_SUFFIX, BUNDLE_NAME_DIGITS, bundle);
    const char *path = name ? store_path(w->s, &w->arena, "outbox", name) : NULL;
    return path ? os_remove(path) : ERR_ROAD;
}

static int receive(struct receiving *w, const char *path, struct progress *progress)
{
    int rc = store_refresh(w->s);
    if (rc == 0) rc = quarantine_new(&w->quarantine, w->s);
    if (rc == 0) rc = open_bundle(w, path, progress);
    if (rc == 0) rc = publish(w, progress);
    if (rc == 0) rc = take_in(w);
    return rc ? rc : remove_sent(w);
}

int store_receive(
    struct store *s, const char *path, struct arena *a, struct taken *out, struct progress *progress)
{
    struct receiving w = {.s = s, .out = a};
    arena_init(&w.arena);
    w.problems = jv_array(a);
    w.alarms = jv_array(a);
    int rc = w.problems && w.alarms ? receive(&w, path, progress) : ERR_ROAD;
    if (rc == 0) rc = tell(&w, out);
    opened_release(&w.o);
    quarantine_free(w.quarantine);
    arena_release(&w.arena);
    return rc;
}
