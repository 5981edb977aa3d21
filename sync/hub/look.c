/* Who may look at which case, and the receipts of a case by what they name. */
#include "satchel/hub/look.h"

#include <stdlib.h>
#include <string.h>

#include "parts.h"
#include "satchel/base/time.h"

#define SIGNATURE_SUFFIX ".sig"

/* What was found of a case for a kit. It is so while case, register and day are the same. */
struct sight_of {
    struct sight_of *next;
    char kit[KIT_ID_SIZE], case_name[CASE_NAME_MAX + 1];
    struct oid tip, register_tip;
    char day[sizeof "2026-01-01"];
    bool sees;
};

/* That of one kit in one receipt. */
struct head {
    struct head *next;
    size_t receipt; /* index */
    int64_t seq;
};

struct receipts {
    char case_name[CASE_NAME_MAX + 1];
    struct oid tip;
    struct arena arena;
    struct hub_receipt *items; /* by time */
    size_t len;
    struct map heads; /* by kit: struct head */
    struct map held;  /* by sha256: struct hub_receipt */
    struct map ids;   /* by id: struct hub_receipt */
};

struct hub_look {
    struct hub *hub;
    struct sight_of *sights;
    struct arena arena; /* of the answer */
    struct hub_case *c; /* opened; NULL: none is */
    struct receipts receipts;
    bool known; /* they are */
};

static void forget_receipts(struct hub_look *l)
{
    map_release(&l->receipts.heads);
    map_release(&l->receipts.held);
    map_release(&l->receipts.ids);
    arena_release(&l->receipts.arena);
    l->receipts = (struct receipts){.len = 0};
    arena_init(&l->receipts.arena);
    map_init(&l->receipts.heads);
    map_init(&l->receipts.held);
    map_init(&l->receipts.ids);
    l->known = false;
}

int hub_look_new(struct hub_look **out, struct hub *h)
{
    struct hub_look *l = calloc(1, sizeof *l);
    if (!l) return err_memory();
    l->hub = h;
    arena_init(&l->arena);
    arena_init(&l->receipts.arena);
    forget_receipts(l);
    *out = l;
    return 0;
}

void hub_look_free(struct hub_look *l)
{
    if (!l) return;
    while (l->sights) {
        struct sight_of *s = l->sights;
        l->sights = s->next;
        free(s);
    }
    forget_receipts(l);
    arena_release(&l->receipts.arena);
    arena_release(&l->arena);
    free(l);
}

/* ---- who may look ---- */

static struct sight_of *sight_in(struct hub_look *l, const char *kit, const char *case_name)
{
    struct sight_of *s = l->sights;
    while (s && (strcmp(s->kit, kit) != 0 || strcmp(s->case_name, case_name) != 0)) s = s->next;
    if (s || !(s = calloc(1, sizeof *s))) return s;
    memcpy(s->kit, kit, strlen(kit) + 1);
    memcpy(s->case_name, case_name, strlen(case_name) + 1);
    s->next = l->sights;
    return l->sights = s;
}

static int ask_case(struct hub *h, const char *kit, const char *case_name, const char *now, bool *sees)
{
    struct hub_case *c;
    const struct registry *r;
    const char *opener;
    int rc = case_open(h, case_name, &c);
    if (rc == 0) rc = case_opener(h, c, &opener);
    if (rc == 0) rc = case_registry(h, &r);
    if (rc == 0) *sees = c->born && registry_may_see(r, c->fold, kit, case_name, opener, now);
    return rc;
}

struct asking {
    const char *kit, *now;
    struct oid register_tip;
    bool all; /* headquarters, admins: whatever the case */
};

