/* What a kit says to open a session, for shell tests that talk to the hub with curl:
 *   wire_kit STORE hello            a hello (its challenge is all a)
 *   wire_kit STORE login < WELCOME  the login that answers it; ends with 1 where it is not of the kit's hub
 *   wire_kit STORE login-to HUB KIT NONCE  a login with these words, whatever they are */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "satchel/base/os.h"
#include "satchel/format/wire.h"
#include "satchel/scheme/scheme.h"
#include "satchel/store/store.h"

static char challenge[WIRE_TOKEN_SIZE];

static int say(const struct store *s, int argc, char **argv, struct arena *a, struct buf *out)
{
    if (strcmp(argv[2], "hello") == 0)
        return wire_hello_write(out, &(struct wire_hello){.challenge = challenge, .kit = store_kit(s)});
    if (strcmp(argv[2], "login-to") == 0 && argc == 6)
        return wire_login_write(out, argv[3], argv[4], argv[5], store_signer(s));
    struct wire_welcome w;
    const struct hub_identity *hub = store_hub(s);
    static char bytes[1 << 16];
    size_t len = fread(bytes, 1, sizeof bytes, stdin);
    int rc = hub ? 0 : err_set(ERR_INPUT, "no hub was joined");
    if (rc == 0) rc = wire_welcome_read(&w, a, store_kit(s), challenge, hub->public_key, bytes, len);
    return rc ? rc : wire_login_write(out, w.hub, store_kit(s), w.nonce, store_signer(s));
}

int main(int argc, char **argv)
{
    struct forms *forms = NULL;
    struct schemes *schemes = NULL;
    struct store *store = NULL;
    struct arena a;
    struct buf secret, out;
    const char *file = getenv("SATCHEL_PASSPHRASE_FILE");
    if (argc < 3 || !file) return 2;
    memset(challenge, 'a', sizeof challenge - 1);
    arena_init(&a);
    buf_init(&secret, 1024);
    buf_init(&out, WIRE_BODY_MAX);
    int rc = file_read(file, &secret);
    if (rc == 0 && secret.len && secret.data[secret.len - 1] == '\n') secret.data[--secret.len] = '\0';
    if (rc == 0) rc = forms_new(&forms);
    if (rc == 0) rc = schemes_new(&schemes, forms);
    if (rc == 0) rc = store_open(&store, argv[1], buf_str(&secret), forms);
    if (rc == 0) rc = say(store, argc, argv, &a, &out);
    if (rc == 0) fwrite(out.data, 1, out.len, stdout);
    if (rc) fprintf(stderr, "wire_kit: %s\n", err_message());
    store_close(store);
    schemes_free(schemes);
    forms_free(forms);
    buf_release(&secret);
    buf_release(&out);
    arena_release(&a);
    return rc ? 1 : 0;
}
