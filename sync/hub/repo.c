/* The repository by libgit2, which only this file and remote*.c know. It reads objects by id, stores packs that pack.c made, and moves branches.
 *
 * Layout of the hub's repository, beside what gitrepository-layout(5) says:
 *
 *   HEAD                       names refs/heads/register; one branch a case
 *   objects/pack/              one pack a round of bundles, until repo_consolidate makes one of many
 *   satchel-superseded         packs that another one has replaced
 *   lfs/objects/ab/cd/<sha256> bytes of evidence (Git LFS); the 256 first folders exist from the start
 *
 * Order of a merge: the pack is synced, its folder is synced, and only then does the branch move, which is
 * one synced rename. A crash leaves either the old branch and a pack that nothing names, or the new branch.
 */
#include "repo.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "repack.h"
#include "repo_git.h"
#include "satchel/base/os.h"
#include "satchel/base/text.h"
#include "satchel/base/time.h"

#define REF_HEADS "refs/heads/"
#define REF_REMOTES "refs/remotes/"

/* The library ends its messages with the system's words. */
static bool is_disk_full(const char *message)
{
#ifdef ENOSPC
    return strstr(message, strerror(ENOSPC)) != NULL;
#else
    (void)message;
    return false;
#endif
}

int repo_fail(int code, const char *what)
{
    const git_error *e = git_error_last();
    const char *message = e && e->message ? e->message : T("the reason is not known");
    if (is_disk_full(message)) return err_set(ERR_ROAD, "the disk is full; make room and try again");
    return err_set(code, "cannot %s: %s", text_of(what), message);
}

/* Packs are mapped into memory; what is mapped counts as the process's. */
#define WINDOWS_MOST ((size_t)16 << 20) /* no smaller windows, too: the library's indexer refuses packs that are larger than one */
#define CACHE_MOST ((ssize_t)2 << 20)

/* Counted by the library; each start is matched by one git_libgit2_shutdown. */
static int start_library(void)
{
    if (git_libgit2_init() < 0) return repo_fail(ERR_ROAD, N_("start libgit2"));
    git_libgit2_opts(GIT_OPT_ENABLE_FSYNC_GITDIR, 1);
    git_libgit2_opts(GIT_OPT_SET_OWNER_VALIDATION, 0); /* a stick's files belong to whoever wrote them */
    git_libgit2_opts(GIT_OPT_ENABLE_STRICT_HASH_VERIFICATION, 1);
    git_libgit2_opts(GIT_OPT_SET_MWINDOW_MAPPED_LIMIT, WINDOWS_MOST);
    git_libgit2_opts(GIT_OPT_SET_CACHE_MAX_SIZE, CACHE_MOST);
    return 0;
}

/* ---- making ---- */

/* objects/ needs none: only packs are written there. */
static int make_fan_out(struct arena *a, const char *path)
{
    int rc = 0;
    for (unsigned i = 0; i < 256 && rc == 0; i++) {
        const char *name = arena_printf(a, "%s/lfs/objects/%02x", path, i);
        rc = name ? os_make_folder(name) : ERR_ROAD;
    }
    return rc;
}

static int sync_folders(struct arena *a, const char *path)
{
    static const char *const folders[] = {"refs/heads", "refs", "objects/pack", "objects", "."};
    int rc = 0;
    for (size_t i = 0; i < sizeof folders / sizeof *folders && rc == 0; i++) {
        const char *name = path_join(a, path, folders[i]);
        rc = name ? os_sync_folder(name) : ERR_ROAD;
    }
    return rc;
}

static int init_bare(const char *path, const char *head_branch)
{
    git_repository *git = NULL;
    git_repository_init_options options;
    git_repository_init_options_init(&options, GIT_REPOSITORY_INIT_OPTIONS_VERSION);
    options.flags = GIT_REPOSITORY_INIT_BARE | GIT_REPOSITORY_INIT_NO_REINIT | GIT_REPOSITORY_INIT_MKPATH;
    options.initial_head = head_branch;
    int failed = git_repository_init_ext(&git, path, &options);
    git_repository_free(git);
    return failed ? repo_fail(ERR_ROAD, N_("make the repository")) : 0;
}

