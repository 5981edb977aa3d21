/* The hub's side of a folder, a stick or a server's: what kits are handed out.
 *
 * FOLDER/outbox/<kit>/ gets what each kit lacks. A bundle's name follows from its contents, so what is there
 * already is not written again, and whatever else of ours is there has been taken in or has been overtaken:
 * it is removed. A receipt is written for a bundle that this or an earlier run has received and that has not
 * been answered; while the bundle itself still lies in FOLDER/inbox/ it is received, and answered, again. */
#include <stdlib.h>
#include <string.h>
#include "parts.h"
#include "satchel/base/os.h"
#include "satchel/base/time.h"

/* A kit that is served, and the names of what it is to find in its folder. */
struct served {
    char kit[KIT_ID_SIZE];
    unsigned char recipient[KEY_SIZE];
    bool all;    /* headquarters: quarantined entries too */
    bool hub;    /* another one: it is asked for evidence that is lacking here */
    bool failed; /* its folder is bad: it is left as it is */
    const char *folder;
    struct map names;
};

/* One of them, and one case. */
struct reader {
    struct served *served;
    bool sees;                    /* its person may see the case */
    const struct receipt *answer; /* that goes out, or NULL */
};

struct outbox {
    struct hub *hub;
    struct arena *arena;
    const char *only; /* the one kit that is served; NULL: all */
    struct served *kits;
    size_t len;
    const struct jv *known; /* kits.json */
    struct jv *answered;    /* for kits_answered */
    struct jv *written;
    struct hub_exchange *out;
    uint64_t part_size;
    struct progress *progress;
};

static int serve(
    struct outbox *o, const char *kit, const unsigned char recipient[KEY_SIZE], bool all, const char *folder)
{
    if (o->only && strcmp(o->only, kit) != 0) return 0;
    struct served *s = &o->kits[o->len++];
    memcpy(s->kit, kit, KIT_ID_SIZE);
    memcpy(s->recipient, recipient, KEY_SIZE);
    s->all = all;
    s->folder = path_join(o->arena, folder, s->kit);
    map_init(&s->names);
    return s->folder ? 0 : ERR_ROAD;
}

/* All enrolled kits but revoked ones; and the first admin's, who is to fill the register. */
static int list_served(struct outbox *o, const char *folder)
{
    size_t len;
    const struct registry *r = hub_registry(o->hub);
    if (!r) return ERR_ROAD;
    const struct registry_kit *const *kits = registry_kits(r, &len);
    o->kits = arena_alloc(o->arena, (len + 1) * sizeof *o->kits);
    int rc = o->kits ? 0 : ERR_ROAD;
    if (rc == 0 && !registry_kit(r, o->hub->admin.kit))
        rc = serve(o, o->hub->admin.kit, o->hub->admin.recipient, true, folder);
    for (size_t i = 0; i < len && rc == 0; i++) {
        const char *kit = kits[i]->kit;
        bool all = registry_role(r, kit, "headquarters", NULL) || registry_role(r, kit, "admin", NULL);
        if (kits[i]->revoked) continue;
        rc = serve(o, kit, kits[i]->recipient, all, folder);
        if (o->len) o->kits[o->len - 1].hub |= strcmp(o->kits[o->len - 1].kit, kit) == 0 && registry_hub_key(r, kits[i]->public_key);
    }
    return rc;
}

static bool wants(const struct kit_case *k, const char *sha256)
{
    for (size_t i = 0; i < k->want_len; i++)
        if (strcmp(k->want[i], sha256) == 0) return true;
    return false;
}

