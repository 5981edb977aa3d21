/* A round: what bundles share on their way in, so that many of them cost hardly more syncs than one.
 *
 * Their entries go into branches in memory and their objects into one pack; their evidence lies in
 * DIR/staging. Nothing of it counts until round_store has made all of it durable, in this order: bytes of
 * evidence and then their names and marks, and beside them the pack; the branches; kits.json. A crash between any
 * two leaves what nobody has been told of, and the bundles are simply taken in again. */
#include <stdlib.h>
#include <string.h>
#include "parts.h"
#include "satchel/base/at_once.h"

/* Bytes that are whole and hashed, but not synced. */
struct round_file {
    struct round_file *next;
    char sha256[SHA256_HEX];
    uint64_t size;
    const char *path;
    const char *to, *folder; /* where evidence of its name is held, once that is asked for */
    bool brought; /* a bundle that was taken in has brought them */
};

/* A case whose branch is ahead in memory. */
struct round_case {
    struct round_case *next;
    struct hub_case *c;
    struct oid from, to;
    bool born; /* at `from` */
    const struct held **entries; /* for the hook */
    size_t entries_len, entries_cap;
};

struct round_mark {
    struct round_mark *next;
    const char *case_name, *sha256;
};

struct round_note {
    struct round_note *next;
    const struct manifest *manifest;
    bool fresh;
};

/* ---- beginning and ending ---- */

int round_pack(struct hub *h, const char *case_name, struct pack **out)
{
    struct round *r = &h->round;
    int rc = r->pack ? 0 : pack_new(&r->pack);
    if (rc == 0) rc = pack_scope(r->pack, case_name);
    if (rc == 0) *out = r->pack;
    return rc;
}

void round_init(struct hub *h)
{
    h->round = (struct round){0};
    arena_init(&h->round.arena);
    map_init(&h->round.files);
    map_init(&h->round.folders);
}

static void clear(struct hub *h)
{
    struct round *r = &h->round;
    pack_free(r->pack);
    map_release(&r->files);
    map_release(&r->folders);
    arena_release(&r->arena);
    round_init(h);
}

/* What is in memory of cases that did not get to the disk is nowhere else. */
void round_drop(struct hub *h)
{
    for (struct round_case *i = h->round.cases; i; i = i->next) i->c->ahead = NULL;
    if (h->round.cases) case_forget(h, NULL);
    clear(h);
}

bool round_must_end(struct hub *h)
{
    const struct round *r = &h->round;
    return r->spoiled || r->bundles >= ROUND_BUNDLES || r->bytes >= ROUND_BYTES ||
           (r->pack && pack_size(r->pack) >= ROUND_PACK_BYTES) || case_memory_held(h);
}

/* ---- what it collects ---- */

static struct round_file *file_of(const struct hub *h, const char *sha256)
{
    return map_get(&h->round.files, sha256);
}

bool round_has(const struct hub *h, const char *sha256, uint64_t *size)
{
    const struct round_file *f = file_of(h, sha256);
    if (f && size) *size = f->size;
    return f != NULL;
}

int round_staged(struct hub *h, const char *sha256, const char *path, uint64_t size)
{
    struct round *r = &h->round;
    struct round_file *f = arena_alloc(&r->arena, sizeof *f);
    const char *copy = arena_strdup(&r->arena, path);
    if (!f || !copy) return ERR_ROAD;
    *f = (struct round_file){.path = copy, .size = size, .next = r->first_file};
    memcpy(f->sha256, sha256, SHA256_HEX);
    r->first_file = f;
    r->bytes += size;
    return map_put(&r->files, f->sha256, f);
}

void round_bring(struct hub *h, const char *sha256)
{
    struct round_file *f = file_of(h, sha256);
    if (f) f->brought = true;
}

static int sync_folder_later(struct round *r, const char *path)
{
    if (map_get(&r->folders, path)) return 0;
    const char *copy = arena_strdup(&r->arena, path);
    return copy ? map_put(&r->folders, copy, r) : ERR_ROAD;
}

