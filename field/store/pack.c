/* What is due to a receiver, case by case, and cutting it into bundles. */
#include "exchange.h"

#include <stdlib.h>
#include <string.h>

#include "satchel/base/time.h"
#include "satchel/format/age.h"

#define WANT_MAX 10000 /* of one bundle; what is over it is asked for with a later one */

/* ---- settings of the exchange ---- */

char *setting_name(struct arena *a, const char *head, const char *kit, const char *case_name)
{
    return arena_printf(a, "%s.%s.%s", head, kit, case_name);
}

int setting_json(struct store *s, const char *name, struct arena *a, const struct jv **out)
{
    struct buf b;
    const struct jv *v = NULL;
    buf_init(&b, BUF_UNLIMITED);
    int rc = store_setting(s, name, &b);
    if (rc == 0) rc = json_parse(&v, a, b.data, b.len, ENTRY_MAX_DEPTH, JSON_STRICT);
    if (rc == ERR_MISSING) {
        err_clear();
        rc = 0;
    }
    buf_release(&b);
    if (rc == 0) *out = v;
    return rc == ERR_INPUT ? err_within(ERR_DAMAGED, "setting '%s'", name) : rc;
}

int tx_set_json(struct store_tx *tx, const char *name, const struct jv *v)
{
    struct buf b;
    buf_init(&b, BUF_UNLIMITED);
    json_write(&b, v);
    int rc = buf_error(&b);
    if (rc == 0) rc = store_tx_set(tx, name, buf_str(&b));
    buf_release(&b);
    return rc;
}

const struct jv *have_json(struct arena *a, const struct have *have, size_t len)
{
    struct jv *v = jv_object(a);
    for (size_t i = 0; i < len; i++)
        if (jv_put_int(a, v, have[i].kit, have[i].seq)) return NULL;
    return v;
}

static int have_read(const struct jv *v, struct arena *a, const struct have **out, size_t *len)
{
    size_t n = v && v->type == JV_OBJECT ? v->len : 0;
    struct have *have = arena_alloc(a, (n + 1) * sizeof *have);
    if (!have) return ERR_ROAD;
    for (size_t i = 0; i < n; i++) have[i] = (struct have){v->keys[i], jv_get_int(v, v->keys[i], 0)};
    *out = have;
    *len = n;
    return 0;
}

/* ---- the receiver ---- */

static int find_receiver(struct packing *p, const char *to)
{
    struct store *s = p->s;
    const struct hub_identity *hub = store_hub(s);
    const struct registry *registry;
    if (!to && !hub)
        return err_set(
            ERR_INPUT, "this kit has joined no hub: 'satchel join FILE' first, or name a receiver with --to");
    if (!to || (hub && strcmp(to, hub->kit) == 0)) {
        p->to = hub->kit;
        p->to_hub = true;
        memcpy(p->recipient, hub->recipient, KEY_SIZE);
        return 0;
    }
    if (strcmp(to, s->kit) == 0) {
        p->to = s->kit;
        p->everything = true;
        memcpy(p->recipient, s->recipient, KEY_SIZE);
        return 0;
    }
    int rc = store_registry_get(s, &registry);
    if (rc) return rc;
    const struct registry_kit *kit = registry_kit(registry, to);
    if (!kit) return err_set(ERR_INPUT, "the register has no kit '%s'; take in a newer register first", to);
    p->to = arena_strdup(&p->arena, kit->kit);
    memcpy(p->recipient, kit->recipient, KEY_SIZE);
    return p->to ? 0 : ERR_ROAD;
}

int packing_init(struct packing *p, struct store *s, const char *to)
{
    memset(p, 0, sizeof *p);
    p->s = s;
    arena_init(&p->arena);
    int rc = store_refresh(s);
    if (rc == 0) rc = find_receiver(p, to);
    if (rc) packing_release(p);
    return rc;
}

void packing_release(struct packing *p)
{
    arena_release(&p->arena);
}

/* Everybody sees what he holds himself; the hub is handed all of it. Between colleagues, what this kit may see no more
 * stays here, too. */
static int may_see(struct packing *p, const char *case_name, bool *yes)
{
    const struct registry *r;
    char now[TIME_TEXT];
    *yes = true;
    if (p->to_hub || strcmp(p->to, p->s->kit) == 0) return 0;
    time_write_now(now);
    int rc = store_registry_get(p->s, &r);
    if (rc == 0) *yes = registry_may_see(r, p->s->fold, p->to, case_name, NULL, now);
    if (rc == 0 && p->to_peer) *yes = *yes && registry_may_see(r, p->s->fold, p->s->kit, case_name, NULL, now);
    return rc;
}

