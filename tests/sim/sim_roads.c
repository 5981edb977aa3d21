/* Random runs over all roads: 3 to 6 kits and 2 hubs; kits work, sync with their hub over the network or by a stick, hand
 * bundles to each other, and the hubs exchange bundles as well; bundles get lost or come twice, servers are killed. When everybody
 * has met everybody, all that was ever entered is held by all, once; each kit and each hub has the same state, and both hubs
 * the same record/ trees.
 *
 *   sim_roads [--runs N] [--seed N] [--folder DIR]
 *
 * A kit joins one hub; half of them this one, half that. A run's seed says what is done, not what keys it is done with. */
#define _XOPEN_SOURCE 700 /* before any header */

#include "satchel/replica/state.h"
#include "sim_kit.h"

#define HUBS 2
#define KITS_MAX 6
#define CASES 2
#define FINDINGS 1 /* few fields, so that changes meet */
#define SETTLING_SECONDS 20
#define NOTICE_SECONDS 0.4 /* a server looks each second for what was done at its folder by others */

static const char *const cases[CASES] = {"C-1", "C-2"};

enum road { WORK, NETWORK, STICK, HANDED, HUB_TO_HUB, KILLED, ROADS };
static const char *const road_names[ROADS] = {"changes", "syncs over the network", "syncs by stick", "handed from kit to kit",
    "exchanges of the hubs", "servers killed"};

struct run {
    char folder[SIM_PATH];
    uint64_t random, seed;
    struct sim_kit admin, kits[KITS_MAX];
    int kits_len;
    struct sim_hub hubs[HUBS];
    const char *audit[CASES], *findings[CASES][FINDINGS];
    struct arena arena;
    int wrong, words;
};

/* Over all runs: what never came about was not tested. */
static struct {
    size_t roads[ROADS], lost, twice, words, photos, conflicts, resolved, rounds;
} seen;

static void wrong(struct run *r, const char *what, const char *who)
{
    r->wrong++;
    printf("  wrong in the run of seed %llu: %s: %s%s%s\n", (unsigned long long)r->seed, who, what, *err_message() ? ": " : "",
        err_message());
    err_clear();
}

static uint64_t pick(struct run *r, uint64_t below)
{
    return sim_random(&r->random, below);
}

static struct sim_kit *any_kit(struct run *r)
{
    return &r->kits[pick(r, (uint64_t)r->kits_len)];
}

static const char *in_folder(struct run *r, const char *what, const char *name)
{
    const char *path = arena_printf(&r->arena, "%s/%s-%s", r->folder, what, name);
    MUST(os_make_folder(path));
    return path;
}

/* ---- before ---- */

/* Each hub is known as a hub, whose receipts count, and like a kit of headquarters, which is handed everything. */
static void enrol_hub(struct sim_change *c, const struct sim_hub *h, const char *name)
{
    struct buf line;
    char age[AGE_RECIPIENT_SIZE];
    sim_enrol(c, name, "\"roles.headquarters\":true", h->key, h->recipient);
    buf_init(&line, 512);
    ssh_key_line_write(&line, h->key, NULL);
    age_recipient_write(age, h->recipient);
    if (strcmp(name, "hub-0") != 0)
        sim_new(c, "hub", REGISTER_CASE,
            arena_printf(&c->arena, "{\"name\":\"%s\",\"key\":\"%s\",\"recipient\":\"%s\"}", name, buf_str(&line), age));
    buf_release(&line);
}

static void enrol_kit(struct sim_change *c, const struct sim_kit *k, const char *name)
{
    const struct store *s = k->store;
    const char *person =
        sim_enrol(c, name, "\"roles.auditor\":true,\"roles.leader\":true", store_signer(s)->public_key, store_recipient(s));
    for (int i = 0; i < CASES; i++)
        sim_new(c, "assignment", cases[i], arena_printf(&c->arena, "{\"person\":\"register:%s\"}", person));
}

static void enrol_all(struct run *r)
{
    struct sim_change c;
    sim_begin(&c, &r->admin);
    for (int i = 0; i < CASES; i++) sim_new(&c, "organisation", cases[i], "{\"name\":\"华安\"}");
    for (int i = 0; i < HUBS; i++) enrol_hub(&c, &r->hubs[i], path_name(r->hubs[i].folder));
    for (int i = 0; i < r->kits_len; i++) enrol_kit(&c, &r->kits[i], path_name(r->kits[i].folder));
    sim_commit(&c);
}

