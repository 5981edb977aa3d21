/* What a hub's pages may ask: of the table those rows that read what a hub has, too, and a few of its own. */
#include <string.h>

#include "satchel/ui/ui.h"

#define CASES "/c/" /* below UI_REVIEW: one folder a case */

static const char *const commands[] = {"show", "list", "find", "history", "conflicts", "coverage", "plan", "check", "calendar",
    "form list", "form show", "form scheme"};

static const struct ui_route own[] = {
    {"GET", "/api/cases", UI_CASES, .options = ""},
    {"GET", "/api/proof", UI_PROOF, .options = ""},
    {"GET", "/api/looks", UI_LOOKS, .options = ""},
    {"GET", "/api/evidence/*", UI_EVIDENCE, .options = "original"},
};

static bool is_reviewed(const struct ui_route *r)
{
    if (strcmp(r->method, "GET") != 0) return false;
    if (r->does == UI_TEXTS || r->does == UI_STATE) return true;
    for (size_t i = 0; r->does == UI_COMMAND && i < sizeof commands / sizeof *commands; i++)
        if (strcmp(r->command, commands[i]) == 0) return true;
    return false;
}

static bool leads_to(const struct ui_route *r, const char *path)
{
    size_t n = strlen(r->path);
    if (r->path[n - 1] == '*') return strncmp(r->path, path, n - 1) == 0 && path[n - 1];
    return strcmp(r->path, path) == 0;
}

static const struct ui_route *find_row(const char *below)
{
    for (size_t i = 0; i < sizeof own / sizeof *own; i++)
        if (leads_to(&own[i], below)) return &own[i];
    for (size_t i = 0; i < ui_routes_len; i++)
        if (is_reviewed(&ui_routes[i]) && leads_to(&ui_routes[i], below)) return &ui_routes[i];
    return NULL;
}

/* Its name goes into addresses, so it is one. */
static size_t case_name_len(const char *name)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-";
    size_t len = strspn(name, letters);
    return name[len] == '\0' || name[len] == '/' ? len : 0;
}

/* From there to the root of these pages, wherever a proxy has put that. */
static const char *way_up(struct arena *a, const char *below)
{
    const char *way = ".";
    for (const char *at = strchr(below + 1, '/'); at && way; at = strchr(at + 1, '/'))
        way = strcmp(way, ".") == 0 ? ".." : arena_printf(a, "%s/..", way);
    return way;
}

int ui_review_find(struct ui_place *out, const char *path, struct arena *a)
{
    const char *below = path + strlen(UI_REVIEW);
    *out = (struct ui_place){.below = below};
    if (strncmp(below, CASES, strlen(CASES)) == 0) {
        const char *name = below + strlen(CASES);
        size_t len = case_name_len(name);
        out->api = len == 0; /* no page either */
        if (len == 0) return 0;
        out->case_name = arena_strndup(a, name, len);
        if (!out->case_name) return ERR_ROAD;
        out->bare = name[len] == '\0';
        below = name[len] ? name + len : "/";
    }
    out->below = below;
    if (!(out->above = way_up(a, below))) return ERR_ROAD;
    out->api = strncmp(below, "/api/", 5) == 0;
    out->route = find_row(below);
    return 0;
}
