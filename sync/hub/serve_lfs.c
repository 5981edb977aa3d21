/* Evidence for a stock git-lfs: lfs_api.c behind the server's sessions. git-lfs sends name and password; the password is a
 * session's token, and the name is not looked at. */
#include <string.h>
#include "satchel/hub/lfs_api.h"
#include "serve_parts.h"

#define REFS "refs/heads/"
#define ANSWER_MOST ((size_t)4 << 20)

/* What may stand in an address that is written into an answer. */
static bool host_good(const char *host)
{
    return *host && strspn(host, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-:[]") == strlen(host);
}

static bool prefix_good(const char *prefix)
{
    size_t len = strlen(prefix);
    return *prefix == '/' && prefix[len - 1] != '/' &&
           strspn(prefix, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_~/") == len;
}

/* Where the asker has found this server, as its own words say: it may stand behind another one, below a path of that one's. */
static const char *objects_url(struct visit *v)
{
    const char *host = http_header(v->request, "Host"), *proto = NULL, *prefix = NULL;
    if (!host || !host_good(host)) return NULL;
    if (visit_hub(v)->o.behind_proxy) {
        proto = http_header(v->request, "X-Forwarded-Proto");
        prefix = http_header(v->request, "X-Forwarded-Prefix");
    }
    bool tls = proto ? strcmp(proto, "https") == 0 : visit_hub(v)->o.cert != NULL;
    return arena_printf(&v->arena, "%s://%s%s/lfs/objects", tls ? "https" : "http", host, prefix && prefix_good(prefix) ? prefix : "");
}

static int find(void *visit, const char *ref, const char *sha256, uint64_t *size, bool *found)
{
    struct visit *v = visit;
    const char *hint = ref && strncmp(ref, REFS, strlen(REFS)) == 0 ? ref + strlen(REFS) : NULL;
    return sight_evidence(v, hint, sha256, size, found);
}

void lfs_batch_close(struct visit *v)
{
    struct hub_serve *s = visit_owner(v);
    struct buf b;
    int status = 0;
    struct lfs_asker who = {objects_url(v), http_header(v->request, "Authorization"), find, v};
    if (!who.objects_url) {
        refuse(v, 400, N_("the request names no host"));
        return;
    }
    buf_init(&b, ANSWER_MOST);
    pthread_mutex_lock(&s->sight_lock);
    int rc = lfs_batch(&b, &status, &v->arena, v->body.data, v->body.len, &who);
    case_forget_others(s->reader);
    pthread_mutex_unlock(&s->sight_lock);
    if (rc) {
        answer_json(v, 500, rc, NULL);
    } else {
        http_say(v->request, "Cache-Control", "no-store");
        http_answer(v->request, status, LFS_TYPE, b.data, b.len);
    }
    buf_wipe(&b);
}
