/* The table of commands, and the one place where errors are printed. */
#include "cli.h"

#include <stdlib.h>
#include <string.h>

#include "satchel/base/os.h"
#include "satchel/replica/state.h"
#include "satchel/scheme/embedded.h"

#define WHY {"why", "TEXT", N_("the reason, kept with the change"), 'm'}
#define CASE {"case", "C", N_("the case"), 'c'}
#define ON {"on", "DATE", N_("as of this day (default: today)"), 0}
#define HEADS {"heads", NULL, N_("for programs: the entries that a change of each field is to name"), 0}
#define TITLES {"titles", NULL, N_("for programs: what the record, and each link in it, is called"), 0}
#define CUSTODY {"custody", NULL, N_("for programs: what is here, on the way, held by the hub"), 0}
#define LIMIT {"limit", "N", N_("only so many, and how many there are in all"), 0}
#define AFTER {"after", "RECORD", N_("with --limit: those that stand after this one"), 0}
#define PART {"part-size", "N", N_("largest size of one bundle file (default 256M)"), 0}

static const struct option init_options[] = {
    {"name", "NAME", N_("your name, as colleagues know it"), 0},
    {"email", "EMAIL", N_("your e-mail address"), 0},
    {"work-factor", "N", N_("log2 of the passphrase's cost (default 16: 64 MB of memory)"), 0},
    {NULL, NULL, NULL, 0}};
static const struct option whoami_options[] = {
    {"request", NULL, N_("print the file that asks a hub for enrolment"), 0}, {NULL, NULL, NULL, 0}};
static const struct option new_options[] = {CASE, WHY, {NULL, NULL, NULL, 0}};
static const struct option why_options[] = {WHY, {NULL, NULL, NULL, 0}};
static const struct option attach_options[] = {
    {"to", "RECORD", N_("the record that the evidence belongs to"), 't'},
    {"title", "TEXT", N_("what it shows"), 0},
    {"captured", "TIME", N_("when it was taken, e.g. 2026-11-22T10:11:12+08:00"), 0}, WHY,
    {NULL, NULL, NULL, 0}};
static const struct option extract_options[] = {
    {"output", "FILE", N_("where to write the original"), 'o'},
    {"bring", NULL, N_("only bring the bytes here, from the hub, where they are not"), 0}, {NULL, NULL, NULL, 0}};
static const struct option case_options[] = {CASE, {NULL, NULL, NULL, 0}};
static const struct option history_options[] = {CASE, TITLES, CUSTODY, {NULL, NULL, NULL, 0}};
static const struct option conflicts_options[] = {CASE, HEADS, TITLES, {NULL, NULL, NULL, 0}};
static const struct option find_options[] = {HEADS, TITLES, CUSTODY, LIMIT, AFTER, {NULL, NULL, NULL, 0}};
static const struct option copy_options[] = {
    CASE, {"to", "NAME", N_("what the new case is called"), 't'}, {NULL, NULL, NULL, 0}};
static const struct option list_options[] = {
    CASE, ON, {"voided", NULL, N_("voided records too"), 0}, LIMIT, AFTER,
    {"newest", NULL, N_("those that were made last come first"), 0}, HEADS, TITLES, CUSTODY, {NULL, NULL, NULL, 0}};
static const struct option coverage_options[] = {
    CASE, {"audit", "A", N_("one audit only"), 0}, ON, {NULL, NULL, NULL, 0}};
static const struct option plan_options[] = {
    CASE, {"audit", "A", N_("of this audit, not of the next surveillance"), 0}, ON, {NULL, NULL, NULL, 0}};
static const struct option check_options[] = {
    {"audit", "A", N_("the audit"), 0}, {"case", "C", N_("instead: the gates of the process, of a whole case"), 'c'}, ON,
    {"quick", NULL, N_("evidence that is here counts as held, without hashing it"), 0},
    {NULL, NULL, NULL, 0}};
