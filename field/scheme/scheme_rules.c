/* The numbers of a scheme: one row a parameter of scheme.json, with the range in which the program can count
 * with it. */
#include "scheme_parts.h"

#include <stddef.h>
#include <string.h>

enum {
    MONTHS_MAX = 1200,
    COUNT_MAX = 1000000,
    OFFSET_MAX = 14 * 60, /* zones of the world */
};

static const struct parameter {
    const char *name;
    size_t offset;
    int64_t minimum, maximum;
} table[] = {
#define ROW(name, minimum, maximum)                                                                          \
    {                                                                                                        \
#name, offsetof(struct rules, name), minimum, maximum                                                \
    }
    ROW(violation_window_months, 0, MONTHS_MAX),
    ROW(first_surveillance_months, 1, MONTHS_MAX),
    ROW(surveillance_interval_months, 1, MONTHS_MAX),
    ROW(surveillance_info_months, 0, MONTHS_MAX),
    ROW(validity_months, 1, MONTHS_MAX),
    ROW(renewal_months, 0, MONTHS_MAX),
    ROW(suspension_usual_months, 1, MONTHS_MAX),
    ROW(suspension_max_months, 1, MONTHS_MAX),
    ROW(withdrawal_overdue_months, 0, MONTHS_MAX),
    ROW(rule3_major, 1, COUNT_MAX),
    ROW(rule3_minor, 1, COUNT_MAX),
    ROW(rule3_minor_and_observation, 1, COUNT_MAX),
    ROW(sites_initial_numerator, 1, COUNT_MAX),
    ROW(sites_initial_denominator, 1, COUNT_MAX),
    ROW(sites_surveillance_numerator, 1, COUNT_MAX),
    ROW(sites_surveillance_denominator, 1, COUNT_MAX),
    ROW(sites_recertification_numerator, 1, COUNT_MAX),
    ROW(sites_recertification_denominator, 1, COUNT_MAX),
    ROW(man_day_steps, 1, COUNT_MAX),
    ROW(man_day_hours, 1, 24),
    ROW(remind_days, 0, COUNT_MAX),
    ROW(utc_offset_minutes, -OFFSET_MAX, OFFSET_MAX),
#undef ROW
};
enum { TABLE_LEN = sizeof table / sizeof *table };
_Static_assert(sizeof(struct rules) == TABLE_LEN * sizeof(int64_t), "every rule has its row");

static int read_parameter(struct rules *out, const struct parameter *p, const struct jv *v)
{
    if (!v) return err_set(ERR_INPUT, "parameter '%s' is missing", p->name);
    if (v->type != JV_INT || v->integer < p->minimum || v->integer > p->maximum)
        return err_set(ERR_INPUT, "parameter '%s' takes a whole number from %lld to %lld", p->name,
            (long long)p->minimum, (long long)p->maximum);
    memcpy((unsigned char *)out + p->offset, &v->integer, sizeof v->integer);
    return 0;
}

static bool is_parameter(const char *name)
{
    for (size_t i = 0; i < TABLE_LEN; i++)
        if (strcmp(table[i].name, name) == 0) return true;
    return false;
}

int rules_read(struct rules *out, const struct jv *parameters)
{
    struct rules rules = {0};
    if (!parameters || parameters->type != JV_OBJECT)
        return err_set(ERR_INPUT, "\"parameters\" must be an object");
    for (size_t i = 0; i < TABLE_LEN; i++) {
        int rc = read_parameter(&rules, &table[i], jv_get(parameters, table[i].name));
        if (rc) return rc;
    }
    for (size_t i = 0; i < parameters->len; i++)
        if (!is_parameter(parameters->keys[i]))
            return err_set(ERR_INPUT, "there is no parameter '%s'", parameters->keys[i]);
    *out = rules;
    return 0;
}
