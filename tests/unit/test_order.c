/* The heart of it: whoever holds the same entries sees the same records, in whatever order they came; and
 * what they see is what the definition says (design.md §3), worked out here anew by plain loops over the
 * entries. */
#include "satchel/replica/state.h"
#include "histories.h"
#include "oracle.h"

/* ---- the network ---- */

struct network {
    struct history history;
    struct fold *folds[HISTORY_KITS_MAX];
    bool refusing; /* one entry in sixteen is refused, by everybody */
    bool cloned;   /* the last machine signs with the first one's key */
};

static enum verdict verdict_of(const struct network *n, const struct entry *e)
{
    return n->refusing && e->id[0] == '0' ? VERDICT_QUARANTINED : VERDICT_GOOD;
}

static const char *reason_of(enum verdict v)
{
    return v == VERDICT_GOOD ? NULL : "a reason";
}

static void network_init(struct network *n, uint64_t seed)
{
    memset(n, 0, sizeof *n);
    history_init(&n->history, seed);
    for (int i = 0; i < n->history.kits_len; i++) CHECK_OK(fold_new(&n->folds[i]));
    n->refusing = history_random(&n->history, 4) == 0;
    n->cloned = history_random(&n->history, 8) == 0;
}

static void network_release(struct network *n)
{
    for (int i = 0; i < n->history.kits_len; i++) fold_free(n->folds[i]);
    history_release(&n->history);
}

/* Some arrive before their kit is known there: they wait. Some are judged again, wrongly even, as long as it
 * lasts. */
static enum verdict verdict_now(struct network *n, const struct entry *e, bool final)
{
    if (final || history_random(&n->history, 8)) return verdict_of(n, e);
    return (enum verdict)history_random(&n->history, 3);
}

static void deliver(struct network *n, int to, const struct entry *e, bool final)
{
    enum verdict v = verdict_now(n, e, false), again = verdict_now(n, e, final);
    bool known;
    const unsigned char *key = history_author(&n->history, e)->signer.public_key;
    CHECK_OK(fold_add(n->folds[to], e, key, v, reason_of(v), 0, &known));
    CHECK_OK(fold_judge(n->folds[to], e->id, again, reason_of(again)));
}

/* A part of what one machine holds reaches another, in any order, some of it twice. */
static void exchange(struct network *n)
{
    struct history *h = &n->history;
    int from = (int)history_random(h, (uint64_t)h->kits_len),
        to = (int)history_random(h, (uint64_t)h->kits_len);
    for (size_t tries = history_random(h, h->entries_len + 1) * 2; tries > 0; tries--) {
        const struct entry *e = h->entries[history_random(h, h->entries_len)];
        if (fold_entry(n->folds[from], e->id)) deliver(n, to, e, false);
    }
}

/* Everything to everybody, in an order of its own for each. */
static void finish(struct network *n)
{
    struct history *h = &n->history;
    size_t *order = malloc((h->entries_len + 1) * sizeof *order);
    if (!order) abort();
    for (int to = 0; to < h->kits_len; to++) {
        for (size_t i = 0; i < h->entries_len; i++) {
            size_t k = history_random(h, i + 1);
            order[i] = order[k];
            order[k] = i;
        }
        for (size_t i = 0; i < h->entries_len; i++) {
            deliver(n, to, h->entries[history_random(h, h->entries_len)], false);
            deliver(n, to, h->entries[order[i]], false);
        }
        for (size_t i = 0; i < h->entries_len; i++) deliver(n, to, h->entries[order[i]], true);
    }
    free(order);
}

static void run(struct network *n)
{
    struct history *h = &n->history;
    for (size_t steps = 10 + history_random(h, 50); steps > 0; steps--) {
        int machine = (int)history_random(h, (uint64_t)h->kits_len);
        int kit = n->cloned && machine == h->kits_len - 1 ? 0 : machine;
        deliver(n, machine, history_edit(h, kit, n->folds[machine]), true);
        if (history_random(h, 3) == 0) exchange(n);
    }
    finish(n);
}

/* ---- what must hold ---- */

static void files_of(struct buf *out, struct fold *f)
{
    const struct fold_record *const *records;
    size_t len;
    CHECK_OK(fold_records(f, NULL, &records, &len));
    for (size_t i = 0; i < len; i++) {
        buf_addf(out, "%s %s\n", records[i]->case_name,
            records[i]->created ? records[i]->created->entry->id : "-");
        if (records[i]->applied) record_file_write(out, records[i]);
    }
    CHECK_OK(buf_error(out));
}

static void check_same_everywhere(struct network *n)
{
    struct buf first, other;
    buf_init(&first, BUF_UNLIMITED);
    buf_init(&other, BUF_UNLIMITED);
    files_of(&first, n->folds[0]);
    for (int i = 1; i < n->history.kits_len; i++) {
        buf_clear(&other);
        files_of(&other, n->folds[i]);
        CHECK(strcmp(buf_str(&first), buf_str(&other)) == 0);
    }
    buf_release(&first);
    buf_release(&other);
}

static bool applies(const void *network, const struct entry *e)
{
    return verdict_of(network, e) == VERDICT_GOOD;
}

/* Whatever anybody has set is still to be had, everywhere. */
static void check_nothing_lost(struct network *n)
{
    for (int i = 0; i < n->history.kits_len; i++) {
        const struct fold_record *const *records;
        size_t len, held = 0;
        CHECK_OK(fold_records(n->folds[i], NULL, &records, &len));
        for (size_t r = 0; r < len; r++) held += records[r]->entries_len;
        CHECK(held == n->history.entries_len);
        for (size_t k = 0; k < n->history.entries_len; k++) {
            const struct entry *e = n->history.entries[k];
            const struct held *h = fold_entry(n->folds[i], e->id);
            CHECK(
                h && h->entry->bytes_len == e->bytes_len && !memcmp(h->entry->bytes, e->bytes, e->bytes_len));
        }
    }
}

TEST(any_order_gives_the_same_state_and_the_defined_one)
{
    const char *given = getenv("SATCHEL_SEED");
    uint64_t seed = given ? strtoull(given, NULL, 10) : 20261122;
    printf("seed %llu\n", (unsigned long long)seed);
    for (int i = 0, count = test_full ? 1000 : 100; i < count; i++) {
        int before = test_failed_checks;
        struct network n;
        network_init(&n, seed + (uint64_t)i);
        run(&n);
        check_same_everywhere(&n);
        oracle_check(n.folds[0], &n.history, applies, &n);
        check_nothing_lost(&n);
        network_release(&n);
        if (test_failed_checks != before) {
            printf("  the history of seed %llu\n", (unsigned long long)(seed + (uint64_t)i));
            return;
        }
    }
}

int main(int argc, char **argv)
{
    return test_main(argc, argv);
}
