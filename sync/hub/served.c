/* What the kits of a server were handed out last, and what that was made of: while the one is the same, so is the
 * other, and no case has to be read for it. In memory only; the first time after a start costs what it costs.
 *
 * What a case gives a kit follows from the branch, the register, the day, what kits.json says of the two, and
 * where it is written. Whether anything at all is new, the stamps of the files tell that say so; one that is
 * so young that a second change might bear the same is not relied upon. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "parts.h"
#include "satchel/base/time.h"

#define MADE_OF_SIZE 16

struct handed {
    unsigned char made_of[MADE_OF_SIZE];
    struct arena *arena;      /* of `written`; NULL: no files */
    const struct jv *written; /* {"kit","case","file","size"} */
};

struct served_kit {
    struct served_kit *next;
    char kit[KIT_ID_SIZE];
    bool settled; /* `all` can be relied upon */
    struct handed all;
    struct handed *cases; /* by the number of the case */
    size_t cap;
};

struct served_memory {
    struct served_kit *kits;
    struct map numbers; /* of cases, by name; from 1 on */
    struct arena names;
};

/* ---- memory ---- */

static void forget(struct handed *x)
{
    if (x->arena) arena_release(x->arena);
    free(x->arena);
    *x = (struct handed){0};
}

void served_free(struct hub *h)
{
    struct served_memory *s = h->served;
    if (!s) return;
    for (struct served_kit *k = s->kits, *next; k; k = next) {
        next = k->next;
        for (size_t i = 0; i < k->cap; i++) forget(&k->cases[i]);
        forget(&k->all);
        free(k->cases);
        free(k);
    }
    map_release(&s->numbers);
    arena_release(&s->names);
    free(s);
    h->served = NULL;
}

static struct served_memory *memory_of(struct hub *h)
{
    if (h->served) return h->served;
    struct served_memory *s = calloc(1, sizeof *s);
    if (!s) return NULL;
    map_init(&s->numbers);
    arena_init(&s->names);
    return h->served = s;
}

static struct served_kit *kit_of(struct hub *h, const char *kit, bool make)
{
    struct served_memory *s = memory_of(h);
    struct served_kit *k = s ? s->kits : NULL;
    while (k && strcmp(k->kit, kit) != 0) k = k->next;
    if (k || !make || !s || strlen(kit) >= KIT_ID_SIZE) return k;
    k = calloc(1, sizeof *k);
    if (!k) return NULL;
    memcpy(k->kit, kit, strlen(kit) + 1);
    k->next = s->kits;
    return s->kits = k;
}

/* From 1 on; 0: none. */
static size_t number_of(struct served_memory *s, const char *case_name)
{
    size_t n = (size_t)(uintptr_t)map_get(&s->numbers, case_name);
    if (n) return n;
    const char *copy = arena_strdup(&s->names, case_name);
    n = s->numbers.len + 1;
    return copy && map_put(&s->numbers, copy, (void *)(uintptr_t)n) == 0 ? n : 0;
}

static struct handed *case_of(struct hub *h, const char *kit, const char *case_name)
{
    struct served_kit *k = kit_of(h, kit, true);
    size_t n = k ? number_of(h->served, case_name) : 0;
    if (n >= (k ? k->cap : 0)) {
        size_t cap = 2 * n + 16;
        struct handed *cases = n ? realloc(k->cases, cap * sizeof *cases) : NULL;
        if (!cases) return NULL;
        memset(cases + k->cap, 0, (cap - k->cap) * sizeof *cases);
        k->cases = cases;
        k->cap = cap;
    }
    return &k->cases[n];
}

/* Nothing is remembered where memory is out. */
static void keep(struct handed *x, const unsigned char made_of[MADE_OF_SIZE], const struct jv *written)
{
    forget(x);
    if (written->len) {
        x->arena = calloc(1, sizeof *x->arena);
        if (!x->arena) return;
        arena_init(x->arena);
        x->written = jv_copy(x->arena, written);
        if (!x->written) return forget(x);
    }
    memcpy(x->made_of, made_of, MADE_OF_SIZE);
}

/* Is all of it where it was put? Then it is told of in `written` once more. */
static bool tell_again(const struct handed *x, struct hub_exchange *out, struct jv *written)
{
    size_t len = x->written ? x->written->len : 0;
    for (size_t i = 0; i < len; i++)
        if (!os_exists(jv_get_str(x->written->items[i], "file"))) return false;
    for (size_t i = 0; i < len; i++)
        if (jv_push(&out->arena, written, jv_copy(&out->arena, x->written->items[i]))) return false;
    return true;
}

