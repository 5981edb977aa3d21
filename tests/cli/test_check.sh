#!/usr/bin/env bash
# check and submit: a half-done audit, what is missing in both languages, then done and handed in; gates of the process on the way
# (domain.md §7, examples 1, 4, 7, 8).
. "$(dirname "$0")/../lib.sh"
. "$HERE/client.sh"

check "a kit is made" kit chen
export SATCHEL_STORE=chen
C=BJ-1
client_leader
ME=$(s --json list person name=chen | jq -r '.[0].id')
check "a case" client_open
app=$(client_apply initial 2024-01-08 3)
quiet() { "$@" > /dev/null; }
entries() { s --json list "$1" --case $C | jq length; }
# gaps AUDIT: "rule record-type" of each, sorted.
gaps() { s --json check --audit "$1" --on "${2:-2024-03-07}" | jq -r '[.gaps[]|"\(.rule) \(.record|split("/")[0])"]|sort|join(", ")'; }
state() { s --json show "$1" --on "${2:-2024-06-01}" | jq -r .state; }

# ---- example 1: on site only after the document audit has passed ----
doc=$(client_document "$app" 2024-02-19 2024-02-20)
same "the document audit is whole" "" "$(gaps "$doc" 2024-02-20)"
before=$(entries audit)
refuse "example 1: on site the day before" 3 s new audit --case $C kind=onsite application="$app" start=2024-02-19
same "says when, by which clause" 1 "$(grep -c '2024-02-20.*start then or later \[6.2.2\]$' err)"
same "and saves nothing" "$before" "$(entries audit)"
echo '{"do":"new","case":"BJ-1","type":"site","set":{"name":"x"}}
{"do":"new","case":"BJ-1","type":"audit","set":{"kind":"onsite","application":"'"$app"'","start":"2024-02-19"}}' > lines
refuse "nor in a run of many" 3 s apply lines
same "which names the line" 1 "$(grep -c 'line 2; nothing was saved' err)"
same "and saves nothing of it" 1 "$(entries site)"
refuse "a programme of an application that nobody has reviewed" 3 s new programme --case $C application="$(s new application --case $C kind=extension received=2024-01-09)" cycle=1
quiet s void "$(client_id application kind=extension)" --why 误录

# ---- a half-done audit of two sites ----
audit=$(client_onsite "$app" 2024-03-04 2024-03-07)
resampled() { for id in $(s --json list sample audit="$audit" | jq -r '.[].id'); do quiet s set "$id" resampled="$1"; done; }
resampled ""
same "what was seen in the documents is verified: asked for once" "6.2.2 audit" "$(gaps "$audit")"
quiet s set "$(client_id sample audit="$audit" clause=A1)" resampled=no
same "and said once it is enough" "" "$(gaps "$audit")"
site2=$(s new site --case $C name=上海办公室 kind=office)
same "example 1: without site 2" "6.2.2 site" "$(gaps "$audit")"
refuse_submit() { s submit --audit "$audit" --on 2024-03-07 > out 2>&1; [ $? = 1 ] && grep -q "$1" out; }
check "it can't be submitted" refuse_submit 上海办公室
quiet s set "$audit" sites+="$site2"
sample() { client_id sample audit="$audit" clause="$1"; }
same "added, but nothing sampled there" "6.2.2 site" "$(gaps "$audit")"
quiet s set "$(sample A1)" site="$site2"
same "sampled" "" "$(gaps "$audit")"
quiet s set "$(sample B2)" result=not_audited
quiet s set "$(sample B3)" result=minor
quiet s set "$(sample B4)" result=na
quiet s set "$(sample RA2)" project=finished
quiet s void "$(client_id meeting kind=closing)" --why 未召开
quiet s set "$audit" result= onsite_technical=
finding=$(s new finding --case $C audit="$audit" clause=A4 grade=major fact=人员名册与社保记录不一致)
s check --audit "$audit" --on 2024-03-07 > en; same "gaps are the answer no" 1 $?
s --lang zh check --audit "$audit" --on 2024-03-07 > zh
echo "--- a half-done audit, in English"; cat en
echo "--- and in Chinese"; cat zh; echo "---"
same "each with its rule" "6.2.2 (3) audit, 6.2.2 audit, 6.2.2 sample, 6.2.2 sample, 6.2.3 audit, 6.2.3 finding, 6.2.3 finding, 6.2.3 finding, 6.2.3 sample, form audit" "$(gaps "$audit")"
same "clean is false" false "$(s --json check --audit "$audit" --on 2024-03-07 | jq .clean)"
same "what is to be done on site comes first" "To do on site (5)" "$(sed -n 3p en)"
same "Chinese is Chinese" 0 "$(sed 's,\[[^]]*\],,g; s,[a-z-]*/k[a-z0-9]*-[0-9]*,,g; s,（[a-z_=、 +]*）,,g; s/[(（][^)）]*[)）]//g' zh | grep -c '[a-z]\{5\}')"
same "no line ends in blanks" 0 "$(cat en zh | grep -c ' $')"
same "the same gaps in both" "$(grep -c '^' en)" "$(grep -c '^' zh)"

