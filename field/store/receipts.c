/* Receipts of the joined hub: the newest of each case counts, the others stay in the journal as proof. Which
 * that is, is known from the rows' heads; the receipts themselves are parsed when somebody asks.
 *
 * Each names all evidence of its case, so most are kept in brief, upon the last that is whole. */
#include "exchange.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "satchel/base/time.h"
#include "satchel/format/shape.h"

#define HELD_NAME "%s %s" /* case, SHA-256 */
#define CHECKPOINT "" /* stands for the case of a receipt that covers every case */

void receipts_forget(struct store *s)
{
    map_release(&s->receipts);
    map_release(&s->held);
    s->held_known = false;
    s->last_receipt = 0;
}

/* ---- rows in brief ---- */

void receipt_row_id(const struct receipt_row *row, char id[SHA256_HEX])
{
    if (row->upon)
        memcpy(id, row->id, SHA256_HEX);
    else
        name_by_hash(id, row->bytes, row->bytes_len);
}

struct whole_row {
    struct arena *arena;
    int64_t number;
    struct receipt *receipt;
};

static int parse_whole(void *ctx, const struct receipt_row *row)
{
    struct whole_row *w = ctx;
    if (row->number != w->number || row->upon) return ERR_MISSING;
    int err = receipt_parse(&w->receipt, w->arena, row->bytes, row->bytes_len);
    return err ? err : 1; /* found: ends the walk */
}

static int restore_row(struct store *s, const struct receipt_row *row, struct arena *a, struct buf *out)
{
    struct whole_row upon = {.arena = a, .number = row->upon};
    char id[SHA256_HEX] = "";
    int err = receipt_walk(s, row->upon - 1, parse_whole, &upon);
    if (err == 1) err = receipt_restore(out, a, row->bytes, row->bytes_len, upon.receipt);
    if (!err) name_by_hash(id, out->data, out->len);
    if (err == ERR_ROAD || strcmp(id, row->id) == 0) return err;
    return err_set(ERR_DAMAGED, "a receipt of the store is not what it was; restore the folder from a copy");
}

int receipt_row_whole(struct store *s, const struct receipt_row *row, struct buf *out)
{
    struct arena a;
    buf_clear(out);
    if (!row->upon) {
        buf_add(out, row->bytes, row->bytes_len);
        return buf_error(out);
    }
    arena_init(&a);
    int err = restore_row(s, row, &a, out);
    arena_release(&a);
    return err;
}

static int parse_row(struct store *s, const struct receipt_row *row, struct arena *a, struct receipt **out)
{
    struct buf whole;
    if (!row->upon) return receipt_parse(out, a, row->bytes, row->bytes_len);
    buf_init(&whole, RECEIPT_MAX_BYTES);
    int err = receipt_row_whole(s, row, &whole);
    if (!err) err = receipt_parse(out, a, whole.data, whole.len);
    buf_release(&whole);
    return err;
}

/* Is what it adds little enough to be kept in brief? A quarter of what is there bounds what all of them take together. */
static bool adds_little(const struct receipt *r, const struct receipt *before)
{
    size_t common = 0;
    for (size_t i = 0; i < r->held_len && common < before->held_len; i++)
        common += strcmp(r->held[i], before->held[common]) == 0;
    return common == before->held_len && common > 1 && r->held_len - common <= common / 4;
}

/* What the row is to be kept as; in the arena and the buffer. */
static int shorten_row(
    struct store *s, struct receipt_row *row, const struct receipt *r, struct arena *a, struct buf *brief)
{
    const struct newest_receipt *n = map_get(&s->receipts, row->case_name);
    struct receipt *before;
    if (!n || !n->whole) return 0;
    int err = receipt_of_row(s, n->whole, a, &before);
    if (err || !adds_little(r, before)) return err;
    err = receipt_brief_write(brief, a, r, before->id, before->held, before->held_len);
    memcpy(row->id, r->id, SHA256_HEX);
    row->upon = n->whole;
    row->bytes = brief->data;
    row->bytes_len = brief->len;
    return err;
}

