#!/usr/bin/python3
"""What does a camera feel of what happens to its neighbour?

The age of its results at the client, inference subtracted, while the neighbour's worker is killed,
stopped, restarted, leaks or floods its queues, over and over; and beside a neighbour that is well.
  bench/isolation.py [--seconds 40] [--smoke]
"""

import argparse
import asyncio
import contextlib
import os
import signal
import time

import rig


# A worker that starts once there is the file `leak` loses memory until its limit ends it.
LEAK = "#!/bin/sh\n[ -e {folder}/leak ] && export LD_PRELOAD=%s\nexec %s \"$@\"\n"
LEAK_SETTINGS = ("session_processes.warm_spares=0", "resource_limits.memory_per_process_mb=256")


async def signal_for_ever(client, number, pause_s):
    """A new worker of the neighbour gets the signal as soon as it is live."""
    while True:
        # An operator's restart forgets earlier deaths: the breaker would end the noise.
        with contextlib.suppress(rig.stack.RpcError):
            await client.call("session.restart", subscriptionIdentifier="cam-1", mode="replace")
        worker = (await client.call("session.get", subscriptionIdentifier="cam-1"))["worker"]
        if worker:
            with contextlib.suppress(ProcessLookupError):
                os.kill(worker["pid"], number)
        await asyncio.sleep(pause_s)


async def killed(client, _):
    await signal_for_ever(client, signal.SIGKILL, 0.5)


async def stopped(client, _):
    await signal_for_ever(client, signal.SIGSTOP, 3)


async def restarted(client, _):
    while True:
        await client.call("session.restart", subscriptionIdentifier="cam-1", mode="overlap")


async def leaking(client, folder):
    (folder / "leak").touch()
    while True:
        with contextlib.suppress(rig.stack.RpcError):
            await client.call("session.restart", subscriptionIdentifier="cam-1", mode="replace")
        await asyncio.sleep(4)  # it takes 2 to reach its limit


async def flooding(client, _):
    """All its frames as fast as it can, with as many objects as there are: a core of its own."""
    pipeline = {"name": "flood", "stages": [
        {"type": "detect", "model": "yolo11n", "minConfidence": 0.01,
         "input": {"width": 320, "height": 320}}]}
    await client.call("session.subscribe", subscriptionIdentifier="cam-1", pace="flat_out", loop=True,
                      rtspUrl=f"file://{rig.stack.CLIPS / 'people.mp4'}", pipeline=pipeline)
    await asyncio.Event().wait()


async def well(*_):
    await asyncio.Event().wait()


async def measure(noise, seconds):
    """Milliseconds of every result of cam-0, and how many of its frames are missing."""
    worker = LEAK % (rig.stack.BIN.parent / "bench/libbench_leak.so", rig.stack.BIN / "bulkhead-worker")
    leaks = {"worker": worker, "settings": LEAK_SETTINGS} if noise is leaking else {}
    async with rig.cameras(2, fps=5, **leaks) as (supervisor, client), \
            rig.stack.Client.connect(supervisor.ws_url) as other:
        before = await client.call("session.get", subscriptionIdentifier="cam-0")
        await asyncio.sleep(3)
        while not client.notifications.empty():
            client.notifications.get_nowait()
        task = asyncio.create_task(noise(other, supervisor.state_dir.parent))
        ages, sequences = [], []
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            with contextlib.suppress(asyncio.TimeoutError):
                message = await asyncio.wait_for(client.notifications.get(), 1)
                params = message["params"]
                if message["method"] == "detection" and params["session"] == "cam-0":
                    ages.append(params["ageMs"] - params["inferMs"])
                    sequences.append(params["sequence"])
        while not task.done():  # wait_for of Python 3.11 swallows one that meets an answer
            task.cancel()
            await asyncio.wait({task}, timeout=1)
        if not task.cancelled():
            task.result()
        after = await client.call("session.get", subscriptionIdentifier="cam-0")
        neighbour = await client.call("session.get", subscriptionIdentifier="cam-1")
    if noise is leaking and not any(end["reason"] == "OUT_OF_MEMORY" for end in neighbour["lastExits"]):
        raise SystemExit(f"the neighbour did not reach its limit: {neighbour['lastExits']}")
    if before["worker"]["pid"] != after["worker"]["pid"]:
        raise SystemExit(f"cam-0 lost its worker beside a neighbour that is {noise.__name__}")
    return sorted(ages), sequences[-1] - sequences[0] + 1 - len(set(sequences))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=40)
    parser.add_argument("--smoke", action="store_true", help="small: does it still work?")
    arguments = parser.parse_args()
    noises = (well, killed, stopped, restarted, leaking, flooding)
    if arguments.smoke:
        arguments.seconds, noises = 5, (well, leaking)
    print(rig.machine())
    print("| the neighbour is | results | missing | p50 ms | p99 ms | p99 over its p99 beside one that is well |")
    print("|---|---|---|---|---|---|")
    alone = None
    for noise in noises:
        ages, missing = asyncio.run(measure(noise, arguments.seconds))
        p99 = rig.quantile(ages, .99)
        alone = alone or p99
        print(f"| {noise.__name__} | {len(ages)} | {missing} | {rig.quantile(ages, .5):.2f} | {p99:.2f} | "
              f"{p99 / alone:.2f} |", flush=True)


if __name__ == "__main__":
    main()
