"""The real programs of one end-to-end test, and a WebSocket client written with another library.

Every process is started by a test and ended by it, by its id. Waits are for events, with a limit
that only a hang reaches.
"""

import asyncio
import contextlib
import datetime
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile

import websockets

ROOT = pathlib.Path(__file__).resolve().parents[2]  # of a built checkout, where nobody says else
BIN = pathlib.Path(os.environ.get("BULKHEAD_BIN", ROOT / "build/release/bin"))
CLIPS = pathlib.Path(os.environ.get("BULKHEAD_CLIPS", ROOT / "build/deps/clips"))
CONFIG = pathlib.Path(os.environ.get("BULKHEAD_CONFIG", ROOT / "config"))
DATA = pathlib.Path(os.environ.get("BULKHEAD_DATA", "/nonexistent"))

HANG_LIMIT_S = 60.0


class Program:
    """One child process whose first line of output says that it is ready."""

    def __init__(self, *argv, stderr_file, environment=None):
        self._stderr = open(stderr_file, "ab")
        self.process = subprocess.Popen(
            [str(a) for a in argv], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=self._stderr, start_new_session=True,
            env={**os.environ, **(environment or {})})
        self.first_line = self.process.stdout.readline().decode().strip()
        if not self.first_line:
            self.stop()
            text = pathlib.Path(stderr_file).read_text(errors="replace")
            raise RuntimeError(f"{argv[0]} did not start: {text}")

    @property
    def pid(self):
        return self.process.pid

    def stop(self, number=signal.SIGTERM):
        if self.process.poll() is None:
            self.process.send_signal(number)
            try:
                self.process.wait(HANG_LIMIT_S)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.process.stdout.close()
        self._stderr.close()
        return self.process.returncode


class Camera(Program):
    """The demo camera: a real RTSP server that serves clips in a loop."""

    def __init__(self, folder, *arguments, port=0):
        super().__init__(BIN / "bulkhead-demo-camera", "--port", port, *arguments,
                         stderr_file=folder / "camera.err")
        match = re.fullmatch(r"ready (rtsp://127\.0\.0\.1:(\d+))/", self.first_line)
        self.url = match[1]
        self.port = int(match[2])


X264 = ("x264enc", "key-int-max=10", "bframes=0", "speed-preset=ultrafast", "!", "h264parse")
X265 = ("x265enc", "key-int-max=10", "speed-preset=ultrafast", "!", "h265parse")


def make_clip(file, pattern="smpte", side=(320, 240), fps=10, encoder=X264):
    """Two seconds of a test picture, for a camera to loop."""
    subprocess.run(
        ["gst-launch-1.0", "-q", "videotestsrc", f"pattern={pattern}", f"num-buffers={2 * fps}", "!",
         f"video/x-raw,format=I420,width={side[0]},height={side[1]},framerate={fps}/1", "!",
         *encoder, "!", "mp4mux", "!", "filesink", f"location={file}"],
        check=True, timeout=HANG_LIMIT_S, stdout=subprocess.DEVNULL)
    return file


def with_worker(folder, worker):
    """A copy of the supervisor in `folder` that finds `worker`, a program or the text of a script,
    where it looks for its own."""
    program = folder / "bulkhead-supervisor"
    shutil.copy2(BIN / "bulkhead-supervisor", program)
    beside = folder / "bulkhead-worker"
    if isinstance(worker, str):
        beside.write_text(worker)
        beside.chmod(0o755)
    else:
        shutil.copy2(worker, beside)
    return program


class Supervisor(Program):
    def __init__(self, folder, *arguments, program=BIN / "bulkhead-supervisor", environment=None):
        self.state_dir = folder / "state"
        super().__init__(program, "--config", CONFIG / "bulkhead.json",
                         "--port", 0, "--state-dir", self.state_dir,
                         # All cameras of a test have one address.
                         "--set", "connection_rate.per_host_per_second=1000",
                         "--set", "connection_rate.per_machine_per_second=1000", *arguments,
                         stderr_file=folder / "supervisor.err", environment=environment)
        self.port = int(re.search(r"http://127\.0\.0\.1:(\d+)", self.first_line)[1])
        self.ws_url = f"ws://127.0.0.1:{self.port}/ws"
        self.http_url = f"http://127.0.0.1:{self.port}"

    def log_texts(self):
        return {f.name: f.read_text(errors="replace") for f in self.state_dir.rglob("*.log*")}


