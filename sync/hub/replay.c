/* Proof of a hub's repository, from the outside: every branch is replayed from its first commit.
 *
 * An entry commit must have exactly the tree that the tree before it gives with this entry added to log/ and
 * the record written anew: the same code that wrote it computes the id, and ids are compared. A hub commit
 * must leave log/ and record/ alone, be signed by the hub that the register names, and bring only what holds:
 * pointers that a record vouches for, receipts that are true, entries set apart that are rightly signed. The
 * last commit must be the hub's.
 *
 * So whatever is changed, dropped, added or put in another order inside shows by itself. What can't show by
 * itself is an end that was cut off together with the hub's commits, or a whole branch: that takes an anchor,
 * a receipt from outside. */
#include "replay.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "satchel/base/os.h"
#include "satchel/base/text.h"
#include "satchel/format/lfs.h"
#include "satchel/replica/state.h"

#define PROBLEMS_MOST 1000
#define BLOB_MAX RECEIPT_MAX_BYTES

/* ---- problems ---- */

int problem(struct verification *v, const char *where, const char *text)
{
    struct jv *o = jv_object(v->arena);
    if (v->out->problems->len >= PROBLEMS_MOST) return 0;
    int rc = jv_put_str(v->arena, o, "where", where);
    if (rc == 0) rc = jv_put_str(v->arena, o, "text", text);
    return rc ? rc : jv_push(v->arena, v->out->problems, o);
}

int problem_of(struct verification *v, const char *where, const char *text, const char *subject)
{
    const char *place = arena_printf(v->arena, "%s %s", where, subject);
    return place ? problem(v, place, text) : ERR_ROAD;
}

int problem_note(struct verification *v, const char *where, int rc)
{
    if (rc == 0 || rc == ERR_ROAD) return rc;
    return problem(v, where, err_message());
}

/* ---- reading ---- */

static int read_tree(void *repo, struct buf *out, const struct oid *id)
{
    return repo_read(repo, out, id, OBJECT_TREE);
}

static int open_tree(struct verification *v, const struct oid *root, struct tree **out)
{
    return tree_new(out, &(struct tree_reader){read_tree, v->repo}, root);
}

static void forget_commit(struct replay *r)
{
    arena_release(&r->arena);
    arena_init(&r->arena);
}

int replay_read(struct replay *r, const struct oid *id, struct commit_view *out)
{
    forget_commit(r);
    buf_clear(&r->bytes);
    int rc = repo_read(r->v->repo, &r->bytes, id, OBJECT_COMMIT);
    return rc ? rc : commit_read(out, &r->arena, r->bytes.data, r->bytes.len);
}

static int read_blob(struct replay *r, const struct oid *id)
{
    buf_clear(&r->bytes);
    return repo_read(r->v->repo, &r->bytes, id, OBJECT_BLOB);
}

static void say_where(struct replay *r, const struct oid *commit)
{
    char hex[OID_HEX];
    oid_write(hex, commit);
    snprintf(r->where, sizeof r->where, "%.120s %.12s", r->branch->ref, hex);
}

static int push_commit(struct replay *r, const struct oid *id)
{
    if (r->commits_len == r->commits_cap) {
        size_t cap = r->commits_cap ? r->commits_cap * 2 : 256;
        struct oid *commits = realloc(r->commits, cap * sizeof *commits);
        if (!commits) return err_memory();
        r->commits = commits;
        r->commits_cap = cap;
    }
    r->commits[r->commits_len++] = *id;
    return 0;
}

int replay_list(struct replay *r, bool *whole)
{
    struct commit_view view = {.has_parent = true, .parent = r->branch->tip};
    int rc = 0;
    *whole = true;
    while (rc == 0 && *whole && view.has_parent) {
        struct oid id = view.parent;
        say_where(r, &id);
        rc = push_commit(r, &id);
        if (rc) break;
        int failed = replay_read(r, &id, &view);
        *whole = failed == 0;
        rc = problem_note(r->v, r->where, failed);
    }
    return rc;
}

/* ---- entries ---- */

static int entry_problem(struct replay *r, const struct entry *e, const char *what)
{
    const char *name = arena_printf(&r->arena, "%s:%lld", e->kit, (long long)e->seq);
    return name ? problem_of(r->v, r->where, what, name) : ERR_ROAD;
}

/* In the register each entry must be one that the register before it allows, all the way down from the root;
 * so nobody can enrol himself. */
