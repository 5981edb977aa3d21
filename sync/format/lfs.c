/* Git LFS pointers: three lines, each ended by a newline, keys in this order and no others:
 *
 *   version https://git-lfs.github.com/spec/v1
 *   oid sha256:<64 lower-case hex digits>
 *   size <decimal, without leading zeros>
 *
 * An empty file is its own pointer: no bytes at all (git-lfs docs/spec.md). */
#include "satchel/format/lfs.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define LFS_POINTER_MAX 1024 /* spec.md: pointers are smaller */

static const char pointer_head[] = "version https://git-lfs.github.com/spec/v1\noid sha256:";
static const char empty_sha256[] = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

void lfs_pointer_write(struct buf *out, const char *sha256, uint64_t size)
{
    if (size > 0) buf_addf(out, "%s%s\nsize %" PRIu64 "\n", pointer_head, sha256, size);
}

/* Decimal without leading zeros, below 2^63 as git-lfs has it; returns what follows, or NULL. */
static const char *read_size(uint64_t *size, const char *s)
{
    uint64_t n = 0;
    if (*s < '1' || *s > '9') return NULL;
    for (; *s >= '0' && *s <= '9'; s++) {
        if (n > (INT64_MAX - 9) / 10) return NULL;
        n = n * 10 + (uint64_t)(*s - '0');
    }
    *size = n;
    return s;
}

static bool read_pointer(char sha256[SHA256_HEX], uint64_t *size, const char *s)
{
    size_t head = strlen(pointer_head);
    if (strncmp(s, pointer_head, head) != 0) return false;
    s += head;
    if (strlen(s) < SHA256_HEX) return false;
    memcpy(sha256, s, SHA256_HEX - 1);
    sha256[SHA256_HEX - 1] = '\0';
    s += SHA256_HEX - 1;
    if (!is_sha256_hex(sha256) || strncmp(s, "\nsize ", 6) != 0) return false;
    s = read_size(size, s + 6);
    return s && strcmp(s, "\n") == 0;
}

int lfs_pointer_read(char sha256[SHA256_HEX], uint64_t *size, const void *bytes, size_t len)
{
    char text[LFS_POINTER_MAX], oid[SHA256_HEX];
    uint64_t n = 0;
    bool good = len < sizeof text && !memchr(bytes, '\0', len);
    if (good && len == 0) {
        memcpy(oid, empty_sha256, sizeof oid);
    } else if (good) {
        memcpy(text, bytes, len);
        text[len] = '\0';
        good = read_pointer(oid, &n, text);
    }
    if (!good) return err_set(ERR_INPUT, "not a Git LFS pointer in its canonical form");
    memcpy(sha256, oid, sizeof oid);
    *size = n;
    return 0;
}

void lfs_object_path(char *out, const char *sha256)
{
    sprintf(out, "lfs/objects/%.2s/%.2s/%s", sha256, sha256 + 2, sha256);
}
