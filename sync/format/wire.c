/* Bodies of requests and answers between a kit and its hub: canonical JSON (RFC 8785), at most 1 MiB; their members are
 * described in wire.h. Beyond that:
 *
 *   - challenge, nonce and token are 64 lower-case hex digits; a time is RFC 3339.
 *   - proof and signature are armored SSHSIGs, over the canonical bytes of {"challenge","kit","nonce"} and of
 *     {"hub","kit","nonce"}, so that neither can stand for the other.
 *   - an upload's offset is not over its length. */
#include "satchel/format/wire.h"

#include <string.h>

#include "satchel/format/shape.h"

#define MAX_DEPTH 4
#define MAX_VALUES ((size_t)1 << 14)
#define HAVE_MAX_VALUES ((size_t)1 << 19)
#define ARMOR_MAX ((size_t)1024)
#define ID_MAX 64

/* ---- names ---- */

static bool only(const char *s, const char *marks, bool upper, size_t most)
{
    size_t len = 0;
    for (; s[len]; len++) {
        char c = s[len];
        bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (upper && c >= 'A' && c <= 'Z');
        if (len == most || (!plain && !strchr(marks, c))) return false;
    }
    return len > 0;
}

bool wire_name_valid(const char *s)
{
    size_t len = strlen(s), end = strlen(WIRE_SUFFIX);
    return only(s, "._-", true, WIRE_NAME_MAX) && s[0] != '.' && len > end && strcmp(s + len - end, WIRE_SUFFIX) == 0;
}

bool wire_id_valid(const char *s)
{
    return only(s, "-", false, ID_MAX);
}

static bool not_empty(const char *s)
{
    return *s != '\0';
}

static bool any_text(const char *s)
{
    (void)s;
    return true;
}

/* ---- what all have in common ---- */

static int write_value(struct buf *out, const struct jv *v)
{
    if (!v) return ERR_ROAD;
    json_write(out, v);
    return buf_error(out);
}

static int parse(struct shape *s, struct arena *a, const void *bytes, size_t len)
{
    const struct jv *v = NULL;
    int rc = len > WIRE_BODY_MAX ? err_set(ERR_INPUT, "a body of %zu bytes is over the limit of 1 MiB", len) : 0;
    if (rc == 0) rc = json_parse_canonical(&v, a, bytes, len, MAX_DEPTH, MAX_VALUES);
    if (rc) return rc == ERR_INPUT ? err_within(rc, "message refused") : rc;
    shape_begin(s, v);
    return 0;
}

static int finish(const struct shape *s)
{
    int rc = shape_end(s);
    return rc == ERR_INPUT ? err_within(rc, "message refused") : rc;
}

static const char *optional_text(struct shape *s, const char *key, bool (*valid)(const char *))
{
    return shape_optional(s, key, JV_STRING) ? shape_text(s, key, valid) : NULL;
}

/* ---- signatures ---- */

/* What is signed: three texts under their names. */
static int claim_write(struct buf *out, const char *name, const char *value, const char *kit, const char *nonce)
{
    struct arena a;
    arena_init(&a);
    struct jv *v = jv_object(&a);
    int rc = jv_put_str(&a, v, name, value);
    if (rc == 0) rc = jv_put_str(&a, v, "kit", kit);
    if (rc == 0) rc = jv_put_str(&a, v, "nonce", nonce);
    if (rc == 0) rc = write_value(out, v);
    arena_release(&a);
    return rc;
}

static int claim_sign(struct arena *a, const struct jv **out, const char *name, const char *value, const char *kit,
    const char *nonce, const struct signer *by)
{
    struct buf claim, armor;
    unsigned char sig[SIGNATURE_SIZE];
    buf_init(&claim, ARMOR_MAX);
    buf_init(&armor, ARMOR_MAX);
    int rc = claim_write(&claim, name, value, kit, nonce);
    if (rc == 0) rc = sshsig_sign(sig, by, NAMESPACE_SESSION, claim.data, claim.len);
    if (rc == 0) sshsig_armor(&armor, sig, by->public_key, NAMESPACE_SESSION);
    if (rc == 0) rc = buf_error(&armor);
    *out = rc ? NULL : jv_stringn(a, buf_str(&armor), armor.len);
    buf_release(&claim);
    buf_release(&armor);
    return rc ? rc : *out ? 0 : ERR_ROAD;
}

