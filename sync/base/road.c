/* Roads: the calls through their table. */
#include "satchel/base/road.h"

int road_step(struct road *r, enum road_step step, struct source **from, struct sink **to)
{
    return r->step(r, step, from, to);
}

void road_hang_up(struct road *r)
{
    if (r) r->hang_up(r);
}

void road_close(struct road *r)
{
    if (r) r->close(r);
}
