#!/usr/bin/env bash
# The README's settings as they stand there: nginx and lighttpd with TLS before a hub, through which a video goes up, is cut off,
# and goes on at the byte, and comes down by ranges; and the systemd unit.
. "$(dirname "$0")/../lib.sh"
. "$HERE/net.sh"
README=$HERE/../README.md

for k in zhang li; do kit $k; as $k whoami --request > $k.request; done
quiet s hub init hub --name HQ --admin zhang.request
quiet as zhang join hub
quiet as zhang new organisation --case BJ-1 name=华安
serve hub --behind-proxy || { done_testing; exit 1; }
as zhang remote add hub "$HUB_URL"; quiet as zhang sync
quiet as zhang hub enrol hub li.request --roles auditor,leader --cases BJ-1 -o li.enrol
quiet as li join li.enrol
audit=$(as zhang new audit --case BJ-1 kind=onsite start=2026-11-20)
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout tls.key -out tls.crt -days 30 -subj /CN=hub.example.org \
  -addext subjectAltName=IP:127.0.0.1 2> /dev/null
cat tls.key tls.crt > tls.pem
free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
# settings FROM: the block of the README that begins so, to its closing brace, for this hub.
settings() { sed -n "\\|^    $1|,/^    }/s/^    //p" "$README" | sed "s/8080/$(cat hub.port)/"; }

start_nginx() {
  mkdir -p nginx
  cat > nginx/conf << CONF
daemon off; master_process off; pid $WORK/nginx/pid; error_log $WORK/nginx/error.log;
events { worker_connections 200; }
http {
  access_log $WORK/nginx/access.log;
  client_body_temp_path $WORK/nginx/1; proxy_temp_path $WORK/nginx/2; fastcgi_temp_path $WORK/nginx/3;
  uwsgi_temp_path $WORK/nginx/4; scgi_temp_path $WORK/nginx/5;
  server {
    listen 127.0.0.1:$PORT ssl; ssl_certificate $WORK/tls.crt; ssl_certificate_key $WORK/tls.key;
$(settings 'location /satchel/ {')
  }
}
CONF
  nginx -c "$WORK/nginx/conf" 2> nginx/err & FRONT=$!
}
start_lighttpd() {
  cat > lighttpd.conf << CONF
server.document-root = "$WORK"
server.bind = "127.0.0.1"
server.port = $PORT
server.errorlog = "$WORK/lighttpd.log"
server.modules = ( "mod_openssl", "mod_proxy", "mod_setenv" )
ssl.engine = "enable"
ssl.pemfile = "$WORK/tls.pem"
$(sed -n '/^    server.stream-request-body/,/^    }/s/^    //p' "$README" | sed "s/8080/$(cat hub.port)/")
CONF
  lighttpd -D -f lighttpd.conf 2> lighttpd.err & FRONT=$!
}
start() {
  "start_$1"
  started+=("$FRONT")
  wait_for 10 curl -s -o health --cacert tls.crt "https://127.0.0.1:$PORT/satchel/health"
}

# What the hub has been sent, and has sent, since `mark`.
mark() { marked=$(wc -l < hub/access.log); }
since() { tail -n +$((marked + 1)) hub/access.log | jq -s "[.[] | select(.method == \"$1\") | .$2] | add // 0"; }
# Bytes of uploads that it has said it keeps; a video goes up in several.
kept() { tail -n +$((marked + 1)) hub/access.log | jq -s '[.[] | select(.method == "PATCH" and .status == 204) | .received] | add // 0'; }
keeps() { [ "$(kept)" -ge "$1" ]; }
# begun COMMAND…: in the background; sets RUNS.
begun() { "$SATCHEL" "$@" > log 2>&1 & RUNS=$!; started+=("$RUNS"); }

