"""Persistent sessions come back with the supervisor, however it ended."""

import json
import os
import signal
import subprocess
import unittest

from stack import BIN, CLIPS, HANG_LIMIT_S, Camera, Client, Supervisor, gone, children_of, running, workplace


class Registry(unittest.IsolatedAsyncioTestCase):
    def setUp(self):
        self.folder = self.enterContext(workplace())
        (self.folder / "password").write_text("c4nary\n")
        self.camera = self.enterContext(running(Camera(
            self.folder, "--mount", f"/people={CLIPS / 'people.mp4'}", "--user", "op",
            "--password-file", self.folder / "password")))

    def supervisor(self):
        return self.enterContext(running(Supervisor(self.folder)))

    async def subscribe(self, client, name, **parameters):
        return await client.call(
            "session.subscribe", subscriptionIdentifier=name, rtspUrl=self.camera.url + "/people",
            credentials={"username": "op", "password": "c4nary"}, **parameters)

    async def test_after_a_hard_kill_what_was_persistent_is_live_again(self):
        first = self.supervisor()
        async with Client.connect(first.ws_url) as client:
            await client.call("stream.open")
            self.assertTrue((await self.subscribe(client, "kept", logLevel="debug"))["kept"])
            await self.subscribe(client, "removed")
            await client.call("session.unsubscribe", subscriptionIdentifier="removed")
            fleeting = await self.subscribe(client, "fleeting", lifetime="connection")
            self.assertNotIn("kept", fleeting)
            before = await client.until_state("kept", "LIVE")
            workers = children_of(first.pid)
            os.kill(first.pid, signal.SIGKILL)
        self.assertTrue(await gone([first.pid, *workers], 5))

        second = self.supervisor()
        async with Client.connect(second.ws_url) as client:
            await client.call("stream.open")
            sessions = (await client.call("session.list"))["sessions"]
            self.assertEqual([s["subscriptionIdentifier"] for s in sessions], ["kept"])
            view = await client.until_state("kept", "LIVE")
            self.assertEqual(view["logLevel"], "debug")
            self.assertGreater(view["generation"], before["generation"])
            again = await self.subscribe(client, "kept", logLevel="debug")
            self.assertEqual(again["change"], "unchanged")

    async def test_the_password_is_in_no_log_and_in_no_file_but_the_one_for_secrets(self):
        supervisor = self.supervisor()
        async with Client.connect(supervisor.ws_url) as client:
            await client.call("stream.open")
            await self.subscribe(client, "kept")
            await client.until_state("kept", "LIVE")
        self.assertEqual(supervisor.stop(), 0)
        holders = {f.name for f in supervisor.state_dir.rglob("*")
                   if f.is_file() and b"c4nary" in f.read_bytes()}
        self.assertEqual(holders, {"secrets.db"})

    async def test_a_list_that_was_applied_is_what_comes_back(self):
        first = self.supervisor()

        def apply(*names, **members):
            cameras = [{"subscriptionIdentifier": name, "rtspUrl": self.camera.url + "/people",
                        "credentials": {"username": "op", "password": "c4nary"}, **members}
                       for name in names]
            return subprocess.run(
                [BIN / "bulkhead", "--url", first.ws_url, "apply", "-", "--all-or-nothing"],
                input=json.dumps({"sessions": cameras}), capture_output=True, text=True,
                timeout=HANG_LIMIT_S, check=False)

        self.assertEqual(apply("gate", "yard").returncode, 0)
        second = apply("yard", "door", logLevel="debug")
        self.assertEqual(second.returncode, 0, second.stderr)
        lines = [line.split()[:2] for line in second.stdout.splitlines()]
        self.assertEqual(lines[:3], [["+", "door"], ["~", "yard"], ["-", "gate"]])
        refused = apply("yard", "new", loop=True)
        self.assertEqual(refused.returncode, 1)
        self.assertIn("params.sessions[1].loop", refused.stdout)
        self.assertIn("nothing was changed", refused.stderr)
        workers = children_of(first.pid)
        os.kill(first.pid, signal.SIGKILL)
        self.assertTrue(await gone([first.pid, *workers], 5))

        async with Client.connect(self.supervisor().ws_url) as client:
            sessions = (await client.call("session.list"))["sessions"]
            self.assertEqual({s["subscriptionIdentifier"]: s["logLevel"] for s in sessions},
                             {"door": "debug", "yard": "debug"})

    async def test_a_list_also_takes_from_the_disk_what_could_not_be_brought_back(self):
        first = self.supervisor()
        async with Client.connect(first.ws_url) as client:
            for name, priority in (("a", 5), ("b", 5), ("left-out", 1)):
                await self.subscribe(client, name, priority=priority)
        self.assertEqual(first.stop(), 0)
        second = self.enterContext(running(Supervisor(
            self.folder, "--set", "session_processes.max_concurrent_sessions=2")))
        async with Client.connect(second.ws_url) as client:
            told = await client.call("session.setSubscriptionList", sessions=[
                {"subscriptionIdentifier": "a", "rtspUrl": self.camera.url + "/people",
                 "credentials": {"username": "op", "password": "c4nary"}}])
            self.assertEqual([(e["subscriptionIdentifier"], e["change"], e["kept"])
                              for e in told["sessions"]],
                             [("a", "unchanged", True), ("b", "removed", True),
                              ("left-out", "removed", True)])
        self.assertEqual(second.stop(), 0)
        async with Client.connect(self.supervisor().ws_url) as client:
            sessions = (await client.call("session.list"))["sessions"]
            self.assertEqual([s["subscriptionIdentifier"] for s in sessions], ["a"])

    async def test_sessions_come_back_one_after_the_other_the_highest_priority_first(self):
        first = self.supervisor()
        async with Client.connect(first.ws_url) as client:
            for name, priority in (("a-last", 1), ("b-second", 5), ("c-first", 9)):
                await self.subscribe(client, name, priority=priority)
        self.assertEqual(first.stop(), 0)
        second = self.supervisor()
        async with Client.connect(second.ws_url) as client:
            await client.call("stream.open")
            started = {}
            for name in ("a-last", "b-second", "c-first"):
                view = await client.until_state(name, "LIVE")
                started[view["worker"]["startedAt"]] = name
        order = [started[at] for at in sorted(started)]
        self.assertEqual(order, ["c-first", "b-second", "a-last"])


if __name__ == "__main__":
    unittest.main()
