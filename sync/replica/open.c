/* Opening bundles (their bytes: bundle.h, manifest.h): age -> gzip -> tar, in one pass.
 *
 * Nothing is believed before it is checked: the manifest's signature before the manifest is parsed, its
 * sender before what follows is read, and each member must be the one announced, by order, name, size and
 * hash. */
#include "satchel/replica/bundle.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "satchel/base/os.h"
#include "satchel/format/age.h"
#include "satchel/format/gzip.h"
#include "satchel/format/tar.h"

#define CHUNK_SIZE ((size_t)128 << 10)
#define SIGNATURE_MAX ((size_t)2 << 10)
#define LINE_MAX_BYTES (ENTRY_MAX_BYTES + 1024)
#define LINE_MIN_BYTES 256 /* the frame and the signature alone are longer */
#define PLAIN_MAX ((UINT64_C(4) << 30) + (UINT64_C(64) << 20))
#define ENTRIES_MEMORY_MAX ((size_t)192 << 20) /* 16 MiB of small entries take about 90 */
#define THREADS_MOST 8

struct opening {
    struct opened opened;
    const struct bundle_receiver *r;
    struct arena *arena;
    struct tar_reader tar;
    struct digest *digest;
    unsigned char *chunk; /* CHUNK_SIZE */
    struct buf line;      /* of entries.jsonl, what has come of it */
    size_t memory_before; /* of the arena, when entries began to come */
    uint64_t done, total; /* bytes, for the progress */
};

/* ---- members ---- */

static int expect(struct tar_reader *t, const char *name)
{
    int rc = tar_next(t);
    if (rc < 0) return rc;
    if (rc == 0) return err_set(ERR_INPUT, "it ends where '%s' should follow", name);
    if (strcmp(t->name, name) != 0)
        return err_set(ERR_INPUT, "it has '%s' where '%s' should follow", t->name, name);
    return 0;
}

static int expect_member(struct tar_reader *t, const struct member *m)
{
    char name[TAR_NAME_MAX];
    member_name(name, m);
    int rc = expect(t, name);
    if (rc == 0 && t->size != m->size)
        rc = err_set(ERR_INPUT, "'%s' is not of the size that the manifest announces", name);
    return rc;
}

/* The open member, whole; out->max is its limit. */
static int read_whole(struct tar_reader *t, struct buf *out)
{
    if (t->size > out->max)
        return err_set(ERR_INPUT, "'%s' is over the limit of %zu bytes", t->name, out->max);
    unsigned char *to = buf_space(out, (size_t)t->size);
    size_t n = 1;
    if (!to) return buf_error(out);
    for (uint64_t have = 0; n > 0; have += n) {
        int rc = tar_read(t, to + have, (size_t)(t->size - have), &n);
        if (rc) return rc;
    }
    return 0;
}

static int check_hash(struct digest *d, const char *sha256, const char *name)
{
    unsigned char hash[SHA256_SIZE];
    char hex[SHA256_HEX];
    digest_end(d, hash);
    hex_write(hex, hash, sizeof hash);
    if (strcmp(hex, sha256) == 0) return 0;
    return err_set(ERR_INPUT, "the bytes of '%s' are not those that were announced", name);
}

static int read_checked(struct opening *w, const struct member *m, struct buf *out)
{
    int rc = read_whole(&w->tar, out);
    if (rc) return rc;
    digest_add(w->digest, out->data, out->len);
    return check_hash(w->digest, m->sha256, w->tar.name);
}

static void advance(struct opening *w, size_t len)
{
    struct progress *p = w->r->progress;
    w->done += len;
    if (p) p->at(p, w->done, w->total);
}

/* ---- manifest ---- */

