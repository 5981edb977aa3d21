/* hub init | enrol | receive | sync | status | history | checkpoint: headquarters. */
#include "cli.h"

#include <string.h>

#include "enrol.h"
#include "hub_hooks.h"
#include "satchel/base/os.h"
#include "satchel/base/time.h"
#include "satchel/format/age.h"
#include "satchel/format/enrolment.h"
#include "satchel/link/http.h"
#include "satchel/replica/state.h"

/* ---- init ---- */

int cmd_hub_init(struct cli *c)
{
    struct buf request;
    const char *name = cli_option(c, "name"), *admin = cli_option(c, "admin");
    if (!name || !*name) return err_set(ERR_USAGE, "name the hub: --name NAME");
    if (!admin) return err_set(ERR_USAGE, "name the request of the first admin: --admin REQUEST ('satchel whoami --request')");
    struct request q;
    char spoken[30];
    int r = session_forms(c->session);
    if (r) return r;
    buf_init(&request, REQUEST_MAX_BYTES);
    r = file_read(admin, &request);
    if (!r) r = request_read(&q, &c->arena, request.data, request.len);
    if (!r) r = hub_init(c->args[0], name, request.data, request.len, c->session->forms);
    buf_release(&request);
    if (r) return r;
    fingerprint_spoken(spoken, q.public_key);
    struct jv *o = jv_object(&c->arena);
    r = jv_put_str(&c->arena, o, "hub", name);
    if (!r) r = jv_put_str(&c->arena, o, "root", q.kit);
    if (!r) r = jv_put_str(&c->arena, o, "root_fingerprint", spoken);
    c->result = o;
    if (r || c->json) return r;
    fprintf(c->out, T("made the hub '%s'; its first admin is %s, %s"), shown(c, name), shown(c, q.name), spoken);
    fprintf(c->out, "\n");
    return 0;
}

/* ---- enrol ---- */

static struct enrolment enrolment_of(
    struct hub *hub, const struct buf *lines, const char *at, const char *by, const char *for_kit)
{
    struct enrolment e = {.at = at, .by = by, .for_kit = for_kit, .hub_name = hub_name(hub), .lines = buf_str(lines), .lines_len = lines->len};
    memcpy(e.hub_key, hub_public_key(hub), KEY_SIZE);
    memcpy(e.hub_recipient, hub_recipient(hub), KEY_SIZE);
    memcpy(e.root, hub_root(hub), KEY_SIZE);
    return e;
}

/* The first admin joins by standing before the hub: the folder says what an enrolment would. */
static int join_as_root(struct cli *c, struct hub *hub)
{
    struct buf lines;
    char at[TIME_TEXT];
    struct store *s = c->session->store;
    if (!same_bytes(hub_root(hub), store_signer(s)->public_key, KEY_SIZE))
        return err_set(ERR_INPUT, "this kit has not joined the hub '%s': 'satchel join FILE' first", hub_name(hub));
    time_write_now(at);
    buf_init(&lines, ENROLMENT_MAX_BYTES);
    int r = hub_register_lines(hub, &lines);
    struct enrolment e = enrolment_of(hub, &lines, at, store_kit(s), store_kit(s));
    memcpy(e.by_key, store_signer(s)->public_key, KEY_SIZE);
    if (!r) r = store_join(s, &e);
    buf_release(&lines);
    return r;
}

int check_admin(struct cli *c)
{
    const struct registry *registry = store_registry(c->session->store);
    if (registry && registry_role(registry, store_kit(c->session->store), "admin", NULL)) return 0;
    return err_set(ERR_INPUT, "only an admin enrols people, and this kit is not one's");
}

static int check_joined(struct cli *c, struct hub *hub)
{
    const struct hub_identity *joined = store_hub(c->session->store);
    if (!joined) return join_as_root(c, hub);
    if (!same_bytes(joined->root, hub_root(hub), KEY_SIZE))
        return err_set(ERR_INPUT, "this kit has joined another hub, '%s'", joined->name);
    if (!same_bytes(joined->public_key, hub_public_key(hub), KEY_SIZE))
        return err_set(ERR_INPUT, "the register does not name this hub's key as that of '%s'; 'satchel hub key DIR' enrols it", joined->name);
    return check_admin(c);
}

