/* Entries: one JSON object in canonical form (RFC 8785), with these members and no others.
 *
 *   after   id of the last receipt that the author's kit held, or null
 *   at      RFC 3339 time of the author's clock, whole seconds
 *   case    name of the case
 *   form    <type>@<first 16 hex digits of the SHA-256 of the form>; the type is the record's
 *   kit     kit id of the author
 *   new     true where the entry creates its record; absent otherwise. Only the kit that the record names may
 *   prev    id of this kit's previous entry in this case; null for the first, and only there
 *   record  <type>/<kit>-<number>
 *   seen    {field: [id, …]}: the entries whose values of the field were on screen and are replaced; ids
 *           sorted, without repeats; a field without earlier values is absent, and so is an empty "seen"
 *   seq     1, 2, 3 … within (case, kit)
 *   set     {field: value}: at least one. Keys in it, at any depth, are field names (names.h)
 *   v       1
 *   why     a reason; absent where none was given
 *
 * At most 1 MiB, 32 levels deep and 131,072 values. The id is the SHA-256 of the bytes, in hex; the signature
 * is an SSHSIG over them, Ed25519 and SHA-512, in the namespace entry@satchel.
 *
 * A line of entries.jsonl is {"entry":<the bytes>,"sig":"<base64 of the SSHSIG blob>"} and a newline, without
 * blanks; the blob is always 183 bytes, 244 characters. A file of log/ is the bytes, a newline, and the
 * armored signature. Canonical JSON holds no newline. */
#include "satchel/format/entry.h"

#include <string.h>

#include "satchel/format/shape.h"

enum { SSHSIG_BLOB_SIZE = 183, SSHSIG_BASE64_SIZE = 244, FORM_DIGITS = 16 };

static const char line_head[] = "{\"entry\":", line_middle[] = ",\"sig\":\"", line_tail[] = "\"}";

/* ---- reading ---- */

static bool record_valid(const char *s)
{
    struct record_id id;
    return record_id_read(&id, s);
}

static bool not_empty(const char *s)
{
    return *s != '\0';
}

static bool form_valid(const char *s)
{
    const char *at = strchr(s, '@');
    return at && type_name_valid(s, (size_t)(at - s)) && strlen(at + 1) == FORM_DIGITS &&
           strspn(at + 1, "0123456789abcdef") == FORM_DIGITS;
}

/* The rules that join members. */
static void check_entry(struct shape *s, const struct entry *e)
{
    struct record_id id;
    if (s->error || !record_id_read(&id, e->record)) return;
    size_t type_len = strlen(id.type);
    if (strncmp(e->form, id.type, type_len) != 0 || e->form[type_len] != '@') shape_refuse(s, "form");
    if (e->creates && strcmp(id.kit, e->kit) != 0) shape_refuse(s, "new");
    if ((e->prev == NULL) != (e->seq == 1)) shape_refuse(s, "prev");
}

static bool keys_valid(const struct jv *v)
{
    for (size_t i = 0; (v->type == JV_ARRAY || v->type == JV_OBJECT) && i < v->len; i++) {
        if (v->type == JV_OBJECT && !field_name_valid(v->keys[i])) return false;
        if (!keys_valid(v->items[i])) return false;
    }
    return true;
}

static const char *read_why(struct shape *s)
{
    return shape_optional(s, "why", JV_STRING) ? shape_text(s, "why", not_empty) : NULL;
}

/* Absent, or true. */
static bool read_new(struct shape *s)
{
    const struct jv *v = shape_optional(s, "new", JV_BOOL);
    if (v && !v->boolean) shape_refuse(s, "new");
    return v != NULL;
}

static void read_seen(struct shape *s, struct arena *a, struct entry_field *f, const struct jv *ids)
{
    f->seen = shape_hash_list(s, a, "seen", ids, &f->seen_len);
    if (f->seen_len == 0 || !hashes_ascend(f->seen, f->seen_len)) shape_refuse(s, "seen");
}

static void read_fields(struct shape *s, struct arena *a, struct entry *e)
{
    const struct jv *set = shape_get(s, "set", JV_OBJECT), *seen = shape_optional(s, "seen", JV_OBJECT);
    if (set && (set->len == 0 || !keys_valid(set))) shape_refuse(s, "set");
    if (seen && seen->len == 0) shape_refuse(s, "seen");
    if (s->error) return;
    struct entry_field *fields = arena_alloc(a, set->len * sizeof *fields);
    size_t seen_at = 0, seen_len = seen ? seen->len : 0;
    for (size_t i = 0; fields && i < set->len; i++) {
        fields[i].name = set->keys[i];
        fields[i].value = set->items[i];
        if (seen_at < seen_len && strcmp(seen->keys[seen_at], fields[i].name) == 0)
            read_seen(s, a, &fields[i], seen->items[seen_at++]);
    }
    if (!fields) s->error = ERR_ROAD;
    if (seen_at < seen_len) shape_refuse(s, "seen");
    e->fields = fields;
    e->fields_len = set->len;
}

