/* Bytes of evidence.
 *
 *   DIR/repo.git/lfs/objects/ab/cd/<sha256>   whole, hashed, synced; never changed again
 *   DIR/brought/<case>/<sha256>               empty: they came in a bundle of that case, before their record
 *   DIR/staging/<number>-<sha256>             whole, of a bundle that is being received
 *   DIR/partial/<sha256>-<size>-<case>        parts of it, each at its place
 *   DIR/partial/<sha256>-<size>-<case>.map    one line: '1' for each 16 MiB run that is there, synced, else
 * '0' DIR/pieces/<sha256>                       SHA-256 of its 16 MiB runs, a line each; made when asked for
 *
 * All cases share lfs/objects, but a record is no proof that its author has ever seen the bytes that it
 * names. So a case holds what has come, whole, in bundles of its own: what its branch points to, and what is
 * marked in brought/ until then. What is here by another case only is awaited like anything else, and parts
 * are kept for each case apart.
 *
 * A run that is in the map is never written again, so a later bundle can't spoil it; and it gets into the map
 * only when its whole bundle has been checked. When the map is full the whole is hashed: should that not be
 * the name, some part was a lie, and all of it is dropped and awaited again. The size is in the name, so
 * whoever lies about it fills a file of his own. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "parts.h"
#include "satchel/base/os.h"
#include "satchel/base/text.h"
#include "satchel/format/lfs.h"

#define RUNS_MOST ((uint64_t)1 << 20) /* 16 TiB */
#define CHUNK_SIZE ((size_t)1 << 20)
#define MAP_SUFFIX ".map"
#define POINTER_MAX ((size_t)1024)

char *evidence_path(struct arena *a, const char *git_folder, const char *sha256)
{
    char path[96];
    lfs_object_path(path, sha256);
    return path_join(a, git_folder, path);
}

/* Whichever case has brought them. From any thread. */
static bool is_there(struct hub *h, const char *sha256, uint64_t *size)
{
    struct arena a;
    struct file_info info;
    arena_init(&a);
    char *git_folder = hub_file(&a, h, "repo.git"), *path = git_folder ? evidence_path(&a, git_folder, sha256) : NULL;
    bool there = path && os_stat(&info, path) == 0 && info.is_file;
    if (there && size) *size = info.size;
    err_clear();
    arena_release(&a);
    return there;
}

bool evidence_held(struct hub *h, const struct hub_case *c, const char *sha256, uint64_t *size)
{
    return map_get(&c->brought, sha256) && (round_has(h, sha256, size) || is_there(h, sha256, size));
}

int evidence_open(void *hub, const char *sha256, uint64_t offset, struct source **out)
{
    struct hub *h = hub;
    struct arena a;
    struct file *f = NULL;
    arena_init(&a);
    char *path = evidence_path(&a, repo_folder(h->repo), sha256);
    int rc = path ? file_open(&f, path) : ERR_ROAD;
    if (rc == 0) rc = file_seek(f, offset);
    if (rc)
        file_close(f);
    else
        *out = file_as_source(f);
    arena_release(&a);
    return rc;
}

/* ---- what a case has brought ---- */

/* An item of hub_case.brought. */
struct brought {
    const char *sha256;
    bool lasting; /* the branch points to it, or it is marked */
};

int evidence_bring(struct hub_case *c, const char *sha256, bool lasting)
{
    struct brought *b = map_get(&c->brought, sha256);
    if (b) {
        b->lasting |= lasting;
        return 0;
    }
    b = arena_alloc(fold_arena(c->fold), sizeof *b);
    if (!b) return ERR_ROAD;
    *b = (struct brought){arena_strdup(fold_arena(c->fold), sha256), lasting};
    return b->sha256 ? map_put(&c->brought, b->sha256, b) : ERR_ROAD;
}

static char *marks_folder(struct arena *a, struct hub *h, const char *case_name)
{
    char *all = hub_file(a, h, "brought");
    return all ? path_join(a, all, case_name) : NULL;
}