int cmd_join_folder(struct cli *c, const char *folder)
{
    struct hub_desk d;
    int r = hub_desk_open(&d, folder, c->session->forms, c->session->schemes);
    if (r) return r;
    r = store_hub(c->session->store) ? err_set(ERR_INPUT, "this kit has joined a hub already") : join_as_root(c, d.hub);
    hub_desk_close(&d);
    return r;
}

static int put_true(struct cli *c, struct jv *set, const char *name)
{
    return name ? jv_put(&c->arena, set, name, jv_bool(&c->arena, true)) : err_memory();
}

/* Calls each part of a list such as "auditor,leader". */
static int each_part(struct cli *c, const char *list, int (*each)(struct cli *c, const char *part, void *ctx), void *ctx)
{
    while (list && *list) {
        size_t n = strcspn(list, ",");
        const char *part = arena_strndup(&c->arena, list, n);
        if (!part) return err_memory();
        int r = n ? each(c, part, ctx) : 0;
        if (r) return r;
        list += n + (list[n] == ',');
    }
    return 0;
}

static int add_role(struct cli *c, const char *role, void *set)
{
    return put_true(c, set, arena_printf(&c->arena, "roles.%s", role));
}

/* The person of this e-mail address in the register, or NULL. */
static const char *person_of(struct cli *c, const char *email)
{
    const struct fold_record *const *records;
    size_t len;
    if (fold_records(store_fold(c->session->store), REGISTER_CASE, &records, &len)) return NULL;
    for (size_t i = 0; i < len; i++) {
        const char *s = strcmp(records[i]->type, "person") == 0 ? record_str(records[i], "email") : NULL;
        if (s && records[i]->void_state == NOT_VOID && strcmp(s, email) == 0) return arena_strdup(&c->arena, records[i]->id);
    }
    return NULL;
}

/* Who asks under a colleague's address would get that colleague's roles and cases: then the name must be theirs, too, so
 * that the fingerprint is compared with them. */
static int check_person(struct cli *c, const struct request *q, const char *person)
{
    const struct fold_record *r = fold_record(store_fold(c->session->store), REGISTER_CASE, person);
    const char *name = r ? record_str(r, "name") : NULL;
    if (name && strcmp(name, q->name) == 0) return 0;
    return err_set(ERR_INPUT, "the address '%s' is that of '%s' in the register, but '%s' asks; find out who does", q->email,
        name ? name : "", q->name);
}

/* The person, made new or known already (by kit or e-mail address), with the roles given added. */
static int enrol_person(struct cli *c, struct store_tx *tx, const struct request *q, const char **person)
{
    struct jv *set = jv_object(&c->arena);
    const char *known = *person ? *person : person_of(c, q->email);
    int r = known && !*person ? check_person(c, q, known) : 0;
    if (!r) r = each_part(c, cli_option(c, "roles"), add_role, set);
    if (!r && !known) r = jv_put_str(&c->arena, set, "name", q->name);
    if (!r && !known) r = jv_put_str(&c->arena, set, "email", q->email);
    if (r) return r;
    struct change change = {.kind = known ? CHANGE_SET : CHANGE_NEW, .type = "person", .case_name = REGISTER_CASE,
        .record = known, .set = set};
    *person = known;
    if (known && !set->len) return 0;
    return store_change(tx, &change, person);
}

static int enrol_kit(struct cli *c, struct store_tx *tx, const struct request *q, const char *person)
{
    struct buf key;
    char recipient[AGE_RECIPIENT_SIZE];
    const char *id;
    struct jv *set = jv_object(&c->arena);
    buf_init(&key, 512);
    ssh_key_line_write(&key, q->public_key, NULL);
    age_recipient_write(recipient, q->recipient);
    int r = buf_error(&key);
    if (!r) r = jv_put_str(&c->arena, set, "person", arena_printf(&c->arena, "register:%s", person));
    if (!r) r = jv_put_str(&c->arena, set, "key", buf_str(&key));
    if (!r) r = jv_put_str(&c->arena, set, "recipient", recipient);
    buf_release(&key);
    if (r) return r;
    struct change change = {.kind = CHANGE_NEW, .type = "kit", .case_name = REGISTER_CASE, .set = set};
    return store_change(tx, &change, &id);
}

