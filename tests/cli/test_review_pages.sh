#!/usr/bin/env bash
# A reviewer in a real browser follows a piece of evidence at the hub (tests/browser/review.mjs): proof, history, who looked; in
# both languages, at desktop and phone width, with nothing that writes and nothing that acts.
. "$(dirname "$0")/../lib.sh"
. "$HERE/net.sh"
NPM=${XDG_CACHE_HOME:-$HOME/.cache}/satchel-tests
CHROMIUM=${CHROMIUM:-$(command -v chromium || command -v chromium-browser || command -v google-chrome)}
if [ -z "$CHROMIUM" ] || ! command -v node > /dev/null; then skip "no Chromium, or no node"; done_testing; exit; fi
if [ ! -d "$NPM/node_modules/playwright-core" ] || [ ! -d "$NPM/node_modules/axe-core" ]; then
  if ! command -v npm > /dev/null || ! timeout 180 npm install --prefix "$NPM" --no-audit --no-fund playwright-core@1.49.1 axe-core@4.10.2 > npm.out 2>&1; then
    skip "playwright-core and axe-core are not to be had here"
    done_testing
    exit
  fi
fi

for k in chen zhang li; do kit $k; as $k whoami --request > $k.request; done
quiet s hub init hub --name HQ --admin chen.request
quiet as chen join hub
for C in BJ-1 BJ-2; do quiet as chen new organisation --case $C name="华安 $C"; done
mkdir stick; quiet as chen sync stick; quiet s hub sync hub stick; quiet as chen sync stick
for who in "zhang auditor,leader" "li reviewer"; do
  read -r k roles <<< "$who"
  quiet as chen hub enrol hub $k.request --roles "$roles" --cases BJ-1 -o $k.enrol; quiet as $k join $k.enrol
done
serve hub --rate 0
for k in chen zhang li; do quiet as $k remote add net "$HUB_URL"; quiet as $k sync net; done
dep=$(as zhang new department --case BJ-1 code=D1 name='技术部<img src=x onerror=pwned=1>')
audit=$(as zhang new audit --case BJ-1 kind=onsite start=2026-11-20 end=2026-11-22)
finding=$(as zhang new finding --case BJ-1 audit="$audit" clause=B2 grade=minor fact='记录未签"><script>pwned=1</script>' department="$dep" due=2027-12-20)
photo=$SHARED/data/photos/DSCN0010.jpg
[ -f "$photo" ] || { photo=$WORK/photo.jpg; base64 -d > "$photo" <<< iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==; }
ev=$(as zhang attach "$photo" --to "$finding" --title '照片<svg onload=pwned=1>')
quiet as zhang set "$ev" title='交付记录册<svg onload=pwned=1>' --why '改<b>标题</b>'
echo '<svg xmlns="http://www.w3.org/2000/svg" onload="pwned=1"><script>pwned=1</script></svg>' > active.svg
active=$(as zhang attach active.svg --to "$finding")
quiet as zhang sync net
URL=$(as li --json review net --no-open | jq -r .url)
AGAIN=$(as li --json review net --no-open | jq -r .url)

export SATCHEL CHROMIUM WORK NPM URL AGAIN EV=$ev ACTIVE=$active AUDIT=$audit FINDING=$finding PHOTO=$photo SHOTS=${SHOTS:-}
timeout 300 node "$HERE/browser/review.mjs" > browser.out 2> browser.err
ended=$?
grep -v '^# ' browser.out
read -r p f k <<< "$(grep '^# ' browser.out | grep -o '[0-9]*' | tr '\n' ' ')"
passed=$((passed + ${p:-0})) failed=$((failed + ${f:-0})) skipped=$((skipped + ${k:-0}))
[ $ended = 0 ] || [ "${f:-0}" != 0 ] || { bad "the browser ended with $ended"; head -n 12 browser.err; }
same "what was looked at is logged" 1 "$(s --json hub looks hub "$ev" | jq '[.[].do] | unique == ["evidence","history","original","proof","show","looks"] or (contains(["history"]) and contains(["proof"]) and contains(["original"]) and contains(["evidence"])) | if . then 1 else 0 end')"
done_testing
