/* Evidence: taken in once, sealed, never changed. In blobs/ each lies as an age file to the kit's own
 * recipient, named by HMAC-SHA-256(store key, SHA-256 of its bytes) in hex. A file is there whole or not at
 * all: it is written and synced in inbox/, then renamed. */
#include "exchange.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "satchel/format/age.h"

#define CHUNK ((size_t)1 << 20)

void blob_name(const struct store *s, const char *sha256, char out[BLOB_NAME_SIZE])
{
    unsigned char hash[SHA256_SIZE] = {0}, name[SHA256_SIZE];
    if (!hex_read(hash, sha256, sizeof hash)) memset(hash, 0, sizeof hash); /* no evidence has that hash */
    hmac_sha256(name, s->seal.key, KEY_SIZE, hash, sizeof hash);
    hex_write(out, name, sizeof name);
}

const char *blob_path(struct store *s, struct arena *a, const char *sha256)
{
    char name[BLOB_NAME_SIZE];
    blob_name(s, sha256, name);
    return store_path(s, a, "blobs", name);
}

int blob_sink(struct store *s, const char *path, struct sink **out)
{
    struct sink *file, *age;
    int err = file_sink(&file, path);
    if (err) return err;
    err = age_sink(&age, file, (const unsigned char(*)[KEY_SIZE])s->recipient, 1);
    if (err)
        sink_close(file);
    else
        *out = age;
    return err;
}

/* A name in inbox/ that nobody else has. */
const char *inbox_path(struct store *s, struct arena *a, const char *prefix)
{
    unsigned char random[8];
    char hex[2 * sizeof random + 1];
    if (random_bytes(random, sizeof random)) return NULL;
    hex_write(hex, random, sizeof random);
    const char *name = arena_printf(a, "%s-%s", prefix, hex);
    return name ? store_path(s, a, "inbox", name) : NULL;
}

bool blob_whole(const char *path, uint64_t size)
{
    uint64_t there;
    return os_exists(path) && age_plain_size(&there, path) == 0 && there == size;
}

/* ---- taking bytes in: one pass, whole hash and pieces side by side with the sealing ---- */

struct intake {
    struct arena arena;
    const char *name, *temporary;
    struct sink *sealed;
    struct digest *whole, *piece;
    struct jv *pieces;
    uint64_t expected, size, in_piece;
    unsigned char head[MEDIA_PROBE];
    size_t head_len;
    char sha256[SHA256_HEX]; /* once all of it is here */
    bool published;
};

static int start_intake(struct intake *in, struct store *s, const char *name)
{
    struct arena *a = &in->arena;
    in->name = arena_strdup(a, path_name(name));
    in->temporary = inbox_path(s, a, "take");
    in->pieces = jv_array(a);
    if (!in->name || !in->temporary || !in->pieces) return ERR_ROAD;
    int err = digest_sha256(&in->whole);
    if (!err) err = digest_sha256(&in->piece);
    return err ? err : blob_sink(s, in->temporary, &in->sealed);
}

int store_intake_new(struct intake **out, struct store *s, const char *name, uint64_t size)
{
    struct intake *in = calloc(1, sizeof *in);
    if (!in) return err_memory();
    in->expected = size;
    arena_init(&in->arena);
    int err = start_intake(in, s, name);
    if (err)
        store_intake_free(in);
    else
        *out = in;
    return err;
}

static int end_piece(struct intake *in)
{
    unsigned char hash[SHA256_SIZE];
    char hex[SHA256_HEX];
    digest_end(in->piece, hash);
    hex_write(hex, hash, sizeof hash);
    in->in_piece = 0;
    return jv_push(&in->arena, in->pieces, jv_string(&in->arena, hex));
}

static int hash_pieces(struct intake *in, const unsigned char *bytes, size_t len)
{
    int err = 0;
    while (len > 0 && !err) {
        size_t n = PIECE_SIZE - in->in_piece < len ? (size_t)(PIECE_SIZE - in->in_piece) : len;
        digest_add(in->piece, bytes, n);
        in->in_piece += n;
        bytes += n;
        len -= n;
        if (in->in_piece == PIECE_SIZE) err = end_piece(in);
    }
    return err;
}