struct assigning {
    struct store_tx *tx;
    const char *person;
};

static int assign_case(struct cli *c, const char *name, void *ctx)
{
    struct assigning *as = ctx;
    const char *id, *known = fold_case_named(store_fold(c->session->store), name);
    struct jv *set = jv_object(&c->arena);
    if (!known) return err_set(ERR_INPUT, "the case '%s' is not in this store; sync with the hub first", name);
    int r = jv_put_str(&c->arena, set, "person", arena_printf(&c->arena, "register:%s", as->person));
    if (r) return r;
    struct change change = {.kind = CHANGE_NEW, .type = "assignment", .case_name = known, .set = set};
    return store_change(as->tx, &change, &id);
}

/* The admin's entries, in one transaction. */
static int enrol_entries(struct cli *c, const struct request *q)
{
    struct store_tx *tx;
    struct assigning as;
    const struct registry_kit *kit = registry_kit(store_registry(c->session->store), q->kit);
    if (kit && !same_bytes(kit->public_key, q->public_key, KEY_SIZE))
        return err_set(ERR_INPUT, "another key is enrolled as '%s'; refuse this request and ask whose it is", q->kit);
    as.person = kit ? arena_strdup(&c->arena, kit->person) : NULL;
    bool enrolled = kit != NULL; /* the kit is borrowed from the registry, which the next change makes anew */
    int r = store_begin(&tx, c->session->store);
    if (r) return r;
    r = enrol_person(c, tx, q, &as.person);
    if (!r && !enrolled) r = enrol_kit(c, tx, q, as.person);
    as.tx = tx;
    if (!r) r = each_part(c, cli_option(c, "cases"), assign_case, &as);
    if (!r) return store_commit(tx);
    store_rollback(tx);
    return r;
}

/* Why the hub has set an entry of this kit's apart; NULL: it has not. Those of others may be among what is handed over. */
static const char *refusal(const struct store *s, const struct jv *problems)
{
    for (size_t i = 0; problems && i < problems->len; i++) {
        const char *entry = jv_get_str(problems->items[i], "entry");
        if (entry && strncmp(entry, store_kit(s), strlen(store_kit(s))) == 0) return jv_get_str(problems->items[i], "reason");
    }
    return NULL;
}

int hand_over(struct cli *c, struct hub *hub, const char *case_name)
{
    struct bundle_files files = {0};
    struct store *s = c->session->store;
    char *folder = path_join(&c->arena, store_folder(s), "outbox");
    struct pack_request q = {.case_name = case_name, .part_size = BUNDLE_PART_SIZE, .folder = folder};
    int r = folder ? os_make_folder(folder) : err_memory();
    if (!r) r = store_pack(s, &q, &files);
    for (size_t i = 0; i < files.len && !r; i++) {
        struct hub_taken t;
        r = hub_receive(hub, files.files[i].path, &c->arena, &t, NULL);
        const char *why = r ? NULL : refusal(s, t.problems);
        if (why) r = err_set(ERR_INPUT, "the hub did not accept the enrolment: %s", told(c, why));
    }
    for (size_t i = 0; i < files.len; i++)
        if (os_remove(files.files[i].path) && !r) r = ERR_ROAD;
    bundle_files_release(&files);
    return r;
}