static int read_members(struct entry *e, struct arena *a, const struct jv *v)
{
    struct shape s;
    shape_begin(&s, v);
    shape_int(&s, "v", 1, 1);
    e->after = shape_text_or_null(&s, "after", is_sha256_hex);
    e->at = shape_time(&s, "at");
    e->case_name = shape_text(&s, "case", case_name_valid);
    e->form = shape_text(&s, "form", form_valid);
    e->kit = shape_text(&s, "kit", kit_id_valid);
    e->creates = read_new(&s);
    e->prev = shape_text_or_null(&s, "prev", is_sha256_hex);
    e->record = shape_text(&s, "record", record_valid);
    e->seq = shape_int(&s, "seq", 1, JV_INT_MAX);
    e->why = read_why(&s);
    read_fields(&s, a, e);
    check_entry(&s, e);
    return shape_end(&s);
}

static int read_entry(struct entry **out, struct arena *a, const void *bytes, size_t len)
{
    const struct jv *v = NULL;
    if (len > ENTRY_MAX_BYTES)
        return err_set(ERR_INPUT, "an entry of %zu bytes is over the limit of 1 MiB", len);
    struct entry *e = arena_alloc(a, sizeof *e);
    if (!e) return ERR_ROAD;
    int rc = json_parse_canonical(&v, a, bytes, len, ENTRY_MAX_DEPTH, ENTRY_MAX_VALUES);
    if (rc == 0) rc = read_members(e, a, v);
    if (rc) return rc == ERR_INPUT ? err_within(rc, "entry refused") : rc;
    e->bytes = (const unsigned char *)arena_strndup(a, bytes, len);
    e->bytes_len = len;
    if (!e->bytes) return ERR_ROAD;
    name_by_hash(e->id, bytes, len);
    *out = e;
    return 0;
}

int entry_parse(const struct entry **out, struct arena *a, const void *bytes, size_t len)
{
    struct entry *e;
    int rc = read_entry(&e, a, bytes, len);
    if (rc == 0) *out = e;
    return rc;
}

const struct entry_field *entry_field(const struct entry *e, const char *name)
{
    for (size_t i = 0; i < e->fields_len; i++)
        if (strcmp(e->fields[i].name, name) == 0) return &e->fields[i];
    return NULL;
}

bool entry_signature_good(const struct entry *e, const unsigned char public_key[KEY_SIZE])
{
    return sshsig_good(e->signature, public_key, NAMESPACE_ENTRY, e->bytes, e->bytes_len);
}

/* ---- making ---- */

static int put_fields(struct arena *a, struct jv *v, const struct entry *draft)
{
    struct jv *set = jv_object(a), *seen = jv_object(a);
    for (size_t i = 0; i < draft->fields_len; i++) {
        const struct entry_field *f = &draft->fields[i];
        if (jv_put(a, set, f->name, f->value)) return ERR_ROAD;
        if (f->seen_len && jv_put(a, seen, f->name, hashes_value(a, f->seen, f->seen_len))) return ERR_ROAD;
    }
    if (set && set->len != draft->fields_len) return err_set(ERR_INPUT, "an entry can't set a field twice");
    if (seen && seen->len && jv_put(a, v, "seen", seen)) return ERR_ROAD;
    return jv_put(a, v, "set", set);
}

static int put_members(struct arena *a, struct jv *v, const struct entry *draft)
{
    int rc = jv_put_str(a, v, "after", draft->after);
    if (rc == 0) rc = jv_put_str(a, v, "at", draft->at);
    if (rc == 0) rc = jv_put_str(a, v, "case", draft->case_name);
    if (rc == 0) rc = jv_put_str(a, v, "form", draft->form);
    if (rc == 0) rc = jv_put_str(a, v, "kit", draft->kit);
    if (rc == 0 && draft->creates) rc = jv_put(a, v, "new", jv_bool(a, true));
    if (rc == 0) rc = jv_put_str(a, v, "prev", draft->prev);
    if (rc == 0) rc = jv_put_str(a, v, "record", draft->record);
    if (rc == 0) rc = jv_put_int(a, v, "seq", draft->seq);
    if (rc == 0) rc = jv_put_int(a, v, "v", 1);
    if (rc == 0 && draft->why) rc = jv_put_str(a, v, "why", draft->why);
    return rc ? rc : put_fields(a, v, draft);
}