# ---- done ----
quiet s set "$(sample B2)" result=conform
quiet s set "$(sample B3)" result=conform
quiet s set "$(sample B4)" na_reason=无涉密项目 na_approved=yes
quiet s set "$(sample RA2)" project=ongoing
quiet s new meeting --case $C audit="$audit" kind=closing date=2024-03-07 attendance=见签到表
quiet s set "$audit" result=pass onsite_technical=符合
quiet s attach proof.txt --to "$finding"
same "a nonconformity is confirmed and gets a day" "6.2.3 finding, 6.2.3 finding" "$(gaps "$audit" | sed 's/, form finding//g')"
quiet s set "$finding" grade=observation
same "nothing is missing" "" "$(gaps "$audit")"
check "says so" s check --audit "$audit" --on 2024-03-07
refuse "submitted is not set by hand" 3 s set "$audit" submitted=yes
refuse "no decision before it is submitted" 3 s new decision --case $C outcome=grant date=2024-03-25 audit="$audit" application="$app"
check "submitted" s submit --audit "$audit" --on 2024-03-07
same "it says so" 1 "$(grep -c "^submitted: $audit" out)"
refuse "not twice" 3 s submit --audit "$audit"
same "the heads are kept" true "$(s --json show "$audit" | jq '[.fields.submitted_heads[]|.seq>0 and (.entry|length)==64]|all')"
check "later entries are allowed" s set "$(sample A1)" note=补记
same "and shown" 1 "$(s --json check --audit "$audit" --on 2024-03-07 | jq '.later|length')"
check "to people, too" s check --audit "$audit" --on 2024-03-07
same "with who and what" 1 "$(grep -c 'chen.*sample/' out)"

