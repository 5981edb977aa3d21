#!/usr/bin/env bash
# Random runs of 3 to 6 kits and 2 hubs over all roads (sim_roads.c says which) end with the same everywhere. --full: 500 runs; else
# 52. Four simulators run side by side, each with a seed of its own: much of
# it is waiting.
#   seed: SATCHEL_SEED, else of the day
. "$(dirname "$0")/../lib.sh"
runs=13
[ "${1:-}" = --full ] && runs=125
seed=${SATCHEL_SEED:-$(date +%j)}
SIM=$(dirname "$SATCHEL")/sim/sim_roads
[ -x "$SIM" ] || { echo "no program at $SIM"; exit 1; }
echo "seed $seed"
memory=$WORK/runs
[ -w /dev/shm ] && memory=$(mktemp -d /dev/shm/satchel-roads-XXXXXX)
trap 'rm -rf "$WORK" "$memory"' EXIT
mkdir -p "$memory"
export SATCHEL
for i in 1 2 3 4; do timeout 1400 "$SIM" --runs $runs --seed $((seed * 4 + i)) --folder "$memory" > told.$i 2>&1 & pids[i]=$!; done
for i in 1 2 3 4; do
  wait "${pids[i]}"
  same "simulator $i ends well" 0 $?
  sed 's/^/  /' told.$i | tail -n 20
  same "nothing is wrong in simulator $i" "0 wrong" "$(tail -n 1 told.$i)"
done
done_testing
