/* A hub in a folder of its own, an admin who is its root, and auditors, for the tests of the hub. POSIX.
 *
 *   hub_kit_begin();                                    hub, register with kits A (admin, headquarters), B, C
 * (auditors) say(B, "C-1", "organisation", 1, "{\"name\":\"X\"}");  a signed entry of B's; record number 1 of
 * B's kit deliver(B, "C-1", &taken);                          all that B holds of the case, as a bundle
 */
#ifndef HUB_KIT_H
#define HUB_KIT_H

#define _XOPEN_SOURCE 700 /* before any header */
#define _DEFAULT_SOURCE   /* usleep */

#include <stdarg.h>
#include <sys/stat.h>
#include <unistd.h>

#include "satchel/base/os.h"
#include "satchel/format/age.h"
#include "satchel/format/enrolment.h"
#include "satchel/format/lfs.h"
#include "satchel/hub/hub.h"
#include "test.h"

#ifndef KITS
#define KITS 4
#endif
#define SHELL_MAX 4096

struct test_kit {
    struct signer signer;
    char id[KIT_ID_SIZE];
    unsigned char identity[KEY_SIZE], recipient[KEY_SIZE];
    struct fold *fold; /* what this kit holds */
};

static struct {
    struct arena arena;
    char folder[64], path[96]; /* path: of the hub, folder/hub */
    struct forms *forms;
    struct hub *hub;
    struct test_kit kits[KITS];
    int bundles;
} world;

#define A (&world.kits[0])
#define B (&world.kits[1])
#define C (&world.kits[2])
#define D (&world.kits[3]) /* not enrolled until a test does so */

#define FORM(type, in, writers, fields)                                                                      \
    "{\"form\":\"" type "\",\"in\":\"" in "\",\"writers\":[" writers "],\"title\":{},\"fields\":[" fields "]}"
#define TEXT(name) "{\"name\":\"" name "\",\"type\":\"text\"}"
#define SET(name, of) "{\"name\":\"" name "\",\"type\":\"set\",\"of\":\"" of "\"}"

static const char *const hub_forms[] = {
    FORM("person", "register", "\"admin\"",
        TEXT("name") "," TEXT("email") "," SET("roles", "text") "," TEXT("valid_from") "," TEXT("valid_to")),
    FORM("kit", "register", "\"admin\"",
        TEXT("person") "," TEXT("key") "," TEXT("recipient") "," SET("revoked", "text")),
    FORM("hub", "register", "\"admin\"", TEXT("name") "," TEXT("key") "," TEXT("recipient")),
    FORM("scheme", "register", "\"admin\"", SET("form", "json")),
    FORM("assignment", "case", "\"admin\"", TEXT("person")),
    FORM("release", "case", "\"admin\"", TEXT("entry") "," TEXT("reason")),
    FORM("organisation", "case", "\"auditor\"", TEXT("name")),
    FORM("finding", "case", "\"auditor\"", TEXT("fact") "," TEXT("grade") "," TEXT("clause")),
    FORM("decision", "case", "\"decider\"", TEXT("outcome")),
    FORM("evidence", "case", "\"auditor\"",
        "{\"fixed\":true,\"name\":\"sha256\",\"type\":\"text\"}," TEXT("name")
        ",{\"fixed\":true,\"name\":\"size\",\"type\":\"int\"}"),
};

/* ---- shell ---- */

static inline int shell(const char *format, ...) __attribute__((format(printf, 1, 2)));
static inline int shell(const char *format, ...)
{
    char command[SHELL_MAX], line[SHELL_MAX + 256];
    va_list args;
    va_start(args, format);
    vsnprintf(command, sizeof command, format, args);
    va_end(args);
    snprintf(line, sizeof line, "cd %s && { %s ; } >log 2>&1", world.folder, command);
    int status = system(line);
    if (status != 0) {
        printf("  fails: %s\n", command);
        snprintf(line, sizeof line, "tail -n 20 %s/log", world.folder);
        (void)!system(line);
    }
    return status;
}

#define CHECK_SHELL(...) CHECK(shell(__VA_ARGS__) == 0)

