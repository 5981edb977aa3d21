#!/usr/bin/env bash
# Sync over a network: a kit, a colleague and a hub over loopback. What arrives, in which order and at what price; and each
# thing that goes wrong with its message and its exit status.
. "$(dirname "$0")/../lib.sh"
. "$HERE/net.sh"

for k in chen zhang li; do kit $k; as $k whoami --request > $k.request; done
s hub init hub --name HQ --admin chen.request > /dev/null
as chen join hub > /dev/null
refuse "sync goes nowhere before a remote is known" 2 as chen sync
serve hub || { done_testing; exit 1; }

# ---- remotes and enrolment ----
refuse "plain HTTP is for loopback" 2 as chen remote add far http://hub.example.org
refuse "an address that is none" 2 as chen remote add far https://
refuse "a pin that is none" 2 as chen remote add far https://hub.example.org --pin abc
refuse "a certificate that is none" 3 as chen remote add far https://hub.example.org --ca chen.request
check "the hub as a remote" as chen remote add hub "$HUB_URL"
as chen new organisation --case BJ-1 name=华安 > /dev/null
check "the first sync" as chen sync
same "says what headquarters holds" 1 "$(grep -c 'BJ-1 *entries 1 of 1 held$' out)"
refuse "an address in an enrolment is checked" 2 as chen hub enrol hub zhang.request --roles auditor -o z --url ftp://x
check "zhang is enrolled with the address" as chen hub enrol hub zhang.request --roles auditor,leader --cases BJ-1 -o z.enrol --url "$HUB_URL"
check "li without" as chen hub enrol hub li.request --roles auditor --cases BJ-1 -o l.enrol
check "zhang joins" as zhang join z.enrol
same "and sees fingerprints to compare" 2 "$(grep -c '  [0-9 ]\{29\}$' out)"
same "and has the remote" "$HUB_URL" "$(as zhang --json remote list | jq -r .hub)"
check "li joins an enrolment without an address" as li join l.enrol
check "and names it himself" as li remote add hq "$HUB_URL"

# ---- everything of a case arrives ----
check "zhang syncs without a name" as zhang sync
audit=$(as zhang new audit --case BJ-1 kind=onsite start=2026-11-20)
finding=$(as zhang new finding --case BJ-1 audit="$audit" clause=B2 grade=minor fact=两份未签)
head -c 3000000 /dev/urandom > photo.jpg
ev=$(as zhang attach photo.jpg --to "$finding")
same "before a sync it is not held" null "$(as zhang --json show "$ev" | jq .held.since)"
same "nor its history" '[null]' "$(as zhang --json history "$ev" | jq -c '[.[].held]')"
same "which says so" 1 "$(as zhang history "$ev" | grep -c 'At the hub: no receipt yet')"
check "zhang's work goes up" as zhang sync
same "photo and all" 1 "$(grep -c 'BJ-1 *entries 3 of 3 held · evidence 1 of 1 held$' out)"
same "now it is held since a time" 1 "$(as zhang show "$ev" | grep -c 'held since 20')"
same "in JSON too" true "$(as zhang --json show "$ev" | jq .held.bytes)"
as zhang set "$finding" due=2026-12-20 > /dev/null
as zhang --json history "$finding" > steps
same "and in its history: which receipt, and the hub's time" true "$(jq '.[0].held | (.receipt | length == 64) and (.since | startswith("20"))' steps)"
same "of each entry" null "$(jq '.[1].held' steps)"
same "in words" 1 "$(SATCHEL_LANG=zh as zhang history "$finding" | grep -c "中心持有: 自 20.* 起已持有，见回执 $(jq -r '.[0].held.receipt[:12]' steps)$")"
same "and what is not held yet" 1 "$(SATCHEL_LANG=zh as zhang history "$finding" | grep -c '中心持有: 尚无回执$')"
check "li takes it" as li sync
same "the record is here" minor "$(as li --json show "$finding" | jq -r .fields.grade)"
check "its bytes come on demand, from the hub" as li extract "$ev" -o there.jpg
check "as they were" cmp photo.jpg there.jpg
check "and are kept" as li extract "$ev" -o again.jpg
same "sealed: the plain bytes are in no file of the store" "" "$(head -c 64 photo.jpg > needle; grep -rlF "$(head -c 300 photo.jpg | tr -d '\0\n' | head -c 24)" li 2> /dev/null | head -n 1)"
check "the store is sound" as li verify
as li set "$finding" grade=major > /dev/null
check "li's change goes up" as li sync hq
check "zhang gets it" as zhang sync
same "and has it" major "$(as zhang --json show "$finding" | jq -r .fields.grade)"
check "until there is nothing left to say" as zhang sync

