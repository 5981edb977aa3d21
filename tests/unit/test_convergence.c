/* Order does not matter, over the real roads: random histories of several machines are cut into bundles,
 * which reach each other and two hubs in any order, twice, or not at all until the end. Whoever then holds
 * everything holds the same: the hubs the same trees, the machines the same files, and all of them what the
 * definition says (oracle.h).
 *
 * A seed gives the same history everywhere; only the keys of the hubs differ from run to run. */
#define _XOPEN_SOURCE 700 /* before any header */

#include <stdlib.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

#include "satchel/replica/state.h"
#include "histories.h"
#include "oracle.h"
#include "hub_kit.h"

#define HUBS 2
#define LETTERS_MAX 1024
#define CLOSELY_EVERY 10
#ifdef __SANITIZE_ADDRESS__
#define HISTORIES 40 /* it makes bundles seven times as slow */
#else
#define HISTORIES 100
#endif

/* A bundle on its way. to: a hub, or from HUBS on a machine. */
struct letter {
    const char *path;
    int to;
};

struct network {
    struct history history;
    struct test_kit machines[HISTORY_KITS_MAX];
    struct hub *hubs[HUBS];
    struct letter letters[LETTERS_MAX];
    size_t letters_len;
    bool strict; /* the form takes no number as clause: entries that set one are quarantined */
    bool cloned; /* the last machine is a copy of the first, made before it was used */
    bool late;   /* the last machine's kit is enrolled while the others are at work */
};

/* Over all histories: what never came about has not been tested. */
static struct {
    size_t entries, conflicts, voids, forks, quarantined, lost, repeated, waited;
} seen_so_far;

static uint64_t pick(struct network *n, uint64_t below)
{
    return history_random(&n->history, below);
}

static int last_machine(const struct network *n)
{
    return n->history.kits_len - 1;
}

/* ---- what is expected, by the form ---- */

#define JSON_FIELD(name) "{\"name\":\"" name "\",\"type\":\"json\"}"
#define FINDING(clause)                                                                                      \
    FORM("finding", "case", "\"auditor\"",                                                                   \
        JSON_FIELD("fact") "," JSON_FIELD("grade") "," clause "," SET("of", "text"))

static bool applies(const void *network, const struct entry *e)
{
    const struct network *n = network;
    const struct entry_field *clause = entry_field(e, "clause");
    return !(n->strict && clause && clause->value->type == JV_INT);
}

static enum verdict verdict_of(const struct network *n, const struct entry *e)
{
    return applies(n, e) ? VERDICT_GOOD : VERDICT_QUARANTINED;
}

/* ---- machines and hubs ---- */

/* Memory where there is a folder of it: a hub syncs everything that it writes. */
static void make_folder(void)
{
    const char *given = getenv("TMPDIR"), *top = access("/dev/shm", W_OK) == 0 ? "/dev/shm"
                                                 : given                       ? given
                                                                               : "/tmp";
    snprintf(world.folder, sizeof world.folder, "%s/satchel-conv-XXXXXX", top);
    if (!mkdtemp(world.folder)) abort();
}

/* The hub that the helpers of hub_kit.h are about. */
static void choose_hub(const struct network *n, int hub)
{
    world.hub = n->hubs[hub];
    snprintf(world.path, sizeof world.path, "%s/hub-%d", world.folder, hub);
}

static void start_again(struct network *n, int hub)
{
    choose_hub(n, hub);
    reopen_hub();
    n->hubs[hub] = world.hub;
}

static void make_forms(const struct network *n)
{
    const char *finding = n->strict ? FINDING(TEXT("clause")) : FINDING(JSON_FIELD("clause"));
    CHECK_OK(forms_new(&world.forms));
    for (size_t i = 0; i < sizeof hub_forms / sizeof *hub_forms; i++)
        CHECK_OK(forms_add(world.forms, hub_forms[i], strlen(hub_forms[i]), true));
    CHECK_OK(forms_add(world.forms, finding, strlen(finding), true));
}

static void make_machine(struct network *n, int machine)
{
    struct test_kit *k = &n->machines[machine];
    int keys = n->cloned && machine == last_machine(n) ? 0 : machine;
    k->signer = n->history.kits[keys].signer;
    memset(k->identity, 30 + keys, sizeof k->identity);
    CHECK_OK(x25519_public(k->recipient, k->identity));
    kit_id_of(k->id, k->signer.public_key);
    CHECK_OK(fold_new(&k->fold));
}

