#include "satchel/replica/registry.h"
#include "scene.h"

#define FORM(type, in, writers, fields)                                                                      \
    "{\"form\":\"" type "\",\"in\":\"" in "\",\"writers\":[" writers "],\"fields\":[" fields "]}"
#define TEXT(name) "{\"name\":\"" name "\",\"type\":\"text\"}"
#define SET(name, of) "{\"name\":\"" name "\",\"type\":\"set\",\"of\":\"" of "\"}"

static const char *const forms_here[] = {
    FORM("person", "register", "\"admin\"",
        TEXT("name") "," TEXT("email") "," SET("roles", "text") "," TEXT("valid_from") "," TEXT("valid_to")),
    FORM("kit", "register", "\"admin\"",
        TEXT("person") "," TEXT("key") "," TEXT("recipient") "," SET("revoked", "text")),
    FORM("hub", "register", "\"admin\"", TEXT("name") "," TEXT("key") "," TEXT("recipient")),
    FORM("scheme", "register", "\"admin\"", SET("form", "json")),
    FORM("assignment", "case", "\"headquarters\"", TEXT("person")),
    FORM("finding", "case", "\"auditor\",\"leader\"", TEXT("fact")),
    FORM("mark", "case", "", TEXT("fact")),
    FORM("organisation", "case", "\"auditor\"", TEXT("fact")),
    FORM("exhibit", "case", "\"auditor\"",
        TEXT("note") ",{\"name\":\"sha256\",\"type\":\"text\",\"fixed\":true}"),
    FORM("verdict", "case", "\"auditor\",\"leader\"",
        TEXT("note") ",{\"name\":\"outcome\",\"type\":\"text\",\"required_at\":\"create\",\"writers\":[\"leader\"]}"),
};

struct world {
    struct scene scene;
    struct forms *forms;
    struct registry *registry;
};

/* Author A's key is the root. Lines are entries that apply, of the register where nothing else is said. */
static void world_init(struct world *w, const char *const *lines, size_t len)
{
    scene_init(&w->scene);
    CHECK_OK(forms_new(&w->forms));
    for (size_t i = 0; i < sizeof forms_here / sizeof *forms_here; i++)
        CHECK_OK(forms_add(w->forms, forms_here[i], strlen(forms_here[i]), true));
    w->scene.forms = w->forms;
    for (size_t i = 0; i < len; i++) scene_say(&w->scene, lines[i]);
    CHECK_OK(registry_new(&w->registry, w->scene.fold, w->forms, w->scene.authors[0].signer.public_key));
}

static void world_release(struct world *w)
{
    registry_free(w->registry);
    forms_free(w->forms);
    scene_release(&w->scene);
}

/* "good", or the reason with "wait: " or "no: " before it. `key_of`: who signed. */
static const char *judged(struct world *w, const char *line, char key_of)
{
    static const char *const words[] = {"good", "wait: ", "no: "};
    struct arena *a = fold_arena(w->scene.fold);
    const struct entry *e = scene_say(&w->scene, arena_printf(a, "%s ?held", line));
    enum verdict v;
    const char *reason;
    CHECK_OK(registry_judge(
        w->registry, w->forms, e, w->scene.authors[key_of - 'A'].signer.public_key, a, &v, &reason));
    CHECK((v == VERDICT_GOOD) == (reason == NULL));
    return arena_printf(a, "%s%s", words[v], reason ? reason : "");
}

#define WORLD(...)                                                                                           \
    struct world w;                                                                                          \
    const char *const lines_[] = {__VA_ARGS__};                                                              \
    world_init(&w, lines_, sizeof lines_ / sizeof *lines_)
#define JUDGED(expected, line, ...)                                                                          \
    do {                                                                                                     \
        WORLD(__VA_ARGS__);                                                                                  \
        CHECK_STR(judged(&w, line, (strchr(line, ' '))[1]), expected);                                       \
        world_release(&w);                                                                                   \
    } while (0)

