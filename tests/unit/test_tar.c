/* tar, in both directions, and against the stock tool. */
#define _XOPEN_SOURCE 700
#include "test.h"

#include <sys/stat.h>

#include "satchel/base/arena.h"
#include "satchel/base/os.h"
#include "satchel/format/tar.h"

#define BLOCK 512

struct member {
    const char *name;
    size_t size; /* that many bytes, as content() makes them */
};

static const struct member usual[] = {
    {"manifest.json", 11}, {"entries.jsonl", 0}, {"blob/0123abcd+4096", 512}, {"a.b_c-d+e", 513}};

static unsigned char content(size_t i)
{
    return (unsigned char)('a' + i % 26);
}

static int write_member(struct tar_writer *w, const struct member *m)
{
    int err = tar_begin(w, m->name, m->size);
    for (size_t i = 0; i < m->size && !err; i++) {
        unsigned char c = content(i);
        err = tar_write(w, &c, 1);
    }
    return err ? err : tar_end(w);
}

static int write_archive(struct buf *out, const struct member *members, size_t n)
{
    struct tar_writer w;
    struct sink *to;
    int err = memory_sink(&to, out);
    if (err) return err;
    tar_writer_init(&w, to);
    for (size_t i = 0; i < n && !err; i++) err = write_member(&w, &members[i]);
    if (!err) err = tar_finish(&w);
    sink_close(to);
    return err;
}

static int read_member(struct tar_reader *r)
{
    unsigned char bytes[100];
    size_t at = 0, got = 1;
    bool same = true;
    while (got > 0) {
        int err = tar_read(r, bytes, 1 + at % sizeof bytes, &got);
        if (err) return err;
        for (size_t i = 0; i < got; i++) same = same && bytes[i] == content(at + i);
        at += got;
    }
    return same && at == r->size ? 0 : err_set(ERR_NO, "other content");
}

/* Reads bytes as an archive; *n members were fine. */
static int read_archive(size_t *n, const void *bytes, size_t len)
{
    struct tar_reader r;
    struct source *from;
    int more = memory_source(&from, bytes, len);
    if (more) return more;
    *n = 0;
    tar_reader_init(&r, from);
    while ((more = tar_next(&r)) > 0) {
        int err = read_member(&r);
        if (err) more = err;
        if (err) break;
        ++*n;
    }
    source_close(from);
    return more;
}

/* The usual archive after these statements about b is refused, with this in the message. */
#define REFUSES(says, ...)                                                                                   \
    do {                                                                                                     \
        struct buf b;                                                                                        \
        size_t n;                                                                                            \
        buf_init(&b, BUF_UNLIMITED);                                                                         \
        CHECK_OK(write_archive(&b, usual, 4));                                                               \
        __VA_ARGS__;                                                                                         \
        CHECK(read_archive(&n, b.data, b.len) == ERR_INPUT);                                                 \
        CHECK(strstr(err_message(), says));                                                                  \
        buf_release(&b);                                                                                     \
    } while (0)

#define NAME_OK(name) CHECK(name_code(name) == 0)
#define NAME_BAD(name) CHECK(name_code(name) == ERR_INPUT)

static int name_code(const char *name)
{
    struct buf b;
    size_t n;
    struct member m = {name, 3};
    buf_init(&b, BUF_UNLIMITED);
    int err = write_archive(&b, &m, 1);
    if (!err) err = read_archive(&n, b.data, b.len);
    buf_release(&b);
    return err;
}

/* Gives a header the checksum that fits, so that a test meets the check it is about. */
static void mend(unsigned char *header)
{
    unsigned sum = 0;
    memset(header + 148, ' ', 8);
    for (int i = 0; i < BLOCK; i++) sum += header[i];
    snprintf((char *)header + 148, 8, "%06o", sum & 0777777);
}

