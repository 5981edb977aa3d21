#!/usr/bin/env bash
# Forms as people see them: what is required when, and who writes it; what is missing refuses no save.
. "$(dirname "$0")/../lib.sh"
zh() { "$SATCHEL" --lang zh "$@"; }
kit me
line() { grep -E "^. $1 " out; }

check "a form in English" s form show audit
same "who writes it" 1 "$(grep -c '^written by: Headquarters, Team leader$' out)"
same "a field that is required at times" 1 "$(line mode_reason | grep -c '^? .*; required where mode is other (Other method)$')"
same "or by several values" 1 "$(line onsite_technical | grep -c 'kind is onsite (On-site audit) or recertification (Recertification)$')"
same "or by a yes" 1 "$(s form show sample | grep -c '^? resample_reason .*; required where resampled is yes$')"
same "and one that some may set only" 1 "$(line submitted | grep -c "; set by Team leader only\$")"
check "a form with two conditions" s form show finding
same "both are told" 1 "$(line root_cause | grep -c 'required where grade is major (Major nonconformity) or minor (Minor nonconformity) and closed is given$')"
check "one that asks for what is not there" s form show disclosure
same "is told" 1 "$(line notified | grep -c 'required where legal_exception is not given$')"
check "a form in Chinese" zh form show finding
same "its writers" 1 "$(grep -c '^填写角色：总部, 审核组长, 审核员$' out)"
same "its conditions" 1 "$(line root_cause | grep -c '；在 grade 为 major (严重不符合) 或 minor (一般不符合)，且 closed 已填写 时必填$')"
same "writers of a field" 1 "$(line grade | grep -c '；仅由审核组长, 审核员填写$')"
for type in $(s --json form list | jq -r '.[].type'); do
  same "$type has no English left in Chinese" 0 "$(zh form show "$type" | grep -cE 'required where|set by|written by')"
done
check "for machines it is the form itself" s --json form show audit
same "with its conditions" '{"field":"mode","is":["other"]}' "$(jq -c '.fields[] | select(.name == "mode_reason") | .required_if' out)"

check "without a type it is all of them, for machines" s --json form show
same "as the list has them, in its order" "$(s --json form list | jq -r '[.[].type] | join(" ")')" "$(jq -r '[.[].form] | join(" ")' out)"
same "each whole" "$(s --json form show finding | jq -cS .)" "$(jq -cS '.[] | select(.form == "finding")' out)"
same "for people it is the list" "$(s form list)" "$(s form show)"

check "the scheme, for machines" s --json form scheme
same "its clauses, with their groups" '13 A1 BQ 法律地位' "$(jq -r '.catalogue.clauses as $c | "\([$c[] | select(.group | not)] | length) \($c[1].id) \($c[1].parent) \($c[1].title_zh)"' out)"
same "its levels, and that the catalogue is a sample" '4 true' "$(jq -r '"\(.scheme.levels | length) \(.catalogue.sample)"' out)"
check "for people" s form scheme
same "decisive clauses are marked" 2 "$(grep -c ' \*$' out)"

check "a case" s --store me new organisation --case BJ-1 name=华安
same "a case's scheme" bjcsa-02-2022 "$(s --store me --json form scheme --case BJ-1 | jq -r .scheme.name)"
same "and the forms that it is written with" audit "$(s --store me --json form show audit --case BJ-1 | jq -r .form)"
check "what is required at times refuses no save" s --store me new audit --case BJ-1 kind=surveillance mode=other
echo '{"form":"x","in":"case","writers":["auditor"],"fields":[{"name":"a","type":"text","required_if":{"field":"b","is_set":true}}]}' > faulty.json
refuse "a condition on a field that is not there" 3 s form check faulty.json
done_testing
