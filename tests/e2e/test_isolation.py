"""What happens to one camera's worker or the supervisor itself, and what others see of it."""

import asyncio
import os
import signal
import unittest

from stack import (CLIPS, Camera, Client, Supervisor, children_of, gone, is_running, running,
                   workplace)


class Isolation(unittest.IsolatedAsyncioTestCase):
    def setUp(self):
        self.folder = self.enterContext(workplace())
        self.camera = self.enterContext(
            running(Camera(self.folder, "--mount", f"/people={CLIPS / 'people.mp4'}")))
        self.supervisor = self.enterContext(running(Supervisor(self.folder)))

    async def subscribe(self, client, *names):
        for name in names:
            await client.call("session.subscribe", subscriptionIdentifier=name,
                              rtspUrl=self.camera.url + "/people")
        return [await client.until_state(name, "LIVE") for name in names]

    async def test_a_killed_worker_heals_and_its_neighbour_misses_no_frame(self):
        async with Client.connect(self.supervisor.ws_url) as client:
            await client.call("stream.open")
            victim, neighbour = await self.subscribe(client, "victim", "neighbour")
            os.kill(victim["worker"]["pid"], signal.SIGKILL)
            detections = []

            async def collect_until_healed():
                while True:
                    message = await client.notifications.get()
                    params = message["params"]
                    if message["method"] != "detection":
                        continue
                    if params["session"] == "neighbour":
                        detections.append(params)
                    elif params["generation"] == 2:
                        return

            await asyncio.wait_for(collect_until_healed(), 60)
            healed = await client.call("session.get", subscriptionIdentifier="victim")
            other = await client.call("session.get", subscriptionIdentifier="neighbour")
        self.assertEqual(healed["generation"], 2)
        self.assertEqual(healed["lastExits"][0]["signal"], signal.SIGKILL)
        self.assertEqual(other["worker"]["pid"], neighbour["worker"]["pid"])
        sequences = sorted(d["sequence"] for d in detections)
        holes = set(range(sequences[0], sequences[-1] + 1)) - set(sequences)
        self.assertFalse(holes, "every result of the neighbour arrived")

    async def test_a_supervisor_killed_hard_leaves_no_worker_behind(self):
        async with Client.connect(self.supervisor.ws_url) as client:
            await client.call("stream.open")
            await self.subscribe(client, "one", "two")
            workers = children_of(self.supervisor.pid)
            self.assertGreaterEqual(len(workers), 2)
            shared_before = set(os.listdir("/dev/shm"))
            os.kill(self.supervisor.pid, signal.SIGKILL)
            self.assertTrue(await gone(workers, 1.0), "every worker is gone within a second")
        self.assertFalse([w for w in workers if is_running(w)])
        self.assertLessEqual(set(os.listdir("/dev/shm")), shared_before)

    async def test_a_supervisor_that_was_stopped_for_ten_seconds_accuses_nobody(self):
        async with Client.connect(self.supervisor.ws_url) as client:
            await client.call("stream.open")
            before = await self.subscribe(client, "one", "two")
            os.kill(self.supervisor.pid, signal.SIGSTOP)
            await asyncio.sleep(10)
            os.kill(self.supervisor.pid, signal.SIGCONT)
            for view in before:
                name = view["subscriptionIdentifier"]
                for _ in range(50):  # some watchdog ticks later, too
                    await client.next("detection", lambda d, name=name: d["session"] == name)
                after = await client.call("session.get", subscriptionIdentifier=name)
                self.assertEqual(after["worker"]["pid"], view["worker"]["pid"])
                self.assertEqual((after["state"], after["lastExits"]), ("LIVE", []))

    async def test_sigterm_stops_every_worker_and_exits_zero(self):
        async with Client.connect(self.supervisor.ws_url) as client:
            await client.call("stream.open")
            await self.subscribe(client, "one", "two")
            workers = children_of(self.supervisor.pid)
        self.assertEqual(self.supervisor.stop(), 0)
        self.assertFalse([w for w in workers if is_running(w)])

    async def test_a_restart_on_request_says_what_it_cost(self):
        async with Client.connect(self.supervisor.ws_url) as client:
            await client.call("stream.open")
            (before,) = await self.subscribe(client, "cam")
            reply = await client.call("session.restart", subscriptionIdentifier="cam")
            after = await client.call("session.get", subscriptionIdentifier="cam")
        self.assertEqual(reply["generation"], 2)
        self.assertGreater(reply["gapMs"], 0)
        self.assertNotEqual(before["worker"]["pid"], after["worker"]["pid"])
        self.assertEqual(after["state"], "LIVE")


if __name__ == "__main__":
    unittest.main()
