/* The pages' server: who may ask, what may be asked, and the pages themselves, embedded at build. It knows no store; its
 * owner hands it functions (struct ui_owner). The pages speak the command line: one table of routes (routes.c), whose rows
 * name commands, and the answers are the documents that `satchel --json` prints.
 *
 * WHO MAY ASK. Host exactly 127.0.0.1:PORT. Where a browser sends Sec-Fetch-Site it must be same-origin, or none for a page
 * that is opened by its address. Origin, where sent, exactly http://127.0.0.1:PORT; POST, PUT and DELETE must send it. The
 * cookie satchel-PORT (HttpOnly, SameSite=Strict), which /enter gives for the secret of the address: once. Else 403. Cookies
 * know no ports, so other servers of this machine may see it: it is good at this port, to this origin, until the program
 * ends. A body needs a Content-Length (411) within the row's limit (413) and the row's type: application/json, or
 * application/octet-stream for bytes (415). Not in the table: 404; by another method: 405 with Allow.
 *
 * A browser says "Origin: null" for fetch(…, {mode:"same-origin"}) under no-referrer: leave the mode at its default.
 *
 * Every answer carries: Content-Security-Policy as in server.c, X-Content-Type-Options: nosniff, Referrer-Policy:
 * no-referrer, Cache-Control: no-store, Cross-Origin-Resource-Policy, -Opener-Policy: same-origin. A refusal is
 * {"error":text}, text in the chosen language; 423 while the store is locked.
 *
 * PAGES
 *   GET /enter?secret=S        303 to /, with the cookie; 403: the address has been used, or another user of the machine asks
 *   GET /NAME.EXT              an embedded file (field/ui/pages); "/", and any path without a dot in its last part and not
 *                              below /api/: index.html, whose own script reads the path
 *   GET /texts.json            {English:Chinese,…}, all of forms/messages.tsv; {} while the language is English
 *
 * COMMANDS  200 {"status":N,"result":DOCUMENT|null,"error":text|null[,"text":what it printed]}, N the exit status of cli.md:
 * 0 yes, 1 no (gaps, conflicts; the document is there), 2 usage, 3 refused, 4 damaged, 5 no road.
 *   GET  /api/COMMAND?a=ARG&a=ARG&o.NAME=VALUE&o.FLAG=1          those that read
 *   POST /api/COMMAND {"args":[…],"options":{NAME:VALUE,FLAG:true}}  those that write
 *   which commands, and which options each: routes.c. Words of a command are parted by '/': /api/form/show. An argument
 *   name=@FILE is refused (400): the pages name no files.
 *   POST /api/apply {"lines":[{"do":"set","record":…,"set":{…},"read":{FIELD:[ENTRY ID,…]},"why":…},…],"options":{"why":…}}
 *        as `satchel apply`, all or none; without "attach". "read" names, of each field, the heads that were on screen (as
 *        `o.heads=1` gives them, [] for none): a change made elsewhere meanwhile becomes a conflict. Without "read" what
 *        stands now counts as seen.
 *
 * WHAT PAGES ASK OF READS, beyond cli.md
 *   o.heads=1   (show, list, conflicts) "heads":{FIELD:[ENTRY ID,…]}, cleared fields too
 *   o.titles=1  (show, list, find, history, conflicts) "title" of the record, "titles":{LINK:words} of every link in it
 *               (words "" where it has no title), "created":{"by","at"}; of a history, "titles" in each entry
 *   o.custody=1 (list, show, find) "custody":{["here":bool,]"held":bool,"way":bool}: held, by receipts, with all its entries and
 *               bytes; way: in a bundle that no receipt has named yet; here, of evidence: its bytes are in this store. Not
 *               here and not held: awaited. (history) "held" of each entry
 *   o.limit=N[&o.after=ID][&o.newest=1]  (list, find) {"records":[…],"of":total,"next":ID|null} instead of the list
 *   o.limit=N   (calendar) {"dates":[…],"of":{"proposed":n,"overdue":n,"due":n,"upcoming":n}} instead of the list: the first
 *   ones by day, and how many there are in all
 *   o.at=TIME, o.entry=ENTRY ID  (show) the record as of a moment: of what its entries claim, or as that entry's author saw
 *   it, that entry counted
 *   o.quick=1   (check) evidence that is here counts as held; without it every byte is hashed: as a job
 *
 *   /api/status {"hub":name|null,"records":{"here":n,"way":n,"held":n},"evidence":{…,"awaited":n},"conflicts":n,
 *               "cases":[{"case","title","records","evidence","conflicts"}],
 *               "apart":[{"entry","record","case","by","at","verdict":"waiting"|"quarantined","reason"}],
 *               "newest":{"at","by"}}: of each kit's last entry the one of the latest time; none in an empty store
 *   /api/form/scheme[?o.case=C]  {"hash","link","scheme":scheme.json,"catalogue":{"clauses":[…],"sample","title"}}: of the scheme
 *               that a case follows; form/show and form/list take o.case, too
 *   "state" of a record comes with "state_words", in the chosen language
 *   /api/whoami also has "person" (a link, as fields of records have it) and "roles"
 *
 * THE PROGRAM'S OWN
 *   GET    /api/state          {"store":bool,"locked":bool,"language":"en"|"zh","version":V,"program":"0.1.0","phone":bool};
 *                              store false: there is none, POST /api/init makes it
 *   POST   /api/init           {"name","email","passphrase"} → as a command; result.recovery is shown only this once
 *   POST   /api/unlock         {"passphrase"} → as a command (status 3: wrong)
 *   POST   /api/lock           {} → closes the store; 409 while jobs run
 *   POST   /api/language       {"language":"en"|"zh"} for all of the program, kept in the store
 *   POST   /api/quit           {} → the program ends
 *   GET    /api/changes?since=V[&wait=0]   {"version":V,"cases":{CASE:VERSION,…}}, at once where it is another than `since`,
 *                              else when it has moved or after 25 s. Browsers have six connections to a server: ask only
 *                              while the page is visible, or six pages block each other
 *   GET    /api/drafts         {KEY:{"at":TIME,"value":JSON},…}
 *   PUT    /api/draft/KEY      JSON up to 1 MiB; sealed. KEY: letters, digits and - _ . / : up to 200. 204
 *   DELETE /api/draft/KEY      204, also where there is none
 *   GET    /api/places         [{"path","name","free":bytes}]: removable folders that are mounted now
 *   GET    /api/request        the file that asks a hub for enrolment, an attachment
 *
 * EVIDENCE
 *   POST   /api/evidence?of=RECORD&name=NAME[&title=T][&captured=TIME][&from=EVIDENCE][&why=T][&once=1]   body: the bytes
 *                              (application/octet-stream), sealed while they arrive → as a command, {"id":"evidence/…",
 *                              "sha256","size"}, once it is durable; 507: the disk has no room, said before the body is read
 *                              where it can be; from: what it is derived from; once: where the record has these bytes by this name
 *                              already, that evidence is answered and none made (for trying again)
 *   GET    /api/evidence/SHA256   the bytes, as application/octet-stream, an attachment, in a sandbox; Range: bytes=… of one
 *                              run. 404: not here (POST /api/jobs {"command":"extract","args":[ID],"options":{"bring":true}})
 *
 * JOBS, what takes long, on a session of its own: sync, check, submit, share, receive, extract (bring), pack, verify, join
 *   POST   /api/jobs           {"command","args","options"} → 202 JOB
 *   GET    /api/jobs           [JOB,…], newest first
 *   GET    /api/jobs/N[?since=CHANGE]   JOB; with since: once it is another, or after 25 s
 *   DELETE /api/jobs/N         asks it to stop (share only; others end by themselves): JOB. One that has ended is forgotten
 *     JOB {"job":N,"command","change":N,"done":bool,"what":words,"at":bytes,"of":bytes,"shown":DOCUMENT|null,
 *          "status","result","error"}; shown: what the command shows while it runs (share: addresses and code)
 *   POST   /api/upload?name=NAME   a bundle or an enrolment (octet-stream, ≤ 4 GiB) → {"upload":TOKEN}; a job's argument
 *                              "upload:TOKEN" stands for it (receive, join); it is gone when the job has ended, or the program
 *
 * PHONE  a TLS port on the local network that can do one thing: upload photos and video into one record (phone.c)
 *   POST   /api/phone          {"record":ID[,"address":one of this machine's]} → PHONE; one that was open is closed
 *   GET    /api/phone          PHONE, or {"url":null} where none is open
 *   DELETE /api/phone          {"url":null}
 *     PHONE {"url","addresses":[URL,…],"code":eight digits, good once,"fingerprint":hex,"qr":[rows of 0 and 1],"record",
 *            "paired":bool,"until":TIME,"uploads":[{"id","name","size"},…]}; url: the first address, with the code and, behind
 *            "#", the certificate's SHA-256: what the picture shows. Once a phone is paired the code opens nothing; open the
 *            port anew for another phone. Five wrong codes close it, and so does an hour without an upload.
 *
 * AT A HUB the same pages and commands stand below /review/, for reading: GET and HEAD of what ui_review_find knows. Who may
 * ask is said by serve/visit.h. A case's pages stand below /review/c/CASE/ (HERE): what is asked there is asked of this case and
 * the register. Directly below /review/ it is asked of the register alone, but for the calendar, which is of all cases that may
 * be seen. A case that who asks may not see is as one that there is not. Each look is logged before it is answered.
 *   GET HERE/api/state               {"review":true,"store":true,"locked":false,"language","program","hub","kit","name","roles":[…],"case":C|null}
 *   GET /review/api/cases            [{"case","organisation":name|null,"conflicts":n}]: those that may be seen
 *   GET HERE/api/proof?a=EVIDENCE    as a command; the document: field/cli/review_proof.c
 *   GET HERE/api/looks[?a=RECORD]    as `satchel hub looks --json`: of the case, newest first, the last 200
 *   GET HERE/api/evidence/SHA256[?original=1]   original: it is to be kept, not only shown; for the log
 * Accept-Language says the language of an answer. */
