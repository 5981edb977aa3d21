#!/usr/bin/env bash
# What must hold against the careless and the hostile: verdicts are followed everywhere, evidence stays what it was, a stick can't
# stop a sync.
. "$(dirname "$0")/../lib.sh"
as() { local who=$1; shift; s --store "$who" "$@"; }
quiet() { "$@" > /dev/null; }
to_hub() { quiet as "$1" sync stick; quiet s hub sync hub stick; }

for k in chen li hua; do kit $k; as $k whoami --request > $k.request; done
quiet s hub init hub --name HQ --admin chen.request
quiet as chen join hub
quiet as chen new organisation --case BJ-1 name=华安
mkdir stick; to_hub chen

# Before joining a kit may write anything; that must not make it count afterwards, not even for an hour.
quiet as li new organisation --case BJ-1 name=其他
quiet as li new decision --case BJ-1 outcome=grant date=2026-11-01 reason=x
quiet as chen hub enrol hub li.request --roles auditor --cases BJ-1 -o li.enrol
quiet as chen hub enrol hub hua.request --roles headquarters -o hua.enrol
quiet as li join li.enrol
to_hub li
quiet as hua join hua.enrol
check "headquarters takes in what the hub has set apart" as hua sync stick
same "the decision of one who may not decide does not count there" '[]' "$(as hua --json list decision)"
check "and the admin" as chen sync stick
same "nor there" '[]' "$(as chen --json list decision)"
for i in 1 2 3; do for k in chen hua; do to_hub $k; quiet as $k sync stick; done; done
same "nor later" '[] []' "$(as hua --json list decision) $(as chen --json list decision)"
same "then there is nothing more to say" "nothing new in either direction" "$(as hua sync stick)"

# Evidence is its bytes.
org=$(as li --json list organisation | jq -r '.[0].id')
sample=$(as li new department --case BJ-1 code=D1 name=甲)
echo one > one.txt; echo two > two.txt
one=$(as li attach one.txt --to "$sample"); two=$(as li attach two.txt --to "$sample")
refuse "evidence is not made into other evidence" 3 as li set "$one" "sha256=$(sha256sum two.txt | cut -c1-64)"
same "and is told what to do" 1 "$(grep -c 'attach the right file' err)"
refuse "its size neither" 3 as li set "$one" size:=7
refuse "evidence is made of a file, not by hand" 2 as li new evidence --case BJ-1 name=x size=4 "sha256=$(sha256sum two.txt | cut -c1-64)"
same "and attach is named" 1 "$(grep -c 'satchel attach' err)"
printf '{"do":"new","type":"evidence","case":"BJ-1","set":{"name":"x","size":1,"sha256":"x"}}\n' > by-hand
refuse "nor by apply" 2 as li apply by-hand
check "what is about it may change" as li set "$one" title=甲
check "its bytes come back" as li extract "$one" -o got.txt
same "as they were" one "$(cat got.txt)"
: "$org" "$two"

# A colleague's address is not enough to become that colleague.
kit mallory chen@example.com
as mallory whoami --request > mallory.request
refuse "the admin's address in another's request" 3 as chen hub enrol hub mallory.request --roles auditor -o mallory.enrol
s --store laptop init --name chen --email chen@example.com --work-factor 10 > /dev/null
as laptop whoami --request > laptop.request
check "a second device under one's own name" as chen hub enrol hub laptop.request --roles headquarters -o laptop.enrol

# What an admin of yesterday has written meanwhile counts for nobody, and does not stop the admin of today.
quiet as chen hub enrol hub hua.request --roles admin -o hua.enrol
for i in 1 2; do quiet as hua sync stick; to_hub chen; done
quiet as hua sync stick
person() { as chen --json list person | jq -r --arg n "$1" '.[] | select(.fields.name == $n).id'; }
quiet as chen set "$(person hua)" roles-=admin
quiet as hua set "$(person li)" roles+=admin
to_hub chen; to_hub hua
for k in chen li hua; do
  quiet as $k sync stick
  same "$k sees no admin made by one who was one" null "$(as $k --json show "$(person li)" | jq '.fields["roles.admin"]')"
done
kit wang
as wang whoami --request > wang.request
check "the admin enrols" as chen hub enrol hub wang.request --roles auditor -o wang.enrol

# A stick may hold anything.
me=$(as li --json whoami | jq -r .kit)
mkdir -p "stick/outbox/$me"
mkfifo stick/inbox/pipe.satchel
same "a pipe does not stop the hub" 3 "$(timeout 20 "$SATCHEL" hub sync hub stick > out 2>&1; echo $?)"
mkfifo "stick/outbox/$me/pipe.satchel"
same "nor a kit" 3 "$(timeout 20 "$SATCHEL" --store li sync stick > out 2>&1; echo $?)"
rm stick/inbox/pipe.satchel "stick/outbox/$me/pipe.satchel"
to_hub li
same "what came beside it is taken in" "nothing new in either direction" "$(quiet as li sync stick; as li sync stick)"

done_testing
