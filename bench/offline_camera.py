#!/usr/bin/python3
"""What does a camera cost that is away?

Processor time of its worker and its share of the supervisor, and lines of log, while the camera refuses
connections, is unreachable (no answer to a SYN), accepts and says nothing, or refuses the password.
  bench/offline_camera.py [--warm-up 120] [--seconds 300] [--smoke]
"""

import argparse
import asyncio
import contextlib
import re
import socket
import time

import rig

AWAY = {"OFFLINE", "AUTH_FAILED"}


def cpu_s(pid):
    """Seconds of processor time of a process, its ended threads included, to the nanosecond."""
    return time.clock_gettime((~pid << 3) | 2)  # its clock, as clock_getcpuclockid() names it


def listener(cleanup, backlog):
    made = cleanup.enter_context(socket.socket())
    made.bind(("127.0.0.1", 0))
    made.listen(backlog)
    return made, f"rtsp://127.0.0.1:{made.getsockname()[1]}/a"


def refused(cleanup):
    made, url = listener(cleanup, 1)
    made.close()
    return url


def unreachable(cleanup):
    """Linux drops a SYN for a listener whose queue is full."""
    made, url = listener(cleanup, 0)
    for _ in range(2):
        filler = cleanup.enter_context(socket.socket())
        filler.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            filler.connect(made.getsockname())
    return url


def silent(cleanup):
    return listener(cleanup, 64)[1]  # the kernel accepts, nobody reads


def wrong_password(cleanup, folder):
    password = folder / "password"
    password.write_text("right")
    camera = rig.stack.Camera(folder, "--mount", f"/a={rig.stack.CLIPS / 'people.mp4'}",
                              "--user", "operator", "--password-file", password)
    cleanup.enter_context(rig.stack.running(camera))
    return f"rtsp://operator:wrong@127.0.0.1:{camera.port}/a"


def lines(supervisor, name):
    texts = supervisor.log_texts()
    own = sum(text.count("\n") for file, text in texts.items() if f"camera_{name}.log" in file)
    said = sum(len(re.findall(rf"session={name} ", text)) for file, text in texts.items()
               if "camera" not in file)
    return own + said


async def measure(warm_up_s, seconds):
    with contextlib.ExitStack() as cleanup:
        folder = cleanup.enter_context(rig.stack.workplace())
        urls = {"refused": refused(cleanup), "unreachable": unreachable(cleanup),
                "silent": silent(cleanup), "wrong-password": wrong_password(cleanup, folder)}
        supervisor = cleanup.enter_context(rig.stack.running(rig.stack.Supervisor(folder)))
        async with rig.stack.Client.connect(supervisor.ws_url) as client:
            await client.call("stream.open")
            for name, url in urls.items():
                await client.call("session.subscribe", subscriptionIdentifier=name, rtspUrl=url)
            for name in urls:
                await client.until_state(name, *AWAY)
            pids = {name: (await client.call("session.get", subscriptionIdentifier=name))
                    ["worker"]["pid"] for name in urls}
            await asyncio.sleep(warm_up_s)
            before = {name: (cpu_s(pid), lines(supervisor, name)) for name, pid in pids.items()}
            supervisor_before = cpu_s(supervisor.pid)
            begin = time.monotonic()
            await asyncio.sleep(seconds)
            took = time.monotonic() - begin
            of_supervisor = (cpu_s(supervisor.pid) - supervisor_before) / took / len(urls)
            for name, pid in pids.items():
                view = await client.call("session.get", subscriptionIdentifier=name)
                if view["state"] not in AWAY or view["worker"]["pid"] != pid:
                    raise RuntimeError(f"{name} is {view['state']}: it was to stay away")
                share = (cpu_s(pid) - before[name][0]) / took
                more = lines(supervisor, name) - before[name][1]
                print(f"| {name} | {view['state']} | {100 * share:.3f} | {100 * of_supervisor:.3f} | "
                      f"{more / took * 3600:.0f} |")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--warm-up", type=float, default=120, help="until the back-off is at its longest")
    parser.add_argument("--seconds", type=float, default=300)
    parser.add_argument("--smoke", action="store_true", help="small: does it still work?")
    arguments = parser.parse_args()
    if arguments.smoke:
        arguments.warm_up, arguments.seconds = 1, 4
    print(rig.machine())
    print("| camera | state | worker, % of a core | supervisor, % of a core and session | log lines an hour |")
    print("|---|---|---|---|---|")
    asyncio.run(measure(arguments.warm_up, arguments.seconds))


if __name__ == "__main__":
    main()
