/* Uploads by tus 1.0.0 (https://tus.io/protocols/resumable-upload): creation, creation-with-upload, checksum, expiration,
 * termination.
 *
 *   DIR/upload/<id>.data   the bytes, from the first on
 *   DIR/upload/<id>.json   {"kit","length","name","offset"}: so many of them are durable
 *
 * The offset that a client is told is on the disk, and so is the file that says it. What is behind it is written over,
 * so it need not be cut off. A PATCH takes the turn to write from one that is still open, for that one's client is most
 * likely dead; should it not be, its next bytes are refused with 423. Bytes that come with a checksum count when it has
 * been compared, all others as they come, so that a cut costs nothing that has arrived. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "satchel/base/time.h"
#include "satchel/format/shape.h"
#include "parts.h"

#define UPLOADS_OF_KIT 1000
#define CHECKPOINT (UINT64_C(16) << 20) /* bytes between two syncs within one request */
#define INFO_MAX ((size_t)4096)
#define METADATA_MAX ((size_t)1024)
#define SPARE_SPACE (UINT64_C(64) << 20) /* of the disk, left to the worker */
#define HOUR INT64_C(3600)

/* ---- files ---- */

static char *data_path(struct serve *s, struct arena *a, const char *id)
{
    return arena_printf(a, "%s/%s.data", s->uploads_folder, id);
}

static char *info_path(struct serve *s, struct arena *a, const char *id)
{
    return arena_printf(a, "%s/%s.json", s->uploads_folder, id);
}

static int write_info(struct serve *s, struct upload *u)
{
    struct arena a;
    struct buf b;
    arena_init(&a);
    buf_init(&b, INFO_MAX);
    struct jv *v = jv_object(&a);
    const char *path = info_path(s, &a, u->id);
    int rc = jv_put_str(&a, v, "kit", u->kit);
    if (rc == 0) rc = jv_put_int(&a, v, "length", (int64_t)u->length);
    if (rc == 0) rc = jv_put_str(&a, v, "name", u->name);
    if (rc == 0) rc = jv_put_int(&a, v, "offset", (int64_t)u->offset);
    if (rc == 0) json_write(&b, v);
    if (rc == 0) rc = path ? buf_error(&b) : ERR_ROAD;
    if (rc == 0) rc = file_write(path, b.data, b.len);
    if (rc == 0) u->noted = true;
    buf_release(&b);
    arena_release(&a);
    return rc;
}

static int read_info(struct upload *u, struct arena *a, const char *path)
{
    struct buf b;
    struct shape s;
    const struct jv *v;
    buf_init(&b, INFO_MAX);
    int rc = file_read(path, &b);
    if (rc == 0) rc = json_parse_canonical(&v, a, b.data, b.len, 2, 16);
    buf_release(&b);
    if (rc) return rc;
    shape_begin(&s, v);
    const char *kit = shape_text(&s, "kit", kit_id_valid);
    u->length = (uint64_t)shape_int(&s, "length", 0, JV_INT_MAX);
    const char *name = shape_text(&s, "name", wire_name_valid);
    u->offset = (uint64_t)shape_int(&s, "offset", 0, (int64_t)u->length);
    rc = shape_end(&s);
    if (rc) return rc;
    strcpy(u->kit, kit);
    strcpy(u->name, name);
    return 0;
}

static int remove_files(struct serve *s, const struct upload *u)
{
    struct arena a;
    arena_init(&a);
    const char *info = info_path(s, &a, u->id), *data = data_path(s, &a, u->id);
    int rc = info && data ? os_remove(info) : ERR_ROAD; /* first: without it the bytes are nobody's */
    if (rc == 0) rc = os_remove(data);
    arena_release(&a);
    return rc;
}

/* ---- the list ---- */

static struct upload *upload_new(void)
{
    struct upload *u = calloc(1, sizeof *u);
    if (!u) {
        err_memory();
        return NULL;
    }
    pthread_mutex_init(&u->lock, NULL);
    u->touched = time_now();
    return u;
}

static void upload_free(struct upload *u)
{
    sink_close(u->sink);
    pthread_mutex_destroy(&u->lock);
    free(u);
}

