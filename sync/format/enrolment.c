/* Requests and enrolments: a signed line of JSON, and for an enrolment the register's entry lines behind it.
 *
 * Bytes: LINE "\n" ARMOR [ENTRY-LINE "\n"]…, where LINE is canonical JSON and ARMOR the SSHSIG over LINE without its
 * newline, from "-----BEGIN SSH SIGNATURE-----" to the newline after "-----END SSH SIGNATURE-----". */
#include "satchel/format/enrolment.h"

#include <string.h>

#include "satchel/format/age.h"

#define LINE_MAX_DEPTH 2
#define LINE_MAX_VALUES 19
#define URL_MAX_BYTES 1024
#define ARMOR_END "-----END SSH SIGNATURE-----\n"

/* ---- the signed line that both begin with ---- */

static int signed_line_write(struct buf *out, const struct jv *line, const char *ns, const struct signer *by)
{
    unsigned char sig[SIGNATURE_SIZE];
    size_t start = out->len;
    json_write(out, line);
    int r = buf_error(out);
    if (!r) r = sshsig_sign(sig, by, ns, out->data + start, out->len - start);
    if (r) return r;
    buf_addc(out, '\n');
    sshsig_armor(out, sig, by->public_key, ns);
    return buf_error(out);
}

/* Parses the line and checks its signature and canonical form; *rest is what follows the armor. */
static int signed_line_read(const struct jv **line, unsigned char key[KEY_SIZE], const char **rest, struct arena *a,
    const char *ns, const char *bytes, size_t len)
{
    unsigned char sig[SIGNATURE_SIZE];
    const char *newline = memchr(bytes, '\n', len);
    if (!newline) return err_set(ERR_INPUT, "this is not a request or enrolment: no signed line");
    const char *armor = newline + 1, *end = NULL;
    size_t left = len - (size_t)(armor - bytes), n = strlen(ARMOR_END);
    for (size_t i = 0; i + n <= left && !end; i++)
        if (memcmp(armor + i, ARMOR_END, n) == 0) end = armor + i + n;
    if (!end) return err_set(ERR_INPUT, "this is not a request or enrolment: no signature");

    size_t line_len = (size_t)(newline - bytes);
    int r = sshsig_armor_read(sig, key, ns, armor, (size_t)(end - armor));
    if (r) return r;
    if (!sshsig_good(sig, key, ns, bytes, line_len))
        return err_set(ERR_INPUT, "the signature does not fit: the file was changed; ask for it again");
    *rest = end;
    return json_parse_canonical(line, a, bytes, line_len, LINE_MAX_DEPTH, LINE_MAX_VALUES);
}

static int put_key(struct arena *a, struct jv *o, const char *name, const unsigned char public_key[KEY_SIZE])
{
    struct buf b;
    buf_init(&b, 256);
    ssh_key_line_write(&b, public_key, NULL);
    int r = buf_error(&b);
    if (!r) r = jv_put_str(a, o, name, buf_str(&b));
    buf_release(&b);
    return r;
}

static int put_recipient(struct arena *a, struct jv *o, const unsigned char point[KEY_SIZE])
{
    char text[AGE_RECIPIENT_SIZE];
    age_recipient_write(text, point);
    return jv_put_str(a, o, "recipient", text);
}

static int get_str(const char **out, const struct jv *o, const char *name)
{
    *out = jv_get_str(o, name);
    return *out ? 0 : err_set(ERR_INPUT, "'%s' is missing in the signed line", name);
}

static int get_key(unsigned char key[KEY_SIZE], const struct jv *o, const char *name)
{
    const char *s;
    int r = get_str(&s, o, name);
    return r ? r : ssh_key_line_read(key, s);
}

static int get_recipient(unsigned char point[KEY_SIZE], const struct jv *o)
{
    const char *s;
    int r = get_str(&s, o, "recipient");
    return r ? r : age_recipient_read(point, s);
}

static int check_format(const struct jv *line, const char *format)
{
    const char *s = jv_get_str(line, "format");
    if (s && strcmp(s, format) == 0) return 0;
    return err_set(ERR_INPUT, "this is not a '%s' file", format);
}

