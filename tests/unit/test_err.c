/* Errors and the texts they are made of. */
#include "test.h"

#include <errno.h>
#include <pthread.h>

#include "satchel/base/arena.h"
#include "satchel/base/map.h"
#include "satchel/base/text.h"

/* A failure with these arguments leaves this message. */
#define SAYS(message, ...)                                                                                   \
    do {                                                                                                     \
        CHECK(err_set(ERR_INPUT, __VA_ARGS__) == ERR_INPUT);                                                 \
        CHECK_STR(err_message(), message);                                                                   \
    } while (0)

TEST(messages)
{
    CHECK_STR(err_message(), "");
    SAYS("'a.txt' has 3 lines", "'%s' has %d lines", "a.txt", 3);
    err_clear();
    CHECK_STR(err_message(), "");
}

TEST(arguments_may_be_the_message_that_stands)
{
    SAYS("inner", "inner");
    SAYS("outer: inner", "outer: %s", err_message());
    CHECK(err_within(ERR_DAMAGED, "'%s'", "case") == ERR_DAMAGED);
    CHECK_STR(err_message(), "'case': outer: inner");
    SAYS("x", "x");
    err_within(ERR_NO, "%s and %s", err_message(), "y");
    CHECK_STR(err_message(), "x and y: x");
}

TEST(a_message_is_one_line)
{
    SAYS("'a?b?c?[31m'", "'%s'", "a\nb\rc\033[31m");
}

TEST(long_messages_end_with_a_whole_character)
{
    char name[6001];
    for (size_t i = 0; i + 3 <= sizeof name; i += 3) memcpy(name + i, "案", 3);
    for (int shift = 0; shift < 3; shift++) {
        name[6000 - shift] = '\0';
        err_set(ERR_INPUT, "%.*s%s", shift, "ab", name);
        size_t len = strlen(err_message());
        CHECK(len > 2000 && (len - (size_t)shift) % 3 == 0);
        err_within(ERR_INPUT, "%s", name);
        CHECK(strlen(err_message()) > 2000 && strlen(err_message()) % 3 == 0);
    }
}

TEST(words_of_the_system)
{
    errno = EACCES;
    CHECK(err_system("open", "/x") == ERR_ROAD);
    CHECK_STR(err_message(), "cannot open '/x': permission denied");
    errno = ENOSPC;
    CHECK(err_system("write", "/x") == ERR_ROAD);
    CHECK_STR(err_message(), "disk is full: cannot write '/x'; free some space and try again");
}

TEST(exit_statuses)
{
    static const struct {
        int code, status;
    } cases[] = {{0, 0}, {ERR_NO, 1}, {ERR_USAGE, 2}, {ERR_INPUT, 3}, {ERR_MISSING, 3}, {ERR_WAIT, 3},
        {ERR_DAMAGED, 4}, {ERR_ROAD, 5}, {-99, 5}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        CHECK(err_exit_status(cases[i].code) == cases[i].status);
}

static void *other_thread(void *arg)
{
    (void)arg;
    CHECK_STR(err_message(), "");
    err_set(ERR_NO, "theirs");
    return NULL;
}

TEST(each_thread_has_its_message)
{
    pthread_t thread;
    err_set(ERR_NO, "mine");
    CHECK(pthread_create(&thread, NULL, other_thread, NULL) == 0);
    pthread_join(thread, NULL);
    CHECK_STR(err_message(), "mine");
}

TEST(texts_in_chinese)
{
    static const char table[] = "zebra\t斑马\r\n'%s' is not there\t没有「%s」\nno tab\nempty\t\nlast\t最后";
    text_table(table, sizeof table - 1);
    CHECK_STR(T("zebra"), "zebra");
    text_language(LANGUAGE_ZH);
    CHECK(text_language_now() == LANGUAGE_ZH);
    CHECK_STR(T("zebra"), "斑马");
    CHECK_STR(T("last"), "最后");
    CHECK_STR(T("no tab"), "no tab");
    CHECK_STR(T("empty"), "empty");
    CHECK_STR(T("unknown"), "unknown");
    SAYS("没有「x」", "'%s' is not there", "x");
    text_table("", 0);
    CHECK_STR(T("zebra"), "zebra");
    text_language(LANGUAGE_EN);
}

TEST(arena_gives_zeroed_aligned_memory)
{
    struct arena a;
    uint64_t seed = 7;
    bool zeroed = true;
    arena_init(&a);
    for (int i = 0; i < 5000; i++) {
        size_t size = test_random_next(&seed) % (i % 50 == 0 ? 3000000u / ((unsigned)i + 1) + 1 : 200u);
        unsigned char *p = arena_alloc(&a, size);
        CHECK(p && (uintptr_t)p % _Alignof(max_align_t) == 0);
        for (size_t k = 0; k < size; k++) {
            zeroed = zeroed && p[k] == 0;
            p[k] = 0xee;
        }
    }
    CHECK(zeroed);
    CHECK_STR(arena_printf(&a, "%s-%03d", "x", 7), "x-007");
    CHECK_STR(arena_strndup(&a, "abcdef", 3), "abc");
    CHECK_STR(arena_strdup(&a, ""), "");
    CHECK(!arena_alloc(&a, SIZE_MAX) && !arena_alloc(&a, SIZE_MAX - 20));
    CHECK_STR(err_message(), "out of memory");
    arena_release(&a);
    CHECK(a.used == 0 && !a.blocks);
}

TEST(map_finds_what_was_put)
{
    enum { N = 20000 };
    struct map m;
    struct arena a;
    map_init(&m);
    arena_init(&a);
    CHECK(!map_get(&m, "nothing"));
    for (int i = 0; i < N; i++) {
        char *key = arena_printf(&a, "kaaaaaaaaaaaa-%d", i);
        CHECK_OK(map_put(&m, key, key));
    }
    CHECK(m.len == N);
    CHECK_OK(map_put(&m, "kaaaaaaaaaaaa-5", &m));
    CHECK(m.len == N && map_get(&m, "kaaaaaaaaaaaa-5") == &m);
    for (int i = 6; i < N; i++) {
        char key[32];
        snprintf(key, sizeof key, "kaaaaaaaaaaaa-%d", i);
        const char *value = map_get(&m, key);
        CHECK(value && strcmp(value, key) == 0);
    }
    CHECK(!map_get(&m, "kaaaaaaaaaaaa-20000"));
    arena_release(&a);
    map_release(&m);
}

int main(int argc, char **argv)
{
    return test_main(argc, argv);
}
