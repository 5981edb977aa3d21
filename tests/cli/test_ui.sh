#!/usr/bin/env bash
# The pages' server, by curl: who is refused where, for every route of the program's own table; commands, uploads, ranges,
# drafts, changes, jobs; a locked store, a killed upload, a full disk, two programs at once.
. "$(dirname "$0")/../lib.sh"
. "$HERE/net.sh"

# open NAME STORE [OPTION…]: starts the pages of a store; URL, JAR and UI are its own.
open() {
  local name=$1 store=$2; shift 2
  "$SATCHEL" --store "$store" --lang en ui --no-open "$@" > "$name.ui" 2> "$name.err" & UI=$!
  started+=("$UI")
  wait_for 20 grep -q '://' "$name.ui" || { bad "the pages do not start"; cat "$name.err"; return 1; }
  ADDRESS=$(grep -o 'http://[^ "]*' "$name.ui" | head -n 1) URL=${ADDRESS%/enter*} JAR=$PWD/$name.jar
  curl -s -m 10 -o /dev/null -c "$JAR" "$ADDRESS"
}
shut() { kill -TERM "$1" 2> /dev/null; wait "$1"; }

# get PATH [CURL-OPTION…], post PATH JSON, put, drop: the body; its status is in CODE's file.
ask() { curl -s -m 40 -b "$JAR" -D head -w '%{http_code}' -o body "$@" > code; cat body; }
get() { local path=$1; shift; ask "$@" "$URL$path"; }
send() { local method=$1 path=$2 body=$3; shift 3; ask -X "$method" -H "Origin: $URL" -H 'Content-Type: application/json' -d "$body" "$@" "$URL$path"; }
post() { send POST "$@"; }
code() { cat code; }
upload() { local query=$1 file=$2; shift 2; ask -H "Origin: $URL" -H 'Content-Type: application/octet-stream' --data-binary @"$file" "$@" "$URL/api/evidence?$query"; }
# says NAME WANT: what jq makes of the last body.
says() { same "$1" "$2" "$(jq -rc "$3" body 2>&1)"; }
# done_job N: waits for a job, which is in body then.
done_job() { for _ in $(seq 60); do get "/api/jobs/$1?since=$(jq .change body)" > log; [ "$(jq .done body)" = true ] && return; done; }

kit zhang
as zhang new organisation --case BJ-1 name=华安 > log
audit=$(as zhang new audit --case BJ-1 kind=onsite start=2026-11-20)
finding=$(as zhang new finding --case BJ-1 audit="$audit" clause=B2 grade=minor fact=门禁记录缺失)
head -c 3M /dev/urandom > photo.jpg

# ---- the address is good once ----

open one zhang
same "entering again with the cookie" 303 "$(curl -s -m 10 -o /dev/null -w '%{http_code}' -b "$JAR" "$ADDRESS")"
same "the address is good once" 403 "$(curl -s -m 10 -o /dev/null -w '%{http_code}' "$ADDRESS")"
same "a wrong secret" 403 "$(curl -s -m 10 -o /dev/null -w '%{http_code}' "$URL/enter?secret=$(printf '%064d' 0)")"
next=$(grep -o 'http://[^ "]*' one.ui | tail -n 1)
check "a next address is shown" test "$next" != "$ADDRESS"
if [ "$(id -u)" = 0 ] && command -v setpriv > log && [ -r /proc/net/tcp ]; then # the address stands among the browser's arguments, for all to read
  same "but no other user of the machine" 403 "$(setpriv --reuid 65534 --clear-groups curl -s -m 10 -o /dev/null -w '%{http_code}' "$next")"
else
  skip "another user of the machine: that needs root, setpriv and /proc"
fi
same "by which another browser comes in" 303 "$(curl -s -m 10 -o /dev/null -w '%{http_code}' "$next")"
check "the cookie is out of reach of scripts and other sites" grep -q "HttpOnly" "$JAR"
curl -s -m 10 -o /dev/null -D head "$(grep -o 'http://[^ "]*' one.ui | tail -n 1)"
check "SameSite=Strict" grep -qi '^set-cookie: .*HttpOnly; SameSite=Strict; Path=/' head

# ---- every route × everybody who may not ----