static void join_all(struct run *r)
{
    for (int h = 0; h < HUBS; h++) {
        struct buf lines;
        struct enrolment e = sim_enrolment(&r->admin, &r->hubs[h], &lines);
        for (int i = 0; i < r->kits_len; i++)
            if (i % HUBS == h) sim_join(&r->kits[i], &r->hubs[h], &e);
        buf_release(&lines);
    }
}

static void set_up(struct run *r)
{
    r->kits_len = 3 + (int)pick(r, KITS_MAX - 2);
    sim_kit_make(&r->admin, r->folder, "admin");
    for (int i = 0; i < r->kits_len; i++) {
        sim_kit_make(&r->kits[i], r->folder, arena_printf(&r->arena, "kit-%d", i));
        r->kits[i].random = r->seed * 31 + (uint64_t)i;
    }
    for (int i = 0; i < HUBS; i++) sim_hub_make(&r->hubs[i], r->folder, arena_printf(&r->arena, "hub-%d", i), &r->admin);
    sim_join_as_root(&r->admin, &r->hubs[0]);
    enrol_all(r);
    sim_hand_over(&r->admin, &r->hubs[0], NULL);
    sim_hand_over(&r->admin, &r->hubs[1], r->hubs[1].kit);
    join_all(r);
    for (int i = 0; i < HUBS; i++) sim_serve(&r->hubs[i]);
}

static void tear_down(struct run *r)
{
    for (int i = 0; i < r->kits_len; i++) sim_kit_close(&r->kits[i]);
    sim_kit_close(&r->admin);
    arena_release(&r->arena);
    if (!r->wrong) MUST(os_remove_tree(r->folder)); /* else it stays to be looked at */
}

/* ---- roads ---- */

static void network(struct run *r, struct sim_kit *k)
{
    struct sim_synced s;
    if (sim_sync(k, &s)) wrong(r, "a sync over the network", path_name(k->folder));
    if (s.failed) wrong(r, "a bad file from the hub", path_name(k->folder));
}

/* At the folder of a hub that is served meanwhile. */
static void hub_side(struct run *r, const struct sim_hub *h, const char *stick)
{
    struct hub *hub;
    struct hub_exchange e;
    MUST(hub_open(&hub, h->folder, r->admin.forms, NULL));
    MUST(hub_sync_folder(hub, stick, BUNDLE_PART_SIZE, &e, NULL));
    for (size_t i = 0; i < e.failed->len; i++) wrong(r, jv_get_str(e.failed->items[i], "error"), path_name(h->folder));
    hub_exchange_release(&e);
    hub_close(hub);
}

static void stick_side(struct run *r, struct sim_kit *k, const char *stick)
{
    struct exchange e = {0};
    MUST(store_sync_folder(k->store, stick, BUNDLE_PART_SIZE, &e, NULL));
    for (size_t i = 0; i < e.failed->len; i++)
        if (!jv_get_bool(e.failed->items[i], "waits")) wrong(r, jv_get_str(e.failed->items[i], "error"), path_name(k->folder));
    for (size_t i = 0; i < e.taken_len; i++)
        if (e.taken[i].alarms->len) wrong(r, "an alarm", path_name(k->folder));
    exchange_release(&e);
}

/* There, or there and back, or only taken to the hub by somebody. */
static void by_stick(struct run *r, struct sim_kit *k)
{
    const char *stick = in_folder(r, "stick", path_name(k->hub->folder));
    stick_side(r, k, stick);
    if (pick(r, 3)) hub_side(r, k->hub, stick);
    if (pick(r, 3)) stick_side(r, k, stick);
}

static void receive(struct run *r, struct sim_kit *k, const char *path)
{
    struct taken t;
    int rc = store_receive(k->store, path, &r->arena, &t, NULL);
    if (rc && rc != ERR_WAIT) wrong(r, "a colleague's bundle", path_name(k->folder));
    if (rc == 0 && t.alarms->len) wrong(r, "an alarm", path_name(k->folder));
    err_clear();
}

