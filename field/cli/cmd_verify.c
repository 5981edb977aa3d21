/* verify: a store, a bundle, a hub or a plain clone of its repository, end to end and offline. */
#include "cli.h"

#include <string.h>

#include "satchel/base/os.h"
#include "satchel/hub/hub.h"

/* What the user knows from outside. */
struct anchors {
    unsigned char root[KEY_SIZE];
    bool has_root;
    const struct receipt *receipts[CLI_MAX_OPTIONS];
    unsigned char keys[CLI_MAX_OPTIONS][KEY_SIZE];
    size_t len;
};

static int read_root(struct anchors *out, const char *text)
{
    struct buf b;
    buf_init(&b, 4096);
    int r = 0;
    if (strncmp(text, "ssh-", 4) == 0)
        buf_adds(&b, text);
    else
        r = file_read(text, &b);
    while (b.len && (b.data[b.len - 1] == '\n' || b.data[b.len - 1] == '\r')) b.data[--b.len] = '\0';
    if (!r) r = buf_error(&b);
    if (!r) r = ssh_key_line_read(out->root, buf_str(&b));
    if (!r) out->has_root = true;
    buf_release(&b);
    return r ? err_within(r, "--root") : 0;
}

static int read_receipt(struct cli *c, struct anchors *out, const char *path)
{
    struct buf bytes, sig;
    struct receipt *receipt;
    unsigned char raw[SIGNATURE_SIZE];
    const char *sig_path = arena_printf(&c->arena, "%s.sig", path);
    buf_init(&bytes, RECEIPT_MAX_BYTES);
    buf_init(&sig, 4096);
    int r = sig_path ? file_read(path, &bytes) : err_memory();
    if (!r) r = file_read(sig_path, &sig);
    if (!r && receipt_since(&c->arena, bytes.data, bytes.len))
        r = err_set(ERR_INPUT, "'%s' leaves out the evidence that an earlier receipt names; put it in first, then the signature fits", path);
    if (!r) r = receipt_parse(&receipt, &c->arena, bytes.data, bytes.len);
    if (!r) r = sshsig_armor_read(raw, out->keys[out->len], NAMESPACE_RECEIPT, buf_str(&sig), sig.len);
    if (!r && !sshsig_good(raw, out->keys[out->len], NAMESPACE_RECEIPT, bytes.data, bytes.len))
        r = err_set(ERR_INPUT, "the receipt '%s' and its signature do not fit", path);
    if (!r) out->receipts[out->len++] = receipt;
    buf_release(&bytes);
    buf_release(&sig);
    return r;
}

static int read_anchors(struct cli *c, struct anchors *out)
{
    const char *root = cli_option(c, "root");
    int r = root ? read_root(out, root) : 0;
    for (size_t i = 0; i < c->given_len && !r; i++)
        if (strcmp(c->given[i].option->name, "against") == 0) r = read_receipt(c, out, c->given[i].value);
    return r;
}

static void print_problems(struct cli *c, const struct jv *problems)
{
    for (size_t i = 0; problems && i < problems->len; i++) {
        const struct jv *p = problems->items[i];
        fprintf(c->out, "  ✗ %s: %s\n", shown(c, jv_get_str(p, "where")), told(c, jv_get_str(p, "text")));
    }
}

static int verified_json(struct cli *c, const struct verified *v, struct jv **out)
{
    struct arena *a = &c->arena;
    struct jv *o = jv_object(a);
    int r = jv_put_int(a, o, "cases", v->cases);
    if (!r) r = jv_put_int(a, o, "entries", v->entries);
    if (!r) r = jv_put_int(a, o, "commits", v->commits);
    if (!r) r = jv_put_int(a, o, "evidence", v->evidence);
    if (!r) r = jv_put(a, o, "empty", jv_bool(a, v->empty));
    if (!r) r = jv_put(a, o, "anchored", jv_bool(a, v->anchored));
    if (!r) r = jv_put(a, o, "problems", v->problems ? v->problems : jv_array(a));
    if (!r) r = jv_put(a, o, "unanchored", v->unanchored ? v->unanchored : jv_array(a));
    if (!r) *out = o;
    return r;
}

