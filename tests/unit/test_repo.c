/* The hub's repository against stock git: packs made here, trees, signed commits, what a crash leaves. */
#define _XOPEN_SOURCE 700
#define _DEFAULT_SOURCE /* usleep */

#include "test.h"

#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../sync/hub/repo.h"
#include "../../sync/hub/tree.h"
#include "satchel/base/os.h"

static char folder[64]; /* of the test that runs */

static void begin(struct repo **repo)
{
    snprintf(folder, sizeof folder, "/tmp/satchel-repo-XXXXXX");
    CHECK(mkdtemp(folder) != NULL);
    char path[128];
    snprintf(path, sizeof path, "%s/repo.git", folder);
    CHECK_OK(repo_create(path, "register"));
    CHECK_OK(repo_open(repo, folder));
}

static void end(struct repo *repo)
{
    repo_close(repo);
    CHECK_OK(os_remove_tree(folder));
}

/* Exit status of a shell command run in the test's folder. */
static int shell(const char *command)
{
    char line[2048];
    snprintf(line, sizeof line, "cd %s && { %s ; } >>%s/log 2>&1", folder, command, folder);
    return system(line);
}

#define CHECK_SHELL(command)                                                                                 \
    do {                                                                                                     \
        if (shell(command) != 0) {                                                                           \
            test_failed_checks++;                                                                            \
            printf("  %s:%d: fails: %s\n", __FILE__, __LINE__, command);                                     \
            (void)!system("cat /tmp/satchel-repo-*/log");                                                    \
        }                                                                                                    \
    } while (0)

static int read_tree(void *ctx, struct buf *out, const struct oid *id)
{
    return repo_read(ctx, out, id, OBJECT_TREE);
}

static struct tree *tree_of(struct repo *repo, const struct oid *root)
{
    struct tree *t = NULL;
    CHECK_OK(tree_new(&t, &(struct tree_reader){read_tree, repo}, root));
    return t;
}

static struct commit commit_of(const struct oid *tree, const struct oid *parent)
{
    struct commit_person who = {"A <b>\n 李", "a@b", -5, -330};
    struct commit c = {.tree = *tree,
        .has_parent = parent != NULL,
        .author = who,
        .committer = who,
        .message = "m\n\nEntry: x\n"};
    if (parent) c.parent = *parent;
    return c;
}

/* Puts a blob at a path of the tree. */
static void put(struct pack *pack, struct tree *tree, const char *path, const char *text)
{
    struct oid id;
    CHECK_OK(pack_add(pack, OBJECT_BLOB, path, text, strlen(text), &id));
    CHECK_OK(tree_put(tree, path, &id));
}

/* Commits the tree as it stands onto *tip. */
static void commit(struct pack *pack, struct tree *tree, struct oid *tip, bool *born)
{
    struct oid root;
    struct buf bytes;
    CHECK_OK(tree_write(tree, pack, &root));
    struct commit c = commit_of(&root, *born ? tip : NULL);
    buf_init(&bytes, BUF_UNLIMITED);
    commit_write(&bytes, &c);
    CHECK_OK(pack_add(pack, OBJECT_COMMIT, NULL, bytes.data, bytes.len, tip));
    buf_release(&bytes);
    *born = true;
}

static void store(struct repo *repo, struct pack *pack)
{
    const void *bytes;
    size_t len;
    CHECK_OK(pack_end(pack, &bytes, &len));
    CHECK_OK(repo_store_pack(repo, bytes, len));
    pack_free(pack);
}

static int move(struct repo *repo, const struct oid *to, const struct oid *from)
{
    struct repo_move m = {.branch = "register", .to = *to, .born = from != NULL};
    if (from) m.from = *from;
    return repo_move(repo, &m, 1);
}