static void digest_of(unsigned char made_of[MADE_OF_SIZE], const struct buf *text)
{
    unsigned char hash[SHA256_SIZE];
    sha256(hash, text->data, text->len);
    memcpy(made_of, hash, MADE_OF_SIZE);
}

static void add_where(struct buf *text, const char *folder, uint64_t part_size)
{
    char now[TIME_TEXT];
    time_write_now(now);
    now[strlen("2026-01-01")] = '\0';
    buf_addf(text, "%s %" PRIu64 " %s\n", now, part_size, folder);
}

/* ---- one case ---- */

int served_made_of(struct hub *h, const struct jv *kits, const char *kit, const struct repo_branch *b,
    const struct served_where *where, unsigned char made_of[16])
{
    struct buf text;
    char tip[OID_HEX], register_tip[OID_HEX];
    const struct jv *known = jv_get(jv_get(kits, kit), b->name);
    buf_init(&text, BUF_UNLIMITED);
    add_where(&text, where->folder, where->part_size);
    oid_write(tip, &b->tip);
    oid_write(register_tip, &h->the_register->tip);
    buf_addf(&text, "%s %s\n", tip, register_tip);
    if (known) json_write(&text, known);
    int rc = buf_error(&text);
    if (rc == 0) digest_of(made_of, &text);
    buf_release(&text);
    return rc;
}

bool served_case(struct hub *h, const char *kit, const char *case_name, const unsigned char made_of[16],
    struct hub_exchange *out, struct jv *written)
{
    const struct handed *x = case_of(h, kit, case_name);
    return x && memcmp(x->made_of, made_of, MADE_OF_SIZE) == 0 && tell_again(x, out, written);
}

void served_keep_case(struct hub *h, const char *kit, const char *case_name, const unsigned char made_of[16],
    const struct jv *written)
{
    struct handed *x = case_of(h, kit, case_name);
    if (x) keep(x, made_of, written);
}

/* ---- all of them ---- */

static int add_stamp(struct buf *text, const char *folder, const char *name, int64_t *youngest)
{
    struct arena a;
    struct file_info info = {0};
    arena_init(&a);
    const char *path = path_join(&a, folder, name);
    int rc = path ? os_stat(&info, path) : ERR_ROAD;
    if (rc == ERR_MISSING) {
        err_clear();
        rc = 0;
    }
    buf_addf(text, "%" PRIu64 " %" PRIu64 " %" PRId64 "\n", info.identity[1], info.size, info.modified);
    if (info.modified > *youngest) *youngest = info.modified;
    arena_release(&a);
    return rc ? rc : buf_error(text);
}

/* Branches come and go in refs/heads, and each that moves is renamed there. */
static int stamp_all(
    struct hub *h, const struct served_where *where, unsigned char made_of[MADE_OF_SIZE], bool *settled)
{
    struct buf text;
    int64_t youngest = 0;
    buf_init(&text, BUF_UNLIMITED);
    add_where(&text, where->folder, where->part_size);
    int rc = add_stamp(&text, repo_folder(h->repo), "refs/heads", &youngest);
    if (rc == 0) rc = add_stamp(&text, repo_folder(h->repo), "packed-refs", &youngest);
    if (rc == 0) rc = add_stamp(&text, h->folder, "kits.json", &youngest);
    if (rc == 0) digest_of(made_of, &text);
    *settled = os_clock_nanoseconds() - youngest > STAMP_SETTLED;
    buf_release(&text);
    return rc;
}

bool served_all(
    struct hub *h, const char *kit, const struct served_where *where, struct hub_exchange *out, struct jv *written)
{
    unsigned char made_of[MADE_OF_SIZE];
    bool settled;
    const struct served_kit *k = kit_of(h, kit, false);
    if (!k || !k->settled || stamp_all(h, where, made_of, &settled)) return false;
    return memcmp(k->all.made_of, made_of, MADE_OF_SIZE) == 0 && tell_again(&k->all, out, written);
}

void served_keep_all(struct hub *h, const char *kit, const struct served_where *where, const struct jv *written)
{
    unsigned char made_of[MADE_OF_SIZE];
    struct served_kit *k = kit_of(h, kit, true);
    if (!k) return;
    k->settled = false;
    if (stamp_all(h, where, made_of, &k->settled)) k->settled = false;
    if (k->settled) keep(&k->all, made_of, written);
}
