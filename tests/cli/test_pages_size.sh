#!/usr/bin/env bash
# What a browser loads of the pages is small: at most 300 KB in all before compression, the Chinese table apart; and nothing in
# it is asked for elsewhere.
. "$(dirname "$0")/../lib.sh"
pages=$HERE/../field/ui/pages
total=$(cat "$pages"/* | wc -c)
check "the pages are $total bytes, at most 300,000" [ "$total" -le 300000 ]
check "there are pages" [ "$total" -gt 50000 ]
same "no address of another server" "" "$(grep -rnoE "(https?:)?//[a-z0-9.-]+\.[a-z]{2,}[^ ]*" "$pages" | grep -vE "www.w3.org|hub.example")"
done_testing