static void keep_head(struct intake *in, const void *bytes, size_t len)
{
    size_t n = sizeof in->head - in->head_len < len ? sizeof in->head - in->head_len : len;
    memcpy(in->head + in->head_len, bytes, n);
    in->head_len += n;
}

/* Pieces are only for what is larger than one, so a file that fits into one is not hashed twice. */
int store_intake_add(struct intake *in, const void *bytes, size_t len)
{
    if (len > in->expected - in->size) return err_set(ERR_INPUT, "'%s' has more bytes than were announced", in->name);
    keep_head(in, bytes, len);
    digest_add(in->whole, bytes, len);
    in->size += len;
    int err = in->expected > PIECE_SIZE ? hash_pieces(in, bytes, len) : 0;
    return err ? err : sink_write(in->sealed, bytes, len);
}

int store_intake_end(struct intake *in)
{
    unsigned char hash[SHA256_SIZE];
    if (in->size != in->expected) return err_set(ERR_INPUT, "'%s' has fewer bytes than were announced", in->name);
    int err = in->in_piece > 0 ? end_piece(in) : 0;
    if (!err) err = sink_finish(in->sealed);
    if (err) return err;
    digest_end(in->whole, hash);
    hex_write(in->sha256, hash, sizeof hash);
    return 0;
}

const char *store_intake_sha256(const struct intake *in)
{
    return in->sha256;
}

static void remove_temporary(struct intake *in)
{
    if (in->sha256[0] && !in->published && os_remove(in->temporary)) err_clear();
}

void store_intake_free(struct intake *in)
{
    if (!in) return;
    sink_close(in->sealed);
    remove_temporary(in);
    digest_free(in->whole);
    digest_free(in->piece);
    wipe(in->head, sizeof in->head);
    arena_release(&in->arena);
    free(in);
}

static int put_fields(const struct intake *in, struct arena *a, struct jv **out)
{
    struct jv *v = jv_object(a);
    int err = jv_put_str(a, v, "name", in->name);
    if (!err) err = jv_put_str(a, v, "sha256", in->sha256);
    if (!err) err = jv_put_str(a, v, "media_type", media_type(in->name, in->head, in->head_len));
    if (!err) err = jv_put_int(a, v, "size", (int64_t)in->size);
    if (!err && in->size > PIECE_SIZE) err = jv_put(a, v, "pieces", jv_copy(a, in->pieces));
    if (!err) *out = v;
    return err;
}

/* What is there already is replaced by the same bytes, fresh: a copy that a bad disk has damaged heals so. */
static int publish(struct store *s, struct intake *in, struct arena *a, struct jv **fields)
{
    const char *path = blob_path(s, &in->arena, in->sha256);
    int err = path ? os_rename(in->temporary, path) : ERR_ROAD;
    if (!err) in->published = true;
    return err ? err : put_fields(in, a, fields);
}

/* ---- a file ---- */

static int changed(const char *path)
{
    return err_set(
        ERR_INPUT, "'%s' was changed while it was read; take it in again when nothing writes to it any more", path);
}

static int copy_chunks(struct intake *in, struct file *file, const char *path, unsigned char *chunk, struct progress *progress)
{
    int err = 0;
    for (size_t n = CHUNK; n == CHUNK && !err;) {
        err = source_read_full(file_as_source(file), chunk, CHUNK, &n);
        if (!err && n > in->expected - in->size) err = changed(path);
        if (!err) err = store_intake_add(in, chunk, n);
        if (!err && progress) progress->at(progress, in->size, in->expected);
    }
    return err ? err : in->size == in->expected ? 0 : changed(path);
}

static int copy(struct intake *in, struct file *file, const char *path, struct progress *progress)
{
    unsigned char *chunk = malloc(CHUNK);
    int err = chunk ? copy_chunks(in, file, path, chunk, progress) : err_memory();
    if (chunk) wipe(chunk, CHUNK);
    free(chunk);
    return err;
}

static bool same_file(const struct file_info *a, const struct file_info *b)
{
    return a->size == b->size && a->modified == b->modified && a->identity[0] == b->identity[0] &&
           a->identity[1] == b->identity[1];
}

