#!/usr/bin/env bash
# Large evidence: memory does not grow with it, parts stay below their size, and nothing says "held" or "here" before
# the last byte has come.
#   test_large.sh [--full]     a file of 10 MB against one of 300 MB; --full: against 5 GB
# What is measured is the peak of resident memory as GNU time tells it; the passphrase costs next to nothing here.
. "$(dirname "$0")/../lib.sh"

most_mb=64 growth_mb=8 large_size=300M free_mb=2500 part=256M small_part=64M bytes_of_zeros=40M
if [ "${1:-}" = --full ]; then large_size=5G free_mb=26000; fi
timer=(/usr/bin/time -f '%M %e' -o timed)
if grep -qE '__(asan|tsan|msan)_init' "$SATCHEL"; then
  skip "memory is not measured: a sanitizer takes its own"
  timer=() large_size=40M free_mb=500 part=36M small_part=20M bytes_of_zeros=20M
elif [ ! -x /usr/bin/time ]; then
  skip "memory is not measured: there is no /usr/bin/time (Debian's package time)"
  timer=()
fi
has_mb=$(($(df --output=avail -k . | tail -n 1) / 1024))
if [ "$has_mb" -lt $free_mb ]; then
  skip "$large_size of evidence: it needs $free_mb MB of free disk, there are $has_mb; TMPDIR names another place"
  done_testing; exit
fi

as() { local who=$1; shift; s --store "$who" "$@"; }

