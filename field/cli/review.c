/* What reviewers ask of a hub, one at a time: the case is opened where its person may see it, lent to a session, and the
 * command that the pages name runs on it as on a kit's store. */
#include "review.h"

#include <stdlib.h>
#include <string.h>

#include "satchel/base/os.h"
#include "satchel/base/time.h"
#include "ui_desk.h"

/* ---- begin and end ---- */

int review_open(struct review_desk *r, const char *folder)
{
    struct arena a;
    *r = (struct review_desk){.looks = NULL};
    arena_init(&a);
    pthread_mutex_init(&r->lock, NULL);
    session_init(&r->session);
    const char *path = path_join(&a, folder, LOOKS_FILE);
    r->folder = arena_strdup(&r->session.arena, folder);
    int rc = path && r->folder ? session_forms(&r->session) : ERR_ROAD;
    if (!rc) rc = hub_desk_open(&r->desk, folder, r->session.forms, r->session.schemes);
    if (!rc) rc = hub_look_new(&r->look, r->desk.hub);
    if (!rc) rc = lines_open(&r->looks, path, LOOKS_MOST);
    arena_release(&a);
    return rc;
}

void review_close(struct review_desk *r)
{
    session_lend(&r->session, NULL, false);
    hub_look_free(r->look);
    hub_desk_close(&r->desk);
    session_release(&r->session);
    lines_close(r->looks);
    pthread_mutex_destroy(&r->lock);
}

/* ---- what may be seen ---- */

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool sees(void *sitting, const char *case_name)
{
    const struct sitting *t = sitting;
    return t->cases_len && bsearch(&case_name, t->cases, t->cases_len, sizeof *t->cases, compare_names);
}

/* The hub's custody is the bytes of a case, whole and durable. */
static int evidence_here(void *sitting, const char *case_name, const char *sha256, struct evidence_state *out)
{
    struct sitting *t = sitting;
    const char *path;
    uint64_t size;
    *out = (struct evidence_state){.here = false};
    if (strcmp(case_name, t->looked.case_name) != 0) return 0;
    int rc = hub_look_evidence(t->review->look, sha256, t->call.arena, &path, &size);
    if (rc == ERR_MISSING) return 0;
    out->at_hub = rc == 0;
    return rc;
}

static int received(void *sitting, const struct entry *e, const char **at)
{
    const struct sitting *t = sitting;
    const struct hub_receipt *r = NULL;
    int rc = strcmp(e->case_name, t->looked.case_name) == 0 ? hub_look_receipt(t->review->look, e, NULL, &r) : 0;
    *at = r ? r->at : NULL;
    return rc;
}

/* Opens a case, or the register, and lends it to the session. */
static int lend(struct sitting *t, const char *name)
{
    struct review_desk *r = t->review;
    int rc = hub_look_open(r->look, name, &t->looked);
    if (rc) return rc;
    t->lent = (struct lent){.fold = t->looked.fold, .registry = t->looked.registry, .kit = t->kit, .ctx = t, .sees = sees,
        .evidence = evidence_here, .received = received, .index = t->case_name ? NULL : r->desk.index};
    session_lend(&r->session, &t->lent, r->lent == t->looked.number);
    r->lent = t->looked.number;
    return session_read(&r->session);
}

/* A case that may not be seen is answered as one that there is not, and after the same work. */
static int open_case(struct sitting *t)
{
    int rc = hub_look_cases(t->review->look, t->kit, &t->cases, &t->cases_len);
    if (!rc && (!t->case_name || t->call.route->does == UI_CASES)) rc = hub_desk_index(&t->review->desk);
    bool seen = !rc && t->case_name && sees(t, t->case_name);
    if (!rc) rc = lend(t, seen ? t->case_name : REGISTER_CASE);
    if (rc || seen || !t->case_name) return rc;
    rc = look_note(t, "", NULL, true);
    return rc ? rc : err_set(ERR_MISSING, "there is no case '%s' here", t->case_name);
}

/* ---- what is looked at ---- */

static const char *named_record(const struct ui_call *call)
{
    static const char *const of[] = {"show", "history"};
    const char *audit = jv_get_str(call->options, "audit"), *first = call->args->len ? jv_str(call->args->items[0]) : NULL;
    if (call->route->does != UI_COMMAND) return first;
    for (size_t i = 0; i < sizeof of / sizeof *of; i++)
        if (strcmp(call->route->command, of[i]) == 0) return first;
    return audit;
}

/* What is named may be a tail, or nothing that there is. */
static int find_record(struct sitting *t)
{
    struct view_hit hit;
    const char *text = named_record(&t->call);
    if (!text || !*text) return 0;
    int rc = session_view(&t->review->session);
    if (rc) return rc;
    if (view_resolve(t->review->session.view, text, NULL, t->call.arena, &hit)) err_clear();
    else t->record = hit.record;
    return 0;
}

/* Forms and who one is are no look at anything. */
static bool is_look(const struct ui_call *call)
{
    return call->route->does != UI_STATE && (call->route->does != UI_COMMAND || strncmp(call->route->command, "form ", 5) != 0);
}