#ifndef SATCHEL_UI_UI_H
#define SATCHEL_UI_UI_H

#include <stdbool.h>
#include <stdint.h>

#include "satchel/base/io.h"
#include "satchel/base/json.h"

/* ---- the table ---- */

enum ui_does {
    UI_ENTER, UI_TEXTS,
    UI_COMMAND, /* .command and .options */
    UI_APPLY,
    UI_STATE, UI_INIT, UI_UNLOCK, UI_LOCK, UI_LANGUAGE, UI_QUIT,
    UI_CHANGES, UI_DRAFTS, UI_DRAFT_PUT, UI_DRAFT_DROP, UI_PLACES, UI_REQUEST,
    UI_ATTACH, UI_EVIDENCE,
    UI_JOB_NEW, UI_JOBS, UI_JOB, UI_JOB_STOP, UI_UPLOAD,
    UI_PHONE, UI_PHONE_OPEN, UI_PHONE_CLOSE,
    UI_CASES, UI_PROOF, UI_LOOKS, /* at a hub only */
};

enum ui_body { UI_NOTHING, UI_JSON, UI_BYTES };

struct ui_route {
    const char *method;  /* "GET" answers HEAD too */
    const char *path;    /* ends in '*': whatever is there, at least one character, is ui_call.rest */
    enum ui_does does;
    const char *command; /* of UI_COMMAND: its words */
    const char *options; /* that the pages may give, blanks between; also of the rows that read a query: its names */
    enum ui_body body;
    uint64_t body_max;   /* bytes */
};

