"""The predecessor's bug is a test: results of one camera appeared on another."""

import unittest

from stack import CLIPS, DATA, Camera, Client, Supervisor, running, workplace

RESULTS_PER_CAMERA = 60


class OwnResults(unittest.IsolatedAsyncioTestCase):
    def setUp(self):
        folder = self.enterContext(workplace())
        self.camera = self.enterContext(running(Camera(
            folder, "--mount", f"/people={CLIPS / 'people.mp4'}",
            "--mount", f"/traffic={DATA / 'video' / 'ocv4nodejs_traffic.mp4'}")))
        self.supervisor = self.enterContext(running(Supervisor(folder)))

    async def test_two_cameras_with_different_clips_and_models_get_only_their_own_results(self):
        yolox = {"name": "traffic", "stages": [
            {"type": "detect", "model": str(DATA / "models" / "yolox_nano_416.onnx"),
             "minConfidence": 0.4}]}
        async with Client.connect(self.supervisor.ws_url) as client:
            await client.call("stream.open", filter={"kinds": ["detection"]})
            await client.call("session.subscribe", subscriptionIdentifier="street;people",
                              rtspUrl=self.camera.url + "/people")
            await client.call("session.subscribe", subscriptionIdentifier="road;traffic",
                              rtspUrl=self.camera.url + "/traffic", pipeline=yolox)
            seen = {"street;people": [], "road;traffic": []}
            while min(len(s) for s in seen.values()) < RESULTS_PER_CAMERA:
                detection = await client.next("detection")
                seen[detection["session"]].append(detection)
            models = {name: (await client.call("session.get", subscriptionIdentifier=name))["model"]
                      for name in seen}

        sizes = {name: {(d["width"], d["height"]) for d in s} for name, s in seen.items()}
        self.assertEqual(sizes, {"street;people": {(768, 576)}, "road;traffic": {(640, 360)}})
        for name, detections in seen.items():
            self.assertEqual({d["model"]["sha256"] for d in detections}, {models[name]["sha256"]})
            sequences = [d["sequence"] for d in detections]
            self.assertEqual(len(set(sequences)), len(sequences))
        self.assertNotEqual(models["street;people"]["sha256"], models["road;traffic"]["sha256"])

        def share(name, labels):
            found = [o["label"] for d in seen[name] for o in d["objects"]]
            self.assertTrue(found, name)
            return sum(label in labels for label in found) / len(found)

        # What each clip shows, seen by eye: pedestrians before parked cars here, a road full of
        # cars and lorries with nobody on foot there.
        self.assertGreater(share("street;people", {"person"}), 0.4)
        self.assertGreater(share("road;traffic", {"car", "truck", "bus", "motorcycle"}), 0.7)
        self.assertLess(share("road;traffic", {"person"}), 0.1)


if __name__ == "__main__":
    unittest.main()