# ---- what another process has taken in is there at once ----
mkdir stick
for n in 1 2 3; do
  as li set "$finding" fact="seen on stick $n" > /dev/null
  quiet as li sync stick
  quiet s hub sync hub stick
  quiet as zhang sync
  same "what came by stick is handed out at once ($n)" "seen on stick $n" "$(as zhang --json show "$finding" | jq -r .fields.fact)"
done
quiet as li sync stick
quiet s hub sync hub stick
quiet as li sync hq

# ---- nothing new costs nothing ----
proxy quiet --to "$(cat hub.port)"
as zhang remote add hub "$PROXY_URL"
check "once to settle" as zhang sync
unserve "$PROXY_PID"
proxy quiet --to "$(cat hub.port)"
as zhang remote add hub "$PROXY_URL"
find zhang -type f -printf '%p %s %T@\n' | sort > before
check "nothing new" as zhang sync
same "says so" "nothing new in either direction" "$(cat out)"
same "two requests" 2 "$(jq .requests quiet.stats)"
same "at most 4 KB" true "$(jq '.up + .down <= 4096' quiet.stats)"
find zhang -type f -printf '%p %s %T@\n' | sort > after
check "and not a byte on the disk" cmp before after

# ---- a finding overtakes a video ----
head -c 50000000 /dev/urandom > video.mp4
as zhang attach video.mp4 --to "$finding" > /dev/null
unserve "$PROXY_PID"
proxy cut --to "$(cat hub.port)" --cut-up 5000000
as zhang remote add hub "$PROXY_URL"
check "the video's way is cut, and gone on with" as zhang sync
same "nothing was sent twice but a chunk" true "$(jq '.up < 52000000 + 2000000' cut.stats)"
as zhang attach --title x photo.jpg --to "$finding" > /dev/null
head -c 50000001 /dev/urandom > video2.mp4
as zhang attach video2.mp4 --to "$finding" > /dev/null
unserve "$PROXY_PID"
refuse "offline is a state" 5 as zhang sync --tries 1
same "with what waits, and that nothing is lost" 1 "$(grep -c 'offline: .*waiting here: .*nothing is lost' err)"
f2=$(as zhang new finding --case BJ-1 audit="$audit" clause=B3 grade=minor fact=新发现)
proxy early --to "$(cat hub.port)" --cut-up 900000
as zhang remote add hub "$PROXY_URL"
quiet as zhang sync --tries 1
same "within the first requests the finding is there" 1 "$(wait_for 5 sh -c "git -C hub/repo.git grep -q 新发现 BJ-1"; git -C hub/repo.git grep -c 新发现 BJ-1 -- record/finding | wc -l)"
same "while the video waits" true "$(as zhang --json show "$f2" > /dev/null; as zhang --json sync --tries 1 --timeout 1 2> /dev/null | jq '.held[] | select(.case == "BJ-1") | .evidence >= .evidence_held')"
unserve "$PROXY_PID"
as zhang remote add hub "$HUB_URL"
check "the rest goes when the road is free" as zhang sync
same "all of it is held" true "$(as zhang --json sync | jq '[.held[] | .entries == .entries_held and .evidence == .evidence_held] | all')"

# ---- downloads and evidence on demand over a road that is cut ----
vid=$(as zhang --json list evidence name=video.mp4 | jq -r '.[0].id')
proxy down --to "$(cat hub.port)" --cut-down 20000000
quiet as li sync
as li remote add hq "$PROXY_URL"
check "a video on demand, cut off in the middle, is gone on with" as li extract "$vid" -o v.mp4
same "it was cut" 1 "$(jq .faults.cut down.stats)"
check "and is whole" cmp video.mp4 v.mp4
same "what had come did not come again" true "$(jq '.down < 53000000' down.stats)"
check "freed, it can come again" as li free --case BJ-1
refuse "offline it is asked for" 5 sh -c "kill $PROXY_PID; sleep 0.2; exec '$SATCHEL' --store li extract '$vid' -o v2.mp4"
same "and said so" 1 "$(grep -c 'asked for now' err)"
as li remote add hq "$HUB_URL"
check "it comes by the next sync" as li sync
check "again" as li sync
check "and is here" as li extract "$vid" -o v2.mp4
check "whole" cmp video.mp4 v2.mp4