static int claim_check(unsigned char sig[SIGNATURE_SIZE], unsigned char key[KEY_SIZE], const char *armor, const char *name,
    const char *value, const char *kit, const char *nonce)
{
    struct buf claim;
    buf_init(&claim, ARMOR_MAX);
    int rc = claim_write(&claim, name, value, kit, nonce);
    if (rc == 0) rc = sshsig_armor_read(sig, key, NAMESPACE_SESSION, armor, strlen(armor));
    if (rc == 0 && !sshsig_good(sig, key, NAMESPACE_SESSION, claim.data, claim.len))
        rc = err_set(ERR_INPUT, "the signature does not fit");
    buf_release(&claim);
    return rc;
}

/* ---- hello and welcome ---- */

int wire_hello_write(struct buf *out, const struct wire_hello *h)
{
    struct arena a;
    arena_init(&a);
    struct jv *v = jv_object(&a);
    int rc = jv_put_str(&a, v, "challenge", h->challenge);
    if (rc == 0) rc = jv_put_str(&a, v, "kit", h->kit);
    if (rc == 0) rc = write_value(out, v);
    arena_release(&a);
    return rc;
}

int wire_hello_read(struct wire_hello *out, struct arena *a, const void *bytes, size_t len)
{
    struct shape s;
    struct wire_hello h;
    int rc = parse(&s, a, bytes, len);
    if (rc) return rc;
    h.challenge = shape_text(&s, "challenge", is_sha256_hex);
    h.kit = shape_text(&s, "kit", kit_id_valid);
    rc = finish(&s);
    if (rc == 0) *out = h;
    return rc;
}

int wire_welcome_write(struct buf *out, const struct wire_welcome *w, const char *kit, const struct signer *hub)
{
    struct arena a;
    const struct jv *proof;
    arena_init(&a);
    struct jv *v = jv_object(&a), *name = jv_object(&a);
    int rc = claim_sign(&a, &proof, "challenge", w->challenge, kit, w->nonce, hub);
    if (rc == 0) rc = jv_put_str(&a, name, "kit", w->hub);
    if (rc == 0) rc = jv_put_str(&a, name, "name", w->hub_name);
    if (rc == 0) rc = jv_put_str(&a, v, "at", w->at);
    if (rc == 0) rc = jv_put_str(&a, v, "challenge", w->challenge);
    if (rc == 0) rc = jv_put(&a, v, "hub", name);
    if (rc == 0) rc = jv_put_str(&a, v, "nonce", w->nonce);
    if (rc == 0) rc = jv_put(&a, v, "proof", proof);
    if (rc == 0) rc = write_value(out, v);
    arena_release(&a);
    return rc;
}

static int read_hub(struct wire_welcome *w, const struct jv *v)
{
    struct shape s;
    shape_begin(&s, v);
    w->hub = shape_text(&s, "kit", kit_id_valid);
    w->hub_name = shape_text(&s, "name", not_empty);
    return shape_end(&s);
}

/* Is it the hub of this key that has signed, and for this challenge? */
static int check_proof(struct wire_welcome *w, const char *armor, const char *kit, const char *challenge,
    const unsigned char hub_key[KEY_SIZE])
{
    unsigned char key[KEY_SIZE];
    char hub[KIT_ID_SIZE];
    kit_id_of(hub, hub_key);
    int rc = claim_check(w->proof, key, armor, "challenge", w->challenge, kit, w->nonce);
    if (rc == ERR_ROAD) return rc;
    bool good = rc == 0 && same_bytes(key, hub_key, KEY_SIZE) && strcmp(w->challenge, challenge) == 0;
    if (good && strcmp(w->hub, hub) == 0) return 0;
    return err_set(ERR_INPUT,
        "another hub answers at this address, '%s': nothing was sent to it; is the address right? ask headquarters: where it has "
        "a new key or hub, 'satchel join' takes its new enrolment file",
        w->hub_name);
}

