/* OpenSSH's formats: our own reading of our own writing, hostile variants, and stock ssh-keygen both ways. */
#define _POSIX_C_SOURCE 200809L /* mkdtemp */
#include "test.h"

#include <sys/stat.h>
#include <unistd.h>

#include "satchel/base/os.h"
#include "satchel/format/names.h"
#include "satchel/format/ssh.h"

#define NS NAMESPACE_ENTRY
#define MESSAGE "a signed entry\n"

static const unsigned char seed[KEY_SIZE] = {42, 1, 2, 3};

static struct signer me(void)
{
    struct signer s = {.sign = NULL};
    CHECK_OK(seed_signer(&s, seed));
    return s;
}

static struct buf armored(void)
{
    struct signer s = me();
    unsigned char sig[SIGNATURE_SIZE] = {0};
    struct buf out;
    CHECK_OK(sshsig_sign(sig, &s, NS, MESSAGE, strlen(MESSAGE)));
    buf_init(&out, BUF_UNLIMITED);
    sshsig_armor(&out, sig, s.public_key, NS);
    CHECK_OK(buf_error(&out));
    return out;
}

TEST(key_line_round_trip)
{
    struct signer s = me();
    unsigned char key[KEY_SIZE];
    struct buf line;
    buf_init(&line, 200);
    ssh_key_line_write(&line, s.public_key, NULL);
    CHECK_OK(ssh_key_line_read(key, buf_str(&line)));
    CHECK(memcmp(key, s.public_key, KEY_SIZE) == 0);
    buf_clear(&line);
    ssh_key_line_write(&line, s.public_key, "wang wei's kit");
    CHECK_OK(ssh_key_line_read(key, buf_str(&line)));
    buf_release(&line);
}

#define KEY64 "AAAAC3NzaC1lZDI1NTE5AAAAIAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8g"

/* The domain macro: this key line is refused. */
#define BAD_LINE(line)                                                                                       \
    do {                                                                                                     \
        unsigned char key_[KEY_SIZE];                                                                        \
        CHECK(ssh_key_line_read(key_, line) == ERR_INPUT);                                                   \
    } while (0)

TEST(key_lines_that_are_refused)
{
    unsigned char key[KEY_SIZE];
    CHECK_OK(ssh_key_line_read(key, "ssh-ed25519 " KEY64));
    CHECK(key[0] == 1 && key[31] == 32);
    BAD_LINE("");
    BAD_LINE("ssh-ed25519");
    BAD_LINE("ssh-ed25519 ");
    BAD_LINE(" ssh-ed25519 " KEY64);
    BAD_LINE("ssh-ed25519  " KEY64);
    BAD_LINE("ssh-ed25519 " KEY64 "\n");
    BAD_LINE("ssh-ed25519 " KEY64 " a\nssh-ed25519 " KEY64);
    BAD_LINE("ssh-ed25519 " KEY64 "AAAA");
    BAD_LINE("ssh-ed25519 " KEY64 "=");
    BAD_LINE("ssh-rsa " KEY64);
    BAD_LINE("ssh-ed25519 BBBB" KEY64);
    BAD_LINE("command=\"x\" ssh-ed25519 " KEY64);
    BAD_LINE("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAHwECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8g");
}

TEST(fingerprint_is_of_43_characters)
{
    unsigned char key[KEY_SIZE] = {0};
    char text[52];
    ssh_fingerprint(text, key);
    CHECK(strncmp(text, "SHA256:", 7) == 0 && strlen(text) == 50);
}

TEST(private_key_round_trip)
{
    static const char *const comments[] = {
        NULL, "a", "ab", "abc", "abcd", "abcde", "abcdef", "abcdefg", "a kit"};
    for (size_t i = 0; i < sizeof comments / sizeof *comments; i++) {
        unsigned char back[KEY_SIZE];
        struct buf file;
        buf_init(&file, 2000);
        ssh_private_key_write(&file, seed, comments[i]);
        CHECK_OK(buf_error(&file));
        CHECK_OK(ssh_private_key_read(back, file.data, file.len));
        CHECK(memcmp(back, seed, KEY_SIZE) == 0);
        buf_release(&file);
    }
}

