/* Cutting bundles (their bytes: bundle.h, manifest.h).
 *
 * First the plan: which entries and which evidence go into which bundle, by sizes alone, because a manifest
 * stands before what it announces. Then each bundle is written in one pass: tar -> gzip -> age -> file. */
#include "satchel/replica/bundle.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "satchel/base/os.h"
#include "satchel/format/age.h"
#include "satchel/format/gzip.h"
#include "satchel/format/tar.h"
#include "array.h"

enum {
    TAR_BLOCK = 512,
    PROBE_SIZE = 64 << 10,
    CHUNK_SIZE = 256 << 10,
    HEAD_COST = 16 << 10, /* headers of age and tar, manifest without its lists, signature, end of the tar */
    HAVE_COST = 40,       /* in the manifest */
    HASH_COST = 67,
    MEMBER_COST = 192,
    WANT_MAX = 8192,
    APART_SIZE = 64 << 10 /* evidence that entries need not wait for */
};

struct part { /* one bundle to be */
    struct part *next;
    size_t first_entry, entries;
    uint64_t entries_bytes;
    struct member *members; /* evidence */
    size_t members_len, members_cap;
    uint64_t plain; /* upper bound of the bytes before gzip and age */
};

struct plan {
    const struct bundle_order *order;
    struct arena arena;
    const struct held **entries; /* by kit, seq, id */
    size_t entries_len, entries_cap;
    size_t line_overhead; /* bytes of a line beyond the entry's own */
    const struct have *have;
    size_t have_len;
    struct part *first, *last;
    size_t parts_len;
    uint64_t done, total; /* bytes of entries and evidence, for the progress */
};

/* ---- which entries ---- */

static int64_t held_by_receiver(const struct bundle_order *o, const char *kit)
{
    for (size_t i = 0; i < o->beyond_len; i++)
        if (strcmp(o->beyond[i].kit, kit) == 0) return o->beyond[i].seq;
    return 0;
}

static bool is_lacking(const struct bundle_order *o, const struct entry *e)
{
    for (size_t i = 0; i < o->lacking_len; i++)
        if (strcmp(o->lacking[i], e->id) == 0) return true;
    return false;
}

static int compare_held(const void *a, const void *b)
{
    const struct entry *x = (*(const struct held *const *)a)->entry,
                       *y = (*(const struct held *const *)b)->entry;
    int order = strcmp(x->kit, y->kit);
    if (order == 0) order = (x->seq > y->seq) - (x->seq < y->seq);
    return order ? order : strcmp(x->id, y->id);
}

static int choose_of_chain(struct plan *p, const struct fold_chain *c)
{
    int64_t beyond = held_by_receiver(p->order, c->kit);
    if (c->forked_at && c->forked_at <= beyond) beyond = c->forked_at - 1;
    if (c->broken_at) beyond = 0;
    for (size_t i = 0; i < c->entries_len; i++) {
        const struct held *h = c->entries[i];
        if (h->entry->seq <= beyond && !is_lacking(p->order, h->entry)) continue;
        if (h->verdict != VERDICT_GOOD && !p->order->quarantined_too) continue;
        p->entries = array_room(&p->arena, p->entries, p->entries_len, &p->entries_cap, sizeof *p->entries);
        if (!p->entries) return ERR_ROAD;
        p->entries[p->entries_len++] = h;
    }
    return 0;
}

static int choose_entries(struct plan *p)
{
    size_t len;
    const struct fold_chain *const *chains = fold_chains(p->order->fold, p->order->case_name, &len);
    if (p->order->without_entries) return 0;
    for (size_t i = 0; i < len; i++) {
        int rc = choose_of_chain(p, chains[i]);
        if (rc) return rc;
    }
    if (p->entries_len) qsort(p->entries, p->entries_len, sizeof(struct held *), compare_held);
    return 0;
}

