/* Who looked at what: the log of a hub's pages, and hub looks, which reads it. */
#include "review.h"

#include <string.h>

#include "satchel/base/os.h"
#include "satchel/base/time.h"

#define TOGETHER_SECONDS 120 /* what a person looks at within so long of one record is told as one look */

#define ARGS_LOGGED 4     /* no more of what is asked for, or by asking one could push out what was logged before */
#define ARG_LOGGED 120    /* bytes of each */

/* ---- writing ---- */

static const struct jv *cut(struct arena *a, const char *text)
{
    size_t len = strlen(text);
    if (len > ARG_LOGGED) len = ARG_LOGGED;
    while (len > 0 && ((unsigned char)text[len] & 0xc0) == 0x80) len--; /* not within a character */
    return jv_string(a, arena_strndup(a, text, len));
}

static int put_args(struct jv *o, const struct jv *args, struct arena *a)
{
    struct jv *list = jv_array(a);
    int rc = list ? 0 : ERR_ROAD;
    for (size_t i = 0; i < args->len && i < ARGS_LOGGED && !rc; i++) rc = jv_push(a, list, cut(a, args->items[i]->string));
    return rc || !args->len ? rc : jv_put(a, o, "args", list);
}

int look_note(struct sitting *t, const char *what, const char *sha256, bool refused)
{
    struct buf line;
    char at[TIME_TEXT];
    struct arena *a = t->call.arena;
    struct jv *o = jv_object(a);
    const struct registry_kit *k = t->looked.registry ? registry_kit(t->looked.registry, t->kit) : NULL;
    time_write_now(at);
    int rc = jv_put_str(a, o, "time", at);
    if (!rc) rc = jv_put_str(a, o, "kit", t->kit);
    if (!rc && k) rc = jv_put_str(a, o, "person", k->person);
    if (!rc && k) rc = jv_put_str(a, o, "name", k->name);
    if (!rc && *what) rc = jv_put_str(a, o, "do", what);
    if (!rc && t->case_name) rc = jv_put_str(a, o, "case", t->case_name);
    if (!rc && t->record) rc = jv_put_str(a, o, "record", t->record);
    if (!rc) rc = put_args(o, t->call.args, a);
    if (!rc && sha256) rc = jv_put_str(a, o, "sha256", sha256);
    if (!rc && refused) rc = jv_put(a, o, "refused", jv_bool(a, true));
    if (rc) return rc;
    buf_init(&line, BUF_UNLIMITED);
    json_write(&line, o);
    buf_addc(&line, '\n');
    rc = lines_add(t->review->looks, &line);
    buf_release(&line);
    return rc ? err_within(rc, "what cannot be logged is not shown") : 0;
}

/* ---- reading ---- */

struct reading {
    struct arena *a;
    const struct looks_query *q;
    struct jv *list; /* oldest first */
};

/* The record itself, or a whole part at the end of its id. */
static bool is_of(const char *id, const char *text)
{
    size_t len = id ? strlen(id) : 0, n = strlen(text);
    if (len < n || strcmp(id + len - n, text) != 0) return false;
    return len == n || strchr("/-", id[len - n - 1]);
}

static int read_line(void *ctx, const char *line, size_t len)
{
    struct reading *x = ctx;
    const struct jv *v;
    if (json_parse(&v, x->a, line, len, 4, JSON_STRICT)) { /* a line that a full disk has cut off */
        err_clear();
        return 0;
    }
    const char *its = jv_get_str(v, "case"), *kit = jv_get_str(v, "kit");
    if (!kit || !jv_get_str(v, "time")) return 0;
    if (x->q->case_name && (jv_get(v, "refused") || !its || strcmp(its, x->q->case_name) != 0)) return 0;
    if (x->q->kit && strcmp(kit, x->q->kit) != 0) return 0;
    if (x->q->record && !is_of(jv_get_str(v, "record"), x->q->record)) return 0;
    return jv_push(x->a, x->list, v);
}

int looks_read(struct arena *a, const struct looks_query *q, struct jv **out)
{
    struct reading x = {a, q, jv_array(a)};
    struct jv *list = jv_array(a);
    const char *path = path_join(a, q->folder, LOOKS_FILE);
    int rc = path && x.list && list ? lines_each(path, read_line, &x) : ERR_ROAD;
    for (size_t i = rc ? 0 : x.list->len; i > 0 && !rc && (!q->most || list->len < q->most); i--) rc = jv_push(a, list, x.list->items[i - 1]);
    if (!rc) *out = list;
    return rc;
}

