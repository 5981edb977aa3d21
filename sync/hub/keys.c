/* The hub's own keys: made, and made anew in place of those that were stolen or lost.
 *
 * DIR/keys.new becomes DIR/keys by a rename, so that a hub never has halves of two. What was there stays as
 * DIR/keys.<kit id> ("keys.lost" where that can't be told): what was sealed to it can still be opened with
 * stock tools. From the new key's first commit on a branch no older key counts there (replay.c), so one is
 * made on every branch: who has stolen a key can then add nothing. */
#include <string.h>
#include "parts.h"
#include "satchel/base/os.h"
#include "satchel/format/age.h"

/* ---- making ---- */

static int write_signing_key(struct arena *a, const char *keys)
{
    unsigned char seed[KEY_SIZE], public_key[KEY_SIZE];
    struct buf file, line;
    buf_init(&file, KEY_FILE_MAX);
    buf_init(&line, KEY_FILE_MAX);
    const char *path = path_join(a, keys, "hub"), *public_path = path_join(a, keys, "hub.pub");
    int rc = path && public_path ? random_bytes(seed, sizeof seed) : ERR_ROAD;
    if (rc == 0) rc = ed25519_public(public_key, seed);
    if (rc) goto out;
    ssh_private_key_write(&file, seed, "hub");
    ssh_key_line_write(&line, public_key, "hub");
    buf_addc(&line, '\n');
    rc = buf_error(&file) ? buf_error(&file) : buf_error(&line);
    if (rc == 0) rc = file_write(path, file.data, file.len);
    if (rc == 0) rc = file_write(public_path, line.data, line.len);
out:
    wipe(seed, sizeof seed);
    buf_wipe(&file);
    buf_release(&line);
    return rc;
}

static int write_identity(struct arena *a, const char *keys)
{
    unsigned char scalar[KEY_SIZE];
    char text[AGE_IDENTITY_SIZE + 1];
    const char *path = path_join(a, keys, "hub.age");
    int rc = path ? random_bytes(scalar, sizeof scalar) : ERR_ROAD;
    if (rc == 0) {
        age_identity_write(text, scalar);
        strcat(text, "\n");
        rc = file_write(path, text, strlen(text));
    }
    wipe(scalar, sizeof scalar);
    wipe(text, sizeof text);
    return rc;
}

int keys_make(struct arena *a, const char *keys)
{
    int rc = write_signing_key(a, keys);
    return rc ? rc : write_identity(a, keys);
}

int keys_public(struct arena *a, const char *folder, unsigned char key[KEY_SIZE])
{
    struct buf line;
    const char *keys = path_join(a, folder, "keys"), *path = keys ? path_join(a, keys, "hub.pub") : NULL;
    buf_init(&line, KEY_FILE_MAX);
    int rc = path ? file_read(path, &line) : ERR_ROAD;
    if (rc == 0 && line.len && line.data[line.len - 1] == '\n') line.data[--line.len] = '\0';
    if (rc == 0) rc = ssh_key_line_read(key, buf_str(&line));
    buf_release(&line);
    return rc;
}

/* ---- in place of others ---- */

int keys_settle(struct arena *a, const char *folder)
{
    const char *keys = path_join(a, folder, "keys"), *fresh = path_join(a, folder, "keys.new"),
               *age = fresh ? path_join(a, fresh, "hub.age") : NULL;
    if (!keys || !age) return ERR_ROAD;
    return !os_exists(keys) && os_exists(age) ? os_rename(fresh, keys) : 0;
}

/* Where the keys that were go to; a number follows where that is taken. */
static char *former_path(struct arena *a, const char *folder)
{
    unsigned char key[KEY_SIZE];
    char kit[KIT_ID_SIZE] = "lost";
    if (keys_public(a, folder, key) == 0) kit_id_of(kit, key);
    err_clear();
    char *to = path_join(a, folder, arena_printf(a, "keys.%s", kit));
    for (int n = 2; to && os_exists(to); n++) to = path_join(a, folder, arena_printf(a, "keys.%s-%d", kit, n));
    return to;
}

