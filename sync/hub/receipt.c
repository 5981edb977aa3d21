/* Receipts: what the hub says that it holds, signed. One for a bundle speaks of the bundle's whole case, so
 * the last one always tells everything; what does not apply in the case is in each. The branch keeps them
 * whole; receipt_limit makes of one what a kit may learn. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "parts.h"
#include "satchel/base/text.h"
#include "satchel/base/time.h"

#define CLOCK_MAX 32 /* bytes of DIR/clock */

static int add_heads(struct receipt *r, struct fold *f, const char *case_name, struct arena *a)
{
    size_t len;
    const struct fold_chain *const *chains = fold_chains(f, case_name, &len);
    struct receipt_head *heads = arena_alloc(a, (r->heads_len + len + 1) * sizeof *heads);
    if (!heads) return ERR_ROAD;
    if (r->heads_len) memcpy(heads, r->heads, r->heads_len * sizeof *heads);
    r->heads = heads;
    for (size_t i = 0; i < len; i++)
        if (chains[i]->gapless > 0)
            heads[r->heads_len++] =
                (struct receipt_head){case_name, chains[i]->kit, chains[i]->gapless, chains[i]->head};
    return 0;
}

static size_t count_entries(const struct fold_chain *const *chains, size_t len)
{
    size_t n = 0;
    for (size_t i = 0; i < len; i++) n += chains[i]->entries_len;
    return n;
}

static void list_apart(struct receipt_list *l, const struct fold_chain *c, enum verdict v)
{
    for (size_t i = 0; i < c->entries_len; i++) {
        const struct held *h = c->entries[i];
        if (h->verdict != v) continue;
        l->items[l->len++] = (struct receipt_apart){.case_name = c->case_name,
            .kit = c->kit,
            .entry = h->entry->id,
            .reason = h->reason && *h->reason ? h->reason : N_("its reason is not known"),
            .seq = h->entry->seq};
    }
}

/* Makes room for `more` items behind those there are. */
static int make_room(struct receipt_list *l, size_t more, struct arena *a)
{
    struct receipt_apart *items = arena_alloc(a, (l->len + more + 1) * sizeof *items);
    if (!items) return ERR_ROAD;
    if (l->len) memcpy(items, l->items, l->len * sizeof *items);
    l->items = items;
    return 0;
}

/* Those of the case that do not apply; `more`: room to leave behind them. */
static int add_apart(struct receipt_list *l, struct fold *f, const char *case_name, enum verdict v,
    size_t more, struct arena *a)
{
    size_t len;
    const struct fold_chain *const *chains = fold_chains(f, case_name, &len);
    int rc = make_room(l, count_entries(chains, len) + more, a);
    for (size_t i = 0; i < len && rc == 0; i++) list_apart(l, chains[i], v);
    return rc;
}

/* Two lines of a bundle may be the same bad entry, and a good copy of it may be held. */
static bool is_listed(const struct receipt_list *l, const struct receipt_apart *q)
{
    for (size_t i = 0; i < l->len; i++)
        if (strcmp(l->items[i].entry, q->entry) == 0) return true;
    return false;
}

static int add_set_apart(
    struct receipt *r, struct fold *f, const char *case_name, const struct receipt_draft *d, struct arena *a)
{
    size_t rejected = d ? d->rejected_len : 0;
    int rc = add_apart(&r->quarantined, f, case_name, VERDICT_QUARANTINED, rejected, a);
    if (rc == 0) rc = add_apart(&r->waiting, f, case_name, VERDICT_WAITING, 0, a);
    for (size_t i = 0; rc == 0 && i < rejected; i++)
        if (!fold_entry(f, d->rejected[i].entry) && !is_listed(&r->quarantined, &d->rejected[i]))
            r->quarantined.items[r->quarantined.len++] = d->rejected[i];
    return rc;
}

