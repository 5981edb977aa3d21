/* demo: the main job, run for a newcomer to watch. Headquarters opens a case, two auditors record on their own kits,
 * both edit one finding, bundles travel by a folder, the hub merges, the leader settles the conflict, a reviewer
 * reads the history. Every step is a command of this program, printed before it runs. */
#include "cli.h"

#include <stdlib.h>
#include <string.h>

#include "satchel/base/os.h"

#define DEMO_PASSPHRASE "demo passphrase"
#define DEMO_WORDS 32

struct demo {
    struct cli *c;
    const char *folder;
    const char *files[3]; /* photos */
    struct session people[4];
};

enum who { CHEN, ZHANG, LI, ZHAO };

static const struct {
    const char *store, *name, *email, *roles;
} cast[] = {
    {"chen", "陈静", "chen@example.com", NULL},
    {"zhang", "张伟", "zhang@example.com", "auditor,leader"},
    {"li", "李娜", "li@example.com", "auditor"},
    {"zhao", "赵敏", "zhao@example.com", "reviewer"},
};

static const char *in_folder(struct demo *d, const char *name)
{
    return path_join(&d->c->arena, d->folder, name);
}

static void say(struct demo *d, const char *words)
{
    fprintf(d->c->out, "\n== %s\n", words);
}

/* Runs one command as this person; %s of the words stand for the arguments in their order. `keep` gets the last line that
 * it printed (an id); `allow` is an exit status that the step expects besides 0. */
static int run(struct demo *d, enum who who, char **keep, int allow, const char *const *words)
{
    const char *argv[DEMO_WORDS];
    int n = 0;
    fprintf(d->c->out, "%s$ satchel", cast[who].store);
    for (; words[n]; n++) {
        argv[n] = words[n];
        fprintf(d->c->out, strpbrk(words[n], " ;") || !*words[n] ? " '%s'" : " %s", words[n]);
    }
    fprintf(d->c->out, "\n");
    FILE *out = keep ? tmpfile() : d->c->out;
    if (!out) return err_system("make", "a temporary file");
    int status = cli_run(&d->people[who], n, argv, out);
    if (keep) {
        char line[512] = "";
        rewind(out);
        while (fgets(line, sizeof line, out)) fputs(line, d->c->out);
        line[strcspn(line, "\n")] = '\0';
        *keep = arena_strdup(&d->c->arena, line);
        fclose(out);
        if (!*keep) return err_memory();
    }
    if (status == 0 || status == allow) return 0;
    return err_set(ERR_NO, "the demo stopped at this step");
}

#define RUN(d, who, ...) run(d, who, NULL, 0, (const char *const[]){__VA_ARGS__, NULL})
#define RUN_FOR(d, who, keep, ...) run(d, who, keep, 0, (const char *const[]){__VA_ARGS__, NULL})
#define RUN_NO(d, who, ...) run(d, who, NULL, 1, (const char *const[]){__VA_ARGS__, NULL})

static const char *field(struct demo *d, const char *name, const char *value)
{
    const char *s = arena_printf(&d->c->arena, "%s=%s", name, value);
    return s ? s : "";
}

/* ---- evidence where none was given: a small picture, a different one each ---- */

static int made_picture(const char *path, int seed)
{
    enum { WIDTH = 320, HEIGHT = 240, HEAD = 54 };
    struct buf b;
    buf_init(&b, HEAD + 3 * WIDTH * HEIGHT);
    static const unsigned char head[HEAD] = {'B', 'M', 0x36, 0x84, 0x03, 0, 0, 0, 0, 0, HEAD, 0, 0, 0, 40, 0, 0, 0,
        WIDTH & 0xff, WIDTH >> 8, 0, 0, HEIGHT, 0, 0, 0, 1, 0, 24, 0};
    buf_add(&b, head, HEAD);
    for (int y = 0; y < HEIGHT; y++)
        for (int x = 0; x < WIDTH; x++) {
            buf_addc(&b, (x * seed) & 0xff);
            buf_addc(&b, (y * seed) & 0xff);
            buf_addc(&b, (x + y) & 0xff);
        }
    int r = buf_error(&b);
    if (!r) r = file_write(path, b.data, b.len);
    buf_release(&b);
    return r;
}

