/* The secrets of one run: that of the address, good once, and that of the cookie, good until the program ends. */
#include <stdio.h>
#include <string.h>

#include "parts.h"
#include "satchel/base/os.h"
#include "satchel/base/text.h"

static int new_secret(char out[UI_SECRET_SIZE])
{
    unsigned char bytes[(UI_SECRET_SIZE - 1) / 2];
    int rc = random_bytes(bytes, sizeof bytes);
    if (rc) return rc;
    hex_write(out, bytes, sizeof bytes);
    wipe(bytes, sizeof bytes);
    return 0;
}

int door_init(struct ui *u)
{
    pthread_mutex_init(&u->lock, NULL);
    u->last = os_monotonic_seconds();
    int rc = new_secret(u->door.cookie);
    return rc ? rc : new_secret(u->secret);
}

void door_release(struct ui *u)
{
    wipe(u->secret, sizeof u->secret);
    wipe(&u->door, sizeof u->door);
    pthread_mutex_destroy(&u->lock);
}

void door_busy(struct ui *u, int by)
{
    pthread_mutex_lock(&u->lock);
    u->busy += by;
    u->last = os_monotonic_seconds();
    pthread_mutex_unlock(&u->lock);
}

double ui_idle_seconds(struct ui *u)
{
    pthread_mutex_lock(&u->lock);
    double idle = u->busy ? 0 : os_monotonic_seconds() - u->last;
    pthread_mutex_unlock(&u->lock);
    return idle;
}

const char *ui_address(struct ui *u, struct arena *a)
{
    pthread_mutex_lock(&u->lock);
    const char *s = arena_printf(a, "http://127.0.0.1:%u/enter?secret=%s", u->door.port, u->secret);
    pthread_mutex_unlock(&u->lock);
    return s;
}

static bool is_secret(const char *given, const char *secret)
{
    return strlen(given) == UI_SECRET_SIZE - 1 && same_bytes(given, secret, UI_SECRET_SIZE - 1);
}

/* A browser may ask twice for the same address: who has the cookie is let through. */
const char *door_enter(struct ui *u, const char *secret, const char *cookies)
{
    struct arena a;
    const char *why = NULL;
    pthread_mutex_lock(&u->lock);
    bool fresh = is_secret(secret, u->secret), again = is_secret(secret, u->used);
    if (fresh) memcpy(u->used, u->secret, sizeof u->used);
    if (fresh && new_secret(u->secret)) why = N_("the program failed to make a new address");
    if (!fresh && !door_has_cookie(&u->door, cookies))
        why = again ? N_("this address has been used; 'satchel ui' shows a new one") : N_("open these pages by the address that 'satchel ui' shows");
    pthread_mutex_unlock(&u->lock);
    if (why || !fresh || !u->owner.address) return why;
    arena_init(&a);
    const char *address = ui_address(u, &a);
    if (address) u->owner.address(u->owner.ctx, address);
    arena_release(&a);
    return NULL;
}