/* Also what no record has named yet. */
static int add_evidence(struct receipt *r, struct hub *h, const struct hub_case *c, struct arena *a)
{
    struct claim *claims;
    size_t len, begun_len;
    const char *const *begun;
    int rc = layout_claims(c->fold, c->name, a, &claims, &len);
    if (rc == 0) rc = evidence_begun(h, c, a, &begun, &begun_len);
    if (rc) return rc;
    r->held = arena_alloc(a, (c->brought.len + 1) * sizeof *r->held);
    r->awaited = arena_alloc(a, (len + begun_len + 1) * sizeof *r->awaited);
    if (!r->held || !r->awaited) return ERR_ROAD;
    for (size_t i = 0; i < c->brought.cap; i++) {
        const char *sha256 = c->brought.slots[i].key;
        if (sha256 && evidence_held(h, c, sha256, NULL)) r->held[r->held_len++] = sha256;
    }
    for (size_t i = 0; i < len; i++)
        if (!evidence_held(h, c, claims[i].sha256, NULL)) r->awaited[r->awaited_len++] = claims[i].sha256;
    for (size_t i = 0; i < begun_len; i++)
        if (!evidence_held(h, c, begun[i], NULL)) r->awaited[r->awaited_len++] = begun[i];
    return 0;
}

/* ---- its time ---- */

static int read_clock(const char *path, int64_t *last)
{
    struct buf b;
    *last = 0;
    buf_init(&b, CLOCK_MAX);
    int rc = os_exists(path) ? file_read(path, &b) : 0;
    if (rc == 0) *last = strtoll(buf_str(&b), NULL, 10);
    buf_release(&b);
    return rc;
}

/* Never before an earlier receipt's, whatever became of the machine's clock: kits go by the newest. A clock that was set back
 * is waited for, and meanwhile a second is a second. */
static int receipt_time(struct hub *h, struct arena *a, char out[TIME_TEXT])
{
    char text[CLOCK_MAX];
    int64_t last, now = time_now();
    const char *path = hub_file(a, h, "clock");
    int rc = path ? read_clock(path, &last) : ERR_ROAD;
    if (rc) return rc;
    int64_t at = now >= last ? now : last + (now != h->told_when || last != h->told_at);
    time_write_now(out);
    if (at != now) time_write(out, at, 0);
    h->told_at = at;
    h->told_when = now;
    snprintf(text, sizeof text, "%lld\n", (long long)at);
    return at == last ? 0 : file_write(path, text, strlen(text));
}

/* The bytes, their signature, and the parsed form. */
static int sign_receipt(struct hub *h, struct receipt *r, struct arena *a, struct buf *bytes, struct buf *sig)
{
    unsigned char raw[SIGNATURE_SIZE];
    char at[TIME_TEXT], root[KIT_ID_SIZE];
    int rc = receipt_time(h, a, at);
    if (rc) return rc;
    kit_id_of(root, h->root);
    r->at = arena_strdup(a, at);
    r->root = arena_strdup(a, root);
    r->hub = h->kit;
    if (!r->at || !r->root) return ERR_ROAD;
    rc = receipt_write(bytes, a, r);
    if (rc == 0) rc = sshsig_sign(raw, &h->signer, NAMESPACE_RECEIPT, bytes->data, bytes->len);
    if (rc) return rc;
    sshsig_armor(sig, raw, h->signer.public_key, NAMESPACE_RECEIPT);
    return buf_error(sig);
}

int receipt_make(struct hub *h, const struct receipt_draft *d, struct arena *a, struct buf *bytes,
    struct buf *sig, struct receipt **out)
{
    struct receipt r = {
        .bundle = d->bundle, .case_name = d->c->name, .accepted = d->accepted, .known = d->known};
    struct arena scratch;
    arena_init(&scratch);
    int rc = add_heads(&r, d->c->fold, d->c->name, &scratch);
    if (rc == 0) rc = add_set_apart(&r, d->c->fold, d->c->name, d, &scratch);
    if (rc == 0) rc = add_evidence(&r, h, d->c, &scratch);
    if (rc == 0) rc = sign_receipt(h, &r, &scratch, bytes, sig);
    arena_release(&scratch);
    return rc ? rc : receipt_parse(out, a, bytes->data, bytes->len);
}

int receipt_find(struct hub *h, struct hub_case *c, const char *bundle, struct arena *a, struct buf *bytes,
    struct receipt **out)
{
    char path[LAYOUT_PATH_SIZE];
    struct oid id;
    layout_receipt_path(path, bundle, false);
    int rc = tree_find(c->tree, path, &id);
    if (rc == 0) rc = repo_read(h->repo, bytes, &id, OBJECT_BLOB);
    return rc ? rc : receipt_parse(out, a, bytes->data, bytes->len);
}

