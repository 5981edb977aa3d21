/* What a kit and its hub say to each other over HTTP (design.md §7). Bundles are the same files as on a stick; the road only
 * carries them: an upload that has ended is a file of the hub's inbox, and what the hub hands out are the files that a stick
 * would have in outbox/<kit>/. All bodies are canonical JSON (application/json) unless said otherwise; every number of bytes
 * is whole. Paths stand below the remote's URL.
 *
 *   POST   v1/hello          {"challenge":hex64,"kit":K} -> {"at":time,"challenge":hex64,"hub":{"kit","name"},"nonce":hex64,"proof":sig}
 *                            proof: the hub's signature over {"challenge","kit","nonce"} (namespace session@satchel), by which
 *                            the kit knows that its own hub answers and no other one at the same address. A nonce is good once,
 *                            for that kit, for a minute.
 *   POST   v1/session        {"hub":K,"kit":K,"nonce":hex64,"signature":armored} -> {"expires":time,"token":hex64} and the state
 *                            (below). Signed by the kit over {"hub","kit","nonce"}. A session is short, bound to the kit, and
 *                            ends at once when the register revokes the kit or its person. A kit that the register does not know
 *                            is refused, except the first admin's, who is to fill it.
 *   GET    v1/state[?wait=S] -> {"files":[{"name","size"}],"refused":[{"name","why"}],"taken":[name],
 *                            "uploads":[{"id","length","name","offset"}]}
 *                            files: what the hub hands out to this kit, in the order in which to fetch it; taken: files of this
 *                            kit that lie in the inbox or have been received and wait for their receipt to be fetched; uploads:
 *                            unfinished ones; refused: files of this kit that were set apart for good, each with the reason
 *                            for people. It would be the same with them again: the kit sends them no more, and tells its
 *                            person. One that the hub's people take out of quarantine is not named any more. With wait: answers when the hub has nothing of this kit left to take in, at the
 *                            latest after S seconds.
 *   GET    v1/have           -> {"cases":{case:{"awaited":[sha256],"have":{kit:seq}}}}: what the hub holds of each case that
 *                            the kit's person may see.
 *   GET    v1/files/NAME     one of these files (application/octet-stream), Range served; another kit's is 404.
 *   tus 1.0.0 below v1/uploads: OPTIONS; POST (creation, creation-with-upload) with Upload-Length and
 *                            Upload-Metadata "name <base64 of NAME.satchel>"; HEAD; PATCH; DELETE (termination); Upload-Checksum
 *                            "sha256 …" (checksum); Upload-Expires (expiration). The last PATCH is answered when the whole file is
 *                            durable in the inbox. A quota or size over the limit is refused at POST with 413, before a byte of it.
 *   GET    v1/evidence/SHA256[?case=C]  evidence that the hub holds for a case that the kit's person may see; Range served.
 *                            case: where to look first.
 *   POST   lfs/objects/batch         the Git LFS batch API, downloads only (hub/lfs_api.h), and
 *   GET    lfs/objects/SHA256        as v1/evidence/SHA256: for a stock git-lfs, whose password is the token (Basic)
 *   POST   v1/review         {} or nothing -> {"ticket":hex64}: opens the hub's pages in a browser, once, within a minute: GET
 *                            review/enter?ticket=HEX gives it a cookie, and the session to the browser (serve/visit.h). What is
 *                            below review/ only reads (ui/ui.h).
 *   GET    health            {"status":"ok"} · GET metrics  text of Prometheus; both without a session, and tell nothing of cases.
 *
 *
 * A kit that shares (a colleague's, on a local network) answers just so in a hub's place: "hub" is its kit. It asks for the
 * pairing code besides: the login has the hello's "challenge", "code":hex64, the proof of pairing.h over both of them, and
 * "root":K, the register's root; all three or none. The session's answer has its "code". It has no have, evidence or LFS; and
 *
 *   DELETE v1/session        the exchange is whole on the caller's side: ends the session, and the sharing.
 *
 * All but hello, session, health, metrics and OPTIONS need "Authorization: Bearer TOKEN". An error is
 * {"error":text} with its status: 400 malformed · 401 no session, or an expired, foreign or replayed one · 403 revoked or not
 * enrolled · 404 · 405 · 409 offset · 412 not tus 1.0.0 · 413 too large or over the quota · 415 · 416 ·
 * 423 another request writes this upload · 429 too many · 460 checksum · 503 stopping, or too many connections · 507 the hub's disk is full. */
#ifndef SATCHEL_FORMAT_WIRE_H
#define SATCHEL_FORMAT_WIRE_H

