/* A store in a folder of its own, with a few small forms, for tests of what stands on it. POSIX. */
#ifndef STORE_KIT_H
#define STORE_KIT_H

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "satchel/base/os.h"
#include "satchel/store/store.h"
#include "test.h"

#define PASSPHRASE "correct horse battery staple"
#define WORK 4 /* scrypt as quick as it gets */

static const char *const test_forms[] = {
    "{\"form\":\"person\",\"in\":\"register\",\"title\":{\"en\":\"Person\",\"zh\":\"人员\"},\"writers\":["
    "\"admin\"],\"fields\":["
    "{\"name\":\"name\",\"type\":\"text\",\"label\":{\"en\":\"Name\",\"zh\":\"姓名\"}},"
    "{\"name\":\"email\",\"type\":\"text\",\"label\":{\"en\":\"Mail\",\"zh\":\"邮箱\"}},"
    "{\"name\":\"roles\",\"type\":\"set\",\"of\":\"choice\",\"choices\":["
    "{\"value\":\"auditor\",\"label\":{\"en\":\"a\",\"zh\":\"a\"}},"
    "{\"value\":\"admin\",\"label\":{\"en\":\"b\",\"zh\":\"b\"}}],\"label\":{\"en\":\"Roles\",\"zh\":"
    "\"角色\"}}]}",
    "{\"form\":\"kit\",\"in\":\"register\",\"title\":{\"en\":\"Kit\",\"zh\":\"设备\"},\"writers\":[\"admin\"]"
    ",\"fields\":["
    "{\"name\":\"person\",\"type\":\"link\",\"to\":[\"register:person\"],\"label\":{\"en\":\"p\",\"zh\":"
    "\"p\"}},"
    "{\"name\":\"key\",\"type\":\"text\",\"label\":{\"en\":\"k\",\"zh\":\"k\"}},"
    "{\"name\":\"recipient\",\"type\":\"text\",\"label\":{\"en\":\"r\",\"zh\":\"r\"}}]}",
    "{\"form\":\"organisation\",\"in\":\"case\",\"title\":{\"en\":\"O\",\"zh\":\"O\"},\"writers\":["
    "\"auditor\"],\"fields\":["
    "{\"name\":\"name\",\"type\":\"text\",\"required_at\":\"create\",\"label\":{\"en\":\"n\",\"zh\":\"n\"}}]"
    "}",
    "{\"form\":\"decree\",\"in\":\"case\",\"title\":{\"en\":\"D\",\"zh\":\"D\"},\"writers\":[\"emperor\"],"
    "\"fields\":["
    "{\"name\":\"text\",\"type\":\"text\",\"label\":{\"en\":\"t\",\"zh\":\"t\"}}]}",
    "{\"form\":\"finding\",\"in\":\"case\",\"title\":{\"en\":\"F\",\"zh\":\"F\"},\"writers\":[\"auditor\"],"
    "\"fields\":["
    "{\"name\":\"fact\",\"type\":\"text\",\"label\":{\"en\":\"f\",\"zh\":\"f\"}},"
    "{\"name\":\"site\",\"type\":\"link\",\"to\":[\"organisation\"],\"label\":{\"en\":\"s\",\"zh\":\"s\"}},"
    "{\"name\":\"by\",\"type\":\"link\",\"to\":[\"register:person\"],\"label\":{\"en\":\"b\",\"zh\":\"b\"}},"
    "{\"name\":\"samples\",\"type\":\"set\",\"of\":\"link\",\"to\":[\"finding\"],\"label\":{\"en\":\"s\","
    "\"zh\":\"s\"}},"
    "{\"name\":\"grade\",\"type\":\"choice\",\"choices\":[{\"value\":\"major\",\"label\":{\"en\":\"M\","
    "\"zh\":\"M\"}},"
    "{\"value\":\"minor\",\"label\":{\"en\":\"m\",\"zh\":\"m\"}}],\"label\":{\"en\":\"g\",\"zh\":\"g\"}}]}",
    "{\"form\":\"evidence\",\"in\":\"case\",\"title\":{\"en\":\"E\",\"zh\":\"E\"},\"writers\":[\"auditor\"],"
    "\"fields\":["
    "{\"name\":\"of\",\"type\":\"set\",\"of\":\"link\",\"label\":{\"en\":\"o\",\"zh\":\"o\"}},"
    "{\"fixed\":true,\"name\":\"sha256\",\"type\":\"text\",\"label\":{\"en\":\"h\",\"zh\":\"h\"}},"
    "{\"name\":\"name\",\"type\":\"text\",\"label\":{\"en\":\"n\",\"zh\":\"n\"}},"
    "{\"name\":\"title\",\"type\":\"text\",\"label\":{\"en\":\"n\",\"zh\":\"n\"}},"
    "{\"name\":\"media_type\",\"type\":\"text\",\"label\":{\"en\":\"m\",\"zh\":\"m\"}},"
    "{\"name\":\"size\",\"type\":\"int\",\"label\":{\"en\":\"s\",\"zh\":\"s\"}},"
    "{\"name\":\"pieces\",\"type\":\"json\",\"label\":{\"en\":\"p\",\"zh\":\"p\"}}]}",
};

