/* What the commands share. A command is a row of the table in main.c: name, options, help and function stand
 * together, and usage, parsing and --help come from that one place. */
#ifndef CLI_H
#define CLI_H

#include <stdio.h>

#include "satchel/base/io.h"
#include "satchel/base/text.h"
#include "satchel/cli/main.h"
#include "satchel/scheme/casefile.h"
#include "satchel/scheme/scheme.h"
#include "satchel/store/index.h"
#include "satchel/store/store.h"
#include "satchel/store/view.h"

#define SATCHEL_VERSION "0.1.0"

struct option {
    const char *name; /* without the dashes; NULL ends the list */
    const char *arg;  /* what follows it, for help; NULL: a flag */
    const char *help;
    char letter;      /* 0: none */
};

struct cli;
struct command {
    const char *name; /* "hub init" has two words */
    const char *args; /* for usage */
    const char *help; /* one line */
    const struct option *options;
    int min_args, max_args; /* max -1: any number */
    int (*run)(struct cli *c);
};

/* What a session reads where it is no store of its own: one case of a hub, with the register. Lent for a command; what reads by
 * it, writes nothing. */
struct lent {
    struct fold *fold;
    const struct registry *registry;
    const char *kit;     /* of who asks */
    struct index *index; /* of all cases of the hub; NULL: it is one case that is asked about */
    void *ctx;
    bool (*sees)(void *ctx, const char *case_name); /* who asks may see this case of the index */
    int (*evidence)(void *ctx, const char *case_name, const char *sha256, struct evidence_state *out);
    int (*received)(void *ctx, const struct entry *e, const char **at); /* since when it is held; NULL: no receipt says it */
};

/* What outlives one command: a store that has been unlocked, the forms, the schemes. */
struct session {
    const struct lent *lent;  /* NULL: it reads its store */
    uint64_t lends;           /* how often something else was lent than before */
    const char *store_folder; /* NULL until --store, SATCHEL_STORE or the platform decides */
    const char *passphrase;   /* NULL: asked for, or read from a file */
    struct forms *forms;
    struct schemes *schemes;  /* NULL until session_forms */
    struct store *store;
    struct view *view;
    struct {
        char case_name[CASE_NAME_MAX + 1];
        uint64_t generation, version; /* of the fold, when it was looked for; 0: it was not */
        const char *link; /* borrowed from that version; NULL: none is named */
    } followed;               /* the scheme that the case last asked for names */
    struct facts *facts;      /* cases that were read, until the fold changes; NULL: none yet */
    struct arena arena;
};

/* Where a command's words go, and what it reads. */
struct cli_io {
    FILE *out;
    struct buf *result;     /* gets the document of --json; NULL: it is printed to out */
    struct buf *errors;     /* gets what would be told on standard error, with " · " between; NULL: it is told there */
    const char *input;      /* what "-" names; NULL: standard input */
    size_t input_len;
};

#define CLI_MAX_OPTIONS 32
struct cli {
    struct session *session;
    const struct command *command;
    struct {
        const struct option *option;
        const char *value;
    } given[CLI_MAX_OPTIONS];
    size_t given_len;
    const char **args; /* what is not an option, in order */
    int args_len;
    bool json;
    const struct jv *result; /* printed at the end where json is set */
    int status;              /* exit status of a command that ran other commands, where its own result is 0 */
    struct arena arena;      /* of this command */
    FILE *out;               /* io->out */
    const struct cli_io *io;
};

/* ---- main.c, options.c ---- */
extern const struct command commands[];
extern const size_t commands_len;
/* Runs one command line (without the program's name); the exit status. Errors are printed here and only here. */
int cli_run(struct session *s, int argc, const char **argv, FILE *out);
int cli_run_with(struct session *s, int argc, const char **argv, const struct cli_io *io);
/* One of several inputs has failed with `code`: tells it as cli_run would, so that the command can go on with the others.
 * The first one's status is the command's. */
void cli_failed(struct cli *c, int code);
/* Takes in the bundles that the arguments from `first` on name, files or folders; the result is what `take` tells of each.
 * One that waits for another (its sender or its case is not known yet) is tried again after the others, and one that fails
 * does not stop them. */
typedef int receive_fn(struct cli *c, const char *path, void *ctx, struct jv **out);
int cli_receive(struct cli *c, int first, receive_fn *take, void *ctx) MUST_CHECK;
int cli_parse(struct cli *c, int argc, const char **argv) MUST_CHECK;
void cli_help(FILE *out, const struct command *c);
void cli_help_all(FILE *out);
const char *cli_option(const struct cli *c, const char *name); /* NULL: not given */
bool cli_flag(const struct cli *c, const char *name);
/* 0 or ERR_USAGE naming the option; *out is left alone where it is not given. */
int cli_option_int(const struct cli *c, const char *name, int64_t *out) MUST_CHECK;
int cli_option_size(const struct cli *c, const char *name, uint64_t *out) MUST_CHECK; /* bytes, or with k, M, G */