/* ---- entries ---- */

static inline void kit_init(struct test_kit *k, int n)
{
    unsigned char seed[KEY_SIZE];
    memset(seed, 10 + n, sizeof seed);
    memset(k->identity, 20 + n, sizeof k->identity);
    CHECK_OK(seed_signer(&k->signer, seed));
    CHECK_OK(x25519_public(k->recipient, k->identity));
    kit_id_of(k->id, k->signer.public_key);
    CHECK_OK(fold_new(&k->fold));
}

static inline const char *record_of(const struct test_kit *k, const char *type, int number)
{
    return arena_printf(&world.arena, "%s/%s-%d", type, k->id, number);
}

static inline const struct jv *parse(const char *json)
{
    const struct jv *v = NULL;
    CHECK_OK(json_parse(&v, &world.arena, json, strlen(json), 8, JSON_STRICT));
    return v;
}

/* An entry of the kit, not in its fold yet; it follows the last one there. */
static inline const struct entry *make_entry(
    struct test_kit *k, const char *case_name, const char *record, const char *set_json)
{
    const struct entry *e = NULL;
    const struct jv *set = parse(set_json);
    struct arena *a = &world.arena;
    struct entry_field *fields = arena_alloc(a, set->len * sizeof *fields);
    const struct fold_chain *chain = fold_chain(k->fold, case_name, k->id);
    const struct fold_record *before = fold_record(k->fold, case_name, record);
    const char *slash = strchr(record, '/');
    char type[33] = "";
    memcpy(type, record, (size_t)(slash - record));
    const struct form *form = forms_current(world.forms, type);
    for (size_t i = 0; i < set->len; i++) {
        fields[i].name = set->keys[i];
        fields[i].value = set->items[i];
        if (before) CHECK_OK(record_seen(before, fields[i].name, a, &fields[i].seen, &fields[i].seen_len));
    }
    struct entry draft = {.at = "2026-11-22T10:11:12+08:00",
        .case_name = case_name,
        .form = form ? form->id : arena_printf(a, "%s@0123456789abcdef", type),
        .kit = k->id,
        .prev = chain && chain->entries_len ? chain->entries[chain->entries_len - 1]->entry->id : NULL,
        .record = record,
        .seq = chain ? chain->highest + 1 : 1,
        .creates = !before || !before->created,
        .fields = fields,
        .fields_len = set->len};
    CHECK_OK(entry_make(&e, a, &draft, &k->signer));
    return e;
}

static inline void hold(struct test_kit *k, const struct entry *e, const struct test_kit *author)
{
    bool known;
    CHECK_OK(fold_add(k->fold, e, author->signer.public_key, VERDICT_GOOD, NULL, 0, &known));
}

static inline const struct entry *say_of(
    struct test_kit *k, const char *case_name, const char *record, const char *set)
{
    const struct entry *e = make_entry(k, case_name, record, set);
    hold(k, e, k);
    return e;
}

static inline const struct entry *say(
    struct test_kit *k, const char *case_name, const char *type, int number, const char *set)
{
    return say_of(k, case_name, record_of(k, type, number), set);
}

/* ---- bundles ---- */

/* Evidence on its way: files of world.folder by their hash. */
static inline const char *exhibit_path(const char *sha256)
{
    return arena_printf(&world.arena, "%s/%s", world.folder, sha256);
}

static inline int open_exhibit(void *ctx, const char *sha256, uint64_t offset, struct source **out)
{
    struct file *f;
    (void)ctx;
    int rc = file_open(&f, exhibit_path(sha256));
    if (rc == 0) rc = file_seek(f, offset);
    if (rc == 0) *out = file_as_source(f);
    return rc;
}