/* The one store of a test. */
static struct {
    struct arena arena;
    struct forms *forms;
    struct store *s;
    char folder[256]; /* of the test; the store is in its subfolder "kit" */
    const char *path;
    char recovery[RECOVERY_KEY_SIZE];
} kit;

static inline void kit_open(void)
{
    CHECK_OK(store_open(&kit.s, kit.path, PASSPHRASE, kit.forms));
}

static inline void kit_reopen(void)
{
    store_close(kit.s);
    kit.s = NULL;
    kit_open();
}

static inline void kit_begin_in(const char *where)
{
    memset(&kit, 0, sizeof kit);
    arena_init(&kit.arena);
    snprintf(kit.folder, sizeof kit.folder, "%s/satchel-test-store-XXXXXX", where);
    CHECK(mkdtemp(kit.folder) != NULL);
    kit.path = path_join(&kit.arena, kit.folder, "kit");
    CHECK_OK(forms_new(&kit.forms));
    for (size_t i = 0; i < sizeof test_forms / sizeof *test_forms; i++)
        CHECK_OK(forms_add(kit.forms, test_forms[i], strlen(test_forms[i]), true));
    CHECK_OK(
        store_create(kit.path, "Zhang San", "zhang@example.org", PASSPHRASE, WORK, kit.forms, kit.recovery));
    kit_open();
}

static inline void kit_end(void)
{
    store_close(kit.s);
    forms_free(kit.forms);
    CHECK_OK(os_remove_tree(kit.folder));
    arena_release(&kit.arena);
}

static inline void kit_begin(void)
{
    kit_begin_in("/tmp");
}

static inline const struct jv *parsed(const char *json)
{
    const struct jv *v = NULL;
    if (json) CHECK_OK(json_parse(&v, &kit.arena, json, strlen(json), 8, JSON_STRICT));
    return v;
}

/* One change in a transaction of its own; the record's id, or NULL. */
static inline const char *change(const struct change *c)
{
    struct store_tx *tx;
    const char *record = NULL;
    int err = store_begin(&tx, kit.s);
    if (err) return NULL;
    err = store_change(tx, c, &record);
    if (err)
        store_rollback(tx);
    else
        err = store_commit(tx);
    return err ? NULL : arena_strdup(&kit.arena, record);
}

static inline const char *put_new(const char *type, const char *case_name, const char *set)
{
    return change(
        &(struct change){.kind = CHANGE_NEW, .type = type, .case_name = case_name, .set = parsed(set)});
}

static inline const char *put_set(const char *record, const char *set)
{
    return change(&(struct change){.kind = CHANGE_SET, .record = record, .set = parsed(set)});
}

/* A field's value as JSON; "-" for none. */
static inline const char *value_of(const char *record, const char *field)
{
    struct buf out;
    const struct fold_record *r = fold_record(store_fold(kit.s), NULL, record);
    const struct jv *v = r ? record_value(r, field) : NULL;
    if (!v) return "-";
    buf_init(&out, 4096);
    json_write(&out, v);
    const char *copy = arena_strdup(&kit.arena, buf_str(&out));
    buf_release(&out);
    return copy;
}

/* A file beside the store. */
static inline const char *put_file(const char *name, const void *bytes, size_t len)
{
    const char *path = path_join(&kit.arena, kit.folder, name);
    FILE *f = fopen(path, "wb");
    CHECK(f && fwrite(bytes, 1, len, f) == len && fclose(f) == 0);
    return path;
}

static inline const char *put_random_file(const char *name, size_t len, uint64_t seed)
{
    unsigned char *bytes = malloc(len + 8);
    for (size_t i = 0; i < len; i += 8) {
        uint64_t r = test_random_next(&seed);
        memcpy(bytes + i, &r, 8);
    }
    const char *path = put_file(name, bytes, len);
    free(bytes);
    return path;
}

static inline const char *attach(const char *path, const char *of)
{
    struct store_tx *tx;
    const char *record = NULL;
    if (store_begin(&tx, kit.s)) return NULL;
    int err = store_attach(tx, path, of, NULL, NULL, &record);
    if (err)
        store_rollback(tx);
    else
        err = store_commit(tx);
    return err ? NULL : arena_strdup(&kit.arena, record);
}

static inline size_t files_in(const char *folder)
{
    const char **names;
    size_t len = 0;
    CHECK_OK(os_list(&names, &len, &kit.arena, path_join(&kit.arena, kit.path, folder)));
    return len;
}

#endif