/* Random changes of some hundred files in sharded folders, `commits` of them; branch "register". */
static void grow(
    struct repo *repo, struct tree *tree, struct oid *tip, bool *born, uint64_t seed, int commits)
{
    struct pack *pack;
    char path[64], text[512];
    struct oid from = *tip;
    bool was_born = *born;
    CHECK_OK(pack_new(&pack));
    for (int i = 0; i < commits; i++) {
        uint64_t r = test_random_next(&seed);
        snprintf(path, sizeof path, "record/%d/%d.json", (int)(r % 3), (int)(r % 300));
        snprintf(text, sizeof text, "{\n%0*d\n\"x\":%llu\n}\n", 1 + (int)(r >> 20) % 200, 7,
            (unsigned long long)r);
        if (r % 7 == 0)
            CHECK_OK(tree_remove(tree, path));
        else
            put(pack, tree, path, text);
        put(pack, tree, "same", "in every pack");
        snprintf(path, sizeof path, "log/%d", i % 40);
        put(pack, tree, path, text);
        commit(pack, tree, tip, born);
    }
    store(repo, pack);
    CHECK_OK(move(repo, tip, was_born ? &from : NULL));
}

TEST(a_pack_made_here_is_good_to_stock_git)
{
    struct repo *repo;
    struct oid tip = {0};
    bool born = false;
    begin(&repo);
    struct tree *tree = tree_of(repo, NULL);
    grow(repo, tree, &tip, &born, 1, test_full ? 3000 : 300);
    grow(repo, tree, &tip, &born, 2, 100);
    CHECK_SHELL("git -C repo.git fsck --strict --full && test -z \"$(git -C repo.git fsck --strict 2>&1)\"");
    CHECK_SHELL(
        "git clone -q repo.git clone && cd clone && git log -p >/dev/null && git blame log/3 >/dev/null");
    CHECK_SHELL("cd repo.git && git verify-pack -v objects/pack/*.idx | grep -q 'chain length = 4[0-8]'");
    tree_free(tree);
    end(repo);
}

static int count_file(void *ctx, const char *path, const struct oid *blob)
{
    (void)path;
    (void)blob;
    ++*(int *)ctx;
    return 0;
}

TEST(a_tree_read_anew_is_the_one_that_was_written)
{
    struct repo *repo;
    struct oid tip = {0}, root, again;
    struct digest *sha1;
    bool born = false;
    int files = 0, files_again = 0;
    begin(&repo);
    struct tree *tree = tree_of(repo, NULL);
    grow(repo, tree, &tip, &born, 3, 200);
    CHECK_OK(digest_sha1(&sha1));
    CHECK_OK(tree_id(tree, sha1, &root));
    struct tree *other = tree_of(repo, &root);
    CHECK_OK(tree_walk(tree, "", count_file, &files));
    CHECK_OK(tree_walk(other, "", count_file, &files_again));
    CHECK(files > 100 && files == files_again);
    CHECK_OK(tree_put(other, "record/0/new", &root));
    CHECK_OK(tree_remove(other, "record/0/new"));
    CHECK_OK(tree_put(other, "only/here", &root));
    CHECK_OK(tree_remove(other, "only/here"));
    CHECK_OK(tree_remove(other, "not/there"));
    CHECK_OK(tree_id(other, sha1, &again));
    CHECK(oid_equal(&root, &again));
    CHECK(tree_find(other, "only", &again) == ERR_MISSING);
    CHECK_OK(tree_find(other, "log/7", &again));
    digest_free(sha1);
    tree_free(other);
    tree_free(tree);
    end(repo);
}

static int note_path(void *ctx, const char *path, const struct oid *old, const struct oid *now)
{
    struct buf *out = ctx;
    buf_addf(out, "%c%s ", old && now ? '*' : old ? '-' : '+', path);
    return 0;
}

