/* Sending evidence: ask what is there, send what is not, and ask again. */
#include <stdlib.h>
#include <string.h>
#include "mirror_store.h"
#include "satchel/base/crypto.h"
#include "satchel/base/text.h"
#include "satchel/format/lfs.h"

#define CHUNK_SIZE ((size_t)1 << 20)
#define GRANT_MOST ((size_t)64 << 10)

struct sending {
    struct evidence_store *store;
    struct mirror_sent *out;
    const char *git_folder;
    bool dry;
};

static const char *refused(struct sending *s, struct mirror_object *o, const char *why)
{
    o->refused = why;
    s->out->refused++;
    if (!s->out->first_refusal) s->out->first_refusal = arena_printf(s->store->arena, "%.12s…: %s", o->sha256, text_of(why));
    return s->out->first_refusal;
}

/* ---- the bytes here ---- */

static int hash_file(char sha256[SHA256_HEX], struct file *f)
{
    unsigned char hash[SHA256_SIZE], *chunk = malloc(CHUNK_SIZE);
    struct digest *d = NULL;
    size_t got = 1;
    int rc = chunk ? digest_sha256(&d) : err_memory();
    while (rc == 0 && got > 0) {
        rc = source_read(file_as_source(f), chunk, CHUNK_SIZE, &got);
        if (rc == 0) digest_add(d, chunk, got);
    }
    if (d) digest_end(d, hash);
    if (d) hex_write(sha256, hash, sizeof hash);
    digest_free(d);
    free(chunk);
    return rc ? rc : file_seek(f, 0);
}

/* What is sent is what its name says: a damaged copy must not become a second one. */
static int open_checked(struct sending *s, struct mirror_object *o, struct file **out)
{
    char name[96], sha256[SHA256_HEX];
    struct file_info info;
    struct file *f = NULL;
    lfs_object_path(name, o->sha256);
    const char *path = path_join(s->store->arena, s->git_folder, name);
    int rc = path ? file_open(&f, path) : ERR_ROAD;
    if (rc == ERR_MISSING) {
        err_clear();
        return refused(s, o, N_("its bytes are missing here")) ? 0 : ERR_ROAD;
    }
    if (rc == 0) rc = file_info(f, &info);
    if (rc == 0) rc = hash_file(sha256, f);
    if (rc == 0 && (info.size != o->size || strcmp(sha256, o->sha256) != 0)) {
        file_close(f);
        return refused(s, o, N_("its bytes here are damaged")) ? 0 : ERR_ROAD;
    }
    if (rc)
        file_close(f);
    else
        *out = f;
    return rc;
}

/* ---- one question's objects ---- */

static int send_one(struct sending *s, struct mirror_object *o)
{
    struct file *f = NULL;
    int rc = open_checked(s, o, &f);
    if (rc || !f) return rc;
    rc = s->store->send(s->store, o, f);
    if (rc == 0 && o->refused) refused(s, o, o->refused);
    s->store->done += o->size;
    file_close(f);
    return rc;
}

static int confirm(struct sending *s, struct mirror_object **objects, size_t len)
{
    struct mirror_object again[ASK_MOST];
    for (size_t i = 0; i < len; i++) again[i] = (struct mirror_object){.sha256 = objects[i]->sha256, .size = objects[i]->size};
    int rc = len ? s->store->ask(s->store, again, len) : 0;
    for (size_t i = 0; i < len && rc == 0; i++) {
        objects[i]->held = again[i].held;
        if (!again[i].held && !refused(s, objects[i], N_("the remote does not show what it has taken; run this again"))) rc = ERR_ROAD;
        s->out->sent += again[i].held;
        s->out->bytes += again[i].held ? objects[i]->size : 0;
    }
    return rc;
}

static int send_batch(struct sending *s, struct mirror_object *objects, size_t len)
{
    struct mirror_object *sent[ASK_MOST];
    size_t n = 0;
    int rc = s->store->ask(s->store, objects, len);
    for (size_t i = 0; i < len && rc == 0; i++) {
        struct mirror_object *o = &objects[i];
        if (o->held) {
            s->out->held++;
            s->store->total -= o->size;
        } else if (o->refused) {
            rc = refused(s, o, o->refused) ? 0 : ERR_ROAD;
        } else if (s->dry) {
            s->out->sent++;
            s->out->bytes += o->size;
        } else {
            rc = send_one(s, o);
            if (rc == 0 && !o->refused) sent[n++] = o;
        }
    }
    /* What has gone is counted also where the road has failed after it. */
    int asked = confirm(s, sent, rc ? 0 : n);
    return rc ? rc : asked;
}

