#!/usr/bin/env bash
# The disk is full, at once or in the middle: status 5 and one line that says what to do; nothing half done is left; what
# was there still verifies and reads; and after room is made the same command works. And a file that changes while it
# is read is not taken in.
#   test_full_disk.sh [--full] [WHAT…]     --full: stopped at more places; WHAT: init save attach …
. "$(dirname "$0")/../lib.sh"
left_kb="0 12 1500" size_mb=12 whats=""
for arg in "$@"; do
  case $arg in
    --full) left_kb="0 4 8 16 32 48 64 100 400 1000 1500 2040 2048 2052 2056 2064 2080 2100 2120 2150 2200" ;;
    *) whats+=" $arg" ;;
  esac
done
! grep -q __asan_init "$SATCHEL" || left_kb=4 # a sanitizer is slow to start
mkdir disk base
if ! mount -t tmpfs -o size=${size_mb}m,mode=700 none disk 2> err; then
  skip "a full disk: this user may not mount one ($(head -n 1 err))"
  disk=""
else
  disk=$WORK/disk
  trap 'cd /; umount "$disk"; rm -rf "$WORK"' EXIT
fi

as() { local who=$1; shift; s --store "$who" "$@"; }

# ---- the scene, in base/: zhang is the hub's admin and has evidence that neither hub nor li has ----

