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

    @staticmethod
    def has_below(limit):
        return lambda d: any(o["confidence"] < limit for o in d["objects"])


if __name__ == "__main__":
    unittest.main()
