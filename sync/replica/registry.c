/* The register, read once into tables: who signs with which key, in which roles, and up to where.
 *
 * Two passes over its records: persons first, then the kits that name them. What decides on a verdict is
 * copied, so that a fold which moves on does not change the answers of a registry that was made before.
 *
 * Whatever is open is decided the safe way. A kit without exactly one key, one recipient and one person is
 * unsettled, and so are both where two records enrol one kit id with different keys or persons: its entries
 * wait, until an admin has settled it. A role in conflict is not held, a validity in conflict makes wait, and
 * a revocation counts while any head of it says so. */
#include "satchel/replica/registry.h"

#include <stdlib.h>
#include <string.h>

#include "satchel/base/text.h"
#include "satchel/format/age.h"
#include "array.h"

#define DATE_LEN 10
#define REGISTER_LINK "register:"

enum answer { NO, YES, OPEN };

struct role {
    struct role *next;
    const char *name;
    enum answer held; /* YES, or OPEN while it is in conflict */
};

struct person {
    const char *name, *email;
    const char *valid_from, *valid_to; /* NULL: no limit */
    bool validity_open;
    bool voided;
    struct role *roles;
};

/* The last entry of a kit that is accepted in a case. */
struct revocation {
    struct revocation *next;
    const char *case_name; /* "" for one that could not be read: it revokes the kit, and leaves it nothing */
    int64_t seq;
};

struct kit {
    struct registry_kit shown; /* first */
    const struct person *person;
    bool unsettled;
    bool voided;
    struct revocation *revocations;
};

/* A key that a hub record names, or that an entry of it named once: the record is the hub, whatever its key. */
struct hub_key {
    struct hub_key *next;
    const struct registry_kit *hub; /* as it is now; NULL: void, or unsettled */
    unsigned char public_key[KEY_SIZE];
};

struct registry {
    struct arena arena;
    char root_kit[KIT_ID_SIZE];
    unsigned char root[KEY_SIZE];
    struct map persons;               /* struct person by record id */
    struct map kits;                  /* struct kit by kit id */
    const struct registry_kit **list; /* those that are settled, sorted */
    size_t list_len, list_cap;
    const struct registry_kit *hub; /* NULL: none is named */
    struct hub_key *hub_keys;
};

/* ---- reading the register ---- */

/* A copy in the registry's arena; NULL where there is no one value, `*failed` set where memory is out. */
static const char *copy_str(
    struct registry *r, const struct fold_record *from, const char *field, bool *failed)
{
    const char *s = record_str(from, field);
    const char *copy = s ? arena_strdup(&r->arena, s) : NULL;
    if (s && !copy) *failed = true;
    return copy;
}

static bool in_conflict(const struct fold_record *record, const char *field)
{
    const struct fold_field *f = record_field(record, field);
    return f && f->conflict;
}

/* What follows "set." in a field's name; NULL for other fields. */
static const char *member_in(const struct fold_field *f, const char *set)
{
    size_t len = strlen(set);
    return strncmp(f->name, set, len) == 0 && f->name[len] == '.' ? f->name + len + 1 : NULL;
}

static bool is_true(const struct jv *v)
{
    return v && v->type == JV_BOOL && v->boolean;
}

static int read_roles(struct registry *r, struct person *p, const struct fold_record *record)
{
    for (size_t i = 0; i < record->fields_len; i++) {
        const struct fold_field *f = &record->fields[i];
        const char *name = member_in(f, "roles");
        if (!name || !(f->conflict || is_true(field_value(f)))) continue;
        struct role *role = arena_alloc(&r->arena, sizeof *role);
        if (!role) return ERR_ROAD;
        *role = (struct role){p->roles, arena_strdup(&r->arena, name), f->conflict ? OPEN : YES};
        if (!role->name) return ERR_ROAD;
        p->roles = role;
    }
    return 0;
}

