/* Hostile bundles (lessons.md, threats): each is made here from raw bytes, signed by a kit that the receiver
 * knows unless its signature is what is wrong. Every one is refused within 5 seconds and 64 MB, and leaves
 * nothing behind. */
#define _DEFAULT_SOURCE /* wait4 */
#include "bundle_kit.h"

#include <sys/resource.h>
#include <sys/wait.h>

#include "satchel/scheme/scheme.h"
#include "satchel/store/store.h"

#define SECONDS_MOST 5.0
#define KILOBYTES_MOST (64 << 10)
#define BLOCK 512
#define HELLO "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824" /* of "hello" */
#define OTHER "486ea46224d1bb4fb680f34f7c9ad96a8f24ec88be73ea8e5a6c65260e9cb8a7"

/* What is wrong with one bundle. What is not named is as it should be. */
enum signature {
    SIGNED,
    NOT_SIGNED,
    EMPTY_SIGNATURE,
    RUBBISH,
    OTHER_SPACE,
    OTHER_KEY,
    OTHER_BYTES,
    HUGE_SIGNATURE
};
enum fills {
    NO_FILL,
    ZEROS_IN_LIST,
    OBJECTS_IN_LIST,
    MOST_VALUES,
    TOO_MANY_VALUES,
    BRACKETS,
    MANY_MEMBERS,
    MANY_WANTS,
    SPACES
};

struct hostile {
    const char *what;
    /* manifest */
    const char *key, *value; /* this member has that JSON text; "" drops it */
    const char *manifest;    /* all of it */
    size_t manifest_len;     /* where it has NUL in it */
    enum fills fill;         /* of the value, or of the whole where there is no key */
    const char *head, *tail; /* before and after the manifest's text */
    const char *members;     /* behind entries.jsonl in its list of members, instead of the blob */
    const char *announced_name, *announced_size;
    bool wrong_entries_hash;
    enum signature signature;
    /* entries.jsonl */
    const char *entry; /* the line's entry, instead of the good one; it is signed rightly */
    const char *line;  /* the whole line */
    enum fills line_fill;
    bool other_case, bad_signature, no_newline, two_lines;
    /* tar */
    const char *tar_name, *tar_size; /* of the blob */
    char type;
    int at; /* the blob's header has `patch` there, and a right checksum again */
    const char *patch;
    bool bad_checksum, bad_padding, twice, swapped, no_blob, no_entries, no_end, half_end;
    const char *extra_first, *extra_second, *extra_last; /* members that nobody announced */
    const char *blob;                                    /* its bytes */
    size_t cut_tar;
    const char *after_tar;
    /* gzip and age */
    const char *after_gzip, *after_age;
    size_t cut_gzip, cut_age;
    int flip_gzip, flip_age; /* this byte, counted from 1; from the end where negative */
    const char *gzip, *age;  /* instead of it */
    int empty_members;
    bool other_recipient;
    /* the bundle is taken in, but not its line */
    bool only_the_line;
};

#define BLOB_NAME "blob/" HELLO

static const struct hostile names[] = {
    {.what = "traversal", .tar_name = "../x"},
    {.what = "traversal within", .tar_name = "blob/../../x"},
    {.what = "traversal at the end", .tar_name = "blob/.."},
    {.what = "absolute", .tar_name = "/etc/passwd"},
    {.what = "drive", .tar_name = "C:\\x"},
    {.what = "backslashes", .tar_name = "..\\..\\x"},
    {.what = "empty part", .tar_name = "blob//" HELLO},
    {.what = "dot part", .tar_name = "./" BLOB_NAME},
    {.what = "folder", .tar_name = BLOB_NAME "/"},
    {.what = "no name", .tar_name = ""},
    {.what = "control character", .tar_name = "blob/\n"},
    {.what = "colour", .tar_name = "blob/\033[31m"},
    {.what = "bidi", .tar_name = "blob/\xe2\x80\xae"},
    {.what = "device name", .tar_name = "con"},
    {.what = "other letters", .tar_name = "BLOB/" HELLO},
    {.what = "hidden", .tar_name = ".ssh/authorized_keys"},
    {.what = "another blob", .tar_name = "blob/" OTHER},
    {.what = "a journal", .tar_name = "journal.db"},
    {.what = "a second manifest", .tar_name = "manifest.json"},
    {.what = "announced traversal", .announced_name = "../x"},
    {.what = "announced absolute", .announced_name = "/etc/passwd"},
    {.what = "announced short hash", .announced_name = "blob/abc"},
    {.what = "announced capitals",
        .announced_name = "blob/2CF24DBA5FB0A30E26E83B2AC5B9E29E1B161E5C1FA7425E73043362938B9824"},
    {.what = "announced long name", .announced_name = BLOB_NAME BLOB_NAME BLOB_NAME},
    {.what = "announced NUL", .announced_name = BLOB_NAME "\\u0000x"},
    {.what = "announced part without pieces", .announced_name = BLOB_NAME "+0"},
    {.what = "announced negative part", .announced_name = BLOB_NAME "+-16777216"},
    {.what = "announced part with zeros", .announced_name = BLOB_NAME "+016777216"},
    {.what = "announced huge part", .announced_name = BLOB_NAME "+99999999999999999999999999"},
    {.what = "announced folder", .announced_name = BLOB_NAME "/"},
};