TEST(private_key_with_any_byte_changed_is_refused_or_the_same)
{
    unsigned char back[KEY_SIZE];
    struct buf file;
    int refused = 0;
    buf_init(&file, 2000);
    ssh_private_key_write(&file, seed, "kit");
    for (size_t i = 0; i < file.len; i++) {
        file.data[i] ^= 1;
        int rc = ssh_private_key_read(back, file.data, file.len);
        CHECK(rc == ERR_INPUT || memcmp(back, seed, KEY_SIZE) == 0); /* the comment may change */
        refused += rc != 0;
        file.data[i] ^= 1;
    }
    CHECK(refused > (int)file.len * 9 / 10);
    for (size_t len = 0; len < file.len; len++)
        CHECK(ssh_private_key_read(back, file.data, len) == ERR_INPUT);
    buf_release(&file);
}

TEST(signature_round_trip)
{
    struct signer s = me();
    unsigned char sig[SIGNATURE_SIZE], key[KEY_SIZE];
    struct buf text = armored();
    CHECK_OK(sshsig_armor_read(sig, key, NS, buf_str(&text), text.len));
    CHECK(memcmp(key, s.public_key, KEY_SIZE) == 0);
    CHECK(sshsig_good(sig, key, NS, MESSAGE, strlen(MESSAGE)));
    CHECK(!sshsig_good(sig, key, NS, "other", 5));
    CHECK(!sshsig_good(sig, key, NAMESPACE_BUNDLE, MESSAGE, strlen(MESSAGE)));
    CHECK(sshsig_armor_read(sig, key, NAMESPACE_BUNDLE, buf_str(&text), text.len) == ERR_INPUT);
    buf_release(&text);
}

TEST(armor_with_any_byte_changed_is_not_good)
{
    struct signer s = me();
    unsigned char sig[SIGNATURE_SIZE], key[KEY_SIZE];
    struct buf text = armored();
    for (size_t i = 0; i < text.len; i++) {
        for (int bit = 0; bit < 8; bit++) {
            text.data[i] ^= (unsigned char)(1 << bit);
            bool good = sshsig_armor_read(sig, key, NS, buf_str(&text), text.len) == 0 &&
                        memcmp(key, s.public_key, KEY_SIZE) == 0 &&
                        sshsig_good(sig, key, NS, MESSAGE, strlen(MESSAGE));
            CHECK(!good);
            text.data[i] ^= (unsigned char)(1 << bit);
        }
    }
    for (size_t len = 0; len < text.len; len++)
        CHECK(sshsig_armor_read(sig, key, NS, buf_str(&text), len) == ERR_INPUT);
    buf_release(&text);
}

static void bad_armor(const char *before, const char *after)
{
    unsigned char sig[SIGNATURE_SIZE], key[KEY_SIZE];
    struct buf text = armored(), more;
    buf_init(&more, BUF_UNLIMITED);
    buf_addf(&more, "%s%s%s", before, buf_str(&text), after);
    CHECK(sshsig_armor_read(sig, key, NS, buf_str(&more), more.len) == ERR_INPUT);
    buf_release(&more);
    buf_release(&text);
}

TEST(armor_with_anything_around_it_is_refused)
{
    bad_armor("\n", "");
    bad_armor(" ", "");
    bad_armor("", "\n");
    bad_armor("", "x");
    bad_armor("x\n", "");
}

static struct buf blob(void)
{
    struct signer s = me();
    unsigned char sig[SIGNATURE_SIZE] = {0};
    struct buf out;
    CHECK_OK(sshsig_sign(sig, &s, NS, MESSAGE, strlen(MESSAGE)));
    buf_init(&out, 1000);
    sshsig_blob(&out, sig, s.public_key, NS);
    return out;
}

