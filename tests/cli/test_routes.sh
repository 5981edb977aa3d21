#!/usr/bin/env bash
# Who is let in where: a matrix over all routes of the servers, of a hub and of a kit that shares. The routes are read from the
# sources, so one that is added and not judged here fails the test.
. "$(dirname "$0")/../lib.sh"
. "$HERE/net.sh"
WIRE=$(dirname "$SATCHEL")/tests/wire_kit
[ -x "$WIRE" ] || { echo "no program at $WIRE: build it first"; exit 1; }

# METHOD, path with what follows it; then the status without a session that is good, with that of a kit which the thing is none
# of the business of, and with one whose it is. A '-': the session goes with it; /v1/review has its own test, test_review.sh.
EVERY_SERVER='
GET     /health              200 200 200
GET     /metrics             200 200 200
POST    /v1/hello            400 400 400
POST    /v1/session          400 400 400
OPTIONS /v1/uploads          204 204 204
OPTIONS /v1/uploads/UPLOAD   204 204 204
GET     /v1/state            401 200 200
GET     /v1/files/FILE       401 404 200
HEAD    /v1/files/FILE       401 404 200
POST    /v1/uploads          401 400 400
HEAD    /v1/uploads/UPLOAD   401 404 200
PATCH   /v1/uploads/UPLOAD   401 404 204
DELETE  /v1/uploads/UPLOAD   401 404 204'
HUB='
GET     /v1/have             401 200 200
GET     /v1/evidence/PHOTO   401 404 200
HEAD    /v1/evidence/PHOTO   401 404 200
POST    /lfs/objects/batch   401 200 200
GET     /lfs/objects/PHOTO   401 404 200
HEAD    /lfs/objects/PHOTO   401 404 200
POST    /v1/review           401 - -'
SHARE='
DELETE  /v1/session          401 - 200'

# ---- the sources have these routes, and no others ----

routes_in() { sed -n '/^static const struct route routes\[\]/,/};/p' "$HERE/../$1" | grep -o '{"[A-Z]*", "[^"]*"' | tr -d '{",' | sort; }
rows() { sed '/^$/d' <<< "$1" | awk '{sub("[A-Z]+$", "", $2); print $1, $2}' | sort; }
same "every server's routes" "$(routes_in sync/serve/serve.c)" "$(rows "$EVERY_SERVER")"
same "the hub's routes" "$(routes_in sync/hub/serve_hub.c)" "$(rows "$HUB")"
same "the routes of a kit that shares" "$(routes_in field/cli/share.c)" "$(rows "$SHARE")"
same "and there are no others" "field/cli/share.c sync/hub/serve_hub.c sync/serve/serve.c" \
  "$(cd "$HERE/.." && grep -rl 'struct route routes\[\]' sync field | sort | paste -sd ' ')"
same "of which these need no session" "/health /metrics /v1/hello /v1/session /v1/uploads /v1/uploads/" \
  "$(grep -h '^ *{"[A-Z]*", "/' "$HERE"/../sync/serve/serve.c "$HERE"/../sync/hub/serve_hub.c | grep -v 'session = true' | grep -o '"/[^"]*"' | tr -d '"' | sort | paste -sd ' ')"

# ---- asking ----

