#!/usr/bin/env bash
# A whole client through two cycles, and a second one that ends in withdrawal: every row of domain.md §1, by the people who
# may do it, each on a kit of their own: chen (headquarters), zhang (leader), zhao (decider). Ends with a table of the rows:
# what was asked of the program, by which command.
. "$(dirname "$0")/../lib.sh"
as() { local who=$1; shift; s --store "$who" "$@"; }
quiet() { "$@" > /dev/null; }
C=HA-2024
days() { as chen --json calendar --case "${2:-$C}" --on "$1" | jq -r 'map("\(.what) \(.due) \(.state)") | join("\n")'; }
day() { days "$1" "${3:-$C}" | awk -v w="$2" '$1 == w {print $2, $3}' | uniq; }
id_of() { as chen --json list "$1" --case "${3:-$C}" | jq -r ".[] | select($2) | .id"; }
state_of() { as chen --json show "$1" | jq -r .state; }
state_of_certificate() { as chen --json show "$1" --on "$2" | jq -r '"\(.state) \(.computed.valid_to)"'; }

# ---- the table: row N WHAT COMMAND… must succeed; row_refused: it must be refused ----

declare -A commands whats
by="" # the command, where a function of this script runs it
note_row() { # N WHAT COMMAND…
  local n=$1 what=$2 command; shift 2
  [ "$1" != as ] || shift 2
  [ "$1" != --json ] || shift
  case $1 in
    new) command="new $3" ;;
    day | days) command="calendar --on" ;;
    attach | submit | check) command=$1 ;;
    *) command="$1 ${2%%/*}" ;;
  esac
  command=${by:-$command}
  whats[$n]+="${whats[$n]:+; }$what"
  case ", ${commands[$n]:-}, " in *", $command, "*) ;; *) commands[$n]+="${commands[$n]:+, }$command" ;; esac
}
row() { local n=$1 what=$2; note_row "$@"; shift 2; check "row $n: $what" "$@"; by=""; }
row_refused() { local n=$1 what=$2; note_row "$@"; shift 2; refuse "row $n: $what" 3 "$@"; by=""; }
row_no() { local n=$1 what=$2; note_row "$@"; shift 2; "$@" > out 2> err; same "row $n: $what" 1 $?; by=""; }
row_same() { # N WHAT EXPECTED COMMAND…: its output
  local n=$1 what=$2 want=$3; shift 3
  note_row "$n" "$what" "$@"
  same "row $n: $what" "$want" "$("$@")"
  by=""
}
print_rows() {
  local n
  for n in $(seq 33); do printf '  row %2d  %s\n          %s\n' "$n" "${whats[$n]:-NOTHING}" "${commands[$n]:-}"; done
}

# ---- people ----

for k in chen zhang zhao; do kit $k; as $k whoami --request > $k.request; done
quiet s hub init hub --name HQ --admin chen.request
quiet as chen join hub
mkdir stick
everybody() { for k in chen zhang zhao; do quiet as $k sync stick; done; }
meet() { everybody; quiet s hub sync hub stick; everybody; } # what each has written reaches the others
open_case() { # CASE NAME
  quiet as chen new organisation --case "$1" name="$2" credit_code=91110000X registered_address=北京市海淀区1号 certified_address=北京市海淀区1号
}
open_case $C 华安网络服务有限公司
quiet as chen sync stick; quiet s hub sync hub stick; quiet as chen sync stick
quiet as chen hub enrol hub zhang.request --roles auditor,leader --cases $C -o zhang.enrol
quiet as chen hub enrol hub zhao.request --roles decider,reviewer --cases $C -o zhao.enrol
quiet as zhang join zhang.enrol
quiet as zhao join zhao.enrol
meet
zhang=$(as chen --json list person | jq -r '.[] | select(.fields.name == "zhang") | .id')
zhao=$(as chen --json list person | jq -r '.[] | select(.fields.name == "zhao") | .id')
head -c 3000 /dev/urandom > paper.jpg

