/* A scheme: the folder forms/<name>/ (scheme.json, a form a type in types/, catalogue.csv), embedded or on disk, read as data.
 *
 *   scheme.json  {"catalogue":"catalogue.csv","levels":[{"label":{…},"value":1},…],"name":"bjcsa-02-2022",
 *                 "parameters":{"first_surveillance_months":12,…},"results":…,"sample":true,"standard":…,"title":{…},"version":…}
 */
#ifndef SATCHEL_SCHEME_SCHEME_H
#define SATCHEL_SCHEME_SCHEME_H

#include "satchel/replica/form.h"

struct scheme {
    const char *name;
    struct label title;
    const struct jv *json;
    bool sample; /* its catalogue is a sample, and says so wherever it shows */
    struct arena arena;
};
/* The scheme that ships. Adds its forms to `forms` as current. */
int scheme_load_embedded(struct scheme *out, struct forms *forms, const char *name) MUST_CHECK;
void scheme_release(struct scheme *s);
/* A number of scheme.json's parameters; ERR_INPUT when it is not there. */
int scheme_parameter(const struct scheme *s, const char *name, int64_t *out) MUST_CHECK;

#endif
