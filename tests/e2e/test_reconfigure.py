"""Thresholds and rate change while the camera is watched: no new worker, no lost result."""

import subprocess
import unittest

from stack import BIN, CLIPS, Camera, Client, Supervisor, running, workplace


class Reconfigure(unittest.IsolatedAsyncioTestCase):
    def setUp(self):
        folder = self.enterContext(workplace())
        self.camera = self.enterContext(running(Camera(
            folder, "--mount", f"/people={CLIPS / 'people.mp4'}")))
        self.supervisor = self.enterContext(running(Supervisor(folder)))

    async def test_a_higher_threshold_holds_from_the_reply_on_and_costs_no_result(self):
        async with Client.connect(self.supervisor.ws_url) as client:
            await client.call("stream.open",
                              filter={"kinds": ["detection"], "emptyFrames": True})
            await client.call("session.subscribe", subscriptionIdentifier="cam",
                              rtspUrl=self.camera.url + "/people")
            low = (await client.next("detection", self.has_below(0.6)))["sequence"]
            pid = (await client.call("session.get", subscriptionIdentifier="cam"))["worker"]["pid"]

            reply = await client.call("session.reconfigure", subscriptionIdentifier="cam",
                                      minConfidence=0.6)
            self.assertEqual((reply["how"], reply["applied"], reply["generation"], reply["kept"]),
                             ("hot", True, 1, True))
            seen = []
            while not seen or seen[-1]["sequence"] < low + 60 or len(seen) < 40:
                seen.append(await client.next("detection"))
            self.assertEqual({d["generation"] for d in seen}, {1})
            # One frame may have been with the model when the worker was told.
            late = [d for d in seen if self.has_below(0.6)(d)]
            after = [d for d in seen if not late or d["sequence"] > late[-1]["sequence"]]
            self.assertGreaterEqual(len(after), 20)
            session = await client.call("session.get", subscriptionIdentifier="cam")
            self.assertEqual(session["worker"]["pid"], pid)
            self.assertEqual(session["pipeline"]["stages"][0]["minConfidence"], 0.6)

            # And back, by the operator's command line.
            done = subprocess.run(
                [BIN / "bulkhead", "--url", self.supervisor.ws_url, "reconfigure", "cam",
                 "--min-confidence", "0.1", "--max-fps", "5"],
                capture_output=True, text=True, check=False)
            self.assertEqual((done.returncode, done.stdout),
                             (0, "cam reconfigured (hot): its worker goes on with it\n"),
                             done.stderr)
            await client.next("detection", self.has_below(0.6))

    async def test_a_region_and_a_motion_gate_hold_from_the_reply_on(self):
        async with Client.connect(self.supervisor.ws_url) as client:
            await client.call("stream.open", filter={"kinds": ["detection"], "emptyFrames": True})
            await client.call("session.subscribe", subscriptionIdentifier="cam",
                              rtspUrl=self.camera.url + "/people")
            await client.next("detection", self.has_left_of(0.5))
            reply = await client.call("session.reconfigure", subscriptionIdentifier="cam",
                                      region={"xMin": 0.5, "yMin": 0, "xMax": 1, "yMax": 1})
            self.assertEqual((reply["how"], reply["applied"]), ("hot", True))
            seen = [await client.next("detection") for _ in range(40)]
            # One frame may have been with the model when the worker was told.
            self.assertFalse(any(self.has_left_of(0.49)(d) for d in seen[2:]))
            self.assertTrue(any(d["objects"] for d in seen), "the right half is not empty")

            # In a street nothing moves in all of the picture at once, so all but the floor rests.
            reply = await client.call("session.reconfigure", subscriptionIdentifier="cam",
                                      region=None, motion={"minArea": 1, "floorFps": 2})
            self.assertEqual((reply["how"], reply["applied"]), ("hot", True))
            await client.next("detection", self.has_left_of(0.5))
            # Every frame is looked at until it is known what the street looks like.
            before = await self.counters(client)
            while (await self.counters(client))["framesRestedTotal"] == before["framesRestedTotal"]:
                await client.next("detection")
            before = await self.counters(client)
            for _ in range(4):
                await client.next("detection")
            after = await self.counters(client)
            rested, inferred = (after[name] - before[name]
                                for name in ("framesRestedTotal", "framesInferredTotal"))
            self.assertGreater(rested, inferred, "of ten a second two are looked at")

    @staticmethod
    async def counters(client):
        return (await client.call("session.get", subscriptionIdentifier="cam"))["counters"]

    @staticmethod
    def has_left_of(limit):
        return lambda d: any(o["bboxNorm"]["xMin"] < limit for o in d["objects"])

    @staticmethod
    def has_below(limit):
        return lambda d: any(o["confidence"] < limit for o in d["objects"])


if __name__ == "__main__":
    unittest.main()
