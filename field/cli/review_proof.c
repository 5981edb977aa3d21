/* The proof of a piece of evidence at the hub, and how to check it with stock tools on a clone of the hub's repository:
 *
 *   {"evidence":id,"case":C,"title":words,"name":file name,
 *    "bytes":{"sha256","size","held":bool,"recomputed":sha256 as of now|null},
 *    "captured":time|null,"entered":time,"received":time of the first receipt that names the entry|null,
 *    "held_since":time of the first that holds the bytes|null,"not_before":time of the receipt that the author held|null,
 *    "signer":{"kit","name","person","fingerprint","key":line,"enrolled":bool,"revoked":bool},
 *    "chain":{"seq","gapless","highest","forked","broken"},
 *    "entries":[{"entry":"kit:seq","id","at","by","signature","verdict","path","receipt":time|null}],
 *    "receipts":[{"id","at","path","fingerprint","signature":"good"|"bad","bytes":bool}],
 *    "repository":{"branch","commit","register","pointer":path,"pointer_good":bool,"record":path,"record_good":bool},
 *    "recipe":[line,…]}
 *
 * What the document says can be believed as far as the hub is; what the recipe shows needs no word of the hub's but the key of
 * the register's root, that people know from elsewhere. */
#include "review.h"

#include <stdio.h>
#include <string.h>

#include "satchel/base/crypto.h"
#include "satchel/base/os.h"
#include "satchel/format/lfs.h"
#include "satchel/format/ssh.h"
#include "satchel/replica/state.h"

struct proof {
    struct sitting *t;
    struct arena *a;
    struct hub_look *look;
    const struct fold_record *record;
    const struct entry *entry; /* that created it */
    const struct held *held;
    const char *sha256, *entry_path, *pointer_path, *bytes;
    char record_path[RECORD_PATH_SIZE];
    const struct hub_receipt *first, *whole, *before; /* names the entry; holds the bytes; was held by the author. Or NULL */
};

/* ---- finding it ---- */

static int find_evidence(struct proof *p, const char *text)
{
    struct view_hit hit;
    struct session *s = &p->t->review->session;
    int rc = session_view(s);
    if (!rc) rc = view_resolve(s->view, text, NULL, p->a, &hit);
    if (rc) return rc;
    p->record = fold_record(p->t->looked.fold, hit.case_name, hit.record);
    if (!p->record || strcmp(p->record->type, "evidence") != 0 || !p->record->created)
        return err_set(ERR_INPUT, "'%s' is not a piece of evidence", text);
    p->held = p->record->created;
    p->entry = p->held->entry;
    const struct entry_field *sha256 = entry_field(p->entry, "sha256");
    p->sha256 = sha256 ? jv_str(sha256->value) : NULL;
    return p->sha256 ? 0 : err_set(ERR_INPUT, "'%s' is not a piece of evidence", text);
}

static int find_places(struct proof *p)
{
    struct record_id id;
    uint64_t size;
    if (!record_id_read(&id, p->record->id)) return err_set(ERR_DAMAGED, "'%s' is not a record id", p->record->id);
    record_path(p->record_path, &id);
    p->entry_path = hub_look_entry_path(p->a, p->held);
    p->pointer_path = hub_look_pointer_path(p->a, p->record);
    if (!p->entry_path) return ERR_ROAD;
    int rc = hub_look_evidence(p->look, p->sha256, p->a, &p->bytes, &size);
    if (rc == ERR_MISSING) rc = 0;
    if (!rc) rc = hub_look_receipt(p->look, p->entry, NULL, &p->first);
    if (!rc) rc = hub_look_receipt(p->look, p->entry, p->sha256, &p->whole);
    if (!rc && p->entry->after) rc = hub_look_receipt_by_id(p->look, p->entry->after, &p->before);
    return rc;
}

/* ---- what is checked here and now ---- */

/* Is the file what the entries say that it must be? */
static int compare_file(struct proof *p, const char *path, const struct buf *wanted, bool *same)
{
    struct buf b;
    buf_init(&b, BUF_UNLIMITED);
    int rc = path ? hub_look_read(p->look, path, &b) : ERR_MISSING;
    *same = rc == 0 && b.len == wanted->len && memcmp(b.data, wanted->data, b.len) == 0;
    buf_release(&b);
    if (rc == ERR_MISSING) rc = 0;
    return rc ? rc : buf_error(wanted);
}