/* ---- what the hub withholds ---- */

/* The bytes are canonical and "withheld" is their last member: where it is empty, they need not be parsed. */
static bool withholds(const struct receipt_row *row)
{
    static const char none[] = "\"withheld\":[]}";
    size_t len = sizeof none - 1;
    return row->bytes_len < len || memcmp((const char *)row->bytes + row->bytes_len - len, none, len) != 0;
}

static int tell_fold(struct store *s, const char *case_name, const struct receipt_list *l, struct arena *a)
{
    struct fold_withheld *list = arena_alloc(a, (l->len + 1) * sizeof *list);
    if (!list) return ERR_ROAD;
    for (size_t i = 0; i < l->len; i++)
        list[i] = (struct fold_withheld){l->items[i].kit, l->items[i].entry, l->items[i].seq};
    return fold_withhold(s->fold, case_name, list, l->len);
}

/* Of the newest receipt of a case: what another kit's entry is called that we are not handed. */
static int tell_withheld(struct store *s, struct newest_receipt *n)
{
    struct arena a;
    struct receipt *r = NULL;
    struct receipt_list none = {0};
    if (n->told || strcmp(n->case_name, CHECKPOINT) == 0) return 0;
    arena_init(&a);
    int err = n->withholds ? receipt_of_row(s, n->row, &a, &r) : 0;
    if (!err) err = tell_fold(s, n->case_name, r ? &r->withheld : &none, &a);
    arena_release(&a);
    n->told = err == 0;
    return err;
}

/* Once they are all noted: of many rows one a case is the newest. */
static int tell_all_withheld(struct store *s)
{
    int err = 0;
    for (size_t i = 0; i < s->receipts.cap && !err; i++)
        if (s->receipts.slots[i].key) err = tell_withheld(s, s->receipts.slots[i].value);
    return err;
}

/* ---- which is the newest ---- */

static struct newest_receipt *slot(struct store *s, const char *case_name)
{
    struct newest_receipt *n = map_get(&s->receipts, case_name);
    if (n) return n;
    n = arena_alloc(&s->arena, sizeof *n);
    if (!n) return NULL;
    n->case_name = arena_strdup(&s->arena, case_name);
    if (!n->case_name || map_put(&s->receipts, n->case_name, n)) return NULL;
    return n;
}

/* How many of the kit's own entries it tells of. */
static int64_t told_own(const struct store *s, const struct receipt *r)
{
    int64_t n = 0;
    for (size_t i = 0; i < r->heads_len; i++)
        if (strcmp(r->heads[i].kit, s->kit) == 0) n += r->heads[i].seq;
    return n;
}

/* Of one second, made before the newest one, and come by another road after it? What the hub holds of a kit only grows. */
static int is_before(struct store *s, const struct receipt_row *row, const struct newest_receipt *n, bool *before)
{
    struct arena a;
    struct receipt *newest, *r;
    *before = false;
    if (!n->row || row->at != n->at) return 0;
    arena_init(&a);
    int err = parse_row(s, row, &a, &r);
    if (!err) err = receipt_of_row(s, n->row, &a, &newest);
    if (!err) *before = told_own(s, r) < told_own(s, newest);
    arena_release(&a);
    return err;
}

/* Of equal times that tell of the same the later row counts: it was taken in later. */
static int note(struct store *s, const struct receipt_row *row)
{
    bool before;
    struct newest_receipt *n = slot(s, row->case_name);
    if (n && !row->upon) n->whole = row->number;
    int err = n ? is_before(s, row, n, &before) : ERR_ROAD;
    if (err || before) return err;
    map_release(&s->held);
    s->held_known = false;
    n->last = row->number;
    if (n->row && row->at < n->at) return 0;
    n->row = row->number;
    n->at = row->at;
    n->withholds = withholds(row);
    n->told = false;
    receipt_row_id(row, n->id);
    return 0;
}

