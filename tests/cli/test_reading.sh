#!/usr/bin/env bash
# What people read: records by the names that people use, lists that tell at a glance, what to do next, lines that fit a terminal.
. "$(dirname "$0")/../lib.sh"
. "$HERE/client.sh"

kit chen
export SATCHEL_STORE=chen
C=BJ-1
client_leader
check "a case" client_open
app=$(client_apply initial 2024-01-08 3)
doc=$(client_document "$app" 2024-02-19 2024-02-20)
audit=$(client_onsite "$app" 2024-03-04 2024-03-07)
told() { local want=$1; shift; "$@" 2>&1 | grep -qF -- "$want"; }
field() { s --json show "$1" | jq -r ".fields.$2"; }

# ---- records by the names that people use ----
sample=$(s new sample --case $C audit="$audit" clause=B2 result=一般不符合 department=D3 site=总部)
same "a department by its code" "$(client_id department code=D3)" "$(field "$sample" department)"
same "a site by its name" "$(client_id site)" "$(field "$sample" site)"
check "a person by the name" s set "$audit" team+=组长
same "who is in the register" true "$(field "$audit" "\"team.$LEADER\"")"
refuse "a department that nobody has recorded" 3 s set "$sample" department=D9
same "says where to look" 1 "$(grep -c "Department: none is called 'D9'; 'satchel list department'" err)"
check "a second site of that name" s new site --case $C name=总部 kind=office address=x
refuse "of two by one name neither is taken" 3 s set "$sample" site=总部
same "and both are named" 2 "$(grep -o 'site/k[a-z0-9-]*' err | sort -u | wc -l)"
s void "$(client_id site)" --why 重复 > /dev/null
check "one that is voided is out of the way" s set "$sample" site=总部
refuse "a number that is none" 3 s set "$app" level=三级
same "the field is named once" 1 "$(grep -o level err | wc -l)"

refuse "what a type needs from the start" 3 s new complaint --case $C kind=complaint received=2024-04-01
same "is told as people call it, with its field" 1 "$(grep -c 'Complaint or appeal needs .*=…$' err)"
change=$(s new application --case $C kind=change received=2024-05-01 change_of+=组织名称)
same "a choice in a set is shown by the label it was given by" 1 "$(s --lang zh show "$change" | grep -c '变更事项 *组织名称$')"
s void "$change" --why 演练 > /dev/null

mistyped=$(s new application --case $C kind=extension directions+=漏洞扫描)
same "a direction that the scheme does not have is told, with those that it has" 1 "$(s show "$mistyped" | tr -d '\n' | grep -c '漏洞扫描.*风险评估, *应急响应')"
s void "$mistyped" --why 误录 > /dev/null

# ---- lists ----
open=$(s new finding --case $C audit="$audit" clause=B2 department=D3 grade=minor fact=无复核签字 due=2024-06-01)
closed=$(s new finding --case $C audit="$audit" clause=A4 department=D2 grade=minor fact=证书过期 due=2024-06-01 closed=2024-04-01)
at() { s --json list finding --case $C --on "$1" "${@:2}" | jq -r '[.[].id]|join(" ")'; }
same "by state" "$open" "$(at 2024-05-01 state=open)"
same "late, it is in another" "$open" "$(at 2024-06-02 state=overdue)"
same "by several" "$open $closed" "$(at 2024-05-01 state=open,closed)"
same "with a field" "" "$(at 2024-05-01 state=open grade=major)"
same "in words" "$closed" "$(s --lang zh --json list finding --case $C --on 2024-05-01 state=已关闭 | jq -r '.[].id')"
refuse "of what has no state" 3 s list meeting state=open
check "clause, department, grade, fact, state and day" told "B2  D3  项目部  Minor nonconformity  无复核签字  — open  Due 2024-06-01" \
  s list finding --case $C --on 2024-05-01
check "a sample with its department and site" told "B2  D3  项目部  总部  Minor" s list sample --case $C
check "a programme with what it is of" told "Initial certification  2024-01-08" s list programme --case $C

