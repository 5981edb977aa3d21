/* The scheme that ships: every form parses, speaks both languages, and has the fields that rules read.
 * Schemes from a folder and from the register: what is read, what is refused, and how it is told. */
#define _POSIX_C_SOURCE 200809L /* mkdtemp */
#include <inttypes.h>
#include <stdlib.h>

#include "satchel/base/crypto.h"
#include "satchel/base/os.h"
#include "satchel/scheme/embedded.h"
#include "satchel/scheme/scheme.h"
#include "satchel/store/store.h"

#include "test.h"

static struct schemes *schemes;
static struct scheme scheme; /* the first that ships */
static struct forms *forms;

static void load(void)
{
    CHECK_OK(forms_new(&forms));
    CHECK_OK(schemes_new(&schemes, forms));
    scheme = *schemes_get(schemes, NULL);
}

static void unload(void)
{
    schemes_free(schemes);
    forms_free(forms);
}

/* "name", or "name:set" / "name:bool" … where its kind matters. */
static bool has_field(const struct form *f, const char *field)
{
    static const char *const kinds[] = {
        "text", "int", "bool", "date", "time", "choice", "link", "set", "json"};
    const char *colon = strchr(field, ':');
    size_t len = colon ? (size_t)(colon - field) : strlen(field);
    for (size_t i = 0; i < f->fields_len; i++) {
        if (strncmp(f->fields[i].name, field, len) != 0 || f->fields[i].name[len]) continue;
        return !colon || strcmp(kinds[f->fields[i].kind], colon + 1) == 0;
    }
    return false;
}

/* Fields, separated by blanks. */
static void check_fields(const char *type, const char *fields)
{
    const struct form *f = forms_current(forms, type);
    char name[64];
    if (!f) printf("  no form '%s'\n", type);
    CHECK(f);
    for (int used; f && sscanf(fields, "%63s%n", name, &used) == 1; fields += used) {
        if (!has_field(f, name)) printf("  %s lacks '%s'\n", type, name);
        CHECK(has_field(f, name));
    }
}

/* The contract of records.md. */
TEST(fields_that_rules_read)
{
    load();
    check_fields("organisation", "name:text");
    check_fields("department", "code:text name:text decisive:bool");
    check_fields("site", "name:text kind:choice directions:set");
    check_fields("person", "name email roles:set valid_from:date valid_to:date");
    check_fields("kit", "person:link key:text recipient:text revoked:set");
    check_fields("hub", "name key recipient");
    check_fields("scheme", "name hash definition:json catalogue:link form:set");
    check_fields("assignment", "person:link from:date until:date");
    check_fields("audit",
        "kind:choice start:date end:date leader:link team:set sites:set directions:set certificates:set "
        "application:link mode:choice result:choice submitted:bool last_of_cycle:bool picks:set "
        "picks_none:text followup_measures:text followup_complaints:text effectiveness:text "
        "changes:text submitted_heads:json");
    check_fields("sample",
        "audit:link clause department:link site:link direction method:choice population:int drawn:int "
        "result:choice na_approved:bool project:choice resampled:bool from:link note:text");
    check_fields("finding",
        "audit:link clause department:link site:link grade:choice fact due:date root_cause correction "
        "corrective_action verification closed:date followup samples:set");
    check_fields(
        "evidence", "of:set sha256:text size:int name media_type captured:time title derived_from:link");
    check_fields("meeting", "audit:link kind:choice date:date attendance");
    check_fields("release", "entry:text reason:text");
    check_fields("catalogue", "name sample:bool clauses:json");
    check_fields("application",
        "kind:choice received:date directions:set level:int certificate:link scheme:link contract:choice");
    check_fields("self-assessment", "application:link clause result:choice note");
    check_fields("application-review",
        "application:link date:date p1:bool p2:bool p3:bool p4:bool p5:bool p6:bool conclusion:choice");
    check_fields("programme",
        "application:link certificate:link cycle scheme:link catalogue:link planned:text man_days");
    check_fields("decision",
        "audit:link application:link date:date outcome:choice reason:text certificate:link waives:link");
    check_fields("certificate",
        "organisation:link decision:link supersedes:link returned number directions:set level:int "
        "initial_date:date issued:date valid_from:date name registered_address certified_address standard "
        "accreditation");
    check_fields("suspension",
        "certificate:link from:date reason:choice until:date measures verified:date restored:date");
    check_fields("surveillance-info", "audit:link received:date changes self_assessment");
    check_fields("event", "kind:choice date:date text extra_audit:choice reason");
    check_fields("complaint", "kind:choice received:date about outcome closed:date");
    check_fields("disclosure", "to what date:date notified legal_exception");
    unload();
}