int wire_welcome_read(struct wire_welcome *out, struct arena *a, const char *kit, const char *challenge,
    const unsigned char hub_key[KEY_SIZE], const void *bytes, size_t len)
{
    struct shape s;
    struct wire_welcome w = {0};
    int rc = parse(&s, a, bytes, len);
    if (rc) return rc;
    w.at = shape_time(&s, "at");
    w.challenge = shape_text(&s, "challenge", is_sha256_hex);
    const struct jv *hub = shape_get(&s, "hub", JV_OBJECT);
    w.nonce = shape_text(&s, "nonce", is_sha256_hex);
    const char *armor = shape_text(&s, "proof", not_empty);
    if (!s.error) s.error = read_hub(&w, hub);
    rc = finish(&s);
    if (rc == 0) rc = check_proof(&w, armor, kit, challenge, hub_key);
    if (rc == 0) *out = w;
    return rc;
}

/* ---- login ---- */

int wire_login_write(struct buf *out, const char *hub, const char *kit, const char *nonce, const struct signer *by)
{
    return wire_login_paired_write(out, hub, kit, nonce, by, NULL, NULL, NULL);
}

int wire_login_paired_write(struct buf *out, const char *hub, const char *kit, const char *nonce, const struct signer *by,
    const char *challenge, const char *code, const char *root)
{
    struct arena a;
    const struct jv *signature;
    arena_init(&a);
    struct jv *v = jv_object(&a);
    int rc = claim_sign(&a, &signature, "hub", hub, kit, nonce, by);
    if (rc == 0) rc = jv_put_str(&a, v, "hub", hub);
    if (rc == 0) rc = jv_put_str(&a, v, "kit", kit);
    if (rc == 0) rc = jv_put_str(&a, v, "nonce", nonce);
    if (rc == 0) rc = jv_put(&a, v, "signature", signature);
    if (rc == 0 && challenge) rc = jv_put_str(&a, v, "challenge", challenge);
    if (rc == 0 && code) rc = jv_put_str(&a, v, "code", code);
    if (rc == 0 && root) rc = jv_put_str(&a, v, "root", root);
    if (rc == 0) rc = write_value(out, v);
    arena_release(&a);
    return rc;
}

int wire_login_read(struct wire_login *out, struct arena *a, const void *bytes, size_t len)
{
    struct shape s;
    struct wire_login l = {0};
    int rc = parse(&s, a, bytes, len);
    if (rc) return rc;
    l.hub = shape_text(&s, "hub", kit_id_valid);
    l.kit = shape_text(&s, "kit", kit_id_valid);
    l.nonce = shape_text(&s, "nonce", is_sha256_hex);
    const char *armor = shape_text(&s, "signature", not_empty);
    l.challenge = optional_text(&s, "challenge", is_sha256_hex);
    l.code = optional_text(&s, "code", is_sha256_hex);
    l.root = optional_text(&s, "root", kit_id_valid);
    if (!l.challenge != !l.code || !l.root != !l.code) shape_refuse(&s, "code");
    rc = finish(&s);
    if (rc == 0) rc = claim_check(l.signature, l.public_key, armor, "hub", l.hub, l.kit, l.nonce);
    if (rc == 0) *out = l;
    return rc;
}

/* ---- state and session ---- */

static struct jv *files_value(struct arena *a, const struct wire_state *s)
{
    struct jv *list = jv_array(a);
    for (size_t i = 0; i < s->files_len; i++) {
        struct jv *v = jv_object(a);
        int rc = jv_put_str(a, v, "name", s->files[i].name);
        if (rc == 0) rc = jv_put_int(a, v, "size", (int64_t)s->files[i].size);
        if (rc || jv_push(a, list, v)) return NULL;
    }
    return list;
}

