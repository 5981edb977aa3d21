/* gzip, in both directions, and against the stock tool. */
#define _XOPEN_SOURCE 700
#include "test.h"

#include "satchel/base/os.h"
#include "satchel/format/gzip.h"

#define MIB ((size_t)1 << 20)
#define HEADER "\x1f\x8b\x08\0\0\0\0\0\0\xff"
#define EMPTY_MEMBER HEADER "\x01\0\0\xff\xff\0\0\0\0\0\0\0\0"
#define HI_MEMBER HEADER "\x01\x02\0\xfd\xffHi\x0e\x0e\x17\x4d\x02\0\0\0"

/* len bytes: text for an even kind, noise for an odd one. */
static void fill(unsigned char *to, size_t len, uint64_t kind)
{
    static const char words[] = "the auditor records a sample and grades the finding; 审核员记录样本。\n";
    uint64_t seed = kind;
    for (size_t i = 0; i < len; i++)
        to[i] = kind % 2 ? (unsigned char)test_random_next(&seed)
                         : (unsigned char)words[(i + (i >> 12) * 7) % (sizeof words - 1)];
}

static int pack(struct buf *out, const void *bytes, size_t len, bool deflate, int threads, size_t cut)
{
    struct sink *to, *gzip;
    int err = memory_sink(&to, out);
    if (err) return err;
    err = gzip_sink(&gzip, to, threads);
    if (err) return err;
    err = gzip_choose(gzip, deflate);
    for (size_t at = 0, n; at < len && !err; at += n) {
        n = len - at < cut ? len - at : cut;
        err = sink_write(gzip, (const char *)bytes + at, n);
    }
    if (!err) err = sink_finish(gzip);
    sink_close(gzip);
    return err;
}

static int unpack(struct buf *out, const void *bytes, size_t len, uint64_t max_out)
{
    struct source *from, *gunzip;
    int err = memory_source(&from, bytes, len);
    if (err) return err;
    err = gunzip_source(&gunzip, from, max_out);
    if (err) return err;
    err = source_read_all(gunzip, out);
    source_close(gunzip);
    return err;
}

/* Some plain bytes go through both sides and come back, whatever the threads and cuts, as the same packed
 * bytes. */
#define ROUND(len, kind)                                                                                     \
    do {                                                                                                     \
        CHECK(round_trip(len, kind, true));                                                                  \
        CHECK(round_trip(len, kind, false));                                                                 \
    } while (0)

static bool round_trip(size_t len, uint64_t kind, bool deflate)
{
    unsigned char *plain = malloc(len + 1);
    struct buf first, other, back;
    bool good = plain != NULL;
    buf_init(&first, BUF_UNLIMITED);
    buf_init(&other, BUF_UNLIMITED);
    buf_init(&back, BUF_UNLIMITED);
    fill(plain, len, kind);
    good = good && pack(&first, plain, len, deflate, 1, SIZE_MAX) == 0;
    for (int threads = 1; threads <= 4; threads++) {
        buf_clear(&other);
        good = good && pack(&other, plain, len, deflate, threads, 1 + len / (size_t)(threads * 7)) == 0;
        good = good && other.len == first.len && memcmp(other.data, first.data, first.len) == 0;
    }
    good = good && unpack(&back, first.data, first.len, len) == 0;
    good = good && back.len == len && memcmp(back.data, plain, len) == 0;
    buf_release(&first);
    buf_release(&other);
    buf_release(&back);
    free(plain);
    return good;
}

TEST(round_trips)
{
    static const size_t sizes[] = {0, 1, 2, 65534, 65535, 65536, MIB - 1, MIB, MIB + 1, 5 * MIB + 77777};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        ROUND(sizes[i], 0);
        ROUND(sizes[i], 1);
    }
}

#define PACKS(text, deflate, want) CHECK(packs_to(text, deflate, want, sizeof(want) - 1))

static bool packs_to(const char *plain, bool deflate, const char *want, size_t len)
{
    struct buf b;
    buf_init(&b, BUF_UNLIMITED);
    bool same = pack(&b, plain, strlen(plain), deflate, 1, SIZE_MAX) == 0 && b.len == len;
    same = same && memcmp(b.data, want, len) == 0;
    buf_release(&b);
    return same;
}

