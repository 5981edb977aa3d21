/* A git pack (gitformat-pack(5), version 2):
 *
 *   "PACK", version 2 and the number of objects, each 4 bytes, big-endian; the objects; the SHA-1 of all
 * that.
 *
 * An object is its head and a zlib stream. The head is the length of the plain bytes with the type in it:
 * first byte 1 bit "more follows", 3 bits type, 4 bits length; then 7 bits length a byte, least first. Types
 * 1 … 4 are commit, tree, blob, tag; 6 is a difference from an object further up in this pack, and the head
 * is followed by how many bytes further up: 7 bits a byte, most first, each but the last with 0x80 and, so
 * that no number has two forms, diminished by one.
 *
 * A difference is the length of the old bytes, the length of the new ones (7 bits a byte, least first), then
 * commands: 0x80 | which offset bytes (bits 0-3) and size bytes (bits 4-6) follow: copy that run of the old
 * bytes; 1 … 127: that many new bytes follow. Ours keep what two versions share at both ends, and spell out
 * the middle: an entry changes one line of a record and one item of each tree above it, so that is nearly all
 * there is to gain. */
#include "pack.h"

#include <stdlib.h>
#include <string.h>
#include "satchel/base/map.h"
#include "satchel/format/deflate.h"

#define PACK_MAX_BYTES ((size_t)1 << 30)
#define PACK_LEVEL 1
#define SMALL 256 /* bytes: are stored as they are; to look for what repeats in them costs more than it saves */
#define NAME_MAX_BYTES ((size_t)8 << 10)
#define DEPTH_MOST 48 /* stock git's own limit is 50: a version after so many is written whole */
#define COPY_MOST 0xffffu
#define INSERT_MOST 127u

/* What was added last under a name. */
struct version {
    size_t place; /* in the pack */
    int depth;
    unsigned char *bytes;
    size_t len;
};

struct pack {
    struct buf bytes, difference;
    struct buf name;  /* scope, slash, and the name at hand */
    size_t scope_len; /* with its slash */
    struct arena arena; /* names, ids, struct version */
    struct map versions;
    struct map ids; /* hex of every object in it */
    struct deflater *deflater, *storer;
    struct digest *sha1;
};

int pack_new(struct pack **out)
{
    struct pack *p = calloc(1, sizeof *p);
    if (!p) return err_memory();
    buf_init(&p->bytes, PACK_MAX_BYTES);
    buf_init(&p->difference, PACK_MAX_BYTES);
    buf_init(&p->name, NAME_MAX_BYTES);
    arena_init(&p->arena);
    map_init(&p->versions);
    map_init(&p->ids);
    int rc = deflater_new(&p->deflater, PACK_LEVEL);
    if (rc == 0) rc = deflater_new(&p->storer, 0);
    if (rc == 0) rc = digest_sha1(&p->sha1);
    if (rc) {
        pack_free(p);
        return rc;
    }
    pack_write_head(&p->bytes);
    *out = p;
    return 0;
}

void pack_free(struct pack *p)
{
    if (!p) return;
    for (size_t i = 0; i < p->versions.cap; i++)
        if (p->versions.slots[i].key) free(((struct version *)p->versions.slots[i].value)->bytes);
    map_release(&p->versions);
    map_release(&p->ids);
    arena_release(&p->arena);
    buf_release(&p->bytes);
    buf_release(&p->difference);
    buf_release(&p->name);
    deflater_free(p->deflater);
    deflater_free(p->storer);
    digest_free(p->sha1);
    free(p);
}

/* ---- differences ---- */

static void add_length(struct buf *out, size_t n)
{
    for (; n > 0x7f; n >>= 7) buf_addc(out, (int)(n & 0x7f) | 0x80);
    buf_addc(out, (int)n);
}

static void add_copy_run(struct buf *out, size_t from, size_t len)
{
    unsigned char command[7] = {0x80};
    size_t used = 1;
    for (int i = 0; i < 4; i++) {
        unsigned char byte = (unsigned char)(from >> 8 * i);
        if (!byte) continue;
        command[0] |= (unsigned char)(1 << i);
        command[used++] = byte;
    }
    for (int i = 0; i < 2; i++) {
        unsigned char byte = (unsigned char)(len >> 8 * i);
        if (!byte) continue;
        command[0] |= (unsigned char)(0x10 << i);
        command[used++] = byte;
    }
    buf_add(out, command, used);
}

static void add_copy(struct buf *out, size_t from, size_t len)
{
    for (size_t n; len > 0; from += n, len -= n) {
        n = len < COPY_MOST ? len : COPY_MOST;
        add_copy_run(out, from, n);
    }
}

static void add_insert(struct buf *out, const unsigned char *bytes, size_t len)
{
    for (size_t n; len > 0; bytes += n, len -= n) {
        n = len < INSERT_MOST ? len : INSERT_MOST;
        buf_addc(out, (int)n);
        buf_add(out, bytes, n);
    }
}

static void write_difference(
    struct buf *out, const struct version *old, const unsigned char *bytes, size_t len)
{
    size_t least = old->len < len ? old->len : len, head = 0, tail = 0;
    while (head < least && old->bytes[head] == bytes[head]) head++;
    while (tail < least - head && old->bytes[old->len - 1 - tail] == bytes[len - 1 - tail]) tail++;
    buf_clear(out);
    add_length(out, old->len);
    add_length(out, len);
    add_copy(out, 0, head);
    add_insert(out, bytes + head, len - head - tail);
    add_copy(out, old->len - tail, tail);
}

