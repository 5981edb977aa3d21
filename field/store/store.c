/* The store in memory: its keys, and the fold of what the journal holds. */
#include "internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "satchel/format/age.h"

#define JOURNAL_FILE "journal.db"
#define LOCK_FILE "lock"
#define FORMAT_VERSION 1
#define SETTING_TEXT_MAX ((size_t)64 << 10)

static const char *const folders[] = {"blobs", "inbox", "outbox"};

/* ---- loading ---- */

/* Everything that the journal says is forgotten. */
static int start_anew(struct store *s)
{
    struct fold *fold;
    int err = fold_new(&fold);
    if (err) return err;
    fold_free(s->fold);
    registry_free(s->registry);
    s->fold = fold;
    s->registry = NULL;
    s->last_row = 0;
    s->numbers_aside = 0;
    s->generation++;
    receipts_forget(s);
    return 0;
}

static bool read_key(const struct jv *hub, const char *name, unsigned char out[KEY_SIZE])
{
    const char *hex = jv_get_str(hub, name);
    return hex && strlen(hex) == 2 * KEY_SIZE && hex_read(out, hex, KEY_SIZE);
}

static int read_hub(struct store *s, const char *text)
{
    const struct jv *v;
    struct hub_identity hub = {0};
    int err = json_parse(&v, &s->arena, text, strlen(text), 4, JSON_STRICT);
    if (err) return err;
    hub.name = jv_get_str(v, "name");
    hub.kit = jv_get_str(v, "kit");
    bool good = hub.name && hub.kit && read_key(v, "key", hub.public_key) &&
                read_key(v, "recipient", hub.recipient) && read_key(v, "root", hub.root);
    if (!good) return err_set(ERR_DAMAGED, "the setting of the joined hub is malformed");
    s->hub = hub;
    s->hub_text = text;
    return 0;
}

/* A setting as a string that lives as long as the store; *out NULL where it is not set. */
static int setting_string(struct store *s, const char *name, const char **out)
{
    struct buf text;
    bool there;
    const char *copy = NULL;
    buf_init(&text, SETTING_TEXT_MAX);
    int err = setting_get(s, name, &text, &there);
    if (!err && there) {
        copy = arena_strndup(&s->arena, buf_str(&text), text.len);
        if (!copy) err = ERR_ROAD;
    }
    if (!err) *out = copy;
    buf_wipe(&text);
    return err;
}

/* Which hub is joined, and from where on its register counts. When that has changed the fold starts anew. */
static int load_join(struct store *s)
{
    const char *hub, *since;
    int err = setting_string(s, SETTING_HUB, &hub);
    if (!err) err = setting_string(s, SETTING_REGISTER_SINCE, &since);
    if (err || !hub) return err;
    int64_t since_row = since ? strtoll(since, NULL, 10) : 0;
    if (s->hub_text && strcmp(s->hub_text, hub) == 0 && s->register_since == since_row) return 0;
    err = read_hub(s, hub);
    if (err) return err;
    s->register_since = since_row;
    return start_anew(s);
}

/* The number of a record that an entry set aside has created is not given again. */
static void note_number(struct store *s, const struct entry *e)
{
    struct record_id id;
    if (!e->creates || !record_id_read(&id, e->record) || strcmp(id.kit, s->kit) != 0) return;
    if (id.number > s->numbers_aside) s->numbers_aside = id.number;
}

static int load_entry(struct store *s, const struct row *row)
{
    struct arena *a = fold_arena(s->fold);
    const struct entry *parsed;
    bool known;
    int err = entry_parse(&parsed, a, row->bytes, row->bytes_len);
    if (err) return err;
    if (row->number < s->register_since && strcmp(parsed->case_name, REGISTER_CASE) == 0) {
        note_number(s, parsed);
        return 0;
    }
    struct entry *e = arena_alloc(a, sizeof *e);
    if (!e) return ERR_ROAD;
    *e = *parsed;
    memcpy(e->signature, row->signature, SIGNATURE_SIZE);
    return fold_add(s->fold, e, row->public_key, row->verdict, row->reason, row->number, &known);
}

/* A verdict on an entry that was set aside is of no use any more. */
static int load_verdict(struct store *s, const struct row *row)
{
    if (!fold_entry(s->fold, row->entry)) return 0;
    return fold_judge(s->fold, row->entry, row->verdict, row->reason);
}

static int load_row(void *ctx, const struct row *row)
{
    struct store *s = ctx;
    int err = 0;
    if (row->kind == ROW_ENTRY) err = load_entry(s, row);
    if (row->kind == ROW_VERDICT) err = load_verdict(s, row);
    if (err == ERR_INPUT) err = ERR_DAMAGED; /* its seal was good: we wrote it so */
    if (!err) s->last_row = row->number;
    return err;
}

