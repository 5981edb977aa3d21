/* Full-text search: what a query is, and the tokenizer that lets FTS5 find any substring. */
#ifndef SATCHEL_FIELD_STORE_SEARCH_H
#define SATCHEL_FIELD_STORE_SEARCH_H

#include "satchel/store/db.h"
#include "satchel/base/arena.h"

/* Makes the tokenizer "bigram" known to this database. */
int search_register(struct db *d) MUST_CHECK;

/* A query: words, ASCII letters in lower case. */
struct words {
    const char **words;
    size_t len;
};

/* Cuts at blanks (ASCII's, and U+3000). ERR_INPUT when there is nothing but blanks. */
int words_split(struct words *out, struct arena *a, const char *query) MUST_CHECK;
/* How often the words stand in a text whose ASCII letters are in lower case; 0 unless each is there. */
size_t words_count(const struct words *w, const char *lower_text);
/* The query for FTS5: every word, as a phrase of bigrams. */
void words_match(struct buf *out, const struct words *w);
/* ASCII letters to lower case. */
void text_to_lower(char *s);

#endif
