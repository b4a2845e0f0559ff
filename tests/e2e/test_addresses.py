"""Which addresses a camera may have: those that are denied are refused when they are asked for, and
where a name or a redirection leads to one, its worker does not go there.
"""

import asyncio
import contextlib
import re
import socket
import unittest
import urllib.error
import urllib.request

from stack import CLIPS, HANG_LIMIT_S, Camera, Client, RpcError, Supervisor, running, workplace

LOOPBACK_DENIED = ("--set", 'sources.deny=["127.0.0.0/8", "::1"]')
METADATA = "rtsp://169.254.169.254/latest"


class RedirectingCamera:
    """Answers each request with a redirection."""

    def __init__(self, location):
        self.location = location
        self.visits = asyncio.Queue()

    async def listen(self, port):
        self.server = await asyncio.start_server(self.serve, "127.0.0.1", port)

    async def serve(self, reader, writer):
        self.visits.put_nowait(None)
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                request = await reader.readuntil(b"\r\n\r\n")
                sequence = re.search(rb"CSeq: (\d+)", request)[1].decode()
                writer.write(f"RTSP/1.0 302 Moved Temporarily\r\nCSeq: {sequence}\r\n"
                             f"Location: {self.location}\r\n\r\n".encode())
        writer.close()

    def close(self):
        self.server.close()


