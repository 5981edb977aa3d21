#!/usr/bin/env bash
# A hub by another key: one made anew of a clone, and one whose key was stolen. Kits follow because an admin's entry in the
# register says so, by a stick or a new enrolment, and for no other reason; what the old key has signed stays good.
. "$(dirname "$0")/../lib.sh"
. "$HERE/net.sh"

# The id of a hub's key, in the manner of a kit's; of the one that a kit takes for its hub's.
hub_kit() { s --json hub status "$1" | jq -r .kit; }
pinned() { as "$1" --json whoami | jq -r .hub_kit; }
# Nothing but that no anchor is there may be said of it.
sound() { s --json hub verify "$1" > verdict 2> /dev/null; [ "$(jq -c .problems verdict)" = "[]" ]; }
unsound() { ! sound "$1"; }
round() { for k in "$@"; do quiet as "$k" sync stick; done; quiet s hub sync "$HUB" stick; for k in "$@"; do quiet as "$k" sync stick; done; }

for k in chen zhang li wu; do kit $k; as $k whoami --request > $k.request; done
HUB=hub
s hub init hub --name HQ --admin chen.request > log
as chen join hub > log
as chen new organisation --case BJ-1 name=华安 > log
mkdir stick
quiet as chen sync stick
quiet s hub sync hub stick
for k in zhang li wu; do
  quiet as chen hub enrol hub $k.request --roles auditor,leader --cases BJ-1 -o $k.enrol
  quiet as $k join $k.enrol
done
round chen zhang li wu
audit=$(as zhang new audit --case BJ-1 kind=onsite start=2026-11-20)
finding=$(as zhang new finding --case BJ-1 audit="$audit" clause=B2 grade=minor fact=x)
head -c 300000 /dev/urandom > photo.jpg
photo=$(as zhang attach photo.jpg --to "$finding")
round zhang li zhang
same "zhang's work is held by the hub" true "$(as zhang --json show "$photo" | jq '.held.since != null and .held.bytes')"
since=$(as zhang --json show "$photo" | jq -r .held.since)
before=$(hub_kit hub)

# ---- a hub made anew ----
git clone -q --mirror hub/repo.git clone.git
cp -r hub/repo.git/lfs clone.git/
check "a hub is made anew" s hub restore hub2 clone.git --name HQ2
same "which says what is to be done" 1 "$(grep -c 'hub key DIR' out)"
check "nobody vouches for its key yet" unsound hub2
refuse "nor can it enrol" 3 as chen hub enrol hub2 li.request --roles auditor -o x.enrol
same "which says what to do" 1 "$(grep -c "'satchel hub key DIR' enrols it" err)"
refuse "an auditor gives it no key" 3 as zhang hub key hub2
kit stranger
refuse "nor does a stranger" 3 as stranger hub key hub2
as zhang set "$finding" fact="written before zhang knows" > log
quiet as zhang sync stick # sealed to the old key
quiet s hub sync hub2 stick
refuse "a kit refuses what an unknown hub hands out" 3 as zhang receive "$(ls stick/outbox/"$(as zhang --json whoami | jq -r .kit)"/*.satchel | head -n 1)" 
same "and says what to do" 1 "$(grep -c "ask an admin for a new enrolment file and 'satchel join' it" err)"
check "an admin tells the register" as chen hub key hub2 -o enrolments --why "the old disk is broken"
same "of the change" 1 "$(grep -c "a new key in place of '$before'" out)"
same "with an enrolment for every other kit" 3 "$(find enrolments -name 'k*.enrol' | wc -l)"
check "the new hub verifies" sound hub2
check "a second time nothing is to be done" as chen --json hub key hub2
same "and it says so" null "$(jq .was out)"
same "the admin's kit has followed" "$(hub_kit hub2)" "$(pinned chen)"
same "the register tells why" "the old disk is broken" "$(as chen --json history "$(as chen --json list hub | jq -r '.[0].id')" | jq -r '.[1].why')"