/* ---- session.c ---- */
void session_init(struct session *s);
void session_release(struct session *s);
const char *session_folder(struct session *s); /* NULL: err set */
int session_forms(struct session *s) MUST_CHECK;
int session_store(struct session *s) MUST_CHECK; /* opens or refreshes it; ERR_INPUT where what is read is lent */
/* What there is to read, of the store or lent; brought up to date. Commands that write ask for the store. */
int session_read(struct session *s) MUST_CHECK;
int session_view(struct session *s) MUST_CHECK;  /* the same, with the view brought up to date */
struct fold *session_fold(const struct session *s);               /* NULL: neither a store is open nor is any lent */
const struct registry *session_registry(const struct session *s); /* NULL likewise */
int session_evidence(struct session *s, const char *case_name, const char *sha256, struct evidence_state *out) MUST_CHECK;
int session_case(struct session *s, const char *text, const char **out) MUST_CHECK; /* its name as it is written; ERR_MISSING */
uint64_t session_generation(const struct session *s); /* another one where another fold is read: what was borrowed is gone */
/* Reads what is lent from now on; `same`: it is the fold that was lent before. */
void session_lend(struct session *s, const struct lent *lent, bool same);
/* The passphrase, wiped by the caller; `twice` asks for it again. */
int session_passphrase(struct session *s, struct buf *out, bool twice) MUST_CHECK;
/* The record that the text names: id, or an unambiguous tail of it. */
int session_record(struct cli *c, const char *text, struct view_hit *hit, const struct fold_record **out) MUST_CHECK;
/* The scheme that a case follows: that of its newest programme that names one, else application, else the one that ships;
 * that too for no case, one that is not there, and the register. NULL: what it names does not read here (err set). */
const struct scheme *session_scheme(struct session *s, const char *case_name);
/* The form that entries of a type are written with under a scheme, of which NULL says that session_scheme has failed; then
 * only types that name schemes have one. NULL: there is none (err set). */
const struct form *session_form(struct session *s, const struct scheme *scheme, const char *type);
const struct form *session_case_form(struct session *s, const char *case_name, const char *type);
/* The same, to read by (case_name may be NULL): where the case's scheme has none, that of another scheme that is known. */
const struct form *session_any_form(struct session *s, const char *case_name, const char *type);

/* A case as the scheme sees it: casefile_read of the session's store, kept until something changes, with the command's
 * arena for what is worked out of it. The name is that of the fold. */
int session_casefile(struct cli *c, const char *case_name, struct casefile *out) MUST_CHECK;
void facts_free(struct facts *f); /* NULL is fine */

/* ---- fields.c: FIELD arguments ---- */
/* An object of fields for a record of a form: name=value, name:=JSON, name=@FILE, name+=MEMBER, name-=MEMBER. */
int fields_parse(struct cli *c, const struct form *form, const char *case_name, const char *const *args, int len,
    struct jv **out) MUST_CHECK;
/* A text as a value of the field's kind; links may be tails of ids. */
int field_from_text(struct cli *c, const struct form_field *f, enum field_kind kind, const char *case_name, const char *text,
    const struct jv **out) MUST_CHECK;

/* ---- show.c: what people see ---- */
/* Prints with control and bidi characters escaped in every %s of people's text: shown() returns an arena copy. */
const char *shown(struct cli *c, const char *text);
/* A reason or problem in the chosen language: a constant text, or one with ": " and what it is about behind it. */
const char *told(struct cli *c, const char *text);
/* With blanks up to `width` columns, one at least; a Chinese character takes two. */
void print_padded(FILE *out, const char *s, int width);
int text_columns(const char *s);
/* The rest of a line that begins at column `indent`; on a terminal what does not fit goes on below, from that column on. */
void print_wrapped(FILE *out, const char *text, int indent);
const char *shown_case(struct cli *c, const char *case_name);
const char *case_title(struct cli *c, const char *case_name); /* with the name of its organisation, where that is here */
const char *shown_link(struct cli *c, const char *link); /* what it names, and its id */
const char *shown_names(struct cli *c, const char *text); /* ids in it likewise */
const char *shown_kit(struct cli *c, const char *kit, const char *person); /* person NULL: not known */
const char *choice_text(const struct form_field *f, const char *value); /* its label; the value itself where it has none */
const char *shown_value(struct cli *c, const struct form_field *f, const char *member, const struct jv *v);
const char *kit_person(void *session, const char *kit); /* a person's name for a kit, as record_json wants it */
void print_record(struct cli *c, const struct fold_record *r);
#define LABEL_COLUMNS 18
#define LABEL_MAX_COLUMNS 40
int label_columns(struct cli *c, const struct fold_record *r); /* that the labels of its fields take */
void print_record_line(struct cli *c, const struct fold_record *r, const char *state); /* state: in words, or NULL */
void print_history(struct cli *c, const struct form *form, const struct jv *history); /* form: the record's, or NULL */
const char *record_title(struct cli *c, const struct fold_record *r);
const struct form *record_form(struct cli *c, const struct fold_record *r); /* that of its case's scheme; or NULL */