static void print_verified(struct cli *c, const char *path, const struct verified *v)
{
    fprintf(c->out, T("%s: %lld cases, %lld entries, %lld commits, %lld pieces of evidence checked"), path,
        (long long)v->cases, (long long)v->entries, (long long)v->commits, (long long)v->evidence);
    fprintf(c->out, "\n");
    print_problems(c, v->problems);
    if (v->empty) {
        fprintf(c->out, "%s\n", T("nothing has been received yet: there is no entry here that anything could vouch for"));
        return;
    }
    if (v->anchored) {
        fprintf(c->out, "%s\n", T("anchored: root key and receipts from outside vouch for the last entries"));
        return;
    }
    if (!v->unanchored || !v->unanchored->len) {
        fprintf(c->out, "%s\n", T("unanchored: give the register's root key, known from outside, with --root"));
        return;
    }
    fprintf(c->out, "%s", T("unanchored: no root key or receipt from outside vouches for the last entries of"));
    for (size_t i = 0; i < v->unanchored->len; i++)
        fprintf(c->out, " %s", shown_case(c, jv_str(v->unanchored->items[i])));
    fprintf(c->out, "\n");
}

static int verify_repository(struct cli *c, const char *path, const struct anchors *anchors, struct jv **out)
{
    struct verified v = {0};
    struct bar bar;
    int r = session_forms(c->session);
    if (r) return r;
    struct verify_request q = {.path = path, .root = anchors->has_root ? anchors->root : NULL,
        .against = anchors->receipts, .against_keys = anchors->keys, .against_len = anchors->len,
        .forms = c->session->forms};
    q.progress = bar_start(&bar, T("verifying"));
    r = hub_verify(&q, &c->arena, &v);
    bar_end(&bar);
    if (r && r != ERR_NO) return r;
    int rc = verified_json(c, &v, out);
    if (rc) return rc;
    if (!c->json) print_verified(c, path, &v);
    return r || !(v.anchored || v.empty) ? ERR_NO : 0;
}

static int verify_store(struct cli *c, struct jv **out)
{
    struct jv *problems = NULL;
    struct bar bar;
    int r = session_store(c->session);
    if (r) return r;
    struct progress *p = bar_start(&bar, T("verifying"));
    r = store_verify(c->session->store, &c->arena, &problems, p);
    bar_end(&bar);
    if (r && r != ERR_NO) return r;
    struct jv *o = jv_object(&c->arena);
    int rc = jv_put_str(&c->arena, o, "store", store_folder(c->session->store));
    if (!rc) rc = jv_put(&c->arena, o, "problems", problems ? problems : jv_array(&c->arena));
    if (rc) return rc;
    if (!c->json) {
        print_problems(c, problems);
        if (!r) fprintf(c->out, "%s: %s\n", store_folder(c->session->store), T("every entry, signature, chain and piece of evidence is sound"));
    }
    *out = o;
    return r;
}

/* A bundle for this kit: every byte is read and checked, nothing is kept. */

static int any_sender(void *ctx, const char *kit, const unsigned char signed_by[KEY_SIZE])
{
    struct cli *c = ctx;
    const struct hub_identity *hub = store_hub(c->session->store);
    const struct registry *registry = store_registry(c->session->store);
    const struct registry_kit *k = registry ? registry_kit(registry, kit) : NULL;
    if (k && same_bytes(k->public_key, signed_by, KEY_SIZE)) return 0;
    if (hub && same_bytes(hub->public_key, signed_by, KEY_SIZE)) return 0;
    if (same_bytes(store_signer(c->session->store)->public_key, signed_by, KEY_SIZE)) return 0;
    return err_set(ERR_WAIT, "the sender '%s' is not known here", kit);
}

static int swallow(struct sink *s, const void *bytes, size_t len)
{
    (void)s, (void)bytes, (void)len;
    return 0;
}

static int swallow_finish(struct sink *s)
{
    (void)s;
    return 0;
}

static void swallow_close(struct sink *s)
{
    (void)s;
}