static void hand(struct run *r, struct sim_kit *from, struct sim_kit *to)
{
    struct bundle_files files = {0};
    struct pack_request q = {.to = store_kit(to->store), .part_size = BUNDLE_PART_SIZE, .everything = pick(r, 3) == 0,
        .folder = in_folder(r, "handed", path_name(to->folder))};
    if (from == to) return;
    MUST(store_pack(from->store, &q, &files));
    for (size_t i = 0; i < files.len; i++) {
        uint64_t fate = pick(r, 8);
        seen.lost += fate == 0;
        seen.twice += fate == 1;
        if (fate > 0) receive(r, to, files.files[i].path);
        if (fate == 1) receive(r, to, files.files[i].path);
        MUST(os_remove(files.files[i].path));
    }
    bundle_files_release(&files);
}

/* What one hub hands out to the other, laid where that takes in; what is lost is handed out again. */
static void carry(struct run *r, const char *outbox, const char *inbox, bool safely)
{
    const char **names = NULL;
    size_t len = 0;
    MUST(os_make_folder(inbox));
    int rc = os_list(&names, &len, &r->arena, outbox);
    if (rc == ERR_MISSING) return;
    MUST(rc);
    for (size_t i = 0; i < len; i++) {
        struct buf bytes;
        buf_init(&bytes, BUF_UNLIMITED);
        bool lost = !safely && pick(r, 8) == 0;
        seen.lost += lost;
        MUST(file_read(path_join(&r->arena, outbox, names[i]), &bytes));
        if (!lost) MUST(file_write(path_join(&r->arena, inbox, names[i]), bytes.data, bytes.len));
        buf_release(&bytes);
    }
}

static void hub_to_hub(struct run *r, bool safely)
{
    int first = (int)pick(r, HUBS);
    for (int i = 0; i < HUBS + 1; i++) {
        const struct sim_hub *h = &r->hubs[(first + i) % HUBS], *other = &r->hubs[(first + i + 1) % HUBS];
        const char *folder = in_folder(r, "hubs", path_name(h->folder)), *there = in_folder(r, "hubs", path_name(other->folder));
        hub_side(r, h, folder);
        MUST(os_remove_tree(path_join(&r->arena, folder, "inbox")));
        carry(r, arena_printf(&r->arena, "%s/outbox/%s", folder, other->kit), path_join(&r->arena, there, "inbox"), safely);
    }
}

static void kill_server(struct run *r)
{
    struct sim_hub *h = &r->hubs[pick(r, HUBS)];
    kill(h->server, SIGKILL);
    sim_wait(h->server);
    sim_serve(h);
}

/* ---- work ---- */

/* The kit must have been handed the case. */
static bool knows(struct sim_kit *k, int n)
{
    return fold_case_named(store_fold(k->store), cases[n]) != NULL;
}

static void first_findings(struct run *r, struct sim_kit *k)
{
    for (int n = 0; n < CASES; n++) {
        struct sim_change c;
        sim_begin(&c, k);
        r->audit[n] = arena_strdup(&r->arena, sim_new(&c, "audit", cases[n], "{\"kind\":\"onsite\",\"start\":\"2026-11-20\"}"));
        for (int i = 0; i < FINDINGS; i++) {
            const char *word = arena_printf(&c.arena, "word %d", r->words++);
            sim_word_add(&k->words, word);
            r->findings[n][i] = arena_strdup(&r->arena, sim_new(&c, "finding", cases[n],
                arena_printf(&c.arena, "{\"audit\":\"%s\",\"clause\":\"B2\",\"grade\":\"minor\",\"fact\":\"%s\"}", r->audit[n], word)));
        }
        sim_commit(&c);
    }
}

static void change(struct run *r, struct sim_kit *k)
{
    int n = (int)pick(r, CASES);
    const char *finding = r->findings[n][pick(r, FINDINGS)], *name = pick(r, 2) ? "fact" : "root_cause";
    const struct fold_record *record = knows(k, n) ? fold_record(store_fold(k->store), cases[n], finding) : NULL;
    struct sim_change c;
    if (!record || !record->created) return;
    const struct fold_field *field = record_field(record, name);
    bool conflict = field && field->conflict;
    seen.conflicts += record->conflicts > 0;
    seen.resolved += conflict;
    sim_begin(&c, k);
    const char *word = arena_printf(&c.arena, "word %d", r->words++);
    sim_word_add(&k->words, word);
    sim_set(&c, conflict ? CHANGE_RESOLVE : CHANGE_SET, finding, arena_printf(&c.arena, "{\"%s\":\"%s\"}", name, word));
    if (pick(r, 4) == 0) {
        sim_photo(&c, k, finding, 100 + pick(r, 20000));
        seen.photos++;
    }
    sim_commit(&c);
}