static void put(struct buf *b, size_t at, const char *bytes, size_t len)
{
    memcpy(b->data + at, bytes, len);
    mend(b->data + at / BLOCK * BLOCK);
}

TEST(what_is_written_reads_back)
{
    struct buf b, again;
    size_t n = 0;
    buf_init(&b, BUF_UNLIMITED);
    buf_init(&again, BUF_UNLIMITED);
    CHECK_OK(write_archive(&b, usual, 4));
    CHECK(b.len == 4 * BLOCK + BLOCK + BLOCK + 2 * BLOCK + 2 * BLOCK);
    CHECK_OK(read_archive(&n, b.data, b.len));
    CHECK(n == 4);
    CHECK_OK(write_archive(&again, usual, 4));
    CHECK(b.len == again.len && memcmp(b.data, again.data, b.len) == 0);
    buf_clear(&b);
    CHECK_OK(write_archive(&b, usual, 0));
    CHECK_OK(read_archive(&n, b.data, b.len));
    CHECK(n == 0 && b.len == 2 * BLOCK);
    buf_release(&b);
    buf_release(&again);
}

TEST(names)
{
    char name[102];
    memset(name, 'n', sizeof name);
    name[101] = '\0';
    NAME_BAD(name);
    name[100] = '\0';
    NAME_OK(name);
    NAME_OK("a");
    NAME_OK(".hidden");
    NAME_OK("a.b/c.d/.e+f-g_h");
    NAME_BAD("");
    NAME_BAD("/a");
    NAME_BAD("a/");
    NAME_BAD("a//b");
    NAME_BAD("..");
    NAME_BAD("../a");
    NAME_BAD("a/../b");
    NAME_BAD("a/..");
    NAME_BAD("a..b");
    NAME_BAD(".");
    NAME_BAD("./a");
    NAME_BAD("a/./b");
    NAME_BAD("a/.");
    NAME_BAD("a b");
    NAME_BAD("a\\b");
    NAME_BAD("a:b");
    NAME_BAD("a\nb");
    NAME_BAD("案");
}

TEST(the_writer_keeps_to_what_was_announced)
{
    struct buf b;
    struct sink *to;
    struct tar_writer w;
    buf_init(&b, BUF_UNLIMITED);
    CHECK_OK(memory_sink(&to, &b));
    tar_writer_init(&w, to);
    CHECK(tar_begin(&w, "a", UINT64_C(1) << 33) == ERR_INPUT);
    CHECK_OK(tar_begin(&w, "a", 2));
    CHECK(tar_begin(&w, "b", 2) == ERR_INPUT && tar_finish(&w) == ERR_INPUT);
    CHECK(tar_write(&w, "xyz", 3) == ERR_INPUT);
    CHECK_STR(err_message(), "tar member 'a' has more bytes than announced");
    CHECK_OK(tar_write(&w, "x", 1));
    CHECK(tar_end(&w) == ERR_INPUT);
    CHECK_STR(err_message(), "tar member 'a' has fewer bytes than announced");
    CHECK_OK(tar_write(&w, "y", 1));
    CHECK_OK(tar_end(&w));
    CHECK_OK(tar_finish(&w));
    CHECK(b.len == 4 * BLOCK);
    CHECK_OK(tar_begin(&w, "large", (UINT64_C(1) << 33) - 1));
    CHECK(memcmp(b.data + 4 * BLOCK + 124, "77777777777", 12) == 0);
    sink_close(to);
    buf_release(&b);
}

TEST(members_are_read_to_their_end)
{
    struct buf b;
    struct source *from;
    struct tar_reader r;
    char bytes[4];
    size_t got = 0;
    buf_init(&b, BUF_UNLIMITED);
    CHECK_OK(write_archive(&b, usual, 4));
    CHECK_OK(memory_source(&from, b.data, b.len));
    tar_reader_init(&r, from);
    CHECK(tar_next(&r) == 1 && r.size == 11);
    CHECK_STR(r.name, "manifest.json");
    CHECK_OK(tar_read(&r, bytes, 4, &got));
    CHECK(got == 4 && tar_next(&r) == ERR_INPUT);
    CHECK_STR(err_message(), "tar member 'manifest.json' was not read to its end");
    source_close(from);
    buf_release(&b);
}