static int stage_nowhere(void *ctx, const struct member *m, struct sink **out)
{
    static struct sink nowhere = {swallow, swallow_finish, swallow_close};
    (void)ctx, (void)m;
    *out = &nowhere;
    return 0;
}

static int kept_receipt(void *ctx, const char *case_name, const char *id, struct arena *a, struct receipt **out)
{
    return store_receipt_by_id(((struct cli *)ctx)->session->store, case_name, id, a, out);
}

static int verify_bundle(struct cli *c, const char *path, struct jv **out)
{
    struct opened opened;
    int64_t bad = 0;
    int r = session_store(c->session);
    if (r) return r;
    struct store *s = c->session->store;
    struct bundle_receiver receiver = {.self = store_kit(s), .sender = any_sender, .stage = stage_nowhere,
        .receipt = kept_receipt, .ctx = c};
    memcpy(receiver.identity, store_identity(s), KEY_SIZE);
    r = bundle_open(&opened, &c->arena, path, &receiver);
    wipe(&receiver.identity, sizeof receiver.identity);
    if (r) return r;
    for (size_t i = 0; i < opened.entries_len; i++) bad += opened.entries[i].error != NULL;
    struct jv *o = jv_object(&c->arena);
    r = jv_put_str(&c->arena, o, "bundle", opened.manifest->id);
    if (!r) r = jv_put_str(&c->arena, o, "case", opened.manifest->case_name);
    if (!r) r = jv_put_str(&c->arena, o, "from", opened.manifest->from);
    if (!r) r = jv_put_int(&c->arena, o, "entries", (int64_t)opened.entries_len);
    if (!r) r = jv_put_int(&c->arena, o, "bad", bad);
    if (!r && opened.unread) r = jv_put_str(&c->arena, o, "unread", opened.unread);
    if (!r && !c->json) {
        fprintf(c->out, T("%s: bundle of %s from %s, %zu entries, %lld of them bad"), path,
            shown_case(c, opened.manifest->case_name), opened.manifest->from, opened.entries_len, (long long)bad);
        fprintf(c->out, "\n");
        if (opened.unread) {
            fprintf(c->out, T("  its receipt could not be checked: %s"), shown(c, opened.unread));
            fprintf(c->out, "\n");
        }
    }
    *out = o;
    opened_release(&opened);
    if (r) return r;
    err_clear();
    return bad || opened.unread ? ERR_NO : 0;
}

static int verify_path(struct cli *c, const char *path, const struct anchors *anchors, struct jv **out)
{
    struct file_info info;
    int r = os_stat(&info, path);
    if (r) return r;
    if (!info.is_folder) return verify_bundle(c, path, out);
    if (!os_exists(path_join(&c->arena, path, "journal.db"))) return verify_repository(c, path, anchors, out);
    if (c->session->store && strcmp(c->session->store_folder, path) != 0)
        return err_set(ERR_USAGE, "another store is open here; verify '%s' in a run of its own", path);
    c->session->store_folder = arena_strdup(&c->session->arena, path);
    return verify_store(c, out);
}

int cmd_verify(struct cli *c)
{
    struct anchors anchors = {0};
    struct jv *list = jv_array(&c->arena), *one = NULL;
    int worst = 0, r = read_anchors(c, &anchors);
    if (r) return r;
    for (int i = 0; i < c->args_len || (i == 0 && c->args_len == 0); i++) {
        r = c->args_len ? verify_path(c, c->args[i], &anchors, &one) : verify_store(c, &one);
        if (r && r != ERR_NO) return r;
        if (r) worst = r;
        r = jv_push(&c->arena, list, one);
        if (r) return r;
    }
    err_clear();
    c->result = list->len == 1 ? list->items[0] : list;
    return worst;
}

int cmd_hub_verify(struct cli *c)
{
    struct anchors anchors = {0};
    struct jv *out = NULL;
    int r = read_anchors(c, &anchors);
    if (!r) r = verify_repository(c, c->args[0], &anchors, &out);
    if (r == ERR_NO) err_clear();
    c->result = out;
    return r;
}
