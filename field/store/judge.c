/* Verdicts on entries that came from elsewhere (design.md §3, quarantine). */
#include "exchange.h"

#include <string.h>

#include "satchel/base/time.h"

/* ---- what a receipt says ---- */

static const struct receipt_apart *listed(const struct receipt_list *l, const char *id)
{
    for (size_t i = 0; i < l->len; i++)
        if (strcmp(l->items[i].entry, id) == 0) return &l->items[i];
    return NULL;
}

static const struct receipt_head *head_of(const struct receipt *r, const struct entry *e)
{
    for (size_t i = 0; i < r->heads_len; i++) {
        const struct receipt_head *h = &r->heads[i];
        if (strcmp(h->case_name, e->case_name) == 0 && strcmp(h->kit, e->kit) == 0) return h;
    }
    return NULL;
}

/* The one entry of that number; NULL: none is held, or it is forked there. */
static const char *only_entry(struct fold *f, const struct receipt_head *head, int64_t seq)
{
    const struct fold_chain *c = fold_chain(f, head->case_name, head->kit);
    const char *id = NULL;
    for (size_t i = 0; c && i < c->entries_len; i++) {
        if (c->entries[i]->entry->seq != seq) continue;
        if (id) return NULL;
        id = c->entries[i]->entry->id;
    }
    return id;
}

/* The entry before one of the receipt's chain. What the hub withholds tells only its own id. */
static const char *entry_before(
    struct fold *f, const struct receipt *r, const struct receipt_head *head, const char *id, int64_t seq)
{
    const struct held *h = fold_entry(f, id);
    if (h) return h->entry->prev;
    return listed(&r->withheld, id) ? only_entry(f, head, seq - 1) : NULL;
}

/* The head is the end of one chain: an entry of it is met by going back. Another entry of the same number is
 * of a fork that the receipt says nothing of, and behind what is not held here nothing can be told. */
static bool accepted(struct fold *f, const struct receipt *r, const struct entry *e)
{
    const struct receipt_head *head = r ? head_of(r, e) : NULL;
    const char *id = head && head->seq >= e->seq && !listed(&r->waiting, e->id) ? head->entry : NULL;
    for (int64_t seq = head ? head->seq : 0; id && seq > e->seq; seq--)
        id = entry_before(f, r, head, id, seq);
    return id && strcmp(id, e->id) == 0;
}

int ruling_of_case(struct store *s, const char *case_name, struct arena *a, struct ruling *out)
{
    struct ruling by = {0};
    int rc = store_hub(s) ? store_receipt(s, case_name, a, &by.receipt, NULL, NULL) : ERR_MISSING;
    if (rc == ERR_MISSING) {
        err_clear();
        rc = 0;
    }
    if (rc == 0) rc = store_registry_get(s, &by.registry);
    if (rc == 0) *out = by;
    return rc;
}

/* ---- one entry ---- */

static bool gave_admin(const struct held *h)
{
    const struct entry_field *f = h->verdict == VERDICT_GOOD ? entry_field(h->entry, "roles.admin") : NULL;
    return f && f->value->type == JV_BOOL && f->value->boolean;
}

/* A hub can vouch that an entry came in time, but it can't make anybody an admin: the register itself must
 * show that the author's person was one at some time. */
static bool was_admin(struct store *s, const struct registry_kit *kit)
{
    const struct fold_record *person = fold_record(s->fold, REGISTER_CASE, kit->person);
    for (size_t i = 0; person && i < person->entries_len; i++)
        if (gave_admin(person->entries[i])) return true;
    return false;
}

static bool could_write(
    struct store *s, const struct registry *r, const struct entry *e, const unsigned char key[KEY_SIZE])
{
    const struct registry_kit *kit = registry_kit(r, e->kit);
    if (!kit || !same_bytes(kit->public_key, key, KEY_SIZE)) return false;
    return strcmp(e->case_name, REGISTER_CASE) != 0 || was_admin(s, kit);
}

static bool by_root(const struct registry *r, const struct entry *e, const unsigned char key[KEY_SIZE])
{
    return strcmp(e->case_name, REGISTER_CASE) == 0 && registry_root(r, key);
}

int rule(struct store *s, const struct ruling *by, const struct entry *e,
    const unsigned char public_key[KEY_SIZE], struct arena *a, enum verdict *verdict, const char **reason)
{
    const struct registry *r = by->registry;
    int rc = registry_judge(r, store_forms(s), e, public_key, a, verdict, reason);
    if (rc || by_root(r, e, public_key)) return rc;
    const struct receipt_apart *q = by->receipt ? listed(&by->receipt->quarantined, e->id) : NULL;
    if (q) {
        *verdict = VERDICT_QUARANTINED;
        *reason = q->reason;
    } else if (*verdict == VERDICT_QUARANTINED && (by->vouched || accepted(s->fold, by->receipt, e)) &&
               could_write(s, r, e, public_key)) {
        *verdict = VERDICT_GOOD;
        *reason = NULL;
    }
    return 0;
}

/* ---- entries that are held ---- */

/* What the fold hands out does not outlast a change of it; entries do. */
struct judged {
    const struct entry *entry;
    unsigned char public_key[KEY_SIZE];
};

static bool concerns(enum rejudge which, const struct held *h)
{
    if (which == REJUDGE_WAITING) return h->verdict == VERDICT_WAITING;
    return which == REJUDGE_ALL || h->verdict != VERDICT_GOOD;
}

