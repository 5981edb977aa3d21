/* ui: the pages on loopback, until a page, a signal or the time ends it. */
#include "cli.h"

#include <string.h>

#include "satchel/base/os.h"
#include "ui_desk.h"

#define LOOK_SECONDS 0.25

static int write_address(const struct desk *d, const char *address)
{
    FILE *out = d->io->out;
    if (d->json)
        fprintf(out, "{\"url\":\"%s\"}\n", address);
    else
        fprintf(out, T("the pages: %s"), address), fputc('\n', out);
    return fflush(out) == 0 ? 0 : err_system("write", "standard output");
}

/* Whoever closes the browser comes back by the next address. */
static void next_address(void *ctx, const char *address)
{
    if (write_address(ctx, address)) err_clear();
}

void open_browser(const char *address)
{
    static const char *const openers[][3] = {{"xdg-open", NULL, NULL}, {"gio", "open", NULL}, {"open", NULL, NULL}};
    for (size_t i = 0; i < sizeof openers / sizeof *openers; i++) {
        const char *argv[] = {openers[i][0], openers[i][1] ? openers[i][1] : address, openers[i][1] ? address : NULL, NULL};
        if (os_launch(argv) == 0) return;
        err_clear();
    }
}

static int open_phone(struct cli *c, struct desk *d)
{
    struct buf b;
    struct jv *phone;
    int r = phone_open(d, cli_option(c, "phone"), NULL, &c->arena, &phone);
    if (r) return r;
    buf_init(&b, BUF_UNLIMITED);
    json_write(&b, phone);
    r = buf_error(&b);
    if (!r && c->json) fprintf(c->out, "{\"phone\":%s}\n", buf_str(&b));
    if (!r && !c->json) phone_print(c->out, phone);
    buf_release(&b);
    return r || fflush(c->out) == 0 ? r : err_system("write", "standard output");
}

/* A phone that is paired is somebody, though no page is looked at. */
static bool is_over(struct desk *d, struct ui *ui, int64_t idle_minutes)
{
    bool phone = phone_is_open(d);
    pthread_mutex_lock(&d->jobs_lock);
    bool quit = d->quit, busy = d->jobs_running > 0;
    pthread_mutex_unlock(&d->jobs_lock);
    return quit || (idle_minutes > 0 && !busy && !phone && ui_idle_seconds(ui) > 60.0 * (double)idle_minutes);
}

static int serve(struct cli *c, struct desk *d, unsigned port, int64_t idle_minutes)
{
    const struct ui_owner owner = {.ctx = d, .answer = desk_answer, .take_begin = upload_begin, .take = upload_add,
        .take_end = upload_end, .take_drop = upload_drop, .evidence = desk_evidence, .address = next_address};
    struct ui *ui;
    int r = ui_start(&ui, port, &owner);
    if (r) return r;
    const char *address = ui_address(ui, &c->arena);
    r = address ? write_address(d, address) : ERR_ROAD;
    if (!r && cli_option(c, "phone")) r = open_phone(c, d);
    if (!r && !cli_flag(c, "no-open")) open_browser(address);
    if (!r) desk_warm(d);
    while (!r && !os_await_stop_for(LOOK_SECONDS) && !is_over(d, ui, idle_minutes)) phone_look(d);
    desk_stop(d);
    ui_stop(ui);
    return r;
}

static int put_route(struct cli *c, const struct ui_route *r, struct jv *list)
{
    static const char *const bodies[] = {[UI_JSON] = "application/json", [UI_BYTES] = "application/octet-stream"};
    struct arena *a = &c->arena;
    struct jv *o = jv_object(a);
    int rc = jv_put_str(a, o, "method", r->method);
    if (!rc) rc = jv_put_str(a, o, "path", r->path);
    if (!rc) rc = jv_put_str(a, o, "command", r->command);
    if (!rc) rc = jv_put_str(a, o, "options", r->options);
    if (!rc) rc = jv_put_str(a, o, "body", bodies[r->body]);
    if (!rc) rc = jv_put_int(a, o, "most", (int64_t)r->body_max);
    if (!rc && !c->json) fprintf(c->out, "%-6s %s\n", r->method, r->path);
    return rc ? rc : jv_push(a, list, o);
}

static int tell_routes(struct cli *c)
{
    struct jv *list = jv_array(&c->arena);
    int r = list ? 0 : ERR_ROAD;
    for (size_t i = 0; i < ui_routes_len && !r; i++) r = put_route(c, &ui_routes[i], list);
    c->result = list;
    return r;
}

int cmd_ui(struct cli *c)
{
    if (cli_flag(c, "routes")) return tell_routes(c);
    struct desk d;
    int64_t port = 0, idle = 60;
    int r = cli_option_int(c, "port", &port);
    if (!r && port > 65535) r = err_set(ERR_USAGE, "'--port' takes a number up to %d", 65535);
    if (!r) r = cli_option_int(c, "idle", &idle);
    if (r) return r;
    os_hold_stop();
    r = desk_init(&d, c);
    if (!r) r = serve(c, &d, (unsigned)port, idle);
    desk_release(&d);
    return r;
}