/* objects/ab/cd and objects/ab of a file there. */
static int sync_folders_of(struct round *r, const char *path)
{
    int rc = 0;
    for (int i = 0; i < 2 && rc == 0; i++) {
        path = arena_strndup(&r->arena, path, (size_t)(path_name(path) - path - 1));
        rc = path ? sync_folder_later(r, path) : ERR_ROAD;
    }
    return rc;
}

int round_point(struct hub *h, const char *sha256)
{
    const char *path = evidence_path(&h->round.arena, repo_folder(h->repo), sha256);
    return !path ? ERR_ROAD : file_of(h, sha256) ? 0 : sync_folders_of(&h->round, path);
}

int round_mark(struct hub *h, const char *case_name, const char *sha256)
{
    struct round *r = &h->round;
    struct round_mark *m = arena_alloc(&r->arena, sizeof *m);
    if (!m) return ERR_ROAD;
    *m = (struct round_mark){
        r->marks, arena_strdup(&r->arena, case_name), arena_strdup(&r->arena, sha256)};
    r->marks = m;
    return m->case_name && m->sha256 ? 0 : ERR_ROAD;
}

static struct round_case *begin_case(struct round *r, struct hub_case *c)
{
    struct round_case *i = arena_alloc(&r->arena, sizeof *i);
    if (!i) return NULL;
    *i = (struct round_case){.next = r->cases, .c = c, .from = c->tip, .born = c->born};
    r->cases = i;
    return i;
}

static int add_entries(struct round *r, struct round_case *i, const struct fresh *fresh, size_t len)
{
    if (i->entries_len + len > i->entries_cap) {
        size_t cap = 2 * (i->entries_len + len);
        const struct held **more = arena_alloc(&r->arena, cap * sizeof *more);
        if (!more) return ERR_ROAD;
        if (i->entries_len) memcpy(more, i->entries, i->entries_len * sizeof *more);
        i->entries = more;
        i->entries_cap = cap;
    }
    for (size_t k = 0; k < len; k++) i->entries[i->entries_len++] = fresh[k].held;
    return 0;
}

int round_move(struct hub *h, struct hub_case *c, const struct oid *to, const struct fresh *fresh, size_t len)
{
    struct round *r = &h->round;
    struct round_case *i = c->ahead ? c->ahead : begin_case(r, c);
    int rc = i ? add_entries(r, i, fresh, len) : ERR_ROAD;
    if (rc) {
        if (i && !c->ahead) r->cases = i->next;
        return rc;
    }
    c->ahead = i;
    c->tip = i->to = *to;
    c->born = true;
    return 0;
}

int round_note(struct hub *h, const struct manifest *m, bool fresh)
{
    struct round *r = &h->round;
    struct round_note *n = arena_alloc(&r->arena, sizeof *n);
    if (!n) return ERR_ROAD;
    *n = (struct round_note){.manifest = m, .fresh = fresh};
    struct round_note **last = r->last_note ? &r->last_note->next : &r->notes;
    *last = n;
    r->last_note = n;
    r->bundles++;
    return 0;
}

bool round_knows(const struct hub *h, const char *bundle)
{
    for (const struct round_note *n = h->round.notes; n; n = n->next)
        if (strcmp(n->manifest->id, bundle) == 0) return true;
    return false;
}

/* ---- making it durable ---- */

static int find_place(struct hub *h, struct round_file *f)
{
    struct arena *a = &h->round.arena;
    f->to = evidence_path(a, repo_folder(h->repo), f->sha256);
    f->folder = f->to ? arena_strndup(a, f->to, (size_t)(path_name(f->to) - f->to - 1)) : NULL;
    return f->folder ? sync_folders_of(&h->round, f->to) : ERR_ROAD;
}

/* Its bytes synced, into its folder, which may be new. */
static int store_file(void *files, size_t i)
{
    const struct round_file *f = ((const struct round_file *const *)files)[i];
    bool made;
    if (!f->brought) return os_remove(f->path);
    int rc = os_sync_file(f->path);
    if (rc == 0) rc = os_make_folder_unsynced(f->folder, &made);
    return rc ? rc : os_rename_unsynced(f->path, f->to);
}