static const struct hostile headers[] = {
    {.what = "hard link", .type = '1'},
    {.what = "symbolic link", .type = '2'},
    {.what = "character device", .type = '3'},
    {.what = "block device", .type = '4'},
    {.what = "folder", .type = '5'},
    {.what = "pipe", .type = '6'},
    {.what = "contiguous file", .type = '7'},
    {.what = "extended header", .type = 'x'},
    {.what = "global header", .type = 'g'},
    {.what = "GNU long name", .type = 'L'},
    {.what = "GNU long link", .type = 'K'},
    {.what = "GNU sparse", .type = 'S'},
    {.what = "unknown type", .type = 'Z'},
    {.what = "set-uid mode", .at = 100, .patch = "0004755"},
    {.what = "owner", .at = 108, .patch = "0001750"},
    {.what = "time", .at = 136, .patch = "14720000000"},
    {.what = "link target", .at = 157, .patch = "/etc/passwd"},
    {.what = "GNU magic", .at = 257, .patch = "ustar  "},
    {.what = "no magic", .at = 257, .patch = "xxxxx"},
    {.what = "user name", .at = 265, .patch = "root"},
    {.what = "device number", .at = 329, .patch = "0000003"},
    {.what = "prefix", .at = 345, .patch = "../.."},
    {.what = "bytes behind the prefix", .at = 505, .patch = "xx"},
    {.what = "name behind its NUL", .at = 90, .patch = "x"},
    {.what = "wrong checksum", .bad_checksum = true},
};

static const struct hostile sizes[] = {
    {.what = "tar says more", .tar_size = "00000000006"},
    {.what = "tar says less", .tar_size = "00000000004"},
    {.what = "tar says nothing", .tar_size = "00000000000"},
    {.what = "tar says 8 GiB less one", .tar_size = "77777777777"},
    {.what = "base-256 size", .tar_size = "\x80\x01\x01\x01\x01\x01\x01\x01\x01\x01\x05"},
    {.what = "blanks in the size", .tar_size = "         5 "},
    {.what = "negative tar size", .tar_size = "-0000000005"},
    {.what = "manifest says more", .announced_size = "6"},
    {.what = "manifest says less", .announced_size = "4"},
    {.what = "both say more", .announced_size = "6", .tar_size = "00000000006"},
    {.what = "both say less", .announced_size = "4", .tar_size = "00000000004"},
    {.what = "manifest says -5", .announced_size = "-5"},
    {.what = "manifest says 5.0", .announced_size = "5.0"},
    {.what = "manifest says 5e0", .announced_size = "5e0"},
    {.what = "manifest says 2^53", .announced_size = "9007199254740992"},
    {.what = "manifest says 2^64", .announced_size = "18446744073709551621"},
    {.what = "manifest says 6 GiB", .announced_size = "6442450944"},
    {.what = "manifest says it in words", .announced_size = "\"5\""},
};

static const struct hostile structures[] = {
    {.what = "a member before the manifest", .extra_first = "x"},
    {.what = "a second manifest first", .extra_first = "manifest.json"},
    {.what = "a member after the signature", .extra_second = "x"},
    {.what = "a member at the end", .extra_last = "x"},
    {.what = "traversal at the end of all", .extra_last = "../x"},
    {.what = "a blob nobody announced", .extra_last = "blob/" OTHER},
    {.what = "the blob twice", .twice = true},
    {.what = "the blob twice, and announced so",
        .twice = true,
        .members = "{\"name\":\"" BLOB_NAME "\",\"size\":5},{\"name\":\"" BLOB_NAME "\",\"size\":5}"},
    {.what = "members out of order", .swapped = true},
    {.what = "no blob", .no_blob = true},
    {.what = "no entries", .no_entries = true},
    {.what = "no end", .no_end = true},
    {.what = "half an end", .half_end = true},
    {.what = "bytes after the end", .after_tar = "x"},
    {.what = "padding with bytes", .bad_padding = true},
    {.what = "tar cut in its last block", .cut_tar = 1},
    {.what = "tar cut in the blob", .cut_tar = 3 * BLOCK - 2},
    {.what = "tar cut in a header", .cut_tar = 3 * BLOCK + 100},
    {.what = "wrong blob", .blob = "hullo"},
    {.what = "empty blob", .blob = ""},
};

