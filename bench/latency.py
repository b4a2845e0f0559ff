#!/usr/bin/python3
"""How long after a frame's arrival does a WebSocket client hold its detections?

From the decoded frame's arrival at the worker's appsink to the client's receipt, inference
subtracted, at 1, 4 and 8 cameras of 5 frames/s; and whether it stays flat.
  bench/latency.py [--seconds 60] [--settle 5] [--cameras 1,4,8] [--flat-minutes 0] [--smoke]
The first seconds after the last camera went live are not counted: sessions that start beside each
other load models, which bench/memory.py measures.
"""

import argparse
import asyncio
import datetime
import time

import rig


def wall_seconds(iso):
    return datetime.datetime.fromisoformat(iso.replace("Z", "+00:00")).timestamp()


async def measure(count, seconds, settle):
    """[(second, total ms, inference ms)] of every detection in `seconds` after `settle` seconds."""
    samples = []
    async with rig.cameras(count, fps=5) as (_, client):
        start = time.monotonic() + settle
        while (now := time.monotonic()) < start + seconds:
            try:
                message = await asyncio.wait_for(client.notifications.get(),
                                                 start + seconds - now)
            except asyncio.TimeoutError:
                break
            received = time.time()
            if message["method"] != "detection":
                continue
            params = message["params"]
            if time.monotonic() < start:
                continue
            samples.append((time.monotonic() - start,
                            (received - wall_seconds(params["tsCapture"])) * 1e3,
                            params["inferMs"]))
    return samples


def row(label, samples):
    overhead = sorted(total - infer for _, total, infer in samples)
    infer = sorted(infer for _, _, infer in samples)
    print(f"| {label} | {len(samples)} | {rig.quantile(infer, .5):.1f} | "
          + " | ".join(f"{rig.quantile(overhead, q):.2f}" for q in (.5, .99, .999)) + " |",
          flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--settle", type=float, default=5)
    parser.add_argument("--cameras", default="1,4,8")
    parser.add_argument("--flat-minutes", type=float, default=0)
    parser.add_argument("--smoke", action="store_true", help="small: does it still work?")
    arguments = parser.parse_args()
    if arguments.smoke:
        arguments.seconds, arguments.settle, arguments.cameras = 3, 0, "1"

    print(rig.machine())
    print("| cameras of 5 fps | frames | inference p50 ms | rest p50 ms | p99 | p99.9 |")
    print("|---|---|---|---|---|---|")
    for count in map(int, arguments.cameras.split(",")):
        row(count, asyncio.run(measure(count, arguments.seconds, arguments.settle)))
    if arguments.flat_minutes:
        samples = asyncio.run(measure(4, arguments.flat_minutes * 60, arguments.settle))
        tenth = arguments.flat_minutes * 6
        for i in range(10):
            row(f"4, {i * tenth:.0f}-{(i + 1) * tenth:.0f} s",
                [s for s in samples if i * tenth <= s[0] < (i + 1) * tenth])


if __name__ == "__main__":
    main()