#define R " @register "
/* Person A1 with these roles and limits; kit A2 of it, with B's key. */
#define PERSON(fields) "p: A A1 + :person" R fields
#define KIT(fields) "k: A A2 + :kit" R "person=person/$A-1 key=&B recipient=*B " fields
#define BY_B "z: B B1 + fact=x"

#define UNKNOWN "wait: its kit is not known to the register"
#define UNSETTLED "wait: the register does not settle whose kit it is from"
#define UNDECIDED "wait: the register does not settle what its author may write"
#define NO_ROLE "no: its author has no role that may write this"
#define REVOKED "no: its kit was revoked before it"
#define NOT_THEN "no: its author was not enrolled on that day"

TEST(the_root_needs_no_record_in_the_register)
{
    JUDGED("good", "z: A A1 + :person" R "name=x", PERSON("name=x"));
    JUDGED("no: its form does not allow this value: other", "z: A A1 + :person" R "other=x",
        PERSON("name=x"));
    JUDGED("no: its record does not belong where it was written", "z: A A1 + :finding" R "fact=x",
        PERSON("name=x"));
    JUDGED(UNKNOWN, "z: A A1 + fact=x", PERSON("name=x"));
    JUDGED(UNKNOWN, "z: B B1 + :person" R "name=x", PERSON("name=x"));
}

TEST(in_a_case_the_root_is_one_of_us)
{
#define ROOT_KIT "k: A A2 + :kit" R "person=person/$A-1 key=&A recipient=*A"
    JUDGED("good", "z: A A3 + fact=x", PERSON("roles.auditor=true"), ROOT_KIT);
    JUDGED(NO_ROLE, "z: A A3 + fact=x", PERSON("roles.admin=true"), ROOT_KIT);
}

TEST(roles)
{
    JUDGED("good", BY_B, PERSON("roles.auditor=true"), KIT(""));
    JUDGED("good", BY_B, PERSON("roles.leader=true roles.admin=true"), KIT(""));
    JUDGED(NO_ROLE, BY_B, PERSON("roles.admin=true"), KIT(""));
    JUDGED(NO_ROLE, BY_B, PERSON("roles.auditor=false"), KIT(""));
    JUDGED(NO_ROLE, "z: B B1 + :mark fact=x", PERSON("roles.auditor=true"), KIT(""));
    JUDGED("good", "z: B B1 + :person" R "name=x", PERSON("roles.admin=true"), KIT(""));
    JUDGED(NO_ROLE, "z: B B1 + :person" R "name=x", PERSON("roles.auditor=true"), KIT(""));
    JUDGED(UNDECIDED, BY_B, PERSON("roles.auditor=true"), KIT(""), "q: C A1 :person" R "roles.auditor=false");
    JUDGED("good", BY_B, PERSON("roles.auditor=true roles.leader=true"), KIT(""),
        "q: C A1 :person" R "roles.auditor=false");
}

TEST(forms)
{
    JUDGED("no: its form does not allow this value: fact", "z: B B1 + fact=1",
        PERSON("roles.auditor=true"), KIT(""));
    JUDGED("wait: its form is not known here", "z: B B1 + :riddle fact=x", PERSON("roles.auditor=true"),
        KIT(""));
}

TEST(a_fixed_field_is_set_by_the_entry_that_makes_the_record)
{
#define FIXED "no: its form fixes this field when the record is made: sha256"
    JUDGED("good", "z: B B1 + :exhibit sha256=x note=x", PERSON("roles.auditor=true"), KIT(""));
    JUDGED("good", "z: B B1 :exhibit note=y", PERSON("roles.auditor=true"), KIT(""));
    JUDGED(FIXED, "z: B B1 :exhibit note=y sha256=y", PERSON("roles.auditor=true"), KIT(""));
    JUDGED(FIXED, "z: B B1 :exhibit sha256=null", PERSON("roles.auditor=true"), KIT(""));
}

