/* The measures of an audit programme (6.1.3, 6.3.3): how many service sites are visited, and man-days. */
#include "satchel/scheme/plan.h"

#include <stdlib.h>
#include <string.h>

#include "satchel/base/map.h"

/* ---- service sites ---- */

int64_t sites_to_visit(int64_t similar, int64_t numerator, int64_t denominator)
{
    int64_t k = 0;
    while (k < similar && denominator * k * k < numerator * similar) k++;
    return k;
}

static int64_t sites_for_kind(int64_t similar, const struct rules *r, enum audit_kind kind)
{
    switch (kind) {
    case AUDIT_DOCUMENT:
    case AUDIT_ONSITE:
        return sites_to_visit(similar, r->sites_initial_numerator, r->sites_initial_denominator);
    case AUDIT_RECERTIFICATION:
        return sites_to_visit(similar, r->sites_recertification_numerator, r->sites_recertification_denominator);
    default:
        return sites_to_visit(similar, r->sites_surveillance_numerator, r->sites_surveillance_denominator);
    }
}

static bool is_sampled(const struct site *s)
{
    return s->kind == SITE_SERVICE && !s->central;
}

/* The group of a site, by what its sites are like; one that is like no other is alone. NULL: memory. */
static struct site_group *group_of(struct map *by_similar, struct site_group *groups, size_t *len, const char *similar)
{
    struct site_group *g = similar ? map_get(by_similar, similar) : NULL;
    if (g) return g;
    g = &groups[(*len)++];
    g->similar = similar;
    return similar && map_put(by_similar, similar, g) ? NULL : g;
}

/* Counts the sites of each group; of[i]: that of the i-th site. */
static int count_groups(struct site_group *groups, size_t *len, struct site_group **of, const struct casefile *c)
{
    struct map by_similar;
    int rc = 0;
    map_init(&by_similar);
    for (size_t i = 0; i < c->sites_len && rc == 0; i++) {
        if (!is_sampled(&c->sites[i])) continue;
        of[i] = group_of(&by_similar, groups, len, c->sites[i].similar);
        if (of[i]) of[i]->sites_len++;
        else rc = ERR_ROAD;
    }
    map_release(&by_similar);
    return rc;
}

int site_groups(struct site_group **out, size_t *len, const struct casefile *c, const struct rules *rules, enum audit_kind kind)
{
    struct site_group *groups = arena_alloc(c->arena, (c->sites_len + 1) * sizeof *groups);
    struct site_group **of = arena_alloc(c->arena, (c->sites_len + 1) * sizeof(struct site_group *));
    const struct site **place = arena_alloc(c->arena, (c->sites_len + 1) * sizeof(struct site *));
    size_t n = 0;
    if (!groups || !of || !place || count_groups(groups, &n, of, c)) return ERR_ROAD;
    for (size_t i = 0; i < n; i++) {
        groups[i].visit = sites_for_kind((int64_t)groups[i].sites_len, rules, kind);
        groups[i].sites = place;
        place += groups[i].sites_len;
        groups[i].sites_len = 0;
    }
    for (size_t i = 0; i < c->sites_len; i++)
        if (of[i]) of[i]->sites[of[i]->sites_len++] = &c->sites[i];
    *out = groups;
    *len = n;
    return 0;
}

/* ---- man-days ---- */

/* "2024-03-04" or "2024-03-07/4": the day, and its hours; DAY_NONE: it is neither. */
static int32_t read_day(const char *s, const struct rules *rules, int64_t *hours)
{
    char date[DAY_TEXT], *end;
    size_t len = strcspn(s, "/");
    *hours = rules->man_day_hours;
    if (len + 1 != sizeof date) return DAY_NONE;
    memcpy(date, s, len);
    date[len] = '\0';
    if (!s[len]) return day_read(date);
    *hours = strtol(s + len + 1, &end, 10);
    return end == s + len + 1 || *end || *hours < 0 || *hours > 24 ? DAY_NONE : day_read(date);
}

/* The same day twice, as two people may have set it, counts once, with the more hours. They are sorted, so it stands together. */
static int64_t hours_of(const struct audit *a, const struct rules *rules)
{
    int64_t all = 0, most = 0;
    int32_t last = DAY_NONE;
    if (!a->days.len && a->start != DAY_NONE && a->end >= a->start)
        return ((int64_t)a->end - a->start + 1) * rules->man_day_hours;
    for (size_t i = 0; i < a->days.len; i++) {
        int64_t hours;
        int32_t day = read_day(a->days.items[i], rules, &hours);
        if (day == DAY_NONE) continue;
        if (day != last) most = 0;
        if (hours > most) all += hours - most;
        if (hours > most) most = hours;
        last = day;
    }
    return all;
}

int64_t man_days(const struct audit *a, const struct rules *rules, bool (*is_expert)(void *ctx, const char *person), void *ctx)
{
    int64_t auditors = a->leader && !is_expert(ctx, a->leader);
    for (size_t i = 0; i < a->team.len; i++) {
        const char *person = a->team.items[i];
        auditors += !(a->leader && strcmp(a->leader, person) == 0) && !is_expert(ctx, person);
    }
    int64_t steps = 2 * auditors * hours_of(a, rules) * rules->man_day_steps;
    return rules->man_day_hours > 0 ? (steps + rules->man_day_hours) / (2 * rules->man_day_hours) : 0;
}