static const struct hostile streams[] = {
    {.what = "bytes after gzip", .after_gzip = "x"},
    {.what = "zeros after gzip", .empty_members = -1},
    {.what = "a thousand empty members", .empty_members = 1000},
    {.what = "gzip cut by one", .cut_gzip = 1},
    {.what = "gzip cut by its trailer", .cut_gzip = 8},
    {.what = "gzip cut in the middle", .cut_gzip = 200},
    {.what = "wrong CRC", .flip_gzip = -6},
    {.what = "wrong size in gzip", .flip_gzip = -1},
    {.what = "gzip with a name", .flip_gzip = 4},
    {.what = "gzip with a time", .flip_gzip = 5},
    {.what = "no gzip", .gzip = "manifest.json"},
    {.what = "empty gzip", .gzip = ""},
    {.what = "zlib", .gzip = "x\x9c\x03\x01"},
    {.what = "bytes after age", .after_age = "x"},
    {.what = "age cut by one", .cut_age = 1},
    {.what = "age cut by its tag", .cut_age = 16},
    {.what = "age cut in the middle", .cut_age = 400},
    {.what = "age cut to its header", .cut_age = 1000000},
    {.what = "first byte of age", .flip_age = 1},
    {.what = "recipient line", .flip_age = 30},
    {.what = "last byte of age", .flip_age = -1},
    {.what = "a byte of age", .flip_age = -300},
    {.what = "no age", .age = "age-encryption.org/v2\n"},
    {.what = "empty file", .age = ""},
    {.what = "for another recipient", .other_recipient = true},
};

static const struct hostile signatures[] = {
    {.what = "not signed", .signature = NOT_SIGNED},
    {.what = "empty signature", .signature = EMPTY_SIGNATURE},
    {.what = "rubbish for a signature", .signature = RUBBISH},
    {.what = "signed for another purpose", .signature = OTHER_SPACE},
    {.what = "signed by somebody", .signature = OTHER_KEY},
    {.what = "signed otherwise", .signature = OTHER_BYTES},
    {.what = "huge signature", .signature = HUGE_SIGNATURE},
};

static const struct hostile manifests[] = {
    {.what = "empty manifest", .manifest = ""},
    {.what = "null", .manifest = "null"},
    {.what = "list", .manifest = "[]"},
    {.what = "empty object", .manifest = "{}"},
    {.what = "no JSON", .manifest = "hello"},
    {.what = "deep", .fill = BRACKETS},
    {.what = "deep value", .key = "have", .fill = BRACKETS},
    {.what = "many values", .fill = ZEROS_IN_LIST},
    {.what = "many objects", .fill = OBJECTS_IN_LIST},
    {.what = "many objects in have", .key = "have", .fill = OBJECTS_IN_LIST},
    {.what = "many values in want", .key = "want", .fill = ZEROS_IN_LIST},
    {.what = "many members", .key = "members", .fill = MANY_MEMBERS},
    {.what = "many wants", .key = "want", .fill = MANY_WANTS},
    {.what = "manifest of 5 MiB", .fill = SPACES},
    {.what = "byte order mark", .head = "\xef\xbb\xbf"},
    {.what = "blank before", .head = " "},
    {.what = "newline behind", .tail = "\n"},
    {.what = "second value", .tail = "{}"},
    {.what = "NUL in it", .manifest = "{\"case\":\"C1\"\0}", .manifest_len = 14},
    {.what = "twice the same key", .key = "case", .value = "\"C1\",\"case\":\"C1\""},
    {.what = "unknown member", .key = "case", .value = "\"C1\",\"also\":1"},
    {.what = "keys not sorted", .key = "want", .value = "[],\"aaa\":1"},
    {.what = "bad UTF-8", .key = "case", .value = "\"C\xff\""},
    {.what = "overlong UTF-8", .key = "case", .value = "\"C\xc0\xaf\""},
    {.what = "surrogate", .key = "case", .value = "\"C\xed\xa0\x80\""},
    {.what = "lone escape", .key = "case", .value = "\"\\ud800\""},
    {.what = "not shortest escape", .key = "case", .value = "\"\\u0043\x31\""},
    {.what = "blanks", .key = "case", .value = " \"C1\""},
    {.what = "no case", .key = "case", .value = ""},
    {.what = "no entries member", .key = "entries", .value = ""},
    {.what = "no format", .key = "format", .value = ""},
    {.what = "no from", .key = "from", .value = ""},
    {.what = "no have", .key = "have", .value = ""},
    {.what = "no members", .key = "members", .value = ""},
    {.what = "no to", .key = "to", .value = ""},
    {.what = "no want", .key = "want", .value = ""},
    {.what = "case as a path", .key = "case", .value = "\"../x\""},
    {.what = "long case",
        .key = "case",
        .value = "\"aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffggggg\""},
    {.what = "case of another", .key = "case", .value = "null"},
    {.what = "another format", .key = "format", .value = "\"satchel bundle 2\""},
    {.what = "from another", .key = "from", .value = "\"kaaaaaaaaaaaa\""},
    {.what = "from a path", .key = "from", .value = "\"../../../../x\""},
    {.what = "to another", .key = "to", .value = "\"kaaaaaaaaaaaa\""},
    {.what = "to everybody", .key = "to", .value = "[]"},
    {.what = "-1 entries", .key = "entries", .value = "-1"},
    {.what = "no entries announced", .key = "entries", .value = "0"},
    {.what = "more entries", .key = "entries", .value = "2"},
    {.what = "2^53 entries", .key = "entries", .value = "9007199254740991"},
    {.what = "a billion entries", .key = "entries", .value = "1000000000"},
    {.what = "1.5 entries", .key = "entries", .value = "1.5"},
    {.what = "have of nobody", .key = "have", .value = "{\"x\":1}"},
    {.what = "have of nothing", .key = "have", .value = "{\"kaaaaaaaaaaaa\":0}"},
    {.what = "have as a list", .key = "have", .value = "[]"},
    {.what = "want of no hash", .key = "want", .value = "[\"x\"]"},
    {.what = "want unsorted", .key = "want", .value = "[\"" OTHER "\",\"" HELLO "\"]"},
    {.what = "want twice", .key = "want", .value = "[\"" HELLO "\",\"" HELLO "\"]"},
    {.what = "no members in it", .key = "members", .value = "[]"},
    {.what = "members of null", .key = "members", .value = "[null]"},
    {.what = "a receipt alone", .members = "{\"name\":\"receipt.json\",\"sha256\":\"" HELLO "\",\"size\":5}"},
    {.what = "a receipt last",
        .members = "{\"name\":\"" BLOB_NAME "\",\"size\":5},{\"name\":\"receipt.json\",\"sha256\":\"" HELLO
                   "\",\"size\":5}"},
    {.what = "pieces of a whole",
        .members = "{\"name\":\"" BLOB_NAME "\",\"of\":5,\"pieces\":[\"" HELLO "\"],\"size\":5}"},
    {.what = "a wrong piece",
        .tar_name = BLOB_NAME "+0",
        .members = "{\"name\":\"" BLOB_NAME "+0\",\"of\":5,\"pieces\":[\"" OTHER "\"],\"size\":5}"},
    {.what = "too many pieces",
        .tar_name = BLOB_NAME "+0",
        .members =
            "{\"name\":\"" BLOB_NAME "+0\",\"of\":5,\"pieces\":[\"" HELLO "\",\"" HELLO "\"],\"size\":5}"},
    {.what = "part beyond the end",
        .tar_name = BLOB_NAME "+16777216",
        .members = "{\"name\":\"" BLOB_NAME "+16777216\",\"of\":5,\"pieces\":[\"" HELLO "\"],\"size\":5}"},
    {.what = "part at an odd place",
        .tar_name = BLOB_NAME "+1",
        .members = "{\"name\":\"" BLOB_NAME "+1\",\"of\":6,\"pieces\":[\"" HELLO "\"],\"size\":5}"},
};