static int check_in_register(
    struct replay *r, const struct entry *e, const unsigned char public_key[KEY_SIZE])
{
    struct verification *v = r->v;
    enum verdict verdict;
    const char *reason;
    int rc = 0;
    if (same_bytes(v->root, public_key, KEY_SIZE)) return 0;
    if (!r->so_far || r->so_far_version != fold_version(r->fold)) {
        registry_free(r->so_far);
        r->so_far = NULL;
        r->so_far_version = fold_version(r->fold);
        rc = registry_new(&r->so_far, r->fold, v->request->forms, v->root);
    }
    if (rc == 0)
        rc = registry_judge(r->so_far, v->request->forms, e, public_key, &r->arena, &verdict, &reason);
    bool unread = rc == 0 && verdict == VERDICT_WAITING && !forms_find(v->request->forms, e->form);
    if (rc || verdict == VERDICT_GOOD || unread) return rc;
    return entry_problem(r, e, N_("the register as it was then does not allow the entry"));
}

/* In a case the key must be the enrolled one. What its person might do then is the hub's word: the register
 * of that time is not known here. */
static int check_enrolled(struct replay *r, const struct entry *e, const unsigned char public_key[KEY_SIZE])
{
    const struct registry_kit *k = r->v->registry ? registry_kit(r->v->registry, e->kit) : NULL;
    if (strcmp(r->branch->name, REGISTER_CASE) == 0) return check_in_register(r, e, public_key);
    if (k && same_bytes(k->public_key, public_key, KEY_SIZE)) return 0;
    return entry_problem(r, e, N_("the register does not know the key of the entry"));
}

static bool is_of_branch(const struct replay *r, const struct entry *e)
{
    return strcmp(e->case_name, r->branch->name) == 0;
}

/* What holds for any entry file: its place, its id, its signature. */
static int check_entry(struct replay *r, const char *path, const char *folder, const struct entry *e,
    const unsigned char public_key[KEY_SIZE])
{
    char expected[LAYOUT_PATH_SIZE];
    int rc = 0;
    layout_entry_path(expected, folder, e->kit, e->seq, e->id);
    if (strcmp(path, expected) != 0)
        rc = problem_of(r->v, r->where, N_("the file is not where its entry belongs"), path);
    if (rc == 0 && !is_of_branch(r, e)) rc = entry_problem(r, e, N_("the entry is of another case"));
    if (rc == 0 && !entry_signature_good(e, public_key))
        rc = entry_problem(r, e, N_("the signature is not good"));
    return rc;
}

static int hold_entry(
    struct replay *r, const struct entry *e, const unsigned char public_key[KEY_SIZE], enum verdict v)
{
    bool known;
    int rc = fold_add(r->fold, e, public_key, v, NULL, 0, &known);
    return rc == 0 && known ? fold_judge(r->fold, e->id, v, NULL) : rc;
}

/* ---- entry commits ---- */

/* Every file that comes or changes is read, so that damage shows where only ids would be compared. */
static int note_change(void *ctx, const char *path, const struct oid *old, const struct oid *now)
{
    struct replay *r = ctx;
    int rc = now ? read_blob(r, now) : 0;
    if (rc || strncmp(path, FOLDER_LOG "/", strlen(FOLDER_LOG) + 1) != 0) return rc;
    r->log_changes++;
    if (old || !now) return 0;
    r->log_blob = *now;
    r->log_path = arena_strdup(&r->arena, path);
    return r->log_path ? 0 : ERR_ROAD;
}

/* The one file that the commit adds to log/. */
static int find_addition(struct replay *r, const struct oid *tree)
{
    struct tree *actual;
    int rc = open_tree(r->v, tree, &actual);
    if (rc) return rc;
    r->log_changes = 0;
    r->log_path = NULL;
    rc = tree_compare(r->tree, actual, note_change, r);
    tree_free(actual);
    if (rc == 0 && (r->log_changes != 1 || !r->log_path))
        rc = err_set(ERR_INPUT, "the commit of an entry does not add one file to log/, and only that");
    return rc;
}