static int64_t data_version(struct store *s)
{
    struct db_stmt *q = db_query(s->db, "PRAGMA data_version", "");
    int64_t version = db_row(q) ? db_int(q, 0) : -1;
    db_done(q);
    return version;
}

/* The version is read first: what is written after it is found the next time. */
static int load_newer(struct store *s, int64_t version)
{
    s->stale = true; /* until all of it has been read */
    int err = load_join(s);
    if (!err) err = receipts_load(s);
    if (!err) err = journal_walk(s, s->last_row, load_row, s);
    if (err) return err;
    s->data_version = version;
    s->stale = false;
    return 0;
}

int store_load(struct store *s)
{
    int64_t version = data_version(s);
    int err = db_error(s->db);
    if (err) return err;
    if (s->stale) return store_reload(s);
    return version == s->data_version ? 0 : load_newer(s, version);
}

int store_reload(struct store *s)
{
    s->stale = true;
    s->hub = (struct hub_identity){0};
    s->hub_text = NULL;
    s->register_since = 0;
    int64_t version = data_version(s);
    int err = db_error(s->db);
    if (!err) err = start_anew(s);
    return err ? err : load_newer(s, version);
}

int store_refresh(struct store *s)
{
    if (s->tx) return 0;     /* nobody else writes now */
    db_exec(s->db, "BEGIN"); /* settings and rows of one moment */
    int err = db_error(s->db);
    if (!err) err = store_load(s);
    db_rollback(s->db);
    return err;
}

/* ---- opening ---- */

static const char *journal_path(struct store *s, struct arena *a)
{
    return path_join(a, s->folder, JOURNAL_FILE);
}

const char *store_path(struct store *s, struct arena *a, const char *folder, const char *name)
{
    const char *path = path_join(a, s->folder, folder);
    return path ? path_join(a, path, name) : NULL;
}

static int open_db(struct store *s, struct db **out)
{
    struct arena a;
    struct db *d = NULL;
    arena_init(&a);
    const char *path = journal_path(s, &a);
    int err = path ? db_open(&d, path) : ERR_ROAD;
    if (!err) err = journal_settings(d);
    if (err)
        db_close(d);
    else
        *out = d;
    arena_release(&a);
    return err;
}

int store_reopen(struct store *s)
{
    struct db *d;
    int err = open_db(s, &d);
    if (err) return err;
    db_close(s->db);
    s->db = d;
    s->data_version = -1;
    return 0;
}

static int take_lock(struct store *s)
{
    struct arena a;
    arena_init(&a);
    const char *path = path_join(&a, s->folder, LOCK_FILE);
    int err = path ? os_lock(&s->lock, path, false, true) : ERR_ROAD;
    arena_release(&a);
    return err;
}

static int new_handle(struct store **out, const char *folder, struct forms *forms)
{
    struct store *s = calloc(1, sizeof *s);
    if (!s) return err_memory();
    arena_init(&s->arena);
    s->forms = forms;
    s->data_version = -1;
    s->folder = arena_strdup(&s->arena, folder);
    int err = s->folder ? take_lock(s) : ERR_ROAD;
    if (!err) err = open_db(s, &s->db);
    if (err)
        store_close(s);
    else
        *out = s;
    return err;
}

void store_close(struct store *s)
{
    if (!s) return;
    store_rollback(s->tx);
    fold_free(s->fold);
    registry_free(s->registry);
    receipts_forget(s);
    db_close(s->db);
    os_unlock(s->lock);
    seal_release(&s->seal);
    arena_release(&s->arena);
    wipe(&s->signer, sizeof s->signer);
    wipe(s->identity, sizeof s->identity);
    free(s);
}

static int read_secret(struct store *s, const char *name, unsigned char out[KEY_SIZE])
{
    struct buf hex;
    bool there;
    buf_init(&hex, SETTING_TEXT_MAX);
    int err = setting_get(s, name, &hex, &there);
    if (!err && !(there && hex.len == 2 * KEY_SIZE && hex_read(out, buf_str(&hex), KEY_SIZE)))
        err = err_set(ERR_DAMAGED, "the keys of the store are gone; restore the folder from a copy");
    buf_wipe(&hex);
    return err;
}

static int read_keys(struct store *s)
{
    unsigned char seed[KEY_SIZE];
    int err = read_secret(s, SETTING_SEED, seed);
    if (!err) err = seed_signer(&s->signer, seed);
    wipe(seed, sizeof seed);
    if (!err) err = read_secret(s, SETTING_IDENTITY, s->identity);
    if (!err) err = x25519_public(s->recipient, s->identity);
    if (!err) err = setting_string(s, SETTING_NAME, &s->name);
    if (!err) err = setting_string(s, SETTING_EMAIL, &s->email);
    if (err) return err;
    kit_id_of(s->kit, s->signer.public_key);
    return 0;
}