# Evidence is hashed anew.
cp -r chen hurt
for blob in hurt/blobs/*/* hurt/blobs/*; do [ -f "$blob" ] && printf 'x' | dd of="$blob" bs=1 seek=400 conv=notrunc 2> /dev/null; done
same "damaged evidence is found" "evidence evidence" "$(s --store hurt --json check --audit "$audit" --on 2024-03-07 | jq -r '[.gaps[]|"\(.rule) \(.record|split("/")[0])"]|unique|join(", ")')"
rm -rf hurt

# ---- decision and certificate ----
refuse "who led the audit does not decide" 3 s new decision --case $C outcome=grant date=2024-03-25 audit="$audit" application="$app" decided_by="$LEADER"
same "says why" 1 "$(grep -c 'must not decide on it' err)"
decision=$(client_decide grant 2024-03-25 audit="$audit" application="$app" decided_by="register:$ME")
same "somebody else does" granted "$(state "$app")"
refuse "no certificate before the contract is fulfilled" 3 client_certificate "$decision" WAL-1 2024-03-25 2024-03-25 2024-03-25
client_fulfil "$app" 2024-03-25
refuse "nor issued before it was decided" 3 client_certificate "$decision" WAL-1 2024-03-24 2024-03-25 2024-03-24
cert=$(client_certificate "$decision" WAL-1 2024-03-25 2024-03-25 2024-03-25)
same "issued" "valid 2027-03-24 certified" "$(state "$cert") $(s --json show "$cert" --on 2024-06-01 | jq -r .computed.valid_to) $(state "$app")"
same "the audit is decided on" decided "$(state "$audit")"
same "lists tell it" 1 "$(s list certificate --on 2024-06-01 | grep -c "WAL-1.*— valid  Valid to 2027-03-24$")"
same "as JSON, too" valid "$(s --json list certificate --on 2024-06-01 | jq -r '.[0].state')"
same "show tells the gates that are open" '["7.2.2"]' "$(s --json show "$(s new certificate --case $C number=X supersedes="$cert" decision="$(s new decision --case $C outcome=reissue date=2024-05-01 reason=更名 certificate="$cert")")" --on 2024-06-01 | jq -c '[.gaps[].rule]|unique-["form"]')"
quiet s void "$(client_id certificate)" --why 误录
quiet s void "$(client_id decision outcome=reissue)" --why 误录
same "every gate is kept" '[]' "$(s --json check --case $C --on 2024-06-01 | jq -c .gaps)"

# ---- example 4: what was found before is followed up ----
found() { s new finding --case $C audit="$audit" clause="$1" grade="$2" fact=x > /dev/null; }
found A4 observation; found RA2 observation; found B4 observation
su=$(client_surveillance "$cert" 2025-03-10 2025-03-11)
same "four to follow up" "6.3.4 ① finding, 6.3.4 ① finding, 6.3.4 ① finding, 6.3.4 ① finding" "$(gaps "$su" 2025-03-11)"
for f in $(s --json list finding --case $C audit="$audit" | jq -r '.[:3][].id'); do quiet s set "$f" followup=已验证有效; done
s submit --audit "$su" --on 2025-03-11 > out 2>&1
same "submitting with three of four is refused" 1 $?
same "naming the fourth" 1 "$(grep -c 'finding/' out)"
quiet s set "$(s --json list finding --case $C audit="$audit" | jq -r '.[3].id')" followup=已验证有效
check "with all four it is not" s submit --audit "$su" --on 2025-03-11

# ---- example 7: suspended, verified, restored ----
suspend=$(s new decision --case $C outcome=suspend date=2025-04-30 reason=违规使用 certificate="$cert" published=2025-04-30 notified=2025-04-30)
same "suspended" suspended "$(state "$cert" 2025-05-01)"
details=$(s new suspension --case $C certificate="$cert" decision="$suspend" from=2025-04-30 reason=misuse measures=停止使用)
same "until when at the usual and at the latest" "running 2025-07-30 2025-10-30" "$(s --json show "$details" --on 2025-05-01 | jq -r '"\(.state) \(.computed.until) \(.computed.latest)"')"
refuse "at most six months" 3 s set "$details" until=2025-10-31
refuse "restored only when verified" 3 s new decision --case $C outcome=restore date=2025-06-01 reason=x certificate="$cert"
quiet s set "$details" verified=2025-05-28
check "verified and restored" s new decision --case $C outcome=restore date=2025-06-01 reason=x certificate="$cert"
same "valid again" valid "$(state "$cert" 2025-06-01)"
refuse "there is nothing to restore any more" 3 s new decision --case $C outcome=restore date=2025-06-02 reason=x certificate="$cert"

# ---- example 8: 17 days late, accepted ----
again=$(client_apply recertification 2027-01-10 3 "$cert")
same "17 days late" 17 "$(s --json show "$again" --on 2027-01-10 | jq .computed.days_late)"
re=$(client_recertification "$again" "$cert" 2027-03-01 2027-03-04)
check "recertification" s submit --audit "$re" --on 2027-03-04
renew=$(client_decide renew 2027-03-20 audit="$re" application="$again" certificate="$cert")
client_fulfil "$again" 2027-03-20
refuse "from the day after the old one" 3 client_certificate "$renew" WAL-2 2027-03-20 2027-03-20 2024-03-25 supersedes="$cert"
new=$(client_certificate "$renew" WAL-2 2027-03-20 2027-03-25 2024-03-25 supersedes="$cert" returned=2027-03-28)
same "valid to" "2 2030-03-24" "$(s --json show "$new" --on 2027-04-01 | jq -r '"\(.computed.cycle) \(.computed.valid_to)"')"
same "the old one is over" "expired valid" "$(state "$cert" 2027-04-01) $(state "$new" 2027-04-01)"

# ---- the end ----
planned=$(s new audit --case $C kind=surveillance start=2027-06-01 certificates+="$new")
refuse "cancelled on request only" 3 s new decision --case $C outcome=cancel date=2027-05-01 reason=x certificate="$new"
check "cancelled, although an audit is planned" s new decision --case $C outcome=cancel date=2027-05-01 reason=x requested=2027-04-20 certificate="$new" published=2027-05-01
same "which is told" "$planned" "$(s --json check --case $C --on 2027-05-01 | jq -r '.gaps[]|select(.rule == "7.2").record')"
refuse "nothing follows" 3 s new decision --case $C outcome=suspend date=2027-05-02 reason=x certificate="$new"
refuse "no audit either" 3 s new audit --case $C kind=surveillance start=2027-06-01 certificates+="$new"
check "facts are never refused" s new sample --case $C audit="$re" clause=A1 result=conform
refuse "check of what is no audit" 3 s check --audit "$cert"
refuse "check of nothing" 2 s check
refuse "a day that is none" 2 s check --audit "$re" --on 2027-02-30
done_testing
