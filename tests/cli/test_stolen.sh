#!/usr/bin/env bash
# A stick that is stolen: on it are a kit's store with the folder of its link, what kits and hub have exchanged in both directions,
# and the folders in which a hub keeps uploads. Of 1,000 planted words (Chinese and English; cases, people, sites, findings,
# reasons, evidence and its file names) a search of all its bytes and names finds none; nor the hash of any evidence, by
# which somebody could ask for a known file. The same search finds all of them once the keys are there.
. "$(dirname "$0")/../lib.sh"
. "$HERE/net.sh"
seed=${SATCHEL_SEED:-$(date +%j)}
echo "seed $seed"
word_search() { python3 "$HERE/cli/stolen.py" search "$@"; }
nth() { sed -n "$2p" "planted/$1"; }

python3 "$HERE/cli/stolen.py" plant "$seed" planted
same "so many words are planted" 1000 "$(sort -u planted/words | wc -l)"

# ---- a search that finds ----
mkdir -p control/a control/b control/c
cp planted/words control/a/w
gzip -c planted/words > control/b/w
{ head -c 1000 /dev/urandom; gzip -c planted/words; } > control/b/v
gzip -c planted/words | base64 > control/c/w
for way in a b c; do same "control $way: the search finds them" "1000 of 1000" "$(word_search planted/words control/$way 2> /dev/null | cut -d' ' -f1-3)"; done

# ---- people and cases ----
mkdir -p stolen/stick
person() { s --store "$1" init --name "$(nth people "$2") $(nth people "$3")" --email "$(nth people "$4")@$(nth people "$5").cn" --work-factor 10 > "${1##*/}.init"; }
person chen 1 3 2 4
person stolen/store 5 7 6 8
for k in chen stolen/store; do as $k whoami --request > ${k##*/}.request; done
quiet s hub init hub --name "$(nth people 9)$(nth people 10)" --admin chen.request
quiet as chen join hub
check "cases" as chen apply planted/cases.jsonl
check "out" as chen sync stolen/stick
mkdir -p kept/stick snaps
n=0
# What has lain on the stick at any time lies in what is searched.
keep() { n=$((n + 1)); cp -r "$1" "snaps/$n-$(basename "$1")"; }
keep stolen/stick
check "and in" s hub sync hub stolen/stick
serve hub --rate 0 || { done_testing; exit 1; }
check "zhang is enrolled" as chen hub enrol hub store.request --roles auditor,leader --cases "$(paste -sd, planted/cases)" -o z.enrol --url "$HUB_URL"
check "and joins" as stolen/store join z.enrol
for k in chen stolen/store; do quiet as $k sync stolen/stick; done
quiet s hub sync hub stolen/stick; keep stolen/stick
check "zhang has the cases" as stolen/store sync stolen/stick

# ---- work, and a road that breaks in the middle of it ----
check "work" as stolen/store apply planted/work.jsonl
proxy cut --target-file hub.port --cut-up 1000000 --gone
as stolen/store remote add hub "$PROXY_URL"
quiet as stolen/store sync hub --tries 1 --timeout 1
unserve "$PROXY_PID"
same "bundles wait in the link's folder" true "$([ "$(find stolen/store/link -name '*.satchel' | wc -l)" -gt 0 ] && echo true)"
same "and one is half uploaded" true "$([ "$(find hub/upload -name '*.data' -size +0 | wc -l)" -gt 0 ] && echo true)"
keep stolen/store; keep hub/upload
check "the rest goes by the stick" as stolen/store sync stolen/stick
keep stolen/stick
check "in at the hub" s hub sync hub stolen/stick
quiet as chen sync stolen/stick; quiet s hub sync hub stolen/stick; keep stolen/stick
check "chen takes it" as chen sync stolen/stick
as stolen/store remote add hub "$HUB_URL"
check "and by the link" as stolen/store sync hub
check "chen wants evidence" as chen remote add hub "$HUB_URL"
evidence=$(as chen --json list evidence | jq -r '.[0].id')
check "which comes over the wire" as chen extract "$evidence" -o got.txt
check "whole" grep -qF "$(sed 1q got.txt)" planted/evidence/*.txt
check "chen's sync" as chen sync hub
unserve "$HUB_PID"
keep stolen/store; keep hub/upload; keep hub/net; keep hub/inbox; keep chen/link; keep chen/outbox
check "the stick goes on" as stolen/store pack --everything -o stolen/stick
as stolen/store pack --to self -o stolen/stick > /dev/null

# ---- stolen ----
for f in words hashes; do
  word_search planted/$f stolen snaps > found 2> which
  echo "  planted $f: $(cat found)"
  same "none of the $f is on the stick" 0 "$(cut -d' ' -f1 found)"
  cat which
done

# ---- they were in there ----
mkdir opened
i=0
find stolen snaps -name '*.satchel' > bundles
while read -r b; do
  i=$((i + 1))
  age -d -i hub/keys/hub.age "$b" 2> /dev/null | gunzip 2> /dev/null > "opened/$i" || rm -f "opened/$i"
done < bundles
word_search planted/words opened > found 2> /dev/null
echo "  with the hub's key, of $(wc -l < bundles) bundles: $(cat found)"
same "with the hub's key all of them are found" 1000 "$(cut -d' ' -f1 found)"
done_testing
