/* What a killed process has left half-way in the hub's folder. Under the hub's lock. */
#include <string.h>
#include "parts.h"
#include "satchel/base/os.h"

typedef bool leftover_fn(struct hub *h, const char *name);

static bool is_anything(struct hub *h, const char *name)
{
    (void)h;
    (void)name;
    return true;
}

static bool is_unfinished(struct hub *h, const char *name)
{
    (void)h;
    return os_is_temporary(name);
}

/* Part of what has come whole meanwhile, in the same case. */
static bool is_outdated(struct hub *h, const char *name)
{
    char sha256[SHA256_HEX], case_name[CASE_NAME_MAX + 1];
    struct hub_case *c;
    if (is_unfinished(h, name)) return true;
    if (!evidence_part_whole(h, name, sha256, case_name)) return false;
    bool held = case_open(h, case_name, &c) == 0 && evidence_held(h, c, sha256, NULL);
    err_clear();
    return held;
}

static int remove_in(struct hub *h, const char *folder_name, leftover_fn *is_leftover)
{
    struct arena a;
    const char **names = NULL;
    size_t len = 0;
    arena_init(&a);
    const char *folder = hub_file(&a, h, folder_name);
    int rc = folder ? os_list(&names, &len, &a, folder) : ERR_ROAD;
    if (rc == ERR_MISSING) rc = os_make_folder(folder);
    for (size_t i = 0; i < len && rc == 0; i++) {
        if (!is_leftover(h, names[i])) continue;
        const char *path = path_join(&a, folder, names[i]);
        rc = path ? os_remove(path) : ERR_ROAD;
    }
    arena_release(&a);
    return rc;
}

int hub_clean(struct hub *h)
{
    int rc = remove_in(h, "staging", is_anything);
    if (rc == 0) rc = remove_in(h, "partial", is_outdated);
    if (rc == 0) rc = remove_in(h, "quarantine", is_unfinished);
    if (rc == 0) rc = remove_in(h, "pieces", is_unfinished);
    return rc ? rc : remove_in(h, ".", is_unfinished);
}
