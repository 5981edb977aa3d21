/* demo: the main job, run for a newcomer to watch. Headquarters opens a case, two auditors record on their own kits,
 * both edit one finding, bundles travel by a folder, the hub merges, the leader settles the conflict, closes what the
 * check names and submits, a reviewer reads the history and decides, and the calendar tells what falls due.
 * Every step is a command of this program, printed before it runs. */
#include "cli.h"

#include <stdlib.h>
#include <string.h>

#include "satchel/base/os.h"

#define DEMO_PASSPHRASE "demo passphrase"
#define DEMO_WORDS 40
#define CASE "BJ-2026-0042"

struct demo {
    struct cli *c;
    const char *folder;
    const char *files[3]; /* photos */
    struct session people[4];
    char *application, *audit, *finding, *sample, *d2, *d3, *site; /* ids */
};

enum who { CHEN, ZHANG, LI, ZHAO };

static const struct {
    const char *store, *name, *email, *roles;
} cast[] = {
    {"chen", "陈静", "chen@example.com", NULL},
    {"zhang", "张伟", "zhang@example.com", "auditor,leader"},
    {"li", "李娜", "li@example.com", "auditor"},
    {"zhao", "赵敏", "zhao@example.com", "reviewer,decider"},
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

/* Runs a command that prints many ids; of those the first is kept, and the others are only counted. */
static int run_many(struct demo *d, enum who who, char **first, const char *const *words)
{
    char line[512];
    int n = 0;
    fprintf(d->c->out, "%s$ satchel %s %s\n", cast[who].store, words[0], words[1]);
    FILE *out = tmpfile();
    if (!out) return err_system("make", "a temporary file");
    int status = cli_run(&d->people[who], 2, (const char *[]){words[0], words[1]}, out);
    rewind(out);
    for (; fgets(line, sizeof line, out); n++) {
        if (n == 0) fputs(line, d->c->out);
        line[strcspn(line, "\n")] = '\0';
        if (n == 0 && first) *first = arena_strdup(&d->c->arena, line);
    }
    fclose(out);
    if (status || !n) return err_set(ERR_NO, "the demo stopped at this step");
    fprintf(d->c->out, T("… and %d more"), n - 1);
    fprintf(d->c->out, "\n");
    return 0;
}

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
    if (!r) r = RUN(d, CHEN, "new", "organisation", "--case", CASE, "name=华安网络服务有限公司");
    if (!r) r = os_make_folder(stick);
    if (!r) r = RUN(d, CHEN, "sync", stick);
    if (!r) r = RUN(d, CHEN, "hub", "sync", hub, stick);
    say(d, T("The others ask for enrolment; Chen Jing enrols them and assigns the case"));
    for (int i = ZHANG; i <= ZHAO && !r; i++) {
        const char *ask = in_folder(d, arena_printf(&d->c->arena, "%s.request", cast[i].store));
        const char *answer = in_folder(d, arena_printf(&d->c->arena, "%s.enrolment", cast[i].store));
        r = write_request(d, (enum who)i, ask);
        if (!r) r = RUN(d, CHEN, "hub", "enrol", hub, ask, "--roles", cast[i].roles, "--cases", CASE, "-o", answer);
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

/* ---- files for apply ---- */

/* What is sampled besides the clause that the team quarrels about. */
static const struct {
    const char *clause;
    bool in_projects; /* D3, else D2 */
    const char *more;
} rest[] = {{"A1", false, ""}, {"A2", false, ""}, {"A3", true, ""}, {"A4", false, ""}, {"A5", true, ""}, {"B1", false, ""},
    {"B3", true, ""}, {"B4", false, ""}, {"RA1", false, ",\"direction\":\"风险评估\",\"project\":\"finished\""},
    {"RA2", true, ",\"direction\":\"风险评估\",\"project\":\"ongoing\""}};
#define REST_LEN (sizeof rest / sizeof *rest)

static void add_evidence(struct demo *d, struct buf *b, const char *record)
{
    buf_addf(b, "{\"do\":\"attach\",\"record\":\"%s\",\"file\":\"%s\"}\n", record, d->files[0]);
}

/* Application, review, programme, and the self-assessment of every clause. */
static void add_application(struct demo *d, struct buf *b)
{
    buf_addf(b,
        "{\"do\":\"new\",\"case\":\"" CASE "\",\"type\":\"application\",\"as\":\"$a\",\"set\":{\"kind\":\"initial\","
        "\"received\":\"2026-09-01\",\"level\":3,\"directions.风险评估\":true,\"activities\":\"网络安全服务\",\"structure\":\"两个部门\","
        "\"contacts\":\"综合部\",\"locations\":\"北京\",\"legal_status\":\"licence\",\"legal_document\":\"营业执照 91110000X\","
        "\"operating_time\":\"2015 年起运行\",\"licences_needed\":false,\"legal_person\":true,\"no_violation\":true,"
        "\"violation_check\":\"信用系统查询无记录\",\"contract\":\"signed\",\"contract_number\":\"HT-42\","
        "\"contract_date\":\"2026-09-10\",\"fee\":\"按国家规定\"}}\n"
        "{\"do\":\"new\",\"case\":\"" CASE "\",\"type\":\"application-review\",\"set\":{\"application\":\"$a\","
        "\"date\":\"2026-09-08\",\"p1\":true,\"p2\":true,\"p3\":true,\"p4\":true,\"p5\":true,\"p6\":true,\"scope\":\"风险评估服务\","
        "\"sites\":\"一处\",\"time_needed\":\"3 人日\",\"conclusion\":\"accepted\"}}\n"
        "{\"do\":\"new\",\"case\":\"" CASE "\",\"type\":\"programme\",\"set\":{\"application\":\"$a\",\"cycle\":1,"
        "\"planned\":\"文件审核、现场审核\",\"man_days\":\"3.0\",\"man_days_basis\":\"人日标准\"}}\n");
    for (size_t i = 0; i <= REST_LEN; i++) {
        const char *clause = i < REST_LEN ? rest[i].clause : "B2";
        buf_addf(b,
            "{\"do\":\"new\",\"case\":\"" CASE "\",\"type\":\"self-assessment\",\"as\":\"$%s\",\"set\":{\"application\":\"$a\","
            "\"clause\":\"%s\",\"result\":\"conform\"}}\n", clause, clause);
        add_evidence(d, b, arena_printf(&d->c->arena, "$%s", clause));
    }
}

/* The clauses that are left, each with a photo, and what the check asks for. */
static void add_rest(struct demo *d, struct buf *b)
{
    for (size_t i = 0; i < REST_LEN; i++) {
        buf_addf(b,
            "{\"do\":\"new\",\"case\":\"" CASE "\",\"type\":\"sample\",\"as\":\"$%s\",\"set\":{\"audit\":\"%s\",\"clause\":\"%s\","
            "\"department\":\"%s\",\"site\":\"%s\",\"method\":\"records\",\"result\":\"conform\",\"resampled\":false%s}}\n",
            rest[i].clause, d->audit, rest[i].clause, rest[i].in_projects ? d->d3 : d->d2, d->site, rest[i].more);
        add_evidence(d, b, arena_printf(&d->c->arena, "$%s", rest[i].clause));
    }
    buf_addf(b,
        "{\"do\":\"new\",\"case\":\"" CASE "\",\"type\":\"meeting\",\"set\":{\"audit\":\"%s\",\"kind\":\"closing\","
        "\"date\":\"2026-11-21\",\"attendance\":\"见签到表\"}}\n"
        "{\"do\":\"set\",\"record\":\"%s\",\"set\":{\"samples.%s\":true,\"confirmed_by\":\"项目部经理\",\"confirmed\":\"2026-11-21\","
        "\"due\":\"2026-12-21\"}}\n"
        "{\"do\":\"set\",\"record\":\"%s\",\"set\":{\"onsite_standing\":\"符合\",\"onsite_management\":\"基本符合\","
        "\"onsite_technical\":\"符合\",\"result\":\"pass\"}}\n",
        d->audit, d->finding, d->sample, d->audit);
}

static int write_lines(struct demo *d, const char *path, void (*add)(struct demo *d, struct buf *b))
{
    struct buf b;
    buf_init(&b, BUF_UNLIMITED);
    add(d, &b);
    int r = buf_error(&b);
    if (!r) r = file_write(path, b.data, b.len);
    buf_release(&b);
    return r;
}

static int run_file(struct demo *d, enum who who, char **first, const char *name, void (*add)(struct demo *d, struct buf *b))
{
    const char *path = in_folder(d, name);
    int r = write_lines(d, path, add);
    return r ? r : run_many(d, who, first, (const char *const[]){"apply", path});
}

static int take_application(struct demo *d, const char *stick)
{
    char *document;
    say(d, T("Headquarters enters the application, its review and the programme; the documents pass"));
    int r = run_file(d, CHEN, &d->application, "application.jsonl", add_application);
    if (!r)
        r = RUN_FOR(d, CHEN, &document, "new", "audit", "--case", CASE, "kind=document", field(d, "application", d->application),
            "start=2026-10-12", "end=2026-10-13", "leader=me", "doc_basic=pass", "doc_running_time=pass", "doc_policies=pass",
            "doc_scope=pass", "doc_execution=pass", "doc_technical=pass", "result=pass");
    if (!r) r = RUN(d, CHEN, "submit", "--audit", document, "--on", "2026-10-13");
    if (!r) r = RUN(d, CHEN, "sync", stick);
    return r;
}

/* What an auditor on site knows at every moment: what is open, why, and what to do about it. */
static int leave_site(struct demo *d)
{
    static const char day[] = "2026-11-21";
    say(d, T("Before the team leaves: what has been sampled, and what is missing"));
    int r = RUN(d, ZHANG, "coverage", "--audit", d->audit);
    if (!r) r = RUN_NO(d, ZHANG, "check", "--audit", d->audit, "--on", day);
    if (!r) say(d, T("They sample the rest and fill in what was named; then the audit can be handed in"));
    if (!r) r = run_file(d, ZHANG, NULL, "rest.jsonl", add_rest);
    if (!r) r = RUN(d, ZHANG, "check", "--audit", d->audit, "--on", day);
    if (!r) r = RUN(d, ZHANG, "submit", "--audit", d->audit, "--on", day);
    if (!r) r = RUN(d, ZHANG, "set", d->finding, "correction=已补复核并签字", "corrective_action=建立代理复核制度", "verification=查阅记录，有效",
        "closed=2026-12-10", "closed_by=me");
    return r;
}

static int certify(struct demo *d, const char *hub, const char *stick)
{
    static const enum who office[] = {ZHAO, CHEN};
    char *decision, *certificate;
    say(d, T("Zhao Min, who did not audit, decides; headquarters issues the certificate"));
    int r = RUN_FOR(d, ZHAO, &decision, "new", "decision", "--case", CASE, "outcome=grant", field(d, "application", d->application),
        field(d, "audit", d->audit), "date=2026-12-15", "evaluation=综合评价通过", "reason=符合认证要求", "decided_by=me");
    if (!r) r = carry(d, hub, stick, office, 2);
    if (!r) r = RUN(d, CHEN, "set", d->application, "contract=fulfilled", "fee_paid=2026-12-16");
    if (!r)
        r = RUN_FOR(d, CHEN, &certificate, "new", "certificate", "--case", CASE, "number=WAL-42", field(d, "decision", decision),
            "organisation=华安网络服务有限公司", "name=华安网络服务有限公司", "level=3", "directions+=风险评估", "initial_date=2026-12-20",
            "issued=2026-12-20", "valid_from=2026-12-20", "title=网络空间安全服务资质认证证书", "standard=T/BJCSA 02-2022",
            "registered_address=北京市海淀区1号", "certified_address=北京市海淀区1号", "body=网安联认证中心", "logo=yes", "seal=yes",
            "signed_by=主任", "for_accreditation=yes");
    if (!r) say(d, T("What falls due, and what the first surveillance must sample"));
    if (!r) r = RUN(d, CHEN, "calendar", "--on", "2027-01-01");
    if (!r) r = RUN(d, CHEN, "plan", "--case", CASE, "--on", "2027-01-01");
    return r;
}

static int record_on_site(struct demo *d)
{
    char *id;
    say(d, T("On site, without network: Zhang Wei records the audit"));
    int r = RUN_FOR(d, ZHANG, &d->site, "new", "site", "--case", CASE, "name=总部", "kind=office", "address=北京市海淀区1号");
    if (!r) r = RUN_FOR(d, ZHANG, &d->d2, "new", "department", "--case", CASE, "code=D2", "name=技术部");
    if (!r) r = RUN_FOR(d, ZHANG, &d->d3, "new", "department", "--case", CASE, "code=D3", "name=项目部", "decisive=yes");
    if (!r)
        r = RUN_FOR(d, ZHANG, &d->audit, "new", "audit", "--case", CASE, "kind=onsite", "start=2026-11-20",
            "end=2026-11-21", "leader=me", field(d, "application", d->application), "sites+=总部", "directions+=风险评估");
    if (!r)
        r = RUN_FOR(d, ZHANG, &id, "new", "meeting", "--case", CASE, field(d, "audit", d->audit), "kind=opening",
            "date=2026-11-20", "attendance=见签到表");
    if (!r)
        r = RUN_FOR(d, ZHANG, &d->sample, "new", "sample", "--case", CASE, field(d, "audit", d->audit), "clause=B2",
            "department=D3", "site=总部", "method=records", "result=minor",
            "note=抽查 5 份项目记录，其中 2 份无复核签字");
    if (!r) r = RUN(d, ZHANG, "attach", d->files[0], d->files[1], "--to", d->sample, "--title", "项目记录");
    if (!r)
        r = RUN_FOR(d, ZHANG, &d->finding, "new", "finding", "--case", CASE, field(d, "audit", d->audit), "clause=B2",
            "department=D3", "grade=minor", "fact=2026-11-20 项目部 5 份项目记录中有 2 份没有复核签字");
    if (!r) r = RUN(d, ZHANG, "coverage", "--case", CASE);
    return r;
}

static int edit_apart(struct demo *d)
{
    const char *finding = d->finding;
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
    static const enum who auditors[] = {ZHANG, LI}, reviewers[] = {ZHANG, ZHAO}, leader[] = {ZHANG}, second[] = {LI};
    int r = find_photos(d);
    if (!r) r = make_kits(d);
    if (!r) r = make_hub(d, hub, stick);
    if (!r) r = take_application(d, stick);
    if (!r) say(d, T("Each takes the case along on a stick"));
    if (!r) r = carry(d, hub, stick, auditors, 2);
    if (!r) r = record_on_site(d);
    if (!r) say(d, T("Zhang Wei's stick goes to headquarters; Li Na receives what he recorded"));
    if (!r) r = carry(d, hub, stick, leader, 1);
    if (!r) r = carry(d, hub, stick, second, 1);
    if (!r) r = edit_apart(d);
    if (!r) say(d, T("The bundles meet at the hub: nothing is overwritten, the conflict shows"));
    if (!r) r = carry(d, hub, stick, auditors, 2);
    if (!r) r = RUN(d, ZHANG, "sync", stick);
    if (!r) r = RUN_NO(d, ZHANG, "conflicts");
    if (!r) say(d, T("The leader settles it with a reason"));
    if (!r) r = RUN(d, ZHANG, "resolve", d->finding, "grade=minor", "--why", "补签有效，但代理制度缺失，定为一般不符合");
    if (!r) r = carry(d, hub, stick, auditors, 2);
    if (!r) r = leave_site(d);
    if (!r) say(d, T("A reviewer reads the history, at her own kit and from the hub"));
    if (!r) r = carry(d, hub, stick, reviewers, 2);
    if (!r) r = RUN(d, ZHAO, "show", d->finding);
    if (!r) r = RUN(d, ZHAO, "history", d->finding);
    if (!r) r = RUN(d, CHEN, "hub", "history", hub, d->finding);
    if (!r) r = certify(d, hub, stick);
    if (!r) r = RUN(d, CHEN, "hub", "status", hub);
    if (!r) r = RUN(d, CHEN, "hub", "checkpoint", hub, "-o", in_folder(d, "checkpoint.json"));
    if (!r) r = RUN(d, ZHAO, "verify");
    if (!r) {
        fprintf(d->c->out, "\n%s %s\n", T("All of it stays in"), d->folder);
        fprintf(d->c->out, "finding=%s\n", d->finding);
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