/* ---- objects ---- */

static void add_head(struct buf *out, int type, size_t len)
{
    int first = type << 4 | (int)(len & 0x0f);
    len >>= 4;
    buf_addc(out, len ? first | 0x80 : first);
    if (len) add_length(out, len);
}

void pack_write_distance(struct buf *out, size_t distance)
{
    unsigned char bytes[10];
    size_t at = sizeof bytes;
    bytes[--at] = distance & 0x7f;
    while (distance >>= 7) bytes[--at] = (unsigned char)(0x80 | (--distance & 0x7f));
    buf_add(out, bytes + at, sizeof bytes - at);
}

static void add_stream(struct pack *p, const void *bytes, size_t len)
{
    deflater_add(len < SMALL ? p->storer : p->deflater, &p->bytes, bytes, len);
}

/* True where it was written as its difference from the old version; else nothing has been written. */
static bool add_as_difference(struct pack *p, struct version *old, const void *bytes, size_t len)
{
    size_t place = p->bytes.len;
    if (!old->bytes || old->depth >= DEPTH_MOST) return false;
    write_difference(&p->difference, old, bytes, len);
    if (p->difference.error || p->difference.len >= len / 2) return false;
    add_head(&p->bytes, PACK_TYPE_DIFFERENCE, p->difference.len);
    pack_write_distance(&p->bytes, place - old->place);
    add_stream(p, p->difference.data, p->difference.len);
    old->depth++;
    return true;
}

static void add_whole(struct pack *p, struct version *v, enum object_kind kind, const void *bytes, size_t len)
{
    add_head(&p->bytes, (int)kind, len);
    add_stream(p, bytes, len);
    if (v) v->depth = 0;
}

int pack_scope(struct pack *p, const char *of)
{
    buf_clear(&p->name);
    buf_addf(&p->name, "%s/", of);
    p->scope_len = p->name.len;
    return buf_error(&p->name);
}

size_t pack_size(const struct pack *p)
{
    return p->bytes.len;
}

static int version_of(struct version **out, struct pack *p, const char *name)
{
    p->name.len = p->scope_len;
    buf_adds(&p->name, name);
    if (buf_error(&p->name)) return buf_error(&p->name);
    struct version *v = map_get(&p->versions, buf_str(&p->name));
    if (!v) {
        const char *key = arena_strdup(&p->arena, buf_str(&p->name));
        v = key ? arena_alloc(&p->arena, sizeof *v) : NULL;
        int rc = v ? map_put(&p->versions, key, v) : ERR_ROAD;
        if (rc) return rc;
    }
    *out = v;
    return 0;
}

static int version_keep(struct version *v, size_t place, const void *bytes, size_t len)
{
    unsigned char *copy = realloc(v->bytes, len + 1);
    if (!copy) return err_memory();
    if (len) memcpy(copy, bytes, len);
    v->bytes = copy;
    v->len = len;
    v->place = place;
    return 0;
}

/* 1: it is new to this pack; 0: it is in it already. */
static int note_id(struct pack *p, const struct oid *id)
{
    char hex[OID_HEX];
    oid_write(hex, id);
    if (map_get(&p->ids, hex)) return 0;
    const char *key = arena_strdup(&p->arena, hex);
    int rc = key ? map_put(&p->ids, key, p) : ERR_ROAD;
    return rc ? rc : 1;
}

int pack_add(
    struct pack *p, enum object_kind kind, const char *name, const void *bytes, size_t len, struct oid *id)
{
    struct version *v = NULL;
    struct oid made;
    object_id(&made, p->sha1, kind, bytes, len);
    int rc = note_id(p, &made);
    if (rc == 1) {
        size_t place = p->bytes.len;
        rc = name ? version_of(&v, p, name) : 0;
        if (rc) return rc;
        if (!v || !add_as_difference(p, v, bytes, len)) add_whole(p, v, kind, bytes, len);
        rc = v ? version_keep(v, place, bytes, len) : 0;
        if (rc == 0) rc = buf_error(&p->bytes);
    }
    if (rc == 0) *id = made;
    return rc;
}

void pack_write_head(struct buf *out)
{
    buf_add(out, "PACK\0\0\0\2\0\0\0\0", 12);
}

int pack_write_end(struct buf *out, size_t objects, struct digest *sha1)
{
    unsigned char sum[SHA1_SIZE];
    if (buf_error(out)) return buf_error(out);
    for (int i = 0; i < 4; i++) out->data[8 + i] = (unsigned char)(objects >> 8 * (3 - i));
    digest_add(sha1, out->data, out->len);
    digest_end(sha1, sum);
    buf_add(out, sum, sizeof sum);
    return buf_error(out);
}

int pack_end(struct pack *p, const void **bytes, size_t *len)
{
    int rc = pack_write_end(&p->bytes, p->ids.len, p->sha1);
    if (rc) return rc;
    *bytes = p->bytes.data;
    *len = p->bytes.len;
    return 0;
}
