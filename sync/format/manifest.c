/* manifest.json: one JSON object in canonical form (RFC 8785), at most 4 MiB; its members are described in
 * manifest.h. Beyond that:
 *
 *   - "members" begins with receipt.json and receipt.json.sig, both or neither; entries.jsonl follows in any
 *     case (of size 0 where "entries" is 0); then blobs, in the sender's order. At most 16,384 of them, below
 *     4 GiB in sum, of which entries.jsonl is at most 16 MiB.
 *   - A blob in parts is named "blob/<sha256>+<offset>", the first part with "+0"; the offset has no leading
 *     zeros. Parts of one evidence agree on "of", and neither repeat nor overlap.
 *   - "have" names kits with their seq, 1 or more; "want" is sorted, without repeats. "receipt" may be absent. */
#include "satchel/format/manifest.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "satchel/format/receipt.h"
#include "satchel/format/shape.h"

#define FORMAT_NAME "satchel bundle 1"
#define MAX_DEPTH 4
#define MAX_SUM UINT32_MAX
#define BLOB_HEAD "blob/"

/* Members with a fixed name, by kind. */
static const struct {
    const char *name;
    uint64_t max_size;
} fixed[] = {
    [MEMBER_RECEIPT] = {"receipt.json", RECEIPT_MAX_BYTES},
    [MEMBER_RECEIPT_SIG] = {"receipt.json.sig", 4096},
    [MEMBER_ENTRIES] = {"entries.jsonl", BUNDLE_MAX_ENTRIES_BYTES},
};

void member_name(char *out, const struct member *m)
{
    if (m->kind != MEMBER_BLOB) {
        strcpy(out, fixed[m->kind].name);
    } else if (!m->pieces) {
        sprintf(out, BLOB_HEAD "%s", m->sha256);
    } else {
        sprintf(out, BLOB_HEAD "%s+%" PRIu64, m->sha256, m->offset);
    }
}

/* ---- rules ---- */

static bool part_good(const struct member *m)
{
    uint64_t end = m->offset + m->size;
    return m->size > 0 && m->offset % PIECE_SIZE == 0 && end <= m->whole &&
           (end == m->whole || m->size % PIECE_SIZE == 0) &&
           m->pieces_len == (m->size + PIECE_SIZE - 1) / PIECE_SIZE;
}

static bool member_good(const struct member *m)
{
    if (m->size > MAX_SUM || m->offset > JV_INT_MAX || m->whole > JV_INT_MAX) return false;
    if (m->kind != MEMBER_BLOB) return m->size <= fixed[m->kind].max_size;
    return m->pieces ? part_good(m) : m->offset == 0 && m->whole == m->size;
}

static bool order_good(const struct manifest *m)
{
    size_t i = 0;
    if (m->members_len >= 2 && m->members[0].kind == MEMBER_RECEIPT &&
        m->members[1].kind == MEMBER_RECEIPT_SIG)
        i = 2;
    if (i == m->members_len || m->members[i++].kind != MEMBER_ENTRIES) return false;
    if ((m->members[i - 1].size == 0) != (m->entries == 0)) return false;
    while (i < m->members_len && m->members[i].kind == MEMBER_BLOB) i++;
    return i == m->members_len;
}

static bool sum_good(const struct manifest *m)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < m->members_len; i++) sum += m->members[i].size;
    return sum <= MAX_SUM;
}

static int compare_blobs(const void *a, const void *b)
{
    const struct member *x = *(const struct member *const *)a, *y = *(const struct member *const *)b;
    int order = strcmp(x->sha256, y->sha256);
    return order ? order : (x->offset > y->offset) - (x->offset < y->offset);
}

static bool can_follow(const struct member *last, const struct member *next)
{
    if (strcmp(last->sha256, next->sha256) != 0) return true;
    return last->whole == next->whole && next->offset > last->offset &&
           next->offset >= last->offset + last->size;
}

static int check_blobs(struct arena *a, const struct manifest *m)
{
    size_t len = 0;
    const struct member **blobs = arena_alloc(a, m->members_len * sizeof *blobs);
    if (!blobs) return ERR_ROAD;
    for (size_t i = 0; i < m->members_len; i++)
        if (m->members[i].kind == MEMBER_BLOB) blobs[len++] = &m->members[i];
    qsort(blobs, len, sizeof *blobs, compare_blobs);
    for (size_t i = 1; i < len; i++)
        if (!can_follow(blobs[i - 1], blobs[i]))
            return err_set(
                ERR_INPUT, "evidence '%s' is in it twice, or in parts that do not fit", blobs[i]->sha256);
    return 0;
}

static int check_members(struct arena *a, const struct manifest *m)
{
    if (!order_good(m)) return err_set(ERR_INPUT, "its members are not in the order of the format");
    if (!sum_good(m)) return err_set(ERR_INPUT, "its members are over 4 GiB in sum");
    return check_blobs(a, m);
}