static int check_kit(const char *kit, const unsigned char public_key[KEY_SIZE])
{
    char id[KIT_ID_SIZE];
    kit_id_of(id, public_key);
    if (strcmp(kit, id) == 0) return 0;
    return err_set(ERR_INPUT, "the kit '%s' is not that of the key, which is '%s'", kit, id);
}

/* ---- request ---- */

int request_write(struct buf *out, const struct request *r, const struct signer *by)
{
    struct arena a;
    arena_init(&a);
    struct jv *line = jv_object(&a);
    int rc = jv_put_str(&a, line, "at", r->at);
    if (!rc) rc = jv_put_str(&a, line, "email", r->email);
    if (!rc) rc = jv_put_str(&a, line, "format", "satchel request 1");
    if (!rc) rc = put_key(&a, line, "key", r->public_key);
    if (!rc) rc = jv_put_str(&a, line, "kit", r->kit);
    if (!rc) rc = jv_put_str(&a, line, "name", r->name);
    if (!rc) rc = put_recipient(&a, line, r->recipient);
    if (!rc) rc = signed_line_write(out, line, NAMESPACE_REQUEST, by);
    arena_release(&a);
    return rc;
}

int request_read(struct request *out, struct arena *a, const void *bytes, size_t len)
{
    const struct jv *line;
    const char *rest;
    unsigned char signer[KEY_SIZE];
    struct request r = {0};
    int rc = signed_line_read(&line, signer, &rest, a, NAMESPACE_REQUEST, bytes, len);
    if (!rc) rc = check_format(line, "satchel request 1");
    if (!rc) rc = get_str(&r.at, line, "at");
    if (!rc) rc = get_str(&r.email, line, "email");
    if (!rc) rc = get_str(&r.name, line, "name");
    if (!rc) rc = get_str(&r.kit, line, "kit");
    if (!rc) rc = get_key(r.public_key, line, "key");
    if (!rc) rc = get_recipient(r.recipient, line);
    if (!rc) rc = check_kit(r.kit, r.public_key);
    if (rc) return rc;
    if (!same_bytes(signer, r.public_key, KEY_SIZE))
        return err_set(ERR_INPUT, "the request is not signed by the key it carries");
    if (rest != (const char *)bytes + len) return err_set(ERR_INPUT, "the request has bytes after its signature");
    if (line->len != 7) return err_set(ERR_INPUT, "the request has members that are not known here");
    *out = r;
    return 0;
}

/* ---- enrolment ---- */

static int64_t count_lines(const char *s, size_t len)
{
    int64_t n = 0;
    for (size_t i = 0; i < len; i++) n += s[i] == '\n';
    return n;
}

static void hash_lines(char out[SHA256_HEX], const char *s, size_t len)
{
    unsigned char hash[SHA256_SIZE];
    sha256(hash, s, len);
    hex_write(out, hash, sizeof hash);
}

static int put_remote(struct arena *a, struct jv *line, const struct enrolment *e)
{
    struct jv *remote = jv_object(a);
    if (!e->url) return 0;
    int rc = jv_put_str(a, remote, "pin", e->pin);
    if (!rc) rc = jv_put_str(a, remote, "url", e->url);
    return rc ? rc : jv_put(a, line, "remote", remote);
}

/* Older files have none; *members is how many the line has with it or without. */
static int get_remote(struct enrolment *e, const struct jv *line, size_t *members)
{
    const struct jv *remote = jv_get(line, "remote"), *pin = jv_get(remote, "pin");
    *members = remote ? 9 : 8;
    if (!remote) return 0;
    e->url = jv_get_str(remote, "url");
    e->pin = jv_str(pin);
    bool known = remote->type == JV_OBJECT && remote->len == 2 && pin && (e->pin || pin->type == JV_NULL);
    if (known && e->url && *e->url && strlen(e->url) <= URL_MAX_BYTES && (!e->pin || strlen(e->pin) <= URL_MAX_BYTES)) return 0;
    return err_set(ERR_INPUT, "the enrolment's address of the hub is malformed");
}