#include "satchel/base/json.h"
#include "satchel/format/manifest.h"
#include "satchel/format/names.h"
#include "satchel/format/ssh.h"

#define WIRE_TOKEN_SIZE 65 /* 64 hex and the NUL; challenge, nonce and token alike */
#define WIRE_BODY_MAX ((size_t)1 << 20)
#define WIRE_LIST_MAX 1000 /* items of each list of a state; what is over it comes with a later one */
#define WIRE_NAME_MAX 200  /* bytes of a file's name */
#define WIRE_REFUSED_MAX 100
#define WIRE_WHY_MAX 512   /* bytes of a reason */
#define WIRE_SUFFIX ".satchel"

/* NAME.satchel: letters, digits, '_', '-' and '.', no '.' first. An upload's id: 1 … 64 lower-case letters, digits and '-'. */
bool wire_name_valid(const char *s);
bool wire_id_valid(const char *s);

struct wire_hello { const char *challenge, *kit; };
struct wire_welcome { const char *at, *challenge, *hub, *hub_name, *nonce; unsigned char proof[SIGNATURE_SIZE]; };
struct wire_login { const char *hub, *kit, *nonce, *challenge, *code, *root; /* the last three: to a colleague, else NULL */ unsigned char public_key[KEY_SIZE], signature[SIGNATURE_SIZE]; };
struct wire_file { const char *name; uint64_t size; };
struct wire_refused { const char *name, *why; };
struct wire_upload { const char *id, *name; uint64_t length, offset; };
struct wire_state {
    const struct wire_file *files;
    const struct wire_refused *refused;
    const char *const *taken;
    const struct wire_upload *uploads;
    size_t files_len, refused_len, taken_len, uploads_len;
};
struct wire_session { const char *expires, *token, *code; /* a colleague's, or NULL */ struct wire_state state; };
struct wire_case { /* sorted by name, without repeats */
    const char *name;
    const char *const *awaited; /* sorted */
    const struct have *have;    /* sorted by kit */
    size_t awaited_len, have_len;
};

/* Writers append; readers are strict and let strings live in the arena. Signatures are made and checked here: wire_welcome_read
 * answers ERR_INPUT "another hub answers" where the proof is not of `hub_key`, wire_login_read where the signature is not good
 * by the key it carries (whether that key is the enrolled one is the caller's to say). */
int wire_hello_write(struct buf *out, const struct wire_hello *h) MUST_CHECK;
int wire_hello_read(struct wire_hello *out, struct arena *a, const void *bytes, size_t len) MUST_CHECK;
int wire_welcome_write(struct buf *out, const struct wire_welcome *w, const char *kit, const struct signer *hub) MUST_CHECK;
int wire_welcome_read(struct wire_welcome *out, struct arena *a, const char *kit, const char *challenge,
    const unsigned char hub_key[KEY_SIZE], const void *bytes, size_t len) MUST_CHECK;
int wire_login_write(struct buf *out, const char *hub, const char *kit, const char *nonce, const struct signer *by) MUST_CHECK;
/* To a colleague: with the challenge of the hello, the proof of the code, and the kit id of the register's root key. */
int wire_login_paired_write(struct buf *out, const char *hub, const char *kit, const char *nonce, const struct signer *by,
    const char *challenge, const char *code, const char *root) MUST_CHECK;
int wire_login_read(struct wire_login *out, struct arena *a, const void *bytes, size_t len) MUST_CHECK;
int wire_session_write(struct buf *out, const struct wire_session *s) MUST_CHECK;
int wire_session_read(struct wire_session *out, struct arena *a, const void *bytes, size_t len) MUST_CHECK;
int wire_ticket_write(struct buf *out, const char *ticket) MUST_CHECK;
int wire_ticket_read(const char **out, struct arena *a, const void *bytes, size_t len) MUST_CHECK;
int wire_state_write(struct buf *out, const struct wire_state *s) MUST_CHECK;
int wire_state_read(struct wire_state *out, struct arena *a, const void *bytes, size_t len) MUST_CHECK;
/* Writing: up to WIRE_HAVE_MAX bytes. */
#define WIRE_HAVE_MAX ((size_t)16 << 20)
int wire_have_write(struct buf *out, const struct wire_case *cases, size_t len) MUST_CHECK;
int wire_have_read(struct wire_case **out, size_t *out_len, struct arena *a, const void *bytes, size_t len) MUST_CHECK;
/* {"error":text}; the text for people, or "" where the body is no such thing. */
int wire_error_write(struct buf *out, const char *text) MUST_CHECK;
const char *wire_error_read(struct arena *a, const void *bytes, size_t len);

#endif
