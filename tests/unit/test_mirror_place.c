/* Addresses of mirrors. */
#include "satchel/link/mirror.h"

#include "test.h"

static struct arena arena;
static struct mirror_place place;

static bool reads(const char *address, enum mirror_kind kind)
{
    memset(&place, 0, sizeof place);
    return mirror_place_read(&place, &arena, address) == 0 && place.kind == kind;
}

static bool refused(const char *address)
{
    struct mirror_place p;
    return mirror_place_read(&p, &arena, address) == ERR_INPUT;
}

TEST(https)
{
    CHECK(reads("https://git.example.org/hq/cases.git/", MIRROR_HTTP));
    CHECK_STR(place.url, "https://git.example.org/hq/cases.git");
    CHECK_STR(place.origin, "https://git.example.org");
    CHECK(!place.user && !place.password);
}

TEST(a_password_is_nowhere_but_in_its_place)
{
    CHECK(reads("https://me%40x:p%3A%2Fw@git.example.org:8443/a.git", MIRROR_HTTP));
    CHECK_STR(place.user, "me@x");
    CHECK_STR(place.password, "p:/w");
    CHECK_STR(place.url, "https://git.example.org:8443/a.git");
    CHECK_STR(place.shown, "https://git.example.org:8443/a.git");
}

TEST(a_password_is_in_no_message)
{
    CHECK(refused("https://me:s3cret@git.example.org/a b.git"));
    CHECK(!strstr(err_message(), "s3cret"));
    CHECK(refused("https://me:s3cret@git.example.org/a.git?x"));
    CHECK(!strstr(err_message(), "s3cret"));
    CHECK(refused("ssh://me:s3cret@git.example.org/a.git"));
    CHECK(!strstr(err_message(), "s3cret"));
}

TEST(plain_http_is_for_this_machine)
{
    CHECK(reads("http://127.0.0.1:8080/a.git", MIRROR_HTTP));
    CHECK(reads("http://[::1]:8080/a.git", MIRROR_HTTP));
    CHECK(refused("http://git.example.org/a.git"));
    CHECK(refused("http://127.0.0.1.example.org/a.git"));
    CHECK(refused("http://localhost@git.example.org/a.git"));
}

TEST(s3)
{
    CHECK(reads("s3+https://key:secret@s3.example.org/bucket/some/where", MIRROR_S3));
    CHECK_STR(place.url, "https://s3.example.org/bucket/some/where");
    CHECK_STR(place.shown, "s3+https://s3.example.org/bucket/some/where");
    CHECK(refused("s3+https://s3.example.org/"));
    CHECK(refused("s3+http://s3.example.org/bucket"));
}

TEST(ssh)
{
    CHECK(reads("ssh://git@host:2222/srv/a.git", MIRROR_SSH));
    CHECK_STR(place.user, "git");
    CHECK_STR(place.host, "host");
    CHECK_STR(place.port, "2222");
    CHECK_STR(place.path, "/srv/a.git");
    CHECK(reads("ssh://host/~me/a.git", MIRROR_SSH));
    CHECK_STR(place.path, "~me/a.git");
    CHECK(reads("ssh://[fe80::1]:22/a", MIRROR_SSH));
    CHECK_STR(place.host, "fe80::1");
    CHECK(reads("git@host:hq/a.git", MIRROR_SSH));
    CHECK_STR(place.path, "hq/a.git");
}

TEST(ssh_gets_no_options)
{
    CHECK(refused("ssh://-oProxyCommand=x/a"));
    CHECK(refused("ssh://-l@host/a"));
    CHECK(refused("-oProxyCommand=x:a"));
    CHECK(refused("ssh://host:22x/a"));
    CHECK(refused("ssh://me:secret@host/a"));
    CHECK(refused("ssh://host"));
}

TEST(others)
{
    CHECK(refused(""));
    CHECK(refused("git://host/a.git"));
    CHECK(refused("ftp://host/a.git"));
    CHECK(refused("https://"));
    CHECK(refused("https://host/a?b"));
    CHECK(refused("https://host/a\nb"));
    CHECK(reads("/tmp", MIRROR_FOLDER));
    CHECK(reads("file:///tmp", MIRROR_FOLDER));
    CHECK(mirror_place_read(&place, &arena, "/tmp/no/such/folder") == ERR_ROAD);
}

TEST(where_evidence_goes_when_nobody_says)
{
    struct mirror_place out;
    struct mirror_options o = {.patience_seconds = 1};
    CHECK(reads("https://me:pw@git.example.org/hq/a", MIRROR_HTTP));
    CHECK_OK(mirror_evidence_place(&out, &arena, &place, &o));
    CHECK_STR(out.url, "https://git.example.org/hq/a.git/info/lfs");
    CHECK_STR(out.password, "pw");
    CHECK(reads("https://git.example.org/hq/a.git", MIRROR_HTTP));
    CHECK_OK(mirror_evidence_place(&out, &arena, &place, &o));
    CHECK_STR(out.url, "https://git.example.org/hq/a.git/info/lfs");
}

int main(int argc, char **argv)
{
    arena_init(&arena);
    int failed = test_main(argc, argv);
    arena_release(&arena);
    return failed;
}