int write_enrolment(struct cli *c, struct hub *hub, const char *kit, const char *path)
{
    struct buf lines, out;
    char at[TIME_TEXT];
    struct store *s = c->session->store;
    time_write_now(at);
    buf_init(&lines, ENROLMENT_MAX_BYTES);
    buf_init(&out, ENROLMENT_MAX_BYTES);
    int r = hub_register_lines(hub, &lines);
    struct enrolment e = enrolment_of(hub, &lines, at, store_kit(s), kit);
    e.url = cli_option(c, "url");
    e.pin = cli_option(c, "pin");
    if (!r) r = enrolment_write(&out, &e, store_signer(s));
    if (!r) r = file_write(path, out.data, out.len);
    buf_release(&lines);
    buf_release(&out);
    return r;
}

static int report_enrolled(struct cli *c, const struct request *q, const char *path)
{
    char spoken[30];
    struct jv *o = jv_object(&c->arena);
    fingerprint_spoken(spoken, q->public_key);
    int r = jv_put_str(&c->arena, o, "kit", q->kit);
    if (!r) r = jv_put_str(&c->arena, o, "name", q->name);
    if (!r) r = jv_put_str(&c->arena, o, "fingerprint", spoken);
    if (!r) r = jv_put_str(&c->arena, o, "file", path);
    c->result = o;
    if (r || c->json) return r;
    fprintf(c->out, T("enrolled %s (%s); compare this fingerprint with them by voice: %s"), shown(c, q->name), q->kit, spoken);
    fprintf(c->out, "\n%s  %s\n", T("enrolment written:"), path);
    return 0;
}

int check_address(const struct cli *c)
{
    struct http_place place = {.url = cli_option(c, "url"), .pin = cli_option(c, "pin"), .plain = cli_flag(c, "plain")};
    if (!place.url) return place.pin ? err_set(ERR_USAGE, "a pinned key belongs to an address: --url URL") : 0;
    return http_check_place(&place);
}

int cmd_hub_enrol(struct cli *c)
{
    struct hub_desk d;
    struct request q;
    struct buf b;
    const char *path = cli_option(c, "output");
    if (!cli_option(c, "roles")) return err_set(ERR_USAGE, "say what the person may do: --roles auditor,leader,…");
    if (!path) return err_set(ERR_USAGE, "say where to write the enrolment: -o FILE");
    int r = check_address(c);
    if (r) return r;
    buf_init(&b, REQUEST_MAX_BYTES);
    r = file_read(c->args[1], &b);
    if (!r) r = request_read(&q, &c->arena, b.data, b.len);
    buf_release(&b);
    if (!r) r = session_store(c->session);
    if (!r) r = hub_desk_open(&d, c->args[0], c->session->forms, c->session->schemes);
    if (r) return r;
    r = check_joined(c, d.hub);
    if (!r) r = enrol_entries(c, &q);
    if (!r) r = hand_over(c, d.hub, NULL);
    if (!r) r = write_enrolment(c, d.hub, q.kit, path);
    hub_desk_close(&d);
    return r ? r : report_enrolled(c, &q, path);
}

/* ---- receive, sync ---- */

static const char *hub_person(void *registry, const char *kit)
{
    const struct registry_kit *k = registry ? registry_kit(registry, kit) : NULL;
    return k && *k->name ? k->name : NULL;
}

static int taken_json(struct cli *c, struct hub *hub, const struct hub_taken *t, struct jv **out)
{
    struct arena *a = &c->arena;
    struct jv *o = jv_object(a), *blobs = jv_object(a);
    const char *person = hub_person((void *)hub_registry(hub), t->from);
    int r = jv_put_str(a, o, "bundle", t->bundle);
    if (!r) r = jv_put_str(a, o, "case", t->case_name);
    if (!r) r = jv_put_str(a, o, "from", t->from);
    if (!r) r = jv_put_str(a, o, "person", person);
    if (!r) r = jv_put_int(a, o, "accepted", t->accepted);
    if (!r) r = jv_put_int(a, o, "known", t->known);
    if (!r) r = jv_put_int(a, o, "waiting", t->waiting);
    if (!r) r = jv_put(a, o, "quarantined", t->problems ? t->problems : jv_array(a));
    if (!r) r = jv_put(a, o, "alarms", t->alarms ? t->alarms : jv_array(a));
    if (!r) r = jv_put_int(a, blobs, "held", t->receipt ? (int64_t)t->receipt->held_len : 0);
    if (!r) r = jv_put_int(a, blobs, "awaited", t->receipt ? (int64_t)t->receipt->awaited_len : 0);
    if (!r) r = jv_put(a, o, "blobs", blobs);
    if (!r) *out = jv_copy(a, o);
    return r ? r : *out ? 0 : err_memory();
}

