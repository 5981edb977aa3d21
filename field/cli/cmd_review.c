/* review: the hub's pages, for who may look at its cases. */
#include "cli.h"

int cmd_review(struct cli *c)
{
    const char *address;
    int r = link_review(c, c->args_len ? c->args[0] : NULL, &address);
    if (r) return r;
    struct jv *o = jv_object(&c->arena);
    r = jv_put_str(&c->arena, o, "url", address);
    if (r) return r;
    c->result = o;
    if (!c->json) fprintf(c->out, T("the hub's pages, once and within a minute: %s"), address), fputc('\n', c->out);
    fflush(c->out);
    if (!cli_flag(c, "no-open")) open_browser(address);
    return 0;
}
