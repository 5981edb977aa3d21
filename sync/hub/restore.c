/* A hub from a clone of another one's repository (stock `git clone --mirror`, its LFS objects with it or not).
 *
 * The clone is verified first. Its entries and the bytes of its evidence then come in by the path that bundles
 * come in by: every entry is judged, every hash made anew, every round synced. What the old hub has signed
 * stays in the clone; this hub has a key of its own, which an admin has yet to enrol, and writes its own
 * history. What is here already is passed over, so a restoring that was stopped is simply begun again. */
#include <string.h>
#include "parts.h"
#include "satchel/format/lfs.h"

#define BATCH_BYTES (UINT64_C(32) << 20) /* of evidence that one receipt speaks of */

struct restoring {
    struct hub *hub;
    struct repo *clone;
    struct hub_restored *out;
    struct progress *progress;
};

/* One branch of the clone. */
struct branch {
    const char *name;
    struct oid tip;
    struct tree *tree;
    struct fold *fold;
    struct arena arena;
};

static void branch_close(struct branch *b)
{
    tree_free(b->tree);
    fold_free(b->fold);
    arena_release(&b->arena);
}

static int branch_open(struct repo *clone, struct branch *b, const struct repo_branch *from)
{
    *b = (struct branch){.name = from->name, .tip = from->tip};
    arena_init(&b->arena);
    int rc = fold_new(&b->fold);
    if (rc == 0) rc = case_read_tree(clone, &b->tip, &b->tree);
    return rc ? rc : case_read_entries(clone, b->tree, b->fold);
}

/* ---- entries ---- */

static int take_lines(struct restoring *w, struct branch *b, const struct buf *lines)
{
    struct hub_taken taken = {0};
    if (lines->len == 0) return 0;
    int rc = buf_error(lines);
    if (rc == 0) rc = lines_take_locked(w->hub, b->name, buf_str(lines), lines->len, &b->arena, &taken);
    w->out->entries += taken.accepted;
    return rc;
}

/* Who has opened the case is told by what came first, so that comes first here too. */
static int take_opening(struct restoring *w, struct branch *b)
{
    const struct held *first = NULL;
    struct buf line;
    int rc = case_find_opening(w->clone, b->fold, b->name, &b->tip, &first);
    if (rc || !first) return rc;
    buf_init(&line, BUF_UNLIMITED);
    entry_line_write(&line, first->entry, first->public_key);
    rc = take_lines(w, b, &line);
    buf_release(&line);
    return rc ? rc : round_store(w->hub); /* where it is all that there is, it is taken again, and answered as it was */
}

/* Also those that did not apply: this hub judges for itself. */
static int take_entries(struct restoring *w, struct branch *b)
{
    size_t len;
    struct buf lines;
    const struct fold_chain *const *chains = fold_chains(b->fold, b->name, &len);
    int rc = take_opening(w, b);
    buf_init(&lines, BUF_UNLIMITED);
    for (size_t i = 0; i < len && rc == 0; i++)
        for (size_t k = 0; k < chains[i]->entries_len; k++)
            entry_line_write(&lines, chains[i]->entries[k]->entry, chains[i]->entries[k]->public_key);
    if (rc == 0) rc = take_lines(w, b, &lines);
    buf_release(&lines);
    return rc;
}

/* ---- evidence ---- */

/* What the branch points to. */
struct pointed {
    struct pointed *next;
    char sha256[SHA256_HEX];
    uint64_t size;
};

struct pointing {
    struct repo *clone;
    struct branch *b;
    struct pointed *first;
    struct map seen;
    struct buf bytes;
};

static int note_pointer(void *ctx, const char *path, const struct oid *blob)
{
    struct pointing *p = ctx;
    struct pointed *x = arena_alloc(&p->b->arena, sizeof *x);
    if (!x) return ERR_ROAD;
    buf_clear(&p->bytes);
    int rc = repo_read(p->clone, &p->bytes, blob, OBJECT_BLOB);
    if (rc == 0) rc = lfs_pointer_read(x->sha256, &x->size, p->bytes.data, p->bytes.len);
    if (rc) return err_within(rc, "'%s' of the repository", path);
    if (map_get(&p->seen, x->sha256)) return 0;
    x->next = p->first;
    p->first = x;
    return map_put(&p->seen, x->sha256, x);
}

static int list_pointed(struct restoring *w, struct branch *b, struct pointed **out)
{
    struct pointing p = {.clone = w->clone, .b = b};
    map_init(&p.seen);
    buf_init(&p.bytes, BUF_UNLIMITED);
    int rc = tree_walk(b->tree, FOLDER_EVIDENCE, note_pointer, &p);
    *out = p.first;
    map_release(&p.seen);
    buf_release(&p.bytes);
    return rc;
}

