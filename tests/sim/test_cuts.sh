#!/usr/bin/env bash
# An upload cut at each of its 65,536 bytes over real sockets (sim_cuts.c says how). --full: at each; else at each 64th from some byte on.
#   seed: SATCHEL_SEED, else of the day
. "$(dirname "$0")/../lib.sh"
seed=${SATCHEL_SEED:-$(date +%j)}
every=64
[ "${1:-}" = --full ] && every=1
SIM=$(dirname "$SATCHEL")/sim/sim_cuts
[ -x "$SIM" ] || { echo "no program at $SIM"; exit 1; }
# The server syncs what it answers for, which is not what is looked at here.
memory=$WORK/cuts
[ -w /dev/shm ] && memory=$(mktemp -d /dev/shm/satchel-cuts-XXXXXX)
trap 'rm -rf "$WORK" "$memory"' EXIT
mkdir -p "$memory"
echo "seed $seed"
timeout 1400 "$SIM" --every $every --from $((seed % every)) --folder "$memory" > told 2>&1
same "the simulation ends well" 0 $?
sed 's/^/  /' told
same "nothing is wrong" "0 wrong" "$(tail -n 1 told)"
done_testing