new() { local who=$1 type=$2; shift 2; as "$who" new "$type" --case "${CASE:-$C}" "$@"; }
# Samples with a piece of evidence each, in one run: lines "clause department site result [direction]" on standard input.
samples() { # AUDIT
  local clause department site result direction i=0
  while read -r clause department site result direction; do
    i=$((i + 1))
    printf '{"do":"new","case":"%s","type":"sample","as":"$s%s","set":{"audit":"%s","clause":"%s","department":"%s","site":"%s","result":"%s","method":"records","resampled":false,"project":"%s"%s}}\n' \
      "${CASE:-$C}" $i "$1" "$clause" "${department_of[$department]}" "${site_of[$site]}" "$result" \
      "$([ $((i % 2)) = 0 ] && echo finished || echo ongoing)" "${direction:+,\"direction\":\"$direction\"}"
    printf '{"do":"attach","record":"$s%s","file":"paper.jpg"}\n' $i
  done > samples.jsonl
  quiet as zhang apply samples.jsonl
}
meetings() { # AUDIT FIRST LAST
  quiet new zhang meeting audit="$1" kind=opening date="$2" attendance=签到表
  quiet new zhang meeting audit="$1" kind=closing date="$3" attendance=签到表
}
finding() { # AUDIT CLAUSE DEPARTMENT SITE GRADE FACT [DUE]
  local id
  local sample
  sample=$(as zhang --json list sample audit="$1" clause="$2" | jq -r --arg g "$5" '[.[] | select(.fields.result == $g) | .id][0]')
  id=$(new zhang finding audit="$1" clause="$2" department="${department_of[$3]}" site="${site_of[$4]}" grade="$5" fact="$6" samples+="$sample" \
    ${7:+due="$7" confirmed_by=管理者代表 confirmed="${8:-$7}"})
  quiet as zhang attach paper.jpg --to "$id"
  echo "$id"
}
close_finding() { # FINDING DAY
  as zhang set "$1" root_cause=职责不清 correction=已补做 corrective_action=修订制度并培训 verification=查阅记录有效 closed="$2" \
    closed_by=register:"$zhang"
}
everything="风险评估 应急响应"
all_clauses() { # SITES: every clause where it belongs
  local d
  printf '%s\n' "A1 D1 s1 conform" "A2 D4 s1 conform" "A3 D3 s1 conform" "A4 D2 s1 ${1:-conform}" "A5 D3 s1 conform" \
    "B1 D1 s1 conform" "B2 D1 s1 conform" "B2 D3 s2 conform" "B3 D3 s2 conform" "B4 D4 s1 ${2:-conform}"
  for d in RA1 RA2; do printf '%s\n' "$d D2 s1 conform 风险评估" "$d D3 s2 $([ $d = RA2 ] && echo "${3:-conform}" || echo conform) 风险评估"; done
  for d in ER1 ER2; do printf '%s\n' "$d D2 s1 conform 应急响应" "$d D3 s2 conform 应急响应"; done
}
apply_for() { # KIND RECEIVED FIELD…
  local kind=$1 received=$2; shift 2
  new chen application kind="$kind" received="$received" level:=3 directions+=风险评估 directions+=应急响应 activities=网络安全服务 \
    structure=四个部门 contacts=李主任 locations=北京两处 legal_status=licence legal_document="营业执照 91110000X" \
    operating_time="2015 年起运行" licences_needed:=false legal_person:=true no_violation:=true violation_check="信用系统查询无记录" \
    contract=signed contract_number=HT-1 contract_date="$received" fee="按国家规定" "$@"
}
fulfil() { as chen set "$1" contract=fulfilled fee_paid="$2"; }
certificate() { # DECISION NUMBER INITIAL ISSUED VALID_FROM FIELD…
  local decision=$1 number=$2 initial=$3 issued=$4 from=$5; shift 5
  new chen certificate decision="$decision" number="$number" initial_date="$initial" issued="$issued" valid_from="$from" level:=3 \
    directions+=风险评估 directions+=应急响应 organisation="$(id_of organisation true "${CASE:-$C}")" title=网络空间安全服务资质认证证书 \
    name=华安网络服务有限公司 registered_address=北京市海淀区1号 certified_address=北京市海淀区1号 \
    standard="T/BJCSA 02-2022 《网络空间安全服务规范》" body=网安联认证中心 logo:=true seal:=true signed_by=法定代表人 \
    for_accreditation:=true "$@"
}
finish() { # AUDIT RESULT: leave-site check, then submit
  quiet as zhang set "$1" result="$2"
  check "the check of ${1#audit/} is clean" as zhang check --audit "$1" --on "$3"
  check "and it is submitted" as zhang submit --audit "$1"
}
four_points() { as zhang set "$1" followup_measures=措施有效 followup_complaints=无投诉 effectiveness=有效 changes=无变更; }

