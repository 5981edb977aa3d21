/* A catalogue as CSV (RFC 4180): records of twelve fields, the first record being the columns' names.
 *
 *   file   = [BOM] header line, then a record a line; lines end with LF or CR LF, the last one's end may be
 * missing field  = bare: no quote, comma, CR or LF in it; or quoted: any text between quotes, a quote in it
 * doubled
 *
 * UTF-8 without NUL. A line with another number of fields, a quote inside a bare field, or anything between a
 * closing quote and the next comma or line end is refused. */
#include "catalogue_parts.h"

#include <string.h>

#include "satchel/base/text.h"

static const char *const columns[] = {"id", "parent", "title_zh", "title_en", "kind", "min_level",
    "max_level", "directions", "decisive", "departments", "methods", "guidance"};

enum column {
    ID,
    PARENT,
    TITLE_ZH,
    TITLE_EN,
    KIND,
    MIN_LEVEL,
    MAX_LEVEL,
    DIRECTIONS,
    DECISIVE,
    DEPARTMENTS,
    METHODS,
    GUIDANCE,
    COLUMNS
};

struct csv {
    const char *at, *end;
    size_t line;        /* that `at` is on, from 1 */
    size_t record_line; /* that the record began on */
    struct arena *arena;
};

/* ---- fields and records ---- */

static bool at_line_end(const struct csv *c)
{
    return c->at == c->end || *c->at == '\n' || (*c->at == '\r' && c->at + 1 < c->end && c->at[1] == '\n');
}

static int quoted_field(struct csv *c, const char **out)
{
    struct buf text;
    buf_init(&text, BUF_UNLIMITED);
    for (c->at++; c->at < c->end; c->at++) {
        if (*c->at == '"' && !(c->at + 1 < c->end && c->at[1] == '"')) break;
        if (*c->at == '"') c->at++;
        c->line += *c->at == '\n';
        buf_addc(&text, *c->at);
    }
    int rc = buf_error(&text);
    if (rc == 0 && c->at == c->end) rc = err_set(ERR_INPUT, "a quoted field has no end");
    if (rc == 0) c->at++;
    if (rc == 0 && *c->at != ',' && !at_line_end(c))
        rc = err_set(ERR_INPUT, "text follows a closing quote: double the quotes inside a field");
    if (rc == 0 && !(*out = arena_strndup(c->arena, buf_str(&text), text.len))) rc = ERR_ROAD;
    buf_release(&text);
    return rc;
}

static int bare_field(struct csv *c, const char **out)
{
    const char *from = c->at;
    for (; !at_line_end(c) && *c->at != ','; c->at++) {
        if (*c->at == '"' || *c->at == '\r')
            return err_set(ERR_INPUT, "a field with a quote or a line end in it must be quoted");
    }
    *out = arena_strndup(c->arena, from, (size_t)(c->at - from));
    return *out ? 0 : ERR_ROAD;
}

static void pass_line_end(struct csv *c)
{
    if (c->at < c->end && *c->at == '\r') c->at++;
    if (c->at < c->end) c->at++;
    c->line++;
}

/* The next record; c->at is not at the end. */
static int read_record(struct csv *c, const char *fields[COLUMNS])
{
    size_t n = 0;
    c->record_line = c->line;
    for (bool more = true; more; n++) {
        const char *field = NULL;
        int rc = c->at < c->end && *c->at == '"' ? quoted_field(c, &field) : bare_field(c, &field);
        if (rc) return rc;
        if (n < COLUMNS) fields[n] = field;
        more = c->at < c->end && *c->at == ',';
        if (more) c->at++;
    }
    pass_line_end(c);
    if (n != COLUMNS) return err_set(ERR_INPUT, "a record has %zu fields, not %d", n, COLUMNS);
    return 0;
}

static int read_header(struct csv *c)
{
    const char *fields[COLUMNS];
    if (c->end - c->at >= 3 && memcmp(c->at, "\xef\xbb\xbf", 3) == 0) c->at += 3;
    int rc = read_record(c, fields);
    for (size_t i = 0; i < COLUMNS && rc == 0; i++) {
        if (strcmp(fields[i], columns[i]) != 0)
            rc = err_set(ERR_INPUT, "column %zu is '%s', not '%s'", i + 1, fields[i], columns[i]);
    }
    return rc;
}