static void check_choices(const char *type, const char *field, const char *values)
{
    struct buf found;
    const char *member;
    const struct form_field *f = form_field(forms_current(forms, type), field, &member);
    CHECK(f);
    buf_init(&found, 1024);
    for (size_t i = 0; f && i < f->choices_len; i++) buf_addf(&found, i ? " %s" : "%s", f->choices[i].value);
    CHECK_STR(buf_str(&found), values);
    buf_release(&found);
}

TEST(choices_of_the_contract)
{
    load();
    check_choices("site", "kind", "office service");
    check_choices("person", "roles", "auditor leader headquarters reviewer decider expert admin");
    check_choices("audit", "kind", "document onsite surveillance recertification extra");
    check_choices("audit", "mode", "document onsite other");
    check_choices("audit", "result", "pass fail");
    check_choices("sample", "method", "records interview site");
    check_choices("sample", "result", "conform major minor observation ofi na not_audited");
    check_choices("sample", "project", "finished ongoing");
    check_choices("finding", "grade", "major minor observation ofi");
    check_choices("meeting", "kind", "opening closing");
    check_choices("application", "kind", "initial extension upgrade downgrade recertification change");
    check_choices("application", "contract", "open signed fulfilled");
    check_choices("application-review", "conclusion", "accepted refused");
    check_choices(
        "decision", "outcome", "grant refuse maintain suspend restore cancel withdraw renew reissue");
    check_choices("suspension", "reason", "failure overdue misuse major own_request other");
    check_choices("event", "kind", "change complaint incident risk");
    check_choices("event", "extra_audit", "yes no");
    check_choices("complaint", "kind", "complaint appeal");
    unload();
}

/* A label has text in both languages, and Chinese is Chinese: it differs, but for names of formats. */
static bool both(const char *where, const char *name, const struct label *l)
{
    bool good = l->en && *l->en && l->zh && *l->zh;
    if (good && strcmp(l->en, l->zh) == 0)
        good = strncmp(l->en, "SHA", 3) == 0 || *l->en == '6' || *l->en == '7';
    if (!good) printf("  %s: '%s' is not labelled in both languages\n", where, name);
    return good;
}

static void check_labels(const struct form *f)
{
    CHECK(both(f->type, "title", &f->title));
    for (size_t i = 0; i < f->fields_len; i++) {
        const struct form_field *field = &f->fields[i];
        CHECK(both(f->type, field->name, &field->label));
        CHECK((!field->help.en && !field->help.zh) || both(f->type, field->name, &field->help));
        for (size_t k = 0; k < field->choices_len; k++)
            CHECK(both(f->type, field->choices[k].value, &field->choices[k].label));
    }
}

TEST(labels_in_both_languages)
{
    load();
    size_t len;
    const struct form *const *list = forms_list(forms, &len);
    CHECK(len == 27);
    for (size_t i = 0; i < len; i++) check_labels(list[i]);
    CHECK(both("scheme", "title", &scheme.title));
    unload();
}

static void check_label_list(const char *list)
{
    const struct jv *v = jv_get(scheme.json, list);
    CHECK(v && v->type == JV_ARRAY && v->len > 0);
    for (size_t i = 0; v && i < v->len; i++) {
        const struct jv *label = jv_get(v->items[i], "label");
        const struct label l = {jv_get_str(label, "en"), jv_get_str(label, "zh")};
        CHECK(jv_get(v->items[i], "value"));
        CHECK(both("scheme.json", list, &l));
    }
}