static int open_store(struct evidence_store **out, const struct mirror_place *place, const struct mirror_options *o)
{
    if (place->kind == MIRROR_HTTP) return lfs_store(out, place, o);
    if (place->kind == MIRROR_S3) return s3_store(out, place, o);
    if (place->kind == MIRROR_FOLDER) return folder_store(out, place, o);
    return err_set(ERR_INPUT, "'%s' is no store for evidence", place->shown);
}

int mirror_send(struct mirror_sent *out, struct arena *a, const struct mirror_place *place, const struct mirror_options *o,
    const char *git_folder, struct mirror_object *objects, size_t len, bool dry)
{
    struct sending s = {.out = out, .git_folder = git_folder, .dry = dry};
    *out = (struct mirror_sent){0};
    int rc = len ? open_store(&s.store, place, o) : 0;
    if (rc || len == 0) return rc;
    s.store->arena = a;
    for (size_t i = 0; i < len; i++) s.store->total += objects[i].size;
    for (size_t i = 0; i < len && rc == 0; i += ASK_MOST)
        rc = send_batch(&s, objects + i, len - i < ASK_MOST ? len - i : ASK_MOST);
    s.store->close(s.store);
    return rc;
}

/* ---- where it goes when nobody says ---- */

/* git-lfs-authenticate: {"href":…,"header":{"Authorization":…}} (git-lfs docs/api/server-discovery.md). */
static int read_grant(struct mirror_place *out, struct arena *a, const struct buf *text)
{
    const struct jv *v;
    int rc = json_parse(&v, a, text->data, text->len, 8, JSON_FLOATS_TO_STRING);
    const char *href = rc ? NULL : jv_get_str(v, "href"), *grant = rc ? NULL : jv_get_str(jv_get(v, "header"), "Authorization");
    if (rc == 0 && !href) rc = err_set(ERR_ROAD, "it names no address");
    if (rc == 0) rc = mirror_place_read(out, a, href);
    if (rc == 0 && out->kind != MIRROR_HTTP) rc = err_set(ERR_ROAD, "it names no address");
    if (rc == 0 && grant && strpbrk(grant, "\r\n")) rc = err_set(ERR_ROAD, "it names no address");
    if (rc == 0 && grant) out->header = arena_printf(a, "Authorization: %s", grant);
    return rc ? rc : grant && !out->header ? ERR_ROAD : 0;
}

static int ask_ssh(struct mirror_place *out, struct arena *a, const struct mirror_place *repository, const struct mirror_options *o)
{
    struct child *c = NULL;
    struct buf answer;
    int status = 0;
    buf_init(&answer, GRANT_MOST);
    int rc = ssh_start(&c, a, repository, "git-lfs-authenticate", " upload", o->patience_seconds);
    if (rc == 0) rc = sink_finish(child_sink(c));
    if (rc == 0) rc = source_read_all(child_source(c), &answer);
    if (rc == 0) rc = child_end(c, &status);
    if (rc == 0 && status)
        rc = err_set(ERR_ROAD, "'%s' has no place for evidence (%s); name one: --evidence ADDRESS, or none", repository->shown,
            child_complaint(c, a));
    if (rc == 0) {
        rc = read_grant(out, a, &answer);
        if (rc) rc = err_within(ERR_ROAD, "%s", "git-lfs-authenticate");
    }
    child_free(c);
    buf_release(&answer);
    return rc;
}

int mirror_evidence_place(struct mirror_place *out, struct arena *a, const struct mirror_place *repository, const struct mirror_options *o)
{
    struct mirror_place p = *repository;
    if (p.kind == MIRROR_SSH) return ask_ssh(out, a, repository, o);
    if (p.kind == MIRROR_HTTP) {
        size_t len = strlen(p.url);
        bool git = len > 4 && strcmp(p.url + len - 4, ".git") == 0;
        p.url = p.shown = arena_printf(a, "%s%s/info/lfs", p.url, git ? "" : ".git"); /* as git-lfs guesses it */
    } else {
        const char *inside = path_join(a, p.url, ".git"), *folder = inside && os_exists(inside) ? inside : p.url;
        p.url = p.shown = inside ? path_join(a, folder, "lfs/objects") : NULL;
    }
    if (!p.url) return ERR_ROAD;
    *out = p;
    return 0;
}