/* Keys and fold, once the rows can be opened; within a database transaction. */
static int start(struct store *s)
{
    int err = read_keys(s);
    return err ? err : store_reload(s);
}

static int check_format(struct store *s)
{
    struct db_stmt *q = db_query(s->db, "SELECT count(*) FROM sqlite_master WHERE name='unlock'", "");
    bool there = db_row(q) && db_int(q, 0) == 1;
    db_done(q);
    q = db_query(s->db, "PRAGMA user_version", "");
    int64_t version = db_row(q) ? db_int(q, 0) : 0;
    db_done(q);
    int err = db_error(s->db);
    if (err) return err;
    if (!there)
        return err_set(ERR_MISSING,
            "there is no store in '%s'; make one with 'satchel init --name N --email E'", s->folder);
    if (version > FORMAT_VERSION)
        return err_set(
            ERR_INPUT, "the store in '%s' was written by a later version; use that one", s->folder);
    return 0;
}

static int unlock(struct store *s, const char *secret)
{
    unsigned char key[KEY_SIZE];
    int err = unlock_open(s->db, secret, key);
    if (!err) err = seal_init(&s->seal, key);
    wipe(key, sizeof key);
    return err;
}

int store_open(struct store **out, const char *folder, const char *secret, struct forms *forms)
{
    struct store *s = NULL;
    struct arena a;
    arena_init(&a);
    const char *path = path_join(&a, folder, JOURNAL_FILE);
    int err = path ? 0 : ERR_ROAD;
    if (!err && !os_exists(path))
        err = err_set(ERR_MISSING,
            "there is no store in '%s'; make one with 'satchel init --name N --email E'", folder);
    arena_release(&a);
    if (!err) err = new_handle(&s, folder, forms);
    if (err) return err;
    err = check_format(s);
    if (!err) err = unlock(s, secret); /* takes its time, so it holds no lock of the database */
    if (err) goto out;
    db_exec(s->db, "BEGIN");
    err = db_error(s->db);
    if (!err) err = start(s);
    db_rollback(s->db);
    if (!err) err = clean_leftovers(s);
out:
    if (err)
        store_close(s);
    else
        *out = s;
    return err;
}

int store_set_passphrase(struct store *s, const char *passphrase, int work_factor)
{
    return unlock_set_passphrase(s->db, s->seal.key, passphrase, work_factor);
}

/* ---- making ---- */

static int put_secret(struct store *s, const char *name)
{
    unsigned char secret[KEY_SIZE];
    char hex[2 * KEY_SIZE + 1];
    int err = random_bytes(secret, sizeof secret);
    hex_write(hex, secret, sizeof secret);
    if (!err) err = setting_put(s, name, hex);
    wipe(secret, sizeof secret);
    wipe(hex, sizeof hex);
    return err;
}

static int make_keys(struct store *s, const char *name, const char *email, const char *passphrase,
    int work_factor, char recovery[RECOVERY_KEY_SIZE])
{
    unsigned char key[KEY_SIZE];
    int err = random_bytes(key, sizeof key);
    if (!err) err = unlock_create(s->db, key, passphrase, work_factor, recovery);
    if (!err) err = seal_init(&s->seal, key);
    wipe(key, sizeof key);
    if (!err) err = put_secret(s, SETTING_SEED);
    if (!err) err = put_secret(s, SETTING_IDENTITY);
    if (!err) err = setting_put(s, SETTING_NAME, name);
    if (!err) err = setting_put(s, SETTING_EMAIL, email);
    return err;
}

/* Every role that the form knows: alone, a kit's owner may do everything, and so may who founds a hub until others are
 * enrolled; what he wrote before must stay good. */
static int put_roles(struct store *s, struct arena *a, struct jv *set)
{
    const char *member;
    const struct form *form = forms_current(s->forms, "person");
    const struct form_field *roles = form ? form_field(form, "roles", &member) : NULL;
    for (size_t i = 0; roles && i < roles->choices_len; i++) {
        const char *name = arena_printf(a, "roles.%s", roles->choices[i].value);
        if (!name || jv_put(a, set, name, jv_bool(a, true))) return ERR_ROAD;
    }
    return 0;
}

int store_tx_person(struct store_tx *tx, struct arena *a, const char **record)
{
    struct store *s = tx_store(tx);
    struct jv *set = jv_object(a);
    if (jv_put_str(a, set, "name", s->name) || jv_put_str(a, set, "email", s->email)) return ERR_ROAD;
    int err = put_roles(s, a, set);
    if (err) return err;
    return store_change(tx, &(struct change){.kind = CHANGE_NEW, .type = "person", .set = set}, record);
}

