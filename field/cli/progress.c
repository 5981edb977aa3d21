/* A bar for work that takes over a second: on standard error, and only where that is a terminal. */
#include "cli.h"

#include "satchel/base/os.h"

#define BAR_AFTER_SECONDS 1.0
#define BAR_EVERY_SECONDS 0.1

static _Thread_local const struct onlooker *onlooker;

void look_on(const struct onlooker *o)
{
    onlooker = o;
}

const struct onlooker *looking_on(void)
{
    return onlooker;
}

bool stop_asked(double seconds)
{
    return onlooker ? onlooker->stopped(onlooker->ctx, seconds) : os_await_stop_for(seconds);
}

const char *size_text(struct arena *a, uint64_t bytes)
{
    static const char *const units[] = {"B", "kB", "MB", "GB", "TB"};
    double n = (double)bytes;
    size_t u = 0;
    for (; n >= 1000 && u + 1 < sizeof units / sizeof *units; u++) n /= 1000;
    const char *s = arena_printf(a, u == 0 || n >= 100 ? "%.0f %s" : "%.1f %s", n, units[u]);
    return s ? s : "";
}

static void draw(struct bar *b, uint64_t done, uint64_t total, double now)
{
    char cells[31];
    size_t filled = total ? (size_t)((double)done / (double)total * 30) : 0;
    for (size_t i = 0; i < 30; i++) cells[i] = i < filled ? '#' : '.';
    cells[30] = '\0';
    double rate = (double)done / (now - b->started) / 1e6;
    if (total)
        fprintf(stderr, "\r%s [%s] %3d %%  %.0f MB/s ", b->what, cells, (int)(100.0 * (double)done / (double)total), rate);
    else
        fprintf(stderr, "\r%s %.0f MB  %.0f MB/s ", b->what, (double)done / 1e6, rate);
    fflush(stderr);
    b->visible = true;
    b->drawn = now;
}

static void bar_at(struct progress *p, uint64_t done, uint64_t total)
{
    struct bar *b = (struct bar *)p;
    double now = os_monotonic_seconds();
    if (b->onlooker) b->onlooker->at(b->onlooker->ctx, b->what, done, total);
    if (!b->terminal || now - b->started < BAR_AFTER_SECONDS || now - b->drawn < BAR_EVERY_SECONDS) return;
    draw(b, done > total && total ? total : done, total, now);
}

struct progress *bar_start(struct bar *b, const char *what)
{
    *b = (struct bar){.progress = {bar_at}, .what = what, .started = os_monotonic_seconds(),
        .terminal = !onlooker && os_is_terminal(2), .onlooker = onlooker};
    if (onlooker) onlooker->at(onlooker->ctx, what, 0, 0);
    return &b->progress;
}

void bar_end(struct bar *b)
{
    if (b->visible) fprintf(stderr, "\r\x1b[K");
    b->visible = false;
}
