/* Signed entries from a compact notation, for tests of the fold and of what stands on it.
 *
 *   say("a: A A1 + grade=minor clause=B2")    entry "a" by author A creates finding A-1
 *   say("b: B A1 grade=major<a void=true<a,c") entry "b" by B sets grade and void, having seen "a", and "a"
 * and "c"
 *
 * Further words: @CASE (default "C-1"), :TYPE (default finding), #SEQ and %LABEL (prev) where they shall not
 * follow from what the author said last, ^TIME, ~REASON ("_" for a blank), ?wait and ?bad for the verdict,
 * ?held: made, to be delivered later. Values are JSON where they parse as such, else strings; in members "_"
 * stays. "$A" is author A's kit. */
#ifndef SCENE_H
#define SCENE_H

#include "satchel/format/age.h"
#include "satchel/replica/form.h"
#include "satchel/replica/fold.h"
#include "test.h"

#define SCENE_AUTHORS 6
#define SCENE_ENTRIES 512

struct author {
    struct signer signer;
    char kit[KIT_ID_SIZE];
};

struct said {
    char label[16];
    const struct entry *entry;
    int author;
    enum verdict verdict;
};

struct scene {
    struct fold *fold;
    struct author authors[SCENE_AUTHORS];
    struct said said[SCENE_ENTRIES];
    size_t len;
    const struct forms *forms; /* gives entries their form; NULL: a name that no form has */
};

static inline void author_init(struct author *a, int number)
{
    unsigned char seed[KEY_SIZE] = {0};
    seed[0] = (unsigned char)(number + 1);
    CHECK_OK(seed_signer(&a->signer, seed));
    kit_id_of(a->kit, a->signer.public_key);
}

static inline void scene_init(struct scene *s)
{
    memset(s, 0, sizeof *s);
    CHECK_OK(fold_new(&s->fold));
    for (int i = 0; i < SCENE_AUTHORS; i++) author_init(&s->authors[i], i);
}

static inline void scene_release(struct scene *s)
{
    fold_free(s->fold);
}

static inline const struct said *scene_find(const struct scene *s, const char *label)
{
    for (size_t i = 0; i < s->len; i++)
        if (strcmp(s->said[i].label, label) == 0) return &s->said[i];
    printf("  no entry '%s' was said\n", label);
    abort();
}

static inline const char *scene_id(const struct scene *s, const char *label)
{
    return scene_find(s, label)->entry->id;
}

static inline void scene_deliver(struct scene *s, const char *label)
{
    const struct said *said = scene_find(s, label);
    const char *reason = said->verdict == VERDICT_GOOD ? NULL : "a reason";
    bool known;
    CHECK_OK(fold_add(
        s->fold, said->entry, s->authors[said->author].signer.public_key, said->verdict, reason, 0, &known));
}

/* "A1" of type "finding" -> finding/<kit of A>-1 */
static inline const char *scene_record(struct scene *s, const char *type, const char *shorthand)
{
    return arena_printf(
        fold_arena(s->fold), "%s/%s-%s", type, s->authors[shorthand[0] - 'A'].kit, shorthand + 1);
}

