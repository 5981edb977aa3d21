/* The exchange of bundles: two kits with each other, and with a hub that is a key, a fold and a fold's
 * receipts. */
#include "bundle_kit.h"

#include "satchel/base/time.h"
#include "satchel/scheme/scheme.h"
#include "satchel/store/store.h"

#define WORDS "open sesame"
#define FACTOR 4 /* of scrypt: fast */

/* ---- a hub ---- */

struct hub {
    struct kit kit;
    struct fold *fold;
    struct arena arena;
    struct map held; /* evidence */
    const char *last_bundle;
    struct have_receipt told; /* which receipt the kit keeps, by its last bundle */
    const char *builds_on;  /* id of the receipt that the answers build on, or NULL: they are whole */
    const struct receipt *leaves_out; /* what this one names; NULL: all of it */
    const char *quarantine; /* id of an entry that it quarantines, or NULL */
    bool withholds;         /* only names that entry, in place of the reason */
    bool drops;             /* the evidence that comes: its parts did not make it up, say */
    unsigned char root[KEY_SIZE];
    int clock;
    struct forms *forms;
};

static void hub_make(struct hub *h)
{
    memset(h, 0, sizeof *h);
    h->kit = kit_make(77);
    arena_init(&h->arena);
    map_init(&h->held);
    CHECK_OK(fold_new(&h->fold));
}

static void hub_release(struct hub *h)
{
    fold_free(h->fold);
    map_release(&h->held);
    arena_release(&h->arena);
}

static struct hub_identity hub_identity(const struct hub *h)
{
    struct hub_identity id = {.name = "Headquarters", .kit = h->kit.id};
    memcpy(id.public_key, h->kit.signer.public_key, KEY_SIZE);
    memcpy(id.recipient, h->kit.recipient, KEY_SIZE);
    memcpy(id.root, h->root, KEY_SIZE);
    return id;
}

static int hub_knows(void *ctx, const char *kit, const unsigned char signed_by[KEY_SIZE])
{
    (void)ctx, (void)kit, (void)signed_by;
    return 0;
}

static int hub_stage(void *ctx, const struct member *m, struct sink **out)
{
    struct hub *h = ctx;
    static struct desk d;
    if (!h->drops && map_put(&h->held, arena_strdup(&h->arena, m->sha256), h)) return ERR_ROAD;
    return desk_stage(&d, m, out);
}

/* Takes a bundle in; the case it is of. */
static const char *hub_take(struct hub *h, const char *path)
{
    struct opened o;
    bool known;
    struct bundle_receiver r = {.self = h->kit.id, .sender = hub_knows, .stage = hub_stage, .ctx = h};
    memcpy(r.identity, h->kit.identity, KEY_SIZE);
    int rc = bundle_open(&o, fold_arena(h->fold), path, &r);
    CHECK_OK(rc);
    if (rc) return NULL;
    for (size_t i = 0; i < o.entries_len; i++) {
        struct opened_entry *e = &o.entries[i];
        bool bad = h->quarantine && strcmp(h->quarantine, e->entry->id) == 0;
        CHECK_OK(fold_add(h->fold, e->entry, e->public_key, bad ? VERDICT_QUARANTINED : VERDICT_GOOD,
            bad ? "no" : NULL, 1, &known));
    }
    h->last_bundle = arena_strdup(&h->arena, o.manifest->id);
    h->told = o.manifest->receipt;
    opened_release(&o);
    return arena_strdup(&h->arena, o.manifest->case_name);
}

static void hub_receipt(struct hub *h, const char *case_name, struct buf *out)
{
    char at[TIME_TEXT] = "2026-11-22T10:00:00+08:00", root[KIT_ID_SIZE];
    size_t n = 0, held = 0, chains_len;
    kit_id_of(root, h->root);
    h->clock++;
    at[14] = (char)('0' + h->clock / 10 % 6);
    at[15] = (char)('0' + h->clock % 10);
    const struct fold_chain *const *chains = fold_chains(h->fold, case_name, &chains_len);
    struct receipt r = {
        .at = at, .bundle = h->last_bundle, .case_name = case_name, .hub = h->kit.id, .root = root};
    struct receipt_apart q = {.case_name = case_name, .entry = h->quarantine, .reason = "no"};
    r.heads = arena_alloc(&h->arena, (chains_len + 1) * sizeof *r.heads);
    r.held = arena_alloc(&h->arena, (h->held.len + 1) * sizeof *r.held);
    for (size_t i = 0; i < chains_len; i++)
        if (chains[i]->gapless)
            r.heads[n++] =
                (struct receipt_head){case_name, chains[i]->kit, chains[i]->gapless, chains[i]->head};
    for (size_t i = 0; i < h->held.cap; i++)
        if (h->held.slots[i].key) r.held[held++] = h->held.slots[i].key;
    const struct held *bad = h->quarantine ? fold_entry(h->fold, h->quarantine) : NULL;
    if (bad && strcmp(bad->entry->case_name, case_name) == 0) {
        q.kit = bad->entry->kit;
        q.seq = bad->entry->seq;
        if (h->withholds) q.reason = NULL;
        *(h->withholds ? &r.withheld : &r.quarantined) = (struct receipt_list){&q, 1};
    }
    r.heads_len = n;
    r.held_len = held;
    CHECK_OK(receipt_write(out, &h->arena, &r));
}

static void hub_shorten(struct hub *h, const struct buf *receipt, struct buf *brief)
{
    struct receipt *r;
    CHECK_OK(receipt_parse(&r, &h->arena, receipt->data, receipt->len));
    const struct receipt *without = h->leaves_out ? h->leaves_out : r;
    CHECK_OK(receipt_brief_write(brief, &h->arena, r, h->builds_on, without->held, without->held_len));
}

/* Writes what a kit lacks, with a receipt, into a folder. */
static size_t hub_send(struct hub *h, const char *case_name, const char *kit,
    const unsigned char recipient[KEY_SIZE], const struct have *beyond, size_t beyond_len, const char *to)
{
    struct buf receipt, brief;
    struct bundle_files files = {0};
    buf_init(&receipt, RECEIPT_MAX_BYTES);
    buf_init(&brief, RECEIPT_MAX_BYTES);
    hub_receipt(h, case_name, &receipt);
    if (h->builds_on) hub_shorten(h, &receipt, &brief);
    struct bundle_order o = {.fold = h->fold,
        .case_name = case_name,
        .from = h->kit.id,
        .signer = &h->kit.signer,
        .to = kit,
        .beyond = beyond,
        .beyond_len = beyond_len,
        .receipt = &receipt,
        .brief = h->builds_on ? &brief : NULL,
        .part_size = BUNDLE_PART_SIZE};
    memcpy(o.recipient, recipient, KEY_SIZE);
    CHECK_OK(os_make_folder(to));
    CHECK_OK(bundle_cut(&files, &o, to));
    size_t len = files.len;
    if (len) bundle_files_release(&files);
    buf_release(&receipt);
    buf_release(&brief);
    return len;
}

/* ---- kits ---- */

struct person {
    struct store *store;
    struct forms *forms;
    struct schemes *schemes;
};

static void person_make(struct person *p, const char *name)
{
    char recovery[RECOVERY_KEY_SIZE];
    CHECK_OK(forms_new(&p->forms));
    CHECK_OK(schemes_new(&p->schemes, p->forms));
    CHECK_OK(store_create(in_folder(name), name, "a@example.org", WORDS, FACTOR, p->forms, recovery));
    CHECK_OK(store_open(&p->store, in_folder(name), WORDS, p->forms));
}

static void person_release(struct person *p)
{
    store_close(p->store);
    schemes_free(p->schemes);
    forms_free(p->forms);
}

