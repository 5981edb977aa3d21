/* A road to the hub over a network (design.md §7): the stick's, with HTTP in the middle. It only carries files between a
 * folder of the kit's and the hub:
 *
 *   FOLDER/inbox/NAME.satchel          goes up, smallest first, until the hub names it as taken
 *   FOLDER/outbox/<kit>/NAME.satchel   comes down, in the hub's order; NAME.satchel.part while it is not whole
 *
 * Folders beside FOLDER are those of the store's other links. What is in the files, and when one has served, is the store's business (store_sync_link): nothing here ends the sending of
 * anything. Killed or cut off at any byte, the next round goes on there.
 *
 * Errors are ERR_ROAD, and link_trouble tells a caller why; ERR_INPUT where another hub answers; ERR_DAMAGED. */
#ifndef SATCHEL_LINK_LINK_H
#define SATCHEL_LINK_LINK_H

#include "satchel/format/wire.h"
#include "satchel/link/http.h"

enum link_trouble {
    LINK_FINE,
    LINK_OFFLINE,   /* no way to it, or it broke off again and again */
    LINK_DISTRUST,  /* certificate or pinned key */
    LINK_OTHER_HUB,
    LINK_REFUSED,   /* the session, or this kit: revoked, not enrolled */
    LINK_NOT_PAIRED, /* a colleague's kit: the code, who it is, or that it does not let this one in */
    LINK_FULL,      /* quota, size, disk there */
    LINK_BUSY,      /* it is stopping, or fails inside */
    LINK_HERE       /* disk, folder */
};

/* With a colleague's kit that shares, in a hub's place (pairing.h). Who it is comes out when they meet. */
struct link_pairing {
    const char *code, *root;       /* digits; kit id of the register's root key */
    const unsigned char *identity; /* own */
    /* Key and recipient of that kit, by the register. ERR_INPUT: it is not in it, or may not exchange. */
    int (*find)(void *ctx, const char *kit, unsigned char key[KEY_SIZE], unsigned char recipient[KEY_SIZE]);
    void *ctx;
};

/* Who meets whom. */
struct link_party {
    const struct link_pairing *pairing; /* NULL: a hub; else what follows of the hub is found out */
    const char *kit;
    const struct signer *signer;
    const char *hub; /* kit id of its key */
    unsigned char hub_key[KEY_SIZE];
};

enum link_doing { LINK_SENDS, LINK_FETCHES, LINK_WAITS };
struct link_watch {
    /* `name` is borrowed during the call. */
    void (*at)(struct link_watch *w, enum link_doing what, const char *name, uint64_t done, uint64_t size);
};

/* Of one or more rounds. */
struct link_carried {
    size_t fetched, sent; /* files; sent: whole at the hub, which is not yet held by it */
    uint64_t fetched_bytes, sent_bytes;
    size_t behind;        /* sent before, and not taken in yet when the wait ended */
    struct jv *refused;   /* array of {"file","error"}: the hub says no to these, and the others went all the same */
    struct arena arena;
};
void link_carried_init(struct link_carried *c);
void link_carried_release(struct link_carried *c);

struct link;
/* Nothing goes over the wire yet. tries: without any progress between them, 0: 6. The party's strings and signer are borrowed. */
int link_open(struct link **out, const struct http_place *place, const struct link_party *party, int tries) MUST_CHECK;
/* The same over a peer of the caller's, which the link then owns. */
int link_over(struct link **out, struct http *http, const char *url, const struct link_party *party, int tries) MUST_CHECK;
void link_close(struct link *l); /* NULL is fine */

/* Opens a session: two requests. */
int link_meet(struct link *l) MUST_CHECK;
const char *link_peer(const struct link *l); /* kit id of whom this is a link to; NULL: not met yet */
/* With a colleague: all has been exchanged, as seen from here; ends the session, and the sharing. */
int link_leave(struct link *l) MUST_CHECK;
int64_t link_clock_ahead(const struct link *l); /* seconds by which this machine's clock is before the hub's; once met */
const char *link_token(const struct link *l); /* of the session, once met: a secret that opens what this kit may see, while it lasts */
/* A ticket to the hub's pages, good once, within a minute: a secret; in the arena. */
int link_ticket(struct link *l, struct arena *a, const char **out) MUST_CHECK;
/* One round: sends what is small, fetches, sends the rest, waits up to `wait_seconds` for the hub to take it in, fetches what
 * came of it. Meets first where that has not been done. `out` is added to, also where it fails. */
int link_carry(struct link *l, const char *folder, int wait_seconds, struct link_carried *out, struct link_watch *w) MUST_CHECK;
enum link_trouble link_trouble(const struct link *l); /* of the last failure */

/* Files of FOLDER/inbox/ that wait to be named by a receipt. */
int link_waiting(const char *folder, size_t *files, uint64_t *bytes) MUST_CHECK;

/* Up to `len` plain bytes of a case's evidence from an offset on into `out`; fewer at the end. ERR_MISSING: the hub has none of it for
 * this kit. */
int link_evidence(struct link *l, const char *case_name, const char *sha256, uint64_t offset, size_t len, struct buf *out) MUST_CHECK;

#endif
