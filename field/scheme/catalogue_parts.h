/* What the readers of catalogues share: a list of clauses that grows, with the rules that hold for all
 * sources. */
#ifndef SATCHEL_FIELD_SCHEME_CATALOGUE_PARTS_H
#define SATCHEL_FIELD_SCHEME_CATALOGUE_PARTS_H

#include "satchel/base/map.h"
#include "satchel/scheme/catalogue.h"

struct clause_list {
    struct arena *arena;
    struct clause *clauses;
    size_t len, cap, groups;
    struct map ids;
};

void clause_list_init(struct clause_list *l, struct arena *a);
void clause_list_release(struct clause_list *l);
/* Copies the struct; its strings must live in the arena. ERR_INPUT where it breaks a rule of catalogue.h. */
int clause_list_add(struct clause_list *l, const struct clause *c) MUST_CHECK;
/* Fills in what the list holds. ERR_INPUT when there is no clause. */
int clause_list_end(struct catalogue *out, const struct clause_list *l) MUST_CHECK;

#endif