static const struct option submit_options[] = {{"audit", "A", N_("the audit"), 0}, ON, {NULL, NULL, NULL, 0}};
static const struct option show_options[] = {CASE, ON,
    {"at", "TIME", N_("as it was at this time, as its entries say"), 0},
    {"entry", "ID", N_("as it was for the author of this entry, when it was made"), 0}, HEADS, TITLES, CUSTODY, {NULL, NULL, NULL, 0}};
static const struct option calendar_options[] = {
    CASE, ON, {"until", "DATE", N_("only what is due by this day, overdue or proposed"), 0}, LIMIT, {NULL, NULL, NULL, 0}};
static const struct option import_options[] = {
    {"name", "NAME", N_("what the catalogue is called (default: its own title)"), 0}, {NULL, NULL, NULL, 0}};
static const struct option form_options[] = {
    {"scheme", "S", N_("of a scheme of the register: a tail of its id"), 0},
    {"case", "C", N_("of the scheme that this case follows"), 'c'}, {NULL, NULL, NULL, 0}};
static const struct option pack_options[] = {
    {"to", "NAME|KIT|self", N_("who can open the bundles (default: the hub)"), 0},
    {"output", "DIR", N_("the folder to write them to (default: this one)"), 'o'}, CASE, PART,
    {"everything", NULL, N_("all of it, not only what the receiver may lack"), 0},
    {NULL, NULL, NULL, 0}};
static const struct option stick_options[] = {PART, {NULL, NULL, NULL, 0}};
static const struct option sync_options[] = {PART,
    {"with", "NAME|KIT", N_("a colleague, without headquarters: over a folder or stick that both write to"), 0},
    {"code", "CODE", N_("a colleague, whose kit shares at this ADDRESS:PORT: the eight digits that it shows"), 0},
    {"no-evidence", NULL, N_("with a colleague: records only, no photos and files"), 0},
    {"timeout", "SECONDS", N_("give a silent network up after this time (default 30)"), 0},
    {"tries", "N", N_("how often to try again without getting on (default 6)"), 0}, {NULL, NULL, NULL, 0}};
static const struct option share_options[] = {
    {"port", "N", N_("where (default: the system chooses)"), 0},
    {"listen", "ADDR", N_("on this address of this machine only (default: all)"), 0},
    {"minutes", "N", N_("how long to wait for the colleague, and to let the exchange last (default 15)"), 0},
    {"no-evidence", NULL, N_("with a colleague: records only, no photos and files"), 0}, {NULL, NULL, NULL, 0}};
static const struct option remote_options[] = {
    {"ca", "FILE", N_("certificates to trust instead of the system's"), 0},
    {"pin", "sha256//…", N_("the server's public key, and no other"), 0},
    {"plain", NULL, N_("without TLS, in a network that you trust"), 0}, {NULL, NULL, NULL, 0}};
static const struct option verify_options[] = {
    {"root", "KEY", N_("the register's root key (a line or a file), known from outside"), 0},
    {"against", "RECEIPT", N_("a receipt or checkpoint kept elsewhere; may be given more than once"), 0},
    {NULL, NULL, NULL, 0}};
static const struct option ui_options[] = {
    {"port", "N", N_("where (default: the system chooses)"), 0},
    {"no-open", NULL, N_("only show the address, open no browser"), 0},
    {"phone", "RECORD", N_("open a port for a phone on the local network, to upload photos and video into this record"), 0},
    {"listen", "ADDR", N_("the phone's port on this address of this machine only (default: all)"), 0},
    {"idle", "MINUTES", N_("end when no page has been open for so long (default 60; 0: never)"), 0},
    {"routes", NULL, N_("for programs: only tell what the pages can ask"), 0}, {NULL, NULL, NULL, 0}};
static const struct option hub_init_options[] = {
    {"name", "NAME", N_("the hub's name"), 0},
    {"admin", "REQUEST", N_("the request file of its first admin"), 0}, {NULL, NULL, NULL, 0}};
static const struct option hub_restore_options[] = {
    {"name", "NAME", N_("the hub's name"), 0},
    {"admin", "REQUEST", N_("the first admin's request file, where the register does not enrol his kit"), 0}, {NULL, NULL, NULL, 0}};
