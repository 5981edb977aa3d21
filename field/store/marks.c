/* High marks: the highest entry of each kit that receipts have named. What a hub has named once it holds for good,
 * so a later receipt that names less, or another entry under the number, is an alarm: the hub was put back from an
 * older copy, has forked, or lies.
 *
 * Setting marks.<case>: {kit:{"at":seconds since 1970,"entry":id,"seq":n},…}; verify makes them anew from the
 * receipts. Receipts come late and out of order, so one that is not later than a mark is not held against it. */
#include "exchange.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "satchel/base/text.h"

static const struct receipt_head *head_of(const struct receipt *r, const char *kit)
{
    for (size_t i = 0; i < r->heads_len; i++)
        if (strcmp(r->heads[i].kit, kit) == 0 && strcmp(r->heads[i].case_name, r->case_name) == 0)
            return &r->heads[i];
    return NULL;
}

/* Who sees a case no more is answered for his own entries alone. */
static bool answers_for(const struct store *s, const struct receipt *r, const char *kit)
{
    if (strcmp(kit, s->kit) == 0 || strcmp(r->case_name, REGISTER_CASE) == 0) return true;
    for (size_t i = 0; i < r->heads_len; i++)
        if (strcmp(r->heads[i].kit, s->kit) != 0) return true;
    return false;
}

/* Of a chain that the kit itself has forked a hub names now one side, now the other. */
static bool is_forked(const struct store *s, const char *case_name, const char *kit, int64_t seq)
{
    const struct fold_chain *c = fold_chain(s->fold, case_name, kit);
    return c && c->forked_at && c->forked_at <= seq;
}

static const char *contradicts(const struct store *s, const struct receipt *r, const char *kit, const struct jv *mark)
{
    const struct receipt_head *h = head_of(r, kit);
    int64_t seq = jv_get_int(mark, "seq", 0);
    const char *entry = jv_get_str(mark, "entry");
    if ((h && h->seq > seq) || (!h && !answers_for(s, r, kit))) return NULL;
    if (!h || h->seq < seq) return N_("headquarters has confirmed this entry and now knows it no more");
    if (!entry || strcmp(entry, h->entry) == 0 || is_forked(s, r->case_name, kit, seq)) return NULL;
    return N_("headquarters has confirmed one entry of this number and now names another");
}

static int put_alarm(struct arena *a, struct jv *alarms, const char *where, const char *text)
{
    struct jv *o = jv_object(a);
    int rc = jv_put_str(a, o, "where", where);
    if (rc == 0) rc = jv_put_str(a, o, "text", text);
    return rc ? rc : jv_push(a, alarms, o);
}

int marks_check(struct store *s, const struct jv *marks, const struct receipt *r, int64_t at, struct arena *a,
    struct jv *alarms)
{
    static const char advice[] =
        N_("it was put back from an older copy or has forked: keep this store and tell headquarters");
    int rc = 0;
    for (size_t i = 0; rc == 0 && r->case_name && i < marks->len; i++) {
        const char *kit = marks->keys[i];
        const struct jv *mark = marks->items[i];
        const char *what = at > jv_get_int(mark, "at", 0) ? contradicts(s, r, kit, mark) : NULL;
        if (!what) continue;
        char *where = arena_printf(a, "%s %s:%" PRId64, r->case_name, kit, jv_get_int(mark, "seq", 0));
        char *text = arena_printf(a, "%s; %s", T(what), T(advice));
        rc = where && text ? put_alarm(a, alarms, where, text) : ERR_ROAD;
    }
    return rc;
}

int marks_raise(struct jv *marks, const struct receipt *r, int64_t at, struct arena *a)
{
    int rc = 0;
    for (size_t i = 0; rc == 0 && r->case_name && i < r->heads_len; i++) {
        const struct receipt_head *h = &r->heads[i];
        if (strcmp(h->case_name, r->case_name) != 0 || jv_get_int(jv_get(marks, h->kit), "seq", 0) >= h->seq) continue;
        struct jv *mark = jv_object(a);
        rc = jv_put_int(a, mark, "at", at);
        if (rc == 0) rc = jv_put_str(a, mark, "entry", h->entry);
        if (rc == 0) rc = jv_put_int(a, mark, "seq", h->seq);
        if (rc == 0) rc = jv_put(a, marks, h->kit, mark);
    }
    return rc;
}

int marks_read(struct store *s, const char *case_name, struct arena *a, struct jv **out)
{
    const struct jv *v = NULL;
    struct jv *marks = jv_object(a);
    char *name = arena_printf(a, "marks.%s", case_name);
    int rc = name && marks ? setting_json(s, name, a, &v) : ERR_ROAD;
    for (size_t i = 0; rc == 0 && v && i < v->len; i++) rc = jv_put(a, marks, v->keys[i], v->items[i]);
    if (rc == 0) *out = marks;
    return rc;
}

int marks_take(struct store_tx *tx, struct store *s, const struct receipt *r, int64_t at, struct arena *a,
    struct jv *alarms)
{
    struct jv *marks;
    char *name = r->case_name ? arena_printf(a, "marks.%s", r->case_name) : NULL;
    if (!name) return r->case_name ? ERR_ROAD : 0;
    int rc = marks_read(s, r->case_name, a, &marks);
    if (rc == 0) rc = marks_check(s, marks, r, at, a, alarms);
    if (rc == 0) rc = marks_raise(marks, r, at, a);
    return rc ? rc : tx_set_json(tx, name, marks);
}
