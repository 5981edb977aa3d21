# Hubs that answer over loopback, and a faulty road to them: source it after lib.sh. All that is started here is ended with
# the test, by its id.
started=()
end_started() { for p in "${started[@]}"; do kill "$p" 2> /dev/null; done; wait 2> /dev/null; }
trap 'end_started; rm -rf "$WORK"' EXIT

as() { local who=$1; shift; s --store "$who" "$@"; }
quiet() { "$@" > /dev/null 2>&1; }
# wait_for SECONDS COMMAND…: until it succeeds.
wait_for() {
  local end=$((SECONDS + $1)); shift
  until "$@" 2> /dev/null; do [ $SECONDS -lt $end ] || return 1; sleep 0.05; done
}

# serve HUB [OPTION…]: sets HUB_URL and HUB_PID; its port stands in HUB.port.
serve() {
  local hub=$1; shift
  rm -f "$hub.port" "$hub.url"
  "$SATCHEL" hub serve "$hub" --listen 127.0.0.1:0 "$@" > "$hub.url" 2>> "$hub.log" &
  HUB_PID=$!
  started+=("$HUB_PID")
  wait_for 10 grep -q '^[^ ]*.*http' "$hub.url" || { bad "hub serve does not start"; cat "$hub.log"; return 1; }
  HUB_URL=$(grep -o 'https\{0,1\}://[0-9.:]*' "$hub.url" | head -n 1)
  echo "${HUB_URL##*:}" > "$hub.port"
}
# unserve PID: ends it and waits until it is gone.
unserve() { kill "${2:--TERM}" "$1" 2> /dev/null; wait "$1" 2> /dev/null; }

# proxy NAME OPTION…: sets PROXY_URL and PROXY_PID; its counts stand in NAME.stats.
proxy() {
  local name=$1; shift
  rm -f "$name.proxy"
  python3 "$HERE/faults/proxy.py" --port-file "$name.proxy" --stats "$name.stats" "$@" 2> "$name.proxy.log" &
  PROXY_PID=$!
  started+=("$PROXY_PID")
  wait_for 10 test -s "$name.proxy" || { bad "the proxy does not start"; cat "$name.proxy.log"; return 1; }
  PROXY_URL=http://127.0.0.1:$(cat "$name.proxy")
}

# hub_has HUB CASE KIT: entries of that kit that stand in its repository.
hub_has() { git -C "$1/repo.git" ls-tree -r --name-only "$2" "log/$3/" 2> /dev/null | wc -l; }
