/* Names and passwords in git's own ways (git-credential(1)): where a server wants some, and neither the address nor a netrc file
 * has them, `git credential fill` asks the helpers that the user has configured, and at last the user; what has served is
 * approved, what was wrong is rejected, so that a helper keeps or forgets it. Both go through a pipe and stay in memory: never in
 * arguments, files, or messages. Without git, or an answer of its, there are none. */
#include <stdlib.h>
#include <string.h>
#include "mirror_store.h"
#include "satchel/base/crypto.h"

#define SECRET_MOST ((size_t)4096)
#define ANSWER_MOST ((size_t)64 << 10)

/* Of one server. */
struct login {
    struct login *next;
    char *origin, *user, *password; /* user NULL: git had none */
    bool approved;
};

struct mirror_login {
    struct login *logins;
    int patience_seconds;
};

int mirror_login_new(struct mirror_login **out, int patience_seconds)
{
    struct mirror_login *all = calloc(1, sizeof *all);
    if (!all) return err_memory();
    all->patience_seconds = patience_seconds;
    *out = all;
    return 0;
}

static void free_secret(char *s)
{
    if (s) wipe(s, strlen(s));
    free(s);
}

static void forget(struct login *l)
{
    free_secret(l->user);
    free_secret(l->password);
    l->user = l->password = NULL;
}

void mirror_login_free(struct mirror_login *all)
{
    while (all && all->logins) {
        struct login *l = all->logins;
        all->logins = l->next;
        forget(l);
        free(l->origin);
        free(l);
    }
    free(all);
}

/* ---- git credential ---- */

static void put_line(struct buf *out, const char *name, const char *value)
{
    if (value && !strpbrk(value, "\r\n")) buf_addf(out, "%s=%s\n", name, value);
}

/* What the question is about; of a login that git gave, its answer too. */
static void write_question(struct buf *out, const struct mirror_place *place, const struct login *l)
{
    const char *colon = strchr(place->origin, ':'), *host = colon + 3, *path = place->url + strlen(place->origin);
    buf_addf(out, "protocol=%.*s\nhost=%s\n", (int)(colon - place->origin), place->origin, host);
    put_line(out, "path", *path == '/' ? path + 1 : path);
    put_line(out, "username", l->user ? l->user : place->user);
    put_line(out, "password", l->password);
    buf_addc(out, '\n');
}

static int run_git(const struct mirror_login *all, const char *verb, const struct buf *question, struct buf *answer, bool *done)
{
    const char *const argv[] = {"git", "credential", verb, NULL};
    struct child *c = NULL;
    int status = 1, rc = child_start(&c, argv, all->patience_seconds);
    if (rc == 0) rc = sink_write(child_sink(c), question->data, question->len);
    if (rc == 0) rc = sink_finish(child_sink(c));
    if (rc == 0) rc = source_read_all(child_source(c), answer);
    if (rc == 0) rc = child_end(c, &status);
    child_free(c);
    *done = rc == 0 && status == 0;
    if (rc) err_clear(); /* no git, or no answer: the server's refusal says what is lacking */
    return 0;
}

static int talk(const struct mirror_login *all, const char *verb, const struct mirror_place *place, const struct login *l,
    struct buf *answer, bool *done)
{
    struct buf question;
    buf_init(&question, ANSWER_MOST);
    write_question(&question, place, l);
    int rc = buf_error(&question);
    if (rc == 0) rc = run_git(all, verb, &question, answer, done);
    buf_wipe(&question);
    return rc;
}

/* The value of the line "name=…", a copy; *out NULL where there is none. */
static int take_line(char **out, const struct buf *answer, const char *name)
{
    size_t n = strlen(name);
    const char *at = buf_str(answer);
    *out = NULL;
    while (at && *at && (strncmp(at, name, n) != 0 || at[n] != '=')) {
        at = strchr(at, '\n');
        if (at) at++;
    }
    if (!at || !*at) return 0;
    at += n + 1;
    size_t len = strcspn(at, "\r\n");
    if (len > SECRET_MOST) return 0;
    char *copy = malloc(len + 1);
    if (!copy) return err_memory();
    memcpy(copy, at, len);
    copy[len] = '\0';
    *out = copy;
    return 0;
}

static int fill(const struct mirror_login *all, const struct mirror_place *place, struct login *l)
{
    struct buf answer;
    bool done = false;
    buf_init(&answer, ANSWER_MOST);
    int rc = talk(all, "fill", place, l, &answer, &done);
    if (rc == 0 && done) rc = take_line(&l->user, &answer, "username");
    if (rc == 0 && done) rc = take_line(&l->password, &answer, "password");
    if (!l->user || !l->password) forget(l);
    buf_wipe(&answer);
    return rc;
}

static int tell(const struct mirror_login *all, const char *verb, const struct mirror_place *place, const struct login *l)
{
    struct buf answer;
    bool done;
    buf_init(&answer, ANSWER_MOST);
    int rc = talk(all, verb, place, l, &answer, &done);
    buf_wipe(&answer);
    return rc;
}

/* ---- asking a server ---- */

static struct login *find(struct mirror_login *all, const char *origin)
{
    struct login *l = all->logins;
    while (l && strcmp(l->origin, origin) != 0) l = l->next;
    return l;
}

/* Asked once for each server. */
static int login_of(struct mirror_login *all, const struct mirror_place *place, struct login **out)
{
    struct login *l = calloc(1, sizeof *l);
    size_t len = strlen(place->origin) + 1;
    if (l) l->origin = malloc(len);
    if (!l || !l->origin) {
        free(l);
        return err_memory();
    }
    memcpy(l->origin, place->origin, len);
    l->next = all->logins;
    all->logins = *out = l;
    return fill(all, place, l);
}

static void use(struct web_request *q, const struct login *l)
{
    q->user = l->user;
    q->password = l->password;
    q->netrc = NULL;
}

/* 403 says that the name is known. */
static int judge(struct mirror_login *all, const struct mirror_place *place, struct login *l, long status)
{
    int rc = 0;
    if (status == 401) {
        rc = tell(all, "reject", place, l);
        forget(l);
    } else if (!l->approved && status < 400) {
        l->approved = true;
        rc = tell(all, "approve", place, l);
    }
    return rc;
}

int mirror_ask(struct web *http, const struct mirror_place *place, const struct mirror_options *o, struct web_request *q,
    struct web_answer *answer)
{
    struct login *l = o->login && !place->password ? find(o->login, place->origin) : NULL;
    if (l && l->user) use(q, l);
    int rc = web_ask(http, q, answer);
    bool asked = rc == 0 && o->login && !place->password && !l && answer->status == 401;
    if (asked) rc = login_of(o->login, place, &l);
    if (asked && rc == 0 && l->user) {
        web_answer_release(answer);
        use(q, l);
        rc = web_ask(http, q, answer);
    }
    return rc == 0 && l && l->user ? judge(o->login, place, l, answer->status) : rc;
}