static int check_files(struct proof *p, bool *pointer_good, bool *record_good)
{
    struct buf b;
    const struct entry_field *size = entry_field(p->entry, "size");
    buf_init(&b, BUF_UNLIMITED);
    if (size && size->value->type == JV_INT && size->value->integer >= 0)
        lfs_pointer_write(&b, p->sha256, (uint64_t)size->value->integer);
    int rc = compare_file(p, p->pointer_path, &b, pointer_good);
    buf_clear(&b);
    record_file_write(&b, p->record);
    if (!rc) rc = compare_file(p, p->record_path, &b, record_good);
    buf_release(&b);
    return rc;
}

/* ---- the document ---- */

static int put_time(struct arena *a, struct jv *o, const char *name, const struct hub_receipt *r)
{
    return jv_put_str(a, o, name, r ? r->at : NULL);
}

static int put_bytes(struct proof *p, struct jv *doc)
{
    struct arena *a = p->a;
    struct jv *o = jv_object(a);
    const struct entry_field *size = entry_field(p->entry, "size");
    int rc = jv_put_str(a, o, "sha256", p->sha256);
    if (!rc && size) rc = jv_put(a, o, "size", size->value);
    if (!rc) rc = jv_put(a, o, "held", jv_bool(a, p->bytes != NULL));
    if (!rc) rc = jv_put_str(a, o, "recomputed", NULL);
    return rc ? rc : jv_put(a, doc, "bytes", o);
}

static const char *key_line(struct arena *a, const unsigned char key[KEY_SIZE])
{
    struct buf b;
    buf_init(&b, 512);
    ssh_key_line_write(&b, key, NULL);
    const char *s = buf_error(&b) ? NULL : arena_strdup(a, buf_str(&b));
    buf_release(&b);
    return s;
}

static int put_signer(struct proof *p, struct jv *doc)
{
    struct arena *a = p->a;
    struct jv *o = jv_object(a);
    char fingerprint[52];
    const struct registry_kit *k = registry_kit(p->t->looked.registry, p->entry->kit);
    bool own = k && same_bytes(k->public_key, p->held->public_key, KEY_SIZE);
    ssh_fingerprint(fingerprint, p->held->public_key);
    int rc = jv_put_str(a, o, "kit", p->entry->kit);
    if (!rc) rc = jv_put_str(a, o, "name", own ? k->name : NULL);
    if (!rc) rc = jv_put_str(a, o, "person", own ? k->person : NULL);
    if (!rc) rc = jv_put_str(a, o, "fingerprint", fingerprint);
    if (!rc) rc = jv_put_str(a, o, "key", key_line(a, p->held->public_key));
    if (!rc) rc = jv_put(a, o, "enrolled", jv_bool(a, own));
    if (!rc) rc = jv_put(a, o, "revoked", jv_bool(a, own && k->revoked));
    return rc ? rc : jv_put(a, doc, "signer", o);
}

static int put_chain(struct proof *p, struct jv *doc)
{
    struct arena *a = p->a;
    struct jv *o = jv_object(a);
    const struct fold_chain *c = fold_chain(p->t->looked.fold, p->record->case_name, p->entry->kit);
    if (!c) return ERR_ROAD;
    int rc = jv_put_int(a, o, "seq", p->entry->seq);
    if (!rc) rc = jv_put_int(a, o, "gapless", c->gapless);
    if (!rc) rc = jv_put_int(a, o, "highest", c->highest);
    if (!rc) rc = jv_put_int(a, o, "forked", c->forked_at);
    if (!rc) rc = jv_put_int(a, o, "broken", c->broken_at);
    return rc ? rc : jv_put(a, doc, "chain", o);
}

/* The record's history, with where each entry lies and since when it is held. */
static int put_entries(struct proof *p, struct jv *doc)
{
    struct jv *list = record_history(p->a, p->record, kit_person, &p->t->review->session);
    int rc = list ? 0 : ERR_ROAD;
    for (size_t i = 0; i < (list ? list->len : 0) && !rc; i++) {
        struct jv *o = (struct jv *)list->items[i];
        const struct held *h = fold_entry(p->t->looked.fold, jv_get_str(o, "id"));
        const struct hub_receipt *r = NULL;
        if (!h) continue;
        rc = hub_look_receipt(p->look, h->entry, NULL, &r);
        if (!rc) rc = jv_put_str(p->a, o, "path", hub_look_entry_path(p->a, h));
        if (!rc) rc = put_time(p->a, o, "receipt", r);
    }
    return rc ? rc : jv_put(p->a, doc, "entries", list);
}