static int store_each_file(struct hub *h)
{
    struct round *r = &h->round;
    const struct round_file **files = arena_alloc(&r->arena, (r->files.len + 1) * sizeof *files);
    size_t len = 0;
    int rc = files ? 0 : ERR_ROAD;
    for (struct round_file *f = r->first_file; f && rc == 0; f = f->next) {
        if (f->brought) rc = find_place(h, f);
        files[len++] = f;
    }
    return rc ? rc : at_once(store_file, files, len);
}

static int sync_folders(struct round *r)
{
    size_t len = 0;
    const char **paths = arena_alloc(&r->arena, (r->folders.len + 1) * sizeof *paths);
    for (size_t i = 0; paths && i < r->folders.cap; i++)
        if (r->folders.slots[i].key) paths[len++] = r->folders.slots[i].key;
    return paths ? os_sync_all(paths, len) : ERR_ROAD;
}

static int store_files(struct hub *h)
{
    int rc = store_each_file(h);
    if (rc == 0) rc = sync_folders(&h->round);
    for (const struct round_mark *m = h->round.marks; m && rc == 0; m = m->next)
        rc = evidence_mark(h, m->case_name, m->sha256);
    return rc;
}

static int store_pack(struct hub *h)
{
    const void *bytes;
    size_t len;
    if (!h->round.cases) return 0; /* what a bundle has left that was not taken in */
    int rc = pack_end(h->round.pack, &bytes, &len);
    return rc ? rc : repo_store_pack(h->repo, bytes, len);
}

/* Neither counts before a branch has moved, so they need not wait for each other. */
static int store_half(void *hub, size_t i)
{
    return i == 0 ? store_files(hub) : store_pack(hub);
}

static int move_branches(struct hub *h)
{
    struct round *r = &h->round;
    size_t len = 0;
    for (struct round_case *i = r->cases; i; i = i->next) len++;
    struct repo_move *moves = arena_alloc(&r->arena, (len + 1) * sizeof *moves);
    if (!moves) return ERR_ROAD;
    len = 0;
    for (struct round_case *i = r->cases; i; i = i->next)
        moves[len++] = (struct repo_move){i->c->name, i->to, i->from, i->born};
    return len ? repo_move(h->repo, moves, len) : 0;
}

static int write_notes(struct hub *h)
{
    struct round *r = &h->round;
    struct kit_note *notes = arena_alloc(&r->arena, (r->bundles + 1) * sizeof *notes);
    size_t len = 0;
    if (!notes) return ERR_ROAD;
    for (const struct round_note *n = r->notes; n; n = n->next)
        notes[len++] = (struct kit_note){n->manifest, n->fresh};
    return len ? kits_note(h, notes, len) : 0;
}

/* The merge stands, whatever the hook answers. */
static void tell_hook(struct hub *h, const struct round_case *i)
{
    const struct hub_hooks *hooks = &h->hooks;
    char hex[OID_HEX];
    oid_write(hex, &i->to);
    if (hooks->merged && hooks->merged(hooks->ctx, i->c->fold, i->c->name, i->entries, i->entries_len, hex))
        err_clear();
}

static void end_cases(struct hub *h)
{
    bool register_moved = false;
    struct round_case *next;
    for (struct round_case *i = h->round.cases; i; i = next) {
        struct hub_case *c = i->c;
        next = i->next;
        c->ahead = NULL;
        if (!i->born) h->names = NULL;
        register_moved |= c == h->the_register;
        if (c->spoiled)
            case_forget(h, c->name);
        else
            tell_hook(h, i);
    }
    if (register_moved && h->the_register) case_forget_others(h);
}

int round_store(struct hub *h)
{
    int rc = at_once(store_half, h, 2);
    if (rc == 0) rc = move_branches(h);
    if (rc) {
        round_drop(h);
        return rc;
    }
    end_cases(h);
    rc = write_notes(h);
    clear(h);
    return rc;
}
