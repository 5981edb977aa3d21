/* A node is a file or a folder. A folder's items are read from its object when they are first needed;
 * `changed` marks the folders from the root down to a change. */
#include "tree.h"

#include <stdlib.h>
#include <string.h>

struct node {
    const char *name;
    bool folder;
    bool loaded;  /* folder: items are what its object holds, with the changes since */
    bool changed; /* folder: id is not that of its items */
    struct oid id;
    struct node **items; /* in git's order; malloc'ed */
    size_t len, cap;
};

struct tree {
    struct tree_reader reader;
    struct arena arena; /* nodes and names */
    struct node *root;
};

static struct node *node_new(struct tree *t, const char *name, size_t len, bool folder)
{
    struct node *n = arena_alloc(&t->arena, sizeof *n);
    if (!n) return NULL;
    n->name = arena_strndup(&t->arena, name, len);
    n->folder = folder;
    return n->name ? n : NULL;
}

int tree_new(struct tree **out, const struct tree_reader *reader, const struct oid *root)
{
    struct tree *t = calloc(1, sizeof *t);
    if (!t) return err_memory();
    arena_init(&t->arena);
    t->reader = *reader;
    t->root = node_new(t, "", 0, true);
    if (!t->root) {
        tree_free(t);
        return ERR_ROAD;
    }
    t->root->loaded = t->root->changed = root == NULL;
    if (root) t->root->id = *root;
    *out = t;
    return 0;
}

static void free_items(struct node *n)
{
    for (size_t i = 0; i < n->len; i++) free_items(n->items[i]);
    free(n->items);
}

void tree_free(struct tree *t)
{
    if (!t) return;
    if (t->root) free_items(t->root);
    arena_release(&t->arena);
    free(t);
}

/* A node is in its folder's list, too. */
size_t tree_memory(const struct tree *t)
{
    return t->arena.held + t->arena.used / sizeof(struct node) * sizeof(struct node *);
}

/* ---- items of a folder ---- */

/* Where an item is, or belongs. */
static size_t place_of(const struct node *folder, const char *name, bool is_folder, bool *there)
{
    size_t low = 0, high = folder->len;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct node *n = folder->items[middle];
        int order = tree_item_order(n->name, n->folder, name, is_folder);
        if (order == 0) {
            *there = true;
            return middle;
        }
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    *there = false;
    return low;
}

static int insert(struct node *folder, size_t place, struct node *item)
{
    if (folder->len == folder->cap) {
        size_t cap = folder->cap ? folder->cap * 2 : 8;
        struct node **items = realloc(folder->items, cap * sizeof *items);
        if (!items) return err_memory();
        folder->items = items;
        folder->cap = cap;
    }
    memmove(folder->items + place + 1, folder->items + place, (folder->len - place) * sizeof *folder->items);
    folder->items[place] = item;
    folder->len++;
    return 0;
}

static void take_out(struct node *folder, size_t place)
{
    free_items(folder->items[place]);
    folder->len--;
    memmove(folder->items + place, folder->items + place + 1, (folder->len - place) * sizeof *folder->items);
}

static int add_read_item(struct tree *t, struct node *folder, const struct tree_item *item)
{
    const struct node *last = folder->len ? folder->items[folder->len - 1] : NULL;
    if (last && tree_item_order(last->name, last->folder, item->name, item->folder) >= 0)
        return err_set(ERR_DAMAGED, "a tree of the repository is not sorted");
    struct node *n = node_new(t, item->name, strlen(item->name), item->folder);
    if (!n) return ERR_ROAD;
    n->id = item->id;
    return insert(folder, folder->len, n);
}

static int load(struct tree *t, struct node *folder)
{
    struct buf bytes;
    struct tree_item item;
    size_t at = 0;
    if (folder->loaded) return 0;
    buf_init(&bytes, TREE_MAX_BYTES);
    int rc = t->reader.read(t->reader.ctx, &bytes, &folder->id);
    while (rc == 0 && (rc = tree_item_read(&item, bytes.data, bytes.len, &at)) > 0)
        rc = add_read_item(t, folder, &item);
    if (rc == 0) folder->loaded = true;
    buf_release(&bytes);
    return rc;
}

/* ---- paths ---- */

