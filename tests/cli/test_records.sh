#!/usr/bin/env bash
# A kit alone: records, fields, evidence, search, history, void, apply; and what is refused.
. "$(dirname "$0")/../lib.sh"

check "a kit is made" kit zhang
same "and prints a recovery key" 1 "$(grep -c -E '^ +[A-Z2-7]{4}(-[A-Z2-7]{2,4})+$' zhang.init)"
export SATCHEL_STORE=zhang
refuse "a second kit in the same folder" 3 s init --name x --email y
refuse "a wrong passphrase" 3 env SATCHEL_PASSPHRASE_FILE=<(echo wrong) "$SATCHEL" list finding
refuse "no store" 3 s --store nowhere list finding
refuse "no command of that name" 2 s frobnicate
refuse "an option that is not there" 2 s list finding --frob

org=$(s new organisation --case BJ-1 name=华安网络服务有限公司)
same "new prints an id" 1 "$(echo "$org" | grep -c -E '^organisation/k[a-z2-7]{12}-[0-9]+$')"
refuse "the same case again, in other letters" 3 s new organisation --case bj-1 name=x
refuse "a case with dots" 3 s new organisation --case ../x name=x
refuse "a record in a case that is not there" 3 s new audit --case BJ-2 kind=onsite
refuse "a record without a case" 2 s new audit kind=onsite
refuse "a type that is not there" 3 s new auditt --case BJ-1 kind=onsite

audit=$(s new audit --case BJ-1 kind=onsite start=2026-11-20 end=2026-11-21 leader=me)
dep=$(s new department --case BJ-1 code=D3 name=项目部 decisive=yes)
finding=$(s new finding --case BJ-1 audit="${audit##*-}" clause=B2 department="$dep" grade=一般不符合 fact="项目部 2 份记录未签字")
same "a choice may be typed as its label" minor "$(s --json show "$finding" | jq -r .fields.grade)"
same "a link may be a tail" "$audit" "$(s --json show "$finding" | jq -r .fields.audit)"
same "and is a register link for people" 1 "$(s --json show "$audit" | jq -r .fields.leader | grep -c '^register:person/')"

refuse "an unknown field" 3 s set "$finding" gradee=minor
refuse "a value that is no choice" 3 s set "$finding" grade=terrible
refuse "a date that does not exist" 3 s set "$finding" due=2026-02-30
refuse "a word for a truth" 3 s set "$dep" decisive=maybe
refuse "a link to nothing" 3 s set "$finding" audit=99999
refuse "a link to another type" 3 s set "$finding" audit="$dep"
refuse "a field without a sign" 2 s set "$finding" grade
refuse "a required field that is missing" 3 s new finding --case BJ-1 clause=B2
refuse "a record that is not there" 3 s show finding/kaaaaaaaaaaaa-7
same "nothing of that was kept" 1 "$(s --json history "$finding" | jq length)"

check "a change" s set "$finding" grade=major --why "两份都是关键项目"
same "shows" major "$(s --json show "$finding" | jq -r .fields.grade)"
same "its history holds old and new" 'minor→major:两份都是关键项目:good' \
  "$(s --json history "$finding" | jq -r '.[-1] | "\(.old.grade)→\(.set.grade):\(.why):\(.signature)"')"
same "in words too" 1 "$(s history "$finding" | grep -ci 'minor nonconformity → major nonconformity')"
same "and in Chinese" 1 "$(s --lang zh history "$finding" | grep -c '一般不符合 → 严重不符合')"
check "a member is added" s set "$audit" team+=me
same "once" true "$(s --json show "$audit" | jq '[.fields|to_entries[]|select(.key|startswith("team."))|.value][0]')"
check "and taken out" s set "$audit" team-=me
check "a field is cleared" s set "$finding" clause=
same "cleared" null "$(s --json show "$finding" | jq .fields.clause)"
check "text from a file" s set "$finding" fact=@<(printf '第一行\n第二行 with words')
same "kept with its lines" $'第一行\n第二行 with words' "$(s --json show "$finding" | jq -r .fields.fact)"
printf 'a\xffb' > latin1
refuse "text that is not UTF-8" 3 s set "$finding" fact=@latin1
refuse "text with a bad byte as an argument" 3 s set "$finding" "fact=$(printf 'a\xffb')"

