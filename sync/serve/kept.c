/* What a server that stops remembers for the next one: DIR/net/received.json, {kit:[name,…]}, the uploads that were taken in
 * and whose receipts have not been fetched. Without it the kits would send them again. A convenience only: it is written at
 * the end and removed at the start, so that none is ever believed twice; a killed server leaves none. */
#include <string.h>
#include "parts.h"

#define KEPT_MAX ((size_t)16 << 20)

static const char *kept_path(struct serve *s, struct arena *a)
{
    return path_join(a, s->net, "received.json");
}

static struct jv *names_of(struct arena *a, const struct lying *l)
{
    struct jv *names = jv_array(a);
    for (; names && l; l = l->next) {
        struct jv *name = jv_string(a, l->name);
        if (!name || jv_push(a, names, name)) return NULL;
    }
    return names;
}

int kept_write(struct serve *s)
{
    struct arena a;
    struct buf b;
    arena_init(&a);
    buf_init(&b, KEPT_MAX);
    struct jv *all = jv_object(&a);
    const char *path = kept_path(s, &a);
    int rc = all && path ? 0 : ERR_ROAD;
    for (const struct guest *g = s->guests; g && rc == 0; g = g->next)
        if (g->received) rc = jv_put(&a, all, g->kit, names_of(&a, g->received));
    if (rc == 0) json_write(&b, all);
    if (rc == 0) rc = buf_error(&b);
    if (rc == 0 && all->len > 0) rc = file_write(path, b.data, b.len);
    buf_release(&b);
    arena_release(&a);
    return rc;
}

static int take_names(struct serve *s, const char *kit, const struct jv *names)
{
    int rc = 0;
    struct guest *g = kit_id_valid(kit) ? guest_of(s, kit) : NULL;
    for (size_t i = 0; g && rc == 0 && names->type == JV_ARRAY && i < names->len; i++) {
        const char *name = jv_str(names->items[i]);
        if (name && wire_name_valid(name)) rc = lying_add(&g->received, name, 0, 0);
    }
    return rc;
}

int kept_read(struct serve *s)
{
    struct arena a;
    struct buf b;
    const struct jv *all = NULL;
    arena_init(&a);
    buf_init(&b, KEPT_MAX);
    const char *path = kept_path(s, &a);
    int rc = path ? 0 : ERR_ROAD;
    bool good = rc == 0 && file_read(path, &b) == 0 && json_parse(&all, &a, b.data, b.len, 3, JSON_STRICT) == 0;
    err_clear();
    if (rc == 0) rc = os_remove(path);
    for (size_t i = 0; good && rc == 0 && all->type == JV_OBJECT && i < all->len; i++)
        rc = take_names(s, all->keys[i], all->items[i]);
    buf_release(&b);
    arena_release(&a);
    return rc;
}