static const struct option hub_enrol_options[] = {
    {"roles", "R,…", N_("auditor, leader, headquarters, reviewer, decider, expert, admin"), 0},
    {"cases", "C,…", N_("the cases that the person works on"), 0},
    {"url", "URL", N_("where the hub answers over a network, for the kit to know"), 0},
    {"pin", "sha256//…", N_("the server's public key, and no other"), 0},
    {"plain", NULL, N_("without TLS, in a network that you trust"), 0},
    {"output", "FILE", N_("where to write the enrolment"), 'o'}, {NULL, NULL, NULL, 0}};
static const struct option hub_key_options[] = {
    {"new", NULL, N_("make the hub new keys first: those that it has were stolen or lost"), 0},
    WHY,
    {"output", "FOLDER", N_("write a new enrolment for every kit there"), 'o'},
    {"url", "URL", N_("where the hub answers over a network, for the kit to know"), 0},
    {"pin", "sha256//…", N_("the server's public key, and no other"), 0},
    {"plain", NULL, N_("without TLS, in a network that you trust"), 0}, {NULL, NULL, NULL, 0}};
static const struct option hub_checkpoint_options[] = {
    {"output", "FILE", N_("where to write it; the signature goes to FILE.sig"), 'o'}, {NULL, NULL, NULL, 0}};
static const struct option hub_mirror_options[] = {
    {"evidence", "ADDRESS|none", N_("where evidence goes: a Git LFS server, s3+https://host/bucket, a folder (default: as Git LFS finds it)"), 0},
    {"save", "NAME", N_("keep the addresses, without a password, under this name"), 0},
    {"dry-run", NULL, N_("only tell what would be sent"), 'n'},
    {"netrc", "FILE", N_("names and passwords of servers (default: ~/.netrc, then git's credential helpers)"), 0},
    {"ca", "FILE", N_("certificates to trust in place of the system's, PEM"), 0},
    {"region", "R", N_("of an S3 store (default: us-east-1)"), 0},
    {"part-size", "N", N_("larger evidence goes to an S3 store in parts of this size (default 64M)"), 0},
    {"patience", "SECONDS", N_("give up after so long a silence (default 120)"), 0}, {NULL, NULL, NULL, 0}};
static const struct option hub_serve_options[] = {
    {"listen", "ADDR:PORT", N_("where (default 127.0.0.1:8080); port 0: the system chooses"), 0},
    {"cert", "FILE", N_("the certificate with its chain, PEM"), 0},
    {"key", "FILE", N_("its key, PEM"), 0},
    {"plain", NULL, N_("without TLS on an address that others reach: something before it does it"), 0},
    {"behind-proxy", NULL, N_("requests from this machine are of whom X-Forwarded-For names last"), 0},
    {"quota", "N", N_("bytes of one kit's that may be under way (default 16G)"), 0},
    {"upload-max", "N", N_("largest upload"), 0}, PART,
    {"rate", "N", N_("requests a second of one address (default 100; 0: any number)"), 0},
    {"connections", "N", N_("connections at once (default 500)"), 0},
    {"per-address", "N", N_("of them of one address (default 250)"), 0},
    {"session", "SECONDS", N_("how long a session lasts (default 900)"), 0},
    {"keep", "HOURS", N_("how long an unfinished upload is kept (default 168)"), 0}, {NULL, NULL, NULL, 0}};
static const struct option hub_looks_options[] = {CASE, {NULL, NULL, NULL, 0}};
static const struct option review_options[] = {
    {"no-open", NULL, N_("only show the address, open no browser"), 0}, {NULL, NULL, NULL, 0}};
static const struct option demo_options[] = {
    {"files", "DIR", N_("photos to use as evidence (default: files made for it)"), 0}, {NULL, NULL, NULL, 0}};