static const char *what_is_done(const struct ui_call *call)
{
    switch (call->route->does) {
    case UI_CASES: return "cases";
    case UI_PROOF: return "proof";
    case UI_LOOKS: return "looks";
    default: return call->route->command;
    }
}

/* ---- commands ---- */

static void tell_result(struct ui_answer *out, int code, const struct jv *result)
{
    if (code || !result) {
        tell_code(out, code ? code : ERR_ROAD);
        return;
    }
    out->status = 200;
    buf_adds(&out->body, "{\"status\":0,\"result\":");
    json_write(&out->body, result);
    buf_adds(&out->body, ",\"error\":null}");
}

static void run(struct sitting *t, struct ui_answer *out)
{
    const struct ui_call *call = &t->call;
    run_answer(&t->review->session, &(struct run){.command = call->route->command, .args = call->args, .options = call->options}, out);
}

static int add_role(void *ctx, const char *role)
{
    struct jv **x = ctx;
    struct arena *a = (struct arena *)x[1];
    return jv_push(a, x[0], jv_string(a, role));
}

/* Roles as the register has them, in its own order. */
static int put_roles(struct sitting *t, struct jv *o, const char *person)
{
    struct arena *a = t->call.arena;
    struct jv *list = jv_array(a);
    const struct fold_record *r = person ? fold_record(t->looked.fold, REGISTER_CASE, person) : NULL;
    void *ctx[2] = {list, a};
    int rc = r ? record_members(r, "roles", add_role, ctx) : 0;
    return rc ? rc : jv_put(a, o, "roles", list);
}

static int state_json(struct sitting *t, struct jv **out)
{
    struct arena *a = t->call.arena;
    struct jv *o = jv_object(a);
    const struct registry_kit *k = registry_kit(t->looked.registry, t->kit);
    int rc = jv_put(a, o, "review", jv_bool(a, true));
    if (!rc) rc = jv_put(a, o, "readonly", jv_bool(a, true));
    if (!rc) rc = jv_put(a, o, "store", jv_bool(a, true));
    if (!rc) rc = jv_put(a, o, "locked", jv_bool(a, false));
    if (!rc) rc = jv_put_str(a, o, "language", text_language_now() == LANGUAGE_ZH ? "zh" : "en");
    if (!rc) rc = jv_put_str(a, o, "program", SATCHEL_VERSION);
    if (!rc) rc = jv_put_str(a, o, "hub", hub_name(t->review->desk.hub));
    if (!rc) rc = jv_put_str(a, o, "kit", t->kit);
    if (!rc) rc = jv_put_str(a, o, "name", k ? k->name : t->kit);
    if (!rc) rc = jv_put_str(a, o, "person", k ? k->person : NULL);
    if (!rc) rc = jv_put_str(a, o, "case", t->case_name);
    if (!rc) rc = put_roles(t, o, k ? k->person : NULL);
    *out = o;
    return rc;
}

static int case_json(struct sitting *t, const struct index_case *c, struct jv *list)
{
    struct arena *a = t->call.arena;
    struct jv *o = jv_object(a);
    int rc = jv_put_str(a, o, "case", c->case_name);
    if (!rc) rc = jv_put_str(a, o, "organisation", c->organisation);
    if (!rc) rc = jv_put_int(a, o, "conflicts", c->conflicts);
    return rc ? rc : jv_push(a, list, o);
}

static int cases_json(struct sitting *t, struct jv **out)
{
    struct index_case *cases;
    size_t len;
    *out = jv_array(t->call.arena);
    int rc = index_cases(t->review->desk.index, t->call.arena, &cases, &len);
    for (size_t i = 0; i < len && !rc; i++)
        if (sees(t, cases[i].case_name)) rc = case_json(t, &cases[i], *out);
    return rc;
}

#define LOOKS_SHOWN 200

/* Of a case everybody's who looked at it; elsewhere one's own. */
static int looks_json(struct sitting *t, struct jv **out)
{
    const struct looks_query q = {.folder = t->review->folder, .case_name = t->case_name, .record = t->record,
        .kit = t->case_name ? NULL : t->kit, .most = LOOKS_SHOWN};
    if (t->call.args->len && !t->record) return err_set(ERR_MISSING, "there is no record '%s'", t->call.args->items[0]->string);
    return looks_read(t->call.arena, &q, out);
}

