/* Entries into a branch: one commit an entry, by its author, with what it does to the record; then the hub's
 * own commit, signed, with all that is the hub's. All of it is in the pack of the round (round.c), with which
 * the branch moves.
 *
 *   entry commit   adds log/… and writes record/…, nothing else. Subject: the change in words. Trailers:
 * Entry, Kit, Bundle. hub commit     writes everything else: evidence/…, receipt/…, quarantine/…, waiting/…
 * (also takes from there what has been judged anew), README.md, .gitattributes. Trailer: Bundle. Header
 * gpgsig by the hub's key. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "parts.h"
#include "satchel/base/os.h"
#include "satchel/base/time.h"
#include "satchel/format/lfs.h"
#include "satchel/replica/state.h"

#define README_MAX ((size_t)8 << 20)

int merge_begin(
    struct merge *m, struct hub *h, struct hub_case *c, const char *bundle, const char *from, struct arena *a)
{
    *m = (struct merge){
        .hub = h, .c = c, .bundle = bundle, .from = from, .arena = a, .tip = c->tip, .born = c->born};
    m->receipt = (struct receipt_draft){.c = c, .bundle = bundle};
    m->time = time_now();
    m->offset_minutes = os_local_offset_minutes(m->time);
    buf_init(&m->subject, ENTRY_MAX_BYTES);
    buf_init(&m->bytes, BUF_UNLIMITED);
    return round_pack(h, c->name, &m->pack);
}

void merge_release(struct merge *m)
{
    if (!m->done && m->c && m->c->ahead)
        m->c->spoiled = m->hub->round.spoiled = true;
    else if (!m->done && m->c)
        case_forget(m->hub, m->c->name);
    buf_release(&m->subject);
    buf_release(&m->bytes);
}

/* ---- objects ---- */

/* versions: whether the path's last content is worth being compared with. */
static int put_file(struct merge *m, const char *path, const struct buf *bytes, bool versions)
{
    struct oid id;
    int rc = buf_error(bytes);
    if (rc == 0) rc = pack_add(m->pack, OBJECT_BLOB, versions ? path : NULL, bytes->data, bytes->len, &id);
    return rc ? rc : tree_put(m->c->tree, path, &id);
}

static struct commit_person hub_person(const struct merge *m, char email[KIT_ID_SIZE + 16])
{
    strcpy(email, m->hub->kit);
    strcat(email, "@satchel");
    return (struct commit_person){m->hub->name, email, m->time, m->offset_minutes};
}

/* Writes the tree as it stands and a commit of it; the branch's tip in memory moves there. */
static int put_commit(struct merge *m, const struct commit_person *author, const char *message, bool sign)
{
    char email[KIT_ID_SIZE + 16];
    struct commit c = {.has_parent = m->born, .parent = m->tip, .message = message};
    struct buf plain;
    c.committer = hub_person(m, email);
    c.author = author ? *author : c.committer;
    int rc = tree_write(m->c->tree, m->pack, &c.tree);
    if (rc) return rc;
    buf_init(&plain, COMMIT_MAX_BYTES);
    buf_clear(&m->bytes);
    commit_write(&plain, &c);
    rc = buf_error(&plain);
    if (rc == 0 && sign) rc = commit_sign(&m->bytes, &plain, &m->hub->signer);
    const struct buf *bytes = sign ? &m->bytes : &plain;
    if (rc == 0) rc = pack_add(m->pack, OBJECT_COMMIT, NULL, bytes->data, bytes->len, &m->tip);
    if (rc == 0) m->born = m->changed = true;
    buf_release(&plain);
    return rc;
}

/* ---- entries ---- */

/* Name and address as the register has them; the first admin's are known before there is a register. */
static void author_of(
    const struct merge *m, const struct entry *e, struct commit_person *out, char email[KIT_ID_SIZE + 16])
{
    const struct registry_kit *k = m->hub->registry ? registry_kit(m->hub->registry, e->kit) : NULL;
    bool admin = !k && strcmp(e->kit, m->hub->admin.kit) == 0;
    out->name = k ? k->name : admin ? m->hub->admin.name : e->kit;
    out->email = k ? k->email : admin ? m->hub->admin.email : "";
    if (!*out->name) out->name = e->kit;
    if (!*out->email) {
        strcpy(email, e->kit);
        strcat(email, "@satchel");
        out->email = email;
    }
    if (!time_read(&out->time, &out->offset_minutes, e->at)) out->time = out->offset_minutes = 0;
}