/* Cuts the first part off *path; true where it is the last. */
static bool next_part(const char **path, char part[256])
{
    size_t len = strcspn(*path, "/");
    size_t kept = len < 255 ? len : 255;
    memcpy(part, *path, kept);
    part[kept] = '\0';
    *path += len + ((*path)[len] == '/');
    return **path == '\0';
}

static int item_for_putting(
    struct tree *t, struct node *folder, const char *name, bool is_folder, struct node **out)
{
    bool there;
    int rc = load(t, folder);
    if (rc) return rc;
    size_t place = place_of(folder, name, is_folder, &there);
    if (!there) {
        struct node *n = node_new(t, name, strlen(name), is_folder);
        rc = n ? insert(folder, place, n) : ERR_ROAD;
        if (rc) return rc;
        n->loaded = n->changed = is_folder;
    }
    *out = folder->items[place];
    return 0;
}

int tree_put(struct tree *t, const char *path, const struct oid *blob)
{
    char part[256];
    struct node *n = t->root;
    for (bool last = false; !last;) {
        last = next_part(&path, part);
        n->changed = true;
        int rc = item_for_putting(t, n, part, !last, &n);
        if (rc) return rc;
    }
    n->id = *blob;
    return 0;
}

static int remove_below(struct tree *t, struct node *folder, const char *path)
{
    char part[256];
    bool there, last = next_part(&path, part);
    int rc = load(t, folder);
    if (rc) return rc;
    size_t place = place_of(folder, part, !last, &there);
    if (!there) return 0;
    struct node *item = folder->items[place];
    if (!last) {
        rc = remove_below(t, item, path);
        if (rc || !item->changed) return rc;
    }
    folder->changed = true;
    if (last || item->len == 0) take_out(folder, place);
    return 0;
}

int tree_remove(struct tree *t, const char *path)
{
    return remove_below(t, t->root, path);
}

/* ERR_MISSING, without a message, where it is not there. */
static int find_node(struct tree *t, const char *path, struct node **out)
{
    char part[256];
    struct node *n = t->root;
    while (*path) {
        bool there, last = next_part(&path, part);
        int rc = load(t, n);
        if (rc) return rc;
        size_t place = place_of(n, part, !last, &there);
        if (!there && last) place = place_of(n, part, true, &there);
        if (!there) return ERR_MISSING;
        n = n->items[place];
    }
    *out = n;
    return 0;
}

int tree_find(struct tree *t, const char *path, struct oid *out)
{
    struct node *n;
    int rc = find_node(t, path, &n);
    if (rc == 0) *out = n->id;
    return rc;
}

/* ---- walking ---- */

struct walk {
    struct buf path;
    int (*each)(void *ctx, const char *path, const struct oid *blob);
    void *ctx;
};

/* Appends "/name" for the while; returns the length before it. */
static size_t enter(struct buf *path, const char *name)
{
    size_t before = path->len;
    if (before) buf_addc(path, '/');
    buf_adds(path, name);
    return before;
}

static void leave(struct buf *path, size_t before)
{
    path->len = before;
    if (path->cap) path->data[before] = '\0';
}

static int walk_folder(struct tree *t, struct walk *w, struct node *folder, int depth)
{
    int rc = depth > TREE_MAX_DEPTH ? err_set(ERR_DAMAGED, "a tree of the repository is too deep")
                                    : load(t, folder);
    for (size_t i = 0; rc == 0 && i < folder->len; i++) {
        struct node *n = folder->items[i];
        size_t before = enter(&w->path, n->name);
        rc = buf_error(&w->path);
        if (rc == 0)
            rc = n->folder ? walk_folder(t, w, n, depth + 1) : w->each(w->ctx, buf_str(&w->path), &n->id);
        leave(&w->path, before);
    }
    return rc;
}

int tree_walk(struct tree *t, const char *folder,
    int (*each)(void *ctx, const char *path, const struct oid *blob), void *ctx)
{
    struct walk w = {.each = each, .ctx = ctx};
    struct node *n;
    int rc = find_node(t, folder, &n);
    if (rc || !n->folder) return rc == ERR_MISSING ? 0 : rc;
    buf_init(&w.path, 4096);
    buf_adds(&w.path, folder);
    rc = walk_folder(t, &w, n, 0);
    buf_release(&w.path);
    return rc;
}

/* ---- writing ---- */

struct writing {
    struct buf path;
    struct pack *to; /* NULL: only ids are asked for */
    struct digest *sha1;
};