struct pointers {
    struct hub *hub;
    struct hub_case *c;
    struct buf bytes;
};

static int bring_pointed(void *ctx, const char *path, const struct oid *blob)
{
    struct pointers *p = ctx;
    char sha256[SHA256_HEX];
    uint64_t size;
    buf_clear(&p->bytes);
    int rc = repo_read(p->hub->repo, &p->bytes, blob, OBJECT_BLOB);
    if (rc == 0) rc = lfs_pointer_read(sha256, &size, p->bytes.data, p->bytes.len);
    if (rc) return rc == ERR_ROAD ? rc : err_within(ERR_DAMAGED, "'%s' of the repository", path);
    return evidence_bring(p->c, sha256, true);
}

static int bring_marked(struct hub *h, struct hub_case *c)
{
    struct arena a;
    const char **names = NULL;
    size_t len = 0;
    arena_init(&a);
    const char *folder = marks_folder(&a, h, c->name);
    int rc = folder ? os_list(&names, &len, &a, folder) : ERR_ROAD;
    if (rc == ERR_MISSING) {
        err_clear();
        rc = 0;
    }
    for (size_t i = 0; i < len && rc == 0; i++)
        if (is_sha256_hex(names[i])) rc = evidence_bring(c, names[i], true);
    arena_release(&a);
    return rc;
}

int evidence_load(struct hub *h, struct hub_case *c)
{
    struct pointers p = {.hub = h, .c = c};
    buf_init(&p.bytes, POINTER_MAX);
    int rc = tree_walk(c->tree, FOLDER_EVIDENCE, bring_pointed, &p);
    buf_release(&p.bytes);
    return rc ? rc : bring_marked(h, c);
}

int evidence_mark(struct hub *h, const char *case_name, const char *sha256)
{
    struct arena a;
    arena_init(&a);
    const char *folder = marks_folder(&a, h, case_name), *path = folder ? path_join(&a, folder, sha256) : NULL;
    int rc = path ? os_make_folder(folder) : ERR_ROAD;
    if (rc == 0) rc = file_write(path, "", 0);
    arena_release(&a);
    return rc;
}

int evidence_mark_rest(struct hub *h, struct hub_case *c)
{
    int rc = 0;
    for (size_t i = 0; i < c->brought.cap && rc == 0; i++) {
        struct brought *b = c->brought.slots[i].key ? c->brought.slots[i].value : NULL;
        if (!b || b->lasting) continue;
        rc = round_mark(h, c->name, b->sha256);
        b->lasting = true;
    }
    return rc;
}

/* ---- hashing ---- */

/* Hashes up to `len` bytes; *got is what there was. */
static int hash_run(
    char sha256[SHA256_HEX], struct source *from, struct digest *d, uint64_t len, uint64_t *got)
{
    unsigned char hash[SHA256_SIZE], *chunk = malloc(CHUNK_SIZE);
    size_t n = 1;
    int rc = chunk ? 0 : err_memory();
    *got = 0;
    while (rc == 0 && n > 0 && *got < len) {
        uint64_t left = len - *got;
        rc = source_read(from, chunk, left < CHUNK_SIZE ? (size_t)left : CHUNK_SIZE, &n);
        if (rc) break;
        digest_add(d, chunk, n);
        *got += n;
    }
    digest_end(d, hash);
    hex_write(sha256, hash, sizeof hash);
    free(chunk);
    return rc;
}

int evidence_hash_file(char sha256[SHA256_HEX], const char *path, struct progress *p)
{
    struct source *from = NULL;
    struct digest *d = NULL;
    uint64_t size;
    int rc = file_source(&from, path);
    if (rc == 0) rc = digest_sha256(&d);
    if (rc == 0) rc = hash_run(sha256, from, d, UINT64_MAX, &size);
    if (rc == 0 && p) p->at(p, size, size);
    digest_free(d);
    source_close(from);
    return rc;
}

