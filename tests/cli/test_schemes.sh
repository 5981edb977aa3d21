#!/usr/bin/env bash
# Schemes as data: the one that ships is written out, changed and published; a made-up second one with levels, catalogue,
# forms and a type of its own is followed by a case beside the first, and travels to the hub and to other kits.
. "$(dirname "$0")/../lib.sh"
as() { local who=$1; shift; s --store "$who" "$@"; }
quiet() { "$@" > /dev/null; }
id() { as "$1" --json whoami | jq -r .kit; }
# change FILE FILTER: with jq, in place.
change() { jq "$2" "$1" > changed.json && mv changed.json "$1"; }

for k in chen zhang; do kit $k; as $k whoami --request > $k.request; done

# ---- out, changed, in ----
check "the scheme that ships becomes a folder" as chen form export copy
check "with all its parts" test -s copy/scheme.json -a -s copy/catalogue.csv -a -s copy/types/audit.json
refuse "but not into one that is not empty" 3 as chen form export copy
first=$(as chen --json import copy)
same "it reads back as it ships" "$(as chen --json form export again | jq -r .hash)" "$(jq -r .hash <<< "$first")"
same "all forms" "$(find copy/types -name '*.json' | wc -l)" "$(jq .forms <<< "$first")"
same "all clauses" 13 "$(jq .clauses <<< "$first")"
refuse "the same again" 3 as chen import copy
same "naming the first" 1 "$(grep -c "$(jq -r .id <<< "$first")" err)"
jq -S . copy/scheme.json > sorted && mv sorted copy/scheme.json
refuse "in other spacing it is the same version" 3 as chen import copy
change copy/scheme.json '.parameters.first_surveillance_months = 6'
check "6 months instead of 12 make another" as chen import copy/scheme.json
same "two stand side by side" 2 "$(as chen --json list scheme name=bjcsa-02-2022 | jq length)"
half=$(as chen --json list scheme name=bjcsa-02-2022 | jq -r '.[1].id')
same "with its own number" 6 "$(as chen --json show "$half" | jq .fields.definition.parameters.first_surveillance_months)"
same "which people are told about in a word" 1 "$(as chen show "$half" | grep -c -E '^ +Definition +for machines, [0-9]+ bytes$')"
same "as they are about its forms" 1 "$(as chen show "$half" | grep -E '^ +Forms ' | grep -c 'audit, .*sample')"
same "in Chinese too" 1 "$(as chen --lang zh show "$half" | grep -c '供程序读取')"
same "listed by its name" 2 "$(as chen list scheme | grep -c 'bjcsa-02-2022')"

# ---- what does not read is refused, and nothing is kept ----
before=$(as chen --json list scheme | jq length)
broken() { # broken NAME WORDS: the folder is refused with these words
  refuse "$1" 3 as chen import broken
  same "$1, told" 1 "$(grep -c -e "$2" err)"
  rm -rf broken; cp -r copy broken
}
cp -r copy broken
change broken/scheme.json 'del(.parameters.validity_months)'; broken "a number is missing" "'validity_months'"
change broken/scheme.json '.parameters.remind_days = "90"'; broken "a number is a text" "'remind_days'"
change broken/scheme.json '.parameters.rule3_minor = 0'; broken "a number is out of range" "'rule3_minor'"
change broken/scheme.json '.levels[0].value = 9'; broken "levels out of order" '"levels"'
change broken/scheme.json 'del(.directions[1])'; broken "a clause for no direction" "'ER1'"
change broken/types/audit.json '.fields[0].type = "whatever"'; broken "a form with a strange field" "audit.json\|form 'audit'"
change broken/types/audit.json '(.fields[] | select(.name == "start")).type = "text"'; broken "a form that rules can't read" "'start'"
change broken/types/kit.json '.writers = ["auditor"]'; broken "a form that hands the register out" "form 'kit'"
change broken/types/evidence.json 'del(.fields[].fixed)'; broken "a form that lets evidence be changed" "form 'evidence'"
change broken/types/site.json '.form = "place"'; broken "a form in the wrong file" "site.json"
change broken/scheme.json '.catalogue = "../copy/catalogue.csv"'; broken "a catalogue from elsewhere" '"catalogue"'
echo 'X1,NO,x,x,clause,,,*,0,*,,' >> broken/catalogue.csv; broken "a clause without parent" "X1"
rm broken/catalogue.csv; broken "no catalogue" "catalogue.csv"
change broken/scheme.json ".body.en = (\"x\" * 1100000)"; broken "more than an entry holds" "bytes"
refuse "a folder without a scheme" 3 as chen import .
same "nothing of that was kept" "$before" "$(as chen --json list scheme | jq length)"