#define NO_ROLE_FOR(field) "no: its author has no role that may write this field: " field

TEST(a_field_may_have_writers_of_its_own)
{
#define LEADER PERSON("roles.leader=true")
    JUDGED("good", "z: B B1 + :verdict outcome=x note=x", LEADER, KIT(""));
    JUDGED("good", "z: B B1 :verdict note=x", PERSON("roles.auditor=true"), KIT(""));
    JUDGED(NO_ROLE_FOR("outcome"), "z: B B1 :verdict note=x outcome=x", PERSON("roles.auditor=true"), KIT(""));
    JUDGED(NO_ROLE_FOR("outcome"), "z: B B1 :verdict outcome=null", PERSON("roles.auditor=true"), KIT(""));
    JUDGED(NO_ROLE, "z: B B1 :verdict note=x", PERSON("roles.admin=true"), KIT(""));
    JUDGED(UNDECIDED, "z: B B1 :verdict outcome=x", PERSON("roles.auditor=true roles.leader=true"), KIT(""),
        "q: C A1 :person" R "roles.leader=false");
    JUDGED("good", "z: B B1 :verdict note=x", PERSON("roles.auditor=true roles.leader=true"), KIT(""),
        "q: C A1 :person" R "roles.leader=false");
}

TEST(a_record_is_voided_by_who_could_have_made_it)
{
    JUDGED("good", "z: B B1 :verdict void=true", LEADER, KIT(""));
    JUDGED(NO_ROLE_FOR("void"), "z: B B1 :verdict void=true", PERSON("roles.auditor=true"), KIT(""));
    JUDGED(NO_ROLE_FOR("void"), "z: B B1 :verdict void=null", PERSON("roles.auditor=true"), KIT(""));
    JUDGED("good", "z: B B1 void=true", PERSON("roles.auditor=true"), KIT(""));
}

TEST(kits_must_be_settled)
{
    JUDGED(UNKNOWN, "z: C C1 + fact=x", PERSON("roles.auditor=true"), KIT(""));
    JUDGED(UNSETTLED, BY_B, KIT(""));
    JUDGED(UNSETTLED, BY_B, PERSON("roles.auditor=true"), "k: A A2 + :kit" R "person=person/$A-1 key=&B");
    JUDGED(UNSETTLED, BY_B, PERSON("roles.auditor=true"), "k: A A2 + :kit" R "key=&B recipient=*B");
    JUDGED(UNSETTLED, BY_B, PERSON("roles.auditor=true"),
        "k: A A2 + :kit" R "person=person/$A-1 key=&B recipient=age1x");
    JUDGED(UNSETTLED, BY_B, PERSON("roles.auditor=true"), KIT(""), "l: C A2 :kit" R "key=&D");
    JUDGED(UNSETTLED, BY_B, PERSON("roles.auditor=true"), KIT(""), "l: C A2 :kit" R "recipient=*D");
    JUDGED(UNSETTLED, BY_B, PERSON("roles.auditor=true"), KIT(""), "q: A A7 + :person" R "name=x",
        "l: A A3 + :kit" R "person=person/$A-7 key=&B recipient=*B");
    JUDGED("good", BY_B, PERSON("roles.auditor=true"), KIT(""),
        "l: A A3 + :kit" R "person=register:person/$A-1 key=&B recipient=*B");
    JUDGED(UNKNOWN, BY_B, PERSON("roles.auditor=true"),
        "k: A A2 + :kit" R "person=person/$A-1 key=nonsense recipient=*B");
}

TEST(another_key_is_refused)
{
    WORLD(PERSON("roles.auditor=true"), KIT(""));
    CHECK_STR(judged(&w, BY_B, 'C'), "no: it is not signed by the key that is enrolled for its kit");
    CHECK_STR(judged(&w, "z: A A9 + :person" R "name=x", 'C'), UNKNOWN);
    world_release(&w);
}