int repo_create(const char *path, const char *head_branch)
{
    struct arena a;
    int rc = start_library();
    if (rc) return rc;
    arena_init(&a);
    rc = init_bare(path, head_branch);
    if (rc == 0) rc = make_fan_out(&a, path);
    if (rc == 0) rc = sync_folders(&a, path);
    arena_release(&a);
    git_libgit2_shutdown();
    return rc;
}

/* ---- opening ---- */

static const char *find_git_folder(struct arena *a, const char *path)
{
    static const char *const inside[] = {"repo.git", ".git"};
    for (size_t i = 0; i < 2; i++) {
        const char *folder = path_join(a, path, inside[i]);
        if (!folder || os_exists(folder)) return folder;
    }
    return path;
}

static int open_git(struct repo *r, const char *path)
{
    struct arena a;
    arena_init(&a);
    const char *folder = find_git_folder(&a, path);
    int failed = folder ? git_repository_open_bare(&r->git, folder) : 0;
    int rc = folder ? 0 : ERR_ROAD;
    if (failed) rc = repo_fail(failed == GIT_ENOTFOUND ? ERR_MISSING : ERR_DAMAGED, N_("open the repository"));
    if (rc == 0 && git_repository_odb(&r->odb, r->git)) rc = repo_fail(ERR_DAMAGED, N_("open the repository"));
    arena_release(&a);
    return rc;
}

int repo_open(struct repo **out, const char *path)
{
    struct repo *r = calloc(1, sizeof *r);
    int rc = r ? start_library() : err_memory();
    if (rc) {
        free(r);
        return rc;
    }
    rc = open_git(r, path);
    if (rc)
        repo_close(r);
    else
        *out = r;
    return rc;
}

void repo_close(struct repo *r)
{
    if (!r) return;
    git_odb_free(r->odb);
    git_repository_free(r->git);
    git_libgit2_shutdown();
    free(r);
}

const char *repo_folder(const struct repo *r)
{
    return git_repository_path(r->git);
}

/* ---- objects ---- */

static git_oid to_git(const struct oid *id)
{
    git_oid out;
    git_oid_fromraw(&out, id->bytes);
    return out;
}

static int read_failed(int failed, const struct oid *id)
{
    char hex[OID_HEX];
    oid_write(hex, id);
    return failed == GIT_ENOTFOUND ? err_set(ERR_MISSING, "object '%s' is not in the repository", hex)
                                   : err_set(ERR_DAMAGED, "object '%s' of the repository is damaged", hex);
}

/* Lets go of packs, and finds those that have come. */
static int reopen(struct repo *r)
{
    git_repository *git = NULL;
    git_odb *odb = NULL;
    int failed = git_repository_open_bare(&git, repo_folder(r));
    if (!failed) failed = git_repository_odb(&odb, git);
    if (failed) {
        git_repository_free(git);
        return repo_fail(ERR_DAMAGED, N_("open the repository"));
    }
    git_odb_free(r->odb);
    git_repository_free(r->git);
    r->git = git;
    r->odb = odb;
    return 0;
}

static int read_object(struct repo *r, struct buf *out, const struct oid *id, enum object_kind kind)
{
    git_odb_object *object = NULL;
    git_object_t type;
    size_t size;
    git_oid name = to_git(id);
    int failed = git_odb_read_header(&size, &type, r->odb, &name);
    if (failed) return read_failed(failed, id);
    /* The kinds have the numbers that libgit2 gives them too. */
    if ((int)type != (int)kind || size > out->max - out->len) return read_failed(0, id);
    failed = git_odb_read(&object, r->odb, &name);
    if (failed) return read_failed(failed, id);
    buf_add(out, git_odb_object_data(object), git_odb_object_size(object));
    git_odb_object_free(object);
    return buf_error(out);
}

