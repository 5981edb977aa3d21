/* POSIX ustar (IEEE Std 1003.1, pax), regular files only.
 *
 * An archive is a row of 512-byte blocks. A member is a header block, its bytes, and zeros up to the next
 * block; after the last member come two blocks of zeros, and nothing after them. The header, by offset:
 *
 *   0    name, NUL-padded to 100       124  size: 11 octal digits, NUL     257  "ustar" NUL "00"
 *   100  mode  "0000644" NUL           136  mtime: 11 '0', NUL             265  user and group name: zeros
 *   108  uid   "0000000" NUL           148  checksum: 6 octal digits,      329  device numbers, "0000000" NUL
 * twice 116  gid   "0000000" NUL                NUL, space                     345  zeros to the end 156 type
 * '0'; link name: zeros
 *
 * The checksum is the sum of the block's bytes with the checksum's own taken as spaces.
 * The reader takes name and size from a header, makes the header anew, and wants to see the same 512 bytes.
 */
#include "satchel/format/tar.h"

#include <stdio.h>
#include <string.h>

#define BLOCK 512
#define SIZE_LIMIT (UINT64_C(1) << 33)
#define AT_NAME 0
#define AT_SIZE 124
#define AT_CHECKSUM 148
#define SIZE_DIGITS 11

static const unsigned char zeros[2 * BLOCK];

static bool is_name_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           memchr("._+/-", c, 5);
}

static bool name_valid(const char *name, size_t len)
{
    char before = '/'; /* so that the first part is treated as all others */
    if (len == 0 || name[len - 1] == '/') return false;
    for (size_t i = 0; i < len; i++) {
        char c = name[i];
        bool part_ends = i + 1 == len || name[i + 1] == '/';
        if (!is_name_char(c)) return false;
        if (before == '/' && (c == '/' || (c == '.' && part_ends))) return false;
        if (before == '.' && c == '.') return false;
        before = c;
    }
    return true;
}

static void put_octal(unsigned char *to, uint64_t value, int digits)
{
    for (int i = digits - 1; i >= 0; i--, value >>= 3) to[i] = (unsigned char)('0' + (value & 7));
}

static unsigned checksum(const unsigned char header[BLOCK])
{
    unsigned sum = 0;
    for (int i = 0; i < BLOCK; i++) sum += i >= AT_CHECKSUM && i < AT_CHECKSUM + 8 ? ' ' : header[i];
    return sum;
}

static void header_make(unsigned char header[BLOCK], const char *name, uint64_t size)
{
    memset(header, 0, BLOCK);
    memcpy(header + AT_NAME, name, strlen(name));
    memcpy(header + 100, "0000644", 8);
    memcpy(header + 108, "0000000", 8);
    memcpy(header + 116, "0000000", 8);
    put_octal(header + AT_SIZE, size, SIZE_DIGITS);
    put_octal(header + 136, 0, 11);
    header[156] = '0';
    memcpy(header + 257, "ustar\00000", 8);
    memcpy(header + 329, "0000000", 8);
    memcpy(header + 337, "0000000", 8);
    put_octal(header + AT_CHECKSUM, checksum(header), 6);
    header[AT_CHECKSUM + 7] = ' ';
}

static size_t padding(uint64_t size)
{
    return (size_t)(-size % BLOCK);
}

/* ---- writing ---- */

void tar_writer_init(struct tar_writer *w, struct sink *to)
{
    *w = (struct tar_writer){.to = to};
}

int tar_begin(struct tar_writer *w, const char *name, uint64_t size)
{
    unsigned char header[BLOCK];
    size_t len = strlen(name);
    if (w->open) return err_set(ERR_INPUT, "tar member '%s' is still open", w->name);
    if (len >= TAR_NAME_MAX || !name_valid(name, len))
        return err_set(ERR_INPUT, "'%s' can't be the name of a tar member", name);
    if (size >= SIZE_LIMIT) return err_set(ERR_INPUT, "tar member '%s' has 8 GiB or more", name);
    header_make(header, name, size);
    int err = sink_write(w->to, header, BLOCK);
    if (err) return err;
    memcpy(w->name, name, len + 1);
    w->size = w->left = size;
    w->open = true;
    return 0;
}

int tar_write(struct tar_writer *w, const void *bytes, size_t len)
{
    if (len > w->left) return err_set(ERR_INPUT, "tar member '%s' has more bytes than announced", w->name);
    int err = sink_write(w->to, bytes, len);
    if (!err) w->left -= len;
    return err;
}