/* Puts the entry and its record into the tree that must be. */
static int apply_entry(struct replay *r, const struct entry *e, const unsigned char public_key[KEY_SIZE])
{
    struct record_id id;
    struct oid blob;
    char path[RECORD_PATH_SIZE];
    int rc = hold_entry(r, e, public_key, VERDICT_GOOD);
    if (rc == 0) rc = tree_put(r->tree, r->log_path, &r->log_blob);
    const struct fold_record *record = rc ? NULL : fold_record(r->fold, r->branch->name, e->record);
    if (!record || !record_id_read(&id, e->record)) return rc ? rc : ERR_ROAD;
    buf_clear(&r->bytes);
    record_file_write(&r->bytes, record);
    rc = buf_error(&r->bytes);
    if (rc) return rc;
    object_id(&blob, r->v->sha1, OBJECT_BLOB, r->bytes.data, r->bytes.len);
    record_path(path, &id);
    return tree_put(r->tree, path, &blob);
}

/* Goes on with the tree that is there, so that one fault is told once. */
static int take_over(struct replay *r, const struct oid *tree)
{
    struct tree *actual;
    int rc = open_tree(r->v, tree, &actual);
    if (rc) return rc;
    tree_free(r->tree);
    r->tree = actual;
    return 0;
}

static int compare_result(struct replay *r, const struct commit_view *c)
{
    struct oid id;
    int rc = tree_id(r->tree, r->v->sha1, &id);
    if (rc || oid_equal(&id, &c->tree)) return rc;
    rc = problem(r->v, r->where, N_("the commit's files are not what its entry makes of those before it"));
    return rc ? rc : take_over(r, &c->tree);
}

static int check_trailers(struct replay *r, const struct commit_view *c, const struct entry *e)
{
    const char *id = commit_trailer(c, &r->arena, "Entry"), *kit = commit_trailer(c, &r->arena, "Kit");
    if (id && kit && strcmp(id, e->id) == 0 && strcmp(kit, e->kit) == 0) return 0;
    return entry_problem(r, e, N_("the commit's message names another entry"));
}

static int replay_entry(struct replay *r, const struct commit_view *c)
{
    struct entry *e = NULL;
    unsigned char key[KEY_SIZE];
    int rc = find_addition(r, &c->tree);
    if (rc == 0) rc = read_blob(r, &r->log_blob);
    if (rc == 0) rc = entry_file_parse(&e, fold_arena(r->fold), key, r->bytes.data, r->bytes.len);
    if (rc) {
        rc = problem_note(r->v, r->where, rc);
        return rc ? rc : take_over(r, &c->tree);
    }
    r->v->out->entries++;
    rc = check_entry(r, r->log_path, FOLDER_LOG, e, key);
    if (rc == 0) rc = check_trailers(r, c, e);
    if (rc == 0 && !is_of_branch(r, e)) return take_over(r, &c->tree);
    if (rc == 0) rc = check_enrolled(r, e, key);
    if (rc == 0) rc = apply_entry(r, e, key);
    return rc ? rc : compare_result(r, c);
}

/* ---- hub commits ---- */

static int check_pointer(struct replay *r, const char *path, const struct oid *old, const struct oid *now)
{
    struct claim claim;
    char sha256[SHA256_HEX], id[RECORD_ID_MAX];
    uint64_t size;
    if (old || !now) return problem_of(r->v, r->where, N_("a pointer was changed or removed"), path);
    int rc = read_blob(r, now);
    if (rc == 0) rc = lfs_pointer_read(sha256, &size, r->bytes.data, r->bytes.len);
    if (rc) return problem_note(r->v, r->where, rc);
    const struct fold_record *shown =
        layout_evidence_record(id, path) ? fold_record(r->fold, r->branch->name, id) : NULL;
    if (shown && layout_claim(&claim, shown) && strcmp(claim.path, path) == 0 &&
        strcmp(claim.sha256, sha256) == 0)
        return 0;
    return problem_of(r->v, r->where, N_("no record vouches for the pointer"), path);
}

/* Everything that a receipt names must be held. */
static int check_heads(struct replay *r, const char *where, const struct receipt *receipt)
{
    int rc = 0;
    for (size_t i = 0; i < receipt->heads_len && rc == 0; i++) {
        const struct receipt_head *head = &receipt->heads[i];
        if (strcmp(head->case_name, r->branch->name) != 0) continue;
        const struct held *h = fold_entry(r->fold, head->entry);
        bool same = h && h->entry->seq == head->seq && strcmp(h->entry->kit, head->kit) == 0;
        const char *name = arena_printf(&r->arena, "%s:%lld", head->kit, (long long)head->seq);
        if (!name) return ERR_ROAD;
        if (!same) rc = problem_of(r->v, where, N_("an entry that a receipt names is not held"), name);
    }
    return rc;
}

