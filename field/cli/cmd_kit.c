/* init, whoami, join, rebuild, shell: the kit itself. */
#include "cli.h"

#include <stdlib.h>
#include <string.h>

#include "satchel/base/os.h"
#include "satchel/base/time.h"
#include "satchel/format/age.h"
#include "satchel/format/enrolment.h"

static int put_key_line(struct cli *c, struct jv *o, const char *name, const unsigned char public_key[KEY_SIZE],
    const char *comment)
{
    struct buf b;
    buf_init(&b, 1024);
    ssh_key_line_write(&b, public_key, comment);
    int r = buf_error(&b);
    if (!r) r = jv_put_str(&c->arena, o, name, buf_str(&b));
    buf_release(&b);
    return r;
}

/* Who this kit's person is in the register, and what he may do today. */
static int put_person(struct cli *c, struct jv *o)
{
    const char *member, *person = cli_person_of(c, store_kit(c->session->store));
    const struct registry *registry = store_registry(c->session->store);
    const struct form *form = forms_current(c->session->forms, "person");
    const struct form_field *f = form ? form_field(form, "roles", &member) : NULL;
    struct jv *roles = jv_array(&c->arena);
    char now[TIME_TEXT];
    time_write_now(now);
    int r = jv_put_str(&c->arena, o, "person", person ? arena_printf(&c->arena, REGISTER_CASE ":%s", person) : NULL);
    for (size_t i = 0; registry && f && i < f->choices_len && !r; i++)
        if (registry_role(registry, store_kit(c->session->store), f->choices[i].value, now))
            r = jv_push(&c->arena, roles, jv_string(&c->arena, f->choices[i].value));
    return r ? r : jv_put(&c->arena, o, "roles", roles);
}

static int kit_json(struct cli *c, struct jv **out)
{
    struct store *s = c->session->store;
    char recipient[AGE_RECIPIENT_SIZE], spoken[30];
    const struct hub_identity *hub = store_hub(s);
    struct jv *o = jv_object(&c->arena);
    age_recipient_write(recipient, store_recipient(s));
    fingerprint_spoken(spoken, store_signer(s)->public_key);
    int r = jv_put_str(&c->arena, o, "kit", store_kit(s));
    if (!r) r = jv_put_str(&c->arena, o, "name", store_person_name(s));
    if (!r) r = jv_put_str(&c->arena, o, "email", store_person_email(s));
    if (!r) r = put_key_line(c, o, "key", store_signer(s)->public_key, store_person_email(s));
    if (!r) r = jv_put_str(&c->arena, o, "recipient", recipient);
    if (!r) r = jv_put_str(&c->arena, o, "fingerprint", spoken);
    if (!r) r = jv_put_str(&c->arena, o, "store", store_folder(s));
    if (!r) r = jv_put_str(&c->arena, o, "version", SATCHEL_VERSION);
    if (!r) r = jv_put_str(&c->arena, o, "hub", hub ? hub->name : NULL);
    if (!r) r = jv_put_str(&c->arena, o, "hub_kit", hub ? hub->kit : NULL);
    if (!r) r = put_person(c, o);
    if (!r) *out = o;
    return r;
}

static void print_kit_line(struct cli *c, const char *label, const char *value)
{
    print_padded(c->out, label, 14);
    fprintf(c->out, "%s\n", value);
}

static void print_kit(struct cli *c, const struct jv *o)
{
    const char *hub = jv_get_str(o, "hub"), *name = shown(c, jv_get_str(o, "name"));
    const char *person = arena_printf(&c->arena, "%s <%s>", name, shown(c, jv_get_str(o, "email")));
    print_kit_line(c, T("kit"), jv_get_str(o, "kit"));
    print_kit_line(c, T("name"), person ? person : name);
    print_kit_line(c, T("public key"), jv_get_str(o, "key"));
    print_kit_line(c, T("recipient"), jv_get_str(o, "recipient"));
    print_kit_line(c, T("fingerprint"), jv_get_str(o, "fingerprint"));
    print_kit_line(c, T("hub"), hub ? shown(c, hub) : T("none joined"));
    print_kit_line(c, T("store"), jv_get_str(o, "store"));
    print_kit_line(c, T("version"), jv_get_str(o, "version"));
}