/* scheme.json and the forms say the same words for the same value. */
static void check_same_labels(const char *list, const char *type, const char *name)
{
    const char *member;
    const struct jv *v = jv_get(scheme.json, list);
    const struct form_field *field = form_field(forms_current(forms, type), name, &member);
    CHECK(v->len >= field->choices_len);
    for (size_t i = 0; i < field->choices_len; i++) {
        const struct jv *item = NULL;
        for (size_t k = 0; k < v->len; k++) {
            if (strcmp(jv_get_str(v->items[k], "value"), field->choices[i].value) == 0) item = v->items[k];
        }
        CHECK_STR(jv_get_str(jv_get(item, "label"), "zh"), field->choices[i].label.zh);
        CHECK_STR(jv_get_str(jv_get(item, "label"), "en"), field->choices[i].label.en);
    }
}

TEST(lists_of_the_scheme)
{
    load();
    check_label_list("levels");
    check_label_list("directions");
    check_label_list("roles");
    check_label_list("results");
    CHECK(jv_get(scheme.json, "levels")->len == 4 && scheme.sample);
    check_same_labels("roles", "person", "roles");
    check_same_labels("results", "sample", "result");
    check_same_labels("results", "finding", "grade");
    unload();
}

TEST(numbers_of_the_scheme)
{
    load();
    const struct rules *r = &scheme.rules;
    CHECK(r->first_surveillance_months == 12 && r->surveillance_interval_months == 15);
    CHECK(r->validity_months == 36 && r->renewal_months == 3 && r->surveillance_info_months == 3);
    CHECK(r->suspension_usual_months == 3 && r->suspension_max_months == 6);
    CHECK(r->withdrawal_overdue_months == 6 && r->violation_window_months == 12);
    CHECK(r->rule3_major == 1 && r->rule3_minor == 2 && r->rule3_minor_and_observation == 3);
    CHECK(r->sites_initial_numerator == 1 && r->sites_initial_denominator == 1);
    CHECK(r->sites_surveillance_numerator == 9 && r->sites_surveillance_denominator == 25);
    CHECK(r->sites_recertification_numerator == 16 && r->sites_recertification_denominator == 25);
    CHECK(r->man_day_steps == 2 && r->remind_days == 90 && r->utc_offset_minutes == 480);
    unload();
}

/* What names a record in a list are fields of its own. */
TEST(summaries_name_fields)
{
    load();
    size_t len;
    const struct form *const *list = forms_list(forms, &len);
    for (size_t i = 0; i < len; i++) {
        const struct jv *summary = jv_get(list[i]->json, "summary");
        CHECK(summary && summary->type == JV_ARRAY && summary->len > 0);
        for (size_t k = 0; summary && k < summary->len; k++)
            CHECK(has_field(list[i], jv_str(summary->items[k])));
    }
    unload();
}

static bool writes(const char *type, const char *role)
{
    const struct form *f = forms_current(forms, type);
    for (size_t i = 0; i < f->writers_len; i++) {
        if (strcmp(f->writers[i], role) == 0) return true;
    }
    return false;
}

TEST(who_writes_and_where)
{
    load();
    static const char *const reg[] = {"person", "kit", "hub", "scheme", "catalogue"};
    for (size_t i = 0; i < sizeof reg / sizeof *reg; i++) {
        CHECK(forms_current(forms, reg[i])->in_register && forms_current(forms, reg[i])->writers_len == 1);
        CHECK(writes(reg[i], "admin"));
    }
    CHECK(!forms_current(forms, "assignment")->in_register && !writes("assignment", "auditor"));
    CHECK(!forms_current(forms, "release")->in_register && !writes("release", "headquarters"));
    CHECK(writes("finding", "auditor") && writes("sample", "auditor") && writes("evidence", "auditor"));
    CHECK(writes("decision", "decider") && writes("decision", "reviewer") && !writes("decision", "leader") &&
          !writes("decision", "auditor") && !writes("certificate", "leader"));
    CHECK(writes("audit", "leader") && !writes("audit", "auditor") && !writes("organisation", "auditor"));
    unload();
}

TEST(the_sample_catalogue_says_so)
{
    load();
    const struct catalogue *c = &scheme.catalogue;
    CHECK(c->sample && c->len - c->groups == 13 && strstr(c->title, "Sample"));
    unload();
}

