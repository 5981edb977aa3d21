#!/usr/bin/env bash
# A hub made anew of a stock clone and its evidence: `hub restore`; and the sizes that `hub status` tells.
. "$(dirname "$0")/../lib.sh"

kit chen
s --store chen whoami --request > chen.request
s hub init hub --name HQ --admin chen.request > log
s --store chen join hub > log
org=$(s --store chen new organisation --case BJ-1 name=Huaan)
head -c 200000 /dev/urandom > photo.jpg
s --store chen attach photo.jpg --to "$org" > log
mkdir stick
s --store chen sync stick > log
s hub sync hub stick > log
git clone -q --mirror hub/repo.git clone.git
cp -r hub/repo.git/lfs clone.git/

s hub restore hub2 clone.git --name HQ2 > told
check "it tells of its new key" grep -q "a new key" told
check "the records are the same" test "$(git -C hub/repo.git rev-parse BJ-1:record)" = "$(git -C hub2/repo.git rev-parse BJ-1:record)"
check "and so is the evidence" cmp photo.jpg "$(find hub2/repo.git/lfs/objects -type f)"
s --json hub restore hub2 clone.git > again
check "a second time nothing is new" test "$(jq -c '[.entries, .evidence, .missing, .damaged]' again)" = "[0,0,0,0]"
s --json hub status hub2 > status
check "the sizes are told" jq -e '.sizes | .evidence == 200000 and .packs >= 1 and .objects > 5 and .repository > 0 and .inbox == 0' status
git -C clone.git update-ref -d refs/heads/register
refuse "a clone without a register" 3 s hub restore hub3 clone.git
check "and nothing is left of it" test ! -e hub3
done_testing
