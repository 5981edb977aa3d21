/* Evidence that comes in bundles. While a bundle is being read its blobs and parts lie sealed in a folder of
 * their own, inbox/bundle-<random>/; once every byte has been checked, whole ones are renamed into blobs/ and
 * parts to
 *
 *   inbox/<blob name>+<offset>      the sealed bytes from that offset on
 *
 * When the parts of some evidence cover all of it they are put together into one sealed file, whose hash is
 * checked before it is published. Whatever a crash leaves is either one of these or a folder that store_clean
 * removes. */
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
};

struct quarantine {
    struct store *s;
    struct arena arena;
    const char *folder;
    struct staged *staged; /* in the order of the bundle */
    struct staged **last;
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

static const char *part_name(struct arena *a, const struct store *s, const char *sha256, uint64_t offset)
{
    char name[BLOB_NAME_SIZE];
    blob_name(s, sha256, name);
    return arena_printf(a, "%s+%" PRIu64, name, offset);
}

int quarantine_sink(void *quarantine, const struct member *m, struct sink **out)
{
    struct quarantine *st = quarantine;
    struct staged *item = arena_alloc(&st->arena, sizeof *item);
    const char *name = part_name(&st->arena, st->s, m->sha256, m->offset);
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

/* Whole evidence replaces what is there: the same bytes, fresh. A part is kept where the whole is not there
 * yet, and only the longest of one offset. */
static int publish_one(struct quarantine *st, const struct staged *item)
{
    const char *blob = blob_path(st->s, &st->arena, item->sha256);
    const char *name = part_name(&st->arena, st->s, item->sha256, item->offset);
    const char *part = name ? store_path(st->s, &st->arena, "inbox", name) : NULL;
    uint64_t size = 0;
    if (!blob || !part) return ERR_ROAD;
    if (is_whole(item)) return os_rename(item->path, blob);
    if (blob_whole(blob, item->whole)) return os_remove(item->path);
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

/* The offset behind "<blob name>+"; false for other names. */
static bool part_offset(const char *file, const char *name, uint64_t *offset)
{
    size_t len = strlen(name);
    if (strncmp(file, name, len) != 0 || file[len] != '+') return false;
    const char *digits = file + len + 1;
    size_t n = strspn(digits, "0123456789");
    if (n == 0 || n > 18 || digits[n] != '\0') return false;
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
        if (!part_offset(files[i], name, &p->offset)) continue;
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

/* *whole: the evidence is there in full now. Parts that make something else are removed, to be asked for
 * again. */
static int complete(struct quarantine *st, const struct staged *item, bool *whole, struct progress *progress)
{
    struct parts parts;
    const char *blob = blob_path(st->s, &st->arena, item->sha256);
    int err = blob ? find_parts(st, item->sha256, &parts) : ERR_ROAD;
    if (err) return err;
    *whole = blob_whole(blob, item->whole);
    if (!*whole && !cover(&parts, item->whole)) return 0;
    if (!*whole) err = assemble(st, item, &parts, progress);
    if (err && err != ERR_DAMAGED && err != ERR_INPUT) return err;
    int removed = remove_parts(&parts);
    if (removed) return removed;
    *whole = !err;
    return err ? err_set(ERR_INPUT,
                     "the parts of evidence %.12s… do not make it up; they will be asked for again",
                     item->sha256)
               : 0;
}

static bool met_before(const struct quarantine *st, const struct staged *item)
{
    const struct staged *first = st->staged;
    while (first != item && strcmp(first->sha256, item->sha256) != 0) first = first->next;
    return first != item;
}

int quarantine_publish(struct quarantine *st, int64_t *held, int64_t *awaited, struct progress *progress)
{
    int64_t whole_count = 0, part_count = 0;
    int err = 0, refused = 0;
    for (const struct staged *item = st->staged; item && !err; item = item->next) err = publish_one(st, item);
    for (const struct staged *item = st->staged; item && !err; item = item->next) {
        bool whole = false;
        if (met_before(st, item)) continue;
        err = complete(st, item, &whole, progress);
        if (err == ERR_INPUT) refused = err, err = 0;
        *(whole ? &whole_count : &part_count) += 1;
    }
    if (held) *held = whole_count;
    if (awaited) *awaited = part_count;
    return err ? err : refused;
}
