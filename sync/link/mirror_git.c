/* git's smart protocol over HTTP (gitprotocol-http(5)), the pushing half:
 *
 *   GET  URL/info/refs?service=git-receive-pack    the list of refs
 *   POST URL/git-receive-pack                      commands and pack; the answer is the report
 *
 * What is to be posted is spooled first: then its length is known, it can be said again where a kept connection turns out
 * to be dead, and memory does not grow with it. */
#include <stdlib.h>
#include <string.h>
#include "mirror_store.h"

#define ANSWER_MOST ((size_t)64 << 20)

struct http_road {
    struct road base;
    struct source from;
    struct sink to;
    struct arena arena;
    const struct mirror_place *place;
    const struct mirror_options *options;
    const char *netrc;
    struct web *http;
    struct spool *spool; /* what is to be posted; NULL: nothing, or it has been */
    struct web_answer answer;
    bool answered;
    size_t at; /* of the answer, how much has been read */
};

static struct http_road *of_source(struct source *s)
{
    return (struct http_road *)((char *)s - offsetof(struct http_road, from));
}

static struct http_road *of_sink(struct sink *s)
{
    return (struct http_road *)((char *)s - offsetof(struct http_road, to));
}

static void forget(struct http_road *r)
{
    if (r->answered) web_answer_release(&r->answer);
    r->answered = false;
    spool_free(r->spool);
    r->spool = NULL;
    r->at = 0;
}

static int ask(struct http_road *r, struct web_request *q)
{
    mirror_credentials(q, r->place, r->netrc);
    q->answer_max = ANSWER_MOST;
    int rc = q->url ? mirror_ask(r->http, r->place, r->options, q, &r->answer) : ERR_ROAD;
    r->answered = q->url != NULL;
    if (rc == 0 && r->answer.status != 200) rc = web_refused(r->place->shown, &r->answer);
    return rc;
}

static int list(struct http_road *r)
{
    struct web_request q = {
        .method = "GET", .url = arena_printf(&r->arena, "%s/info/refs?service=git-receive-pack", r->place->url)};
    return ask(r, &q);
}

static int read_spool(void *spool, void *out, size_t cap, size_t *got)
{
    return spool_read(spool, out, cap, got);
}

static int rewind_spool(void *spool)
{
    return spool_seek(spool, 0);
}

static int post(struct http_road *r)
{
    struct web_body body = {read_spool, rewind_spool, r->spool, spool_size(r->spool)};
    struct web_request q = {.method = "POST",
        .url = arena_printf(&r->arena, "%s/git-receive-pack", r->place->url),
        .headers = {"Content-Type: application/x-git-receive-pack-request", "Accept: application/x-git-receive-pack-result"},
        .body = &body};
    int rc = ask(r, &q);
    spool_free(r->spool);
    r->spool = NULL;
    return rc;
}

static int read_answer(struct source *s, void *out, size_t cap, size_t *got)
{
    struct http_road *r = of_source(s);
    int rc = r->spool ? post(r) : 0;
    if (rc) return rc;
    size_t left = r->answer.body.len - r->at;
    *got = cap < left ? cap : left;
    if (*got) memcpy(out, r->answer.body.data + r->at, *got);
    r->at += *got;
    return 0;
}

static int write_spool(struct sink *s, const void *bytes, size_t len)
{
    return spool_write(of_sink(s)->spool, bytes, len);
}

static int finish_nothing(struct sink *s)
{
    (void)s;
    return 0;
}

static int step(struct road *base, enum road_step what, struct source **from, struct sink **to)
{
    struct http_road *r = (struct http_road *)base;
    forget(r);
    int rc = what == ROAD_LIST ? list(r) : spool_new(&r->spool);
    if (rc) return rc;
    *from = &r->from;
    *to = what == ROAD_LIST ? NULL : &r->to;
    return 0;
}

static void hang_up(struct road *base)
{
    forget((struct http_road *)base);
}

static void close_road(struct road *base)
{
    struct http_road *r = (struct http_road *)base;
    forget(r);
    web_free(r->http);
    arena_release(&r->arena);
    free(r);
}

int http_road(struct road **out, const struct mirror_place *place, const struct mirror_options *o)
{
    struct http_road *r = calloc(1, sizeof *r);
    if (!r) return err_memory();
    *r = (struct http_road){.base = {true, step, hang_up, close_road}, .from = {read_answer, NULL}, .to = {write_spool, finish_nothing, NULL}, .place = place, .options = o};
    arena_init(&r->arena);
    r->netrc = mirror_netrc(&r->arena, o);
    int rc = web_new(&r->http, o);
    if (rc)
        close_road(&r->base);
    else
        *out = &r->base;
    return rc;
}