static int read_person(struct registry *r, const struct fold_record *record)
{
    struct person *p = arena_alloc(&r->arena, sizeof *p);
    const char *id = arena_strdup(&r->arena, record->id);
    bool failed = !p || !id;
    if (failed) return ERR_ROAD;
    p->name = copy_str(r, record, "name", &failed);
    p->email = copy_str(r, record, "email", &failed);
    p->valid_from = copy_str(r, record, "valid_from", &failed);
    p->valid_to = copy_str(r, record, "valid_to", &failed);
    p->validity_open = in_conflict(record, "valid_from") || in_conflict(record, "valid_to");
    p->voided = record->void_state == VOID;
    int rc = failed ? ERR_ROAD : read_roles(r, p, record);
    return rc ? rc : map_put(&r->persons, id, p);
}

/* "<case>:<seq>" */
static int read_revocation(struct registry *r, struct kit *k, const char *member)
{
    struct revocation *v = arena_alloc(&r->arena, sizeof *v);
    const char *colon = strrchr(member, ':');
    size_t digits = colon ? strspn(colon + 1, "0123456789") : 0;
    if (!v) return ERR_ROAD;
    bool readable = digits > 0 && digits <= 16 && colon[1 + digits] == '\0';
    v->case_name = arena_strndup(&r->arena, member, readable ? (size_t)(colon - member) : 0);
    v->seq = readable ? strtoll(colon + 1, NULL, 10) : 0;
    v->next = k->revocations;
    k->revocations = v;
    return v->case_name ? 0 : ERR_ROAD;
}

static int read_revocations(struct registry *r, struct kit *k, const struct fold_record *record)
{
    for (size_t i = 0; i < record->fields_len; i++) {
        const struct fold_field *f = &record->fields[i];
        const char *member = member_in(f, "revoked");
        if (!member || !(f->conflict || is_true(field_value(f)))) continue;
        int rc = read_revocation(r, k, member);
        if (rc) return rc;
    }
    return 0;
}

static struct kit *kit_of(struct registry *r, const unsigned char public_key[KEY_SIZE])
{
    char id[KIT_ID_SIZE];
    kit_id_of(id, public_key);
    struct kit *k = map_get(&r->kits, id);
    if (k) return k;
    k = arena_alloc(&r->arena, sizeof *k);
    if (!k) return NULL;
    memcpy(k->shown.public_key, public_key, KEY_SIZE);
    k->shown.kit = arena_strdup(&r->arena, id);
    k->shown.name = k->shown.email = "";
    return k->shown.kit && map_put(&r->kits, k->shown.kit, k) == 0 ? k : NULL;
}

static const char *without_register(const char *link)
{
    size_t len = strlen(REGISTER_LINK);
    return strncmp(link, REGISTER_LINK, len) == 0 ? link + len : link;
}

/* The person and the recipient that this record gives the kit. */
static int read_owner(struct registry *r, struct kit *k, const struct fold_record *record)
{
    const char *person = record_str(record, "person"), *recipient = record_str(record, "recipient");
    k->shown.record = record;
    k->person = person ? map_get(&r->persons, without_register(person)) : NULL;
    if (!k->person || !recipient || in_conflict(record, "key")) k->unsettled = true;
    if (recipient && age_recipient_read(k->shown.recipient, recipient)) k->unsettled = true;
    if (!k->person) return 0;
    if (k->person->name) k->shown.name = k->person->name;
    if (k->person->email) k->shown.email = k->person->email;
    k->shown.person = arena_strdup(&r->arena, without_register(person));
    return k->shown.person ? 0 : ERR_ROAD;
}

/* A kit record, with one head of its key. Records that stand come before those that are voided. */
static int read_kit_key(
    struct registry *r, const struct fold_record *record, const unsigned char public_key[KEY_SIZE])
{
    struct kit *k = kit_of(r, public_key);
    if (!k) return ERR_ROAD;
    bool voided = record->void_state == VOID, known = k->shown.record != NULL;
    const struct kit before = *k;
    int rc = known && voided ? 0 : read_owner(r, k, record);
    if (!rc) rc = read_revocations(r, k, record);
    if (!known) {
        k->voided = voided;
    } else if (!voided) {
        bool same = before.person == k->person && same_bytes(k->shown.public_key, public_key, KEY_SIZE) &&
                    same_bytes(before.shown.recipient, k->shown.recipient, KEY_SIZE);
        if (!same) k->unsettled = true;
    }
    return rc;
}

