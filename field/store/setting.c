/* Settings: table `setting`, one row a name. The row's number is the first 63 bits of HMAC-SHA-256(store key,
 * "setting " name), so that it is found without its name being readable. Sealed in it: name, NUL, value. */
#include "internal.h"

#include <stdlib.h>
#include <string.h>

#define SETTING_MAX ((size_t)16 << 20)

static int number_of(const struct store *s, const char *name, int64_t *out)
{
    unsigned char hash[SHA256_SIZE];
    struct buf text;
    buf_init(&text, SETTING_MAX);
    buf_addf(&text, "setting %s", name);
    int err = buf_error(&text);
    if (!err) {
        uint64_t number = 0;
        hmac_sha256(hash, s->seal.key, KEY_SIZE, text.data, text.len);
        for (int i = 0; i < 8; i++) number = number << 8 | hash[i];
        *out = (int64_t)(number >> 1);
    }
    buf_release(&text);
    return err;
}

/* Opens the row that the query stands at. *value is borrowed from plain, the name stands at its beginning. */
static int open_row(
    struct store *s, struct db_stmt *q, struct buf *plain, const char **value, size_t *value_len)
{
    size_t len;
    int64_t number = db_int(q, 0);
    const void *sealed = db_blob(q, 1, &len);
    int err = unseal_row(&s->seal, "setting", number, sealed, len, plain);
    if (err) return err;
    size_t name_size = strlen(buf_str(plain)) + 1;
    if (name_size > plain->len) return err_set(ERR_DAMAGED, "a setting of the store has no value");
    *value = buf_str(plain) + name_size;
    *value_len = plain->len - name_size;
    return 0;
}

int setting_get(struct store *s, const char *name, struct buf *out, bool *there)
{
    struct buf plain;
    const char *value;
    size_t len;
    int64_t number;
    int err = number_of(s, name, &number);
    if (err) return err;
    buf_init(&plain, SETTING_MAX);
    struct db_stmt *q = db_query(s->db, "SELECT id, sealed FROM setting WHERE id=?", "i", number);
    bool found = db_row(q);
    if (found) err = open_row(s, q, &plain, &value, &len);
    if (found && !err) {
        buf_clear(out);
        buf_add(out, value, len);
        err = buf_error(out);
    }
    db_done(q);
    buf_wipe(&plain);
    int db_err = db_error(s->db);
    if (!err) err = db_err;
    if (!err) *there = found;
    return err;
}

int store_setting(struct store *s, const char *name, struct buf *out)
{
    bool there;
    int err = setting_get(s, name, out, &there);
    if (err) return err;
    return there ? 0 : err_set(ERR_MISSING, "the setting '%s' is not set", name);
}

int setting_put(struct store *s, const char *name, const char *value)
{
    struct buf plain, sealed;
    int64_t number;
    int err = number_of(s, name, &number);
    if (err) return err;
    if (!value) {
        db_run(s->db, "DELETE FROM setting WHERE id=?", "i", number);
        return db_error(s->db);
    }
    buf_init(&plain, SETTING_MAX);
    buf_init(&sealed, SETTING_MAX + SEAL_OVERHEAD);
    buf_add(&plain, name, strlen(name) + 1);
    buf_adds(&plain, value);
    err = buf_error(&plain);
    if (!err) err = seal_row(&s->seal, "setting", number, plain.data, plain.len, &sealed);
    if (err) goto out;
    db_run(s->db, "INSERT OR REPLACE INTO setting(id, sealed) VALUES(?,?)", "ib", number,
        (const void *)sealed.data, sealed.len);
    err = db_error(s->db);
out:
    buf_wipe(&plain);
    buf_release(&sealed);
    return err;
}

int store_settings(
    struct store *s, const char *prefix, struct arena *a, const char *const **names, size_t *len)
{
    struct buf plain;
    const char *value;
    size_t value_len;
    struct jv *found = jv_object(a); /* keeps its keys sorted */
    int err = found ? 0 : ERR_ROAD;
    buf_init(&plain, SETTING_MAX);
    struct db_stmt *q = db_query(s->db, "SELECT id, sealed FROM setting", "");
    while (!err && db_row(q)) {
        err = open_row(s, q, &plain, &value, &value_len);
        if (!err && strncmp(buf_str(&plain), prefix, strlen(prefix)) == 0)
            err = jv_put(a, found, buf_str(&plain), jv_null(a));
    }
    db_done(q);
    buf_wipe(&plain);
    int db_err = db_error(s->db);
    if (!err) err = db_err;
    if (err) return err;
    *names = found->keys;
    *len = found->len;
    return 0;
}

int store_set_setting(struct store *s, const char *name, const char *value)
{
    struct store_tx *tx;
    int err = store_begin(&tx, s);
    if (err) return err;
    err = store_tx_set(tx, name, value);
    if (!err) return store_commit(tx);
    store_rollback(tx);
    return err;
}