static int load_row(void *ctx, const struct receipt_row *row)
{
    struct store *s = ctx;
    bool of_our_hub = s->hub.kit && same_bytes(row->public_key, s->hub.public_key, KEY_SIZE);
    int err = of_our_hub ? note(s, row) : 0;
    if (!err) s->last_receipt = row->number;
    return err;
}

int receipts_load(struct store *s)
{
    int err = receipt_walk(s, s->last_receipt, load_row, s);
    return err ? err : tell_all_withheld(s);
}

static const struct newest_receipt *newest(struct store *s, const char *case_name)
{
    return map_get(&s->receipts, case_name ? case_name : CHECKPOINT);
}

bool receipts_in_step(struct store *s, const char *case_name)
{
    const struct newest_receipt *n = newest(s, case_name);
    return !n || n->last == n->row;
}

const char *store_after(struct store *s, const char *case_name)
{
    const struct newest_receipt *of_case = newest(s, case_name), *of_all = newest(s, NULL);
    if (!of_case) return of_all ? of_all->id : NULL;
    return of_all && of_all->at > of_case->at ? of_all->id : of_case->id;
}

/* ---- taking one in ---- */

struct same {
    const char *id;
    bool found;
};

static int compare(void *ctx, const struct receipt_row *row)
{
    struct same *same = ctx;
    char id[SHA256_HEX];
    receipt_row_id(row, id);
    if (strcmp(id, same->id) == 0) same->found = true;
    return 0;
}

int store_tx_receipt(struct store_tx *tx, const struct receipt *r, const struct buf *bytes,
    const unsigned char signature[SIGNATURE_SIZE], const unsigned char public_key[KEY_SIZE])
{
    struct store *s = tx_store(tx);
    struct same same = {r->id, false};
    struct arena a;
    struct buf brief;
    struct receipt_row row = {
        .case_name = r->case_name ? r->case_name : CHECKPOINT, .bytes = bytes->data, .bytes_len = bytes->len};
    int offset_minutes;
    if (!time_read(&row.at, &offset_minutes, r->at))
        return err_set(ERR_INPUT, "the receipt's time '%s' is not a time", r->at);
    int err = receipt_walk(s, 0, compare, &same);
    if (err || same.found) return err;
    memcpy(row.signature, signature, SIGNATURE_SIZE);
    memcpy(row.public_key, public_key, KEY_SIZE);
    err = tx_write(tx);
    if (err) return err;
    arena_init(&a);
    buf_init(&brief, RECEIPT_MAX_BYTES);
    err = shorten_row(s, &row, r, &a, &brief);
    if (!err) err = receipt_append(s, &row, &row.number);
    if (!err) err = load_row(s, &row);
    if (!err) err = tell_all_withheld(s);
    buf_release(&brief);
    arena_release(&a);
    return err;
}

/* ---- reading one ---- */

struct wanted {
    struct store *store;
    int64_t row;
    struct arena *arena;
    struct receipt *receipt;
    struct buf *bytes;
    unsigned char *signature;
};

static int read_wanted(void *ctx, const struct receipt_row *row)
{
    struct wanted *w = ctx;
    if (row->number != w->row) return 0;
    int err = w->bytes ? receipt_row_whole(w->store, row, w->bytes) : 0;
    if (w->signature) memcpy(w->signature, row->signature, SIGNATURE_SIZE);
    if (!err) err = parse_row(w->store, row, w->arena, &w->receipt);
    return err ? err : 1; /* found: ends the walk */
}

static int read_receipt(struct store *s, struct wanted *w)
{
    w->store = s;
    int err = receipt_walk(s, w->row - 1, read_wanted, w);
    if (err < 0) return err;
    return err ? 0 : err_set(ERR_DAMAGED, "a receipt of the store is gone; restore the folder from a copy");
}

