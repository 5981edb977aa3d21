#!/usr/bin/env bash
# A stick in bad order: what stands in one place of it must not keep the others from being served.
. "$(dirname "$0")/../lib.sh"
as() { local who=$1; shift; s --store "$who" "$@"; }
quiet() { "$@" > /dev/null; }
id() { as "$1" --json whoami | jq -r .kit; }

for k in chen zhang; do kit $k; as $k whoami --request > $k.request; done
quiet s hub init hub --name HQ --admin chen.request
quiet as chen join hub
quiet as chen new organisation --case BJ-1 name=华安
mkdir stick
quiet as chen sync stick
quiet s hub sync hub stick
quiet as chen hub enrol hub zhang.request --roles auditor,leader --cases BJ-1 -o zhang.enrol
quiet as zhang join zhang.enrol
quiet as chen sync stick
zhang=stick/outbox/$(id zhang) chen=stick/outbox/$(id chen)

rm -rf "$zhang"; echo x > "$zhang"
refuse "a file where a kit's folder belongs" 5 s hub sync hub stick
check "the other kit is served" test -n "$(ls "$chen")"
rm "$zhang"
check "without it all is well" s hub sync hub stick
check "and that kit is served" test -n "$(ls "$zhang")"

mkdir away
mv "$zhang" away/k; ln -s ../../away/k "$zhang"
refuse "a linked outbox at the hub" 5 s hub sync hub stick
refuse "and at its kit" 5 as zhang sync stick
check "which sends all the same" test -n "$(ls stick/inbox)"
rm "$zhang"; mv away/k "$zhang"
mv stick/inbox away/inbox; ln -s ../away/inbox stick/inbox
refuse "a linked inbox at the hub" 5 s hub sync hub stick
refuse "and at a kit" 5 as zhang sync stick
same "which takes in all the same" 1 "$(as zhang --json list organisation | jq length)"
rm stick/inbox; mv away/inbox stick/inbox
for f in "$zhang"/*; do mv "$f" away/ && ln -s "../../../away/$(basename "$f")" "$f"; done
quiet as chen set "$(as chen --json list organisation | jq -r '.[0].id')" name=平安
quiet as chen sync stick
quiet s hub sync hub stick
check "the hub replaces links of its own" test -z "$(find stick -type l)"
check "so that the kit is served" as zhang sync stick
same "with all there is" 平安 "$(as zhang --json list organisation | jq -r '.[0].fields.name')"
file=$(ls stick/inbox | head -n 1)
mv "stick/inbox/$file" away/ && ln -s "../../away/$file" "stick/inbox/$file"
refuse "a linked bundle" 5 s hub sync hub stick
for k in zhang chen; do quiet as $k sync stick; done
check "is replaced by its sender" s hub sync hub stick

# stopped_at MIB COMMAND…: killed in the middle of the first file that grows larger.
stopped_at() { ( ulimit -c 0; ulimit -f $(($1 * 1024)); shift; exec "$@" > log 2>&1 ); } 2> /dev/null
left() { find stick -name '.new-*' | wc -l; }
head -c 40M /dev/urandom > film.mp4
film=$(as zhang attach film.mp4 --to "$(as zhang new audit --case BJ-1 kind=onsite start=2026-11-20)")
stopped_at 20 "$SATCHEL" --store zhang sync stick
same "a sync that is killed leaves something" 1 "$(left)"
quiet as chen sync stick
same "which another kit does not touch" 1 "$(left)"
check "but the next one of its own" as zhang sync stick
same "removes" 0 "$(left)"
quiet s hub sync hub stick
for k in zhang chen; do quiet as $k sync stick; done
as chen extract "$film" -o got.mp4 2> /dev/null
quiet as chen sync stick
stopped_at 20 "$SATCHEL" hub sync hub stick
same "so does a hub that is killed" 1 "$(left)"
check "whose next sync" s hub sync hub stick
same "removes it" 0 "$(left)"
check "what it had been writing comes" as chen sync stick
check "whole" as chen extract "$film" -o got.mp4
done_testing
