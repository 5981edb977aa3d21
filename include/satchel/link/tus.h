/* Uploads by the tus 1.0.0 resumable protocol (tus.io), and how long to wait between tries. */
#ifndef SATCHEL_LINK_TUS_H
#define SATCHEL_LINK_TUS_H

#include "satchel/base/io.h"
#include "satchel/link/http.h"

/* Exponential, with jitter, and with an end: tries without any progress between them. */
struct backoff {
    int tries, limit;
    double first_seconds, most_seconds;
    void (*sleep)(double seconds);
};
struct backoff backoff_of(int limit);
void backoff_reset(struct backoff *b); /* something has moved */
/* Sleeps, the longer the more tries; `asked`: what the peer wants, or HTTP_NOT_SAID. False: the limit is reached. */
bool backoff_wait(struct backoff *b, uint64_t asked_seconds);
/* A failure that passes: the network's, 5xx but 507, 423 and 429. Not what the peer says no to. */
bool http_passes(const struct http_answer *a);

#define TUS_ID_MAX 64
#define TUS_CHUNK_FIRST ((size_t)256 << 10)
#define TUS_CHUNK_LEAST ((size_t)16 << 10)
#define TUS_CHUNK_MOST ((size_t)1 << 20)

enum tus_place { TUS_NOWHERE, TUS_UNFINISHED, TUS_TAKEN };

struct tus_upload {
    struct http *http;
    struct backoff *backoff;
    const char *path, *name; /* the file, and what it is called there */
    uint64_t size;
    char id[TUS_ID_MAX + 1]; /* "": none is begun that is known of */
    uint64_t offset, farthest;
    bool checksums;          /* with each chunk, which then counts whole or not at all: for a road without TLS */
    size_t chunk;            /* bytes of a PATCH; grows with success, shrinks with failure */
    /* Where does the peer have a file of this name, begun or whole? Fills id and offset. */
    int (*find)(void *ctx, struct tus_upload *u, enum tus_place *place);
    /* What to make of an answer that says no: sets the error. */
    int (*refused)(void *ctx, const struct http_answer *a);
    void *ctx;
    struct progress *progress; /* may be NULL */
    uint64_t sent_bytes;       /* of bodies, those sent again counted */
};
/* Until the peer has all of it: 0. A chunk that was cut is sent again from the byte that the peer has. */
int tus_run(struct tus_upload *u) MUST_CHECK;

#endif
