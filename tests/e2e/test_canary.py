"""A second model beside the first: how far both agree is told, and it is promoted or it is not."""

import contextlib
import os
import pathlib
import signal
import subprocess
import sys
import unittest

from stack import BIN, CLIPS, HANG_LIMIT_S, Camera, Client, RpcError, Supervisor, running, workplace

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "support"))
from model_server import ModelServer, onnx_hungry, sha256  # noqa: E402

MODEL = (CLIPS.parent / "models/yolo11n.onnx").read_bytes()
# The same model in another file: a comment more.
LIKE_IT = MODEL + b"\x32\x01x"
# What a worker may have, and what a candidate of the last kind needs. The limit of allocations is
# above it where a control group counts what is used: there the kernel kills.
MEMORY_MB = 768
HUNGRY_MB = 1000


class Canary(unittest.IsolatedAsyncioTestCase):
    def setUp(self):
        self.folder = self.enterContext(workplace())
        self.models = self.folder / "models"
        self.models.mkdir()
        (self.models / "yolo11n.onnx").write_bytes(MODEL)
        (self.models / "cut.onnx").write_bytes(MODEL[:len(MODEL) // 2])
        self.server = ModelServer(self.folder)
        self.addCleanup(self.server.close)
        self.server.files["/like-it.onnx"] = LIKE_IT
        self.camera = self.enterContext(running(
            Camera(self.folder, "--mount", f"/people={CLIPS / 'people.mp4'}")))
        self.supervisor = self.enterContext(running(Supervisor(
            self.folder, "--set", f"models.ca_file={self.server.authority.file}",
            "--set", f"models_dir={self.models}",
            "--set", f"resource_limits.memory_per_process_mb={MEMORY_MB}")))

    async def subscribe(self, client, *names):
        for name in names:
            await client.call("session.subscribe", subscriptionIdentifier=name,
                              rtspUrl=self.camera.url + "/people")
        for name in names:
            await client.until_state(name, "LIVE", "DEGRADED")

    @contextlib.asynccontextmanager
    async def two_cameras(self, results_of):
        """One client that is told of states, and one that reads every result of these sessions."""
        async with Client.connect(self.supervisor.ws_url) as client, \
                Client.connect(self.supervisor.ws_url) as watcher:
            await client.call("stream.open", filter={"kinds": ["session.state"]})
            await self.subscribe(client, "cam", "beside")
            await watcher.call("stream.open", filter={
                "sessions": results_of, "kinds": ["detection"], "emptyFrames": True})
            yield client, watcher

    async def until_canary(self, client, state):
        told = await client.next("session.state", lambda p: p.get("canary") in (state, "FAILED"))
        view = await client.call("session.get", subscriptionIdentifier="cam")
        self.assertEqual(told["canary"], state, view["canary"])
        return view

    def assert_no_result_is_missing(self, watcher):
        """Nobody else has noticed, of one worker all was told."""
        told = []
        while not watcher.notifications.empty():
            message = watcher.notifications.get_nowait()
            self.assertNotEqual(message["method"], "stream.gap", message)
            if message["method"] == "detection":
                told.append(message["params"])
        self.assertGreater(len(told), 10)
        self.assertEqual({p["generation"] for p in told}, {told[0]["generation"]})
        captured = [p["tsCapture"] for p in told]
        self.assertEqual(captured, sorted(set(captured)))

    def command(self, *arguments):
        return subprocess.run([BIN / "bulkhead", "--url", self.supervisor.ws_url, *arguments],
                              capture_output=True, text=True, timeout=HANG_LIMIT_S)

    async def test_a_model_by_url_agrees_and_is_promoted_by_its_rule_while_results_go_on(self):
        async with self.two_cameras(results_of=["cam", "beside"]) as (client, watcher):
            started = await client.call(
                "session.canary.start", subscriptionIdentifier="cam", everyN=2,
                model=self.server.pinned("/like-it.onnx"),
                rule={"frames": 5, "minAgreement": 0.9, "onPass": "promote"})
            self.assertEqual(started["canary"]["state"], "LOADING")
            view = await self.until_canary(client, "PROMOTED")
            canary = view["canary"]
            self.assertAlmostEqual(canary["agreement"], 1, places=2)
            self.assertGreater(canary["costRatio"], 0)
            self.assertGreaterEqual(canary["framesWithObjects"], 5)
            self.assertEqual(view["model"]["sha256"], sha256(LIKE_IT))
            self.assertEqual(canary["sha256"], sha256(LIKE_IT))
            seen = await watcher.next("detection", lambda p: p["session"] == "cam" and
                                      p["generation"] == view["generation"])
            self.assertEqual(seen["model"]["sha256"], sha256(LIKE_IT))

    async def test_one_that_is_broken_or_whose_worker_is_killed_costs_no_more_than_itself(self):
        async with self.two_cameras(results_of=["beside"]) as (client, watcher):
            before = await client.call("session.get", subscriptionIdentifier="cam")
            broken = self.command("canary", "start", "cam", "--model", "cut.onnx")
            self.assertEqual(broken.returncode, 0, broken)
            view = await self.until_canary(client, "FAILED")
            self.assertEqual(view["canary"]["reason"], "MODEL_INVALID")
            self.assertEqual(view["worker"], before["worker"])
            with self.assertRaises(RpcError) as refused:
                await client.call("session.canary.promote", subscriptionIdentifier="cam")
            self.assertEqual(refused.exception.code, "UNAVAILABLE")
            (self.models / "like-it.onnx").write_bytes(LIKE_IT)
            self.assertEqual(self.command("canary", "start", "cam", "--model", "like-it.onnx",
                                          "--every-n", "2").returncode, 0)
            await self.until_canary(client, "RUNNING")
            self.assertIn("RUNNING", self.command("get", "cam").stdout)
            os.kill(view["worker"]["pid"], signal.SIGKILL)
            view = await self.until_canary(client, "FAILED")
            self.assertEqual(view["canary"]["reason"], "WORKER_DIED")
            view = await client.until_state("cam", "LIVE", "DEGRADED")
            self.assertEqual(view["model"]["sha256"], sha256(MODEL))
            self.assertEqual(self.command("canary", "rollback", "cam").returncode, 0)
            view = await client.call("session.get", subscriptionIdentifier="cam")
            self.assertIsNone(view["canary"])
            self.assert_no_result_is_missing(watcher)

    async def test_one_that_needs_more_memory_than_its_worker_may_have_costs_no_more_than_that(self):
        (self.models / "hungry.onnx").write_bytes(onnx_hungry(HUNGRY_MB))
        async with self.two_cameras(results_of=["beside"]) as (client, watcher):
            await client.call("session.canary.start", subscriptionIdentifier="cam",
                              model="hungry.onnx")
            view = await self.until_canary(client, "FAILED")
            self.assertEqual(view["canary"]["reason"], "OUT_OF_MEMORY", view["canary"])
            self.assertEqual(view["lastExits"][0]["reason"], "OUT_OF_MEMORY")
            view = await client.until_state("cam", "LIVE", "DEGRADED")
            self.assertEqual(view["model"]["sha256"], sha256(MODEL))
            self.assertEqual(view["canary"]["state"], "FAILED")
            # And it stays: the next worker is not asked to try it again.
            await client.call("stream.open", filter={"sessions": ["cam"], "kinds": ["detection"]})
            for _ in range(10):
                seen = await client.next("detection")
                self.assertEqual(seen["generation"], view["generation"])
            self.assert_no_result_is_missing(watcher)

    async def test_an_upgrade_of_the_supervisor_ends_it_and_another_one_may_begin(self):
        (self.models / "like-it.onnx").write_bytes(LIKE_IT)
        trial = {"subscriptionIdentifier": "cam", "model": "like-it.onnx", "everyN": 2}
        async with Client.connect(self.supervisor.ws_url) as client:
            await client.call("stream.open", filter={"kinds": ["session.state"]})
            await self.subscribe(client, "cam")
            await client.call("session.canary.start", **trial)
            before = await self.until_canary(client, "RUNNING")
            await client.call("system.upgrade")
            self.assertEqual(await client.closed(), 1012)
        async with Client.connect(self.supervisor.ws_url) as client:
            await client.call("stream.open", filter={"kinds": ["session.state"]})
            view = await client.call("session.get", subscriptionIdentifier="cam")
            self.assertEqual(view["worker"], before["worker"])
            self.assertEqual((view["canary"]["state"], view["canary"]["reasonText"]),
                             ("FAILED", "the supervisor was upgraded"))
            await client.call("session.canary.start", **trial)
            await self.until_canary(client, "RUNNING")


if __name__ == "__main__":
    unittest.main()