# ---- application to certificate: rows 1 to 12, 23, 33 ----

row 1 "the scheme, its levels and parameters" as chen --json list scheme
levels() { quiet as chen form export shipped && jq -r '[.levels[].label.zh] | join(" ")' shipped/scheme.json; }
by="form export" row_same 1 "four levels, the fourth the highest" "一级 二级 三级 四级" levels
for d in "D1 管理层 true" "D2 技术部 false" "D3 项目部 true" "D4 综合部 false"; do
  read -r code name decisive <<< "$d"
  quiet new chen department code="$code" name="$name" decisive:="$decisive"
done
quiet new chen site name=总部 kind=office address=海淀 central:=true directions+=风险评估 directions+=应急响应
quiet new chen site name=亦庄 kind=office address=亦庄 directions+=风险评估
declare -A department_of site_of
read_places() {
  local line code id
  while read -r code id; do department_of[$code]=$id; done < <(as chen --json list department --case "${CASE:-$C}" | jq -r '.[] | "\(.fields.code) \(.id)"')
  local n=0
  for id in $(as chen --json list site --case "${CASE:-$C}" | jq -r '.[].id'); do n=$((n + 1)); site_of[s$n]=$id; done
}
read_places
by="new application" row 2 "an application of a kind" apply_for initial 2023-11-20
application=$(id_of application '.fields.kind == "initial"')
gaps_of() { as chen --json check --case "${CASE:-$C}" --on "$2" | jq -r --arg r "$1" '[.gaps[] | select(.record == $r) | .rule] | join(" ")'; }
by="check --case" row_same 3 "nothing mandatory is missing" "" gaps_of "$application" 2023-11-20
row 4 "proof of legal status" as chen attach paper.jpg --to "$application" --title 营业执照
row 5 "operating time and licences" as chen show "$application"
for clause in A1 A2 A3 A4 A5 B1 B2 B3 B4 RA1 RA2 ER1; do
  quiet as chen attach paper.jpg --to "$(new chen self-assessment application="$application" clause=$clause result=conform note=符合)"
done
row 6 "self-assessment of a clause" new chen self-assessment application="$application" clause=ER2 result=conform note=符合
quiet as chen attach paper.jpg --to "$(id_of self-assessment '.fields.clause == "ER2"')"
accept() { # APPLICATION DATE: all six points
  new chen application-review application="$1" date="$2" p1:=true p2:=true p3:=true p4:=true p5:=true p6:=true scope=安全服务 \
    sites=两处 time_needed="6 人日" conclusion=accepted
}
with_violation=$(new chen application kind=initial received=2023-11-21 legal_person:=true no_violation:=false)
by="new application-review" row_refused 7 "an applicant with a violation is not accepted" accept "$with_violation" 2023-12-01
quiet as chen void "$with_violation" --why 重复登记
row_refused 8 "accepted with a point open" new chen application-review application="$application" date=2023-12-01 p1:=true p2:=true \
  p3:=true p4:=true p5:=true p6:=false conclusion=accepted
