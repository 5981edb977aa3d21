/* An S3-compatible store: requests signed by AWS Signature Version 4 (libcurl's), every body with its SHA-256, which the store
 * checks. Evidence lies as lfs/objects/ab/cd/<sha256> below the bucket, or below the prefix that the address names.
 *
 *   HEAD key                                  is it there, of this size
 *   PUT  key                                  up to the part size in one piece
 *   GET  bucket?prefix=key&uploads=           larger: what was begun and not ended,
 *   GET  key?uploadId=U                       and which of its parts are there;
 *   POST key?uploads=                         or a new one;
 *   PUT  key?partNumber=N&uploadId=U          the parts that are lacking;
 *   POST key?uploadId=U                       and the list of them all
 *
 * A part that is there is kept where its size and ETag (the MD5 of its bytes) are those of ours; a store with other ETags gets
 * the part again. Nothing of an upload is remembered here. Queries are written in the order and the spelling that the
 * signature wants, since libcurl 7.88 signs them as they are. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "mirror_store.h"
#include "satchel/base/crypto.h"
#include "satchel/base/text.h"

#define PART_LEAST ((uint64_t)5 << 20) /* S3's own limits */
#define PARTS_MOST 10000
#define CHUNK_SIZE ((size_t)1 << 20)
#define ANSWER_MOST ((size_t)4 << 20)
#define IN_QUERY "-_.~"
#define IN_PATH "-_.~/"
#define EMPTY_SHA256 "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define MD5_HEX (2 * MD5_SIZE + 1)

struct s3_store {
    struct evidence_store base;
    struct arena arena; /* of the store */
    const char *user, *password, *netrc, *sigv4, *token;
    const char *bucket, *prefix; /* http(s)://host/bucket; "…/" or "", as it is meant: nothing of it is escaped */
    struct web *http;
};

static struct s3_store *s3(struct evidence_store *s)
{
    return (struct s3_store *)s;
}

/* ---- one request ---- */

static const char *key_of(struct evidence_store *s, const char *sha256)
{
    return arena_printf(s->arena, "%slfs/objects/%.2s/%.2s/%s", s3(s)->prefix, sha256, sha256 + 2, sha256);
}

/* RFC 3986 as the signature wants it; "/" too where it stands in a query, but not in a path. */
static const char *escaped(struct arena *a, const char *text, const char *marks)
{
    struct buf b;
    buf_init(&b, BUF_UNLIMITED);
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        bool plain = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || strchr(marks, c);
        buf_addf(&b, plain ? "%c" : "%%%02X", c);
    }
    const char *out = buf_error(&b) ? NULL : arena_strdup(a, buf_str(&b));
    buf_release(&b);
    return out;
}

/* body NULL: none. sha256: of the body. */
static int ask_s3(struct evidence_store *s, const char *method, const char *path, const char *query, const struct web_body *body,
    const char *sha256, struct web_answer *answer)
{
    struct s3_store *t = s3(s);
    struct web_memory m;
    const char *key = escaped(s->arena, path, IN_PATH);
    struct web_body empty = web_memory_body(&m, "", 0);
    bool sends = strcmp(method, "PUT") == 0 || strcmp(method, "POST") == 0;
    struct web_request q = {.method = method,
        .url = arena_printf(s->arena, "%s%s%s%s%s", t->bucket, *path ? "/" : "", key, *query ? "?" : "", query),
        .headers = {arena_printf(s->arena, "x-amz-content-sha256: %s", sha256), t->token},
        .body = body ? body : sends ? &empty : NULL,
        .user = t->user,
        .password = t->password,
        .netrc = t->netrc,
        .sigv4 = t->sigv4,
        .progress = body ? s->options->progress : NULL,
        .progress_before = s->done,
        .progress_total = s->total,
        .answer_max = ANSWER_MOST};
    *answer = (struct web_answer){0};
    return key && q.url && q.headers[0] ? web_ask(t->http, &q, answer) : ERR_ROAD;
}

