"""A camera's worker is replaced while it is watched, and what a subscriber sees of it."""

import asyncio
import unittest

from stack import CLIPS, Camera, Client, RpcError, Supervisor, frames_apart, running, workplace

FPS = 25
# Small, so that two workers together keep up with the camera on two cores.
PIPELINE = {"name": "small", "stages": [
    {"type": "detect", "model": "yolo11n", "input": {"width": 160, "height": 160}}]}


class Restart(unittest.IsolatedAsyncioTestCase):
    def setUp(self):
        self.folder = self.enterContext(workplace())
        self.supervisor = self.enterContext(running(Supervisor(self.folder)))

    def camera(self, *arguments):
        return self.enterContext(running(Camera(
            self.folder, "--mount", f"/people={CLIPS / 'people.mp4'}", "--fps", FPS, *arguments)))

    async def watch(self, client, camera):
        await client.call("stream.open")
        await client.call("session.subscribe", subscriptionIdentifier="cam",
                          rtspUrl=camera.url + "/people", pipeline=PIPELINE)
        await client.until_state("cam", "LIVE")
        await client.next("detection", lambda d: "tsCamera" in d)

    @staticmethod
    async def detections_until(client, reply, after=20):
        """All detections until the reply, and some more."""
        seen = []
        while not reply.done() or after > 0:
            message = await asyncio.wait_for(client.notifications.get(), 60)
            if message["method"] == "detection":
                seen.append(message["params"])
                after -= reply.done()
        return seen

    async def test_overlap_shows_every_frame_of_a_camera_of_25_fps_once_and_in_order(self):
        async with Client.connect(self.supervisor.ws_url) as client:
            await self.watch(client, self.camera())
            for generation in (2, 3):
                reply = asyncio.ensure_future(client.call(
                    "session.restart", subscriptionIdentifier="cam", mode="overlap"))
                seen = await self.detections_until(client, reply)
                cost = await reply
                self.assertEqual(cost["mode"], "overlap")
                self.assertEqual(cost["generation"], generation)
                self.assertEqual((cost["lostFrames"], cost["duplicateFrames"]), (0, 0))
                change = next(i for i, d in enumerate(seen) if d["generation"] == generation)
                self.assertEqual({d["generation"] for d in seen[change:]}, {generation})
                self.assertEqual(frames_apart(seen[change - 1], seen[change], FPS), 1)
                for before, after in zip(seen, seen[1:]):
                    self.assertGreaterEqual(frames_apart(before, after, FPS), 1, "in order, none twice")

    async def test_a_camera_for_one_viewer_is_handed_over_and_that_is_remembered(self):
        async with Client.connect(self.supervisor.ws_url) as client:
            await self.watch(client, self.camera("--max-sessions", 1))
            first = await client.call("session.restart", subscriptionIdentifier="cam")
            self.assertEqual(first["mode"], "replace")
            self.assertEqual(first["generation"], 3, "the second was refused by the camera")
            second = await client.call("session.restart", subscriptionIdentifier="cam")
            self.assertEqual((second["mode"], second["generation"]), ("replace", 4))
            with self.assertRaises(RpcError) as refused:
                await client.call("session.restart", subscriptionIdentifier="cam", mode="overlap")
            self.assertEqual(refused.exception.code, "INVALID_PARAMS")

    async def test_a_model_that_does_not_run_leaves_the_camera_live(self):
        (self.folder / "broken.onnx").write_bytes(b"no model")
        broken = {"name": "broken", "stages": [
            {"type": "detect", "model": str(self.folder / "broken.onnx")}]}
        async with Client.connect(self.supervisor.ws_url) as client:
            camera = self.camera()
            await self.watch(client, camera)
            reply = await client.call(
                "session.subscribe", subscriptionIdentifier="cam", rtspUrl=camera.url + "/people",
                pipeline=broken)
            self.assertEqual((reply["change"], reply["how"]), ("reconfigured", "overlap"))
            view = None
            while not view or not view["lastExits"]:
                await client.next("detection")
                view = await client.call("session.get", subscriptionIdentifier="cam")
            self.assertEqual(view["lastExits"][0]["reason"], "MODEL_INVALID")
            self.assertEqual((view["state"], view["generation"]), ("LIVE", 1))
            self.assertEqual(view["pipeline"]["name"], "small")
            await client.next("detection", lambda d: d["generation"] == 1)


if __name__ == "__main__":
    unittest.main()
