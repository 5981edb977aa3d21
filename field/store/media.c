/* The media type of a file: by its first bytes, and for what has none to tell by, or shares them, by its
 * name's ending. What the two do not say together is application/octet-stream: a wrong name proves nothing.
 */
#include "internal.h"

#include <string.h>

#define UNKNOWN_TYPE "application/octet-stream"
#define ZIP "PK\003\004"
#define OLE "\320\317\021\340\241\261\032\341"
#define OOXML "application/vnd.openxmlformats-officedocument."

struct media {
    const char *type;
    size_t at; /* where the magic bytes stand; magic NULL: none */
    const char *magic;
    const char *ending; /* NULL: any */
};

/* The first row that fits counts, so narrower ones stand first. */
static const struct media table[] = {
    {"image/jpeg", 0, "\377\330\377", NULL},
    {"image/png", 0, "\211PNG\r\n\032\n", NULL},
    {"image/gif", 0, "GIF8", NULL},
    {"image/tiff", 0, "II*", NULL},
    {"image/bmp", 0, "BM", "bmp"},
    {"image/webp", 8, "WEBP", NULL},
    {"image/heic", 4, "ftypheic", NULL},
    {"image/heic", 4, "ftypheix", NULL},
    {"image/heic", 4, "ftypmif1", NULL},
    {"application/pdf", 0, "%PDF-", NULL},
    {"video/quicktime", 4, "ftypqt", NULL},
    {"audio/mp4", 4, "ftypM4A", NULL},
    {"video/mp4", 4, "ftyp", NULL},
    {"video/x-matroska", 0, "\032E\337\243", "mkv"},
    {"video/webm", 0, "\032E\337\243", NULL},
    {"video/x-msvideo", 8, "AVI ", NULL},
    {"audio/wav", 8, "WAVE", NULL},
    {"audio/mpeg", 0, "ID3", NULL},
    {"audio/mpeg", 0, "\377\373", NULL},
    {"audio/ogg", 0, "OggS", NULL},
    {"audio/flac", 0, "fLaC", NULL},
    {"audio/amr", 0, "#!AMR", NULL},
    {OOXML "wordprocessingml.document", 0, ZIP, "docx"},
    {OOXML "spreadsheetml.sheet", 0, ZIP, "xlsx"},
    {OOXML "presentationml.presentation", 0, ZIP, "pptx"},
    {"application/vnd.oasis.opendocument.text", 0, ZIP, "odt"},
    {"application/vnd.oasis.opendocument.spreadsheet", 0, ZIP, "ods"},
    {"application/zip", 0, ZIP, NULL},
    {"application/msword", 0, OLE, "doc"},
    {"application/vnd.ms-excel", 0, OLE, "xls"},
    {"application/vnd.ms-powerpoint", 0, OLE, "ppt"},
    {"application/vnd.ms-outlook", 0, OLE, "msg"},
    {"application/gzip", 0, "\037\213", NULL},
    {"application/x-7z-compressed", 0, "7z\274\257\047\034", NULL},
    {"application/vnd.rar", 0, "Rar!\032\007", NULL},
    {"image/svg+xml", 0, NULL, "svg"},
    {"text/html", 0, NULL, "html"},
    {"text/html", 0, NULL, "htm"},
    {"text/csv", 0, NULL, "csv"},
    {"text/markdown", 0, NULL, "md"},
    {"application/json", 0, NULL, "json"},
    {"application/xml", 0, NULL, "xml"},
    {"message/rfc822", 0, NULL, "eml"},
    {"text/plain", 0, NULL, "txt"},
    {"text/plain", 0, NULL, "log"},
};

static bool ends_in(const char *name, const char *ending)
{
    const char *dot = strrchr(name, '.');
    if (!dot) return false;
    for (dot++; *dot && *ending; dot++, ending++)
        if ((*dot >= 'A' && *dot <= 'Z' ? *dot - 'A' + 'a' : *dot) != *ending) return false;
    return *dot == *ending;
}

static bool fits(const struct media *m, const char *name, const unsigned char *head, size_t len, bool binary)
{
    if (m->ending && !ends_in(name, m->ending)) return false;
    if (!m->magic) return !binary;
    size_t magic_len = strlen(m->magic);
    return m->at + magic_len <= len && memcmp(head + m->at, m->magic, magic_len) == 0;
}

const char *media_type(const char *name, const void *head, size_t len)
{
    bool binary = len > 0 && memchr(head, 0, len) != NULL;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (fits(&table[i], name, head, len, binary)) return table[i].type;
    return UNKNOWN_TYPE;
}
