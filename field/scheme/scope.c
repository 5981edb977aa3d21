/* Which audits count for what, and which clauses apply there. */
#include "satchel/scheme/coverage.h"

#include <stdlib.h>
#include <string.h>

struct audit_list {
    const struct audit **items;
    size_t len;
};

static int audit_list_init(struct audit_list *l, const struct casefile *c)
{
    *l = (struct audit_list){arena_alloc(c->arena, (c->audits_len + 1) * sizeof *l->items), 0};
    return l->items ? 0 : ERR_ROAD;
}

static int32_t day_of_audit(const struct audit *a)
{
    return a->end != DAY_NONE ? a->end : a->start;
}

static bool certifies(const struct audit *a)
{
    return a->kind == AUDIT_DOCUMENT || a->kind == AUDIT_ONSITE || a->kind == AUDIT_RECERTIFICATION;
}

bool audits_are_pair(const struct audit *a, const struct audit *b)
{
    return certifies(a) && certifies(b) && a->application && a->application == b->application;
}

/* ---- cycles ---- */

static int compare_cycles(const void *a, const void *b)
{
    const struct cycle *x = a, *y = b;
    if (x->issued != y->issued) return x->issued < y->issued ? -1 : 1;
    return strcmp(x->opened_by->id, y->opened_by->id);
}

/* Those that the audit concerns, as of its day: what is known later changes nothing for it. */
static size_t cycles_around(struct cycle *list, const struct casefile *c, const struct audit *a, int32_t on)
{
    size_t n = 0;
    for (size_t i = 0; i < c->certificates_len; i++) {
        const struct certificate *t = &c->certificates[i];
        list[n] = cycle_of(c, t, on);
        if (list[n].opened_by != t || certificate_state(c, t, on) == CERTIFICATE_NOT_ISSUED) continue;
        if (audit_in_cycle(c, &list[n], a)) n++;
    }
    return n;
}

/* Without those that were withdrawn or cancelled before, where any are left. */
static size_t keep_live(struct cycle *list, size_t len, const struct casefile *c, int32_t on)
{
    size_t n = 0;
    for (size_t i = 0; i < len; i++)
        if (cycle_is_live(c, &list[i], on)) n++;
    if (n == 0) return len;
    n = 0;
    for (size_t i = 0; i < len; i++)
        if (cycle_is_live(c, &list[i], on)) list[n++] = list[i];
    return n;
}

int cycles_of_audit(struct cycle **out, size_t *len, const struct casefile *c, const struct audit *a, int32_t on)
{
    int32_t day = day_of_audit(a), known = day != DAY_NONE && day < on ? day : on;
    if (!a->certificate_ids.len && day == DAY_NONE) return cycles_live(out, len, c, on);
    struct cycle *list = arena_alloc(c->arena, (c->certificates_len + 1) * sizeof *list);
    if (!list) return ERR_ROAD;
    size_t n = cycles_around(list, c, a, known);
    n = keep_live(list, n, c, known);
    if (n) qsort(list, n, sizeof *list, compare_cycles);
    *out = list;
    *len = n;
    return 0;
}

/* The one that is open on that day: not one that only begins later, where there is another. */
static int cycle_of_case(const struct cycle **out, const struct casefile *c, int32_t on)
{
    struct cycle *live, *last = NULL;
    size_t len;
    *out = NULL;
    int rc = cycles_live(&live, &len, c, on);
    for (size_t i = 0; i < len && rc == 0; i++)
        if (!*out || ((*out)->valid_from > on && live[i].valid_from <= on)) *out = &live[i];
    if (rc || *out) return rc;
    for (size_t i = 0; i < c->certificates_len; i++) {
        const struct certificate *t = &c->certificates[i];
        if (certificate_state(c, t, on) == CERTIFICATE_NOT_ISSUED || (last && t->issued < last->current->issued)) continue;
        if (!last) last = arena_alloc(c->arena, sizeof *last);
        if (!last) return ERR_ROAD;
        *last = cycle_of(c, t, on);
    }
    *out = last;
    return 0;
}

/* ---- extents ---- */

static int one_extent(struct scope *s, struct arena *a, int64_t level, struct texts directions)
{
    struct extent *e = arena_alloc(a, sizeof *e);
    if (!e) return ERR_ROAD;
    *e = (struct extent){level, directions};
    s->extents = e;
    s->extents_len = 1;
    return 0;
}

static int extents_of_cycles(struct scope *s, struct arena *a, const struct cycle *cycles, size_t len)
{
    struct extent *e = arena_alloc(a, (len + 1) * sizeof *e);
    if (!e) return ERR_ROAD;
    for (size_t i = 0; i < len; i++) e[i] = (struct extent){cycles[i].level, cycles[i].directions};
    s->extents = e;
    s->extents_len = len;
    return 0;
}