static void list_upload(struct serve *s, struct upload *u)
{
    u->next = s->uploads;
    s->uploads = u;
    u->listed = true;
}

/* Under the lock. */
static void unlist(struct serve *s, struct upload *u)
{
    struct upload **at = &s->uploads;
    if (!u->listed) return;
    while (*at != u) at = &(*at)->next;
    *at = u->next;
    u->listed = false;
}

static void let_go(struct serve *s, struct upload *u)
{
    pthread_mutex_lock(&s->lock);
    u->users--;
    bool last = u->users == 0 && !u->listed;
    pthread_mutex_unlock(&s->lock);
    if (last) upload_free(u);
}

/* The request's upload, if it is its kit's; else a 404. */
static struct upload *take_upload(struct visit *v)
{
    struct serve *s = v->serve;
    pthread_mutex_lock(&s->lock);
    struct upload *u = s->uploads;
    while (u && strcmp(u->id, v->tail) != 0) u = u->next;
    if (u && strcmp(u->kit, v->kit) != 0) u = NULL;
    if (u) {
        u->users++;
        u->touched = time_now();
    }
    pthread_mutex_unlock(&s->lock);
    v->upload = u;
    if (!u) refuse(v, 404, N_("there is no such upload: it has ended, or was dropped"));
    return u;
}

/* Unfinished ones of a kit, each with what is durable of it. */
int uploads_list(struct serve *s, const char *kit, struct arena *a, struct wire_state *out)
{
    size_t n = 0;
    struct upload **held = arena_alloc(a, WIRE_LIST_MAX * sizeof *held);
    struct wire_upload *uploads = arena_alloc(a, WIRE_LIST_MAX * sizeof *uploads);
    if (!held || !uploads) return ERR_ROAD;
    pthread_mutex_lock(&s->lock);
    for (struct upload *u = s->uploads; u && n < WIRE_LIST_MAX; u = u->next) {
        if (strcmp(u->kit, kit) != 0) continue;
        u->users++;
        held[n++] = u;
    }
    pthread_mutex_unlock(&s->lock);
    for (size_t i = 0; i < n; i++) {
        struct upload *u = held[i];
        pthread_mutex_lock(&u->lock);
        struct wire_upload w = {arena_strdup(a, u->id), arena_strdup(a, u->name), u->length, u->offset};
        if (!u->gone && w.id && w.name) uploads[out->uploads_len++] = w;
        pthread_mutex_unlock(&u->lock);
        let_go(s, u);
    }
    out->uploads = uploads;
    return 0;
}

/* ---- start and end of the server ---- */

static bool ends_with(const char *s, const char *end)
{
    size_t len = strlen(s), n = strlen(end);
    return len > n && strcmp(s + len - n, end) == 0;
}

/* An upload of which both files are as they should be; what is left of others is removed. */
static int load(struct serve *s, struct arena *a, const char *file)
{
    struct file_info data, info;
    struct upload *u = upload_new();
    const char *path = path_join(a, s->uploads_folder, file);
    size_t len = strlen(file) - strlen(".json");
    int rc = u && path ? 0 : ERR_ROAD;
    if (rc || len >= sizeof u->id) goto out;
    memcpy(u->id, file, len);
    const char *bytes = data_path(s, a, u->id);
    rc = bytes ? 0 : ERR_ROAD;
    bool good = rc == 0 && wire_id_valid(u->id) && read_info(u, a, path) == 0 && os_stat(&info, path) == 0 &&
                os_stat(&data, bytes) == 0 && data.size >= u->offset;
    err_clear();
    if (good) {
        u->at = u->offset;
        u->noted = true;
        u->touched = info.modified / 1000000000;
        list_upload(s, u);
        return 0;
    }
    if (rc == 0) rc = remove_files(s, u);
out:
    if (u) upload_free(u);
    return rc;
}

static int drop_orphan(struct serve *s, struct arena *a, const char *file)
{
    char id[SHA256_HEX];
    size_t len = strlen(file) - strlen(".data");
    if (len >= sizeof id) return 0;
    memcpy(id, file, len);
    id[len] = '\0';
    const char *info = info_path(s, a, id), *data = path_join(a, s->uploads_folder, file);
    if (!info || !data) return ERR_ROAD;
    return os_exists(info) ? 0 : os_remove(data);
}

