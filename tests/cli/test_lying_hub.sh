#!/usr/bin/env bash
# A hub that was put back from an older copy, or that has forked: its receipts take back what earlier ones have confirmed.
. "$(dirname "$0")/../lib.sh"
as() { local who=$1; shift; s --store "$who" "$@"; }
quiet() { "$@" > /dev/null 2>&1; }
round() { quiet as "$1" sync stick; quiet s hub sync "${2:-hub}" stick; quiet as "$1" sync stick; }
next_second() { local now; now=$(date +%s); while [ "$(date +%s)" = "$now" ]; do sleep 0.1; done; }

for k in chen zhang; do kit $k; as $k whoami --request > $k.request; done
quiet s hub init hub --name HQ --admin chen.request
quiet as chen join hub
quiet as chen new organisation --case BJ-1 name=华安
mkdir stick
round chen
quiet as chen hub enrol hub zhang.request --roles auditor,leader --cases BJ-1 -o z.enrol
quiet as zhang join z.enrol
round zhang
audit=$(as zhang new audit --case BJ-1 kind=onsite start=2026-11-20)
head -c 100000 /dev/urandom > photo.jpg
round zhang
kit=$(as zhang --json whoami | jq -r .kit)
cp -r hub older
finding=$(as zhang new finding --case BJ-1 audit="$audit" clause=B2 grade=minor fact=0)
quiet as zhang attach photo.jpg --to "$finding"
round zhang
check "all is well" as zhang verify
mkdir base; cp -r hub stick zhang chen base

# ---- put back ----

next_second
rm -rf hub; cp -r older hub
quiet as zhang set "$finding" fact=1
quiet as zhang sync stick; quiet s hub sync hub stick
as zhang sync stick > out 2> err; status=$?
same "a hub that was put back raises an alarm" "4 1" "$status $(grep -c "ALARM: BJ-1 $kit:3: .* knows it no more; it was put back" err)"
same "verify tells of it later" "1 1" "$(as zhang verify > out 2>&1; echo $?) $(grep -c "BJ-1 $kit:3: .* knows it no more" out)"
quiet as zhang free --case BJ-1
evidence=$(as zhang --json list evidence | jq -r '.[0].id')
check "no evidence is freed on its word" as zhang extract "$evidence" -o got.jpg
round zhang; round zhang
check "the hub has it all again, by the kit" test "$(git -C hub/repo.git ls-tree -r --name-only BJ-1 "log/$kit/" | wc -l)" = 4
check "and then all syncs are well" as zhang sync stick
quiet as zhang free --case BJ-1
same "evidence may be freed then" 3 "$(as zhang extract "$evidence" -o got2.jpg > /dev/null 2>&1; echo $?)"
same "verify still tells of it" 1 "$(as zhang verify > out 2>&1; echo $?)"

# ---- forked: two hubs with one key, each takes in what the other does not ----

rm -rf hub stick zhang chen; cp -r base/* .; cp -r hub fork
quiet as chen new department --case BJ-1 code=D1 name=Sales # her third there: the organisation, the assignment
round chen hub
round zhang hub
next_second
quiet as zhang set "$finding" fact=1
quiet as zhang sync stick; quiet s hub sync fork stick
as zhang --json sync stick > out 2> err; status=$?
same "the fork lacks what the other hub has confirmed" "4 1" "$status $(grep -c "ALARM: BJ-1 $(as chen --json whoami | jq -r .kit):3: " err)"
same "and so it is in JSON" 1 "$(jq '[.received[].alarms[]] | length' out)"
same "nothing is taken from the kit" Sales "$(as zhang --json list department | jq -r '.[0].fields.name')"

# ---- no alarm without reason ----

rm -rf hub stick zhang chen; cp -r base/* .
check "an old receipt that comes late is none" as zhang verify
quiet as zhang set "$finding" fact=1; quiet as zhang sync stick; quiet s hub sync hub stick
mkdir late; cp stick/outbox/"$kit"/* late/
next_second
quiet as zhang set "$finding" fact=2; quiet as zhang sync stick; quiet s hub sync hub stick
quiet as zhang sync stick
check "an old receipt that comes late is none" as zhang receive late/*
check "and verify agrees" as zhang verify
done_testing