static void enrol_machine(const struct network *n, int machine)
{
    const char *name = arena_printf(&world.arena, "auditor-%d", machine);
    enrol(&n->machines[machine], 10 + machine, name, "\"roles.auditor\":true,\"roles.headquarters\":true");
}

static void enrol_machines(const struct network *n)
{
    int count = n->history.kits_len - (n->cloned || n->late);
    enrol(A, 1, "anna", "\"roles.admin\":true");
    for (int i = 0; i < count; i++) enrol_machine(n, i);
}

static void make_hubs(struct network *n)
{
    for (int i = 0; i < HUBS; i++) {
        choose_hub(n, i);
        make_hub();
        open_hub();
        n->hubs[i] = world.hub;
        say_hub(2 + i);
    }
}

/* Each hub gets its own copy of the register as the admin has it. */
static void deliver_register(struct network *n)
{
    for (int i = 0; i < HUBS; i++) {
        choose_hub(n, i);
        CHECK_DELIVER(A, REGISTER_CASE);
    }
}

static void open_cases(struct network *n)
{
    struct test_kit *k = &n->machines[0];
    for (int i = 0; i < HISTORY_CASES; i++)
        history_keep(&n->history, say(k, history_cases[i], "organisation", i + 1, "{\"name\":\"Org\"}"));
}

static void network_draw(struct network *n, uint64_t seed)
{
    memset(n, 0, sizeof *n);
    history_init(&n->history, seed);
    n->strict = pick(n, 4) == 0;
    n->cloned = pick(n, 5) == 0;
    n->late = !n->cloned && pick(n, 3) == 0;
}

static void network_open(struct network *n)
{
    memset(&world, 0, sizeof world);
    arena_init(&world.arena);
    make_folder();
    make_forms(n);
    n->history.form_hash = strchr(forms_current(world.forms, "finding")->id, '@') + 1;
    for (int i = 0; i < n->history.kits_len; i++) make_machine(n, i);
    kit_init(A, 0);
    make_hubs(n);
    enrol_machines(n);
    deliver_register(n);
    open_cases(n);
}

static void network_close(struct network *n)
{
    for (int i = 0; i < HUBS; i++) hub_close(n->hubs[i]);
    for (int i = 0; i < n->history.kits_len; i++) fold_free(n->machines[i].fold);
    fold_free(A->fold);
    history_release(&n->history);
    forms_free(world.forms);
    arena_release(&world.arena);
    CHECK_OK(os_remove_tree(world.folder));
}

/* ---- bundles ---- */

static void send_letter(struct network *n, const char *path, int to)
{
    if (n->letters_len == LETTERS_MAX) abort();
    n->letters[n->letters_len++] = (struct letter){path, to};
}

/* What the receiver holds; NULL: a hub that has no such case yet. */
static struct fold *fold_at(struct network *n, int place, const char *case_name)
{
    struct fold *f = NULL;
    if (place >= HUBS) return n->machines[place - HUBS].fold;
    if (hub_fold(n->hubs[place], case_name, &f)) err_clear();
    return f;
}

enum extent {
    ALL,  /* that a machine holds of a case */
    NEWS, /* what is beyond the numbers that the receiver holds; nothing where there is nothing */
    TELL  /* the same, but at least what the machine holds */
};

/* NULL: there is nothing to say. */
static const char *cut(struct network *n, int machine, int to, const char *case_name, enum extent extent)
{
    struct fold *there = extent == ALL ? NULL : fold_at(n, to, case_name);
    size_t len = 0;
    choose_hub(n, to < HUBS ? to : 0);
    struct bundle_order o = order_of(&n->machines[machine], case_name);
    o.tell_have = extent != NEWS;
    if (to >= HUBS) {
        o.to = n->machines[to - HUBS].id;
        memcpy(o.recipient, n->machines[to - HUBS].recipient, KEY_SIZE);
    }
    if (there) CHECK_OK(fold_have(there, case_name, &world.arena, &o.beyond, &o.beyond_len));
    const struct bundle_file *files = cut_order(&o, &len);
    CHECK(len == 1 || (len == 0 && extent == NEWS));
    return len ? files[0].path : NULL;
}

