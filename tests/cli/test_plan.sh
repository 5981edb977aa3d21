#!/usr/bin/env bash
# coverage and plan of a case: example 4 and 9 of domain.md §7 through a store, for people in both languages and as JSON.
. "$(dirname "$0")/../lib.sh"
. "$HERE/client.sh"

check "a kit is made" kit zhang
export SATCHEL_STORE=zhang
C=BJ-4
o() { client_new "$@"; }
audit() { s --json list audit --case $C | jq -r ".[] | select(.fields.kind==\"$1\") | .id"; }
client_leader
check "a case" client_open
for i in 0 1 2 3 4 5 6 7 8 9; do o site "s$i" "\"name\":\"驻场 $i\",\"kind\":\"service\",\"similar\":\"驻场\""; done > sites.jsonl
check "with ten service sites" s apply sites.jsonl
check "and the central one" s set "$(s --json list site --case $C name=总部 | jq -r '.[0].id')" central=yes
app=$(client_apply initial 2024-01-10 3)
check "applied for, and its documents audited" client_document "$app" 2024-02-19 2024-02-20
on=$(client_onsite "$app" 2024-03-04 2024-03-07)
found='"criterion":"x","fact":"x","confirmed_by":"总经理","confirmed":"2024-03-07"'
{
  o finding f1 "\"audit\":\"$on\",\"clause\":\"A4\",\"grade\":\"minor\",\"due\":\"2024-06-07\",$found"
  o finding f2 "\"audit\":\"$on\",\"clause\":\"A4\",\"grade\":\"minor\",\"due\":\"2024-06-07\",$found"
  o finding f3 "\"audit\":\"$on\",\"clause\":\"RA2\",\"grade\":\"major\",\"due\":\"2024-06-07\",\"closed\":\"2024-03-20\",\"closed_by\":\"$LEADER\",\"root_cause\":\"x\",\"correction\":\"x\",\"corrective_action\":\"x\",\"verification\":\"x\",$found"
  o finding f4 "\"audit\":\"$on\",\"clause\":\"B4\",\"grade\":\"observation\",\"fact\":\"x\""
  client_evidence f1 f2 f3 f4
} > findings.jsonl
check "four findings" s apply findings.jsonl
check "days on site" s set "$on" days+=2024-03-04 days+=2024-03-05 days+=2024-03-07
refuse "a plan without a certificate" 3 s plan --case $C --on 2024-03-01
refuse "a plan of a case that is not there" 3 s plan --case XX-1
refuse "a plan of no case" 2 s plan
refuse "a day that is none" 2 s plan --case $C --on 2024-02-30
refuse "coverage of what is no audit" 3 s coverage --audit "$(s --json list site --case $C | jq -r .[0].id)"

same "man-days of one auditor" 3.0 "$(s --json plan --audit "$on" | jq -r .man_days)"
li=$(s new person name=Li email=l@example.com roles+=auditor)
expert=$(s new person name=Wu email=w@example.com roles+=expert)
check "an auditor and an expert" s set "$on" team+="$li" team+="$expert"
same "two auditors, three days; the expert does not count" 6.0 "$(s --json plan --audit "$on" | jq -r .man_days)"
check "the last one was half a day" s set "$on" days-=2024-03-07 days+=2024-03-07/4
same "two auditors, two days and a half" 5.0 "$(s --json plan --audit "$on" | jq -r .man_days)"
same "an initial certification takes in everything" "13 4 2 all" \
  "$(s --json plan --audit "$on" | jq -r '"\(.required|length) \(.required_departments|length) \(.required_directions|length) \(.required[0].reasons[0])"')"
same "and four of ten similar sites" 4 "$(s --json plan --audit "$on" | jq '.sites[0].visit')"

same "before a certificate everything is required of the case" '[13,0,null,null]' \
  "$(s --json coverage --case $C | jq -c '[(.required|length),(.open|length),.cycle,.next]')"

