/* A session with the hub: who meets whom, what an answer that says no means, and the hub's state. */
#include "parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "satchel/base/os.h"
#include "satchel/format/pairing.h"
#include "satchel/base/text.h"
#include "satchel/base/time.h"

#define TRIES 6
#define TRIES_TO_MEET 3 /* who is offline wants to know it soon */
#define STALL_SECONDS 30

/* ---- what an answer means ---- */

int link_failed(struct link *l, enum link_trouble trouble, int rc)
{
    l->trouble = trouble;
    return rc;
}

static enum link_trouble trouble_of(enum http_fault fault)
{
    switch (fault) {
    case HTTP_DISTRUST:
        return LINK_DISTRUST;
    case HTTP_LOCAL:
        return LINK_HERE;
    case HTTP_GARBAGE:
        return LINK_BUSY;
    default:
        return LINK_OFFLINE;
    }
}

static int refuse_paired(struct link *l, const struct http_answer *a, const char *why)
{
    if (a->status == 401)
        return link_failed(l, LINK_REFUSED, err_set(ERR_ROAD, "the colleague's kit refused the session: %s", why));
    if (a->status == 403)
        return link_failed(l, LINK_NOT_PAIRED, err_set(ERR_INPUT, "the colleague's kit does not let this one in: %s", why));
    enum link_trouble trouble = a->status == 413 || a->status == 507 ? LINK_FULL : LINK_BUSY;
    return link_failed(l, trouble, err_set(ERR_ROAD, "the colleague's kit at %s answered %d: %s", l->url, a->status, why));
}

static int refuse(struct link *l, const struct http_answer *a, const char *why)
{
    if (l->party.pairing) return refuse_paired(l, a, why);
    switch (a->status) {
    case 401:
        return link_failed(l, LINK_REFUSED, err_set(ERR_ROAD, "the hub refused the session: %s", why));
    case 403:
        return link_failed(l, LINK_REFUSED, err_set(ERR_ROAD, "the hub does not let this kit in: %s; tell headquarters", why));
    case 413:
        return link_failed(l, LINK_FULL, err_set(ERR_ROAD, "the hub takes no more: %s; nothing is lost: it waits here, and the next sync tries again", why));
    case 507:
        return link_failed(l, LINK_FULL, err_set(ERR_ROAD, "the hub can't store it: %s; tell headquarters; nothing is lost: it waits here, and the next sync tries again", why));
    case 429:
        return link_failed(l, LINK_BUSY, err_set(ERR_ROAD, "the hub is asked too much at once; try again later"));
    case 503:
        return link_failed(l, LINK_BUSY, err_set(ERR_ROAD, "the hub is stopping or overloaded; try again later"));
    case 404:
    case 405:
    case 501:
        return link_failed(l, LINK_BUSY, err_set(ERR_ROAD, "there is no hub at %s (%d): look at the address", l->url, a->status));
    default:
        break;
    }
    if (a->status >= 300 && a->status < 400)
        return link_failed(l, LINK_BUSY, err_set(ERR_ROAD, "%s leads elsewhere (%d), which is not followed; add the remote by the hub's own address", l->url, a->status));
    return link_failed(l, LINK_BUSY, err_set(ERR_ROAD, "the hub at %s answered %d: %s", l->url, a->status, why));
}

int link_refused(struct link *l, const struct http_answer *a)
{
    struct arena arena;
    if (a->fault) return link_failed(l, trouble_of(a->fault), ERR_ROAD);
    arena_init(&arena);
    const char *why = wire_error_read(&arena, a->body.data, a->body.len);
    int rc = refuse(l, a, *why ? text_of(why) : T("it does not say why")); /* the hub speaks English */
    arena_release(&arena);
    return rc;
}

/* ---- asking, again where that helps ---- */

struct backoff link_backoff(const struct link *l)
{
    return backoff_of(l->tries);
}

static void answer_again(struct http_answer *a)
{
    size_t most = a->body.max;
    http_answer_release(a);
    http_answer_init(a, most);
}

static int ask(struct link *l, struct http *http, struct backoff *b, const struct http_call *q, struct http_answer *a)
{
    for (;;) {
        int rc = http->call(http, q, a);
        if (!rc && a->status == 200) return 0;
        if (rc && !a->fault) return rc; /* of the session that had to be opened anew */
        if (!http_passes(a)) return rc && a->fault == HTTP_LOCAL ? link_failed(l, LINK_HERE, rc) : link_refused(l, a);
        if (!backoff_wait(b, a->retry_seconds)) return link_refused(l, a);
        err_clear();
        answer_again(a);
    }
}

int link_ask(struct link *l, const struct http_call *q, struct http_answer *a)
{
    struct backoff b = link_backoff(l);
    return ask(l, &l->http, &b, q, a);
}

