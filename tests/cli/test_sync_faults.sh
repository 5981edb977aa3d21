#!/usr/bin/env bash
# Eight things that go wrong on the way to headquarters, each for real: what people are told, in both languages, the exit
# status, what is still safe; and that the next sync, once the cause is gone, brings everything there. Prints the messages.
. "$(dirname "$0")/../lib.sh"
. "$HERE/net.sh"

mounted=()
let_go() { end_started; for m in "${mounted[@]}"; do umount -l "$m" 2> /dev/null; done; cd /; rm -rf "$WORK"; }
trap let_go EXIT

# medium FOLDER SIZE: a file system of its own, or none where this user may not mount one.
medium() {
  mkdir -p "$1"
  mount -t tmpfs -o "size=$2,mode=700" none "$1" 2> /dev/null || return 1
  mounted+=("$PWD/$1")
}
# told NAME STATUS ENGLISH CHINESE COMMAND…: it ends so and says so in one line, in each language; prints what it said.
told() {
  local name=$1 status=$2 english=$3 chinese=$4 got lang want; shift 4
  printf -- '-- %s\n' "$name"
  for lang in en zh; do
    SATCHEL_LANG=$lang "$@" > out 2> err; got=$?
    sed "s|$WORK|…|g; s|127.0.0.1:[0-9]*|HUB|g; s/^/   /" err
    want=$english; [ $lang = en ] || want=$chinese
    same "$name ($lang)" "$status 1 1" "$got $(wc -l < err) $(grep -cE "$want" err)"
  done
  printf '   exit status %s\n' "$got"
}

# ---- a hub, its admin, a kit that has something to send ----

for k in chen zhang li; do kit $k; as $k whoami --request > $k.request; done
quiet s hub init hub --name HQ --admin chen.request
quiet as chen join hub
quiet as chen new organisation --case BJ-1 name=华安
serve hub || { done_testing; exit 1; }
as chen remote add hub "$HUB_URL"
quiet as chen sync
for k in zhang li; do
  quiet as chen hub enrol hub $k.request --roles auditor,leader --cases BJ-1 -o $k.enrol --url "$HUB_URL"
  quiet as $k join $k.enrol
  quiet as $k sync
done
audit=$(as zhang new audit --case BJ-1 kind=onsite start=2026-11-20)
ZHANG=$(as zhang --json whoami | jq -r .kit)
head -c 2000000 /dev/urandom > photo.jpg
made=1 # entries of zhang's

# writes [KIT]: a finding with a photo, which is to arrive.
writes() {
  finding=$(as "${1:-zhang}" new finding --case BJ-1 audit="$audit" clause=B2 grade=minor fact=未签字)
  head -c 2000000 /dev/urandom > photo.jpg
  evidence=$(as "${1:-zhang}" attach photo.jpg --to "$finding")
  made=$((made + 2))
}
# arrives WHAT [KIT [REMOTE]]: by the next sync all is at the hub, once.
arrives() {
  check "$1: the next sync" as "${2:-zhang}" sync ${3:-}
  same "$1: all entries are there" $made "$(hub_has hub BJ-1 "$ZHANG")"
  same "$1: and all evidence" true "$(as "${2:-zhang}" --json sync ${3:-} 2> /dev/null | jq '[.held[] | .entries == .entries_held and .evidence == .evidence_held] | all')"
}
at_hub() { for k in chen zhang li; do as $k remote add hub "$HUB_URL"; done; } # where it is now

# where HUB [OPTION…]: the hub is served from there now, and all know it.
where() {
  serve "$@" || return 1
  for k in chen zhang li; do as $k remote add hub "$HUB_URL"; done
}
# moves NAME FROM TO: a store or hub, onto a medium or off it.
moves() { cp -r "$2/$1" "$3/" && rm -rf "${2:?}/$1"; }
fill() { head -c 1G /dev/zero > "$1/filler" 2> /dev/null; }