/* ---- a copy of it in a folder ---- */

static char place[64]; /* of a test; the copy is in its subfolder "copy" */
static struct arena arena;

static const char *in_place(const char *name)
{
    return path_join(&arena, place, name);
}

static void begin(void)
{
    load();
    arena_init(&arena);
    snprintf(place, sizeof place, "/tmp/satchel-test-scheme-XXXXXX");
    CHECK(mkdtemp(place) != NULL);
    CHECK_OK(scheme_write_folder(&scheme, in_place("copy")));
}

static void end(void)
{
    CHECK_OK(os_remove_tree(place));
    arena_release(&arena);
    unload();
}

static struct jv *read_value(const char *name)
{
    const struct jv *v = NULL;
    struct buf b;
    buf_init(&b, 1 << 20);
    CHECK_OK(file_read(path_join(&arena, in_place("copy"), name), &b));
    CHECK_OK(json_parse(&v, &arena, b.data, b.len, 16, JSON_STRICT));
    buf_release(&b);
    return (struct jv *)v; /* nobody else has it */
}

static void write_value(const char *name, const struct jv *v)
{
    struct buf b;
    buf_init(&b, BUF_UNLIMITED);
    json_write(&b, v);
    CHECK_OK(file_write(path_join(&arena, in_place("copy"), name), b.data, b.len));
    buf_release(&b);
}

/* One parameter of the copy; NULL json: it is not there. */
static void set_parameter(const char *name, const char *json)
{
    const struct jv *value;
    struct jv *whole = read_value("scheme.json"), *changed = jv_object(&arena);
    const struct jv *old = jv_get(whole, "parameters");
    for (size_t i = 0; i < old->len; i++)
        if (strcmp(old->keys[i], name) != 0) CHECK_OK(jv_put(&arena, changed, old->keys[i], old->items[i]));
    if (json) {
        CHECK_OK(json_parse(&value, &arena, json, strlen(json), 4, JSON_STRICT));
        CHECK_OK(jv_put(&arena, changed, name, value));
    }
    CHECK_OK(jv_put(&arena, whole, "parameters", changed));
    write_value("scheme.json", whole);
}

/* What the folder is refused for; "" where it reads. */
static const char *refused(void)
{
    struct scheme_source source;
    int rc = scheme_read_folder(&source, &arena, in_place("copy"));
    CHECK(rc == 0 || rc == ERR_INPUT || rc == ERR_MISSING);
    const char *why = rc ? arena_strdup(&arena, err_message()) : "";
    err_clear();
    return why;
}

static const char *hash_of_copy(void)
{
    struct scheme_source source = {0};
    CHECK_OK(scheme_read_folder(&source, &arena, in_place("copy")));
    return source.scheme.hash;
}

TEST(a_folder_reads_as_it_was_written)
{
    struct scheme_source source = {0};
    begin();
    CHECK_OK(scheme_read_folder(&source, &arena, in_place("copy")));
    CHECK_STR(source.scheme.hash, scheme.hash);
    CHECK(!source.scheme.link && memcmp(&source.scheme.rules, &scheme.rules, sizeof scheme.rules) == 0);
    CHECK(source.scheme.forms_len == scheme.forms_len && source.scheme.catalogue.len == scheme.catalogue.len);
    CHECK(scheme_write_folder(&scheme, in_place("copy")) == ERR_INPUT);
    end();
}

TEST(each_parameter_that_is_missing_or_bad_is_named)
{
    begin();
    const struct jv *all = jv_get(scheme.json, "parameters");
    CHECK(all->len == sizeof(struct rules) / sizeof(int64_t));
    for (size_t i = 0; i < all->len; i++) {
        const char *name = all->keys[i], *quoted = arena_printf(&arena, "'%s'", name);
        char good[24];
        snprintf(good, sizeof good, "%" PRId64, all->items[i]->integer);
        set_parameter(name, NULL);
        CHECK(strstr(refused(), quoted) && strstr(refused(), "missing"));
        set_parameter(name, "\"12\"");
        CHECK(strstr(refused(), quoted));
        set_parameter(name, "-1000");
        CHECK(strstr(refused(), quoted));
        set_parameter(name, "9000000");
        CHECK(strstr(refused(), quoted));
        set_parameter(name, good);
        CHECK_STR(refused(), "");
    }
    end();
}