const struct fold_record *linked_record(struct cli *c, const char *link); /* what it leads to; NULL: it is not here */

/* ---- extras.c: --heads, --titles, --custody; --limit, --after, --newest; --at, --entry ---- */
struct extras {
    struct cli *c;
    bool heads, titles;
    bool at_hub;             /* custody is asked for at the hub itself */
    struct custody *custody; /* NULL: not asked for, or at the hub */
};
int extras_begin(struct extras *x, struct cli *c) MUST_CHECK; /* of a store that is open */
void extras_end(struct extras *x);
int extras_put(struct extras *x, const struct fold_record *r, struct jv *json) MUST_CHECK;
int extras_history(struct extras *x, const struct fold_record *r, const struct jv *history) MUST_CHECK;
/* A page of a list: so many records after one of them. */
struct list_page {
    int64_t limit; /* -1: all of them, and the result is the list itself */
    const char *after, *last;
    int64_t told, of;
    bool more;
};
int list_page_read(struct list_page *p, const struct cli *c) MUST_CHECK;
bool list_page_takes(struct list_page *p, const char *record);
int list_page_end(const struct list_page *p, struct cli *c, const struct jv *list) MUST_CHECK; /* makes it the result */
int hits_newest_first(struct cli *c, struct view_hit *hits, size_t len) MUST_CHECK; /* by when they were created */
int show_as_of(struct cli *c, const struct fold_record *r) MUST_CHECK; /* by --at or --entry */

/* ---- notes.c ---- */
void print_notes(FILE *out, const char *command); /* below the options of its help; nothing where there is nothing to say */

/* ---- next.c ---- */
/* What is to be done next with a record in this state, and by which command; NULL: nothing that can be said of it alone. */
const char *next_step(struct cli *c, const struct fold_record *r, const char *state);

/* ---- cmd_check.c ---- */
/* The day that --on gives, else today as the case's scheme counts days. */
int cli_on(const struct cli *c, const char *case_name, int32_t *out) MUST_CHECK;
const char *rule_text(struct cli *c, const char *rule); /* a gap's: a clause of the scheme, or a word in the chosen language */
const char *cli_person_of(void *cli, const char *kit); /* id of a kit's person, as struct outside wants it */

/* ---- gate.c: the kit's own changes against the gates of the process ---- */
/* Gates of cases as they stood before a change; one for all changes of a transaction. */
struct gate;
int gate_new(struct gate **out, struct cli *c) MUST_CHECK;
void gate_free(struct gate *g); /* NULL is fine */
/* Before the change, and after store_change has made it: ERR_INPUT where it breaks a gate that was kept. Facts from the
 * field pass, at no cost. */
int gate_before(struct gate *g, const struct change *change) MUST_CHECK;
int gate_after(struct gate *g, const struct change *change, const char *record) MUST_CHECK;

/* ---- cmd_remote.c: places to sync with ---- */
#define HUB_REMOTE "hub" /* the one that an enrolment names */
struct remote {
    const char *name, *place; /* a folder or a URL */
    const char *ca_pem, *pin; /* of a URL; or NULL */
    bool plain;
};
bool remote_is_url(const char *place);
int remote_load(struct cli *c, const char *name, struct remote *out) MUST_CHECK; /* ERR_MISSING */
int remote_save(struct cli *c, const struct remote *r) MUST_CHECK;
int remote_names(struct cli *c, const char ***out, size_t *len) MUST_CHECK;