static int put_receipt(struct proof *p, struct jv *list, const struct hub_receipt *r)
{
    struct arena *a = p->a;
    struct jv *o = jv_object(a);
    char fingerprint[52];
    ssh_fingerprint(fingerprint, r->key);
    int rc = jv_put_str(a, o, "id", r->id);
    if (!rc) rc = jv_put_str(a, o, "at", r->at);
    if (!rc) rc = jv_put_str(a, o, "path", r->path);
    if (!rc) rc = jv_put_str(a, o, "fingerprint", fingerprint);
    if (!rc) rc = jv_put_str(a, o, "signature", r->good ? "good" : "bad");
    if (!rc) rc = jv_put(a, o, "bytes", jv_bool(a, r == p->whole));
    return rc ? rc : jv_push(a, list, o);
}

static int put_receipts(struct proof *p, struct jv *doc)
{
    struct jv *list = jv_array(p->a);
    int rc = p->first ? put_receipt(p, list, p->first) : 0;
    if (!rc && p->whole && p->whole != p->first) rc = put_receipt(p, list, p->whole);
    return rc ? rc : jv_put(p->a, doc, "receipts", list);
}

static int put_repository(struct proof *p, struct jv *doc)
{
    struct arena *a = p->a;
    struct jv *o = jv_object(a);
    bool pointer_good, record_good;
    int rc = check_files(p, &pointer_good, &record_good);
    if (!rc) rc = jv_put_str(a, o, "branch", p->t->looked.case_name);
    if (!rc) rc = jv_put_str(a, o, "commit", p->t->looked.tip);
    if (!rc) rc = jv_put_str(a, o, "register", p->t->looked.register_tip);
    if (!rc) rc = jv_put_str(a, o, "pointer", p->pointer_path);
    if (!rc) rc = jv_put(a, o, "pointer_good", jv_bool(a, pointer_good));
    if (!rc) rc = jv_put_str(a, o, "record", p->record_path);
    if (!rc) rc = jv_put(a, o, "record_good", jv_bool(a, record_good));
    return rc ? rc : jv_put(a, doc, "repository", o);
}

/* ---- the recipe: names in it are ours alone, so no shell finds anything else in them ---- */

struct recipe {
    struct arena *a;
    struct jv *lines;
    int rc;
};

static void add_line(struct recipe *x, const char *text)
{
    if (!x->rc) x->rc = text ? jv_push(x->a, x->lines, jv_string(x->a, text)) : ERR_ROAD;
}
#define LINE(x, ...) add_line(x, arena_printf((x)->a, __VA_ARGS__))

static void comment(struct recipe *x, const char *text)
{
    LINE(x, "# %s", text);
}

static void signed_by(struct recipe *x, const char *kit, const char *key, const char *ns, const char *file)
{
    LINE(x, "echo '%s namespaces=\"%s\" %s' > %s.signer", kit, ns, key, file);
    LINE(x, "ssh-keygen -Y verify -f %s.signer -I %s -n %s -s %s.sig < %s", file, kit, ns, file, file);
}

static void key_in_register(struct recipe *x, struct proof *p, const char *key, const char *type)
{
    LINE(x, "git grep -l -F '%s' %s -- record/%s", key, p->t->looked.register_tip, type);
}

static void recipe_entry(struct recipe *x, struct proof *p)
{
    const char *commit = p->t->looked.tip, *key = key_line(p->a, p->held->public_key);
    comment(x, T("the entry that made this evidence: its bytes, its id, its signature"));
    LINE(x, "git show %s:%s > entry.file", commit, p->entry_path);
    LINE(x, "head -n 1 entry.file | tr -d '\\n' > entry");
    LINE(x, "tail -n +2 entry.file > entry.sig");
    LINE(x, "echo '%s  entry' | sha256sum -c -", p->entry->id);
    signed_by(x, p->entry->kit, key ? key : "", NAMESPACE_ENTRY, "entry");
    comment(x, T("whose key that is, by the register"));
    key_in_register(x, p, key ? key : "", "kit");
}

static void recipe_bytes(struct recipe *x, struct proof *p)
{
    comment(x, T("the bytes: what the entry names, the repository points to, and the file that you downloaded here (or git lfs brings)"));
    LINE(x, "grep -o '\"sha256\":\"%s\"' entry", p->sha256);
    if (p->pointer_path) LINE(x, "git show %s:%s | grep %s", p->t->looked.tip, p->pointer_path, p->sha256);
    if (p->pointer_path) LINE(x, "[ -e original ] || git show %s:%s | git lfs smudge > original", p->t->looked.tip, p->pointer_path);
    LINE(x, "echo '%s  original' | sha256sum -c -", p->sha256);
}

