/* A file of lines that grows and is rotated by size: FILE, and FILE.1 … FILE.4, the last of which is the oldest. */
#ifndef SATCHEL_SERVE_LINES_H
#define SATCHEL_SERVE_LINES_H

#include <stdint.h>

#include "satchel/base/buf.h"

struct lines;
int lines_open(struct lines **out, const char *path, uint64_t most) MUST_CHECK; /* most: bytes of one file */
void lines_close(struct lines *l); /* NULL is fine */
/* From any thread; the line ends in a newline. Written when it has returned, not yet synced. */
int lines_add(struct lines *l, const struct buf *line) MUST_CHECK;
/* Each whole line of all the files, oldest first, without its newline; ends with what is not 0. A file that is not there has
 * none. May be called while another process adds to them. */
int lines_each(const char *path, int (*each)(void *ctx, const char *line, size_t len), void *ctx) MUST_CHECK;

#endif
