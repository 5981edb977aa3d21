#!/usr/bin/env bash
# The calendar of a client, recorded in order from application to renewal, on a kit and from the hub's index.
. "$(dirname "$0")/../lib.sh"
. "$HERE/client.sh"
as() { local who=$1; shift; s --store "$who" "$@"; }
quiet() { "$@" > /dev/null; }

# An admin who leads the audits, and headquarters, who records and decides.
kit chen; kit hq
as chen whoami --request > chen.request; as hq whoami --request > hq.request
check "a hub" s hub init hub --name HQ --admin chen.request
check "its admin joins" as chen join hub
check "headquarters is enrolled" as chen hub enrol hub hq.request --roles headquarters,decider,reviewer,leader,auditor -o hq.enrol
check "and joins" as hq join hq.enrol
mkdir stick
round() { quiet as hq sync stick; quiet s hub sync hub stick; quiet as hq sync stick; }
check "the register travels" round
export SATCHEL_STORE=hq
leader=$(s --json list person name=chen | jq -r '.[0].id')
leader=register:$leader

# at DAY WHAT [CASE]: "due state rule" of the items of a kind.
at() { s --json calendar --case "${3:-BJ-1}" --on "$1" | jq -r --arg what "$2" '[.[]|select(.what==$what)|"\(.due) \(.state) \(.rule)"]|join(", ")'; }

