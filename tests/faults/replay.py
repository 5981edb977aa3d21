#!/usr/bin/env python3
"""What a folder holds after a power loss: replays a record of shim.c up to random points.

    replay.py keep FOLDER SNAPSHOT                      before the recorded run: everything is on the disk
    replay.py cut SNAPSHOT RECORD OUT N SEED [PLANT]    makes OUT/1 … OUT/N, and in OUT/n.said what was
                                                        acknowledged before that point, in OUT/n.how the point

A write or a truncation of a file is certain once the file was synced, a new, changed or removed name once its folder
was; a rename may be seen in the folder it leads to first, never in neither. Until then each may be lost:

    drop     all of it is
    prefix   what came first is there, the last write torn
    mix      any of it is there, later changes without earlier ones too, writes torn
    all      nothing is lost (the machine stopped, the disk did not)

The script that records acknowledges by appending "said 0 0 <length>\\n<text>\\n" to the record.

A PLANT is a bug put into the program by way of its record, to see that the test finds it:
    nosync=REGEX   syncs of files and folders do nothing where the path, as it was when they were made, matches
<<<<<<< HEAD
    swap            of syncs and renames each two that follow one another come in the other order: in some states
                    from the first, in others from the second on
=======
    late=REGEX     such syncs are done only after the branches that rely on them have been synced
    swap           of syncs and renames each two that follow one another come in the other order; for what is done one
                   after another, by one thread
>>>>>>> r2
"""
import os
import pickle
import random
import re
import sys


class File:
    def __init__(self, data=b""):
        self.certain = bytearray(data)
        self.pending = []  # (offset, bytes), or (size, None) for a truncation

    @staticmethod
    def change(data, offset, piece):
        if piece is None:
            del data[offset:]
            data.extend(bytes(offset - len(data)))
        else:
            data.extend(bytes(max(0, offset - len(data))))
            data[offset:offset + len(piece)] = piece

    def sync(self):
        for change in self.pending:
            self.change(self.certain, *change)
        self.pending = []

    def lose(self, how, rng):
        for offset, piece in surviving(self.pending, how, rng, self.torn):
            self.change(self.certain, offset, piece)
        self.pending = []

    @staticmethod
    def torn(change, rng):
        offset, piece = change
        return (offset, piece and piece[:rng.randrange(len(piece) + 1)])


class Change:
    """Names of one folder that change at once; `after`: the change that must be seen before (a rename's other side)."""

    def __init__(self, names, after=None):
        self.names, self.after, self.done = names, after, False

    def apply(self, folder):
        if self.after and not self.after.done:
            return False
        self.done = True
        for name, node in self.names.items():
            if node is None:
                folder.certain.pop(name, None)
            else:
                folder.certain[name] = node
        return True


class Folder:
    def __init__(self):
        self.certain, self.now, self.pending = {}, {}, []

    def change(self, names, after=None):
        for name, node in names.items():
            if node is None:
                del self.now[name]
            else:
                self.now[name] = node
        self.pending.append(Change(names, after))
        return self.pending[-1]

    def sync(self):
        self.pending = [c for c in self.pending if not c.apply(self)]

    def lose(self, how, rng):
        for change in surviving(self.pending, how, rng):
            change.apply(self)
        self.pending = []


def surviving(changes, how, rng, torn=None):
    """Those of some unsynced changes that reached the disk, in their order."""
    if how == "all":
        return changes
    if how == "drop":
        return []
    if how == "prefix":
        kept = changes[:rng.randrange(len(changes) + 1)]
        if kept and torn:
            kept[-1] = torn(kept[-1], rng)
        return kept
    kept = [c for c in changes if rng.random() < 0.5]
    return [torn(c, rng) if torn and rng.random() < 0.3 else c for c in kept]


class Disk:
    def __init__(self, snapshot):
        self.root_path, entries = snapshot
        self.root = Folder()
        self.nodes, self.paths, self.all = {}, {}, []
        for path, inode, data in entries:
            node = Folder() if data is None else File(data)
            if path:
                parent, name = self.place(os.path.join(self.root_path, path))
                parent.change({name: node})
                parent.sync()
            else:
                self.root = node
            self.know(inode, node, os.path.join(self.root_path, path).rstrip("/"))

    def know(self, inode, node, path):
        self.nodes[inode] = node
        self.paths[inode] = path
        self.all.append(node)

    def place(self, path):
        """The folder that a path lies in and its name there; (None, None) outside."""
        if not path.startswith(self.root_path + "/"):
            return None, None
        parts = path[len(self.root_path) + 1:].split("/")
        folder = self.root
        for part in parts[:-1]:
            folder = folder.now[part]
        return folder, parts[-1]

    def run(self, event):
        what, inode, number, data = event
        if what in ("write", "truncate"):
            if inode in self.nodes:
                self.nodes[inode].pending.append((number, data if what == "write" else None))
        elif what == "sync":
            if inode in self.nodes:
                self.nodes[inode].sync()
        elif what != "said":
            self.name(what, inode, [p.decode() for p in data.split(b"\0")])

    def name(self, what, inode, paths):
        folder, name = self.place(paths[0])
        if folder is None:
            return
        if what in ("create", "mkdir"):
            node = File() if what == "create" else Folder()
            folder.change({name: node})
            self.know(inode, node, paths[0])
        elif what == "unlink":
            folder.change({name: None})
        else:
            self.move(what, folder, name, paths[1])

    def move(self, what, folder, name, to):
        node = folder.now[name]
        folder2, name2 = self.place(to)
        if what == "link":
            folder2.change({name2: node})
        elif folder is folder2:
            folder.change({name: None, name2: node})
        else:
            folder.change({name: None}, after=folder2.change({name2: node}))

    def lose(self, how, rng):
        rng.shuffle(self.all)
        for node in self.all:
            node.lose(how, rng)

    def write(self, node, path):
        if isinstance(node, File):
            with open(path, "wb", opener=lambda p, flags: os.open(p, flags, 0o600)) as f:
                f.write(node.certain)
            return
        os.mkdir(path, 0o700)
        for name, inner in node.certain.items():
            self.write(inner, os.path.join(path, name))


