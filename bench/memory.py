#!/usr/bin/python3
"""What does one more camera cost in memory, and where does a start go?

Proportional set size of each worker and of the supervisor with 1 … n cameras, split by what is
mapped; and the steps from spawn to the first inferred frame, from the worker's own log.
  bench/memory.py [--cameras 1,2,4,8] [--smoke]
"""

import argparse
import asyncio
import collections
import re

import rig

KINDS = (("engine", re.compile(r"libonnxruntime|libopencv_dnn|libprotobuf")),
         ("model", re.compile(r"\.onnx|\.ort|/models/|optimi[sz]ed|initializers")),
         ("decoder", re.compile(r"libav|libgst|gstreamer|libsw|libx264|libx265|libcodec|libvpx|libaom"
                                r"|libdav1d|libglib|libgio|libgobject")),
         ("code", re.compile(r"\.so|/bin/")),
         ("segment", re.compile(r"memfd:")))


def pss_kib(pid):
    """KiB by kind; anonymous memory of the heap and of threads is the rest."""
    split = collections.Counter()
    name = ""
    for line in open(f"/proc/{pid}/smaps"):
        if re.match(r"[0-9a-f]+-[0-9a-f]+ ", line):
            fields = line.split(maxsplit=5)
            name = fields[5].strip() if len(fields) > 5 else ""
        elif line.startswith("Pss:"):
            kind = next((k for k, pattern in KINDS if pattern.search(name)), "heap and rest")
            split[kind] += int(line.split()[1])
    return split


async def measure(count):
    async with rig.cameras(count, fps=5) as (supervisor, client):
        for _ in range(20 * count):
            await client.next("detection")
        views = (await client.call("session.list"))["sessions"]
        workers = [pss_kib(v["worker"]["pid"]) for v in views]
        logs = [text for name, text in supervisor.log_texts().items() if "camera" in name]
        return workers, pss_kib(supervisor.pid), logs


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--cameras", default="1,2,4,8")
    parser.add_argument("--smoke", action="store_true", help="small: does it still work?")
    arguments = parser.parse_args()
    if arguments.smoke:
        arguments.cameras = "1"

    print(rig.machine())
    kinds = [k for k, _ in KINDS] + ["heap and rest"]
    print("| cameras | worker PSS MiB, mean | " + " | ".join(kinds) + " | supervisor MiB |")
    print("|---" * (len(kinds) + 3) + "|")
    logs = []
    for count in map(int, arguments.cameras.split(",")):
        workers, supervisor, logs = asyncio.run(measure(count))
        mean = {k: sum(w[k] for w in workers) / len(workers) / 1024 for k in kinds}
        print(f"| {count} | {sum(mean.values()):.1f} | "
              + " | ".join(f"{mean[k]:.1f}" for k in kinds)
              + f" | {sum(supervisor.values()) / 1024:.1f} |", flush=True)
    print("\nStart-up of the last run's first worker, from its log:")
    for line in logs[0].splitlines():
        if "startup" in line:
            print("  " + line)


if __name__ == "__main__":
    main()