LFS='{"operation":"download","objects":[{"oid":"PHOTO","size":300000}]}'
# ask METHOD PATH [CURL-OPTION…]: the status; the body in body.
ask() {
  local method=$1 path=$2 how=(); shift 2
  case $method in
    HEAD) how=(-I) ;;
    POST | PATCH) how=(-X "$method" -H 'Upload-Offset: 0' -H 'Content-Type: application/offset+octet-stream' -d x) ;;
    *) how=(-X "$method") ;;
  esac
  [ "$method $path" != "POST /lfs/objects/batch" ] || how=(-H 'Content-Type: application/vnd.git-lfs+json' -d "${LFS/PHOTO/$PHOTO}")
  path=${path/FILE/$FILE} path=${path/UPLOAD/$UPLOAD} path=${path/PHOTO/$PHOTO}
  curl -s -m 20 "${how[@]}" -o body -w '%{http_code}' -H 'Tus-Resumable: 1.0.0' "$@" "$AT$path"
}
bearer() { echo "Authorization: Bearer $1"; }
# column WHO ROWS FIELD [CURL-OPTION…]: all rows, by the statuses of that field.
column() {
  local who=$1 rows=$2 field=$3 method path want row; shift 3
  while read -r method path row; do
    [ -n "$method" ] || continue
    want=$(cut -d ' ' -f "$field" <<< "$row")
    [ "$want" = - ] || same "$who: $method $path" "$want" "$(ask "$method" "$path" "$@")"
  done <<< "$rows"
}
# What is none of the methods of a path is not done, whoever asks.
other_methods() {
  local path method allowed
  for path in $(awk '{print $2}' <<< "$1" | sort -u); do
    allowed=$(awk -v p="$path" '$2 == p {print $1}' <<< "$1")
    [ "$path" != /lfs/objects/batch ] || allowed+=$'\nGET\nHEAD' # an object of that name, which there is none of
    for method in GET HEAD POST PUT PATCH DELETE OPTIONS; do
      grep -qx "$method" <<< "$allowed" || same "no such method: $method $path" 405 "$(ask "$method" "$path" "${@:2}")"
    done
  done
}

# ---- a hub, zhang who works on a case, li who does so too, wang who does not ----

for k in chen zhang li wang; do kit $k; as $k whoami --request > $k.request; done
quiet s hub init hub --name HQ --admin chen.request
quiet as chen join hub
quiet as chen new organisation --case BJ-1 name=华安
mkdir stick; quiet as chen sync stick; quiet s hub sync hub stick; quiet as chen sync stick
for k in zhang li; do quiet as chen hub enrol hub $k.request --roles auditor,leader --cases BJ-1 -o $k.enrol; done
quiet as chen hub enrol hub wang.request --roles auditor -o wang.enrol
for k in zhang li wang; do quiet as $k join $k.enrol; quiet as $k sync stick; done
quiet s hub sync hub stick
for k in chen zhang li wang; do quiet as $k sync stick; done
audit=$(as zhang new audit --case BJ-1 kind=onsite start=2026-11-20)
finding=$(as zhang new finding --case BJ-1 audit="$audit" clause=B2 grade=minor fact=未签)
head -c 300000 /dev/urandom > photo.jpg
PHOTO=$(sha256sum < photo.jpg | cut -c 1-64)
quiet as zhang attach photo.jpg --to "$finding"
quiet as zhang sync stick; quiet s hub sync hub stick
quiet as li sync stick; quiet as li set "$finding" grade=major # which zhang is to get
quiet as li sync stick; quiet s hub sync hub stick

# login KIT: its token.
login() { "$WIRE" "$1" hello | curl -s -m 20 "$AT/v1/hello" --data-binary @- | tee welcome | "$WIRE" "$1" login > login && curl -s -m 20 "$AT/v1/session" --data-binary @login | tee session | jq -r '.token // empty'; }
# begin TOKEN: an upload of a byte more than one; sets UPLOAD, and FILE to what lies there for that session.
begin() {
  UPLOAD=$(curl -s -m 20 -D - -o body -X POST -H "$(bearer "$1")" -H 'Tus-Resumable: 1.0.0' -H 'Upload-Length: 2' \
    -H "Upload-Metadata: name $(printf x.satchel | base64)" "$AT/v1/uploads" | tr -d '\r' | sed -n 's|^Location: .*/||Ip')
  FILE=$(curl -s -m 20 -H "$(bearer "$1")" "$AT/v1/state" | jq -r '.files[0].name')
}
up() { serve hub --rate 0 "$@" && AT=$HUB_URL; }

