/* Every row of the scheme (domain.md §1, rows 1-33, and §4) has its fields in the forms that ship: written
 * out by hand, row by row.
 *
 * A word is "field" (optional), "*field" (required), "?field" (required under a condition that the form
 * names). */
#include "satchel/replica/form.h"
#include "satchel/scheme/embedded.h"

#include "test.h"

#define TYPES "bjcsa-02-2022/types/"

static struct forms *forms;

static void load(void)
{
    CHECK_OK(forms_new(&forms));
    for (size_t i = 0; i < embedded_files_len; i++)
        if (strncmp(embedded_files[i].name, TYPES, strlen(TYPES)) == 0)
            CHECK_OK(forms_add(forms, embedded_files[i].data, embedded_files[i].size, true));
}

static char need_of(const struct form_field *f)
{
    return f->required ? '*' : f->conditions_len > 0 ? '?' : ' ';
}

static void check_field(const char *row, const struct form *form, const char *word)
{
    const char *member;
    char need = strchr("*?", *word) ? *word : ' ';
    const struct form_field *f = form_field(form, word + (need != ' '), &member);
    if (!f || need_of(f) != need) printf("  row %s: %s: %s\n", row, form->type, word);
    CHECK(f && need_of(f) == need);
}

static void check_row(const char *row, const char *type, const char *words)
{
    char word[64];
    const struct form *form = forms_current(forms, type);
    CHECK(form);
    for (int used; form && sscanf(words, "%63s%n", word, &used) == 1; words += used)
        check_field(row, form, word);
}

#define ROW(row, type, words) check_row(row, type, words)

TEST(application_and_its_review)
{
    load();
    ROW("1", "scheme", "*name version standard title");
    ROW("2", "application", "*kind *received");
    ROW("3", "application", "?activities ?structure ?contacts ?locations ?directions ?level");
    ROW("4", "application", "?legal_status ?legal_document ?approving_legal_person");
    ROW("4", "organisation", "legal_status ?legal_person");
    ROW("5", "application", "?operating_time ?licences_needed ?licences");
    ROW("6", "self-assessment", "*application *clause *result ?note");
    ROW("7", "application", "?legal_person ?no_violation ?violation_check");
    ROW("8", "application-review", "*application *date *p1 *p2 *p3 *p4 *p5 *p6 *conclusion ?reason");
    ROW("8", "application-review", "sector differences ?scope ?sites ?time_needed other_factors");
    forms_free(forms);
}

TEST(programme_and_audits)
{
    load();
    ROW("9", "programme", "application *planned document_plan onsite_plan *man_days *man_days_basis");
    ROW("9", "programme",
        "document_half_days onsite_half_days surveillance_half_days recertification_half_days");
    ROW("10", "audit", "?doc_basic ?doc_running_time ?doc_policies ?doc_scope ?doc_execution ?doc_technical");
    ROW("10", "audit", "?doc_note result");
    ROW("11", "audit", "?onsite_standing ?onsite_management ?onsite_technical sites sites_reason");
    ROW("11", "sample", "method from resampled ?resample_reason project site");
    ROW("16", "audit", "?mode ?mode_reason");
    ROW("19", "programme", "?frequency ?coverage ?mode focus_sites revised ?revision surveillance_plan");
    ROW("20", "audit", "picks picks_none directions last_of_cycle");
    ROW("20", "sample",
        "*audit *clause ?department direction *result note ?population ?drawn ?na_reason na_approved");
    ROW("21", "audit", "?followup_measures ?followup_complaints ?effectiveness ?changes");
    forms_free(forms);
}

TEST(surveillance)
{
    load();
    ROW("15", "audit", "certificates");
    ROW("17", "event", "*kind *date *text *extra_audit ?reason ?audit ?complaint");
    ROW("18", "surveillance-info", "*audit *received *changes *self_assessment");
    ROW("18", "surveillance-info", "changes_basic changes_organisation changes_documents");
    ROW("18", "surveillance-info", "operation monitoring improvement legal conformity");
    forms_free(forms);
}

TEST(decisions_and_certificates)
{
    load();
    ROW("12", "decision", "*date *outcome *reason ?evaluation ?notified application ?audit");
    ROW("22", "decision", "?certificate ?audit");
    ROW("23", "certificate",
        "*title *number *organisation *name *registered_address *certified_address *standard");
    ROW("23", "certificate",
        "*directions *level *initial_date *issued *valid_from *body *logo *seal *signed_by");
    ROW("23", "certificate", "*for_accreditation ?accreditation ?accreditation_number *decision");
    ROW("24", "certificate", "normative_documents");
    ROW("24", "organisation", "credit_code registered_address certified_address");
    ROW("25", "application", "?change_of ?changes ?change_documents merged_with ?certificate");
    ROW("25", "certificate", "supersedes ?returned");
    forms_free(forms);
}

TEST(suspension_to_withdrawal)
{
    load();
    ROW("26", "suspension", "*certificate *decision *from until *reason ?reason_text *published");
    ROW("27", "suspension",
        "*measures *measures_told ?applied ?verified ?verification ?restoration restored");
    ROW("27", "suspension", "?restoration_published ?resume_notified");
    ROW("28", "decision", "?requested ?published");
    ROW("29", "decision", "?ground ?published waives");
    forms_free(forms);
}

TEST(contract_disclosures_complaints_fees)
{
    load();
    ROW("30", "application", "?contract ?contract_number ?contract_date");
    ROW("31", "disclosure", "*to *what *reason *date ?notified ?legal_exception");
    ROW("32", "complaint", "*kind *received *from *about against procedure_requested ?procedure_sent");
    ROW("32", "complaint", "?investigation ?handled_by ?outcome ?replied closed");
    ROW("33", "application", "?fee ?fee_paid");
    ROW("33", "scheme", "effective");
    forms_free(forms);
}

TEST(findings)
{
    load();
    ROW("§4", "finding", "*audit *clause criterion *fact found place job_title *grade auditor samples");
    ROW("§4", "finding",
        "?confirmed_by ?confirmed objection ?root_cause ?correction ?corrective_action ?due");
    ROW("§4", "finding", "?verification closed ?closed_by followup");
    forms_free(forms);
}

/* The body's name and the client's stand in the scheme and the organisation; findings and evidence in their
 * records. */
TEST(the_report_of_an_audit)
{
    load();
    ROW("§4", "audit", "client_representative *kind criteria objectives scope units deviations");
    ROW("§4", "audit", "programme_effects *leader team *start *end sites ?changes unresolved combined");
    ROW("§4", "audit", "disclaimer recommendation mark_use ?followup_measures conformity");
    ROW("§4", "audit", "scope_appropriate objectives_met");
    forms_free(forms);
}

int main(int argc, char **argv)
{
    return test_main(argc, argv);
}