static int put_record(struct merge *m, const struct entry *e)
{
    struct record_id id;
    char path[RECORD_PATH_SIZE];
    const struct fold_record *r = fold_record(m->c->fold, m->c->name, e->record);
    if (!r || !record_id_read(&id, e->record)) return ERR_ROAD;
    record_path(path, &id);
    buf_clear(&m->bytes);
    record_file_write(&m->bytes, r);
    return put_file(m, path, &m->bytes, true);
}

static int put_entry(struct merge *m, const struct held *h, enum verdict v)
{
    char path[LAYOUT_PATH_SIZE];
    layout_entry_path(path, layout_folder(v), h->entry->kit, h->entry->seq, h->entry->id);
    buf_clear(&m->bytes);
    entry_file_write(&m->bytes, h->entry, h->public_key);
    return put_file(m, path, &m->bytes, false);
}

/* The commit of an entry that applies; m->subject has its words. */
static int commit_entry(struct merge *m, const struct held *h)
{
    char email[KIT_ID_SIZE + 16];
    struct commit_person author;
    int rc = put_entry(m, h, VERDICT_GOOD);
    if (rc == 0) rc = put_record(m, h->entry);
    if (rc) return rc;
    author_of(m, h->entry, &author, email);
    buf_addf(&m->subject, "\n\nEntry: %s\nKit: %s\nBundle: %s\n", h->entry->id, h->entry->kit, m->bundle);
    rc = buf_error(&m->subject);
    return rc ? rc : put_commit(m, &author, buf_str(&m->subject), false);
}

static int note_fresh(struct merge *m, const struct held *h, enum verdict before)
{
    if (m->fresh_len == m->fresh_cap) {
        size_t cap = m->fresh_cap ? m->fresh_cap * 2 : 64;
        struct fresh *more = arena_alloc(m->arena, cap * sizeof *more);
        if (!more) return ERR_ROAD;
        if (m->fresh_len) memcpy(more, m->fresh, m->fresh_len * sizeof *more);
        m->fresh = more;
        m->fresh_cap = cap;
    }
    m->fresh[m->fresh_len++] = (struct fresh){h, before};
    m->changed = true;
    return 0;
}

/* The change in words, told from the record as it is before the entry applies. */
static void describe(struct merge *m, const struct entry *e)
{
    buf_clear(&m->subject);
    change_subject(&m->subject, e, fold_record(m->c->fold, m->c->name, e->record));
}

static int judge(struct merge *m, const struct entry *e, const unsigned char public_key[KEY_SIZE],
    enum verdict *v, const char **reason)
{
    const struct registry *registry;
    int rc = case_registry(m->hub, &registry);
    return rc ? rc : registry_judge(registry, m->hub->forms, e, public_key, m->arena, v, reason);
}

int merge_add(
    struct merge *m, const struct entry *e, const unsigned char public_key[KEY_SIZE], enum verdict *verdict)
{
    const char *reason;
    bool known;
    int rc = judge(m, e, public_key, verdict, &reason);
    if (rc) return rc;
    describe(m, e);
    rc = fold_add(m->c->fold, e, public_key, *verdict, reason, 0, &known);
    if (rc) return rc;
    const struct held *h = fold_entry(m->c->fold, e->id);
    rc = note_fresh(m, h, VERDICT_GOOD);
    return rc || *verdict != VERDICT_GOOD ? rc : commit_entry(m, h);
}

static int judge_anew(struct merge *m, const struct held *h)
{
    enum verdict v;
    const char *reason;
    int rc = judge(m, h->entry, h->public_key, &v, &reason);
    if (rc || v == VERDICT_WAITING) return rc;
    describe(m, h->entry);
    rc = fold_judge(m->c->fold, h->entry->id, v, reason);
    if (rc == 0) rc = note_fresh(m, h, VERDICT_WAITING);
    return rc || v != VERDICT_GOOD ? rc : commit_entry(m, h);
}

/* Those of the case that wait, by kit and seq; what judging changes in the fold does not touch this list. */
static int list_waiting(struct merge *m, const struct held ***out, size_t *len)
{
    size_t chains_len, n = 0, room = 0;
    const struct fold_chain *const *chains = fold_chains(m->c->fold, m->c->name, &chains_len);
    for (size_t i = 0; i < chains_len; i++) room += chains[i]->entries_len;
    const struct held **list = arena_alloc(m->arena, (room + 1) * sizeof *list);
    if (!list) return ERR_ROAD;
    for (size_t i = 0; i < chains_len; i++)
        for (size_t k = 0; k < chains[i]->entries_len; k++)
            if (chains[i]->entries[k]->verdict == VERDICT_WAITING) list[n++] = chains[i]->entries[k];
    *out = list;
    *len = n;
    return 0;
}