static int hash_pieces(struct hub *h, const char *sha256, uint64_t size, struct buf *lines)
{
    struct source *from = NULL;
    struct digest *d = NULL;
    char hex[SHA256_HEX];
    int rc = evidence_open(h, sha256, 0, &from);
    if (rc == 0) rc = digest_sha256(&d);
    for (uint64_t at = 0, got; rc == 0 && at < size; at += got) {
        rc = hash_run(hex, from, d, PIECE_SIZE, &got);
        if (rc == 0 && got == 0) rc = err_set(ERR_DAMAGED, "evidence '%s' is shorter than it was", sha256);
        buf_addf(lines, "%s\n", hex);
    }
    digest_free(d);
    source_close(from);
    return rc ? rc : buf_error(lines);
}

/* The lines of the file, where it has one for each run. */
static bool split_pieces(struct arena *a, struct buf *lines, size_t runs, const char *const **out)
{
    const char **pieces = arena_alloc(a, runs * sizeof *pieces);
    if (!pieces || lines->len != runs * SHA256_HEX) return false;
    for (size_t i = 0; i < runs; i++) {
        pieces[i] = arena_strndup(a, buf_str(lines) + i * SHA256_HEX, SHA256_HEX - 1);
        if (!pieces[i] || !is_sha256_hex(pieces[i])) return false;
    }
    *out = pieces;
    return true;
}

int evidence_pieces(
    struct hub *h, struct arena *a, const char *sha256, uint64_t size, const char *const **out, size_t *len)
{
    struct buf lines;
    size_t runs = (size_t)((size + PIECE_SIZE - 1) / PIECE_SIZE);
    *out = NULL;
    *len = 0;
    if (runs <= 1) return 0;
    const char *folder = hub_file(a, h, "pieces"), *path = folder ? path_join(a, folder, sha256) : NULL;
    if (!path) return ERR_ROAD;
    buf_init(&lines, RUNS_MOST * SHA256_HEX);
    bool cached = file_read(path, &lines) == 0 && split_pieces(a, &lines, runs, out);
    int rc = 0;
    if (!cached) {
        err_clear();
        buf_clear(&lines);
        rc = hash_pieces(h, sha256, size, &lines);
        if (rc == 0) rc = os_make_folder(folder);
        if (rc == 0) rc = file_write(path, lines.data, lines.len);
        if (rc == 0 && !split_pieces(a, &lines, runs, out)) rc = ERR_ROAD;
    }
    if (rc == 0) *len = runs;
    buf_release(&lines);
    return rc;
}

/* ---- the map of what is there of a whole ---- */

struct partial {
    const char *path, *map_path;
    char *map; /* a digit for each run */
    size_t runs;
};

static size_t runs_of(uint64_t size)
{
    return (size_t)((size + PIECE_SIZE - 1) / PIECE_SIZE);
}

/* Reads the map; an empty one where there is none, or where it is not ours. */
static int partial_read(
    struct partial *p, struct hub *h, const struct hub_case *c, struct arena *a, const struct member *m)
{
    struct buf text;
    const char *folder = hub_file(a, h, "partial");
    if (m->whole > RUNS_MOST * PIECE_SIZE)
        return err_set(ERR_INPUT, "evidence '%s' is larger than 16 TiB", m->sha256);
    if (!folder) return ERR_ROAD;
    p->path = arena_printf(a, "%s/%s-%" PRIu64 "-%s", folder, m->sha256, m->whole, c->name);
    p->runs = runs_of(m->whole);
    p->map = arena_alloc(a, p->runs + 1);
    if (!p->path || !p->map) return ERR_ROAD;
    p->map_path = arena_printf(a, "%s" MAP_SUFFIX, p->path);
    if (!p->map_path) return ERR_ROAD;
    memset(p->map, '0', p->runs);
    buf_init(&text, RUNS_MOST + 1);
    if (os_exists(p->path) && file_read(p->map_path, &text) == 0 && text.len == p->runs + 1 &&
        strspn(buf_str(&text), "01") == p->runs)
        memcpy(p->map, text.data, p->runs);
    err_clear();
    buf_release(&text);
    return 0;
}