static int read_kit(struct registry *r, const struct fold_record *record)
{
    const struct fold_field *key = record_field(record, "key");
    int rc = 0;
    for (size_t i = 0; key && i < key->heads_len && !rc; i++) {
        unsigned char public_key[KEY_SIZE];
        const char *line = jv_str(key->heads[i].value);
        if (line && ssh_key_line_read(public_key, line) == 0) rc = read_kit_key(r, record, public_key);
    }
    return rc;
}

/* *out NULL: it is void, or names no one key and recipient. */
static int read_hub_now(struct registry *r, const struct fold_record *record, const struct registry_kit **out)
{
    char id[KIT_ID_SIZE];
    bool failed = false;
    const char *key = record_str(record, "key"), *recipient = record_str(record, "recipient");
    struct registry_kit *hub = arena_alloc(&r->arena, sizeof *hub);
    *out = NULL;
    if (!hub) return ERR_ROAD;
    if (record->void_state == VOID || !key || !recipient) return 0;
    if (ssh_key_line_read(hub->public_key, key) || age_recipient_read(hub->recipient, recipient)) return 0;
    kit_id_of(id, hub->public_key);
    hub->kit = arena_strdup(&r->arena, id);
    hub->name = copy_str(r, record, "name", &failed);
    hub->person = arena_strdup(&r->arena, record->id);
    hub->email = "";
    hub->record = record;
    if (!hub->name) hub->name = "";
    if (!hub->kit || !hub->person || failed) return ERR_ROAD;
    *out = hub;
    return 0;
}

static int add_hub_key(struct registry *r, const char *line, const struct registry_kit *hub)
{
    unsigned char public_key[KEY_SIZE];
    if (!line || ssh_key_line_read(public_key, line)) return 0;
    struct hub_key *k = arena_alloc(&r->arena, sizeof *k);
    if (!k) return ERR_ROAD;
    *k = (struct hub_key){.next = r->hub_keys, .hub = hub};
    memcpy(k->public_key, public_key, KEY_SIZE);
    r->hub_keys = k;
    return 0;
}

static int read_hub(struct registry *r, const struct fold_record *record)
{
    const struct registry_kit *hub;
    int rc = read_hub_now(r, record, &hub);
    for (size_t i = 0; i < record->entries_len && rc == 0; i++) {
        const struct held *h = record->entries[i];
        const struct entry_field *key = h->verdict == VERDICT_GOOD ? entry_field(h->entry, "key") : NULL;
        if (key) rc = add_hub_key(r, jv_str(key->value), hub);
    }
    if (rc == 0 && !r->hub) r->hub = hub;
    return rc;
}

/* The forms of a published scheme. One that this program cannot read stays unknown: what was written with it
 * waits. */
static int read_scheme(struct forms *forms, const struct fold_record *record)
{
    for (size_t i = 0; i < record->fields_len; i++) {
        const struct jv *json = field_value(&record->fields[i]);
        if (!json || !member_in(&record->fields[i], "form")) continue;
        int rc = forms_add_value(forms, json, false);
        if (rc && rc != ERR_INPUT) return rc;
    }
    return 0;
}

struct register_records {
    const struct fold_record *const *items;
    size_t len;
};

static int each_record(struct registry *r, const struct register_records *records, const char *type,
    bool voided, int (*read)(struct registry *r, const struct fold_record *record))
{
    int rc = 0;
    for (size_t i = 0; i < records->len && !rc; i++) {
        const struct fold_record *record = records->items[i];
        if (strcmp(record->type, type) == 0 && (record->void_state == VOID) == voided) rc = read(r, record);
    }
    return rc;
}

static int read_register(struct registry *r, struct fold *f, struct forms *forms)
{
    struct register_records records = {0};
    int rc = fold_records(f, REGISTER_CASE, &records.items, &records.len);
    if (!rc) rc = each_record(r, &records, "person", false, read_person);
    if (!rc) rc = each_record(r, &records, "person", true, read_person);
    if (!rc) rc = each_record(r, &records, "kit", false, read_kit);
    if (!rc) rc = each_record(r, &records, "kit", true, read_kit);
    if (!rc) rc = each_record(r, &records, "hub", false, read_hub);
    if (!rc) rc = each_record(r, &records, "hub", true, read_hub);
    for (size_t i = 0; i < records.len && !rc; i++)
        if (strcmp(records.items[i]->type, "scheme") == 0) rc = read_scheme(forms, records.items[i]);
    if (!rc) err_clear(); /* values that could not be read are passed over, as said above */
    return rc;
}

