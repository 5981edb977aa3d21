#!/usr/bin/env bash
# Two kits open cases offline whose names differ only in the case of letters: the hub takes the first, and the other's
# author is told, loses nothing, and brings his records in under another name.
. "$(dirname "$0")/../lib.sh"
as() { local who=$1; shift; s --store "$who" "$@"; }
quiet() { "$@" > /dev/null; }

for k in chen zhang; do kit $k; as $k whoami --request > $k.request; done
quiet s hub init hub --name HQ --admin chen.request
quiet as chen join hub
mkdir stick
quiet as chen hub enrol hub zhang.request --roles auditor,leader -o zhang.enrol
quiet as zhang join zhang.enrol

quiet as chen new organisation --case BJ-1 name=华安
org=$(as zhang new organisation --case bj-1 name=平安)
audit=$(as zhang new audit --case bj-1 kind=onsite start=2026-11-20)
finding=$(as zhang new finding --case bj-1 audit="$audit" clause=B2 grade=minor fact=两份未签)
dropped=$(as zhang new finding --case bj-1 audit="$audit" clause=B3 grade=minor fact=误记)
sample=$(as zhang new sample --case bj-1 audit="$audit" clause=B2 method=records result=minor)
quiet as zhang set "$finding" grade=major samples+="$sample"
quiet as zhang void "$dropped" --why 误记
head -c 200000 /dev/urandom > photo.jpg
photo=$(as zhang attach photo.jpg --to "$finding")

quiet as chen sync stick
check "the hub takes the first" s hub sync hub stick
quiet as zhang sync stick
refuse "and not the second" 3 s hub sync hub stick
same "which it says" 1 "$(grep -c "there is a case 'BJ-1' already; 'bj-1' is too like it" err)"
refuse "still the same, once more" 3 s hub sync hub stick
same "its author is told what to do" "1 1" "$(as zhang sync stick > out; echo "$? $(grep -c "has a case 'BJ-1' already.*satchel copy --case bj-1 --to NAME" out)")"
check "what was refused lies on the stick no more" s hub sync hub stick
same "he is told at each sync" '1 [{"case":"bj-1","clash":"BJ-1"}]' "$(as zhang --json sync stick > out; echo "$? $(jq -c .refused out)")"
same "his records are all there" major "$(as zhang --json show "$finding" | jq -r .fields.grade)"
check "and go on" as zhang set "$finding" fact=两份未签名
mkdir alone
refuse "nor is it taken by hand" 3 s hub receive hub "$(as zhang --json pack --everything --case bj-1 -o alone | jq -r '.[-1].file')"

refuse "a name that is taken" 3 as zhang copy --case bj-1 --to Bj-1
refuse "a case that is not there" 3 as zhang copy --case bj-9 --to BJ-2
check "the case is opened anew" as zhang --json copy --case bj-1 --to BJ-2
cp out copied
new_of() { jq -r --arg id "$1" '.copied[] | select(.from == $id) | .to' copied; }
same "all but what is voided" "5 [\"$dropped\"]" "$(jq -r '"\(.copied | length) \(.left)"' copied)"
same "each with all its fields" true "$(jq '[.copied[].whole] | all' copied)"
same "values are as they were" '"major" "两份未签名"' "$(as zhang --json show "$(new_of "$finding")" | jq -r '"\(.fields.grade | tojson) \(.fields.fact | tojson)"')"
same "links lead to the copies" "$(new_of "$audit") true" \
  "$(as zhang --json show "$(new_of "$finding")" | jq -r --arg s "samples.$(new_of "$sample")" '"\(.fields.audit) \(.fields[$s])"')"
check "evidence is there" as zhang extract "$(new_of "$photo")" -o got.jpg
check "as it was" cmp photo.jpg got.jpg
same "the old case still reads" major "$(as zhang --json show "$finding" | jq -r .fields.grade)"
same "whence it comes stands with it" 1 "$(as zhang history "$(new_of "$org")" | grep -c "$org")"
check "the store verifies" as zhang verify
check "the new case goes out" as zhang sync stick
same "and nothing is said any more" '[]' "$(as zhang --json sync stick | jq -c .refused)"
check "it comes in" s hub sync hub stick
check "with its evidence" as zhang sync stick
same "for good" "5 0" "$(s --json hub status hub | jq -r '.cases[] | select(.case == "BJ-2") | "\(.records) \(.awaited)"')"
check "headquarters takes it" as chen sync stick
same "and reads it" 平安 "$(as chen --json list organisation --case BJ-2 | jq -r '.[0].fields.name')"
s hub checkpoint hub -o checkpoint.json > /dev/null; as chen --json whoami | jq -r .key > root.pub
check "the hub verifies" s hub verify hub --root root.pub --against checkpoint.json
done_testing
