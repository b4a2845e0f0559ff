"""Who comes into a zone, leaves it and crosses a line is told, as often as it happens."""

import asyncio
import datetime
import unittest

from stack import CLIPS, DATA, Camera, Client, Supervisor, running, workplace

PIPELINE = {"name": "people", "maxFps": 8, "stages": [
    {"type": "detect", "model": "yolo11n", "input": {"width": 416, "height": 416},
     "minConfidence": 0.4, "classes": ["person"]}]}

# one-by-one-person-detection.mp4, looked at in steps of half a second. One after the other, people
# come from below, stand at the table and go off to the right: when each is at the table, and when
# each is between the table and the right edge of the picture, in seconds of the clip.
VISITS = [(7.5, 19.0), (24.0, 44.0), (51.5, 69.0)]
TABLE = {"name": "table", "polygon": [[0.45, 0.7], [0.72, 0.7], [0.72, 1], [0.45, 1]],
         "dwellSeconds": 5, "critical": ["zone.enter"]}
EXIT = {"name": "exit", "line": [[0.76, 1], [0.76, 0.3]]}  # upwards: forward is to the right
TOLERANCE_S = 2.0


def moment(event):
    return datetime.datetime.fromisoformat(event["tsCapture"].replace("Z", "+00:00")).timestamp()


class Zones(unittest.IsolatedAsyncioTestCase):
    def setUp(self):
        self.folder = self.enterContext(workplace())
        self.supervisor = self.enterContext(running(Supervisor(self.folder)))

    async def test_each_visit_is_told_once_from_entering_to_leaving(self):
        clip = DATA / "video" / "one-by-one-person-detection.mp4"
        async with Client.connect(self.supervisor.ws_url) as client:
            await client.call("stream.open", filter={"kinds": ["event", "detection"]})
            await client.call("session.subscribe", subscriptionIdentifier="room",
                              rtspUrl=f"file://{clip}", pipeline=PIPELINE, zones=[TABLE, EXIT])
            began = moment(await client.next("detection"))
            events, shown = [], set()
            # Who has left the table is seen to its way out.
            while sum(e["kind"] == "track.end" and e["aliveMs"] > 5000 for e in events) < len(VISITS):
                message = await asyncio.wait_for(client.notifications.get(), 60)
                if message["method"] == "event":
                    events.append(message["params"])
                elif message["method"] == "detection":
                    shown |= {z for o in message["params"]["objects"] for z in o["zones"]}

        def of(kind):
            return [e for e in events if e["kind"] == kind]

        entered, left, dwelt = of("zone.enter"), of("zone.leave"), of("zone.dwell")
        self.assertEqual(len(entered), len(VISITS), entered)
        self.assertEqual(len(left), len(VISITS), left)
        self.assertEqual(len(dwelt), len(VISITS), dwelt)
        self.assertEqual([e["trackId"] for e in entered], [e["trackId"] for e in left])
        for (come, gone), e, l in zip(VISITS, entered, left):
            self.assertAlmostEqual(moment(e) - began, come, delta=TOLERANCE_S)
            self.assertAlmostEqual(moment(l) - began, gone, delta=TOLERANCE_S)
            self.assertAlmostEqual(l["dwellMs"] / 1000, gone - come, delta=TOLERANCE_S)
            self.assertEqual((e["zone"], e["class"], l["class"]), ("table", "CRITICAL", "IMPORTANT"))
        crossed = of("line.cross")
        self.assertEqual([e["direction"] for e in crossed], ["forward"] * len(VISITS), crossed)
        self.assertEqual([e["trackId"] for e in crossed], [e["trackId"] for e in left])
        self.assertEqual([e["count"] for e in of("zone.count")], [1, 0] * len(VISITS))
        self.assertEqual(shown, {"table"}, "a line is nothing to be in")

    async def test_zones_change_while_the_worker_goes_on(self):
        camera = self.enterContext(running(Camera(
            self.folder, "--mount", f"/people={CLIPS / 'people.mp4'}")))
        whole = [[0, 0], [1, 0], [1, 1], [0, 1]]

        async def set_zones(client, *zones):
            reply = await client.call("session.reconfigure", subscriptionIdentifier="cam",
                                      zones=list(zones))
            self.assertEqual((reply["how"], reply["applied"]), ("hot", True))

        def shows(*zones):
            return lambda d: any(o["zones"] == list(zones) for o in d["objects"])

        async with Client.connect(self.supervisor.ws_url) as client:
            await client.call("stream.open", filter={"kinds": ["event", "detection"]})
            await client.call("session.subscribe", subscriptionIdentifier="cam",
                              rtspUrl=camera.url + "/people", pipeline=PIPELINE)
            seen = await client.next("detection", lambda d: d["objects"])
            self.assertTrue(all(o["zones"] == [] and "trackId" not in o for o in seen["objects"]))
            await set_zones(client, {"name": "all", "polygon": whole})
            entered = set()

            async def one_enters(zone):
                while True:  # somebody else may come into a zone that is there already
                    event = await client.next("event", lambda e: e["kind"] == "zone.enter")
                    visit = (event["zone"], event["trackId"])
                    self.assertNotIn(visit, entered, "who is in a zone stays in it")
                    entered.add(visit)
                    if event["zone"] == zone:
                        return

            await one_enters("all")
            await client.next("detection", shows("all"))
            await set_zones(client, {"name": "gate", "line": [[0.5, 0], [0.5, 1]]},
                            {"name": "all", "polygon": whole}, {"name": "more", "polygon": whole})
            await one_enters("more")
            await client.next("detection", shows("all", "more"))
            await set_zones(client)
            for zone in ("all", "more"):  # in the order of the list
                await client.next("event", lambda e: e["kind"] == "zone.leave"
                                  and (e["zone"], e.get("reason")) == (zone, "zone_changed"))
            await client.next("detection", lambda d: d["objects"] and not shows("all", "more")(d))
            view = await client.call("session.get", subscriptionIdentifier="cam")
            self.assertEqual((view["generation"], view["tracks"]), (1, False))


if __name__ == "__main__":
    unittest.main()
