/* Many kits and their hubs, for simulators: whole stores, the real program as the hubs' servers, and a list of all that was
 * ever entered to hold everybody's state against. What fails before the simulation proper ends the program. */
#ifndef SIM_KIT_H
#define SIM_KIT_H

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "satchel/base/os.h"
#include "satchel/base/time.h"
#include "satchel/format/age.h"
#include "satchel/hub/hub.h"
#include "satchel/link/link.h"
#include "satchel/scheme/scheme.h"
#include "satchel/store/store.h"

#define SIM_PASSPHRASE "correct horse battery staple"
#define SIM_WORK_FACTOR 1
#define SIM_ROUNDS 8
#define SIM_WAIT_SECONDS 60
#define SIM_PATH 512

#define MUST(call)                                                                                                     \
    do {                                                                                                               \
        if ((call) != 0) sim_die(__FILE__, __LINE__, #call);                                                           \
    } while (0)

_Noreturn static inline void sim_die(const char *file, int line, const char *what)
{
    printf("  %s:%d: %s: %s\n0 passed, 1 failed\n", file, line, what, err_message());
    fflush(stdout);
    exit(1);
}

struct sim_hub {
    char folder[SIM_PATH], url[64], kit[KIT_ID_SIZE];
    unsigned char key[KEY_SIZE], recipient[KEY_SIZE];
    pid_t server;
};

/* What somebody has entered, one text each: values that occur once in the world, and hashes of photos. */
struct sim_words {
    char (*items)[SHA256_HEX];
    size_t len, cap;
};

struct sim_kit {
    char folder[SIM_PATH], link[SIM_PATH];
    struct forms *forms;
    struct schemes *schemes;
    struct store *store;
    const struct sim_hub *hub;
    struct sim_words words;
    uint64_t random;
};

static inline uint64_t sim_random(uint64_t *state, uint64_t below) /* splitmix64 */
{
    uint64_t z = (*state += UINT64_C(0x9E3779B97F4A7C15));
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return (z ^ (z >> 31)) % below;
}

/* ---- words ---- */

static inline void sim_word_add(struct sim_words *w, const char *text)
{
    if (w->len == w->cap) {
        w->cap = w->cap ? 2 * w->cap : 64;
        w->items = realloc(w->items, w->cap * sizeof *w->items);
        if (!w->items) abort();
    }
    snprintf(w->items[w->len++], SHA256_HEX, "%s", text);
}

static inline void sim_words_add(struct sim_words *w, const struct sim_words *more)
{
    for (size_t i = 0; i < more->len; i++) sim_word_add(w, more->items[i]);
}

static inline int sim_word_compare(const void *a, const void *b)
{
    return strcmp(a, b);
}

static inline void sim_words_sort(struct sim_words *w)
{
    if (w->len) qsort(w->items, w->len, sizeof *w->items, sim_word_compare);
}

static inline void sim_words_release(struct sim_words *w)
{
    free(w->items);
    memset(w, 0, sizeof *w);
}

/* Both sorted. */
static inline bool sim_words_same(const struct sim_words *a, const struct sim_words *b)
{
    bool same = a->len == b->len;
    for (size_t i = 0; same && i < a->len; i++) same = strcmp(a->items[i], b->items[i]) == 0;
    return same;
}

/* All that entries of the case say, each as often as an entry says it; counts those that do not apply. */
static inline size_t sim_words_of(struct sim_words *out, struct fold *f, const char *case_name)
{
    static const char *const told[] = {"fact", "root_cause", "sha256"};
    size_t chains_len, bad = 0;
    const struct fold_chain *const *chains = fold_chains(f, case_name, &chains_len);
    for (size_t c = 0; c < chains_len; c++)
        for (size_t i = 0; i < chains[c]->entries_len; i++) {
            bad += chains[c]->entries[i]->verdict != VERDICT_GOOD;
            for (size_t t = 0; t < sizeof told / sizeof *told; t++) {
                const struct entry_field *field = entry_field(chains[c]->entries[i]->entry, told[t]);
                if (field && jv_str(field->value)) sim_word_add(out, jv_str(field->value));
            }
        }
    sim_words_sort(out);
    return bad;
}

/* ---- kits ---- */

static inline void sim_kit_open(struct sim_kit *k)
{
    MUST(store_open(&k->store, k->folder, SIM_PASSPHRASE, k->forms));
}

static inline void sim_kit_make(struct sim_kit *k, const char *folder, const char *name)
{
    char recovery[RECOVERY_KEY_SIZE], email[128];
    snprintf(k->folder, sizeof k->folder, "%s/%s", folder, name);
    snprintf(k->link, sizeof k->link, "%s/%s/link/hub", folder, name);
    snprintf(email, sizeof email, "%s@example.com", name);
    MUST(forms_new(&k->forms));
    MUST(schemes_new(&k->schemes, k->forms));
    MUST(store_create(k->folder, name, email, SIM_PASSPHRASE, SIM_WORK_FACTOR, k->forms, recovery));
    sim_kit_open(k);
}

static inline void sim_kit_close(struct sim_kit *k)
{
    store_close(k->store);
    schemes_free(k->schemes);
    forms_free(k->forms);
    sim_words_release(&k->words);
}

/* ---- changes ---- */

struct sim_change {
    struct arena arena;
    struct store_tx *tx;
};

static inline void sim_begin(struct sim_change *c, struct sim_kit *k)
{
    arena_init(&c->arena);
    MUST(store_begin(&c->tx, k->store));
}

/* set: JSON. The record's id, in the change's arena. */
static inline const char *sim_new(struct sim_change *c, const char *type, const char *case_name, const char *set)
{
    const struct jv *v;
    const char *record;
    MUST(json_parse(&v, &c->arena, set, strlen(set), 8, JSON_STRICT));
    struct change change = {.kind = CHANGE_NEW, .type = type, .case_name = case_name, .set = v};
    MUST(store_change(c->tx, &change, &record));
    return arena_strdup(&c->arena, record);
}

static inline void sim_set(struct sim_change *c, enum change_kind kind, const char *record, const char *set)
{
    const struct jv *v;
    const char *changed;
    MUST(json_parse(&v, &c->arena, set, strlen(set), 8, JSON_STRICT));
    struct change change = {
        .kind = kind, .record = record, .set = v, .why = kind == CHANGE_RESOLVE ? "agreed" : NULL};
    MUST(store_change(c->tx, &change, &changed));
}

static inline void sim_commit(struct sim_change *c)
{
    MUST(store_commit(c->tx));
    arena_release(&c->arena);
}

/* Bytes that nobody else has; their hash goes among the kit's words. */
static inline void sim_photo(struct sim_change *c, struct sim_kit *k, const char *of, size_t size)
{
    char path[SIM_PATH + 16], hex[SHA256_HEX];
    unsigned char hash[SHA256_SIZE];
    const char *record;
    size_t words = size / 8 + 1;
    uint64_t *bytes = malloc(words * sizeof *bytes);
    if (!bytes) abort();
    for (size_t i = 0; i < words; i++) bytes[i] = sim_random(&k->random, UINT64_MAX);
    snprintf(path, sizeof path, "%s.photo", k->folder);
    FILE *f = fopen(path, "wb");
    if (!f || fwrite(bytes, 1, size, f) != size || fclose(f)) abort();
    sha256(hash, bytes, size);
    hex_write(hex, hash, sizeof hash);
    free(bytes);
    sim_word_add(&k->words, hex);
    MUST(store_attach(c->tx, path, of, NULL, NULL, &record));
}

/* ---- hubs ---- */

static inline void sim_hub_make(struct sim_hub *h, const char *folder, const char *name, const struct sim_kit *admin)
{
    struct buf bytes;
    struct hub *hub;
    char at[TIME_TEXT];
    const struct store *s = admin->store;
    time_write_now(at);
    struct request q = {.at = at, .name = store_person_name(s), .email = store_person_email(s), .kit = store_kit(s)};
    memcpy(q.public_key, store_signer(s)->public_key, KEY_SIZE);
    memcpy(q.recipient, store_recipient(s), KEY_SIZE);
    snprintf(h->folder, sizeof h->folder, "%s/%s", folder, name);
    buf_init(&bytes, REQUEST_MAX_BYTES);
    MUST(request_write(&bytes, &q, store_signer(s)));
    MUST(hub_init(h->folder, name, bytes.data, bytes.len, admin->forms));
    buf_release(&bytes);
    MUST(hub_open(&hub, h->folder, admin->forms, NULL));
    snprintf(h->kit, sizeof h->kit, "%s", hub_kit(hub));
    memcpy(h->key, hub_public_key(hub), KEY_SIZE);
    memcpy(h->recipient, hub_recipient(hub), KEY_SIZE);
    hub_close(hub);
}

/* All that the admin has, handed over as a stick would; to: a kit id, or NULL: the hub that he joined. */
static inline void sim_hand_over(struct sim_kit *admin, const struct sim_hub *h, const char *to)
{
    struct bundle_files files = {0};
    struct arena a;
    struct hub *hub;
    char folder[SIM_PATH + 16];
    snprintf(folder, sizeof folder, "%s/handed", admin->folder);
    MUST(os_make_folder(folder));
    struct pack_request q = {.to = to, .part_size = BUNDLE_PART_SIZE, .folder = folder, .everything = to != NULL};
    MUST(store_pack(admin->store, &q, &files));
    MUST(hub_open(&hub, h->folder, admin->forms, NULL));
    arena_init(&a);
    for (size_t i = 0; i < files.len; i++) {
        struct hub_taken t;
        MUST(hub_receive(hub, files.files[i].path, &a, &t, NULL));
        MUST(os_remove(files.files[i].path));
    }
    arena_release(&a);
    hub_close(hub);
    bundle_files_release(&files);
}

/* The register as the hub has it, signed by the admin. Its lines are the caller's to release. */
static inline struct enrolment sim_enrolment(const struct sim_kit *admin, const struct sim_hub *h, struct buf *lines)
{
    struct hub *hub;
    const struct store *s = admin->store;
    buf_init(lines, ENROLMENT_MAX_BYTES);
    MUST(hub_open(&hub, h->folder, admin->forms, NULL));
    MUST(hub_register_lines(hub, lines));
    hub_close(hub);
    struct enrolment e = {.at = "2026-01-01T00:00:00Z", .by = store_kit(s), .hub_name = "HQ",
        .lines = buf_str(lines), .lines_len = lines->len};
    memcpy(e.by_key, store_signer(s)->public_key, KEY_SIZE);
    memcpy(e.hub_key, h->key, KEY_SIZE);
    memcpy(e.hub_recipient, h->recipient, KEY_SIZE);
    memcpy(e.root, store_signer(s)->public_key, KEY_SIZE);
    return e;
}

static inline void sim_join(struct sim_kit *k, const struct sim_hub *h, const struct enrolment *e)
{
    struct enrolment mine = *e;
    mine.for_kit = store_kit(k->store);
    k->hub = h;
    MUST(store_join(k->store, &mine));
}

/* The admin stands before the hub. */
static inline void sim_join_as_root(struct sim_kit *admin, const struct sim_hub *h)
{
    struct buf lines;
    struct enrolment e = sim_enrolment(admin, h, &lines);
    sim_join(admin, h, &e);
    buf_release(&lines);
}

/* A person and a kit in the register. The person's id, for assignments. */
static inline const char *sim_enrol(struct sim_change *c, const char *name, const char *roles, const unsigned char key[KEY_SIZE],
    const unsigned char recipient[KEY_SIZE])
{
    struct buf line;
    char age[AGE_RECIPIENT_SIZE];
    buf_init(&line, 512);
    ssh_key_line_write(&line, key, NULL);
    age_recipient_write(age, recipient);
    const char *person = sim_new(c, "person", REGISTER_CASE,
        arena_printf(&c->arena, "{\"name\":\"%s\",\"email\":\"%s@example.com\",%s}", name, name, roles));
    sim_new(c, "kit", REGISTER_CASE,
        arena_printf(&c->arena, "{\"person\":\"register:%s\",\"key\":\"%s\",\"recipient\":\"%s\"}", person, buf_str(&line), age));
    buf_release(&line);
    return person;
}

/* ---- the program ---- */

static inline const char *sim_program(void)
{
    const char *p = getenv("SATCHEL");
    return p ? p : "build/satchel";
}

/* What it says goes to a file; it is the caller's to wait for, and does not outlive the thread that called. */
static inline pid_t sim_start(const char *out, const char *const *argv)
{
    fflush(NULL);
    pid_t pid = fork();
    if (pid < 0) abort();
    if (pid > 0) return pid;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    int fd = open(out, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (fd < 0 || dup2(fd, 1) < 0 || dup2(fd, 2) < 0) _exit(127);
    execv(sim_program(), (char *const *)(uintptr_t)argv);
    _exit(127);
}

static inline int sim_wait(pid_t pid)
{
    int status = 0;
    if (waitpid(pid, &status, 0) != pid) return -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

static inline bool sim_read_url(struct sim_hub *h, const char *path)
{
    char text[1024] = "";
    FILE *f = fopen(path, "r");
    size_t n = f ? fread(text, 1, sizeof text - 1, f) : 0;
    if (f) fclose(f);
    text[n] = '\0';
    const char *at = strstr(text, "http://");
    size_t len = at ? strspn(at + 7, "0123456789.:") : 0;
    if (!at || !at[7 + len]) return false;
    snprintf(h->url, sizeof h->url, "%.*s", (int)(7 + len), at);
    return true;
}

static inline void sim_serve(struct sim_hub *h)
{
    char out[SIM_PATH + 16];
    snprintf(out, sizeof out, "%s.out", h->folder);
    MUST(os_remove(out));
    h->server = sim_start(out, (const char *const[]){"satchel", "hub", "serve", h->folder, "--listen", "127.0.0.1:0", "--rate",
                                   "0", "--connections", "2000", "--per-address", "2000", NULL});
    for (double end = os_monotonic_seconds() + 20; !sim_read_url(h, out); os_sleep(0.01))
        if (os_monotonic_seconds() > end) MUST(err_set(ERR_ROAD, "the hub does not start, see '%s'", out));
}

static inline int sim_stop(struct sim_hub *h)
{
    kill(h->server, SIGTERM);
    int status = sim_wait(h->server);
    h->server = 0;
    return status;
}

/* "VmRSS" or "VmHWM" of a process, in MB. */
static inline double sim_memory(pid_t pid, const char *what)
{
    char path[64], line[256];
    long kib = 0;
    snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
    FILE *f = fopen(path, "r");
    while (f && fgets(line, sizeof line, f))
        if (strncmp(line, what, strlen(what)) == 0) kib = strtol(line + strlen(what) + 1, NULL, 10);
    if (f) fclose(f);
    return (double)kib / 1000;
}

/* ---- a sync over the network, as `satchel sync` does it ---- */

struct sim_synced {
    size_t sent, fetched, failed;
    double cut, held; /* when the bundles were cut, and when all was held by receipts (0: it is not) */
};

static inline int sim_exchange(struct sim_kit *k, struct sim_synced *out)
{
    struct exchange e = {0};
    int rc = store_sync_link(k->store, k->link, &e, NULL);
    if (rc) return rc;
    for (size_t i = 0; i < e.failed->len; i++) out->failed += !jv_get_bool(e.failed->items[i], "waits");
    exchange_release(&e);
    return 0;
}

static inline bool sim_all_held(struct sim_kit *k)
{
    struct arena a;
    struct holding *list;
    size_t len;
    bool all = true;
    arena_init(&a);
    MUST(store_holdings(k->store, &a, &list, &len));
    for (size_t i = 0; i < len; i++)
        all = all && list[i].entries == list[i].entries_held && list[i].evidence == list[i].evidence_held;
    arena_release(&a);
    return all;
}

static inline int sim_rounds(struct sim_kit *k, struct link *l, struct sim_synced *out)
{
    struct link_carried carried;
    int rc = 0;
    link_carried_init(&carried);
    for (int i = 0; i < SIM_ROUNDS && rc == 0; i++) {
        size_t before = carried.sent + carried.fetched;
        rc = link_carry(l, k->link, SIM_WAIT_SECONDS, &carried, NULL);
        if (carried.sent + carried.fetched == before) break;
        int taken = sim_exchange(k, out);
        if (rc == 0) rc = taken;
        if (!out->held && sim_all_held(k)) out->held = os_monotonic_seconds();
    }
    out->sent += carried.sent;
    out->fetched += carried.fetched;
    link_carried_release(&carried);
    return rc;
}

static inline int sim_sync(struct sim_kit *k, struct sim_synced *out)
{
    struct link *l = NULL;
    const struct hub_identity *hub = store_hub(k->store);
    struct http_place place = {.url = k->hub->url};
    struct link_party party = {.kit = store_kit(k->store), .signer = store_signer(k->store), .hub = hub->kit};
    memcpy(party.hub_key, hub->public_key, KEY_SIZE);
    *out = (struct sim_synced){0};
    int rc = os_make_folder(k->link);
    if (rc == 0) rc = sim_exchange(k, out);
    out->cut = os_monotonic_seconds();
    if (rc == 0) rc = link_open(&l, &place, &party, 0);
    if (rc == 0) rc = link_meet(l);
    if (rc == 0) rc = sim_rounds(k, l, out);
    link_close(l);
    return rc;
}

#endif