int uploads_load(struct serve *s)
{
    struct arena a;
    const char **names;
    size_t len;
    arena_init(&a);
    int rc = os_list(&names, &len, &a, s->uploads_folder);
    for (size_t i = 0; i < len && rc == 0; i++)
        if (ends_with(names[i], ".json")) rc = load(s, &a, names[i]);
    for (size_t i = 0; i < len && rc == 0; i++)
        if (ends_with(names[i], ".data")) rc = drop_orphan(s, &a, names[i]);
    arena_release(&a);
    return rc;
}

void uploads_release(struct serve *s)
{
    while (s->uploads) {
        struct upload *u = s->uploads;
        s->uploads = u->next;
        upload_free(u);
    }
}

/* One that nobody uses and has not for long; off the list. */
static struct upload *next_expired(struct serve *s, int64_t before)
{
    pthread_mutex_lock(&s->lock);
    struct upload *u = s->uploads;
    while (u && (u->users > 0 || u->touched >= before)) u = u->next;
    if (u) unlist(s, u);
    pthread_mutex_unlock(&s->lock);
    return u;
}

void uploads_expire(struct serve *s)
{
    struct upload *u;
    int64_t before = time_now() - (int64_t)s->o.upload_hours * HOUR;
    while ((u = next_expired(s, before)) != NULL) {
        if (remove_files(s, u)) tell(s, u->id);
        upload_free(u);
    }
}

/* ---- writing: under the upload's lock ---- */

/* What is written becomes durable, and counts. After a failure what was durable before still does. */
static int settle(struct serve *s, struct upload *u)
{
    int rc = u->sink ? sink_finish(u->sink) : 0;
    sink_close(u->sink);
    u->sink = NULL;
    if (rc) {
        u->at = u->offset;
        return rc;
    }
    if (u->at == u->offset && u->noted) return 0;
    u->offset = u->at;
    return u->offset < u->length ? write_info(s, u) : 0;
}

static void discard(struct upload *u)
{
    sink_close(u->sink);
    u->sink = NULL;
    u->at = u->offset;
}

static int open_sink(struct serve *s, struct upload *u)
{
    struct arena a;
    if (u->sink) return 0;
    arena_init(&a);
    const char *path = data_path(s, &a, u->id);
    int rc = path ? file_patch_sink(&u->sink, path, u->at) : ERR_ROAD;
    arena_release(&a);
    return rc;
}

static bool has_room(struct serve *s, uint64_t length)
{
    uint64_t space;
    bool room = os_free_space(&space, s->uploads_folder) != 0 || (space >= SPARE_SPACE && length <= space - SPARE_SPACE);
    err_clear();
    return room;
}

/* Each was promised room for itself; that many of them may not have it together is seen in time, now and again. */
static int keep_spare(struct serve *s, const struct upload *u, size_t len)
{
    bool due = !u->sink || u->at / CHECKPOINT != (u->at + len) / CHECKPOINT;
    return !due || has_room(s, len) ? 0 : err_set(ERR_ROAD, "the disk is full but for what the hub needs itself");
}

static int write_bytes(struct serve *s, struct upload *u, const void *bytes, size_t len)
{
    int rc = keep_spare(s, u, len);
    if (rc == 0) rc = open_sink(s, u);
    if (rc == 0) rc = sink_write(u->sink, bytes, len);
    if (rc) {
        discard(u);
        return rc;
    }
    u->at += len;
    return !u->checked && u->at < u->length && u->at - u->offset >= CHECKPOINT ? settle(s, u) : 0;
}

/* All of it is here and durable: it becomes a file of the inbox. One of that name that lies there is the same: names follow
 * from contents, and nobody but the kit itself can have put it there. */