static struct jv *refused_value(struct arena *a, const struct wire_state *s)
{
    struct jv *list = jv_array(a);
    for (size_t i = 0; i < s->refused_len; i++) {
        struct jv *v = jv_object(a);
        int rc = jv_put_str(a, v, "name", s->refused[i].name);
        if (rc == 0) rc = jv_put_str(a, v, "why", s->refused[i].why);
        if (rc || jv_push(a, list, v)) return NULL;
    }
    return list;
}

static struct jv *uploads_value(struct arena *a, const struct wire_state *s)
{
    struct jv *list = jv_array(a);
    for (size_t i = 0; i < s->uploads_len; i++) {
        struct jv *v = jv_object(a);
        int rc = jv_put_str(a, v, "id", s->uploads[i].id);
        if (rc == 0) rc = jv_put_int(a, v, "length", (int64_t)s->uploads[i].length);
        if (rc == 0) rc = jv_put_str(a, v, "name", s->uploads[i].name);
        if (rc == 0) rc = jv_put_int(a, v, "offset", (int64_t)s->uploads[i].offset);
        if (rc || jv_push(a, list, v)) return NULL;
    }
    return list;
}

static int put_state(struct arena *a, struct jv *v, const struct wire_state *s)
{
    int rc = jv_put(a, v, "files", files_value(a, s));
    if (rc == 0) rc = jv_put(a, v, "refused", refused_value(a, s));
    if (rc == 0) rc = jv_put(a, v, "taken", hashes_value(a, s->taken, s->taken_len));
    return rc ? rc : jv_put(a, v, "uploads", uploads_value(a, s));
}

int wire_state_write(struct buf *out, const struct wire_state *s)
{
    struct arena a;
    arena_init(&a);
    struct jv *v = jv_object(&a);
    int rc = put_state(&a, v, s);
    if (rc == 0) rc = write_value(out, v);
    arena_release(&a);
    return rc;
}

int wire_session_write(struct buf *out, const struct wire_session *s)
{
    struct arena a;
    arena_init(&a);
    struct jv *v = jv_object(&a);
    int rc = jv_put_str(&a, v, "expires", s->expires);
    if (rc == 0) rc = jv_put_str(&a, v, "token", s->token);
    if (rc == 0 && s->code) rc = jv_put_str(&a, v, "code", s->code);
    if (rc == 0) rc = put_state(&a, v, &s->state);
    if (rc == 0) rc = write_value(out, v);
    arena_release(&a);
    return rc;
}

/* The array, and room for what is in it; NULL with the error in s. */
static void *read_list(struct shape *s, struct arena *a, const char *key, size_t item, const struct jv **list)
{
    size_t most = strcmp(key, "refused") == 0 ? WIRE_REFUSED_MAX : WIRE_LIST_MAX;
    *list = shape_get(s, key, JV_ARRAY);
    if (*list && (*list)->len > most) shape_refuse(s, key);
    void *items = s->error ? NULL : arena_alloc(a, ((*list)->len + 1) * item);
    if (!s->error && !items) s->error = ERR_ROAD;
    return items;
}

static int read_file(struct wire_file *f, const struct jv *v)
{
    struct shape s;
    shape_begin(&s, v);
    f->name = shape_text(&s, "name", wire_name_valid);
    f->size = (uint64_t)shape_int(&s, "size", 0, JV_INT_MAX);
    return shape_end(&s);
}

static void read_files(struct shape *s, struct wire_state *out, struct arena *a)
{
    const struct jv *list;
    struct wire_file *files = read_list(s, a, "files", sizeof *files, &list);
    for (size_t i = 0; !s->error && i < list->len; i++) s->error = read_file(&files[i], list->items[i]);
    out->files = files;
    out->files_len = s->error ? 0 : list->len;
}

static bool why_valid(const char *s)
{
    return *s && strlen(s) <= WIRE_WHY_MAX;
}