cd base || exit 1
for k in zhang li chen; do kit $k; as $k whoami --request > $k.request; done
s hub init hub --name HQ --admin zhang.request > log
as zhang join hub > log
as zhang new organisation --case BJ-1 name=Huaan > log
mkdir stick; as zhang sync stick > log; s hub sync hub stick > log
as zhang hub enrol hub li.request --roles auditor,leader --cases BJ-1 -o li.enrol > log
as li join li.enrol > log
audit=$(as zhang new audit --case BJ-1 kind=onsite start=2026-11-20)
finding=$(as zhang new finding --case BJ-1 audit="$audit" clause=B2 grade=minor fact=x)
for who in zhang li zhang; do as $who sync stick > log; s hub sync hub stick > log; done
head -c 2M /dev/urandom > photo.jpg
head -c 3M /dev/urandom > other.jpg
evidence=$(as zhang attach photo.jpg --to "$finding")
as zhang pack -o to-hub > log
as zhang pack --to "$(as li --json whoami | jq -r .kit)" -o to-li > log
cd ..
if [ -z "$evidence" ] || ! ls base/to-hub/*.satchel base/to-li/*.satchel > log; then
  bad "the scene could not be made"; done_testing; exit
fi

# ---- a command, what of the scene lies on the disk, and what must hold of it ----

do_init() { s --store disk/new init --name wang --email wang@example.com --work-factor 10; }
do_save() { as disk/zhang set "$finding" grade=major; }
do_attach() { as disk/zhang attach base/other.jpg --to "$finding"; }
do_pack() { as base/zhang pack -o disk/packed; }
do_extract() { as base/zhang extract "$evidence" -o disk/out.jpg; }
do_receive() { as disk/li receive base/to-li/*.satchel; }
do_hub_receive() { s hub receive disk/hub base/to-hub/*.satchel; }
do_sync() { as zhang sync disk/stick; }
do_hub_sync() { s hub sync hub disk/stick; }
do_sync_in() { as disk/li sync stick; }
do_hub_sync_in() { s hub sync disk/hub stick; }
do_hub_init() { s hub init disk/hub2 --name HQ --admin base/chen.request; }
declare -A on_disk=([save]=zhang [attach]=zhang [receive]=li [hub_receive]=hub
  [sync]=stick [hub_sync]=stick [sync_in]=li [hub_sync_in]=hub)
declare -A beside=([pack]=hub [sync]="zhang hub" [hub_sync]="zhang li hub" [sync_in]=stick [hub_sync_in]="zhang stick" [hub_init]=chen)

verifies() { as "$1" verify; }
hub_verifies() {
  local faults; faults=$(git -C "$1/repo.git" fsck --strict 2>&1); [ -z "$faults" ] || { echo "$faults"; return 1; }
  s --json hub verify "$1" > verified; [ "$(jq '.problems | length' verified)" = 0 ] || { cat verified; return 1; }
}
gives() { as "$1" extract "$evidence" -o got && cmp got base/photo.jpg; }
sound_init() { [ ! -e disk/new ] || [ ! -s disk/new/journal.db ] || verifies disk/new; }
sound_save() { verifies disk/zhang; }
sound_attach() { verifies disk/zhang; }
sound_pack() { verifies base/zhang; }
sound_extract() { verifies base/zhang; }
sound_receive() { verifies disk/li; }
sound_hub_receive() { hub_verifies disk/hub; }
sound_sync() { verifies zhang; }
sound_hub_sync() { hub_verifies hub; }
sound_sync_in() { verifies disk/li; }
sound_hub_sync_in() { hub_verifies disk/hub; }
sound_hub_init() { [ ! -e disk/hub2/hub.json ] || s hub status disk/hub2; }

sum=$(sha256sum < base/photo.jpg | cut -d ' ' -f 1)
hub_has() { [ "$(sha256sum < "$1/repo.git/lfs/objects/${sum:0:2}/${sum:2:2}/$sum" | cut -d ' ' -f 1)" = "$sum" ]; }
done_init() { verifies disk/new; }
done_save() { [ "$(as disk/zhang --json show "$finding" | jq -r .fields.grade)" = major ]; }
done_attach() { as disk/zhang extract "$(tail -n 1 said)" -o got && cmp got base/other.jpg; }
done_pack() { s hub receive hub disk/packed/*.satchel && hub_has hub; }
done_extract() { cmp disk/out.jpg base/photo.jpg; }
done_receive() { gives disk/li; }
done_hub_receive() { hub_has disk/hub; }
done_sync() { s hub sync hub disk/stick && hub_has hub; }
done_hub_sync() { as li sync disk/stick && gives li; }
done_sync_in() { gives disk/li; }
done_hub_sync_in() { hub_has disk/hub; }
done_hub_init() { as chen join disk/hub2 && as chen new organisation --case XX-1 name=x && as chen pack -o packed && s hub receive disk/hub2 packed/*.satchel && hub_verifies disk/hub2; }

# ---- filling ----

free_kb() { df --output=avail -k disk | tail -n 1; }
leave_kb() {
  local all; all=$(free_kb)
  [ "$all" -le "$1" ] || head -c $(((all - $1) * 1024)) /dev/zero > disk/filler
}
make_room() { rm -f disk/filler; }
# Files that are there, but for databases, which verify looks at, whole evidence, which may come before its record, and
# a hub to be, which is one when it has its hub.json.
listing() { (cd disk && find . -type f ! -name filler ! -path './hub2/*' ! -name '*.db*' ! -name lock ! -path '*/lfs/objects/*' ! -path '*/blobs/*' | sort); }
fresh() {
  rm -rf disk/* zhang li chen hub stick packed
  for f in ${on_disk[$1]:-}; do cp -a "base/$f" disk/; done
  for f in ${beside[$1]:-}; do cp -a "base/$f" .; done
  case $1 in hub_sync) hub_holds ;; sync_in) lies_on_stick_for_li ;; hub_sync_in) as zhang sync stick > log ;; esac
}
# The hub holds it and has put it on the stick for li, who has asked for it.
lies_on_stick_for_li() {
  cp -a base/hub .
  s hub receive hub base/to-hub/*.satchel > log
  s hub sync hub stick > log; as disk/li sync stick > log; as disk/li extract "$evidence" -o got 2> log
  as disk/li sync stick > log; s hub sync hub stick > log
}
# The hub holds it, and li has asked for it.
hub_holds() {
  s hub receive hub base/to-hub/*.satchel > log
  s hub sync hub disk/stick > log; as li sync disk/stick > log; as li extract "$evidence" -o got 2> log; as li sync disk/stick > log
}

# One line, or one for each of several bundles; each says what to do.
lines_help() { [ -s err ] && [ "$(wc -l < err)" -le "$1" ] && ! grep -vE "free some|make room" err; }
lines_of() { case $1 in receive) ls base/to-li ;; hub_receive) ls base/to-hub ;; *_in) find stick -name '*.satchel' ;; *) echo one ;; esac | wc -l; }
# What differs from before, but for whole bundles that the hub has written for some before there was no room for others.
half_done() { if [ "$1" = hub_sync ]; then grep '^[<>]' | grep -v '^> .*/[0-9a-f]*\.satchel$'; else cat; fi; }
# WHAT KB: run it with that much of free disk.
run_out_of_space() {
  local what=$1 kb=$2 before status
  fresh "$what"
  before=$(listing)
  leave_kb "$kb"
  "do_$what" > said 2> err; status=$?
  if [ $status = 0 ]; then
    make_room
    check "$what with $kb KB: done is done" "done_$what"
    return
  fi
  stopped=$((stopped + 1))
  same "$what with $kb KB ends with 5 ($(cat err))" 5 $status
  if lines_help "$(lines_of "$what")"; then ok; else bad "$what with $kb KB does not say what to do"; sed 's/^/    /' err; fi
  same "$what with $kb KB leaves nothing half done" "" "$(diff <(echo "$before") <(echo "$(listing)") | half_done "$what")"
  check "$what with $kb KB: sound on the full disk" "sound_$what"
  make_room
  check "$what with $kb KB: the same again" "do_$what"
  cp out said
  check "$what with $kb KB: and it is done" "done_$what"
  check "$what with $kb KB: sound in the end" "sound_$what"
}
if [ -n "$disk" ]; then
  for what in ${whats:-init save attach pack extract receive hub_receive sync hub_sync sync_in hub_sync_in hub_init}; do
    stopped=0
    for kb in $left_kb; do run_out_of_space $what $kb; done
    if [ $stopped -gt 0 ]; then ok; else bad "$what was never stopped: the test does not test it"; fi
  done
