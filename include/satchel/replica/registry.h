/* Who may sign what: people, kits and roles of the register, and the verdict on an entry (design.md §3, quarantine).
 *
 * The register is the case "register". Its root key is the first admin's: entries of the root's kit in the register
 * are accepted as they are; everybody else's need a kit record and a person record with a role that the form's writers
 * name. A kit that has joined no hub is its own root; its person holds every role. */
#ifndef SATCHEL_REPLICA_REGISTRY_H
#define SATCHEL_REPLICA_REGISTRY_H

#include "satchel/replica/fold.h"
#include "satchel/replica/form.h"

struct registry_kit {
    const char *kit;
    unsigned char public_key[KEY_SIZE];
    unsigned char recipient[KEY_SIZE]; /* age X25519 point */
    const char *person;                /* record id */
    const char *name, *email;          /* of the person; "" where not known */
    const struct fold_record *record;  /* of the kit */
    bool revoked; /* its record names a last entry, or it or its person is voided: it opens no session and receives
                     nothing; what it signed up to then stays good */
};

struct registry;
/* Reads the register case of the fold. `root` is the root public key. Also adds the forms that scheme records carry
 * (fields "form.<type>.<16 hex>") to `forms`, not as current. Build anew when fold_case_version(REGISTER_CASE) moves. */
int registry_new(struct registry **out, struct fold *f, struct forms *forms, const unsigned char root[KEY_SIZE])
    MUST_CHECK;
void registry_free(struct registry *r);
const struct registry_kit *registry_kit(const struct registry *r, const char *kit); /* NULL: not enrolled, unsettled */
/* Kits, sorted by id, revoked ones too. A kit is unsettled while its record lacks a key, a recipient or a person, or has
 * one in conflict, or while two records that are not voided enrol it with different keys, recipients or persons: it is
 * then in no answer here, and its entries wait. */
const struct registry_kit *const *registry_kits(const struct registry *r, size_t *len);
bool registry_root(const struct registry *r, const unsigned char public_key[KEY_SIZE]);
/* The hub record of the register (type "hub": name, key, recipient); false when there is none. */
bool registry_hub(const struct registry *r, struct registry_kit *out);
/* Does any hub record name this key, or did it once, also one that is void by now? What such a hub has signed stays good. */
bool registry_hub_key(const struct registry *r, const unsigned char public_key[KEY_SIZE]);
/* The hub that this key is of or once was, as its record names it now: who relied on that key relies on this one. False:
 * there is none, it is void, or its key is in conflict. */
bool registry_hub_now(const struct registry *r, const unsigned char public_key[KEY_SIZE], struct registry_kit *out);
/* Does the person of this kit hold the role (one of auditor … admin), at RFC 3339 time `at` (NULL: whenever)? Never for a
 * revoked kit, nor while the role is in conflict. */
bool registry_role(const struct registry *r, const char *kit, const char *role, const char *at);
/* May this kit's person see the case at RFC 3339 time `at` (NULL: whenever): the register, everyone enrolled; headquarters
 * and admin, all; others where an "assignment" record of the case names the person and its dates include `at`, or where
 * the kit itself opened the case. To have written in a case is not enough: an assignment that ends must end the sight.
 *
 * `opener`: the kit that opened the case, by the hub's history: its first organisation that applied. NULL: that is not
 * known (a kit has entries, but not the order in which the hub took them in); then a kit counts as the opener only
 * where all organisations of the case are its own. */
bool registry_may_see(const struct registry *r, struct fold *f, const char *kit, const char *case_name,
    const char *opener, const char *at);

/* The verdict on an entry whose signature is known to be good by `public_key`: signature's key against the enrolled
 * key, revocation (kit field "revoked.<case>:<seq>": entries of that case above the seq are refused; a revoked kit with
 * no member for a case is refused there wholly), form, role, validity against `at`. A voided kit or person is revoked
 * wholly. The role: one of the form's writers, and for each field that names writers of its own one of those; a record is
 * voided by who may set all that its form requires at creation. Waiting: kit or form unknown, the kit unsettled, or what
 * its person may do in conflict. The reason is English, for T where it is shown: a constant string, or for one field one in
 * the arena that names it ("reason: field"); NULL when the entry is good. */
int registry_judge(const struct registry *r, const struct forms *forms, const struct entry *e,
    const unsigned char public_key[KEY_SIZE], struct arena *a, enum verdict *verdict, const char **reason) MUST_CHECK;

#endif