static int publish(struct serve *s, struct upload *u)
{
    struct arena a;
    arena_init(&a);
    const char *data = data_path(s, &a, u->id), *info = info_path(s, &a, u->id);
    const char *file = arena_printf(&a, "%s-%s", u->kit, u->name), *to = file ? path_join(&a, s->inbox, file) : NULL;
    int rc = data && info && to ? 0 : ERR_ROAD;
    if (rc == 0) rc = os_exists(to) ? os_remove(data) : os_rename(data, to);
    if (rc == 0) u->gone = true;
    if (rc == 0 && u->noted) rc = os_remove(info);
    arena_release(&a);
    return rc;
}

static int finish(struct serve *s, struct upload *u)
{
    int rc = u->length == 0 ? open_sink(s, u) : 0; /* an empty file is one, too */
    if (rc == 0 && u->length == 0) rc = settle(s, u);
    if (rc == 0) rc = publish(s, u);
    if (!u->gone) return rc;
    pthread_mutex_lock(&s->lock);
    struct guest *g = guest_of(s, u->kit);
    int lies = g ? guest_lies(s, g, u->name, u->length) : ERR_ROAD;
    s->counts.finished++;
    unlist(s, u);
    pthread_mutex_unlock(&s->lock);
    return rc ? rc : lies;
}

/* Ends the turn of whoever writes; what has come counts, unless it was to be compared first. */
static int end_turn(struct serve *s, struct upload *u)
{
    bool checked = u->checked;
    u->writing = false;
    u->checked = false;
    u->turn++;
    if (checked) {
        discard(u);
        return 0;
    }
    int rc = settle(s, u);
    return rc == 0 && u->offset == u->length && !u->gone ? finish(s, u) : rc; /* only its end got lost */
}

/* ---- what is said of an upload ---- */

static void say_number(struct visit *v, const char *name, uint64_t n)
{
    char text[24];
    snprintf(text, sizeof text, "%" PRIu64, n);
    http_say(v->request, name, text);
}

static void say_expires(struct visit *v)
{
    char text[32];
    http_date(text, time_now() + (int64_t)v->serve->o.upload_hours * HOUR);
    http_say(v->request, "Upload-Expires", text);
}

static void say_nothing(struct visit *v, int status)
{
    http_say(v->request, "Cache-Control", "no-store");
    http_answer(v->request, status, NULL, "", 0);
}

static bool read_length(const char *text, uint64_t *out)
{
    size_t len = text ? strlen(text) : 0;
    if (len == 0 || len > 16 || strspn(text, "0123456789") != len) return false;
    *out = strtoull(text, NULL, 10);
    return *out <= (uint64_t)JV_INT_MAX;
}

static void refuse_failed(struct visit *v)
{
    tell(v->serve, http_path(v->request));
    refuse(v, 507, N_("the server could not write this to its disk; what was there before is safe"));
}

void options_close(struct visit *v)
{
    http_say(v->request, "Tus-Resumable", "1.0.0");
    http_say(v->request, "Tus-Version", "1.0.0");
    http_say(v->request, "Tus-Extension", "creation,creation-with-upload,checksum,expiration,termination");
    http_say(v->request, "Tus-Checksum-Algorithm", "sha1,sha256");
    say_number(v, "Tus-Max-Size", v->serve->o.upload_max);
    say_nothing(v, 204);
}

/* ---- checksum ---- */

/* "sha256 <base64>"; none is fine. Else a 400 is answered. */
static bool read_checksum(struct visit *v)
{
    static const struct {
        const char *name;
        size_t size;
        int (*begin)(struct digest **out);
    } kinds[] = {{"sha256 ", SHA256_SIZE, digest_sha256}, {"sha1 ", SHA1_SIZE, digest_sha1}};
    const char *given = http_header(v->request, "Upload-Checksum");
    unsigned char sum[3 * 16 + 3];
    if (!given) return true;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        size_t n = strlen(kinds[i].name);
        if (strncmp(given, kinds[i].name, n) != 0 || strlen(given + n) > 64) continue;
        if (base64_read(sum, given + n, strlen(given + n), true) != (long)kinds[i].size) break;
        if (kinds[i].begin(&v->digest)) break;
        memcpy(v->sum, sum, kinds[i].size);
        v->sum_len = kinds[i].size;
        return true;
    }
    refuse(v, 400, N_("the checksum is not of a kind that is known here"));
    return false;
}

