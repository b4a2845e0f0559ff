#!/usr/bin/python3
"""What does another supervisor cost the subscriber, by an upgrade and by a restart?

Cameras of 10 frames/s, all of them inferred. Over and over the supervisor becomes itself again, and, to compare,
is stopped and started with the same state. The client comes back at once and resumes. Frames are counted by the number
that the worker gave them, so a frame that nobody was told of is a hole.
  bench/upgrade.py [--cameras 1 4] [--upgrades 20] [--restarts 5] [--smoke]
"""

import argparse
import asyncio
import contextlib
import time

import rig
import stack

SIDE = 160
BEFORE = 100  # detections of each camera, so that there is a history to carry


class Told:
    """What one subscriber was told, over all its connections."""

    def __init__(self):
        self.last = {}    # session -> generation, sequence
        self.frames = {}  # session, generation -> numbers of frames
        self.twice = 0

    def take(self, params):
        session, generation = params["session"], params["generation"]
        frames = self.frames.setdefault((session, generation), set())
        self.twice += params["frameId"] in frames
        frames.add(params["frameId"])
        self.last[session] = max(self.last.get(session, (0, 0)), (generation, params["sequence"]))

    def lost(self):
        return sum(max(frames) - min(frames) + 1 - len(frames) for frames in self.frames.values())

    def positions(self):
        return [{"session": session, "generation": generation, "sequence": sequence}
                for session, (generation, sequence) in self.last.items()]


@contextlib.asynccontextmanager
async def subscriber(url, told):
    async with stack.Client.connect(url) as client:
        positions = {"resumeFrom": told.positions()} if told.last else {}
        await client.call("stream.open", **positions)
        yield client


async def fresh(client, told, sessions, since):
    """Until a detection of each session came whose frame is younger than `since`; when the last of them came."""
    missing = set(sessions)
    while missing:
        params = await client.next("detection")
        told.take(params)
        if params["tsCapture"] > since:
            missing.discard(params["session"])
    return time.monotonic()


async def many(client, told, sessions):
    for _ in range(BEFORE * len(sessions)):
        told.take(await client.next("detection"))


def drained(client, told):
    while not client.notifications.empty():
        message = client.notifications.get_nowait()
        if message["method"] == "detection":
            told.take(message["params"])


def now_text():
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime()) + f".{int(time.time() % 1 * 1e6):06d}Z"


async def measure(count, arguments):
    sessions = [f"cam-{i}" for i in range(count)]
    with contextlib.ExitStack() as cleanup:
        folder = cleanup.enter_context(stack.workplace())
        clip = stack.CLIPS / "people.mp4"
        camera = cleanup.enter_context(stack.running(stack.Camera(
            folder, *(a for i in range(count) for a in ("--mount", f"/c{i}={clip}")))))
        supervisor = stack.Supervisor(folder)
        cleanup.callback(lambda: supervisor.stop())
        pipeline = {"name": "bench", "maxFps": 0, "stages": [
            {"type": "detect", "model": "yolo11n", "input": {"width": SIDE, "height": SIDE}}]}
        async with stack.Client.connect(supervisor.ws_url) as client:
            for i, session in enumerate(sessions):
                await client.call("session.subscribe", subscriptionIdentifier=session,
                                  rtspUrl=f"{camera.url}/c{i}", pipeline=pipeline)

        upgraded, told = [], Told()
        for _ in range(arguments.upgrades):
            async with subscriber(supervisor.ws_url, told) as client:
                await many(client, told, sessions)
                await client.call("system.upgrade")
                begun, since = time.monotonic(), now_text()
                await client.closed()
                drained(client, told)
            async with subscriber(supervisor.ws_url, told) as client:
                answered = time.monotonic() - begun
                upgraded.append((answered, await fresh(client, told, sessions, since) - begun))
        lost, twice = told.lost(), told.twice
        generations = len(told.frames)

        restarted = []
        for _ in range(arguments.restarts):
            begun, since = time.monotonic(), now_text()
            supervisor.stop()
            supervisor = stack.Supervisor(folder)
            async with subscriber(supervisor.ws_url, Told()) as client:
                answered = time.monotonic() - begun
                restarted.append((answered, await fresh(client, Told(), sessions, since) - begun))
    for name, runs, seen in (("upgrade", upgraded, f"{lost} | {twice} | {generations - count}"),
                             ("stop and start", restarted, "all meanwhile | - | all")):
        answered, detecting = (sorted(of) for of in zip(*runs))
        print(f"| {count} | {name} | {len(runs)} | {rig.quantile(answered, .5) * 1e3:.0f} | {answered[-1] * 1e3:.0f} | "
              f"{rig.quantile(detecting, .5) * 1e3:.0f} | {detecting[-1] * 1e3:.0f} | {seen} |", flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--cameras", type=int, nargs="+", default=[1, 4])
    parser.add_argument("--upgrades", type=int, default=20)
    parser.add_argument("--restarts", type=int, default=5)
    parser.add_argument("--smoke", action="store_true", help="small: does it still work?")
    arguments = parser.parse_args()
    if arguments.smoke:
        arguments.cameras, arguments.upgrades, arguments.restarts = [1], 1, 1
    print(rig.machine() + "\n")
    print("| cameras | what | times | client served again ms, p50 | max | a new frame of each camera told ms, p50 | max | "
          "frames lost | told twice | workers replaced |\n" + "|---" * 10 + "|")
    for count in arguments.cameras:
        asyncio.run(measure(count, arguments))


if __name__ == "__main__":
    main()
