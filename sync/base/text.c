/* The table of people's texts: lines "English TAB Chinese", cut apart in one copy, sorted by the English. */
#include "satchel/base/text.h"

#include <stdlib.h>
#include <string.h>

#include "satchel/base/json.h"

struct pair {
    const char *english;
    const char *chinese;
};

static char *copy; /* the table, its tabs and line ends turned into NULs */
static struct pair *pairs;
static size_t pairs_len;
static _Atomic(enum language) now = LANGUAGE_EN;
static _Thread_local int of_thread = -1; /* or a language */

static int pair_order(const void *a, const void *b)
{
    return strcmp(((const struct pair *)a)->english, ((const struct pair *)b)->english);
}

static size_t lines_in(const char *s, size_t len)
{
    size_t n = 1;
    for (size_t i = 0; i < len; i++) n += s[i] == '\n';
    return n;
}

/* A line without a tab, or with nothing after it, has no Chinese text and is left out. */
static void add_line(char *line)
{
    char *tab = strchr(line, '\t');
    if (!tab || tab[1] == '\0') return;
    *tab = '\0';
    pairs[pairs_len].english = line;
    pairs[pairs_len].chinese = tab + 1;
    pairs_len++;
}

static void forget(void)
{
    free(copy);
    free(pairs);
    copy = NULL;
    pairs = NULL;
    pairs_len = 0;
}

void text_table(const char *tsv, size_t len)
{
    forget();
    copy = malloc(len + 1);
    pairs = calloc(lines_in(tsv, len), sizeof *pairs);
    if (!copy || !pairs) { /* English is still there */
        forget();
        return;
    }
    memcpy(copy, tsv, len);
    copy[len] = '\0';
    for (char *line = copy; line;) {
        char *end = strchr(line, '\n');
        if (end) {
            if (end > line && end[-1] == '\r') end[-1] = '\0';
            *end++ = '\0';
        }
        add_line(line);
        line = end;
    }
    qsort(pairs, pairs_len, sizeof *pairs, pair_order);
}

void text_language(enum language language)
{
    now = language;
}

enum language text_language_now(void)
{
    return of_thread < 0 ? now : (enum language)of_thread;
}

void text_language_of_thread(const enum language *language)
{
    of_thread = language ? (int)*language : -1;
}

const char *text_of(const char *english)
{
    if (text_language_now() == LANGUAGE_EN || pairs_len == 0) return english;
    struct pair key = {english, NULL};
    const struct pair *found = bsearch(&key, pairs, pairs_len, sizeof *pairs, pair_order);
    return found ? found->chinese : english;
}

void text_write_all(struct buf *out)
{
    buf_addc(out, '{');
    for (size_t i = 0; text_language_now() != LANGUAGE_EN && i < pairs_len; i++) {
        if (i) buf_addc(out, ',');
        json_write_string(out, pairs[i].english, strlen(pairs[i].english));
        buf_addc(out, ':');
        json_write_string(out, pairs[i].chinese, strlen(pairs[i].chinese));
    }
    buf_addc(out, '}');
}
