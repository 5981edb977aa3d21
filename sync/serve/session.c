/* Sessions: a hello gives a nonce, its signature gives a token, and the token is looked at anew at every request. Both are
 * kept in memory only; a server that starts again knows none, and kits open new sessions. */
#define _POSIX_C_SOURCE 200809L

#include <string.h>
#include "satchel/base/time.h"
#include "parts.h"

#define NONCE_SECONDS 60
#define PASSES_OF_KIT 8
#define BASIC_MOST ((size_t)1024) /* of a name and token in base64 */
#define SERVE_SECONDS 5 /* that a session waits for its kit's outbox */

/* ---- nonces ----
 *
 * A nonce is its stamp (of its time, and never given twice), random bytes, and a MAC over both and the kit. So a hello, which
 * anybody may say in any name, leaves nothing behind that could crowd out another's; only who has signed is remembered. */

#define STAMP_SIZE 8
#define MAC_AT 16

static uint64_t stamp_of(const unsigned char nonce[SECRET_SIZE])
{
    uint64_t n = 0;
    for (size_t i = 0; i < STAMP_SIZE; i++) n = n << 8 | nonce[i];
    return n;
}

static void nonce_mac(struct serve *s, const char *kit, const unsigned char nonce[SECRET_SIZE], unsigned char out[SHA256_SIZE])
{
    unsigned char text[MAC_AT + KIT_ID_SIZE];
    memcpy(text, nonce, MAC_AT);
    memcpy(text + MAC_AT, kit, KIT_ID_SIZE);
    hmac_sha256(out, s->nonce_key, sizeof s->nonce_key, text, sizeof text);
}

static int nonce_new(struct serve *s, const char *kit, unsigned char nonce[SECRET_SIZE])
{
    unsigned char mac[SHA256_SIZE];
    int rc = random_bytes(nonce, SECRET_SIZE);
    if (rc) return rc;
    pthread_mutex_lock(&s->lock);
    uint64_t now = (uint64_t)(os_monotonic_seconds() * 1e9), stamp = now > s->stamp ? now : s->stamp + 1;
    s->stamp = stamp;
    pthread_mutex_unlock(&s->lock);
    for (size_t i = 0; i < STAMP_SIZE; i++) nonce[i] = (unsigned char)(stamp >> (8 * (STAMP_SIZE - 1 - i)));
    nonce_mac(s, kit, nonce, mac);
    memcpy(nonce + MAC_AT, mac, SECRET_SIZE - MAC_AT);
    return 0;
}

/* Was it given to this kit, within the last minute? */
static bool nonce_good(struct serve *s, const char *kit, const char *hex, uint64_t *stamp)
{
    unsigned char nonce[SECRET_SIZE], mac[SHA256_SIZE];
    if (strlen(hex) != 2 * SECRET_SIZE || !hex_read(nonce, hex, SECRET_SIZE)) return false;
    nonce_mac(s, kit, nonce, mac);
    if (!same_bytes(nonce + MAC_AT, mac, SECRET_SIZE - MAC_AT)) return false;
    *stamp = stamp_of(nonce);
    return os_monotonic_seconds() - (double)*stamp / 1e9 < NONCE_SECONDS;
}

/* False: it was spent before, or is older than all that are remembered. */
static bool nonce_spend(struct serve *s, const char *kit, uint64_t stamp)
{
    bool fresh = false;
    pthread_mutex_lock(&s->lock);
    struct guest *g = guest_of(s, kit);
    uint64_t *least = g ? g->spent : NULL;
    for (size_t i = 0; g && i < NONCES_KEPT; i++) {
        if (g->spent[i] == stamp) least = NULL;
        if (least && g->spent[i] < *least) least = &g->spent[i];
    }
    if (least && stamp > *least) {
        *least = stamp;
        fresh = true;
    }
    pthread_mutex_unlock(&s->lock);
    return fresh;
}

/* ---- tokens: under the lock ---- */

