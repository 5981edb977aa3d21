/* Joining a hub: its register comes in, the kit's own is set aside, and everything is judged anew. The root's
 * kit founds the register: its person, itself, the hub, and the forms in force. What an admin hands over is
 * the register as the hub holds it, so he vouches for what was right once, as the hub does when it hands it
 * over. */
#include "exchange.h"

#include <string.h>

#include "satchel/base/text.h"
#include "satchel/format/age.h"

/* ---- the register's lines ---- */

static int take_line(struct store_tx *tx, struct store *s, struct arena *a, const char *line, size_t len)
{
    struct entry *e;
    unsigned char key[KEY_SIZE];
    bool known;
    int rc = entry_line_parse(&e, a, key, line, len);
    if (rc) return rc;
    if (strcmp(e->case_name, REGISTER_CASE) != 0)
        return err_set(ERR_INPUT, "an entry of case '%s' is among those of the register", e->case_name);
    if (!entry_signature_good(e, key))
        return err_set(ERR_INPUT, "the signature of entry '%s' in the register is not good", e->id);
    return take_copy(tx, s, e, key, VERDICT_WAITING, NULL, &known);
}

static int take_lines(struct store_tx *tx, struct store *s, const char *lines, size_t len)
{
    struct arena a;
    int rc = 0;
    arena_init(&a);
    while (rc == 0 && len > 0) {
        const char *end = memchr(lines, '\n', len);
        if (!end) {
            rc = err_set(ERR_INPUT, "the register ends within a line; get the enrolment file again");
            break;
        }
        rc = take_line(tx, s, &a, lines, (size_t)(end - lines));
        len -= (size_t)(end - lines) + 1;
        lines = end + 1;
    }
    arena_release(&a);
    return rc;
}

/* The hub holds what it has handed over. */
static int remember_hub_has(struct store_tx *tx, struct store *s, const struct hub_identity *hub)
{
    struct arena a;
    const struct have *have;
    size_t len;
    arena_init(&a);
    int rc = fold_have(s->fold, REGISTER_CASE, &a, &have, &len);
    const struct jv *v = rc ? NULL : have_json(&a, have, len);
    char *name = setting_name(&a, "peer", hub->kit, REGISTER_CASE);
    if (rc == 0) rc = v && name ? tx_set_json(tx, name, v) : ERR_ROAD;
    arena_release(&a);
    return rc;
}

/* ---- founding ---- */

struct founding {
    struct store_tx *tx;
    struct store *s;
    struct arena arena;
    const struct hub_identity *hub;
};

static int create(struct founding *f, const char *type, const struct jv *set, const char **record)
{
    struct change c = {.kind = CHANGE_NEW, .type = type, .case_name = REGISTER_CASE, .set = set};
    return store_change(f->tx, &c, record);
}

static int put_keys(struct founding *f, struct jv *set, const unsigned char key[KEY_SIZE],
    const unsigned char point[KEY_SIZE])
{
    struct buf line;
    char recipient[AGE_RECIPIENT_SIZE];
    buf_init(&line, 1024);
    ssh_key_line_write(&line, key, NULL);
    age_recipient_write(recipient, point);
    int rc = buf_error(&line);
    if (rc == 0) rc = jv_put_str(&f->arena, set, "key", buf_str(&line));
    if (rc == 0) rc = jv_put_str(&f->arena, set, "recipient", recipient);
    buf_release(&line);
    return rc;
}

static int found_kit(struct founding *f, const char *person)
{
    struct jv *set = jv_object(&f->arena);
    const char *record;
    int rc = jv_put_str(&f->arena, set, "person", person);
    if (rc == 0) rc = put_keys(f, set, f->s->signer.public_key, f->s->recipient);
    return rc ? rc : create(f, "kit", set, &record);
}

static int found_hub(struct founding *f)
{
    struct jv *set = jv_object(&f->arena);
    const char *record;
    int rc = jv_put_str(&f->arena, set, "name", f->hub->name);
    if (rc == 0) rc = put_keys(f, set, f->hub->public_key, f->hub->recipient);
    return rc ? rc : create(f, "hub", set, &record);
}