static bool sum_fits(struct visit *v)
{
    unsigned char sum[SHA256_SIZE];
    if (!v->digest) return true;
    digest_end(v->digest, sum);
    return same_bytes(sum, v->sum, v->sum_len);
}

/* ---- PATCH, and the bytes of a POST ---- */

static bool is_bytes(struct visit *v)
{
    const char *type = http_header(v->request, "Content-Type");
    return type && strcmp(type, "application/offset+octet-stream") == 0;
}

/* Under the upload's lock: may the request write from this offset on? Else it is answered. */
static bool take_turn(struct visit *v, struct upload *u, uint64_t offset)
{
    uint64_t length;
    const char *said = http_header(v->request, "Content-Length");
    if (u->writing && end_turn(v->serve, u)) {
        refuse_failed(v);
    } else if (u->gone) {
        refuse(v, 404, N_("there is no such upload: it has ended, or was dropped"));
    } else if (u->offset != offset) {
        say_number(v, "Upload-Offset", u->offset);
        refuse(v, 409, N_("the upload stands at another offset"));
    } else if (said && (!read_length(said, &length) || length > u->length - offset)) {
        refuse(v, 413, N_("more bytes than the upload was said to have"));
    } else {
        u->writing = true;
        u->checked = v->digest != NULL;
        v->turn = ++u->turn;
        return true;
    }
    return false;
}

void patch_open(struct visit *v)
{
    uint64_t offset;
    struct upload *u = take_upload(v);
    if (!u) return;
    if (!is_bytes(v)) {
        refuse(v, 415, N_("bytes of an upload are sent as application/offset+octet-stream"));
    } else if (!read_length(http_header(v->request, "Upload-Offset"), &offset)) {
        refuse(v, 400, N_("the header Upload-Offset is missing or no number"));
    } else if (read_checksum(v)) {
        pthread_mutex_lock(&u->lock);
        (void)take_turn(v, u, offset);
        pthread_mutex_unlock(&u->lock);
    }
}

static void refuse_overtaken(struct visit *v)
{
    refuse(v, 423, N_("another request writes this upload"));
}

static void write_some(struct visit *v, struct upload *u, const void *bytes, size_t len)
{
    if (u->turn != v->turn || !u->writing) {
        refuse_overtaken(v);
    } else if (len > u->length - u->at) {
        refuse(v, 413, N_("more bytes than the upload was said to have"));
    } else if (write_bytes(v->serve, u, bytes, len)) {
        refuse_failed(v);
    }
}

void patch_body(struct visit *v, const void *bytes, size_t len)
{
    struct upload *u = v->upload;
    if (!u || !v->turn) {
        refuse(v, 415, N_("bytes of an upload are sent as application/offset+octet-stream"));
        return;
    }
    if (v->digest) digest_add(v->digest, bytes, len);
    pthread_mutex_lock(&u->lock);
    write_some(v, u, bytes, len);
    pthread_mutex_unlock(&u->lock);
}

/* Under the upload's lock: the request's bytes have all come. Answers where it fails. */
static bool end_bytes(struct visit *v, struct upload *u)
{
    if (u->turn != v->turn || !u->writing) {
        refuse_overtaken(v);
        return false;
    }
    bool fits = sum_fits(v);
    u->writing = false;
    u->checked = false;
    u->turn++;
    if (!fits) {
        discard(u);
        refuse(v, 460, N_("the checksum does not fit the bytes: they were changed on the way"));
        return false;
    }
    int rc = settle(v->serve, u);
    if (rc == 0 && u->offset == u->length) rc = finish(v->serve, u);
    if (rc) refuse_failed(v);
    return rc == 0;
}

static void answer_bytes(struct visit *v, struct upload *u, int status)
{
    pthread_mutex_lock(&u->lock);
    bool good = end_bytes(v, u);
    uint64_t offset = u->offset;
    bool gone = u->gone;
    pthread_mutex_unlock(&u->lock);
    if (!good) return;
    say_number(v, "Upload-Offset", offset);
    if (!gone) say_expires(v);
    say_nothing(v, status);
}

void patch_close(struct visit *v)
{
    answer_bytes(v, v->upload, 204);
}

