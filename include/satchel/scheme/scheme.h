/* A scheme: a folder (scheme.json, types/<type>.json, a catalogue in CSV), read as data. It ships with the program
 * (forms/<name>/), or an admin has published it into the register, where its hash names the version.
 *
 *   scheme.json  {"catalogue":"catalogue.csv","catalogue_title":{…},"departments":[…],"directions":[…],"levels":[…],
 *                 "name":"bjcsa-02-2022","parameters":{"first_surveillance_months":12,…},"results":[…],"roles":[…],
 *                 "sample":true,"standard":…,"title":{…},"version":…}
 *   levels, directions, roles and results are lists of {"label":{"en":…,"zh":…},"value":…}: levels from the lowest up,
 *   results from the worst down. departments are those of the sample catalogue.
 *
 * A version is named by the SHA-256 over its parts in this order: "catalogue" (the list of clauses, as catalogue_json
 * writes them), "scheme" (scheme.json), "types/<type>" for each form, by type. Of each part: its name, NUL, the number of
 * its bytes in decimal, NUL, its bytes, which are canonical JSON. So blanks and the order of keys make no other version,
 * and whoever holds the record of a published one can check it: where the hash does not fit, it does not read. */
#ifndef SATCHEL_SCHEME_SCHEME_H
#define SATCHEL_SCHEME_SCHEME_H

#include "satchel/replica/fold.h"
#include "satchel/replica/form.h"
#include "satchel/scheme/catalogue.h"

/* Every number of the scheme: the parameters of scheme.json, each under its own name. */
struct rules {
    int64_t violation_window_months;       /* 6.1.1 (3) */
    int64_t first_surveillance_months;     /* 6.3.1 */
    int64_t surveillance_interval_months;  /* 6.3.1 */
    int64_t surveillance_info_months;      /* 6.3.2 */
    int64_t validity_months;               /* 7.2.1 */
    int64_t renewal_months;                /* 7.2.1, 8 */
    int64_t suspension_usual_months;       /* 7.2.3 */
    int64_t suspension_max_months;         /* 7.2.3 */
    int64_t withdrawal_overdue_months;     /* 7.2.6 (1) */
    int64_t rule3_major;                   /* 6.3.4 3): from so many on a clause had many problems */
    int64_t rule3_minor;
    int64_t rule3_minor_and_observation;
    int64_t sites_initial_numerator;       /* smallest k with denominator * k² >= numerator * n */
    int64_t sites_initial_denominator;
    int64_t sites_surveillance_numerator;
    int64_t sites_surveillance_denominator;
    int64_t sites_recertification_numerator;
    int64_t sites_recertification_denominator;
    int64_t man_day_steps;                 /* steps of a man-day: 2, so half days */
    int64_t man_day_hours;                 /* hours of a whole one */
    int64_t remind_days;                   /* an item is "due" so many days before its last one */
    int64_t utc_offset_minutes;            /* of the scheme's calendar */
};

struct scheme {
    const char *name;    /* of its folder */
    const char *link;    /* "register:scheme/…" of a published one; NULL: it ships */
    bool voided;         /* its record is: it serves the cases that pinned it, and is not for new ones */
    const char *hash;    /* 64 hex, by which the version is named */
    struct label title;
    const char *standard, *version;
    bool sample;         /* its catalogue is a sample, and says so wherever it shows */
    struct rules rules;
    struct catalogue catalogue;      /* its title says "sample" where it is one */
    const struct jv *json;           /* scheme.json, whole */
    const char *const *forms;        /* type@hash of its forms, sorted by type */
    size_t forms_len;
};

/* The schemes that are known: those that ship, and those of the register. Forms of each are known to `forms` (borrowed);
 * those of the first that ships are its current ones. Schemes last as long as the set. ERR_DAMAGED: what ships does not
 * read. */
struct schemes;
int schemes_new(struct schemes **out, struct forms *forms) MUST_CHECK;
void schemes_free(struct schemes *s);
/* Takes in what the register of the fold publishes (record types "scheme" and "catalogue"); cheap when nothing has
 * changed. Nothing stays borrowed from the fold. A version that does not read is left out: schemes_problem tells. Lists are
 * made anew. */
int schemes_refresh(struct schemes *s, struct fold *f) MUST_CHECK;
/* By the link of its record. NULL link: the one that ships first. NULL: unknown, or it does not read. */
const struct scheme *schemes_get(const struct schemes *s, const char *link);
/* A catalogue record of the register by its link; NULL: unknown, or it does not read. */
const struct catalogue *schemes_catalogue(const struct schemes *s, const char *link);
/* Those that ship, then those of the register, voided ones too. */
const struct scheme *const *schemes_list(const struct schemes *s, size_t *len);
const char *schemes_problem(const struct schemes *s, const char *link); /* why it does not read; NULL: it does */
/* The form that new entries of a type are written with under a scheme: its own, else the current one. NULL: none. */
const struct form *scheme_form(const struct schemes *s, const struct scheme *scheme, const char *type);

/* Label of a value of a list of scheme.json ("levels", "directions", "roles", "results") in the chosen language; the value
 * itself where it is not listed. Integers are given as text. */
const char *scheme_label(const struct scheme *s, const char *list, const char *value);

/* A folder as a published version: what a "scheme" record of the register is to hold. Reads and checks all of it; nothing
 * is changed. ERR_INPUT names the file and what is wrong; too large for an entry is wrong, too. Lives in the arena. */
struct scheme_source {
    struct scheme scheme;     /* link NULL */
    struct jv *record;        /* fields of the scheme record, without "catalogue", which is to link to the other */
    struct jv *catalogue;     /* fields of the catalogue record */
};
int scheme_read_folder(struct scheme_source *out, struct arena *a, const char *folder) MUST_CHECK;
/* Writes a scheme that ships as a folder, to change and publish. ERR_INPUT where something is there. */
int scheme_write_folder(const struct scheme *s, const char *folder) MUST_CHECK;

#endif