TEST(a_parameter_that_nobody_knows_is_refused)
{
    begin();
    set_parameter("first_surveilance_months", "6");
    CHECK(strstr(refused(), "'first_surveilance_months'"));
    end();
}

TEST(each_number_is_read_under_its_own_name)
{
    struct scheme_source source = {0};
    begin();
    set_parameter("first_surveillance_months", "6");
    set_parameter("rule3_minor", "4");
    set_parameter("utc_offset_minutes", "-300");
    CHECK_OK(scheme_read_folder(&source, &arena, in_place("copy")));
    const struct rules *r = &source.scheme.rules;
    CHECK(r->first_surveillance_months == 6 && r->rule3_minor == 4 && r->utc_offset_minutes == -300);
    CHECK(r->surveillance_interval_months == 15 && r->rule3_major == 1 && r->remind_days == 90);
    end();
}

TEST(a_version_is_named_by_what_it_holds_not_by_its_spacing)
{
    begin();
    write_value("scheme.json", read_value("scheme.json"));
    write_value("types/audit.json", read_value("types/audit.json"));
    CHECK_OK(file_write(in_place("copy/README"), "x", 1));
    CHECK_STR(hash_of_copy(), scheme.hash);
    set_parameter("rule3_minor", "3");
    const char *other = hash_of_copy();
    CHECK(strcmp(other, scheme.hash) != 0);
    set_parameter("rule3_minor", "2");
    CHECK_STR(hash_of_copy(), scheme.hash);
    CHECK_OK(os_remove(in_place("copy/types/meeting.json")));
    CHECK(strcmp(hash_of_copy(), scheme.hash) != 0 && strcmp(hash_of_copy(), other) != 0);
    end();
}

static void add_part(struct buf *all, const char *name, const struct jv *v)
{
    struct buf b;
    buf_init(&b, BUF_UNLIMITED);
    json_write(&b, v);
    buf_add(all, name, strlen(name) + 1);
    buf_addf(all, "%zu", b.len);
    buf_add(all, "", 1);
    buf_add(all, b.data, b.len);
    buf_release(&b);
}

/* The name by hand, as the header says. */
TEST(the_hash_is_what_the_header_says)
{
    struct buf all;
    unsigned char hash[SHA256_SIZE];
    char hex[SHA256_HEX];
    begin();
    CHECK_OK(os_remove_tree(in_place("copy/types")));
    CHECK_OK(os_make_folder(in_place("copy/types")));
    CHECK_OK(file_write(in_place("copy/types/b.json"), "{\"form\":\"b\",\"in\":\"case\",\"fields\":[]}", 36));
    CHECK_OK(
        file_write(in_place("copy/types/b-a.json"), "{\"fields\":[], \"form\":\"b-a\",\"in\":\"case\"}", 39));
    buf_init(&all, BUF_UNLIMITED);
    add_part(&all, "catalogue", jv_get(catalogue_json(&arena, &scheme.catalogue), "clauses"));
    add_part(&all, "scheme", read_value("scheme.json"));
    add_part(&all, "types/b", read_value("types/b.json"));
    add_part(&all, "types/b-a", read_value("types/b-a.json"));
    sha256(hash, all.data, all.len);
    hex_write(hex, hash, sizeof hash);
    CHECK_STR(hash_of_copy(), hex);
    buf_release(&all);
    end();
}

static void set_member(const char *file, const char *key, const char *json)
{
    const struct jv *value = NULL;
    struct jv *whole = read_value(file);
    CHECK_OK(json_parse(&value, &arena, json, strlen(json), 8, JSON_STRICT));
    CHECK_OK(jv_put(&arena, whole, key, value));
    write_value(file, whole);
}

/* The message for a member of a file set to this JSON; the file is as it was afterwards. */
static const char *refused_with(const char *file, const char *key, const char *json)
{
    const struct jv *before = jv_copy(&arena, read_value(file));
    set_member(file, key, json);
    const char *why = refused();
    write_value(file, before);
    return why;
}

