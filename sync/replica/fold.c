/* The set of entries, and what each of them does to the others.
 *
 * An entry that applies does two things: the values it sets become heads of their fields, unless an entry
 * that applies names them in its `seen`; and it names others so itself. Both are counted, not done in
 * sequence: each value knows how many name it, and is a head while that is none. So any order of arrival, and
 * any change of a verdict there and back, ends in the same state. An id named before its entry has arrived
 * waits in `awaited`. */
#include "fold_parts.h"

#include <stdlib.h>
#include <string.h>

/* An id that field `field` of entry `by` names, while the entry of that id is not held. */
struct awaited {
    struct awaited *next;
    struct node *by;
    const char *field;
};

struct records {
    const struct fold_record **items;
    size_t len, cap;
    bool sorted;
};

struct case_set {
    const char *name;
    uint64_t version;
    struct map by_id;   /* struct record */
    struct map by_kit;  /* struct chain */
    struct map awaited; /* struct awaited by entry id */
    struct withheld withheld;
    struct records records;
    const struct fold_chain **chains; /* sorted by kit */
    size_t chains_len, chains_cap;
};

struct counter {
    int32_t highest;
};

struct fold {
    struct arena arena;
    uint64_t version;
    struct map entries;  /* struct node by id */
    struct map cases;    /* struct case_set by name */
    struct map counters; /* struct counter by kit */
    struct records records;
    const char **names; /* of the cases, sorted */
    size_t names_len, names_cap;
};

int fold_new(struct fold **out)
{
    struct fold *f = calloc(1, sizeof *f);
    if (!f) return err_memory();
    arena_init(&f->arena);
    map_init(&f->entries);
    map_init(&f->cases);
    map_init(&f->counters);
    *out = f;
    return 0;
}

void fold_free(struct fold *f)
{
    if (!f) return;
    for (size_t i = 0; i < f->names_len; i++) {
        struct case_set *c = map_get(&f->cases, f->names[i]);
        map_release(&c->by_id);
        map_release(&c->by_kit);
        map_release(&c->awaited);
    }
    map_release(&f->entries);
    map_release(&f->cases);
    map_release(&f->counters);
    arena_release(&f->arena);
    free(f);
}

struct arena *fold_arena(struct fold *f)
{
    return &f->arena;
}

/* ---- places: made when the first entry asks for them ---- */

static int insert_name(struct fold *f, const char *name)
{
    const char **names = array_room(&f->arena, f->names, f->names_len, &f->names_cap, sizeof *names);
    if (!names) return ERR_ROAD;
    size_t place = f->names_len++;
    for (; place > 0 && strcmp(names[place - 1], name) > 0; place--) names[place] = names[place - 1];
    names[place] = name;
    f->names = names;
    return 0;
}

static struct case_set *case_of(struct fold *f, const char *name)
{
    struct case_set *c = map_get(&f->cases, name);
    if (c) return c;
    c = arena_alloc(&f->arena, sizeof *c);
    if (!c) return NULL;
    c->name = name;
    map_init(&c->by_id);
    map_init(&c->by_kit);
    map_init(&c->awaited);
    if (map_put(&f->cases, name, c) || insert_name(f, name)) return NULL;
    return c;
}

static int append_record(struct fold *f, struct records *list, const struct record *r)
{
    const struct fold_record **items =
        array_room(&f->arena, list->items, list->len, &list->cap, sizeof *items);
    if (!items) return ERR_ROAD;
    items[list->len++] = &r->shown;
    list->items = items;
    list->sorted = false;
    return 0;
}

static struct record *record_of(struct fold *f, struct case_set *c, const char *id)
{
    struct record *r = map_get(&c->by_id, id);
    if (r) return r;
    r = arena_alloc(&f->arena, sizeof *r);
    if (!r) return NULL;
    if (!record_id_read(&r->id, id)) {
        err_set(ERR_INPUT, "'%s' is not a record id", id);
        return NULL;
    }
    r->shown.id = id;
    r->shown.type = r->id.type;
    r->shown.case_name = c->name;
    if (map_put(&c->by_id, id, r) || append_record(f, &c->records, r) || append_record(f, &f->records, r))
        return NULL;
    return r;
}

