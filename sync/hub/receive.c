/* A bundle into the hub: opened into quarantine, its entries judged and merged, its evidence held, a receipt
 * made.
 *
 * What must hold before anything of it counts: it is for this hub and whole (bundle_open); an enrolled kit
 * has sent it; the case is there, or it is new and opened by an organisation that applies. Otherwise the
 * bundle waits where it is, or is refused; nothing has changed then. Who may see a case is asked where
 * something is handed out, not here: what somebody has recorded must not be lost because his assignment has
 * ended meanwhile.
 *
 * Several of them share a round (round.c); one counts when that is stored. */
#include <stdlib.h>
#include <string.h>
#include "satchel/base/time.h"
#include "parts.h"
#include "satchel/base/os.h"

/* A bundle that has been opened, or lines that were handed over. */
struct incoming {
    const char *case_name, *from, *bundle;
    const struct opened_entry *entries;
    size_t len;
    struct staging *staging; /* NULL: it brings no evidence */
    struct adopted *memory;
};

/* ---- who may ---- */

static int check_key(const unsigned char enrolled[KEY_SIZE], const unsigned char signed_by[KEY_SIZE], const char *kit)
{
    if (same_bytes(enrolled, signed_by, KEY_SIZE)) return 0;
    return err_set(ERR_INPUT, "it is not signed by the key that is enrolled for kit '%s'", kit);
}

static int check_enrolled(struct hub *h, const char *kit, const unsigned char signed_by[KEY_SIZE])
{
    const struct registry *registry;
    int rc = case_registry(h, &registry);
    if (rc) return rc;
    const struct registry_kit *k = registry_kit(registry, kit);
    if (k) return check_key(k->public_key, signed_by, kit);
    if (registry_root(registry, signed_by)) return 0;
    return err_set(
        ERR_WAIT, "its sender '%s' is not enrolled here; it waits until an admin has done so", kit);
}

static int check_sender(void *reception, const char *kit, const unsigned char signed_by[KEY_SIZE])
{
    struct reception *r = reception;
    memcpy(r->signed_by, signed_by, KEY_SIZE);
    return r->ahead ? check_key(r->enrolled, signed_by, kit) : check_enrolled(r->staging.hub, kit, signed_by);
}

static bool opens_case(const struct opened_entry *e)
{
    static const char type[] = "organisation/";
    return e->entry && !e->error && e->entry->creates &&
           strncmp(e->entry->record, type, sizeof type - 1) == 0;
}

/* The sender is told with the next answer; only he can open the case anew under another name. */
static int refuse_clash(struct hub *h, const struct incoming *in, const char *clash)
{
    int rc = in->staging ? kits_refused(h, in->from, in->case_name, in->bundle, clash) : 0;
    if (rc) return rc;
    return err_set(ERR_INPUT, "there is a case '%s' already; '%s' is too like it", clash, in->case_name);
}

/* Before a case comes to be: its name is free, and something in the bundle may open it. */
static int check_new_case(struct hub *h, const struct incoming *in)
{
    size_t len;
    const char *const *cases = hub_names(h, &len);
    if (!cases) return ERR_ROAD;
    if (!layout_branch_valid(in->case_name))
        return err_set(ERR_INPUT, "no case can be called '%s'", in->case_name);
    for (size_t i = 0; i < len; i++)
        if (layout_same_name(cases[i], in->case_name)) return refuse_clash(h, in, cases[i]);
    for (const struct hub_case *c = h->cases; c; c = c->next) /* or that the round opens */
        if (c->ahead && layout_same_name(c->name, in->case_name)) return refuse_clash(h, in, c->name);
    for (size_t i = 0; i < in->len; i++)
        if (opens_case(&in->entries[i])) return 0;
    return err_set(
        ERR_WAIT, "case '%s' is not known here; it waits for the entry that opens it", in->case_name);
}

/* After its entries were judged. */
static int check_opened(const struct merge *m, const struct incoming *in)
{
    for (size_t i = 0; i < in->len; i++) {
        const struct held *h =
            opens_case(&in->entries[i]) ? fold_entry(m->c->fold, in->entries[i].entry->id) : NULL;
        if (h && h->verdict == VERDICT_GOOD) return 0;
    }
    return err_set(ERR_WAIT, "case '%s' is not opened by an entry that applies; it waits", in->case_name);
}

