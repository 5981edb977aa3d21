/* hub key: the register is told of the hub's key where that is another now, because the hub was restored or its key was stolen
 * or lost. An admin's kit signs that; kits follow by the register, or by the new enrolments that are written here. */
#include "cli.h"

#include <string.h>

#include "enrol.h"
#include "hub_hooks.h"
#include "satchel/base/os.h"
#include "satchel/format/age.h"
#include "satchel/format/enrolment.h"

struct renewing {
    struct cli *c;
    struct hub *hub;
    char was[KIT_ID_SIZE]; /* the kit id of the key that the hub had; "" where it has that one still */
    struct jv *enrolments;
};

/* Before anything is changed: may this kit say so? */
static int check_may(struct cli *c, const char *folder)
{
    unsigned char root[KEY_SIZE];
    const struct hub_identity *joined = store_hub(c->session->store);
    if (!joined) return err_set(ERR_INPUT, "this kit has joined no hub; 'satchel join FILE' first");
    int r = hub_folder_root(folder, root);
    if (r) return r;
    if (!same_bytes(joined->root, root, KEY_SIZE))
        return err_set(ERR_INPUT, "'%s' is a hub of another register than that of '%s', which this kit has joined", folder, joined->name);
    return check_admin(c);
}

/* The record of the hub that this kit has joined, which is to be this hub's. */
static int find_record(struct renewing *n, struct registry_kit *hub)
{
    struct store *s = n->c->session->store;
    const struct hub_identity *joined = store_hub(s);
    const struct registry *r = store_registry(s);
    struct registry_kit named;
    if (!r) return ERR_ROAD;
    if (!registry_hub_now(r, joined->public_key, hub))
        return err_set(ERR_INPUT, "the register does not settle which key '%s' has; see 'satchel conflicts --case register'", joined->name);
    if (registry_hub_now(r, hub_public_key(n->hub), &named) && strcmp(named.person, hub->person) != 0)
        return err_set(ERR_INPUT, "the register names this hub beside the one that this kit has joined, as '%s'; it takes nobody's place", named.name);
    return 0;
}

static int put_hub(struct renewing *n, struct jv *set, const struct registry_kit *before)
{
    struct buf line;
    char recipient[AGE_RECIPIENT_SIZE];
    struct arena *a = &n->c->arena;
    buf_init(&line, 512);
    ssh_key_line_write(&line, hub_public_key(n->hub), NULL);
    age_recipient_write(recipient, hub_recipient(n->hub));
    int r = buf_error(&line);
    if (!r) r = jv_put_str(a, set, "key", buf_str(&line));
    if (!r) r = jv_put_str(a, set, "recipient", recipient);
    if (!r && strcmp(before->name, hub_name(n->hub)) != 0) r = jv_put_str(a, set, "name", hub_name(n->hub));
    buf_release(&line);
    return r;
}

/* The admin's entry. Once it is durable his kit follows the hub by it, as every other will. */
static int tell_register(struct renewing *n)
{
    struct store_tx *tx;
    struct registry_kit before;
    const char *id;
    struct cli *c = n->c;
    struct jv *set = jv_object(&c->arena);
    int r = find_record(n, &before);
    if (r || same_bytes(before.public_key, hub_public_key(n->hub), KEY_SIZE)) return r;
    memcpy(n->was, before.kit, KIT_ID_SIZE);
    r = put_hub(n, set, &before);
    const char *why = cli_option(c, "why");
    struct change change = {.kind = CHANGE_SET, .case_name = REGISTER_CASE, .record = arena_strdup(&c->arena, before.person), .set = set,
        .why = why ? why : T("a new key of the hub")};
    if (!r) r = change.record ? store_begin(&tx, c->session->store) : err_memory();
    if (r) return r;
    r = store_change(tx, &change, &id);
    if (!r) return store_commit(tx);
    store_rollback(tx);
    return r;
}

/* ---- new enrolments ---- */

