/* What the program hands the hub of what the hub itself does not know: the page of a case, and the index. */
#ifndef HUB_HOOKS_H
#define HUB_HOOKS_H

#include "satchel/hub/hub.h"
#include "satchel/store/index.h"

struct hub_desk {
    struct hub *hub;
    struct index *index;
    struct forms *forms;
    const struct schemes *schemes;
    struct schemes *published; /* those and the register's; NULL: it publishes none */
    char published_at[64];     /* the register's tip then, in hex */
    struct hub_hooks hooks;
};
/* Opens the hub in a folder, with its index. `schemes`: those that ship, of the same forms. */
int hub_desk_open(struct hub_desk *d, const char *folder, struct forms *forms, const struct schemes *schemes) MUST_CHECK;
void hub_desk_close(struct hub_desk *d);
/* Brings the index up to every branch of the hub. */
int hub_desk_index(struct hub_desk *d) MUST_CHECK;
struct due_span;
struct schemes;
/* An item of the calendar as the index keeps it; texts are borrowed. */
struct index_span index_span_of(const char *case_name, const struct due_span *s);

#endif