int receipt_last_bundle(struct hub *h, struct hub_case *c, struct arena *a, const char **out)
{
    struct buf bytes;
    struct commit_view view;
    buf_init(&bytes, COMMIT_MAX_BYTES);
    int rc = repo_read(h->repo, &bytes, &c->tip, OBJECT_COMMIT);
    if (rc == 0) rc = commit_read(&view, a, bytes.data, bytes.len);
    if (rc == 0) *out = commit_trailer(&view, a, "Bundle");
    buf_release(&bytes);
    return rc;
}

int receipt_now(struct hub *h, struct hub_case *c, const char *bundle, struct arena *a, struct buf *bytes,
    struct receipt **out)
{
    struct receipt_draft d = {.c = c, .bundle = bundle};
    struct buf sig;
    int rc = bundle ? 0 : receipt_last_bundle(h, c, a, &d.bundle);
    if (rc == 0 && (!d.bundle || !is_sha256_hex(d.bundle)))
        rc = err_set(ERR_DAMAGED, "a commit is not of the form that a hub writes");
    if (rc) return rc;
    buf_init(&sig, RECEIPT_SIG_MAX);
    rc = receipt_make(h, &d, a, bytes, &sig, out);
    buf_release(&sig);
    return rc;
}

int receipt_refuse(struct hub *h, const char *case_name, const char *bundle, const char *clash,
    struct arena *a, struct buf *bytes)
{
    struct receipt r = {.bundle = bundle, .case_name = case_name, .clash = clash};
    struct buf sig;
    buf_init(&sig, RECEIPT_SIG_MAX);
    int rc = sign_receipt(h, &r, a, bytes, &sig);
    buf_release(&sig);
    return rc;
}

/* ---- for one kit ---- */

struct limit {
    struct hub_case *c;
    const char *kit;
    bool sees;      /* its person may see the case */
    struct map own; /* evidence that its records name */
};

static bool is_own(const struct limit *l, const char *kit)
{
    return strcmp(l->kit, kit) == 0;
}

/* What has come to apply since is no longer withheld; what is not even held (a bad signature) is nobody
 * else's. */
static bool is_withheld(const struct limit *l, const struct receipt_apart *q)
{
    const struct held *h = fold_entry(l->c->fold, q->entry);
    return l->sees && h && h->verdict != VERDICT_GOOD;
}

static void limit_list(const struct limit *l, struct receipt_list *list, struct receipt_list *withheld)
{
    size_t n = 0;
    for (size_t i = 0; i < list->len; i++) {
        struct receipt_apart q = list->items[i];
        if (is_own(l, q.kit)) {
            list->items[n++] = q;
        } else if (is_withheld(l, &q)) {
            q.reason = NULL;
            withheld->items[withheld->len++] = q;
        }
    }
    list->len = n;
}

static void limit_hashes(const struct limit *l, const char **hashes, size_t *len)
{
    size_t n = 0;
    for (size_t i = 0; i < *len; i++)
        if (map_get(&l->own, hashes[i])) hashes[n++] = hashes[i];
    *len = n;
}

static void limit_to_own(const struct limit *l, struct receipt *r)
{
    size_t n = 0;
    for (size_t i = 0; i < r->heads_len; i++)
        if (is_own(l, r->heads[i].kit)) r->heads[n++] = r->heads[i];
    r->heads_len = n;
    limit_hashes(l, r->held, &r->held_len);
    limit_hashes(l, r->awaited, &r->awaited_len);
}

static int find_own(struct limit *l, struct arena *a)
{
    struct claim *claims;
    struct record_id id;
    size_t len;
    int rc = layout_claims(l->c->fold, l->c->name, a, &claims, &len);
    for (size_t i = 0; i < len && rc == 0; i++)
        if (record_id_read(&id, claims[i].record) && is_own(l, id.kit))
            rc = map_put(&l->own, claims[i].sha256, l);
    return rc;
}

