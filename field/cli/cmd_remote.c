/* remote add | list | remove: places to sync with.
 *
 * Settings: remote.<name> is the folder or URL; trust.<name>, where it is a URL, {"ca":PEM|null,"pin":…|null,"plain":bool}. */
#include "cli.h"

#include <string.h>

#include "satchel/base/os.h"
#include "satchel/link/http.h"

#define PLACE_MAX 4096
#define TRUST_MAX ((size_t)1 << 20)

bool remote_is_url(const char *place)
{
    return strncmp(place, "http://", 7) == 0 || strncmp(place, "https://", 8) == 0;
}

static const char *setting_of(struct cli *c, const char *head, const char *name)
{
    return arena_printf(&c->arena, "%s.%s", head, name);
}

/* A setting's text in the command's arena; *out NULL where it is not set. */
static int read_setting(struct cli *c, const char *name, size_t max, const char **out)
{
    struct buf b;
    *out = NULL;
    if (!name) return err_memory();
    buf_init(&b, max);
    int r = store_setting(c->session->store, name, &b);
    if (!r && !(*out = arena_strdup(&c->arena, buf_str(&b)))) r = err_memory();
    if (r == ERR_MISSING) err_clear();
    buf_release(&b);
    return r == ERR_MISSING ? 0 : r;
}

int remote_load(struct cli *c, const char *name, struct remote *out)
{
    const char *trust;
    const struct jv *v = NULL;
    *out = (struct remote){.name = name};
    int r = read_setting(c, setting_of(c, "remote", name), PLACE_MAX, &out->place);
    if (!r && !out->place) return err_set(ERR_MISSING, "there is no remote '%s'; 'satchel remote list' lists them", name);
    if (!r) r = read_setting(c, setting_of(c, "trust", name), TRUST_MAX, &trust);
    if (!r && trust) r = json_parse(&v, &c->arena, trust, strlen(trust), 2, JSON_STRICT);
    if (r) return r;
    out->ca_pem = jv_get_str(v, "ca");
    out->pin = jv_get_str(v, "pin");
    out->plain = jv_get_bool(v, "plain");
    return 0;
}

static int trust_text(struct cli *c, const struct remote *r, struct buf *out)
{
    struct arena *a = &c->arena;
    struct jv *o = jv_object(a);
    int rc = jv_put_str(a, o, "ca", r->ca_pem);
    if (!rc) rc = jv_put_str(a, o, "pin", r->pin);
    if (!rc) rc = jv_put(a, o, "plain", jv_bool(a, r->plain));
    if (!rc) json_write(out, o);
    return rc ? rc : buf_error(out);
}

int remote_save(struct cli *c, const struct remote *r)
{
    struct buf trust;
    bool url = remote_is_url(r->place);
    const char *place = setting_of(c, "remote", r->name), *of = setting_of(c, "trust", r->name);
    if (!place || !of) return err_memory();
    buf_init(&trust, TRUST_MAX);
    int rc = url ? trust_text(c, r, &trust) : 0;
    if (!rc) rc = store_set_setting(c->session->store, of, url ? buf_str(&trust) : NULL);
    if (!rc) rc = store_set_setting(c->session->store, place, r->place);
    buf_release(&trust);
    return rc;
}

int remote_names(struct cli *c, const char ***out, size_t *len)
{
    const char *const *names;
    int r = store_settings(c->session->store, "remote.", &c->arena, &names, len);
    const char **list = r ? NULL : arena_alloc(&c->arena, (*len + 1) * sizeof *list);
    if (!r && !list) r = err_memory();
    for (size_t i = 0; !r && i < *len; i++) list[i] = names[i] + strlen("remote.");
    *out = list;
    return r;
}

/* ---- commands ---- */

/* Its text is kept: the file may be gone when it is needed. */
static int read_ca(struct cli *c, const char *path, const char **out)
{
    struct buf b;
    buf_init(&b, TRUST_MAX / 2);
    int r = file_read(path, &b);
    if (!r && !strstr(buf_str(&b), "-----BEGIN CERTIFICATE-----"))
        r = err_set(ERR_INPUT, "'%s' holds no certificate in PEM", path);
    if (!r && !(*out = arena_strdup(&c->arena, buf_str(&b)))) r = err_memory();
    buf_release(&b);
    return r;
}

static int read_url(struct cli *c, struct remote *r)
{
    const char *ca = cli_option(c, "ca");
    r->pin = cli_option(c, "pin");
    r->plain = cli_flag(c, "plain");
    int rc = http_check_place(&(struct http_place){.url = r->place, .pin = r->pin, .plain = r->plain});
    return rc || !ca ? rc : read_ca(c, ca, &r->ca_pem);
}

int cmd_remote_add(struct cli *c)
{
    struct remote remote = {.name = c->args[0], .place = c->args[1]};
    if (!case_name_valid(remote.name)) return err_set(ERR_USAGE, "'%s' is not a name: letters, digits and '-' only", remote.name);
    bool url = remote_is_url(remote.place);
    int r = url ? read_url(c, &remote) : 0;
    if (!url && (cli_option(c, "ca") || cli_option(c, "pin") || cli_flag(c, "plain")))
        return err_set(ERR_USAGE, "--ca, --pin and --plain are for an address that begins with https:// or http://");
    if (!url && !(remote.place = os_absolute(&c->arena, remote.place))) r = ERR_ROAD;
    if (!r) r = session_store(c->session);
    if (!r) r = remote_save(c, &remote);
    c->result = jv_string(&c->arena, remote.name);
    return r;
}

int cmd_remote_remove(struct cli *c)
{
    struct remote remote;
    int r = session_store(c->session);
    if (!r) r = remote_load(c, c->args[0], &remote);
    if (!r) r = store_set_setting(c->session->store, setting_of(c, "remote", remote.name), NULL);
    if (!r) r = store_set_setting(c->session->store, setting_of(c, "trust", remote.name), NULL);
    c->result = jv_string(&c->arena, c->args[0]);
    return r;
}

int cmd_remote_list(struct cli *c)
{
    const char **names;
    size_t len;
    int r = session_store(c->session);
    if (!r) r = remote_names(c, &names, &len);
    if (r) return r;
    struct jv *o = jv_object(&c->arena);
    for (size_t i = 0; i < len && !r; i++) {
        struct remote remote;
        r = remote_load(c, names[i], &remote);
        if (!r) r = jv_put_str(&c->arena, o, remote.name, remote.place);
        if (!r && !c->json) fprintf(c->out, "%-16s %s\n", remote.name, shown(c, remote.place));
    }
    c->result = o;
    return r;
}
