"""Whose the results of a camera are is told with each of them, and kept."""

import asyncio
import os
import signal
import subprocess
import unittest

from stack import BIN, CLIPS, HANG_LIMIT_S, Camera, Client, Supervisor, running, workplace


class Context(unittest.IsolatedAsyncioTestCase):
    def setUp(self):
        self.folder = self.enterContext(workplace())
        self.camera = self.enterContext(running(Camera(
            self.folder, "--mount", f"/people={CLIPS / 'people.mp4'}")))
        self.supervisor = self.enterContext(running(Supervisor(self.folder)))

    def bulkhead(self, *arguments):
        return subprocess.run([BIN / "bulkhead", "--url", self.supervisor.ws_url, *arguments],
                              capture_output=True, text=True, timeout=HANG_LIMIT_S, check=True).stdout

    async def test_results_carry_it_over_a_kill_and_the_latest_is_told_again(self):
        told = []

        async def until(client, wanted):
            """The next detection of the till that is wanted; all are kept in `told`."""
            def look(detection):
                told.append(detection)
                return detection["session"] == "till" and wanted(detection)
            return await client.next("detection", look)

        def is_of(context, stage=None):
            return lambda d: (d.get("context"), d.get("stage")) == (context, stage)

        async with Client.connect(self.supervisor.ws_url) as client:
            await client.call("stream.open", filter={"kinds": ["detection"]})
            for name in ("till", "beside"):
                await client.call("session.subscribe", subscriptionIdentifier=name,
                                  rtspUrl=self.camera.url + "/people", pipeline={
                                      "name": "people", "track": True,
                                      "stages": [{"type": "detect", "model": "yolo11n"}]})
            await until(client, lambda d: any("trackId" in o for o in d["objects"]))

            reply = await client.call("session.setContext", subscriptionIdentifier="till",
                                      context="customer-4711")
            self.assertEqual((reply["context"], reply["stage"], reply["applied"]),
                             ("customer-4711", None, True))
            patch = await until(client, lambda d: "patchOf" in d)
            self.assertTrue(is_of("customer-4711")(patch))
            original = next(d for d in told if d["session"] == "till"
                            and d["sequence"] == patch["patchOf"])
            self.assertNotIn("context", original)
            for member in ("frameId", "tsCapture", "model"):
                self.assertEqual(patch[member], original[member])
            self.assertEqual([{**o, "id": ""} for o in patch["objects"]],
                             [{**o, "id": ""} for o in original["objects"]])
            after = [await until(client, lambda d: True) for _ in range(10)]
            self.assertTrue(all(map(is_of("customer-4711"), after)), after)
            self.assertFalse(any("patchOf" in d for d in after))

            paid = await asyncio.to_thread(self.bulkhead, "progress", "till", "paid")
            self.assertEqual(paid, "till has the context customer-4711 (paid): "
                                   "its worker goes on with it\n")
            patch = await until(client, lambda d: "patchOf" in d)
            self.assertTrue(is_of("customer-4711", "paid")(patch))

            view = await client.call("session.get", subscriptionIdentifier="till")
            self.assertEqual((view["context"], view["stage"]), ("customer-4711", "paid"))
            os.kill(view["worker"]["pid"], signal.SIGKILL)
            await until(client, lambda d: d["generation"] > view["generation"])
            for _ in range(5):
                await until(client, lambda d: True)
            anew = [d for d in told
                    if d["session"] == "till" and d["generation"] > view["generation"]]
            self.assertTrue(all(map(is_of("customer-4711", "paid"), anew)), anew)

            # In the history as it was told.
            async def kept():
                while True:
                    page = await client.call("history.query", context="customer-4711", limit=1000)
                    found = {(r["generation"], r["sequence"]): r for r in page["results"]}
                    if (patch["generation"], patch["sequence"]) in found:
                        return found
                    await client.next("detection")
            found = await asyncio.wait_for(kept(), HANG_LIMIT_S)
            self.assertEqual({r["session"] for r in found.values()}, {"till"})
            self.assertEqual(found[patch["generation"], patch["sequence"]]["patchOf"],
                             patch["patchOf"])

            cleared = await asyncio.to_thread(self.bulkhead, "context", "till", "--clear")
            self.assertEqual(cleared, "till has no context: its worker goes on with it\n")
            await until(client, is_of(None))
            self.assertEqual(await asyncio.to_thread(self.bulkhead, "context", "till"),
                             "till has no context\n")
        self.assertFalse(any("context" in d for d in told if d["session"] == "beside"))
        self.assertGreater(len([d for d in told if d["session"] == "beside"]), 10)
        logs = list((self.supervisor.state_dir / "logs").glob("*.log"))
        self.assertIn("context set", "".join(log.read_text() for log in logs))
        for log in logs:
            self.assertFalse("customer-4711" in log.read_text(), f"it is in {log.name}")


if __name__ == "__main__":
    unittest.main()
