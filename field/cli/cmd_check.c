/* check, submit: what an audit lacks before its team leaves the site; and what an audit leaves behind when it is handed in.
 * With --case: the gates of the process. */
#include "cli.h"

#include <string.h>

#include "satchel/base/crypto.h"
#include "satchel/base/time.h"
#include "satchel/scheme/check.h"

/* What one run of a check has found. */
struct checking {
    struct cli *c;
    struct casefile file;
    const struct audit *audit; /* NULL: the whole case */
    int32_t on;
    uint64_t version; /* of the case */
    struct gaps gaps;
    const struct held *const *later; /* after submission */
    size_t later_len;
    bool again;                      /* it was submitted on two kits at once, and is submitted once more */
    struct bar bar;
    uint64_t hashed, to_hash; /* bytes */
};

int cli_on(const struct cli *c, const char *case_name, int32_t *out)
{
    const char *text = cli_option(c, "on");
    if (text) {
        *out = day_read(text);
        return *out != DAY_NONE ? 0 : err_set(ERR_USAGE, "'--on' takes a day such as 2026-11-22, not '%s'", text);
    }
    const struct scheme *scheme = session_scheme(c->session, case_name);
    if (!scheme) err_clear();
    if (!scheme) scheme = schemes_get(c->session->schemes, NULL);
    *out = day_at(time_now(), scheme->rules.utc_offset_minutes);
    return 0;
}

/* ---- what the case does not tell ---- */

const char *cli_person_of(void *ctx, const char *kit)
{
    struct cli *c = ctx;
    const struct registry *registry = session_registry(c->session);
    const struct registry_kit *k = registry ? registry_kit(registry, kit) : NULL;
    return k && k->person && *k->person ? k->person : NULL;
}

/* Reads the bytes through and holds them against their name. */
static int hash_bytes(struct checking *k, const char *sha256, enum bytes_state *out)
{
    unsigned char part[1 << 14];
    unsigned char digest[SHA256_SIZE];
    char hex[SHA256_HEX];
    struct source *source = NULL;
    struct digest *d = NULL;
    size_t got = 1;
    int r = store_evidence_open(k->c->session->store, sha256, 0, &source);
    if (!r) r = digest_sha256(&d);
    while (!r && got) {
        r = source_read(source, part, sizeof part, &got);
        if (r) break;
        digest_add(d, part, got);
        k->hashed += got;
        k->bar.progress.at(&k->bar.progress, k->hashed, k->to_hash);
    }
    if (!r) digest_end(d, digest);
    digest_free(d);
    source_close(source);
    if (r && r != ERR_DAMAGED && r != ERR_INPUT) return r;
    if (!r) hex_write(hex, digest, SHA256_SIZE);
    *out = !r && strcmp(hex, sha256) == 0 ? BYTES_HELD : BYTES_DAMAGED;
    err_clear();
    return 0;
}

static int bytes_of(void *ctx, const struct fold_record *evidence, enum bytes_state *out)
{
    struct checking *k = ctx;
    struct evidence_state state;
    const char *sha256 = record_str(evidence, "sha256");
    *out = BYTES_AWAITED;
    if (!sha256) return 0;
    int r = session_evidence(k->c->session, k->file.name, sha256, &state);
    if (r) return r;
    if (state.here && !cli_flag(k->c, "quick")) return hash_bytes(k, sha256, out);
    *out = state.here || state.at_hub ? BYTES_HELD : BYTES_AWAITED;
    return 0;
}

static const char *person_of(void *ctx, const char *kit)
{
    return cli_person_of(((struct checking *)ctx)->c, kit);
}

/* ---- running it ---- */

static void add_up(struct checking *k)
{
    for (size_t i = 0; i < k->file.records_len; i++)
        if (strcmp(k->file.records[i]->type, "evidence") == 0) {
            const struct jv *size = record_value(k->file.records[i], "size");
            if (size && size->type == JV_INT && size->integer > 0) k->to_hash += (uint64_t)size->integer;
        }
}

static int run_audit(struct checking *k)
{
    const struct outside outside = {person_of, bytes_of, k};
    add_up(k);
    bar_start(&k->bar, T("hashing the evidence"));
    int r = check_audit(&k->gaps, &k->file, k->audit, k->on, &outside);
    bar_end(&k->bar);
    return r ? r : audit_later_entries(&k->later, &k->later_len, &k->file, k->audit);
}

static int run_case(struct checking *k)
{
    const struct outside outside = {person_of, NULL, k};
    return gates_case(&k->gaps, &k->file, k->on, &outside);
}

static int find_audit(struct checking *k, const char *text)
{
    const struct fold_record *record;
    struct cli *c = k->c;
    int r = session_record(c, text, NULL, &record);
    if (r) return r;
    if (strcmp(record->type, "audit") != 0) return err_set(ERR_INPUT, "'%s' is a %s, not an audit", record->id, record->type);
    r = session_casefile(c, record->case_name, &k->file);
    if (r) return r;
    k->audit = casefile_audit(&k->file, record->id);
    return k->audit ? 0 : err_set(ERR_INPUT, "'%s' is voided; there is nothing to check", record->id);
}