static int enrol_again(struct renewing *n, const struct registry_kit *kit, const char *folder)
{
    struct arena *a = &n->c->arena;
    struct jv *o = jv_object(a);
    const char *path = path_join(a, folder, arena_printf(a, "%s.enrol", kit->kit));
    int r = path ? write_enrolment(n->c, n->hub, kit->kit, path) : err_memory();
    if (!r) r = jv_put_str(a, o, "kit", kit->kit);
    if (!r) r = jv_put_str(a, o, "name", kit->name);
    if (!r) r = jv_put_str(a, o, "file", path);
    return r ? r : jv_push(a, n->enrolments, o);
}

static int enrol_all_again(struct renewing *n)
{
    size_t len;
    struct store *s = n->c->session->store;
    const char *folder = cli_option(n->c, "output");
    const struct registry *registry = store_registry(s);
    const struct registry_kit *const *kits = registry ? registry_kits(registry, &len) : NULL;
    if (!folder) return 0;
    int r = kits ? os_make_folder(folder) : ERR_ROAD;
    for (size_t i = 0; !r && i < len; i++)
        if (!kits[i]->revoked && strcmp(kits[i]->kit, store_kit(s)) != 0) r = enrol_again(n, kits[i], folder);
    return r;
}

/* ---- the whole ---- */

static int report(struct renewing *n)
{
    char spoken[30];
    struct cli *c = n->c;
    struct jv *o = jv_object(&c->arena);
    fingerprint_spoken(spoken, hub_public_key(n->hub));
    int r = jv_put_str(&c->arena, o, "hub", hub_name(n->hub));
    if (!r) r = jv_put_str(&c->arena, o, "kit", arena_strdup(&c->arena, hub_kit(n->hub)));
    if (!r) r = jv_put_str(&c->arena, o, "fingerprint", spoken);
    if (!r) r = jv_put_str(&c->arena, o, "was", *n->was ? arena_strdup(&c->arena, n->was) : NULL);
    if (!r) r = jv_put(&c->arena, o, "enrolments", n->enrolments);
    c->result = o;
    if (r || c->json) return r;
    if (*n->was)
        fprintf(c->out, T("the register gives the hub '%s' a new key in place of '%s'"), shown(c, hub_name(n->hub)), n->was);
    else
        fprintf(c->out, T("the register names the key of the hub '%s' already"), shown(c, hub_name(n->hub)));
    fprintf(c->out, "\n%s  %s\n", T("compare its fingerprint by voice:"), spoken);
    for (size_t i = 0; i < n->enrolments->len; i++)
        fprintf(c->out, "%s  %s  %s\n", T("enrolment written:"), shown(c, jv_get_str(n->enrolments->items[i], "file")),
            shown(c, jv_get_str(n->enrolments->items[i], "name")));
    fprintf(c->out, "%s\n", T("kits learn it by the next stick that was at this hub, or by 'satchel join' of a new enrolment; until then they send it nothing"));
    return 0;
}

static int renew(struct renewing *n)
{
    n->enrolments = jv_array(&n->c->arena);
    int r = n->enrolments ? hub_sign_branches(n->hub) : err_memory();
    if (!r) r = tell_register(n);
    if (!r) r = hand_over(n->c, n->hub, REGISTER_CASE);
    if (!r) r = enrol_all_again(n);
    return r ? r : report(n);
}

int cmd_hub_key(struct cli *c)
{
    struct hub_desk d;
    int r = check_address(c);
    if (!r) r = session_store(c->session);
    if (!r) r = check_may(c, c->args[0]);
    if (!r && cli_flag(c, "new")) r = hub_renew_keys(c->args[0]);
    if (!r) r = hub_desk_open(&d, c->args[0], c->session->forms, c->session->schemes);
    if (r) return r;
    struct renewing n = {.c = c, .hub = d.hub};
    r = renew(&n);
    hub_desk_close(&d);
    return r;
}