static int compare_kit(const void *item, const void *id)
{
    return strcmp((*(const struct registry_kit *const *)item)->kit, id);
}

static int list_kits(struct registry *r)
{
    for (size_t i = 0; i < r->kits.cap; i++) {
        struct kit *k = r->kits.slots[i].value;
        if (!r->kits.slots[i].key || k->unsettled) continue;
        k->shown.revoked = k->voided || k->person->voided || k->revocations;
        const struct registry_kit **list =
            array_room(&r->arena, r->list, r->list_len, &r->list_cap, sizeof *list);
        if (!list) return ERR_ROAD;
        size_t place = array_place(list, r->list_len, sizeof *list, compare_kit, k->shown.kit);
        memmove(list + place + 1, list + place, (r->list_len - place) * sizeof *list);
        list[place] = &k->shown;
        r->list = list;
        r->list_len++;
    }
    return 0;
}

int registry_new(
    struct registry **out, struct fold *f, struct forms *forms, const unsigned char root[KEY_SIZE])
{
    struct registry *r = calloc(1, sizeof *r);
    if (!r) return err_memory();
    arena_init(&r->arena);
    map_init(&r->persons);
    map_init(&r->kits);
    memcpy(r->root, root, KEY_SIZE);
    kit_id_of(r->root_kit, root);
    int rc = read_register(r, f, forms);
    if (!rc) rc = list_kits(r);
    if (rc)
        registry_free(r);
    else
        *out = r;
    return rc;
}

void registry_free(struct registry *r)
{
    if (!r) return;
    map_release(&r->persons);
    map_release(&r->kits);
    arena_release(&r->arena);
    free(r);
}

/* ---- asking ---- */

static const struct kit *find_kit(const struct registry *r, const char *kit)
{
    const struct kit *k = map_get(&r->kits, kit);
    return k && !k->unsettled ? k : NULL;
}

const struct registry_kit *registry_kit(const struct registry *r, const char *kit)
{
    const struct kit *k = find_kit(r, kit);
    return k ? &k->shown : NULL;
}

const struct registry_kit *const *registry_kits(const struct registry *r, size_t *len)
{
    *len = r->list_len;
    return r->list;
}

bool registry_root(const struct registry *r, const unsigned char public_key[KEY_SIZE])
{
    return same_bytes(r->root, public_key, KEY_SIZE);
}

bool registry_hub(const struct registry *r, struct registry_kit *out)
{
    if (r->hub) *out = *r->hub;
    return r->hub;
}

bool registry_hub_key(const struct registry *r, const unsigned char public_key[KEY_SIZE])
{
    for (const struct hub_key *k = r->hub_keys; k; k = k->next)
        if (same_bytes(k->public_key, public_key, KEY_SIZE)) return true;
    return false;
}

bool registry_hub_now(const struct registry *r, const unsigned char public_key[KEY_SIZE], struct registry_kit *out)
{
    for (const struct hub_key *k = r->hub_keys; k; k = k->next) {
        if (!k->hub || !same_bytes(k->public_key, public_key, KEY_SIZE)) continue;
        *out = *k->hub;
        return true;
    }
    return false;
}

static enum answer holds(const struct person *p, const char *role)
{
    for (const struct role *held = p->roles; held; held = held->next)
        if (strcmp(held->name, role) == 0) return held->held;
    return NO;
}

/* Dates and RFC 3339 times begin alike: the day as the author's clock and place called it. */
static enum answer valid_at(const struct person *p, const char *at)
{
    if (p->validity_open) return OPEN;
    if (p->valid_from && strncmp(at, p->valid_from, DATE_LEN) < 0) return NO;
    if (p->valid_to && strncmp(at, p->valid_to, DATE_LEN) > 0) return NO;
    return YES;
}

bool registry_role(const struct registry *r, const char *kit, const char *role, const char *at)
{
    const struct kit *k = find_kit(r, kit);
    if (!k || k->shown.revoked || (at && valid_at(k->person, at) != YES)) return false;
    return holds(k->person, role) == YES;
}

