#!/usr/bin/env bash
# Two auditors, a hub and a stick: conflict, resolution, repeats, a cloned store, a lost stick, foreign and damaged bundles.
. "$(dirname "$0")/../lib.sh"
as() { local who=$1; shift; s --store "$who" "$@"; }
quiet() { "$@" > /dev/null; }

for k in chen zhang li wang; do kit $k; as $k whoami --request > $k.request; done
check "the hub is made" s hub init hub --name HQ --admin chen.request
refuse "not twice" 3 s hub init hub --name HQ --admin chen.request
check "a hub that has received nothing yet is sound" s hub verify hub
same "and says so" 1 "$(grep -c 'nothing has been received yet' out)"
check "its admin joins" as chen join hub
check "a case is opened" as chen new organisation --case BJ-1 name=华安
mkdir stick
check "it goes out" as chen sync stick
check "and in" s hub sync hub stick
refuse "a case nobody knows can't be assigned" 3 as chen hub enrol hub zhang.request --roles auditor --cases BJ-9 -o z.enrol
for k in zhang li; do
  check "$k is enrolled" as chen hub enrol hub $k.request --roles auditor,leader --cases BJ-1 -o $k.enrol
  check "$k joins" as $k join $k.enrol
done
same "a kit is called by its person" 1 "$(as chen list kit | grep -c ' li$')"
same "an assignment by its person and its case" 1 "$(as chen list assignment | grep -c ' li  BJ-1 华安$')"
same "with the organisation where it is shown" 1 "$(as chen show "$(as chen --json list assignment | jq -r '.[0].id')" | head -n 1 | grep -c 'BJ-1 华安$')"
check "wang is enrolled for nothing" as chen hub enrol hub wang.request --roles auditor -o wang.enrol
refuse "another's enrolment" 3 as wang join li.enrol
check "wang joins" as wang join wang.enrol
sed 's/HQ/XX/' zhang.enrol > forged.enrol
refuse "a changed enrolment" 3 as wang join forged.enrol
refuse "an auditor can't enrol" 3 as zhang hub enrol hub wang.request --roles admin -o x.enrol

refuse "nor give an enrolment out again" 3 as zhang hub enrol hub li.request --roles auditor -o x.enrol
refuse "a role that is not there" 3 as chen hub enrol hub wang.request --roles boss -o x.enrol
check "a role more for one who is enrolled" as chen hub enrol hub wang.request --roles expert -o wang2.enrol
same "is added" true "$(as chen --json list person email=wang@example.com | jq '.[0].fields["roles.expert"]')"

round() { for k in "$@"; do quiet as $k sync stick; done; quiet s hub sync hub stick; for k in "$@"; do quiet as $k sync stick; done; }
check "a round" round zhang li wang
same "zhang holds the case" 1 "$(as zhang --json list organisation | jq length)"
same "wang, who is not assigned, does not" 0 "$(as wang --json list organisation | jq length)"
audit=$(as zhang new audit --case BJ-1 kind=onsite start=2026-11-20)
finding=$(as zhang new finding --case BJ-1 audit="$audit" clause=B2 grade=minor fact=两份未签)
head -c 200000 /dev/urandom > photo.jpg
ev=$(as zhang attach photo.jpg --to "$finding")
check "zhang's work travels" round zhang li
check "li has the finding" as li show "$finding"
same "of zhang's photo li has the record, not yet the bytes" 3 "$(as li extract "$ev" -o x.jpg > /dev/null 2>&1; echo $?)"
quiet as zhang set "$finding" grade=major
quiet as li set "$finding" grade=observation
quiet as li set "$finding" root_cause=没有代理
check "both edits travel" round zhang li
check "and come back" round zhang li
for k in zhang li; do
  same "$k sees one conflict" '["major","observation"]' "$(as $k --json conflicts | jq -c '[.[0].conflicts.grade[].value]|sort')"
  same "$k sees the other edit" 没有代理 "$(as $k --json show "$finding" | jq -r .fields.root_cause)"
done
same "conflicts answers no" 1 "$(as zhang conflicts > /dev/null; echo $?)"
refuse "set on a conflict" 3 as zhang set "$finding" grade=minor
refuse "resolve without a reason" 2 as zhang resolve "$finding" grade=minor
check "resolve" as zhang resolve "$finding" grade=minor --why 制度缺失
check "travels" round zhang li
check "and again" round zhang li
same "li sees it settled" minor "$(as li --json show "$finding" | jq -r .fields.grade)"
same "no conflict is left" 0 "$(as li conflicts > /dev/null; echo $?)"

