/* DIR/kits.json, canonical JSON: what each kit is known to hold, and what it is owed.
 *
 *   {kit:{case:{"bundle":id|null,"clash":case,"handed":[name,…],"have":{kit:seq,…},
 *               "receipt":{"bundle":id,"held":n,"id":id}|null,"refused":id,"want":[sha256,…],"withheld":[id,…]},…},…}
 *
 * "clash" is there where the hub does not take the case: it has that other one; "refused" is the last bundle
 * of it. "have" and "want" are those of the kit's last bundle that was new here, and "receipt" is the one that
 * it keeps by its last bundle; null where that came again: then its answer did not arrive, or could not be read
 * there, and is given whole. "bundle" is one whose receipt has not been handed out yet; "handed" names the files
 * of an outbox that the last receipt went out in, which stay there until the kit's next bundle; "withheld" the
 * entries that it only names, which the kit counts as held: once they apply they are handed out all the same. A
 * bundle that is delivered again is answered again, but tells nothing new, unless its kit has gone back. The file
 * is only a convenience: what it has lost is sent once more than needed, and a kit that misses a receipt delivers
 * its bundle again. */
#include <string.h>
#include "parts.h"
#include "satchel/base/os.h"

#define KITS_MAX_BYTES ((size_t)256 << 20)
#define KITS_MAX_DEPTH 5

int kits_read(struct hub *h, struct arena *a, const struct jv **kits)
{
    struct buf bytes;
    const char *path = hub_file(a, h, "kits.json");
    if (!path) return ERR_ROAD;
    buf_init(&bytes, KITS_MAX_BYTES);
    int rc = file_read(path, &bytes);
    if (rc == 0) rc = json_parse(kits, a, bytes.data, bytes.len, KITS_MAX_DEPTH, JSON_STRICT);
    if (rc == ERR_MISSING || rc == ERR_INPUT) { /* not there yet, or no longer readable: begin anew */
        err_clear();
        *kits = jv_object(a);
        rc = *kits ? 0 : ERR_ROAD;
    }
    buf_release(&bytes);
    return rc;
}

static int kits_write(struct hub *h, struct arena *a, const struct jv *kits)
{
    struct buf bytes;
    const char *path = hub_file(a, h, "kits.json");
    if (!path || !kits) return ERR_ROAD;
    buf_init(&bytes, KITS_MAX_BYTES);
    json_write(&bytes, kits);
    int rc = buf_error(&bytes);
    if (rc == 0) rc = file_write(path, bytes.data, bytes.len);
    buf_release(&bytes);
    return rc;
}

/* ---- reading one ---- */

static int read_have(const struct jv *v, struct arena *a, struct kit_case *out)
{
    size_t len = v && v->type == JV_OBJECT ? v->len : 0;
    struct have *have = arena_alloc(a, (len + 1) * sizeof *have);
    if (!have) return ERR_ROAD;
    for (size_t i = 0; i < len; i++)
        if (v->items[i]->type == JV_INT)
            have[out->have_len++] = (struct have){v->keys[i], v->items[i]->integer};
    out->have = have;
    return 0;
}

/* The strings of an array. */
static int read_strings(const struct jv *v, struct arena *a, const char *const **out, size_t *len)
{
    size_t room = v && v->type == JV_ARRAY ? v->len : 0;
    const char **list = arena_alloc(a, (room + 1) * sizeof *list);
    if (!list) return ERR_ROAD;
    for (size_t i = 0; i < room; i++)
        if (jv_str(v->items[i])) list[(*len)++] = jv_str(v->items[i]);
    *out = list;
    return 0;
}

static struct have_receipt read_have_receipt(const struct jv *v)
{
    struct have_receipt r = {jv_get_str(v, "id"), jv_get_str(v, "bundle"), jv_get_int(v, "held", 0)};
    bool good = r.id && r.bundle && is_sha256_hex(r.id) && is_sha256_hex(r.bundle);
    return good ? r : (struct have_receipt){0};
}

int kits_find(
    const struct jv *kits, const char *kit, const char *case_name, struct arena *a, struct kit_case *out)
{
    const struct jv *v = jv_get(jv_get(kits, kit), case_name);
    *out = (struct kit_case){.bundle = jv_get_str(v, "bundle"), .clash = jv_get_str(v, "clash")};
    out->receipt = read_have_receipt(jv_get(v, "receipt"));
    int rc = read_have(jv_get(v, "have"), a, out);
    if (rc == 0) rc = read_strings(jv_get(v, "want"), a, &out->want, &out->want_len);
    if (rc == 0) rc = read_strings(jv_get(v, "withheld"), a, &out->withheld, &out->withheld_len);
    return rc ? rc : read_strings(jv_get(v, "handed"), a, &out->handed, &out->handed_len);
}

/* ---- changing one ---- */

/* A copy of an object with one member set. NULL (or anything but an object) counts as empty. */
static struct jv *with(struct arena *a, const struct jv *object, const char *key, const struct jv *value)
{
    struct jv *copy = jv_object(a);
    for (size_t i = 0; object && object->type == JV_OBJECT && i < object->len; i++)
        if (jv_put(a, copy, object->keys[i], object->items[i])) return NULL;
    return value && jv_put(a, copy, key, value) == 0 ? copy : NULL;
}