/* All signatures are of one length, so one line tells what each adds to its entry. */
static int measure_line(struct plan *p)
{
    struct buf line;
    if (p->entries_len == 0) return 0;
    buf_init(&line, 2 * ENTRY_MAX_BYTES);
    entry_line_write(&line, p->entries[0]->entry, p->entries[0]->public_key);
    int rc = buf_error(&line);
    p->line_overhead = line.len - p->entries[0]->entry->bytes_len;
    buf_release(&line);
    return rc;
}

/* ---- into which bundle ---- */

static uint64_t tar_cost(uint64_t size)
{
    return TAR_BLOCK + (size + TAR_BLOCK - 1) / TAR_BLOCK * TAR_BLOCK;
}

static uint64_t blob_cost(uint64_t size)
{
    return tar_cost(size) + MEMBER_COST + (size / PIECE_SIZE + 1) * HASH_COST;
}

/* What gzip and age may add at most: 16 + 5 bytes in 64 KiB, blocks of deflate as small as 5,000 bytes, and
 * 18 with each member of gzip, of which every piece of evidence may begin one. */
static bool fits(const struct plan *p, uint64_t more)
{
    uint64_t plain = p->last->plain + more;
    return plain + plain / 512 + (p->last->members_len + 1) * 32 <= p->order->part_size;
}

static bool is_empty(const struct part *p)
{
    return p->entries == 0 && p->members_len == 0;
}

static int begin_part(struct plan *p)
{
    const struct bundle_order *o = p->order;
    struct part *part = arena_alloc(&p->arena, sizeof *part);
    if (!part) return ERR_ROAD;
    part->plain = HEAD_COST + p->have_len * HAVE_COST + o->want_len * HASH_COST;
    if (p->last) {
        part->first_entry = p->last->first_entry + p->last->entries;
        p->last->next = part;
    } else {
        part->plain += o->receipt ? tar_cost((o->brief ? o->brief : o->receipt)->len) : 0;
        p->first = part;
    }
    p->last = part;
    p->parts_len++;
    return 0;
}

static int plan_entries(struct plan *p)
{
    for (size_t i = 0; i < p->entries_len; i++) {
        uint64_t size = p->entries[i]->entry->bytes_len + p->line_overhead;
        bool full = !fits(p, size) || p->last->entries_bytes + size > BUNDLE_MAX_ENTRIES_BYTES;
        int rc = full && !is_empty(p->last) ? begin_part(p) : 0;
        if (rc) return rc;
        p->last->entries++;
        p->last->entries_bytes += size;
        p->last->plain += size;
        p->total += size;
    }
    return 0;
}

static int add_member(struct plan *p, const struct member *m)
{
    struct part *part = p->last;
    part->members = array_room(&p->arena, part->members, part->members_len, &part->members_cap, sizeof *m);
    if (!part->members) return ERR_ROAD;
    part->members[part->members_len++] = *m;
    part->plain += blob_cost(m->size);
    p->total += m->size;
    return 0;
}

static int plan_whole(struct plan *p, const struct evidence *e)
{
    struct member m = {.kind = MEMBER_BLOB, .size = e->size, .whole = e->size};
    memcpy(m.sha256, e->sha256, SHA256_HEX);
    int rc = fits(p, blob_cost(e->size)) || is_empty(p->last) ? 0 : begin_part(p);
    return rc ? rc : add_member(p, &m);
}

/* As many of the pieces from `at` on as the open bundle has room for. */
static uint64_t run_that_fits(const struct plan *p, const struct evidence *e, uint64_t at)
{
    uint64_t run = 0, next = 0;
    while (at + run < e->size) {
        next = run + PIECE_SIZE < e->size - at ? run + PIECE_SIZE : e->size - at;
        if (!fits(p, blob_cost(next))) break;
        run = next;
    }
    if (run == 0 && is_empty(p->last)) run = PIECE_SIZE < e->size - at ? PIECE_SIZE : e->size - at;
    return run;
}

