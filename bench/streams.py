#!/usr/bin/python3
"""What does it cost to tell many clients the same, and what do those cost that do not read?

The same detection to 1, 100 and 1000 WebSocket clients, of whom some never read, by four servers in turn: our control
channel, Beast as its examples use it, Node's ws, and uWebSockets by way of Bun. One thread each; the readers have
the other processor. Two questions a cell: what does one delivery cost at a load that all carry, and how many are
carried at most.
  bench/streams.py [--rounds 3] [--seconds 3] [--no-rivals] [--smoke]
The rivals come from npm, into build/deps/rivals.
"""

import argparse
import contextlib
import json
import os
import pathlib
import resource
import statistics
import subprocess

import rig

SAMPLE = json.dumps({"jsonrpc": "2.0", "method": "detection", "params": {
    "streamId": "s1", "v": 1, "session": "display;cam", "generation": 3, "sequence": 1841, "frameId": 1841,
    "tsCapture": "2026-01-05T12:00:00.123456Z", "tsPublish": "2026-01-05T12:00:00.123556Z", "ageMs": 0.052,
    "inferMs": 31.25, "width": 1920, "height": 1080, "model": {"name": "yolo11n", "sha256": "a" * 64},
    "objects": [{"id": "3-1841-0", "trackId": 12, "label": "car", "labelId": 2, "confidence": 0.9,
                 "bbox": {"x": 411, "y": 220.26, "w": 310, "h": 180},
                 "bboxNorm": {"xMin": 0.2141, "yMin": 0.2039, "xMax": 0.3755, "yMax": 0.3706},
                 "zones": [], "attributes": {}}]}}, separators=(",", ":"))
OPEN = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "stream.open", "params": {"filter": {"kinds": ["detection"]}}})
LOAD = 100_000            # deliveries a second that all servers carry
CARRIED = 0.9             # of what is offered, or the load is too much
PATIENCE_US = 1_000_000   # and so it is when the p99 is older
TICKS = os.sysconf("SC_CLK_TCK")


class Program:
    """A program that answers each line with a line."""

    def __init__(self, *command):
        self.process = subprocess.Popen([str(part) for part in command], text=True, bufsize=1,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.first = self.process.stdout.readline().split()

    def ask(self, line):
        self.process.stdin.write(line + "\n")
        return self.process.stdout.readline()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()

    def processor_seconds(self):
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def resident_mib(self):
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.split("VmRSS:")[1].split()[0]) / 1024


def servers(build, rivals):
    """Name: the command that prints its port, and what its clients say first."""
    known = {"ours": ((build / "tests/control_server_fixture", "send_buffer=262144", "connections=2000"), OPEN),
             "Beast, plain": ((build / "bench/bench_streams_beast", SAMPLE), "")}
    if rivals:
        folder = rivals_folder(build)
        known["Node ws"] = (("node", rig.ROOT / "bench/streams_ws.mjs", folder, SAMPLE), "")
        known["uWebSockets (Bun)"] = ((folder / "node_modules/@oven/bun-linux-x64/bin/bun",
                                       rig.ROOT / "bench/streams_uws.mjs", SAMPLE), "")
    return known


def rivals_folder(build):
    folder = build.parent / "deps/rivals"
    if not (folder / "node_modules/ws").exists():
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "package.json").write_text("{}")
        subprocess.run(["npm", "install", "--silent", "ws@8.23.0", "@oven/bun-linux-x64@1.4.5"], cwd=folder, check=True)
    return folder


class Cell:
    """One server with its clients."""

    def __init__(self, build, command, request, clients, stopped):
        self.server = Program(*command)
        self.readers = Program(build / "bench/bench_streams_readers", self.server.first[1], clients, stopped, request)
        self.reading = clients - stopped

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.readers.__exit__()
        self.server.__exit__()

    def offer(self, deliveries_per_second, clients):
        self.server.ask(f"rate {max(1, round(deliveries_per_second / clients))} 1")

    def measure(self, seconds):
        used = self.server.processor_seconds()
        delivered, took_us, p50, p99 = map(float, self.readers.ask(f"measure {seconds}").split())
        used = self.server.processor_seconds() - used
        return {"per_s": delivered / took_us * 1e6, "per_cpu_s": delivered / max(used, 1 / TICKS),
                "p50": p50, "p99": p99, "mib": self.server.resident_mib()}


def at_common_load(build, server, clients, stopped, seconds, load):
    with Cell(build, *server, clients, stopped) as cell:
        cell.offer(load, clients)
        cell.measure(0.5)
        return cell.measure(seconds)


def most_carried(build, server, clients, seconds):
    """The largest load of a rising row that still arrives, and in time."""
    best, load = 0.0, LOAD
    with Cell(build, *server, clients, 0) as cell:
        while True:
            cell.offer(load, clients)
            cell.measure(0.3)
            got = cell.measure(seconds)
            best = max(best, got["per_s"] if got["p99"] < PATIENCE_US else 0)
            if got["per_s"] < CARRIED * load or got["p99"] > PATIENCE_US:
                return best
            load *= 1.3


def pairs(clients, shares):
    return [(count, stopped) for count in clients for stopped in sorted({int(count * s / 100) for s in shares})]


def median(values, key):
    return statistics.median(value[key] for value in values)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", type=pathlib.Path, default=rig.ROOT / "build/release")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--clients", default="1,100,1000")
    parser.add_argument("--stopped", default="0,1,10", help="percent that never read")
    parser.add_argument("--no-rivals", action="store_true", help="ours and plain Beast only")
    parser.add_argument("--smoke", action="store_true", help="small: does it still work?")
    arguments = parser.parse_args()
    load = LOAD
    if arguments.smoke:
        arguments.rounds, arguments.seconds, arguments.clients, arguments.no_rivals, load = 1, 0.3, "10", True, 1000
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 4096), hard))

    known = servers(arguments.build, not arguments.no_rivals)
    clients = [int(count) for count in arguments.clients.split(",")]
    print(rig.machine())
    print(f"{load} deliveries/s of {len(SAMPLE)} bytes offered, median of {arguments.rounds} rounds\n")
    print("| clients | never read | server | deliveries/s | per CPU second | p50 ms | p99 ms | server MiB |")
    print("|---" * 8 + "|")
    for count, stopped in pairs(clients, [float(s) for s in arguments.stopped.split(",")]):
        rounds = {name: [] for name in known}
        for _ in range(arguments.rounds):
            for name, server in known.items():
                rounds[name].append(at_common_load(arguments.build, server, count, stopped, arguments.seconds, load))
        for name, got in rounds.items():
            print(f"| {count} | {stopped} | {name} | {median(got, 'per_s'):.0f} | {median(got, 'per_cpu_s'):.0f} "
                  f"| {median(got, 'p50') / 1e3:.2f} | {median(got, 'p99') / 1e3:.2f} | {median(got, 'mib'):.1f} |",
                  flush=True)
            assert min(each["per_s"] for each in got) > 0, f"{name} delivered nothing"
    if arguments.smoke:
        return
    print("\n| clients | server | most deliveries/s | × ours |\n|---|---|---|---|")
    for count in clients:
        most = {name: statistics.median(most_carried(arguments.build, server, count, 1.0)
                                        for _ in range(arguments.rounds)) for name, server in known.items()}
        for name, carried in most.items():
            print(f"| {count} | {name} | {carried:.0f} | {carried / max(most['ours'], 1):.2f} |", flush=True)


if __name__ == "__main__":
    main()
