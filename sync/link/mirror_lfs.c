/* The Git LFS batch API (git-lfs docs/api/batch.md, docs/api/basic-transfers.md), uploads by the basic transfer:
 *
 *   POST <endpoint>/objects/batch   {"operation":"upload","transfers":["basic"],"objects":[{"oid","size"}]}
 *   PUT  <actions.upload.href>      the bytes, where there is such an action: without one the server has them
 *   POST <actions.verify.href>      {"oid","size"}, where the server wants it
 *
 * An action's address may lead to another server. It then gets the headers that come with it, and none of our credentials. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "mirror_store.h"
#include "satchel/base/text.h"

#define LFS_TYPE "application/vnd.git-lfs+json"
#define ANSWER_MOST ((size_t)4 << 20)
#define ANSWER_DEPTH 16

struct lfs_store {
    struct evidence_store base;
    struct arena arena; /* of the store */
    const char *netrc;
    struct web *http;
};

static struct lfs_store *lfs(struct evidence_store *s)
{
    return (struct lfs_store *)s;
}

/* Ours for our server, what came with the address for any other. */
static int ask_server(struct lfs_store *s, struct web_request *q, bool granted, size_t headers, struct web_answer *answer)
{
    const struct mirror_place *p = s->base.place;
    if (granted || !web_same_origin(q->url, p->origin)) return web_ask(s->http, q, answer);
    if (p->header) {
        q->headers[headers] = p->header;
        return web_ask(s->http, q, answer);
    }
    mirror_credentials(q, p, s->netrc);
    return mirror_ask(s->http, p, s->base.options, q, answer);
}

/* ---- asking ---- */

static void write_question(struct buf *out, const struct mirror_object *objects, size_t len)
{
    buf_adds(out, "{\"hash_algo\":\"sha256\",\"objects\":[");
    for (size_t i = 0; i < len; i++)
        buf_addf(out, "%s{\"oid\":\"%s\",\"size\":%" PRIu64 "}", i ? "," : "", objects[i].sha256, objects[i].size);
    buf_adds(out, "],\"operation\":\"upload\",\"transfers\":[\"basic\"]}");
}

static int post(struct lfs_store *s, const char *url, const struct buf *body, struct web_answer *answer)
{
    struct web_memory m;
    struct web_body b = web_memory_body(&m, body->data, body->len);
    struct web_request q = {.method = "POST",
        .url = url,
        .headers = {"Accept: " LFS_TYPE, "Content-Type: " LFS_TYPE},
        .body = &b,
        .answer_max = ANSWER_MOST};
    return ask_server(s, &q, false, 2, answer);
}

static const struct jv *find_object(const struct jv *list, const char *sha256)
{
    for (size_t i = 0; list && list->type == JV_ARRAY && i < list->len; i++) {
        const char *oid = jv_get_str(list->items[i], "oid");
        if (oid && strcmp(oid, sha256) == 0) return list->items[i];
    }
    return NULL;
}

static void read_object(struct mirror_object *o, const struct jv *v, struct arena *a)
{
    const struct jv *error = jv_get(v, "error"), *actions = jv_get(v, "actions");
    const char *words = jv_get_str(error, "message");
    o->note = NULL;
    o->held = v && !error && !jv_get(actions, "upload");
    if (!v) {
        o->refused = N_("the remote says nothing of it");
    } else if (error) {
        o->refused = arena_printf(a, "%lld %s", (long long)jv_get_int(error, "code", 0), words ? words : "");
    } else if (actions && actions->type == JV_OBJECT) {
        o->note = jv_copy(a, actions);
    }
}

static int read_answer(struct evidence_store *s, const struct web_answer *answer, struct mirror_object *objects, size_t len)
{
    const struct jv *v;
    int rc = json_parse(&v, s->arena, answer->body.data, answer->body.len, ANSWER_DEPTH, JSON_FLOATS_TO_STRING);
    const struct jv *list = rc ? NULL : jv_get(v, "objects");
    const char *transfer = rc ? NULL : jv_get_str(v, "transfer");
    if (rc == 0 && (!list || list->type != JV_ARRAY)) rc = err_set(ERR_INPUT, "it has no objects");
    if (rc == 0 && transfer && strcmp(transfer, "basic") != 0) rc = err_set(ERR_INPUT, "it wants a transfer that was not offered");
    if (rc) return err_within(ERR_ROAD, "the answer of '%s'", s->place->shown);
    for (size_t i = 0; i < len; i++) read_object(&objects[i], find_object(list, objects[i].sha256), s->arena);
    return 0;
}

