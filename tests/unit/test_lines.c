/* Files of lines: what is added is there, in order, over as many files as there are; the oldest goes; what a full disk has cut
 * off is no line. */
#define _DEFAULT_SOURCE
#include <stdlib.h>
#include <string.h>

#include "satchel/base/io.h"
#include "satchel/base/os.h"
#include "satchel/serve/lines.h"
#include "test.h"

#define FILE_MOST 40 /* bytes: four lines of ten */

static char folder[] = "/tmp/lines-XXXXXX";
static char path[64];
static struct buf seen;

static int note(void *ctx, const char *line, size_t len)
{
    (void)ctx;
    buf_add(&seen, line, len);
    buf_addc(&seen, '|');
    return 0;
}

static const char *all(void)
{
    buf_clear(&seen);
    CHECK(lines_each(path, note, NULL) == 0);
    return buf_str(&seen);
}

static void add(struct lines *l, int from, int to)
{
    struct buf b;
    buf_init(&b, BUF_UNLIMITED);
    for (int i = from; i <= to; i++) {
        buf_clear(&b);
        buf_addf(&b, "line %04d\n", i);
        CHECK(lines_add(l, &b) == 0);
    }
    buf_release(&b);
}

static void fresh(const char *name)
{
    snprintf(path, sizeof path, "%s/%s", folder, name);
}

#define IS(expected) CHECK_STR(all(), expected)

TEST(order)
{
    struct lines *l;
    fresh("order");
    IS("");
    CHECK(lines_open(&l, path, FILE_MOST) == 0);
    add(l, 1, 6);
    IS("line 0001|line 0002|line 0003|line 0004|line 0005|line 0006|");
    lines_close(l);
    CHECK(lines_open(&l, path, FILE_MOST) == 0); /* goes on where it was */
    add(l, 7, 9);
    IS("line 0001|line 0002|line 0003|line 0004|line 0005|line 0006|line 0007|line 0008|line 0009|");
    lines_close(l);
}

/* Five files: the one that grows, and four before it. */
TEST(oldest_goes)
{
    struct lines *l;
    fresh("rotated");
    CHECK(lines_open(&l, path, FILE_MOST) == 0);
    add(l, 1, 25);
    CHECK(strncmp(all(), "line 0009|", 10) == 0);
    CHECK(strstr(buf_str(&seen), "line 0024|line 0025|") != NULL);
    CHECK(seen.len == 17 * 10);
    lines_close(l);
}

TEST(cut_off)
{
    fresh("cut");
    struct lines *l;
    CHECK(file_write(path, "whole\nhal", 9) == 0);
    IS("whole|");
    CHECK(lines_open(&l, path, FILE_MOST) == 0);
    add(l, 1, 1); /* and takes no other with it */
    IS("whole|hal|line 0001|");
    lines_close(l);
}

TEST(stops)
{
    struct lines *l;
    struct buf b;
    fresh("no-such-folder/x");
    CHECK(lines_open(&l, path, FILE_MOST) != 0);
    fresh("full");
    buf_init(&b, 1);
    buf_adds(&b, "more than fits\n");
    CHECK(lines_open(&l, path, FILE_MOST) == 0);
    CHECK(lines_add(l, &b) != 0); /* nothing of it is written */
    IS("");
    lines_close(l);
    buf_release(&b);
}

int main(int argc, char **argv)
{
    if (!mkdtemp(folder)) return 1;
    buf_init(&seen, BUF_UNLIMITED);
    int status = test_main(argc, argv);
    buf_release(&seen);
    return os_remove_tree(folder) == 0 ? status : 1;
}