# ---- what goes wrong ----
kit founder; as founder whoami --request > founder.request
s hub init other --name Other --admin founder.request > /dev/null
as founder join other > /dev/null
hub_url=$HUB_URL hub_pid=$HUB_PID
serve other
as zhang remote add wrong "$HUB_URL"
refuse "another hub at this address" 3 as zhang sync wrong
same "is named" 1 "$(grep -c "another hub answers at this address, 'Other'" err)"
as zhang remote add nowhere http://127.0.0.1:1
refuse "nobody there" 5 as zhang sync nowhere --tries 1
as zhang remote add astray "$hub_url/astray"
refuse "no hub at the path" 5 as zhang sync astray --tries 1
HUB_URL=$hub_url

kit wang; as wang whoami --request > wang.request
as chen hub enrol hub wang.request --roles auditor --cases BJ-1 -o w.enrol --url "$HUB_URL" > /dev/null
check "wang joins" as wang join w.enrol
check "and syncs" as wang sync
quiet as chen sync
wang=$(as chen --json list kit | jq -r --arg k "$(as wang --json whoami | jq -r '.key | split(" ")[1]')" '.[] | select(.fields.key | contains($k)) | .id')
check "her kit is revoked" as chen set "$wang" "revoked+=BJ-1:0" --why "lost on a train"
check "the hub learns of it" as chen sync
refuse "a revoked kit is told so" 5 as wang sync
same "in words" 1 "$(grep -c 'does not let this kit in\|refused the session' err)"

# Not under a sanitizer, which wants to be loaded first.
fakes_time() { faketime -f +10m "$SATCHEL" --help > /dev/null 2>&1; }

# ---- trust ----
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout tls.key -out tls.crt -days 30 -subj /CN=hub \
  -addext subjectAltName=IP:127.0.0.1 2> /dev/null
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout tls2.key -out tls2.crt -days 30 -subj /CN=hub \
  -addext subjectAltName=IP:127.0.0.1 2> /dev/null
pin_of() { echo "sha256//$(openssl x509 -in "$1" -pubkey -noout | openssl pkey -pubin -outform der | openssl dgst -sha256 -binary | base64)"; }
unserve "$hub_pid"
serve hub --cert tls.crt --key tls.key
tls_pid=$HUB_PID
as zhang remote add tls "$HUB_URL"
refuse "a certificate that nobody vouches for" 5 as zhang sync tls
same "says that nothing was sent" 1 "$(grep -c 'is not trusted here: nothing was sent' err)"
as zhang remote add tls "$HUB_URL" --ca tls.crt
check "with headquarters' own it goes" as zhang sync tls
as zhang remote add tls "$HUB_URL" --pin "$(pin_of tls.crt)"
check "by its pinned key, too" as zhang sync tls
as zhang remote add tls "$HUB_URL" --pin "$(pin_of tls2.crt)"
refuse "by another's it does not" 5 as zhang sync tls
same "says so" 1 "$(grep -c 'not the one that was pinned' err)"
as zhang remote add tls "$HUB_URL" --pin "$(pin_of tls2.crt)" --ca tls.crt
refuse "nor with both, where one does not fit" 5 as zhang sync tls
as chen hub enrol hub li.request --roles auditor -o l2.enrol --url "$HUB_URL" --pin "$(pin_of tls.crt)" > /dev/null
check "an enrolment carries the pin" as li join l2.enrol
check "by which the hub is known" as li sync
if fakes_time; then
  as zhang remote add tls "$HUB_URL" --ca tls.crt
  refuse "ten years on the certificate has run out, or the clock is wrong" 5 faketime -f +10y "$SATCHEL" --store zhang sync tls
  same "which is said" 1 "$(grep -c 'set its clock' err)"
else
  skip "no faketime to be had: a clock ten years off"
fi
unserve "$tls_pid"
serve hub
hub_pid=$HUB_PID
for k in zhang li; do as $k remote add hub "$HUB_URL"; as $k remote add hq "$HUB_URL"; done
if fakes_time; then
  check "a clock ten minutes off syncs" faketime -f +10m "$SATCHEL" --store zhang sync
  same "and is told of" 1 "$(grep -c 'clock is [0-9]* minutes ahead' err)"
  check "one ten years behind, too" faketime -f -10y "$SATCHEL" --store zhang sync
  same "and told of likewise" 1 "$(grep -c 'clock is [0-9]* days behind' err)"
