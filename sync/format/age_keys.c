/* The text form of age's X25519 keys: Bech32 (BIP 173) without its limit of 90 characters.
 *
 *   recipient  "age" '1', 52 characters of the 32 bytes in groups of 5 bits, 6 of checksum; lower case
 *   identity   "AGE-SECRET-KEY-" '1', likewise; upper case
 *
 * A text is read by decoding its 52 characters, writing them anew, and comparing: prefix, case, unused bits
 * and checksum are then all as they must be. */
#include "satchel/format/age.h"

#include <string.h>

#define RECIPIENT_PREFIX "age"
#define IDENTITY_PREFIX "age-secret-key-"
#define GROUPS 52
#define CHECKSUM_GROUPS 6

static const char digits[] = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";

static uint32_t polymod(uint32_t check, unsigned group)
{
    static const uint32_t generator[] = {0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3};
    uint32_t top = check >> 25;
    check = (check & 0x1ffffff) << 5 ^ group;
    for (int i = 0; i < 5; i++)
        if (top >> i & 1) check ^= generator[i];
    return check;
}

static uint32_t checksum(const char *prefix, const unsigned char groups[GROUPS])
{
    uint32_t check = 1;
    for (const char *p = prefix; *p; p++) check = polymod(check, (unsigned char)*p >> 5);
    check = polymod(check, 0);
    for (const char *p = prefix; *p; p++) check = polymod(check, (unsigned char)*p & 31);
    for (int i = 0; i < GROUPS; i++) check = polymod(check, groups[i]);
    for (int i = 0; i < CHECKSUM_GROUPS; i++) check = polymod(check, 0);
    return check ^ 1;
}

static void bech32_write(char *out, const char *prefix, const unsigned char key[KEY_SIZE])
{
    unsigned char groups[GROUPS];
    for (int i = 0; i < GROUPS; i++) {
        int bit = 5 * i, byte = bit / 8;
        int pair = key[byte] << 8 | (byte + 1 < KEY_SIZE ? key[byte + 1] : 0);
        groups[i] = (unsigned char)(pair >> (11 - bit % 8) & 31);
    }
    uint32_t check = checksum(prefix, groups);
    size_t len = strlen(prefix);
    memcpy(out, prefix, len);
    out[len++] = '1';
    for (int i = 0; i < GROUPS; i++) out[len++] = digits[groups[i]];
    for (int i = CHECKSUM_GROUPS - 1; i >= 0; i--) out[len++] = digits[check >> 5 * i & 31];
    out[len] = '\0';
    wipe(groups, sizeof groups);
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

static char upper(char c)
{
    return c >= 'a' && c <= 'z' ? (char)(c - 32) : c;
}

/* The bytes in 52 characters of either case; the last 4 bits are dropped. */
static bool groups_read(unsigned char key[KEY_SIZE], const char *s)
{
    unsigned bits = 0;
    int have = 0;
    for (int i = 0; i < GROUPS; i++) {
        const char *digit = strchr(digits, lower(s[i]));
        if (!digit || !*digit) return false;
        bits = bits << 5 | (unsigned)(digit - digits);
        have += 5;
        if (have < 8) continue;
        have -= 8;
        *key++ = (unsigned char)(bits >> have);
    }
    return true;
}

void age_recipient_write(char out[AGE_RECIPIENT_SIZE], const unsigned char point[KEY_SIZE])
{
    bech32_write(out, RECIPIENT_PREFIX, point);
}

void age_identity_write(char out[AGE_IDENTITY_SIZE], const unsigned char scalar[KEY_SIZE])
{
    bech32_write(out, IDENTITY_PREFIX, scalar);
    for (char *p = out; *p; p++) *p = upper(*p);
}

int age_recipient_read(unsigned char point[KEY_SIZE], const char *s)
{
    unsigned char key[KEY_SIZE];
    char again[AGE_RECIPIENT_SIZE] = "";
    if (strlen(s) == AGE_RECIPIENT_SIZE - 1 && groups_read(key, s + strlen(RECIPIENT_PREFIX "1")))
        age_recipient_write(again, key);
    if (strcmp(again, s) != 0 || !*s)
        return err_set(ERR_INPUT, "not an age recipient ('age1' and 58 characters): '%.80s'", s);
    memcpy(point, key, KEY_SIZE);
    return 0;
}

int age_identity_read(unsigned char scalar[KEY_SIZE], const char *s)
{
    unsigned char key[KEY_SIZE];
    char again[AGE_IDENTITY_SIZE] = "";
    int rc = 0;
    if (strlen(s) == AGE_IDENTITY_SIZE - 1 && groups_read(key, s + strlen(IDENTITY_PREFIX "1")))
        age_identity_write(again, key);
    if (strcmp(again, s) != 0 || !*s) /* a secret is not repeated in a message */
        rc = err_set(ERR_INPUT, "not an age identity ('AGE-SECRET-KEY-1' and 58 characters)");
    else
        memcpy(scalar, key, KEY_SIZE);
    wipe(key, sizeof key);
    wipe(again, sizeof again);
    return rc;
}