TEST(revocations)
{
#define AUDITOR PERSON("roles.auditor=true")
    JUDGED("good", "z: B B1 + fact=x #5 %p", AUDITOR, KIT("revoked.C-1:5=true"));
    JUDGED(REVOKED, "z: B B1 + fact=x #6 %p", AUDITOR, KIT("revoked.C-1:5=true"));
    JUDGED(REVOKED, "z: B B1 + fact=x @C-2", AUDITOR, KIT("revoked.C-1:5=true"));
    JUDGED(REVOKED, "z: B B1 + fact=x #5 %p", AUDITOR, KIT("revoked.C-1:5=true revoked.C-1:4=true"));
    JUDGED("good", "z: B B1 + fact=x #6 %p", AUDITOR, KIT("revoked.C-1:5=false"));
    JUDGED(REVOKED, "z: B B1 + fact=x #6 %p", AUDITOR, KIT("revoked.C-1:5=true"),
        "l: C A2 :kit" R "revoked.C-1:5=false");
    JUDGED(REVOKED, BY_B, AUDITOR, KIT("revoked.nonsense=true"));
    JUDGED(REVOKED, BY_B, AUDITOR, KIT("revoked.C-1:=true"));
}

TEST(what_is_voided_is_revoked_wholly)
{
    JUDGED(REVOKED, BY_B, AUDITOR, KIT(""), "v: A A2 :kit" R "void=true<k");
    JUDGED(REVOKED, BY_B, AUDITOR, KIT("revoked.C-1:5=true"), "v: A A2 :kit" R "void=true<k");
    JUDGED(REVOKED, BY_B, AUDITOR, KIT(""), "v: A A1 :person" R "void=true<p");
    JUDGED("good", BY_B, AUDITOR, KIT(""), "v: A A2 :kit" R "void=true");
    JUDGED("good", BY_B, AUDITOR, KIT(""), "l: A A3 + :kit" R "person=person/$A-1 key=&B recipient=*B",
        "v: A A2 :kit" R "void=true<k");
    JUDGED("good", BY_B, AUDITOR, KIT(""), "l: A A3 + :kit" R "person=person/$A-1 key=&B recipient=*B",
        "v: A A3 :kit" R "void=true<l");
    JUDGED("good", BY_B, AUDITOR, KIT(""), "l: A A3 + :kit" R "person=person/$A-9 key=&B recipient=*C",
        "v: A A3 :kit" R "void=true<l");
}

TEST(validity_is_held_against_the_day_the_author_names)
{
#define ON(day) "z: B B1 + fact=x ^" day "T23:30:00+08:00"
#define MAY_TO_JUNE PERSON("roles.auditor=true valid_from=2026-05-01 valid_to=2026-06-30"), KIT("")
    JUDGED(NOT_THEN, ON("2026-04-30"), MAY_TO_JUNE);
    JUDGED("good", ON("2026-05-01"), MAY_TO_JUNE);
    JUDGED("good", ON("2026-06-30"), MAY_TO_JUNE);
    JUDGED(NOT_THEN, ON("2026-07-01"), MAY_TO_JUNE);
    JUDGED(UNDECIDED, ON("2026-06-30"), MAY_TO_JUNE, "q: C A1 :person" R "valid_to=2027-01-01");
}

