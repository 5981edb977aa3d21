/* Receipts: what the hub says that it holds, signed. One for a bundle speaks of the bundle's whole case, so
 * the last one always tells everything; what is quarantined in the case is in each. */
#include <string.h>
#include "parts.h"
#include "satchel/base/text.h"
#include "satchel/base/time.h"

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

static size_t count_quarantined(const struct fold_chain *c)
{
    size_t n = 0;
    for (size_t i = 0; i < c->entries_len; i++) n += c->entries[i]->verdict == VERDICT_QUARANTINED;
    return n;
}

static void list_quarantined(struct receipt *r, const struct fold_chain *c)
{
    for (size_t i = 0; i < c->entries_len; i++) {
        const struct held *h = c->entries[i];
        if (h->verdict != VERDICT_QUARANTINED) continue;
        r->quarantined[r->quarantined_len++] = (struct receipt_quarantine){.case_name = c->case_name,
            .kit = c->kit,
            .entry = h->entry->id,
            .reason = h->reason ? h->reason : N_("its reason is not known"),
            .seq = h->entry->seq};
    }
}

/* Two lines of a bundle may be the same bad entry, and a good copy of it may be held. */
static bool is_listed(const struct receipt *r, const struct receipt_quarantine *q)
{
    for (size_t i = 0; i < r->quarantined_len; i++)
        if (strcmp(r->quarantined[i].entry, q->entry) == 0) return true;
    return false;
}

static int add_quarantined(
    struct receipt *r, struct fold *f, const char *case_name, const struct receipt_draft *d, struct arena *a)
{
    size_t len, n = r->quarantined_len + (d ? d->rejected_len : 0);
    const struct fold_chain *const *chains = fold_chains(f, case_name, &len);
    for (size_t i = 0; i < len; i++) n += count_quarantined(chains[i]);
    struct receipt_quarantine *list = arena_alloc(a, (n + 1) * sizeof *list);
    if (!list) return ERR_ROAD;
    if (r->quarantined_len) memcpy(list, r->quarantined, r->quarantined_len * sizeof *list);
    r->quarantined = list;
    for (size_t i = 0; i < len; i++) list_quarantined(r, chains[i]);
    for (size_t i = 0; d && i < d->rejected_len; i++)
        if (!fold_entry(f, d->rejected[i].entry) && !is_listed(r, &d->rejected[i]))
            list[r->quarantined_len++] = d->rejected[i];
    return 0;
}

static int add_evidence(struct receipt *r, struct hub *h, const struct hub_case *c, struct arena *a)
{
    struct claim *claims;
    size_t len;
    int rc = layout_claims(c->fold, c->name, a, &claims, &len);
    if (rc) return rc;
    r->held = arena_alloc(a, (len + 1) * sizeof *r->held);
    r->awaited = arena_alloc(a, (len + 1) * sizeof *r->awaited);
    if (!r->held || !r->awaited) return ERR_ROAD;
    for (size_t i = 0; i < len; i++) {
        if (evidence_held(h, c, claims[i].sha256, NULL))
            r->held[r->held_len++] = claims[i].sha256;
        else
            r->awaited[r->awaited_len++] = claims[i].sha256;
    }
    return 0;
}

/* The bytes, their signature, and the parsed form. */
static int sign_receipt(struct hub *h, struct receipt *r, struct arena *a, struct buf *bytes, struct buf *sig)
{
    unsigned char raw[SIGNATURE_SIZE];
    char at[TIME_TEXT], root[KIT_ID_SIZE];
    time_write_now(at);
    kit_id_of(root, h->root);
    r->at = arena_strdup(a, at);
    r->root = arena_strdup(a, root);
    r->hub = h->kit;
    if (!r->at || !r->root) return ERR_ROAD;
    int rc = receipt_write(bytes, a, r);
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
    int rc = add_heads(&r, d->c->fold, d->c->name, a);
    if (rc == 0) rc = add_quarantined(&r, d->c->fold, d->c->name, d, a);
    if (rc == 0) rc = add_evidence(&r, h, d->c, a);
    if (rc == 0) rc = sign_receipt(h, &r, a, bytes, sig);
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

/* The bundle that the branch's tip is about. */
static int last_bundle(struct hub *h, struct hub_case *c, struct arena *a, const char **out)
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

int receipt_now(struct hub *h, struct hub_case *c, const char *bundle, struct arena *a, struct buf *bytes)
{
    struct receipt_draft d = {.c = c, .bundle = bundle};
    struct receipt *receipt;
    struct buf sig;
    int rc = bundle ? 0 : last_bundle(h, c, a, &d.bundle);
    if (rc == 0 && (!d.bundle || !is_sha256_hex(d.bundle)))
        rc = err_set(ERR_DAMAGED, "a commit is not of the form that a hub writes");
    if (rc) return rc;
    buf_init(&sig, RECEIPT_SIG_MAX);
    rc = receipt_make(h, &d, a, bytes, &sig, &receipt);
    buf_release(&sig);
    return rc;
}

/* Cases come and go in memory, so the checkpoint keeps copies. */
static int copy_strings(
    struct receipt *r, size_t heads, size_t quarantined, const char *case_name, struct arena *a)
{
    for (; heads < r->heads_len; heads++) {
        struct receipt_head *h = &r->heads[heads];
        h->case_name = case_name;
        h->kit = arena_strdup(a, h->kit);
        h->entry = arena_strdup(a, h->entry);
        if (!h->kit || !h->entry) return ERR_ROAD;
    }
    for (; quarantined < r->quarantined_len; quarantined++) {
        struct receipt_quarantine *q = &r->quarantined[quarantined];
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
    size_t heads = r->heads_len, quarantined = r->quarantined_len;
    const char *name = arena_strdup(a, c->name);
    int rc = name ? add_heads(r, c->fold, c->name, a) : ERR_ROAD;
    if (rc == 0) rc = add_quarantined(r, c->fold, c->name, NULL, a);
    return rc ? rc : copy_strings(r, heads, quarantined, name, a);
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