/* side 1: from that day on; -1: up to it. Of dates in conflict each must allow it. */
static bool on_side(const struct fold_record *assignment, const char *field, const char *at, int side)
{
    const struct fold_field *f = record_field(assignment, field);
    for (size_t i = 0; f && i < f->heads_len; i++) {
        const char *day = jv_str(f->heads[i].value);
        if (day && strncmp(at, day, DATE_LEN) * side < 0) return false;
    }
    return true;
}

static bool within(const struct fold_record *assignment, const char *at)
{
    return !at || (on_side(assignment, "from", at, 1) && on_side(assignment, "until", at, -1));
}

static bool is_assigned(const struct fold_record *assignment, const struct kit *k, const char *at)
{
    const char *named = record_str(assignment, "person");
    if (assignment->void_state == VOID || !within(assignment, at)) return false;
    return named && strcmp(without_register(named), k->shown.person) == 0;
}

/* Assigned, or the one who opened the case. */
static bool works_on(
    struct fold *f, const char *case_name, const struct kit *k, const char *opener, const char *at)
{
    const struct fold_record *const *records;
    size_t len;
    bool assigned = false, opened = false, opened_by_others = false;
    if (fold_records(f, case_name, &records, &len)) return false;
    for (size_t i = 0; i < len; i++) {
        const struct fold_record *r = records[i];
        if (strcmp(r->type, "organisation") == 0 && r->created) {
            bool own = strcmp(r->created->entry->kit, k->shown.kit) == 0;
            opened |= own;
            opened_by_others |= !own;
        }
        if (strcmp(r->type, "assignment") == 0) assigned |= is_assigned(r, k, at);
    }
    if (opener) return assigned || strcmp(opener, k->shown.kit) == 0;
    return assigned || (opened && !opened_by_others);
}

bool registry_may_see(const struct registry *r, struct fold *f, const char *kit, const char *case_name,
    const char *opener, const char *at)
{
    const struct kit *k = find_kit(r, kit);
    if (!k || k->shown.revoked || (at && valid_at(k->person, at) != YES)) return false;
    if (strcmp(case_name, REGISTER_CASE) == 0) return true;
    if (holds(k->person, "headquarters") == YES || holds(k->person, "admin") == YES) return true;
    return works_on(f, case_name, k, opener, at);
}

/* ---- judging ---- */

struct judgement {
    enum verdict verdict;
    const char *reason;
};

static const struct judgement good = {VERDICT_GOOD, NULL};

static struct judgement waits(const char *reason)
{
    return (struct judgement){VERDICT_WAITING, reason};
}

static struct judgement refused(const char *reason)
{
    return (struct judgement){VERDICT_QUARANTINED, reason};
}

/* The seq up to which the kit's entries in a case are accepted; of several, the least. */
static int64_t last_accepted(const struct kit *k, const char *case_name)
{
    if (!k->shown.revoked) return INT64_MAX;
    if (k->voided || k->person->voided) return 0;
    int64_t last = -1;
    for (const struct revocation *v = k->revocations; v; v = v->next)
        if (strcmp(v->case_name, case_name) == 0 && (last < 0 || v->seq < last)) last = v->seq;
    return last < 0 ? 0 : last;
}

static struct judgement judge_kit(
    const struct registry *r, const struct entry *e, const unsigned char public_key[KEY_SIZE])
{
    const struct kit *k = map_get(&r->kits, e->kit);
    if (!k) return waits(N_("its kit is not known to the register"));
    if (k->unsettled) return waits(N_("the register does not settle whose kit it is from"));
    if (!same_bytes(k->shown.public_key, public_key, KEY_SIZE))
        return refused(N_("it is not signed by the key that is enrolled for its kit"));
    if (e->seq > last_accepted(k, e->case_name)) return refused(N_("its kit was revoked before it"));
    return good;
}

/* Why the form refuses this field of the entry, or NULL. */
static const char *field_refused(const struct form *form, const struct entry *e, const struct entry_field *f)
{
    if (form_check_value(form, f->name, f->value)) return N_("its form does not allow this value");
    if (!e->creates && form_fixes(form, f->name))
        return N_("its form fixes this field when the record is made");
    return NULL;
}