static void step(struct run *r)
{
    static const enum road roads[] = {WORK, WORK, WORK, WORK, WORK, WORK, NETWORK, NETWORK, STICK, STICK, HANDED, HANDED, HANDED,
        HUB_TO_HUB};
    enum road road = pick(r, 40) == 0 ? KILLED : roads[pick(r, sizeof roads / sizeof *roads)];
    struct sim_kit *k = any_kit(r);
    seen.roads[road]++;
    switch (road) {
    case WORK:
        for (uint64_t n = 1 + pick(r, 3); n > 0; n--) change(r, k);
        break;
    case NETWORK: network(r, k); break;
    case STICK: by_stick(r, k); break;
    case HANDED: hand(r, k, any_kit(r)); break;
    case HUB_TO_HUB: hub_to_hub(r, false); break;
    default: kill_server(r);
    }
}

/* ---- after ---- */

static void put_state(struct buf *out, struct fold *f, const char *case_name)
{
    const struct fold_record *const *records;
    size_t len;
    MUST(fold_records(f, case_name, &records, &len));
    for (size_t i = 0; i < len; i++) {
        buf_addf(out, "%s %s\n", case_name, records[i]->id);
        if (records[i]->applied) record_file_write(out, records[i]);
    }
    MUST(buf_error(out));
}

/* Does the holder have all of it, and the state that the others have? The first one says which. */
static bool holds(struct fold *const folds[CASES], const struct sim_words *expected, struct buf *state)
{
    struct sim_words held = {0};
    struct buf mine;
    size_t bad = 0;
    buf_init(&mine, BUF_UNLIMITED);
    for (int n = 0; n < CASES; n++) {
        bad += sim_words_of(&held, folds[n], cases[n]);
        put_state(&mine, folds[n], cases[n]);
    }
    sim_words_sort(&held);
    if (!state->len) buf_add(state, mine.data, mine.len);
    bool same = bad == 0 && sim_words_same(&held, expected) && strcmp(buf_str(state), buf_str(&mine)) == 0;
    buf_release(&mine);
    sim_words_release(&held);
    return same;
}

static bool hub_holds(struct run *r, int h, const struct sim_words *expected, struct buf *state)
{
    struct hub *hub;
    struct fold *folds[CASES];
    MUST(hub_open(&hub, r->hubs[h].folder, r->admin.forms, NULL));
    for (int n = 0; n < CASES; n++) MUST(hub_fold(hub, cases[n], &folds[n]));
    bool all = holds(folds, expected, state);
    hub_close(hub);
    return all;
}

/* NULL: all do. */
static const char *who_does_not(struct run *r, const struct sim_words *expected, struct buf *state)
{
    for (int h = 0; h < HUBS; h++)
        if (!hub_holds(r, h, expected, state)) return path_name(r->hubs[h].folder);
    for (int i = 0; i < r->kits_len; i++) {
        struct fold *f = store_fold(r->kits[i].store), *folds[CASES] = {f, f};
        if (!holds(folds, expected, state)) return path_name(r->kits[i].folder);
    }
    return NULL;
}

static void read_tree(struct run *r, char out[64], int hub, const char *case_name)
{
    const char *command = arena_printf(&r->arena, "git -C '%s/repo.git' rev-parse '%s:record'", r->hubs[hub].folder, case_name);
    FILE *p = popen(command, "r");
    if (!p || !fgets(out, 64, p)) *out = '\0';
    if (p) pclose(p);
}

static void check_trees(struct run *r)
{
    for (int n = 0; n < CASES; n++) {
        char one[64], two[64];
        read_tree(r, one, 0, cases[n]);
        read_tree(r, two, 1, cases[n]);
        if (strlen(one) < 40 || strcmp(one, two) != 0) wrong(r, "the hubs' record/ trees differ", cases[n]);
    }
}