def read_record(path):
    with open(path, "rb") as f:
        text = f.read()
    events, at = [], 0
    while at < len(text):
        end = text.index(b"\n", at)
        what, inode, number, length = text[at:end].split(b" ")
        at = end + 1 + int(length)
        events.append((what.decode(), int(inode), int(number), text[end + 1:at]))
        if text[at:at + 1] != b"\n":
            sys.exit("replay: the record is malformed")
        at += 1
    return events


def keep(root, out):
    root = os.path.realpath(root)
    entries = [("", os.stat(root).st_ino, None)]
    for folder, folders, files in os.walk(root):
        for name in folders + files:
            path = os.path.join(folder, name)
            data = None
            if name in files:
                with open(path, "rb") as f:
                    data = f.read()
            entries.append((os.path.relpath(path, root), os.stat(path).st_ino, data))
    with open(out, "wb") as f:
        pickle.dump((root, entries), f)


def swapped(events, odd):
    """Each two successive syncs or renames in the other order: the first is held back until the second has come."""
    held = None
    for event in events:
        if event[0] not in ("sync", "rename") or odd:
            odd = odd and event[0] not in ("sync", "rename")
            yield event
        elif held is None:
            held = event
        else:
            yield event
            yield held
            held = None
    if held:
        yield held


def without_syncs(events, snapshot, pattern):
    disk = Disk(snapshot)
    for event in events:
        disk.run(event)
        if event[0] != "sync" or not re.search(pattern, disk.paths.get(event[1], "")):
            yield event


def late_syncs(events, snapshot, pattern):
    disk, held = Disk(snapshot), []
    for event in events:
        disk.run(event)
        path = disk.paths.get(event[1], "") if event[0] == "sync" else ""
        if path and re.search(pattern, path):
            held.append(event)
            continue
        yield event
        if path.endswith("/refs/heads"):
            yield from held
            held = []
    yield from held


def planted(events, snapshot, plant):
    """The records that a state may be cut from."""
    if plant == "swap":
        return [list(swapped(events, odd)) for odd in (False, True)]
    if plant.startswith("late="):
        return [list(late_syncs(events, snapshot, plant[len("late="):]))]
    if plant.startswith("nosync="):
        return [list(without_syncs(events, snapshot, plant[len("nosync="):]))]
    return [events]


def point_of_loss(events, rng):
    """Anywhere, or where most is at stake: before a sync, and right after something was acknowledged."""
    syncs = [i for i, event in enumerate(events) if event[0] == "sync"]
    said = [i + 1 for i, event in enumerate(events) if event[0] == "said"]
    return rng.choice(rng.choices((range(len(events) + 1), syncs or said, said or syncs), (4, 3, 1))[0])


def cut(snapshot_path, record_path, out, count, seed, plant=""):
    with open(snapshot_path, "rb") as f:
        snapshot = pickle.load(f)
    records = planted(read_record(record_path), snapshot, plant)
    rng = random.Random(int(seed))
    for n in range(1, int(count) + 1):
        events = rng.choice(records)
        point = point_of_loss(events, rng)
        how = rng.choices(("mix", "prefix", "drop", "all"), (4, 3, 2, 1))[0]
        disk = Disk(snapshot)
        said = []
        for event in events[:point]:
            disk.run(event)
            if event[0] == "said":
                said.append(event[3].decode().strip())
        disk.lose(how, rng)
        disk.write(disk.root, os.path.join(out, str(n)))
        with open(os.path.join(out, f"{n}.said"), "w") as f:
            f.writelines(line + "\n" for line in said)
        with open(os.path.join(out, f"{n}.how"), "w") as f:
            f.write(f"{how} after event {point} of {len(events)}\n")


if __name__ == "__main__":
    {"keep": keep, "cut": cut}[sys.argv[1]](*sys.argv[2:])
