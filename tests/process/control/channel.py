"""The control channel's server alone, and clients of two kinds: Debian's python3-websockets, and
bare sockets for what a library would not send.

Waits are for events, with a limit that only a hang reaches.
"""

import asyncio
import base64
import contextlib
import json
import os
import socket
import struct
import subprocess

import websockets

HANG_LIMIT_S = 60.0
FIXTURE = os.environ["BULKHEAD_CONTROL_FIXTURE"]


class Server:
    """The fixture program; `limits` are those it knows, each small enough to meet."""

    def __init__(self, state_dir="/tmp", settings=(), **limits):
        self._process = subprocess.Popen(
            [FIXTURE, *(f"{k}={v}" for k, v in limits.items()), *(f"set:{s}" for s in settings)],
            text=True, bufsize=1, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            env=os.environ | {"BULKHEAD_STATE_DIR": str(state_dir)})
        first = self._process.stdout.readline().split()
        assert first and first[0] == "port", "the fixture did not start"
        self.port = int(first[1])
        self.url = f"ws://127.0.0.1:{self.port}/ws"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    @property
    def pid(self):
        return self._process.pid

    def tell(self, line):
        """One command; returns once it is carried out."""
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        assert answer == "ok\n", f"{line}: {answer!r}"

    def begin_close(self):
        self._process.stdin.write("close\n")
        self._process.stdin.flush()

    def wait(self):
        try:
            return self._process.wait(HANG_LIMIT_S)
        finally:
            if self._process.poll() is None:
                self._process.kill()
                self._process.wait()
            self._process.stdout.close()
            with contextlib.suppress(BrokenPipeError):
                self._process.stdin.close()

    def stop(self):
        """Ends the program, which must find that nothing is left and exit with 0."""
        if self._process.poll() is None:
            with contextlib.suppress(BrokenPipeError):
                self._process.stdin.close()
        status = self.wait()
        assert status == 0, f"the fixture ended with {status}"


def connect(server, **options):
    return websockets.connect(server.url, max_size=None, max_queue=None,
                              open_timeout=HANG_LIMIT_S, **options)


async def receive(client):
    return json.loads(await asyncio.wait_for(client.recv(), HANG_LIMIT_S))


async def exchange(client, text):
    """Sends any text and returns the next message."""
    await client.send(text)
    return await receive(client)


async def call(client, method, **params):
    """The reply to one request; notifications that come before it are dropped."""
    await client.send(json.dumps(
        {"jsonrpc": "2.0", "id": "call", "method": method, "params": params}))
    while True:
        message = await receive(client)
        if message.get("id") == "call":
            return message


class Bare:
    """A socket that speaks only what a test tells it to."""

    def __init__(self, server, receive_buffer=None):
        self._socket = socket.socket()
        if receive_buffer is not None:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self._socket.settimeout(HANG_LIMIT_S)
        self._socket.connect(("127.0.0.1", server.port))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._socket.close()

    def send(self, data):
        self._socket.sendall(data)

    def receive_some(self, most=65536):
        """b"" at the end; a reset is an end too."""
        try:
            return self._socket.recv(most)
        except ConnectionResetError:
            return b""

    def receive_all(self):
        data = b""
        while part := self.receive_some():
            data += part
        return data

    def receive_head(self):
        data = b""
        while b"\r\n\r\n" not in data:
            part = self.receive_some(1)
            if not part:
                break
            data += part
        return data

    def receive_exactly(self, count):
        data = b""
        while len(data) < count:
            part = self.receive_some(count - len(data))
            if not part:
                break
            data += part
        return data

    def request(self, method, target, headers=(), body=b""):
        """One HTTP request; returns status, header text and body."""
        lines = [f"{method} {target} HTTP/1.1", "Host: 127.0.0.1", *headers]
        if body:
            lines.append(f"Content-Length: {len(body)}")
        self.send("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
        return self.reply()

    def reply(self, has_body=True):
        head = self.receive_head().decode("latin-1")
        if not head:
            return None, "", b""
        length = [line for line in head.split("\r\n") if line.lower().startswith("content-length")]
        body = b""
        if length and has_body:
            body = self.receive_exactly(int(length[0].split(":")[1]))
        return int(head.split()[1]), head, body

    def upgrade(self, target="/ws", headers=()):
        key = base64.b64encode(os.urandom(16)).decode()
        return self.request("GET", target, (
            "Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13",
            f"Sec-WebSocket-Key: {key}", *headers))

    def receive_frame(self):
        """(opcode, payload) of one unfragmented frame; None at the end."""
        head = self.receive_exactly(2)
        if len(head) < 2:
            return None
        length = head[1] & 0x7F
        if length == 126:
            length = struct.unpack(">H", self.receive_exactly(2))[0]
        elif length == 127:
            length = struct.unpack(">Q", self.receive_exactly(8))[0]
        return head[0] & 0x0F, self.receive_exactly(length)

    def receive_message(self):
        """The next message; the pings of a slow moment are left out."""
        while (frame := self.receive_frame())[0] == 9:
            pass
        return json.loads(frame[1])

    def receive_close_code(self):
        """The code of the close frame that ends the connection; frames before it are skipped."""
        while frame := self.receive_frame():
            if frame[0] == 8:
                return struct.unpack(">H", frame[1][:2])[0]
        return None


def frame(payload, opcode=1, final=True, masked=True, reserved=0):
    first = (0x80 if final else 0) | reserved | opcode
    mask_bit = 0x80 if masked else 0
    if len(payload) < 126:
        head = struct.pack(">BB", first, mask_bit | len(payload))
    elif len(payload) < 65536:
        head = struct.pack(">BBH", first, mask_bit | 126, len(payload))
    else:
        head = struct.pack(">BBQ", first, mask_bit | 127, len(payload))
    # A mask of zeros is as valid as any, and leaves the payload readable.
    return head + (b"\0\0\0\0" if masked else b"") + payload


def request_text(method="system.state", number=1, **params):
    return json.dumps({"jsonrpc": "2.0", "id": number, "method": method, "params": params})
