#!/usr/bin/env python3
"""Every literal that people read stands in forms/messages.tsv, with the same conversions in the same order.

Reads the C sources for T("…"), N_("…"), err_set, err_within and err_system, and the pages' scripts for t("…"), N("…") and
many(n, "one", "several"), where {name} stands for a value; prints what the table lacks, what it has for
nothing, pairs whose conversions differ, and a table out of order (it is sorted by the bytes of the English text). With --missing prints only the lacking English lines."""
import json
import pathlib
import re
import sys

TOP = pathlib.Path(__file__).resolve().parents[2]
CALL = re.compile(r'\b(T|N_|err_set|err_within|err_system)\(\s*(?:[^";()]*?,\s*)??((?:"(?:[^"\\]|\\.)*"\s*)+)', re.S)
LITERAL = re.compile(r'"((?:[^"\\]|\\.)*)"')
PAGE_CALL = re.compile(r'\b(?:t|N)\(\s*("(?:[^"\\]|\\.)*")')
PAGE_COUNT = re.compile(r'\bmany\([^"\n]*?,\s*("(?:[^"\\]|\\.)*"),\s*("(?:[^"\\]|\\.)*")\)')
PLACE = re.compile(r"\{\w+\}")
CONVERSION = re.compile(r'%[-+ #0]*(?:\d+|\*)?(?:\.(?:\d+|\*))?(?:hh|h|ll|l|z|j)?[diouxXcsfgeGpn%]')
SIMPLE = {"n": "\n", "t": "\t", '"': '"', "\\": "\\"}


def unescape(s):
    return re.sub(r"\\(.)", lambda m: SIMPLE.get(m.group(1), "\\" + m.group(1)), s)


def literals():
    found = {}
    for path in sorted([*TOP.glob("sync/**/*.c"), *TOP.glob("field/**/*.c"), *TOP.glob("sync/**/*.h"), *TOP.glob("field/**/*.h")]):
        source = re.sub(r"/\*.*?\*/", "", path.read_text(), flags=re.S)
        for m in CALL.finditer(source):
            text = "".join(unescape(s) for s in LITERAL.findall(m.group(2)))
            if re.search(r"[A-Za-z]", CONVERSION.sub("", text)):
                found.setdefault(text, path.relative_to(TOP))
    for path in sorted(TOP.glob("field/ui/pages/**/*.js")):
        for m in PAGE_CALL.finditer(path.read_text()):
            found.setdefault(json.loads(m.group(1)), path.relative_to(TOP))
        for m in PAGE_COUNT.finditer(path.read_text()):
            for text in m.groups():
                found.setdefault(json.loads(text), path.relative_to(TOP))
    return found


def same_conversions(english, chinese):
    return CONVERSION.findall(english) == CONVERSION.findall(chinese) and sorted(PLACE.findall(english)) == sorted(PLACE.findall(chinese))


def table():
    pairs = {}
    for number, line in enumerate((TOP / "forms/messages.tsv").read_text().splitlines(), 1):
        english, tab, chinese = line.partition("\t")
        if not tab or not chinese:
            sys.exit(f"messages.tsv:{number}: not English, a tab, Chinese")
        if english in pairs:
            sys.exit(f"messages.tsv:{number}: twice: {english}")
        pairs[english] = chinese
    return pairs


def main():
    used, pairs = literals(), table()
    if "--missing" in sys.argv:
        print("\n".join(t for t in used if t not in pairs))
        return
    passed = failed = 0
    for text, path in used.items():
        chinese = pairs.get(text)
        if chinese is None:
            print(f"FAILED: {path}: no Chinese for: {text}")
        elif not same_conversions(text, chinese):
            print(f"FAILED: {path}: other conversions: {text} / {chinese}")
        else:
            passed += 1
            continue
        failed += 1
    if list(pairs) != sorted(pairs, key=str.encode):
        print("FAILED: messages.tsv is not sorted")
        failed += 1
    for text in pairs:
        if text not in used:
            print(f"FAILED: messages.tsv has a text that no source uses: {text}")
            failed += 1
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


main()