/* A record of type "release" that applies, signed by an admin, names an entry that shall apply in spite of
 * its verdict. */
static const struct held *released_by(struct merge *m, const struct fold_record *r)
{
    if (strcmp(r->type, "release") != 0 || !r->created || r->void_state != NOT_VOID) return NULL;
    const struct entry_field *f = entry_field(r->created->entry, "entry");
    const char *id = f ? jv_str(f->value) : NULL;
    const struct held *h = id ? fold_entry(m->c->fold, id) : NULL;
    bool here = h && strcmp(h->entry->case_name, m->c->name) == 0;
    return here && h->verdict == VERDICT_QUARANTINED ? h : NULL;
}

static int release_entry(struct merge *m, const struct held *h)
{
    describe(m, h->entry);
    int rc = fold_judge(m->c->fold, h->entry->id, VERDICT_GOOD, NULL);
    if (rc == 0) rc = note_fresh(m, h, VERDICT_QUARANTINED);
    return rc ? rc : commit_entry(m, h);
}

static int release_quarantined(struct merge *m)
{
    const struct fold_record *const *records;
    const struct held **list;
    size_t len, n = 0;
    int rc = fold_records(m->c->fold, m->c->name, &records, &len);
    list = rc ? NULL : arena_alloc(m->arena, (len + 1) * sizeof *list);
    if (!list) return rc ? rc : ERR_ROAD;
    for (size_t i = 0; i < len; i++) {
        list[n] = released_by(m, records[i]);
        if (list[n]) n++;
    }
    for (size_t i = 0; i < n && rc == 0; i++)
        if (list[i]->verdict == VERDICT_QUARANTINED) rc = release_entry(m, list[i]);
    return rc;
}

/* In the register an entry that comes to apply may be what another waits for. */
int merge_judge_waiting(struct merge *m)
{
    size_t before;
    int rc;
    do {
        const struct held **waiting;
        size_t len;
        before = m->fresh_len;
        rc = list_waiting(m, &waiting, &len);
        for (size_t i = 0; i < len && rc == 0; i++) rc = judge_anew(m, waiting[i]);
    } while (rc == 0 && m->fresh_len > before && strcmp(m->c->name, REGISTER_CASE) == 0);
    return rc ? rc : release_quarantined(m);
}

/* ---- what is the hub's own ---- */

static int put_why(struct merge *m, const struct held *h, const char *path)
{
    char why[LAYOUT_PATH_SIZE + sizeof WHY_SUFFIX];
    strcpy(why, path);
    strcat(why, WHY_SUFFIX);
    buf_clear(&m->bytes);
    buf_addf(&m->bytes, "%s\n", h->reason ? h->reason : "");
    return put_file(m, why, &m->bytes, false);
}

static int take_from(struct merge *m, const char *folder, const struct entry *e)
{
    char path[LAYOUT_PATH_SIZE + sizeof WHY_SUFFIX];
    layout_entry_path(path, folder, e->kit, e->seq, e->id);
    int rc = tree_remove(m->c->tree, path);
    strcat(path, WHY_SUFFIX);
    return rc ? rc : tree_remove(m->c->tree, path);
}

/* Files of those that do not apply, and no longer of those that were set apart before. */
static int put_set_apart(struct merge *m)
{
    char path[LAYOUT_PATH_SIZE];
    int rc = 0;
    for (size_t i = 0; i < m->fresh_len && rc == 0; i++) {
        const struct held *h = m->fresh[i].held;
        enum verdict before = m->fresh[i].before;
        if (before != VERDICT_GOOD) rc = take_from(m, layout_folder(before), h->entry);
        if (rc || h->verdict == VERDICT_GOOD) continue;
        layout_entry_path(path, layout_folder(h->verdict), h->entry->kit, h->entry->seq, h->entry->id);
        rc = put_entry(m, h, h->verdict);
        if (rc == 0) rc = put_why(m, h, path);
    }
    return rc;
}

static int put_pointer(struct merge *m, const struct claim *claim, uint64_t size)
{
    int rc = round_point(m->hub, claim->sha256);
    if (rc) return rc;
    buf_clear(&m->bytes);
    lfs_pointer_write(&m->bytes, claim->sha256, size);
    m->changed = true;
    rc = put_file(m, claim->path, &m->bytes, false);
    return rc ? rc : evidence_bring(m->c, claim->sha256, true);
}