int receipt_of_row(struct store *s, int64_t row, struct arena *a, struct receipt **out)
{
    struct wanted w = {.row = row, .arena = a};
    int err = read_receipt(s, &w);
    if (!err) *out = w.receipt;
    return err;
}

struct sought {
    const char *case_name, *id;
    int64_t row;
};

static int compare_id(void *ctx, const struct receipt_row *row)
{
    struct sought *q = ctx;
    char id[SHA256_HEX];
    if (strcmp(row->case_name, q->case_name) != 0) return 0;
    receipt_row_id(row, id);
    if (strcmp(id, q->id) == 0) q->row = row->number;
    return 0;
}

/* The hub builds on the newest, nearly always. */
int store_receipt_by_id(struct store *s, const char *case_name, const char *id, struct arena *a, struct receipt **out)
{
    const struct newest_receipt *n = newest(s, case_name);
    struct sought q = {case_name, id, n && strcmp(n->id, id) == 0 ? n->row : 0};
    int err = q.row ? 0 : receipt_walk(s, 0, compare_id, &q);
    if (!err && !q.row) return err_set(ERR_MISSING, "there is no receipt '%.12s…' here", id);
    return err ? err : receipt_of_row(s, q.row, a, out);
}

int store_receipt(struct store *s, const char *case_name, struct arena *a, const struct receipt **out,
    struct buf *bytes, unsigned char signature[SIGNATURE_SIZE])
{
    const struct newest_receipt *n = newest(s, case_name);
    if (!n) return err_set(ERR_MISSING, "there is no receipt for '%s' yet", case_name ? case_name : "*");
    struct wanted w = {.row = n->row, .arena = a, .bytes = bytes, .signature = signature};
    int err = read_receipt(s, &w);
    if (!err) *out = w.receipt;
    return err;
}

/* ---- evidence that the hub holds ---- */

static int compare_hash(const void *hash, const void *item)
{
    return strcmp(hash, *(const char *const *)item);
}

static bool names(const struct receipt *r, const char *sha256)
{
    return r->held_len > 0 && bsearch(sha256, r->held, r->held_len, sizeof *r->held, compare_hash) != NULL;
}

/* Bytes are dropped on its word, so where a hub's clock was set back, or an old receipt came late, both the newest
 * and the last one must name them; and where the newest takes back what was confirmed, none of it counts. */
static int add_held(struct store *s, const struct newest_receipt *n)
{
    struct arena a;
    arena_init(&a);
    struct wanted newest = {.row = n->row, .arena = &a}, last = {.row = n->last, .arena = &a};
    struct jv *marks, *alarms = jv_array(&a);
    int err = read_receipt(s, &newest);
    if (!err) err = read_receipt(s, &last);
    if (!err) err = marks_read(s, n->case_name, &a, &marks);
    if (!err) err = marks_check(s, marks, newest.receipt, n->at, &a, alarms);
    for (size_t i = 0; !err && alarms->len == 0 && i < newest.receipt->held_len; i++) {
        if (!names(last.receipt, newest.receipt->held[i])) continue;
        const char *name = arena_printf(&s->arena, HELD_NAME, n->case_name, newest.receipt->held[i]);
        err = name ? map_put(&s->held, name, s) : ERR_ROAD;
    }
    arena_release(&a);
    return err;
}

int receipts_hold(struct store *s, const char *case_name, const char *sha256, bool *held)
{
    char name[CASE_NAME_MAX + 1 + SHA256_HEX];
    for (size_t i = 0; !s->held_known && i < s->receipts.cap; i++) {
        if (!s->receipts.slots[i].key) continue;
        int err = add_held(s, s->receipts.slots[i].value);
        if (err) return err;
    }
    s->held_known = true;
    snprintf(name, sizeof name, HELD_NAME, case_name, sha256);
    *held = map_get(&s->held, name) != NULL;
    return 0;
}
