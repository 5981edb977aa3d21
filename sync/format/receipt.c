/* receipt.json: one JSON object in canonical form (RFC 8785), at most 16 MiB; its members are described in
 * receipt.h. Beyond that:
 *
 *   - "held" and "awaited" are sorted, without repeats, and share nothing. No case in "heads" is empty; "seq"
 * is 1 or more. "quarantined", "waiting" and "withheld" are sorted by case, kit, seq and entry, without
 * repeats; a reason is not empty.
 *   - "bundle" and "case" are both null (a checkpoint; then "held" and "awaited" are empty) or neither is;
 * then "heads" and those lists speak of that case only. With a "clash" there is a case, and "heads" and
 * "held" are empty.
 *
 * In brief it has "since", too; what that and "held" are is checked when it is restored, the rest by reading the whole. */
#include "satchel/format/receipt.h"

#include <stdlib.h>
#include <string.h>

#include "satchel/format/shape.h"

#define FORMAT_NAME "satchel receipt 1"
#define MAX_DEPTH 4

/* ---- rules ---- */

static int compare_heads(const void *a, const void *b)
{
    const struct receipt_head *x = a, *y = b;
    int order = strcmp(x->case_name, y->case_name);
    return order ? order : strcmp(x->kit, y->kit);
}

static int compare_apart(const void *a, const void *b)
{
    const struct receipt_apart *x = a, *y = b;
    int order = strcmp(x->case_name, y->case_name);
    if (order == 0) order = strcmp(x->kit, y->kit);
    if (order == 0) order = (x->seq > y->seq) - (x->seq < y->seq);
    return order ? order : strcmp(x->entry, y->entry);
}

static bool share_nothing(const char *const *a, size_t a_len, const char *const *b, size_t b_len)
{
    for (size_t i = 0, j = 0; i < a_len && j < b_len;) {
        int order = strcmp(a[i], b[j]);
        if (order == 0) return false;
        if (order < 0) {
            i++;
        } else {
            j++;
        }
    }
    return true;
}

static void check_list(
    struct shape *s, const struct receipt *r, const char *key, const struct receipt_list *l)
{
    for (size_t i = 0; i < l->len; i++) {
        bool here = !r->case_name || strcmp(l->items[i].case_name, r->case_name) == 0;
        if (!here || (i > 0 && compare_apart(&l->items[i - 1], &l->items[i]) >= 0)) shape_refuse(s, key);
    }
}

/* A receipt for a bundle speaks of its case only; a checkpoint speaks of all, but not of evidence. */
static void check_scope(struct shape *s, const struct receipt *r)
{
    if ((r->case_name == NULL) != (r->bundle == NULL)) shape_refuse(s, "bundle");
    if (!r->case_name && r->held_len > 0) shape_refuse(s, "held");
    if (!r->case_name && r->awaited_len > 0) shape_refuse(s, "awaited");
    for (size_t i = 0; r->case_name && i < r->heads_len; i++)
        if (strcmp(r->heads[i].case_name, r->case_name) != 0) shape_refuse(s, "heads");
    check_list(s, r, "quarantined", &r->quarantined);
    check_list(s, r, "waiting", &r->waiting);
    check_list(s, r, "withheld", &r->withheld);
    if (r->clash && (!r->case_name || r->heads_len || r->held_len)) shape_refuse(s, "clash");
    if (!share_nothing(r->held, r->held_len, r->awaited, r->awaited_len)) shape_refuse(s, "awaited");
}

/* ---- reading ---- */

static bool not_empty(const char *s)
{
    return *s != '\0';
}

static int read_head(struct receipt_head *head, const char *case_name, const char *kit, const struct jv *v)
{
    struct shape s;
    shape_begin(&s, v);
    head->case_name = case_name;
    head->kit = kit;
    head->entry = shape_text(&s, "entry", is_sha256_hex);
    head->seq = shape_int(&s, "seq", 1, JV_INT_MAX);
    if (!kit_id_valid(kit) || !case_name_valid(case_name)) shape_refuse(&s, "heads");
    return shape_end(&s);
}

/* The number of heads in all; refuses a case that is not an object or has none. */
static size_t count_heads(struct shape *s, const struct jv *cases)
{
    size_t len = 0;
    for (size_t i = 0; cases && i < cases->len; i++) {
        const struct jv *kits = cases->items[i];
        if (kits->type != JV_OBJECT || kits->len == 0) {
            shape_refuse(s, "heads");
            return 0;
        }
        len += kits->len;
    }
    return len;
}

