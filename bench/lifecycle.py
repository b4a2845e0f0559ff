#!/usr/bin/python3
"""What does a worker's end cost the subscriber, planned or not?

One camera of 25 frames/s, all of them inferred, over and over: a restart that overlaps, one that
replaces, and a kill -9; all of it with a warm spare and without. Frames are counted by the camera's own clock, not by what the reply says.
  bench/lifecycle.py [--overlaps 100] [--replaces 30] [--kills 30] [--spares 0 1] [--smoke]
"""

import argparse
import asyncio
import collections
import datetime
import os
import signal
import time

import rig

FPS = 25
SIDE = 160  # small, so that two workers together keep up on two cores


def camera_seconds(detection):
    text = detection["tsCamera"].replace("Z", "+00:00")
    return datetime.datetime.fromisoformat(text).timestamp()


class Watch:
    """Reads all notifications of one client and stamps them with the time of their receipt."""

    def __init__(self, client):
        self._client = client
        self._last = None
        self.holes = 0  # frames of the camera that no detection was of

    async def next(self):
        message = await asyncio.wait_for(self._client.notifications.get(), 60)
        return time.monotonic(), message["method"], message["params"]

    async def settled(self, client, spares):
        """The camera's clock is known, the worker has been live for a while, and a spare waits."""
        for _ in range(2 * FPS):
            await self.detection(lambda d: "tsCamera" in d)
        while (await client.call("system.state"))["warmSpares"] < spares:
            await self.detection()

    async def detection(self, wanted=lambda d: True):
        while True:
            at, method, params = await self.next()
            if method != "detection":
                continue
            if self._last:
                self.holes += abs(frames_between(self._last[1], params) or 0)
            self._last = (at, params)
            if wanted(params):
                return self._last

    async def change_to(self, generation):
        """The last detection before a generation and its first, each with its time."""
        before = self._last
        while True:
            at, params = await self.detection()
            if params["generation"] >= generation:
                return before, (at, params)
            before = (at, params)


def frames_between(before, after):
    """Frames of the camera that lie between two detections; -1: they are of the same one. None where
    the camera's clock is not known, as in the first seconds of a connection."""
    if "tsCamera" not in before or "tsCamera" not in after:
        return None
    return round((camera_seconds(after) - camera_seconds(before)) * FPS) - 1


async def restart(client, watch, mode, spares):
    await watch.settled(client, spares)
    view = await client.call("session.get", subscriptionIdentifier="cam-0")
    watch.holes = 0
    asked = time.monotonic()
    reply = asyncio.ensure_future(
        client.call("session.restart", subscriptionIdentifier="cam-0", mode=mode))
    (old_at, old), (new_at, new) = await watch.change_to(view["generation"] + 1)
    cost = await reply
    return {"gap": new_at - old_at, "lost": frames_between(old, new), "holes": watch.holes,
            "cost": cost,
            "reply": time.monotonic() - asked}


async def kill(client, watch, spares):
    # Asked for by an operator, so that no earlier death counts: this one is the first.
    await client.call("session.restart", subscriptionIdentifier="cam-0", mode="overlap")
    await watch.settled(client, spares)
    view = await client.call("session.get", subscriptionIdentifier="cam-0")
    os.kill(view["worker"]["pid"], signal.SIGKILL)
    killed = time.monotonic()
    steps = {}
    while True:
        at, method, params = await watch.next()
        if method == "session.state":
            steps.setdefault(params["to"], at - killed)
        elif method == "detection" and params["generation"] > view["generation"]:
            steps["detecting"] = at - killed
            return steps


def ms(values):
    ordered = sorted(values)
    if not ordered:
        return "- | -"
    return f"{rig.quantile(ordered, .5) * 1e3:.1f} | {ordered[-1] * 1e3:.1f}"


async def measure(arguments, spares):
    setting = f"session_processes.warm_spares={spares}"
    async with rig.cameras(1, fps=0, side=SIDE, camera_arguments=("--fps", FPS),
                           settings=[setting]) as (_, client):
        watch = Watch(client)
        for mode, tries in (("overlap", arguments.overlaps), ("replace", arguments.replaces)):
            done = [await restart(client, watch, mode, spares) for _ in range(tries)]
            lost = collections.Counter((d["lost"], d["holes"]) for d in done)
            told = collections.Counter(
                (d["cost"]["lostFrames"], d["cost"]["duplicateFrames"]) for d in done)
            print(f"| {mode} | {tries} | {ms([d['gap'] for d in done])} | "
                  f"{dict(sorted(lost.items(), key=str))} | {dict(sorted(told.items()))} | "
                  f"{ms([d['reply'] for d in done])} |", flush=True)
        ends = [await kill(client, watch, spares) for _ in range(arguments.kills)]
    print("\n| after kill -9 | p50 ms | max |\n|---|---|---|")
    for step in ("BACKING_OFF", "STARTING", "CONNECTING", "LIVE", "detecting"):
        print(f"| {step} | {ms([e[step] for e in ends if step in e])} |")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--overlaps", type=int, default=100)
    parser.add_argument("--replaces", type=int, default=30)
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--spares", type=int, nargs="+", default=[0, 1], help="warm ones")
    parser.add_argument("--smoke", action="store_true", help="small: does it still work?")
    arguments = parser.parse_args()
    if arguments.smoke:
        arguments.overlaps = arguments.replaces = arguments.kills = 1
    print(rig.machine())
    for spares in arguments.spares:
        print(f"\nWarm spares: {spares}\n")
        print("| planned restart | tries | gap p50 ms | max | frames lost (at the change, from request to "
              "change): tries | said (lost, twice): tries | reply p50 ms | max |")
        print("|---|---|---|---|---|---|---|---|")
        asyncio.run(measure(arguments, spares))


if __name__ == "__main__":
    main()
