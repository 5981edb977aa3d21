#!/usr/bin/env bash
# The pages in a real browser: a whole audit by two auditors, from their enrolment to a reviewer at the hub; all roads, payloads,
# drafts, an accessibility checker (tests/browser). Chromium is the machine's, playwright-core and axe-core come by npm into a
# folder outside the tree, once; without them it is skipped.
. "$(dirname "$0")/../lib.sh"
. "$HERE/net.sh"
. "$HERE/client.sh"
NPM=${XDG_CACHE_HOME:-$HOME/.cache}/satchel-tests
CHROMIUM=${CHROMIUM:-$(command -v chromium || command -v chromium-browser || command -v google-chrome)}
as() { local who=$1; shift; SATCHEL_STORE=$WORK/$who "$@"; }

if [ -z "$CHROMIUM" ] || ! command -v node > /dev/null; then skip "no Chromium, or no node"; done_testing; exit; fi
if [ ! -d "$NPM/node_modules/playwright-core" ] || [ ! -d "$NPM/node_modules/axe-core" ]; then
  if ! command -v npm > /dev/null || ! timeout 180 npm install --prefix "$NPM" --no-audit --no-fund playwright-core@1.49.1 axe-core@4.10.2 > npm.out 2>&1; then
    skip "playwright-core and axe-core are not to be had here"
    done_testing
    exit
  fi
fi

# A certificate, and its first surveillance planned for today by headquarters: the rest is done in the pages.
C=BJ-2026-0042
TODAY=$(date +%F)
for k in chen zhang li wang; do kit $k; as $k s whoami --request > $k.request; done
mkdir stick
check "a hub" as chen s hub init hub --name HQ --admin chen.request
check "its admin joins" as chen s join hub
quiet as chen s hub enrol hub chen.request --roles headquarters,decider,leader,auditor -o chen.enrol
check "a case" as chen client_open
serve hub --rate 0
check "headquarters syncs" eval 'as chen s remote add hq "$HUB_URL" && as chen s sync hq'
for who in "zhang leader,auditor" "li auditor" "wang reviewer"; do
  read -r k roles <<< "$who"
  check "$k is enrolled" as chen s hub enrol hub $k.request --roles "$roles" --cases $C -o $k.enrol
done
check "the reviewer joins" eval 'as wang s join wang.enrol && as wang s remote add hq "$HUB_URL"'
check "headquarters knows them" as chen s sync hq
person() { echo "register:$(as chen s --json list person name=$1 | jq -r '.[0].id')"; }
LEADER=$(person zhang)
app=$(as chen client_apply initial "$(date -d '-400 days' +%F)" 3)
quiet as chen client_document "$app" "$(date -d '-370 days' +%F)" "$(date -d '-369 days' +%F)"
on=$(as chen client_onsite "$app" "$(date -d '-360 days' +%F)" "$(date -d '-358 days' +%F)")
quiet as chen s submit --audit "$on" --on "$(date -d '-358 days' +%F)"
cert=$(as chen client_grant "$app" "$on" "$(date -d '-350 days' +%F)")
audit=$(client_new audit d "\"kind\":\"surveillance\",\"mode\":\"onsite\",\"certificates.$cert\":true,\"picks_none\":\"无\",$(client_report "$TODAY" "$TODAY" | sed 's/"result":"pass",//'),\"team.$(person li)\":true,\"sites.$(as chen client_id site)\":true,$CLIENT_DIRECTIONS" |
  as chen s apply - | head -n 1)
check "the surveillance is planned" [ -n "$audit" ]
check "the hub has the plan" as chen s sync hq

export SATCHEL CHROMIUM WORK NPM AUDIT=$audit CASE=$C PHOTOS=$SHARED/data/photos SHOTS=${SHOTS:-} HUB_URL
timeout 900 node "$HERE/browser/test_pages.mjs" > browser.out 2> browser.err
ended=$?
grep -v '^# ' browser.out
totals=$(grep '^# ' browser.out | grep -o '[0-9]*' | tr '\n' ' ')
if [ -n "$totals" ]; then
  read -r p f k <<< "$totals"
  passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + k))
else
  bad "the browser test ended with $ended: $(tail -n 8 browser.err)"
fi
done_testing