/* Nothing of it is here, though the hub speaks of it to this kit: then this store is a copy from before the case. */
static bool is_gone(const struct packing *p, const char *case_name)
{
    size_t len;
    fold_chains(p->s->fold, case_name, &len);
    return p->to_hub && len == 0 && strcmp(case_name, REGISTER_CASE) != 0;
}

static void add_gone(struct packing *p, const char **list, size_t *n, const char *const *told, size_t len, size_t head)
{
    for (size_t i = 0; i < len; i++)
        if (is_gone(p, told[i] + head)) list[(*n)++] = told[i] + head;
}

static int add_visible(struct packing *p, const char **list, size_t *n, const char *const *names, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        bool visible;
        if (strcmp(names[i], REGISTER_CASE) == 0) continue;
        int rc = may_see(p, names[i], &visible);
        if (rc) return rc;
        if (visible) list[(*n)++] = names[i];
    }
    return 0;
}

int packing_cases(struct packing *p, const char *const **out, size_t *len)
{
    size_t all, told_len = 0, n = 1;
    const char *const *names = fold_cases(p->s->fold, &all), *const *told = NULL;
    const char *head = arena_printf(&p->arena, "peer.%s.", p->to); /* it has sent a bundle of the case */
    int rc = !head ? ERR_ROAD : p->to_hub ? store_settings(p->s, head, &p->arena, &told, &told_len) : 0;
    const char **list = rc ? NULL : arena_alloc(&p->arena, (all + told_len + 1) * sizeof *list);
    if (!list) return rc ? rc : ERR_ROAD;
    list[0] = REGISTER_CASE;
    rc = add_visible(p, list, &n, names, all);
    if (rc) return rc;
    add_gone(p, list, &n, told, told_len, strlen(head));
    *out = list;
    *len = n;
    return 0;
}

/* ---- what it holds already ---- */

/* A head that names another entry than ours is of a fork: then the receiver is sent the whole chain. */
static bool is_forked_off(struct packing *p, const struct receipt *r, const struct receipt_head *h)
{
    const struct fold_chain *c = fold_chain(p->s->fold, h->case_name, h->kit);
    for (size_t i = 0; i < r->withheld.len; i++)
        if (strcmp(r->withheld.items[i].entry, h->entry) == 0) return false;
    bool own =
        strcmp(h->kit, p->s->kit) == 0; /* nobody else continues it: then this store is an older copy */
    return c && (own || c->highest >= h->seq) && !fold_entry(p->s->fold, h->entry);
}

static int put_head(struct packing *p, struct jv *held, const struct receipt *r, const struct receipt_head *h)
{
    bool forked = is_forked_off(p, r, h);
    if (!forked && jv_get_int(held, h->kit, 0) >= h->seq) return 0;
    return jv_put_int(&p->arena, held, h->kit, forked ? 0 : h->seq);
}

/* What it said in the bundle that was taken in last, and in its newest receipt: bundles may come out of
 * order. */
static int find_held(struct packing *p, const char *case_name, const struct receipt *r, struct jv *held)
{
    const struct jv *said = NULL;
    char *name = setting_name(&p->arena, "peer", p->to, case_name);
    int rc = name ? setting_json(p->s, name, &p->arena, &said) : ERR_ROAD;
    for (size_t i = 0; rc == 0 && said && i < said->len; i++)
        rc = jv_put(&p->arena, held, said->keys[i], said->items[i]);
    for (size_t i = 0; rc == 0 && r && i < r->heads_len; i++)
        if (strcmp(r->heads[i].case_name, case_name) == 0) rc = put_head(p, held, r, &r->heads[i]);
    return rc;
}

/* Could the last answer not be read? Then the hub is told so, until one can: it may say that this store is an older copy. */
static int find_unread(struct packing *p, const char *case_name, struct bundle_order *o)
{
    struct buf b;
    char *name = arena_printf(&p->arena, "whole.%s", case_name);
    buf_init(&b, BUF_UNLIMITED);
    int rc = !name ? ERR_ROAD : p->to_hub ? setting_get(p->s, name, &b, &o->tell_have) : 0;
    buf_release(&b);
    return rc;
}