row_refused 9 "a programme before the review" new chen programme application="$application" cycle:=1 planned=文件审核 man_days=6.0 man_days_basis=标准
by="new application-review" row 8 "accepted with all six" accept "$application" 2023-12-01
row 9 "the programme with its man-days" new chen programme application="$application" cycle:=1 planned="文件审核、现场审核、监督审核" \
  man_days=6.0 man_days_basis=人日标准 document_half_days:=4 onsite_half_days:=12
meet
document=$(new zhang audit kind=document application="$application" start=2024-02-12 end=2024-02-20 leader=register:"$zhang" \
  directions+=风险评估 directions+=应急响应)
all_clauses | samples "$document"
row_no 10 "a document audit without its six checks is not submitted" as zhang submit --audit "$document"
quiet as zhang set "$document" doc_basic=pass doc_running_time=pass doc_policies=pass doc_scope=pass doc_execution=pass doc_technical=pass
by="check, submit" row 10 "with them and every clause self-assessed" finish "$document" pass 2024-02-20
onsite_too_early() { new zhang audit kind=onsite application="$application" start=2024-02-19 end=2024-02-21 leader=register:"$zhang"; }
by="new audit" row_refused 11 "on site before the document audit has passed" onsite_too_early
onsite=$(new zhang audit kind=onsite application="$application" start=2024-03-04 end=2024-03-07 leader=register:"$zhang" \
  sites+="${site_of[s1]}" directions+=风险评估 directions+=应急响应 days+=2024-03-04 days+=2024-03-05 days+=2024-03-07 \
  onsite_standing=已验证 onsite_management=已验证 onsite_technical=已验证)
meetings "$onsite" 2024-03-04 2024-03-07
all_clauses minor observation major | samples "$onsite"
f1=$(finding "$onsite" A4 D2 s1 minor "两名工程师证书过期" 2024-03-15 2024-03-07)
f2=$(finding "$onsite" A4 D2 s1 minor "培训记录缺失" 2024-03-15 2024-03-07)
f3=$(finding "$onsite" RA2 D3 s2 major "处置建议没有评审" 2024-03-15 2024-03-07)
f4=$(finding "$onsite" B4 D4 s1 observation "涉密介质标识不清")
quiet as zhang set "$onsite" result=pass
row_no 11 "without the second office" as zhang check --audit "$onsite" --on 2024-03-07
quiet as zhang set "$onsite" sites+="${site_of[s2]}"
quiet close_finding "$f1" 2024-03-15
quiet close_finding "$f2" 2024-03-15
by="set finding" row 11 "a nonconformity is closed" close_finding "$f3" 2024-03-15
finish "$onsite" pass 2024-03-15
meet
by="new certificate" row_refused 23 "no certificate before the decision" certificate "" WAL-1 2024-03-25 2024-03-25 2024-03-25
grant() { new zhao decision application="$application" audit="$onsite" outcome=grant date="$1" reason=符合认证要求 evaluation=综合评价通过; }
decided=$(new zhao decision application="$application" audit="$onsite" outcome=grant date=2024-03-20 reason=符合认证要求 evaluation=综合评价通过)
row 12 "the decision, by who did not audit" as zhao show "$decided"
meet
by="new certificate" row_refused 33 "no certificate while the fee is open" certificate "$decided" WAL-1 2024-03-25 2024-03-25 2024-03-25
by="set application" row 33 "the contract is fulfilled" fulfil "$application" 2024-03-22
by="new certificate" row 23 "the certificate" certificate "$decided" WAL-1 2024-03-25 2024-03-25 2024-03-25
first=$(id_of certificate '.fields.number == "WAL-1"')
by="show certificate" row_same 23 "is valid until" "valid 2027-03-24" state_of_certificate "$first" 2024-03-25

meet

# ---- the calendar of the first cycle: rows 13, 14, 16, 24, 30 ----

