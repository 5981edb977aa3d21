/* Branches in memory: read when they are first asked for, kept while they fit, dropped when the branch has
 * moved without us. The fold of a case has the register's entries too; they are the register's own, so it
 * outlives all cases. */
#include "parts.h"

#include <stdlib.h>
#include <string.h>
#include "satchel/base/os.h"
#include "satchel/base/text.h"

/* Of the cases in memory, the register apart. To read one anew costs about as much as to take in some bundles of it. */
#define CASES_MEMORY_MOST ((size_t)64 << 20)
#define ENTRY_FILE_MAX (ENTRY_MAX_BYTES + 4096)
#define WHY_MAX 4096

/* ---- reading ---- */

static int read_tree(void *repo, struct buf *out, const struct oid *id)
{
    return repo_read(repo, out, id, OBJECT_TREE);
}

int case_read_tree(struct repo *repo, const struct oid *commit, struct tree **out)
{
    struct arena a;
    struct buf bytes;
    struct commit_view view;
    arena_init(&a);
    buf_init(&bytes, COMMIT_MAX_BYTES);
    int rc = repo_read(repo, &bytes, commit, OBJECT_COMMIT);
    if (rc == 0) rc = commit_read(&view, &a, bytes.data, bytes.len);
    if (rc == 0) rc = tree_new(out, &(struct tree_reader){read_tree, repo}, &view.tree);
    buf_release(&bytes);
    arena_release(&a);
    return rc;
}

struct reading {
    struct repo *repo;
    struct tree *tree;
    struct fold *fold;
    struct buf bytes;
    enum verdict verdict;
};

static bool is_why(const char *path)
{
    size_t len = strlen(path), end = strlen(WHY_SUFFIX);
    return len > end && strcmp(path + len - end, WHY_SUFFIX) == 0;
}

/* The text beside an entry that does not apply, without its newline. */
static int read_why(struct reading *r, const char *path, struct buf *why)
{
    char why_path[LAYOUT_PATH_SIZE + sizeof WHY_SUFFIX];
    struct oid id;
    if (strlen(path) >= LAYOUT_PATH_SIZE)
        return err_set(ERR_DAMAGED, "'%s' is not a path of the hub's", path);
    memcpy(why_path, path, strlen(path) + 1);
    memcpy(why_path + strlen(path), WHY_SUFFIX, sizeof WHY_SUFFIX);
    int rc = tree_find(r->tree, why_path, &id);
    if (rc) return rc == ERR_MISSING ? 0 : rc;
    rc = repo_read(r->repo, why, &id, OBJECT_BLOB);
    if (rc == 0 && why->len && why->data[why->len - 1] == '\n') why->data[--why->len] = '\0';
    return rc;
}

static int read_entry(void *ctx, const char *path, const struct oid *blob)
{
    struct reading *r = ctx;
    struct entry *e;
    struct buf why;
    unsigned char key[KEY_SIZE];
    bool known;
    if (is_why(path)) return 0;
    buf_clear(&r->bytes);
    buf_init(&why, WHY_MAX);
    int rc = repo_read(r->repo, &r->bytes, blob, OBJECT_BLOB);
    if (rc == 0) rc = entry_file_parse(&e, fold_arena(r->fold), key, r->bytes.data, r->bytes.len);
    if (rc == 0 && r->verdict != VERDICT_GOOD) rc = read_why(r, path, &why);
    if (rc == 0) rc = fold_add(r->fold, e, key, r->verdict, why.len ? buf_str(&why) : NULL, 0, &known);
    buf_release(&why);
    return rc == 0 || rc == ERR_ROAD ? rc : err_within(ERR_DAMAGED, "'%s' of the repository", path);
}

int case_read_entries(struct repo *repo, struct tree *tree, struct fold *f)
{
    static const enum verdict verdicts[] = {VERDICT_GOOD, VERDICT_WAITING, VERDICT_QUARANTINED};
    struct reading r = {.repo = repo, .tree = tree, .fold = f};
    int rc = 0;
    buf_init(&r.bytes, ENTRY_FILE_MAX);
    for (size_t i = 0; i < 3 && rc == 0; i++) {
        r.verdict = verdicts[i];
        rc = tree_walk(tree, layout_folder(r.verdict), read_entry, &r);
    }
    buf_release(&r.bytes);
    return rc;
}

/* ---- one case ---- */

static void case_free(struct hub_case *c)
{
    if (!c) return;
    fold_free(c->fold);
    tree_free(c->tree);
    map_release(&c->brought);
    for (struct adopted *a = c->adopted, *next; a; a = next) {
        next = a->next;
        arena_release(&a->arena);
        free(a);
    }
    free(c);
}