static int may_see(struct hub_look *l, const struct asking *q, const struct repo_branch *b, bool *sees)
{
    struct sight_of *s = q->all ? NULL : sight_in(l, q->kit, b->name);
    *sees = q->all;
    if (q->all) return 0;
    if (!s) return err_memory();
    if (!oid_equal(&s->tip, &b->tip) || !oid_equal(&s->register_tip, &q->register_tip) || strncmp(s->day, q->now, sizeof s->day - 1) != 0) {
        int rc = ask_case(l->hub, q->kit, b->name, q->now, &s->sees);
        if (rc) return rc;
        s->tip = b->tip;
        s->register_tip = q->register_tip;
        memcpy(s->day, q->now, sizeof s->day - 1);
    }
    *sees = s->sees;
    return 0;
}

/* Who sees a case of which there is nothing, sees all. */
static int begin_asking(struct hub_look *l, struct asking *q)
{
    struct hub_case *c;
    const struct registry *r;
    int rc = case_open(l->hub, REGISTER_CASE, &c);
    if (rc == 0) rc = case_registry(l->hub, &r);
    if (rc) return rc;
    q->register_tip = c->tip;
    q->all = c->born && registry_may_see(r, c->fold, q->kit, "", "", q->now);
    return 0;
}

int hub_look_cases(struct hub_look *l, const char *kit, const char *const **out, size_t *len)
{
    char now[TIME_TEXT];
    struct asking q = {.kit = kit, .now = now};
    struct repo_branch *branches;
    size_t branches_len, n = 0;
    l->c = NULL;
    time_write(now, time_now(), 0);
    arena_release(&l->arena);
    arena_init(&l->arena);
    int rc = begin_asking(l, &q);
    if (rc == 0) rc = repo_branches(l->hub->repo, &l->arena, &branches, &branches_len);
    const char **names = rc ? NULL : arena_alloc(&l->arena, (branches_len + 1) * sizeof *names);
    if (!names) return rc ? rc : ERR_ROAD;
    for (size_t i = 0; i < branches_len && rc == 0; i++) {
        bool sees = false;
        if (strcmp(branches[i].name, REGISTER_CASE) == 0 || strlen(branches[i].name) > CASE_NAME_MAX) continue;
        rc = may_see(l, &q, &branches[i], &sees);
        if (sees) names[n++] = branches[i].name;
    }
    *out = names;
    *len = n;
    return rc;
}

/* ---- one case ---- */

int hub_look_open(struct hub_look *l, const char *case_name, struct hub_looked *out)
{
    l->c = NULL;
    int rc = case_open(l->hub, case_name, &l->c);
    if (rc == 0) rc = case_registry(l->hub, &out->registry);
    if (rc == 0 && !l->c->born) rc = err_set(ERR_MISSING, "there is no case '%s' here", case_name);
    if (rc) {
        l->c = NULL;
        return rc;
    }
    out->case_name = l->c->name;
    out->fold = l->c->fold;
    out->number = l->c->number;
    oid_write(out->tip, &l->c->tip);
    oid_write(out->register_tip, &l->hub->the_register->tip);
    return 0;
}

int hub_look_evidence(struct hub_look *l, const char *sha256, struct arena *a, const char **path, uint64_t *size)
{
    if (!is_sha256_hex(sha256) || !evidence_held(l->hub, l->c, sha256, size)) return ERR_MISSING;
    *path = evidence_path(a, hub_repo_path(l->hub), sha256);
    return *path ? 0 : ERR_ROAD;
}

int hub_look_read(struct hub_look *l, const char *path, struct buf *out)
{
    struct oid blob;
    int rc = tree_find(l->c->tree, path, &blob);
    return rc ? rc : repo_read(l->hub->repo, out, &blob, OBJECT_BLOB);
}

const char *hub_look_entry_path(struct arena *a, const struct held *h)
{
    char path[LAYOUT_PATH_SIZE];
    layout_entry_path(path, layout_folder(h->verdict), h->entry->kit, h->entry->seq, h->entry->id);
    return arena_strdup(a, path);
}