check "why only the central one was visited" s set "$on" sites_reason=服务远程交付
check "the audit is submitted" s submit --audit "$on" --on 2024-03-07
check "and a certificate issued" client_grant "$app" "$on" 2024-03-25
{
  o audit su '"kind":"surveillance","start":"2025-03-10","end":"2025-03-11","picks.A1":true'
  o sample x1 '"audit":"$su","clause":"A1","result":"conform"'
  o sample x2 '"audit":"$su","clause":"B2","result":"minor"'
} > later.jsonl
check "a surveillance" s apply later.jsonl
su=$(audit surveillance)
department() { s --json list department --case $C | jq -r ".[] | select(.fields.code==\"$1\") | .id"; }
sample() { s --json list sample --case $C audit="$su" clause="$1" | jq -r ".[0].id"; }
check "samples in departments" s set "$(sample A1)" department="$(department D1)"
check "the other one" s set "$(sample B2)" department="$(department D3)"
echo photo > photo.txt
check "evidence of one" s attach photo.txt --to "$(sample A1)"

plan() { s --json plan --case $C --on 2025-03-01 | jq -c "$1"; }
same "what is required" '["A1","A4","B2","B3","RA2"]' "$(plan '[.required[].clause]')"
same "each with its reason" '[["picked"],["previous"],["decisive"],["decisive"],["previous"]]' "$(plan '[.required[].reasons]')"
same "departments" '["D1","D3"]' "$(plan .required_departments)"
same "four findings to follow up" 4 "$(plan '.followups|length')"
same "of the pair" 2 "$(plan '.previous|length')"
same "when, and how many are left" '["2025-03-25",false,2]' "$(plan '[.due,.last,.left]')"
same "two of ten similar sites" '[2,10,1]' "$(plan '[.sites[0].visit,(.sites[0].sites|length),(.central|length)]')"
same "it is that of the audit" "\"$su\"" "$(plan .audit)"
same "the catalogue is a sample" true "$(plan .sample)"

cover() { s --json coverage --on 2025-03-01 "${@:2}" | jq -c "$1"; }
same "coverage of the audit: what is open is what is required" '["A4","B2","B3","RA2"]' "$(cover .open --audit "$su")"
same "departments, too" '["D3"]' "$(cover .open_departments --audit "$su")"
same "coverage of the cycle" '[1,13,7]' "$(cover '[.covered,.of,.percent.clauses]' --case $C)"
same "the cycle and its next surveillance" '["2027-03-24","2025-03-25",2]' "$(cover '[.cycle.valid_to,.next.due,.next.left]' --case $C)"
same "required as the plan has it" '["A1","A4","B2","B3","RA2"]' "$(cover '[.required[].clause]' --case $C)"
same "in the cycle all the rest is open" 12 "$(cover '.open|length' --case $C)"

s coverage --case $C --on 2025-03-01 > en
same "a row of the matrix" "  A1 Legal status                      ●                   Conformity" "$(grep 'A1 Legal' en)"
same "and one without evidence" "  B2 Control of service processes      ○    ○    ✗         Minor nonconformity" "$(grep 'B2 Control' en)"
same "no line ends in blanks" 0 "$(grep -c ' $' en)"
same "the sample is marked" 1 "$(grep -c '^sample catalogue' en)"
s --lang zh plan --case $C --on 2025-03-01 > zh
same "Chinese reasons" "  A4 人员能力         上次审核有一般不符合 2 项，问题较多（6.3.4 准则 3）" "$(grep -m1 'A4 人员' zh)"
same "and no English" 0 "$(sed 's,[a-z]*/k[a-z0-9]*-[0-9]*,,' zh | grep -c '[a-z]\{4\}')"
same "in Chinese the matrix, too" 1 "$(s --lang zh coverage --audit "$su" --on 2025-03-01 | grep -c '^  B2 服务过程控制 .*一般不符合$')"

done_testing