static void read_heads(struct shape *s, struct receipt *r, struct arena *a)
{
    const struct jv *cases = shape_get(s, "heads", JV_OBJECT);
    size_t len = count_heads(s, cases);
    if (s->error) return;
    r->heads = arena_alloc(a, len * sizeof *r->heads);
    if (!r->heads) s->error = ERR_ROAD;
    for (size_t i = 0; !s->error && i < cases->len; i++) {
        const struct jv *kits = cases->items[i];
        for (size_t j = 0; !s->error && j < kits->len; j++)
            s->error = read_head(&r->heads[r->heads_len++], cases->keys[i], kits->keys[j], kits->items[j]);
    }
}

static int read_apart(struct receipt_apart *q, const struct jv *v, bool with_reason)
{
    struct shape s;
    shape_begin(&s, v);
    q->case_name = shape_text(&s, "case", case_name_valid);
    q->entry = shape_text(&s, "entry", is_sha256_hex);
    q->kit = shape_text(&s, "kit", kit_id_valid);
    if (with_reason) q->reason = shape_text(&s, "reason", not_empty);
    q->seq = shape_int(&s, "seq", 1, JV_INT_MAX);
    return shape_end(&s);
}

static void read_list(
    struct shape *s, struct receipt_list *out, struct arena *a, const char *key, bool with_reason)
{
    const struct jv *list = shape_get(s, key, JV_ARRAY);
    if (!list) return;
    out->items = arena_alloc(a, (list->len + 1) * sizeof *out->items);
    if (!out->items) s->error = ERR_ROAD;
    for (size_t i = 0; !s->error && i < list->len; i++)
        s->error = read_apart(&out->items[out->len++], list->items[i], with_reason);
}

static bool format_valid(const char *s)
{
    return strcmp(s, FORMAT_NAME) == 0;
}

static int read_receipt(struct receipt *r, struct arena *a, const struct jv *v)
{
    struct shape s;
    shape_begin(&s, v);
    shape_text(&s, "format", format_valid);
    r->accepted = shape_int(&s, "accepted", 0, JV_INT_MAX);
    r->at = shape_time(&s, "at");
    r->awaited = shape_hashes(&s, a, "awaited", &r->awaited_len);
    r->bundle = shape_text_or_null(&s, "bundle", is_sha256_hex);
    r->case_name = shape_text_or_null(&s, "case", case_name_valid);
    r->clash = shape_text_or_null(&s, "clash", case_name_valid);
    r->held = shape_hashes(&s, a, "held", &r->held_len);
    r->hub = shape_text(&s, "hub", kit_id_valid);
    r->known = shape_int(&s, "known", 0, JV_INT_MAX);
    r->root = shape_text(&s, "root", kit_id_valid);
    read_heads(&s, r, a);
    read_list(&s, &r->quarantined, a, "quarantined", true);
    read_list(&s, &r->waiting, a, "waiting", true);
    read_list(&s, &r->withheld, a, "withheld", false);
    if (!s.error) check_scope(&s, r);
    return shape_end(&s);
}

int receipt_parse(struct receipt **out, struct arena *a, const void *bytes, size_t len)
{
    const struct jv *v = NULL;
    if (len > RECEIPT_MAX_BYTES)
        return err_set(ERR_INPUT, "a receipt of %zu bytes is over the limit of 16 MiB", len);
    struct receipt *r = arena_alloc(a, sizeof *r);
    if (!r) return ERR_ROAD;
    int rc = json_parse_canonical(&v, a, bytes, len, MAX_DEPTH, RECEIPT_MAX_VALUES);
    if (rc == 0) rc = read_receipt(r, a, v);
    if (rc) return rc == ERR_INPUT ? err_within(rc, "receipt refused") : rc;
    name_by_hash(r->id, bytes, len);
    *out = r;
    return 0;
}

/* ---- writing ---- */

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Sorts and drops repeats: two records may name one piece of evidence. */
static void sort_hashes(const char **hashes, size_t *len)
{
    size_t kept = 0;
    if (*len > 1) qsort(hashes, *len, sizeof *hashes, compare_texts);
    for (size_t i = 0; i < *len; i++)
        if (kept == 0 || strcmp(hashes[kept - 1], hashes[i]) != 0) hashes[kept++] = hashes[i];
    *len = kept;
}