/* The manifest and the key that signed it; `sender` (may be NULL) is asked before the manifest is parsed. */
static int read_manifest(
    struct manifest **out, struct arena *a, struct tar_reader *t, const struct bundle_receiver *r)
{
    struct buf bytes, armor;
    unsigned char sig[SIGNATURE_SIZE], key[KEY_SIZE];
    char kit[KIT_ID_SIZE];
    struct manifest *m = NULL;
    buf_init(&bytes, MANIFEST_MAX_BYTES);
    buf_init(&armor, SIGNATURE_MAX);
    int rc = expect(t, BUNDLE_MANIFEST);
    if (rc == 0) rc = read_whole(t, &bytes);
    if (rc == 0) rc = expect(t, BUNDLE_MANIFEST_SIG);
    if (rc == 0) rc = read_whole(t, &armor);
    if (rc == 0) rc = sshsig_armor_read(sig, key, NAMESPACE_BUNDLE, buf_str(&armor), armor.len);
    if (rc) goto out;
    if (!sshsig_good(sig, key, NAMESPACE_BUNDLE, bytes.data, bytes.len)) {
        rc = err_set(ERR_INPUT, "the signature of its manifest is not good");
        goto out;
    }
    kit_id_of(kit, key);
    if (r) rc = r->sender(r->ctx, kit, key);
    if (rc == 0) rc = manifest_parse(&m, a, bytes.data, bytes.len);
    if (rc == 0 && strcmp(m->from, kit) != 0)
        rc = err_set(ERR_INPUT, "it says that it is from '%s', but '%s' has signed it", m->from, kit);
    if (rc == 0) *out = m;
out:
    buf_release(&bytes);
    buf_release(&armor);
    return rc;
}

static int check_manifest(struct opening *w, const struct manifest *m)
{
    if (strcmp(m->to, w->r->self) != 0)
        return err_set(ERR_INPUT, "it is for '%s', not for '%s'", m->to, w->r->self);
    for (size_t i = 0; i < m->members_len; i++) {
        w->total += m->members[i].size;
        if (m->members[i].kind == MEMBER_ENTRIES &&
            (uint64_t)m->entries > m->members[i].size / LINE_MIN_BYTES)
            return err_set(ERR_INPUT, "it announces more entries than there can be in their bytes");
    }
    w->opened.manifest = m;
    w->opened.entries = arena_alloc(w->arena, (size_t)m->entries * sizeof *w->opened.entries);
    return w->opened.entries ? 0 : ERR_ROAD;
}

/* ---- entries ---- */

static int keep_line(struct opening *w, struct opened_entry *e, const char *line, size_t len)
{
    e->error = arena_printf(w->arena, "%s", err_message());
    e->line = arena_strndup(w->arena, line, len);
    e->line_len = len;
    return e->error && e->line ? 0 : ERR_ROAD;
}

/* A line that can't be read is told of; it does not keep the others out. */
static int take_line(struct opening *w, const char *line, size_t len)
{
    const struct manifest *m = w->opened.manifest;
    struct entry *entry = NULL;
    if (w->opened.entries_len == (size_t)m->entries)
        return err_set(ERR_INPUT, "it has more entries than the manifest announces");
    struct opened_entry *e = &w->opened.entries[w->opened.entries_len++];
    int rc = entry_line_parse(&entry, w->arena, e->public_key, line, len);
    if (w->arena->used - w->memory_before > ENTRIES_MEMORY_MAX)
        return err_set(ERR_INPUT, "its entries have too many values");
    if (rc == 0 && strcmp(entry->case_name, m->case_name) != 0)
        rc = err_set(
            ERR_INPUT, "an entry of case '%s' is in a bundle of case '%s'", entry->case_name, m->case_name);
    if (rc == ERR_INPUT) return keep_line(w, e, line, len);
    e->entry = entry;
    return rc;
}

static int add_to_line(struct opening *w, const char *bytes, size_t len)
{
    buf_add(&w->line, bytes, len);
    return w->line.error ? err_set(ERR_INPUT, "a line of entries.jsonl is longer than an entry can be") : 0;
}