#define REFUSED(words, file, key, json)                                                                      \
    do {                                                                                                     \
        const char *why_ = refused_with(file, key, json);                                                    \
        if (!strstr(why_, words)) printf("  %s\n", why_);                                                    \
        CHECK(strstr(why_, words));                                                                          \
    } while (0)
#define LABELLED(value) "{\"label\":{\"en\":\"x\",\"zh\":\"某\"},\"value\":" value "}"

TEST(definitions_that_are_refused)
{
    begin();
    REFUSED("\"name\"", "scheme.json", "name", "7");
    REFUSED("'a/b'", "scheme.json", "name", "\"a/b\"");
    REFUSED("\"title\"", "scheme.json", "title", "{\"en\":\"x\"}");
    REFUSED("\"standard\"", "scheme.json", "standard", "\"\"");
    REFUSED("\"version\"", "scheme.json", "version", "1");
    REFUSED("\"sample\"", "scheme.json", "sample", "\"no\"");
    REFUSED("\"parameters\"", "scheme.json", "parameters", "[]");
    REFUSED("\"levels\"", "scheme.json", "levels", "[]");
    REFUSED("\"levels\": item 1", "scheme.json", "levels", "[" LABELLED("\"1\"") "]");
    REFUSED("\"levels\": item 2", "scheme.json", "levels", "[" LABELLED("2") "," LABELLED("1") "]");
    REFUSED("\"roles\": item 2", "scheme.json", "roles", "[" LABELLED("\"a\"") "," LABELLED("\"a\"") "]");
    REFUSED("\"roles\": item 1", "scheme.json", "roles", "[" LABELLED("\"a b\"") "]");
    REFUSED("\"results\"", "scheme.json", "results",
        "[{\"value\":\"major\",\"label\":{\"en\":\"x\",\"zh\":\"\"}}]");
    REFUSED(
        "\"departments\": item 1", "scheme.json", "departments", "[{\"name\":{\"en\":\"x\",\"zh\":\"y\"}}]");
    REFUSED("'RA1'", "scheme.json", "directions", "[" LABELLED("\"x\"") "]");
    REFUSED("\"catalogue\"", "scheme.json", "catalogue", "\"../catalogue.csv\"");
    REFUSED("other.csv", "scheme.json", "catalogue", "\"other.csv\"");
    CHECK_STR(refused(), "");
    end();
}

TEST(forms_that_are_refused)
{
    begin();
    REFUSED("audit.json", "types/audit.json", "form", "\"site\"");
    REFUSED("form 'audit'", "types/audit.json", "in", "\"register\"");
    REFUSED("form 'audit'", "types/audit.json", "fields", "[{\"name\":\"start\",\"type\":\"no-such\"}]");
    REFUSED("'start'", "types/audit.json", "fields", "[{\"name\":\"start\",\"type\":\"text\"}]");
    REFUSED("'team'", "types/audit.json", "fields", "[{\"name\":\"team\",\"type\":\"set\",\"of\":\"text\"}]");
    REFUSED("form 'person'", "types/person.json", "writers", "[\"admin\",\"auditor\"]");
    REFUSED("form 'person'", "types/person.json", "writers", "[]");
    REFUSED("form 'evidence'", "types/evidence.json", "fields", "[{\"name\":\"sha256\",\"type\":\"text\"}]");
    CHECK_STR(refused(), "");
    end();
}

TEST(what_an_entry_does_not_hold_is_refused)
{
    begin();
    char *long_text = arena_alloc(&arena, ENTRY_MAX_BYTES + 3);
    memset(long_text, 'x', ENTRY_MAX_BYTES + 2);
    long_text[0] = long_text[ENTRY_MAX_BYTES + 1] = '"';
    REFUSED("more than one entry", "scheme.json", "note", long_text);
    end();
}

TEST(labels_of_values)
{
    load();
    CHECK_STR(scheme_label(&scheme, "levels", "4"), "Level 4");
    CHECK_STR(scheme_label(&scheme, "directions", "风险评估"), "Risk assessment");
    CHECK_STR(scheme_label(&scheme, "results", "na"), "Not applicable");
    CHECK_STR(scheme_label(&scheme, "results", "odd"), "odd");
    CHECK_STR(scheme_label(&scheme, "no_such_list", "odd"), "odd");
    unload();
}

