/* What the hub holds, in numbers. */
#include <string.h>
#include "parts.h"

#define DEPTH_MOST 8

struct counts {
    int64_t entries, quarantined, waiting, gaps, forks, records, conflicts, awaited;
};

/* Numbers without an entry below the highest. */
static int64_t gaps_of(const struct fold_chain *c)
{
    int64_t numbers = 0, last = 0;
    for (size_t i = 0; i < c->entries_len; i++) {
        if (c->entries[i]->entry->seq != last) numbers++;
        last = c->entries[i]->entry->seq;
    }
    return c->highest - numbers;
}

static void count_chains(struct counts *n, struct fold *f, const char *case_name)
{
    size_t len;
    const struct fold_chain *const *chains = fold_chains(f, case_name, &len);
    for (size_t i = 0; i < len; i++) {
        const struct fold_chain *c = chains[i];
        n->entries += (int64_t)c->entries_len;
        n->gaps += gaps_of(c);
        n->forks += c->forked_at != 0;
        for (size_t k = 0; k < c->entries_len; k++) {
            n->quarantined += c->entries[k]->verdict == VERDICT_QUARANTINED;
            n->waiting += c->entries[k]->verdict == VERDICT_WAITING;
        }
    }
}

static int count_records(struct counts *n, struct fold *f, const char *case_name)
{
    const struct fold_record *const *records;
    size_t len;
    int rc = fold_records(f, case_name, &records, &len);
    for (size_t i = 0; i < len && rc == 0; i++) {
        n->records += records[i]->applied > 0;
        n->conflicts += (int64_t)records[i]->conflicts;
    }
    return rc;
}

static int count_awaited(struct counts *n, struct hub *h, const struct hub_case *c)
{
    struct arena a;
    struct claim *claims;
    size_t len = 0;
    arena_init(&a);
    int rc = layout_claims(c->fold, c->name, &a, &claims, &len);
    for (size_t i = 0; i < len && rc == 0; i++) n->awaited += !evidence_held(h, c, claims[i].sha256, NULL);
    arena_release(&a);
    return rc;
}

static struct jv *counts_value(
    struct arena *a, const char *case_name, const struct counts *n, const struct jv *alarms)
{
    struct jv *v = jv_object(a);
    int rc = jv_put_str(a, v, "case", case_name);
    if (rc == 0) rc = jv_put_int(a, v, "entries", n->entries);
    if (rc == 0) rc = jv_put_int(a, v, "records", n->records);
    if (rc == 0) rc = jv_put_int(a, v, "conflicts", n->conflicts);
    if (rc == 0) rc = jv_put_int(a, v, "gaps", n->gaps);
    if (rc == 0) rc = jv_put_int(a, v, "quarantined", n->quarantined);
    if (rc == 0) rc = jv_put_int(a, v, "waiting", n->waiting);
    if (rc == 0) rc = jv_put_int(a, v, "awaited", n->awaited);
    if (rc == 0) rc = jv_put_int(a, v, "forks", n->forks);
    if (rc == 0) rc = jv_put(a, v, "alarms", alarms);
    return rc ? NULL : v;
}

static int case_status(struct hub *h, const char *name, struct arena *a, struct jv *list)
{
    struct counts n = {0};
    struct hub_case *c;
    int rc = case_open(h, name, &c);
    if (rc) return rc;
    count_chains(&n, c->fold, name);
    rc = count_records(&n, c->fold, name);
    if (rc == 0) rc = count_awaited(&n, h, c);
    return rc ? rc : jv_push(a, list, counts_value(a, name, &n, case_alarms(a, c->fold, name)));
}

/* ---- sizes ---- */

/* Of all files below a folder; a missing one has none. What goes meanwhile counts or not. */
static int add_sizes(const char *folder, int depth, int64_t *bytes)
{
    struct arena a;
    const char **names = NULL;
    struct file_info info;
    size_t len = 0;
    arena_init(&a);
    int rc = os_list(&names, &len, &a, folder);
    for (size_t i = 0; i < len && rc == 0; i++) {
        const char *path = path_join(&a, folder, names[i]);
        rc = path ? os_stat(&info, path) : ERR_ROAD;
        if (rc == 0 && info.is_folder && depth < DEPTH_MOST) rc = add_sizes(path, depth + 1, bytes);
        if (rc == 0 && info.is_file) *bytes += (int64_t)info.size;
        if (rc == ERR_MISSING) rc = 0;
    }
    arena_release(&a);
    return rc == ERR_MISSING ? 0 : rc;
}

static int put_size(struct arena *a, struct jv *v, const char *name, const char *folder)
{
    int64_t bytes = 0;
    int rc = folder ? add_sizes(folder, 0, &bytes) : ERR_ROAD;
    return rc ? rc : jv_put_int(a, v, name, bytes);
}

static int put_sizes(struct hub *h, struct arena *a, struct jv *status)
{
    struct repo_sizes s;
    struct jv *v = jv_object(a);
    int rc = v ? repo_measure(h->repo, &s) : ERR_ROAD;
    if (rc == 0) rc = put_size(a, v, "evidence", path_join(a, repo_folder(h->repo), "lfs/objects"));
    if (rc == 0) rc = put_size(a, v, "inbox", hub_file(a, h, "inbox"));
    if (rc == 0) rc = put_size(a, v, "partial", hub_file(a, h, "partial"));
    if (rc == 0) rc = put_size(a, v, "uploads", hub_file(a, h, "uploads"));
    if (rc == 0) rc = jv_put_int(a, v, "objects", s.objects);
    if (rc == 0) rc = jv_put_int(a, v, "packs", s.packs);
    if (rc == 0) rc = jv_put_int(a, v, "repository", s.bytes);
    err_clear();
    return rc ? rc : jv_put(a, status, "sizes", v);
}

int hub_status(struct hub *h, struct arena *a, struct jv **out)
{
    struct jv *v = jv_object(a), *list = jv_array(a);
    size_t len, kits = 0;
    const struct registry *registry = hub_registry(h);
    const char *const *cases = registry ? hub_cases(h, &len) : NULL;
    int rc = cases && list ? 0 : ERR_ROAD;
    for (size_t i = 0; rc == 0 && i < len; i++) rc = case_status(h, cases[i], a, list);
    registry = rc ? NULL : hub_registry(h);
    if (registry) registry_kits(registry, &kits);
    if (rc == 0) rc = jv_put_str(a, v, "name", h->name);
    if (rc == 0) rc = jv_put_str(a, v, "kit", h->kit);
    if (rc == 0) rc = jv_put_int(a, v, "kits", (int64_t)kits);
    if (rc == 0) rc = jv_put(a, v, "cases", list);
    if (rc == 0) rc = put_sizes(h, a, v);
    if (rc == 0) *out = v;
    return rc;
}
