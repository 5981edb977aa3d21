/* Parsing of a command line against the row of the command table, and the help that the same row gives. */
#include "cli.h"

#include <stdlib.h>
#include <string.h>

static const struct option global_options[] = {
    {"store", "DIR", N_("the store to work in"), 0},
    {"lang", "zh|en", N_("language of what is printed"), 0},
    {"json", NULL, N_("one JSON document on standard output"), 0},
    {"help", NULL, N_("this help"), 'h'},
    {NULL, NULL, NULL, 0},
};

static const struct option *find_option(const struct option *list, const char *name, size_t len, char letter)
{
    for (; list && list->name; list++) {
        if (letter ? list->letter == letter : strlen(list->name) == len && memcmp(list->name, name, len) == 0)
            return list;
    }
    return NULL;
}

static const struct option *known_option(const struct cli *c, const char *name, size_t len, char letter)
{
    const struct option *o = find_option(global_options, name, len, letter);
    return o || !c->command ? o : find_option(c->command->options, name, len, letter);
}

static int keep_option(struct cli *c, const struct option *o, const char *value)
{
    if (c->given_len == CLI_MAX_OPTIONS) return err_set(ERR_USAGE, "too many options");
    c->given[c->given_len].option = o;
    c->given[c->given_len].value = value;
    c->given_len++;
    return 0;
}

/* One argument that begins with '-'; *i moves past the value where that is an argument of its own. */
static int parse_option(struct cli *c, int argc, const char **argv, int *i)
{
    const char *arg = argv[*i], *value = NULL;
    const struct option *o;
    if (arg[1] == '-') {
        const char *equals = strchr(arg, '=');
        o = known_option(c, arg + 2, equals ? (size_t)(equals - arg - 2) : strlen(arg + 2), 0);
        if (equals) value = equals + 1;
    } else {
        o = known_option(c, NULL, 0, arg[1]);
        if (arg[2]) value = arg + 2;
    }
    if (!o) {
        if (!c->command) return err_set(ERR_USAGE, "there is no option '%s'; 'satchel --help' lists them", arg);
        return err_set(ERR_USAGE, "'%s' has no option '%s'; 'satchel %s --help' lists them", c->command->name, arg,
            c->command->name);
    }
    if (!o->arg && value) return err_set(ERR_USAGE, "the option '--%s' takes no value", o->name);
    if (o->arg && !value) {
        if (*i + 1 >= argc) return err_set(ERR_USAGE, "the option '--%s' needs a value: %s", o->name, o->arg);
        value = argv[++*i];
    }
    return keep_option(c, o, value ? value : "");
}

/* The longest row whose words begin the arguments; *words is how many it took. */
static const struct command *find_command(const char *const *args, int len, int *words)
{
    const struct command *found = NULL;
    *words = 0;
    for (size_t i = 0; i < commands_len; i++) {
        const char *name = commands[i].name, *space = strchr(name, ' ');
        size_t first = space ? (size_t)(space - name) : strlen(name);
        int n = space ? 2 : 1;
        if (len < n || strlen(args[0]) != first || memcmp(args[0], name, first) != 0) continue;
        if (space && strcmp(args[1], space + 1) != 0) continue;
        if (n > *words) {
            found = &commands[i];
            *words = n;
        }
    }
    return found;
}

static bool is_command_group(const char *word)
{
    for (size_t i = 0; i < commands_len; i++) {
        size_t n = strlen(word);
        if (strncmp(commands[i].name, word, n) == 0 && commands[i].name[n] == ' ') return true;
    }
    return false;
}

static int unknown_command(const char *word)
{
    if (is_command_group(word)) return err_set(ERR_USAGE, "'%s' needs a word after it; 'satchel %s --help' lists them", word, word);
    return err_set(ERR_USAGE, "there is no command '%s'; 'satchel --help' lists them", word);
}

/* Options that come before the command are global; the command's own follow it. */
static int find_own_command(struct cli *c, int argc, const char **argv, int *at)
{
    int i = 0, words;
    for (; i < argc && argv[i][0] == '-' && argv[i][1]; i++) {
        int r = parse_option(c, argc, argv, &i);
        if (r) return r;
    }
    *at = i;
    if (i == argc) return 0;
    c->command = find_command(argv + i, argc - i, &words);
    *at = i + words;
    if (c->command) return 0;
    c->args = argv + i;
    c->args_len = 1;
    return unknown_command(argv[i]);
}

