/* Names: what is let through ends up in paths, in git branches and on lines of text. */
#include "test.h"

#include "satchel/format/names.h"
#include "satchel/format/ssh.h"

#define KIT "kq7f3amc2d5xy"

static const char *repeat(char c, size_t n)
{
    static char text[400];
    memset(text, c, n);
    text[n] = '\0';
    return text;
}

/* The domain macros: each of a list of names is valid, or none is. */
#define ALL(valid, ...)                                                                                      \
    do {                                                                                                     \
        const char *const names_[] = {__VA_ARGS__};                                                          \
        for (size_t i_ = 0; i_ < sizeof names_ / sizeof *names_; i_++)                                       \
            if (!valid(names_[i_])) CHECK_STR(names_[i_], "valid");                                          \
    } while (0)
#define NONE(valid, ...)                                                                                     \
    do {                                                                                                     \
        const char *const names_[] = {__VA_ARGS__};                                                          \
        for (size_t i_ = 0; i_ < sizeof names_ / sizeof *names_; i_++)                                       \
            if (valid(names_[i_])) CHECK_STR(names_[i_], "refused");                                         \
    } while (0)

TEST(kit_ids)
{
    ALL(kit_id_valid, KIT, "kaaaaaaaaaaaa", "k222222777777");
    NONE(kit_id_valid, "", "k", "kaaaaaaaaaaa", "kaaaaaaaaaaaaa", "aaaaaaaaaaaaa", "kAaaaaaaaaaaa",
        "kaaaaaaaaaaa1", "kaaaaaaaaaaa8", "kaaaaaaaaaaa\n", "kaaaa/aaaaaaa");
}

TEST(case_names)
{
    ALL(case_name_valid, "a", "register", "BJ-2026-0042", "0-", repeat('x', 64));
    NONE(case_name_valid, "", "-a", "a_b", "a b", "../a", "a/b", "a.lock", "a\n", "\xe5\x8c\x97");
    CHECK(!case_name_valid(repeat('x', 65)));
}

static bool type_valid(const char *s)
{
    return type_name_valid(s, strlen(s));
}

TEST(type_names)
{
    ALL(type_valid, "a", "organisation", "man-days", "a1", repeat('x', 32));
    NONE(type_valid, "", "1a", "-a", "A", "aB", "a_b", "a/b", "a b");
    CHECK(!type_valid(repeat('x', 33)));
}

TEST(field_names)
{
    ALL(field_name_valid, "a", "grade", "of.finding/" KIT "-104", "Zz09_.~/:+-", "\xe7\xad\x89\xe7\xba\xa7",
        "\xc3\xa9");
    NONE(field_name_valid, "", "a b", "a\"", "a\\", "a\n", "a=", "\xff", "\xc0\x80", "\xed\xa0\x80",
        "\xf0\x9f\x98\x80" /* beyond the plane */, "\xf0\xa0\x80\x80" /* a letter, beyond it */,
        "\xe2\x80\xae" /* bidi */, "\xe3\x80\x82" /* a full stop */);
    CHECK(field_name_valid(repeat('x', 256)));
    CHECK(!field_name_valid(repeat('x', 257)));
}

static bool record_valid(const char *s)
{
    struct record_id id = {"untouched", "", 7};
    if (record_id_read(&id, s)) return true;
    CHECK_STR(id.type, "untouched");
    return false;
}

TEST(record_ids)
{
    ALL(record_valid, "finding/" KIT "-1", "a/" KIT "-999999999");
    NONE(record_valid, "", "/", "finding", "finding/", "finding/" KIT, "finding/" KIT "-",
        "finding/" KIT "-0", "finding/" KIT "-01", "finding/" KIT "-1000000000", "finding/" KIT "-1x",
        "finding/" KIT "--1", "finding/" KIT "-+1", "finding/" KIT "- 1", "finding/" KIT "x-1",
        "finding/kit-1", "/" KIT "-1", "Finding/" KIT "-1", "register:finding/" KIT "-1");
}

TEST(record_ids_write_back)
{
    struct record_id id;
    char text[RECORD_ID_MAX];
    CHECK(record_id_read(&id, "finding/" KIT "-104"));
    CHECK_STR(id.type, "finding");
    CHECK_STR(id.kit, KIT);
    CHECK(id.number == 104);
    record_id_write(text, &id);
    CHECK_STR(text, "finding/" KIT "-104");
}

TEST(links)
{
    ALL(link_valid, "person/" KIT "-1", "register:person/" KIT "-1");
    NONE(link_valid, "", "register:", "register", "other:person/" KIT "-1",
        "register:register:person/" KIT "-1", "register:person/" KIT "-0");
}

TEST(kit_id_is_the_start_of_the_fingerprint)
{
    unsigned char key[KEY_SIZE] = {1, 2, 3}, wire[SSH_WIRE_KEY_SIZE], hash[SHA256_SIZE];
    char id[KIT_ID_SIZE], text[64];
    kit_id_of(id, key);
    CHECK(kit_id_valid(id));
    ssh_key_wire(wire, key);
    sha256(hash, wire, sizeof wire);
    base32_write(text, hash, sizeof hash);
    CHECK(strncmp(id + 1, text, KIT_ID_SIZE - 2) == 0);
    CHECK_STR(id, "kefpbd7i5zpul"); /* fixed for ever: it stands in every entry */
}

int main(int argc, char **argv)
{
    return test_main(argc, argv);
}