const struct command commands[] = {
    {"init", "--name N --email E", N_("make a kit: a store and its keys"), init_options, 0, 0, cmd_init},
    {"whoami", "[--request]", N_("kit id, name, key, store, version"), whoami_options, 0, 0, cmd_whoami},
    {"new", "TYPE --case C [FIELD…]", N_("create a record; prints its id"), new_options, 1, -1, cmd_new},
    {"set", "RECORD FIELD…", N_("change fields of a record"), why_options, 2, -1, cmd_set},
    {"void", "RECORD --why TEXT", N_("withdraw a record, with a reason; nothing is deleted"), why_options, 1, 1, cmd_void},
    {"apply", "FILE|-", N_("many changes, a JSON object a line: all of them or none"), why_options, 1, 1, cmd_apply},
    {"attach", "FILE… --to RECORD", N_("take files in as evidence"), attach_options, 1, -1, cmd_attach},
    {"copy", "--case C --to NAME", N_("open a case anew under another name, with copies of its records"), copy_options, 0, 0, cmd_copy},
    {"extract", "EVIDENCE -o FILE", N_("the original bytes back, hash checked"), extract_options, 1, 1, cmd_extract},
    {"show", "RECORD", N_("one record"), show_options, 1, 1, cmd_show},
    {"list", "TYPE [FIELD…]", N_("records of a type"), list_options, 1, -1, cmd_list},
    {"find", "TEXT", N_("records that hold the text"), find_options, 1, -1, cmd_find},
    {"history", "RECORD", N_("who changed what, when and why"), history_options, 1, 1, cmd_history},
    {"conflicts", "", N_("fields with more than one value"), conflicts_options, 0, 0, cmd_conflicts},
    {"resolve", "RECORD FIELD… --why TEXT", N_("settle a conflict"), why_options, 2, -1, cmd_resolve},
    {"coverage", "--case C [--audit A]", N_("clauses and departments: what is done, what is open"), coverage_options, 0, 0, cmd_coverage},
    {"calendar", "[--case C] [--on DATE]", N_("what is due, overdue or proposed"), calendar_options, 0, 0, cmd_calendar},
    {"plan", "--case C [--on DATE]", N_("what the next surveillance must sample, and why"), plan_options, 0, 0, cmd_plan},
    {"check", "--audit A [--on DATE]", N_("what is missing before the team leaves the site; re-hashes the evidence"), check_options, 0,
        0, cmd_check},
    {"submit", "--audit A", N_("hand the audit in; refused until its check is clean"), submit_options, 0, 0, cmd_submit},
    {"form list", "", N_("the record types"), form_options, 0, 0, cmd_form_list},
    {"form show", "[TYPE]", N_("the fields of a record type"), form_options, 0, 1, cmd_form_show},
    {"form scheme", "", N_("the scheme: levels, directions, departments, results, and its clauses"), form_options, 0, 0, cmd_form_scheme},
    {"form check", "FILE…", N_("check form files"), NULL, 1, -1, cmd_form_check},
    {"form export", "DIR", N_("the scheme that ships, as a folder to change and import"), NULL, 1, 1, cmd_form_export},
    {"import", "FILE|DIR", N_("a clause catalogue from CSV or OSCAL JSON, or a scheme from its folder"), import_options, 1, 1, cmd_import},
    {"remote add", "NAME URL|DIR", N_("name a place to sync with"), remote_options, 2, 2, cmd_remote_add},
    {"remote list", "", N_("the places to sync with"), NULL, 0, 0, cmd_remote_list},
    {"remote remove", "NAME", N_("forget a place to sync with"), NULL, 1, 1, cmd_remote_remove},
    {"remote lfs", "[NAME]", N_("an address with which git-lfs gets evidence from the hub, for as long as a session lasts: a secret"),
        NULL, 0, 1, cmd_remote_lfs},
    {"join", "FILE", N_("join a hub by its enrolment file"), NULL, 1, 1, cmd_join},
    {"pack", "[--to WHO] [-o DIR] [--case C]", N_("write bundles"), pack_options, 0, 0, cmd_pack},
    {"receive", "PATH…", N_("take bundles in"), NULL, 1, -1, cmd_receive},
    {"share", "[--port N] [--listen ADDR]", N_("exchange with one colleague over a local network, without headquarters: shows an address and a code"),
        share_options, 0, 0, cmd_share},
    {"sync", "[NAME|FOLDER|ADDRESS:PORT]", N_("both directions, over a network, a folder or a stick"), sync_options, 0, 1, cmd_sync},
    {"status", "[--case C]", N_("what is here only, on the way, held by the hub; what stands apart"), case_options, 0, 0, cmd_status},
    {"verify", "[PATH…]", N_("check a store, bundle, hub or clone end to end, offline"), verify_options, 0, -1, cmd_verify},
    {"rebuild", "", N_("rebuild what is listed and searched, from the journal"), NULL, 0, 0, cmd_rebuild},
    {"free", "--case C", N_("remove local copies of evidence that the hub holds; they come back on demand"), case_options, 0, 0, cmd_free},
    {"ui", "[--port N] [--no-open]", N_("the pages, in the browser of this machine"), ui_options, 0, 0, cmd_ui},
    {"review", "[REMOTE]", N_("the hub's pages, to read what it has, in the browser of this machine"), review_options, 0, 1, cmd_review},
    {"shell", "", N_("unlock once, then one command a line"), NULL, 0, 0, cmd_shell},
    {"hub init", "DIR --name N --admin REQUEST", N_("make a hub"), hub_init_options, 1, 1, cmd_hub_init},
    {"hub enrol", "DIR REQUEST --roles R,… [--cases C,…] -o FILE", N_("enrol a kit (an admin's task)"), hub_enrol_options, 2, 2,
        cmd_hub_enrol},
    {"hub receive", "DIR PATH…", N_("take bundles in at the hub"), NULL, 2, -1, cmd_hub_receive},
    {"hub sync", "DIR FOLDER", N_("both directions over a folder or stick, the hub's side"), stick_options, 2, 2, cmd_hub_sync},
    {"hub serve", "DIR [--listen ADDR:PORT]", N_("serve the hub over HTTP until told to stop"), hub_serve_options, 1, 1, cmd_hub_serve},
    {"hub status", "DIR", N_("what the hub holds"), NULL, 1, 1, cmd_hub_status},
    {"hub restore", "DIR CLONE", N_("make a hub of a clone of another one's repository"), hub_restore_options, 2, 2,
        cmd_hub_restore},
    {"hub key", "DIR [--new] [-o FOLDER]", N_("tell the register of the hub's new key, after 'hub restore' or a theft (an admin's task)"),
        hub_key_options, 1, 1, cmd_hub_key},
    {"hub verify", "DIR", N_("check the hub end to end"), verify_options, 1, 1, cmd_hub_verify},
    {"hub history", "DIR RECORD", N_("who changed what, when and why, from the repository"), case_options, 2, 2, cmd_hub_history},
    {"hub calendar", "DIR [--case C] [--on DATE]", N_("what is due, overdue or proposed in all cases of the hub"), calendar_options,
        1, 1, cmd_hub_calendar},
    {"hub looks", "DIR [RECORD] [--case C]", N_("who looked at what in the hub's pages"), hub_looks_options, 1, 2, cmd_hub_looks},
    {"hub mirror", "DIR NAME|ADDRESS", N_("send the case branches to another git repository, and evidence to its store"),
        hub_mirror_options, 2, 2, cmd_hub_mirror},
    {"hub checkpoint", "DIR -o FILE", N_("a signed list of all that the hub holds, to keep elsewhere"),
        hub_checkpoint_options, 1, 1, cmd_hub_checkpoint},
    {"demo", "[DIR]", N_("show a whole audit: two auditors, a conflict, a hub"), demo_options, 0, 1, cmd_demo},
};
const size_t commands_len = sizeof commands / sizeof *commands;

