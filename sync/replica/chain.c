/* One kit's chain in one case: where it has gaps, forks and breaks.
 *
 * Entries mostly come at the end; then only what is new is looked at. Anything else starts the look from the
 * first. */
#include "fold_parts.h"

#include <string.h>

/* Seq, id. */
static int compare_held(const void *item, const void *key)
{
    const struct entry *a = (*(const struct held *const *)item)->entry, *b = key;
    if (a->seq != b->seq) return a->seq < b->seq ? -1 : 1;
    return strcmp(a->id, b->id);
}

void chain_look_anew(struct chain *c)
{
    c->checked = 0;
    c->seq_before = 0;
    c->shown.gapless = c->shown.highest = c->shown.forked_at = c->shown.broken_at = 0;
    c->shown.head = NULL;
}

int chain_insert(struct arena *a, struct chain *c, struct node *n)
{
    size_t len = c->shown.entries_len;
    struct held **entries = array_room(a, c->entries, len, &c->cap, sizeof *entries);
    if (!entries) return ERR_ROAD;
    size_t place = array_place(entries, len, sizeof *entries, compare_held, n->held.entry);
    memmove(entries + place + 1, entries + place, (len - place) * sizeof *entries);
    entries[place] = &n->held;
    c->entries = entries;
    c->shown.entries = entries;
    c->shown.entries_len++;
    if (place < c->checked) chain_look_anew(c);
    return 0;
}

/* Does its `prev` name an entry of this chain one below? */
static bool follows(const struct chain *c, const struct entry *e, const struct map *entries)
{
    const struct held *before = e->prev ? map_get(entries, e->prev) : NULL;
    return before && before->entry->seq == e->seq - 1 && strcmp(before->entry->kit, c->shown.kit) == 0 &&
           strcmp(before->entry->case_name, c->shown.case_name) == 0;
}

static const char *withheld_at(const struct chain *c, int64_t seq)
{
    for (size_t i = 0; i < c->withheld->len; i++) {
        const struct fold_withheld *w = &c->withheld->items[i];
        if (w->seq == seq && strcmp(w->kit, c->shown.kit) == 0) return w->entry;
    }
    return NULL;
}

/* Goes on over entries that are known by name only. */
static void pass_withheld(struct chain *c)
{
    for (const char *id; (id = withheld_at(c, c->shown.gapless + 1));) {
        c->shown.gapless++;
        c->shown.head = id;
    }
}

void chain_refresh(struct chain *c, const struct map *entries)
{
    struct fold_chain *s = &c->shown;
    pass_withheld(c);
    for (; c->checked < s->entries_len; c->checked++) {
        const struct entry *e = c->entries[c->checked]->entry;
        if (e->seq == s->highest) {
            if (!s->forked_at) s->forked_at = e->seq;
        } else {
            c->seq_before = s->highest;
            s->highest = e->seq;
        }
        if (e->seq == s->gapless + 1) {
            s->gapless = e->seq;
            s->head = e->id;
            pass_withheld(c);
        }
        /* Where nothing is held one below there is a gap, which is another matter. */
        bool below_held = e->seq > 1 && c->seq_before == e->seq - 1;
        if (below_held && !s->broken_at && !follows(c, e, entries)) s->broken_at = e->seq;
    }
}