static void post(struct network *n, int machine, int to, const char *case_name, enum extent extent)
{
    const char *path = cut(n, machine, to, case_name, extent);
    if (path) send_letter(n, path, to);
}

static void post_register(struct network *n)
{
    for (int i = 0; i < HUBS; i++) {
        choose_hub(n, i);
        send_letter(n, pack(A, REGISTER_CASE), i);
    }
}

static int anyone(void *ctx, const char *kit, const unsigned char key[KEY_SIZE])
{
    (void)ctx;
    (void)kit;
    (void)key;
    return 0;
}

static void hold_entry(
    const struct network *n, struct test_kit *k, const struct entry *e, const unsigned char *key)
{
    enum verdict v = verdict_of(n, e);
    bool known;
    CHECK_OK(fold_add(k->fold, e, key, v, v == VERDICT_GOOD ? NULL : "a reason", 0, &known));
}

static void open_at_machine(const struct network *n, int machine, const char *path)
{
    struct test_kit *k = (struct test_kit *)&n->machines[machine];
    struct bundle_receiver r = {.self = k->id, .sender = anyone};
    struct opened o = {0};
    memcpy(r.identity, k->identity, KEY_SIZE);
    CHECK_OK(bundle_open(&o, fold_arena(k->fold), path, &r));
    for (size_t i = 0; i < o.entries_len; i++) {
        CHECK(o.entries[i].signature_good);
        if (strcmp(o.manifest->case_name, REGISTER_CASE) != 0)
            hold_entry(n, k, o.entries[i].entry, o.entries[i].public_key);
    }
    opened_release(&o);
}

/* Whether it was taken in; a hub lets those wait whose sender or case it does not know. */
static bool receive_at_hub(struct network *n, int hub, const char *path)
{
    struct hub_taken taken;
    choose_hub(n, hub);
    if (pick(n, 8) == 0) start_again(n, hub);
    int rc = hub_receive(world.hub, path, &world.arena, &taken, NULL);
    CHECK(rc == 0 || rc == ERR_WAIT);
    seen_so_far.waited += rc == ERR_WAIT;
    err_clear();
    return rc == 0;
}

static bool arrive(struct network *n, const struct letter *l)
{
    if (l->to < HUBS) return receive_at_hub(n, l->to, l->path);
    open_at_machine(n, l->to - HUBS, l->path);
    return true;
}

/* One of those that are on their way arrives; it may be lost instead, or come once more later. */
static void bring_one(struct network *n, bool safely)
{
    enum { LOST, AGAIN, FATES = 8 };
    uint64_t fate = safely ? FATES : pick(n, FATES);
    if (n->letters_len == 0) return;
    size_t i = pick(n, n->letters_len);
    seen_so_far.lost += fate == LOST;
    seen_so_far.repeated += fate == AGAIN;
    bool gone = fate == LOST || (arrive(n, &n->letters[i]) && fate != AGAIN);
    if (gone) n->letters[i] = n->letters[--n->letters_len];
}

/* ---- the history ---- */

static void work(struct network *n)
{
    int machine = (int)pick(n, (uint64_t)n->history.kits_len);
    int keys = n->cloned && machine == last_machine(n) ? 0 : machine;
    struct test_kit *k = &n->machines[machine];
    hold_entry(n, k, history_edit(&n->history, keys, k->fold), k->signer.public_key);
}

static void post_something(struct network *n)
{
    int from = (int)pick(n, (uint64_t)n->history.kits_len),
        to = (int)pick(n, HUBS + (uint64_t)n->history.kits_len);
    post(n, from, to, history_cases[pick(n, HISTORY_CASES)], pick(n, 2) ? ALL : NEWS);
}

static void enrol_late(struct network *n)
{
    if (n->late) enrol_machine(n, last_machine(n));
    post_register(n);
}

/* All that anybody holds reaches both hubs. While nobody holds both sides of a fork, numbers do not tell them
 * apart: then it must be all. */
