/* Paths of a branch. A folder holds at most a hundred files of one kit, so that a commit writes small trees.
 */
#include "layout.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define SHARD 100
#define EXTENSION_MOST 8

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

bool layout_same_name(const char *a, const char *b)
{
    while (*a && lower(*a) == lower(*b)) {
        a++;
        b++;
    }
    return lower(*a) == lower(*b);
}

bool layout_branch_valid(const char *case_name)
{
    if (!case_name_valid(case_name) || layout_same_name(case_name, "HEAD")) return false;
    return !layout_same_name(case_name, REGISTER_CASE) || strcmp(case_name, REGISTER_CASE) == 0;
}

const char *layout_folder(enum verdict v)
{
    if (v == VERDICT_GOOD) return FOLDER_LOG;
    return v == VERDICT_WAITING ? FOLDER_WAITING : FOLDER_QUARANTINE;
}

void layout_entry_path(
    char out[LAYOUT_PATH_SIZE], const char *folder, const char *kit, int64_t seq, const char *id)
{
    snprintf(out, LAYOUT_PATH_SIZE, "%s/%s/%" PRId64 "/%" PRId64 "-%.16s", folder, kit, seq / SHARD, seq, id);
}

void layout_receipt_path(char out[LAYOUT_PATH_SIZE], const char *bundle, bool signature)
{
    snprintf(
        out, LAYOUT_PATH_SIZE, FOLDER_RECEIPT "/%.2s/%s.json%s", bundle, bundle, signature ? ".sig" : "");
}

static bool is_alnum(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

/* "jpg" of "Foto 3.JPG"; "bin" where the name ends in nothing of that kind. */
static void extension_of(char out[EXTENSION_MOST + 1], const char *name)
{
    const char *dot = name ? strrchr(name, '.') : NULL;
    size_t len = dot ? strlen(dot + 1) : 0;
    bool good = len > 0 && len <= EXTENSION_MOST;
    for (size_t i = 0; good && i < len; i++) {
        out[i] = lower(dot[1 + i]);
        good = is_alnum(out[i]);
    }
    if (good)
        out[len] = '\0';
    else
        memcpy(out, "bin", sizeof "bin");
}

static const struct jv *created_with(const struct fold_record *r, const char *field)
{
    const struct entry_field *f = entry_field(r->created->entry, field);
    return f ? f->value : NULL;
}

bool layout_claim(struct claim *out, const struct fold_record *r)
{
    struct record_id id;
    char extension[EXTENSION_MOST + 1];
    if (strcmp(r->type, "evidence") != 0 || !r->created || !record_id_read(&id, r->id)) return false;
    const struct jv *size = created_with(r, "size");
    const char *sha256 = jv_str(created_with(r, "sha256"));
    if (!sha256 || !is_sha256_hex(sha256)) return false;
    extension_of(extension, jv_str(created_with(r, "name")));
    out->record = r->id;
    out->sha256 = sha256;
    out->size = size && size->type == JV_INT && size->integer > 0 ? (uint64_t)size->integer : 0;
    snprintf(out->path, sizeof out->path, FOLDER_EVIDENCE "/%s/%d/%d.%s", id.kit, (int)(id.number / SHARD),
        (int)id.number, extension);
    return true;
}

bool layout_evidence_record(char id[RECORD_ID_MAX], const char *path)
{
    static const char folder[] = FOLDER_EVIDENCE "/";
    struct record_id read;
    const char *kit = path + sizeof folder - 1, *slash, *shard, *dot;
    if (strncmp(path, folder, sizeof folder - 1) != 0) return false;
    slash = strchr(kit, '/');
    shard = slash ? strchr(slash + 1, '/') : NULL;
    dot = shard ? strchr(shard, '.') : NULL;
    if (!dot || slash - kit != KIT_ID_SIZE - 1 || dot - shard > 11) return false;
    snprintf(
        id, RECORD_ID_MAX, "evidence/%.*s-%.*s", (int)(slash - kit), kit, (int)(dot - shard - 1), shard + 1);
    return record_id_read(&read, id);
}

int layout_claims(struct fold *f, const char *case_name, struct arena *a, struct claim **out, size_t *len)
{
    const struct fold_record *const *records;
    size_t records_len, n = 0;
    int rc = fold_records(f, case_name, &records, &records_len);
    if (rc) return rc;
    for (size_t i = 0; i < records_len; i++) n += strcmp(records[i]->type, "evidence") == 0;
    struct claim *claims = arena_alloc(a, (n + 1) * sizeof *claims);
    if (!claims) return ERR_ROAD;
    n = 0;
    for (size_t i = 0; i < records_len; i++)
        if (layout_claim(&claims[n], records[i])) n++;
    *out = claims;
    *len = n;
    return 0;
}
