/* What kit and hub say over HTTP: what is written reads back, and whatever else comes is refused. */
#include "satchel/format/wire.h"

#include "satchel/format/ssh.h"
#include "test.h"

#define HEX_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define HEX_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define KIT "kaaaaaaaaaaaa"
#define AT "2026-11-22T10:11:12+08:00"
#define STATE                                                                                                          \
    "{\"files\":[{\"name\":\"a.satchel\",\"size\":7}],\"refused\":[{\"name\":\"d.satchel\",\"why\":\"x\"}],"              \
    "\"taken\":[\"b.satchel\"],"                                                                                      \
    "\"uploads\":[{\"id\":\"1f-2\",\"length\":9,\"name\":\"c.satchel\",\"offset\":9}]}"
#define SESSION "{" SESSION_REST
#define SESSION_REST                                                                                                   \
    "\"expires\":\"" AT "\",\"files\":[],\"refused\":[],\"taken\":[],\"token\":\"" HEX_A "\",\"uploads\":[]}"
#define HAVE "{\"cases\":{\"BJ-1\":{\"awaited\":[\"" HEX_A "\"],\"have\":{\"" KIT "\":5}},\"register\":{\"awaited\":[],\"have\":{}}}}"

/* `text` with the first `from` replaced by `to`. */
static const char *change(const char *text, const char *from, const char *to)
{
    static char changed[8192];
    const char *at = strstr(text, from);
    CHECK(at != NULL);
    if (at) snprintf(changed, sizeof changed, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
    return changed;
}

static int read_state(struct arena *a, struct buf *again, const char *text)
{
    struct wire_state s;
    int rc = wire_state_read(&s, a, text, strlen(text));
    return rc ? rc : wire_state_write(again, &s);
}

static int read_session(struct arena *a, struct buf *again, const char *text)
{
    struct wire_session s;
    int rc = wire_session_read(&s, a, text, strlen(text));
    return rc ? rc : wire_session_write(again, &s);
}

static int read_have(struct arena *a, struct buf *again, const char *text)
{
    struct wire_case *cases;
    size_t len;
    int rc = wire_have_read(&cases, &len, a, text, strlen(text));
    return rc ? rc : wire_have_write(again, cases, len);
}

static int read_hello(struct arena *a, struct buf *again, const char *text)
{
    struct wire_hello h;
    int rc = wire_hello_read(&h, a, text, strlen(text));
    return rc ? rc : wire_hello_write(again, &h);
}

/* What is accepted is written back as the same bytes. */
static int both_ways(int (*read)(struct arena *, struct buf *, const char *), const char *text)
{
    struct arena a;
    struct buf again;
    arena_init(&a);
    buf_init(&again, BUF_UNLIMITED);
    int rc = read(&a, &again, text);
    CHECK(rc == 0 || rc == ERR_INPUT);
    if (rc == 0) CHECK_STR(buf_str(&again), text);
    buf_release(&again);
    arena_release(&a);
    return rc;
}
#define ACCEPTED(read, text) CHECK(both_ways(read, text) == 0)
#define REFUSED(read, text, from, to) CHECK(both_ways(read, change(text, from, to)) == ERR_INPUT)

TEST(names)
{
    CHECK(wire_name_valid("k-1_A.satchel") && wire_id_valid("0f-9"));
    CHECK(!wire_name_valid(".satchel") && !wire_name_valid("a/b.satchel") && !wire_name_valid(".a.satchel"));
    CHECK(!wire_name_valid("a.satche") && !wire_name_valid("a b.satchel") && !wire_name_valid(""));
    CHECK(!wire_id_valid("") && !wire_id_valid("A") && !wire_id_valid("../x") && !wire_id_valid(HEX_A "0"));
}

TEST(states)
{
    ACCEPTED(read_state, STATE);
    ACCEPTED(read_state, "{\"files\":[],\"refused\":[],\"taken\":[],\"uploads\":[]}");
    REFUSED(read_state, STATE, "a.satchel", "../a.satchel");
    REFUSED(read_state, STATE, "\"size\":7", "\"size\":-7");
    REFUSED(read_state, STATE, "\"offset\":9", "\"offset\":10");
    REFUSED(read_state, STATE, "b.satchel", "b");
    REFUSED(read_state, STATE, "1f-2", "1F");
    REFUSED(read_state, STATE, "d.satchel", "../d.satchel");
    REFUSED(read_state, STATE, "\"why\":\"x\"", "\"why\":\"\"");
    REFUSED(read_state, STATE, "\"taken\":[\"b.satchel\"],", "");
    REFUSED(read_state, STATE, "{\"files\"", "{\"extra\":1,\"files\"");
    REFUSED(read_state, STATE, "{\"files\"", " {\"files\"");
}

TEST(a_state_lists_so_many_and_no_more)
{
    static struct wire_file files[WIRE_LIST_MAX + 1];
    for (size_t i = 0; i <= WIRE_LIST_MAX; i++) files[i] = (struct wire_file){"a.satchel", 1};
    struct wire_state s = {.files = files, .files_len = WIRE_LIST_MAX}, back;
    struct arena a;
    struct buf b;
    arena_init(&a);
    buf_init(&b, WIRE_BODY_MAX);
    CHECK_OK(wire_state_write(&b, &s));
    CHECK_OK(wire_state_read(&back, &a, b.data, b.len));
    CHECK(back.files_len == WIRE_LIST_MAX);
    s.files_len++;
    buf_clear(&b);
    CHECK_OK(wire_state_write(&b, &s));
    CHECK(wire_state_read(&back, &a, b.data, b.len) == ERR_INPUT);
    buf_release(&b);
    arena_release(&a);
}

TEST(sessions)
{
    ACCEPTED(read_session, SESSION);
    REFUSED(read_session, SESSION, HEX_A, "aa");
    REFUSED(read_session, SESSION, "2026-11", "2026-13");
    REFUSED(read_session, SESSION, ",\"uploads\":[]", "");
}

TEST(what_is_held)
{
    ACCEPTED(read_have, HAVE);
    ACCEPTED(read_have, "{\"cases\":{}}");
    REFUSED(read_have, HAVE, "BJ-1", "BJ/1");
    REFUSED(read_have, HAVE, KIT, "kit");
    REFUSED(read_have, HAVE, ":5", ":0");
    REFUSED(read_have, HAVE, ":5", ":true");
    REFUSED(read_have, HAVE, "[\"" HEX_A "\"]", "[\"" HEX_B "\",\"" HEX_A "\"]");
}

TEST(hellos)
{
    ACCEPTED(read_hello, "{\"challenge\":\"" HEX_A "\",\"kit\":\"" KIT "\"}");
    CHECK(both_ways(read_hello, "{\"challenge\":\"" HEX_A "\",\"kit\":\"kit\"}") == ERR_INPUT);
    CHECK(both_ways(read_hello, "{\"challenge\":\"\",\"kit\":\"" KIT "\"}") == ERR_INPUT);
    CHECK(both_ways(read_hello, "[]") == ERR_INPUT);
    CHECK(both_ways(read_hello, "") == ERR_INPUT);
}

/* ---- what is signed ---- */

static struct signer signer_of(unsigned char first, char kit[KIT_ID_SIZE])
{
    unsigned char seed[KEY_SIZE] = {first};
    struct signer s;
    CHECK_OK(seed_signer(&s, seed));
    kit_id_of(kit, s.public_key);
    return s;
}

struct talk {
    struct arena arena;
    struct buf bytes;
    struct signer hub, kit;
    char hub_id[KIT_ID_SIZE], kit_id[KIT_ID_SIZE];
};

static void talk_begin(struct talk *t)
{
    arena_init(&t->arena);
    buf_init(&t->bytes, WIRE_BODY_MAX);
    t->hub = signer_of(1, t->hub_id);
    t->kit = signer_of(2, t->kit_id);
}

static void talk_end(struct talk *t)
{
    buf_release(&t->bytes);
    arena_release(&t->arena);
}

static int welcome(struct talk *t, const char *kit, const char *challenge, const unsigned char key[KEY_SIZE])
{
    struct wire_welcome w = {.at = AT, .challenge = HEX_A, .hub = t->hub_id, .hub_name = "HQ", .nonce = HEX_B}, back;
    buf_clear(&t->bytes);
    CHECK_OK(wire_welcome_write(&t->bytes, &w, t->kit_id, &t->hub));
    int rc = wire_welcome_read(&back, &t->arena, kit, challenge, key, t->bytes.data, t->bytes.len);
    if (rc == 0) CHECK(strcmp(back.nonce, HEX_B) == 0 && strcmp(back.hub_name, "HQ") == 0);
    return rc;
}

TEST(a_kit_knows_its_hub)
{
    struct talk t;
    talk_begin(&t);
    CHECK_OK(welcome(&t, t.kit_id, HEX_A, t.hub.public_key));
    CHECK(welcome(&t, KIT, HEX_A, t.hub.public_key) == ERR_INPUT);
    CHECK(strstr(err_message(), "another hub answers"));
    CHECK(welcome(&t, t.kit_id, HEX_B, t.hub.public_key) == ERR_INPUT);
    CHECK(welcome(&t, t.kit_id, HEX_A, t.kit.public_key) == ERR_INPUT);
    talk_end(&t);
}

TEST(a_hub_knows_the_kit)
{
    struct talk t;
    struct wire_login l;
    talk_begin(&t);
    CHECK_OK(wire_login_write(&t.bytes, t.hub_id, t.kit_id, HEX_B, &t.kit));
    CHECK_OK(wire_login_read(&l, &t.arena, t.bytes.data, t.bytes.len));
    CHECK(same_bytes(l.public_key, t.kit.public_key, KEY_SIZE));
    const char *other = change(buf_str(&t.bytes), HEX_B, HEX_A);
    CHECK(wire_login_read(&l, &t.arena, other, strlen(other)) == ERR_INPUT);
    other = change(buf_str(&t.bytes), t.hub_id, KIT);
    CHECK(wire_login_read(&l, &t.arena, other, strlen(other)) == ERR_INPUT);
    talk_end(&t);
}

/* The hub signs for a kit what a kit signs for the hub under another name: neither passes for the other. */
TEST(a_proof_is_no_login)
{
    struct talk t;
    struct wire_welcome w;
    struct wire_login l;
    talk_begin(&t);
    CHECK_OK(welcome(&t, t.kit_id, HEX_A, t.hub.public_key));
    CHECK(wire_login_read(&l, &t.arena, t.bytes.data, t.bytes.len) == ERR_INPUT);
    buf_clear(&t.bytes);
    CHECK_OK(wire_login_write(&t.bytes, t.hub_id, t.kit_id, HEX_B, &t.hub));
    CHECK(wire_welcome_read(&w, &t.arena, t.kit_id, HEX_A, t.hub.public_key, t.bytes.data, t.bytes.len) == ERR_INPUT);
    talk_end(&t);
}

/* To a colleague the login carries the proof of a code, and the session's answer another. */
TEST(a_colleague_is_told_the_code)
{
    struct talk t;
    struct wire_login l;
    talk_begin(&t);
    CHECK_OK(wire_login_paired_write(&t.bytes, t.hub_id, t.kit_id, HEX_B, &t.kit, HEX_B, HEX_A, KIT));
    CHECK_OK(wire_login_read(&l, &t.arena, t.bytes.data, t.bytes.len));
    CHECK_STR(l.challenge, HEX_B);
    CHECK_STR(l.code, HEX_A);
    CHECK_STR(l.root, KIT);
    buf_clear(&t.bytes);
    CHECK_OK(wire_login_write(&t.bytes, t.hub_id, t.kit_id, HEX_B, &t.kit));
    CHECK_OK(wire_login_read(&l, &t.arena, t.bytes.data, t.bytes.len));
    CHECK(!l.challenge && !l.code && !l.root);
    buf_clear(&t.bytes);
    CHECK_OK(wire_login_paired_write(&t.bytes, t.hub_id, t.kit_id, HEX_B, &t.kit, NULL, HEX_A, KIT));
    CHECK(wire_login_read(&l, &t.arena, t.bytes.data, t.bytes.len) == ERR_INPUT);
    talk_end(&t);
    ACCEPTED(read_session, "{\"code\":\"" HEX_B "\"," SESSION_REST);
    REFUSED(read_session, "{\"code\":\"" HEX_B "\"," SESSION_REST, HEX_B, "12345678");
}

TEST(errors)
{
    struct talk t;
    talk_begin(&t);
    CHECK_OK(wire_error_write(&t.bytes, "no \"more\""));
    CHECK_STR(buf_str(&t.bytes), "{\"error\":\"no \\\"more\\\"\"}");
    CHECK_STR(wire_error_read(&t.arena, t.bytes.data, t.bytes.len), "no \"more\"");
    CHECK_STR(wire_error_read(&t.arena, "<html>", 6), "");
    CHECK_STR(wire_error_read(&t.arena, "{\"error\":7}", 11), "");
    talk_end(&t);
}

int main(int argc, char **argv)
{
    return test_main(argc, argv);
}
