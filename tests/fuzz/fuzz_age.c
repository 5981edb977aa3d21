/* age files from outside, opened with a key that the corpus may know; and the text of keys.
 * The scrypt road is left to the vectors: one hostile work factor would cost a second a run. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "satchel/format/age.h"

/* Odd sizes cross the chunks, a large one takes the road without a copy. */
static void read_through(const uint8_t *data, size_t len, size_t step)
{
    static const unsigned char identity[1][KEY_SIZE] = {{8}};
    static unsigned char out[1 << 17];
    struct source *under, *s;
    size_t got = 1;
    if (memory_source(&under, data, len)) return;
    if (age_source(&s, under, identity, 1)) {
        source_close(under);
        return;
    }
    while (got > 0 && source_read(s, out, step, &got) == 0)
        if (got > step) abort();
    source_close(s);
}

static void key_texts(const char *s)
{
    unsigned char key[KEY_SIZE];
    char recipient[AGE_RECIPIENT_SIZE], identity[AGE_IDENTITY_SIZE];
    if (age_recipient_read(key, s) == 0) {
        age_recipient_write(recipient, key);
        if (strcmp(recipient, s) != 0) abort();
    }
    if (age_identity_read(key, s) == 0) {
        age_identity_write(identity, key);
        if (strcmp(identity, s) != 0) abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    char text[128];
    size_t n = len < sizeof text ? len : sizeof text - 1;
    if (n > 0) memcpy(text, data, n);
    text[n] = '\0';
    key_texts(text);
    read_through(data, len, 999);
    read_through(data, len, 1 << 17);
    return 0;
}