static int plan_pieces(struct plan *p, const struct evidence *e)
{
    for (uint64_t at = e->from, run; at < e->size; at += run) {
        run = run_that_fits(p, e, at);
        if (run == 0) {
            int rc = begin_part(p);
            if (rc) return rc;
            run = run_that_fits(p, e, at);
        }
        struct member m = {.kind = MEMBER_BLOB, .size = run, .offset = at, .whole = e->size};
        memcpy(m.sha256, e->sha256, SHA256_HEX);
        m.pieces = e->pieces + at / PIECE_SIZE;
        m.pieces_len = (size_t)((run + PIECE_SIZE - 1) / PIECE_SIZE);
        int rc = add_member(p, &m);
        if (rc) return rc;
    }
    return 0;
}

static int plan_one(struct plan *p, const struct evidence *e)
{
    uint64_t pieces = (e->size + PIECE_SIZE - 1) / PIECE_SIZE;
    if (e->from % PIECE_SIZE || (e->pieces ? pieces != e->pieces_len : pieces > 1 || e->from))
        return err_set(ERR_DAMAGED, "the pieces of evidence '%s' do not make up its size", e->sha256);
    /* receipt.json, receipt.json.sig and entries.jsonl count, too */
    int rc = p->last->members_len + 3 < MANIFEST_MAX_MEMBERS ? 0 : begin_part(p);
    if (rc) return rc;
    bool whole = !e->pieces || (e->from == 0 && fits(p, blob_cost(e->size)));
    return whole ? plan_whole(p, e) : plan_pieces(p, e);
}

static int compare_evidence(const void *a, const void *b)
{
    const struct evidence *x = *(const struct evidence *const *)a, *y = *(const struct evidence *const *)b;
    int order = (x->size > y->size) - (x->size < y->size);
    return order ? order : strcmp(x->sha256, y->sha256);
}

static int part_from_entries(struct plan *p)
{
    const struct bundle_order *o = p->order;
    uint64_t size = 0;
    for (size_t i = 0; i < o->evidence_len; i++) size += o->evidence[i].size - o->evidence[i].from;
    return o->entries_apart && p->last->entries && size > APART_SIZE ? begin_part(p) : 0;
}

static int plan_evidence(struct plan *p)
{
    const struct bundle_order *o = p->order;
    if (o->evidence_len == 0) return 0;
    int apart = part_from_entries(p);
    if (apart) return apart;
    const struct evidence **sorted = arena_alloc(&p->arena, o->evidence_len * sizeof *sorted);
    if (!sorted) return ERR_ROAD;
    for (size_t i = 0; i < o->evidence_len; i++) sorted[i] = &o->evidence[i];
    qsort(sorted, o->evidence_len, sizeof *sorted, compare_evidence);
    for (size_t i = 0; i < o->evidence_len; i++) {
        int rc = plan_one(p, sorted[i]);
        if (rc) return rc;
    }
    return 0;
}

/* Nobody learns from it what he has not said himself. */
static int limit_have(struct plan *p)
{
    size_t n = 0;
    struct have *list = arena_alloc(&p->arena, (p->have_len + 1) * sizeof *list);
    if (!list) return ERR_ROAD;
    for (size_t i = 0; i < p->have_len; i++) {
        int64_t told = held_by_receiver(p->order, p->have[i].kit);
        if (told > 0)
            list[n++] = (struct have){p->have[i].kit, told < p->have[i].seq ? told : p->have[i].seq};
    }
    p->have = list;
    p->have_len = n;
    return 0;
}

