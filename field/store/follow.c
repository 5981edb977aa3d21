/* A hub whose key is another now: the register says so, by an entry of an admin's, and so the kit follows it. Nobody else's
 * word counts, the hub's own least of all. What was on its way to the old key is on its way to nobody: it is due anew. */
#include "exchange.h"

#include <string.h>

/* The hub that this kit has joined, as the register names it now; *moved: by another key than the kit knows it by. */
static int find_hub(struct store *s, struct registry_kit *now, bool *moved)
{
    const struct registry *r;
    *moved = false;
    int rc = s->hub.kit ? store_registry_get(s, &r) : 0;
    if (rc || !s->hub.kit || !registry_hub_now(r, s->hub.public_key, now)) return rc;
    *moved = !same_bytes(now->public_key, s->hub.public_key, KEY_SIZE);
    return 0;
}

/* Files for the hub, wherever they lie: their contents are sealed to a key that nobody opens them with any more. */
static int let_go(struct store_tx *tx, struct store *s, const char *name, struct arena *a)
{
    const struct jv *about = NULL;
    int rc = setting_json(s, name, a, &about);
    if (rc || !about || about->type != JV_OBJECT || jv_get_str(about, "to")) return rc;
    return store_tx_set(tx, name, "null");
}

static int let_all_go(struct store_tx *tx, struct store *s)
{
    struct arena a;
    const char *const *names;
    size_t len = 0;
    arena_init(&a);
    int rc = store_settings(s, "sent.", &a, &names, &len);
    for (size_t i = 0; i < len && rc == 0; i++) rc = let_go(tx, s, names[i], &a);
    arena_release(&a);
    return rc;
}

int follow_hub(struct store_tx *tx)
{
    struct store *s = tx_store(tx);
    struct registry_kit now;
    bool moved;
    int rc = find_hub(s, &now, &moved);
    if (rc || !moved) return rc;
    struct hub_identity hub = {.name = now.name, .kit = now.kit};
    memcpy(hub.public_key, now.public_key, KEY_SIZE);
    memcpy(hub.recipient, now.recipient, KEY_SIZE);
    memcpy(hub.root, s->hub.root, KEY_SIZE);
    rc = let_all_go(tx, s);
    return rc ? rc : store_tx_hub(tx, &hub);
}

int follows(struct store *s, const unsigned char public_key[KEY_SIZE], bool *yes)
{
    struct registry_kit now;
    int rc = find_hub(s, &now, yes);
    *yes = rc == 0 && *yes && same_bytes(now.public_key, public_key, KEY_SIZE);
    return rc;
}

int hub_signed(struct store *s, const unsigned char public_key[KEY_SIZE], bool *yes)
{
    const struct registry *r;
    struct registry_kit now;
    *yes = s->hub.kit && same_bytes(public_key, s->hub.public_key, KEY_SIZE);
    int rc = s->hub.kit && !*yes ? store_registry_get(s, &r) : 0;
    if (rc || !s->hub.kit || *yes) return rc;
    *yes = registry_hub_now(r, public_key, &now) && same_bytes(now.public_key, s->hub.public_key, KEY_SIZE);
    return 0;
}