static bool is_signed_by_hub(const struct verification *v, const struct buf *armor, const struct buf *bytes)
{
    unsigned char sig[SIGNATURE_SIZE], key[KEY_SIZE];
    if (!v->hub.kit || sshsig_armor_read(sig, key, NAMESPACE_RECEIPT, buf_str(armor), armor->len))
        return false;
    return registry_hub_key(v->registry, key) &&
           sshsig_good(sig, key, NAMESPACE_RECEIPT, bytes->data, bytes->len);
}

static int check_receipt(struct replay *r, struct tree *actual, const char *path, const struct oid *blob)
{
    char expected[LAYOUT_PATH_SIZE];
    struct receipt *receipt;
    struct buf armor;
    struct oid sig;
    buf_init(&armor, RECEIPT_SIG_MAX);
    int rc = read_blob(r, blob);
    if (rc == 0) rc = receipt_parse(&receipt, &r->arena, r->bytes.data, r->bytes.len);
    if (rc == 0 && !receipt->bundle) rc = err_set(ERR_INPUT, "a receipt of a branch must be for a bundle");
    if (rc) goto out;
    layout_receipt_path(expected, receipt->bundle, true);
    if (tree_find(actual, expected, &sig) == 0) rc = repo_read(r->v->repo, &armor, &sig, OBJECT_BLOB);
    if (rc == 0 && !is_signed_by_hub(r->v, &armor, &r->bytes))
        rc = problem_of(r->v, r->where, N_("the receipt is not signed by the hub"), path);
    layout_receipt_path(expected, receipt->bundle, false);
    if (rc == 0 && (strcmp(expected, path) != 0 || strcmp(receipt->case_name, r->branch->name) != 0))
        rc = problem_of(r->v, r->where, N_("the receipt does not belong here"), path);
    if (rc == 0) rc = check_heads(r, r->where, receipt);
out:
    buf_release(&armor);
    return problem_note(r->v, r->where, rc);
}

static bool ends_with(const char *s, const char *end)
{
    size_t len = strlen(s), end_len = strlen(end);
    return len > end_len && strcmp(s + len - end_len, end) == 0;
}

/* The id that a file of waiting/ or quarantine/ is named by ends its path: it must be held by now in another
 * way. */
static int check_left(struct replay *r, const char *path, enum verdict before)
{
    size_t chains_len;
    const struct fold_chain *const *chains = fold_chains(r->fold, r->branch->name, &chains_len);
    char expected[LAYOUT_PATH_SIZE];
    for (size_t i = 0; i < chains_len; i++) {
        for (size_t k = 0; k < chains[i]->entries_len; k++) {
            const struct held *h = chains[i]->entries[k];
            layout_entry_path(expected, layout_folder(before), h->entry->kit, h->entry->seq, h->entry->id);
            if (strcmp(expected, path) == 0 && h->verdict != before) return 0;
        }
    }
    return problem_of(r->v, r->where, N_("an entry that was set apart is gone"), path);
}

static int check_set_apart(
    struct replay *r, const char *path, const struct oid *old, const struct oid *now, enum verdict v)
{
    struct entry *e;
    unsigned char key[KEY_SIZE];
    if (ends_with(path, WHY_SUFFIX)) return 0;
    if (old && now) return problem_of(r->v, r->where, N_("an entry that was set apart was changed"), path);
    if (old) return check_left(r, path, v);
    int rc = read_blob(r, now);
    if (rc == 0) rc = entry_file_parse(&e, fold_arena(r->fold), key, r->bytes.data, r->bytes.len);
    if (rc) return problem_note(r->v, r->where, rc);
    rc = check_entry(r, path, layout_folder(v), e, key);
    const struct held *h = fold_entry(r->fold, e->id);
    if (rc == 0 && h && h->verdict == VERDICT_GOOD)
        rc = entry_problem(r, e, N_("an entry that applies is set apart too"));
    return rc ? rc : hold_entry(r, e, key, v);
}

static int check_attributes(struct replay *r, const struct oid *now)
{
    int rc = now ? read_blob(r, now) : 0;
    if (rc) return problem_note(r->v, r->where, rc);
    bool same = now && strcmp(buf_str(&r->bytes), LAYOUT_ATTRIBUTES) == 0;
    return same ? 0 : problem_of(r->v, r->where, N_("not what a hub writes"), FILE_ATTRIBUTES);
}

struct hub_changes {
    struct replay *replay;
    struct tree *actual;
    bool receipts; /* they come last, when all that they may name is held */
};