static void deliver_all(struct network *n)
{
    int first = (int)pick(n, (uint64_t)n->history.kits_len);
    post_register(n);
    for (int i = 0; i < n->history.kits_len; i++)
        for (int c = 0; c < HISTORY_CASES; c++)
            for (int hub = 0; hub < HUBS; hub++) {
                post(n, (first + i) % n->history.kits_len, hub, history_cases[c],
                    n->cloned || pick(n, 4) == 0 ? ALL : NEWS);
                if (pick(n, 2)) bring_one(n, true);
            }
    for (int tries = 0; n->letters_len && tries < 10000; tries++) bring_one(n, true);
    CHECK(n->letters_len == 0);
}

/* How many kits have signed two entries with one number. */
static size_t count_forks(const struct network *n, const char *case_name)
{
    const struct history *h = &n->history;
    size_t forks = 0;
    for (int k = 0; k < h->kits_len; k++) {
        bool seen[1024] = {false}, forked = false;
        for (size_t i = 0; i < h->entries_len; i++) {
            const struct entry *e = h->entries[i];
            if (strcmp(e->kit, h->kits[k].id) != 0 || strcmp(e->case_name, case_name) != 0) continue;
            forked = forked || seen[e->seq];
            seen[e->seq] = true;
        }
        forks += forked;
    }
    return forks;
}

static bool is_twin(const struct network *n, int machine)
{
    return n->cloned && (machine == 0 || machine == last_machine(n));
}

static void put_on_stick(struct network *n, int machine, int hub, const char *inbox)
{
    for (int c = 0; c < HISTORY_CASES; c++) {
        const char *path = cut(n, machine, hub, history_cases[c], TELL);
        CHECK_OK(os_rename(path, path_join(&world.arena, inbox, path_name(path))));
    }
}

static void take_from_stick(const struct network *n, int machine, const char *stick)
{
    const char **names = NULL,
               *outbox = arena_printf(&world.arena, "%s/outbox/%s", stick, n->machines[machine].id);
    size_t len = 0;
    CHECK_OK(os_list(&names, &len, &world.arena, outbox));
    for (size_t i = 0; i < len; i++) open_at_machine(n, machine, path_join(&world.arena, outbox, names[i]));
}

/* The hub holds everything: nothing is new to it, and each fork raises its alarm. */
static void check_taken(const struct network *n, const struct hub_taken *t)
{
    CHECK(t->accepted == 0 && t->waiting == 0);
    CHECK(t->alarms->len == count_forks(n, t->case_name));
}

/* A stick goes round: each machine tells one of the hubs what it holds, and takes home what it lacks. Twins
 * do not: to a hub they are one kit, and it answers what one of them has told. */
static void carry_stick(struct network *n)
{
    int hub = (int)pick(n, HUBS), machines = n->history.kits_len;
    const char *stick = arena_printf(&world.arena, "%s/stick", world.folder),
               *inbox = path_join(&world.arena, stick, "inbox");
    struct hub_exchange e;
    CHECK_OK(os_make_folder(inbox));
    for (int i = 0; i < machines; i++)
        if (!is_twin(n, i)) put_on_stick(n, i, hub, inbox);
    CHECK_OK(hub_sync_folder(n->hubs[hub], stick, BUNDLE_PART_SIZE, &e, NULL));
    CHECK(e.failed->len == 0);
    for (size_t i = 0; i < e.taken_len; i++) check_taken(n, &e.taken[i]);
    hub_exchange_release(&e);
    for (int i = 0; i < machines; i++)
        if (!is_twin(n, i)) take_from_stick(n, i, stick);
}

/* Twins are given everything by hand. */
static void tell_twins(struct network *n)
{
    for (int to = 0; to < n->history.kits_len; to++)
        for (int from = 0; is_twin(n, to) && from < n->history.kits_len; from++)
            for (int c = 0; c < HISTORY_CASES; c++)
                open_at_machine(n, to, cut(n, from, HUBS + to, history_cases[c], ALL));
}

static void run(struct network *n)
{
    uint64_t steps = 6 + pick(n, 20), enrolment = pick(n, steps);
    for (uint64_t i = 0; i < steps; i++) {
        work(n);
        if (i == enrolment) enrol_late(n);
        if (pick(n, 3) == 0) post_something(n);
        if (pick(n, 3) == 0) bring_one(n, false);
    }
    deliver_all(n);
    carry_stick(n);
    tell_twins(n);
}

/* ---- what must hold ---- */

