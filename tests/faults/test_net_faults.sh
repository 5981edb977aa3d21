#!/usr/bin/env bash
# A road that fails, and both ends that die on it: nothing is lost, nothing comes twice, and nothing is called held that the
# hub does not hold. --full: 400 uploads that are cut, 2,000 syncs over the faulty road and 1,000 deaths; else a tenth. (Where
# an upload is cut at every byte is tests/sim/test_cuts.sh.)
# Most of it is waiting, so four do it side by side, each with a hub, a kit, a road and a seed of its own. test_net_deaths.sh
# is the second half, so that neither takes too long.
#   seed: SATCHEL_SEED, else of the day
. "$(dirname "$0")/../lib.sh"
. "$HERE/net.sh"
syncs=200 deaths=100 cuts=40 lanes=4
[ "${1:-}" = --full ] && syncs=2000 deaths=1000 cuts=400
seed=${SATCHEL_SEED:-$(date +%j)}
if [ "${PART:-roads}" = roads ] && [ -z "${LANE:-}" ]; then
  for i in $(seq $lanes); do LANE=$i LANES=$WORK SATCHEL_SEED=$((seed * lanes + i)) bash "$HERE/faults/test_net_faults.sh" "$@" > lane.$i 2>&1 & lane[i]=$!; done
  for i in $(seq $lanes); do
    wait "${lane[i]}"
    grep -v '^[0-9]* passed' lane.$i
    read -r p _ f _ k _ <<< "$(grep '^[0-9]* passed' lane.$i | tr -d ,)"
    passed=$((passed + ${p:-0})) failed=$((failed + ${f:-1})) skipped=$((skipped + ${k:-0}))
  done
  jq -s 'map(.faults + {late, failures}) | map(to_entries) | add | group_by(.key) | map({key: .[0].key, value: map(.value) | add}) | from_entries' \
    road.*.stats > faults
  echo "all of them: $(jq -c . faults)"
  same "faults of each kind were met" true "$(jq '[.cut, .stall, .corrupt, .duplicate, .replay, .reorder] | all(. > 0)' faults)"
  same "what was held back came after newer requests" true "$(jq '.late * 2 >= .reorder' faults)"
  check "and many" test "$(jq 'del(.late, .failures) | add' faults)" -gt $((syncs / 4))
  check "some syncs came to nothing" test "$(jq .failures faults)" -gt 0
  done_testing
  exit
fi
echo "seed $seed"
RANDOM=$seed
LANE=${LANE:-1} syncs=$((syncs / lanes)) part=$((65536 / cuts)) cuts=$((cuts / lanes))

for k in chen zhang; do kit $k; as $k whoami --request > $k.request; done
s hub init hub --name HQ --admin chen.request > /dev/null
as chen join hub > /dev/null
as chen new organisation --case BJ-1 name=华安 > /dev/null
serve hub --rate 0 || { done_testing; exit 1; }
as chen remote add hub "$HUB_URL"
check "the case is at the hub" as chen sync
as chen hub enrol hub zhang.request --roles auditor,leader --cases BJ-1 -o z.enrol --url "$HUB_URL" > /dev/null
as zhang join z.enrol > /dev/null
check "zhang has it" as zhang sync
audit=$(as zhang new audit --case BJ-1 kind=onsite start=2026-11-20)
finding=$(as zhang new finding --case BJ-1 audit="$audit" clause=B2 grade=minor fact=x)
kit_id=$(as zhang --json whoami | jq -r .kit)
head -c 5000000 /dev/urandom > photo.raw
written=$(($(as zhang --json history "$audit" | jq length) + $(as zhang --json history "$finding" | jq length)))
photos=0 lies=0 most=0

# A change, now and then with a photo of some KB.
change() {
  if [ $((RANDOM % 3)) = 0 ]; then
    dd if=photo.raw of=photo.jpg bs=64K skip=$((RANDOM * 100)) count=$((RANDOM * 3 + 100)) iflag=skip_bytes,count_bytes status=none
    quiet as zhang attach photo.jpg --to "$finding" && written=$((written + 1)) photos=$((photos + 1))
  else
    quiet as zhang set "$finding" fact="x$RANDOM$RANDOM" && written=$((written + 1))
  fi
}
# What a kit calls held, the hub must hold: its repository is asked, not its word.
look() {
  local held
  held=$(jq '[.held[]? | select(.case == "BJ-1") | .entries_held] | add // 0' "$1" 2> /dev/null)
  [ "${held:-0}" -le "$(hub_has hub BJ-1 "$kit_id")" ] || lies=$((lies + 1))
}
# break_off NAME BYTES: the last sync breaks off in the middle of an upload, and nothing is written after it that would have to
# be sent anyway.
break_off() {
  proxy last --target-file hub.port --cut-up "$2" --gone
  as zhang remote add hub "$PROXY_URL"
  refuse "$1: a sync that breaks off says so" 5 as zhang sync --tries 1 --timeout 2
  unserve "$PROXY_PID"
}
over_good_road() {
  as zhang remote add hub "$(cat good.url)"
  check "$1: over a good road the rest goes" as zhang sync
  same "$1: everything is held" true "$(as zhang --json sync | jq '[.held[] | .entries == .entries_held and .evidence == .evidence_held] | all')"
  same "$1: the hub has each entry, once" "$written" "$(hub_has hub BJ-1 "$kit_id")"
}
# After all of it.
settle() {
  head -c 200000 /dev/urandom > photo.jpg
  quiet as zhang attach photo.jpg --to "$finding" && written=$((written + 1)) photos=$((photos + 1))
  break_off "$1, a photo" 60000
  over_good_road "$1, a photo"
  quiet as zhang set "$finding" fact="$(head -c 12000 /dev/urandom | base64 -w 0)" && written=$((written + 1))
  break_off "$1, an entry" 7000
  over_good_road "$1, an entry"
  quiet as zhang sync
  same "$1: nothing was called held that was not" 0 "$lies"
  same "$1: and no id twice" "" "$(git -C hub/repo.git log --format=%B BJ-1 | grep '^Entry: ' | sort | uniq -d)"
  same "$1: git is content" "" "$(git -C hub/repo.git fsck --strict 2>&1 | grep -v '^notice\|^dangling')"
  as chen --json whoami | jq -r .key > root.pub
  s hub checkpoint hub -o checkpoint.json > /dev/null
  check "$1: the hub is sound" s hub verify hub --root root.pub --against checkpoint.json
  check "$1: the kit is sound" as zhang verify
  same "$1: nothing is left on the way" "0 0" "$(ls hub/upload 2> /dev/null | grep -c data) $(find zhang/link/hub/inbox -name '*.satchel' | wc -l)"
}
echo "$HUB_URL" > good.url