/* Which receipt the answer may build on. Of one that names no evidence there is nothing to leave out. */
static void name_receipt(const struct receipt *r, struct bundle_order *o)
{
    if (r->bundle && r->held_len) o->have_receipt = (struct have_receipt){r->id, r->bundle, (int64_t)r->held_len};
}

static int find_beyond(struct packing *p, const char *case_name, struct bundle_order *o)
{
    struct ruling by = {0};
    struct jv *held = jv_object(&p->arena);
    if (p->everything) return 0;
    int rc = held ? find_unread(p, case_name, o) : ERR_ROAD;
    if (rc == 0 && p->to_hub) rc = ruling_of_case(p->s, case_name, &p->arena, &by);
    if (!receipts_in_step(p->s, case_name)) by.receipt = NULL; /* then its last bundle knows better */
    if (rc == 0 && by.receipt && !o->tell_have) name_receipt(by.receipt, o);
    if (rc == 0) rc = find_held(p, case_name, by.receipt, held);
    return rc ? rc : have_read(held, &p->arena, &o->beyond, &o->beyond_len);
}

/* ---- evidence ---- */

struct named { /* evidence that an entry of the case names */
    const char *sha256;
    const struct jv *pieces; /* as the entry has them; NULL: not at all */
    bool beyond;             /* an entry that the receiver lacks names it */
    bool attached;           /* by this kit, in this case */
};

struct gathering {
    struct packing *p;
    struct bundle_order *o;
    struct map seen;   /* struct named by sha256 */
    struct map wanted; /* by the receiver */
    const struct jv *freed; /* between colleagues; may be NULL */
    struct evidence *evidence;
    const char **want;
};

static bool is_beyond(const struct bundle_order *o, const struct entry *e)
{
    for (size_t i = 0; i < o->beyond_len; i++)
        if (strcmp(o->beyond[i].kit, e->kit) == 0) return e->seq > o->beyond[i].seq;
    return true;
}

static int note_entry(struct gathering *g, const struct entry *e)
{
    const struct entry_field *sha256 = entry_field(e, "sha256"), *pieces = entry_field(e, "pieces");
    const char *hash = sha256 ? jv_str(sha256->value) : NULL;
    if (!hash || !is_sha256_hex(hash) || strncmp(e->record, "evidence/", strlen("evidence/")) != 0) return 0;
    struct named *n = map_get(&g->seen, hash);
    if (!n) {
        n = arena_alloc(&g->p->arena, sizeof *n);
        if (!n) return ERR_ROAD;
        n->sha256 = hash;
        int rc = map_put(&g->seen, hash, n);
        if (rc) return rc;
    }
    if (pieces && !n->pieces) n->pieces = pieces->value;
    if (is_beyond(g->o, e)) n->beyond = true;
    if (e->creates && strcmp(e->kit, g->p->s->kit) == 0) n->attached = true;
    return 0;
}

static int note_case(struct gathering *g)
{
    size_t len;
    int rc = 0;
    const struct fold_chain *const *chains = fold_chains(g->p->s->fold, g->o->case_name, &len);
    for (size_t i = 0; i < len; i++)
        for (size_t k = 0; rc == 0 && k < chains[i]->entries_len; k++)
            rc = note_entry(g, chains[i]->entries[k]->entry);
    return rc;
}

static int note_wanted(struct gathering *g)
{
    struct packing *p = g->p;
    const struct jv *list = NULL;
    char *name = setting_name(&p->arena, "wanted", p->to, g->o->case_name);
    int rc = name ? setting_json(p->s, name, &p->arena, &list) : ERR_ROAD;
    for (size_t i = 0; rc == 0 && list && list->type == JV_ARRAY && i < list->len; i++)
        if (jv_str(list->items[i])) rc = map_put(&g->wanted, jv_str(list->items[i]), g);
    return rc;
}

/* The hub is sent what no receipt names; a kit what comes with the entries, and what it asked for. */
static bool is_due(const struct gathering *g, const struct named *n, const struct evidence_state *state)
{
    if (g->p->everything || map_get(&g->wanted, n->sha256)) return true;
    return g->p->to_hub ? !state->at_hub : n->beyond;
}

static bool pieces_fit(const struct jv *v, size_t len)
{
    if (!v || v->type != JV_ARRAY || v->len != len) return false;
    for (size_t i = 0; i < len; i++)
        if (!jv_str(v->items[i]) || !is_sha256_hex(jv_str(v->items[i]))) return false;
    return true;
}