extern const struct ui_route ui_routes[];
extern const size_t ui_routes_len;
/* The options that a job may give to a command, blanks between; NULL: it is none that runs as a job. */
const char *ui_job_options(const char *command);
bool ui_may_give(const char *options, const char *name); /* is it one of the names with blanks between? */

/* ---- what is asked and answered ---- */

struct ui_call {
    const struct ui_route *route;
    const char *rest;        /* of a path that ends in '*'; else "" */
    const struct jv *args;   /* array of strings */
    const struct jv *options; /* object, names of the row's options only; of a query: strings */
    const struct jv *body;   /* JSON; NULL: none */
    struct arena *arena;     /* lives as long as the request */
};

struct ui_answer {
    int status;
    const char *type;     /* "application/json" unless it is set */
    const char *attached; /* a file name: the answer is an attachment; or NULL */
    struct buf body;
};

/* Calls come from many threads at once. What a function cannot do, it says by an answer. */
struct ui_owner {
    void *ctx;
    void (*answer)(void *ctx, const struct ui_call *call, struct ui_answer *out);
    /* Bytes that come piece by piece. begin: *out NULL, and an answer, where they are refused. end answers in any case;
     * drop, instead of it, where the request broke off. */
    void (*take_begin)(void *ctx, const struct ui_call *call, uint64_t size, void **out, struct ui_answer *answer);
    void (*take)(void *ctx, void *upload, const void *bytes, size_t len);
    void (*take_end)(void *ctx, void *upload, struct ui_answer *answer);
    void (*take_drop)(void *ctx, void *upload);
    /* Plain bytes of evidence from an offset on, and how many there are in all. ERR_MISSING: not here; ERR_WAIT: locked. */
    int (*evidence)(void *ctx, const char *sha256, uint64_t offset, struct source **out, uint64_t *size);
    /* A new address has been made, since the last one was used. */
    void (*address)(void *ctx, const char *address);
};