static int read_refusal(struct wire_refused *r, const struct jv *v)
{
    struct shape s;
    shape_begin(&s, v);
    r->name = shape_text(&s, "name", wire_name_valid);
    r->why = shape_text(&s, "why", why_valid);
    return shape_end(&s);
}

static void read_refused(struct shape *s, struct wire_state *out, struct arena *a)
{
    const struct jv *list;
    struct wire_refused *refused = read_list(s, a, "refused", sizeof *refused, &list);
    for (size_t i = 0; !s->error && i < list->len; i++) s->error = read_refusal(&refused[i], list->items[i]);
    out->refused = refused;
    out->refused_len = s->error ? 0 : list->len;
}

static void read_taken(struct shape *s, struct wire_state *out, struct arena *a)
{
    const struct jv *list;
    const char **taken = read_list(s, a, "taken", sizeof *taken, &list);
    for (size_t i = 0; !s->error && i < list->len; i++) {
        taken[i] = jv_str(list->items[i]);
        if (!taken[i] || !wire_name_valid(taken[i])) shape_refuse(s, "taken");
    }
    out->taken = taken;
    out->taken_len = s->error ? 0 : list->len;
}

static int read_upload(struct wire_upload *u, const struct jv *v)
{
    struct shape s;
    shape_begin(&s, v);
    u->id = shape_text(&s, "id", wire_id_valid);
    u->length = (uint64_t)shape_int(&s, "length", 0, JV_INT_MAX);
    u->name = shape_text(&s, "name", wire_name_valid);
    u->offset = (uint64_t)shape_int(&s, "offset", 0, (int64_t)u->length);
    return shape_end(&s);
}

static void read_uploads(struct shape *s, struct wire_state *out, struct arena *a)
{
    const struct jv *list;
    struct wire_upload *uploads = read_list(s, a, "uploads", sizeof *uploads, &list);
    for (size_t i = 0; !s->error && i < list->len; i++) s->error = read_upload(&uploads[i], list->items[i]);
    out->uploads = uploads;
    out->uploads_len = s->error ? 0 : list->len;
}

static void read_state(struct shape *s, struct wire_state *out, struct arena *a)
{
    read_files(s, out, a);
    read_refused(s, out, a);
    read_taken(s, out, a);
    read_uploads(s, out, a);
}

int wire_state_read(struct wire_state *out, struct arena *a, const void *bytes, size_t len)
{
    struct shape s;
    struct wire_state state = {0};
    int rc = parse(&s, a, bytes, len);
    if (rc) return rc;
    read_state(&s, &state, a);
    rc = finish(&s);
    if (rc == 0) *out = state;
    return rc;
}

int wire_session_read(struct wire_session *out, struct arena *a, const void *bytes, size_t len)
{
    struct shape s;
    struct wire_session session = {0};
    int rc = parse(&s, a, bytes, len);
    if (rc) return rc;
    session.expires = shape_time(&s, "expires");
    session.token = shape_text(&s, "token", is_sha256_hex);
    session.code = optional_text(&s, "code", is_sha256_hex);
    read_state(&s, &session.state, a);
    rc = finish(&s);
    if (rc == 0) *out = session;
    return rc;
}

/* ---- pages ---- */

int wire_ticket_write(struct buf *out, const char *ticket)
{
    struct arena a;
    arena_init(&a);
    struct jv *v = jv_object(&a);
    int rc = jv_put_str(&a, v, "ticket", ticket);
    if (rc == 0) rc = write_value(out, v);
    arena_release(&a);
    return rc;
}

int wire_ticket_read(const char **out, struct arena *a, const void *bytes, size_t len)
{
    struct shape s;
    int rc = parse(&s, a, bytes, len);
    if (rc) return rc;
    const char *ticket = shape_text(&s, "ticket", is_sha256_hex);
    rc = finish(&s);
    if (rc == 0) *out = ticket;
    return rc;
}

/* ---- what is held of each case ---- */