row_same 13 "first surveillance within 12 months" "2025-03-25 upcoming" day 2024-03-25 surveillance
row_same 24 "renewal application three months before the end" "2026-12-24 upcoming" day 2024-03-25 renewal-application
row_same 24 "valid for three years" "2027-03-24 upcoming" day 2024-03-25 valid-to
row_same 30 "recertification before it" "2027-03-24 upcoming" day 2024-03-25 recertification

# ---- surveillance 1, worked example 4: rows 18 to 22 ----

first_surveillance=$(new zhang audit kind=surveillance mode=onsite start=2025-03-03 end=2025-03-04 leader=register:"$zhang" certificates+="$first" \
  sites+="${site_of[s1]}" sites+="${site_of[s2]}" directions+=风险评估 directions+=应急响应 picks+=A1)
meet
row_same 18 "information is due three months before" "2024-12-03 due" day 2024-10-01 surveillance-info
inform() { new chen surveillance-info audit="$1" received="$2" changes="名称、地址、架构、关键文件均无变化" self_assessment="运行、监测、改进、合规、符合"; }
by="new surveillance-info" row 18 "information before surveillance" inform "$first_surveillance" 2024-11-20
row_same 18 "is done" "" day 2024-12-10 surveillance-info
by="new programme" row 19 "the programme is revised" new chen programme certificate="$first" cycle:=1 planned="两次监督" man_days=4.0 \
  man_days_basis=人日标准 frequency=每年一次 coverage=全部方向 mode=现场 revised=2024-12-01 revision=监督方案
meet
required() { as zhang --json plan --audit "$1" | jq -r '[.required[].clause] | sort | join(" ")'; }
by="plan" row_same 20 "what must be sampled (rules 1 to 4)" "A1 A4 B2 B3 RA2" required "$first_surveillance"
meetings "$first_surveillance" 2025-03-03 2025-03-04
quiet as zhang set "$first_surveillance" result=pass
samples "$first_surveillance" << E2
A1 D1 s1 conform
A4 D2 s1 conform
B2 D1 s1 conform
B2 D3 s2 conform
B3 D3 s2 conform
RA2 D3 s2 conform 风险评估
E2
for f in "$f1" "$f2" "$f3"; do quiet as zhang set "$f" followup="措施有效"; done
row_no 21 "three of four followed up, four points open" as zhang submit --audit "$first_surveillance"
quiet as zhang set "$f4" followup="已整改"
by="set audit" row 21 "the four points of a surveillance" four_points "$first_surveillance"
by="check, submit" row 21 "then it is submitted" finish "$first_surveillance" pass 2025-03-04
meet
maintain() { new zhao decision audit="$1" certificate="$2" outcome=maintain date="$3" reason=监督通过 evaluation=综合评价通过; }
by="new decision" row 22 "the certificate stays valid" maintain "$first_surveillance" "$first" 2025-03-20
meet
row_same 14 "the next one: within the year, 15 months at most" "2026-06-04 upcoming" day 2025-03-20 surveillance

# ---- an extra surveillance: row 17 ----

extra_audit() {
  new zhang audit kind=extra mode=onsite start=2025-09-09 end=2025-09-10 leader=register:"$zhang" certificates+="$first" sites+="${site_of[s1]}" \
    directions+=风险评估 picks+=B4
}
by="new audit" row_refused 17 "no extra surveillance without an event" extra_audit
complaint=$(new chen complaint kind=complaint received=2025-08-15 from=客户甲 about=报告延迟)
event=$(new chen event kind=complaint date=2025-08-15 text="客户投诉报告延迟" extra_audit=yes reason=投诉属实 complaint="$complaint")
meet
extra=$(extra_audit)
by="new event" row 17 "headquarters asks for it, with a reason" as chen show "$event"
meetings "$extra" 2025-09-09 2025-09-10
echo "B4 D4 s1 conform" | samples "$extra"
quiet four_points "$extra"
finish "$extra" pass 2025-09-10
meet
quiet as chen set "$event" audit="$extra"
row_same 17 "complete, it resets the clock" "2026-12-10 upcoming" day 2025-09-20 surveillance
row 32 "the complaint is handled and answered" as chen set "$complaint" procedure_requested=2025-08-16 procedure_sent=2025-08-16 \
  investigation=属实 handled_by=register:"$zhao" outcome=已补发并致歉 replied=2025-09-20 closed=2025-09-20

