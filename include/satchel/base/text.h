/* What people read, in Chinese and English, from one table: forms/messages.tsv (English TAB Chinese).
 *
 * Code carries the English text; T("…") gives the text in the chosen language. A test holds every literal
 * in the sources against the table, its conversions included, so neither language can fall behind. */
#ifndef SATCHEL_BASE_TEXT_H
#define SATCHEL_BASE_TEXT_H

#include <stddef.h>
#include "satchel/base/buf.h"

enum language { LANGUAGE_EN, LANGUAGE_ZH };

/* Hands over the table's bytes, which must outlive all use. Called once, by main, before threads start. */
void text_table(const char *tsv, size_t len);
/* May be called while other threads look texts up. */
void text_language(enum language language);
enum language text_language_now(void);
/* In this thread from now on; NULL: as in all others. */
void text_language_of_thread(const enum language *language);

/* The text for `english` in the chosen language; `english` itself where the table has none. */
const char *text_of(const char *english) __attribute__((format_arg(1)));
/* Appends all of the table as a JSON object of English to the chosen language; {} where that is English. */
void text_write_all(struct buf *out);
#define T(english) text_of(english)
/* Marks a literal of a static table, which is looked up where it is shown. */
#define N_(english) english

#endif
