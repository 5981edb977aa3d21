#!/usr/bin/env bash
# The disk fails, the program is killed, the power goes; and the harness itself is put to the test with planted bugs.
#   test_faults.sh [--full] [SEED] [PART…]     parts: torture killing power_kit power_hub power_inbox
# What must hold after each: what was acknowledged is there, verify and git fsck are content, the next command works.

# In memory, where there is room: what a sync means is simulated here, a real disk would only make it slow.
[ ! -w /dev/shm ] || [ "$(df -k --output=avail /dev/shm | tail -n 1)" -lt 200000 ] || export TMPDIR=/dev/shm
. "$(dirname "$0")/../lib.sh"
here=$HERE/faults
full="" seed=$RANDOM parts=""
for arg in "$@"; do
  case $arg in
    --full) full=1 ;;
    [0-9]*) seed=$arg ;;
    *) parts+=" $arg" ;;
  esac
done
echo "seed $seed"
RANDOM=$seed

# How often. A sanitizer is slow to start, so there each part is a sample.
torture_most=24 kills=50 cuts=30 plant_cuts=400
[ -z "$full" ] || torture_most=100000 kills=500 cuts=300
sanitized=""
if grep -q __asan_init "$SATCHEL"; then
  sanitized=1 torture_most=10 kills=10 cuts=8
  # libgit2 1.5's git_indexer_new leaks where its file can't be opened. The unwinder that would see that function takes
  # eight times as long; what of libgit2's we forget to free, the unit tests see.
  echo leak:libgit2.so > "$WORK/not-ours"
  export LSAN_OPTIONS=suppressions=$WORK/not-ours:print_suppressions=0
  export ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}verify_asan_link_order=0
fi
if ! gcc -std=gnu17 -O1 -shared -fPIC -pthread -o "$WORK/shim.so" "$here/shim.c" 2> err; then
  bad "the shim does not compile"; cat err
  done_testing; exit
fi

# ---- the scene: a hub, its admin, two auditors; zhang has work that neither the hub nor li has ----

as() { local who=$1; shift; s --store "$who" "$@"; }
both() { for k in zhang li; do as $k sync stick > log; done; }
declare -A lies_at # in lfs/objects
make_scene() {
  mkdir base && cd base || exit 1
  for k in chen zhang li; do kit $k; as $k whoami --request > $k.request; done
  s hub init hub --name HQ --admin chen.request > log
  as chen join hub > log
  as chen new organisation --case BJ-1 name=Huaan > log
  mkdir stick; as chen sync stick > log; s hub sync hub stick > log
  for k in zhang li; do
    as chen hub enrol hub $k.request --roles auditor,leader --cases BJ-1 -o $k.enrol > log
    as $k join $k.enrol > log
  done
  both; s hub sync hub stick > log; both
  audit=$(as zhang new audit --case BJ-1 kind=onsite start=2026-11-20)
  for i in 0 1 2; do head -c $((300000 - 100000 * i)) /dev/urandom > photo$i.jpg; done
  for f in *.jpg; do lies_at[$f]=$(sha256sum < "$f" | sed -E 's|^(..)(..)(\S*).*|\1/\2/\1\2\3|'); done
  finding=$(as zhang new finding --case BJ-1 audit="$audit" clause=B2 grade=minor fact=x)
  evidence=$(as zhang attach photo1.jpg --to "$finding")
  as zhang pack -o to-hub > log
  as zhang pack --to "$(as li --json whoami | jq -r .kit)" -o to-li > log
  find to-li -type f -size -100k -delete # of the register, which li has
  cd ..
}
make_scene
if [ -z "$finding" ] || [ -z "$evidence" ] || ! ls base/to-hub/*.satchel base/to-li/*.satchel > log; then
  bad "the scene could not be made"; done_testing; exit
fi

# The commands that are tried; `before` stands before the program.
before=(env)
p() { "${before[@]}" "$SATCHEL" "$@"; }
do_new() { p --store zhang new finding --case BJ-1 audit="$audit" clause=B2 grade=minor fact=y; }
do_attach() { p --store zhang attach photo0.jpg --to "$finding"; }
do_pack() { p --store zhang pack -o packed; }
do_receive() { p --store li receive to-li/*.satchel; }
do_hub_receive() { p hub receive hub to-hub/*.satchel; }
# What of the scene each of them needs, fresh.
needs_new=zhang needs_attach=zhang needs_pack="zhang hub" needs_receive=li needs_hub_receive=hub
fresh() {
  local needs=needs_$1
  rm -rf zhang li hub packed
  for f in ${!needs}; do cp -a "../base/$f" .; done
  ln -sf ../base/*.jpg ../base/to-* .
}

# ---- what must hold; the names of what does not are collected in `wrong` ----

must() { local name=$1; shift; "$@" > must.out 2>&1 || wrong+=" [$name: $(tail -n 1 must.out | cut -c 1-150)]"; }
# kit_holds KIT FILE: in one session it verifies, has each record of the file's lines "id" or "id evidence-file", and
# gives that evidence back as it was.
kit_holds() {
  local kit=$1 id file n=0
  { printf '%s\n' verify "list finding" "list evidence"
    while read -r id file; do [ -z "$file" ] || echo "extract $id -o got$((n++))"; done < "$2"; } > questions
  rm -f got*
  s --store "$kit" shell < questions > answer || return 1
  n=0
  while read -r id file; do
    [[ $id == */k*-* ]] || continue
    grep -q "^$id " answer || { echo "$id is gone"; return 1; }
    [ -z "$file" ] || cmp got$((n++)) "$file" || return 1
  done < "$2"
}
zhang_holds() { echo "$finding" | cat - /dev/null "$@" > held; must "zhang has all" kit_holds zhang held; }
fsck() { # a pack that nothing names is no harm
  git -C hub/repo.git fsck --strict --no-dangling > fsck.out 2>&1 && [ ! -s fsck.out ] || { cat fsck.out; return 1; }
}
hub_verifies() { # its answer is "unanchored": nothing outside vouches for it here
  s --json hub verify hub > verified.json
  [ "$(jq -c .problems verified.json)" = '[]' ] || { cat verified.json; return 1; }
}
hub_has() { # RECORD FILE: the record, and the bytes of the file
  git -C hub/repo.git ls-tree -r --name-only BJ-1 record/ | grep -q "${1#*-}.json$" || { echo "$1 is gone"; return 1; }
  cmp "hub/repo.git/lfs/objects/${lies_at[$2]}" "$2"
}

