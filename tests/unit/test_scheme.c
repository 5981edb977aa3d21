/* The scheme that ships: every form parses, speaks both languages, and has the fields that rules read. */
#include "satchel/scheme/embedded.h"
#include "satchel/scheme/scheme.h"

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
    check_fields("scheme", "form:set");
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
    check_fields(
        "application", "kind:choice received:date directions:set level:int certificate:link contract:choice");
    check_fields("self-assessment", "application:link clause result:choice note");
    check_fields("application-review",
        "application:link date:date p1:bool p2:bool p3:bool p4:bool p5:bool p6:bool conclusion:choice");
    check_fields("programme", "application:link certificate:link cycle planned:text man_days");
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

int main(int argc, char **argv)
{
    return test_main(argc, argv);
}