TEST(blob_with_a_byte_more_or_less_is_refused)
{
    unsigned char sig[SIGNATURE_SIZE], key[KEY_SIZE];
    struct buf b = blob();
    CHECK_OK(sshsig_blob_read(sig, key, NS, b.data, b.len));
    for (size_t len = 0; len < b.len; len++) CHECK(sshsig_blob_read(sig, key, NS, b.data, len) == ERR_INPUT);
    buf_addc(&b, 0);
    CHECK(sshsig_blob_read(sig, key, NS, b.data, b.len) == ERR_INPUT);
    buf_release(&b);
}

TEST(blob_with_sha256_is_refused)
{
    unsigned char sig[SIGNATURE_SIZE], key[KEY_SIZE];
    struct buf b = blob();
    for (size_t i = 0; i + 6 < b.len; i++)
        if (memcmp(b.data + i, "sha512", 6) == 0) memcpy(b.data + i, "sha256", 6);
    CHECK(sshsig_blob_read(sig, key, NS, b.data, b.len) == ERR_INPUT);
    CHECK(strstr(err_message(), "SHA-512"));
    buf_release(&b);
}

/* --- stock ssh-keygen --------------------------------------------------------------------------------- */

static char folder[64];

static bool have_ssh_keygen(void)
{
    if (system("command -v ssh-keygen >/dev/null 2>&1") != 0) return false;
    if (!*folder) {
        strcpy(folder, "/tmp/test_ssh.XXXXXX");
        CHECK(mkdtemp(folder) != NULL);
    }
    return true;
}

static void done(void)
{
    CHECK_OK(os_remove_tree(folder));
    *folder = '\0';
}

/* Runs a shell command in the folder. */
static int run(const char *command)
{
    char line[1000];
    snprintf(line, sizeof line, "cd %s && { %s; } >log 2>&1", folder, command);
    return system(line);
}

static const char *at(const char *name)
{
    static char path[2][128];
    static int next;
    char *p = path[next++ % 2];
    snprintf(p, sizeof path[0], "%s/%s", folder, name);
    return p;
}

static struct buf slurp(const char *name)
{
    struct buf b;
    buf_init(&b, BUF_UNLIMITED);
    CHECK_OK(file_read(at(name), &b));
    return b;
}

static void spit(const char *name, const void *bytes, size_t len)
{
    CHECK_OK(file_write(at(name), bytes, len));
}

/* Our key, key line, fingerprint and allowed signers as files. */
static void write_our_files(void)
{
    struct signer s = me();
    char fingerprint[52];
    struct buf b;
    buf_init(&b, 2000);
    ssh_private_key_write(&b, seed, "kit");
    spit("ours", b.data, b.len);
    buf_clear(&b);
    ssh_key_line_write(&b, s.public_key, NULL);
    spit("ours.line", b.data, b.len);
    buf_clear(&b);
    buf_adds(&b, "me ");
    ssh_key_line_write(&b, s.public_key, NULL);
    buf_addc(&b, '\n');
    spit("allowed", b.data, b.len);
    ssh_fingerprint(fingerprint, s.public_key);
    spit("ours.fingerprint", fingerprint, strlen(fingerprint));
    spit("message", MESSAGE, strlen(MESSAGE));
    buf_release(&b);
}

TEST(ssh_keygen_reads_our_keys)
{
    if (!have_ssh_keygen()) SKIP("no ssh-keygen");
    write_our_files();
    CHECK_OK(run("test \"$(ssh-keygen -y -f ours | cut -d' ' -f1-2)\" = \"$(cat ours.line)\""));
    CHECK_OK(run("ssh-keygen -lf ours | grep -qF \"$(cat ours.fingerprint) kit\""));
    CHECK_OK(run("ssh-keygen -lf ours.line | grep -qF \"$(cat ours.fingerprint)\""));
    done();
}