static int take_lines(struct opening *w, const char *bytes, size_t len)
{
    int rc = 0;
    for (const char *end; rc == 0 && (end = memchr(bytes, '\n', len));) {
        size_t n = (size_t)(end - bytes);
        rc = add_to_line(w, bytes, n);
        if (rc == 0) rc = take_line(w, buf_str(&w->line), w->line.len);
        buf_clear(&w->line);
        bytes += n + 1;
        len -= n + 1;
    }
    return rc ? rc : add_to_line(w, bytes, len);
}

static int take_entries(struct opening *w, const struct member *m)
{
    size_t n = 1;
    int rc = 0;
    w->memory_before = w->arena->used;
    while (rc == 0 && n > 0) {
        rc = tar_read(&w->tar, w->chunk, CHUNK_SIZE, &n);
        if (rc) return rc;
        digest_add(w->digest, w->chunk, n);
        rc = take_lines(w, (const char *)w->chunk, n);
        advance(w, n);
    }
    if (rc) return rc;
    if (w->line.len) return err_set(ERR_INPUT, "entries.jsonl ends within a line");
    if (w->opened.entries_len != (size_t)w->opened.manifest->entries)
        return err_set(ERR_INPUT, "it has fewer entries than the manifest announces");
    return check_hash(w->digest, m->sha256, w->tar.name);
}

/* Each thread takes every n-th entry. */
struct verifier {
    pthread_t thread;
    struct opened *opened;
    size_t first, step;
};

static void *verify_entries(void *arg)
{
    struct verifier *v = arg;
    for (size_t i = v->first; i < v->opened->entries_len; i += v->step) {
        struct opened_entry *e = &v->opened->entries[i];
        if (e->entry) e->signature_good = entry_signature_good(e->entry, e->public_key);
    }
    return NULL;
}

static void verify_all(struct opened *o)
{
    struct verifier v[THREADS_MOST];
    int n = os_processors(), started = 0;
    if (n < 1 || o->entries_len < 64) n = 1;
    if (n > THREADS_MOST) n = THREADS_MOST;
    for (int i = 0; i < n; i++) v[i] = (struct verifier){.opened = o, .first = (size_t)i, .step = (size_t)n};
    while (started < n - 1 && pthread_create(&v[started].thread, NULL, verify_entries, &v[started]) == 0)
        started++;
    for (int i = started; i < n; i++) verify_entries(&v[i]);
    for (int i = 0; i < started; i++) pthread_join(v[i].thread, NULL);
}

static int verify_signatures(struct opening *w)
{
    struct buf line;
    int rc = 0;
    verify_all(&w->opened);
    buf_init(&line, 2 * LINE_MAX_BYTES);
    for (size_t i = 0; rc == 0 && i < w->opened.entries_len; i++) {
        struct opened_entry *e = &w->opened.entries[i];
        if (!e->entry || e->signature_good) continue;
        buf_clear(&line);
        entry_line_write(&line, e->entry, e->public_key);
        rc = buf_error(&line);
        if (rc) break;
        err_set(ERR_INPUT, "its signature is not good");
        rc = keep_line(w, e, buf_str(&line), line.len - 1);
    }
    buf_release(&line);
    return rc;
}

/* ---- receipt and evidence ---- */

static int take_receipt(struct opening *w, const struct member *m)
{
    return read_checked(w, m, &w->opened.receipt_bytes);
}

static int find_receipt(struct opening *w, const char *id, struct receipt **out)
{
    int rc = w->r->receipt ? w->r->receipt(w->r->ctx, w->opened.manifest->case_name, id, w->arena, out) : ERR_MISSING;
    return rc == ERR_MISSING ? err_set(rc, "its receipt builds on '%.12s…', which is not here", id) : rc;
}

