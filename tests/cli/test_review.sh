#!/usr/bin/env bash
# The hub's pages for reviewers: who comes in and how, every route of the table by everybody who must not use it, the proof of
# evidence by stock tools, and the log of who looked at what.
. "$(dirname "$0")/../lib.sh"
. "$HERE/net.sh"
SOURCES=$(cd "$HERE/.." && pwd)

# ---- two cases, each with its reviewer, and one whose kit is withdrawn ----

for k in chen zhang li wang guo; do kit $k; as $k whoami --request > $k.request; done
quiet s hub init hub --name HQ --admin chen.request
quiet as chen join hub
for C in BJ-1 BJ-2; do quiet as chen new organisation --case $C name="华安 $C"; done
mkdir stick; quiet as chen sync stick; quiet s hub sync hub stick; quiet as chen sync stick
enrol() { quiet as chen hub enrol hub "$1.request" --roles "$2" --cases "$3" -o "$1.enrol"; quiet as "$1" join "$1.enrol"; }
enrol zhang auditor,leader BJ-1; enrol li reviewer BJ-1; enrol wang reviewer BJ-2; enrol guo reviewer BJ-1
serve hub --rate 0
for k in chen zhang li wang guo; do quiet as $k remote add net "$HUB_URL"; quiet as $k sync net; done
dep=$(as zhang new department --case BJ-1 code=D1 name=技术部)
head -c 300000 /dev/urandom > "it's a photo.jpg"
ev=$(as zhang attach "it's a photo.jpg" --to "$dep" --title '整改 $(touch gone) 照片')
quiet as zhang set "$ev" title='整改照片' --why 改标题
quiet as zhang sync net
SHA=$(sha256sum < "it's a photo.jpg" | cut -d' ' -f1)
audit=$(as chen new audit --case BJ-2 kind=onsite)
finding=$(as chen new finding --case BJ-2 audit="$audit" clause=B2 grade=minor fact=秘密 due=2026-01-31)
echo secret > secret.txt; other=$(as chen attach secret.txt --to "$finding")
OTHER=$(sha256sum < secret.txt | cut -d' ' -f1)
quiet as chen sync net

# ---- asking ----

# ask PATH [CURL-OPTION…]: below the hub's address, with $COOKIE where it is set; prints the status, headers in head, body in body.
ask() {
  local path=$1; shift
  curl -s -m 20 -D head -o body -w '%{http_code}' ${COOKIE:+-H "Cookie: $COOKIE"} "$@" "$HUB_URL$path"
}
header() { tr -d '\r' < head | sed -n "s/^$1: //Ip"; }
ticket() { as "$1" --json review net --no-open | jq -r .url; }
# enter KIT: sets COOKIE.
enter() {
  COOKIE=""
  local url; url=$(ticket "$1")
  ask "${url#"$HUB_URL"}" > status
  COOKIE=$(header Set-Cookie | cut -d';' -f1)
}
result() { jq -r ".result$1" body; }

# ---- log-in ----

