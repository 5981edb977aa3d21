/* What the register says of who may what, read through a hub that writes nothing, while the worker is at work on another.
 *
 * A list of kits is kept from one request to the next as long as the register's branch is the same: its file says so, and
 * costs a look at it. Days come and go too, so it is never older than a minute. */
#include <stdlib.h>
#include <string.h>
#include "satchel/base/time.h"
#include "serve_parts.h"

#define MINUTE 60.0
#define LIST_SECONDS 5.0 /* between two lists for the sake of a case that is not in the last one */

struct kit_standing {
    char kit[KIT_ID_SIZE];
    unsigned char key[KEY_SIZE];
    bool good;
};

/* Where the branch stands, as the file system tells. */
struct stamp {
    struct file_info loose, packed;
};

/* Names of cases that a kit may see, to look in; whether it still may is asked again each time. */
struct seen {
    struct seen *next;
    char kit[KIT_ID_SIZE];
    struct arena arena;
    const char **names;
    size_t len;
    bool all;       /* there are no others */
    double made_of; /* sight.made at that time */
    double made;
};

struct sight {
    struct seen *seen;
    struct kit_standing *kits; /* sorted */
    size_t len;
    struct stamp stamp;
    double made; /* 0: never */
};

int sight_init(struct hub_serve *s)
{
    s->sight = calloc(1, sizeof *s->sight);
    return s->sight ? 0 : err_memory();
}

void sight_release(struct hub_serve *s)
{
    while (s->sight && s->sight->seen) {
        struct seen *k = s->sight->seen;
        s->sight->seen = k->next;
        arena_release(&k->arena);
        free(k);
    }
    if (s->sight) free(s->sight->kits);
    free(s->sight);
}

/* ---- the list ---- */

static int look(struct hub_serve *s, const char *name, struct file_info *out)
{
    struct arena a;
    arena_init(&a);
    *out = (struct file_info){0};
    const char *path = path_join(&a, hub_repo_path(s->reader), name);
    int rc = path ? os_stat(out, path) : ERR_ROAD;
    arena_release(&a);
    if (rc != ERR_MISSING) return rc;
    err_clear();
    return 0;
}

static int take_stamp(struct hub_serve *s, struct stamp *out)
{
    memset(out, 0, sizeof *out);
    int rc = look(s, "refs/heads/" REGISTER_CASE, &out->loose);
    return rc ? rc : look(s, "packed-refs", &out->packed);
}

static bool same_file(const struct file_info *a, const struct file_info *b)
{
    return a->size == b->size && a->modified == b->modified && a->identity[0] == b->identity[0] &&
           a->identity[1] == b->identity[1];
}

static void add_kits(const struct registry *r, struct fold *f, struct kit_standing *kits, size_t *len)
{
    size_t n;
    char now[TIME_TEXT];
    time_write(now, time_now(), 0);
    const struct registry_kit *const *list = registry_kits(r, &n);
    for (size_t i = 0; i < n; i++) {
        struct kit_standing *k = &kits[(*len)++];
        memcpy(k->kit, list[i]->kit, KIT_ID_SIZE);
        memcpy(k->key, list[i]->public_key, KEY_SIZE);
        k->good = !list[i]->revoked && registry_may_see(r, f, k->kit, REGISTER_CASE, NULL, now);
    }
}

static int compare_kits(const void *a, const void *b)
{
    return strcmp(((const struct kit_standing *)a)->kit, ((const struct kit_standing *)b)->kit);
}

/* The first admin's kit is to fill the register; until then it is in no answer of it. */
static void add_root(struct hub_serve *s, const struct registry *r, struct kit_standing *kits, size_t *len)
{
    if (registry_kit(r, s->reader->admin.kit)) return;
    struct kit_standing *k = &kits[(*len)++];
    memcpy(k->kit, s->reader->admin.kit, KIT_ID_SIZE);
    memcpy(k->key, s->reader->root, KEY_SIZE);
    k->good = true;
}

/* The register is opened once: another process may move it at any moment, and what was read before is gone then. */
static int make_list(struct hub_serve *s, struct sight *g)
{
    size_t n, len = 0;
    struct hub_case *c;
    const struct registry *r;
    int rc = case_open(s->reader, REGISTER_CASE, &c);
    if (rc == 0) rc = case_registry(s->reader, &r);
    if (rc) return rc;
    registry_kits(r, &n);
    struct kit_standing *kits = calloc(n + 1, sizeof *kits);
    if (!kits) return err_memory();
    if (c->born) add_kits(r, c->fold, kits, &len);
    add_root(s, r, kits, &len);
    qsort(kits, len, sizeof *kits, compare_kits);
    free(g->kits);
    g->kits = kits;
    g->len = len;
    return 0;
}