SAFE_EN='nothing is lost' SAFE_ZH=没有丢失任何内容

# ---- 1: the disk is full: the kit's, the hub's, the stick's ----
unserve "$HUB_PID"
if medium small 160m; then
  moves zhang . small
  where_is() { as small/zhang remote add hub "$HUB_URL"; }
  serve hub && where_is
  writes small/zhang
  fill small
  told "the kit's disk is full: a finding" 5 'this was not saved, and what was saved before is safe; make room' '本次未能保存，此前保存的都完好；请腾出空间' \
    as small/zhang set "$finding" grade=major
  told "the kit's disk is full: sync" 5 "0 MB of free space.*$SAFE_EN" "可用空间为 0 MB.*$SAFE_ZH" as small/zhang sync
  rm small/filler
  arrives "room on the kit's disk" small/zhang
  moves zhang small .
  unserve "$HUB_PID"

  moves hub . small
  where small/hub
  writes
  fill small
  told "the hub's disk is full" 5 "disk is full.*tell headquarters.*$SAFE_EN" "磁盘已满.*请告知总部.*$SAFE_ZH" as zhang sync
  same "the hub's disk is full: and nothing counts as held" $((made - 2)) "$(hub_has small/hub BJ-1 "$ZHANG")"
  rm small/filler
  ln -s small/hub hub
  arrives "room on the hub's disk"
  unserve "$HUB_PID"
  rm hub; moves hub small .
  writes
  fill small
  told "the stick is full" 5 "0 MB of free space.*$SAFE_EN" "可用空间为 0 MB.*$SAFE_ZH" as zhang sync small
  rm small/filler
  where hub
  arrives "by the network, then"
else
  skip "no medium to be had: a full disk"
fi

# ---- 2: a medium that can't be written ----
if medium stick 160m; then
  writes
  mount -o remount,ro stick
  told "a write-protected stick" 5 "the medium is write-protected; take the protection off.*$SAFE_EN" "介质是只读的；请解除写保护.*$SAFE_ZH" as zhang sync stick
  mount -o remount,rw stick
  moves zhang . stick
  mount -o remount,ro stick
  check "a write-protected kit can be read" as stick/zhang list finding
  check "and verified" as stick/zhang verify
  refuse "and says that it can't be written" 5 as stick/zhang new finding --case BJ-1 audit="$audit" clause=B2 grade=minor fact=x
  same "in these words" 1 "$(grep -c 'nothing can be written.*write-protected' err)"
  told "the kit itself on a write-protected stick" 5 'write-protected; take the protection off' '介质是只读的；请解除写保护' as stick/zhang sync
  mount -o remount,rw stick
  arrives "with the protection off" stick/zhang
  moves zhang stick .
  writes
  unserve "$HUB_PID"
  moves hub . stick
  where stick/hub
  mount --bind stick/hub stick/hub && mount -o remount,ro,bind stick/hub # under a hub that runs
  told "the hub's disk turns read-only" 5 "could not write this to its disk.*tell headquarters.*$SAFE_EN" "未能写入磁盘.*请告知总部.*$SAFE_ZH" as zhang sync
  umount -l stick/hub
  ln -s stick/hub hub
  arrives "once it can"
  unserve "$HUB_PID"
  rm hub; moves hub stick .
  where hub
  umount stick
else
  skip "no medium to be had: one that can't be written"
fi

# ---- 3: the stick is pulled out: before, or its writes fail in the middle, or it is gone in the middle ----
rm -rf stick
head -c 30000000 /dev/urandom > video.mp4
writes; quiet as zhang attach video.mp4 --to "$finding"; made=$((made + 1))
told "the stick is not in" 5 'is the stick in.*saved is safe' 'U 盘是否已插好.*安全存于本机' as zhang sync stick
cat > pulled.sh <<'SH'
LD_PRELOAD=./shim.so SATCHEL_FAULT=write:3+:EIO "$SATCHEL" --store zhang sync stick 2>&1 > out2 | cat >&2
exit ${PIPESTATUS[0]}
SH
export SATCHEL
if grep -q __asan_init "$SATCHEL"; then
  skip "a sanitizer wants to be loaded first: a stick that fails in the middle"