/* ---- reading ---- */

/* "<sha256>" or "<sha256>+<offset>": any other spelling of the offset differs from what member_name writes.
 */
static bool read_blob_name(struct member *m, bool *part, const char *name)
{
    static const char *const some_pieces[1]; /* until they are read: what tells a part from a whole blob */
    char again[128];
    if (strncmp(name, BLOB_HEAD, strlen(BLOB_HEAD)) != 0 || strlen(name) >= sizeof again) return false;
    name += strlen(BLOB_HEAD);
    if (strlen(name) < SHA256_HEX - 1) return false;
    memcpy(m->sha256, name, SHA256_HEX - 1);
    *part = name[SHA256_HEX - 1] == '+';
    if (*part) m->offset = strtoull(name + SHA256_HEX, NULL, 10);
    if (*part) m->pieces = some_pieces;
    member_name(again, m);
    return is_sha256_hex(m->sha256) && strcmp(again + strlen(BLOB_HEAD), name) == 0;
}

static bool read_fixed_name(struct member *m, const char *name)
{
    for (size_t kind = 0; kind < sizeof fixed / sizeof *fixed; kind++) {
        if (strcmp(name, fixed[kind].name) != 0) continue;
        m->kind = (enum member_kind)kind;
        return true;
    }
    return false;
}

static int read_member(struct member *m, struct arena *a, const struct jv *v)
{
    struct shape s;
    bool part = false;
    shape_begin(&s, v);
    const char *name = jv_str(shape_get(&s, "name", JV_STRING));
    m->size = (uint64_t)shape_int(&s, "size", 0, MAX_SUM);
    if (!name) return shape_end(&s);
    m->kind = MEMBER_BLOB;
    if (read_fixed_name(m, name)) {
        const char *sha256 = shape_text(&s, "sha256", is_sha256_hex);
        if (sha256) memcpy(m->sha256, sha256, SHA256_HEX);
    } else if (!read_blob_name(m, &part, name)) {
        shape_refuse(&s, "name");
    }
    if (part) {
        m->whole = (uint64_t)shape_int(&s, "of", 1, JV_INT_MAX);
        m->pieces = shape_hash_list(&s, a, "pieces", shape_get(&s, "pieces", JV_ARRAY), &m->pieces_len);
    } else {
        m->whole = m->kind == MEMBER_BLOB ? m->size : 0;
    }
    if (!s.error && !member_good(m)) shape_refuse(&s, "size");
    return shape_end(&s);
}

static int read_members(struct manifest *m, struct arena *a, const struct jv *list)
{
    if (list->len > MANIFEST_MAX_MEMBERS)
        return err_set(ERR_INPUT, "it has more than %d members", MANIFEST_MAX_MEMBERS);
    struct member *members = arena_alloc(a, list->len * sizeof *members);
    if (!members) return ERR_ROAD;
    for (size_t i = 0; i < list->len; i++) {
        int rc = read_member(&members[i], a, list->items[i]);
        if (rc) return err_within(rc, "member %zu", i + 1);
    }
    m->members = members;
    m->members_len = list->len;
    return check_members(a, m);
}

static void read_have(struct shape *s, struct manifest *m, struct arena *a)
{
    const struct jv *v = shape_get(s, "have", JV_OBJECT);
    struct have *have = v ? arena_alloc(a, v->len * sizeof *have) : NULL;
    if (v && !have) s->error = ERR_ROAD;
    for (size_t i = 0; have && i < v->len; i++) {
        have[i].kit = v->keys[i];
        have[i].seq = v->items[i]->type == JV_INT ? v->items[i]->integer : 0;
        if (!kit_id_valid(have[i].kit) || have[i].seq < 1) shape_refuse(s, "have");
    }
    m->have = have;
    m->have_len = have ? v->len : 0;
}

static void read_have_receipt(struct shape *s, struct have_receipt *out)
{
    struct shape of;
    const struct jv *v = shape_optional(s, "receipt", JV_OBJECT);
    if (!v) return;
    shape_begin(&of, v);
    out->bundle = shape_text(&of, "bundle", is_sha256_hex);
    out->held = shape_int(&of, "held", 0, JV_INT_MAX);
    out->id = shape_text(&of, "id", is_sha256_hex);
    if (shape_end(&of)) shape_refuse(s, "receipt");
}

static bool format_valid(const char *s)
{
    return strcmp(s, FORMAT_NAME) == 0;
}

static int read_manifest(struct manifest *m, struct arena *a, const struct jv *v)
{
    struct shape s;
    shape_begin(&s, v);
    shape_text(&s, "format", format_valid);
    m->case_name = shape_text(&s, "case", case_name_valid);
    m->from = shape_text(&s, "from", kit_id_valid);
    m->to = shape_text(&s, "to", kit_id_valid);
    m->entries = shape_int(&s, "entries", 0, JV_INT_MAX);
    m->want = shape_hashes(&s, a, "want", &m->want_len);
    read_have(&s, m, a);
    read_have_receipt(&s, &m->receipt);
    const struct jv *members = shape_get(&s, "members", JV_ARRAY);
    int rc = shape_end(&s);
    return rc ? rc : read_members(m, a, members);
}

