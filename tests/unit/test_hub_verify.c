/* Proof of a hub's repository: sound ones pass, and nothing that was changed in one goes unseen. Tampering is
 * done by stock git; where it matters by a hub that lies, that is with the hub's own key. */
#include "hub_kit.h"

static struct verified found;

/* Verifies a folder below world.folder; 0 sound, else the code. */
static int verify_with(const char *name, const unsigned char *root, const struct receipt *anchor)
{
    const char *path = arena_printf(&world.arena, "%s/%s", world.folder, name);
    struct verify_request r = {.path = path, .root = root, .forms = world.forms};
    unsigned char keys[1][KEY_SIZE];
    memcpy(keys[0], hub_public_key(world.hub), KEY_SIZE);
    r.against = &anchor;
    r.against_keys = (const unsigned char(*)[KEY_SIZE])keys;
    r.against_len = anchor != NULL;
    found = (struct verified){0};
    int rc = hub_verify(&r, &world.arena, &found);
    return rc;
}

static int verify(const char *name)
{
    return verify_with(name, A->signer.public_key, NULL);
}

static void print_found(void)
{
    for (size_t i = 0; found.problems && i < found.problems->len; i++)
        printf("    %s: %s\n", jv_get_str(found.problems->items[i], "where"),
            jv_get_str(found.problems->items[i], "text"));
}

/* A problem whose text has this in it was found. */
static bool told(const char *text)
{
    for (size_t i = 0; found.problems && i < found.problems->len; i++)
        if (strstr(jv_get_str(found.problems->items[i], "text"), text)) return true;
    print_found();
    return false;
}

#define CHECK_SOUND(call)                                                                                    \
    do {                                                                                                     \
        CHECK_OK(call);                                                                                      \
        print_found();                                                                                       \
    } while (0)
#define CHECK_TOLD(call, text)                                                                               \
    do {                                                                                                     \
        int rc_ = (call);                                                                                    \
        if (rc_ != ERR_NO) printf("  gives %d\n", rc_);                                                      \
        CHECK(rc_ == ERR_NO && told(text));                                                                  \
    } while (0)

static const struct receipt *checkpoint(void)
{
    struct buf bytes, sig;
    struct receipt *r = NULL;
    buf_init(&bytes, RECEIPT_MAX_BYTES);
    buf_init(&sig, 4096);
    CHECK_OK(hub_checkpoint(world.hub, &bytes, &sig));
    CHECK_OK(receipt_parse(&r, &world.arena, bytes.data, bytes.len));
    buf_release(&bytes);
    buf_release(&sig);
    return r;
}

/* Two cases; in C-1 a quarantined entry, one that waited, evidence, and several bundles. */
static void begin(void)
{
    struct hub_taken taken;
    hub_kit_begin();
    say(B, "C-1", "organisation", 1, "{\"name\":\"Org\"}");
    say(B, "C-1", "finding", 2, "{\"fact\":\"x\",\"grade\":\"minor\"}");
    CHECK_DELIVER(B, "C-1");
    struct evidence x = make_exhibit(1, 5000);
    say_evidence(B, "C-1", 3, &x);
    say(B, "C-1", "decision", 4, "{\"outcome\":\"grant\"}");
    hold(B, say(D, "C-1", "finding", 1, "{\"fact\":\"from d\"}"), D);
    struct bundle_order o = order_of(B, "C-1");
    o.evidence = &x;
    o.evidence_len = 1;
    size_t len;
    CHECK_OK(hub_receive(world.hub, cut_order(&o, &len)[0].path, &world.arena, &taken, NULL));
    CHECK(taken.waiting == 1 && taken.problems->len == 1 && taken.receipt->held_len == 1);
    enrol(D, 5, "dora", "\"roles.auditor\":true");
    CHECK_DELIVER(A, REGISTER_CASE);
    say(B, "C-1", "finding", 2, "{\"grade\":\"major\"}");
    CHECK_OK(deliver(B, "C-1", &taken));
    say(C, "C-2", "organisation", 1, "{\"name\":\"Other\"}");
    CHECK_DELIVER(C, "C-2");
    CHECK_SHELL("cp -r hub copy");
}