/* One change in a transaction of its own; the record's id lives as long as the store. */
static const char *change(
    struct person *p, const char *type, const char *case_name, const char *record, const char *json)
{
    struct store_tx *tx;
    struct arena a;
    const struct jv *set;
    const char *id = "";
    arena_init(&a);
    CHECK_OK(json_parse(&set, &a, json, strlen(json), 8, JSON_STRICT));
    struct change c = {.kind = type ? CHANGE_NEW : CHANGE_SET,
        .type = type,
        .case_name = case_name,
        .record = record,
        .set = set};
    int rc = store_begin(&tx, p->store);
    if (rc == 0) rc = store_change(tx, &c, &id);
    if (rc == 0)
        rc = store_commit(tx);
    else
        store_rollback(tx);
    CHECK_OK(rc);
    arena_release(&a);
    return id;
}

static void attach(struct person *p, const char *record, const char *name, uint64_t seed, uint64_t size)
{
    struct store_tx *tx;
    struct source *from = made_source(seed, 0, size);
    struct sink *to;
    const char *id;
    CHECK_OK(file_sink(&to, in_folder(name)));
    CHECK_OK(io_copy(to, from, NULL));
    CHECK_OK(sink_finish(to));
    sink_close(to);
    source_close(from);
    CHECK_OK(store_begin(&tx, p->store));
    CHECK_OK(store_attach(tx, in_folder(name), record, NULL, NULL, &id));
    CHECK_OK(store_commit(tx));
}

static int64_t entries_of(struct person *p, const char *case_name)
{
    size_t len;
    int64_t n = 0;
    const struct fold_chain *const *chains = fold_chains(store_fold(p->store), case_name, &len);
    for (size_t i = 0; i < len; i++) n += (int64_t)chains[i]->entries_len;
    return n;
}

static void lines_of(struct person *p, struct buf *out)
{
    size_t len;
    const struct fold_chain *const *chains = fold_chains(store_fold(p->store), REGISTER_CASE, &len);
    for (size_t i = 0; i < len; i++)
        for (size_t k = 0; k < chains[i]->entries_len; k++)
            entry_line_write(out, chains[i]->entries[k]->entry, chains[i]->entries[k]->public_key);
}

/* ann's kit is the root and enrols bob's as an auditor. */
struct world {
    struct hub hub;
    struct person ann, bob;
    struct bundle_files files;
    struct arena arena;
};

static void enrol(struct person *admin, struct person *whom, const char *name, const char *role)
{
    char json[1024], recipient[AGE_RECIPIENT_SIZE];
    struct buf key;
    snprintf(
        json, sizeof json, "{\"email\":\"b@example.org\",\"name\":\"%s\",\"roles.%s\":true}", name, role);
    const char *person = change(admin, "person", NULL, NULL, json);
    buf_init(&key, 1024);
    ssh_key_line_write(&key, store_signer(whom->store)->public_key, NULL);
    age_recipient_write(recipient, store_recipient(whom->store));
    snprintf(json, sizeof json, "{\"key\":\"%s\",\"person\":\"%s\",\"recipient\":\"%s\"}", buf_str(&key),
        person, recipient);
    change(admin, "kit", NULL, NULL, json);
    buf_release(&key);
}

static const char *kit_of(struct person *p)
{
    return store_kit(p->store);
}

/* As `by` signs it, who hands the register of `from` over. */
static int join_by(struct person *p, struct hub *h, struct person *from, struct person *by)
{
    struct buf lines;
    struct hub_identity id = hub_identity(h);
    buf_init(&lines, BUF_UNLIMITED);
    if (from) lines_of(from, &lines);
    struct enrolment e = {.at = "2026-11-22T10:11:12+08:00",
        .by = kit_of(by),
        .for_kit = kit_of(p),
        .hub_name = id.name,
        .lines = buf_str(&lines),
        .lines_len = lines.len};
    memcpy(e.by_key, store_signer(by->store)->public_key, KEY_SIZE);
    memcpy(e.hub_key, id.public_key, KEY_SIZE);
    memcpy(e.hub_recipient, id.recipient, KEY_SIZE);
    memcpy(e.root, id.root, KEY_SIZE);
    int rc = store_join(p->store, &e);
    buf_release(&lines);
    return rc;
}

static void join(struct person *p, struct hub *h, struct person *from)
{
    CHECK_OK(join_by(p, h, from, from ? from : p));
}

static void world_init(struct world *w)
{
    memset(w, 0, sizeof *w);
    hub_make(&w->hub);
    arena_init(&w->arena);
    person_make(&w->ann, "ann");
    person_make(&w->bob, "bob");
    memcpy(w->hub.root, store_signer(w->ann.store)->public_key, KEY_SIZE);
    join(&w->ann, &w->hub, NULL);
    enrol(&w->ann, &w->bob, "Bob", "auditor");
    join(&w->bob, &w->hub, &w->ann);
}

static void world_release(struct world *w)
{
    if (w->files.files) bundle_files_release(&w->files);
    hub_release(&w->hub); /* first: it may have entries of theirs */
    person_release(&w->ann);
    person_release(&w->bob);
    arena_release(&w->arena);
    folder_remove();
}

#define WORLD_TEST(name)                                                                                     \
    static void name##_in(struct world *w);                                                                  \
    TEST(name)                                                                                               \
    {                                                                                                        \
        struct world w;                                                                                      \
        world_init(&w);                                                                                      \
        name##_in(&w);                                                                                       \
        world_release(&w);                                                                                   \
    }                                                                                                        \
    static void name##_in(struct world *w)

/* Packs into FOLDER/way; how many files. */
static int pack(struct world *w, struct person *from, const char *to, const char *case_name)
{
    struct pack_request r = {
        .case_name = case_name, .to = to, .part_size = BUNDLE_PART_SIZE, .folder = in_folder("way")};
    if (w->files.files) bundle_files_release(&w->files);
    memset(&w->files, 0, sizeof w->files);
    int rc = store_pack(from->store, &r, &w->files);
    return rc ? rc : (int)w->files.len;
}

/* Bundles of the case among those packed last. */
static int packed_of(struct world *w, const char *case_name, struct person *reader)
{
    int n = 0;
    for (size_t i = 0; i < w->files.len; i++) {
        const struct manifest *m;
        int rc = bundle_peek(&m, &w->arena, w->files.files[i].path, store_identity(reader->store));
        CHECK_OK(rc);
        if (rc == 0) n += strcmp(m->case_name, case_name) == 0;
    }
    return n;
}

/* Packs for `to` and takes in there; what came of the last bundle. */
static struct taken hand_over(struct world *w, struct person *from, struct person *to)
{
    struct taken t = {0};
    CHECK(pack(w, from, kit_of(to), NULL) >= 0);
    for (size_t i = 0; i < w->files.len; i++)
        CHECK_OK(store_receive(to->store, w->files.files[i].path, &w->arena, &t, NULL));
    return t;
}

/* Its id, "" where there is none that applies. */
static const char *person_called(struct person *p, const char *name)
{
    size_t len;
    const struct fold_record *const *records;
    CHECK_OK(fold_records(store_fold(p->store), REGISTER_CASE, &records, &len));
    for (size_t i = 0; i < len; i++) {
        const char *is = strcmp(records[i]->type, "person") == 0 ? record_str(records[i], "name") : NULL;
        if (is && strcmp(is, name) == 0) return records[i]->id;
    }
    return "";
}

/* A case of ann's with bob assigned. */
static const char *open_case_named(struct world *w, const char *name)
{
    char json[256];
    const char *bob;
    const char *id = change(&w->ann, "organisation", name, NULL, "{\"name\":\"Acme\"}");
    bob = person_called(&w->ann, "Bob");
    snprintf(json, sizeof json, "{\"person\":\"register:%s\"}", bob);
    change(&w->ann, "assignment", name, NULL, json);
    return id;
}

static const char *open_case(struct world *w)
{
    return open_case_named(w, TEST_CASE);
}

/* ---- joining ---- */

WORLD_TEST(the_root_founds_the_register)
{
    struct registry_kit hub;
    const struct registry *r = store_registry(w->ann.store);
    CHECK(registry_kit(r, kit_of(&w->ann)) && registry_kit(r, kit_of(&w->bob)));
    CHECK(registry_role(r, kit_of(&w->ann), "admin", NULL) &&
          registry_role(r, kit_of(&w->ann), "headquarters", NULL));
    CHECK(registry_hub(r, &hub) && same_bytes(hub.public_key, w->hub.kit.signer.public_key, KEY_SIZE));
}