TEST(every_cut_is_refused)
{
    struct buf b;
    size_t n;
    buf_init(&b, BUF_UNLIMITED);
    CHECK_OK(write_archive(&b, usual, 4));
    for (size_t len = 0; len < b.len; len++) CHECK(read_archive(&n, b.data, len) == ERR_INPUT);
    CHECK(strstr(err_message(), "ends at byte"));
    buf_release(&b);
}

TEST(every_flipped_bit_is_refused)
{
    struct buf b;
    size_t n;
    buf_init(&b, BUF_UNLIMITED);
    CHECK_OK(write_archive(&b, usual, 4));
    for (size_t bit = 0; bit < b.len * 8; bit++) {
        b.data[bit / 8] ^= (unsigned char)(1u << bit % 8);
        CHECK(read_archive(&n, b.data, b.len) != 0);
        b.data[bit / 8] ^= (unsigned char)(1u << bit % 8);
    }
    CHECK_OK(read_archive(&n, b.data, b.len));
    buf_release(&b);
}

/* With the checksum mended each time: every header byte but those of name and size is fixed. */
TEST(every_other_header_byte_is_refused)
{
    struct buf b;
    size_t n, name = strlen(usual[0].name);
    buf_init(&b, BUF_UNLIMITED);
    CHECK_OK(write_archive(&b, usual, 4));
    for (size_t at = name; at < BLOCK; at++) {
        unsigned char before[BLOCK];
        if ((at >= 124 && at < 135) || (at >= 148 && at < 156)) continue;
        memcpy(before, b.data, BLOCK);
        for (int c = 0; c < 256; c++) {
            if (c == before[at] || (at == name && c != 0)) continue; /* a longer name is a name */
            b.data[at] = (unsigned char)c;
            mend(b.data);
            CHECK(read_archive(&n, b.data, b.len) == ERR_INPUT);
        }
        memcpy(b.data, before, BLOCK);
    }
    buf_release(&b);
}

TEST(hostile_headers)
{
    REFUSES("name that is not allowed", put(&b, 0, "../../etc/pwd", 13));
    REFUSES("name that is not allowed", put(&b, 0, "/etc/passwd\0", 13));
    REFUSES("at byte 1024 has a name", put(&b, 1024, "\0", 1));
    REFUSES("'manifest.json' is not a plain file", put(&b, 156, "1", 1)); /* hard link */
    REFUSES("'manifest.json' is not a plain file", put(&b, 156, "2", 1)); /* symbolic link */
    REFUSES("'manifest.json' is not a plain file", put(&b, 156, "3", 1)); /* device */
    REFUSES("'manifest.json' is not a plain file", put(&b, 156, "5", 1)); /* folder */
    REFUSES("'manifest.json' is not a plain file", put(&b, 156, "x", 1)); /* pax */
    REFUSES("'manifest.json' is not a plain file", put(&b, 156, "L", 1)); /* GNU long name */
    REFUSES("'manifest.json' is not a plain file", put(&b, 157, "/etc", 4));
    REFUSES("'manifest.json' is not a plain file", put(&b, 345, "..", 2)); /* prefix */
    REFUSES("'manifest.json' is not a plain file", put(&b, 100, "0004755", 7));
    REFUSES("'manifest.json' is not a plain file", put(&b, 257, "ustar  ", 7));
    REFUSES("'manifest.json' is not a plain file", put(&b, 135, " ", 1));
    REFUSES("'manifest.json' has no proper size", put(&b, 124, "\200", 1)); /* GNU base 256 */
    REFUSES("'manifest.json' has no proper size", put(&b, 124, "-0000000001", 11));
    REFUSES("'manifest.json' has no proper size", put(&b, 124, "         13", 11));
    REFUSES("ends within member 'manifest.json'", put(&b, 124, "77777777777", 11));
}

