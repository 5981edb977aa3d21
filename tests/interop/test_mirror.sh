#!/usr/bin/env bash
# hub mirror against other people's programs: git over smart HTTP (lighttpd, git http-backend), over ssh (sshd) and in a folder;
# evidence into a Git LFS server, into a real S3 store and into a folder; and stock git and git-lfs on what comes of it, the
# latter also against the LFS batch API of hub serve.
. "$(dirname "$0")/../lib.sh"
. "$HERE/net.sh"
. "$HERE/interop/mirror_servers.sh"
export GIT_CONFIG_NOSYSTEM=1 HOME=$WORK GIT_TERMINAL_PROMPT=0 GIT_LFS_SKIP_SMUDGE=1

# ---- the scene: two cases, one with a long history ----
kit zhang; as zhang whoami --request > zhang.request
kit li; as li whoami --request > li.request
s hub init hub --name HQ --admin zhang.request > log; as zhang join hub > log
for c in C-1 C-2; do as zhang new organisation --case $c name=华安 > log; done
audit=$(as zhang new audit --case C-1 kind=onsite start=2026-11-20)
finding=$(as zhang new finding --case C-1 audit="$audit" clause=B2 grade=minor fact=x)
for i in 1 2 3; do head -c 200000 /dev/urandom > p$i.jpg; done
as zhang attach p1.jpg p2.jpg p3.jpg --to "$finding" > log
mkdir stick served
meet() { as zhang sync stick > log && s hub sync hub stick > log; }
meet
as zhang hub enrol hub li.request --roles auditor --cases C-2 -o li.enrol > log; as li join li.enrol > log; meet; meet

bare() { git init -q --bare -b register "$1" && git -C "$1" config http.receivepack true; }
mirror() { s --json hub mirror hub "$@"; }
told() { jq -cr "$1" out; }
tips() { git -C "$1" for-each-ref --format='%(refname) %(objectname)' refs/heads; }
branches() { same "$1: every branch is as the hub's" "$(tips hub/repo.git)" "$(tips "$2")"; }
objects() { find hub/repo.git/objects hub/repo.git/refs hub/repo.git/packed-refs -type f 2> /dev/null | sort | xargs sha256sum | sha256sum; }
commits=$(git -C hub/repo.git rev-list --count C-1)
before=$(objects)

# ---- a folder ----
bare folder.git
check "dry run" mirror folder.git --dry-run
same "it tells what would go" "2 true 3 600000" "$(told '"\(.pushed | length - 1) \(.dry_run) \(.evidence.sent) \(.evidence.bytes)"')"
same "and sends nothing" "" "$(tips folder.git)$(ls folder.git/lfs 2> /dev/null)"
check "into a folder" mirror folder.git
same "what was sent" "$commits 3 0 600000" "$(told '"\(.pushed[] | select(.case == "C-1").commits) \(.evidence.sent) \(.evidence.held) \(.evidence.bytes)"')"
branches "folder" folder.git
check "folder: git fsck" git -C folder.git fsck --strict
check "folder: git lfs fsck" git -C folder.git lfs fsck C-1
same "a push leaves the hub's own objects and branches as they were" "$before" "$(objects)"
check "again" mirror folder.git
same "there is nothing to send" '[[],["C-1","C-2","register"],[],0,3,0]' "$(told '[.pushed, .up_to_date, .refused, .evidence.sent, .evidence.held, .evidence.bytes]')"
refuse "a folder that is not there" 5 s hub mirror hub ./nowhere.git
refuse "a name that nobody has kept" 3 s hub mirror hub backup
refuse "no way for certified secrets" 3 s hub mirror hub http://example.org/x.git
refuse "no other protocol" 3 s hub mirror hub git://127.0.0.1/x.git

