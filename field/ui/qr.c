/* Texts as pictures: the only file that includes libqrencode. */
#include <qrencode.h>

#include "satchel/ui/ui.h"

static struct jv *rows_of(struct arena *a, const QRcode *code)
{
    struct jv *rows = jv_array(a);
    size_t width = (size_t)code->width;
    for (size_t y = 0; rows && y < width; y++) {
        char *row = arena_alloc(a, width + 1);
        for (size_t x = 0; row && x < width; x++) row[x] = code->data[y * width + x] & 1 ? '1' : '0';
        if (!row || jv_push(a, rows, jv_string(a, row))) return NULL;
    }
    return rows;
}

struct jv *ui_qr(struct arena *a, const char *text)
{
    QRcode *code = QRcode_encodeString8bit(text, 0, QR_ECLEVEL_M);
    if (!code) {
        err_set(ERR_INPUT, "this text is too long for a picture");
        return NULL;
    }
    struct jv *rows = rows_of(a, code);
    QRcode_free(code);
    return rows;
}