/* The text between <name> and </name>, after *at, in the arena; NULL: there is none. What a store says of itself is read
 * with no more trust than this needs. */
static const char *xml_text(struct arena *a, const char **at, const char *name)
{
    const char *open = arena_printf(a, "<%s>", name), *shut = arena_printf(a, "</%s>", name);
    const char *from = open && shut ? strstr(*at, open) : NULL, *to = from ? strstr(from, shut) : NULL;
    if (!to) return NULL;
    from += strlen(open);
    *at = to + strlen(shut);
    return arena_strndup(a, from, (size_t)(to - from));
}

/* A refusal is told with the store's own code, e.g. SignatureDoesNotMatch. */
static int refusal(struct evidence_store *s, const struct web_answer *answer)
{
    const char *at = buf_str(&answer->body), *code = xml_text(s->arena, &at, "Code");
    if (!code) return web_refused(s->place->shown, answer);
    return err_set(ERR_ROAD, "'%s' answers %ld %s", s->place->shown, answer->status, code);
}

/* Of one object, the others may go well: only what nobody may do stops them all. */
static int refuse(struct evidence_store *s, struct mirror_object *o, const struct web_answer *answer)
{
    int rc = refusal(s, answer);
    if (answer->status == 401 || answer->status == 403 || answer->status == 404) return rc;
    o->refused = arena_strdup(s->arena, err_message());
    err_clear();
    return o->refused ? 0 : ERR_ROAD;
}

static bool is_good(const struct web_answer *answer)
{
    return answer->status >= 200 && answer->status < 300;
}

/* ---- hashes ---- */

static int hash_part(struct file *f, uint64_t offset, uint64_t len, char sha256[SHA256_HEX], char md5[MD5_HEX])
{
    unsigned char hash[SHA256_SIZE], *chunk = malloc(CHUNK_SIZE);
    struct digest *a = NULL, *b = NULL;
    size_t got = 1;
    int rc = chunk ? digest_sha256(&a) : err_memory();
    *md5 = '\0';
    if (rc == 0 && digest_md5(&b)) err_clear(); /* without it no part is taken for known */
    if (rc == 0) rc = file_seek(f, offset);
    for (uint64_t left = len; rc == 0 && left > 0 && got > 0; left -= got) {
        rc = source_read(file_as_source(f), chunk, left < CHUNK_SIZE ? (size_t)left : CHUNK_SIZE, &got);
        if (rc == 0) digest_add(a, chunk, got);
        if (rc == 0 && b) digest_add(b, chunk, got);
    }
    if (a) digest_end(a, hash);
    if (a) hex_write(sha256, hash, SHA256_SIZE);
    if (b) digest_end(b, hash);
    if (b) hex_write(md5, hash, MD5_SIZE);
    digest_free(a);
    digest_free(b);
    free(chunk);
    return rc;
}

/* ETags that are not the MD5 of what was sent (encrypted stores) say nothing. */
static bool etag_wrong(const char *etag, const char *md5)
{
    return *md5 && strlen(etag) == strlen(md5) && strspn(etag, "0123456789abcdef") == strlen(md5) && strcmp(etag, md5) != 0;
}

/* ---- asking ---- */

static int ask(struct evidence_store *s, struct mirror_object *objects, size_t len)
{
    struct web_answer answer;
    int rc = 0;
    for (size_t i = 0; i < len && rc == 0; i++) {
        const char *key = key_of(s, objects[i].sha256);
        rc = key ? ask_s3(s, "HEAD", key, "", NULL, EMPTY_SHA256, &answer) : ERR_ROAD;
        if (!key) break;
        if (rc == 0 && answer.status != 404 && !is_good(&answer)) rc = refusal(s, &answer);
        objects[i].held = rc == 0 && is_good(&answer) && answer.length == (int64_t)objects[i].size;
        web_answer_release(&answer);
    }
    return rc;
}

/* ---- in one piece ---- */

