/* receipt.json (design.md §4): the hub's signed answer, naming what it holds durably. Namespace receipt@satchel.
 *
 *   {"at":…,"accepted":n,"awaited":[sha256,…],"bundle":id|null,"case":…|null,"clash":case|null,
 *    "format":"satchel receipt 1","held":[sha256,…],"heads":{case:{kit:{"entry":id,"seq":n},…},…},
 *    "hub":kit id of the hub's key,"known":n,"quarantined":[{"case":…,"entry":id,"kit":…,"reason":…,"seq":n},…],
 *    "root":kit id of the register's root key,"waiting":[like those quarantined],
 *    "withheld":[{"case":…,"entry":id,"kit":…,"seq":n},…]}
 *
 * "heads": per case and kit the highest seq without gap, of all that is held: what stands in one of the three lists
 * does not apply, whatever its seq. "held" and "awaited": evidence of the case that its bundles have brought whole; and
 * what its records name, or its bundles have begun to bring, that is not. One receipt a bundle covers that bundle's
 * case; a checkpoint (bundle and case null) covers every case of the hub and lists no evidence.
 *
 * "clash" refuses the bundle for good: the hub has a case of that name, which differs from this one's only in the case
 * of letters. Nothing of it is held then.
 *
 * The hub keeps a receipt whole, and hands it whole to headquarters and admins. What another kit gets is about what
 * it may see: of its own entries reasons are told; entries of others that do not apply are not handed to it, and are
 * "withheld": a name in place of the entry, so that its kit's numbers have no gap (fold_withhold); once it applies it
 * is handed out like any other. Who sees the case no more gets his own kit's heads and entries, and the evidence of
 * its records, and nothing else.
 *
 * In brief. On its way to a kit that says that it holds an earlier receipt (have_receipt of manifest.h), receipt.json may leave
 * out evidence which that one names. It is the same object then with one more member, "since":id of the earlier one, and
 * "held" is what must be added to the earlier one's; put together they are the whole, and the signature beside it is the
 * whole's. So no receipt in brief says anything by itself: it is restored on arrival, what is kept, named and looked at is the
 * whole, and one that was built on anything else than what its sender took it for has no good signature. By stock tools:
 *
 *   jq -cjS --slurpfile before EARLIER.json '.held = (.held + $before[0].held | unique) | del(.since)' receipt.json */
#ifndef SATCHEL_FORMAT_RECEIPT_H
#define SATCHEL_FORMAT_RECEIPT_H

#include "satchel/base/json.h"
#include "satchel/format/names.h"

#define RECEIPT_MAX_BYTES ((size_t)16 << 20)
#define RECEIPT_MAX_VALUES ((size_t)1 << 20)

struct receipt_head {
    const char *case_name;
    const char *kit;
    int64_t seq;
    const char *entry; /* id */
};
/* An entry that is held and does not apply. */
struct receipt_apart {
    const char *case_name, *kit, *entry;
    const char *reason; /* NULL where it is withheld */
    int64_t seq;
};
struct receipt_list {
    struct receipt_apart *items; /* sorted by case, kit, seq, entry */
    size_t len;
};
struct receipt {
    const char *at, *bundle, *case_name, *clash, *hub, *root;
    int64_t accepted, known;
    struct receipt_head *heads; /* sorted by case, kit */
    size_t heads_len;
    struct receipt_list quarantined, waiting, withheld;
    const char **held;
    size_t held_len;
    const char **awaited;
    size_t awaited_len;
    char id[SHA256_HEX]; /* SHA-256 of the bytes; what an entry's "after" names */
};

int receipt_parse(struct receipt **out, struct arena *a, const void *bytes, size_t len) MUST_CHECK;
int receipt_write(struct buf *out, struct arena *a, struct receipt *r) MUST_CHECK; /* sorts the lists, sets r->id */

/* r, as it was read, in brief: `since` is the id of the earlier one, and `known` (sorted) what r holds that this one is known
 * to hold, too. */
int receipt_brief_write(struct buf *out, struct arena *a, const struct receipt *r, const char *since,
    const char *const *known, size_t known_len) MUST_CHECK;
/* What a receipt in brief builds on, in the arena; NULL: the bytes are no such thing. */
const char *receipt_since(struct arena *a, const void *bytes, size_t len);
/* The bytes of the whole, to be read as any receipt's. ERR_INPUT: `before` is not the one that it builds on. */
int receipt_restore(struct buf *out, struct arena *a, const void *brief, size_t len, const struct receipt *before) MUST_CHECK;

#endif