static int create_store(struct cli *c, const char *name, const char *email, char recovery[RECOVERY_KEY_SIZE])
{
    struct buf secret;
    int64_t work_factor = STORE_WORK_FACTOR;
    int r = cli_option_int(c, "work-factor", &work_factor);
    if (!r && (work_factor < 10 || work_factor > 20))
        r = err_set(ERR_USAGE, "'--work-factor' is 10 to 20, not '%lld'", (long long)work_factor);
    if (!r) r = session_forms(c->session);
    const char *folder = r ? NULL : session_folder(c->session);
    if (r || !folder) return r ? r : ERR_ROAD;
    struct file_info journal; /* an empty one is what an init that was stopped has left */
    char *path = path_join(&c->arena, folder, "journal.db");
    if (path && os_stat(&journal, path) == 0 && journal.size > 0)
        return err_set(ERR_INPUT, "there is a store in '%s' already; name another folder with --store", folder);
    r = session_passphrase(c->session, &secret, true);
    if (r) return r;
    r = store_create(folder, name, email, buf_str(&secret), (int)work_factor, c->session->forms, recovery);
    if (!r) r = store_open(&c->session->store, folder, buf_str(&secret), c->session->forms);
    buf_wipe(&secret);
    return r;
}

int cmd_init(struct cli *c)
{
    char recovery[RECOVERY_KEY_SIZE];
    struct jv *kit = NULL;
    const char *name = cli_option(c, "name"), *email = cli_option(c, "email");
    if (!name || !*name) return err_set(ERR_USAGE, "say who you are: --name NAME --email EMAIL");
    if (!email || !*email) return err_set(ERR_USAGE, "say who you are: --name NAME --email EMAIL");
    int r = create_store(c, name, email, recovery);
    if (!r) r = kit_json(c, &kit);
    if (!r && c->json) {
        r = jv_put_str(&c->arena, kit, "recovery", recovery);
        c->result = kit;
    } else if (!r) {
        print_kit(c, kit);
        fprintf(c->out, "\n%s\n\n    %s\n\n%s\n", T("Recovery key: write it down and keep it away from the store."),
            recovery, T("It opens the store if the passphrase is forgotten. It is shown only this once."));
    }
    wipe(recovery, sizeof recovery);
    return r;
}

static int print_request(struct cli *c)
{
    struct store *s = c->session->store;
    struct buf b;
    char at[TIME_TEXT];
    time_write_now(at);
    struct request q = {at, store_person_name(s), store_person_email(s), store_kit(s), {0}, {0}};
    memcpy(q.public_key, store_signer(s)->public_key, KEY_SIZE);
    memcpy(q.recipient, store_recipient(s), KEY_SIZE);
    buf_init(&b, REQUEST_MAX_BYTES);
    int r = request_write(&b, &q, store_signer(s));
    if (!r) fwrite(b.data, 1, b.len, c->out);
    buf_release(&b);
    return r;
}

int cmd_whoami(struct cli *c)
{
    struct jv *kit;
    int r = session_store(c->session);
    if (r) return r;
    if (cli_flag(c, "request")) return print_request(c);
    r = kit_json(c, &kit);
    if (r) return r;
    c->result = kit;
    if (!c->json) print_kit(c, kit);
    return 0;
}

/* ---- join ---- */

static int read_enrolment(struct cli *c, const char *path, struct enrolment *out)
{
    struct buf b;
    buf_init(&b, ENROLMENT_MAX_BYTES);
    int r = file_read(path, &b);
    /* the lines are borrowed from the bytes: keep them as long as the command */
    char *copy = r ? NULL : arena_strndup(&c->arena, buf_str(&b), b.len);
    if (!r && !copy) r = err_memory();
    if (!r) r = enrolment_read(out, &c->arena, copy, b.len);
    buf_release(&b);
    return r ? err_within(r, "%s", path) : 0;
}

/* What was written before and will be set apart is no surprise once it has been sent. */
static void print_refused(struct cli *c, const struct jv *refused)
{
    if (refused->len == 0) return;
    fprintf(c->out, T("of what this kit has written, this register would set %zu entries apart; before you sync, ask an admin for what is missing and join by his new enrolment:"), refused->len);
    fprintf(c->out, "\n");
    for (size_t i = 0; i < refused->len; i++) {
        const struct jv *o = refused->items[i];
        fprintf(c->out, "  %s  %s  %s: %s\n", jv_get_str(o, "entry"), jv_get_str(o, "case"), jv_get_str(o, "record"), told(c, jv_get_str(o, "reason")));
    }
}

/* `remote`: the address that the enrolment named, or NULL. */
static int report_joined(struct cli *c, const char *remote)
{
    char spoken[30], of_hub[30];
    struct jv *o = jv_object(&c->arena), *refused;
    const struct hub_identity *hub = store_hub(c->session->store);
    fingerprint_spoken(spoken, hub->root);
    fingerprint_spoken(of_hub, hub->public_key);
    int r = jv_put_str(&c->arena, o, "hub", hub->name);
    if (!r) r = jv_put_str(&c->arena, o, "hub_kit", hub->kit);
    if (!r) r = jv_put_str(&c->arena, o, "hub_fingerprint", of_hub);
    if (!r && remote) r = jv_put_str(&c->arena, o, "remote", remote);
    if (!r) r = jv_put_str(&c->arena, o, "root_fingerprint", spoken);
    if (!r) r = store_refused(c->session->store, &c->arena, &refused);
    if (!r) r = jv_put(&c->arena, o, "refused", refused);
    c->result = o;
    if (r || c->json) return r;
    fprintf(c->out, T("joined the hub '%s'"), shown(c, hub->name));
    fprintf(c->out, "\n%s  %s\n", T("compare the root's fingerprint by voice with headquarters:"), spoken);
    fprintf(c->out, "%s  %s\n", T("and the hub's:"), of_hub);
    if (remote) {
        fprintf(c->out, T("it answers at %s: 'satchel sync' goes there from now on"), shown(c, remote));
        fprintf(c->out, "\n");
    }
    print_refused(c, refused);
    return 0;
}

