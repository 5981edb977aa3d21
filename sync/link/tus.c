/* tus 1.0.0: creation (with the whole file where it is small), HEAD, PATCH, with a checksum for each chunk where
 * there is no TLS to notice harm.
 *
 * What the peer has is asked for after every failure, never assumed: an answer that got lost may belong to a chunk that
 * arrived, or to a whole file that has been taken in and is an upload no more. */
#include "satchel/link/tus.h"

#include <stdlib.h>
#include <string.h>

#include "satchel/base/arena.h"
#include "satchel/base/crypto.h"
#include "satchel/base/os.h"

#define BASE64_OF(n) (4 * (((n) + 2) / 3) + 1)
#define UPLOADS "v1/uploads"

/* ---- waiting ---- */

struct backoff backoff_of(int limit)
{
    return (struct backoff){.limit = limit, .first_seconds = 0.25, .most_seconds = 30, .sleep = os_sleep};
}

void backoff_reset(struct backoff *b)
{
    b->tries = 0;
}

/* Between half of it and all, so that kits that were cut off together do not come back together. */
static double jitter(double seconds)
{
    unsigned char byte = 0;
    if (random_bytes(&byte, 1)) err_clear();
    return seconds * (0.5 + (double)byte / 510);
}

bool backoff_wait(struct backoff *b, uint64_t asked_seconds)
{
    double seconds = b->first_seconds;
    if (++b->tries >= b->limit) return false;
    for (int i = 1; i < b->tries && seconds < b->most_seconds; i++) seconds *= 2;
    if (asked_seconds != HTTP_NOT_SAID && (double)asked_seconds > seconds) seconds = (double)asked_seconds;
    b->sleep(jitter(seconds < b->most_seconds ? seconds : b->most_seconds));
    return true;
}

bool http_passes(const struct http_answer *a)
{
    if (a->fault) return a->fault == HTTP_OFFLINE || a->fault == HTTP_CUT || a->fault == HTTP_GARBAGE;
    return (a->status >= 500 && a->status != 507) || a->status == 423 || a->status == 429;
}

/* ---- one request ---- */

static int upload_path(struct arena *a, const struct tus_upload *u, const char **out)
{
    *out = arena_printf(a, UPLOADS "/%s", u->id);
    return *out ? 0 : ERR_ROAD;
}

static char *checksum_header(struct arena *a, const void *bytes, size_t len)
{
    unsigned char hash[SHA256_SIZE];
    char text[BASE64_OF(SHA256_SIZE)];
    sha256(hash, bytes, len);
    base64_write(text, hash, sizeof hash, true);
    return arena_printf(a, "Upload-Checksum: sha256 %s", text);
}

/* The last part of the location; an id that is none of the protocol's is not gone after. */
static bool keep_id(struct tus_upload *u, const char *location)
{
    const char *slash = strrchr(location, '/'), *id = slash ? slash + 1 : location;
    size_t len = strlen(id);
    if (len == 0 || len > TUS_ID_MAX || strspn(id, "abcdefghijklmnopqrstuvwxyz0123456789-") != len) return false;
    memcpy(u->id, id, len + 1);
    return true;
}

struct step { /* what one request has come to */
    struct tus_upload *u;
    uint64_t before; /* bytes that were there when it began */
};

static void on_sent(void *ctx, uint64_t bytes)
{
    struct step *s = ctx;
    uint64_t at = s->before + bytes;
    if (s->u->progress) s->u->progress->at(s->u->progress, at < s->u->size ? at : s->u->size, s->u->size);
}

/* Called with a fresh answer; 0 where one came, whatever it says. */
static int call(struct tus_upload *u, struct http_call *q, struct http_answer *a)
{
    struct step step = {u, u->offset};
    q->ctx = &step;
    q->sent = on_sent;
    u->sent_bytes += q->body_len;
    int rc = u->http->call(u->http, q, a);
    if (rc && http_passes(a)) rc = 0; /* looked at again by http_passes */
    return rc;
}

static int post(struct tus_upload *u, struct arena *arena, const void *bytes, size_t len, struct http_answer *a)
{
    char *name = arena_alloc(arena, BASE64_OF(strlen(u->name)));
    if (!name) return ERR_ROAD;
    base64_write(name, u->name, strlen(u->name), true);
    const char *headers[7] = {"Tus-Resumable: 1.0.0", arena_printf(arena, "Upload-Length: %llu", (unsigned long long)u->size),
        arena_printf(arena, "Upload-Metadata: name %s", name), "Content-Type:"};
    if (len) headers[3] = "Content-Type: application/offset+octet-stream";
    if (len && u->checksums && !(headers[4] = checksum_header(arena, bytes, len))) return ERR_ROAD;
    if (!headers[1] || !headers[2]) return ERR_ROAD;
    return call(u, &(struct http_call){.method = "POST", .path = UPLOADS, .headers = headers, .body = bytes, .body_len = len}, a);
}

static int patch(struct tus_upload *u, struct arena *arena, const void *bytes, size_t len, struct http_answer *a)
{
    const char *path;
    const char *headers[5] = {"Tus-Resumable: 1.0.0", "Content-Type: application/offset+octet-stream",
        arena_printf(arena, "Upload-Offset: %llu", (unsigned long long)u->offset)};
    if (u->checksums && !(headers[3] = checksum_header(arena, bytes, len))) return ERR_ROAD;
    int rc = headers[2] ? upload_path(arena, u, &path) : ERR_ROAD;
    if (rc) return rc;
    return call(u, &(struct http_call){.method = "PATCH", .path = path, .headers = headers, .body = bytes, .body_len = len}, a);
}