/* *in: NULL where nothing of it is here. */
static int take_file(struct intake **in, struct store *s, struct file *file, const char *path, struct progress *progress)
{
    struct file_info before, after;
    int err = file_info(file, &before);
    if (!err && !before.is_file) err = err_set(ERR_INPUT, "'%s' is not a regular file", path);
    if (!err) err = store_intake_new(in, s, path, before.size);
    if (!err) err = copy(*in, file, path, progress);
    if (!err) err = file_info(file, &after);
    if (!err && !same_file(&before, &after)) err = changed(path);
    return err ? err : store_intake_end(*in);
}

static int take(struct intake **in, struct store *s, const char *path, struct progress *progress)
{
    struct file *file;
    int err = file_open(&file, path);
    if (err) return err;
    err = take_file(in, s, file, path, progress);
    file_close(file);
    return err;
}

/* ---- as a record ---- */

static int add_extra(struct arena *a, struct jv *set, const struct jv *extra)
{
    int err = 0;
    for (size_t i = 0; extra && i < extra->len && !err; i++)
        err = jv_put(a, set, extra->keys[i], extra->items[i]);
    return err;
}

static int add_target(struct arena *a, struct jv *set, const char *of)
{
    const char *name = of ? arena_printf(a, "of.%s", of) : NULL;
    if (!of) return 0;
    return name ? jv_put(a, set, name, jv_bool(a, true)) : ERR_ROAD;
}

/* Others may write while the bytes are copied, where this transaction has not begun to; but from when they lie in blobs/ to
 * when they are named nobody may, or he could free them. */
static int take_unlocked(
    struct store_tx *tx, const char *path, struct arena *a, struct jv **set, struct progress *progress)
{
    struct intake *in = NULL;
    tx_pause(tx);
    int err = take(&in, tx_store(tx), path, progress);
    int resumed = tx_resume(tx);
    if (!err) err = resumed;
    if (!err) err = publish(tx_store(tx), in, a, set);
    store_intake_free(in);
    return err;
}

/* Where it comes from: a file, or bytes that are here already. */
struct attaching {
    const char *path;
    struct intake *in;
    struct progress *progress;
};

static int take_either(struct store_tx *tx, const struct attaching *x, struct arena *a, struct jv **set)
{
    if (x->in) return publish(tx_store(tx), x->in, a, set);
    return take_unlocked(tx, x->path, a, set, x->progress);
}

static int attach(struct store_tx *tx, const struct attaching *x, const char *of, const struct change *with, const char **record)
{
    static const struct change nothing = {0};
    struct store *s = tx_store(tx);
    struct arena a;
    struct jv *set;
    const struct fold_record *target = of ? fold_record(s->fold, NULL, of) : NULL;
    if (!target)
        return err_set(ERR_INPUT, "there is no record '%s' to attach to; 'satchel find' and 'satchel list' show those there are",
            of ? of : "");
    if (!with) with = &nothing;
    arena_init(&a);
    const char *case_name = arena_strdup(&a, target->case_name);
    int err = case_name ? take_either(tx, x, &a, &set) : ERR_ROAD;
    if (!err) err = add_extra(&a, set, with->set);
    if (!err) err = add_target(&a, set, of);
    struct change c = {
        .kind = CHANGE_NEW, .type = "evidence", .case_name = case_name, .why = with->why, .form = with->form};
    if (!err) c.set = set;
    if (!err) err = store_change(tx, &c, record);
    arena_release(&a);
    return err;
}

int store_attach(struct store_tx *tx, const char *path, const char *of, const struct change *with,
    struct progress *progress, const char **record)
{
    return attach(tx, &(struct attaching){.path = path, .progress = progress}, of, with, record);
}

int store_intake_attach(
    struct store_tx *tx, struct intake *in, const char *of, const struct change *with, const char **record)
{
    return attach(tx, &(struct attaching){.in = in}, of, with, record);
}

/* ---- reading ---- */

int store_evidence_state(
    struct store *s, const char *case_name, const char *sha256, struct evidence_state *out)
{
    struct arena a;
    struct evidence_state state;
    arena_init(&a);
    const char *path = blob_path(s, &a, sha256);
    int err = path ? receipts_hold(s, case_name, sha256, &state.at_hub) : ERR_ROAD;
    if (!err) {
        state.here = os_exists(path);
        *out = state;
    }
    arena_release(&a);
    return err;
}