TEST(kits_are_listed_with_their_persons)
{
    WORLD(PERSON("name=Bo email=bo@example.org roles.auditor=true"), KIT("revoked.C-1:3=true"),
        "l: A A3 + :kit" R "person=person/$A-1 key=&C recipient=*C",
        "m: A A4 + :kit" R "person=person/$A-9 key=&D recipient=*D");
    size_t len;
    const struct registry_kit *const *kits = registry_kits(w.registry, &len);
    const struct registry_kit *b = registry_kit(w.registry, w.scene.authors[1].kit);
    CHECK(len == 2 && strcmp(kits[0]->kit, kits[1]->kit) < 0);
    CHECK_STR(b->name, "Bo");
    CHECK_STR(b->email, "bo@example.org");
    CHECK_STR(b->person, scene_record(&w.scene, "person", "A1"));
    CHECK(b->revoked && !registry_kit(w.registry, w.scene.authors[2].kit)->revoked);
    CHECK(!memcmp(b->public_key, w.scene.authors[1].signer.public_key, KEY_SIZE));
    CHECK(!memcmp(b->recipient, w.scene.authors[1].signer.public_key, KEY_SIZE));
    CHECK(!registry_kit(w.registry, w.scene.authors[3].kit));
    CHECK(registry_root(w.registry, w.scene.authors[0].signer.public_key));
    CHECK(!registry_root(w.registry, w.scene.authors[1].signer.public_key));
    world_release(&w);
}

TEST(roles_are_answered)
{
    WORLD(PERSON("roles.auditor=true valid_to=2026-06-30"), KIT(""),
        "l: A A3 + :kit" R "person=person/$A-1 key=&C recipient=*C revoked.x:0=true");
    const char *b = w.scene.authors[1].kit, *c = w.scene.authors[2].kit;
    CHECK(registry_role(w.registry, b, "auditor", NULL) && !registry_role(w.registry, b, "leader", NULL));
    CHECK(registry_role(w.registry, b, "auditor", "2026-06-30T00:00:00Z"));
    CHECK(!registry_role(w.registry, b, "auditor", "2026-07-01T00:00:00Z"));
    CHECK(!registry_role(w.registry, c, "auditor", NULL) &&
          !registry_role(w.registry, "kaaaaaaaaaaaa", "auditor", NULL));
    world_release(&w);
}

TEST(no_hub)
{
    WORLD(PERSON("name=x"), "h: A A5 + :hub" R "name=Head key=&F recipient=nonsense");
    struct registry_kit hub;
    CHECK(!registry_hub(w.registry, &hub));
    world_release(&w);
}

TEST(the_hub)
{
    WORLD("h: A A5 + :hub" R "name=Head key=&F recipient=*F");
    struct registry_kit hub;
    CHECK(registry_hub(w.registry, &hub));
    CHECK_STR(hub.name, "Head");
    CHECK_STR(hub.kit, w.scene.authors[5].kit);
    world_release(&w);
}

static const unsigned char *author_key(struct world *w, char author)
{
    return w->scene.authors[author - 'A'].signer.public_key;
}

TEST(a_hub_stays_the_same_under_another_key)
{
    WORLD("h: A A5 + :hub" R "name=Head key=&F recipient=*F", "k2: A A5 :hub" R "key=&E<h recipient=*E<h");
    struct registry_kit now;
    CHECK(registry_hub_now(w.registry, author_key(&w, 'F'), &now) && same_bytes(now.public_key, author_key(&w, 'E'), KEY_SIZE));
    CHECK(registry_hub_now(w.registry, author_key(&w, 'E'), &now) && !registry_hub_now(w.registry, author_key(&w, 'D'), &now));
    CHECK(registry_hub_key(w.registry, author_key(&w, 'F')) && registry_hub_key(w.registry, author_key(&w, 'E')));
    world_release(&w);
}

TEST(two_new_keys_of_a_hub_are_none)
{
    WORLD("h: A A5 + :hub" R "name=Head key=&F recipient=*F", "k2: A A5 :hub" R "key=&E<h recipient=*E<h",
        "k3: A A5 :hub" R "key=&D<h recipient=*D<h");
    struct registry_kit now;
    CHECK(!registry_hub_now(w.registry, author_key(&w, 'F'), &now) && !registry_hub_now(w.registry, author_key(&w, 'E'), &now));
    CHECK(registry_hub_key(w.registry, author_key(&w, 'D')));
    world_release(&w);
}

static bool may_see(struct world *w, char author, const char *case_name)
{
    return registry_may_see(w->registry, w->scene.fold, w->scene.authors[author - 'A'].kit, case_name, NULL, NULL);
}