TEST(the_bytes_as_described)
{
    PACKS("", false, EMPTY_MEMBER);
    PACKS("", true, EMPTY_MEMBER);
    PACKS("Hi", false, HI_MEMBER);
    PACKS("Hi", true, HI_MEMBER); /* it would not shrink */
}

/* Text, then noise stored, then text: three members at least, and the text is small. */
TEST(choosing)
{
    unsigned char *bytes = malloc(MIB);
    struct sink *to, *gzip;
    struct buf b, back;
    buf_init(&b, BUF_UNLIMITED);
    buf_init(&back, BUF_UNLIMITED);
    CHECK_OK(memory_sink(&to, &b));
    CHECK_OK(gzip_sink(&gzip, to, 2));
    for (uint64_t turn = 0; turn < 6; turn++) {
        fill(bytes, MIB / 2, turn);
        CHECK_OK(gzip_choose(gzip, turn % 2 == 0));
        CHECK_OK(gzip_choose(gzip, turn % 2 == 0));
        CHECK_OK(sink_write(gzip, bytes, MIB / 2));
    }
    CHECK_OK(sink_finish(gzip));
    sink_close(gzip);
    CHECK(b.len > 3 * MIB / 2 && b.len < 3 * MIB / 2 + MIB / 10);
    CHECK_OK(unpack(&back, b.data, b.len, 3 * MIB));
    for (uint64_t turn = 0; turn < 6; turn++) {
        fill(bytes, MIB / 2, turn);
        CHECK(back.len == 3 * MIB && memcmp(back.data + turn * (MIB / 2), bytes, MIB / 2) == 0);
    }
    buf_release(&b);
    buf_release(&back);
    free(bytes);
}

TEST(the_probe)
{
    static unsigned char sample[100000];
    fill(sample, sizeof sample, 0);
    CHECK(gzip_worth(sample, sizeof sample) && gzip_worth(sample, 2000));
    CHECK(!gzip_worth(sample, 0) && !gzip_worth(sample, 1));
    fill(sample, sizeof sample, 1);
    CHECK(!gzip_worth(sample, sizeof sample));
    memset(sample, 'x', 8 << 10); /* an eighth of the 64 KiB looked at */
    CHECK(gzip_worth(sample, sizeof sample));
    fill(sample, sizeof sample, 1);
    memset(sample, 'x', 4 << 10);
    CHECK(!gzip_worth(sample, sizeof sample));
}

/* ---- failures ---- */

struct leaky {
    struct sink base;
    size_t room;
    int closed;
};

static int leaky_write(struct sink *base, const void *bytes, size_t len)
{
    struct leaky *s = (struct leaky *)base;
    (void)bytes;
    if (len > s->room) return err_set(ERR_ROAD, "no room below");
    s->room -= len;
    return 0;
}

static int leaky_finish(struct sink *base)
{
    return ((struct leaky *)base)->room ? 0 : err_set(ERR_ROAD, "no room below");
}

static void leaky_close(struct sink *base)
{
    ((struct leaky *)base)->closed++;
}

TEST(failures_below_come_up_and_stick)
{
    unsigned char *bytes = malloc(8 * MIB);
    fill(bytes, 8 * MIB, 1);
    for (int threads = 1; threads <= 4; threads++)
        for (size_t room = 0; room < 8 * MIB; room += MIB / 2 + 5) {
            struct leaky leaky = {{leaky_write, leaky_finish, leaky_close}, room, 0};
            struct sink *gzip;
            CHECK_OK(gzip_sink(&gzip, &leaky.base, threads));
            int err = sink_write(gzip, bytes, 8 * MIB);
            if (!err) err = sink_finish(gzip);
            CHECK(err == ERR_ROAD && sink_write(gzip, "x", 1) == ERR_ROAD && sink_finish(gzip) == ERR_ROAD);
            CHECK(gzip_choose(gzip, false) == ERR_ROAD);
            CHECK_STR(err_message(), "no room below");
            sink_close(gzip);
            CHECK(leaky.closed == 1);
        }
    free(bytes);
}