/* A message may quote what came from outside. */
static void print_error(const struct cli_io *io)
{
    struct buf b;
    const char *why = *err_message() ? err_message() : T("the command failed");
    if (io->errors) {
        buf_addf(io->errors, "%s%s", io->errors->len ? " · " : "", why);
        return;
    }
    buf_init(&b, BUF_UNLIMITED);
    buf_add_shown(&b, why, strlen(why));
    fprintf(stderr, "satchel: %s\n", buf_str(&b));
    buf_release(&b);
}

void cli_failed(struct cli *c, int code)
{
    print_error(c->io);
    err_clear();
    if (!c->status) c->status = err_exit_status(code);
}

static int choose_language(const char *name)
{
    if (strncmp(name, "zh", 2) == 0)
        text_language(LANGUAGE_ZH);
    else if (strncmp(name, "en", 2) == 0)
        text_language(LANGUAGE_EN);
    else
        return err_set(ERR_USAGE, "'--lang' takes zh or en, not '%s'", name);
    return 0;
}

static void choose_default_language(void)
{
    static const char *const names[] = {"SATCHEL_LANG", "LC_ALL", "LC_MESSAGES", "LANG"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *value = getenv(names[i]);
        if (!value || !*value) continue;
        text_language(strncmp(value, "zh", 2) == 0 ? LANGUAGE_ZH : LANGUAGE_EN);
        return;
    }
}

