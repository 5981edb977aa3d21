/* How the store key is held: table `unlock`, one row a lock.
 *
 *   slot 1   the passphrase: key = scrypt(passphrase, salt, N = 2^work, r = 8, p = 1), 32 bytes
 *   slot 2   the recovery key: key = HKDF-SHA-256(recovery key, salt, info "satchel recovery"); work is 0
 *   sealed   zero nonce (each key seals one thing, once) over the 32 bytes of the store key, associated data
 *            "unlock/<slot>"; ciphertext and tag, 48 bytes
 *
 * A recovery key is 32 random bytes and the first 3 of their SHA-256, in base32, in groups of four: a slip of
 * the pen is told from a wrong key. */
#include "internal.h"

#include <string.h>

#define SLOT_PASSPHRASE 1
#define SLOT_RECOVERY 2
#define SALT_SIZE 16
#define CHECK_SIZE 3
#define RECOVERY_BYTES (KEY_SIZE + CHECK_SIZE) /* a multiple of five: no base32 digit is half used */
#define RECOVERY_DIGITS (RECOVERY_BYTES / 5 * 8)
#define GROUP 4

/* ---- one lock ---- */

static int lock_key(unsigned char out[KEY_SIZE], int64_t slot, const char *secret, const unsigned char *salt,
    size_t salt_len, int work)
{
    if (slot == SLOT_PASSPHRASE) return scrypt(out, KEY_SIZE, secret, salt, salt_len, work);
    return hkdf_sha256(out, KEY_SIZE, secret, KEY_SIZE, salt, salt_len, "satchel recovery");
}

static int lock_seal(unsigned char sealed[KEY_SIZE + TAG_SIZE], int64_t slot,
    const unsigned char key[KEY_SIZE], const unsigned char store_key[KEY_SIZE])
{
    static const unsigned char nonce[NONCE_SIZE];
    char aad[] = "unlock/0";
    struct aead *a;
    aad[7] = (char)('0' + slot);
    int err = aead_new(&a, key);
    if (err) return err;
    err = aead_seal(a, sealed, nonce, aad, 8, store_key, KEY_SIZE);
    aead_free(a);
    return err;
}

static int lock_open(unsigned char store_key[KEY_SIZE], int64_t slot, const unsigned char key[KEY_SIZE],
    const unsigned char sealed[KEY_SIZE + TAG_SIZE])
{
    static const unsigned char nonce[NONCE_SIZE];
    char aad[] = "unlock/0";
    struct aead *a;
    aad[7] = (char)('0' + slot);
    int err = aead_new(&a, key);
    if (err) return err;
    err = aead_open(a, store_key, nonce, aad, 8, sealed, KEY_SIZE + TAG_SIZE);
    aead_free(a);
    return err;
}

static int put_lock(
    struct db *d, int64_t slot, const unsigned char store_key[KEY_SIZE], const char *secret, int work)
{
    unsigned char salt[SALT_SIZE], key[KEY_SIZE], sealed[KEY_SIZE + TAG_SIZE];
    int err = random_bytes(salt, sizeof salt);
    if (!err) err = lock_key(key, slot, secret, salt, sizeof salt, work);
    if (!err) err = lock_seal(sealed, slot, key, store_key);
    wipe(key, sizeof key);
    if (err) return err;
    db_run(d, "INSERT OR REPLACE INTO unlock(slot, work, salt, sealed) VALUES(?,?,?,?)", "iibb", slot,
        (int64_t)work, salt, sizeof salt, sealed, sizeof sealed);
    return db_error(d);
}

struct lock {
    int64_t work;
    unsigned char salt[SALT_SIZE], sealed[KEY_SIZE + TAG_SIZE];
};

static int read_lock(struct db *d, int64_t slot, struct lock *out)
{
    size_t salt_len, sealed_len;
    struct db_stmt *q = db_query(d, "SELECT work, salt, sealed FROM unlock WHERE slot=?", "i", slot);
    bool there = db_row(q);
    const void *salt = db_blob(q, 1, &salt_len), *sealed = db_blob(q, 2, &sealed_len);
    out->work = db_int(q, 0);
    bool good = there && salt_len == sizeof out->salt && sealed_len == sizeof out->sealed && out->work >= 0 &&
                out->work <= SCRYPT_MAX_LOG_N;
    if (good) {
        memcpy(out->salt, salt, salt_len);
        memcpy(out->sealed, sealed, sealed_len);
    }
    db_done(q);
    int err = db_error(d);
    if (err || good) return err;
    return err_set(ERR_DAMAGED, "the store's lock is damaged; restore the folder from a copy");
}

