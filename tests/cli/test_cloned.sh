#!/usr/bin/env bash
# A copied laptop: whatever either copy writes, in whatever number and order they sync, reaches the hub, and it says so.
. "$(dirname "$0")/../lib.sh"
as() { local who=$1; shift; s --store "$who" "$@"; }
quiet() { "$@" > /dev/null 2>&1; }
round() { quiet as "$1" sync stick; quiet s hub sync hub stick; quiet as "$1" sync stick; }

for k in chen zhang; do kit $k; as $k whoami --request > $k.request; done
quiet s hub init hub --name HQ --admin chen.request
quiet as chen join hub
quiet as chen new organisation --case BJ-1 name=华安
mkdir stick
round chen
quiet as chen hub enrol hub zhang.request --roles auditor,leader --cases BJ-1 -o z.enrol
quiet as zhang join z.enrol
round zhang
audit=$(as zhang new audit --case BJ-1 kind=onsite start=2026-11-20)
finding=$(as zhang new finding --case BJ-1 audit="$audit" clause=B2 grade=minor fact=0)
round zhang
kit=$(as zhang --json whoami | jq -r .kit)
mkdir base; cp -r hub stick zhang base

# copies ORIGINAL CLONE ORDER: each writes that many entries, then they sync in turn, four times over.
copies() {
  rm -rf hub stick zhang clone; cp -r base/* .; cp -r zhang clone
  for i in $(seq "$1"); do quiet as zhang set "$finding" fact="original-$i"; done
  for i in $(seq "$2"); do quiet as clone set "$finding" correction="clone-$i"; done
  for _ in 1 2 3 4; do for who in $3; do round "$who"; done; done
  same "$1 and $2 entries, $3 first: all are at the hub" $((2 + $1 + $2)) \
    "$(git -C hub/repo.git ls-tree -r --name-only BJ-1 "log/$kit/" | wc -l)"
  same "and the hub says that a number was used twice" 1 "$(s --json hub status hub | jq '[.cases[] | select(.case == "BJ-1")][0].forks')"
}
copies 3 1 "zhang clone"
copies 3 1 "clone zhang"
copies 1 3 "zhang clone"
copies 2 2 "clone zhang"
# What they write later, one after the other
for n in 1 2; do
  for who in clone zhang; do
    check "$who writes on" as $who new finding --case BJ-1 audit="$audit" clause=B2 grade=minor fact="$who-$n"
    for _ in 1 2; do round $who; done
  done
done
same "so is what they write later" 10 "$(git -C hub/repo.git ls-tree -r --name-only BJ-1 "log/$kit/" | wc -l)"
done_testing