/* Puts {"error":text} and a status. */
void ui_refuse(struct ui_answer *a, int status, const char *text);

/* ---- what a hub's pages share with these; all but ui_review_find and ui_read_query answer the request ---- */

#define UI_REVIEW "/review"
struct ui_place {
    const struct ui_route *route; /* NULL: a page is asked for, or where `api` is set nothing that there is */
    bool api;
    const char *below;            /* of the path: what is asked for, as if it stood at the root */
    const char *case_name;        /* in the arena; NULL: none */
    const char *above;            /* the way from `below` up to the root of these pages: "." or "../.."; in the arena */
    bool bare;                    /* the case's folder, without the '/' at its end: to be sent there */
};
int ui_review_find(struct ui_place *out, const char *path, struct arena *a) MUST_CHECK; /* of a path below UI_REVIEW */
/* Fills *out from the request's path and query, in the arena. ERR_USAGE. */
struct http_request;
int ui_read_query(struct ui_call *out, struct http_request *r, const struct ui_place *place, struct arena *a) MUST_CHECK;
void ui_answer_init(struct ui_answer *a);
void ui_send(struct http_request *r, struct ui_answer *a); /* and releases it */
/* The page of a path; `above` is put before the addresses in index.html ("": they stay as they are). False: there is none, and nothing was answered. */
bool ui_send_page(struct http_request *r, const char *path, const char *above);
void ui_send_texts(struct http_request *r);
/* As struct ui_owner's `evidence`, with the request's Range. */
void ui_send_evidence(struct http_request *r, const char *sha256,
    int (*open)(void *ctx, const char *sha256, uint64_t offset, struct source **out, uint64_t *size), void *ctx);

/* ---- the server ---- */

struct ui;
int ui_start(struct ui **out, unsigned port, const struct ui_owner *owner) MUST_CHECK; /* port 0: the system chooses */
/* The address with the secret that opens the pages, once. Copied into the arena; NULL: err set. */
const char *ui_address(struct ui *u, struct arena *a);
double ui_idle_seconds(struct ui *u); /* since the last request; 0 while one is answered */
void ui_stop(struct ui *u);           /* waits for what is under way, a few seconds; NULL is fine */

/* ---- the phone's port ---- */

struct ui_phone;
struct ui_phone_options {
    const char *record, *title; /* that uploads go to, and what it is called; copied */
    const char *address;        /* of this machine, where to listen; NULL: all of them */
    struct ui_owner owner;      /* its take functions; copied, the ctx must outlive the port */
};
int ui_phone_open(struct ui_phone **out, const struct ui_phone_options *o) MUST_CHECK;
int ui_phone_json(struct ui_phone *p, struct arena *a, struct jv **out) MUST_CHECK; /* PHONE above */
bool ui_phone_is_over(struct ui_phone *p); /* wrong codes, or nobody came for long */
void ui_phone_close(struct ui_phone *p);   /* waits for what is under way, a few seconds; NULL is fine */

/* A picture that cameras read: rows of 0 and 1, dark is 1, without the quiet margin of four. NULL: err set. */
struct jv *ui_qr(struct arena *a, const char *text);

/* ---- who may ask: pure, for the server and its tests ---- */

#define UI_SECRET_SIZE 65

struct ui_door {
    unsigned port;
    char cookie[UI_SECRET_SIZE];
};

struct ui_asked { /* as it came; NULL: not sent */
    const char *method, *path, *host, *origin, *site, *cookie, *type, *length, *encoding;
};

/* 0, or the HTTP status to refuse with and, in *why, an English text for T. *route: NULL where a page is asked for. */
int ui_judge(const struct ui_door *d, const struct ui_asked *q, const struct ui_route **route, const char **why);
/* The methods of the rows whose path this is: "GET, POST"; empty: none. */
void ui_allowed(struct buf *out, const char *path);
/* One run of a Range header over so many bytes. 0: all of it; 206 with *from and *len; 416. */
int ui_range(const char *header, uint64_t size, uint64_t *from, uint64_t *len);

#endif