/* Bytes lie at the hub of who took the photo. */
static void check_photos(struct run *r)
{
    for (int i = 0; i < r->kits_len; i++)
        for (size_t n = 0; n < r->kits[i].words.len; n++) {
            const char *hash = r->kits[i].words.items[n];
            if (!is_sha256_hex(hash)) continue;
            const char *path = arena_printf(&r->arena, "%s/repo.git/lfs/objects/%.2s/%.2s/%s", r->kits[i].hub->folder, hash, hash + 2, hash);
            if (!os_exists(path)) wrong(r, "its hub lacks a photo", path_name(r->kits[i].folder));
        }
}

static void meet(struct run *r)
{
    for (int i = 0; i < r->kits_len; i++) network(r, &r->kits[i]);
    hub_to_hub(r, true);
    for (int i = 0; i < r->kits_len; i++) network(r, &r->kits[i]);
}

static void settle(struct run *r)
{
    struct sim_words expected = {0};
    struct buf state;
    const char *who = "nobody";
    size_t rounds = 0;
    for (int i = 0; i < r->kits_len; i++) sim_words_add(&expected, &r->kits[i].words);
    sim_words_sort(&expected);
    buf_init(&state, BUF_UNLIMITED);
    for (double end = os_monotonic_seconds() + SETTLING_SECONDS; who && os_monotonic_seconds() < end; rounds++) {
        if (rounds) os_sleep(NOTICE_SECONDS);
        meet(r);
        buf_clear(&state);
        who = who_does_not(r, &expected, &state);
    }
    if (who) wrong(r, "does not hold what the others hold", who);
    if (rounds > seen.rounds) seen.rounds = rounds;
    seen.words += expected.len;
    buf_release(&state);
    sim_words_release(&expected);
}

static void stop_all(struct run *r)
{
    for (int i = 0; i < HUBS; i++)
        if (sim_stop(&r->hubs[i])) wrong(r, "the server does not stop well", path_name(r->hubs[i].folder));
}

static int run_one(const char *folder, uint64_t seed)
{
    static struct run r;
    memset(&r, 0, sizeof r);
    r.seed = r.random = seed;
    arena_init(&r.arena);
    snprintf(r.folder, sizeof r.folder, "%s/run-%llu", folder, (unsigned long long)seed);
    MUST(os_make_folder(r.folder));
    set_up(&r);
    network(&r, &r.kits[0]);
    first_findings(&r, &r.kits[0]);
    meet(&r);
    for (uint64_t steps = 15 + pick(&r, 20); steps > 0; steps--) step(&r);
    settle(&r);
    stop_all(&r);
    check_trees(&r);
    check_photos(&r);
    int count = r.wrong;
    tear_down(&r);
    return count;
}

static bool all_came_about(int runs)
{
    bool all = seen.lost && seen.twice && seen.photos && seen.conflicts && seen.resolved;
    for (int i = 0; i < ROADS; i++) all = all && seen.roads[i];
    return all || runs < 20;
}

int main(int argc, char **argv)
{
    int runs = 5, count = 0;
    uint64_t seed = 1;
    const char *folder = ".";
    for (int i = 1; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--runs") == 0) runs = atoi(argv[i + 1]);
        if (strcmp(argv[i], "--seed") == 0) seed = (uint64_t)atoll(argv[i + 1]);
        if (strcmp(argv[i], "--folder") == 0) folder = argv[i + 1];
    }
    double start = os_monotonic_seconds();
    for (int i = 0; i < runs; i++) count += run_one(folder, seed * 100000 + (uint64_t)i);
    printf("%d runs from seed %llu in %.0f s", runs, (unsigned long long)seed, os_monotonic_seconds() - start);
    for (int i = 0; i < ROADS; i++) printf("; %zu %s", seen.roads[i], road_names[i]);
    printf("\nlost %zu, twice %zu; %zu values and photos held by all, each once (%zu photos); %zu changes of records in conflict, "
           "%zu resolutions; settled after %zu rounds at most\n",
        seen.lost, seen.twice, seen.words, seen.photos, seen.conflicts, seen.resolved, seen.rounds);
    if (!all_came_about(runs)) printf("wrong: something never came about\n"), count++;
    printf("%d wrong\n", count);
    return count != 0;
}
