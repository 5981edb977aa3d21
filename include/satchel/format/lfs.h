/* Git LFS pointer files (git-lfs docs/spec.md, version https://git-lfs.github.com/spec/v1) and object paths. */
#ifndef SATCHEL_FORMAT_LFS_H
#define SATCHEL_FORMAT_LFS_H

#include "satchel/base/buf.h"
#include "satchel/format/names.h"

void lfs_pointer_write(struct buf *out, const char *sha256, uint64_t size);
int lfs_pointer_read(char sha256[SHA256_HEX], uint64_t *size, const void *bytes, size_t len) MUST_CHECK;
/* "lfs/objects/ab/cd/<sha256>" below a git directory. out: 96 bytes. */
void lfs_object_path(char *out, const char *sha256);

#endif