int tar_end(struct tar_writer *w)
{
    if (w->left > 0) return err_set(ERR_INPUT, "tar member '%s' has fewer bytes than announced", w->name);
    w->open = false;
    return sink_write(w->to, zeros, padding(w->size));
}

int tar_finish(struct tar_writer *w)
{
    if (w->open) return err_set(ERR_INPUT, "tar member '%s' is still open", w->name);
    return sink_write(w->to, zeros, 2 * BLOCK);
}

/* ---- reading ---- */

void tar_reader_init(struct tar_reader *r, struct source *from)
{
    *r = (struct tar_reader){.from = from};
}

static bool all_zero(const unsigned char *bytes, size_t len)
{
    return memcmp(bytes, zeros, len) == 0;
}

/* Exactly len bytes, of the archive's own structure. */
static int read_exactly(struct tar_reader *r, unsigned char *out, size_t len)
{
    size_t got;
    int err = source_read_full(r->from, out, len, &got);
    if (err) return err;
    r->at += got;
    if (got < len)
        return err_set(
            ERR_INPUT, "the tar archive ends at byte %llu, before its end mark", (unsigned long long)r->at);
    return 0;
}

static int read_padding(struct tar_reader *r)
{
    unsigned char pad[BLOCK];
    size_t len = padding(r->size);
    if (r->left > 0) return err_set(ERR_INPUT, "tar member '%s' was not read to its end", r->name);
    int err = read_exactly(r, pad, len);
    if (err) return err;
    if (!all_zero(pad, len))
        return err_set(ERR_INPUT, "tar member '%s' is followed by bytes that are not zero", r->name);
    r->open = false;
    return 0;
}

/* After the first block of zeros: one more, then nothing. */
static int read_end(struct tar_reader *r)
{
    unsigned char block[BLOCK];
    size_t got;
    int err = read_exactly(r, block, BLOCK);
    if (err) return err;
    if (!all_zero(block, BLOCK)) return err_set(ERR_INPUT, "the tar archive goes on after a block of zeros");
    err = source_read(r->from, block, 1, &got);
    if (err) return err;
    if (got > 0) return err_set(ERR_INPUT, "the tar archive is followed by other bytes");
    return 0;
}

static bool read_octal(uint64_t *out, const unsigned char *digits, int len)
{
    uint64_t value = 0;
    for (int i = 0; i < len; i++) {
        if (digits[i] < '0' || digits[i] > '7') return false;
        value = value << 3 | (uint64_t)(digits[i] - '0');
    }
    *out = value;
    return true;
}

static int read_header(struct tar_reader *r, const unsigned char header[BLOCK])
{
    unsigned char ours[BLOCK];
    char name[TAR_NAME_MAX] = {0};
    uint64_t size;
    memcpy(name, header + AT_NAME, TAR_NAME_MAX - 1);
    if (!name_valid(name, strlen(name)))
        return err_set(ERR_INPUT, "the tar header at byte %llu has a name that is not allowed",
            (unsigned long long)(r->at - BLOCK));
    if (!read_octal(&size, header + AT_SIZE, SIZE_DIGITS))
        return err_set(ERR_INPUT, "tar member '%s' has no proper size", name);
    header_make(ours, name, size);
    if (memcmp(header, ours, BLOCK) != 0)
        return err_set(ERR_INPUT, "tar member '%s' is not a plain file as satchel writes it", name);
    memcpy(r->name, name, sizeof name);
    r->size = r->left = size;
    r->open = true;
    return 0;
}

int tar_next(struct tar_reader *r)
{
    unsigned char header[BLOCK];
    int err = r->open ? read_padding(r) : 0;
    if (!err) err = read_exactly(r, header, BLOCK);
    if (err) return err;
    if (all_zero(header, BLOCK)) return read_end(r);
    err = read_header(r, header);
    return err ? err : 1;
}

int tar_read(struct tar_reader *r, void *out, size_t cap, size_t *got)
{
    size_t want = cap < r->left ? cap : (size_t)r->left, n = 0;
    if (want > 0) {
        int err = source_read(r->from, out, want, &n);
        if (err) return err;
        if (n == 0) return err_set(ERR_INPUT, "the tar archive ends within member '%s'", r->name);
    }
    r->at += n;
    r->left -= n;
    *got = n;
    return 0;
}