int enrolment_write(struct buf *out, const struct enrolment *e, const struct signer *by)
{
    struct arena a;
    char hash[SHA256_HEX];
    arena_init(&a);
    hash_lines(hash, e->lines, e->lines_len);
    struct jv *line = jv_object(&a), *hub = jv_object(&a);
    int rc = put_key(&a, hub, "key", e->hub_key);
    if (!rc) rc = jv_put_str(&a, hub, "name", e->hub_name);
    if (!rc) rc = put_recipient(&a, hub, e->hub_recipient);
    if (!rc) rc = jv_put_str(&a, line, "at", e->at);
    if (!rc) rc = jv_put_str(&a, line, "by", e->by);
    if (!rc) rc = jv_put_str(&a, line, "for", e->for_kit);
    if (!rc) rc = jv_put_str(&a, line, "format", "satchel enrolment 1");
    if (!rc) rc = jv_put(&a, line, "hub", hub);
    if (!rc) rc = jv_put_int(&a, line, "lines", count_lines(e->lines, e->lines_len));
    if (!rc) rc = put_remote(&a, line, e);
    if (!rc) rc = put_key(&a, line, "root", e->root);
    if (!rc) rc = jv_put_str(&a, line, "sha256", hash);
    if (!rc) rc = signed_line_write(out, line, NAMESPACE_ENROLMENT, by);
    if (!rc) {
        buf_add(out, e->lines, e->lines_len);
        rc = buf_error(out);
    }
    arena_release(&a);
    return rc;
}

int enrolment_read(struct enrolment *out, struct arena *a, const void *bytes, size_t len)
{
    const struct jv *line;
    const char *sum;
    char hash[SHA256_HEX];
    size_t members;
    struct enrolment e = {0};
    int rc = signed_line_read(&line, e.by_key, &e.lines, a, NAMESPACE_ENROLMENT, bytes, len);
    if (rc) return rc;
    const struct jv *hub = jv_get(line, "hub");
    rc = check_format(line, "satchel enrolment 1");
    if (!rc) rc = get_str(&e.at, line, "at");
    if (!rc) rc = get_str(&e.by, line, "by");
    if (!rc) rc = get_str(&e.for_kit, line, "for");
    if (!rc) rc = get_str(&sum, line, "sha256");
    if (!rc) rc = get_str(&e.hub_name, hub, "name");
    if (!rc) rc = get_key(e.hub_key, hub, "key");
    if (!rc) rc = get_recipient(e.hub_recipient, hub);
    if (!rc) rc = get_key(e.root, line, "root");
    if (!rc) rc = get_remote(&e, line, &members);
    if (!rc) rc = check_kit(e.by, e.by_key);
    if (rc) return rc;
    if (!kit_id_valid(e.for_kit)) return err_set(ERR_INPUT, "'%s' is not a kit id", e.for_kit);
    e.lines_len = len - (size_t)(e.lines - (const char *)bytes);
    hash_lines(hash, e.lines, e.lines_len);
    if (strcmp(hash, sum) != 0 || jv_get_int(line, "lines", -1) != count_lines(e.lines, e.lines_len))
        return err_set(ERR_INPUT, "the enrolment's register is cut or changed; ask for the file again");
    if (line->len != members || hub->len != 3)
        return err_set(ERR_INPUT, "the enrolment has members that are not known here");
    *out = e;
    return 0;
}

void fingerprint_spoken(char out[30], const unsigned char public_key[KEY_SIZE])
{
    unsigned char wire[SSH_WIRE_KEY_SIZE], hash[SHA256_SIZE];
    ssh_key_wire(wire, public_key);
    sha256(hash, wire, sizeof wire);
    for (int i = 0; i < 6; i++) {
        int n = ((hash[2 * i] << 8) | hash[2 * i + 1]) % 10000;
        char *at = out + 5 * i;
        for (int d = 3; d >= 0; d--, n /= 10) at[d] = (char)('0' + n % 10);
        at[4] = i < 5 ? ' ' : '\0';
    }
}