# measured WHAT COMMAND…: the program on the file of $size; of several runs with one name the highest peak counts.
declare -A peak seconds
rows=(attach pack "pack in parts" "hub receive" "hub sync" receive sync extract)
measured() {
  local what=$1 key="$1 $size" kb took status; shift
  "${timer[@]}" "$@"; status=$?
  [ ${#timer[@]} != 0 ] || return $status
  read -r kb took < <(tail -n 1 timed)
  [ "$kb" -le "${peak[$key]:-0}" ] || peak[$key]=$kb
  seconds[$key]=$(awk "BEGIN { print ${seconds[$key]:-0} + $took }")
  return $status
}
program() { # WHAT STORE|hub ARGUMENT…
  local what=$1 who=$2; shift 2
  if [ "$who" = hub ]; then measured "$what" "$SATCHEL" "$@"; else measured "$what" "$SATCHEL" --store "$who" "$@"; fi
}

# ---- the scene: zhang is the hub's admin and attaches, li works on the same two cases ----

for k in zhang li; do kit $k; as $k whoami --request > $k.request; done
s hub init hub --name HQ --admin zhang.request > log
as zhang join hub > log
for c in small large again; do as zhang new organisation --case $c name=Huaan > log; done
mkdir stick; as zhang sync stick > log; s hub sync hub stick > log
as zhang hub enrol hub li.request --roles auditor,leader --cases small,large -o li.enrol > log
as li join li.enrol > log
declare -A finding
for c in small large again; do
  audit=$(as zhang new audit --case $c kind=onsite start=2026-11-20)
  finding[$c]=$(as zhang new finding --case $c audit="$audit" clause=B2 grade=minor fact=x)
done
meet() { for k in "$@"; do as $k sync stick > log; done; s hub sync hub stick > log; for k in "$@"; do as $k sync stick > log; done; }
meet zhang li
head -c 10M /dev/urandom > small.mp4
head -c $large_size /dev/urandom > large.mp4

# ---- what must hold ----

bytes() { numfmt --from=iec "$1"; }
all_below() { # SIZE FILE…
  local most; most=$(bytes "$1"); shift
  for f in "$@"; do [ "$(stat -c %s "$f")" -le "$most" ] || { echo "$f is of $(stat -c %s "$f") bytes"; return 1; }; done
}
more_than_one() { [ $# -gt 1 ]; }
lfs_content() { git -C hub/repo.git lfs fsck --dry-run "$1"; }
no_pointer() { [ -z "$(git -C hub/repo.git ls-tree -r --name-only "$1" evidence/)" ]; }
status_of() { s --json hub status hub | jq -r ".cases[] | select(.case == \"$1\") | .$2"; }
most_held() { jq -s --arg case "$1" '[flatten[] | select(.case == $case) | .blobs.held] | max' out; }
hub_answers() { s hub sync hub stick > log && as zhang receive stick/outbox/"$(as zhang --json whoami | jq -r .kit)"/*.satchel; }
freed() { as zhang --json free --case "$1" | jq -r .files; }
hub_verifies() { s --json hub verify hub > verified; [ "$(jq '.problems | length' verified)" = 0 ] || { cat verified; return 1; }; }

# ---- the kit's side: in, and cut into parts ----

attach_and_pack() {
  check "$size: it is attached" program attach zhang attach $size.mp4 --to "${finding[$size]}"
  evidence=$(cat out)
  check "$size: it is packed" program pack zhang pack --case $size -o whole --part-size $part
  check "$size: no bundle is over $part" all_below $part whole/*.satchel
  rm -r whole
  check "$size: it is packed in small parts" program "pack in parts" zhang --json pack --case $size -o parts --part-size $small_part
  jq -r '.[].file' out > in_order
  check "$size: no bundle is over $small_part" all_below $small_part parts/*.satchel
}

# ---- the hub: parts in any order; the last one of the evidence is late ----

all_but_one_at_the_hub() {
  check "large: it is cut over parts" more_than_one parts/*.satchel
  check "large: the hub takes parts, shuffled" program "hub receive" hub --json hub receive hub $(head -n -1 in_order | shuf)
  same "large: the hub holds nothing yet" 0 "$(most_held large)"
  same "large: the hub awaits it" 1 "$(status_of large awaited)"
  check "large: no pointer stands for bytes that are awaited" no_pointer large
  check "large: git lfs is content without it" lfs_content large
  check "large: the hub is sound without it" hub_verifies
  check "large: the hub answers" hub_answers
  same "large: nothing is freed that is awaited" 0 "$(freed large)"
}
rest_at_the_hub() {
  check "$size: the hub takes the rest" program "hub receive" hub --json hub receive hub "$(tail -n 1 in_order)"
  same "$size: it is held" "1 0" "$(jq -r '"\(.blobs.held) \(.blobs.awaited)"' out)"
  same "$size: nothing is awaited any more" 0 "$(status_of $size awaited)"
  check "$size: git lfs is content" lfs_content $size
  check "$size: the hub answers" hub_answers
  same "$size: what the hub holds is freed" 1 "$(freed $size)"
  rm -r parts
}

# ---- another kit: asks, and gets it in parts ----

ask() {
  as li sync stick > log
  refuse "$size: its bytes are not at li's yet" 3 as li extract "$evidence" -o got
  check "$size: li asks for them" as li sync stick
  check "$size: the hub hands them out" program "hub sync" hub hub sync hub stick --part-size $part
  check "$size: no bundle of the hub is over $part" all_below $part stick/outbox/"$li"/*.satchel
}
all_but_one_at_li() {
  mkdir late; mv "$(ls -S stick/outbox/"$li"/*.satchel | head -n 1)" late/
  check "large: li takes parts, shuffled" program receive li --json receive $(shuf -e stick/outbox/"$li"/*.satchel)
  same "large: li does not have it yet" 0 "$(most_held large)"
  refuse "large: li can't write out half of it" 3 as li extract "$evidence" -o got
  check "large: there is no half file" test ! -e got
  mv late/*.satchel stick/outbox/"$li"/; rmdir late
}
rest_at_li() {
  check "$size: li takes the rest" program sync li sync stick
  check "$size: li writes it out" program extract li extract "$evidence" -o got
  check "$size: bit for bit" cmp $size.mp4 got
  check "$size: the hub learns of it" s hub sync hub stick
  check "$size: and hands it out no more" all_below 1M stick/outbox/"$li"/*.satchel
  rm got
}

li=$(as li --json whoami | jq -r .kit)
for size in small large; do
  attach_and_pack
  [ $size = small ] || all_but_one_at_the_hub
  rest_at_the_hub
  ask
  [ $size = small ] || all_but_one_at_li
  rest_at_li
done

# What shrinks to nothing is no bomb where its size is announced.
head -c $bytes_of_zeros /dev/zero > zeros.img
size=small evidence=$(as zhang attach zeros.img --to "${finding[small]}")
check "zeros: packed" as zhang pack --case small -o parts --part-size $part
check "zeros: received" s hub receive hub parts/*.satchel
same "zeros: held" 0 "$(status_of small awaited)"
check "zeros: back" as zhang extract "$evidence" -o got
check "zeros: bit for bit" cmp zeros.img got

# What came by another road, last part first, and comes again by stick, is answered as things stand now.
head -c 40M /dev/urandom > again.mp4
as zhang attach again.mp4 --to "${finding[again]}" > log
rm -f stick/inbox/* parts/*
as zhang --json pack --case again -o parts --part-size 20M > out
for f in $(jq -r '.[].file' out | tac); do check "again: taken in" s hub receive hub "$f"; done
check "again: the same parts by stick" as zhang sync stick --part-size 20M
check "again: are looked at" s hub sync hub stick
check "again: and answered" as zhang sync stick --part-size 20M
same "again: the stick is empty" "" "$(ls stick/inbox)"
same "again: what the hub holds is freed" 1 "$(freed again)"
as zhang sync stick > log; s hub sync hub stick > log; as zhang sync stick > log

for k in zhang li; do check "$k verifies" as $k verify; done
check "the hub verifies" hub_verifies

# ---- the figures ----

mb() { awk "BEGIN { printf \"%.1f\", $1 / 1024 }"; }
at_most() { [ "$1" -le "$2" ] || { echo "$1 KB are more than $2 KB"; return 1; }; }
[ ${#timer[@]} != 0 ] || rows=()
[ ${#rows[@]} = 0 ] || printf '  %-14s %9s %9s %9s %9s\n' "peak memory" "10 MB" $large_size growth seconds
for what in "${rows[@]}"; do
  low=${peak[$what small]:-0} high=${peak[$what large]}
  [ "$low" != 0 ] || low=$high
  printf '  %-14s %6s MB %6s MB %6s MB %9s\n' "$what" "$(mb "$low")" "$(mb "$high")" "$(mb $((high - low)))" "${seconds[$what large]}"
  check "$what grows by $growth_mb MB at most" at_most $((high - low)) $((growth_mb * 1024))
  check "$what takes $most_mb MB at most" at_most "$high" $((most_mb * 1024))
done
done_testing
