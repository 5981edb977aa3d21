#!/usr/bin/env python3
"""A faulty road between a kit and its hub, on loopback: what comes in on its own port goes to another, and on the way it is
cut, stalled, corrupted, sent twice, sent again after something newer, or held back until something newer has gone before
it. Seeded; bounded in time.

  proxy.py --to PORT --port-file FILE [--seed N] [--rate P] [--faults cut,stall,…] [--stall SECONDS] [--stats FILE]
           [--cut-up N] [--cut-down N] [--gone] [--target-file FILE] [--capture FILE]

--rate: of all connections, those that get a fault. --cut-up N: the first connection that brings so many bytes is cut after
exactly N of them, and no other; --cut-down the same of what comes back; --gone:
after that the road is no more. --capture: all bytes, both ways. --stats: {"connections","requests","up","down","faults":{…}}
after each event. Of faults, replay is a request that comes again after newer ones, reorder one that is held back and its
connection cut: what the kit then says goes before it; "late" counts those that arrived so.
--target-file: where the hub's port stands, read anew for each connection (it starts again elsewhere)."""
import argparse, asyncio, json, math, os, random

arguments = argparse.ArgumentParser()
arguments.add_argument("--to", type=int, default=0)
arguments.add_argument("--target-file")
arguments.add_argument("--port-file", required=True)
arguments.add_argument("--seed", type=int, default=1)
arguments.add_argument("--rate", type=float, default=0.0)
arguments.add_argument("--faults", default="cut,stall,corrupt,duplicate,replay,reorder")
arguments.add_argument("--stall", type=float, default=3.0)
arguments.add_argument("--stats")
arguments.add_argument("--cut-up", type=int, default=-1)
arguments.add_argument("--capture")
arguments.add_argument("--cut-down", type=int, default=-1)
arguments.add_argument("--gone", action="store_true")
arguments.add_argument("--live", type=float, default=3600.0)
given = arguments.parse_args()
chance = random.Random(given.seed)
stats = {"connections": 0, "requests": 0, "up": 0, "down": 0, "late": 0, "faults": {}}
cut_left = {True: given.cut_up >= 0, False: given.cut_down >= 0}
cut_at = {True: given.cut_up, False: given.cut_down}
older = []  # whole requests, to come again
held = []  # whole requests, to come after newer ones


lately = []  # tasks, which would else be dropped


def note():
    if given.stats:
        with open(given.stats + ".new", "w") as f:
            json.dump(stats, f)
        os.replace(given.stats + ".new", given.stats)


def tell(fault):
    stats["faults"][fault] = stats["faults"].get(fault, 0) + 1


class Requests:
    """Finds the whole requests in what goes up."""

    def __init__(self):
        self.bytes = b""

    def feed(self, more):
        self.bytes += more
        found = []
        while (end := self.bytes.find(b"\r\n\r\n")) >= 0:
            size = 0
            for line in self.bytes[:end].split(b"\r\n")[1:]:
                name, _, value = line.partition(b":")
                if name.strip().lower() == b"content-length":
                    size = int(value)
            if len(self.bytes) < end + 4 + size:
                break
            found.append(self.bytes[:end + 4 + size])
            self.bytes = self.bytes[end + 4 + size:]
        return found


def target():
    if given.target_file:
        return int(open(given.target_file).read())
    return given.to


async def send_alone(request):
    """On a connection of its own; what is answered goes to nobody."""
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", target())
        writer.write(request)
        await writer.drain()
        await asyncio.wait_for(reader.read(65536), 5)
        writer.close()
    except (OSError, ValueError, asyncio.TimeoutError):
        pass


async def let_go():
    """What was held back arrives after what has just gone on."""
    await asyncio.sleep(chance.uniform(0, 0.02))
    while held:
        stats["late"] += 1
        await send_alone(held.pop())


async def hold(reader, writer, fault, requests):
    """Whole requests go on, until one is held back. False: the connection is over."""
    while data := await reader.read(65536):
        stats["up"] += len(data)
        for request in requests.feed(data):
            stats["requests"] += 1
            if chance.random() < 0.4:
                fault.done = True
                tell("reorder")
                held.append(request)
                note()
                return
            writer.write(request)
            await writer.drain()
        note()


class Fault:
    """What happens to a connection: of a kind, in one direction, at a byte."""

    def __init__(self):
        self.kind = chance.choice(given.faults.split(",")) if chance.random() < given.rate else None
        self.up = chance.random() < 0.5
        self.at = int(math.exp(chance.uniform(0, math.log(300000))))
        self.done = False

    def due(self, up, before, size):
        return self.kind and not self.done and self.up == up and before <= self.at < before + size


async def fail(fault, data, place, writer):
    """False: the connection is over."""
    fault.done = True
    tell(fault.kind)
    if fault.kind == "cut":
        writer.write(data[:place])
        await writer.drain()
        return False
    if fault.kind == "stall":
        writer.write(data[:place])
        await writer.drain()
        await asyncio.sleep(given.stall)
        writer.write(data[place:])
    else:  # corrupt
        writer.write(data[:place] + bytes([data[place] ^ (1 << chance.randrange(8))]) + data[place + 1:])
    await writer.drain()
    return True


async def pump(reader, writer, up, fault, requests):
    before = 0
    if up and fault.kind == "reorder":
        await hold(reader, writer, fault, requests)
        return
    while data := await reader.read(65536):
        stats["up" if up else "down"] += len(data)
        if given.capture:
            with open(given.capture, "ab") as f:
                f.write(data)
        if up:
            for request in requests.feed(data):
                stats["requests"] += 1
                older.append(request)
                del older[:-20]
                if fault.kind == "duplicate" and not fault.done and chance.random() < 0.5:
                    fault.done = True
                    tell("duplicate")
                    await send_alone(request)
                elif fault.kind == "replay" and not fault.done and chance.random() < 0.5:
                    fault.done = True
                    tell("replay")
                    await send_alone(chance.choice(older))
                if held:
                    lately.append(asyncio.create_task(let_go()))
        if cut_left[up] and before <= cut_at[up] < before + len(data):
            cut_left[up] = False
            stats["up" if up else "down"] -= before + len(data) - cut_at[up]
            writer.write(data[:cut_at[up] - before])
            await writer.drain()
            tell("cut")
            break
        note()
        if fault.kind in ("cut", "stall", "corrupt") and fault.due(up, before, len(data)):
            if not await fail(fault, data, fault.at - before, writer):
                break
        else:
            writer.write(data)
            await writer.drain()
        before += len(data)


async def serve(reader, writer):
    stats["connections"] += 1
    fault = Fault()
    if given.gone and "cut" in stats["faults"]:
        writer.close()
        return
    try:
        hub_reader, hub_writer = await asyncio.open_connection("127.0.0.1", target())
    except (OSError, ValueError):
        writer.close()
        return
    ways = [asyncio.create_task(pump(reader, hub_writer, True, fault, Requests())),
            asyncio.create_task(pump(hub_reader, writer, False, fault, None))]
    try:
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for way in ways:
            way.cancel()
        await asyncio.gather(*ways, return_exceptions=True)
        for end in (writer, hub_writer):
            end.close()
        note()


async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    with open(given.port_file + ".new", "w") as f:
        f.write(str(server.sockets[0].getsockname()[1]))
    os.replace(given.port_file + ".new", given.port_file)
    note()
    await asyncio.sleep(given.live)

asyncio.run(main())