# ---- a second scheme ----
mkdir -p green/types
jq '.name = "green-1" | .version = "2026" | .title = {zh: "绿色服务认证", en: "Green services"} | .standard = "GS 1" | .sample = false
  | .catalogue_title = {zh: "绿色条款", en: "Green clauses"} | .departments = []
  | .levels = [{value: 1, label: {zh: "铜", en: "Bronze"}}, {value: 2, label: {zh: "银", en: "Silver"}}]
  | .directions = [{value: "能源", label: {zh: "能源", en: "Energy"}}] | .parameters.surveillance_interval_months = 7' \
  copy/scheme.json > green/scheme.json
cat > green/catalogue.csv <<'CSV'
id,parent,title_zh,title_en,kind,min_level,max_level,directions,decisive,departments,methods,guidance
G,,绿色,Green,group,,,*,0,*,,
G1,G,用能,Use of energy,clause,,,*,1,*,records,
G2,G,节能,Saving,clause,2,,能源,0,*,records,
CSV
jq '.fields += [{name: "carbon", type: "int", label: {zh: "碳排放", en: "Carbon"}}]
  | (.fields[] | select(.name == "grade")).choices += [{value: "waste", label: {zh: "浪费", en: "Waste"}}]' \
  copy/types/finding.json > green/types/finding.json
jq '.fields += [{name: "camera", type: "text", label: {zh: "相机", en: "Camera"}}]
  | (.fields[] | select(.name == "of")).to += ["meter"]' \
  copy/types/evidence.json > green/types/evidence.json
echo '{"form":"meter","in":"case","title":{"zh":"电表","en":"Meter"},"writers":["auditor","leader","headquarters"],"summary":["number"],
  "fields":[{"name":"number","type":"text","required_at":"create","label":{"zh":"表号","en":"Number"}},
            {"name":"kind","type":"choice","choices":[{"value":"gas","label":{"zh":"燃气表","en":"Gas meter"}}],"label":{"zh":"类别","en":"Kind"}}]}' > green/types/meter.json

