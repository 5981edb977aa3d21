/* Addresses of mirrors. The password is taken out of the address before anything else can see it. */
#include "satchel/link/mirror.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "mirror_store.h"

#define S3_PREFIX "s3+"

static bool starts(const char *s, const char *with)
{
    return strncasecmp(s, with, strlen(with)) == 0;
}

/* Blanks and control characters have no business in an address. */
static bool is_clean(const char *s)
{
    for (; *s; s++)
        if ((unsigned char)*s <= ' ' || *s == 0x7f) return false;
    return true;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

const char *mirror_decoded(struct arena *a, const char *s, size_t len)
{
    char *out = arena_alloc(a, len + 1);
    size_t n = 0;
    for (size_t i = 0; out && i < len; i++) {
        int high = s[i] == '%' && i + 2 < len ? hex_digit(s[i + 1]) : -1;
        int low = high >= 0 ? hex_digit(s[i + 2]) : -1;
        if (low >= 0) {
            out[n++] = (char)(high * 16 + low);
            i += 2;
        } else {
            out[n++] = s[i];
        }
    }
    return out;
}

static int bad(const char *address)
{
    return err_set(ERR_INPUT, "'%s' is no address that a mirror can have", address);
}

/* user[:password]@ before the host; *rest is what follows. */
static int take_user(struct mirror_place *p, struct arena *a, const char *authority, const char **rest)
{
    size_t len = strcspn(authority, "/?#");
    const char *at = NULL;
    for (size_t i = 0; i < len; i++)
        if (authority[i] == '@') at = authority + i;
    *rest = at ? at + 1 : authority;
    if (!at) return 0;
    const char *colon = memchr(authority, ':', (size_t)(at - authority));
    p->user = mirror_decoded(a, authority, (size_t)((colon ? colon : at) - authority));
    if (colon) p->password = mirror_decoded(a, colon + 1, (size_t)(at - colon - 1));
    return p->user && (!colon || p->password) ? 0 : ERR_ROAD;
}

static const char *without_end_slashes(struct arena *a, const char *s)
{
    size_t len = strlen(s);
    while (len > 0 && s[len - 1] == '/') len--;
    return arena_strndup(a, s, len);
}

static int read_http(struct mirror_place *p, struct arena *a, const char *address)
{
    const char *rest, *scheme = starts(address, "https") ? "https://" : "http://";
    int rc = take_user(p, a, address + strlen(scheme), &rest);
    if (rc) return rc;
    size_t host = strcspn(rest, "/?#");
    if (host == 0 || strpbrk(rest, "?#")) return err_set(ERR_INPUT, "an address of a mirror has a host, and no '?' or '#'");
    const char *url = arena_printf(a, "%s%s", scheme, rest);
    p->url = url ? without_end_slashes(a, url) : NULL;
    p->origin = arena_printf(a, "%s%.*s", scheme, (int)host, rest);
    p->shown = p->url;
    if (!p->url || !p->origin) return ERR_ROAD;
    if (web_url_private(p->url)) return 0;
    return err_set(ERR_INPUT, "'%s' is no https address; over plain HTTP anybody could read along", p->url);
}

static int read_s3(struct mirror_place *p, struct arena *a, const char *address)
{
    int rc = read_http(p, a, address + strlen(S3_PREFIX));
    if (rc) return rc;
    if (strlen(p->url) <= strlen(p->origin) + 1) return err_set(ERR_INPUT, "'%s' names no bucket", p->url);
    p->shown = arena_printf(a, S3_PREFIX "%s", p->url);
    return p->shown ? 0 : ERR_ROAD;
}

static bool ssh_good(const struct mirror_place *p)
{
    return p->host && *p->host && *p->host != '-' && p->path && *p->path && (!p->user || (*p->user && *p->user != '-')) &&
           (!p->port || (*p->port && strspn(p->port, "0123456789") == strlen(p->port)));
}

/* ssh://[user@]host[:port]/path, and "/~/path" below the home. */
static int read_ssh(struct mirror_place *p, struct arena *a, const char *address)
{
    const char *rest;
    int rc = take_user(p, a, address + strlen("ssh://"), &rest);
    if (rc) return rc;
    if (p->password) return err_set(ERR_INPUT, "ssh takes no password from an address; use a key");
    size_t host = *rest == '[' ? strcspn(rest, "]") + 1 : strcspn(rest, ":/");
    size_t port = rest[host] == ':' ? strcspn(rest + host + 1, "/") : 0;
    bool bracket = *rest == '[';
    p->host = arena_strndup(a, rest + bracket, host - 2 * (size_t)bracket);
    if (port) p->port = arena_strndup(a, rest + host + 1, port);
    const char *path = rest + strcspn(rest, "/");
    p->path = arena_strdup(a, starts(path, "/~") ? path + 1 : path);
    p->shown = arena_strdup(a, address);
    return !p->host || !p->path || !p->shown ? ERR_ROAD : ssh_good(p) ? 0 : bad(address);
}

/* [user@]host:path */
static int read_scp(struct mirror_place *p, struct arena *a, const char *address)
{
    const char *colon = strchr(address, ':'), *at = memchr(address, '@', (size_t)(colon - address));
    if (at) p->user = arena_strndup(a, address, (size_t)(at - address));
    const char *host = at ? at + 1 : address;
    p->host = arena_strndup(a, host, (size_t)(colon - host));
    p->path = arena_strdup(a, colon + 1);
    p->shown = arena_strdup(a, address);
    return !p->host || !p->path || !p->shown || (at && !p->user) ? ERR_ROAD : ssh_good(p) ? 0 : bad(address);
}

static int read_folder(struct mirror_place *p, struct arena *a, const char *path)
{
    struct file_info info;
    int rc = os_stat(&info, path);
    if (rc == ERR_MISSING || (rc == 0 && !info.is_folder))
        return err_set(ERR_ROAD, "there is no folder '%s': is its medium in?", path);
    p->url = rc ? NULL : os_absolute(a, path);
    p->shown = p->url;
    return rc ? rc : p->url ? 0 : ERR_ROAD;
}

/* "host:path", but not "C:\path" nor "./a:b". */
static bool is_scp(const char *s)
{
    const char *colon = strchr(s, ':'), *slash = strpbrk(s, "/\\");
    return colon && colon > s + 1 && (!slash || colon < slash);
}

int mirror_place_read(struct mirror_place *out, struct arena *a, const char *address)
{
    static const struct {
        const char *prefix;
        enum mirror_kind kind;
        int (*read)(struct mirror_place *p, struct arena *a, const char *address);
        size_t skip;
    } kinds[] = {{"https://", MIRROR_HTTP, read_http, 0}, {"http://", MIRROR_HTTP, read_http, 0},
        {S3_PREFIX "https://", MIRROR_S3, read_s3, 0}, {S3_PREFIX "http://", MIRROR_S3, read_s3, 0},
        {"ssh://", MIRROR_SSH, read_ssh, 0}, {"file:///", MIRROR_FOLDER, read_folder, 7}};
    struct mirror_place p = {0};
    if (!*address) return bad(address);
    if (strstr(address, "://") && !is_clean(address)) /* which may hold a password: it is not shown */
        return err_set(ERR_INPUT, "the address of a mirror has no blanks and no control characters");
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (!starts(address, kinds[i].prefix)) continue;
        p.kind = kinds[i].kind;
        int rc = kinds[i].read(&p, a, address + kinds[i].skip);
        if (rc == 0) *out = p;
        return rc;
    }
    if (strstr(address, "://"))
        return err_set(ERR_INPUT, "a mirror is reached by https, ssh, s3+https or as a folder, not by '%.*s'",
            (int)strcspn(address, ":"), address);
    p.kind = is_scp(address) ? MIRROR_SSH : MIRROR_FOLDER;
    int rc = p.kind == MIRROR_SSH ? read_scp(&p, a, address) : read_folder(&p, a, address);
    if (rc == 0) *out = p;
    return rc;
}

int mirror_road(struct road **out, const struct mirror_place *place, const struct mirror_options *o)
{
    *out = NULL;
    if (place->kind == MIRROR_HTTP) return http_road(out, place, o);
    if (place->kind == MIRROR_SSH) return ssh_road(out, place, o);
    if (place->kind == MIRROR_FOLDER) return 0;
    return err_set(ERR_INPUT, "'%s' is a store for evidence, not a repository", place->shown);
}

/* ---- credentials ---- */

const char *mirror_netrc(struct arena *a, const struct mirror_options *o)
{
    const char *home = getenv("HOME"), *named = o->netrc ? o->netrc : getenv("NETRC");
    if (named && *named) return named;
    return home && *home ? path_join(a, home, ".netrc") : NULL;
}

void mirror_credentials(struct web_request *r, const struct mirror_place *place, const char *netrc)
{
    r->user = place->user;
    r->password = place->password;
    r->netrc = netrc;
}