static struct jv *case_value(struct arena *a, const struct wire_case *c)
{
    struct jv *v = jv_object(a), *have = jv_object(a);
    int rc = 0;
    for (size_t i = 0; i < c->have_len && rc == 0; i++) rc = jv_put_int(a, have, c->have[i].kit, c->have[i].seq);
    if (rc == 0) rc = jv_put(a, v, "awaited", hashes_value(a, c->awaited, c->awaited_len));
    if (rc == 0) rc = jv_put(a, v, "have", have);
    return rc ? NULL : v;
}

int wire_have_write(struct buf *out, const struct wire_case *cases, size_t len)
{
    struct arena a;
    arena_init(&a);
    struct jv *v = jv_object(&a), *all = jv_object(&a);
    int rc = 0;
    for (size_t i = 0; i < len && rc == 0; i++) rc = jv_put(&a, all, cases[i].name, case_value(&a, &cases[i]));
    if (rc == 0) rc = jv_put(&a, v, "cases", all);
    if (rc == 0) rc = write_value(out, v);
    arena_release(&a);
    return rc;
}

static struct have *read_have(struct shape *s, struct arena *a, size_t *len)
{
    const struct jv *kits = shape_get(s, "have", JV_OBJECT);
    struct have *have = kits ? arena_alloc(a, (kits->len + 1) * sizeof *have) : NULL;
    if (kits && !have) s->error = ERR_ROAD;
    for (size_t i = 0; !s->error && i < kits->len; i++) {
        const struct jv *seq = kits->items[i];
        have[i] = (struct have){.kit = kits->keys[i], .seq = seq->integer};
        if (!kit_id_valid(kits->keys[i]) || seq->type != JV_INT || seq->integer < 1) shape_refuse(s, "have");
    }
    *len = s->error ? 0 : kits->len;
    return have;
}

static int read_case(struct wire_case *c, struct arena *a, const char *name, const struct jv *v)
{
    struct shape s;
    shape_begin(&s, v);
    c->name = name;
    c->awaited = shape_hashes(&s, a, "awaited", &c->awaited_len);
    c->have = read_have(&s, a, &c->have_len);
    if (!case_name_valid(name)) shape_refuse(&s, "cases");
    return shape_end(&s);
}

static int read_cases(struct wire_case **out, size_t *out_len, struct arena *a, const struct jv *v)
{
    struct shape s;
    shape_begin(&s, v);
    const struct jv *all = shape_get(&s, "cases", JV_OBJECT);
    struct wire_case *cases = all ? arena_alloc(a, (all->len + 1) * sizeof *cases) : NULL;
    if (all && !cases) s.error = ERR_ROAD;
    for (size_t i = 0; !s.error && i < all->len; i++) s.error = read_case(&cases[i], a, all->keys[i], all->items[i]);
    int rc = shape_end(&s);
    if (rc) return rc;
    *out = cases;
    *out_len = all->len;
    return 0;
}

int wire_have_read(struct wire_case **out, size_t *out_len, struct arena *a, const void *bytes, size_t len)
{
    const struct jv *v = NULL;
    int rc = len > WIRE_HAVE_MAX ? err_set(ERR_INPUT, "a body of %zu bytes is over the limit of 16 MiB", len) : 0;
    if (rc == 0) rc = json_parse_canonical(&v, a, bytes, len, MAX_DEPTH, HAVE_MAX_VALUES);
    if (rc == 0) rc = read_cases(out, out_len, a, v);
    return rc == ERR_INPUT ? err_within(rc, "message refused") : rc;
}

/* ---- errors ---- */

int wire_error_write(struct buf *out, const char *text)
{
    struct arena a;
    arena_init(&a);
    struct jv *v = jv_object(&a);
    int rc = jv_put_str(&a, v, "error", text);
    if (rc == 0) rc = write_value(out, v);
    arena_release(&a);
    return rc;
}

const char *wire_error_read(struct arena *a, const void *bytes, size_t len)
{
    struct shape s;
    const char *text = NULL;
    if (parse(&s, a, bytes, len) == 0) {
        text = shape_text(&s, "error", any_text);
        if (shape_end(&s)) text = NULL;
    }
    err_clear();
    return text ? text : "";
}