# ---- surveillance 2, the last of the cycle, with a major nonconformity; suspension, restoration: rows 16, 20, 26, 27; example 7 ----

other_mode() { new zhang audit kind=surveillance mode=other start=2026-06-08 end=2026-06-10 leader=register:"$zhang" certificates+="$first" \
  sites+="${site_of[s1]}" sites+="${site_of[s2]}" directions+=风险评估 directions+=应急响应 picks_none="另无重点条款"; }
second_surveillance=$(other_mode)
mode_gap() { as zhang --json check --audit "$1" --on 2026-06-10 | jq -r '[.gaps[] | select(.text | test("mode_reason|Why another mode"))] | length'; }
by="check --audit" row_same 16 "another mode needs its reason" 1 mode_gap "$second_surveillance"
quiet as zhang set "$second_surveillance" mode=onsite
meet
quiet inform "$second_surveillance" 2026-03-01
by="plan" row_same 20 "the last one takes in what is left (rule 1)" "A2 A3 A5 B1 B2 B3 ER1 ER2 RA1" required "$second_surveillance"
samples "$second_surveillance" << E2
A2 D4 s1 conform
A3 D3 s1 conform
A5 D3 s1 conform
B1 D1 s1 conform
B2 D1 s1 conform
B2 D3 s2 major
B3 D3 s2 conform
RA1 D2 s1 conform 风险评估
RA1 D2 s2 conform 风险评估
ER1 D2 s1 conform 应急响应
ER2 D2 s1 conform 应急响应
ER2 D3 s2 conform 应急响应
E2
meetings "$second_surveillance" 2026-06-08 2026-06-10
f5=$(finding "$second_surveillance" B2 D3 s2 major "交付前无评审" 2026-09-10 2026-06-10)
quiet four_points "$second_surveillance"
coverage_of_cycle() { as zhang --json coverage --case $C --on 2026-06-10 | jq -r '"\(.covered)/\(.of) \(.open_departments | length)"'; }
by="coverage" row_same 20 "the cycle ends covered" "13/13 0" coverage_of_cycle
finish "$second_surveillance" pass 2026-06-10
meet
by="new decision" row_refused 26 "maintained although there is a major nonconformity" maintain "$second_surveillance" "$first" 2026-06-20
row_same 26 "suspension is proposed" "2026-06-10 proposed" day 2026-06-11 suspend
suspend() { new zhao decision audit="$second_surveillance" certificate="$first" outcome=suspend date="$1" reason=严重不符合 notified="$1" published="$1"; }
suspended=$(suspend 2026-06-30)
suspension=$(new zhao suspension certificate="$first" decision="$suspended" from=2026-06-30 reason=major measures="重建评审并验证" \
  measures_told=2026-06-30 published=2026-06-30)
meet
row_same 26 "three months usually" "2026-09-30 due" day 2026-07-02 suspension-end
row_same 26 "six months at most" "2026-12-30 upcoming" day 2026-07-02 suspension-max
by="show certificate" row_same 26 "the certificate is suspended" "suspended 2027-03-24" state_of_certificate "$first" 2026-07-01
restore() { new zhao decision certificate="$first" outcome=restore date="$1" reason=整改有效 notified="$1" published="$1"; }
by="new decision" row_refused 27 "no restoration before the measures are verified" restore 2026-09-15
quiet close_finding "$f5" 2026-09-10
quiet as zhao set "$suspension" applied=2026-09-01 verified=2026-09-10 verification=现场验证有效
by="new decision" row 27 "restored" restore 2026-09-15
restored=$(as zhao --json list decision --case $C outcome=restore | jq -r '.[0].id')
row 27 "and use may resume" as zhao set "$suspension" restored=2026-09-15 restoration="$restored" restoration_published=2026-09-15 resume_notified=2026-09-15
meet
by="show certificate" row_same 27 "it is valid again" "valid 2027-03-24" state_of_certificate "$first" 2026-09-16

