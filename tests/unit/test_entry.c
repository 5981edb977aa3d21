/* Entries: what is made reads back, and nothing that is not exactly so is read. */
#define _POSIX_C_SOURCE 200809L
#include "satchel/format/entry.h"

#include <unistd.h>

#include "test.h"

#define ID_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define ID_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define ID_C "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"

static struct arena arena; /* of the test that runs */
static struct signer signer;
static char kit[KIT_ID_SIZE];

static void begin(void)
{
    unsigned char seed[KEY_SIZE];
    memset(seed, 7, sizeof seed);
    arena_init(&arena);
    CHECK_OK(seed_signer(&signer, seed));
    kit_id_of(kit, signer.public_key);
}

static void end(void)
{
    arena_release(&arena);
}

/* A valid entry in canonical bytes, where '$' stands for the kit. */
#define VALID                                                                                                \
    "{\"after\":\"" ID_A "\",\"at\":\"2026-11-22T10:11:12+08:00\",\"case\":\"BJ-2026-0042\","                \
    "\"form\":\"finding@9f2c41aa03b7d1e2\",\"kit\":\"$\",\"new\":true,\"prev\":\"" ID_B "\","                \
    "\"record\":\"finding/$-104\",\"seen\":{\"grade\":[\"" ID_A "\",\"" ID_C "\"]},\"seq\":118,"             \
    "\"set\":{\"fact\":\"门没有锁 \\\"D1\\\"\",\"grade\":\"major\"},\"v\":1,\"why\":\"seen on site\"}"

/* `text` with the kit for '$', and where `from` is given, its first occurrence replaced by `to`. */
static const char *fill(const char *text, const char *from, const char *to)
{
    struct buf b;
    const char *at = from ? strstr(text, from) : NULL;
    buf_init(&b, 1 << 22);
    CHECK(!from || at);
    for (const char *s = text; *s;) {
        if (s == at) {
            buf_adds(&b, to);
            s += strlen(from);
        } else if (*s == '$') {
            buf_adds(&b, kit);
            s++;
        } else {
            buf_addc(&b, *s++);
        }
    }
    const char *filled = arena_strdup(&arena, buf_str(&b));
    buf_release(&b);
    return filled;
}

static const struct entry *parse(const char *text)
{
    const struct entry *e = NULL;
    int rc = entry_parse(&e, &arena, text, strlen(text));
    CHECK(rc == 0 || rc == ERR_INPUT);
    CHECK((rc == 0) == (e != NULL));
    return e;
}

/* VALID with one thing replaced is (not) an entry. */
#define REFUSED(from, to) CHECK(!parse(fill(fill(VALID, from, to), NULL, NULL)))
#define ACCEPTED(from, to) CHECK(parse(fill(fill(VALID, from, to), NULL, NULL)))

TEST(fields_are_read)
{
    begin();
    const struct entry *e = parse(fill(VALID, NULL, NULL));
    CHECK(e && e->creates && e->seq == 118 && e->fields_len == 2);
    CHECK_STR(e->after, ID_A);
    CHECK_STR(e->prev, ID_B);
    CHECK_STR(e->at, "2026-11-22T10:11:12+08:00");
    CHECK_STR(e->case_name, "BJ-2026-0042");
    CHECK_STR(e->form, "finding@9f2c41aa03b7d1e2");
    CHECK_STR(e->kit, kit);
    CHECK_STR(e->why, "seen on site");
    CHECK_STR(e->fields[0].name, "fact");
    CHECK_STR(jv_str(e->fields[0].value), "门没有锁 \"D1\"");
    CHECK(entry_field(e, "fact")->seen_len == 0 && entry_field(e, "grade")->seen_len == 2);
    CHECK_STR(entry_field(e, "grade")->seen[1], ID_C);
    CHECK(!entry_field(e, "gra") && is_sha256_hex(e->id));
    end();
}

TEST(optional_members)
{
    begin();
    ACCEPTED("\"new\":true,", "");
    ACCEPTED(",\"why\":\"seen on site\"", "");
    ACCEPTED("\"seen\":{\"grade\":[\"" ID_A "\",\"" ID_C "\"]},", "");
    ACCEPTED("\"after\":\"" ID_A "\"", "\"after\":null");
    ACCEPTED("\"prev\":\"" ID_B "\",\"record\":\"finding/$-104\",\"seen\":{\"grade\":[\"" ID_A "\",\"" ID_C
             "\"]},\"seq\":118",
        "\"prev\":null,\"record\":\"finding/$-104\",\"seq\":1");
    end();
}

