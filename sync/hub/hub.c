/* The hub's folder: opened, locked, asked. */
#include <stdlib.h>
#include <string.h>
#include "parts.h"
#include "satchel/base/os.h"
#include "satchel/format/age.h"
#include "satchel/format/shape.h"

#define PACKS_MOST 32
#define PACKS_GRACE (30 * 60) /* seconds; a clone that takes longer looks anew */

/* ---- opening ---- */

static int read_small(struct hub *h, const char *name, struct buf *out)
{
    const char *path = hub_file(&h->arena, h, name);
    return path ? file_read(path, out) : ERR_ROAD;
}

static bool is_text(const char *s)
{
    return *s != '\0';
}

static bool is_format(const char *s)
{
    return strcmp(s, HUB_FORMAT) == 0;
}

static bool any_text(const char *s)
{
    return s != NULL;
}

static int read_admin(struct hub *h, const struct jv *v)
{
    struct shape s;
    char kit[KIT_ID_SIZE];
    shape_begin(&s, v);
    h->admin.email = shape_text(&s, "email", any_text);
    const char *key = shape_text(&s, "key", is_text);
    h->admin.name = shape_text(&s, "name", any_text);
    const char *recipient = shape_text(&s, "recipient", is_text);
    int rc = shape_end(&s);
    if (rc == 0) rc = ssh_key_line_read(h->admin.public_key, key);
    if (rc == 0) rc = age_recipient_read(h->admin.recipient, recipient);
    if (rc) return rc;
    kit_id_of(kit, h->admin.public_key);
    h->admin.kit = arena_strdup(&h->arena, kit);
    memcpy(h->root, h->admin.public_key, KEY_SIZE);
    return h->admin.kit ? 0 : ERR_ROAD;
}

static int read_config(struct hub *h)
{
    struct buf bytes;
    struct shape s;
    const struct jv *v;
    buf_init(&bytes, HUB_CONFIG_MAX);
    int rc = read_small(h, "hub.json", &bytes);
    if (rc == ERR_MISSING) rc = err_set(ERR_MISSING, "'%s' is not the folder of a hub", h->folder);
    if (rc == 0) rc = json_parse_canonical(&v, &h->arena, bytes.data, bytes.len, 4, 32);
    if (rc == 0) {
        shape_begin(&s, v);
        shape_text(&s, "format", is_format);
        h->name = shape_text(&s, "name", is_text);
        const struct jv *admin = shape_get(&s, "admin", JV_OBJECT);
        rc = shape_end(&s);
        if (rc == 0) rc = read_admin(h, admin);
    }
    buf_release(&bytes);
    return rc == ERR_INPUT ? err_within(ERR_DAMAGED, "hub.json") : rc;
}

static int read_signing_key(struct hub *h)
{
    unsigned char seed[KEY_SIZE];
    struct buf bytes;
    buf_init(&bytes, KEY_FILE_MAX);
    int rc = read_small(h, "keys/hub", &bytes);
    if (rc == 0) rc = ssh_private_key_read(seed, bytes.data, bytes.len);
    if (rc == 0) rc = seed_signer(&h->signer, seed);
    if (rc == 0) kit_id_of(h->kit, h->signer.public_key);
    wipe(seed, sizeof seed);
    buf_wipe(&bytes);
    return rc;
}

static int read_identity(struct hub *h)
{
    struct buf bytes;
    buf_init(&bytes, KEY_FILE_MAX);
    int rc = read_small(h, "keys/hub.age", &bytes);
    if (rc == 0 && bytes.len && bytes.data[bytes.len - 1] == '\n') bytes.data[--bytes.len] = '\0';
    if (rc == 0) rc = age_identity_read(h->identity, buf_str(&bytes));
    if (rc == 0) rc = x25519_public(h->recipient, h->identity);
    buf_wipe(&bytes);
    return rc;
}

int hub_folder_root(const char *folder, unsigned char root[KEY_SIZE])
{
    struct hub h = {0};
    arena_init(&h.arena);
    h.folder = folder;
    int rc = read_config(&h);
    if (rc == 0) memcpy(root, h.root, KEY_SIZE);
    arena_release(&h.arena);
    return rc;
}