class Addresses(unittest.IsolatedAsyncioTestCase):
    def setUp(self):
        self.folder = self.enterContext(workplace())

    def supervisor(self, *arguments):
        return self.enterContext(running(Supervisor(self.folder, *arguments)))

    def camera(self):
        return self.enterContext(running(Camera(
            self.folder, "--mount", f"/people={CLIPS / 'people.mp4'}")))

    async def test_an_address_that_is_denied_is_refused_with_the_rule_and_the_remedy(self):
        supervisor = self.supervisor()
        own = f"rtsp://127.0.0.1:{supervisor.port}/"
        async with Client.connect(supervisor.ws_url) as client:
            await client.call("session.subscribe", subscriptionIdentifier="there",
                              rtspUrl="rtsp://192.0.2.7/a", availability="on_demand")
            for url, words in ((METADATA, "sources.allow"),
                               ("rtsp://[::ffff:169.254.169.254]/", "sources.allow"),
                               ("rtsp://[fe80::1%eth0]/", "fe80::/10"), (own, "own")):
                for method, name in (("session.subscribe", "cam"), ("session.reconfigure", "there")):
                    with self.subTest(url=url, method=method):
                        with self.assertRaises(RpcError) as refused:
                            await client.call(method, subscriptionIdentifier=name, rtspUrl=url)
                        self.assertEqual(refused.exception.code, "ADDRESS_DENIED")
                        self.assertEqual(refused.exception.field, "params.rtspUrl")
                        self.assertIn(words, str(refused.exception))
            listed = await client.call("session.setSubscriptionList", removeOthers=False, sessions=[
                {"subscriptionIdentifier": "cam", "rtspUrl": METADATA}])
            self.assertEqual(listed["sessions"][0]["error"]["code"], "ADDRESS_DENIED")
            self.assertEqual(listed["sessions"][0]["error"]["field"], "params.sessions[0].rtspUrl")
            names = [s["subscriptionIdentifier"]
                     for s in (await client.call("session.list"))["sessions"]]
            self.assertEqual(names, ["there"])
        request = urllib.request.Request(
            supervisor.http_url + "/api/v1/sessions", method="POST",
            data=b'{"subscriptionIdentifier": "cam", "rtspUrl": "%s"}' % METADATA.encode())
        with self.assertRaises(urllib.error.HTTPError) as refused:
            await asyncio.to_thread(urllib.request.urlopen, request)
        self.assertEqual(refused.exception.code, 403)
        refused.exception.close()

    async def test_an_address_in_an_odd_notation_is_refused(self):
        supervisor = self.supervisor()
        async with Client.connect(supervisor.ws_url) as client:
            for host in ("2852039166", "0xa9fea9fe", "0251.0376.0251.0376", "169.254.43518"):
                with self.subTest(host=host), self.assertRaises(RpcError) as refused:
                    await client.call("session.subscribe", subscriptionIdentifier="cam",
                                      rtspUrl=f"rtsp://{host}/")
                self.assertEqual(refused.exception.code, "INVALID_PARAMS")
                self.assertIn("192.0.2.7", str(refused.exception))

    async def test_a_name_that_leads_to_a_denied_address_is_offline_and_says_why(self):
        camera = self.camera()
        supervisor = self.supervisor(*LOOPBACK_DENIED)
        async with Client.connect(supervisor.ws_url) as client:
            await client.call("stream.open")
            await client.call("session.subscribe", subscriptionIdentifier="cam",
                              rtspUrl=f"rtsp://localhost:{camera.port}/people")
            view = await client.until_state("cam", "OFFLINE")
            self.assertEqual(view["reason"], "ADDRESS_DENIED")
            self.assertIn("localhost", view["reasonText"])
            self.assertIn("sources.allow", view["reasonText"])
        log = supervisor.log_texts()["detector_worker_camera_cam.log"]
        lost = re.search(r"camera lost code=ADDRESS_DENIED retry_in_ms=(\d+)", log)
        self.assertGreaterEqual(int(lost[1]), 30_000, "it is tried again rarely")

    async def test_an_address_that_is_allowed_is_watched_though_it_is_denied(self):
        camera = self.camera()
        supervisor = self.supervisor(*LOOPBACK_DENIED, "--set", 'sources.allow=["127.0.0.1"]')
        async with Client.connect(supervisor.ws_url) as client:
            await client.call("stream.open")
            for name, host in (("by-number", "127.0.0.1"), ("by-name", "localhost")):
                await client.call("session.subscribe", subscriptionIdentifier=name,
                                  rtspUrl=f"rtsp://{host}:{camera.port}/people")
                await client.until_state(name, "LIVE")

    async def test_the_supervisors_own_port_is_no_camera_by_any_name(self):
        supervisor = self.supervisor("--set", 'sources.allow=["0.0.0.0/0", "::/0"]')
        async with Client.connect(supervisor.ws_url) as client:
            await client.call("stream.open")
            await client.call("session.subscribe", subscriptionIdentifier="cam",
                              rtspUrl=f"rtsp://localhost:{supervisor.port}/people")
            view = await client.until_state("cam", "OFFLINE")
            self.assertEqual(view["reason"], "ADDRESS_DENIED")
            self.assertIn("supervisor's own", view["reasonText"])

    async def test_a_redirection_to_a_denied_address_is_not_followed(self):
        elsewhere = self.enterContext(contextlib.closing(socket.socket()))
        elsewhere.bind(("127.0.0.2", 0))
        elsewhere.listen()
        elsewhere.setblocking(False)
        # The same port, for a worker may connect to no other.
        port = elsewhere.getsockname()[1]
        camera = RedirectingCamera(f"rtsp://127.0.0.2:{port}/people")
        await camera.listen(port)
        self.addCleanup(camera.close)
        supervisor = self.supervisor("--set", 'sources.deny=["127.0.0.2"]')
        async with Client.connect(supervisor.ws_url) as client:
            await client.call("stream.open")
            await client.call("session.subscribe", subscriptionIdentifier="cam",
                              rtspUrl=f"rtsp://127.0.0.1:{port}/people")
            view = await client.until_state("cam", "OFFLINE")
            self.assertEqual(view["reason"], "CONNECT_FAILED")
            self.assertIn("redirects", view["reasonText"])
            # Again, for whether rtspsrc begins a connection before it is stopped is a matter of luck.
            for _ in range(4):
                await asyncio.wait_for(camera.visits.get(), HANG_LIMIT_S)
        with self.assertRaises(BlockingIOError):
            elsewhere.accept()

    async def test_a_session_that_was_kept_meets_the_rules_of_today(self):
        url = self.camera().url + "/people"
        with running(Supervisor(self.folder)) as before:
            async with Client.connect(before.ws_url) as client:
                await client.call("stream.open")
                await client.call("session.subscribe", subscriptionIdentifier="cam", rtspUrl=url)
                await client.until_state("cam", "LIVE")
        async with Client.connect(self.supervisor(*LOOPBACK_DENIED).ws_url) as client:
            await client.call("stream.open")
            view = await client.until_state("cam", "OFFLINE")
            self.assertEqual(view["reason"], "ADDRESS_DENIED")


if __name__ == "__main__":
    unittest.main()