# certified CASE DAY [FIELD of the application]: from the application to the certificate, whose id it prints.
LEADER=$leader
certified() {
  local C=$1 day=$2 app onsite; shift 2
  quiet client_open
  app=$(client_apply initial 2024-01-08 3)
  [ $# = 0 ] || quiet s set "$app" "$@"
  quiet client_document "$app" 2024-02-18 2024-02-20
  onsite=$(client_onsite "$app" 2024-03-04 2024-03-07)
  quiet s submit --audit "$onsite" --on 2024-03-07
  client_grant "$app" "$onsite" "$day"
}

same "without cases nothing is due" "[]" "$(s --json calendar --on 2024-03-25)"
same "and it says so" "nothing is due, overdue or proposed" "$(s calendar --on 2024-03-25)"
same "in Chinese too" "没有到期、逾期或建议事项" "$(s --lang zh calendar --on 2024-03-25)"

cert=$(certified BJ-1 2024-03-25)
same "example 1: the first surveillance" "2025-03-25 upcoming 6.3.1" "$(at 2024-03-25 surveillance)"
same "example 1: the renewal application" "2026-12-24 upcoming 7.2.1" "$(at 2024-03-25 renewal-application)"
same "example 1: the end" "2027-03-24 upcoming 7.2.1" "$(at 2024-03-25 valid-to)"
same "an item is whole" "surveillance BJ-1 $cert WAL-BJ-1 null" \
  "$(s --json calendar --case bj-1 --on 2024-03-25 | jq -r '.[0]|"\(.what) \(.case) \(.certificate) \(.number) \(.record)"')"
same "nothing before the certificate" "" "$(at 2024-03-24 surveillance)"

audit=$(s new audit --case BJ-1 kind=surveillance start=2025-02-28 end=2025-03-01 leader="$leader" certificates+="$cert")
same "information three months before" "2024-11-28 upcoming 6.3.2" "$(at 2024-05-01 surveillance-info)"
quiet s new surveillance-info --case BJ-1 audit="$audit" received=2024-11-20 changes=无 self_assessment=符合
same "is done once it has come" "2024-11-28 due 6.3.2|" "$(at 2024-11-19 surveillance-info)|$(at 2024-11-20 surveillance-info)"
same "due from ninety days before" "upcoming due" "$(for d in 2024-12-24 2024-12-25; do at $d surveillance; done | cut -d' ' -f2 | xargs)"
same "overdue, and suspension proposed" "2025-03-25 overdue 6.3.1|2025-03-26 proposed 7.2.3 (2)" "$(at 2025-03-26 surveillance)|$(at 2025-03-26 suspend)"
same "withdrawal after six months" "2025-09-26 proposed 7.2.6 (1)" "$(at 2025-09-26 withdrawal)"
quiet s set "$audit" result=pass
same "the next one once it was held" "2026-06-01 upcoming 6.3.1" "$(at 2025-03-01 surveillance)"

finding=$(s new finding --case BJ-1 audit="$audit" clause=B2 grade=major fact=未按程序实施 due=2025-05-31)
same "a major proposes suspension" "2025-03-01 proposed 7.2.3 (4)" "$(at 2025-03-02 suspend)"
same "and is to be closed" "2025-05-31 due 6.3.4" "$(at 2025-05-31 finding-due)"
decision=$(s new decision --case BJ-1 certificate="$cert" audit="$audit" date=2025-03-10 outcome=suspend reason=严重不符合)
suspension=$(s new suspension --case BJ-1 certificate="$cert" decision="$decision" from=2025-03-10 reason=major measures=整改)
same "suspended: usual end and maximum" "2025-06-10 due 7.2.3|2025-09-10 upcoming 7.2.3" "$(at 2025-03-12 suspension-end)|$(at 2025-03-12 suspension-max)"
same "no more proposal" "" "$(at 2025-03-10 suspend)"
same "withdrawal where nothing was verified" "2025-09-11 proposed 7.2.6 (2)" "$(at 2025-09-11 withdrawal)"
quiet s set "$suspension" verified=2025-06-01
quiet s set "$finding" closed=2025-06-01
quiet s new decision --case BJ-1 certificate="$cert" date=2025-06-03 outcome=restore reason=验证通过
quiet s set "$suspension" restored=2025-06-03
same "restored: nothing of it is left" "||" "$(at 2025-06-03 suspension-end)|$(at 2025-09-11 withdrawal)|$(at 2025-06-03 finding-due)"

quiet certified BJ-2 2024-05-06
same "all cases, by day" "2025-03-25 BJ-1,2025-05-06 BJ-2" \
  "$(s --json calendar --on 2024-06-01 | jq -r '[.[]|select(.what=="surveillance")|"\(.due) \(.case)"]|join(",")')"
same "sorted by day" true "$(s --json calendar --on 2025-06-03 | jq '[.[].due] == ([.[].due]|sort)')"
s calendar --on 2026-01-01 > text
same "people read first what presses" "overdue, 240 days late" "$(head -n 1 text | grep -o 'overdue, 240 days late')"
same "days left" 1 "$(grep -c '151 days left.*surveillance.*BJ-1.*WAL-BJ-1.*\[6.3.1\]' text)"
same "in Chinese" 1 "$(s --lang zh calendar --on 2026-01-01 | grep -c '2025-05-06 *逾期 240 天 *监督审核 *BJ-2 华安[^ ]* *WAL-BJ-2 *\[6.3.1\]')"
same "lapsed" "2027-03-25 proposed 7.2.1" "$(at 2027-03-25 lapse)"

# Only the first ones, which press most; and how many there are in all.
s --json calendar --on 2026-01-01 > all
limited() { s --json calendar --on 2026-01-01 --limit "$1" | jq -c "$2"; }
same "the first ones" "$(jq -c '.[:5]' all)" "$(limited 5 .dates)"
same "how many there are in all" "$(jq -c 'reduce .[] as $x ({proposed: 0, overdue: 0, due: 0, upcoming: 0}; .[$x.state] += 1) | to_entries | sort_by(.key)' all)" \
  "$(limited 1 '.of | to_entries | sort_by(.key)')"
same "more than there are is all" "$(jq length all)" "$(limited 999 '.dates | length')"
same "none is none" '[]' "$(limited 0 .dates)"
s calendar --on 2026-01-01 --limit 2 > text
same "people read the first lines" 2 "$(grep -c '^20' text)"
same "what presses among them" 2 "$(grep -c 'overdue\|proposed' text)"
same "and how many more there are" "$(($(jq length all) - 2)) more dates" "$(tail -n 1 text)"
same "none more" 0 "$(s calendar --on 2026-01-01 --limit 999 | grep -c 'more dates')"
refuse "a limit that is no number" 2 s calendar --limit few

refuse "a day that does not exist" 2 s calendar --on 2025-02-29
refuse "no day at all" 2 s calendar --on tomorrow
refuse "a case that is not there" 3 s calendar --case BJ-9 --on 2025-01-01
check "today" s calendar
check "of one case" s calendar --case BJ-1

# The hub says the same, from its index.
check "all of it travels" round
alike() {
  local d
  for d in 2024-03-24 2024-03-25 2024-12-25 2025-03-02 2025-03-12 2025-06-03 2025-11-07 2026-03-01 2027-03-25; do
    [ "$(s --json calendar --on $d)" = "$(s --json hub calendar hub --on $d)" ] || { echo "on $d"; return 1; }
  done
}
check "the hub's calendar is the kit's" alike
same "the first of them, too" "$(s --json calendar --on 2026-01-01 --limit 3)" "$(s --json hub calendar hub --on 2026-01-01 --limit 3)"
same "of one case" "$(s --json calendar --case BJ-2 --on 2025-01-01)" "$(s --json hub calendar hub --case bj-2 --on 2025-01-01)"
refuse "which must be there" 3 s hub calendar hub --case BJ-9
refuse "on a day that exists" 2 s hub calendar hub --on 2025-13-01
same "in words too" 1 "$(s hub calendar hub --on 2026-01-01 | grep -c 'overdue, 240 days late *surveillance *BJ-2')"
history=$(s --json hub history hub "$cert")
rm hub/index.db
quiet s set "$cert" note=旧证书
quiet as chen set "${leader#register:}" note=组长
quiet as chen sync stick
check "bundles of the case and the register meet no index" round
same "the case is indexed whole" 2 "$(s --json hub history hub "$cert" | jq length)"
check "and its calendar" alike
if command -v sqlite3 > /dev/null; then
  sqlite3 hub/index.db 'PRAGMA user_version=1; DROP TABLE span'
  check "an index of before is made anew" alike
  same "all of it" 2 "$(s --json hub history hub "$cert" | jq length)"
else
  skip "an old index: no sqlite3"
fi

# Another scheme of the register: 6 months instead of 12 until the first surveillance, and no rebuild.
check "the scheme is written out" as chen form export half
jq '.parameters.first_surveillance_months = 6 | .parameters.remind_days = 30' half/scheme.json > changed && mv changed half/scheme.json
half=$(as chen --json import half | jq -r .id)
quiet as chen sync stick
check "and travels" round
certified BJ-3 2024-05-06 "scheme=register:$half" > cert3
check "as a case does that follows it" round
same "its own number" "2024-11-06 upcoming 6.3.1" "$(at 2024-10-06 surveillance BJ-3)"
same "and its own reminder" "2024-11-06 due 6.3.1" "$(at 2024-10-07 surveillance BJ-3)"
same "beside the one that ships" "2025-05-06 upcoming 6.3.1" "$(at 2024-10-07 surveillance BJ-2)"
check "at the hub too" alike
rm hub/index.db
check "and from an index made anew" alike
same "history was there before" 1 "$(echo "$history" | jq length)"

done_testing
