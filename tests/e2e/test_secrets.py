"""Canaries: secrets that occur nowhere else, given to real cameras in every place that takes one.
Everything that says anything is made to, and the canaries are looked for in all of it.
"""

import asyncio
import base64
import contextlib
import json
import os
import pathlib
import signal
import subprocess
import unittest
import urllib.error
import urllib.parse
import urllib.request

from stack import (
    BIN, CLIPS, HANG_LIMIT_S, Camera, Client, RpcError, Supervisor, children_of, running, workplace)

USER = "Us3rCanary-qx7"
PASSWORD = "P4ssCanary/zk+9 =v"
TOKEN = "T0kenCanary-wm5"
QUERY_PASSWORD = "Qu3ryCanary~jj2"
WRONG = "Wr0ngCanary!bb8"
SECRETS = (USER, PASSWORD, TOKEN, QUERY_PASSWORD, WRONG)


def forms(secret):
    """As it is, as addresses and as Base64 write it, wherever in what is encoded it stands."""
    yield secret
    for safe in ("", "/", "/+=!~"):
        yield urllib.parse.quote(secret, safe=safe)
    yield urllib.parse.quote_plus(secret)
    for before in range(3):
        # Without the digits that also depend on what stands beside it.
        text = base64.b64encode(b"\0" * before + secret.encode()).decode().rstrip("=")
        yield text[(0, 2, 3)[before]:len(text) - 1]


FORMS = {form: secret for secret in SECRETS for form in forms(secret)}


def quoted(text):
    return urllib.parse.quote(text, safe="")


class Told:
    """All that was said, by where it was said."""

    def __init__(self, test):
        self._test = test
        self.bytes = 0

    def look(self, where, text):
        if isinstance(text, bytes):
            text = text.decode(errors="replace")
        self.bytes += len(text)
        for form, secret in FORMS.items():
            at = text.find(form)
            if at >= 0:
                self._test.fail(f"{secret} stands in {where}: …{text[max(0, at - 150):at + 80]!r}…")


class ListeningClient(Client):
    """Keeps every message as it came."""

    def __init__(self, socket):
        self.raw = []
        plain = socket.recv

        async def recv():
            text = await plain()
            self.raw.append(text)
            return text

        socket.recv = recv
        super().__init__(socket)