# through NAME: a video of 50 MB goes up by this proxy, while the kit is killed, and the proxy starts anew; and comes down.
through() {
  local front=$1 evidence sum durable cut
  PORT=$(free_port)
  start "$front" || { bad "$front does not start"; cat nginx/err nginx/error.log lighttpd.err lighttpd.log 2> /dev/null; return; }
  same "$front: what is in the README is TLS before the hub" '{"status":"ok"}' "$(curl -s --cacert tls.crt "https://127.0.0.1:$PORT/satchel/health")"
  for k in zhang li; do as $k remote add hub "https://127.0.0.1:$PORT/satchel" --ca tls.crt; done
  head -c 50000000 /dev/urandom > video.mp4
  sum=$(sha256sum < video.mp4 | cut -c 1-64)
  evidence=$(as zhang attach video.mp4 --to "$audit")
  mark
  begun --store zhang sync
  wait_for 30 keeps 8000000
  { kill -9 "$RUNS"; wait "$RUNS"; } 2> /dev/null
  durable=$(kept)
  mark
  begun --store zhang sync
  wait_for 30 keeps 8000000
  { kill -9 "$FRONT"; wait "$FRONT"; } 2> /dev/null
  cut=$((durable + $(kept)))
  sleep 0.3
  start "$front"
  wait "$RUNS"
  same "$front: the kit was killed and the proxy ended while it went up" true "$([ "$durable" -ge 8000000 ] && [ "$cut" -le 42000000 ] && echo true)"
  same "$front: the sync goes on though the proxy has started anew" 0 $?
  same "$front: at the byte, but for two chunks" true "$([ "$(since PATCH received)" -le $((50100000 - durable + 2 * 1048576)) ] && echo true)"
  same "$front: the hub holds it" "$sum" "$(sha256sum < "hub/repo.git/lfs/objects/${sum:0:2}/${sum:2:2}/$sum" | cut -c 1-64)"
  check "$front: li syncs" as li sync
  mark
  begun --store li extract "$evidence" -o got
  wait_for 30 sh -c "[ \$(tail -n +$((marked + 1)) hub/access.log | grep -c '\"status\":206') -gt 9 ]"
  { kill -9 "$RUNS"; wait "$RUNS"; } 2> /dev/null
  check "$front: a download that was cut off goes on" as li extract "$evidence" -o got
  check "$front: as it was" cmp got video.mp4
  same "$front: by ranges, nothing twice but a piece" true "$([ "$(since GET sent)" -le $((50000000 + 2 * 1048576)) ] && echo true)"
  same "$front: git-lfs is told the way by which it has come" "https://127.0.0.1:$PORT/satchel/lfs/objects/$sum" "$(curl -s --cacert tls.crt \
    -H 'Content-Type: application/vnd.git-lfs+json' "$(as li remote lfs)/objects/batch" \
    -d "{\"operation\":\"download\",\"objects\":[{\"oid\":\"$sum\",\"size\":50000000}]}" | jq -r '.objects[0].actions.download.href')"
  check "$front: by which it comes" sh -c "curl -sf --cacert tls.crt '$(as li remote lfs)/objects/$sum' | cmp - video.mp4"
  kill "$FRONT"; wait "$FRONT" 2> /dev/null
}
for front in nginx lighttpd; do
  if command -v $front > /dev/null; then through $front; else skip "no $front to be had"; fi
done

# The unit, with this program in the place of the installed one.
sed -n '/^    \[Unit\]/,/^    ReadWritePaths/s/^    //p' "$README" | sed "s|/usr/bin/satchel|$(realpath "$SATCHEL")|" > satchel-hub.service
same "the README has a unit" 1 "$(grep -c '^ExecStart=' satchel-hub.service)"
if command -v systemd-analyze > /dev/null; then
  check "systemd takes the unit" systemd-analyze verify "$PWD/satchel-hub.service"
  same "and says nothing of it" "" "$(cat out err)"
else
  skip "no systemd to be had: its unit"
fi
done_testing