TEST(members_missing_or_unknown)
{
    begin();
    REFUSED("\"after\":\"" ID_A "\",", "");
    REFUSED("\"at\":\"2026-11-22T10:11:12+08:00\",", "");
    REFUSED("\"case\":\"BJ-2026-0042\",", "");
    REFUSED("\"form\":\"finding@9f2c41aa03b7d1e2\",", "");
    REFUSED("\"kit\":\"$\",", "");
    REFUSED("\"prev\":\"" ID_B "\",", "");
    REFUSED("\"record\":\"finding/$-104\",", "");
    REFUSED("\"seq\":118,", "");
    REFUSED("\"v\":1,", "");
    REFUSED("\"set\":{\"fact\":\"门没有锁 \\\"D1\\\"\",\"grade\":\"major\"},", "");
    REFUSED("\"v\":1,", "\"v\":1,\"w\":1,");
    REFUSED("{\"after\"", "{\"a\":1,\"after\"");
    REFUSED("\"seen on site\"}", "\"seen on site\",\"x\":null}");
    CHECK(!parse("{}") && !parse("[]") && !parse("null") && !parse("1") && !parse(""));
    end();
}

TEST(wrong_values)
{
    begin();
    REFUSED("\"after\":\"" ID_A, "\"after\":\"A");
    REFUSED("\"after\":\"a", "\"after\":\"A");
    REFUSED("\"after\":\"" ID_A "\"", "\"after\":\"\"");
    REFUSED("\"after\":\"" ID_A "\"", "\"after\":false");
    REFUSED("2026-11-22T", "2026-11-31T");
    REFUSED("+08:00", ".5+08:00");
    REFUSED("BJ-2026-0042", "BJ/2026");
    REFUSED("BJ-2026-0042", "");
    REFUSED("\"kit\":\"$\"", "\"kit\":\"kaaaaaaaaaaa1\"");
    REFUSED("\"kit\":\"$\"", "\"kit\":null");
    REFUSED("\"new\":true", "\"new\":false");
    REFUSED("\"new\":true", "\"new\":1");
    REFUSED("\"prev\":\"b", "\"prev\":\"x");
    REFUSED("finding/$-104", "finding/$-0");
    REFUSED("finding/$-104", "finding/$");
    REFUSED("\"seq\":118", "\"seq\":0");
    REFUSED("\"seq\":118", "\"seq\":-1");
    REFUSED("\"seq\":118", "\"seq\":\"118\"");
    REFUSED("\"v\":1", "\"v\":2");
    REFUSED("\"v\":1", "\"v\":true");
    REFUSED("\"why\":\"seen on site\"", "\"why\":\"\"");
    REFUSED("\"why\":\"seen on site\"", "\"why\":null");
    end();
}

TEST(form_and_record_have_one_type)
{
    begin();
    REFUSED("form\":\"finding@", "form\":\"sample@");
    REFUSED("form\":\"finding@", "form\":\"findings@");
    REFUSED("form\":\"finding@", "form\":\"findin@");
    REFUSED("form\":\"finding@", "form\":\"finding");
    REFUSED("9f2c41aa03b7d1e2", "9f2c41aa03b7d1e");
    REFUSED("9f2c41aa03b7d1e2", "9f2c41aa03b7d1e2a");
    REFUSED("9f2c41aa03b7d1e2", "9F2c41aa03b7d1e2");
    REFUSED("record\":\"finding/", "record\":\"sample/");
    end();
}

TEST(only_the_named_kit_creates)
{
    begin();
    REFUSED("record\":\"finding/$", "record\":\"finding/kaaaaaaaaaaaa");
    ACCEPTED("\"new\":true,\"prev\":\"" ID_B "\",\"record\":\"finding/$",
        "\"prev\":\"" ID_B "\",\"record\":\"finding/kaaaaaaaaaaaa");
    end();
}

TEST(prev_is_null_for_the_first_and_only_there)
{
    begin();
    REFUSED("\"prev\":\"" ID_B "\"", "\"prev\":null");
    REFUSED("\"seq\":118", "\"seq\":1");
    ACCEPTED("\"seq\":118", "\"seq\":2");
    ACCEPTED("\"seq\":118", "\"seq\":9007199254740992");
    end();
}

