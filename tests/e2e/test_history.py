"""What a camera has seen is found again: after its worker was killed, after the supervisor was, with
the command line; each result once.
"""

import asyncio
import os
import signal
import subprocess
import unittest

from stack import BIN, CLIPS, Camera, Client, Supervisor, running, workplace

RESULTS = 60


async def history_of(client, session, **filters):
    """All of it, page by page, oldest first."""
    results, cursor = [], None
    while True:
        page = await client.call("history.query", sessions=[session], order="oldest", limit=200,
                                 **filters, **({"cursor": cursor} if cursor else {}))
        results += page["results"]
        cursor = page["next"]
        if cursor is None:
            return results


def keys(results):
    return [(r["generation"], r["sequence"]) for r in results]


class History(unittest.IsolatedAsyncioTestCase):
    def setUp(self):
        self.folder = self.enterContext(workplace())
        self.camera = self.enterContext(running(Camera(
            self.folder, "--mount", f"/people={CLIPS / 'people.mp4'}")))

    async def until_kept(self, client, wanted):
        """Waits until the history holds these; the sink's batches need a moment."""
        async def look():
            while True:
                kept = [r for r in await history_of(client, "gate") if "objects" in r]
                if wanted <= set(keys(kept)):
                    return kept
                await client.next("detection")
        return await asyncio.wait_for(look(), 30)

    async def test_what_was_told_is_found_after_the_worker_and_the_supervisor_were_killed(self):
        with running(Supervisor(self.folder)) as supervisor:
            async with Client.connect(supervisor.ws_url) as client:
                await client.call("stream.open", filter={"kinds": ["detection", "session.state"]})
                await client.call("session.subscribe", subscriptionIdentifier="gate",
                                  rtspUrl=self.camera.url + "/people", pipeline="people")
                told = [await client.next("detection", lambda d: d["objects"])
                        for _ in range(RESULTS)]
                view = await client.call("session.get", subscriptionIdentifier="gate")
                durable = view["counters"]["sinkDurableSequence"]
                os.kill(view["worker"]["pid"], signal.SIGKILL)
                safe = {key for key in keys(told) if key <= (view["generation"], durable)}
                self.assertGreater(len(safe), RESULTS / 2)
                later = await client.next("detection",
                                          lambda d: d["objects"] and d["generation"] > 1)
                kept = await self.until_kept(client, safe | set(keys([later])))
                self.assertEqual(len(keys(kept)), len(set(keys(kept))), "each once")
                # As clients got them.
                found = {key: r for key, r in zip(keys(kept), kept)}
                for one in told:
                    if (key := (one["generation"], one["sequence"])) in safe:
                        self.assertEqual(found[key]["tsCapture"], one["tsCapture"])
                        self.assertEqual([o["bbox"] for o in found[key]["objects"]],
                                         [o["bbox"] for o in one["objects"]])
            os.kill(supervisor.pid, signal.SIGKILL)
        with running(Supervisor(self.folder)) as supervisor:
            async with Client.connect(supervisor.ws_url) as client:
                again = await history_of(client, "gate", labels=["person"])
                self.assertTrue(safe <= set(keys(again)))
            lines = subprocess.run(
                [BIN / "bulkhead", "--url", supervisor.ws_url, "history", "gate", "--label", "person",
                 "--limit", "5"], capture_output=True, text=True, timeout=30, check=True).stdout
            self.assertEqual(lines.count("person") >= 5, True, lines)

    async def test_a_planned_restart_keeps_each_frame_once(self):
        with running(Supervisor(self.folder)) as supervisor:
            async with Client.connect(supervisor.ws_url) as client:
                await client.call("stream.open", filter={"kinds": ["detection", "session.state"]})
                await client.call("session.subscribe", subscriptionIdentifier="gate",
                                  rtspUrl=self.camera.url + "/people", pipeline="people")
                for _ in range(10):
                    await client.next("detection", lambda d: d["objects"])
                restarted = await client.call("session.restart", subscriptionIdentifier="gate",
                                              mode="overlap")
                self.assertEqual(restarted["lostFrames"], 0)
                later = [await client.next("detection",
                                           lambda d: d["objects"] and d["generation"] == 2)
                         for _ in range(15)]
                kept = await self.until_kept(client, set(keys(later[-1:])))
                generations = [r["generation"] for r in kept]
                self.assertEqual(generations, sorted(generations), "one after the other")
                self.assertEqual(set(generations), {1, 2})
                # By the camera's own clock: no picture is there twice.
                taken = [r["tsCamera"] for r in kept if "tsCamera" in r]
                self.assertEqual(len(taken), len(set(taken)))

    async def test_a_camera_that_is_removed_and_added_again_goes_on_in_its_history(self):
        with running(Supervisor(self.folder)) as supervisor:
            async with Client.connect(supervisor.ws_url) as client:
                await client.call("stream.open", filter={"kinds": ["detection", "session.state"]})
                firsts = []
                for _ in range(2):
                    await client.call("session.subscribe", subscriptionIdentifier="gate",
                                      rtspUrl=self.camera.url + "/people", pipeline="people")
                    first = await client.next("detection", lambda d: d["objects"])
                    firsts.append(first)
                    await self.until_kept(client, set(keys([first])))
                    await client.call("session.unsubscribe", subscriptionIdentifier="gate")
                    await client.next("session.state", lambda s: s["removed"])
                self.assertLess(firsts[0]["generation"], firsts[1]["generation"])
        # Who loses the registry does not lose what comes after it either.
        for file in self.folder.rglob("registry.db*"):
            file.unlink()
        with running(Supervisor(self.folder)) as supervisor:
            async with Client.connect(supervisor.ws_url) as client:
                await client.call("stream.open", filter={"kinds": ["detection"]})
                await client.call("session.subscribe", subscriptionIdentifier="gate",
                                  rtspUrl=self.camera.url + "/people", pipeline="people")
                later = await client.next("detection", lambda d: d["objects"])
                self.assertGreater(later["generation"], firsts[1]["generation"])
                kept = await self.until_kept(client, set(keys([*firsts, later])))
                self.assertIn(later["tsCapture"], [r["tsCapture"] for r in kept])


if __name__ == "__main__":
    unittest.main()
