/* age: the public test vectors, our own round trips and random access, and stock age both ways. */
#define _POSIX_C_SOURCE 200809L /* mkdtemp */
#include "test.h"

#include <dirent.h>
#include <unistd.h>
#include <zlib.h>

#include "satchel/base/os.h"
#include "satchel/format/age.h"

#define CHUNK 65536
#define LOG_N 10 /* cheap: these are tests */

static const unsigned char scalars[3][KEY_SIZE] = {{8}, {16}, {24}};

static void points(unsigned char out[3][KEY_SIZE])
{
    for (int i = 0; i < 3; i++) CHECK_OK(x25519_public(out[i], scalars[i]));
}

/* Bytes that differ from chunk to chunk. */
static unsigned char *pattern(size_t len)
{
    unsigned char *bytes = malloc(len + 1);
    uint64_t state = len;
    for (size_t i = 0; i < len; i++) bytes[i] = (unsigned char)test_random_next(&state);
    return bytes;
}

/* A sink that can't be started is not owned, so it is closed here. */
static struct sink *seal_into(struct buf *out, const char *passphrase)
{
    unsigned char recipients[3][KEY_SIZE];
    struct sink *under = NULL, *sink = NULL;
    points(recipients);
    CHECK_OK(memory_sink(&under, out));
    if (passphrase)
        CHECK_OK(age_passphrase_sink(&sink, under, passphrase, LOG_N));
    else
        CHECK_OK(age_sink(&sink, under, (const unsigned char(*)[KEY_SIZE])recipients, 2));
    return sink;
}

static struct buf sealed(const void *bytes, size_t len, const char *passphrase)
{
    struct buf out;
    buf_init(&out, BUF_UNLIMITED);
    struct sink *s = seal_into(&out, passphrase);
    CHECK_OK(sink_write(s, bytes, len));
    CHECK_OK(sink_finish(s));
    sink_close(s);
    return out;
}

/* Opens with one of the scalars, or a passphrase; reads `step` bytes at a time into plain. */
static int open_sealed(
    struct buf *plain, const void *bytes, size_t len, int who, const char *passphrase, size_t step)
{
    struct source *under = NULL, *s = NULL;
    unsigned char *room = malloc(step);
    size_t got = 1;
    CHECK_OK(memory_source(&under, bytes, len));
    int rc =
        passphrase ? age_passphrase_source(&s, under, passphrase) : age_source(&s, under, &scalars[who], 1);
    if (rc) source_close(under);
    while (rc == 0 && got > 0) {
        rc = source_read(s, room, step, &got);
        if (rc == 0) buf_add(plain, room, got);
    }
    source_close(s);
    free(room);
    return rc;
}

/* The domain macro: these sealed bytes open to exactly these plain ones. */
#define OPENS(age_, who, passphrase, step, plain_, size)                                                     \
    do {                                                                                                     \
        struct buf got_;                                                                                     \
        buf_init(&got_, BUF_UNLIMITED);                                                                      \
        CHECK_OK(open_sealed(&got_, (age_).data, (age_).len, who, passphrase, step));                        \
        CHECK(got_.len == (size) && memcmp(got_.data, plain_, size) == 0);                                   \
        buf_release(&got_);                                                                                  \
    } while (0)

static const size_t sizes[] = {0, 1, 65535, 65536, 65537, 131071, 131072, 131073, 1000000};
#define SIZES (sizeof sizes / sizeof *sizes)

TEST(round_trips_for_each_recipient)
{
    for (size_t i = 0; i < SIZES; i++) {
        unsigned char *plain = pattern(sizes[i]);
        struct buf age = sealed(plain, sizes[i], NULL);
        OPENS(age, 0, NULL, 1000, plain, sizes[i]);
        OPENS(age, 1, NULL, CHUNK, plain, sizes[i]);
        OPENS(age, 1, NULL, 200000, plain, sizes[i]);
        buf_release(&age);
        free(plain);
    }
}

TEST(round_trip_with_a_passphrase)
{
    struct buf age = sealed("secret", 6, "correct horse");
    OPENS(age, 0, "correct horse", 100, "secret", 6);
    struct buf plain;
    buf_init(&plain, 100);
    CHECK(open_sealed(&plain, age.data, age.len, 0, "wrong", 100) == ERR_INPUT);
    CHECK(strstr(err_message(), "passphrase does not open"));
    buf_release(&plain);
    buf_release(&age);
}