static void print_taken(struct cli *c, const struct jv *t)
{
    const struct jv *problems = jv_get(t, "quarantined"), *alarms = jv_get(t, "alarms"), *blobs = jv_get(t, "blobs");
    fprintf(c->out, T("received %s from %s: %lld new entries, %lld known; evidence %lld held, %lld awaited"),
        shown_case(c, jv_get_str(t, "case")), shown_kit(c, jv_get_str(t, "from"), jv_get_str(t, "person")), (long long)jv_get_int(t, "accepted", 0),
        (long long)jv_get_int(t, "known", 0), (long long)jv_get_int(blobs, "held", 0), (long long)jv_get_int(blobs, "awaited", 0));
    fprintf(c->out, "\n");
    for (size_t i = 0; problems && i < problems->len; i++) {
        const char *reason = jv_get_str(problems->items[i], "reason");
        fprintf(c->out, T("  set apart: %s: %s"), shown(c, jv_get_str(problems->items[i], "entry")),
            told(c, reason));
        fprintf(c->out, "\n");
    }
    for (size_t i = 0; alarms && i < alarms->len; i++)
        fprintf(c->out, "  %s %s\n", T("ALARM:"), shown(c, jv_str(alarms->items[i])));
}

static int take_bundle(struct cli *c, const char *path, void *desk, struct jv **out)
{
    struct hub_taken t = {0};
    struct bar bar;
    struct hub *hub = ((struct hub_desk *)desk)->hub;
    struct progress *p = bar_start(&bar, T("receiving"));
    int r = hub_receive(hub, path, &c->arena, &t, p);
    bar_end(&bar);
    if (!r) r = taken_json(c, hub, &t, out);
    if (!r && !c->json) print_taken(c, *out);
    return r;
}

int cmd_hub_receive(struct cli *c)
{
    struct hub_desk d;
    int r = session_forms(c->session);
    if (!r) r = hub_desk_open(&d, c->args[0], c->session->forms, c->session->schemes);
    if (r) return r;
    r = cli_receive(c, 1, take_bundle, &d);
    hub_desk_close(&d);
    return r;
}

static int print_hub_exchange(struct cli *c, struct hub *hub, const struct hub_exchange *e)
{
    struct jv *o = jv_object(&c->arena), *taken = jv_array(&c->arena), *t;
    int r = 0;
    for (size_t i = 0; i < e->taken_len && !r; i++) {
        r = taken_json(c, hub, &e->taken[i], &t);
        if (!r) r = jv_push(&c->arena, taken, t);
        if (!r && !c->json) print_taken(c, t);
    }
    for (size_t i = 0; i < e->written->len && !c->json; i++) {
        const struct jv *w = e->written->items[i];
        const char *kit = jv_get_str(w, "kit"), *person = hub_person((void *)hub_registry(hub), kit);
        fprintf(c->out, "%s  %s  %s  %s\n", T("written"), shown_kit(c, kit, person), shown_case(c, jv_get_str(w, "case")),
            size_text(&c->arena, (uint64_t)jv_get_int(w, "size", 0)));
    }
    for (size_t i = 0; i < e->failed->len; i++)
        fprintf(stderr, "satchel: %s: %s\n", shown(c, jv_get_str(e->failed->items[i], "file")),
            shown(c, jv_get_str(e->failed->items[i], "error")));
    if (!r) r = jv_put(&c->arena, o, "received", taken);
    if (!r) r = jv_put(&c->arena, o, "written", jv_copy(&c->arena, e->written));
    if (!r) r = jv_put(&c->arena, o, "failed", jv_copy(&c->arena, e->failed));
    c->result = o;
    c->status = err_exit_status(e->failed_code);
    return r;
}