/* ---- entries ---- */

struct ranked {
    int rank;
    const struct opened_entry *e;
};

/* The register's root goes first: it needs nobody else's entries. */
static int rank_of(const struct hub *h, const struct incoming *in, const struct opened_entry *e)
{
    bool root = strcmp(in->case_name, REGISTER_CASE) == 0 && same_bytes(e->public_key, h->root, KEY_SIZE);
    return root ? 0 : 1;
}

static int compare_ranked(const void *a, const void *b)
{
    const struct ranked *x = a, *y = b;
    const struct entry *p = x->e->entry, *q = y->e->entry;
    int order = x->rank - y->rank;
    if (order == 0) order = strcmp(p->kit, q->kit);
    if (order == 0) order = (p->seq > q->seq) - (p->seq < q->seq);
    return order ? order : strcmp(p->id, q->id);
}

/* The readable, rightly signed entries in the order of their commits. */
static int rank_entries(struct hub *h, const struct incoming *in, struct ranked **out, size_t *len)
{
    size_t n = 0;
    struct ranked *list = arena_alloc(&in->memory->arena, (in->len + 1) * sizeof *list);
    if (!list) return ERR_ROAD;
    for (size_t i = 0; i < in->len; i++)
        if (in->entries[i].entry && !in->entries[i].error)
            list[n++] = (struct ranked){rank_of(h, in, &in->entries[i]), &in->entries[i]};
    qsort(list, n, sizeof *list, compare_ranked);
    *out = list;
    *len = n;
    return 0;
}

static int add_entry(struct merge *m, const struct opened_entry *e, struct hub_taken *out)
{
    enum verdict v;
    if (fold_entry(m->c->fold, e->entry->id)) {
        out->known++;
        return 0;
    }
    int rc = merge_add(m, e->entry, e->public_key, &v);
    if (rc == 0 && v == VERDICT_GOOD) out->accepted++;
    if (rc == 0 && v == VERDICT_WAITING) out->waiting++;
    return rc;
}

static int add_entries(struct merge *m, const struct incoming *in, struct hub_taken *out)
{
    struct ranked *list;
    size_t len;
    bool opens = !m->c->born && strcmp(in->case_name, REGISTER_CASE) != 0;
    int rc = rank_entries(m->hub, in, &list, &len);
    for (size_t i = 0; i < len && rc == 0; i++) rc = add_entry(m, list[i].e, out);
    return rc == 0 && opens ? check_opened(m, in) : rc;
}

/* ---- lines that are no entries ---- */

static int keep_line(struct hub *h, struct arena *a, const struct opened_entry *e)
{
    unsigned char hash[SHA256_SIZE];
    char hex[SHA256_HEX];
    sha256(hash, e->line, e->line_len);
    hex_write(hex, hash, sizeof hash);
    const char *folder = hub_file(a, h, "quarantine");
    const char *line = folder ? arena_printf(a, "%s/%.32s.line", folder, hex) : NULL;
    const char *why = line ? arena_printf(a, "%s" WHY_SUFFIX, line) : NULL;
    if (!why) return ERR_ROAD;
    if (os_exists(why)) return 0;
    int rc = file_write(line, e->line, e->line_len);
    return rc ? rc : file_write(why, e->error, strlen(e->error));
}

/* Keeps bad lines, and lists those that are an entry at all for the receipt. */
static int reject_lines(struct merge *m, const struct incoming *in)
{
    struct receipt_apart *list = arena_alloc(m->arena, (in->len + 1) * sizeof *list);
    size_t n = 0;
    int rc = list ? 0 : ERR_ROAD;
    for (size_t i = 0; i < in->len && rc == 0; i++) {
        const struct opened_entry *e = &in->entries[i];
        if (!e->error) continue;
        rc = keep_line(m->hub, m->arena, e);
        if (e->entry)
            list[n++] =
                (struct receipt_apart){in->case_name, e->entry->kit, e->entry->id, e->error, e->entry->seq};
    }
    m->receipt.rejected = list;
    m->receipt.rejected_len = n;
    return rc;
}

/* ---- what is told of it ---- */

static int put_problem(
    struct arena *a, struct jv *list, const char *entry, const char *id, const char *reason)
{
    struct jv *o = jv_object(a);
    int rc = jv_put_str(a, o, "entry", entry);
    if (rc == 0) rc = jv_put_str(a, o, "id", id);
    if (rc == 0) rc = jv_put_str(a, o, "reason", reason);
    return rc ? rc : jv_push(a, list, o);
}