TEST(writes_of_any_size_make_the_same_plain_bytes)
{
    uint64_t seed = 11;
    size_t len = 3 * CHUNK + 5;
    unsigned char *plain = pattern(len);
    for (int i = 0; i < (test_full ? 200 : 20); i++) {
        struct buf age;
        buf_init(&age, BUF_UNLIMITED);
        struct sink *s = seal_into(&age, NULL);
        for (size_t at = 0, n; at < len; at += n) {
            n = test_random_next(&seed) % (2 * CHUNK) + 1;
            if (n > len - at) n = len - at;
            CHECK_OK(sink_write(s, plain + at, n));
        }
        CHECK_OK(sink_finish(s));
        sink_close(s);
        OPENS(age, 0, NULL, test_random_next(&seed) % (2 * CHUNK) + 1, plain, len);
        buf_release(&age);
    }
    free(plain);
}

TEST(another_receiver)
{
    struct buf age = sealed("x", 1, NULL), plain;
    buf_init(&plain, 100);
    CHECK(open_sealed(&plain, age.data, age.len, 2, NULL, 100) == ERR_INPUT);
    CHECK(strstr(err_message(), "for another receiver"));
    buf_release(&plain);
    buf_release(&age);
}

/* What comes out of damaged bytes is never other than the start of the plain ones, and never without an
 * error. */
static void damaged(const void *bytes, size_t len, const unsigned char *plain, size_t plain_len)
{
    struct buf got;
    buf_init(&got, BUF_UNLIMITED);
    CHECK(open_sealed(&got, bytes, len, 0, NULL, CHUNK) == ERR_INPUT);
    CHECK(got.len <= plain_len && memcmp(got.data, plain, got.len) == 0);
    buf_release(&got);
}

TEST(any_byte_changed_is_an_error)
{
    size_t len = CHUNK + 100, step = test_full ? 37 : 997;
    unsigned char *plain = pattern(len);
    struct buf age = sealed(plain, len, NULL);
    for (size_t i = 0; i < age.len; i += i < 500 ? 1 : step) {
        age.data[i] ^= 1;
        damaged(age.data, age.len, plain, len);
        age.data[i] ^= 1;
    }
    buf_release(&age);
    free(plain);
}

TEST(any_cut_is_an_error)
{
    size_t len = 2 * CHUNK, step = test_full ? 53 : 4999;
    unsigned char *plain = pattern(len);
    struct buf age = sealed(plain, len, NULL);
    for (size_t i = 0; i < age.len; i += i < 300 ? 1 : step) damaged(age.data, i, plain, len);
    for (size_t i = 0; i < 20; i++) damaged(age.data, age.len - 1 - i, plain, len);
    damaged(age.data, age.len - CHUNK - TAG_SIZE, plain, len); /* exactly one chunk short */
    buf_addc(&age, 0);
    damaged(age.data, age.len, plain, len);
    buf_release(&age);
    free(plain);
}

TEST(recipients_are_limited)
{
    unsigned char many[129][KEY_SIZE];
    struct sink *under = NULL, *s = NULL;
    struct buf out;
    buf_init(&out, BUF_UNLIMITED);
    CHECK_OK(memory_sink(&under, &out));
    for (int i = 0; i < 129; i++) CHECK_OK(x25519_public(many[i], scalars[0]));
    CHECK(age_sink(&s, under, (const unsigned char(*)[KEY_SIZE])many, 0) == ERR_INPUT);
    CHECK(age_sink(&s, under, (const unsigned char(*)[KEY_SIZE])many, 129) == ERR_INPUT);
    CHECK_OK(age_sink(&s, under, (const unsigned char(*)[KEY_SIZE])many, 128));
    CHECK_OK(sink_finish(s));
    OPENS(out, 0, NULL, 10, "", 0);
    sink_close(s);
    buf_release(&out);
}

/* --- keys as text ------------------------------------------------------------------------------------- */

TEST(keys_round_trip)
{
    uint64_t seed = 5;
    for (int i = 0; i < (test_full ? 10000 : 1000); i++) {
        unsigned char key[KEY_SIZE], back[KEY_SIZE];
        char recipient[AGE_RECIPIENT_SIZE], identity[AGE_IDENTITY_SIZE];
        for (int k = 0; k < KEY_SIZE; k++) key[k] = (unsigned char)test_random_next(&seed);
        age_recipient_write(recipient, key);
        CHECK_OK(age_recipient_read(back, recipient));
        CHECK(memcmp(key, back, KEY_SIZE) == 0);
        age_identity_write(identity, key);
        CHECK_OK(age_identity_read(back, identity));
        CHECK(memcmp(key, back, KEY_SIZE) == 0);
        recipient[test_random_next(&seed) % (AGE_RECIPIENT_SIZE - 1)] ^= 1;
        CHECK(age_recipient_read(back, recipient) == ERR_INPUT);
    }
}