/* ---- meeting ---- */

static int post_json(struct link *l, struct backoff *b, const char *path, const struct buf *body, struct http_answer *a)
{
    static const char *const headers[] = {"Content-Type: application/json", NULL};
    struct http_call q = {.method = "POST", .path = path, .headers = headers, .body = body->data, .body_len = body->len};
    int rc = buf_error(body);
    return rc ? rc : ask(l, l->peer, b, &q, a);
}

/* What can't be read may have been harmed on its way; a name is a name. */
static enum link_trouble whose(struct link *l, const struct http_answer *a)
{
    const struct jv *v;
    const char *kit = NULL;
    if (json_parse(&v, &l->arena, a->body.data, a->body.len, 4, JSON_STRICT) == 0) kit = jv_get_str(jv_get(v, "hub"), "kit");
    return kit && strcmp(kit, l->party.hub) != 0 ? LINK_OTHER_HUB : LINK_BUSY;
}

/* By its own word at first; its signature is checked next, and whether it knows the code when it has heard this kit's proof. */
static int find_peer(struct link *l, const struct http_answer *a)
{
    const struct link_pairing *p = l->party.pairing;
    const struct jv *v;
    const char *kit = NULL;
    if (json_parse(&v, &l->arena, a->body.data, a->body.len, 4, JSON_STRICT) == 0) kit = jv_get_str(jv_get(v, "hub"), "kit");
    if (!kit || !kit_id_valid(kit))
        return link_failed(l, LINK_BUSY, err_set(ERR_ROAD, "what answers at %s is no kit that shares", l->url));
    int rc = p->find(p->ctx, kit, l->party.hub_key, l->recipient);
    if (rc) return link_failed(l, LINK_NOT_PAIRED, rc);
    l->party.hub = kit;
    return 0;
}

static int read_welcome(struct link *l, const char *challenge, const struct http_answer *a, struct wire_welcome *out)
{
    int64_t at;
    int offset;
    int rc = l->party.hub ? 0 : find_peer(l, a);
    if (rc) return rc;
    rc = wire_welcome_read(out, &l->arena, l->party.kit, challenge, l->party.hub_key, a->body.data, a->body.len);
    if (rc) {
        char why[512];
        size_t n = strlen(err_message()) < sizeof why - 1 ? strlen(err_message()) : sizeof why - 1;
        memcpy(why, err_message(), n);
        why[n] = '\0';
        l->trouble = whose(l, a);
        return err_set(l->trouble == LINK_OTHER_HUB ? ERR_INPUT : ERR_ROAD, "%s: %s", l->url, why);
    }
    if (time_read(&at, &offset, out->at)) l->clock_ahead = time_now() - at;
    return 0;
}

static int hello(struct link *l, struct backoff *b, struct wire_welcome *out)
{
    struct buf body;
    struct http_answer a;
    unsigned char random[32];
    char challenge[WIRE_TOKEN_SIZE];
    int rc = random_bytes(random, sizeof random);
    if (rc) return rc;
    hex_write(challenge, random, sizeof random);
    buf_init(&body, WIRE_BODY_MAX);
    http_answer_init(&a, WIRE_BODY_MAX);
    rc = wire_hello_write(&body, &(struct wire_hello){challenge, l->party.kit});
    if (!rc) rc = post_json(l, b, "v1/hello", &body, &a);
    if (!rc) rc = read_welcome(l, challenge, &a, out);
    http_answer_release(&a);
    buf_release(&body);
    return rc;
}

/* The proof that a side of a pairing gives in answer to this welcome; "" to a hub. */
static int prove(struct link *l, const struct wire_welcome *w, enum pairing_side side, char proof[SHA256_HEX])
{
    const struct link_pairing *p = l->party.pairing;
    proof[0] = '\0';
    if (!p) return 0;
    struct pairing q = {.code = p->code, .identity = p->identity, .recipient = l->recipient, .share = l->party.hub,
        .call = l->party.kit, .root = p->root, .challenge = w->challenge, .nonce = w->nonce};
    return pairing_proof(proof, &q, side);
}

static int check_proof(struct link *l, const struct wire_welcome *w, const struct wire_session *s)
{
    char proof[SHA256_HEX];
    int rc = prove(l, w, PAIRING_SHARE, proof);
    if (rc || !*proof) return rc;
    if (s->code && same_bytes(s->code, proof, SHA256_HEX)) return 0;
    return link_failed(l, LINK_NOT_PAIRED, err_set(ERR_INPUT, "the kit at %s does not know the code; nothing was exchanged", l->url));
}

