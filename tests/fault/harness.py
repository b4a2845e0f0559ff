"""What all faults are injected into and judged by: the running system, and all it tells a client."""

import asyncio
import collections
import contextlib
import os
import pathlib
import signal
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))

import stack  # noqa: E402
from rtsp_proxy import RtspProxy  # noqa: E402

PIPELINE = {"name": "soak", "stages": [
    {"type": "detect", "model": "yolo11n", "input": {"width": 160, "height": 160}}]}
SESSIONS = {"a0": "a", "a1": "a", "b0": "b", "b1": "b"}  # and the camera of each
TRANSPORTS = {"a0": "tcp", "a1": "udp", "b0": "tcp", "b1": "tcp"}
DETECTING = {"LIVE", "DEGRADED"}  # what a machine is too busy for is no fault that has not healed
RECOVERY_S = 40.0     # the camera's own back-off included


class Violation(Exception):
    pass


class Observer:
    """Everything the supervisor tells one client, by session."""

    def __init__(self, client):
        self._client = client
        self._changed = asyncio.Condition()
        self.states = {}
        self.history = collections.defaultdict(list)     # session: [(time, state, reason)]
        self.sequences = collections.defaultdict(list)   # (session, generation): numbers
        self.ages = collections.defaultdict(list)        # session: milliseconds
        self.widths = {}                                 # session: of its last picture
        self._task = asyncio.create_task(self._read())

    async def _read(self):
        while True:
            message = await self._client.notifications.get()
            params = message["params"]
            if message["method"] == "session.state":
                self.states[params["session"]] = params["to"]
                self.history[params["session"]].append(
                    (time.monotonic(), params["to"], params["reason"]))
            elif message["method"] == "detection":
                key = (params["session"], params["generation"])
                self.sequences[key].append(params["sequence"])
                self.ages[params["session"]].append(params["ageMs"])
                self.widths[params["session"]] = params["width"]
            async with self._changed:
                self._changed.notify_all()

    def told(self, name):
        """How many results of this session came, of any worker."""
        return len(self.ages[name])

    async def more_results(self, names, count, limit_s=RECOVERY_S):
        """Every one of these sessions gives so many more results."""
        wanted = {name: self.told(name) + count for name in names}
        await self.until(f"{count} more results of {sorted(names)}",
                         lambda: all(self.told(n) >= w for n, w in wanted.items()), limit_s)

    def detects(self, names):
        return all(self.states.get(name) in DETECTING for name in names)

    def said(self, name):
        """Every state of this session since `forget`, with its reason."""
        return {(state, reason) for _, state, reason in self.history[name]}

    def stop(self):
        self._task.cancel()

    def forget(self):
        self.sequences.clear()
        self.ages.clear()
        self.history.clear()

    async def until(self, what, condition, limit_s=RECOVERY_S):
        async def wait():
            async with self._changed:
                await self._changed.wait_for(condition)
        try:
            await asyncio.wait_for(wait(), limit_s)
        except asyncio.TimeoutError:
            raise Violation(f"not within {limit_s:.0f} s: {what}; states {self.states}") from None


class Hiccups:
    """How long this machine let a process wait that asked for nothing: not the supervisor's fault."""

    def __init__(self):
        self.worst_ms = 0.0
        self._task = asyncio.create_task(self._watch())

    async def _watch(self):
        while True:
            before = time.monotonic()
            await asyncio.sleep(0.005)
            self.worst_ms = max(self.worst_ms, (time.monotonic() - before) * 1e3 - 5)

    def stop(self):
        self._task.cancel()


class ProcessorProbe:
    """What processor_probe.py says, for as long as it is asked."""

    @classmethod
    @contextlib.asynccontextmanager
    async def running(cls):
        program = pathlib.Path(__file__).with_name("processor_probe.py")
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-B", program, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE)
        probe = cls()
        reading = asyncio.create_task(probe._read(process.stdout))
        try:
            yield probe
        finally:
            process.stdin.close()
            await process.wait()
            await reading

    def __init__(self):
        self._milliseconds = []

    async def _read(self, stdout):
        async for line in stdout:
            self._milliseconds.append(float(line))

    def take(self):
        """All since the last call."""
        taken, self._milliseconds = self._milliseconds, []
        return taken


