/* What lies in inboxes, taken in: the register first, then case by case, so that each is read once, by the age of their
 * oldest; and those that wait once more after the others.
 *
 * Files of FOLDER/inbox/ (a stick's) stay: who wrote them removes them when a receipt has told him so. Files
 * of DIR/inbox/ (finished uploads) are removed once they are in, and what is refused for good goes to
 * DIR/quarantine/. */
#include <stdlib.h>
#include <string.h>
#include "parts.h"
#include "satchel/base/at_once.h"
#include "satchel/base/os.h"

struct file {
    const char *path, *name;
    bool own;                 /* in DIR/inbox */
    int64_t modified;
    int64_t oldest;           /* of the files of its case */
    const struct manifest *m; /* of its head; NULL: it can't be read */
    bool in_round;            /* taken in, not durable yet */
    int rc; /* what came of it */
    const char *error;
    struct arena head; /* of m; heads are read by several threads */
};

struct inbox {
    struct hub *hub;
    struct arena *arena;
    struct file *files;
    size_t len, cap;
    bool briefly;        /* no receipts, problems and alarms are told: of many files they are much */
    struct ahead *ahead; /* NULL: nothing is opened before its turn */
    size_t next;         /* file to be handed to it */
};

bool is_bundle_name(const char *name)
{
    size_t len = strlen(name), end = strlen(BUNDLE_SUFFIX);
    return len > end && strcmp(name + len - end, BUNDLE_SUFFIX) == 0 && !os_is_temporary(name);
}

static struct file *add_file(struct inbox *in)
{
    if (in->len == in->cap) {
        size_t cap = in->cap ? in->cap * 2 : 32;
        struct file *files = arena_alloc(in->arena, cap * sizeof *files);
        if (!files) return NULL;
        if (in->len) memcpy(files, in->files, in->len * sizeof *files);
        in->files = files;
        in->cap = cap;
    }
    return &in->files[in->len++];
}

static int note_error(struct arena *a, struct file *f, int code)
{
    f->rc = code;
    f->error = arena_strdup(a, err_message());
    err_clear();
    return f->error ? 0 : ERR_ROAD;
}

/* What can't be read is told of with the others. */
static int look_at(void *inbox, size_t i)
{
    struct inbox *in = inbox;
    struct file *f = &in->files[i];
    struct file_info info;
    int rc = os_refuse_link(f->path);
    if (rc == 0) rc = os_stat(&info, f->path);
    if (rc == 0) f->modified = info.modified;
    if (rc == 0) rc = bundle_peek(&f->m, &f->head, f->path, in->hub->identity);
    return rc ? note_error(&f->head, f, rc) : 0;
}

static int list_inbox(struct inbox *in, const char *folder, bool own)
{
    const char **names = NULL;
    size_t len = 0;
    int rc = os_list(&names, &len, in->arena, folder);
    if (rc == ERR_MISSING) rc = os_make_folder(folder);
    for (size_t i = 0; i < len && rc == 0; i++) {
        if (!is_bundle_name(names[i])) continue;
        struct file *f = add_file(in);
        if (!f) return ERR_ROAD;
        *f = (struct file){
            .path = path_join(in->arena, folder, names[i]), .name = names[i], .own = own, .rc = ERR_WAIT};
        rc = f->path ? 0 : ERR_ROAD;
    }
    return rc;
}

static bool is_register(const struct file *f)
{
    return f->m && strcmp(f->m->case_name, REGISTER_CASE) == 0;
}

static int compare_times(int64_t a, int64_t b)
{
    return (a > b) - (a < b);
}

static int compare_files(const void *a, const void *b)
{
    const struct file *x = a, *y = b;
    int order = is_register(y) - is_register(x);
    if (order == 0) order = compare_times(x->oldest, y->oldest);
    if (order == 0 && x->m && y->m) order = strcmp(x->m->case_name, y->m->case_name);
    if (order == 0) order = compare_times(x->modified, y->modified);
    return order ? order : strcmp(x->name, y->name);
}

