/* Each primitive against the vectors of its RFC, and the text forms of bytes. */
#include "test.h"

#include <pthread.h>

#include "satchel/base/crypto.h"

#define BYTES(s) (const void *)(s), strlen(s)

/* The domain macro: these bytes, written in hex, are as the RFC prints them. */
#define CHECK_HEX(bytes, len, hex)                                                                           \
    do {                                                                                                     \
        char text_[513];                                                                                     \
        hex_write(text_, bytes, len);                                                                        \
        CHECK_STR(text_, hex);                                                                               \
    } while (0)

static const unsigned char *unhex(const char *hex)
{
    static unsigned char ring[8][256];
    static int next;
    unsigned char *out = ring[next++ % 8];
    CHECK(hex_read(out, hex, strlen(hex) / 2));
    return out;
}

#define SHA256_ABC "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

TEST(hashes_of_fips_180)
{
    unsigned char out[64];
    sha256(out, BYTES("abc"));
    CHECK_HEX(out, 32, SHA256_ABC);
    sha256(out, BYTES(""));
    CHECK_HEX(out, 32, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    sha512(out, BYTES("abc"));
    CHECK_HEX(out, 64,
        "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
        "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f");
}

TEST(digest_runs_and_starts_anew)
{
    struct digest *d = NULL;
    unsigned char out[SHA256_SIZE];
    CHECK_OK(digest_sha256(&d));
    for (int round = 0; round < 2; round++) {
        for (const char *p = "abc"; *p; p++) digest_add(d, p, 1);
        digest_end(d, out);
        CHECK_HEX(out, 32, SHA256_ABC);
    }
    digest_free(d);
    CHECK_OK(digest_sha1(&d));
    digest_add(d, "abc", 3);
    digest_end(d, out);
    CHECK_HEX(out, SHA1_SIZE, "a9993e364706816aba3e25717850c26c9cd0d89d");
    digest_free(d);
}

static void *hash_in_a_thread(void *result)
{
    unsigned char hash[SHA256_SIZE], mac[SHA256_SIZE];
    for (int i = 0; i < 100; i++) {
        sha256(hash, "abc", 3);
        hmac_sha256(mac, "key", 3, "abc", 3);
    }
    hex_write(result, hash, sizeof hash);
    return NULL;
}

TEST(threads_have_their_own_contexts)
{
    enum { THREADS = 8 };
    pthread_t thread[THREADS];
    char hex[THREADS][SHA256_HEX];
    for (int i = 0; i < THREADS; i++) CHECK_OK(pthread_create(&thread[i], NULL, hash_in_a_thread, hex[i]));
    for (int i = 0; i < THREADS; i++) {
        CHECK_OK(pthread_join(thread[i], NULL));
        CHECK_STR(hex[i], SHA256_ABC);
    }
}

TEST(hmac_of_rfc_4231)
{
    unsigned char key[131], out[SHA256_SIZE];
    memset(key, 0x0b, 20);
    hmac_sha256(out, key, 20, BYTES("Hi There"));
    CHECK_HEX(out, 32, "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
    hmac_sha256(out, BYTES("Jefe"), BYTES("what do ya want for nothing?"));
    CHECK_HEX(out, 32, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    memset(key, 0xaa, sizeof key);
    hmac_sha256(out, key, sizeof key, BYTES("Test Using Larger Than Block-Size Key - Hash Key First"));
    CHECK_HEX(out, 32, "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
    hmac_sha256(out, NULL, 0, BYTES(""));
    CHECK_HEX(out, 32, "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

TEST(hkdf_of_rfc_5869)
{
    unsigned char key[22], out[42];
    memset(key, 0x0b, sizeof key);
    CHECK_OK(hkdf_sha256(out, sizeof out, key, sizeof key, unhex("000102030405060708090a0b0c"), 13,
        "\xf0\xf1\xf2\xf3\xf4\xf5\xf6\xf7\xf8\xf9"));
    CHECK_HEX(out, sizeof out,
        "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865");
    CHECK_OK(hkdf_sha256(out, sizeof out, key, sizeof key, NULL, 0, ""));
    CHECK_HEX(out, sizeof out,
        "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8");
}

TEST(scrypt_of_rfc_7914)
{
    unsigned char out[64];
    CHECK_OK(scrypt(out, sizeof out, "pleaseletmein", BYTES("SodiumChloride"), 14));
    CHECK_HEX(out, sizeof out,
        "7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2"
        "d5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887");
}

TEST(scrypt_has_limits)
{
    unsigned char out[32];
    CHECK(scrypt(out, sizeof out, "p", BYTES("salt"), 0) == ERR_INPUT);
    CHECK(scrypt(out, sizeof out, "p", BYTES("salt"), SCRYPT_MAX_LOG_N + 1) == ERR_INPUT);
    CHECK_OK(scrypt(out, sizeof out, "", BYTES("salt"), 1));
}

static void ed25519_case(const char *seed, const char *pub, const char *message, const char *sig)
{
    unsigned char out[SIGNATURE_SIZE];
    size_t len = strlen(message) / 2;
    CHECK_OK(ed25519_public(out, unhex(seed)));
    CHECK_HEX(out, KEY_SIZE, pub);
    CHECK_OK(ed25519_sign(out, unhex(seed), unhex(message), len));
    CHECK_HEX(out, SIGNATURE_SIZE, sig);
    CHECK(ed25519_verify(out, unhex(pub), unhex(message), len));
    for (int i = 0; i < SIGNATURE_SIZE; i += 9) {
        out[i] ^= 1;
        CHECK(!ed25519_verify(out, unhex(pub), unhex(message), len));
        out[i] ^= 1;
    }
    CHECK(!ed25519_verify(out, unhex(pub), "?", 1));
}

TEST(ed25519_of_rfc_8032)
{
    ed25519_case("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46b"
        "d25bf5f0595bbe24655141438e7a100b");
    ed25519_case("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c"
        "387b2eaeb4302aeeb00d291612bb0c00");
    ed25519_case("c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc659"
        "4a7c15e9716ed28dc027beceea1ec40a");
}

TEST(x25519_of_rfc_7748)
{
    const char *bob = "5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb";
    unsigned char out[KEY_SIZE];
    CHECK_OK(x25519_public(out, unhex(bob)));
    CHECK_HEX(out, KEY_SIZE, "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f");
    CHECK_OK(
        x25519(out, unhex(bob), unhex("8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a")));
    CHECK_HEX(out, KEY_SIZE, "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742");
    CHECK_OK(x25519(out, unhex("a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4"),
        unhex("e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c")));
    CHECK_HEX(out, KEY_SIZE, "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552");
}

TEST(x25519_refuses_points_of_low_order)
{
    unsigned char scalar[KEY_SIZE] = {8}, out[KEY_SIZE], zero[KEY_SIZE] = {0};
    CHECK(x25519(out, scalar, zero) == ERR_INPUT);
    CHECK(x25519(out, scalar, unhex("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800")) ==
          ERR_INPUT);
}

static const char sunscreen[] =
    "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for "
    "the future, sunscreen would be it.";

TEST(aead_of_rfc_8439)
{
    const unsigned char *nonce = unhex("070000004041424344454647"), *aad = unhex("50515253c0c1c2c3c4c5c6c7");
    unsigned char key[KEY_SIZE], out[256];
    struct aead *a = NULL;
    size_t len = strlen(sunscreen);
    for (int i = 0; i < KEY_SIZE; i++) key[i] = (unsigned char)(0x80 + i);
    CHECK_OK(aead_new(&a, key));
    for (int round = 0; round < 2; round++) { /* the context is reused, both ways */
        CHECK_OK(aead_seal(a, out, nonce, aad, 12, sunscreen, len));
        CHECK_HEX(out, 16, "d31a8d34648e60db7b86afbc53ef7ec2");
        CHECK_HEX(out + len, TAG_SIZE, "1ae10b594f09e26a7e902ecbd0600691");
        CHECK_OK(aead_open(a, out, nonce, aad, 12, out, len + TAG_SIZE));
        CHECK(memcmp(out, sunscreen, len) == 0);
    }
    aead_free(a);
}

TEST(aead_refuses_what_was_changed)
{
    const unsigned char *nonce = unhex("070000004041424344454647");
    unsigned char key[KEY_SIZE] = {1}, sealed[8 + TAG_SIZE], out[8];
    struct aead *a = NULL;
    CHECK_OK(aead_new(&a, key));
    CHECK_OK(aead_seal(a, sealed, nonce, "aad", 3, "evidence", 8));
    for (size_t i = 0; i < sizeof sealed; i++) {
        sealed[i] ^= 1;
        CHECK(aead_open(a, out, nonce, "aad", 3, sealed, sizeof sealed) == ERR_INPUT);
        sealed[i] ^= 1;
    }
    CHECK(aead_open(a, out, nonce, "add", 3, sealed, sizeof sealed) == ERR_INPUT);
    CHECK(aead_open(a, out, nonce, "aad", 3, sealed, TAG_SIZE - 1) == ERR_INPUT);
    CHECK_OK(aead_open(a, out, nonce, "aad", 3, sealed, sizeof sealed));
    CHECK_OK(aead_seal(a, sealed, nonce, NULL, 0, NULL, 0));
    CHECK_OK(aead_open(a, out, nonce, NULL, 0, sealed, TAG_SIZE));
    aead_free(a);
}

TEST(random_bytes_differ)
{
    unsigned char a[32], b[32];
    CHECK_OK(random_bytes(a, sizeof a));
    CHECK_OK(random_bytes(b, sizeof b));
    CHECK(!same_bytes(a, b, sizeof a));
    wipe(a, sizeof a);
    wipe(b, sizeof b);
    CHECK(same_bytes(a, b, sizeof a));
}

#define CHECK_TEXTS(plain, base32, base64, bare)                                                             \
    do {                                                                                                     \
        char text_[64];                                                                                      \
        unsigned char bytes_[64];                                                                            \
        base32_write(text_, plain, strlen(plain));                                                           \
        CHECK_STR(text_, base32);                                                                            \
        CHECK(base64_write(text_, plain, strlen(plain), true) == strlen(base64));                            \
        CHECK_STR(text_, base64);                                                                            \
        CHECK(base64_read(bytes_, BYTES(base64), true) == (long)strlen(plain));                              \
        CHECK(memcmp(bytes_, plain, strlen(plain)) == 0);                                                    \
        base64_write(text_, plain, strlen(plain), false);                                                    \
        CHECK_STR(text_, bare);                                                                              \
        CHECK(base64_read(bytes_, BYTES(bare), false) == (long)strlen(plain));                               \
    } while (0)

TEST(texts_of_rfc_4648)
{
    CHECK_TEXTS("", "", "", "");
    CHECK_TEXTS("f", "my", "Zg==", "Zg");
    CHECK_TEXTS("fo", "mzxq", "Zm8=", "Zm8");
    CHECK_TEXTS("foo", "mzxw6", "Zm9v", "Zm9v");
    CHECK_TEXTS("foob", "mzxw6yq", "Zm9vYg==", "Zm9vYg");
    CHECK_TEXTS("fooba", "mzxw6ytb", "Zm9vYmE=", "Zm9vYmE");
    CHECK_TEXTS("foobar", "mzxw6ytboi", "Zm9vYmFy", "Zm9vYmFy");
}

TEST(base64_is_canonical)
{
    static const char *const bad[] = {"Zg", "Zg=", "Zh==", "Zm9=", "=",
        "====", "Z===", "Zg==Zg==", " Zg=", "Zm9v\n", "Zm-v", "Zm_v", "Zm9vZ"};
    unsigned char out[64];
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) CHECK(base64_read(out, BYTES(bad[i]), true) == -1);
    CHECK(base64_read(out, BYTES("Zh"), false) == -1);
    CHECK(base64_read(out, BYTES("Z"), false) == -1);
    CHECK(base64_read(out, BYTES("Zg=="), false) == -1);
}

TEST(base64_round_trips)
{
    uint64_t seed = 7;
    unsigned char bytes[100], back[103];
    char text[140];
    for (int i = 0; i < (test_full ? 10000 : 1000); i++) {
        size_t len = test_random_next(&seed) % sizeof bytes;
        for (size_t k = 0; k < len; k++) bytes[k] = (unsigned char)test_random_next(&seed);
        bool pad = i % 2;
        size_t size = base64_write(text, bytes, len, pad);
        CHECK(base64_read(back, text, size, pad) == (long)len && memcmp(back, bytes, len) == 0);
    }
}

TEST(hex_is_lower_case)
{
    unsigned char out[2];
    CHECK(hex_read(out, "00ff and more", 2) && out[1] == 255);
    CHECK(!hex_read(out, "00FF", 2));
    CHECK(!hex_read(out, "00f", 2));
    CHECK(is_sha256_hex(SHA256_ABC));
    CHECK(!is_sha256_hex(SHA256_ABC "0"));
    CHECK(!is_sha256_hex("abc"));
}

int main(int argc, char **argv)
{
    return test_main(argc, argv);
}
