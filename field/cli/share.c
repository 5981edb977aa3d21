/* What a kit that shares is asked: who may come in, what to take in, what to hand out.
 *
 * Requests come in threads of their own while the worker has the store; so who may come is read from a list of the register's
 * kits, which the worker makes anew when the store has changed. */
#include "share.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "satchel/base/os.h"
#include "satchel/base/text.h"
#include "satchel/base/time.h"
#include "satchel/serve/visit.h"

#define CONNECTIONS 32
#define STOP_SECONDS 5
#define LIST_SECONDS 60.0 /* validity ends with days */

struct known {
    char kit[KIT_ID_SIZE];
    unsigned char key[KEY_SIZE], recipient[KEY_SIZE];
    bool good;
};

struct share {
    struct store *store; /* the worker's, once it runs */
    struct share_options o;
    struct arena arena;
    struct serve *serve;
    struct os_lock *folder_lock;
    const char *folder, *inbox, *outboxes, *apart;
    char code[PAIRING_CODE_SIZE], self[KIT_ID_SIZE], root[KIT_ID_SIZE];
    unsigned char identity[KEY_SIZE];
    uint64_t version; /* of the fold, when the list was made */
    double listed_at;

    pthread_mutex_t lock; /* guards what follows */
    struct known *list;   /* sorted */
    size_t len;
    char colleague[KIT_ID_SIZE];
    int wrong;
    enum share_state state;
};

/* ---- the list ---- */

static int list_kits(struct share *h, struct known **out, size_t *len)
{
    char now[TIME_TEXT];
    const struct registry *r = store_registry(h->store);
    const struct registry_kit *const *kits = r ? registry_kits(r, len) : NULL;
    struct known *list = r ? calloc(*len + 1, sizeof *list) : NULL;
    if (!list) return r ? err_memory() : ERR_ROAD;
    time_write_now(now);
    for (size_t i = 0; i < *len; i++) {
        memcpy(list[i].kit, kits[i]->kit, KIT_ID_SIZE);
        memcpy(list[i].key, kits[i]->public_key, KEY_SIZE);
        memcpy(list[i].recipient, kits[i]->recipient, KEY_SIZE);
        list[i].good = registry_may_see(r, store_fold(h->store), list[i].kit, REGISTER_CASE, NULL, now);
    }
    *out = list;
    return 0;
}

static int make_list(struct share *h)
{
    struct known *list = NULL;
    size_t len = 0;
    int r = list_kits(h, &list, &len);
    if (r) return r;
    h->version = fold_version(store_fold(h->store));
    h->listed_at = os_monotonic_seconds();
    pthread_mutex_lock(&h->lock);
    free(h->list);
    h->list = list;
    h->len = len;
    pthread_mutex_unlock(&h->lock);
    return 0;
}

static int compare_kit(const void *kit, const void *known)
{
    return strcmp(kit, ((const struct known *)known)->kit);
}

/* Under the lock. */
static const struct known *find(const struct share *h, const char *kit)
{
    return h->len ? bsearch(kit, h->list, h->len, sizeof *h->list, compare_kit) : NULL;
}

/* ---- who may come in: from any thread ---- */

static enum standing standing(void *share, const char *kit, const unsigned char key[KEY_SIZE])
{
    struct share *h = share;
    pthread_mutex_lock(&h->lock);
    const struct known *k = find(h, kit);
    bool known = k && same_bytes(k->key, key, KEY_SIZE), good = known && k->good;
    pthread_mutex_unlock(&h->lock);
    return good ? STANDING_GOOD : known ? STANDING_REVOKED : STANDING_UNKNOWN;
}

/* Under the lock. */
static bool knows_code(const struct share *h, const struct wire_login *l, char code[WIRE_TOKEN_SIZE])
{
    char proof[SHA256_HEX];
    const struct known *k = find(h, l->kit);
    if (!k) return false;
    struct pairing p = {.code = h->code, .identity = h->identity, .recipient = k->recipient, .share = h->self, .call = l->kit,
        .root = h->root, .challenge = l->challenge, .nonce = l->nonce};
    bool good = pairing_proof(proof, &p, PAIRING_CALL) == 0 && same_bytes(proof, l->code, SHA256_HEX) &&
                pairing_proof(code, &p, PAIRING_SHARE) == 0;
    err_clear();
    return good;
}