static int sort(struct inbox *in)
{
    struct map oldest; /* struct file, by case */
    int rc = 0;
    map_init(&oldest);
    for (size_t i = 0; i < in->len && rc == 0; i++) {
        struct file *f = &in->files[i], *o = f->m ? map_get(&oldest, f->m->case_name) : f;
        if (!o || f->modified < o->modified) rc = map_put(&oldest, f->m->case_name, f);
    }
    for (size_t i = 0; i < in->len && rc == 0; i++) {
        struct file *f = &in->files[i];
        f->oldest = f->m ? ((struct file *)map_get(&oldest, f->m->case_name))->modified : f->modified;
    }
    map_release(&oldest);
    if (rc == 0 && in->len) qsort(in->files, in->len, sizeof *in->files, compare_files);
    return rc;
}

int exchange_failed(struct hub_exchange *out, const char *file, int code, const char *error)
{
    struct arena *a = &out->arena;
    struct jv *o = jv_object(a);
    int rc = jv_put_str(a, o, "file", file);
    if (rc == 0) rc = jv_put_str(a, o, "error", error);
    if (rc == 0) rc = jv_push(a, out->failed, o);
    if (out->failed_code == 0 || code == ERR_ROAD) out->failed_code = code;
    return rc;
}

/* ---- rounds ---- */

/* What a round could not be stored for stays where it is. */
static int end_round(struct hub *h, struct inbox *in, struct hub_exchange *out)
{
    int rc = round_store(h), failed = 0;
    for (size_t i = 0; i < in->len; i++) {
        struct file *f = &in->files[i];
        if (f->in_round && rc) failed = note_error(in->arena, f, rc);
        if (f->in_round && rc) out->taken_len--;
        f->in_round = false;
    }
    return failed;
}

/* Of a stick's most have been taken in before and need not be read, and all wait their turn that the register does not know. */
static int hand_in(struct hub *h, struct inbox *in, const struct file *f)
{
    bool waits = f->m && f->rc == ERR_WAIT;
    if (!waits || !f->own || receive_alone(h, f->m)) return 0;
    const struct registry *registry = hub_registry(h);
    if (!registry) return ERR_ROAD;
    const struct registry_kit *k = registry_kit(registry, f->m->from);
    return k ? ahead_hand_in(in->ahead, f->path, f->m, k->public_key) : 0;
}

/* Files from *f on, as many as there is room for; not before the register is in, by which they go. */
static int look_ahead(struct hub *h, struct inbox *in, const struct file *f)
{
    int rc = 0;
    if (!in->ahead || is_register(f)) return 0;
    if (in->next < (size_t)(f - in->files)) in->next = (size_t)(f - in->files);
    for (; in->next < in->len && rc == 0; in->next++) {
        const struct file *next = &in->files[in->next];
        if (next->m && !ahead_has_room(in->ahead, next->m)) break;
        rc = hand_in(h, in, next);
    }
    return rc;
}

static int tell_briefly(struct arena *a, struct hub_taken *t)
{
    t->case_name = arena_strdup(a, t->case_name);
    t->from = arena_strdup(a, t->from);
    t->receipt = NULL;
    t->problems = t->alarms = NULL;
    return t->case_name && t->from ? 0 : ERR_ROAD;
}

static int receive(
    struct hub *h, struct inbox *in, const struct file *f, struct arena *a, struct hub_taken *out, struct progress *p)
{
    struct reception *opened = in->ahead ? ahead_take(in->ahead, f->path) : NULL;
    struct arena scratch;
    arena_init(&scratch);
    int rc = os_refuse_link(f->path);
    if (rc == 0) rc = receive_locked(h, f->path, f->m, in->briefly ? &scratch : a, opened, out, p);
    if (rc == 0 && in->briefly) rc = tell_briefly(a, out);
    if (opened) ahead_done(in->ahead);
    arena_release(&scratch);
    return rc;
}

