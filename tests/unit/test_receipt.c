/* Receipts: what is written reads back, and every rule of receipt.h refuses what breaks it. */
#include "satchel/format/receipt.h"

#include "test.h"

#define SHA_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define SHA_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define SHA_C "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"
#define KIT_A "kaaaaaaaaaaaa"
#define KIT_B "kbbbbbbbbbbbb"
#define QUARANTINE(number)                                                                                   \
    "{\"case\":\"BJ-1\",\"entry\":\"" SHA_B "\",\"kit\":\"" KIT_B                                            \
    "\",\"reason\":\"no role\",\"seq\":" number "}"
#define WITHHELD(number)                                                                                     \
    "{\"case\":\"BJ-1\",\"entry\":\"" SHA_C "\",\"kit\":\"" KIT_B "\",\"seq\":" number "}"

#define VALID                                                                                                \
    "{\"accepted\":3,\"at\":\"2026-11-22T10:11:12+08:00\",\"awaited\":[\"" SHA_C "\"],\"bundle\":\"" SHA_A   \
    "\",\"case\":\"BJ-1\",\"clash\":null,\"format\":\"satchel receipt 1\",\"heads\":{\"BJ-1\":{\"" KIT_A     \
    "\":{\"entry\":\"" SHA_A "\",\"seq\":5},\"" KIT_B "\":{\"entry\":\"" SHA_B                               \
    "\",\"seq\":7}}},\"held\":[\"" SHA_A "\",\"" SHA_B "\"],\"hub\":\"" KIT_A                                \
    "\",\"known\":1,\"quarantined\":[" QUARANTINE("8") "," QUARANTINE(                                       \
        "9") "],\"root\":\"" KIT_B "\",\"waiting\":[" QUARANTINE("7") "],\"withheld\":[" WITHHELD("6") "]}"
#define CHECKPOINT                                                                                           \
    "{\"accepted\":0,\"at\":\"2026-11-22T10:11:12Z\",\"awaited\":[],\"bundle\":null,\"case\":null,"          \
    "\"clash\":null,"                                                                                        \
    "\"format\":\"satchel receipt 1\",\"heads\":{\"A\":{\"" KIT_B "\":{\"entry\":\"" SHA_A "\",\"seq\":1}}," \
    "\"B\":{\"" KIT_A "\":{\"entry\":\"" SHA_B "\",\"seq\":2}}},\"held\":[],\"hub\":\"" KIT_A                \
    "\",\"known\":0,\"quarantined\":[" QUARANTINE("8") "],\"root\":\"" KIT_B                                 \
                                                       "\",\"waiting\":[],\"withheld\":[]}"