static bool is_below(const char *path, const char *folder)
{
    size_t len = strlen(folder);
    return strncmp(path, folder, len) == 0 && path[len] == '/';
}

/* By where it lies; what a person reads only must be readable. */
static int check_place(
    const struct hub_changes *c, const char *path, const struct oid *old, const struct oid *now)
{
    struct replay *r = c->replay;
    if (is_below(path, FOLDER_EVIDENCE)) return check_pointer(r, path, old, now);
    if (is_below(path, FOLDER_QUARANTINE)) return check_set_apart(r, path, old, now, VERDICT_QUARANTINED);
    if (is_below(path, FOLDER_WAITING)) return check_set_apart(r, path, old, now, VERDICT_WAITING);
    if (strcmp(path, FILE_README) == 0) return 0;
    if (strcmp(path, FILE_ATTRIBUTES) == 0) return check_attributes(r, now);
    if (!is_below(path, FOLDER_RECEIPT))
        return problem_of(r->v, r->where, N_("a commit of the hub must not change"), path);
    if (old) return problem_of(r->v, r->where, N_("a receipt was changed or removed"), path);
    return ends_with(path, ".sig") ? 0 : check_receipt(r, c->actual, path, now);
}

static int check_hub_change(void *ctx, const char *path, const struct oid *old, const struct oid *now)
{
    const struct hub_changes *c = ctx;
    if (is_below(path, FOLDER_RECEIPT) != c->receipts) return 0;
    int rc = now ? read_blob(c->replay, now) : 0;
    return rc ? problem_note(c->replay->v, c->replay->where, rc) : check_place(c, path, old, now);
}

struct signed_by {
    struct signed_by *next;
    unsigned char key[KEY_SIZE];
};

/* Once another key has signed on the branch, one that has signed before it has been replaced: it may be anybody's by now. */
static int check_signer(struct replay *r, const unsigned char key[KEY_SIZE])
{
    struct signed_by *s = r->signers;
    if (s && same_bytes(s->key, key, KEY_SIZE)) return 0;
    for (; s; s = s->next)
        if (same_bytes(s->key, key, KEY_SIZE)) return problem(r->v, r->where, N_("the commit is signed by a key that the hub had replaced"));
    s = arena_alloc(fold_arena(r->fold), sizeof *s);
    if (!s) return ERR_ROAD;
    memcpy(s->key, key, KEY_SIZE);
    s->next = r->signers;
    r->signers = s;
    return 0;
}

static int check_hub_signature(struct replay *r, const struct commit_view *c)
{
    unsigned char key[KEY_SIZE];
    if (!r->v->hub.kit) return 0;
    if (commit_signer(c, key) && registry_hub_key(r->v->registry, key)) return check_signer(r, key);
    return problem(r->v, r->where,
        N_("the commit is neither of an entry nor signed by the hub that the register names"));
}

static int compare_hub_trees(struct replay *r, struct hub_changes *c)
{
    int rc = tree_compare(r->tree, c->actual, check_hub_change, c);
    c->receipts = true;
    return rc ? rc : tree_compare(r->tree, c->actual, check_hub_change, c);
}

static int replay_hub(struct replay *r, const struct commit_view *c)
{
    struct hub_changes changes = {.replay = r};
    int rc = check_hub_signature(r, c);
    if (rc == 0) rc = open_tree(r->v, &c->tree, &changes.actual);
    if (rc) return rc;
    rc = problem_note(r->v, r->where, compare_hub_trees(r, &changes));
    tree_free(changes.actual);
    return rc ? rc : take_over(r, &c->tree);
}

/* ---- ends ---- */

static int chain_problem(struct replay *r, const struct fold_chain *c, int64_t seq, const char *text)
{
    const char *name = arena_printf(&r->arena, "%s:%lld", c->kit, (long long)seq);
    return name ? problem_of(r->v, r->branch->ref, text, name) : ERR_ROAD;
}

static int check_chain(struct replay *r, const struct fold_chain *c)
{
    int rc = 0;
    if (c->gapless < c->highest) rc = chain_problem(r, c, c->gapless + 1, N_("an entry is missing"));
    if (rc == 0 && c->forked_at)
        rc = chain_problem(r, c, c->forked_at, N_("two different entries have one number"));
    if (rc == 0 && c->broken_at)
        rc = chain_problem(r, c, c->broken_at, N_("an entry does not follow the one before it"));
    return rc;
}

