# The frame of a shell test: source it, call `check NAME COMMAND…` and `refuse NAME STATUS COMMAND…`, end with `done_testing`.
# $SATCHEL is the program, $WORK a fresh folder that goes at the end, $SHARED the reference data (may be absent).
set -u
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
SATCHEL=${SATCHEL:-$HERE/../build/satchel}
[ -x "$SATCHEL" ] || { echo "no program at $SATCHEL: run field/build first"; exit 1; }
SHARED=${SATCHEL_SHARED:-$HERE/../../shared}
WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT
cd "$WORK" || exit 1
export SATCHEL_LANG=en SATCHEL_PASSPHRASE_FILE=$WORK/passphrase
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_SYSTEM=/dev/null
echo "correct horse battery staple" > "$SATCHEL_PASSPHRASE_FILE"
passed=0 failed=0 skipped=0

ok() { passed=$((passed + 1)); }
bad() { failed=$((failed + 1)); echo "FAILED: $*"; }
skip() { skipped=$((skipped + 1)); echo "skipped: $*"; }

# check NAME COMMAND…: the command must succeed.
check() {
  local name=$1; shift
  if "$@" > out 2> err; then ok; else bad "$name ($?)"; sed 's/^/    /' out err | head -n 20; fi
}
# refuse NAME STATUS COMMAND…: it must end with this status and say why in one line.
refuse() {
  local name=$1 want=$2 got; shift 2
  "$@" > out 2> err; got=$?
  if [ $got = "$want" ] && [ "$(wc -l < err)" = 1 ]; then ok; else bad "$name (status $got, not $want)"; sed 's/^/    /' err | head -n 5; fi
}
# same NAME A B: two texts are equal.
same() {
  if [ "$2" = "$3" ]; then ok; else bad "$1"; printf '    %s\n    %s\n' "$2" "$3"; fi
}
s() { "$SATCHEL" "$@"; }
# kit NAME [EMAIL]: a store of that name, with a cheap passphrase for speed.
kit() { s --store "$1" init --name "$1" --email "${2:-$1@example.com}" --work-factor 10 > "$1.init"; }

done_testing() {
  echo "$passed passed, $failed failed, $skipped skipped"
  [ "$failed" = 0 ]
}