TEST(comparing_names_what_differs)
{
    struct repo *repo;
    struct pack *pack;
    struct oid before, after;
    struct buf found;
    begin(&repo);
    CHECK_OK(pack_new(&pack));
    struct tree *tree = tree_of(repo, NULL);
    put(pack, tree, "a/1", "1");
    put(pack, tree, "a/2", "2");
    put(pack, tree, "b/x/1", "1");
    put(pack, tree, "same/1", "1");
    CHECK_OK(tree_write(tree, pack, &before));
    put(pack, tree, "a/2", "changed");
    put(pack, tree, "a.txt", "sorts before the folder");
    put(pack, tree, "c/3", "3");
    CHECK_OK(tree_remove(tree, "b/x/1"));
    CHECK_OK(tree_write(tree, pack, &after));
    store(repo, pack);
    struct tree *old = tree_of(repo, &before), *now = tree_of(repo, &after);
    buf_init(&found, 1000);
    CHECK_OK(tree_compare(old, now, note_path, &found));
    CHECK_STR(buf_str(&found), "+a.txt *a/2 -b/x/1 +c/3 ");
    buf_release(&found);
    tree_free(old);
    tree_free(now);
    tree_free(tree);
    end(repo);
}

TEST(stock_git_verifies_a_signed_commit)
{
    struct repo *repo;
    struct pack *pack;
    struct oid root, tip;
    struct signer signer;
    struct buf plain, bytes, line;
    struct arena a;
    struct commit_view view;
    char path[128];
    unsigned char seed[KEY_SIZE] = {7};
    begin(&repo);
    arena_init(&a);
    CHECK_OK(seed_signer(&signer, seed));
    CHECK_OK(pack_new(&pack));
    struct tree *tree = tree_of(repo, NULL);
    put(pack, tree, "README.md", "x");
    CHECK_OK(tree_write(tree, pack, &root));
    struct commit c = commit_of(&root, NULL);
    buf_init(&plain, BUF_UNLIMITED);
    buf_init(&bytes, BUF_UNLIMITED);
    buf_init(&line, BUF_UNLIMITED);
    commit_write(&plain, &c);
    CHECK_OK(commit_sign(&bytes, &plain, &signer));
    CHECK_OK(pack_add(pack, OBJECT_COMMIT, NULL, bytes.data, bytes.len, &tip));
    store(repo, pack);
    CHECK_OK(move(repo, &tip, NULL));

    CHECK_OK(commit_read(&view, &a, bytes.data, bytes.len));
    CHECK(commit_signed_by(&view, signer.public_key) && !view.has_parent);
    CHECK_STR(view.payload, buf_str(&plain));
    CHECK_STR(commit_trailer(&view, &a, "Entry"), "x");
    CHECK(commit_trailer(&view, &a, "Kit") == NULL);

    buf_adds(&line, "hub@satchel ");
    ssh_key_line_write(&line, signer.public_key, "hub");
    snprintf(path, sizeof path, "%s/signers", folder);
    CHECK_OK(file_write(path, line.data, line.len));
    CHECK_SHELL("git -C repo.git -c gpg.ssh.allowedSignersFile=$PWD/signers verify-commit register");
    CHECK_SHELL("git -C repo.git fsck --strict && git -C repo.git log --format='%an|%ae|%ad' --date=raw | "
                "grep -q '|a@b|19800 -0530$'");
    buf_release(&plain);
    buf_release(&bytes);
    buf_release(&line);
    arena_release(&a);
    tree_free(tree);
    end(repo);
}

TEST(a_branch_moves_only_from_where_it_was)
{
    struct repo *repo;
    struct oid tip = {0}, now;
    bool born = false;
    begin(&repo);
    struct tree *tree = tree_of(repo, NULL);
    CHECK(repo_tip(repo, "register", &now) == ERR_MISSING);
    grow(repo, tree, &tip, &born, 4, 3);
    CHECK(move(repo, &tip, NULL) == ERR_ROAD);
    CHECK_OK(repo_tip(repo, "register", &now));
    CHECK(oid_equal(&now, &tip));
    tree_free(tree);
    end(repo);
}

