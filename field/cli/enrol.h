/* What the commands share by which an admin's kit tells the register of others, standing before the hub's folder. */
#ifndef ENROL_H
#define ENROL_H

#include "cli.h"
#include "satchel/hub/hub.h"

/* ERR_INPUT: this kit is no admin's. The store is open. */
int check_admin(struct cli *c) MUST_CHECK;
/* Who is enrolled is not to find out that the address (--url, --pin, --plain) is none. ERR_USAGE. */
int check_address(const struct cli *c) MUST_CHECK;
/* What the admin's kit has and the hub lacks (of one case, or NULL: of all), by the same bundles that a stick would carry.
 * ERR_INPUT: the hub sets something of it apart. */
int hand_over(struct cli *c, struct hub *hub, const char *case_name) MUST_CHECK;
/* The enrolment of a kit that the register names, with the address of the options, durable at `path`. */
int write_enrolment(struct cli *c, struct hub *hub, const char *kit, const char *path) MUST_CHECK;

#endif
