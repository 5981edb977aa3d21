/* A hub's folder is made.
 *
 * hub.json, canonical JSON, without a secret:
 *
 *   {"admin":{"email","key","name","recipient"},"format":"satchel hub 1","name":…}
 *
 * "admin" is the first admin as the request has named him; his key is the root of the register. */
#include <string.h>
#include "parts.h"
#include "satchel/base/os.h"
#include "satchel/format/age.h"

static struct jv *admin_value(struct arena *a, const struct request *q)
{
    struct buf line;
    char recipient[AGE_RECIPIENT_SIZE];
    struct jv *v = jv_object(a);
    buf_init(&line, KEY_FILE_MAX);
    ssh_key_line_write(&line, q->public_key, NULL);
    age_recipient_write(recipient, q->recipient);
    int rc = buf_error(&line);
    if (rc == 0) rc = jv_put_str(a, v, "email", q->email);
    if (rc == 0) rc = jv_put_str(a, v, "key", buf_str(&line));
    if (rc == 0) rc = jv_put_str(a, v, "name", q->name);
    if (rc == 0) rc = jv_put_str(a, v, "recipient", recipient);
    buf_release(&line);
    return rc ? NULL : v;
}

/* As hub.new: a folder without hub.json is no hub yet. */
static int write_config(struct arena *a, const char *folder, const char *name, const struct request *q)
{
    struct buf bytes;
    struct jv *v = jv_object(a);
    const char *path = path_join(a, folder, "hub.new");
    int rc = path ? jv_put(a, v, "admin", admin_value(a, q)) : ERR_ROAD;
    if (rc == 0) rc = jv_put_str(a, v, "format", HUB_FORMAT);
    if (rc == 0) rc = jv_put_str(a, v, "name", name);
    if (rc) return rc;
    buf_init(&bytes, HUB_CONFIG_MAX);
    json_write(&bytes, v);
    rc = buf_error(&bytes);
    if (rc == 0) rc = file_write(path, bytes.data, bytes.len);
    buf_release(&bytes);
    return rc;
}

/* Under another name until it is complete, so that what a killed hub_init left is known as such. One that
 * refuse_old has let pass is complete, and empty. */
static int make_repository(struct arena *a, const char *folder)
{
    const char *made = path_join(a, folder, "repo.new"), *path = path_join(a, folder, "repo.git");
    if (!made || !path) return ERR_ROAD;
    if (os_exists(path)) return 0;
    int rc = os_remove_tree(made);
    if (rc == 0) rc = repo_create(made, REGISTER_CASE);
    return rc ? rc : os_rename(made, path);
}

static int make_folders(struct arena *a, const char *folder)
{
    static const char *const names[] = {"keys", "inbox", "quarantine", "partial", "staging", "pieces"};
    int rc = 0;
    for (size_t i = 0; i < sizeof names / sizeof *names && rc == 0; i++) {
        const char *path = path_join(a, folder, names[i]);
        rc = path ? os_make_folder(path) : ERR_ROAD;
    }
    return rc;
}

/* A repository beside hub.new is what a hub_init that was stopped has left. */
static int refuse_old(struct arena *a, const char *folder)
{
    const char *config = path_join(a, folder, "hub.json"), *made = path_join(a, folder, "hub.new"),
               *repo = path_join(a, folder, "repo.git");
    if (!config || !made || !repo) return ERR_ROAD;
    const char *old = os_exists(config) ? config : os_exists(repo) && !os_exists(made) ? repo : NULL;
    return old ? err_set(ERR_INPUT, "'%s' is there already; choose another folder", old) : 0;
}

/* Forth when all the rest is there, back where the register could not be begun. */
static int rename_config(struct arena *a, const char *folder, const char *from, const char *to)
{
    const char *old = path_join(a, folder, from), *fresh = path_join(a, folder, to);
    return old && fresh ? os_rename(old, fresh) : ERR_ROAD;
}

/* The branch of the register begins with a commit of the hub's. */
static int begin_register(struct hub *h)
{
    struct arena a;
    struct hub_case *c;
    struct merge m = {0};
    static const char none[] = "0000000000000000";
    arena_init(&a);
    int rc = hub_begin(h);
    if (rc) goto out;
    rc = case_open(h, REGISTER_CASE, &c);
    if (rc == 0) rc = merge_begin(&m, h, c, none, NULL, &a);
    m.changed = true;
    if (rc == 0) rc = merge_finish(&m);
    merge_release(&m);
    if (rc == 0) rc = round_store(h);
    round_drop(h);
    hub_end(h);
out:
    arena_release(&a);
    return rc;
}

static int make_hub(struct arena *a, const char *folder, const char *name, const struct request *q)
{
    const char *keys = path_join(a, folder, "keys");
    int rc = keys ? refuse_old(a, folder) : ERR_ROAD;
    if (rc == 0) rc = make_folders(a, folder);
    if (rc == 0) rc = keys_make(a, keys);
    if (rc == 0) rc = write_config(a, folder, name, q);
    if (rc == 0) rc = make_repository(a, folder);
    return rc ? rc : rename_config(a, folder, "hub.new", "hub.json");
}

int hub_make(const char *folder, const char *name, const struct request *admin, struct forms *forms)
{
    struct arena a;
    struct hub *h;
    arena_init(&a);
    int rc = make_hub(&a, folder, name, admin);
    if (rc == 0) rc = hub_open(&h, folder, forms, NULL);
    if (rc == 0) {
        rc = begin_register(h);
        hub_close(h);
        if (rc && rename_config(&a, folder, "hub.json", "hub.new")) rc = ERR_ROAD;
    }
    arena_release(&a);
    return rc;
}

int hub_init(const char *folder, const char *name, const void *request, size_t len, struct forms *forms)
{
    struct arena a;
    struct request q;
    arena_init(&a);
    int rc = request_read(&q, &a, request, len);
    if (rc == 0) rc = hub_make(folder, name, &q, forms);
    arena_release(&a);
    return rc;
}