/* "form.<type>.<16 hex>" */
static int put_form(struct founding *f, struct jv *set, const struct form *form)
{
    const char *at = strchr(form->id, '@');
    char *name = at ? arena_printf(&f->arena, "form.%s.%s", form->type, at + 1) : NULL;
    return name ? jv_put(&f->arena, set, name, form->json) : ERR_ROAD;
}

/* A version of the scheme is the set of its forms, named by their hash. */
static int found_scheme(struct founding *f)
{
    unsigned char hash[SHA256_SIZE];
    char hex[SHA256_HEX];
    struct buf ids;
    struct jv *set = jv_object(&f->arena);
    size_t len;
    const char *record;
    const struct form *const *forms = forms_list(f->s->forms, &len);
    int rc = 0;
    buf_init(&ids, BUF_UNLIMITED);
    for (size_t i = 0; rc == 0 && i < len; i++) {
        buf_addf(&ids, "%s\n", forms[i]->id);
        rc = put_form(f, set, forms[i]);
    }
    if (rc == 0) rc = buf_error(&ids);
    sha256(hash, ids.data, ids.len);
    hex_write(hex, hash, sizeof hash);
    if (rc == 0) rc = jv_put_str(&f->arena, set, "name", "forms");
    if (rc == 0) rc = jv_put_str(&f->arena, set, "version", arena_strndup(&f->arena, hex, 16));
    if (rc == 0) rc = jv_put_str(&f->arena, set, "hash", hex);
    if (rc == 0) rc = create(f, "scheme", set, &record);
    buf_release(&ids);
    return rc;
}

static int found_register(struct store_tx *tx, struct store *s, const struct hub_identity *hub)
{
    struct founding f = {.tx = tx, .s = s, .hub = hub};
    const char *person;
    if (!same_bytes(hub->root, s->signer.public_key, KEY_SIZE) || fold_chain(s->fold, REGISTER_CASE, s->kit))
        return 0;
    arena_init(&f.arena);
    int rc = store_tx_person(f.tx, &f.arena, &person);
    if (rc == 0) rc = found_kit(&f, person);
    if (rc == 0) rc = found_hub(&f);
    if (rc == 0) rc = found_scheme(&f);
    arena_release(&f.arena);
    return rc;
}

/* ---- joining ---- */

struct joining {
    struct store_tx *tx;
    struct store *s;
    const struct enrolment *from;
    struct hub_identity hub;
    struct arena arena;
    struct ruling by;
    bool again;
};

static int another_hub(const struct hub_identity *joined)
{
    return err_set(ERR_INPUT, "this kit has joined another hub, '%s'", joined->name);
}

/* Another root would be another register, and this one would be set aside. */
static int check_root(struct joining *j)
{
    const struct hub_identity *joined = store_hub(j->s);
    j->again = joined != NULL;
    return !joined || same_bytes(joined->root, j->hub.root, KEY_SIZE) ? 0 : another_hub(joined);
}

/* The hub that is joined, by this key or another: the one it has now, if the register says that it is the same hub's; or one
 * that it had, if the file is an old one. */
static int check_hub(struct joining *j)
{
    const struct hub_identity *joined = store_hub(j->s);
    bool same, follow = false;
    int rc = hub_signed(j->s, j->hub.public_key, &same);
    if (rc == 0 && !same) rc = follows(j->s, j->hub.public_key, &follow);
    return rc || same || follow ? rc : another_hub(joined);
}

/* Who vouches for the register's lines must be an admin by what needs nobody's voucher. */
static int check_enroler(const struct joining *j)
{
    const struct enrolment *e = j->from;
    const struct registry *r;
    int rc = store_registry_get(j->s, &r);
    if (rc || registry_root(r, e->by_key)) return rc;
    const struct registry_kit *kit = registry_kit(r, e->by);
    if (kit && same_bytes(kit->public_key, e->by_key, KEY_SIZE) && registry_role(r, e->by, "admin", e->at))
        return 0;
    return err_set(ERR_INPUT,
        "the enrolment is signed by '%s', which is no admin's kit in the register; ask an admin for another",
        e->by);
}