/* From here on the bytes are those of the whole. */
static int restore_receipt(struct opening *w, const char *since)
{
    struct buf whole, *bytes = &w->opened.receipt_bytes;
    struct receipt *before = NULL;
    int rc = find_receipt(w, since, &before);
    if (rc) return rc;
    buf_init(&whole, RECEIPT_MAX_BYTES);
    rc = receipt_restore(&whole, w->arena, bytes->data, bytes->len, before);
    if (rc == 0) {
        buf_release(bytes);
        *bytes = whole;
    } else {
        buf_release(&whole);
    }
    return rc;
}

static int verify_receipt(struct opening *w)
{
    struct opened *o = &w->opened;
    unsigned char sig[SIGNATURE_SIZE];
    char kit[KIT_ID_SIZE];
    struct receipt *receipt = NULL;
    int rc = sshsig_armor_read(
        sig, o->receipt_key, NAMESPACE_RECEIPT, buf_str(&o->receipt_sig), o->receipt_sig.len);
    if (rc) return rc;
    if (!sshsig_good(sig, o->receipt_key, NAMESPACE_RECEIPT, o->receipt_bytes.data, o->receipt_bytes.len))
        return err_set(ERR_INPUT, "the signature of its receipt is not good");
    rc = receipt_parse(&receipt, w->arena, o->receipt_bytes.data, o->receipt_bytes.len);
    if (rc) return rc;
    kit_id_of(kit, o->receipt_key);
    if (strcmp(receipt->hub, kit) != 0)
        return err_set(ERR_INPUT, "its receipt is of hub '%s', but '%s' has signed it", receipt->hub, kit);
    o->receipt = receipt;
    return 0;
}

/* One in brief that can't be restored keeps nothing else of the bundle out: another one, whole, is due from the hub. */
static int leave_unread(struct opening *w)
{
    w->opened.unread = arena_strdup(w->arena, err_message());
    err_clear();
    return w->opened.unread ? 0 : ERR_ROAD;
}

static int take_receipt_sig(struct opening *w, const struct member *m)
{
    struct opened *o = &w->opened;
    int rc = read_checked(w, m, &o->receipt_sig);
    if (rc) return rc;
    const char *since = receipt_since(w->arena, o->receipt_bytes.data, o->receipt_bytes.len);
    rc = since ? restore_receipt(w, since) : 0;
    if (rc == 0) rc = verify_receipt(w);
    return since && (rc == ERR_INPUT || rc == ERR_MISSING) ? leave_unread(w) : rc;
}

/* One run of the open member that has a hash of its own. */
static int copy_run(struct opening *w, struct sink *to, uint64_t len, const char *sha256)
{
    while (len > 0) {
        size_t n = 0;
        int rc = tar_read(&w->tar, w->chunk, len < CHUNK_SIZE ? (size_t)len : CHUNK_SIZE, &n);
        if (rc == 0) rc = sink_write(to, w->chunk, n);
        if (rc) return rc;
        digest_add(w->digest, w->chunk, n);
        advance(w, n);
        len -= n;
    }
    return check_hash(w->digest, sha256, w->tar.name);
}

static int copy_blob(struct opening *w, struct sink *to, const struct member *m)
{
    int rc = 0;
    if (!m->pieces) return copy_run(w, to, m->size, m->sha256);
    for (size_t i = 0; rc == 0 && i < m->pieces_len; i++) {
        uint64_t left = m->size - i * PIECE_SIZE;
        rc = copy_run(w, to, left < PIECE_SIZE ? left : PIECE_SIZE, m->pieces[i]);
    }
    return rc;
}

static int take_blob(struct opening *w, const struct member *m)
{
    struct sink *to = NULL;
    int rc = w->r->stage(w->r->ctx, m, &to);
    if (rc == 0) rc = copy_blob(w, to, m);
    if (rc == 0) rc = sink_finish(to);
    sink_close(to);
    return rc;
}

/* ---- the whole ---- */

