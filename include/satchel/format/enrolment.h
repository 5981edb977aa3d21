/* The two small files by which a kit comes to a hub (design.md §2). Neither holds a secret. Both are text: one line of
 * canonical JSON, a newline, the armored signature over that line; so `head -n 1` and ssh-keygen -Y verify check them.
 *
 *   request    {"at":…,"email":…,"format":"satchel request 1","key":"ssh-ed25519 …","kit":…,"name":…,"recipient":"age1…"}
 *              signed by the key it carries, namespace request@satchel
 *   enrolment  {"at":…,"by":kit,"for":kit,"format":"satchel enrolment 1","hub":{"key","name","recipient"},
 *               "lines":n,["remote":{"pin":"sha256//…"|null,"url":…},]"root":"ssh-ed25519 …","sha256":…}
 *              signed by the admin's kit `by`, namespace enrolment@satchel; then n lines as in entries.jsonl: the
 *              register as the hub holds it, with that SHA-256 */
#ifndef SATCHEL_FORMAT_ENROLMENT_H
#define SATCHEL_FORMAT_ENROLMENT_H

#include "satchel/base/json.h"
#include "satchel/format/names.h"
#include "satchel/format/ssh.h"

#define REQUEST_MAX_BYTES ((size_t)64 << 10)
#define ENROLMENT_MAX_BYTES ((size_t)64 << 20)

struct request {
    const char *at, *name, *email, *kit;
    unsigned char public_key[KEY_SIZE];
    unsigned char recipient[KEY_SIZE];
};
int request_write(struct buf *out, const struct request *r, const struct signer *by) MUST_CHECK;
/* Strict; the signature and the kit id are checked. Strings live in the arena. */
int request_read(struct request *out, struct arena *a, const void *bytes, size_t len) MUST_CHECK;

struct enrolment {
    const char *at, *by, *for_kit, *hub_name;
    unsigned char by_key[KEY_SIZE]; /* that signed */
    unsigned char hub_key[KEY_SIZE], hub_recipient[KEY_SIZE], root[KEY_SIZE];
    const char *url, *pin; /* where the hub answers over a network, and its server's pinned key; or NULL */
    const char *lines; /* entry lines of the register, each with its newline */
    size_t lines_len;
};
int enrolment_write(struct buf *out, const struct enrolment *e, const struct signer *by) MUST_CHECK;
/* Strict; the signature is good by by_key, whose kit id is `by`; whether that kit may enrol is the register's to say. */
int enrolment_read(struct enrolment *out, struct arena *a, const void *bytes, size_t len) MUST_CHECK;

/* The hash of a key in six groups of four digits, to compare by voice. out: 30 bytes. */
void fingerprint_spoken(char out[30], const unsigned char public_key[KEY_SIZE]);

#endif