/* Bytes from a seed; the evidence that can be sent, with its pieces. */
static inline struct evidence make_exhibit(uint64_t seed, size_t size)
{
    struct evidence x = {.size = size};
    unsigned char hash[SHA256_SIZE], *bytes = malloc(size + 8);
    char *hex = arena_alloc(&world.arena, SHA256_HEX);
    for (size_t i = 0; i < size; i += 8) {
        uint64_t r = test_random_next(&seed);
        memcpy(bytes + i, &r, 8);
    }
    sha256(hash, bytes, size);
    hex_write(hex, hash, sizeof hash);
    x.sha256 = hex;
    x.pieces_len = (size_t)((size + PIECE_SIZE - 1) / PIECE_SIZE);
    const char **pieces = arena_alloc(&world.arena, (x.pieces_len + 1) * sizeof *pieces);
    for (size_t i = 0; i < x.pieces_len; i++) {
        size_t at = i * (size_t)PIECE_SIZE, n = size - at < PIECE_SIZE ? size - at : (size_t)PIECE_SIZE;
        char *piece = arena_alloc(&world.arena, SHA256_HEX);
        sha256(hash, bytes + at, n);
        hex_write(piece, hash, sizeof hash);
        pieces[i] = piece;
    }
    if (x.pieces_len > 1)
        x.pieces = pieces;
    else
        x.pieces_len = 0;
    CHECK_OK(file_write(exhibit_path(hex), bytes, size));
    free(bytes);
    return x;
}

static inline const struct entry *say_evidence(
    struct test_kit *k, const char *case_name, int number, const struct evidence *x)
{
    return say(k, case_name, "evidence", number,
        arena_printf(&world.arena, "{\"name\":\"photo.JPG\",\"sha256\":\"%s\",\"size\":%llu}", x->sha256,
            (unsigned long long)x->size));
}

/* An order of all that the kit holds of a case, for the hub. */
static inline struct bundle_order order_of(struct test_kit *k, const char *case_name)
{
    struct bundle_order o = {.fold = k->fold,
        .case_name = case_name,
        .from = k->id,
        .signer = &k->signer,
        .to = hub_kit(world.hub),
        .quarantined_too = true,
        .tell_have = true,
        .part_size = BUNDLE_PART_SIZE,
        .open_evidence = open_exhibit};
    memcpy(o.recipient, hub_recipient(world.hub), KEY_SIZE);
    return o;
}

/* Cuts into a folder of its own; *len files. */
static inline const struct bundle_file *cut_order(const struct bundle_order *o, size_t *len)
{
    struct bundle_files files = {0};
    const char *folder = arena_printf(&world.arena, "%s/bundles-%d", world.folder, world.bundles++);
    CHECK_OK(os_make_folder(folder));
    CHECK_OK(bundle_cut(&files, o, folder));
    struct bundle_file *copy = arena_alloc(&world.arena, (files.len + 1) * sizeof *copy);
    for (size_t i = 0; i < files.len; i++) {
        copy[i] = files.files[i];
        copy[i].path = arena_strdup(&world.arena, files.files[i].path);
    }
    *len = files.len;
    bundle_files_release(&files);
    return copy;
}

/* One bundle with all that the kit holds of the case; its path. */
static inline const char *pack(struct test_kit *k, const char *case_name)
{
    struct bundle_order o = order_of(k, case_name);
    size_t len = 0;
    const struct bundle_file *files = cut_order(&o, &len);
    CHECK(len == 1);
    return len ? files[0].path : "";
}

static inline int deliver(struct test_kit *k, const char *case_name, struct hub_taken *out)
{
    *out = (struct hub_taken){0};
    return hub_receive(world.hub, pack(k, case_name), &world.arena, out, NULL);
}

#define CHECK_DELIVER(k, case_name)                                                                          \
    do {                                                                                                     \
        struct hub_taken taken_;                                                                             \
        CHECK_OK(deliver(k, case_name, &taken_));                                                            \
        CHECK(taken_.problems &&taken_.problems->len == 0);                                                  \
    } while (0)

/* ---- the register ---- */

static inline const char *key_json(const struct test_kit *k)
{
    struct buf line;
    char recipient[AGE_RECIPIENT_SIZE];
    buf_init(&line, 4096);
    ssh_key_line_write(&line, k->signer.public_key, NULL);
    age_recipient_write(recipient, k->recipient);
    const char *json =
        arena_printf(&world.arena, "\"key\":\"%s\",\"recipient\":\"%s\"", buf_str(&line), recipient);
    buf_release(&line);
    return json;
}