static int hash_piece(
    struct source *from, struct digest *d, unsigned char *chunk, size_t cap, char hex[SHA256_HEX])
{
    unsigned char hash[SHA256_SIZE];
    for (uint64_t left = PIECE_SIZE, n = 1; left > 0 && n > 0; left -= n) {
        size_t got = 0;
        int rc = source_read(from, chunk, left < cap ? (size_t)left : cap, &got);
        if (rc) return rc;
        digest_add(d, chunk, got);
        n = got;
    }
    digest_end(d, hash);
    hex_write(hex, hash, sizeof hash);
    return 0;
}

/* For evidence whose entry does not carry them: one more pass over the bytes. */
static int hash_pieces(struct packing *p, const char *sha256, const char **pieces, size_t len)
{
    enum { CHUNK = 128 << 10 };
    struct source *from = NULL;
    struct digest *d = NULL;
    unsigned char *chunk = arena_alloc(&p->arena, CHUNK);
    int rc = chunk ? store_evidence_open(p->s, sha256, 0, &from) : ERR_ROAD;
    if (rc == 0) rc = digest_sha256(&d);
    for (size_t i = 0; rc == 0 && i < len; i++) {
        char *hex = arena_alloc(&p->arena, SHA256_HEX);
        rc = hex ? hash_piece(from, d, chunk, CHUNK, hex) : ERR_ROAD;
        pieces[i] = hex;
    }
    digest_free(d);
    source_close(from);
    return rc;
}

static int find_pieces(struct packing *p, const struct named *n, struct evidence *e)
{
    size_t len = (size_t)((e->size + PIECE_SIZE - 1) / PIECE_SIZE);
    if (len < 2) return 0;
    const char **pieces = arena_alloc(&p->arena, len * sizeof *pieces);
    if (!pieces) return ERR_ROAD;
    e->pieces = pieces;
    e->pieces_len = len;
    if (!pieces_fit(n->pieces, len)) return hash_pieces(p, n->sha256, pieces, len);
    for (size_t i = 0; i < len; i++) pieces[i] = jv_str(n->pieces->items[i]);
    return 0;
}

static int add_evidence(struct gathering *g, const struct named *n)
{
    struct packing *p = g->p;
    struct evidence *e = &g->evidence[g->o->evidence_len];
    const char *path = blob_path(p->s, &p->arena, n->sha256);
    e->sha256 = n->sha256;
    int rc = path ? age_plain_size(&e->size, path) : ERR_ROAD;
    if (rc == 0) rc = find_pieces(p, n, e);
    if (rc == 0) g->o->evidence_len++;
    return rc;
}

/* Evidence that is not here, where a person asked for it; of a colleague all, but what was freed. */
static int add_want(struct gathering *g, const struct named *n)
{
    const struct jv *asked = NULL;
    if (g->o->want_len >= WANT_MAX) return 0;
    if (g->p->to_peer && !(g->freed && jv_get_bool(g->freed, n->sha256))) {
        g->want[g->o->want_len++] = n->sha256;
        return 0;
    }
    char *name = arena_printf(&g->p->arena, "want.%s", n->sha256);
    int rc = name ? setting_json(g->p->s, name, &g->p->arena, &asked) : ERR_ROAD;
    if (rc == 0 && asked) g->want[g->o->want_len++] = n->sha256;
    return rc;
}

static int weigh(struct gathering *g, const struct named *n)
{
    struct evidence_state state;
    const char *case_name = g->o->case_name;
    bool ours = n->attached;
    int rc = store_evidence_state(g->p->s, case_name, n->sha256, &state);
    if (rc) return rc;
    if (!state.here) return strcmp(g->p->to, g->p->s->kit) == 0 ? 0 : add_want(g, n);
    if (!is_due(g, n, &state)) return 0;
    if (!ours) rc = evidence_of_case(g->p->s, case_name, n->sha256, &ours);
    return rc == 0 && ours ? add_evidence(g, n) : rc;
}