# ---- what to do next ----
check "on site" told "satchel check --audit $audit" s show "$audit" --on 2024-03-05
check "before it" told "satchel plan --audit $audit" s show "$audit" --on 2024-03-01
check "open" told "root_cause=" s show "$open" --on 2024-05-01
no_next() { ! told "Next step" s show "$closed" --on 2024-05-01; }
check "closed: nothing" no_next
same "for people only" false "$(s --json show "$audit" | jq 'has("next")')"
s submit --audit "$audit" --on 2024-03-07 > out
same "what was refused is said" "not submitted: settle these first" "$(tail -n 1 out)"
refuse "who audited" 3 s new decision --case $C outcome=grant date=2024-03-25 reason=x audit="$audit" application="$app" decided_by="$LEADER"
same "is told by name" 1 "$(grep -c '组长 (person/' err)"

# ---- the calendar of a month ----
for f in "$open" "$closed"; do s void "$f" --why 演练 > /dev/null; done
s void "$sample" --why 演练 > /dev/null
s submit --audit "$audit" --on 2024-03-07 > out
cert=$(client_grant "$app" "$audit" 2024-03-25)
due() { s --json calendar --on "$1" --until "$2" | jq -r '[.[].what]|unique|join(" ")'; }
same "nothing this month" "" "$(due 2025-02-01 2025-02-28)"
same "in that of the surveillance" "surveillance" "$(due 2025-03-01 2025-03-31)"
same "the last day is in it" "surveillance" "$(due 2025-03-01 2025-03-25)"
same "the day before is not" "" "$(due 2025-03-01 2025-03-24)"
same "what is overdue stays" "surveillance suspend" "$(due 2025-04-01 2025-04-30)"
refuse "until a day that is none" 2 s calendar --until 2025-02-30
check "with the organisation" told "BJ-1 华安网络  WAL-BJ-1" s calendar --on 2025-03-01
check "a list of certificates tells their end" told "valid  Valid to 2027-03-24" s list certificate --case $C --on 2024-06-01

# ---- lines that fit ----
cat > narrow.py << 'PY'
import fcntl, os, pty, struct, sys, termios, time
pid, fd = pty.fork()
if pid == 0:
    time.sleep(0.2)
    os.execvp(sys.argv[2], sys.argv[2:])
fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", 24, int(sys.argv[1]), 0, 0))
out = b""
while True:
    try:
        part = os.read(fd, 65536)
    except OSError:
        break
    if not part:
        break
    out += part
sys.stdout.write(out.decode().replace("\r\n", "\n"))
PY
cat > widest.py << 'PY'
import sys, unicodedata
print(max(sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in line.rstrip("\n")) for line in sys.stdin))
PY
if command -v python3 > /dev/null; then
  narrow() { python3 narrow.py "$@"; }
  fits() { local n; n=$(narrow 80 "$SATCHEL" "$@" | python3 widest.py); [ "$n" -le 80 ] || { echo "$n columns"; false; }; }
  for lang in zh en; do
    check "the help fits ($lang)" fits --lang $lang --help
    check "that of a command ($lang)" fits --lang $lang new --help
    check "a form ($lang)" fits --lang $lang form show decision
    check "a plan ($lang)" fits --lang $lang plan --case $C --on 2025-01-01
    check "the calendar ($lang)" fits --lang $lang calendar --on 2025-04-01
    check "a check ($lang)" fits --lang $lang check --case $C --on 2025-04-01
    one_line() { s --lang $lang form show decision | tr -d ' \n'; }
    same "and nothing is lost ($lang)" "$(one_line)" "$(narrow 80 "$SATCHEL" --lang $lang form show decision | tr -d ' \n')"
  done
else
  skip "lines that fit: no python3"
fi
long() { s form show audit | awk 'length > 100' | grep -q .; }
check "what goes to a file is not broken" long
done_testing