/* `text` with the first `from` replaced by `to`. */
static const char *change(const char *text, const char *from, const char *to)
{
    static char both[2][8192]; /* in turn, so that a change can be changed */
    static int turn;
    char *changed = both[turn ^= 1];
    const char *at = strstr(text, from);
    CHECK(at != NULL);
    if (at) snprintf(changed, sizeof *both, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
    return changed;
}

static int parse(const char *text)
{
    struct arena a;
    struct buf b;
    struct receipt *r = NULL;
    arena_init(&a);
    buf_init(&b, RECEIPT_MAX_BYTES);
    int rc = receipt_parse(&r, &a, text, strlen(text));
    CHECK(rc == ERR_INPUT || rc == 0);
    if (rc == 0) {
        char id[SHA256_HEX];
        memcpy(id, r->id, sizeof id);
        CHECK_OK(receipt_write(&b, &a, r));
        CHECK_STR(buf_str(&b), text);
        CHECK_STR(r->id, id);
    }
    buf_release(&b);
    arena_release(&a);
    return rc;
}

#define ACCEPTED(text) CHECK(parse(text) == 0)
#define REFUSED(text) CHECK(parse(text) == ERR_INPUT)
#define CHANGE_ACCEPTED(from, to) ACCEPTED(change(VALID, from, to))
#define CHANGE_REFUSED(from, to) REFUSED(change(VALID, from, to))
#define CHECKPOINT_REFUSED(from, to) REFUSED(change(CHECKPOINT, from, to))

TEST(members_are_read)
{
    struct arena a;
    struct receipt *r;
    arena_init(&a);
    CHECK_OK(receipt_parse(&r, &a, VALID, strlen(VALID)));
    CHECK_STR(r->at, "2026-11-22T10:11:12+08:00");
    CHECK_STR(r->bundle, SHA_A);
    CHECK_STR(r->case_name, "BJ-1");
    CHECK_STR(r->hub, KIT_A);
    CHECK_STR(r->root, KIT_B);
    CHECK(r->accepted == 3 && r->known == 1 && r->held_len == 2 && r->awaited_len == 1);
    CHECK(r->heads_len == 2 && r->heads[1].seq == 7 && r->quarantined.len == 2 &&
          r->quarantined.items[1].seq == 9);
    CHECK_STR(r->heads[1].kit, KIT_B);
    CHECK_STR(r->heads[1].case_name, "BJ-1");
    CHECK_STR(r->heads[1].entry, SHA_B);
    CHECK_STR(r->quarantined.items[0].reason, "no role");
    CHECK(r->waiting.len == 1 && r->waiting.items[0].seq == 7);
    CHECK(r->withheld.len == 1 && r->withheld.items[0].seq == 6 && !r->withheld.items[0].reason);
    arena_release(&a);
}

TEST(values)
{
    ACCEPTED(VALID);
    CHANGE_ACCEPTED("[\"" SHA_C "\"]", "[]");
    CHANGE_ACCEPTED("\"accepted\":3", "\"accepted\":0");
    CHANGE_REFUSED("\"accepted\":3", "\"accepted\":-3");
    CHANGE_REFUSED("\"accepted\":3", "\"accepted\":null");
    CHANGE_REFUSED("2026-11-22T", "2026-13-22T");
    CHANGE_REFUSED("\"bundle\":\"a", "\"bundle\":\"A");
    CHANGE_REFUSED("\"case\":\"BJ-1\"", "\"case\":\"\"");
    CHANGE_REFUSED("receipt 1", "receipt 2");
    CHANGE_REFUSED("\"hub\":\"k", "\"hub\":\"h");
    CHANGE_REFUSED("\"root\":\"" KIT_B "\"", "\"root\":null");
    CHANGE_REFUSED("\"known\":1", "\"known\":true");
}

TEST(members_missing_or_unknown)
{
    CHANGE_REFUSED("\"accepted\":3,", "");
    CHANGE_REFUSED("\"awaited\":[\"" SHA_C "\"],", "");
    CHANGE_REFUSED("\"bundle\":\"" SHA_A "\",", "");
    CHANGE_REFUSED("\"case\":\"BJ-1\",\"clash", "\"clash");
    CHANGE_REFUSED("\"format\":\"satchel receipt 1\",", "");
    CHANGE_REFUSED("\"held\":[\"" SHA_A "\",\"" SHA_B "\"],", "");
    CHANGE_REFUSED("\"hub\":\"" KIT_A "\",", "");
    CHANGE_REFUSED("\"known\":1,", "");
    CHANGE_REFUSED("\"quarantined\":[" QUARANTINE("8") "," QUARANTINE("9") "],", "");
    CHANGE_REFUSED(",\"root\":\"" KIT_B "\"", "");
    CHANGE_REFUSED("\"known\":1,", "\"known\":1,\"note\":1,");
    CHANGE_REFUSED("\"entry\":\"" SHA_A "\",", "");
    CHANGE_REFUSED("\"seq\":5", "\"seq\":5,\"x\":1");
    CHANGE_REFUSED("\"reason\":\"no role\",", "");
    CHANGE_REFUSED("\"seq\":8", "\"seq\":8,\"x\":1");
    REFUSED("{}");
    REFUSED("");
}

TEST(only_canonical_bytes)
{
    CHANGE_REFUSED("{\"accepted\"", "{\n\"accepted\"");
    CHANGE_REFUSED("no role", "no\\u0020role");
    CHANGE_REFUSED("\"known\":1", "\"known\":1e0");
    CHANGE_REFUSED("\"known\":1,", "\"known\":1,\"known\":1,");
    CHANGE_REFUSED("\"seq\":5", "\"seq\":5 ");
}

TEST(lists_of_evidence)
{
    CHANGE_REFUSED("[\"" SHA_A "\",\"" SHA_B "\"]", "[\"" SHA_B "\",\"" SHA_A "\"]");
    CHANGE_REFUSED("[\"" SHA_A "\",\"" SHA_B "\"]", "[\"" SHA_A "\",\"" SHA_A "\"]");
    CHANGE_REFUSED("[\"" SHA_A "\",\"" SHA_B "\"]", "[\"" SHA_A "\",7]");
    CHANGE_REFUSED("[\"" SHA_A "\",\"" SHA_B "\"]", "{}");
    CHANGE_REFUSED("[\"" SHA_C "\"]", "[\"c\"]");
    CHANGE_REFUSED("[\"" SHA_C "\"]", "[\"" SHA_B "\"]");
}

TEST(heads)
{
    CHANGE_ACCEPTED("{\"BJ-1\":{\"" KIT_A "\":{\"entry\":\"" SHA_A "\",\"seq\":5},\"" KIT_B
                    "\":{\"entry\":\"" SHA_B "\",\"seq\":7}}}",
        "{}");
    CHANGE_REFUSED("{\"BJ-1\":{\"" KIT_A "\":{\"entry\":\"" SHA_A "\",\"seq\":5},\"" KIT_B
                   "\":{\"entry\":\"" SHA_B "\",\"seq\":7}}}",
        "{\"BJ-1\":{}}");
    CHANGE_REFUSED("{\"BJ-1\":{\"" KIT_A, "{\"B J\":{\"" KIT_A);
    CHANGE_REFUSED("{\"BJ-1\":{\"" KIT_A, "{\"BJ-2\":{\"" KIT_A);
    CHANGE_REFUSED("{\"BJ-1\":{\"" KIT_A, "{\"BJ-1\":{\"kit");
    CHANGE_REFUSED("\"seq\":5", "\"seq\":0");
    CHANGE_REFUSED("{\"entry\":\"" SHA_A "\",\"seq\":5}", "5");
    CHANGE_REFUSED("{\"entry\":\"" SHA_A "\",\"seq\":5}", "{\"entry\":null,\"seq\":5}");
    CHECKPOINT_REFUSED("\"A\":{", "\"A\":[],\"AA\":{");
}

TEST(quarantined)
{
    CHANGE_ACCEPTED(QUARANTINE("8") "," QUARANTINE("9"), "");
    CHANGE_REFUSED(QUARANTINE("8") "," QUARANTINE("9"), QUARANTINE("9") "," QUARANTINE("8"));
    CHANGE_REFUSED(QUARANTINE("8") "," QUARANTINE("9"), QUARANTINE("8") "," QUARANTINE("8"));
    CHANGE_REFUSED(QUARANTINE("8"), QUARANTINE("0"));
    CHANGE_REFUSED(QUARANTINE("8"), "{}");
    CHANGE_REFUSED("no role", "");
    CHANGE_REFUSED("," QUARANTINE("9"), ",{\"case\":\"BJ-2\",\"entry\":\"" SHA_B "\",\"kit\":\"" KIT_B
                                        "\",\"reason\":\"no role\",\"seq\":9}");
    CHANGE_REFUSED("\"" KIT_B "\",\"reason\"", "\"b\",\"reason\"");
}

TEST(waiting_and_withheld)
{
    CHANGE_ACCEPTED("[" QUARANTINE("7") "]", "[]");
    CHANGE_ACCEPTED("[" WITHHELD("6") "]", "[" WITHHELD("5") "," WITHHELD("6") "]");
    CHANGE_REFUSED(",\"waiting\":[" QUARANTINE("7") "]", "");
    CHANGE_REFUSED(",\"withheld\":[" WITHHELD("6") "]", "");
    CHANGE_REFUSED(QUARANTINE("7"), WITHHELD("7"));
    CHANGE_REFUSED(WITHHELD("6"), QUARANTINE("6"));
    CHANGE_REFUSED(WITHHELD("6"), WITHHELD("6") "," WITHHELD("5"));
    CHANGE_REFUSED("\"waiting\":[{\"case\":\"BJ-1\"", "\"waiting\":[{\"case\":\"BJ-2\"");
}

/* Of a case that is refused nothing is held. */
TEST(clash)
{
    CHANGE_REFUSED("\"clash\":null,", "");
    CHANGE_REFUSED("\"clash\":null", "\"clash\":\"bj-1\"");
    const char *none = change(VALID,
        "\"BJ-1\":{\"" KIT_A "\":{\"entry\":\"" SHA_A "\",\"seq\":5},\"" KIT_B "\":{\"entry\":\"" SHA_B
        "\",\"seq\":7}}",
        "");
    none = change(none, "\"" SHA_A "\",\"" SHA_B "\"],\"hub", "],\"hub");
    CHECK(parse(none) == 0);
    CHECK(parse(change(none, "\"clash\":null", "\"clash\":\"bj-1\"")) == 0);
}

TEST(checkpoints)
{
    ACCEPTED(CHECKPOINT);
    CHECKPOINT_REFUSED("\"held\":[]", "\"held\":[\"" SHA_A "\"]");
    CHECKPOINT_REFUSED("\"awaited\":[]", "\"awaited\":[\"" SHA_A "\"]");
    CHECKPOINT_REFUSED("\"bundle\":null", "\"bundle\":\"" SHA_A "\"");
    CHECKPOINT_REFUSED("\"case\":null", "\"case\":\"A\"");
}

/* The hub hands over its lists as they come; one piece of evidence may be named by two records. */
TEST(writing_sorts)
{
    struct arena a;
    struct buf b;
    const char *held[] = {SHA_B, SHA_A, SHA_B}, *awaited[] = {SHA_C};
    struct receipt_head heads[] = {{"BJ-1", KIT_B, 7, SHA_B}, {"BJ-1", KIT_A, 5, SHA_A}};
    struct receipt_apart quarantined[] = {
        {"BJ-1", KIT_B, SHA_B, "no role", 9}, {"BJ-1", KIT_B, SHA_B, "no role", 8}};
    struct receipt_apart waiting[] = {{"BJ-1", KIT_B, SHA_B, "no role", 7}};
    struct receipt_apart withheld[] = {{"BJ-1", KIT_B, SHA_C, NULL, 6}};
    struct receipt r = {.at = "2026-11-22T10:11:12+08:00",
        .bundle = SHA_A,
        .case_name = "BJ-1",
        .hub = KIT_A,
        .root = KIT_B,
        .accepted = 3,
        .known = 1,
        .heads = heads,
        .heads_len = 2,
        .quarantined = {quarantined, 2},
        .waiting = {waiting, 1},
        .withheld = {withheld, 1},
        .held = held,
        .held_len = 3,
        .awaited = awaited,
        .awaited_len = 1};
    arena_init(&a);
    buf_init(&b, RECEIPT_MAX_BYTES);
    CHECK_OK(receipt_write(&b, &a, &r));
    CHECK_STR(buf_str(&b), VALID);
    CHECK(r.held_len == 2 && is_sha256_hex(r.id));
    heads[0].kit = KIT_B;
    heads[1].kit = KIT_B;
    CHECK(receipt_write(&b, &a, &r) == ERR_INPUT);
    r.heads_len = 1;
    awaited[0] = SHA_A;
    CHECK(receipt_write(&b, &a, &r) == ERR_INPUT);
    buf_release(&b);
    arena_release(&a);
}

/* ---- in brief ---- */

#define BRIEF_HELD "\"held\":[\"" SHA_B "\"]"
#define WHOLE_HELD "\"held\":[\"" SHA_A "\",\"" SHA_B "\"]"
#define SINCE "\"root\":\"" KIT_B "\",\"since\":\"" SHA_C "\""
#define BRIEF change(change(VALID, WHOLE_HELD, BRIEF_HELD), "\"root\":\"" KIT_B "\"", SINCE)

/* Restores `brief` upon a receipt that holds `held`: the whole must be VALID. */
static int restore(const char *brief, const char **held, size_t held_len, const char *id)
{
    struct arena a;
    struct buf whole;
    struct receipt before = {.held = held, .held_len = held_len};
    memcpy(before.id, id, SHA256_HEX);
    arena_init(&a);
    buf_init(&whole, RECEIPT_MAX_BYTES);
    int rc = receipt_restore(&whole, &a, brief, strlen(brief), &before);
    if (rc == 0) CHECK_STR(buf_str(&whole), VALID);
    buf_release(&whole);
    arena_release(&a);
    return rc;
}

TEST(in_brief)
{
    struct arena a;
    struct buf brief;
    struct receipt *r;
    const char *held[] = {SHA_A, SHA_B};
    arena_init(&a);
    buf_init(&brief, RECEIPT_MAX_BYTES);
    CHECK_OK(receipt_parse(&r, &a, VALID, strlen(VALID)));
    CHECK_OK(receipt_brief_write(&brief, &a, r, SHA_C, held, 1));
    CHECK_STR(buf_str(&brief), BRIEF);
    CHECK_STR(receipt_since(&a, brief.data, brief.len), SHA_C);
    CHECK(!receipt_since(&a, VALID, strlen(VALID)) && !receipt_since(&a, "x", 1));
    CHECK_OK(restore(buf_str(&brief), held, 1, SHA_C));
    CHECK_OK(restore(buf_str(&brief), held, 2, SHA_C)); /* the earlier one may hold more than the hub knew */
    CHECK(restore(buf_str(&brief), held, 1, SHA_A) == ERR_INPUT);
    CHECK(restore(VALID, held, 1, SHA_C) == ERR_INPUT);
    buf_release(&brief);
    arena_release(&a);
}

TEST(nothing_in_brief_passes_for_a_receipt)
{
    const char *held[] = {SHA_A};
    REFUSED(BRIEF);
    CHECK(restore(change(BRIEF, BRIEF_HELD, "\"held\":[\"" SHA_B "\",\"" SHA_A "\"]"), held, 1, SHA_C) == ERR_INPUT);
    CHECK(restore(change(BRIEF, BRIEF_HELD, "\"held\":null"), held, 1, SHA_C) == ERR_INPUT);
    CHECK(restore(change(BRIEF, BRIEF_HELD, "\"held\":[7]"), held, 1, SHA_C) == ERR_INPUT);
    CHECK(restore(change(BRIEF, BRIEF_HELD ",", ""), held, 1, SHA_C) == ERR_INPUT);
    CHECK(restore(change(BRIEF, SHA_C "\",\"wait", "\",\"wait"), held, 1, SHA_C) == ERR_INPUT);
    CHECK(restore(change(BRIEF, "{\"accepted", " {\"accepted"), held, 1, SHA_C) == ERR_INPUT);
    CHECK(restore("", held, 1, SHA_C) == ERR_INPUT);
}

TEST(every_truncation_is_refused)
{
    static const char text[] = VALID;
    struct arena a;
    struct receipt *r;
    arena_init(&a);
    for (size_t len = 0; len < strlen(text); len++) CHECK(receipt_parse(&r, &a, text, len) == ERR_INPUT);
    arena_release(&a);
}

int main(int argc, char **argv)
{
    return test_main(argc, argv);
}
