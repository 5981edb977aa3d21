/* The hub over HTTP (wire.h has the protocol): uploads end in the same inbox as a stick's bundles, and what a kit fetches
 * are the same files as in a stick's outbox.
 *
 *   DIR/upload/lock               held by the one server of the folder
 *   DIR/upload/<id>.data, .json   unfinished uploads: bytes, and {"kit","length","name","offset"} with what is durable
 *   DIR/net/outbox/<kit>/         what the hub hands out to a kit
 *   DIR/access.log, .1 … .4       one JSON object a line a request; rotated by size
 *
 * One thread, the worker, owns the hub: it takes the inbox in and serves kits' outboxes, under DIR/lock for its work only,
 * so that other commands can be used on the folder meanwhile; what they have done is noticed. Who may do what is read from
 * the register through a hub of its own that writes nothing. */
#ifndef SATCHEL_HUB_SERVE_H
#define SATCHEL_HUB_SERVE_H

#include "satchel/hub/hub.h"

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

struct serve;
/* `hub` is the worker's until serve_stop has returned; `reader` is opened on the same folder with forms of its own and
 * without hooks. ERR_USAGE: plain on an address that others reach. */
int serve_start(struct serve **out, struct hub *hub, struct hub *reader, const struct serve_options *o) MUST_CHECK;
const char *serve_url(const struct serve *s);
void serve_stop(struct serve *s); /* requests under way end first, within stop_seconds; NULL is fine */

#endif
