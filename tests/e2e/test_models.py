"""Models that a pipeline names by URL, from a web server of the test's own, and bundles of them."""

import asyncio
import json
import pathlib
import subprocess
import sys
import threading
import unittest
import zipfile

from stack import (BIN, CLIPS, DATA, HANG_LIMIT_S, Camera, Client, RpcError, Supervisor, frames_apart,
                   running, workplace)

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "support"))
from model_server import ModelServer, onnx_outside, sha256  # noqa: E402

MODEL = (CLIPS.parent / "models/yolo11n.onnx").read_bytes()
WATCHED = {"LIVE", "DEGRADED"}  # a busy machine may be behind


def pipeline(model):
    return {"name": "by-url", "stages": [
        {"type": "detect", "model": model}]}


class Models(unittest.IsolatedAsyncioTestCase):
    def setUp(self):
        self.folder = self.enterContext(workplace())
        self.server = ModelServer(self.folder)
        self.addCleanup(self.server.close)
        self.server.files["/yolo.onnx"] = MODEL
        self.camera = self.enterContext(running(
            Camera(self.folder, "--mount", f"/people={CLIPS / 'people.mp4'}")))
        self.supervisor = self.enterContext(running(Supervisor(
            self.folder, "--set", f"models.ca_file={self.server.authority.file}")))

    def hold_back(self, path):
        """Answers for `path` wait until the event is set."""
        go_on = threading.Event()

        def wait(handler):
            go_on.wait(HANG_LIMIT_S)
            self.server._serve(handler)
        self.server.behave[path] = wait
        self.addCleanup(go_on.set)
        return go_on

    @staticmethod
    async def until_generation_after(client, generation, more=10):
        """All detections until the worker after that one has given some and knows the camera's
        clock, and the states meanwhile."""
        frames, states = [], []
        while more > 0 or "tsCamera" not in frames[-1]:
            told = await asyncio.wait_for(client.notifications.get(), HANG_LIMIT_S)
            if told["method"] == "detection":
                frames.append(told["params"])
                more -= told["params"]["generation"] > generation
            elif told["method"] == "session.state":
                states.append(told["params"]["to"])
        return frames, states

    async def subscribe(self, client, name, model=None):
        chosen = {"pipeline": pipeline(model)} if model else {}
        await client.call("session.subscribe", subscriptionIdentifier=name,
                          rtspUrl=self.camera.url + "/people", **chosen)

    def bundle(self, name="yard", model=MODEL, **stage):
        path = self.folder / "bundle.zip"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("pipeline.json", json.dumps({"name": name, "stages": [
                {"type": "detect", "model": "models/m.onnx", **stage}]}))
            archive.writestr("models/m.onnx", model)
        return path

    def command(self, *arguments):
        return subprocess.run([BIN / "bulkhead", "--url", self.supervisor.ws_url, *arguments],
                              capture_output=True, text=True, timeout=HANG_LIMIT_S)

    async def test_a_session_waits_for_its_model_and_detects_while_others_notice_nothing(self):
        go_on = self.hold_back("/yolo.onnx")
        async with Client.connect(self.supervisor.ws_url) as client:
            await client.call("stream.open")
            await self.subscribe(client, "beside")
            before = await client.until_state("beside", "LIVE")
            await self.subscribe(client, "fetched", self.server.pinned("/yolo.onnx"))
            await self.subscribe(client, "twice", self.server.pinned("/yolo.onnx"))
            view = await client.call("session.get", subscriptionIdentifier="fetched")
            self.assertEqual((view["state"], view["reasonText"], view["worker"]),
                             ("STARTING", "fetching model", None))
            # One that is given up while it waits is gone at once.
            await self.subscribe(client, "given-up", self.server.pinned("/yolo.onnx"))
            await client.call("session.unsubscribe", subscriptionIdentifier="given-up")
            with self.assertRaises(RpcError):
                await client.call("session.get", subscriptionIdentifier="given-up")
            go_on.set()
            for name in ("fetched", "twice"):
                await client.until_state(name, "LIVE")
                seen = await client.next("detection", lambda p, name=name: p["session"] == name)
                self.assertEqual(seen["model"]["sha256"], sha256(MODEL))
            after = await client.call("session.get", subscriptionIdentifier="beside")
            self.assertIn(after["state"], WATCHED)
            self.assertEqual(after["worker"], before["worker"])
        self.assertEqual(len(self.server.asked), 1)

    async def test_a_model_that_is_not_to_be_had_fails_its_session_with_the_field(self):
        self.server.files["/outside.onnx"] = onnx_outside()
        async with Client.connect(self.supervisor.ws_url) as client:
            await client.call("stream.open", filter={"kinds": ["session.state"]})
            wrong = self.server.pinned("/yolo.onnx", of="0" * 64)
            await self.subscribe(client, "wrong", wrong)
            view = await client.until_state("wrong", "FAILED")
            self.assertEqual(view["reason"], "MODEL_INVALID")
            self.assertTrue(view["reasonText"].startswith("pipeline.stages[0].model: "), view)
            # Its outside is a model's, so that it is for an engine to refuse.
            await self.subscribe(client, "hollow", self.server.pinned("/outside.onnx"))
            view = await client.until_state("hollow", "FAILED")
            self.assertEqual(view["reason"], "MODEL_INVALID")
            with self.assertRaises(RpcError) as refused:
                await self.subscribe(client, "plain", wrong.replace("https", "http"))
            self.assertEqual(refused.exception.field, "params.pipeline.stages[0].model")
            with self.assertRaises(RpcError) as refused:
                await self.subscribe(client, "metadata",
                                     "https://169.254.169.254/m.onnx#sha256=" + "0" * 64)
            self.assertEqual(refused.exception.code, "ADDRESS_DENIED")

    async def test_a_running_session_goes_on_until_its_next_model_is_there(self):
        go_on = self.hold_back("/yolo.onnx")
        async with Client.connect(self.supervisor.ws_url) as client:
            await client.call("stream.open")
            await self.subscribe(client, "cam")
            first = await client.until_state("cam", "LIVE")
            missing = f"{self.server.url}/none#sha256={'0' * 64}"
            await client.call("session.reconfigure", subscriptionIdentifier="cam",
                              pipeline=pipeline(missing))
            changed = await client.call("session.reconfigure", subscriptionIdentifier="cam",
                                        pipeline=pipeline(self.server.pinned("/yolo.onnx")))
            self.assertEqual(changed["how"], "overlap")
            await client.next("detection", lambda p: p["generation"] == first["generation"])
            go_on.set()
            seen = await client.next("detection", lambda p: p["generation"] > first["generation"])
            self.assertEqual(seen["model"]["sha256"], sha256(MODEL))
            view = await client.call("session.get", subscriptionIdentifier="cam")
            self.assertIn(view["state"], WATCHED)
            self.assertEqual([e for e in view["lastExits"] if e["exitCode"] != 0], [])

    async def test_the_command_fetches_and_lists_and_what_was_cut_off_goes_on(self):
        self.server.cut_after("/yolo.onnx", 1_000_000)
        url = self.server.pinned("/yolo.onnx")
        cut = self.command("model", "fetch", url)
        self.assertEqual(cut.returncode, 1, cut)
        self.assertIn("CONNECT_FAILED", cut.stderr)
        fetched = self.command("--json", "model", "fetch", url)
        self.assertEqual(fetched.returncode, 0, fetched)
        self.assertEqual(json.loads(fetched.stdout)["bytes"], len(MODEL))
        self.assertEqual(self.server.asked[1], ("/yolo.onnx", "bytes=1000000-"))
        self.assertIn(sha256(MODEL), self.command("model", "ls").stdout)
        self.assertEqual(self.command("model", "fetch", url).returncode, 0)
        self.assertEqual(len(self.server.asked), 2)

    async def test_a_bundle_is_replaced_without_a_lost_frame_while_its_session_stays_live(self):
        # Small, so that two workers together keep up with the camera on two cores.
        fps, side = 10, {"width": 160, "height": 160}
        camera = self.enterContext(running(Camera(
            self.folder, "--mount", f"/people={CLIPS / 'people.mp4'}", "--fps", fps)))
        async with Client.connect(self.supervisor.ws_url) as client:
            await client.call("stream.open", filter={"emptyFrames": True})
            missing = {"subscriptionIdentifier": "cam", "rtspUrl": camera.url + "/people",
                       "pipeline": "bundle:yard"}
            with self.assertRaises(RpcError) as refused:
                await client.call("session.subscribe", **missing)
            self.assertEqual(refused.exception.code, "NOT_FOUND")
            installed = self.command("model", "install", str(self.bundle(input=side)))
            self.assertEqual(installed.returncode, 0, installed)
            await client.call("session.subscribe", **missing)
            first = await client.until_state("cam", "LIVE")
            seen = await client.next("detection", lambda d: "tsCamera" in d)
            self.assertEqual(seen["model"]["sha256"], sha256(MODEL))
            # Another version, by URL: the same model under another threshold.
            self.server.files["/yard.zip"] = self.bundle(input=side, minConfidence=0.6).read_bytes()
            answer = await client.call("bundle.install", source=self.server.pinned("/yard.zip"))
            self.assertEqual(answer["sessions"], ["cam"])
            frames, states = await self.until_generation_after(client, first["generation"])
            frames.insert(0, seen)
            captured = [frame["tsCapture"] for frame in frames]
            self.assertEqual(captured, sorted(set(captured)), "none out of order")
            # Frames that a busy machine kept from either worker are not the swap's; and the first of
            # a worker may be of before it knows the camera's clock.
            clocked = [i for i, frame in enumerate(frames) if "tsCamera" in frame]
            old, new = next((i, j) for i, j in zip(clocked, clocked[1:])
                            if frames[j]["generation"] > first["generation"])
            self.assertEqual(frames_apart(frames[old], frames[new], fps), new - old,
                             f"none lost, none twice, captured {captured[old:new + 1]}")
            self.assertLessEqual(set(states), WATCHED)
            view = await client.call("session.get", subscriptionIdentifier="cam")
            self.assertIn(answer["sha256"], view["pipeline"]["stages"][0]["model"])
            with self.assertRaises(RpcError) as used:
                await client.call("bundle.remove", name="yard")
            self.assertEqual(used.exception.code, "UNAVAILABLE")
            await client.call("session.unsubscribe", subscriptionIdentifier="cam")
            self.assertEqual(self.command("model", "rm", "yard").returncode, 0)
            self.assertEqual((await client.call("bundle.list"))["bundles"], [])

    async def test_a_bundle_that_does_not_work_is_refused_and_what_runs_stays(self):
        async with Client.connect(self.supervisor.ws_url) as client:
            await client.call("stream.open")
            kept = await client.call("bundle.install", source=str(self.bundle()))
            await client.call("session.subscribe", subscriptionIdentifier="cam",
                              rtspUrl=self.camera.url + "/people", pipeline="bundle:yard")
            before = await client.until_state("cam", "LIVE")
            hostile = [b"no zip", self.bundle(classes=["no such class"]).read_bytes()]
            if (DATA / "models/bad").exists():
                bad = DATA / "models/bad"
                hostile.append(self.bundle(model=next(bad.glob("*BROKEN*")).read_bytes())
                               .read_bytes())
                hostile.append(self.bundle(model=next(bad.glob("*3class*")).read_bytes(),
                                           labels=["one", "two"]).read_bytes())
            path = self.folder / "hostile.zip"
            for content in hostile:
                path.write_bytes(content)
                with self.assertRaises(RpcError) as refused:
                    await client.call("bundle.install", source=str(path))
                self.assertIn(refused.exception.code, ("MODEL_INVALID", "INVALID_PARAMS"))
                self.assertEqual(refused.exception.field, "params.source")
            after = await client.call("session.get", subscriptionIdentifier="cam")
            self.assertIn(after["state"], WATCHED)
            self.assertEqual(after["worker"], before["worker"])
            self.assertEqual((await client.call("bundle.list"))["bundles"][0]["sha256"],
                             kept["sha256"])
            # What was on its way begins with a dot and is removed behind the answer.
            left = {p.name for p in (self.supervisor.state_dir / "bundles").iterdir()
                    if not p.name.startswith(".")}
            self.assertEqual(left, {"yard"})


if __name__ == "__main__":
    unittest.main()
