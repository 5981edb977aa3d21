# A client's case, step by step and with nothing missing, for shell tests: source it after lib.sh, with SATCHEL_STORE set and the
# case in $C. Each step prints the id of what it is named for. The team leader is somebody else than the kit's person, who then may
# decide.
#
#   C=BJ-1; client_leader; client_open; app=$(client_apply initial 2024-01-08 3); client_document "$app" 2024-02-19 2024-02-20
#   on=$(client_onsite "$app" 2024-03-04 2024-03-07); s submit --audit "$on"; cert=$(client_grant "$app" "$on" 2024-03-25)
#   su=$(client_surveillance "$cert" 2025-03-10 2025-03-11); s submit --audit "$su"

CLAUSES="A1:D1 A2:D4 A3:D3 A4:D2 A5:D3 B1:D1 B2:D2 B3:D1 B4:D4 RA1:D2 RA2:D3 ER1:D2 ER2:D3" # clause:department
CLIENT_DIRECTIONS='"directions.风险评估":true,"directions.应急响应":true'

# client_new TYPE NAME FIELDS: a line for apply.
client_new() { printf '{"do":"new","case":"%s","type":"%s","as":"$%s","set":{%s}}\n' "$C" "$1" "$2" "$3"; }
client_id() { s --json list "$1" --case "$C" "${@:2}" | jq -r '.[-1].id'; }
client_leader() { LEADER=register:$(s new person name=组长 email=leader@body.example); }

client_open() {
  [ -f proof.txt ] || echo "seen by the auditor" > proof.txt
  {
    client_new organisation o '"name":"华安网络"'
    client_new department D1 '"code":"D1","name":"管理层","decisive":true'
    client_new department D2 '"code":"D2","name":"技术部"'
    client_new department D3 '"code":"D3","name":"项目部","decisive":true'
    client_new department D4 '"code":"D4","name":"综合部"'
    client_new site hq '"name":"总部","kind":"office"'
  } | s apply - | head -n 1
}

# client_apply KIND RECEIVED LEVEL [CERTIFICATE]: applied for, reviewed, with a programme.
client_apply() {
  {
    client_new application a "\"kind\":\"$1\",\"received\":\"$2\",\"level\":$3,$CLIENT_DIRECTIONS,\"activities\":\"安全服务\",
      \"structure\":\"四个部门\",\"contacts\":\"办公室\",\"locations\":\"北京\",\"legal_status\":\"licence\",\"legal_document\":\"9111\",
      \"operating_time\":\"三年\",\"licences_needed\":false,\"legal_person\":true,\"no_violation\":true,\"violation_check\":\"公示系统\",
      \"contract\":\"signed\",\"contract_number\":\"HT-1\",\"contract_date\":\"$2\",\"fee\":\"按标准\"${4:+,\"certificate\":\"$4\"}" | tr -d '\n'
    echo
    client_new application-review r "\"application\":\"\$a\",\"date\":\"$2\",\"p1\":true,\"p2\":true,\"p3\":true,\"p4\":true,\"p5\":true,\"p6\":true,\"scope\":\"x\",\"sites\":\"x\",\"time_needed\":\"x\",\"conclusion\":\"accepted\""
    client_new programme p "\"application\":\"\$a\",\"cycle\":1,\"planned\":\"文件审核、现场审核\",\"man_days\":\"6.0\",\"man_days_basis\":\"人日标准\"${4:+,\"certificate\":\"$4\",\"frequency\":\"x\",\"coverage\":\"x\",\"mode\":\"x\"}"
  } | s apply - | head -n 1
}

# What any audit report holds.
client_report() {
  printf '"leader":"%s","start":"%s","end":"%s","result":"pass",' "$LEADER" "$1" "$2"
  for f in client_representative criteria objectives scope units deviations programme_effects unresolved disclaimer conformity \
    recommendation mark_use; do printf '"%s":"见报告",' $f; done
  printf '"combined":"single","scope_appropriate":true,"objectives_met":true'
}

# client_evidence NAMES: one file, of all of them.
client_evidence() {
  local first=$1 more=""; shift
  for name in "$@"; do more="$more${more:+,}\"of.\$$name\":true"; done
  printf '{"do":"attach","record":"$%s","file":"proof.txt","set":{%s}}\n' "$first" "$more"
}