WORLD_TEST(who_joins_takes_the_register_on)
{
    const struct registry *r = store_registry(w->bob.store);
    CHECK(registry_kit(r, kit_of(&w->ann)) && registry_role(r, kit_of(&w->bob), "auditor", NULL));
    CHECK(!registry_role(r, kit_of(&w->bob), "admin", NULL)); /* as he was in a register of his own */
    CHECK(entries_of(&w->ann, REGISTER_CASE) == entries_of(&w->bob, REGISTER_CASE));
}

WORLD_TEST(joining_again_changes_nothing)
{
    int64_t before = entries_of(&w->bob, REGISTER_CASE);
    join(&w->bob, &w->hub, &w->ann);
    CHECK(entries_of(&w->bob, REGISTER_CASE) == before);
    CHECK(registry_role(store_registry(w->bob.store), kit_of(&w->bob), "auditor", NULL));
}

WORLD_TEST(a_damaged_register_changes_nothing)
{
    struct hub_identity id = hub_identity(&w->hub);
    struct person carl;
    person_make(&carl, "carl");
    struct enrolment e = {
        .at = "", .by = id.kit, .for_kit = "", .hub_name = id.name, .lines = "{}\n", .lines_len = 3};
    memcpy(e.hub_key, id.public_key, KEY_SIZE);
    CHECK(store_join(carl.store, &e) == ERR_INPUT);
    CHECK(!store_hub(carl.store) && registry_role(store_registry(carl.store), kit_of(&carl), "admin", NULL));
    person_release(&carl);
}

/* Carl is enrolled, but who hands the register over must be an admin, whatever he has put into it. */
WORLD_TEST(an_enrolment_is_an_admins)
{
    struct person carl;
    person_make(&carl, "carl");
    CHECK(join_by(&carl, &w->hub, &w->ann, &w->ann) == ERR_INPUT); /* nobody has enrolled him */
    enrol(&w->ann, &carl, "Carl", "auditor");
    CHECK(join_by(&carl, &w->hub, &w->ann, &w->bob) == ERR_INPUT);
    CHECK(join_by(&carl, &w->hub, &w->ann, &carl) == ERR_INPUT);
    CHECK(!store_hub(carl.store));
    CHECK_OK(join_by(&carl, &w->hub, &w->ann, &w->ann));
    CHECK(join_by(&w->bob, &w->hub, &w->ann, &carl) == ERR_INPUT);
    person_release(&carl);
}

/* A former admin can't vouch for himself: not when somebody joins, and not when he joins again. */
WORLD_TEST(a_former_admin_enrols_nobody)
{
    struct person carl, dora;
    char person[RECORD_ID_MAX];
    person_make(&carl, "carl");
    person_make(&dora, "dora");
    enrol(&w->ann, &carl, "Carl", "admin");
    snprintf(person, sizeof person, "%s", person_called(&w->ann, "Carl"));
    join(&carl, &w->hub, &w->ann);
    change(&w->ann, NULL, NULL, person, "{\"roles.admin\":false}");
    hand_over(w, &w->ann, &w->bob);
    enrol(&carl, &dora, "Dora", "auditor");
    hand_over(w, &w->ann, &carl);
    int64_t before = entries_of(&w->bob, REGISTER_CASE);
    CHECK(join_by(&dora, &w->hub, &carl, &carl) == ERR_INPUT);
    CHECK(join_by(&w->bob, &w->hub, &carl, &carl) == ERR_INPUT);
    CHECK(entries_of(&w->bob, REGISTER_CASE) == before);
    person_release(&carl);
    person_release(&dora);
}

/* The register that is joined is not set aside for one with another root, though the hub bears the same key.
 */
WORLD_TEST(joining_again_changes_no_root)
{
    struct hub false_hub = w->hub;
    memcpy(false_hub.root, store_signer(w->bob.store)->public_key, KEY_SIZE);
    CHECK(join_by(&w->bob, &false_hub, &w->ann, &w->bob) == ERR_INPUT);
    CHECK(registry_root(store_registry(w->bob.store), store_signer(w->ann.store)->public_key));
}

/* What an admin has written and not sent yet is sent, though he joins again in between. */
WORLD_TEST(joining_again_is_not_sending)
{
    change(&w->ann, "person", NULL, NULL, "{\"name\":\"Erik\"}");
    join(&w->ann, &w->hub, &w->ann);
    CHECK(pack(w, &w->ann, NULL, REGISTER_CASE) > 0);
}

/* ---- two kits ---- */

WORLD_TEST(a_case_goes_from_kit_to_kit)
{
    const char *record = open_case(w);
    attach(&w->ann, record, "photo", 1, 100000);
    attach(&w->ann, record, "notes", 2, 300);
    struct taken t = hand_over(w, &w->ann, &w->bob);
    CHECK(t.accepted == 4 && t.quarantined == 0 && t.waiting == 0 && t.rejected == 0);
    CHECK(t.blobs_held == 2 && t.blobs_awaited == 0);
    CHECK(entries_of(&w->bob, TEST_CASE) == 4);
    CHECK_STR(record_str(fold_record(store_fold(w->bob.store), TEST_CASE, record), "name"), "Acme");
}

WORLD_TEST(what_the_other_has_is_not_sent_back)
{
    open_case(w);
    hand_over(w, &w->ann, &w->bob);
    CHECK(pack(w, &w->bob, kit_of(&w->ann), TEST_CASE) == 0);
    change(&w->bob, "department", TEST_CASE, NULL, "{\"code\":\"D1\",\"name\":\"Sales\"}");
    struct taken t = hand_over(w, &w->bob, &w->ann);
    CHECK(t.accepted == 1 && t.known == 0);
    CHECK(pack(w, &w->ann, kit_of(&w->bob), TEST_CASE) >= 0);
    CHECK(packed_of(w, TEST_CASE, &w->bob) == 0); /* bob's bundle said what he has of the case */
}

WORLD_TEST(the_same_bundle_twice_is_known)
{
    open_case(w);
    hand_over(w, &w->ann, &w->bob);
    struct taken t = hand_over(w, &w->ann, &w->bob);
    CHECK(t.accepted == 0 && t.known == 2);
}

WORLD_TEST(only_who_may_see_is_sent_a_case)
{
    change(&w->ann, "organisation", TEST_CASE, NULL, "{\"name\":\"Acme\"}");
    CHECK(pack(w, &w->ann, kit_of(&w->bob), TEST_CASE) == ERR_INPUT);
    CHECK(pack(w, &w->ann, "kaaaaaaaaaaaa", TEST_CASE) == ERR_INPUT);
    CHECK(pack(w, &w->ann, NULL, "no-such-case") == ERR_MISSING);
}

WORLD_TEST(evidence_comes_back_on_demand)
{
    const char *record = open_case(w);
    char setting[80] = "want.", name[SHA256_HEX];
    attach(&w->ann, record, "photo", 1, 5000);
    hash_run(name, 1, 0, 5000);
    strcat(setting, name);
    hand_over(w, &w->ann, &w->bob);
    struct evidence_state state;
    CHECK_OK(os_remove_tree(in_folder("bob/blobs")));
    CHECK_OK(os_make_folder(in_folder("bob/blobs")));
    CHECK_OK(store_set_setting(w->bob.store, setting, "true"));
    hand_over(w, &w->bob, &w->ann);
    hand_over(w, &w->ann, &w->bob);
    CHECK_OK(store_evidence_state(w->bob.store, TEST_CASE, name, &state));
    CHECK(state.here);
    CHECK(store_setting(w->bob.store, setting, &(struct buf){0}) == ERR_MISSING);
}

WORLD_TEST(self_gets_everything)
{
    open_case(w);
    CHECK(pack(w, &w->ann, kit_of(&w->ann), NULL) == 2);
    struct taken t;
    CHECK_OK(store_receive(w->ann.store, w->files.files[1].path, &w->arena, &t, NULL));
    CHECK(t.known == 2 && t.accepted == 0);
}