static int find_photos(struct demo *d)
{
    static const char *const wanted[] = {"DSCN0010.jpg", "DSCN0021.jpg", "jolla.jpg"};
    static const char *const made[] = {"photo-1.bmp", "photo-2.bmp", "photo-3.bmp"};
    const char *files = cli_option(d->c, "files");
    for (int i = 0; i < 3; i++) {
        d->files[i] = files ? path_join(&d->c->arena, files, wanted[i]) : NULL;
        if (d->files[i] && os_exists(d->files[i])) continue;
        d->files[i] = in_folder(d, made[i]);
        int r = made_picture(d->files[i], i + 1);
        if (r) return r;
    }
    return 0;
}

/* ---- the acts ---- */

static int make_kits(struct demo *d)
{
    int r = 0;
    say(d, T("Four people, each with a kit of their own"));
    for (size_t i = 0; i < 4 && !r; i++)
        r = RUN(d, (enum who)i, "init", "--name", cast[i].name, "--email", cast[i].email, "--work-factor", "12");
    return r;
}

static int write_request(struct demo *d, enum who who, const char *path)
{
    char *last;
    int r = RUN_FOR(d, who, &last, "whoami", "--request");
    FILE *f = r ? NULL : fopen(path, "w");
    if (r) return r;
    if (!f) return err_system("write", path);
    int status = cli_run(&d->people[who], 2, (const char *[]){"whoami", "--request"}, f);
    return fclose(f) || status ? err_system("write", path) : 0;
}

static int make_hub(struct demo *d, const char *hub, const char *stick)
{
    const char *request = in_folder(d, "chen.request");
    say(d, T("Headquarters makes the hub; its first admin is Chen Jing, who opens the case"));
    int r = write_request(d, CHEN, request);
    if (!r) r = RUN(d, CHEN, "hub", "init", hub, "--name", "HQ", "--admin", request);
    if (!r) r = RUN(d, CHEN, "join", hub);
    if (!r) r = RUN(d, CHEN, "new", "organisation", "--case", "BJ-2026-0042", "name=华安网络服务有限公司");
    if (!r) r = os_make_folder(stick);
    if (!r) r = RUN(d, CHEN, "sync", stick);
    if (!r) r = RUN(d, CHEN, "hub", "sync", hub, stick);
    say(d, T("The others ask for enrolment; Chen Jing enrols them and assigns the case"));
    for (int i = ZHANG; i <= ZHAO && !r; i++) {
        const char *ask = in_folder(d, arena_printf(&d->c->arena, "%s.request", cast[i].store));
        const char *answer = in_folder(d, arena_printf(&d->c->arena, "%s.enrolment", cast[i].store));
        r = write_request(d, (enum who)i, ask);
        if (!r) r = RUN(d, CHEN, "hub", "enrol", hub, ask, "--roles", cast[i].roles, "--cases", "BJ-2026-0042", "-o", answer);
        if (!r) r = RUN(d, (enum who)i, "join", answer);
    }
    return r;
}

/* kit -> stick -> hub -> stick -> kit, for everybody named */
static int carry(struct demo *d, const char *hub, const char *stick, const enum who *who, int n)
{
    int r = 0;
    for (int i = 0; i < n && !r; i++) r = RUN(d, who[i], "sync", stick);
    if (!r) r = RUN(d, CHEN, "hub", "sync", hub, stick);
    for (int i = 0; i < n && !r; i++) r = RUN(d, who[i], "sync", stick);
    return r;
}

static int record_on_site(struct demo *d, char **finding)
{
    char *audit, *d2, *d3, *site, *sample, *id;
    say(d, T("On site, without network: Zhang Wei records the audit"));
    int r = RUN_FOR(d, ZHANG, &site, "new", "site", "--case", "BJ-2026-0042", "name=总部", "kind=office");
    if (!r) r = RUN_FOR(d, ZHANG, &d2, "new", "department", "--case", "BJ-2026-0042", "code=D2", "name=技术部");
    if (!r) r = RUN_FOR(d, ZHANG, &d3, "new", "department", "--case", "BJ-2026-0042", "code=D3", "name=项目部", "decisive=yes");
    if (!r)
        r = RUN_FOR(d, ZHANG, &audit, "new", "audit", "--case", "BJ-2026-0042", "kind=onsite", "start=2026-11-20",
            "end=2026-11-21", "leader=me", arena_printf(&d->c->arena, "sites+=%s", site));
    if (!r)
        r = RUN_FOR(d, ZHANG, &id, "new", "meeting", "--case", "BJ-2026-0042", field(d, "audit", audit), "kind=opening",
            "date=2026-11-20");
    if (!r)
        r = RUN_FOR(d, ZHANG, &sample, "new", "sample", "--case", "BJ-2026-0042", field(d, "audit", audit), "clause=B2",
            field(d, "department", d3), field(d, "site", site), "method=records", "result=minor",
            "note=抽查 5 份项目记录，其中 2 份无复核签字");
    if (!r) r = RUN(d, ZHANG, "attach", d->files[0], d->files[1], "--to", sample, "--title", "项目记录");
    if (!r)
        r = RUN_FOR(d, ZHANG, finding, "new", "finding", "--case", "BJ-2026-0042", field(d, "audit", audit), "clause=B2",
            field(d, "department", d3), "grade=minor", "fact=2026-11-20 项目部 5 份项目记录中有 2 份没有复核签字");
    if (!r) r = RUN(d, ZHANG, "coverage", "--case", "BJ-2026-0042");
    return r;
}

