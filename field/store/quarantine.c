/* Evidence that comes in bundles. While a bundle is being read its blobs and parts lie sealed in a folder of
 * their own, inbox/bundle-<random>/; once every byte has been checked, whole ones are renamed into blobs/ and
 * parts to
 *
 *   inbox/<blob name>+<offset>-<case>      the sealed bytes from that offset on
 *
 * <case> is 16 digits of HMAC-SHA-256(store key, "case " name): each case has its own parts, because only a
 * case whose bundles have brought all of it may hand it on (evidence_of_case). When they cover the whole they
 * are put together into one sealed file, whose hash is checked before it is published. Whatever a crash
 * leaves is either one of these or a folder that store_clean removes. */
#include "internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "satchel/format/age.h"

struct staged {
    struct staged *next;
    char sha256[SHA256_HEX];
    uint64_t offset, size, whole;
    const char *path; /* in the quarantine folder */
    bool brought;     /* its case has brought the whole by now */
};

#define TAG_DIGITS 16

struct quarantine {
    struct store *s;
    struct arena arena;
    const char *folder;
    struct staged *staged; /* in the order of the bundle */
    struct staged **last;
    const char *case_name; /* once the bundle is known to be good */
    char tag[TAG_DIGITS + 1];
};

int quarantine_new(struct quarantine **out, struct store *s)
{
    struct quarantine *st = calloc(1, sizeof *st);
    if (!st) return err_memory();
    st->s = s;
    st->last = &st->staged;
    arena_init(&st->arena);
    st->folder = inbox_path(s, &st->arena, "bundle");
    int err = st->folder ? os_make_folder(st->folder) : ERR_ROAD;
    if (err)
        quarantine_free(st);
    else
        *out = st;
    return err;
}

void quarantine_free(struct quarantine *st)
{
    if (!st) return;
    int err = st->folder ? os_remove_tree(st->folder) : 0;
    (void)err; /* what stays is removed by the next store_clean */
    arena_release(&st->arena);
    free(st);
}

static const char *part_name(struct quarantine *st, const char *sha256, uint64_t offset)
{
    char name[BLOB_NAME_SIZE];
    blob_name(st->s, sha256, name);
    return arena_printf(&st->arena, "%s+%" PRIu64 "-%s", name, offset, st->tag);
}

/* Whose parts these are, so that a finder of the store can't read it. */
static int name_case(struct quarantine *st, const char *case_name)
{
    unsigned char hash[SHA256_SIZE];
    char hex[SHA256_HEX];
    const char *text = arena_printf(&st->arena, "case %s", case_name);
    st->case_name = arena_strdup(&st->arena, case_name);
    if (!text || !st->case_name) return ERR_ROAD;
    hmac_sha256(hash, st->s->seal.key, KEY_SIZE, text, strlen(text));
    hex_write(hex, hash, sizeof hash);
    memcpy(st->tag, hex, TAG_DIGITS);
    return 0;
}

int quarantine_sink(void *quarantine, const struct member *m, struct sink **out)
{
    struct quarantine *st = quarantine;
    struct staged *item = arena_alloc(&st->arena, sizeof *item);
    const char *name = part_name(st, m->sha256, m->offset);
    if (!item || !name) return ERR_ROAD;
    *item = (struct staged){.offset = m->offset, .size = m->size, .whole = m->whole};
    memcpy(item->sha256, m->sha256, sizeof item->sha256);
    item->path = path_join(&st->arena, st->folder, name);
    if (!item->path) return ERR_ROAD;
    int err = blob_sink(st->s, item->path, out);
    if (err) return err;
    *st->last = item;
    st->last = &item->next;
    return 0;
}

/* ---- publishing ---- */

static bool is_whole(const struct staged *item)
{
    return item->offset == 0 && item->size == item->whole;
}

/* Is all of it here, by way of its case? */
static int is_complete(struct quarantine *st, const struct staged *item, const char *blob, bool *yes)
{
    *yes = blob_whole(blob, item->whole);
    return *yes ? evidence_of_case(st->s, st->case_name, item->sha256, yes) : 0;
}

/* Whole evidence replaces what is there: the same bytes, fresh. A part is kept where its case has not brought
 * the whole yet, and only the longest of one offset. */
static int publish_one(struct quarantine *st, struct staged *item)
{
    bool here;
    const char *blob = blob_path(st->s, &st->arena, item->sha256);
    const char *name = part_name(st, item->sha256, item->offset);
    const char *part = name ? store_path(st->s, &st->arena, "inbox", name) : NULL;
    uint64_t size = 0;
    if (!blob || !part) return ERR_ROAD;
    item->brought = is_whole(item);
    if (item->brought) return os_rename(item->path, blob);
    int err = is_complete(st, item, blob, &here);
    if (err) return err;
    if (here) return os_remove(item->path);
    if (os_exists(part) && age_plain_size(&size, part) == 0 && size >= item->size)
        return os_remove(item->path);
    return os_rename(item->path, part);
}

/* ---- putting parts together ---- */