int manifest_parse(struct manifest **out, struct arena *a, const void *bytes, size_t len)
{
    const struct jv *v = NULL;
    if (len > MANIFEST_MAX_BYTES)
        return err_set(ERR_INPUT, "a manifest of %zu bytes is over the limit of 4 MiB", len);
    struct manifest *m = arena_alloc(a, sizeof *m);
    if (!m) return ERR_ROAD;
    int rc = json_parse_canonical(&v, a, bytes, len, MAX_DEPTH, MANIFEST_MAX_VALUES);
    if (rc == 0) rc = read_manifest(m, a, v);
    if (rc) return rc == ERR_INPUT ? err_within(rc, "manifest refused") : rc;
    name_by_hash(m->id, bytes, len);
    *out = m;
    return 0;
}

/* ---- writing ---- */

static struct jv *member_value(struct arena *a, const struct member *m)
{
    char name[128];
    struct jv *v = jv_object(a);
    member_name(name, m);
    int rc = jv_put_str(a, v, "name", name);
    if (rc == 0) rc = jv_put_int(a, v, "size", (int64_t)m->size);
    if (rc == 0 && m->kind != MEMBER_BLOB) rc = jv_put_str(a, v, "sha256", m->sha256);
    if (rc == 0 && m->pieces) rc = jv_put_int(a, v, "of", (int64_t)m->whole);
    if (rc == 0 && m->pieces) rc = jv_put(a, v, "pieces", hashes_value(a, m->pieces, m->pieces_len));
    return rc ? NULL : v;
}

static struct jv *members_value(struct arena *a, const struct manifest *m)
{
    struct jv *list = jv_array(a);
    for (size_t i = 0; i < m->members_len; i++)
        if (jv_push(a, list, member_value(a, &m->members[i]))) return NULL;
    return list;
}

static struct jv *have_value(struct arena *a, const struct manifest *m)
{
    struct jv *v = jv_object(a);
    for (size_t i = 0; i < m->have_len; i++)
        if (jv_put_int(a, v, m->have[i].kit, m->have[i].seq)) return NULL;
    return v;
}

static struct jv *have_receipt_value(struct arena *a, const struct have_receipt *r)
{
    struct jv *v = jv_object(a);
    int rc = jv_put_str(a, v, "bundle", r->bundle);
    if (rc == 0) rc = jv_put_int(a, v, "held", r->held);
    if (rc == 0) rc = jv_put_str(a, v, "id", r->id);
    return rc ? NULL : v;
}

static struct jv *manifest_value(struct arena *a, const struct manifest *m)
{
    struct jv *v = jv_object(a);
    int rc = jv_put_str(a, v, "case", m->case_name);
    if (rc == 0) rc = jv_put_int(a, v, "entries", m->entries);
    if (rc == 0) rc = jv_put_str(a, v, "format", FORMAT_NAME);
    if (rc == 0) rc = jv_put_str(a, v, "from", m->from);
    if (rc == 0) rc = jv_put(a, v, "have", have_value(a, m));
    if (rc == 0) rc = jv_put(a, v, "members", members_value(a, m));
    if (rc == 0 && m->receipt.id) rc = jv_put(a, v, "receipt", have_receipt_value(a, &m->receipt));
    if (rc == 0) rc = jv_put_str(a, v, "to", m->to);
    if (rc == 0) rc = jv_put(a, v, "want", hashes_value(a, m->want, m->want_len));
    return rc ? NULL : v;
}

/* What is written is read back by the rules for received manifests, so there is one set of rules. */
int manifest_write(struct buf *out, struct arena *a, struct manifest *m)
{
    struct buf bytes;
    struct manifest *again = NULL;
    for (size_t i = 0; i < m->members_len; i++)
        if (!member_good(&m->members[i]))
            return err_set(ERR_INPUT, "member %zu of a manifest is not consistent", i + 1);
    struct jv *v = manifest_value(a, m);
    if (!v) return ERR_ROAD;
    buf_init(&bytes, MANIFEST_MAX_BYTES);
    json_write(&bytes, v);
    int rc = buf_error(&bytes);
    if (rc == 0) rc = manifest_parse(&again, a, bytes.data, bytes.len);
    if (rc == 0 && again->have_len != m->have_len)
        rc = err_set(ERR_INPUT, "a manifest can't name a kit twice");
    if (rc == 0) {
        buf_add(out, bytes.data, bytes.len);
        rc = buf_error(out);
    }
    if (rc == 0) memcpy(m->id, again->id, sizeof m->id);
    buf_release(&bytes);
    return rc;
}