static void put_files(struct buf *out, struct fold *f, const char *case_name)
{
    const struct fold_record *const *records;
    size_t len;
    CHECK_OK(fold_records(f, case_name, &records, &len));
    for (size_t i = 0; i < len; i++) {
        buf_addf(out, "%s %s\n", records[i]->id, records[i]->created ? records[i]->created->entry->id : "-");
        if (records[i]->applied) record_file_write(out, records[i]);
    }
    CHECK_OK(buf_error(out));
}

static void check_same_folds(struct network *n, const char *case_name)
{
    struct buf first, other;
    buf_init(&first, BUF_UNLIMITED);
    buf_init(&other, BUF_UNLIMITED);
    put_files(&first, fold_at(n, 0, case_name), case_name);
    for (int i = 1; i < HUBS + n->history.kits_len; i++) {
        buf_clear(&other);
        put_files(&other, fold_at(n, i, case_name), case_name);
        CHECK(strcmp(buf_str(&first), buf_str(&other)) == 0);
    }
    buf_release(&first);
    buf_release(&other);
}

/* ---- what stock git reads ---- */

/* What `git cat-file --batch` is asked of each hub, and what it shall answer, but for the ids. */
struct questions {
    struct buf asked[HUBS], expected, file;
};

static void ask(struct network *n, struct questions *q, const char *case_name, const char *path)
{
    for (int i = 0; i < HUBS; i++) buf_addf(&q->asked[i], "%s:%s\n", hub_tip(n->hubs[i], case_name), path);
}

static void ask_file(struct network *n, struct questions *q, const char *case_name, const char *path)
{
    ask(n, q, case_name, path);
    buf_addf(&q->expected, "blob %zu\n", q->file.len);
    buf_add(&q->expected, q->file.data, q->file.len);
    buf_addc(&q->expected, '\n');
    buf_clear(&q->file);
}

/* Every entry ever made, where it applies and where it does not. */
static void ask_entries(struct network *n, struct questions *q)
{
    const struct history *h = &n->history;
    for (size_t i = 0; i < h->entries_len; i++) {
        const struct entry *e = h->entries[i];
        const char *path = arena_printf(&world.arena, "%s/%s/%d/%d-%.16s",
            applies(n, e) ? "log" : "quarantine", e->kit, (int)e->seq / 100, (int)e->seq, e->id);
        entry_file_write(&q->file, e, history_author(h, e)->signer.public_key);
        ask_file(n, q, e->case_name, path);
    }
}

static void ask_records(struct network *n, struct questions *q, const char *case_name)
{
    const struct fold_record *const *records;
    size_t len;
    CHECK_OK(fold_records(n->machines[0].fold, case_name, &records, &len));
    for (size_t i = 0; i < len; i++) {
        struct record_id id;
        char path[RECORD_PATH_SIZE];
        if (records[i]->applied == 0 || !record_id_read(&id, records[i]->id)) continue;
        record_path(path, &id);
        record_file_write(&q->file, records[i]);
        ask_file(n, q, case_name, path);
    }
}

/* Trees whose contents are the same have the same id. */
static void ask_trees(struct network *n, struct questions *q)
{
    ask(n, q, REGISTER_CASE, "record");
    for (int c = 0; c < HISTORY_CASES; c++) {
        ask(n, q, history_cases[c], "record");
        ask(n, q, history_cases[c], "log");
    }
}

/* Both repositories at once: the objects of the second are handed to the first. */
static void answer(const struct questions *q, struct buf *out)
{
    struct buf asked;
    buf_init(&asked, BUF_UNLIMITED);
    for (int i = 0; i < HUBS; i++) buf_add(&asked, q->asked[i].data, q->asked[i].len);
    CHECK_OK(buf_error(&asked));
    CHECK_OK(file_write(arena_printf(&world.arena, "%s/asked", world.folder), asked.data, asked.len));
    CHECK_SHELL(
        "GIT_ALTERNATE_OBJECT_DIRECTORIES=$PWD/hub-1/repo.git/objects exec git -C hub-0/repo.git cat-file "
        "--batch='%%(objecttype) %%(objectsize)' < asked > answered");
    CHECK_OK(file_read(arena_printf(&world.arena, "%s/answered", world.folder), out));
    buf_release(&asked);
}