int receipt_limit(
    struct hub_case *c, const char *kit, bool sees, struct receipt *r, struct arena *a, struct buf *bytes)
{
    struct limit l = {.c = c, .kit = kit, .sees = sees};
    map_init(&l.own);
    int rc = find_own(&l, a);
    if (rc == 0) rc = make_room(&r->withheld, r->quarantined.len + r->waiting.len, a);
    if (rc) goto out;
    limit_list(&l, &r->quarantined, &r->withheld);
    limit_list(&l, &r->waiting, &r->withheld);
    if (!sees) limit_to_own(&l, r);
    buf_clear(bytes);
    rc = receipt_write(bytes, a, r);
out:
    map_release(&l.own);
    return rc;
}

/* Both sorted. */
static bool names_all(const struct receipt *r, const struct receipt *before)
{
    size_t n = 0;
    for (size_t i = 0; i < r->held_len && n < before->held_len; i++) n += strcmp(r->held[i], before->held[n]) == 0;
    return n == before->held_len;
}

/* What was handed out is not remembered: the one that the kit keeps names at least the evidence of the branch's receipt for
 * the same bundle, unless the kit did not see the case then, and so names less. What it names beyond that is named again. */
int receipt_abridge(struct hub *h, struct hub_case *c, const struct have_receipt *kept, const struct receipt *r,
    struct arena *a, struct buf *brief)
{
    struct buf bytes;
    struct receipt *before;
    if (!kept->id) return 0;
    buf_init(&bytes, RECEIPT_MAX_BYTES);
    int rc = receipt_find(h, c, kept->bundle, a, &bytes, &before);
    bool there = rc == 0 && kept->held >= (int64_t)before->held_len;
    if (there && before->held_len > 1 && names_all(r, before))
        rc = receipt_brief_write(brief, a, r, kept->id, before->held, before->held_len);
    buf_release(&bytes);
    return rc == ERR_MISSING ? 0 : rc;
}

/* Cases come and go in memory, so the checkpoint keeps copies. */
static int copy_heads(struct receipt *r, size_t from, const char *case_name, struct arena *a)
{
    for (; from < r->heads_len; from++) {
        struct receipt_head *h = &r->heads[from];
        h->case_name = case_name;
        h->kit = arena_strdup(a, h->kit);
        h->entry = arena_strdup(a, h->entry);
        if (!h->kit || !h->entry) return ERR_ROAD;
    }
    return 0;
}

static int copy_list(struct receipt_list *l, size_t from, const char *case_name, struct arena *a)
{
    for (; from < l->len; from++) {
        struct receipt_apart *q = &l->items[from];
        q->case_name = case_name;
        q->kit = arena_strdup(a, q->kit);
        q->entry = arena_strdup(a, q->entry);
        q->reason = arena_strdup(a, q->reason);
        if (!q->kit || !q->entry || !q->reason) return ERR_ROAD;
    }
    return 0;
}

static int checkpoint_case(struct receipt *r, struct hub_case *c, struct arena *a)
{
    size_t heads = r->heads_len, quarantined = r->quarantined.len, waiting = r->waiting.len;
    const char *name = arena_strdup(a, c->name);
    int rc = name ? add_heads(r, c->fold, c->name, a) : ERR_ROAD;
    if (rc == 0) rc = add_set_apart(r, c->fold, c->name, NULL, a);
    if (rc == 0) rc = copy_heads(r, heads, name, a);
    if (rc == 0) rc = copy_list(&r->quarantined, quarantined, name, a);
    return rc ? rc : copy_list(&r->waiting, waiting, name, a);
}

int hub_checkpoint(struct hub *h, struct buf *bytes, struct buf *sig)
{
    struct receipt r = {0};
    struct arena a;
    size_t len;
    int rc = 0;
    arena_init(&a);
    const char *const *cases = hub_cases(h, &len);
    if (!cases) rc = ERR_ROAD;
    for (size_t i = 0; i < len && rc == 0; i++) {
        struct hub_case *c;
        rc = case_open(h, cases[i], &c);
        if (rc == 0) rc = checkpoint_case(&r, c, &a);
    }
    if (rc == 0) rc = sign_receipt(h, &r, &a, bytes, sig);
    arena_release(&a);
    return rc;
}
