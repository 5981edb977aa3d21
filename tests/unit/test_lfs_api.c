/* The Git LFS batch API as a hub answers it. */
#include "satchel/hub/lfs_api.h"

#include "satchel/base/json.h"
#include "test.h"

#define KNOWN "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03"
#define OTHER "0000000000000000000000000000000000000000000000000000000000000000"
#define OBJECT(oid, size) "{\"oid\":\"" oid "\",\"size\":" size "}"
#define ASK(more, objects) "{\"operation\":\"download\"," more "\"objects\":[" objects "]}"

static struct arena arena;
static struct buf answer;
static const char *last_ref;
static int find_fails;

static int find(void *ctx, const char *ref, const char *sha256, uint64_t *size, bool *found)
{
    (void)ctx;
    last_ref = ref;
    *found = strcmp(sha256, KNOWN) == 0;
    if (*found) *size = 6;
    return find_fails;
}

/* The status; the answer is parsed into *out. */
static int ask_as(const char *authorization, const char *body, const struct jv **out)
{
    int status = 0;
    struct lfs_asker who = {"https://hub/lfs/objects", authorization, find, NULL};
    buf_clear(&answer);
    CHECK_OK(lfs_batch(&answer, &status, &arena, body, strlen(body), &who));
    CHECK_OK(json_parse(out, &arena, answer.data, answer.len, 8, JSON_STRICT));
    return status;
}

static int ask(const char *body)
{
    const struct jv *v;
    int status = ask_as(NULL, body, &v);
    if (status != 200) CHECK(jv_get_str(v, "message") && !jv_get(v, "objects"));
    return status;
}

static const struct jv *object_of(const char *body, size_t i)
{
    const struct jv *v;
    CHECK(ask_as("Basic eDp5", body, &v) == 200);
    CHECK_STR(jv_get_str(v, "transfer"), "basic");
    const struct jv *objects = jv_get(v, "objects");
    return objects && i < objects->len ? objects->items[i] : NULL;
}

TEST(what_is_here_has_an_address)
{
    const struct jv *o = object_of(ASK("", OBJECT(KNOWN, "6")), 0);
    const struct jv *download = jv_get(jv_get(o, "actions"), "download");
    CHECK_STR(jv_get_str(o, "oid"), KNOWN);
    CHECK(jv_get_int(o, "size", 0) == 6);
    CHECK_STR(jv_get_str(download, "href"), "https://hub/lfs/objects/" KNOWN);
    CHECK_STR(jv_get_str(jv_get(download, "header"), "Authorization"), "Basic eDp5");
}

TEST(what_is_not_here_has_none)
{
    const struct jv *o = object_of(ASK("", OBJECT(KNOWN, "6") "," OBJECT(OTHER, "6")), 1);
    CHECK_STR(jv_get_str(o, "oid"), OTHER);
    CHECK(!jv_get(o, "actions") && jv_get_int(jv_get(o, "error"), "code", 0) == 404);
}

TEST(another_size_is_another_object)
{
    const struct jv *o = object_of(ASK("", OBJECT(KNOWN, "7")), 0);
    CHECK(!jv_get(o, "actions") && jv_get_int(jv_get(o, "error"), "code", 0) == 404);
}

TEST(without_a_header_none_is_given)
{
    const struct jv *v;
    CHECK(ask_as(NULL, ASK("", OBJECT(KNOWN, "6")), &v) == 200);
    CHECK(!strstr(buf_str(&answer), "header"));
}

TEST(the_ref_is_handed_on)
{
    CHECK(ask(ASK("\"ref\":{\"name\":\"refs/heads/C-1\"},", OBJECT(KNOWN, "6"))) == 200);
    CHECK_STR(last_ref, "refs/heads/C-1");
    CHECK(ask(ASK("\"ref\":7,", OBJECT(KNOWN, "6"))) == 200);
    CHECK(!last_ref);
}

TEST(only_downloads)
{
    CHECK(ask("{\"operation\":\"upload\",\"objects\":[" OBJECT(KNOWN, "6") "]}") == 403);
    CHECK(ask("{\"operation\":\"\",\"objects\":[]}") == 403);
}

TEST(only_the_basic_transfer_and_sha256)
{
    CHECK(ask(ASK("\"transfers\":[\"ssh\",\"basic\"],", "")) == 200);
    CHECK(ask(ASK("\"transfers\":[\"ssh\"],", "")) == 422);
    CHECK(ask(ASK("\"transfers\":\"basic\",", "")) == 422);
    CHECK(ask(ASK("\"hash_algo\":\"sha256\",", "")) == 200);
    CHECK(ask(ASK("\"hash_algo\":\"sha512\",", "")) == 409);
}

TEST(malformed)
{
    CHECK(ask("") == 422);
    CHECK(ask("[]") == 422);
    CHECK(ask("{\"objects\":[]}") == 422);
    CHECK(ask("{\"operation\":\"download\"}") == 422);
    CHECK(ask("{\"operation\":\"download\",\"objects\":{}}") == 422);
    CHECK(ask(ASK("", "7")) == 422);
    CHECK(ask(ASK("", OBJECT("../../etc/passwd", "6"))) == 422);
    CHECK(ask(ASK("", OBJECT(KNOWN, "-1"))) == 422);
    CHECK(ask(ASK("", OBJECT(KNOWN, "\"6\""))) == 422);
    CHECK(ask(ASK("", OBJECT(KNOWN, "6.5"))) == 422);
}

TEST(too_many)
{
    struct buf b;
    buf_init(&b, BUF_UNLIMITED);
    buf_adds(&b, "{\"operation\":\"download\",\"objects\":[" OBJECT(KNOWN, "6"));
    for (size_t i = 1; i < LFS_OBJECTS_MOST; i++) buf_adds(&b, "," OBJECT(OTHER, "6"));
    size_t len = b.len;
    buf_adds(&b, "]}");
    CHECK(ask(buf_str(&b)) == 200);
    b.len = len;
    buf_adds(&b, "," OBJECT(OTHER, "6") "]}");
    CHECK(ask(buf_str(&b)) == 413);
    buf_release(&b);
}

TEST(a_failure_is_passed_on)
{
    int status;
    struct lfs_asker who = {"https://hub/lfs/objects", NULL, find, NULL};
    static const char body[] = ASK("", OBJECT(KNOWN, "6"));
    find_fails = ERR_DAMAGED;
    CHECK(lfs_batch(&answer, &status, &arena, body, sizeof body - 1, &who) == ERR_DAMAGED);
    find_fails = 0;
}

int main(int argc, char **argv)
{
    arena_init(&arena);
    buf_init(&answer, BUF_UNLIMITED);
    int failed = test_main(argc, argv);
    buf_release(&answer);
    arena_release(&arena);
    return failed;
}
