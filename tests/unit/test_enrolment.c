/* Enrolments with and without the hub's address; what is wrong with one is refused. */
#include "test.h"

#include "satchel/format/enrolment.h"

#define LINES "{\"a\":1}\n{\"b\":2}\n"

struct desk {
    struct arena arena;
    struct signer admin;
    struct enrolment e;
    struct buf bytes;
};

static void desk_open(struct desk *d, const char *url, const char *pin)
{
    static char kit[KIT_ID_SIZE];
    unsigned char seed[KEY_SIZE] = {7};
    memset(d, 0, sizeof *d);
    arena_init(&d->arena);
    buf_init(&d->bytes, ENROLMENT_MAX_BYTES);
    CHECK_OK(seed_signer(&d->admin, seed));
    kit_id_of(kit, d->admin.public_key);
    d->e = (struct enrolment){.at = "2026-11-22T10:11:12+08:00", .by = kit, .for_kit = kit, .hub_name = "HQ", .url = url, .pin = pin,
        .lines = LINES, .lines_len = strlen(LINES)};
    memcpy(d->e.hub_key, d->admin.public_key, KEY_SIZE);
    memcpy(d->e.root, d->admin.public_key, KEY_SIZE);
    CHECK_OK(x25519_public(d->e.hub_recipient, seed));
    CHECK_OK(enrolment_write(&d->bytes, &d->e, &d->admin));
}

static void desk_close(struct desk *d)
{
    buf_release(&d->bytes);
    arena_release(&d->arena);
}

/* Signs the line anew, with one text in it changed. */
static int read_changed(struct desk *d, const char *from, const char *to)
{
    unsigned char sig[SIGNATURE_SIZE];
    struct buf line, file;
    struct enrolment out;
    const char *end = strchr(buf_str(&d->bytes), '\n'), *at = strstr(buf_str(&d->bytes), from);
    buf_init(&line, 1 << 20);
    buf_init(&file, 1 << 20);
    CHECK(at && at < end);
    if (at) {
        buf_add(&line, d->bytes.data, (size_t)(at - buf_str(&d->bytes)));
        buf_adds(&line, to);
        buf_add(&line, at + strlen(from), (size_t)(end - at) - strlen(from));
    }
    CHECK_OK(sshsig_sign(sig, &d->admin, NAMESPACE_ENROLMENT, line.data, line.len));
    buf_add(&file, line.data, line.len);
    buf_addc(&file, '\n');
    sshsig_armor(&file, sig, d->admin.public_key, NAMESPACE_ENROLMENT);
    buf_adds(&file, LINES);
    int rc = enrolment_read(&out, &d->arena, file.data, file.len);
    buf_release(&line);
    buf_release(&file);
    return rc;
}

static void check_address(const char *url, const char *pin)
{
    struct desk d;
    struct enrolment out;
    desk_open(&d, url, pin);
    CHECK_OK(enrolment_read(&out, &d.arena, d.bytes.data, d.bytes.len));
    CHECK(url ? out.url && strcmp(out.url, url) == 0 : !out.url);
    CHECK(pin ? out.pin && strcmp(out.pin, pin) == 0 : !out.pin);
    CHECK_STR(out.hub_name, "HQ");
    desk_close(&d);
}

TEST(one_without_an_address_is_as_ever) { check_address(NULL, NULL); }
TEST(one_with_an_address) { check_address("https://hub.example.org/satchel", NULL); }
TEST(one_with_an_address_and_a_pin) { check_address("https://hub.example.org", "sha256//AAAA="); }

TEST(the_old_bytes_have_no_trace_of_it)
{
    struct desk d;
    desk_open(&d, NULL, NULL);
    CHECK(!strstr(buf_str(&d.bytes), "remote"));
    desk_close(&d);
}

#define REFUSES(from, to)                                                                                              \
    do {                                                                                                               \
        struct desk d;                                                                                                 \
        desk_open(&d, "https://h.example", "sha256//AAAA=");                                                           \
        CHECK(read_changed(&d, from, to) == ERR_INPUT);                                                                \
        desk_close(&d);                                                                                                \
    } while (0)

TEST(the_change_itself_is_not_what_is_refused)
{
    struct desk d;
    desk_open(&d, "https://h.example", "sha256//AAAA=");
    CHECK_OK(read_changed(&d, "h.example", "g.example"));
    desk_close(&d);
}
TEST(an_address_that_is_no_text) { REFUSES("\"https://h.example\"", "7"); }
TEST(an_address_that_is_empty) { REFUSES("https://h.example", ""); }
TEST(a_pin_that_is_no_text) { REFUSES("\"sha256//AAAA=\"", "[]"); }
TEST(a_pin_that_is_left_out) { REFUSES("\"pin\":\"sha256//AAAA=\",", ""); }
TEST(a_member_more) { REFUSES("\"pin\":\"sha256//AAAA=\"", "\"pen\":1,\"pin\":\"sha256//AAAA=\""); }
TEST(a_remote_that_is_none) { REFUSES("{\"pin\":\"sha256//AAAA=\",\"url\":\"https://h.example\"}", "null"); }
TEST(a_member_more_beside_it) { REFUSES("\"remote\":", "\"qemote\":1,\"remote\":"); }

int main(int argc, char **argv)
{
    return test_main(argc, argv);
}
