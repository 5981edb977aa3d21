/* Growing buffers. */
#include "test.h"

#include "satchel/base/buf.h"

/* A buffer with this maximum, after these statements about b, holds this text. */
#define HOLDS(max, text, ...)                                                                                \
    do {                                                                                                     \
        struct buf b;                                                                                        \
        buf_init(&b, max);                                                                                   \
        __VA_ARGS__;                                                                                         \
        CHECK_OK(buf_error(&b));                                                                             \
        CHECK_STR(buf_str(&b), text);                                                                        \
        CHECK(b.len == strlen(text));                                                                        \
        buf_release(&b);                                                                                     \
        buf_release(&b);                                                                                     \
    } while (0)

#define REFUSES(max, ...)                                                                                    \
    do {                                                                                                     \
        struct buf b;                                                                                        \
        buf_init(&b, max);                                                                                   \
        __VA_ARGS__;                                                                                         \
        CHECK(buf_error(&b) == ERR_INPUT);                                                                   \
        CHECK(b.len <= max && !buf_detach(&b));                                                              \
        buf_release(&b);                                                                                     \
    } while (0)

TEST(appending)
{
    HOLDS(BUF_UNLIMITED, "");
    HOLDS(BUF_UNLIMITED, "abc 7", buf_adds(&b, "ab"), buf_addc(&b, 'c'), buf_addf(&b, " %d", 7));
    HOLDS(BUF_UNLIMITED, "", buf_add(&b, NULL, 0), buf_adds(&b, ""), buf_addf(&b, "%s", ""));
    HOLDS(3, "abc", buf_adds(&b, "abc"));
    HOLDS(3, "abc", buf_addf(&b, "%s", "abc"));
    HOLDS(0, "");
    HOLDS(9, "xy", memcpy(buf_space(&b, 2), "xy", 2));
    HOLDS(9, "b", buf_adds(&b, "aaaa"), buf_clear(&b), buf_adds(&b, "b"));
    HOLDS(9, "", buf_adds(&b, "secret"), buf_wipe(&b));
}

TEST(the_limit_holds_and_errors_stick)
{
    REFUSES(3, buf_adds(&b, "abcd"));
    REFUSES(3, buf_adds(&b, "ab"), buf_addf(&b, "%d", 12));
    REFUSES(3, buf_adds(&b, "abc"), buf_addc(&b, 'd'), buf_adds(&b, ""));
    REFUSES(0, buf_addc(&b, 0));
    REFUSES(100, CHECK(!buf_space(&b, SIZE_MAX)));
    REFUSES(2, buf_adds(&b, "abc"), buf_adds(&b, "a"), CHECK(b.len == 0));
    HOLDS(2, "ok", buf_adds(&b, "too long"), buf_clear(&b), buf_adds(&b, "ok"));
}

TEST(detaching)
{
    struct buf b;
    buf_init(&b, BUF_UNLIMITED);
    buf_adds(&b, "mine");
    char *s = buf_detach(&b), *empty = buf_detach(&b);
    CHECK_STR(s, "mine");
    CHECK_STR(empty, "");
    CHECK(b.len == 0);
    free(s);
    free(empty);
    buf_release(&b);
}

TEST(many_small_pieces)
{
    struct buf b;
    bool same = true;
    buf_init(&b, 1 << 20);
    for (int i = 0; i < 1 << 20; i++) buf_addc(&b, i & 0x7f);
    CHECK_OK(buf_error(&b));
    for (int i = 0; i < 1 << 20; i++) same = same && b.data[i] == (i & 0x7f);
    CHECK(same && b.data[b.len] == '\0');
    buf_addc(&b, 'x');
    CHECK(buf_error(&b) == ERR_INPUT);
    buf_release(&b);
}

int main(int argc, char **argv)
{
    return test_main(argc, argv);
}