static int head(struct tus_upload *u, struct arena *arena, struct http_answer *a)
{
    static const char *const headers[] = {"Tus-Resumable: 1.0.0", NULL};
    const char *path;
    int rc = upload_path(arena, u, &path);
    return rc ? rc : call(u, &(struct http_call){.method = "HEAD", .path = path, .headers = headers}, a);
}

/* ---- where it stands ---- */

static void forget(struct tus_upload *u)
{
    u->id[0] = '\0';
    u->offset = 0;
}

/* Only what was never reached before counts as progress: a peer that takes back what it had wears the tries out. */
static void moved(struct tus_upload *u, uint64_t offset)
{
    if (offset > u->farthest) {
        backoff_reset(u->backoff);
        u->farthest = offset;
    }
    u->offset = offset;
    if (u->progress) u->progress->at(u->progress, offset, u->size);
}

/* By name, among all that the peer has of us. */
static int look(struct tus_upload *u)
{
    enum tus_place place;
    forget(u);
    int rc = u->find(u->ctx, u, &place);
    if (rc) return rc;
    if (place == TUS_NOWHERE) forget(u);
    moved(u, place == TUS_TAKEN ? u->size : u->offset);
    return 0;
}

/* What the peer has of it after something went wrong. */
static int ask(struct tus_upload *u, struct arena *arena)
{
    struct http_answer a;
    if (!u->id[0]) return look(u);
    http_answer_init(&a, 4096);
    int rc = head(u, arena, &a);
    bool known = !rc && !a.fault && (a.status == 200 || a.status == 204);
    if (rc || http_passes(&a)) {
        /* the next try asks again */
    } else if (known && a.upload_offset <= u->size && (a.upload_length == u->size || a.upload_length == HTTP_NOT_SAID)) {
        moved(u, a.upload_offset);
    } else {
        rc = look(u);
    }
    http_answer_release(&a);
    return rc;
}

/* Waits and looks where it stands; an error where the limit is reached. */
static int again(struct tus_upload *u, struct arena *arena, const struct http_answer *a)
{
    u->chunk = u->chunk / 2 > TUS_CHUNK_LEAST ? u->chunk / 2 : TUS_CHUNK_LEAST;
    if (!backoff_wait(u->backoff, a->retry_seconds)) return a->fault ? ERR_ROAD : u->refused(u->ctx, a);
    err_clear();
    return ask(u, arena);
}

/* ---- a file ---- */

static bool is_disagreement(int status) /* about what is there: to be asked for again */
{
    return status == 404 || status == 409 || status == 410 || status == 460;
}

static int judge(struct tus_upload *u, struct arena *arena, const struct http_answer *a, size_t len)
{
    bool made = !u->id[0];
    if (http_passes(a) || (is_disagreement(a->status) && !made) || (a->status == 460 && made)) return again(u, arena, a);
    if (a->status != (made ? 201 : 204)) return u->refused(u->ctx, a);
    if (made && !keep_id(u, a->location)) return look(u);
    uint64_t offset = a->upload_offset == HTTP_NOT_SAID ? u->offset + (made ? 0 : len) : a->upload_offset;
    if (offset > u->offset + len || (!made && offset <= u->offset)) return again(u, arena, a);
    moved(u, offset);
    if (offset > 0) u->chunk = 2 * u->chunk < TUS_CHUNK_MOST ? 2 * u->chunk : TUS_CHUNK_MOST;
    return 0;
}

static int read_chunk(struct tus_upload *u, struct file *f, unsigned char *chunk, size_t *len)
{
    size_t want = u->size - u->offset < u->chunk ? (size_t)(u->size - u->offset) : u->chunk;
    int rc = file_seek(f, u->offset);
    if (!rc) rc = source_read_full(file_as_source(f), chunk, want, len);
    if (!rc && *len != want) rc = err_set(ERR_DAMAGED, "'%s' is shorter than it was", u->path);
    return rc;
}

static int step(struct tus_upload *u, struct file *f, unsigned char *chunk)
{
    struct arena arena;
    struct http_answer a;
    size_t len = 0;
    arena_init(&arena);
    http_answer_init(&a, 64 << 10);
    bool only_name = !u->id[0] && u->size > u->chunk; /* a quota says no before a byte is sent */
    int rc = only_name ? 0 : read_chunk(u, f, chunk, &len);
    if (!rc) rc = u->id[0] ? patch(u, &arena, chunk, len, &a) : post(u, &arena, chunk, len, &a);
    if (!rc) rc = judge(u, &arena, &a, len);
    http_answer_release(&a);
    arena_release(&arena);
    return rc;
}

int tus_run(struct tus_upload *u)
{
    struct file *f = NULL;
    unsigned char *chunk = malloc(u->size < TUS_CHUNK_MOST ? (size_t)u->size + 1 : TUS_CHUNK_MOST);
    int rc = chunk ? file_open(&f, u->path) : err_memory();
    if (u->chunk == 0) u->chunk = TUS_CHUNK_FIRST;
    while (!rc && u->offset < u->size) rc = step(u, f, chunk);
    file_close(f);
    free(chunk);
    return rc;
}