static int edit_apart(struct demo *d, const char *finding)
{
    say(d, T("Both edit the same finding, neither knowing of the other"));
    int r = RUN(d, ZHANG, "set", finding, "grade=major", "-m", "两份均为关键项目，过程失控");
    if (!r) r = RUN(d, LI, "set", finding, "grade=observation", "-m", "补签记录已在现场提供");
    if (!r) r = RUN(d, LI, "set", finding, "root_cause=复核人休假期间没有指定代理");
    if (!r) r = RUN(d, LI, "attach", d->files[2], "--to", finding, "--title", "补签记录");
    return r;
}

static int demo_run(struct demo *d)
{
    const char *hub = in_folder(d, "hub"), *stick = in_folder(d, "stick");
    static const enum who auditors[] = {ZHANG, LI}, reviewer[] = {ZHAO}, leader[] = {ZHANG}, second[] = {LI};
    char *finding = NULL;
    int r = find_photos(d);
    if (!r) r = make_kits(d);
    if (!r) r = make_hub(d, hub, stick);
    if (!r) say(d, T("Each takes the case along on a stick"));
    if (!r) r = carry(d, hub, stick, auditors, 2);
    if (!r) r = record_on_site(d, &finding);
    if (!r) say(d, T("Zhang Wei's stick goes to headquarters; Li Na receives what he recorded"));
    if (!r) r = carry(d, hub, stick, leader, 1);
    if (!r) r = carry(d, hub, stick, second, 1);
    if (!r) r = edit_apart(d, finding);
    if (!r) say(d, T("The bundles meet at the hub: nothing is overwritten, the conflict shows"));
    if (!r) r = carry(d, hub, stick, auditors, 2);
    if (!r) r = RUN(d, ZHANG, "sync", stick);
    if (!r) r = RUN_NO(d, ZHANG, "conflicts");
    if (!r) say(d, T("The leader settles it with a reason"));
    if (!r) r = RUN(d, ZHANG, "resolve", finding, "grade=minor", "--why", "补签有效，但代理制度缺失，定为一般不符合");
    if (!r) r = carry(d, hub, stick, auditors, 2);
    if (!r) say(d, T("A reviewer reads the history, at her own kit and from the hub"));
    if (!r) r = carry(d, hub, stick, reviewer, 1);
    if (!r) r = RUN(d, ZHAO, "show", finding);
    if (!r) r = RUN(d, ZHAO, "history", finding);
    if (!r) r = RUN(d, CHEN, "hub", "history", hub, finding);
    if (!r) r = RUN(d, CHEN, "hub", "status", hub);
    if (!r) r = RUN(d, CHEN, "hub", "checkpoint", hub, "-o", in_folder(d, "checkpoint.json"));
    if (!r) r = RUN(d, ZHAO, "verify");
    if (!r) {
        fprintf(d->c->out, "\n%s %s\n", T("All of it stays in"), d->folder);
        fprintf(d->c->out, "finding=%s\n", finding);
    }
    return r;
}

int cmd_demo(struct cli *c)
{
    struct demo d = {.c = c, .folder = c->args_len ? c->args[0] : "satchel-demo"};
    if (os_exists(d.folder)) return err_set(ERR_INPUT, "'%s' is there already; name a folder that is not", d.folder);
    int r = os_make_folder(d.folder);
    if (r) return r;
    for (size_t i = 0; i < 4; i++) {
        session_init(&d.people[i]);
        d.people[i].store_folder = in_folder(&d, cast[i].store);
        d.people[i].passphrase = DEMO_PASSPHRASE;
    }
    r = demo_run(&d);
    for (size_t i = 0; i < 4; i++) session_release(&d.people[i]);
    return r;
}