static const char *entry_name(struct arena *a, const char *kit, int64_t seq)
{
    return arena_printf(a, "%s:%lld", kit, (long long)seq);
}

static int tell_problems(
    struct arena *a, const struct merge *m, const struct incoming *in, struct hub_taken *out)
{
    struct jv *list = jv_array(a);
    int rc = list ? 0 : ERR_ROAD;
    for (size_t i = 0; i < in->len && rc == 0; i++) {
        const struct opened_entry *e = &in->entries[i];
        const struct held *h = e->entry && !e->error ? fold_entry(m->c->fold, e->entry->id) : NULL;
        const char *name = e->entry ? entry_name(a, e->entry->kit, e->entry->seq) : in->from;
        if (e->error)
            rc = put_problem(a, list, name, e->entry ? e->entry->id : NULL, e->error);
        else if (h && h->verdict == VERDICT_QUARANTINED)
            rc = put_problem(a, list, name, e->entry->id, h->reason);
    }
    out->problems = list;
    return rc;
}

static int push_alarm(struct arena *a, struct jv *list, const char *text)
{
    return text ? jv_push(a, list, jv_string(a, text)) : ERR_ROAD;
}

static int tell_alarms(
    struct arena *a, const struct merge *m, const struct jv *of_evidence, struct hub_taken *out)
{
    struct jv *list = case_alarms(a, m->c->fold, m->c->name);
    int rc = list ? 0 : ERR_ROAD;
    for (size_t i = 0; of_evidence && i < of_evidence->len && rc == 0; i++)
        rc = push_alarm(a, list, jv_str(of_evidence->items[i]));
    out->alarms = list;
    return rc;
}

static int tell_receipt(
    struct hub *h, struct hub_case *c, const char *bundle, struct arena *a, struct hub_taken *out)
{
    struct buf bytes;
    struct receipt *receipt;
    buf_init(&bytes, RECEIPT_MAX_BYTES);
    int rc = receipt_find(h, c, bundle, a, &bytes, &receipt);
    if (rc == 0) out->receipt = receipt;
    buf_release(&bytes);
    return rc;
}

static int begin_telling(
    struct arena *a, const char *bundle, const char *case_name, const char *from, struct hub_taken *out)
{
    *out = (struct hub_taken){.case_name = arena_strdup(a, case_name), .from = arena_strdup(a, from)};
    memcpy(out->bundle, bundle, SHA256_HEX);
    return out->case_name && out->from ? 0 : ERR_ROAD;
}

/* ---- merging ---- */

static int merge_incoming(struct merge *m, const struct incoming *in, struct arena *a, struct hub_taken *out)
{
    struct jv *alarms = jv_array(m->arena);
    int rc = alarms ? add_entries(m, in, out) : ERR_ROAD;
    if (rc == 0) rc = reject_lines(m, in);
    if (rc == 0 && in->staging) rc = staging_publish(in->staging, alarms);
    if (rc == 0) rc = merge_judge_waiting(m);
    m->receipt.accepted = out->accepted;
    m->receipt.known = out->known;
    if (rc == 0) rc = merge_finish(m);
    if (rc == 0) rc = tell_problems(a, m, in, out);
    return rc ? rc : tell_alarms(a, m, alarms, out);
}

static int take(struct hub *h, struct incoming *in, struct arena *a, struct hub_taken *out)
{
    struct hub_case *c;
    struct merge m = {0};
    struct arena scratch;
    int rc = case_open(h, in->case_name, &c);
    if (rc == 0 && !c->born && c != h->the_register) rc = check_new_case(h, in);
    if (rc == 0) rc = begin_telling(a, in->bundle, in->case_name, in->from, out);
    if (rc) return rc;
    if (in->staging) in->staging->c = c;
    arena_init(&scratch);
    rc = merge_begin(&m, h, c, in->bundle, in->from, &scratch);
    m.answer = a;
    if (rc == 0) rc = merge_incoming(&m, in, a, out);
    if (rc == 0 && m.fresh_len) {
        in->memory->next = c->adopted;
        c->adopted = in->memory;
        in->memory = NULL;
    }
    merge_release(&m);
    arena_release(&scratch);
    out->receipt = m.receipt_made;
    return rc || m.receipt_made ? rc : tell_receipt(h, c, in->bundle, a, out);
}