static const struct hostile entries[] = {
    {.what = "wrong hash of the entries", .wrong_entries_hash = true},
    {.what = "no newline", .no_newline = true},
    {.what = "a line more", .two_lines = true},
    {.what = "a line over 1 MiB", .line_fill = SPACES},
    {.what = "deep entry", .line_fill = BRACKETS, .only_the_line = true},
    {.what = "entry of many values", .line_fill = ZEROS_IN_LIST, .only_the_line = true},
    {.what = "entry of many objects", .line_fill = OBJECTS_IN_LIST, .only_the_line = true},
    {.what = "entry of as many values as may be", .line_fill = MOST_VALUES, .only_the_line = true},
    {.what = "entry of a value more", .line_fill = TOO_MANY_VALUES, .only_the_line = true},
    {.what = "entry of another case", .other_case = true, .only_the_line = true},
    {.what = "entry with a bad signature", .bad_signature = true, .only_the_line = true},
    {.what = "empty entry", .entry = "{}", .only_the_line = true},
    {.what = "entry with a key twice", .entry = "{\"v\":1,\"v\":1}", .only_the_line = true},
    {.what = "entry with bad UTF-8", .entry = "{\"why\":\"\xff\"}", .only_the_line = true},
    {.what = "entry with a float", .entry = "{\"v\":1.0}", .only_the_line = true},
    {.what = "entry that is a list", .entry = "[1]", .only_the_line = true},
    {.what = "line of another shape",
        .line = "{\"entry\":{},\"also\":1,\"sig\":\"AAAA\"}",
        .only_the_line = true},
    {.what = "line with a path for a signature",
        .line = "{\"entry\":{},\"sig\":\"../../x\"}",
        .only_the_line = true},
    {.what = "line that is a blank", .line = " ", .only_the_line = true},
};

/* ---- making one ---- */

struct victim {
    struct forms *forms;
    struct schemes *schemes;
    struct store *store;
    struct arena arena;
    const struct entry *good;
};

