/* hub serve: the hub over HTTP, until it is told to stop. */
#include "cli.h"

#include <stdlib.h>
#include <string.h>

#include "hub_hooks.h"
#include "satchel/base/os.h"
#include "review.h"
#include "satchel/hub/serve.h"

/* A second hub on the same folder, with forms of its own: requests read the register by it while the first is at work. */
struct reader {
    struct forms *forms;
    struct schemes *schemes;
    struct hub *hub;
};

static int reader_open(struct reader *r, const char *folder)
{
    *r = (struct reader){0};
    int rc = forms_new(&r->forms);
    if (!rc) rc = schemes_new(&r->schemes, r->forms);
    return rc ? rc : hub_open(&r->hub, folder, r->forms, NULL);
}

static void reader_close(struct reader *r)
{
    hub_close(r->hub);
    schemes_free(r->schemes);
    forms_free(r->forms);
}

/* Bundles that are refused, and what fails: a line each for the machine's journal. */
static void tell_line(void *ctx, const char *text)
{
    (void)ctx;
    fprintf(stderr, "satchel: %s\n", text);
    fflush(stderr);
}

static int option_count(const struct cli *c, const char *name, int64_t most, unsigned *out)
{
    int64_t n = *out;
    int r = cli_option_int(c, name, &n);
    if (!r && n > most) r = err_set(ERR_USAGE, "'--%s' takes a number up to %lld", name, (long long)most);
    if (!r) *out = (unsigned)n;
    return r;
}

static int at_least_one(const char *name, unsigned n)
{
    return n ? 0 : err_set(ERR_USAGE, "'--%s' takes a number from 1 on", name);
}

static int read_options(const struct cli *c, struct serve_options *o)
{
    *o = serve_defaults;
    o->folder = c->args[0];
    if (cli_option(c, "listen")) o->listen = cli_option(c, "listen");
    o->cert = cli_option(c, "cert");
    o->key = cli_option(c, "key");
    o->plain = cli_flag(c, "plain");
    o->behind_proxy = cli_flag(c, "behind-proxy");
    o->tell = tell_line;
    int r = cli_option_size(c, "quota", &o->quota);
    if (!r) r = cli_option_size(c, "upload-max", &o->upload_max);
    if (!r) r = cli_option_size(c, "part-size", &o->part_size);
    if (!r) r = option_count(c, "rate", 1000000, &o->rate);
    if (!r) r = option_count(c, "connections", 10000, &o->connections);
    if (!r) r = option_count(c, "per-address", 10000, &o->per_address);
    if (!r) r = option_count(c, "session", 86400, &o->session_seconds);
    if (!r) r = option_count(c, "keep", 24 * 365, &o->upload_hours);
    if (!r) r = at_least_one("connections", o->connections);
    if (!r) r = at_least_one("per-address", o->per_address);
    return r ? r : at_least_one("session", o->session_seconds);
}

/* At once, for whoever waits for the address on a pipe. */
static int say_address(struct cli *c, const struct hub_serve *s)
{
    struct buf b;
    buf_init(&b, BUF_UNLIMITED);
    if (c->json) {
        struct jv *o = jv_object(&c->arena);
        int r = jv_put_str(&c->arena, o, "url", hub_serve_url(s));
        if (!r) json_write(&b, o);
    } else {
        buf_addf(&b, T("serving at %s; Ctrl-C or SIGTERM stops it"), hub_serve_url(s));
    }
    buf_addc(&b, '\n');
    int r = buf_error(&b);
    if (!r && (fputs(buf_str(&b), c->out) == EOF || fflush(c->out) != 0)) r = err_system("write", "standard output");
    buf_release(&b);
    return r;
}

static int serve_until_told(
    struct cli *c, struct hub_desk *d, struct reader *reader, struct review_desk *review, const struct serve_options *o)
{
    struct hub_serve *s;
    const struct hub_pages pages = {review, review_answer};
    int r = hub_serve_start(&s, d->hub, reader->hub, &pages, o);
    if (r) return r;
    r = say_address(c, s);
    if (!r) os_await_stop();
    hub_serve_stop(s);
    if (!r && !c->json) fprintf(c->out, "%s\n", T("stopped"));
    return r;
}

int cmd_hub_serve(struct cli *c)
{
    struct hub_desk d;
    struct reader reader;
    struct review_desk review;
    struct serve_options o;
    int r = read_options(c, &o);
    if (!r) r = session_forms(c->session);
    if (!r) r = hub_desk_open(&d, c->args[0], c->session->forms, c->session->schemes);
    if (r) return r;
    os_hold_stop();
    os_share_memory();
    r = reader_open(&reader, c->args[0]);
    int opened = review_open(&review, c->args[0]);
    if (!r) r = opened;
    if (!r) r = serve_until_told(c, &d, &reader, &review, &o);
    review_close(&review);
    reader_close(&reader);
    hub_desk_close(&d);
    return r;
}