static void sort_list(struct receipt_list *l)
{
    if (l->len > 1) qsort(l->items, l->len, sizeof *l->items, compare_apart);
}

static void sort_lists(struct receipt *r)
{
    sort_hashes(r->held, &r->held_len);
    sort_hashes(r->awaited, &r->awaited_len);
    if (r->heads_len > 1) qsort(r->heads, r->heads_len, sizeof *r->heads, compare_heads);
    sort_list(&r->quarantined);
    sort_list(&r->waiting);
    sort_list(&r->withheld);
}

static struct jv *head_value(struct arena *a, const struct receipt_head *head)
{
    struct jv *v = jv_object(a);
    return jv_put_str(a, v, "entry", head->entry) || jv_put_int(a, v, "seq", head->seq) ? NULL : v;
}

static struct jv *heads_value(struct arena *a, const struct receipt *r)
{
    struct jv *cases = jv_object(a), *kits = NULL;
    for (size_t i = 0; i < r->heads_len; i++) {
        const struct receipt_head *head = &r->heads[i];
        if (i == 0 || strcmp(head->case_name, r->heads[i - 1].case_name) != 0) {
            kits = jv_object(a);
            if (jv_put(a, cases, head->case_name, kits)) return NULL;
        }
        if (jv_put(a, kits, head->kit, head_value(a, head))) return NULL;
    }
    return cases;
}

static struct jv *apart_value(struct arena *a, const struct receipt_apart *q)
{
    struct jv *v = jv_object(a);
    int rc = jv_put_str(a, v, "case", q->case_name);
    if (rc == 0) rc = jv_put_str(a, v, "entry", q->entry);
    if (rc == 0) rc = jv_put_str(a, v, "kit", q->kit);
    if (rc == 0 && q->reason) rc = jv_put_str(a, v, "reason", q->reason);
    if (rc == 0) rc = jv_put_int(a, v, "seq", q->seq);
    return rc ? NULL : v;
}

static struct jv *list_value(struct arena *a, const struct receipt_list *l)
{
    struct jv *list = jv_array(a);
    for (size_t i = 0; i < l->len; i++)
        if (jv_push(a, list, apart_value(a, &l->items[i]))) return NULL;
    return list;
}

static struct jv *receipt_value(struct arena *a, const struct receipt *r)
{
    struct jv *v = jv_object(a);
    int rc = jv_put_int(a, v, "accepted", r->accepted);
    if (rc == 0) rc = jv_put_str(a, v, "at", r->at);
    if (rc == 0) rc = jv_put(a, v, "awaited", hashes_value(a, r->awaited, r->awaited_len));
    if (rc == 0) rc = jv_put_str(a, v, "bundle", r->bundle);
    if (rc == 0) rc = jv_put_str(a, v, "case", r->case_name);
    if (rc == 0) rc = jv_put_str(a, v, "clash", r->clash);
    if (rc == 0) rc = jv_put_str(a, v, "format", FORMAT_NAME);
    if (rc == 0) rc = jv_put(a, v, "heads", heads_value(a, r));
    if (rc == 0) rc = jv_put(a, v, "held", hashes_value(a, r->held, r->held_len));
    if (rc == 0) rc = jv_put_str(a, v, "hub", r->hub);
    if (rc == 0) rc = jv_put_int(a, v, "known", r->known);
    if (rc == 0) rc = jv_put(a, v, "quarantined", list_value(a, &r->quarantined));
    if (rc == 0) rc = jv_put_str(a, v, "root", r->root);
    if (rc == 0) rc = jv_put(a, v, "waiting", list_value(a, &r->waiting));
    if (rc == 0) rc = jv_put(a, v, "withheld", list_value(a, &r->withheld));
    return rc ? NULL : v;
}

