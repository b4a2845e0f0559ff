"""A person has one number as long as it is seen, whatever becomes of the camera's worker."""

import asyncio
import unittest

from stack import CLIPS, Camera, Client, Supervisor, running, workplace

FRAMES = 60
PIPELINE = {"name": "people", "track": True, "stages": [
    {"type": "detect", "model": "yolo11n", "input": {"width": 416, "height": 416},
     "minConfidence": 0.3, "classes": ["person"]}]}


def overlap(a, b):
    """Area both share over the area either covers."""
    width = min(a["x"] + a["w"], b["x"] + b["w"]) - max(a["x"], b["x"])
    height = min(a["y"] + a["h"], b["y"] + b["h"]) - max(a["y"], b["y"])
    if width <= 0 or height <= 0:
        return 0
    return width * height / (a["w"] * a["h"] + b["w"] * b["h"] - width * height)


def tracked(detection):
    return {o["trackId"]: o["bbox"] for o in detection["objects"] if "trackId" in o}


class Tracks(unittest.IsolatedAsyncioTestCase):
    def setUp(self):
        folder = self.enterContext(workplace())
        self.camera = self.enterContext(running(Camera(
            folder, "--mount", f"/people={CLIPS / 'people.mp4'}")))
        self.supervisor = self.enterContext(running(Supervisor(folder)))

    async def watch(self, client, **more):
        await client.call("stream.open", filter={"kinds": ["detection"], "emptyFrames": True})
        await client.call("session.subscribe", subscriptionIdentifier="cam",
                          rtspUrl=self.camera.url + "/people", pipeline={**PIPELINE, **more})

    @staticmethod
    async def some(client, count):
        return [await client.next("detection") for _ in range(count)]

    async def test_a_person_keeps_one_id_over_consecutive_frames(self):
        async with Client.connect(self.supervisor.ws_url) as client:
            await self.watch(client)
            await client.next("detection", tracked)
            seen = await self.some(client, FRAMES)
        apart = [overlap(boxes[i], before[i])
                 for before, boxes in zip(map(tracked, seen), map(tracked, seen[1:]))
                 for i in boxes.keys() & before.keys()]
        self.assertGreater(len(apart), FRAMES, "several people in each frame")
        self.assertGreater(sum(o > 0.3 for o in apart) / len(apart), 0.9, "they walk, they do not leap")
        for detection in seen:
            ids = [o["trackId"] for o in detection["objects"] if "trackId" in o]
            self.assertEqual(len(ids), len(set(ids)), "one thing for one id")
        lives = [sum(i in tracked(d) for d in seen) for i in set().union(*map(tracked, seen))]
        self.assertGreaterEqual(sum(life >= FRAMES // 2 for life in lives), 2, lives)

        # Only who is tracked is told with less confidence than was asked for.
        weak = [o for d in seen for o in d["objects"] if o["confidence"] < 0.3]
        self.assertTrue(weak, "a dip of its score costs no one a frame")
        self.assertTrue(all("trackId" in o for o in weak))

    async def test_ids_go_on_when_another_worker_takes_over(self):
        async with Client.connect(self.supervisor.ws_url) as client:
            await self.watch(client)
            await client.next("detection", lambda d: "tsCamera" in d and len(tracked(d)) >= 3)
            reply = asyncio.ensure_future(client.call(
                "session.restart", subscriptionIdentifier="cam", mode="overlap"))
            before, after = None, []
            while len(after) < 5:
                detection = await client.next("detection")
                if detection["generation"] == 1:
                    before = tracked(detection)
                else:
                    after.append(tracked(detection))
            self.assertEqual((await reply)["mode"], "overlap")
        gone_on = {i for i in before for boxes in after
                   if i in boxes and overlap(boxes[i], before[i]) > 0.2}
        self.assertGreaterEqual(len(gone_on), max(2, len(before) - 1), (before, after))
        strange = {i for boxes in after for i in boxes} - before.keys()
        self.assertTrue(all(i > max(before) for i in strange), (before, after))

    async def test_tracking_is_switched_off_and_on_while_the_worker_goes_on(self):
        async with Client.connect(self.supervisor.ws_url) as client:
            await self.watch(client, track=False)
            seen = await self.some(client, 20)
            self.assertFalse(any(map(tracked, seen)))
            self.assertTrue(all(o["confidence"] >= 0.3 for d in seen for o in d["objects"]))
            for track, least in ((True, 0), (False, None), (True, 1)):
                reply = await client.call("session.reconfigure", subscriptionIdentifier="cam",
                                          track=track)
                self.assertEqual((reply["how"], reply["applied"]), ("hot", True))
                if track:
                    first = await client.next("detection", tracked)
                    self.assertGreater(min(tracked(first)), least)
                    last = max(tracked(first))
                else:
                    await client.next("detection", lambda d: not tracked(d) and d["objects"])
            self.assertEqual(first["generation"], 1)
            view = await client.call("session.get", subscriptionIdentifier="cam")
            self.assertTrue(view["pipeline"]["track"])
            self.assertGreater(view["counters"]["trackNsTotal"], 0)


if __name__ == "__main__":
    unittest.main()