int cmd_hub_sync(struct cli *c)
{
    struct hub_desk d;
    struct hub_exchange e = {0};
    struct bar bar;
    struct file_info info;
    uint64_t size = BUNDLE_PART_SIZE;
    int r = cli_option_size(c, "part-size", &size);
    if (!r && (os_stat(&info, c->args[1]) || !info.is_folder))
        r = err_set(ERR_ROAD, "there is no folder '%s': is the stick in, and this its place?", c->args[1]);
    if (!r) r = session_forms(c->session);
    if (!r) r = hub_desk_open(&d, c->args[0], c->session->forms, c->session->schemes);
    if (r) return r;
    struct progress *p = bar_start(&bar, T("syncing"));
    r = hub_sync_folder(d.hub, c->args[1], size, &e, p);
    bar_end(&bar);
    if (!r) {
        r = print_hub_exchange(c, d.hub, &e);
        hub_exchange_release(&e);
    }
    hub_desk_close(&d);
    return r;
}

/* ---- status, history, checkpoint ---- */

static void print_sizes(struct cli *c, const struct jv *v)
{
    fprintf(c->out, T("repository %s in %lld packs of %lld objects; evidence %s; inbox %s; parts of evidence %s; uploads %s"),
        size_text(&c->arena, (uint64_t)jv_get_int(v, "repository", 0)), (long long)jv_get_int(v, "packs", 0),
        (long long)jv_get_int(v, "objects", 0), size_text(&c->arena, (uint64_t)jv_get_int(v, "evidence", 0)),
        size_text(&c->arena, (uint64_t)jv_get_int(v, "inbox", 0)), size_text(&c->arena, (uint64_t)jv_get_int(v, "partial", 0)),
        size_text(&c->arena, (uint64_t)jv_get_int(v, "uploads", 0)));
    fprintf(c->out, "\n");
}

int cmd_hub_status(struct cli *c)
{
    struct hub_desk d;
    struct jv *o;
    int r = session_forms(c->session);
    if (!r) r = hub_desk_open(&d, c->args[0], c->session->forms, c->session->schemes);
    if (r) return r;
    r = hub_desk_index(&d);
    if (!r) r = hub_status(d.hub, &c->arena, &o);
    if (!r) {
        const struct jv *cases = jv_get(o, "cases");
        c->result = o;
        for (size_t i = 0; !c->json && cases && i < cases->len; i++) {
            const struct jv *v = cases->items[i];
            fprintf(c->out, T("%s: %lld entries, %lld records, %lld conflicts, %lld gaps, %lld set apart, %lld awaited, %lld numbers used twice"),
                shown_case(c, jv_get_str(v, "case")), (long long)jv_get_int(v, "entries", 0), (long long)jv_get_int(v, "records", 0),
                (long long)jv_get_int(v, "conflicts", 0), (long long)jv_get_int(v, "gaps", 0),
                (long long)jv_get_int(v, "quarantined", 0), (long long)jv_get_int(v, "awaited", 0),
                (long long)jv_get_int(v, "forks", 0));
            fprintf(c->out, "\n");
        }
    }
    if (!r && !c->json) print_sizes(c, jv_get(o, "sizes"));
    hub_desk_close(&d);
    return r;
}

/* ---- restore ---- */

static int report_restored(struct cli *c, const struct hub_restored *t)
{
    struct arena *a = &c->arena;
    struct jv *o = jv_object(a);
    int r = jv_put_str(a, o, "kit", t->kit);
    if (!r) r = jv_put_int(a, o, "cases", t->cases);
    if (!r) r = jv_put_int(a, o, "entries", t->entries);
    if (!r) r = jv_put_int(a, o, "evidence", t->evidence);
    if (!r) r = jv_put_int(a, o, "missing", t->missing);
    if (!r) r = jv_put_int(a, o, "damaged", t->damaged);
    c->result = o;
    if (r || c->json) return r;
    fprintf(c->out, T("restored %lld cases: %lld entries and %lld pieces of evidence are new here"), (long long)t->cases,
        (long long)t->entries, (long long)t->evidence);
    fprintf(c->out, "\n");
    if (t->missing + t->damaged) {
        fprintf(c->out, T("evidence that the clone does not have is awaited: %lld missing, %lld damaged"),
            (long long)t->missing, (long long)t->damaged);
        fprintf(c->out, "\n");
    }
    fprintf(c->out, T("the hub has a new key, '%s'; an admin has yet to enrol it: 'satchel hub key DIR'"), t->kit);
    fprintf(c->out, "\n");
    return 0;
}

