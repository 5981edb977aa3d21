/* Two kits, a case and made-up evidence, for the tests that cut and open bundles. */
#ifndef BUNDLE_KIT_H
#define BUNDLE_KIT_H

#define _XOPEN_SOURCE 700 /* before any header: the tests use POSIX */

#include <dirent.h>
#include <unistd.h>

#include "satchel/base/os.h"
#include "satchel/format/age.h"
#include "satchel/format/gzip.h"
#include "satchel/format/tar.h"
#include "satchel/replica/bundle.h"
#include "test.h"

#define TEST_CASE "BJ-2026-0042"
#define MIB (UINT64_C(1) << 20)

struct kit {
    struct signer signer;
    char id[KIT_ID_SIZE];
    unsigned char identity[KEY_SIZE], recipient[KEY_SIZE];
};

static inline struct kit kit_make(int n)
{
    struct kit k;
    unsigned char seed[KEY_SIZE];
    memset(seed, n, sizeof seed);
    memset(k.identity, n + 1, sizeof k.identity);
    CHECK_OK(seed_signer(&k.signer, seed));
    CHECK_OK(x25519_public(k.recipient, k.identity));
    kit_id_of(k.id, k.signer.public_key);
    return k;
}

/* ---- a folder of its own ---- */

static char test_folder[64];

static inline const char *folder(void)
{
    if (!*test_folder) {
        strcpy(test_folder, "/tmp/satchel-test-XXXXXX");
        if (!mkdtemp(test_folder)) abort();
    }
    return test_folder;
}

static inline const char *in_folder(const char *name)
{
    static char path[8][256];
    static int next;
    next = (next + 1) % 8;
    snprintf(path[next], sizeof path[next], "%s/%s", folder(), name);
    return path[next];
}

static inline void folder_remove(void)
{
    CHECK_OK(os_remove_tree(folder()));
    *test_folder = '\0';
}

static inline int folder_files(const char *path)
{
    int n = 0;
    DIR *d = opendir(path);
    for (struct dirent *e; d && (e = readdir(d));) n += e->d_name[0] != '.';
    if (d) closedir(d);
    return n;
}

/* ---- entries ---- */

static inline const struct entry *entry_of(struct arena *a, const struct kit *k, const char *case_name,
    int64_t seq, const char *prev, const char *text)
{
    char record[RECORD_ID_MAX];
    const struct entry *e = NULL;
    struct entry_field field = {.name = "text", .value = jv_string(a, text)};
    snprintf(record, sizeof record, "event/%s-%d", k->id, (int)seq);
    struct entry draft = {.at = "2026-11-22T10:11:12+08:00",
        .case_name = case_name,
        .form = "event@0123456789abcdef",
        .kit = k->id,
        .prev = prev,
        .record = arena_strdup(a, record),
        .seq = seq,
        .creates = true,
        .fields = &field,
        .fields_len = 1};
    CHECK_OK(entry_make(&e, a, &draft, &k->signer));
    return e;
}

/* n entries of the kit, each with a text of about text_len bytes. */
static inline void fold_fill(
    struct fold *f, const struct kit *k, const char *case_name, int n, size_t text_len)
{
    char *text = malloc(text_len + 32);
    const char *prev = NULL;
    for (int i = 1; i <= n; i++) {
        memset(text, 'a' + i % 26, text_len);
        snprintf(text + text_len, 32, " %d", i);
        const struct entry *e = entry_of(fold_arena(f), k, case_name, i, prev, text);
        bool known;
        CHECK_OK(fold_add(f, e, k->signer.public_key, VERDICT_GOOD, NULL, i, &known));
        prev = e->id;
    }
    free(text);
}

/* ---- evidence that nobody has to keep: its bytes follow from a number and the place ---- */

struct made {
    struct source base;
    uint64_t seed, at, size;
};

static inline int made_read(struct source *base, void *out, size_t cap, size_t *got)
{
    struct made *m = (struct made *)base;
    unsigned char *to = out;
    size_t n = 0;
    for (; n < cap && m->at < m->size; n++, m->at++) {
        uint64_t x = (m->at / 8 + m->seed) * 0x9e3779b97f4a7c15u;
        x ^= x >> 29;
        x *= 0xbf58476d1ce4e5b9u;
        x ^= x >> 32;
        unsigned char noise = (unsigned char)(x >> (m->at % 8 * 8)),
                      text = (unsigned char)("finding "[m->at % 8]);
        to[n] = m->seed % 2 ? noise : text;
    }
    *got = n;
    return 0;
}