static int ask(struct evidence_store *s, struct mirror_object *objects, size_t len)
{
    struct buf question;
    struct web_answer answer;
    const char *url = arena_printf(s->arena, "%s/objects/batch", s->place->url);
    buf_init(&question, BUF_UNLIMITED);
    write_question(&question, objects, len);
    int rc = url ? buf_error(&question) : ERR_ROAD;
    if (rc == 0) {
        rc = post(lfs(s), url, &question, &answer);
        if (rc == 0 && answer.status != 200) rc = web_refused(url, &answer);
        if (rc == 0) rc = read_answer(s, &answer, objects, len);
        web_answer_release(&answer);
    }
    buf_release(&question);
    return rc;
}

/* ---- sending ---- */

/* The headers that an action wants; *granted: it brings its own authorization. ERR_INPUT where they are none. */
static int action_headers(struct evidence_store *s, const struct jv *action, struct web_request *q, size_t *n, bool *granted)
{
    const struct jv *headers = jv_get(action, "header");
    *granted = false;
    for (size_t i = 0; headers && headers->type == JV_OBJECT && i < headers->len; i++) {
        const char *name = headers->keys[i], *value = jv_str(headers->items[i]);
        if (!value || *n + 2 >= HTTP_HEADERS_MOST || strpbrk(name, "\r\n:") || strpbrk(value, "\r\n"))
            return err_set(ERR_INPUT, "'%s' asks for headers that can't be", s->place->shown);
        q->headers[*n] = arena_printf(s->arena, "%s: %s", name, value);
        if (!q->headers[(*n)++]) return ERR_ROAD;
        *granted |= strcmp(name, "Authorization") == 0 || strcmp(name, "authorization") == 0;
    }
    return 0;
}

static int act(struct evidence_store *s, const struct jv *action, struct web_request *q, const struct web_body *body,
    struct web_answer *answer)
{
    size_t n = 0;
    bool granted;
    while (q->headers[n]) n++;
    q->url = jv_get_str(action, "href");
    q->body = body;
    *answer = (struct web_answer){0};
    if (!q->url) return err_set(ERR_ROAD, "'%s' names no address to send to", s->place->shown);
    int rc = action_headers(s, action, q, &n, &granted);
    if (rc) return rc == ERR_INPUT ? ERR_ROAD : rc;
    return ask_server(lfs(s), q, granted, n, answer);
}

/* 2xx; else the object is refused in the server's words, and where it knows us not, all are. */
static int judge(struct evidence_store *s, struct mirror_object *o, const struct web_answer *answer)
{
    if (answer->status >= 200 && answer->status < 300) return 0;
    int rc = web_refused(s->place->shown, answer);
    if (answer->status == 401) return rc;
    o->refused = arena_strdup(s->arena, err_message());
    err_clear();
    return o->refused ? 0 : ERR_ROAD;
}

static int put(struct evidence_store *s, struct mirror_object *o, struct file *from, const struct jv *action)
{
    struct web_file file;
    struct web_body body = web_file_body(&file, from, 0, o->size);
    struct web_answer answer;
    struct web_request q = {.method = "PUT",
        .headers = {"Content-Type: application/octet-stream"},
        .progress = s->options->progress,
        .progress_before = s->done,
        .progress_total = s->total};
    int rc = act(s, action, &q, &body, &answer);
    if (rc == 0) rc = judge(s, o, &answer);
    web_answer_release(&answer);
    return rc;
}

static int verify(struct evidence_store *s, struct mirror_object *o, const struct jv *action)
{
    struct web_memory m;
    struct web_answer answer;
    const char *text = arena_printf(s->arena, "{\"oid\":\"%s\",\"size\":%" PRIu64 "}", o->sha256, o->size);
    struct web_body body = web_memory_body(&m, text, text ? strlen(text) : 0);
    struct web_request q = {.method = "POST", .headers = {"Accept: " LFS_TYPE, "Content-Type: " LFS_TYPE}};
    if (!text) return ERR_ROAD;
    int rc = act(s, action, &q, &body, &answer);
    if (rc == 0) rc = judge(s, o, &answer);
    web_answer_release(&answer);
    return rc;
}

static int send(struct evidence_store *s, struct mirror_object *o, struct file *from)
{
    const struct jv *actions = o->note;
    int rc = put(s, o, from, jv_get(actions, "upload"));
    const struct jv *check = jv_get(actions, "verify");
    return rc || o->refused || !check ? rc : verify(s, o, check);
}

static void close_store(struct evidence_store *s)
{
    web_free(lfs(s)->http);
    arena_release(&lfs(s)->arena);
    free(s);
}

int lfs_store(struct evidence_store **out, const struct mirror_place *place, const struct mirror_options *o)
{
    struct lfs_store *s = calloc(1, sizeof *s);
    if (!s) return err_memory();
    s->base = (struct evidence_store){.ask = ask, .send = send, .close = close_store, .place = place, .options = o};
    arena_init(&s->arena);
    s->netrc = mirror_netrc(&s->arena, o);
    int rc = web_new(&s->http, o);
    if (rc)
        close_store(&s->base);
    else
        *out = &s->base;
    return rc;
}
