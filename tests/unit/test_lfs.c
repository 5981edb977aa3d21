/* Git LFS pointers, held against the stock tool. */
#define _POSIX_C_SOURCE 200809L
#include "satchel/format/lfs.h"

#include <unistd.h>

#include "test.h"

#define OID "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03"
#define HEAD "version https://git-lfs.github.com/spec/v1\n"
#define POINTER HEAD "oid sha256:" OID "\nsize 6\n"

static int read_pointer(const char *text, size_t len)
{
    char oid[SHA256_HEX] = "unset";
    uint64_t size = 99;
    int rc = lfs_pointer_read(oid, &size, text, len);
    CHECK(rc == 0 || (rc == ERR_INPUT && size == 99 && strcmp(oid, "unset") == 0));
    return rc;
}

#define REFUSED(text) CHECK(read_pointer(text, sizeof(text) - 1) == ERR_INPUT)

TEST(a_pointer_reads_back)
{
    char oid[SHA256_HEX];
    uint64_t size;
    struct buf b;
    buf_init(&b, 1024);
    lfs_pointer_write(&b, OID, UINT64_C(9223372036854775799));
    CHECK_OK(lfs_pointer_read(oid, &size, b.data, b.len));
    CHECK_STR(oid, OID);
    CHECK(size == UINT64_C(9223372036854775799));
    buf_release(&b);
}

TEST(an_empty_file_is_its_own_pointer)
{
    char oid[SHA256_HEX];
    uint64_t size = 1;
    struct buf b;
    buf_init(&b, 1024);
    lfs_pointer_write(&b, OID, 0);
    CHECK(b.len == 0);
    CHECK_OK(lfs_pointer_read(oid, &size, "", 0));
    CHECK_STR(oid, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    CHECK(size == 0);
    buf_release(&b);
}

TEST(malformed)
{
    REFUSED(HEAD);
    REFUSED(HEAD "oid sha256:" OID "\n");
    REFUSED(HEAD "oid sha256:" OID "\nsize 6");
    REFUSED(HEAD "oid sha256:" OID "\nsize \n");
    REFUSED(HEAD "oid sha256:" OID "\nsize 0\n");
    REFUSED(HEAD "oid sha256:" OID "\nsize 06\n");
    REFUSED(HEAD "oid sha256:" OID "\nsize -6\n");
    REFUSED(HEAD "oid sha256:" OID "\nsize 6\r\n");
    REFUSED(HEAD "oid sha256:" OID "\nsize 6\n\n");
    REFUSED(HEAD "oid sha256:" OID "\nsize 6\0\n");
    REFUSED(HEAD "oid sha256:" OID "\nsize 18446744073709551622\n");
    REFUSED(HEAD "oid sha256:" OID "\nsize 9223372036854775808\n");
    REFUSED(HEAD "oid sha256:5891B5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03\nsize 6\n");
    REFUSED(HEAD "oid sha256:5891\nsize 6\n");
    REFUSED(HEAD "ext-0-x sha256:" OID "\noid sha256:" OID "\nsize 6\n");
    REFUSED(HEAD "size 6\noid sha256:" OID "\n");
    REFUSED("version http://git-media.io/v/2\noid sha256:" OID "\nsize 6\n");
    REFUSED("\n" POINTER);
}

TEST(every_truncation_and_bit)
{
    char text[] = POINTER, oid[SHA256_HEX];
    size_t len = strlen(text);
    uint64_t size;
    CHECK(read_pointer(text, len) == 0);
    for (size_t i = 1; i < len; i++) CHECK(read_pointer(text, i) == ERR_INPUT);
    for (size_t i = 0; i < 8 * len; i++) {
        text[i / 8] = (char)(text[i / 8] ^ 1 << i % 8);
        bool same = lfs_pointer_read(oid, &size, text, len) == 0 && size == 6 && strcmp(oid, OID) == 0;
        CHECK(!same);
        text[i / 8] = (char)(text[i / 8] ^ 1 << i % 8);
    }
}

TEST(object_path)
{
    char path[96];
    lfs_object_path(path, OID);
    CHECK_STR(path, "lfs/objects/58/91/" OID);
}

/* What `git lfs pointer --file` says of a file of `size` bytes. */
static size_t stock_pointer(char *out, size_t cap, const char *path, size_t size)
{
    char command[256];
    FILE *f = fopen(path, "wb");
    CHECK(f != NULL);
    for (size_t i = 0; i < size; i++) fputc((int)(i * 7 % 251), f);
    fclose(f);
    snprintf(command, sizeof command, "git lfs pointer --file=%s 2>/dev/null", path);
    f = popen(command, "r");
    size_t len = fread(out, 1, cap, f);
    CHECK(pclose(f) == 0);
    return len;
}

TEST(the_stock_tool_writes_the_same)
{
    static const size_t sizes[] = {0, 1, 6, 1000, 70000};
    char path[] = "/tmp/test-lfs-XXXXXX", stock[2048], oid[SHA256_HEX];
    uint64_t size;
    struct buf b;
    if (system("git lfs version >/dev/null 2>&1") != 0) SKIP("no git-lfs");
    int fd = mkstemp(path);
    CHECK(fd >= 0 && close(fd) == 0);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        size_t len = stock_pointer(stock, sizeof stock, path, sizes[i]);
        CHECK_OK(lfs_pointer_read(oid, &size, stock, len));
        CHECK(size == sizes[i]);
        buf_init(&b, 1024);
        lfs_pointer_write(&b, oid, size);
        CHECK(b.len == len && memcmp(b.data, stock, len) == 0);
        buf_release(&b);
    }
    CHECK(remove(path) == 0);
}

TEST(the_stock_tool_accepts_ours)
{
    char path[] = "/tmp/test-lfs-XXXXXX", command[256];
    if (system("git lfs version >/dev/null 2>&1") != 0) SKIP("no git-lfs");
    int fd = mkstemp(path);
    CHECK(fd >= 0 && write(fd, POINTER, strlen(POINTER)) == (ssize_t)strlen(POINTER) && close(fd) == 0);
    snprintf(command, sizeof command, "git lfs pointer --check --strict --file=%s >/dev/null 2>&1", path);
    CHECK(system(command) == 0);
    CHECK(remove(path) == 0);
}

int main(int argc, char **argv)
{
    return test_main(argc, argv);
}