static int compare_strings(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int compare_evidence(const void *a, const void *b)
{
    return strcmp(((const struct evidence *)a)->sha256, ((const struct evidence *)b)->sha256);
}

static int find_freed(struct gathering *g)
{
    char *name = arena_printf(&g->p->arena, "freed.%s", g->o->case_name);
    return name ? setting_json(g->p->s, name, &g->p->arena, &g->freed) : ERR_ROAD;
}

static int gather(struct gathering *g)
{
    int rc = note_case(g);
    if (rc == 0) rc = note_wanted(g);
    if (rc == 0 && g->p->to_peer) rc = find_freed(g);
    if (rc) return rc;
    g->evidence = arena_alloc(&g->p->arena, (g->seen.len + 1) * sizeof *g->evidence);
    g->want = arena_alloc(&g->p->arena, (g->seen.len + 1) * sizeof *g->want);
    if (!g->evidence || !g->want) return ERR_ROAD;
    g->o->evidence = g->evidence;
    g->o->want = g->want;
    for (size_t i = 0; rc == 0 && i < g->seen.cap; i++)
        if (g->seen.slots[i].key) rc = weigh(g, g->seen.slots[i].value);
    qsort(g->evidence, g->o->evidence_len, sizeof *g->evidence, compare_evidence);
    qsort(g->want, g->o->want_len, sizeof *g->want, compare_strings);
    return rc;
}

static int find_evidence(struct packing *p, struct bundle_order *o)
{
    struct gathering g = {.p = p, .o = o};
    map_init(&g.seen);
    map_init(&g.wanted);
    int rc = gather(&g);
    map_release(&g.seen);
    map_release(&g.wanted);
    return rc;
}

/* ---- the order ---- */

static int open_evidence(void *ctx, const char *sha256, uint64_t offset, struct source **out)
{
    return store_evidence_open(ctx, sha256, offset, out);
}

/* What every bundle tells of this kit: what it holds, and what it asks for. */
static int telling(struct packing *p, const struct bundle_order *o, const struct jv **out)
{
    const struct have *have;
    size_t len;
    struct jv *v = jv_object(&p->arena), *want = jv_array(&p->arena);
    int rc = fold_have(p->s->fold, o->case_name, &p->arena, &have, &len);
    if (rc == 0) rc = jv_put(&p->arena, v, "have", have_json(&p->arena, have, len));
    for (size_t i = 0; rc == 0 && i < o->want_len; i++)
        rc = jv_push(&p->arena, want, jv_string(&p->arena, o->want[i]));
    if (rc == 0) rc = jv_put(&p->arena, v, "want", want);
    if (rc == 0) *out = v;
    return rc;
}

/* Has it changed since we told the receiver? */
static int news_to_tell(struct packing *p, const struct bundle_order *o, bool *news)
{
    const struct jv *told = NULL, *now;
    char *name = setting_name(&p->arena, "told", p->to, o->case_name);
    int rc = name ? setting_json(p->s, name, &p->arena, &told) : ERR_ROAD;
    if (rc == 0) rc = telling(p, o, &now);
    if (rc == 0) *news = (is_gone(p, o->case_name) || jv_get(now, "have")->len > 0) && !(told && jv_equal(told, now));
    return rc;
}

int packing_order(struct packing *p, const char *case_name, struct bundle_order *out)
{
    bool visible;
    int rc = may_see(p, case_name, &visible);
    if (rc) return rc;
    if (!visible) return err_set(ERR_INPUT, "the person of kit '%s' may not see case '%s'", p->to, case_name);
    struct bundle_order o = {.fold = p->s->fold,
        .case_name = case_name,
        .from = p->s->kit,
        .signer = &p->s->signer,
        .to = p->to,
        .quarantined_too = true,
        .part_size = p->part_size,
        .entries_apart = p->entries_apart,
        .open_evidence = open_evidence,
        .ctx = p->s,
        .progress = p->progress};
    memcpy(o.recipient, p->recipient, KEY_SIZE);
    rc = find_beyond(p, case_name, &o);
    if (rc == 0 && !p->no_evidence) rc = find_evidence(p, &o);
    if (rc == 0 && p->tell && !o.tell_have) rc = news_to_tell(p, &o, &o.tell_have);
    if (rc == 0) *out = o;
    return rc;
}

/* ---- cutting ---- */

static int check_space(const struct bundle_order *o, const char *folder)
{
    uint64_t need = 0, space;
    for (size_t i = 0; i < o->evidence_len; i++) need += o->evidence[i].size - o->evidence[i].from;
    int rc = os_free_space(&space, folder);
    if (rc || need <= space) return rc;
    return err_set(ERR_ROAD,
        "'%s' has %llu MB of free space, case '%s' needs %llu MB: free some, or use a larger medium", folder,
        (unsigned long long)(space >> 20), o->case_name, (unsigned long long)(need >> 20) + 1);
}

static int copy_file(struct bundle_file *out, struct arena *a, const struct bundle_file *f)
{
    const char **evidence = arena_alloc(a, (f->evidence_len + 1) * sizeof *evidence);
    *out = *f;
    out->path = arena_strdup(a, f->path);
    out->evidence = evidence;
    if (!out->path || !evidence) return ERR_ROAD;
    for (size_t i = 0; i < f->evidence_len; i++) {
        evidence[i] = arena_strdup(a, f->evidence[i]);
        if (!evidence[i]) return ERR_ROAD;
    }
    return 0;
}

static int add_files(struct bundle_files *to, const struct bundle_files *from)
{
    struct bundle_file *files = arena_alloc(&to->arena, (to->len + from->len) * sizeof *files);
    int rc = files ? 0 : ERR_ROAD;
    if (rc == 0 && to->len) memcpy(files, to->files, to->len * sizeof *files);
    for (size_t i = 0; rc == 0 && i < from->len; i++)
        rc = copy_file(&files[to->len + i], &to->arena, &from->files[i]);
    if (rc) return rc;
    to->files = files;
    to->len += from->len;
    return 0;
}

static int remember_told(struct packing *p, const struct bundle_order *o)
{
    struct buf b;
    const struct jv *now;
    char *name = setting_name(&p->arena, "told", p->to, o->case_name);
    int rc = name ? telling(p, o, &now) : ERR_ROAD;
    if (rc) return rc;
    buf_init(&b, BUF_UNLIMITED);
    json_write(&b, now);
    rc = buf_error(&b);
    if (rc == 0) rc = store_set_setting(p->s, name, buf_str(&b));
    buf_release(&b);
    return rc;
}

int packing_cut(struct packing *p, const struct bundle_order *o, size_t *made)
{
    struct bundle_files files = {0};
    if (made) *made = p->out->len;
    int rc = check_space(o, p->folder);
    if (rc == 0) rc = bundle_cut(&files, o, p->folder);
    if (rc) return rc;
    if (files.len) {
        rc = add_files(p->out, &files);
        if (rc == 0 && strcmp(p->to, p->s->kit) != 0) rc = remember_told(p, o);
    }
    bundle_files_release(&files);
    return rc;
}

int packing_refused(struct packing *p, const char *case_name, const char **clash)
{
    struct buf b;
    bool there = false;
    char *name = arena_printf(&p->arena, "refused.%s", case_name);
    *clash = NULL;
    if (!p->to_hub) return 0;
    buf_init(&b, BUF_UNLIMITED);
    int rc = name ? setting_get(p->s, name, &b, &there) : ERR_ROAD;
    if (rc == 0 && there && !(*clash = arena_strdup(&p->arena, buf_str(&b)))) rc = ERR_ROAD;
    buf_release(&b);
    return rc;
}

static int pack_case(struct packing *p, const char *case_name)
{
    struct bundle_order o;
    int rc = packing_order(p, case_name, &o);
    return rc ? rc : packing_cut(p, &o, NULL);
}

static int pack_unless_refused(struct packing *p, const char *case_name)
{
    const char *clash;
    int rc = packing_refused(p, case_name, &clash);
    return rc || clash ? rc : pack_case(p, case_name);
}

static int pack_named(struct packing *p, const char *asked)
{
    const char *name = fold_case_named(p->s->fold, asked);
    if (!name) return err_set(ERR_MISSING, "there is no case '%s' here", asked);
    bool alone = strcmp(name, REGISTER_CASE) == 0 || strcmp(p->to, p->s->kit) == 0;
    int rc = alone ? 0 : pack_case(p, REGISTER_CASE);
    return rc ? rc : pack_case(p, name);
}

static int pack_all(struct packing *p)
{
    const char *const *cases;
    size_t len;
    int rc = packing_cases(p, &cases, &len);
    for (size_t i = 0; rc == 0 && i < len; i++) rc = pack_unless_refused(p, cases[i]);
    return rc;
}

int store_pack(struct store *s, const struct pack_request *r, struct bundle_files *out)
{
    struct packing p;
    struct bundle_files files = {0};
    int rc = packing_init(&p, s, r->to);
    if (rc) return rc;
    arena_init(&files.arena);
    p.everything = p.everything || r->everything;
    p.part_size = r->part_size;
    p.folder = r->folder;
    p.progress = r->progress;
    p.out = &files;
    rc = os_make_folder(r->folder);
    if (rc == 0) rc = r->case_name ? pack_named(&p, r->case_name) : pack_all(&p);
    if (rc)
        bundle_files_release(&files);
    else
        *out = files;
    packing_release(&p);
    return rc;
}