/* Copies the bytes into staging; what they turn out to be is compared before anything is made of it. */
static int copy_hashed(struct sink *to, struct source *from, struct digest *d, const struct pointed *x, bool *right)
{
    unsigned char chunk[64 << 10], hash[SHA256_SIZE];
    char hex[SHA256_HEX];
    uint64_t size = 0;
    size_t n = 1;
    int rc = 0;
    while (rc == 0 && n > 0) {
        rc = source_read(from, chunk, sizeof chunk, &n);
        if (rc == 0) rc = sink_write(to, chunk, n);
        digest_add(d, chunk, n);
        size += n;
    }
    digest_end(d, hash);
    hex_write(hex, hash, sizeof hash);
    *right = size == x->size && strcmp(hex, x->sha256) == 0;
    return rc == 0 && *right ? sink_finish(to) : rc;
}

static int stage(struct restoring *w, struct branch *b, struct staging *s, const struct pointed *x, bool *staged)
{
    struct source *from = NULL;
    struct sink *to = NULL;
    struct digest *d = NULL;
    struct member *m = arena_alloc(&b->arena, sizeof *m);
    const char *path = evidence_path(&b->arena, repo_folder(w->clone), x->sha256);
    int rc = m && path ? file_source(&from, path) : ERR_ROAD;
    *staged = false;
    if (rc == ERR_MISSING) { /* it was not cloned; a kit that has it is asked for it */
        err_clear();
        w->out->missing++;
        return 0;
    }
    if (rc) return rc;
    *m = (struct member){.kind = MEMBER_BLOB, .size = x->size, .whole = x->size};
    memcpy(m->sha256, x->sha256, SHA256_HEX);
    rc = digest_sha256(&d);
    if (rc == 0) rc = staging_open(s, m, &to);
    if (rc == 0) rc = copy_hashed(to, from, d, x, staged);
    if (rc == 0 && *staged) rc = staging_add(s, m);
    if (rc == 0 && !*staged) w->out->damaged++;
    digest_free(d);
    sink_close(to);
    source_close(from);
    return rc;
}

/* As many as one receipt speaks of, from *at on. The name of such a batch follows from what is in it. */
static int take_batch(struct restoring *w, struct branch *b, struct hub_case *c, struct pointed **at)
{
    struct staging s;
    struct buf list;
    uint64_t bytes = 0;
    int rc = 0;
    staging_init(&s, w->hub, c, &b->arena);
    buf_init(&list, BUF_UNLIMITED);
    for (; *at && rc == 0 && bytes < BATCH_BYTES; *at = (*at)->next) {
        bool staged;
        if (evidence_held(w->hub, c, (*at)->sha256, NULL)) continue;
        rc = stage(w, b, &s, *at, &staged);
        if (rc || !staged) continue;
        bytes += (*at)->size;
        w->out->evidence++;
        buf_addf(&list, "%s\n", (*at)->sha256);
    }
    if (rc == 0) rc = buf_error(&list);
    if (rc == 0 && list.len) rc = staging_take(&s, list.data, list.len);
    staging_release(&s);
    buf_release(&list);
    return rc;
}

static int take_evidence(struct restoring *w, struct branch *b)
{
    struct pointed *at;
    struct hub_case *c;
    int rc = list_pointed(w, b, &at);
    while (rc == 0 && at) {
        rc = case_open(w->hub, b->name, &c);
        if (rc == 0) rc = take_batch(w, b, c, &at);
        if (rc == 0) rc = round_store(w->hub);
    }
    return rc;
}

/* ---- all branches ---- */

static int take_branch(struct restoring *w, const struct repo_branch *from)
{
    struct branch b;
    int rc = branch_open(w->clone, &b, from);
    if (rc == 0) rc = take_entries(w, &b);
    if (rc == 0) rc = round_store(w->hub);
    if (rc == 0) rc = take_evidence(w, &b);
    branch_close(&b);
    w->out->cases++;
    return rc ? err_within(rc, "branch '%s'", from->name) : 0;
}

static bool is_register(const struct repo_branch *b)
{
    return strcmp(b->name, REGISTER_CASE) == 0;
}

/* The register first; of branches of one name, as a clone that is not bare has them, any has been verified. */
static int take_all(struct restoring *w)
{
    struct arena a;
    struct repo_branch *branches;
    size_t len = 0;
    arena_init(&a);
    int rc = repo_branches(w->clone, &a, &branches, &len);
    for (int others = 0; others < 2; others++)
        for (size_t i = 0; i < len && rc == 0; i++)
            if (is_register(&branches[i]) != others) rc = take_branch(w, &branches[i]);
    arena_release(&a);
    return rc;
}

