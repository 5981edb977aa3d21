/* The pairing code and its proof; pairing.h has the bytes. */
#include "satchel/format/pairing.h"

#include <stdio.h>
#include <string.h>

#include "satchel/base/buf.h"

#define CODES UINT32_C(100000000)
#define LINES_MAX ((size_t)1024)

/* Each code as likely as any other: the numbers at the end, which would favour some, are drawn again. */
int pairing_code_new(char code[PAIRING_CODE_SIZE])
{
    uint32_t n;
    int rc;
    do
        rc = random_bytes(&n, sizeof n);
    while (rc == 0 && n >= UINT32_MAX / CODES * CODES);
    if (rc == 0) snprintf(code, PAIRING_CODE_SIZE, "%08u", (unsigned)(n % CODES));
    wipe(&n, sizeof n);
    return rc;
}

bool pairing_code_read(char code[PAIRING_CODE_SIZE], const char *text)
{
    char digits[PAIRING_CODE_SIZE];
    size_t n = 0;
    for (; *text; text++) {
        if (*text == ' ' || *text == '-') continue;
        if (*text < '0' || *text > '9' || n == PAIRING_DIGITS) return false;
        digits[n++] = *text;
    }
    digits[n] = '\0';
    if (n == PAIRING_DIGITS) memcpy(code, digits, sizeof digits);
    wipe(digits, sizeof digits);
    return n == PAIRING_DIGITS;
}

static int make_key(unsigned char key[KEY_SIZE], const struct pairing *p)
{
    unsigned char shared[KEY_SIZE];
    int rc = x25519(shared, p->identity, p->recipient);
    if (rc == 0) rc = hkdf_sha256(key, KEY_SIZE, shared, sizeof shared, p->code, strlen(p->code), "satchel pairing");
    wipe(shared, sizeof shared);
    return rc;
}

int pairing_proof(char proof[SHA256_HEX], const struct pairing *p, enum pairing_side side)
{
    unsigned char key[KEY_SIZE], mac[SHA256_SIZE];
    struct buf b;
    buf_init(&b, LINES_MAX);
    buf_addf(&b, "%s\n%s\n%s\n%s\n%s\n%s\n", side == PAIRING_CALL ? "call" : "share", p->share, p->call, p->root,
        p->challenge, p->nonce);
    int rc = buf_error(&b);
    if (rc == 0) rc = make_key(key, p);
    if (rc == 0) hmac_sha256(mac, key, sizeof key, b.data, b.len);
    if (rc == 0) hex_write(proof, mac, sizeof mac);
    wipe(key, sizeof key);
    buf_release(&b);
    return rc;
}
