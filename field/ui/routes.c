/* The table of routes: all that the pages can ask, and by which options. What is not here cannot be asked. */
#include "satchel/ui/ui.h"

#include <string.h>

#define KB (UINT64_C(1) << 10)
#define MB (UINT64_C(1) << 20)
#define GB (UINT64_C(1) << 30)

#define PLAIN(method, path, does) {method, path, does, .options = NULL}
#define READ(path, words, opts) {"GET", path, UI_COMMAND, .command = words, .options = opts}
#define WRITE(path, words, opts) {"POST", path, UI_COMMAND, .command = words, .options = opts, .body = UI_JSON, .body_max = 4 * MB}

const struct ui_route ui_routes[] = {
    {"GET", "/enter", UI_ENTER, .options = "secret"},
    PLAIN("GET", "/texts.json", UI_TEXTS),

    READ("/api/show", "show", "case on heads titles custody at entry"),
    READ("/api/list", "list", "case on voided heads titles custody limit after newest"),
    READ("/api/find", "find", "heads titles custody limit after"),
    READ("/api/history", "history", "case titles custody"),
    READ("/api/conflicts", "conflicts", "case heads titles"),
    READ("/api/coverage", "coverage", "case audit on"),
    READ("/api/plan", "plan", "case audit on"),
    READ("/api/check", "check", "case audit on quick"),
    READ("/api/calendar", "calendar", "case on until limit"),
    READ("/api/status", "status", "case"),
    READ("/api/form/list", "form list", "scheme case"),
    READ("/api/form/show", "form show", "scheme case"),
    READ("/api/form/scheme", "form scheme", "scheme case"),
    READ("/api/whoami", "whoami", ""),
    READ("/api/remote/list", "remote list", ""),

    {"POST", "/api/apply", UI_APPLY, .command = "apply", .options = "why", .body = UI_JSON, .body_max = 16 * MB},
    WRITE("/api/new", "new", "case why"),
    WRITE("/api/set", "set", "why"),
    WRITE("/api/void", "void", "why"),
    WRITE("/api/resolve", "resolve", "why"),
    WRITE("/api/remote/add", "remote add", "pin plain"),
    WRITE("/api/remote/remove", "remote remove", ""),
    WRITE("/api/free", "free", "case"),

    PLAIN("GET", "/api/state", UI_STATE),
    {"POST", "/api/init", UI_INIT, .body = UI_JSON, .body_max = 64 * KB},
    {"POST", "/api/unlock", UI_UNLOCK, .body = UI_JSON, .body_max = 64 * KB},
    {"POST", "/api/lock", UI_LOCK, .body = UI_JSON, .body_max = KB},
    {"POST", "/api/language", UI_LANGUAGE, .body = UI_JSON, .body_max = KB},
    {"POST", "/api/quit", UI_QUIT, .body = UI_JSON, .body_max = KB},
    {"GET", "/api/changes", UI_CHANGES, .options = "since wait"},
    PLAIN("GET", "/api/drafts", UI_DRAFTS),
    {"PUT", "/api/draft/*", UI_DRAFT_PUT, .body = UI_JSON, .body_max = MB},
    PLAIN("DELETE", "/api/draft/*", UI_DRAFT_DROP),
    PLAIN("GET", "/api/places", UI_PLACES),
    PLAIN("GET", "/api/request", UI_REQUEST),

    {"POST", "/api/evidence", UI_ATTACH, .options = "of name title captured from why once", .body = UI_BYTES, .body_max = 1024 * GB},
    PLAIN("GET", "/api/evidence/*", UI_EVIDENCE),

    {"POST", "/api/jobs", UI_JOB_NEW, .body = UI_JSON, .body_max = MB},
    PLAIN("GET", "/api/jobs", UI_JOBS),
    {"GET", "/api/jobs/*", UI_JOB, .options = "since"},
    PLAIN("DELETE", "/api/jobs/*", UI_JOB_STOP),
    {"POST", "/api/upload", UI_UPLOAD, .options = "name", .body = UI_BYTES, .body_max = 4 * GB},

    PLAIN("GET", "/api/phone", UI_PHONE),
    {"POST", "/api/phone", UI_PHONE_OPEN, .body = UI_JSON, .body_max = KB},
    PLAIN("DELETE", "/api/phone", UI_PHONE_CLOSE),
};
const size_t ui_routes_len = sizeof ui_routes / sizeof *ui_routes;

/* Folders and addresses are arguments of sync and pack: the person types them, or takes one of /api/places. */
const char *ui_job_options(const char *command)
{
    static const struct {
        const char *command, *options;
    } jobs[] = {{"sync", "part-size with code no-evidence timeout tries"}, {"share", "minutes no-evidence"}, {"check", "audit case on"},
        {"submit", "audit on"}, {"receive", ""}, {"join", ""}, {"pack", "to output case part-size everything"}, {"extract", "bring"},
        {"verify", "root"}};
    for (size_t i = 0; i < sizeof jobs / sizeof *jobs; i++)
        if (strcmp(jobs[i].command, command) == 0) return jobs[i].options;
    return NULL;
}
