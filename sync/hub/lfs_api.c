/* What is asked:   {"hash_algo":"sha256","objects":[{"oid":hex,"size":n}],"operation":"download","ref":{"name":…},
 *                   "transfers":["basic"]}; hash_algo, ref and transfers may be left out, and what else is there is not read.
 * What is answered: {"hash_algo":"sha256","objects":[{"actions":{"download":{"header":{…},"href":…}},"authenticated":true,
 *                   "oid":hex,"size":n} or {"error":{"code":404,"message":…},"oid":hex,"size":n}],"transfer":"basic"} */
#include "satchel/hub/lfs_api.h"

#include <inttypes.h>
#include <string.h>
#include "satchel/base/crypto.h"
#include "satchel/base/json.h"
#include "satchel/base/text.h"

#define DEPTH_MOST 8

struct question {
    const struct jv *objects;
    const char *ref;
};

static int refuse(struct buf *out, int *status, int with, const char *message)
{
    const char *text = text_of(message);
    *status = with;
    buf_adds(out, "{\"message\":");
    json_write_string(out, text, strlen(text));
    buf_adds(out, "}");
    return buf_error(out);
}

static bool names_basic(const struct jv *transfers)
{
    if (!transfers) return true;
    for (size_t i = 0; transfers->type == JV_ARRAY && i < transfers->len; i++) {
        const char *name = jv_str(transfers->items[i]);
        if (name && strcmp(name, "basic") == 0) return true;
    }
    return false;
}

static bool objects_good(const struct jv *objects)
{
    if (!objects || objects->type != JV_ARRAY) return false;
    for (size_t i = 0; i < objects->len; i++) {
        const char *oid = jv_get_str(objects->items[i], "oid");
        if (!oid || !is_sha256_hex(oid) || jv_get_int(objects->items[i], "size", -1) < 0) return false;
    }
    return true;
}

/* NULL: good. */
static const char *check(struct question *q, const struct jv *v, int *status)
{
    const char *operation = jv_get_str(v, "operation"), *hash = jv_get_str(v, "hash_algo");
    q->objects = jv_get(v, "objects");
    q->ref = jv_get_str(jv_get(v, "ref"), "name");
    *status = 422;
    if (!operation || !objects_good(q->objects)) return N_("this is no batch request of Git LFS");
    if (!names_basic(jv_get(v, "transfers"))) return N_("evidence goes by the basic transfer here");
    *status = 409;
    if (hash && strcmp(hash, "sha256") != 0) return N_("evidence is named by SHA-256 here");
    *status = 413;
    if (q->objects->len > LFS_OBJECTS_MOST) return N_("these are too many objects for one request");
    *status = 403;
    if (strcmp(operation, "download") != 0) return N_("evidence comes to a hub in bundles only, not from here");
    return NULL;
}

static void write_download(struct buf *out, const struct lfs_asker *who, const char *oid)
{
    buf_adds(out, "{\"actions\":{\"download\":{");
    if (who->authorization) {
        buf_adds(out, "\"header\":{\"Authorization\":");
        json_write_string(out, who->authorization, strlen(who->authorization));
        buf_adds(out, "},");
    }
    buf_addf(out, "\"href\":\"%s/%s\"}},\"authenticated\":true,", who->objects_url, oid);
}

static int write_object(struct buf *out, const struct lfs_asker *who, const struct question *q, const struct jv *object)
{
    const char *oid = jv_get_str(object, "oid"), *missing = T(N_("there is nothing of that name"));
    uint64_t size = 0, asked = (uint64_t)jv_get_int(object, "size", 0);
    bool found = false;
    int rc = who->find(who->ctx, q->ref, oid, &size, &found);
    if (rc) return rc;
    if (found && size == asked) {
        write_download(out, who, oid);
    } else {
        buf_adds(out, "{\"error\":{\"code\":404,\"message\":");
        json_write_string(out, missing, strlen(missing));
        buf_adds(out, "},");
    }
    buf_addf(out, "\"oid\":\"%s\",\"size\":%" PRIu64 "}", oid, asked);
    return buf_error(out);
}

int lfs_batch(struct buf *out, int *status, struct arena *a, const void *body, size_t len, const struct lfs_asker *who)
{
    struct question q;
    const struct jv *v;
    if (json_parse(&v, a, body, len, DEPTH_MOST, JSON_STRICT)) {
        err_clear();
        return refuse(out, status, 422, N_("this is no batch request of Git LFS"));
    }
    const char *wrong = check(&q, v, status);
    if (wrong) return refuse(out, status, *status, wrong);
    *status = 200;
    buf_adds(out, "{\"hash_algo\":\"sha256\",\"objects\":[");
    for (size_t i = 0; i < q.objects->len; i++) {
        if (i) buf_addc(out, ',');
        int rc = write_object(out, who, &q, q.objects->items[i]);
        if (rc) return rc;
    }
    buf_adds(out, "],\"transfer\":\"basic\"}");
    return buf_error(out);
}