/* The stamp is from before the reading: what comes in between is read again. */
static int refresh(struct hub_serve *s)
{
    struct sight *g = s->sight;
    struct stamp stamp;
    double now = os_monotonic_seconds();
    int rc = take_stamp(s, &stamp);
    if (rc) return rc;
    bool same = same_file(&stamp.loose, &g->stamp.loose) && same_file(&stamp.packed, &g->stamp.packed);
    if (same && g->made > 0 && now - g->made < MINUTE) return 0;
    rc = make_list(s, g);
    if (rc) return rc;
    g->stamp = stamp;
    g->made = now;
    return 0;
}

static enum standing standing(const struct sight *g, const char *kit, const unsigned char key[KEY_SIZE])
{
    struct kit_standing wanted;
    memcpy(wanted.kit, kit, KIT_ID_SIZE);
    const struct kit_standing *k = g->len ? bsearch(&wanted, g->kits, g->len, sizeof *g->kits, compare_kits) : NULL;
    if (!k || !same_bytes(k->key, key, KEY_SIZE)) return STANDING_UNKNOWN;
    return k->good ? STANDING_GOOD : STANDING_REVOKED;
}

enum standing sight_standing(void *hub_serve, const char *kit, const unsigned char key[KEY_SIZE])
{
    struct hub_serve *s = hub_serve;
    pthread_mutex_lock(&s->sight_lock);
    enum standing is = refresh(s) ? STANDING_FAILED : standing(s->sight, kit, key);
    pthread_mutex_unlock(&s->sight_lock);
    return is;
}

/* ---- cases that a kit may see ---- */

/* NULL without a failure: it may not. */
static int open_seen(struct hub_serve *s, const char *kit, const char *name, struct hub_case **out)
{
    struct hub_case *c;
    const char *opener;
    char now[TIME_TEXT];
    *out = NULL;
    time_write(now, time_now(), 0);
    const struct registry *r;
    int rc = case_open(s->reader, name, &c);
    if (rc == 0) rc = case_opener(s->reader, c, &opener);
    if (rc == 0) rc = case_registry(s->reader, &r);
    if (rc) return rc;
    if (c->born && registry_may_see(r, c->fold, kit, name, opener, now)) *out = c;
    return 0;
}

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int list_awaited(struct hub_serve *s, struct hub_case *c, struct arena *a, struct wire_case *out)
{
    struct claim *claims;
    size_t len, n = 0;
    int rc = layout_claims(c->fold, c->name, a, &claims, &len);
    const char **list = rc ? NULL : arena_alloc(a, (len + 1) * sizeof *list);
    if (!list) return rc ? rc : ERR_ROAD;
    for (size_t i = 0; i < len; i++)
        if (!evidence_held(s->reader, c, claims[i].sha256, NULL)) list[n++] = arena_strdup(a, claims[i].sha256);
    if (n > 1) qsort(list, n, sizeof *list, compare_texts);
    for (size_t i = 0; i < n; i++)
        if (out->awaited_len == 0 || strcmp(list[out->awaited_len - 1], list[i]) != 0) list[out->awaited_len++] = list[i];
    out->awaited = list;
    return 0;
}

/* Names of kits live with the fold, which may be forgotten for the next case's sake. */
static int copy_have(struct hub_case *c, struct arena *a, struct wire_case *out)
{
    const struct have *have;
    size_t len;
    int rc = fold_have(c->fold, c->name, a, &have, &len);
    struct have *copy = rc ? NULL : arena_alloc(a, (len + 1) * sizeof *copy);
    if (!copy) return rc ? rc : ERR_ROAD;
    for (size_t i = 0; i < len; i++) {
        copy[i] = (struct have){arena_strdup(a, have[i].kit), have[i].seq};
        if (!copy[i].kit) return ERR_ROAD;
    }
    out->have = copy;
    out->have_len = len;
    return 0;
}

static int copy_names(struct hub_serve *s, struct arena *a, const char ***out, size_t *len)
{
    const char *const *names = hub_cases(s->reader, len);
    const char **copy = names ? arena_alloc(a, (*len + 1) * sizeof *copy) : NULL;
    if (!copy) return ERR_ROAD;
    for (size_t i = 0; i < *len; i++)
        if (!(copy[i] = arena_strdup(a, names[i]))) return ERR_ROAD;
    *out = copy;
    return 0;
}

static int write_have(struct visit *v, struct buf *out)
{
    struct hub_serve *s = visit_owner(v);
    const char **names;
    size_t len, n = 0;
    int rc = copy_names(s, &v->arena, &names, &len);
    struct wire_case *cases = rc ? NULL : arena_alloc(&v->arena, (len + 1) * sizeof *cases);
    if (!cases) return rc ? rc : ERR_ROAD;
    for (size_t i = 0; i < len && rc == 0; i++) {
        struct hub_case *c;
        rc = open_seen(s, v->kit, names[i], &c);
        if (rc || !c) continue;
        struct wire_case *w = &cases[n++];
        w->name = names[i];
        rc = copy_have(c, &v->arena, w);
        if (rc == 0) rc = list_awaited(s, c, &v->arena, w);
    }
    return rc ? rc : wire_have_write(out, cases, n);
}