TEST(seen)
{
    begin();
    REFUSED("{\"grade\":[\"" ID_A "\",\"" ID_C "\"]}", "{}");
    REFUSED("[\"" ID_A "\",\"" ID_C "\"]", "[]");
    REFUSED("[\"" ID_A "\",\"" ID_C "\"]", "\"" ID_A "\"");
    REFUSED("[\"" ID_A "\",\"" ID_C "\"]", "[null]");
    REFUSED("[\"" ID_A "\",\"" ID_C "\"]", "[\"" ID_C "\",\"" ID_A "\"]");
    REFUSED("[\"" ID_A "\",\"" ID_C "\"]", "[\"" ID_A "\",\"" ID_A "\"]");
    REFUSED("{\"grade\":[", "{\"grad\":[");
    REFUSED("{\"grade\":[", "{\"zeal\":[");
    REFUSED("\"seen\":{", "\"seen\":{\"a\":[\"" ID_A "\"],");
    ACCEPTED("\"seen\":{", "\"seen\":{\"fact\":[\"" ID_B "\"],");
    end();
}

TEST(set)
{
    begin();
    REFUSED("\"set\":{\"fact\":\"门没有锁 \\\"D1\\\"\",\"grade\":\"major\"}", "\"set\":{}");
    REFUSED("\"set\":{\"fact\":\"门没有锁 \\\"D1\\\"\",\"grade\":\"major\"}", "\"set\":[1]");
    REFUSED("{\"fact\":", "{\"\":");
    REFUSED("{\"fact\":", "{\"a b\":");
    REFUSED("{\"fact\":", "{\"a\\nb\":");
    REFUSED("{\"fact\":", "{\"a\\u202eb\":");
    REFUSED("{\"fact\":", "{\"\xf0\x9f\x98\x82\":");
    REFUSED("\"grade\":\"major\"", "\"grade\":\"major\",\"x\":{\"a b\":1}");
    REFUSED("\"grade\":\"major\"", "\"grade\":\"major\",\"x\":[{\"\":1}]");
    ACCEPTED("\"grade\":\"major\"", "\"grade\":\"major\",\"of.finding/kaaaaaaaaaaaa-1\":true,\"附注\":null");
    ACCEPTED("\"grade\":\"major\"", "\"grade\":\"major\",\"x\":[{\"~a\":[1,{}]},-7]");
    end();
}

TEST(only_canonical_bytes)
{
    begin();
    REFUSED("{\"after\"", "{ \"after\"");
    REFUSED("\"seen on site\"}", "\"seen on site\"}\n");
    REFUSED("seen on site", "seen \\u006fn site");
    REFUSED("seen on site", "seen on\\/site");
    REFUSED("\"seq\":118,", "");
    REFUSED("\"v\":1,", "\"v\":1,\"v\":1,");
    REFUSED("\"fact\":\"门没有锁 \\\"D1\\\"\",\"grade\":\"major\"", "\"grade\":\"major\",\"fact\":1");
    REFUSED("\"seq\":118", "\"seq\":118.0");
    end();
}

/* `levels` arrays in one another as a value: the entry and its set are two levels more. */
static const char *nested(int levels)
{
    char value[256] = "\"grade\":\"major\",\"x\":";
    for (int i = 0; i < levels; i++) strcat(value, "[");
    for (int i = 0; i < levels; i++) strcat(value, "]");
    return fill(fill(VALID, "\"grade\":\"major\"", value), NULL, NULL);
}

TEST(limits)
{
    begin();
    static char large[ENTRY_MAX_BYTES + 1];
    size_t rest = strlen(fill(VALID, "seen on site", ""));
    memset(large, 'x', sizeof large);
    large[ENTRY_MAX_BYTES - rest] = '\0';
    ACCEPTED("seen on site", large);
    strcat(large, "x");
    REFUSED("seen on site", large);
    CHECK(parse(nested(30)) && !parse(nested(31)));
    end();
}

/* Whatever one byte is turned into, it is refused, or it is another entry: never the same id with other
 * bytes. */
TEST(every_single_byte_change)
{
    begin();
    const char *valid = fill(VALID, NULL, NULL);
    size_t len = strlen(valid), accepted = 0, same = 0;
    const struct entry *e = parse(valid);
    int step = test_full ? 1 : 11;
    for (size_t i = 0; i < len; i++) {
        for (int c = (int)(i % (size_t)step); c < 256; c += step) {
            struct arena a;
            const struct entry *other;
            char text[2048];
            memcpy(text, valid, len + 1);
            if (text[i] == (char)c) continue;
            text[i] = (char)c;
            arena_init(&a);
            if (entry_parse(&other, &a, text, len) == 0) {
                accepted++;
                if (strcmp(other->id, e->id) == 0 || memcmp(other->bytes, text, len) != 0) same++;
            }
            arena_release(&a);
        }
    }
    CHECK(accepted > 0 && same == 0);
    end();
}

