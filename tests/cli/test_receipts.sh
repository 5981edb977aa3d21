#!/usr/bin/env bash
# Receipts in brief, end to end: a case with many photos costs an increment without any no more than its own words; and where an
# answer is lost, overtaken, taken in by another clone, or forgotten by the hub, the next one is whole and all is held.
. "$(dirname "$0")/../lib.sh"
. "$HERE/net.sh"
for k in chen zhang; do kit $k; as $k whoami --request > $k.request; done
s hub init hub --name HQ --admin chen.request > /dev/null
as chen join hub > /dev/null
as chen new organisation --case BJ-1 name=华安 > /dev/null
mkdir stick
as chen sync stick > /dev/null; s hub sync hub stick > /dev/null; as chen sync stick > /dev/null
as chen hub enrol hub zhang.request --roles auditor,leader --cases BJ-1 -o zhang.enrol > /dev/null
as zhang join zhang.enrol > /dev/null
cp -r zhang first
for i in $(seq 90); do head -c 400 /dev/urandom > $i.jpg; done
to_hub() { quiet as zhang sync stick; quiet s hub sync hub stick; }
visit() { to_hub; as zhang sync stick > said 2>&1; }
finding() { as zhang new finding --case BJ-1 audit="$audit" grade=minor clause=B2 fact="$1" > /dev/null; }
photos() { as zhang attach $(seq -f '%g.jpg' "$1" "$2") --to "$audit" > /dev/null; }
held() { as zhang --json list evidence --case BJ-1 --custody | jq -c 'map(select(.custody.held)) | length'; }
# What lies there for zhang of the case, and the bytes of the newest of it.
lies() { for f in $(ls -t stick/outbox/"$zhang"/*.satchel); do as zhang verify "$f" | grep -q 'bundle of BJ-1' && echo "$f"; done; }
answer() { stat -c %s "$(lies | head -n 1)"; }
unread() { grep -c 'could not be read' said; }
zhang=$(as zhang --json whoami | jq -r .kit)
visit; visit

audit=$(as zhang new audit --case BJ-1 kind=onsite)
photos 1 60
visit
same "all photos are held" 60 "$(held)"
whole=$(answer)
finding 两份未签
visit
small=$(answer)
check "the answer to a finding does not name them again ($whole, $small bytes)" test "$small" -lt $((whole - 60 * 30))
same "it is read" 0 "$(unread)"
same "and says that they are held" 60 "$(held)"
photos 61 62
visit
same "what is new is held, too" 62 "$(held)"
check "and small again" test "$(answer)" -lt $((small + 400))

# An answer that never arrives
finding 门禁记录缺失
to_hub
rm -r stick/outbox
visit
check "an answer that was lost comes again, whole" test "$(answer)" -gt $((whole - 200))
same "and is read" 0 "$(unread)"
finding 记录涂改
visit
check "the next is small again" test "$(answer)" -lt $((small + 400))

# The hub forgets what it knows of its kits
finding 标识不清
quiet as zhang sync stick
rm hub/kits.json
visit
same "a hub that has forgotten its kits is no harm" "0 62" "$(unread) $(held)"

# Two answers that build on the same, and come in the other order
photos 63 63
to_hub
mkdir early; cp stick/outbox/"$zhang"/*.satchel early/; rm -r stick/outbox
photos 64 64
visit
same "the later one is enough" 64 "$(held)"
check "the earlier one after it" as zhang receive early/*.satchel
same "is no alarm" 0 "$(cat out err | grep -c ALARM)"
visit
same "and takes nothing back" "0 64" "$(unread) $(held)"

# A copy of the store from before
cp -r zhang older
finding 校准过期
visit
finding 培训记录不全
to_hub
s --store older sync stick > said 2>&1
same "an older copy does not read what builds on later ones" 1 "$(unread)"
same "and says why" 1 "$(grep -c 'builds on .* which is not here' said)"
f=$(lies | head -n 1)
check "who has it can check it" as zhang verify "$f"
same "who has not is told so" 1 "$(s --store older verify "$f" | grep -c 'could not be checked')"
quiet s hub sync hub stick
s --store older sync stick > said 2>&1
s --store older sync stick > /dev/null 2>&1; quiet s hub sync hub stick; s --store older sync stick > said 2>&1
same "it is answered whole" "0 64" "$(unread) $(s --store older --json list evidence --case BJ-1 --custody | jq 'map(select(.custody.held)) | length')"
visit; visit
same "and the other one has lost nothing" 64 "$(held)"

# Who does not see the case for a time
assignment=$(as chen --json list assignment --case BJ-1 | jq -r '.[0].id')
quiet as chen sync stick; quiet s hub sync hub stick; quiet as chen sync stick
assignment=$(as chen --json list assignment --case BJ-1 | jq -r '.[0].id')
as chen set "$assignment" until=2020-01-01 > /dev/null
quiet as chen sync stick; quiet s hub sync hub stick; quiet as chen sync stick
photos 65 65
visit
same "who sees the case no more is answered for his own" "0 65" "$(unread) $(held)"
as chen set "$assignment" until:=null > /dev/null
quiet as chen sync stick; quiet s hub sync hub stick; quiet as chen sync stick
photos 66 66
visit
same "and who sees it again" "0 66" "$(unread) $(held)"

# Evidence that headquarters has lost
one=$(sha256sum < 7.jpg | cut -c 1-64)
object=hub/repo.git/lfs/objects/${one:0:2}/${one:2:2}/$one
chmod u+w "$object"; mv "$object" away
finding 缺少授权书
visit
same "what is not held any more is not said to be" "0 65" "$(unread) $(held)"
as zhang free --case BJ-1 > /dev/null
same "and is not freed" 1 "$(find zhang/blobs -type f | wc -l)"
visit; visit
same "it is sent again" 66 "$(held)"

# Over the network
serve hub || { done_testing; exit 1; }
as zhang remote add hub "$HUB_URL" > /dev/null
quiet as zhang sync
finding 未做复核
as zhang --json sync > said
check "a finding over the network ($(jq -c '[.sent_bytes, .fetched_bytes]' said) bytes)" test "$(jq .fetched_bytes said)" -lt 1500
same "and all is told to be held" '[true,66]' "$(jq -c '.held[] | select(.case == "BJ-1") | [.entries == .entries_held, .evidence_held]' said)"

# A store that is restored from a copy while an answer lies there that builds on later ones
cp -r zhang restored
finding 复印件不清; quiet as zhang sync
finding 日期有误; quiet as zhang sync
s --store restored sync > said 2>&1
same "what lies there is not read" 1 "$(unread)"
findings() { s --store "$1" --json list finding --case BJ-1 | jq length; }
same "and what was written after the copy comes back in the same sync" "$(findings zhang)" "$(findings restored)"
same "and nothing more is to be told" "nothing new in either direction" "$(s --store restored sync 2>&1)"

# And again and again from the very same copy, whose bundles the hub has seen by then
cp -r restored backup
for again in 1 2 3; do
  rm -rf restored; cp -r backup restored
  s --store restored sync > said 2>&1
  same "restored time $again: what was written after the copy comes back" "$(findings zhang)" "$(findings restored)"
  s --store restored new finding --case BJ-1 audit="$audit" clause=B2 grade=minor fact="复印 $again" > /dev/null
  quiet s --store restored sync; quiet as zhang sync
done

# One that is restored from a copy from before the case
as first remote add hub "$HUB_URL" > /dev/null
quiet as first sync
same "the case comes back" "$(findings zhang)" "$(findings first)"
same "and all of it is said to be held" 0 "$(as first --json list finding --case BJ-1 --custody | jq 'map(select(.custody.held | not)) | length')"
same "then nothing more is to be told" "nothing new in either direction" "$(as first sync 2>&1)"
unserve $HUB_PID
check "the store is sound" as zhang verify

# By hand
path=$(git -C hub/repo.git ls-tree -r --name-only BJ-1 receipt/ | grep 'json$' | head -n 1)
git -C hub/repo.git show "BJ-1:$path" > kept.json; git -C hub/repo.git show "BJ-1:$path.sig" > kept.json.sig
check "a receipt vouches for the hub" bash -c '"$0" --json hub verify hub --against kept.json > verdict 2> /dev/null; [ "$(jq -c .problems verdict)" = "[]" ]' "$SATCHEL"
jq -cjS --arg id "$(sha256sum < kept.json | cut -c 1-64)" '. + {since: $id}' kept.json > brief.json; cp kept.json.sig brief.json.sig
refuse "one in brief does not, by itself" 3 s hub verify hub --against brief.json
same "and it is said why" 1 "$(grep -c 'leaves out the evidence' err)"
same "and so is the hub" '[]' "$(s --json hub verify hub 2> /dev/null | jq -c .problems)"
done_testing