TEST(ssh_keygen_accepts_our_signature)
{
    if (!have_ssh_keygen()) SKIP("no ssh-keygen");
    struct buf text = armored();
    write_our_files();
    spit("sig", text.data, text.len);
    CHECK_OK(run("ssh-keygen -Y verify -f allowed -I me -n " NS " -s sig <message"));
    CHECK(run("echo other | ssh-keygen -Y verify -f allowed -I me -n " NS " -s sig") != 0);
    CHECK(run("ssh-keygen -Y verify -f allowed -I me -n " NAMESPACE_BUNDLE " -s sig <message") != 0);
    buf_release(&text);
    done();
}

TEST(we_read_the_keys_of_ssh_keygen)
{
    if (!have_ssh_keygen()) SKIP("no ssh-keygen");
    unsigned char theirs[KEY_SIZE], pub[KEY_SIZE], listed[KEY_SIZE];
    for (int i = 0; i < (test_full ? 20 : 2); i++) {
        CHECK_OK(run("rm -f theirs*; ssh-keygen -q -t ed25519 -N '' -f theirs -C 'a comment'"));
        struct buf key = slurp("theirs"), line = slurp("theirs.pub");
        line.data[line.len - 1] = '\0'; /* its newline */
        CHECK_OK(ssh_private_key_read(theirs, key.data, key.len));
        CHECK_OK(ed25519_public(pub, theirs));
        CHECK_OK(ssh_key_line_read(listed, buf_str(&line)));
        CHECK(memcmp(pub, listed, KEY_SIZE) == 0);
        buf_release(&key);
        buf_release(&line);
    }
    done();
}

TEST(we_accept_the_signature_of_ssh_keygen)
{
    if (!have_ssh_keygen()) SKIP("no ssh-keygen");
    unsigned char sig[SIGNATURE_SIZE], key[KEY_SIZE];
    struct buf ours = armored();
    write_our_files();
    CHECK_OK(run("chmod 600 ours; ssh-keygen -q -Y sign -f ours -n " NS " message"));
    struct buf text = slurp("message.sig");
    CHECK_OK(sshsig_armor_read(sig, key, NS, buf_str(&text), text.len));
    CHECK(sshsig_good(sig, key, NS, MESSAGE, strlen(MESSAGE)));
    CHECK_STR(buf_str(&text), buf_str(&ours)); /* Ed25519 is deterministic: the very same bytes */
    buf_release(&text);
    buf_release(&ours);
    done();
}

/* The domain macro: ssh-keygen makes a key in this way, and we refuse it with these words. */
#define BAD_KEY(options, words)                                                                              \
    do {                                                                                                     \
        unsigned char out_[KEY_SIZE];                                                                        \
        CHECK_OK(run("rm -f theirs*; ssh-keygen -q -f theirs " options));                                    \
        struct buf key_ = slurp("theirs");                                                                   \
        CHECK(ssh_private_key_read(out_, key_.data, key_.len) == ERR_INPUT);                                 \
        CHECK(strstr(err_message(), words));                                                                 \
        buf_release(&key_);                                                                                  \
    } while (0)

TEST(other_keys_of_ssh_keygen_are_refused)
{
    if (!have_ssh_keygen()) SKIP("no ssh-keygen");
    BAD_KEY("-t ed25519 -N secret", "passphrase");
    BAD_KEY("-t ecdsa -N ''", "Ed25519");
    BAD_KEY("-t rsa -b 2048 -N ''", "Ed25519");
    BAD_KEY("-t ecdsa -m PEM -N ''", "OpenSSH");
    done();
}

TEST(sha256_signature_of_ssh_keygen_is_refused)
{
    if (!have_ssh_keygen()) SKIP("no ssh-keygen");
    unsigned char sig[SIGNATURE_SIZE], key[KEY_SIZE];
    write_our_files();
    CHECK_OK(run("chmod 600 ours; ssh-keygen -q -Y sign -O hashalg=sha256 -f ours -n " NS " message"));
    struct buf text = slurp("message.sig");
    CHECK(sshsig_armor_read(sig, key, NS, buf_str(&text), text.len) == ERR_INPUT);
    CHECK(strstr(err_message(), "SHA-512"));
    buf_release(&text);
    done();
}

int main(int argc, char **argv)
{
    return test_main(argc, argv);
}
