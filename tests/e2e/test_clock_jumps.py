"""The wall clock jumps by ten years while cameras are watched, and nothing follows from it.

A preloaded library changes what the supervisor and its workers read as the time of day, and leaves
the monotonic clock alone, as a jump of the real clock does. The camera's own clock stays.
"""

import asyncio
import os
import pathlib
import sys
import unittest

from stack import BIN, CLIPS, ROOT, Camera, Client, Supervisor, running, with_worker, workplace

CLOCK = pathlib.Path(os.environ.get(
    "BULKHEAD_JUMPING_CLOCK", ROOT / "build/release/fixtures/libfixture_jumping_clock.so"))
TEN_YEARS = 3650  # days
DETECTING = ("LIVE", "DEGRADED")  # the second where this machine has more to do than these tests
RESULTS = 40      # after each jump: some watchdog ticks, and a look at everything that is slow


class ClockJumps(unittest.IsolatedAsyncioTestCase):
    def setUp(self):
        self.folder = self.enterContext(workplace())
        self.offset = self.folder / "offset"
        self.set_clock(0)
        faked = {"LD_PRELOAD": str(CLOCK), "BULKHEAD_CLOCK_OFFSET": str(self.offset)}
        # Of the supervisor's environment a worker gets what it needs, and this is not of it.
        exports = "".join(f"export {name}='{value}'\n" for name, value in faked.items())
        worker = f"#!/bin/sh\n{exports}exec '{BIN / 'bulkhead-worker'}' \"$@\"\n"
        self.camera = self.enterContext(
            running(Camera(self.folder, "--mount", f"/people={CLIPS / 'people.mp4'}")))
        self.supervisor = self.enterContext(running(Supervisor(
            self.folder, program=with_worker(self.folder, worker), environment=faked)))

    def set_clock(self, days):
        with open(self.offset, "r+b" if self.offset.exists() else "wb") as file:
            file.write((days * 86400).to_bytes(8, sys.byteorder, signed=True))

    async def subscribe(self, client, *names):
        for name in names:
            await client.call("session.subscribe", subscriptionIdentifier=name,
                              rtspUrl=self.camera.url + "/people")
        return [await client.until_state(name, *DETECTING) for name in names]

    async def listen(self, client, names):
        """So many results of each; none is missing, and nobody leaves off detecting meanwhile."""
        seen = {name: [] for name in names}
        years = set()
        while any(len(numbers) < RESULTS for numbers in seen.values()):
            message = await asyncio.wait_for(client.notifications.get(), 60)
            params = message["params"]
            self.assertNotEqual(message["method"], "stream.gap", params)
            if params.get("session") not in seen:
                continue
            self.assertEqual(params["generation"], 1)
            if message["method"] == "session.state":
                self.assertIn(params["to"], DETECTING, params)
                continue
            seen[params["session"]].append(params["sequence"])
            years.add(int(params["tsCapture"][:4]))
        for numbers in seen.values():
            self.assertEqual(numbers, list(range(numbers[0], numbers[0] + len(numbers))))
        return years

    async def test_a_jump_of_ten_years_either_way_restarts_nobody_and_loses_no_result(self):
        names = ["one", "two"]
        async with Client.connect(self.supervisor.ws_url) as client:
            await client.call("stream.open")
            before = await self.subscribe(client, *names)
            year = max(await self.listen(client, names))
            for days in (TEN_YEARS, -TEN_YEARS, 0):
                self.set_clock(days)
                years = await self.listen(client, names)
                self.assertIn(year + days // 365, years, "the workers' clock has jumped")
                newcomer = f"newcomer{days}"
                (view,) = await self.subscribe(client, newcomer)
                self.assertLessEqual(abs(int(view["since"][:4]) - year - days // 365), 1,
                                     "the supervisor's clock has jumped")
                await client.call("session.unsubscribe", subscriptionIdentifier=newcomer)
            after = [await client.call("session.get", subscriptionIdentifier=n) for n in names]
        for was, now in zip(before, after):
            self.assertEqual(now["worker"]["pid"], was["worker"]["pid"])
            self.assertIn(now["state"], DETECTING)
            self.assertEqual(now["lastExits"], [])


if __name__ == "__main__":
    unittest.main()