/* The client may be gone in the middle of it: what has come is kept. */
void upload_done(struct visit *v, bool whole)
{
    struct upload *u = v->upload;
    (void)whole;
    if (!u) return;
    pthread_mutex_lock(&u->lock);
    if (v->turn && u->turn == v->turn && u->writing && end_turn(v->serve, u)) tell(v->serve, u->id);
    pthread_mutex_unlock(&u->lock);
    let_go(v->serve, u);
}

/* ---- POST ---- */

/* "name <base64>", perhaps among others with commas between. NULL: there is none that can be one of ours. */
static const char *read_name(struct arena *a, const char *metadata)
{
    while (metadata && *metadata) {
        size_t pair = strcspn(metadata, ",");
        const char *text = metadata + 5;
        metadata += strspn(metadata, " ");
        if (strncmp(metadata, "name ", 5) == 0 && pair > 5 && pair < METADATA_MAX) {
            text = metadata + 5;
            size_t len = strcspn(text, ", ");
            unsigned char *name = arena_alloc(a, 3 * (len / 4) + 4);
            long n = name ? base64_read(name, text, len, true) : -1;
            if (n <= 0) return NULL;
            name[n] = '\0';
            return strlen((char *)name) == (size_t)n && wire_name_valid((char *)name) ? (char *)name : NULL;
        }
        metadata += strcspn(metadata, ",");
        metadata += *metadata == ',';
    }
    return NULL;
}

/* Under the lock: bytes of the kit that are under way, and files: unfinished ones without an earlier one of this name, and
 * those that are not taken in, which are tried, or lie, again and again. */
static uint64_t under_way(struct serve *s, const char *kit, const char *name, size_t *uploads)
{
    uint64_t bytes = 0;
    struct guest *g = guest_of(s, kit);
    *uploads = 0;
    for (const struct upload *u = s->uploads; u; u = u->next) {
        if (strcmp(u->kit, kit) != 0 || strcmp(u->name, name) == 0) continue;
        bytes += u->length;
        ++*uploads;
    }
    for (const struct lying *l = g ? g->lying : NULL; l; l = l->next, ++*uploads) bytes += l->size;
    for (const struct lying *l = g ? g->refused : NULL; l; l = l->next, ++*uploads) bytes += l->size;
    return bytes;
}

/* Before a byte of it; under the lock. An earlier upload of this name is the same file, and gives its room up. */
static const char *no_room(struct visit *v, const char *name, uint64_t length, int *status)
{
    size_t uploads;
    struct serve *s = v->serve;
    uint64_t bytes = under_way(s, v->kit, name, &uploads);
    *status = 413;
    if (length > s->o.upload_max) return N_("larger than an upload may be here; pack into smaller parts");
    if (length > s->o.quota || bytes > s->o.quota - length)
        return N_("over the quota: too much of this kit's is under way, or lies set apart at the hub; "
                  "wait until the hub has taken it in, or ask its people to clear what it has refused");
    if (uploads >= UPLOADS_OF_KIT)
        return N_("too many files of this kit are not taken in; wait for the hub, or ask its people to clear what it has refused");
    *status = 507;
    return has_room(s, length) ? NULL : N_("the server's disk is full; its people must make room");
}

/* Under the lock. Off the list; the caller ends it. */
static struct upload *earlier_of(struct serve *s, const char *kit, const char *name)
{
    struct upload *u = s->uploads;
    while (u && (strcmp(u->kit, kit) != 0 || strcmp(u->name, name) != 0)) u = u->next;
    if (!u) return NULL;
    u->users++;
    unlist(s, u);
    return u;
}

static int end_upload(struct serve *s, struct upload *u)
{
    pthread_mutex_lock(&u->lock);
    bool was = u->gone;
    u->gone = true;
    u->writing = false;
    u->turn++;
    discard(u);
    int rc = was ? 0 : remove_files(s, u);
    pthread_mutex_unlock(&u->lock);
    return rc;
}

static int name_upload(struct upload *u, const char *kit, const char *name, uint64_t length)
{
    unsigned char random[16];
    int rc = random_bytes(random, sizeof random);
    if (rc) return rc;
    hex_write(u->id, random, sizeof random);
    strcpy(u->kit, kit);
    strcpy(u->name, name);
    u->length = length;
    return 0;
}