TEST(recipients_that_are_refused)
{
    unsigned char key[KEY_SIZE];
    char text[AGE_RECIPIENT_SIZE], longer[AGE_RECIPIENT_SIZE + 1];
    age_recipient_write(text, scalars[0]);
    snprintf(longer, sizeof longer, "%sq", text);
    CHECK(age_recipient_read(key, "") == ERR_INPUT);
    CHECK(age_recipient_read(key, "age1") == ERR_INPUT);
    CHECK(age_recipient_read(key, longer) == ERR_INPUT);
    for (char *p = text; *p; p++)
        if (*p >= 'a') *p = (char)(*p - 32);
    CHECK(age_recipient_read(key, text) == ERR_INPUT);
    CHECK(age_identity_read(key, text) == ERR_INPUT);
}

/* --- files in a folder -------------------------------------------------------------------------------- */

static char folder[64];

static const char *at(const char *name)
{
    static char path[128];
    if (!*folder) {
        strcpy(folder, "/tmp/test_age.XXXXXX");
        CHECK(mkdtemp(folder) != NULL);
    }
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static void done(void)
{
    CHECK_OK(os_remove_tree(folder));
    *folder = '\0';
}

static int read_at(struct buf *out, uint64_t offset)
{
    struct source *s = NULL;
    int rc = age_file_source(&s, at("age"), scalars[1], offset);
    if (rc == 0) rc = source_read_all(s, out);
    source_close(s);
    return rc;
}

/* The domain macro: from this offset on, the file reads as the rest of the plain bytes. */
#define READS_FROM(offset, plain_, size_)                                                                    \
    do {                                                                                                     \
        struct buf got_;                                                                                     \
        buf_init(&got_, BUF_UNLIMITED);                                                                      \
        CHECK_OK(read_at(&got_, offset));                                                                    \
        CHECK(got_.len == (size_) - (offset) && memcmp(got_.data, (plain_) + (offset), got_.len) == 0);      \
        buf_release(&got_);                                                                                  \
    } while (0)

TEST(files_are_read_from_anywhere)
{
    static const size_t offsets[] = {0, 1, 65535, 65536, 65537, 131071, 131072, 131073, 999999, 1000000};
    for (size_t i = 0; i < SIZES; i++) {
        unsigned char *plain = pattern(sizes[i]);
        struct buf age = sealed(plain, sizes[i], NULL), nothing;
        uint64_t size = 1;
        CHECK_OK(file_write(at("age"), age.data, age.len));
        CHECK_OK(age_plain_size(&size, at("age")));
        CHECK(size == sizes[i]);
        for (size_t k = 0; k < 10 && offsets[k] <= sizes[i]; k++) READS_FROM(offsets[k], plain, sizes[i]);
        buf_init(&nothing, 10);
        CHECK(read_at(&nothing, sizes[i] + 1) == ERR_INPUT);
        buf_release(&nothing);
        buf_release(&age);
        free(plain);
    }
    done();
}

TEST(a_file_that_lost_its_end_is_an_error_from_anywhere)
{
    size_t len = 3 * CHUNK;
    unsigned char *plain = pattern(len);
    struct buf age = sealed(plain, len, NULL), got;
    CHECK_OK(file_write(at("age"), age.data, age.len - CHUNK - TAG_SIZE));
    buf_init(&got, BUF_UNLIMITED);
    CHECK(read_at(&got, 0) == ERR_INPUT);
    CHECK(read_at(&got, CHUNK + 1) == ERR_INPUT);
    CHECK(read_at(&got, 2 * CHUNK) == ERR_INPUT);
    buf_release(&got);
    buf_release(&age);
    free(plain);
    done();
}

TEST(plain_size_of_what_is_no_age_file)
{
    uint64_t size = 0;
    CHECK(age_plain_size(&size, at("missing")) == ERR_MISSING);
    CHECK_OK(file_write(at("other"), "hello", 5));
    CHECK(age_plain_size(&size, at("other")) == ERR_INPUT);
    done();
}

/* --- the public vectors ------------------------------------------------------------------------------- */

struct vector {
    char expect[32], payload[SHA256_HEX], passphrase[64], identity[AGE_IDENTITY_SIZE];
    bool armored, zlib, other_identity;
    const unsigned char *bytes;
    size_t len;
};

static void vector_line(struct vector *v, const char *key, const char *value)
{
    if (strcmp(key, "expect") == 0) snprintf(v->expect, sizeof v->expect, "%s", value);
    if (strcmp(key, "payload") == 0) snprintf(v->payload, sizeof v->payload, "%s", value);
    if (strcmp(key, "passphrase") == 0 && !*v->passphrase)
        snprintf(v->passphrase, sizeof v->passphrase, "%s", value);
    if (strcmp(key, "armored") == 0) v->armored = true;
    if (strcmp(key, "compressed") == 0) v->zlib = true;
    if (strcmp(key, "identity") == 0) {
        if (strncmp(value, "AGE-SECRET-KEY-1", 16) != 0) v->other_identity = true;
        snprintf(v->identity, sizeof v->identity, "%s", value);
    }
}

/* "key: value" lines up to an empty one; the rest is the file. */
static void vector_read(struct vector *v, struct buf *file)
{
    char *line = (char *)file->data, *end;
    *v = (struct vector){.bytes = NULL};
    while ((end = strchr(line, '\n')) && end > line) {
        *end = '\0';
        char *colon = strstr(line, ": ");
        if (colon) {
            *colon = '\0';
            vector_line(v, line, colon + 2);
        }
        line = end + 1;
    }
    v->bytes = (unsigned char *)line + 1;
    v->len = file->len - (size_t)((char *)v->bytes - (char *)file->data);
}

static void inflate_vector(struct vector *v, struct buf *out)
{
    uLongf len = 64 << 20;
    unsigned char *space = buf_space(out, len);
    CHECK(uncompress(space, &len, v->bytes, v->len) == Z_OK);
    v->bytes = space;
    v->len = len;
}

/* What our message says, in the words of the vectors. */
static const char *verdict(int rc, bool started)
{
    if (rc == 0) return "success";
    if (strstr(err_message(), "does not open") || strstr(err_message(), "another receiver"))
        return "no match";
    if (strstr(err_message(), "HMAC")) return "HMAC failure";
    if (started && strstr(err_message(), "damaged or cut off")) return "payload failure";
    return started ? "neither" : "header failure";
}

static void vector_run(const char *name, const struct vector *v)
{
    unsigned char identity[1][KEY_SIZE] = {{0}}, hash[SHA256_SIZE];
    char hex[SHA256_HEX];
    struct source *under = NULL, *s = NULL;
    struct buf plain;
    int before = test_failed_checks;
    buf_init(&plain, BUF_UNLIMITED);
    CHECK_OK(memory_source(&under, v->bytes, v->len));
    if (*v->identity) CHECK_OK(age_identity_read(identity[0], v->identity));
    int rc = *v->passphrase ? age_passphrase_source(&s, under, v->passphrase)
                            : age_source(&s, under, (const unsigned char(*)[KEY_SIZE])identity, 1);
    bool started = rc == 0;
    rc = started ? source_read_all(s, &plain) : rc;
    CHECK_STR(verdict(rc, started), v->expect);
    if (started) {
        sha256(hash, plain.data, plain.len);
        hex_write(hex, hash, sizeof hash);
        CHECK_STR(hex, v->payload);
    }
    source_close(started ? s : under);
    buf_release(&plain);
    if (test_failed_checks != before) printf("  in vector %s: %s\n", name, err_message());
}

static const char *vectors_folder(char path[512])
{
    const char *shared = getenv("SATCHEL_SHARED");
    snprintf(path, 512, "%s/data/age-vectors", shared ? shared : "../shared");
    return os_exists(path) ? path : NULL;
}

TEST(public_vectors)
{
    char path[512], file_path[1024];
    DIR *dir = vectors_folder(path) ? opendir(path) : NULL;
    int run = 0, armor = 0, hybrid = 0;
    if (!dir) SKIP("no age vectors in the shared folder");
    for (struct dirent *e; (e = readdir(dir));) {
        struct buf file, inflated;
        struct vector v;
        if (e->d_name[0] == '.') continue;
        buf_init(&file, BUF_UNLIMITED);
        buf_init(&inflated, BUF_UNLIMITED);
        snprintf(file_path, sizeof file_path, "%s/%s", path, e->d_name);
        CHECK_OK(file_read(file_path, &file));
        vector_read(&v, &file);
        if (v.zlib) inflate_vector(&v, &inflated);
        if (v.armored)
            armor++;
        else if (v.other_identity)
            hybrid++;
        else if (++run)
            vector_run(e->d_name, &v);
        buf_release(&file);
        buf_release(&inflated);
    }
    closedir(dir);
    printf(
        "age vectors: %d run; left out: %d armored, %d for hybrid (post-quantum) keys\n", run, armor, hybrid);
    CHECK(run >= 90);
}

/* --- stock age ---------------------------------------------------------------------------------------- */

static bool have_age(void)
{
    return system("command -v age >/dev/null 2>&1 && command -v age-keygen >/dev/null 2>&1") == 0;
}

static int shell(const char *command)
{
    char line[1000];
    at("");
    snprintf(line, sizeof line, "cd %s && { %s; } >log 2>&1", folder, command);
    return system(line);
}

static void write_key_files(void)
{
    unsigned char recipients[3][KEY_SIZE];
    char identity[AGE_IDENTITY_SIZE], recipient[AGE_RECIPIENT_SIZE];
    points(recipients);
    age_identity_write(identity, scalars[0]);
    age_recipient_write(recipient, recipients[0]);
    CHECK_OK(file_write(at("key"), identity, strlen(identity)));
    CHECK_OK(file_write(at("recipient"), recipient, strlen(recipient)));
}

TEST(age_keygen_knows_our_keys)
{
    if (!have_age()) SKIP("no age");
    write_key_files();
    CHECK_OK(shell("test \"$(age-keygen -y key)\" = \"$(cat recipient)\""));
    done();
}

TEST(we_read_the_keys_of_age_keygen)
{
    if (!have_age()) SKIP("no age");
    unsigned char scalar[KEY_SIZE], point[KEY_SIZE], listed[KEY_SIZE];
    struct buf identity, recipient;
    buf_init(&identity, 200);
    buf_init(&recipient, 200);
    CHECK_OK(shell("age-keygen -o theirs; grep -v '#' theirs | tr -d '\\n' >key; age-keygen -y key | tr -d "
                   "'\\n' >recipient"));
    CHECK_OK(file_read(at("key"), &identity));
    CHECK_OK(file_read(at("recipient"), &recipient));
    CHECK_OK(age_identity_read(scalar, buf_str(&identity)));
    CHECK_OK(age_recipient_read(listed, buf_str(&recipient)));
    CHECK_OK(x25519_public(point, scalar));
    CHECK(memcmp(point, listed, KEY_SIZE) == 0);
    buf_release(&identity);
    buf_release(&recipient);
    done();
}

TEST(age_opens_ours)
{
    if (!have_age()) SKIP("no age");
    write_key_files();
    for (size_t i = 0; i < SIZES; i++) {
        unsigned char *plain = pattern(sizes[i]);
        struct buf age = sealed(plain, sizes[i], NULL);
        CHECK_OK(file_write(at("plain"), plain, sizes[i]));
        CHECK_OK(file_write(at("ours"), age.data, age.len));
        CHECK_OK(shell("age -d -i key ours | cmp - plain"));
        buf_release(&age);
        free(plain);
    }
    done();
}

TEST(we_open_those_of_age)
{
    if (!have_age()) SKIP("no age");
    write_key_files();
    for (size_t i = 0; i < SIZES; i++) {
        unsigned char *plain = pattern(sizes[i]);
        struct buf age;
        buf_init(&age, BUF_UNLIMITED);
        CHECK_OK(file_write(at("plain"), plain, sizes[i]));
        CHECK_OK(shell("age -R recipient -o theirs plain"));
        CHECK_OK(file_read(at("theirs"), &age));
        OPENS(age, 0, NULL, 100000, plain, sizes[i]);
        buf_release(&age);
        free(plain);
    }
    done();
}

/* age asks for passphrases on the terminal only; script(1) is one, and keeps what is typed too early. */
static bool have_terminal(void)
{
    return have_age() && system("command -v script >/dev/null 2>&1") == 0;
}

TEST(age_opens_ours_with_a_passphrase)
{
    if (!have_terminal()) SKIP("no age or no script");
    struct buf age = sealed("by passphrase", 13, "correct horse");
    CHECK_OK(file_write(at("ours"), age.data, age.len));
    CHECK_OK(shell("echo correct horse | script -qec 'age -d -o plain ours' /dev/null"));
    CHECK_OK(shell("test \"$(cat plain)\" = 'by passphrase'"));
    buf_release(&age);
    done();
}

TEST(we_open_one_of_age_with_a_passphrase)
{
    if (!have_terminal()) SKIP("no age or no script");
    struct buf age;
    buf_init(&age, BUF_UNLIMITED);
    CHECK_OK(file_write(at("plain"), "by passphrase", 13));
    CHECK_OK(
        shell("(echo correct horse; echo correct horse) | script -qec 'age -p -o theirs plain' /dev/null"));
    CHECK_OK(file_read(at("theirs"), &age));
    OPENS(age, 0, "correct horse", 100, "by passphrase", 13);
    buf_release(&age);
    done();
}

int main(int argc, char **argv)
{
    return test_main(argc, argv);
}