/* What another process has consolidated meanwhile may be in packs that are not known here yet. */
int repo_read(struct repo *r, struct buf *out, const struct oid *id, enum object_kind kind)
{
    size_t before = out->len;
    int rc = read_object(r, out, id, kind);
    if (rc == 0 || rc == ERR_ROAD) return rc;
    out->len = before;
    if (reopen(r)) return rc;
    return read_object(r, out, id, kind);
}

/* ---- branches ---- */

/* The branch that a ref is of: NULL where it is no branch, or a remote's HEAD. */
static const char *branch_of(const char *ref)
{
    if (strncmp(ref, REF_HEADS, strlen(REF_HEADS)) == 0) return ref + strlen(REF_HEADS);
    if (strncmp(ref, REF_REMOTES, strlen(REF_REMOTES)) != 0) return NULL;
    const char *slash = strchr(ref + strlen(REF_REMOTES), '/');
    return slash && strcmp(slash + 1, "HEAD") != 0 ? slash + 1 : NULL;
}

static int branch_order(const void *a, const void *b)
{
    const struct repo_branch *x = a, *y = b;
    int order = strcmp(x->name, y->name);
    return order ? order : strcmp(x->ref, y->ref);
}

static int add_branch(struct repo *r, struct arena *a, struct repo_branch *out, const char *ref)
{
    git_oid tip;
    if (git_reference_name_to_id(&tip, r->git, ref)) return repo_fail(ERR_DAMAGED, N_("read a branch"));
    out->ref = arena_strdup(a, ref);
    if (!out->ref) return ERR_ROAD;
    out->name = branch_of(out->ref);
    memcpy(out->tip.bytes, tip.id, OID_SIZE);
    return 0;
}

int repo_branches(struct repo *r, struct arena *a, struct repo_branch **out, size_t *len)
{
    git_strarray refs = {0};
    size_t n = 0;
    int rc = 0;
    if (git_reference_list(&refs, r->git)) return repo_fail(ERR_DAMAGED, N_("list the branches"));
    struct repo_branch *list = arena_alloc(a, (refs.count + 1) * sizeof *list);
    if (!list) rc = ERR_ROAD;
    for (size_t i = 0; i < refs.count && rc == 0; i++)
        if (branch_of(refs.strings[i])) rc = add_branch(r, a, &list[n++], refs.strings[i]);
    if (rc == 0) {
        qsort(list, n, sizeof *list, branch_order);
        *out = list;
        *len = n;
    }
    git_strarray_dispose(&refs);
    return rc;
}

static int ref_name(char out[128], const char *branch)
{
    int len = snprintf(out, 128, REF_HEADS "%s", branch);
    return len > 0 && len < 128 ? 0 : err_set(ERR_INPUT, "'%s' is too long for the name of a branch", branch);
}

int repo_tip(struct repo *r, const char *branch, struct oid *out)
{
    char ref[128];
    git_oid tip;
    int rc = ref_name(ref, branch);
    if (rc) return rc;
    int failed = git_reference_name_to_id(&tip, r->git, ref);
    if (failed == GIT_ENOTFOUND) return ERR_MISSING;
    if (failed) return repo_fail(ERR_DAMAGED, N_("read a branch"));
    memcpy(out->bytes, tip.id, OID_SIZE);
    return 0;
}

/* ---- moving them ---- */

/* As git does it: the new value in a file beside it that is called a lock, and that file then put in its
 * place. Only that all files are written before the first is synced is our own. */
struct lock_file {
    char *path, *lock;
};

static int write_lock(const char *path, const struct oid *to)
{
    struct sink *s;
    char line[OID_HEX + 1];
    oid_write(line, to);
    line[OID_HEX - 1] = '\n';
    int rc = file_sink_unsynced(&s, path);
    if (rc) return rc;
    rc = sink_write(s, line, OID_HEX);
    if (rc == 0) rc = sink_finish(s);
    sink_close(s);
    return rc;
}

