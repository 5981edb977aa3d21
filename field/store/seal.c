/* Sealed rows. What stands in the column `sealed` of every table is
 *
 *   nonce (12 bytes, random) | ChaCha20 ciphertext | Poly1305 tag (16 bytes)         RFC 8439
 *
 * under HKDF-SHA-256(store key, no salt, info "satchel rows"), with "<table>/<number>" as associated data: a
 * row that was changed, or moved to another place, does not open. */
#include "internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define PLACE_SIZE 64

int seal_init(struct seal *s, const unsigned char store_key[KEY_SIZE])
{
    unsigned char rows[KEY_SIZE];
    int err = hkdf_sha256(rows, sizeof rows, store_key, KEY_SIZE, NULL, 0, "satchel rows");
    if (!err) err = aead_new(&s->rows, rows);
    if (!err) memcpy(s->key, store_key, KEY_SIZE);
    wipe(rows, sizeof rows);
    return err;
}

void seal_release(struct seal *s)
{
    aead_free(s->rows);
    s->rows = NULL;
    wipe(s->key, sizeof s->key);
}

static size_t place(char out[PLACE_SIZE], const char *table, int64_t number)
{
    return (size_t)snprintf(out, PLACE_SIZE, "%s/%" PRId64, table, number);
}

int seal_row(
    struct seal *s, const char *table, int64_t number, const void *plain, size_t len, struct buf *out)
{
    char aad[PLACE_SIZE];
    size_t aad_len = place(aad, table, number);
    unsigned char *nonce = buf_space(out, SEAL_OVERHEAD + len);
    if (!nonce) return buf_error(out);
    int err = random_bytes(nonce, NONCE_SIZE);
    return err ? err : aead_seal(s->rows, nonce + NONCE_SIZE, nonce, aad, aad_len, plain, len);
}

int unseal_row(
    struct seal *s, const char *table, int64_t number, const void *sealed, size_t len, struct buf *out)
{
    char aad[PLACE_SIZE];
    size_t aad_len = place(aad, table, number);
    const unsigned char *nonce = sealed;
    buf_clear(out);
    if (len < SEAL_OVERHEAD) goto damaged;
    unsigned char *plain = buf_space(out, len - SEAL_OVERHEAD);
    if (!plain) return buf_error(out);
    if (aead_open(s->rows, plain, nonce, aad, aad_len, nonce + NONCE_SIZE, len - NONCE_SIZE) == 0) return 0;
damaged:
    return err_set(
        ERR_DAMAGED, "row '%s' of the store is damaged; restore the folder from a copy, or join anew", aad);
}
