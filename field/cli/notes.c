/* What the help of a command says besides its options: where the words come from that it takes. */
#include "cli.h"

#include <string.h>

#define TYPES N_("TYPE is one that 'satchel form list' tells; its fields and their values: 'satchel form show TYPE'.")
#define FIELDS N_("FIELD is name=value; name=@FILE takes a file's text, name:=JSON a JSON value, name= empties it.")
#define SETS N_("Of a set: name+=MEMBER, name-=MEMBER. A choice may be given by its label (grade=minor).")
#define LINKS N_("Another record: the end of its id, or its code, number or name (department=D3); 'me' is the kit's own person.")
#define RECORDS N_("RECORD is an id (finding/kq7f3amc2d5xy-104) or any end of it that fits one record only (104).")
#define MONTH N_("What is overdue or proposed comes first. For a month: --on its first day, --until its last.")

static const struct {
    const char *command;
    const char *lines[5]; /* the last one NULL */
} notes[] = {
    {"new", {TYPES, FIELDS, SETS, LINKS}},
    {"set", {RECORDS, FIELDS, SETS, LINKS}},
    {"resolve", {RECORDS, FIELDS}},
    {"void", {RECORDS}},
    {"show", {RECORDS}},
    {"history", {RECORDS}},
    {"attach", {RECORDS}},
    {"list", {TYPES, N_("FIELD keeps what has this value (grade=major); name= keeps what has none (closed=)."),
                 N_("state=open,overdue keeps what is in one of these states, by its word here or in 'satchel --json show'.")}},
    {"apply", {N_("A line: {\"do\":\"new\",\"type\":\"finding\",\"case\":\"C\",\"set\":{\"clause\":\"B2\"},\"as\":\"$f\"}"),
                  N_("and later ones may say \"$f\" for its id. \"do\": new, set, void, resolve, attach."),
                  N_("\"read\":{FIELD:[ENTRY,…]}, of show --heads, tells what was on the screen: what came since stands beside it.")}},
    {"check", {N_("Each gap tells what to do, the rule, and the record with its field. Exit status 1: there are gaps.")}},
    {"calendar", {MONTH}},
    {"hub calendar", {MONTH}},
    {"import", {N_("To publish a changed scheme: form export DIR; change its files and its version; import DIR (an admin); sync."),
                   N_("A case follows it once its application or programme names it (scheme=…).")}},
};

void print_notes(FILE *out, const char *command)
{
    for (size_t i = 0; i < sizeof notes / sizeof *notes; i++) {
        if (strcmp(notes[i].command, command) != 0) continue;
        fprintf(out, "\n");
        for (const char *const *line = notes[i].lines; *line; line++) {
            fprintf(out, "  ");
            print_wrapped(out, T(*line), 2);
        }
    }
}
