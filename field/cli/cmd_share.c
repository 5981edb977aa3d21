/* share: this kit serves one colleague on the local network, until the two have exchanged or the time is over. */
#include "cli.h"

#include <string.h>

#include "satchel/base/os.h"
#include "share.h"

#define LOOK_SECONDS 0.1
#define MINUTES_MOST (24 * 60)

struct sharing {
    struct cli *c;
    int64_t minutes, entries, evidence; /* the last two: the worker's, until it has stopped */
};

static void tell_line(void *ctx, const char *text)
{
    (void)ctx;
    fprintf(stderr, "satchel: %s\n", text);
    fflush(stderr);
}

static void on_taken(void *ctx, const struct exchange *e)
{
    struct sharing *x = ctx;
    for (size_t i = 0; i < e->taken_len; i++) {
        x->entries += e->taken[i].accepted;
        x->evidence += e->taken[i].blobs_held;
    }
}

static int read_listen(const struct cli *c, struct arena *a, const char **out)
{
    int64_t port = 0;
    const char *address = cli_option(c, "listen");
    int r = cli_option_int(c, "port", &port);
    if (!r && port > 65535) r = err_set(ERR_USAGE, "'--port' takes a number up to %d", 65535);
    if (r) return r;
    if (!address) address = "0.0.0.0";
    bool bare = strchr(address, ':') && *address != '[';
    *out = arena_printf(a, bare ? "[%s]:%lld" : "%s:%lld", address, (long long)port);
    return *out ? 0 : ERR_ROAD;
}

static int read_minutes(const struct cli *c, int64_t *out)
{
    *out = 15;
    int r = cli_option_int(c, "minutes", out);
    if (!r && (*out < 1 || *out > MINUTES_MOST)) r = err_set(ERR_USAGE, "'--minutes' takes a number from 1 to %d", MINUTES_MOST);
    return r;
}

/* ---- what is shown ---- */

/* Where all addresses are listened on, each that others may reach. */
static int list_addresses(struct cli *c, const char *url, struct jv **out)
{
    struct arena *a = &c->arena;
    const char **list, *place = strstr(url, "://") + 3, *port = strrchr(place, ':');
    size_t len = 0;
    struct jv *addresses = jv_array(a);
    if (!addresses) return ERR_ROAD;
    *out = addresses;
    if (strncmp(place, "0.0.0.0:", 8) != 0) return jv_push(a, addresses, jv_string(a, place));
    int r = os_addresses(&list, &len, a);
    for (size_t i = 0; !r && i < len; i++) r = jv_push(a, addresses, jv_string(a, arena_printf(a, "%s%s", list[i], port)));
    if (!r && len == 0) r = err_set(ERR_ROAD, "this machine is in no network: connect both laptops to one, or use a stick");
    return r;
}

static void print_shown(struct sharing *x, const struct jv *addresses, const char *code)
{
    FILE *out = x->c->out;
    fprintf(out, "%s\n", T("sharing with one colleague; on the colleague's laptop:"));
    for (size_t i = 0; i < addresses->len; i++) fprintf(out, "  satchel sync %s --code %s\n", jv_str(addresses->items[i]), code);
    fprintf(out, T("the code, to be read out: %.4s  %s"), code, code + PAIRING_DIGITS / 2 + 1);
    fprintf(out, "\n");
    fprintf(out, T("it ends by itself when the two have exchanged, or after %lld minutes; Ctrl-C ends it now"), (long long)x->minutes);
    fprintf(out, "\n");
}

static int write_shown(struct sharing *x, struct jv *addresses, const char *code)
{
    struct cli *c = x->c;
    struct buf b;
    struct jv *o = jv_object(&c->arena);
    const struct onlooker *onlooker = looking_on();
    int r = jv_put(&c->arena, o, "addresses", addresses);
    if (!r) r = jv_put_str(&c->arena, o, "code", code);
    if (!r) r = jv_put_int(&c->arena, o, "minutes", x->minutes);
    if (!r && onlooker) onlooker->shown(onlooker->ctx, o);
    if (r || onlooker) return r;
    buf_init(&b, BUF_UNLIMITED);
    json_write(&b, o);
    r = buf_error(&b);
    if (!r) fprintf(c->out, "%s\n", buf_str(&b));
    buf_release(&b);
    return r;
}

/* At once, for whoever waits for it on a pipe. */
static int show(struct sharing *x, struct share *h)
{
    char code[PAIRING_CODE_SIZE + 1];
    const char *digits = share_code(h);
    struct jv *addresses;
    int r = list_addresses(x->c, share_url(h), &addresses);
    if (r) return r;
    snprintf(code, sizeof code, "%.4s-%.4s", digits, digits + PAIRING_DIGITS / 2);
    if (x->c->json)
        r = write_shown(x, addresses, code);
    else
        print_shown(x, addresses, code);
    wipe(code, sizeof code);
    return r || fflush(x->c->out) == 0 ? r : err_system("write", "standard output");
}

/* ---- how it ends ---- */

static bool is_over(struct sharing *x, struct share *h)
{
    double end = os_monotonic_seconds() + (double)x->minutes * 60;
    while (share_state(h) == SHARE_OPEN && os_monotonic_seconds() < end)
        if (stop_asked(LOOK_SECONDS)) return false;
    return share_state(h) == SHARE_OPEN;
}

static void print_done(const struct sharing *x, const char *kit)
{
    if (x->c->json) return;
    fprintf(x->c->out, T("exchanged with %s: %lld new entries and %lld pieces of evidence came"),
        shown_kit(x->c, kit, kit_person(x->c->session, kit)), (long long)x->entries, (long long)x->evidence);
    fprintf(x->c->out, "\n");
}

static int finish(struct sharing *x, enum share_state state, bool over, const char *kit)
{
    if (state == SHARE_WRONG)
        return err_set(ERR_INPUT, "%d wrong codes: the sharing has ended; begin a new one, and read its code out to the colleague alone", SHARE_TRIES);
    if (*kit) print_done(x, kit);
    if (state == SHARE_DONE) return 0;
    if (!over && !x->c->json) fprintf(x->c->out, "%s\n", T("stopped"));
    if (!over) return 0;
    return *kit ? err_set(ERR_ROAD, "the time is over before all was exchanged; share again, and it goes on")
                : err_set(ERR_ROAD, "the time is over, and nobody has come");
}

static int share(struct sharing *x, const struct share_options *o)
{
    struct share *h;
    char kit[KIT_ID_SIZE] = "";
    int r = share_start(&h, x->c->session->store, o);
    if (r) return r;
    r = show(x, h);
    bool over = !r && is_over(x, h);
    enum share_state state = share_state(h);
    share_colleague(h, kit);
    share_stop(h);
    return r ? r : finish(x, state, over, kit);
}

int cmd_share(struct cli *c)
{
    struct sharing x = {.c = c};
    struct share_options o = {.no_evidence = cli_flag(c, "no-evidence"), .tell = tell_line, .taken = on_taken, .ctx = &x};
    int r = read_listen(c, &c->arena, &o.listen);
    if (!r) r = read_minutes(c, &x.minutes);
    if (!r) r = session_store(c->session);
    if (r) return r;
    if (!looking_on()) os_hold_stop();
    return share(&x, &o);
}
