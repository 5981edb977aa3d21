#!/usr/bin/env bash
# Two kits of one audit exchange directly: by stick, and over a network; headquarters gets all of it later, once.
. "$(dirname "$0")/../lib.sh"
. "$HERE/net.sh"

kit_of() { as $1 --json whoami | jq -r .kit; }
fact_of() { as $1 --json show "$2" | jq -r .fields.fact; }
new_finding() { as $1 new finding --case "$2" audit="$3" clause=B2 grade=minor fact="$4"; }
here() { as $1 --json show "$2" | jq .evidence.here 2> /dev/null; }
files_in() { find "$1" -name '*.satchel' 2> /dev/null | wc -l; }

for k in chen zhang li wang; do kit $k; as $k whoami --request > $k.request; done
mkdir stick
s hub init hub --name HQ --admin chen.request > /dev/null
as chen join hub > /dev/null
round() { for k in "$@"; do quiet as $k sync stick; done; quiet s hub sync hub stick; for k in "$@"; do quiet as $k sync stick; done; }
as chen new organisation --case BJ-1 name=华安 > /dev/null
as chen new organisation --case HIDDEN-CASE-77 name=秘密 > /dev/null
round chen
for k in zhang li; do as chen hub enrol hub $k.request --roles leader,auditor --cases BJ-1 -o $k.enrol > /dev/null; done
as chen hub enrol hub wang.request --roles auditor --cases BJ-1 -o wang.enrol > /dev/null
for k in zhang li wang; do check "$k joins" as $k join $k.enrol; done
round chen zhang li wang; round chen
zhang_person=$(as chen --json list person name=zhang | jq -r '.[0].id')
check "zhang works on another case, too" as chen new assignment --case HIDDEN-CASE-77 person="register:$zhang_person" from=2020-01-01
round chen zhang; round chen zhang
same "zhang sees it" 1 "$(as zhang --json list organisation --case HIDDEN-CASE-77 | jq length)"
same "li does not" 1 "$(as li --json list organisation 2> /dev/null | jq length)"
ZHANG=$(kit_of zhang) LI=$(kit_of li)
audit=$(as zhang new audit --case BJ-1 kind=onsite start=2026-11-20)
hidden_audit=$(as zhang new audit --case HIDDEN-CASE-77 kind=onsite start=2026-11-20)
rm -rf stick

# ---- by stick ----
mkdir site
f1=$(new_finding zhang BJ-1 "$audit" 两份未签)
h1=$(new_finding zhang HIDDEN-CASE-77 "$hidden_audit" 不给李看)
head -c 300000 /dev/urandom > one.jpg
head -c 3000000 /dev/urandom > two.jpg
e1=$(as zhang attach one.jpg --to "$f1")
check "zhang writes for li" as zhang sync site --with li
same "sealed to her kit alone" "$LI" "$(ls site/outbox)"
same "the other case is neither named nor there" "" "$(grep -rla 'HIDDEN-CASE-77\|BJ-1' site | head -n 1)"
check "li takes it, and writes for zhang by his kit's id" as li sync site --with "$ZHANG"
same "the record is hers" 两份未签 "$(fact_of li "$f1")"
check "the photo is here" as li extract "$e1" -o got.jpg
check "as it was" cmp one.jpg got.jpg
same "nothing of the other case came" 1 "$(as li --json list finding | jq length)"
l1=$(new_finding li BJ-1 "$audit" 李的发现)
e2=$(as li attach two.jpg --to "$l1")
check "li adds" as li sync site --with zhang
check "zhang takes it" as zhang sync site --with li
same "what li holds of his has left the stick" 0 "$(find site/outbox/$LI -size +200k | wc -l)"
same "the record is his" 李的发现 "$(fact_of zhang "$l1")"
check "with its photo" as zhang extract "$e2" -o got2.jpg
check "as it was taken" cmp two.jpg got2.jpg
check "li again" as li sync site --with zhang
same "what zhang holds of hers has left, too" 0 "$(find site/outbox/$ZHANG -size +200k | wc -l)"
for i in 1 2; do quiet as zhang sync site --with li; quiet as li sync site --with zhang; done
find site -type f -printf '%p %s %T@\n' | sort > before
check "nothing new" as zhang sync site --with li
same "is said so" "nothing new in either direction" "$(cat out)"
quiet as li sync site --with zhang
find site -type f -printf '%p %s %T@\n' | sort > after
check "and not a byte is written" cmp before after

