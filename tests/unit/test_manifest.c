/* Manifests: what is written reads back, and every rule of manifest.h refuses what breaks it. */
#include "satchel/format/manifest.h"
#include "satchel/format/receipt.h"
#include "satchel/format/tar.h"

#include "test.h"

#define SHA_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define SHA_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define SHA_C "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"
#define KIT_A "kaaaaaaaaaaaa"
#define KIT_B "kbbbbbbbbbbbb"
#define MIB16 "16777216"

/* A valid manifest, in the pieces that the cases exchange. */
#define HEAD                                                                                                 \
    "{\"case\":\"BJ-1\",\"entries\":3,\"format\":\"satchel bundle 1\",\"from\":\"" KIT_A "\",\"have\":" HAVE \
    ","
#define HAVE "{\"" KIT_A "\":5,\"" KIT_B "\":7}"
#define RECEIPT "{\"name\":\"receipt.json\",\"sha256\":\"" SHA_A "\",\"size\":400}"
#define SIG "{\"name\":\"receipt.json.sig\",\"sha256\":\"" SHA_B "\",\"size\":300}"
#define ENTRIES "{\"name\":\"entries.jsonl\",\"sha256\":\"" SHA_C "\",\"size\":900}"
#define WHOLE "{\"name\":\"blob/" SHA_A "\",\"size\":10}"
#define PART(sha, offset, of, pieces, size)                                                                  \
    "{\"name\":\"blob/" sha "+" offset "\",\"of\":" of ",\"pieces\":[" pieces "],\"size\":" size "}"
#define PIECE "\"" SHA_C "\""
#define TAIL ",\"to\":\"" KIT_B "\",\"want\":[\"" SHA_A "\",\"" SHA_B "\"]}"
#define KEEPS "\"receipt\":{\"bundle\":\"" SHA_A "\",\"held\":3,\"id\":\"" SHA_B "\"}"
#define MANIFEST(members) HEAD "\"members\":[" members "]" TAIL
#define VALID                                                                                                \
    MANIFEST(RECEIPT "," SIG "," ENTRIES "," WHOLE                                                           \
                     "," PART(SHA_B, MIB16, "33554433", PIECE "," PIECE, "16777217"))

#define KEEPING change(VALID, TAIL, "," KEEPS TAIL)

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
    struct manifest *m = NULL;
    arena_init(&a);
    buf_init(&b, MANIFEST_MAX_BYTES);
    int rc = manifest_parse(&m, &a, text, strlen(text));
    CHECK(rc == ERR_INPUT || rc == 0);
    if (rc == 0) {
        char id[SHA256_HEX];
        memcpy(id, m->id, sizeof id);
        CHECK_OK(manifest_write(&b, &a, m));
        CHECK_STR(buf_str(&b), text);
        CHECK_STR(m->id, id);
    }
    buf_release(&b);
    arena_release(&a);
    return rc;
}

#define ACCEPTED(text) CHECK(parse(text) == 0)
#define REFUSED(text) CHECK(parse(text) == ERR_INPUT)
#define CHANGE_ACCEPTED(from, to) ACCEPTED(change(VALID, from, to))
#define CHANGE_REFUSED(from, to) REFUSED(change(VALID, from, to))
#define MEMBERS_ACCEPTED(members) ACCEPTED(MANIFEST(members))
#define MEMBERS_REFUSED(members) REFUSED(MANIFEST(members))

TEST(members_are_read)
{
    struct arena a;
    struct manifest *m;
    char name[TAR_NAME_MAX];
    arena_init(&a);
    CHECK_OK(manifest_parse(&m, &a, VALID, strlen(VALID)));
    CHECK_STR(m->case_name, "BJ-1");
    CHECK_STR(m->from, KIT_A);
    CHECK_STR(m->to, KIT_B);
    CHECK(m->entries == 3 && m->members_len == 5 && m->have_len == 2 && m->want_len == 2);
    CHECK(m->have[1].seq == 7 && m->members[2].kind == MEMBER_ENTRIES && m->members[2].size == 900);
    CHECK(!m->members[3].pieces && m->members[3].whole == 10 && m->members[3].offset == 0);
    CHECK(m->members[4].offset == PIECE_SIZE && m->members[4].whole == 2 * PIECE_SIZE + 1);
    CHECK(m->members[4].pieces_len == 2);
    CHECK_STR(m->members[4].sha256, SHA_B);
    member_name(name, &m->members[4]);
    CHECK_STR(name, "blob/" SHA_B "+" MIB16);
    member_name(name, &m->members[3]);
    CHECK_STR(name, "blob/" SHA_A);
    member_name(name, &m->members[1]);
    CHECK_STR(name, "receipt.json.sig");
    arena_release(&a);
}