static int keep_session(struct link *l, const struct wire_welcome *w, const struct http_answer *a)
{
    struct wire_session s;
    int rc = wire_session_read(&s, &l->arena, a->body.data, a->body.len);
    if (!rc) {
        rc = check_proof(l, w, &s);
        if (rc) return rc;
    }
    if (!rc && strlen(s.token) >= sizeof l->token) rc = err_set(ERR_ROAD, "the token is too long");
    if (rc) return link_failed(l, LINK_BUSY, err_within(ERR_ROAD, "the hub's answer"));
    memcpy(l->token, s.token, strlen(s.token) + 1);
    l->state = s.state;
    l->met = true;
    return 0;
}

/* A nonce is good once, so a session that did not come about begins with another hello. */
static int log_in(struct link *l, const struct wire_welcome *w)
{
    struct buf body;
    struct http_answer a;
    struct backoff once = backoff_of(1);
    char proof[SHA256_HEX];
    const struct link_pairing *p = l->party.pairing;
    buf_init(&body, WIRE_BODY_MAX);
    http_answer_init(&a, WIRE_BODY_MAX);
    int rc = prove(l, w, PAIRING_CALL, proof);
    if (!rc)
        rc = wire_login_paired_write(&body, l->party.hub, l->party.kit, w->nonce, l->party.signer, p ? w->challenge : NULL,
            p ? proof : NULL, p ? p->root : NULL);
    if (!rc) rc = post_json(l, &once, "v1/session", &body, &a);
    if (!rc) rc = keep_session(l, w, &a);
    http_answer_release(&a);
    buf_release(&body);
    return rc;
}

/* A refused session is tried once more: what arrived twice or harmed is refused, too. */
static bool may_pass(const struct link *l, int tries)
{
    bool passes = l->trouble == LINK_OFFLINE || l->trouble == LINK_BUSY;
    return passes || (l->trouble == LINK_REFUSED && tries == 0);
}

static int meet(struct link *l)
{
    struct backoff b = backoff_of(l->tries < TRIES_TO_MEET ? l->tries : TRIES_TO_MEET), of_hello = b;
    struct wire_welcome w;
    for (;;) {
        int rc = hello(l, &of_hello, &w);
        bool greeted = !rc;
        if (!rc) rc = log_in(l, &w);
        if (!rc) return 0;
        bool unread = !greeted && l->trouble == LINK_BUSY;
        if ((!greeted && !unread) || !may_pass(l, b.tries) || !backoff_wait(&b, HTTP_NOT_SAID)) return rc;
        err_clear();
    }
}

int link_meet(struct link *l)
{
    l->trouble = LINK_FINE;
    l->met = false;
    l->meeting = true;
    int rc = meet(l);
    l->meeting = false;
    if (rc && l->trouble == LINK_FINE) l->trouble = LINK_HERE;
    return rc;
}

const char *link_peer(const struct link *l)
{
    return l->party.hub;
}

int64_t link_clock_ahead(const struct link *l)
{
    return l->clock_ahead;
}

const char *link_token(const struct link *l)
{
    return l->token;
}

enum link_trouble link_trouble(const struct link *l)
{
    return l->trouble;
}

/* ---- calls within the session ---- */

#define HEADERS_MAX 10

static int call_with_token(struct link *l, const struct http_call *q, struct http_answer *a)
{
    const char *headers[HEADERS_MAX + 2];
    char bearer[WIRE_TOKEN_SIZE + 32] = "Authorization: Bearer ";
    struct http_call with = *q;
    size_t n = 0;
    memcpy(bearer + strlen(bearer), l->token, strlen(l->token) + 1);
    headers[n++] = bearer;
    for (size_t i = 0; q->headers && q->headers[i] && n <= HEADERS_MAX; i++) headers[n++] = q->headers[i];
    headers[n] = NULL;
    with.headers = headers;
    int rc = l->peer->call(l->peer, &with, a);
    if (rc && a->fault) l->trouble = trouble_of(a->fault);
    return rc;
}

static int call_in_session(struct http *http, const struct http_call *q, struct http_answer *a)
{
    struct link *l = (struct link *)http;
    int rc = l->met ? 0 : link_meet(l);
    if (!rc) rc = call_with_token(l, q, a);
    if (rc || a->status != 401 || l->meeting) return rc;
    answer_again(a); /* it has expired, or the hub has started anew */
    rc = link_meet(l);
    return rc ? rc : call_with_token(l, q, a);
}

static void close_nothing(struct http *http)
{
    (void)http;
}

int link_refresh(struct link *l, int wait_seconds)
{
    struct http_answer a;
    http_answer_init(&a, WIRE_BODY_MAX);
    const char *path = wait_seconds ? arena_printf(&l->arena, "v1/state?wait=%d", wait_seconds) : "v1/state";
    int rc = path ? link_ask(l, &(struct http_call){.method = "GET", .path = path}, &a) : ERR_ROAD;
    if (!rc && wire_state_read(&l->state, &l->arena, a.body.data, a.body.len))
        rc = link_failed(l, LINK_BUSY, err_within(ERR_ROAD, "the hub's answer"));
    http_answer_release(&a);
    return rc;
}

