#!/usr/bin/env bash
# Two auditors, one audit, each on a kit of their own, over real bundles and a hub (domain.md §7, examples 5 and 6): what both
# have recorded stands, a conflict blocks the submission until the leader resolves it with a reason.
. "$(dirname "$0")/../lib.sh"
. "$HERE/client.sh"
as() { local who=$1; shift; SATCHEL_STORE=$who "$@"; }
quiet() { "$@" > /dev/null; }
round() { for k in "$@"; do quiet as $k s sync stick; done; quiet s hub sync hub stick; for k in "$@"; do quiet as $k s sync stick; done; }
C=BJ-1

for k in chen zhang li; do kit $k; as $k s whoami --request > $k.request; done
mkdir stick
check "a hub" s hub init hub --name HQ --admin chen.request
check "its admin joins" as chen s join hub
quiet as chen s hub enrol hub chen.request --roles headquarters,decider,leader,auditor -o chen.enrol
check "a case" as chen client_open
round chen
check "a leader" as chen s hub enrol hub zhang.request --roles leader,auditor --cases $C -o zhang.enrol
check "an auditor" as chen s hub enrol hub li.request --roles auditor --cases $C -o li.enrol
for k in zhang li; do check "$k joins" as $k s join $k.enrol; done
person() { as chen s --json list person name=$1 | jq -r '.[0].id'; }
LEADER=register:$(person zhang)
app=$(as chen client_apply initial 2024-01-08 3)
check "the documents are audited" as chen client_document "$app" 2024-02-19 2024-02-20
audit=$(as chen client_onsite "$app" 2024-03-04 2024-03-07)
quiet as chen s set "$audit" team+=register:"$(person li)"
site1=$(as chen client_id site)
d3=$(as chen client_id department code=D3)
site2=$(as chen s new site --case $C name=上海 kind=office)
quiet as chen s set "$audit" sites+="$site2"
check "the audit goes out" round chen zhang li
check "and its evidence is vouched for" round chen zhang li
gaps() { as $1 s --json check --audit "$audit" --on 2024-03-07 | jq -r '[.gaps[]|"\(.rule) \(.record|split("/")[0])"]|sort|join(", ")'; }
same "only site 2 is left" "6.2.2 site" "$(gaps zhang)"

# ---- example 5 ----
sampled() { as $1 s new sample --case $C audit="$audit" clause=B2 department="$d3" site="$2" result="$3" method=records note=查阅 resampled=no; }
echo zhang > zhang.txt; echo li > li.txt
one=$(sampled zhang "$site1" conform); quiet as zhang s attach zhang.txt --to "$one"
two=$(sampled li "$site2" minor); quiet as li s attach li.txt --to "$two"
finding=$(as li s new finding --case $C audit="$audit" clause=B2 department="$d3" site="$site2" grade=minor criterion=B2 fact=两份记录没有复核签字 \
  samples+="$two" confirmed_by=项目经理 confirmed=2024-03-07 due=2024-06-07)
check "both travel" round zhang li
check "to both" round li zhang
for k in zhang li; do
  same "$k: two records" '["conform","minor"]' "$(as $k s --json list sample audit="$audit" clause=B2 department="$d3" | jq -c '[.[].fields.result]|sort')"
  same "$k: no conflict" 0 "$(as $k s --json conflicts | jq length)"
  same "$k: the worst is the clause's" minor "$(as $k s --json coverage --audit "$audit" --on 2024-03-07 | jq -r .rollup.B2)"
  same "$k: nothing is missing" "" "$(gaps $k)"
done

# ---- example 6 ----
quiet as zhang s set "$finding" grade=major --why 关键项目
quiet as li s set "$finding" fact=2024-03-06上海两份项目记录没有复核签字
round zhang li; round zhang li
for k in zhang li; do
  same "$k: both edits stand" "major 2024-03-06上海两份项目记录没有复核签字 {}" "$(as $k s --json show "$finding" | jq -r '"\(.fields.grade) \(.fields.fact) \(.conflicts)"')"
done
quiet as zhang s set "$finding" grade=minor
round zhang li; round zhang li
quiet as zhang s set "$finding" grade=major
quiet as li s set "$finding" grade=observation
round zhang li; round zhang li
for k in zhang li; do
  same "$k: one conflict, both values kept" '["major","observation"]' "$(as $k s --json show "$finding" | jq -c '[.conflicts.grade[].value]|sort')"
  same "$k: a gap" "conflict finding" "$(gaps $k)"
done
as zhang s submit --audit "$audit" --on 2024-03-07 > out 2>&1
same "it can't be submitted" 1 $?
same "the gap names both values" 1 "$(grep -c 'Observation.*Major nonconformity\|Major nonconformity.*Observation' out)"
same "nothing is submitted" null "$(as zhang s --json show "$audit" | jq .fields.submitted)"
refuse "a conflict is not set over" 3 as zhang s set "$finding" grade=major
refuse "resolved with a reason only" 2 as zhang s resolve "$finding" grade=major
check "the leader resolves it" as zhang s resolve "$finding" grade=major --why 两份均为关键项目
round zhang li; round zhang li
refuse "an auditor can't submit" 3 as li s submit --audit "$audit" --on 2024-03-07
check "headquarters has it all" round chen
quiet as chen s set "$app" contract_number=HT-2
check "the leader submits" as zhang s submit --audit "$audit" --on 2024-03-07
refuse "once" 3 as zhang s submit --audit "$audit" --on 2024-03-07
check "and so does another one, at once" as chen s submit --audit "$audit" --on 2024-03-07
check "both travel" round zhang li chen
check "to both" round zhang li chen
same "which is told" "submit audit" "$(gaps zhang)"
check "submitted once more, it is settled" as zhang s submit --audit "$audit" --on 2024-03-07
same "nothing is missing" "" "$(gaps zhang)"
check "all of it travels" round zhang li chen
check "to everybody" round zhang li chen
same "li sees it submitted and settled" "submitted major" "$(as li s --json show "$audit" --on 2024-03-08 | jq -r .state) $(as li s --json show "$finding" | jq -r .fields.grade)"

# What li wrote before he knew arrives after it, is kept, and shown.
quiet as li s set "$two" note=补充说明
round li zhang chen; round li zhang chen
same "a later entry is shown" "li $two" "$(as zhang s --json check --audit "$audit" --on 2024-03-07 | jq -r '.later[0]|"\(.by) \(.record)"')"
refuse "the leader does not decide" 3 as chen s new decision --case $C outcome=grant date=2024-03-25 audit="$audit" application="$app" decided_by="$LEADER"
check "headquarters does" as chen client_grant "$app" "$audit" 2024-03-25

# Of all kits' last entries the newest is told, with who made it: a clock that is off shows by it.
newest() { as $1 s --json status | jq -r '.newest | "\(.by) \(.at)"'; }
last_of() { as $1 s --json history "$two" | jq -r 'last | "\(.by) \(.at)"'; }
sleep 1.1; quiet as zhang s set "$two" note=已补充 --why 复核
same "the newest entry is one's own" "$(last_of zhang)" "$(newest zhang)"
round zhang li
same "or a colleague's, once it is here" "zhang" "$(newest li | cut -d' ' -f1)"
sleep 1.1; quiet as li s set "$two" note=知悉
same "whoever's is the later" "$(last_of li)" "$(newest li)"
kit lone
same "in a store just made it is what made the kit" lone "$(as lone s --json status | jq -r .newest.by)"
done_testing
