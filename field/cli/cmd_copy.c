/* copy: a case opened anew under another name, with copies of its records. */
#include "cli.h"

static int copy_json(struct cli *c, const char *to, const struct case_copy *copy)
{
    struct jv *o = jv_object(&c->arena);
    int r = jv_put_str(&c->arena, o, "case", to);
    if (!r) r = jv_put(&c->arena, o, "copied", copy->copied);
    if (!r) r = jv_put(&c->arena, o, "left", copy->left);
    c->result = o;
    return r;
}

static void print_copy(struct cli *c, const char *to, const struct case_copy *copy)
{
    for (size_t i = 0; i < copy->copied->len; i++) {
        const struct jv *pair = copy->copied->items[i];
        fprintf(c->out, "%s  →  %s%s\n", jv_get_str(pair, "from"), jv_get_str(pair, "to"),
            jv_get_bool(pair, "whole") ? "" : T("  (without its links to what was left behind)"));
    }
    for (size_t i = 0; i < copy->left->len; i++) {
        fprintf(c->out,
            T("left behind, because it is voided, links to what is, or its bytes are not here: %s"),
            jv_str(copy->left->items[i]));
        fprintf(c->out, "\n");
    }
    fprintf(
        c->out, T("%zu records are in the new case '%s'; the old one stays as it is"), copy->copied->len, to);
    fprintf(c->out, "\n");
}

int cmd_copy(struct cli *c)
{
    struct store_tx *tx;
    struct case_copy copy;
    const char *from = cli_option(c, "case"), *to = cli_option(c, "to");
    if (!from) return err_set(ERR_USAGE, "say which case: --case C");
    if (!to) return err_set(ERR_USAGE, "say what the new case is called: --to NAME");
    int r = session_store(c->session);
    if (!r) r = store_begin(&tx, c->session->store);
    if (r) return r;
    r = store_copy_case(tx, from, to, &c->arena, &copy);
    if (r) {
        store_rollback(tx);
        return r;
    }
    r = store_commit(tx);
    if (!r) r = copy_json(c, to, &copy);
    if (!r && !c->json) print_copy(c, to, &copy);
    return r;
}
