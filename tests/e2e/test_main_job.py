"""A clip over a real RTSP server to a WebSocket client: the main job, seen from outside."""

import json
import subprocess
import unittest
import urllib.request

from stack import BIN, CLIPS, Camera, Client, Supervisor, running, workplace


class MainJob(unittest.IsolatedAsyncioTestCase):
    def setUp(self):
        folder = self.enterContext(workplace())
        self.camera = self.enterContext(
            running(Camera(folder, "--mount", f"/people={CLIPS / 'people.mp4'}")))
        self.supervisor = self.enterContext(running(Supervisor(folder)))

    async def test_detections_of_people_reach_a_websocket_client_in_order(self):
        async with Client.connect(self.supervisor.ws_url) as client:
            stream = await client.call("stream.open")
            await client.call("session.subscribe", subscriptionIdentifier="display-001;cam-001",
                              rtspUrl=self.camera.url + "/people")
            seen = [await client.next("detection") for _ in range(30)]
        self.assertEqual({d["session"] for d in seen}, {"display-001;cam-001"})
        self.assertEqual({d["generation"] for d in seen}, {1})
        self.assertTrue(all(d["streamId"] == stream["streamId"] for d in seen))
        frame_ids = [d["frameId"] for d in seen]
        self.assertEqual(frame_ids, sorted(set(frame_ids)))
        objects = [o for d in seen for o in d["objects"]]
        people = [o for o in objects if o["label"] == "person"]
        self.assertGreater(len(people), 30, "the street has people in every frame")
        for d in seen:
            self.assertEqual((d["width"], d["height"]), (768, 576))
            self.assertEqual(len(d["model"]["sha256"]), 64)
            for o in d["objects"]:
                self.assertTrue(0 <= o["bbox"]["x"] <= 768 and 0 <= o["bbox"]["y"] <= 576)
                self.assertTrue(0 <= o["bboxNorm"]["xMin"] < o["bboxNorm"]["xMax"] <= 1.0001)
                self.assertTrue(0.3 <= o["confidence"] <= 1)

    async def test_http_tells_health_metrics_and_gives_a_jpeg(self):
        async with Client.connect(self.supervisor.ws_url) as client:
            await client.call("stream.open")
            await client.call("session.subscribe", subscriptionIdentifier="cam:1",
                              rtspUrl=self.camera.url + "/people")
            await client.until_state("cam:1", "LIVE")

            def fetch(path):
                with urllib.request.urlopen(self.supervisor.http_url + path, timeout=20) as r:
                    return r.status, r.headers["Content-Type"], r.read()

            self.assertEqual(fetch("/healthz")[0], 200)
            self.assertEqual(fetch("/readyz")[0], 200)
            status, kind, jpeg = fetch("/api/v1/sessions/cam%3A1/snapshot.jpg")
            self.assertEqual((status, kind, jpeg[:3]), (200, "image/jpeg", b"\xff\xd8\xff"))
            metrics = fetch("/metrics")[2].decode()
            self.assertIn('bulkhead_session_state{camera="cam:1",state="LIVE"} 1', metrics)
            self.assertRegex(metrics, r'bulkhead_frames_inferred_total\{camera="cam:1"\} [1-9]')

    async def test_the_same_subscription_again_changes_nothing(self):
        request = dict(subscriptionIdentifier="cam", rtspUrl=self.camera.url + "/people")
        async with Client.connect(self.supervisor.ws_url) as client:
            await client.call("stream.open")
            await client.call("session.subscribe", **request)
            before = await client.until_state("cam", "LIVE")
            await client.call("session.subscribe", **request)
            after = await client.call("session.get", subscriptionIdentifier="cam")
        self.assertEqual(before["worker"]["pid"], after["worker"]["pid"])
        self.assertEqual(after["generation"], 1)

    async def test_the_command_line_adds_lists_watches_and_removes(self):
        def bulkhead(*arguments):
            return subprocess.run(
                [BIN / "bulkhead", "--url", self.supervisor.ws_url, *arguments],
                capture_output=True, text=True, timeout=60, check=False)

        added = bulkhead("add", "cam", self.camera.url + "/people", "--wait")
        self.assertEqual(added.returncode, 0, added.stderr)
        listed = json.loads(bulkhead("--json", "ls").stdout)
        self.assertEqual([s["state"] for s in listed["sessions"]], ["LIVE"])
        self.assertIn("LIVE", bulkhead("ls").stdout)
        watched = bulkhead("--json", "watch", "--count", "3")
        lines = [json.loads(line) for line in watched.stdout.splitlines()]
        self.assertEqual(len(lines), 3)
        self.assertEqual(bulkhead("rm", "cam").returncode, 0)
        unknown = bulkhead("rm", "nobody")
        self.assertEqual(unknown.returncode, 1)
        self.assertIn("nobody", unknown.stderr)


if __name__ == "__main__":
    unittest.main()