/* Under the lock. *bytes: a file to be hashed without it, for the document's sake. */
static void answer(struct sitting *t, struct ui_answer *out, struct jv **proof, const char **bytes)
{
    struct jv *result = NULL;
    const struct ui_call *call = &t->call;
    int rc = open_case(t);
    if (!rc) rc = find_record(t);
    if (!rc && is_look(call)) rc = look_note(t, what_is_done(call), NULL, false);
    if (rc) {
        tell_code(out, rc);
        return;
    }
    switch (call->route->does) {
    case UI_COMMAND: run(t, out); return;
    case UI_STATE: rc = state_json(t, &result); tell_json(out, 200, rc ? NULL : result); return;
    case UI_CASES: rc = cases_json(t, &result); break;
    case UI_LOOKS: rc = looks_json(t, &result); break;
    case UI_PROOF:
        if (!call->args->len) rc = err_set(ERR_USAGE, "say of which evidence: a=EVIDENCE");
        if (!rc) rc = proof_of(t, call->args->items[0]->string, proof, bytes);
        result = *proof;
        if (!rc) return;
        break;
    default: rc = ERR_ROAD;
    }
    tell_result(out, rc, result);
}

/* ---- bytes of evidence ---- */

struct found {
    const char *path;
    uint64_t size;
};

static int open_found(void *ctx, const char *sha256, uint64_t offset, struct source **out, uint64_t *size)
{
    const struct found *f = ctx;
    struct file *file;
    (void)sha256;
    if (!f->path) return ERR_MISSING;
    int rc = file_open(&file, f->path);
    if (rc) return rc;
    rc = file_seek(file, offset);
    if (rc) {
        file_close(file);
        return rc;
    }
    *size = f->size;
    *out = file_as_source(file);
    return 0;
}

/* The first record of the case that names these bytes. */
static const char *record_of(struct sitting *t, const char *sha256)
{
    const struct fold_record *const *records;
    size_t len;
    if (fold_records(t->looked.fold, t->case_name, &records, &len)) return NULL;
    for (size_t i = 0; i < len; i++) {
        const char *its = strcmp(records[i]->type, "evidence") == 0 ? record_str(records[i], "sha256") : NULL;
        if (its && strcmp(its, sha256) == 0) return records[i]->id;
    }
    return NULL;
}

/* Under the lock. */
static int find_bytes(struct sitting *t, struct found *out)
{
    const char *sha256 = t->call.rest;
    int rc = t->case_name ? open_case(t) : ERR_MISSING;
    if (rc) return rc;
    rc = hub_look_evidence(t->review->look, sha256, t->call.arena, &out->path, &out->size);
    if (rc && rc != ERR_MISSING) return rc;
    bool here = rc == 0;
    t->record = here ? record_of(t, sha256) : NULL;
    rc = look_note(t, jv_get_str(t->call.options, "original") ? "original" : "evidence", here ? sha256 : NULL, !here);
    if (rc || !here) out->path = NULL;
    return rc || here ? rc : ERR_MISSING;
}

static void send_bytes(struct sitting *t, struct http_request *request)
{
    struct found f = {NULL, 0};
    pthread_mutex_lock(&t->review->lock);
    int rc = find_bytes(t, &f);
    session_lend(&t->review->session, NULL, true);
    pthread_mutex_unlock(&t->review->lock);
    if (rc && rc != ERR_MISSING) {
        struct ui_answer a;
        ui_answer_init(&a);
        ui_refuse(&a, 500, err_message());
        ui_send(request, &a);
        return;
    }
    err_clear();
    ui_send_evidence(request, t->call.rest, open_found, &f);
}

/* ---- a request ---- */

static void refuse_request(struct http_request *request, int status, const char *why)
{
    struct ui_answer a;
    ui_answer_init(&a);
    ui_refuse(&a, status, why);
    ui_send(request, &a);
}

static void send_answer(struct sitting *t, struct http_request *request)
{
    struct ui_answer a;
    struct jv *proof = NULL;
    const char *bytes = NULL;
    ui_answer_init(&a);
    pthread_mutex_lock(&t->review->lock);
    answer(t, &a, &proof, &bytes);
    session_lend(&t->review->session, NULL, true); /* what is lent lives in this request */
    pthread_mutex_unlock(&t->review->lock);
    if (proof) tell_result(&a, proof_hash(t->call.arena, proof, bytes), proof);
    ui_send(request, &a);
}

void review_answer(void *review, struct visit *v)
{
    struct http_request *request = v->request;
    struct sitting t = {.review = review, .kit = v->kit};
    struct ui_place place;
    err_clear();
    if (ui_review_find(&place, http_path(request), &v->arena)) {
        refuse_request(request, 500, err_message());
        return;
    }
    t.case_name = place.case_name;
    if (place.bare) {
        const char *folder = arena_printf(&v->arena, "%s/", place.case_name);
        http_say(request, "Location", folder ? folder : "./");
        http_answer(request, 308, NULL, "", 0);
        return;
    }
    bool page = !place.api && (!place.route || place.route->does != UI_TEXTS);
    if (place.route && place.route->does == UI_TEXTS)
        ui_send_texts(request);
    else if (page ? !ui_send_page(request, place.below, place.above) : !place.route)
        refuse_request(request, 404, T("there is no such page"));
    else if (!page && ui_read_query(&t.call, request, &place, &v->arena))
        refuse_request(request, 400, err_message());
    else if (!page && place.route->does == UI_EVIDENCE)
        send_bytes(&t, request);
    else if (!page)
        send_answer(&t, request);
}