static int open_parts(struct hub *h, const char *folder)
{
    const char *path = path_join(&h->arena, folder, "repo.git");
    h->folder = arena_strdup(&h->arena, folder);
    int rc = path && h->folder ? read_config(h) : ERR_ROAD;
    if (rc == 0) rc = keys_settle(&h->arena, folder);
    if (rc == 0) rc = read_signing_key(h);
    if (rc == 0) rc = read_identity(h);
    return rc ? rc : repo_open(&h->repo, path);
}

int hub_open(struct hub **out, const char *folder, struct forms *forms, const struct hub_hooks *hooks)
{
    struct hub *h = calloc(1, sizeof *h);
    if (!h) return err_memory();
    arena_init(&h->arena);
    arena_init(&h->answer);
    arena_init(&h->names_arena);
    round_init(h);
    h->forms = forms;
    if (hooks) h->hooks = *hooks;
    int rc = open_parts(h, folder);
    if (rc)
        hub_close(h);
    else
        *out = h;
    return rc;
}

void hub_close(struct hub *h)
{
    if (!h) return;
    round_drop(h);
    hub_end(h);
    case_forget(h, NULL);
    served_free(h);
    tree_free(h->glance);
    repo_close(h->repo);
    arena_release(&h->answer);
    arena_release(&h->names_arena);
    arena_release(&h->arena);
    wipe(&h->signer, sizeof h->signer);
    wipe(h->identity, sizeof h->identity);
    free(h);
}

/* ---- the lock ---- */

/* Another process may have given the hub new keys since it was opened here. */
static int check_keys(struct hub *h)
{
    unsigned char key[KEY_SIZE];
    struct arena a;
    arena_init(&a);
    int rc = keys_public(&a, h->folder, key);
    arena_release(&a);
    if (rc == ERR_MISSING) { /* it is for people, and somebody has taken it away */
        err_clear();
        return 0;
    }
    if (rc || same_bytes(key, h->signer.public_key, KEY_SIZE)) return rc;
    return err_set(ERR_WAIT, "the hub was given another key meanwhile; begin again");
}

int hub_begin(struct hub *h)
{
    struct arena a;
    arena_init(&a);
    const char *path = hub_file(&a, h, "lock");
    int rc = path ? os_lock(&h->lock, path, true, true) : ERR_ROAD;
    h->names = NULL;
    if (rc == 0) {
        rc = check_keys(h);
        if (rc == 0) rc = repo_clean(h->repo);
        if (rc == 0) rc = hub_clean(h);
        if (rc == 0) rc = repo_consolidate(h->repo, PACKS_MOST, PACKS_GRACE);
        if (rc) hub_end(h);
    }
    arena_release(&a);
    return rc;
}

void hub_end(struct hub *h)
{
    os_unlock(h->lock);
    h->lock = NULL;
}

/* ---- answers ---- */

const char *hub_name(const struct hub *h)
{
    return h->name;
}

const char *hub_kit(const struct hub *h)
{
    return h->kit;
}

const unsigned char *hub_public_key(const struct hub *h)
{
    return h->signer.public_key;
}

const unsigned char *hub_recipient(const struct hub *h)
{
    return h->recipient;
}

const unsigned char *hub_root(const struct hub *h)
{
    return h->root;
}

const char *hub_repo_path(const struct hub *h)
{
    return repo_folder(h->repo);
}

static const char *const *list_cases(struct hub *h, struct arena *a, size_t *len)
{
    struct repo_branch *branches;
    size_t branches_len, n = 0;
    arena_release(a);
    arena_init(a);
    *len = 0;
    if (repo_branches(h->repo, a, &branches, &branches_len)) return NULL;
    const char **names = arena_alloc(a, (branches_len + 1) * sizeof *names);
    for (size_t i = 0; names && i < branches_len; i++)
        if (layout_branch_valid(branches[i].name)) names[n++] = branches[i].name;
    *len = n;
    return names;
}