static struct pass *pass_slot(struct serve *s, const char *kit, double now)
{
    struct pass *own = NULL, *oldest = &s->passes[0], *empty = NULL;
    size_t n = 0;
    for (size_t i = 0; i < PASSES_MOST; i++) {
        struct pass *p = &s->passes[i];
        if (p->until <= now) {
            if (!empty) empty = p;
            continue;
        }
        if (p->until < oldest->until) oldest = p;
        if (strcmp(p->kit, kit) != 0) continue;
        n++;
        if (!own || p->until < own->until) own = p;
    }
    return n >= PASSES_OF_KIT ? own : empty ? empty : oldest;
}

static void pass_add(struct serve *s, const struct wire_login *l, const unsigned char secret[SECRET_SIZE])
{
    double now = os_monotonic_seconds();
    pthread_mutex_lock(&s->lock);
    struct pass *p = pass_slot(s, l->kit, now);
    *p = (struct pass){.until = 0};
    memcpy(p->secret, secret, SECRET_SIZE);
    memcpy(p->key, l->public_key, KEY_SIZE);
    memcpy(p->kit, l->kit, KIT_ID_SIZE);
    p->until = now + s->o.session_seconds;
    pthread_mutex_unlock(&s->lock);
}

struct pass *pass_of(struct serve *s, const char *hex, bool entered)
{
    unsigned char secret[SECRET_SIZE];
    struct pass *found = NULL;
    double now = os_monotonic_seconds();
    if (strlen(hex) != 2 * SECRET_SIZE || !hex_read(secret, hex, SECRET_SIZE)) return NULL;
    for (size_t i = 0; i < PASSES_MOST; i++) {
        struct pass *p = &s->passes[i];
        if (same_bytes(p->secret, secret, SECRET_SIZE) && p->until > now && p->entered == entered) found = p;
    }
    wipe(secret, sizeof secret);
    return found;
}

static bool pass_find(struct serve *s, const char *hex, struct pass *out)
{
    pthread_mutex_lock(&s->lock);
    const struct pass *p = pass_of(s, hex, false);
    if (p) *out = *p;
    pthread_mutex_unlock(&s->lock);
    return p != NULL;
}

size_t sessions_count(struct serve *s)
{
    size_t n = 0;
    double now = os_monotonic_seconds();
    for (size_t i = 0; i < PASSES_MOST; i++) n += s->passes[i].until > now;
    return n;
}

/* ---- who may ---- */

bool session_standing(struct visit *v, const char *kit, const unsigned char key[KEY_SIZE])
{
    const struct serve_owner *o = &v->serve->owner;
    switch (o->standing(o->ctx, kit, key)) {
    case STANDING_GOOD:
        return true;
    case STANDING_UNKNOWN:
        refuse(v, 403, o->unknown);
        break;
    case STANDING_REVOKED:
        refuse(v, 403, N_("this kit has been revoked"));
        break;
    default:
        tell(v->serve, http_path(v->request));
        refuse(v, 503, N_("the register can't be read now; try again in a moment"));
    }
    return false;
}

/* "Basic <base64 of name:token>" */
static const char *password_of(struct visit *v, const char *encoded)
{
    size_t len = strlen(encoded);
    char *text = len <= BASIC_MOST ? arena_alloc(&v->arena, 3 * (len / 4) + 4) : NULL;
    long n = text ? base64_read((unsigned char *)text, encoded, len, true) : -1;
    if (n < 0) return NULL;
    text[n] = '\0';
    const char *colon = strchr(text, ':');
    return colon ? colon + 1 : NULL;
}

const char *session_token(struct visit *v)
{
    static const char bearer[] = "Bearer ", basic[] = "Basic ";
    const char *given = http_header(v->request, "Authorization");
    if (!given) return NULL;
    if (strncmp(given, bearer, sizeof bearer - 1) == 0) return given + sizeof bearer - 1;
    bool takes = v->route->basic && strncmp(given, basic, sizeof basic - 1) == 0;
    return takes ? password_of(v, given + sizeof basic - 1) : NULL;
}