static void recipe_receipt(struct recipe *x, struct proof *p, const struct hub_receipt *r, const char *file)
{
    char kit[KIT_ID_SIZE];
    const char *key = key_line(p->a, r->key);
    kit_id_of(kit, r->key);
    LINE(x, "git show %s:%s > %s", p->t->looked.tip, r->path, file);
    LINE(x, "git show %s:%s.sig > %s.sig", p->t->looked.tip, r->path, file);
    signed_by(x, kit, key ? key : "", NAMESPACE_RECEIPT, file);
    key_in_register(x, p, key ? key : "", "hub");
}

static int put_recipe(struct proof *p, struct jv *doc)
{
    struct recipe x = {p->a, jv_array(p->a), 0};
    comment(&x, T("in a folder of your own, with the original beside it as 'original'; REPOSITORY: a clone or mirror of the hub's"));
    LINE(&x, "git clone -q --no-checkout \"$REPOSITORY\" clone");
    LINE(&x, "if [ -e original ]; then cp original clone/; fi; cd clone");
    recipe_entry(&x, p);
    recipe_bytes(&x, p);
    if (p->first) {
        comment(&x, T("the hub's receipt that first names the entry"));
        recipe_receipt(&x, p, p->first, "receipt");
    }
    if (p->whole) {
        comment(&x, T("the hub's receipt that first names the bytes as held"));
        if (p->whole != p->first) recipe_receipt(&x, p, p->whole, "receipt-bytes");
        LINE(&x, "grep -o '\"held\":\\[[^]]*%s' %s | grep -o '[0-9a-f]*$'", p->sha256, p->whole != p->first ? "receipt-bytes" : "receipt");
    }
    return x.rc ? x.rc : jv_put(p->a, doc, "recipe", x.lines);
}

int proof_of(struct sitting *t, const char *text, struct jv **out, const char **bytes)
{
    struct proof p = {.t = t, .a = t->call.arena, .look = t->review->look};
    struct jv *doc = jv_object(p.a);
    int rc = find_evidence(&p, text);
    if (!rc) rc = find_places(&p);
    if (rc) return rc;
    rc = jv_put_str(p.a, doc, "evidence", p.record->id);
    if (!rc) rc = jv_put_str(p.a, doc, "case", p.record->case_name);
    if (!rc) rc = jv_put_str(p.a, doc, "title", record_str(p.record, "title"));
    if (!rc) rc = jv_put_str(p.a, doc, "name", record_str(p.record, "name"));
    if (!rc) rc = put_bytes(&p, doc);
    if (!rc) rc = jv_put_str(p.a, doc, "captured", record_str(p.record, "captured"));
    if (!rc) rc = jv_put_str(p.a, doc, "entered", p.entry->at);
    if (!rc) rc = put_time(p.a, doc, "received", p.first);
    if (!rc) rc = put_time(p.a, doc, "held_since", p.whole);
    if (!rc) rc = put_time(p.a, doc, "not_before", p.before);
    if (!rc) rc = put_signer(&p, doc);
    if (!rc) rc = put_chain(&p, doc);
    if (!rc) rc = put_entries(&p, doc);
    if (!rc) rc = put_receipts(&p, doc);
    if (!rc) rc = put_repository(&p, doc);
    if (!rc) rc = put_recipe(&p, doc);
    if (rc) return rc;
    *out = jv_copy(p.a, doc); /* what is borrowed of the case goes with the lock */
    *bytes = p.bytes;
    return *out ? 0 : ERR_ROAD;
}

/* ---- the bytes once more ---- */

static int hash_file(const char *path, char hex[SHA256_HEX])
{
    unsigned char part[1 << 16], sum[SHA256_SIZE];
    struct file *f = NULL;
    struct source *from = NULL;
    struct digest *d = NULL;
    size_t got = 1;
    int rc = file_open(&f, path);
    if (!rc) from = file_as_source(f);
    if (!rc) rc = digest_sha256(&d);
    while (!rc && got) {
        rc = source_read(from, part, sizeof part, &got);
        if (!rc) digest_add(d, part, got);
    }
    if (!rc) digest_end(d, sum);
    if (!rc) hex_write(hex, sum, sizeof sum);
    digest_free(d);
    source_close(from);
    return rc;
}

int proof_hash(struct arena *a, struct jv *proof, const char *bytes)
{
    char hex[SHA256_HEX];
    struct jv *o = (struct jv *)jv_get(proof, "bytes");
    if (!bytes) return 0;
    int rc = hash_file(bytes, hex);
    return rc ? rc : jv_put_str(a, o, "recomputed", hex);
}