ALL="$EVERY_SERVER$HUB"
FILE=x.satchel UPLOAD=00
up --session 1
expired=$(login zhang)
same "a session opens" 64 ${#expired}
sleep 1.2
column "expired" "$ALL" 1 -H "$(bearer "$expired")"
unserve "$HUB_PID"
up
old=$(login zhang)
unserve "$HUB_PID"
up
zhang=$(login zhang); cp login replayed
begin "$zhang"
column "no session" "$ALL" 1
column "no token" "$ALL" 1 -H 'Authorization: Bearer '
column "a token of nobody" "$ALL" 1 -H "$(bearer "${zhang//[0-4]/e}")"
column "of a hub that has started anew since" "$ALL" 1 -H "$(bearer "$old")"
column "a kit that does not work on the case" "$ALL" 2 -H "$(bearer "$(login wang)")"
same "is told of no case" '["register"]' "$(ask GET /v1/have -H "$(bearer "$(login wang)")" > status; jq -c '.cases|keys' body)"
same "nor of any object" '[404]' "$(ask POST /lfs/objects/batch -H "$(bearer "$(login wang)")" > status; jq -c '[.objects[].error.code]' body)"
for named in BJ-1 NONE-1; do
  ask GET /v1/evidence/PHOTO?case=$named -H "$(bearer "$(login wang)")" > $named.status; cp body $named.body
done
check "a case that he names is as one that is not there" cmp BJ-1.status NONE-1.status
check "in all that is said" cmp BJ-1.body NONE-1.body
refuse "his own kit writes nothing into it" 3 as wang new organisation --case BJ-1 name=王氏
li=$(login li)
column "a colleague's upload and outbox" "$(grep 'FILE\|UPLOAD' <<< "$EVERY_SERVER")" 2 -H "$(bearer "$li")"
for t in "$zhang" "${zhang//[0-4]/e}"; do
  want=401; [ "$t" != "$zhang" ] || want=200
  column "as a password, where no git-lfs comes" "$(grep 401 <<< "$EVERY_SERVER")" 1 -u "zhang:$t"
  same "as a password, where one does" "$want" "$(ask GET /lfs/objects/PHOTO -u "zhang:$t")"
done
column "who may" "$ALL" 3 -H "$(bearer "$zhang")"
other_methods "$ALL" -H "$(bearer "$zhang")"

# ---- the nonce ----

replay() { curl -s -m 20 -o body -w '%{http_code}' "$AT/v1/session" --data-binary @"$1"; }
# signed BY HUB KIT NONCE: the status of a login with these words.
signed() { "$WIRE" "$1" login-to "$2" "$3" "$4" > login; replay login; }
nonce() { "$WIRE" "$1" hello | curl -s "$AT/v1/hello" --data-binary @- | jq -r .nonce; }
id() { as "$1" --json whoami | jq -r .kit; }
ZHANG=$(id zhang) LI=$(id li) HUB_KIT=$("$WIRE" zhang hello | curl -s "$AT/v1/hello" --data-binary @- | jq -r .hub.kit)
same "a login that is said again" 401 "$(replay replayed)"
same "its nonce once more, signed anew" 401 "$(signed zhang "$HUB_KIT" "$ZHANG" "$(jq -r .nonce replayed)")"
same "another kit's nonce" 401 "$(signed li "$HUB_KIT" "$LI" "$(nonce zhang)")"
same "in another's name" 401 "$(signed li "$HUB_KIT" "$ZHANG" "$(nonce zhang)")"
same "for another hub" 401 "$(signed zhang "$LI" "$ZHANG" "$(nonce zhang)")"
same "a nonce of nobody" 401 "$(signed zhang "$HUB_KIT" "$ZHANG" "$(printf 'a%.0s' $(seq 64))")"
same "none" 400 "$(signed zhang "$HUB_KIT" "$ZHANG" "")"
before=$(nonce zhang)
unserve "$HUB_PID"; up
same "one of before the hub started anew" 401 "$(signed zhang "$HUB_KIT" "$ZHANG" "$before")"
unserve "$HUB_PID"
fake=$(faketime -f +0 printenv LD_PRELOAD 2> /dev/null)
if [ -n "$fake" ] && env LD_PRELOAD="$fake" FAKETIME=+0 "$SATCHEL" --help > /dev/null 2>&1; then
  real=$SATCHEL
  printf "#!/bin/sh\nLD_PRELOAD='%s' FAKETIME='+0 x30' exec '%s' \"\$@\"\n" "$fake" "$real" > fast; chmod +x fast
  SATCHEL=$WORK/fast up --session 3600
  SATCHEL=$real
  same "one of this minute" 200 "$(signed zhang "$HUB_KIT" "$ZHANG" "$(nonce zhang)")"
  before=$(nonce zhang); sleep 2.5
  same "one that has expired" 401 "$(signed zhang "$HUB_KIT" "$ZHANG" "$before")"
  unserve "$HUB_PID"
else
  skip "no faketime to be had: a nonce that has expired"
fi

# ---- revoked ----

up
zhang=$(login zhang); begin "$zhang"
record=$(as chen --json list kit | jq -r --arg key "$(head -n 1 zhang.request | jq -r .key)" '.[]|select(.fields.key==$key)|.id')
check "the kit is revoked" as chen set "$record" "revoked+=BJ-1:99" --why 遗失
quiet as chen sync stick; quiet s hub sync hub stick
column "revoked" "$(sed 's/ 401/ 403/' <<< "$ALL")" 1 -H "$(bearer "$zhang")"
same "no session more" "" "$(login zhang)"
same "and why" "this kit has been revoked" "$(jq -r .error session)"
unserve "$HUB_PID"

# ---- a kit that shares: what its colleague's session may, and who has none ----

for k in chen li; do quiet as $k sync stick; done
"$SATCHEL" --store li --json share --listen 127.0.0.1 --minutes 1 > share.out 2> share.err & sharing=$!
started+=($sharing)
wait_for 10 grep -q code share.out
AT=http://$(jq -r '.addresses[0]' share.out) CODE=$(jq -r .code share.out)
head -c 300000 /dev/urandom > more.jpg
quiet as chen attach more.jpg --to "$(as chen --json list organisation --case BJ-1 | jq -r '.[0].id')"
proxy peer --to "${AT##*:}" --cut-up 100000 --gone --capture wire.bytes
quiet as chen sync "127.0.0.1:${PROXY_URL##*:}" --code "$CODE" --tries 1
unserve "$PROXY_PID"
token=$(grep -ao 'Bearer [0-9a-f]\{64\}' wire.bytes | head -n 1 | cut -d ' ' -f 2)
same "a colleague was let in" 64 ${#token}
FILE=$(curl -s -m 20 -H "$(bearer "$token")" "$AT/v1/state" | jq -r '.files[0].name // "x.satchel"')
begin "$token"
OURS="$EVERY_SERVER$SHARE"
column "shared: no session" "$OURS" 1
column "shared: a token of nobody" "$OURS" 1 -H "$(bearer "${token//[0-4]/e}")"
column "shared: the hub's session" "$OURS" 1 -H "$(bearer "$li")"
column "shared: what a hub alone has" "$(sed 's/ 401 .*/ 404/' <<< "$HUB")" 1 -H "$(bearer "$token")"
python3 - wire.bytes > replayed << 'PY'
import sys
said = open(sys.argv[1], "rb").read()
head = said.index(b"POST /v1/session")
body = said.index(b"\r\n\r\n", head) + 4
size = int(said[head:body].lower().split(b"content-length: ")[1].split(b"\r\n")[0])
sys.stdout.buffer.write(said[body:body + size])
PY
same "shared: a login that is said again" 401 "$(replay replayed)"
other_methods "$OURS" -H "$(bearer "$token")"
column "shared: the colleague" "$OURS" 3 -H "$(bearer "$token")"
wait "$sharing"
same "shared: with the session the sharing ends" 000 "$(ask GET /health)"
done_testing