const char *hub_look_pointer_path(struct arena *a, const struct fold_record *r)
{
    struct claim claim;
    return layout_claim(&claim, r) ? arena_strdup(a, claim.path) : NULL;
}

/* ---- receipts ---- */

struct reading {
    struct hub_look *l;
    struct hub_case *c;
    const struct registry *registry;
    struct buf bytes, sig;
    struct hub_receipt *items;
    size_t len, cap;
};

static int add_receipt(struct reading *x, const struct receipt *r, const char *path)
{
    struct arena *a = &x->l->receipts.arena;
    unsigned char raw[SIGNATURE_SIZE];
    char kit[KIT_ID_SIZE];
    if (x->len == x->cap) {
        size_t cap = x->cap ? 2 * x->cap : 64;
        struct hub_receipt *grown = arena_alloc(a, cap * sizeof *grown);
        if (!grown) return ERR_ROAD;
        if (x->len) memcpy(grown, x->items, x->len * sizeof *grown);
        x->items = grown;
        x->cap = cap;
    }
    struct hub_receipt *out = &x->items[x->len++];
    *out = (struct hub_receipt){.id = arena_strdup(a, r->id), .bundle = arena_strdup(a, r->bundle ? r->bundle : ""),
        .at = arena_strdup(a, r->at), .path = arena_strdup(a, path)};
    if (sshsig_armor_read(raw, out->key, NAMESPACE_RECEIPT, buf_str(&x->sig), x->sig.len) == 0) {
        kit_id_of(kit, out->key);
        out->good = strcmp(kit, r->hub) == 0 && registry_hub_key(x->registry, out->key) &&
                    sshsig_good(raw, out->key, NAMESPACE_RECEIPT, x->bytes.data, x->bytes.len);
    }
    err_clear();
    return out->id && out->bundle && out->at && out->path ? 0 : ERR_ROAD;
}

static int read_blob(struct reading *x, const struct oid *blob, struct buf *out)
{
    buf_clear(out);
    return repo_read(x->l->hub->repo, out, blob, OBJECT_BLOB);
}

/* A receipt and the signature beside it. */
static int read_receipt(void *ctx, const char *path, const struct oid *blob)
{
    struct reading *x = ctx;
    struct receipt *r;
    struct oid sig;
    struct arena a;
    char sig_path[LAYOUT_PATH_SIZE + sizeof SIGNATURE_SUFFIX];
    size_t len = strlen(path), end = strlen(SIGNATURE_SUFFIX);
    if (len >= LAYOUT_PATH_SIZE || (len > end && strcmp(path + len - end, SIGNATURE_SUFFIX) == 0)) return 0;
    memcpy(sig_path, path, len);
    memcpy(sig_path + len, SIGNATURE_SUFFIX, sizeof SIGNATURE_SUFFIX);
    arena_init(&a);
    buf_clear(&x->sig);
    int rc = tree_find(x->c->tree, sig_path, &sig);
    if (rc == 0) rc = read_blob(x, &sig, &x->sig);
    if (rc == 0 || rc == ERR_MISSING) rc = read_blob(x, blob, &x->bytes);
    if (rc == 0) rc = receipt_parse(&r, &a, x->bytes.data, x->bytes.len);
    if (rc == 0) rc = add_receipt(x, r, path);
    arena_release(&a);
    return rc ? err_within(rc, "'%s' of the repository", path) : 0;
}

static int64_t seconds_of(const char *at)
{
    int64_t seconds = 0;
    int offset;
    return time_read(&seconds, &offset, at) ? seconds : 0;
}

static int compare_times(const void *a, const void *b)
{
    const struct hub_receipt *x = a, *y = b;
    int64_t one = seconds_of(x->at), other = seconds_of(y->at);
    return one != other ? (one > other) - (one < other) : strcmp(x->id, y->id);
}