static int insert_chain(struct fold *f, struct case_set *c, const struct chain *made)
{
    const struct fold_chain **chains =
        array_room(&f->arena, c->chains, c->chains_len, &c->chains_cap, sizeof *chains);
    if (!chains) return ERR_ROAD;
    size_t place = c->chains_len++;
    for (; place > 0 && strcmp(chains[place - 1]->kit, made->shown.kit) > 0; place--)
        chains[place] = chains[place - 1];
    chains[place] = &made->shown;
    c->chains = chains;
    return 0;
}

static struct chain *chain_of(struct fold *f, struct case_set *c, const char *kit)
{
    struct chain *found = map_get(&c->by_kit, kit);
    if (found) return found;
    struct chain *made = arena_alloc(&f->arena, sizeof *made);
    if (!made) return NULL;
    made->shown.kit = kit;
    made->shown.case_name = c->name;
    made->withheld = &c->withheld;
    if (map_put(&c->by_kit, kit, made) || insert_chain(f, c, made)) return NULL;
    return made;
}

static int count_number(struct fold *f, const struct entry *e, const struct record_id *id)
{
    if (strcmp(id->kit, e->kit) != 0) return 0;
    struct counter *counter = map_get(&f->counters, e->kit);
    if (!counter) {
        counter = arena_alloc(&f->arena, sizeof *counter);
        if (!counter) return ERR_ROAD;
        int err = map_put(&f->counters, e->kit, counter);
        if (err) return err;
    }
    if (id->number > counter->highest) counter->highest = id->number;
    return 0;
}

/* ---- who names whom ---- */

static bool applies(const struct node *n)
{
    return n->held.verdict == VERDICT_GOOD;
}

static int settle_head(struct fold *f, struct node *n, size_t i)
{
    return record_set_head(&f->arena, n->record, n, i, applies(n) && n->named[i] == 0);
}

/* One entry more (or less) of this record names the value that `n` has set. */
static int count_naming(struct fold *f, struct node *n, const struct record *r, const char *field, bool more)
{
    const struct entry_field *set = n->record == r ? field_set(n->held.entry, field) : NULL;
    if (!set) return 0;
    size_t i = (size_t)(set - n->held.entry->fields);
    if (more)
        n->named[i]++;
    else
        n->named[i]--;
    return settle_head(f, n, i);
}

static int await_entry(struct fold *f, struct case_set *c, const char *id, struct node *by, const char *field)
{
    struct awaited *a = arena_alloc(&f->arena, sizeof *a);
    if (!a) return ERR_ROAD;
    *a = (struct awaited){map_get(&c->awaited, id), by, field};
    return map_put(&c->awaited, id, a);
}

static int forget_awaited(struct case_set *c, const char *id, const struct node *by, const char *field)
{
    struct awaited *first = map_get(&c->awaited, id), **link = &first;
    while (*link && !((*link)->by == by && strcmp((*link)->field, field) == 0)) link = &(*link)->next;
    if (*link) *link = (*link)->next;
    return map_put(&c->awaited, id, first);
}

/* All that the entry names counts once more, or once less. */
static int count_seen(struct fold *f, struct case_set *c, struct node *by)
{
    const struct entry *e = by->held.entry;
    int err = 0;
    for (size_t i = 0; i < e->fields_len; i++) {
        for (size_t k = 0; k < e->fields[i].seen_len && !err; k++) {
            const char *id = e->fields[i].seen[k], *field = e->fields[i].name;
            struct node *n = map_get(&f->entries, id);
            if (n)
                err = count_naming(f, n, by->record, field, applies(by));
            else if (applies(by))
                err = await_entry(f, c, id, by, field);
            else
                err = forget_awaited(c, id, by, field);
        }
    }
    return err;
}

/* Those who named this entry before it arrived. */
static int count_awaited(struct fold *f, struct case_set *c, struct node *n)
{
    struct awaited *a = map_get(&c->awaited, n->held.entry->id);
    if (!a) return 0;
    int err = map_put(&c->awaited, n->held.entry->id, NULL);
    for (; a && !err; a = a->next) err = count_naming(f, n, a->by->record, a->field, true);
    return err;
}

/* The entry has come to apply, or does so no longer: its verdict says which. */
static int turn(struct fold *f, struct case_set *c, struct node *n)
{
    record_count(n->record, n);
    int err = count_seen(f, c, n);
    for (size_t i = 0; i < n->held.entry->fields_len && !err; i++) err = settle_head(f, n, i);
    return err;
}

static void moved(struct fold *f, struct case_set *c)
{
    f->version++;
    c->version++;
}