fi

# ---- no room there ----
unserve "$hub_pid"
serve hub --upload-max 2M
hub_pid=$HUB_PID
for k in zhang li; do as $k remote add hub "$HUB_URL"; as $k remote add hq "$HUB_URL"; done
head -c 3000001 /dev/urandom > large.jpg
as zhang attach large.jpg --to "$finding" > /dev/null
f3=$(as zhang new finding --case BJ-1 audit="$audit" clause=B4 grade=minor fact=另一发现)
refuse "what is too large for the hub is refused" 5 as zhang sync
same "in words" 1 "$(grep -c 'takes no more' err)"
same "and keeps nothing else from going" true "$(as zhang --json show "$f3" | jq '.held.since != null')"
unserve "$hub_pid"
# as if it had been taken before, and been set apart
kit=$(as zhang --json whoami | jq -r .kit)
for f in zhang/link/hub/inbox/*.satchel; do
  cp "$f" "hub/quarantine/$kit-${f##*/}"
  printf 'of a form that is not known here' > "hub/quarantine/$kit-${f##*/}.why"
done
serve hub
hub_pid=$HUB_PID
for k in zhang li; do as $k remote add hub "$HUB_URL"; as $k remote add hq "$HUB_URL"; done
for n in first next; do
  refuse "what the hub has set apart is told of: the $n sync" 5 as zhang --json sync
  same "with the reason and what to do" 1 "$(grep -c 'set it apart (of a form that is not known here); it is not sent again.*tell headquarters' err)"
  same "and is not sent" 0 "$(jq '.sent + .sent_bytes' out)"
done
rm hub/quarantine/"$kit"-*
check "where it is let, it goes" as zhang sync

# ---- the hub starts anew between taking in and the receipt ----
unserve "$hub_pid"
as zhang new finding --case BJ-1 audit="$audit" clause=B5 grade=minor fact=再一发现 > /dev/null
quiet as zhang sync --tries 1
same "what waits" 1 "$(ls zhang/link/hub/inbox | wc -l)"
f=$(ls zhang/link/hub/inbox)
cp "zhang/link/hub/inbox/$f" "hub/inbox/$kit-$f"
for n in 1 2; do
  serve hub
  check "it is taken in" wait_for 20 test ! -e "hub/inbox/$kit-$f"
  sleep 0.3
  [ $n = 2 ] || unserve "$HUB_PID"
done
hub_pid=$HUB_PID
for k in zhang li; do as $k remote add hub "$HUB_URL"; as $k remote add hq "$HUB_URL"; done
check "the sync after that" as zhang --json sync
same "sends nothing again" 0 "$(jq .sent out)"
same "and has the receipt" 0 "$(ls zhang/link/hub/inbox | wc -l)"

# ---- this machine ----
touch file; rm -rf li/link; cp file li/link
refuse "a link folder that can't be written" 5 as li sync hq
rm -f li/link
check "is made again" as li sync hq

if mkdir -p small && mount -t tmpfs -o size=24m tmpfs small 2> /dev/null; then
  trap 'end_started; umount -l "$WORK/small" 2> /dev/null; rm -rf "$WORK"' EXIT
  quiet as li free --case BJ-1
  rm -rf li/link
  cp -r li small/li
  as zhang attach --title big photo.jpg --to "$finding" > /dev/null; quiet as zhang sync
  head -c 100000000 /dev/zero > small/filler 2> /dev/null
  refuse "a full disk here" 5 as small/li sync hq
  same "is called that" 1 "$(grep -c 'disk is full' err)"
  rm small/filler
  check "and gone on with when there is room" as small/li sync hq
  umount small
else
  skip "no tmpfs to be had: a full disk under a sync"
fi

unserve "$hub_pid"
refuse "the hub is down" 5 as zhang sync --tries 1
same "in JSON: what waits" 0 "$(as zhang --json sync --tries 1 2> /dev/null | jq .waits.files)"
as chen --json whoami | jq -r .key > root.pub
s hub checkpoint hub -o checkpoint.json > /dev/null
check "the hub is sound" s hub verify hub --root root.pub --against checkpoint.json
for k in zhang li; do check "$k is sound" as $k verify; done
done_testing
