/* The frame of a unit test: checks count, and main ends with the line that tests/run adds up.
 *
 *   TEST(names_of_kits) { CHECK(kit_id_valid("kaaaaaaaaaaaa")); }
 *   int main(int argc, char **argv) { return test_main(argc, argv); }
 *
 * TEST registers itself; `test_X --full` runs the full random counts, `test_X WORD` only tests with WORD in the name. */
#ifndef TEST_H
#define TEST_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "satchel/base/err.h"

struct test_case {
    const char *name;
    void (*fn)(void);
    struct test_case *next;
};

static struct test_case *test_first, **test_last = &test_first;
static int test_failed_checks, test_skipped;
static bool test_full;        /* --full: the whole random counts */
static const char *test_args; /* argv[0], to find files beside the program */

#define TEST(name)                                                                                                     \
    static void test_##name(void);                                                                                     \
    __attribute__((constructor)) static void test_register_##name(void)                                                \
    {                                                                                                                  \
        static struct test_case c = {#name, test_##name, NULL};                                                        \
        *test_last = &c;                                                                                               \
        test_last = &c.next;                                                                                           \
    }                                                                                                                  \
    static void test_##name(void)

#define CHECK(cond)                                                                                                    \
    ((cond) ? (void)0                                                                                                  \
            : (void)(test_failed_checks++,                                                                             \
                  printf("  %s:%d: not so: %s%s%s\n", __FILE__, __LINE__, #cond, *err_message() ? "  # " : "",         \
                      err_message())))
#define CHECK_OK(call) CHECK((call) == 0)
#define CHECK_STR(a, b)                                                                                                \
    do {                                                                                                               \
        const char *a_ = (a), *b_ = (b);                                                                               \
        if (!a_ || !b_ || strcmp(a_, b_) != 0) {                                                                       \
            test_failed_checks++;                                                                                      \
            printf("  %s:%d: '%s' is not '%s'\n", __FILE__, __LINE__, a_ ? a_ : "(null)", b_ ? b_ : "(null)");        \
        }                                                                                                              \
    } while (0)
#define SKIP(why)                                                                                                      \
    do {                                                                                                               \
        printf("skipped: %s: %s\n", __func__, why);                                                                    \
        test_skipped++;                                                                                                \
        return;                                                                                                        \
    } while (0)

static inline uint64_t test_random_next(uint64_t *state) /* splitmix64: seeded, the same everywhere */
{
    uint64_t z = (*state += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static inline int test_main(int argc, char **argv)
{
    const char *only = NULL;
    int passed = 0, failed = 0;
    test_args = argv[0];
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--full") == 0)
            test_full = true;
        else
            only = argv[i];
    }
    for (struct test_case *c = test_first; c; c = c->next) {
        if (only && !strstr(c->name, only)) continue;
        int checks_before = test_failed_checks, skipped_before = test_skipped;
        err_clear();
        c->fn();
        if (test_failed_checks != checks_before) {
            printf("FAILED: %s\n", c->name);
            failed++;
        } else if (test_skipped == skipped_before) {
            passed++;
        }
    }
    printf("%d passed, %d failed, %d skipped\n", passed, failed, test_skipped);
    return failed ? 1 : 0;
}

#endif