TEST(receipt_that_is_kept)
{
    struct arena a;
    struct manifest *m;
    const char *text = KEEPING;
    arena_init(&a);
    CHECK_OK(manifest_parse(&m, &a, text, strlen(text)));
    CHECK_STR(m->receipt.id, SHA_B);
    CHECK_STR(m->receipt.bundle, SHA_A);
    CHECK(m->receipt.held == 3);
    CHECK_OK(manifest_parse(&m, &a, VALID, strlen(VALID)));
    CHECK(!m->receipt.id);
    ACCEPTED(KEEPING);
    REFUSED(change(KEEPING, KEEPS, "\"receipt\":null"));
    REFUSED(change(KEEPING, "\"held\":3", "\"held\":-3"));
    REFUSED(change(KEEPING, "\"held\":3,", ""));
    REFUSED(change(KEEPING, "\"held\":3", "\"held\":3,\"x\":1"));
    REFUSED(change(KEEPING, "{\"bundle\":\"a", "{\"bundle\":\"A"));
    REFUSED(change(KEEPING, "\"id\":\"b", "\"id\":\""));
    arena_release(&a);
}

TEST(head)
{
    ACCEPTED(VALID);
    CHANGE_ACCEPTED(HAVE, "{}");
    CHANGE_ACCEPTED("[\"" SHA_A "\",\"" SHA_B "\"]}", "[]}");
    CHANGE_ACCEPTED("BJ-1", "register");
    CHANGE_REFUSED("BJ-1", "B/1");
    CHANGE_REFUSED("\"case\":\"BJ-1\"", "\"case\":null");
    CHANGE_REFUSED("bundle 1", "bundle 2");
    CHANGE_REFUSED("\"entries\":3", "\"entries\":-1");
    CHANGE_REFUSED("\"entries\":3", "\"entries\":\"3\"");
    CHANGE_REFUSED("from\":\"k", "from\":\"K");
    CHANGE_REFUSED("to\":\"k", "to\":\"x");
    CHANGE_REFUSED(HAVE, "{\"" KIT_A "\":0}");
    CHANGE_REFUSED(HAVE, "{\"" KIT_A "\":\"1\"}");
    CHANGE_REFUSED(HAVE, "{\"someone\":1}");
    CHANGE_REFUSED(HAVE, "[]");
    CHANGE_REFUSED("\"" SHA_A "\",\"" SHA_B "\"]}", "\"" SHA_B "\",\"" SHA_A "\"]}");
    CHANGE_REFUSED("\"" SHA_A "\",\"" SHA_B "\"]}", "\"" SHA_A "\",\"" SHA_A "\"]}");
    CHANGE_REFUSED("\"" SHA_A "\",\"" SHA_B "\"]}", "\"a\"]}");
    CHANGE_REFUSED("\"" SHA_A "\",\"" SHA_B "\"]}", "null]}");
}

