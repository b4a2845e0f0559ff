"""What a killed worker leaves at its camera is ended by its successor, before that connects."""

import asyncio
import hashlib
import os
import pathlib
import re
import signal
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "fault"))

import mischief  # noqa: E402
from rtsp_proxy import RtspProxy, header  # noqa: E402
from stack import CLIPS, HANG_LIMIT_S, Camera, Client, Supervisor, running, workplace  # noqa: E402


class AsksForThePassword(mischief.SlotsOutliveConnections):
    """Of who wants to end a session, which GStreamer's server does not."""

    CHALLENGE = 'WWW-Authenticate: Digest realm="camera", nonce="4d1f"\r\n'

    def answer(self, link, method, request):
        if method != "TEARDOWN" or self.is_answered(request):
            return super().answer(link, method, request)
        return mischief.answer(request, "401 Unauthorized", self.CHALLENGE)

    @staticmethod
    def is_answered(request):
        """RFC 2617, without qop."""
        def md5(text):
            return hashlib.md5(text.encode()).hexdigest()
        answer = dict(re.findall(r'(\w+)="([^"]*)"', (header(request, b"Authorization") or b"").decode()))
        wanted = md5(f"{md5('soak:camera:Secret-1')}:4d1f:{md5('TEARDOWN:' + answer.get('uri', ''))}")
        return answer.get("response") == wanted


class LeftSession(unittest.IsolatedAsyncioTestCase):
    def setUp(self):
        self.folder = self.enterContext(workplace())
        self.supervisor = self.enterContext(running(Supervisor(self.folder)))

    async def proxy_before_a_camera(self, made):
        camera = self.enterContext(running(Camera(
            self.folder, "--mount", f"/people={CLIPS / 'people.mp4'}")))
        proxy = RtspProxy(camera.port)
        proxy.mischief = made
        await proxy.listen()
        self.addCleanup(proxy.close)
        return proxy

    async def watch(self, client, proxy):
        await client.call("stream.open")
        await client.call("session.subscribe", subscriptionIdentifier="cam",
                          rtspUrl=proxy.url + "/people")
        await client.next("detection")

    async def kill_worker(self, client, proxy):
        """Reasons of all states up to the next worker's first result, or until the camera refuses it."""
        proxy.requests.clear()
        view = await client.call("session.get", subscriptionIdentifier="cam")
        os.kill(view["worker"]["pid"], signal.SIGKILL)
        reasons = set()
        while True:
            try:
                message = await asyncio.wait_for(client.notifications.get(), HANG_LIMIT_S)
            except asyncio.TimeoutError:
                view = await client.call("session.get", subscriptionIdentifier="cam")
                self.fail(f"the next worker gives no result: {view}\n{self.worker_log()}")
            if message["method"] == "session.state":
                reasons.add(message["params"]["reason"])
            if "LIMIT_REACHED" in reasons:
                return reasons
            if message["method"] == "detection" and message["params"]["generation"] == 2:
                return reasons

    def worker_log(self):
        return "".join(text for name, text in self.supervisor.log_texts().items() if "_cam" in name)

    async def test_a_slot_that_outlives_its_worker_is_freed_for_the_next(self):
        made = mischief.SlotsOutliveConnections(1)
        proxy = await self.proxy_before_a_camera(made)
        async with Client.connect(self.supervisor.ws_url) as client:
            await self.watch(client, proxy)
            left, = made.held
            reasons = await self.kill_worker(client, proxy)
        self.assertNotIn("LIMIT_REACHED", reasons)
        self.assertEqual(proxy.requests[0][0], "TEARDOWN", "before anything else")
        self.assertNotIn(left, made.held)
        self.assertEqual(len(made.held), 1, "the successor's")
        log = self.worker_log()
        self.assertIn("camera ended the session that a worker before left", log)
        self.assertNotIn(left.decode(), log, "who knows it may end it")

    async def test_it_is_freed_where_the_camera_asks_for_the_password(self):
        proxy = await self.proxy_before_a_camera(AsksForThePassword(1))
        async with Client.connect(self.supervisor.ws_url) as client:
            await self.watch(client, proxy)
            self.assertNotIn("LIMIT_REACHED", await self.kill_worker(client, proxy))
        teardowns = [has_password for method, has_password in proxy.requests if method == "TEARDOWN"]
        self.assertEqual(teardowns, [False, True])
        self.assertNotIn("Secret-1", self.worker_log())

    async def test_a_camera_that_does_not_answer_is_connected_to_all_the_same(self):
        proxy = await self.proxy_before_a_camera(mischief.Stall("TEARDOWN"))
        async with Client.connect(self.supervisor.ws_url) as client:
            await self.watch(client, proxy)
            await self.kill_worker(client, proxy)
        self.assertEqual([method for method, _ in proxy.requests].count("TEARDOWN"), 1)
        self.assertIn("camera did not end the session that a worker before left", self.worker_log())

    async def test_a_worker_that_goes_in_order_ends_its_own_and_nobody_else_does(self):
        made = mischief.SlotsOutliveConnections(2)
        proxy = await self.proxy_before_a_camera(made)
        async with Client.connect(self.supervisor.ws_url) as client:
            await self.watch(client, proxy)
            for mode in ("overlap", "replace"):
                with self.subTest(mode=mode):
                    first, = made.held
                    proxy.requests.clear()
                    reply = await client.call("session.restart", subscriptionIdentifier="cam",
                                              mode=mode)
                    await client.next("detection",
                                      lambda d: d["generation"] == reply["generation"])
                    while len(made.held) != 1:  # the old one leaves after the new one has taken over
                        await client.next("detection")
                    methods = [method for method, _ in proxy.requests]
                    self.assertEqual(methods.count("TEARDOWN"), 1)
                    self.assertNotIn(first, made.held)
                    if mode == "overlap":
                        self.assertLess(methods.index("PLAY"), methods.index("TEARDOWN"))


if __name__ == "__main__":
    unittest.main()