/* ---- those that wait in other cases, once the register has moved ---- */

static int judge_case_anew(struct hub *h, const char *name, const char *bundle)
{
    struct hub_case *c;
    struct merge m = {0};
    struct oid waiting;
    struct arena scratch;
    int rc = case_open(h, name, &c);
    if (rc == 0) rc = tree_find(c->tree, FOLDER_WAITING, &waiting);
    if (rc) return rc == ERR_MISSING ? 0 : rc;
    arena_init(&scratch);
    rc = merge_begin(&m, h, c, bundle, NULL, &scratch);
    if (rc == 0) rc = merge_judge_waiting(&m);
    if (rc == 0) rc = merge_finish(&m);
    merge_release(&m);
    arena_release(&scratch);
    return rc;
}

/* Looks at the branches' trees first: most cases have nothing that waits, and are not read. */
static int has_waiting(struct hub *h, const struct repo_branch *b, bool *waits)
{
    struct tree *tree;
    struct oid id;
    int rc = case_read_tree(h->repo, &b->tip, &tree);
    if (rc) return rc;
    rc = tree_find(tree, FOLDER_WAITING, &id);
    *waits = rc == 0;
    tree_free(tree);
    return rc == ERR_MISSING ? 0 : rc;
}

static int judge_others_anew(struct hub *h, const char *bundle)
{
    struct arena a;
    struct repo_branch *branches;
    size_t len = 0;
    arena_init(&a);
    int rc = repo_branches(h->repo, &a, &branches, &len);
    for (size_t i = 0; i < len && rc == 0; i++) {
        bool waits = false;
        if (strcmp(branches[i].name, REGISTER_CASE) != 0) rc = has_waiting(h, &branches[i], &waits);
        if (rc == 0 && waits) rc = judge_case_anew(h, branches[i].name, bundle);
        if (rc == 0 && round_must_end(h)) rc = round_store(h);
    }
    if (rc == 0) rc = round_store(h);
    arena_release(&a);
    return rc;
}

/* ---- bundles ---- */

static struct adopted *memory_new(void)
{
    struct adopted *m = calloc(1, sizeof *m);
    if (!m)
        err_memory();
    else
        arena_init(&m->arena);
    return m;
}

static void memory_free(struct adopted *m)
{
    if (!m) return;
    arena_release(&m->arena);
    free(m);
}

/* All else goes by the register, so it stands before that is looked at. */
static int take_and_judge_others(struct hub *h, struct incoming *in, struct arena *a, struct hub_taken *out)
{
    int rc = take(h, in, a, out);
    if (rc || strcmp(in->case_name, REGISTER_CASE) != 0) return rc;
    rc = round_store(h);
    return rc == 0 && out->accepted ? judge_others_anew(h, in->bundle) : rc;
}

/* peeked: what the file was a moment ago, on a medium that anybody may write to. */
static int check_same(const struct manifest *peeked, const struct manifest *now)
{
    if (strcmp(peeked->id, now->id) == 0) return 0;
    return err_set(ERR_INPUT, "it was changed while it was read; take it in again");
}

/* ---- opening one ---- */

static int stage(void *reception, const struct member *m, struct sink **out)
{
    return staging_sink(&((struct reception *)reception)->staging, m, out);
}

int reception_init(struct reception *r, struct hub *h, struct hub_case *c)
{
    *r = (struct reception){.memory = memory_new()};
    if (!r->memory) return ERR_ROAD;
    staging_init(&r->staging, h, c, &r->memory->arena);
    return 0;
}

int reception_open(struct reception *r, const char *path, struct progress *p)
{
    const struct hub *h = r->staging.hub;
    struct bundle_receiver to = {.self = h->kit, .sender = check_sender, .stage = stage, .ctx = r, .progress = p};
    memcpy(to.identity, h->identity, KEY_SIZE);
    int rc = bundle_open(&r->opened, &r->memory->arena, path, &to);
    wipe(to.identity, sizeof to.identity);
    r->open = rc == 0;
    return rc;
}

void reception_release(struct reception *r)
{
    if (r->open) opened_release(&r->opened);
    staging_release(&r->staging);
    memory_free(r->memory);
    *r = (struct reception){0};
}