static int make_plan(struct plan *p)
{
    const struct bundle_order *o = p->order;
    if (o->part_size < BUNDLE_PART_MIN || o->part_size > BUNDLE_PART_MAX)
        return err_set(ERR_INPUT, "a part size of %llu bytes is out of range; choose 1 MiB to 4032 MiB",
            (unsigned long long)o->part_size);
    int rc = fold_have(o->fold, o->case_name, &p->arena, &p->have, &p->have_len);
    if (rc == 0 && o->tell_no_more) rc = limit_have(p);
    if (rc == 0) rc = choose_entries(p);
    if (rc == 0) rc = measure_line(p);
    if (rc == 0) rc = begin_part(p);
    if (rc == 0) rc = plan_entries(p);
    return rc ? rc : plan_evidence(p);
}

/* ---- writing one bundle ---- */

struct packer {
    struct plan *plan;
    struct sink *gzip; /* on top of age and the file */
    struct tar_writer tar;
    unsigned char *chunk; /* CHUNK_SIZE */
};

static void advance(struct plan *p, size_t len)
{
    struct progress *progress = p->order->progress;
    p->done += len;
    if (progress) progress->at(progress, p->done, p->total);
}

/* tar -> gzip -> age -> file, each owning what is below it. */
static int packer_open(struct packer *k, const char *path)
{
    struct sink *file = NULL, *age = NULL;
    int rc = file_sink_of(&file, path, k->plan->order->from);
    if (rc) return rc;
    rc = age_sink(&age, file, &k->plan->order->recipient, 1);
    if (rc) {
        sink_close(file);
        return rc;
    }
    rc = gzip_sink(&k->gzip, age, os_processors());
    if (rc) sink_close(age);
    tar_writer_init(&k->tar, k->gzip);
    return rc;
}

static int put_text(struct packer *k, const char *name, const struct buf *text)
{
    int rc = buf_error(text);
    if (rc == 0) rc = gzip_choose(k->gzip, true);
    if (rc == 0) rc = tar_begin(&k->tar, name, text->len);
    if (rc == 0) rc = tar_write(&k->tar, text->data, text->len);
    return rc ? rc : tar_end(&k->tar);
}

static int put_bytes(struct packer *k, const struct member *m, struct source *from)
{
    size_t got = 0, want = m->size < PROBE_SIZE ? (size_t)m->size : PROBE_SIZE;
    char name[TAR_NAME_MAX];
    member_name(name, m);
    int rc = source_read_full(from, k->chunk, want, &got);
    if (rc == 0) rc = gzip_choose(k->gzip, gzip_worth(k->chunk, got));
    if (rc == 0) rc = tar_begin(&k->tar, name, m->size);
    for (uint64_t left = m->size; rc == 0 && left > 0;) {
        if (got < want) return err_set(ERR_DAMAGED, "evidence '%s' is shorter than it was", m->sha256);
        rc = tar_write(&k->tar, k->chunk, got);
        advance(k->plan, got);
        left -= got;
        want = left < CHUNK_SIZE ? (size_t)left : CHUNK_SIZE;
        if (rc == 0) rc = source_read_full(from, k->chunk, want, &got);
    }
    if (rc == 0 && m->offset + m->size == m->whole) {
        rc = source_read(from, k->chunk, 1, &got);
        if (rc == 0 && got) rc = err_set(ERR_DAMAGED, "evidence '%s' is longer than it was", m->sha256);
    }
    return rc ? rc : tar_end(&k->tar);
}

static int put_blob(struct packer *k, const struct member *m)
{
    struct source *from = NULL;
    const struct bundle_order *o = k->plan->order;
    int rc = o->open_evidence(o->ctx, m->sha256, m->offset, &from);
    if (rc == 0) rc = put_bytes(k, m, from);
    source_close(from);
    return rc;
}

/* What is put together in memory before a bundle can be written. */
struct head {
    struct manifest manifest;
    struct buf manifest_bytes, manifest_sig, receipt_sig, entries;
    const struct buf *receipt; /* in the first bundle only, as it is carried */
};

static void head_init(struct head *h)
{
    memset(h, 0, sizeof *h);
    buf_init(&h->manifest_bytes, MANIFEST_MAX_BYTES);
    buf_init(&h->manifest_sig, 4096);
    buf_init(&h->receipt_sig, 4096);
    buf_init(&h->entries, (size_t)BUNDLE_MAX_ENTRIES_BYTES);
}