static int renew(struct arena *a, const char *folder)
{
    const char *keys = path_join(a, folder, "keys"), *fresh = path_join(a, folder, "keys.new");
    const char *former = keys && fresh ? former_path(a, folder) : NULL;
    int rc = former ? os_remove_tree(fresh) : ERR_ROAD;
    if (rc == 0) rc = os_make_folder(fresh);
    if (rc == 0) rc = keys_make(a, fresh);
    if (rc == 0 && os_exists(keys)) rc = os_rename(keys, former);
    return rc ? rc : os_rename(fresh, keys);
}

/* A server would go on signing with the key that it has in memory. */
static int refuse_served(struct arena *a, const char *folder, struct os_lock **lock)
{
    const char *uploads = path_join(a, folder, "upload"), *path = uploads ? path_join(a, uploads, "lock") : NULL;
    *lock = NULL;
    if (!path) return ERR_ROAD;
    if (!os_exists(uploads) || os_lock(lock, path, true, false) == 0) return 0;
    return err_set(ERR_ROAD, "the hub in '%s' is being served; end 'hub serve' first", folder);
}

int hub_renew_keys(const char *folder)
{
    struct arena a;
    struct os_lock *served = NULL, *lock = NULL;
    arena_init(&a);
    unsigned char root[KEY_SIZE];
    const char *path = path_join(&a, folder, "lock");
    int rc = path ? hub_folder_root(folder, root) : ERR_ROAD;
    if (rc == 0) rc = refuse_served(&a, folder, &served);
    if (rc == 0) rc = os_lock(&lock, path, true, true);
    if (rc == 0) rc = keys_settle(&a, folder);
    if (rc == 0) rc = renew(&a, folder);
    os_unlock(lock);
    os_unlock(served);
    arena_release(&a);
    return rc;
}

/* ---- the first commit by a new key ---- */

static int is_own(struct hub *h, const struct repo_branch *b, struct arena *a, bool *own)
{
    struct buf bytes;
    struct commit_view view;
    unsigned char key[KEY_SIZE];
    buf_init(&bytes, COMMIT_MAX_BYTES);
    int rc = repo_read(h->repo, &bytes, &b->tip, OBJECT_COMMIT);
    if (rc == 0) rc = commit_read(&view, a, bytes.data, bytes.len);
    if (rc == 0) *own = commit_signer(&view, key) && same_bytes(key, h->signer.public_key, KEY_SIZE);
    buf_release(&bytes);
    return rc;
}

static int sign_branch(struct hub *h, const struct repo_branch *b, struct arena *a)
{
    struct hub_case *c;
    struct merge m = {0};
    const char *bundle;
    bool own;
    int rc = is_own(h, b, a, &own);
    if (rc || own) return rc;
    rc = case_open(h, b->name, &c);
    if (rc == 0) rc = receipt_last_bundle(h, c, a, &bundle);
    if (rc) return rc;
    rc = merge_begin(&m, h, c, bundle ? bundle : "", NULL, a);
    m.changed = m.new_key = true;
    if (rc == 0) rc = merge_finish(&m);
    merge_release(&m);
    return rc ? rc : round_store(h);
}

static int sign_branches(struct hub *h, struct arena *a)
{
    struct repo_branch *branches = NULL;
    size_t len = 0;
    int rc = repo_branches(h->repo, a, &branches, &len);
    for (size_t i = 0; i < len && rc == 0; i++) {
        if (!layout_branch_valid(branches[i].name)) continue;
        rc = sign_branch(h, &branches[i], a);
        case_forget_others(h);
    }
    return rc;
}

int hub_sign_branches(struct hub *h)
{
    struct arena a;
    int rc = hub_begin(h);
    if (rc) return rc;
    arena_init(&a);
    rc = sign_branches(h, &a);
    round_drop(h);
    hub_end(h);
    arena_release(&a);
    return rc;
}
