/* The hub over HTTP (wire.h has the protocol): uploads end in the same inbox as a stick's bundles, and what a kit fetches
 * are the same files as in a stick's outbox.
 *
 * The server's worker owns the hub: it takes the inbox in and serves kits' outboxes, under DIR/lock for its work only,
 * so that other commands can be used on the folder meanwhile; what they have done is noticed. Who may do what is read from
 * the register through a hub of its own that writes nothing. */
#ifndef SATCHEL_HUB_SERVE_H
#define SATCHEL_HUB_SERVE_H

#include "satchel/hub/hub.h"
#include "satchel/serve/visit.h"

/* Pages for reviewers, from above: this room knows neither pages nor what is asked of a case. Everything below /review/. */
struct hub_pages {
    void *ctx;
    void (*answer)(void *ctx, struct visit *v); /* from any thread; GET and HEAD, by who may be here: v->kit */
};

struct hub_serve;
/* `hub` is the worker's until hub_serve_stop has returned; `reader` is opened on the same folder with forms of its own and
 * without hooks. pages: copied; NULL: there are none. ERR_USAGE: plain on an address that others reach. */
int hub_serve_start(struct hub_serve **out, struct hub *hub, struct hub *reader, const struct hub_pages *pages,
    const struct serve_options *o) MUST_CHECK;
const char *hub_serve_url(const struct hub_serve *s);
void hub_serve_stop(struct hub_serve *s); /* as serve_stop */

#endif