static bool ends_with(const char *s, const char *end)
{
    size_t len = strlen(s), end_len = strlen(end);
    return len > end_len && strcmp(s + len - end_len, end) == 0;
}

/* "<sha256>-<size>-<case>", perhaps with ".map" behind it. */
static bool partial_name_read(const char *name, char sha256[SHA256_HEX], char case_name[CASE_NAME_MAX + 1])
{
    size_t digits = strlen(name) > SHA256_HEX ? strspn(name + SHA256_HEX, "0123456789") : 0;
    const char *of = name + SHA256_HEX + digits + 1;
    if (digits == 0 || name[SHA256_HEX - 1] != '-' || of[-1] != '-') return false;
    size_t len = strcspn(of, ".");
    if (len > CASE_NAME_MAX) return false;
    memcpy(sha256, name, SHA256_HEX - 1);
    sha256[SHA256_HEX - 1] = '\0';
    memcpy(case_name, of, len);
    case_name[len] = '\0';
    return is_sha256_hex(sha256) && case_name_valid(case_name);
}

static int partial_write(const struct partial *p)
{
    struct buf text;
    buf_init(&text, RUNS_MOST + 1);
    buf_adds(&text, p->map);
    buf_addc(&text, '\n');
    int rc = buf_error(&text);
    if (rc == 0) rc = file_write(p->map_path, text.data, text.len);
    buf_release(&text);
    return rc;
}

int evidence_begun(
    struct hub *h, const struct hub_case *c, struct arena *a, const char *const **out, size_t *len)
{
    const char **names = NULL, *folder = hub_file(a, h, "partial");
    char sha256[SHA256_HEX], case_name[CASE_NAME_MAX + 1];
    size_t all = 0, n = 0;
    int rc = folder ? os_list(&names, &all, a, folder) : ERR_ROAD;
    if (rc == ERR_MISSING) {
        err_clear();
        rc = 0;
    }
    const char **list = rc ? NULL : arena_alloc(a, (all + 1) * sizeof *list);
    if (!list) return rc ? rc : ERR_ROAD;
    for (size_t i = 0; i < all; i++) {
        bool ours = partial_name_read(names[i], sha256, case_name) && strcmp(case_name, c->name) == 0;
        if (!ours || !ends_with(names[i], MAP_SUFFIX)) continue;
        list[n] = arena_strdup(a, sha256);
        if (!list[n++]) return ERR_ROAD;
    }
    *out = list;
    *len = n;
    return 0;
}

/* ---- sinks ---- */

static int drop_write(struct sink *s, const void *bytes, size_t len)
{
    (void)s;
    (void)bytes;
    (void)len;
    return 0;
}

static int drop_finish(struct sink *s)
{
    (void)s;
    return 0;
}

static void drop_close(struct sink *s)
{
    free(s);
}

/* For bytes that are here already. */
static int drop_sink(struct sink **out)
{
    struct sink *s = calloc(1, sizeof *s);
    if (!s) return err_memory();
    *s = (struct sink){drop_write, drop_finish, drop_close};
    *out = s;
    return 0;
}

/* Writes the runs that are not in the map, each at its place. */
struct part_sink {
    struct sink base;
    struct partial partial;
    uint64_t at;
    struct sink *under; /* NULL while the run is there already */
};

static int end_run(struct part_sink *s)
{
    int rc = s->under ? sink_finish(s->under) : 0;
    sink_close(s->under);
    s->under = NULL;
    return rc;
}

static int begin_run(struct part_sink *s)
{
    if (s->partial.map[s->at / PIECE_SIZE] == '1') return end_run(s);
    return s->under ? 0 : file_patch_sink(&s->under, s->partial.path, s->at);
}