TEST(a_sound_repository_passes_wherever_it_is)
{
    struct hub_taken taken;
    begin();
    const struct receipt *anchor = checkpoint();
    CHECK_SOUND(verify_with("hub", A->signer.public_key, anchor));
    CHECK(found.anchored && found.cases == 3 && found.entries == 15 && found.evidence == 1 &&
          found.unanchored->len == 0);
    CHECK_SOUND(verify_with("hub", NULL, anchor));
    CHECK(!found.anchored);
    CHECK_SOUND(verify("hub"));
    CHECK(!found.anchored && found.unanchored->len == 3);
    CHECK_SHELL("git clone -q --bare hub/repo.git bare && git clone -q hub/repo.git clone");
    CHECK_SOUND(verify_with("bare", A->signer.public_key, anchor));
    CHECK(found.anchored && found.evidence == 0);
    CHECK_SOUND(verify_with("clone", A->signer.public_key, anchor));
    CHECK(found.anchored && found.cases == 3);
    say(B, "C-1", "finding", 7, "{\"fact\":\"later\"}");
    CHECK_OK(deliver(B, "C-1", &taken));
    say(A, REGISTER_CASE, "person", 1, "{\"name\":\"Anna\"}");
    CHECK_DELIVER(A, REGISTER_CASE);
    CHECK_SHELL("cd clone && git fetch -q"); /* its own branch lags behind now, which is no fault */
    CHECK_SOUND(verify_with("clone", A->signer.public_key, anchor));
    CHECK(verify("nowhere") == ERR_MISSING);
    hub_kit_end();
}

TEST(another_root_or_another_hub_is_told)
{
    begin();
    CHECK_TOLD(verify_with("hub", B->signer.public_key, NULL), "does not allow the entry");
    struct receipt other = *checkpoint();
    other.root = B->id;
    CHECK_TOLD(verify_with("hub", A->signer.public_key, &other), "of another register");
    hub_kit_end();
}

/* ---- by anybody, with stock git ---- */

TEST(a_rewritten_branch_is_told)
{
    begin();
    CHECK_SHELL("git -C hub/repo.git fast-export C-1 | sed 's/grade minor/grade never/' | git -C "
                "copy/repo.git fast-import "
                "--quiet --force");
    CHECK_TOLD(verify("copy"), "nor signed by the hub");
    hub_kit_end();
}

TEST(a_commit_on_top_is_told)
{
    begin();
    CHECK_SHELL("cd copy/repo.git && export GIT_AUTHOR_NAME=x GIT_AUTHOR_EMAIL=x GIT_COMMITTER_NAME=x "
                "GIT_COMMITTER_EMAIL=x && "
                "git update-ref refs/heads/C-1 $(git commit-tree -p C-1 -m x C-1^{tree})");
    CHECK_TOLD(verify("copy"), "nor signed by the hub");
    CHECK_SHELL("cd copy/repo.git && git update-ref refs/heads/C-1 C-1~2");
    CHECK_TOLD(verify("copy"), "the hub's own commit is missing");
    hub_kit_end();
}

TEST(cut_tails_and_dropped_branches_show_against_an_anchor)
{
    begin();
    const struct receipt *anchor = checkpoint();
    CHECK_SHELL("cd copy/repo.git && git update-ref refs/heads/C-1 C-1~2"); /* to the hub's commit before */
    CHECK_SOUND(verify("copy"));
    CHECK_TOLD(verify_with("copy", A->signer.public_key, anchor), "that a receipt names is not held");
    CHECK_SHELL("rm -r copy && cp -r hub copy && git -C copy/repo.git branch -q -D C-2");
    CHECK_SOUND(verify("copy"));
    CHECK_TOLD(verify_with("copy", A->signer.public_key, anchor), "a case that a receipt names is not here");
    CHECK_SHELL("rm -r copy && cp -r hub copy && git -C copy/repo.git update-ref -d refs/heads/register");
    CHECK_TOLD(verify("copy"), "there is no branch 'register'");
    hub_kit_end();
}

TEST(changed_or_missing_bytes_of_evidence_are_told)
{
    begin();
    CHECK_SHELL("f=$(find copy/repo.git/lfs/objects -type f) && chmod u+w $f && printf x | dd of=$f bs=1 "
                "seek=77 conv=notrunc");
    CHECK_TOLD(verify("copy"), "bytes of evidence were changed");
    CHECK_SHELL("rm $(find copy/repo.git/lfs/objects -type f)");
    CHECK_TOLD(verify("copy"), "bytes of evidence are not here");
    hub_kit_end();
}

/* Every object of a branch is read, so a flipped byte of a pack can't hide, but for the bits that deflate
 * fills up with. */
