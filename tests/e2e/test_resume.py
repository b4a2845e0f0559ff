"""A client's connection breaks while its camera is watched: it goes on where it was."""

import unittest

from stack import CLIPS, Camera, Client, Supervisor, running, workplace

# Without empty frames, which are of a lower class and so may come after others.
OBJECTS = {"emptyFrames": False}


class Resume(unittest.IsolatedAsyncioTestCase):
    def setUp(self):
        folder = self.enterContext(workplace())
        camera = self.enterContext(running(Camera(folder, "--mount", f"/people={CLIPS / 'people.mp4'}")))
        self.url = camera.url + "/people"
        self.supervisor = self.enterContext(running(Supervisor(folder)))

    @staticmethod
    async def positions(client, count):
        """Of the next detections: which result of which worker."""
        told = [await client.next("detection") for _ in range(count)]
        return [(d["generation"], d["sequence"]) for d in told]

    async def test_it_has_every_result_once_and_in_order_also_of_another_worker(self):
        async with Client.connect(self.supervisor.ws_url) as witness:
            await witness.call("stream.open", filter=OBJECTS)
            await witness.call("session.subscribe", subscriptionIdentifier="cam", rtspUrl=self.url)
            async with Client.connect(self.supervisor.ws_url) as client:
                await client.call("stream.open", filter=OBJECTS)
                had = await self.positions(client, 20)
            seen = await self.positions(witness, 40)
            await witness.call("session.restart", subscriptionIdentifier="cam", mode="overlap")
            async with Client.connect(self.supervisor.ws_url) as client:
                generation, sequence = had[-1]
                opened = await client.call("stream.open", filter=OBJECTS, resumeFrom=[
                    {"session": "cam", "generation": generation, "sequence": sequence}])
                had += await self.positions(client, opened["replayed"] + 10)
            while seen[-1] != had[-1]:
                seen += await self.positions(witness, 1)
        self.assertGreater(opened["replayed"], 0)
        self.assertEqual({generation for generation, _ in had}, {1, 2})
        self.assertEqual(had, seen[seen.index(had[0]):])


if __name__ == "__main__":
    unittest.main()