bool session_check(struct visit *v)
{
    struct pass pass;
    const char *token = session_token(v);
    bool named = token != NULL;
    if (!named || !pass_find(v->serve, token, &pass)) {
        http_say(v->request, "WWW-Authenticate", v->route->basic ? "Basic realm=\"satchel\"" : "Bearer");
        refuse(v, 401, named ? N_("this session is not known here, or has ended") : N_("this needs a session"));
        return false;
    }
    memcpy(v->kit, pass.kit, KIT_ID_SIZE);
    bool good = session_standing(v, pass.kit, pass.key);
    wipe(&pass, sizeof pass);
    return good;
}

/* ---- routes ---- */

void hello_close(struct visit *v)
{
    struct wire_hello h;
    unsigned char secret[SECRET_SIZE];
    char nonce[WIRE_TOKEN_SIZE], at[TIME_TEXT];
    struct buf b;
    if (wire_hello_read(&h, &v->arena, v->body.data, v->body.len)) {
        refuse(v, 400, N_("this is no hello"));
        return;
    }
    buf_init(&b, WIRE_BODY_MAX);
    int rc = nonce_new(v->serve, h.kit, secret);
    if (rc == 0) {
        hex_write(nonce, secret, sizeof secret);
        time_write(at, time_now(), 0);
        struct wire_welcome w = {.at = at,
            .challenge = h.challenge,
            .hub = v->serve->owner.kit,
            .hub_name = v->serve->owner.name,
            .nonce = nonce};
        rc = wire_welcome_write(&b, &w, h.kit, v->serve->owner.signer);
    }
    answer_json(v, 200, rc, &b);
    buf_release(&b);
}

static bool refuse_nonce(struct visit *v)
{
    refuse(v, 401, N_("the nonce is not this kit's, is too old, or was used before; begin with a hello"));
    return false;
}

/* Is it signed by the kit that it names, for this server, over a nonce that it was given? */
static bool check_login(struct visit *v, struct wire_login *l, uint64_t *stamp)
{
    char kit[KIT_ID_SIZE];
    if (wire_login_read(l, &v->arena, v->body.data, v->body.len)) {
        refuse(v, 400, N_("this is no login, or its signature does not fit"));
        return false;
    }
    kit_id_of(kit, l->public_key);
    bool own = strcmp(kit, l->kit) == 0 && strcmp(l->hub, v->serve->owner.kit) == 0;
    return (own && nonce_good(v->serve, l->kit, l->nonce, stamp)) || refuse_nonce(v);
}

static int write_session(struct visit *v, const struct wire_login *l, const char *code, struct buf *out)
{
    unsigned char secret[SECRET_SIZE];
    char token[WIRE_TOKEN_SIZE], expires[TIME_TEXT];
    struct wire_session session = {.expires = expires, .token = token, .code = *code ? code : NULL};
    int rc = random_bytes(secret, sizeof secret);
    if (rc) return rc;
    hex_write(token, secret, sizeof secret);
    time_write(expires, time_now() + v->serve->o.session_seconds, 0);
    pass_add(v->serve, l, secret);
    rc = state_of(v->serve, l->kit, &v->arena, SERVE_SECONDS, false, &session.state);
    if (rc == 0) rc = wire_session_write(out, &session);
    wipe(secret, sizeof secret);
    wipe(token, sizeof token);
    return rc;
}

static bool is_admitted(struct visit *v, const struct wire_login *l, char code[WIRE_TOKEN_SIZE])
{
    const struct serve_owner *o = &v->serve->owner;
    *code = '\0';
    const char *no = o->admit ? o->admit(o->ctx, l, code) : NULL;
    if (no) refuse(v, 403, no);
    return no == NULL;
}

void session_close(struct visit *v)
{
    struct wire_login l;
    struct buf b;
    uint64_t stamp;
    char code[WIRE_TOKEN_SIZE];
    if (!check_login(v, &l, &stamp)) return;
    memcpy(v->kit, l.kit, KIT_ID_SIZE);
    if (!session_standing(v, l.kit, l.public_key)) return;
    if (!nonce_spend(v->serve, l.kit, stamp)) {
        (void)refuse_nonce(v);
        return;
    }
    if (!is_admitted(v, &l, code)) return;
    buf_init(&b, WIRE_BODY_MAX);
    answer_json(v, 200, write_session(v, &l, code, &b), &b);
    buf_wipe(&b);
}