static int check_chains(struct replay *r)
{
    size_t len;
    int rc = 0;
    const struct fold_chain *const *chains = fold_chains(r->fold, r->branch->name, &len);
    for (size_t i = 0; i < len && rc == 0; i++) rc = check_chain(r, chains[i]);
    return rc;
}

static int check_bytes(struct replay *r, const char *sha256)
{
    char hex[SHA256_HEX];
    struct verification *v = r->v;
    const char *path = evidence_path(&r->arena, repo_folder(v->repo), sha256),
               *key = arena_strdup(v->arena, sha256);
    if (!path || !key) return ERR_ROAD;
    if (map_get(&v->hashed, sha256)) return 0;
    int rc = map_put(&v->hashed, key, v);
    if (rc) return rc;
    if (!os_exists(path))
        return v->is_hub ? problem_of(v, r->branch->ref, N_("bytes of evidence are not here"), sha256) : 0;
    v->out->evidence++;
    rc = problem_note(v, path, evidence_hash_file(hex, path, NULL));
    return rc || strcmp(hex, sha256) == 0
               ? rc
               : problem_of(v, r->branch->ref, N_("bytes of evidence were changed"), sha256);
}

static int check_pointed(void *ctx, const char *path, const struct oid *blob)
{
    struct replay *r = ctx;
    char sha256[SHA256_HEX];
    uint64_t size;
    (void)path;
    int rc = read_blob(r, blob);
    if (rc == 0) rc = lfs_pointer_read(sha256, &size, r->bytes.data, r->bytes.len);
    return rc ? problem_note(r->v, r->branch->ref, rc) : check_bytes(r, sha256);
}

static int check_anchor(struct replay *r, const struct receipt *receipt, bool *covered)
{
    for (size_t i = 0; i < receipt->heads_len; i++)
        if (strcmp(receipt->heads[i].case_name, r->branch->name) == 0) *covered = true;
    return check_heads(r, r->branch->ref, receipt);
}

static int check_anchors(struct replay *r)
{
    struct verification *v = r->v;
    bool covered = false;
    int rc = 0;
    for (size_t i = 0; i < v->request->against_len && rc == 0; i++)
        rc = check_anchor(r, v->request->against[i], &covered);
    if (rc == 0 && !covered && !v->out->empty)
        rc = jv_push(v->arena, v->out->unanchored, jv_string(v->arena, r->branch->name));
    return rc;
}

static int check_end(struct replay *r)
{
    int rc = check_chains(r);
    if (rc == 0)
        rc = problem_note(r->v, r->branch->ref, tree_walk(r->tree, FOLDER_EVIDENCE, check_pointed, r));
    return rc ? rc : check_anchors(r);
}

/* ---- one branch ---- */

static void advance(struct replay *r, size_t left)
{
    struct progress *p = r->v->request->progress;
    r->v->out->commits++;
    if (p) p->at(p, r->commits_len - left, r->commits_len);
}

static int replay_commits(struct replay *r)
{
    int rc = 0;
    bool by_hub = true;
    for (size_t i = r->commits_len; i-- > 0 && rc == 0;) {
        struct commit_view c;
        say_where(r, &r->commits[i]);
        rc = replay_read(r, &r->commits[i], &c);
        if (rc) return problem_note(r->v, r->where, rc);
        by_hub = commit_trailer(&c, &r->arena, "Entry") == NULL;
        rc = by_hub ? replay_hub(r, &c) : replay_entry(r, &c);
        if (rc)
            return problem_note(r->v, r->where, rc); /* without what is there nothing behind it can be told */
        advance(r, i);
    }
    if (rc == 0 && !by_hub)
        rc = problem(r->v, r->branch->ref, N_("after its last entries the hub's own commit is missing"));
    return rc;
}

int replay_init(struct replay *r, struct verification *v, const struct repo_branch *b)
{
    *r = (struct replay){.v = v, .branch = b};
    arena_init(&r->arena);
    buf_init(&r->bytes, BLOB_MAX);
    int rc = fold_new(&r->fold);
    return rc ? rc : open_tree(v, NULL, &r->tree);
}

void replay_release(struct replay *r)
{
    registry_free(r->so_far);
    fold_free(r->fold);
    tree_free(r->tree);
    free(r->commits);
    arena_release(&r->arena);
    buf_release(&r->bytes);
}

int replay_branch(struct replay *r)
{
    bool whole;
    int rc = replay_list(r, &whole);
    if (rc == 0 && whole) rc = replay_commits(r);
    return rc || !whole ? rc : check_end(r);
}