int cmd_hub_restore(struct cli *c)
{
    struct hub_restored t;
    struct request admin;
    struct buf request;
    const char *name = cli_option(c, "name"), *path = cli_option(c, "admin");
    int r = session_forms(c->session);
    struct hub_restore q = {.folder = c->args[0], .clone = c->args[1], .name = name && *name ? name : path_name(c->args[0]),
        .forms = c->session->forms};
    buf_init(&request, REQUEST_MAX_BYTES);
    if (!r && path) r = file_read(path, &request);
    if (!r && path) r = request_read(&admin, &c->arena, request.data, request.len);
    buf_release(&request);
    if (path) q.admin = &admin;
    if (!r) r = hub_restore(&q, &t);
    return r ? r : report_restored(c, &t);
}

/* The record's entries alone are read and folded: the rest of the case is not touched. */
static int hub_record_fold(struct hub_desk *d, const struct index_entry *entries, size_t len, struct fold *f)
{
    for (size_t i = 0; i < len; i++) {
        struct entry *e;
        enum verdict verdict;
        unsigned char key[KEY_SIZE];
        bool known;
        int r = hub_entry(d->hub, entries[i].case_name, entries[i].kit, entries[i].seq, entries[i].id, fold_arena(f), &e, key,
            &verdict);
        if (!r) r = fold_add(f, e, key, verdict, NULL, 0, &known);
        if (r) return r;
    }
    return 0;
}

int cmd_hub_history(struct cli *c)
{
    struct hub_desk d;
    struct index_entry *entries;
    size_t len;
    struct fold *f = NULL;
    int r = session_forms(c->session);
    if (!r) r = hub_desk_open(&d, c->args[0], c->session->forms, c->session->schemes);
    if (r) return r;
    r = hub_desk_index(&d);
    if (!r) r = index_record(d.index, c->args[1], cli_option(c, "case"), &c->arena, &entries, &len);
    if (!r) r = fold_new(&f);
    if (!r) r = hub_record_fold(&d, entries, len, f);
    if (!r) {
        const struct fold_record *record = fold_record(f, entries[0].case_name, entries[0].record);
        struct jv *history = record ? record_history(&c->arena, record, hub_person, (void *)hub_registry(d.hub)) : NULL;
        c->result = jv_copy(&c->arena, history);
        if (!c->result) r = err_memory();
        if (!r && !c->json) print_history(c, record_form(c, record), c->result);
    }
    fold_free(f);
    hub_desk_close(&d);
    return r;
}

int cmd_hub_checkpoint(struct cli *c)
{
    struct hub_desk d;
    struct buf receipt, sig;
    const char *path = cli_option(c, "output");
    if (!path) return err_set(ERR_USAGE, "say where to write it: -o FILE");
    int r = session_forms(c->session);
    if (!r) r = hub_desk_open(&d, c->args[0], c->session->forms, c->session->schemes);
    if (r) return r;
    buf_init(&receipt, RECEIPT_MAX_BYTES);
    buf_init(&sig, 4096);
    r = hub_checkpoint(d.hub, &receipt, &sig);
    if (!r) r = file_write(path, receipt.data, receipt.len);
    if (!r) r = file_write(arena_printf(&c->arena, "%s.sig", path), sig.data, sig.len);
    buf_release(&receipt);
    buf_release(&sig);
    hub_desk_close(&d);
    c->result = jv_string(&c->arena, path);
    if (!r && !c->json) fprintf(c->out, "%s  %s\n", T("written"), path);
    return r;
}