static int find_case(struct checking *k, const char *name)
{
    struct cli *c = k->c;
    int r = session_view(c->session);
    if (r) return r;
    const char *known;
    r = session_case(c->session, name, &known);
    return r ? r : session_casefile(c, known, &k->file);
}

static int run_check(struct checking *k, struct cli *c)
{
    const char *audit = cli_option(c, "audit"), *case_name = cli_option(c, "case");
    *k = (struct checking){.c = c};
    gaps_init(&k->gaps, &c->arena);
    if (!audit && !case_name) return err_set(ERR_USAGE, "say which audit or case: --audit A, or --case C");
    int r = audit ? find_audit(k, audit) : find_case(k, case_name);
    if (!r) r = cli_on(c, k->file.name, &k->on);
    if (!r) k->version = fold_case_version(session_fold(c->session), k->file.name);
    if (!r) r = audit ? run_audit(k) : run_case(k);
    gaps_sort(&k->gaps);
    return r ? r : gaps_error(&k->gaps);
}

/* ---- telling it ---- */

static struct jv *later_json(struct checking *k)
{
    struct arena *a = &k->c->arena;
    struct jv *list = jv_array(a);
    int r = list ? 0 : ERR_ROAD;
    for (size_t i = 0; i < k->later_len && !r; i++) {
        const struct entry *e = k->later[i]->entry;
        const char *person = kit_person(k->c->session, e->kit);
        struct jv *o = jv_object(a);
        r = jv_put_str(a, o, "entry", arena_printf(a, "%s:%lld", e->kit, (long long)e->seq));
        if (!r) r = jv_put_str(a, o, "record", e->record);
        if (!r) r = jv_put_str(a, o, "by", person ? person : e->kit);
        if (!r) r = jv_put_str(a, o, "at", e->at);
        if (!r) r = jv_push(a, list, o);
    }
    return r ? NULL : list;
}

static int put_result(struct checking *k)
{
    struct arena *a = &k->c->arena;
    struct jv *o = jv_object(a);
    int r = jv_put(a, o, "clean", jv_bool(a, k->gaps.len == 0));
    if (!r) r = jv_put(a, o, "gaps", gaps_json(a, &k->gaps));
    if (!r && k->audit && k->audit->submitted) r = jv_put(a, o, "later", later_json(k));
    k->c->result = o;
    return r;
}

/* The audit itself is not named at each. */
static const char *record_of(struct checking *k, const struct gap *gap)
{
    bool own = k->audit && strcmp(gap->record, k->audit->id) == 0;
    const char *s = own ? "" : arena_printf(&k->c->arena, "  %s", shown(k->c, gap->record));
    return s ? s : "";
}

static void print_item(struct cli *c, const char *head, const char *text)
{
    fprintf(c->out, "%s", head);
    print_wrapped(c->out, text ? text : "", text_columns(head));
}

static bool told_together(const struct gap *a, const struct gap *b)
{
    return a->group == b->group && a->common && b->common && strcmp(a->common, b->common) == 0 && strcmp(a->rule, b->rule) == 0;
}

const char *rule_text(struct cli *c, const char *rule)
{
    static const char *const words[] = {N_("conflict"), N_("evidence"), N_("entries"), N_("link"), N_("form"), N_("scheme")};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcmp(words[i], rule) == 0) return T(words[i]);
    return shown(c, rule);
}

/* "• text  [6.3.4 (2)]  sample/…-12"; several that have all but their subject in common as a list below it. How many they are. */
static size_t print_gap(struct checking *k, const struct gap *gap, size_t left)
{
    struct cli *c = k->c;
    struct arena *a = &c->arena;
    size_t n = 1;
    while (n < left && told_together(gap, &gap[n])) n++;
    if (n == 1) {
        print_item(c, "  • ", arena_printf(a, "%s  [%s]%s", shown(c, shown_names(c, gap->text)), rule_text(c, gap->rule), record_of(k, gap)));
        return n;
    }
    print_item(c, "  • ", arena_printf(a, "%s  [%s]", shown(c, gap->common), rule_text(c, gap->rule)));
    for (size_t i = 0; i < n; i++)
        print_item(c, "      ", arena_printf(a, "%s%s", shown(c, gap[i].subject), record_of(k, &gap[i])));
    return n;
}

static void print_gaps(struct checking *k)
{
    struct cli *c = k->c;
    size_t n = 0;
    for (size_t i = 0; i < k->gaps.len; i += n) {
        const struct gap *gap = &k->gaps.items[i];
        size_t in_group = 0;
        while (i + in_group < k->gaps.len && gap[in_group].group == gap->group) in_group++;
        if (i == 0 || gap[-1].group != gap->group) fprintf(c->out, "\n%s (%zu)\n", gap_group_text(gap->group), in_group);
        n = print_gap(k, gap, k->gaps.len - i);
    }
}

