/* receipt.json (design.md §4): the hub's signed answer, naming what it holds durably. Namespace receipt@satchel.
 *
 *   {"at":…,"accepted":n,"awaited":[sha256,…],"bundle":id|null,"case":…|null,"format":"satchel receipt 1",
 *    "held":[sha256,…],"heads":{case:{kit:{"entry":id,"seq":n},…},…},"hub":kit id of the hub's key,"known":n,
 *    "quarantined":[{"case":…,"entry":id,"kit":…,"reason":…,"seq":n},…],"root":kit id of the register's root key}
 *
 * "heads": per case and kit the highest seq without gap. One receipt a bundle covers that bundle's case ("held" and
 * "awaited" too); a checkpoint (bundle and case null) covers every case of the hub and lists no evidence. */
#ifndef SATCHEL_FORMAT_RECEIPT_H
#define SATCHEL_FORMAT_RECEIPT_H

#include "satchel/base/json.h"
#include "satchel/format/names.h"

#define RECEIPT_MAX_BYTES ((size_t)16 << 20)

struct receipt_head {
    const char *case_name;
    const char *kit;
    int64_t seq;
    const char *entry; /* id */
};
struct receipt_quarantine {
    const char *case_name, *kit, *entry, *reason;
    int64_t seq;
};
struct receipt {
    const char *at, *bundle, *case_name, *hub, *root;
    int64_t accepted, known;
    struct receipt_head *heads; /* sorted by case, kit */
    size_t heads_len;
    struct receipt_quarantine *quarantined;
    size_t quarantined_len;
    const char **held;
    size_t held_len;
    const char **awaited;
    size_t awaited_len;
    char id[SHA256_HEX]; /* SHA-256 of the bytes; what an entry's "after" names */
};

int receipt_parse(struct receipt **out, struct arena *a, const void *bytes, size_t len) MUST_CHECK;
int receipt_write(struct buf *out, struct arena *a, struct receipt *r) MUST_CHECK; /* sorts the lists, sets r->id */

#endif
