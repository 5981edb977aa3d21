#!/usr/bin/env python3
"""The bench table: ours beside a stock tool in the same run, alternating, medians. Key derivation is kept apart by stores
whose passphrase costs next to nothing. bench.py BUILD-FOLDER [--quick]"""
import http.client
import json
import os
import pathlib
import random
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.parse

BUILD = pathlib.Path(sys.argv[1]).resolve()
QUICK = "--quick" in sys.argv
SATCHEL = str(BUILD / "satchel")
HERE = pathlib.Path(__file__).resolve().parent
PROXY = HERE.parent / "faults/proxy.py"
RUNS = 3 if QUICK else 5
MB = 1 << 20
MIX = (128 if QUICK else 1024) * MB
LARGE = (256 if QUICK else 1024) * MB
rows = []


def run(*args, store=None, stdin=None, out=subprocess.DEVNULL):
    command = [SATCHEL] + (["--store", str(store)] if store else []) + [str(a) for a in args]
    return subprocess.run(command, check=True, input=stdin, stdout=out, stderr=subprocess.PIPE)


def text(*args, store=None):
    return run(*args, store=store, out=subprocess.PIPE).stdout.decode().strip()


def shell(command):
    subprocess.run(["bash", "-c", "set -e -o pipefail; " + command], check=True, stdout=subprocess.DEVNULL)


def timed(fn):
    started = time.perf_counter()
    fn()
    return time.perf_counter() - started


def paired(what, limit, ours, theirs, before=lambda: None):
    pairs = []
    for _ in range(RUNS):
        before()
        a = timed(ours)
        before()
        pairs.append((a, timed(theirs)))
    mine, other = (statistics.median(p[i] for p in pairs) for i in (0, 1))
    report(what, f"{mine:.3f} s", f"{other:.3f} s", statistics.median(a / b for a, b in pairs), limit)


def report(what, ours, theirs, figure, limit, unit="x", at_least=False):
    good = figure >= limit if at_least else figure <= limit
    sign = ">=" if at_least else "<="
    rows.append((what, ours, theirs, f"{figure:.2f}{unit}", f"{sign} {limit}{unit}", "ok" if good else "OVER" if not at_least else "UNDER"))
    print("  ".join(rows[-1]), file=sys.stderr)


def photo_like(path, size, seed):
    rng = random.Random(seed)
    with open(path, "wb") as f:
        while size > 0:
            n = min(size, 8 * MB)
            f.write(rng.randbytes(n))
            size -= n


def text_like(path, size, seed):
    rng = random.Random(seed)
    words = [bytes(rng.choices(b"abcdefghijklmnopqrstuvwxyz", k=rng.randint(2, 9))) for _ in range(4000)]
    with open(path, "wb") as f:
        while size > 0:
            block = b" ".join(rng.choices(words, k=20000))[:size]
            f.write(block)
            size -= len(block)


def kit(work, name):
    store = work / name
    run("init", "--name", name, "--email", f"{name}@example.com", "--work-factor", 10, store=store)
    return store


def bench_attach(work):
    photo_like(work / "video.bin", LARGE, 1)
    store = kit(work, "attach")
    run("new", "organisation", "--case", "B-1", "name=x", store=store)
    org = json.loads(text("--json", "list", "organisation", store=store))[0]["id"]
    fresh = work / "fresh"

    def before():
        shutil.rmtree(fresh, ignore_errors=True)
        shutil.copytree(store, fresh)
        (work / "copy.bin").unlink(missing_ok=True)
        os.sync()

    paired(f"attach of {LARGE // MB} MiB / sha256sum + cp + sync", 1.5,
           lambda: run("attach", work / "video.bin", "--to", org, store=fresh),
           lambda: shell(f"sha256sum {work}/video.bin; cp {work}/video.bin {work}/copy.bin; sync {work}/copy.bin"), before)
    shutil.rmtree(fresh)
    for f in ("video.bin", "copy.bin"):
        (work / f).unlink()