serve hub2 || { done_testing; exit 1; }
as zhang remote add hub "$HUB_URL" > log
refuse "who has not heard of it sends it nothing" 3 as zhang sync hub
same "and is told what to do" 1 "$(grep -c "another hub answers at this address, 'HQ2': nothing was sent.*'satchel join'" err)"
HUB=hub2
quiet s hub sync hub2 stick
check "zhang goes to the stick" as zhang sync stick
same "by the register on it he follows" "$(hub_kit hub2)" "$(pinned zhang)"
check "now the network is his as well" as zhang sync hub
check "and there is nothing that it refuses" as zhang sync hub
same "what he wrote before is there" "written before zhang knows" "$(git -C hub2/repo.git grep -h '"fact"' BJ-1 -- record/finding | jq -R -r 'capture("\"fact\": ?(?<v>\"[^\"]*\")").v | fromjson')"
as zhang --json history "$photo" > steps
same "the old hub's receipt tells since when" "$since" "$(jq -r '.[0].held.since' steps)"
check "the store verifies, receipts of both keys and all" as zhang verify
check "li joins by the new enrolment" as li join "enrolments/$(as li --json whoami | jq -r .kit).enrol"
same "and follows" "$(hub_kit hub2)" "$(pinned li)"
as li set "$finding" grade=major > log
as li remote add hub "$HUB_URL" > log
check "li syncs over the network" as li sync hub
check "zhang has it" as zhang sync hub
same "at once" major "$(as zhang --json show "$finding" | jq -r .fields.grade)"
check "an old enrolment takes nobody back" as li join li.enrol
same "he stays" "$(hub_kit hub2)" "$(pinned li)"
check "li extracts what only the hub has" as li extract "$photo" -o there.jpg
check "as it was" cmp photo.jpg there.jpg
check "li's store verifies" as li verify
check "the hub verifies" sound hub2
# ---- its key is stolen ----
refuse "not while it is served" 5 as chen hub key hub2 --new
unserve "$HUB_PID"
s hub checkpoint hub2 -o anchor > log
cp -r hub2 thief
stolen=$(hub_kit hub2)
quiet as wu sync stick # sealed to the first hub, which wu still takes for his
check "it is given another" as chen hub key hub2 --new
same "the one that was is kept apart" 1 "$(find hub2 -maxdepth 1 -name "keys.$stolen" | wc -l)"
check "it is not the stolen one" test "$(hub_kit hub2)" != "$stolen"
check "the hub verifies, old commits and all" sound hub2
check "against an old anchor, too" s verify hub2 --against anchor --root "$(as chen --json whoami | jq -r .key)"
same "the repository is sound" "" "$(git -C hub2/repo.git fsck --strict 2>&1)"
as wu set "$finding" root_cause="wu has missed two keys" > log
round wu
round wu
same "who has missed both keys follows, too" "$(hub_kit hub2)" "$(pinned wu)"
round chen zhang li
round chen zhang li
same "the stick holds nothing any more that only an older key opens" "[]" "$(s --json hub sync hub2 stick | jq -c .failed)"
same "and all have what he wrote" "wu has missed two keys" "$(as li --json show "$finding" | jq -r .fields.root_cause)"
for k in chen zhang li wu; do check "$k's store verifies" as $k verify; done
same "all is held by the hub of today" true "$(as zhang --json show "$photo" | jq '.held.bytes and .held.since != null')"
# The thief's commit is as the hub's own program would make it.
cp -r hub2 forged
rm -r forged/keys
cp -r thief/keys forged/
quiet as wu receive stick/outbox/*/*.satchel
mkdir packs
as chen set "$(as chen --json list person email=wu@example.com | jq -r '.[0].id')" roles+=expert > log
quiet as chen pack -o packs
check "the hub verifies at the end" sound hub2
done_testing