/* Is the line that enrols this kit one that an admin could write? */
static int check_enrolled(const struct joining *j)
{
    const struct registry *r;
    const struct store *s = j->s;
    int rc = store_registry_get(j->s, &r);
    const struct registry_kit *kit = rc ? NULL : registry_kit(r, s->kit);
    if (rc || (kit && same_bytes(kit->public_key, s->signer.public_key, KEY_SIZE))) return rc;
    return err_set(ERR_INPUT,
        "no admin has enrolled '%s' in this register; have it enrolled and get the enrolment file again",
        s->kit);
}

/* The same at the first time and later: no line counts before it has been judged. */
static int take_register(struct joining *j)
{
    struct store *s = j->s;
    int rc = take_lines(j->tx, s, j->from->lines, j->from->lines_len);
    if (rc == 0) rc = ruling_of_case(s, REGISTER_CASE, &j->arena, &j->by);
    if (rc == 0) rc = admit_register(j->tx, s, &j->by);
    if (rc == 0) rc = check_enroler(j);
    j->by.vouched = true;
    return rc ? rc : settle_register(j->tx, s, &j->by);
}

static int join(struct joining *j)
{
    int rc = check_root(j);
    if (rc == 0 && !j->again) rc = store_tx_join(j->tx, &j->hub);
    if (rc == 0) rc = take_register(j);
    if (rc == 0) rc = check_hub(j);
    if (rc == 0 && !j->again) rc = remember_hub_has(j->tx, j->s, &j->hub);
    if (rc == 0) rc = found_register(j->tx, j->s, &j->hub);
    if (rc == 0) rc = check_enrolled(j);
    return rc ? rc : rejudge_cases(j->tx, j->s, j->again ? REJUDGE_NOT_GOOD : REJUDGE_ALL);
}

int store_join(struct store *s, const struct enrolment *e)
{
    char hub_kit[KIT_ID_SIZE];
    struct joining j = {.s = s, .from = e, .hub = {.name = e->hub_name, .kit = hub_kit}};
    kit_id_of(hub_kit, e->hub_key);
    memcpy(j.hub.public_key, e->hub_key, KEY_SIZE);
    memcpy(j.hub.recipient, e->hub_recipient, KEY_SIZE);
    memcpy(j.hub.root, e->root, KEY_SIZE);
    int rc = store_begin(&j.tx, s);
    if (rc) return rc;
    arena_init(&j.arena);
    rc = join(&j);
    if (rc == 0)
        rc = store_commit(j.tx);
    else
        store_rollback(j.tx);
    arena_release(&j.arena);
    return rc;
}

/* ---- what the register does not accept ---- */

static int put_refused(struct arena *a, struct jv *list, const struct entry *e, const char *reason)
{
    struct jv *o = jv_object(a);
    int rc = jv_put_str(a, o, "entry", arena_printf(a, "%s:%lld", e->kit, (long long)e->seq));
    if (rc == 0) rc = jv_put_str(a, o, "case", arena_strdup(a, e->case_name));
    if (rc == 0) rc = jv_put_str(a, o, "record", arena_strdup(a, e->record));
    if (rc == 0) rc = jv_put_str(a, o, "reason", arena_strdup(a, reason));
    return rc ? rc : jv_push(a, list, o);
}

static int put_case_refused(
    struct store *s, const struct registry *r, const char *case_name, struct arena *a, struct jv *list)
{
    const struct fold_chain *own = fold_chain(s->fold, case_name, s->kit);
    bool sees = registry_may_see(r, s->fold, s->kit, case_name, NULL, NULL);
    int rc = 0;
    for (size_t i = 0; rc == 0 && own && i < own->entries_len; i++) {
        const struct held *h = own->entries[i];
        if (h->verdict != VERDICT_GOOD)
            rc = put_refused(a, list, h->entry, h->reason);
        else if (!sees)
            rc = put_refused(a, list, h->entry, N_("its author may not see this case"));
    }
    return rc;
}

int store_refused(struct store *s, struct arena *a, struct jv **out)
{
    const struct registry *r;
    size_t len;
    struct jv *list = jv_array(a);
    int rc = store_refresh(s);
    if (rc == 0) rc = store_registry_get(s, &r);
    const char *const *cases = fold_cases(s->fold, &len);
    for (size_t i = 0; rc == 0 && i < len; i++)
        if (strcmp(cases[i], REGISTER_CASE) != 0) rc = put_case_refused(s, r, cases[i], a, list);
    if (rc == 0) *out = list;
    return rc;
}