def bench_pack(work):
    mix = work / "mix"
    mix.mkdir()
    texts = MIX // 10 // 8
    photos = (MIX - 8 * texts) // 2
    for i in range(8):
        text_like(mix / f"text{i}.txt", texts, 100 + i)
    for i in range(64):
        photo_like(mix / f"photo{i}.jpg", photos // 64, 200 + i)
    photo_like(mix / "video.mp4", photos, 300)
    store = kit(work, "pack")
    run("new", "organisation", "--case", "B-1", "name=x", store=store)
    org = json.loads(text("--json", "list", "organisation", store=store))[0]["id"]
    run("attach", *sorted(mix.iterdir()), "--to", org, store=store)
    out = work / "out"

    def before():
        shutil.rmtree(out, ignore_errors=True)
        out.mkdir()
        (work / "out.zst").unlink(missing_ok=True)
        os.sync()

    paired(f"pack of a {MIX // MB} MiB mix / tar | zstd -3, synced", 1.5,
           lambda: run("pack", "--to", "self", "--part-size", "3G", "-o", out, store=store),
           lambda: shell(f"tar c -C {work} mix | zstd -3 -q -o {work}/out.zst; sync {work}/out.zst"), before)
    paired(f"pack of a {MIX // MB} MiB mix / tar | zstd -3, not synced", 1.5,
           lambda: run("pack", "--to", "self", "--part-size", "3G", "-o", out, store=store),
           lambda: shell(f"tar c -C {work} mix | zstd -3 -q -o {work}/out.zst"), before)
    for d in (mix, out, store):
        shutil.rmtree(d)


def lines_of(count, case="B-1"):
    rng = random.Random(7)
    yield json.dumps({"do": "new", "type": "organisation", "case": case, "set": {"name": "x"}})
    yield json.dumps({"do": "new", "type": "audit", "case": case, "as": "$a", "set": {"kind": "onsite"}})
    made = []
    for i in range(count - 2):
        if len(made) < 40 or rng.random() < 0.4:
            made.append(f"$f{i}")
            yield json.dumps({"do": "new", "type": "finding", "case": case, "as": made[-1],
                              "set": {"audit": "$a", "clause": f"B{i % 4}", "grade": "minor", "fact": f"第 {i} 项记录没有复核签字，现场抽查"}})
        else:
            yield json.dumps({"do": "set", "record": rng.choice(made), "why": "现场补充",
                              "set": {"root_cause": f"原因 {i}：没有指定代理人，流程中断"}})


def bench_receive(work):
    store = kit(work, "six")
    (work / "request").write_bytes(run("whoami", "--request", store=store, out=subprocess.PIPE).stdout)
    run("hub", "init", work / "hub0", "--name", "HQ", "--admin", work / "request")
    run("join", work / "hub0", store=store)
    run("apply", "-", store=store, stdin="\n".join(lines_of(6000)).encode())
    out = work / "bundles"
    out.mkdir()
    run("pack", "-o", out, store=store)
    bundles = sorted(out.iterdir(), key=lambda p: p.stat().st_size)
    fresh, imported = work / "hub", work / "imported.git"
    run("hub", "receive", work / "hub0", bundles[0])  # the register
    for b in bundles[1:]:
        shutil.rmtree(fresh, ignore_errors=True)
        shutil.copytree(work / "hub0", fresh)
        run("hub", "receive", fresh, b)
    shell(f"git -C {fresh}/repo.git fast-export --all > {work}/history")

    def before():
        for d in (fresh, imported):
            shutil.rmtree(d, ignore_errors=True)
        shutil.copytree(work / "hub0", fresh)
        shell(f"git init -q --bare {imported}")
        os.sync()

    paired("receiving 6,000 entries / git fast-import of the history", 2.0,
           lambda: run("hub", "receive", fresh, *bundles[1:]),
           lambda: shell(f"git -C {imported} fast-import --quiet < {work}/history"), before)
    before()
    run("hub", "receive", fresh, *bundles[1:])
    record = json.loads(text("--json", "list", "finding", store=store))[3]["id"]
    v = json.loads(subprocess.run([BUILD / "bench/bench_history", fresh, record], check=True, stdout=subprocess.PIPE).stdout)
    report(f"history of one record ({v['entries']} entries) among 6,000, at the open hub", f"{v['history_ms']:.2f} ms", "",
           v["history_ms"], 10, " ms")


def git_bundles(work, count, cases):
    """As many bundles of stock git's, each of five commits of two small files, and two photos: equal to ours."""
    rng = random.Random(5)
    folder = work / "git-bundles"
    source = folder / "source.git"
    folder.mkdir()
    shell(f"git init -q --bare {source}")
    importer = subprocess.Popen(["git", "-C", source, "fast-import", "--quiet"], stdin=subprocess.PIPE)
    put = importer.stdin.write

    def file(path, data):
        put(f"M 100644 inline {path}\ndata {len(data)}\n".encode() + data + b"\n")

    for i in range(count):
        case, n = i % cases, i // cases
        for k in range(5):
            put(f"commit refs/heads/C-{case}\ncommitter a <a@x> {1700000000 + n * 5 + k} +0000\ndata 8\nfinding\n\n".encode())
            file(f"log/k{case}/{n}-{k}", rng.randbytes(250).hex().encode())
            file(f"record/finding/{n}-{k}.json", rng.randbytes(120).hex().encode())
            if k >= 3:
                file(f"evidence/{n}-{k}.jpg", rng.randbytes(300000))
        put(f"reset refs/tags/t-{i}-\nfrom refs/heads/C-{case}\n\n".encode())
    importer.stdin.close()
    if importer.wait():
        sys.exit("bench: git fast-import failed")
    for i in range(count):
        before = f"^t-{i - cases}-" if i >= cases else ""
        shell(f"git -C {source} update-ref refs/heads/now-{i % cases} t-{i}-; "
              f"git -C {source} bundle create -q {folder}/{i} now-{i % cases} {before}")
    return folder


def fetch_all(into, folder, count, cases):
    """Bundles a second, as durable as ours: git syncs a pack and its index by itself, and the branch when it is told to. Its
    upkeep, which by itself would run after each fetch, is not timed, as the hub's is not."""
    shell(f"git init -q --bare {into}")
    git = ["git", "-c", "core.fsync=all", "-c", "maintenance.auto=false", "-C", into]
    os.sync()

    def fetch():
        for i in range(count):
            subprocess.run([*git, "fetch", "-q", folder / str(i), f"now-{i % cases}:C-{i % cases}"], check=True)

    return count / timed(fetch)


def take_all(count, cases, folders, *options):
    out = subprocess.run([BUILD / "bench/bench_take", str(count), str(cases), *options], check=True, stdout=subprocess.PIPE, env={**os.environ, "KEEP": "1"})
    v = json.loads(out.stdout)
    folders.append(v["folder"])
    return v


def bench_take(work):
    """What one run has made is removed after the last: some file systems step over inodes that were freed in the last minutes,
    one by one, whenever a file is made. Git's better rate of two counts, before ours and after."""
    count, cases = (300, 30) if QUICK else (1000, 100)
    folder = git_bundles(work, count, cases)
    folders = [folder, work / "fetched-0.git", work / "fetched-1.git"]
    theirs = fetch_all(folders[1], folder, count, cases)
    runs = [take_all(count, cases, folders) for _ in range(RUNS)]
    theirs = max(theirs, fetch_all(folders[2], folder, count, cases))
    ours = statistics.median(v["bundles"] / v["seconds"] for v in runs)
    report(f"durable bundles/s from the inbox / git fetch of {count} equal git bundles", f"{ours:.1f}/s", f"{theirs:.1f}/s",
           ours / theirs, 15, at_least=True)
    report("durable bundles/s (5 entries and 2 photos of 300 KB each)", f"{ours:.1f}/s", "", ours, 100, "/s", at_least=True)
    v = take_all(count, cases, folders, "hooks")
    report("the same, with the README and the index", f"{v['bundles'] / v['seconds']:.1f}/s", "", v["bundles"] / v["seconds"], 100, "/s", at_least=True)
    v = take_all(1000, 1000, folders)
    report("serving a kit that lacks nothing, 1,000 cases", f"{v['serve_ms']:.3f} ms", "", v["serve_ms"], 1, " ms")
    for f in folders:
        shutil.rmtree(f)


def bench_open(work):
    store, empty = kit(work, "twenty"), kit(work, "empty")
    run("apply", "-", store=store, stdin="\n".join(lines_of(20000)).encode())
    full = statistics.median(timed(lambda: run("list", "organisation", store=store)) for _ in range(RUNS))
    none = statistics.median(timed(lambda: run("list", "organisation", store=empty)) for _ in range(RUNS))
    report("opening a store of 20,000 entries, first list", f"{full:.3f} s", f"empty {none:.3f} s", full - none, 1.0, " s")


def bench_save(work):
    folder = work / "save"
    folder.mkdir()
    v = json.loads(subprocess.run([BUILD / "bench/bench_save", folder, "100" if QUICK else "300"], check=True, stdout=subprocess.PIPE).stdout)
    report("a save / a bare SQLite commit", f"{v['save_ms']:.2f} ms", f"{v['bare_ms']:.2f} ms", v["ratio"], 1.5)


def bench_calendar(work):
    folder = work / "calendar"
    folder.mkdir()
    v = json.loads(subprocess.run([BUILD / "bench/bench_calendar", folder, "10000", "20000", "20"], check=True, stdout=subprocess.PIPE).stdout)
    report(f"calendar of a hub index of {v['index_cases']:,} cases ({v['index_items']:,} items)", f"{v['index_ms']:.1f} ms", "",
           v["index_ms"], 100, " ms")
    report(f"calendar of a case of {v['entries']:,} entries ({v['items']:,} items), folding included", f"{v['fold_ms'] + v['case_ms']:.1f} ms",
           f"folding {v['fold_ms']:.1f} ms", v["fold_ms"] + v["case_ms"], 100, " ms")
    report(f"all days of it, for the index ({v['spans']:,} spans)", f"{v['spans_ms']:.1f} ms", "", v["spans_ms"], 100, " ms")


def bench_scheme(work):
    v = json.loads(subprocess.run([BUILD / "bench/bench_scheme", "20000", "20"], check=True, stdout=subprocess.PIPE).stdout)
    for what, ms in (("coverage of the cycle", v["cycle_ms"]), ("coverage of an audit", v["audit_ms"]), ("plan", v["plan_ms"]),
                     ("check of an audit, hashing apart,", v["check_ms"])):
        report(f"{what} of a case of {v['entries']:,} entries ({v['cells']:,} cells), folding included", f"{v['fold_ms'] + ms:.1f} ms",
               f"folding {v['fold_ms']:.1f} ms", v["fold_ms"] + ms, 100, " ms")
    report("gates of the process of that case, six decisions with the check of their audits", f"{v['gates_ms']:.1f} ms", "folding apart",
           v["gates_ms"], 200, " ms")

# ---- over the wire ----

class Road:
    """A counting proxy to a port: bytes both ways, and requests where they are HTTP."""

    def __init__(self, work, port, *options):
        self.folder = pathlib.Path(tempfile.mkdtemp(dir=work))
        self.process = subprocess.Popen([sys.executable, PROXY, "--to", str(port), "--port-file", self.folder / "port",
                                         "--stats", self.folder / "stats", *options])
        self.port = int(await_text(self.folder / "port"))

    def end(self):
        time.sleep(0.2)
        self.process.terminate()
        self.process.wait()
        stats = json.loads((self.folder / "stats").read_text())
        return stats["up"] + stats["down"], stats["requests"]


def await_text(path, having=""):
    for _ in range(200):
        if path.exists() and path.read_text() and having in path.read_text():
            return path.read_text()
        time.sleep(0.05)
    sys.exit(f"bench: nothing comes in {path}")


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Hub:
    """A hub that is served, and a kit that has joined it."""

    def __init__(self, work):
        self.work, self.store, self.folder = work, kit(work, "zhang"), work / "hub"
        (work / "request").write_bytes(run("whoami", "--request", store=self.store, out=subprocess.PIPE).stdout)
        run("hub", "init", self.folder, "--name", "HQ", "--admin", work / "request")
        run("join", self.folder, store=self.store)
        with open(work / "url", "w") as out:
            self.process = subprocess.Popen([SATCHEL, "--json", "hub", "serve", self.folder, "--listen", "127.0.0.1:0"], stdout=out)
        self.port = int(json.loads(await_text(work / "url", "\n"))["url"].rsplit(":", 1)[1])

    def sync(self, *options, road=()):
        """Bytes and requests of one sync."""
        r = Road(self.work, self.port, *road)
        run("remote", "add", "hub", f"http://127.0.0.1:{r.port}", store=self.store)
        subprocess.run([SATCHEL, "--store", self.store, "sync", *options], check=not road, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return r.end()

    def entries(self):
        """All that the hub has been sent, as the lines of its bundles: an entry, and its signature."""
        repo = ["git", "-C", self.folder / "repo.git"]
        files = subprocess.run([*repo, "ls-tree", "-r", "B-1", "log/"], check=True, stdout=subprocess.PIPE).stdout.decode().splitlines()
        text = b""
        for line in files:
            parts = subprocess.run([*repo, "cat-file", "blob", line.split()[2]], check=True, stdout=subprocess.PIPE).stdout.split(b"\n")
            text += parts[0] + b" " + b"".join(p for p in parts[1:] if not p.startswith(b"-----")) + b"\n"
        return text


def increment(hub, data, name, findings, photos, size):
    """Findings and photos for the kit, and the same photos as files for the others."""
    lines = [json.dumps({"do": "new", "type": "finding", "case": "B-1", "as": f"$f{i}",
                         "set": {"audit": hub.audit, "clause": f"B{i % 4}", "grade": "minor", "fact": f"{name} {i}：记录没有复核签字"}})
             for i in range(findings)]
    for i in range(photos):
        photo_like(data / f"{name}{i}.jpg", size, hash((name, i)) & 0xffffff)
        lines.append(json.dumps({"do": "attach", "record": f"$f{i % findings}", "file": str(data / f"{name}{i}.jpg")}))
    run("apply", "-", store=hub.store, stdin="\n".join(lines).encode())


def rsync_bytes(work, data):
    """The least of its compressions, unencrypted."""
    counts = {}
    for how in (["-z", "--zc=zstd"], ["-z", "--zc=zlibx"], ["-z", "--zc=zlib"], []):
        into, conf, port = work / ("into" + "".join(how)), work / "rsyncd.conf", free_port()
        into.mkdir(exist_ok=True)
        conf.write_text(f"[into]\npath = {into}\nread only = no\nuse chroot = no\n" + ("uid = 0\ngid = 0\n" if os.getuid() == 0 else ""))
        daemon = subprocess.Popen(["rsync", "--daemon", "--no-detach", f"--config={conf}", "--address=127.0.0.1", f"--port={port}"])
        await_port(port)
        road = Road(work, port)
        subprocess.run(["rsync", "-a", *how, f"{data}/", f"rsync://127.0.0.1:{road.port}/into/"], check=True)
        counts[" ".join(how)] = road.end()[0]
        daemon.terminate()
        daemon.wait()
    return min(counts.values())


def restic_bytes(work, data):
    """By the REST protocol, plain, its best compression."""
    port, repo = free_port(), work / "restic"
    server = subprocess.Popen(["rclone", "serve", "restic", repo, "--addr", f"127.0.0.1:{port}"], stderr=subprocess.DEVNULL)
    await_port(port)
    road = Road(work, port)
    with_password = {**os.environ, "RESTIC_PASSWORD": "x", "RESTIC_CACHE_DIR": str(work / "cache"), "RESTIC_REPOSITORY": f"rest:http://127.0.0.1:{road.port}/"}
    restic = ["restic", "--compression", "max", "-q"]
    if not repo.exists():
        subprocess.run([*restic, "init", "--repository-version", "2"], check=True, env=with_password)
    subprocess.run([*restic, "backup", "."], cwd=data, check=True, env=with_password)
    server.terminate()
    server.wait()
    return road.end()[0]


def await_port(port):
    for _ in range(200):
        with socket.socket() as s:
            if s.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    sys.exit(f"bench: nobody listens on {port}")


def bench_wire(work):
    hub, data = Hub(work), work / "data"
    data.mkdir()
    run("new", "organisation", "--case", "B-1", "name=x", store=hub.store)
    hub.audit = text("new", "audit", "--case", "B-1", "kind=onsite", store=hub.store)

    def both(what, findings, photos, size=300000):
        increment(hub, data, what, findings, photos, size)
        ours = hub.sync()[0]
        (data / "entries.jsonl").write_bytes(hub.entries())
        return ours, rsync_bytes(work, data), restic_bytes(work, data)

    both("base", 40, 40)
    def line(what, findings, photos):
        ours, rsync, restic = both(what, findings, photos)
        report(f"bytes over the wire of {what} ({findings} findings, {photos} photos of 300 KB) / the best of rsync and restic", f"{ours:,}",
               f"rsync {rsync:,}, restic {restic:,}", ours / min(rsync, restic), 1.05)

    line("a bundle", 3, 2)
    line("a day", 40, 60)
    both("many", 40, 398, 3000)  # small ones: what is said of them later costs the same
    line("words beside 500 photos", 5, 0)
    hub.sync()
    count, requests = hub.sync()
    report("a sync with nothing new", f"{count:,} bytes", "", count, 4096, " bytes")
    report("a sync with nothing new", f"{requests} requests", "", requests, 2, " requests")
    bench_latency(work, hub)
    hub.process.terminate()
    hub.process.wait()


def bench_latency(work, hub):
    """The road ends as soon as a megabyte of the video has gone: by which request was the finding there?"""
    photo_like(work / "video.mp4", 50 * MB, 9)
    run("attach", work / "video.mp4", "--to", hub.audit, store=hub.store)
    hub.sync("--tries", "1", road=("--cut-up", str(MB), "--gone"))
    run("new", "finding", "--case", "B-1", f"audit={hub.audit}", "clause=B2", "grade=minor", "fact=新发现", store=hub.store)
    log = hub.folder / "access.log"
    before = len(log.read_text().splitlines())
    hub.sync("--tries", "1", road=("--cut-up", str(MB), "--gone"))
    asked = [json.loads(line) for line in log.read_text().splitlines()[before:]]
    sent = [i for i, r in enumerate(asked, 1) if r["method"] == "POST" and r["path"] == "/v1/uploads" and r["status"] == 201]
    for _ in range(100):
        found = subprocess.run(["git", "-C", hub.folder / "repo.git", "grep", "-q", "新发现", "B-1"]).returncode == 0
        if found:
            break
        time.sleep(0.05)
    report("a new finding while a video of 50 MB waits: the request that brings it", "there" if found else "NOT THERE", "",
           sent[0] if found and sent else 99, 4, ". request")


def large_case(photos):
    """20,000 entries and 3,000 photos, or a tenth: lines of apply."""
    clauses = "A1 A2 A3 A4 A5 B1 B2 B3 B4 RA1 RA2 ER1 ER2".split()
    samples, findings, shots = (1400, 260, 300) if QUICK else (14000, 2700, 3000)
    new = lambda kind, fields, name=None: {"do": "new", "type": kind, "case": "B-1", "set": fields, **({"as": name} if name else {})}
    lines = [new("department", {"code": f"D{i}", "name": f"部门{i}", "decisive": i in (1, 3)}, f"$d{i}") for i in range(8)]
    for i in range(6):
        year = 2023 + i // 2
        lines.append(new("audit", {"kind": "surveillance", "start": f"{year}-0{i + 1}-10", "end": f"{year}-0{i + 1}-12", "result": "pass",
                                   "mode": "onsite"}, f"$a{i}"))
    for i in range(samples):
        lines.append(new("sample", {"audit": f"$a{i % 6}", "clause": clauses[i * 7 % 13], "department": f"$d{i % 8}", "method": "records",
                                    "result": "minor" if i % 9 == 0 else "conform", "note": "抽查记录三份，均有签字。"}, f"$s{i}"))
    for i in range(findings):
        lines.append(new("finding", {"audit": f"$a{i % 6}", "clause": clauses[i * 7 % 13], "department": f"$d{i % 8}",
                                     "grade": ("minor", "major", "observation", "ofi")[i % 4], "fact": "机房门禁记录缺失两日。", "due": "2024-06-01"}))
    for i in range(shots):
        (photos / f"{i}.jpg").write_bytes(b"\xff\xd8\xff\xe0" + random.randbytes(2000))
        lines.append({"do": "attach", "record": f"$s{i * 4}", "file": str(photos / f"{i}.jpg"), "set": {"title": f"照片{i}"}})
    return "\n".join(json.dumps(line) for line in lines)


def large_store(work):
    store, photos = kit(work, "pages"), work / "photos"
    photos.mkdir()
    run("new", "organisation", "--case", "B-1", "name=x", store=store)
    run("apply", "-", store=store, stdin=large_case(photos).encode())
    return store


def bench_pages(work):
    """What the pages' server takes for an answer, over one connection that stays open."""
    store = large_store(work)
    ids = {t: json.loads(text("--json", "list", t, "--limit", "1", store=store))["records"][0]["id"] for t in ("finding", "audit", "sample")}
    ui = subprocess.Popen([SATCHEL, "--store", str(store), "--json", "ui", "--no-open"], stdout=subprocess.PIPE)
    url = urllib.parse.urlsplit(json.loads(ui.stdout.readline())["url"])
    line = http.client.HTTPConnection(url.netloc)

    def ask(path):
        line.request("GET", path, headers=head)
        answer = line.getresponse()
        answer.read()
        return answer

    head = {}
    head["Cookie"] = ask(f"{url.path}?{url.query}").getheader("Set-Cookie").split(";")[0]
    for what, path in (
            ("a finding", f"show?a={ids['finding']}&o.heads=1&o.titles=1&o.custody=1"),
            ("50 findings", "list?a=finding&o.case=B-1&o.limit=50&o.titles=1&o.custody=1"),
            ("the last 60 photos", "list?a=evidence&o.case=B-1&o.limit=60&o.newest=1&o.titles=1&o.custody=1"),
            ("photos of a sample", f"list?a=evidence&o.case=B-1&a=of%2B%3D{ids['sample']}&o.titles=1&o.custody=1"),
            ("the matrix of an audit", f"coverage?o.audit={ids['audit']}"), ("its gaps", f"check?o.audit={ids['audit']}&o.quick=1"),
            ("the calendar", "calendar"), ("what is where", "status"), ("a search", "find?a=%E9%97%A8%E7%A6%81&o.limit=50")):
        ask(f"/api/{path}")  # once for what is kept
        ms = 1000 * statistics.median(timed(lambda: ask(f"/api/{path}")) for _ in range(4 * RUNS))
        report(f"pages: {what}, in a case of 20,000 entries and 3,000 photos", f"{ms:.1f} ms", "", ms, 50, " ms")
    ui.terminate()
    ui.wait()


def bench_browser(work):
    """What a person waits for in Chromium: a page's first sight, and from a click to what it asked for."""
    npm = pathlib.Path(os.environ.get("XDG_CACHE_HOME", pathlib.Path.home() / ".cache")) / "satchel-tests"
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    module = npm / "node_modules/playwright-core"
    if chromium and not module.exists() and shutil.which("npm"):
        subprocess.run(["npm", "install", "--prefix", npm, "--no-audit", "--no-fund", "playwright-core@1.49.1", "axe-core@4.10.2"],
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    if not chromium or not module.exists():
        print("skipped: the pages in a browser: Chromium or playwright-core is not to be had here", file=sys.stderr)
        return
    store = large_store(work)
    part = lambda kind: json.loads(text("--json", "list", kind, "--limit", "40", store=store))["records"]
    audit, findings = part("audit")[0]["id"], [r["id"] for r in part("finding")]
    run("apply", "-", store=store, stdin="\n".join(json.dumps(  # who has not seen the grade sets another one: a conflict
        {"do": "set", "record": f, "set": {"grade": "major" if i % 4 == 0 else "minor"}, "read": {"grade": []}, "why": "现场复核"})
        for i, f in enumerate(findings[:20])).encode())
    asked = {"program": SATCHEL, "store": str(store), "audit": audit, "record": findings[-1], "runs": 3 if QUICK else 7,
             "pages": str(HERE.parent.parent / "field/ui/pages")}
    done = subprocess.run(["node", HERE / "bench_pages.mjs"], input=json.dumps(asked).encode(), stdout=subprocess.PIPE, check=True,
                          env={**os.environ, "NPM": str(npm), "CHROMIUM": chromium})
    for v in map(json.loads, done.stdout.decode().splitlines()):
        report(f"in the browser: {v['what']}", f"{v['ms']:.0f} ms", f"static {v['static_ms']:.0f} ms", v["ms"], v["limit"], " ms")


def main():
    only = [a for a in sys.argv[2:] if not a.startswith("--")]
    os.environ["SATCHEL_LANG"] = "en"
    with tempfile.TemporaryDirectory(prefix="satchel-bench-") as tmp:
        work = pathlib.Path(tmp)
        (work / "passphrase").write_text("bench\n")
        os.environ["SATCHEL_PASSPHRASE_FILE"] = str(work / "passphrase")
        for bench in (bench_save, bench_open, bench_receive, bench_take, bench_wire, bench_attach, bench_pack, bench_calendar,
                      bench_scheme, bench_pages, bench_browser):
            if not only or bench.__name__.removeprefix("bench_") in only:
                bench(work)
    widths = [max(len(r[i]) for r in rows) for i in range(6)]
    for r in rows:
        print("  ".join(c.ljust(w) for c, w in zip(r, widths)))


main()
