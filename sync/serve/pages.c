/* A browser in a kit's place: tickets, cookies, and who may ask with one. */
#include <stdio.h>
#include <string.h>

#include "parts.h"

#define TICKET_SECONDS 60
#define COOKIE "satchel-review="

/* ---- what a browser is told: these are no pages, but people may see them ---- */

static void say_headers(struct visit *v)
{
    http_say(v->request, "Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'");
    http_say(v->request, "Referrer-Policy", "no-referrer");
    http_say(v->request, "Cache-Control", "no-store");
}

/* The one that the page is in, or the browser's first. */
static void speak(struct visit *v)
{
    const char *wanted = http_header(v->request, "Accept-Language");
    enum language language = wanted && strncmp(wanted, "zh", 2) == 0 ? LANGUAGE_ZH : LANGUAGE_EN;
    if (wanted) text_language_of_thread(&language);
}

static bool refuse_browser(struct visit *v, int status, const char *text)
{
    say_headers(v);
    refuse(v, status, T(text));
    return false;
}

/* ---- the ticket ---- */

static bool give_ticket(struct serve *s, const char *token, const unsigned char ticket[SECRET_SIZE])
{
    pthread_mutex_lock(&s->lock);
    struct pass *p = pass_of(s, token, false);
    if (p) {
        memcpy(p->ticket, ticket, SECRET_SIZE);
        p->ticket_until = os_monotonic_seconds() + TICKET_SECONDS;
    }
    pthread_mutex_unlock(&s->lock);
    return p != NULL;
}

void ticket_close(struct visit *v)
{
    unsigned char secret[SECRET_SIZE];
    char hex[WIRE_TOKEN_SIZE] = "";
    struct buf b;
    buf_init(&b, WIRE_BODY_MAX);
    int rc = random_bytes(secret, sizeof secret);
    if (rc == 0) hex_write(hex, secret, sizeof secret);
    if (rc == 0) rc = wire_ticket_write(&b, hex);
    if (rc || give_ticket(v->serve, session_token(v), secret))
        answer_json(v, 200, rc, &b);
    else
        refuse(v, 401, N_("this session is not known here, or has ended"));
    buf_wipe(&b);
    wipe(secret, sizeof secret);
    wipe(hex, sizeof hex);
}

/* Under the lock. Each is compared, whichever it is. */
static struct pass *ticket_find(struct serve *s, const char *hex)
{
    unsigned char ticket[SECRET_SIZE];
    struct pass *found = NULL;
    double now = os_monotonic_seconds();
    if (strlen(hex) != 2 * SECRET_SIZE || !hex_read(ticket, hex, SECRET_SIZE)) return NULL;
    for (size_t i = 0; i < PASSES_MOST; i++) {
        struct pass *p = &s->passes[i];
        if (same_bytes(p->ticket, ticket, SECRET_SIZE) && p->ticket_until > now && p->until > now) found = p;
    }
    return found;
}

/* The session goes over to the browser. False: there is no such ticket. */
static bool take_ticket(struct serve *s, const char *hex, const unsigned char secret[SECRET_SIZE], struct pass *out)
{
    double now = os_monotonic_seconds();
    pthread_mutex_lock(&s->lock);
    struct pass *p = ticket_find(s, hex);
    if (p) {
        wipe(p->ticket, sizeof p->ticket);
        p->ticket_until = 0;
        memcpy(p->secret, secret, SECRET_SIZE);
        p->entered = true;
        p->until = now + s->o.session_seconds;
        p->last = now + PAGES_HOURS * 3600.0;
        *out = *p;
    }
    pthread_mutex_unlock(&s->lock);
    return p != NULL;
}

/* ---- who asks ---- */

/* The host of an address: "https://hub.example:8443" → "hub.example:8443". */
static bool is_of_host(const char *origin, const char *host)
{
    const char *at = strstr(origin, "://");
    return at && host && strcmp(at + 3, host) == 0;
}

/* Neither the cookie's path nor the place it leads to is said: both follow from the address as the browser has it, which a proxy
 * may have begun with a path of its own. Behind a proxy the host is the public name, whatever that is: so the origin must be that of the request itself. A page may be
 * opened by its address; what pages ask for comes from pages. */