static int part_write(struct sink *base, const void *bytes, size_t len)
{
    struct part_sink *s = (struct part_sink *)base;
    const unsigned char *from = bytes;
    int rc = 0;
    while (rc == 0 && len > 0) {
        uint64_t left = PIECE_SIZE - s->at % PIECE_SIZE;
        size_t n = len < left ? len : (size_t)left;
        if (s->at % PIECE_SIZE == 0) rc = begin_run(s);
        if (rc == 0 && s->under) rc = sink_write(s->under, from, n);
        s->at += n;
        from += n;
        len -= n;
    }
    return rc;
}

static int part_finish(struct sink *base)
{
    return end_run((struct part_sink *)base);
}

static void part_close(struct sink *base)
{
    struct part_sink *s = (struct part_sink *)base;
    sink_close(s->under);
    free(s);
}

static int part_sink(struct sink **out, struct staging *s, const struct member *m)
{
    struct part_sink *p = calloc(1, sizeof *p);
    if (!p) return err_memory();
    p->base = (struct sink){part_write, part_finish, part_close};
    p->at = m->offset;
    int rc = partial_read(&p->partial, s->hub, s->c, s->arena, m);
    if (rc)
        free(p);
    else
        *out = &p->base;
    return rc;
}

/* Whole and hashed, in staging, and not the round's yet. */
struct staged_file {
    struct staged_file *next;
    const struct member *member;
    const char *path;
};

/* Whole, into staging. */
struct whole_sink {
    struct sink base, *under;
    struct staging *staging;
    const struct member *member;
    const char *path;
};

static int whole_write(struct sink *base, const void *bytes, size_t len)
{
    return sink_write(((struct whole_sink *)base)->under, bytes, len);
}

static int whole_finish(struct sink *base)
{
    struct whole_sink *s = (struct whole_sink *)base;
    struct staged_file *f = arena_alloc(s->staging->arena, sizeof *f);
    int rc = f ? sink_finish(s->under) : ERR_ROAD;
    if (rc) return rc;
    *f = (struct staged_file){s->staging->files, s->member, s->path};
    s->staging->files = f;
    return 0;
}

static void whole_close(struct sink *base)
{
    struct whole_sink *s = (struct whole_sink *)base;
    sink_close(s->under);
    free(s);
}

static int whole_sink(struct sink **out, struct staging *staging, const struct member *m)
{
    const char *folder = hub_file(staging->arena, staging->hub, "staging");
    const char *path =
        folder ? arena_printf(staging->arena, "%s/%zu-%s", folder, staging->number, m->sha256) : NULL;
    struct whole_sink *s = path ? calloc(1, sizeof *s) : NULL;
    if (!s) return path ? err_memory() : ERR_ROAD;
    *s = (struct whole_sink){{whole_write, whole_finish, whole_close}, NULL, staging, m, path};
    int rc = file_sink_unsynced(&s->under, path);
    if (rc)
        free(s);
    else
        *out = &s->base;
    return rc;
}

/* ---- staging ---- */

struct staged {
    struct staged *next;
    const struct member *member;
};

void staging_init(struct staging *s, struct hub *h, struct hub_case *c, struct arena *a)
{
    *s = (struct staging){.hub = h, .c = c, .arena = a, .number = h->stagings++};
    s->last = &s->first;
}

void staging_release(struct staging *s)
{
    for (const struct staged_file *f = s->files; f; f = f->next) (void)!os_remove(f->path); /* else hub_clean does it */
    s->files = NULL;
}

int staging_add(struct staging *s, const struct member *m)
{
    struct staged *item = arena_alloc(s->arena, sizeof *item);
    if (!item) return ERR_ROAD;
    item->member = m;
    *s->last = item;
    s->last = &item->next;
    return 0;
}

int staging_sink(void *staging, const struct member *m, struct sink **out)
{
    struct staging *s = staging;
    if (s->c && evidence_held(s->hub, s->c, m->sha256, NULL)) return drop_sink(out);
    int rc = staging_add(s, m);
    return rc ? rc : staging_open(s, m, out);
}