/* What is written is read back by the rules for received receipts, so there is one set of rules. */
int receipt_write(struct buf *out, struct arena *a, struct receipt *r)
{
    struct buf bytes;
    struct receipt *again = NULL;
    sort_lists(r);
    struct jv *v = receipt_value(a, r);
    if (!v) return ERR_ROAD;
    buf_init(&bytes, RECEIPT_MAX_BYTES);
    json_write(&bytes, v);
    int rc = buf_error(&bytes);
    if (rc == 0) rc = receipt_parse(&again, a, bytes.data, bytes.len);
    if (rc == 0 && again->heads_len != r->heads_len)
        rc = err_set(ERR_INPUT, "a receipt can't name a kit twice");
    if (rc == 0) {
        buf_add(out, bytes.data, bytes.len);
        rc = buf_error(out);
    }
    if (rc == 0) memcpy(r->id, again->id, sizeof r->id);
    buf_release(&bytes);
    return rc;
}

/* ---- in brief ---- */

/* Both sorted: what is in `all` and not in `known`. */
static size_t leave_out(
    const char **out, const char *const *all, size_t all_len, const char *const *known, size_t known_len)
{
    size_t n = 0;
    for (size_t i = 0, k = 0; i < all_len; i++) {
        while (k < known_len && strcmp(known[k], all[i]) < 0) k++;
        if (k == known_len || strcmp(known[k], all[i]) != 0) out[n++] = all[i];
    }
    return n;
}

int receipt_brief_write(struct buf *out, struct arena *a, const struct receipt *r, const char *since,
    const char *const *known, size_t known_len)
{
    struct receipt brief = *r;
    brief.held = arena_alloc(a, (r->held_len + 1) * sizeof *brief.held);
    if (!brief.held) return ERR_ROAD;
    brief.held_len = leave_out(brief.held, r->held, r->held_len, known, known_len);
    struct jv *v = receipt_value(a, &brief);
    int rc = jv_put_str(a, v, "since", since);
    if (rc) return rc;
    json_write(out, v);
    return buf_error(out);
}

static int read_brief(const struct jv **out, struct arena *a, const void *bytes, size_t len)
{
    if (len > RECEIPT_MAX_BYTES)
        return err_set(ERR_INPUT, "a receipt of %zu bytes is over the limit of 16 MiB", len);
    return json_parse_canonical(out, a, bytes, len, MAX_DEPTH, RECEIPT_MAX_VALUES);
}

const char *receipt_since(struct arena *a, const void *bytes, size_t len)
{
    const struct jv *v = NULL;
    if (read_brief(&v, a, bytes, len)) err_clear(); /* reading it as a receipt tells what is wrong */
    return jv_get_str(v, "since");
}

/* What the earlier one names and what is new, in their order. */
static int put_together(struct receipt *whole, struct arena *a, const struct receipt *before, const struct jv *brief)
{
    struct shape s;
    size_t len;
    shape_begin(&s, brief);
    const char **held = shape_hashes(&s, a, "held", &len);
    if (s.error) return s.error;
    whole->held = arena_alloc(a, (before->held_len + len + 1) * sizeof *whole->held);
    if (!whole->held) return ERR_ROAD;
    if (before->held_len) memcpy(whole->held, before->held, before->held_len * sizeof *held);
    memcpy(whole->held + before->held_len, held, len * sizeof *held);
    whole->held_len = before->held_len + len;
    sort_hashes(whole->held, &whole->held_len);
    return 0;
}

static int write_whole(struct buf *out, struct arena *a, const struct jv *brief, const struct receipt *whole)
{
    struct jv *v = jv_object(a);
    int rc = v ? 0 : ERR_ROAD;
    for (size_t i = 0; rc == 0 && i < brief->len; i++)
        if (strcmp(brief->keys[i], "since") != 0) rc = jv_put(a, v, brief->keys[i], brief->items[i]);
    if (rc == 0) rc = jv_put(a, v, "held", hashes_value(a, whole->held, whole->held_len));
    if (rc) return rc;
    json_write(out, v);
    return buf_error(out);
}

int receipt_restore(struct buf *out, struct arena *a, const void *brief, size_t len, const struct receipt *before)
{
    const struct jv *v = NULL;
    struct receipt whole = {0};
    int rc = read_brief(&v, a, brief, len);
    const char *since = rc ? NULL : jv_get_str(v, "since");
    if (rc == 0 && (!since || strcmp(since, before->id) != 0))
        rc = err_set(ERR_INPUT, "it builds on another receipt than '%s'", before->id);
    if (rc == 0) rc = put_together(&whole, a, before, v);
    return rc ? rc : write_whole(out, a, v, &whole);
}