static int put_whole(struct evidence_store *s, struct mirror_object *o, struct file *from)
{
    struct web_file file;
    struct web_answer answer;
    char sha256[SHA256_HEX], md5[MD5_HEX];
    const char *key = key_of(s, o->sha256);
    int rc = key ? hash_part(from, 0, o->size, sha256, md5) : ERR_ROAD;
    if (rc) return rc;
    struct web_body body = web_file_body(&file, from, 0, o->size);
    rc = ask_s3(s, "PUT", key, "", &body, sha256, &answer);
    if (rc == 0 && !is_good(&answer))
        rc = refuse(s, o, &answer);
    else if (rc == 0 && etag_wrong(answer.etag, md5))
        o->refused = N_("the store has kept other bytes than were sent");
    web_answer_release(&answer);
    return rc;
}

/* ---- in parts ---- */

struct part { char etag[128]; uint64_t size; };
struct upload {
    struct evidence_store *store;
    struct mirror_object *object;
    struct file *from;
    const char *key, *id;
    uint64_t part_size;
    size_t parts_len;
    struct part *parts; /* what is there; size 0: it is not */
};

/* The newest upload of this very key that was begun. */
static int find_upload(struct upload *u)
{
    struct arena *a = u->store->arena;
    struct web_answer answer;
    const char *prefix = escaped(a, u->key, IN_QUERY), *query = prefix ? arena_printf(a, "prefix=%s&uploads=", prefix) : NULL;
    int rc = query ? ask_s3(u->store, "GET", "", query, NULL, EMPTY_SHA256, &answer) : ERR_ROAD;
    if (!query) return rc;
    /* Some may write and not list: then it begins anew. */
    const char *at = rc == 0 && is_good(&answer) ? buf_str(&answer.body) : "", *one;
    while ((one = xml_text(a, &at, "Upload")) != NULL) {
        const char *in = one, *key = xml_text(a, &in, "Key"), *id;
        in = one;
        id = xml_text(a, &in, "UploadId");
        if (key && id && strcmp(key, u->key) == 0) u->id = id;
    }
    web_answer_release(&answer);
    return rc;
}

static int begin_upload(struct upload *u)
{
    struct web_answer answer;
    int rc = ask_s3(u->store, "POST", u->key, "uploads=", NULL, EMPTY_SHA256, &answer);
    if (rc == 0 && !is_good(&answer)) rc = refuse(u->store, u->object, &answer);
    const char *at = buf_str(&answer.body);
    if (rc == 0 && !u->object->refused) {
        u->id = xml_text(u->store->arena, &at, "UploadId");
        if (!u->id) rc = err_set(ERR_ROAD, "'%s' begins an upload without naming it", u->store->place->shown);
    }
    web_answer_release(&answer);
    return rc;
}

static void note_part(struct upload *u, const char *one)
{
    struct arena *a = u->store->arena;
    const char *in = one, *number = xml_text(a, &in, "PartNumber"), *etag, *size;
    in = one;
    etag = xml_text(a, &in, "ETag");
    in = one;
    size = xml_text(a, &in, "Size");
    long n = number ? strtol(number, NULL, 10) : 0;
    if (!etag || !size || n < 1 || (size_t)n > u->parts_len) return;
    struct part *p = &u->parts[n - 1];
    if (strncmp(etag, "&quot;", 6) == 0) etag += 6;
    snprintf(p->etag, sizeof p->etag, "%.*s", (int)strcspn(etag + (*etag == '"'), "\"&"), etag + (*etag == '"'));
    p->size = strtoull(size, NULL, 10);
}

