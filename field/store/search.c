/* Search that finds any substring, of one Chinese character or more.
 *
 * FTS5's own trigram tokenizer finds nothing for two characters. Ours cuts a text at blanks into runs and
 * gives for a run of n characters n tokens at n places: each character together with the next one, and the
 * last one alone.
 *
 *   "安全服务 ok"  ->  安全 全服 服务 务 | ok k
 *
 * A word of two characters or more is then the phrase of its bigrams (without the last character alone, which
 * only the ends of runs have), and of one character the prefix. A phrase never reaches across a blank,
 * because the token before it, a character alone, is in no phrase; so the values of a record are joined with
 * a line end between. */
#include "search.h"

#include <sqlite3.h>
#include <string.h>

#include "internal.h"

#define CHARACTER_MAX 4 /* bytes of UTF-8 */

/* ---- characters ---- */

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

void text_to_lower(char *s)
{
    for (; *s; s++) *s = lower(*s);
}

/* Bytes of the blank at s; 0: it is none. */
static size_t blank_at(const char *s, size_t len)
{
    if (len > 0 && *s && strchr(" \t\n\v\f\r", *s)) return 1;
    return len >= 3 && memcmp(s, "\xe3\x80\x80", 3) == 0 ? 3 : 0;
}

/* Bytes of the character at s; what is not UTF-8 counts byte by byte. */
static size_t character_at(const char *s, size_t len)
{
    size_t n = 1;
    while (n < len && n < CHARACTER_MAX && ((unsigned char)s[n] & 0xc0) == 0x80) n++;
    return n;
}

/* ---- the tokenizer ---- */

typedef int (*token_fn)(void *ctx, int flags, const char *token, int len, int start, int end);

struct run {
    const char *text;
    size_t len;
    size_t last; /* where the character before begins; == at: the run begins here */
    size_t at;
    bool query;
    token_fn emit;
    void *ctx;
};

static int emit_token(const struct run *r, size_t from, size_t to)
{
    char token[2 * CHARACTER_MAX];
    for (size_t i = from; i < to; i++) token[i - from] = lower(r->text[i]);
    return r->emit(r->ctx, 0, token, (int)(to - from), (int)from, (int)to);
}

/* The last character alone; in a query only where it is the whole word. */
static int end_run(struct run *r, size_t run_start)
{
    if (r->last == r->at || (r->query && r->last > run_start)) return SQLITE_OK;
    return emit_token(r, r->last, r->at);
}

static int tokenize_run(struct run *r)
{
    size_t start = r->at;
    int rc = SQLITE_OK;
    r->last = start;
    while (r->at < r->len && !blank_at(r->text + r->at, r->len - r->at) && rc == SQLITE_OK) {
        size_t next = r->at + character_at(r->text + r->at, r->len - r->at);
        if (r->at > start) {
            rc = emit_token(r, r->last, next);
            r->last = r->at;
        }
        r->at = next;
    }
    return rc == SQLITE_OK ? end_run(r, start) : rc;
}

static int tokenize(Fts5Tokenizer *t, void *ctx, int flags, const char *text, int len, token_fn emit)
{
    struct run r = {.text = text, .len = (size_t)len, .emit = emit, .ctx = ctx};
    int rc = SQLITE_OK;
    (void)t;
    r.query = (flags & FTS5_TOKENIZE_QUERY) != 0;
    while (r.at < r.len && rc == SQLITE_OK) {
        size_t blank = blank_at(text + r.at, r.len - r.at);
        if (blank)
            r.at += blank;
        else
            rc = tokenize_run(&r);
    }
    return rc;
}

/* It has no state, so any address that is not NULL will do. */
static int tokenizer_new(void *ctx, const char **args, int args_len, Fts5Tokenizer **out)
{
    (void)args;
    (void)args_len;
    *out = (Fts5Tokenizer *)ctx;
    return SQLITE_OK;
}

static void tokenizer_free(Fts5Tokenizer *t)
{
    (void)t;
}

/* The way SQLite documents to reach FTS5. */
static fts5_api *fts5_of(sqlite3 *db)
{
    fts5_api *api = NULL;
    sqlite3_stmt *stmt = NULL;
    if (sqlite3_prepare_v2(db, "SELECT fts5(?1)", -1, &stmt, NULL) == SQLITE_OK) {
        sqlite3_bind_pointer(stmt, 1, (void *)&api, "fts5_api_ptr", NULL);
        sqlite3_step(stmt);
    }
    sqlite3_finalize(stmt);
    return api;
}

int search_register(struct db *d)
{
    static char state;
    fts5_tokenizer bigram = {tokenizer_new, tokenizer_free, tokenize};
    fts5_api *api = fts5_of(db_handle(d));
    if (!api || api->xCreateTokenizer(api, "bigram", &state, &bigram, NULL) != SQLITE_OK)
        return err_set(ERR_ROAD, "this SQLite has no full-text search (FTS5)");
    return 0;
}

/* ---- queries ---- */

int words_split(struct words *out, struct arena *a, const char *query)
{
    size_t len = strlen(query), at = 0;
    struct words w = {.words = arena_alloc(a, (len / 2 + 1) * sizeof *w.words)};
    if (!w.words) return ERR_ROAD;
    while (at < len) {
        size_t from = at, blank;
        while (at < len && !blank_at(query + at, len - at)) at++;
        if (at > from) {
            char *word = arena_strndup(a, query + from, at - from);
            if (!word) return ERR_ROAD;
            text_to_lower(word);
            w.words[w.len++] = word;
        }
        while ((blank = blank_at(query + at, len - at)) > 0) at += blank;
    }
    if (w.len == 0) return err_set(ERR_INPUT, "nothing to search for: give one character or more");
    *out = w;
    return 0;
}

size_t words_count(const struct words *w, const char *lower_text)
{
    size_t total = 0;
    for (size_t i = 0; i < w->len; i++) {
        size_t len = strlen(w->words[i]), before = total;
        for (const char *p = lower_text; (p = strstr(p, w->words[i])); p += len) total++;
        if (total == before) return 0;
    }
    return total;
}

static bool one_character(const char *word)
{
    size_t len = strlen(word);
    return character_at(word, len) == len;
}

void words_match(struct buf *out, const struct words *w)
{
    for (size_t i = 0; i < w->len; i++) {
        buf_adds(out, i ? " AND \"" : "\"");
        for (const char *p = w->words[i]; *p; p++) {
            if (*p == '"') buf_addc(out, '"');
            buf_addc(out, *p);
        }
        buf_adds(out, one_character(w->words[i]) ? "\" *" : "\"");
    }
}