TEST(members_missing_or_unknown)
{
    CHANGE_REFUSED("\"case\":\"BJ-1\",", "");
    CHANGE_REFUSED("\"entries\":3,", "");
    CHANGE_REFUSED("\"format\":\"satchel bundle 1\",", "");
    CHANGE_REFUSED("\"from\":\"" KIT_A "\",", "");
    CHANGE_REFUSED("\"have\":" HAVE ",", "");
    CHANGE_REFUSED("\"to\":\"" KIT_B "\",", "");
    CHANGE_REFUSED(",\"want\":[\"" SHA_A "\",\"" SHA_B "\"]", "");
    CHANGE_REFUSED("{\"case\"", "{\"a\":1,\"case\"");
    CHANGE_REFUSED(WHOLE, "{\"name\":\"blob/" SHA_A "\",\"of\":10,\"size\":10}");
    CHANGE_REFUSED(WHOLE, "{\"name\":\"blob/" SHA_A "\",\"sha256\":\"" SHA_A "\",\"size\":10}");
    CHANGE_REFUSED(ENTRIES, "{\"name\":\"entries.jsonl\",\"size\":900}");
    CHANGE_REFUSED(
        ENTRIES, "{\"name\":\"entries.jsonl\",\"pieces\":[],\"sha256\":\"" SHA_C "\",\"size\":900}");
    CHANGE_REFUSED(WHOLE, "{}");
    CHANGE_REFUSED(WHOLE, "1");
    REFUSED("{}");
    REFUSED("[]");
    REFUSED("");
}

TEST(only_canonical_bytes)
{
    CHANGE_REFUSED("{\"case\"", "{ \"case\"");
    CHANGE_REFUSED("BJ-1", "\\u0042J-1");
    CHANGE_REFUSED("\"entries\":3", "\"entries\":3.0");
    CHANGE_REFUSED("\"entries\":3,", "\"entries\":3,\"entries\":3,");
    CHANGE_REFUSED("\"size\":900", "\"size\":-0");
    CHANGE_REFUSED(SHA_B "\"]}", SHA_B "\"]}\n");
}

TEST(order_of_members)
{
    MEMBERS_ACCEPTED(ENTRIES);
    MEMBERS_ACCEPTED(RECEIPT "," SIG "," ENTRIES);
    MEMBERS_ACCEPTED(ENTRIES "," WHOLE);
    MEMBERS_REFUSED("");
    MEMBERS_REFUSED(WHOLE);
    MEMBERS_REFUSED(WHOLE "," ENTRIES);
    MEMBERS_REFUSED(ENTRIES "," ENTRIES);
    MEMBERS_REFUSED(RECEIPT "," ENTRIES);
    MEMBERS_REFUSED(SIG "," ENTRIES);
    MEMBERS_REFUSED(SIG "," RECEIPT "," ENTRIES);
    MEMBERS_REFUSED(RECEIPT "," SIG);
    MEMBERS_REFUSED(RECEIPT "," RECEIPT "," ENTRIES);
    MEMBERS_REFUSED(ENTRIES "," RECEIPT "," SIG);
    MEMBERS_REFUSED(ENTRIES "," WHOLE "," ENTRIES);
}

TEST(names_of_members)
{
    CHANGE_REFUSED("entries.jsonl", "entries.json");
    CHANGE_REFUSED("entries.jsonl", "manifest.json");
    CHANGE_REFUSED("entries.jsonl", "../entries.jsonl");
    CHANGE_REFUSED("blob/a", "blob/A");
    CHANGE_REFUSED("blob/a", "blob/../a");
    CHANGE_REFUSED("blob/a", "blob/");
    CHANGE_REFUSED("blob/" SHA_A, "blob/" SHA_A "x");
    CHANGE_REFUSED("blob/" SHA_A, "blob/");
    CHANGE_REFUSED("blob/" SHA_A, "blob/" SHA_A "+");
    CHANGE_REFUSED("blob/" SHA_A, "blob/" SHA_A "+0");
    CHANGE_REFUSED("+" MIB16, "+016777216");
    CHANGE_REFUSED("+" MIB16, "+-16777216");
    CHANGE_REFUSED("+" MIB16, "+ 16777216");
    CHANGE_REFUSED("+" MIB16, "+16777216x");
    CHANGE_REFUSED("+" MIB16, "+18446744073726328832");
}