static inline void made_close(struct source *base)
{
    free(base);
}

static inline struct source *made_source(uint64_t seed, uint64_t from, uint64_t size)
{
    struct made *m = calloc(1, sizeof *m);
    *m = (struct made){.base = {made_read, made_close}, .seed = seed, .at = from, .size = size};
    return &m->base;
}

struct exhibit {
    uint64_t seed, size; /* odd seeds: noise; even: text that shrinks */
    struct evidence evidence;
    char sha256[SHA256_HEX];
    uint64_t lie; /* bytes that it has more (or, negative, fewer) than said */
};

static inline void hash_run(char hex[SHA256_HEX], uint64_t seed, uint64_t from, uint64_t to)
{
    struct digest *d;
    unsigned char hash[SHA256_SIZE], chunk[65536];
    struct source *s = made_source(seed, from, to);
    size_t n = 1;
    if (digest_sha256(&d)) abort();
    while (source_read(s, chunk, sizeof chunk, &n) == 0 && n) digest_add(d, chunk, n);
    digest_end(d, hash);
    hex_write(hex, hash, sizeof hash);
    digest_free(d);
    source_close(s);
}

static inline void exhibit_make(struct exhibit *x, struct arena *a, uint64_t seed, uint64_t size)
{
    *x = (struct exhibit){.seed = seed, .size = size};
    hash_run(x->sha256, seed, 0, size);
    x->evidence = (struct evidence){.sha256 = x->sha256, .size = size};
    if (size <= PIECE_SIZE) return;
    size_t len = (size_t)((size + PIECE_SIZE - 1) / PIECE_SIZE);
    const char **pieces = arena_alloc(a, len * sizeof *pieces);
    for (size_t i = 0; i < len; i++) {
        char *hex = arena_alloc(a, SHA256_HEX);
        uint64_t from = i * PIECE_SIZE, to = from + PIECE_SIZE < size ? from + PIECE_SIZE : size;
        hash_run(hex, seed, from, to);
        pieces[i] = hex;
    }
    x->evidence.pieces = pieces;
    x->evidence.pieces_len = len;
}

#define EXHIBITS_MAX 8
struct exhibits {
    struct exhibit list[EXHIBITS_MAX];
    size_t len;
};

static inline int exhibits_open(void *ctx, const char *sha256, uint64_t offset, struct source **out)
{
    struct exhibits *all = ctx;
    for (size_t i = 0; i < all->len; i++) {
        struct exhibit *x = &all->list[i];
        if (strcmp(x->sha256, sha256) != 0) continue;
        *out = made_source(x->seed, offset, x->size + x->lie);
        return 0;
    }
    return err_set(ERR_MISSING, "no such exhibit");
}

/* ---- receiving ---- */

struct desk { /* who takes bundles in, and what was staged */
    struct kit self;
    struct kit friends[2];
    size_t friends_len;
    uint64_t staged; /* bytes */
    int finished;    /* blobs and parts */
};

static inline int desk_sender(void *ctx, const char *kit, const unsigned char signed_by[KEY_SIZE])
{
    struct desk *d = ctx;
    for (size_t i = 0; i < d->friends_len; i++)
        if (strcmp(d->friends[i].id, kit) == 0)
            return same_bytes(signed_by, d->friends[i].signer.public_key, KEY_SIZE)
                       ? 0
                       : err_set(ERR_INPUT, "another key");
    return err_set(ERR_WAIT, "sender '%s' is not known", kit);
}

struct stage {
    struct sink base;
    struct desk *desk;
    uint64_t got;
};

static inline int stage_write(struct sink *base, const void *bytes, size_t len)
{
    (void)bytes;
    ((struct stage *)base)->got += len;
    return 0;
}

static inline int stage_finish(struct sink *base)
{
    struct stage *s = (struct stage *)base;
    s->desk->staged += s->got;
    s->desk->finished++;
    return 0;
}

static inline void stage_close(struct sink *base)
{
    free(base);
}

static inline int desk_stage(void *ctx, const struct member *m, struct sink **out)
{
    struct stage *s = calloc(1, sizeof *s);
    (void)m;
    s->base = (struct sink){stage_write, stage_finish, stage_close};
    s->desk = ctx;
    *out = &s->base;
    return 0;
}

static inline struct bundle_receiver desk_receiver(struct desk *d)
{
    struct bundle_receiver r = {.self = d->self.id, .sender = desk_sender, .stage = desk_stage, .ctx = d};
    memcpy(r.identity, d->self.identity, KEY_SIZE);
    return r;
}

#endif