static inline int scene_compare(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static inline void scene_put_author(struct buf *out, char what, const struct author *a)
{
    char recipient[AGE_RECIPIENT_SIZE];
    if (what == '$') buf_adds(out, a->kit);
    if (what == '&') ssh_key_line_write(out, a->signer.public_key, "");
    if (what != '*') return;
    age_recipient_write(recipient, a->signer.public_key); /* any 32 bytes will do */
    buf_adds(out, recipient);
}

/* "name=value<label,label"; a label may be a whole id. */
static inline void scene_field(struct scene *s, struct entry_field *f, const char *word)
{
    struct arena *a = fold_arena(s->fold);
    struct buf text;
    buf_init(&text, BUF_UNLIMITED);
    for (; *word; word++) {
        if (strchr("$&*", *word)) {
            scene_put_author(&text, *word, &s->authors[word[1] - 'A']);
            word++;
        } else {
            buf_addc(&text, *word);
        }
    }
    char *name = arena_strdup(a, buf_str(&text)), *value = strchr(name, '='), *seen = strchr(name, '<');
    buf_release(&text);
    *value++ = '\0';
    if (seen) *seen++ = '\0';
    f->name = name;
    if (json_parse(&f->value, a, value, strlen(value), 8, JSON_STRICT)) f->value = jv_string(a, value);
    err_clear();
    const char **ids = arena_alloc(a, 64 * sizeof *ids);
    for (char *label = seen ? strtok(seen, ",") : NULL; label; label = strtok(NULL, ","))
        ids[f->seen_len++] = strlen(label) == 64 ? label : scene_id(s, label);
    qsort(ids, f->seen_len, sizeof *ids, scene_compare);
    f->seen = ids;
}

/* seq and prev as they follow from what the author has said in the case before. */
static inline void scene_chain(const struct scene *s, struct entry *draft)
{
    draft->seq = 1;
    for (size_t i = 0; i < s->len; i++) {
        const struct entry *e = s->said[i].entry;
        if (strcmp(e->kit, draft->kit) != 0 || strcmp(e->case_name, draft->case_name) != 0) continue;
        draft->seq = e->seq + 1;
        draft->prev = e->id;
    }
}

static inline char *scene_blanks(char *s)
{
    for (char *c = s; *c; c++)
        if (*c == '_') *c = ' ';
    return s;
}

static inline const struct entry *scene_say(struct scene *s, const char *text)
{
    struct arena *a = fold_arena(s->fold);
    char *copy = arena_strdup(a, text), *words[64] = {0};
    struct entry_field fields[64] = {0};
    struct entry draft = {.case_name = "C-1", .at = "2026-11-22T10:11:12+08:00", .fields = fields};
    struct said *said = &s->said[s->len];
    const char *type = "finding", *prev = NULL, *record = NULL;
    int64_t seq = 0;
    bool held = false;
    size_t n = 0;
    memset(said, 0, sizeof *said);
    for (char *w = copy, *end; *w; w = end) { /* not strtok: scene_field uses it */
        words[n++] = w;
        end = w + strcspn(w, " ");
        if (*end) *end++ = '\0';
    }
    for (size_t i = 3; i < n; i++) {
        char *w = words[i];
        switch (*w) {
        case '+':
            draft.creates = true;
            break;
        case '@':
            draft.case_name = w + 1;
            break;
        case ':':
            type = w + 1;
            break;
        case '#':
            seq = atoll(w + 1);
            break;
        case '%':
            prev = strlen(w + 1) == 64 ? w + 1 : scene_id(s, w + 1);
            break;
        case '^':
            draft.at = w + 1;
            break;
        case '~':
            draft.why = scene_blanks(w + 1);
            break;
        case '?':
            held = strcmp(w, "?held") == 0;
            if (!held) said->verdict = strcmp(w, "?wait") == 0 ? VERDICT_WAITING : VERDICT_QUARANTINED;
            break;
        default:
            scene_field(s, &fields[draft.fields_len++], w);
        }
    }
    snprintf(said->label, sizeof said->label, "%.*s", (int)strcspn(words[0], ":"), words[0]);
    said->author = words[1][0] - 'A';
    record = scene_record(s, type, words[2]);
    draft.kit = s->authors[said->author].kit;
    draft.record = record;
    const struct form *form = s->forms ? forms_current(s->forms, type) : NULL;
    draft.form = form ? form->id : arena_printf(a, "%s@0123456789abcdef", type);
    scene_chain(s, &draft);
    if (seq) draft.seq = seq;
    if (seq == 1) draft.prev = NULL;
    if (prev) draft.prev = prev;
    CHECK_OK(entry_make(&said->entry, a, &draft, &s->authors[said->author].signer));
    s->len++;
    if (!held) scene_deliver(s, said->label);
    return said->entry;
}

#endif