elif ! gcc -std=gnu17 -O1 -shared -fPIC -pthread -o shim.so "$HERE/faults/shim.c" 2> err; then
  bad "the shim does not compile"; cat err
else
  mkdir stick
  told "the stick fails while it is written" 5 "the medium failed.*$SAFE_EN" "介质出错.*$SAFE_ZH" bash pulled.sh
  same "and leaves no half file" 0 "$(find stick -name '*.satchel' | wc -l)"
fi
# Taken out in the middle of the video.
gone() {
  local p
  rm -rf stick; medium stick 160m || return 99
  "$SATCHEL" --store zhang sync stick & p=$!
  until [ -n "$(find stick -size +4M 2> /dev/null)" ] || ! kill -0 $p 2> /dev/null; do :; done
  kill -STOP $p; umount -l stick; rmdir stick; kill -CONT $p
  wait $p
}
if medium try 1m; then
  told "the stick is pulled out while it is written" 5 "is not there any more, as if the stick was taken out; $SAFE_EN" "U 盘可能已被拔出；$SAFE_ZH" gone
else
  skip "no medium to be had: a stick that is pulled out"
fi
mkdir stick
check "another stick: the next sync" as zhang sync stick
check "another stick: at the hub" sh -c "kill $HUB_PID; while kill -0 $HUB_PID 2> /dev/null; do sleep 0.1; done; exec '$SATCHEL' hub sync hub stick"
check "another stick: and back" as zhang sync stick
same "another stick: all entries are there" $made "$(hub_has hub BJ-1 "$ZHANG")"
wait "$HUB_PID" 2> /dev/null

# in_the_middle KIT COMMAND…: a sync of that kit is held while its upload is under way, and goes on after the command.
in_the_middle() {
  local who=$1 p; shift
  "$SATCHEL" --store "$who" sync & p=$!
  until [ -n "$(find hub/upload -name '*.data' -size +1M 2> /dev/null)" ] || ! kill -0 $p 2> /dev/null; do :; done
  kill -STOP $p
  "$@"
  kill -CONT $p
  wait $p
}

# ---- 4: the session expires between two requests: nobody need know ----
where hub --session 1
token=$(as zhang remote lfs)
video() { quiet as "${1:-zhang}" attach video.mp4 --to "$finding"; }
head -c 30000001 /dev/urandom > video.mp4
writes; video; made=$((made + 1))
before=$(grep -c '"status":401' hub/access.log)
check "the session expires while a sync runs" in_the_middle zhang sleep 1.5
printf -- '-- the session expires while a sync runs\n   (nothing is said)\n   exit status 0\n'
same "and nothing is said of it" "" "$(cat err)"
same "the hub did say no" true "$([ "$(grep -c '"status":401' hub/access.log)" -gt "$before" ] && echo true)"
arrives "the session has expired"
told "an address for git-lfs that has expired" 22 'error: 401' 'error: 401' curl -sSf "$token/objects/$(printf '0%.0s' $(seq 64))"
curl -s "$token/objects/$(printf '0%.0s' $(seq 64))" | sed 's/^/   /'; echo
unserve "$HUB_PID"; where hub

# ---- 5: the kit is revoked: before a sync, and while one runs ----
of_kit() { as chen --json list kit | jq -r --arg k "$(as "$1" --json whoami | jq -r '.key | split(" ")[1]')" '.[] | select(.fields.key | contains($k)) | .id'; }
for k in wang zhao qian; do
  kit $k; as $k whoami --request > $k.request
  quiet as chen hub enrol hub $k.request --roles auditor --cases BJ-1 -o $k.enrol --url "$HUB_URL"
  quiet as $k join $k.enrol
  quiet as $k sync; quiet as $k sync
  quiet as $k new finding --case BJ-1 audit="$audit" clause=B3 grade=minor fact=丢失之后