static int collect(struct store *s, const char *case_name, enum rejudge which, struct arena *a,
    struct judged **out, size_t *len)
{
    size_t chains_len, all = 0, n = 0;
    const struct fold_chain *const *chains = fold_chains(s->fold, case_name, &chains_len);
    for (size_t i = 0; i < chains_len; i++) all += chains[i]->entries_len;
    struct judged *list = arena_alloc(a, (all + 1) * sizeof *list);
    if (!list) return ERR_ROAD;
    for (size_t i = 0; i < chains_len; i++) {
        for (size_t k = 0; k < chains[i]->entries_len; k++) {
            const struct held *h = chains[i]->entries[k];
            if (!concerns(which, h)) continue;
            list[n].entry = h->entry;
            memcpy(list[n++].public_key, h->public_key, KEY_SIZE);
        }
    }
    *out = list;
    *len = n;
    return 0;
}

/* *moved: now it applies. */
static int judge_one(struct store_tx *tx, struct store *s, const struct ruling *by, const struct judged *j,
    struct arena *a, bool only_good, bool *moved)
{
    enum verdict verdict;
    const char *reason;
    int rc = rule(s, by, j->entry, j->public_key, a, &verdict, &reason);
    if (rc || (only_good && verdict != VERDICT_GOOD)) return rc;
    if (verdict == VERDICT_GOOD) *moved = true;
    return store_tx_judge(tx, j->entry->id, verdict, reason);
}

static int judge_round(struct store_tx *tx, struct store *s, const char *case_name, const struct ruling *by,
    enum rejudge which, bool only_good, bool *moved)
{
    struct arena a;
    struct judged *list;
    size_t len;
    struct ruling now = *by;
    arena_init(&a);
    *moved = false;
    int rc = store_registry_get(s, &now.registry);
    if (rc == 0) rc = collect(s, case_name, which, &a, &list, &len);
    for (size_t i = 0; rc == 0 && i < len; i++) rc = judge_one(tx, s, &now, &list[i], &a, only_good, moved);
    arena_release(&a);
    return rc;
}

int rejudge_case(
    struct store_tx *tx, struct store *s, const char *case_name, const struct ruling *by, enum rejudge which)
{
    bool moved;
    return judge_round(tx, s, case_name, by, which, false, &moved);
}

/* An entry that came before the one that gives its author the role is not refused for that: refusals come
 * last. */
int admit_register(struct store_tx *tx, struct store *s, const struct ruling *by)
{
    bool moved = true;
    int rc = 0;
    while (rc == 0 && moved) rc = judge_round(tx, s, REGISTER_CASE, by, REJUDGE_WAITING, true, &moved);
    return rc;
}

int settle_register(struct store_tx *tx, struct store *s, const struct ruling *by)
{
    int rc = admit_register(tx, s, by);
    return rc ? rc : rejudge_case(tx, s, REGISTER_CASE, by, REJUDGE_WAITING);
}

static int rejudge_with_receipt(
    struct store_tx *tx, struct store *s, const char *case_name, enum rejudge which)
{
    struct arena a;
    struct ruling by;
    arena_init(&a);
    int rc = ruling_of_case(s, case_name, &a, &by);
    if (rc == 0) rc = rejudge_case(tx, s, case_name, &by, which);
    arena_release(&a);
    return rc;
}

int rejudge_cases(struct store_tx *tx, struct store *s, enum rejudge which)
{
    struct arena a;
    size_t len;
    int rc = 0;
    arena_init(&a);
    const char *const *names = fold_cases(s->fold, &len);
    const char **copy = arena_alloc(&a, (len + 1) * sizeof *copy);
    if (!copy) rc = ERR_ROAD;
    for (size_t i = 0; rc == 0 && i < len; i++) copy[i] = names[i];
    for (size_t i = 0; rc == 0 && i < len; i++)
        if (strcmp(copy[i], REGISTER_CASE) != 0) rc = rejudge_with_receipt(tx, s, copy[i], which);
    arena_release(&a);
    return rc;
}

/* ---- receipts ---- */

static int quarantine_held(struct store_tx *tx, struct store *s, const struct receipt *r)
{
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < r->quarantined.len; i++) {
        const struct receipt_apart *q = &r->quarantined.items[i];
        const struct held *h = fold_entry(s->fold, q->entry);
        const struct registry *reg;
        if (!h) continue;
        rc = store_registry_get(s, &reg);
        if (rc == 0 && !by_root(reg, h->entry, h->public_key))
            rc = store_tx_judge(tx, q->entry, VERDICT_QUARANTINED, q->reason);
    }
    return rc;
}

static bool is_newest(struct store *s, const struct receipt *r)
{
    const struct newest_receipt *n = map_get(&s->receipts, r->case_name ? r->case_name : "");
    int64_t at;
    int offset;
    return !n || !time_read(&at, &offset, r->at) || at >= n->at;
}

int apply_receipt(struct store_tx *tx, struct store *s, const struct receipt *r)
{
    struct ruling by = {.receipt = r};
    if (!is_newest(s, r)) return 0;
    int rc = quarantine_held(tx, s, r);
    if (rc || !r->case_name) return rc;
    return rejudge_case(tx, s, r->case_name, &by, REJUDGE_NOT_GOOD);
}

/* ---- taking ---- */

int take_copy(struct store_tx *tx, struct store *s, const struct entry *e,
    const unsigned char public_key[KEY_SIZE], enum verdict verdict, const char *reason, bool *known)
{
    struct arena *a = fold_arena(s->fold);
    const struct entry *parsed;
    *known = fold_entry(s->fold, e->id) != NULL;
    if (*known) return 0;
    struct entry *copy = arena_alloc(a, sizeof *copy);
    if (!copy) return ERR_ROAD;
    int rc = entry_parse(&parsed, a, e->bytes, e->bytes_len);
    if (rc) return rc;
    *copy = *parsed;
    memcpy(copy->signature, e->signature, SIGNATURE_SIZE);
    return store_tx_take(tx, copy, public_key, verdict, reason, known);
}