/* ---- the set ---- */

static int copy_reason(struct fold *f, struct held *h, const char *reason)
{
    const char *copy = NULL;
    if (reason && h->verdict != VERDICT_GOOD) {
        copy = arena_strdup(&f->arena, reason);
        if (!copy) return ERR_ROAD;
    }
    h->reason = copy;
    return 0;
}

static int place_node(struct fold *f, struct case_set *c, struct node *n)
{
    const struct entry *e = n->held.entry;
    struct chain *chain = chain_of(f, c, e->kit);
    n->record = record_of(f, c, e->record);
    n->named = arena_alloc(&f->arena, (e->fields_len + 1) * sizeof *n->named);
    if (!chain || !n->record || !n->named) return ERR_ROAD;
    int err = map_put(&f->entries, e->id, n);
    if (!err) err = record_insert(&f->arena, n->record, n);
    if (!err) err = chain_insert(&f->arena, chain, n);
    if (!err) err = count_number(f, e, &n->record->id);
    return err;
}

int fold_add(struct fold *f, const struct entry *e, const unsigned char public_key[KEY_SIZE], enum verdict v,
    const char *reason, int64_t place, bool *known)
{
    *known = map_get(&f->entries, e->id) != NULL;
    if (*known) return 0;
    struct case_set *c = case_of(f, e->case_name);
    struct node *n = arena_alloc(&f->arena, sizeof *n);
    if (!c || !n) return ERR_ROAD;
    n->held = (struct held){.entry = e, .verdict = v, .place = place};
    memcpy(n->held.public_key, public_key, KEY_SIZE);
    int err = copy_reason(f, &n->held, reason);
    if (!err) err = place_node(f, c, n);
    if (!err) err = count_awaited(f, c, n);
    if (!err && applies(n)) err = turn(f, c, n);
    moved(f, c);
    return err;
}

static bool same_reason(const struct held *h, const char *reason)
{
    return h->reason && reason ? strcmp(h->reason, reason) == 0 : h->reason == reason;
}

int fold_judge(struct fold *f, const char *entry_id, enum verdict v, const char *reason)
{
    struct node *n = map_get(&f->entries, entry_id);
    if (!n) return err_set(ERR_MISSING, "entry '%s' is not held", entry_id);
    if (v == VERDICT_GOOD) reason = NULL;
    if (n->held.verdict == v && same_reason(&n->held, reason)) return 0;
    struct case_set *c = map_get(&f->cases, n->held.entry->case_name);
    bool applied = applies(n);
    n->held.verdict = v;
    int err = copy_reason(f, &n->held, reason);
    if (!err && applied != applies(n)) err = turn(f, c, n);
    moved(f, c);
    return err;
}

const struct held *fold_entry(const struct fold *f, const char *entry_id)
{
    return map_get(&f->entries, entry_id); /* held is the first member of a node */
}

uint64_t fold_version(const struct fold *f)
{
    return f->version;
}

uint64_t fold_case_version(const struct fold *f, const char *case_name)
{
    const struct case_set *c = map_get(&f->cases, case_name);
    return c ? c->version : 0;
}

int32_t fold_next_number(const struct fold *f, const char *kit)
{
    const struct counter *counter = map_get(&f->counters, kit);
    return counter ? counter->highest + 1 : 1;
}

/* ---- cases ---- */