static int check_move(struct repo *r, const struct repo_move *m)
{
    struct oid now;
    int rc = repo_tip(r, m->branch, &now);
    if (rc == ERR_MISSING ? !m->born : rc == 0 && m->born && oid_equal(&now, &m->from)) return 0;
    return rc && rc != ERR_MISSING ? rc : err_set(ERR_ROAD, "branch '%s' has been moved by somebody else", m->branch);
}

static int prepare_move(struct repo *r, struct arena *a, const struct repo_move *m, struct lock_file *f)
{
    char name[128];
    int rc = ref_name(name, m->branch);
    if (rc == 0) rc = check_move(r, m);
    if (rc) return rc;
    f->path = path_join(a, repo_folder(r), name);
    f->lock = f->path ? arena_printf(a, "%s.lock", f->path) : NULL;
    return f->lock ? write_lock(f->lock, &m->to) : ERR_ROAD;
}

int repo_move(struct repo *r, const struct repo_move *moves, size_t len)
{
    struct arena a;
    arena_init(&a);
    struct lock_file *files = arena_alloc(&a, (len + 1) * sizeof *files);
    const char **locks = arena_alloc(&a, (len + 1) * sizeof *locks);
    const char *folder = path_join(&a, repo_folder(r), "refs/heads");
    int rc = files && locks && folder ? 0 : ERR_ROAD;
    size_t made = 0, moved = 0;
    for (; made < len && rc == 0; made++) rc = prepare_move(r, &a, &moves[made], &files[made]);
    for (size_t i = 0; i < len && rc == 0; i++) locks[i] = files[i].lock;
    if (rc == 0) rc = os_sync_all(locks, len);
    for (; moved < len && rc == 0; moved++) rc = os_rename_unsynced(files[moved].lock, files[moved].path);
    if (rc == 0) rc = os_sync_folder(folder);
    for (size_t i = moved; rc && i < made; i++)
        if (files[i].lock && os_remove(files[i].lock)) break; /* repo_clean does it, too */
    arena_release(&a);
    return rc;
}

/* ---- packs ---- */

/* Syncs a folder inside the git directory. */
static int sync_inside(struct repo *r, const char *folder)
{
    struct arena a;
    arena_init(&a);
    const char *path = path_join(&a, repo_folder(r), folder);
    int rc = path ? os_sync_folder(path) : ERR_ROAD;
    arena_release(&a);
    return rc;
}

int repo_store_pack(struct repo *r, const void *bytes, size_t len)
{
    git_odb_writepack *writer = NULL;
    git_indexer_progress progress = {0};
    if (git_odb_write_pack(&writer, r->odb, NULL, NULL)) return repo_fail(ERR_ROAD, N_("write to the repository"));
    int failed = writer->append(writer, bytes, len, &progress);
    if (!failed) failed = writer->commit(writer, &progress);
    writer->free(writer);
    return failed ? repo_fail(ERR_ROAD, N_("write to the repository")) : sync_inside(r, "objects/pack");
}

static bool ends_with(const char *s, const char *end)
{
    size_t len = strlen(s), end_len = strlen(end);
    return len >= end_len && strcmp(s + len - end_len, end) == 0;
}

typedef bool leftover_fn(const char *folder, const char *name, struct arena *a);

static bool is_lock(const char *folder, const char *name, struct arena *a)
{
    (void)folder;
    (void)a;
    return ends_with(name, ".lock");
}

/* A pack that libgit2 had begun, or an index whose pack was not renamed any more. */
static bool is_half_pack(const char *folder, const char *name, struct arena *a)
{
    if (strncmp(name, "pack_git2_", 10) == 0 || ends_with(name, ".lock")) return true;
    if (!ends_with(name, ".idx")) return false;
    const char *pack = arena_printf(a, "%s/%.*s.pack", folder, (int)(strlen(name) - 4), name);
    return pack && !os_exists(pack);
}