/* Stock git finds the same trees in both, and in them every entry and every record's file, byte for byte. */
static void check_repositories(struct network *n)
{
    struct questions q;
    struct buf answered;
    for (int i = 0; i < HUBS; i++) buf_init(&q.asked[i], BUF_UNLIMITED);
    buf_init(&q.expected, BUF_UNLIMITED);
    buf_init(&q.file, BUF_UNLIMITED);
    buf_init(&answered, BUF_UNLIMITED);
    ask_trees(n, &q);
    ask_entries(n, &q);
    for (int c = 0; c < HISTORY_CASES; c++) ask_records(n, &q, history_cases[c]);
    answer(&q, &answered);
    size_t half = answered.len / 2, len = q.expected.len;
    CHECK(answered.len % 2 == 0 && memcmp(answered.data, answered.data + half, half) == 0);
    CHECK(len < half && memcmp(answered.data + half - len, q.expected.data, len) == 0);
    for (int i = 0; i < HUBS; i++) buf_release(&q.asked[i]);
    buf_release(&q.expected);
    buf_release(&q.file);
    buf_release(&answered);
}

/* Entries, and records that have a state. */
static int count_files(const struct network *n, const char *case_name)
{
    const struct fold_record *const *records;
    size_t len;
    int files = 0;
    CHECK_OK(fold_records(n->machines[0].fold, case_name, &records, &len));
    for (size_t i = 0; i < len; i++) files += (int)records[i]->entries_len + (records[i]->applied > 0);
    return files;
}

/* What is too slow for all: the ids of the trees, that there is no file too many, and git fsck. */
static void check_closely(const struct network *n)
{
    const char *trees[HUBS], *ids = arena_printf(&world.arena, "rev-parse %s:record %s:record %s:record",
                                 history_cases[0], history_cases[1], REGISTER_CASE);
    for (int i = 0; i < HUBS; i++) {
        choose_hub(n, i);
        trees[i] = git(ids);
        CHECK_STR(git("fsck --strict --full"), "");
        for (int c = 0; c < HISTORY_CASES; c++)
            CHECK_STR(git(arena_printf(&world.arena,
                          "ls-tree -r --name-only %s log/ record/ quarantine/ waiting/ | grep -vc '[.]why$'",
                          history_cases[c])),
                arena_printf(&world.arena, "%d", count_files(n, history_cases[c])));
    }
    CHECK(strlen(trees[0]) == 3 * 41 - 1);
    CHECK_STR(trees[1], trees[0]);
}

static void count_what_was_seen(struct network *n)
{
    const struct fold_record *const *records;
    size_t len;
    CHECK_OK(fold_records(n->machines[0].fold, NULL, &records, &len));
    for (size_t i = 0; i < len; i++) {
        seen_so_far.conflicts += records[i]->conflicts;
        seen_so_far.voids += records[i]->void_state == VOID;
        seen_so_far.quarantined += records[i]->entries_len - records[i]->applied;
    }
    for (int c = 0; c < HISTORY_CASES; c++) seen_so_far.forks += count_forks(n, history_cases[c]);
    seen_so_far.entries += n->history.entries_len;
}

static void tell_what_was_seen(void)
{
    printf("%zu entries, %zu conflicts, %zu voids, %zu forks, %zu in quarantine; bundles: %zu lost, %zu "
           "repeated, %zu that had to wait\n",
        seen_so_far.entries, seen_so_far.conflicts, seen_so_far.voids, seen_so_far.forks,
        seen_so_far.quarantined, seen_so_far.lost, seen_so_far.repeated, seen_so_far.waited);
    CHECK(seen_so_far.conflicts && seen_so_far.voids && seen_so_far.forks && seen_so_far.quarantined);
    CHECK(seen_so_far.lost && seen_so_far.repeated && seen_so_far.waited);
}

static void check_all(struct network *n, bool closely)
{
    for (int i = 0; i < HUBS; i++) start_again(n, i); /* what they know is what the repository says */
    check_repositories(n);
    for (int c = 0; c < HISTORY_CASES; c++) check_same_folds(n, history_cases[c]);
    oracle_check(n->machines[0].fold, &n->history, applies, n);
    if (closely) check_closely(n);
    count_what_was_seen(n);
}

