#!/usr/bin/env bash
# The hub over HTTP, by curl: sessions and who is refused where, the whole life of an upload, downloads by ranges, limits.
. "$(dirname "$0")/../lib.sh"
WIRE=$(dirname "$SATCHEL")/tests/wire_kit
[ -x "$WIRE" ] || { echo "no program at $WIRE: build it first"; exit 1; }
as() { local who=$1; shift; s --store "$who" "$@"; }
quiet() { "$@" > /dev/null 2>&1; }
PID="" URL=""
# Ends the server; what a sanitizer has found is its status.
end() {
  [ -n "$PID" ] || return 0
  kill -TERM "$PID" 2> /dev/null; wait "$PID"; ENDED=$?; PID=""
  [ $ENDED = 0 ] || { bad "the server ended with status $ENDED"; head -n 40 serve.err; }
}
trap 'end; rm -rf "$WORK"' EXIT

# serve [OPTION…]: starts it on a port that the system chooses.
serve() { serve_limited --rate 0 "$@"; }
serve_limited() {
  : > serve.out
  "$SATCHEL" hub serve hub --listen 127.0.0.1:0 "$@" > serve.out 2> serve.err & PID=$!
  for _ in $(seq 300); do grep -q '://' serve.out && break; sleep 0.1; done
  URL=$(grep -o 'https\{0,1\}://[^; "]*' serve.out)
}
# call METHOD PATH [CURL-OPTION…]: the status; headers in head, body in body.
call() {
  local method=$1 path=$2; shift 2
  local how=(-X "$method"); [ "$method" = HEAD ] && how=(-I)
  curl -s -m 20 "${how[@]}" -D head -o body -w '%{http_code}' -H "Authorization: Bearer ${TOKEN:-}" -H 'Tus-Resumable: 1.0.0' "$@" "$URL$path"
}
header() { tr -d '\r' < head | sed -n "s/^$1: //Ip"; }
welcome() { "$WIRE" "$1" hello | curl -s -m 20 "$URL/v1/hello" --data-binary @- > welcome; }
login() { welcome "$1"; "$WIRE" "$1" login < welcome > login; call POST /v1/session --data-binary @login; }
token() { TOKEN=""; login "$1" > status; TOKEN=$(jq -r .token body); }
named() { echo "Upload-Metadata: name $(printf %s "$1" | base64 -w 0)"; }
BYTES='Content-Type: application/offset+octet-stream'
# create NAME LENGTH [CURL-OPTION…]: prints the status; the upload's id is in $ID.
create() { local name=$1 len=$2; shift 2; CODE=$(call POST /v1/uploads -H "$(named "$name")" -H "Upload-Length: $len" "$@"); ID=$(header Location); ID=${ID##*/}; }
patch() { local at=$1 file=$2; shift 2; call PATCH "/v1/uploads/$ID" -H "Upload-Offset: $at" -H "$BYTES" --data-binary @"$file" "$@"; }
offset() { call HEAD "/v1/uploads/$ID" > status; header Upload-Offset; }
run() { dd if="$1" bs=1 skip="$2" count="$3" 2> /dev/null; }

# ---- a hub, its admin, two auditors of a case and one of none ----

for k in chen zhang li wang guo; do kit $k; as $k whoami --request > $k.request; done
quiet s hub init hub --name HQ --admin chen.request
quiet as chen join hub
quiet as chen new organisation --case BJ-1 name=华安
mkdir stick; quiet as chen sync stick; quiet s hub sync hub stick; quiet as chen sync stick
for k in zhang li; do
  quiet as chen hub enrol hub $k.request --roles auditor,leader --cases BJ-1 -o $k.enrol
  quiet as $k join $k.enrol
done
quiet as chen hub enrol hub wang.request --roles auditor -o wang.enrol; quiet as wang join wang.enrol
for k in zhang li wang; do quiet as $k sync stick; done; quiet s hub sync hub stick
for k in zhang li wang; do quiet as $k sync stick; done

refuse "plain where others reach it" 2 s hub serve hub --listen 0.0.0.0:0
refuse "an address that is none" 2 s hub serve hub --listen nowhere
refuse "a key without its certificate" 2 s hub serve hub --listen 127.0.0.1:0 --key x
refuse "a folder that is no hub" 3 s hub serve stick --listen 127.0.0.1:0

# ---- sessions that are short ----

serve --session 1
token zhang; short=$TOKEN
refuse "a second server on the folder" 5 s hub serve hub --listen 127.0.0.1:0
same "a session opens" 200 "$(cat status)"
sleep 1.5
ROUTES='GET /v1/state
GET /v1/have
GET /v1/files/x.satchel
HEAD /v1/files/x.satchel
GET /v1/evidence/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
HEAD /v1/evidence/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
POST /v1/uploads
HEAD /v1/uploads/00
PATCH /v1/uploads/00
DELETE /v1/uploads/00'
while read -r method path; do
  TOKEN=$short; same "expired: $method $path" 401 "$(call "$method" "$path")"
done <<< "$ROUTES"
end
same "it stops when it is told to" 0 "$ENDED"
same "and says so" 1 "$(grep -c stopped serve.out)"

# ---- the life of a session ----

serve
TOKEN=""
same "health needs none" 200 "$(call GET /health)"
same "and is well" '{"status":"ok"}' "$(cat body)"
same "metrics need none" 200 "$(call GET /metrics)"
same "and name no case" 0 "$(grep -c BJ-1 body)"
same "options need none" 204 "$(call OPTIONS /v1/uploads)"
same "and tell what is spoken" "creation,creation-with-upload,checksum,expiration,termination" "$(header Tus-Extension)"
same "a session" 200 "$(login zhang)"
same "with its state" '["expires","files","refused","taken","token","uploads"]' "$(jq -c 'keys' body)"
same "a nonce is good once" 401 "$(call POST /v1/session --data-binary @login)"
welcome zhang; nonce=$(jq -r .nonce welcome) hub=$(jq -r .hub.kit welcome)
zhang=$(as zhang --json whoami | jq -r .kit) li=$(as li --json whoami | jq -r .kit)
as_login() { "$WIRE" "$@" > login; call POST /v1/session --data-binary @login; }
same "another kit's nonce" 401 "$(as_login li login-to "$hub" "$li" "$nonce")"
same "stays its own" 200 "$(as_login zhang login-to "$hub" "$zhang" "$nonce")"
welcome zhang; cp welcome first
for _ in $(seq 40); do welcome zhang; done
same "who floods hellos in a kit's name does not keep it out" 200 "$("$WIRE" zhang login < first > login; call POST /v1/session --data-binary @login)"
same "and its nonce is good once all the same" 401 "$(call POST /v1/session --data-binary @login)"
welcome zhang; nonce=$(jq -r .nonce welcome)
same "in another's name" 401 "$(as_login li login-to "$hub" "$zhang" "$nonce")"
welcome zhang; nonce=$(jq -r .nonce welcome)
same "for another hub" 401 "$(as_login zhang login-to "$zhang" "$zhang" "$nonce")"
same "a nonce of nobody" 401 "$(as_login zhang login-to "$hub" "$zhang" "${nonce//[0-9]/a}")"
welcome zhang; "$WIRE" zhang login < welcome | sed 's/\\n-----END/A&/' > login
same "a signature that was changed" 400 "$(call POST /v1/session --data-binary @login)"
same "no JSON" 400 "$(call POST /v1/hello --data-binary hello)"
head -c 70000 /dev/zero > zeros
same "a body too large" 413 "$(call POST /v1/hello --data-binary @zeros)"
guo=$(as guo --json whoami | jq -r .kit)
"$WIRE" guo hello | curl -s "$URL/v1/hello" --data-binary @- > welcome
same "a kit that is not enrolled" 403 "$(as_login guo login-to "$hub" "$guo" "$(jq -r .nonce welcome)")"
same "and why" "this kit is not enrolled at this hub" "$(jq -r .error body)"
check "it is enrolled while the hub is served" as chen hub enrol hub guo.request --roles auditor --cases BJ-1 -o guo.enrol
check "and joins" as guo join guo.enrol
same "and has a session at once" 200 "$(login guo)"
guo_token=$(jq -r .token body)

# ---- who is refused where: each route for no session, a foreign token, another's file ----

token wang; wang_token=$TOKEN
token li; li_token=$TOKEN
token zhang; zhang_token=$TOKEN
head -c 65536 /dev/urandom > noise
create private.satchel 65536; theirs=$ID
same "an upload is begun" 201 "$CODE"
file=$(call GET /v1/state > status; jq -r '.files[0].name' body)
photo=$(head -c 300000 /dev/urandom | tee photo.jpg | sha256sum | cut -c 1-64)
audit=$(as zhang new audit --case BJ-1 kind=onsite start=2026-11-20)
finding=$(as zhang new finding --case BJ-1 audit="$audit" clause=B2 grade=minor fact=未签)
quiet as zhang attach photo.jpg --to "$finding"
mkdir bundles; quiet as zhang pack -o bundles
for f in bundles/*.satchel; do
  create "$(basename "$f")" "$(stat -c %s "$f")" -H "$BYTES" --data-binary @"$f"
  same "creation with all its bytes" 201 "$CODE"
done
same "all is taken in" '[]' "$(call GET '/v1/state?wait=20' > status; jq -c '.uploads|map(select(.name!="private.satchel"))' body)"
same "and held" 1 "$(call GET /v1/have > status; jq '[.cases["BJ-1"].have[]]|length>1|if . then 1 else 0 end' body)"
same "the photo too" '[]' "$(jq -c '.cases["BJ-1"].awaited' body)"

while read -r method path none foreign other; do
  name="$method $path"
  send=(); case $method in P*) send=(-H 'Upload-Offset: 0' -H "$BYTES" -d x) ;; esac
  path=${path/FILE/$file} path=${path/UPLOAD/$theirs} path=${path/PHOTO/$photo}
  TOKEN=""; same "no session: $name" "$none" "$(call "$method" "$path" "${send[@]}")"
  TOKEN=${zhang_token//[0-4]/e}; same "foreign: $name" "$foreign" "$(call "$method" "$path" "${send[@]}")"
  TOKEN=$wang_token; same "another kit's: $name" "$other" "$(call "$method" "$path" "${send[@]}")"
done <<'ROWS'
GET /v1/files/FILE 401 401 404
HEAD /v1/files/FILE 401 401 404
GET /v1/evidence/PHOTO 401 401 404
HEAD /v1/evidence/PHOTO 401 401 404
HEAD /v1/uploads/UPLOAD 401 401 404
PATCH /v1/uploads/UPLOAD 401 401 404
DELETE /v1/uploads/UPLOAD 401 401 404
POST /v1/uploads 401 401 400
GET /v1/state 401 401 200
GET /v1/have 401 401 200
GET /v1/nothing 404 404 404
PUT /v1/uploads 405 405 405
ROWS
TOKEN=$wang_token
same "wang is told of nothing but the register" '["register"]' "$(call GET /v1/have > status; jq -c '.cases|keys' body)"
same "nor of others' uploads" '[]' "$(call GET /v1/state > status; jq -c .uploads body)"
for path in /v1/files/../hub.json /v1/files/..%2f..%2fhub.json /v1/files/%2e%2e /v1/evidence/..%2f..%2fconfig /v1/uploads/..%2f..%2fkeys; do
  same "$path" 404 "$(call GET "$path" --path-as-is | sed s/405/404/)"
done

# ---- downloads ----

TOKEN=$li_token
same "evidence of a case that li works on" 200 "$(call GET "/v1/evidence/$photo")"
same "is the photo" "$photo" "$(sha256sum < body | cut -c 1-64)"
ranges() { # RANGE STATUS FIRST LENGTH
  same "range $1" "$2" "$(call GET "/v1/evidence/$photo" -H "Range: bytes=$1")"
  same "bytes $1" "$(run photo.jpg "$3" "$4" | sha256sum)" "$(sha256sum < body)"
}
ranges 0-0 206 0 1
ranges 100-199 206 100 100
ranges 299990- 206 299990 10
ranges -5 206 299995 5
ranges 299999-400000 206 299999 1
ranges 5-2 200 0 300000
ranges 0-1,5-6 200 0 300000
ranges x-y 200 0 300000
for r in 300000- 300000-300001 -0; do
  same "range $r" 416 "$(call GET "/v1/evidence/$photo" -H "Range: bytes=$r")"
  same "and how long it is" "bytes */300000" "$(header Content-Range)"
done
same "its size alone" 200 "$(call HEAD "/v1/evidence/$photo")"
same "is told" 300000 "$(header Content-Length)"
call GET /v1/state > status
for f in $(jq -r '.files[].name' body); do call GET "/v1/files/$f" > status; cp body "$f"; check "li takes in what the hub hands out" as li receive "$f"; done
check "li has zhang's finding" as li show "$finding"
call GET /v1/state > status
busy() { curl -s "$URL/metrics" | grep '^satchel_worker_busy'; }
before=$(busy); for _ in 1 2 3 4 5; do call GET /v1/state > status; done
same "with nothing new the hub does nothing" "$before" "$(busy)"

# ---- the life of an upload ----

TOKEN=$zhang_token ID=$theirs
same "nothing has come" 0 "$(offset)"
same "its length" 65536 "$(header Upload-Length)"
same "until when it is kept" 1 "$(header Upload-Expires | grep -c 'GMT$')"
run noise 0 1000 > part
same "a first part" 204 "$(patch 0 part)"
same "where it stands" 1000 "$(header Upload-Offset)"
same "the same again" 409 "$(patch 0 part)"
same "a gap" 409 "$(patch 1001 part)"
same "no offset" 400 "$(call PATCH "/v1/uploads/$ID" -H "$BYTES" --data-binary @part)"
same "another type" 415 "$(call PATCH "/v1/uploads/$ID" -H 'Upload-Offset: 1000' -H 'Content-Type: text/plain' --data-binary @part)"
same "without the protocol's version" 412 "$(curl -s -o /dev/null -w '%{http_code}' -I -H "Authorization: Bearer $TOKEN" "$URL/v1/uploads/$ID")"
same "more than it was to be" 413 "$(patch 1000 noise)"
run noise 1000 1000 > part
sum=$(openssl dgst -sha256 -binary part | base64)
same "a wrong checksum" 460 "$(patch 1000 part -H "Upload-Checksum: sha256 $(openssl dgst -sha256 -binary noise | base64)")"
same "leaves all as it was" 1000 "$(offset)"
same "a checksum of another kind" 400 "$(patch 1000 part -H 'Upload-Checksum: crc32 AAAA')"
same "the right one" 204 "$(patch 1000 part -H "Upload-Checksum: sha256 $sum")"
run noise 2000 1000 > part
same "and by SHA-1" 204 "$(patch 2000 part -H "Upload-Checksum: sha1 $(openssl dgst -sha1 -binary part | base64)")"
same "an empty part" 204 "$(: > part; patch 3000 part)"

# broken FROM LENGTH SENT [STAY]: a PATCH that announces LENGTH bytes and breaks off after SENT; STAY: the line stays open.
cat > cut.py <<'PY'
import socket, sys, time
host, port, token, upload, at, length, sent, stay = sys.argv[1:9]
data = open("noise", "rb").read()
s = socket.create_connection((host, int(port)), 10)
s.sendall((f"PATCH /v1/uploads/{upload} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nTus-Resumable: 1.0.0\r\n"
           f"Content-Type: application/offset+octet-stream\r\nUpload-Offset: {at}\r\nContent-Length: {length}\r\n\r\n").encode()
          + data[int(at):int(at) + int(sent)])
time.sleep(0.2)
if stay != "0":
    print("open", flush=True)
    time.sleep(float(stay))
    try:
        s.sendall(data[int(at) + int(sent):int(at) + int(length)])
        s.settimeout(5)
        print(s.recv(4096).split(b"\r\n")[0].decode() or "closed")
    except OSError:
        print("closed")
PY
broken() { : > stale; local hp=${URL#*://}; timeout 40 python3 cut.py "${hp%:*}" "${hp##*:}" "$TOKEN" "$ID" "$1" "$2" "$3" "${4:-0}"; }
at=3000
for n in 0 1 2 1499 4096; do
  broken $at 10000 $n; at=$((at + n))
  for _ in $(seq 50); do [ "$(offset)" = $at ] && break; sleep 0.1; done
  same "cut after $n bytes: all that came is kept" $at "$(offset)"
done
broken $at 50000 3000 4 > stale & stale=$!
for _ in $(seq 50); do grep -q open stale && break; sleep 0.1; done
at=$((at + 3000))
same "while that one is still open" $at "$(offset)"
run noise $at 100 > part
same "another takes the upload over" 204 "$(patch $at part)"
at=$((at + 100))
wait $stale
same "what the first one still sends is refused" 1 "$(grep -c '423\|closed' stale)"
same "and changes nothing" $at "$(offset)"
broken $at 20000 5000 30 > stale & stale=$!
for _ in $(seq 50); do grep -q open stale && break; sleep 0.1; done
durable=$(offset)
same "in the middle of it" $((at + 5000)) "$durable"
{ kill -9 "$PID"; wait "$PID"; } 2> /dev/null; kill $stale; wait $stale 2> /dev/null; PID=""
serve; token zhang
same "the session's state tells of what a killed hub had" "$durable" "$(jq '.uploads[0].offset' body)"
same "as it had told" "$durable" "$(offset)"
run noise "$durable" 65536 > part
same "the rest" 204 "$(patch "$durable" part)"
same "is all" 65536 "$(header Upload-Offset)"
same "then it is over" 404 "$(offset > /dev/null; cat status)"
same "noise is set apart by the hub" 1 "$(call GET '/v1/state?wait=20' > status; jq '.uploads|length' body | sed 's/0/1/')"
same "with its bytes as they were sent" "$(sha256sum < noise)" "$(sha256sum < "hub/quarantine/$zhang-private.satchel")"
same "and its people are told" 1 "$(grep -c private.satchel serve.err)"
same "and so is the kit, with the reason" '["private.satchel",true]' "$(jq -c '.refused[0]|[.name,(.why|length > 10)]' body)"
token li; same "but no other one" '[]' "$(jq -c .refused body)"
end; serve; token zhang
same "also by a hub that has started anew" private.satchel "$(jq -r '.refused[].name' body)"
mv "hub/quarantine/$zhang-private.satchel" kept
same "what its people take away may come again" '[]' "$(call GET /v1/state > status; jq -c .refused body)"
mv kept "hub/quarantine/$zhang-private.satchel"

create whole.satchel 9
cat > endless.py <<'PY'
import socket, sys
port, token, upload = sys.argv[1:4]
s = socket.create_connection(("127.0.0.1", int(port)), 10)
s.sendall((f"PATCH /v1/uploads/{upload} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nTus-Resumable: 1.0.0\r\n"
           "Content-Type: application/offset+octet-stream\r\nUpload-Offset: 0\r\nTransfer-Encoding: chunked\r\n\r\n"
           "9\r\n123456789\r\n").encode())
import time; time.sleep(0.5)
PY
python3 endless.py "${URL##*:}" "$TOKEN" "$ID"
for _ in $(seq 50); do [ -z "$(offset)" ] && break; sleep 0.1; done
same "a body of all bytes that has no end makes it whole" 404 "$(cat status)"
same "and it gets to the hub" 1 "$(call GET '/v1/state?wait=20' > status; jq '[.refused[].name]|map(select(. == "whole.satchel"))|length' body)"

create a.satchel 10; first=$ID
create a.satchel 10
same "begun anew under its name" 201 "$CODE"
same "it is one upload" 1 "$(call GET /v1/state > status; jq '.uploads|length' body)"
ID=$first; same "the earlier one is gone" "" "$(offset)"
create a.satchel 10
same "one that is given up" 204 "$(call DELETE "/v1/uploads/$ID")"
same "is gone" 404 "$(call DELETE "/v1/uploads/$ID")"
same "and leaves nothing" 0 "$(ls hub/upload | grep -vc lock)"
create a.satchel 10 -H "$BYTES" --data-binary @noise
same "more than announced is refused before it" 413 "$CODE"
for n in ../x.satchel x.txt .satchel "a b.satchel" ""; do create "$n" 10; same "the name '$n'" 400 "$CODE"; done
create a.satchel -1; same "no length" 400 "$CODE"
create a.satchel 99999999999999; same "larger than any may be" 413 "$CODE"
end

# ---- many at once ----

cat > many.py <<'PY'
import base64, http.client, os, sys, threading
host, port, token, n, size = sys.argv[1], int(sys.argv[2]), sys.argv[3], int(sys.argv[4]), int(sys.argv[5])
data = os.urandom(size)
head = {"Authorization": "Bearer " + token, "Tus-Resumable": "1.0.0", "Content-Type": "application/offset+octet-stream"}
said, begun = [], threading.Barrier(n)

def one(i):
    c = http.client.HTTPConnection(host, port, timeout=60)
    name = base64.b64encode(f"many{i}.satchel".encode()).decode()
    c.request("POST", "/v1/uploads", headers={**head, "Upload-Length": str(size), "Upload-Metadata": "name " + name, "Content-Length": "0"})
    r = c.getresponse(); r.read()
    begun.wait(60)
    c.request("PATCH", "/v1/" + r.getheader("Location"), body=data[:size // 2], headers={**head, "Upload-Offset": "0"})
    r2 = c.getresponse(); r2.read()
    c.request("PATCH", "/v1/" + r.getheader("Location"), body=data[size // 2:], headers={**head, "Upload-Offset": str(size // 2)})
    r3 = c.getresponse(); r3.read()
    c.request("GET", "/v1/state", headers=head)
    r4 = c.getresponse(); r4.read()
    said.append((r.status, r2.status, r3.status, r4.status))

threads = [threading.Thread(target=one, args=(i,)) for i in range(n)]
[t.start() for t in threads]
[t.join() for t in threads]
print(len(said), *sorted(set(said)))
PY
serve; token zhang
same "two hundred uploads at once" "200 (201, 204, 204, 200)" "$(timeout 120 python3 many.py 127.0.0.1 "${URL##*:}" "$TOKEN" 200 300000)"
same "each becomes a file, once" '[]' "$(call GET '/v1/state?wait=60' > status; jq -c '.taken|map(select(startswith("many")))' body)"
same "with all its bytes" 1 "$(sha256sum hub/quarantine/"$zhang"-many*.satchel | cut -c 1-64 | sort -u | wc -l)"
same "none is missing" 200 "$(ls hub/quarantine/"$zhang"-many*.satchel | wc -l)"
if grep -qE '__(asan|tsan|msan)_init' "$SATCHEL"; then
  skip "memory is not measured: a sanitizer takes its own"
else
  same "in 64 MB of memory" 1 $(($(sed -n 's/^VmHWM: *\t* *\([0-9]*\) kB/\1/p' "/proc/$PID/status") < 65536))
fi
end

# ---- limits ----

serve --quota 1k; token li
create a.satchel 600; same "within the quota" 201 "$CODE"
create b.satchel 600; same "over it" 413 "$CODE"
same "and why" 1 "$(grep -c 'over the quota' body)"
create a.satchel 700; same "its own room again" 201 "$CODE"
token zhang; create a.satchel 10; same "what was refused counts as long as it lies there" 413 "$CODE"
token li
end
serve --keep 0; token li
create c.satchel 600
for _ in $(seq 50); do [ "$(ls hub/upload | grep -vc lock)" = 0 ] && break; sleep 0.2; done
same "what nobody goes on with is dropped" 0 "$(ls hub/upload | grep -vc lock)"
end
serve_limited --rate 1
same "too many requests" 1 "$(for _ in 1 2 3 4 5 6 7 8 9 10; do curl -s -o /dev/null -w '%{http_code}\n' "$URL/health"; done | grep -c 429 | sed 's/[1-9]/1/')"
end
serve_limited --rate 1 --behind-proxy
statuses() { for i in $(seq 10); do curl -s -o /dev/null -w '%{http_code}\n' -H "X-Forwarded-For: $1$i" "$URL/health"; done | sort | uniq -c | awk '{print $2}' | tr '\n' ' '; }
same "many addresses of one network are one" "200 429 " "$(statuses 2001:db8:0:1::)"
same "of many networks they are many" "200 " "$(statuses 192.0.2.)"
end
serve
cat > trickle.py <<'PY'
import socket, sys, time
s = socket.create_connection(("127.0.0.1", int(sys.argv[1])), 10)
s.sendall(b"POST /v1/hello HTTP/1.1\r\nHost: x\r\nContent-Length: 60000\r\n\r\n")
for i in range(50):
    try:
        s.sendall(b" ")
        s.settimeout(1)
        if s.recv(100) == b"":
            break
    except TimeoutError:
        continue
    except OSError:
        break
print("cut" if i < 45 else "held")
PY
same "a body that trickles holds no connection for long" cut "$(timeout 60 python3 trickle.py "${URL##*:}")"
end
serve --per-address 2
same "too many connections of an address" 1 "$(for i in 1 2 3 4; do exec {fd}<>"/dev/tcp/127.0.0.1/${URL##*:}"; done; sleep 0.3; curl -s "$URL/health" | grep -c 'too many connections')"
same "a header without end" 1 "$(head -c 100000 /dev/zero | tr '\0' a > long; curl -s -o /dev/null -w '%{http_code}' -H @<(echo "X-Long: $(cat long)") "$URL/health" | grep -c '4..\|000')"
end

# ---- revoked: in another process, while it is served ----

serve; token li
same "li may" 200 "$(call GET /v1/state)"
record=$(as chen --json list kit | jq -r --arg key "$(head -n 1 li.request | jq -r .key)" '.[]|select(.fields.key==$key)|.id')
check "li's kit is withdrawn" as chen void "$record" --why 遗失
quiet as chen sync stick
check "and the hub learns it from a stick" s hub sync hub stick
while read -r method path; do
  same "revoked: $method $path" 403 "$(call "$method" "$path")"
done <<< "$ROUTES"
same "no session more" 403 "$(login li)"
same "and why" "this kit has been revoked" "$(jq -r .error body)"

# ---- log, stop ----

TOKEN=""; call GET '/v1/%0a%1b%22x%ff' > status
same "each request is a line of JSON" "$(wc -l < hub/access.log)" "$(jq -c 'select(.status!=null and .address!=null)' hub/access.log | wc -l)"
many=$(printf '%%ff%.0s' $(seq 9000)); before=$(wc -l < hub/access.log); call GET "/v1/$many" > status
for _ in $(seq 50); do [ "$(wc -l < hub/access.log)" -gt $before ] && break; sleep 0.1; done # written once it is answered
same "however long its path is" $((before + 1)) "$(wc -l < hub/access.log)"
same "with nothing that a terminal obeys" 0 "$(grep -c $'\x1b' hub/access.log)"
same "and no token" 0 "$(grep -c "$zhang_token" hub/access.log)"
token zhang
create z.satchel 100
broken 0 100 50 30 > stale & stale=$!
for _ in $(seq 50); do grep -q open stale && break; sleep 0.1; done
started=$SECONDS; end
same "a request that does not end does not keep it from stopping" 1 $((SECONDS - started < 20))
kill $stale; wait $stale 2> /dev/null
serve; token zhang
same "what had come is kept" 50 "$(offset)"
end

# ---- TLS ----

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout tls.key -out tls.pem -days 2 \
  -subj /CN=localhost -addext subjectAltName=IP:127.0.0.1 2> /dev/null
serve --cert tls.pem --key tls.key
same "TLS" '{"status":"ok"}' "$(curl -s --cacert tls.pem "$URL/health")"
same "is of today" 0 "$(curl -s --cacert tls.pem --tls-max 1.1 "$URL/health" | wc -c)"
same "and of that certificate" 60 "$(curl -s -o /dev/null "$URL/health"; echo $?)"
end
refuse "a certificate that is none" 5 s hub serve hub --listen 127.0.0.1:0 --cert noise --key noise
same "the hub is sound" 0 "$(s hub verify hub --json | jq ".problems|length")"
done_testing
