/* Many packs into one. Packs: pack.c. An index (gitformat-pack(5), version 2):
 *
 *   ff 74 4f 63, version 2; 256 counts, the last is the number n of objects; n ids of 20 bytes, sorted; n
 * CRC-32; n places in the pack, 31 bits (a place beyond is refused); the pack's sum, the index's sum. Numbers
 * have 4 bytes, big-endian.
 *
 * An object ends where the next begins. Objects are copied in the order of their places, but for those that
 * are there already. A difference says how far up the old bytes are; since some objects are left out that
 * distance is written anew, and what it is from always stands further up. */
#include "repack.h"

#include <stdlib.h>
#include <string.h>
#include "satchel/base/map.h"

#define REPACK_MAX_BYTES ((size_t)1 << 30)
#define INDEX_HEAD (8 + 256 * 4)
#define INDEX_SUMS 40
#define INDEX_EACH (OID_SIZE + 8)
#define PACK_HEAD 12

struct repack {
    struct buf bytes;
    struct arena arena; /* hex of ids */
    struct map places;  /* hex of an id -> its place in bytes */
    struct digest *sha1;
};

/* An object of a pack that is being added. */
struct object {
    size_t place;
    const char *hex;
};

struct listing {
    struct object *objects; /* by place */
    size_t len;
    const struct buf *pack;
};

int repack_new(struct repack **out)
{
    struct repack *r = calloc(1, sizeof *r);
    if (!r) return err_memory();
    buf_init(&r->bytes, REPACK_MAX_BYTES);
    arena_init(&r->arena);
    map_init(&r->places);
    int rc = digest_sha1(&r->sha1);
    if (rc) {
        repack_free(r);
        return rc;
    }
    pack_write_head(&r->bytes);
    *out = r;
    return 0;
}

void repack_free(struct repack *r)
{
    if (!r) return;
    buf_release(&r->bytes);
    map_release(&r->places);
    arena_release(&r->arena);
    digest_free(r->sha1);
    free(r);
}

static int misfit(void)
{
    return err_set(ERR_DAMAGED, "a pack of the repository and its index do not fit each other");
}

/* ---- the index ---- */

static uint32_t read_number(const unsigned char *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static int compare_objects(const void *a, const void *b)
{
    const struct object *x = a, *y = b;
    return (x->place > y->place) - (x->place < y->place);
}

static int list_objects(
    struct repack *r, struct listing *out, const struct buf *pack, const struct buf *index)
{
    static const unsigned char magic[8] = {0xff, 0x74, 0x4f, 0x63, 0, 0, 0, 2};
    if (index->len < INDEX_HEAD + INDEX_SUMS || memcmp(index->data, magic, sizeof magic) != 0)
        return misfit();
    size_t n = read_number(index->data + INDEX_HEAD - 4);
    if (n > (index->len - INDEX_HEAD - INDEX_SUMS) / INDEX_EACH) return misfit();
    const unsigned char *ids = index->data + INDEX_HEAD, *places = ids + n * (OID_SIZE + 4);
    struct object *list = arena_alloc(&r->arena, (n + 1) * sizeof *list);
    if (!list) return ERR_ROAD;
    for (size_t i = 0; i < n; i++) {
        char hex[OID_HEX];
        hex_write(hex, ids + i * OID_SIZE, OID_SIZE);
        list[i] = (struct object){read_number(places + i * 4), arena_strdup(&r->arena, hex)};
        if (!list[i].hex) return ERR_ROAD;
        if (list[i].place < PACK_HEAD || list[i].place >= pack->len - SHA1_SIZE) return misfit();
    }
    qsort(list, n, sizeof *list, compare_objects);
    *out = (struct listing){list, n, pack};
    return 0;
}

static const struct object *object_at(const struct listing *l, size_t place)
{
    struct object key = {.place = place};
    return bsearch(&key, l->objects, l->len, sizeof key, compare_objects);
}

/* ---- objects ---- */

static size_t place_of(const struct repack *r, const char *hex)
{
    return (size_t)(uintptr_t)map_get(&r->places, hex); /* 0: not there; no object is there either */
}

/* How many bytes type and length take up; 0: it does not end. */
static size_t head_len(const unsigned char *at, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (!(at[i] & 0x80)) return i + 1;
    return 0;
}

/* Reads how far up; *used: its bytes. */
static bool read_distance(size_t *distance, size_t *used, const unsigned char *at, size_t len)
{
    size_t i = 0, n = 0;
    for (bool more = true; more; i++) {
        if (i == len || i == 9) return false;
        more = at[i] & 0x80;
        n = (i ? (n + 1) << 7 : 0) | (at[i] & 0x7f);
    }
    *distance = n;
    *used = i;
    return true;
}

static int copy_difference(
    struct repack *r, const struct listing *l, size_t place, size_t head, const unsigned char *at, size_t len)
{
    size_t distance, used, here = r->bytes.len;
    if (!read_distance(&distance, &used, at + head, len - head) || distance > place) return misfit();
    const struct object *old = object_at(l, place - distance);
    size_t old_place = old ? place_of(r, old->hex) : 0;
    if (old_place == 0) return misfit();
    buf_add(&r->bytes, at, head);
    pack_write_distance(&r->bytes, here - old_place);
    buf_add(&r->bytes, at + head + used, len - head - used);
    return buf_error(&r->bytes);
}

static int copy_object(struct repack *r, const struct listing *l, size_t i)
{
    const struct object *o = &l->objects[i];
    size_t end = i + 1 < l->len ? l->objects[i + 1].place : l->pack->len - SHA1_SIZE, len = end - o->place;
    const unsigned char *at = l->pack->data + o->place;
    size_t head = head_len(at, len), here = r->bytes.len;
    if (place_of(r, o->hex)) return 0;
    if (head == 0) return misfit();
    int rc = 0;
    if ((at[0] >> 4 & 7) == PACK_TYPE_DIFFERENCE)
        rc = copy_difference(r, l, o->place, head, at, len);
    else
        buf_add(&r->bytes, at, len);
    if (rc == 0) rc = buf_error(&r->bytes);
    return rc ? rc : map_put(&r->places, o->hex, (void *)(uintptr_t)here);
}

int repack_add(struct repack *r, const struct buf *pack, const struct buf *index)
{
    struct listing l = {0};
    if (pack->len < PACK_HEAD + SHA1_SIZE) return misfit();
    int rc = list_objects(r, &l, pack, index);
    for (size_t i = 0; rc == 0 && i < l.len; i++) rc = copy_object(r, &l, i);
    return rc;
}

int repack_end(struct repack *r, const void **bytes, size_t *len)
{
    int rc = pack_write_end(&r->bytes, r->places.len, r->sha1);
    if (rc) return rc;
    *bytes = r->bytes.data;
    *len = r->bytes.len;
    return 0;
}
