#!/usr/bin/env bash
# The pages when things go wrong, in a real browser (tests/browser/test_page_faults.mjs): a killed tab, a killed program, a
# locked store, a full disk, a wrong clock, a program that is gone; what the person sees, and that nothing acknowledged is lost.
. "$(dirname "$0")/../lib.sh"
NPM=${XDG_CACHE_HOME:-$HOME/.cache}/satchel-tests
CHROMIUM=${CHROMIUM:-$(command -v chromium || command -v chromium-browser || command -v google-chrome)}
quiet() { "$@" > /dev/null; }
if [ -z "$CHROMIUM" ] || ! command -v node > /dev/null; then skip "no Chromium, or no node"; done_testing; exit; fi
if [ ! -d "$NPM/node_modules/playwright-core" ]; then
  if ! command -v npm > /dev/null || ! timeout 180 npm install --prefix "$NPM" --no-audit --no-fund playwright-core@1.49.1 axe-core@4.10.2 > npm.out 2>&1; then
    skip "playwright-core is not to be had here"
    done_testing
    exit
  fi
fi

DISK=""
mkdir disk
if mount -t tmpfs -o size=4m,mode=700 none disk 2> err; then
  DISK=disk/zhang
  trap 'cd /; umount -l "$WORK/disk"; rm -rf "$WORK"' EXIT
fi
cases=0
finding() {
  local c=BJ-$((++cases))
  quiet s --store "$1" new organisation --case $c name=华安网络服务有限公司
  local audit; audit=$(s --store "$1" new audit --case $c kind=onsite start="$(date +%F)" end="$(date +%F)")
  s --store "$1" new finding --case $c audit="$audit" clause=B2 grade=minor fact=评审记录未签字 due="$(date -d '+60 days' +%F)"
}
kit zhang
FINDING=$(finding zhang)
if [ -n "$DISK" ]; then kit disk/zhang; cases=1; quiet finding disk/zhang; fi

# A sanitizer wants to be loaded first, and so does faketime.
case $SATCHEL in *sanitize*) FAKETIME="" ;; *) FAKETIME=$(command -v faketime) ;; esac
export SATCHEL CHROMIUM WORK NPM DISK FINDING FAKETIME SHOTS=${SHOTS:-}
timeout 600 node "$HERE/browser/test_page_faults.mjs" > browser.out 2> browser.err
ended=$?
grep -v '^# ' browser.out
read -r p f k <<< "$(grep '^# ' browser.out | grep -o '[0-9]*' | tr '\n' ' ')"
passed=$((passed + ${p:-0})) failed=$((failed + ${f:-0})) skipped=$((skipped + ${k:-0}))
[ $ended = 0 ] || [ "${f:-0}" != 0 ] || { bad "the browser ended with $ended"; head -n 12 browser.err; }
done_testing