/* ---- the register ---- */

static struct store *store;

static void begin_register(void)
{
    char recovery[RECOVERY_KEY_SIZE];
    begin();
    CHECK_OK(store_create(in_place("store"), "Ann", "a@example.org", "x", 4, forms, recovery));
    CHECK_OK(store_open(&store, in_place("store"), "x", forms));
}

static void end_register(void)
{
    store_close(store);
    end();
}

static const char *change_one(const struct change *c)
{
    struct store_tx *tx;
    const char *id = "";
    CHECK_OK(store_begin(&tx, store));
    CHECK_OK(store_change(tx, c, &id));
    CHECK_OK(store_commit(tx));
    return arena_strdup(&arena, id);
}

static const char *create(const char *type, const struct jv *set)
{
    return change_one(
        &(struct change){.kind = CHANGE_NEW, .type = type, .case_name = REGISTER_CASE, .set = set});
}

static void set_field(const char *link, const char *name, const struct jv *value)
{
    struct jv *set = jv_object(&arena);
    CHECK_OK(jv_put(&arena, set, name, value));
    change_one(&(struct change){.kind = CHANGE_SET, .record = link + strlen("register:"), .set = set});
}

static void refresh(void)
{
    CHECK_OK(schemes_refresh(schemes, store_fold(store)));
}

/* The copy, published; the link of its record. */
static const char *publish(void)
{
    struct scheme_source source = {0};
    CHECK_OK(scheme_read_folder(&source, &arena, in_place("copy")));
    const char *catalogue = create("catalogue", source.catalogue);
    CHECK_OK(jv_put_str(&arena, source.record, "catalogue", arena_printf(&arena, "register:%s", catalogue)));
    const char *id = create("scheme", source.record);
    refresh();
    return arena_printf(&arena, "register:%s", id);
}

static size_t known(void)
{
    size_t len;
    schemes_list(schemes, &len);
    return len;
}

TEST(a_published_version_comes_back_the_same)
{
    begin_register();
    set_parameter("first_surveillance_months", "6");
    const char *link = publish();
    const struct scheme *s = schemes_get(schemes, link);
    CHECK(s && known() == 2 && !s->voided && !schemes_problem(schemes, link));
    CHECK_STR(s->hash, hash_of_copy());
    CHECK_STR(s->link, link);
    CHECK(s->rules.first_surveillance_months == 6 && s->catalogue.len == scheme.catalogue.len && s->sample);
    CHECK_STR(s->catalogue.title, scheme.catalogue.title);
    CHECK(s->forms_len == scheme.forms_len && strcmp(s->forms[0], scheme.forms[0]) == 0);
    CHECK(
        schemes_get(schemes, NULL) != s && schemes_get(schemes, NULL)->rules.first_surveillance_months == 12);
    end_register();
}

TEST(versions_of_one_name_stand_side_by_side)
{
    begin_register();
    const char *first = publish();
    set_parameter("validity_months", "24");
    const char *second = publish();
    CHECK(known() == 3 && schemes_get(schemes, first)->rules.validity_months == 36);
    CHECK(schemes_get(schemes, second)->rules.validity_months == 24);
    CHECK_STR(schemes_get(schemes, first)->name, schemes_get(schemes, second)->name);
    end_register();
}

TEST(a_scheme_is_read_once_while_its_record_stays_the_same)
{
    begin_register();
    const char *link = publish();
    const struct scheme *s = schemes_get(schemes, link);
    set_field(link, "note", jv_string(&arena, "x"));
    set_parameter("validity_months", "24");
    publish();
    CHECK(schemes_get(schemes, link) == s);
    end_register();
}

TEST(a_voided_version_serves_on_and_says_so)
{
    begin_register();
    const char *link = publish();
    change_one(&(struct change){.kind = CHANGE_VOID, .record = link + strlen("register:"), .why = "x"});
    refresh();
    CHECK(
        schemes_get(schemes, link) && schemes_get(schemes, link)->voided && !schemes_problem(schemes, link));
    set_field(link, "void", jv_null(&arena));
    refresh();
    CHECK(!schemes_get(schemes, link)->voided);
    end_register();
}