static int print_result(struct cli *c)
{
    struct buf b;
    buf_init(&b, BUF_UNLIMITED);
    json_write(c->io->result ? c->io->result : &b, c->result);
    if (!c->io->result) buf_addc(&b, '\n');
    int r = buf_error(&b);
    if (!r && fwrite(b.data, 1, b.len, c->out) != b.len) r = err_system("write", "standard output");
    buf_release(&b);
    return r;
}

/* "satchel hub --help": the commands whose name begins with the word. */
static void help_group(FILE *out, const char *word)
{
    size_t n = strlen(word);
    for (size_t i = 0; i < commands_len; i++)
        if (strncmp(commands[i].name, word, n) == 0 && commands[i].name[n] == ' ')
            fprintf(out, "  satchel %s %s\n      %s\n", commands[i].name, commands[i].args, T(commands[i].help));
}

static void print_help(struct cli *c)
{
    if (c->command)
        cli_help(c->out, c->command);
    else if (c->args_len)
        help_group(c->out, c->args[0]);
    else
        cli_help_all(c->out);
}

static int run_command(struct cli *c)
{
    const char *lang = cli_option(c, "lang");
    int r = lang ? choose_language(lang) : 0;
    if (r) return r;
    if (cli_flag(c, "help")) {
        print_help(c);
        return 0;
    }
    if (!c->command) {
        cli_help_all(stderr);
        return err_set(ERR_USAGE, "a command is missing");
    }
    const char *folder = cli_option(c, "store");
    if (folder) {
        if (c->session->store && strcmp(folder, c->session->store_folder) != 0)
            return err_set(ERR_USAGE, "another store is open here; leave the shell first");
        c->session->store_folder = arena_strdup(&c->session->arena, folder);
    }
    c->json = cli_flag(c, "json");
    r = c->command->run(c);
    if (c->json && c->result && (!r || r == ERR_NO)) {
        int w = print_result(c);
        if (!r) r = w;
    }
    if (fflush(c->out) != 0 && !r) r = err_system("write", "standard output");
    return r;
}

int cli_run(struct session *s, int argc, const char **argv, FILE *out)
{
    return cli_run_with(s, argc, argv, &(struct cli_io){.out = out});
}

int cli_run_with(struct session *s, int argc, const char **argv, const struct cli_io *io)
{
    struct cli c = {.session = s, .out = io->out, .io = io};
    arena_init(&c.arena);
    err_clear();
    int r = cli_parse(&c, argc, argv);
    if (!r) r = run_command(&c);
    if (r && !(r == ERR_NO && !*err_message())) print_error(io);
    arena_release(&c.arena);
    return r ? err_exit_status(r) : c.status;
}

int satchel_main(int argc, char **argv)
{
    struct session s;
    const struct embedded *table = embedded_find("messages.tsv");
    if (table) text_table((const char *)table->data, table->size);
    os_keep_private();
    choose_default_language();
    session_init(&s);
    int status = cli_run(&s, argc - 1, (const char **)argv + 1, stdout);
    session_release(&s);
    return status;
}