# ---- recertification: row 30; worked example 8 ----

by="new application" row 30 "the application, late" apply_for recertification 2027-01-10 certificate="$first"
renewal=$(id_of application '.fields.kind == "recertification"')
late() { as chen show "$renewal" --on 2027-01-10 | grep -cE "Days late +17$"; }
by="show application" row_same 30 "is accepted and said to be 17 days late" 1 late
quiet accept "$renewal" 2027-01-15
quiet new chen programme application="$renewal" cycle:=2 planned=再认证 man_days=6.0 man_days_basis=人日标准
meet
recertification=$(new zhang audit kind=recertification application="$renewal" certificates+="$first" start=2027-02-15 end=2027-02-17 \
  leader=register:"$zhang" sites+="${site_of[s1]}" sites+="${site_of[s2]}" directions+=风险评估 directions+=应急响应 \
  onsite_standing=已验证 onsite_management=已验证 onsite_technical=已验证 followup_measures=已关闭)
all_clauses | samples "$recertification"
meetings "$recertification" 2027-02-15 2027-02-17
quiet as zhang set "$f5" followup=措施有效
finish "$recertification" pass 2027-02-17
meet
renew() { new zhao decision application="$renewal" audit="$recertification" certificate="$first" outcome=renew date=2027-03-20 reason=再认证通过 evaluation=综合评价通过; }
renewed=$(renew)
quiet fulfil "$renewal" 2027-03-18
meet
by="new certificate" row_refused 24 "a renewal that overlaps" certificate "$renewed" WAL-2 2024-03-25 2027-03-20 2027-03-20 supersedes="$first"
by="new certificate" row 30 "the new certificate" certificate "$renewed" WAL-2 2024-03-25 2027-03-20 2027-03-25 supersedes="$first" returned=2027-03-25
second=$(id_of certificate '.fields.number == "WAL-2"')
by="show certificate" row_same 30 "goes on to" "valid 2030-03-24" state_of_certificate "$second" 2027-03-25
row_same 13 "first surveillance of the new cycle" "2028-03-20 upcoming" day 2027-03-25 surveillance
meet

# ---- the second cycle: extension, change of certificate, disclosure, appeal, cancellation: rows 2, 25, 28, 31, 32 ----

cycle2=$(new zhang audit kind=surveillance mode=onsite start=2028-03-06 end=2028-03-07 leader=register:"$zhang" certificates+="$second" \
  sites+="${site_of[s1]}" sites+="${site_of[s2]}" directions+=风险评估 directions+=应急响应 picks_none=无)
meet
quiet inform "$cycle2" 2027-12-01
by="plan" row_same 20 "a new cycle begins anew" "B2 B3" required "$cycle2"
samples "$cycle2" << E2
B2 D1 s1 conform
B2 D3 s2 conform
B3 D3 s2 conform
RA1 D2 s1 conform 风险评估
RA1 D2 s1 conform 风险评估
ER1 D2 s1 conform 应急响应
ER1 D3 s2 conform 应急响应
E2
meetings "$cycle2" 2028-03-06 2028-03-07
quiet four_points "$cycle2"
finish "$cycle2" pass 2028-03-07
meet
quiet maintain "$cycle2" "$second" 2028-03-20
meet
by="new application" row 25 "a change of name" new chen application kind=change received=2028-05-01 certificate="$second" changes=名称变更 change_of+=name \
  change_documents=工商变更证明 contract=fulfilled contract_number=HT-3 contract_date=2028-05-01 fee=无 fee_paid=2028-05-01