/* ---- clauses ---- */

static int column_error(enum column column, const char *value, const char *takes)
{
    return err_set(ERR_INPUT, "column '%s' has '%s', but takes %s", columns[column], value, takes);
}

static int read_level(int64_t *out, const char *const *fields, enum column column, int64_t blank)
{
    const char *s = fields[column];
    size_t len = strlen(s);
    *out = blank;
    if (len == 0) return 0;
    if (len > 2 || strspn(s, "0123456789") != len)
        return column_error(column, s, T("a number of at most two digits"));
    *out = len == 1 ? s[0] - '0' : (s[0] - '0') * 10 + (s[1] - '0');
    return 0;
}

/* One of two words: *second tells which. */
static int read_either(bool *second, const char *const *fields, enum column column, const char *a,
    const char *b, const char *takes)
{
    *second = strcmp(fields[column], b) == 0;
    return *second || strcmp(fields[column], a) == 0 ? 0 : column_error(column, fields[column], takes);
}

/* "*" gives NULL; "D1;D2" gives both. */
static int read_list(
    const char *const **out, size_t *len, struct arena *a, const char *const *fields, enum column column)
{
    const char *s = fields[column];
    size_t n = 1;
    *out = NULL;
    *len = 0;
    if (strcmp(s, "*") == 0) return 0;
    if (*s == '\0') return column_error(column, s, T("* or a list with ';' between"));
    for (const char *p = s; *p; p++) n += *p == ';';
    const char **list = arena_alloc(a, n * sizeof *list);
    for (size_t i = 0; list && i < n; i++) {
        size_t item = strcspn(s, ";");
        list[i] = arena_strndup(a, s, item);
        if (!list[i]) return ERR_ROAD;
        s += item + (s[item] == ';');
    }
    *out = list;
    *len = n;
    return list ? 0 : ERR_ROAD;
}

static int read_clause(struct clause *c, struct arena *a, const char *const *fields)
{
    bool clause;
    c->id = fields[ID];
    c->parent = *fields[PARENT] ? fields[PARENT] : NULL;
    c->title_zh = fields[TITLE_ZH];
    c->title_en = fields[TITLE_EN];
    c->methods = fields[METHODS];
    c->guidance = fields[GUIDANCE];
    int rc = read_either(&clause, fields, KIND, "group", "clause", T("group or clause"));
    if (rc == 0) rc = read_level(&c->min_level, fields, MIN_LEVEL, 0);
    if (rc == 0) rc = read_level(&c->max_level, fields, MAX_LEVEL, CLAUSE_ANY_LEVEL);
    if (rc == 0) rc = read_list(&c->directions, &c->directions_len, a, fields, DIRECTIONS);
    if (rc == 0) rc = read_either(&c->decisive, fields, DECISIVE, "0", "1", T("0 or 1"));
    if (rc == 0) rc = read_list(&c->departments, &c->departments_len, a, fields, DEPARTMENTS);
    c->group = !clause;
    return rc;
}

static int read_records(struct clause_list *list, struct csv *c)
{
    int rc = read_header(c);
    while (rc == 0 && c->at < c->end) {
        const char *fields[COLUMNS];
        struct clause clause = {0};
        rc = read_record(c, fields);
        if (rc == 0) rc = read_clause(&clause, c->arena, fields);
        if (rc == 0) rc = clause_list_add(list, &clause);
    }
    return rc ? err_within(rc, "line %zu", c->record_line) : 0;
}

int catalogue_from_csv(struct catalogue *out, struct arena *a, const void *bytes, size_t len)
{
    struct clause_list list;
    /* A NUL behind the bytes, so that looking at *at is always fine. */
    const char *text = arena_strndup(a, bytes, len);
    if (!text) return ERR_ROAD;
    if (!utf8_valid(text, len)) return err_set(ERR_INPUT, "the catalogue is not valid UTF-8");
    struct csv csv = {.at = text, .end = text + len, .line = 1, .record_line = 1, .arena = a};
    clause_list_init(&list, a);
    int rc = read_records(&list, &csv);
    if (rc == 0) rc = clause_list_end(out, &list);
    clause_list_release(&list);
    return rc;
}