static void put_header(struct buf *tar, const struct hostile *h, const char *name, size_t size, bool is_blob)
{
    unsigned char b[BLOCK] = {0};
    unsigned sum = 0;
    snprintf((char *)b, 100, "%s", name);
    memcpy(b + 100, "0000644", 8);
    memcpy(b + 108, "0000000", 8);
    memcpy(b + 116, "0000000", 8);
    snprintf((char *)b + 124, 12, "%011zo", size);
    memcpy(b + 136, "00000000000", 12);
    b[156] = '0';
    memcpy(b + 257, "ustar\00000", 8);
    memcpy(b + 329, "0000000", 8);
    memcpy(b + 337, "0000000", 8);
    if (is_blob && h->tar_size) memcpy(b + 124, h->tar_size, 11);
    if (is_blob && h->type) b[156] = (unsigned char)h->type;
    if (is_blob && h->patch) memcpy(b + h->at, h->patch, strlen(h->patch));
    memset(b + 148, ' ', 8);
    for (int i = 0; i < BLOCK; i++) sum += b[i];
    if (is_blob && h->bad_checksum) sum++;
    snprintf((char *)b + 148, 8, "%06o", sum);
    b[155] = ' ';
    buf_add(tar, b, BLOCK);
}

static void put_padding(struct buf *tar, int c)
{
    while (tar->len % BLOCK) buf_addc(tar, c);
}

static void put_member(
    struct buf *tar, const struct hostile *h, const char *name, const void *bytes, size_t len)
{
    put_header(tar, h, name, len, false);
    buf_add(tar, bytes, len);
    put_padding(tar, 0);
}

static void put_blob(struct buf *tar, const struct hostile *h)
{
    const char *bytes = h->blob ? h->blob : "hello";
    put_header(tar, h, h->tar_name ? h->tar_name : BLOB_NAME, h->blob ? strlen(bytes) : 5, true);
    buf_adds(tar, bytes);
    put_padding(tar, h->bad_padding ? 'x' : 0);
}

static void put_repeated(struct buf *out, const char *s, size_t times)
{
    for (size_t i = 0; i < times; i++) buf_adds(out, s);
}

/* The costliest n values: each the one member of an object, so deep in each other. One of the n is the list.
 */
static void put_deep_values(struct buf *out, size_t n, size_t depth)
{
    char before = '[';
    for (n--; n > 0;) {
        size_t objects = n > depth ? depth : n - 1;
        buf_addc(out, before);
        put_repeated(out, "{\"a\":", objects);
        buf_addc(out, '0');
        put_repeated(out, "}", objects);
        n -= objects + 1;
        before = ',';
    }
    buf_addc(out, ']');
}

static void put_fill(struct buf *out, enum fills fill, size_t len)
{
    switch (fill) {
    case ZEROS_IN_LIST:
        buf_adds(out, "[0");
        put_repeated(out, ",0", len / 2 - 2);
        buf_adds(out, "]");
        break;
    case OBJECTS_IN_LIST: /* what took most memory of all while only the bytes were limited */
        buf_adds(out, "[{}");
        put_repeated(out, ",{}", len / 3 - 2);
        buf_adds(out, "]");
        break;
    case MOST_VALUES:
        put_deep_values(out, ENTRY_MAX_VALUES, ENTRY_MAX_DEPTH - 1);
        break;
    case TOO_MANY_VALUES:
        put_deep_values(out, ENTRY_MAX_VALUES + 1, ENTRY_MAX_DEPTH - 1);
        break;
    case BRACKETS:
        put_repeated(out, "[", len / 2);
        put_repeated(out, "]", len / 2);
        break;
    case MANY_MEMBERS:
        buf_adds(out, "[{}");
        put_repeated(out, ",{}", 20000);
        buf_adds(out, "]");
        break;
    case MANY_WANTS:
        buf_adds(out, "[\"" HELLO "\"");
        put_repeated(out, ",\"" HELLO "\"", 50000);
        buf_adds(out, "]");
        break;
    case SPACES:
        put_repeated(out, " ", len);
        break;
    case NO_FILL:
        break;
    }
}

static void put_line(struct buf *out, const struct victim *v, const struct hostile *h)
{
    struct entry e = *v->good;
    struct buf text;
    buf_init(&text, BUF_UNLIMITED);
    if (h->entry) buf_adds(&text, h->entry);
    put_fill(&text, h->line_fill, h->line_fill == SPACES ? 2 * ENTRY_MAX_BYTES : ENTRY_MAX_BYTES);
    if (text.len) {
        e.bytes = text.data;
        e.bytes_len = text.len;
        CHECK_OK(sshsig_sign(e.signature, store_signer(v->store), NAMESPACE_ENTRY, e.bytes, e.bytes_len));
    }
    if (h->bad_signature) e.signature[0] ^= 1;
    if (h->line)
        buf_addf(out, "%-300s\n", h->line);
    else
        entry_line_write(out, &e, store_signer(v->store)->public_key);
    if (h->two_lines) buf_adds(out, "{}\n");
    if (h->no_newline) out->len--;
    buf_release(&text);
}

static void put_value(struct buf *out, const struct hostile *h, const char *key, const char *value)
{
    bool ours = h->key && strcmp(h->key, key) == 0;
    if (ours && h->value && !*h->value) return;
    buf_addf(out, "%s\"%s\":", out->data[out->len - 1] == '{' ? "" : ",", key);
    if (ours && h->fill)
        put_fill(out, h->fill, MANIFEST_MAX_BYTES - 4096);
    else
        buf_adds(out, ours && h->value ? h->value : value);
}

