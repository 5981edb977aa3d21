/* Git's objects.
 *
 * An object's id is the SHA-1 of "<kind> <decimal length>", a NUL, and its bytes.
 *
 *   tree    items one after another: mode in octal without leading zeros ("100644" a file, "40000" a folder),
 * a blank, the name, a NUL, the 20 bytes of the id; sorted by name as if folders' names ended in '/' commit
 * "tree <hex>", "parent <hex>" (none in a branch's first), "author <name> <<email>> <seconds> <+hhmm>",
 *           "committer …", each a line; a hub's own commit also has "gpgsig <armored SSHSIG>", each further
 * line of the armor begun by a blank; an empty line; the message. What gpgsig signs are the bytes without
 * that header, in the namespace "git". */
#include "object.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "satchel/replica/state.h"

#define TREE_NAME_MAX 255

bool oid_equal(const struct oid *a, const struct oid *b)
{
    return memcmp(a->bytes, b->bytes, OID_SIZE) == 0;
}

void oid_write(char out[OID_HEX], const struct oid *id)
{
    hex_write(out, id->bytes, OID_SIZE);
}

bool oid_read(struct oid *out, const char *hex)
{
    return strlen(hex) >= OID_HEX - 1 && hex_read(out->bytes, hex, OID_SIZE);
}

void object_id(struct oid *out, struct digest *sha1, enum object_kind kind, const void *bytes, size_t len)
{
    static const char *const names[] = {
        [OBJECT_COMMIT] = "commit", [OBJECT_TREE] = "tree", [OBJECT_BLOB] = "blob"};
    char head[32];
    int head_len = snprintf(head, sizeof head, "%s %zu", names[kind], len);
    digest_add(sha1, head, (size_t)head_len + 1);
    digest_add(sha1, bytes, len);
    digest_end(sha1, out->bytes);
}

/* ---- trees ---- */

void tree_item_write(struct buf *out, const struct tree_item *item)
{
    buf_adds(out, item->folder ? "40000 " : "100644 ");
    buf_add(out, item->name, strlen(item->name) + 1);
    buf_add(out, item->id.bytes, OID_SIZE);
}

/* The length of a mode with its blank; 0: neither a plain file nor a folder. */
static size_t read_mode(bool *folder, const unsigned char *at, size_t len)
{
    static const char file[] = "100644 ", tree[] = "40000 ";
    *folder = len >= sizeof tree && memcmp(at, tree, sizeof tree - 1) == 0;
    if (*folder) return sizeof tree - 1;
    return len >= sizeof file && memcmp(at, file, sizeof file - 1) == 0 ? sizeof file - 1 : 0;
}

int tree_item_read(struct tree_item *out, const unsigned char *bytes, size_t len, size_t *at)
{
    if (*at == len) return 0;
    size_t mode = read_mode(&out->folder, bytes + *at, len - *at);
    const unsigned char *name = bytes + *at + mode;
    size_t left = len - *at - mode;
    const unsigned char *end = mode ? memchr(name, '\0', left) : NULL;
    size_t name_len = end ? (size_t)(end - name) : 0;
    if (name_len == 0 || name_len > TREE_NAME_MAX || memchr(name, '/', name_len) ||
        left - name_len - 1 < OID_SIZE)
        return err_set(ERR_DAMAGED, "a tree of the repository holds what no hub writes");
    out->name = (const char *)name;
    memcpy(out->id.bytes, end + 1, OID_SIZE);
    *at += mode + name_len + 1 + OID_SIZE;
    return 1;
}

int tree_item_order(const char *a, bool a_folder, const char *b, bool b_folder)
{
    size_t i = 0;
    while (a[i] && a[i] == b[i]) i++;
    int x = a[i] ? (unsigned char)a[i] : a_folder ? '/' : 0;
    int y = b[i] ? (unsigned char)b[i] : b_folder ? '/' : 0;
    return x - y;
}

/* ---- writing commits ---- */

/* Git ends a name at '<' and an address at '>'; blanks at the ends would not read back. */
static void add_plain(struct buf *out, const char *text, const char *fallback)
{
    struct buf shown;
    buf_init(&shown, BUF_UNLIMITED);
    buf_add_shown(&shown, text, strlen(text));
    const char *s = buf_str(&shown);
    size_t before = out->len;
    for (s += strspn(s, " "); *s; s++)
        if (*s != '<' && *s != '>') buf_addc(out, *s);
    while (out->len > before && out->data[out->len - 1] == ' ') out->data[--out->len] = '\0';
    if (out->len == before) buf_adds(out, fallback);
    if (shown.error && !out->error) out->error = shown.error;
    buf_release(&shown);
}

/* Stock git refuses a time whose local date is before 1970. */
static int64_t clamp_time(const struct commit_person *p)
{
    int64_t least = p->offset_minutes < 0 ? (int64_t)-p->offset_minutes * 60 : 0;
    return p->time < least ? least : p->time;
}

static void add_person(struct buf *out, const char *role, const struct commit_person *p)
{
    int offset = p->offset_minutes < 0 ? -p->offset_minutes : p->offset_minutes;
    buf_addf(out, "%s ", role);
    add_plain(out, p->name, "unknown");
    buf_adds(out, " <");
    add_plain(out, p->email, "unknown");
    buf_addf(out, "> %" PRId64 " %c%02d%02d\n", clamp_time(p), p->offset_minutes < 0 ? '-' : '+', offset / 60,
        offset % 60);
}

