/* What the files of field/ui share: the server, and the door with its secrets. */
#ifndef FIELD_UI_PARTS_H
#define FIELD_UI_PARTS_H

#include <pthread.h>

#include "satchel/base/crypto.h"
#include "satchel/base/embedded.h"
#include "satchel/ui/ui.h"

struct ui {
    struct ui_owner owner;
    struct http_server *http;
    struct ui_door door; /* as it is from the start on */
    pthread_mutex_t lock; /* guards what follows */
    char secret[UI_SECRET_SIZE]; /* of the address: good once */
    char used[UI_SECRET_SIZE];   /* the one before */
    int busy;                    /* requests under way */
    double last;                 /* when the last one ended */
};

extern const struct embedded embedded_pages[];
extern const size_t embedded_pages_len;


bool door_has_cookie(const struct ui_door *d, const char *cookies);

/* ---- door.c ---- */
int door_init(struct ui *u) MUST_CHECK;
void door_release(struct ui *u);
void door_busy(struct ui *u, int by);
/* NULL: it may come in, and gets the cookie; else why not. */
const char *door_enter(struct ui *u, const char *secret, const char *cookies);

#endif