/* Pointers of evidence whose record and bytes have both come in the case by now. */
static int put_pointers(struct merge *m)
{
    struct claim *claims;
    struct oid id;
    uint64_t size;
    size_t len;
    int rc = layout_claims(m->c->fold, m->c->name, m->arena, &claims, &len);
    for (size_t i = 0; i < len && rc == 0; i++) {
        rc = tree_find(m->c->tree, claims[i].path, &id);
        if (rc != ERR_MISSING) continue;
        rc = evidence_held(m->hub, m->c, claims[i].sha256, &size) ? put_pointer(m, &claims[i], size) : 0;
    }
    return rc;
}

static void add_alarms(struct buf *out, const struct jv *alarms)
{
    if (alarms->len) buf_adds(out, "\n## ⚠ 警报 Alarms\n\n");
    for (size_t i = 0; i < alarms->len; i++) buf_addf(out, "- %s\n", jv_str(alarms->items[i]));
}

static int put_readme(struct merge *m)
{
    const struct hub_hooks *hooks = &m->hub->hooks;
    struct buf text;
    const struct registry *registry;
    int rc = case_registry(m->hub, &registry);
    struct jv *alarms = case_alarms(m->arena, m->c->fold, m->c->name);
    if (rc || !alarms) return rc ? rc : ERR_ROAD;
    buf_init(&text, README_MAX);
    if (hooks->readme)
        rc = hooks->readme(hooks->ctx, m->c->fold, m->c->name, registry, &text);
    else
        buf_addf(&text, "# %s\n", m->c->name);
    add_alarms(&text, alarms);
    if (rc == 0) rc = put_file(m, FILE_README, &text, false);
    buf_release(&text);
    return rc;
}

static int put_attributes(struct merge *m)
{
    buf_clear(&m->bytes);
    buf_adds(&m->bytes, LAYOUT_ATTRIBUTES);
    return put_file(m, FILE_ATTRIBUTES, &m->bytes, false);
}

static int put_receipt(struct merge *m)
{
    char path[LAYOUT_PATH_SIZE];
    struct receipt *receipt;
    struct buf bytes, sig;
    if (!m->from) return 0;
    buf_init(&bytes, RECEIPT_MAX_BYTES);
    buf_init(&sig, RECEIPT_SIG_MAX);
    int rc = receipt_make(m->hub, &m->receipt, m->answer ? m->answer : m->arena, &bytes, &sig, &receipt);
    layout_receipt_path(path, m->bundle, false);
    if (rc == 0) rc = put_file(m, path, &bytes, false);
    layout_receipt_path(path, m->bundle, true);
    if (rc == 0) rc = put_file(m, path, &sig, false);
    if (rc == 0) m->receipt_made = receipt;
    buf_release(&bytes);
    buf_release(&sig);
    return rc;
}

static bool has_receipt(struct merge *m)
{
    char path[LAYOUT_PATH_SIZE];
    struct oid id;
    layout_receipt_path(path, m->bundle, false);
    return tree_find(m->c->tree, path, &id) == 0;
}

static size_t count_fresh(const struct merge *m, enum verdict v)
{
    size_t n = 0;
    for (size_t i = 0; i < m->fresh_len; i++) n += m->fresh[i].held->verdict == v;
    return n;
}

static int put_hub_commit(struct merge *m)
{
    const char *form = m->from ? "received %.16s from %s" : m->new_key ? "a new key of the hub, after %.16s%s" : "judged anew after %.16s%s";
    buf_clear(&m->subject);
    buf_addf(&m->subject, form, m->bundle, m->from ? m->from : "");
    buf_addf(&m->subject, ": %zu entries, %zu waiting, %zu quarantined\n\nBundle: %s\n",
        count_fresh(m, VERDICT_GOOD), count_fresh(m, VERDICT_WAITING), count_fresh(m, VERDICT_QUARANTINED),
        m->bundle);
    int rc = buf_error(&m->subject);
    return rc ? rc : put_commit(m, NULL, buf_str(&m->subject), true);
}

int merge_finish(struct merge *m)
{
    int rc = put_pointers(m);
    if (rc == 0) rc = evidence_mark_rest(m->hub, m->c);
    if (rc == 0 && !m->changed && (!m->from || has_receipt(m))) {
        m->done = true;
        return 0;
    }
    if (rc == 0) rc = put_set_apart(m);
    if (rc == 0) rc = put_attributes(m);
    if (rc == 0) rc = put_readme(m);
    if (rc == 0) rc = put_receipt(m);
    if (rc == 0) rc = put_hub_commit(m);
    if (rc == 0) rc = round_move(m->hub, m->c, &m->tip, m->fresh, m->fresh_len);
    m->done = rc == 0;
    return rc;
}