static void head_release(struct head *h)
{
    buf_release(&h->manifest_bytes);
    buf_release(&h->manifest_sig);
    buf_release(&h->receipt_sig);
    buf_release(&h->entries);
}

static int sign(struct buf *out, const struct signer *by, const char *ns, const struct buf *bytes)
{
    unsigned char sig[SIGNATURE_SIZE];
    int rc = buf_error(bytes);
    if (rc == 0) rc = sshsig_sign(sig, by, ns, bytes->data, bytes->len);
    if (rc) return rc;
    sshsig_armor(out, sig, by->public_key, ns);
    return buf_error(out);
}

static struct member text_member(enum member_kind kind, const struct buf *text)
{
    unsigned char hash[SHA256_SIZE];
    struct member m = {.kind = kind, .size = text->len};
    sha256(hash, text->data, text->len);
    hex_write(m.sha256, hash, sizeof hash);
    return m;
}

static int list_members(struct plan *p, const struct part *part, struct head *h)
{
    struct member *members = arena_alloc(&p->arena, (part->members_len + 3) * sizeof *members);
    size_t len = 0;
    if (!members) return ERR_ROAD;
    if (h->receipt) {
        members[len++] = text_member(MEMBER_RECEIPT, h->receipt);
        members[len++] = text_member(MEMBER_RECEIPT_SIG, &h->receipt_sig);
    }
    members[len++] = text_member(MEMBER_ENTRIES, &h->entries);
    if (part->members_len) memcpy(members + len, part->members, part->members_len * sizeof *members);
    h->manifest.members = members;
    h->manifest.members_len = len + part->members_len;
    return 0;
}

static int make_head(struct head *h, struct plan *p, const struct part *part)
{
    const struct bundle_order *o = p->order;
    int rc = 0;
    for (size_t i = 0; i < part->entries; i++) {
        const struct held *e = p->entries[part->first_entry + i];
        entry_line_write(&h->entries, e->entry, e->public_key);
    }
    h->receipt = part == p->first ? (o->brief ? o->brief : o->receipt) : NULL;
    if (h->receipt) rc = sign(&h->receipt_sig, o->signer, NAMESPACE_RECEIPT, o->receipt);
    if (rc == 0) rc = buf_error(&h->entries);
    if (rc == 0) rc = list_members(p, part, h);
    if (rc) return rc;
    h->manifest.case_name = o->case_name;
    h->manifest.from = o->from;
    h->manifest.to = o->to;
    h->manifest.entries = (int64_t)part->entries;
    h->manifest.have = p->have;
    h->manifest.have_len = p->have_len;
    if (part->entries || part->members_len == 0) h->manifest.receipt = o->have_receipt;
    h->manifest.want = o->want;
    h->manifest.want_len = o->want_len;
    rc = manifest_write(&h->manifest_bytes, &p->arena, &h->manifest);
    return rc ? rc : sign(&h->manifest_sig, o->signer, NAMESPACE_BUNDLE, &h->manifest_bytes);
}

static int put_all(struct packer *k, const struct part *part, const struct head *h)
{
    int rc = put_text(k, BUNDLE_MANIFEST, &h->manifest_bytes);
    if (rc == 0) rc = put_text(k, BUNDLE_MANIFEST_SIG, &h->manifest_sig);
    if (rc == 0 && h->receipt) rc = put_text(k, "receipt.json", h->receipt);
    if (rc == 0 && h->receipt) rc = put_text(k, "receipt.json.sig", &h->receipt_sig);
    if (rc == 0) rc = put_text(k, "entries.jsonl", &h->entries);
    advance(k->plan, h->entries.len);
    for (size_t i = 0; rc == 0 && i < part->members_len; i++) rc = put_blob(k, &part->members[i]);
    if (rc == 0) rc = tar_finish(&k->tar);
    return rc ? rc : sink_finish(k->gzip);
}

