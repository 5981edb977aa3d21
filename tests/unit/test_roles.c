/* The role matrix at the hub: each type and each restricted field of tests/roles.tsv, by each role.
 *
 * A kit of each role, one that would not refuse itself, signs all of it; the hub sets apart what the role may
 * not, with the reason, and delivers the rest. */
#define KITS 14

#include "hub_kit.h"

#include "satchel/base/io.h"
#include "satchel/scheme/embedded.h"

#define TYPES "bjcsa-02-2022/types/"
#define CASE "C-1"
#define ROWS_MAX 200
#define FIRST_TARGET 100 /* numbers of A's records, one a row */
#define NO_ROLE "its author has no role that may write this"

static const struct {
    char letter;
    const char *name;
} roles[] = {{'F', "auditor"}, {'L', "leader"}, {'H', "headquarters"}, {'R', "reviewer"}, {'D', "decider"},
    {'E', "expert"}, {'A', "admin"}};
#define ROLES (sizeof roles / sizeof *roles)

struct row {
    const char *what, *may, *set; /* set: its placeholders filled in */
    char type[33];
    bool of_field;
};

static struct {
    struct row rows[ROWS_MAX];
    size_t len;
} table;

static void add_scheme_forms(void)
{
    for (size_t i = 0; i < embedded_files_len; i++)
        if (strncmp(embedded_files[i].name, TYPES, strlen(TYPES)) == 0)
            CHECK_OK(forms_add(world.forms, embedded_files[i].data, embedded_files[i].size, true));
}

/* ---- the table ---- */

static bool in_register(const struct row *row)
{
    return forms_current(world.forms, row->type)->in_register;
}

static const char *target(const char *type)
{
    for (size_t i = 0; i < table.len; i++)
        if (!table.rows[i].of_field && strcmp(table.rows[i].type, type) == 0)
            return record_of(A, type, FIRST_TARGET + (int)i);
    printf("  no row of type '%s' before it is linked\n", type);
    abort();
}

/* "$type" becomes the link to A's record of it. */
static const char *filled(const char *set)
{
    struct buf out;
    buf_init(&out, 4096);
    for (; *set; set++) {
        size_t len = *set == '$' ? strcspn(set + 1, "\"") : 0;
        if (len == 0) {
            buf_addc(&out, *set);
            continue;
        }
        const char *type = arena_strndup(&world.arena, set + 1, len);
        buf_addf(
            &out, "%s%s", forms_current(world.forms, type)->in_register ? "register:" : "", target(type));
        set += len;
    }
    const char *copy = arena_strdup(&world.arena, buf_str(&out));
    buf_release(&out);
    return copy;
}

static void add_row(char *line)
{
    struct row *row = &table.rows[table.len];
    char *may = strchr(line, '\t'), *why = strchr(may + 1, '\t'), *set = strchr(why + 1, '\t');
    *may = *why = *set = '\0';
    const char *dot = strchr(line, '.');
    *row = (struct row){.what = line, .may = may + 1, .of_field = dot != NULL};
    memcpy(row->type, line, dot ? (size_t)(dot - line) : strlen(line));
    table.len++;
    row->set = filled(set + 1);
}

static void read_table(void)
{
    struct buf b;
    buf_init(&b, 1 << 20);
    table.len = 0;
    CHECK_OK(file_read(TESTS_FOLDER "/roles.tsv", &b));
    char *text = arena_strdup(&world.arena, buf_str(&b));
    for (char *line = strtok(text, "\n"); line && table.len < ROWS_MAX; line = strtok(NULL, "\n"))
        if (*line != '#') add_row(line);
    buf_release(&b);
    CHECK(table.len > 27);
}

/* ---- what the hub makes of it ---- */

static const char *case_of(const struct row *row)
{
    return in_register(row) ? REGISTER_CASE : CASE;
}

/* A holds every role, and makes what the others try their hands at. */
static void make_targets(void)
{
    for (size_t i = 0; i < ROLES; i++)
        say_of(A, REGISTER_CASE, record_of(A, "person", 1),
            arena_printf(&world.arena, "{\"roles.%s\":true}", roles[i].name));
    CHECK_DELIVER(A, REGISTER_CASE);
    for (size_t i = 0; i < table.len; i++) {
        const struct row *row = &table.rows[i];
        if (!row->of_field) say(A, case_of(row), row->type, FIRST_TARGET + (int)i, row->set);
    }
    CHECK_DELIVER(A, REGISTER_CASE);
    CHECK_DELIVER(A, CASE);
}

static void copy_case(struct test_kit *k, const char *case_name)
{
    const struct fold_chain *chain = fold_chain(A->fold, case_name, A->id);
    for (size_t i = 0; i < chain->entries_len; i++) hold(k, chain->entries[i]->entry, A);
}

static const struct entry *try_row(struct test_kit *k, size_t i)
{
    const struct row *row = &table.rows[i];
    if (row->of_field) return say_of(k, case_of(row), target(row->type), row->set);
    return say(k, case_of(row), row->type, (int)i + 1, row->set);
}

