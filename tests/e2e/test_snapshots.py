"""What happens in a zone is kept as a picture: with boxes and without, over REST, over WebSocket and
with the command line; after its worker was killed and after the supervisor was."""

import asyncio
import base64
import os
import re
import signal
import subprocess
import unittest
import urllib.error
import urllib.request

from stack import BIN, CLIPS, Camera, Client, RpcError, Supervisor, running, workplace

WHOLE = [[0, 0], [1, 0], [1, 1], [0, 1]]
HALL = {"name": "hall", "polygon": WHOLE}
WATCHED = {**HALL, "snapshot": True}


def size_of(jpeg):
    """As another decoder than ours finds it, which has read it to its end."""
    told = subprocess.run(
        ["gst-launch-1.0", "-v", "fdsrc", "!", "jpegparse", "!", "jpegdec", "!", "fakesink"],
        input=jpeg, capture_output=True, timeout=60, check=True).stdout.decode()
    width, height = re.search(r"video/x-raw.*width=\(int\)(\d+), height=\(int\)(\d+)", told).groups()
    return int(width), int(height)


class Snapshots(unittest.IsolatedAsyncioTestCase):
    def setUp(self):
        self.folder = self.enterContext(workplace())
        self.camera = self.enterContext(running(Camera(
            self.folder, "--mount", f"/people={CLIPS / 'people.mp4'}")))

    async def subscribe(self, client, *zones):
        await client.call("stream.open", filter={"kinds": ["event", "detection", "session.state"]})
        await client.call("session.subscribe", subscriptionIdentifier="gate;1", zones=list(zones),
                          rtspUrl=self.camera.url + "/people", pipeline="people")

    def fetch(self, supervisor, name, query=""):
        url = f"{supervisor.http_url}/api/v1/history/gate%3B1/snapshots/{name}{query}"
        try:
            with urllib.request.urlopen(url, timeout=20) as reply:
                return reply.status, dict(reply.headers), reply.read()
        except urllib.error.HTTPError as error:
            return error.code, dict(error.headers), error.read()

    async def picture(self, client, name, **params):
        """Once it is there: the event comes before its picture is on disk."""
        async def look():
            while True:
                try:
                    reply = await client.call("history.snapshot", subscriptionIdentifier="gate;1",
                                              snapshot=name, **params)
                    self.assertEqual((reply["contentType"], reply["encoding"]),
                                     ("image/jpeg", "base64"))
                    return base64.b64decode(reply["data"])
                except RpcError as error:
                    self.assertEqual(error.code, "NOT_FOUND")
                await client.next("detection")
        return await asyncio.wait_for(look(), 30)

    async def until(self, client, holds):
        async def look():
            while not await holds():
                await client.next("detection")
        await asyncio.wait_for(look(), 30)

    def bulkhead(self, supervisor, *arguments):
        return subprocess.run([BIN / "bulkhead", "--url", supervisor.ws_url, *arguments],
                              capture_output=True, text=True, timeout=60, check=True).stdout

    async def test_an_event_names_its_pictures_which_outlive_the_worker_and_the_supervisor(self):
        with running(Supervisor(self.folder)) as supervisor:
            async with Client.connect(supervisor.ws_url) as client:
                await self.subscribe(client, WATCHED)
                event = await client.next("event", lambda e: "snapshot" in e)
                self.assertEqual((event["zone"], event["kind"]), ("hall", "zone.enter"))
                name = event["snapshot"]
                # The writer makes that of the boxes last.
                boxes = await self.picture(client, name, boxes=True)
                plain = await self.picture(client, name)
                view = await client.call("session.get", subscriptionIdentifier="gate;1")
                size = (view["counters"]["sourceWidth"], view["counters"]["sourceHeight"])
                self.assertEqual((size_of(plain), size_of(boxes)), (size, size))
                self.assertNotEqual(plain, boxes)

                status, headers, body = self.fetch(supervisor, name)
                self.assertEqual((status, body), (200, plain))
                self.assertEqual((headers["Content-Type"], headers["X-Content-Type-Options"]),
                                 ("image/jpeg", "nosniff"))
                self.assertEqual(self.fetch(supervisor, name, "?boxes=1")[2], boxes)
                self.assertEqual(self.fetch(supervisor, name, "?boxes=0")[2], plain)
                saved = self.folder / "saved.jpg"
                self.bulkhead(supervisor, "snapshot", "gate;1", name, "--boxes", "-o", saved)
                self.assertEqual(saved.read_bytes(), boxes)

                async def is_counted():
                    now = await client.call("session.get", subscriptionIdentifier="gate;1")
                    return now["counters"]["snapshotsWrittenTotal"] >= 1
                await self.until(client, is_counted)
                self.assertEqual(view["counters"]["snapshotsFailedTotal"], 0)
                with urllib.request.urlopen(supervisor.http_url + "/metrics", timeout=20) as reply:
                    self.assertRegex(reply.read().decode(),
                                     r'bulkhead_snapshots_written_total\{camera="gate;1"\} [1-9]')

                async def is_in_history():
                    return f"snapshot {name}" in self.bulkhead(
                        supervisor, "history", "gate;1", "--kind", "event", "--zone", "hall")
                await self.until(client, is_in_history)
                os.kill(view["worker"]["pid"], signal.SIGKILL)
                await client.next("detection", lambda d: d["generation"] > 1)
                self.assertEqual(await self.picture(client, name), plain)
            os.kill(supervisor.pid, signal.SIGKILL)
        with running(Supervisor(self.folder)) as supervisor:
            self.assertEqual(self.fetch(supervisor, name)[2], plain)
            self.assertEqual(self.fetch(supervisor, name, "?boxes=1")[2], boxes)
            async with Client.connect(supervisor.ws_url) as client:
                page = await client.call("history.query", sessions=["gate;1"], kinds=["event"],
                                         zone="hall")
            self.assertIn(name, [e.get("snapshot") for e in page["results"]])
            kept = supervisor.state_dir / "history/gate_1/snapshots"
            self.assertEqual((kept / f"{name}.jpg").stat().st_mode & 0o777, 0o600)

    async def test_what_names_no_picture_is_refused_and_what_is_none_is_not_given(self):
        with running(Supervisor(self.folder)) as supervisor:
            folder = supervisor.state_dir / "history/gate_1/snapshots"
            folder.mkdir(parents=True)
            secret = self.folder / "secret"
            secret.write_bytes(b"\xff\xd8\xff secret")
            (folder / "1.jpg").symlink_to(secret)
            os.mkfifo(folder / "2.jpg")
            (folder / "3.jpg").write_bytes(b"<html>")
            for name in ("1", "2", "3"):
                status, headers, body = self.fetch(supervisor, name)
                self.assertEqual((status, headers["Content-Type"]), (500, "application/json"), body)
                self.assertIn(b"CORRUPT", body)
            for name in ("../1", "..%2F..%2Fsecret", "01", "-1", "1.jpg", "9" * 20, "x"):
                self.assertEqual(self.fetch(supervisor, name)[0], 400, name)
            for query in ("?boxes=2", "?boxes", "?boxes=1&boxes=1", "?x=1"):
                self.assertEqual(self.fetch(supervisor, "4", query)[0], 400, query)
            self.assertEqual(self.fetch(supervisor, "4")[0], 404)
            self.assertEqual(self.fetch(supervisor, "")[0], 400)

    async def test_a_zone_asks_for_pictures_from_the_next_frame_on(self):
        with running(Supervisor(self.folder)) as supervisor:
            async with Client.connect(supervisor.ws_url) as client:
                await self.subscribe(client, HALL)
                event = await client.next("event", lambda e: e["kind"] == "zone.enter")
                self.assertNotIn("snapshot", event)
                changed = await client.call("session.reconfigure", subscriptionIdentifier="gate;1",
                                            zones=[WATCHED])
                self.assertEqual((changed["how"], changed["applied"]), ("hot", True))
                event = await client.next("event", lambda e: "snapshot" in e)
                self.assertTrue((await self.picture(client, event["snapshot"])).startswith(b"\xff\xd8"))

    async def test_without_a_history_on_disk_there_are_none_and_the_log_says_so_once(self):
        with running(Supervisor(self.folder, "--set", "sinks=[]")) as supervisor:
            async with Client.connect(supervisor.ws_url) as client:
                await self.subscribe(client, WATCHED)
                event = await client.next("event", lambda e: e["kind"] == "zone.enter")
                self.assertNotIn("snapshot", event)
                await client.call("session.reconfigure", subscriptionIdentifier="gate;1",
                                  zones=[{**WATCHED, "dwellSeconds": 0.1}])
                event = await client.next("event", lambda e: e["kind"] == "zone.dwell")
                self.assertNotIn("snapshot", event)
            logs = supervisor.log_texts()
            self.assertEqual(sum(text.count("zones ask for snapshots") for text in logs.values()), 1)


if __name__ == "__main__":
    unittest.main()