/* ---- cmd_sync.c, sync_link.c ---- */
int exchange_add(struct cli *c, const struct exchange *e, struct jv *result) MUST_CHECK; /* to "received", "written", … */
void exchange_tell(struct cli *c, const struct exchange *e); /* to people, problems too; and the exit status */
int sync_failed(int r); /* adds to the message of ERR_ROAD that nothing is lost; returns r */
/* Both directions over a network. */
int sync_link(struct cli *c, const struct remote *r) MUST_CHECK;
/* The same with a colleague's kit that shares at this address, by the code that --code gives. */
int sync_paired(struct cli *c, const char *address) MUST_CHECK;
/* The address that opens the hub's pages, once, within a minute; of the remote of that name, or the first that is a URL. In the
 * arena. */
int link_review(struct cli *c, const char *name, const char **out) MUST_CHECK;
/* Evidence that is at the hub, fetched over the first remote that is a URL. ERR_MISSING: there is no such remote, or the hub
 * hands it to this kit not. */
int link_bring(struct cli *c, const struct fold_record *evidence, const char *sha256) MUST_CHECK;

/* ---- cmd_ui.c ---- */
void open_browser(const char *address); /* whichever this machine has; nothing where it has none */

/* ---- progress.c ---- */
/* Who looks on at the commands of a thread instead of a terminal. */
struct onlooker {
    void *ctx;
    void (*at)(void *ctx, const char *what, uint64_t done, uint64_t total);
    void (*shown)(void *ctx, const struct jv *document); /* what a command has to show before it ends */
    bool (*stopped)(void *ctx, double seconds);          /* waits so long at most; true: the command is to end */
};
void look_on(const struct onlooker *o); /* at this thread's commands from now on; NULL: nobody does */
const struct onlooker *looking_on(void);
bool stop_asked(double seconds); /* waits so long for a signal, or for the onlooker */
struct bar {
    struct progress progress;
    const char *what;
    double started, drawn;
    bool visible, terminal;
    const struct onlooker *onlooker;
};
struct progress *bar_start(struct bar *b, const char *what); /* drawn on standard error once a second has passed */
void bar_end(struct bar *b);
const char *size_text(struct arena *a, uint64_t bytes); /* "5.0 GB" */

/* ---- hub_index.c: what the hub is handed ---- */
struct hub_hooks;

/* ---- commands ---- */
int cmd_init(struct cli *c);
int cmd_whoami(struct cli *c);
int cmd_shell(struct cli *c);
int cmd_new(struct cli *c);
int cmd_set(struct cli *c);
int cmd_void(struct cli *c);
int cmd_resolve(struct cli *c);
int cmd_apply(struct cli *c);
int cmd_attach(struct cli *c);
int cmd_extract(struct cli *c);
int cmd_free(struct cli *c);
int cmd_copy(struct cli *c);
int cmd_show(struct cli *c);
int cmd_list(struct cli *c);
int cmd_find(struct cli *c);
int cmd_history(struct cli *c);
int cmd_conflicts(struct cli *c);
int cmd_form_list(struct cli *c);
int cmd_form_show(struct cli *c);
int cmd_form_scheme(struct cli *c);
int cmd_form_check(struct cli *c);
int cmd_form_export(struct cli *c);
int cmd_import(struct cli *c);
int cmd_coverage(struct cli *c);
int cmd_check(struct cli *c);
int cmd_submit(struct cli *c);
int cmd_plan(struct cli *c);
int cmd_calendar(struct cli *c);
int cmd_remote_add(struct cli *c);
int cmd_remote_list(struct cli *c);
int cmd_remote_remove(struct cli *c);
int cmd_remote_lfs(struct cli *c);
int cmd_join(struct cli *c);
int cmd_join_folder(struct cli *c, const char *folder); /* the first admin, standing before the hub */
int cmd_pack(struct cli *c);
int cmd_receive(struct cli *c);
int cmd_sync(struct cli *c);
int cmd_share(struct cli *c);
int cmd_verify(struct cli *c);
int cmd_rebuild(struct cli *c);
int cmd_hub_init(struct cli *c);
int cmd_hub_enrol(struct cli *c);
int cmd_hub_receive(struct cli *c);
int cmd_hub_sync(struct cli *c);
int cmd_hub_serve(struct cli *c);
int cmd_hub_status(struct cli *c);
int cmd_hub_restore(struct cli *c);
int cmd_hub_key(struct cli *c);
int cmd_hub_verify(struct cli *c);
int cmd_hub_history(struct cli *c);
int cmd_hub_calendar(struct cli *c);
int cmd_hub_checkpoint(struct cli *c);
int cmd_hub_mirror(struct cli *c);
int cmd_status(struct cli *c);
int cmd_ui(struct cli *c);
int cmd_review(struct cli *c);
int cmd_hub_looks(struct cli *c);
int cmd_demo(struct cli *c);

#endif