WORLD_TEST(large_evidence_arrives_in_parts)
{
    const char *record = open_case(w);
    struct evidence_state state;
    char name[SHA256_HEX];
    attach(&w->ann, record, "video", 1, 40 * 1000 * 1000);
    hash_run(name, 1, 0, 40 * 1000 * 1000);
    struct pack_request r = {.case_name = TEST_CASE,
        .to = kit_of(&w->bob),
        .part_size = 17 * MIB + 4096,
        .folder = in_folder("way")};
    CHECK_OK(store_pack(w->ann.store, &r, &w->files));
    CHECK(w->files.len >= 3);
    for (size_t i = w->files.len; i > 0; i--) { /* the last part first */
        struct taken t;
        CHECK_OK(store_receive(w->bob.store, w->files.files[i - 1].path, &w->arena, &t, NULL));
        CHECK_OK(store_evidence_state(w->bob.store, TEST_CASE, name, &state));
        CHECK(state.here == (i == 1 || (i == 2 && state.here)));
    }
    CHECK(state.here);
    CHECK_OK(store_evidence_extract(w->bob.store, name, in_folder("video-back"), NULL));
}

/* ---- evidence is of the case that brought it ---- */

#define OTHER_CASE "BJ-2026-0077"

/* Bob records in another case that he works on that ann's photo is its evidence, without having any bytes. */
static void claim(struct world *w, uint64_t seed, uint64_t size)
{
    char json[256], hash[SHA256_HEX];
    hash_run(hash, seed, 0, size);
    snprintf(json, sizeof json, "{\"name\":\"x.jpg\",\"sha256\":\"%s\",\"size\":%llu}", hash,
        (unsigned long long)size);
    open_case_named(w, OTHER_CASE);
    hand_over(w, &w->ann, &w->bob);
    change(&w->bob, "evidence", OTHER_CASE, NULL, json);
}

/* Pieces of evidence in the bundles of the case that were packed last. */
static size_t blobs_of(struct world *w, const char *case_name, const unsigned char identity[KEY_SIZE])
{
    size_t n = 0;
    for (size_t i = 0; i < w->files.len; i++) {
        const struct manifest *m;
        int rc = bundle_peek(&m, &w->arena, w->files.files[i].path, identity);
        CHECK_OK(rc);
        if (rc || strcmp(m->case_name, case_name) != 0) continue;
        for (size_t k = 0; k < m->members_len; k++) n += m->members[k].kind == MEMBER_BLOB;
    }
    return n;
}

/* The hub takes in what was packed last, and its answer alone is taken in. */
static struct taken answered(struct world *w, struct person *p, const char *case_name)
{
    struct taken t = {0};
    const struct have *have;
    const char **names, *folder = in_folder("answers");
    size_t len;
    for (size_t i = 0; i < w->files.len; i++) hub_take(&w->hub, w->files.files[i].path);
    CHECK_OK(os_remove_tree(folder));
    CHECK_OK(fold_have(w->hub.fold, case_name, &w->arena, &have, &len));
    hub_send(&w->hub, case_name, kit_of(p), store_recipient(p->store), have, len, folder);
    CHECK_OK(os_list(&names, &len, &w->arena, folder));
    for (size_t i = 0; i < len; i++)
        CHECK_OK(store_receive(p->store, path_join(&w->arena, folder, names[i]), &w->arena, &t, NULL));
    return t;
}

/* ---- receipts in brief ---- */

#define PHOTO_SIZE 5000
#define SEED_OF(n) (2 * (uint64_t)(n) + 1) /* even ones make the same text */

static bool at_hub(struct world *w, int photo)
{
    char hash[SHA256_HEX];
    struct evidence_state state = {0};
    hash_run(hash, SEED_OF(photo), 0, PHOTO_SIZE);
    CHECK_OK(store_evidence_state(w->ann.store, TEST_CASE, hash, &state));
    return state.at_hub;
}

/* A photo more, and what the hub says to it. */
static struct taken attach_and_send(struct world *w, const char *record, int photo)
{
    char name[32];
    snprintf(name, sizeof name, "photo-%d", photo);
    attach(&w->ann, record, name, SEED_OF(photo), PHOTO_SIZE);
    CHECK(pack(w, &w->ann, NULL, TEST_CASE) >= 1);
    return answered(w, &w->ann, TEST_CASE);
}

/* ann keeps a receipt that names two photos, and says so with the next. */
static const char *keep_two(struct world *w)
{
    const char *record = arena_strdup(&w->arena, open_case(w));
    struct receipt *kept = NULL;
    CHECK(attach_and_send(w, record, 1).receipt && !w->hub.told.id);
    CHECK(attach_and_send(w, record, 2).receipt && w->hub.told.held == 1);
    CHECK(attach_and_send(w, record, 3).receipt && w->hub.told.held == 2);
    CHECK_OK(store_receipt_by_id(w->ann.store, TEST_CASE, w->hub.told.id, &w->arena, &kept));
    CHECK(kept && kept->held_len == 2 && strcmp(kept->bundle, w->hub.told.bundle) == 0);
    CHECK(store_receipt_by_id(w->ann.store, OTHER_CASE, w->hub.told.id, &w->arena, &kept) == ERR_MISSING);
    return record;
}

/* Which receipt of the case ann names next. */
static struct have_receipt named_next(struct world *w, const char *record)
{
    const struct manifest *m = NULL;
    change(&w->ann, NULL, NULL, record, "{\"name\":\"Acme\"}");
    CHECK(pack(w, &w->ann, NULL, TEST_CASE) >= 1);
    CHECK_OK(bundle_peek(&m, &w->arena, w->files.files[w->files.len - 1].path, w->hub.kit.identity));
    return m ? m->receipt : (struct have_receipt){0};
}

/* The hub's answers build on a receipt that ann keeps. */
static void build_on(struct world *w, const char *id)
{
    struct receipt *kept = NULL;
    CHECK_OK(store_receipt_by_id(w->ann.store, TEST_CASE, id, &w->arena, &kept));
    w->hub.builds_on = id;
    w->hub.leaves_out = kept;
}

WORLD_TEST(receipts_in_brief_count_as_the_whole)
{
    const char *record = keep_two(w);
    struct have_receipt next = named_next(w, record);
    CHECK(next.held == 3);
    build_on(w, next.id);
    struct taken t = attach_and_send(w, record, 4);
    CHECK(t.receipt && !t.unread && t.alarms->len == 0);
    for (int i = 1; i <= 4; i++) CHECK(at_hub(w, i));
    int64_t files;
    uint64_t bytes;
    struct jv *problems;
    CHECK_OK(store_verify(w->ann.store, &w->arena, &problems, NULL));
    CHECK_OK(store_free_case(w->ann.store, TEST_CASE, &files, &bytes));
    CHECK(files == 4);
    next = named_next(w, record);
    CHECK(next.held == 4);
    build_on(w, w->hub.told.id); /* not the newest, but kept: an answer that came late, or another clone's */
    CHECK(attach_and_send(w, record, 5).receipt && at_hub(w, 5));
}

static uint64_t journal_size(void)
{
    struct file_info info = {0};
    CHECK_OK(os_stat(&info, in_folder("ann/journal.db")));
    return info.size;
}

/* 500 photos of somebody's: 34 KB in each receipt. */
static void hold_many(struct hub *h)
{
    for (int i = 0; i < 500; i++) {
        char hex[SHA256_HEX];
        unsigned char hash[SHA256_SIZE];
        sha256(hash, &i, sizeof i);
        hex_write(hex, hash, sizeof hash);
        CHECK_OK(map_put(&h->held, arena_strdup(&h->arena, hex), h));
    }
}

