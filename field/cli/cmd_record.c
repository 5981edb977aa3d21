/* new, set, void, resolve: one entry each. apply: many, in one durable transaction. */
#include "cli.h"

#include <string.h>

#include "satchel/base/os.h"

/* What `new` makes holds nothing that only the program writes. */
static int refuse_made_of_file(const struct form *form)
{
    for (size_t i = 0; i < form->fields_len; i++)
        if (form->fields[i].fixed)
            return err_set(ERR_USAGE, "%s is made of a file, not by hand: 'satchel attach FILE --to RECORD'", form->type);
    return 0;
}

/* One change that breaks no gate of the process. */
static int change_through(struct store_tx *tx, struct gate *gate, const struct change *change, const char **record)
{
    int r = gate_before(gate, change);
    if (!r) r = store_change(tx, change, record);
    return r ? r : gate_after(gate, change, *record);
}

/* One change in a transaction of its own. */
static int change_alone(struct cli *c, const struct change *change, const char **record)
{
    struct store_tx *tx;
    struct gate *gate = NULL;
    int r = store_begin(&tx, c->session->store);
    if (r) return r;
    r = gate_new(&gate, c);
    if (!r) r = change_through(tx, gate, change, record);
    gate_free(gate);
    if (!r) return store_commit(tx);
    store_rollback(tx);
    return r;
}

static int report_record(struct cli *c, const char *id, const char *words)
{
    struct jv *o = jv_object(&c->arena);
    int r = jv_put_str(&c->arena, o, "id", id);
    c->result = o;
    if (!c->json) fprintf(c->out, "%s%s\n", words, id);
    return r;
}

int cmd_new(struct cli *c)
{
    struct change change = {.kind = CHANGE_NEW, .type = c->args[0], .case_name = cli_option(c, "case"),
        .why = cli_option(c, "why")};
    const char *id;
    struct jv *set;
    int r = session_view(c->session);
    if (r) return r;
    const struct form *form = session_case_form(c->session, change.case_name, change.type);
    if (!form) return ERR_INPUT;
    r = refuse_made_of_file(form);
    if (r) return r;
    if (form->in_register)
        change.case_name = REGISTER_CASE;
    else if (!change.case_name)
        return err_set(ERR_USAGE, "say which case the record belongs to: --case C");
    r = fields_parse(c, form, change.case_name, c->args + 1, c->args_len - 1, &set);
    change.set = set;
    change.form = form;
    if (!r) r = change_alone(c, &change, &id);
    return r ? r : report_record(c, id, "");
}

static int change_existing(struct cli *c, enum change_kind kind)
{
    const struct fold_record *record;
    struct view_hit hit;
    struct jv *set = NULL;
    const char *id;
    int r = session_record(c, c->args[0], &hit, &record);
    if (r) return r;
    const struct form *form = session_case_form(c->session, record->case_name, record->type);
    if (!form) return ERR_INPUT;
    if (kind != CHANGE_VOID) r = fields_parse(c, form, hit.case_name, c->args + 1, c->args_len - 1, &set);
    if (r) return r;
    struct change change = {.kind = kind, .case_name = hit.case_name, .record = hit.record, .set = set, .form = form,
        .why = cli_option(c, "why")};
    if (kind != CHANGE_SET && (!change.why || !*change.why))
        return err_set(ERR_USAGE, "a reason is needed: --why TEXT");
    r = change_alone(c, &change, &id);
    return r ? r : report_record(c, id, T("saved: "));
}

int cmd_set(struct cli *c)
{
    return change_existing(c, CHANGE_SET);
}

int cmd_void(struct cli *c)
{
    return change_existing(c, CHANGE_VOID);
}

int cmd_resolve(struct cli *c)
{
    return change_existing(c, CHANGE_RESOLVE);
}

/* ---- apply ---- */

#define APPLY_MAX_BYTES ((size_t)256 << 20)

struct apply {
    struct cli *c;
    struct store_tx *tx;
    struct gate *gate;
    struct map names;   /* "$name" to record id */
    struct map schemes; /* that cases follow: to look for it on each line would take long */
    struct jv *ids;
    int line;
    struct bar bar;
};

/* The record that "$name" stands for, or the text itself. */
static int apply_name(struct apply *ap, const char *text, const char **out)
{
    *out = text;
    if (*text != '$') return 0;
    *out = map_get(&ap->names, text);
    return *out ? 0 : err_set(ERR_INPUT, "nothing before is called '%s'", text);
}

