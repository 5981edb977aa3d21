/* Each thread takes the next number until there are no more. Where no thread is to be had, the caller's does all. */
#include "satchel/base/at_once.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

#include "satchel/base/text.h"

#define THREADS_MOST 8 /* the caller's among them */
#define MESSAGE_SIZE 2048

struct many {
    int (*each)(void *ctx, size_t i);
    void *ctx;
    size_t len;
    enum language language;
    atomic_size_t next;
    atomic_int rc; /* of the first that failed, whose words follow */
    char message[MESSAGE_SIZE];
};

static void do_some(struct many *m)
{
    for (size_t i; !atomic_load(&m->rc) && (i = atomic_fetch_add(&m->next, 1)) < m->len;) {
        int rc = m->each(m->ctx, i), none = 0;
        if (rc && atomic_compare_exchange_strong(&m->rc, &none, rc))
            snprintf(m->message, sizeof m->message, "%s", err_message());
    }
}

static void *help(void *many)
{
    struct many *m = many;
    text_language_of_thread(&m->language);
    do_some(m);
    return NULL;
}

int at_once(int (*each)(void *ctx, size_t i), void *ctx, size_t len)
{
    pthread_t threads[THREADS_MOST];
    size_t started = 0, wanted = len < THREADS_MOST ? len : THREADS_MOST;
    struct many m = {.each = each, .ctx = ctx, .len = len, .language = text_language_now()};
    while (started + 1 < wanted && pthread_create(&threads[started], NULL, help, &m) == 0) started++;
    do_some(&m);
    for (size_t i = 0; i < started; i++) pthread_join(threads[i], NULL);
    int rc = atomic_load(&m.rc);
    return rc ? err_set(rc, "%s", m.message) : 0;
}