/* An entry of `n` values in all. */
static bool accepted_with(size_t n)
{
    struct buf many;
    const size_t others = 19; /* of VALID, and the list itself */
    buf_init(&many, ENTRY_MAX_BYTES);
    buf_adds(&many, "\"set\":{\"fact\":[0");
    for (size_t i = others + 1; i < n; i++) buf_adds(&many, ",0");
    buf_adds(&many, "]");
    bool accepted =
        parse(fill(fill(VALID, "\"set\":{\"fact\":\"门没有锁 \\\"D1\\\"\"", buf_str(&many)), NULL, NULL));
    CHECK(accepted || strstr(err_message(), "values"));
    buf_release(&many);
    err_clear();
    return accepted;
}

TEST(values_have_a_limit)
{
    begin();
    CHECK(accepted_with(100) && accepted_with(ENTRY_MAX_VALUES));
    CHECK(!accepted_with(ENTRY_MAX_VALUES + 1));
    end();
}

TEST(every_truncation_is_refused)
{
    begin();
    const char *valid = fill(VALID, NULL, NULL);
    const struct entry *e;
    for (size_t len = 0; len < strlen(valid); len++) CHECK(entry_parse(&e, &arena, valid, len) == ERR_INPUT);
    end();
}

/* ---- making ---- */

static struct entry draft(const struct entry_field *fields, size_t len)
{
    return (struct entry){.at = "2026-11-22T10:11:12Z",
        .case_name = "register",
        .form = "person@0123456789abcdef",
        .kit = kit,
        .record = arena_printf(&arena, "person/%s-1", kit),
        .seq = 1,
        .creates = true,
        .fields = fields,
        .fields_len = len};
}

static const struct entry *make(const struct entry *d)
{
    const struct entry *e = NULL;
    int rc = entry_make(&e, &arena, d, &signer);
    CHECK((rc == 0) == (e != NULL) && (rc == 0 || rc == ERR_INPUT));
    return e;
}

TEST(made_entries_read_back)
{
    begin();
    static const char *const seen[] = {ID_A, ID_B};
    struct entry_field fields[] = {
        {"name", jv_string(&arena, "张三"), NULL, 0}, {"email", jv_null(&arena), seen, 2}};
    struct entry d = draft(fields, 2);
    d.why = "line\nend";
    const struct entry *e = make(&d),
                       *again = parse(arena_strndup(&arena, (const char *)e->bytes, e->bytes_len));
    CHECK(again && memcmp(again->bytes, e->bytes, e->bytes_len) == 0);
    CHECK_STR(again->id, e->id);
    CHECK_STR(again->why, "line\nend");
    CHECK_STR(again->fields[0].name, "email");
    CHECK(again->fields[0].seen_len == 2 && !again->prev && !again->after && again->creates);
    CHECK(entry_signature_good(e, signer.public_key));
    CHECK(!entry_signature_good(again, signer.public_key));
    end();
}

TEST(nothing_is_made_that_would_be_refused)
{
    begin();
    static const char *const unsorted[] = {ID_B, ID_A};
    struct entry_field good[] = {{"name", jv_string(&arena, "x"), NULL, 0},
        {"email", jv_null(&arena), NULL, 0}},
                       twice[] = {good[0], good[0]}, bad_name[] = {{"a b", good[0].value, NULL, 0}},
                       bad_seen[] = {{"name", good[0].value, unsorted, 2}},
                       not_utf8[] = {{"name", jv_string(&arena, "\xff"), NULL, 0}};
    struct entry d = draft(good, 2), second = d, no_reason = d, no_time = d;
    second.seq = 2;
    no_reason.why = "";
    no_time.at = NULL;
    CHECK(make(&d) && !make(&second) && !make(&no_reason) && !make(&no_time));
    d = draft(good, 0);
    CHECK(!make(&d));
    d = draft(twice, 2);
    CHECK(!make(&d));
    d = draft(bad_name, 1);
    CHECK(!make(&d));
    d = draft(bad_seen, 1);
    CHECK(!make(&d));
    d = draft(not_utf8, 1);
    CHECK(!make(&d));
    end();
}

/* ---- lines and files ---- */

static const struct entry *sample(void)
{
    struct entry_field fields[] = {{"name", jv_string(&arena, "张三"), NULL, 0}};
    struct entry d = draft(fields, 1);
    return make(&d);
}