done
quiet as chen sync
revoke() { as chen set "$(of_kit "$1")" "revoked+=BJ-1:0" --why 丢失 > log && as chen sync > log; }
check "a kit is revoked" revoke wang
told "a revoked kit" 5 "this kit has been revoked; tell headquarters; waiting here.*$SAFE_EN" "本设备已被吊销；请告知总部；本机待发送.*$SAFE_ZH" as wang sync
revoked_in_the_middle() { # one kit in each language
  local k=zhao; [ "$SATCHEL_LANG" = en ] || k=qian
  head -c 30000001 /dev/urandom > video.mp4
  video $k; in_the_middle $k revoke $k
}
told "a kit that is revoked while it syncs" 5 "this kit has been revoked; tell headquarters; waiting here.*$SAFE_EN" "本设备已被吊销；请告知总部；本机待发送.*$SAFE_ZH" revoked_in_the_middle
for k in wang zhao qian; do same "what $k has written is still in it" 1 "$(as $k --json list finding fact=丢失之后 | jq length)"; done

# ---- 6: the certificate is another's, has expired, is of another host; the key is not the pinned one ----
authority() {
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$1.key" -out "$1.crt" -days 30 -subj "/CN=$1" 2> /dev/null
}
# certificate NAME AUTHORITY NAMES FROM UNTIL
certificate() {
  openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$1.key" -out "$1.csr" -subj "/CN=$1" 2> /dev/null
  : > index.txt; echo 01 > serial
  printf '[ca]\ndefault_ca=d\n[d]\ndatabase=index.txt\nserial=serial\nnew_certs_dir=.\ndefault_md=sha256\npolicy=p\nx509_extensions=x\n[p]\ncommonName=supplied\n[x]\nsubjectAltName=%s\n' "$3" > ca.cnf
  openssl ca -batch -config ca.cnf -in "$1.csr" -out "$1.crt" -cert "$2.crt" -keyfile "$2.key" -startdate "$(date -u -d "$4" +%Y%m%d%H%M%SZ)" \
    -enddate "$(date -u -d "$5" +%Y%m%d%H%M%SZ)" -notext 2> err || { bad "no certificate $1"; cat err; }
}
pin_of() { echo "sha256//$(openssl x509 -in "$1" -pubkey -noout | openssl pkey -pubin -outform der | openssl dgst -sha256 -binary | base64)"; }
authority hq; authority foreign
certificate good hq IP:127.0.0.1 "1 day ago" "30 days"
certificate foreigner foreign IP:127.0.0.1 "1 day ago" "30 days"
certificate expired hq IP:127.0.0.1 "30 days ago" "1 day ago"
certificate elsewhere hq DNS:hub.example.org "1 day ago" "30 days"
tls() { unserve "$HUB_PID"; serve hub --cert "$1.crt" --key "$1.key"; as zhang remote add hub "$HUB_URL" "${@:2}"; }
writes
tls foreigner --ca hq.crt
told "a certificate of a foreign authority" 5 "not trusted here: nothing was sent.*ask headquarters.*$SAFE_EN" "不信任.*未发送任何内容.*请向总部核实.*$SAFE_ZH" as zhang sync
tls expired --ca hq.crt
told "a certificate that has expired" 5 "not valid on this machine's date.*$SAFE_EN" "不在有效期内.*$SAFE_ZH" as zhang sync
tls elsewhere --ca hq.crt
told "a certificate of another host" 5 "of another host: nothing was sent.*ask headquarters.*$SAFE_EN" "属于另一台主机：未发送任何内容.*$SAFE_ZH" as zhang sync
tls good --pin "$(pin_of elsewhere.crt)"
told "another key than the pinned one" 5 "not the one that was pinned: nothing was sent.*$SAFE_EN" "不是所指定的那一把：未发送任何内容.*$SAFE_ZH" as zhang sync
same "nobody has had a byte of it" 0 "$(($(hub_has hub BJ-1 "$ZHANG") + 2 - made))"
tls good --ca hq.crt