int cli_parse(struct cli *c, int argc, const char **argv)
{
    int i, r = find_own_command(c, argc, argv, &i);
    bool only_args = false;
    if (!c->command) { /* "hub --help" */
        for (int k = i; k < argc; k++)
            if (strcmp(argv[k], "--help") == 0 || strcmp(argv[k], "-h") == 0)
                return keep_option(c, find_option(global_options, "help", 4, 0), "");
        return r;
    }
    c->args = arena_alloc(&c->arena, sizeof *c->args * (size_t)(argc + 1));
    if (!c->args) return err_memory();
    for (; i < argc; i++) {
        if (!only_args && strcmp(argv[i], "--") == 0) {
            only_args = true;
        } else if (!only_args && argv[i][0] == '-' && argv[i][1]) {
            r = parse_option(c, argc, argv, &i);
            if (r) return r;
        } else {
            c->args[c->args_len++] = argv[i];
        }
    }
    if (cli_flag(c, "help")) return 0;
    if (c->args_len < c->command->min_args || (c->command->max_args >= 0 && c->args_len > c->command->max_args))
        return err_set(ERR_USAGE, "usage: satchel %s %s; 'satchel %s --help' tells more", c->command->name,
            c->command->args, c->command->name);
    return 0;
}

const char *cli_option(const struct cli *c, const char *name)
{
    for (size_t i = c->given_len; i-- > 0;)
        if (strcmp(c->given[i].option->name, name) == 0) return c->given[i].value;
    return NULL;
}

bool cli_flag(const struct cli *c, const char *name)
{
    return cli_option(c, name) != NULL;
}

int cli_option_int(const struct cli *c, const char *name, int64_t *out)
{
    const char *s = cli_option(c, name);
    char *end;
    if (!s) return 0;
    long long n = strtoll(s, &end, 10);
    if (end == s || *end || n < 0) return err_set(ERR_USAGE, "'--%s' takes a whole number, not '%s'", name, s);
    *out = n;
    return 0;
}

int cli_option_size(const struct cli *c, const char *name, uint64_t *out)
{
    static const char units[] = "kMG";
    const char *s = cli_option(c, name), *unit;
    char *end;
    if (!s) return 0;
    unsigned long long n = strtoull(s, &end, 10);
    int shift = 0;
    if (*end && (unit = strchr(units, *end)) != NULL && !end[1]) {
        shift = 10 * (int)(unit - units + 1);
        end++;
    }
    if (end == s || *end || *s == '-' || n > (UINT64_MAX >> shift) || n == 0)
        return err_set(ERR_USAGE, "'--%s' takes a size such as 256M, not '%s'", name, s);
    *out = (uint64_t)n << shift;
    return 0;
}

#define OPTION_COLUMNS 33

static void print_options(FILE *out, const struct option *list)
{
    for (; list && list->name; list++) {
        char head[64];
        snprintf(head, sizeof head, "  %s%c%s--%s%s%s", list->letter ? "-" : " ",
            list->letter ? list->letter : ' ', list->letter ? ", " : "  ", list->name, list->arg ? " " : "",
            list->arg ? list->arg : "");
        print_padded(out, head, OPTION_COLUMNS);
        print_wrapped(out, T(list->help), OPTION_COLUMNS);
    }
}

void cli_help(FILE *out, const struct command *c)
{
    fprintf(out, "satchel %s%s%s\n\n  %s\n\n", c->name, *c->args ? " " : "", c->args, T(c->help));
    print_options(out, c->options);
    print_options(out, global_options);
    print_notes(out, c->name);
}

void cli_help_all(FILE *out)
{
    fprintf(out, "satchel [--store DIR] [--json] [--lang zh|en] COMMAND …\n\n");
    for (size_t i = 0; i < commands_len; i++) {
        fprintf(out, "  %-16s ", commands[i].name);
        print_wrapped(out, T(commands[i].help), 19);
    }
    fprintf(out, "\n%s\n", T("'satchel COMMAND --help' tells more of each"));
    print_wrapped(out, T("To begin: init makes a kit; new organisation --case C name=… opens a case; form list tells what can be recorded."), 0);
}
