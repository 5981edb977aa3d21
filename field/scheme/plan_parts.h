/* What the files of the plan share: the clauses, departments and directions with what is known of each. */
#ifndef PLAN_PARTS_H
#define PLAN_PARTS_H

#include "satchel/scheme/plan.h"

struct goal {
    const char *name;
    const struct clause *clause; /* of a clause in the catalogue */
    bool done;      /* covered in every cycle that it belongs to */
    unsigned why;   /* required, where not 0 */
    int majors, minors, observations;
    size_t visits;  /* of the proposal */
};

struct goals {
    struct goal *items;
    size_t len, cap;
};

struct planning {
    const struct casefile *c;
    struct plan plan;
    int32_t on;
    struct goals clauses, departments, directions;
};

struct goal *goal_named(const struct goals *g, const char *name); /* NULL: none */
/* Fills the plan's visits. */
int propose(struct planning *p) MUST_CHECK;

#endif