static int index_heads(struct receipts *all, const struct receipt *r, size_t at)
{
    int rc = 0;
    for (size_t i = 0; i < r->heads_len && rc == 0; i++) {
        struct head *before = map_get(&all->heads, r->heads[i].kit), *h = arena_alloc(&all->arena, sizeof *h);
        const char *kit = before ? r->heads[i].kit : arena_strdup(&all->arena, r->heads[i].kit);
        if (!h || !kit) return ERR_ROAD;
        *h = (struct head){NULL, at, r->heads[i].seq};
        while (before && before->next) before = before->next;
        if (before) before->next = h;
        else rc = map_put(&all->heads, kit, h);
    }
    return rc;
}

static int index_held(struct receipts *all, const struct receipt *r, size_t at)
{
    int rc = 0;
    for (size_t i = 0; i < r->held_len && rc == 0; i++) {
        if (map_get(&all->held, r->held[i])) continue;
        const char *sha256 = arena_strdup(&all->arena, r->held[i]);
        rc = sha256 ? map_put(&all->held, sha256, &all->items[at]) : ERR_ROAD;
    }
    return rc;
}

/* What each names, from the first on. They are read a second time, since only now their order is known. */
static int index_receipts(struct reading *x)
{
    struct receipts *all = &x->l->receipts;
    int rc = 0;
    for (size_t i = 0; i < all->len && rc == 0; i++) {
        struct arena a;
        struct oid blob;
        struct receipt *r;
        arena_init(&a);
        rc = tree_find(x->c->tree, all->items[i].path, &blob);
        if (rc == 0) rc = read_blob(x, &blob, &x->bytes);
        if (rc == 0) rc = receipt_parse(&r, &a, x->bytes.data, x->bytes.len);
        if (rc == 0) rc = index_heads(all, r, i);
        if (rc == 0) rc = index_held(all, r, i);
        if (rc == 0) rc = map_put(&all->ids, all->items[i].id, &all->items[i]);
        arena_release(&a);
    }
    return rc;
}

static int read_all(struct hub_look *l, struct hub_case *c)
{
    struct reading x = {.l = l, .c = c};
    buf_init(&x.bytes, RECEIPT_MAX_BYTES);
    buf_init(&x.sig, RECEIPT_SIG_MAX);
    int rc = case_registry(l->hub, &x.registry);
    if (rc == 0) rc = tree_walk(c->tree, FOLDER_RECEIPT, read_receipt, &x);
    l->receipts.items = x.items;
    l->receipts.len = x.len;
    if (rc == 0 && x.len) qsort(x.items, x.len, sizeof *x.items, compare_times);
    if (rc == 0) rc = index_receipts(&x);
    buf_release(&x.bytes);
    buf_release(&x.sig);
    return rc;
}

static int know_receipts(struct hub_look *l)
{
    struct receipts *all = &l->receipts;
    if (l->known && strcmp(all->case_name, l->c->name) == 0 && oid_equal(&all->tip, &l->c->tip)) return 0;
    forget_receipts(l);
    int rc = read_all(l, l->c);
    if (rc) {
        forget_receipts(l);
        return rc;
    }
    memcpy(all->case_name, l->c->name, sizeof all->case_name);
    all->tip = l->c->tip;
    l->known = true;
    return 0;
}

int hub_look_receipt(struct hub_look *l, const struct entry *e, const char *sha256, const struct hub_receipt **out)
{
    int rc = know_receipts(l);
    if (rc) return rc;
    *out = sha256 ? map_get(&l->receipts.held, sha256) : NULL;
    const struct head *h = sha256 ? NULL : map_get(&l->receipts.heads, e->kit);
    while (h && h->seq < e->seq) h = h->next;
    if (h) *out = &l->receipts.items[h->receipt];
    return 0;
}

int hub_look_receipt_by_id(struct hub_look *l, const char *id, const struct hub_receipt **out)
{
    int rc = know_receipts(l);
    if (rc == 0) *out = map_get(&l->receipts.ids, id);
    return rc;
}