static int take_file(
    struct hub *h, struct inbox *in, struct file *f, struct hub_exchange *out, struct progress *p)
{
    struct hub_taken taken = {0};
    bool alone = receive_alone(h, f->m);
    int rc = alone ? end_round(h, in, out) : 0;
    if (rc == 0) rc = look_ahead(h, in, f);
    if (rc) return rc;
    f->rc = receive(h, in, f, &out->arena, &taken, p);
    if (f->rc) {
        rc = note_error(in->arena, f, f->rc);
    } else {
        out->taken[out->taken_len++] = taken;
        f->in_round = true;
    }
    return rc == 0 && (alone || round_must_end(h)) ? end_round(h, in, out) : rc;
}

/* Until nothing more is brought: what waited may have come with another file. */
static int take_files(struct hub *h, struct inbox *in, struct hub_exchange *out, struct progress *p)
{
    int rc = 0;
    size_t before;
    out->taken = arena_alloc(&out->arena, (in->len + 1) * sizeof *out->taken);
    if (!out->taken) return ERR_ROAD;
    if (in->len > 1) rc = ahead_new(&in->ahead, h);
    do {
        before = out->taken_len;
        in->next = 0;
        for (size_t i = 0; i < in->len && rc == 0; i++)
            if (in->files[i].m && in->files[i].rc == ERR_WAIT) rc = take_file(h, in, &in->files[i], out, p);
        if (rc == 0) rc = end_round(h, in, out);
    } while (rc == 0 && out->taken_len > before);
    ahead_free(in->ahead);
    round_drop(h);
    return rc;
}

static int set_apart(struct hub *h, struct inbox *in, const struct file *f)
{
    const char *folder = hub_file(in->arena, h, "quarantine"),
               *to = folder ? path_join(in->arena, folder, f->name) : NULL;
    const char *why = to ? arena_printf(in->arena, "%s" WHY_SUFFIX, to) : NULL;
    int rc = why ? file_write(why, f->error, strlen(f->error)) : ERR_ROAD;
    return rc ? rc : os_rename(f->path, to);
}

/* Own files: what is in is not needed any more, what is refused for good is set apart. */
static int clear_own(struct hub *h, struct inbox *in)
{
    const char **taken = arena_alloc(in->arena, (in->len + 1) * sizeof *taken);
    size_t len = 0;
    int rc = taken ? 0 : ERR_ROAD;
    for (size_t i = 0; i < in->len && rc == 0; i++) {
        const struct file *f = &in->files[i];
        if (f->own && f->rc == 0) taken[len++] = f->path;
        if (f->own && f->rc == ERR_INPUT) rc = set_apart(h, in, f);
    }
    return rc ? rc : os_remove_all(taken, len);
}

static int tell_failed(struct inbox *in, struct hub_exchange *out)
{
    int rc = 0;
    for (size_t i = 0; i < in->len && rc == 0; i++) {
        const struct file *f = &in->files[i];
        if (f->rc) rc = exchange_failed(out, f->name, f->rc, f->error);
    }
    return rc;
}

/* An inbox that can't be read does not keep anybody from receiving. */
static int list_stick(struct inbox *in, const char *folder, struct hub_exchange *out)
{
    int rc = os_refuse_link(folder);
    if (rc == 0) rc = list_inbox(in, folder, false);
    return rc ? exchange_failed(out, folder, rc, err_message()) : 0;
}

int inbox_take(struct hub *h, const char *folder, struct arena *a, struct hub_exchange *out, struct progress *p)
{
    struct inbox in = {.hub = h, .arena = a, .briefly = !folder};
    const char *theirs = folder ? path_join(a, folder, "inbox") : NULL, *own = hub_file(a, h, "inbox");
    int rc = own && (theirs || !folder) ? 0 : ERR_ROAD;
    if (rc == 0 && theirs) rc = list_stick(&in, theirs, out);
    if (rc == 0) rc = list_inbox(&in, own, true);
    if (rc == 0) rc = at_once(look_at, &in, in.len);
    if (rc == 0) rc = sort(&in);
    if (rc == 0) rc = take_files(h, &in, out, p);
    if (rc == 0) rc = clear_own(h, &in);
    if (rc == 0) rc = tell_failed(&in, out);
    for (size_t i = 0; i < in.len; i++) arena_release(&in.files[i].head);
    return rc;
}
