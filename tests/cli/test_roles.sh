#!/usr/bin/env bash
# The role matrix on the kit: each type and each restricted field of tests/roles.tsv, by seven kits with one role each. What a
# role may not is refused with status 3 and saves nothing; what it may is taken by its kit, and by the hub after it.
. "$(dirname "$0")/../lib.sh"
TABLE=$HERE/roles.tsv
as() { local who=$1; shift; s --store "$who" "$@"; }
quiet() { "$@" > /dev/null; }
declare -A role=([F]=auditor [L]=leader [H]=headquarters [R]=reviewer [D]=decider [E]=expert [A]=admin)
order="F L H R D E A"
declare -A there # type -> the record of it that the founder made

# filled JSON: "$type" becomes the link to the record of it that is there.
filled() {
  local set=$1 type
  while [[ $set =~ \$([a-z-]+) ]]; do type=${BASH_REMATCH[1]}; set=${set//\"\$$type\"/\"${there[$type]}\"}; done
  printf '%s' "$set"
}
link() { case $1 in person/*|kit/*|hub/*|scheme/*|catalogue/*) echo "register:$1" ;; *) echo "$1" ;; esac; }
# make KIT TYPE SET: its id. Evidence is made of a file; an organisation opens a case of its own; the register needs no case.
make() {
  local case=BJ-1
  case $2 in
    evidence) as "$1" attach x.txt --to "${there[audit]}"; return ;;
    organisation) case=ORG-$1 ;;
    person|kit|hub|scheme|catalogue) case=register ;;
  esac
  jq -cn --arg type "$2" --arg case "$case" --argjson set "$(filled "$3")" '{do: "new", type: $type, case: $case, set: $set}' |
    as "$1" apply -
}
# put KIT TYPE.FIELD SET
put() {
  local id=${there[${2%.*}]#register:}
  if [ "${2#*.}" = void ]; then as "$1" void "$id" --why x; return; fi
  jq -cn --arg record "$id" --argjson set "$(filled "$3")" '{do: "set", record: $record, set: $set}' | as "$1" apply -
}
try() { case $2 in *.*) put "$@" ;; *) make "$@" ;; esac; }
rows() { grep -v '^#' "$TABLE"; }
may() { case $2 in *$1*) return 0 ;; *) return 1 ;; esac; }

echo "seen on site" > x.txt
mkdir stick
for k in chen ${role[*]}; do kit $k; as $k whoami --request > $k.request; done
quiet s hub init hub --name HQ --admin chen.request
quiet as chen join hub
quiet as chen hub enrol hub chen.request --roles auditor,leader,reviewer,decider,expert -o chen.enrol
quiet as chen new organisation --case BJ-1 name=华安
round() { for k in "$@"; do quiet as $k sync stick; done; quiet s hub sync hub stick; for k in "$@"; do quiet as $k sync stick; done; }
round chen
while IFS=$'\t' read -r what _ _ set; do
  case $what in organisation|*.*) continue ;; esac
  there[$what]=$(link "$(make chen "$what" "$set")")
done < <(rows)
there[organisation]=$(as chen --json list organisation | jq -r '.[0].id')
same "there is a record of each type" "$(rows | grep -vc '^[a-z-]*\.')" "$(printf '%s\n' "${there[@]}" | grep -c /)"
for k in ${role[*]}; do
  quiet as chen hub enrol hub $k.request --roles $k --cases BJ-1 -o $k.enrol
  quiet as $k join $k.enrol
done
round chen ${role[*]}

# granted NAME COMMAND…: it is saved, or kept back by a gate of the process, which asks for no role.
granted() {
  local name=$1; shift
  if "$@" > out 2> err || grep -q ' \[[0-9][0-9.() ]*\]$\|satchel submit' err; then ok; else bad "$name"; sed 's/^/    /' err; fi
}
allowed=0 refused=0
for letter in $order; do
  k=${role[$letter]}
  before=$(sha256sum < $k/journal.db)
  while IFS=$'\t' read -r what roles _ set; do
    may "$letter" "$roles" && continue
    refuse "$what by $k" 3 try $k "$what" "$set"
    grep -q 'no role that may write this' err || bad "$what by $k: another reason: $(cat err)"
    refused=$((refused + 1))
  done < <(rows)
  same "what is refused to $k leaves nothing" "$before" "$(sha256sum < $k/journal.db)"
  while IFS=$'\t' read -r what roles _ set; do
    may "$letter" "$roles" || continue
    granted "$what by $k" try $k "$what" "$set"
    allowed=$((allowed + 1))
  done < <(rows)
done
for k in ${role[*]}; do quiet as $k sync stick; done
s hub sync hub stick > taken
same "what the kits took, the hub takes" "" "$(grep 'set apart' taken)"

# A kit whose person's time is over.
quiet as chen sync stick
leader=$(as chen --json list person email=leader@example.com | jq -r '.[0].id')
quiet as chen set "$leader" valid_to=2020-01-01
round chen leader
refuse "a leader whose time is over" 3 as leader new site --case BJ-1 name=x
same "for that reason" 1 "$(grep -c 'not enrolled on that day' err)"
echo "  kit: $allowed cells allowed, $refused refused"
done_testing