static int read_branch(struct hub *h, struct hub_case *c)
{
    if (!c->born) return tree_new(&c->tree, &(struct tree_reader){read_tree, h->repo}, NULL);
    int rc = case_read_tree(h->repo, &c->tip, &c->tree);
    if (rc == 0) rc = case_read_entries(h->repo, c->tree, c->fold);
    if (rc == 0) rc = evidence_load(h, c);
    return rc ? err_within(rc, "branch '%s'", c->name) : 0;
}

static int add_register(struct fold *f, struct fold *the_register)
{
    size_t len;
    int rc = 0;
    const struct fold_chain *const *chains = fold_chains(the_register, REGISTER_CASE, &len);
    for (size_t i = 0; i < len; i++) {
        for (size_t k = 0; k < chains[i]->entries_len && rc == 0; k++) {
            const struct held *e = chains[i]->entries[k];
            bool known;
            rc = fold_add(f, e->entry, e->public_key, e->verdict, e->reason, e->place, &known);
        }
    }
    return rc;
}

static int case_load(struct hub *h, const char *name, const struct oid *tip, struct hub_case **out)
{
    struct hub_case *c = calloc(1, sizeof *c);
    if (!c) return err_memory();
    memcpy(c->name, name, strlen(name) + 1);
    c->number = ++h->readings;
    map_init(&c->brought);
    c->born = tip != NULL;
    if (tip) c->tip = *tip;
    int rc = fold_new(&c->fold);
    if (rc == 0) rc = read_branch(h, c);
    if (rc == 0 && h->the_register) rc = add_register(c->fold, h->the_register->fold);
    if (rc)
        case_free(c);
    else
        *out = c;
    return rc;
}

/* ---- all cases ---- */

static struct hub_case **place_of(struct hub *h, const char *name)
{
    struct hub_case **at = &h->cases;
    while (*at && strcmp((*at)->name, name) != 0) at = &(*at)->next;
    return at;
}

void case_forget_others(struct hub *h)
{
    for (struct hub_case *c = h->cases, *next; c; c = next) {
        next = c->next;
        case_free(c);
    }
    h->cases = NULL;
}

static void forget_all(struct hub *h)
{
    case_forget_others(h);
    registry_free(h->registry);
    h->registry = NULL;
    case_free(h->the_register);
    h->the_register = NULL;
}

void case_forget(struct hub *h, const char *name)
{
    if (!name || strcmp(name, REGISTER_CASE) == 0) {
        forget_all(h);
        return;
    }
    struct hub_case **at = place_of(h, name), *c = *at;
    if (!c) return;
    *at = c->next;
    case_free(c);
}

static size_t memory_of(const struct hub_case *c)
{
    size_t n = fold_arena(c->fold)->held + tree_memory(c->tree) + c->brought.cap * sizeof *c->brought.slots;
    for (const struct adopted *a = c->adopted; a; a = a->next) n += a->arena.held;
    return n;
}

/* Only the one used last has grown. */
static void note_memory(struct hub *h)
{
    if (h->cases) h->cases->memory = memory_of(h->cases);
}

bool case_memory_held(struct hub *h)
{
    size_t held = 0;
    for (const struct hub_case *c = h->cases; c; c = c->next)
        if (c->ahead && c != h->cases) held += c->memory;
    return held > CASES_MEMORY_MOST;
}

/* Drops the cases that were not used for longest, never the first, nor what no branch has yet. */
static void keep_within_memory(struct hub *h)
{
    size_t used = 0;
    note_memory(h);
    for (struct hub_case **at = &h->cases; *at;) {
        struct hub_case *c = *at;
        used += c->memory;
        if (used <= CASES_MEMORY_MOST || c == h->cases || c->ahead) {
            at = &c->next;
        } else {
            *at = c->next;
            case_free(c);
        }
    }
}

static bool is_current(const struct hub_case *c, bool born, const struct oid *tip)
{
    return c->ahead || (c->born == born && (!born || oid_equal(&c->tip, tip)));
}

static int open_register(struct hub *h, bool born, const struct oid *tip)
{
    if (h->the_register && is_current(h->the_register, born, tip)) return 0;
    forget_all(h);
    return case_load(h, REGISTER_CASE, born ? tip : NULL, &h->the_register);
}

static int open_other(struct hub *h, const char *name, bool born, const struct oid *tip)
{
    note_memory(h);
    struct hub_case **at = place_of(h, name), *c = *at;
    if (c && is_current(c, born, tip)) {
        *at = c->next;
    } else {
        case_forget(h, name);
        int rc = case_load(h, name, born ? tip : NULL, &c);
        if (rc) return rc;
    }
    c->next = h->cases;
    h->cases = c;
    keep_within_memory(h);
    return 0;
}