/* A page holds a thousand of them. An upload that has gone meanwhile has none, and is begun anew. */
static int list_parts(struct upload *u)
{
    struct arena *a = u->store->arena;
    const char *id = escaped(a, u->id, IN_QUERY), *marker = NULL, *one, *cut;
    bool more = true;
    int rc = id ? 0 : ERR_ROAD;
    for (int pages = 0; rc == 0 && more && pages <= PARTS_MOST / 100; pages++) {
        struct web_answer answer;
        const char *query = marker ? arena_printf(a, "part-number-marker=%s&uploadId=%s", marker, id) : arena_printf(a, "uploadId=%s", id);
        rc = query ? ask_s3(u->store, "GET", u->key, query, NULL, EMPTY_SHA256, &answer) : ERR_ROAD;
        if (!query) break;
        const char *at = buf_str(&answer.body), *head = at;
        if (rc == 0 && answer.status == 404) u->id = NULL;
        if (rc == 0 && answer.status != 404 && !is_good(&answer)) rc = refusal(u->store, &answer);
        cut = xml_text(a, &head, "IsTruncated");
        head = at;
        marker = xml_text(a, &head, "NextPartNumberMarker");
        more = rc == 0 && u->id && cut && strcmp(cut, "true") == 0 && marker && strspn(marker, "0123456789") == strlen(marker);
        while (rc == 0 && u->id && (one = xml_text(a, &at, "Part")) != NULL) note_part(u, one);
        web_answer_release(&answer);
    }
    return rc;
}

static int put_part(struct upload *u, size_t i)
{
    struct web_file file;
    struct web_answer answer;
    struct part *p = &u->parts[i];
    char sha256[SHA256_HEX], md5[MD5_HEX];
    uint64_t offset = i * u->part_size, left = u->object->size - offset, len = left < u->part_size ? left : u->part_size;
    int rc = hash_part(u->from, offset, len, sha256, md5);
    if (rc || (p->size == len && *md5 && strcmp(p->etag, md5) == 0)) return rc;
    struct web_body body = web_file_body(&file, u->from, offset, len);
    const char *id = escaped(u->store->arena, u->id, IN_QUERY);
    const char *query = id ? arena_printf(u->store->arena, "partNumber=%zu&uploadId=%s", i + 1, id) : NULL;
    if (!query) return ERR_ROAD;
    rc = ask_s3(u->store, "PUT", u->key, query, &body, sha256, &answer);
    if (rc == 0 && !is_good(&answer)) rc = refuse(u->store, u->object, &answer);
    if (rc == 0 && !u->object->refused && etag_wrong(answer.etag, md5))
        u->object->refused = N_("the store has kept other bytes than were sent");
    snprintf(p->etag, sizeof p->etag, "%s", answer.etag);
    web_answer_release(&answer);
    return rc;
}

static int put_parts(struct upload *u)
{
    uint64_t before = u->store->done;
    int rc = 0;
    for (size_t i = 0; i < u->parts_len && rc == 0 && !u->object->refused; i++) {
        u->store->done = before + i * u->part_size;
        rc = put_part(u, i);
    }
    u->store->done = before;
    return rc;
}

