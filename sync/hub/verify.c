/* Proof of a hub's repository, from the outside and offline: the register first, since it names all keys;
 * then every branch is replayed (replay.c); then the anchors. */
#include "replay.h"

#include <string.h>
#include "satchel/base/os.h"
#include "satchel/base/text.h"

static int verify_branch(struct verification *v, const struct repo_branch *b)
{
    struct replay r;
    if (!layout_branch_valid(b->name)) return problem(v, b->ref, N_("no case can have this name"));
    int rc = replay_init(&r, v, b);
    if (rc == 0) rc = replay_branch(&r);
    replay_release(&r);
    return rc;
}

/* A clone's own branch that only lags behind the one it was cloned from says nothing of its own. */
static int lags_behind(
    struct verification *v, const struct repo_branch *b, const struct repo_branch *other, bool *lags)
{
    struct replay r;
    bool whole;
    int rc = replay_init(&r, v, other);
    if (rc == 0) rc = replay_list(&r, &whole);
    *lags = false;
    for (size_t i = 0; i < r.commits_len && rc == 0; i++) *lags = *lags || oid_equal(&r.commits[i], &b->tip);
    replay_release(&r);
    return rc;
}

static int verify_named(struct verification *v, size_t i)
{
    const struct repo_branch *b = &v->branches[i], *next = i + 1 < v->branches_len ? b + 1 : NULL;
    bool lags = false;
    int rc = 0;
    if (next && strcmp(next->name, b->name) == 0) {
        rc = lags_behind(v, b, next, &lags);
    } else {
        v->out->cases++;
        rc = map_put(&v->cases, b->name, v);
    }
    return rc || lags ? rc : verify_branch(v, b);
}

/* ---- the register first ---- */

static const struct repo_branch *find_branch(const struct verification *v, const char *name)
{
    const struct repo_branch *found = NULL;
    for (size_t i = 0; i < v->branches_len; i++)
        if (strcmp(v->branches[i].name, name) == 0) found = &v->branches[i];
    return found;
}

/* Without a root from outside it is the key of the register's first entry. */
static int find_root(struct verification *v, const struct repo_branch *b)
{
    struct replay r;
    bool whole, found = false;
    int rc = replay_init(&r, v, b);
    if (rc == 0) rc = replay_list(&r, &whole);
    for (size_t i = r.commits_len; rc == 0 && whole && !found && i-- > 0;) {
        struct commit_view c;
        rc = replay_read(&r, &r.commits[i], &c);
        const char *id = rc ? NULL : commit_trailer(&c, &r.arena, "Entry");
        const struct held *h = id ? fold_entry(v->the_register, id) : NULL;
        if (h) memcpy(v->root, h->public_key, KEY_SIZE);
        found = h != NULL;
    }
    replay_release(&r);
    return rc;
}

static int read_register(struct verification *v, const struct repo_branch *b)
{
    struct tree *tree;
    int rc = case_read_tree(v->repo, &b->tip, &tree);
    if (rc) return rc;
    rc = case_read_entries(v->repo, tree, v->the_register);
    tree_free(tree);
    return rc;
}

/* The hub has made the register's branch, and nobody has sent anything. */
static bool is_empty(const struct verification *v)
{
    size_t len;
    fold_chains(v->the_register, REGISTER_CASE, &len);
    return len == 0 && v->branches_len == 1;
}

/* What the register says at its end; whether it says so rightly is found when its branch is replayed. */
static int load_register(struct verification *v)
{
    const struct repo_branch *b = find_branch(v, REGISTER_CASE);
    if (!b) return problem(v, v->request->path, N_("there is no branch 'register'"));
    int rc = problem_note(v, b->ref, read_register(v, b));
    if (rc == 0 && v->request->root)
        memcpy(v->root, v->request->root, KEY_SIZE);
    else if (rc == 0)
        rc = problem_note(v, b->ref, find_root(v, b));
    if (rc == 0) rc = registry_new(&v->registry, v->the_register, v->request->forms, v->root);
    if (rc == 0) v->out->empty = v->out->problems->len == 0 && is_empty(v);
    if (rc == 0 && !registry_hub(v->registry, &v->hub) && !v->out->empty)
        rc = problem(v, b->ref, N_("the register does not name the hub"));
    return rc;
}

/* ---- anchors ---- */

static int check_anchor_key(struct verification *v, size_t i)
{
    const struct receipt *receipt = v->request->against[i];
    char root[KIT_ID_SIZE];
    kit_id_of(root, v->root);
    if (!v->hub.kit || !registry_hub_key(v->registry, v->request->against_keys[i]))
        return problem_of(v, "--against", N_("the receipt is not of the hub that the register names, but of"),
            receipt->hub);
    if (strcmp(receipt->root, root) != 0)
        return problem_of(
            v, "--against", N_("the receipt is of another register, whose root is"), receipt->root);
    return 0;
}

static int check_anchored_cases(struct verification *v)
{
    int rc = 0;
    for (size_t i = 0; i < v->request->against_len && rc == 0; i++) {
        const struct receipt *receipt = v->request->against[i];
        rc = check_anchor_key(v, i);
        for (size_t k = 0; k < receipt->heads_len && rc == 0; k++) {
            const char *name = receipt->heads[k].case_name;
            if (map_get(&v->cases, name)) continue;
            rc = problem_of(v, "--against", N_("a case that a receipt names is not here"), name);
            if (rc == 0) rc = map_put(&v->cases, name, v);
        }
    }
    return rc;
}

/* ---- the whole ---- */

static int verify_all(struct verification *v)
{
    int rc = load_register(v);
    for (size_t i = 0; i < v->branches_len && rc == 0; i++) rc = verify_named(v, i);
    if (rc == 0) rc = check_anchored_cases(v);
    memcpy(v->out->root, v->root, KEY_SIZE);
    if (v->out->problems->len) v->out->empty = false;
    v->out->anchored = v->request->root && v->out->unanchored->len == 0 && v->out->cases > 0;
    return rc;
}

static int verification_init(
    struct verification *v, const struct verify_request *r, struct arena *a, struct verified *out)
{
    *v = (struct verification){.request = r, .arena = a, .out = out};
    map_init(&v->cases);
    map_init(&v->hashed);
    *out = (struct verified){.problems = jv_array(a), .unanchored = jv_array(a)};
    const char *config = path_join(a, r->path, "hub.json");
    if (!out->problems || !out->unanchored || !config) return ERR_ROAD;
    v->is_hub = os_exists(config);
    int rc = digest_sha1(&v->sha1);
    if (rc == 0) rc = fold_new(&v->the_register);
    if (rc == 0) rc = repo_open(&v->repo, r->path);
    return rc ? rc : repo_branches(v->repo, a, &v->branches, &v->branches_len);
}

static void verification_release(struct verification *v)
{
    registry_free(v->registry);
    fold_free(v->the_register);
    repo_close(v->repo);
    digest_free(v->sha1);
    map_release(&v->cases);
    map_release(&v->hashed);
}

int hub_verify(const struct verify_request *r, struct arena *a, struct verified *out)
{
    struct verification v;
    struct verified result;
    int rc = verification_init(&v, r, a, &result);
    if (rc == 0) rc = verify_all(&v);
    verification_release(&v);
    if (rc) return rc;
    *out = result;
    if (result.problems->len == 0) return 0;
    return err_set(ERR_NO, "%zu problems were found", result.problems->len);
}