/* A whole id, or a tail of one, of a record that stood before this run. */
static int apply_record(struct apply *ap, const struct jv *line, const char *key, const char **out)
{
    struct record_id id;
    struct view_hit hit;
    const char *text = jv_get_str(line, key);
    if (!text) return err_set(ERR_INPUT, "'%s' is missing", key);
    int r = apply_name(ap, text, out);
    if (r || record_id_read(&id, *out)) return r;
    r = view_resolve(ap->c->session->view, *out, jv_get_str(line, "case"), &ap->c->arena, &hit);
    if (!r) *out = hit.record;
    return r;
}

/* "team.$zhang": a member may be a name, too. */
static int apply_field_name(struct apply *ap, const char *name, const char **out)
{
    const char *dollar = strstr(name, ".$"), *record;
    *out = name;
    if (!dollar) return 0;
    int r = apply_name(ap, dollar + 1, &record);
    if (r) return r;
    *out = arena_printf(&ap->c->arena, "%.*s.%s", (int)(dollar - name), name, record);
    return *out ? 0 : err_memory();
}

static int apply_set(struct apply *ap, const struct jv *in, struct jv **out)
{
    struct arena *a = &ap->c->arena;
    struct jv *set = jv_object(a);
    if (in && in->type != JV_OBJECT) return err_set(ERR_INPUT, "'set' is not an object");
    for (size_t i = 0; in && i < in->len; i++) {
        const char *name, *text = jv_str(in->items[i]);
        const struct jv *value = in->items[i];
        int r = apply_field_name(ap, in->keys[i], &name);
        if (!r && text && *text == '$' && map_get(&ap->names, text)) value = jv_string(a, map_get(&ap->names, text));
        if (!r) r = jv_put(a, set, name, value);
        if (r) return r;
    }
    *out = set;
    return set ? 0 : err_memory();
}

static const char *case_of(struct apply *ap, const struct change *change)
{
    const struct fold_record *r =
        change->record ? fold_record(store_fold(ap->c->session->store), NULL, change->record) : NULL;
    return change->case_name || !r ? change->case_name : r->case_name;
}

static const char *type_of(const struct change *change, struct record_id *id)
{
    if (change->kind == CHANGE_NEW) return change->type;
    return record_id_read(id, change->record) ? id->type : "";
}

static int apply_form(struct apply *ap, const struct change *change, const struct form **out)
{
    struct session *s = ap->c->session;
    struct record_id id;
    const char *case_name = case_of(ap, change);
    const struct scheme *scheme = case_name ? map_get(&ap->schemes, case_name) : NULL;
    if (!scheme) {
        scheme = session_scheme(s, case_name);
        if (scheme && case_name && map_put(&ap->schemes, case_name, (void *)scheme)) return ERR_ROAD;
    }
    *out = session_form(s, scheme, type_of(change, &id));
    return *out ? 0 : ERR_INPUT;
}

/* After a record that can name a scheme another one may be followed. */
static void forget_schemes(struct apply *ap, const struct form *form)
{
    const char *member;
    if (!form_field(form, "scheme", &member)) return;
    map_release(&ap->schemes);
    map_init(&ap->schemes);
}

static int apply_change(struct apply *ap, const struct jv *line, enum change_kind kind, const char **id)
{
    struct change change = {.kind = kind, .type = jv_get_str(line, "type"), .case_name = jv_get_str(line, "case"),
        .why = jv_get_str(line, "why"), .read = jv_get(line, "read")};
    struct jv *set;
    int r = kind == CHANGE_NEW ? 0 : apply_record(ap, line, "record", &change.record);
    if (!r) r = apply_set(ap, jv_get(line, "set"), &set);
    if (!r && kind == CHANGE_NEW && !change.type) r = err_set(ERR_INPUT, "'%s' is missing", "type");
    if (!r) r = apply_form(ap, &change, &change.form);
    if (!r && kind == CHANGE_NEW) r = refuse_made_of_file(change.form);
    if (r) return r;
    if (kind != CHANGE_VOID) change.set = set;
    if (kind == CHANGE_NEW && change.form->in_register) change.case_name = REGISTER_CASE;
    if (!change.why) change.why = cli_option(ap->c, "why");
    r = change_through(ap->tx, ap->gate, &change, id);
    if (!r) forget_schemes(ap, change.form);
    return r;
}