void commit_write(struct buf *out, const struct commit *c)
{
    char hex[OID_HEX];
    oid_write(hex, &c->tree);
    buf_addf(out, "tree %s\n", hex);
    oid_write(hex, &c->parent);
    if (c->has_parent) buf_addf(out, "parent %s\n", hex);
    add_person(out, "author", &c->author);
    add_person(out, "committer", &c->committer);
    buf_addf(out, "\n%s", c->message);
}

static void add_signature_header(struct buf *out, const struct buf *armor)
{
    buf_adds(out, "gpgsig");
    for (const char *line = buf_str(armor); *line;) {
        size_t len = strcspn(line, "\n") + 1;
        buf_addc(out, ' ');
        buf_add(out, line, len);
        line += len;
    }
}

int commit_sign(struct buf *out, const struct buf *unsigned_bytes, const struct signer *by)
{
    unsigned char sig[SIGNATURE_SIZE];
    struct buf armor;
    int rc = sshsig_sign(sig, by, NAMESPACE_GIT, unsigned_bytes->data, unsigned_bytes->len);
    if (rc) return rc;
    buf_init(&armor, BUF_UNLIMITED);
    sshsig_armor(&armor, sig, by->public_key, NAMESPACE_GIT);
    const char *text = buf_str(unsigned_bytes), *empty_line = strstr(text, "\n\n");
    size_t head = (size_t)(empty_line - text) + 1;
    buf_add(out, text, head);
    add_signature_header(out, &armor);
    buf_add(out, text + head, unsigned_bytes->len - head);
    rc = buf_error(&armor);
    buf_release(&armor);
    return rc ? rc : buf_error(out);
}

/* ---- reading commits ---- */

/* The rest of the line at *s where it begins with `key` and a blank, and moves on behind it; else NULL. */
static const char *take_line(const char **s, const char *key)
{
    size_t len = strlen(key);
    const char *end = strchr(*s, '\n');
    if (!end || strncmp(*s, key, len) != 0 || (*s)[len] != ' ') return NULL;
    const char *value = *s + len + 1;
    *s = end + 1;
    return value;
}

static bool take_id(struct oid *out, const char **s, const char *key)
{
    const char *value = take_line(s, key);
    return value && oid_read(out, value) && value[OID_HEX - 1] == '\n';
}

/* Takes the header's continued lines off *s; their text without the leading blanks goes to `armor`. */
static void take_signature(struct buf *armor, const char **s)
{
    const char *value = take_line(s, "gpgsig");
    if (!value) return;
    buf_add(armor, value, (size_t)(*s - value));
    while ((value = take_line(s, ""))) buf_add(armor, value, (size_t)(*s - value));
}

static int read_headers(struct commit_view *out, const char **s, struct buf *payload, struct buf *armor)
{
    const char *start = *s;
    bool good = take_id(&out->tree, s, "tree");
    out->has_parent = good && strncmp(*s, "parent ", 7) == 0;
    if (out->has_parent) good = take_id(&out->parent, s, "parent");
    good = good && take_line(s, "author") && take_line(s, "committer");
    if (!good) return err_set(ERR_INPUT, "a commit is not of the form that a hub writes");
    buf_add(payload, start, (size_t)(*s - start));
    take_signature(armor, s);
    if (**s != '\n') return err_set(ERR_INPUT, "a commit is not of the form that a hub writes");
    buf_adds(payload, *s);
    return buf_error(payload) ? buf_error(payload) : buf_error(armor);
}

int commit_read(struct commit_view *out, struct arena *a, const void *bytes, size_t len)
{
    struct commit_view c = {0};
    struct buf payload, armor;
    if (memchr(bytes, '\0', len)) return err_set(ERR_INPUT, "a commit is not of the form that a hub writes");
    const char *s = arena_strndup(a, bytes, len);
    if (!s) return ERR_ROAD;
    buf_init(&payload, COMMIT_MAX_BYTES);
    buf_init(&armor, COMMIT_MAX_BYTES);
    int rc = read_headers(&c, &s, &payload, &armor);
    if (rc == 0) {
        c.message = s + 1;
        c.payload = arena_strndup(a, buf_str(&payload), payload.len);
        c.signature = armor.len ? arena_strndup(a, buf_str(&armor), armor.len) : NULL;
        if (!c.payload || (armor.len && !c.signature)) rc = ERR_ROAD;
    }
    if (rc == 0) *out = c;
    buf_release(&payload);
    buf_release(&armor);
    return rc;
}

bool commit_signer(const struct commit_view *c, unsigned char public_key[KEY_SIZE])
{
    unsigned char sig[SIGNATURE_SIZE];
    return c->signature &&
           sshsig_armor_read(sig, public_key, NAMESPACE_GIT, c->signature, strlen(c->signature)) == 0 &&
           sshsig_good(sig, public_key, NAMESPACE_GIT, c->payload, strlen(c->payload));
}

bool commit_signed_by(const struct commit_view *c, const unsigned char public_key[KEY_SIZE])
{
    unsigned char key[KEY_SIZE];
    return commit_signer(c, key) && memcmp(key, public_key, KEY_SIZE) == 0;
}

const char *commit_trailer(const struct commit_view *c, struct arena *a, const char *key)
{
    size_t key_len = strlen(key);
    const char *last = c->message;
    for (const char *s = c->message; (s = strstr(s, "\n\n")); s++) last = s + 2;
    for (const char *line = last; *line;) {
        size_t len = strcspn(line, "\n");
        if (len > key_len + 2 && strncmp(line, key, key_len) == 0 && strncmp(line + key_len, ": ", 2) == 0)
            return arena_strndup(a, line + key_len + 2, len - key_len - 2);
        line += len + (line[len] == '\n');
    }
    return NULL;
}