static const char *reason_of(const struct receipt *r, const struct entry *e)
{
    for (size_t i = 0; i < r->quarantined.len; i++)
        if (strcmp(r->quarantined.items[i].entry, e->id) == 0) return r->quarantined.items[i].reason;
    return NULL;
}

/* Names of all that the hub has of a case. */
static const char *branch(const char *case_name)
{
    return git(arena_printf(&world.arena, "ls-tree -r --name-only %s", case_name));
}

static bool lies_in(const char *names, const char *folder, const struct entry *e)
{
    const char *name = arena_printf(
        &world.arena, "%s/%s/%d/%d-%.16s", folder, e->kit, (int)(e->seq / 100), (int)e->seq, e->id);
    return strstr(names, name) != NULL;
}

static bool as_it_should(
    const struct row *row, char role, const struct entry *e, const struct receipt *r, const char *names)
{
    const char *reason = reason_of(r, e);
    bool may = strchr(row->may, role) != NULL;
    bool good =
        may ? !reason && lies_in(names, "log", e)
            : reason && strncmp(reason, NO_ROLE, strlen(NO_ROLE)) == 0 && lies_in(names, "quarantine", e);
    if (!good) printf("  %s by %c: %s\n", row->what, role, reason ? reason : "taken in");
    return good;
}

struct count {
    int types[2], fields[2]; /* refused, allowed */
};

static void try_role(struct test_kit *k, char role, struct count *count)
{
    const struct entry *entries[ROWS_MAX];
    struct hub_taken in_case, in_reg;
    copy_case(k, CASE);
    copy_case(k, REGISTER_CASE);
    for (size_t i = 0; i < table.len; i++) entries[i] = try_row(k, i);
    CHECK_OK(deliver(k, REGISTER_CASE, &in_reg));
    CHECK_OK(deliver(k, CASE, &in_case));
    const char *names = branch(CASE), *reg_names = branch(REGISTER_CASE);
    for (size_t i = 0; i < table.len; i++) {
        const struct row *row = &table.rows[i];
        bool reg = in_register(row);
        CHECK(as_it_should(
            row, role, entries[i], reg ? in_reg.receipt : in_case.receipt, reg ? reg_names : names));
        (row->of_field ? count->fields : count->types)[strchr(row->may, role) != NULL]++;
    }
}

static void begin(void)
{
    hub_kit_begin_with(add_scheme_forms);
    read_table();
    make_targets();
}

TEST(each_type_by_each_role)
{
    struct count count = {0};
    begin();
    for (size_t i = 0; i < ROLES; i++)
        enrol(&world.kits[4 + i], 10 + (int)i, roles[i].name,
            arena_printf(&world.arena, "\"roles.%s\":true", roles[i].name));
    CHECK_DELIVER(A, REGISTER_CASE);
    for (size_t i = 0; i < ROLES; i++) try_role(&world.kits[4 + i], roles[i].letter, &count);
    CHECK((size_t)(count.types[0] + count.types[1] + count.fields[0] + count.fields[1]) == table.len * ROLES);
    printf("  hub, types x roles: %d cells allowed, %d refused; fields x roles: %d allowed, %d refused\n",
        count.types[1], count.types[0], count.fields[1], count.fields[0]);
    hub_kit_end();
}

/* Every type of the scheme stands in the table. */
TEST(no_type_is_left_out)
{
    size_t len, rows = 0;
    begin();
    forms_list(world.forms, &len);
    for (size_t i = 0; i < table.len; i++) rows += !table.rows[i].of_field;
    CHECK(rows == len);
    hub_kit_end();
}

/* Entries are dated 2026-11-22. */
TEST(outside_its_authors_validity)
{
    static const struct {
        const char *limits, *reason;
    } people[] = {
        {"\"valid_to\":\"2026-11-21\"", "its author was not enrolled on that day"},
        {"\"valid_from\":\"2026-11-23\"", "its author was not enrolled on that day"},
        {"\"valid_from\":\"2026-11-22\",\"valid_to\":\"2026-11-22\"", NULL},
    };
    begin();
    for (int i = 0; i < 3; i++)
        enrol(&world.kits[11 + i], 20 + i, "leader",
            arena_printf(&world.arena, "\"roles.leader\":true,%s", people[i].limits));
    CHECK_DELIVER(A, REGISTER_CASE);
    for (int i = 0; i < 3; i++) {
        struct hub_taken taken;
        const struct entry *e = say(&world.kits[11 + i], CASE, "site", 1, "{\"name\":\"x\"}");
        CHECK_OK(deliver(&world.kits[11 + i], CASE, &taken));
        const char *reason = reason_of(taken.receipt, e);
        CHECK(people[i].reason ? reason && strcmp(reason, people[i].reason) == 0 : !reason);
        CHECK(lies_in(branch(CASE), people[i].reason ? "quarantine" : "log", e));
    }
    hub_kit_end();
}

int main(int argc, char **argv)
{
    return test_main(argc, argv);
}