struct part {
    const char *path;
    uint64_t offset, end;
};

struct parts {
    struct part *list; /* sorted by offset */
    size_t len;
};

static int compare_parts(const void *a, const void *b)
{
    const struct part *x = a, *y = b;
    return x->offset < y->offset ? -1 : x->offset > y->offset;
}

/* The offset between "<blob name>+" and "-<case>"; false for other names. */
static bool part_offset(const char *file, const char *name, const char *tag, uint64_t *offset)
{
    size_t len = strlen(name);
    if (strncmp(file, name, len) != 0 || file[len] != '+') return false;
    const char *digits = file + len + 1;
    size_t n = strspn(digits, "0123456789");
    if (n == 0 || n > 18 || digits[n] != '-' || strcmp(digits + n + 1, tag) != 0) return false;
    *offset = strtoull(digits, NULL, 10);
    return true;
}

static int find_parts(struct quarantine *st, const char *sha256, struct parts *out)
{
    struct store *s = st->s;
    char name[BLOB_NAME_SIZE];
    const char **files, *inbox = path_join(&st->arena, s->folder, "inbox");
    size_t len, n = 0;
    if (!inbox) return ERR_ROAD;
    int err = os_list(&files, &len, &st->arena, inbox);
    if (err) return err;
    struct part *list = arena_alloc(&st->arena, (len + 1) * sizeof *list);
    if (!list) return ERR_ROAD;
    blob_name(s, sha256, name);
    for (size_t i = 0; i < len && !err; i++) {
        uint64_t size;
        struct part *p = &list[n];
        if (!part_offset(files[i], name, st->tag, &p->offset)) continue;
        p->path = path_join(&st->arena, inbox, files[i]);
        err = p->path ? age_plain_size(&size, p->path) : ERR_ROAD;
        if (!err) p->end = p->offset + size;
        if (!err) n++;
    }
    if (n > 1) qsort(list, n, sizeof *list, compare_parts);
    *out = (struct parts){list, n};
    return err;
}

/* The part to go on with at `at`: of those that hold that byte, the one that reaches farthest. */
static const struct part *part_at(const struct parts *parts, uint64_t at)
{
    const struct part *best = NULL;
    for (size_t i = 0; i < parts->len; i++) {
        const struct part *p = &parts->list[i];
        if (p->offset <= at && p->end > at && (!best || p->end > best->end)) best = p;
    }
    return best;
}

static bool cover(const struct parts *parts, uint64_t whole)
{
    uint64_t at = 0;
    for (const struct part *p; at < whole; at = p->end) {
        p = part_at(parts, at);
        if (!p) return false;
    }
    return true;
}

/* The parts as one run of bytes. */
struct joined {
    struct source base;
    struct store *s;
    const struct parts *parts;
    struct source *open;
    uint64_t at, whole;
};

static int joined_read(struct source *base, void *out, size_t cap, size_t *got)
{
    struct joined *j = (struct joined *)base;
    size_t n = 0;
    while (n == 0 && j->at < j->whole) {
        const struct part *p = part_at(j->parts, j->at);
        int err = j->open || !p ? 0 : age_file_source(&j->open, p->path, j->s->identity, j->at - p->offset);
        if (!err && !j->open) err = err_set(ERR_DAMAGED, "a part of evidence is gone from the inbox");
        if (!err) err = source_read(j->open, out, cap, &n);
        if (err) return err;
        if (n > 0) break;
        source_close(j->open);
        j->open = NULL;
    }
    if (n > j->whole - j->at)
        return err_set(ERR_INPUT, "the parts of some evidence are longer than the whole");
    j->at += n;
    *got = n;
    return 0;
}

static void joined_close(struct source *base)
{
    source_close(((struct joined *)base)->open);
}

static int assemble(
    struct quarantine *st, const struct staged *item, const struct parts *parts, struct progress *progress)
{
    struct joined j = {{joined_read, joined_close}, st->s, parts, NULL, 0, item->whole};
    struct sink *to = NULL;
    const char *temporary = path_join(&st->arena, st->folder, "whole");
    const char *blob = blob_path(st->s, &st->arena, item->sha256);
    int err = temporary && blob ? blob_sink(st->s, temporary, &to) : ERR_ROAD;
    if (!err) err = evidence_copy(&j.base, to, item->sha256, progress, item->whole);
    if (!err) err = sink_finish(to);
    sink_close(to);
    source_close(&j.base);
    return err ? err : os_rename(temporary, blob);
}

static int remove_parts(const struct parts *parts)
{
    int err = 0;
    for (size_t i = 0; i < parts->len && !err; i++) err = os_remove(parts->list[i].path);
    return err;
}

/* item->brought: the evidence is there in full now. Parts that make something else are removed, to be asked
 * for again. */