/* Deriving the key takes its time: the database is left alone meanwhile. */
static int try_lock(struct db *d, int64_t slot, const char *secret, unsigned char store_key[KEY_SIZE])
{
    unsigned char key[KEY_SIZE];
    struct lock l;
    int err = read_lock(d, slot, &l);
    if (!err) err = lock_key(key, slot, secret, l.salt, sizeof l.salt, (int)l.work);
    if (!err) err = lock_open(store_key, slot, key, l.sealed);
    wipe(key, sizeof key);
    return err;
}

/* ---- the recovery key as text ---- */

static void write_recovery(char out[RECOVERY_KEY_SIZE], const unsigned char key[KEY_SIZE])
{
    unsigned char bytes[RECOVERY_BYTES], hash[SHA256_SIZE];
    char digits[RECOVERY_DIGITS + 1];
    sha256(hash, key, KEY_SIZE);
    memcpy(bytes, key, KEY_SIZE);
    memcpy(bytes + KEY_SIZE, hash, CHECK_SIZE);
    base32_write(digits, bytes, sizeof bytes);
    for (size_t i = 0; i < RECOVERY_DIGITS; i++) {
        if (i > 0 && i % GROUP == 0) *out++ = '-';
        *out++ = digits[i] >= 'a' ? (char)(digits[i] - 'a' + 'A') : digits[i];
    }
    *out = '\0';
    wipe(bytes, sizeof bytes);
    wipe(digits, sizeof digits);
}

/* A base32 digit; what is easily misread counts as what it looks like. -1: none. */
static int digit_value(char c)
{
    if (c >= 'a' && c <= 'z') return c - 'a';
    if (c >= 'A' && c <= 'Z') return c - 'A';
    if (c >= '2' && c <= '7') return c - '2' + 26;
    if (c == '0') return 'O' - 'A';
    if (c == '1') return 'I' - 'A';
    return c == '8' ? 'B' - 'A' : -1;
}

static bool read_recovery(unsigned char key[KEY_SIZE], const char *text)
{
    unsigned char bytes[RECOVERY_BYTES] = {0}, hash[SHA256_SIZE];
    size_t digits = 0;
    for (; *text; text++) {
        if (*text == '-' || *text == ' ') continue;
        int value = digit_value(*text);
        if (value < 0 || digits == RECOVERY_DIGITS) return false;
        for (size_t i = 0; i < 5; i++, value <<= 1)
            if (value & 16) bytes[(digits * 5 + i) / 8] |= (unsigned char)(0x80u >> (digits * 5 + i) % 8);
        digits++;
    }
    sha256(hash, bytes, KEY_SIZE);
    bool good = digits == RECOVERY_DIGITS && memcmp(hash, bytes + KEY_SIZE, CHECK_SIZE) == 0;
    if (good) memcpy(key, bytes, KEY_SIZE);
    wipe(bytes, sizeof bytes);
    return good;
}

/* ---- the store key ---- */

int unlock_set_passphrase(
    struct db *d, const unsigned char store_key[KEY_SIZE], const char *passphrase, int work_factor)
{
    if (!*passphrase) return err_set(ERR_INPUT, "an empty passphrase protects nothing; choose a longer one");
    return put_lock(d, SLOT_PASSPHRASE, store_key, passphrase, work_factor);
}

int unlock_create(struct db *d, const unsigned char store_key[KEY_SIZE], const char *passphrase,
    int work_factor, char recovery[RECOVERY_KEY_SIZE])
{
    unsigned char key[KEY_SIZE];
    db_exec(d, "CREATE TABLE unlock(slot INTEGER PRIMARY KEY, work INTEGER NOT NULL, salt BLOB NOT NULL,"
               " sealed BLOB NOT NULL) STRICT");
    int err = db_error(d);
    if (!err) err = unlock_set_passphrase(d, store_key, passphrase, work_factor);
    if (!err) err = random_bytes(key, sizeof key);
    if (!err) err = put_lock(d, SLOT_RECOVERY, store_key, (const char *)key, 0);
    if (!err) write_recovery(recovery, key);
    wipe(key, sizeof key);
    return err;
}

int unlock_open(struct db *d, const char *secret, unsigned char store_key[KEY_SIZE])
{
    unsigned char key[KEY_SIZE];
    int err = ERR_INPUT;
    if (read_recovery(key, secret)) err = try_lock(d, SLOT_RECOVERY, (const char *)key, store_key);
    if (err == ERR_INPUT) err = try_lock(d, SLOT_PASSPHRASE, secret, store_key);
    wipe(key, sizeof key);
    if (err != ERR_INPUT) return err;
    return err_set(ERR_INPUT, "wrong passphrase, or a recovery key of another store; try again");
}
