#!/usr/bin/env bash
# Another scheme answers otherwise, with no rebuild: numbers changed in a copy of the one that ships, and one made up with
# its own clauses, levels and time, beside the first in one store.
. "$(dirname "$0")/../lib.sh"
quiet() { "$@" > /dev/null; }
check "a kit is made" kit zhang
export SATCHEL_STORE=zhang

# A client taken over from paper: certified, audited at first with two minor nonconformities and an observation on A4.
client() { # CASE SCHEME (a record, or nothing)
  local case=$1 decision certificate onsite
  quiet s new organisation --case "$case" name="$case"
  quiet s new department --case "$case" code=D1 name=管理层 decisive=yes
  quiet s new department --case "$case" code=D2 name=技术部
  decision=$(s new decision --case "$case" outcome=grant date=2024-03-25 reason=纸质档案)
  certificate=$(s new certificate --case "$case" number="N-$case" decision="$decision" directions+="${3:-风险评估}" initial_date=2024-03-25 \
    issued=2024-03-25 valid_from=2024-03-25)
  [ -z "$2" ] || quiet s new programme --case "$case" certificate="$certificate" cycle:=1 planned=监督 scheme="$2"
  quiet s set "$certificate" level:="${5:-2}"
  onsite=$(s new audit --case "$case" kind=onsite end=2024-03-20 result=pass)
  for grade in minor minor observation; do quiet s new finding --case "$case" audit="$onsite" clause="${4:-A4}" grade=$grade fact=x; done
}
due() { s --json calendar --case "$1" --on 2024-04-01 | jq -r --arg w "$2" '.[] | select(.what == $w) | .due'; }
because() { s --json plan --case "$1" --on 2024-04-01 | jq -r --arg c "$2" '[.required[] | select(.clause == $c) | .reasons[]] | join(" ")'; }
published() { s --json import "$1" | jq -r .id; }
changed() { # FOLDER JQ: a copy of the shipped scheme with other numbers, published
  s form export "$1" > log && jq ".version = \"$1\" | $2" "$1/scheme.json" > scheme.new && mv scheme.new "$1/scheme.json" && published "$1"
}

client A ""
same "the scheme that ships: 12 months" 2025-03-25 "$(due A surveillance)"
same "two minor nonconformities are many" previous "$(because A A4)"

client B "$(changed six '.parameters.first_surveillance_months = 6')"
same "6 instead of 12" 2024-09-25 "$(due B surveillance)"
same "the others follow their own" 2025-03-25 "$(due A surveillance)"
client C "$(changed three '.parameters.rule3_minor = 3 | .parameters.rule3_minor_and_observation = 4')"
same "three minor ones, or four with observations" "" "$(because C A4)"
client D "$(changed sum '.parameters.rule3_minor = 3')"
same "two and an observation make three" previous "$(because D A4)"
client E "$(changed short '.parameters.validity_months = 18 | .parameters.renewal_months = 2 | .parameters.remind_days = 400')"
same "valid for 18 months" "2025-09-24 2025-07-24" "$(due E valid-to) $(due E renewal-application)"
same "reminded earlier" due "$(s --json calendar --case E --on 2024-08-30 | jq -r '.[] | select(.what == "valid-to") | .state')"

# ---- one made up ----

s form export green > log
rm green/types/*.json green/catalogue.csv
jq '.name = "green-1" | .title = {zh: "绿色服务认证", en: "Green services"} | .standard = "GS 1" | .sample = false | .departments = []
  | .catalogue_title = {zh: "绿色条款", en: "Green clauses"} | .levels = [{value: 7, label: {zh: "铜", en: "Bronze"}}]
  | .directions = [{value: "能源", label: {zh: "能源", en: "Energy"}}]
  | .parameters.first_surveillance_months = 4 | .parameters.surveillance_interval_months = 5 | .parameters.validity_months = 24' \
  green/scheme.json > scheme.new && mv scheme.new green/scheme.json
cat > green/catalogue.csv <<'CSV'
id,parent,title_zh,title_en,kind,min_level,max_level,directions,decisive,departments,methods,guidance
G,,绿色,Green,group,,,*,0,*,,
G1,G,用能,Use of energy,clause,,,*,1,*,records,
G2,G,节能,Saving,clause,,,能源,0,*,records,
G3,G,水,Water,clause,8,,*,0,*,records,
CSV
green=$(published green)
client G "$green" 能源 G2 7
same "its own time" "2024-07-25 2026-03-24" "$(due G surveillance) $(due G valid-to)"
same "its own clauses and rules" "decisive previous" "$(because G G1) $(because G G2)"
refuse "a level that is none of its own" 3 s set "$(s --json list certificate --case G | jq -r '.[0].id')" level:=2
same "clauses of its levels" "G1 G2" "$(s --json coverage --case G | jq -r '.clauses | join(" ")')"
audit=$(s new audit --case G kind=surveillance start=2024-07-01 end=2024-07-02 result=pass)
same "its own interval" 2024-12-02 "$(s --json calendar --case G --on 2024-08-01 | jq -r '.[] | select(.what == "surveillance") | .due')"
check "samples by its clauses" s new sample --case G audit="$audit" clause=G1 result=conform
same "the first one goes on beside it" "2025-03-25 11" "$(due A surveillance) $(s --json coverage --case A | jq .of)"
done_testing
