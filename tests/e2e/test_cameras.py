"""Cameras that go away, refuse, or deliver what cannot be used: each has its state and reason."""

import signal
import unittest

from stack import CLIPS, Camera, Client, RpcError, Supervisor, make_clip, running, workplace

SECRET = "canary-S3cret%41"


class Cameras(unittest.IsolatedAsyncioTestCase):
    def setUp(self):
        self.folder = self.enterContext(workplace())
        self.supervisor = self.enterContext(running(Supervisor(self.folder)))
        self.people = ("--mount", f"/people={CLIPS / 'people.mp4'}")

    async def test_a_camera_that_is_killed_and_comes_back_is_live_again_with_the_same_worker(self):
        camera = Camera(self.folder, *self.people)
        async with Client.connect(self.supervisor.ws_url) as client:
            await client.call("stream.open")
            await client.call("session.subscribe", subscriptionIdentifier="cam",
                              rtspUrl=camera.url + "/people")
            before = await client.until_state("cam", "LIVE")
            camera.stop(signal.SIGKILL)
            lost = await client.until_state("cam", "OFFLINE", "STALE", "CONNECTING")
            self.assertEqual(lost["worker"]["pid"], before["worker"]["pid"])
            with running(Camera(self.folder, *self.people, port=camera.port)):
                after = await client.until_state("cam", "LIVE")
                self.assertEqual(after["worker"]["pid"], before["worker"]["pid"])
                # The worker copies its counters a few times a second; its results set the pace.
                for _ in range(20):
                    if after["counters"]["reconnectsTotal"] >= 1:
                        break
                    await client.next("detection")
                    after = await client.call("session.get", subscriptionIdentifier="cam")
            self.assertGreaterEqual(after["counters"]["reconnectsTotal"], 1)

    async def test_a_wrong_password_is_said_and_appears_nowhere(self):
        password_file = self.folder / "password"
        password_file.write_text("right")
        arguments = (*self.people, "--user", "operator", "--password-file", password_file)
        with running(Camera(self.folder, *arguments)) as camera:
            address = camera.url.removeprefix("rtsp://")
            async with Client.connect(self.supervisor.ws_url) as client:
                await client.call("stream.open")
                await client.call("session.subscribe", subscriptionIdentifier="cam",
                                  rtspUrl=f"rtsp://operator:{SECRET}@{address}/people")
                view = await client.until_state("cam", "AUTH_FAILED")
                self.assertEqual(view["reason"], "AUTH_FAILED")
                self.assertNotIn("S3cret", str(view))
                self.assertNotIn("S3cret", str(await client.call("session.list")))
        for name, text in self.supervisor.log_texts().items():
            self.assertNotIn("S3cret", text, name)

    async def test_the_right_password_opens_the_camera(self):
        password_file = self.folder / "password"
        password_file.write_text("right")
        arguments = (*self.people, "--user", "operator", "--password-file", password_file)
        with running(Camera(self.folder, *arguments)) as camera:
            address = camera.url.removeprefix("rtsp://")
            async with Client.connect(self.supervisor.ws_url) as client:
                await client.call("stream.open")
                await client.call("session.subscribe", subscriptionIdentifier="cam",
                                  rtspUrl=f"rtsp://operator:right@{address}/people")
                await client.until_state("cam", "LIVE")

    async def test_unknown_and_unsupported_streams_give_their_reason(self):
        with running(Camera(self.folder, *self.people, "--mount-mjpeg", "/mjpeg")) as camera:
            async with Client.connect(self.supervisor.ws_url) as client:
                await client.call("stream.open")
                for path, reason in (("/nothing", "NOT_FOUND"), ("/mjpeg", "UNSUPPORTED_CODEC")):
                    name = "cam" + path.replace("/", "-")
                    await client.call("session.subscribe", subscriptionIdentifier=name,
                                      rtspUrl=camera.url + path)
                    view = await client.until_state(name, "OFFLINE", "FAILED")
                    self.assertEqual(view["reason"], reason)

    async def test_a_covered_camera_is_live_and_an_alert_until_it_shows_something(self):
        black = ("--mount", f"/cam={make_clip(self.folder / 'black.mp4', pattern='black')}")
        camera = Camera(self.folder, *black)
        async with Client.connect(self.supervisor.ws_url) as client:
            await client.call("stream.open")
            await client.call("session.subscribe", subscriptionIdentifier="cam",
                              rtspUrl=camera.url + "/cam")
            begun = await client.next("system.alert")
            view = await client.call("session.get", subscriptionIdentifier="cam")
            camera.stop(signal.SIGKILL)
            self.assertEqual((begun["session"], begun["kind"], begun["active"]),
                             ("cam", "DARK_PICTURE", True))
            self.assertEqual(view["state"], "LIVE")
            self.assertEqual([a["kind"] for a in view["alerts"]], ["DARK_PICTURE"])
            self.assertEqual(view["alerts"][0]["since"], begun["since"])
            people = ("--mount", f"/cam={CLIPS / 'people.mp4'}")
            with running(Camera(self.folder, *people, port=camera.port)):
                self.assertFalse((await client.next("system.alert"))["active"])
                view = await client.until_state("cam", "LIVE")
                self.assertEqual(view["alerts"], [])

    async def test_bad_requests_name_the_field_and_leave_others_alone(self):
        async with Client.connect(self.supervisor.ws_url) as client:
            for params, code, field in (
                ({"rtspUrl": "rtsp://h/x"}, "INVALID_PARAMS", "subscriptionIdentifier"),
                ({"subscriptionIdentifier": "a b", "rtspUrl": "rtsp://h/x"}, "INVALID_PARAMS",
                 "subscriptionIdentifier"),
                ({"subscriptionIdentifier": "a", "rtspUrl": "http://h/x"}, "INVALID_PARAMS",
                 "rtspUrl"),
                ({"subscriptionIdentifier": "a", "rtspUrl": "rtsp://h/x", "pipelin": "x"},
                 "INVALID_PARAMS", "pipelin"),
                ({"subscriptionIdentifier": "a", "rtspUrl": "rtsp://h/x", "pipeline": "nope"},
                 "NOT_FOUND", "pipeline"),
            ):
                with self.subTest(params=params):
                    with self.assertRaises(RpcError) as caught:
                        await client.call("session.subscribe", **params)
                    self.assertEqual(caught.exception.code, code)
                    self.assertIn(field, caught.exception.field)
            self.assertEqual((await client.call("session.list"))["sessions"], [])


if __name__ == "__main__":
    unittest.main()