static int take_members(struct opening *w)
{
    static int (*const take[])(struct opening *, const struct member *) = {
        [MEMBER_RECEIPT] = take_receipt,
        [MEMBER_RECEIPT_SIG] = take_receipt_sig,
        [MEMBER_ENTRIES] = take_entries,
        [MEMBER_BLOB] = take_blob,
    };
    const struct manifest *m = w->opened.manifest;
    for (size_t i = 0; i < m->members_len; i++) {
        int rc = expect_member(&w->tar, &m->members[i]);
        if (rc == 0) rc = take[m->members[i].kind](w, &m->members[i]);
        if (rc) return rc;
    }
    int rc = tar_next(&w->tar);
    return rc == 1 ? err_set(ERR_INPUT, "it has '%s', which the manifest does not announce", w->tar.name)
                   : rc;
}

static int read_all(struct opening *w)
{
    struct manifest *m = NULL;
    int rc = digest_sha256(&w->digest);
    if (rc) return rc;
    w->chunk = malloc(CHUNK_SIZE);
    if (!w->chunk) return err_memory();
    rc = read_manifest(&m, w->arena, &w->tar, w->r);
    if (rc == 0) rc = check_manifest(w, m);
    if (rc == 0) rc = take_members(w);
    return rc ? rc : verify_signatures(w);
}

int bundle_read(struct opened *out, struct arena *a, struct source *tar, const struct bundle_receiver *r)
{
    struct opening w = {.r = r, .arena = a, .opened = {.arena = a}};
    buf_init(&w.opened.receipt_bytes, RECEIPT_MAX_BYTES);
    buf_init(&w.opened.receipt_sig, SIGNATURE_MAX);
    buf_init(&w.line, LINE_MAX_BYTES);
    tar_reader_init(&w.tar, tar);
    int rc = read_all(&w);
    if (rc == 0)
        *out = w.opened;
    else
        opened_release(&w.opened);
    buf_release(&w.line);
    digest_free(w.digest);
    free(w.chunk);
    return rc;
}

void opened_release(struct opened *o)
{
    buf_release(&o->receipt_bytes);
    buf_release(&o->receipt_sig);
}

/* file -> age -> gunzip, each owning what is below it. */
static int open_stack(struct source **out, const char *path, const unsigned char identity[KEY_SIZE])
{
    struct source *file = NULL, *age = NULL;
    unsigned char identities[1][KEY_SIZE];
    struct file_info info;
    int rc = os_stat(&info, path); /* a stick may hold a pipe that nobody writes to */
    if (rc == 0 && !info.is_file) rc = err_set(ERR_INPUT, "'%s' is not a regular file", path);
    if (rc == 0) rc = file_source(&file, path);
    if (rc) return rc;
    memcpy(identities[0], identity, KEY_SIZE);
    rc = age_source(&age, file, (const unsigned char(*)[KEY_SIZE])identities, 1);
    wipe(identities, sizeof identities);
    if (rc) {
        source_close(file);
        return rc;
    }
    rc = gunzip_source(out, age, PLAIN_MAX);
    if (rc) source_close(age);
    return rc;
}

int bundle_open(struct opened *out, struct arena *a, const char *path, const struct bundle_receiver *r)
{
    struct source *tar = NULL;
    int rc = open_stack(&tar, path, r->identity);
    if (rc == 0) rc = bundle_read(out, a, tar, r);
    source_close(tar);
    return rc ? err_within(rc, "bundle '%s'", path_name(path)) : 0;
}

int bundle_peek(
    const struct manifest **out, struct arena *a, const char *path, const unsigned char identity[KEY_SIZE])
{
    struct source *tar = NULL;
    struct tar_reader reader;
    struct manifest *m = NULL;
    int rc = open_stack(&tar, path, identity);
    if (rc) goto out;
    tar_reader_init(&reader, tar);
    rc = read_manifest(&m, a, &reader, NULL);
    if (rc == 0) *out = m;
out:
    source_close(tar);
    return rc ? err_within(rc, "bundle '%s'", path_name(path)) : 0;
}