TEST(abandoned_while_workers_work)
{
    unsigned char *bytes = malloc(3 * MIB);
    fill(bytes, 3 * MIB, 0);
    for (int i = 0; i < 20; i++) {
        struct leaky leaky = {{leaky_write, leaky_finish, leaky_close}, SIZE_MAX, 0};
        struct sink *gzip;
        CHECK_OK(gzip_sink(&gzip, &leaky.base, 3));
        CHECK_OK(sink_write(gzip, bytes, (size_t)i * MIB / 7));
        sink_close(gzip);
        CHECK(leaky.closed == 1);
    }
    free(bytes);
}

/* ---- hostile input ---- */

/* These bytes are refused, with this in the message. */
#define REFUSES(says, literal) REFUSES_MOST(says, literal, sizeof(literal) - 1, 100)
#define REFUSES_MOST(says, bytes, len, max_out)                                                              \
    do {                                                                                                     \
        CHECK(code_of(bytes, len, max_out) == ERR_INPUT);                                                    \
        CHECK(strstr(err_message(), says));                                                                  \
    } while (0)
#define TAKES(literal) CHECK(code_of(literal, sizeof(literal) - 1, 100) == 0)

/* ERR_NO where more bytes came out than were allowed. */
static int code_of(const void *bytes, size_t len, uint64_t max_out)
{
    struct buf out;
    buf_init(&out, BUF_UNLIMITED);
    int err = unpack(&out, bytes, len, max_out);
    if (out.len > max_out) err = ERR_NO;
    buf_release(&out);
    return err;
}

TEST(not_gzip)
{
    REFUSES("does not begin", "");
    REFUSES("does not begin", "\x1f");
    REFUSES("does not begin", "PK\3\4 and more than ten bytes");
    REFUSES("does not begin", "\x1f\x8b\x08\x08\0\0\0\0\0\xff"); /* with a file name */
    REFUSES("does not begin", "\x1f\x8b\x08\0\0\0\0\1\0\xff");   /* with a time */
    REFUSES("does not begin", "\x1f\x8b\x08\0\0\0\0\0\0\3");     /* of Unix */
    REFUSES("ends within", HEADER);
    REFUSES("invalid block type", HEADER "\x07");
    REFUSES("invalid stored block lengths", HEADER "\x01\0\0\0\0");
    REFUSES("checksum", HEADER "\x01\0\0\xff\xff\1\0\0\0\0\0\0\0");
    REFUSES("checksum", HEADER "\x01\0\0\xff\xff\0\0\0\0\1\0\0\0");
}

TEST(members_in_a_row)
{
    TAKES(HI_MEMBER);
    TAKES(HI_MEMBER HI_MEMBER);
    TAKES(EMPTY_MEMBER HI_MEMBER);
    REFUSES("other bytes", HI_MEMBER "\0");
    REFUSES("other bytes", HI_MEMBER "\x1f");
    REFUSES("other bytes", HI_MEMBER "\0\0\0\0\0\0\0\0\0\0\0\0");
    REFUSES("ends within", HI_MEMBER HEADER);
    REFUSES("near byte 35", HI_MEMBER "0123456789");
}

TEST(every_cut_and_flipped_bit_is_refused)
{
    struct buf b, out;
    static unsigned char plain[3000];
    fill(plain, sizeof plain, 0);
    buf_init(&b, BUF_UNLIMITED);
    buf_init(&out, BUF_UNLIMITED);
    CHECK_OK(pack(&b, plain, sizeof plain, true, 1, SIZE_MAX));
    CHECK(b.len < 1000);
    for (size_t len = 0; len < b.len; len++) CHECK(unpack(&out, b.data, len, BUF_UNLIMITED) == ERR_INPUT);
    for (size_t bit = 0; bit < b.len * 8; bit++) {
        b.data[bit / 8] ^= (unsigned char)(1u << bit % 8);
        buf_clear(&out);
        int err = unpack(&out, b.data, b.len, 1 << 20);
        /* The unused bits before the trailer mean nothing to DEFLATE; everywhere else a bit is a byte
         * elsewhere. */
        bool same = out.len == sizeof plain && memcmp(out.data, plain, sizeof plain) == 0;
        CHECK(err == ERR_INPUT || (same && bit / 8 == b.len - 9));
        b.data[bit / 8] ^= (unsigned char)(1u << bit % 8);
    }
    buf_release(&b);
    buf_release(&out);
}