/* Under the lock. */
static const char *judge(struct share *h, const struct wire_login *l, char code[WIRE_TOKEN_SIZE])
{
    if (h->state == SHARE_WRONG) return N_("too many wrong codes: this sharing has ended; begin a new one");
    if (!l->code) return N_("this kit shares with a colleague, by a code that it shows");
    if (strcmp(l->root, h->root) != 0) return N_("the two kits are enrolled in different registers");
    if (*h->colleague && strcmp(h->colleague, l->kit) != 0) return N_("this sharing is for another colleague");
    if (knows_code(h, l, code)) {
        memcpy(h->colleague, l->kit, KIT_ID_SIZE);
        return NULL;
    }
    if (++h->wrong < SHARE_TRIES) return N_("the code is not the one that is shown");
    h->state = SHARE_WRONG;
    return N_("too many wrong codes: this sharing has ended; begin a new one");
}

static const char *admit(void *share, const struct wire_login *l, char code[WIRE_TOKEN_SIZE])
{
    struct share *h = share;
    pthread_mutex_lock(&h->lock);
    const char *no = judge(h, l, code);
    pthread_mutex_unlock(&h->lock);
    return no;
}

/* "DELETE v1/session" */
static void leave_close(struct visit *v)
{
    struct share *h = visit_owner(v);
    pthread_mutex_lock(&h->lock);
    if (h->state == SHARE_OPEN) h->state = SHARE_DONE;
    pthread_mutex_unlock(&h->lock);
    http_answer(v->request, 200, TYPE_JSON, "{}", 2);
}

static const struct route routes[] = {{"DELETE", "/v1/session", .session = true, .close = leave_close}};

/* ---- the worker's work ---- */

static int copy_failed(struct serve_work *out, const struct jv *failed)
{
    int r = 0;
    for (size_t i = 0; i < failed->len && !r; i++) r = jv_push(&out->arena, out->failed, jv_copy(&out->arena, failed->items[i]));
    return r;
}

static int exchange(struct share *h, const struct peer_exchange *x, struct serve_work *out)
{
    struct exchange e = {0};
    int r = store_sync_peer(h->store, x, &e, NULL);
    if (r) return r;
    if (h->o.taken) h->o.taken(h->o.ctx, &e);
    r = copy_failed(out, e.failed);
    exchange_release(&e);
    return r ? r : make_list(h);
}

/* What an earlier sharing has left there is taken in with the rest. */
static int take_in(void *share, struct serve_work *out)
{
    struct share *h = share;
    char kit[KIT_ID_SIZE];
    share_colleague(h, kit);
    if (!*kit) return 0;
    int r = jv_push(&out->arena, out->names, jv_string(&out->arena, kit));
    return r ? r : exchange(h, &(struct peer_exchange){.kit = kit, .take = h->inbox, .no_evidence = h->o.no_evidence, .apart = h->apart}, out);
}

static int hand_out(void *share, const char *kit, struct serve_work *out)
{
    struct share *h = share;
    struct peer_exchange x = {.kit = kit, .put = path_join(&out->arena, h->outboxes, kit), .no_evidence = h->o.no_evidence};
    return x.put ? exchange(h, &x, out) : ERR_ROAD;
}

/* The person goes on working meanwhile, in another process. */
static int look(void *share, struct serve *s)
{
    struct share *h = share;
    char kit[KIT_ID_SIZE];
    int r = store_refresh(h->store);
    if (r) return r;
    bool same = fold_version(store_fold(h->store)) == h->version;
    if (same && os_monotonic_seconds() - h->listed_at < LIST_SECONDS) return 0;
    share_colleague(h, kit);
    if (*kit && !same) serve_unsettle(s, kit);
    return make_list(h);
}

/* ---- start and stop ---- */

static int check_self(struct share *h)
{
    const struct known *k = find(h, h->self);
    if (k && k->good) return 0;
    return err_set(ERR_INPUT, "this kit is not enrolled, or has been revoked; ask an admin for its enrolment");
}

