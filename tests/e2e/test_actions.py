"""What happens in a zone is told to a channel of Redis and its picture is kept there, each in the
operator's own form."""

import asyncio
import json
import shutil
import socket
import subprocess
import unittest

from stack import CLIPS, Camera, Client, Supervisor, running, workplace

WHOLE = [[0, 0], [1, 0], [1, 1], [0, 1]]
COATS = {"name": "coats", "track": True, "maxFps": 8, "stages": [
    {"type": "detect", "model": "yolo11n", "input": {"width": 416, "height": 416},
     "minConfidence": 0.4, "classes": ["person"], "stages": [
         {"type": "classify", "attribute": "coat", "model": "vehicle_colour.onnx",
          "pixels": "rgb_1", "votes": 3}]}]}
HALL = {"name": "hall", "polygon": WHOLE, "snapshot": True}


def free_port():
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        return bound.getsockname()[1]


class RedisServer:
    def __init__(self, folder):
        self.port = free_port()
        # Debian's redis-tools hold the program under another name, by which it does something else.
        program = folder / "redis-server"
        program.symlink_to(shutil.which("redis-check-rdb"))
        self._process = subprocess.Popen(
            [program, "--bind", "127.0.0.1", "--port", str(self.port), "--save", ""],
            stdout=subprocess.PIPE, text=True)
        for line in self._process.stdout:
            if "Ready to accept connections" in line:
                return
        raise RuntimeError("no Redis")

    def stop(self):
        self._process.kill()
        self._process.communicate()

    def get(self, key):
        return subprocess.run(["redis-cli", "-p", str(self.port), "GET", key],
                              capture_output=True, timeout=60, check=True).stdout


async def next_lines(process, count):
    lines = [await asyncio.wait_for(process.stdout.readline(), 60) for _ in range(count)]
    return [line.decode().rstrip("\n") for line in lines]


class Actions(unittest.IsolatedAsyncioTestCase):
    async def test_who_enters_a_zone_is_told_and_kept_as_a_picture_in_the_operators_own_form(self):
        folder = self.enterContext(workplace())
        camera = self.enterContext(running(Camera(
            folder, "--mount", f"/people={CLIPS / 'people.mp4'}")))
        redis = self.enterContext(running(RedisServer(folder)))
        seen = await asyncio.create_subprocess_exec(
            "redis-cli", "-p", str(redis.port), "SUBSCRIBE", "seen:gate;1",
            stdout=subprocess.PIPE)
        self.addAsyncCleanup(seen.wait)
        self.addCleanup(seen.kill)
        self.assertEqual(await next_lines(seen, 3), ["subscribe", "seen:gate;1", "1"])
        when = {"kinds": ["zone.enter"], "zones": ["hall"]}
        sinks = [
            {"name": "history", "type": "sqlite"},
            {"name": "pictures", "type": "redis_save_image", "port": redis.port, "when": when,
             "key": "shot:{session}:{snapshot}:{track}", "region": "object"},
            {"name": "tell", "type": "redis_publish", "port": redis.port, "when": when,
             "channel": "seen:{session}",
             "message": {"picture": "shot:{session}:{snapshot}:{track}", "track": "{track}",
                         "text": "{label} in {zone}"}},
        ]
        with running(Supervisor(folder, "--set", f"sinks={json.dumps(sinks)}")) as supervisor:
            async with Client.connect(supervisor.ws_url) as client:
                await client.call("session.subscribe", subscriptionIdentifier="gate;1",
                                  zones=[HALL], rtspUrl=camera.url + "/people", pipeline="people")
                kind, channel, text = await next_lines(seen, 3)
                self.assertEqual((kind, channel), ("message", "seen:gate;1"))
                told = json.loads(text)
                self.assertEqual(told["text"], "person in hall")
                self.assertIsInstance(told["track"], int)

                async def picture():
                    while len(jpeg := redis.get(told["picture"])) < 100:
                        await client.call("session.get", subscriptionIdentifier="gate;1")
                    return jpeg
                self.assertTrue((await asyncio.wait_for(picture(), 30)).startswith(b"\xff\xd8\xff"))

    async def test_a_track_that_ends_is_told_once_with_what_was_voted_of_it(self):
        folder = self.enterContext(workplace())
        camera = self.enterContext(running(Camera(
            folder, "--mount", f"/people={CLIPS / 'people.mp4'}")))
        redis = self.enterContext(running(RedisServer(folder)))
        seen = await asyncio.create_subprocess_exec(
            "redis-cli", "-p", str(redis.port), "SUBSCRIBE", "ends", stdout=subprocess.PIPE)
        self.addAsyncCleanup(seen.wait)
        self.addCleanup(seen.kill)
        self.assertEqual(await next_lines(seen, 3), ["subscribe", "ends", "1"])
        sinks = [
            {"name": "history", "type": "sqlite"},
            {"name": "tell", "type": "redis_publish", "port": redis.port, "channel": "ends",
             "when": {"kinds": ["track.end"], "attributes": ["coat"]},
             "message": {"track": "{track}", "coat": "{attribute.coat}",
                         "sure": "{attribute.coat.confidence}"}},
        ]
        with running(Supervisor(folder, "--set", f"sinks={json.dumps(sinks)}")) as supervisor:
            async with Client.connect(supervisor.ws_url) as client:
                await client.call("stream.open", filter={"kinds": ["event"]})
                await client.call("session.subscribe", subscriptionIdentifier="gate;1",
                                  rtspUrl=camera.url + "/people", pipeline=COATS)
                kind, channel, text = await next_lines(seen, 3)
                self.assertEqual((kind, channel), ("message", "ends"))
                told = json.loads(text)
                ended = await client.next("event", lambda e: e["kind"] == "track.end"
                                          and e["attributes"])
                coat = ended["attributes"]["coat"]
                self.assertEqual((told["coat"], told["sure"]), (coat["label"], coat["confidence"]))
                self.assertEqual(coat["model"], "vehicle_colour")

                async def kept():
                    while True:
                        page = await client.call(
                            "history.query", sessions=["gate;1"], kinds=["event"], limit=1000,
                            attribute="coat", attributeValue=coat["label"])
                        found = [(r["kind"], r["trackId"]) for r in page["results"]]
                        if ("track.end", ended["trackId"]) in found:
                            return
                await asyncio.wait_for(kept(), 30)


if __name__ == "__main__":
    unittest.main()
