/* Random runs over all roads: 3 to 6 kits and 2 hubs; kits work, sync with their hub over the network or by a stick, hand
 * bundles to each other, exchange with a colleague by a stick or over the network, and the hubs exchange bundles as well; bundles
 * get lost or come twice, servers and colleagues are killed. At any time nothing is called held that the hub does not hold, and
 * two kits that have exchanged to the end hold the same. When everybody has met everybody, all that was ever entered is held,
 * once, by all who may see it and by nobody else; they and both hubs have the same state, the hubs the same record/ trees,
 * and each hub the photos of its kits.
 *
 *   sim_roads [--runs N] [--seed N] [--first N] [--folder DIR]
 *
 * A kit joins one hub; half of them this one, half that. --first: of the seed's runs the one to begin with. A run's seed says what is done, not what keys it is done with, nor at
 * which byte somebody is killed. */
#define _XOPEN_SOURCE 700 /* before any header */

#include "satchel/replica/state.h"
#include "sim_kit.h"

#define HUBS 2
#define KITS_MAX 6
#define CASES 2
#define FINDINGS 1 /* few fields, so that changes meet */
#define SETTLING_SECONDS 20
#define SHARING_SECONDS 20
#define PEER_VISITS 6 /* each has then seen what the other lacked after it had told */
#define NOTICE_SECONDS 0.4 /* a server looks each second for what was done at its folder by others */

static const char *const cases[CASES] = {"C-1", "C-2"};

enum road { WORK, NETWORK, STICK, HANDED, PEER_STICK, PEER_NETWORK, HUB_TO_HUB, KILLED, ROADS };
static const char *const road_names[ROADS] = {"changes", "syncs over the network", "syncs by stick", "handed from kit to kit",
    "with a colleague by stick", "with a colleague over the network", "exchanges of the hubs", "servers killed"};

struct run {
    char folder[SIM_PATH];
    uint64_t random, seed;
    struct sim_kit admin, kits[KITS_MAX];
    int kits_len;
    struct sim_hub hubs[HUBS];
    const char *audit[CASES], *findings[CASES][FINDINGS];
    bool sees[KITS_MAX][CASES];
    struct sim_words said[CASES]; /* by all, in each case */
    struct buf state[CASES];      /* as the first who was asked has it */
    char lacks[128];              /* what the last who was asked does not hold */
    struct arena arena;
    int wrong, words;
};