const char *const *fold_cases(const struct fold *f, size_t *len)
{
    *len = f->names_len;
    return f->names;
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool same_ignoring_case(const char *a, const char *b)
{
    while (*a && lower(*a) == lower(*b)) {
        a++;
        b++;
    }
    return *a == *b;
}

const char *fold_case_named(const struct fold *f, const char *name)
{
    const struct case_set *exact = map_get(&f->cases, name);
    if (exact) return exact->name;
    for (size_t i = 0; i < f->names_len; i++)
        if (same_ignoring_case(f->names[i], name)) return f->names[i];
    return NULL;
}

/* ---- records ---- */

static int compare_listed(const void *a, const void *b)
{
    return record_compare(*(const struct record *const *)a, *(const struct record *const *)b);
}

int fold_records(struct fold *f, const char *case_name, const struct fold_record *const **out, size_t *len)
{
    struct case_set *c = case_name ? map_get(&f->cases, case_name) : NULL;
    struct records none = {0}, *list = c ? &c->records : case_name ? &none : &f->records;
    if (!list->sorted && list->len > 1) qsort(list->items, list->len, sizeof *list->items, compare_listed);
    list->sorted = true;
    int err = 0;
    for (size_t i = 0; i < list->len && !err; i++)
        err = record_refresh(&f->arena, (struct record *)list->items[i]);
    if (err) return err;
    *out = list->items;
    *len = list->len;
    return 0;
}

const struct fold_record *fold_record(struct fold *f, const char *case_name, const char *id)
{
    struct record *r = NULL;
    for (size_t i = 0; i < f->names_len && !r; i++) {
        const char *name = case_name ? case_name : f->names[i];
        const struct case_set *c = map_get(&f->cases, name);
        if (c) r = map_get(&c->by_id, id);
        if (case_name) break;
    }
    return r && record_refresh(&f->arena, r) == 0 ? &r->shown : NULL;
}

int fold_unseen(struct fold *f, const char *case_name, struct arena *a, const char *const **out, size_t *len)
{
    const struct case_set *c = map_get(&f->cases, case_name);
    size_t n = 0;
    const char **ids = arena_alloc(a, (c ? c->awaited.len + 1 : 1) * sizeof *ids);
    if (!ids) return ERR_ROAD;
    for (size_t i = 0; c && i < c->awaited.cap; i++) {
        const struct map_slot *slot = &c->awaited.slots[i];
        /* An entry of another case may bear the id: then it is here, though it is not what was meant. */
        if (slot->key && slot->value && !map_get(&f->entries, slot->key)) ids[n++] = slot->key;
    }
    qsort(ids, n, sizeof *ids, array_compare_strings);
    *out = ids;
    *len = n;
    return 0;
}

/* ---- chains ---- */

const struct fold_chain *fold_chain(struct fold *f, const char *case_name, const char *kit)
{
    const struct case_set *c = map_get(&f->cases, case_name);
    struct chain *chain = c ? map_get(&c->by_kit, kit) : NULL;
    if (!chain) return NULL;
    chain_refresh(chain, &f->entries);
    return &chain->shown;
}

static int copy_withheld(struct arena *a, struct fold_withheld *to, const struct fold_withheld *from)
{
    *to = *from;
    to->kit = arena_strdup(a, from->kit);
    to->entry = arena_strdup(a, from->entry);
    return to->kit && to->entry ? 0 : ERR_ROAD;
}

int fold_withhold(struct fold *f, const char *case_name, const struct fold_withheld *list, size_t len)
{
    const char *name = len ? arena_strdup(&f->arena, case_name) : case_name;
    struct case_set *c = !name ? NULL : len ? case_of(f, name) : map_get(&f->cases, name);
    if (!c) return len ? ERR_ROAD : 0;
    struct withheld all = {arena_alloc(&f->arena, (len + 1) * sizeof *all.items), len};
    int err = all.items ? 0 : ERR_ROAD;
    for (size_t i = 0; i < len && !err; i++) err = copy_withheld(&f->arena, &all.items[i], &list[i]);
    if (err) return err;
    c->withheld = all;
    for (size_t i = 0; i < c->chains_len; i++) chain_look_anew((struct chain *)c->chains[i]);
    return 0;
}

const struct fold_chain *const *fold_chains(struct fold *f, const char *case_name, size_t *len)
{
    struct case_set *c = map_get(&f->cases, case_name);
    *len = c ? c->chains_len : 0;
    for (size_t i = 0; i < *len; i++) chain_refresh((struct chain *)c->chains[i], &f->entries);
    return c ? c->chains : NULL;
}

int fold_have(struct fold *f, const char *case_name, struct arena *a, const struct have **out, size_t *len)
{
    size_t chains_len, n = 0;
    const struct fold_chain *const *chains = fold_chains(f, case_name, &chains_len);
    struct have *have = arena_alloc(a, (chains_len + 1) * sizeof *have);
    if (!have) return ERR_ROAD;
    for (size_t i = 0; i < chains_len; i++) {
        int64_t seq = chains[i]->gapless, fork = chains[i]->forked_at;
        if (fork && seq >= fork) seq = fork - 1;
        if (chains[i]->broken_at) seq = 0; /* of another branch: nobody knows from where on */
        if (seq > 0) have[n++] = (struct have){chains[i]->kit, seq};
    }
    *out = have;
    *len = n;
    return 0;
}