static int judge_form(struct judgement *out, const struct form *form, const struct entry *e, struct arena *a)
{
    *out = good;
    if (form_check_entry(form, e) == 0) return 0;
    err_clear();
    *out = refused(N_("its record does not belong where it was written"));
    for (size_t i = 0; i < e->fields_len; i++) {
        const char *why = field_refused(form, e, &e->fields[i]);
        err_clear();
        if (!why) continue;
        out->reason = arena_printf(a, "%s: %s", why, e->fields[i].name);
        return out->reason ? 0 : ERR_ROAD;
    }
    return 0;
}

static enum answer holds_one(const struct person *p, const char *const *roles, size_t len)
{
    enum answer may = NO;
    for (size_t i = 0; i < len && may != YES; i++) {
        enum answer held = holds(p, roles[i]);
        if (held != NO) may = held;
    }
    return may;
}

static struct judgement judge_role(const struct person *p, const struct form *form, const struct entry *e)
{
    enum answer valid = valid_at(p, e->at), may = holds_one(p, form->writers, form->writers_len);
    if (valid == NO) return refused(N_("its author was not enrolled on that day"));
    if (may == NO) return refused(N_("its author has no role that may write this"));
    if (valid == OPEN || may == OPEN)
        return waits(N_("the register does not settle what its author may write"));
    return good;
}

static enum answer may_set(const struct person *p, const struct form_field *f)
{
    return f->writers_len > 0 ? holds_one(p, f->writers, f->writers_len) : YES;
}

/* To void is to unmake: for those who could have made the record. */
static enum answer may_void(const struct person *p, const struct form *form)
{
    enum answer may = YES;
    for (size_t i = 0; i < form->fields_len && may != NO; i++) {
        enum answer one = form->fields[i].required_at_create ? may_set(p, &form->fields[i]) : YES;
        if (one != YES) may = one;
    }
    return may;
}

static enum answer may_write(const struct person *p, const struct form *form, const char *name)
{
    const char *member;
    if (form_voids(name)) return may_void(p, form);
    const struct form_field *f = form_field(form, name, &member);
    return f ? may_set(p, f) : NO;
}

static int judge_field_roles(struct judgement *out, const struct person *p, const struct form *form,
    const struct entry *e, struct arena *a)
{
    for (size_t i = 0; i < e->fields_len; i++) {
        const char *name = e->fields[i].name;
        enum answer may = may_write(p, form, name);
        if (may == OPEN) *out = waits(N_("the register does not settle what its author may write"));
        if (may != NO) continue;
        *out =
            refused(arena_printf(a, "%s: %s", N_("its author has no role that may write this field"), name));
        return out->reason ? 0 : ERR_ROAD;
    }
    return 0;
}

static int judge_author(struct judgement *out, const struct registry *r, const struct form *form,
    const struct entry *e, struct arena *a)
{
    const struct person *p = find_kit(r, e->kit)->person;
    *out = judge_role(p, form, e);
    return out->verdict == VERDICT_GOOD ? judge_field_roles(out, p, form, e, a) : 0;
}

/* In the register the root answers to nobody. */
static bool by_root(const struct registry *r, const struct entry *e, const unsigned char public_key[KEY_SIZE])
{
    return strcmp(e->case_name, REGISTER_CASE) == 0 && strcmp(e->kit, r->root_kit) == 0 &&
           registry_root(r, public_key);
}

int registry_judge(const struct registry *r, const struct forms *forms, const struct entry *e,
    const unsigned char public_key[KEY_SIZE], struct arena *a, enum verdict *verdict, const char **reason)
{
    bool root = by_root(r, e, public_key);
    const struct form *form = forms_find(forms, e->form);
    struct judgement j = root ? good : judge_kit(r, e, public_key);
    int rc = 0;
    if (j.verdict == VERDICT_GOOD && !form) j = waits(N_("its form is not known here"));
    if (j.verdict == VERDICT_GOOD) rc = judge_form(&j, form, e, a);
    if (!rc && j.verdict == VERDICT_GOOD && !root) rc = judge_author(&j, r, form, e, a);
    if (rc) return rc;
    *verdict = j.verdict;
    *reason = j.reason;
    return 0;
}
