/* The proof of a pairing code: both sides agree, and a proof is good for one session, side, pair and register only. */
#include "satchel/format/pairing.h"

#include <string.h>

#include "test.h"

#define HEX_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define HEX_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

/* Three kits: the one that shares, the one that calls, and one that listens. */
static unsigned char scalar[3][KEY_SIZE], point[3][KEY_SIZE];

static void keys(void)
{
    for (int i = 0; i < 3; i++) {
        memset(scalar[i], 'a' + i, KEY_SIZE);
        CHECK_OK(x25519_public(point[i], scalar[i]));
    }
}

static struct pairing pairing_of(int self, int other)
{
    keys();
    return (struct pairing){.code = "12345678", .identity = scalar[self], .recipient = point[other], .share = "kshare",
        .call = "kcall", .root = "kroot", .challenge = HEX_A, .nonce = HEX_B};
}

static char *proof_of(struct pairing p, enum pairing_side side)
{
    static char texts[4][SHA256_HEX];
    static int n;
    char *proof = texts[n++ % 4];
    CHECK_OK(pairing_proof(proof, &p, side));
    CHECK(is_sha256_hex(proof));
    return proof;
}
/* A proof that was made with one thing changed is not what the sharing kit waits for. */
#define DIFFERS(change)                                                                                                \
    do {                                                                                                               \
        struct pairing p = pairing_of(1, 0);                                                                           \
        change;                                                                                                        \
        CHECK(strcmp(proof_of(p, PAIRING_CALL), proof_of(pairing_of(0, 1), PAIRING_CALL)) != 0);                       \
    } while (0)

TEST(both_sides_make_the_same_proofs)
{
    CHECK_STR(proof_of(pairing_of(0, 1), PAIRING_CALL), proof_of(pairing_of(1, 0), PAIRING_CALL));
    CHECK_STR(proof_of(pairing_of(0, 1), PAIRING_SHARE), proof_of(pairing_of(1, 0), PAIRING_SHARE));
}

TEST(a_proof_cannot_be_sent_back)
{
    CHECK(strcmp(proof_of(pairing_of(0, 1), PAIRING_CALL), proof_of(pairing_of(0, 1), PAIRING_SHARE)) != 0);
}

TEST(a_proof_is_good_for_one_session)
{
    DIFFERS(p.challenge = HEX_B);
    DIFFERS(p.nonce = HEX_A);
}

TEST(a_proof_is_of_one_code_pair_and_register)
{
    DIFFERS(p.code = "12345679");
    DIFFERS(p.share = "kother");
    DIFFERS(p.call = "kother");
    DIFFERS(p.root = "kother");
}

/* Who listens knows every line of it and may try all codes, but has neither kit's secret. */
TEST(a_code_cannot_be_tried_out_by_who_listens)
{
    DIFFERS(p = pairing_of(2, 0));
    DIFFERS(p = pairing_of(2, 1));
}

TEST(a_proof_is_as_the_header_says)
{
    unsigned char shared[KEY_SIZE], key[KEY_SIZE], mac[SHA256_SIZE];
    char hex[SHA256_HEX];
    static const char lines[] = "call\nkshare\nkcall\nkroot\n" HEX_A "\n" HEX_B "\n";
    keys();
    CHECK_OK(x25519(shared, scalar[1], point[0]));
    CHECK_OK(hkdf_sha256(key, KEY_SIZE, shared, KEY_SIZE, "12345678", 8, "satchel pairing"));
    hmac_sha256(mac, key, KEY_SIZE, lines, strlen(lines));
    hex_write(hex, mac, SHA256_SIZE);
    CHECK_STR(hex, proof_of(pairing_of(0, 1), PAIRING_CALL));
}

TEST(a_recipient_that_is_no_point_is_refused)
{
    static const unsigned char none[KEY_SIZE];
    char proof[SHA256_HEX];
    struct pairing p = pairing_of(0, 1);
    p.recipient = none;
    CHECK(pairing_proof(proof, &p, PAIRING_CALL) == ERR_INPUT);
}

static bool reads(const char *text)
{
    char code[PAIRING_CODE_SIZE];
    return pairing_code_read(code, text) && strcmp(code, "12345678") == 0;
}

TEST(codes_are_read_as_people_write_them)
{
    CHECK(reads("1234-5678") && reads("12345678") && reads("1234 5678") && reads(" 12 34-56 78 "));
    CHECK(!reads("1234567") && !reads("123456789") && !reads("1234-567a") && !reads("") && !reads("-") && !reads("１２３４５６７８"));
}

TEST(new_codes_are_eight_digits_and_not_the_same)
{
    char a[PAIRING_CODE_SIZE], b[PAIRING_CODE_SIZE], again[PAIRING_CODE_SIZE];
    int same = 0;
    for (int i = 0; i < 20; i++) {
        CHECK_OK(pairing_code_new(a));
        CHECK_OK(pairing_code_new(b));
        CHECK(strlen(a) == PAIRING_DIGITS && pairing_code_read(again, a) && strcmp(again, a) == 0);
        same += strcmp(a, b) == 0;
    }
    CHECK(same < 2);
}

int main(int argc, char **argv)
{
    return test_main(argc, argv);
}