TEST(who_may_see_what)
{
    WORLD(PERSON("roles.auditor=true"), KIT(""), "q: A A3 + :person" R "roles.headquarters=true",
        "l: A A4 + :kit" R "person=person/$A-3 key=&C recipient=*C",
        "m: A A5 + :kit" R "person=person/$A-3 key=&D recipient=*D revoked.x:0=true", "f: C C1 + fact=x",
        "g: C C2 + :assignment person=register:person/$A-1 @C-2", "h: C C3 + fact=x @C-3",
        "i: B C3 fact=y @C-3", "j: B B4 + :organisation fact=x @C-4", "k2: C C4 + fact=y @C-4",
        "n: C C5 + :assignment person=register:person/$A-1 @C-5", "v: C C5 :assignment void=true<n @C-5");
    CHECK(may_see(&w, 'B', REGISTER_CASE) && may_see(&w, 'C', REGISTER_CASE) &&
          !may_see(&w, 'E', REGISTER_CASE));
    CHECK(!may_see(&w, 'D', REGISTER_CASE) && !may_see(&w, 'D', "C-1"));
    CHECK(!may_see(&w, 'B', "C-1") && may_see(&w, 'C', "C-1") && !may_see(&w, 'E', "C-1"));
    CHECK(may_see(&w, 'B', "C-2") && !may_see(&w, 'B', "C-3") && may_see(&w, 'B', "C-4") &&
          !may_see(&w, 'B', "C-5"));
    world_release(&w);
}

TEST(who_opened_a_case_is_told_by_the_hub)
{
    WORLD(PERSON("roles.auditor=true"), KIT(""), "j: B B4 + :organisation fact=x @C-4",
        "k2: C C4 + :organisation fact=y @C-4");
    const char *b = w.scene.authors[1].kit, *c = w.scene.authors[2].kit;
    CHECK(!registry_may_see(w.registry, w.scene.fold, b, "C-4", NULL, NULL));
    CHECK(registry_may_see(w.registry, w.scene.fold, b, "C-4", b, NULL));
    CHECK(!registry_may_see(w.registry, w.scene.fold, b, "C-4", c, NULL));
    world_release(&w);
}

static bool b_sees_at(const struct world *w, const char *at)
{
    return registry_may_see(w->registry, w->scene.fold, w->scene.authors[1].kit, "C-2", NULL, at);
}

TEST(of_dates_in_conflict_each_must_let_see)
{
    WORLD(PERSON("roles.auditor=true"), KIT(""),
        "g: C C2 + :assignment person=register:person/$A-1 from=2026-01-01 @C-2",
        "u: C C2 :assignment until=2026-02-01 from=2026-01-10<g @C-2",
        "v: A C2 :assignment until=2026-03-01 from=2026-01-20<g @C-2");
    CHECK(b_sees_at(&w, "2026-01-25T10:00:00Z") && b_sees_at(&w, "2026-02-01T10:00:00Z"));
    CHECK(!b_sees_at(&w, "2026-02-02T10:00:00Z") && !b_sees_at(&w, "2026-01-15T10:00:00Z"));
    world_release(&w);
}

TEST(forms_come_with_the_register)
{
    const char *published = "{\"fields\":[],\"form\":\"riddle\",\"in\":\"case\",\"writers\":[\"auditor\"]}";
    unsigned char hash[SHA256_SIZE];
    char id[FORM_ID_SIZE] = "riddle@", line[512];
    sha256(hash, published, strlen(published));
    hex_write(id + strlen(id), hash, 8);
    snprintf(line, sizeof line, "s: A A6 + :scheme" R "form.riddle.%s=%s form.x.y={\"form\":1}", id + 7,
        published);
    WORLD(line);
    CHECK(forms_find(w.forms, id) && !forms_current(w.forms, "riddle") && *err_message() == '\0');
    world_release(&w);
}

int main(int argc, char **argv)
{
    return test_main(argc, argv);
}