quiet s hub init hub --name HQ --admin chen.request
quiet as chen join hub
green=$(as chen --json import green | jq -r .id)
half=$(as chen --json import copy | jq -r .id)
same "forms of a scheme" "evidence finding meter" "$(as chen --json form list --scheme "${green##*-}" | jq -r 'map(.type) | join(" ")')"
same "with its own fields" 1 "$(as chen form show finding --scheme "${green##*-}" | grep -c carbon)"
same "which the one that ships has not" 0 "$(as chen form show finding | grep -c carbon)"
refuse "nor its types" 3 as chen form show meter
for c in OLD GREEN HALF; do quiet as chen new organisation --case $c name=$c; done
quiet as chen new application --case GREEN kind=initial received=2026-01-05 scheme="${green##*-}"
quiet as chen new application --case HALF kind=initial received=2026-01-05 scheme="$half"
audit=$(as chen new audit --case GREEN kind=onsite)
same "an own field, where the case follows the scheme" 12 \
  "$(as chen --json show "$(as chen new finding --case GREEN audit="$audit" fact=x carbon=12 grade=浪费)" | jq .fields.carbon)"
finding=$(as chen --json list finding --case GREEN carbon=12 grade=waste | jq -r '.[0].id')
same "and an own value of a field" 1 "$(as chen show "$finding" | grep -c Waste)"
meter=$(as chen new meter --case GREEN number=A-7 kind=燃气表)
same "a record of an own type" 1 "$(as chen --lang zh show "$meter" | grep -c '类别.*燃气表')"
same "listed by what names it" 1 "$(as chen list meter | grep -c A-7)"
same "and in its case" 1 "$(as chen --json list meter --case GREEN number=A-7 | jq length)"
check "changed" as chen set "$meter" number=A-8 --why 抄错
same "with its history" 1 "$(as chen history "$meter" | grep -c 'Number: A-7 → A-8')"
printf '%s\n' '{"do":"new","type":"meter","case":"GREEN","as":"$m","set":{"number":"B-1"}}' \
  '{"do":"set","record":"$m","set":{"kind":"gas"}}' \
  '{"do":"attach","record":"$m","file":"evidence.jpg","set":{"camera":"C-9"}}' \
  '{"do":"new","type":"organisation","case":"LATE","set":{"name":"x"}}' \
  '{"do":"new","type":"application","case":"LATE","set":{"kind":"initial","scheme":"register:'"$green"'"}}' \
  '{"do":"new","type":"meter","case":"LATE","set":{"number":"C-1"}}' > lines
echo picture > evidence.jpg
check "many in one go, the scheme named on the way" as chen apply lines
same "evidence too, with what is its own" 1 "$(as chen --json list evidence --case GREEN camera=C-9 | jq length)"
for c in OLD HALF; do # HALF comes last: its audit is used again below
  audit=$(as chen new audit --case $c kind=onsite)
  refuse "$c: no own type" 3 as chen new meter --case $c number=A-7
  refuse "$c: no own field" 3 as chen new finding --case $c audit="$audit" fact=x carbon=12
  refuse "$c: no own value" 3 as chen new finding --case $c audit="$audit" fact=x grade=waste
done
same "the clauses of the case's scheme" "G1 G2" "$(as chen --json coverage --case GREEN | jq -r '.clauses | join(" ")')"
same "beside those of the first" 13 "$(as chen --json coverage --case OLD | jq .of)"
check "attached by hand" as chen attach evidence.jpg --to "$meter"
check "copied to another case" as chen copy --case GREEN --to GREEN-2
same "with what is its own" 2 "$(as chen --json list meter --case GREEN-2 | jq length)"

# ---- it travels ----
mkdir stick
quiet as chen sync stick
check "the hub takes it in" s hub sync hub stick
same "and accepts all of it" 0 "$(git -C hub/repo.git ls-tree -r --name-only GREEN | grep -c -E '^(waiting|quarantine)')"
check "the record is there" git -C hub/repo.git cat-file -e "GREEN:record/meter/$(id chen)/0/${meter##*-}.json"
same "the hub is well" 0 "$(s --json hub verify hub | jq '.problems | length')"
quiet as chen hub enrol hub zhang.request --roles auditor,leader --cases GREEN,OLD -o zhang.enrol
quiet as zhang join zhang.enrol
quiet as chen sync stick
quiet s hub sync hub stick
check "another kit takes it in" as zhang sync stick
same "the scheme" 1 "$(as zhang list scheme | grep -c green-1)"
same "and the record" 1 "$(as zhang show "$meter" | grep -c A-8)"
theirs=$(as zhang new meter --case GREEN number=Z-1)
check "a form that came with the register is written with" test -n "$theirs"
refuse "but not where the case follows another" 3 as zhang new meter --case OLD number=Z-1
refuse "only an admin publishes" 3 as zhang import green
quiet as zhang sync stick
quiet s hub sync hub stick
quiet as chen sync stick
same "what the other wrote comes back" Z-1 "$(as chen --json show "$theirs" | jq -r .fields.number)"
check "all of it verifies" as chen verify

# ---- withdrawn and broken versions ----
quiet as chen void "$green" --why 停用
same "a withdrawn version is not listed" 0 "$(as chen list scheme | grep -c green-1)"
same "unless asked for, and then says so" 1 "$(as chen list scheme --voided | grep 'green-1' | grep -c voided)"
check "the case that follows it goes on" as chen new meter --case GREEN number=D-1
quiet as chen set "$half" standard=x
same "what its hash does not name is of no matter" 0 "$(as chen list scheme | grep -c 'not what its hash')"
quiet as chen set "$half" "definition:=$(jq -c '.parameters.rule3_minor = 3' copy/scheme.json)"
same "but a version that was changed is told" 1 "$(as chen list scheme | grep 'bjcsa-02-2022' | grep -c 'not what its hash names')"
same "in Chinese too" 1 "$(as chen --lang zh show "$half" | grep -c '内容与其散列不符')"
refuse "and its case is not written by it" 3 as chen new finding --case HALF audit="$audit" fact=x grade=minor
check "though read" as chen show "$(as chen --json list organisation --case HALF | jq -r '.[0].id')"
check "the application can be put right" as chen set "$(as chen --json list application --case HALF | jq -r '.[0].id')" scheme=
check "and the case goes on" as chen new finding --case HALF audit="$audit" fact=x grade=minor
done_testing