/* *born: whether there is a branch. */
static int find_tip(struct hub *h, const char *name, bool *born, struct oid *tip)
{
    int rc = repo_tip(h->repo, name, tip);
    *born = rc == 0;
    return rc == ERR_MISSING ? 0 : rc;
}

int case_open(struct hub *h, const char *name, struct hub_case **out)
{
    struct oid tip;
    bool born;
    int rc = find_tip(h, REGISTER_CASE, &born, &tip);
    if (rc == 0) rc = open_register(h, born, &tip);
    if (rc) return rc;
    if (strcmp(name, REGISTER_CASE) == 0) {
        *out = h->the_register;
        return 0;
    }
    rc = find_tip(h, name, &born, &tip);
    if (rc == 0) rc = open_other(h, name, born, &tip);
    if (rc == 0) *out = h->cases;
    return rc;
}

/* ---- who opened it ---- */

/* Entries that create an organisation, by id. */
static int list_openings(struct fold *f, const char *name, struct map *out, const struct held **some)
{
    const struct fold_record *const *records;
    size_t len;
    int rc = fold_records(f, name, &records, &len);
    for (size_t i = 0; i < len && rc == 0; i++) {
        const struct held *h = strcmp(records[i]->type, "organisation") == 0 ? records[i]->created : NULL;
        if (!h) continue;
        *some = h;
        rc = map_put(out, h->entry->id, (void *)h);
    }
    return rc;
}

/* Back to the first commit: the last of the openings that is met there is the first. */
static int find_first(
    struct repo *repo, const struct oid *tip, const struct map *openings, const struct held **first)
{
    struct commit_view view = {.has_parent = true, .parent = *tip};
    struct buf bytes;
    int rc = 0;
    buf_init(&bytes, COMMIT_MAX_BYTES);
    while (rc == 0 && view.has_parent) {
        struct arena a;
        struct oid id = view.parent;
        arena_init(&a);
        buf_clear(&bytes);
        rc = repo_read(repo, &bytes, &id, OBJECT_COMMIT);
        if (rc == 0) rc = commit_read(&view, &a, bytes.data, bytes.len);
        const char *entry = rc ? NULL : commit_trailer(&view, &a, "Entry");
        const struct held *opening = entry ? map_get(openings, entry) : NULL;
        if (opening) *first = opening;
        arena_release(&a);
    }
    buf_release(&bytes);
    return rc;
}

int case_find_opening(
    struct repo *repo, struct fold *f, const char *name, const struct oid *tip, const struct held **first)
{
    struct map openings;
    *first = NULL;
    map_init(&openings);
    int rc = list_openings(f, name, &openings, first);
    if (rc == 0 && openings.len > 1 && tip) rc = find_first(repo, tip, &openings, first);
    map_release(&openings);
    return rc ? err_within(rc, "branch '%s'", name) : 0;
}

int case_opener(struct hub *h, struct hub_case *c, const char **kit)
{
    const struct held *first = NULL;
    int rc = *c->opener ? 0 : case_find_opening(h->repo, c->fold, c->name, c->born ? &c->tip : NULL, &first);
    if (rc == 0 && first) memcpy(c->opener, first->entry->kit, KIT_ID_SIZE);
    if (rc == 0) *kit = *c->opener ? c->opener : NULL;
    return rc;
}

/* ---- the register ---- */

int case_registry(struct hub *h, const struct registry **out)
{
    int rc = 0;
    uint64_t version = fold_case_version(h->the_register->fold, REGISTER_CASE);
    if (!h->registry || h->registry_version != version) {
        registry_free(h->registry);
        h->registry = NULL;
        rc = registry_new(&h->registry, h->the_register->fold, h->forms, h->root);
        h->registry_version = version;
    }
    if (rc == 0) *out = h->registry;
    return rc;
}

/* ---- what is wrong with it ---- */

static int push_alarm(struct arena *a, struct jv *list, const char *text)
{
    return text ? jv_push(a, list, jv_string(a, text)) : ERR_ROAD;
}

struct jv *case_alarms(struct arena *a, struct fold *f, const char *case_name)
{
    size_t len;
    int rc = 0;
    struct jv *list = jv_array(a);
    const struct fold_chain *const *chains = fold_chains(f, case_name, &len);
    for (size_t i = 0; list && i < len && rc == 0; i++) {
        const struct fold_chain *c = chains[i];
        if (c->forked_at)
            rc = push_alarm(a, list,
                arena_printf(a,
                    T("kit '%s' has signed two different entries %lld in case '%s': a cloned or restored "
                      "device"),
                    c->kit, (long long)c->forked_at, case_name));
        if (rc == 0 && c->broken_at)
            rc = push_alarm(a, list,
                arena_printf(a, T("entry %lld of kit '%s' in case '%s' does not follow the one before it"),
                    (long long)c->broken_at, c->kit, case_name));
    }
    return rc ? NULL : list;
}