change=$(id_of application '.fields.kind == "change"')
quiet accept "$change" 2028-05-05
meet
reissued=$(new zhao decision application="$change" certificate="$second" outcome=reissue date=2028-05-10 reason=名称变更属实 evaluation=材料齐全)
meet
by="new certificate" row 25 "is reissued and the old one taken back" certificate "$reissued" WAL-3 2024-03-25 2028-05-12 2027-03-25 supersedes="$second" returned=2028-05-20
third=$(id_of certificate '.fields.number == "WAL-3"')
by="show certificate" row_same 25 "with the old one's end" "valid 2030-03-24" state_of_certificate "$third" 2028-05-12
by="show certificate" row_same 25 "the old one is replaced" "replaced 2030-03-24" state_of_certificate "$second" 2028-05-12
disclose() { new chen disclosure to=行业主管部门 what=审核结论 reason=监管要求 date=2028-06-01 "$@"; }
by="new disclosure" row_refused 31 "not before the organisation is told" disclose
by="new disclosure" row 31 "told before" disclose notified=2028-05-25
by="new complaint" row 32 "an appeal, and the procedure on request" new chen complaint kind=appeal received=2028-06-10 from=受审核方 about=不符合等级 \
  procedure_requested=2028-06-10 procedure_sent=2028-06-11
meet
cancel() { new zhao decision certificate="$third" outcome=cancel date=2029-01-10 reason=组织申请 published=2029-01-12 "$@"; }
by="new decision" row_refused 28 "cancelled on the organisation's own request only" cancel
by="new decision" row 28 "cancelled" cancel requested=2029-01-05
meet
by="show certificate" row_same 28 "for good" "cancelled 2030-03-24" state_of_certificate "$third" 2029-01-10
row_same 28 "nothing more is due" "" days 2029-01-11

# ---- a second client, taken over from paper with two certificates; it ends in withdrawal: rows 15, 29 ----

CASE=HB-2024
open_case $CASE 海博安全有限公司
quiet as chen new assignment --case $CASE person=register:"$zhao"
meet
paper_certificate() { # NUMBER DAY
  local d
  d=$(new zhao decision outcome=grant date="$2" reason=纸质档案)
  meet
  certificate "$d" "$1" "$2" "$2" "$2"
}
older=$(paper_certificate WAL-8 2024-01-15)
newer=$(paper_certificate WAL-9 2024-09-01)
both() { as chen --json calendar --case $CASE --on "$1" | jq -r '[.[] | select(.what == "surveillance") | .due] | join(" ")'; }
by="calendar" row_same 15 "the earliest award starts the surveillance of both" "2025-01-15 2025-01-15" both 2024-10-01
row_same 29 "overdue: suspension is proposed" "2025-01-16 proposed" day 2025-01-20 suspend $CASE
meet
suspended=$(new zhao decision certificate="$older" outcome=suspend date=2025-02-01 reason=逾期未监督 notified=2025-02-01 published=2025-02-01)
quiet new zhao suspension certificate="$older" decision="$suspended" from=2025-02-01 reason=overdue measures=完成监督审核 measures_told=2025-02-01 published=2025-02-01
meet
row_same 29 "six months overdue: withdrawal is proposed" "2025-07-16 proposed" day 2025-07-16 withdrawal $CASE
by="new decision" row 29 "withdrawn, with the ground" new zhao decision certificate="$older" outcome=withdraw date=2025-07-20 ground=overdue reason=逾期六个月 \
  notified=2025-07-20 published=2025-07-20
meet
by="show certificate" row_same 29 "for good" "withdrawn 2027-01-14" state_of_certificate "$older" 2025-07-20
unset CASE

# ---- what each wrote is everybody's, the hub is sound, and no step of it broke a rule ----

quiet as chen hub checkpoint hub -o checkpoint
check "the hub verifies" s hub verify hub --root "$(as chen --json whoami | jq -r .key)" --against checkpoint
same "no gate is broken in the first case" "" "$(as chen --json check --case $C --on 2029-02-01 | jq -r '.gaps[] | "\(.rule) \(.record) \(.text)"')"
print_rows
for n in $(seq 33); do same "row $n is shown" yes "${whats[$n]:+yes}"; done
done_testing