WORLD_TEST(kept_receipts_take_little)
{
    enum { TIMES = 30 };
    static const char last[] = "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff";
    char first[SHA256_HEX];
    struct record_holding holding;
    struct entry_holding *of_entries;
    struct jv *problems;
    const char *record = arena_strdup(&w->arena, open_case(w));
    hold_many(&w->hub);
    CHECK_OK(map_put(&w->hub.held, last, w));
    CHECK(attach_and_send(w, record, 1).receipt);
    uint64_t before = journal_size();
    for (int i = 0; i < TIMES; i++) {
        CHECK(named_next(w, record).held == 502);
        CHECK(answered(w, &w->ann, TEST_CASE).receipt);
    }
    CHECK(journal_size() - before < TIMES * UINT64_C(6000));
    for (int again = 0; again < 2; again++) {
        CHECK(at_hub(w, 1) && named_next(w, record).held == 502);
        CHECK_OK(store_verify(w->ann.store, &w->arena, &problems, NULL));
        const struct fold_record *r = fold_record(store_fold(w->ann.store), TEST_CASE, record);
        CHECK_OK(store_entry_holdings(w->ann.store, r, &w->arena, &of_entries));
        CHECK(of_entries[0].receipt && of_entries[TIMES].receipt && strcmp(of_entries[0].receipt, of_entries[TIMES].receipt) != 0);
        CHECK_OK(store_record_holding(w->ann.store, r, &holding));
        CHECK(holding.entries_held >= TIMES);
        struct have_receipt next = named_next(w, record);
        struct receipt *kept = NULL;
        CHECK_OK(store_receipt_by_id(w->ann.store, TEST_CASE, next.id, &w->arena, &kept));
        CHECK(kept && kept->held_len == 502);
        store_close(w->ann.store);
        CHECK_OK(store_open(&w->ann.store, in_folder("ann"), WORDS, w->ann.forms));
    }
    for (int i = 2; i <= 4; i++) CHECK(attach_and_send(w, record, i).receipt && at_hub(w, i));
    map_release(&w->hub.held); /* what is named no more, the last one too, is not taken from an earlier one */
    hold_many(&w->hub);
    hash_run(first, SEED_OF(1), 0, PHOTO_SIZE);
    CHECK_OK(map_put(&w->hub.held, arena_strdup(&w->arena, first), w));
    CHECK(attach_and_send(w, record, 5).receipt && at_hub(w, 5) && at_hub(w, 1) && !at_hub(w, 4));
    CHECK_OK(store_verify(w->ann.store, &w->arena, &problems, NULL));
}

/* It has named one that is not here, and goes on to do so: nothing is acknowledged, nothing else lost, and ann stops naming one
 * until she is answered whole. */
WORLD_TEST(a_receipt_that_builds_on_what_is_not_here_is_not_read)
{
    const char *record = keep_two(w);
    w->hub.builds_on = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    for (int i = 0; i < 2; i++) {
        struct taken t = attach_and_send(w, record, 4);
        CHECK(!t.receipt && t.unread && !t.receipt_bundle && t.alarms->len == 0);
        CHECK(!at_hub(w, 4) && at_hub(w, 3));
        CHECK(!named_next(w, record).id);
    }
    w->hub.builds_on = NULL;
    CHECK(attach_and_send(w, record, 5).receipt && !w->hub.told.id);
    CHECK(at_hub(w, 4) && at_hub(w, 5));
    CHECK(named_next(w, record).held == 5);
}

/* Whatever a hub leaves out, it has signed the whole. */
WORLD_TEST(a_hub_that_builds_on_less_than_it_thinks_is_not_believed)
{
    char hash[SHA256_HEX];
    const char *record = keep_two(w);
    w->hub.builds_on = named_next(w, record).id; /* which holds nothing of what comes now */
    struct taken t = attach_and_send(w, record, 4);
    CHECK(!t.receipt && t.unread && !at_hub(w, 4));
    hash_run(hash, SEED_OF(1), 0, PHOTO_SIZE);
    map_release(&w->hub.held); /* and what it holds no more comes back by no receipt that is kept */
    CHECK_OK(map_put(&w->hub.held, arena_strdup(&w->hub.arena, hash), w));
    t = attach_and_send(w, record, 4);
    CHECK(!t.receipt && t.unread);
    w->hub.builds_on = NULL;
    t = attach_and_send(w, record, 5);
    CHECK(t.receipt && !at_hub(w, 2) && at_hub(w, 1));
    int64_t files;
    uint64_t bytes;
    CHECK_OK(store_free_case(w->ann.store, TEST_CASE, &files, &bytes));
    CHECK(files < 5);
}

/* A hub that takes back what it has confirmed is found out in brief, too. */
WORLD_TEST(a_receipt_in_brief_that_takes_back_raises_the_alarm)
{
    const char *record = keep_two(w);
    build_on(w, named_next(w, record).id);
    fold_free(w->hub.fold);
    CHECK_OK(fold_new(&w->hub.fold));
    struct taken t = answered(w, &w->ann, TEST_CASE);
    CHECK(t.receipt && !t.unread && t.alarms->len > 0);
    CHECK(!at_hub(w, 1) && !at_hub(w, 3));
}

/* A clone or an older copy of the store names what it keeps itself; what the other was given it does not read. */
WORLD_TEST(an_older_copy_of_the_store_does_not_read_what_builds_on_later)
{
    const char *record = keep_two(w);
    struct have_receipt old = named_next(w, record);
    store_close(w->ann.store);
    CHECK(system(arena_printf(&w->arena, "cp -a '%s' '%s.copy'", in_folder("ann"), in_folder("ann"))) == 0);
    CHECK_OK(store_open(&w->ann.store, in_folder("ann"), WORDS, w->ann.forms));
    attach_and_send(w, record, 4);
    build_on(w, named_next(w, record).id);
    CHECK(attach_and_send(w, record, 5).receipt);
    store_close(w->ann.store);
    CHECK(system(arena_printf(&w->arena, "rm -r '%s' && mv '%s.copy' '%s'", in_folder("ann"), in_folder("ann"), in_folder("ann"))) == 0);
    CHECK_OK(store_open(&w->ann.store, in_folder("ann"), WORDS, w->ann.forms));
    CHECK_STR(named_next(w, record).id, old.id);
    struct taken t = answered(w, &w->ann, TEST_CASE);
    CHECK(!t.receipt && t.unread && at_hub(w, 3) && !at_hub(w, 5));
    w->hub.builds_on = NULL;
    CHECK(!named_next(w, record).id);
    t = answered(w, &w->ann, TEST_CASE);
    CHECK(t.receipt && named_next(w, record).held == 5);
}

WORLD_TEST(to_name_a_hash_does_not_get_the_bytes)
{
    char setting[80] = "want.";
    claim(w, 1, 5000);
    attach(&w->ann, open_case(w), "photo", 1, 5000);
    hash_run(setting + 5, 1, 0, 5000);
    CHECK_OK(store_set_setting(w->bob.store, setting, "true"));
    hand_over(w, &w->bob, &w->ann);
    CHECK(pack(w, &w->ann, kit_of(&w->bob), OTHER_CASE) >= 0);
    CHECK(blobs_of(w, OTHER_CASE, store_identity(w->bob.store)) == 0);
    CHECK(pack(w, &w->ann, NULL, OTHER_CASE) >= 0);
    CHECK(blobs_of(w, OTHER_CASE, w->hub.kit.identity) == 0);
    CHECK(pack(w, &w->ann, NULL, TEST_CASE) >= 0);
    CHECK(blobs_of(w, TEST_CASE, w->hub.kit.identity) == 1);
}

WORLD_TEST(what_a_bundle_of_the_case_brought_is_handed_on)
{
    const char *record = open_case(w);
    attach(&w->ann, record, "photo", 1, 5000);
    attach(&w->ann, record, "video", 2, 40 * 1000 * 1000);
    struct pack_request r = {.case_name = TEST_CASE,
        .to = kit_of(&w->bob),
        .part_size = 17 * MIB + 4096,
        .folder = in_folder("way")};
    CHECK_OK(store_pack(w->ann.store, &r, &w->files));
    for (size_t i = 0; i < w->files.len; i++) {
        struct taken t;
        CHECK_OK(store_receive(w->bob.store, w->files.files[i].path, &w->arena, &t, NULL));
    }
    CHECK(pack(w, &w->bob, NULL, TEST_CASE) >= 0);
    CHECK(blobs_of(w, TEST_CASE, w->hub.kit.identity) == 2);
}

