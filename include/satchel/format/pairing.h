/* The pairing code of two kits that meet on a local network: eight digits that one shows and the other is told by voice, and
 * how each proves to the other that it knows them, without saying them.
 *
 *   key   = HKDF-SHA-256(X25519(own identity, the other's recipient), salt: the eight digits, "satchel pairing")
 *   proof = HMAC-SHA-256(key, lines: side, sharing kit, calling kit, root's kit id, challenge, nonce)
 *
 * The challenge is the calling kit's, the nonce the sharing kit's, each drawn for this one session, and side is "call" or
 * "share". The calling kit proves first; the sharing kit answers with its own.
 *
 * What it protects: that the two people who speak to each other are those whose kits exchange, and not a third one of the same
 * register who happens to be on the network, nor another kit at that address. A proof that was listened to is good for nothing
 * else: not for another session (challenge and nonce), not in the other direction (side), not for another register (root); and
 * the digits can't be tried out on it, for the key needs one of the two kits' own secrets besides. An enrolled kit that poses
 * as the sharing one could try them out on a proof that is made for it; it learns a code that is good for one more call.
 * What it does not protect: what travels. Bundles are sealed to the other kit and signed whatever the road, and sessions are
 * signed; the code adds nothing to that. Who listens sees addresses, kit ids, sizes and times, and can break the exchange off. */
#ifndef SATCHEL_FORMAT_PAIRING_H
#define SATCHEL_FORMAT_PAIRING_H

#include "satchel/base/crypto.h"

#define PAIRING_DIGITS 8
#define PAIRING_CODE_SIZE (PAIRING_DIGITS + 1)

/* Digits only, with the NUL. */
int pairing_code_new(char code[PAIRING_CODE_SIZE]) MUST_CHECK;
/* As people write it: eight digits, blanks and hyphens between them as they like. */
bool pairing_code_read(char code[PAIRING_CODE_SIZE], const char *text);

enum pairing_side { PAIRING_CALL, PAIRING_SHARE };

struct pairing {
    const char *code;               /* digits */
    const unsigned char *identity;  /* KEY_SIZE: own X25519 scalar */
    const unsigned char *recipient; /* KEY_SIZE: the other's point, from the register */
    const char *share, *call;       /* kit ids */
    const char *root;               /* kit id of the register's root key */
    const char *challenge, *nonce;  /* 64 hex */
};
/* The proof that `side` gives, in hex: own where it is one's own side, else what the other must have given. ERR_INPUT: the
 * other's recipient is no point. */
int pairing_proof(char proof[SHA256_HEX], const struct pairing *p, enum pairing_side side) MUST_CHECK;

#endif
