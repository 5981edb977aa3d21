/* What the files of sync/link share. */
#ifndef SATCHEL_SYNC_LINK_PARTS_H
#define SATCHEL_SYNC_LINK_PARTS_H

#include "satchel/base/map.h"
#include "satchel/link/link.h"
#include "satchel/link/tus.h"

struct link {
    struct http http;  /* what the others call: peer with the session's token, and a new session where one has ended */
    struct http *peer; /* owned */
    char *url;         /* for messages */
    struct link_party party;
    unsigned char recipient[KEY_SIZE]; /* of a colleague's kit, once it is known */
    int tries, stall_seconds;
    struct arena arena;      /* of states and names; as long as the link */
    struct wire_state state; /* the hub's last word */
    struct map done;         /* names that went whole, or were refused: not a second time in one sync, whatever becomes of them */
    char token[WIRE_TOKEN_SIZE];
    bool met, meeting;
    int64_t clock_ahead;
    enum link_trouble trouble;
};

/* Records why; returns rc. */
int link_failed(struct link *l, enum link_trouble trouble, int rc);
/* What came is no answer to go on with, although tries have been made: sets message and trouble. */
int link_refused(struct link *l, const struct http_answer *a) MUST_CHECK;
/* A call that can be made again, and is where its failure passes: 0 where it was answered 200. */
int link_ask(struct link *l, const struct http_call *q, struct http_answer *a) MUST_CHECK;
/* The hub's state into l->state; what was there stays valid. */
int link_refresh(struct link *l, int wait_seconds) MUST_CHECK;
struct backoff link_backoff(const struct link *l);

#endif