/* Over all runs: what never came about was not tested. */
static struct {
    size_t roads[ROADS], lost, twice, words, photos, conflicts, resolved, rounds, whole, broken, unseen;
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

static void enrol_kit(struct sim_change *c, struct run *r, int kit)
{
    const struct store *s = r->kits[kit].store;
    const char *name = path_name(r->kits[kit].folder);
    const char *person =
        sim_enrol(c, name, "\"roles.auditor\":true,\"roles.leader\":true", store_signer(s)->public_key, store_recipient(s));
    for (int i = 0; i < CASES; i++)
        if (r->sees[kit][i]) sim_new(c, "assignment", cases[i], arena_printf(&c->arena, "{\"person\":\"register:%s\"}", person));
}

/* The first, who makes the records, works on all cases; of the others some on one alone. */
static void assign(struct run *r)
{
    for (int i = 0; i < r->kits_len; i++) {
        uint64_t only = i ? pick(r, 2 * CASES) : CASES;
        for (uint64_t n = 0; n < CASES; n++) {
            r->sees[i][n] = only >= CASES || only == n;
            seen.unseen += !r->sees[i][n];
        }
    }
}

static void enrol_all(struct run *r)
{
    struct sim_change c;
    sim_begin(&c, &r->admin);
    for (int i = 0; i < CASES; i++) sim_new(&c, "organisation", cases[i], "{\"name\":\"华安\"}");
    for (int i = 0; i < HUBS; i++) enrol_hub(&c, &r->hubs[i], path_name(r->hubs[i].folder));
    for (int i = 0; i < r->kits_len; i++) enrol_kit(&c, r, i);
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
    assign(r);
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
    for (int n = 0; n < CASES; n++) {
        sim_words_release(&r->said[n]);
        buf_release(&r->state[n]);
    }
    arena_release(&r->arena);
    if (!r->wrong) MUST(os_remove_tree(r->folder)); /* else it stays to be looked at */
}

/* ---- what is called held ---- */

static size_t lines_of(const char *command)
{
    size_t lines = 0;
    FILE *p = popen(command, "r");
    for (int c; p && (c = fgetc(p)) != EOF;) lines += c == '\n';
    if (p) pclose(p);
    return lines;
}

static bool hub_has_photo(const struct sim_hub *h, const char *hash)
{
    char path[SIM_PATH * 2];
    snprintf(path, sizeof path, "%s/repo.git/lfs/objects/%.2s/%.2s/%s", h->folder, hash, hash + 2, hash);
    return os_exists(path);
}

static struct evidence_state photo_of(struct sim_kit *k, int n, const char *hash)
{
    struct evidence_state state;
    MUST(store_evidence_state(k->store, cases[n], hash, &state));
    return state;
}

/* The hub's repository is asked, not its word. */
static void look_at_held(struct run *r, struct sim_kit *k)
{
    struct holding *list;
    size_t len;
    MUST(store_holdings(k->store, &r->arena, &list, &len));
    for (size_t i = 0; i < len; i++) {
        if (!list[i].entries_held) continue;
        size_t there = lines_of(arena_printf(&r->arena, "git -C '%s/repo.git' ls-tree -r --name-only '%s' 'log/%s/' 2>/dev/null",
            k->hub->folder, list[i].case_name, store_kit(k->store)));
        if ((size_t)list[i].entries_held > there) wrong(r, "calls entries held that its hub does not hold", path_name(k->folder));
    }
    for (int n = 0; n < CASES; n++)
        for (size_t i = 0; i < r->said[n].len; i++) {
            const char *hash = r->said[n].items[i];
            if (is_sha256_hex(hash) && photo_of(k, n, hash).at_hub && !hub_has_photo(k->hub, hash))
                wrong(r, "calls a photo held that its hub does not hold", path_name(k->folder));
        }
}

/* ---- roads ---- */

static void network(struct run *r, struct sim_kit *k)
{
    struct sim_synced s;
    if (sim_sync(k, &s)) wrong(r, "a sync over the network", path_name(k->folder));
    if (s.failed) wrong(r, "a bad file from the hub", path_name(k->folder));
    look_at_held(r, k);
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

static void end_exchange(struct run *r, struct sim_kit *k, struct exchange *e)
{
    for (size_t i = 0; i < e->failed->len; i++)
        if (!jv_get_bool(e->failed->items[i], "waits")) wrong(r, jv_get_str(e->failed->items[i], "error"), path_name(k->folder));
    for (size_t i = 0; i < e->taken_len; i++)
        if (e->taken[i].alarms->len) wrong(r, "an alarm", path_name(k->folder));
    exchange_release(e);
    look_at_held(r, k);
}

static void stick_side(struct run *r, struct sim_kit *k, const char *stick)
{
    struct exchange e = {0};
    MUST(store_sync_folder(k->store, stick, BUNDLE_PART_SIZE, &e, NULL));
    end_exchange(r, k, &e);
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

/* ---- with a colleague ---- */

static int number_of(const struct run *r, const struct sim_kit *k)
{
    return (int)(k - r->kits);
}

/* One has what the other has: every entry of everybody, and every photo's bytes. */
static void hold_the_same(struct run *r, struct sim_kit *a, struct sim_kit *b, int n)
{
    struct sim_words of_a = {0}, of_b = {0};
    sim_words_of(&of_a, store_fold(a->store), cases[n]);
    sim_words_of(&of_b, store_fold(b->store), cases[n]);
    bool same = sim_words_same(&of_a, &of_b);
    if (!same) printf("  %s: %zu here, %zu with %s\n", cases[n], of_a.len, of_b.len, path_name(b->folder));
    if (!same) wrong(r, "has exchanged, and does not hold the same entries", path_name(a->folder));
    for (size_t i = 0; same && i < of_a.len; i++) {
        const char *hash = of_a.items[i];
        if (!is_sha256_hex(hash)) continue;
        if (photo_of(a, n, hash).here != photo_of(b, n, hash).here)
            wrong(r, "has exchanged, and does not hold the same photos", path_name(a->folder));
    }
    sim_words_release(&of_a);
    sim_words_release(&of_b);
}

static void have_exchanged(struct run *r, struct sim_kit *a, struct sim_kit *b)
{
    seen.whole++;
    for (int n = 0; n < CASES; n++)
        if (r->sees[number_of(r, a)][n] && r->sees[number_of(r, b)][n]) hold_the_same(r, a, b, n);
}

static void peer_side(struct run *r, struct sim_kit *k, const struct sim_kit *other, const char *site)
{
    struct exchange e = {0};
    const char *outbox = path_join(&r->arena, site, "outbox");
    struct peer_exchange x = {.kit = store_kit(other->store), .part_size = BUNDLE_PART_SIZE,
        .take = path_join(&r->arena, outbox, store_kit(k->store)), .put = path_join(&r->arena, outbox, store_kit(other->store))};
    MUST(store_sync_peer(k->store, &x, &e, NULL));
    end_exchange(r, k, &e);
}

/* By a stick of their own, or the one that goes to headquarters; to and fro to the end, or not so far. */
static void peers_by_stick(struct run *r, struct sim_kit *a, struct sim_kit *b)
{
    const char *site = pick(r, 3) ? in_folder(r, "site", "all") : in_folder(r, "stick", path_name(a->hub->folder));
    bool whole = pick(r, 2);
    for (uint64_t visits = whole ? PEER_VISITS : 1 + pick(r, PEER_VISITS - 1); visits > 0; visits--) {
        peer_side(r, a, b, site);
        struct sim_kit *next = b;
        b = a;
        a = next;
    }
    if (whole) have_exchanged(r, a, b);
}

/* Where it shares, and its code. */
static bool read_shared(struct run *r, const char *out, const char **address, const char **code)
{
    struct buf bytes;
    const struct jv *v = NULL, *addresses;
    buf_init(&bytes, 4096);
    int rc = file_read(out, &bytes);
    if (rc == 0) rc = json_parse(&v, &r->arena, bytes.data, bytes.len, 4, JSON_STRICT);
    buf_release(&bytes);
    err_clear();
    addresses = rc ? NULL : jv_get(v, "addresses");
    *address = addresses && addresses->len ? jv_str(addresses->items[0]) : NULL;
    *code = rc ? NULL : jv_get_str(v, "code");
    return *address && *code;
}

/* Its id; 0: it shares nothing. */
static pid_t start_sharing(struct run *r, struct sim_kit *k, const char **address, const char **code)
{
    const char *out = arena_printf(&r->arena, "%s.share", k->folder);
    MUST(os_remove(out));
    pid_t pid = sim_start(out, (const char *const[]){"satchel", "--store", k->folder, "--json", "share", "--listen", "127.0.0.1",
                                   "--minutes", "1", NULL});
    for (double end = os_monotonic_seconds() + SHARING_SECONDS; !read_shared(r, out, address, code); os_sleep(0.005))
        if (os_monotonic_seconds() > end || waitpid(pid, NULL, WNOHANG) == pid) return 0;
    return pid;
}

static int end_sharing(pid_t pid)
{
    int status = 0;
    for (double end = os_monotonic_seconds() + SHARING_SECONDS; os_monotonic_seconds() < end; os_sleep(0.005))
        if (waitpid(pid, &status, WNOHANG) == pid) return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
    kill(pid, SIGKILL);
    return sim_wait(pid);
}

/* Of some, one or the other dies in the middle. */
static void peers_by_network(struct run *r, struct sim_kit *owner, struct sim_kit *caller)
{
    const char *address, *code;
    uint64_t fate = pick(r, 8);
    pid_t sharing = start_sharing(r, owner, &address, &code);
    if (!sharing) {
        wrong(r, "does not share", path_name(owner->folder));
        return;
    }
    pid_t calling = sim_start(arena_printf(&r->arena, "%s.call", caller->folder), (const char *const[]){"satchel", "--store",
                                  caller->folder, "--json", "sync", address, "--code", code, "--tries", "1", "--timeout", "5", NULL});
    if (fate < 2) {
        os_sleep((double)pick(r, 120) / 1000);
        kill(fate ? sharing : calling, SIGKILL);
        if (!fate) kill(sharing, SIGTERM); /* nobody would come any more */
    }
    int called = sim_wait(calling), shared = end_sharing(sharing);
    MUST(store_refresh(owner->store));
    MUST(store_refresh(caller->store));
    bool whole = called == 0 && shared == 0;
    seen.broken += !whole;
    if (whole) have_exchanged(r, owner, caller);
    if (!whole && fate >= 2) wrong(r, arena_printf(&r->arena, "shared with %s: %d, %d", path_name(caller->folder), shared, called), path_name(owner->folder));
}

/* ---- hub to hub ---- */

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
            sim_word_add(&r->said[n], word);
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
    sim_word_add(&r->said[n], word);
    sim_set(&c, conflict ? CHANGE_RESOLVE : CHANGE_SET, finding, arena_printf(&c.arena, "{\"%s\":\"%s\"}", name, word));
    if (pick(r, 4) == 0) {
        sim_photo(&c, k, finding, 100 + pick(r, 20000));
        sim_word_add(&r->said[n], k->words.items[k->words.len - 1]);
        seen.photos++;
    }
    sim_commit(&c);
}

static void step(struct run *r)
{
    static const enum road roads[] = {WORK, WORK, WORK, WORK, WORK, WORK, NETWORK, NETWORK, STICK, STICK, HANDED, HANDED,
        PEER_STICK, PEER_STICK, PEER_NETWORK, PEER_NETWORK, HUB_TO_HUB};
    enum road road = pick(r, 40) == 0 ? KILLED : roads[pick(r, sizeof roads / sizeof *roads)];
    struct sim_kit *k = any_kit(r), *colleague = any_kit(r);
    if (k == colleague && (road == PEER_STICK || road == PEER_NETWORK)) road = WORK;
    seen.roads[road]++;
    switch (road) {
    case WORK:
        for (uint64_t n = 1 + pick(r, 3); n > 0; n--) change(r, k);
        break;
    case NETWORK: network(r, k); break;
    case STICK: by_stick(r, k); break;
    case HANDED: hand(r, k, colleague); break;
    case PEER_STICK: peers_by_stick(r, k, colleague); break;
    case PEER_NETWORK: peers_by_network(r, k, colleague); break;
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

/* Does the holder have all of the case, and the state that the others have? The first one says which. */
static bool holds(struct run *r, struct fold *f, int n)
{
    struct sim_words held = {0};
    struct buf mine;
    buf_init(&mine, BUF_UNLIMITED);
    size_t bad = sim_words_of(&held, f, cases[n]);
    put_state(&mine, f, cases[n]);
    if (!r->state[n].len) buf_add(&r->state[n], mine.data, mine.len);
    bool same = bad == 0 && sim_words_same(&held, &r->said[n]) && strcmp(buf_str(&r->state[n]), buf_str(&mine)) == 0;
    if (!same)
        snprintf(r->lacks, sizeof r->lacks, "%s: %zu of %zu values, %zu entries do not apply, the state is %s", cases[n], held.len,
            r->said[n].len, bad, strcmp(buf_str(&r->state[n]), buf_str(&mine)) == 0 ? "the same" : "another");
    buf_release(&mine);
    sim_words_release(&held);
    return same;
}

static bool hub_holds(struct run *r, int h)
{
    struct hub *hub;
    struct fold *f;
    bool all = true;
    MUST(hub_open(&hub, r->hubs[h].folder, r->admin.forms, NULL));
    for (int n = 0; n < CASES; n++) {
        MUST(hub_fold(hub, cases[n], &f));
        all = all && holds(r, f, n);
    }
    hub_close(hub);
    return all;
}

/* And knows by receipts that its own is held. */
static bool kit_holds(struct run *r, int kit)
{
    bool all = sim_all_held(&r->kits[kit]);
    if (!all) snprintf(r->lacks, sizeof r->lacks, "a receipt for all of its own");
    for (int n = 0; n < CASES; n++)
        if (r->sees[kit][n]) all = all && holds(r, store_fold(r->kits[kit].store), n);
    return all;
}

/* NULL: all do. */
static const char *who_does_not(struct run *r)
{
    for (int n = 0; n < CASES; n++) buf_clear(&r->state[n]);
    for (int h = 0; h < HUBS; h++)
        if (!hub_holds(r, h)) return path_name(r->hubs[h].folder);
    for (int i = 0; i < r->kits_len; i++)
        if (!kit_holds(r, i)) return path_name(r->kits[i].folder);
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

/* Bytes lie at the hub of who took the photo, as they were taken: from there others ask for them. */
static void check_photo(struct run *r, const struct sim_hub *h, const char *hash)
{
    struct buf bytes;
    unsigned char sum[SHA256_SIZE];
    char hex[SHA256_HEX] = "";
    buf_init(&bytes, BUF_UNLIMITED);
    if (file_read(arena_printf(&r->arena, "%s/repo.git/lfs/objects/%.2s/%.2s/%s", h->folder, hash, hash + 2, hash), &bytes) == 0) {
        sha256(sum, bytes.data, bytes.len);
        hex_write(hex, sum, sizeof sum);
    }
    if (strcmp(hex, hash) != 0) wrong(r, "lacks a photo", path_name(h->folder));
    buf_release(&bytes);
}

static void check_photos(struct run *r)
{
    for (int i = 0; i < r->kits_len; i++)
        for (size_t n = 0; n < r->kits[i].words.len; n++) check_photo(r, r->kits[i].hub, r->kits[i].words.items[n]);
}

static void check_unseen(struct run *r)
{
    for (int i = 0; i < r->kits_len; i++)
        for (int n = 0; n < CASES; n++)
            if (!r->sees[i][n] && knows(&r->kits[i], n)) wrong(r, "has a case that its person may not see", path_name(r->kits[i].folder));
}

static void meet(struct run *r)
{
    for (int i = 0; i < r->kits_len; i++) network(r, &r->kits[i]);
    hub_to_hub(r, true);
    for (int i = 0; i < r->kits_len; i++) network(r, &r->kits[i]);
}

static void settle(struct run *r)
{
    const char *who = "nobody";
    size_t rounds = 0;
    for (int n = 0; n < CASES; n++) {
        sim_words_sort(&r->said[n]);
        seen.words += r->said[n].len;
    }
    for (double end = os_monotonic_seconds() + SETTLING_SECONDS; who && os_monotonic_seconds() < end; rounds++) {
        if (rounds) os_sleep(NOTICE_SECONDS);
        meet(r);
        who = who_does_not(r);
    }
    if (who) wrong(r, arena_printf(&r->arena, "does not hold what the others hold: %s", r->lacks), who);
    if (rounds > seen.rounds) seen.rounds = rounds;
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
    for (int n = 0; n < CASES; n++) buf_init(&r.state[n], BUF_UNLIMITED);
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
    check_unseen(&r);
    int count = r.wrong;
    tear_down(&r);
    return count;
}

static bool all_came_about(int runs)
{
    bool all = seen.lost && seen.twice && seen.photos && seen.conflicts && seen.resolved &&
               seen.whole && seen.broken && seen.unseen;
    for (int i = 0; i < ROADS; i++) all = all && seen.roads[i];
    return all || runs < 20;
}

int main(int argc, char **argv)
{
    int runs = 5, count = 0;
    uint64_t seed = 1, first = 0;
    const char *folder = ".";
    for (int i = 1; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--runs") == 0) runs = atoi(argv[i + 1]);
        if (strcmp(argv[i], "--seed") == 0) seed = (uint64_t)atoll(argv[i + 1]);
        if (strcmp(argv[i], "--first") == 0) first = (uint64_t)atoll(argv[i + 1]);
        if (strcmp(argv[i], "--folder") == 0) folder = argv[i + 1];
    }
    char secret[SIM_PATH + 16];
    snprintf(secret, sizeof secret, "%s/passphrase", folder);
    MUST(file_write(secret, SIM_PASSPHRASE "\n", sizeof SIM_PASSPHRASE));
    if (setenv("SATCHEL_PASSPHRASE_FILE", secret, 1)) abort();
    setvbuf(stdout, NULL, _IOLBF, 0); /* what was wrong is told also where time runs out */
    double start = os_monotonic_seconds();
    for (int i = 0; i < runs; i++) count += run_one(folder, seed * 100000 + first + (uint64_t)i);
    printf("%d runs from seed %llu in %.0f s", runs, (unsigned long long)seed, os_monotonic_seconds() - start);
    for (int i = 0; i < ROADS; i++) printf("; %zu %s", seen.roads[i], road_names[i]);
    printf("\nlost %zu, twice %zu; %zu values and photos held by all, each once (%zu photos); %zu changes of records in conflict, "
           "%zu resolutions; settled after %zu rounds at most\n"
           "with colleagues: %zu exchanges to the end, %zu broken off; %zu times a kit and a case that it may not see\n",
        seen.lost, seen.twice, seen.words, seen.photos, seen.conflicts, seen.resolved, seen.rounds, seen.whole, seen.broken,
        seen.unseen);
    if (!all_came_about(runs)) printf("wrong: something never came about\n"), count++;
    printf("%d wrong\n", count);
    return count != 0;
}
