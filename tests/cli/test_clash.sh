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

refuse "a name that is taken" 3 as zhang copy --case bj-1 --to Bj-1
refuse "a case that is not there" 3 as zhang copy --case bj-9 --to BJ-2
check "the case is opened anew" as zhang --json copy --case bj-1 --to BJ-2
cp out copied
new_of() { jq -r --arg id "$1" '.copied[] | select(.from == $id) | .to' copied; }
same "all but what is voided" "5 [\"$dropped\"]" "$(jq -r '"\(.copied | length) \(.left)"' copied)"
same "each with all its fields" true "$(jq '[.copied[].whole] | all' copied)"
same "values are as they were" '"major" "两份未签"' "$(as zhang --json show "$(new_of "$finding")" | jq -r '"\(.fields.grade | tojson) \(.fields.fact | tojson)"')"
same "links lead to the copies" "$(new_of "$audit") true" \
  "$(as zhang --json show "$(new_of "$finding")" | jq -r --arg s "samples.$(new_of "$sample")" '"\(.fields.audit) \(.fields[$s])"')"
check "evidence is there" as zhang extract "$(new_of "$photo")" -o got.jpg
check "as it was" cmp photo.jpg got.jpg
same "the old case still reads" major "$(as zhang --json show "$finding" | jq -r .fields.grade)"
same "whence it comes stands with it" 1 "$(as zhang history "$(new_of "$org")" | grep -c "$org")"
check "the store verifies" as zhang verify
done_testing