static void put_members(struct buf *out, const struct hostile *h, const struct buf *lines)
{
    unsigned char hash[SHA256_SIZE];
    char hex[SHA256_HEX];
    sha256(hash, lines->data, lines->len);
    if (h->wrong_entries_hash) hash[0] ^= 1;
    hex_write(hex, hash, sizeof hash);
    buf_addf(out, "[{\"name\":\"entries.jsonl\",\"sha256\":\"%s\",\"size\":%zu},", hex, lines->len);
    if (h->members)
        buf_adds(out, h->members);
    else
        buf_addf(out, "{\"name\":\"%s\",\"size\":%s}", h->announced_name ? h->announced_name : BLOB_NAME,
            h->announced_size ? h->announced_size : "5");
    buf_addc(out, ']');
}

static void put_manifest(
    struct buf *out, const struct victim *v, const struct hostile *h, const struct buf *lines)
{
    struct buf members;
    char kit[KIT_ID_SIZE + 2];
    snprintf(kit, sizeof kit, "\"%s\"", store_kit(v->store));
    buf_init(&members, BUF_UNLIMITED);
    put_members(&members, h, lines);
    buf_adds(out, "{");
    put_value(out, h, "case", h->other_case ? "\"C2\"" : "\"C1\"");
    put_value(out, h, "entries", "1");
    put_value(out, h, "format", "\"satchel bundle 1\"");
    put_value(out, h, "from", kit);
    put_value(out, h, "have", "{}");
    put_value(out, h, "members", buf_str(&members));
    put_value(out, h, "to", kit);
    put_value(out, h, "want", "[]");
    buf_adds(out, "}");
    buf_release(&members);
}

static void make_manifest(
    struct buf *out, const struct victim *v, const struct hostile *h, const struct buf *lines)
{
    if (h->head) buf_adds(out, h->head);
    if (h->manifest)
        buf_add(out, h->manifest, h->manifest_len ? h->manifest_len : strlen(h->manifest));
    else if (h->fill && !h->key)
        put_fill(out, h->fill, h->fill == SPACES ? 5 * (size_t)MIB : MANIFEST_MAX_BYTES);
    else
        put_manifest(out, v, h, lines);
    if (h->tail) buf_adds(out, h->tail);
}

static void put_signature(
    struct buf *tar, const struct victim *v, const struct hostile *h, const struct buf *manifest)
{
    struct buf armor;
    unsigned char sig[SIGNATURE_SIZE];
    struct kit somebody = kit_make(33);
    const struct signer *by = h->signature == OTHER_KEY ? &somebody.signer : store_signer(v->store);
    const char *space = h->signature == OTHER_SPACE ? NAMESPACE_ENTRY : NAMESPACE_BUNDLE;
    buf_init(&armor, BUF_UNLIMITED);
    CHECK_OK(sshsig_sign(sig, by, space, manifest->data, manifest->len));
    if (h->signature == OTHER_BYTES) CHECK_OK(sshsig_sign(sig, by, space, "x", 1));
    if (h->signature == RUBBISH)
        buf_adds(&armor, "-----BEGIN SSH SIGNATURE-----\nAAAA\n-----END SSH SIGNATURE-----\n");
    else if (h->signature != EMPTY_SIGNATURE)
        sshsig_armor(&armor, sig, by->public_key, space);
    if (h->signature == HUGE_SIGNATURE) put_repeated(&armor, "A", MIB);
    if (h->signature != NOT_SIGNED) put_member(tar, h, BUNDLE_MANIFEST_SIG, armor.data, armor.len);
    buf_release(&armor);
}

static void make_tar(struct buf *tar, const struct victim *v, const struct hostile *h)
{
    struct buf manifest, lines;
    buf_init(&manifest, BUF_UNLIMITED);
    buf_init(&lines, BUF_UNLIMITED);
    put_line(&lines, v, h);
    make_manifest(&manifest, v, h, &lines);
    if (h->extra_first) put_member(tar, h, h->extra_first, "x", 1);
    put_member(tar, h, BUNDLE_MANIFEST, manifest.data, manifest.len);
    put_signature(tar, v, h, &manifest);
    if (h->extra_second) put_member(tar, h, h->extra_second, "x", 1);
    if (h->swapped) put_blob(tar, h);
    if (!h->no_entries) put_member(tar, h, "entries.jsonl", lines.data, lines.len);
    if (!h->swapped && !h->no_blob) put_blob(tar, h);
    if (h->twice) put_blob(tar, h);
    if (h->extra_last) put_member(tar, h, h->extra_last, "x", 1);
    for (int i = 0; i < 2 * BLOCK && !h->no_end; i++)
        if (i < BLOCK || !h->half_end) buf_addc(tar, 0);
    if (h->after_tar) buf_adds(tar, h->after_tar);
    tar->len -= h->cut_tar;
    buf_release(&manifest);
    buf_release(&lines);
}

