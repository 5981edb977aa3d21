/* OpenSSH's formats from outside: what is accepted is written back as the same bytes. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "satchel/format/names.h"
#include "satchel/format/ssh.h"

static void must(bool so)
{
    if (!so) abort();
}

static void written_back(const struct buf *written, const uint8_t *data, size_t len)
{
    must(buf_error(written) == 0 && written->len == len && memcmp(written->data, data, len) == 0);
}

static void key_files(const char *text, size_t len)
{
    unsigned char key[KEY_SIZE], again[KEY_SIZE];
    struct buf line;
    if (ssh_key_line_read(key, text) == 0) {
        buf_init(&line, 4096);
        ssh_key_line_write(&line, key, NULL);
        must(ssh_key_line_read(again, buf_str(&line)) == 0 && memcmp(key, again, KEY_SIZE) == 0);
        must(strncmp(text, buf_str(&line), line.len) == 0);
        buf_release(&line);
    }
    (void)ssh_private_key_read(key, text, len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    unsigned char sig[SIGNATURE_SIZE], key[KEY_SIZE];
    struct buf out;
    char *text = malloc(len + 1);
    if (!text) return 0;
    if (len > 0) memcpy(text, data, len);
    text[len] = '\0';

    buf_init(&out, BUF_UNLIMITED);
    if (sshsig_blob_read(sig, key, NAMESPACE_ENTRY, data, len) == 0) {
        sshsig_blob(&out, sig, key, NAMESPACE_ENTRY);
        written_back(&out, data, len);
    }
    if (sshsig_armor_read(sig, key, NAMESPACE_ENTRY, text, len) == 0) {
        sshsig_armor(&out, sig, key, NAMESPACE_ENTRY);
        written_back(&out, data, len);
    }
    key_files(text, len);
    buf_release(&out);
    free(text);
    return 0;
}