TEST(what_a_killed_process_left_is_cleaned)
{
    struct repo *repo;
    struct oid tip = {0};
    bool born = false;
    begin(&repo);
    struct tree *tree = tree_of(repo, NULL);
    grow(repo, tree, &tip, &born, 5, 3);
    CHECK_SHELL("cd repo.git && touch refs/heads/register.lock HEAD.lock objects/pack/pack_git2_abc "
                "objects/pack/pack-1234.idx");
    CHECK_OK(repo_clean(repo));
    CHECK_SHELL(
        "cd repo.git && test -z \"$(find . -name '*.lock' -o -name 'pack_git2*' -o -name 'pack-1234*')\"");
    grow(repo, tree, &tip, &born, 6, 3);
    CHECK_SHELL("git -C repo.git fsck --strict");
    tree_free(tree);
    end(repo);
}

TEST(many_packs_become_one_and_nothing_is_lost)
{
    struct repo *repo;
    struct oid tip = {0};
    bool born = false;
    begin(&repo);
    struct tree *tree = tree_of(repo, NULL);
    for (uint64_t i = 0; i < 8; i++) grow(repo, tree, &tip, &born, 10 + i, 20);
    CHECK_OK(repo_consolidate(repo, 8, 0));
    CHECK_SHELL("test $(ls repo.git/objects/pack/*.pack | wc -l) = 8");
    CHECK_OK(repo_consolidate(repo, 7, 0));
    CHECK_SHELL(
        "test $(ls repo.git/objects/pack/*.pack | wc -l) = 1 && git -C repo.git fsck --strict --full");
    CHECK_OK(repo_consolidate(repo, 0, 0));
    CHECK_SHELL(
        "test $(ls repo.git/objects/pack/*.pack | wc -l) = 1 && git -C repo.git fsck --strict --full");
    grow(repo, tree, &tip, &born, 30, 20);
    CHECK_SHELL(
        "git -C repo.git fsck --strict --full && test $(git -C repo.git rev-list --count register) = 180");
    tree_free(tree);
    end(repo);
}

/* ---- while others read ---- */

/* Folds at every turn, and removes what was replaced a second ago. */
static void consolidate_for_ever(void)
{
    struct repo *repo;
    if (repo_open(&repo, folder)) _exit(1);
    for (;;)
        if (repo_clean(repo) || repo_consolidate(repo, 3, 1)) _exit(1);
}

/* Stock git reads whole branches and clones, over and over, for as long as the file `go` is there. */
static pid_t start_reader(void)
{
    CHECK_SHELL("touch go");
    pid_t reader = fork();
    if (reader != 0) return reader;
    _exit(shell("n=0; while [ -e go ] && [ $n -lt 2000 ]; do n=$((n + 1)); "
                "git -C repo.git rev-list --objects --all > objects || { touch broken; break; }; "
                "rm -rf cloned; git clone -q --mirror \"file://$PWD/repo.git\" cloned || { touch broken; break; }; "
                "git -C cloned fsck --strict || { touch broken; break; }; echo $n > rounds; done") != 0);
}

static void kill_at_random(uint64_t *seed)
{
    int status;
    pid_t child = fork();
    if (child == 0) consolidate_for_ever();
    usleep((useconds_t)(test_random_next(seed) % 40000));
    kill(child, SIGKILL);
    CHECK(waitpid(child, &status, 0) == child && WIFSIGNALED(status));
}

