"""Logs of real workers: read over the control channel, louder for a while, quieter when told."""

import asyncio
import contextlib
import os
import signal
import sqlite3
import subprocess
import unittest

from stack import BIN, CLIPS, HANG_LIMIT_S, Camera, Client, Supervisor, running, workplace


class Logs(unittest.IsolatedAsyncioTestCase):
    def setUp(self):
        folder = self.enterContext(workplace())
        self.camera = self.enterContext(running(Camera(
            folder, "--mount", f"/people={CLIPS / 'people.mp4'}")))
        self.supervisor = self.enterContext(running(Supervisor(folder)))

    async def watch(self, client):
        await client.call("stream.open")
        await client.call("session.subscribe", subscriptionIdentifier="gate",
                          rtspUrl=self.camera.url + "/people")
        await client.next("detection")
        return (await client.call("session.get", subscriptionIdentifier="gate"))["worker"]["pid"]

    async def tune(self, client, confidence):
        """Which a worker of level info says, before its next result."""
        await client.call("session.reconfigure", subscriptionIdentifier="gate",
                          minConfidence=confidence)
        for _ in range(3):
            await client.next("detection")

    async def lines_until(self, client, text):
        lines = []
        while not any(text in line for line in lines):
            lines += (await client.next("log.line"))["lines"]
        return lines

    async def cli(self, *arguments):
        return await asyncio.to_thread(
            subprocess.run, [BIN / "bulkhead", "--url", self.supervisor.ws_url, *arguments],
            capture_output=True, text=True, timeout=HANG_LIMIT_S, check=False)

    async def test_the_level_of_a_camera_changes_while_its_worker_goes_on(self):
        async with (Client.connect(self.supervisor.ws_url) as client,
                    Client.connect(self.supervisor.ws_url) as reader):
            pid = await self.watch(client)
            await reader.call("log.tail", subscriptionIdentifier="gate", lines=1, follow=True)
            await self.tune(client, 0.21)
            for level in ("error", "info"):
                reply = await client.call("session.reconfigure", subscriptionIdentifier="gate",
                                          logLevel=level)
                self.assertEqual((reply["how"], reply["applied"]), ("hot", True))
                await self.tune(client, {"error": 0.22, "info": 0.23}[level])
            lines = "\n".join(await self.lines_until(reader, "min_confidence=0.23"))
            self.assertIn("min_confidence=0.21", lines)
            self.assertNotIn("min_confidence=0.22", lines)
            session = await client.call("session.get", subscriptionIdentifier="gate")
            self.assertEqual(session["worker"]["pid"], pid)

    async def test_debug_of_gstreamer_is_told_for_a_while_and_ends_by_itself(self):
        async with (Client.connect(self.supervisor.ws_url) as client,
                    Client.connect(self.supervisor.ws_url) as reader):
            await self.watch(client)
            await client.call("session.reconfigure", subscriptionIdentifier="gate",
                              logLevel="warn")
            await reader.call("log.tail", subscriptionIdentifier="gate", lines=1, follow=True)
            answer = await client.call("log.gstDebug", subscriptionIdentifier="gate",
                                       categories="rtspsrc:6,rtpjitterbuffer:6", seconds=2)
            self.assertEqual(answer["seconds"], 2)
            lines = await self.lines_until(reader, "gstreamer debug=")
            await client.call("session.reconfigure", subscriptionIdentifier="gate",
                              logLevel="info")
            lines += await self.lines_until(reader, "gst_debug ends reason=time")
            debug = [line for line in lines if "gstreamer debug=" in line]
            self.assertGreater(len(debug), 10)
            await self.tune(client, 0.37)
            after = await self.lines_until(reader, "min_confidence=0.37")
            self.assertFalse([line for line in after if "gstreamer debug=" in line])

    async def test_debug_of_gstreamer_ends_with_its_worker(self):
        async with (Client.connect(self.supervisor.ws_url) as client,
                    Client.connect(self.supervisor.ws_url) as reader):
            pid = await self.watch(client)
            await reader.call("log.tail", subscriptionIdentifier="gate", lines=1, follow=True)
            await client.call("log.gstDebug", subscriptionIdentifier="gate",
                              categories="rtspsrc:6,rtpjitterbuffer:6", seconds=300)
            await self.lines_until(reader, "gstreamer debug=")
            os.kill(pid, signal.SIGKILL)
            await client.next("detection", lambda told: told["generation"] == 2)
            await self.tune(client, 0.37)
            lines = await self.lines_until(reader, "min_confidence=0.37")
            second = [line for line in lines if line.split()[3] == "2"]
            self.assertTrue(second)
            self.assertFalse([line for line in second if "gstreamer debug=" in line])

    async def test_a_line_that_a_worker_repeats_is_counted_and_the_count_comes_by_itself(self):
        async with Client.connect(self.supervisor.ws_url) as client:
            await self.watch(client)
            await client.call("log.tail", subscriptionIdentifier="gate", lines=1, follow=True)
            for _ in range(3):
                await client.call("log.gstDebug", subscriptionIdentifier="gate",
                                  categories="rtspsrc:1", seconds=300)
            lines = await self.lines_until(client, "last line repeated 2 times")
            self.assertEqual(sum("gst_debug begins" in line for line in lines), 1, lines)

    async def test_a_line_that_the_supervisor_repeats_is_counted_and_the_count_comes_by_itself(self):
        async with Client.connect(self.supervisor.ws_url) as client:
            await self.watch(client)
            await client.call("log.tail", supervisor=True, lines=1, follow=True)
            with contextlib.closing(sqlite3.connect(
                    self.supervisor.state_dir / "registry.db", isolation_level=None)) as registry:
                registry.execute("BEGIN EXCLUSIVE")
                for priority in (1, 2, 3):
                    reply = await client.call("session.reconfigure", priority=priority,
                                              subscriptionIdentifier="gate")
                    self.assertFalse(reply["kept"])
            lines = await self.lines_until(client, "last line repeated 2 times")
            self.assertEqual(sum("registry could not be written" in line for line in lines), 1,
                             lines)

    async def test_the_command_line_reads_follows_and_debugs_over_the_channel(self):
        async with Client.connect(self.supervisor.ws_url) as client:
            await self.watch(client)
        last = await self.cli("logs", "gate", "-n", "1000", "--grep", "model loaded")
        self.assertEqual((last.returncode, last.stdout.count("\n")), (0, 1), last.stderr)
        own = await self.cli("logs", "--supervisor", "--level", "info", "--since", "1h")
        self.assertIn("worker started", own.stdout)
        debug = await self.cli("logs", "gate", "--gst-debug", "rtspsrc:6,rtpjitterbuffer:6",
                               "--seconds", "1")
        self.assertEqual(debug.returncode, 0, debug.stderr)
        self.assertIn("gst_debug begins", debug.stdout)
        self.assertIn("gstreamer debug=", debug.stdout)
        self.assertIn("gst_debug ends", debug.stdout)
        for wrong in (["logs"], ["logs", "gate", "--supervisor"], ["logs", "gate", "-n", "5001"]):
            self.assertEqual((await self.cli(*wrong)).returncode, 2, wrong)
        refused = await self.cli("logs", "gate", "--gst-debug", "rtspsrc:9")
        self.assertEqual(refused.returncode, 1)
        self.assertIn("params.categories", refused.stderr)
        unknown = await self.cli("logs", "nobody")
        self.assertEqual(unknown.returncode, 1)

    async def test_following_goes_on_over_an_upgrade_without_a_line_twice(self):
        async with Client.connect(self.supervisor.ws_url) as client:
            await self.watch(client)
        process = await asyncio.create_subprocess_exec(
            BIN / "bulkhead", "--url", self.supervisor.ws_url, "logs", "gate", "-n", "5", "-f",
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE)
        try:
            seen = [await asyncio.wait_for(process.stdout.readline(), HANG_LIMIT_S)]
            self.assertEqual((await self.cli("upgrade")).returncode, 0)
            async with Client.connect(self.supervisor.ws_url) as client:
                await client.call("session.reconfigure", subscriptionIdentifier="gate",
                                  minConfidence=0.37)
            while b"min_confidence=0.37" not in seen[-1]:
                seen.append(await asyncio.wait_for(process.stdout.readline(), HANG_LIMIT_S))
                self.assertTrue(seen[-1], "it ended")
            self.assertEqual(len(seen), len(set(seen)))
        finally:
            process.terminate()
            await process.wait()


if __name__ == "__main__":
    unittest.main()
