/* Who may ask what: a request's own words against the door that this program has opened. Pure. */
#include "parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "satchel/base/crypto.h"
#include "satchel/base/text.h"

/* ---- rows ---- */

static bool row_has(const struct ui_route *r, const char *path)
{
    size_t n = strlen(r->path);
    if (r->path[n - 1] == '*') return strncmp(r->path, path, n - 1) == 0 && path[n - 1];
    return strcmp(r->path, path) == 0;
}

static bool row_answers(const struct ui_route *r, const char *method)
{
    return strcmp(r->method, strcmp(method, "HEAD") == 0 ? "GET" : method) == 0;
}

void ui_allowed(struct buf *out, const char *path)
{
    for (size_t i = 0; i < ui_routes_len; i++)
        if (row_has(&ui_routes[i], path)) buf_addf(out, "%s%s", out->len ? ", " : "", ui_routes[i].method);
}

static const struct ui_route *find_row(const char *method, const char *path, bool *other_method)
{
    *other_method = false;
    for (size_t i = 0; i < ui_routes_len; i++) {
        if (!row_has(&ui_routes[i], path)) continue;
        if (row_answers(&ui_routes[i], method)) return &ui_routes[i];
        *other_method = true;
    }
    return NULL;
}

/* ---- who ---- */

static bool is_reading(const char *method)
{
    return strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0;
}

static bool is_ours(const char *text, const char *before, unsigned port)
{
    char ours[64];
    snprintf(ours, sizeof ours, "%s127.0.0.1:%u", before, port);
    return text && strcmp(text, ours) == 0;
}

/* The cookie may be sent more than once: another path, or a server of this machine that sets it, too. One that is right does. */
bool door_has_cookie(const struct ui_door *d, const char *cookies)
{
    char name[32];
    int n = snprintf(name, sizeof name, "satchel-%u=", d->port);
    for (const char *at = cookies; at && *at;) {
        at += strspn(at, "; ");
        size_t len = strcspn(at, ";");
        if (len == (size_t)n + UI_SECRET_SIZE - 1 && memcmp(at, name, (size_t)n) == 0 &&
            same_bytes(at + n, d->cookie, UI_SECRET_SIZE - 1))
            return true;
        at += len;
    }
    return false;
}

static bool is_page(const char *path)
{
    return strncmp(path, "/api/", 5) != 0;
}

static const char *foreign(const struct ui_door *d, const struct ui_asked *q)
{
    bool opened = q->site && strcmp(q->site, "none") == 0 && is_reading(q->method) && is_page(q->path);
    if (!is_ours(q->host, "", d->port)) return N_("this is not the address of these pages");
    if (q->site && strcmp(q->site, "same-origin") != 0 && !opened) return N_("another page asked for this; it is refused");
    if (q->origin && !is_ours(q->origin, "http://", d->port)) return N_("another page asked for this; it is refused");
    if (!q->origin && !is_reading(q->method)) return N_("whoever changes something must say where it comes from");
    return NULL;
}

/* ---- what ---- */

static bool has_type(const char *type, const char *wanted)
{
    size_t n = strlen(wanted);
    return type && strncmp(type, wanted, n) == 0 && (type[n] == '\0' || type[n] == ';');
}

static int judge_body(const struct ui_route *r, const struct ui_asked *q, const char **why)
{
    static const char *const types[] = {[UI_JSON] = "application/json", [UI_BYTES] = "application/octet-stream"};
    char *end;
    bool empty = !q->length || strcmp(q->length, "0") == 0;
    *why = N_("a body needs its length");
    if (q->encoding) return 411;
    if (r->body == UI_NOTHING && empty) return 0;
    if (r->body != UI_NOTHING && !q->length) return 411;
    uint64_t length = strtoull(q->length, &end, 10);
    *why = N_("this is larger than what can be taken here");
    if (*end || *q->length < '0' || *q->length > '9' || length > r->body_max) return 413;
    *why = N_("this is not of the type that is taken here");
    return has_type(q->type, types[r->body]) ? 0 : 415;
}

int ui_judge(const struct ui_door *d, const struct ui_asked *q, const struct ui_route **route, const char **why)
{
    bool other_method;
    *why = foreign(d, q);
    if (*why) return 403;
    *route = find_row(q->method, q->path, &other_method);
    bool entering = *route && (*route)->does == UI_ENTER;
    *why = N_("open these pages by the address that 'satchel ui' shows");
    if (!entering && !door_has_cookie(d, q->cookie)) return 403;
    *why = N_("this is not done by that method");
    if (!*route && (other_method || (is_page(q->path) && !is_reading(q->method)))) return 405;
    *why = N_("there is no such page");
    if (!*route) return is_page(q->path) ? 0 : 404;
    return judge_body(*route, q, why);
}

/* ---- ranges ---- */

static bool read_number(const char **at, uint64_t *out)
{
    char *end;
    if (**at < '0' || **at > '9') return false;
    *out = strtoull(*at, &end, 10);
    *at = end;
    return true;
}

/* What is no single run of bytes is as if it were not there (RFC 9110, 14.2). */
int ui_range(const char *header, uint64_t size, uint64_t *from, uint64_t *len)
{
    uint64_t first, last;
    if (!header || strncmp(header, "bytes=", 6) != 0 || strchr(header, ',')) return 0;
    const char *at = header + 6;
    if (*at == '-') { /* the last so many */
        at++;
        if (!read_number(&at, &last) || *at) return 0;
        if (last == 0 || size == 0) return 416;
        *len = last < size ? last : size;
        *from = size - *len;
        return 206;
    }
    if (!read_number(&at, &first) || *at++ != '-') return 0;
    if (!*at) last = UINT64_MAX;
    else if (!read_number(&at, &last) || *at || last < first) return 0;
    if (first >= size) return 416;
    *from = first;
    *len = (last < size ? last + 1 : size) - first;
    return 206;
}