client_document() {
  local names=""
  {
    client_new audit d "\"kind\":\"document\",\"application\":\"$1\",$(client_report "$2" "$3"),\"doc_basic\":\"pass\",\"doc_running_time\":\"pass\",\"doc_policies\":\"pass\",\"doc_scope\":\"pass\",\"doc_execution\":\"pass\",\"doc_technical\":\"pass\""
    for cell in $CLAUSES; do
      client_new self-assessment "s${cell%:*}" "\"application\":\"$1\",\"clause\":\"${cell%:*}\",\"result\":\"conform\""
      names="$names s${cell%:*}"
    done
    client_evidence $names
  } | s apply - | head -n 1
}

# client_samples SITE…: a sample of each clause, at one site after the other, all with evidence; the audit is $d.
client_samples() {
  local names="" project
  for cell in $CLAUSES; do
    case ${cell%:*} in RA1|ER1) project=',"project":"finished"' ;; RA2|ER2) project=',"project":"ongoing"' ;; *) project= ;; esac
    case ${cell%:*} in RA*) project="$project,\"direction\":\"风险评估\"" ;; ER*) project="$project,\"direction\":\"应急响应\"" ;; esac
    client_new sample "x${cell%:*}" "\"audit\":\"\$d\",\"clause\":\"${cell%:*}\",\"department\":\"$(client_id department code="${cell#*:}")\",\"site\":\"$1\",\"method\":\"records\",\"note\":\"查阅记录\",\"result\":\"conform\",\"resampled\":false$project"
    names="$names x${cell%:*}"
    set -- "${@:2}" "$1"
  done
  client_evidence $names
}

client_meetings() {
  client_new meeting m1 "\"audit\":\"\$d\",\"kind\":\"opening\",\"date\":\"$1\",\"attendance\":\"签到表已附\""
  client_new meeting m2 "\"audit\":\"\$d\",\"kind\":\"closing\",\"date\":\"$2\",\"attendance\":\"签到表已附\""
}

# client_audit START END FIELDS: an audit on site, of all offices, sampled whole.
client_audit() {
  local sites; sites=$(s --json list site --case "$C" kind=office | jq -r '.[].id')
  {
    client_new audit d "$(client_report "$1" "$2"),$(printf '"sites.%s":true,' $sites)$CLIENT_DIRECTIONS,$3"
    client_samples $sites
    client_meetings "$1" "$2"
  } | s apply - | head -n 1
}

ONSITE_CHECKS='"onsite_standing":"符合","onsite_management":"符合","onsite_technical":"符合"'
FOUR='"followup_measures":"已验证","followup_complaints":"无投诉","effectiveness":"有效","changes":"无"'
client_onsite() { client_audit "$2" "$3" "\"kind\":\"onsite\",\"application\":\"$1\",$ONSITE_CHECKS"; }
client_recertification() {
  client_audit "$3" "$4" "\"kind\":\"recertification\",\"application\":\"$1\",\"certificates.$2\":true,$ONSITE_CHECKS,$FOUR"
}
client_surveillance() {
  client_audit "$2" "$3" "\"kind\":\"surveillance\",\"mode\":\"onsite\",\"certificates.$1\":true,\"picks_none\":\"无\",$FOUR"
}

# client_decide OUTCOME DATE FIELD…
client_decide() { s new decision --case "$C" outcome="$1" date="$2" reason=符合要求 evaluation=综合评价 "${@:3}"; }
client_fulfil() { s set "$1" contract=fulfilled fee_paid="$2" > /dev/null; }
# client_certificate DECISION NUMBER ISSUED VALID_FROM INITIAL FIELD…
client_certificate() {
  s new certificate --case "$C" decision="$1" number="$2" issued="$3" valid_from="$4" initial_date="$5" level=3 title=资质证书 \
    organisation="$(client_id organisation)" name=华安网络 registered_address=北京 certified_address=北京 standard=T/BJCSA directions+=风险评估 \
    directions+=应急响应 body=网安联 logo=yes seal=yes signed_by=主任 for_accreditation=yes "${@:6}"
}
client_grant() {
  local decision; decision=$(client_decide grant "$3" audit="$2" application="$1") || return
  client_fulfil "$1" "$3"
  client_certificate "$decision" "WAL-$C" "$3" "$3" "$3"
}