int staging_open(struct staging *s, const struct member *m, struct sink **out)
{
    if (m->pieces) return part_sink(out, s, m);
    /* by another case: now that they came again, they are this one's too */
    bool there = (s->c && round_has(s->hub, m->sha256, NULL)) || is_there(s->hub, m->sha256, NULL);
    return there ? drop_sink(out) : whole_sink(out, s, m);
}

/* Moves a file that is whole, hashed and synced to where evidence is held. */
static int hold(struct staging *s, const char *path, const char *sha256)
{
    const char *to = evidence_path(s->arena, repo_folder(s->hub->repo), sha256);
    const char *folder = to ? arena_strndup(s->arena, to, (size_t)(path_name(to) - to - 1)) : NULL;
    int rc = folder ? os_make_folder(folder) : ERR_ROAD;
    if (rc == 0) rc = os_rename(path, to);
    return rc ? rc : evidence_bring(s->c, sha256, false);
}

static int tell(struct staging *s, struct jv *alarms, const char *sha256)
{
    const char *text = arena_printf(
        s->arena, T("the parts of evidence '%s' do not make it up; all of it is awaited again"), sha256);
    return text ? jv_push(s->arena, alarms, jv_string(s->arena, text)) : ERR_ROAD;
}

static int complete(struct staging *s, const struct partial *p, const char *sha256, struct jv *alarms)
{
    char hex[SHA256_HEX];
    int rc = evidence_hash_file(hex, p->path, NULL);
    if (rc) return rc;
    if (strcmp(hex, sha256) == 0) {
        rc = hold(s, p->path, sha256);
        return rc ? rc : os_remove(p->map_path);
    }
    rc = os_remove(p->map_path); /* first: without it the bytes count for nothing */
    if (rc == 0) rc = os_remove(p->path);
    return rc ? rc : tell(s, alarms, sha256);
}

static int publish_part(struct staging *s, const struct member *m, struct jv *alarms)
{
    struct partial p;
    int rc = partial_read(&p, s->hub, s->c, s->arena, m);
    if (rc) return rc;
    memset(p.map + m->offset / PIECE_SIZE, '1', runs_of(m->size));
    bool whole = strspn(p.map, "1") == p.runs;
    return whole ? complete(s, &p, m->sha256, alarms) : partial_write(&p);
}

/* To the round, unless another bundle has brought the same meanwhile. */
static int hand_over(struct staging *s)
{
    int rc = 0;
    while (s->files && rc == 0) {
        const struct member *m = s->files->member;
        bool there = round_has(s->hub, m->sha256, NULL) || is_there(s->hub, m->sha256, NULL);
        rc = there ? os_remove(s->files->path) : round_staged(s->hub, m->sha256, s->files->path, m->size);
        if (rc == 0) s->files = s->files->next;
    }
    return rc;
}

static int publish_whole(struct staging *s, const char *sha256)
{
    round_bring(s->hub, sha256);
    return evidence_bring(s->c, sha256, false);
}

int staging_publish(struct staging *s, struct jv *alarms)
{
    int rc = hand_over(s);
    for (const struct staged *i = s->first; i && rc == 0; i = i->next)
        rc = i->member->pieces ? publish_part(s, i->member, alarms) : publish_whole(s, i->member->sha256);
    return rc;
}

bool evidence_brought(struct hub *h, const struct hub_case *c, struct arena *a, const struct member *m)
{
    struct partial p;
    if (evidence_held(h, c, m->sha256, NULL)) return true;
    if (!m->pieces || partial_read(&p, h, c, a, m)) return false;
    return strspn(p.map + m->offset / PIECE_SIZE, "1") >= runs_of(m->size);
}

bool evidence_part_whole(
    struct hub *h, const char *name, char sha256[SHA256_HEX], char case_name[CASE_NAME_MAX + 1])
{
    return partial_name_read(name, sha256, case_name) && is_there(h, sha256, NULL);
}