TEST(no_flipped_byte_of_a_pack_goes_unseen)
{
    struct buf size;
    begin();
    CHECK_SHELL("cd hub/repo.git && git repack -q -a -d -f && chmod u+w objects/pack/* && cp -r objects/pack "
                "../../packs");
    CHECK_SHELL("git -C hub/repo.git cat-file --batch --batch-all-objects > objects");
    CHECK_SHELL("stat -c %%s packs/*.pack | tr -d '\n' > size");
    buf_init(&size, 100);
    CHECK_OK(file_read(arena_printf(&world.arena, "%s/size", world.folder), &size));
    int flips = test_full ? 400 : 40, bytes = atoi(buf_str(&size)) - 32; /* without its head and its sum */
    uint64_t seed = 7;
    for (int i = 0; i < flips; i++) {
        int at = 12 + (int)(test_random_next(&seed) % (uint64_t)bytes);
        CHECK_SHELL(
            "cp packs/*.pack hub/repo.git/objects/pack/ && cd hub/repo.git/objects/pack && "
            "b=$(od -An -tu1 -j%d -N1 *.pack | tr -d ' ') && printf \"\\\\$(printf %%o $((b ^ 16)))\" | "
            "dd of=$(echo *.pack) bs=1 seek=%d conv=notrunc",
            at, at);
        if (verify("hub") == 0)
            CHECK_SHELL("git -C hub/repo.git cat-file --batch --batch-all-objects | cmp - objects");
    }
    buf_release(&size);
    hub_kit_end();
}

/* ---- by a hub that lies ---- */

/* Writes a branch of the copy anew with the hub's own key. `edit` is run for each commit, $n = 1, 2, …, with
 * its files in the index; the commits of `skip` are left out. */
static void rewrite(const char *branch, const char *skip, const char *edit)
{
    CHECK_SHELL("cd copy/repo.git && chmod 600 ../keys/hub && n=0 p= && for c in $(git rev-list --reverse "
                "%s) ; do n=$((n+1)) ; "
                "case \" %s \" in *\" $n \"*) continue ;; esac ; export GIT_INDEX_FILE=$PWD/tampered ; rm -f "
                "tampered ; "
                "git read-tree $c ; %s ; "
                "export GIT_AUTHOR_NAME=\"$(git log -1 --format=%%an $c)\" GIT_AUTHOR_EMAIL=\"$(git log -1 "
                "--format=%%ae $c)\" "
                "GIT_AUTHOR_DATE=\"$(git log -1 --format=%%ad --date=raw $c)\" GIT_COMMITTER_NAME=HQ "
                "GIT_COMMITTER_EMAIL=h ; "
                "s= ; git cat-file commit $c | grep -q ^gpgsig && s=-S ; "
                "p=$(git cat-file commit $c | sed '1,/^$/d' | git -c gpg.format=ssh -c "
                "user.signingKey=$PWD/../keys/hub "
                "commit-tree $s "
                "${p:+-p $p} -F - $(git write-tree)) || exit 1 ; done ; git update-ref refs/heads/%s $p",
        branch, skip, edit, branch);
}

/* Puts the text of a command's output as a file into the index, from commit n on. */
#define PUT(n, path, command)                                                                                \
    "if [ $n -ge " #n " ] ; then o=$(" command                                                               \
    " | git hash-object -w --stdin) && git update-index --add --cacheinfo 100644,$o," path " ; fi"
#define REMOVE(path)                                                                                         \
    "echo '0 0000000000000000000000000000000000000000\t'" path " | git update-index --index-info"
#define DROP(n, path) "if [ $n -ge " #n " ] ; then " REMOVE(path) " ; fi"

static const char *path_like(const char *branch, const char *pattern)
{
    return git(
        arena_printf(&world.arena, "ls-tree -r --name-only %s | grep '%s' | head -n 1", branch, pattern));
}

static const char *with_path(const char *format, const char *path)
{
    struct buf out;
    buf_init(&out, SHELL_MAX);
    for (const char *s = format; *s; s++) {
        if (*s == '@')
            buf_adds(&out, path);
        else
            buf_addc(&out, *s);
    }
    const char *copy = arena_strdup(&world.arena, buf_str(&out));
    buf_release(&out);
    return copy;
}

TEST(the_rewriting_itself_is_sound)
{
    begin();
    rewrite("C-1", "", "true");
    CHECK_SOUND(verify_with("copy", A->signer.public_key, checkpoint()));
    hub_kit_end();
}

TEST(a_changed_entry_is_told)
{
    begin();
    rewrite("C-1", "",
        with_path(PUT(1, "@", "git cat-file blob $c:@ | sed s/Org/Fake/"), path_like("C-1", "^log/.*/1-")));
    CHECK(verify("copy") == ERR_NO);
    CHECK(told("the signature is not good") && told("not where its entry belongs"));
    hub_kit_end();
}

