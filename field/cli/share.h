/* A kit as the owner of a server: what it exchanges with one colleague over a local network. The server's files lie in
 * STORE/share/. While it runs, the store is the worker's. */
#ifndef CLI_SHARE_H
#define CLI_SHARE_H

#include "satchel/format/pairing.h"
#include "satchel/serve/serve.h"
#include "satchel/store/store.h"

#define SHARE_TRIES 5 /* wrong codes */

enum share_state {
    SHARE_OPEN,
    SHARE_DONE,  /* the colleague has said that all was exchanged */
    SHARE_WRONG, /* so many wrong codes were tried that nobody is let in any more */
};

struct share_options {
    const char *listen; /* "0.0.0.0:0" */
    bool no_evidence;
    void (*tell)(void *ctx, const char *text); /* from any thread */
    void (*taken)(void *ctx, const struct exchange *e); /* from the worker's */
    void *ctx;
};

struct share;
/* ERR_INPUT: no hub was joined, or this kit is not enrolled or revoked. ERR_ROAD: another one runs on this store. */
int share_start(struct share **out, struct store *s, const struct share_options *o) MUST_CHECK;
const char *share_url(const struct share *h);
const char *share_code(const struct share *h); /* PAIRING_DIGITS of them */
enum share_state share_state(struct share *h);
/* Kit id of the colleague who has proven the code; "" before. */
void share_colleague(struct share *h, char kit[KIT_ID_SIZE]);
void share_stop(struct share *h); /* NULL is fine */

#endif