/* ---- the new folder ---- */

/* The kit is the root's, whatever the register says of its person; who he is he may say himself. */
static int ask_admin(const struct request *told, const unsigned char root[KEY_SIZE], const char *kit, struct request *out)
{
    if (!told)
        return err_set(ERR_INPUT,
            "the register does not settle who the first admin's kit '%s' belongs to; have 'satchel whoami --request' run on "
            "it, and give what it prints: --admin REQUEST",
            kit);
    if (!same_bytes(told->public_key, root, KEY_SIZE))
        return err_set(ERR_INPUT, "the request is not of '%s', whose key is the root of this register", kit);
    *out = *told;
    return 0;
}

/* The first admin, as the register has him. */
static int find_admin(struct repo *clone, const struct hub_restore *q, const unsigned char root[KEY_SIZE], struct arena *a,
    struct request *out)
{
    struct repo_branch from = {.name = REGISTER_CASE};
    struct branch b;
    struct registry *registry = NULL;
    char kit[KIT_ID_SIZE];
    kit_id_of(kit, root);
    int rc = repo_tip(clone, REGISTER_CASE, &from.tip);
    if (rc) return rc == ERR_MISSING ? err_set(ERR_INPUT, "there is no branch 'register'") : rc;
    rc = branch_open(clone, &b, &from);
    if (rc == 0) rc = registry_new(&registry, b.fold, q->forms, root);
    const struct registry_kit *k = rc ? NULL : registry_kit(registry, kit);
    if (rc == 0 && !k) rc = ask_admin(q->admin, root, kit, out);
    if (k) {
        *out = (struct request){.name = arena_strdup(a, k->name), .email = arena_strdup(a, k->email),
            .kit = arena_strdup(a, kit)};
        memcpy(out->public_key, k->public_key, KEY_SIZE);
        memcpy(out->recipient, k->recipient, KEY_SIZE);
        if (!out->name || !out->email || !out->kit) rc = ERR_ROAD;
    }
    registry_free(registry);
    branch_close(&b);
    return rc;
}

static int check_clone(const struct hub_restore *q, struct arena *a, struct verified *v)
{
    struct verify_request r = {.path = q->clone, .root = q->root, .forms = q->forms, .progress = q->progress};
    int rc = hub_verify(&r, a, v);
    if (rc == ERR_NO)
        rc = err_set(ERR_INPUT, "'%s' does not verify: see 'satchel verify %s'; nothing has been taken in", q->clone, q->clone);
    if (rc == 0 && v->empty) rc = err_set(ERR_INPUT, "nothing is in '%s' that could be taken in", q->clone);
    return rc;
}

/* One that was begun is gone on with, if it is of the same register. */
static int open_folder(const struct hub_restore *q, struct repo *clone, const unsigned char root[KEY_SIZE],
    struct arena *a, struct hub **out)
{
    struct request admin;
    const char *config = path_join(a, q->folder, "hub.json");
    if (!config) return ERR_ROAD;
    int rc = 0;
    if (!os_exists(config)) {
        rc = find_admin(clone, q, root, a, &admin);
        if (rc == 0) rc = hub_make(q->folder, q->name, &admin, q->forms);
    }
    if (rc == 0) rc = hub_open(out, q->folder, q->forms, q->hooks);
    if (rc == 0 && !same_bytes(hub_root(*out), root, KEY_SIZE)) {
        hub_close(*out);
        rc = err_set(ERR_INPUT, "'%s' is a hub of another register", q->folder);
    }
    return rc;
}

static int restore_into(struct hub *h, struct repo *clone, const struct hub_restore *q, struct hub_restored *out)
{
    struct restoring w = {h, clone, out, q->progress};
    int rc = hub_begin(h);
    if (rc) return rc;
    rc = take_all(&w);
    round_drop(h);
    hub_end(h);
    return rc;
}

int hub_restore(const struct hub_restore *q, struct hub_restored *out)
{
    struct arena a;
    struct verified v;
    struct repo *clone = NULL;
    struct hub *h = NULL;
    *out = (struct hub_restored){0};
    arena_init(&a);
    int rc = repo_open(&clone, q->clone);
    if (rc == 0) rc = check_clone(q, &a, &v);
    if (rc == 0) rc = open_folder(q, clone, v.root, &a, &h);
    if (rc == 0) {
        rc = restore_into(h, clone, q, out);
        memcpy(out->kit, hub_kit(h), KIT_ID_SIZE);
        hub_close(h);
    }
    repo_close(clone);
    arena_release(&a);
    return rc;
}