# After a command has ended with this status and said what is in `said`.
again() { "do_$1" > said2; }
after_new() { zhang_holds said; must "the next save" again new; zhang_holds said said2; }
after_attach() {
  sed -i 's/$/ photo0.jpg/' said; zhang_holds said
  must "the next attach" again attach
  sed -i 's/$/ photo0.jpg/' said2; zhang_holds said said2
}
after_pack() {
  zhang_holds
  [ "$1" != 0 ] || must "the packed bundle is received" s hub receive hub packed/*.satchel
  must "the next pack" again pack
  must "its bundle is received" s hub receive hub packed/*.satchel
  must "the hub has it" hub_has "$finding" photo1.jpg
}
after_receive() {
  echo "$evidence photo1.jpg" > said
  [ "$1" = 0 ] || : > said
  must "li has all" kit_holds li said
  must "the same again" again receive
  echo "$evidence photo1.jpg" > said
  must "li has it now" kit_holds li said
}
after_hub_receive() {
  must "git fsck" fsck
  must "the hub verifies" hub_verifies
  [ "$1" != 0 ] || must "the hub has it" hub_has "$finding" photo1.jpg
  must "the same again" again hub_receive
  must "the hub has it now" hub_has "$finding" photo1.jpg
  must "git fsck again" fsck
}
verdict() { if [ -z "$wrong" ]; then ok; else bad "$1:$wrong"; fi; }

# ---- 1. each call that can fail does so, once or from then on ----

# One line "op n error" for each call of a command, at most torture_most of them, evenly spread.
fault_points() {
  fresh "$1"
  before=(env LD_PRELOAD="$WORK/shim.so" SATCHEL_COUNT="$PWD/counts")
  "do_$1" > said 2> err || return 1
  awk '{ for (n = 1; n <= $2; n++) { all++; line[all] = $1 " " n } }
    END { step = all > most ? all / most : 1
          for (i = 1 + start % step; int(i) <= all; i += step) print line[int(i)] }' \
    most=$torture_most start="$seed" counts
}
# An error that the call can meet; a full disk stays full for writes.
fault_of() { # OP N
  case $1$(($2 % 2)) in
    write0 | pwrite0 | open0 | mkdir0) echo "$1:$2+:ENOSPC" ;;
    write1 | pwrite1) echo "$1:$2:SHORT" "$1:$2:EIO" ;;
    *) echo "$1:$2:EIO" ;;
  esac
}
torture() {
  local what op n fault status wrong felt=0
  for what in new attach pack receive hub_receive; do
    fault_points $what > points || { bad "$what under the shim: $(cat err)"; continue; }
    while read -r op n; do
      for fault in $(fault_of "$op" "$n"); do
        wrong=""
        fresh "$what"
        before=(env LD_PRELOAD="$WORK/shim.so" SATCHEL_FAULT="$fault")
        "do_$what" > said 2> err
        status=$?
        before=(env)
        [ $status = 0 ] || felt=$((felt + 1))
        case $status in 0 | 3 | 4 | 5) ;; *) wrong+=" [status $status: $(tail -n 3 err)]" ;; esac
        [ $status = 0 ] || [ "$(wc -l < err)" = 1 ] || wrong+=" [more or less than one line of error: $(head -n 5 err)]"
        "after_$what" $status
        verdict "$what with $fault ($status, $(cat err))"
      done
    done < points
  done
  echo "$felt faults ended a command"
  [ $felt -gt 0 ] && ok || bad "no fault was felt: is the shim loaded?"
}

# ---- 2. killed at a random moment ----

killing() {
  local i what whats=(new attach pack receive hub_receive) status wrong started after killed=0
  local -A micros
  RANDOM=$seed
  for what in "${whats[@]}"; do
    fresh "$what"; started=${EPOCHREALTIME/./}
    "do_$what" > said 2> err || bad "$what: $(cat err)"
    micros[$what]=$((${EPOCHREALTIME/./} - started))
  done
  for ((i = 0; i < kills; i++)); do
    what=${whats[i % 5]} wrong=""
    fresh "$what"
    after=$(printf '%d.%06d' 0 $(((RANDOM * 32768 + RANDOM) % (micros[$what] * 11 / 10))))
    before=(timeout -s KILL "$after")
    "do_$what" > said 2> err
    status=$?
    before=(env)
    case $status in 0) ;; 137) killed=$((killed + 1)) ;; *) wrong+=" [status $status: $(cat err)]" ;; esac
    "after_$what" $status
    verdict "$what killed after $after s"
  done
  echo "$killed of $kills were killed before their end"
  [ $killed -gt 0 ] && ok || bad "nothing was killed in time"
}

# ---- 3. the power goes ----

recorded() { env LD_PRELOAD="$WORK/shim.so" SATCHEL_RECORD="$PWD/record" "$SATCHEL" "$@"; }
say() { local n; n=$(printf %s "$*" | wc -c); printf 'said 0 0 %d\n%s\n' "$n" "$*" >> record; }

record_kit() {
  local i id finding_of=(new finding --case BJ-1 "audit=$audit" clause=B2 grade=minor)
  fresh new
  python3 "$here/replay.py" keep zhang snapshot
  for i in 0 2; do
    id=$(recorded --store zhang "${finding_of[@]}" fact=$i) || return 1; say "$id"
    recorded --store zhang set "$id" grade=major > log || return 1
    id=$(recorded --store zhang attach photo$i.jpg --to "$finding") || return 1; say "$id photo$i.jpg"
  done
  id=$(recorded --store zhang "${finding_of[@]}" fact=last) || return 1; say "$id"
}
# What must hold after a cut, where `said` has "id" or "id file" a line; and that work goes on.
attach_all() {
  s --store zhang attach photo0.jpg photo2.jpg --to "$finding" > ids || return 1
  printf '%s\n' photo0.jpg photo2.jpg | paste -d ' ' ids - > said2
}
kit_sound() { zhang_holds said; }
kit_goes_on() { must "attaching again" attach_all; zhang_holds said said2; }

make_bundles() { # what each brings stands in bundles/N.holds
  local i id
  fresh pack
  mkdir -p bundles
  for i in 0 2; do
    id=$(as zhang new finding --case BJ-1 audit="$audit" clause=B2 grade=minor fact=$i) || return 1
    as zhang attach photo$i.jpg --to "$id" > log || return 1
    as zhang pack -o bundles/$i > log || return 1
    echo "$id photo$i.jpg" > bundles/$i.holds
  done
}
record_hub() {
  local i
  make_bundles || return 1
  python3 "$here/replay.py" keep hub snapshot
  for i in 0 2; do
    recorded hub receive hub bundles/$i/*.satchel > log || return 1
    say "$(cat bundles/$i.holds)"
  done
  goal=$(git -C hub/repo.git rev-parse BJ-1:record)
}
record_inbox() { # all of them lie in the inbox, and share a round
  make_bundles || return 1
  mkdir -p nobody
  cp bundles/*/*.satchel hub/inbox/
  python3 "$here/replay.py" keep hub snapshot
  recorded hub sync hub nobody > log || return 1
  [ "$(grep -c received log)" -ge 2 ] || return 1
  say "$(cat bundles/*.holds)"
  goal=$(git -C hub/repo.git rev-parse BJ-1:record)
}
reaches_goal() {
  s hub receive hub bundles/*/*.satchel && [ "$(git -C hub/repo.git rev-parse BJ-1:record)" = "$goal" ]
}
hub_sound() {
  local id file
  must "git fsck" fsck
  must "the hub verifies" hub_verifies
  while read -r id file; do must "the hub has $id" hub_has "$id" "$file"; done < said
}
hub_goes_on() { must "the same again" reaches_goal; must "git fsck again" fsck; }

# power_cut WHAT FOLDER N [PLANT]: N states after a power loss, judged; with a plant, until the first loss.
power_cut() {
  local what=$1 folder=$2 many=$3 plant=${4:-} i wrong batch=20 done=0
  while [ $done -lt "$many" ]; do
    rm -rf states; mkdir states
    python3 "$here/replay.py" cut snapshot record states $batch $((seed + done)) "$plant" || { bad "replay"; return; }
    for ((i = 1; i <= batch && done < many; i++, done++)); do
      wrong=""
      rm -rf "$folder"; mv states/$i "$folder"; cp states/$i.said said
      "${what}_sound"
      if [ -z "$plant" ]; then
        "${what}_goes_on"
        verdict "power loss, $what, $(cat states/$i.how)"
      elif [ -n "$wrong" ]; then
        echo "caught '$plant' ($what) at state $((done + 1)):$wrong"; ok; return
      fi
    done
  done
  [ -z "$plant" ] || bad "the bug '$plant' planted into $what was not noticed in $many states"
}
# The bugs that are planted: no sync at all, some in the wrong order, and each kind of file and folder alone not synced.
plants_kit=(nosync=. swap 'nosync=journal.db$' 'nosync=-journal$' 'nosync=/inbox/' 'nosync=/blobs$' 'nosync=/zhang$')
plants_hub=(nosync=. 'late=pack_git2' 'late=/lfs/objects/' 'nosync=pack_git2' 'nosync=/pack$' 'nosync=/heads/' 'nosync=/staging/' 'nosync=/lfs/objects/')
plant_in() { # WHAT FOLDER PLANT…
  local what=$1 folder=$2 plant
  shift 2
  if [ -n "$sanitized" ]; then skip "bugs planted into $what: the build without sanitizers shows them"; return; fi
  for plant in "$@"; do power_cut "$what" "$folder" $plant_cuts "$plant"; done
}
power_kit() {
  record_kit || { bad "the recorded run of a kit"; return; }
  power_cut kit zhang $cuts
  plant_in kit zhang "${plants_kit[@]}"
}
power_hub() {
  record_hub || { bad "the recorded run of a hub"; return; }
  power_cut hub hub $cuts
  plant_in hub hub "${plants_hub[@]}"
}
power_inbox() {
  record_inbox || { bad "the recorded run of an inbox"; return; }
  power_cut hub hub $cuts
  plant_in hub hub "${plants_hub[@]}"
}

# Two lanes side by side, each part in a folder of its own.
part() {
  (
    trap - EXIT
    passed=0 failed=0 skipped=0
    mkdir "$1" && cd "$1" && "$1"
    echo "$passed $failed $skipped" > "../$1.count"
  ) > "$1.log" 2>&1
}
lane() { local name; for name in "$@"; do [[ " ${parts:-$*} " != *" $name "* ]] || part "$name"; done; }
lane torture killing &
lane power_kit power_hub power_inbox &
wait
for name in torture killing power_kit power_hub power_inbox; do
  [ -e $name.log ] || continue
  cat $name.log
  read -r p f k < $name.count || f=1
  echo "$name: $p passed, $f failed"
  passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + k))
done
done_testing