/* That the hub holds it in one case says nothing of another. */
WORLD_TEST(each_case_gets_what_was_attached_there)
{
    int64_t files;
    uint64_t bytes;
    struct taken t;
    const char *record = open_case(w);
    attach(&w->ann, record, "photo", 1, 5000);
    pack(w, &w->ann, NULL, TEST_CASE);
    t = answered(w, &w->ann, TEST_CASE);
    CHECK(t.receipt);
    const char *other = change(&w->ann, "organisation", OTHER_CASE, NULL, "{\"name\":\"Other\"}");
    attach(&w->ann, other, "photo", 1, 5000);
    CHECK_OK(store_free_case(w->ann.store, TEST_CASE, &files, &bytes));
    CHECK(files == 0);
    CHECK(pack(w, &w->ann, NULL, OTHER_CASE) >= 0);
    CHECK(blobs_of(w, OTHER_CASE, w->hub.kit.identity) == 1);
    t = answered(w, &w->ann, OTHER_CASE);
    CHECK_OK(store_free_case(w->ann.store, TEST_CASE, &files, &bytes));
    CHECK(files == 1);
}

WORLD_TEST(what_another_program_has_attached_meanwhile_is_not_freed)
{
    int64_t files;
    uint64_t bytes;
    struct person beside = w->ann;
    const char *record = open_case(w);
    attach(&w->ann, record, "photo", 1, 5000);
    pack(w, &w->ann, NULL, TEST_CASE);
    CHECK(answered(w, &w->ann, TEST_CASE).receipt);
    CHECK_OK(store_open(&beside.store, in_folder("ann"), WORDS, beside.forms));
    const char *other = change(&beside, "organisation", OTHER_CASE, NULL, "{\"name\":\"Other\"}");
    attach(&beside, other, "photo", 1, 5000);
    CHECK_OK(store_free_case(w->ann.store, TEST_CASE, &files, &bytes)); /* it has not looked since */
    CHECK(files == 0);
    store_close(beside.store);
}

/* ---- refusals ---- */

WORLD_TEST(nothing_changes_when_a_bundle_is_refused)
{
    struct person carl;
    struct taken t;
    struct buf b;
    open_case(w);
    person_make(&carl, "carl");
    CHECK(pack(w, &w->ann, kit_of(&w->bob), TEST_CASE) == 2);
    CHECK(store_receive(carl.store, w->files.files[0].path, &w->arena, &t, NULL) == ERR_INPUT);
    buf_init(&b, MIB);
    CHECK_OK(file_read(w->files.files[0].path, &b));
    b.data[b.len / 2] ^= 1;
    CHECK_OK(file_write(in_folder("bad"), b.data, b.len));
    int64_t before = entries_of(&w->bob, TEST_CASE);
    CHECK(store_receive(w->bob.store, in_folder("bad"), &w->arena, &t, NULL) == ERR_INPUT);
    CHECK(entries_of(&w->bob, TEST_CASE) == before && folder_files(in_folder("bob/inbox")) == 0);
    buf_release(&b);
    person_release(&carl);
}

/* ann's fold with one of her entries under a signature that is not hers. */
WORLD_TEST(bad_signatures_are_kept_apart)
{
    struct taken t;
    struct fold *f;
    bool known;
    struct bundle_files files;
    open_case(w);
    CHECK_OK(fold_new(&f));
    const struct fold_chain *c = fold_chain(store_fold(w->ann.store), TEST_CASE, kit_of(&w->ann));
    for (size_t i = 0; i < c->entries_len; i++) {
        struct entry *e = arena_alloc(fold_arena(f), sizeof *e);
        *e = *c->entries[i]->entry;
        if (i == 1) e->signature[5] ^= 1;
        CHECK_OK(fold_add(f, e, c->entries[i]->public_key, VERDICT_GOOD, NULL, 1, &known));
    }
    struct bundle_order o = {.fold = f,
        .case_name = TEST_CASE,
        .from = kit_of(&w->ann),
        .signer = store_signer(w->ann.store),
        .to = kit_of(&w->bob),
        .part_size = BUNDLE_PART_SIZE};
    memcpy(o.recipient, store_recipient(w->bob.store), KEY_SIZE);
    CHECK_OK(bundle_cut(&files, &o, folder()));
    CHECK_OK(store_receive(w->bob.store, files.files[0].path, &w->arena, &t, NULL));
    CHECK(t.accepted == 1 && t.rejected == 1 && t.problems->len == 1);
    hand_over(w, &w->ann, &w->bob);
    CHECK(entries_of(&w->bob, TEST_CASE) == 2); /* the good one came by the next bundle */
    bundle_files_release(&files);
    fold_free(f);
}

WORLD_TEST(entries_of_an_unknown_kit_wait_for_the_register)
{
    struct person carl;
    struct taken t;
    person_make(&carl, "carl");
    open_case(w);
    hand_over(w, &w->ann, &w->bob);
    enrol(&w->ann, &carl, "Carl", "headquarters");
    join(&carl, &w->hub, &w->ann);
    hand_over(w, &w->ann, &carl);
    change(&carl, "department", TEST_CASE, NULL, "{\"code\":\"D1\",\"name\":\"Sales\"}");
    hand_over(w, &carl, &w->ann);
    CHECK(pack(w, &w->ann, kit_of(&w->bob), NULL) == 2);
    CHECK_OK(store_receive(w->bob.store, w->files.files[1].path, &w->arena, &t, NULL));
    CHECK(t.waiting == 1);
    CHECK_OK(store_receive(w->bob.store, w->files.files[0].path, &w->arena, &t, NULL));
    const struct fold_chain *c = fold_chain(store_fold(w->bob.store), TEST_CASE, kit_of(&carl));
    CHECK(c && c->entries[0]->verdict == VERDICT_GOOD);
    person_release(&carl);
}

/* ---- a stick and a hub ---- */

static struct exchange sync_stick(struct person *p)
{
    struct exchange e = {0};
    CHECK_OK(os_make_folder(in_folder("stick")));
    CHECK_OK(store_sync_folder(p->store, in_folder("stick"), BUNDLE_PART_SIZE, &e, NULL));
    return e;
}

static size_t sync_sent(struct person *p)
{
    struct exchange e = sync_stick(p);
    size_t n = e.sent.len;
    exchange_release(&e);
    return n;
}

static const char *outbox(struct person *p)
{
    static char path[64];
    snprintf(path, sizeof path, "stick/outbox/%s", kit_of(p));
    return in_folder(path);
}

/* The hub takes the whole inbox and answers each bundle. `everything`: it does not believe that the kit has
 * anything. */
static int hub_visit(struct world *w, struct person *p, bool everything)
{
    const char **names, *inbox = in_folder("stick/inbox");
    size_t len, have_len;
    const struct have *have;
    CHECK_OK(os_remove_tree(outbox(p)));
    CHECK_OK(os_list(&names, &len, &w->arena, inbox));
    for (size_t i = 0; i < len; i++) {
        const char *case_name = hub_take(&w->hub, path_join(&w->arena, inbox, names[i]));
        if (!case_name) continue;
        CHECK_OK(fold_have(store_fold(p->store), case_name, &w->arena, &have, &have_len));
        hub_send(&w->hub, case_name, kit_of(p), store_recipient(p->store), everything ? NULL : have,
            everything ? 0 : have_len, outbox(p));
    }
    return (int)len;
}

WORLD_TEST(receipts_end_the_sending)
{
    const char *record = open_case(w);
    attach(&w->ann, record, "photo", 1, 50000);
    CHECK(sync_sent(&w->ann) == 2); /* the register and the case */
    CHECK(sync_sent(&w->ann) == 0); /* they lie there already */
    CHECK(folder_files(in_folder("stick/inbox")) == 2);
    CHECK(hub_visit(w, &w->ann, false) == 2);
    struct exchange e = sync_stick(&w->ann);
    CHECK(e.taken_len == 2 && e.taken[0].receipt && e.failed->len == 0 && e.sent.len == 0);
    exchange_release(&e);
    CHECK(folder_files(in_folder("stick/inbox")) == 0);
    CHECK(sync_sent(&w->ann) == 0);
}