static int apply_attach(struct apply *ap, const struct jv *line, const char **id)
{
    const char *of, *file = jv_get_str(line, "file");
    struct change with = {.kind = CHANGE_NEW, .type = "evidence", .why = jv_get_str(line, "why")};
    struct jv *extra;
    int r = apply_record(ap, line, "record", &of);
    if (!r && !file) r = err_set(ERR_INPUT, "'%s' is missing", "file");
    if (!r) r = apply_set(ap, jv_get(line, "set"), &extra);
    with.record = of;
    if (!r) r = apply_form(ap, &with, &with.form);
    if (r) return r;
    with.set = extra;
    return store_attach(ap->tx, file, of, &with, &ap->bar.progress, id);
}

static int apply_line(struct apply *ap, const char *text, size_t len)
{
    const struct jv *line;
    const char *id = NULL;
    struct arena *a = &ap->c->arena;
    int r = json_parse(&line, a, text, len, ENTRY_MAX_DEPTH, JSON_STRICT);
    if (r) return r;
    const char *verb = jv_get_str(line, "do"), *as = jv_get_str(line, "as");
    if (!verb) r = err_set(ERR_INPUT, "'do' is missing: new, set, void, resolve or attach");
    else if (strcmp(verb, "new") == 0) r = apply_change(ap, line, CHANGE_NEW, &id);
    else if (strcmp(verb, "set") == 0) r = apply_change(ap, line, CHANGE_SET, &id);
    else if (strcmp(verb, "void") == 0) r = apply_change(ap, line, CHANGE_VOID, &id);
    else if (strcmp(verb, "resolve") == 0) r = apply_change(ap, line, CHANGE_RESOLVE, &id);
    else if (strcmp(verb, "attach") == 0) r = apply_attach(ap, line, &id);
    else r = err_set(ERR_INPUT, "'do' is new, set, void, resolve or attach, not '%s'", verb);
    if (r) return r;
    if (as && (*as != '$' || map_get(&ap->names, as)))
        return err_set(ERR_INPUT, "'as' is a new name that begins with '$', not '%s'", as);
    if (as) r = map_put(&ap->names, as, (void *)id);
    return r ? r : jv_push(a, ap->ids, jv_string(a, id));
}

static int apply_lines(struct apply *ap, const char *text, size_t len)
{
    const char *end = text + len;
    while (text < end) {
        const char *stop = memchr(text, '\n', (size_t)(end - text));
        size_t n = (size_t)((stop ? stop : end) - text);
        ap->line++;
        if (n && strspn(text, " \t\r") < n) {
            int r = apply_line(ap, text, n);
            if (r) return err_within(r, "line %d; nothing was saved", ap->line);
        }
        text += n + 1;
    }
    return 0;
}

static int read_input(struct cli *c, struct buf *b)
{
    int ch;
    if (strcmp(c->args[0], "-") != 0) return file_read(c->args[0], b);
    if (c->io->input) {
        buf_add(b, c->io->input, c->io->input_len);
        return buf_error(b);
    }
    while ((ch = getc(stdin)) != EOF) buf_addc(b, ch);
    return buf_error(b);
}

int cmd_apply(struct cli *c)
{
    struct apply ap = {.c = c};
    struct buf b;
    int r = session_view(c->session);
    if (r) return r;
    buf_init(&b, APPLY_MAX_BYTES);
    map_init(&ap.names);
    map_init(&ap.schemes);
    ap.ids = jv_array(&c->arena);
    r = read_input(c, &b);
    if (!r) r = gate_new(&ap.gate, c);
    if (!r) r = store_begin(&ap.tx, c->session->store);
    if (!r) {
        bar_start(&ap.bar, T("taking in"));
        r = apply_lines(&ap, buf_str(&b), b.len);
        bar_end(&ap.bar);
        if (r)
            store_rollback(ap.tx);
        else
            r = store_commit(ap.tx);
    }
    gate_free(ap.gate);
    map_release(&ap.names);
    map_release(&ap.schemes);
    buf_release(&b);
    if (r) return r;
    c->result = ap.ids;
    for (size_t i = 0; !c->json && i < ap.ids->len; i++) fprintf(c->out, "%s\n", ap.ids->items[i]->string);
    return 0;
}