/* Listed, and the request's; NULL: it is answered. */
static struct upload *create(struct visit *v, const char *name, uint64_t length)
{
    struct serve *s = v->serve;
    struct upload *u = upload_new();
    int status = 507, rc = u ? name_upload(u, v->kit, name, length) : ERR_ROAD;
    if (rc) {
        if (u) upload_free(u);
        refuse_failed(v);
        return NULL;
    }
    pthread_mutex_lock(&s->lock);
    struct upload *before = NULL;
    const char *no = no_room(v, name, length, &status);
    if (!no) {
        before = earlier_of(s, v->kit, name);
        u->users = 1;
        list_upload(s, u);
    }
    pthread_mutex_unlock(&s->lock);
    if (before) {
        if (end_upload(s, before)) tell(s, before->id);
        let_go(s, before);
    }
    if (!no) return v->upload = u;
    upload_free(u);
    refuse(v, status, no);
    return NULL;
}

void creation_open(struct visit *v)
{
    uint64_t length, bytes = 0;
    const char *name = read_name(&v->arena, http_header(v->request, "Upload-Metadata"));
    const char *said = http_header(v->request, "Content-Length");
    if (!read_length(http_header(v->request, "Upload-Length"), &length)) {
        refuse(v, 400, N_("the header Upload-Length is missing or no number"));
    } else if (!name) {
        refuse(v, 400, N_("the header Upload-Metadata names no file of ours: name, a blank, NAME.satchel in base64"));
    } else if (said && (!read_length(said, &bytes) || bytes > length)) {
        refuse(v, 413, N_("more bytes than the upload was said to have"));
    } else if (bytes > 0 && !is_bytes(v)) {
        refuse(v, 415, N_("bytes of an upload are sent as application/offset+octet-stream"));
    } else if (read_checksum(v) && create(v, name, length)) {
        pthread_mutex_lock(&v->upload->lock);
        (void)take_turn(v, v->upload, 0);
        pthread_mutex_unlock(&v->upload->lock);
    }
}

/* Relative to the request's own path, so that it is right behind whatever prefix a proxy has put before it. */
static void say_location(struct visit *v)
{
    const char *text = arena_printf(&v->arena, "uploads/%s", v->upload->id);
    if (text) http_say(v->request, "Location", text);
}

/* Also without a byte: from now on there is a file that tells of the upload. */
void creation_close(struct visit *v)
{
    struct upload *u = v->upload;
    int rc = 0;
    pthread_mutex_lock(&u->lock);
    if (u->at == 0 && u->length > 0 && u->turn == v->turn) rc = open_sink(v->serve, u);
    pthread_mutex_unlock(&u->lock);
    if (rc) {
        refuse_failed(v);
        return;
    }
    say_location(v);
    answer_bytes(v, u, 201);
}

/* ---- HEAD and DELETE ---- */

/* Whoever still writes goes on; what has come until now is made to count. */
void upload_head_close(struct visit *v)
{
    struct upload *u = take_upload(v);
    if (!u) return;
    pthread_mutex_lock(&u->lock);
    int rc = u->writing && !u->checked && u->at < u->length ? settle(v->serve, u) : 0;
    uint64_t offset = u->offset;
    bool gone = u->gone;
    pthread_mutex_unlock(&u->lock);
    if (rc) {
        refuse_failed(v);
    } else if (gone) {
        refuse(v, 404, N_("there is no such upload: it has ended, or was dropped"));
    } else {
        say_number(v, "Upload-Offset", offset);
        say_number(v, "Upload-Length", u->length);
        say_expires(v);
        say_nothing(v, 200);
    }
}

void termination_close(struct visit *v)
{
    struct serve *s = v->serve;
    struct upload *u = take_upload(v);
    if (!u) return;
    pthread_mutex_lock(&s->lock);
    unlist(s, u);
    pthread_mutex_unlock(&s->lock);
    if (end_upload(s, u))
        refuse_failed(v);
    else
        say_nothing(v, 204);
}
