/* POSIX ustar, regular files only: a strict writer and a strict reader (no libarchive: it accepts too much).
 *
 * The writer emits one fixed header for each (name, size): mode 0644, uid/gid 0, mtime 0, type '0', no user names,
 * so equal members are equal bytes. The reader accepts exactly these bytes and nothing else: any other header
 * byte, padding that is not zero, or an end that is not two zero blocks followed by the end of input, is
 * ERR_INPUT naming the member or the place. Sizes below 8 GiB. Names: 1 … 100 bytes of [A-Za-z0-9._+/-], no "..",
 * no part that is empty or ".", so no '/' at either end. Which names may come, how often and in which order is
 * the manifest's business. */
#ifndef SATCHEL_FORMAT_TAR_H
#define SATCHEL_FORMAT_TAR_H

#include <stdbool.h>
#include "satchel/base/io.h"

#define TAR_NAME_MAX 101

struct tar_writer {
    struct sink *to; /* borrowed */
    char name[TAR_NAME_MAX];
    uint64_t size;
    uint64_t left; /* bytes of the open member still to come */
    bool open;
};
void tar_writer_init(struct tar_writer *w, struct sink *to);
int tar_begin(struct tar_writer *w, const char *name, uint64_t size) MUST_CHECK; /* after the last one is complete */
int tar_write(struct tar_writer *w, const void *bytes, size_t len) MUST_CHECK;
int tar_end(struct tar_writer *w) MUST_CHECK;    /* pads the open member */
int tar_finish(struct tar_writer *w) MUST_CHECK; /* the two zero blocks; does not finish the sink */

struct tar_reader {
    struct source *from; /* borrowed */
    char name[TAR_NAME_MAX];
    uint64_t size;
    uint64_t left; /* bytes of the open member still to be read */
    uint64_t at;   /* bytes of the archive read so far */
    bool open;
};
void tar_reader_init(struct tar_reader *r, struct source *from);
/* 1: a member is open (name, size); 0: the archive and the input ended properly; negative: error. The bytes of
 * the member before must have been read to their end. */
int tar_next(struct tar_reader *r) MUST_CHECK;
int tar_read(struct tar_reader *r, void *out, size_t cap, size_t *got) MUST_CHECK; /* *got 0 at the member's end */

#endif