TEST(who_reads_meanwhile_finds_all_whenever_it_is_killed)
{
    struct repo *repo, *open;
    struct oid tip = {0}, first;
    struct buf out;
    uint64_t seed = 77;
    bool born = false;
    int grown = 12, turns = test_full ? 200 : 25;
    begin(&repo);
    buf_init(&out, COMMIT_MAX_BYTES);
    struct tree *tree = tree_of(repo, NULL);
    for (int i = 0; i < grown; i++) grow(repo, tree, &tip, &born, (uint64_t)(1000 + i), 3);
    CHECK_OK(repo_open(&open, folder));
    first = tip;
    CHECK_OK(repo_read(open, &out, &first, OBJECT_COMMIT));
    pid_t reader = start_reader();
    for (int i = 0; i < turns; i++, grown++) {
        kill_at_random(&seed);
        CHECK_OK(repo_clean(repo));
        grow(repo, tree, &tip, &born, (uint64_t)(1000 + grown), 3);
        buf_clear(&out);
        CHECK_OK(repo_read(open, &out, i % 2 ? &tip : &first, OBJECT_COMMIT));
    }
    CHECK_SHELL("rm go");
    CHECK(waitpid(reader, NULL, 0) == reader);
    CHECK_SHELL("test ! -e broken && test -s rounds");
    usleep(2100000);
    for (int i = 0; i < 20; i++) CHECK_OK(repo_consolidate(repo, 3, 1));
    CHECK_OK(repo_consolidate(repo, 3, 0));
    CHECK_SHELL("test $(ls repo.git/objects/pack/*.pack | wc -l) -le 7 && git -C repo.git fsck --strict --full");
    char count[96];
    snprintf(count, sizeof count, "test $(git -C repo.git rev-list --count register) = %d", 3 * grown);
    CHECK_SHELL(count);
    buf_release(&out);
    tree_free(tree);
    repo_close(open);
    end(repo);
}

TEST(what_is_measured_is_what_git_counts)
{
    struct repo *repo;
    struct repo_sizes s;
    struct oid tip = {0};
    bool born = false;
    char command[160];
    begin(&repo);
    struct tree *tree = tree_of(repo, NULL);
    for (uint64_t i = 0; i < 3; i++) grow(repo, tree, &tip, &born, i, 5);
    CHECK_OK(repo_measure(repo, &s));
    CHECK(s.packs == 3);
    snprintf(command, sizeof command,
        "git -C repo.git count-objects -v > n && grep -qx 'in-pack: %lld' n && grep -qx 'packs: 3' n",
        (long long)s.objects);
    CHECK_SHELL(command);
    tree_free(tree);
    end(repo);
}

TEST(a_pack_that_holds_all_of_another_is_not_lost)
{
    struct repo *repo;
    struct pack *pack;
    struct oid one, two;
    begin(&repo);
    for (int i = 0; i < 2; i++) {
        CHECK_OK(pack_new(&pack));
        CHECK_OK(pack_add(pack, OBJECT_BLOB, NULL, "one", 3, &one));
        if (i) CHECK_OK(pack_add(pack, OBJECT_BLOB, NULL, "two", 3, &two));
        store(repo, pack);
    }
    struct buf out;
    buf_init(&out, 100);
    CHECK_OK(repo_consolidate(repo, 0, 0));
    CHECK_OK(repo_read(repo, &out, &one, OBJECT_BLOB));
    CHECK_OK(repo_read(repo, &out, &two, OBJECT_BLOB));
    buf_release(&out);
    end(repo);
}

TEST(damage_and_size_are_noticed)
{
    struct repo *repo;
    struct pack *pack;
    struct oid id, none = {{1}};
    struct buf out;
    begin(&repo);
    CHECK_OK(pack_new(&pack));
    CHECK_OK(pack_add(pack, OBJECT_BLOB, NULL, "0123456789", 10, &id));
    store(repo, pack);
    buf_init(&out, 9);
    CHECK(repo_read(repo, &out, &id, OBJECT_BLOB) == ERR_DAMAGED);
    out.max = 10;
    CHECK(repo_read(repo, &out, &id, OBJECT_TREE) == ERR_DAMAGED);
    CHECK(repo_read(repo, &out, &none, OBJECT_BLOB) == ERR_MISSING);
    CHECK_OK(repo_read(repo, &out, &id, OBJECT_BLOB));
    CHECK_STR(buf_str(&out), "0123456789");
    buf_release(&out);
    end(repo);
}

int main(int argc, char **argv)
{
    return test_main(argc, argv);
}
