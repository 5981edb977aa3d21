/* A scheme: the folder forms/<name>/ (scheme.json, types/<type>.json, catalogue.csv), read as data.
 *
 *   scheme.json  {"catalogue":"catalogue.csv","catalogue_title":{…},"departments":[…],"directions":[…],"levels":[…],
 *                 "name":"bjcsa-02-2022","parameters":{"first_surveillance_months":12,…},"results":[…],"roles":[…],
 *                 "sample":true,"standard":…,"title":{…},"version":…}
 *   levels, directions, roles and results are lists of {"label":{"en":…,"zh":…},"value":…}: levels from the lowest up,
 *   results from the worst down. departments are those of the sample catalogue. */
#ifndef SATCHEL_SCHEME_SCHEME_H
#define SATCHEL_SCHEME_SCHEME_H

#include "satchel/replica/form.h"
#include "satchel/scheme/catalogue.h"

struct scheme {
    const char *name;
    struct label title;
    const struct jv *json;
    bool sample; /* its catalogue is a sample, and says so wherever it shows */
    struct arena arena;
};

/* The scheme that ships. Adds its forms to `forms` as current. ERR_MISSING: none of that name; ERR_DAMAGED: it does not
 * read. */
int scheme_load_embedded(struct scheme *out, struct forms *forms, const char *name) MUST_CHECK;
void scheme_release(struct scheme *s);
/* A number of scheme.json's parameters; ERR_INPUT when it is not there. */
int scheme_parameter(const struct scheme *s, const char *name, int64_t *out) MUST_CHECK;
/* The catalogue that ships with it, in the arena; its title says "sample" where it is one. */
int scheme_catalogue(struct catalogue *out, struct arena *a, const struct scheme *s) MUST_CHECK;

#endif
