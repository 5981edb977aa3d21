/* Where records and evidence are: here, on the way to the hub, held by it. As holding.c has it, for lists: a receipt is read
 * once for all records of its case. */
#include "exchange.h"

#include <stdlib.h>
#include <string.h>

struct custody {
    struct store *s;
    struct arena arena;
    struct map receipts; /* case -> its newest receipt, or &none */
    struct map cases;    /* that a bundle is under way of */
    struct map sent;     /* evidence that is in such a bundle */
};

static const struct receipt none;

static int note_sent(struct custody *c, const char *setting)
{
    const struct jv *sent;
    int err = setting_json(c->s, setting, &c->arena, &sent);
    const char *case_name = err || !sent ? NULL : jv_get_str(sent, "case");
    const struct jv *evidence = case_name ? jv_get(sent, "evidence") : NULL;
    if (err || !case_name || jv_get(sent, "to")) return err; /* a colleague's is no way to the hub */
    err = map_put(&c->cases, case_name, c);
    for (size_t i = 0; evidence && evidence->type == JV_OBJECT && i < evidence->len && !err; i++)
        err = map_put(&c->sent, evidence->keys[i], c);
    return err;
}

int custody_new(struct custody **out, struct store *s)
{
    const char *const *names;
    size_t len = 0;
    struct custody *c = calloc(1, sizeof *c);
    if (!c) return err_memory();
    c->s = s;
    arena_init(&c->arena);
    map_init(&c->receipts);
    map_init(&c->cases);
    map_init(&c->sent);
    int err = s->hub.kit ? store_settings(s, "sent.", &c->arena, &names, &len) : 0;
    for (size_t i = 0; i < len && !err; i++) err = note_sent(c, names[i]);
    if (err)
        custody_free(c);
    else
        *out = c;
    return err;
}

void custody_free(struct custody *c)
{
    if (!c) return;
    map_release(&c->receipts);
    map_release(&c->cases);
    map_release(&c->sent);
    arena_release(&c->arena);
    free(c);
}

static int receipt_of(struct custody *c, const char *case_name, const struct receipt **out)
{
    const struct receipt *r = map_get(&c->receipts, case_name);
    const char *name = r ? NULL : arena_strdup(&c->arena, case_name);
    int err = r || name ? 0 : ERR_ROAD;
    if (!err && !r) err = store_receipt(c->s, name, &c->arena, &r, NULL, NULL);
    if (err == ERR_MISSING) {
        err_clear();
        r = &none;
        err = 0;
    }
    if (!err && name) err = map_put(&c->receipts, name, (void *)r);
    *out = r;
    return err;
}

int custody_entry(struct custody *c, const struct entry *e, bool *held)
{
    const struct receipt *r;
    int err = receipt_of(c, e->case_name, &r);
    *held = !err && e->seq <= receipt_reach(r, e->case_name, e->kit);
    return err;
}

static const char *sha256_of(const struct fold_record *r)
{
    bool evidence = r->created && strcmp(r->type, "evidence") == 0;
    const struct entry_field *f = evidence ? entry_field(r->created->entry, "sha256") : NULL;
    return f ? jv_str(f->value) : NULL;
}

int custody_of(struct custody *c, const struct fold_record *r, struct custody_state *out)
{
    const char *sha256 = sha256_of(r);
    struct evidence_state bytes = {.here = false, .at_hub = true};
    bool all = true;
    int err = sha256 ? store_evidence_state(c->s, r->case_name, sha256, &bytes) : 0;
    for (size_t i = 0; i < r->entries_len && all && !err; i++) err = custody_entry(c, r->entries[i]->entry, &all);
    if (err) return err;
    *out = (struct custody_state){.has_bytes = sha256 != NULL, .here = bytes.here, .held = all && bytes.at_hub};
    out->way = !out->held && map_get(sha256 && !bytes.at_hub ? &c->sent : &c->cases, sha256 && !bytes.at_hub ? sha256 : r->case_name);
    return 0;
}