same "find two characters" "$finding" "$(s --json find 二行 | jq -r '.[].id')"
same "find one" "$finding" "$(s --json find 第 | jq -r '.[].id')"
same "find letters of either case" "$finding" "$(s --json find WORDS | jq -r '.[].id')"
same "find nothing" 0 "$(s --json find 不在这里 | jq length)"
same "list by a field" "$finding" "$(s --json list finding --case BJ-1 grade=major | jq -r '.[].id')"
same "list none" 0 "$(s --json list finding --case BJ-1 grade=ofi | jq length)"

head -c 300000 /dev/urandom > photo.jpg
ev=$(s attach photo.jpg --to "$finding" --title 现场)
same "evidence carries its hash" "$(sha256sum < photo.jpg | cut -d' ' -f1)" "$(s --json show "$ev" | jq -r .fields.sha256)"
check "and comes back" s extract "$ev" -o back.jpg
check "as it was" cmp photo.jpg back.jpg
refuse "a file that is not there" 3 s attach missing.jpg --to "$finding"
refuse "a folder" 3 s attach . --to "$finding"
refuse "a fifo" 3 s attach <(echo x) --to "$finding"
same "the same photo twice is two records" 2 "$(s attach photo.jpg photo.jpg --to "$finding" | sort -u | wc -l)"
same "stored once" 1 "$(find zhang/blobs -type f | wc -l)"
: > empty.txt
ev0=$(s attach empty.txt --to "$finding")
check "an empty file is evidence too" s extract "$ev0" -o empty.back
check "and empty again" cmp empty.txt empty.back
refuse "free without a hub frees nothing that is not held elsewhere" 2 s free
check "free of a case" s free --case BJ-1
check "evidence is still here" s extract "$ev" -o again.jpg

check "a record is voided" s void "$ev0" --why 误拍
same "and says so" 1 "$(s show "$ev0" | grep -c voided)"
refuse "void without a reason" 2 s void "$ev"
same "a voided record is not listed" 0 "$(s --json list evidence name=empty.txt | jq length)"
same "unless asked for" 1 "$(s --json list evidence name=empty.txt --voided | jq length)"

printf '%s\n' '{"do":"new","type":"sample","case":"BJ-1","as":"$s","set":{"audit":"'"$audit"'","clause":"B3","result":"conform"}}' \
  '{"do":"attach","record":"$s","file":"photo.jpg"}' '{"do":"set","record":"$s","set":{"note":"好"},"why":"补记"}' > lines
same "apply prints an id a line" 3 "$(s apply lines | wc -l)"
before=$(s --json list sample | jq length)
(cat lines; echo '{"do":"set","record":"$nobody","set":{"note":"x"}}') > bad-lines
refuse "apply with a bad line" 3 s apply bad-lines
same "keeps nothing of it" "$before" "$(s --json list sample | jq length)"

same "shell answers many lines" 2 "$(printf 'list finding\nlist organisation\n' | s shell | wc -l)"
same "rebuild folds the same" "$(s --json list finding | sha256sum)" "$(s rebuild > /dev/null; s --json list finding | sha256sum)"
check "verify is content" s verify
same "json is one document" 1 "$(s --json list finding | jq -s length)"
same "control characters are shown, not sent" 0 "$(s set "$finding" "root_cause=$(printf 'x\033[31mred')" > /dev/null; s show "$finding" | grep -c $'\033')"
for word in 华安 项目部 zhang@example BJ-1 finding photo.jpg 现场; do
  same "no '$word' in the store's bytes" 0 "$(grep -r -l -a -F "$word" zhang | wc -l)"
done
for command in $(s --help | awk '/^  [a-z]/ {print $1}' | sort -u); do check "$command --help" s "$command" --help; done
done_testing
