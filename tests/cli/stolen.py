"""The words of test_stolen.sh, and the search for them.

  stolen.py plant SEED FOLDER        writes FOLDER/words (one a line), files of evidence, and two files for `satchel apply`
  stolen.py search WORDS FOLDER…     prints how many of the words are found in names and bytes, as they are and as anybody
                                     can turn them: other encodings, inflated from wherever a stream may begin, base64
"""
import base64, binascii, hashlib, json, os, random, re, subprocess, sys, tempfile, zlib

BIG = 1500000  # bytes of one piece of evidence, whose upload breaks off
CASES, PEOPLE, SITES, FILES, FACTS, WITHIN = 10, 10, 60, 120, 600, 200


def word(r, chinese):  # a case is named in ASCII
    if chinese:
        return "".join(chr(r.randrange(0x4E00, 0x9FA5)) for _ in range(4))
    return "".join(r.choice("bcdfghjklmnpqrstvwxz") + r.choice("aeiou") for _ in range(5))


def lines(path, of):
    with open(path, "w") as f:
        for line in of:
            f.write(json.dumps(line, ensure_ascii=False) + "\n")


def plant(seed, folder):
    r = random.Random(seed)
    words = [word(r, i >= CASES and i % 2 == 0) for i in range(CASES + PEOPLE + SITES + FILES + FACTS + WITHIN)]
    assert len(set(words)) == len(words) == 1000
    it = iter(words)
    take = lambda n: [next(it) for _ in range(n)]
    cases, people, sites, files, facts, within = (take(n) for n in (CASES, PEOPLE, SITES, FILES, FACTS, WITHIN))
    os.makedirs(folder + "/evidence")
    paths = []
    for i, name in enumerate(files):
        paths.append(f"{folder}/evidence/{name}.txt")
        filler = r.randbytes(2000 + 20 * i if i else BIG).hex() if i % 3 or i == 0 else ""
        inside = within[i::len(files)]
        with open(paths[-1], "w") as f:
            f.write(" ".join(inside) + "\n" + filler + "\n" + "，".join(inside) + "\n")
    lines(folder + "/cases.jsonl", ({"do": "new", "type": "organisation", "case": c, "set": {"name": c}} for c in cases))
    work = [{"do": "new", "type": "site", "case": cases[i % CASES], "set": {"name": s}} for i, s in enumerate(sites)]
    work += [{"do": "new", "type": "audit", "case": c, "as": f"$a{i}", "set": {"kind": "onsite", "start": "2026-11-20"}}
             for i, c in enumerate(cases)]
    for i in range(0, len(facts), 2):
        n = i // 2
        work.append({"do": "new", "type": "finding", "case": cases[n % CASES], "as": f"$f{n}",
                     "set": {"audit": f"$a{n % CASES}", "clause": "B2", "grade": "minor", "fact": facts[i]}})
        work.append({"do": "set", "record": f"$f{n}", "set": {"root_cause": facts[i + 1]}, "why": facts[i + 1]})
    work += [{"do": "attach", "record": f"$f{i}", "file": p} for i, p in enumerate(paths)]
    lines(folder + "/work.jsonl", work)
    for name, of in (("words", words), ("cases", cases), ("people", people)):
        with open(f"{folder}/{name}", "w") as f:
            f.write("\n".join(of) + "\n")
    with open(folder + "/hashes", "w") as f:
        f.writelines(hashlib.sha256(open(p, "rb").read()).hexdigest() + "\n" for p in paths)


def needles(words):
    """Each way to write it -> the word."""
    ways = {}
    for w in words:
        for b in (w.encode(), w.encode("utf-16-le"), w.encode("utf-16-be"), w.encode("gb18030"),
                  json.dumps(w)[1:-1].encode(), w.encode().hex().encode(), w.upper().encode(), w.capitalize().encode(),
                  "".join(f"%{x:02X}" for x in w.encode()).encode()):
            ways[b] = w
        if re.fullmatch("[0-9a-f]{64}", w):
            ways[bytes.fromhex(w)] = w
    return ways


def inflated(data):
    """Whatever inflates: gzip and zlib streams by their first bytes, at any place."""
    for m in re.finditer(rb"\x1f\x8b\x08|\x78[\x01\x5e\x9c\xda]", data):
        d = zlib.decompressobj(47)
        try:
            out = d.decompress(data[m.start():], 1 << 24)
        except zlib.error:
            continue
        if len(out) > 3:
            yield out


def unbased(data):
    for m in re.finditer(rb"[A-Za-z0-9+/_-]{12,}", data.replace(b"\n", b"").replace(b"\r", b"")):
        run = m.group().translate(bytes.maketrans(b"-_", b"+/"))
        for skip in range(4):
            part = run[skip:]
            try:
                yield base64.b64decode(part[:len(part) // 4 * 4])
            except binascii.Error:
                pass


def turned(data, depth=2):
    """The bytes, and what anybody can make of them."""
    yield data
    if depth:
        for out in inflated(data):
            yield from turned(out, depth - 1)
        for out in unbased(data):
            yield from turned(out, depth - 1) if out[:3] == b"\x1f\x8b\x08" else (out,)


def all_bytes(folders, counts):
    seen = set()
    for folder in folders:
        for top, names, leaves in os.walk(folder):
            for name in names + leaves:
                yield from turned(name.encode(), 1)
            for name in leaves:
                data = open(os.path.join(top, name), "rb").read()
                counts[0], counts[1], digest = counts[0] + 1, counts[1] + len(data), hashlib.sha256(data).digest()
                if digest not in seen:
                    yield from turned(data)
                seen.add(digest)


def search(words, folders):
    """grep looks for all of them at once; a way to write one that holds a line's end is left to the others."""
    ways = {way: word for way, word in needles(words).items() if b"\n" not in way}
    counts = [0, 0]
    with tempfile.NamedTemporaryFile() as patterns, tempfile.NamedTemporaryFile() as dump:
        patterns.write(b"\n".join(ways) + b"\n")
        for data in all_bytes(folders, counts):
            dump.write(data + b"\n")
        patterns.flush()
        dump.flush()
        out = subprocess.run(["grep", "-aoFf", patterns.name, dump.name], stdout=subprocess.PIPE, env={**os.environ, "LC_ALL": "C"})
    assert out.returncode in (0, 1)
    found = {ways[line] for line in out.stdout.split(b"\n") if line}
    for w in sorted(found)[:5]:
        print(f"found {w}", file=sys.stderr)
    print(f"{len(found)} of {len(words)} in {counts[0]} files of {counts[1]} bytes")


if sys.argv[1] == "plant":
    plant(int(sys.argv[2]), sys.argv[3])
else:
    search(open(sys.argv[2]).read().split(), sys.argv[3:])