class Rig:
    def __init__(self, folder, supervisor, client, cameras):
        self.folder = folder
        self.supervisor = supervisor
        self.client = client
        self.cameras = cameras  # by letter; a proxy stands before each
        self.proxies = {}
        self.observer = Observer(client)
        self._deaths = collections.defaultdict(collections.deque)

    def mortals(self):
        """Sessions whose worker may die: the sixth death in a minute opens the breaker, rightly."""
        now = time.monotonic()
        for deaths in self._deaths.values():
            while deaths and deaths[0] < now - 60:
                deaths.popleft()
        return [name for name in SESSIONS if len(self._deaths[name]) < 4]

    def mortal(self, draw):
        name = draw.choice(self.mortals())
        self._deaths[name].append(time.monotonic())
        return name

    async def view(self, name):
        return await self.client.call("session.get", subscriptionIdentifier=name)

    async def pid(self, name):
        worker = (await self.view(name))["worker"]
        if worker is None:
            raise Violation(f"{name} is said to be live and has no worker")
        return worker["pid"]

    async def subscribe(self, name, **changes):
        proxy = self.proxies[SESSIONS[name]]
        return await self.client.call("session.subscribe", subscriptionIdentifier=name,
                                      rtspUrl=f"{proxy.url}/{name}", transport=TRANSPORTS[name],
                                      pipeline={**PIPELINE, **changes})

    async def open_cameras(self):
        for letter in sorted(set(SESSIONS.values())):
            self.cameras[letter] = self.new_camera(letter)
            self.proxies[letter] = RtspProxy(self.cameras[letter].port)
            await self.proxies[letter].listen()

    def close_cameras(self):
        for proxy in self.proxies.values():
            proxy.close()
        for camera in self.cameras.values():
            camera.stop(signal.SIGKILL)

    def new_camera(self, letter, port=0):
        mounts = [part for name, camera in SESSIONS.items() if camera == letter
                  for part in ("--mount", f"/{name}={stack.CLIPS / 'people.mp4'}")]
        return stack.Camera(self.folder, *mounts, port=port)

    async def next_generation_live(self, name, before, limit_s=RECOVERY_S):
        await self.observer.until(
            f"{name} detects again with another worker",
            lambda: any(s == name and g > before for s, g in self.observer.sequences), limit_s)


def descriptors(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


def resident_bytes(pid):
    return int(pathlib.Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE")


def zombies(pid):
    return [c for c in stack.children_of(pid) if not stack.is_running(c)]


async def check_bystanders(rig, bystanders, before):
    for name in bystanders:
        view = await rig.view(name)
        if view["worker"] is None or view["worker"]["pid"] != before[name]:
            raise Violation(f"{name} got another worker, and was no victim")
        told = rig.observer.sequences[(name, view["generation"])]
        holes = set(range(told[0], told[-1] + 1)) - set(told) if told else set()
        if holes:
            raise Violation(f"{name} missed results {sorted(holes)}, and was no victim")
        if len(told) != len(set(told)):
            raise Violation(f"{name} got results twice")


async def check_base_line(rig, base):
    pid = rig.supervisor.pid
    deadline = time.monotonic() + 10  # closed connections and ended workers take a moment
    while True:
        problems = []
        if descriptors(pid) > base["descriptors"]:
            problems.append(f"{descriptors(pid)} descriptors, {base['descriptors']} at first")
        # One more may be the warm spare.
        if len(stack.children_of(pid)) - len(SESSIONS) not in (0, 1):
            problems.append(f"{len(stack.children_of(pid))} workers for {len(SESSIONS)} sessions")
        if zombies(pid):
            problems.append(f"zombies {zombies(pid)}")
        if set(os.listdir("/dev/shm")) - base["shm"]:
            problems.append("files in /dev/shm")
        if not problems:
            return
        if time.monotonic() > deadline:
            raise Violation("the supervisor is not back at its base line: " + "; ".join(problems))
        await asyncio.sleep(0.1)
