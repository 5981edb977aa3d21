/* Bodies between kit and hub. The first byte says which; what carries no signature and is accepted is written back as the
 * same bytes. */
#include <stdlib.h>
#include <string.h>

#include "satchel/format/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int read_and_write(struct buf *out, struct arena *a, int which, const uint8_t *data, size_t size)
{
    struct wire_hello hello;
    struct wire_state state;
    struct wire_session session;
    struct wire_case *cases;
    size_t len;
    int rc;
    switch (which) {
    case 0:
        rc = wire_hello_read(&hello, a, data, size);
        return rc ? rc : wire_hello_write(out, &hello);
    case 1:
        rc = wire_state_read(&state, a, data, size);
        return rc ? rc : wire_state_write(out, &state);
    case 2:
        rc = wire_session_read(&session, a, data, size);
        return rc ? rc : wire_session_write(out, &session);
    default:
        rc = wire_have_read(&cases, &len, a, data, size);
        return rc ? rc : wire_have_write(out, cases, len);
    }
}

static void read_signed(struct arena *a, int which, const uint8_t *data, size_t size)
{
    static const unsigned char key[KEY_SIZE] = {7};
    struct wire_welcome welcome;
    struct wire_login login;
    char challenge[WIRE_TOKEN_SIZE];
    memset(challenge, 'a', sizeof challenge - 1);
    challenge[sizeof challenge - 1] = '\0';
    if (which == 4) {
        (void)!wire_welcome_read(&welcome, a, "kaaaaaaaaaaaa", challenge, key, data, size);
    } else if (which == 5) {
        (void)!wire_login_read(&login, a, data, size);
    } else {
        (void)wire_error_read(a, data, size);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena a;
    struct buf out;
    if (size == 0) return 0;
    int which = data[0] % 7;
    arena_init(&a);
    buf_init(&out, BUF_UNLIMITED);
    if (which > 3)
        read_signed(&a, which, data + 1, size - 1);
    else if (read_and_write(&out, &a, which, data + 1, size - 1) == 0 &&
             (out.len != size - 1 || memcmp(out.data, data + 1, out.len) != 0))
        abort();
    buf_release(&out);
    arena_release(&a);
    return 0;
}