int link_leave(struct link *l)
{
    struct http_answer a;
    struct backoff b = backoff_of(TRIES_TO_MEET);
    http_answer_init(&a, WIRE_BODY_MAX);
    int rc = ask(l, &l->http, &b, &(struct http_call){.method = "DELETE", .path = "v1/session"}, &a);
    http_answer_release(&a);
    return rc;
}

int link_ticket(struct link *l, struct arena *a, const char **out)
{
    struct http_answer answer;
    struct backoff b = backoff_of(TRIES_TO_MEET);
    http_answer_init(&answer, WIRE_BODY_MAX);
    int rc = ask(l, &l->http, &b, &(struct http_call){.method = "POST", .path = "v1/review"}, &answer);
    if (!rc) rc = wire_ticket_read(out, a, answer.body.data, answer.body.len);
    http_answer_release(&answer);
    return rc;
}

/* ---- evidence ---- */

static int take_into(void *ctx, const struct http_answer *a, const void *bytes, size_t len)
{
    (void)a;
    buf_add(ctx, bytes, len);
    return buf_error(ctx);
}

/* One piece: cut off in the middle, what has come of it is kept. */
static int fetch_piece(struct link *l, const char *path, uint64_t offset, size_t len, struct buf *out, struct http_answer *a)
{
    char range[64];
    const char *headers[] = {range, NULL};
    snprintf(range, sizeof range, "Range: bytes=%llu-%llu", (unsigned long long)(offset + out->len),
        (unsigned long long)(offset + len - 1));
    struct http_call q = {.method = "GET", .path = path, .headers = headers, .take = take_into, .ctx = out};
    uint64_t start = offset + out->len;
    int rc = l->http.call(&l->http, &q, a);
    bool told = a->status == 206 && a->range_start == start;
    bool whole = a->status == 200 && start == 0;
    if (a->status && a->status < 300 && !told && !whole) {
        buf_clear(out);
        return link_failed(l, LINK_BUSY, err_set(ERR_ROAD, "the hub hands out other bytes than were asked for"));
    }
    return rc;
}

int link_evidence(struct link *l, const char *case_name, const char *sha256, uint64_t offset, size_t len, struct buf *out)
{
    struct backoff b = link_backoff(l);
    const char *path = arena_printf(&l->arena, "v1/evidence/%s?case=%s", sha256, case_name);
    if (!path) return ERR_ROAD;
    for (;;) {
        struct http_answer a;
        size_t before = out->len;
        http_answer_init(&a, 64 << 10);
        int rc = fetch_piece(l, path, offset, len, out, &a);
        int status = a.status;
        bool passes = http_passes(&a), done = !rc && (status == 200 || status == 206);
        if (out->len > before) backoff_reset(&b);
        if (!rc && !done && status == 404)
            rc = err_set(ERR_MISSING, "the hub has no evidence %.12s… for this kit", sha256);
        else if (!rc && !done && (!passes || b.tries + 1 >= b.limit))
            rc = link_refused(l, &a);
        http_answer_release(&a);
        if (done || !passes || !backoff_wait(&b, HTTP_NOT_SAID)) return rc;
        if (out->len >= len) return 0;
        err_clear();
    }
}

/* ---- opening and closing ---- */

int link_over(struct link **out, struct http *http, const char *url, const struct link_party *party, int tries)
{
    struct link *l = calloc(1, sizeof *l);
    char *copy = malloc(strlen(url) + 1);
    if (!l || !copy) {
        http_close(http);
        free(l);
        free(copy);
        return err_memory();
    }
    memcpy(copy, url, strlen(url) + 1);
    *l = (struct link){.http = {call_in_session, close_nothing}, .peer = http, .url = copy, .party = *party,
        .tries = tries ? tries : TRIES, .stall_seconds = STALL_SECONDS};
    arena_init(&l->arena);
    map_init(&l->done);
    *out = l;
    return 0;
}

int link_open(struct link **out, const struct http_place *place, const struct link_party *party, int tries)
{
    struct http *http;
    int rc = http_curl(&http, place);
    if (!rc) rc = link_over(out, http, place->url, party, tries);
    if (!rc && place->stall_seconds) (*out)->stall_seconds = place->stall_seconds;
    return rc;
}

void link_close(struct link *l)
{
    if (!l) return;
    http_close(l->peer);
    map_release(&l->done);
    arena_release(&l->arena);
    wipe(l->token, sizeof l->token);
    free(l->url);
    free(l);
}
