/* Many packs into one, without inflating anything: objects are copied as they are, once each. Pure bytes. */
#ifndef SYNC_HUB_REPACK_H
#define SYNC_HUB_REPACK_H

#include "pack.h"

struct repack;

int repack_new(struct repack **out) MUST_CHECK;
void repack_free(struct repack *r); /* NULL is fine */
/* Adds all objects of a pack by its index (version 2). ERR_DAMAGED where the two do not fit each other. */
int repack_add(struct repack *r, const struct buf *pack, const struct buf *index) MUST_CHECK;
/* Writes the end. The bytes are borrowed until repack_free. */
int repack_end(struct repack *r, const void **bytes, size_t *len) MUST_CHECK;

#endif