/* ERR_MISSING: its bytes are not here. */
static int find_blob(struct store *s, struct arena *a, const char *sha256, const char **path)
{
    *path = blob_path(s, a, sha256);
    if (!*path) return ERR_ROAD;
    if (os_exists(*path)) return 0;
    return err_set(ERR_MISSING, "the bytes of evidence %.12s… are not here; a sync brings them", sha256);
}

int store_evidence_size(struct store *s, const char *sha256, uint64_t *size)
{
    struct arena a;
    arena_init(&a);
    const char *path;
    int err = find_blob(s, &a, sha256, &path);
    if (!err) err = age_plain_size(size, path);
    arena_release(&a);
    return err == ERR_INPUT ? ERR_DAMAGED : err;
}

int store_evidence_open(struct store *s, const char *sha256, uint64_t offset, struct source **out)
{
    struct arena a;
    arena_init(&a);
    const char *path;
    int err = find_blob(s, &a, sha256, &path);
    if (!err) err = age_file_source(out, path, s->identity, offset);
    arena_release(&a);
    return err == ERR_INPUT ? ERR_DAMAGED : err; /* we sealed it ourselves */
}

int evidence_copy(
    struct source *from, struct sink *to, const char *sha256, struct progress *progress, uint64_t size)
{
    unsigned char hash[SHA256_SIZE];
    char hex[SHA256_HEX];
    struct digest *d = NULL;
    uint64_t done = 0;
    size_t n = 1;
    unsigned char *chunk = malloc(CHUNK);
    int err = chunk ? digest_sha256(&d) : err_memory();
    while (!err && n > 0) {
        err = source_read(from, chunk, CHUNK, &n);
        if (!err) digest_add(d, chunk, n);
        if (!err && to) err = sink_write(to, chunk, n);
        done += err ? 0 : n;
        if (progress) progress->at(progress, done, size);
    }
    if (!err) {
        digest_end(d, hash);
        hex_write(hex, hash, sizeof hash);
        if (strcmp(hex, sha256) != 0)
            err = err_set(ERR_DAMAGED, "evidence %.12s… does not have its hash", sha256);
    }
    digest_free(d);
    free(chunk);
    return err;
}

int store_evidence_extract(struct store *s, const char *sha256, const char *path, struct progress *progress)
{
    struct source *from = NULL;
    struct sink *to = NULL;
    int err = store_evidence_open(s, sha256, 0, &from);
    if (!err) err = file_sink(&to, path);
    if (!err) err = evidence_copy(from, to, sha256, progress, 0);
    if (!err) err = sink_finish(to);
    sink_close(to);
    source_close(from);
    return err == ERR_INPUT ? ERR_DAMAGED : err;
}

/* ---- all evidence of a case ---- */

/* The hash that an entry of an evidence record names, or NULL. */
static const char *evidence_hash(const struct entry *e)
{
    const struct entry_field *f = strncmp(e->record, "evidence/", 9) == 0 ? entry_field(e, "sha256") : NULL;
    const char *sha256 = f ? jv_str(f->value) : NULL;
    return sha256 && is_sha256_hex(sha256) ? sha256 : NULL;
}

static int each_of_chain(const struct fold_chain *c, int (*each)(void *ctx, const char *sha256), void *ctx)
{
    int err = 0;
    for (size_t i = 0; i < c->entries_len && !err; i++) {
        const char *sha256 = evidence_hash(c->entries[i]->entry);
        if (sha256) err = each(ctx, sha256);
    }
    return err;
}

static int each_of_case(
    struct store *s, const char *case_name, int (*each)(void *ctx, const char *sha256), void *ctx)
{
    size_t len;
    const struct fold_chain *const *chains = fold_chains(s->fold, case_name, &len);
    int err = 0;
    for (size_t i = 0; i < len && !err; i++) err = each_of_chain(chains[i], each, ctx);
    return err;
}

int evidence_each(
    struct store *s, const char *case_name, int (*each)(void *ctx, const char *sha256), void *ctx)
{
    size_t len;
    int err = 0;
    if (case_name) return each_of_case(s, case_name, each, ctx);
    const char *const *cases = fold_cases(s->fold, &len);
    for (size_t i = 0; i < len && !err; i++) err = each_of_case(s, cases[i], each, ctx);
    return err;
}

/* ---- whose evidence it is ---- */

/* Values of other people's records can be taken over by resolving a conflict; only an own record that was created
 * with the hash is an attachment. */