static int remove_leftovers(struct repo *r, const char *inside, leftover_fn *is_leftover)
{
    struct arena a;
    const char **names = NULL;
    size_t len = 0;
    arena_init(&a);
    const char *folder = path_join(&a, repo_folder(r), inside);
    int rc = folder ? os_list(&names, &len, &a, folder) : ERR_ROAD;
    for (size_t i = 0; i < len && rc == 0; i++) {
        if (!is_leftover(folder, names[i], &a)) continue;
        const char *path = path_join(&a, folder, names[i]);
        rc = path ? os_remove(path) : ERR_ROAD;
    }
    arena_release(&a);
    return rc;
}

int repo_clean(struct repo *r)
{
    int rc = remove_leftovers(r, "refs/heads", is_lock);
    if (rc == 0) rc = remove_leftovers(r, ".", is_lock);
    return rc ? rc : remove_leftovers(r, "objects/pack", is_half_pack);
}

/* ---- consolidating ---- */

/* Packs are folded by classes of size, eightfold each, so that a byte is copied a few times in its life and not
 * each time. The steps of one fold, any of which may be the last before a crash:
 *
 *   the new pack is stored, synced;
 *   the packs that it replaces are listed in the file SUPERSEDED, with the time;
 *   when the grace is over they are removed, and then their lines.
 *
 * A pack that is there and listed nowhere is folded again, which only costs time. */
#define SUPERSEDED "satchel-superseded"
#define SUPERSEDED_MAX ((size_t)4 << 20)
#define FOLD_BYTES (UINT64_C(16) << 20) /* of the packs that one step copies */
#define PACK_LARGE (UINT64_C(8) << 20)  /* these are left as they are */
#define CLASS_FIRST (UINT64_C(256) << 10)
#define CLASSES 3

struct pack_file {
    const char *name; /* pack-…, without ".pack" */
    uint64_t size;
    bool superseded;
};

struct packs {
    struct arena arena;
    const char *folder, *list; /* objects/pack, SUPERSEDED */
    struct pack_file *files;
    size_t len;
    struct buf lines; /* of the list: time, blank, name */
};

static void packs_release(struct packs *p)
{
    buf_release(&p->lines);
    arena_release(&p->arena);
}

static int compare_packs(const void *a, const void *b)
{
    const struct pack_file *x = a, *y = b;
    if (x->size != y->size) return x->size < y->size ? -1 : 1;
    return strcmp(x->name, y->name);
}

static int read_list(struct packs *p)
{
    int rc = file_read(p->list, &p->lines);
    if (rc == ERR_MISSING) {
        err_clear();
        rc = 0;
    }
    return rc;
}

static bool is_listed(const struct packs *p, const char *name)
{
    const char *at = buf_str(&p->lines);
    size_t len = strlen(name);
    while ((at = strstr(at, name)) && at[len] != '\n') at += len;
    return at != NULL;
}

static int list_packs(struct packs *p)
{
    const char **names = NULL;
    struct file_info info;
    size_t len = 0;
    int rc = os_list(&names, &len, &p->arena, p->folder);
    p->files = rc ? NULL : arena_alloc(&p->arena, (len + 1) * sizeof *p->files);
    if (!p->files) return rc ? rc : ERR_ROAD;
    for (size_t i = 0; i < len && rc == 0; i++) {
        if (strncmp(names[i], "pack-", 5) != 0 || !ends_with(names[i], ".pack")) continue;
        const char *path = path_join(&p->arena, p->folder, names[i]);
        const char *name = arena_strndup(&p->arena, names[i], strlen(names[i]) - strlen(".pack"));
        rc = path && name ? os_stat(&info, path) : ERR_ROAD;
        if (rc == 0) p->files[p->len++] = (struct pack_file){name, info.size, is_listed(p, name)};
    }
    qsort(p->files, p->len, sizeof *p->files, compare_packs);
    return rc;
}

static int packs_read(struct repo *r, struct packs *p)
{
    *p = (struct packs){0};
    arena_init(&p->arena);
    buf_init(&p->lines, SUPERSEDED_MAX);
    p->folder = path_join(&p->arena, repo_folder(r), "objects/pack");
    p->list = path_join(&p->arena, repo_folder(r), SUPERSEDED);
    int rc = p->folder && p->list ? read_list(p) : ERR_ROAD;
    return rc ? rc : list_packs(p);
}