fi

# ---- a file that changes while it is read ----

head -c 60M /dev/urandom > film.mp4
# WRITER: a command that changes film.mp4 again and again.
while_it() {
  local name=$1 writer first; shift
  first=$(stat -c %y film.mp4)
  while :; do "$@"; done &
  writer=$!
  until [ "$(stat -c %y film.mp4)" != "$first" ]; do :; done
  refuse "a file that $name is refused" 3 as base/zhang attach film.mp4 --to "$finding"
  kill $writer; wait $writer 2> /dev/null
}
append() { printf x >> film.mp4; }
shrink() { truncate -s -1 film.mp4; }
there=$(find base/zhang/blobs -type f | wc -l)
records=$(as base/zhang --json list evidence | jq length)
while_it "grows" append
while_it "shrinks" shrink
while_it "is touched" touch film.mp4
same "nothing of it was taken in" "$there $records" "$(find base/zhang/blobs -type f | wc -l) $(as base/zhang --json list evidence | jq length)"
same "nothing of it is left" 0 "$(find base/zhang/inbox -type f | wc -l)"
check "at rest it is taken in" as base/zhang attach film.mp4 --to "$finding"
check "and comes back" as base/zhang extract "$(tail -n 1 out)" -o got
check "bit for bit" cmp film.mp4 got
check "the store verifies" as base/zhang verify

# ---- killed in the middle: what it has left does not fill the disk for ever ----

in_inbox() { find base/zhang/inbox -mindepth 1 "$@" | wc -l; }
"$SATCHEL" --store base/zhang attach film.mp4 --to "$finding" > log 2>&1 &
killed=$!
until [ "$(in_inbox -size +1M)" != 0 ] || ! kill -0 $killed; do :; done
kill -KILL $killed; wait $killed 2> /dev/null
mkdir base/zhang/inbox/bundle-0123456789abcdef; echo x > base/zhang/inbox/bundle-0123456789abcdef/x
echo part > base/zhang/inbox/"$sum+0"
check "there is something left to remove" test "$(in_inbox -type f)" = 3
check "the next command" as base/zhang whoami
same "removes it, but for parts that are waited for" "$sum+0" "$(ls -A base/zhang/inbox)"
done_testing