WORLD_TEST(pending_evidence_is_not_copied_again)
{
    const char *record = open_case(w);
    attach(&w->ann, record, "photo", 1, 500000);
    CHECK(sync_sent(&w->ann) == 2);
    change(&w->ann, NULL, NULL, record, "{\"name\":\"Acme Ltd\"}");
    struct exchange e = sync_stick(&w->ann);
    CHECK(e.sent.len == 1 && e.sent.files[0].size < 100000);
    exchange_release(&e);
    CHECK(folder_files(in_folder("stick/inbox")) == 3);
    CHECK(sync_sent(&w->ann) == 0);
    hub_visit(w, &w->ann, false);
    CHECK(sync_sent(&w->ann) == 0 && folder_files(in_folder("stick/inbox")) == 0);
}

WORLD_TEST(evidence_that_the_hub_could_not_keep_is_sent_again_each_time)
{
    attach(&w->ann, open_case(w), "photo", 1, 50000);
    w->hub.drops = true;
    for (int i = 0; i < 4; i++) {
        CHECK(sync_sent(&w->ann) >= 1);
        hub_visit(w, &w->ann, false);
    }
    w->hub.drops = false;
    CHECK(sync_sent(&w->ann) == 1);
    hub_visit(w, &w->ann, false);
    CHECK(sync_sent(&w->ann) == 0 && folder_files(in_folder("stick/inbox")) == 0);
}

WORLD_TEST(a_new_stick_gets_everything)
{
    open_case(w);
    CHECK(sync_sent(&w->ann) == 2);
    CHECK_OK(os_remove_tree(in_folder("stick")));
    CHECK(sync_sent(&w->ann) == 2);
}

/* bob's entries come by the hub; ann says once that she has them, and then all is quiet. */
WORLD_TEST(news_are_acknowledged_once)
{
    open_case(w);
    sync_sent(&w->ann);
    hub_visit(w, &w->ann, false);
    sync_sent(&w->ann);
    hand_over(w, &w->ann, &w->bob);
    change(&w->bob, "department", TEST_CASE, NULL, "{\"code\":\"D1\",\"name\":\"Sales\"}");
    CHECK(pack(w, &w->bob, NULL, TEST_CASE) >= 1);
    for (size_t i = 0; i < w->files.len; i++) hub_take(&w->hub, w->files.files[i].path);
    hub_send(&w->hub, TEST_CASE, kit_of(&w->ann), store_recipient(w->ann.store), NULL, 0, outbox(&w->ann));
    struct exchange e = sync_stick(&w->ann);
    CHECK(e.taken_len == 1 && e.taken[0].accepted == 1);
    CHECK(e.sent.len == 1); /* what she holds now */
    exchange_release(&e);
    hub_visit(w, &w->ann, false);
    for (int i = 0; i < 3; i++) {
        CHECK(sync_sent(&w->ann) == 0);
        hub_visit(w, &w->ann, false);
    }
    CHECK(folder_files(in_folder("stick/inbox")) == 0);
}

/* A hub that forgot what ann has is told again, as often as it forgets. */
WORLD_TEST(a_forgetful_hub_is_told_again)
{
    open_case(w);
    sync_sent(&w->ann);
    hub_visit(w, &w->ann, true);
    CHECK(sync_sent(&w->ann) == 2);
    hub_visit(w, &w->ann, false);
    CHECK(sync_sent(&w->ann) == 0 && sync_sent(&w->ann) == 0);
}

/* A laptop was cloned: both sides of the fork reach the hub and ann, and then all is quiet. */
WORLD_TEST(a_fork_is_not_sent_for_ever)
{
    struct person clone = w->ann;
    char command[128];
    open_case(w);
    snprintf(command, sizeof command, "cp -r %s/ann %s/clone", folder(), folder());
    CHECK(system(command) == 0);
    CHECK_OK(store_open(&clone.store, in_folder("clone"), WORDS, clone.forms));
    change(&w->ann, "department", TEST_CASE, NULL, "{\"code\":\"D1\",\"name\":\"Sales\"}");
    change(&clone, "department", TEST_CASE, NULL, "{\"code\":\"D2\",\"name\":\"Service\"}");
    CHECK(pack(w, &clone, NULL, TEST_CASE) == 2);
    for (size_t i = 0; i < w->files.len; i++) hub_take(&w->hub, w->files.files[i].path);
    for (int i = 0; i < 4; i++) {
        sync_sent(&w->ann);
        hub_visit(w, &w->ann, false);
    }
    CHECK(fold_chain(store_fold(w->ann.store), TEST_CASE, kit_of(&w->ann))->forked_at == 3);
    CHECK(entries_of(&w->ann, TEST_CASE) == 4);
    CHECK(sync_sent(&w->ann) == 0 && sync_sent(&w->ann) == 0);
    store_close(clone.store);
}

WORLD_TEST(one_bad_file_does_not_stop_the_others)
{
    open_case(w);
    sync_sent(&w->ann);
    hub_visit(w, &w->ann, false);
    char bad[128];
    snprintf(bad, sizeof bad, "%s/0000.satchel", outbox(&w->ann));
    CHECK_OK(file_write(bad, "rubbish", 7));
    struct exchange e = sync_stick(&w->ann);
    CHECK(e.taken_len == 2 && e.failed->len == 1);
    CHECK(os_exists(bad));
    exchange_release(&e);
}

WORLD_TEST(a_receipt_is_the_verdict)
{
    const char *record = open_case(w);
    const char *id = fold_chain(store_fold(w->ann.store), TEST_CASE, kit_of(&w->ann))->entries[0]->entry->id;
    char entry[SHA256_HEX];
    memcpy(entry, id, SHA256_HEX);
    sync_sent(&w->ann);
    w->hub.quarantine = entry;
    hub_visit(w, &w->ann, false);
    sync_sent(&w->ann);
    const struct held *h = fold_entry(store_fold(w->ann.store), entry);
    CHECK(h->verdict == VERDICT_QUARANTINED);
    CHECK_STR(h->reason, "no");
    w->hub.quarantine = NULL; /* released */
    change(&w->ann, "department", TEST_CASE, NULL, "{\"code\":\"D1\",\"name\":\"Sales\"}");
    sync_sent(&w->ann);
    hub_visit(w, &w->ann, false);
    sync_sent(&w->ann);
    CHECK(fold_entry(store_fold(w->ann.store), entry)->verdict == VERDICT_GOOD);
    CHECK(fold_record(store_fold(w->ann.store), TEST_CASE, record)->created);
}

WORLD_TEST(receipts_of_another_hub_are_refused)
{
    struct hub other;
    open_case(w);
    sync_sent(&w->ann);
    hub_visit(w, &w->ann, false);
    other = w->hub;
    other.kit = kit_make(99);
    CHECK_OK(os_remove_tree(outbox(&w->ann)));
    hub_send(&other, TEST_CASE, kit_of(&w->ann), store_recipient(w->ann.store), NULL, 0, outbox(&w->ann));
    w->hub.arena = other.arena;
    struct exchange e = sync_stick(&w->ann);
    CHECK(e.taken_len == 0 && e.failed->len == 1);
    exchange_release(&e);
}

WORLD_TEST(a_missing_stick_is_told)
{
    CHECK(store_sync_folder(w->ann.store, in_folder("no-such-stick"), BUNDLE_PART_SIZE, &(struct exchange){0},
              NULL) == ERR_ROAD);
}

/* ---- a hub that lies ---- */

/* The register as somebody has it, into the hub's fold. */
static void hub_learns(struct world *w, struct person *from)
{
    size_t len;
    bool known;
    const struct fold_chain *const *chains = fold_chains(store_fold(from->store), REGISTER_CASE, &len);
    for (size_t i = 0; i < len; i++)
        for (size_t k = 0; k < chains[i]->entries_len; k++)
            CHECK_OK(fold_add(w->hub.fold, chains[i]->entries[k]->entry, chains[i]->entries[k]->public_key,
                VERDICT_GOOD, NULL, 1, &known));
    w->hub.last_bundle = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
}