/* ---- removing what is replaced ---- */

/* An index goes before its pack: a pack without an index is only unused space. */
static int remove_pack(struct packs *p, const char *name)
{
    static const char *const ends[] = {".idx", ".rev", ".bitmap", ".pack"};
    int rc = 0;
    for (size_t e = 0; e < sizeof ends / sizeof *ends && rc == 0; e++) {
        const char *path = arena_printf(&p->arena, "%s/%s%s", p->folder, name, ends[e]);
        rc = path ? os_remove(path) : ERR_ROAD;
    }
    return rc;
}

/* A line of the list: true where its grace is over. */
static bool read_line(const char *line, size_t len, int64_t before, char name[64])
{
    const char *blank = memchr(line, ' ', len);
    size_t name_len = blank ? len - (size_t)(blank + 1 - line) : 0;
    if (name_len == 0 || name_len > 63 || strncmp(blank + 1, "pack-", 5) != 0) return false;
    memcpy(name, blank + 1, name_len);
    name[name_len] = '\0';
    return strtoll(line, NULL, 10) <= before && !strchr(name, '/');
}

/* Removes packs whose grace is over, and keeps the other lines. */
static int remove_superseded(struct repo *r, struct packs *p, int64_t before)
{
    struct buf rest;
    char name[64];
    bool opened_anew = false;
    int rc = 0;
    buf_init(&rest, SUPERSEDED_MAX);
    for (const char *at = buf_str(&p->lines), *end; rc == 0 && (end = strchr(at, '\n')); at = end + 1) {
        if (!read_line(at, (size_t)(end - at), before, name)) {
            buf_add(&rest, at, (size_t)(end + 1 - at));
            continue;
        }
        if (!opened_anew) rc = reopen(r);
        opened_anew = true;
        if (rc == 0) rc = remove_pack(p, name);
    }
    if (rc == 0) rc = buf_error(&rest);
    if (rc == 0 && rest.len < p->lines.len)
        rc = rest.len ? file_write(p->list, rest.data, rest.len) : os_remove(p->list);
    buf_release(&rest);
    return rc;
}

/* ---- folding ---- */

static int class_of(uint64_t size)
{
    int class = 0;
    for (uint64_t most = CLASS_FIRST; size > most && class < CLASSES; most *= 8) class++;
    return class;
}

static bool may_fold(const struct pack_file *f, int class)
{
    return !f->superseded && f->size < PACK_LARGE && class_of(f->size) == class;
}

/* The smallest of one class that has too many; those that are chosen stand first in the files. */
static size_t choose(struct packs *p, size_t packs_most)
{
    for (int class = 0; class <= CLASSES; class++) {
        size_t count = 0, n = 0;
        uint64_t bytes = 0;
        for (size_t i = 0; i < p->len; i++) count += may_fold(&p->files[i], class);
        if (count <= packs_most || count < 2) continue;
        for (size_t i = 0; i < p->len; i++) {
            struct pack_file f = p->files[i];
            if (!may_fold(&f, class) || (n >= 2 && bytes + f.size > FOLD_BYTES)) continue;
            bytes += f.size;
            p->files[i] = p->files[n];
            p->files[n++] = f;
        }
        return n;
    }
    return 0;
}

static int add_pack(struct repack *all, struct packs *p, const char *name)
{
    struct buf pack, index;
    const char *pack_path = arena_printf(&p->arena, "%s/%s.pack", p->folder, name),
               *index_path = arena_printf(&p->arena, "%s/%s.idx", p->folder, name);
    buf_init(&pack, (size_t)PACK_LARGE);
    buf_init(&index, (size_t)PACK_LARGE);
    int rc = pack_path && index_path ? file_read(pack_path, &pack) : ERR_ROAD;
    if (rc == 0) rc = file_read(index_path, &index);
    if (rc == 0) rc = repack_add(all, &pack, &index);
    buf_release(&pack);
    buf_release(&index);
    return rc;
}

