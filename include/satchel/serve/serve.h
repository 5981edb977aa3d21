/* A small file server over HTTP (wire.h has the protocol): a kit opens a session, uploads bundles by tus, fetches what lies in
 * its outbox, and is told how far all that is. Whose it is knows what is in the bundles, and who may come: a hub, or a kit that
 * exchanges with a colleague.
 *
 *   DIR/upload/<id>.data, .json   unfinished uploads: bytes, and {"kit","length","name","offset"} with what is durable
 *   DIR/inbox/<kit>-NAME          finished ones
 *   DIR/quarantine/<kit>-NAME     what can't be taken in, and beside it the same with .why, for the kit to be told
 *   DIR/net/outbox/<kit>/         what is handed out to a kit
 *   DIR/net/received.json         between two runs: what was taken in and is not fetched yet
 *   DIR/access.log, .1 … .4       one JSON object a line a request; rotated by size
 *
 * Requests come in threads of their own; one more, the worker, takes the inbox in and fills outboxes, a piece of work at a
 * time. */
#ifndef SATCHEL_SERVE_SERVE_H
#define SATCHEL_SERVE_SERVE_H

#include "satchel/format/wire.h"

struct serve_options {
    const char *folder;
    const char *listen;          /* "127.0.0.1:8080" */
    const char *cert, *key;      /* PEM files; NULL: none */
    bool plain;                  /* without TLS on addresses that others reach: something before it does it */
    bool behind_proxy;           /* requests from loopback are of X-Forwarded-For's last address */
    uint64_t quota;              /* bytes of one kit's that are under way: uploads, and bundles not taken in yet */
    uint64_t upload_max;         /* bytes of one upload */
    uint64_t part_size;          /* of the bundles handed out */
    unsigned rate;               /* requests a second of one address, five times that at once; 0: any number */
    unsigned connections, per_address;
    unsigned session_seconds;
    unsigned upload_hours;       /* until an upload that nobody goes on with is dropped */
    unsigned stop_seconds;       /* that requests under way get to end in */
    void (*tell)(void *ctx, const char *text); /* what the one who runs it should know; from any thread; may be NULL */
    void *ctx;
};
extern const struct serve_options serve_defaults;

#define SERVE_WHY ".why"

struct serve;
struct route; /* visit.h */

enum standing { STANDING_GOOD, STANDING_UNKNOWN, STANDING_REVOKED, STANDING_FAILED };

/* What came of a piece of the worker's work; all in the arena. */
struct serve_work {
    struct arena arena;
    struct jv *failed; /* array of {"file","error"} */
    bool again;        /* of take_in: some of what failed may not the next time, the disk's fault */
    struct jv *names;  /* array: kits that may lack something now, of take_in; files that are to go first, of hand_out */
};

/* Whose server it is. Strings and functions outlive it. */
struct serve_owner {
    void *ctx;
    const char *kit, *name; /* of the key that signs a welcome */
    const struct signer *signer;
    const char *unknown; /* said to a kit that is not enrolled: a constant text */
    const struct route *routes; /* besides those of every server; may be NULL */
    size_t routes_len;

    /* From any thread. Of a kit that signs with this key, as the register stands now. */
    enum standing (*standing)(void *ctx, const char *kit, const unsigned char key[KEY_SIZE]);
    /* From any thread; may be NULL. A kit in good standing has answered a nonce of its own: NULL where it may come in, else why
     * not, a constant text. `code` is filled where the kit is owed a proof in return, else "". */
    const char *(*admit)(void *ctx, const struct wire_login *l, char code[WIRE_TOKEN_SIZE]);

    /* The worker's: takes in what lies in DIR/inbox/ and removes it (what can never be taken in goes to DIR/quarantine/);
     * fills DIR/net/outbox/<kit>/; once a second, looks whether somebody else has changed what kits may lack. */
    int (*take_in)(void *ctx, struct serve_work *out);
    int (*hand_out)(void *ctx, const char *kit, struct serve_work *out);
    int (*look)(void *ctx, struct serve *s);
    /* From any thread; may be NULL. Has somebody changed that since the last look? A kit that asks is then told its state once
     * the worker has looked. To be cheap; a wrong yes costs a look. */
    bool (*changed)(void *ctx);
};

/* ERR_USAGE: plain on an address that others reach. */
int serve_start(struct serve **out, const struct serve_owner *owner, const struct serve_options *o) MUST_CHECK;
const char *serve_url(const struct serve *s);
void serve_stop(struct serve *s); /* requests under way end first, within stop_seconds; NULL is fine */

/* For `look`: the kits that have been here and whose outbox is not known to lack anything; that one may; and that what waits
 * in the inbox is to be tried again. */
int serve_settled_kits(struct serve *s, struct arena *a, const char ***out, size_t *len) MUST_CHECK;
void serve_unsettle(struct serve *s, const char *kit);
void serve_try_again(struct serve *s);

#endif