static int write_kit(struct store *s, struct store_tx *tx, struct arena *a, const char *person)
{
    struct jv *set = jv_object(a);
    struct buf line;
    char recipient[AGE_RECIPIENT_SIZE];
    const char *record;
    buf_init(&line, 256);
    ssh_key_line_write(&line, s->signer.public_key, NULL);
    age_recipient_write(recipient, s->recipient);
    int err = buf_error(&line);
    if (!err) err = jv_put_str(a, set, "person", person);
    if (!err) err = jv_put_str(a, set, "key", buf_str(&line));
    if (!err) err = jv_put_str(a, set, "recipient", recipient);
    if (!err)
        err = store_change(tx, &(struct change){.kind = CHANGE_NEW, .type = "kit", .set = set}, &record);
    buf_release(&line);
    return err;
}

static int write_register(struct store *s, struct store_tx *tx)
{
    struct arena a;
    const char *person;
    arena_init(&a);
    int err = store_tx_person(tx, &a, &person);
    if (!err) err = write_kit(s, tx, &a, person);
    arena_release(&a);
    return err;
}

static int make_folders(const char *folder)
{
    struct arena a;
    arena_init(&a);
    int err = os_make_folder(folder);
    for (size_t i = 0; i < sizeof folders / sizeof *folders && !err; i++) {
        const char *path = path_join(&a, folder, folders[i]);
        err = path ? os_make_folder(path) : ERR_ROAD;
    }
    arena_release(&a);
    return err;
}

static int refuse_existing(struct store *s)
{
    struct db_stmt *q = db_query(s->db, "SELECT count(*) FROM sqlite_master", "");
    bool there = db_row(q) && db_int(q, 0) > 0;
    db_done(q);
    int err = db_error(s->db);
    if (err || !there) return err;
    return err_set(ERR_INPUT, "there is a store in '%s' already; choose another folder", s->folder);
}

/* All of it is one transaction: a store is there wholly or not at all. */
int store_create(const char *folder, const char *name, const char *email, const char *passphrase,
    int work_factor, struct forms *forms, char recovery[RECOVERY_KEY_SIZE])
{
    struct store *s;
    struct store_tx *tx;
    char key[RECOVERY_KEY_SIZE];
    if (!*name) return err_set(ERR_INPUT, "a kit needs the name of its owner");
    int err = make_folders(folder);
    if (!err) err = new_handle(&s, folder, forms);
    if (err) return err;
    db_exec(s->db, "BEGIN IMMEDIATE");
    err = db_error(s->db);
    if (!err) err = refuse_existing(s);
    if (!err) err = journal_create(s->db);
    if (!err) err = make_keys(s, name, email, passphrase, work_factor, key);
    if (!err) err = start(s);
    if (!err) err = tx_new(&tx, s);
    if (!err) err = write_register(s, tx);
    if (!err) err = store_commit(tx);
    if (!err) memcpy(recovery, key, sizeof key);
    wipe(key, sizeof key);
    store_close(s);
    return err;
}

/* ---- what is asked for ---- */

const char *store_folder(const struct store *s)
{
    return s->folder;
}

const char *store_kit(const struct store *s)
{
    return s->kit;
}

const struct signer *store_signer(const struct store *s)
{
    return &s->signer;
}

const unsigned char *store_recipient(const struct store *s)
{
    return s->recipient;
}

const unsigned char *store_identity(const struct store *s)
{
    return s->identity;
}

const char *store_person_name(const struct store *s)
{
    return s->name;
}

const char *store_person_email(const struct store *s)
{
    return s->email;
}

struct fold *store_fold(struct store *s)
{
    return s->fold;
}

uint64_t store_generation(const struct store *s)
{
    return s->generation;
}

struct forms *store_forms(struct store *s)
{
    return s->forms;
}

const struct hub_identity *store_hub(const struct store *s)
{
    return s->hub.kit ? &s->hub : NULL;
}

int32_t store_next_number(const struct store *s)
{
    int32_t next = fold_next_number(s->fold, s->kit);
    return next > s->numbers_aside ? next : s->numbers_aside + 1;
}

int store_registry_get(struct store *s, const struct registry **out)
{
    uint64_t version = fold_case_version(s->fold, REGISTER_CASE);
    if (!s->registry || s->registry_version != version) {
        registry_free(s->registry);
        s->registry = NULL;
        const unsigned char *root = s->hub.kit ? s->hub.root : s->signer.public_key;
        int err = registry_new(&s->registry, s->fold, s->forms, root);
        if (err) return err;
        s->registry_version = version;
    }
    *out = s->registry;
    return 0;
}

const struct registry *store_registry(struct store *s)
{
    const struct registry *r;
    return store_registry_get(s, &r) ? NULL : r;
}
