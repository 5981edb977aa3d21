/* The access log, the rate of each address, and what the machine room asks: health and metrics. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "satchel/base/time.h"
#include "satchel/replica/state.h"
#include "parts.h"

#define LOG_MOST (UINT64_C(16) << 20)
#define LINE_MAX ((size_t)64 << 10)
#define TEXT_MAX ((size_t)1024) /* of a path: each byte may be shown as several, and no request is to go unlogged */
#define BURST 5.0

/* ---- the log ---- */

int log_open(struct serve *s)
{
    return lines_open(&s->log, s->log_path, LOG_MOST);
}

void log_close(struct serve *s)
{
    lines_close(s->log);
    s->log = NULL;
}

/* A path may hold any bytes; what is not UTF-8 is shown as its escapes. */
static void put_text(struct buf *line, const char *name, const char *text)
{
    struct buf shown;
    buf_init(&shown, LINE_MAX);
    size_t len = strlen(text), most = len < TEXT_MAX ? len : TEXT_MAX;
    buf_add_shown(&shown, text, most);
    if (most < len) buf_adds(&shown, "…");
    buf_addf(line, ",\"%s\":", name);
    json_write_string(line, buf_str(&shown), shown.len);
    buf_release(&shown);
}

static void count_request(struct serve *s, const struct http_outcome *o)
{
    pthread_mutex_lock(&s->lock);
    s->counts.requests[o->status / 100 % 6]++;
    s->counts.received += o->received;
    s->counts.sent += o->sent;
    pthread_mutex_unlock(&s->lock);
}

void log_request(struct visit *v, const struct http_outcome *o)
{
    struct buf line;
    char at[TIME_TEXT];
    count_request(v->serve, o);
    time_write(at, time_now(), 0);
    buf_init(&line, LINE_MAX);
    buf_addf(&line, "{\"time\":\"%s\"", at);
    put_text(&line, "address", http_peer(v->request));
    put_text(&line, "kit", v->kit);
    put_text(&line, "method", http_method(v->request));
    put_text(&line, "path", http_path(v->request));
    buf_addf(&line, ",\"status\":%d,\"received\":%" PRIu64 ",\"sent\":%" PRIu64 ",\"seconds\":%.3f}\n", o->status,
        o->received, o->sent, o->seconds);
    if (lines_add(v->serve->log, &line)) tell(v->serve, "access.log");
    buf_release(&line);
}

/* ---- rates ---- */

/* Addresses whose hashes meet in one place push each other out, to the good of both. */
bool rate_allows(struct serve *s, const char *address)
{
    uint64_t hash = UINT64_C(14695981039346656037); /* FNV-1a */
    double now = os_monotonic_seconds(), rate = s->o.rate;
    if (s->o.rate == 0) return true;
    for (const char *c = address; *c; c++) hash = (hash ^ (unsigned char)*c) * UINT64_C(1099511628211);
    pthread_mutex_lock(&s->lock);
    struct bucket *b = &s->buckets[hash % BUCKETS];
    if (b->address != hash) *b = (struct bucket){hash, rate * BURST, now};
    b->tokens += (now - b->at) * rate;
    if (b->tokens > rate * BURST) b->tokens = rate * BURST;
    b->at = now;
    bool allowed = b->tokens >= 1;
    if (allowed) b->tokens -= 1;
    pthread_mutex_unlock(&s->lock);
    return allowed;
}

/* ---- health and metrics ---- */

void health_close(struct visit *v)
{
    static const char good[] = "{\"status\":\"ok\"}", bad[] = "{\"status\":\"stopping\"}";
    pthread_mutex_lock(&v->serve->lock);
    bool stopping = v->serve->stopping;
    pthread_mutex_unlock(&v->serve->lock);
    const char *text = stopping ? bad : good;
    http_say(v->request, "Cache-Control", "no-store");
    http_answer(v->request, stopping ? 503 : 200, TYPE_JSON, text, strlen(text));
}

static void put_metric(struct buf *b, const char *name, const char *kind, const char *help, double value)
{
    buf_addf(b, "# HELP satchel_%s %s\n# TYPE satchel_%s %s\nsatchel_%s %.17g\n", name, help, name, kind, name, value);
}

/* Under the lock. */
static void put_requests(struct buf *b, const struct counts *c)
{
    buf_adds(b, "# HELP satchel_requests_total requests by the class of their status\n");
    buf_adds(b, "# TYPE satchel_requests_total counter\n");
    for (int i = 0; i < 6; i++)
        if (i != 1) buf_addf(b, "satchel_requests_total{status=\"%d%s\"} %" PRIu64 "\n", i, i ? "xx" : "", c->requests[i]);
}

static void put_metrics(struct buf *b, struct serve *s)
{
    size_t uploads = 0, lying = 0;
    const struct counts *c = &s->counts;
    for (const struct upload *u = s->uploads; u; u = u->next) uploads++;
    for (const struct guest *g = s->guests; g; g = g->next)
        for (const struct lying *l = g->lying; l; l = l->next) lying++;
    put_requests(b, c);
    put_metric(b, "received_bytes_total", "counter", "bytes of bodies received", (double)c->received);
    put_metric(b, "sent_bytes_total", "counter", "bytes of bodies sent", (double)c->sent);
    put_metric(b, "uploads_finished_total", "counter", "uploads that became files of the inbox", (double)c->finished);
    put_metric(b, "bundles_failed_total", "counter", "bundles that were refused or had to wait",
        (double)c->failed);
    put_metric(b, "worker_busy_seconds_total", "counter", "time that taking in and handing out took", c->busy);
    put_metric(b, "uploads_open", "gauge", "unfinished uploads", (double)uploads);
    put_metric(b, "inbox_files", "gauge", "finished uploads that are not taken in yet", (double)lying);
    put_metric(b, "sessions", "gauge", "sessions that are open", (double)sessions_count(s));
}

void metrics_close(struct visit *v)
{
    struct buf b;
    buf_init(&b, WIRE_BODY_MAX);
    pthread_mutex_lock(&v->serve->lock);
    put_metrics(&b, v->serve);
    pthread_mutex_unlock(&v->serve->lock);
    if (buf_error(&b) == 0) http_answer(v->request, 200, "text/plain; version=0.0.4", b.data, b.len);
    buf_release(&b);
}

/* ---- dates ---- */

void http_date(char out[32], int64_t seconds)
{
    static const char days[][4] = {"Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"};
    static const char months[][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    char t[TIME_TEXT]; /* 2026-11-22T10:11:12+00:00 */
    time_write(t, seconds, 0);
    int month = (t[5] - '0') * 10 + t[6] - '0';
    snprintf(out, 32, "%s, %.2s %s %.4s %.8s GMT", days[seconds / 86400 % 7], t + 8, months[(month - 1) % 12], t, t + 11);
}