static void flip(struct buf *b, int at)
{
    if (at) b->data[at > 0 ? (size_t)at - 1 : b->len - (size_t)-at] ^= 0x08;
}

static void squeeze(struct buf *out, const struct buf *tar, const struct hostile *h)
{
    struct sink *memory, *gzip;
    static const unsigned char empty[] = {0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0};
    if (h->gzip) {
        buf_adds(out, h->gzip);
        return;
    }
    CHECK_OK(memory_sink(&memory, out));
    CHECK_OK(gzip_sink(&gzip, memory, 1));
    CHECK_OK(sink_write(gzip, tar->data, tar->len));
    CHECK_OK(sink_finish(gzip));
    sink_close(gzip);
    flip(out, h->flip_gzip);
    out->len -= h->cut_gzip;
    for (int i = 0; i < h->empty_members; i++) buf_add(out, empty, sizeof empty);
    if (h->empty_members < 0) put_fill(out, NO_FILL, 0), buf_add(out, "\0\0\0\0\0\0\0\0", 8);
    if (h->after_gzip) buf_adds(out, h->after_gzip);
}

static void encrypt(struct buf *out, const struct buf *gzip, const struct victim *v, const struct hostile *h)
{
    struct sink *memory, *age;
    unsigned char recipient[1][KEY_SIZE];
    struct kit somebody = kit_make(33);
    memcpy(recipient[0], h->other_recipient ? somebody.recipient : store_recipient(v->store), KEY_SIZE);
    if (h->age) {
        buf_adds(out, h->age);
        return;
    }
    CHECK_OK(memory_sink(&memory, out));
    CHECK_OK(age_sink(&age, memory, (const unsigned char(*)[KEY_SIZE])recipient, 1));
    CHECK_OK(sink_write(age, gzip->data, gzip->len));
    CHECK_OK(sink_finish(age));
    sink_close(age);
    flip(out, h->flip_age);
    out->len = h->cut_age < out->len ? out->len - h->cut_age : 150;
    if (h->after_age) buf_adds(out, h->after_age);
}

static void forge(const struct victim *v, const struct hostile *h, const char *path)
{
    struct buf tar, gzip, age;
    buf_init(&tar, BUF_UNLIMITED);
    buf_init(&gzip, BUF_UNLIMITED);
    buf_init(&age, BUF_UNLIMITED);
    make_tar(&tar, v, h);
    squeeze(&gzip, &tar, h);
    encrypt(&age, &gzip, v, h);
    CHECK_OK(file_write(path, age.data, age.len));
    buf_release(&tar);
    buf_release(&gzip);
    buf_release(&age);
}

/* ---- receiving it, in a process of its own ---- */

enum outcome { REFUSED, LINE_REFUSED, TAKEN, CONFUSED };

static enum outcome receive(const struct victim *v, const char *path)
{
    struct arena a;
    struct taken t;
    arena_init(&a);
    int rc = store_receive(v->store, path, &a, &t, NULL);
    arena_release(&a);
    if (rc) return (rc == ERR_INPUT || rc == ERR_WAIT) && *err_message() ? REFUSED : CONFUSED;
    if (t.rejected == 1 && t.accepted + t.known + t.waiting + t.quarantined == 0) return LINE_REFUSED;
    return t.rejected == 0 && t.accepted + t.known == 1 ? TAKEN : CONFUSED;
}

static bool memory_counts(void)
{
#if defined(__SANITIZE_ADDRESS__)
    return false;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
    return false;
#else
    return true;
#endif
#else
    return true;
#endif
}

static enum outcome receive_apart(struct victim *v, const char *path, double *seconds, long *kilobytes)
{
    int status = 0;
    struct rusage usage;
    double begin = os_monotonic_seconds();
    store_close(v->store);
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        if (store_open(&v->store, in_folder("store"), "x", v->forms)) _exit(CONFUSED);
        enum outcome o = receive(v, path);
        store_close(v->store);
        _exit((int)o);
    }
    CHECK(child > 0 && wait4(child, &status, 0, &usage) == child);
    *seconds = os_monotonic_seconds() - begin;
    *kilobytes = usage.ru_maxrss;
    CHECK_OK(store_open(&v->store, in_folder("store"), "x", v->forms));
    return WIFEXITED(status) ? (enum outcome)WEXITSTATUS(status) : CONFUSED;
}

static void victim_init(struct victim *v)
{
    char recovery[RECOVERY_KEY_SIZE];
    memset(v, 0, sizeof *v);
    arena_init(&v->arena);
    CHECK_OK(forms_new(&v->forms));
    CHECK_OK(schemes_new(&v->schemes, v->forms));
    CHECK_OK(store_create(in_folder("store"), "Ann", "a@example.org", "x", 4, v->forms, recovery));
    CHECK_OK(store_open(&v->store, in_folder("store"), "x", v->forms));
    struct entry_field name = {.name = "name", .value = jv_string(&v->arena, "Acme")};
    char record[RECORD_ID_MAX];
    snprintf(record, sizeof record, "organisation/%s-9", store_kit(v->store));
    struct entry draft = {.at = "2026-11-22T10:11:12+08:00",
        .case_name = "C1",
        .kit = store_kit(v->store),
        .seq = 1,
        .form = forms_current(v->forms, "organisation")->id,
        .record = record,
        .creates = true,
        .fields = &name,
        .fields_len = 1};
    CHECK_OK(entry_make(&v->good, &v->arena, &draft, store_signer(v->store)));
}