TEST(a_version_that_was_changed_is_left_out_and_told)
{
    begin_register();
    const char *link = publish();
    const struct scheme *before = schemes_get(schemes, link);
    set_parameter("validity_months", "24");
    set_field(link, "definition", read_value("scheme.json"));
    refresh();
    CHECK(!schemes_get(schemes, link) && known() == 1 && strstr(schemes_problem(schemes, link), "hash"));
    CHECK(before->rules.validity_months == 36); /* lasts as long as the set */
    set_field(link, "definition", before->json);
    refresh();
    CHECK(schemes_get(schemes, link) && known() == 2);
    end_register();
}

TEST(whatever_does_not_read_is_told)
{
    begin_register();
    const char *link = publish();
    set_field(link, "definition", jv_int(&arena, 7));
    refresh();
    CHECK(!schemes_get(schemes, link) && strstr(schemes_problem(schemes, link), "object"));
    set_field(link, "definition", jv_null(&arena));
    refresh();
    CHECK(strstr(schemes_problem(schemes, link), "no definition"));
    set_field(link, "definition", scheme.json);
    set_field(link, "catalogue", jv_null(&arena));
    refresh();
    CHECK(strstr(schemes_problem(schemes, link), "catalogue"));
    CHECK(!schemes_get(schemes, "register:scheme/kaaaaaaaaaaaa-7"));
    CHECK(schemes_problem(schemes, "register:scheme/kaaaaaaaaaaaa-7") && !schemes_problem(schemes, NULL));
    end_register();
}

TEST(catalogues_of_the_register)
{
    begin_register();
    struct jv *set = jv_object(&arena), *bad = jv_object(&arena);
    struct catalogue untitled = scheme.catalogue;
    untitled.title = "";
    CHECK_OK(jv_put_str(&arena, set, "name", "Ours"));
    CHECK_OK(jv_put(&arena, set, "clauses", catalogue_json(&arena, &untitled)));
    const char *id = create("catalogue", set), *link = arena_printf(&arena, "register:%s", id);
    CHECK_OK(jv_put_str(&arena, bad, "name", "Bad"));
    CHECK_OK(jv_put(&arena, bad, "clauses", jv_array(&arena)));
    const char *broken = create("catalogue", bad);
    refresh();
    CHECK(schemes_catalogue(schemes, link) &&
          schemes_catalogue(schemes, id) == schemes_catalogue(schemes, link));
    CHECK_STR(schemes_catalogue(schemes, link)->title, "Ours");
    CHECK(!schemes_get(schemes, link) && known() == 1);
    CHECK(!schemes_catalogue(schemes, broken) && schemes_problem(schemes, broken));
    CHECK(!schemes_catalogue(schemes, publish()) && !schemes_catalogue(schemes, NULL));
    end_register();
}

TEST(a_scheme_has_its_own_forms_and_takes_the_others_from_the_one_that_ships)
{
    begin_register();
    CHECK_OK(os_remove_tree(in_place("copy/types")));
    CHECK_OK(os_make_folder(in_place("copy/types")));
    CHECK_OK(file_write(
        in_place("copy/types/meter.json"), "{\"form\":\"meter\",\"in\":\"case\",\"fields\":[]}", 40));
    CHECK_OK(file_write(
        in_place("copy/types/site.json"), "{\"form\":\"site\",\"in\":\"case\",\"fields\":[]}", 39));
    const struct scheme *s = schemes_get(schemes, publish());
    CHECK(s->forms_len == 2 && scheme_form(schemes, s, "meter") && !scheme_form(schemes, NULL, "meter"));
    CHECK(scheme_form(schemes, s, "site") != scheme_form(schemes, &scheme, "site"));
    CHECK(scheme_form(schemes, s, "audit") == forms_current(forms, "audit") &&
          !scheme_form(schemes, s, "no-such"));
    CHECK(!forms_current(forms, "meter") &&
          scheme_form(schemes, &scheme, "site") == forms_current(forms, "site"));
    end_register();
}

int main(int argc, char **argv)
{
    return test_main(argc, argv);
}