typedef void write_fn(struct buf *, const struct entry *, const unsigned char *);
typedef int read_fn(struct entry **, struct arena *, unsigned char *, const void *, size_t);

static int read_line(struct entry **out, struct arena *a, unsigned char *key, const void *bytes, size_t len)
{
    if (len == 0 || ((const char *)bytes)[len - 1] != '\n') return ERR_INPUT;
    return entry_line_parse(out, a, key, bytes, len - 1);
}

/* What is written reads back, and every changed byte is refused, or fails the signature, or names another
 * key. */
static void check_signed(write_fn *write, read_fn *read)
{
    begin();
    struct buf b;
    const struct entry *e = sample();
    struct entry *again;
    unsigned char key[KEY_SIZE];
    int survived = 0;
    buf_init(&b, 4096);
    write(&b, e, signer.public_key);
    CHECK_OK(read(&again, &arena, key, b.data, b.len));
    CHECK_STR(again->id, e->id);
    CHECK(memcmp(key, signer.public_key, KEY_SIZE) == 0 && entry_signature_good(again, key));
    for (size_t i = 0; i < b.len; i++) {
        for (int bit = 0; bit < 8; bit++) {
            b.data[i] ^= (unsigned char)(1 << bit);
            if (read(&again, &arena, key, b.data, b.len) == 0 && entry_signature_good(again, key)) survived++;
            b.data[i] ^= (unsigned char)(1 << bit);
        }
        CHECK(read(&again, &arena, key, b.data, i) == ERR_INPUT);
    }
    CHECK(survived == 0);
    buf_addc(&b, '\n');
    CHECK(read(&again, &arena, key, b.data, b.len) == ERR_INPUT);
    buf_release(&b);
    end();
}

TEST(lines)
{
    check_signed(entry_line_write, read_line);
}

TEST(files)
{
    check_signed(entry_file_write, entry_file_parse);
}

TEST(a_line_is_json_and_names_its_key)
{
    begin();
    struct buf b;
    const struct jv *v;
    const struct entry *e = sample();
    struct entry *again;
    struct signer other;
    unsigned char key[KEY_SIZE], seed[KEY_SIZE] = {9};
    buf_init(&b, 4096);
    entry_line_write(&b, e, signer.public_key);
    CHECK_OK(json_parse(&v, &arena, b.data, b.len, 33, 0));
    CHECK(v->len == 2 && jv_get_int(jv_get(v, "entry"), "v", 0) == 1 && strlen(jv_get_str(v, "sig")) == 244);
    buf_clear(&b);
    CHECK_OK(seed_signer(&other, seed));
    entry_line_write(&b, e, other.public_key);
    CHECK(entry_line_parse(&again, &arena, key, buf_str(&b), b.len - 1) == ERR_INPUT);
    buf_release(&b);
    end();
}

static void save(const char *path, const void *bytes, size_t len)
{
    FILE *f = fopen(path, "wb");
    CHECK(f && fwrite(bytes, 1, len, f) == len && fclose(f) == 0);
}

/* The two parts of a file of log/ as `ssh-keygen -Y verify` takes them. */
TEST(ssh_keygen_verifies_a_file)
{
    if (system("command -v ssh-keygen >/dev/null 2>&1") != 0) SKIP("no ssh-keygen");
    begin();
    char folder[] = "/tmp/test-entry-XXXXXX", command[512];
    struct buf b, allowed;
    const struct entry *e = sample();
    CHECK(mkdtemp(folder) && chdir(folder) == 0);
    buf_init(&b, 4096);
    buf_init(&allowed, 4096);
    entry_file_write(&b, e, signer.public_key);
    save("entry", b.data, e->bytes_len);
    save("entry.sig", b.data + e->bytes_len + 1, b.len - e->bytes_len - 1);
    buf_addf(&allowed, "%s ", kit);
    ssh_key_line_write(&allowed, signer.public_key, NULL);
    buf_addc(&allowed, '\n');
    save("allowed", allowed.data, allowed.len);
    snprintf(command, sizeof command,
        "ssh-keygen -Y verify -f allowed -I %s -n entry@satchel -s entry.sig < entry >/dev/null 2>&1", kit);
    CHECK(system(command) == 0);
    save("entry", "other", 5);
    CHECK(system(command) != 0);
    CHECK(remove("entry") == 0 && remove("entry.sig") == 0 && remove("allowed") == 0 && rmdir(folder) == 0);
    buf_release(&b);
    buf_release(&allowed);
    end();
}

int main(int argc, char **argv)
{
    return test_main(argc, argv);
}
