/* The inside of a bundle. Even first byte: two bytes of length, that much of a manifest (which is signed
 * here, or nothing after it would be looked at), then the rest of the tar as it is. Odd: the rest is
 * entries.jsonl, rightly announced. */
#include <stdlib.h>
#include <string.h>

#include "satchel/format/tar.h"
#include "satchel/replica/bundle.h"

static struct signer signer;
static char kit[KIT_ID_SIZE];

static int known(void *ctx, const char *from, const unsigned char signed_by[KEY_SIZE])
{
    (void)ctx, (void)from, (void)signed_by;
    return 0;
}

static int drop(struct sink *s, const void *bytes, size_t len)
{
    (void)s, (void)bytes, (void)len;
    return 0;
}

static int done(struct sink *s)
{
    (void)s;
    return 0;
}

static void leave(struct sink *s)
{
    (void)s;
}

static int stage(void *ctx, const struct member *m, struct sink **out)
{
    static struct sink nowhere = {drop, done, leave};
    (void)ctx, (void)m;
    *out = &nowhere;
    return 0;
}

static int put(struct tar_writer *w, const char *name, const void *bytes, size_t len)
{
    int rc = tar_begin(w, name, len);
    if (rc == 0) rc = tar_write(w, bytes, len);
    return rc ? rc : tar_end(w);
}

static int put_manifest(struct tar_writer *w, const void *bytes, size_t len)
{
    unsigned char sig[SIGNATURE_SIZE];
    struct buf armor;
    buf_init(&armor, 4096);
    int rc = put(w, BUNDLE_MANIFEST, bytes, len);
    if (rc == 0) rc = sshsig_sign(sig, &signer, NAMESPACE_BUNDLE, bytes, len);
    if (rc == 0) {
        sshsig_armor(&armor, sig, signer.public_key, NAMESPACE_BUNDLE);
        rc = put(w, BUNDLE_MANIFEST_SIG, armor.data, armor.len);
    }
    buf_release(&armor);
    return rc;
}

static int announce(struct buf *out, struct arena *a, const unsigned char *entries, size_t len)
{
    unsigned char hash[SHA256_SIZE];
    struct member m = {.kind = MEMBER_ENTRIES, .size = len};
    struct manifest manifest = {.case_name = "C", .from = kit, .to = kit, .members = &m, .members_len = 1};
    for (size_t i = 0; i < len; i++) manifest.entries += entries[i] == '\n';
    sha256(hash, entries, len);
    hex_write(m.sha256, hash, sizeof hash);
    return manifest_write(out, a, &manifest);
}

static int build_tar(struct tar_writer *w, const unsigned char *data, size_t size)
{
    size_t len = (size_t)data[0] << 8 | data[1];
    if (len > size - 2) len = size - 2;
    int rc = put_manifest(w, data + 2, len);
    return rc ? rc : sink_write(w->to, data + 2 + len, size - 2 - len);
}

static int build_entries(struct tar_writer *w, struct arena *a, const unsigned char *data, size_t size)
{
    struct buf manifest, entries;
    buf_init(&manifest, MANIFEST_MAX_BYTES);
    buf_init(&entries, BUF_UNLIMITED);
    buf_add(&entries, data, size);
    for (size_t i = 0; i < size + 1; i++)
        if (i == size || data[i] == '\n') buf_addf(&entries, "%256s", "");
    buf_addc(&entries, '\n');
    int rc = announce(&manifest, a, entries.data, entries.len);
    if (rc == 0) rc = put_manifest(w, manifest.data, manifest.len);
    if (rc == 0) rc = put(w, "entries.jsonl", entries.data, entries.len);
    buf_release(&manifest);
    buf_release(&entries);
    return rc ? rc : tar_finish(w);
}

static void open_it(struct arena *a, const struct buf *tar)
{
    struct source *from;
    struct opened o;
    struct bundle_receiver r = {.self = kit, .sender = known, .stage = stage};
    if (memory_source(&from, tar->data, tar->len)) abort();
    if (bundle_read(&o, a, from, &r) == 0) {
        for (size_t i = 0; i < o.entries_len; i++)
            if (!o.entries[i].error != (o.entries[i].entry && o.entries[i].signature_good)) abort();
        opened_release(&o);
    }
    source_close(from);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const unsigned char seed[KEY_SIZE] = {7};
    struct arena a;
    struct buf tar;
    struct sink *to;
    struct tar_writer w;
    if (size < 3) return 0;
    if (!*kit) {
        if (seed_signer(&signer, seed)) abort();
        kit_id_of(kit, signer.public_key);
    }
    arena_init(&a);
    buf_init(&tar, BUF_UNLIMITED);
    if (memory_sink(&to, &tar)) abort();
    tar_writer_init(&w, to);
    int rc = data[0] % 2 ? build_entries(&w, &a, data + 1, size - 1) : build_tar(&w, data + 1, size - 1);
    if (rc == 0) open_it(&a, &tar);
    sink_close(to);
    buf_release(&tar);
    arena_release(&a);
    return 0;
}
