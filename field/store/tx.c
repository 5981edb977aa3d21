/* A transaction: one database transaction around appended rows, folded as they come so that the next change
 * sees them. What is rolled back is in the fold already, so a rollback folds anew. */
#include "exchange.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct store_tx {
    struct store *s;
    bool wrote;
    bool dead; /* the database transaction could not be taken up again after a pause */
};

int tx_new(struct store_tx **out, struct store *s)
{
    struct store_tx *tx = calloc(1, sizeof *tx);
    if (!tx) return err_memory();
    tx->s = s;
    s->tx = tx;
    *out = tx;
    return 0;
}

struct store *tx_store(struct store_tx *tx)
{
    return tx->s;
}

int tx_write(struct store_tx *tx)
{
    if (tx->dead)
        return err_set(ERR_ROAD, "another process is writing to the store; try again when it is done");
    tx->wrote = true;
    return 0;
}

static int lock(struct store *s)
{
    if (s->stale) { /* a write has failed: start from the disk */
        int err = store_reopen(s);
        if (err) return err;
    }
    db_exec(s->db, "BEGIN IMMEDIATE");
    int err = db_error(s->db);
    if (!err) err = store_load(s);
    if (err) db_rollback(s->db);
    return err;
}

int store_begin(struct store_tx **out, struct store *s)
{
    if (s->tx) return err_set(ERR_USAGE, "a transaction of the store is open already");
    int err = lock(s);
    if (err) return err;
    err = tx_new(out, s);
    if (err) db_rollback(s->db);
    return err;
}

void tx_pause(struct store_tx *tx)
{
    if (!tx->wrote) db_rollback(tx->s->db);
}

int tx_resume(struct store_tx *tx)
{
    int err = tx->wrote ? 0 : lock(tx->s);
    tx->dead = err != 0;
    return err;
}

/* Folds anew. Where that fails the store is left stale, and the next transaction tries again; what stays to
 * be told is the failure that led here. */
static void recover(struct store *s, bool reopen)
{
    struct arena a;
    arena_init(&a);
    const char *told = arena_strdup(&a, err_message());
    s->stale = true;
    int err = reopen ? store_reopen(s) : 0;
    if (!err) err = store_refresh(s);
    err_set(err, "%s", told ? told : "");
    arena_release(&a);
}

int store_commit(struct store_tx *tx)
{
    struct store *s = tx->s;
    int rc = tx->wrote ? follow_hub(tx) : 0;
    if (rc) {
        store_rollback(tx);
        return rc;
    }
    db_exec(s->db, "COMMIT");
    int err = db_error(s->db);
    if (!err) {
        s->tx = NULL;
        free(tx);
        return 0;
    }
    db_rollback(s->db);
    s->tx = NULL;
    recover(s, true);
    free(tx);
    return err;
}

void store_rollback(struct store_tx *tx)
{
    if (!tx) return;
    struct store *s = tx->s;
    db_rollback(s->db);
    s->tx = NULL;
    if (tx->wrote) recover(s, false);
    free(tx);
}

/* ---- appending ---- */

int store_tx_take(struct store_tx *tx, const struct entry *e, const unsigned char public_key[KEY_SIZE],
    enum verdict verdict, const char *reason, bool *known)
{
    struct store *s = tx->s;
    struct row row = {.kind = ROW_ENTRY,
        .verdict = verdict,
        .reason = reason,
        .bytes = e->bytes,
        .bytes_len = e->bytes_len};
    bool was_known = fold_entry(s->fold, e->id) != NULL;
    if (known) *known = was_known;
    if (was_known) return 0;
    memcpy(row.public_key, public_key, KEY_SIZE);
    memcpy(row.signature, e->signature, SIGNATURE_SIZE);
    int err = tx_write(tx);
    if (!err) err = journal_append(s, &row, &row.number);
    return err ? err : fold_add(s->fold, e, public_key, verdict, reason, row.number, &was_known);
}

int store_tx_reject(struct store_tx *tx, const char *line, size_t len, const char *reason)
{
    struct row row = {.kind = ROW_REJECTED, .reason = reason, .bytes = line, .bytes_len = len};
    int err = tx_write(tx);
    return err ? err : journal_append(tx->s, &row, &row.number);
}

static bool same_text(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

int store_tx_judge(struct store_tx *tx, const char *entry_id, enum verdict verdict, const char *reason)
{
    struct store *s = tx->s;
    struct row row = {.kind = ROW_VERDICT, .verdict = verdict, .reason = reason};
    const struct held *h = fold_entry(s->fold, entry_id);
    if (!h) return err_set(ERR_MISSING, "the entry '%s' is not held", entry_id);
    if (h->verdict == verdict && same_text(h->reason, reason)) return 0;
    memcpy(row.entry, h->entry->id, sizeof row.entry);
    int err = tx_write(tx);
    if (!err) err = journal_append(s, &row, &row.number);
    return err ? err : fold_judge(s->fold, row.entry, verdict, reason);
}

/* ---- settings, and the joined hub ---- */

int store_tx_set(struct store_tx *tx, const char *name, const char *value)
{
    int err = tx_write(tx);
    return err ? err : setting_put(tx->s, name, value);
}

static int put_key(struct arena *a, struct jv *v, const char *name, const unsigned char key[KEY_SIZE])
{
    char hex[2 * KEY_SIZE + 1];
    hex_write(hex, key, KEY_SIZE);
    return jv_put_str(a, v, name, hex);
}

static int hub_text(struct buf *out, const struct hub_identity *hub)
{
    struct arena a;
    arena_init(&a);
    struct jv *v = jv_object(&a);
    int err = jv_put_str(&a, v, "name", hub->name);
    if (!err) err = jv_put_str(&a, v, "kit", hub->kit);
    if (!err) err = put_key(&a, v, "key", hub->public_key);
    if (!err) err = put_key(&a, v, "recipient", hub->recipient);
    if (!err) err = put_key(&a, v, "root", hub->root);
    if (!err) json_write(out, v);
    arena_release(&a);
    return err ? err : buf_error(out);
}

static int put_hub(struct store_tx *tx, const struct hub_identity *hub)
{
    struct buf text;
    buf_init(&text, 4096);
    int err = tx_write(tx);
    if (!err) err = hub_text(&text, hub);
    if (!err) err = setting_put(tx->s, SETTING_HUB, buf_str(&text));
    buf_release(&text);
    return err;
}

int store_tx_join(struct store_tx *tx, const struct hub_identity *hub)
{
    struct store *s = tx->s;
    char since[24];
    snprintf(since, sizeof since, "%" PRId64, s->last_row + 1);
    int err = put_hub(tx, hub);
    if (!err) err = setting_put(s, SETTING_REGISTER_SINCE, since);
    return err ? err : store_reload(s);
}

int store_tx_hub(struct store_tx *tx, const struct hub_identity *hub)
{
    int err = put_hub(tx, hub);
    return err ? err : store_reload(tx->s);
}