/* Another hub's answer, or what it holds and wants. It keeps no account of what it has handed out, so there is nothing to answer:
 * two hubs would go on doing so for ever. */
static bool only_tells(struct hub *h, const struct manifest *m)
{
    const struct registry *r = m->entries ? NULL : hub_registry(h);
    const struct registry_kit *from = r ? registry_kit(r, m->from) : NULL;
    if (!from || !registry_hub_key(r, from->public_key)) return false;
    for (size_t i = 0; i < m->members_len; i++)
        if (m->members[i].kind == MEMBER_BLOB) return false;
    return true;
}

/* The register may have moved since it was opened. */
static int take_opened(struct hub *h, struct reception *r, const char *path, const struct manifest *peeked,
    struct arena *a, struct hub_taken *out)
{
    const struct manifest *m = r->opened.manifest;
    struct incoming in = {.case_name = m->case_name,
        .from = m->from,
        .bundle = m->id,
        .entries = r->opened.entries,
        .len = r->opened.entries_len,
        .staging = &r->staging,
        .memory = r->memory};
    struct hub_case *the_register;
    int rc = check_same(peeked, m);
    if (rc == 0 && r->ahead) rc = case_open(h, REGISTER_CASE, &the_register);
    if (rc == 0 && r->ahead) rc = check_enrolled(h, m->from, r->signed_by);
    if (rc == 0)
        rc = only_tells(h, m) ? begin_telling(a, m->id, m->case_name, m->from, out) : take_and_judge_others(h, &in, a, out);
    r->memory = in.memory; /* NULL: the case has it now */
    return rc ? err_within(rc, "bundle '%s'", path_name(path)) : 0;
}

static int open_and_take(struct hub *h, const char *path, const struct manifest *peeked, struct arena *a,
    struct hub_taken *out, struct progress *p)
{
    struct reception r;
    struct hub_case *c;
    int rc = case_open(h, peeked->case_name, &c);
    if (rc == 0) rc = reception_init(&r, h, c);
    if (rc) return rc;
    rc = reception_open(&r, path, p);
    if (rc == 0) rc = take_opened(h, &r, path, peeked, a, out);
    reception_release(&r);
    return rc;
}

/* Is all that it brings here, so that there is no need to read it? */
static bool holds_evidence(struct hub *h, const struct hub_case *c, struct arena *a, const struct manifest *m)
{
    for (size_t i = 0; i < m->members_len; i++)
        if (m->members[i].kind == MEMBER_BLOB && !evidence_brought(h, c, a, &m->members[i])) return false;
    return true;
}

/* *known: it was taken in before; then it is answered as it was. */
static int answer_again(
    struct hub *h, const struct manifest *m, struct arena *a, struct hub_taken *out, bool *known)
{
    struct hub_case *c;
    int rc = case_open(h, m->case_name, &c);
    *known = false;
    if (rc || !c->born || !holds_evidence(h, c, a, m)) return rc;
    rc = begin_telling(a, m->id, m->case_name, m->from, out);
    if (rc == 0) rc = tell_receipt(h, c, m->id, a, out);
    if (rc) return rc == ERR_MISSING ? 0 : rc;
    *known = true;
    out->known = m->entries;
    out->problems = jv_array(a);
    out->alarms = case_alarms(a, c->fold, c->name);
    for (size_t i = 0; out->problems && i < out->receipt->quarantined.len && rc == 0; i++) {
        const struct receipt_apart *q = &out->receipt->quarantined.items[i];
        if (strcmp(q->kit, m->from) == 0)
            rc = put_problem(
                a, (struct jv *)out->problems, entry_name(a, q->kit, q->seq), q->entry, q->reason);
    }
    return rc || (out->problems && out->alarms) ? rc : ERR_ROAD;
}

/* The register, by which all else goes; parts of large evidence, which are written where they belong; and what
 * the round has already, to be answered as it was. */
bool receive_alone(const struct hub *h, const struct manifest *m)
{
    bool alone = strcmp(m->case_name, REGISTER_CASE) == 0 || round_knows(h, m->id);
    for (size_t i = 0; i < m->members_len && !alone; i++) alone = m->members[i].pieces != NULL;
    return alone;
}