/* As far as the application tells; where it names no directions, those that its audits name. */
static int extent_of_application(struct scope *s, const struct casefile *c, const struct application *p)
{
    struct texts found = p ? p->directions : (struct texts){NULL, 0};
    size_t all = 0;
    if (found.len) return one_extent(s, c->arena, p->level, found);
    for (size_t i = 0; i < s->audits_len; i++) all += s->audits[i]->directions.len;
    const char **names = arena_alloc(c->arena, (all + 1) * sizeof *names);
    if (!names) return ERR_ROAD;
    found.items = names;
    for (size_t i = 0; i < s->audits_len; i++) {
        const struct texts *t = &s->audits[i]->directions;
        for (size_t k = 0; k < t->len; k++)
            if (!texts_have(&found, t->items[k])) names[found.len++] = t->items[k];
    }
    return one_extent(s, c->arena, p ? p->level : 0, found);
}

/* ---- scopes ---- */

int scope_of_cycle(struct scope *out, const struct casefile *c, const struct cycle *y)
{
    struct scope s = {.cycle = y, .scheme = y->scheme, .catalogue = y->catalogue};
    struct audit_list audits;
    int rc = audit_list_init(&audits, c);
    for (size_t i = 0; i < c->audits_len && rc == 0; i++) {
        const struct audit *a = &c->audits[i];
        if (a->kind != AUDIT_SURVEILLANCE && a->kind != AUDIT_EXTRA) continue;
        if (audit_in_cycle(c, y, a)) audits.items[audits.len++] = a;
    }
    if (rc == 0) rc = extents_of_cycles(&s, c->arena, y, 1);
    if (rc) return rc;
    s.audits = audits.items;
    s.audits_len = audits.len;
    *out = s;
    return 0;
}

/* The audit and, unless it is the document audit itself, those of the same certification. */
static int own_audits(struct scope *s, const struct casefile *c, const struct audit *a)
{
    struct audit_list audits;
    if (audit_list_init(&audits, c)) return ERR_ROAD;
    for (size_t i = 0; i < c->audits_len; i++) {
        const struct audit *other = &c->audits[i];
        if (other == a || (a->kind != AUDIT_DOCUMENT && audits_are_pair(a, other))) audits.items[audits.len++] = other;
    }
    s->audits = audits.items;
    s->audits_len = audits.len;
    return 0;
}

int scope_of_audit(struct scope *out, const struct casefile *c, const struct audit *a, int32_t on)
{
    struct scope s = {.audit = a};
    struct cycle *cycles;
    size_t len;
    bool initial = a->kind == AUDIT_DOCUMENT || a->kind == AUDIT_ONSITE;
    bool renewal = a->kind == AUDIT_RECERTIFICATION && a->application && a->application->directions.len;
    int rc = own_audits(&s, c, a);
    if (rc == 0) rc = cycles_of_audit(&cycles, &len, c, a, on);
    if (rc) return rc;
    if (initial || renewal || len == 0) {
        s.scheme = application_scheme(c, a->application, &s.catalogue);
        rc = extent_of_application(&s, c, a->application);
    } else {
        s.cycle = cycles;
        s.scheme = cycles->scheme;
        s.catalogue = cycles->catalogue;
        rc = extents_of_cycles(&s, c->arena, cycles, len);
    }
    if (rc == 0) *out = s;
    return rc;
}

static int scope_of_application(struct scope *out, const struct casefile *c)
{
    struct scope s = {0};
    struct audit_list audits;
    const struct application *p = NULL;
    int rc = audit_list_init(&audits, c);
    if (rc) return rc;
    for (size_t i = 0; i < c->applications_len; i++)
        if (!p || c->applications[i].received >= p->received) p = &c->applications[i];
    for (size_t i = 0; i < c->audits_len; i++) {
        const struct audit *a = &c->audits[i];
        bool here = !a->application || a->application == p;
        if (here && (a->kind == AUDIT_DOCUMENT || a->kind == AUDIT_ONSITE)) audits.items[audits.len++] = a;
    }
    s.audits = audits.items;
    s.audits_len = audits.len;
    s.scheme = application_scheme(c, p, &s.catalogue);
    rc = extent_of_application(&s, c, p);
    if (rc == 0) *out = s;
    return rc;
}

int scope_of_case(struct scope *out, const struct casefile *c, int32_t on)
{
    const struct cycle *y;
    int rc = cycle_of_case(&y, c, on);
    if (rc) return rc;
    return y ? scope_of_cycle(out, c, y) : scope_of_application(out, c);
}