static void print_later(struct checking *k)
{
    struct cli *c = k->c;
    if (k->later_len == 0) return;
    fprintf(c->out, "\n");
    fprintf(c->out, T("%zu entries came after it was submitted:"), k->later_len);
    fprintf(c->out, "\n");
    for (size_t i = 0; i < k->later_len; i++) {
        const struct entry *e = k->later[i]->entry;
        const char *by = kit_person(c->session, e->kit);
        print_item(c, "  ", arena_printf(&c->arena, "%.10s %.5s  %s  %s", e->at, strlen(e->at) > 11 ? e->at + 11 : "",
            by ? shown(c, by) : e->kit, shown_link(c, e->record)));
    }
}

static void print_check(struct checking *k)
{
    struct cli *c = k->c;
    char day[DAY_TEXT];
    day_write(day, k->on);
    const char *what = k->audit ? arena_printf(&c->arena, "%s %s", record_title(c, k->audit->record), k->audit->id)
                                : shown_case(c, k->file.name);
    if (k->gaps.len == 0)
        fprintf(c->out, k->audit ? T("%s, as of %s: nothing is missing") : T("%s, as of %s: every gate is kept"), what, day);
    else if (k->gaps.len == 1)
        fprintf(c->out, T("%s, as of %s: one gap"), what, day);
    else
        fprintf(c->out, T("%s, as of %s: %zu gaps"), what, day, k->gaps.len);
    if (k->audit && k->audit->submitted) fprintf(c->out, "%s", T("; submitted"));
    fprintf(c->out, "\n");
    print_gaps(k);
    print_later(k);
}

int cmd_check(struct cli *c)
{
    struct checking k;
    int r = run_check(&k, c);
    if (!r) r = put_result(&k);
    if (r) return r;
    if (!c->json) print_check(&k);
    return k.gaps.len ? ERR_NO : 0;
}

/* ---- submit ---- */

/* What has been written since by another process has not been checked. */
static int refuse_changed(struct checking *k)
{
    bool same = k->version == fold_case_version(store_fold(k->c->session->store), k->file.name);
    return same ? 0 : err_set(ERR_INPUT, "'%s' was changed while it was checked; check it again", k->audit->id);
}

/* Takes out the gap that is closed by submitting once more. */
static void take_out_again(struct checking *k)
{
    size_t n = 0;
    for (size_t i = 0; i < k->gaps.len; i++) {
        bool again = strcmp(k->gaps.items[i].rule, GAP_SUBMIT) == 0;
        k->again = k->again || again;
        if (!again) k->gaps.items[n++] = k->gaps.items[i];
    }
    k->gaps.len = n;
}

/* Once more it settles what two kits have written at once: that it is submitted they agree on. */
static int save_submission(struct checking *k)
{
    struct cli *c = k->c;
    struct store_tx *tx;
    struct jv *set = jv_object(&c->arena), *heads = NULL;
    const char *id;
    int r = store_begin(&tx, c->session->store);
    if (r) return r;
    r = refuse_changed(k);
    if (!r) r = audit_heads(&heads, &c->arena, store_fold(c->session->store), k->file.name);
    if (!r && !k->again) r = jv_put(&c->arena, set, "submitted", jv_bool(&c->arena, true));
    if (!r) r = jv_put(&c->arena, set, "submitted_heads", heads);
    struct change change = {.kind = CHANGE_SET, .case_name = k->file.name, .record = k->audit->id, .set = set,
        .form = session_case_form(c->session, k->file.name, "audit")};
    if (k->again) change.kind = CHANGE_RESOLVE;
    if (k->again) change.why = T("submitted once more, after two submissions at once");
    if (!r) r = change.form ? store_change(tx, &change, &id) : ERR_INPUT;
    if (!r) return store_commit(tx);
    store_rollback(tx);
    return r;
}

int cmd_submit(struct cli *c)
{
    struct checking k;
    if (!cli_option(c, "audit")) return err_set(ERR_USAGE, "say which audit: --audit A");
    int r = run_check(&k, c);
    if (!r) take_out_again(&k);
    if (!r) r = put_result(&k);
    if (r) return r;
    if (k.audit->submitted && !k.again)
        return err_set(ERR_INPUT, "'%s' is submitted already; 'satchel check' shows what came after", k.audit->id);
    if (k.gaps.len) {
        if (!c->json) print_check(&k);
        if (!c->json) fprintf(c->out, "\n%s\n", T("not submitted: settle these first"));
        return ERR_NO;
    }
    r = save_submission(&k);
    if (r) return r;
    struct jv *o = jv_object(&c->arena);
    r = jv_put_str(&c->arena, o, "id", k.audit->id);
    if (!r) r = jv_put(&c->arena, o, "submitted", jv_bool(&c->arena, true));
    c->result = o;
    if (!c->json) fprintf(c->out, T("submitted: %s"), k.audit->id);
    if (!c->json) fprintf(c->out, "\n");
    return r;
}