static int write_file(struct plan *p, const struct part *part, const struct head *h, const char *path)
{
    struct packer k = {.plan = p};
    int rc = 0;
    k.chunk = malloc(CHUNK_SIZE);
    if (!k.chunk) return err_memory();
    rc = packer_open(&k, path);
    if (rc == 0) rc = put_all(&k, part, h);
    sink_close(k.gzip);
    free(k.chunk);
    return rc;
}

static int name_file(
    struct bundle_file *file, struct arena *a, const struct part *part, const char *id, const char *folder)
{
    const char *name = arena_printf(a, "%.32s" BUNDLE_SUFFIX, id);
    const char **evidence = arena_alloc(a, (part->members_len + 1) * sizeof *evidence);
    if (!name || !evidence) return ERR_ROAD;
    for (size_t i = 0; i < part->members_len; i++) {
        evidence[i] = arena_strdup(a, part->members[i].sha256);
        if (!evidence[i]) return ERR_ROAD;
    }
    file->evidence = evidence;
    file->evidence_len = part->members_len;
    memcpy(file->id, id, SHA256_HEX);
    file->path = path_join(a, folder, name);
    return file->path ? 0 : ERR_ROAD;
}

/* A link of that name is none of ours; it is replaced. */
static bool is_there(const char *path)
{
    bool linked = os_refuse_link(path) != 0;
    if (linked) err_clear();
    return !linked && os_exists(path);
}

/* *fresh: the file was not there before. */
static int write_part(struct plan *p, const struct part *part, const char *folder, struct arena *a,
    struct bundle_file *file, bool *fresh)
{
    struct head h;
    struct file_info info;
    head_init(&h);
    int rc = make_head(&h, p, part);
    if (rc == 0) rc = name_file(file, a, part, h.manifest.id, folder);
    if (rc) goto out;
    *fresh = !is_there(file->path);
    if (*fresh) rc = write_file(p, part, &h, file->path);
    if (rc == 0) rc = os_stat(&info, file->path);
    if (rc == 0) file->size = info.size;
out:
    head_release(&h);
    return rc;
}

/* The failure that led here is the one to tell of. */
static void remove_made(const struct bundle_files *b, const bool *fresh)
{
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < b->len; i++)
        if (fresh[i]) rc = os_remove(b->files[i].path);
}

static int write_parts(struct plan *p, struct bundle_files *out, const char *folder)
{
    int rc = 0;
    bool *fresh = arena_alloc(&p->arena, p->parts_len * sizeof *fresh);
    out->files = arena_alloc(&out->arena, p->parts_len * sizeof *out->files);
    if (!fresh || !out->files) return ERR_ROAD;
    for (const struct part *part = p->first; rc == 0 && part; part = part->next, out->len++)
        rc = write_part(p, part, folder, &out->arena, &out->files[out->len], &fresh[out->len]);
    if (rc) remove_made(out, fresh);
    return rc;
}

int bundle_cut(struct bundle_files *out, const struct bundle_order *order, const char *folder)
{
    struct bundle_files made = {0};
    struct bundle_order o = *order;
    struct plan p = {.order = &o};
    if (o.want_len > WANT_MAX) o.want_len = WANT_MAX;
    arena_init(&p.arena);
    arena_init(&made.arena);
    int rc = make_plan(&p);
    if (rc) goto out;
    if (!is_empty(p.first) || o.want_len || o.receipt || o.tell_have) rc = write_parts(&p, &made, folder);
    if (rc) goto out;
    *out = made;
    arena_init(&made.arena);
out:
    arena_release(&made.arena);
    arena_release(&p.arena);
    return rc;
}

void bundle_files_release(struct bundle_files *b)
{
    arena_release(&b->arena);
    memset(b, 0, sizeof *b);
}
