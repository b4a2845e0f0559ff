#!/usr/bin/python3
"""What does a camera feel of what happens to its neighbour?

The age of its results at the client, inference subtracted, while the neighbour's worker is killed,
stopped, restarted or floods its queues, over and over; and beside a neighbour that is well.
  bench/isolation.py [--seconds 40] [--smoke]
"""

import argparse
import asyncio
import contextlib
import os
import signal
import time

import rig


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


async def killed(client):
    await signal_for_ever(client, signal.SIGKILL, 0.5)


async def stopped(client):
    await signal_for_ever(client, signal.SIGSTOP, 3)


async def restarted(client):
    while True:
        await client.call("session.restart", subscriptionIdentifier="cam-1", mode="overlap")


async def flooding(client):
    """All its frames as fast as it can, with as many objects as there are: a core of its own."""
    pipeline = {"name": "flood", "stages": [
        {"type": "detect", "model": "yolo11n", "minConfidence": 0.01,
         "input": {"width": 320, "height": 320}}]}
    await client.call("session.subscribe", subscriptionIdentifier="cam-1", pace="flat_out", loop=True,
                      rtspUrl=f"file://{rig.stack.CLIPS / 'people.mp4'}", pipeline=pipeline)
    await asyncio.Event().wait()


async def well(_):
    await asyncio.Event().wait()


async def measure(noise, seconds):
    """Milliseconds of every result of cam-0, and how many of its frames are missing."""
    async with rig.cameras(2, fps=5) as (supervisor, client), \
            rig.stack.Client.connect(supervisor.ws_url) as other:
        before = await client.call("session.get", subscriptionIdentifier="cam-0")
        await asyncio.sleep(3)
        while not client.notifications.empty():
            client.notifications.get_nowait()
        task = asyncio.create_task(noise(other))
        ages, sequences = [], []
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            with contextlib.suppress(asyncio.TimeoutError):
                message = await asyncio.wait_for(client.notifications.get(), 1)
                params = message["params"]
                if message["method"] == "detection" and params["session"] == "cam-0":
                    ages.append(params["ageMs"] - params["inferMs"])
                    sequences.append(params["sequence"])
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        after = await client.call("session.get", subscriptionIdentifier="cam-0")
    if before["worker"]["pid"] != after["worker"]["pid"]:
        raise SystemExit(f"cam-0 lost its worker beside a neighbour that is {noise.__name__}")
    return sorted(ages), sequences[-1] - sequences[0] + 1 - len(set(sequences))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=40)
    parser.add_argument("--smoke", action="store_true", help="small: does it still work?")
    arguments = parser.parse_args()
    noises = (well, killed, stopped, restarted, flooding)
    if arguments.smoke:
        arguments.seconds, noises = 3, (well, killed)
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