s --json ui --routes > routes
check "the table is there" test "$(jq length routes)" -gt 30
main=$UI main_url=$URL main_jar=$JAR
kit li; open two li
other_cookie=$(awk '/satchel-/ {print $7}' "$JAR") other=$UI
URL=$main_url JAR=$main_jar port=${URL##*:}
cookie=$(awk '/satchel-/ {print $7}' "$JAR")
# status METHOD PATH TYPE HOST ORIGIN SITE COOKIE LENGTH: what is answered to a request that says so; "-" leaves a word out.
status() {
  local how=(-s -m 20 -o refused -w '%{http_code}' -X "$1" -H "Host: $4")
  [ "$5" = - ] || how+=(-H "Origin: $5"); [ "$6" = - ] || how+=(-H "Sec-Fetch-Site: $6"); [ "$7" = - ] || how+=(-H "Cookie: $7")
  [ "$3" = null ] || how+=(-H "Content-Type: $3" --data-binary '{}')
  [ "$8" = - ] || how+=(-H "Content-Length: $8")
  curl "${how[@]}" "$URL$2"
}
before=$(as zhang --json history "$finding" | jq length) refused_all=0
while IFS=$'\t' read -r method path type most; do
  at=${path/\*/x} host=127.0.0.1:$port good="satchel-$port=$cookie"
  own() { status "$method" "$at" "$type" "${1:-$host}" "${2:-$URL}" "${3:-same-origin}" "${4:-$good}" "${5:--}"; }
  want() { [ "$2" = "$3" ] && ok || { bad "$1: $method $path: $3, not $2"; head -c 200 refused; }; refused_all=$((refused_all + 1)); }
  for wrong in "localhost:$port" "evil.example:$port" "127.0.0.1" "127.0.0.1:1"; do want "Host $wrong" 403 "$(own "$wrong")"; done
  for wrong in null "http://evil.example" "http://localhost:$port" "http://127.0.0.1:1"; do want "Origin $wrong" 403 "$(own "" "$wrong")"; done
  for wrong in cross-site same-site; do want "Sec-Fetch-Site $wrong" 403 "$(own "" "" $wrong)"; done
  case $path in /api/*) want "opened by its address" 403 "$(own "" "" none)" ;; esac
  [ "$method" = GET ] || want "without Origin" 403 "$(own "" -)"
  if [ "$path" != /enter ]; then
    want "without a cookie" 403 "$(own "" "" "" -)"
    want "with an empty one" 403 "$(own "" "" "" "satchel-$port=")"
    want "with that of other pages" 403 "$(own "" "" "" "satchel-$port=$other_cookie")"
    want "with a prefix of it" 403 "$(own "" "" "" "satchel-$port=${cookie:0:63}")"
    for no in PATCH OPTIONS; do want "$no" 405 "$(status $no "$at" null "$host" "$URL" same-origin "$good" -)"; done
  fi
  if [ "$type" != null ]; then
    if [ "$most" -lt 262144 ]; then # what is small is read before it is refused
      head -c $((most + 1)) /dev/zero > over
      want "too large" 413 "$(ask -X "$method" -H "Origin: $URL" -H "Content-Type: $type" --data-binary @over "$URL$at" > log; code)"
    else
      want "too large" 413 "$(own "" "" "" "" $((most + 1)))"
    fi
    want "another type" 415 "$(status "$method" "$at" text/plain "$host" "$URL" same-origin "$good" -)"
    want "a form's type" 415 "$(status "$method" "$at" application/x-www-form-urlencoded "$host" "$URL" same-origin "$good" -)"
    want "without a length" 411 "$(curl -s -m 20 -o refused -w '%{http_code}' -X "$method" -b "$JAR" -H "Origin: $URL" -H "Content-Type: $type" -H 'Transfer-Encoding: chunked' -d '{}' "$URL$at")"
  fi
done < <(jq -r '.[] | [.method, .path, .body // "null", .most] | @tsv' routes)
echo "  $refused_all refusals over $(jq length routes) routes"
same "nothing came of all that" "$before" "$(as zhang --json history "$finding" | jq length)"
same "nobody guesses a page's data" 404 "$(get /api/nothing > log; code)"
same "no folder up" 404 "$(curl -s -m 10 -o /dev/null -w '%{http_code}' --path-as-is -b "$JAR" "$URL/../../etc/passwd.html")"
shut "$other"

# ---- what every answer says ----

get / > log
check "a page is a page" grep -qi '^content-type: text/html' head
for line in "content-security-policy: default-src 'none'; script-src 'self'" 'x-content-type-options: nosniff' 'referrer-policy: no-referrer' \
  'cache-control: no-store' 'cross-origin-resource-policy: same-origin'; do check "$line" grep -qi "^$line" head; done
check "no inline script" grep -vq "unsafe" head
get "/audit/$(basename "$audit")" > log; same "a place within the pages" 200 "$(code)"
get /icon.svg > log; check "the icon, which browsers ask for at each click, is kept" grep -qi '^cache-control: max-age=86400' head
get /app.js > log; check "no other file is" grep -qi '^cache-control: no-store' head
get /nothing.js > log; same "a file that is not there" 404 "$(code)"

# ---- reads ----

get "/api/show?a=$finding&o.heads=1&o.titles=1" > log; same "show" 200 "$(code)"
says "its fields" minor .result.fields.grade
says "what its links are called" true '.result.titles | to_entries[0].value | length > 0'
head_of_grade=$(jq -c .result.heads.grade body)
get "/api/list?a=finding&o.limit=1" > log; says "a page of a list" '[1,1,null]' '.result | [(.records | length), .of, .next]'
get "/api/calendar?o.limit=0" > log; says "how many dates there are" true '.result | .dates == [] and (.of | length) == 4'
get "/api/list?a=finding&a=grade%3Dmajor" > log; says "a list by a field" 0 '.result | length'
get "/api/list?a=finding&a=fact%3D@/etc/passwd" > log; same "no file is read" 400 "$(code)"
get "/api/list?a=finding&a=--store%3D/tmp" > log; says "an argument is no option" 3 .status
get "/api/list?a=finding&o.store=/tmp" > log; same "an option that is not listed" 400 "$(code)"
get "/api/list?a=finding&store=/tmp" > log; same "a name that is not listed" 400 "$(code)"
get "/api/show?a=nothing-1" > log; says "what is not there" 3 .status
get "/api/check?o.case=BJ-1" > log; says "gaps are an answer" 1 .status
for path in coverage?o.case=BJ-1 calendar conflicts whoami "history?a=$finding" "find?a=门禁" form/list form/show?a=finding remote/list; do
  get "/api/$path" > log; same "$path" 200 "$(code)"
  check "$path answers" jq -e '.status <= 1 and .result != null' body
done
get /api/places > log; check "sticks that are in" jq -e 'type == "array"' body
get /api/request > log; check "the request for enrolment" grep -q zhang body

# ---- writes, and what was on the screen ----

post /api/set '{"args":["'"$finding"'","due=2026-12-20"]}' > log; says "set" 0 .status
same "it stands" 2026-12-20 "$(as zhang --json show "$finding" | jq -r .fields.due)"
post /api/set '{"args":["'"$finding"'","grade=none"]}' > log; says "a refusal is the command's own" 3 .status
post /api/apply '{"lines":[{"do":"new","type":"department","case":"BJ-1","set":{"code":"D1","name":"管理层"},"as":"$d"},{"do":"set","record":"'"$finding"'","set":{"department":"$d"}}]}' > log
says "apply" '[0,2]' '[.status, (.result | length)]'
post /api/apply '{"lines":[{"do":"attach","record":"'"$finding"'","file":"/etc/passwd"}]}' > log; same "no file is attached" 400 "$(code)"
post /api/apply '{"lines":[{"do":"set","record":"'"$finding"'","set":{"fact":"新"}},{"do":"set","record":"nothing-1","set":{"fact":"x"}}]}' > log
says "all or nothing" 3 .status
same "nothing of it" 门禁记录缺失 "$(as zhang --json show "$finding" | jq -r .fields.fact)"
as zhang set "$finding" grade=major > log # elsewhere, after the page was shown
post /api/apply '{"lines":[{"do":"set","record":"'"$finding"'","set":{"grade":"observation"},"read":{"grade":'"$head_of_grade"'}}]}' > log
says "a write over what was not seen" 0 .status
same "is a conflict, and both stand" '["major","observation"]' "$(as zhang --json show "$finding" | jq -c '[.conflicts.grade[].value] | sort')"
get "/api/conflicts?o.heads=1&o.titles=1" > log; says "it is told of" 1 '.result | length'
post /api/resolve '{"args":["'"$finding"'","grade=major"],"options":{"why":"现场核对"}}' > log; says "resolve" 0 .status
get "/api/show?a=$finding&o.heads=1" > log; seen=$(jq -c .result.heads.grade body)
post /api/apply '{"lines":[{"do":"set","record":"'"$finding"'","set":{"grade":"minor"},"read":{"grade":'"$seen"'}}]}' > log
says "with what was seen it is a change" 0 .status
same "and no conflict" '{}' "$(as zhang --json show "$finding" | jq -c .conflicts)"
entry=$(as zhang --json history "$finding" | jq -r '.[0].id')
get "/api/show?a=$finding&o.entry=$entry" > log; says "as its first entry had it" '["minor",null]' '.result.fields | [.grade, .due]'
get "/api/show?a=$finding&o.at=2020-01-01T00:00:00Z" > log; says "before there was anything" 3 .status

# ---- changes, drafts, language ----

get /api/state > log; says "the state" '[true,false,"en"]' '[.store, .locked, .language]'
get "/api/changes?wait=0" > log; version=$(jq -r .version body)
( sleep 1; as zhang set "$finding" fact=改 > log2 ) & slow=$!
began=$SECONDS; get "/api/changes?since=$version" > log
check "a change by another program is told of" test "$(jq -r .version body)" != "$version" -a $((SECONDS - began)) -lt 10
wait $slow
send PUT /api/draft/finding/new '{"fact":"写到一半"}' > log; same "a draft" 204 "$(code)"
get /api/drafts > log; says "is kept" 写到一半 '."finding/new".value.fact'
check "sealed" sh -c "! grep -rqa 写到一半 zhang"
send PUT '/api/draft/a%20b' '{}' > log; same "under a plain name" 400 "$(code)"
nested() { printf '[%.0s' $(seq "$1"); printf ']%.0s' $(seq "$1"); }
for n in 30 31 32 33; do send PUT /api/draft/deep "$(nested $n)" > log; [ "$(code)" = 204 ] && deepest=$n; done
get /api/drafts > log; says "one that is as deep as can be ($deepest) hides no other" 写到一半 '."finding/new".value.fact'
send DELETE /api/draft/deep '' -H 'Content-Length: 0' > log
send DELETE /api/draft/finding/new '' -H 'Content-Length: 0' > log; same "and dropped" 204 "$(code)"
get /api/drafts > log; says "for good" '{}' .
post /api/language '{"language":"zh"}' > log; get /texts.json > log; says "the texts of the pages" 库已锁定 '."the store is locked"'
post /api/set '{"args":["nothing-1","x=y"]}' > log; check "and of the commands" grep -q '没有' body
post /api/language '{"language":"en"}' > log; get /texts.json > log; says "none are needed for English" '{}' .

# ---- evidence ----

upload "of=$finding&name=%E9%97%A8%E7%A6%81.jpg&title=%E9%97%A8&captured=2026-11-20T10:00:00%2B08:00" photo.jpg > log
says "an upload" '[0,3145728]' '[.status, .result.size]'
id=$(jq -r .result.id body) sha=$(sha256sum photo.jpg | cut -c1-64)
check "whole" sh -c "'$SATCHEL' --store zhang extract $id -o out.jpg && cmp out.jpg photo.jpg"
same "with what was said of it" '["门禁.jpg","门","2026-11-20T10:00:00+08:00"]' "$(as zhang --json show "$id" | jq -c '.fields | [.name, .title, .captured]')"
upload "of=$finding&name=%E9%97%A8%E7%A6%81.jpg&once=1" photo.jpg > log; says "tried again it is the same" "$id" .result.id
upload "of=$finding&name=photo.jpg&once=1" photo.jpg > log; says "by another name it is another" true ".result.id != \"$id\""
rm zhang/blobs/*; upload "of=$finding&name=photo.jpg&once=1" photo.jpg > log
get "/api/evidence/$sha" > log; check "bytes that had gone are not said to be saved before they are" cmp body photo.jpg
upload "of=$finding&name=../../etc/x.jpg" photo.jpg > log; same "a name has no folder" x.jpg "$(as zhang --json show "$(jq -r .result.id body)" | jq -r .fields.name)"
upload "of=nothing-1&name=x.jpg" photo.jpg > log; says "of a record that is not there" 3 .status
upload "name=x.jpg" photo.jpg > log; says "of none" 2 .status
: > empty; upload "of=$finding&name=empty.txt" empty > log; says "an empty file" '[0,0]' '[.status, .result.size]'
get "/api/evidence/$sha" > log; check "back" cmp body photo.jpg
for line in 'content-type: application/octet-stream' 'content-disposition: attachment' 'x-content-type-options: nosniff' \
  "content-security-policy: sandbox; default-src 'none'"; do check "evidence: $line" grep -qi "^$line" head; done
get "/api/evidence/$sha" -H 'Range: bytes=1000000-1999999' > log; same "a range" 206 "$(code)"
check "of the bytes" cmp body <(tail -c +1000001 photo.jpg | head -c 1000000)
get "/api/evidence/$sha" -H 'Range: bytes=-7' > log; check "the last ones" cmp body <(tail -c 7 photo.jpg)
get "/api/evidence/$sha" -H 'Range: bytes=3145728-' > log; same "beyond the end" 416 "$(code)"
get "/api/evidence/$(printf '%064d' 1)" > log; same "bytes that are not here" 404 "$(code)"
get "/api/evidence/..%2f..%2fjournal.db" > log; same "no file of the store" 404 "$(code)"

# ---- jobs ----

post /api/jobs '{"command":"check","options":{"case":"BJ-1"}}' > log; same "a job" 202 "$(code)"
done_job "$(jq .job body)"; says "its answer" '[true,1,false]' '[.done, .status, .result.clean]'
job=$(jq .job body); send DELETE "/api/jobs/$job" '' -H 'Content-Length: 0' > log; says "one that has ended is told once more" true .done
get "/api/jobs/$job" > log; same "and forgotten" 404 "$(code)"
post /api/jobs '{"command":"shell"}' > log; same "not any command" 400 "$(code)"
post /api/jobs '{"command":"extract","args":["'"$id"'"],"options":{"output":"/tmp/x"}}' > log; same "not any option" 400 "$(code)"
mkdir stick
post /api/jobs '{"command":"pack","options":{"to":"self","output":"'"$PWD"'/stick"}}' > log; done_job "$(jq .job body)"; says "pack to a stick" 0 .status
bundle=$(find stick -name '*.satchel' | head -n 1)
ask -H "Origin: $URL" -H 'Content-Type: application/octet-stream' --data-binary @"$bundle" "$URL/api/upload?name=b.satchel" > log
token=$(jq -r .upload body)
post /api/jobs '{"command":"receive","args":["upload:'"$token"'"]}' > log; done_job "$(jq .job body)"; says "a bundle that was uploaded" 0 .status
check "is gone with its job" sh -c "! ls zhang/inbox/upload-* 2> /dev/null"
post /api/jobs '{"command":"receive","args":["upload:'"$token"'"]}' > log; done_job "$(jq .job body)"; says "and cannot be named again" 3 .status
ask -H "Origin: $URL" -H 'Content-Type: application/octet-stream' --data-binary @"$bundle" "$URL/api/upload?name=b.satchel" > log
check "one that nobody takes is there" sh -c "ls zhang/inbox/upload-* > log"
post /api/lock '{}' > log; same "locked" 200 "$(code)"
get /api/jobs > log; says "locked: what jobs have answered is gone" '[]' .
for path in "/api/list?a=finding" /api/drafts "/api/evidence/$sha" "/api/changes?wait=0" /api/request; do get "$path" > log; same "locked: $path" 423 "$(code)"; done
post /api/set '{"args":["'"$finding"'","fact=x"]}' > log; same "locked: set" 423 "$(code)"
upload "of=$finding&name=x.jpg" photo.jpg > log; same "locked: an upload" 423 "$(code)"
get /api/state > log; says "the state says so" true .locked
post /api/unlock '{"passphrase":"wrong"}' > log; says "a wrong passphrase" 3 .status
post /api/unlock '{"passphrase":"correct horse battery staple"}' > log; says "the right one" 0 .status
get "/api/show?a=$finding" > log; says "all is there" 改 .result.fields.fact
check "but not what was sent and not taken" sh -c "! ls zhang/inbox/upload-* 2> log"
shut "$main"; same "it ends well" 0 $?

# ---- a store that nobody has unlocked, and none at all ----

SATCHEL_PASSPHRASE_FILE='' open locked zhang < /dev/null
get /api/state > log; says "locked from the start" '[true,true]' '[.store, .locked]'
get / > log; same "the page is there to ask" 200 "$(code)"
get "/api/show?a=$finding" > log; same "and nothing else" 423 "$(code)"
post /api/quit '{}' > log; wait_for 10 sh -c "! kill -0 $UI"; wait "$UI"; same "a page ends it" 0 $?
SATCHEL_PASSPHRASE_FILE='' open fresh wang < /dev/null
get /api/state > log; says "no store" '[false,true]' '[.store, .locked]'
post /api/init '{"name":"王","email":"wang@example.com","passphrase":"correct horse battery staple"}' > log
says "is made" '[0,true]' '[.status, (.result.recovery | length > 60)]'
get "/api/whoami" > log; says "and open" 王 .result.name
shut "$UI"

# ---- a hub by a stick, a colleague by the network: what takes long, as jobs ----

job() { post /api/jobs "$1" > log; done_job "$(jq .job body)"; }
for k in chen guo; do kit $k; as $k whoami --request > $k.request; done
s hub init hub --name HQ --admin chen.request > log
open hq chen; chen=$URL chen_jar=$JAR chen_ui=$UI
job '{"command":"join","args":["'"$PWD"'/hub"]}'; says "join" 0 .status
post /api/new '{"args":["organisation","name=恒信"],"options":{"case":"BJ-9"}}' > log; about=$(jq -r .result.id body)
upload "of=$about&name=photo.jpg" photo.jpg > log; says "evidence" 0 .status
get /api/status?o.case=BJ-9 > log; says "all here only" '[{"held":0,"here":2,"way":0},{"awaited":0,"held":0,"here":1,"way":0}]' '.result | [.records, .evidence]'
job '{"command":"sync","args":["'"$PWD"'/stick"]}'; says "sync" 0 .status
get /api/status?o.case=BJ-9 > log; says "all on the way" '[{"held":0,"here":0,"way":2},{"awaited":0,"held":0,"here":0,"way":1}]' '.result | [.records, .evidence]'
get "/api/list?a=evidence&o.custody=1" > log; says "the photo, too" '{"held":false,"here":true,"way":true}' '.result[0].custody'
s hub sync hub stick > log; job '{"command":"sync","args":["'"$PWD"'/stick"]}'
get /api/status?o.case=BJ-9 > log; says "all held" '[{"held":2,"here":0,"way":0},{"awaited":0,"held":1,"here":0,"way":0}]' '.result | [.records, .evidence]'
get "/api/history?a=$about&o.custody=1&o.titles=1" > log; says "each entry" true '.result | all(.held)'
as chen hub enrol hub guo.request --roles auditor,leader --cases BJ-9 -o guo.enrol > log
open colleague guo
ask -H "Origin: $URL" -H 'Content-Type: application/octet-stream' --data-binary @guo.enrol "$URL/api/upload?name=guo.enrol" > log
job '{"command":"join","args":["upload:'"$(jq -r .upload body)"'"]}'; says "join by an enrolment" 0 .status
job '{"command":"sync","args":["'"$PWD"'/stick"]}'; s hub sync hub stick > log
job '{"command":"sync","args":["'"$PWD"'/stick"]}'; says "the case comes" 0 .status
guo=$URL guo_jar=$JAR guo_ui=$UI
post /api/new '{"args":["audit","kind=onsite"],"options":{"case":"BJ-9"}}' > log; says "the colleague writes" 0 .status
URL=$chen JAR=$chen_jar
job_sync() { job '{"command":"sync","args":["'"$PWD"'/stick"]}'; }
job_sync; s hub sync hub stick > log; job_sync # so that each knows of the other's enrolment
post /api/jobs '{"command":"share","options":{"minutes":2}}' > log; share=$(jq .job body)
wait_for 20 sh -c "curl -s -b '$JAR' '$URL/api/jobs/$share' | jq -e '.shown != null or .done' > shown"
get "/api/jobs/$share" > log
if [ "$(jq .done body)" = true ]; then
  skip "two kits on a network: $(jq -r .error body)"
else
  address=127.0.0.1:$(jq -r '.shown.addresses[0]' body | sed 's/.*://') pair=$(jq -r .shown.code body)
  URL=$guo JAR=$guo_jar; job '{"command":"sync","args":["'"$address"'"],"options":{"code":"'"$pair"'"}}'; says "paired by the code" 0 .status
  URL=$chen JAR=$chen_jar; get "/api/jobs/$share" > log; done_job "$share"; says "and the one who shared knows it" '[true,0]' '[.done, .status]'
  get "/api/list?a=audit" > log; says "what the colleague wrote is here" 1 '.result | length'
  post /api/jobs '{"command":"share","options":{"minutes":2}}' > log; share=$(jq .job body)
  wait_for 20 sh -c "curl -s -b '$JAR' '$URL/api/jobs/$share' | jq -e '.shown != null' > shown"
  send DELETE "/api/jobs/$share" '' -H 'Content-Length: 0' > log; done_job "$share"; says "stopped when it is asked to" '[true,0]' '[.done, .status]'
fi
post /api/jobs '{"command":"share","options":{"minutes":2}}' > log
post /api/lock '{}' > log; same "not locked under a job" 409 "$(code)"
shut "$chen_ui"; same "it ends well in the middle of a job" 0 $?
shut "$guo_ui"

# ---- the browser is opened ----

mkdir bin; printf '#!/bin/sh\necho "$1" > %s/opened\n' "$PWD" > bin/xdg-open; chmod +x bin/xdg-open
PATH=$PWD/bin:$PATH "$SATCHEL" --store zhang ui > browser.ui 2> browser.err & UI=$!; started+=("$UI")
wait_for 20 test -s opened
same "with the address" "$(grep -o 'http://[^ "]*' browser.ui | head -n 1)" "$(cat opened)"
shut "$UI"

# ---- a phone ----

open shots zhang --phone "$finding" --listen 127.0.0.1
check "the picture is shown" grep -q '▀' shots.ui
get /api/phone > log; says "the port is open" '[false,1,0]' '[.paired, (.addresses | length), (.uploads | length)]'
check "as a picture, too" jq -e '(.qr | length) as $n | $n >= 21 and (.qr | all(length == $n))' body
if command -v zbarimg > log; then
  jq -r '.qr as $r | ($r | length) as $n | [range(-4; $n + 4)] as $at | "P1 \($n + 8) \($n + 8)",
    ($at[] as $y | [$at[] as $x | if $x < 0 or $y < 0 or $x >= $n or $y >= $n then "0" else $r[$y][$x:$x + 1] end] | join(" "))' body > small.pbm
  python3 -c 'import sys
lines = open("small.pbm").read().split("\n"); n = int(lines[0].split()[1]); k = 6
print(f"P1 {n * k} {n * k}")
for row in lines[1:n + 1]:
    for _ in range(k): print(" ".join(c for c in row.split() for _ in range(k)))' > large.pbm
  same "a camera reads it" "$(jq -r .url body)" "$(zbarimg -q --raw large.pbm 2> log)"
else
  skip "what a camera reads: no zbarimg"
fi
phone=$(jq -r '.addresses[0]' body) pcode=$(jq -r .code body) print=$(jq -r .fingerprint body)
phone=${phone%/}
same "the certificate is the one that is shown" "$print" "$(openssl s_client -connect "${phone#https://}" < /dev/null 2> /dev/null | openssl x509 -outform der | sha256sum | cut -c1-64)"
# over PATH [CURL-OPTION…]: what the phone's port answers; the status in code.
over() { local path=$1; shift; curl -sk -m 20 -D head -o body -w '%{http_code}' "$@" "$phone$path" > code; cat code; }
shoot() { local file=$1; shift; over "/upload?name=$file&captured=2026-11-20T10:00:00%2B08:00" -b phone.jar -H "Origin: $phone" -H 'Content-Type: application/octet-stream' --data-binary @"$file" "$@"; }
printf '\xff\xd8\xff\xe0%s' "$(head -c 50000 /dev/urandom | base64 -w 0)" > shot.jpg
printf '<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>' > shot.svg
: > phone.jar
same "its page" 200 "$(over /)"; same "its script" 200 "$(over /phone.js)"
check "no inline script there" grep -qi "^content-security-policy: default-src 'none'; script-src 'self'" head
over /words.json > log; says "what it says to anybody" '[false,null]' '[.paired, .record]'
same "unpaired: no upload" 403 "$(shoot shot.jpg)"
for path in /api/state /api/list?a=finding /app.js /index.html /texts.json "/api/evidence/$sha"; do same "not there: $path" 404 "$(over $path)"; done
same "a wrong code" 403 "$(over '/enter?code=00000000')"; check "shows the page, to ask anew" grep -q 'id="pairing"' body
same "no code" 403 "$(over /enter)"
same "the right one" 303 "$(over "/enter?code=$pcode" -c phone.jar)"
check "its cookie" grep -qi '^set-cookie: .*Secure; HttpOnly; SameSite=Strict' head
same "once" 403 "$(over "/enter?code=$pcode")"
over /words.json > log; says "who comes late is told so" true '.paired == false and (.shut | startswith("another phone"))'
over /words.json -b phone.jar > log; says "now it says for what" true '.paired and (.record | length > 0)'
same "a photo" 200 "$(shoot shot.jpg)"; says "is evidence" 0 .status
id=$(jq -r .result.id body)
same "of the record" '["shot.jpg","image/jpeg",true]' "$(as zhang --json show "$id" | jq -c --arg of "of.$finding" '.fields | [.name, .media_type, .[$of]]')"
shoot shot.jpg > log; says "once, however often it is sent" "$id" .result.id
same "no drawing" 415 "$(shoot shot.svg)"
same "another host" 403 "$(shoot shot.jpg -H 'Host: evil.example')"
same "another origin" 403 "$(over '/upload?name=x' -b phone.jar -H 'Origin: https://evil.example' -H 'Content-Type: application/octet-stream' --data-binary @shot.jpg)"
same "without an origin" 403 "$(over '/upload?name=x' -b phone.jar -H 'Content-Type: application/octet-stream' --data-binary @shot.jpg)"
same "another site" 403 "$(shoot shot.jpg -H 'Sec-Fetch-Site: cross-site')"
same "another type" 415 "$(over '/upload?name=x' -b phone.jar -H "Origin: $phone" -H 'Content-Type: image/jpeg' --data-binary @shot.jpg)"
same "into another record" 400 "$(over '/upload?name=x&of='"$audit" -b phone.jar -H "Origin: $phone" -H 'Content-Type: application/octet-stream' --data-binary @shot.jpg)"
same "by another method" 405 "$(over /upload -b phone.jar -H "Origin: $phone" -X PUT)"
same "the kit's own cookie is none here" 403 "$(over '/upload?name=x' -b "$JAR" -H "Origin: $phone" -H 'Content-Type: application/octet-stream' --data-binary @shot.jpg)"
get /api/phone > log; says "the laptop sees it" '[true,"shot.jpg"]' '[.paired, .uploads[-1].name]'
send DELETE /api/phone '' -H 'Content-Length: 0' > log; says "closed" null .url
check "and gone" sh -c "! curl -sk -m 5 $phone/"
post /api/phone '{"record":"'"$finding"'"}' > log; phone=$(jq -r '.addresses[0]' body); phone=${phone%/} pcode=$(jq -r .code body)
same "opened by a page, it keeps to the address of --listen" https://127.0.0.1 "${phone%:*}"
for i in 1 2 3 4 5; do over "/enter?code=1234567$i" > log; done
check "five wrong codes, and the right one is none" test "$(over "/enter?code=$pcode")" != 303
get /api/phone > log; says "the port is closed" null .url
shut "$UI"; same "it ends well" 0 $?

# ---- deaths ----

open dying zhang
before=$(as zhang --json list evidence | jq length)
head -c 40M /dev/zero > large.mp4
curl -s -m 30 --limit-rate 8M -b "$JAR" -H "Origin: $URL" -H 'Content-Type: application/octet-stream' --data-binary @large.mp4 "$URL/api/evidence?of=$finding&name=large.mp4" > killed & slow=$!
post /api/set '{"args":["'"$finding"'","fact=已确认"]}' > log; says "a save beside an upload" 0 .status
sleep 1; kill -9 "$UI"; wait "$UI" 2> /dev/null; wait $slow
check "the upload was not acknowledged" test ! -s killed
same "nothing half is there" "$before" "$(as zhang --json list evidence | jq length)"
same "what was acknowledged is" 已确认 "$(as zhang --json show "$finding" | jq -r .fields.fact)"
check "the store is sound" as zhang verify
open again zhang
check "its leftovers are gone" sh -c "! ls zhang/inbox/* 2> /dev/null"
upload "of=$finding&name=large.mp4" large.mp4 > log; says "and it goes in the next time" 0 .status

# ---- two programs at once ----

first=$URL first_jar=$JAR
open beside zhang
for i in 1 2 3 4 5; do
  URL=$first JAR=$first_jar post /api/new '{"args":["finding","audit='"$audit"'","clause=B2","grade=minor","fact=a'$i'"],"options":{"case":"BJ-1"}}' > log_a & a=$!
  s --store zhang new finding --case BJ-1 audit="$audit" clause=B2 grade=minor fact=b$i > log_b & b=$!
  curl -s -m 30 -b "$JAR" -H "Origin: $URL" -H 'Content-Type: application/json' -d '{"args":["finding","audit='"$audit"'","clause=B2","grade=minor","fact=c'$i'"],"options":{"case":"BJ-1"}}' "$URL/api/new" > log_c
  wait $a $b
done
same "all of all three stand" 15 "$(as zhang --json list finding | jq '[.[] | select(.fields.fact | test("^[abc][1-5]$"))] | length')"
get "/api/list?a=finding" > log; says "and every page sees them" 16 '.result | length'
check "the chain is one" as zhang verify
end_started; started=()

# ---- nobody is there ----

if [ "${1:-}" = --full ]; then
  open left zhang --idle 1; left=$UI
  open waiting zhang --idle 1 --phone "$finding" --listen 127.0.0.1; waiting=$UI
  sleep 70
  check "who is left alone for long ends" sh -c "! kill -0 $left 2> log"
  check "but not while a phone may come" kill -0 "$waiting"
  shut "$waiting"
else
  skip "who is left alone for long: it takes more than a minute; --full does it"
fi

# ---- a full disk ----

mkdir disk
if mount -t tmpfs -o size=24m,mode=700 none disk 2> err; then
  trap 'end_started; cd /; umount "$WORK/disk"; rm -rf "$WORK"' EXIT
  s --store disk/full init --name full --email f@example.com --work-factor 10 > log
  s --store disk/full new organisation --case C name=x > log
  thing=$(s --store disk/full new audit --case C kind=onsite start=2026-11-20)
  open full disk/full
  upload "of=$thing&name=large.mp4" large.mp4 > log; same "no room, said before the bytes" 507 "$(code)"
  upload "of=$thing&name=photo.jpg" photo.jpg > log; says "what fits goes in" 0 .status
  while dd if=/dev/zero of=disk/filler oflag=append conv=notrunc bs=4k count=16 2> /dev/null; do :; done
  post /api/set '{"args":["'"$thing"'","start=2026-11-21"]}' > log; says "a save on a full disk" 5 .status
  check "says so" grep -q "disk is full" body
  send PUT /api/draft/x '{"a":1}' > log; same "a draft, too" 507 "$(code)"
  get "/api/show?a=$thing" > log; says "what was there is" 2026-11-20 .result.fields.start
  rm disk/filler
  post /api/set '{"args":["'"$thing"'","start=2026-11-22"]}' > log; says "with room it works again" 0 .status
  check "the store is sound" s --store disk/full verify
  end_started; started=()
else
  skip "a full disk: this user may not mount one ($(head -n 1 err))"
fi
done_testing
