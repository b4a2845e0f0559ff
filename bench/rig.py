"""What the benches of the whole system share: the real programs with n cameras, and the machine's name.

Run from anywhere after tests/run or deploy/quickstart; uses build/release.
"""

import contextlib
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests/e2e"))

import stack  # noqa: E402  (the path above is what makes it importable)


def machine():
    """One line that names the machine and the commit, for every table."""
    cpu = next((line.split(":", 1)[1].strip() for line in open("/proc/cpuinfo")
                if line.startswith("model name")), "unknown CPU")
    commit = subprocess.run(["git", "-C", str(ROOT), "rev-parse", "--short", "HEAD"],
                            capture_output=True, text=True, check=False).stdout.strip()
    return f"{cpu}, {os.cpu_count()} cores, commit {commit}"


@contextlib.asynccontextmanager
async def cameras(count, fps, side=320, camera_arguments=(), settings=(), worker=None):
    """`count` sessions named cam-0… on one real RTSP server, all live; yields (supervisor, client).

    `fps` is the pipeline's limit, 0: all frames; `side` the model's input; `settings` are path.to.key=value of
    the configuration; `worker` the text of a script that takes the worker's place, {folder} its folder.
    """
    clip = stack.CLIPS / "people.mp4"
    with contextlib.ExitStack() as cleanup:
        folder = cleanup.enter_context(stack.workplace())
        mounts = [argument for i in range(count) for argument in ("--mount", f"/c{i}={clip}")]
        camera = cleanup.enter_context(stack.running(stack.Camera(folder, *mounts, *camera_arguments)))
        own = {"program": stack.with_worker(folder, worker.replace("{folder}", str(folder)))} if worker else {}
        supervisor = cleanup.enter_context(stack.running(stack.Supervisor(
            folder, *(a for setting in settings for a in ("--set", setting)), **own)))
        pipeline = {"name": "bench", "maxFps": fps,
                    "stages": [{"type": "detect", "model": "yolo11n",
                                "input": {"width": side, "height": side}}]}
        async with stack.Client.connect(supervisor.ws_url) as client:
            await client.call("stream.open")
            for i in range(count):
                await client.call("session.subscribe", subscriptionIdentifier=f"cam-{i}",
                                  rtspUrl=f"{camera.url}/c{i}", pipeline=pipeline)
            for i in range(count):
                await client.until_state(f"cam-{i}", "LIVE")
            yield supervisor, client


def quantile(ordered, q):
    return ordered[min(len(ordered) - 1, int(q * len(ordered)))]