static bool comes_from_here(struct visit *v, bool page)
{
    const char *site = http_header(v->request, "Sec-Fetch-Site"), *origin = http_header(v->request, "Origin");
    bool opened = page && site && strcmp(site, "none") == 0;
    if (site && strcmp(site, "same-origin") != 0 && !opened) return false;
    return !origin || is_of_host(origin, http_header(v->request, "Host"));
}

static bool is_secure(const struct visit *v)
{
    const char *before = v->serve->o.behind_proxy ? http_header(v->request, "X-Forwarded-Proto") : NULL;
    return v->serve->o.cert || (before && strcmp(before, "https") == 0);
}

void enter_close(struct visit *v)
{
    unsigned char secret[SECRET_SIZE];
    char hex[WIRE_TOKEN_SIZE], cookie[WIRE_TOKEN_SIZE + 128];
    struct pass pass = {.until = 0};
    const char *ticket = http_query(v->request, "ticket");
    speak(v);
    if (!comes_from_here(v, true)) {
        (void)refuse_browser(v, 403, N_("another page asked for this; it is refused"));
        return;
    }
    if (random_bytes(secret, sizeof secret) || !ticket || !take_ticket(v->serve, ticket, secret, &pass)) {
        (void)refuse_browser(v, 403, N_("this address has been used, or is older than a minute; 'satchel review' opens a new one"));
        return;
    }
    memcpy(v->kit, pass.kit, KIT_ID_SIZE);
    if (session_standing(v, pass.kit, pass.key)) {
        hex_write(hex, secret, sizeof secret);
        snprintf(cookie, sizeof cookie, COOKIE "%s; HttpOnly; SameSite=Strict%s", hex, is_secure(v) ? "; Secure" : "");
        http_say(v->request, "Set-Cookie", cookie);
        http_say(v->request, "Location", "./");
        say_headers(v);
        http_answer(v->request, 303, NULL, "", 0);
    }
    wipe(&pass, sizeof pass);
    wipe(secret, sizeof secret);
    wipe(cookie, sizeof cookie);
}

/* ---- the cookie ---- */

/* Under the lock. It may be sent more than once, another server of the name sets it, too: one that is right does. */
static struct pass *cookie_find(struct serve *s, const char *cookies)
{
    char hex[WIRE_TOKEN_SIZE];
    size_t name = strlen(COOKIE);
    for (const char *at = cookies; at && *at;) {
        at += strspn(at, "; ");
        size_t len = strcspn(at, ";");
        if (len == name + 2 * SECRET_SIZE && strncmp(at, COOKIE, name) == 0) {
            memcpy(hex, at + name, 2 * SECRET_SIZE);
            hex[2 * SECRET_SIZE] = '\0';
            struct pass *p = pass_of(s, hex, true);
            if (p) return p;
        }
        at += len;
    }
    return NULL;
}

/* Whoever goes on reading stays in. */
static bool cookie_use(struct serve *s, const char *cookies, struct pass *out)
{
    pthread_mutex_lock(&s->lock);
    struct pass *p = cookie_find(s, cookies);
    if (p) {
        double until = os_monotonic_seconds() + s->o.session_seconds;
        p->until = until < p->last ? until : p->last;
        *out = *p;
    }
    pthread_mutex_unlock(&s->lock);
    return p != NULL;
}

bool pages_check(struct visit *v)
{
    static const char api[] = PAGES_PATH "/api/";
    struct pass pass;
    bool page = strncmp(http_path(v->request), api, sizeof api - 1) != 0;
    speak(v);
    if (!comes_from_here(v, page)) return refuse_browser(v, 403, N_("another page asked for this; it is refused"));
    if (!cookie_use(v->serve, http_header(v->request, "Cookie"), &pass))
        return refuse_browser(v, 401, N_("these pages are closed, or have been left for too long; 'satchel review' opens them"));
    memcpy(v->kit, pass.kit, KIT_ID_SIZE);
    bool good = session_standing(v, pass.kit, pass.key);
    wipe(&pass, sizeof pass);
    return good;
}