static int complete(struct quarantine *st, struct staged *item, struct progress *progress)
{
    struct parts parts;
    const char *blob = blob_path(st->s, &st->arena, item->sha256);
    int err = blob ? find_parts(st, item->sha256, &parts) : ERR_ROAD;
    if (!err && !item->brought) err = is_complete(st, item, blob, &item->brought);
    if (err || item->brought || !cover(&parts, item->whole)) return err;
    err = assemble(st, item, &parts, progress);
    item->brought = !err;
    if (err != ERR_DAMAGED && err != ERR_INPUT) return err;
    err = remove_parts(&parts);
    return err ? err
               : err_set(ERR_INPUT,
                     "the parts of evidence %.12s… do not make it up; they will be asked for again",
                     item->sha256);
}

static int note_brought(struct quarantine *st, struct store_tx *tx)
{
    int err = 0;
    for (const struct staged *item = st->staged; item && !err; item = item->next) {
        if (!item->brought) continue;
        char *name = brought_name(&st->arena, st->case_name, item->sha256);
        err = name ? store_tx_set(tx, name, "true") : ERR_ROAD;
    }
    return err;
}

/* Before any part goes: without the note the case would have to bring all of them again. */
static int settle(struct quarantine *st)
{
    struct store_tx *tx;
    int err = store_begin(&tx, st->s);
    if (err) return err;
    err = note_brought(st, tx);
    if (!err) return store_commit(tx);
    store_rollback(tx);
    return err;
}

static int remove_done(struct quarantine *st)
{
    int err = 0;
    for (const struct staged *item = st->staged; item && !err; item = item->next) {
        struct parts parts = {0};
        if (item->brought) err = find_parts(st, item->sha256, &parts);
        if (!err) err = remove_parts(&parts);
    }
    return err;
}

static bool met_before(const struct quarantine *st, const struct staged *item)
{
    const struct staged *first = st->staged;
    while (first != item && strcmp(first->sha256, item->sha256) != 0) first = first->next;
    return first != item;
}

int quarantine_publish(
    struct quarantine *st, const char *case_name, int64_t *held, int64_t *awaited, struct progress *progress)
{
    int64_t whole_count = 0, part_count = 0;
    int err = name_case(st, case_name), refused = 0;
    for (struct staged *item = st->staged; item && !err; item = item->next) err = publish_one(st, item);
    for (struct staged *item = st->staged; item && !err; item = item->next) {
        if (met_before(st, item)) continue;
        err = complete(st, item, progress);
        if (err == ERR_INPUT) refused = err, err = 0;
        *(item->brought ? &whole_count : &part_count) += 1;
    }
    if (!err && whole_count) err = settle(st);
    if (!err) err = remove_done(st);
    if (held) *held = whole_count;
    if (awaited) *awaited = part_count;
    return err ? err : refused;
}

/* ---- evidence that comes by itself, piece by piece ---- */

static int reach(struct quarantine *st, const char *sha256, uint64_t *offset)
{
    struct parts parts;
    uint64_t at = 0;
    int err = find_parts(st, sha256, &parts);
    for (const struct part *p; !err && (p = part_at(&parts, at)) != NULL;) at = p->end;
    *offset = at;
    return err;
}

int store_evidence_reach(struct store *s, const char *case_name, const char *sha256, uint64_t *offset)
{
    struct quarantine st = {.s = s};
    uint64_t at = 0;
    arena_init(&st.arena);
    int err = name_case(&st, case_name);
    if (!err) err = reach(&st, sha256, &at);
    arena_release(&st.arena);
    if (!err) *offset = at;
    return err;
}

static bool hashes_to(const void *bytes, size_t len, const char *wanted)
{
    unsigned char hash[SHA256_SIZE];
    char hex[SHA256_HEX];
    sha256(hash, bytes, len);
    hex_write(hex, hash, sizeof hash);
    return strcmp(hex, wanted) == 0;
}

static int stage(struct quarantine *st, const struct member *m, const void *bytes)
{
    struct sink *to = NULL;
    int err = quarantine_sink(st, m, &to);
    if (!err) err = sink_write(to, bytes, (size_t)m->size);
    if (!err) err = sink_finish(to);
    sink_close(to);
    return err;
}

int store_evidence_piece(struct store *s, const char *case_name, const char *sha256, uint64_t size, uint64_t offset,
    const void *bytes, size_t len, bool *whole)
{
    struct quarantine *st;
    int64_t held = 0;
    struct member m = {.kind = MEMBER_BLOB, .size = len, .offset = offset, .whole = size};
    if (!is_sha256_hex(sha256) || len == 0 || offset > size || len > size - offset)
        return err_set(ERR_INPUT, "a piece of evidence does not fit into it");
    if (len == size && !hashes_to(bytes, len, sha256))
        return err_set(ERR_INPUT, "evidence %.12s… came with other bytes; they were not kept", sha256);
    memcpy(m.sha256, sha256, sizeof m.sha256);
    int err = quarantine_new(&st, s);
    if (err) return err;
    err = stage(st, &m, bytes);
    if (!err) err = quarantine_publish(st, case_name, &held, NULL, NULL);
    quarantine_free(st);
    if (!err) *whole = held > 0;
    return err;
}