roads() {
  # ---- cut after each of some numbers of bytes, on real sockets ----
  for i in $(seq $cuts); do
    head -c 65536 /dev/urandom > photo.jpg # one that the hub has would not go up
    quiet as zhang attach photo.jpg --to "$finding" && written=$((written + 1)) photos=$((photos + 1))
    at=$((((i - 1) * lanes + LANE - 1) * part + RANDOM % part))
    proxy cut --target-file hub.port --cut-up $at
    as zhang remote add hub "$PROXY_URL"
    as zhang --json sync > result 2> err || { bad "cut $i: $(head -n 1 err)"; }
    look result
    up=$(jq .up cut.stats)
    [ "$(jq .faults.cut cut.stats)" = 1 ] || bad "cut $i: not cut"
    [ "$up" -le $((at + 65536 + 16384)) ] || bad "cut $i after $at bytes: $up bytes went up for 64 KiB"
    [ $((up - at - 65536)) -le $most ] || most=$((up - at - 65536))
    unserve "$PROXY_PID"
  done
  echo "$cuts uploads cut; beside what was cut and the file at most $most bytes went up"
  settle "cuts"

  # ---- whole syncs over a road that fails ----
  proxy road --target-file hub.port --seed "$seed" --rate 0.6 --stall 2
  as zhang remote add hub "$PROXY_URL"
  failures=0
  for i in $(seq $syncs); do
    change
    as zhang --json sync --tries $((1 + RANDOM % 3)) --timeout 1 > result 2> err || failures=$((failures + 1))
    look result
  done
  echo "$syncs syncs, $failures of them told of a failure: $(jq -c '.faults + {late}' road.stats)"
  jq --argjson n "$failures" '.failures = $n' road.stats > "$LANES/road.$LANE.stats"
  unserve "$PROXY_PID"
  settle "syncs"
}

# sync_and_kill WHOM: a sync, and at some moment of it kill -9. Died: it was under way, and who was meant was there. The span of
# moments grows until a good part of the syncs is over before, so that their ends are met, too.
sync_and_kill() {
  "$SATCHEL" --store zhang --json sync --tries 2 --timeout 2 > result 2> err &
  local syncing=$! victim=$HUB_PID moment=$((RANDOM % span))
  [ "$1" = kit ] && victim=$syncing
  sleep $((moment / 1000)).$(printf %03d $((moment % 1000)))
  if kill -0 $syncing 2> /dev/null && kill -9 "$victim" 2> /dev/null; then
    died[$1]=$((died[$1] + 1)) span=$((span + 1 + span / 20))
  else
    over=$((over + 1)) span=$((span - span / 10))
  fi
  kill -9 "$victim" 2> /dev/null
  wait $syncing 2> /dev/null
  [ "$1" = kit ] && return
  wait "$victim" 2> /dev/null
  serve hub --rate 0
  as zhang remote add hub "$HUB_URL"
}
deaths() {
  # ---- either end dies ----
  declare -A died=([kit]=0 [hub]=0)
  local of=0 over=0 span
  change
  span=$(date +%s%3N)
  quiet as zhang sync
  span=$(($(date +%s%3N) - span + 10))
  while [ $((died[kit] + died[hub])) -lt "$deaths" ] && [ $of -lt $((4 * deaths)) ]; do
    of=$((of + 1))
    change
    if [ $((RANDOM % 2)) = 0 ]; then sync_and_kill kit; else sync_and_kill hub; fi
    look result
  done
  echo "$of syncs: ${died[kit]} deaths of the kit and ${died[hub]} of the hub while one was under way, $over were over before; within $span ms at the end"
  same "so many died in the middle" "$deaths" $((died[kit] + died[hub]))
  check "some syncs were over: moments reach their ends" test $over -gt $((deaths / 20))
  check "of each" test "${died[kit]}" -gt $((deaths / 5)) -a "${died[hub]}" -gt $((deaths / 5))
  echo "$HUB_URL" > good.url
  settle "deaths"
}

"${PART:-roads}"
done_testing
