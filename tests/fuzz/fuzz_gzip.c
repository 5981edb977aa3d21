/* The gzip reader: it ends, within the limit; and the writer brings every input back. */
#include <stdlib.h>
#include <string.h>

#include "satchel/format/gzip.h"

#define LIMIT 100000

static int unpack(struct buf *out, const void *bytes, size_t len, uint64_t limit)
{
    struct source *from, *gunzip;
    if (memory_source(&from, bytes, len) || gunzip_source(&gunzip, from, limit)) abort();
    int err = source_read_all(gunzip, out);
    source_close(gunzip);
    return err;
}

static void round_trip(const unsigned char *data, size_t size)
{
    struct sink *to, *gzip;
    struct buf packed, back;
    buf_init(&packed, BUF_UNLIMITED);
    buf_init(&back, BUF_UNLIMITED);
    if (memory_sink(&to, &packed) || gzip_sink(&gzip, to, 1)) abort();
    if (gzip_choose(gzip, size % 2) || sink_write(gzip, data, size / 2)) abort();
    if (gzip_choose(gzip, size % 3) || sink_write(gzip, data + size / 2, size - size / 2)) abort();
    if (sink_finish(gzip) || unpack(&back, packed.data, packed.len, size)) abort();
    if (back.len != size || memcmp(back.data, data, size) != 0) abort();
    sink_close(gzip);
    buf_release(&packed);
    buf_release(&back);
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    struct buf out;
    buf_init(&out, BUF_UNLIMITED);
    if (unpack(&out, data, size, LIMIT) && !*err_message()) abort();
    if (out.len > LIMIT) abort();
    buf_release(&out);
    if (size > 0 && data[0] == 'w') round_trip(data, size); /* slower by far: megabytes of buffers */
    return 0;
}