/* What is written is read back by the rules for received entries, so there is one set of rules. */
int entry_make(const struct entry **out, struct arena *a, const struct entry *draft, const struct signer *by)
{
    struct buf bytes;
    struct entry *e = NULL;
    buf_init(&bytes, ENTRY_MAX_BYTES);
    struct jv *v = jv_object(a);
    int rc = put_members(a, v, draft);
    if (rc) goto out;
    json_write(&bytes, v);
    rc = buf_error(&bytes);
    if (rc == 0) rc = read_entry(&e, a, bytes.data, bytes.len);
    if (rc == 0) rc = sshsig_sign(e->signature, by, NAMESPACE_ENTRY, e->bytes, e->bytes_len);
    if (rc == 0) *out = e;
out:
    buf_release(&bytes);
    return rc;
}

/* ---- lines and files ---- */

void entry_line_write(struct buf *out, const struct entry *e, const unsigned char public_key[KEY_SIZE])
{
    struct buf blob;
    char text[SSHSIG_BASE64_SIZE + 1] = "";
    buf_init(&blob, SSHSIG_BLOB_SIZE);
    sshsig_blob(&blob, e->signature, public_key, NAMESPACE_ENTRY);
    if (blob.error && !out->error) out->error = blob.error;
    base64_write(text, blob.data, blob.len, true);
    buf_adds(out, line_head);
    buf_add(out, e->bytes, e->bytes_len);
    buf_adds(out, line_middle);
    buf_adds(out, text);
    buf_adds(out, line_tail);
    buf_addc(out, '\n');
    buf_release(&blob);
}

/* An entry with the signature and the key that came with it: the key must be the one the kit is named by. */
static int read_signed(struct entry **out, struct arena *a, unsigned char public_key[KEY_SIZE],
    const void *bytes, size_t len, const unsigned char signature[SIGNATURE_SIZE],
    const unsigned char key[KEY_SIZE])
{
    char kit[KIT_ID_SIZE];
    struct entry *e;
    int rc = read_entry(&e, a, bytes, len);
    if (rc) return rc;
    kit_id_of(kit, key);
    if (strcmp(kit, e->kit) != 0)
        return err_set(ERR_INPUT, "an entry of kit '%s' carries the key of kit '%s'", e->kit, kit);
    memcpy(e->signature, signature, SIGNATURE_SIZE);
    memcpy(public_key, key, KEY_SIZE);
    *out = e;
    return 0;
}

static bool at_place(const char *line, size_t *at, const char *what)
{
    size_t len = strlen(what);
    bool same = memcmp(line + *at, what, len) == 0;
    *at += len;
    return same;
}

/* Finds the entry and the signature's base64 in a line; their places follow from the line's length. */
static bool split_line(size_t *entry_len, const char **sig, const char *line, size_t len)
{
    size_t frame = strlen(line_head) + strlen(line_middle) + SSHSIG_BASE64_SIZE + strlen(line_tail), at = 0;
    if (len < frame || !at_place(line, &at, line_head)) return false;
    *entry_len = len - frame;
    at += *entry_len;
    if (!at_place(line, &at, line_middle)) return false;
    *sig = line + at;
    at += SSHSIG_BASE64_SIZE;
    return at_place(line, &at, line_tail);
}

int entry_line_parse(
    struct entry **out, struct arena *a, unsigned char public_key[KEY_SIZE], const char *line, size_t len)
{
    unsigned char blob[SSHSIG_BLOB_SIZE + 3], signature[SIGNATURE_SIZE], key[KEY_SIZE];
    size_t entry_len;
    const char *sig;
    if (!split_line(&entry_len, &sig, line, len) ||
        base64_read(blob, sig, SSHSIG_BASE64_SIZE, true) != SSHSIG_BLOB_SIZE)
        return err_set(ERR_INPUT, "a line of entries is malformed");
    int rc = sshsig_blob_read(signature, key, NAMESPACE_ENTRY, blob, SSHSIG_BLOB_SIZE);
    return rc ? rc : read_signed(out, a, public_key, line + strlen(line_head), entry_len, signature, key);
}

void entry_file_write(struct buf *out, const struct entry *e, const unsigned char public_key[KEY_SIZE])
{
    buf_add(out, e->bytes, e->bytes_len);
    buf_addc(out, '\n');
    sshsig_armor(out, e->signature, public_key, NAMESPACE_ENTRY);
}

int entry_file_parse(
    struct entry **out, struct arena *a, unsigned char public_key[KEY_SIZE], const void *bytes, size_t len)
{
    unsigned char signature[SIGNATURE_SIZE], key[KEY_SIZE];
    const char *text = bytes, *newline = memchr(bytes, '\n', len);
    if (!newline) return err_set(ERR_INPUT, "a file of the log has no signature");
    size_t entry_len = (size_t)(newline - text);
    int rc = sshsig_armor_read(signature, key, NAMESPACE_ENTRY, newline + 1, len - entry_len - 1);
    return rc ? rc : read_signed(out, a, public_key, bytes, entry_len, signature, key);
}