const char *const *hub_cases(struct hub *h, size_t *len)
{
    return list_cases(h, &h->answer, len);
}

const char *const *hub_names(struct hub *h, size_t *len)
{
    if (!h->names) h->names = list_cases(h, &h->names_arena, &h->names_len);
    *len = h->names_len;
    return h->names;
}

const char *hub_tip(struct hub *h, const char *case_name)
{
    struct oid tip;
    if (repo_tip(h->repo, case_name, &tip)) return NULL;
    oid_write(h->tip, &tip);
    return h->tip;
}

int hub_fold(struct hub *h, const char *case_name, struct fold **out)
{
    struct hub_case *c;
    int rc = case_open(h, case_name, &c);
    if (rc == 0 && !c->born) rc = err_set(ERR_MISSING, "there is no case '%s' here", case_name);
    if (rc == 0) *out = c->fold;
    return rc;
}

const struct registry *hub_registry(struct hub *h)
{
    struct hub_case *c;
    const struct registry *registry;
    return case_open(h, REGISTER_CASE, &c) || case_registry(h, &registry) ? NULL : registry;
}

int hub_register_lines(struct hub *h, struct buf *out)
{
    struct hub_case *c;
    size_t len;
    int rc = case_open(h, REGISTER_CASE, &c);
    if (rc) return rc;
    const struct fold_chain *const *chains = fold_chains(c->fold, REGISTER_CASE, &len);
    for (size_t i = 0; i < len; i++) {
        for (size_t k = 0; k < chains[i]->entries_len; k++) {
            const struct held *e = chains[i]->entries[k];
            if (e->verdict == VERDICT_GOOD) entry_line_write(out, e->entry, e->public_key);
        }
    }
    return buf_error(out);
}

/* ---- one entry ---- */

static int read_entry_at(struct hub *h, struct tree *tree, const char *path, struct arena *a,
    struct entry **out, unsigned char public_key[KEY_SIZE])
{
    struct oid id;
    struct buf bytes;
    int rc = tree_find(tree, path, &id);
    if (rc) return rc;
    buf_init(&bytes, ENTRY_MAX_BYTES + KEY_FILE_MAX);
    rc = repo_read(h->repo, &bytes, &id, OBJECT_BLOB);
    if (rc == 0) rc = entry_file_parse(out, a, public_key, bytes.data, bytes.len);
    buf_release(&bytes);
    return rc;
}

/* Who asks for one entry asks for the next of the same record; its folders are likely the same. */
static int open_glance(struct hub *h, const char *case_name)
{
    struct oid tip;
    int rc = repo_tip(h->repo, case_name, &tip);
    if (rc == ERR_MISSING) return err_set(ERR_MISSING, "there is no case '%s' here", case_name);
    if (rc || (h->glance && oid_equal(&h->glance_tip, &tip))) return rc;
    tree_free(h->glance);
    h->glance = NULL;
    h->glance_tip = tip;
    return case_read_tree(h->repo, &tip, &h->glance);
}

int hub_entry(struct hub *h, const char *case_name, const char *kit, int64_t seq, const char *id,
    struct arena *a, struct entry **out, unsigned char public_key[KEY_SIZE], enum verdict *verdict)
{
    static const enum verdict verdicts[] = {VERDICT_GOOD, VERDICT_QUARANTINED, VERDICT_WAITING};
    char path[LAYOUT_PATH_SIZE];
    int rc = open_glance(h, case_name);
    if (rc) return rc;
    rc = ERR_MISSING;
    for (size_t i = 0; i < 3 && rc == ERR_MISSING; i++) {
        layout_entry_path(path, layout_folder(verdicts[i]), kit, seq, id);
        rc = read_entry_at(h, h->glance, path, a, out, public_key);
        if (rc == 0) *verdict = verdicts[i];
    }
    return rc == ERR_MISSING ? err_set(ERR_MISSING, "entry '%s:%lld' is not here", kit, (long long)seq) : rc;
}