static int end_upload(struct upload *u)
{
    struct buf list;
    struct web_memory m;
    struct web_answer answer = {0};
    unsigned char hash[SHA256_SIZE];
    char sha256_text[SHA256_HEX];
    const char *id = escaped(u->store->arena, u->id, IN_QUERY), *query = id ? arena_printf(u->store->arena, "uploadId=%s", id) : NULL;
    buf_init(&list, BUF_UNLIMITED);
    buf_adds(&list, "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">");
    for (size_t i = 0; i < u->parts_len; i++)
        buf_addf(&list, "<Part><PartNumber>%zu</PartNumber><ETag>\"%s\"</ETag></Part>", i + 1, u->parts[i].etag);
    buf_adds(&list, "</CompleteMultipartUpload>");
    int rc = query ? buf_error(&list) : ERR_ROAD;
    if (rc == 0) {
        struct web_body body = web_memory_body(&m, list.data, list.len);
        sha256(hash, list.data, list.len);
        hex_write(sha256_text, hash, sizeof hash);
        rc = ask_s3(u->store, "POST", u->key, query, &body, sha256_text, &answer);
        /* It may answer 200 before it knows, and then say in its body that it failed. */
        if (rc == 0 && (!is_good(&answer) || strstr(buf_str(&answer.body), "<Error>"))) rc = refuse(u->store, u->object, &answer);
        web_answer_release(&answer);
    }
    buf_release(&list);
    return rc;
}

static uint64_t part_size_of(const struct evidence_store *s, uint64_t size)
{
    uint64_t part = s->options->part_size < PART_LEAST ? PART_LEAST : s->options->part_size;
    while (size / part >= PARTS_MOST) part *= 2;
    return part;
}

static int put_in_parts(struct evidence_store *s, struct mirror_object *o, struct file *from)
{
    struct upload u = {.store = s, .object = o, .from = from, .key = key_of(s, o->sha256), .part_size = part_size_of(s, o->size)};
    u.parts_len = (size_t)((o->size + u.part_size - 1) / u.part_size);
    u.parts = arena_alloc(s->arena, u.parts_len * sizeof *u.parts);
    int rc = u.key && u.parts ? find_upload(&u) : ERR_ROAD;
    if (rc == 0 && u.id) rc = list_parts(&u);
    if (rc == 0 && !u.id) rc = begin_upload(&u);
    if (rc == 0 && !o->refused) rc = put_parts(&u);
    if (rc == 0 && !o->refused) rc = end_upload(&u);
    return rc;
}

static int send(struct evidence_store *s, struct mirror_object *o, struct file *from)
{
    return o->size <= part_size_of(s, o->size) ? put_whole(s, o, from) : put_in_parts(s, o, from);
}

/* ---- opening ---- */

static void close_store(struct evidence_store *s)
{
    web_free(s3(s)->http);
    arena_release(&s3(s)->arena);
    free(s);
}

static bool region_good(const char *region)
{
    return *region && strspn(region, "abcdefghijklmnopqrstuvwxyz0123456789-ABCDEFGHIJKLMNOPQRSTUVWXYZ") == strlen(region);
}

static int set_keys(struct s3_store *s, const struct mirror_place *place, const struct mirror_options *o)
{
    const char *region = o->region ? o->region : getenv("AWS_REGION"), *token = getenv("AWS_SESSION_TOKEN");
    if (!region || !*region) region = "us-east-1";
    if (!region_good(region)) return err_set(ERR_INPUT, "'%s' is no name of a region", region);
    s->user = place->user ? place->user : getenv("AWS_ACCESS_KEY_ID");
    s->password = place->user ? place->password : getenv("AWS_SECRET_ACCESS_KEY");
    if (!s->user || !s->password) s->netrc = mirror_netrc(&s->arena, o);
    if (token && *token && !place->user && !strpbrk(token, "\r\n")) s->token = arena_printf(&s->arena, "x-amz-security-token: %s", token);
    s->sigv4 = arena_printf(&s->arena, "aws:amz:%s:s3", region);
    return s->sigv4 ? 0 : ERR_ROAD;
}

/* http(s)://host/bucket[/prefix] */
static int split_address(struct s3_store *s, const struct mirror_place *place)
{
    const char *path = place->url + strlen(place->origin) + 1;
    size_t bucket = strcspn(path, "/");
    s->bucket = arena_strndup(&s->arena, place->url, (size_t)(path - place->url) + bucket);
    const char *prefix = path[bucket] ? mirror_decoded(&s->arena, path + bucket + 1, strlen(path + bucket + 1)) : "";
    s->prefix = prefix && *prefix ? arena_printf(&s->arena, "%s/", prefix) : prefix;
    return s->bucket && s->prefix ? 0 : ERR_ROAD;
}

int s3_store(struct evidence_store **out, const struct mirror_place *place, const struct mirror_options *o)
{
    struct s3_store *s = calloc(1, sizeof *s);
    if (!s) return err_memory();
    s->base = (struct evidence_store){.ask = ask, .send = send, .close = close_store, .place = place, .options = o};
    arena_init(&s->arena);
    int rc = split_address(s, place);
    if (rc == 0) rc = set_keys(s, place, o);
    if (rc == 0) rc = web_new(&s->http, o);
    if (rc)
        close_store(&s->base);
    else
        *out = &s->base;
    return rc;
}