void have_close(struct visit *v)
{
    struct buf b;
    buf_init(&b, WIRE_HAVE_MAX);
    pthread_mutex_lock(&visit_hub(v)->sight_lock);
    int rc = write_have(v, &b);
    case_forget_others(visit_hub(v)->reader);
    pthread_mutex_unlock(&visit_hub(v)->sight_lock);
    answer_json(v, 200, rc, &b);
    buf_release(&b);
}

/* ---- evidence ---- */

static int is_seen_in(struct visit *v, const char *name, const char *sha256, uint64_t *size, bool *seen)
{
    struct hub_case *c;
    int rc = open_seen(visit_hub(v), v->kit, name, &c);
    *seen = rc == 0 && c && evidence_held(visit_hub(v)->reader, c, sha256, size);
    return rc;
}

static struct seen *seen_of(struct sight *g, const char *kit)
{
    struct seen *k = g->seen;
    while (k && strcmp(k->kit, kit) != 0) k = k->next;
    if (k || !(k = calloc(1, sizeof *k))) return k;
    memcpy(k->kit, kit, KIT_ID_SIZE);
    arena_init(&k->arena);
    k->next = g->seen;
    return g->seen = k;
}

static int list_seen(struct hub_serve *s, struct seen *k)
{
    const char **names;
    size_t len;
    arena_release(&k->arena);
    arena_init(&k->arena);
    k->names = NULL;
    k->len = 0;
    int rc = copy_names(s, &k->arena, &names, &len);
    for (size_t i = 0; i < len && rc == 0; i++) {
        struct hub_case *c;
        rc = open_seen(s, k->kit, names[i], &c);
        if (rc == 0 && c) names[k->len++] = names[i];
    }
    if (rc) return rc;
    if (k->len > 1) qsort(names, k->len, sizeof *names, compare_texts);
    k->names = names;
    k->all = k->len == len;
    k->made_of = s->sight->made;
    k->made = os_monotonic_seconds();
    return 0;
}

/* *listed: the hint, where it is one of these cases; else NULL. One that is asked for and is not there may have come since. */
static int find_seen(struct hub_serve *s, struct seen *k, const char *hint, const char **listed)
{
    bool fresh = k->names && k->made_of == s->sight->made;
    int rc = fresh ? 0 : list_seen(s, k);
    *listed = NULL;
    for (int again = 0; rc == 0 && hint && again < 2; again++) {
        const char *const *at = k->len ? bsearch(&hint, k->names, k->len, sizeof *k->names, compare_texts) : NULL;
        if (at) *listed = *at;
        if (at || again || os_monotonic_seconds() - k->made < LIST_SECONDS) break;
        rc = list_seen(s, k);
    }
    return rc;
}

/* The same is done whether the hub has no such bytes or case, or has them for others: how long an answer takes tells nothing
 * either. Who sees all cases is spared that. */
int sight_evidence(struct visit *v, const char *hint, const char *sha256, uint64_t *size, bool *seen)
{
    struct hub_serve *s = visit_owner(v);
    const char *listed, *path = evidence_path(&v->arena, hub_repo_path(s->reader), sha256);
    struct seen *k = seen_of(s->sight, v->kit);
    int rc = k && path ? find_seen(s, k, hint, &listed) : err_memory();
    if (rc == 0 && listed) rc = is_seen_in(v, listed, sha256, size, seen);
    if (rc || *seen || (k->all && !os_exists(path))) return rc;
    for (size_t i = 0; i < k->len && rc == 0 && !*seen; i++) rc = is_seen_in(v, k->names[i], sha256, size, seen);
    return rc;
}

void evidence_close(struct visit *v)
{
    struct hub_serve *s = visit_owner(v);
    bool seen = false;
    uint64_t size = 0;
    int rc = 0;
    const char *path = is_sha256_hex(v->tail) ? evidence_path(&v->arena, hub_repo_path(s->reader), v->tail) : NULL;
    if (path) {
        pthread_mutex_lock(&s->sight_lock);
        rc = sight_evidence(v, http_query(v->request, "case"), v->tail, &size, &seen);
        case_forget_others(s->reader);
        pthread_mutex_unlock(&s->sight_lock);
    }
    if (rc)
        answer_json(v, 500, rc, NULL);
    else if (seen)
        answer_run(v, path, size);
    else
        refuse(v, 404, N_("there is nothing of that name"));
}
