/* OpenSSH's Ed25519 keys and signatures, readable by stock ssh-keygen: the public key line, the
 * unencrypted openssh-key-v1 private key file, SSHSIG (PROTOCOL.sshsig; SHA-512). */
#ifndef SATCHEL_FORMAT_SSH_H
#define SATCHEL_FORMAT_SSH_H

#include "satchel/base/buf.h"
#include "satchel/base/crypto.h"

#define SSH_WIRE_KEY_SIZE 51 /* string "ssh-ed25519", string key */

void ssh_key_wire(unsigned char out[SSH_WIRE_KEY_SIZE], const unsigned char public_key[KEY_SIZE]);
/* "ssh-ed25519 AAAA…[ comment]"; reading refuses other types, options before it, and anything malformed. */
void ssh_key_line_write(struct buf *out, const unsigned char public_key[KEY_SIZE], const char *comment);
int ssh_key_line_read(unsigned char public_key[KEY_SIZE], const char *line) MUST_CHECK;
void ssh_private_key_write(struct buf *out, const unsigned char seed[KEY_SIZE], const char *comment);
int ssh_private_key_read(unsigned char seed[KEY_SIZE], const void *bytes, size_t len) MUST_CHECK;
/* "SHA256:…" as ssh-keygen -l prints it. */
void ssh_fingerprint(char out[52], const unsigned char public_key[KEY_SIZE]);

/* Who signs: a key in memory, or something that keeps its key to itself. */
struct signer {
    unsigned char public_key[KEY_SIZE];
    int (*sign)(const struct signer *s, unsigned char sig[SIGNATURE_SIZE], const void *bytes, size_t len);
    unsigned char seed[KEY_SIZE]; /* for seed_signer only */
};
int seed_signer(struct signer *out, const unsigned char seed[KEY_SIZE]) MUST_CHECK;

/* The 64 raw bytes of an SSHSIG over `bytes` in a namespace; with the key they make the whole of it. */
int sshsig_sign(unsigned char sig[SIGNATURE_SIZE], const struct signer *by, const char *ns, const void *bytes, size_t len)
    MUST_CHECK;
bool sshsig_good(const unsigned char sig[SIGNATURE_SIZE], const unsigned char public_key[KEY_SIZE], const char *ns,
    const void *bytes, size_t len);

/* The SSHSIG blob (binary), and its armor ("-----BEGIN SSH SIGNATURE-----", lines of 70, final newline). */
void sshsig_blob(struct buf *out, const unsigned char sig[SIGNATURE_SIZE], const unsigned char public_key[KEY_SIZE],
    const char *ns);
void sshsig_armor(struct buf *out, const unsigned char sig[SIGNATURE_SIZE], const unsigned char public_key[KEY_SIZE],
    const char *ns);
/* Strict: one Ed25519 key, the namespace asked for, sha512 (sha256 is refused), no byte over. */
int sshsig_blob_read(unsigned char sig[SIGNATURE_SIZE], unsigned char public_key[KEY_SIZE], const char *ns,
    const void *blob, size_t len) MUST_CHECK;
int sshsig_armor_read(unsigned char sig[SIGNATURE_SIZE], unsigned char public_key[KEY_SIZE], const char *ns,
    const char *text, size_t len) MUST_CHECK;

#endif
