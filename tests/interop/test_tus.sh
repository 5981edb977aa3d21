#!/usr/bin/env bash
# A stock tus client (tus-js-client of npm) against `hub serve`: uploads in one run and in chunks, aborts, resumes, terminates;
# curl fetches by ranges what the hub hands out. The client is installed outside the tree, once; without npm it is skipped.
. "$(dirname "$0")/../lib.sh"
WIRE=$(dirname "$SATCHEL")/tests/wire_kit
NPM=${XDG_CACHE_HOME:-$HOME/.cache}/satchel-tests
PID=""
end() { [ -z "$PID" ] || { kill -TERM "$PID" 2> /dev/null; wait "$PID"; }; PID=""; }
trap 'end; rm -rf "$WORK"' EXIT
quiet() { "$@" > /dev/null 2>&1; }

if [ ! -d "$NPM/node_modules/tus-js-client" ]; then
  if ! command -v node npm > /dev/null || ! quiet timeout 120 npm install --prefix "$NPM" --no-audit --no-fund tus-js-client@4.3.1; then
    skip "tus-js-client is not to be had here: it needs node, npm and the registry"
    done_testing
    exit
  fi
fi

for k in chen zhang; do kit $k; s --store $k whoami --request > $k.request; done
quiet s hub init hub --name HQ --admin chen.request
quiet s --store chen join hub
quiet s --store chen new organisation --case BJ-1 name=华安
mkdir stick; quiet s --store chen sync stick; quiet s hub sync hub stick; quiet s --store chen sync stick
quiet s --store chen hub enrol hub zhang.request --roles auditor --cases BJ-1 -o zhang.enrol
quiet s --store zhang join zhang.enrol
kit=$(s --store zhang --json whoami | jq -r .kit)
"$SATCHEL" hub serve hub --listen 127.0.0.1:0 --rate 0 > serve.out 2> serve.err & PID=$!
for _ in $(seq 100); do grep -q '://' serve.out && break; sleep 0.1; done
URL=$(grep -o 'http://[^; ]*' serve.out)
"$WIRE" zhang hello | curl -s "$URL/v1/hello" --data-binary @- | "$WIRE" zhang login | curl -s "$URL/v1/session" --data-binary @- > session
TOKEN=$(jq -r .token session)

cat > client.js <<'JS'
const fs = require("fs"), path = require("path")
const tus = require(path.join(process.env.NPM, "node_modules/tus-js-client"))
const [how, url, token, name, file] = process.argv.slice(2)
const size = fs.statSync(file).size
let refused = 0, resumes = 0, from = []
const options = {
  endpoint: url + "/v1/uploads",
  headers: { Authorization: "Bearer " + token },
  metadata: { name },
  uploadSize: size,
  retryDelays: [0, 100, 200, 400, 800],
  onShouldRetry: (e) => { refused++; return true },
  onAfterResponse: (req, res) => { if (req.getMethod() === "HEAD") from.push(Number(res.getHeader("Upload-Offset"))) },
}
if (how !== "whole") options.chunkSize = 256 * 1024
if (how === "post") options.uploadDataDuringCreation = true
const limit = setTimeout(() => { console.log("too late"); process.exit(1) }, 60000)
function run(uploadUrl) {
  const source = fs.createReadStream(file)
  const upload = new tus.Upload(source, {
    ...options, uploadUrl,
    onError: (e) => { console.log("error", e.message); process.exit(1) },
    onSuccess: () => { clearTimeout(limit); console.log(JSON.stringify({ resumes, from, refused })); process.exit(0) },
    onProgress: (sent) => {
      if (how !== "abort" || resumes >= 5 || sent < (resumes + 1) * size / 7) return
      resumes++
      upload.abort().then(() => setTimeout(() => run(upload.url), 20))
    },
    onChunkComplete: () => {
      if (how !== "terminate") return
      upload.abort(true).then(() => { clearTimeout(limit); console.log("terminated"); process.exit(0) })
    },
  })
  upload.start()
}
run(null)
JS
client() { NPM=$NPM timeout 90 node client.js "$1" "$URL" "$TOKEN" "$2" "$3"; }
# Noise is no bundle, so the hub sets it apart, with the bytes as they came.
came() { for _ in $(seq 100); do [ -f "hub/quarantine/$kit-$1" ] && break; sleep 0.1; done; sha256sum < "hub/quarantine/$kit-$1"; }

head -c 3000000 /dev/urandom > noise
for how in whole chunks post abort; do
  check "tus-js-client: $how" client $how "$how.satchel" noise
  cat out > "$how.out"
  same "$how: every byte, once" "$(sha256sum < noise)" "$(came "$how.satchel")"
done
same "it was aborted and went on five times" 5 "$(jq .resumes abort.out)"
same "from where it stood, not from the start" 1 "$(jq '.from|length>0 and all(.>=0) and (max>0)|if . then 1 else 0 end' abort.out)"
check "tus-js-client: terminate" client terminate t.satchel noise
same "terminate: says so" terminated "$(cat out)"
same "terminate: leaves nothing" 0 "$(ls hub/upload | grep -vc lock)"
head -c 20000000 /dev/urandom > large
for i in 1 2 3 4; do client chunks "large$i.satchel" large > "large$i.out" & clients+=($!); done
wait "${clients[@]}"
for i in 1 2 3 4; do same "four at once: $i" "$(sha256sum < large)" "$(came "large$i.satchel")"; done

file=$(curl -s "$URL/v1/state" -H "Authorization: Bearer $TOKEN" | jq -r '.files[-1].name')
curl -s "$URL/v1/files/$file" -H "Authorization: Bearer $TOKEN" -o whole
head -c 1000 whole > broken
check "curl goes on where a download broke off" curl -s -C - "$URL/v1/files/$file" -H "Authorization: Bearer $TOKEN" -o broken
same "and has the same bytes" "$(sha256sum < whole)" "$(sha256sum < broken)"
end
done_testing