/* A person and a kit; number: of both records of A's. */
static inline void enrol(const struct test_kit *k, int number, const char *name, const char *roles)
{
    struct arena *a = &world.arena;
    say(A, REGISTER_CASE, "person", number,
        arena_printf(a, "{\"name\":\"%s\",\"email\":\"%s@example.org\",%s}", name, name, roles));
    say(A, REGISTER_CASE, "kit", number,
        arena_printf(a, "{\"person\":\"register:%s\",%s}", record_of(A, "person", number), key_json(k)));
}

static inline void say_hub(int number)
{
    struct test_kit hub;
    memcpy(hub.signer.public_key, hub_public_key(world.hub), KEY_SIZE);
    memcpy(hub.recipient, hub_recipient(world.hub), KEY_SIZE);
    say(A, REGISTER_CASE, "hub", number, arena_printf(&world.arena, "{\"name\":\"HQ\",%s}", key_json(&hub)));
}

static inline void open_hub(void)
{
    CHECK_OK(hub_open(&world.hub, world.path, world.forms, NULL));
}

static inline void reopen_hub(void)
{
    hub_close(world.hub);
    world.hub = NULL;
    open_hub();
}

static inline void make_hub(void)
{
    struct buf request;
    struct request q = {
        .at = "2026-01-01T00:00:00Z", .name = "Zhang 张", .email = "a@example.org", .kit = A->id};
    memcpy(q.public_key, A->signer.public_key, KEY_SIZE);
    memcpy(q.recipient, A->recipient, KEY_SIZE);
    buf_init(&request, REQUEST_MAX_BYTES);
    CHECK_OK(request_write(&request, &q, &A->signer));
    CHECK_OK(hub_init(world.path, "HQ", request.data, request.len, world.forms));
    buf_release(&request);
}

static inline void add_hub_forms(void)
{
    for (size_t i = 0; i < sizeof hub_forms / sizeof *hub_forms; i++)
        CHECK_OK(forms_add(world.forms, hub_forms[i], strlen(hub_forms[i]), true));
}

static inline void hub_kit_begin_with(void (*add_forms)(void))
{
    memset(&world, 0, sizeof world);
    arena_init(&world.arena);
    strcpy(world.folder, "/tmp/satchel-hubtest-XXXXXX");
    if (!mkdtemp(world.folder)) abort();
    snprintf(world.path, sizeof world.path, "%s/hub", world.folder);
    for (int i = 0; i < KITS; i++) kit_init(&world.kits[i], i);
    CHECK_OK(forms_new(&world.forms));
    add_forms();
    make_hub();
    open_hub();
    enrol(A, 1, "anna", "\"roles.admin\":true,\"roles.headquarters\":true,\"roles.auditor\":true");
    enrol(B, 2, "bert", "\"roles.auditor\":true");
    enrol(C, 3, "cora", "\"roles.auditor\":true");
    say_hub(4);
    CHECK_DELIVER(A, REGISTER_CASE);
}

static inline void hub_kit_begin(void)
{
    hub_kit_begin_with(add_hub_forms);
}

static inline void hub_kit_end(void)
{
    hub_close(world.hub);
    for (int i = 0; i < KITS; i++) fold_free(world.kits[i].fold);
    forms_free(world.forms);
    arena_release(&world.arena);
    if (!getenv("KEEP")) CHECK_OK(os_remove_tree(world.folder));
}

/* What git says, without its last newline. */
static inline const char *git(const char *arguments)
{
    struct buf out;
    char command[SHELL_MAX];
    snprintf(command, sizeof command, "git -C %s/repo.git %s 2>&1", world.path, arguments);
    FILE *p = popen(command, "r");
    buf_init(&out, 1 << 20);
    for (int c; p && (c = fgetc(p)) != EOF;) buf_addc(&out, c);
    if (p) pclose(p);
    while (out.len && out.data[out.len - 1] == '\n') out.data[--out.len] = '\0';
    const char *s = arena_strdup(&world.arena, buf_str(&out));
    buf_release(&out);
    return s;
}

#endif