TEST(sizes)
{
    MEMBERS_ACCEPTED(ENTRIES ",{\"name\":\"blob/" SHA_A "\",\"size\":0}");
    CHANGE_REFUSED("\"size\":10", "\"size\":-1");
    CHANGE_REFUSED("\"size\":900", "\"size\":0");
    ACCEPTED(change(change(VALID, "\"size\":900", "\"size\":0"), "\"entries\":3", "\"entries\":0"));
    CHANGE_REFUSED("\"entries\":3", "\"entries\":0");
    CHANGE_ACCEPTED("\"size\":900", "\"size\":" MIB16);
    CHANGE_REFUSED("\"size\":900", "\"size\":16777217");
    CHANGE_REFUSED("\"size\":400", "\"size\":16777217");
    CHANGE_REFUSED("\"size\":300", "\"size\":5000");
    MEMBERS_ACCEPTED(ENTRIES ",{\"name\":\"blob/" SHA_A "\",\"size\":4294966395}");
    MEMBERS_REFUSED(ENTRIES ",{\"name\":\"blob/" SHA_A "\",\"size\":4294966396}");
    MEMBERS_REFUSED(ENTRIES ",{\"name\":\"blob/" SHA_A "\",\"size\":4294967296}");
    MEMBERS_REFUSED(ENTRIES ",{\"name\":\"blob/" SHA_A "\",\"size\":3000000000},{\"name\":\"blob/" SHA_B
                            "\",\"size\":3000000000}");
}

#define ONE_PART(offset, of, pieces, size) ENTRIES "," PART(SHA_A, offset, of, pieces, size)

TEST(parts)
{
    MEMBERS_ACCEPTED(ONE_PART("0", "20000000", PIECE, MIB16));
    MEMBERS_ACCEPTED(ONE_PART(MIB16, "20000000", PIECE, "3222784"));
    MEMBERS_ACCEPTED(ONE_PART("0", "20000000", PIECE "," PIECE, "20000000"));
    MEMBERS_ACCEPTED(ONE_PART(MIB16, "9007199254740992", PIECE, MIB16));
    MEMBERS_REFUSED(ONE_PART("0", "20000000", PIECE, "1000"));
    MEMBERS_REFUSED(ONE_PART("1000", "20000000", PIECE, MIB16));
    MEMBERS_REFUSED(ONE_PART(MIB16, "20000000", PIECE, "3222785"));
    MEMBERS_REFUSED(ONE_PART(MIB16, "20000000", PIECE, MIB16));
    MEMBERS_REFUSED(ONE_PART("33554432", "20000000", PIECE, "1"));
    MEMBERS_REFUSED(ONE_PART("0", "20000000", PIECE "," PIECE, MIB16));
    MEMBERS_REFUSED(ONE_PART("0", "20000000", PIECE, "20000000"));
    MEMBERS_REFUSED(ONE_PART("0", "20000000", "", MIB16));
    MEMBERS_REFUSED(ONE_PART("0", "20000000", "\"x\"", MIB16));
    MEMBERS_REFUSED(ONE_PART("0", "20000000", "", "0"));
    MEMBERS_REFUSED(ONE_PART("0", "0", "", "0"));
    MEMBERS_REFUSED(ONE_PART("0", "9007199254740993", PIECE, MIB16));
    MEMBERS_REFUSED(ONE_PART("18446744073692774400", "9007199254740992", PIECE, MIB16));
}

TEST(evidence_comes_once)
{
    MEMBERS_ACCEPTED(
        ONE_PART(MIB16, "20000000", PIECE, "3222784") "," PART(SHA_A, "0", "20000000", PIECE, MIB16));
    MEMBERS_ACCEPTED(
        ONE_PART("0", "50331648", PIECE, MIB16) "," PART(SHA_A, "33554432", "50331648", PIECE, MIB16));
    MEMBERS_REFUSED(ENTRIES "," WHOLE "," WHOLE);
    MEMBERS_REFUSED(
        ENTRIES ",{\"name\":\"blob/" SHA_A "\",\"size\":0},{\"name\":\"blob/" SHA_A "\",\"size\":0}");
    MEMBERS_REFUSED(ENTRIES "," WHOLE "," PART(SHA_A, MIB16, "20000000", PIECE, "3222784"));
    MEMBERS_REFUSED(ONE_PART("0", "20000000", PIECE, MIB16) "," PART(SHA_A, "0", "20000000", PIECE, MIB16));
    MEMBERS_REFUSED(ONE_PART("0", "50331648", PIECE, MIB16) "," PART(SHA_A, MIB16, "33554432", PIECE, MIB16));
    MEMBERS_REFUSED(ONE_PART("0", "50331648", PIECE "," PIECE, "33554432") "," PART(
        SHA_A, MIB16, "50331648", PIECE, MIB16));
}