static bool attached_here(struct store *s, const char *case_name, const char *sha256)
{
    const struct fold_chain *c = fold_chain(s->fold, case_name, s->kit);
    for (size_t i = 0; c && i < c->entries_len; i++) {
        const struct entry *e = c->entries[i]->entry;
        const char *hash = e->creates ? evidence_hash(e) : NULL;
        if (hash && strcmp(hash, sha256) == 0) return true;
    }
    return false;
}

char *brought_name(struct arena *a, const char *case_name, const char *sha256)
{
    return arena_printf(a, "brought.%s.%s", case_name, sha256);
}

int evidence_of_case(struct store *s, const char *case_name, const char *sha256, bool *yes)
{
    struct arena a;
    struct buf value;
    arena_init(&a);
    buf_init(&value, BUF_UNLIMITED);
    const char *name = brought_name(&a, case_name, sha256);
    int err = name ? setting_get(s, name, &value, yes) : ERR_ROAD;
    if (!err && !*yes) *yes = attached_here(s, case_name, sha256);
    buf_release(&value);
    arena_release(&a);
    return err;
}

/* ---- freeing ---- */

struct freed {
    struct store *s;
    int64_t files;
    uint64_t bytes;
    struct map kept; /* evidence that some case is still to deliver */
    const char *case_name;
    struct arena arena;
    struct jv *hashes; /* an object */
};

static int keep_undelivered(void *ctx, const char *sha256)
{
    struct freed *freed = ctx;
    struct evidence_state state;
    bool ours = false;
    int err = store_evidence_state(freed->s, freed->case_name, sha256, &state);
    if (!err && state.here && !state.at_hub) err = evidence_of_case(freed->s, freed->case_name, sha256, &ours);
    return err || !ours ? err : map_put(&freed->kept, sha256, freed);
}

static int find_kept(struct freed *freed)
{
    size_t len;
    int err = 0;
    const char *const *cases = fold_cases(freed->s->fold, &len);
    for (size_t i = 0; i < len && !err; i++) {
        freed->case_name = cases[i];
        err = each_of_case(freed->s, cases[i], keep_undelivered, freed);
    }
    return err;
}

static int free_one(void *ctx, const char *sha256)
{
    struct freed *freed = ctx;
    struct evidence_state state;
    struct file_info info;
    struct arena a;
    int err = store_evidence_state(freed->s, freed->case_name, sha256, &state);
    if (err || !state.here || !state.at_hub || map_get(&freed->kept, sha256)) return err;
    arena_init(&a);
    const char *path = blob_path(freed->s, &a, sha256);
    err = path ? os_stat(&info, path) : ERR_ROAD;
    if (!err) err = os_remove(path);
    if (!err) {
        freed->files++;
        freed->bytes += info.size;
        err = jv_put(&freed->arena, freed->hashes, sha256, jv_bool(&freed->arena, true));
    }
    arena_release(&a);
    return err;
}

static int free_case(struct freed *freed, struct store_tx *tx, const char *case_name)
{
    const char *name = fold_case_named(freed->s->fold, case_name);
    if (!name) return err_set(ERR_MISSING, "there is no case '%s'", case_name);
    int err = freed->hashes ? find_kept(freed) : ERR_ROAD;
    freed->case_name = name;
    if (!err) err = each_of_case(freed->s, name, free_one, freed);
    return err || !freed->hashes->len ? err : peer_note_freed(tx, name, freed->hashes, &freed->arena);
}

/* A transaction, so that nobody attaches meanwhile what is about to go. */
int store_free_case(struct store *s, const char *case_name, int64_t *files, uint64_t *bytes)
{
    struct freed freed = {.s = s};
    struct store_tx *tx;
    *files = 0;
    *bytes = 0;
    map_init(&freed.kept);
    arena_init(&freed.arena);
    freed.hashes = jv_object(&freed.arena);
    const char *name = arena_strdup(&freed.arena, case_name); /* the fold's own may go when it begins */
    int err = name ? store_begin(&tx, s) : ERR_ROAD;
    bool begun = err == 0;
    if (begun) err = free_case(&freed, tx, name);
    if (begun && err)
        store_rollback(tx);
    else if (begun)
        err = store_commit(tx);
    map_release(&freed.kept);
    arena_release(&freed.arena);
    *files = freed.files;
    *bytes = freed.bytes;
    return err;
}