int receive_locked(struct hub *h, const char *path, const struct manifest *m, struct arena *a,
    struct reception *ahead, struct hub_taken *out, struct progress *p)
{
    bool known = false;
    int rc = answer_again(h, m, a, out, &known);
    if (rc == 0 && !known && ahead) rc = take_opened(h, ahead, path, m, a, out);
    if (rc == 0 && !known && !ahead) rc = open_and_take(h, path, m, a, out, p);
    /* who took it in may have been killed before he did this */
    if (rc == 0 && known && strcmp(m->case_name, REGISTER_CASE) == 0) rc = judge_others_anew(h, m->id);
    return rc ? rc : round_note(h, m, !known);
}

int hub_receive(struct hub *h, const char *path, struct arena *a, struct hub_taken *out, struct progress *p)
{
    struct arena head;
    const struct manifest *m;
    int rc = hub_begin(h);
    if (rc) return rc;
    arena_init(&head);
    rc = bundle_peek(&m, &head, path, h->identity);
    if (rc == 0) rc = receive_locked(h, path, m, a, NULL, out, p);
    if (rc == 0) rc = round_store(h);
    round_drop(h);
    arena_release(&head);
    hub_end(h);
    return rc;
}

/* ---- lines ---- */

static int read_line(struct opened_entry *e, struct arena *a, const char *line, size_t len)
{
    struct entry *entry;
    int rc = entry_line_parse(&entry, a, e->public_key, line, len);
    if (rc) return rc;
    e->entry = entry;
    e->signature_good = entry_signature_good(entry, e->public_key);
    return e->signature_good ? 0 : err_set(ERR_INPUT, "the signature of an entry is not good");
}

static int read_lines(struct incoming *in, const char *lines, size_t len)
{
    size_t n = 0;
    int rc = 0;
    for (size_t i = 0; i < len; i++) n += lines[i] == '\n';
    struct opened_entry *entries = arena_alloc(&in->memory->arena, (n + 1) * sizeof *entries);
    if (!entries) return ERR_ROAD;
    for (const char *end; rc == 0 && (end = memchr(lines, '\n', len));) {
        size_t line_len = (size_t)(end - lines);
        rc = read_line(&entries[in->len++], &in->memory->arena, lines, line_len);
        lines = end + 1;
        len -= line_len + 1;
    }
    in->entries = entries;
    return rc || len == 0 ? rc : err_set(ERR_INPUT, "the last line of entries has no end");
}

static int check_lines(const struct incoming *in)
{
    for (size_t i = 0; i < in->len; i++)
        if (strcmp(in->entries[i].entry->case_name, in->case_name) != 0)
            return err_set(ERR_INPUT, "an entry is of case '%s', not of case '%s'",
                in->entries[i].entry->case_name, in->case_name);
    return 0;
}

static void name_by_contents(char id[SHA256_HEX], const void *bytes, size_t len)
{
    unsigned char hash[SHA256_SIZE];
    sha256(hash, bytes, len);
    hex_write(id, hash, sizeof hash);
}

int lines_take_locked(struct hub *h, const char *case_name, const char *lines, size_t len, struct arena *a,
    struct hub_taken *out)
{
    char id[SHA256_HEX];
    struct incoming in = {.case_name = case_name, .from = h->kit, .bundle = id, .memory = memory_new()};
    if (!in.memory) return ERR_ROAD;
    name_by_contents(id, lines, len);
    int rc = read_lines(&in, lines, len);
    if (rc == 0) rc = check_lines(&in);
    if (rc == 0) rc = take_and_judge_others(h, &in, a, out);
    memory_free(in.memory);
    return rc;
}

int hub_take_lines(struct hub *h, const char *case_name, const char *lines, size_t len, struct arena *a,
    struct hub_taken *out)
{
    int rc = hub_begin(h);
    if (rc) return rc;
    rc = lines_take_locked(h, case_name, lines, len, a, out);
    if (rc == 0) rc = round_store(h);
    round_drop(h);
    hub_end(h);
    return rc;
}

int staging_take(struct staging *s, const void *list, size_t len)
{
    char id[SHA256_HEX];
    struct hub_taken taken;
    struct incoming in = {
        .case_name = s->c->name, .from = s->hub->kit, .bundle = id, .staging = s, .memory = memory_new()};
    if (!in.memory) return ERR_ROAD;
    name_by_contents(id, list, len);
    int rc = take(s->hub, &in, &in.memory->arena, &taken);
    memory_free(in.memory);
    return rc;
}