# ---- 7: the clock is ten years off: the kit's, the hub's ----
# Its wrapper would stand between the hub and its signals.
fake=$(faketime -f +10y printenv LD_PRELOAD 2> /dev/null)
off() { env LD_PRELOAD="$fake" FAKETIME="$1" FAKETIME_FMT= "$SATCHEL" "${@:2}"; }
if [ -n "$fake" ] && off +10y --help > /dev/null 2>&1; then
  for years in +10y -10y; do
    told "the kit's clock is ten years off ($years), the hub's certificate is of today" 5 "not valid on this machine's date: set its clock.*$SAFE_EN" "请校正时钟.*$SAFE_ZH" off $years --store zhang sync
  done
  arrives "a certificate that is good"
  unserve "$HUB_PID"; where hub
  for years in +10y -10y; do
    finding=$(off $years --store zhang new finding --case BJ-1 audit="$audit" clause=B2 grade=minor fact=时钟); made=$((made + 1))
    told "the kit's clock is ten years off ($years)" 0 "clock is 3650 days (ahead of|behind) the hub's; set it" "(快|慢) 3650 天；如有误请校正" off $years --store zhang sync
    same "and all is there" $made "$(hub_has hub BJ-1 "$ZHANG")"
  done
  same "an entry bears the time of its kit" $(($(date +%Y) - 10)) "$(as zhang --json history "$finding" | jq -r ".[0].at[:4]")"
  unserve "$HUB_PID"
  for years in +10y -10y; do
    real=$SATCHEL
    printf "#!/bin/sh\nLD_PRELOAD='%s' FAKETIME=%s exec %s \"\$@\"\n" "$fake" $years "$real" > off; chmod +x off
    SATCHEL=$WORK/off where hub
    SATCHEL=$real
    writes
    told "the hub's clock is ten years off ($years)" 0 "clock is 3650 days (ahead of|behind) the hub's; set it" "(快|慢) 3650 天；如有误请校正" as zhang sync
    same "and all is there" $made "$(hub_has hub BJ-1 "$ZHANG")"
    unserve "$HUB_PID"
  done
  where hub
  writes
  arrives "the hub's clock is right again"
else
  skip "no faketime to be had: a clock ten years off"
fi

# ---- 8: another hub at the same address, or no hub ----
kit founder; as founder whoami --request > founder.request
quiet s hub init other --name 别处 --admin founder.request
unserve "$HUB_PID"; where hub
writes
unserve "$HUB_PID"
"$SATCHEL" hub serve other --listen "127.0.0.1:$(cat hub.port)" > other.url 2> other.log & started+=($!)
check "another hub takes the address" wait_for 10 grep -q http other.url
told "another hub at the same address" 3 "another hub answers.*nothing was sent to it.*$SAFE_EN" "另一个中心.*未向它发送任何内容.*$SAFE_ZH" as zhang sync
unserve "${started[-1]}"
python3 -m http.server "$(cat hub.port)" --bind 127.0.0.1 > log 2>&1 & started+=($!)
wait_for 10 curl -s -o /dev/null "http://127.0.0.1:$(cat hub.port)"
told "something else at the same address" 5 "there is no hub at.*$SAFE_EN" "没有中心.*$SAFE_ZH" as zhang sync --tries 1
unserve "${started[-1]}"
told "nobody at the same address" 5 "offline: .*$SAFE_EN" "离线：.*$SAFE_ZH" as zhang sync --tries 1
where hub
arrives "the right hub again"

check "the kit is sound" as zhang verify
same "the hub is sound" 0 "$(s hub verify hub --json | jq '.problems|length')"
done_testing
