/* The thread's one error message. It is put together apart and then copied over, so that arguments may
 * point into the message that stands. */
#include "satchel/base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "satchel/base/text.h"

#define MESSAGE_SIZE 2048

static _Thread_local char message[MESSAGE_SIZE];

/* A message is one line of whole UTF-8 characters, whatever names stand in it. */
static void message_put(const char *fresh)
{
    size_t len = strlen(fresh);
    if (len == MESSAGE_SIZE - 1) { /* cut, perhaps within the last character: leave that out */
        while (len > 0 && (fresh[len - 1] & 0xc0) == 0x80) len--;
        if (len > 0) len--;
    }
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)fresh[i];
        message[i] = c < 0x20 || c == 0x7f ? '?' : fresh[i];
    }
    message[len] = '\0';
}

int err_set(int code, const char *fmt, ...)
{
    char fresh[MESSAGE_SIZE];
    va_list args;
    va_start(args, fmt);
    vsnprintf(fresh, sizeof fresh, text_of(fmt), args);
    va_end(args);
    message_put(fresh);
    return code;
}

int err_within(int code, const char *fmt, ...)
{
    char context[MESSAGE_SIZE], fresh[2 * MESSAGE_SIZE + 2];
    va_list args;
    va_start(args, fmt);
    vsnprintf(context, sizeof context, text_of(fmt), args);
    va_end(args);
    snprintf(fresh, sizeof fresh, text_language_now() == LANGUAGE_ZH ? "%s：%s" : "%s: %s", context, message);
    fresh[MESSAGE_SIZE - 1] = '\0';
    message_put(fresh);
    return code;
}

/* The system's words for what happens on site, in both languages; for the rest, its own. */
static const char *words_of(int number)
{
    switch (number) {
    case EACCES:
    case EPERM:
        return T("permission denied");
    case EEXIST:
        return T("there is something of that name already");
    case EIO:
        return T("the medium failed; save what you can and use another");
    case EMFILE:
        return T("too many files are open");
    case ENAMETOOLONG:
        return T("the name is too long");
    case ENODEV:
        return T("the medium was taken out");
    case ENOENT:
    case ENOTDIR:
        return T("there is no such file or folder");
    case EROFS:
        return T("the medium is write-protected; take the protection off, or use another");
    default:
        return strerror(number);
    }
}

int err_system(const char *what, const char *path)
{
    int number = errno;
#ifdef ENOSPC
    if (number == ENOSPC)
        return err_set(
            ERR_ROAD, "disk is full: cannot %s '%s'; free some space and try again", text_of(what), path);
#endif
    return err_set(ERR_ROAD, "cannot %s '%s': %s", text_of(what), path, words_of(number));
}

int err_memory(void)
{
    return err_set(ERR_ROAD, "out of memory");
}

const char *err_message(void)
{
    return message;
}

void err_clear(void)
{
    message[0] = '\0';
}

int err_exit_status(int code)
{
    switch (code) {
    case 0:
        return 0;
    case ERR_NO:
        return 1;
    case ERR_USAGE:
        return 2;
    case ERR_INPUT:
    case ERR_MISSING:
    case ERR_WAIT:
        return 3;
    case ERR_DAMAGED:
        return 4;
    default:
        return 5;
    }
}
