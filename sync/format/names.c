/* The names that every format shares. All checks are exact: what passes here is safe as a part of a path,
 * of a git branch and of a line of text.
 *
 *   kit id      'k', 12 characters of a-z 2-7
 *   case        A-Z a-z 0-9 first, then also '-', 64 at most
 *   record id   type '/' kit id '-' number; the number in decimal, 1 to 999999999, without leading zero
 *   link        a record id, or "register:" and a record id */
#include "satchel/format/names.h"

#include <stdio.h>
#include <string.h>

#include "satchel/base/json.h"
#include "satchel/format/ssh.h"

#define FIELD_NAME_MAX 256
#define TYPE_NAME_MAX 32
#define NUMBER_DIGITS_MAX 9
#define REGISTER_PREFIX REGISTER_CASE ":"

static bool is_lower(char c)
{
    return c >= 'a' && c <= 'z';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_alnum(char c)
{
    return is_lower(c) || is_digit(c) || (c >= 'A' && c <= 'Z');
}

/* Whether the first 13 characters are a kit id. */
static bool begins_with_kit_id(const char *s)
{
    if (*s++ != 'k') return false;
    for (int i = 0; i < KIT_ID_SIZE - 2; i++, s++)
        if (!is_lower(*s) && (*s < '2' || *s > '7')) return false;
    return true;
}

bool kit_id_valid(const char *s)
{
    return begins_with_kit_id(s) && s[KIT_ID_SIZE - 1] == '\0';
}

bool case_name_valid(const char *s)
{
    size_t len = 0;
    if (!is_alnum(s[0])) return false;
    while (is_alnum(s[len]) || s[len] == '-') len++;
    return s[len] == '\0' && len <= CASE_NAME_MAX;
}

bool type_name_valid(const char *s, size_t len)
{
    if (len < 1 || len > TYPE_NAME_MAX || !is_lower(s[0])) return false;
    for (size_t i = 1; i < len; i++)
        if (!is_lower(s[i]) && !is_digit(s[i]) && s[i] != '-') return false;
    return true;
}

bool field_name_valid(const char *s)
{
    size_t len = strlen(s);
    if (len < 1 || len > FIELD_NAME_MAX || !utf8_valid(s, len)) return false;
    for (uint32_t c; (c = utf8_next(&s));) {
        bool mark = c < 128 && strchr("_.~/:+-", (int)c);
        if (!mark && !unicode_is_alnum(c)) return false;
    }
    return true;
}

/* The number at s, which it must fill; 0 when it is none. */
static int32_t number_read(const char *s)
{
    int32_t number = 0;
    size_t len = strlen(s);
    if (len < 1 || len > NUMBER_DIGITS_MAX || s[0] == '0') return 0;
    for (; *s; s++) {
        if (!is_digit(*s)) return 0;
        number = number * 10 + (*s - '0');
    }
    return number;
}

bool record_id_read(struct record_id *out, const char *s)
{
    const char *slash = strchr(s, '/');
    if (!slash || !type_name_valid(s, (size_t)(slash - s))) return false;
    const char *kit = slash + 1;
    if (!begins_with_kit_id(kit) || kit[KIT_ID_SIZE - 1] != '-') return false;
    int32_t number = number_read(kit + KIT_ID_SIZE);
    if (number == 0) return false;

    struct record_id id = {.number = number};
    memcpy(id.type, s, (size_t)(slash - s));
    memcpy(id.kit, kit, KIT_ID_SIZE - 1);
    *out = id;
    return true;
}

void record_id_write(char out[RECORD_ID_MAX], const struct record_id *id)
{
    snprintf(out, RECORD_ID_MAX, "%s/%s-%d", id->type, id->kit, (int)id->number);
}

bool link_valid(const char *s)
{
    struct record_id id;
    size_t prefix = strlen(REGISTER_PREFIX);
    return record_id_read(&id, strncmp(s, REGISTER_PREFIX, prefix) == 0 ? s + prefix : s);
}

void kit_id_of(char out[KIT_ID_SIZE], const unsigned char public_key[KEY_SIZE])
{
    unsigned char wire[SSH_WIRE_KEY_SIZE], hash[SHA256_SIZE];
    char text[SHA256_SIZE * 2];
    ssh_key_wire(wire, public_key);
    sha256(hash, wire, sizeof wire);
    base32_write(text, hash, sizeof hash);
    out[0] = 'k';
    memcpy(out + 1, text, KIT_ID_SIZE - 2);
    out[KIT_ID_SIZE - 1] = '\0';
}