TEST(bombs)
{
    unsigned char *zeros = calloc(16, MIB);
    struct buf b;
    buf_init(&b, BUF_UNLIMITED);
    CHECK_OK(pack(&b, zeros, 16 * MIB, true, 2, SIZE_MAX));
    CHECK(b.len < 40000);
    REFUSES_MOST("more than the 1000000 bytes allowed", b.data, b.len, 1000000);
    REFUSES_MOST("more than the 16777215 bytes allowed", b.data, b.len, 16 * MIB - 1);
    REFUSES_MOST("more than the 0 bytes allowed", b.data, b.len, 0);
    CHECK(round_trip(3 * MIB, 4, true));
    free(zeros);
    buf_clear(&b);
    for (int i = 0; i < 16; i++) buf_add(&b, EMPTY_MEMBER, sizeof EMPTY_MEMBER - 1);
    CHECK_OK(code_of(b.data, b.len, 0));
    buf_add(&b, EMPTY_MEMBER, sizeof EMPTY_MEMBER - 1);
    REFUSES_MOST("too many empty members", b.data, b.len, 0);
    buf_release(&b);
}

/* ---- the stock tool; the folder is this run's own ---- */

static char folder[] = "/tmp/test_gzip.XXXXXX";

static int run(const char *command)
{
    char line[1024];
    snprintf(line, sizeof line, "cd %s && %s", folder, command);
    return system(line);
}

static const char *in_folder(const char *name)
{
    static char path[256];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

TEST(stock_gzip_reads_ours)
{
    unsigned char *bytes = malloc(3 * MIB);
    struct buf b;
    if (run("gzip --version >/dev/null 2>&1") != 0) SKIP("no gzip here");
    buf_init(&b, BUF_UNLIMITED);
    for (uint64_t kind = 0; kind < 4; kind++) {
        fill(bytes, 3 * MIB, kind);
        buf_clear(&b);
        CHECK_OK(pack(&b, bytes, 3 * MIB - kind, kind < 2, 2, 70000));
        CHECK_OK(file_write(in_folder("plain"), bytes, 3 * MIB - kind));
        CHECK_OK(file_write(in_folder("ours.gz"), b.data, b.len));
        CHECK(run("gzip -t ours.gz && gunzip -c ours.gz | cmp - plain") == 0);
    }
    buf_release(&b);
    free(bytes);
}

/* But for the header's last two bytes, gzip -n writes what we read. */
TEST(ours_reads_stock_gzip)
{
    static unsigned char bytes[300000];
    struct buf b, back;
    if (run("gzip --version >/dev/null 2>&1") != 0) SKIP("no gzip here");
    buf_init(&b, BUF_UNLIMITED);
    buf_init(&back, BUF_UNLIMITED);
    fill(bytes, sizeof bytes, 0);
    CHECK_OK(file_write(in_folder("plain"), bytes, sizeof bytes));
    CHECK(run("gzip -n9 < plain > theirs.gz") == 0);
    CHECK_OK(file_read(in_folder("theirs.gz"), &b));
    CHECK(unpack(&back, b.data, b.len, BUF_UNLIMITED) == ERR_INPUT);
    memcpy(b.data + 8, "\0\xff", 2);
    CHECK_OK(unpack(&back, b.data, b.len, BUF_UNLIMITED));
    CHECK(back.len == sizeof bytes && memcmp(back.data, bytes, back.len) == 0);
    buf_release(&b);
    buf_release(&back);
}

int main(int argc, char **argv)
{
    if (!mkdtemp(folder)) return 1;
    int status = test_main(argc, argv);
    return os_remove_tree(folder) == 0 ? status : 1;
}
