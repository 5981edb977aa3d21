/* Everything recomputed: what was decided when the entries were taken in is not believed again. */
#include "exchange.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "satchel/base/text.h"

struct check {
    struct store *s;
    struct arena *arena;
    struct jv *problems;
    struct progress *progress;
    struct map checked; /* evidence */
    struct jv *marks;   /* by case, of the receipts seen so far */
};

/* A finding; `text` is a sentence of its own, in the language of people. */
static int found(struct check *c, const char *where, const char *text)
{
    struct jv *problem = jv_object(c->arena);
    int err = jv_put_str(c->arena, problem, "where", where);
    if (!err) err = jv_put_str(c->arena, problem, "text", text);
    return err ? err : jv_push(c->arena, c->problems, problem);
}

/* ---- rows ---- */

static const char *entry_problem(const struct store *s, const struct entry *e, const struct row *row)
{
    char kit[KIT_ID_SIZE];
    kit_id_of(kit, row->public_key);
    if (strcmp(kit, e->kit) != 0) return T(N_("the signature's key is not that of the entry's kit"));
    if (!sshsig_good(row->signature, row->public_key, NAMESPACE_ENTRY, row->bytes, row->bytes_len))
        return T("the signature is bad");
    const struct held *h = fold_entry(s->fold, e->id);
    bool aside = row->number < s->register_since && strcmp(e->case_name, REGISTER_CASE) == 0;
    return h || aside ? NULL : T(N_("the entry is in the journal, but does not count"));
}

static int check_row(void *ctx, const struct row *row)
{
    struct check *c = ctx;
    struct arena a;
    const struct entry *e;
    char where[32];
    if (row->kind != ROW_ENTRY) return 0;
    snprintf(where, sizeof where, "journal/%" PRId64, row->number);
    arena_init(&a);
    int err = entry_parse(&e, &a, row->bytes, row->bytes_len);
    const char *text = err == ERR_INPUT ? err_message() : err ? NULL : entry_problem(c->s, e, row);
    if (err == ERR_INPUT) err = 0;
    if (text) err = found(c, where, text);
    arena_release(&a);
    return err;
}

/* ---- chains ---- */

static int check_chain(struct check *c, const struct fold_chain *chain)
{
    char where[CASE_NAME_MAX + KIT_ID_SIZE + 32];
    int err = 0;
    snprintf(where, sizeof where, "%s %s:%" PRId64, chain->case_name, chain->kit, chain->gapless + 1);
    if (chain->gapless < chain->highest)
        err = found(c, where, T(N_("entries of this chain are missing from here on")));
    snprintf(where, sizeof where, "%s %s:%" PRId64, chain->case_name, chain->kit, chain->forked_at);
    if (!err && chain->forked_at)
        err = found(c, where, T(N_("two different entries have this number: a copied or restored kit")));
    snprintf(where, sizeof where, "%s %s:%" PRId64, chain->case_name, chain->kit, chain->broken_at);
    if (!err && chain->broken_at) err = found(c, where, T(N_("this entry does not continue the one before it")));
    return err;
}

static int check_chains(struct check *c)
{
    size_t cases_len, len;
    const char *const *cases = fold_cases(c->s->fold, &cases_len);
    int err = 0;
    for (size_t i = 0; i < cases_len && !err; i++) {
        const struct fold_chain *const *chains = fold_chains(c->s->fold, cases[i], &len);
        for (size_t k = 0; k < len && !err; k++) err = check_chain(c, chains[k]);
    }
    return err;
}

/* ---- receipts ---- */

/* What the hub has confirmed of our own entries must be what we hold. */
static int check_head(struct check *c, const struct receipt_head *head)
{
    char where[CASE_NAME_MAX + KIT_ID_SIZE + 32];
    if (strcmp(head->kit, c->s->kit) != 0 || fold_entry(c->s->fold, head->entry)) return 0;
    snprintf(where, sizeof where, "%s %s:%" PRId64, head->case_name, head->kit, head->seq);
    return found(
        c, where, T("a receipt names an entry of this kit that is not here: the store is an older copy"));
}

/* And what it has confirmed once it may not take back. */
static int check_marks(struct check *c, const struct receipt *r, int64_t at)
{
    const struct jv *known = r->case_name ? jv_get(c->marks, r->case_name) : NULL;
    struct jv *marks = known ? jv_copy(c->arena, known) : jv_object(c->arena);
    if (!marks || !r->case_name) return r->case_name ? ERR_ROAD : 0;
    int err = marks_check(c->s, marks, r, at, c->arena, c->problems);
    if (!err) err = marks_raise(marks, r, at, c->arena);
    return err ? err : jv_put(c->arena, c->marks, r->case_name, marks);
}

static int check_whole(struct check *c, const struct receipt_row *row, const char *where, const struct buf *bytes)
{
    struct arena a;
    struct receipt *r;
    if (!sshsig_good(row->signature, row->public_key, NAMESPACE_RECEIPT, bytes->data, bytes->len))
        return found(c, where, T("the signature is bad"));
    bool ours;
    int err = hub_signed(c->s, row->public_key, &ours);
    if (err || !ours) return err;
    arena_init(&a);
    err = receipt_parse(&r, &a, bytes->data, bytes->len);
    bool read = err == 0;
    if (err == ERR_INPUT) err = found(c, where, err_message());
    for (size_t i = 0; read && !err && i < r->heads_len; i++) err = check_head(c, &r->heads[i]);
    if (read && !err) err = check_marks(c, r, row->at);
    arena_release(&a);
    return err;
}

static int check_receipt(void *ctx, const struct receipt_row *row)
{
    struct check *c = ctx;
    struct buf bytes;
    char where[32];
    snprintf(where, sizeof where, "receipt/%" PRId64, row->number);
    buf_init(&bytes, RECEIPT_MAX_BYTES);
    int err = receipt_row_whole(c->s, row, &bytes);
    err = err == ERR_DAMAGED ? found(c, where, err_message()) : err ? err : check_whole(c, row, where, &bytes);
    buf_release(&bytes);
    return err;
}

/* ---- evidence ---- */

static int check_evidence(void *ctx, const char *sha256)
{
    struct check *c = ctx;
    struct source *from;
    if (map_get(&c->checked, sha256)) return 0;
    int err = map_put(&c->checked, sha256, c);
    if (!err) err = store_evidence_open(c->s, sha256, 0, &from);
    if (err == ERR_MISSING) return 0; /* awaited, or freed */
    if (!err) {
        err = evidence_copy(from, NULL, sha256, c->progress, 0);
        source_close(from);
    }
    if (err != ERR_DAMAGED && err != ERR_INPUT) return err;
    return found(c, sha256, err_message());
}

int store_verify(struct store *s, struct arena *a, struct jv **problems, struct progress *progress)
{
    struct check c = {.s = s, .arena = a, .problems = jv_array(a), .progress = progress, .marks = jv_object(a)};
    if (!c.problems || !c.marks) return ERR_ROAD;
    map_init(&c.checked);
    int err = store_refresh(s);
    if (!err) err = journal_walk(s, 0, check_row, &c);
    if (!err) err = receipt_walk(s, 0, check_receipt, &c);
    if (!err) err = check_chains(&c);
    if (!err) err = evidence_each(s, NULL, check_evidence, &c);
    map_release(&c.checked);
    if (err) return err;
    *problems = c.problems;
    if (c.problems->len == 0) return 0;
    return err_set(ERR_NO, "%zu problems were found", c.problems->len);
}
