/* Git LFS pointers: what is accepted is written back byte for byte. */
#include <stdlib.h>
#include <string.h>

#include "satchel/format/lfs.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char sha256[SHA256_HEX];
    uint64_t bytes;
    struct buf written;
    buf_init(&written, BUF_UNLIMITED);
    if (lfs_pointer_read(sha256, &bytes, data, size) == 0) {
        lfs_pointer_write(&written, sha256, bytes);
        if (written.len != size || memcmp(written.data, data, size) != 0) abort();
    }
    buf_release(&written);
    return 0;
}
