/* What is particular to the exchange between two kits of one audit: who a colleague is, and what he may see. */
#include "exchange.h"

#include <string.h>

#include "satchel/base/time.h"

/* ---- who ---- */

struct finding {
    struct store *s;
    const struct registry *registry;
    const char *who;
    char now[TIME_TEXT];
};

static bool may_exchange(const struct finding *f, const char *kit)
{
    return registry_may_see(f->registry, f->s->fold, kit, REGISTER_CASE, NULL, f->now);
}

/* Of the person that is called so. */
static int find_person(const struct finding *f, const struct registry_kit **out)
{
    size_t len, n = 0;
    const struct registry_kit *const *kits = registry_kits(f->registry, &len);
    for (size_t i = 0; i < len; i++) {
        bool named = strcmp(kits[i]->name, f->who) == 0 || strcmp(kits[i]->email, f->who) == 0;
        if (!named || strcmp(kits[i]->kit, f->s->kit) == 0 || !may_exchange(f, kits[i]->kit)) continue;
        *out = kits[i];
        n++;
    }
    if (n == 1) return 0;
    if (n == 0) return err_set(ERR_INPUT, "the register has no kit '%s', and no person of that name with a kit that is not revoked", f->who);
    return err_set(ERR_INPUT, "'%s' has %zu kits; say which: 'satchel list kit'", f->who, n);
}

static int find(const struct finding *f, const char **kit)
{
    const struct registry_kit *k = registry_kit(f->registry, f->who);
    int rc = k ? 0 : find_person(f, &k);
    if (rc) return rc;
    *kit = k->kit;
    if (strcmp(k->kit, f->s->kit) == 0) return err_set(ERR_INPUT, "'%s' is this kit itself", k->kit);
    if (!may_exchange(f, f->s->kit)) return err_set(ERR_INPUT, "this kit is not enrolled, or has been revoked; ask an admin for its enrolment");
    if (may_exchange(f, k->kit)) return 0;
    return err_set(ERR_INPUT, "kit '%s' of %s has been revoked, or its person's time is over", k->kit, k->name);
}

int store_find_peer(struct store *s, const char *who, struct arena *a, const char **kit)
{
    struct finding f = {.s = s, .who = who};
    const char *found = NULL;
    time_write_now(f.now);
    int rc = store_refresh(s);
    if (rc == 0) rc = store_registry_get(s, &f.registry);
    if (rc == 0) rc = find(&f, &found);
    if (rc) return rc;
    *kit = arena_strdup(a, found);
    return *kit ? 0 : ERR_ROAD;
}

/* ---- what comes from one ---- */

/* A case that is new here is judged by what it brings: its assignments are in it. */
int peer_admits(struct store *s, const struct manifest *m)
{
    size_t len;
    const struct registry *r;
    char now[TIME_TEXT];
    const struct hub_identity *hub = store_hub(s);
    if (hub && strcmp(m->from, hub->kit) == 0) return 0;
    fold_chains(s->fold, m->case_name, &len);
    if (len == 0) return 0;
    time_write_now(now);
    int rc = store_registry_get(s, &r);
    if (rc || registry_may_see(r, s->fold, m->from, m->case_name, NULL, now)) return rc;
    return err_set(ERR_INPUT, "the person of kit '%s' may not see case '%s'", m->from, m->case_name);
}

/* ---- what is not asked for ---- */

int peer_note_freed(struct store_tx *tx, const char *case_name, const struct jv *hashes, struct arena *a)
{
    struct buf b;
    struct store *s = tx_store(tx);
    const struct jv *before = NULL;
    struct jv *all = jv_object(a);
    char *name = arena_printf(a, "freed.%s", case_name);
    int rc = name && all ? setting_json(s, name, a, &before) : ERR_ROAD;
    for (size_t i = 0; rc == 0 && before && i < before->len; i++) rc = jv_put(a, all, before->keys[i], before->items[i]);
    for (size_t i = 0; rc == 0 && i < hashes->len; i++) rc = jv_put(a, all, hashes->keys[i], hashes->items[i]);
    if (rc) return rc;
    buf_init(&b, BUF_UNLIMITED);
    json_write(&b, all);
    rc = buf_error(&b);
    if (rc == 0) rc = store_tx_set(tx, name, buf_str(&b));
    buf_release(&b);
    return rc;
}