class Secrets(unittest.IsolatedAsyncioTestCase):
    def setUp(self):
        self.folder = self.enterContext(workplace())
        self.told = Told(self)
        (self.folder / "secret").write_text(PASSWORD + "\n")
        self.camera = self.enterContext(running(Camera(
            self.folder, "--mount", f"/people={CLIPS / 'people.mp4'}", "--user", USER,
            "--password-file", self.folder / "secret")))
        self.supervisor = self.enterContext(running(Supervisor(self.folder)))
        self.clients = []

    @contextlib.asynccontextmanager
    async def client(self):
        async with ListeningClient.connect(self.supervisor.ws_url) as client:
            self.clients.append(client)
            yield client

    async def refused(self, call):
        with self.assertRaises(RpcError):
            await call

    async def cli(self, *arguments):
        run = await asyncio.to_thread(
            subprocess.run, [BIN / "bulkhead", "--url", self.supervisor.ws_url, *arguments],
            capture_output=True, text=True, timeout=HANG_LIMIT_S, check=False)
        self.told.look(f"bulkhead {arguments}", run.stdout + run.stderr)
        return run

    async def rest(self, path, method="GET", body=None):
        def ask():
            request = urllib.request.Request(
                self.supervisor.http_url + path, method=method,
                data=None if body is None else json.dumps(body).encode())
            try:
                with urllib.request.urlopen(request, timeout=HANG_LIMIT_S) as reply:
                    return reply.read() + str(reply.headers).encode()
            except urllib.error.HTTPError as error:
                return error.read() + str(error.headers).encode()

        answer = await asyncio.to_thread(ask)
        self.told.look(f"{method} {path}", answer)
        return answer

    def look_at_processes(self):
        pids = [self.supervisor.pid, *children_of(self.supervisor.pid)]
        self.assertGreater(len(pids), 1)
        for pid in pids:
            for name in ("cmdline", "environ", "comm"):
                with contextlib.suppress(OSError):
                    self.told.look(f"/proc/{pid}/{name}",
                                   pathlib.Path(f"/proc/{pid}/{name}").read_bytes())

    def look_at_files(self):
        for folder, _, names in os.walk(self.folder):
            for name in names:
                file = pathlib.Path(folder) / name
                if name == "secret" or name.startswith("secrets.db") or not file.is_file():
                    continue
                self.told.look(str(file.relative_to(self.folder)), file.read_bytes())

    async def subscribe_all(self, client):
        """gate works, with all that is secret beside its address; yard's is inside it, and its path
        is not there; dock's password is wrong."""
        await client.call(
            "session.subscribe", subscriptionIdentifier="gate",
            rtspUrl=f"{self.camera.url}/people?token={TOKEN}&password={quoted(QUERY_PASSWORD)}",
            credentials={"username": USER, "password": PASSWORD})
        inside = self.camera.url.replace("//", f"//{quoted(USER)}:{quoted(PASSWORD)}@")
        await client.call("session.subscribe", subscriptionIdentifier="yard",
                          rtspUrl=f"{inside}/nothing?password={quoted(QUERY_PASSWORD)}")
        await client.call("session.subscribe", subscriptionIdentifier="dock",
                          rtspUrl=f"{self.camera.url}/people",
                          credentials={"username": USER, "password": WRONG})
        await client.until_state("gate", "LIVE")
        await client.until_state("dock", "AUTH_FAILED")

    async def say_what_is_wrong(self, client):
        for params in (
            {"rtspUrl": f"rtsp://{USER}:{WRONG}@[bad/x"},
            {"rtspUrl": f"http://{USER}:{WRONG}@host/x"},
            {"rtspUrl": "rtsp://host/x", "credentials": {"username": USER, "passwrod": WRONG}},
            {"rtspUrl": "rtsp://host/x", "credentials": {"username": USER, "password": 7,
                                                         "more": WRONG}},
            {"rtspUrl": f"rtsp://host/x?token={TOKEN}", "maxRtspConnections": WRONG},
            {"rtspUrl": f"rtsp://{quoted(PASSWORD)}%zz@host/x"},
        ):
            await self.refused(client.call("session.subscribe", subscriptionIdentifier="x", **params))
        listed = await client.call(
            "session.setSubscriptionList", removeOthers=False, sessions=[
                {"subscriptionIdentifier": "x", "rtspUrl": f"http://{USER}:{WRONG}@host/x"}])
        self.assertEqual(listed["sessions"][0]["change"], "refused")
        await self.refused(client.call("session.reconfigure", subscriptionIdentifier="gate",
                                       credentials={"username": USER, "passwrod": WRONG}))
        await self.rest("/api/v1/sessions", "POST",
                        {"subscriptionIdentifier": "x", "rtspUrl": f"rtsp://{USER}:{WRONG}@"})
        await self.cli("add", "x", "rtsp://127.0.0.1/x", "--user", "nobody", "--password-file",
                       str(self.folder / "none"))

    async def ask_for_everything(self, client):
        await client.call("session.list")
        await client.call("system.state")
        await client.call("session.snapshot", subscriptionIdentifier="gate")
        for name in ("gate", "yard", "dock"):
            await client.call("session.get", subscriptionIdentifier=name)
            await client.call("log.tail", subscriptionIdentifier=name, lines=5000)
            await client.next("log.line", lambda told: told.get("end"))
            await self.rest(f"/api/v1/sessions/{name}")
            await self.rest(f"/api/v1/sessions/{name}/logs?lines=5000")
            await self.cli("get", name)
            await self.cli("--json", "get", name)
            await self.cli("logs", name, "-n", "5000")
        await client.call("log.tail", supervisor=True, lines=5000)
        await client.next("log.line", lambda told: told.get("end"))
        for path in ("/metrics", "/readyz", "/healthz", "/api/v1/sessions", "/api/v1/system",
                     "/api/v1/system/logs?lines=5000", "/api/v1/sessions/gate/snapshot.jpg"):
            await self.rest(path)
        await self.cli("ls")
        await self.cli("state")
        await self.cli("watch", "--count", "3")
        self.look_at_processes()

    async def test_no_secret_stands_anywhere_but_where_secrets_are_kept(self):
        async with self.client() as client:
            await client.call("stream.open")
            await self.subscribe_all(client)
            await self.say_what_is_wrong(client)

            # GStreamer tells addresses and headers while it connects anew.
            for name in ("gate", "yard"):
                view = await client.call("session.get", subscriptionIdentifier=name)
                if view["worker"]:
                    await client.call("log.gstDebug", subscriptionIdentifier=name, seconds=300,
                                      categories="rtsp*:7,GST_PIPELINE:5,bin:5")
            await client.call("session.reconfigure", subscriptionIdentifier="gate",
                              logLevel="trace")
            await self.reconnect(client)
            await self.ask_for_everything(client)

            done = await client.call("session.restart", subscriptionIdentifier="gate",
                                     mode="replace")
            await client.call("session.reconfigure", subscriptionIdentifier="gate",
                              transport="udp")
            await self.successor(client, done["generation"])
            view = await client.call("session.get", subscriptionIdentifier="gate")
            os.kill(view["worker"]["pid"], signal.SIGSEGV)
            await self.successor(client, view["generation"])
            bundle = self.folder / "gate.json"
            self.assertEqual((await self.cli("bundle", "gate", "-o", str(bundle))).returncode, 0)
            await self.ask_for_everything(client)

            upgraded = await self.cli("--json", "upgrade")
            self.assertEqual(upgraded.returncode, 0, upgraded.stderr)
            await client.closed()
        async with self.client() as client:
            await client.call("stream.open")
            await client.next("detection", lambda told: told["session"] == "gate")
            await self.ask_for_everything(client)
            for name in ("yard", "dock"):
                await client.call("session.unsubscribe", subscriptionIdentifier=name)
        self.supervisor.process.terminate()
        self.told.look("standard output", self.supervisor.process.stdout.read())
        self.supervisor.stop()

        for client in self.clients:
            for text in client.raw:
                self.told.look("a message", text)
        self.look_at_files()
        log = (self.supervisor.state_dir / "logs/detector_worker_camera_gate.log").read_text()
        hidden = [line for line in log.splitlines() if "gstreamer debug=" in line and "***" in line]
        self.assertTrue(hidden, "GStreamer told nothing that had to be removed")
        self.assertTrue("SIGSEGV" in log)
        self.assertGreater(self.told.bytes, 100_000)

    async def successor(self, client, generation):
        await client.next("detection", lambda told: told["session"] == "gate"
                          and told["generation"] > generation)

    async def reconnect(self, client):
        """gate's camera is gone for a moment, so its worker connects anew and says how."""
        port = self.camera.port
        self.camera.stop(signal.SIGKILL)
        await client.next("session.state", lambda told: told["session"] == "gate"
                          and told["to"] != "LIVE")
        self.camera = self.enterContext(running(Camera(
            self.folder, "--mount", f"/people={CLIPS / 'people.mp4'}", "--user", USER,
            "--password-file", self.folder / "secret", port=port)))
        await client.next("session.state", lambda told: told["session"] == "gate"
                          and told["to"] == "LIVE")


if __name__ == "__main__":
    unittest.main()