TEST(any_road_gives_the_same_record_tree)
{
    const char *given = getenv("SATCHEL_SEED");
    uint64_t seed = given ? strtoull(given, NULL, 10) : 20261122;
    printf("seed %llu\n", (unsigned long long)seed);
    for (int i = 0, count = given ? 1 : test_full ? 1000 : HISTORIES; i < count; i++) {
        int before = test_failed_checks;
        struct network n;
        network_draw(&n, seed + (uint64_t)i);
        network_open(&n);
        run(&n);
        check_all(&n, given || i % CLOSELY_EVERY == 0);
        int machines = n.history.kits_len;
        network_close(&n);
        if (test_failed_checks != before) {
            printf("  the history of SATCHEL_SEED=%llu: %d machines%s%s%s\n",
                (unsigned long long)(seed + (uint64_t)i), machines, n.cloned ? ", one cloned" : "",
                n.late ? ", one enrolled late" : "", n.strict ? ", strict" : "");
            return;
        }
    }
    if (!given) tell_what_was_seen();
}

/* ---- one thing at a time ---- */

TEST(ten_deliveries_move_no_ref)
{
    struct network n;
    struct hub_taken taken;
    network_draw(&n, 1);
    network_open(&n);
    for (int i = 0; i < 20; i++) work(&n);
    const char *path = cut(&n, 0, 0, history_cases[0], ALL);
    CHECK(receive_at_hub(&n, 0, path));
    const char *refs = git("for-each-ref"), *objects = git("count-objects -v");
    for (int i = 0; i < 10; i++) {
        if (i % 3 == 0) start_again(&n, 0);
        CHECK_OK(hub_receive(world.hub, path, &world.arena, &taken, NULL));
        CHECK(taken.accepted == 0 && taken.known > 0);
        CHECK_STR(git("for-each-ref"), refs);
        CHECK_STR(git("count-objects -v"), objects);
    }
    network_close(&n);
}

/* Both machines write in the case before they hear of each other; each hub hears of another one first. */
TEST(a_cloned_store_raises_an_alarm_and_both_its_entries_are_kept)
{
    struct network n;
    struct hub_taken taken;
    const char *case_name = history_cases[0];
    network_draw(&n, 2);
    n.cloned = true;
    n.late = n.strict = false;
    network_open(&n);
    struct test_kit *first = &n.machines[0], *clone = &n.machines[last_machine(&n)];
    hold(clone, fold_chain(first->fold, case_name, first->id)->entries[0]->entry, first);
    const struct entry *one = say(first, case_name, "finding", 3, "{\"grade\":\"major\"}"),
                       *two = say(clone, case_name, "finding", 3, "{\"grade\":\"minor\"}");
    CHECK(one->seq == 2 && two->seq == 2 && strcmp(one->kit, two->kit) == 0);
    for (int i = 0; i < HUBS; i++) {
        choose_hub(&n, i);
        CHECK_OK(deliver(i ? clone : first, case_name, &taken));
        CHECK(taken.accepted == 2 && taken.alarms->len == 0);
        CHECK_OK(deliver(i ? first : clone, case_name, &taken));
        CHECK(taken.accepted == 1 && taken.alarms->len == 1);
        CHECK(taken.alarms->len == 1 && strstr(jv_str(taken.alarms->items[0]), first->id));
        CHECK_SHELL("cd hub-%d/repo.git && git cat-file -e %s:log/%s/0/2-%.16s && git cat-file -e "
                    "%s:log/%s/0/2-%.16s",
            i, case_name, one->kit, one->id, case_name, two->kit, two->id);
        CHECK_SHELL(
            "git -C hub-%d/repo.git show %s:record/finding/%s/0/3.json | grep -q '\"grade\": {\"conflict\":'",
            i, case_name, one->kit);
    }
    choose_hub(&n, 0);
    const char *tree = git(arena_printf(&world.arena, "rev-parse %s:record", case_name));
    choose_hub(&n, 1);
    CHECK_STR(git(arena_printf(&world.arena, "rev-parse %s:record", case_name)), tree);
    network_close(&n);
}

int main(int argc, char **argv)
{
#ifdef __GLIBC__
    mallopt(M_TRIM_THRESHOLD, 256 << 20); /* thousands of bundles: keep what one of them needs for the next */
    mallopt(M_MMAP_THRESHOLD, 256 << 20);
#endif
    return test_main(argc, argv);
}
