/* The tar reader: whatever it takes must be, byte for byte, what the writer makes of the same members. */
#include <stdlib.h>
#include <string.h>

#include "satchel/format/tar.h"

static int copy_member(struct tar_writer *w, struct tar_reader *r)
{
    unsigned char chunk[700];
    size_t got = 1;
    int err = tar_begin(w, r->name, r->size);
    while (!err && got > 0) {
        err = tar_read(r, chunk, sizeof chunk, &got);
        if (!err) err = tar_write(w, chunk, got);
    }
    return err ? err : tar_end(w);
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    struct source *from;
    struct sink *to;
    struct buf again;
    struct tar_reader r;
    struct tar_writer w;
    int more;
    buf_init(&again, BUF_UNLIMITED);
    if (memory_source(&from, data, size) || memory_sink(&to, &again)) abort();
    tar_reader_init(&r, from);
    tar_writer_init(&w, to);
    while ((more = tar_next(&r)) > 0)
        if (copy_member(&w, &r)) break;
    if (more == 0 && (tar_finish(&w) || again.len != size || memcmp(again.data, data, size) != 0)) abort();
    if (more < 0 && !*err_message()) abort();
    source_close(from);
    sink_close(to);
    buf_release(&again);
    return 0;
}