class RpcError(Exception):
    def __init__(self, error):
        super().__init__(error["message"])
        self.code = error.get("data", {}).get("code")
        self.field = error.get("data", {}).get("field")


class Client:
    """JSON-RPC over the control channel. Notifications queue up in `notifications`."""

    def __init__(self, socket):
        self._socket = socket
        self._replies = {}
        self._next_id = 1
        self.notifications = asyncio.Queue()
        self._reader = asyncio.create_task(self._read())

    @classmethod
    @contextlib.asynccontextmanager
    async def connect(cls, url):
        async with websockets.connect(url, max_size=None, max_queue=None) as socket:
            client = cls(socket)
            try:
                yield client
            finally:
                client._reader.cancel()

    async def _read(self):
        async for text in self._socket:  # ends with the connection
            message = json.loads(text)
            if "id" in message:
                self._replies.pop(message["id"]).set_result(message)
            else:
                self.notifications.put_nowait(message)

    async def closed(self, limit_s=HANG_LIMIT_S):
        """The code with which the supervisor ends the connection."""
        await asyncio.wait_for(self._socket.wait_closed(), limit_s)
        return self._socket.close_code

    async def call(self, method, limit_s=HANG_LIMIT_S, **params):
        number = self._next_id
        self._next_id += 1
        reply = asyncio.get_running_loop().create_future()
        self._replies[number] = reply
        await self._socket.send(json.dumps(
            {"jsonrpc": "2.0", "id": number, "method": method, "params": params}))
        message = await asyncio.wait_for(reply, limit_s)
        if "error" in message:
            raise RpcError(message["error"])
        return message["result"]

    async def next(self, method, wanted=lambda params: True, limit_s=HANG_LIMIT_S):
        """The next notification of this method that is wanted; others are dropped."""
        async def search():
            while True:
                message = await self.notifications.get()
                if message["method"] == method and wanted(message["params"]):
                    return message["params"]
        return await asyncio.wait_for(search(), limit_s)

    async def until_state(self, session, *states, limit_s=HANG_LIMIT_S):
        """Waits for a session to be in one of `states`; needs an open stream with states."""
        view = await self.call("session.get", subscriptionIdentifier=session)
        if view["state"] in states:
            return view
        try:
            await self.next("session.state",
                            lambda p: p["session"] == session and p["to"] in states, limit_s)
        except asyncio.TimeoutError:
            view = await self.call("session.get", subscriptionIdentifier=session)
            raise AssertionError(f"{session} is not {states} but {view}") from None
        return await self.call("session.get", subscriptionIdentifier=session)


@contextlib.contextmanager
def workplace():
    """A folder for one test's state and logs, gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="bulkhead-e2e-") as folder:
        yield pathlib.Path(folder)


@contextlib.contextmanager
def running(program):
    try:
        yield program
    finally:
        program.stop()


def frames_apart(before, after, fps):
    """How many frames of a camera lie from one detection to the next, by the camera's clock."""
    stamps = [datetime.datetime.fromisoformat(d["tsCamera"].replace("Z", "+00:00"))
              for d in (before, after)]
    return round((stamps[1] - stamps[0]).total_seconds() * fps)


def children_of(pid):
    """Process ids whose parent is `pid`."""
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        with contextlib.suppress(OSError):
            fields = (entry / "stat").read_text().rsplit(")", 1)[1].split()
            if int(fields[1]) == pid:
                found.append(int(entry.name))
    return found


def is_running(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


async def gone(pids, limit_s):
    """True when every process has ended within the limit, watched by pidfd."""
    loop = asyncio.get_running_loop()

    async def ended(pid):
        try:
            fd = os.pidfd_open(pid)
        except ProcessLookupError:
            return
        done = loop.create_future()
        loop.add_reader(fd, lambda: done.done() or done.set_result(None))
        try:
            await done
        finally:
            loop.remove_reader(fd)
            os.close(fd)

    try:
        await asyncio.wait_for(asyncio.gather(*(ended(p) for p in pids)), limit_s)
        return True
    except asyncio.TimeoutError:
        return False
