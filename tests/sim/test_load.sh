#!/usr/bin/env bash
# Many kits against one hub at once; everybody then holds all that was entered, once. --full: 200 kits, 2,000 bundles; else a tenth.
#   seed: SATCHEL_SEED, else of the day
. "$(dirname "$0")/../lib.sh"
kits=20 bundles=200
[ "${1:-}" = --full ] && kits=200 bundles=2000
SIM=$(dirname "$SATCHEL")/sim/sim_load
[ -x "$SIM" ] || { echo "no program at $SIM"; exit 1; }
# Kits lie in memory: on that disk is the hub alone, as it would be.
memory=$WORK/kits
[ -w /dev/shm ] && memory=$(mktemp -d /dev/shm/satchel-load-XXXXXX)
trap 'rm -rf "$WORK" "$memory"' EXIT
mkdir -p "$memory" hub
export SATCHEL
timeout 1400 "$SIM" --kits $kits --bundles $bundles --seed "${SATCHEL_SEED:-$(date +%j)}" --kits-folder "$memory" --hub-folder hub > told 2>&1
same "the simulation ends well" 0 $?
sed 's/^/  /' told
same "nothing is wrong" "0 wrong" "$(tail -n 1 told)"
# Bounded, however many kits there are: the cases that are at work, each read once, are most of it. (Two hundred uploads at once
# take less: test_serve.sh.) The sanitizers need more than that themselves.
most=$(grep -o '[0-9]*\.[0-9]* MB at most' told | cut -d. -f1)
case $SATCHEL in *sanitize*) ;; *) check "the hub's memory stays within 256 MB (${most:-?})" test "${most:-257}" -lt 256 ;; esac
same "git is content" "" "$(git -C hub/hub/repo.git fsck --strict 2>&1 | grep -v '^notice\|^dangling')"
same "the hub is sound" 0 "$(s --json hub verify hub/hub | jq '.problems | length')"
done_testing