/* ---- hub looks ---- */

static const char *do_text(const char *what)
{
    static const struct {
        const char *what, *text;
    } texts[] = {{"calendar", N_("the calendar")}, {"cases", N_("the list of cases")}, {"check", N_("the check")},
        {"conflicts", N_("conflicts")}, {"coverage", N_("the coverage")}, {"evidence", N_("preview")}, {"find", N_("a search")},
        {"history", N_("history")}, {"list", N_("lists")}, {"looks", N_("who looked")}, {"original", N_("the original, downloaded")},
        {"plan", N_("the plan")}, {"proof", N_("the proof")}, {"show", N_("the record")}};
    for (size_t i = 0; what && i < sizeof texts / sizeof *texts; i++)
        if (strcmp(texts[i].what, what) == 0) return T(texts[i].text);
    return what ? what : T("refused: not theirs to see, or not there");
}

static int64_t seconds_of(const struct jv *look)
{
    int64_t seconds = 0;
    int offset;
    const char *at = jv_get_str(look, "time");
    return at && time_read(&seconds, &offset, at) ? seconds : 0;
}

static bool same_text(const struct jv *a, const struct jv *b, const char *name)
{
    const char *x = jv_get_str(a, name), *y = jv_get_str(b, name);
    return x && y ? strcmp(x, y) == 0 : x == y;
}

static bool go_together(const struct jv *a, const struct jv *b)
{
    return same_text(a, b, "kit") && same_text(a, b, "case") && same_text(a, b, "record");
}

/* Words that were looked for. */
static const char *args_text(struct cli *c, const struct jv *look)
{
    const struct jv *args = jv_get(look, "args");
    const char *s = "", *what = jv_get_str(look, "do");
    bool search = what && strcmp(what, "find") == 0;
    for (size_t i = 0; search && args && i < args->len && s; i++)
        if (jv_str(args->items[i])) s = arena_printf(&c->arena, "%s %s", s, shown(c, args->items[i]->string));
    return s ? s : "";
}

/* The looks from `from` on that go with it, in words, each once; they are told with it. */
static const char *what_text(struct cli *c, const struct jv *list, size_t from, bool *told)
{
    const char *s = "";
    size_t last = from;
    for (size_t i = from; i < list->len && s && seconds_of(list->items[last]) - seconds_of(list->items[i]) <= TOGETHER_SECONDS; i++) {
        if (told[i] || !go_together(list->items[from], list->items[i])) continue;
        const char *one = arena_printf(&c->arena, "%s%s", do_text(jv_get_str(list->items[i], "do")), args_text(c, list->items[i]));
        if (one && !strstr(s, one)) s = arena_printf(&c->arena, "%s%s%s", s, *s ? ", " : "", one);
        told[i] = true;
        last = i;
    }
    return s ? s : "";
}

static int print_looks(struct cli *c, const struct jv *list)
{
    bool *told = arena_alloc(&c->arena, list->len + 1);
    if (!told) return ERR_ROAD;
    memset(told, 0, list->len + 1);
    for (size_t i = 0; i < list->len; i++) {
        const struct jv *v = list->items[i];
        const char *name = jv_get_str(v, "name"), *case_name = jv_get_str(v, "case"), *record = jv_get_str(v, "record");
        if (told[i]) continue;
        const char *what = what_text(c, list, i, told);
        fprintf(c->out, "%.16s  ", jv_get_str(v, "time"));
        print_padded(c->out, shown_kit(c, jv_get_str(v, "kit"), name), 32);
        fprintf(c->out, "%s%s%s%s%s\n", case_name ? shown(c, case_name) : "", case_name ? "  " : "", record ? shown(c, record) : "",
            record ? "  " : "", what);
    }
    if (!list->len) fprintf(c->out, "%s\n", T("nobody has looked"));
    return 0;
}

int cmd_hub_looks(struct cli *c)
{
    struct jv *list;
    const char *config = path_join(&c->arena, c->args[0], "hub.json");
    if (!config) return ERR_ROAD;
    if (!os_exists(config)) return err_set(ERR_MISSING, "there is no hub in '%s'", c->args[0]);
    const struct looks_query q = {.folder = c->args[0], .case_name = cli_option(c, "case"), .record = c->args_len > 1 ? c->args[1] : NULL};
    int r = looks_read(&c->arena, &q, &list);
    if (r) return r;
    c->result = list;
    return c->json ? 0 : print_looks(c, list);
}