int cmd_join(struct cli *c)
{
    struct enrolment e;
    struct file_info info;
    int r = session_store(c->session);
    if (!r) r = os_stat(&info, c->args[0]);
    if (!r && info.is_folder) {
        r = cmd_join_folder(c, c->args[0]);
        return r ? r : report_joined(c, NULL);
    }
    if (!r) r = read_enrolment(c, c->args[0], &e);
    if (r) return r;
    struct store *s = c->session->store;
    if (strcmp(e.for_kit, store_kit(s)) != 0)
        return err_set(ERR_INPUT, "'%s' enrols the kit '%s', but this is '%s'; ask for the enrolment of this kit", c->args[0], e.for_kit, store_kit(s));
    r = store_join(s, &e);
    if (!r && e.url) r = remote_save(c, &(struct remote){.name = HUB_REMOTE, .place = e.url, .pin = e.pin, .plain = true});
    return r ? r : report_joined(c, e.url);
}

int cmd_rebuild(struct cli *c)
{
    size_t cases, records;
    const struct fold_record *const *all;
    int r = session_store(c->session);
    if (r) return r;
    view_free(c->session->view);
    c->session->view = NULL;
    r = session_view(c->session);
    if (!r) r = fold_records(store_fold(c->session->store), NULL, &all, &records);
    if (r) return r;
    fold_cases(store_fold(c->session->store), &cases);
    struct jv *o = jv_object(&c->arena);
    r = jv_put_int(&c->arena, o, "cases", (int64_t)cases);
    if (!r) r = jv_put_int(&c->arena, o, "records", (int64_t)records);
    c->result = o;
    if (r || c->json) return r;
    fprintf(c->out, T("rebuilt from the journal: %zu cases, %zu records"), cases, records);
    fprintf(c->out, "\n");
    return 0;
}

/* ---- shell: words of a line as a shell would split them ---- */

#define SHELL_WORDS 256

/* Splits in place: blanks part words; '…' and "…" hold them together; a backslash takes the next character as it is. */
static int split_words(char *line, const char **words)
{
    int n = 0;
    char *in = line;
    while (*in) {
        while (*in == ' ' || *in == '\t') in++;
        if (!*in || *in == '#') break;
        if (n == SHELL_WORDS) return err_set(ERR_USAGE, "the line has more than %d words", SHELL_WORDS);
        char *out = in, quote = 0;
        words[n++] = out;
        for (; *in && (quote || (*in != ' ' && *in != '\t')); in++) {
            if (quote ? *in == quote : (*in == '\'' || *in == '"'))
                quote = quote ? 0 : *in;
            else if (*in == '\\' && quote != '\'' && in[1])
                *out++ = *++in;
            else
                *out++ = *in;
        }
        if (quote) return err_set(ERR_USAGE, "a quotation is not closed");
        if (*in) in++;
        *out = '\0';
    }
    return n;
}

/* A line of any length from standard input; false at its end. */
static bool read_line(struct buf *line)
{
    int ch;
    buf_clear(line);
    while ((ch = getc(stdin)) != EOF && ch != '\n') buf_addc(line, ch);
    return ch != EOF || line->len;
}

int cmd_shell(struct cli *c)
{
    struct buf line;
    int worst = 0, r = session_store(c->session);
    if (r) return r;
    buf_init(&line, ENTRY_MAX_BYTES);
    bool terminal = os_is_terminal(0);
    for (;;) {
        const char *words[SHELL_WORDS];
        if (terminal) {
            fprintf(stderr, "satchel> ");
            fflush(stderr);
        }
        if (!read_line(&line)) break;
        int n = buf_error(&line) ? ERR_USAGE : split_words((char *)line.data, words);
        if (n < 0) {
            fprintf(stderr, "satchel: %s\n", err_message());
            worst = 2;
        }
        if (n <= 0) continue;
        if (strcmp(words[0], "exit") == 0 || strcmp(words[0], "quit") == 0) break;
        int status = strcmp(words[0], "shell") == 0 ? 0 : cli_run(c->session, n, words, c->out);
        if (status > worst) worst = status;
    }
    buf_release(&line);
    c->status = worst;
    return 0;
}