/* bob, an auditor, makes himself an admin, and the hub calls that good. */
WORLD_TEST(a_hub_cannot_make_admins)
{
    const struct entry *e;
    bool known;
    char record[RECORD_ID_MAX];
    struct entry_field fields[] = {{.name = "email", .value = jv_string(&w->arena, "x@example.org")},
        {.name = "name", .value = jv_string(&w->arena, "Bob the admin")},
        {.name = "roles.admin", .value = jv_bool(&w->arena, true)}};
    snprintf(record, sizeof record, "person/%s-99", kit_of(&w->bob));
    struct entry draft = {.at = "2026-11-22T10:11:12+08:00",
        .case_name = REGISTER_CASE,
        .kit = kit_of(&w->bob),
        .seq = 1,
        .form = forms_current(w->bob.forms, "person")->id,
        .record = record,
        .creates = true,
        .fields = fields,
        .fields_len = 3};
    CHECK_OK(entry_make(&e, &w->arena, &draft, store_signer(w->bob.store)));
    hub_learns(w, &w->ann);
    CHECK_OK(fold_add(w->hub.fold, e, store_signer(w->bob.store)->public_key, VERDICT_GOOD, NULL, 1, &known));
    hub_send(
        &w->hub, REGISTER_CASE, kit_of(&w->ann), store_recipient(w->ann.store), NULL, 0, outbox(&w->ann));
    struct exchange x = sync_stick(&w->ann);
    CHECK(x.taken_len == 1 && x.taken[0].quarantined == 1 && x.taken[0].accepted == 0);
    CHECK_STR(person_called(&w->ann, "Bob the admin"), "");
    exchange_release(&x);
}

/* Carl enrolled Dora while he was an admin. He is one no more when Erik joins, who sees her enrolled all the
 * same. */
WORLD_TEST(what_was_right_once_stays_right)
{
    struct person carl, erik;
    person_make(&carl, "carl");
    person_make(&erik, "erik");
    char person[RECORD_ID_MAX];
    enrol(&w->ann, &carl, "Carl", "admin");
    snprintf(person, sizeof person, "%s", person_called(&w->ann, "Carl"));
    join(&carl, &w->hub, &w->ann);
    change(&carl, "person", NULL, NULL,
        "{\"email\":\"d@example.org\",\"name\":\"Dora\",\"roles.auditor\":true}");
    hand_over(w, &carl, &w->ann);
    CHECK(*person_called(&w->ann, "Dora"));
    change(&w->ann, NULL, NULL, person, "{\"roles.admin\":false}");
    enrol(&w->ann, &erik, "Erik", "auditor");
    join(&erik, &w->hub, &w->ann);
    CHECK(*person_called(&erik, "Dora"));
    person_release(&carl);
    person_release(&erik);
}

static void write_department(struct person *p, const char *code)
{
    char json[64];
    snprintf(json, sizeof json, "{\"code\":\"%s\",\"name\":\"Sales\"}", code);
    change(p, "department", TEST_CASE, NULL, json);
}

/* What the hub has accepted stays good, though bob is no auditor any more; what his copied laptop has written
 * under a number that the hub names is something else. */
WORLD_TEST(a_head_vouches_for_its_own_chain_only)
{
    struct person twin = w->bob;
    char copy[256], person[RECORD_ID_MAX];
    open_case(w);
    hand_over(w, &w->ann, &w->bob);
    write_department(&w->bob, "D1");
    snprintf(copy, sizeof copy, "cp -r %s", in_folder("bob"));
    snprintf(copy + strlen(copy), sizeof copy - strlen(copy), " %s", in_folder("twin"));
    CHECK(system(copy) == 0);
    write_department(&w->bob, "D2");
    write_department(&w->bob, "D3");
    CHECK(pack(w, &w->bob, NULL, TEST_CASE) >= 1);
    CHECK(answered(w, &w->ann, TEST_CASE).receipt);
    snprintf(person, sizeof person, "%s", person_called(&w->ann, "Bob"));
    change(&w->ann, NULL, NULL, person, "{\"roles.auditor\":false}");
    struct taken t = hand_over(w, &w->bob, &w->ann);
    CHECK(t.accepted == 3 && t.quarantined == 0);
    CHECK_OK(store_open(&twin.store, in_folder("twin"), WORDS, twin.forms));
    write_department(&twin, "D2 of the copy");
    t = hand_over(w, &twin, &w->ann);
    CHECK(t.known == 1 && t.accepted == 0 && t.quarantined == 1);
    store_close(twin.store);
}

static int64_t gapless(struct person *p, struct person *of)
{
    return fold_chain(store_fold(p->store), TEST_CASE, kit_of(of))->gapless;
}

/* bob is not handed an entry of ann's, and knows that it is there. */
WORLD_TEST(what_the_hub_withholds_is_no_gap)
{
    open_case(w);
    hand_over(w, &w->ann, &w->bob);
    for (const char *code = "D1\0D2\0D3\0"; *code; code += 3) write_department(&w->ann, code);
    const struct fold_chain *c = fold_chain(store_fold(w->ann.store), TEST_CASE, kit_of(&w->ann));
    w->hub.quarantine = c->entries[3]->entry->id;
    w->hub.withholds = true;
    CHECK(pack(w, &w->ann, NULL, TEST_CASE) >= 1);
    for (size_t i = 0; i < w->files.len; i++) hub_take(&w->hub, w->files.files[i].path);
    hub_send(&w->hub, TEST_CASE, kit_of(&w->bob), store_recipient(w->bob.store), NULL, 0, outbox(&w->bob));
    struct exchange e = sync_stick(&w->bob);
    CHECK(e.failed->len == 0 && entries_of(&w->bob, TEST_CASE) == 4 && gapless(&w->bob, &w->ann) == 5);
    exchange_release(&e);
    store_close(w->bob.store);
    CHECK_OK(store_open(&w->bob.store, in_folder("bob"), WORDS, w->bob.forms));
    CHECK(gapless(&w->bob, &w->ann) == 5);
    w->hub.quarantine = NULL;
    CHECK(pack(w, &w->bob, NULL, TEST_CASE) >= 0);
    answered(w, &w->bob, TEST_CASE);
    CHECK(gapless(&w->bob, &w->ann) == 3);
}

/* What is handed over beside a receipt that can't be read is not taken for accepted: it might have said otherwise. */
WORLD_TEST(a_receipt_that_is_not_read_vouches_for_nothing)
{
    char person[RECORD_ID_MAX];
    struct have all = {kit_of(&w->ann), 100};
    open_case(w);
    hand_over(w, &w->ann, &w->bob);
    write_department(&w->bob, "D1");
    CHECK(pack(w, &w->bob, NULL, TEST_CASE) >= 1);
    for (size_t i = 0; i < w->files.len; i++) hub_take(&w->hub, w->files.files[i].path);
    snprintf(person, sizeof person, "%s", person_called(&w->ann, "Bob"));
    change(&w->ann, NULL, NULL, person, "{\"roles.auditor\":false}");
    w->hub.builds_on = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    hub_send(&w->hub, TEST_CASE, kit_of(&w->ann), store_recipient(w->ann.store), &all, 1, outbox(&w->ann));
    struct exchange e = sync_stick(&w->ann);
    CHECK(e.taken_len == 1 && e.taken[0].unread && e.taken[0].quarantined == 1 && e.taken[0].accepted == 0);
    exchange_release(&e);
    w->hub.builds_on = NULL;
    hub_send(&w->hub, TEST_CASE, kit_of(&w->ann), store_recipient(w->ann.store), &all, 1, outbox(&w->ann));
    e = sync_stick(&w->ann);
    CHECK(e.taken_len == 1 && e.taken[0].receipt);
    exchange_release(&e);
    CHECK(fold_chain(store_fold(w->ann.store), TEST_CASE, kit_of(&w->bob))->entries[0]->verdict == VERDICT_GOOD);
}

int main(int argc, char **argv)
{
    return test_main(argc, argv);
}