static const struct jv *with_case(
    struct arena *a, const struct jv *kits, const char *kit, const char *case_name, const struct jv *value)
{
    return with(a, kits, kit, with(a, jv_get(kits, kit), case_name, value));
}

static struct jv *have_value(struct arena *a, const struct manifest *m)
{
    struct jv *v = jv_object(a);
    for (size_t i = 0; i < m->have_len; i++)
        if (jv_put_int(a, v, m->have[i].kit, m->have[i].seq)) return NULL;
    return v;
}

static struct jv *want_value(struct arena *a, const struct manifest *m)
{
    struct jv *v = jv_array(a);
    for (size_t i = 0; i < m->want_len; i++)
        if (jv_push(a, v, jv_string(a, m->want[i]))) return NULL;
    return v;
}

static struct jv *have_receipt_value(struct arena *a, const struct have_receipt *r)
{
    struct jv *v = r->id ? jv_object(a) : jv_null(a);
    if (!r->id) return v;
    int rc = jv_put_str(a, v, "bundle", r->bundle);
    if (rc == 0) rc = jv_put_int(a, v, "held", r->held);
    if (rc == 0) rc = jv_put_str(a, v, "id", r->id);
    return rc ? NULL : v;
}

/* Less of the kit's own than it had? Then its store is restored from a copy, and what that copy says may have been said before. */
static bool has_gone_back(const struct jv *before, const struct manifest *m)
{
    int64_t own = 0;
    for (size_t i = 0; i < m->have_len; i++)
        if (strcmp(m->have[i].kit, m->from) == 0) own = m->have[i].seq;
    return own < jv_get_int(jv_get(before, "have"), m->from, 0);
}

static struct jv *noted(struct arena *a, const struct jv *before, const struct manifest *m, bool fresh)
{
    bool news = fresh || has_gone_back(before, m);
    struct jv *v = with(a, before, "bundle", jv_string(a, m->id));
    v = with(a, v, "receipt", fresh ? have_receipt_value(a, &m->receipt) : jv_null(a));
    if (news) v = with(a, v, "have", have_value(a, m));
    if (news) v = with(a, v, "handed", jv_array(a));
    return news ? with(a, v, "want", want_value(a, m)) : v;
}

static const struct jv *with_note(struct arena *a, const struct jv *kits, const struct kit_note *n)
{
    const struct manifest *m = n->manifest;
    const struct jv *before = jv_get(jv_get(kits, m->from), m->case_name);
    return with_case(a, kits, m->from, m->case_name, noted(a, before, m, n->fresh));
}

int kits_note(struct hub *h, const struct kit_note *notes, size_t len)
{
    struct arena a;
    const struct jv *kits;
    arena_init(&a);
    int rc = kits_read(h, &a, &kits);
    for (size_t i = 0; i < len && rc == 0; i++) {
        kits = with_note(&a, kits, &notes[i]);
        if (!kits) rc = ERR_ROAD;
    }
    if (rc == 0) rc = kits_write(h, &a, kits);
    arena_release(&a);
    return rc;
}

static int refuse(struct hub *h, struct arena *a, const struct jv *kits, const char *kit,
    const char *case_name, const char *bundle, const char *clash)
{
    const struct jv *before = jv_get(jv_get(kits, kit), case_name);
    const char *last = jv_get_str(before, "refused");
    if (last && strcmp(last, bundle) == 0) return 0; /* it lies there still, and so does the answer */
    struct jv *v = with(a, before, "bundle", jv_string(a, bundle));
    v = with(a, v, "clash", jv_string(a, clash));
    v = with(a, v, "handed", jv_array(a));
    v = with(a, v, "refused", jv_string(a, bundle));
    return kits_write(h, a, with_case(a, kits, kit, case_name, v));
}

int kits_refused(struct hub *h, const char *kit, const char *case_name, const char *bundle, const char *clash)
{
    struct arena a;
    const struct jv *kits;
    arena_init(&a);
    int rc = kits_read(h, &a, &kits);
    if (rc == 0) rc = refuse(h, &a, kits, kit, case_name, bundle, clash);
    arena_release(&a);
    return rc;
}

static const struct jv *answered_in(struct arena *a, const struct jv *kits, const struct jv *answer)
{
    const char *kit = jv_get_str(answer, "kit"), *case_name = jv_get_str(answer, "case");
    struct jv *v = with(a, jv_get(jv_get(kits, kit), case_name), "bundle", jv_null(a));
    v = with(a, v, "handed", jv_get(answer, "files"));
    return with_case(a, kits, kit, case_name, with(a, v, "withheld", jv_get(answer, "withheld")));
}

int kits_answered(struct hub *h, const struct jv *answers)
{
    struct arena a;
    const struct jv *kits;
    if (answers->len == 0) return 0;
    arena_init(&a);
    int rc = kits_read(h, &a, &kits);
    for (size_t i = 0; i < answers->len && rc == 0; i++) {
        kits = answered_in(&a, kits, answers->items[i]);
        if (!kits) rc = ERR_ROAD;
    }
    if (rc == 0) rc = kits_write(h, &a, kits);
    arena_release(&a);
    return rc;
}