TEST(a_changed_record_is_told)
{
    begin();
    rewrite("C-1", "",
        with_path(PUT(2, "@", "git cat-file blob $c:@ | sed s/minor/major/"),
            path_like("C-1", "^record/finding.*/2.json")));
    CHECK_TOLD(verify("copy"), "not what its entry makes");
    CHECK_SHELL("rm -r copy && cp -r hub copy");
    rewrite("C-1", "",
        with_path(
            PUT(3, "@", "echo x"), path_like("C-1", "^record/finding.*/2.json"))); /* in the hub's commit */
    CHECK_TOLD(verify("copy"), "a commit of the hub must not change");
    hub_kit_end();
}

TEST(a_dropped_entry_is_told)
{
    begin();
    const char *log = path_like("C-1", "^log/.*/1-"), *record = path_like("C-1", "^record/organisation");
    rewrite("C-1", "1", arena_printf(&world.arena, REMOVE("%s") " && " REMOVE("%s"), log, record));
    CHECK_TOLD(verify("copy"), "an entry is missing");
    hub_kit_end();
}

TEST(a_dropped_last_entry_is_told_by_the_receipts_in_the_branch)
{
    begin();
    const char *log = path_like("C-2", "^log/"), *record = path_like("C-2", "^record/");
    rewrite("C-2", "1", arena_printf(&world.arena, REMOVE("%s") " && " REMOVE("%s"), log, record));
    CHECK_TOLD(verify("copy"), "that a receipt names is not held");
    hub_kit_end();
}

TEST(a_branch_under_another_name_is_told)
{
    begin();
    CHECK_SHELL("git -C copy/repo.git branch -q C-3 C-1");
    CHECK_TOLD(verify("copy"), "the entry is of another case");
    hub_kit_end();
}

TEST(an_entry_added_outside_its_commit_is_told)
{
    begin();
    rewrite("C-1", "", PUT(3, "log/kaaaaaaaaaaaa/0/1-0123456789abcdef", "echo x"));
    CHECK_TOLD(verify("copy"), "a commit of the hub must not change");
    CHECK_SHELL("rm -r copy && cp -r hub copy");
    rewrite("C-1", "", PUT(2, "log/kaaaaaaaaaaaa/0/1-0123456789abcdef", "echo x"));
    CHECK_TOLD(verify("copy"), "does not add one file to log/");
    hub_kit_end();
}

TEST(changed_pointers_receipts_and_quarantine_are_told)
{
    static const struct {
        const char *pattern, *edit, *text;
    } cases[] = {
        {"^evidence/", PUT(5, "@", "git cat-file blob $c:@ | sed s/sha256:../sha256:00/"),
            "no record vouches"},
        {"^evidence/", DROP(9, "@"), "a pointer was changed or removed"},
        {"^quarantine/.*[0-9a-f]$", DROP(9, "@"), "an entry that was set apart is gone"},
        {"^quarantine/.*[0-9a-f]$", PUT(9, "@", "echo x"), "an entry that was set apart was changed"},
        {"^receipt/.*json$", DROP(9, "@"), "a receipt was changed or removed"},
        {"^.gitattributes", PUT(9, "@", "echo '* text'"), "not what a hub writes"},
    };
    begin();
    /* what stands before the ninth commit, so that taking it out there is a change and not a history without it */
    const char *before = git("rev-list --reverse C-1 | sed -n 8p");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        CHECK_SHELL("rm -r copy && cp -r hub copy");
        const char *path = path_like(i == 4 ? before : "C-1", cases[i].pattern);
        rewrite("C-1", "", with_path(cases[i].edit, path));
        CHECK_TOLD(verify("copy"), cases[i].text);
    }
    hub_kit_end();
}

TEST(a_forged_receipt_is_told)
{
    begin();
    const char *last = git("diff --name-only C-1~1 C-1 | grep json$");
    rewrite("C-1", "",
        with_path(PUT(9, "@", "git cat-file blob $c:@ | sed s/accepted\\\":./accepted\\\":7/"), last));
    CHECK_TOLD(verify("copy"), "not signed by the hub");
    hub_kit_end();
}

TEST(what_a_hub_never_writes_is_no_crash)
{
    begin();
    CHECK_SHELL("cd copy/repo.git && git tag x C-1 && git branch feature/x C-1 && git branch -q -D C-2 && "
                "git hash-object -w --stdin < config > refs/heads/C-2");
    CHECK(verify("copy") == ERR_NO);
    CHECK_SHELL("rm copy/repo.git/objects/pack/*.idx");
    CHECK(verify("copy") != 0);
    hub_kit_end();
}

int main(int argc, char **argv)
{
    return test_main(argc, argv);
}
