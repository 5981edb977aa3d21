#!/usr/bin/env bash
# Joining: what was written before and the new register does not accept is shown before it is sent, and set apart then.
. "$(dirname "$0")/../lib.sh"
as() { local who=$1; shift; s --store "$who" "$@"; }
quiet() { "$@" > /dev/null; }

for k in chen wu; do kit $k; as $k whoami --request > $k.request; done
quiet s hub init hub --name HQ --admin chen.request
check "the admin joins" as chen join hub
same "with nothing to be told" 0 "$(grep -c 'apart' out)"
check "alone, wu may write all" as wu new organisation --case BJ-7 name=华安
audit=$(as wu new audit --case BJ-7 kind=onsite start=2026-11-20)
quiet as wu new finding --case BJ-7 audit="$audit" clause=B2 grade=minor fact=x
quiet as chen hub enrol hub wu.request --roles auditor -o wu.enrol
check "wu joins, as an auditor" as wu join wu.enrol
cp out joined
same "how many are not accepted" 1 "$(grep -c 'set 3 entries apart' joined)"
same "an auditor opens no case, nor an audit" 2 "$(grep -c 'BJ-7.*no role that may write this' joined)"
same "and does not see what he has not opened" 1 "$(grep -c "finding/.*may not see this case" joined)"
check "again" as wu --json join wu.enrol
same "the same in JSON" "3 2" "$(jq -r '"\(.refused | length) \([.refused[] | select(.reason | test("role"))] | length)"' out)"
check "given the role that is missing" as chen hub enrol hub wu.request --roles leader -o wu2.enrol
check "wu joins by that" as wu --json join wu2.enrol
same "and all is accepted" 0 "$(jq '.refused | length' out)"
mkdir stick
check "sent" as wu sync stick
s hub sync hub stick > taken
same "it is taken in as was said" "1 0" "$(grep -c '3 new entries' taken) $(grep -c 'set apart' taken)"
done_testing