/* Has the pack these very bytes? By its length and its sum, which are its end. */
static int is_pack(struct packs *p, const struct pack_file *f, const unsigned char *bytes, size_t len, bool *is)
{
    struct file *file = NULL;
    unsigned char sum[SHA1_SIZE];
    size_t got = 0;
    *is = false;
    if (f->size != len) return 0;
    const char *path = arena_printf(&p->arena, "%s/%s.pack", p->folder, f->name);
    int rc = path ? file_open(&file, path) : ERR_ROAD;
    if (rc == 0) rc = file_seek(file, len - sizeof sum);
    if (rc == 0) rc = source_read_full(file_as_source(file), sum, sizeof sum, &got);
    *is = rc == 0 && got == sizeof sum && memcmp(sum, bytes + len - sizeof sum, sizeof sum) == 0;
    file_close(file);
    return rc;
}

/* All that were folded but the one that the new pack is itself: where one of them has all of the others. */
static int list_superseded(struct packs *p, size_t n, const unsigned char *bytes, size_t len)
{
    int rc = 0;
    for (size_t i = 0; i < n && rc == 0; i++) {
        bool is;
        rc = is_pack(p, &p->files[i], bytes, len, &is);
        if (rc == 0 && !is) buf_addf(&p->lines, "%lld %s\n", (long long)time_now(), p->files[i].name);
    }
    if (rc == 0) rc = buf_error(&p->lines);
    return rc ? rc : file_write(p->list, p->lines.data, p->lines.len);
}

static int fold_packs(struct repo *r, struct packs *p, size_t n)
{
    struct repack *all;
    const void *bytes;
    size_t len;
    int rc = repack_new(&all);
    if (rc) return rc;
    for (size_t i = 0; i < n && rc == 0; i++) rc = add_pack(all, p, p->files[i].name);
    if (rc == 0) rc = repack_end(all, &bytes, &len);
    if (rc == 0) rc = repo_store_pack(r, bytes, len);
    if (rc == 0) rc = list_superseded(p, n, bytes, len);
    repack_free(all);
    return rc;
}

int repo_consolidate(struct repo *r, size_t packs_most, int64_t grace)
{
    struct packs p;
    int rc = packs_read(r, &p);
    size_t n = rc ? 0 : choose(&p, packs_most);
    if (rc == 0 && n >= 2) rc = fold_packs(r, &p, n);
    if (rc == 0) rc = remove_superseded(r, &p, time_now() - grace);
    packs_release(&p);
    return rc;
}

/* ---- sizes ---- */

/* The number of objects is the last of the 256 counts in the index's head. */
static int measure_index(struct packs *p, const char *name, struct repo_sizes *out)
{
    struct file *f = NULL;
    struct file_info info;
    unsigned char n[4];
    size_t got = 0;
    const char *path = arena_printf(&p->arena, "%s/%s.idx", p->folder, name);
    int rc = path ? file_open(&f, path) : ERR_ROAD;
    if (rc == 0) rc = file_info(f, &info);
    if (rc == 0) rc = file_seek(f, 8 + 255 * 4);
    if (rc == 0) rc = source_read_full(file_as_source(f), n, sizeof n, &got);
    if (rc == 0 && got == sizeof n) {
        out->objects += (int64_t)n[0] << 24 | (int64_t)n[1] << 16 | (int64_t)n[2] << 8 | n[3];
        out->bytes += (int64_t)info.size;
    }
    file_close(f);
    return rc;
}

int repo_measure(struct repo *r, struct repo_sizes *out)
{
    struct packs p;
    *out = (struct repo_sizes){0};
    int rc = packs_read(r, &p);
    for (size_t i = 0; i < p.len && rc == 0; i++) {
        out->packs++;
        out->bytes += (int64_t)p.files[i].size;
        rc = p.files[i].superseded ? 0 : measure_index(&p, p.files[i].name, out);
    }
    packs_release(&p);
    return rc;
}