head -c 400000 /dev/urandom > three.jpg
f3=$(new_finding zhang BJ-1 "$audit" 无照片)
e3=$(as zhang attach three.jpg --to "$f3")
check "records only" as zhang sync site --with li --no-evidence
check "li takes them" as li sync site --with zhang --no-evidence
same "the record is here" 无照片 "$(fact_of li "$f3")"
refuse "its photo is not" 3 as li extract "$e3" -o no.jpg
quiet as li sync site --with zhang
check "it comes with the next exchange" as zhang sync site --with li
check "that is for all" as li sync site --with zhang
check "now it is" as li extract "$e3" -o three.got
refuse "with whom" 3 as zhang sync site --with nobody
refuse "with oneself" 3 as zhang sync site --with "$ZHANG"
refuse "--no-evidence is no way to headquarters" 2 as zhang sync site --no-evidence

# ---- over a network ----
# share KIT [OPTION…]: sets SHARE_AT, SHARE_PORT, CODE and SHARE_PID.
share() {
  local who=$1; shift
  rm -f "$who.share"
  "$SATCHEL" --store "$who" --json share --listen 127.0.0.1 --minutes 1 "$@" > "$who.share" 2> "$who.share.err" &
  SHARE_PID=$!
  started+=("$SHARE_PID")
  wait_for 10 grep -q code "$who.share" || { bad "share does not start"; cat "$who.share.err"; return 1; }
  SHARE_AT=$(jq -r '.addresses[0]' "$who.share") CODE=$(jq -r .code "$who.share")
  SHARE_PORT=${SHARE_AT##*:}
}
# shared STATUS NAME: the sharing has ended by itself, with this status.
shared() {
  local end=$((SECONDS + 20)) status
  while kill -0 "$SHARE_PID" 2> /dev/null && [ $SECONDS -lt $end ]; do sleep 0.05; done
  kill "$SHARE_PID" 2> /dev/null; wait "$SHARE_PID"; status=$?
  same "$2" "$1" "$status"
}
wrong() { echo "$1" | tr '0-9' '1-90'; }

f4=$(new_finding zhang BJ-1 "$audit" 网上的一条)
head -c 2500000 /dev/urandom > four.jpg
e4=$(as zhang attach four.jpg --to "$f4")
h4=$(new_finding zhang HIDDEN-CASE-77 "$hidden_audit" 也不给李看)
l4=$(new_finding li BJ-1 "$audit" 李在网上)
head -c 1200000 /dev/urandom > five.jpg
e5=$(as li attach five.jpg --to "$l4")

share zhang
refuse "a wrong code" 3 as li sync "$SHARE_AT" --code "$(wrong "$CODE")"
same "is called that" 1 "$(grep -c 'the code is not the one that is shown' err)"
refuse "no code at all" 2 as li sync "$SHARE_AT" --code 1234
proxy wire --to "$SHARE_PORT" --capture wire.bytes
check "the right one" as li sync "127.0.0.1:${PROXY_URL##*:}" --code "$CODE"
shared 0 "the sharing ends by itself"
unserve "$PROXY_PID"
same "li has the record" 网上的一条 "$(fact_of li "$f4")"
check "and its photo" as li extract "$e4" -o four.got
check "as it was" cmp four.jpg four.got
same "zhang has hers" 李在网上 "$(fact_of zhang "$l4")"
check "and its photo" as zhang extract "$e5" -o five.got
check "as it was taken" cmp five.jpg five.got
same "the bytes on the wire were kept" true "$([ "$(cat wire.bytes | wc -c)" -gt 3700000 ] && echo true)"
same "no case is named on them" "" "$(grep -cao 'HIDDEN-CASE-77\|BJ-1' wire.bytes | grep -v '^0$')"
same "the other case did not come" "$(as li --json list finding --case BJ-1 | jq length)" "$(as li --json list finding | jq length)"
same "nothing is left of it in the stores" 0 "$(($(files_in zhang/share) + $(files_in li/peer)))"

share li
check "in the other direction, with nothing new" as zhang sync "$SHARE_AT" --code "$CODE"
same "says so" "nothing new in either direction" "$(cat out)"
shared 0 "ends, too"

f5=$(new_finding zhang BJ-1 "$audit" 只要记录)
e8=$(as zhang attach one.jpg --title 另一张 --to "$f5")
head -c 200000 /dev/urandom > eight.jpg
e8=$(as zhang attach eight.jpg --to "$f5")
share zhang --no-evidence
check "records only, where the one that shares says so" as li sync "$SHARE_AT" --code "$CODE"
shared 0 "ends all the same"
same "the record is here" 只要记录 "$(fact_of li "$f5")"
refuse "its photo is not" 3 as li extract "$e8" -o no.jpg
share zhang
check "and comes with the next" as li sync "$SHARE_AT" --code "$CODE"
shared 0 "that is for all"
check "now it is" as li extract "$e8" -o eight.got
check "as it was" cmp eight.jpg eight.got

# ---- who is not let in ----
share zhang
for i in 1 2 3 4; do refuse "wrong code $i" 3 as li sync "$SHARE_AT" --code "$(wrong "$CODE")"; done
refuse "the fifth" 3 as li sync "$SHARE_AT" --code "$(wrong "$CODE")"
same "ends it" 1 "$(grep -c 'too many wrong codes' err)"
shared 3 "with a status of its own"
same "and a word" 1 "$(grep -c '5 wrong codes: the sharing has ended' zhang.share.err)"
refuse "nobody is there any more" 5 as li sync "$SHARE_AT" --code "$CODE" --tries 1

kit stranger
refuse "a kit without a register has nobody to share with" 3 as stranger share
share zhang
refuse "nor to sync with" 3 as stranger sync "$SHARE_AT" --code "$CODE"
kit founder; as founder whoami --request > founder.request
s hub init other --name Other --admin founder.request > /dev/null
as founder join other > /dev/null
refuse "one of another register" 3 as founder sync "$SHARE_AT" --code "$CODE"
same "is told that the register does not know this kit" 1 "$(grep -c 'the register has no kit' err)"
check "the first who knows the code" as li sync "$SHARE_AT" --code "$CODE"
shared 0 "was meant"
share zhang
proxy early --to "$SHARE_PORT" --cut-up 2500 --gone
refuse "one who has proven it is cut off" 5 as wang sync "127.0.0.1:${PROXY_URL##*:}" --code "$CODE" --tries 1
unserve "$PROXY_PID"
refuse "the sharing stays his" 3 as li sync "$SHARE_AT" --code "$CODE"
same "whoever knows the code" 1 "$(grep -c 'this sharing is for another colleague' err)"
check "he comes again" as wang sync "$SHARE_AT" --code "$CODE"
shared 0 "and it ends"

# ---- cut in the middle ----
f6=$(new_finding zhang BJ-1 "$audit" 断线)
head -c 6000000 /dev/urandom > six.jpg
e6=$(as zhang attach six.jpg --to "$f6")
f7=$(new_finding li BJ-1 "$audit" 李断线)
head -c 6000000 /dev/urandom > seven.jpg
e7=$(as li attach seven.jpg --to "$f7")
share zhang
proxy cut --to "$SHARE_PORT" --cut-up 1500000 --gone
refuse "the road breaks" 5 as li sync "127.0.0.1:${PROXY_URL##*:}" --code "$CODE" --tries 1
unserve "$PROXY_PID"
kill -9 "$SHARE_PID"; wait "$SHARE_PID" 2> /dev/null
share zhang
proxy rest --to "$SHARE_PORT"
check "a new sharing goes on" as li sync "127.0.0.1:${PROXY_URL##*:}" --code "$CODE"
shared 0 "and ends"
same "at the byte: not all of it went again" true "$(jq '.up + .down < 5500000' rest.stats)"
check "li has zhang's" as li extract "$e6" -o six.got
check "as it was" cmp six.jpg six.got
check "zhang has li's" as zhang extract "$e7" -o seven.got
check "as it was" cmp seven.jpg seven.got
unserve "$PROXY_PID"

# ---- and headquarters ----
mkdir stick
round zhang li; round zhang li
for k in zhang li; do check "$k is sound" as $k verify; done
quiet s hub checkpoint hub -o checkpoint
check "the hub has all of it" s hub verify hub --root "$(as chen --json whoami | jq -r .key)" --against checkpoint
count() { git -C hub/repo.git ls-tree -r --name-only "$1" "$2" | wc -l; }
same "the findings, once" 8 "$(count BJ-1 record/finding)"
same "the photos, once" 9 "$(count BJ-1 evidence)"
same "their bytes" 8 "$(find hub/repo.git/lfs/objects -type f | wc -l)"
same "and the other case's" 2 "$(count HIDDEN-CASE-77 record/finding)"

# ---- revoked ----
li_key=$(as li --json whoami | jq -r .key | cut -d ' ' -f 2)
li_kit=$(as chen --json list kit | jq -r --arg k "$li_key" '.[] | select(.fields.key | contains($k)) | .id')
check "li's kit is revoked" as chen set "$li_kit" revoked+=BJ-1:999 --why 丢失
round chen zhang; round zhang
share zhang
refuse "a revoked kit does not get in" 3 as li sync "$SHARE_AT" --code "$CODE"
same "and is told so" 1 "$(grep -c 'this kit has been revoked' err)"
kill "$SHARE_PID"; wait "$SHARE_PID"
refuse "nor is anything written for it" 3 as zhang sync site --with "$LI"
share li
refuse "where it does not know itself, the other does" 3 as zhang sync "$SHARE_AT" --code "$CODE"
same "and says so" 1 "$(grep -c 'has been revoked' err)"
kill "$SHARE_PID"; wait "$SHARE_PID"
done_testing