/* A manifest of `count` members: entries.jsonl and whole blobs. */
static int write_many(size_t count)
{
    struct arena a;
    struct buf b;
    arena_init(&a);
    buf_init(&b, MANIFEST_MAX_BYTES);
    struct member *members = arena_alloc(&a, count * sizeof *members);
    members[0] = (struct member){.kind = MEMBER_ENTRIES, .sha256 = SHA_A};
    for (size_t i = 1; i < count; i++) {
        members[i] = (struct member){.kind = MEMBER_BLOB, .size = i, .whole = i};
        snprintf(members[i].sha256, SHA256_HEX, "%064zx", i * 7919 % 16384);
    }
    struct manifest m = {
        .case_name = "c", .from = KIT_A, .to = KIT_A, .members = members, .members_len = count};
    int rc = manifest_write(&b, &a, &m);
    buf_release(&b);
    arena_release(&a);
    return rc;
}

TEST(limits)
{
    CHECK_OK(write_many(MANIFEST_MAX_MEMBERS));
    CHECK(write_many(MANIFEST_MAX_MEMBERS + 1) == ERR_INPUT);
    struct arena a;
    struct manifest *m;
    size_t len = MANIFEST_MAX_BYTES + 1;
    char *large = calloc(1, len);
    arena_init(&a);
    memset(large, ' ', len);
    CHECK(manifest_parse(&m, &a, large, len) == ERR_INPUT);
    free(large);
    arena_release(&a);
}

/* A draft that says what no manifest can say is refused, not put right in silence. */
TEST(writing_refuses)
{
    struct arena a;
    struct buf b;
    const char *pieces[] = {SHA_B};
    struct have twice[] = {{KIT_A, 1}, {KIT_A, 2}};
    struct member members[] = {{.kind = MEMBER_ENTRIES, .sha256 = SHA_A},
        {.kind = MEMBER_BLOB, .sha256 = SHA_B, .size = 5, .whole = 5}};
    struct manifest m = {.case_name = "c", .from = KIT_A, .to = KIT_A, .members = members, .members_len = 2},
                    bad = m;
    arena_init(&a);
    buf_init(&b, MANIFEST_MAX_BYTES);
    CHECK_OK(manifest_write(&b, &a, &m));
    bad.from = NULL;
    CHECK(manifest_write(&b, &a, &bad) == ERR_INPUT);
    bad = m;
    bad.have = twice;
    bad.have_len = 2;
    CHECK(manifest_write(&b, &a, &bad) == ERR_INPUT);
    members[1].whole = 6;
    CHECK(manifest_write(&b, &a, &m) == ERR_INPUT);
    members[1] =
        (struct member){.kind = MEMBER_BLOB, .sha256 = SHA_B, .size = 5, .whole = 5, .offset = PIECE_SIZE};
    CHECK(manifest_write(&b, &a, &m) == ERR_INPUT);
    members[1].pieces = pieces;
    members[1].pieces_len = 1;
    CHECK(manifest_write(&b, &a, &m) == ERR_INPUT);
    members[1].whole = PIECE_SIZE + 5;
    size_t len = b.len;
    CHECK(is_sha256_hex(m.id));
    CHECK_OK(manifest_write(&b, &a, &m));
    CHECK(b.len > 2 * len);
    buf_release(&b);
    arena_release(&a);
}

TEST(every_truncation_is_refused)
{
    static const char text[] = VALID;
    struct arena a;
    struct manifest *m;
    arena_init(&a);
    for (size_t len = 0; len < strlen(text); len++) CHECK(manifest_parse(&m, &a, text, len) == ERR_INPUT);
    arena_release(&a);
}

int main(int argc, char **argv)
{
    return test_main(argc, argv);
}