/* What the kit asked for, as far as it is evidence of this very case and here. */
static int choose_evidence(struct outbox *o, struct hub_case *c, const struct kit_case *k, struct arena *a,
    struct bundle_order *order)
{
    struct claim *claims;
    size_t len;
    if (k->want_len == 0) return 0;
    int rc = layout_claims(c->fold, c->name, a, &claims, &len);
    struct evidence *list = rc ? NULL : arena_alloc(a, (len + 1) * sizeof *list);
    struct map seen;
    map_init(&seen);
    if (!rc && !list) rc = ERR_ROAD;
    for (size_t i = 0; i < len && rc == 0; i++) {
        struct evidence *e = &list[order->evidence_len];
        if (!wants(k, claims[i].sha256) || map_get(&seen, claims[i].sha256)) continue;
        if (!evidence_held(o->hub, c, claims[i].sha256, &e->size)) continue;
        e->sha256 = claims[i].sha256;
        rc = evidence_pieces(o->hub, a, e->sha256, e->size, &e->pieces, &e->pieces_len);
        if (rc == 0) rc = map_put(&seen, e->sha256, e);
        order->evidence_len++;
    }
    order->evidence = list;
    map_release(&seen);
    return rc;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Evidence of the case that records name and no bundle has brought here. What was brought to another hub alone, that one has. */
static int choose_wanted(struct outbox *o, const struct served *s, struct hub_case *c, struct arena *a, struct bundle_order *order)
{
    struct claim *claims;
    size_t len, n = 0;
    if (!s->hub) return 0;
    int rc = layout_claims(c->fold, c->name, a, &claims, &len);
    const char **list = rc ? NULL : arena_alloc(a, (len + 1) * sizeof *list);
    if (!list) return rc ? rc : ERR_ROAD;
    for (size_t i = 0; i < len; i++)
        if (!evidence_held(o->hub, c, claims[i].sha256, NULL)) list[n++] = claims[i].sha256;
    if (n > 1) qsort(list, n, sizeof *list, compare_names);
    for (size_t i = 0; i < n; i++)
        if (order->want_len == 0 || strcmp(list[order->want_len - 1], list[i]) != 0) list[order->want_len++] = list[i];
    order->want = list;
    return 0;
}

/* Are entries among what is handed out that do not apply? What the hub hands out counts as accepted by it, so
 * the receipt that says otherwise goes with them. */
static bool hands_out_set_apart(const struct served *s, struct hub_case *c, const struct kit_case *k)
{
    size_t len;
    const struct fold_chain *const *chains = fold_chains(c->fold, c->name, &len);
    for (size_t i = 0; s->all && i < len; i++) {
        int64_t had = 0;
        for (size_t n = 0; n < k->have_len; n++)
            if (strcmp(k->have[n].kit, chains[i]->kit) == 0) had = k->have[n].seq;
        if (chains[i]->forked_at && chains[i]->forked_at <= had) had = chains[i]->forked_at - 1;
        for (size_t n = 0; n < chains[i]->entries_len; n++)
            if (chains[i]->entries[n]->entry->seq > had && chains[i]->entries[n]->verdict != VERDICT_GOOD)
                return true;
    }
    return false;
}

static int compare_hash(const void *key, const void *item)
{
    return strcmp(key, *(const char *const *)item);
}

static bool tells_held(const struct receipt *r, const char *sha256)
{
    return r->held_len && bsearch(sha256, r->held, r->held_len, sizeof *r->held, compare_hash);
}

/* Is evidence held by now that the receipt does not tell of? Its bundle came before another part of it, or
 * before the record of it; with that answer alone the kit would send it for ever. */
static int holds_more(
    struct outbox *o, struct hub_case *c, const struct receipt *r, struct arena *a, bool *more)
{
    struct claim *claims;
    size_t len;
    int rc = layout_claims(c->fold, c->name, a, &claims, &len);
    *more = false;
    for (size_t i = 0; rc == 0 && i < len && !*more; i++)
        *more = !tells_held(r, claims[i].sha256) && evidence_held(o->hub, c, claims[i].sha256, NULL);
    return rc;
}

/* The receipt's bytes, and those in brief, if any. */
struct letter {
    struct buf whole, brief;
};

/* As this kit may learn it. */
static int fit_receipt(struct reader *to, struct hub_case *c, struct receipt *r, struct arena *a, struct buf *bytes)
{
    to->answer = r;
    return to->served->all && to->sees ? 0 : receipt_limit(c, to->served->kit, to->sees, r, a, bytes);
}

static int choose_receipt(struct outbox *o, struct reader *to, struct hub_case *c, const struct kit_case *k,
    bool anyhow, struct arena *a, struct letter *letter, struct bundle_order *order)
{
    struct buf *bytes = &letter->whole;
    struct receipt *receipt;
    int rc = ERR_MISSING;
    if (k->bundle && is_sha256_hex(k->bundle)) rc = receipt_find(o->hub, c, k->bundle, a, bytes, &receipt);
    if (rc && rc != ERR_MISSING) return rc;
    bool answers = rc == 0, more = false, former = answers && strcmp(receipt->hub, o->hub->kit) != 0;
    rc = answers ? holds_more(o, c, receipt, a, &more) : 0;
    if (rc) return rc;
    bool now = anyhow || more || former; /* by a key that the hub has no more it is not said again */
    if (now) {
        buf_clear(bytes);
        rc = receipt_now(o->hub, c, answers ? k->bundle : NULL, a, bytes, &receipt);
        if (rc) return rc;
    }
    if (!now && !answers) return 0;
    rc = fit_receipt(to, c, receipt, a, bytes);
    order->receipt = bytes;
    /* by what says that entries do not apply the kit must be able to go at once */
    if (rc == 0 && answers && !anyhow) rc = receipt_abridge(o->hub, c, &k->receipt, receipt, a, &letter->brief);
    if (letter->brief.len) order->brief = &letter->brief;
    return rc;
}

static int tell_written(
    struct outbox *o, struct served *s, const char *case_name, const struct bundle_files *files)
{
    struct arena *a = &o->out->arena;
    int rc = 0;
    for (size_t i = 0; i < files->len && rc == 0; i++) {
        const char *name = arena_strdup(o->arena, path_name(files->files[i].path));
        struct jv *v = jv_object(a);
        rc = name ? map_put(&s->names, name, s) : ERR_ROAD;
        if (rc == 0) rc = jv_put_str(a, v, "kit", s->kit);
        if (rc == 0) rc = jv_put_str(a, v, "case", case_name);
        if (rc == 0) rc = jv_put_str(a, v, "file", files->files[i].path);
        if (rc == 0) rc = jv_put_int(a, v, "size", (int64_t)files->files[i].size);
        if (rc == 0) rc = jv_push(a, o->written, v);
    }
    return rc;
}

static int note_answered(
    struct outbox *o, const struct reader *to, const char *case_name, const struct bundle_files *files)
{
    struct jv *v = jv_object(o->arena), *names = jv_array(o->arena), *withheld = jv_array(o->arena);
    const struct receipt_list none = {0}, *l = to->answer ? &to->answer->withheld : &none;
    int rc = names && withheld ? 0 : ERR_ROAD;
    for (size_t i = 0; i < l->len && rc == 0; i++)
        rc = jv_push(o->arena, withheld, jv_string(o->arena, l->items[i].entry));
    for (size_t i = 0; i < files->len && rc == 0; i++)
        rc = jv_push(o->arena, names, jv_string(o->arena, path_name(files->files[i].path)));
    if (rc == 0) rc = jv_put_str(o->arena, v, "case", case_name);
    if (rc == 0) rc = jv_put(o->arena, v, "files", names);
    if (rc == 0) rc = jv_put_str(o->arena, v, "kit", to->served->kit);
    if (rc == 0) rc = jv_put(o->arena, v, "withheld", withheld);
    return rc ? rc : jv_push(o->arena, o->answered, v);
}

/* An answer that went out stays where it is, for a kit that has not been there yet. */
static int keep_handed(struct served *s, const struct kit_case *k)
{
    int rc = 0;
    for (size_t i = 0; i < k->handed_len && rc == 0; i++) rc = map_put(&s->names, k->handed[i], s);
    return rc;
}

/* A folder of the stick, never elsewhere by a link. */
static int make_real_folder(const char *path)
{
    int rc = os_refuse_link(path);
    return rc ? rc : os_make_folder(path);
}

static int cut(
    struct outbox *o, const struct reader *to, struct hub_case *c, const struct bundle_order *order)
{
    struct bundle_files files;
    struct served *s = to->served;
    int rc = make_real_folder(s->folder);
    if (rc == 0) rc = bundle_cut(&files, order, s->folder);
    if (rc) return rc;
    rc = tell_written(o, s, c->name, &files);
    if (rc == 0 && order->receipt) rc = note_answered(o, to, c->name, &files);
    bundle_files_release(&files);
    return rc;
}

static struct bundle_order order_for(struct outbox *o, const struct served *s, const struct hub_case *c)
{
    struct bundle_order order = {.fold = c->fold,
        .case_name = c->name,
        .from = o->hub->kit,
        .signer = &o->hub->signer,
        .to = s->kit,
        .quarantined_too = s->all,
        .part_size = o->part_size,
        .open_evidence = evidence_open,
        .ctx = o->hub,
        .progress = o->progress};
    memcpy(order.recipient, s->recipient, KEY_SIZE);
    return order;
}

/* The answer is handed out once, the rest until the kit tells that it holds it. In one bundle they would make
 * the rest another one as soon as the answer is out; only entries that the answer sets apart must go with it.
 */
static int cut_answer(struct outbox *o, struct reader *to, struct hub_case *c, const struct kit_case *k,
    struct arena *a, struct bundle_order *rest)
{
    struct letter letter;
    struct served *s = to->served;
    struct bundle_order answer = *rest;
    bool together = to->sees && hands_out_set_apart(s, c, k);
    answer.without_entries = !together;
    buf_init(&letter.whole, RECEIPT_MAX_BYTES);
    buf_init(&letter.brief, RECEIPT_MAX_BYTES);
    int rc = choose_receipt(o, to, c, k, together, a, &letter, &answer);
    if (rc == 0 && answer.receipt) rc = cut(o, to, c, &answer);
    rest->without_entries = together;
    buf_release(&letter.whole);
    buf_release(&letter.brief);
    return rc;
}

/* Who sees the case no more still gets an answer to what he sent before, else his kit would send it for ever.
 */
static int cut_for(struct outbox *o, struct reader *to, struct hub_case *c)
{
    struct arena a;
    struct served *s = to->served;
    struct kit_case k;
    struct bundle_order order = order_for(o, s, c);
    order.tell_no_more = !to->sees;
    arena_init(&a);
    int rc = kits_find(o->known, s->kit, c->name, o->arena, &k);
    if (rc == 0) rc = keep_handed(s, &k);
    order.beyond = k.have;
    order.beyond_len = k.have_len;
    order.lacking = k.withheld;
    order.lacking_len = k.withheld_len;
    if (rc == 0 && to->sees) rc = choose_wanted(o, s, c, &a, &order);
    if (rc == 0) rc = cut_answer(o, to, c, &k, &a, &order);
    if (rc == 0 && to->sees) rc = choose_evidence(o, c, &k, &a, &order);
    if (rc == 0 && to->sees) rc = cut(o, to, c, &order);
    arena_release(&a);
    return rc;
}

static int give_up(struct outbox *o, struct served *s, int code)
{
    s->failed = true;
    return exchange_failed(o->out, s->folder, code, err_message());
}

/* A folder that is bad stops none of the others; a repository that is stops all. */
static int serve_case(struct outbox *o, struct reader *to, struct hub_case *c)
{
    int rc = cut_for(o, to, c);
    return rc == 0 || rc == ERR_DAMAGED ? rc : give_up(o, to->served, rc);
}

/* First of all: it may be what fills the stick. */
static int remove_unfinished(struct outbox *o)
{
    int rc = 0;
    for (size_t i = 0; i < o->len && rc == 0; i++) {
        struct served *s = &o->kits[i];
        int bad = os_refuse_link(s->folder);
        if (bad == 0) bad = os_remove_unfinished(s->folder, o->hub->kit);
        if (bad) rc = give_up(o, s, bad);
    }
    return rc;
}

static int cut_case(struct outbox *o, const struct repo_branch *b)
{
    struct hub_case *c;
    const char *opener, *name = b->name;
    char now[TIME_TEXT];
    time_write_now(now);
    int rc = case_open(o->hub, name, &c);
    if (rc == 0) rc = case_opener(o->hub, c, &opener);
    const struct registry *r;
    if (rc == 0) rc = case_registry(o->hub, &r);
    for (size_t i = 0; i < o->len && rc == 0; i++) {
        struct reader to = {.served = &o->kits[i], .sees = c == o->hub->the_register};
        if (!to.sees) to.sees = registry_may_see(r, c->fold, to.served->kit, name, opener, now);
        if (!to.served->failed) rc = serve_case(o, &to, c);
    }
    return rc;
}

/* The kit's files that are there from the last time are needed still. */
static int keep_written(struct served *s, const struct jv *written, size_t from)
{
    int rc = 0;
    for (size_t i = from; i < written->len && rc == 0; i++)
        rc = map_put(&s->names, path_name(jv_get_str(written->items[i], "file")), s);
    return rc;
}

static int keep_as_it_was(struct outbox *o, struct served *s, const char *case_name, size_t from)
{
    struct kit_case k;
    int rc = kits_find(o->known, s->kit, case_name, o->arena, &k);
    if (rc == 0) rc = keep_handed(s, &k);
    return rc ? rc : keep_written(s, o->written, from);
}

static struct jv *written_from(struct outbox *o, size_t from)
{
    struct jv *some = jv_array(o->arena);
    for (size_t i = from; i < o->written->len; i++)
        if (jv_push(o->arena, some, o->written->items[i])) return NULL;
    return some;
}

/* For one kit, that is asked for often: a case is read only if what it gives the kit may have changed. An answer that
 * goes out changes what kits.json says, so it is not remembered. */
static int cut_case_once(struct outbox *o, const struct repo_branch *b)
{
    struct served *s = &o->kits[0];
    struct served_where where = {s->folder, o->part_size};
    unsigned char made_of[16];
    size_t from = o->written->len;
    int rc = served_made_of(o->hub, o->known, s->kit, b, &where, made_of);
    if (rc) return rc;
    if (served_case(o->hub, s->kit, b->name, made_of, o->out, o->written))
        return keep_as_it_was(o, s, b->name, from);
    rc = cut_case(o, b);
    const struct jv *some = rc ? NULL : written_from(o, from);
    if (some && !s->failed) served_keep_case(o->hub, s->kit, b->name, made_of, some);
    return rc;
}

/* ---- cases that the hub does not take ---- */

static int cut_refusal(struct outbox *o, struct served *s, struct hub_case *none, const struct kit_case *k)
{
    struct arena a;
    struct buf receipt;
    struct bundle_order order = order_for(o, s, none);
    arena_init(&a);
    buf_init(&receipt, RECEIPT_MAX_BYTES);
    order.receipt = &receipt;
    int rc = receipt_refuse(o->hub, none->name, k->bundle, k->clash, &a, &receipt);
    if (rc == 0) rc = cut(o, &(struct reader){.served = s}, none, &order);
    buf_release(&receipt);
    arena_release(&a);
    return rc == 0 || rc == ERR_DAMAGED ? rc : give_up(o, s, rc);
}

static int answer_refused(struct outbox *o, struct served *s, const char *case_name)
{
    struct kit_case k;
    struct hub_case none = {0};
    int rc = kits_find(o->known, s->kit, case_name, o->arena, &k);
    if (rc == 0) rc = keep_handed(s, &k);
    if (rc || !k.clash || !k.bundle || !is_sha256_hex(k.bundle) || !case_name_valid(case_name)) return rc;
    memcpy(none.name, case_name, strlen(case_name) + 1);
    rc = fold_new(&none.fold);
    if (rc == 0) rc = cut_refusal(o, s, &none, &k);
    fold_free(none.fold);
    return rc;
}

/* Cases that are not here, and so are in nobody's branch. */
static int answer_all_refused(struct outbox *o)
{
    int rc = 0;
    for (size_t i = 0; i < o->len; i++) {
        const struct jv *cases = jv_get(o->known, o->kits[i].kit);
        for (size_t k = 0; rc == 0 && cases && k < cases->len && !o->kits[i].failed; k++)
            if (jv_get_str(cases->items[k], "clash")) rc = answer_refused(o, &o->kits[i], cases->keys[k]);
    }
    return rc;
}

/* ---- what is not needed any more ---- */

static const struct served *served_as(const struct outbox *o, const char *kit)
{
    for (size_t i = 0; i < o->len; i++)
        if (strcmp(o->kits[i].kit, kit) == 0) return &o->kits[i];
    return NULL;
}

static int sweep_folder(struct outbox *o, const char *folder, const struct served *s)
{
    const char **names = NULL;
    size_t len = 0;
    int rc = os_list(&names, &len, o->arena, folder);
    for (size_t i = 0; i < len && rc == 0; i++) {
        bool needed = s && map_get(&s->names, names[i]);
        if (needed || !is_bundle_name(names[i])) continue;
        const char *path = path_join(o->arena, folder, names[i]);
        rc = path ? os_remove(path) : ERR_ROAD;
    }
    return rc;
}

static int sweep_served(struct outbox *o, const char *folder, const struct served *s)
{
    if (s && s->failed) return 0;
    int rc = os_refuse_link(folder);
    if (rc == 0) rc = sweep_folder(o, folder, s);
    return rc ? exchange_failed(o->out, folder, rc, err_message()) : 0;
}

/* Kits that the register does not know are another hub's. */
static int sweep(struct outbox *o, const char *outbox)
{
    const char **names = NULL;
    size_t len = 0;
    const struct registry *r = hub_registry(o->hub);
    int rc = r ? os_list(&names, &len, o->arena, outbox) : ERR_ROAD;
    if (rc == ERR_MISSING) return 0;
    for (size_t i = 0; i < len && rc == 0; i++) {
        const struct served *s = served_as(o, names[i]);
        if (o->only && strcmp(o->only, names[i]) != 0) continue;
        if (!s && !registry_kit(r, names[i])) continue;
        const char *folder = path_join(o->arena, outbox, names[i]);
        rc = folder ? sweep_served(o, folder, s) : ERR_ROAD;
    }
    return rc;
}

static int fill(struct outbox *o, const char *outbox)
{
    struct repo_branch *branches = NULL;
    size_t len = 0;
    int rc = make_real_folder(outbox);
    if (rc) return exchange_failed(o->out, outbox, rc, err_message());
    rc = list_served(o, outbox);
    if (rc == 0) rc = remove_unfinished(o);
    if (rc == 0) rc = kits_read(o->hub, o->arena, &o->known);
    if (rc == 0) rc = repo_branches(o->hub->repo, o->arena, &branches, &len);
    for (size_t i = 0; i < len && rc == 0; i++) {
        if (!layout_branch_valid(branches[i].name) || o->len == 0) continue;
        rc = o->only ? cut_case_once(o, &branches[i]) : cut_case(o, &branches[i]);
    }
    if (rc == 0) rc = answer_all_refused(o);
    if (rc == 0) rc = sweep(o, outbox);
    return rc ? rc : kits_answered(o->hub, o->answered);
}

static int write_outboxes(struct hub *h, const char *kit, const char *folder, uint64_t part_size,
    struct arena *a, struct hub_exchange *out, struct progress *p)
{
    struct outbox o = {
        .hub = h, .arena = a, .only = kit, .out = out, .part_size = part_size, .progress = p};
    const char *outbox = path_join(a, folder, "outbox");
    o.answered = jv_array(a);
    o.written = jv_array(&out->arena);
    int rc = outbox && o.answered && o.written ? fill(&o, outbox) : ERR_ROAD;
    if (rc == 0 && kit && o.len && !o.kits[0].failed)
        served_keep_all(h, kit, &(struct served_where){o.kits[0].folder, part_size}, o.written);
    for (size_t i = 0; i < o.len; i++) map_release(&o.kits[i].names);
    out->written = o.written;
    return rc;
}

/* ---- all of it ---- */

/* What an exchange is to do. */
struct errand {
    const char *folder; /* NULL: nothing is handed out */
    const char *kit;    /* who is served; NULL: all */
    bool take;          /* the inboxes too */
    uint64_t part_size;
};

static int begin_exchange(struct hub_exchange *x, struct jv **written)
{
    arena_init(&x->arena);
    x->failed = jv_array(&x->arena);
    x->written = *written = jv_array(&x->arena);
    return x->failed && *written ? 0 : ERR_ROAD;
}

static int run_errand(struct hub *h, const struct errand *e, struct hub_exchange *out, struct progress *p)
{
    struct hub_exchange x = {0};
    struct jv *none;
    struct arena a;
    int rc = hub_begin(h);
    if (rc) return rc;
    arena_init(&a);
    rc = begin_exchange(&x, &none);
    if (rc == 0 && e->take) rc = inbox_take(h, e->folder, &a, &x, p);
    if (rc == 0 && e->folder) rc = write_outboxes(h, e->kit, e->folder, e->part_size, &a, &x, p);
    if (rc)
        hub_exchange_release(&x);
    else
        *out = x;
    arena_release(&a);
    hub_end(h);
    return rc;
}

int hub_sync_folder(
    struct hub *h, const char *folder, uint64_t part_size, struct hub_exchange *out, struct progress *p)
{
    return run_errand(h, &(struct errand){.folder = folder, .take = true, .part_size = part_size}, out, p);
}

int hub_take_inbox(struct hub *h, struct hub_exchange *out, struct progress *p)
{
    return run_errand(h, &(struct errand){.take = true}, out, p);
}

/* Where nothing is new at all, no lock is needed to say so. */
static int serve_again(
    struct hub *h, const char *kit, const char *folder, uint64_t part_size, struct hub_exchange *out, bool *same)
{
    struct hub_exchange x = {0};
    struct jv *written;
    int rc = begin_exchange(&x, &written);
    const char *outbox = rc ? NULL : path_join(&x.arena, folder, "outbox"),
               *own = outbox ? path_join(&x.arena, outbox, kit) : NULL;
    if (rc == 0 && !own) rc = ERR_ROAD;
    if (rc == 0) *same = served_all(h, kit, &(struct served_where){own, part_size}, &x, written);
    if (*same)
        *out = x;
    else
        hub_exchange_release(&x);
    return rc;
}

int hub_serve_kit(struct hub *h, const char *kit, const char *folder, uint64_t part_size,
    struct hub_exchange *out, struct progress *p)
{
    bool same = false;
    int rc = serve_again(h, kit, folder, part_size, out, &same);
    return rc || same ? rc : run_errand(h, &(struct errand){folder, kit, false, part_size}, out, p);
}

void hub_exchange_release(struct hub_exchange *e)
{
    arena_release(&e->arena);
    memset(e, 0, sizeof *e);
}
