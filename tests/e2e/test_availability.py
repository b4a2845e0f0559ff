"""Cameras that need not be there all the time: what is told of them, and when they are watched."""

import os
import pathlib
import subprocess
import sys
import time
import unittest
import urllib.request

from stack import BIN, CLIPS, ROOT, Camera, Client, Supervisor, children_of, running, workplace

CLOCK = pathlib.Path(os.environ.get(
    "BULKHEAD_JUMPING_CLOCK", ROOT / "build/release/fixtures/libfixture_jumping_clock.so"))
DAY_S = 86400
ZONE_S = 5 * 3600  # of the supervisor, ahead of UTC


class Availability(unittest.IsolatedAsyncioTestCase):
    def setUp(self):
        self.folder = self.enterContext(workplace())
        self.people = ("--mount", f"/people={CLIPS / 'people.mp4'}")

    def supervisor(self, **environment):
        # A warm spare is a worker too, and here workers are counted.
        return self.enterContext(running(Supervisor(
            self.folder, "--set", "session_processes.warm_spares=0", environment=environment)))

    def set_clock(self, hour, minute, second):
        """To a time of the supervisor's day, and it goes on from there."""
        wanted = (hour * 60 + minute) * 60 + second
        offset = (wanted - ZONE_S - int(time.time())) % DAY_S
        file = self.folder / "offset"
        with open(file, "r+b" if file.exists() else "wb") as out:
            out.write(offset.to_bytes(8, sys.byteorder, signed=True))

    async def test_an_intermittent_camera_that_is_away_is_no_problem_and_the_other_is(self):
        supervisor = self.supervisor()
        with running(Camera(self.folder, *self.people)) as camera:
            url = camera.url + "/people"
        async with Client.connect(supervisor.ws_url) as client:
            await client.call("stream.open")
            for availability in ("intermittent", "always"):
                await client.call("session.subscribe", subscriptionIdentifier=availability,
                                  rtspUrl=url, availability=availability)
            for availability in ("intermittent", "always"):
                view = await client.until_state(availability, "OFFLINE")
                self.assertEqual(view["availability"], availability)
        with urllib.request.urlopen(supervisor.http_url + "/metrics") as page:
            problems = {line for line in page.read().decode().splitlines()
                        if line.startswith("bulkhead_session_problem{")}
        self.assertEqual(problems, {
            f'bulkhead_session_problem{{camera="{name}",availability="{name}"}} {value}'
            for name, value in (("intermittent", 0), ("always", 1))})
        log = (supervisor.state_dir / "logs" / "detector_worker_main.log").read_text()
        warned = [line for line in log.splitlines() if " -> OFFLINE" in line and "warn" in line]
        self.assertEqual(len(warned), 1, log)
        self.assertIn("session=always", warned[0])

    async def test_a_camera_on_demand_is_watched_while_a_stream_asks_for_it(self):
        first = self.supervisor()
        with running(Camera(self.folder, *self.people)) as camera:
            added = subprocess.run(
                [BIN / "bulkhead", "--url", first.ws_url, "add", "cam", camera.url + "/people",
                 "--availability", "on_demand"], capture_output=True, text=True, check=False)
            self.assertEqual((added.returncode, added.stdout),
                             (0, "cam added: STOPPED, generation 0\n"), added.stderr)
            async with Client.connect(first.ws_url) as watcher:
                await watcher.call("stream.open", filter={"kinds": ["session.state"]})
                self.assertEqual(children_of(first.pid), [])
                async with Client.connect(first.ws_url) as client:
                    await client.call("stream.open", filter={"sessions": ["cam"]})
                    seen = await client.next("detection")
                    self.assertEqual(seen["generation"], 1)
                    self.assertEqual(len(children_of(first.pid)), 1)
                # It lingers, then it is asked to stop; nobody but the watcher is there any more.
                rests = await watcher.until_state("cam", "STOPPED")
                self.assertEqual(rests["desired"], "STOPPED")
                self.assertIn("nobody asks for its results", rests["reasonText"])
                self.assertEqual(rests["lastExits"][0]["exitCode"], 0)
                self.assertEqual(children_of(first.pid), [])
            self.assertEqual(first.stop(), 0)

            second = self.supervisor()
            async with Client.connect(second.ws_url) as client:
                view = await client.call("session.get", subscriptionIdentifier="cam")
                self.assertEqual((view["state"], view["availability"]), ("STOPPED", "on_demand"))
                self.assertEqual(children_of(second.pid), [])
                await client.call("stream.open", filter={"sessions": ["cam"]})
                await client.next("detection")

    async def test_a_scheduled_camera_is_watched_in_its_windows_by_the_clock_on_the_wall(self):
        self.set_clock(9, 0, 0)
        supervisor = self.supervisor(
            LD_PRELOAD=str(CLOCK), BULKHEAD_CLOCK_OFFSET=str(self.folder / "offset"),
            TZ="<+05>-5")
        with running(Camera(self.folder, *self.people)) as camera:
            async with Client.connect(supervisor.ws_url) as client:
                await client.call("stream.open")
                added = subprocess.run(
                    [BIN / "bulkhead", "--url", supervisor.ws_url, "add", "cam",
                     camera.url + "/people", "--availability", "scheduled",
                     "--schedule", "10:00-11:00"], capture_output=True, text=True, check=False)
                self.assertEqual(added.returncode, 0, added.stderr)
                first = await client.next("session.state", lambda p: p["to"] == "STOPPED")
                self.assertIn("T05:00:00", first["reasonText"], "ten o'clock, in UTC")

                self.set_clock(9, 59, 58)
                # The window begins by itself, two seconds later.
                view = await client.until_state("cam", "LIVE")
                self.assertEqual((view["desired"], view["nextStart"]), ("RUNNING", None))

                # Its end comes by itself as well, the clock having been set to shortly before.
                self.set_clock(10, 59, 58)
                view = await client.until_state("cam", "STOPPED")
                self.assertEqual(view["lastExits"][0]["exitCode"], 0)
                self.assertIn("T05:00:00", view["nextStart"])
                self.assertEqual(children_of(supervisor.pid), [])

                self.set_clock(10, 30, 0)
                await client.until_state("cam", "LIVE")


if __name__ == "__main__":
    unittest.main()
