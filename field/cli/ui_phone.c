/* The phone's port, opened and closed by a page or by `ui --phone`. */
#include "ui_desk.h"

#include <string.h>

#include "satchel/base/os.h"

/* What the record is called, where it is here. */
static int find_record(struct desk *d, const char *text, struct arena *a, const char **id, const char **title)
{
    struct view_hit hit;
    struct cli c = {.session = &d->session, .io = d->io};
    int rc = session_view(&d->session);
    if (!rc) rc = view_resolve(d->session.view, text, NULL, a, &hit);
    const struct fold_record *r = rc ? NULL : fold_record(store_fold(d->session.store), hit.case_name, hit.record);
    if (!rc && !r) rc = err_set(ERR_MISSING, "there is no record '%s'", text);
    if (rc) return rc;
    arena_init(&c.arena);
    *id = hit.record;
    *title = arena_strdup(a, record_title(&c, r));
    arena_release(&c.arena);
    return *title ? 0 : ERR_ROAD;
}

/* Under phone_lock. */
static void close_phone(struct desk *d)
{
    ui_phone_close(d->phone);
    d->phone = NULL;
}

int phone_open(struct desk *d, const char *record, const char *address, struct arena *a, struct jv **out)
{
    struct ui_phone_options o = {.address = address ? address : d->phone_address, .owner = {.ctx = d, .take_begin = upload_begin, .take = upload_add,
        .take_end = upload_end, .take_drop = upload_drop}};
    pthread_mutex_lock(&d->lock);
    int rc = d->session.store ? find_record(d, record, a, &o.record, &o.title) : err_set(ERR_WAIT, "the store is locked");
    pthread_mutex_unlock(&d->lock);
    if (rc) return rc;
    pthread_mutex_lock(&d->phone_lock);
    close_phone(d);
    rc = ui_phone_open(&d->phone, &o);
    if (!rc) rc = ui_phone_json(d->phone, a, out);
    pthread_mutex_unlock(&d->phone_lock);
    return rc;
}

static struct jv *none(struct arena *a)
{
    struct jv *o = jv_object(a);
    return jv_put_str(a, o, "url", NULL) ? NULL : o;
}

void phone_post(struct desk *d, const struct ui_call *call, struct ui_answer *out)
{
    struct jv *o;
    const char *record = jv_get_str(call->body, "record");
    int rc = record ? phone_open(d, record, jv_get_str(call->body, "address"), call->arena, &o) : err_set(ERR_USAGE, "'%s' is missing", "record");
    if (rc)
        ui_refuse(out, rc == ERR_WAIT ? 423 : rc == ERR_ROAD ? 503 : 400, err_message());
    else
        tell_json(out, 200, o);
}

void phone_get(struct desk *d, const struct ui_call *call, struct ui_answer *out)
{
    struct jv *o = NULL;
    pthread_mutex_lock(&d->phone_lock);
    if (d->phone && ui_phone_is_over(d->phone)) close_phone(d);
    int rc = d->phone ? ui_phone_json(d->phone, call->arena, &o) : 0;
    pthread_mutex_unlock(&d->phone_lock);
    tell_json(out, 200, rc ? NULL : o ? o : none(call->arena));
}

void phone_drop(struct desk *d, const struct ui_call *call, struct ui_answer *out)
{
    phone_end(d);
    tell_json(out, 200, none(call->arena));
}

void phone_end(struct desk *d)
{
    pthread_mutex_lock(&d->phone_lock);
    close_phone(d);
    pthread_mutex_unlock(&d->phone_lock);
}

bool phone_is_open(struct desk *d)
{
    pthread_mutex_lock(&d->phone_lock);
    bool open = d->phone != NULL;
    pthread_mutex_unlock(&d->phone_lock);
    return open;
}

/* Nobody may look for hours. */
void phone_look(struct desk *d)
{
    pthread_mutex_lock(&d->phone_lock);
    if (d->phone && ui_phone_is_over(d->phone)) close_phone(d);
    pthread_mutex_unlock(&d->phone_lock);
}

/* Two modules a character, one above the other, light on dark as terminals are; a margin of two. */
void phone_print(FILE *out, const struct jv *phone)
{
    static const char *const blocks[] = {"█", "▀", "▄", " "}; /* upper dark · lower dark · both */
    const struct jv *rows = jv_get(phone, "qr");
    size_t n = rows->len;
    for (size_t y = 0; y < n + 4; y += 2) {
        for (size_t x = 0; x < n + 4; x++) {
            bool inside = x >= 2 && x < n + 2;
            bool upper = inside && y >= 2 && y < n + 2 && rows->items[y - 2]->string[x - 2] == '1';
            bool lower = inside && y + 1 >= 2 && y + 1 < n + 2 && rows->items[y - 1]->string[x - 2] == '1';
            fputs(blocks[upper && lower ? 3 : lower ? 1 : upper ? 2 : 0], out);
        }
        fputc('\n', out);
    }
    fprintf(out, "%s\n", jv_get_str(phone, "url"));
    fprintf(out, T("the code: %s; the certificate that the phone shows: %s"), jv_get_str(phone, "code"), jv_get_str(phone, "fingerprint"));
    fputc('\n', out);
}