static int open_folder(struct share *h)
{
    struct arena *a = &h->arena;
    h->folder = path_join(a, store_folder(h->store), "share");
    h->inbox = h->folder ? path_join(a, h->folder, "inbox") : NULL;
    h->apart = h->folder ? path_join(a, h->folder, "quarantine") : NULL;
    const char *net = h->folder ? path_join(a, h->folder, "net") : NULL;
    h->outboxes = net ? path_join(a, net, "outbox") : NULL;
    const char *lock = h->folder ? path_join(a, h->folder, "lock") : NULL;
    if (!h->inbox || !h->outboxes || !h->apart || !lock) return ERR_ROAD;
    int r = os_make_folder(h->folder);
    return r ? r : os_lock(&h->folder_lock, lock, true, false);
}

static int start_serving(struct share *h)
{
    struct serve_owner owner = {.ctx = h,
        .kit = h->self,
        .name = store_person_name(h->store),
        .signer = store_signer(h->store),
        .unknown = N_("this kit is not enrolled in the register of the one that shares"),
        .routes = routes,
        .routes_len = sizeof routes / sizeof *routes,
        .standing = standing,
        .admit = admit,
        .take_in = take_in,
        .hand_out = hand_out,
        .look = look};
    struct serve_options o = serve_defaults;
    o.folder = h->folder;
    o.listen = h->o.listen;
    o.plain = true; /* bundles are sealed and signed; see pairing.h */
    o.connections = o.per_address = CONNECTIONS;
    o.stop_seconds = STOP_SECONDS;
    o.tell = h->o.tell;
    o.ctx = h->o.ctx;
    return serve_start(&h->serve, &owner, &o);
}

static int start(struct share *h)
{
    const struct hub_identity *hub = store_hub(h->store);
    if (!hub) return err_set(ERR_INPUT, "this kit has joined no hub, so no colleague stands in its register; 'satchel join FILE' first");
    kit_id_of(h->root, hub->root);
    memcpy(h->self, store_kit(h->store), KIT_ID_SIZE);
    memcpy(h->identity, store_identity(h->store), KEY_SIZE);
    int r = pairing_code_new(h->code);
    if (!r) r = make_list(h);
    if (!r) r = check_self(h);
    if (!r) r = open_folder(h);
    return r ? r : start_serving(h);
}

int share_start(struct share **out, struct store *s, const struct share_options *o)
{
    struct share *h = calloc(1, sizeof *h);
    if (!h) return err_memory();
    h->store = s;
    h->o = *o;
    arena_init(&h->arena);
    pthread_mutex_init(&h->lock, NULL);
    int r = start(h);
    if (r)
        share_stop(h);
    else
        *out = h;
    return r;
}

const char *share_url(const struct share *h)
{
    return serve_url(h->serve);
}

const char *share_code(const struct share *h)
{
    return h->code;
}

enum share_state share_state(struct share *h)
{
    pthread_mutex_lock(&h->lock);
    enum share_state state = h->state;
    pthread_mutex_unlock(&h->lock);
    return state;
}

void share_colleague(struct share *h, char kit[KIT_ID_SIZE])
{
    pthread_mutex_lock(&h->lock);
    memcpy(kit, h->colleague, KIT_ID_SIZE);
    pthread_mutex_unlock(&h->lock);
}

/* After a whole exchange nothing is left to go on with, and who sent what could not be taken in has been told. The log says who was here, and the store is to say nothing unsealed. */
static void clear_up(struct share *h)
{
    struct peer_exchange x = {.kit = h->colleague, .put = path_join(&h->arena, h->outboxes, h->colleague)};
    const char *log = path_join(&h->arena, h->folder, "access.log");
    bool whole = h->state == SHARE_DONE && x.put && os_exists(x.put);
    if (whole && (store_peer_settled(h->store, &x) || os_remove_tree(h->apart))) err_clear();
    if (log && os_remove(log)) err_clear();
}

void share_stop(struct share *h)
{
    if (!h) return;
    serve_stop(h->serve);
    if (h->serve) clear_up(h);
    os_unlock(h->folder_lock);
    wipe(h->code, sizeof h->code);
    wipe(h->identity, sizeof h->identity);
    free(h->list);
    pthread_mutex_destroy(&h->lock);
    arena_release(&h->arena);
    free(h);
}