TEST(hostile_ends)
{
    REFUSES("is followed by bytes that are not zero", b.data[BLOCK + 11] = 1);
    REFUSES("is followed by bytes that are not zero", b.data[2 * BLOCK - 1] = 1);
    REFUSES("goes on after a block of zeros", b.data[b.len - 1] = 1);
    REFUSES("followed by other bytes", buf_addc(&b, 0));
    REFUSES("followed by other bytes", memset(buf_space(&b, 8192), 0, 8192));
    REFUSES("goes on after a block of zeros", memset(b.data, 0, BLOCK));
}

/* ---- the stock tool; the folder is this run's own ---- */

static char folder[] = "/tmp/test_tar.XXXXXX";

static int run(const char *fmt, const char *a)
{
    char command[1024];
    snprintf(command, sizeof command, fmt, folder, a);
    return system(command);
}

static const char *in_folder(const char *name)
{
    static char path[2][256];
    static int turn;
    turn = !turn;
    snprintf(path[turn], sizeof path[turn], "%s/%s", folder, name);
    return path[turn];
}

static bool holds(const char *name, size_t size)
{
    struct buf b;
    buf_init(&b, BUF_UNLIMITED);
    bool same = file_read(in_folder(name), &b) == 0 && b.len == size;
    for (size_t i = 0; i < b.len && same; i++) same = b.data[i] == content(i);
    buf_release(&b);
    return same;
}

TEST(stock_tar_extracts_ours)
{
    struct buf b;
    if (system("tar --version >/dev/null 2>&1") != 0) SKIP("no tar here");
    buf_init(&b, BUF_UNLIMITED);
    CHECK_OK(write_archive(&b, usual, 4));
    CHECK_OK(file_write(in_folder("ours.tar"), b.data, b.len));
    CHECK(run("cd %s && tar -tf ours.tar > list 2> complaints && test ! -s complaints", "") == 0);
    CHECK(run("cd %s && tar -xf ours.tar 2>> complaints && test ! -s complaints", "") == 0);
    CHECK(run("cd %s && printf 'manifest.json\\nentries.jsonl\\nblob/0123abcd+4096\\na.b_c-d+e\\n' | cmp - "
              "list",
              "") == 0);
    for (size_t i = 0; i < 4; i++) CHECK(holds(usual[i].name, usual[i].size));
    buf_release(&b);
}

/* GNU tar writes our bytes, but for the zeros it adds at the end to fill its record. */
TEST(ours_reads_stock_tar)
{
    struct buf b, ours;
    size_t n = 0;
    if (system("tar --version 2>/dev/null | grep -q GNU") != 0) SKIP("no GNU tar here");
    buf_init(&b, BUF_UNLIMITED);
    buf_init(&ours, BUF_UNLIMITED);
    CHECK_OK(write_archive(&ours, usual, 4));
    CHECK(run("cd %s && tar -b1 -cf theirs.tar --format=ustar --owner=0 --group=0 --numeric-owner --mtime=@0 "
              "--mode=0644 manifest.json entries.jsonl blob/0123abcd+4096 a.b_c-d+e",
              "") == 0);
    CHECK_OK(file_read(in_folder("theirs.tar"), &b));
    CHECK_OK(read_archive(&n, b.data, b.len));
    CHECK(n == 4 && b.len == ours.len && memcmp(b.data, ours.data, b.len) == 0);
    buf_release(&b);
    buf_release(&ours);
}

int main(int argc, char **argv)
{
    if (!mkdtemp(folder)) return 1;
    int status = test_main(argc, argv);
    return os_remove_tree(folder) == 0 ? status : 1;
}