url=$(ticket li)
same "the address is the hub's" "$HUB_URL/review/enter?ticket=" "$(sed 's/[0-9a-f]\{64\}$//' <<< "$url")"
check "people are shown it" eval 'as li review --no-open | grep -q "/review/enter?ticket="'
path=${url#"$HUB_URL"}
same "a link of another page does not log in" 403 "$(ask "$path" -H 'Sec-Fetch-Site: cross-site')"
same "nor one by a script elsewhere" 403 "$(ask "$path" -H 'Origin: https://evil.example')"
same "the ticket opens the pages" 303 "$(ask "$path" -H 'Sec-Fetch-Site: none')"
same "and leads to them" ./ "$(header Location)"
set_cookie=$(header Set-Cookie)
same "the cookie is no script's, no other site's, and of these pages alone" "HttpOnly; SameSite=Strict" "${set_cookie#*; }"
LI=${set_cookie%%;*}
same "the ticket is nowhere kept" no-store "$(header Cache-Control)"
same "and goes to nobody" no-referrer "$(header Referrer-Policy)"
same "a ticket opens once" 403 "$(ask "$path")"
same "no second cookie" "" "$(header Set-Cookie)"
COOKIE=$LI; same "the first stays in" 200 "$(ask /review/api/state)"; COOKIE=""
same "a ticket that nobody gave" 403 "$(ask "/review/enter?ticket=$(printf 'a%.0s' $(seq 64))")"
same "a ticket of no form" 403 "$(ask '/review/enter?ticket=x')"
same "none at all" 403 "$(ask /review/enter)"
same "a cookie is no ticket" 403 "$(ask "/review/enter?ticket=${LI#*=}")"
same "no session, no ticket" 401 "$(ask /v1/review -X POST)"
same "the cookie is no token" 401 "$(ask /v1/review -X POST -H "Authorization: Bearer ${LI#*=}")"
same "nor opens it what kits ask" 401 "$(ask /v1/state -H "Cookie: $LI")"

# A session by hand: what becomes of its token.
WIRE=$(dirname "$SATCHEL")/tests/wire_kit
if [ -x "$WIRE" ]; then
  "$WIRE" li hello | curl -s "$HUB_URL/v1/hello" --data-binary @- > welcome
  TOKEN=$("$WIRE" li login < welcome | curl -s "$HUB_URL/v1/session" --data-binary @- | jq -r .token)
  bearer() { ask "$1" -H "Authorization: Bearer $TOKEN" "${@:2}"; }
  same "a token is no ticket" 403 "$(ask "/review/enter?ticket=$TOKEN")"
  same "nor opens it pages" 401 "$(bearer /review/api/state)"
  same "nor as a cookie" 401 "$(ask /review/api/state -H "Cookie: satchel-review=$TOKEN")"
  same "a session asks for a ticket" 200 "$(bearer /v1/review -X POST)"; first=$(jq -r .ticket body)
  same "and for another" 200 "$(bearer /v1/review -X POST)"; second=$(jq -r .ticket body)
  same "the newer one counts" 403 "$(ask "/review/enter?ticket=$first")"
  same "and opens" 303 "$(ask "/review/enter?ticket=$second")"
  same "then the session is the browser's" 401 "$(bearer /v1/state)"
else
  bad "no program at $WIRE: build it first"
fi
refuse "no remote of that name" 3 as li review nowhere

# ---- every route of the table ----

# The rows as field/ui/review.c has them: a new one must stand here, too.
ROUTES="/api/cases
/api/proof?a=$ev
/api/looks
/api/looks?a=$ev
/api/evidence/$SHA
/api/evidence/$SHA?original=1
/api/show?a=$ev
/api/list?a=evidence&o.case=BJ-1
/api/find?a=整改
/api/history?a=$ev
/api/conflicts?o.case=BJ-1
/api/coverage?o.case=BJ-1
/api/plan?o.case=BJ-1
/api/check?o.case=BJ-1
/api/calendar?o.case=BJ-1
/api/form/list
/api/form/show?a=evidence
/api/form/scheme
/api/state
/texts.json
/
/index.html
/evidence/x"
listed() { sed 's/?.*//; s|/evidence/[0-9a-f]*$|/evidence/*|' <<< "$ROUTES" | grep '^/api' | sort -u; }
in_table() {
  {
    sed -n 's/.*{"GET", "\([^"]*\)", UI_.*/\1/p' "$SOURCES/field/ui/review.c"
    sed -n '/commands\[\] = {/,/};/p' "$SOURCES/field/ui/review.c" | grep -o '"[a-z ]*"' | tr -d '"' | sed 's|^|/api/|; s| |/|g'
    echo /api/state
  } | sort -u
}
same "the matrix has every row of the table" "$(in_table | xargs)" "$(listed | xargs)"

# of_case PATH CASE: the path in that case's place.
of_case() { echo "/review/c/$2${1//BJ-1/$2}"; }
enter wang; WANG=$COOKIE
enter guo; GUO=$COOKIE
COOKIE=$LI; same "the reviewer is in" 200 "$(ask /review/c/BJ-1/api/state)"; COOKIE=""
while read -r route; do
  here=$(of_case "$route" BJ-1)
  COOKIE=""; same "without a cookie: $route" 401 "$(ask "$here")"
  COOKIE="satchel-review=$(printf '0%.0s' $(seq 64))"; same "with a wrong one: $route" 401 "$(ask "$here")"
  COOKIE="satchel-review="; same "with an empty one: $route" 401 "$(ask "$here")"
  COOKIE="satchel-8080=${LI#*=}"; same "of another name: $route" 401 "$(ask "$here")"
  COOKIE=$LI
  for site in cross-site same-site; do same "$site: $route" 403 "$(ask "$here" -H "Sec-Fetch-Site: $site")"; done
  same "another origin: $route" 403 "$(ask "$here" -H 'Origin: https://evil.example')"
  same "the same host by another port: $route" 403 "$(ask "$here" -H 'Origin: http://127.0.0.1:1')"
  same "an origin of nothing: $route" 403 "$(ask "$here" -H 'Origin: null')"
  for method in POST PUT PATCH DELETE; do same "$method $route" 405 "$(ask "$here" -X $method -H 'Content-Length: 0')"; done
  same "and what there is instead: $route" "GET, HEAD" "$(header Allow)"
  same "by who may: $route" 200 "$(ask "$here" -H 'Sec-Fetch-Site: same-origin' -H "Origin: $HUB_URL")"
  same "nosniff: $route" nosniff "$(header X-Content-Type-Options)"
  same "not kept: $route" no-store "$(header Cache-Control)"
  same "no referrer: $route" no-referrer "$(header Referrer-Policy)"
  same "a policy that lets nothing in: $route" 1 "$(header Content-Security-Policy | grep -c "default-src 'none'")"
  same "of one head, no body: $route" 0 "$(curl -s -I -m 20 -H "Cookie: $LI" "$HUB_URL$here" | sed '1,/^\r*$/d' | wc -c)"
  case $route in
    /api/evidence/*)
      COOKIE=$WANG; same "another's case: $route" 404 "$(ask "$here")"; mv body theirs
      same "and one that there is not" 404 "$(ask "$(of_case "$route" BJ-9)")"; check "are one: $route" cmp -s theirs body
      same "nor by one's own case: $route" 404 "$(ask "$(of_case "$route" BJ-2)")" ;;
    /api/*)
      COOKIE=$WANG; ask "$here" > status; mv body theirs; mv head theirs.head
      ask "$(of_case "$route" BJ-9)" > status2
      same "another's case is as one that there is not: $route" "$(sed 's/BJ-1/BJ-9/g' theirs)" "$(cat body)"
      same "in its status, too: $route" "$(cat status)" "$(cat status2)"
      same "and says nothing: $route" 0 "$(grep -c -e 整改 -e 华安 -e "$SHA" theirs)" ;;
  esac
done <<< "$ROUTES"

# What has no place in the table.
COOKIE=$LI
for path in /review/api/apply /review/api/remote/list /review/api/whoami /review/api/jobs /review/api/drafts /review/api/changes \
  /review/api/quit /review/c/BJ-1/api/new /review/api/nothing /review/nothing.js /review/c/%22%3E%3Cscript%3E/ /review/c//api/state /review/c/../api/state%00; do
  same "not there: $path" 404 "$(ask "$path" --path-as-is)"
done
same "an option that is not the row's" 400 "$(ask '/review/c/BJ-1/api/list?a=evidence&o.store=/tmp')"
same "a file of the hub's" 400 "$(ask '/review/c/BJ-1/api/list?a=evidence&a=title=@/etc/passwd')"
same "no other route than pages takes the cookie" 401 "$(ask "/v1/evidence/$SHA")"
same "the bare name leads on" 308 "$(ask /review)"

# ---- what the reviewer of one case sees ----

ask /review/api/cases > status
same "his cases, by their organisation" 'BJ-1 华安 BJ-1' "$(jq -r '.result[] | "\(.case) \(.organisation)"' body)"
ask /review/api/state > status
same "who he is" "li reviewer true null" "$(jq -r '"\(.name) \(.roles[0]) \(.review) \(.case)"' body)"
ask "/review/c/BJ-1/api/show?a=$ev" > status
same "a record" 整改照片 "$(result .fields.title)"
ask "/review/c/BJ-1/api/history?a=$ev" > status
same "its history" "2 good zhang 改标题" "$(jq -r '.result | "\(length) \(.[0].signature) \(.[0].by) \(.[1].why)"' body)"
ask "/review/c/BJ-1/api/show?a=$finding" > status
same "no record of another case" "3 null" "$(jq -r '"\(.status) \(.result)"' body)"
ask "/review/c/BJ-1/api/find?a=秘密" > status
same "nor by its words" 0 "$(result '|length')"
ask /review/api/list?a=evidence > status
same "nor in the register's place" 0 "$(result '|length')"
ask "/review/api/calendar?o.case=BJ-2" > status
same "nor its calendar" 3 "$(jq -r .status body)"
ask "/review/api/calendar" > status
same "what is due there is not for him" 0 "$(result '|length')"
same "evidence of another case by his own" 404 "$(ask "/review/c/BJ-1/api/evidence/$OTHER")"
COOKIE=$WANG
ask /review/api/calendar > status
same "but for its reviewer" "BJ-2 $finding" "$(result '[0] | "\(.case) \(.record)"')"
COOKIE=""; enter chen
ask /review/api/cases > status
same "headquarters see all" "BJ-1 BJ-2" "$(jq -r '[.result[].case] | join(" ")' body)"
COOKIE=$LI
ask "/review/c/BJ-1/api/show?a=nothing" -H 'Accept-Language: zh-CN,zh;q=0.9' > status
same "in the language of the page" 1 "$(jq -r .error body | grep -c '记录')"
ask /review/texts.json -H 'Accept-Language: zh-CN' > status
check "and its texts" eval '[ "$(jq length body)" -gt 100 ]'
ask /review/c/BJ-1/ > status
same "addresses of a case's pages begin there" "0 1" "$(grep -c '[a-z]="/' body) $(grep -c 'src="./app.js"' body)"
ask /review/c/BJ-1/evidence/x > status
same "from wherever one is" "0 1" "$(grep -c '[a-z]="/' body) $(grep -c 'src="../app.js"' body)"
same "a case's folder is one" "308 BJ-1/" "$(ask /review/c/BJ-1) $(header Location)"

# ---- evidence, its proof, and the recipe by stock tools ----

ask "/review/c/BJ-1/api/evidence/$SHA?original=1" > status
check "the original" cmp -s body "it's a photo.jpg"
same "is an attachment" attachment "$(header Content-Disposition)"
same "in a sandbox" "sandbox; default-src 'none'" "$(header Content-Security-Policy)"
same "of no type that does anything" application/octet-stream "$(header Content-Type)"
same "runs of it" 206 "$(ask "/review/c/BJ-1/api/evidence/$SHA" -H 'Range: bytes=10-19')"
check "are those" eval 'cmp -s body <(tail -c +11 "it'"'"'s a photo.jpg" | head -c 10)'
ask "/review/c/BJ-1/api/proof?a=$ev" > status; cp body proof
jq -r '.result.recipe[]' proof > recipe
same "the proof: bytes" "true $SHA $SHA" "$(result '.bytes | "\(.held) \(.sha256) \(.recomputed)"')"
same "signer and chain" "zhang true false 3 0 0" "$(result '| "\(.signer.name) \(.signer.enrolled) \(.signer.revoked) \(.chain.gapless) \(.chain.forked) \(.chain.broken)"')"
same "receipts" "good true" "$(result '.receipts[-1] | "\(.signature) \(.bytes)"')"
same "the repository" "BJ-1 true true $(git -C hub/repo.git rev-parse BJ-1)" "$(result '.repository | "\(.branch) \(.pointer_good) \(.record_good) \(.commit)"')"
same "bracketed in time" true "$(result '| (.not_before <= .entered) and (.entered <= .received)')"
same "of nothing but evidence" 3 "$(ask "/review/c/BJ-1/api/proof?a=$dep" > status; jq -r .status body)"

# verified FOLDER REPOSITORY: runs the recipe there.
verified() { (cd "$1" && REPOSITORY=$2 bash -e "$WORK/recipe") > recipe.out 2>&1; }
mkdir by-file by-lfs forged damaged
cp "it's a photo.jpg" by-file/original
check "the recipe, with the file that was downloaded" verified by-file "$WORK/hub/repo.git"
same "signatures by stock ssh-keygen: the entry's, and of one receipt or two" 1 "$(grep -c '^Good "entry@satchel"' recipe.out)"
check "the hub's" grep -q '^Good "receipt@satchel"' recipe.out
same "and two hashes" 2 "$(grep -c ': OK$' recipe.out)"
if git lfs version > /dev/null 2>&1; then check "the recipe, with git lfs" verified by-lfs "$WORK/hub/repo.git"; else skip "no git-lfs"; fi
echo x >> by-file/original; cp by-file/original damaged/original
check "it fails for other bytes" eval '! verified damaged "$WORK/hub/repo.git"'
# A repository in which a word of the entry is another one.
git clone -q --mirror hub/repo.git forged.git
entry=$(jq -r '.result.entries[0].path' proof); commit=$(jq -r .result.repository.commit proof)
git -C forged.git cat-file blob "$commit:$entry" | sed 's/整改/伪造/' > forged.entry
blob=$(git -C forged.git hash-object -w "$WORK/forged.entry")
export GIT_INDEX_FILE=$WORK/forged.index
git -C forged.git read-tree "$commit" && git -C forged.git update-index --add --cacheinfo 100644,"$blob","$entry"
new=$(git -C forged.git -c user.name=x -c user.email=x commit-tree -m x "$(git -C forged.git write-tree)")
unset GIT_INDEX_FILE
git -C forged.git update-ref refs/heads/BJ-1 "$new"
sed "s/$commit/$new/g" recipe > recipe.forged; cp recipe recipe.good; cp recipe.forged recipe
check "and for another entry" eval '! verified forged "$WORK/forged.git"'
cp recipe.good recipe
check "names of files run nothing" test ! -e gone

# ---- who looked ----

s hub looks hub > looks
check "looks that go together, in words" eval 'grep "li .*BJ-1  $ev  " looks | grep "the proof" | grep -q "the original, downloaded"' 
check "what was downloaded" grep -q "li .*the original, downloaded" looks
check "what was refused is told" grep -q "wang .*BJ-1  refused" looks
s --json hub looks hub "$ev" > looks
same "of one record" "$ev" "$(jq -r '[.[].record] | unique | join(" ")' looks)"
COOKIE=$WANG; ask "/review/c/BJ-2/api/show?a=$finding" > status
same "wang looks at his" 秘密 "$(result .fields.fact)"
COOKIE=$LI
s --json hub looks hub --case BJ-2 > looks
same "of one case, by those who may see it" "BJ-2 wang" "$(jq -r '[.[] | "\(.case) \(.name)"] | unique | join(" ")' looks)"
ask /review/c/BJ-1/api/looks?a="$ev" > status
same "the page tells it, too" "li $ev" "$(jq -r '[.result[] | "\(.name) \(.record)"] | unique | join(",")' body)"
ask /review/api/looks > status
same "elsewhere one's own" li "$(jq -r '[.result[].name] | unique | join(" ")' body)"
long=$(head -c 15000 /dev/zero | tr '\0' x); ask "/review/c/BJ-1/api/find?a=门禁&a=$long&a=$long" > status
check "nobody pushes out what was logged by long words" test "$(tail -n 1 hub/review.log | wc -c)" -lt 2000
same "each line has who, what and when" 0 "$(jq -c 'select(.time and .kit and .name and (.do or .refused) | not)' hub/review.log | wc -l)"
same "the access log knows no secret" 0 "$(grep -c -e ticket= -e "${LI#*=}" hub/access.log)"
refuse "no hub there" 3 s hub looks stick

# ---- what changes, while it is served ----

assignment=$(as chen new assignment --case BJ-2 person="register:$(as chen --json list person name=li | jq -r '.[0].id')")
quiet as chen sync net
ask /review/api/cases > status
same "a case more" "BJ-1 BJ-2" "$(jq -r '[.result[].case] | join(" ")' body)"
same "with what is in it" 秘密 "$(ask "/review/c/BJ-2/api/show?a=$finding" > status; result .fields.fact)"
quiet as chen set "$finding" fact=公开; quiet as chen sync net
same "as it is now" 公开 "$(ask "/review/c/BJ-2/api/show?a=$finding" > status; result .fields.fact)"
check "and no longer" as chen void "$assignment" --why 完成
quiet as chen sync net
ask /review/api/cases > status
same "one case again" BJ-1 "$(jq -r '[.result[].case] | join(" ")' body)"
same "not even by its address" 3 "$(ask "/review/c/BJ-2/api/show?a=$finding" > status; jq -r .status body)"

# Several at once, each in a case of his own.
pids=()
for i in $(seq 8); do
  for who in "LI BJ-1 $ev" "WANG BJ-2 $finding"; do
    read -r name of record <<< "$who"
    curl -s -m 20 -H "Cookie: ${!name}" "$HUB_URL/review/c/$of/api/show?a=$record" -o "at-once.$name.$i" & pids+=($!)
  done
done
wait "${pids[@]}"
same "each gets his own" "8 8" "$(cat at-once.LI.* | grep -o 整改照片 | wc -l) $(cat at-once.WANG.* | grep -o 公开 | wc -l)"

# ---- withdrawn, while it is served ----

COOKIE=$GUO; same "guo is in" 200 "$(ask /review/api/state)"
record=$(as chen --json list kit | jq -r --arg k "$(as guo --json whoami | jq -r .kit)" '.[] | select(.fields.key | length > 0) | .id' | while read -r id; do
  [ "$(as chen --json show "$id" | jq -r .fields.key | cut -d' ' -f2)" = "$(as guo --json whoami | jq -r .key | cut -d' ' -f2)" ] && echo "$id"; done)
check "his kit is withdrawn" as chen void "$record" --why 离职
quiet as chen sync net
while read -r route; do
  same "withdrawn: $route" 403 "$(ask "$(of_case "$route" BJ-1)")"
done <<< "$ROUTES"
refuse "nor a new ticket" 5 as guo review net --no-open

# ---- a log that cannot be written ----

unserve "$HUB_PID"
same "a session of another run opens nothing" 000 "$(COOKIE=$LI ask /review/api/state)"
mv hub/review.log looks.before; ln -s /dev/full hub/review.log
serve hub --rate 0
quiet as li remote add net2 "$HUB_URL"
ticket() { as "$1" --json review net2 --no-open | jq -r .url; }
enter li
same "pages open" 200 "$(ask /review/api/state)"
ask "/review/c/BJ-1/api/show?a=$ev" > status
same "but what cannot be logged is not shown" "null 1" "$(jq -r '"\(.result) \(.error | test("logged") | if . then 1 else 0 end)"' body)"
check "nor its bytes" eval '[ "$(ask "/review/c/BJ-1/api/evidence/$SHA")" = 500 ]'
unserve "$HUB_PID"
rm hub/review.log

# ---- how long, and by which road ----

serve hub --rate 0 --session 2 --behind-proxy
as li remote remove net2 > /dev/null; quiet as li remote add net2 "$HUB_URL"
url=$(ticket li); path=${url#"$HUB_URL"}; COOKIE=""
enter li; ALIVE=$COOKIE
for _ in 1 2 3 4; do sleep 0.7; COOKIE=$ALIVE; ask /review/api/state > status; done
same "who goes on reading stays in" 200 "$(cat status)"
COOKIE=""; same "a ticket goes with its session" 403 "$(ask "$path")"
sleep 2.4
COOKIE=$ALIVE; same "who does not is out" 401 "$(ask /review/api/state)"
url=$(ticket li); COOKIE=""
ask "${url#"$HUB_URL"}" -H 'X-Forwarded-Proto: https' > status
same "behind TLS the cookie goes by TLS alone" 1 "$(header Set-Cookie | grep -c '; Secure$')"
COOKIE=$(header Set-Cookie | cut -d';' -f1)
same "the public name is the proxy's" 200 "$(ask /review/api/state -H 'Host: hub.example' -H 'Origin: https://hub.example' -H 'Sec-Fetch-Site: same-origin')"
same "and no other" 403 "$(ask /review/api/state -H 'Host: hub.example' -H "Origin: $HUB_URL")"
unserve "$HUB_PID"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout tls.key -out tls.pem -days 2 \
  -subj /CN=localhost -addext subjectAltName=IP:127.0.0.1 2> /dev/null
serve hub --rate 0 --cert tls.pem --key tls.key
quiet as li remote add tls "$HUB_URL" --ca tls.pem
url=$(as li --json review tls --no-open | jq -r .url); COOKIE=""
same "over TLS" 303 "$(ask "${url#"$HUB_URL"}" --cacert tls.pem)"
same "the cookie goes by TLS alone" 1 "$(header Set-Cookie | grep -c '; Secure$')"
unserve "$HUB_PID"
check "no complaint of the server's" eval '! grep -v "review.log\|logged" hub.log | grep -q .'
check "the repository is as sound as before" git -C hub/repo.git fsck --strict

# ---- a ticket that came too late: for that hub a minute is two seconds ----

case $SATCHEL in *sanitize*) FAKETIME="" ;; *) FAKETIME=$(command -v faketime) ;; esac # a sanitizer wants to be loaded first, and so does faketime
if [ -n "$FAKETIME" ]; then
  printf '#!/bin/sh\nexec "%s" -f "+0 x30" "%s" "$@"\n' "$FAKETIME" "$SATCHEL" > fast
  chmod +x fast
  SATCHEL=$WORK/fast serve hub --rate 0
  started+=($(pgrep -P "$HUB_PID")) # faketime runs it as a child
  quiet as li remote add net3 "$HUB_URL"
  ticket() { as "$1" --json review net3 --no-open | jq -r .url; }
  COOKIE=""
  url=$(ticket li); same "in time" 303 "$(ask "${url#"$HUB_URL"}")"
  url=$(ticket li); sleep 2.5; same "a minute later" 403 "$(ask "${url#"$HUB_URL"}")"
  check "it says so" grep -q "older than a minute" body
else
  skip "no faketime: no ticket grows old"
fi
done_testing
