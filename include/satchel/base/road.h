/* A road to the other end of a conversation that somebody else speaks: what libgit2 says to `git receive-pack` goes over
 * HTTP (sync/link/mirror_git.c) or to a program beside this one (ssh), and whoever speaks need not know which.
 *
 * Every wait on a road has a limit; what fails is ERR_ROAD, with a message that never shows a password. */
#ifndef SATCHEL_BASE_ROAD_H
#define SATCHEL_BASE_ROAD_H

#include <stdbool.h>

#include "satchel/base/io.h"

enum road_step {
    ROAD_LIST, /* what the other end has */
    ROAD_PUSH  /* the change; follows ROAD_LIST */
};

struct road {
    bool stateless; /* each step is a request of its own: all is written, then its answer is read */
    /* The two ends of a step, borrowed until the next call. A stateless road's `to` is NULL where nothing is to be said. */
    int (*step)(struct road *r, enum road_step step, struct source **from, struct sink **to);
    void (*hang_up)(struct road *r); /* ends the conversation; the next ROAD_LIST begins a new one */
    void (*close)(struct road *r);   /* hangs up, and frees it */
};

int road_step(struct road *r, enum road_step step, struct source **from, struct sink **to) MUST_CHECK;
void road_hang_up(struct road *r); /* NULL is fine */
void road_close(struct road *r);   /* NULL is fine */

#endif