static void victim_release(struct victim *v)
{
    store_close(v->store);
    schemes_free(v->schemes);
    forms_free(v->forms);
    arena_release(&v->arena);
    folder_remove();
}

static int64_t entries_held(const struct victim *v)
{
    size_t cases, chains;
    int64_t n = 0;
    const char *const *names_of = fold_cases(store_fold(v->store), &cases);
    for (size_t i = 0; i < cases; i++) {
        const struct fold_chain *const *c = fold_chains(store_fold(v->store), names_of[i], &chains);
        for (size_t k = 0; k < chains; k++) n += (int64_t)c[k]->entries_len;
    }
    return n;
}

static void check_one(struct victim *v, const struct hostile *h)
{
    double seconds;
    long kilobytes;
    int64_t before = entries_held(v);
    forge(v, h, in_folder("bundle"));
    enum outcome o = receive_apart(v, in_folder("bundle"), &seconds, &kilobytes);
    bool clean = folder_files(in_folder("store/inbox")) == 0 && folder_files(folder()) == 2 &&
                 entries_held(v) == before &&
                 (h->only_the_line || folder_files(in_folder("store/blobs")) == 0);
    bool small = !memory_counts() || kilobytes <= KILOBYTES_MOST;
    bool good = o == (h->only_the_line ? LINE_REFUSED : REFUSED) && clean && small && seconds <= SECONDS_MOST;
    if (!good)
        printf("  %s: outcome %d, %.1f s, %ld KB%s\n", h->what, (int)o, seconds, kilobytes,
            clean ? "" : ", left something behind");
    CHECK(good);
    if (h->only_the_line) { /* the evidence of it was in order, and is there now */
        CHECK_OK(os_remove_tree(in_folder("store/blobs")));
        CHECK_OK(os_make_folder(in_folder("store/blobs")));
    }
}

static int hostile_count;

static void check_all(const struct hostile *list, size_t len)
{
    struct victim v;
    victim_init(&v);
    for (size_t i = 0; i < len; i++) check_one(&v, &list[i]);
    hostile_count += (int)len;
    victim_release(&v);
}

#define HOSTILE(list)                                                                                        \
    TEST(hostile_##list)                                                                                     \
    {                                                                                                        \
        check_all(list, sizeof list / sizeof *list);                                                         \
    }

HOSTILE(names)
HOSTILE(headers)
HOSTILE(sizes)
HOSTILE(structures)
HOSTILE(streams)
HOSTILE(signatures)
HOSTILE(manifests)
HOSTILE(entries)

/* The forge is right: what it makes when nothing is wrong is taken in. */
TEST(what_is_not_hostile_is_taken)
{
    struct victim v;
    struct hostile nothing = {.what = "nothing"};
    victim_init(&v);
    forge(&v, &nothing, in_folder("bundle"));
    CHECK(receive(&v, in_folder("bundle")) == TAKEN);
    CHECK(folder_files(in_folder("store/blobs")) == 1);
    victim_release(&v);
}

/* What an enrolled kit may do at most: an entry in order, with all the values that one may have, and taken
 * in. */
TEST(the_largest_entry_is_taken_within_the_limits)
{
    struct victim v;
    struct hostile nothing = {.what = "nothing"};
    struct buf deep;
    struct entry_field field = {.name = "submitted_heads"};
    double seconds;
    long kilobytes;
    victim_init(&v);
    buf_init(&deep, ENTRY_MAX_BYTES);
    put_deep_values(&deep, ENTRY_MAX_VALUES - 24, ENTRY_MAX_DEPTH - 3);
    CHECK_OK(json_parse(&field.value, &v.arena, deep.data, deep.len, ENTRY_MAX_DEPTH, JSON_STRICT));
    struct entry draft = *v.good;
    draft.form = forms_current(v.forms, "audit")->id;
    draft.record = arena_printf(&v.arena, "audit/%s-9", store_kit(v.store));
    draft.fields = &field;
    CHECK_OK(entry_make(&v.good, &v.arena, &draft, store_signer(v.store)));
    forge(&v, &nothing, in_folder("bundle"));
    CHECK(receive_apart(&v, in_folder("bundle"), &seconds, &kilobytes) == TAKEN && seconds <= SECONDS_MOST);
    CHECK(!memory_counts() || kilobytes <= KILOBYTES_MOST);
    buf_release(&deep);
    victim_release(&v);
}

TEST(there_are_enough_of_them)
{
    printf("%d hostile bundles refused\n", hostile_count);
    CHECK(hostile_count >= 80);
}

int main(int argc, char **argv)
{
    return test_main(argc, argv);
}