tips() { git -C hub/repo.git for-each-ref; }
mkdir again; quiet as zhang pack --everything --case BJ-1 -o again
quiet s hub receive hub again/*.satchel
before=$(tips)
for i in 1 2 3 4 5 6 7 8 9 10; do quiet s hub receive hub again/*.satchel; done
same "the hub names who sent" "$(ls again | wc -l)" "$(s hub receive hub again/*.satchel | grep -c 'from zhang (k[a-z2-7]*)')"
same "ten deliveries change nothing" "$before" "$(tips)"
same "the repository is sound" "" "$(git -C hub/repo.git fsck --strict 2>&1)"
check "evidence is whole" git -C hub/repo.git lfs fsck --dry-run BJ-1
same "blame names who set the grade" zhang "$(git -C hub/repo.git blame --line-porcelain BJ-1 -- "$(git -C hub/repo.git ls-tree -r --name-only BJ-1 record/finding)" | grep -B20 '"grade"' | sed -n 's/^author //p' | tail -n 1)"

bundle=$(ls again/*.satchel | head -n 1)
refuse "a bundle for another" 3 as li receive "$bundle"
head -c 5000 /dev/urandom > foreign.satchel
refuse "a foreign file" 3 s hub receive hub foreign.satchel
head -c 3000 "$bundle" > cut.satchel
refuse "a cut bundle" 3 s hub receive hub cut.satchel
cp "$bundle" flipped.satchel
printf '\xff' | dd of=flipped.satchel bs=1 seek=2000 conv=notrunc status=none
refuse "a damaged bundle" 3 s hub receive hub flipped.satchel
same "nothing of it was kept" "$before" "$(tips)"
refuse "one bad file among good ones" 3 s hub receive hub foreign.satchel again/*.satchel
same "does not stop them" "$(ls again/*.satchel | wc -l)" "$(grep -c '^received' out)"
as zhang pack --to self --case BJ-1 -o own > /dev/null
refuse "nor at a kit" 3 as zhang receive foreign.satchel own/*.satchel
same "where they are taken in" "$(ls own/*.satchel | wc -l)" "$(grep -c '^received' out)"

kit stranger
as stranger whoami --request > stranger.request
s hub init other --name Other --admin stranger.request > /dev/null
as stranger join other > /dev/null
as stranger new organisation --case XX-1 name=x > /dev/null
as stranger hub enrol other zhang.request --roles auditor -o zhang.other > /dev/null
refuse "a second hub, which would be sent the first one's cases" 3 as zhang join zhang.other
same "what this program writes is its user's alone" "" "$(find hub zhang -type f -perm /077 -not -path '*/hooks/*' | head -n 3)"
mkdir strange; quiet as stranger pack -o strange
refuse "a bundle of an unknown kit" 3 s hub receive hub "$(ls strange/*.satchel | head -n 1)"
kit founder; as founder whoami --request > founder.request
s hub init third --name Third --admin founder.request > /dev/null
as founder join third > /dev/null
as founder new organisation --case YY-1 name=y > /dev/null
as founder --json pack -o founding | jq -r '.[].file' | tac > case_first
refuse "a case before its register" 3 s hub receive third "$(head -n 1 case_first)"
check "both, the case first" xargs "$SATCHEL" hub receive third < case_first

s hub init young --name Young --admin founder.request > /dev/null
same "a receipt tells of a hub that was emptied" 0 "$(s hub verify third > /dev/null; s hub checkpoint third -o third.json > /dev/null; s hub verify young --against third.json > out && echo; grep -c 'nothing has been received' out)"
check "a checkpoint" s hub checkpoint hub -o checkpoint.json
as chen --json whoami | jq -r .key > root.pub
check "the hub verifies" s hub verify hub --root root.pub --against checkpoint.json
git clone -q --bare hub/repo.git clone.git 2> /dev/null
check "a plain clone verifies" s verify clone.git --root root.pub --against checkpoint.json
same "without an anchor it says so" "1 unanchored" "$(s verify clone.git > out; echo "$? $(grep -o unanchored out | head -n 1)")"

for k in chen zhang li; do check "$k verifies" as $k verify; done

cp -r zhang clone
quiet as zhang set "$finding" correction=当场补签
quiet as clone set "$finding" correction=另行补签
check "the first copy's entry" round zhang
mkdir from-clone; quiet as clone pack -o from-clone
same "the clone's raises an alarm" 1 "$(s hub receive hub from-clone/*.satchel | grep -c ALARM)"
same "both are kept" 2 "$(git -C hub/repo.git ls-tree -r --name-only BJ-1 log/ | sed 's/-[0-9a-f]*$//' | sort | uniq -d | wc -l | xargs -I{} expr {} + 1)"
check "li takes both" round li
check "li takes both, again" round li
same "and sees both values" '["另行补签","当场补签"]' "$(as li --json conflicts | jq -c '[.[0].conflicts.correction[].value]|sort')"

quiet as zhang free --case BJ-1
same "freed bytes are away" 3 "$(as zhang extract "$ev" -o y.jpg > /dev/null 2>&1; echo $?)"
check "zhang asks for them" round zhang
check "and they come" round zhang
check "back on demand" as zhang extract "$ev" -o y.jpg
check "as they were" cmp photo.jpg y.jpg
for place in "--store zhang verify" "hub verify hub --root root.pub --against checkpoint.json"; do
  same "verify of the cloned store's case tells of it ($place)" "1 1" "$(s $place > out; echo "$? $(grep -c 'two different entries' out)")"
done
done_testing