# ---- smart HTTP, with an LFS server beside it ----
if web_git served; then
  bare served/m.git
  lfs_server lfs
  url=$GIT_URL/m.git lfs=http://127.0.0.1:$LFS_PORT/m.git/info/lfs
  refuse "without a password" 5 s hub mirror hub "$url" --evidence none
  refuse "with one on the command line, for all to read" 2 s hub mirror hub "http://mirror:s3cret@127.0.0.1:$GIT_PORT/git/m.git" --evidence none
  same "which is not told again" 0 "$(grep -c s3cret err)"
  refuse "nor there" 2 s hub mirror hub "$url" --evidence "http://mirror:s3cret@127.0.0.1:$LFS_PORT/x"
  credential_helper mirror wr0ng
  refuse "with a wrong one of git's helper" 5 s hub mirror hub "$url" --evidence none
  same "the message has no password" 0 "$(grep -c wr0ng err)"
  same "the helper was told that it is wrong" "get erase" "$(cut -d' ' -f1 helper.log | xargs)"
  refuse "without git nobody is asked" 5 env PATH=/nowhere "$SATCHEL" hub mirror hub "$url" --evidence none
  credential_helper mirror s3cret
  bare served/helped.git
  check "with a good one of git's helper" mirror "$GIT_URL/helped.git" --evidence "http://127.0.0.1:$LFS_PORT/helped"
  branches "helped" served/helped.git
  same "evidence and all" "3 0" "$(told '"\(.evidence.sent) \(.evidence.held)"')"
  same "each server was asked for once, and what served was said" "get get store store" "$(cut -d' ' -f1 helper.log | sort | xargs)"
  same "of the server alone, as git has it" "$(printf 'host=127.0.0.1:%s protocol=http\n' "$LFS_PORT" "$GIT_PORT" | sort)" "$(sed -n 's/^get //p' helper.log | tr ' ' '\n' | grep -E '^(host|protocol)=' | sort | paste -d' ' - - - - | sed 's/\(host=[^ ]*\) \(host=[^ ]*\) .*/\1 protocol=http\n\2 protocol=http/' | sort)"
  same "nobody could read it in the list of processes" 0 "$(grep -c 's3cret\|wr0ng' helper.ps)"
  same "nor is it in any file" "" "$(grep -rl 's3cret\|wr0ng' hub zhang li 2> /dev/null)"
  export GIT_CONFIG_GLOBAL=/dev/null
  rm -rf lfs.objects/*
  if [ -n "$GIT_TLS_URL" ]; then
    bare served/tls.git
    credential_helper mirror s3cret
    refuse "a certificate that nobody vouches for" 5 s hub mirror hub "$GIT_TLS_URL/tls.git" --evidence none
    same "gets no password" "" "$(cat helper.log)"
    check "by HTTPS, with the test's authority" mirror "$GIT_TLS_URL/tls.git" --evidence none --ca ca.pem
    branches "HTTPS" served/tls.git
    check "as git names it" env GIT_SSL_CAINFO=ca.pem "$SATCHEL" hub mirror hub "$GIT_TLS_URL/tls.git" --evidence none
    check "stock git clones it" env GIT_SSL_CAINFO="$WORK/ca.pem" git clone -q "$GIT_TLS_URL/tls.git" tls
    check "git fsck --strict" git -C tls fsck --strict
    export GIT_CONFIG_GLOBAL=/dev/null
  else
    skip "HTTPS: lighttpd has no TLS (Debian's package lighttpd-mod-openssl)"
  fi
  echo "machine 127.0.0.1 login mirror password s3cret" > .netrc; chmod 600 .netrc
  check "by HTTP, with a netrc" mirror "$url" --evidence "$lfs" --save backup
  same "evidence went to the LFS server" "3 0 3" "$(told '"\(.evidence.sent) \(.evidence.held)"') $(ls lfs.objects | wc -l)"
  same "each is what its name says" "" "$(cd lfs.objects && sha256sum * | awk '$1 != $2')"
  branches "HTTP" served/m.git
  same "HTTP leaves the hub's own objects as they were" "$before" "$(objects)"
  check "again, by its name" mirror backup
  same "nothing is sent" "0 0 3" "$(told '"\(.pushed | length) \(.evidence.sent) \(.evidence.held)"')"
  check "stock git clones it" git clone -q "$url" clone
  check "git fsck --strict" git -C clone fsck --strict
  s hub checkpoint hub -o anchor > log
  check "the clone proves itself" s verify clone --root "$(as zhang --json whoami | jq -r .key)" --against anchor

  # What comes new goes alone.
  as zhang set "$finding" grade=major > log; head -c 70000 /dev/urandom > p4.jpg
  as zhang attach p4.jpg --to "$finding" > log; meet
  : > lfs.requests
  check "a new bundle" mirror backup
  same "goes alone" "C-1 1 70000 1" "$(told '"\([.pushed[].case] | map(select(. != "register")) | join(",")) \(.evidence.sent) \(.evidence.bytes)"') $(grep -c ^PUT lfs.requests)"
  check "stock git pulls it" git -C clone fetch -q
  branches "after it" served/m.git

  # An LFS server that keeps nothing is found out, and stops no branch.
  lfs_server liar --lie
  as zhang set "$finding" fact=y > log; meet
  mirror "$url" --evidence "http://127.0.0.1:$LFS_PORT/x" > out 2> err; got=$?
  same "a server that says yes and keeps nothing" "5 0 4 C-1" "$got $(told '"\(.evidence.sent) \(.evidence.refused) \([.pushed[].case] | join(","))"')"
  branches "evidence that was refused stops no branch" served/m.git

  # Somebody else's commit over there stays, and the others go on.
  git -C clone config user.email x@example.com; git -C clone config user.name x
  git -C clone fetch -q && git -C clone checkout -q -B C-2 origin/C-2 && git -C clone commit -q --allow-empty -m foreign
  git -C clone push -q "http://mirror:s3cret@127.0.0.1:$GIT_PORT/git/m.git" C-2
  foreign=$(git -C served/m.git rev-parse C-2)
  as zhang set "$finding" fact=z > log; meet
  mirror backup > out 2> err; got=$?
  same "a foreign commit is refused, the others go on" "1 C-2 C-1" "$got $(told '"\(.refused[0].case) \([.pushed[].case] | map(select(. != "register")) | join(","))"')"
  same "and left alone" "$foreign" "$(git -C served/m.git rev-parse C-2)"
  printf '#!/bin/sh\n[ "$1" != refs/heads/C-1 ]\n' > served/m.git/hooks/update; chmod +x served/m.git/hooks/update
  as zhang set "$finding" fact=zz > log; meet
  mirror backup > out 2> err; got=$?
  same "a branch that the server refuses" '1 ["C-1","C-2"]' "$got $(told '[.refused[].case] | sort')"
  rm served/m.git/hooks/update

  # Killed between two steps of a long history, it goes on where it was.
  for i in $(seq 2300); do echo "{\"do\":\"set\",\"record\":\"$finding\",\"set\":{\"fact\":\"n$i\"}}"; done > many.jsonl
  as zhang apply many.jsonl > log; meet
  bare served/long.git
  printf '#!/bin/sh\necho x >> %s/steps\n[ -e %s/spared ] || kill -9 "$(cat %s/victim)"\n' "$WORK" "$WORK" "$WORK" > served/long.git/hooks/post-receive
  chmod +x served/long.git/hooks/post-receive
  { bash -c 'echo $$ > victim; exec "$0" hub mirror hub "$1" --evidence none' "$SATCHEL" "$GIT_URL/long.git" > out 2>&1; got=$?; } 2> log
  same "killed after the first step" "137 1" "$got $(wc -l < steps)"
  first=$(git -C served/long.git rev-list --count C-1)
  check "over there stands a whole step" test "$first" -ge 900
  touch spared
  check "the next run goes on" mirror "$GIT_URL/long.git" --evidence none
  same "from there" "$(($(git -C hub/repo.git rev-list --count C-1) - first))" "$(told '.pushed[] | select(.case == "C-1").commits')"
  branches "long" served/long.git
  check "git fsck --strict of it" git -C served/long.git fsck --strict

  # The same for evidence.
  for i in $(seq 8); do head -c 3000 /dev/urandom > q$i.jpg; done
  as zhang attach q*.jpg --to "$finding" > log; meet
  lfs_server slow --slow 0.2; cp lfs.objects/* slow.objects/
  slow=http://127.0.0.1:$LFS_PORT/x
  "$SATCHEL" hub mirror hub backup --evidence "$slow" > out 2> err & victim=$!
  wait_for 20 eval '[ "$(grep -c "verify 200" slow.requests)" -ge 3 ]'
  kill -9 $victim; wait $victim 2> /dev/null; sleep 0.6 # the server may be at its last request still
  held=$(ls slow.objects | grep -vc part); : > slow.requests
  mirror backup --evidence "$slow" > out 2> err
  same "killed amid evidence, the rest goes" "$held 12" "$(told '.evidence.held') $(told '.evidence.held + .evidence.sent')"
  same "and only the rest" "$((12 - held))" "$(grep -c ^PUT slow.requests)"

  # Roads that lead nowhere.
  python3 -c 'import socket, time
s = socket.socket(); s.bind(("127.0.0.1", 0)); s.listen(9); print(s.getsockname()[1], flush=True); time.sleep(60)' > mute.port & started+=($!)
  wait_for 5 test -s mute.port
  refuse "nobody is there" 5 s hub mirror hub "http://127.0.0.1:$(free_port)/x.git"
  refuse "somebody is there and says nothing" 5 timeout 20 "$SATCHEL" hub mirror hub "http://127.0.0.1:$(cat mute.port)/x.git" --patience 2
  refuse "something that is no git" 5 s hub mirror hub "http://127.0.0.1:$LFS_PORT/x.git"
  git -C hub/repo.git config remote.bad.url "http://mirror:s3cret@127.0.0.1:$GIT_PORT/git/m.git"
  refuse "a password that is kept in the hub" 3 s hub mirror hub bad
  git -C hub/repo.git config --remove-section remote.bad
  same "no password is in the hub's folder" "" "$(grep -rl s3cret hub)"

  # ---- git lfs pull from the hub itself ----
  if serve hub; then
    as zhang remote add hub "$HUB_URL" > log; as li remote add hub "$HUB_URL" > log
    git clone -q "$GIT_URL/long.git" pull; git -C pull checkout -q C-1 2> log; git -C pull lfs install --local > log
    git -C pull config lfs.url "$(as li remote lfs)"
    if git -C pull lfs pull > out 2>&1; then bad "li gets evidence of a case that is not li's"; else ok; fi
    git -C pull config lfs.url "$(as zhang remote lfs hub)"
    same "before, there is none here" 0 "$(find pull/.git/lfs/objects -type f 2> /dev/null | wc -l)"
    check "git lfs pull from hub serve" git -C pull lfs pull
    same "by its batch API, each object" "$(git -C pull lfs ls-files -l | cut -d ' ' -f 1 | sort -u)" "$(grep -A 1000 '"path":"/lfs/objects/batch","status":200' hub/access.log |
      jq -r 'select(.method == "GET" and .status == 200) | .path | ltrimstr("/lfs/objects/")' | sort -u)"
    check "git lfs fsck is clean" git -C pull lfs fsck
    same "in its own words" "Git LFS fsck OK" "$(cat out)"
    same "the photos are there" 4 "$(find pull/evidence -name '*.jpg' -size +60k | wc -l)"
    token=$(as zhang remote lfs) auth=${token#*://}; auth=${auth%%@*}
    batch() { curl -s -o got -w '%{http_code}' "$@" -H 'Content-Type: application/vnd.git-lfs+json' "$HUB_URL/lfs/objects/batch"; }
    oid=$(sha256sum < p1.jpg | cut -d' ' -f1)
    same "no session" 401 "$(batch -d '{}')"
    same "a foreign token" 401 "$(batch -u x:${auth#*:}0 -d '{}')"
    same "no batch" 422 "$(batch -u "$auth" -d '{"operation":1}')"
    same "no uploads" 403 "$(batch -u "$auth" -d "{\"operation\":\"upload\",\"objects\":[{\"oid\":\"$oid\",\"size\":1}]}")"
    same "another size is another object" "200 404" "$(batch -u "$auth" -d "{\"operation\":\"download\",\"objects\":[{\"oid\":\"$oid\",\"size\":1}]}") $(jq .objects[0].error.code got)"
    same "a bearer's token does as well" 200 "$(batch -H "Authorization: Bearer ${auth#*:}" -d "{\"operation\":\"download\",\"objects\":[{\"oid\":\"$oid\",\"size\":200000}]}")"
    same "ranges" "$(tail -c +101 p1.jpg | head -c 50 | sha256sum)" "$(curl -s -u "$auth" -r 100-149 "$(jq -r .objects[0].actions.download.href got)" | sha256sum)"
    unserve "$HUB_PID"
  fi
else
  skip "smart HTTP: there is no lighttpd (Debian's package lighttpd)"
fi

# ---- ssh ----
if ssh_git; then
  bare ssh.git
  address=ssh://$(id -un)@127.0.0.1:$SSH_PORT$WORK/ssh.git
  check "by ssh" mirror "$address" --evidence none
  branches "ssh" ssh.git
  check "by ssh again" mirror "$address" --evidence none
  same "nothing is sent" 0 "$(told '.pushed | length')"
  refuse "a repository that is not there" 5 s hub mirror hub "${address%.git}.none" --evidence none
  echo "[127.0.0.1]:$SSH_PORT $(cut -d' ' -f1,2 ssh/key.pub)" > ssh/known
  refuse "another host at the same address" 5 s hub mirror hub "$address" --evidence none
  echo "[127.0.0.1]:$SSH_PORT $(cut -d' ' -f1,2 ssh/host.pub)" > ssh/known
  refuse "no option comes in by an address" 3 s hub mirror hub "ssh://-oProxyCommand=x/y"
  mirror "$address" > out 2> err; got=$?
  same "evidence has no place over there" "5 3" "$got $(told '.up_to_date | length')"
  lfs_server granted
  printf '#!/bin/sh\n[ "$2" = upload ] && echo '"'"'{"href":"http://127.0.0.1:%s/x","header":{"Authorization":"Basic bWlycm9yOnMzY3JldA=="}}'"'"'\n' "$LFS_PORT" > ssh/bin/git-lfs-authenticate
  chmod +x ssh/bin/git-lfs-authenticate; rm -f .netrc
  check "evidence goes where git-lfs-authenticate says" mirror "$address"
  same "all of it" 12 "$(ls granted.objects | wc -l)"
else
  skip "ssh: there is no sshd (Debian's package openssh-server)"
fi

# ---- S3 ----
if ceph_s3 ceph > ceph.log 2>&1; then
  export AWS_ACCESS_KEY_ID=AKID AWS_SECRET_ACCESS_KEY=s3cret
  s3() { curl -s --aws-sigv4 aws:amz:us-east-1:s3 -u AKID:s3cret -H "x-amz-content-sha256: $(printf '' | sha256sum | cut -d' ' -f1)" "$@"; }
  puts() { grep -c "beast.*\"PUT /evidence/.*partNumber[^\"]*HTTP/1.1\" 200" "$S3_LOG"; }
  s3 -X PUT "http://127.0.0.1:$S3_PORT/evidence" > log
  store=s3+http://127.0.0.1:$S3_PORT/evidence/hq
  check "into an S3 store" mirror folder.git --evidence "$store"
  same "all of it" "12 0" "$(told '"\(.evidence.sent) \(.evidence.held)"')"
  check "again" mirror folder.git --evidence "$store"
  same "nothing is sent" "0 12" "$(told '"\(.evidence.sent) \(.evidence.held)"')"
  oid=$(sha256sum < p2.jpg | cut -d' ' -f1)
  same "the bytes are there" "$oid" "$(s3 "http://127.0.0.1:$S3_PORT/evidence/hq/lfs/objects/${oid:0:2}/${oid:2:2}/$oid" | sha256sum | cut -d' ' -f1)"
  AWS_SECRET_ACCESS_KEY=wrong s --json hub mirror hub folder.git --evidence "$store" > out 2> err; got=$?
  same "with a wrong key" 5 $got
  head -c 100M /dev/urandom > v.mp4; as zhang attach v.mp4 --to "$finding" > log; meet
  "$SATCHEL" hub mirror hub folder.git --evidence "$store" --part-size 5M > out 2> err & victim=$!
  wait_for 20 eval '[ "$(puts)" -ge 4 ]'
  kill -9 $victim; wait $victim 2> /dev/null; sleep 0.3
  held=$(puts)
  if [ "$held" -ge 20 ]; then skip "it was done before it could be killed"; fi
  check "killed amid its parts, it goes on" mirror folder.git --evidence "$store" --part-size 5M
  same "with the parts that were lacking" 20 "$(puts)"
  same "one piece was sent" "1 12" "$(told '"\(.evidence.sent) \(.evidence.held)"')"
  oid=$(sha256sum < v.mp4 | cut -d' ' -f1)
  same "and is whole" "$oid" "$(s3 "http://127.0.0.1:$S3_PORT/evidence/hq/lfs/objects/${oid:0:2}/${oid:2:2}/$oid" | sha256sum | cut -d' ' -f1)"
  store="s3+http://127.0.0.1:$S3_PORT/evidence/总部+a%20(b)"
  check "below a prefix of odd characters" mirror folder.git --evidence "$store"
  same "all of it goes" "13 0" "$(told '"\(.evidence.sent) \(.evidence.held)"')"
  check "again" mirror folder.git --evidence "$store"
  same "and is found" "0 13" "$(told '"\(.evidence.sent) \(.evidence.held)"')"
else
  skip "S3: radosgw does not run here (Debian's packages radosgw ceph-mon ceph-osd ceph-common)"; tail -n 3 ceph.log
fi

s hub checkpoint hub -o anchor > log
check "the hub verifies after all of it" s verify hub --root "$(as zhang --json whoami | jq -r .key)" --against anchor
done_testing