static int write_folder(struct writing *w, struct node *folder)
{
    struct buf bytes;
    int rc = 0;
    if (!folder->changed) return 0;
    buf_init(&bytes, TREE_MAX_BYTES);
    for (size_t i = 0; rc == 0 && i < folder->len; i++) {
        struct node *n = folder->items[i];
        size_t before = enter(&w->path, n->name);
        if (n->folder) rc = write_folder(w, n);
        leave(&w->path, before);
        tree_item_write(&bytes, &(struct tree_item){n->name, n->folder, n->id});
    }
    if (rc == 0) rc = buf_error(&bytes) ? buf_error(&bytes) : buf_error(&w->path);
    if (rc == 0 && w->to)
        rc = pack_add(w->to, OBJECT_TREE, buf_str(&w->path), bytes.data, bytes.len, &folder->id);
    if (rc == 0 && !w->to) object_id(&folder->id, w->sha1, OBJECT_TREE, bytes.data, bytes.len);
    if (rc == 0) folder->changed = false;
    buf_release(&bytes);
    return rc;
}

static int write_root(struct tree *t, struct pack *to, struct digest *sha1, struct oid *root)
{
    struct writing w = {.to = to, .sha1 = sha1};
    buf_init(&w.path, 4096);
    int rc = write_folder(&w, t->root);
    if (rc == 0) *root = t->root->id;
    buf_release(&w.path);
    return rc;
}

int tree_write(struct tree *t, struct pack *to, struct oid *root)
{
    return write_root(t, to, NULL, root);
}

int tree_id(struct tree *t, struct digest *sha1, struct oid *root)
{
    return write_root(t, NULL, sha1, root);
}

/* ---- comparing ---- */

struct comparison {
    struct tree *old_tree, *new_tree;
    struct buf path;
    int (*each)(void *ctx, const char *path, const struct oid *old, const struct oid *now);
    void *ctx;
};

static int compare_folders(struct comparison *c, struct node *old, struct node *now, int depth);

/* One item, which either side may lack; a file and a folder of one name never meet here. */
static int compare_items(struct comparison *c, struct node *old, struct node *now, int depth)
{
    const struct node *any = old ? old : now;
    if (old && now && oid_equal(&old->id, &now->id)) return 0;
    size_t before = enter(&c->path, any->name);
    int rc = buf_error(&c->path);
    if (rc == 0 && any->folder)
        rc = compare_folders(c, old, now, depth + 1);
    else if (rc == 0)
        rc = c->each(c->ctx, buf_str(&c->path), old ? &old->id : NULL, now ? &now->id : NULL);
    leave(&c->path, before);
    return rc;
}

/* -1: the old side's next item comes first, 1: the new side's, 0: both are of one name. */
static int which_first(const struct node *old, size_t i, const struct node *now, size_t j)
{
    if (!old || i == old->len) return 1;
    if (!now || j == now->len) return -1;
    const struct node *a = old->items[i], *b = now->items[j];
    return tree_item_order(a->name, a->folder, b->name, b->folder);
}

static int compare_folders(struct comparison *c, struct node *old, struct node *now, int depth)
{
    int rc = depth > TREE_MAX_DEPTH ? err_set(ERR_DAMAGED, "a tree of the repository is too deep") : 0;
    if (rc == 0 && old) rc = load(c->old_tree, old);
    if (rc == 0 && now) rc = load(c->new_tree, now);
    for (size_t i = 0, j = 0; rc == 0 && ((old && i < old->len) || (now && j < now->len));) {
        int order = which_first(old, i, now, j);
        rc = compare_items(c, order <= 0 ? old->items[i] : NULL, order >= 0 ? now->items[j] : NULL, depth);
        if (order <= 0) i++;
        if (order >= 0) j++;
    }
    return rc;
}

int tree_compare(struct tree *t, struct tree *other,
    int (*each)(void *ctx, const char *path, const struct oid *old, const struct oid *now), void *ctx)
{
    struct comparison c = {.old_tree = t, .new_tree = other, .each = each, .ctx = ctx};
    if (oid_equal(&t->root->id, &other->root->id)) return 0;
    buf_init(&c.path, 4096);
    int rc = compare_folders(&c, t->root, other->root, 0);
    buf_release(&c.path);
    return rc;
}
