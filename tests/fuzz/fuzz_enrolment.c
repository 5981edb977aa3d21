/* Requests and enrolments from outside. First byte 0: as they are. Else: up to the first newline the signed
 * line, in which \1 stands for the signer's key, \2 for its kit and \3 for its recipient; it is signed here,
 * or nothing after the signature would be looked at. What is accepted is written back as the same bytes. */
#include <stdlib.h>
#include <string.h>

#include "satchel/format/age.h"
#include "satchel/format/enrolment.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must_be(struct buf *written, const struct buf *read)
{
    if (buf_error(written) || written->len != read->len || memcmp(written->data, read->data, read->len) != 0)
        abort();
}

static void put_line(struct buf *out, const struct signer *by, const uint8_t *line, size_t len)
{
    char kit[KIT_ID_SIZE], recipient[AGE_RECIPIENT_SIZE];
    kit_id_of(kit, by->public_key);
    age_recipient_write(recipient, by->public_key);
    for (size_t i = 0; i < len; i++) {
        if (line[i] == 1)
            ssh_key_line_write(out, by->public_key, NULL);
        else if (line[i] == 2)
            buf_adds(out, kit);
        else if (line[i] == 3)
            buf_adds(out, recipient);
        else
            buf_addc(out, line[i]);
    }
}

static void put_signed(
    struct buf *out, const struct signer *by, const char *ns, const uint8_t *data, size_t size)
{
    unsigned char sig[SIGNATURE_SIZE];
    const uint8_t *end = size ? memchr(data, '\n', size) : NULL;
    size_t len = end ? (size_t)(end - data) : size;
    put_line(out, by, data, len);
    if (sshsig_sign(sig, by, ns, out->data, out->len)) abort();
    buf_addc(out, '\n');
    sshsig_armor(out, sig, by->public_key, ns);
    if (end) buf_add(out, end + 1, size - len - 1);
}

static void read_both(const struct buf *bytes, const struct signer *by)
{
    struct request r;
    struct enrolment e;
    struct arena a;
    struct buf written;
    arena_init(&a);
    buf_init(&written, BUF_UNLIMITED);
    if (request_read(&r, &a, bytes->data, bytes->len) == 0) {
        if (request_write(&written, &r, by)) abort();
        must_be(&written, bytes);
    }
    buf_clear(&written);
    if (enrolment_read(&e, &a, bytes->data, bytes->len) == 0) {
        if (enrolment_write(&written, &e, by)) abort();
        must_be(&written, bytes);
    }
    buf_release(&written);
    arena_release(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const spaces[] = {NAMESPACE_REQUEST, NAMESPACE_ENROLMENT};
    static const unsigned char seed[KEY_SIZE] = {7};
    struct signer by;
    struct buf bytes;
    if (size == 0 || seed_signer(&by, seed)) return 0;
    buf_init(&bytes, BUF_UNLIMITED);
    if (data[0])
        put_signed(&bytes, &by, spaces[data[0] % 2], data + 1, size - 1);
    else
        buf_add(&bytes, data + 1, size - 1);
    if (buf_error(&bytes)) abort();
    read_both(&bytes, &by);
    buf_release(&bytes);
    return 0;
}
